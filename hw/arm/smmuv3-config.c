/*
 * SMMUv3: from a StreamID to a checked stream table entry.
 *
 * IHI 0070: 3.3 (stream tables), 5.1 (level 1 descriptors), 5.2 (STE and what
 * makes it ILLEGAL). Each word of guest memory is read once; what is checked is
 * what is used. Runs under the vSMMU lock on any thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-internal.h"

static bool s1_legal(const SMMUv3State *s, const SMMUSte *ste)
{
    bool substreams = ste->s1cdmax != 0;

    if (!smmuv3_has_s1(s) || ste->strw != 0 || ste->s1cdmax > smmuv3_ssidsize(s) || ste->ctxptr >> smmuv3_oas(s)) {
        return false;
    }
    return !substreams || (ste->s1dss != 3 && ste->s1fmt != 3 &&
                           (ste->s1fmt == S1FMT_LINEAR || FIELD_EX32(s->idr[0], IDR0, CD2L)));
}

static bool s2_legal(const SMMUv3State *s, const uint64_t w[STE_WORDS], const SMMUSte *ste)
{
    return smmuv3_has_s2(s) && FIELD_EX64(w[2], STE2, S2AA64) && !FIELD_EX64(w[2], STE2, S2ENDI) &&
           !FIELD_EX64(w[2], STE2, S2HA) && !FIELD_EX64(w[2], STE2, S2HD) && !FIELD_EX64(w[2], STE2, S2S) &&
           ste->s2tg != 3 && !(ste->s2ttb >> smmuv3_oas(s));
}

SMMUEventType smmu_ste_decode(const SMMUv3State *s, const uint64_t w[STE_WORDS], SMMUSte *ste)
{
    *ste = (SMMUSte) {
        .valid = FIELD_EX64(w[0], STE0, V), .config = FIELD_EX64(w[0], STE0, CONFIG),
        .s1fmt = FIELD_EX64(w[0], STE0, S1FMT),
        .s1cdmax = smmuv3_ssidsize(s) ? FIELD_EX64(w[0], STE0, S1CDMAX) : 0,
        .ctxptr = w[0] & STE0_CTXPTR_MASK,
        .s1dss = FIELD_EX64(w[1], STE1, S1DSS), .mev = FIELD_EX64(w[1], STE1, MEV),
        .eats = smmuv3_has_ats(s) ? FIELD_EX64(w[1], STE1, EATS) : 0, .strw = FIELD_EX64(w[1], STE1, STRW),
        .privcfg = FIELD_EX64(w[1], STE1, PRIVCFG), .instcfg = FIELD_EX64(w[1], STE1, INSTCFG),
        .vmid = FIELD_EX64(w[2], STE2, VMID), .s2t0sz = FIELD_EX64(w[2], STE2, S2T0SZ),
        .s2sl0 = FIELD_EX64(w[2], STE2, S2SL0), .s2tg = FIELD_EX64(w[2], STE2, S2TG), .s2ps = FIELD_EX64(w[2], STE2, S2PS),
        .s2affd = FIELD_EX64(w[2], STE2, S2AFFD), .s2ptw = FIELD_EX64(w[2], STE2, S2PTW),
        .s2record = FIELD_EX64(w[2], STE2, S2R), .s2ttb = w[3] & STE3_S2TTB_MASK,
    };
    if (!ste->valid) {
        return SMMU_EVT_C_BAD_STE;
    }
    if (!(ste->config & STE_CFG_BYPASS)) {
        ste->config = STE_CFG_ABORT;    /* 0b0xx */
        return SMMU_EVT_NONE;
    }
    if (((ste->config & 1) && !s1_legal(s, ste)) || ((ste->config & 2) && !s2_legal(s, w, ste))) {
        return SMMU_EVT_C_BAD_STE;
    }
    return SMMU_EVT_NONE;
}

/* Address of the STE of @sid, through the level-1 table if there is one. */
static SMMUEventType locate(SMMUv3State *s, uint32_t sid, uint64_t *addr)
{
    unsigned fmt = FIELD_EX32(s->strtab_base_cfg, STRTAB_BASE_CFG, FMT);
    unsigned split = FIELD_EX32(s->strtab_base_cfg, STRTAB_BASE_CFG, SPLIT);
    unsigned log2size = MIN(FIELD_EX32(s->strtab_base_cfg, STRTAB_BASE_CFG, LOG2SIZE), SMMU_SIDSIZE);
    uint64_t base = s->strtab_base & STRTAB_ADDR_MASK, l1;

    if (sid >> log2size) {
        return SMMU_EVT_C_BAD_STREAMID;
    }
    if (fmt == 0) {
        *addr = (base & ~MAKE_64BIT_MASK(0, log2size + 6)) + (uint64_t)sid * STE_SIZE;
        return SMMU_EVT_NONE;
    }
    if (fmt != 1 || (split != 6 && split != 8 && split != 10)) {
        return SMMU_EVT_C_BAD_STREAMID;
    }
    unsigned l1_bits = log2size > split ? log2size - split : 0;
    *addr = (base & ~MAKE_64BIT_MASK(0, l1_bits + 3)) + (uint64_t)(sid >> split) * 8;
    if (!smmuv3_read_words(s, *addr, &l1, 1)) {
        return SMMU_EVT_F_STE_FETCH;
    }
    unsigned span = FIELD_EX64(l1, L1STD, SPAN);
    uint32_t index = sid & MAKE_64BIT_MASK(0, split);
    if (span == 0 || span > split + 1 || index >> (span - 1)) {
        return SMMU_EVT_C_BAD_STREAMID;
    }
    *addr = (l1 & L1STD_ADDR_MASK & ~MAKE_64BIT_MASK(0, span + 5)) + (uint64_t)index * STE_SIZE;
    return SMMU_EVT_NONE;
}

SMMUEventType smmuv3_ste_fetch(SMMUv3State *s, uint32_t sid, uint64_t w[STE_WORDS], uint64_t *fetch)
{
    SMMUEventType err;

    *fetch = 0;
    err = locate(s, sid, fetch);
    if (err) {
        return err;
    }
    if (*fetch >> smmuv3_oas(s) || !smmuv3_read_words(s, *fetch, w, STE_WORDS)) {
        return SMMU_EVT_F_STE_FETCH;
    }
    return SMMU_EVT_NONE;
}
