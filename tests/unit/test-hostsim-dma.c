/*
 * DMA on the simulated host: substreams, permissions and the events that
 * faults make, a device's cache of translations, dirty tracking. Expected
 * values are worked out by hand from IHI 0070 and the Arm architecture manual.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hostsim-host.h"

#define BASE 0x40000000ULL
#define CDS    (BASE + 0x10000)         /* 64 bytes each */
#define L1CDS  (BASE + 0x20000)
#define TABLES (BASE + 0x30000)         /* context n: three pages from n * 0x3000 */
#define PAGES  (BASE + 0x80000)         /* IOVA 0x5000 of context n is page n */
#define IOVA   0x5000
#define NG     (1ULL << 11)

static uint8_t ram[0x100000] __attribute__((aligned(0x10000)));
static uint32_t s2, v, queue;
static int event_fd;

static void put(uint64_t at, uint64_t value)
{
    stq_le_p(ram + (at - BASE), value);
}

static void invalidate(uint64_t w0, uint64_t w1)
{
    uint64_t cmd[1][2] = { { w0, w1 } };
    struct iommu_hwpt_invalidate inv = {
        .size = sizeof(inv), .hwpt_id = v, .data_uptr = (uintptr_t)cmd, .data_type = 1, .entry_len = 16, .entry_num = 1,
    };

    g_assert_cmpint(call(IOMMU_HWPT_INVALIDATE, &inv), ==, 0);
}

/* Nothing is kept: as a guest that has changed anything. */
static void forget(void)
{
    invalidate(0x30, 0);                        /* TLBI_NSNH_ALL */
    invalidate(0x06 | 0x77ULL << 32, 0);        /* CFGI_CD_ALL */
}

/* Three levels of 4 KiB pages, 39 bits, ASID @n; recording faults. */
static void make_context(unsigned n, uint64_t cd, uint64_t leaf_bits)
{
    uint64_t l1 = TABLES + n * 0x3000;

    put(cd, 25 | 1ULL << 30 | 1ULL << 31 | 1ULL << 45 | (uint64_t)n << 48);
    put(cd + 8, l1);
    put(l1, (l1 + 0x1000) | 3);
    put(l1 + 0x1000, (l1 + 0x2000) | 3);
    put(l1 + 0x2000 + 5 * 8, (PAGES + n * 0x1000) | leaf_bits | 3);
    stl_le_p(ram + (PAGES - BASE) + n * 0x1000, 0xc0de0000 + n);
}

#define LEAF (NG | 1ULL << 10 | 1ULL << 6)

static void bring_up(void)
{
    struct iommu_veventq_alloc q = { .size = sizeof(q), .type = IOMMU_VEVENTQ_TYPE_ARM_SMMUV3, .veventq_depth = 8 };
    uint32_t vd;

    memset(ram, 0, sizeof(ram));
    g_assert_cmpint(map(ioas, BASE, ram, sizeof(ram), MAP_RW), ==, 0);
    g_assert_cmpint(hwpt(2, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, &s2), ==, 0);
    g_assert_cmpint(viommu(2, s2, &v), ==, 0);
    q.viommu_id = v;
    g_assert_cmpint(call(IOMMU_VEVENTQ_ALLOC, &q), ==, 0);
    event_fd = (int)q.out_veventq_fd;
    queue = q.out_veventq_id;
    g_assert_cmpint(vdevice(2, v, 0x77, &vd), ==, 0);
    dev[2]->config[4] = 4;              /* bus master */
}

static void finish(void)
{
    iommufd_ops->event_close(event_fd);
    g_assert_cmpint(destroy(queue), ==, 0);
}

static void use_ste(uint64_t w0, uint64_t w1)
{
    uint64_t ste[2] = { 1 | 5 << 1 | w0, w1 };
    uint32_t n;

    g_assert_cmpint(hwpt(2, v, 0, ste, &n), ==, 0);
    g_assert_cmpint(attach(2, n), ==, 0);
}

static int dma(SimAccess a, uint64_t iova, uint32_t *word)
{
    return hostsim_dma_as(dev[2], a, iova, word, 4);
}

static void reads(SimAccess a, unsigned context)
{
    uint32_t word = 0;

    g_assert_cmpint(dma(a, IOVA, &word), ==, 0);
    g_assert_cmphex(word, ==, 0xc0de0000 + context);
}

/* The access fails with event @id, or silently when 0. Returns word 1. */
static uint64_t fails(SimAccess a, uint64_t iova, uint8_t id)
{
    struct { struct iommufd_vevent_header h; uint64_t evt[4]; } r = { .evt = { 0 } };
    uint32_t word = 0;

    g_assert_cmpint(dma(a, iova, &word), ==, -EFAULT);
    g_assert_cmpint(iommufd_ops->event_read(event_fd, &r, sizeof(r)), ==, id ? (int)sizeof(r) : 0);
    g_assert_cmphex(r.evt[0] & 0xff, ==, id);
    if (id) {
        g_assert_cmphex(r.evt[0] >> 32, ==, 0x77);
        g_assert_cmphex(r.evt[2], ==, id >= 0x10 ? iova : 0);
        g_assert_cmphex(r.evt[0] >> 11 & 0x1fffff, ==, a.has_pasid ? 1 | a.pasid << 1 : 0);
    }
    return r.evt[1];
}

static const SimAccess plain = { .has_pasid = false };

static SimAccess with_pasid(uint32_t pasid)
{
    return (SimAccess) { .has_pasid = true, .pasid = pasid };
}

static void test_substreams(void)
{
    bring_up();
    for (unsigned n = 0; n < 3; n++) {
        make_context(n, CDS + n * 64, LEAF);
    }
    use_ste(CDS | 4ULL << 59, 2);               /* 16 CDs; without a PASID: CD 0 */
    reads(plain, 0);
    reads(with_pasid(1), 1);
    reads(with_pasid(2), 2);
    fails(with_pasid(0), IOVA, 0x08);
    fails(with_pasid(16), IOVA, 0x08);
    fails(with_pasid(3), IOVA, 0x0a);           /* that CD is not valid */
    use_ste(CDS | 4ULL << 59, 1);               /* without a PASID: untranslated */
    uint32_t word;
    g_assert_cmpint(dma(plain, PAGES + 0x1000, &word), ==, 0);
    g_assert_cmphex(word, ==, 0xc0de0001);
    use_ste(CDS | 4ULL << 59, 0);
    fails(plain, IOVA, 0x06);
    use_ste(CDS, 0);                            /* no substreams */
    reads(plain, 0);
    fails(with_pasid(1), IOVA, 0x08);
    finish();
}

/* Leaves of 64 CDs: PASID 65 is the second one of the second leaf. */
static void test_two_level(void)
{
    bring_up();
    make_context(1, CDS + 64, LEAF);
    put(L1CDS + 8, CDS | 1);
    use_ste(L1CDS | 1ULL << 4 | 8ULL << 59, 2);
    reads(with_pasid(65), 1);
    fails(with_pasid(1), IOVA, 0x08);           /* no leaf */
    finish();
}

static void test_permissions(void)
{
    static const struct { uint64_t leaf; SimAccess a; uint8_t event; } rows[] = {
        { LEAF, { .write = true }, 0 },
        { LEAF | 1 << 7, { .write = true }, 0x13 },
        { LEAF | 1 << 7, { .write = false }, 0 },
        { 1 << 6, { .write = false }, 0x12 },
        { 1 << 10, { .has_pasid = true, .pasid = 1 }, 0x13 },
        { 1 << 10, { .has_pasid = true, .pasid = 1, .priv = true }, 0 },
        { LEAF | 1ULL << 54, { .has_pasid = true, .pasid = 1, .exec = true }, 0x13 },
        { LEAF | 1ULL << 53, { .has_pasid = true, .pasid = 1, .exec = true }, 0 },
        { LEAF | 1ULL << 53, { .has_pasid = true, .pasid = 1, .exec = true, .priv = true }, 0x13 },
    };

    bring_up();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        uint32_t word = 0;
        make_context(1, CDS + (rows[i].a.has_pasid ? 64 : 0), rows[i].leaf);
        use_ste(CDS | 4ULL << 59, 2);
        forget();
        if (rows[i].event) {
            fails(rows[i].a, IOVA, rows[i].event);
        } else {
            g_assert_cmpint(dma(rows[i].a, IOVA, &word), ==, 0);
        }
    }
    finish();
}

static void test_events(void)
{
    bring_up();
    make_context(0, CDS, LEAF);
    use_ste(CDS, 0);
    uint64_t w1 = fails((SimAccess) { .write = true }, 0x6000, 0x10);
    g_assert_cmphex(w1, ==, 1ULL << 33 | 2ULL << 40);               /* privileged write, class IN */
    w1 = fails(plain, 1ULL << 39, 0x10);
    g_assert_cmphex(w1 >> 35 & 1, ==, 1);                           /* a read */
    fails(plain, UINT64_MAX - 0xfff, 0x10);                         /* the upper half is off */
    put(CDS, 25 | 1ULL << 30 | 1ULL << 31);                         /* not recording */
    forget();
    fails(plain, 0x6000, 0);
    put(CDS, 25 | 1ULL << 30);
    forget();
    fails(plain, IOVA, 0x0a);
    use_ste(BASE + 0x10000000, 0);                                  /* CD where there is no memory: for the host only */
    fails(plain, IOVA, 0);
    uint32_t n;
    g_assert_cmpint(hwpt(2, v, 0, ste_abort, &n), ==, 0);
    g_assert_cmpint(attach(2, n), ==, 0);
    fails(plain, IOVA, 0);
    finish();
}

static void test_upper_half(void)
{
    uint64_t l1 = TABLES;
    uint32_t word;

    bring_up();
    make_context(0, CDS, LEAF);
    put(CDS, 1ULL << 14 | 25ULL << 16 | 2ULL << 22 | 1ULL << 31);   /* EPD0; T1SZ 25, TG1 4 KiB */
    put(CDS + 8, 0);
    put(CDS + 16, l1);
    use_ste(CDS, 0);
    g_assert_cmpint(dma(plain, 0xffffff8000000000ULL + IOVA, &word), ==, 0);
    g_assert_cmphex(word, ==, 0xc0de0000);
    fails(plain, IOVA, 0);
    finish();
}

/* --- ATS --------------------------------------------------------------------------------------------- */

static void atc_inv(uint64_t w0, uint64_t w1)
{
    invalidate(0x40 | 0x77ULL << 32 | w0, w1);
}

static void test_atc(void)
{
    bring_up();
    dev[2]->uses_atc = true;
    make_context(0, CDS, LEAF);
    make_context(1, CDS + 64, LEAF);
    use_ste(CDS | 4ULL << 59, 2 | 1ULL << 28);
    g_assert_true(dev[2]->ats_on);
    reads(plain, 0);
    reads(with_pasid(1), 1);
    put(TABLES + 0x2000 + 5 * 8, 0);
    put(TABLES + 0x5000 + 5 * 8, 0);
    forget();
    reads(plain, 0);                            /* the device still has it */
    atc_inv(0, 0x100000);                       /* another page */
    reads(plain, 0);
    atc_inv(1 << 11 | 1 << 12, IOVA);           /* the PASID's */
    fails(with_pasid(1), IOVA, 0x10);
    reads(plain, 0);
    atc_inv(0, 52);                             /* everything without a PASID */
    fails(plain, IOVA, 0x10);
    make_context(1, CDS + 64, LEAF);
    reads(with_pasid(1), 1);
    put(TABLES + 0x5000 + 5 * 8, 0);
    forget();
    atc_inv(1 << 11 | 1 << 9, 52);              /* global */
    fails(with_pasid(1), IOVA, 0x10);
    finish();
}

/* EATS 0: the host turns ATS off in the function. And what stage 2 no longer shows is gone at once. */
static void test_atc_off(void)
{
    uint32_t word;

    bring_up();
    dev[2]->uses_atc = true;
    make_context(0, CDS, LEAF);
    use_ste(CDS, 0);
    g_assert_false(dev[2]->ats_on);
    reads(plain, 0);
    put(TABLES + 0x2000 + 5 * 8, 0);
    forget();
    fails(plain, IOVA, 0x10);
    make_context(0, CDS, LEAF);
    use_ste(CDS, 1ULL << 28);
    reads(plain, 0);
    g_assert_cmpint(unmap(ioas, BASE, sizeof(ram)), ==, 0);
    g_assert_cmpint(dma(plain, IOVA, &word), ==, -EFAULT);
    finish();
}

/* --- What the SMMU keeps ---------------------------------------------------------------------------------- */

/* Each invalidation meets a leaf of ASID 3 at IOVA, a page or a block of 2 MiB, that tables no longer have. */
static const struct { const char *what; uint64_t w0, w1; bool gone, global, block, no_ril; } kept[] = {
    { "nothing", 0x06 | 0x77ULL << 32, 0 },
    { "NSNH_ALL", 0x30, 0, true },
    { "NSNH_ALL, global", 0x30, 0, true, true },
    { "NH_ALL", 0x10, 0, true },
    { "NH_ASID", 0x11 | 3ULL << 48, 0, true },
    { "NH_ASID of another", 0x11 | 2ULL << 48, 0 },
    { "NH_ASID, global", 0x11 | 3ULL << 48, 0, .global = true },
    { "NH_VA", 0x12 | 3ULL << 48, IOVA, true },
    { "NH_VA beside it", 0x12 | 3ULL << 48, IOVA + 0x1000 },
    { "NH_VA of another", 0x12 | 2ULL << 48, IOVA },
    { "NH_VA of another, global", 0x12 | 2ULL << 48, IOVA, true, true },
    { "NH_VA inside the block", 0x12 | 3ULL << 48, IOVA + 0x1000, true, .block = true },
    { "NH_VAA", 0x13 | 2ULL << 48, IOVA, true },
    { "range to it", 0x12 | 3ULL << 48 | 1 << 12, (IOVA - 0x1000) | 1 << 10, true },
    { "range before it", 0x12 | 3ULL << 48 | 1 << 12, (IOVA - 0x2000) | 1 << 10 },
    { "range after it", 0x12 | 3ULL << 48 | 31 << 12, (IOVA + 0x1000) | 1 << 10 },
    { "range, SCALE 1", 0x12 | 3ULL << 48 | 1ULL << 20, (IOVA - 0x5000) | 1 << 10, true },
    { "range without RIL", 0x12 | 3ULL << 48 | 1 << 12, (IOVA - 0x1000) | 1 << 10, .no_ril = true },
    { "range of everything", 0x13 | 31 << 12 | 31ULL << 20, 1 << 10, true },
    { "range of another granule", 0x12 | 3ULL << 48 | 1 << 12, 3 << 10 },
    { "range, TTL 3", 0x12 | 3ULL << 48, IOVA | 1 << 10 | 3 << 8, true },
    { "range, TTL 2", 0x12 | 3ULL << 48, IOVA | 1 << 10 | 2 << 8 },
    { "range, TTL 2, block", 0x12 | 3ULL << 48, IOVA | 1 << 10 | 2 << 8, true, .block = true },
};

static void test_kept(void)
{
    bring_up();
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
        uint64_t ng = kept[i].global ? 0 : NG, l2 = TABLES + 3 * 0x3000 + 0x1000, leaf = l2 + 0x1000 + 5 * 8;
        uint32_t word;

        g_test_message("%s", kept[i].what);
        dev[2]->smmu->info.idr[3] = deposit32(dev[2]->smmu->info.idr[3], 10, 1, !kept[i].no_ril);
        make_context(3, CDS, ng | 1 << 10 | 1 << 6);
        if (kept[i].block) {
            put(l2, BASE | ng | 1 << 10 | 1 << 6 | 1);
            leaf = l2;
        }
        use_ste(CDS, 0);
        forget();
        g_assert_cmpint(dma(plain, IOVA, &word), ==, 0);
        put(leaf, 0);
        g_assert_cmpint(dma(plain, IOVA, &word), ==, 0);
        invalidate(kept[i].w0, kept[i].w1);
        g_assert_cmpint(dma(plain, IOVA, &word), ==, kept[i].gone ? -EFAULT : 0);
    }
    finish();
}

/* A descriptor is kept for its stream and substream, and goes with CFGI_CD, or with a new entry in the stream table. */
static void test_kept_cd(void)
{
    bring_up();
    for (unsigned n = 0; n < 3; n++) {
        make_context(n, CDS + n * 64, LEAF);
    }
    use_ste(CDS | 4ULL << 59, 2);
    reads(with_pasid(1), 1);
    make_context(4, CDS + 64, LEAF);
    reads(with_pasid(1), 1);
    invalidate(0x05 | 2ULL << 12 | 0x77ULL << 32, 1);           /* another PASID */
    reads(with_pasid(1), 1);
    invalidate(0x05 | 1ULL << 12 | 0x77ULL << 32, 1);
    reads(with_pasid(1), 4);
    make_context(5, CDS + 64, LEAF);
    use_ste(CDS | 4ULL << 59, 2);
    reads(with_pasid(1), 5);
    finish();
}

/* --- Dirty pages ---------------------------------------------------------------------------------------- */

static void test_dirty(void)
{
    struct iommu_hwpt_set_dirty_tracking on = { .size = sizeof(on), .flags = IOMMU_HWPT_DIRTY_TRACKING_ENABLE };
    uint64_t bits = 0;
    struct iommu_hwpt_get_dirty_bitmap get = { .size = sizeof(get), .iova = BASE, .length = 64 * SIM_PAGE, .page_size = SIM_PAGE, .data = (uintptr_t)&bits };
    uint32_t word = 1, table;

    g_assert_cmpint(map(ioas, BASE, ram, sizeof(ram), MAP_RW), ==, 0);
    g_assert_cmpint(hwpt(2, ioas, IOMMU_HWPT_ALLOC_DIRTY_TRACKING, NULL, &table), ==, -EOPNOTSUPP);
    dev[2]->smmu->httu = true;
    g_assert_cmpint(hwpt(2, ioas, IOMMU_HWPT_ALLOC_DIRTY_TRACKING, NULL, &table), ==, 0);
    g_assert_cmpint(attach(2, table), ==, 0);
    dev[2]->config[4] = 4;
    on.hwpt_id = get.hwpt_id = table;
    g_assert_cmpint(dma((SimAccess) { .write = true }, BASE + 0x1000, &word), ==, 0);
    g_assert_cmpint(call(IOMMU_HWPT_SET_DIRTY_TRACKING, &on), ==, 0);
    g_assert_cmpint(dma((SimAccess) { .write = true }, BASE + 0x3000, &word), ==, 0);
    g_assert_cmpint(dma((SimAccess) { .write = false }, BASE + 0x4000, &word), ==, 0);
    get.flags = IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR;
    g_assert_cmpint(call(IOMMU_HWPT_GET_DIRTY_BITMAP, &get), ==, 0);
    g_assert_cmphex(le64toh(bits), ==, 8);
    bits = get.flags = 0;
    g_assert_cmpint(call(IOMMU_HWPT_GET_DIRTY_BITMAP, &get), ==, 0);
    g_assert_cmphex(le64toh(bits), ==, 8);
    bits = 0;
    g_assert_cmpint(call(IOMMU_HWPT_GET_DIRTY_BITMAP, &get), ==, 0);
    g_assert_cmphex(bits, ==, 0);
    get.iova = BASE + 1;
    g_assert_cmpint(call(IOMMU_HWPT_GET_DIRTY_BITMAP, &get), ==, -EINVAL);
    g_assert_cmpint(detach(2), ==, 0);
    g_assert_cmpint(destroy(table), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("substreams", test_substreams);
    add("two-level", test_two_level);
    add("permissions", test_permissions);
    add("events", test_events);
    add("upper-half", test_upper_half);
    add("atc", test_atc);
    add("atc-off", test_atc_off);
    add("kept", test_kept);
    add("kept-cd", test_kept_cd);
    add("dirty", test_dirty);
    return g_test_run();
}
