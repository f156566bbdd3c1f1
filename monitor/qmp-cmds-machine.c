/*
 * QMP commands about the machine, its CPUs and memory.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/accel.h"
#include "backends/hostmem.h"
#include "hw/core/boards.h"
#include "hw/mem/pc-dimm.h"
#include "monitor-internal.h"
#include "target/arm/cpu.h"

json_t *qmp_query_target(const json_t *args, Error **errp)
{
    return json_pack("{s:s}", "arch", "aarch64");
}

static bool kvm_present(void)
{
#ifdef CONFIG_KVM
    return access("/dev/kvm", R_OK | W_OK) == 0;
#else
    return false;
#endif
}

json_t *qmp_query_kvm(const json_t *args, Error **errp)
{
    return json_pack("{s:b, s:b}", "enabled", kvm_enabled(), "present", kvm_present());
}

json_t *qmp_query_accelerators(const json_t *args, Error **errp)
{
    json_t *present = json_array();

    if (kvm_present()) {
        json_array_append_new(present, json_string("kvm"));
    }
    json_array_append_new(present, json_string("qtest"));
    return json_pack("{s:s, s:o}", "enabled", kvm_enabled() ? "kvm" : "qtest", "present", present);
}

static json_t *machine_info(MachineClass *mc)
{
    json_t *info = json_pack("{s:b, s:s, s:b, s:b, s:i, s:b}", "hotpluggable-cpus", mc->has_hotpluggable_cpus,
                             "name", mc->name, "numa-mem-supported", 0, "deprecated", mc->deprecation_reason != NULL,
                             "cpu-max", (int)MAX(mc->max_cpus, 1), "acpi",
                             object_class_property_find(OBJECT_CLASS(mc), "acpi") != NULL);

    if (mc->alias) {
        json_object_set_new(info, "alias", json_string(mc->alias));
    }
    if (mc->is_default) {
        json_object_set_new(info, "is-default", json_true());
    }
    if (mc->default_cpu_type) {
        json_object_set_new(info, "default-cpu-type", json_string(mc->default_cpu_type));
    }
    if (mc->default_ram_id) {
        json_object_set_new(info, "default-ram-id", json_string(mc->default_ram_id));
    }
    return info;
}

json_t *qmp_query_machines(const json_t *args, Error **errp)
{
    GSList *all = object_class_get_list(TYPE_MACHINE, false);
    json_t *list = json_array();

    for (GSList *l = all; l; l = l->next) {
        json_array_append_new(list, machine_info(l->data));
    }
    g_slist_free(all);
    return list;
}

json_t *qmp_query_current_machine(const json_t *args, Error **errp)
{
    return json_pack("{s:b}", "wakeup-suspend-support", current_accel && ACCEL_GET_CLASS(current_accel)->wake_up);
}

/* --- CPUs --- */
static json_t *cpu_props(const CPUState *cpu)
{
    json_t *props = json_pack("{s:i, s:i, s:i, s:i}", "core-id", cpu->core_id, "thread-id", cpu->thread_in_core,
                              "socket-id", cpu->socket_id, "cluster-id", cpu->cluster_id);

    if (cpu->node_id >= 0) {
        json_object_set_new(props, "node-id", json_integer(cpu->node_id));
    }
    return props;
}

json_t *qmp_query_cpus_fast(const json_t *args, Error **errp)
{
    json_t *list = json_array();
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        g_autofree char *path = object_get_canonical_path(OBJECT(cpu));
        json_array_append_new(list, json_pack("{s:i, s:o, s:s, s:i, s:s}", "thread-id", cpu->thread_id, "props", cpu_props(cpu),
                                              "qom-path", path ? path : "", "cpu-index", cpu->cpu_index, "target", "aarch64"));
    }
    return list;
}

json_t *qmp_query_hotpluggable_cpus(const json_t *args, Error **errp)
{
    error_setg(errp, "the CPUs of this machine neither come nor go");
    return NULL;
}

static char *cpu_model_name(const char *typename)
{
    return g_str_has_suffix(typename, ARM_CPU_TYPE_SUFFIX)
        ? g_strndup(typename, strlen(typename) - strlen(ARM_CPU_TYPE_SUFFIX)) : g_strdup(typename);
}

json_t *qmp_query_cpu_definitions(const json_t *args, Error **errp)
{
    GSList *all = object_class_get_list(TYPE_ARM_CPU, false);
    json_t *list = json_array();

    for (GSList *l = all; l; l = l->next) {
        const char *typename = object_class_get_name(l->data);
        g_autofree char *name = cpu_model_name(typename);
        json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:b}", "name", name, "typename", typename,
                                              "static", 0, "deprecated", 0));
    }
    g_slist_free(all);
    return list;
}

static void collect_feature(ObjectProperty *prop, void *opaque)
{
    static const char *const no_features[] = { "realized", "hotpluggable", "hotplugged", "start-powered-off", NULL };
    void **pair = opaque;
    json_t *value;

    if (strcmp(prop->type, "bool") || !prop->get || !prop->set || g_strv_contains(no_features, prop->name)) {
        return;
    }
    value = prop->get(pair[0], prop, NULL);
    if (value) {
        json_object_set_new(pair[1], prop->name, value);
    }
}

json_t *qmp_query_cpu_model_expansion(const json_t *args, Error **errp)
{
    json_t *model = json_object_get(args, "model"), *given = json_object_get(model, "props"), *props;
    const char *name = json_string_value(json_object_get(model, "name"));
    g_autofree char *typename = g_strconcat(name, ARM_CPU_TYPE_SUFFIX, NULL);
    ObjectClass *klass = object_class_by_name(typename);
    Object *cpu;

    if (strcmp(json_string_value(json_object_get(args, "type")), "full")) {
        error_setg(errp, "Only 'full' is known");
        return NULL;
    }
    if (!klass || object_class_is_abstract(klass)) {
        error_setg(errp, "There is no Arm CPU of type '%s'", name);
        return NULL;
    }
    cpu = object_new_with_class(klass);
    if (given && !object_set_props(cpu, given, errp)) {
        object_unref(cpu);
        return NULL;
    }
    props = json_object();
    object_property_foreach(cpu, collect_feature, (void *[]) { cpu, props });
    object_unref(cpu);
    return json_pack("{s:{s:s, s:o}}", "model", "name", name, "props", props);
}

json_t *qmp_query_gic_capabilities(const json_t *args, Error **errp)
{
    return json_pack("[{s:i, s:b, s:b}]", "version", 3, "emulated", !kvm_enabled(), "kernel", kvm_enabled());
}

/* --- memory --- */
json_t *qmp_query_memory_size_summary(const json_t *args, Error **errp)
{
    return json_pack("{s:I, s:I}", "base-memory", (json_int_t)current_machine->ram_size,
                     "plugged-memory", (json_int_t)memory_slots_used(current_machine->memory_slots));
}

static json_t *describe_dimm(const PCDIMMDevice *dimm)
{
    g_autofree char *memdev = object_get_canonical_path(OBJECT(dimm->memdev));
    const DeviceState *dev = &dimm->parent_obj;

    return json_pack("{s:s, s:{s:s*, s:I, s:I, s:I, s:I, s:s, s:b, s:b}}", "type", "dimm", "data", "id", dev->id, "addr", (json_int_t)dimm->addr,
                     "size", (json_int_t)pc_dimm_size(dimm), "slot", (json_int_t)dimm->slot, "node", (json_int_t)dimm->node, "memdev", memdev,
                     "hotplugged", dev->hotplugged, "hotpluggable", true);
}

static int by_address(const void *a, const void *b)
{
    uint64_t x = (*(PCDIMMDevice *const *)a)->addr, y = (*(PCDIMMDevice *const *)b)->addr;

    return x < y ? -1 : x > y;
}

json_t *qmp_query_memory_devices(const json_t *args, Error **errp)
{
    const MemorySlots *slots = current_machine->memory_slots;
    g_autoptr(GPtrArray) dimms = g_ptr_array_new();
    json_t *list = json_array();

    for (unsigned i = 0; slots && i < slots->n; i++) {
        if (slots->dimm[i]) {
            g_ptr_array_add(dimms, slots->dimm[i]);
        }
    }
    g_ptr_array_sort(dimms, by_address);
    for (unsigned i = 0; i < dimms->len; i++) {
        json_array_append_new(list, describe_dimm(dimms->pdata[i]));
    }
    return list;
}

static int list_memdev(Object *obj, void *opaque)
{
    HostMemoryBackend *be = (HostMemoryBackend *)object_dynamic_cast(obj, TYPE_MEMORY_BACKEND);

    if (be) {
        json_array_append_new(opaque, json_pack("{s:s, s:I, s:b, s:b, s:b, s:b}", "id", object_get_canonical_path_component(obj),
                                                "size", (json_int_t)be->size, "merge", be->merge, "dump", be->dump,
                                                "prealloc", be->prealloc, "share", be->share));
    }
    return 0;
}

json_t *qmp_query_memdev(const json_t *args, Error **errp)
{
    json_t *list = json_array();

    object_child_foreach(object_get_objects_root(), list_memdev, list);
    return list;
}
