/*
 * Arm PrimeCell GPIO (eight pins) and a key that presses one of them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_GPIO_PL061_H
#define HW_GPIO_PL061_H

#include "hw/core/sysbus.h"

/* MMIO 0, IRQ 0; GPIO in and out 0..7. */
#define TYPE_PL061 "pl061"
/* GPIO out 0: the key's contact. */
#define TYPE_GPIO_KEY "gpio-key"
void gpio_key_press(DeviceState *key);

#endif
