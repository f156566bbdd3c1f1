/*
 * GICv3 in the kernel: distributor, redistributors and CPU interfaces are
 * KVM's; here they are made, placed and wired.
 *
 * The kernel must know every vCPU before the GIC starts, and where it lies
 * before the first vCPU runs, so it is made at realize and placed when the
 * machine is complete. Linux: Documentation/virt/kvm/devices/arm-vgic-v3.rst.
 * Machine lock held, except gic_kvm_set_irq(), which any thread may call.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gic-kvm.h"
#include "hw/core/boards.h"
#include "util/bits.h"

/* KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION's value */
FIELD(REGION, INDEX, 0, 12)
FIELD(REGION, COUNT, 52, 12)

/* --- shared with GICv2 ------------------------------------------------------- */

void gic_kvm_set_irq(void *opaque, int n, int level)
{
    GICState *s = GIC_COMMON(opaque);
    unsigned type = KVM_ARM_IRQ_TYPE_SPI, intid = n + GIC_INTERNAL_IRQS, cpu = 0;

    if ((unsigned)n >= gic_num_spis(s)) {
        n -= gic_num_spis(s);
        type = KVM_ARM_IRQ_TYPE_PPI;
        cpu = n / GIC_INTERNAL_IRQS;
        intid = n % GIC_INTERNAL_IRQS;
    }
    kvm_set_irq((cpu >> 8) << KVM_ARM_IRQ_VCPU2_SHIFT | type << KVM_ARM_IRQ_TYPE_SHIFT |
                (cpu & 0xff) << KVM_ARM_IRQ_VCPU_SHIFT | intid, level != 0);
}

bool gic_kvm_create(GICState *s, uint32_t type, Error **errp)
{
    int fd = kvm_create_device(type, false), ret;

    if (fd < 0) {
        error_setg_errno(errp, -fd, "-machine gic-version=%u: this host's KVM has no GICv%u for guests; use gic-version=host",
                         s->revision, s->revision);
        return false;
    }
    s->fd = fd;
    ret = kvm_device_set_attr(fd, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &s->num_irq);
    if (ret == 0) {
        ret = kvm_device_set_attr(fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
    }
    if (ret < 0) {
        error_setg_errno(errp, -ret, "-machine gic-version=%u: KVM could not start the GIC", s->revision);
        return false;
    }
    kvm_irqchip_init_wires(gic_num_spis(s));
    for (unsigned i = 0; i < gic_num_spis(s); i++) {
        kvm_irqchip_set_qemuirq_gsi(qdev_get_gpio_in(DEVICE(s), i), i);
    }
    return kvm_arm_pmu_connect(errp);
}

uint64_t gic_kvm_region_address(GICState *s, int n)
{
    return SYS_BUS_DEVICE(s)->mmio[n].addr;
}

void gic_kvm_must(int ret, const char *what)
{
    if (ret < 0) {
        error_report("KVM refused the place of the %s: %s", what, g_strerror(-ret));
        exit(EXIT_FAILURE);
    }
}

/* --- GICv3 ---------------------------------------------------------------------- */

static void place_redists(GICState *s)
{
    uint64_t v = gic_kvm_region_address(s, 1);

    if (!kvm_device_has_attr(s->fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION)) {
        gic_kvm_must(s->num_redist_regions > 1 ? -ENOSPC : 0, "second redistributor region; use fewer vCPUs");
        gic_kvm_must(kvm_device_set_attr(s->fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST, &v), "redistributors");
        return;
    }
    for (unsigned i = 0; i < s->num_redist_regions; i++) {
        v = gic_kvm_region_address(s, 1 + i);
        v = FIELD_DP64(v, REGION, INDEX, i);
        v = FIELD_DP64(v, REGION, COUNT, s->redist_count[i]);
        gic_kvm_must(kvm_device_set_attr(s->fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION, &v), "redistributors");
    }
}

static void machine_done(Notifier *n, void *data)
{
    GICState *s = container_of(n, GICState, machine_done);
    uint64_t dist = gic_kvm_region_address(s, 0);

    gic_kvm_must(kvm_device_set_attr(s->fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, &dist), "GIC distributor");
    place_redists(s);
}

static bool gicv3_realize(DeviceState *dev, Error **errp)
{
    GICState *s = GIC_COMMON(dev);

    if (!gic_common_realize(s, gic_kvm_set_irq, NULL, errp)) {
        return false;
    }
    if (!gic_kvm_create(s, KVM_DEV_TYPE_ARM_VGIC_V3, errp)) {
        gic_common_unrealize(s);
        return false;
    }
    s->machine_done.notify = machine_done;
    qemu_add_machine_init_done_notifier(&s->machine_done);
    return true;
}

static void gicv3_hold(Object *obj, ResetType type)
{
    gicv3_kvm_reset(GIC_COMMON(obj));
}

static void gicv3_class_init(ObjectClass *klass, const void *data)
{
    DEVICE_CLASS(klass)->realize = gicv3_realize;
    DEVICE_CLASS(klass)->phases.hold = gicv3_hold;
}

static const TypeInfo gicv3_info = {
    .name = TYPE_KVM_ARM_GICV3,
    .parent = TYPE_GIC_COMMON,
    .class_init = gicv3_class_init,
};
DEFINE_TYPE(gicv3_info)
