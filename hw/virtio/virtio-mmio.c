/*
 * virtio over MMIO (virtio 1.2, 4.2), the empty transport: a guest that probes
 * it reads the magic value, version 1 and device ID 0, "no device here"
 * (4.2.3.1.1), and goes on. Its bus takes one device.
 *
 * Runs under the machine lock. Not modelled: a device on the bus.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/core/sysbus.h"
#include "hw/virtio/virtio-mmio.h"

OBJECT_DECLARE_SIMPLE_TYPE(VirtIOMMIOProxy, VIRTIO_MMIO)

/* --- registers (4.2.2) --- */
enum { MAGIC_VALUE = 0x000, VERSION = 0x004, DEVICE_ID = 0x008, VENDOR_ID = 0x00c };
#define VIRTIO_MAGIC    0x74726976      /* "virt" */
#define LEGACY_VERSION  1
#define VIRTIO_VENDOR   0x554d4551      /* "QEMU" */
#define REGION_SIZE     0x200

struct VirtIOMMIOProxy {
    SysBusDevice parent_obj;
    MemoryRegion iomem;
    qemu_irq irq;
    BusState bus;
};

static uint64_t virtio_mmio_read(void *opaque, hwaddr addr, unsigned size)
{
    switch (addr) {
    case MAGIC_VALUE: return VIRTIO_MAGIC;
    case VERSION:     return LEGACY_VERSION;
    case VENDOR_ID:   return VIRTIO_VENDOR;
    default:          return 0;
    }
}

static void virtio_mmio_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
}

static const MemoryRegionOps virtio_mmio_ops = {
    .read = virtio_mmio_read, .write = virtio_mmio_write, .endianness = DEVICE_LITTLE_ENDIAN,
};

static bool virtio_mmio_realize(DeviceState *dev, Error **errp)
{
    static unsigned number;
    VirtIOMMIOProxy *proxy = VIRTIO_MMIO(dev);
    g_autofree char *name = g_strdup_printf("virtio-mmio-bus.%u", number++);

    qbus_init(&proxy->bus, sizeof(proxy->bus), TYPE_VIRTIO_MMIO_BUS, dev, name);
    memory_region_init_io(&proxy->iomem, OBJECT(dev), &virtio_mmio_ops, proxy, TYPE_VIRTIO_MMIO, REGION_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &proxy->iomem);
    sysbus_init_irq(SYS_BUS_DEVICE(dev), &proxy->irq);
    return true;
}

static void virtio_mmio_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->desc = "virtio transport over MMIO";
    dc->realize = virtio_mmio_realize;
}

static void virtio_mmio_bus_class_init(ObjectClass *klass, const void *data)
{
    BUS_CLASS(klass)->max_dev = 1;
}

static const TypeInfo virtio_mmio_infos[] = {
    { .name = TYPE_VIRTIO_MMIO, .parent = TYPE_SYS_BUS_DEVICE, .instance_size = sizeof(VirtIOMMIOProxy), .class_init = virtio_mmio_class_init },
    { .name = TYPE_VIRTIO_MMIO_BUS, .parent = TYPE_BUS, .class_init = virtio_mmio_bus_class_init },
};
DEFINE_TYPES(virtio_mmio_infos)
