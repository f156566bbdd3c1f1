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

/* One HMP line; what it prints. */
char *monitor_hmp_execute(const char *line);

#endif
