/*
 * SRAT and SLIT: which node a processor, a stretch of memory or a device belongs to,
 * and how far nodes are apart (ACPI 6.5, 5.2.16 and 5.2.17).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/acpi/generic-initiator.h"
#include "hw/acpi/topology.h"

enum { SRAT_MEMORY = 1, SRAT_MEMORY_LEN = 40, SRAT_GICC = 3, SRAT_GICC_LEN = 18 };
enum { SRAT_ENABLED = 1 << 0, SRAT_HOTPLUGGABLE = 1 << 1 };

static void put_gicc(AcpiTables *t, uint32_t node, uint32_t uid)
{
    acpi_put8(t, SRAT_GICC);
    acpi_put8(t, SRAT_GICC_LEN);
    acpi_put32(t, node);
    acpi_put32(t, uid);
    acpi_put32(t, SRAT_ENABLED);
    acpi_put32(t, 0);                   /* clock domain */
}

static void put_memory(AcpiTables *t, uint32_t node, uint64_t base, uint64_t size, uint32_t flags)
{
    acpi_put8(t, SRAT_MEMORY);
    acpi_put8(t, SRAT_MEMORY_LEN);
    acpi_put32(t, node);
    acpi_put16(t, 0);
    acpi_put64(t, base);
    acpi_put64(t, size);
    acpi_put32(t, 0);
    acpi_put32(t, flags);
    acpi_put64(t, 0);
}

/* Every CPU the machine could have is listed, also those it starts without. */
void acpi_build_srat(AcpiTables *t, MachineState *ms, uint64_t ram_base, uint64_t room_base, uint64_t room_len)
{
    uint32_t start = acpi_table_begin(t, "SRAT", 3);
    unsigned n;
    const CPUArchId *slots = MACHINE_GET_CLASS(ms)->possible_cpus(ms, &n);

    acpi_put32(t, 1);                   /* reserved: was a table version */
    acpi_put64(t, 0);
    for (unsigned i = 0; i < n; i++) {
        put_gicc(t, MAX(slots[i].node, 0), i);
    }
    for (unsigned i = 0; i < ms->num_numa; i++) {
        if (ms->numa[i].size) {
            put_memory(t, i, ram_base, ms->numa[i].size, SRAT_ENABLED);
            ram_base += ms->numa[i].size;
        }
    }
    acpi_put_generic_initiators(t);
    if (room_len) {
        put_memory(t, ms->num_numa - 1, room_base, room_len, SRAT_ENABLED | SRAT_HOTPLUGGABLE);
    }
    acpi_table_end(t, start);
    acpi_tables_list(t, start);
}

void acpi_build_slit(AcpiTables *t, const MachineState *ms)
{
    uint32_t start = acpi_table_begin(t, "SLIT", 1);

    acpi_put64(t, ms->num_numa);
    for (unsigned i = 0; i < ms->num_numa; i++) {
        for (unsigned j = 0; j < ms->num_numa; j++) {
            acpi_put8(t, ms->numa[i].distance[j]);
        }
    }
    acpi_table_end(t, start);
    acpi_tables_list(t, start);
}
