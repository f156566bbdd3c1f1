/*
 * Stage-1, stage-2 and nested table walks. See smmu-walk.h.
 *
 * Not modelled: AArch32 tables, hardware update of access flag and dirty state
 * (HTTU), LPA2 (52-bit addresses with 4 and 16 KiB pages), memory types but for
 * Device memory under tables (S2PTW). The contiguous hint only hints; entries are
 * cached one by one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmu-walk.h"

FIELD(PTE, VALID, 0, 1)
FIELD(PTE, TABLE, 1, 1)                 /* at level 3: page */
FIELD(PTE, S2NORMAL, 4, 2)             /* MemAttr[3:2]: 0 is Device memory */
FIELD(PTE, USER, 6, 1)                  /* AP[1]; S2AP read */
FIELD(PTE, RDONLY, 7, 1)                /* AP[2]; S2AP write */
FIELD(PTE, AF, 10, 1)
FIELD(PTE, NG, 11, 1)
FIELD(PTE, PXN, 53, 1)
FIELD(PTE, UXN, 54, 1)
FIELD(PTE, S2XN, 53, 2)
FIELD(PTE, PXNTABLE, 59, 1)
FIELD(PTE, UXNTABLE, 60, 1)
FIELD(PTE, APTABLE, 61, 2)

typedef enum PteKind { PTE_INVALID, PTE_TABLE, PTE_LEAF } PteKind;

/* Bits of the input address that one level resolves, counted from its lowest. */
static unsigned level_shift(unsigned granule, unsigned level)
{
    return granule + (granule - 3) * (3 - level);
}

static bool block_allowed(unsigned granule, unsigned level, unsigned oas)
{
    switch (granule) {
    case 12: return level == 1 || level == 2;
    case 14: return level == 2;
    default: return level == 2 || (level == 1 && oas == 52);
    }
}

/* The first table is as large as its index needs, and aligned to that: lower bits of its address do not count. */
static uint64_t first_table(uint64_t ttb, unsigned index_bits)
{
    return ttb & ~MAKE_64BIT_MASK(0, index_bits + 3);
}

static PteKind classify(uint64_t pte, unsigned granule, unsigned level, unsigned oas)
{
    if (!FIELD_EX64(pte, PTE, VALID)) {
        return PTE_INVALID;
    }
    if (level == 3) {
        return FIELD_EX64(pte, PTE, TABLE) ? PTE_LEAF : PTE_INVALID;
    }
    if (FIELD_EX64(pte, PTE, TABLE)) {
        return PTE_TABLE;
    }
    return block_allowed(granule, level, oas) ? PTE_LEAF : PTE_INVALID;
}

/* The address in a descriptor; 64 KiB pages keep bits 51:48 in 15:12. */
static uint64_t pte_address(uint64_t pte, unsigned granule, unsigned low, unsigned oas)
{
    uint64_t addr = pte & MAKE_64BIT_MASK(low, 48 - low);

    return granule == 16 && oas == 52 ? addr | extract64(pte, 12, 4) << 48 : addr;
}

static bool fault_is(SMMUFault *f, SMMUEventType type, bool s2, uint8_t class, uint64_t ipa)
{
    *f = (SMMUFault) { .type = type, .s2 = s2, .class = class, .ipa = ipa };
    return false;
}

static bool fetch(const SMMUReader *r, int stage, int level, uint8_t class, uint64_t pa, uint64_t *pte, SMMUFault *f)
{
    if (!r->read(r->opaque, pa, pte)) {
        return fault_is(f, SMMU_EVT_F_WALK_EABT, stage == 2, class, pa);
    }
    if (r->step) {
        r->step(r->opaque, stage, level, pa, *pte);
    }
    return true;
}

/* --- Stage 2 ------------------------------------------------------------------------- */

bool smmu_s2_start_level(unsigned granule, unsigned sl0, unsigned tsz, uint8_t *level)
{
    int start = granule == 12 ? 2 - (int)sl0 : 3 - (int)sl0;
    unsigned bits = 64 - tsz;

    if (sl0 > 2 || tsz < 12 || tsz > 39 || start < 0) {
        return false;
    }
    /* the first table resolves at least one bit, and up to 16 tables may stand side by side */
    unsigned low = level_shift(granule, start);
    *level = start;
    return bits > low && bits <= low + granule - 3 + 4;
}

static uint16_t s2_perm(uint64_t pte)
{
    uint16_t perm = (FIELD_EX64(pte, PTE, USER) ? SMMU_2R : 0) | (FIELD_EX64(pte, PTE, RDONLY) ? SMMU_2W : 0);

    return perm | (!(FIELD_EX64(pte, PTE, S2XN) & 2) && (perm & SMMU_2R) ? SMMU_2X : 0);
}

static bool s2_leaf(const SMMUContext *c, uint64_t ipa, uint64_t pte, unsigned level, uint8_t class, SMMULeaf *leaf, SMMUFault *f)
{
    unsigned shift = level_shift(c->s2_granule, level);
    uint64_t out = pte_address(pte, c->s2_granule, shift, c->s2_oas);

    if (out >> c->s2_oas) {
        return fault_is(f, SMMU_EVT_F_ADDR_SIZE, true, class, ipa);
    }
    if (!FIELD_EX64(pte, PTE, AF) && !c->s2_affd) {
        return fault_is(f, SMMU_EVT_F_ACCESS, true, class, ipa);
    }
    *leaf = (SMMULeaf) {
        .out = out, .ipa = ipa, .perm = s2_perm(pte) | SMMU_S1_ALL, .shift = shift, .device = !FIELD_EX64(pte, PTE, S2NORMAL),
    };
    return true;
}

bool smmu_walk_s2(const SMMUContext *c, const SMMUReader *r, uint64_t ipa, uint8_t class, SMMULeaf *leaf, SMMUFault *f)
{
    unsigned index_bits = 64 - c->s2_tsz - level_shift(c->s2_granule, c->s2_start);
    uint64_t table = first_table(c->s2_ttb, index_bits), pte;

    if (ipa >> (64 - c->s2_tsz)) {
        return fault_is(f, SMMU_EVT_F_TRANSLATION, true, class, ipa);
    }
    for (unsigned level = c->s2_start; level < 4; level++) {
        unsigned shift = level_shift(c->s2_granule, level);
        /* at the start the index takes the concatenated tables along */
        unsigned bits = level == c->s2_start ? index_bits : c->s2_granule - 3u;

        if (!fetch(r, 2, level, class, table + extract64(ipa, shift, bits) * 8, &pte, f)) {
            return false;
        }
        switch (classify(pte, c->s2_granule, level, c->s2_oas)) {
        case PTE_INVALID:
            return fault_is(f, SMMU_EVT_F_TRANSLATION, true, class, ipa);
        case PTE_LEAF:
            return s2_leaf(c, ipa, pte, level, class, leaf, f);
        case PTE_TABLE:
            table = pte_address(pte, c->s2_granule, c->s2_granule, c->s2_oas);
            if (table >> c->s2_oas) {
                return fault_is(f, SMMU_EVT_F_ADDR_SIZE, true, class, ipa);
            }
        }
    }
    return fault_is(f, SMMU_EVT_F_TRANSLATION, true, class, ipa);
}

/* --- Stage 1 ---------------------------------------------------------------------------- */

/* Reads a stage-1 descriptor, whose address is an IPA when there is a stage 2. */
static bool s1_fetch(const SMMUContext *c, const SMMUReader *r, unsigned level, uint64_t addr, uint64_t *pte, SMMUFault *f)
{
    SMMULeaf s2;

    if (c->s2) {
        if (!smmu_walk_s2(c, r, addr, EVT_CLASS_TT, &s2, f)) {
            return false;
        }
        if (!(s2.perm & SMMU_2R) || (c->s2_ptw && s2.device)) {
            return fault_is(f, SMMU_EVT_F_PERMISSION, true, EVT_CLASS_TT, addr);
        }
        addr = s2.out | (addr & MAKE_64BIT_MASK(0, s2.shift));
    }
    return fetch(r, 1, level, EVT_CLASS_TT, addr, pte, f);
}

static uint16_t s1_perm(const SMMUContext *c, bool user, bool rdonly, bool pxn, bool uxn)
{
    uint16_t perm = user ? SMMU_UR | (rdonly ? 0 : SMMU_UW) : 0;

    if (!user || !c->pan) {
        perm |= SMMU_PR | (rdonly ? 0 : SMMU_PW);
    }
    if (!uxn && user && !(c->wxn && !rdonly)) {
        perm |= SMMU_UX;
    }
    /* what the unprivileged can write, the privileged never execute */
    if (!pxn && !(user && !rdonly) && !(c->wxn && !rdonly)) {
        perm |= SMMU_PX;
    }
    return perm | SMMU_S2_ALL;
}

typedef struct TableLimits { bool no_user, rdonly, pxn, uxn; } TableLimits;

static void limits_add(TableLimits *l, uint64_t pte)
{
    unsigned ap = FIELD_EX64(pte, PTE, APTABLE);

    l->no_user |= ap & 1;
    l->rdonly |= (ap & 2) != 0;
    l->pxn |= FIELD_EX64(pte, PTE, PXNTABLE);
    l->uxn |= FIELD_EX64(pte, PTE, UXNTABLE);
}

static bool s1_leaf(const SMMUContext *c, const SMMUTable *t, const TableLimits *l, uint64_t pte, unsigned level,
                    SMMULeaf *leaf, SMMUFault *f)
{
    unsigned shift = level_shift(t->granule, level);
    uint64_t out = pte_address(pte, t->granule, shift, c->s1_oas);

    if (out >> c->s1_oas) {
        return fault_is(f, SMMU_EVT_F_ADDR_SIZE, false, EVT_CLASS_IN, 0);
    }
    if (!FIELD_EX64(pte, PTE, AF) && !c->s1_affd) {
        return fault_is(f, SMMU_EVT_F_ACCESS, false, EVT_CLASS_IN, 0);
    }
    *leaf = (SMMULeaf) {
        .out = out, .shift = shift, .global = !FIELD_EX64(pte, PTE, NG),
        .perm = s1_perm(c, FIELD_EX64(pte, PTE, USER) && !l->no_user, FIELD_EX64(pte, PTE, RDONLY) || l->rdonly,
                        FIELD_EX64(pte, PTE, PXN) || l->pxn, FIELD_EX64(pte, PTE, UXN) || l->uxn),
    };
    return true;
}

/* TTB0 is for addresses whose upper bits are all zero, TTB1 all one; with TBI the top byte does not count. */
static const SMMUTable *select_table(const SMMUContext *c, uint64_t iova)
{
    const SMMUTable *t = &c->tt[extract64(iova, 55, 1)];
    unsigned top = t->tbi ? 56 : 64, bits = 64 - t->tsz;

    if (t->disabled) {
        return NULL;                    /* its size was not checked either */
    }
    uint64_t upper = extract64(iova, bits, top - bits);
    return upper == (t == &c->tt[1] ? MAKE_64BIT_MASK(0, top - bits) : 0) ? t : NULL;
}

static bool walk_s1(const SMMUContext *c, const SMMUReader *r, uint64_t iova, SMMULeaf *leaf, SMMUFault *f)
{
    const SMMUTable *t = select_table(c, iova);
    TableLimits limits = { 0 };
    uint64_t table, pte;

    if (!t) {
        return fault_is(f, SMMU_EVT_F_TRANSLATION, false, EVT_CLASS_IN, 0);
    }
    unsigned stride = t->granule - 3, bits = 64 - t->tsz, start = 3 - (bits - t->granule - 1) / stride;
    table = first_table(t->ttb, bits - level_shift(t->granule, start));
    for (unsigned level = start; level < 4; level++) {
        unsigned shift = level_shift(t->granule, level);

        if (!s1_fetch(c, r, level, table + extract64(iova, shift, MIN(stride, bits - shift)) * 8, &pte, f)) {
            return false;
        }
        switch (classify(pte, t->granule, level, c->s1_oas)) {
        case PTE_INVALID:
            return fault_is(f, SMMU_EVT_F_TRANSLATION, false, EVT_CLASS_IN, 0);
        case PTE_LEAF:
            return s1_leaf(c, t, &limits, pte, level, leaf, f);
        case PTE_TABLE:
            if (!t->had) {
                limits_add(&limits, pte);
            }
            table = pte_address(pte, t->granule, t->granule, c->s1_oas);
            if (table >> c->s1_oas) {
                return fault_is(f, SMMU_EVT_F_ADDR_SIZE, false, EVT_CLASS_TT, 0);
            }
        }
    }
    return fault_is(f, SMMU_EVT_F_TRANSLATION, false, EVT_CLASS_IN, 0);
}

/* --- Both ------------------------------------------------------------------------------------ */

/* The smaller of two blocks, at @iova. */
static void combine(SMMULeaf *leaf, const SMMULeaf *s2, uint64_t ipa)
{
    uint8_t shift = MIN(leaf->shift, s2->shift);
    uint64_t out = s2->out | (ipa & MAKE_64BIT_MASK(0, s2->shift));

    leaf->out = out & ~MAKE_64BIT_MASK(0, shift);
    leaf->ipa = ipa;
    leaf->perm &= s2->perm;
    leaf->shift = shift;
}

bool smmu_walk(const SMMUContext *c, const SMMUReader *r, uint64_t iova, SMMULeaf *leaf, SMMUFault *f)
{
    SMMULeaf s2;

    if (!c->s1) {
        if (!smmu_walk_s2(c, r, iova, EVT_CLASS_IN, leaf, f)) {
            return false;
        }
        leaf->out &= ~MAKE_64BIT_MASK(0, leaf->shift);
        return true;
    }
    if (!walk_s1(c, r, iova, leaf, f)) {
        return false;
    }
    if (c->s2) {
        uint64_t ipa = leaf->out | (iova & MAKE_64BIT_MASK(0, leaf->shift));

        if (!smmu_walk_s2(c, r, ipa, EVT_CLASS_IN, &s2, f)) {
            return false;
        }
        combine(leaf, &s2, ipa);
    }
    return true;
}

unsigned smmu_refusing_stage(uint16_t perm, SMMUAccess a)
{
    uint16_t s1 = a.exec ? SMMU_PX : a.write ? SMMU_PW : SMMU_PR;
    uint16_t s2 = a.exec ? SMMU_2X : a.write ? SMMU_2W : SMMU_2R;

    if (!a.priv) {
        s1 <<= 3;
    }
    return !(perm & s1) ? 1 : !(perm & s2) ? 2 : 0;
}
