/*
 * How ACPI tells the guest of DIMMs that come and go.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ACPI_MEMORY_HOTPLUG_H
#define HW_ACPI_MEMORY_HOTPLUG_H

#include "hw/acpi/aml.h"
#include "hw/mem/pc-dimm.h"

#define ACPI_MEMORY_HOTPLUG_SIZE 0x18

/* What is going on at a slot, and what the guest last said of it (_OST). */
typedef struct AcpiMemorySlot { bool inserting, removing; uint32_t ost_event, ost_status; } AcpiMemorySlot;
typedef struct AcpiMemoryHotplug {
    MemoryRegion io;
    MemorySlots *slots;
    uint32_t selected;
    AcpiMemorySlot *slot;
} AcpiMemoryHotplug;

/* @m->slots is set. */
void acpi_memory_hotplug_init(AcpiMemoryHotplug *m, Object *owner);
void acpi_memory_hotplug_finalize(AcpiMemoryHotplug *m);
/* Both leave it to the caller to raise the event. */
void acpi_memory_inserted(AcpiMemoryHotplug *m, const PCDIMMDevice *dimm);
void acpi_memory_remove(AcpiMemoryHotplug *m, const PCDIMMDevice *dimm);
/* A list of ACPIOSTInfo. */
json_t *acpi_memory_describe(const AcpiMemoryHotplug *m);

/* \_SB.MHPD and \_SB.MHPC with a device for each slot, and what the event's handler calls. */
void acpi_dsdt_add_memory_hotplug(Aml *a, uint64_t registers, unsigned slots);
#define ACPI_MEMORY_SCAN "\\_SB.MHPC.MSCN"

#endif
