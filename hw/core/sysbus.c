/*
 * The system bus: devices the machine places at addresses and wires by hand.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/core/sysbus.h"

/* qtest's name for the wires of sysbus_init_irq() */
#define SYSBUS_IRQ_LIST "sysbus-irq"

void sysbus_init_mmio(SysBusDevice *dev, MemoryRegion *mr)
{
    g_assert(dev->num_mmio < SYSBUS_MAX_MMIO);
    dev->mmio[dev->num_mmio++].memory = mr;
}

void sysbus_init_irq(SysBusDevice *dev, qemu_irq *p)
{
    g_assert(dev->num_irq < SYSBUS_MAX_IRQ);
    dev->irq[dev->num_irq++] = p;
    qdev_init_gpio_out_named(DEVICE(dev), p, SYSBUS_IRQ_LIST, 1);
}

static void mmio_map(SysBusDevice *dev, int n, hwaddr addr, bool overlap, int priority)
{
    MemoryRegion *mr;

    g_assert(n >= 0 && n < dev->num_mmio);
    mr = dev->mmio[n].memory;
    if (dev->mmio[n].mapped && dev->mmio[n].addr == addr) {
        return;
    }
    if (dev->mmio[n].mapped) {
        memory_region_del_subregion(get_system_memory(), mr);
    }
    dev->mmio[n].addr = addr;
    dev->mmio[n].mapped = true;
    if (overlap) {
        memory_region_add_subregion_overlap(get_system_memory(), addr, mr, priority);
    } else {
        memory_region_add_subregion(get_system_memory(), addr, mr);
    }
}

void sysbus_mmio_map(SysBusDevice *dev, int n, hwaddr addr)
{
    mmio_map(dev, n, addr, false, 0);
}

void sysbus_mmio_map_overlap(SysBusDevice *dev, int n, hwaddr addr, int priority)
{
    mmio_map(dev, n, addr, true, priority);
}

MemoryRegion *sysbus_mmio_get_region(SysBusDevice *dev, int n)
{
    g_assert(n >= 0 && n < dev->num_mmio);
    return dev->mmio[n].memory;
}

void sysbus_connect_irq(SysBusDevice *dev, int n, qemu_irq irq)
{
    qdev_connect_gpio_out_named(DEVICE(dev), SYSBUS_IRQ_LIST, n, irq);
}

bool sysbus_is_irq_connected(SysBusDevice *dev, int n)
{
    g_assert(n >= 0 && n < dev->num_irq);
    return *dev->irq[n] != NULL;
}

bool sysbus_realize(SysBusDevice *dev, Error **errp)
{
    return qdev_realize(DEVICE(dev), sysbus_get_default(), errp);
}

bool sysbus_realize_and_unref(SysBusDevice *dev, Error **errp)
{
    return qdev_realize_and_unref(DEVICE(dev), sysbus_get_default(), errp);
}

BusState *sysbus_get_default(void)
{
    static BusState *bus;

    if (!bus) {
        bus = qbus_new(TYPE_SYSTEM_BUS, NULL, "main-system-bus");
        object_property_add_child(container_get(object_get_root(), "/machine/unattached"), "sysbus", OBJECT(bus));
    }
    return bus;
}

/* "name@address", for firmware */
static char *sysbus_fw_dev_path(DeviceState *dev)
{
    SysBusDevice *s = SYS_BUS_DEVICE(dev);
    DeviceClass *dc = DEVICE_GET_CLASS(dev);
    const char *name = dc->fw_name ? dc->fw_name : object_get_typename(OBJECT(dev));

    g_autofree char *unit = SYS_BUS_DEVICE_GET_CLASS(dev)->unit_address ? SYS_BUS_DEVICE_GET_CLASS(dev)->unit_address(s) : NULL;

    if (unit) {
        return g_strdup_printf("%s@%s", name, unit);
    }
    if (s->num_mmio) {                  /* all ones: its user maps it in pieces */
        return g_strdup_printf("%s@%016" PRIx64, name, s->mmio[0].mapped ? s->mmio[0].addr : UINT64_MAX);
    }
    return g_strdup(name);
}

static void system_bus_class_init(ObjectClass *klass, const void *data)
{
    BUS_CLASS(klass)->get_fw_dev_path = sysbus_fw_dev_path;
}

static void sysbus_device_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->bus_type = TYPE_SYSTEM_BUS;
    /* The board wires these; only those of the dynamic kind may be asked for. */
    dc->user_creatable = false;
    dc->hotpluggable = false;
}

static void dynamic_sysbus_device_class_init(ObjectClass *klass, const void *data)
{
    DEVICE_CLASS(klass)->user_creatable = true;
}

static const TypeInfo sysbus_types[] = {
    { .name = TYPE_SYSTEM_BUS, .parent = TYPE_BUS, .instance_size = sizeof(BusState),
      .class_init = system_bus_class_init },
    { .name = TYPE_SYS_BUS_DEVICE, .parent = TYPE_DEVICE, .instance_size = sizeof(SysBusDevice),
      .class_size = sizeof(SysBusDeviceClass), .abstract = true, .class_init = sysbus_device_class_init },
    { .name = TYPE_DYNAMIC_SYS_BUS_DEVICE, .parent = TYPE_SYS_BUS_DEVICE, .abstract = true,
      .class_init = dynamic_sysbus_device_class_init },
};
DEFINE_TYPES(sysbus_types)
