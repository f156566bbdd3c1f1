/*
 * A virtual CPU as every room sees it; target/arm adds what Arm means,
 * the accelerators decide who runs it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CORE_CPU_H
#define HW_CORE_CPU_H

#include "hw/core/qdev.h"

#define TYPE_CPU "cpu"
OBJECT_DECLARE_TYPE(CPUState, CPUClass, CPU)

struct CPUClass {
    DeviceClass parent_class;
    void (*dump_state)(CPUState *cpu, GString *out);
    void (*set_pc)(CPUState *cpu, uint64_t pc);
    /* By the registers as last synchronized; false: the guest has nothing mapped there. */
    bool (*virt_to_phys)(CPUState *cpu, uint64_t va, uint64_t *pa);
};

struct CPUState {
    DeviceState parent_obj;
    int cpu_index;
    int thread_id;                      /* kernel thread that runs it; 0: none yet */
    GThread *thread;
    void *accel;                        /* the accelerator's own */
    GCond halt_cond;                    /* with the machine lock */
    bool stop;                          /* asked to stop */
    bool stopped;                       /* has stopped */
    bool created, unplug, halted;
    int exit_request;
    bool start_powered_off;
    GQueue work;                        /* run_on_cpu() */
    GMutex work_lock;
    /* Where it sits, for tables and QMP. */
    int socket_id, cluster_id, core_id, thread_in_core, node_id;   /* node_id -1: none */
};

extern GPtrArray *cpus;                 /* CPUState by index */
extern __thread CPUState *current_cpu;
static inline CPUState *qemu_get_cpu(unsigned i) { return cpus && i < cpus->len ? g_ptr_array_index(cpus, i) : NULL; }
#define CPU_FOREACH(cpu_) \
    for (guint cpu_i_ = 0; cpus && cpu_i_ < cpus->len && ((cpu_) = g_ptr_array_index(cpus, cpu_i_)); cpu_i_++)

void run_on_cpu(CPUState *cpu, void (*fn)(CPUState *cpu, void *data), void *data);  /* waits; machine lock held */
void async_run_on_cpu(CPUState *cpu, void (*fn)(CPUState *cpu, void *data), void *data);
bool cpu_run_queued_work(CPUState *cpu);
void qemu_cpu_kick(CPUState *cpu);
void cpu_list_add(CPUState *cpu);
void cpu_list_remove(CPUState *cpu);

#endif
