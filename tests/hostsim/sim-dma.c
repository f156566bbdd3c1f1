/*
 * DMA of a simulated device, as the physical SMMU carries it out: blocked,
 * stage 2 only, or the guest's stage 1 and then the host's stage 2.
 *
 * Stage 1 here is a second opinion, written from the Arm architecture manual
 * (VMSAv8-64, chapter D8) and the SMMUv3 specification (CD, section 5.4)
 * without sharing a line with the model in hw/arm: granules of 4, 16 and 64
 * KiB, TTBR0 only, substream 0, no access flag or permission other than
 * read-only. Nothing is cached, so that stale entries cannot hide a mistake
 * in the tables; invalidations are checked by the command log.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hostsim.h"

typedef struct Walk { unsigned tsz, page_shift; uint64_t ttb; } Walk;

static uint8_t *stage2(SimObject *s2, uint64_t ipa, size_t *len, bool write)
{
    return sim_ioas_translate(s2->parent, ipa, len, write);
}

static bool read_desc(SimObject *s2, uint64_t ipa, uint64_t *desc)
{
    size_t len = sizeof(*desc);
    uint8_t *p = stage2(s2, ipa, &len, false);

    if (!p || len < sizeof(*desc)) {
        return false;
    }
    *desc = ldq_le_p(p);
    return true;
}

/* CD word 0: T0SZ [5:0], TG0 [7:6], V [31]; word 1: TTB0 [51:4]. */
static bool read_cd(SimObject *s2, const SimObject *hwpt, Walk *w)
{
    uint64_t cd = hwpt->ste[0] & MAKE_64BIT_MASK(6, 46), word0, word1;
    static const uint8_t shifts[4] = { 12, 16, 14, 0 };

    if (!read_desc(s2, cd, &word0) || !read_desc(s2, cd + 8, &word1) || !(word0 >> 31 & 1)) {
        return false;
    }
    w->tsz = (unsigned)extract64(word0, 0, 6);
    w->page_shift = shifts[extract64(word0, 6, 2)];
    w->ttb = word1 & MAKE_64BIT_MASK(4, 48);
    return w->page_shift && w->tsz >= 16 && w->tsz <= 39;
}

/* One page; -EFAULT when the tables do not lead to it. */
static int stage1(SimObject *s2, const Walk *w, uint64_t va, bool write, uint64_t *ipa)
{
    unsigned bits = 64 - w->tsz, stride = w->page_shift - 3;
    int level = 4 - (int)DIV_ROUND_UP(bits - w->page_shift, stride);
    uint64_t table = w->ttb, desc;

    if (va >> bits) {
        return -EFAULT;
    }
    for (; level <= 3; level++) {
        unsigned shift = w->page_shift + stride * (unsigned)(3 - level);
        uint64_t index = (va >> shift) & ((1ULL << stride) - 1);
        if (!read_desc(s2, table + index * 8, &desc) || !(desc & 1) || (level == 3 && !(desc & 2))) {
            return -EFAULT;
        }
        if (level == 3 || !(desc & 2)) {
            if (write && (desc >> 7 & 1)) {
                return -EFAULT;
            }
            *ipa = (desc & MAKE_64BIT_MASK(shift, 48 - shift)) | (va & ((1ULL << shift) - 1));
            return 0;
        }
        table = desc & MAKE_64BIT_MASK(w->page_shift, 48 - w->page_shift);
    }
    return -EFAULT;
}

/* A stretch that does not cross a page. */
static int dma_piece(SimDevice *dev, uint64_t iova, uint8_t *buf, size_t len, bool write)
{
    SimObject *hwpt = dev->group->hwpt, *s2 = hwpt;
    uint64_t ipa = iova;
    size_t got = len;
    uint8_t *p;
    Walk w;

    if (!dev->group->attached || !(dev->config[4] & 4)) {
        return -EFAULT;                 /* no table, or not a bus master */
    }
    if (hwpt->type == SIM_NESTED) {
        s2 = hwpt->parent->parent;
        unsigned config = sim_nested_config(hwpt);
        if (config == 0 || (config == 5 && (!read_cd(s2, hwpt, &w) || stage1(s2, &w, iova, write, &ipa) < 0))) {
            return -EFAULT;
        }
    }
    p = stage2(s2, ipa, &got, write);
    if (!p || got < len) {
        return -EFAULT;
    }
    if (write) {
        sim_dirty_mark(hwpt, iova);
    }
    memcpy(write ? p : buf, write ? buf : p, len);
    return 0;
}

int hostsim_dma(SimDevice *dev, uint64_t iova, void *buf, size_t len, bool write)
{
    uint8_t *at = buf;
    int r = 0;

    g_mutex_lock(&hostsim->lock);
    while (len && r == 0) {
        size_t n = MIN(len, SIM_PAGE - iova % SIM_PAGE);
        r = dma_piece(dev, iova, at, n, write);
        iova += n;
        at += n;
        len -= n;
    }
    g_mutex_unlock(&hostsim->lock);
    return r;
}
