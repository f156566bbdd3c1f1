/*
 * The interrupt controller as the machine builds it. Under KVM it lives in
 * the kernel; under qtest a recorder of wire levels and MSIs stands in its
 * place, with the same sysbus shape.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_INTC_ARM_GICV3_H
#define HW_INTC_ARM_GICV3_H

#include "hw/core/sysbus.h"

/* sysbus MMIO 0 distributor, 1.. redistributor regions (v2: 1 CPU interface); gpio in: SPIs then per-CPU PPIs */
#define TYPE_KVM_ARM_GICV3 "kvm-arm-gicv3"
#define TYPE_KVM_ARM_GIC "kvm-arm-gic"
#define TYPE_KVM_ARM_ITS "arm-its-kvm"
#define TYPE_ARM_GICV3_RECORDER "arm-gicv3"
#define TYPE_ARM_GIC_RECORDER "arm_gic"
#define TYPE_ARM_ITS_RECORDER "arm-gicv3-its"
#define TYPE_ARM_GICV2M "arm-gicv2m"

/* Properties of both GICs: num-cpu, num-irq, revision, redist-region-count (json array of uint). ITS: link parent-gicv3. */
const char *gicv3_class_name(void);     /* for the accelerator in use */
const char *gicv2_class_name(void);
const char *its_class_name(void);

#endif
