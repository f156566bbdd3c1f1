/*
 * device_add and device_del: from options to a realized device, and back.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/core/boards.h"
#include "hw/core/sysbus.h"
#include "hw_core.trace.h"
#include "monitor/qapi-event.h"
#include "qdev-int.h"
#include "system/rcu.h"
#include "util/options.h"

/* "virtio-net" means the form that plugs into the machine's bus. */
static ObjectClass *class_for_driver(const char *driver)
{
    ObjectClass *klass = object_class_by_name(driver);
    g_autofree char *pci = NULL;

    if (!klass && g_str_has_prefix(driver, "virtio-")) {
        pci = g_strconcat(driver, "-pci", NULL);
        klass = object_class_by_name(pci);
    }
    return klass && object_class_dynamic_cast(klass, TYPE_DEVICE) ? klass : NULL;
}

static DeviceClass *check_driver(const char *driver, Error **errp)
{
    ObjectClass *klass = class_for_driver(driver);
    DeviceClass *dc = (DeviceClass *)klass;

    if (!klass) {
        error_setg(errp, "there is no device model '%s'", driver);
        return NULL;
    }
    if (object_class_is_abstract(klass)) {
        error_setg(errp, "'%s' is what several devices have in common, not one of them", driver);
        return NULL;
    }
    if (!dc->user_creatable) {
        error_setg(errp, "device '%s' is not for users to add", driver);
        return NULL;
    }
    return dc;
}

static BusState *named_bus(DeviceClass *dc, const char *driver, const char *name, Error **errp)
{
    BusState *bus = qbus_find(name, errp);

    if (bus && (!dc->bus_type || !object_dynamic_cast(OBJECT(bus), dc->bus_type))) {
        error_setg(errp, "Device '%s' does not fit on a %s bus", driver, object_get_typename(OBJECT(bus)));
        return NULL;
    }
    return bus;
}

/* True with *@bus NULL: the device goes on no bus. */
static bool choose_bus(DeviceClass *dc, const char *driver, const char *name, BusState **bus, Error **errp)
{
    *bus = NULL;
    if (name) {
        *bus = named_bus(dc, driver, name, errp);
    } else if (dc->bus_type) {
        *bus = qbus_find_by_type(dc->bus_type, true);
        if (!*bus && qbus_find_by_type(dc->bus_type, false)) {
            error_setg(errp, "No free '%s' bus found for device '%s': all are full", dc->bus_type, driver);
        } else if (!*bus) {
            error_setg(errp, "there is no %s bus for device '%s'", dc->bus_type, driver);
        }
    }
    if (!*bus && (name || dc->bus_type)) {
        return false;
    }
    if (*bus && qdev_hotplug_time() && !(*bus)->hotplug) {
        error_setg(errp, "Nothing comes or goes on bus '%s' while the machine runs", (*bus)->name);
        return false;
    }
    if (qdev_hotplug_time() && !dc->hotpluggable) {
        error_setg(errp, "device '%s' cannot be added while the machine runs", driver);
        return false;
    }
    return true;
}

static bool machine_takes(DeviceState *dev, Error **errp)
{
    MachineClass *mc = current_machine ? MACHINE_GET_CLASS(current_machine) : NULL;

    if (!object_dynamic_cast(OBJECT(dev), TYPE_SYS_BUS_DEVICE) || !mc || !mc->device_allowed) {
        return true;
    }
    return mc->device_allowed(current_machine, dev, errp);
}

/* @props: what is left of the options when driver, id and bus are out. */
static DeviceState *make_device(DeviceClass *dc, BusState *bus, const char *id, const json_t *props,
                                json_t *opts, Error **errp)
{
    DeviceState *dev = DEVICE(object_new_with_class(OBJECT_CLASS(dc)));

    dev->opts = json_incref(opts);
    if (machine_takes(dev, errp) && qdev_set_id(dev, id, errp) && object_set_props(OBJECT(dev), props, errp) &&
        qdev_realize(dev, bus, errp)) {
        return dev;
    }
    object_unparent(OBJECT(dev));
    object_unref(dev);
    drain_call_rcu();           /* who is told of the failure may use the drive and the host device again */
    return NULL;
}

DeviceState *qdev_device_add(json_t *options, Error **errp)
{
    ERRP_GUARD();
    g_autoptr(json_t) opts = options, props = json_copy(opts);
    g_autofree char *driver = options_take_str(props, "driver", errp);
    g_autofree char *id = NULL, *bus_name = NULL;
    DeviceClass *dc;
    BusState *bus;

    if (!driver) {
        if (!*errp) {
            error_setg(errp, "Parameter 'driver' must be given");
        }
        return NULL;
    }
    id = options_take_str(props, "id", errp);
    bus_name = *errp ? NULL : options_take_str(props, "bus", errp);
    if (*errp || (id && !id_check(id, errp))) {
        return NULL;
    }
    dc = check_driver(driver, errp);
    if (!dc || !choose_bus(dc, driver, bus_name, &bus, errp)) {
        return NULL;
    }
    return make_device(dc, bus, id, props, opts, errp);
}

static DeviceState *find_device(const char *id_or_path, Error **errp)
{
    Object *obj = id_or_path[0] == '/' ? object_resolve_path(id_or_path, NULL)
        : object_resolve_path_component(container_get(object_get_root(), "/machine/peripheral"), id_or_path);

    if (!obj) {
        error_set(errp, ERROR_CLASS_DEVICE_NOT_FOUND, "There is no device '%s'", id_or_path);
    } else if (!object_dynamic_cast(obj, TYPE_DEVICE)) {
        error_setg(errp, "%s is not a hotpluggable device", id_or_path);
        obj = NULL;
    }
    return (DeviceState *)obj;
}

static void unplug_now(DeviceState *dev)
{
    const HotplugHandler *h = dev->parent_bus->hotplug;

    object_ref(dev);
    if (h->unplug) {
        h->unplug(dev->parent_bus->hotplug_owner, dev);
    }
    if (OBJECT(dev)->parent) {
        qdev_finish_unplug(dev);
    }
    object_unref(dev);
}

bool qdev_cannot_unplug(const char *name, Error **errp)
{
    error_setg(errp, "Device '%s' cannot come or go while the machine runs", name);
    return false;
}

/* On no bus: the machine decides. */
static bool ask_machine_to_unplug(DeviceState *dev, const char *name, Error **errp)
{
    MachineClass *mc = MACHINE_GET_CLASS(current_machine);

    return mc->device_unplug_request ? mc->device_unplug_request(current_machine, dev, errp) : qdev_cannot_unplug(name, errp);
}

bool qdev_device_del(const char *id_or_path, Error **errp)
{
    DeviceState *dev = find_device(id_or_path, errp);
    const HotplugHandler *h;

    if (!dev) {
        return false;
    }
    if (!dev->parent_bus) {
        return ask_machine_to_unplug(dev, id_or_path, errp);
    }
    h = dev->parent_bus->hotplug;
    if (!h) {
        error_setg(errp, "Nothing comes or goes on bus '%s' while the machine runs", dev->parent_bus->name);
        return false;
    }
    if (!DEVICE_GET_CLASS(dev)->hotpluggable) {
        return qdev_cannot_unplug(object_get_typename(OBJECT(dev)), errp);
    }
    if (!h->unplug_request) {
        unplug_now(dev);
        return true;
    }
    return h->unplug_request(dev->parent_bus->hotplug_owner, dev, errp);
}

/* What DEVICE_DELETED will say of @dev and of all below it, the lowest first. */
static void collect_deleted(DeviceState *dev, GPtrArray *events)
{
    g_autofree char *path = object_get_canonical_path(OBJECT(dev));
    json_t *data = json_pack("{s:s, s:s*}", "path", path ? path : "", "device", dev->id);

    for (guint b = 0; b < dev->child_bus->len; b++) {
        BusState *bus = g_ptr_array_index(dev->child_bus, b);
        for (guint i = 0; i < bus->children->len; i++) {
            collect_deleted(g_ptr_array_index(bus->children, i), events);
        }
    }
    g_ptr_array_add(events, data);
}

void qdev_finish_unplug(DeviceState *dev)
{
    g_autoptr(GPtrArray) events = g_ptr_array_new();

    collect_deleted(dev, events);
    object_unparent(OBJECT(dev));
    for (guint i = 0; i < events->len; i++) {
        json_t *data = g_ptr_array_index(events, i);
        trace_qdev_unplugged(json_string_value(json_object_get(data, "path")));
        qapi_event_send("DEVICE_DELETED", data);
    }
}
