/*
 * SMMUv3 conformance: substreams. A PASID is an address space of one device, the
 * three formats of CD tables, the ends of the number space, MSIs of devices.
 * Sections are of Arm IHI 0070.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "smmuv3-helpers.h"

#define S1CDMAX(n) ((uint64_t)(n) << 59)
#define S1FMT(n)   ((uint64_t)(n) << 4)

/* A context whose IOVA is page @n behind PAGE; ASID n + 1. */
static void make_context(SmmuTest *s, uint64_t cd, unsigned n)
{
    uint64_t top = smmu_new_table(s);

    smmu_map(s, top, 12, 25, 3, IOVA, PTE_PAGE(PAGE + n * 0x1000) | PTE_NG);
    smmu_put_cd(s, cd, (CD0_USUAL & ~(0xffffULL << 48)) | (uint64_t)(n + 1) << 48, top, 0);
}

static bool reaches(SmmuTest *s, unsigned device, uint32_t pasid, unsigned n)
{
    DmaTestDesc rd = { DMAT_READ, DMAT_F_PASID, .pasid = pasid, .addr = IOVA }, wr = { DMAT_WRITE, DMAT_F_PASID, .pasid = pasid, .addr = IOVA };

    return smmu_reaches(s, device, rd, PAGE + n * 0x1000) && smmu_reaches(s, device, wr, PAGE + n * 0x1000);
}

/* The record of a refused SubstreamID is exact. */
static void refused(SmmuTest *s, uint32_t pasid, unsigned evt, uint64_t ipa)
{
    uint64_t rec[EVT_WORDS];

    g_assert_cmpuint(dma_test_do(&s->fn[0], (DmaTestDesc) { DMAT_READ, DMAT_F_PASID, .pasid = pasid, .addr = IOVA, .len = 8 }), ==, DMAT_FAULT);
    smmu_take_event(s, rec);
    g_assert_cmphex(rec[0], ==, (uint64_t)smmu_sid(0) << 32 | (uint64_t)pasid << 12 | BIT_ULL(11) | evt);
    g_assert_cmphex(rec[1] | rec[2], ==, 0);
    g_assert_cmphex(rec[3], ==, ipa);
}

/* One PASID number is different address spaces on two devices; two of one device are two. */
static void test_isolation(void)
{
    SmmuTest s;

    smmu_start(&s, ",x-ssidsize=8");
    for (unsigned device = 0; device < 2; device++) {
        smmu_put_ste(&s, smmu_sid(device), STE0(5ULL) | (CDTAB + device * 0x1000) | S1CDMAX(3), 0, 0, 0);
        for (unsigned n = 1; n < 4; n++) {
            make_context(&s, CDTAB + device * 0x1000 + n * CD_SIZE, device * 4 + n);
        }
    }
    smmu_forget(&s);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned n = 1; n < 4; n++) {
            g_assert_true(reaches(&s, 0, n, n));
            g_assert_true(reaches(&s, 1, n, 4 + n));
        }
    }
    qtest_quit(s.t);
}

/* 5.2: S1Fmt: linear, 64 CDs and 1024 CDs behind a level-1 descriptor */
static void test_formats(void)
{
    static const struct { unsigned fmt, split; uint32_t pasids[3]; uint32_t missing; } formats[] = {
        { S1FMT_LINEAR, 20, { 1, 63, 200 }, 0 }, { S1FMT_4K_L2, 6, { 1, 63, 200 }, 130 }, { S1FMT_64K_L2, 10, { 1, 63, 5000 }, 2047 },
    };

    for (unsigned f = 0; f < ARRAY_SIZE(formats); f++) {
        SmmuTest s;
        uint64_t l1 = CDTAB, rec[EVT_WORDS];

        smmu_start(&s, ",x-ssidsize=20");
        g_test_message("format %u", formats[f].fmt);
        smmu_put_ste(&s, smmu_sid(0), STE0(5ULL) | l1 | S1FMT(formats[f].fmt) | S1CDMAX(14), 0, 0, 0);
        for (unsigned n = 0; n < 3; n++) {
            uint32_t pasid = formats[f].pasids[n];
            uint64_t cd = l1 + (uint64_t)pasid * CD_SIZE;

            if (formats[f].fmt != S1FMT_LINEAR) {
                uint64_t at = l1 + (pasid >> formats[f].split) * 8, l2 = qtest_readq(s.t, at) & ~0xfffULL;

                l2 = l2 ? l2 : smmu_new_table(&s);
                qtest_writeq(s.t, at, l2 | 1);
                cd = l2 + (pasid & MAKE_64BIT_MASK(0, formats[f].split)) * CD_SIZE;
            }
            make_context(&s, cd, n);
        }
        smmu_forget(&s);
        for (unsigned n = 0; n < 3; n++) {
            g_assert_true(reaches(&s, 0, formats[f].pasids[n], n));
        }
        if (formats[f].missing) {       /* its level-1 descriptor is not valid */
            refused(&s, formats[f].missing, SMMU_EVT_C_BAD_SUBSTREAMID, 0);
            qtest_writeq(s.t, l1 + (formats[f].missing >> formats[f].split) * 8, NOTHING << 12 | 1);
            smmu_forget(&s);
            g_assert_cmpuint(dma_test_do(&s.fn[0], (DmaTestDesc) { DMAT_READ, DMAT_F_PASID, .pasid = formats[f].missing, .addr = IOVA, .len = 8 }), ==, DMAT_FAULT);
            smmu_take_event(&s, rec);
            g_assert_cmphex(rec[0] & 0xff, ==, SMMU_EVT_F_CD_FETCH);
        } else {                        /* its CD is not valid */
            refused(&s, 7, SMMU_EVT_C_BAD_CD, 0);
        }
        qtest_quit(s.t);
    }
}

/* 3.3.2: what S1CDMax and S1DSS leave to a device: with 2 SubstreamIDs and S1DSS 2 just one */
static void test_few(void)
{
    SmmuTest s;

    smmu_start(&s, ",x-ssidsize=8");
    for (unsigned n = 0; n < 4; n++) {
        make_context(&s, CDTAB + n * CD_SIZE, n);
    }
    for (unsigned max = 1; max < 3; max++) {
        for (unsigned dss = 0; dss < 3; dss++) {
            smmu_put_ste(&s, smmu_sid(0), STE0(5ULL) | CDTAB | S1CDMAX(max), dss, 0, 0);
            smmu_forget(&s);
            g_test_message("%u SubstreamIDs, S1DSS %u", 1u << max, dss);
            for (unsigned n = 1; n < BIT(max); n++) {
                g_assert_true(reaches(&s, 0, n, n));
            }
            if (dss == S1DSS_SSID0) {   /* number 0 is for those without: nobody else may use it */
                refused(&s, 0, SMMU_EVT_C_BAD_SUBSTREAMID, 0);
                g_assert_true(smmu_reaches(&s, 0, (DmaTestDesc) { .addr = IOVA }, PAGE));
            } else {
                g_assert_true(reaches(&s, 0, 0, 0));
            }
            refused(&s, BIT(max), SMMU_EVT_C_BAD_SUBSTREAMID, 0);
            refused(&s, 0xfffff, SMMU_EVT_C_BAD_SUBSTREAMID, 0);
        }
    }
    qtest_quit(s.t);
}

/* 6.3.2: without SubstreamIDs S1CDMax does not count */
static void test_none(void)
{
    SmmuTest s;

    smmu_start(&s, "");
    g_assert_cmpuint((smmu_read(&s, SMMU_IDR1) >> 6) & 0x1f, ==, 0);
    make_context(&s, CDTAB, 0);
    smmu_put_ste(&s, smmu_sid(0), STE0(5ULL) | CDTAB | S1CDMAX(3), 0, 0, 0);
    smmu_forget(&s);
    g_assert_true(smmu_reaches(&s, 0, (DmaTestDesc) { .addr = IOVA }, PAGE));
    refused(&s, 1, SMMU_EVT_C_BAD_SUBSTREAMID, 0);
    qtest_quit(s.t);
}

/* The MSIs of a device are writes like any other: translated, or refused. */
static void test_msi(void)
{
    SmmuTest s;
    uint64_t table, rec[EVT_WORDS];

    smmu_start(&s, "");
    make_context(&s, CDTAB, 0);
    smmu_put_ste(&s, smmu_sid(0), STE0(5ULL) | CDTAB, 0, 0, 0);
    smmu_forget(&s);
    table = s.fn[0].bar + DMAT_BAR_SIZE;
    qtest_writew(s.t, cfg(0, 2, 0, find_cap(s.t, 0, 2, PCI_CAP_ID_MSIX) + 2), PCI_MSIX_FLAGS_ENABLE);
    for (unsigned v = 0; v < 2; v++) {
        qtest_writeq(s.t, table + v * 16, v ? 0x123450040 : IOVA + 0x40);
        qtest_writel(s.t, table + v * 16 + 8, 0x4711);
        qtest_writel(s.t, table + v * 16 + 12, 0);
    }
    g_assert_cmpuint(dma_test_do(&s.fn[0], (DmaTestDesc) { DMAT_NOP, DMAT_F_IRQ }), ==, DMAT_OK);
    g_assert_cmphex(qtest_readl(s.t, PAGE + 0x40), ==, 0x4711);
    g_assert_cmpuint(dma_test_do(&s.fn[0], (DmaTestDesc) { DMAT_NOP, DMAT_F_IRQ, .vector = 1 }), ==, DMAT_OK);
    smmu_take_event(&s, rec);
    g_assert_cmphex(rec[0], ==, (uint64_t)smmu_sid(0) << 32 | SMMU_EVT_F_TRANSLATION);
    g_assert_cmphex(rec[2], ==, 0x123450040);
    qtest_quit(s.t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smmuv3/substream/isolation", test_isolation);
    g_test_add_func("/smmuv3/substream/formats", test_formats);
    g_test_add_func("/smmuv3/substream/few", test_few);
    g_test_add_func("/smmuv3/substream/none", test_none);
    g_test_add_func("/smmuv3/substream/msi", test_msi);
    return g_test_run();
}
