/*
 * Character devices: a backend (Chardev: stdio, pty, socket, file, ...) with
 * at most one frontend (CharBackend in a UART, a monitor, a virtio port).
 * Main thread, machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CHARDEV_CHAR_H
#define CHARDEV_CHAR_H

#include "qom/object.h"

#define TYPE_CHARDEV "chardev"
OBJECT_DECLARE_TYPE(Chardev, ChardevClass, CHARDEV)

typedef struct CharBackend CharBackend;

typedef enum ChrEvent {
    CHR_EVENT_BREAK, CHR_EVENT_OPENED, CHR_EVENT_CLOSED, CHR_EVENT_MUX_IN, CHR_EVENT_MUX_OUT,
} ChrEvent;

struct ChardevClass {
    ObjectClass parent_class;
    bool internal;                      /* not offered by -chardev */
    /* opts without "backend" and "id"; take keys out, the caller checks the rest is empty */
    bool (*open)(Chardev *chr, json_t *opts, Error **errp);
    int (*write)(Chardev *chr, const uint8_t *buf, int len);      /* bytes taken; -EAGAIN when full */
    void (*add_watch)(Chardev *chr);    /* call frontend's `writable` when it can take more */
    void (*accept_input)(Chardev *chr); /* frontend can take more now */
    void (*set_fe_open)(Chardev *chr, bool open);
    void (*set_echo)(Chardev *chr, bool echo);
    int (*get_msgfds)(Chardev *chr, int *fds, int num);
    bool (*set_blocking)(Chardev *chr, bool blocking);
    void (*close)(Chardev *chr);
};

struct Chardev {
    Object parent_obj;
    char *label;
    char *filename;                     /* as query-chardev prints it */
    CharBackend *be;                    /* its frontend; a mux has several of its own */
    bool be_open;                       /* the far side is there */
    int logfd;
};

struct CharBackend {
    Chardev *chr;                       /* NULL: not connected; writes vanish */
    int (*can_read)(void *opaque);      /* how many bytes it would take */
    void (*read)(void *opaque, const uint8_t *buf, int size);
    void (*event)(void *opaque, ChrEvent event);
    void (*writable)(void *opaque);
    void *opaque;
    bool fe_open;
    int tag;                            /* mux: which */
};

/* "-chardev backend,id=...": {"backend", "id", ...}. The chardev lives in /chardevs. */
Chardev *qemu_chr_new_from_opts(json_t *opts, Error **errp);
/* "-serial SPEC" and friends: "stdio", "mon:stdio", "pty", "null", "unix:path,server=on", "tcp:host:port", "file:x", "chardev:id" */
Chardev *qemu_chr_new(const char *label, const char *spec, bool permit_mux_mon, Error **errp);
Chardev *qemu_chr_find(const char *id);
bool qemu_chr_delete(const char *id, Error **errp);
void qemu_chr_foreach(void (*fn)(Chardev *chr, void *opaque), void *opaque);
void qemu_chr_cleanup(void);
void chardev_list_backends(GString *out);
/* Of a ringbuf: up to @size of the oldest bytes, g_free() them; and more input. NULL/false: not a ringbuf. */
uint8_t *qemu_chr_ringbuf_read(Chardev *chr, size_t size, size_t *len, Error **errp);
bool qemu_chr_ringbuf_write(Chardev *chr, const uint8_t *buf, size_t len, Error **errp);

/* Frontend side. */
bool qemu_chr_fe_init(CharBackend *be, Chardev *chr, Error **errp);    /* refuses a chardev that is taken */
void qemu_chr_fe_deinit(CharBackend *be, bool delete_chr);
void qemu_chr_fe_set_handlers(CharBackend *be, int (*can_read)(void *), void (*read)(void *, const uint8_t *, int),
                              void (*event)(void *, ChrEvent), void *opaque, bool set_open);
void qemu_chr_fe_set_writable(CharBackend *be, void (*writable)(void *opaque));
int qemu_chr_fe_write(CharBackend *be, const uint8_t *buf, int len);       /* bytes taken, or -EAGAIN */
int qemu_chr_fe_write_all(CharBackend *be, const uint8_t *buf, int len);   /* waits; for short texts */
int qemu_chr_fe_printf(CharBackend *be, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
void qemu_chr_fe_accept_input(CharBackend *be);
void qemu_chr_fe_set_open(CharBackend *be, bool open);
void qemu_chr_fe_set_echo(CharBackend *be, bool echo);
int qemu_chr_fe_get_msgfd(CharBackend *be);
bool qemu_chr_fe_backend_connected(CharBackend *be);

/* Backend side: bytes and events for the frontend. */
int qemu_chr_be_can_write(Chardev *chr);
void qemu_chr_be_write(Chardev *chr, const uint8_t *buf, int len);
void qemu_chr_be_event(Chardev *chr, ChrEvent event);
void qemu_chr_be_writable(Chardev *chr);

#endif
