/*
 * -machine smp-cache on `virt`: what the user said of sharing, joined with
 * the geometry of the CPU's caches, and where it makes no sense.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "target/arm/cpu.h"
#include "virt-internal.h"

static const struct { const char *name; unsigned level; bool instruction; } caches[SMP_CACHE_MAX] = {
    [SMP_CACHE_L1D] = { "l1d", 1, false }, [SMP_CACHE_L1I] = { "l1i", 1, true },
    [SMP_CACHE_L2] = { "l2", 2, false }, [SMP_CACHE_L3] = { "l3", 3, false },
};

static bool fill_in(SmpCacheInfo *c, const ARMCPU *cpu, SmpCache which, Error **errp)
{
    ARMCacheInfo have = arm_cpu_cache(cpu, caches[which].level, caches[which].instruction);

    if (have.present != (c->at != CPU_LEVEL_DEFAULT)) {
        error_setg(errp, have.present ? "-machine smp-cache: the CPU has cache %s too; say where it is shared" :
                   "-machine smp-cache: the CPU has no cache %s", caches[which].name);
        return false;
    }
    c->size = have.size;
    c->sets = have.sets;
    c->ways = have.ways;
    c->line = have.line;
    return true;
}

static bool check_levels(const MachineState *ms, Error **errp)
{
    const SmpCacheInfo *c = ms->smp_cache;

    for (int i = 0; i < SMP_CACHE_MAX; i++) {
        if (c[i].at == CPU_LEVEL_CLUSTER && !ms->smp.has_clusters) {
            error_setg(errp, "-machine smp-cache: cache %s is shared in clusters, but -smp has no clusters=", caches[i].name);
            return false;
        }
    }
    if (c[SMP_CACHE_L1D].at != c[SMP_CACHE_L1I].at) {
        error_setg(errp, "-machine smp-cache: l1d and l1i must be shared at the same level");
        return false;
    }
    for (int i = SMP_CACHE_L2; i < SMP_CACHE_MAX; i++) {
        if (c[i].at != CPU_LEVEL_DEFAULT && c[i].at < c[i - 1].at) {
            error_setg(errp, "-machine smp-cache: %s is shared by fewer CPUs than %s, which is in front of it", caches[i].name, caches[i - 1].name);
            return false;
        }
    }
    return true;
}

bool virt_caches_resolve(VirtMachineState *vms, Error **errp)
{
    MachineState *ms = &vms->parent_obj;
    const ARMCPU *cpu = ARM_CPU(qemu_get_cpu(0));

    if (!ms->has_smp_cache) {
        return true;
    }
    if (arm_cpu_cache_unified(cpu, 1)) {
        error_setg(errp, "-machine smp-cache: this CPU's first level is one cache for data and instructions, which smp-cache cannot name");
        return false;
    }
    for (int i = 0; i < SMP_CACHE_MAX; i++) {
        if (!fill_in(&ms->smp_cache[i], cpu, i, errp)) {
            return false;
        }
    }
    return check_levels(ms, errp);
}
