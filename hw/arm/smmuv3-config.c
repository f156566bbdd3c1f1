/*
 * SMMUv3: from a StreamID to a checked stream table entry, and through a context
 * descriptor to all that decides how an address is translated.
 *
 * IHI 0070: 3.3 (stream tables, CD tables), 5.1 and 5.3 (level 1 descriptors), 5.2
 * (STE), 5.4 (CD): what makes them ILLEGAL. Each word of guest memory is read
 * once; what is checked is what is used. Runs under the vSMMU lock on any thread.
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

/* log2 of the page size; 0: reserved, or not one of ours. */
static unsigned granule_of(const SMMUv3State *s, unsigned encoding)
{
    static const uint8_t shift[4] = { 12, 16, 14, 0 };          /* TG0, S2TG */
    static const uint8_t idr5_bit[4] = { FIELD_SHIFT(IDR5, GRAN4K), FIELD_SHIFT(IDR5, GRAN64K), FIELD_SHIFT(IDR5, GRAN16K), 31 };

    return s->idr[5] & BIT(idr5_bit[encoding]) ? shift[encoding] : 0;
}

static bool s2_legal(const SMMUv3State *s, const uint64_t w[STE_WORDS], SMMUSte *ste)
{
    ste->s2granule = granule_of(s, FIELD_EX64(w[2], STE2, S2TG));
    ste->s2oas = MIN(smmu_oas_bits(FIELD_EX64(w[2], STE2, S2PS)), smmuv3_oas(s));
    return smmuv3_has_s2(s) && FIELD_EX64(w[2], STE2, S2AA64) && !FIELD_EX64(w[2], STE2, S2ENDI) &&
           !FIELD_EX64(w[2], STE2, S2HA) && !FIELD_EX64(w[2], STE2, S2HD) && !FIELD_EX64(w[2], STE2, S2S) &&
           ste->s2granule && 64u - ste->s2t0sz <= smmuv3_oas(s) && !(ste->s2ttb >> ste->s2oas) &&
           smmu_s2_start_level(ste->s2granule, FIELD_EX64(w[2], STE2, S2SL0), ste->s2t0sz, &ste->s2start);
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
    if (fmt != 1) {                     /* reserved values are as 0, and those of SPLIT as 6 */
        *addr = (base & ~MAKE_64BIT_MASK(0, log2size + 6)) + (uint64_t)sid * STE_SIZE;
        return SMMU_EVT_NONE;
    }
    if (split != 8 && split != 10) {
        split = 6;
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

/* --- Context descriptors ------------------------------------------------------------------- */

static bool half_legal(const SMMUv3State *s, SMMUTable *t, unsigned oas)
{
    unsigned least = t->granule == 16 && FIELD_EX32(s->idr[5], IDR5, VAX) ? 12 : 16;

    return t->disabled || (t->granule && t->tsz >= least && t->tsz <= 39 && !(t->ttb >> oas));
}

SMMUEventType smmu_cd_decode(const SMMUv3State *s, const uint64_t w[CD_WORDS], SMMUContext *c)
{
    static const uint8_t tg1_as_tg0[4] = { 3, 2, 0, 1 };

    c->s1 = true;
    c->asid = FIELD_EX64(w[0], CD0, ASID);
    c->s1_oas = MIN(smmu_oas_bits(FIELD_EX64(w[0], CD0, IPS)), smmuv3_oas(s));
    c->s1_affd = FIELD_EX64(w[0], CD0, AFFD);
    c->wxn = FIELD_EX64(w[0], CD0, WXN);
    c->lpa = smmuv3_oas(s) == 52;
    c->pan = FIELD_EX64(w[0], CD0, PAN);
    c->s1_record = FIELD_EX64(w[0], CD0, R);
    c->tt[0] = (SMMUTable) {
        .ttb = w[1] & CD1_TTB_MASK, .tsz = FIELD_EX64(w[0], CD0, T0SZ), .granule = granule_of(s, FIELD_EX64(w[0], CD0, TG0)),
        .disabled = FIELD_EX64(w[0], CD0, EPD0), .tbi = FIELD_EX64(w[0], CD0, TBI0), .had = FIELD_EX64(w[1], CD1, HAD),
    };
    c->tt[1] = (SMMUTable) {
        .ttb = w[2] & CD1_TTB_MASK, .tsz = FIELD_EX64(w[0], CD0, T1SZ),
        .granule = granule_of(s, tg1_as_tg0[FIELD_EX64(w[0], CD0, TG1)]),
        .disabled = FIELD_EX64(w[0], CD0, EPD1), .tbi = FIELD_EX64(w[0], CD0, TBI1), .had = FIELD_EX64(w[2], CD1, HAD),
    };
    /* no AArch32, big-endian tables, accesses that fail silently, flags that hardware updates, and mostly no stalls: IDR0 says so */
    if (!FIELD_EX64(w[0], CD0, V) || !FIELD_EX64(w[0], CD0, AA64) || FIELD_EX64(w[0], CD0, ENDI) ||
        (FIELD_EX64(w[0], CD0, S) && !smmuv3_can_stall(s)) || !FIELD_EX64(w[0], CD0, A) || FIELD_EX64(w[0], CD0, HA) || FIELD_EX64(w[0], CD0, HD)) {
        return SMMU_EVT_C_BAD_CD;
    }
    return half_legal(s, &c->tt[0], c->s1_oas) && half_legal(s, &c->tt[1], c->s1_oas) ? SMMU_EVT_NONE : SMMU_EVT_C_BAD_CD;
}

static bool read_descriptor(void *opaque, uint64_t pa, uint64_t *value)
{
    return smmuv3_read_words(opaque, pa, value, 1);
}

SMMUReader smmuv3_reader(SMMUv3State *s)
{
    return (SMMUReader) { .read = read_descriptor, .opaque = s };
}

/* CD tables are at IPAs when there is a stage 2. */
static SMMUEventType read_by_ipa(SMMUv3State *s, const SMMUContext *c, uint64_t addr, uint64_t *w, unsigned n, SMMUEvent *evt)
{
    SMMUReader r = smmuv3_reader(s);
    SMMUFault fault;
    SMMULeaf leaf;

    if (c->s2) {
        if (!smmu_walk_s2(c, &r, addr, EVT_CLASS_CD, &leaf, &fault)) {
            evt->s2 = true;
            evt->class = EVT_CLASS_CD;
            evt->ipa = fault.ipa;
            return fault.type;
        }
        if (!(leaf.perm & SMMU_2R)) {
            evt->s2 = true;
            evt->class = EVT_CLASS_CD;
            evt->ipa = addr;
            return SMMU_EVT_F_PERMISSION;
        }
        addr = leaf.out | (addr & MAKE_64BIT_MASK(0, leaf.shift));
    }
    evt->ipa = addr;
    return !(addr >> smmuv3_oas(s)) && smmuv3_read_words(s, addr, w, n) ? SMMU_EVT_NONE : SMMU_EVT_F_CD_FETCH;
}

static SMMUEventType locate_cd(SMMUv3State *s, const SMMUSte *ste, const SMMUContext *c, uint32_t ssid, uint64_t *addr, SMMUEvent *evt)
{
    unsigned split = ste->s1fmt == S1FMT_4K_L2 ? 6 : 10;
    SMMUEventType err;
    uint64_t l1;

    if (!ste->s1cdmax || ste->s1fmt == S1FMT_LINEAR) {
        *addr = ste->ctxptr + (uint64_t)ssid * CD_SIZE;
        return SMMU_EVT_NONE;
    }
    err = read_by_ipa(s, c, ste->ctxptr + (uint64_t)(ssid >> split) * 8, &l1, 1, evt);
    if (err) {
        return err;
    }
    *addr = (l1 & L1CD_ADDR_MASK) + (uint64_t)(ssid & MAKE_64BIT_MASK(0, split)) * CD_SIZE;
    return l1 & 1 ? SMMU_EVT_NONE : SMMU_EVT_C_BAD_SUBSTREAMID;
}

static SMMUDisposal fetch_cd(SMMUv3State *s, const SMMUSte *ste, uint32_t ssid, SMMUConfig *cfg)
{
    uint64_t addr, w[CD_WORDS];

    cfg->evt.type = locate_cd(s, ste, &cfg->ctx, ssid, &addr, &cfg->evt);
    if (!cfg->evt.type) {
        cfg->evt.type = read_by_ipa(s, &cfg->ctx, addr, w, CD_WORDS, &cfg->evt);
    }
    if (!cfg->evt.type) {
        cfg->evt.type = smmu_cd_decode(s, w, &cfg->ctx);
    }
    return cfg->evt.type ? SMMU_FAULT : SMMU_TRANSLATE;
}

static SMMUDisposal fault_of(SMMUConfig *cfg, SMMUEventType type)
{
    cfg->evt.type = type;
    return SMMU_FAULT;
}

static SMMUDisposal without_s1(const SMMUConfig *cfg)
{
    return cfg->ctx.s2 ? SMMU_TRANSLATE : SMMU_BYPASS;
}

/* Which CD, if any: IHI 0070 3.3.2 and STE.S1DSS. */
static SMMUDisposal choose_context(SMMUv3State *s, const SMMUSte *ste, bool ssv, uint32_t ssid, SMMUConfig *cfg)
{
    if (!(ste->config & 1)) {
        return ssv ? fault_of(cfg, SMMU_EVT_C_BAD_SUBSTREAMID) : without_s1(cfg);
    }
    if (ssv) {
        if (!ste->s1cdmax || ssid >> ste->s1cdmax || (ssid == 0 && ste->s1dss == S1DSS_SSID0)) {
            return fault_of(cfg, SMMU_EVT_C_BAD_SUBSTREAMID);
        }
        return fetch_cd(s, ste, ssid, cfg);
    }
    if (ste->s1cdmax && ste->s1dss == S1DSS_TERMINATE) {
        return fault_of(cfg, SMMU_EVT_F_STREAM_DISABLED);
    }
    if (ste->s1cdmax && ste->s1dss == S1DSS_BYPASS) {
        return without_s1(cfg);
    }
    return fetch_cd(s, ste, 0, cfg);
}

void smmuv3_config_fetch(SMMUv3State *s, uint32_t sid, bool ssv, uint32_t ssid, SMMUConfig *cfg)
{
    uint64_t w[STE_WORDS];
    SMMUSte ste;

    memset(cfg, 0, sizeof(*cfg));
    cfg->evt = (SMMUEvent) { .sid = sid, .ssv = ssv, .ssid = ssid };
    cfg->evt.type = smmuv3_ste_fetch(s, sid, w, &cfg->evt.ipa);
    if (!cfg->evt.type) {
        cfg->evt.type = smmu_ste_decode(s, w, &ste);
    }
    if (cfg->evt.type) {
        cfg->disposal = SMMU_FAULT;
        return;
    }
    if (ste.config == STE_CFG_ABORT) {
        cfg->disposal = SMMU_ABORT;
        return;
    }
    cfg->eats = ste.eats;
    cfg->mev = ste.mev;
    cfg->ctx.vmid = smmuv3_has_s2(s) ? ste.vmid : 0;
    if (ste.config & 2) {
        cfg->ctx.s2 = true;
        cfg->ctx.lpa = smmuv3_oas(s) == 52;
        cfg->ctx.s2_ttb = ste.s2ttb;
        cfg->ctx.s2_tsz = ste.s2t0sz;
        cfg->ctx.s2_granule = ste.s2granule;
        cfg->ctx.s2_start = ste.s2start;
        cfg->ctx.s2_oas = ste.s2oas;
        cfg->ctx.s2_affd = ste.s2affd;
        cfg->ctx.s2_ptw = ste.s2ptw;
        cfg->ctx.s2_record = ste.s2record;
    }
    cfg->disposal = choose_context(s, &ste, ssv, ssid, cfg);
}
