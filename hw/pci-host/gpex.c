/*
 * Generic PCIe host bridge: configuration through ECAM (PCI Firmware
 * Specification 3.3 section 4.1), one memory and one I/O space, four INTx lines.
 * The machine places the windows. What nobody decodes reads as all ones and
 * ignores writes, as a root complex answers an unsupported request.
 *
 * Config accesses run under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/pci/pci_host.h"

#define TYPE_GPEX_ROOT  "gpex-root"
#define ECAM_SIZE_MAX   (256 * MiB)
#define PIO_SIZE        (64 * KiB)

/* --- ECAM: bus, device and function are bits of the address --------------------------------- */

static PCIDevice *ecam_target(GPEXHost *s, hwaddr addr)
{
    return pci_find_device(s->parent_obj.bus, (addr >> 20) & 0xff, (addr >> 12) & 0xff);
}

/* Config cycles are the CPUs'. A function that aims DMA here would otherwise reset or remove itself in mid-transfer. */
static bool from_cpu(MemTxAttrs attrs)
{
    return attrs.unspecified;
}

static MemTxResult ecam_read(void *opaque, hwaddr addr, uint64_t *data, unsigned size, MemTxAttrs attrs)
{
    PCIDevice *dev = ecam_target(opaque, addr);

    *data = MAKE_64BIT_MASK(0, size * 8);
    if (!from_cpu(attrs)) {
        return MEMTX_ACCESS_ERROR;
    }
    if (dev) {
        *data = pci_host_config_read_common(dev, addr & 0xfff, PCIE_CONFIG_SPACE_SIZE, size);
    }
    return MEMTX_OK;
}

static MemTxResult ecam_write(void *opaque, hwaddr addr, uint64_t val, unsigned size, MemTxAttrs attrs)
{
    PCIDevice *dev = ecam_target(opaque, addr);

    if (!from_cpu(attrs)) {
        return MEMTX_ACCESS_ERROR;
    }
    if (dev) {
        pci_host_config_write_common(dev, addr & 0xfff, PCIE_CONFIG_SPACE_SIZE, val, size);
    }
    return MEMTX_OK;
}

static const MemoryRegionOps ecam_ops = {
    .read_with_attrs = ecam_read, .write_with_attrs = ecam_write, .endianness = DEVICE_LITTLE_ENDIAN,
};

/* --- Where no device answers ---------------------------------------------------------------------- */

static uint64_t nobody_read(void *opaque, hwaddr addr, unsigned size)
{
    return UINT64_MAX;
}

static void nobody_write(void *opaque, hwaddr addr, uint64_t val, unsigned size)
{
}

static const MemoryRegionOps nobody_ops = {
    .read = nobody_read, .write = nobody_write, .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

/* --- INTx --------------------------------------------------------------------------------------------- */

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
    s->irq_num[index] = gsi;
}

/* --- Life ----------------------------------------------------------------------------------------------- */

static bool gpex_host_realize(DeviceState *dev, Error **errp)
{
    GPEXHost *s = GPEX_HOST(dev);
    SysBusDevice *sbd = SYS_BUS_DEVICE(dev);
    PCIBus *bus;

    s->ecam_size = ECAM_SIZE_MAX;
    memory_region_init_io(&s->ecam, OBJECT(s), &ecam_ops, s, "pcie-mmcfg-mmio", s->ecam_size);
    memory_region_init_io(&s->io_mmio, OBJECT(s), &nobody_ops, s, "gpex_mmio", UINT64_MAX);
    memory_region_init_io(&s->io_ioport, OBJECT(s), &nobody_ops, s, "gpex_ioport", PIO_SIZE);
    sysbus_init_mmio(sbd, &s->ecam);
    sysbus_init_mmio(sbd, &s->io_mmio);
    sysbus_init_mmio(sbd, &s->io_ioport);
    for (int i = 0; i < PCI_NUM_PINS; i++) {
        sysbus_init_irq(sbd, &s->irq[i]);
        s->irq_num[i] = -1;
    }
    s->parent_obj.bus = bus = pci_root_bus_new(dev, "pcie.0", &s->io_mmio, &s->io_ioport, 0, TYPE_PCIE_BUS);
    bus->bypass_iommu = s->parent_obj.bypass_iommu;
    bus->route_intx_to_irq = gpex_route_intx;
    pci_bus_irqs(bus, gpex_set_irq, s, PCI_NUM_PINS);
    return pci_realize_and_unref(pci_new(PCI_DEVFN(0, 0), TYPE_GPEX_ROOT), bus, errp);
}

static void gpex_host_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = gpex_host_realize;
    dc->categories |= BIT(DEVICE_CATEGORY_BRIDGE);
    dc->fw_name = "pci";
    dc->desc = "Generic PCI Express host bridge";
}

/* The host bridge as the guest sees it at 00:00.0. */
static void gpex_root_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    dc->desc = "PCI Express host bridge without a chipset";
    dc->categories |= BIT(DEVICE_CATEGORY_BRIDGE);
    dc->user_creatable = false;
    pc->vendor_id = PCI_VENDOR_ID_REDHAT;
    pc->device_id = PCI_DEVICE_ID_REDHAT_PCIE_HOST;
    pc->class_id = PCI_CLASS_BRIDGE_HOST;
}

static const TypeInfo gpex_infos[] = {
    {
        .name = TYPE_GPEX_HOST, .parent = TYPE_PCI_HOST_BRIDGE, .instance_size = sizeof(GPEXHost),
        .class_init = gpex_host_class_init,
    },
    {
        .name = TYPE_GPEX_ROOT, .parent = TYPE_PCI_DEVICE, .class_init = gpex_root_class_init,
        .interfaces = (const char *const[]) { INTERFACE_CONVENTIONAL_PCI_DEVICE, NULL },
    },
};
DEFINE_TYPES(gpex_infos)
