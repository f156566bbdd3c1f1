/*
 * What the KVM accelerator asks of the architecture (target/arm/kvm*.c).
 * Everything that takes a CPU runs in that CPU's thread, or before it has one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef ACCEL_KVM_ARCH_H
#define ACCEL_KVM_ARCH_H

#include <linux/kvm.h>
#include "system/kvm.h"

/* The `type` of KVM_CREATE_VM for what @ms needs; says no when the host's addresses are too short. */
bool kvm_arch_vm_type(int kvm_fd, MachineState *ms, unsigned long *type, Error **errp);
/* After the VM exists: capabilities to enable. */
bool kvm_arch_init(MachineState *ms, Error **errp);
bool kvm_arch_init_vcpu(CPUState *cpu, Error **errp);
/* Once, when the machine is complete and before the guest's first instruction. */
bool kvm_arch_first_run(CPUState *cpu, Error **errp);
int kvm_arch_reset_vcpu(CPUState *cpu);             /* state after reset, from CPUState */
int kvm_arch_get_registers(CPUState *cpu);
int kvm_arch_put_registers(CPUState *cpu);
int kvm_arch_list_registers(CPUState *cpu, GString *out);   /* those that only the kernel has, a line each */
/* Exits that only this architecture has. 1: handled, go on; 0: leave to the machine lock's side; -errno: unknown. */
int kvm_arch_handle_exit(CPUState *cpu, struct kvm_run *run);
/* The guest asked that the machine sleep; an interrupt is pending, or someone wakes it. wake_up: 1, or 0 when it does not sleep. Machine lock. */
int kvm_arch_suspend(CPUState *cpu);
int kvm_arch_wake_up(CPUState *cpu);
/* The machine starts or stops: the guest's clock stands meanwhile. */
void kvm_arch_clock_stop(CPUState *first_cpu);
void kvm_arch_clock_start(CPUState *first_cpu);
/* Where an MSI of @dev written to @route's address really lands. 0 or -errno. */
int kvm_arch_fixup_msi_route(struct kvm_irq_routing_entry *route, struct PCIDevice *dev);

#endif
