/*
 * -smp: how many CPUs, and how they are arranged. What is not said follows
 * from what is; cores grow first, then sockets, then threads.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/core/boards.h"
#include "util/options.h"

static bool take_count(json_t *opts, const char *key, unsigned *out, Error **errp)
{
    uint64_t v = 0;

    if (!json_object_get(opts, key)) {
        return true;
    }
    if (!options_take_uint(opts, key, INT_MAX, &v, errp)) {
        return false;
    }
    if (!v) {
        error_setg(errp, "%s cannot be 0", key);
        return false;
    }
    *out = v;
    return true;
}

/* Levels that other machines have; one of each is no restriction. */
static bool take_foreign_levels(json_t *opts, Error **errp)
{
    static const char *const levels[] = { "drawers", "books", "dies", "modules" };

    for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
        unsigned n = 1;
        if (!take_count(opts, levels[i], &n, errp)) {
            return false;
        }
        if (n > 1) {
            error_setg(errp, "this machine has no %s: there can only be 1", levels[i]);
            return false;
        }
    }
    return true;
}

static unsigned product_of(unsigned a, unsigned b, unsigned c)
{
    unsigned __int128 p = (unsigned __int128)a * b * c;
    return p > UINT_MAX ? UINT_MAX : p;
}

/* Plain division: what does not divide shows as a product that does not match. */
static void complete(CpuTopology *t)
{
    unsigned all = t->max_cpus ? t->max_cpus : t->cpus;

    t->clusters = t->clusters ? t->clusters : 1;
    if (!all) {
        t->sockets = t->sockets ? t->sockets : 1;
        t->cores = t->cores ? t->cores : 1;
        t->threads = t->threads ? t->threads : 1;
        all = product_of(product_of(t->sockets, t->clusters, t->cores), t->threads, 1);
    } else if (!t->cores) {
        t->sockets = t->sockets ? t->sockets : 1;
        t->threads = t->threads ? t->threads : 1;
        t->cores = all / product_of(t->sockets, t->clusters, t->threads);
    } else if (!t->sockets) {
        t->threads = t->threads ? t->threads : 1;
        t->sockets = all / product_of(t->clusters, t->cores, t->threads);
    } else if (!t->threads) {
        t->threads = all / product_of(t->sockets, t->clusters, t->cores);
    }
    t->max_cpus = all;
    t->cpus = t->cpus ? t->cpus : all;
}

static bool check(const CpuTopology *t, const MachineClass *mc, Error **errp)
{
    unsigned __int128 product = (unsigned __int128)t->sockets * t->clusters * t->cores * t->threads;

    if (product != t->max_cpus) {
        error_setg(errp, "the levels do not make up maxcpus: "
                   "%u sockets of %u clusters of %u cores of %u threads are not %u CPUs",
                   t->sockets, t->clusters, t->cores, t->threads, t->max_cpus);
        return false;
    }
    if (t->max_cpus < t->cpus) {
        error_setg(errp, "there is room for fewer CPUs than are to be there: "
                   "%u sockets of %u clusters of %u cores of %u threads are %u CPUs, less than %u",
                   t->sockets, t->clusters, t->cores, t->threads, t->max_cpus, t->cpus);
        return false;
    }
    if (t->cpus < mc->min_cpus) {
        error_setg(errp, "%u CPUs are too few: machine '%s' has at least %u", t->cpus, mc->name, mc->min_cpus);
        return false;
    }
    if (t->max_cpus > mc->max_cpus) {
        error_setg(errp, "%u CPUs are too many: machine '%s' has at most %u", t->max_cpus, mc->name, mc->max_cpus);
        return false;
    }
    return true;
}

bool machine_parse_smp(MachineState *ms, const json_t *given, Error **errp)
{
    g_autoptr(json_t) opts = json_copy((json_t *)given);
    CpuTopology t = { 0 };

    if (!json_is_object(given)) {
        error_setg(errp, "-smp takes cpus=, sockets=, clusters=, cores=, threads= and maxcpus=");
        return false;
    }
    if (!take_count(opts, "cpus", &t.cpus, errp) || !take_count(opts, "sockets", &t.sockets, errp) ||
        !take_count(opts, "clusters", &t.clusters, errp) || !take_count(opts, "cores", &t.cores, errp) ||
        !take_count(opts, "threads", &t.threads, errp) || !take_count(opts, "maxcpus", &t.max_cpus, errp) ||
        !take_foreign_levels(opts, errp) || !options_must_be_empty(opts, "-smp", errp)) {
        return false;
    }
    t.has_clusters = json_object_get(given, "clusters") != NULL;
    complete(&t);
    if (!check(&t, MACHINE_GET_CLASS(ms), errp)) {
        return false;
    }
    ms->smp = t;
    return true;
}
