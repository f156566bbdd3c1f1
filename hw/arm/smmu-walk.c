/*
 * Stage-1, stage-2 and nested table walks. See smmu-walk.h.
 *
 * The contiguous hint is believed only when the whole run says the same: then the
 * leaf is as large as the run.
 *
 * Not modelled: AArch32 tables, hardware update of access flag and dirty state
 * (HTTU), 52-bit addresses with pages of 4 and 16 KiB (IDR5.DS), memory types but
 * for Device memory under tables (S2PTW).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmu-pte.h"

/* log2 of the number of descriptors that the contiguous hint speaks of. */
static unsigned run_bits(unsigned granule, unsigned level)
{
    return granule == 12 ? 4 : granule == 16 ? 5 : level == 3 ? 7 : 5;
}

/* Do all descriptors of the run around @pte continue each other? */
static bool run_is_whole(const SMMUReader *r, const Pte *pte, Format f, unsigned bits)
{
    unsigned shift = level_shift(f.granule, pte->level);
    uint64_t first = pte->pa & ~MAKE_64BIT_MASK(0, bits + 3), base = pte_address(pte->value, f, shift + bits);
    uint64_t attributes = pte->value ^ pte_address(pte->value, f, shift), value;

    for (unsigned i = 0; i < BIT(bits); i++) {
        if (!r->read(r->opaque, first + i * 8, &value) || pte_address(value, f, shift) != base + ((uint64_t)i << shift) ||
            (value ^ pte_address(value, f, shift)) != attributes) {
            return false;
        }
    }
    return true;
}

/* log2 of the size of what @pte, a leaf, maps. */
static unsigned leaf_shift(const SMMUReader *r, const Pte *pte, Format f)
{
    unsigned shift = level_shift(f.granule, pte->level), bits = run_bits(f.granule, pte->level);

    return FIELD_EX64(pte->value, PTE, CONT) && pte->level > 0 && run_is_whole(r, pte, f, bits) ? shift + bits : shift;
}

static bool fault_is(SMMUFault *f, SMMUEventType type, bool s2, uint8_t class, uint64_t ipa)
{
    *f = (SMMUFault) { .type = type, .s2 = s2, .class = class, .ipa = ipa };
    return false;
}

static bool fetch(const SMMUReader *r, int stage, unsigned level, uint8_t class, uint64_t pa, Pte *pte, SMMUFault *f)
{
    *pte = (Pte) { .pa = pa, .level = level };
    if (!r->read(r->opaque, pa, &pte->value)) {
        return fault_is(f, SMMU_EVT_F_WALK_EABT, stage == 2, class, pa);
    }
    if (r->step) {
        r->step(r->opaque, stage, level, pa, pte->value);
    }
    return true;
}

/* --- Stage 2 ------------------------------------------------------------------------- */

bool smmu_s2_start_level(unsigned granule, unsigned sl0, unsigned tsz, uint8_t *level)
{
    int start = granule == 12 ? 2 - (int)sl0 : 3 - (int)sl0;
    unsigned bits = 64 - tsz;

    if (sl0 > 2 || tsz < 12 || tsz > 39) {
        return false;
    }
    /* the first table resolves at least one bit, and up to 16 tables may stand side by side */
    unsigned low = level_shift(granule, start);
    *level = start;
    return bits > low && bits <= low + granule - 3 + 4;
}

/* XN[1:0]: 0 both may execute, 1 the unprivileged, 2 nobody, 3 the privileged (IDR3.XNX). */
static uint16_t s2_perm(uint64_t pte)
{
    static const uint16_t exec[4] = { SMMU_2PX | SMMU_2UX, SMMU_2UX, 0, SMMU_2PX };
    uint16_t perm = (FIELD_EX64(pte, PTE, USER) ? SMMU_2R : 0) | (FIELD_EX64(pte, PTE, RDONLY) ? SMMU_2W : 0);

    return perm | (perm & SMMU_2R ? exec[FIELD_EX64(pte, PTE, S2XN)] : 0);
}

static bool s2_leaf(const SMMUContext *c, const SMMUReader *r, Format fmt, uint64_t ipa, const Pte *pte, uint8_t class, SMMULeaf *leaf, SMMUFault *f)
{
    if (pte_address(pte->value, fmt, level_shift(fmt.granule, pte->level)) >> c->s2_oas) {
        return fault_is(f, SMMU_EVT_F_ADDR_SIZE, true, class, ipa);
    }
    if (!FIELD_EX64(pte->value, PTE, AF) && !c->s2_affd) {
        return fault_is(f, SMMU_EVT_F_ACCESS, true, class, ipa);
    }
    unsigned shift = leaf_shift(r, pte, fmt);
    *leaf = (SMMULeaf) {
        .out = pte_address(pte->value, fmt, shift), .ipa = ipa, .perm = s2_perm(pte->value) | SMMU_S1_ALL, .shift = shift, .s1_shift = shift,
        .device = !FIELD_EX64(pte->value, PTE, S2NORMAL),
    };
    return true;
}

bool smmu_walk_s2(const SMMUContext *c, const SMMUReader *r, uint64_t ipa, uint8_t class, SMMULeaf *leaf, SMMUFault *f)
{
    Format fmt = { c->s2_granule, c->lpa };
    /* at the start the index takes the concatenated tables along */
    unsigned shift = level_shift(fmt.granule, c->s2_start), bits = 64 - c->s2_tsz - shift;
    uint64_t table = table_base(c->s2_ttb, fmt, bits);
    Pte pte;

    if (ipa >> (64 - c->s2_tsz)) {
        return fault_is(f, SMMU_EVT_F_TRANSLATION, true, class, ipa);
    }
    for (unsigned level = c->s2_start; level < 4; level++) {
        if (!fetch(r, 2, level, class, table + extract64(ipa, shift, bits) * 8, &pte, f)) {
            return false;
        }
        switch (classify(&pte, fmt)) {
        case PTE_INVALID:
            return fault_is(f, SMMU_EVT_F_TRANSLATION, true, class, ipa);
        case PTE_LEAF:
            return s2_leaf(c, r, fmt, ipa, &pte, class, leaf, f);
        case PTE_TABLE:
            table = pte_address(pte.value, fmt, fmt.granule);
            if (table >> c->s2_oas) {
                return fault_is(f, SMMU_EVT_F_ADDR_SIZE, true, class, ipa);
            }
        }
        bits = fmt.granule - 3;
        shift -= bits;
    }
    return fault_is(f, SMMU_EVT_F_TRANSLATION, true, class, ipa);
}

/* --- Stage 1 ---------------------------------------------------------------------------- */

/* Reads a stage-1 descriptor, whose address is an IPA when there is a stage 2. */
static bool s1_fetch(const SMMUContext *c, const SMMUReader *r, unsigned level, uint64_t addr, Pte *pte, SMMUFault *f)
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

/* D8.4: data accesses by AP and PAN, execution by XN and WXN alone: even what cannot be read may be executed. */
static uint16_t s1_perm(const SMMUContext *c, bool user, bool rdonly, bool pxn, bool uxn)
{
    uint16_t perm = user ? SMMU_UR | (rdonly ? 0 : SMMU_UW) : 0;
    bool user_writes = user && !rdonly;

    if (!user || !c->pan) {
        perm |= SMMU_PR | (rdonly ? 0 : SMMU_PW);
    }
    if (!uxn && !(c->wxn && user_writes)) {
        perm |= SMMU_UX;
    }
    /* what the unprivileged can write, the privileged never execute */
    if (!pxn && !user_writes && !(c->wxn && !rdonly)) {
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

static bool s1_leaf(const SMMUContext *c, const SMMUReader *r, Format fmt, const TableLimits *l, const Pte *pte, SMMULeaf *leaf, SMMUFault *f)
{
    uint64_t v = pte->value;

    if (pte_address(v, fmt, level_shift(fmt.granule, pte->level)) >> c->s1_oas) {
        return fault_is(f, SMMU_EVT_F_ADDR_SIZE, false, EVT_CLASS_IN, 0);
    }
    if (!FIELD_EX64(v, PTE, AF) && !c->s1_affd) {
        return fault_is(f, SMMU_EVT_F_ACCESS, false, EVT_CLASS_IN, 0);
    }
    unsigned shift = leaf_shift(r, pte, fmt);
    *leaf = (SMMULeaf) {
        .out = pte_address(v, fmt, shift), .shift = shift, .s1_shift = shift, .global = !FIELD_EX64(v, PTE, NG),
        .perm = s1_perm(c, FIELD_EX64(v, PTE, USER) && !l->no_user, FIELD_EX64(v, PTE, RDONLY) || l->rdonly,
                        FIELD_EX64(v, PTE, PXN) || l->pxn, FIELD_EX64(v, PTE, UXN) || l->uxn),
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
    Pte pte;

    if (!t) {
        return fault_is(f, SMMU_EVT_F_TRANSLATION, false, EVT_CLASS_IN, 0);
    }
    Format fmt = { t->granule, c->lpa };
    unsigned stride = t->granule - 3, size = 64 - t->tsz, level = 3 - (size - t->granule - 1) / stride;
    unsigned shift = level_shift(t->granule, level), bits = size - shift;
    uint64_t table = table_base(t->ttb, fmt, bits);

    for (; level < 4; level++, bits = stride, shift -= stride) {
        if (!s1_fetch(c, r, level, table + extract64(iova, shift, bits) * 8, &pte, f)) {
            return false;
        }
        switch (classify(&pte, fmt)) {
        case PTE_INVALID:
            return fault_is(f, SMMU_EVT_F_TRANSLATION, false, EVT_CLASS_IN, 0);
        case PTE_LEAF:
            return s1_leaf(c, r, fmt, &limits, &pte, leaf, f);
        case PTE_TABLE:
            if (!t->had) {
                limits_add(&limits, pte.value);
            }
            table = pte_address(pte.value, fmt, fmt.granule);
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
    /* what is written is data, whatever the bus says */
    uint16_t s1 = a.write ? SMMU_PW : a.exec ? SMMU_PX : SMMU_PR;
    uint16_t s2 = a.write ? SMMU_2W : a.exec ? (a.priv ? SMMU_2PX : SMMU_2UX) : SMMU_2R;

    if (!a.priv) {
        s1 <<= 3;
    }
    return !(perm & s1) ? 1 : !(perm & s2) ? 2 : 0;
}
