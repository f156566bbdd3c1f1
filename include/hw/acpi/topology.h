/*
 * Tables that describe processors and memory nodes, whatever the machine.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ACPI_TOPOLOGY_H
#define HW_ACPI_TOPOLOGY_H

#include "hw/acpi/tables.h"
#include "hw/core/boards.h"

/* PPTT; the caller lists it. Returns its offset. */
uint32_t acpi_build_pptt(AcpiTables *t, const MachineState *ms);
/* SRAT: CPUs by index, memory of nodes from @ram_base upwards. */
void acpi_build_srat(AcpiTables *t, MachineState *ms, uint64_t ram_base);
/* Only when -numa dist was given (ms->have_numa_distance). */
void acpi_build_slit(AcpiTables *t, const MachineState *ms);

#endif
