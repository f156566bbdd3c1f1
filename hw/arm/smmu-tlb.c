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

static void count(uint32_t *counts, uint64_t *not_zero, unsigned shift, int by)
{
    counts[shift] += by;
    *not_zero = deposit64(*not_zero, shift, 1, counts[shift] != 0);
}

static void count_entry(SMMUTlb *t, const SMMUTlbEntry *e, int by)
{
    t->entries += by;
    count(t->used, &t->shifts, e->shift, by);
    if (e->s1_shift > e->shift) {
        count(t->cut, &t->cuts, e->s1_shift, by);
    }
}

static SMMUTlbEntry *entry_at(SMMUTlb *t, uint16_t number)
{
    return &t->set[0][0] + number - 1;
}

static void list_insert(SMMUTlb *t, SMMUTlbEntry *e)
{
    uint16_t number = e - &t->set[0][0] + 1, next = t->first[e->shift];

    e->prev = 0;
    e->next = next;
    if (next) {
        entry_at(t, next)->prev = number;
    }
    t->first[e->shift] = number;
}

static void list_remove(SMMUTlb *t, SMMUTlbEntry *e)
{
    if (e->next) {
        entry_at(t, e->next)->prev = e->prev;
    }
    *(e->prev ? &entry_at(t, e->prev)->next : &t->first[e->shift]) = e->next;
}

static void drop(SMMUTlb *t, SMMUTlbEntry *e)
{
    e->valid = false;
    list_remove(t, e);
    count_entry(t, e, -1);
}

static bool serves(const SMMUTlbEntry *e, const SMMUContext *c)
{
    return e->vmid == c->vmid && e->s1 == c->s1 && e->s2 == c->s2 && (!c->s1 || e->global || e->asid == c->asid);
}

const SMMUTlbEntry *smmu_tlb_find(SMMUTlb *t, const SMMUContext *c, uint64_t iova)
{
    for (uint64_t left = t->shifts; left; left &= left - 1) {
        unsigned shift = ctz64(left);
        SMMUTlbEntry *set = t->set[set_of(iova >> shift, shift, c->vmid)];

        for (unsigned i = 0; i < SMMU_TLB_WAYS; i++) {
            if (set[i].valid && set[i].page == iova >> shift && set[i].shift == shift && serves(&set[i], c)) {
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
    unsigned n = set_of(iova >> leaf->shift, leaf->shift, c->vmid), way;
    SMMUTlbEntry *set = t->set[n];

    for (way = 0; way < SMMU_TLB_WAYS; way++) {
        if (set[way].valid && set[way].page == iova >> leaf->shift && set[way].shift == leaf->shift && serves(&set[way], c)) {
            drop(t, &set[way]);         /* what it said was not enough */
        }
    }
    for (way = 0; way < SMMU_TLB_WAYS && set[way].valid; way++) {
    }
    if (way == SMMU_TLB_WAYS) {
        way = t->victim[n]++ % SMMU_TLB_WAYS;
        drop(t, &set[way]);
    }
    set[way] = (SMMUTlbEntry) {
        .page = iova >> leaf->shift, .out = leaf->out, .asid = c->asid, .vmid = c->vmid, .perm = leaf->perm,
        .shift = leaf->shift, .s1_shift = leaf->s1_shift, .valid = true, .s1 = c->s1, .s2 = c->s2, .global = c->s1 && leaf->global,
    };
    list_insert(t, &set[way]);
    count_entry(t, &set[way], 1);
}

static bool matches(const SMMUTlbEntry *e, const SMMUTlbMatch *m)
{
    if (!e->valid || (m->s1_only && !e->s1) || (m->s2_only && e->s1) || (!m->any_vmid && e->vmid != m->vmid)) {
        return false;
    }
    if (!m->any_asid && !(e->asid == m->asid && !e->global) && !(e->global && !m->keep_global)) {
        return false;
    }
    uint64_t mask = MAKE_64BIT_MASK(0, MAX(e->shift, e->s1_shift)), first = (e->page << e->shift) & ~mask;

    return m->any_addr || (first <= m->last && (first | mask) >= m->first);
}

static void invalidate_set(SMMUTlb *t, SMMUTlbEntry *set, const SMMUTlbMatch *m)
{
    for (unsigned i = 0; i < SMMU_TLB_WAYS; i++) {
        if (matches(&set[i], m)) {
            drop(t, &set[i]);
        }
    }
}

static void invalidate_size(SMMUTlb *t, unsigned shift, const SMMUTlbMatch *m)
{
    for (uint16_t number = t->first[shift]; number; ) {
        SMMUTlbEntry *e = entry_at(t, number);

        number = e->next;
        if (matches(e, m)) {
            drop(t, e);
        }
    }
}

static void invalidate_pages(SMMUTlb *t, unsigned shift, uint64_t first, uint64_t last, const SMMUTlbMatch *m)
{
    for (uint64_t page = first; page <= last && t->used[shift]; page++) {
        invalidate_set(t, t->set[set_of(page, shift, m->vmid)], m);
    }
}

void smmu_tlb_invalidate(SMMUTlb *t, const SMMUTlbMatch *m)
{
    uint64_t largest = t->cuts ? MAKE_64BIT_MASK(0, 63 - clz64(t->cuts)) : 0;

    for (uint64_t left = t->shifts; left; left &= left - 1) {
        unsigned shift = ctz64(left);
        uint64_t first = (m->first & ~largest) >> shift, last = (m->last | largest) >> shift;

        if (m->any_addr || m->any_vmid || last - first >= t->used[shift]) {
            invalidate_size(t, shift, m);
        } else {
            invalidate_pages(t, shift, first, last, m);
        }
    }
}
