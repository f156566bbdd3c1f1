/*
 * arm-smmuv3,accel=on in the whole emulator, over the host simulator: what a
 * device's DMA reaches is judged by the simulator's own walk of the guest's
 * tables, not by our model (accel-helpers.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel-helpers.h"

/* --- Scenes --------------------------------------------------------------------------------------- */

/* From power-on: bypass, GBPA, abort, translation, and back by reset. */
static void test_life(void)
{
    start("");
    g_assert_true(dma(0, PAGES, 0x5a));
    g_assert_cmphex(qtest_readb(t, PAGES), ==, 0x5a);
    qtest_writel(t, SMMU + SMMU_GBPA, 1U << 31 | 1 << 20);
    g_assert_false(dma(0, PAGES, 0x5b));
    qtest_writel(t, SMMU + SMMU_GBPA, 1U << 31);
    g_assert_true(dma(0, PAGES, 0x5c));
    driver_starts();
    g_assert_false(dma(0, PAGES, 0x5d));
    set_ste(SID1, 1 | STE_CFG_BYPASS << 1);
    g_assert_true(dma(0, PAGES, 0x5e));
    g_assert_false(dma(1, PAGES, 0x5e));
    set_ste(SID1, make_context(1));
    set_ste(SID2, make_context(2));
    g_assert_cmpint(where(0), ==, 1);
    g_assert_cmpint(where(1), ==, 2);
    g_assert_false(dma(0, PAGES, 0x5f));
    set_ste(SID1, make_context(3));
    g_assert_cmpint(where(0), ==, 3);
    set_ste(SID1, 0);
    g_assert_cmpint(where(0), ==, -1);
    qtest_writel(t, SMMU + SMMU_CR0, 0xc);
    g_assert_true(dma(0, PAGES, 0x60));
    qtest_writel(t, SMMU + SMMU_CR0, 0xd);
    g_assert_cmpint(where(1), ==, 2);
    json_decref(qtest_qmp_return(t, "{'execute': 'system_reset'}"));
    json_decref(qtest_qmp_event(t, "RESET"));
    firmware();
    g_assert_true(dma(1, PAGES, 0x61));
    driver_starts();
    g_assert_cmpint(where(1), ==, 2);
    qtest_quit(t);
}

/* Sixty-four of them, four devices each: all there, and a run of one is one call whatever the others are. */
static void test_many(void)
{
    g_autoptr(GString) host = g_string_new("-object '{\"qom-type\": \"x-hostsim\", \"id\": \"sim\", \"smmus\": [");
    g_autoptr(GString) guest = g_string_new("-object iommufd,id=i0 ");
    enum { SMMUS = 64, DEVS = 4 };

    for (int i = 0; i < SMMUS; i++) {
        g_string_append_printf(host, "%s{\"name\": \"smmu%d\"}", i ? "," : "", i);
        g_string_append_printf(guest, "-device pxb-pcie,id=b%d,bus_nr=%d,bus=pcie.0,addr=%x.%d,multifunction=on "
                               "-device arm-smmuv3,id=s%d,primary-bus=b%d,accel=on -device pcie-root-port,id=p%d,bus=b%d,chassis=%d ",
                               i, 4 + 3 * i, 1 + i / 8, i % 8, i, i, i, i, i + 1);
    }
    g_string_append(host, "], \"devices\": [");
    for (int i = 0; i < SMMUS * DEVS; i++) {
        g_string_append_printf(host, "%s{\"host\": \"0000:%02x:00.%d\", \"smmu\": \"smmu%d\"}", i ? "," : "", i / DEVS + 1, i % DEVS, i / DEVS);
        g_string_append_printf(guest, "-device vfio-pci,host=0000:%02x:00.%d,bus=p%d,addr=0.%d,iommufd=i0,multifunction=on ",
                               i / DEVS + 1, i % DEVS, i / DEVS, i % DEVS);
    }
    t = qtest_init(VIRT_ARGS "%s]}' %s", host->str, guest->str);
    g_autoptr(json_t) list = qtest_qmp_return(t, "{'execute': 'query-smmu'}");
    g_assert_cmpuint(json_array_size(list), ==, SMMUS);
    for (uint64_t i = 0; i < SMMUS; i += SMMUS - 1) {
        uint64_t base = SMMU + i * 0x20000;

        prod = 0;
        qtest_writeq(t, base + SMMU_CMDQ_BASE, CMDQ | 8);
        qtest_writel(t, base + SMMU_CR0, 8);
        for (unsigned n = 0; n < 200; n++) {
            command(CMD_TLBI_NH_VA | 1ULL << 48, (uint64_t)n << 12 | 1);
        }
        command(CMD_SYNC, 0);
        int64_t before = sim_number("calls");
        qtest_writel(t, base + SMMU_CMDQ_PROD, prod);
        g_assert_cmphex(qtest_readl(t, base + SMMU_CMDQ_CONS), ==, prod);
        g_assert_cmpint(sim_number("calls") - before, ==, 1);
    }
    qtest_quit(t);
}

/* 512 invalidations and a SYNC: one call. */
static void test_one_call(void)
{
    int64_t before;

    start("");
    driver_starts();
    set_ste(SID1, make_context(1));
    for (unsigned i = 0; i < 200; i++) {
        command(CMD_TLBI_NH_VA | 1ULL << 48, (uint64_t)i << 12 | 1);
    }
    before = sim_number("calls");
    run();
    g_assert_cmpint(sim_number("calls") - before, ==, 1);
    qtest_quit(t);
}

/* Two functions of one host group: as one when they agree, neither when they do not. */
static void test_group(void)
{
    start("");
    driver_starts();
    set_ste(SID3, make_context(1));
    g_assert_cmpint(where(2), ==, -1);
    set_ste(SID4, make_context(1));
    g_assert_cmpint(where(2), ==, 1);
    g_assert_cmpint(where(3), ==, 1);
    set_ste(SID4, make_context(2));
    g_assert_cmpint(where(2), ==, -1);
    g_assert_cmpint(where(3), ==, -1);
    wait_events(2);                     /* a moment later: it could have been on its way */
    g_assert_cmphex(qtest_readq(t, EVENTQ), ==, (uint64_t)SID3 << 32 | SMMU_EVT_C_BAD_STE);
    g_assert_cmphex(qtest_readq(t, EVENTQ + 32), ==, (uint64_t)SID4 << 32 | SMMU_EVT_C_BAD_STE);
    qtest_quit(t);
}

/* Every host call of a change of tables fails: the old table is never used again, and a retry heals. */
static void test_failures(void)
{
    start("");
    driver_starts();
    for (int nth = 1; nth <= 4; nth++) {
        for (int err = 0; err < 3; err++) {
            int at;

            set_ste(SID1, make_context(1));
            g_assert_cmpint(where(0), ==, 1);
            fail_nth(nth, (const int[]) { EINVAL, ENOMEM, EBUSY }[err]);
            set_ste(SID1, make_context(2));
            fail_nth(0, 0);
            at = where(0);
            g_assert_true(at == 2 || at == -1);
            g_assert_cmpint(where(1), ==, -1);
            set_ste(SID1, make_context(2));
            g_assert_cmpint(where(0), ==, 2);
        }
    }
    qtest_quit(t);
}

/* Bus numbers change under a running guest: a stream is found by what it is now. */
static void test_renumber(void)
{
    start("");
    driver_starts();
    set_ste(SID1, make_context(1));
    g_assert_cmpint(where(0), ==, 1);
    number_bridge(t, 8, 1, 12, 12);
    g_assert_cmpint(where(0), ==, -1);
    set_ste(0xc00, make_context(4));
    g_assert_cmpint(where(0), ==, 4);
    qtest_quit(t);
}

static void test_event(void)
{
    start("");
    driver_starts();
    set_ste(SID1, make_context(1));
    json_decref(qtest_qmp_return(t, "{'execute': 'qom-set', 'arguments': {'path': '/objects/sim', 'property': 'event', 'value': {'host': '%s',"
                                 "'words': [16, 0, 4096, 0]}}}", host_of[0]));
    wait_events(1);
    g_assert_cmphex(qtest_readq(t, EVENTQ), ==, (uint64_t)SID1 << 32 | SMMU_EVT_F_TRANSLATION);
    g_assert_cmphex(qtest_readq(t, EVENTQ + 16), ==, 4096);
    qtest_quit(t);
}

static void refused(const char *text, const char *args)
{
    qtest_refused(text, VIRT_RUN_ARGS SIM_ARGS "%s", args);
}

static void test_wrong_use(void)
{
    refused("primary-bus", "-device arm-smmuv3,accel=on");
    refused("already", SMMU_ARGS "-device arm-smmuv3,primary-bus=pcie.1,accel=on");
    refused("stage 1 only", "-device arm-smmuv3,primary-bus=pcie.1,accel=on,stage=nested");
    refused("vfio-pci devices only", SMMU_ARGS PORTS "-device edu,bus=rp1");
    refused("vfio-pci devices only", PORTS "-device edu,bus=rp1 " SMMU_ARGS);
    refused("must come before", PORTS DEVICES SMMU_ARGS);
    refused("another physical SMMU", SMMU_ARGS PORTS "-device vfio-pci,host=0000:01:00.0,bus=rp1,iommufd=i0 -device vfio-pci,host=0000:04:00.0,bus=rp2,iommufd=i0");
    refused("another iommufd", "-object iommufd,id=i1 " SMMU_ARGS PORTS
            "-device vfio-pci,host=0000:01:00.0,bus=rp1,iommufd=i0 -device vfio-pci,host=0000:02:00.0,bus=rp2,iommufd=i1");
    refused("SubstreamID", "-device arm-smmuv3,primary-bus=pcie.1,accel=on,ssidsize=20 " PORTS "-device vfio-pci,host=0000:01:00.0,bus=rp1,iommufd=i0");
    refused("cannot be behind an emulated", "-device arm-smmuv3,primary-bus=pcie.1 " PORTS "-device vfio-pci,host=0000:01:00.0,bus=rp1,iommufd=i0");
    refused("needs accel=on", "-device arm-smmuv3,primary-bus=pcie.1,ril=on");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smmuv3-accel/life", test_life);
    g_test_add_func("/smmuv3-accel/one-call", test_one_call);
    g_test_add_func("/smmuv3-accel/many", test_many);
    g_test_add_func("/smmuv3-accel/group", test_group);
    g_test_add_func("/smmuv3-accel/failures", test_failures);
    g_test_add_func("/smmuv3-accel/renumber", test_renumber);
    g_test_add_func("/smmuv3-accel/event", test_event);
    g_test_add_func("/smmuv3-accel/wrong-use", test_wrong_use);
    return g_test_run();
}
