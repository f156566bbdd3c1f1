/*
 * Arm PrimeCell UART. MMIO 0; IRQs: combined, then rx, tx, timeout, modem, error.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CHAR_PL011_H
#define HW_CHAR_PL011_H

#define TYPE_PL011 "pl011"

#endif
