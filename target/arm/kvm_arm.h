/*
 * Arm under KVM: shared by target/arm/kvm*.c and the in-kernel interrupt
 * controllers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TARGET_ARM_KVM_ARM_H
#define TARGET_ARM_KVM_ARM_H

#include "accel/kvm_arch.h"
#include "target/arm/cpu.h"

#define KVM_ARM_PMU_INTID 23

int kvm_get_one_reg(CPUState *cpu, uint64_t id, void *val);
int kvm_set_one_reg(CPUState *cpu, uint64_t id, const void *val);
/* Once the in-kernel GIC is initialized: wires every vCPU's PMU to it. */
bool kvm_arm_pmu_connect(Error **errp);
/* Guest-physical address bits of the VM. */
unsigned kvm_arm_ipa_bits(void);

#endif
