/*
 * ACPI Generic Event Device. MMIO 0, IRQ 0; with memory slots MMIO 1.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ACPI_GENERIC_EVENT_DEVICE_H
#define HW_ACPI_GENERIC_EVENT_DEVICE_H

#include "hw/core/sysbus.h"
#include "hw/mem/pc-dimm.h"

#define TYPE_ACPI_GED "acpi-ged"
OBJECT_DECLARE_SIMPLE_TYPE(AcpiGedState, ACPI_GED)

/* Bits of the event selector, as the DSDT's _EVT method tests them. */
enum { ACPI_GED_MEM_HOTPLUG_EVT = 1 << 0, ACPI_GED_PWR_DOWN_EVT = 1 << 1, ACPI_GED_NVDIMM_HOTPLUG_EVT = 1 << 2, ACPI_GED_ERROR_EVT = 1 << 5 };
void acpi_ged_raise(AcpiGedState *ged, uint32_t events);
static inline void acpi_ged_power_button(AcpiGedState *ged)
{
    acpi_ged_raise(ged, ACPI_GED_PWR_DOWN_EVT);
}

/* Before it is realized. */
void acpi_ged_set_memory_slots(AcpiGedState *ged, MemorySlots *slots);
void acpi_ged_memory_inserted(AcpiGedState *ged, const PCDIMMDevice *dimm);
void acpi_ged_remove_memory(AcpiGedState *ged, const PCDIMMDevice *dimm);

#endif
