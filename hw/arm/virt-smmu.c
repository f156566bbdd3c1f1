/*
 * SMMUs of the machine: `-device arm-smmuv3,primary-bus=X` on the platform
 * bus, one a PCIe root; or the one of iommu=smmuv3 at its own address.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3.h"
#include "hw/core/platform-bus.h"
#include "virt-internal.h"

#define SMMU_NUM_IRQS 4

static const VirtSMMU *smmu_of_bus(const VirtMachineState *vms, const PCIBus *bus)
{
    for (guint i = 0; i < vms->smmus->len; i++) {
        const VirtSMMU *s = &g_array_index(vms->smmus, VirtSMMU, i);
        if (s->bus == bus) {
            return s;
        }
    }
    return NULL;
}

bool virt_smmu_allowed(MachineState *ms, DeviceState *dev, Error **errp)
{
    if (!object_dynamic_cast(OBJECT(dev), TYPE_ARM_SMMUV3)) {
        error_setg(errp, "Device '%s' cannot be added to machine '%s'; of devices without a bus it takes arm-smmuv3",
                   object_get_typename(OBJECT(dev)), MACHINE_GET_CLASS(ms)->name);
        return false;
    }
    return true;
}

/* The doorbell an accelerated SMMU maps for devices; 0: MSIs have nowhere to go. */
static uint64_t msi_doorbell(const VirtMachineState *vms)
{
    switch (vms->msi_controller) {
    case VIRT_MSI_CTRL_ITS:
        return vms->memmap[VIRT_GIC_ITS].base + VIRT_ITS_DOORBELL_OFFSET;
    case VIRT_MSI_CTRL_GICV2M:
        return vms->memmap[VIRT_GIC_V2M].base + VIRT_V2M_DOORBELL_OFFSET;
    default:
        return 0;
    }
}

static bool check_primary_bus(VirtMachineState *vms, Object *bus, Error **errp)
{
    if (!bus) {
        error_setg(errp, "arm-smmuv3: primary-bus is not set; name the root bus it translates for, e.g. primary-bus=pcie.0");
    } else if (!pci_bus_is_root((PCIBus *)bus) || !pci_bus_is_express((PCIBus *)bus)) {
        error_setg(errp, "arm-smmuv3: primary-bus=%s is not a PCIe root bus; name pcie.0 or the bus of a pxb-pcie", ((BusState *)bus)->name);
    } else if (strcmp(vms->iommu_opt, "none")) {
        error_setg(errp, "arm-smmuv3: -machine iommu=%s already has an SMMU for every bus; use one way or the other", vms->iommu_opt);
    } else if (((PCIBus *)bus)->bypass_iommu) {
        error_setg(errp, "arm-smmuv3: primary-bus=%s is to bypass IOMMUs; leave out bypass_iommu of its pxb-pcie, or "
                   "default-bus-bypass-iommu for pcie.0", ((BusState *)bus)->name);
    } else if (smmu_of_bus(vms, (PCIBus *)bus)) {
        error_setg(errp, "arm-smmuv3: primary-bus=%s already has an SMMU", ((BusState *)bus)->name);
    } else {
        return true;
    }
    return false;
}

/* Plug functions hear of every device; ours are SMMUs of -device, not that of iommu=smmuv3. */
static bool is_user_smmu(const DeviceState *dev)
{
    return dev->opts && object_dynamic_cast(OBJECT(dev), TYPE_ARM_SMMUV3);
}

bool virt_smmu_pre_plug(MachineState *ms, DeviceState *dev, Error **errp)
{
    VirtMachineState *vms = VIRT_MACHINE(ms);
    Object *obj = OBJECT(dev);
    Object *bus;

    if (!is_user_smmu(dev)) {
        return true;
    }
    bus = object_property_get_link(obj, "primary-bus", NULL);
    if (!check_primary_bus(vms, bus, errp) || !platform_bus_has_room(PLATFORM_BUS_DEVICE(vms->platform_bus), vms->memmap[VIRT_SMMU].size, SMMU_NUM_IRQS, errp)) {
        return false;
    }
    return object_property_set_bool(obj, "smmu_per_bus", true, errp) && object_property_set_uint(obj, "msi-gpa", msi_doorbell(vms), errp) &&
           object_property_set_link(obj, "memory", OBJECT(get_system_memory()), errp);
}

static void remember(VirtMachineState *vms, DeviceState *dev, hwaddr base, int irq, PCIBus *bus)
{
    VirtSMMU smmu = {
        .dev = dev, .base = base, .irq = irq, .bus = bus,
        .accel = object_property_get_bool(OBJECT(dev), "accel", NULL),
    };
    g_array_append_val(vms->smmus, smmu);
}

static bool place_smmu(VirtMachineState *vms, SysBusDevice *sbd, Error **errp)
{
    PlatformBusDevice *pbus = PLATFORM_BUS_DEVICE(vms->platform_bus);

    if (!platform_bus_link_device(pbus, sbd, errp)) {
        return false;
    }
    remember(vms, DEVICE(sbd), vms->memmap[VIRT_PLATFORM_BUS].base + platform_bus_get_mmio_addr(pbus, sbd, 0),
             vms->irqmap[VIRT_PLATFORM_BUS] + platform_bus_get_irqn(pbus, sbd, 0),
             (PCIBus *)object_property_get_link(OBJECT(sbd), "primary-bus", NULL));
    return true;
}

bool virt_smmu_plug(MachineState *ms, DeviceState *dev, Error **errp)
{
    return !is_user_smmu(dev) || place_smmu(VIRT_MACHINE(ms), SYS_BUS_DEVICE(dev), errp);
}

#ifdef CONFIG_ARM_SMMUV3
static void place_cmdqv(VirtMachineState *vms, VirtSMMU *s)
{
    PlatformBusDevice *pbus = PLATFORM_BUS_DEVICE(vms->platform_bus);
    MemoryRegion *mr = s->cmdqv.size ? NULL : smmuv3_cmdqv_region(ARM_SMMUV3(s->dev));
    qemu_irq irq;
    int n;
    Error *err = NULL;

    if (!mr) {
        return;
    }
    if (!platform_bus_place_region(pbus, mr, &err)) {
        error_prepend(&err, "arm-smmuv3: the guest is not told of the host's command queues: ");
        warn_report_err(err);
        return;
    }
    s->cmdqv = (MemMapEntry) { vms->memmap[VIRT_PLATFORM_BUS].base + mr->addr, memory_region_size(mr) };
    n = platform_bus_take_irq(pbus, &irq);
    s->cmdqv_irq = n < 0 ? -1 : vms->irqmap[VIRT_PLATFORM_BUS] + n;
    if (n >= 0) {
        smmuv3_cmdqv_connect(ARM_SMMUV3(s->dev), irq);
    }
}
#endif

void virt_smmu_note_features(VirtMachineState *vms)
{
#ifdef CONFIG_ARM_SMMUV3
    for (guint i = 0; vms->smmus && i < vms->smmus->len; i++) {
        VirtSMMU *s = &g_array_index(vms->smmus, VirtSMMU, i);

        s->ats = smmuv3_ats_enabled(ARM_SMMUV3(s->dev));
        place_cmdqv(vms, s);
    }
#endif
}

bool virt_smmu_add_machine(VirtMachineState *vms, Error **errp)
{
    DeviceState *dev;
    SysBusDevice *sbd;

    if (!strcmp(vms->iommu_opt, "none")) {
        return true;
    }
    dev = qdev_try_new(TYPE_ARM_SMMUV3);
    if (!dev) {
        error_setg(errp, "-machine iommu=smmuv3: this build has no arm-smmuv3");
        return false;
    }
    sbd = SYS_BUS_DEVICE(dev);
    if (!object_property_set_link(OBJECT(dev), "primary-bus", OBJECT(vms->bus), errp) ||
        !object_property_set_link(OBJECT(dev), "memory", OBJECT(get_system_memory()), errp)) {
        object_unref(dev);
        return false;
    }
    if (!sysbus_realize_and_unref(sbd, errp)) {
        return false;
    }
    sysbus_mmio_map(sbd, 0, vms->memmap[VIRT_SMMU].base);
    for (int i = 0; i < SMMU_NUM_IRQS; i++) {
        sysbus_connect_irq(sbd, i, virt_spi(vms, vms->irqmap[VIRT_SMMU] + i));
    }
    remember(vms, dev, vms->memmap[VIRT_SMMU].base, vms->irqmap[VIRT_SMMU], NULL);
    return true;
}
