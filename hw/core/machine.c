/*
 * Machines: finding them, the options all of them have, building the board.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "backends/hostmem.h"
#include "hw/core/boards.h"
#include "machine-int.h"
#include "util/options.h"

MachineState *current_machine;

static MachineClass *machine_where(bool (*match)(const MachineClass *mc, const char *name), const char *name)
{
    GSList *all = object_class_get_list(TYPE_MACHINE, false);
    MachineClass *found = NULL;

    for (GSList *l = all; l && !found; l = l->next) {
        if (match(l->data, name)) {
            found = l->data;
        }
    }
    g_slist_free(all);
    return found;
}

static bool has_name(const MachineClass *mc, const char *name)
{
    return !g_strcmp0(mc->name, name) || !g_strcmp0(mc->alias, name);
}

static bool is_default(const MachineClass *mc, const char *name)
{
    return mc->is_default;
}

MachineClass *find_machine(const char *name)
{
    return machine_where(has_name, name);
}

MachineClass *find_default_machine(void)
{
    return machine_where(is_default, NULL);
}

/* --- Notifiers for "everything is there". --- */
static NotifierList init_done;
static bool init_is_done;

void qemu_add_machine_init_done_notifier(Notifier *n)
{
    notifier_list_add(&init_done, n);
    if (init_is_done) {
        n->notify(n, NULL);
    }
}

void machine_run_init_done_notifiers(void)
{
    init_is_done = true;
    notifier_list_notify(&init_done, NULL);
}

/* --- The board. --- */
static bool make_single_ram(MachineState *ms, Error **errp)
{
    HostMemoryBackend *be = MEMORY_BACKEND(ms->memdev);
    uint64_t size = memory_region_size(&be->mr);

    if (host_memory_backend_is_mapped(be)) {
        error_setg(errp, "memory backend %s is used already; a machine needs its own",
                   object_get_canonical_path_component(ms->memdev));
        return false;
    }
    if (ms->ram_size && size != ms->ram_size) {
        error_setg(errp, "-m and the memory backend differ in size: -m says %" PRIu64
                   " bytes, the backend has %" PRIu64, ms->ram_size, size);
        return false;
    }
    ms->ram_size = size;
    ms->maxram_size = MAX(ms->maxram_size, size);
    host_memory_backend_set_mapped(be, true);
    ms->ram = host_memory_backend_get_memory(be);
    return true;
}

static bool check_cpu_type(MachineState *ms, Error **errp)
{
    const char *const *valid = MACHINE_GET_CLASS(ms)->valid_cpu_types;
    ObjectClass *klass = ms->cpu_type ? object_class_by_name(ms->cpu_type) : NULL;

    if (!klass || !valid) {
        return true;
    }
    for (; *valid; valid++) {
        if (object_class_dynamic_cast(klass, *valid)) {
            return true;
        }
    }
    error_setg(errp, "there is no CPU model '%s'; -cpu help lists those of this machine",
               ms->cpu_model ? ms->cpu_model : ms->cpu_type);
    return false;
}

bool machine_run_board_init(MachineState *ms, Error **errp)
{
    MachineClass *mc = MACHINE_GET_CLASS(ms);

    if (!machine_numa_finish(ms, errp) || !check_cpu_type(ms, errp)) {
        return false;
    }
    if (!ms->ram && ms->memdev && !make_single_ram(ms, errp)) {
        return false;
    }
    return !mc->init || mc->init(ms, errp);
}

/* --- Options. --- */
typedef struct TextOption { const char *name; ptrdiff_t offset; const char *text; } TextOption;

static const TextOption text_options[] = {
    { "kernel", offsetof(MachineState, kernel_filename), "The kernel to boot" },
    { "initrd", offsetof(MachineState, initrd_filename), "Its initial file system" },
    { "append", offsetof(MachineState, kernel_cmdline), "What the kernel is told" },
    { "dtb", offsetof(MachineState, dtb), "A device tree instead of the machine's own" },
    { "dumpdtb", offsetof(MachineState, dumpdtb), "Write the device tree to this file, and end" },
    { "firmware", offsetof(MachineState, firmware), "Firmware, in the first flash" },
    { "dt-compatible", offsetof(MachineState, dt_compatible), "What the root of the device tree is compatible with" },
};

static char **text_storage(Object *obj, const ObjectProperty *prop)
{
    const TextOption *o = prop->opaque;

    return (char **)((char *)obj + o->offset);
}

static json_t *text_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    const char *s = *text_storage(obj, prop);

    return json_string(s ? s : "");
}

static bool text_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    const char *s = option_str(value, prop->name, errp);

    if (!s) {
        return false;
    }
    g_free(*text_storage(obj, prop));
    *text_storage(obj, prop) = g_strdup(s);
    return true;
}

static void text_release(Object *obj, ObjectProperty *prop)
{
    g_clear_pointer(text_storage(obj, prop), g_free);
}

typedef struct FlagOption { const char *name; ptrdiff_t offset; const char *text; } FlagOption;

static const FlagOption flag_options[] = {
    { "dump-guest-core", offsetof(MachineState, dump_guest_core), "Core dumps have the guest's memory" },
    { "mem-merge", offsetof(MachineState, mem_merge), "The host may merge equal pages (KSM)" },
    { "usb", offsetof(MachineState, usb), "There is no USB here" },
    { "suppress-vmdesc", offsetof(MachineState, suppress_vmdesc), "No effect: there is no migration" },
};

static bool *flag_storage(Object *obj, const ObjectProperty *prop)
{
    const FlagOption *o = prop->opaque;

    return (bool *)((char *)obj + o->offset);
}

static json_t *flag_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    return json_boolean(*flag_storage(obj, prop));
}

static bool flag_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    return option_bool(value, prop->name, flag_storage(obj, prop), errp);
}

static json_t *phandle_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    return json_integer(MACHINE(obj)->phandle_start);
}

static bool phandle_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    int64_t v;

    if (!option_int(value, prop->name, 0, INT_MAX, &v, errp)) {
        return false;
    }
    MACHINE(obj)->phandle_start = v;
    return true;
}

static json_t *boot_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    MachineState *ms = MACHINE(obj);
    json_t *boot = json_object();

    if (ms->boot.order) {
        json_object_set_new(boot, "order", json_string(ms->boot.order));
    }
    if (ms->boot.once) {
        json_object_set_new(boot, "once", json_string(ms->boot.once));
    }
    json_object_set_new(boot, "menu", json_boolean(ms->boot.menu));
    json_object_set_new(boot, "strict", json_boolean(ms->boot.strict));
    return boot;
}

/* Letters a to p, none twice. */
static bool check_boot_order(const char *order, const char *key, Error **errp)
{
    unsigned seen = 0;

    for (const char *c = order; c && *c; c++) {
        if (*c < 'a' || *c > 'p') {
            error_setg(errp, "'%c' is no boot device, in '%s'", *c, key);
            return false;
        }
        if (seen & BIT(*c - 'a')) {
            error_setg(errp, "boot order: '%c' is in it twice", *c);
            return false;
        }
        seen |= BIT(*c - 'a');
    }
    return true;
}

static bool boot_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    ERRP_GUARD();
    MachineState *ms = MACHINE(obj);
    g_autoptr(json_t) opts = json_copy((json_t *)value);
    g_autofree char *order = options_take_str(opts, "order", errp);
    g_autofree char *once = *errp ? NULL : options_take_str(opts, "once", errp);
    g_autofree char *splash = *errp ? NULL : options_take_str(opts, "splash", errp);
    uint64_t reboot_timeout = ms->boot.reboot_timeout, splash_time = ms->boot.splash_time;

    if (*errp || !check_boot_order(order, "order", errp) || !check_boot_order(once, "once", errp) ||
        !options_take_bool(opts, "menu", &ms->boot.menu, errp) ||
        !options_take_bool(opts, "strict", &ms->boot.strict, errp) ||
        !options_take_uint(opts, "reboot-timeout", 0xffff, &reboot_timeout, errp) ||
        !options_take_uint(opts, "splash-time", 0xffff, &splash_time, errp) ||
        !options_must_be_empty(opts, "-boot", errp)) {
        return false;
    }
    if (splash) {
        error_setg(errp, "-boot splash= is not supported by Twostage");
        return false;
    }
    ms->boot.reboot_timeout = reboot_timeout;
    ms->boot.splash_time = splash_time;
    g_free(ms->boot.order);
    g_free(ms->boot.once);
    ms->boot.order = g_steal_pointer(&order);
    ms->boot.once = g_steal_pointer(&once);
    return true;
}

static void boot_release(Object *obj, ObjectProperty *prop)
{
    MachineState *ms = MACHINE(obj);

    g_clear_pointer(&ms->boot.order, g_free);
    g_clear_pointer(&ms->boot.once, g_free);
}

static json_t *smp_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    const CpuTopology *t = &MACHINE(obj)->smp;

    return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i}", "cpus", (int)t->cpus, "sockets", (int)t->sockets,
                     "clusters", (int)t->clusters, "cores", (int)t->cores, "threads", (int)t->threads,
                     "maxcpus", (int)t->max_cpus);
}

static bool smp_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    return machine_parse_smp(MACHINE(obj), value, errp);
}

static json_t *memory_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    MachineState *ms = MACHINE(obj);

    return json_pack("{s:I, s:I, s:i}", "size", (json_int_t)ms->ram_size, "max-size", (json_int_t)ms->maxram_size,
                     "slots", (int)ms->ram_slots);
}

static bool memory_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    return machine_parse_memory(MACHINE(obj), value, errp);
}

static void machine_class_init(ObjectClass *klass, const void *data)
{
    MachineClass *mc = (MachineClass *)klass;

    mc->max_cpus = 1;
    mc->min_cpus = 1;
    mc->default_cpus = 1;
    mc->default_ram_size = 128 * MiB;
    for (size_t i = 0; i < ARRAY_SIZE(text_options); i++) {
        const TextOption *o = &text_options[i];
        object_class_property_add(klass, o->name, "string", text_get, text_set, (void *)o)->release = text_release;
        object_class_property_set_description(klass, o->name, o->text);
    }
    for (size_t i = 0; i < ARRAY_SIZE(flag_options); i++) {
        const FlagOption *o = &flag_options[i];
        object_class_property_add(klass, o->name, "bool", flag_get, flag_set, (void *)o);
        object_class_property_set_description(klass, o->name, o->text);
    }
    object_class_property_add(klass, "phandle-start", "int", phandle_get, phandle_set, NULL);
    object_class_property_set_description(klass, "phandle-start", "Number of the first phandle in the device tree");
    object_class_property_add(klass, "boot", "BootConfiguration", boot_get, boot_set, NULL)->release = boot_release;
    object_class_property_set_description(klass, "boot", "Order and manner of booting");
    object_class_property_add(klass, "smp", "SMPConfiguration", smp_get, smp_set, NULL);
    object_class_property_set_description(klass, "smp", "CPU topology");
    object_class_property_add(klass, "memory", "MemorySizeConfiguration", memory_get, memory_set, NULL);
    object_class_property_set_description(klass, "memory", "Size of RAM, and room for more");
    object_class_property_add_link(klass, "memory-backend", TYPE_MEMORY_BACKEND, offsetof(MachineState, memdev), NULL);
    object_class_property_set_description(klass, "memory-backend",
                                          "Memory backend that is the RAM");
}

static bool hmat_get(Object *obj, Error **errp)
{
    return MACHINE(obj)->hmat_enabled;
}

static void hmat_set(Object *obj, bool on, Error **errp)
{
    MACHINE(obj)->hmat_enabled = on;
}

static void machine_init(Object *obj)
{
    MachineState *ms = (MachineState *)obj;
    MachineClass *mc = (MachineClass *)object_get_class(obj);

    ms->dump_guest_core = true;
    ms->mem_merge = true;
    ms->ram_size = mc->default_ram_size;
    ms->maxram_size = mc->default_ram_size;
    ms->smp = (CpuTopology) { .cpus = mc->default_cpus, .sockets = 1, .clusters = 1, .cores = mc->default_cpus,
                              .threads = 1, .max_cpus = mc->default_cpus };
    object_property_add_bool(obj, "hmat", hmat_get, hmat_set);
    container_get(obj, "peripheral");
    container_get(obj, "peripheral-anon");
    container_get(obj, "unattached");
}

static void machine_finalize(Object *obj)
{
    MachineState *ms = (MachineState *)obj;

    machine_numa_free(ms);
    json_decref(ms->cpu_props);
    g_free(ms->cpu_type);
    g_free(ms->cpu_model);
}

/* "none": nothing but a monitor to talk to; libvirt probes with it. */
static void none_machine_class_init(ObjectClass *klass, const void *data)
{
    MachineClass *mc = (MachineClass *)klass;

    mc->name = "none";
    mc->desc = "empty machine";
    mc->min_cpus = 0;
    mc->default_cpus = 0;
    mc->default_ram_size = 0;
}

static const TypeInfo machine_types[] = {
    { .name = TYPE_MACHINE, .instance_size = sizeof(MachineState), .class_size = sizeof(MachineClass), .abstract = true,
      .class_init = machine_class_init, .instance_init = machine_init, .instance_finalize = machine_finalize },
    { .name = MACHINE_TYPE_NAME("none"), .parent = TYPE_MACHINE, .class_init = none_machine_class_init },
};
DEFINE_TYPES(machine_types)
