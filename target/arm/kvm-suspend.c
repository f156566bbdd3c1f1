/*
 * PSCI SYSTEM_SUSPEND (Arm DEN0022, 5.1.19): the last CPU that is on asks that
 * the machine sleep until an interrupt is pending, and to be entered anew where
 * it says.
 *
 * KVM checks the call and leaves the rest to us: the vCPU is set suspended, so
 * that KVM_RUN waits for an interrupt; then, or when a person wakes it, it gets
 * the state of a CPU that was just turned on. Runs in the vCPU's thread.
 *
 * Linux: Documentation/virt/kvm/api.rst, KVM_SYSTEM_EVENT_SUSPEND and _WAKEUP.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internals.h"
#include "kvm_arm.h"
#include "system/system.h"

static int set_mp_state(CPUState *cs, uint32_t state)
{
    struct kvm_mp_state mp = { .mp_state = state };

    return kvm_vcpu_ioctl(cs, KVM_SET_MP_STATE, &mp);
}

/* x1 and x2 of the call: where to go on, and what to find in x0 there. They stay in place while the vCPU sleeps. */
int kvm_arch_suspend(CPUState *cs)
{
    int ret = set_mp_state(cs, KVM_MP_STATE_SUSPENDED);

    if (ret == 0) {
        qemu_system_asleep(true);
    }
    return ret;
}

int kvm_arch_wake_up(CPUState *cs)
{
    ARMCPU *cpu = ARM_CPU(cs);
    int ret = kvm_arch_get_registers(cs);
    uint64_t entry = cpu->x[1], context = cpu->x[2];

    if (ret < 0 || !cpu->suspended) {
        return ret;
    }
    arm_cpu_reset_registers(cpu);
    cpu->pc = entry;
    cpu->x[0] = context;
    cpu->powered_on = true;
    ret = kvm_arch_reset_vcpu(cs);
    if (ret == 0) {
        qemu_system_asleep(false);
    }
    return ret < 0 ? ret : 1;
}
