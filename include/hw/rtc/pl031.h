/*
 * Arm PrimeCell real-time clock. MMIO 0, IRQ 0.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_RTC_PL031_H
#define HW_RTC_PL031_H

#define TYPE_PL031 "pl031"

#endif
