/*
 * HMAT: how well initiators reach memory (ACPI 6.5, 5.2.28, revision 2).
 *
 * Three kinds of structures: for each node with memory who reaches it best;
 * matrices of latency and bandwidth; caches in front of memory.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/acpi/topology.h"
#include "hw/core/numa-hmat.h"
#include "util/bits.h"

enum { HMAT_PROXIMITY, HMAT_LOCALITY, HMAT_CACHE };
enum { PROXIMITY_LEN = 40, LOCALITY_LEN = 32, CACHE_LEN = 32 };
enum { INITIATOR_VALID = 1 << 0 };
enum { PS_PER_NS = 1000 };

/* Nodes by role, in order. Every node is a target: memory may come to it later. */
typedef struct Roles { uint32_t ids[MAX_NUMA_NODES]; unsigned index[MAX_NUMA_NODES], n; bool has[MAX_NUMA_NODES]; } Roles;

static void add_role(Roles *r, unsigned node)
{
    r->has[node] = true;
    r->index[node] = r->n;
    r->ids[r->n++] = node;
}

static void put_head(AcpiTables *t, uint16_t type, uint32_t len)
{
    acpi_put16(t, type);
    acpi_put16(t, 0);
    acpi_put32(t, len);
}

static void put_proximity(AcpiTables *t, const MachineState *ms, unsigned node)
{
    int initiator = ms->numa[node].initiator;

    put_head(t, HMAT_PROXIMITY, PROXIMITY_LEN);
    acpi_put16(t, initiator >= 0 ? INITIATOR_VALID : 0);
    acpi_put16(t, 0);
    acpi_put32(t, initiator >= 0 ? initiator : MAX_NUMA_NODES);
    acpi_put32(t, node);
    acpi_put_zeros(t, 20);
}

static void put_locality(AcpiTables *t, const GArray *values, unsigned hierarchy, unsigned type, const Roles *initiators, const Roles *targets)
{
    bool latency = hmat_is_latency(type);
    uint64_t unit = hmat_unit(values, latency);

    put_head(t, HMAT_LOCALITY, LOCALITY_LEN + 4 * (initiators->n + targets->n) + 2 * initiators->n * targets->n);
    acpi_put8(t, hierarchy);
    acpi_put8(t, type);
    acpi_put8(t, 0);                    /* minimum transfer size: none */
    acpi_put8(t, 0);
    acpi_put32(t, initiators->n);
    acpi_put32(t, targets->n);
    acpi_put32(t, 0);
    acpi_put64(t, latency ? unit * PS_PER_NS : unit / MiB);
    for (unsigned i = 0; i < initiators->n; i++) {
        acpi_put32(t, initiators->ids[i]);
    }
    for (unsigned i = 0; i < targets->n; i++) {
        acpi_put32(t, targets->ids[i]);
    }
    guint matrix = t->blob->len;
    acpi_put_zeros(t, 2 * initiators->n * targets->n);  /* 0: not given */
    for (guint i = 0; unit && i < values->len; i++) {
        const HmatValue *v = &g_array_index(values, HmatValue, i);
        unsigned cell = initiators->index[v->initiator] * targets->n + targets->index[v->target];
        if (initiators->has[v->initiator]) {        /* its device may have gone since */
            stw_le_p(t->blob->data + matrix + 2 * cell, v->value / unit);
        }
    }
}

static void put_cache(AcpiTables *t, unsigned node, unsigned levels, unsigned level, const HmatCache *c)
{
    put_head(t, HMAT_CACHE, CACHE_LEN);
    acpi_put32(t, node);
    acpi_put32(t, 0);
    acpi_put64(t, c->size);
    acpi_put32(t, levels | level << 4 | c->associativity << 8 | c->policy << 12 | (uint32_t)c->line << 16);
    acpi_put16(t, 0);
    acpi_put16(t, 0);                   /* SMBIOS handles */
}

static void put_caches(AcpiTables *t, unsigned node, const HmatCache *caches)
{
    unsigned levels = 0;

    while (levels < HMAT_CACHE_LEVELS && caches[levels].present) {
        levels++;
    }
    for (unsigned i = 0; i < levels; i++) {
        put_cache(t, node, levels, i + 1, &caches[i]);
    }
}

static void put_given(AcpiTables *t, const MachineState *ms, const Roles *initiators, const Roles *targets)
{
    const NumaHmat *hmat = ms->hmat;

    for (unsigned i = 0; i < HMAT_HIERARCHIES * HMAT_DATA_TYPES; i++) {
        unsigned h = i / HMAT_DATA_TYPES, type = i % HMAT_DATA_TYPES;
        if (hmat->values[h][type]) {
            put_locality(t, hmat->values[h][type], h, type, initiators, targets);
        }
    }
    for (unsigned i = 0; i < ms->num_numa; i++) {
        const HmatCache *caches = g_hash_table_lookup(hmat->caches, GUINT_TO_POINTER(i));
        if (caches) {
            put_caches(t, i, caches);
        }
    }
}

void acpi_build_hmat(AcpiTables *t, const MachineState *ms)
{
    uint32_t start = acpi_table_begin(t, "HMAT", 2);
    Roles initiators = { .n = 0 }, targets = { .n = 0 };

    acpi_put32(t, 0);
    for (unsigned i = 0; i < ms->num_numa; i++) {
        if (machine_node_initiates(ms, i)) {
            add_role(&initiators, i);
        }
        add_role(&targets, i);
        if (ms->numa[i].size) {
            put_proximity(t, ms, i);
        }
    }
    if (ms->hmat) {
        put_given(t, ms, &initiators, &targets);
    }
    acpi_table_end(t, start);
    acpi_tables_list(t, start);
}
