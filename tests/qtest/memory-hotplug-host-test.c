/*
 * Memory plugged while a host device is assigned: behind arm-smmuv3,accel=on it
 * reaches the new memory as soon as the guest does, no longer when it is gone,
 * and when the host cannot map it, it was never there.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel-helpers.h"
#include "memory-hotplug-helpers.h"

static void begin(void)
{
    g_autofree char *firmware = empty_firmware(), *more = g_strdup_printf("-m 256M,slots=2,maxmem=1G -bios %s", firmware);

    start(more);
    driver_starts();
    set_ste(SID1, 1 | STE_CFG_BYPASS << 1);
}

/* The word that the device writes at @addr arrives there. */
static bool reaches(unsigned dev, uint64_t addr)
{
    return dma(dev, addr, 0x5a) && qtest_readl(t, addr) == 0x5a5a5a5a;
}

static void test_dma(void)
{
    begin();
    g_assert_false(reaches(0, FIRST_DIMM));
    add_memory(t, "m1", 128);
    for (unsigned round = 0; round < 3; round++) {
        plug_dimm(t, "dimm", "m1", "");
        g_assert_cmphex(qtest_readl(t, GED), ==, GED_MEMORY_EVENT);
        qtest_writeb(t, MEMHP + 0x14, INSERTING);
        g_assert_true(reaches(0, FIRST_DIMM));
        g_assert_true(reaches(0, FIRST_DIMM + 128 * MiB - 4));
        qtest_writel(t, FIRST_DIMM, 0);
        let_go(t, "dimm", 0);
        g_assert_false(reaches(0, FIRST_DIMM));
    }
    qtest_quit(t);
}

/* A stage 1 that leads into the new memory. */
static void test_stage1(void)
{
    begin();
    add_memory(t, "m1", 128);
    plug_dimm(t, "dimm", "m1", "");
    qtest_readl(t, GED);
    set_ste(SID1, make_context(1));
    g_assert_cmpint(where(0), ==, 1);
    qtest_writeq(t, leaf_at(1), (FIRST_DIMM + 0x5000) | LEAF);
    command(CMD_TLBI_NH_ASID | 1ULL << 48, 0);
    run();
    g_assert_true(dma(0, 0x10000, 0x77));
    g_assert_cmphex(qtest_readl(t, FIRST_DIMM + 0x5000), ==, 0x77777777);
    let_go(t, "dimm", 0);
    g_assert_false(dma(0, 0x10000, 0x78));          /* what the SMMU keeps of stage 1 does not help it */
    qtest_quit(t);
}

/* Each host call of a plug fails once: refused in one sentence, nothing left, and the next try works. */
static void test_host_refuses(void)
{
    int64_t before, calls;

    begin();
    add_memory(t, "m1", 128);
    before = sim_number("calls");
    plug_dimm(t, "dimm", "m1", "");
    calls = sim_number("calls") - before;
    g_assert_cmpint(calls, >, 0);
    qtest_readl(t, GED);
    let_go(t, "dimm", 0);
    for (int nth = 1; nth <= calls; nth++) {
        fail_nth(nth, ENOMEM);
        qtest_qmp_error(t, "GenericError", "cannot be reached by assigned devices", "{'execute': 'device_add', 'arguments': {'driver': 'pc-dimm', 'memdev': 'm1'}}");
        g_assert_cmpuint(count_dimms(t), ==, 0);
        g_assert_cmphex(qtest_readl(t, FIRST_DIMM), ==, 0);
        g_assert_cmphex(qtest_readl(t, GED), ==, 0);
    }
    plug_dimm(t, "dimm", "m1", "");
    g_assert_true(reaches(0, FIRST_DIMM));
    qtest_quit(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory-hotplug/host/dma", test_dma);
    g_test_add_func("/memory-hotplug/host/stage1", test_stage1);
    g_test_add_func("/memory-hotplug/host/refuses", test_host_refuses);
    return g_test_run();
}
