/*
 * Descriptors that others passed to this process: over a monitor (getfd,
 * add-fd), or inherited (-add-fd).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_PASSED_FDS_H
#define UTIL_PASSED_FDS_H

#include "util/options.h"

/* By name; @fd is taken over, also on failure. A second of the same name replaces the first. */
bool passed_fd_add(const char *name, int fd, Error **errp);
bool passed_fd_close(const char *name, Error **errp);
/* "fd=": a number the process inherited, or a name, whose descriptor then belongs to the caller. -1 on failure. */
int passed_fd_param(const char *text, Error **errp);

/* Sets; @id -1 makes a new one. {"fdset-id", "fd"}. */
json_t *passed_fdset_add(int fd, int64_t id, const char *opaque);
/* One descriptor, or (@fd NULL) the whole set. */
bool passed_fdset_remove(int64_t id, const int *fd, Error **errp);
json_t *passed_fdsets_list(void);
/* -add-fd fd=,set=,opaque= */
bool passed_fdset_option(const json_t *opts, Error **errp);
/* "/dev/fdset/N" with the access mode of @flags: a duplicate; -1 with *errp set, -2 when @path is no such path */
int passed_fdset_open(const char *path, int flags, Error **errp);

#endif
