/*
 * `-device arm-smmuv3`: what the machine that places it needs to know.
 *
 * Before realize the machine sets "smmu_per_bus" (on for -device, off for
 * -machine iommu=smmuv3), "primary-bus", "memory" (where tables and queues
 * are read; default: system memory) and, for accel=on, "msi-gpa" (the doorbell
 * of its MSI controller). MMIO 0 is 128 KiB; IRQs are eventq, priq, cmdq-sync,
 * gerror, edge triggered.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ARM_SMMUV3_H
#define HW_ARM_SMMUV3_H

#include "hw/core/sysbus.h"

#define TYPE_ARM_SMMUV3 "arm-smmuv3"
typedef struct SMMUv3State SMMUv3State;
DECLARE_INSTANCE_CHECKER(SMMUv3State, ARM_SMMUV3, TYPE_ARM_SMMUV3)

/* Does the guest see ATS? Final once the devices given at start are there; for the root complex's ATS attribute. */
bool smmuv3_ats_enabled(SMMUv3State *s);
/*
 * Hardware command queues the guest is to see (cmdqv): a region of 64 KiB pages to be placed; NULL: none. What is answered
 * here is what the machine describes, so it stays until a reset, and a region for good.
 */
MemoryRegion *smmuv3_cmdqv_region(SMMUv3State *s);
/* Their error interrupt, edge triggered; without one errors are only seen in registers. */
void smmuv3_cmdqv_connect(SMMUv3State *s, qemu_irq irq);

#endif
