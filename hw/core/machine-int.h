/*
 * What the machine's files share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CORE_MACHINE_INT_H
#define HW_CORE_MACHINE_INT_H

#include "hw/core/boards.h"

void machine_numa_free(MachineState *ms);

/* machine-hmat.c: -numa hmat-lb, -numa hmat-cache */
bool machine_parse_hmat_lb(MachineState *ms, json_t *opts, Error **errp);
bool machine_parse_hmat_cache(MachineState *ms, json_t *opts, Error **errp);
/* Each node names who reaches its memory best. */
bool machine_hmat_finish(MachineState *ms, Error **errp);

#endif
