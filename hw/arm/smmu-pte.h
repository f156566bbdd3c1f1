/*
 * VMSAv8-64 descriptors: fields, kinds, and the addresses in them (Arm ARM D8.3).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ARM_SMMU_PTE_H
#define HW_ARM_SMMU_PTE_H

#include "hw/arm/smmu-walk.h"

FIELD(PTE, VALID, 0, 1)
FIELD(PTE, TABLE, 1, 1)                 /* at level 3: page */
FIELD(PTE, S2NORMAL, 4, 2)             /* MemAttr[3:2]: 0 is Device memory */
FIELD(PTE, USER, 6, 1)                  /* AP[1]; S2AP read */
FIELD(PTE, RDONLY, 7, 1)                /* AP[2]; S2AP write */
FIELD(PTE, AF, 10, 1)
FIELD(PTE, NG, 11, 1)
FIELD(PTE, CONT, 52, 1)
FIELD(PTE, PXN, 53, 1)
FIELD(PTE, UXN, 54, 1)
FIELD(PTE, S2XN, 53, 2)
FIELD(PTE, PXNTABLE, 59, 1)
FIELD(PTE, UXNTABLE, 60, 1)
FIELD(PTE, APTABLE, 61, 2)

typedef enum PteKind { PTE_INVALID, PTE_TABLE, PTE_LEAF } PteKind;

/* How descriptors are laid out: D8.3. */
typedef struct Format {
    uint8_t granule;
    bool lpa;
} Format;

/* A descriptor where it was found. */
typedef struct Pte {
    uint64_t value, pa;
    unsigned level;
} Pte;

/* The input address's lowest bit that a level resolves. */
static inline unsigned level_shift(unsigned granule, unsigned level)
{
    return granule + (granule - 3) * (3 - level);
}

static inline bool block_allowed(Format f, unsigned level)
{
    switch (f.granule) {
    case 12: return level == 1 || level == 2;
    case 14: return level == 2;
    default: return level == 2 || (level == 1 && f.lpa);
    }
}

static inline PteKind classify(const Pte *pte, Format f)
{
    if (!FIELD_EX64(pte->value, PTE, VALID)) {
        return PTE_INVALID;
    }
    if (pte->level == 3) {
        return FIELD_EX64(pte->value, PTE, TABLE) ? PTE_LEAF : PTE_INVALID;
    }
    if (FIELD_EX64(pte->value, PTE, TABLE)) {
        return PTE_TABLE;
    }
    return block_allowed(f, pte->level) ? PTE_LEAF : PTE_INVALID;
}

/* The address in a descriptor; 64 KiB pages keep bits 51:48 in 15:12. */
static inline uint64_t pte_address(uint64_t pte, Format f, unsigned low)
{
    return (pte & MAKE_64BIT_MASK(low, 48 - low)) | (f.granule == 16 && f.lpa ? extract64(pte, 12, 4) << 48 : 0);
}

/* A table of @entries descriptors starts at a multiple of its size; 64 bytes where its address has 52 bits. */
static inline uint64_t table_base(uint64_t ttb, Format f, unsigned index_bits)
{
    unsigned align = index_bits + 3;

    return ttb & ~MAKE_64BIT_MASK(0, f.lpa ? MAX(align, 6) : align);
}

#endif
