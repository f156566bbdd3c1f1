/*
 * The software IOTLB against a model: random inserts, look-ups and
 * invalidations. It may forget, but never remember what was invalidated, nor
 * find what was not put in.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-emul.h"

#define N 64
typedef struct Known { bool there; SMMUContext c; uint64_t iova; SMMULeaf leaf; } Known;
static Known known[N];
static SMMUTlb tlb;

static const unsigned shifts[] = { 12, 14, 16, 21, 25, 29, 30 };

static Known random_entry(GRand *r)
{
    Known k = { .there = true };

    k.c = (SMMUContext) { .s1 = g_rand_int(r) % 4 != 0, .s2 = g_rand_int(r) % 2, .asid = g_rand_int(r) % 4, .vmid = g_rand_int(r) % 2 };
    k.leaf = (SMMULeaf) { .shift = shifts[g_rand_int(r) % ARRAY_SIZE(shifts)], .global = g_rand_int(r) % 4 == 0, .perm = 0x3ff };
    k.leaf.s1_shift = k.c.s1 && k.c.s2 ? MAX(k.leaf.shift, shifts[g_rand_int(r) % ARRAY_SIZE(shifts)]) : k.leaf.shift;
    k.iova = ((uint64_t)(g_rand_int(r) % 16) << k.leaf.shift);
    k.leaf.out = (uint64_t)g_rand_int(r) << k.leaf.shift;
    return k;
}

static bool overlap(const Known *a, const Known *b)
{
    unsigned shift = MAX(a->leaf.shift, b->leaf.shift);

    return a->c.vmid == b->c.vmid && a->c.s1 == b->c.s1 && a->iova >> shift == b->iova >> shift &&
           (!a->c.s1 || a->c.asid == b->c.asid || a->leaf.global || b->leaf.global);
}

static void insert(Known k)
{
    for (unsigned i = 0; i < N; i++) {
        if (known[i].there && overlap(&known[i], &k)) {
            return;                     /* a guest that maps twice gets either: not our business */
        }
    }
    for (unsigned i = 0; i < N; i++) {
        if (!known[i].there) {
            known[i] = k;
            smmu_tlb_insert(&tlb, &k.c, k.iova, &k.leaf);
            return;
        }
    }
}

static SMMUTlbMatch random_command(GRand *r)
{
    static const uint8_t ops[] = { CMD_TLBI_NH_ALL, CMD_TLBI_NH_ASID, CMD_TLBI_NH_VA, CMD_TLBI_NH_VAA, CMD_TLBI_S12_VMALL, CMD_TLBI_S2_IPA, CMD_TLBI_NSNH_ALL };
    uint64_t cmd[2] = { ops[g_rand_int(r) % ARRAY_SIZE(ops)], (uint64_t)(g_rand_int(r) % (1 << 20)) << 12 };
    SMMUTlbMatch m;

    cmd[0] |= (uint64_t)(g_rand_int(r) % 4) << 48 | (uint64_t)(g_rand_int(r) % 2) << 32;
    if (g_rand_int(r) % 2) {
        cmd[0] |= (g_rand_int(r) & 0x1f) << 12 | (g_rand_int(r) % 12) << 20;
        cmd[1] |= (1 + g_rand_int(r) % 3) << 10;
    }
    smmu_tlbi_match(cmd, true, &m);
    return m;
}

static void forget(const SMMUTlbMatch *m)
{
    for (unsigned i = 0; i < N; i++) {
        Known *k = &known[i];

        if (!k->there) {
            continue;
        }
        uint64_t mask = MAKE_64BIT_MASK(0, k->leaf.s1_shift);  /* all of stage 1's block goes at once */
        bool global = k->c.s1 && k->leaf.global;
        bool asid = m->any_asid || (k->c.asid == m->asid && !global) || (global && !m->keep_global);

        if ((m->any_vmid || m->vmid == k->c.vmid) && !(m->s1_only && !k->c.s1) && !(m->s2_only && k->c.s1) && asid &&
            (m->any_addr || ((k->iova & ~mask) <= m->last && (k->iova | mask) >= m->first))) {
            k->there = false;
        }
    }
}

static void check(Known *k)
{
    const SMMUTlbEntry *e = smmu_tlb_find(&tlb, &k->c, k->iova);

    if (!k->there) {
        return;
    }
    if (!e) {
        k->there = false;               /* evicted: it may */
        return;
    }
    g_assert_cmphex(e->out, ==, k->leaf.out);
}

static void test_model(void)
{
    g_autoptr(GRand) r = g_rand_new_with_seed(7);
    uint64_t found = 0;

    for (unsigned round = 0; round < 200000; round++) {
        if (g_rand_int(r) % 16) {
            insert(random_entry(r));
        } else {
            SMMUTlbMatch m = random_command(r);
            Known before[N];

            memcpy(before, known, sizeof(known));
            smmu_tlb_invalidate(&tlb, &m);
            forget(&m);
            for (unsigned i = 0; i < N; i++) {
                if (before[i].there && !known[i].there) {
                    g_assert_null(smmu_tlb_find(&tlb, &before[i].c, before[i].iova));
                }
            }
        }
        check(&known[round % N]);
        found += known[round % N].there;
    }
    g_assert_cmpuint(found, >, 10000);
}

/* IHI 0070 4.4.1.1: (NUM + 1) * 2^SCALE granules */
static void test_range(void)
{
    uint64_t cmd[2] = { CMD_TLBI_NH_VA | 3ULL << 12 | 2ULL << 20, 0x400000 | 1 << 10 };
    SMMUTlbMatch m;

    smmu_tlbi_match(cmd, false, &m);
    g_assert_cmphex(m.first, ==, 0x400000);
    g_assert_cmphex(m.last, ==, 0x400000 + 4 * 4 * 0x1000 - 1);
    cmd[1] = 0xfffffffffffff000ULL | 3 << 10;
    smmu_tlbi_match(cmd, false, &m);
    g_assert_cmphex(m.last, ==, UINT64_MAX);        /* does not wrap */
}

/* A range costs its entries, not the table. */
static void test_range_cost(void)
{
    SMMUContext c = { .s1 = true, .asid = 1 };
    SMMUTlbMatch m = { .asid = 1, .first = 0, .last = 0x1fffff };
    int64_t start;

    memset(&tlb, 0, sizeof(tlb));
    for (unsigned i = 0; i < 4096; i++) {
        smmu_tlb_insert(&tlb, &c, (uint64_t)i << 12, &(SMMULeaf) { .shift = 12, .perm = 0x1ff });
    }
    start = g_get_monotonic_time();
    for (unsigned i = 0; i < 1000; i++) {
        smmu_tlb_invalidate(&tlb, &m);
    }
    g_test_message("1000 range invalidations of 512 pages: %" PRId64 " us", g_get_monotonic_time() - start);
    g_assert_null(smmu_tlb_find(&tlb, &c, 0x1000));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smmu/tlb/model", test_model);
    g_test_add_func("/smmu/tlb/range", test_range);
    g_test_add_func("/smmu/tlb/range-cost", test_range_cost);
    return g_test_run();
}
