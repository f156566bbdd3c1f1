/*
 * In-kernel GICs: what v2 and v3 share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_INTC_GIC_KVM_H
#define HW_INTC_GIC_KVM_H

#include "gic-common.h"
#include "target/arm/kvm_arm.h"

/* A wire moved: KVM_IRQ_LINE with the interrupt's encoding. */
void gic_kvm_set_irq(void *opaque, int n, int level);
/* Makes the kernel's device of @type with its interrupts, starts it, connects SPIs and PMUs. */
bool gic_kvm_create(GICState *s, uint32_t type, Error **errp);
/* The address MMIO @n was mapped at. */
uint64_t gic_kvm_region_address(GICState *s, int n);
/* Says what failed and ends the program: only while the machine is being built. */
void gic_kvm_must(int ret, const char *what);

/* gicv3-kvm-reset.c */
void gicv3_kvm_reset(GICState *s);

#endif
