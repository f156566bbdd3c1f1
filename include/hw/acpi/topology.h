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
/* SRAT: CPUs by index, memory of nodes from @ram_base upwards, then room for memory to come (length 0: none). */
void acpi_build_srat(AcpiTables *t, MachineState *ms, uint64_t ram_base, uint64_t room_base, uint64_t room_len);
/* Only when -machine hmat=on. */
void acpi_build_hmat(AcpiTables *t, const MachineState *ms);
/* Only when -numa dist was given (ms->have_numa_distance). */
void acpi_build_slit(AcpiTables *t, const MachineState *ms);

#endif
