/*
 * Tegra241 CMDQ-Virtualization encodings: pages, registers and their fields.
 * No behaviour.
 *
 * A CMDQV has virtual command queues (VCMDQ) and interfaces to them (VINTF).
 * A VCMDQ that is assigned to a VINTF is a logical one there (LVCMDQ); its
 * registers are those of the VCMDQ, in pages of the VINTF's own. Its commands are
 * those of an SMMUv3 (IHI 0070 4).
 *
 * The numbers are the hardware's as Linux 7.2 uses them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ARM_TEGRA241_CMDQV_REGS_H
#define HW_ARM_TEGRA241_CMDQV_REGS_H

#include "util/bits.h"

/* --- Pages, 64 KiB each, of a CMDQV with one VINTF ------------------------------- */
enum {
    CMDQV_PAGE_SIZE = 0x10000,
    CMDQV_CONFIG_PAGE = 0x00000, CMDQV_VCMDQ_PAGE0 = 0x10000, CMDQV_VCMDQ_PAGE1 = 0x20000,
    CMDQV_VINTF_PAGE0 = 0x30000, CMDQV_VINTF_PAGE1 = 0x40000,
    CMDQV_MMIO_SIZE = 0x50000,
};

/* --- The configuration page -------------------------------------------------------- */
enum {
    CMDQV_CONFIG = 0x00, CMDQV_PARAM = 0x04, CMDQV_STATUS = 0x08,
    CMDQV_VINTF_ERR_MAP = 0x14,         /* 64 bits, as two registers */
    CMDQV_VINTF_INT_MASK = 0x1c,        /* the same */
    CMDQV_CMDQ_ERR_MAP = 0x24,          /* four of 32 bits */
    CMDQV_CMDQ_ALLOC = 0x200,           /* one for each VCMDQ */
    /* of VINTF 0 */
    CMDQV_VINTF_CONFIG = 0x1000, CMDQV_VINTF_STATUS = 0x1004,
    CMDQV_LVCMDQ_ERR_MAP = 0x10c0,      /* four of 32 bits */
};
FIELD(CMDQV_CONFIG, EN, 0, 1)
FIELD(CMDQV_PARAM, VER, 0, 4)
FIELD(CMDQV_PARAM, NUM_VCMDQ_LOG2, 4, 4)
FIELD(CMDQV_PARAM, NUM_VINTF_LOG2, 8, 4)
FIELD(CMDQV_PARAM, NUM_SID_PER_VM_LOG2, 12, 4)
FIELD(CMDQV_STATUS, ENABLED, 0, 1)
FIELD(CMDQ_ALLOC, ALLOCATED, 0, 1)
FIELD(CMDQ_ALLOC, LVCMDQ, 1, 7)
FIELD(CMDQ_ALLOC, VINTF, 15, 6)
FIELD(VINTF_CONFIG, EN, 0, 1)
FIELD(VINTF_CONFIG, VMID, 1, 16)
FIELD(VINTF_CONFIG, HYP_OWN, 17, 1)     /* zero in a guest: its queues take few commands */
FIELD(VINTF_STATUS, ENABLED, 0, 1)

/* --- Registers of a queue ------------------------------------------------------------ */
enum { VCMDQ_STRIDE = 0x80, VCMDQ_MAX_LOG2 = 7 };
/* page 0 */
enum { VCMDQ_CONS = 0x00, VCMDQ_PROD = 0x04, VCMDQ_CONFIG = 0x08, VCMDQ_STATUS = 0x0c, VCMDQ_GERROR = 0x10, VCMDQ_GERRORN = 0x14,
       VCMDQ_PAGE0_END = 0x18 };
/* page 1; CONS_INDX_BASE, at 8, reads as zero */
enum { VCMDQ_BASE = 0x00 };
FIELD(VCMDQ_CONS, ERR, 24, 7)
FIELD(VCMDQ_CONFIG, EN, 0, 1)
FIELD(VCMDQ_STATUS, ENABLED, 0, 1)
FIELD(VCMDQ_GERROR, CMDQ_ERR, 0, 1)
FIELD(VCMDQ_BASE, LOG2SIZE, 0, 5)
#define VCMDQ_BASE_ADDR_MASK 0x0000ffffffffffe0ULL
#define VCMDQ_BASE_WRITABLE  0x0000ffffffffffffULL

#endif
