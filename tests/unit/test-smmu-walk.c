/*
 * SMMU table walks: each row builds a small table, asks for one address and
 * says what must come out. Sections are of the Arm ARM's D8 unless they say IHI
 * 0070.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmu-walk.h"

static GHashTable *memory;              /* pa -> descriptor */
static unsigned reads;

static bool read_memory(void *opaque, uint64_t pa, uint64_t *value)
{
    gpointer v;

    reads++;
    if (!g_hash_table_lookup_extended(memory, GSIZE_TO_POINTER(pa), NULL, &v)) {
        *value = 0;
        return pa < 0x100000000ULL;     /* beyond 4 GiB there is no RAM */
    }
    *value = GPOINTER_TO_SIZE(v);
    return true;
}

static const SMMUReader reader = { .read = read_memory };

static void poke(uint64_t pa, uint64_t v)
{
    g_hash_table_insert(memory, GSIZE_TO_POINTER(pa), GSIZE_TO_POINTER(v));
}

#define AF      BIT_ULL(10)
#define NG      BIT_ULL(11)
#define USER    BIT_ULL(6)
#define RO      BIT_ULL(7)
#define PAGE    (AF | 3)
#define BLOCK   (AF | 1)
#define TABLE   3
#define S2RW    (AF | BIT_ULL(6) | BIT_ULL(7) | BIT_ULL(4) | 3)
#define S2BLOCK (S2RW & ~2ULL)

static SMMUContext s1_context(unsigned granule, unsigned tsz)
{
    SMMUContext c = { .s1 = true, .s1_oas = 48, .s1_record = true };

    c.tt[0] = (SMMUTable) { .ttb = 0x10000, .tsz = tsz, .granule = granule };
    c.tt[1] = (SMMUTable) { .ttb = 0x20000, .tsz = tsz, .granule = granule };
    return c;
}

typedef struct Poke { uint64_t pa, value; } Poke;
typedef struct Row {
    const char *name;
    unsigned granule, tsz;
    Poke pokes[5];
    uint64_t iova;
    SMMUEventType fault;
    uint64_t out;
    unsigned shift, reads;
} Row;

/* D8.2: level and index of each granule; D8.3: descriptors */
static const Row rows[] = {
    { "4K, four levels", 12, 16, { { 0x10000, 0x30000 | TABLE }, { 0x30008, 0x40000 | TABLE }, { 0x40010, 0x50000 | TABLE }, { 0x50018, 0xabc000 | PAGE } },
      0x40403123, 0, 0xabc000, 12, 4 },
    { "4K, 2 MiB block", 12, 16, { { 0x10000, 0x30000 | TABLE }, { 0x30000, 0x40000 | TABLE }, { 0x40008, 0x80000000 | BLOCK } },
      0x3fffff, 0, 0x80000000, 21, 3 },
    { "4K, 1 GiB block", 12, 16, { { 0x10000, 0x30000 | TABLE }, { 0x30010, 0x40000000 | BLOCK } }, 0x80000001, 0, 0x40000000, 30, 2 },
    { "4K, block at level 0 is reserved", 12, 16, { { 0x10000, BLOCK } }, 0, SMMU_EVT_F_TRANSLATION, 0, 0, 1 },
    { "4K, 39 bits start at level 1", 12, 25, { { 0x10008, 0x40000000 | BLOCK } }, 0x7fffffff, 0, 0x40000000, 30, 1 },
    { "4K, 25 bits start at level 2", 12, 39, { { 0x10008, 0x200000 | BLOCK } }, 0x200000, 0, 0x200000, 21, 1 },
    { "beyond the size", 12, 25, { { 0 } }, 1ULL << 39, SMMU_EVT_F_TRANSLATION, 0, 0, 0 },
    { "upper half, TTB1", 12, 25, { { 0x20ff8, 0x40000000 | BLOCK } }, 0xffffffffffffffffULL, 0, 0x40000000, 30, 1 },
    { "neither half", 12, 25, { { 0 } }, 0x00ff000000000000ULL, SMMU_EVT_F_TRANSLATION, 0, 0, 0 },
    { "16K, two-entry level 0", 14, 16, { { 0x10008, 0x30000 | TABLE }, { 0x30000, 0x40000 | TABLE }, { 0x40000, 0x2000000 | BLOCK } },
      1ULL << 47, 0, 0x2000000, 25, 3 },
    { "16K page", 14, 28, { { 0x10000, 0x30000 | TABLE }, { 0x30008, 0x8000 | PAGE } }, 0x7fff, 0, 0x8000, 14, 2 },
    { "16K, block at level 1 is reserved", 14, 17, { { 0x10000, BLOCK } }, 0, SMMU_EVT_F_TRANSLATION, 0, 0, 1 },
    { "64K page", 16, 22, { { 0x10000, 0x30000 | TABLE }, { 0x30010, 0x50000 | PAGE } }, 0x2ffff, 0, 0x50000, 16, 2 },
    { "64K, 512 MiB block", 16, 22, { { 0x10008, 0x20000000 | BLOCK } }, 0x3fffffff, 0, 0x20000000, 29, 1 },
    { "invalid", 12, 25, { { 0x10000, 0x30000 | TABLE } }, 0, SMMU_EVT_F_TRANSLATION, 0, 0, 2 },
    { "level 3 with bit 1 clear is reserved", 12, 25, { { 0x10000, 0x30000 | TABLE }, { 0x30000, 0x40000 | TABLE }, { 0x40000, BLOCK } }, 0, SMMU_EVT_F_TRANSLATION, 0, 0, 3 },
    { "access flag", 12, 25, { { 0x10000, 1 } }, 0, SMMU_EVT_F_ACCESS, 0, 0, 1 },
    { "table where nothing is", 12, 25, { { 0x10000, 0x200000000 | TABLE } }, 0, SMMU_EVT_F_WALK_EABT, 0, 0, 2 },
};

static void test_row(gconstpointer data)
{
    const Row *row = data;
    SMMUContext c = s1_context(row->granule, row->tsz);
    SMMULeaf leaf;
    SMMUFault fault = { 0 };

    memory = g_hash_table_new(NULL, NULL);
    reads = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(row->pokes); i++) {
        poke(row->pokes[i].pa, row->pokes[i].value);
    }
    g_assert_cmpint(smmu_walk(&c, &reader, row->iova, &leaf, &fault), ==, row->fault == 0);
    g_assert_cmphex(fault.type, ==, row->fault);
    g_assert_cmpuint(reads, ==, row->reads);
    if (!row->fault) {
        g_assert_cmphex(leaf.out, ==, row->out);
        g_assert_cmpuint(leaf.shift, ==, row->shift);
    }
    g_hash_table_destroy(memory);
}

static uint16_t perm_of(SMMUContext *c, uint64_t table_bits, uint64_t page_bits)
{
    SMMULeaf leaf;
    SMMUFault fault;

    memory = g_hash_table_new(NULL, NULL);
    poke(0x10000, 0x30000 | TABLE | table_bits);
    poke(0x30000, 0x200000 | BLOCK | page_bits);
    g_assert_true(smmu_walk(c, &reader, 0, &leaf, &fault));
    g_hash_table_destroy(memory);
    return leaf.perm & SMMU_S1_ALL;
}

/* D8.4: AP, hierarchical limits, execute-never, PAN */
static void test_permissions(void)
{
    SMMUContext c = s1_context(12, 25);

    g_assert_cmphex(perm_of(&c, 0, 0), ==, SMMU_PR | SMMU_PW | SMMU_PX | SMMU_UX);       /* what the unprivileged cannot read they may execute */
    g_assert_cmphex(perm_of(&c, 0, BIT_ULL(54)), ==, SMMU_PR | SMMU_PW | SMMU_PX);
    g_assert_cmphex(perm_of(&c, 0, USER), ==, SMMU_PR | SMMU_PW | SMMU_UR | SMMU_UW | SMMU_UX);
    g_assert_cmphex(perm_of(&c, 0, RO), ==, SMMU_PR | SMMU_PX | SMMU_UX);
    g_assert_cmphex(perm_of(&c, 0, USER | RO), ==, SMMU_PR | SMMU_PX | SMMU_UR | SMMU_UX);
    g_assert_cmphex(perm_of(&c, 0, USER | RO | BIT_ULL(54)), ==, SMMU_PR | SMMU_PX | SMMU_UR);
    g_assert_cmphex(perm_of(&c, 0, USER | RO | BIT_ULL(53)), ==, SMMU_PR | SMMU_UR | SMMU_UX);
    g_assert_cmphex(perm_of(&c, BIT_ULL(62), USER), ==, SMMU_PR | SMMU_PX | SMMU_UR | SMMU_UX);
    g_assert_cmphex(perm_of(&c, BIT_ULL(61), USER), ==, SMMU_PR | SMMU_PW | SMMU_PX | SMMU_UX);
    g_assert_cmphex(perm_of(&c, BIT_ULL(59) | BIT_ULL(60), RO | USER), ==, SMMU_PR | SMMU_UR);
    c.tt[0].had = true;
    g_assert_cmphex(perm_of(&c, BIT_ULL(62), USER), ==, SMMU_PR | SMMU_PW | SMMU_UR | SMMU_UW | SMMU_UX);
    c.pan = true;
    g_assert_cmphex(perm_of(&c, 0, USER), ==, SMMU_UR | SMMU_UW | SMMU_UX);
    c.pan = false;
    c.wxn = true;
    g_assert_cmphex(perm_of(&c, 0, 0), ==, SMMU_PR | SMMU_PW | SMMU_UX);
    g_assert_cmphex(perm_of(&c, 0, USER), ==, SMMU_PR | SMMU_PW | SMMU_UR | SMMU_UW);
}

static void test_refusing_stage(void)
{
    SMMUAccess rd = { 0 }, wr = { .write = true }, ex = { .exec = true }, prd = { .priv = true };

    g_assert_cmpuint(smmu_refusing_stage(SMMU_UR | SMMU_S2_ALL, rd), ==, 0);
    g_assert_cmpuint(smmu_refusing_stage(SMMU_UR | SMMU_S2_ALL, wr), ==, 1);
    g_assert_cmpuint(smmu_refusing_stage(SMMU_UR | SMMU_S2_ALL, ex), ==, 1);
    g_assert_cmpuint(smmu_refusing_stage(SMMU_UR | SMMU_S2_ALL, prd), ==, 1);
    g_assert_cmpuint(smmu_refusing_stage(SMMU_S1_ALL | SMMU_2R, rd), ==, 0);
    g_assert_cmpuint(smmu_refusing_stage(SMMU_S1_ALL | SMMU_2R, wr), ==, 2);
    g_assert_cmpuint(smmu_refusing_stage(SMMU_S1_ALL | SMMU_2UX, ex), ==, 0);
    g_assert_cmpuint(smmu_refusing_stage(SMMU_S1_ALL | SMMU_2UX, (SMMUAccess) { .exec = true, .priv = true }), ==, 2);
    g_assert_cmpuint(smmu_refusing_stage(SMMU_UW | SMMU_S2_ALL, (SMMUAccess) { .write = true, .exec = true }), ==, 0);
}

/* IHI 0070 5.4: CD.TBIx, CD.EPDx, CD.AFFD, CD.IPS */
static void test_context_bits(void)
{
    SMMUContext c = s1_context(12, 25);
    SMMULeaf leaf;
    SMMUFault fault;

    memory = g_hash_table_new(NULL, NULL);
    poke(0x10000, 0x40000000 | BLOCK);
    g_assert_false(smmu_walk(&c, &reader, 0x4200000000000000ULL, &leaf, &fault));
    c.tt[0].tbi = true;
    g_assert_true(smmu_walk(&c, &reader, 0x4200000000000000ULL, &leaf, &fault));
    c.tt[0].disabled = true;
    g_assert_false(smmu_walk(&c, &reader, 0, &leaf, &fault));
    g_assert_cmphex(fault.type, ==, SMMU_EVT_F_TRANSLATION);
    c.tt[0].disabled = false;
    poke(0x10000, 0x40000000 | 1);
    c.s1_affd = true;
    g_assert_true(smmu_walk(&c, &reader, 0, &leaf, &fault));
    poke(0x10000, (1ULL << 40) | BLOCK);
    c.s1_oas = 40;
    g_assert_false(smmu_walk(&c, &reader, 0, &leaf, &fault));
    g_assert_cmphex(fault.type, ==, SMMU_EVT_F_ADDR_SIZE);
    poke(0x10000, (1ULL << 40) | TABLE);
    g_assert_false(smmu_walk(&c, &reader, 0, &leaf, &fault));
    g_assert_cmphex(fault.type, ==, SMMU_EVT_F_ADDR_SIZE);
    g_assert_cmpuint(fault.class, ==, EVT_CLASS_TT);
    g_hash_table_destroy(memory);
}

/* 52-bit addresses with 64 KiB pages: bits 15:12 of a descriptor are 51:48 */
static void test_52_bits(void)
{
    SMMUContext c = s1_context(16, 12);
    SMMULeaf leaf;
    SMMUFault fault;

    memory = g_hash_table_new(NULL, NULL);
    c.s1_oas = 52;
    c.lpa = true;
    poke(0x10000 + 8 * 512, 0x5000 | (1ULL << 42) | BLOCK);
    g_assert_true(smmu_walk(&c, &reader, 512ULL << 42, &leaf, &fault));
    g_assert_cmphex(leaf.out, ==, (5ULL << 48) | (1ULL << 42));
    g_assert_cmpuint(leaf.shift, ==, 42);
    g_hash_table_destroy(memory);
}

/* D8.6.1: the hint makes one leaf of a run, if the run keeps what it promises */
static void test_contiguous(void)
{
    static const struct { unsigned granule, tsz, entries, shift; uint64_t bits; } cases[] = {
        { 12, 39, 16, 25, BLOCK }, { 12, 25, 16, 34, BLOCK }, { 14, 28, 32, 30, BLOCK }, { 16, 22, 32, 34, BLOCK }, { 16, 34, 32, 21, PAGE },
    };
    SMMULeaf leaf;
    SMMUFault fault;

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        SMMUContext c = s1_context(cases[i].granule, cases[i].tsz);
        unsigned small = cases[i].shift - (cases[i].entries == 16 ? 4 : 5);
        bool below = cases[i].bits == PAGE;             /* the run is in a level-3 table */
        uint64_t run = below ? 0x100000 : 0x10000;

        memory = g_hash_table_new(NULL, NULL);
        if (below) {
            poke(0x10000, 0x100000 | TABLE);
        }
        for (unsigned n = 0; n < cases[i].entries; n++) {
            poke(run + n * 8, (1ULL << cases[i].shift) + ((uint64_t)n << small) + (BIT_ULL(52) | cases[i].bits));
        }
        g_assert_true(smmu_walk(&c, &reader, 3ULL << small, &leaf, &fault));
        g_assert_cmpuint(leaf.shift, ==, cases[i].shift);
        g_assert_cmphex(leaf.out, ==, 1ULL << cases[i].shift);
        poke(run + 8, (1ULL << cases[i].shift) + (5ULL << small) + (BIT_ULL(52) | cases[i].bits));
        g_assert_true(smmu_walk(&c, &reader, 3ULL << small, &leaf, &fault));
        g_assert_cmpuint(leaf.shift, ==, small);
        g_assert_cmphex(leaf.out, ==, (1ULL << cases[i].shift) + (3ULL << small));
        g_hash_table_destroy(memory);
    }
}

static SMMUContext s2_context(unsigned granule, unsigned sl0, unsigned tsz)
{
    SMMUContext c = { .s2 = true, .s2_ttb = 0x60000, .s2_tsz = tsz, .s2_granule = granule, .s2_oas = 48, .s2_record = true };

    g_assert_true(smmu_s2_start_level(granule, sl0, tsz, &c.s2_start));
    return c;
}

/* IHI 0070 5.2: S2SL0, S2T0SZ and concatenation */
static void test_s2_start(void)
{
    static const struct { unsigned granule, sl0, tsz; int level; } cases[] = {
        { 12, 2, 16, 0 }, { 12, 1, 24, 1 }, { 12, 1, 25, 1 }, { 12, 0, 34, 2 }, { 12, 2, 20, 0 }, { 12, 2, 25, -1 }, { 12, 1, 20, -1 },
        { 12, 3, 24, -1 }, { 14, 2, 24, 1 }, { 14, 1, 28, 2 }, { 16, 2, 20, 1 }, { 16, 2, 22, -1 }, { 16, 1, 24, 2 }, { 16, 0, 39, 3 }, { 12, 1, 40, -1 },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        uint8_t level = 0xff;
        bool ok = smmu_s2_start_level(cases[i].granule, cases[i].sl0, cases[i].tsz, &level);

        g_assert_cmpint(ok ? level : -1, ==, cases[i].level);
    }
}

static void test_s2(void)
{
    SMMUContext c = s2_context(12, 1, 24);          /* 40 bits at level 1: two tables side by side */
    SMMULeaf leaf;
    SMMUFault fault;

    memory = g_hash_table_new(NULL, NULL);
    poke(0x60000 + 8 * 513, 0x40000000 | S2BLOCK);
    g_assert_true(smmu_walk(&c, &reader, (513ULL << 30) + 5, &leaf, &fault));
    g_assert_cmphex(leaf.out, ==, 0x40000000);
    g_assert_cmphex(leaf.perm & SMMU_S2_ALL, ==, SMMU_2R | SMMU_2W | SMMU_2PX | SMMU_2UX);
    g_assert_false(smmu_walk(&c, &reader, 1ULL << 40, &leaf, &fault));
    g_assert_true(fault.s2);
    g_assert_cmphex(fault.type, ==, SMMU_EVT_F_TRANSLATION);
    g_assert_cmphex(fault.ipa, ==, 1ULL << 40);
    poke(0x60000, 0x40000000 | (S2BLOCK & ~BIT_ULL(7)) | BIT_ULL(54));
    g_assert_true(smmu_walk(&c, &reader, 0, &leaf, &fault));
    g_assert_cmphex(leaf.perm & SMMU_S2_ALL, ==, SMMU_2R);
    g_hash_table_destroy(memory);
}

/* Stage 1 at IPAs 0x10000.., which stage 2 maps 1 GiB higher */
static void test_nested(void)
{
    SMMUContext c = s2_context(12, 1, 25), s1 = s1_context(12, 25);
    SMMULeaf leaf;
    SMMUFault fault;

    c.s1 = true;
    c.s1_oas = 48;
    memcpy(c.tt, s1.tt, sizeof(c.tt));
    memory = g_hash_table_new(NULL, NULL);
    poke(0x60000, 0x40000000 | S2BLOCK);
    poke(0x40010000, 0x30000 | TABLE);
    poke(0x40030000, 0x200000 | BLOCK | USER);
    g_assert_true(smmu_walk(&c, &reader, 0x1234, &leaf, &fault));
    g_assert_cmphex(leaf.out, ==, 0x40200000);
    g_assert_cmpuint(leaf.shift, ==, 21);
    g_assert_cmphex(leaf.ipa, ==, 0x201234);

    /* the table of level 2 is at an IPA that stage 2 does not map: class TT, with that IPA */
    poke(0x40010000, 0x80000000 | TABLE);
    g_assert_false(smmu_walk(&c, &reader, 0x1234, &leaf, &fault));
    g_assert_true(fault.s2);
    g_assert_cmpuint(fault.class, ==, EVT_CLASS_TT);
    g_assert_cmphex(fault.ipa, ==, 0x80000000);

    /* the output is: class IN */
    poke(0x40010000, 0x80000000 | BLOCK);
    g_assert_false(smmu_walk(&c, &reader, 0x1234, &leaf, &fault));
    g_assert_cmpuint(fault.class, ==, EVT_CLASS_IN);
    g_assert_cmphex(fault.ipa, ==, 0x80001234);

    /* S2PTW: tables in Device memory */
    poke(0x60000, 0x40000000 | (S2BLOCK & ~BIT_ULL(4)));
    c.s2_ptw = true;
    g_assert_false(smmu_walk(&c, &reader, 0x1234, &leaf, &fault));
    g_assert_cmphex(fault.type, ==, SMMU_EVT_F_PERMISSION);
    g_hash_table_destroy(memory);
}

/* Whatever the tables hold, a walk ends, reads little and says something sensible. */
static bool read_random(void *opaque, uint64_t pa, uint64_t *value)
{
    GRand *rand = opaque;

    reads++;
    *value = (uint64_t)g_rand_int(rand) << 32 | g_rand_int(rand) | (g_rand_int(rand) & 3);
    return g_rand_int(rand) % 64 != 0;
}

static void test_random(void)
{
    static const unsigned granules[3] = { 12, 14, 16 };
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    SMMUReader r = { .read = read_random, .opaque = rand };

    for (unsigned i = 0; i < 100000; i++) {
        SMMUContext c = s1_context(granules[i % 3], 16 + g_rand_int(rand) % 24);
        uint64_t iova = (uint64_t)g_rand_int(rand) << 32 | g_rand_int(rand);
        SMMULeaf leaf = { 0 };
        SMMUFault fault = { 0 };

        c.s2_granule = granules[g_rand_int(rand) % 3];
        c.s2_tsz = 16 + g_rand_int(rand) % 24;
        c.s2_oas = 48;
        c.s2 = smmu_s2_start_level(c.s2_granule, g_rand_int(rand) % 3, c.s2_tsz, &c.s2_start);
        reads = 0;
        if (smmu_walk(&c, &r, iova, &leaf, &fault)) {
            g_assert_cmphex(leaf.out >> 48, ==, 0);
            g_assert_cmphex(leaf.out & MAKE_64BIT_MASK(0, leaf.shift), ==, 0);
        } else {
            g_assert_cmphex(fault.type, !=, 0);
        }
        g_assert_cmpuint(reads, <=, 4 + 5 * 4 + 6 * 128);       /* descriptors, and the runs of leaves with the contiguous hint */
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        g_autofree char *path = g_strdup_printf("/smmu/walk/%s", rows[i].name);
        g_test_add_data_func(path, &rows[i], test_row);
    }
    g_test_add_func("/smmu/walk/permissions", test_permissions);
    g_test_add_func("/smmu/walk/refusing-stage", test_refusing_stage);
    g_test_add_func("/smmu/walk/context-bits", test_context_bits);
    g_test_add_func("/smmu/walk/52-bits", test_52_bits);
    g_test_add_func("/smmu/walk/contiguous", test_contiguous);
    g_test_add_func("/smmu/walk/s2-start", test_s2_start);
    g_test_add_func("/smmu/walk/s2", test_s2);
    g_test_add_func("/smmu/walk/nested", test_nested);
    g_test_add_func("/smmu/walk/random", test_random);
    return g_test_run();
}
