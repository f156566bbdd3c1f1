/*
 * dma-testdev as a simulated host device behind arm-smmuv3,accel=on: what a
 * guest's driver and its tables make of the DMA of a device that asks for PASIDs
 * and translations of its own.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel-helpers.h"
#include "dma-testdev-helpers.h"

#define BAR0 MMIO32
#define TESTDEV ", \"model\": \"dma-testdev\", \"pasid\": 8"
#define IOVA 0x10000
#define SUBSTREAMS ((uint64_t)4 << 59)  /* S1CDMax: 16 CDs */
#define S1DSS_CD0  2ULL
#define EATS       (1ULL << 28)

static DmaTestFn fn;

static void begin(void)
{
    start_with(SIM_ARGS_WITH("", TESTDEV), "-device arm-smmuv3,primary-bus=pcie.1,id=s1,accel=on,ssidsize=8,ats=on ", "");
    open_window(t, 8, 1, BAR0, MiB);
    qtest_writel(t, cfg(9, 0, 0, PCI_BASE_ADDRESS_0), BAR0);
    qtest_writew(t, cfg(9, 0, 0, PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    fn = (DmaTestFn) { t, 0, BAR0 };
    g_assert_cmphex(qtest_readl(t, BAR0 + DMAT_REG_ID), ==, DMAT_ID);
    driver_starts();
}

/* Contexts 0..3 in a table of CDs at CDS, so that PASID n has context n. */
static uint64_t contexts(void)
{
    for (unsigned n = 0; n < 4; n++) {
        uint8_t cd[64];
        make_context(n);
        qtest_memread(t, CDS + n * 0x1000, cd, sizeof(cd));
        qtest_memwrite(t, CDS + 0x10000 + n * sizeof(cd), cd, sizeof(cd));
        qtest_writeq(t, PAGES + n * 0x1000, 0xda7a0000 + n);
    }
    return 1 | STE_CFG_S1 << 1 | (CDS + 0x10000) | SUBSTREAMS;
}

static void set_ste_words(uint32_t sid, uint64_t w0, uint64_t w1)
{
    qtest_writeq(t, STRTAB + sid * 64 + 8, w1);
    set_ste(sid, w0);
}

static uint32_t read_at(uint64_t addr, int pasid, uint8_t flags)
{
    return dma_test_do(&fn, (DmaTestDesc) { DMAT_READ, (uint8_t)(flags | (pasid >= 0 ? DMAT_F_PASID : 0)), .pasid = (uint32_t)MAX(pasid, 0),
                                            .addr = addr, .len = 8 });
}

static uint64_t got(void)
{
    return qtest_readq(t, BAR0 + DMAT_BUFFER);
}

static void test_bypass(void)
{
    begin();
    set_ste(SID1, 1 | STE_CFG_BYPASS << 1);
    qtest_writeq(t, PAGES, 0x600d);
    g_assert_cmpuint(read_at(PAGES, -1, 0), ==, DMAT_OK);
    g_assert_cmphex(got(), ==, 0x600d);
    set_ste(SID1, 1);
    g_assert_cmpuint(read_at(PAGES, -1, 0), ==, DMAT_FAULT);
    qtest_quit(t);
}

static void test_pasids(void)
{
    begin();
    set_ste_words(SID1, contexts(), S1DSS_CD0);
    for (int pasid = -1; pasid < 4; pasid++) {
        if (pasid == 0) {
            continue;                   /* S1DSS: that one is for accesses without */
        }
        g_assert_cmpuint(read_at(IOVA, pasid, 0), ==, DMAT_OK);
        g_assert_cmphex(got(), ==, 0xda7a0000 + MAX(pasid, 0));
    }
    g_assert_cmpuint(read_at(IOVA, 7, 0), ==, DMAT_FAULT);          /* no such CD */
    wait_events(1);
    g_assert_cmphex(qtest_readq(t, EVENTQ), ==, (0x0a | 1 << 11 | 7 << 12 | (uint64_t)SID1 << 32));
    g_assert_cmpuint(read_at(0x20000, 2, 0), ==, DMAT_FAULT);
    wait_events(2);
    g_assert_cmphex(qtest_readq(t, EVENTQ + 32), ==, (0x10 | 1 << 11 | 2 << 12 | (uint64_t)SID1 << 32));
    g_assert_cmphex(qtest_readq(t, EVENTQ + 48), ==, 0x20000);
    qtest_quit(t);
}

/* The device keeps what it was told until the guest's ATC_INV has gone all the way to it. */
static void test_ats(void)
{
    begin();
    set_ste_words(SID1, contexts(), S1DSS_CD0 | EATS);
    g_assert_cmpuint(read_at(IOVA, 1, DMAT_F_ATS), ==, DMAT_OK);
    g_assert_cmphex(got(), ==, 0xda7a0001);
    g_assert_cmpuint(qtest_readl(t, BAR0 + DMAT_REG_CACHED), ==, 1);
    remap(1, 3);
    g_assert_cmpuint(read_at(IOVA, 1, DMAT_F_ATS), ==, DMAT_OK);
    g_assert_cmphex(got(), ==, 0xda7a0001);
    command(0x40 | 1 << 11 | 2 << 12 | (uint64_t)SID1 << 32, IOVA);        /* another PASID */
    run();
    g_assert_cmpuint(qtest_readl(t, BAR0 + DMAT_REG_CACHED), ==, 1);
    command(0x40 | 1 << 11 | 1 << 12 | (uint64_t)SID1 << 32, IOVA);
    run();
    g_assert_cmpuint(qtest_readl(t, BAR0 + DMAT_REG_CACHED), ==, 0);
    g_assert_cmpuint(read_at(IOVA, 1, DMAT_F_ATS), ==, DMAT_OK);
    g_assert_cmphex(got(), ==, 0xda7a0003);
    qtest_quit(t);
}

/* What reached the physical SMMU: its own VMID and StreamID, the guest's ASIDs and PASIDs. */
static void test_physical_commands(void)
{
    begin();
    set_ste_words(SID1, contexts(), S1DSS_CD0 | EATS);
    g_autoptr(json_t) before = qtest_qmp_return(t, "{'execute': 'x-hostsim-query-commands', 'arguments': {'clear': true}}");
    command(0x11 | 3ULL << 48, 0);
    command(0x40 | 1 << 11 | 1 << 12 | (uint64_t)SID1 << 32, IOVA);
    run();
    g_autoptr(json_t) list = qtest_qmp_return(t, "{'execute': 'x-hostsim-query-commands'}");
    const json_t *tlbi = json_array_get(list, 0), *atc = json_array_get(list, 1), *sync = json_array_get(list, 2);
    g_assert_cmpstr(json_string_value(json_object_get(tlbi, "name")), ==, "TLBI_NH_ASID");
    g_assert_cmpint(json_integer_value(json_object_get(tlbi, "asid")), ==, 3);
    g_assert_cmpint(json_integer_value(json_object_get(tlbi, "vmid")), >, 0);
    g_assert_cmpstr(json_string_value(json_object_get(atc, "name")), ==, "ATC_INV");
    g_assert_cmphex(json_integer_value(json_object_get(atc, "stream-id")), ==, 0x100);      /* 01:00.0 on the host */
    g_assert_cmpint(json_integer_value(json_object_get(atc, "pasid")), ==, 1);
    g_assert_cmpstr(json_string_value(json_object_get(sync, "name")), ==, "SYNC");
    g_autoptr(json_t) objects = qtest_qmp_return(t, "{'execute': 'x-hostsim-query-objects'}");
    g_assert_cmpuint(json_array_size(objects), >, 8);
    qtest_quit(t);
}

/* Without EATS the host turns ATS off in the function, and what it kept is gone. */
static void test_ats_off(void)
{
    uint64_t ste = 0;

    begin();
    ste = contexts();
    set_ste_words(SID1, ste, S1DSS_CD0 | EATS);
    g_assert_cmpuint(read_at(IOVA, 1, DMAT_F_ATS), ==, DMAT_OK);
    set_ste_words(SID1, ste, S1DSS_CD0);
    g_assert_cmpuint(qtest_readl(t, BAR0 + DMAT_REG_CACHED), ==, 0);
    g_assert_cmpuint(read_at(IOVA, 1, DMAT_F_ATS), ==, DMAT_FORBIDDEN);
    g_assert_cmpuint(read_at(IOVA, 1, 0), ==, DMAT_OK);
    qtest_quit(t);
}

/* A device that sends an address as if it were a translation reaches what its host mappings show, and nothing else. */
static void test_made_up_translation(void)
{
    begin();
    set_ste_words(SID1, contexts(), S1DSS_CD0 | EATS);
    g_assert_cmpuint(read_at(PAGES, -1, DMAT_F_TRANSLATED), ==, DMAT_FAULT);
    g_assert_cmpuint(read_at(0x1000, -1, DMAT_F_TRANSLATED), ==, DMAT_FAULT);
    qtest_quit(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostsim/dma/bypass", test_bypass);
    g_test_add_func("/hostsim/dma/pasids", test_pasids);
    g_test_add_func("/hostsim/dma/ats", test_ats);
    g_test_add_func("/hostsim/dma/physical-commands", test_physical_commands);
    g_test_add_func("/hostsim/dma/ats-off", test_ats_off);
    g_test_add_func("/hostsim/dma/made-up-translation", test_made_up_translation);
    return g_test_run();
}
