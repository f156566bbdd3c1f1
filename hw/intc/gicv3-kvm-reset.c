/*
 * Resetting the in-kernel GICv3: the kernel has no call for it, so every
 * register is written to its reset value from a table.
 *
 * From userspace, writes to I*PENDR set the state exactly (arm-vgic-v3.rst),
 * so zero clears. Offsets: GIC architecture specification (IHI 0069), 12.8 to
 * 12.11. Runs in reset, machine lock held, vCPUs standing.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gic-kvm.h"

#define GICR_SGI_FRAME 0x10000

/* @bits of state per interrupt; written from INTID @first (a word's worth at a time). */
typedef struct GICReset { uint32_t offset, bits, value; } GICReset;

static const GICReset per_irq[] = {
    { 0x080, 1, 0xffffffff },           /* IGROUPR: KVM has one security state, all start in group 1 */
    { 0x180, 1, 0xffffffff },           /* ICENABLER */
    { 0x200, 1, 0 },                    /* ISPENDR */
    { 0x380, 1, 0xffffffff },           /* ICACTIVER */
    { 0x400, 8, 0 },                    /* IPRIORITYR */
    { 0xc00, 2, 0 },                    /* ICFGR */
};
enum { GICD_CTLR = 0, GICD_IROUTER = 0x6000, GICR_CTLR = 0, GICR_PROPBASER = 0x70, GICR_PENDBASER = 0x78, ICFGR0 = 0xc00 };

/* CPU interface registers, (op0, op1, CRn, CRm, op2). CTLR and SRE have fields that must stay as they are. */
#define ICC(op0, op1, crn, crm, op2) \
    ((op0) << KVM_REG_ARM64_SYSREG_OP0_SHIFT | (op1) << KVM_REG_ARM64_SYSREG_OP1_SHIFT | \
     (crn) << KVM_REG_ARM64_SYSREG_CRN_SHIFT | (crm) << KVM_REG_ARM64_SYSREG_CRM_SHIFT | (op2))
#define ICC_CTLR ICC(3, 0, 12, 12, 4)
static const uint32_t icc_zero[] = {
    ICC(3, 0, 4, 6, 0),                 /* PMR */
    ICC(3, 0, 12, 8, 3),                /* BPR0 */
    ICC(3, 0, 12, 12, 3),               /* BPR1 */
    ICC(3, 0, 12, 12, 6),               /* IGRPEN0 */
    ICC(3, 0, 12, 12, 7),               /* IGRPEN1 */
    ICC(3, 0, 12, 8, 4),                /* AP0R0 */
    ICC(3, 0, 12, 9, 0),                /* AP1R0 */
};
#define ICC_CTLR_CBPR_EOIMODE 3

static void put(GICState *s, uint32_t group, uint64_t attr, uint32_t value)
{
    int ret = kvm_device_set_attr(s->fd, group, attr, &value);

    if (ret < 0) {
        warn_report_limited("KVM: GIC register 0x%" PRIx64 " of group %u could not be reset: %s",
                            attr & UINT32_MAX, group, g_strerror(-ret));
    }
}

/* A bank of 32-bit registers that hold the state of INTIDs @first..@end-1. */
static void reset_irqs(GICState *s, uint32_t group, uint64_t base, unsigned first, unsigned end)
{
    for (size_t i = 0; i < ARRAY_SIZE(per_irq); i++) {
        const GICReset *r = &per_irq[i];
        for (uint32_t o = r->offset + first * r->bits / 8; o < r->offset + end * r->bits / 8; o += 4) {
            if (first == 0 && o == ICFGR0) {
                continue;               /* SGIs: always edges, read only */
            }
            put(s, group, base + o, r->value);
        }
    }
}

static void reset_dist(GICState *s)
{
    put(s, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, GICD_CTLR, 0);
    reset_irqs(s, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 0, GIC_INTERNAL_IRQS, s->num_irq);
    for (unsigned i = GIC_INTERNAL_IRQS; i < s->num_irq; i++) {
        put(s, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, GICD_IROUTER + 8 * i, 0);
        put(s, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, GICD_IROUTER + 8 * i + 4, 0);
    }
}

static void reset_redist(GICState *s, uint64_t mpidr)
{
    static const uint32_t zero[] = { GICR_CTLR, GICR_PROPBASER, GICR_PROPBASER + 4, GICR_PENDBASER, GICR_PENDBASER + 4 };

    for (size_t i = 0; i < ARRAY_SIZE(zero); i++) {
        put(s, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, mpidr | zero[i], 0);
    }
    reset_irqs(s, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, mpidr | GICR_SGI_FRAME, 0, GIC_INTERNAL_IRQS);
}

static void reset_cpu_interface(GICState *s, uint64_t mpidr)
{
    uint64_t v = 0;

    for (size_t i = 0; i < ARRAY_SIZE(icc_zero); i++) {
        kvm_device_set_attr(s->fd, KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS, mpidr | icc_zero[i], &v);
    }
    if (kvm_device_get_attr(s->fd, KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS, mpidr | ICC_CTLR, &v) == 0) {
        v &= ~(uint64_t)ICC_CTLR_CBPR_EOIMODE;
        kvm_device_set_attr(s->fd, KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS, mpidr | ICC_CTLR, &v);
    }
}

/* Affinity as attributes name a CPU: Aff3..Aff0 in the high word. */
static uint64_t mpidr_attr(const ARMCPU *cpu)
{
    uint64_t aff = (cpu->mp_affinity >> 32 & 0xff) << 24 | (cpu->mp_affinity & 0xffffff);

    return aff << KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT;
}

void gicv3_kvm_reset(GICState *s)
{
    CPUState *cs;

    if (!s->used) {
        s->used = true;                 /* as the kernel made it */
        return;
    }
    reset_dist(s);
    CPU_FOREACH(cs) {
        reset_redist(s, mpidr_attr(ARM_CPU(cs)));
        reset_cpu_interface(s, mpidr_attr(ARM_CPU(cs)));
    }
}
