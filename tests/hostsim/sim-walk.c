/*
 * Stage 1 of the simulated SMMUs: context descriptors and table walks.
 *
 * A second opinion, written from the Arm architecture manual (VMSAv8-64,
 * chapter D8) and the SMMUv3 specification (IHI 0070: CD tables 5.4, substreams
 * 3.9, events 7.3) without sharing a line with the model in hw/arm: granules of
 * 4, 16 and 64 KiB, both halves of the address space, substreams with linear and
 * two-level CD tables, access flag, read-only, execute-never, and privilege for
 * accesses with a PASID. Nothing is cached, so that stale entries cannot hide a
 * mistake in the tables; invalidations are checked by the command log.
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

typedef struct Half { unsigned tsz, page_shift; uint64_t ttb; bool off; } Half;
typedef struct Context { Half half[2]; bool affd, record; } Context;

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

/* STE: S1Fmt [5:4], S1ContextPtr [51:6], S1CDMax [63:59]; S1DSS in word 1. False: the fault says why. */
static bool find_cd(SimObject *hwpt, const SimAccess *a, uint64_t *cd, bool *bypass, SimFault *fault)
{
    uint64_t table = hwpt->ste[0] & MAKE_64BIT_MASK(6, 46), l1;
    unsigned max = (unsigned)(hwpt->ste[0] >> 59), format = (unsigned)extract64(hwpt->ste[0], 4, 2), dss = (unsigned)(hwpt->ste[1] & 3);
    uint32_t ssid = a->has_pasid ? a->pasid : 0;

    *bypass = !a->has_pasid && max && dss == 1;
    if (*bypass) {
        return true;
    }
    if (!a->has_pasid && max && dss == 0) {
        fail(fault, EVENT_F_STREAM_DISABLED, 0);
        return false;
    }
    if (a->has_pasid && (!max || ssid >> max || (dss == 2 && !ssid))) {
        fail(fault, EVENT_C_BAD_SUBSTREAMID, 0);
        return false;
    }
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

/* Word 0: T0SZ [5:0], TG0 [7:6], EPD0 [14], T1SZ [21:16], TG1 [23:22], EPD1 [30], V [31], AFFD [35], R [45]. */
static bool read_cd(SimObject *hwpt, uint64_t cd, Context *c, SimFault *fault)
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
    c->half[0] = (Half) { (unsigned)extract64(w[0], 0, 6), tg0[extract64(w[0], 6, 2)], w[1] & MAKE_64BIT_MASK(4, 48), w[0] >> 14 & 1 };
    c->half[1] = (Half) { (unsigned)extract64(w[0], 16, 6), tg1[extract64(w[0], 22, 2)], w[2] & MAKE_64BIT_MASK(4, 48), w[0] >> 30 & 1 };
    c->affd = w[0] >> 35 & 1;
    c->record = w[0] >> 45 & 1;
    for (int i = 0; i < 2; i++) {
        const Half *h = &c->half[i];
        if (!h->off && (!h->page_shift || h->tsz < 16 || h->tsz > 39)) {
            return false;
        }
    }
    return true;
}

/* --- Tables -------------------------------------------------------------------------------- */

/* A leaf: AP[2] (7) read-only, AP[1] (6) for the unprivileged too, AF (10), PXN (53), UXN (54). */
static int judge(const Context *c, const SimAccess *a, uint64_t desc, bool *writable, SimFault *fault)
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

static int walk(SimObject *hwpt, const Context *c, const Half *h, const SimAccess *a, uint64_t va, uint64_t *ipa, bool *writable, SimFault *fault)
{
    unsigned bits = 64 - h->tsz, stride = h->page_shift - 3;
    int level = 4 - (int)DIV_ROUND_UP(bits - h->page_shift, stride);
    uint64_t table = h->ttb, desc;

    va &= (1ULL << bits) - 1;
    for (; level <= 3; level++) {
        unsigned shift = h->page_shift + stride * (unsigned)(3 - level);
        uint64_t index = (va >> shift) & ((1ULL << stride) - 1);
        if (!fetch(hwpt, table + index * 8, &desc)) {
            return fail(fault, 0, CLASS_TT);
        }
        if (!(desc & 1) || (level == 3 && !(desc & 2))) {
            return fail(fault, EVENT_F_TRANSLATION, CLASS_IN);
        }
        if (level == 3 || !(desc & 2)) {
            *ipa = (desc & MAKE_64BIT_MASK(shift, 48 - shift)) | (va & ((1ULL << shift) - 1));
            return judge(c, a, desc, writable, fault);
        }
        table = desc & MAKE_64BIT_MASK(h->page_shift, 48 - h->page_shift);
    }
    return fail(fault, EVENT_F_TRANSLATION, CLASS_IN);
}

int sim_stage1(SimObject *hwpt, const SimAccess *a, uint64_t iova, uint64_t *ipa, bool *writable, SimFault *fault)
{
    bool bypass;
    Context c;
    uint64_t cd;

    if (!find_cd(hwpt, a, &cd, &bypass, fault)) {
        return -EFAULT;
    }
    if (bypass) {
        *ipa = iova;
        *writable = true;
        return 0;
    }
    if (!read_cd(hwpt, cd, &c, fault)) {
        return -EFAULT;
    }
    const Half *h = &c.half[iova >> 63];
    uint64_t top = h->tsz ? iova >> (64 - h->tsz) : 0, want = iova >> 63 ? (1ULL << h->tsz) - 1 : 0;
    int r = h->off || top != want ? fail(fault, EVENT_F_TRANSLATION, CLASS_IN) : walk(hwpt, &c, h, a, iova, ipa, writable, fault);
    if (r < 0 && !c.record && fault->event >= EVENT_F_TRANSLATION) {
        fault->event = 0;
    }
    return r;
}
