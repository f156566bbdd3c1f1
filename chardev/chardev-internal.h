/*
 * What the kinds of character device share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CHARDEV_INTERNAL_H
#define CHARDEV_INTERNAL_H

#include "chardev/char.h"
#include "util/main-loop.h"
#include "util/options.h"

/* A chardev over one or two descriptors. Embed first. */
typedef struct FDChardev FDChardev;
struct FDChardev {
    Chardev parent_obj;
    int fd_in, fd_out;                  /* -1: none */
    bool reading;                       /* a read handler is in place */
    bool writing;                       /* a write handler is */
    bool eof;
    void (*at_eof)(FDChardev *s);       /* after the frontend was told; may be NULL */
};
#define TYPE_CHARDEV_FD "chardev-fd"
DECLARE_INSTANCE_CHECKER(FDChardev, FD_CHARDEV, TYPE_CHARDEV_FD)
/* Takes the descriptors (may be equal) and starts reading. */
void fd_chardev_start(FDChardev *s, int fd_in, int fd_out);
/* Puts handlers where they belong now. */
void fd_chardev_update(FDChardev *s);

/* open(2), or a duplicate out of "/dev/fdset/N"; -1 with *errp set. */
int chardev_open_path(const char *path, int flags, Error **errp);
bool chardev_set_nonblocking(int fd);

#define TYPE_CHARDEV_MUX "chardev-mux"
Chardev *mux_chardev_new(const char *label, Chardev *base, Error **errp);
bool mux_chardev_attach(Chardev *chr, CharBackend *be, Error **errp);
void mux_chardev_detach(Chardev *chr, CharBackend *be);
bool mux_chardev_busy(Chardev *chr);
/* @be's handlers are set: it becomes the one that hears what is typed. */
void mux_chardev_handlers_set(Chardev *chr, CharBackend *be);
static inline bool chardev_is_mux(Chardev *chr)
{
    return object_dynamic_cast(OBJECT(chr), TYPE_CHARDEV_MUX) != NULL;
}

#endif
