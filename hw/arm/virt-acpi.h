/*
 * The pieces of the `virt` machine's ACPI description.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ARM_VIRT_ACPI_H
#define HW_ARM_VIRT_ACPI_H

#include "hw/acpi/pci.h"
#include "hw/acpi/tables.h"
#include "hw/arm/virt.h"

/* Shared interrupts count from 32 in ACPI. */
static inline uint32_t virt_gsi(const VirtMachineState *vms, VirtRegion region)
{
    return GIC_INTERNAL + vms->irqmap[region];
}

/* An accelerated SMMU wants the bus numbers and the MSI window left alone. */
bool virt_has_accel_smmu(const VirtMachineState *vms);
AcpiPciHost virt_acpi_pci_host(const VirtMachineState *vms);
/* All tables, from the machine as it is now. */
void virt_acpi_build(AcpiTables *t, VirtMachineState *vms);

/* virt-acpi-dsdt.c; returns the table's offset. */
uint32_t virt_acpi_build_dsdt(AcpiTables *t, VirtMachineState *vms);
/* virt-acpi-tables.c */
void virt_acpi_build_fadt(AcpiTables *t, VirtMachineState *vms, uint32_t dsdt);
void virt_acpi_build_madt(AcpiTables *t, VirtMachineState *vms);
void virt_acpi_build_gtdt(AcpiTables *t, VirtMachineState *vms);
void virt_acpi_build_spcr(AcpiTables *t, VirtMachineState *vms);
void virt_acpi_build_dbg2(AcpiTables *t, VirtMachineState *vms);
/* virt-acpi-iort.c */
void virt_acpi_build_iort(AcpiTables *t, VirtMachineState *vms);
/* The identifier of the node of an SMMU of -device, by its number in vms->smmus. */
uint32_t virt_acpi_smmu_identifier(const VirtMachineState *vms, uint32_t index);
/* virt-smbios.c */
bool virt_smbios_build(VirtMachineState *vms, GByteArray *tables, GByteArray *anchor, Error **errp);
void virt_smbios_setup(VirtMachineState *vms);                  /* into fw_cfg */

#endif
