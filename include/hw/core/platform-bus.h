/*
 * The platform bus: a window and a row of interrupts from which devices given
 * with -device get their places.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CORE_PLATFORM_BUS_H
#define HW_CORE_PLATFORM_BUS_H

#include "hw/core/sysbus.h"

#define TYPE_PLATFORM_BUS_DEVICE "platform-bus-device"
OBJECT_DECLARE_SIMPLE_TYPE(PlatformBusDevice, PLATFORM_BUS_DEVICE)

/* Properties: mmio_size, num_irqs. MMIO 0 is the window; the machine maps it. */
void platform_bus_connect_irq(PlatformBusDevice *pbus, unsigned n, qemu_irq irq);
/* Is there a place for a device with one region of @size and @irqs interrupts? */
bool platform_bus_has_room(PlatformBusDevice *pbus, uint64_t size, unsigned irqs, Error **errp);
/* Gives a realized device its places. */
bool platform_bus_link_device(PlatformBusDevice *pbus, SysBusDevice *sbd, Error **errp);
/* A place for one region more, aligned to 64 KiB, for what is found out late. */
bool platform_bus_place_region(PlatformBusDevice *pbus, MemoryRegion *mr, Error **errp);
int platform_bus_take_irq(PlatformBusDevice *pbus, qemu_irq *irq);                         /* its number on the bus; -1: none is left */
hwaddr platform_bus_get_mmio_addr(PlatformBusDevice *pbus, SysBusDevice *sbd, int n);     /* in the window */
int platform_bus_get_irqn(PlatformBusDevice *pbus, SysBusDevice *sbd, int n);             /* on the bus; -1: none */

#endif
