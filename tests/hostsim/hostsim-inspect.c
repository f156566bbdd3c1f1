/*
 * The simulated host seen from outside: the QMP commands x-hostsim-*.
 * Everything is read under the simulator's lock and changes nothing.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hostsim.h"
#include "qapi-commands.h"

static json_t *number(uint64_t v)
{
    return json_integer((json_int_t)v);
}

/* --- Objects -------------------------------------------------------------------------------- */

static void describe_ioas(json_t *j, const SimObject *o)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < o->areas->len; i++) {
        bytes += g_array_index(o->areas, SimArea, i).length;
    }
    json_object_set_new(j, "areas", number(o->areas->len));
    json_object_set_new(j, "bytes", number(bytes));
}

static void describe_type(json_t *j, const SimObject *o)
{
    switch (o->type) {
    case SIM_IOAS:
        describe_ioas(j, o);
        break;
    case SIM_PAGING:
        json_object_set_new(j, "nest-parent", json_boolean(o->nest_parent));
        json_object_set_new(j, "vmid", number(o->vmid));
        break;
    case SIM_NESTED:
        json_object_set_new(j, "ste0", number(o->ste[0]));
        json_object_set_new(j, "ste1", number(o->ste[1]));
        break;
    case SIM_VDEVICE:
        json_object_set_new(j, "virt-id", number(o->virt_id));
        break;
    case SIM_VEVENTQ:
    case SIM_FAULT:
        json_object_set_new(j, "waiting", number(g_queue_get_length(o->events)));
        break;
    case SIM_HWQUEUE:
        json_object_set_new(j, "index", number(o->index));
        break;
    default:
        break;
    }
}

static json_t *describe_object(const SimObject *o)
{
    json_t *j = json_pack("{s:s, s:I, s:I}", "type", sim_type_name(o->type), "id", (json_int_t)o->id, "users", (json_int_t)o->users);

    if (o->parent) {
        json_object_set_new(j, "parent", number(o->parent->id));
    }
    if (o->dev) {
        json_object_set_new(j, "host", json_string(o->dev->host));
    }
    if (o->fault) {
        json_object_set_new(j, "fault", number(o->fault->id));
    }
    describe_type(j, o);
    return j;
}

typedef void ObjectVisitor(const SimObject *o, void *opaque);

static void for_each_object(ObjectVisitor *visit, void *opaque)
{
    GHashTableIter it;
    gpointer ctx;

    g_hash_table_iter_init(&it, hostsim->contexts);
    while (g_hash_table_iter_next(&it, NULL, &ctx)) {
        GPtrArray *objects = ((SimContext *)ctx)->objects;
        for (unsigned i = 1; i < objects->len; i++) {
            if (objects->pdata[i]) {
                visit(objects->pdata[i], opaque);
            }
        }
    }
}

static void append_object(const SimObject *o, void *list)
{
    json_array_append_new(list, describe_object(o));
}

json_t *hostsim_describe_objects(void)
{
    json_t *list = json_array();

    hostsim_lock();
    for_each_object(append_object, list);
    hostsim_unlock();
    return list;
}

static void count_areas(const SimObject *o, void *opaque)
{
    *(uint64_t *)opaque += o->type == SIM_IOAS ? o->areas->len : 0;
}

/* --- Devices ---------------------------------------------------------------------------------- */

static json_t *describe_device(const SimDevice *dev)
{
    const SimObject *hwpt = dev->attached ? dev->group->hwpt : NULL;
    json_t *j = json_pack("{s:s, s:s, s:I, s:I, s:b, s:b, s:I, s:I, s:I, s:I, s:b, s:I}",
                          "host", dev->host, "smmu", dev->smmu->name, "stream-id", (json_int_t)dev->sid, "group", (json_int_t)dev->group->id,
                          "bound", dev->ctx != NULL, "attached", dev->attached, "page-table", (json_int_t)(hwpt ? hwpt->id : 0),
                          "resets", (json_int_t)dev->resets, "driver-attaches", (json_int_t)dev->driver_attaches,
                          "msix-on", (json_int_t)dev->irqs_on[VFIO_PCI_MSIX_IRQ_INDEX], "ats", dev->ats_on, "cached", (json_int_t)dev->atc->len);

    if (dev->model_type) {
        json_object_set_new(j, "model", json_string(dev->model_type));
    }
    return j;
}

json_t *hostsim_describe_devices(void)
{
    json_t *list = json_array();

    hostsim_lock();
    for (unsigned i = 0; i < hostsim->devices->len; i++) {
        json_array_append_new(list, describe_device(hostsim->devices->pdata[i]));
    }
    hostsim_unlock();
    return list;
}

json_t *hostsim_describe_page_responses(void)
{
    json_t *list = json_array();

    hostsim_lock();
    for (unsigned i = 0; i < hostsim->devices->len; i++) {
        const SimDevice *dev = hostsim->devices->pdata[i];
        for (unsigned k = 0; k < dev->responses->len; k++) {
            const SimResponse *r = &g_array_index(dev->responses, SimResponse, k);
            json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:I}", "host", dev->host, "group", (json_int_t)r->grpid,
                                                  "pasid", (json_int_t)r->pasid, "code", (json_int_t)r->code));
        }
    }
    hostsim_unlock();
    return list;
}

/* --- Physical commands -------------------------------------------------------------------------- */

/* What the hardware can be told here (IHI 0070 4): which fields say something. */
static const struct { uint8_t opcode; const char *name; bool vmid, sid, asid, pasid; } commands[] = {
    { 0x05, "CFGI_CD", false, true, false, true }, { 0x06, "CFGI_CD_ALL", false, true, false, false },
    { 0x10, "TLBI_NH_ALL", true, false, false, false }, { 0x11, "TLBI_NH_ASID", true, false, true, false },
    { 0x12, "TLBI_NH_VA", true, false, true, false }, { 0x13, "TLBI_NH_VAA", true, false, false, false },
    { 0x40, "ATC_INV", false, true, false, true }, { 0x46, "SYNC", false, false, false, false },
};

static json_t *describe_command(const SimCommand *c)
{
    json_t *j = json_pack("{s:s, s:s, s:I, s:I}", "smmu", c->smmu, "name", "?", "cmd0", (json_int_t)c->cmd[0], "cmd1", (json_int_t)c->cmd[1]);

    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (commands[i].opcode != (c->cmd[0] & 0xff)) {
            continue;
        }
        json_object_set_new(j, "name", json_string(commands[i].name));
        if (commands[i].vmid) {
            json_object_set_new(j, "vmid", number(extract64(c->cmd[0], 32, 16)));
        }
        if (commands[i].sid) {
            json_object_set_new(j, "stream-id", number(c->cmd[0] >> 32));
        }
        if (commands[i].asid) {
            json_object_set_new(j, "asid", number(c->cmd[0] >> 48));
        }
        if (commands[i].pasid && c->cmd[0] >> 11 & 1) {
            json_object_set_new(j, "pasid", number(extract64(c->cmd[0], 12, 20)));
        }
    }
    return j;
}

json_t *hostsim_describe_commands(void)
{
    json_t *list = json_array();

    hostsim_lock();
    for (unsigned i = 0; i < hostsim->commands->len; i++) {
        json_array_append_new(list, describe_command(&g_array_index(hostsim->commands, SimCommand, i)));
    }
    hostsim_unlock();
    return list;
}

void hostsim_clear_commands(void)
{
    hostsim_lock();
    g_array_set_size(hostsim->commands, 0);
    hostsim_unlock();
}

/* --- QMP ------------------------------------------------------------------------------------------ */

static bool there_is_one(Error **errp)
{
    if (!hostsim) {
        error_setg(errp, "There is no simulated host: add -object x-hostsim");
    }
    return hostsim;
}

json_t *qmp_x_hostsim_query_objects(const json_t *args, Error **errp)
{
    return there_is_one(errp) ? hostsim_describe_objects() : NULL;
}

json_t *qmp_x_hostsim_query_devices(const json_t *args, Error **errp)
{
    return there_is_one(errp) ? hostsim_describe_devices() : NULL;
}

json_t *qmp_x_hostsim_query_page_responses(const json_t *args, Error **errp)
{
    return there_is_one(errp) ? hostsim_describe_page_responses() : NULL;
}

json_t *qmp_x_hostsim_query_commands(const json_t *args, Error **errp)
{
    json_t *list = there_is_one(errp) ? hostsim_describe_commands() : NULL;

    if (list && json_is_true(json_object_get(args, "clear"))) {
        hostsim_clear_commands();
    }
    return list;
}

json_t *qmp_x_hostsim_query_calls(const json_t *args, Error **errp)
{
    uint64_t areas = 0;

    if (!there_is_one(errp)) {
        return NULL;
    }
    hostsim_lock();
    for_each_object(count_areas, &areas);
    json_t *j = json_pack("{s:I, s:I, s:I, s:I, s:s}", "calls", (json_int_t)hostsim->calls, "live-files", (json_int_t)hostsim->live_fds,
                          "live-objects", (json_int_t)hostsim->live_objects, "live-areas", (json_int_t)areas,
                          "failed-call", hostsim->failed_call ? hostsim->failed_call : "");
    hostsim_unlock();
    return j;
}

json_t *qmp_x_hostsim_fail(const json_t *args, Error **errp)
{
    const json_t *err = json_object_get(args, "errno");

    if (!there_is_one(errp)) {
        return NULL;
    }
    hostsim_fail_nth((uint64_t)MAX(json_integer_value(json_object_get(args, "nth")), 0), err ? (int)json_integer_value(err) : ENOMEM);
    return json_object();
}
