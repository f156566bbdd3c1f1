/*
 * EL1&0 stage 1 translation in software (Arm ARM, D8): where a guest's virtual
 * address lies in guest-physical memory. Permissions do not matter to whoever
 * asks; 52-bit addresses of the 4 and 16 KiB granules (TCR_EL1.DS) are not followed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "translate.h"
#include "util/bits.h"

FIELD(SCTLR, M, 0, 1)
FIELD(TCR, DS, 59, 1)
/* The half of TCR_EL1 that belongs to one TTBR. */
FIELD(HALF, TSZ, 0, 6)
FIELD(HALF, EPD, 7, 1)
FIELD(HALF, TG, 14, 2)
enum { TCR_TBI_BIT = 37, LAST_LEVEL = 3, HIGH_PA_SHIFT = 48 };
enum { DESC_VALID = 1 << 0, DESC_TABLE = 1 << 1 };

typedef struct Regime { unsigned page_bits, va_bits; uint64_t base; } Regime;

/* log2 of the granule, by TTBR and TG; 0: reserved. */
static const uint8_t granules[2][4] = { { 12, 16, 14, 0 }, { 0, 14, 12, 16 } };

static uint64_t table_address(const Regime *r, uint64_t entry)
{
    uint64_t low = entry & MAKE_64BIT_MASK(r->page_bits, HIGH_PA_SHIFT - r->page_bits);

    /* With 64 KiB pages bits 15:12 are address bits 51:48. */
    return r->page_bits == 16 ? low | extract64(entry, 12, 4) << HIGH_PA_SHIFT : low;
}

/* Which table, and how many bits of @va it takes; false: the address belongs to neither half. */
static bool choose_regime(const ArmEL1Regs *regs, uint64_t va, Regime *r)
{
    unsigned upper = extract64(va, 55, 1);
    uint64_t half = extract64(regs->tcr, 16 * upper, 16);
    bool ignore_top = extract64(regs->tcr, TCR_TBI_BIT + upper, 1);
    unsigned top;

    r->page_bits = granules[upper][FIELD_EX64(half, HALF, TG)];
    r->va_bits = 64 - FIELD_EX64(half, HALF, TSZ);
    r->base = regs->ttbr[upper] & MAKE_64BIT_MASK(1, 47);
    if (FIELD_EX64(half, HALF, EPD) || !r->page_bits || FIELD_EX64(regs->tcr, TCR, DS) || r->va_bits > (r->page_bits == 16 ? 52u : 48u) || r->va_bits <= r->page_bits) {
        return false;
    }
    top = (ignore_top ? 56 : 64) - r->va_bits;
    return sextract64(va, r->va_bits, top) == -(int64_t)upper;
}

bool arm_translate(const ArmEL1Regs *regs, uint64_t va, ArmReadDescriptor *read, void *opaque, hwaddr *pa)
{
    Regime r;

    if (!FIELD_EX64(regs->sctlr, SCTLR, M)) {
        *pa = va;
        return true;
    }
    if (!choose_regime(regs, va, &r)) {
        return false;
    }
    unsigned stride = r.page_bits - 3, levels = DIV_ROUND_UP(r.va_bits - r.page_bits, stride);
    uint64_t table = r.base, left = extract64(va, 0, r.va_bits);

    for (unsigned level = LAST_LEVEL + 1 - levels; level <= LAST_LEVEL; level++) {
        unsigned shift = r.page_bits + stride * (LAST_LEVEL - level);
        uint64_t desc;

        if (!read(table + (left >> shift) * sizeof(desc), &desc, opaque) || !(desc & DESC_VALID)) {
            return false;
        }
        left &= MAKE_64BIT_MASK(0, shift);
        table = table_address(&r, desc);
        if (level == LAST_LEVEL ? !(desc & DESC_TABLE) : !level && !(desc & DESC_TABLE)) {
            return false;               /* reserved: no blocks at level 0, pages have the bit set */
        }
        if (level == LAST_LEVEL || !(desc & DESC_TABLE)) {
            *pa = (table & ~MAKE_64BIT_MASK(0, shift)) | left;
            return true;
        }
    }
    return false;
}
