/*
 * EL1&0 stage 1 translation, for a person who looks at guest memory.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TARGET_ARM_TRANSLATE_H
#define TARGET_ARM_TRANSLATE_H

#include "target/arm/cpu.h"

/* One descriptor of a table; false: nothing is there. */
typedef bool ArmReadDescriptor(hwaddr addr, uint64_t *desc, void *opaque);
bool arm_translate(const ArmEL1Regs *regs, uint64_t va, ArmReadDescriptor *read, void *opaque, hwaddr *pa);

#endif
