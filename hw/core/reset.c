/*
 * Reset: three phases over a tree, children before parents in each. First
 * everybody forgets (enter), then outputs settle (hold), then devices may act
 * on each other again (exit).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw_core.trace.h"
#include "qdev-int.h"

typedef struct ResetFn { void (*fn)(void *opaque); void *opaque; } ResetFn;
static GArray *reset_fns;               /* ResetFn, in order of registration */

void qemu_register_reset(void (*fn)(void *opaque), void *opaque)
{
    ResetFn r = { fn, opaque };

    if (!reset_fns) {
        reset_fns = g_array_new(FALSE, FALSE, sizeof(ResetFn));
    }
    g_array_append_val(reset_fns, r);
}

void qemu_unregister_reset(void (*fn)(void *opaque), void *opaque)
{
    for (guint i = 0; reset_fns && i < reset_fns->len; i++) {
        ResetFn *r = &g_array_index(reset_fns, ResetFn, i);
        if (r->fn == fn && r->opaque == opaque) {
            g_array_remove_index(reset_fns, i);
            return;
        }
    }
}

static void collect_bus(GPtrArray *list, BusState *bus);

static void collect_device(GPtrArray *list, DeviceState *dev)
{
    for (guint i = 0; i < dev->child_bus->len; i++) {
        collect_bus(list, g_ptr_array_index(dev->child_bus, i));
    }
    g_ptr_array_add(list, object_ref(dev));
}

static void collect_bus(GPtrArray *list, BusState *bus)
{
    for (guint i = 0; i < bus->children->len; i++) {
        collect_device(list, g_ptr_array_index(bus->children, i));
    }
    g_ptr_array_add(list, object_ref(bus));
}

static const ResettablePhases *phases_of(Object *obj)
{
    ObjectClass *klass = object_get_class(obj);

    return object_class_dynamic_cast(klass, TYPE_DEVICE) ? &((DeviceClass *)klass)->phases
                                                         : &((BusClass *)klass)->phases;
}

static void count_reset(GPtrArray *list, int change)
{
    for (guint i = 0; i < list->len; i++) {
        Object *obj = g_ptr_array_index(list, i);
        if (object_dynamic_cast(obj, TYPE_DEVICE)) {
            ((DeviceState *)obj)->reset_count += change;
        }
    }
}

static void run_phase(GPtrArray *list, size_t phase_offset, const char *name, ResetType type)
{
    for (guint i = 0; i < list->len; i++) {
        Object *obj = g_ptr_array_index(list, i);
        void (*fn)(Object *, ResetType) = *(void (**)(Object *, ResetType))
            ((const char *)phases_of(obj) + phase_offset);
        if (fn) {
            trace_device_reset(object_get_typename(obj), name);
            fn(obj, type);
        }
    }
}

static void run_phases(GPtrArray *list, ResetType type, void (*after_hold)(void))
{
    count_reset(list, 1);
    run_phase(list, offsetof(ResettablePhases, enter), "enter", type);
    run_phase(list, offsetof(ResettablePhases, hold), "hold", type);
    if (after_hold) {
        after_hold();
    }
    run_phase(list, offsetof(ResettablePhases, exit), "exit", type);
    count_reset(list, -1);
    g_ptr_array_unref(list);
}

void device_cold_reset(DeviceState *dev)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(object_unref_void);

    collect_device(list, dev);
    run_phases(list, RESET_TYPE_COLD, NULL);
}

void bus_cold_reset(BusState *bus)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(object_unref_void);

    collect_bus(list, bus);
    run_phases(list, RESET_TYPE_COLD, NULL);
}

static int collect_busless(Object *obj, void *opaque)
{
    DeviceState *dev = (DeviceState *)object_dynamic_cast(obj, TYPE_DEVICE);

    if (dev && dev->realized && !dev->parent_bus) {
        collect_device(opaque, dev);
    }
    return 0;
}

static void run_registered(void)
{
    /* A function may unregister itself. */
    g_autofree ResetFn *copy = reset_fns ? g_memdup2(reset_fns->data, reset_fns->len * sizeof(ResetFn)) : NULL;
    guint n = reset_fns ? reset_fns->len : 0;

    for (guint i = 0; i < n; i++) {
        copy[i].fn(copy[i].opaque);
    }
}

void qemu_devices_reset(ResetType type)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(object_unref_void);
    Object *machine = object_resolve_path("/machine", NULL);

    collect_bus(list, sysbus_get_default());
    if (machine) {
        object_child_foreach_recursive(machine, collect_busless, list);
    }
    run_phases(list, type, run_registered);
}

void device_class_set_phases(DeviceClass *dc, void (*enter)(Object *, ResetType), void (*hold)(Object *, ResetType),
                             void (*exit)(Object *, ResetType), ResettablePhases *parent_phases)
{
    if (parent_phases) {
        *parent_phases = dc->phases;
    }
    if (enter) {
        dc->phases.enter = enter;
    }
    if (hold) {
        dc->phases.hold = hold;
    }
    if (exit) {
        dc->phases.exit = exit;
    }
}
