/*
 * Monitors: QMP for programs (mode=control), HMP for people (mode=readline).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MONITOR_MONITOR_H
#define MONITOR_MONITOR_H

#include <jansson.h>
#include "util/error.h"

/* {"chardev", "mode": "control"|"readline", "pretty", "id"}; consumed. */
bool monitor_init(json_t *opts, Error **errp);
void monitor_cleanup(void);

/*
 * Descriptors: "fd=" takes a number the process inherited, or a name that a
 * client passed with getfd (which then belongs to the caller). -1 on failure.
 */
int monitor_fd_param(const char *text, Error **errp);
/* -add-fd fd=,set=,opaque= */
bool monitor_fdset_add_option(const json_t *opts, Error **errp);
/* "/dev/fdset/N" with the access mode of @flags: a duplicate; -1 with *errp set, -2 when @path is no such path */
int monitor_fdset_open(const char *path, int flags, Error **errp);

/* One HMP line; what it prints. */
char *monitor_hmp_execute(const char *line);

#endif
