/*
 * -numa hmat-lb and hmat-cache: latency and bandwidth between nodes, memory
 * side caches, and who initiates best (ACPI 6.5, 5.2.28).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/core/numa-hmat.h"
#include "machine-int.h"
#include "util/options.h"

/* The table has 16 bits for each value. */
#define MOST_UNITS UINT16_MAX

static const char *const hierarchies[] = { "memory", "first-level", "second-level", "third-level" };
static const char *const data_types[] = {
    "access-latency", "read-latency", "write-latency", "access-bandwidth", "read-bandwidth", "write-bandwidth",
};
static const char *const associativities[] = { "none", "direct", "complex" };
static const char *const policies[] = { "none", "write-back", "write-through" };

static NumaHmat *hmat_of(MachineState *ms)
{
    if (!ms->hmat) {
        ms->hmat = g_new0(NumaHmat, 1);
        ms->hmat->caches = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    }
    return ms->hmat;
}

/* One of @names, which must be there; the index, or -1. */
static int take_name(json_t *opts, const char *key, const char *const *names, size_t n, Error **errp)
{
    ERRP_GUARD();
    g_autofree char *v = options_take_str(opts, key, errp);

    if (*errp) {
        return -1;
    }
    for (size_t i = 0; v && i < n; i++) {
        if (!strcmp(v, names[i])) {
            return i;
        }
    }
    g_autofree char *all = join_names(names, n, " or ");
    error_setg(errp, "-numa: %s= must be %s", key, all);
    return -1;
}

/* A node that was declared; it must be there. */
static bool take_node(const MachineState *ms, json_t *opts, const char *key, unsigned *out, Error **errp)
{
    uint64_t id = UINT64_MAX;

    if (!options_take_uint(opts, key, MAX_NUMA_NODES - 1, &id, errp)) {
        return false;
    }
    if (id == UINT64_MAX || !ms->numa || !ms->numa[id].present) {
        error_setg(errp, "-numa: %s= must name a node that '-numa node' declared before", key);
        return false;
    }
    *out = id;
    return true;
}

/* --- latency and bandwidth ---------------------------------------------------- */

uint64_t hmat_unit(const GArray *values, bool latency)
{
    uint64_t unit = 0;

    for (guint i = 0; i < values->len; i++) {
        uint64_t v = g_array_index(values, HmatValue, i).value;
        uint64_t own = !v ? 0 : latency ? 1 : v & -v;

        /* Latencies: the greatest power of ten; bandwidths: of two. */
        while (latency && v && v % 10 == 0) {
            v /= 10;
            own *= 10;
        }
        unit = !unit || (own && own < unit) ? own : unit;
    }
    return unit;
}

static bool check_range(const GArray *values, bool latency, Error **errp)
{
    uint64_t unit = hmat_unit(values, latency);

    for (guint i = 0; i < values->len; i++) {
        const HmatValue *v = &g_array_index(values, HmatValue, i);

        if (unit && v->value / unit > MOST_UNITS) {
            error_setg(errp, "-numa hmat-lb: the %s of initiator %u and target %u is more than %u times the unit that all "
                       "values of its kind share; choose values closer to each other",
                       latency ? "latency" : "bandwidth", v->initiator, v->target, MOST_UNITS);
            return false;
        }
    }
    return true;
}

static bool take_value(json_t *opts, bool latency, uint64_t *value, Error **errp)
{
    const char *key = latency ? "latency" : "bandwidth", *other = latency ? "bandwidth" : "latency";

    if (!json_object_get(opts, key) || json_object_get(opts, other)) {
        error_setg(errp, "-numa hmat-lb: this data-type= needs %s=, and no %s=", key, other);
        return false;
    }
    if (latency) {
        return options_take_uint(opts, key, UINT64_MAX / 1000, value, errp);
    }
    if (!options_take_size(opts, key, value, errp)) {
        return false;
    }
    if (*value % MiB) {
        error_setg(errp, "-numa hmat-lb: bandwidth=%" PRIu64 " must be a multiple of 1M", *value);
        return false;
    }
    return true;
}

static bool add_value(GArray *values, HmatValue v, bool latency, Error **errp)
{
    for (guint i = 0; i < values->len; i++) {
        const HmatValue *w = &g_array_index(values, HmatValue, i);
        if (w->initiator == v.initiator && w->target == v.target) {
            error_setg(errp, "-numa hmat-lb: initiator=%u,target=%u was given twice for this data-type and hierarchy", v.initiator, v.target);
            return false;
        }
    }
    g_array_append_val(values, v);
    return check_range(values, latency, errp);
}

bool machine_parse_hmat_lb(MachineState *ms, json_t *opts, Error **errp)
{
    unsigned initiator, target;
    HmatValue v = { 0 };
    int level, type;

    if (!take_node(ms, opts, "initiator", &initiator, errp) ||
        !take_node(ms, opts, "target", &target, errp) ||
        (level = take_name(opts, "hierarchy", hierarchies, ARRAY_SIZE(hierarchies), errp)) < 0 ||
        (type = take_name(opts, "data-type", data_types, ARRAY_SIZE(data_types), errp)) < 0 ||
        !take_value(opts, hmat_is_latency(type), &v.value, errp) || !options_must_be_empty(opts, "-numa hmat-lb", errp)) {
        return false;
    }
    GArray **values = &hmat_of(ms)->values[level][type];
    *values = *values ? *values : g_array_new(FALSE, FALSE, sizeof(HmatValue));
    v.initiator = initiator;
    v.target = target;
    return add_value(*values, v, hmat_is_latency(type), errp);
}

/* --- memory side caches --------------------------------------------------------- */

static bool is_target(const MachineState *ms, unsigned node, unsigned first_type, unsigned last_type)
{
    for (unsigned h = 0; ms->hmat && h < HMAT_HIERARCHIES; h++) {
        for (unsigned type = first_type; type <= last_type; type++) {
            const GArray *values = ms->hmat->values[h][type];
            for (guint i = 0; values && i < values->len; i++) {
                if (g_array_index(values, HmatValue, i).target == node) {
                    return true;
                }
            }
        }
    }
    return false;
}

static HmatCache *caches_of(NumaHmat *hmat, unsigned node)
{
    HmatCache *caches = g_hash_table_lookup(hmat->caches, GUINT_TO_POINTER(node));

    if (!caches) {
        caches = g_new0(HmatCache, HMAT_CACHE_LEVELS);
        g_hash_table_insert(hmat->caches, GUINT_TO_POINTER(node), caches);
    }
    return caches;
}

static bool add_cache(HmatCache *caches, unsigned level, HmatCache c, Error **errp)
{
    const HmatCache *below = level > 1 ? &caches[level - 2] : NULL;

    if (caches[level - 1].present) {
        error_setg(errp, "-numa hmat-cache: level=%u of this node was given twice", level);
        return false;
    }
    if (below && (!below->present || below->size >= c.size)) {
        error_setg(errp, "-numa hmat-cache: level=%u needs a smaller cache at level=%u, given before it", level, level - 1);
        return false;
    }
    caches[level - 1] = c;
    return true;
}

bool machine_parse_hmat_cache(MachineState *ms, json_t *opts, Error **errp)
{
    uint64_t level = 0, line = UINT64_MAX;
    HmatCache c = { .present = true };
    unsigned node;
    int associativity, policy;

    if (!take_node(ms, opts, "node-id", &node, errp) ||
        !options_take_size(opts, "size", &c.size, errp) || !options_take_uint(opts, "level", HMAT_CACHE_LEVELS, &level, errp) ||
        !options_take_uint(opts, "line", UINT16_MAX, &line, errp) ||
        (associativity = take_name(opts, "associativity", associativities, ARRAY_SIZE(associativities), errp)) < 0 ||
        (policy = take_name(opts, "policy", policies, ARRAY_SIZE(policies), errp)) < 0 ||
        !options_must_be_empty(opts, "-numa hmat-cache", errp)) {
        return false;
    }
    if (!c.size || !level || line == UINT64_MAX) {
        error_setg(errp, "-numa hmat-cache needs size=, level= from 1 to %d and line=", HMAT_CACHE_LEVELS);
        return false;
    }
    if (!is_target(ms, node, 0, HMAT_LATENCIES - 1) || !is_target(ms, node, HMAT_LATENCIES, HMAT_DATA_TYPES - 1)) {
        error_setg(errp, "-numa hmat-cache: node %u needs hmat-lb for its latency and its bandwidth first", node);
        return false;
    }
    c.associativity = associativity;
    c.policy = policy;
    c.line = line;
    return add_cache(caches_of(hmat_of(ms), node), level, c, errp);
}

/* --- initiators ------------------------------------------------------------------ */

bool machine_node_initiates(const MachineState *ms, unsigned node)
{
    return ms->numa[node].has_cpus || ms->device_initiators[node];
}

static bool check_initiators(const MachineState *ms, const GArray *values, Error **errp)
{
    for (guint i = 0; values && i < values->len; i++) {
        unsigned node = g_array_index(values, HmatValue, i).initiator;

        if (!machine_node_initiates(ms, node)) {
            error_setg(errp, "-numa hmat-lb: initiator=%u has neither CPUs nor an acpi-generic-initiator, so it initiates nothing", node);
            return false;
        }
    }
    return true;
}

static bool check_all_initiators(const MachineState *ms, Error **errp)
{
    for (unsigned i = 0; ms->hmat && i < HMAT_HIERARCHIES * HMAT_DATA_TYPES; i++) {
        if (!check_initiators(ms, ms->hmat->values[i / HMAT_DATA_TYPES][i % HMAT_DATA_TYPES], errp)) {
            return false;
        }
    }
    return true;
}

bool machine_hmat_finish(MachineState *ms, Error **errp)
{
    bool used = ms->hmat != NULL;

    for (unsigned i = 0; i < ms->num_numa; i++) {
        NumaNode *node = &ms->numa[i];
        bool cpus = node->has_cpus;

        used = used || node->initiator >= 0;
        if (cpus && node->initiator >= 0 && node->initiator != (int)i) {
            error_setg(errp, "-numa node,nodeid=%u: the initiator of a node with CPUs is the node itself, not %d", i, node->initiator);
            return false;
        }
        if (cpus && ms->hmat_enabled) {
            node->initiator = i;
        } else if (node->initiator >= 0 && (!ms->numa[node->initiator].present || !ms->numa[node->initiator].has_cpus)) {
            error_setg(errp, "-numa node,nodeid=%u: initiator=%d must name a node with CPUs", i, node->initiator);
            return false;
        }
    }
    if (used && !ms->hmat_enabled) {
        error_setg(errp, "-numa initiator=, hmat-lb and hmat-cache need the table of memory attributes; add -machine hmat=on");
        return false;
    }
    return check_all_initiators(ms, errp);
}
