/*
 * QMP commands about what does not exist here but is asked for all the same:
 * migration and statistics.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/migration-blocker.h"
#include "monitor-internal.h"

static bool events_wanted;              /* no migration ever sends any */

json_t *qmp_query_migrate_capabilities(const json_t *args, Error **errp)
{
    return json_pack("[{s:b, s:s}]", "state", events_wanted, "capability", "events");
}

json_t *qmp_migrate_set_capabilities(const json_t *args, Error **errp)
{
    json_t *capability;
    size_t i;

    json_array_foreach(json_object_get(args, "capabilities"), i, capability) {
        events_wanted = json_is_true(json_object_get(capability, "state"));
    }
    return json_object();
}

json_t *qmp_query_migrate(const json_t *args, Error **errp)
{
    g_autoptr(GPtrArray) reasons = migrate_blockers();
    json_t *info = json_object(), *list = json_array();

    for (unsigned i = 0; i < reasons->len; i++) {
        json_array_append_new(list, json_string(reasons->pdata[i]));
    }
    if (reasons->len) {
        json_object_set(info, "blocked-reasons", list);
    }
    json_decref(list);
    return info;
}

json_t *qmp_migrate(const json_t *args, Error **errp)
{
    g_autoptr(GPtrArray) reasons = migrate_blockers();

    if (reasons->len) {
        error_setg(errp, "Migration is not possible: %s", (const char *)reasons->pdata[0]);
    } else {
        error_setg(errp, "Migration is not supported by this version");
    }
    return NULL;
}

json_t *qmp_query_dirty_rate(const json_t *args, Error **errp)
{
    return json_pack("{s:s, s:i, s:s, s:s, s:i, s:i}", "status", "unstarted", "sample-pages", 0, "mode", "page-sampling",
                     "calc-time-unit", "second", "start-time", 0, "calc-time", 0);
}

json_t *qmp_query_stats(const json_t *args, Error **errp)
{
    return json_array();
}

json_t *qmp_query_stats_schemas(const json_t *args, Error **errp)
{
    return json_array();
}
