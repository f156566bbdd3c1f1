/*
 * The ITS in the kernel: its registers and tables are KVM's. Here is the
 * doorbell as devices emulated by us see it: their write to GITS_TRANSLATER
 * becomes KVM_SIGNAL_MSI with the requester id as DeviceID.
 *
 * Linux: Documentation/virt/kvm/devices/arm-vgic-its.rst. The doorbell guards
 * itself (it only calls the kernel); the rest holds the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gic-kvm.h"
#include "hw/core/boards.h"

static uint64_t its_base(const ITSState *s)
{
    return s->parent_obj.mmio[0].addr;
}

static MemTxResult translater_read(void *opaque, hwaddr addr, uint64_t *data, unsigned size, MemTxAttrs attrs)
{
    *data = 0;
    return MEMTX_OK;
}

static MemTxResult translater_write(void *opaque, hwaddr addr, uint64_t data, unsigned size, MemTxAttrs attrs)
{
    ITSState *s = ITS_COMMON(opaque);
    MSIMessage msg = { .address = its_base(s) + ITS_TRANSLATER_FRAME + GITS_TRANSLATER, .data = data };

    /* An event the guest has not mapped is dropped, as a real ITS does. */
    if (addr == GITS_TRANSLATER) {
        kvm_irqchip_send_msi(msg, attrs.requester_id);
    }
    return MEMTX_OK;
}

static const MemoryRegionOps translater_ops = {
    .read_with_attrs = translater_read,
    .write_with_attrs = translater_write,
    .valid = { .min_access_size = 2, .max_access_size = 4 },
    .impl = { .min_access_size = 2, .max_access_size = 4 },
};

static void machine_done(Notifier *n, void *data)
{
    ITSState *s = container_of(n, ITSState, machine_done);
    uint64_t base = its_base(s);

    gic_kvm_must(kvm_device_set_attr(s->fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_ITS_ADDR_TYPE, &base), "ITS");
}

static bool its_realize(DeviceState *dev, Error **errp)
{
    ITSState *s = ITS_COMMON(dev);
    int ret;

    if (!its_common_realize(s, &translater_ops, errp)) {
        return false;
    }
    s->fd = kvm_create_device(KVM_DEV_TYPE_ARM_VGIC_ITS, false);
    ret = s->fd < 0 ? s->fd : kvm_device_set_attr(s->fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
    if (ret < 0) {
        error_setg_errno(errp, -ret, "-machine its=on: KVM on this host could not make an ITS; use its=off");
        return false;
    }
    kvm_irqchip_set_msi_mode(kvm_check_extension(KVM_CAP_MSI_DEVID) ? KVM_MSI_TRANSLATED : KVM_MSI_NONE);
    s->machine_done.notify = machine_done;
    qemu_add_machine_init_done_notifier(&s->machine_done);
    return true;
}

static void its_hold(Object *obj, ResetType type)
{
    ITSState *s = ITS_COMMON(obj);
    int ret = kvm_device_set_attr(s->fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_ITS_CTRL_RESET, NULL);

    if (ret < 0) {
        warn_report_once("KVM cannot reset the ITS (%s); a guest that reboots may find it in use", g_strerror(-ret));
    }
}

static void its_class_init(ObjectClass *klass, const void *data)
{
    DEVICE_CLASS(klass)->realize = its_realize;
    DEVICE_CLASS(klass)->phases.hold = its_hold;
}

static const TypeInfo its_info = {
    .name = TYPE_KVM_ARM_ITS,
    .parent = TYPE_ITS_COMMON,
    .class_init = its_class_init,
};
DEFINE_TYPE(its_info)
