/*
 * An Arm CPU as a device: its identity, its caches for the tables, and its
 * state after reset. Whoever runs it (accel/) owns the registers in between.
 *
 * After reset a CPU is at EL1 with interrupts masked. CPU 0 starts where
 * boot code said; the others are off until the guest calls PSCI CPU_ON.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/bits.h"
#include "internals.h"
#include "system/memory.h"
#include "translate.h"

/* ID_AA64MMFR0_EL1.PARange */
FIELD(MMFR0, PARANGE, 0, 4)
FIELD(CCSIDR, LINE, 0, 3)
FIELD(CCSIDR, WAYS, 3, 10)
FIELD(CCSIDR, SETS, 13, 15)
FIELD(CLIDR, CTYPE, 0, 3)
enum { CTYPE_NONE, CTYPE_I, CTYPE_D, CTYPE_SPLIT, CTYPE_UNIFIED };

static unsigned cache_type(const ARMCPU *cpu, unsigned level)
{
    return level >= 1 && level <= 7 ? (cpu->clidr >> (3 * (level - 1))) & 7 : CTYPE_NONE;
}

bool arm_cpu_cache_unified(const ARMCPU *cpu, unsigned level)
{
    return cache_type(cpu, level) == CTYPE_UNIFIED;
}

static bool has_cache(unsigned ctype, bool instruction)
{
    return ctype == CTYPE_SPLIT || ctype == (instruction ? CTYPE_I : CTYPE_D) || (!instruction && ctype == CTYPE_UNIFIED);
}

ARMCacheInfo arm_cpu_cache(const ARMCPU *cpu, unsigned level, bool instruction)
{
    ARMCacheInfo c = { .present = has_cache(cache_type(cpu, level), instruction) };
    uint32_t ccsidr;

    if (!c.present) {
        return c;
    }
    ccsidr = cpu->ccsidr[level - 1][instruction];
    c.line = 16u << FIELD_EX32(ccsidr, CCSIDR, LINE);
    c.ways = FIELD_EX32(ccsidr, CCSIDR, WAYS) + 1;
    c.sets = FIELD_EX32(ccsidr, CCSIDR, SETS) + 1;
    c.size = c.line * c.ways * c.sets;
    return c;
}

unsigned arm_cpu_pa_bits(const ARMCPU *cpu)
{
    static const uint8_t bits[] = { 32, 36, 40, 42, 44, 48, 52, 56 };
    unsigned parange = FIELD_EX64(cpu->id_aa64mmfr0, MMFR0, PARANGE);
    unsigned n = parange < ARRAY_SIZE(bits) ? bits[parange] : 48;

    return cpu->pa_limit && cpu->pa_limit < n ? cpu->pa_limit : n;
}

void arm_cpu_set_boot(ARMCPU *cpu, uint64_t pc, uint64_t x0)
{
    cpu->boot_pc = pc;
    cpu->boot_x0 = x0;
    cpu->boot_set = true;
}

void arm_cpu_reset_registers(ARMCPU *cpu)
{
    memset(cpu->x, 0, sizeof(cpu->x));
    memset(cpu->spsr, 0, sizeof(cpu->spsr));
    cpu->sp_el0 = cpu->sp_el1 = cpu->elr_el1 = 0;
    cpu->pstate = PSTATE_DAIF | PSTATE_MODE_EL1H;
    cpu->pc = cpu->boot_set ? cpu->boot_pc : 0;
    cpu->x[0] = cpu->boot_set ? cpu->boot_x0 : 0;
    cpu->powered_on = !cpu->parent_obj.start_powered_off;
    cpu->suspended = false;
    cpu->parent_obj.halted = !cpu->powered_on;
}

/* Runs with every system reset. */
static void arm_cpu_reset(void *opaque)
{
    arm_cpu_reset_registers(opaque);
}

static void arm_cpu_dump_state(CPUState *cs, GString *out)
{
    const ARMCPU *cpu = ARM_CPU(cs);

    g_string_append_printf(out, " PC=%016" PRIx64 " ", cpu->pc);
    for (int i = 0; i < 31; i++) {
        g_string_append_printf(out, "X%02d=%016" PRIx64 "%s", i, cpu->x[i], i % 4 == 2 ? "\n" : " ");
    }
    g_string_append_printf(out, " SP=%016" PRIx64 "\n", cpu->pstate & 1 ? cpu->sp_el1 : cpu->sp_el0);
    g_string_append_printf(out, "PSTATE=%08" PRIx64 " %c%c%c%c EL%d%c ELR_EL1=%016" PRIx64 "\n", cpu->pstate,
                           cpu->pstate & BIT(31) ? 'N' : '-', cpu->pstate & BIT(30) ? 'Z' : '-',
                           cpu->pstate & BIT(29) ? 'C' : '-', cpu->pstate & BIT(28) ? 'V' : '-',
                           (int)(cpu->pstate >> 2) & 3, cpu->pstate & 1 ? 'h' : 't', cpu->elr_el1);
    g_string_append_printf(out, "SCTLR_EL1=%016" PRIx64 " TCR_EL1=%016" PRIx64 " VBAR_EL1=%016" PRIx64 "\n"
                           "TTBR0_EL1=%016" PRIx64 " TTBR1_EL1=%016" PRIx64 " ESR_EL1=%08" PRIx64 " FAR_EL1=%016" PRIx64 "\n",
                           cpu->el1.sctlr, cpu->el1.tcr, cpu->el1.vbar, cpu->el1.ttbr[0], cpu->el1.ttbr[1], cpu->el1.esr, cpu->el1.far);
}

static bool read_descriptor(hwaddr addr, uint64_t *desc, void *opaque)
{
    MemTxResult r;

    *desc = address_space_ldn_le(&address_space_memory, addr, sizeof(*desc), (MemTxAttrs) { .memory = 1 }, &r);
    return r == MEMTX_OK;
}

static bool arm_cpu_virt_to_phys(CPUState *cs, uint64_t va, hwaddr *pa)
{
    return arm_translate(&ARM_CPU(cs)->el1, va, read_descriptor, NULL, pa);
}

static void arm_cpu_set_pc(CPUState *cs, uint64_t pc)
{
    ARM_CPU(cs)->pc = pc;
}

/* --- life -------------------------------------------------------------------- */

static bool check_runnable(const ARMCPU *cpu, Error **errp)
{
    if (kvm_enabled() && !cpu->model->host) {
        error_setg(errp, "-cpu %s: KVM shows the guest the host's own CPU; use -cpu host", cpu->model->name);
        return false;
    }
    if (!kvm_enabled() && !strcmp(cpu->model->name, "host")) {
        error_setg(errp, "-cpu host: there is no host CPU to show without -accel kvm; name a model (-cpu help)");
        return false;
    }
    return true;
}

static bool arm_cpu_realize(DeviceState *dev, Error **errp)
{
    ARMCPU *cpu = ARM_CPU(dev);
    CPUState *cs = CPU(dev);
    AccelClass *ac = current_accel ? ACCEL_GET_CLASS(current_accel) : NULL;

    if (!check_runnable(cpu, errp)) {
        return false;
    }
    cpu->has_pmu = cpu->model->has_pmu && cpu->pmu_opt != ON_OFF_AUTO_OFF;
    cpu_list_add(cs);
    if (ac && ac->create_vcpu && !ac->create_vcpu(cs, errp)) {
        cpu_list_remove(cs);
        return false;
    }
    qemu_register_reset(arm_cpu_reset, cpu);
    arm_cpu_reset(cpu);
    return true;
}

static void arm_cpu_unrealize(DeviceState *dev)
{
    CPUState *cs = CPU(dev);
    AccelClass *ac = current_accel ? ACCEL_GET_CLASS(current_accel) : NULL;

    qemu_unregister_reset(arm_cpu_reset, ARM_CPU(dev));
    if (ac && ac->destroy_vcpu) {
        ac->destroy_vcpu(cs);
    }
    cpu_list_remove(cs);
}

static void arm_cpu_init(Object *obj)
{
    ARMCPU *cpu = ARM_CPU(obj);
    const ARMCPUModel *m = ARM_CPU_GET_CLASS(obj)->model;

    cpu->model = m;
    cpu->aarch64 = cpu->kvm_adjvtime = true;
    cpu->midr = m->midr;
    cpu->clidr = m->clidr;
    cpu->ctr = m->ctr;
    cpu->id_aa64mmfr0 = m->id_aa64mmfr0;
    memcpy(cpu->ccsidr, m->ccsidr, sizeof(cpu->ccsidr));
}

static void arm_cpu_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    CPUClass *cc = CPU_CLASS(klass);

    dc->realize = arm_cpu_realize;
    dc->unrealize = arm_cpu_unrealize;
    cc->dump_state = arm_cpu_dump_state;
    cc->set_pc = arm_cpu_set_pc;
    cc->virt_to_phys = arm_cpu_virt_to_phys;
    arm_cpu_props_class_init(klass);
}

static void model_class_init(ObjectClass *klass, const void *data)
{
    ARM_CPU_CLASS(klass)->model = data;
}

static const TypeInfo arm_cpu_info = {
    .name = TYPE_ARM_CPU,
    .parent = TYPE_CPU,
    .abstract = true,
    .instance_size = sizeof(ARMCPU),
    .class_size = sizeof(ARMCPUClass),
    .instance_init = arm_cpu_init,
    .class_init = arm_cpu_class_init,
};
DEFINE_TYPE(arm_cpu_info)

static void __attribute__((constructor)) register_models(void)
{
    for (const ARMCPUModel *m = arm_cpu_models; m->name; m++) {
        g_autofree char *name = g_strconcat(m->name, ARM_CPU_TYPE_SUFFIX, NULL);
        TypeInfo info = { .name = name, .parent = TYPE_ARM_CPU, .class_init = model_class_init, .class_data = m };
        type_register_dynamic(&info);
    }
}
