/*
 * -object acpi-generic-initiator: a PCI device that reaches memory on its own
 * is a member of NUMA nodes, which its driver may bring memory to later.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ACPI_GENERIC_INITIATOR_H
#define HW_ACPI_GENERIC_INITIATOR_H

#include "hw/acpi/tables.h"
#include "hw/core/boards.h"

#define TYPE_ACPI_GENERIC_INITIATOR "acpi-generic-initiator"

/* Each names a PCI device and a node of the machine; called when all devices are there. */
bool acpi_generic_initiators_check(const MachineState *ms, Error **errp);
/* Their entries in SRAT. */
void acpi_put_generic_initiators(AcpiTables *t);

#endif
