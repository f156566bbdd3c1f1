/*
 * An eventfd: a counter that the kernel, a device or a thread bumps.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_EVENT_NOTIFIER_H
#define UTIL_EVENT_NOTIFIER_H

#include "util/osdep.h"

typedef struct EventNotifier { int fd; } EventNotifier;

int event_notifier_init(EventNotifier *e, bool active);      /* 0 or -errno */
void event_notifier_cleanup(EventNotifier *e);
int event_notifier_set(EventNotifier *e);
bool event_notifier_test_and_clear(EventNotifier *e);
static inline int event_notifier_get_fd(const EventNotifier *e) { return e->fd; }

#endif
