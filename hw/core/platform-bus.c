/*
 * The platform bus: hands out places in a memory window and interrupts to
 * devices of -device that have no bus of their own. First come, first placed,
 * each region aligned to its own size; nothing is taken back, as such devices
 * are not unplugged.
 *
 * Guest sees: nothing of the bus itself. Runs under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/core/platform-bus.h"
#include "hw/core/qdev-properties.h"

struct PlatformBusDevice {
    SysBusDevice parent_obj;
    uint32_t mmio_size, num_irqs;
    MemoryRegion window;
    hwaddr next_addr;
    unsigned next_irq;
    qemu_irq *irqs;
};

void platform_bus_connect_irq(PlatformBusDevice *pbus, unsigned n, qemu_irq irq)
{
    g_assert(n < pbus->num_irqs);
    pbus->irqs[n] = irq;
}

static hwaddr next_place(const PlatformBusDevice *pbus, uint64_t size)
{
    return ROUND_UP(pbus->next_addr, pow2ceil(size));
}

bool platform_bus_has_room(PlatformBusDevice *pbus, uint64_t size, unsigned irqs, Error **errp)
{
    if (next_place(pbus, size) + size > pbus->mmio_size) {
        error_setg(errp, "the platform bus window (%u MiB) is full; remove a -device arm-smmuv3", (unsigned)(pbus->mmio_size / MiB));
        return false;
    }
    if (pbus->next_irq + irqs > pbus->num_irqs) {
        error_setg(errp, "the platform bus has no interrupts left (%u, four for each of at most %u SMMUs); remove a -device arm-smmuv3",
                   pbus->num_irqs, pbus->num_irqs / 4);
        return false;
    }
    return true;
}

static void place_region(PlatformBusDevice *pbus, SysBusDevice *sbd, int n)
{
    MemoryRegion *mr = sysbus_mmio_get_region(sbd, n);
    hwaddr addr = next_place(pbus, memory_region_size(mr));

    memory_region_add_subregion(&pbus->window, addr, mr);
    pbus->next_addr = addr + memory_region_size(mr);
}

bool platform_bus_link_device(PlatformBusDevice *pbus, SysBusDevice *sbd, Error **errp)
{
    uint64_t size = 0;

    for (int i = 0; i < sbd->num_mmio; i++) {
        size += memory_region_size(sysbus_mmio_get_region(sbd, i));
    }
    if (!platform_bus_has_room(pbus, size, sbd->num_irq, errp)) {
        return false;
    }
    for (int i = 0; i < sbd->num_mmio; i++) {
        place_region(pbus, sbd, i);
    }
    for (int i = 0; i < sbd->num_irq; i++) {
        sysbus_connect_irq(sbd, i, pbus->irqs[pbus->next_irq++]);
    }
    return true;
}

bool platform_bus_place_region(PlatformBusDevice *pbus, MemoryRegion *mr, Error **errp)
{
    hwaddr addr = ROUND_UP(pbus->next_addr, 64 * KiB);

    if (addr + memory_region_size(mr) > pbus->mmio_size) {
        error_setg(errp, "the platform bus window (%u MiB) is full", (unsigned)(pbus->mmio_size / MiB));
        return false;
    }
    memory_region_add_subregion(&pbus->window, addr, mr);
    pbus->next_addr = addr + memory_region_size(mr);
    return true;
}

int platform_bus_take_irq(PlatformBusDevice *pbus, qemu_irq *irq)
{
    if (pbus->next_irq == pbus->num_irqs) {
        return -1;
    }
    *irq = pbus->irqs[pbus->next_irq];
    return (int)pbus->next_irq++;
}

hwaddr platform_bus_get_mmio_addr(PlatformBusDevice *pbus, SysBusDevice *sbd, int n)
{
    return sysbus_mmio_get_region(sbd, n)->addr;
}

int platform_bus_get_irqn(PlatformBusDevice *pbus, SysBusDevice *sbd, int n)
{
    for (unsigned i = 0; i < pbus->next_irq; i++) {
        if (pbus->irqs[i] == *sbd->irq[n]) {
            return i;
        }
    }
    return -1;
}

static bool platform_bus_realize(DeviceState *dev, Error **errp)
{
    PlatformBusDevice *pbus = PLATFORM_BUS_DEVICE(dev);

    pbus->irqs = g_new0(qemu_irq, pbus->num_irqs);
    memory_region_init(&pbus->window, OBJECT(dev), "platform bus", pbus->mmio_size);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &pbus->window);
    return true;
}

static void platform_bus_finalize(Object *obj)
{
    g_free(PLATFORM_BUS_DEVICE(obj)->irqs);
}

static const Property platform_bus_properties[] = {
    DEFINE_PROP_UINT32("num_irqs", PlatformBusDevice, num_irqs, 0),
    DEFINE_PROP_UINT32("mmio_size", PlatformBusDevice, mmio_size, 0),
};

static void platform_bus_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = platform_bus_realize;
    device_class_set_props(dc, platform_bus_properties);
}

static const TypeInfo platform_bus_info = {
    .name = TYPE_PLATFORM_BUS_DEVICE, .parent = TYPE_SYS_BUS_DEVICE, .instance_size = sizeof(PlatformBusDevice),
    .instance_finalize = platform_bus_finalize, .class_init = platform_bus_class_init,
};
DEFINE_TYPE(platform_bus_info)
