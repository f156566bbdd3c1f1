/*
 * Events for QMP clients. Any room may send one; without a monitor it goes
 * nowhere.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MONITOR_QAPI_EVENT_H
#define MONITOR_QAPI_EVENT_H

#include <jansson.h>
#include "util/osdep.h"

/* From any thread. @data is stolen; NULL: the event has none. */
void qapi_event_send(const char *name, json_t *data);
/* The monitors' side: what to do with an event. */
void qapi_event_set_sink(void (*sink)(const char *name, json_t *data));

#endif
