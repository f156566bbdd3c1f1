/*
 * Moving registers between KVM and the CPU device: general registers, PSTATE,
 * the banked stack pointers and SPSRs, and whether the CPU is on. System
 * registers stay in the kernel, which resets them itself; a few are read for
 * people who look at a guest.
 *
 * Runs in the vCPU's thread, or before it has one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kvm_arm.h"

#define CORE_REG(name) \
    (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(name))

static const struct { uint64_t id; ptrdiff_t offset; } core_regs[] = {
    { CORE_REG(regs.sp), offsetof(ARMCPU, sp_el0) },
    { CORE_REG(regs.pc), offsetof(ARMCPU, pc) },
    { CORE_REG(regs.pstate), offsetof(ARMCPU, pstate) },
    { CORE_REG(sp_el1), offsetof(ARMCPU, sp_el1) },
    { CORE_REG(elr_el1), offsetof(ARMCPU, elr_el1) },
    { CORE_REG(spsr[0]), offsetof(ARMCPU, spsr[0]) },
    { CORE_REG(spsr[1]), offsetof(ARMCPU, spsr[1]) },
    { CORE_REG(spsr[2]), offsetof(ARMCPU, spsr[2]) },
    { CORE_REG(spsr[3]), offsetof(ARMCPU, spsr[3]) },
    { CORE_REG(spsr[4]), offsetof(ARMCPU, spsr[4]) },
};

static const struct { uint64_t id; ptrdiff_t offset; } el1_regs[] = {
    { ARM64_SYS_REG(3, 0, 1, 0, 0), offsetof(ARMCPU, el1.sctlr) },
    { ARM64_SYS_REG(3, 0, 2, 0, 0), offsetof(ARMCPU, el1.ttbr[0]) },
    { ARM64_SYS_REG(3, 0, 2, 0, 1), offsetof(ARMCPU, el1.ttbr[1]) },
    { ARM64_SYS_REG(3, 0, 2, 0, 2), offsetof(ARMCPU, el1.tcr) },
    { ARM64_SYS_REG(3, 0, 5, 2, 0), offsetof(ARMCPU, el1.esr) },
    { ARM64_SYS_REG(3, 0, 6, 0, 0), offsetof(ARMCPU, el1.far) },
    { ARM64_SYS_REG(3, 0, 12, 0, 0), offsetof(ARMCPU, el1.vbar) },
};

int kvm_get_one_reg(CPUState *cpu, uint64_t id, void *val)
{
    struct kvm_one_reg r = { .id = id, .addr = (uintptr_t)val };

    return kvm_vcpu_ioctl(cpu, KVM_GET_ONE_REG, &r);
}

int kvm_set_one_reg(CPUState *cpu, uint64_t id, const void *val)
{
    struct kvm_one_reg r = { .id = id, .addr = (uintptr_t)val };

    return kvm_vcpu_ioctl(cpu, KVM_SET_ONE_REG, &r);
}

/* regs[] are 64-bit values in an array indexed by 32-bit words. */
static uint64_t xreg(unsigned n)
{
    return CORE_REG(regs.regs[0]) + 2 * n;
}

static int move_core(CPUState *cs, int (*move)(CPUState *, uint64_t, void *))
{
    ARMCPU *cpu = ARM_CPU(cs);
    int ret = 0;

    for (unsigned i = 0; i < 31 && ret >= 0; i++) {
        ret = move(cs, xreg(i), &cpu->x[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(core_regs) && ret >= 0; i++) {
        ret = move(cs, core_regs[i].id, (char *)cpu + core_regs[i].offset);
    }
    return ret;
}

static int set_core(CPUState *cs, uint64_t id, void *val)
{
    return kvm_set_one_reg(cs, id, val);
}

int kvm_arch_get_registers(CPUState *cs)
{
    ARMCPU *cpu = ARM_CPU(cs);
    struct kvm_mp_state mp;
    int ret = move_core(cs, kvm_get_one_reg);

    for (size_t i = 0; i < ARRAY_SIZE(el1_regs) && ret >= 0; i++) {
        ret = kvm_get_one_reg(cs, el1_regs[i].id, (char *)cpu + el1_regs[i].offset);
    }
    if (ret >= 0) {
        ret = kvm_vcpu_ioctl(cs, KVM_GET_MP_STATE, &mp);
    }
    if (ret >= 0) {
        cpu->powered_on = mp.mp_state != KVM_MP_STATE_STOPPED;
        cpu->suspended = mp.mp_state == KVM_MP_STATE_SUSPENDED;
        cs->halted = !cpu->powered_on;
    }
    return ret;
}

int kvm_arch_put_registers(CPUState *cs)
{
    ARMCPU *cpu = ARM_CPU(cs);
    struct kvm_mp_state mp = {
        .mp_state = !cpu->powered_on ? KVM_MP_STATE_STOPPED : cpu->suspended ? KVM_MP_STATE_SUSPENDED : KVM_MP_STATE_RUNNABLE,
    };
    int ret = move_core(cs, set_core);

    return ret < 0 ? ret : kvm_vcpu_ioctl(cs, KVM_SET_MP_STATE, &mp);
}

int kvm_arch_reset_vcpu(CPUState *cs)
{
    ARMCPU *cpu = ARM_CPU(cs);
    struct kvm_vcpu_init init = { .target = cpu->kvm_target, .features[0] = cpu->kvm_features };
    int ret = kvm_vcpu_ioctl(cs, KVM_ARM_VCPU_INIT, &init);

    return ret < 0 ? ret : kvm_arch_put_registers(cs);
}
