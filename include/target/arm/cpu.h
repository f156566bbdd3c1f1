/*
 * An Arm vCPU: what the guest may see of it (ID registers, feature flags) and
 * the state a reset or a debugger looks at. Under KVM the kernel owns the
 * registers; this copy is valid between synchronize_state and resume.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TARGET_ARM_CPU_H
#define TARGET_ARM_CPU_H

#include "hw/core/cpu.h"

#define TYPE_ARM_CPU "arm-cpu"
#define ARM_CPU_TYPE_SUFFIX "-arm-cpu"
#define ARM_CPU_TYPE_NAME(name) name ARM_CPU_TYPE_SUFFIX
OBJECT_DECLARE_TYPE(ARMCPU, ARMCPUClass, ARM_CPU)

typedef struct ARMCPUModel {
    const char *name;                   /* "cortex-a57" */
    const char *dtb_compatible;         /* "arm,cortex-a57" */
    uint64_t midr, clidr, ctr;
    uint32_t ccsidr[7][2];              /* [level][0 data/unified, 1 instruction] */
    uint64_t id_aa64mmfr0;
    bool has_pmu;
    bool host;                          /* host and max: ask KVM */
} ARMCPUModel;

struct ARMCPUClass {
    CPUClass parent_class;
    const ARMCPUModel *model;
};

/* System registers worth looking at. Read with the others; the accelerator keeps them, so they are never written back. */
typedef struct ArmEL1Regs { uint64_t sctlr, tcr, ttbr[2], vbar, esr, far; } ArmEL1Regs;

struct ARMCPU {
    CPUState parent_obj;
    uint64_t mp_affinity;
    bool has_pmu, has_el3, has_el2, aarch64, kvm_adjvtime, kvm_steal_time;
    int sve, pauth, pmu_opt, steal_opt; /* OnOffAuto: what the user wants */
    uint32_t kvm_target, kvm_features;  /* KVM_ARM_VCPU_INIT's */
    unsigned pa_limit;                  /* address bits the accelerator allows; 0: no limit */
    uint32_t psci_conduit;              /* 0 none, 1 smc, 2 hvc */
    uint32_t psci_version;
    bool powered_on, suspended;         /* suspended: the machine sleeps and this CPU will hear the interrupt that wakes it */
    const ARMCPUModel *model;
    uint64_t midr, clidr, ctr;
    uint32_t ccsidr[7][2];
    uint64_t id_aa64mmfr0;
    /* registers */
    uint64_t x[31], sp_el0, sp_el1, pc, elr_el1, pstate, spsr[5];
    ArmEL1Regs el1;
    uint64_t boot_pc, boot_x0;          /* CPU 0 after reset, set by boot code; others start off */
    bool boot_set;
    hwaddr pvtime_ipa;                  /* 0: none */
};

/* Cache geometry in the shape tables want it. */
typedef struct ARMCacheInfo { bool present; uint32_t size, sets, ways, line; } ARMCacheInfo;
ARMCacheInfo arm_cpu_cache(const ARMCPU *cpu, unsigned level, bool instruction);   /* level from 1; unified: instruction=false */
bool arm_cpu_cache_unified(const ARMCPU *cpu, unsigned level);
unsigned arm_cpu_pa_bits(const ARMCPU *cpu);
void arm_cpu_set_boot(ARMCPU *cpu, uint64_t pc, uint64_t x0);
const ARMCPUModel *arm_cpu_model_find(const char *name);

#endif
