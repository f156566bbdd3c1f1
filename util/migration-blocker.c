/*
 * The list behind query-migrate's blocked-reasons.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/migration-blocker.h"

typedef struct Blocker { const void *owner; char *reason; } Blocker;
static GPtrArray *blockers;

static void blocker_free(gpointer p)
{
    Blocker *b = p;

    g_free(b->reason);
    g_free(b);
}

void migrate_add_blocker(const void *owner, const char *reason)
{
    Blocker *b = g_new(Blocker, 1);

    *b = (Blocker) { owner, g_strdup(reason) };
    if (!blockers) {
        blockers = g_ptr_array_new_with_free_func(blocker_free);
    }
    g_ptr_array_add(blockers, b);
}

void migrate_del_blocker(const void *owner)
{
    for (unsigned i = 0; blockers && i < blockers->len; i++) {
        if (((Blocker *)blockers->pdata[i])->owner == owner) {
            g_ptr_array_remove_index(blockers, i);
            return;
        }
    }
}

GPtrArray *migrate_blockers(void)
{
    GPtrArray *list = g_ptr_array_new();

    for (unsigned i = 0; blockers && i < blockers->len; i++) {
        g_ptr_array_add(list, ((Blocker *)blockers->pdata[i])->reason);
    }
    return list;
}
