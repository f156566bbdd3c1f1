/*
 * The machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/main-loop.h"

static GMutex bql;
static __thread bool held;

void bql_lock(void)
{
    g_assert(!held);
    g_mutex_lock(&bql);
    held = true;
}

void bql_unlock(void)
{
    g_assert(held);
    held = false;
    g_mutex_unlock(&bql);
}

bool bql_locked(void)
{
    return held;
}

void bql_cond_wait(GCond *cond)
{
    g_assert(held);
    held = false;
    g_cond_wait(cond, &bql);
    held = true;
}

bool bql_cond_wait_until(GCond *cond, int64_t end_time_us)
{
    bool signalled;

    g_assert(held);
    held = false;
    signalled = g_cond_wait_until(cond, &bql, end_time_us);
    held = true;
    return signalled;
}
