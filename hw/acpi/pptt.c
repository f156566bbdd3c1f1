/*
 * PPTT: the tree of packages, clusters, cores and threads, and the caches
 * they share (ACPI 6.5, 5.2.30).
 *
 * One root stands above all packages. A level of threads exists only when a
 * core has more than one, clusters only when the user asked for them. Caches
 * are shown when the user said where they are shared; those of a node stand
 * before it, the outermost first, and the node names the innermost.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/acpi/topology.h"

enum { NODE = 0, NODE_LEN = 20, CACHE = 1, CACHE_LEN = 24 };
enum {
    PHYSICAL_PACKAGE = 1 << 0, ID_VALID = 1 << 1, IS_THREAD = 1 << 2, IS_LEAF = 1 << 3, IDENTICAL = 1 << 4,
};
/* Size, sets, associativity, allocation, type, policy and line are given; the identifier is not. */
enum { CACHE_FLAGS = 0x7f, NO_ASSOCIATIVITY = 1 << 2 };
enum { ALLOCATE_BOTH = 3, TYPE_DATA = 0 << 2, TYPE_INSTRUCTION = 1 << 2, TYPE_UNIFIED = 3 << 2 };

typedef struct Pptt {
    AcpiTables *t;
    const MachineState *ms;
    uint32_t start, uid;
} Pptt;

/* What a node owns: offsets from the table's start. */
typedef struct Resources { uint32_t at[SMP_CACHE_MAX], n; } Resources;

static uint32_t here(const Pptt *p)
{
    return p->t->blob->len - p->start;
}

/* Returns the node's offset: how children name their parent. */
static uint32_t put_node(Pptt *p, uint32_t flags, uint32_t parent, uint32_t id, const Resources *own)
{
    uint32_t at = here(p), n = own ? own->n : 0;

    acpi_put8(p->t, NODE);
    acpi_put8(p->t, NODE_LEN + 4 * n);
    acpi_put16(p->t, 0);
    acpi_put32(p->t, flags);
    acpi_put32(p->t, parent);
    acpi_put32(p->t, id);
    acpi_put32(p->t, n);
    for (uint32_t i = 0; i < n; i++) {
        acpi_put32(p->t, own->at[i]);
    }
    return at;
}

static uint32_t put_cache(Pptt *p, const SmpCacheInfo *c, uint8_t type, uint32_t next)
{
    uint32_t at = here(p);
    bool fits = c->ways <= UINT8_MAX;

    acpi_put8(p->t, CACHE);
    acpi_put8(p->t, CACHE_LEN);
    acpi_put16(p->t, 0);
    acpi_put32(p->t, fits ? CACHE_FLAGS : CACHE_FLAGS & ~NO_ASSOCIATIVITY);
    acpi_put32(p->t, next);
    acpi_put32(p->t, c->size);
    acpi_put32(p->t, c->sets);
    acpi_put8(p->t, fits ? c->ways : 0);
    acpi_put8(p->t, ALLOCATE_BOTH | type);
    acpi_put16(p->t, c->line);
    return at;
}

/* The caches that CPUs share at @level. */
static Resources put_caches(Pptt *p, CpuLevel level)
{
    const SmpCacheInfo *c = p->ms->smp_cache;
    uint32_t outer = 0;
    Resources own = { .n = 0 };

    for (int i = SMP_CACHE_L3; i >= SMP_CACHE_L2; i--) {
        if (c[i].at == level) {
            outer = put_cache(p, &c[i], TYPE_UNIFIED, outer);
        }
    }
    if (c[SMP_CACHE_L1D].at != level) {
        if (outer) {
            own.at[own.n++] = outer;
        }
        return own;
    }
    uint32_t data = put_cache(p, &c[SMP_CACHE_L1D], TYPE_DATA, outer);
    own.at[own.n++] = put_cache(p, &c[SMP_CACHE_L1I], TYPE_INSTRUCTION, outer);
    own.at[own.n++] = data;
    return own;
}

static void put_core(Pptt *p, uint32_t parent, unsigned core)
{
    unsigned threads = p->ms->smp.threads;
    Resources own = put_caches(p, CPU_LEVEL_CORE);

    if (threads == 1) {
        put_node(p, ID_VALID | IS_LEAF, parent, p->uid++, &own);
        return;
    }
    uint32_t node = put_node(p, IDENTICAL, parent, core, &own);
    for (unsigned i = 0; i < threads; i++) {
        put_node(p, ID_VALID | IS_THREAD | IS_LEAF, node, p->uid++, NULL);
    }
}

static void put_cluster(Pptt *p, uint32_t package, unsigned cluster)
{
    const CpuTopology *smp = &p->ms->smp;
    uint32_t parent = package;

    if (smp->has_clusters) {
        Resources own = put_caches(p, CPU_LEVEL_CLUSTER);
        parent = put_node(p, IDENTICAL, package, cluster, &own);
    }
    for (unsigned i = 0; i < smp->cores; i++) {
        put_core(p, parent, i);
    }
}

uint32_t acpi_build_pptt(AcpiTables *t, const MachineState *ms)
{
    Pptt p = { .t = t, .ms = ms, .start = acpi_table_begin(t, "PPTT", 2) };
    uint32_t root = put_node(&p, PHYSICAL_PACKAGE | IDENTICAL, 0, 0, NULL);

    for (unsigned s = 0; s < ms->smp.sockets; s++) {
        Resources own = put_caches(&p, CPU_LEVEL_SOCKET);
        uint32_t package = put_node(&p, PHYSICAL_PACKAGE | IDENTICAL, root, s, &own);

        for (unsigned c = 0; c < ms->smp.clusters; c++) {
            put_cluster(&p, package, c);
        }
    }
    acpi_table_end(t, p.start);
    return p.start;
}
