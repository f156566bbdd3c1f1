/*
 * What -cpu MODEL,prop=... can say, and where the machine places the CPU.
 *
 * Features that only a host can give are on/off/auto inside: nothing said
 * means "if the host has it", and `on` is refused when it has not.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internals.h"

#define FEATURE(fn, field) \
    static bool get_##fn(Object *obj, Error **errp) { return ARM_CPU(obj)->field != ON_OFF_AUTO_OFF; } \
    static void set_##fn(Object *obj, bool on, Error **errp) \
    { ARM_CPU(obj)->field = on ? ON_OFF_AUTO_ON : ON_OFF_AUTO_OFF; }
FEATURE(pmu, pmu_opt)
FEATURE(sve, sve)
FEATURE(pauth, pauth)
FEATURE(steal_time, steal_opt)
#undef FEATURE

static bool get_no_adjvtime(Object *obj, Error **errp)
{
    return !ARM_CPU(obj)->kvm_adjvtime;
}

static void set_no_adjvtime(Object *obj, bool on, Error **errp)
{
    ARM_CPU(obj)->kvm_adjvtime = !on;
}

static bool get_aarch64(Object *obj, Error **errp)
{
    return ARM_CPU(obj)->aarch64;
}

static void set_aarch64(Object *obj, bool on, Error **errp)
{
    if (!on) {
        error_setg(errp, "-cpu: aarch64=off is not supported; guests are 64-bit");
    }
}

static const struct { const char *name, *text; bool (*get)(Object *, Error **); void (*set)(Object *, bool, Error **); } flags[] = {
    { "pmu", "Performance monitors", get_pmu, set_pmu },
    { "aarch64", "Start in the 64-bit state; always on", get_aarch64, set_aarch64 },
    { "sve", "Scalable vectors, as the host has them", get_sve, set_sve },
    { "pauth", "Pointer authentication, as the host has it", get_pauth, set_pauth },
    { "kvm-no-adjvtime", "Let the guest's clock run on while the machine is paused", get_no_adjvtime, set_no_adjvtime },
    { "kvm-steal-time", "Tell the guest how long its vCPU waited for a host CPU", get_steal_time, set_steal_time },
};

static const Property arm_cpu_properties[] = {
    DEFINE_PROP_UINT64("mp-affinity", ARMCPU, mp_affinity, 0),
    DEFINE_PROP_UINT32("psci-conduit", ARMCPU, psci_conduit, 0),
    DEFINE_PROP_BOOL("start-powered-off", ARMCPU, parent_obj.start_powered_off, false),
    DEFINE_PROP_INT32("node-id", ARMCPU, parent_obj.node_id, -1),
    DEFINE_PROP_INT32("socket-id", ARMCPU, parent_obj.socket_id, 0),
    DEFINE_PROP_INT32("cluster-id", ARMCPU, parent_obj.cluster_id, 0),
    DEFINE_PROP_INT32("core-id", ARMCPU, parent_obj.core_id, 0),
    DEFINE_PROP_INT32("thread-id", ARMCPU, parent_obj.thread_in_core, 0),
};

void arm_cpu_props_class_init(ObjectClass *klass)
{
    device_class_set_props(DEVICE_CLASS(klass), arm_cpu_properties);
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        object_class_property_add_bool(klass, flags[i].name, flags[i].get, flags[i].set);
        object_class_property_set_description(klass, flags[i].name, flags[i].text);
    }
}
