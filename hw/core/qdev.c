/*
 * Devices: being placed, realized, taken away.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/core/boards.h"
#include "hw_core.trace.h"
#include "qdev-int.h"
#include "util/options.h"

static bool creation_done;

void qdev_machine_creation_done(void)
{
    creation_done = true;
}

bool qdev_hotplug_time(void)
{
    return creation_done;
}

DeviceState *qdev_try_new(const char *type)
{
    ObjectClass *klass = object_class_by_name(type);

    if (!klass || !object_class_dynamic_cast(klass, TYPE_DEVICE) || object_class_is_abstract(klass)) {
        return NULL;
    }
    return DEVICE(object_new_with_class(klass));
}

DeviceState *qdev_new(const char *type)
{
    DeviceState *dev = qdev_try_new(type);

    if (!dev) {
        g_error("'%s' is no device type of this build", type);
    }
    return dev;
}

char *qdev_get_path_text(DeviceState *dev)
{
    g_autofree char *path = NULL;

    if (dev->id) {
        return g_strdup(dev->id);
    }
    path = object_get_canonical_path(OBJECT(dev));
    return g_strdup_printf("%s (%s)", object_get_typename(OBJECT(dev)), path ? path : "not in the tree");
}

static char *fw_name(DeviceState *dev)
{
    DeviceClass *dc = DEVICE_GET_CLASS(dev);
    char *name = NULL;

    if (dev->parent_bus && BUS_GET_CLASS(dev->parent_bus)->get_fw_dev_path) {
        name = BUS_GET_CLASS(dev->parent_bus)->get_fw_dev_path(dev);
    }
    return name ? name : g_strdup(dc->fw_name ? dc->fw_name : object_get_typename(OBJECT(dev)));
}

char *qdev_get_fw_dev_path(DeviceState *dev)
{
    g_autofree char *name = fw_name(dev), *above = NULL;

    if (!dev->parent_bus || !dev->parent_bus->parent) {
        return g_strconcat("/", name, NULL);
    }
    above = qdev_get_fw_dev_path(dev->parent_bus->parent);
    return g_strconcat(above, "/", name, NULL);
}

bool qdev_set_parent_bus(DeviceState *dev, BusState *bus, Error **errp)
{
    BusClass *bc = BUS_GET_CLASS(bus);

    if (dev->parent_bus == bus) {
        return true;
    }
    if (bc->check_address && !bc->check_address(bus, dev, errp)) {
        return false;
    }
    if (dev->parent_bus) {
        bus_remove_child(dev->parent_bus, dev);
    }
    return bus_add_child(bus, dev, errp);
}

bool qdev_set_id(DeviceState *dev, const char *id, Error **errp)
{
    static unsigned anonymous;
    g_autofree char *name = NULL;
    Object *container;

    g_assert(!dev->id);
    if (!id) {
        container = container_get(object_get_root(), "/machine/peripheral-anon");
        name = g_strdup_printf("device[%u]", anonymous++);
        return object_property_try_add_child(container, name, OBJECT(dev), errp);
    }
    container = container_get(object_get_root(), "/machine/peripheral");
    if (object_resolve_path_component(container, id)) {
        error_setg(errp, "there is a device '%s' already", id);
        return false;
    }
    if (!object_property_try_add_child(container, id, OBJECT(dev), errp)) {
        return false;
    }
    dev->id = g_strdup(id);
    return true;
}

/* --- Realize: each step has its undoing, in reverse. --- */
static const HotplugHandler *bus_handler(DeviceState *dev)
{
    return dev->parent_bus ? dev->parent_bus->hotplug : NULL;
}

static bool ask_pre_plug(DeviceState *dev, Error **errp)
{
    const HotplugHandler *h = bus_handler(dev);
    MachineClass *mc = current_machine ? MACHINE_GET_CLASS(current_machine) : NULL;

    if (h && h->pre_plug && !h->pre_plug(dev->parent_bus->hotplug_owner, dev, errp)) {
        return false;
    }
    return !mc || !mc->device_pre_plug || mc->device_pre_plug(current_machine, dev, errp);
}

static bool tell_plugged(DeviceState *dev, Error **errp)
{
    const HotplugHandler *h = bus_handler(dev);
    MachineClass *mc = current_machine ? MACHINE_GET_CLASS(current_machine) : NULL;

    if (h && h->plug && !h->plug(dev->parent_bus->hotplug_owner, dev, errp)) {
        return false;
    }
    return !mc || !mc->device_plug || mc->device_plug(current_machine, dev, errp);
}

static void put_unattached(DeviceState *dev)
{
    static unsigned count;
    g_autofree char *name = g_strdup_printf("device[%u]", count++);

    object_property_add_child(container_get(object_get_root(), "/machine/unattached"), name, OBJECT(dev));
}

static bool do_realize(DeviceState *dev, Error **errp)
{
    DeviceClass *dc = DEVICE_GET_CLASS(dev);

    if (!ask_pre_plug(dev, errp) || (dc->realize && !dc->realize(dev, errp))) {
        return false;
    }
    if (dev->hotplugged) {
        device_cold_reset(dev);
    }
    dev->realized = true;
    if (!tell_plugged(dev, errp)) {
        qdev_unrealize(dev);
        return false;
    }
    return true;
}

bool qdev_realize(DeviceState *dev, BusState *bus, Error **errp)
{
    bool was_free = !dev->parent_bus, was_unattached = !OBJECT(dev)->parent;

    g_assert(!dev->realized);
    trace_qdev_realize(object_get_typename(OBJECT(dev)), dev->id ? dev->id : "");
    if (bus && !qdev_set_parent_bus(dev, bus, errp)) {
        return false;
    }
    /* The last reference may be the tree's or the bus's. */
    object_ref(dev);
    if (was_unattached) {
        put_unattached(dev);
    }
    if (!do_realize(dev, errp)) {
        trace_qdev_realize_failed(object_get_typename(OBJECT(dev)), dev->id ? dev->id : "");
        if (was_free && dev->parent_bus) {
            bus_remove_child(dev->parent_bus, dev);
        }
        if (was_unattached) {
            object_unparent(OBJECT(dev));
        }
        object_unref(dev);
        return false;
    }
    object_unref(dev);
    return true;
}

bool qdev_realize_and_unref(DeviceState *dev, BusState *bus, Error **errp)
{
    bool ok = qdev_realize(dev, bus, errp);

    object_unref(dev);
    return ok;
}

static void unrealize_below(DeviceState *dev)
{
    for (guint b = dev->child_bus->len; b-- > 0;) {
        BusState *bus = g_ptr_array_index(dev->child_bus, b);
        for (guint i = bus->children->len; i-- > 0;) {
            qdev_unrealize(g_ptr_array_index(bus->children, i));
        }
    }
}

void qdev_unrealize(DeviceState *dev)
{
    DeviceClass *dc = DEVICE_GET_CLASS(dev);

    if (!dev->realized) {
        return;
    }
    trace_qdev_unrealize(object_get_typename(OBJECT(dev)), dev->id ? dev->id : "");
    unrealize_below(dev);
    dev->realized = false;
    if (dc->unrealize) {
        dc->unrealize(dev);
    }
}

BusState *qdev_get_child_bus(DeviceState *dev, const char *name)
{
    for (guint i = 0; i < dev->child_bus->len; i++) {
        BusState *bus = g_ptr_array_index(dev->child_bus, i);
        if (!strcmp(bus->name, name)) {
            return bus;
        }
    }
    return NULL;
}

void device_class_set_parent_realize(DeviceClass *dc, bool (*realize)(DeviceState *, Error **), bool (**parent)(DeviceState *, Error **))
{
    *parent = dc->realize;
    dc->realize = realize;
}

/* --- The type. --- */
static void device_unparent(Object *obj)
{
    DeviceState *dev = DEVICE(obj);

    qdev_unrealize(dev);
    while (dev->child_bus->len) {
        object_unparent(OBJECT(g_ptr_array_index(dev->child_bus, dev->child_bus->len - 1)));
    }
    if (dev->parent_bus) {
        bus_remove_child(dev->parent_bus, dev);
    }
}

static void device_init(Object *obj)
{
    DeviceState *dev = (DeviceState *)obj;

    dev->child_bus = g_ptr_array_new();
    dev->hotplugged = creation_done;
    qdev_set_defaults(obj);
}

static void device_post_init(Object *obj)
{
    Error *err = NULL;

    if (object_apply_global_props(obj, &err)) {
        return;
    }
    if (creation_done) {
        warn_report_err(err);
    } else {
        error_report_err(err);
        exit(1);
    }
}

static void device_finalize(Object *obj)
{
    DeviceState *dev = (DeviceState *)obj;

    qdev_free_gpios(dev);
    g_ptr_array_unref(dev->child_bus);
    json_decref(dev->opts);
    g_free(dev->id);
}

static bool get_realized(Object *obj, Error **errp)
{
    return DEVICE(obj)->realized;
}

static void set_realized(Object *obj, bool value, Error **errp)
{
    DeviceState *dev = DEVICE(obj);

    if (value == dev->realized) {
        return;
    }
    if (value) {
        qdev_realize(dev, dev->parent_bus, errp);
    } else {
        error_setg(errp, "Device '%s' leaves with device_del, not by its 'realized' property", object_get_typename(obj));
    }
}

static bool get_hotpluggable(Object *obj, Error **errp)
{
    DeviceState *dev = DEVICE(obj);

    return DEVICE_GET_CLASS(dev)->hotpluggable && (!dev->parent_bus || dev->parent_bus->hotplug);
}

static bool get_hotplugged(Object *obj, Error **errp)
{
    return DEVICE(obj)->hotplugged;
}

static bool refuse_parent_bus(const Object *obj, const char *name, Object *target, Error **errp)
{
    error_setg(errp, "'%s' does not let its property '%s' be set", object_get_typename(obj), name);
    return false;
}

static void device_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = (DeviceClass *)klass;

    klass->unparent = device_unparent;
    dc->hotpluggable = true;
    object_class_property_add_bool(klass, "realized", get_realized, set_realized);
    object_class_property_add_bool(klass, "hotpluggable", get_hotpluggable, NULL);
    object_class_property_add_bool(klass, "hotplugged", get_hotplugged, NULL);
    object_class_property_add_link(klass, "parent_bus", TYPE_BUS, offsetof(DeviceState, parent_bus), refuse_parent_bus);
    /* The bus's list is what holds references, not this view of it. */
    object_class_property_find(klass, "parent_bus")->release = NULL;
}

static const TypeInfo device_info = {
    .name = TYPE_DEVICE,
    .instance_size = sizeof(DeviceState),
    .class_size = sizeof(DeviceClass),
    .abstract = true,
    .class_init = device_class_init,
    .instance_init = device_init,
    .instance_post_init = device_post_init,
    .instance_finalize = device_finalize,
};
DEFINE_TYPE(device_info)
