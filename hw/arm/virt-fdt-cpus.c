/*
 * /cpus: one node a CPU, with its first-level caches, and cpu-map, which says
 * how they sit in threads, cores, clusters and sockets. Caches of further
 * levels have nodes when -machine smp-cache said who shares them; such a node
 * is a child of the last CPU that shares it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "target/arm/cpu.h"
#include "virt-fdt.h"

static void add_cache(FdtWriter *w, const char *kind, ARMCacheInfo cache)
{
    const struct { const char *what; uint32_t value; } props[] = {
        { "size", cache.size }, { "block-size", cache.line }, { "sets", cache.sets },
    };

    for (size_t i = 0; cache.present && i < ARRAY_SIZE(props); i++) {
        g_autofree char *name = g_strdup_printf("%s-cache-%s", kind, props[i].what);
        fdt_cells(w, name, props[i].value);
    }
}

/* --- shared caches -------------------------------------------------------------- */

/* The cache of @level (from 0) that has a node of its own; the first level only when cores share it. */
static const SmpCacheInfo *shared_cache(const MachineState *ms, unsigned level)
{
    static const SmpCache at[VIRT_CACHE_LEVELS] = { SMP_CACHE_L1I, SMP_CACHE_L2, SMP_CACHE_L3 };
    const SmpCacheInfo *c = &ms->smp_cache[at[level]];

    return c->at == CPU_LEVEL_DEFAULT || (!level && c->at == CPU_LEVEL_CORE) ? NULL : c;
}

/* The last CPU of those that share @cache with CPU @i. */
static unsigned last_sharer(const MachineState *ms, const SmpCacheInfo *cache, unsigned i)
{
    unsigned span = machine_level_span(&ms->smp, cache->at);

    return MIN((i / span + 1) * span, ms->smp.cpus) - 1;
}

/* From the last CPU to the first, and from the outermost cache to the innermost. */
uint32_t virt_fdt_number_cpus(VirtMachineState *vms, uint32_t next)
{
    const MachineState *ms = &vms->parent_obj;

    g_free(vms->phandles.cpus);
    vms->phandles.cpus = g_new0(VirtCpuPhandles, ms->smp.cpus);
    for (unsigned i = ms->smp.cpus; i-- > 0;) {
        VirtCpuPhandles *p = &vms->phandles.cpus[i];

        p->cpu = next++;
        for (unsigned level = VIRT_CACHE_LEVELS; level-- > 0;) {
            const SmpCacheInfo *c = shared_cache(ms, level);
            if (c && last_sharer(ms, c, i) == i) {
                p->caches[level] = next++;
            }
        }
    }
    return next;
}

/* The phandle of the next cache beyond @level that CPU @i sees, or 0. */
static uint32_t next_cache(const VirtMachineState *vms, unsigned i, unsigned level)
{
    const MachineState *ms = &vms->parent_obj;

    for (; level < VIRT_CACHE_LEVELS; level++) {
        const SmpCacheInfo *c = shared_cache(ms, level);
        if (c) {
            return vms->phandles.cpus[last_sharer(ms, c, i)].caches[level];
        }
    }
    return 0;
}

static void add_shared_caches(FdtWriter *w, const VirtMachineState *vms, unsigned i)
{
    for (unsigned level = 0; level < VIRT_CACHE_LEVELS; level++) {
        const SmpCacheInfo *c = shared_cache(&vms->parent_obj, level);
        uint32_t phandle = vms->phandles.cpus[i].caches[level];

        if (!phandle) {
            continue;
        }
        fdt_node(w, "l%u-cache", level + 1);
        fdt_text(w, "compatible", "cache");
        fdt_cells(w, "cache-level", level + 1);
        fdt_cells(w, "cache-size", c->size);
        fdt_cells(w, "cache-block-size", c->line);
        fdt_cells(w, "cache-sets", c->sets);
        fdt_flag(w, "cache-unified");
        fdt_cells(w, "next-level-cache", next_cache(vms, i, level + 1));
        fdt_cells(w, "phandle", phandle);
        fdt_end(w);
    }
}

static void add_first_level(FdtWriter *w, const VirtMachineState *vms, unsigned i)
{
    const ARMCPU *cpu = ARM_CPU(qemu_get_cpu(i));

    add_cache(w, "d", arm_cpu_cache(cpu, 1, false));
    add_cache(w, "i", arm_cpu_cache(cpu, 1, true));
    /* Unless the user described them further levels exist but are not shown: 0. */
    if (arm_cpu_cache(cpu, 2, false).present) {
        fdt_cells(w, "next-level-cache", next_cache(vms, i, 0));
    }
}

/* --- CPUs --------------------------------------------------------------------------- */

static void add_cpu(FdtWriter *w, VirtMachineState *vms, unsigned i)
{
    MachineState *ms = &vms->parent_obj;
    ARMCPU *cpu = ARM_CPU(qemu_get_cpu(i));

    fdt_node(w, "cpu@%u", i);
    fdt_text(w, "device_type", "cpu");
    fdt_text(w, "compatible", cpu->model->dtb_compatible);
    if (ms->smp.cpus > 1) {
        fdt_text(w, "enable-method", "psci");
    }
    fdt_cells(w, "reg", cpu->mp_affinity);
    if (ms->num_numa && CPU(cpu)->node_id >= 0) {
        fdt_cells(w, "numa-node-id", CPU(cpu)->node_id);
    }
    add_first_level(w, vms, i);
    fdt_cells(w, "phandle", vms->phandles.cpus[i].cpu);
    add_shared_caches(w, vms, i);
    fdt_end(w);
}

/* Levels of cpu-map, outermost first; the innermost node points at the CPU. */
static void add_cpu_map(FdtWriter *w, VirtMachineState *vms)
{
    const CpuTopology *t = &vms->parent_obj.smp;
    const struct { const char *name; unsigned span; } levels[] = {
        { "socket", t->clusters * t->cores * t->threads },
        { "cluster", t->cores * t->threads },
        { "core", t->threads },
        { "thread", 1 },
    };
    const int depth = t->threads > 1 ? 4 : 3;

    fdt_node(w, "cpu-map");
    for (unsigned i = 0; i < t->cpus; i++) {
        for (int l = 0; l < depth; l++) {
            unsigned parent_span = l ? levels[l - 1].span : t->max_cpus;
            if (i % levels[l].span == 0) {
                fdt_node(w, "%s%u", levels[l].name, i % parent_span / levels[l].span);
            }
        }
        fdt_cells(w, "cpu", vms->phandles.cpus[i].cpu);
        for (int l = depth; l-- > 0;) {
            if (i + 1 == t->cpus || (i + 1) % levels[l].span == 0) {
                fdt_end(w);
            }
        }
    }
    fdt_end(w);
}

void virt_fdt_add_cpus(FdtWriter *w, VirtMachineState *vms)
{
    fdt_node(w, "cpus");
    fdt_cells(w, "#address-cells", 1);
    fdt_cells(w, "#size-cells", 0);
    for (unsigned i = 0; i < vms->parent_obj.smp.cpus; i++) {
        add_cpu(w, vms, i);
    }
    add_cpu_map(w, vms);
    fdt_end(w);
}
