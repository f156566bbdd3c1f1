/*
 * Events on their way up to the monitors, which register here.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "monitor/qapi-event.h"

static void (*event_sink)(const char *name, json_t *data);

void qapi_event_send(const char *name, json_t *data)
{
    if (event_sink) {
        event_sink(name, data);
    } else {
        json_decref(data);
    }
}

void qapi_event_set_sink(void (*sink)(const char *name, json_t *data))
{
    event_sink = sink;
}
