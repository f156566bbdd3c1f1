/*
 * Making the VM and its vCPUs what the machine asked for: address width,
 * PSCI, PMU, SVE, pointer authentication, and reading back what the guest
 * will see (MPIDR, ID registers, caches).
 *
 * Linux: Documentation/virt/kvm/api.rst (KVM_ARM_VCPU_INIT, KVM_ARM_VCPU_FINALIZE),
 * devices/vcpu.rst (PMU, PVTIME).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/ioctl.h>
#include "kvm_arm.h"
#include "internals.h"

#define DEFAULT_IPA_BITS 40             /* what type 0 of KVM_CREATE_VM means */
#define RAM_BASE GiB

#define REG_MPIDR           ARM64_SYS_REG(3, 0, 0, 0, 5)
#define REG_MIDR            ARM64_SYS_REG(3, 0, 0, 0, 0)
#define REG_CLIDR           ARM64_SYS_REG(3, 1, 0, 0, 1)
#define REG_CTR             ARM64_SYS_REG(3, 3, 0, 0, 1)
#define REG_ID_AA64MMFR0    ARM64_SYS_REG(3, 0, 0, 7, 0)
#define REG_CCSIDR(n) \
    (KVM_REG_ARM64 | KVM_REG_SIZE_U32 | KVM_REG_ARM_DEMUX | KVM_REG_ARM_DEMUX_ID_CCSIDR | (n))
#define MPIDR_AFFINITY      0xff00ffffffULL

static unsigned ipa_bits;

unsigned kvm_arm_ipa_bits(void)
{
    return ipa_bits;
}

/* --- the VM ---------------------------------------------------------------- */

/* High PCI windows are aligned to their size above RAM and the other high regions. */
static unsigned wanted_ipa_bits(MachineState *ms)
{
    uint64_t ram_top = RAM_BASE + MAX(ms->ram_size, ms->maxram_size), mmio = 512 * GiB, top;

    if (object_property_find(OBJECT(ms), "highmem-mmio-size")) {
        mmio = object_property_get_uint(OBJECT(ms), "highmem-mmio-size", NULL) ?: mmio;
    }
    mmio = MIN(pow2ceil(mmio), 1ULL << 50);
    top = ROUND_UP(MAX(ram_top, 256 * GiB) + GiB / 2, GiB / 2);
    if (ram_top <= 256 * GiB) {
        top = 256 * GiB + GiB / 2;
    }
    top = ROUND_UP(top, mmio) + mmio;
    return MAX(DEFAULT_IPA_BITS, 64 - clz64(top - 1));
}

bool kvm_arch_vm_type(int kvm_fd, MachineState *ms, unsigned long *type, Error **errp)
{
    int limit = ioctl(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE);
    uint64_t ram = MAX(ms->ram_size, ms->maxram_size);
    unsigned want = wanted_ipa_bits(ms);

    if (limit <= 0) {
        ipa_bits = DEFAULT_IPA_BITS;
        *type = 0;
    } else {
        ipa_bits = MIN(want, (unsigned)limit);
        *type = ipa_bits == DEFAULT_IPA_BITS ? 0 : ipa_bits;
    }
    if (ram > BIT_ULL(ipa_bits) - RAM_BASE) {
        error_setg(errp, "-m: %" PRIu64 " MiB do not fit the %u address bits KVM gives a guest on this host", (uint64_t)(ram / MiB), ipa_bits);
        return false;
    }
    return true;
}

bool kvm_arch_init(MachineState *ms, Error **errp)
{
    if (!kvm_check_extension(KVM_CAP_ARM_PSCI_0_2)) {
        error_setg(errp, "-accel kvm: the host kernel lacks PSCI 0.2 for guests; use Linux 5.10 or later");
        return false;
    }
    /* Loads and stores the CPU did not decode come to us, and get an external abort, instead of failing KVM_RUN. */
    if (kvm_check_extension(KVM_CAP_ARM_NISV_TO_USER)) {
        kvm_enable_cap(KVM_CAP_ARM_NISV_TO_USER, 0);
    }
    if (kvm_check_extension(KVM_CAP_ARM_SYSTEM_SUSPEND)) {
        kvm_enable_cap(KVM_CAP_ARM_SYSTEM_SUSPEND, 0);
    }
    return true;
}

/* --- features of a vCPU ------------------------------------------------------- */

typedef struct Feature {
    const char *name;
    unsigned cap;
    uint32_t bits;
    ptrdiff_t option;                   /* OnOffAuto in ARMCPU */
} Feature;

static const Feature features[] = {
    { "pmu", KVM_CAP_ARM_PMU_V3, BIT(KVM_ARM_VCPU_PMU_V3), offsetof(ARMCPU, pmu_opt) },
    { "sve", KVM_CAP_ARM_SVE, BIT(KVM_ARM_VCPU_SVE), offsetof(ARMCPU, sve) },
    { "pauth", KVM_CAP_ARM_PTRAUTH_ADDRESS, BIT(KVM_ARM_VCPU_PTRAUTH_ADDRESS) | BIT(KVM_ARM_VCPU_PTRAUTH_GENERIC),
      offsetof(ARMCPU, pauth) },
};

static bool choose_features(ARMCPU *cpu, Error **errp)
{
    uint32_t chosen = BIT(KVM_ARM_VCPU_PSCI_0_2);

    for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
        const Feature *f = &features[i];
        int want = *(int *)((char *)cpu + f->option);
        bool have = kvm_check_extension(f->cap);

        if (want == ON_OFF_AUTO_ON && !have) {
            error_setg(errp, "-cpu %s,%s=on: this host cannot give it to a guest; leave it out", cpu->model->name, f->name);
            return false;
        }
        if (want != ON_OFF_AUTO_OFF && have) {
            chosen |= f->bits;
        }
    }
    cpu->has_pmu = chosen & BIT(KVM_ARM_VCPU_PMU_V3);
    if (cpu->parent_obj.start_powered_off) {
        chosen |= BIT(KVM_ARM_VCPU_POWER_OFF);
    }
    cpu->kvm_features = chosen;
    return true;
}

static bool choose_steal_time(ARMCPU *cpu, Error **errp)
{
    bool have = kvm_device_has_attr(kvm_vcpu_fd(&cpu->parent_obj), KVM_ARM_VCPU_PVTIME_CTRL, KVM_ARM_VCPU_PVTIME_IPA);

    if (cpu->steal_opt == ON_OFF_AUTO_ON && !have) {
        error_setg(errp, "-cpu %s,kvm-steal-time=on: this host's KVM cannot report stolen time; leave it out", cpu->model->name);
        return false;
    }
    cpu->kvm_steal_time = have && cpu->steal_opt != ON_OFF_AUTO_OFF;
    return true;
}

/* --- what the guest will see ---------------------------------------------------- */

static void read_caches(CPUState *cs, ARMCPU *cpu)
{
    memset(cpu->ccsidr, 0, sizeof(cpu->ccsidr));
    if (kvm_get_one_reg(cs, REG_CLIDR, &cpu->clidr) < 0) {
        cpu->clidr = 0;
    }
    for (unsigned level = 1; level <= 7; level++) {
        for (unsigned ins = 0; ins < 2; ins++) {
            if (arm_cpu_cache(cpu, level, ins).present) {
                kvm_get_one_reg(cs, REG_CCSIDR((level - 1) << 1 | ins), &cpu->ccsidr[level - 1][ins]);
            }
        }
    }
}

static int read_identity(CPUState *cs, ARMCPU *cpu)
{
    uint64_t mpidr, psci = 2;
    int ret = kvm_get_one_reg(cs, REG_MPIDR, &mpidr);

    if (ret < 0) {
        return ret;
    }
    cpu->mp_affinity = mpidr & MPIDR_AFFINITY;
    kvm_get_one_reg(cs, REG_MIDR, &cpu->midr);
    kvm_get_one_reg(cs, REG_CTR, &cpu->ctr);
    kvm_get_one_reg(cs, REG_ID_AA64MMFR0, &cpu->id_aa64mmfr0);
    kvm_get_one_reg(cs, KVM_REG_ARM_PSCI_VERSION, &psci);
    cpu->psci_version = psci;
    cpu->pa_limit = ipa_bits;
    read_caches(cs, cpu);
    return 0;
}

static int init_target(CPUState *cs, ARMCPU *cpu)
{
    struct kvm_vcpu_init init;
    int ret = kvm_vm_ioctl(KVM_ARM_PREFERRED_TARGET, &init), feature = KVM_ARM_VCPU_SVE;

    if (ret < 0) {
        return ret;
    }
    cpu->kvm_target = init.target;
    memset(init.features, 0, sizeof(init.features));
    init.features[0] = cpu->kvm_features;
    ret = kvm_vcpu_ioctl(cs, KVM_ARM_VCPU_INIT, &init);
    if (ret == 0 && (cpu->kvm_features & BIT(KVM_ARM_VCPU_SVE))) {
        ret = kvm_vcpu_ioctl(cs, KVM_ARM_VCPU_FINALIZE, &feature);
    }
    return ret;
}

bool kvm_arch_init_vcpu(CPUState *cs, Error **errp)
{
    ARMCPU *cpu = ARM_CPU(cs);
    int ret;

    if (!choose_features(cpu, errp)) {
        return false;
    }
    ret = init_target(cs, cpu);
    if (ret == 0) {
        ret = read_identity(cs, cpu);
    }
    if (ret < 0) {
        error_setg_errno(errp, -ret, "-cpu %s: KVM could not make vCPU %d", cpu->model->name, cs->cpu_index);
        return false;
    }
    if (!choose_steal_time(cpu, errp)) {
        return false;
    }
    cpu->model = arm_cpu_model_find("host");        /* "max" is the host's CPU too, and tables say so */
    return true;
}

/* --- once the machine is complete -------------------------------------------------- */

bool kvm_arm_pmu_connect(Error **errp)
{
    CPUState *cs;
    int intid = KVM_ARM_PMU_INTID, ret;

    CPU_FOREACH(cs) {
        if (!ARM_CPU(cs)->has_pmu) {
            continue;
        }
        ret = kvm_device_set_attr(kvm_vcpu_fd(cs), KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_IRQ, &intid);
        if (ret == 0) {
            ret = kvm_device_set_attr(kvm_vcpu_fd(cs), KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_INIT, NULL);
        }
        if (ret < 0) {
            error_setg_errno(errp, -ret, "-cpu: the performance monitors of vCPU %d could not be set up; try pmu=off", cs->cpu_index);
            return false;
        }
    }
    return true;
}

bool kvm_arch_first_run(CPUState *cs, Error **errp)
{
    ARMCPU *cpu = ARM_CPU(cs);
    uint64_t ipa = cpu->pvtime_ipa;
    int ret;

    if (!ipa || !cpu->kvm_steal_time) {
        return true;
    }
    ret = kvm_device_set_attr(kvm_vcpu_fd(cs), KVM_ARM_VCPU_PVTIME_CTRL, KVM_ARM_VCPU_PVTIME_IPA, &ipa);
    if (ret < 0) {
        error_setg_errno(errp, -ret, "KVM: stolen time of vCPU %d has no place at 0x%" PRIx64, cs->cpu_index, ipa);
        return false;
    }
    return true;
}
