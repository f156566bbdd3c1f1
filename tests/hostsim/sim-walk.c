/*
 * Stage 1 of the simulated SMMUs: context descriptors and table walks.
 *
 * A second opinion, written from the Arm architecture manual (VMSAv8-64,
 * chapter D8) and the SMMUv3 specification (IHI 0070: CD tables 5.4, substreams
 * 3.9, events 7.3) without sharing a line with the model in hw/arm: granules of
 * 4, 16 and 64 KiB, both halves of the address space, substreams with linear and
 * two-level CD tables, access flag, read-only, execute-never, and privilege for
 * accesses with a PASID. What it keeps is in sim-tlb.c.
 *
 * Not modelled: hierarchical permissions, WXN, PAN, output size checks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hostsim.h"

#define CD_SIZE  64
#define CLASS_CD 0
#define CLASS_TT 1
#define CLASS_IN 2

enum {
    EVENT_C_BAD_SUBSTREAMID = 0x08, EVENT_C_BAD_CD = 0x0a, EVENT_F_STREAM_DISABLED = 0x06,
    EVENT_F_TRANSLATION = 0x10, EVENT_F_ACCESS = 0x12, EVENT_F_PERMISSION = 0x13,
};

static int fail(SimFault *fault, uint8_t event, uint8_t class)
{
    *fault = (SimFault) { event, class };
    return -EFAULT;
}

/* What the SMMU itself fetches. When stage 2 does not show it, that is the host's business: no event. */
static bool fetch(SimObject *hwpt, uint64_t ipa, uint64_t *value)
{
    size_t len = sizeof(*value);
    uint8_t *p = sim_ioas_translate(sim_ioas_of(hwpt), ipa, &len, false);

    if (!p || len < sizeof(*value)) {
        return false;
    }
    *value = ldq_le_p(p);
    return true;
}

/* --- Context descriptors ----------------------------------------------------------------- */

/* STE: S1CDMax [63:59]; S1DSS in word 1. Which descriptor the access is for; false: the fault says why there is none. */
static bool find_substream(const SimObject *hwpt, const SimAccess *a, bool *bypass, SimFault *fault)
{
    unsigned max = (unsigned)(hwpt->ste[0] >> 59), dss = (unsigned)(hwpt->ste[1] & 3);

    *bypass = !a->has_pasid && max && dss == 1;
    if (!a->has_pasid && max && dss == 0) {
        fail(fault, EVENT_F_STREAM_DISABLED, 0);
        return false;
    }
    if (a->has_pasid && (!max || a->pasid >> max || (dss == 2 && !a->pasid))) {
        fail(fault, EVENT_C_BAD_SUBSTREAMID, 0);
        return false;
    }
    return true;
}

/* STE: S1Fmt [5:4], S1ContextPtr [51:6]. */
static bool find_cd(SimObject *hwpt, uint32_t ssid, uint64_t *cd, SimFault *fault)
{
    uint64_t table = hwpt->ste[0] & MAKE_64BIT_MASK(6, 46), l1;
    unsigned max = (unsigned)(hwpt->ste[0] >> 59), format = (unsigned)extract64(hwpt->ste[0], 4, 2);

    if (max && format) {                /* leaves of 4 or 64 KiB */
        unsigned leaf = format == 1 ? 6 : 10;
        fail(fault, 0, 0);
        if (!fetch(hwpt, table + (ssid >> leaf) * 8, &l1)) {
            return false;
        }
        if (!(l1 & 1)) {
            fail(fault, EVENT_C_BAD_SUBSTREAMID, 0);
            return false;
        }
        table = l1 & MAKE_64BIT_MASK(12, 40);
        ssid &= (1U << leaf) - 1;
    }
    *cd = table + (uint64_t)ssid * CD_SIZE;
    return true;
}

/* Word 0: T0SZ [5:0], TG0 [7:6], EPD0 [14], T1SZ [21:16], TG1 [23:22], EPD1 [30], V [31], AFFD [35], R [45], ASID [63:48]. */
static bool read_cd(SimObject *hwpt, uint64_t cd, SimCD *c, SimFault *fault)
{
    static const uint8_t tg0[4] = { 12, 16, 14, 0 }, tg1[4] = { 0, 14, 12, 16 };
    uint64_t w[3];

    fail(fault, 0, 0);
    for (unsigned i = 0; i < 3; i++) {
        if (!fetch(hwpt, cd + 8 * i, &w[i])) {
            return false;
        }
    }
    fail(fault, EVENT_C_BAD_CD, 0);
    if (!(w[0] >> 31 & 1)) {
        return false;
    }
    c->half[0] = (SimHalf) { (unsigned)extract64(w[0], 0, 6), tg0[extract64(w[0], 6, 2)], w[1] & MAKE_64BIT_MASK(4, 48), w[0] >> 14 & 1 };
    c->half[1] = (SimHalf) { (unsigned)extract64(w[0], 16, 6), tg1[extract64(w[0], 22, 2)], w[2] & MAKE_64BIT_MASK(4, 48), w[0] >> 30 & 1 };
    c->affd = w[0] >> 35 & 1;
    c->record = w[0] >> 45 & 1;
    c->asid = (uint32_t)(w[0] >> 48);
    for (int i = 0; i < 2; i++) {
        const SimHalf *h = &c->half[i];
        if (!h->off && (!h->page_shift || h->tsz < 16 || h->tsz > 39)) {
            return false;
        }
    }
    return true;
}

static bool get_cd(SimDevice *dev, uint32_t ssid, SimCD *c, SimFault *fault)
{
    SimObject *hwpt = dev->group->hwpt;
    uint64_t at;

    if (sim_cd_lookup(dev, ssid, c)) {
        return true;
    }
    c->ssid = ssid;
    if (!find_cd(hwpt, ssid, &at, fault) || !read_cd(hwpt, at, c, fault)) {
        return false;
    }
    sim_cd_insert(dev, c);
    return true;
}

/* --- Tables -------------------------------------------------------------------------------- */

/* A leaf: AP[2] (7) read-only, AP[1] (6) for the unprivileged too, AF (10), PXN (53), UXN (54). */
static int judge(const SimCD *c, const SimAccess *a, uint64_t desc, bool *writable, SimFault *fault)
{
    bool priv = !a->has_pasid || a->priv, readonly = desc >> 7 & 1;

    if (!c->affd && !(desc >> 10 & 1)) {
        return fail(fault, EVENT_F_ACCESS, CLASS_IN);
    }
    if ((a->write && readonly) || (!priv && !(desc >> 6 & 1)) || (a->exec && desc >> (priv ? 53 : 54) & 1)) {
        return fail(fault, EVENT_F_PERMISSION, CLASS_IN);
    }
    *writable = !readonly;
    return 0;
}

/* The leaf that translates @va; nG is bit 11. */
static int walk(SimObject *hwpt, const SimCD *c, const SimHalf *h, uint64_t va, SimLeaf *leaf, SimFault *fault)
{
    unsigned bits = 64 - h->tsz, stride = h->page_shift - 3;
    int level = 4 - (int)DIV_ROUND_UP(bits - h->page_shift, stride);
    uint64_t table = h->ttb, desc, offset = va & ((1ULL << bits) - 1);

    for (; level <= 3; level++) {
        unsigned shift = h->page_shift + stride * (unsigned)(3 - level);
        uint64_t index = (offset >> shift) & ((1ULL << stride) - 1);
        if (!fetch(hwpt, table + index * 8, &desc)) {
            return fail(fault, 0, CLASS_TT);
        }
        if (!(desc & 1) || (level == 3 && !(desc & 2))) {
            return fail(fault, EVENT_F_TRANSLATION, CLASS_IN);
        }
        if (level == 3 || !(desc & 2)) {
            *leaf = (SimLeaf) { hwpt->parent->vmid, c->asid, !(desc >> 11 & 1), shift, h->page_shift, (unsigned)level, va & ~((1ULL << shift) - 1), desc };
            return 0;
        }
        table = desc & MAKE_64BIT_MASK(h->page_shift, 48 - h->page_shift);
    }
    return fail(fault, EVENT_F_TRANSLATION, CLASS_IN);
}

static int get_leaf(SimDevice *dev, const SimCD *c, uint64_t va, SimLeaf *leaf, SimFault *fault)
{
    SimObject *hwpt = dev->group->hwpt;
    const SimHalf *h = &c->half[va >> 63];
    uint64_t top = h->tsz ? va >> (64 - h->tsz) : 0, want = va >> 63 ? (1ULL << h->tsz) - 1 : 0;

    if (h->off || top != want) {
        return fail(fault, EVENT_F_TRANSLATION, CLASS_IN);
    }
    if (sim_tlb_lookup(dev->smmu, hwpt->parent->vmid, c->asid, va, leaf)) {
        return 0;
    }
    int r = walk(hwpt, c, h, va, leaf, fault);
    if (r == 0 && leaf->desc >> 10 & 1) {
        sim_tlb_insert(dev->smmu, leaf);
    }
    return r;
}

int sim_stage1(SimDevice *dev, const SimAccess *a, uint64_t iova, uint64_t *ipa, bool *writable, SimFault *fault)
{
    SimLeaf leaf;
    bool bypass;
    SimCD c;

    if (!find_substream(dev->group->hwpt, a, &bypass, fault)) {
        return -EFAULT;
    }
    if (bypass) {
        *ipa = iova;
        *writable = true;
        return 0;
    }
    if (!get_cd(dev, a->has_pasid ? a->pasid : 0, &c, fault)) {
        return -EFAULT;
    }
    int r = get_leaf(dev, &c, iova, &leaf, fault);
    if (r == 0) {
        *ipa = (leaf.desc & MAKE_64BIT_MASK(leaf.shift, 48 - leaf.shift)) | (iova & ((1ULL << leaf.shift) - 1));
        r = judge(&c, a, leaf.desc, writable, fault);
    }
    if (r < 0 && !c.record && fault->event >= EVENT_F_TRANSLATION) {
        fault->event = 0;
    }
    return r;
}
