/*
 * Machines: what -M names.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CORE_BOARDS_H
#define HW_CORE_BOARDS_H

#include "hw/core/qdev.h"
#include "system/memory.h"
#include "util/notify.h"
#include "hw/core/cpu.h"

#define TYPE_MACHINE "machine"
#define TYPE_MACHINE_SUFFIX "-machine"
#define MACHINE_TYPE_NAME(name) name TYPE_MACHINE_SUFFIX
OBJECT_DECLARE_TYPE(MachineState, MachineClass, MACHINE)

/* has_clusters: the user named that level, so tables show it. */
typedef struct CpuTopology { unsigned cpus, sockets, clusters, cores, threads, max_cpus; bool has_clusters; } CpuTopology;

/* -machine smp-cache: at which level of the topology CPUs share a cache. */
typedef enum CpuLevel { CPU_LEVEL_DEFAULT, CPU_LEVEL_THREAD, CPU_LEVEL_CORE, CPU_LEVEL_CLUSTER, CPU_LEVEL_SOCKET } CpuLevel;
typedef enum SmpCache { SMP_CACHE_L1D, SMP_CACHE_L1I, SMP_CACHE_L2, SMP_CACHE_L3, SMP_CACHE_MAX } SmpCache;
/* Geometry, filled in by the machine; at is CPU_LEVEL_DEFAULT where there is no such cache. */
typedef struct SmpCacheInfo { CpuLevel at; uint32_t size, sets, ways, line; } SmpCacheInfo;

#define MAX_NUMA_NODES 128
typedef struct NumaNode {
    bool present;
    uint64_t size;
    char *memdev_id;                    /* what the user named; made later than the option is read */
    Object *memdev;                     /* HostMemoryBackend or NULL */
    bool has_cpus;                      /* given or by default; known when the machine is complete */
    uint8_t distance[MAX_NUMA_NODES];
    int initiator;
    GArray *cpu_ranges;                 /* pairs of int: first, last */
} NumaNode;

typedef struct CPUArchId {
    uint64_t arch_id;                   /* MPIDR affinity */
    unsigned socket, cluster, core, thread;
    int node;                           /* -1: none */
    CPUState *cpu;
} CPUArchId;

struct MachineClass {
    ObjectClass parent_class;
    const char *name, *alias, *desc, *deprecation_reason;
    bool is_default;
    unsigned max_cpus, min_cpus, default_cpus;
    uint64_t default_ram_size;
    const char *default_ram_id;
    const char *default_cpu_type;
    const char *const *valid_cpu_types; /* NULL ended */
    bool has_hotpluggable_cpus;
    const char *block_default_interface;
    bool (*init)(MachineState *ms, Error **errp);
    void (*reset)(MachineState *ms, ResetType type);
    CPUArchId *(*possible_cpus)(MachineState *ms, unsigned *n);
    /* a device that has no bus of its own kind: may the machine take it? */
    bool (*device_allowed)(MachineState *ms, DeviceState *dev, Error **errp);
    bool (*device_pre_plug)(MachineState *ms, DeviceState *dev, Error **errp);
    bool (*device_plug)(MachineState *ms, DeviceState *dev, Error **errp);
    /* a device on no bus should leave; NULL: none can */
    bool (*device_unplug_request)(MachineState *ms, DeviceState *dev, Error **errp);
};

struct MachineState {
    Object parent_obj;
    uint64_t ram_size, maxram_size;
    unsigned ram_slots;
    MemoryRegion *ram;
    Object *memdev;                     /* memory-backend= */
    CpuTopology smp;
    char *cpu_type;                     /* type name */
    char *cpu_model;                    /* as the user said it */
    json_t *cpu_props;                  /* the rest of -cpu, or NULL */
    char *kernel_filename, *initrd_filename, *kernel_cmdline, *dtb, *dumpdtb, *firmware, *dt_compatible;
    int phandle_start;
    bool dump_guest_core, mem_merge, usb, suppress_vmdesc;
    struct { char *order; char *once; bool menu, strict; unsigned reboot_timeout, splash_time; } boot;
    unsigned num_numa;
    NumaNode *numa;                     /* MAX_NUMA_NODES, or NULL without -numa */
    uint16_t device_initiators[MAX_NUMA_NODES];     /* devices that reach memory by themselves, by node */
    bool have_numa_distance;            /* -numa dist was given: tables show distances */
    bool hmat_enabled;
    struct NumaHmat *hmat;              /* -numa hmat-lb and hmat-cache, or NULL (hw/core/numa-hmat.h) */
    bool has_smp_cache;                 /* -machine smp-cache was given: tables show caches */
    SmpCacheInfo smp_cache[SMP_CACHE_MAX];
    struct MemorySlots *memory_slots;   /* for DIMMs (hw/mem/pc-dimm.h), or NULL */
    void *fdt;
    NotifierList *ready_notifiers;
};

extern MachineState *current_machine;
MachineClass *find_machine(const char *name);                 /* by name, alias, or NULL */
MachineClass *find_default_machine(void);
bool machine_parse_smp(MachineState *ms, const json_t *opts, Error **errp);
bool machine_parse_memory(MachineState *ms, const json_t *opts, Error **errp);
/* For the class of a machine that can show caches: adds smp-cache. */
void machine_class_add_smp_cache(ObjectClass *klass);
/* How many CPUs of @t share something at @level. */
unsigned machine_level_span(const CpuTopology *t, CpuLevel level);
bool machine_parse_numa(MachineState *ms, json_t *opts, Error **errp);
bool machine_run_board_init(MachineState *ms, Error **errp);
/* Called after all -device are there and before the first reset: build tables here. */
void qemu_add_machine_init_done_notifier(struct Notifier *n);
void machine_run_init_done_notifiers(void);
/* Does any node have memory of its own? Then the machine makes none. */
bool machine_numa_brings_memory(const MachineState *ms);
/* Do CPUs or devices of @node reach memory? */
bool machine_node_initiates(const MachineState *ms, unsigned node);
bool machine_numa_finish(MachineState *ms, Error **errp);

#endif
