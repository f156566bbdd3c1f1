/*
 * PPTT: the tree of packages, clusters, cores and threads (ACPI 6.5, 5.2.30).
 *
 * One root stands above all packages. A level of threads exists only when a
 * core has more than one, clusters only when the user asked for them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/acpi/topology.h"

enum { NODE_LEN = 20 };
enum {
    PHYSICAL_PACKAGE = 1 << 0, ID_VALID = 1 << 1, IS_THREAD = 1 << 2, IS_LEAF = 1 << 3, IDENTICAL = 1 << 4,
};

/* Returns the node's offset from the table's start: how children name their parent. */
static uint32_t put_node(AcpiTables *t, uint32_t table, uint32_t flags, uint32_t parent, uint32_t id)
{
    uint32_t at = t->blob->len - table;

    acpi_put8(t, 0);                    /* processor hierarchy node */
    acpi_put8(t, NODE_LEN);
    acpi_put16(t, 0);
    acpi_put32(t, flags);
    acpi_put32(t, parent);
    acpi_put32(t, id);
    acpi_put32(t, 0);                   /* no private resources */
    return at;
}

static uint32_t put_core(AcpiTables *t, uint32_t table, uint32_t parent, unsigned core, unsigned threads, uint32_t uid)
{
    if (threads == 1) {
        put_node(t, table, ID_VALID | IS_LEAF, parent, uid);
        return uid + 1;
    }
    uint32_t node = put_node(t, table, IDENTICAL, parent, core);
    for (unsigned i = 0; i < threads; i++) {
        put_node(t, table, ID_VALID | IS_THREAD | IS_LEAF, node, uid++);
    }
    return uid;
}

uint32_t acpi_build_pptt(AcpiTables *t, const MachineState *ms)
{
    const CpuTopology *smp = &ms->smp;
    uint32_t start = acpi_table_begin(t, "PPTT", 2), uid = 0;
    uint32_t root = put_node(t, start, PHYSICAL_PACKAGE | IDENTICAL, 0, 0);

    for (unsigned s = 0; s < smp->sockets; s++) {
        uint32_t package = put_node(t, start, PHYSICAL_PACKAGE | IDENTICAL, root, s);

        for (unsigned c = 0; c < smp->clusters; c++) {
            uint32_t parent = smp->has_clusters ? put_node(t, start, IDENTICAL, package, c) : package;

            for (unsigned i = 0; i < smp->cores; i++) {
                uid = put_core(t, start, parent, i, smp->threads, uid);
            }
        }
    }
    acpi_table_end(t, start);
    return start;
}
