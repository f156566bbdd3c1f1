/*
 * arm-smmuv3,accel=on: SubstreamIDs (PASIDs) and ATS, from the capabilities a
 * device shows to where its DMA lands. The simulator walks CD tables and keeps
 * a device's cache.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel-helpers.h"

enum { CDTAB = CDS + 0x20000, L2TAB = CDS + 0x30000 };
enum { FMT_LINEAR = 0, FMT_4K = 1, FMT_64K = 2 };
#define PASID_DEVICE ", \"pasid\": 6, \"atc\": true"

static void start_pasid(const char *properties, const char *dev1)
{
    g_autofree char *smmu = g_strdup_printf("-device arm-smmuv3,primary-bus=pcie.1,id=s1,accel=on%s ", properties);

    t = qtest_init(VIRT_ARGS SIM_ARGS_WITH("", PASID_DEVICE) "%s" PORTS "-device vfio-pci,id=d1,host=0000:01:00.0,bus=rp1,iommufd=i0%s", smmu, dev1);
    firmware();
}

/* CDs of contexts 0..3 at the SubstreamIDs of the same number. */
static void fill_cds(uint64_t table, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        make_context(i);
        qtest_writeq(t, table + i * 64, qtest_readq(t, CDS + i * 0x1000));
        qtest_writeq(t, table + i * 64 + 8, qtest_readq(t, CDS + i * 0x1000 + 8));
    }
}

static void set_ste_words(uint64_t w0, uint64_t w1)
{
    qtest_writeq(t, STRTAB + SID1 * 64 + 8, w1);
    set_ste(SID1, w0);
}

static uint64_t s1(uint64_t table, unsigned fmt, unsigned bits)
{
    return 1 | STE_CFG_S1 << 1 | fmt << 4 | table | (uint64_t)bits << 59;
}

/* One PASID more than what the SMMU has is no PASID at all. */
static void test_capability(void)
{
    static const struct { const char *smmu; unsigned ssidsize, width; } cases[] = {
        { "", 8, 6 }, { ",ssidsize=8", 8, 6 }, { ",ssidsize=4", 4, 4 }, { ",ssidsize=0", 0, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        start_pasid(cases[i].smmu, "");
        unsigned at = find_ext_cap(t, 9, 0, PCI_EXT_CAP_ID_PASID);
        g_assert_cmpuint(FIELD_EX32(qtest_readl(t, SMMU + SMMU_IDR1), IDR1, SSIDSIZE), ==, cases[i].ssidsize);
        g_assert_cmpuint(at != 0, ==, cases[i].width != 0);
        if (at) {
            g_assert_cmpuint(qtest_readw(t, cfg(9, 0, 0, (int)at + PCI_PASID_CAP)) >> 8 & 0x1f, ==, cases[i].width);
        }
        qtest_quit(t);
    }
}

static void test_linear(void)
{
    start_pasid("", "");
    driver_starts();
    fill_cds(CDTAB, 4);
    set_ste_words(s1(CDTAB, FMT_LINEAR, 2), S1DSS_SSID0);
    for (int pasid = 1; pasid < 4; pasid++) {
        g_assert_cmpint(where_pasid(0, pasid), ==, pasid);
    }
    g_assert_cmpint(where(0), ==, 0);
    g_assert_cmpint(where_pasid(0, 0), ==, -1);             /* SSID 0 is what has none */
    set_ste_words(s1(CDTAB, FMT_LINEAR, 2), S1DSS_TERMINATE);
    g_assert_cmpint(where(0), ==, -1);
    g_assert_cmpint(where_pasid(0, 0), ==, 0);
    set_ste_words(s1(CDTAB, FMT_LINEAR, 2), S1DSS_BYPASS);
    g_assert_true(dma(0, PAGES + 0x5000, 0x77));
    g_assert_cmphex(qtest_readb(t, PAGES + 0x5000), ==, 0x77);
    g_assert_cmpint(where_pasid(0, 2), ==, 2);
    qtest_quit(t);
}

static void test_two_levels(void)
{
    static const struct { unsigned fmt, split; } cases[] = { { FMT_4K, 6 }, { FMT_64K, 10 } };

    start_pasid("", "");
    driver_starts();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        fill_cds(L2TAB, 4);
        qtest_writeq(t, CDTAB, L2TAB | 1);
        set_ste_words(s1(CDTAB, cases[i].fmt, 8), S1DSS_SSID0);
        g_assert_cmpint(where_pasid(0, 3), ==, 3);
        /* a context that comes later, and one that goes */
        make_context(5);
        qtest_writeq(t, L2TAB + 5 * 64, qtest_readq(t, CDS + 5 * 0x1000));
        qtest_writeq(t, L2TAB + 5 * 64 + 8, qtest_readq(t, CDS + 5 * 0x1000 + 8));
        command(CMD_CFGI_CD | (uint64_t)SID1 << 32 | 5 << 12, 1);
        run();
        g_assert_cmpint(where_pasid(0, 5), ==, 5);
        qtest_writeq(t, L2TAB + 3 * 64, 0);
        command(CMD_CFGI_CD | (uint64_t)SID1 << 32 | 3 << 12, 1);
        run();
        g_assert_cmpint(where_pasid(0, 3), ==, -1);
        qtest_writeq(t, L2TAB + 5 * 64, 0);
    }
    qtest_quit(t);
}

/* Beyond S1CDMax: refused, and the guest reads which PASID it was. More than the SMMU has: a bad STE. */
static void test_too_large(void)
{
    start_pasid(",ssidsize=4", "");
    driver_starts();
    fill_cds(CDTAB, 4);
    set_ste_words(s1(CDTAB, FMT_LINEAR, 2), S1DSS_SSID0);
    g_assert_cmpint(where_pasid(0, 4), ==, -1);
    wait_events(1);
    g_assert_cmphex(qtest_readq(t, EVENTQ), ==, SMMU_EVT_C_BAD_SUBSTREAMID | 1 << 11 | 4 << 12 | (uint64_t)SID1 << 32);
    set_ste_words(s1(CDTAB, FMT_LINEAR, 5), S1DSS_SSID0);
    g_assert_cmpint(where_pasid(0, 1), ==, -1);
    g_assert_cmphex(qtest_readq(t, EVENTQ + 32), ==, SMMU_EVT_C_BAD_STE | (uint64_t)SID1 << 32);
    qtest_quit(t);
}

/* The device keeps what it was told until ATC_INV; that goes down with the rest, one call. */
static void test_ats(void)
{
    int64_t before;

    start_pasid("", "");
    g_assert_cmpuint(find_ext_cap(t, 9, 0, PCI_EXT_CAP_ID_ATS), !=, 0);
    driver_starts();
    make_context(1);
    set_ste_words(make_context(1), 1ULL << 28);
    g_assert_cmpint(where(0), ==, 1);
    remap(1, 7);
    g_assert_cmpint(where(0), ==, 1);                       /* a TLBI does not reach the device */
    command(CMD_TLBI_NH_VA | 1ULL << 48, 0x10000 | 1);
    for (unsigned i = 0; i < 32; i++) {
        command(CMD_ATC_INV | (uint64_t)SID1 << 32, (uint64_t)i << 12);
    }
    before = sim_number("calls");
    run();
    g_assert_cmpint(sim_number("calls") - before, ==, 1);
    g_assert_cmpint(where(0), ==, 7);
    set_ste_words(make_context(2), 1ULL << 28);             /* a new table never serves what the old one cached */
    g_assert_cmpint(where(0), ==, 2);
    set_ste_words(make_context(3), 0);
    g_assert_cmpint(where(0), ==, 3);
    remap(3, 8);
    g_assert_cmpint(where(0), ==, 8);                       /* EATS off: nothing is kept */
    qtest_quit(t);
}

/* Hidden from the guest, or refused to it: a stream table that asks all the same gets no ATS. */
static void test_no_ats(void)
{
    static const struct { const char *smmu, *dev; } cases[] = { { "", ",ats=off" }, { ",ats=off", "" } };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        start_pasid(cases[i].smmu, cases[i].dev);
        driver_starts();
        set_ste_words(make_context(1), 1ULL << 28);
        g_assert_cmpint(where(0), ==, 1);
        remap(1, 7);
        g_assert_cmpint(where(0), ==, 7);
        qtest_quit(t);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smmuv3-accel/pasid/capability", test_capability);
    g_test_add_func("/smmuv3-accel/pasid/linear", test_linear);
    g_test_add_func("/smmuv3-accel/pasid/two-levels", test_two_levels);
    g_test_add_func("/smmuv3-accel/pasid/too-large", test_too_large);
    g_test_add_func("/smmuv3-accel/ats/on", test_ats);
    g_test_add_func("/smmuv3-accel/ats/off", test_no_ats);
    return g_test_run();
}
