/*
 * GICv2 in the kernel, on hosts whose GIC can show a guest one: up to eight
 * vCPUs, a distributor and a CPU interface in memory.
 *
 * Linux: Documentation/virt/kvm/devices/arm-vgic.rst. Register offsets: GICv2
 * architecture specification (IHI 0048), 4.1. Machine lock held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gic-kvm.h"
#include "hw/core/boards.h"

/* @bits of state per interrupt; zero for GICD_CTLR alone. */
static const struct { uint32_t offset, bits, value; } dist_reset[] = {
    { 0x080, 1, 0 },                    /* IGROUPR */
    { 0x180, 1, 0xffffffff },           /* ICENABLER */
    { 0x280, 1, 0xffffffff },           /* ICPENDR */
    { 0x380, 1, 0xffffffff },           /* ICACTIVER */
    { 0x400, 8, 0 },                    /* IPRIORITYR */
    { 0x800, 8, 0 },                    /* ITARGETSR */
    { 0xc00, 2, 0 },                    /* ICFGR */
};
enum { GICD_CTLR = 0 };
static const uint32_t cpu_zero[] = { 0x00, 0x04, 0x08, 0x1c, 0xd0 };  /* CTLR, PMR, BPR, ABPR, APR0 */

static void put(GICState *s, uint32_t group, uint64_t cpu, uint32_t offset, uint32_t value)
{
    kvm_device_set_attr(s->fd, group, cpu << KVM_DEV_ARM_VGIC_CPUID_SHIFT | offset, &value);
}

static void reset_dist(GICState *s, unsigned cpu, unsigned first, unsigned end)
{
    for (size_t i = 0; i < ARRAY_SIZE(dist_reset); i++) {
        uint32_t from = dist_reset[i].offset + first * dist_reset[i].bits / 8;
        uint32_t to = dist_reset[i].offset + end * dist_reset[i].bits / 8;
        for (uint32_t o = from; o < to; o += 4) {
            put(s, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, cpu, o, dist_reset[i].value);
        }
    }
}

static void gicv2_hold(Object *obj, ResetType type)
{
    GICState *s = GIC_COMMON(obj);

    if (!s->used) {
        s->used = true;                 /* as the kernel made it */
        return;
    }
    put(s, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 0, GICD_CTLR, 0);
    reset_dist(s, 0, GIC_INTERNAL_IRQS, s->num_irq);
    for (unsigned cpu = 0; cpu < s->num_cpu; cpu++) {
        reset_dist(s, cpu, 0, GIC_INTERNAL_IRQS);
        for (size_t i = 0; i < ARRAY_SIZE(cpu_zero); i++) {
            put(s, KVM_DEV_ARM_VGIC_GRP_CPU_REGS, cpu, cpu_zero[i], 0);
        }
    }
}

static void machine_done(Notifier *n, void *data)
{
    GICState *s = container_of(n, GICState, machine_done);
    uint64_t dist = gic_kvm_region_address(s, 0), cpu = gic_kvm_region_address(s, 1);

    gic_kvm_must(kvm_device_set_attr(s->fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_DIST, &dist), "GIC distributor");
    gic_kvm_must(kvm_device_set_attr(s->fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_CPU, &cpu), "GIC CPU interface");
}

static bool gicv2_realize(DeviceState *dev, Error **errp)
{
    GICState *s = GIC_COMMON(dev);

    if (!gic_common_realize(s, gic_kvm_set_irq, NULL, errp)) {
        return false;
    }
    if (!gic_kvm_create(s, KVM_DEV_TYPE_ARM_VGIC_V2, errp)) {
        gic_common_unrealize(s);
        return false;
    }
    s->machine_done.notify = machine_done;
    qemu_add_machine_init_done_notifier(&s->machine_done);
    return true;
}

static void gicv2_class_init(ObjectClass *klass, const void *data)
{
    DEVICE_CLASS(klass)->realize = gicv2_realize;
    DEVICE_CLASS(klass)->phases.hold = gicv2_hold;
}

static const TypeInfo gicv2_info = {
    .name = TYPE_KVM_ARM_GIC,
    .parent = TYPE_GIC_COMMON,
    .class_init = gicv2_class_init,
};
DEFINE_TYPE(gicv2_info)
