/*
 * Why this VM cannot be migrated: one sentence from each who is in the way, for
 * query-migrate and migrate. Machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_MIGRATION_BLOCKER_H
#define UTIL_MIGRATION_BLOCKER_H

#include <glib.h>

/* @owner: whoever it is; one reason each. */
void migrate_add_blocker(const void *owner, const char *reason);
void migrate_del_blocker(const void *owner);
/* Reasons in the order they came; the strings stay the owners'. Free the list. */
GPtrArray *migrate_blockers(void);

#endif
