/*
 * -machine smp-cache: at which level of the CPU topology each cache is
 * shared. The geometry is the CPU's own; the machine fills it in.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/core/boards.h"
#include "util/options.h"

static const char *const cache_names[SMP_CACHE_MAX] = { "l1d", "l1i", "l2", "l3" };
static const char *const level_names[] = {
    [CPU_LEVEL_DEFAULT] = "default", [CPU_LEVEL_THREAD] = "thread", [CPU_LEVEL_CORE] = "core",
    [CPU_LEVEL_CLUSTER] = "cluster", [CPU_LEVEL_SOCKET] = "socket",
};

unsigned machine_level_span(const CpuTopology *t, CpuLevel level)
{
    switch (level) {
    case CPU_LEVEL_CORE: return t->threads;
    case CPU_LEVEL_CLUSTER: return t->threads * t->cores;
    case CPU_LEVEL_SOCKET: return t->threads * t->cores * t->clusters;
    default: return 1;
    }
}

static int name_index(const char *name, const char *const *names, int n)
{
    for (int i = 0; name && i < n; i++) {
        if (!strcmp(name, names[i])) {
            return i;
        }
    }
    return -1;
}

/* {"cache": "l2", "topology": "cluster"} */
static bool take_one(const json_t *given, CpuLevel levels[SMP_CACHE_MAX], Error **errp)
{
    ERRP_GUARD();
    g_autoptr(json_t) opts = json_copy((json_t *)given);

    if (!json_is_object(given)) {
        error_setg(errp, "-machine smp-cache: each cache is a pair of cache= and topology=");
        return false;
    }
    g_autofree char *cache = options_take_str(opts, "cache", errp);
    g_autofree char *topology = *errp ? NULL : options_take_str(opts, "topology", errp);
    if (*errp || !options_must_be_empty(opts, "-machine smp-cache", errp)) {
        return false;
    }
    int c = name_index(cache, cache_names, SMP_CACHE_MAX), l = name_index(topology, level_names, ARRAY_SIZE(level_names));
    if (c < 0) {
        error_setg(errp, "-machine smp-cache: cache= must be l1d, l1i, l2 or l3");
        return false;
    }
    if (l < 0 || l == CPU_LEVEL_THREAD) {
        error_setg(errp, "-machine smp-cache: topology= of %s must be core, cluster, socket or default", cache);
        return false;
    }
    if (levels[c] != CPU_LEVEL_DEFAULT) {
        error_setg(errp, "-machine smp-cache: cache=%s was given twice", cache);
        return false;
    }
    levels[c] = l;
    return true;
}

/* A list from the command line; QMP and JSON put it in "caches". */
static bool smp_cache_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    MachineState *ms = MACHINE(obj);
    const json_t *list = json_is_object(value) ? json_object_get(value, "caches") : value;
    CpuLevel levels[SMP_CACHE_MAX] = { CPU_LEVEL_DEFAULT };
    const json_t *one;
    size_t i;

    if (!json_is_array(list)) {
        error_setg(errp, "-machine smp-cache takes smp-cache.0.cache=NAME,smp-cache.0.topology=LEVEL and so on from 0");
        return false;
    }
    json_array_foreach(list, i, one) {
        if (!take_one(one, levels, errp)) {
            return false;
        }
    }
    for (i = 0; i < SMP_CACHE_MAX; i++) {
        ms->smp_cache[i].at = levels[i];
    }
    ms->has_smp_cache = json_array_size(list);
    return true;
}

static json_t *smp_cache_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    const MachineState *ms = MACHINE(obj);
    json_t *list = json_array();

    for (int i = 0; i < SMP_CACHE_MAX; i++) {
        json_array_append_new(list, json_pack("{s:s, s:s}", "cache", cache_names[i], "topology", level_names[ms->smp_cache[i].at]));
    }
    return json_pack("{s:o}", "caches", list);
}

void machine_class_add_smp_cache(ObjectClass *klass)
{
    object_class_property_add(klass, "smp-cache", "SmpCachePropertiesWrapper", smp_cache_get, smp_cache_set, NULL);
    object_class_property_set_description(klass, "smp-cache", "At which level of the topology CPUs share caches");
}
