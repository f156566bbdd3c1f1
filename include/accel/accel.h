/*
 * An accelerator: how vCPUs run and how interrupts reach them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef ACCEL_ACCEL_H
#define ACCEL_ACCEL_H

#include "hw/core/boards.h"

#define TYPE_ACCEL "accel"
#define ACCEL_CLASS_SUFFIX "-accel"
OBJECT_DECLARE_TYPE(AccelState, AccelClass, ACCEL)

struct AccelClass {
    ObjectClass parent_class;
    const char *name;
    bool *allowed;                      /* set when this one is chosen */
    bool (*init_machine)(AccelState *as, MachineState *ms, Error **errp);
    bool (*create_vcpu)(CPUState *cpu, Error **errp);      /* starts the thread; returns when it is ready */
    void (*destroy_vcpu)(CPUState *cpu);
    void (*kick_vcpu)(CPUState *cpu);
    void (*synchronize_state)(CPUState *cpu);              /* registers are valid in CPUState after it */
    void (*synchronize_post_reset)(CPUState *cpu);
    void (*synchronize_pre_resume)(void);
    int (*list_registers)(CPUState *cpu, GString *out);    /* those that CPUState has no room for; NULL: none */
    bool (*wake_up)(CPUState *cpu);                        /* false: the guest did not sleep on it; NULL: guests cannot sleep */
};
struct AccelState { Object parent_obj; };

extern AccelState *current_accel;
/* Tries the accelerators of -accel/-machine accel=a:b in order. */
bool accel_init_machine(MachineState *ms, const json_t *const *requests, size_t n, Error **errp);
AccelClass *accel_find(const char *name);
extern bool kvm_allowed, qtest_allowed;
#define kvm_enabled()   (kvm_allowed)
#define qtest_enabled() (qtest_allowed)

/* vCPU control for the run state; machine lock held. */
void pause_all_vcpus(void);
void resume_all_vcpus(void);
void cpu_synchronize_state(CPUState *cpu);
void cpu_synchronize_all_states(void);
void cpu_synchronize_all_post_reset(void);

#endif
