/*
 * -numa: nodes, their memory and CPUs, and how far they are from each other.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "backends/hostmem.h"
#include "hw/core/numa-hmat.h"
#include "machine-int.h"
#include "util/options.h"

#define DISTANCE_HERE 10
#define DISTANCE_THERE 20

static NumaNode *node_new(MachineState *ms, unsigned id)
{
    NumaNode *node;

    if (!ms->numa) {
        ms->numa = g_new0(NumaNode, MAX_NUMA_NODES);
    }
    node = &ms->numa[id];
    node->present = true;
    node->initiator = -1;
    node->cpu_ranges = g_array_new(FALSE, FALSE, 2 * sizeof(int));
    ms->num_numa++;
    return node;
}

void machine_numa_free(MachineState *ms)
{
    for (int i = 0; ms->numa && i < MAX_NUMA_NODES; i++) {
        if (ms->numa[i].present) {
            g_array_unref(ms->numa[i].cpu_ranges);
            object_unref(ms->numa[i].memdev);
            g_free(ms->numa[i].memdev_id);
        }
    }
    g_clear_pointer(&ms->numa, g_free);
    for (int i = 0; ms->hmat && i < HMAT_HIERARCHIES * HMAT_DATA_TYPES; i++) {
        g_clear_pointer(&ms->hmat->values[i / HMAT_DATA_TYPES][i % HMAT_DATA_TYPES], g_array_unref);
    }
    if (ms->hmat) {
        g_hash_table_unref(ms->hmat->caches);
    }
    g_clear_pointer(&ms->hmat, g_free);
}

/* "3" or "0-3", or a list of them */
static bool take_cpu_range(const MachineState *ms, NumaNode *node, const json_t *v, Error **errp)
{
    const char *s = json_string_value(v);
    unsigned max = ms->smp.max_cpus;
    int range[2], used = 0;

    if (json_is_integer(v) && json_integer_value(v) >= 0 && json_integer_value(v) < max) {
        range[0] = range[1] = json_integer_value(v);
    } else if (s && sscanf(s, "%d-%d%n", &range[0], &range[1], &used) == 2 && !s[used]) {
        used = 0;
    } else if (s && sscanf(s, "%d%n", &range[0], &used) == 1 && !s[used]) {
        range[1] = range[0];
    } else {
        error_setg(errp, "-numa cpus= takes a CPU index or a range such as 0-3");
        return false;
    }
    if (range[0] < 0 || range[1] < range[0] || (unsigned)range[1] >= max) {
        error_setg(errp, "-numa cpus=%d-%d: there are only %u CPUs (maxcpus)", range[0], range[1], max);
        return false;
    }
    g_array_append_val(node->cpu_ranges, range);
    return true;
}

static bool take_cpus(const MachineState *ms, NumaNode *node, json_t *opts, Error **errp)
{
    json_t *cpus_opt = json_object_get(opts, "cpus"), *v;
    size_t i;

    if (json_is_array(cpus_opt)) {
        json_array_foreach(cpus_opt, i, v) {
            if (!take_cpu_range(ms, node, v, errp)) {
                return false;
            }
        }
    } else if (cpus_opt && !take_cpu_range(ms, node, cpus_opt, errp)) {
        return false;
    }
    json_object_del(opts, "cpus");
    return true;
}

static bool take_memdev(NumaNode *node, json_t *opts, Error **errp)
{
    ERRP_GUARD();
    g_autofree char *id = options_take_str(opts, "memdev", errp);

    if (*errp) {
        return false;
    }
    if (id) {
        /* The object is made later; machine_numa_finish() looks it up. */
        node->memdev_id = g_steal_pointer(&id);
    }
    return true;
}

static bool parse_node(MachineState *ms, json_t *opts, Error **errp)
{
    ERRP_GUARD();
    uint64_t id = ms->num_numa, initiator = UINT64_MAX;
    NumaNode *node;

    if (!options_take_uint(opts, "nodeid", MAX_NUMA_NODES - 1, &id, errp)) {
        return false;
    }
    if (id >= MAX_NUMA_NODES) {
        error_setg(errp, "-numa: at most %d nodes are supported", MAX_NUMA_NODES);
        return false;
    }
    if (ms->numa && ms->numa[id].present) {
        error_setg(errp, "-numa node: there are two with nodeid=%" PRIu64, id);
        return false;
    }
    if (json_object_get(opts, "mem")) {
        error_setg(errp, "-numa node,mem= is not known to this machine");
        error_append_hint(errp, "Give the node a memory backend with memdev=.\n");
        return false;
    }
    node = node_new(ms, id);
    if (!options_take_uint(opts, "initiator", MAX_NUMA_NODES - 1, &initiator, errp) ||
        !take_cpus(ms, node, opts, errp) || !take_memdev(node, opts, errp)) {
        return false;
    }
    if (initiator != UINT64_MAX) {
        node->initiator = initiator;
    }
    return options_must_be_empty(opts, "-numa node", errp);
}

static bool parse_distance(MachineState *ms, json_t *opts, Error **errp)
{
    uint64_t src = UINT64_MAX, dst = UINT64_MAX, val = UINT64_MAX;

    if (!options_take_uint(opts, "src", MAX_NUMA_NODES - 1, &src, errp) ||
        !options_take_uint(opts, "dst", MAX_NUMA_NODES - 1, &dst, errp) ||
        !options_take_uint(opts, "val", 255, &val, errp) || !options_must_be_empty(opts, "-numa dist", errp)) {
        return false;
    }
    if (src == UINT64_MAX || dst == UINT64_MAX || val == UINT64_MAX) {
        error_setg(errp, "-numa dist needs src=, dst= and val=");
        return false;
    }
    if (!ms->numa || !ms->numa[src].present || !ms->numa[dst].present) {
        error_setg(errp, "-numa dist: src= and dst= must be nodes that -numa node has made before.");
        return false;
    }
    if (val < DISTANCE_HERE || (src == dst) != (val == DISTANCE_HERE)) {
        error_setg(errp, "-numa dist: a node is %d from itself and more from others, up to 255", DISTANCE_HERE);
        return false;
    }
    ms->numa[src].distance[dst] = val;
    ms->have_numa_distance = true;
    return true;
}

/* Which CPUs the topology ids name, as one range or several. */
static bool parse_cpu(MachineState *ms, json_t *opts, Error **errp)
{
    static const char *const keys[] = { "socket-id", "cluster-id", "core-id", "thread-id" };
    const CpuTopology *t = &ms->smp;
    const unsigned sizes[] = { t->sockets, t->clusters, t->cores, t->threads };
    uint64_t want[4] = { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX }, node = UINT64_MAX;

    if (!options_take_uint(opts, "node-id", MAX_NUMA_NODES - 1, &node, errp)) {
        return false;
    }
    if (node == UINT64_MAX || !ms->numa || !ms->numa[node].present) {
        error_setg(errp, "-numa cpu: node-id= must name a node that '-numa node' declared before");
        return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (!options_take_uint(opts, keys[i], sizes[i] - 1, &want[i], errp)) {
            return false;
        }
    }
    for (int cpu = 0; (unsigned)cpu < t->max_cpus; cpu++) {
        unsigned at[] = { cpu / (t->threads * t->cores * t->clusters), cpu / (t->threads * t->cores) % t->clusters,
                          cpu / t->threads % t->cores, cpu % t->threads };
        int range[2] = { cpu, cpu };
        bool match = true;
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
            match = match && (want[i] == UINT64_MAX || want[i] == at[i]);
        }
        if (match) {
            g_array_append_val(ms->numa[node].cpu_ranges, range);
        }
    }
    return options_must_be_empty(opts, "-numa cpu", errp);
}

bool machine_parse_numa(MachineState *ms, json_t *given, Error **errp)
{
    ERRP_GUARD();
    g_autoptr(json_t) opts = json_copy(given);
    g_autofree char *type = options_take_str(opts, "type", errp);

    if (*errp) {
        return false;
    }
    if (!g_strcmp0(type, "node")) {
        return parse_node(ms, opts, errp);
    }
    if (!g_strcmp0(type, "dist")) {
        return parse_distance(ms, opts, errp);
    }
    if (!g_strcmp0(type, "cpu")) {
        return parse_cpu(ms, opts, errp);
    }
    if (!g_strcmp0(type, "hmat-lb")) {
        return machine_parse_hmat_lb(ms, opts, errp);
    }
    if (!g_strcmp0(type, "hmat-cache")) {
        return machine_parse_hmat_cache(ms, opts, errp);
    }
    error_setg(errp, "-numa %s: the kinds are node, dist, cpu, hmat-lb and hmat-cache", type ? type : "without a kind");
    return false;
}

/* Were both directions of one pair given, and differ? */
static bool is_asymmetric(const MachineState *ms)
{
    for (unsigned i = 0; i < ms->num_numa; i++) {
        for (unsigned j = 0; j < i; j++) {
            uint8_t there = ms->numa[i].distance[j], back = ms->numa[j].distance[i];
            if (there && back && there != back) {
                return true;
            }
        }
    }
    return false;
}

/* Without -numa dist every other node is equally far. With it each pair is given, in both directions when they differ anywhere. */
static bool finish_distance(MachineState *ms, unsigned i, unsigned j, bool asymmetric, Error **errp)
{
    uint8_t *here = &ms->numa[i].distance[j], back = ms->numa[j].distance[i];

    if (i == j) {
        *here = DISTANCE_HERE;
    } else if (!ms->have_numa_distance) {
        *here = DISTANCE_THERE;
    } else if (!*here && (!back || asymmetric)) {
        error_setg(errp, "-numa dist: the distance from node %u to node %u is missing%s", i, j,
                   back ? "; once two directions differ, both are needed of every pair" : "");
        return false;
    } else if (!*here) {
        *here = back;
    }
    return true;
}

static bool finish_distances(MachineState *ms, Error **errp)
{
    bool asymmetric = is_asymmetric(ms);

    for (unsigned i = 0; i < ms->num_numa; i++) {
        for (unsigned j = 0; j < ms->num_numa; j++) {
            if (!finish_distance(ms, i, j, asymmetric, errp)) {
                return false;
            }
        }
    }
    return true;
}

/* Numbered without gaps: guests index tables by them. */
static bool check_numbers(const MachineState *ms, Error **errp)
{
    for (unsigned i = 0; i < ms->num_numa; i++) {
        if (!ms->numa[i].present) {
            error_setg(errp, "-numa node: there are %u nodes but none with nodeid=%u; number them from 0 without gaps", ms->num_numa, i);
            return false;
        }
    }
    return true;
}

static bool finish_memory(MachineState *ms, Error **errp)
{
    uint64_t total = 0;
    unsigned with_memory = 0;

    for (unsigned i = 0; i < MAX_NUMA_NODES; i++) {
        NumaNode *node = &ms->numa[i];
        Object *memdev;

        if (!node->memdev_id) {
            continue;
        }
        memdev = object_resolve_path_type(node->memdev_id, TYPE_MEMORY_BACKEND, NULL);
        if (!memdev) {
            error_setg(errp, "memdev=%s is not a memory backend; make it with -object memory-backend-ram", node->memdev_id);
            return false;
        }
        if (host_memory_backend_is_mapped(MEMORY_BACKEND(memdev))) {
            error_setg(errp, "memory backend %s is used multiple times. Each -numa option must use a different memdev value.",
                       node->memdev_id);
            return false;
        }
        node->memdev = object_ref(memdev);
        node->size = memory_region_size(host_memory_backend_get_memory(MEMORY_BACKEND(memdev)));
        host_memory_backend_set_mapped(MEMORY_BACKEND(memdev), true);
        total += node->size;
        with_memory++;
    }
    if (!with_memory && ms->num_numa == 1) {
        ms->numa[0].size = ms->ram_size;        /* what else */
        return true;
    }
    if (total != ms->ram_size) {
        error_setg(errp, "-numa node: the nodes have 0x%" PRIx64 " bytes of memory together, -m gives 0x%" PRIx64,
                   total, ms->ram_size);
        return false;
    }
    return true;
}

/* All nodes' memory in one container, in order of node. */
static void gather_ram(MachineState *ms)
{
    MemoryRegion *all = g_new0(MemoryRegion, 1);
    uint64_t at = 0;

    memory_region_init(all, OBJECT(ms), "ram", ms->ram_size);
    for (unsigned i = 0; i < MAX_NUMA_NODES; i++) {
        if (ms->numa[i].memdev) {
            memory_region_add_subregion(all, at, host_memory_backend_get_memory(MEMORY_BACKEND(ms->numa[i].memdev)));
            at += ms->numa[i].size;
        }
    }
    ms->ram = all;
}

bool machine_numa_brings_memory(const MachineState *ms)
{
    for (unsigned i = 0; ms->num_numa && i < MAX_NUMA_NODES; i++) {
        if (ms->numa[i].memdev_id) {
            return true;
        }
    }
    return false;
}

/* CPUs that no node was given have one by default, where the machine says so. */
static void find_cpus(MachineState *ms)
{
    MachineClass *mc = MACHINE_GET_CLASS(ms);
    unsigned n = 0;
    const CPUArchId *slots = mc->possible_cpus ? mc->possible_cpus(ms, &n) : NULL;

    for (unsigned i = 0; i < ms->num_numa; i++) {
        ms->numa[i].has_cpus = ms->numa[i].cpu_ranges->len;
    }
    for (unsigned i = 0; i < n; i++) {
        ms->numa[MAX(slots[i].node, 0)].has_cpus = true;
    }
}

bool machine_numa_finish(MachineState *ms, Error **errp)
{
    bool memdevs = machine_numa_brings_memory(ms);

    /* A guest that is told of room for more memory learns where that belongs. */
    if (!ms->num_numa && ms->ram_slots && ms->maxram_size > ms->ram_size) {
        node_new(ms, 0);
    }
    if (!ms->num_numa) {
        return true;
    }
    if (!check_numbers(ms, errp)) {
        return false;
    }
    find_cpus(ms);
    if (!finish_distances(ms, errp) || !machine_hmat_finish(ms, errp)) {
        return false;
    }
    if (memdevs && ms->memdev) {
        error_setg(errp, "-machine memory-backend= and -numa node,memdev= exclude each other");
        return false;
    }
    if (!finish_memory(ms, errp)) {
        return false;
    }
    if (memdevs) {
        gather_ram(ms);
    }
    return true;
}
