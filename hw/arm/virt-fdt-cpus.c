/*
 * /cpus: one node a CPU, with its first-level caches, and cpu-map, which says
 * how they sit in threads, cores, clusters and sockets.
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

static void add_caches(FdtWriter *w, const ARMCPU *cpu)
{
    add_cache(w, "d", arm_cpu_cache(cpu, 1, false));
    add_cache(w, "i", arm_cpu_cache(cpu, 1, true));
    /* Further levels exist but are not described. */
    if (arm_cpu_cache(cpu, 2, false).present) {
        fdt_cells(w, "next-level-cache", 0);
    }
}

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
    add_caches(w, cpu);
    fdt_cells(w, "phandle", vms->cpu_phandle + i);
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
        fdt_cells(w, "cpu", vms->cpu_phandle + i);
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
