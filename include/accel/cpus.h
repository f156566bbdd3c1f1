/*
 * What an accelerator's vCPU threads share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef ACCEL_CPUS_H
#define ACCEL_CPUS_H

#include "accel/accel.h"

/*
 * Called by a vCPU's own thread, machine lock held, whenever it is out of the
 * guest: does queued work, reports itself stopped when asked to, waits until
 * it may run. False: the thread must end.
 */
bool cpu_wait_while_stopped(CPUState *cpu);

#endif
