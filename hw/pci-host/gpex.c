/*
 * Generic PCI Express host bridge.
 *
 * The CPU sees three windows: ECAM (1 MiB of config space a bus), PCI memory
 * and PCI I/O; the machine places them. Four INTx lines leave it, swizzled by
 * slot. Function 00.0 is a bare host bridge. Config space of functions that
 * do not exist reads as ones.
 *
 * PCI Express Base 5.0, 7.2.2 (ECAM). Runs under the machine lock. Root
 * complex event collectors and RCRBs are not modelled.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/pci/pci_host.h"

#define ECAM_BUS_SHIFT  20
#define ECAM_DEVFN_SHIFT 12
#define ECAM_MAX_BUSES  256
#define PCI_IO_SIZE     (64 * KiB)

static PCIDevice *ecam_device(GPEXHost *s, hwaddr addr)
{
    return pci_find_device(PCI_HOST_BRIDGE(s)->bus, extract64(addr, ECAM_BUS_SHIFT, 8), extract64(addr, ECAM_DEVFN_SHIFT, 8));
}

static uint64_t ecam_read(void *opaque, hwaddr addr, unsigned size)
{
    PCIDevice *dev = ecam_device(opaque, addr);

    if (!dev) {
        return MAKE_64BIT_MASK(0, size * 8);
    }
    return pci_host_config_read_common(dev, addr & (PCIE_CONFIG_SPACE_SIZE - 1), pci_config_size(dev), size);
}

static void ecam_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    PCIDevice *dev = ecam_device(opaque, addr);

    if (dev) {
        pci_host_config_write_common(dev, addr & (PCIE_CONFIG_SPACE_SIZE - 1), pci_config_size(dev), value, size);
    }
}

static const MemoryRegionOps ecam_ops = {
    .read = ecam_read,
    .write = ecam_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 4 },
    .impl = { .min_access_size = 1, .max_access_size = 4 },
};

static void gpex_set_irq(void *opaque, int irq_num, int level)
{
    GPEXHost *s = opaque;
    qemu_set_irq(s->irq[irq_num], level);
}

static PCIINTxRoute gpex_route_intx(void *opaque, int pin)
{
    GPEXHost *s = opaque;
    int gsi = s->irq_num[pin];

    return (PCIINTxRoute) { .mode = gsi < 0 ? PCI_INTX_DISABLED : PCI_INTX_ENABLED, .irq = gsi };
}

void gpex_set_irq_num(GPEXHost *s, int index, int gsi)
{
    g_assert(index >= 0 && index < PCI_NUM_PINS);
    s->irq_num[index] = gsi;
}

static bool gpex_realize(DeviceState *dev, Error **errp)
{
    GPEXHost *s = GPEX_HOST(dev);
    PCIHostState *host = PCI_HOST_BRIDGE(dev);
    SysBusDevice *sbd = SYS_BUS_DEVICE(dev);

    memory_region_init_io(&s->ecam, OBJECT(s), &ecam_ops, s, "pcie-mmcfg-mmio", (uint64_t)ECAM_MAX_BUSES << ECAM_BUS_SHIFT);
    memory_region_init(&s->io_mmio, OBJECT(s), "gpex_mmio", UINT64_MAX);
    memory_region_init(&s->io_ioport, OBJECT(s), "gpex_ioport", PCI_IO_SIZE);
    sysbus_init_mmio(sbd, &s->ecam);
    sysbus_init_mmio(sbd, &s->io_mmio);
    sysbus_init_mmio(sbd, &s->io_ioport);
    for (int i = 0; i < PCI_NUM_PINS; i++) {
        sysbus_init_irq(sbd, &s->irq[i]);
        s->irq_num[i] = -1;
    }
    host->bus = pci_root_bus_new(dev, "pcie.0", &s->io_mmio, &s->io_ioport, 0, TYPE_PCIE_BUS);
    host->bus->bypass_iommu = host->bypass_iommu;
    pci_bus_irqs(host->bus, gpex_set_irq, s, PCI_NUM_PINS);
    pci_bus_map_irqs(host->bus, pci_swizzle_map_irq_fn);
    host->bus->route_intx_to_irq = gpex_route_intx;
    return pci_realize_and_unref(pci_new(PCI_DEVFN(0, 0), "gpex-root"), host->bus, errp);
}

static const Property gpex_properties[] = {
    DEFINE_PROP_BOOL("bypass-iommu", PCIHostState, bypass_iommu, false),
};

static void gpex_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = gpex_realize;
    dc->fw_name = "pci";
    dc->categories |= 1UL << DEVICE_CATEGORY_BRIDGE;
    device_class_set_props(dc, gpex_properties);
}

/* Function 00.0, which guests expect to find and leave alone. */
static bool gpex_root_realize(PCIDevice *dev, Error **errp)
{
    return true;
}

static void gpex_root_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    pc->realize = gpex_root_realize;
    pc->vendor_id = PCI_VENDOR_ID_REDHAT;
    pc->device_id = 0x0008;
    pc->class_id = PCI_CLASS_BRIDGE_HOST;
    dc->desc = "Generic PCI Express host bridge";
    dc->user_creatable = false;
    dc->categories |= 1UL << DEVICE_CATEGORY_BRIDGE;
}

static const char *const gpex_root_interfaces[] = { INTERFACE_CONVENTIONAL_PCI_DEVICE, NULL };
static const TypeInfo gpex_types[] = {
    {
        .name = TYPE_PCI_HOST_BRIDGE, .parent = TYPE_SYS_BUS_DEVICE, .instance_size = sizeof(PCIHostState), .abstract = true,
    }, {
        .name = TYPE_GPEX_HOST, .parent = TYPE_PCI_HOST_BRIDGE, .instance_size = sizeof(GPEXHost), .class_init = gpex_class_init,
    }, {
        .name = "gpex-root", .parent = TYPE_PCI_DEVICE, .instance_size = sizeof(PCIDevice), .class_init = gpex_root_class_init,
        .interfaces = gpex_root_interfaces,
    },
};
DEFINE_TYPES(gpex_types)
