/*
 * accel=on, cmdqv: between the guest's side of command queues and the host's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ARM_SMMUV3_ACCEL_CMDQV_H
#define HW_ARM_SMMUV3_ACCEL_CMDQV_H

#include "hw/arm/smmuv3-accel.h"
#include "hw/arm/tegra241-cmdqv-regs.h"

static inline unsigned cmdqv_count(const SMMUv3Accel *a) { return BIT(a->cmdqv.log2queues); }

/* smmuv3-accel-cmdqv-host.c */
/* Registers of page 0 of queue @i, the hardware's or ours. */
uint32_t cmdqv_load(const SMMUv3Accel *a, unsigned i, unsigned reg);
void cmdqv_store(SMMUv3Accel *a, unsigned i, unsigned reg, uint32_t v);
bool cmdqv_in_error(const SMMUv3Accel *a, unsigned i);
uint32_t cmdqv_error_map(const SMMUv3Accel *a, unsigned word);
bool cmdqv_any_error(const SMMUv3Accel *a);
void cmdqv_raise_error(SMMUv3Accel *a, unsigned i, unsigned cerror);
uint64_t cmdqv_queue_length(const CmdqvQueue *q);
/* Did the guest set it up? */
bool cmdqv_wanted(const SMMUv3Accel *a, unsigned i);
/* The host's queues become what the guest set up. */
void cmdqv_settle(SMMUv3Accel *a);
/* Queue @first and those above it are no longer the host's. */
void cmdqv_free_from(SMMUv3Accel *a, unsigned first);
bool cmdqv_reserve_page(SMMUv3Accel *a, Error **errp);

#endif
