/*
 * CFI flash. MMIO 0 is the bank; reading it as memory is the normal state.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_BLOCK_FLASH_H
#define HW_BLOCK_FLASH_H

#define TYPE_PFLASH_CFI01 "cfi.pflash01"

#endif
