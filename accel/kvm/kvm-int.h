/*
 * Shared by the files of the KVM accelerator.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KVM_INT_H
#define KVM_INT_H

#include <pthread.h>
#include <linux/kvm.h>
#include "accel/kvm_arch.h"
#include "system/memory.h"

typedef struct KVMState {
    AccelState parent_obj;
    char *device;                       /* device=, /dev/kvm */
    int fd;
    size_t run_size;                    /* of the page shared with a vCPU */
    unsigned max_slots;
} KVMState;

/* CPUState.accel. `dirty`: CPUState holds newer registers than the kernel. */
typedef struct KVMVcpu {
    int fd;
    struct kvm_run *run;
    pthread_t thread;
    bool running_thread, dirty, ran;
} KVMVcpu;

extern KVMState *kvm_state;

static inline KVMVcpu *kvm_vcpu(CPUState *cpu) { return cpu->accel; }

/* kvm-memory.c */
void kvm_memory_init(unsigned max_slots);

/* kvm-coalesced.c: writes that waited are done before anything else of an exit; no machine lock. */
void kvm_coalesced_init(void);
void kvm_coalesced_flush(CPUState *cpu);

/* kvm-vcpu.c */
void kvm_vcpu_class_init(AccelClass *ac);
void kvm_vcpu_init_signals(void);

/* kvm-irqchip.c */
void kvm_irqchip_init(void);

#endif
