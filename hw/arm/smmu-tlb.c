/*
 * The software IOTLB. See smmu-tlb.h.
 *
 * The ASID is not part of a set's number: global entries and "all ASIDs"
 * commands then find what they mean in one place.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmu-tlb.h"

static unsigned set_of(uint64_t page, unsigned shift, uint16_t vmid)
{
    uint64_t h = (page ^ (uint64_t)shift << 57 ^ (uint64_t)vmid << 40) * 0x9e3779b97f4a7c15ULL;

    return h >> 54;                     /* 2^10 sets */
}

static void drop(SMMUTlb *t, SMMUTlbEntry *e)
{
    e->valid = false;
    t->entries--;
    if (!--t->used[e->shift]) {
        t->shifts &= ~BIT_ULL(e->shift);
    }
}

const SMMUTlbEntry *smmu_tlb_find(SMMUTlb *t, const SMMUContext *c, uint64_t iova)
{
    for (uint64_t left = t->shifts; left; left &= left - 1) {
        unsigned shift = ctz64(left);
        SMMUTlbEntry *set = t->set[set_of(iova >> shift, shift, c->vmid)];

        for (unsigned i = 0; i < SMMU_TLB_WAYS; i++) {
            if (set[i].valid && set[i].page == iova >> shift && set[i].shift == shift && set[i].vmid == c->vmid &&
                set[i].s1 == c->s1 && (!c->s1 || set[i].global || set[i].asid == c->asid)) {
                t->hits++;
                return &set[i];
            }
        }
    }
    t->misses++;
    return NULL;
}

void smmu_tlb_insert(SMMUTlb *t, const SMMUContext *c, uint64_t iova, const SMMULeaf *leaf)
{
    unsigned n = set_of(iova >> leaf->shift, leaf->shift, c->vmid), way = 0;
    SMMUTlbEntry *set = t->set[n];

    while (way < SMMU_TLB_WAYS && set[way].valid) {
        way++;
    }
    if (way == SMMU_TLB_WAYS) {
        way = t->victim[n]++ % SMMU_TLB_WAYS;
        drop(t, &set[way]);
    }
    set[way] = (SMMUTlbEntry) {
        .page = iova >> leaf->shift, .out = leaf->out, .asid = c->asid, .vmid = c->vmid, .perm = leaf->perm,
        .shift = leaf->shift, .valid = true, .s1 = c->s1, .global = c->s1 && leaf->global,
    };
    t->entries++;
    t->used[leaf->shift]++;
    t->shifts |= BIT_ULL(leaf->shift);
}

static bool matches(const SMMUTlbEntry *e, const SMMUTlbMatch *m)
{
    if (!e->valid || (m->s1_only && !e->s1) || (m->s2_only && e->s1) || (!m->any_vmid && e->vmid != m->vmid)) {
        return false;
    }
    if (!m->any_asid && !(e->asid == m->asid && !e->global) && !(e->global && !m->keep_global)) {
        return false;
    }
    uint64_t first = e->page << e->shift;

    return m->any_addr || (first <= m->last && first + MAKE_64BIT_MASK(0, e->shift) >= m->first);
}

static void invalidate_set(SMMUTlb *t, SMMUTlbEntry *set, const SMMUTlbMatch *m)
{
    for (unsigned i = 0; i < SMMU_TLB_WAYS; i++) {
        if (matches(&set[i], m)) {
            drop(t, &set[i]);
        }
    }
}

static void invalidate_all_sets(SMMUTlb *t, const SMMUTlbMatch *m)
{
    for (unsigned i = 0; i < SMMU_TLB_SETS && t->entries; i++) {
        invalidate_set(t, t->set[i], m);
    }
}

void smmu_tlb_invalidate(SMMUTlb *t, const SMMUTlbMatch *m)
{
    if (m->any_addr || m->any_vmid) {
        invalidate_all_sets(t, m);
        return;
    }
    for (uint64_t left = t->shifts; left; left &= left - 1) {
        unsigned shift = ctz64(left);
        uint64_t first = m->first >> shift, last = m->last >> shift;

        if (last - first >= SMMU_TLB_SETS) {
            invalidate_all_sets(t, m);
            return;
        }
        for (uint64_t page = first; page <= last && (t->shifts & BIT_ULL(shift)); page++) {
            invalidate_set(t, t->set[set_of(page, shift, m->vmid)], m);
        }
    }
}
