/*
 * What the machine's files share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CORE_MACHINE_INT_H
#define HW_CORE_MACHINE_INT_H

#include "hw/core/boards.h"

void machine_numa_free(MachineState *ms);

#endif
