/*
 * Devices with MMIO regions and interrupt wires that a machine places itself.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CORE_SYSBUS_H
#define HW_CORE_SYSBUS_H

#include "hw/core/qdev.h"
#include "system/memory.h"

#define TYPE_SYSTEM_BUS "System"
#define TYPE_SYS_BUS_DEVICE "sys-bus-device"
#define TYPE_DYNAMIC_SYS_BUS_DEVICE "dynamic-sysbus-device"   /* -device may make these */
OBJECT_DECLARE_TYPE(SysBusDevice, SysBusDeviceClass, SYS_BUS_DEVICE)

#define SYSBUS_MAX_MMIO 8
#define SYSBUS_MAX_IRQ  64

struct SysBusDeviceClass {
    DeviceClass parent_class;
    /* for firmware paths, when it is not the address of MMIO 0 */
    char *(*unit_address)(const SysBusDevice *dev);
};

struct SysBusDevice {
    DeviceState parent_obj;
    int num_mmio;
    struct { MemoryRegion *memory; hwaddr addr; bool mapped; } mmio[SYSBUS_MAX_MMIO];
    int num_irq;
    qemu_irq *irq[SYSBUS_MAX_IRQ];
};

void sysbus_init_mmio(SysBusDevice *dev, MemoryRegion *mr);
void sysbus_init_irq(SysBusDevice *dev, qemu_irq *p);
void sysbus_mmio_map(SysBusDevice *dev, int n, hwaddr addr);
void sysbus_mmio_map_overlap(SysBusDevice *dev, int n, hwaddr addr, int priority);
MemoryRegion *sysbus_mmio_get_region(SysBusDevice *dev, int n);
void sysbus_connect_irq(SysBusDevice *dev, int n, qemu_irq irq);
bool sysbus_is_irq_connected(SysBusDevice *dev, int n);
bool sysbus_realize(SysBusDevice *dev, Error **errp);
bool sysbus_realize_and_unref(SysBusDevice *dev, Error **errp);

#endif
