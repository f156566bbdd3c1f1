/*
 * Buses: the devices on them, walking and finding them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qdev-int.h"

bool bus_add_child(BusState *bus, DeviceState *dev, Error **errp)
{
    int max = BUS_GET_CLASS(bus)->max_dev;

    if (bus->full || (max && bus->children->len >= (guint)max)) {
        error_setg(errp, "no more fits on bus '%s'", bus->name);
        return false;
    }
    g_ptr_array_add(bus->children, object_ref(dev));
    dev->parent_bus = bus;
    return true;
}

void bus_remove_child(BusState *bus, DeviceState *dev)
{
    dev->parent_bus = NULL;
    if (g_ptr_array_remove(bus->children, dev)) {
        object_unref(dev);
    }
}

/* "ID" or "ID.N" below a device with an id, "type.N" below others */
static char *automatic_name(const char *type, DeviceState *parent)
{
    static GHashTable *counts;          /* type -> how many were named after it */
    unsigned n;

    if (parent && parent->id) {
        return g_strdup_printf("%s.%u", parent->id, parent->child_bus->len);
    }
    if (!counts) {
        counts = g_hash_table_new(g_str_hash, g_str_equal);
    }
    n = GPOINTER_TO_UINT(g_hash_table_lookup(counts, type));
    g_hash_table_insert(counts, (gpointer)g_intern_string(type), GUINT_TO_POINTER(n + 1));
    g_autofree char *lower = g_ascii_strdown(type, -1);
    return g_strdup_printf("%s.%u", lower, n);
}

static void bus_attach(BusState *bus, DeviceState *parent, const char *name)
{
    bus->parent = parent;
    bus->name = name ? g_strdup(name) : automatic_name(object_get_typename(OBJECT(bus)), parent);
    if (parent) {
        object_property_add_child(OBJECT(parent), bus->name, OBJECT(bus));
        g_ptr_array_add(parent->child_bus, bus);
        /* The parent's reference is the only one. */
        object_unref(bus);
    }
}

void qbus_init(void *bus, size_t size, const char *type, DeviceState *parent, const char *name)
{
    object_initialize(bus, size, type);
    bus_attach(bus, parent, name);
}

BusState *qbus_new(const char *type, DeviceState *parent, const char *name)
{
    BusState *bus = BUS(object_new(type));

    bus_attach(bus, parent, name);
    return bus;
}

void qbus_set_hotplug_handler(BusState *bus, DeviceState *owner, const HotplugHandler *h)
{
    bus->hotplug = h;
    bus->hotplug_owner = owner;
}

int qbus_walk_children(BusState *bus, int (*devfn)(DeviceState *, void *), int (*busfn)(BusState *, void *), void *opaque)
{
    int result = busfn ? busfn(bus, opaque) : 0;

    for (guint i = 0; !result && i < bus->children->len; i++) {
        result = qdev_walk_children(g_ptr_array_index(bus->children, i), devfn, busfn, opaque);
    }
    return result;
}

int qdev_walk_children(DeviceState *dev, int (*devfn)(DeviceState *, void *), int (*busfn)(BusState *, void *), void *opaque)
{
    int result = devfn ? devfn(dev, opaque) : 0;

    for (guint i = 0; !result && i < dev->child_bus->len; i++) {
        result = qbus_walk_children(g_ptr_array_index(dev->child_bus, i), devfn, busfn, opaque);
    }
    return result;
}

typedef struct BusSearch { const char *wanted; bool skip_full; BusState *found; } BusSearch;

static bool bus_is_full(const BusState *bus)
{
    int max = BUS_GET_CLASS(bus)->max_dev;

    return bus->full || (max && bus->children->len >= (guint)max);
}

static int match_type(BusState *bus, void *opaque)
{
    BusSearch *s = opaque;

    if (object_dynamic_cast(OBJECT(bus), s->wanted) && !(s->skip_full && bus_is_full(bus))) {
        s->found = bus;
        return !BUS_GET_CLASS(bus)->newest_first;
    }
    return 0;
}

BusState *qbus_find_by_type(const char *bus_type, bool skip_full)
{
    BusSearch s = { .wanted = bus_type, .skip_full = skip_full };

    qbus_walk_children(sysbus_get_default(), NULL, match_type, &s);
    return s.found;
}

static int match_name(BusState *bus, void *opaque)
{
    BusSearch *s = opaque;

    if (!strcmp(bus->name, s->wanted)) {
        s->found = bus;
        return 1;
    }
    return 0;
}

static int match_device(DeviceState *dev, void *opaque)
{
    BusSearch *s = opaque;

    if (dev->id && !strcmp(dev->id, s->wanted) && dev->child_bus->len) {
        s->found = g_ptr_array_index(dev->child_bus, 0);
        return 1;
    }
    return 0;
}

BusState *qbus_find(const char *path_or_id, Error **errp)
{
    BusSearch s = { .wanted = path_or_id };
    BusState *root = sysbus_get_default();

    if (!qbus_walk_children(root, NULL, match_name, &s) &&
        !qbus_walk_children(root, match_device, NULL, &s)) {
        s.found = (BusState *)object_resolve_path_type(path_or_id, TYPE_BUS, NULL);
    }
    if (!s.found) {
        error_setg(errp, "there is no bus '%s'", path_or_id);
    }
    return s.found;
}

static void bus_unparent(Object *obj)
{
    BusState *bus = BUS(obj);

    while (bus->children->len) {
        DeviceState *dev = g_ptr_array_index(bus->children, bus->children->len - 1);
        if (OBJECT(dev)->parent) {
            object_unparent(OBJECT(dev));
        } else {
            bus_remove_child(bus, dev);
        }
    }
    if (bus->parent) {
        g_ptr_array_remove(bus->parent->child_bus, bus);
        bus->parent = NULL;
    }
}

static void bus_instance_init(Object *obj)
{
    ((BusState *)obj)->children = g_ptr_array_new();
}

static void bus_finalize(Object *obj)
{
    BusState *bus = (BusState *)obj;

    g_ptr_array_unref(bus->children);
    g_free(bus->name);
}

static void bus_class_init(ObjectClass *klass, const void *data)
{
    klass->unparent = bus_unparent;
}

static const TypeInfo bus_info = {
    .name = TYPE_BUS,
    .instance_size = sizeof(BusState),
    .class_size = sizeof(BusClass),
    .abstract = true,
    .class_init = bus_class_init,
    .instance_init = bus_instance_init,
    .instance_finalize = bus_finalize,
};
DEFINE_TYPE(bus_info)
