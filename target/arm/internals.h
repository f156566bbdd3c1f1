/*
 * Shared by the files of target/arm.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TARGET_ARM_INTERNALS_H
#define TARGET_ARM_INTERNALS_H

#include "accel/accel.h"
#include "hw/core/qdev-properties.h"
#include "target/arm/cpu.h"

#define PSTATE_MODE_EL1H        0x5
#define PSTATE_DAIF             0x3c0
enum { PSCI_CONDUIT_NONE, PSCI_CONDUIT_SMC, PSCI_CONDUIT_HVC };

extern const ARMCPUModel arm_cpu_models[];      /* ended by a NULL name */

/* cpu.c: a CPU that was just turned on, or reset */
void arm_cpu_reset_registers(ARMCPU *cpu);
/* cpu-props.c */
void arm_cpu_props_class_init(ObjectClass *klass);

#endif
