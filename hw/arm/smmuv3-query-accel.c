/*
 * query-smmu, the host's side of accel=on: objects, tables, counters, errors.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-accel.h"
#include "hw/arm/smmuv3-query.h"

typedef struct Number { const char *name; uint64_t value; } Number;

static void add_numbers(json_t *info, const Number *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        json_object_set_new(info, list[i].name, json_integer((json_int_t)list[i].value));
    }
}

static void add_text(json_t *info, const char *name, const char *text)
{
    if (text) {
        json_object_set_new(info, name, json_string(text));
    }
}

static const char *host_state(const SMMUv3Accel *a, const AccelGroup *g)
{
    return !g->attached ? "blocked" : g->attached == a->abort_id ? "abort" : g->attached == a->bypass_id ? "bypass" : "translate";
}

static json_t *device_info(SMMUv3State *s, const AccelDev *d)
{
    json_t *info = smmuv3_query_stream(s, d->sid);
    const Number numbers[] = {
        { "group", d->group->host_group }, { "host-table", d->group->attached }, { "attaches", d->installs },
        { "commands", d->commands }, { "events", d->events }, { "page-requests", d->faults },
    };

    add_numbers(info, numbers, ARRAY_SIZE(numbers));
    add_text(info, "device", d->hiod->name);
    add_text(info, "host-state", host_state(s->accel_state, d->group));
    add_text(info, "last-error", d->last_error);
    if (d->vdev_id) {
        json_object_set_new(info, "vdevice", json_integer(d->vdev_id));
    }
    return info;
}

static json_t *host_info(SMMUv3Accel *a)
{
    json_t *info = json_object(), *idr = json_array(), *cmdqv = accel_cmdqv_query(a);
    const Number numbers[] = {
        { "viommu", a->viommu_id }, { "stage2", a->s2_id }, { "bypass", a->bypass_id }, { "abort", a->abort_id },
        { "event-queue", a->veventq_id }, { "event-queue-depth", a->veventq_id ? a->veventq_depth : 0 },
        { "fault-queue", a->fault_id }, { "page-requests-waiting", a->faults->len }, { "tables", g_hash_table_size(a->tables) },
        { "calls", a->host_calls }, { "commands", a->host_commands }, { "errors", a->host_errors },
    };

    add_numbers(info, numbers, ARRAY_SIZE(numbers));
    add_text(info, "last-error", a->last_error);
    add_text(info, "first-device", a->first);
    for (unsigned i = 0; a->first && i < 6; i++) {
        json_array_append_new(idr, json_integer(a->host.idr[i]));
    }
    json_object_set_new(info, "idr", idr);
    if (cmdqv) {
        json_object_set_new(info, "cmdqv", cmdqv);
    }
    return info;
}

void smmuv3_query_accel(SMMUv3State *s, json_t *info)
{
    SMMUv3Accel *a = s->accel_state;
    json_t *streams = json_array();

    if (!a) {
        json_decref(streams);
        return;
    }
    for (unsigned i = 0; i < a->devs->len; i++) {
        json_array_append_new(streams, device_info(s, a->devs->pdata[i]));
    }
    json_object_set_new(info, "host", host_info(a));
    json_object_set_new(info, "streams", streams);
}
