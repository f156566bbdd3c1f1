/*
 * PCI host bridges and their slots, as the DSDT tells the guest's kernel.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ACPI_PCI_H
#define HW_ACPI_PCI_H

#include "hw/acpi/aml.h"
#include "hw/acpi/tables.h"
#include "hw/pci/pci.h"

typedef struct AcpiWindow { uint64_t base, size; } AcpiWindow;          /* size 0: none */

typedef struct AcpiPciHost {
    PCIBus *bus;                        /* main root; extra roots are among its children */
    AcpiWindow mmio32, mmio64, pio, ecam;
    uint32_t irq_base;                  /* GSI of INTA at slot 0; the other three follow */
    bool preserve_config;               /* _DSM 5: the kernel must keep the buses and BARs it finds */
} AcpiPciHost;

/* PNP0A08 devices with _PRT, _CRS, _OSC and _DSM: extra roots first, then PCI0. */
void acpi_dsdt_add_pci_hosts(Aml *a, const AcpiPciHost *host);
/* Scope (\_SB.PCI0): a device for each slot of the main root. */
void acpi_dsdt_add_pci_slots(Aml *a, PCIBus *bus);
void acpi_build_mcfg(AcpiTables *t, const AcpiPciHost *host);

/*
 * Address ranges, inclusive at both ends, that devices below a root decode.
 */
typedef struct AcpiRange { uint64_t first, last; } AcpiRange;
typedef struct AcpiRangeSet { GArray *io, *mem32, *mem64; } AcpiRangeSet;     /* AcpiRange */
AcpiRangeSet acpi_ranges_new(void);
void acpi_ranges_free(AcpiRangeSet *s);
/* What the functions on @bus decode themselves or forward; merged where they touch. */
void acpi_ranges_add_bus(AcpiRangeSet *s, PCIBus *bus);
/* Sorts and joins neighbours. */
void acpi_ranges_merge(GArray *ranges);
/* @out: the parts of [first, last] that no range covers. */
void acpi_ranges_gaps(GArray *out, GArray *ranges, uint64_t first, uint64_t last);

#endif
