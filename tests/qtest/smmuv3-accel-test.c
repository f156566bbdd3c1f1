/*
 * arm-smmuv3,accel=on in the whole emulator, over the host simulator: what a
 * device's DMA reaches is judged by the simulator's own walk of the guest's
 * tables, not by our model.
 *
 * The guest here: two root ports behind a pxb, one device in each, a function
 * pair of one host group behind a third.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-regs.h"
#include "pci-helpers.h"

#define SIM_ARGS \
    "-object '{\"qom-type\": \"x-hostsim\", \"id\": \"sim\", \"smmus\": [{\"name\": \"smmu0\", \"s2fwb\": true}, {\"name\": \"smmu1\", \"s2fwb\": true}]," \
    "\"devices\": [{\"host\": \"0000:01:00.0\", \"group\": 1}, {\"host\": \"0000:02:00.0\", \"group\": 2}," \
    "{\"host\": \"0000:03:00.0\", \"group\": 3}, {\"host\": \"0000:03:00.1\", \"group\": 3}, {\"host\": \"0000:04:00.0\", \"group\": 4, \"smmu\": \"smmu1\"}]}' " \
    "-object iommufd,id=i0 -device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0 "
#define PORTS \
    "-device pcie-root-port,id=rp1,bus=pcie.1,chassis=1,addr=1 -device pcie-root-port,id=rp2,bus=pcie.1,chassis=2,addr=2 " \
    "-device pcie-root-port,id=rp3,bus=pcie.1,chassis=3,addr=3 "
#define SMMU_ARGS "-device arm-smmuv3,primary-bus=pcie.1,id=s1,accel=on "
#define DEVICES \
    "-device vfio-pci,id=d1,host=0000:01:00.0,bus=rp1,iommufd=i0 -device vfio-pci,id=d2,host=0000:02:00.0,bus=rp2,iommufd=i0 " \
    "-device vfio-pci,id=d3,host=0000:03:00.0,bus=rp3,addr=0.0,multifunction=on,iommufd=i0 -device vfio-pci,id=d4,host=0000:03:00.1,bus=rp3,addr=0.1,iommufd=i0 "

enum { SMMU = PLATFORM_BUS, STRTAB = RAM + 0x100000, CMDQ = RAM + 0x400000, EVENTQ = RAM + 0x500000, CDS = RAM + 0x600000,
       TABLES = RAM + 0x700000, PAGES = RAM + 0x800000 };
enum { SID1 = 0x900, SID2 = 0xa00, SID3 = 0xb00, SID4 = 0xb01 };
static const char *const host_of[] = { "0000:01:00.0", "0000:02:00.0", "0000:03:00.0", "0000:03:00.1" };

static QTestState *t;
static uint32_t prod;

/* --- The guest ------------------------------------------------------------------------------- */

static void command(uint64_t w0, uint64_t w1)
{
    qtest_writeq(t, CMDQ + (prod & 255) * 16, w0);
    qtest_writeq(t, CMDQ + (prod & 255) * 16 + 8, w1);
    prod = (prod + 1) & 511;
}

static void run(void)
{
    command(CMD_SYNC, 0);
    qtest_writel(t, SMMU + SMMU_CMDQ_PROD, prod);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_CMDQ_CONS), ==, prod);
}

static void set_ste(uint32_t sid, uint64_t w0)
{
    qtest_writeq(t, STRTAB + sid * 64, w0);
    command(CMD_CFGI_STE | (uint64_t)sid << 32, 1);
    run();
}

/* Context @n: 4 KiB pages, 39 bits; IOVA 0x10000 is page @n of PAGES. */
static uint64_t make_context(unsigned n)
{
    uint64_t cd = CDS + n * 0x1000, l1 = TABLES + n * 0x3000, l2 = l1 + 0x1000, l3 = l1 + 0x2000;

    qtest_writeq(t, l1, l2 | 3);
    qtest_writeq(t, l2, l3 | 3);
    qtest_writeq(t, l3 + 16 * 8, (PAGES + n * 0x1000) | 1 << 10 | 1 << 6 | 3);
    qtest_writeq(t, cd, 25 | 1ULL << 30 | 1ULL << 31 | 5ULL << 32 | 1ULL << 41 | 1ULL << 45 | 1ULL << 46 | (uint64_t)n << 48);
    qtest_writeq(t, cd + 8, l1);
    return 1 | STE_CFG_S1 << 1 | cd;
}

/* What firmware does: bus numbers, and the devices may be bus masters. */
static void firmware(void)
{
    for (int i = 1; i <= 3; i++) {
        number_bridge(t, 8, i, 8 + i, 8 + i);
        qtest_writew(t, cfg(8 + i, 0, 0, PCI_COMMAND), PCI_COMMAND_MASTER);
    }
    qtest_writew(t, cfg(11, 0, 1, PCI_COMMAND), PCI_COMMAND_MASTER);
}

static void driver_starts(void)
{
    prod = 0;
    qtest_writeq(t, SMMU + SMMU_STRTAB_BASE, STRTAB);
    qtest_writel(t, SMMU + SMMU_STRTAB_BASE_CFG, 12);
    qtest_writeq(t, SMMU + SMMU_CMDQ_BASE, CMDQ | 8);
    qtest_writeq(t, SMMU + SMMU_EVENTQ_BASE, EVENTQ | 7);
    qtest_writel(t, SMMU + SMMU_CR0, 0xc);
    command(CMD_CFGI_STE_RANGE, 31);
    command(CMD_TLBI_NSNH_ALL, 0);
    run();
    qtest_writel(t, SMMU + SMMU_CR0, 0xd);
}

static void start(const char *more)
{
    t = qtest_init(VIRT_ARGS SIM_ARGS SMMU_ARGS PORTS DEVICES "%s", more);
    firmware();
}

/* --- The device ---------------------------------------------------------------------------------- */

/* Writes 4 bytes of a pattern; true when they went somewhere. */
static bool dma(unsigned dev, uint64_t iova, uint8_t pattern)
{
    json_decref(qtest_qmp_return(t, "{'execute': 'qom-set', 'arguments': {'path': '/objects/sim', 'property': 'dma', 'value':"
                                 "{'host': '%s', 'iova': %" PRIu64 ", 'length': 4, 'pattern': %d}}}", host_of[dev], iova, pattern));
    g_autoptr(json_t) r = qtest_qmp_return(t, "{'execute': 'qom-get', 'arguments': {'path': '/objects/sim', 'property': 'dma-result'}}");

    return json_integer_value(json_object_get(r, "result")) == 0;
}

/* To which of the contexts' pages does IOVA 0x10000 lead now? -1: none */
static int where(unsigned dev)
{
    static uint8_t pattern = 1;

    qtest_memset(t, PAGES, 0, 16 * 0x1000);
    pattern = pattern % 250 + 1;
    if (!dma(dev, 0x10000, pattern)) {
        return -1;
    }
    for (int n = 0; n < 16; n++) {
        if (qtest_readb(t, PAGES + n * 0x1000) == pattern) {
            return n;
        }
    }
    return 99;
}

static void fail_nth(int nth, int err)
{
    json_decref(qtest_qmp_return(t, "{'execute': 'qom-set', 'arguments': {'path': '/objects/sim', 'property': 'fail-nth', 'value':"
                                 "{'nth': %d, 'errno': %d}}}", nth, err));
}

static int64_t sim_number(const char *property)
{
    g_autoptr(json_t) r = qtest_qmp_return(t, "{'execute': 'qom-get', 'arguments': {'path': '/objects/sim', 'property': '%s'}}", property);

    return json_integer_value(r);
}

static void wait_events(unsigned n)
{
    for (unsigned i = 0; i < 500 && qtest_readl(t, SMMU + SMMU_EVENTQ_PROD) < n; i++) {
        g_usleep(10000);
    }
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_EVENTQ_PROD), ==, n);
}

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
    g_autofree char *err = NULL;

    g_assert_cmpint(qtest_run(&err, VIRT_RUN_ARGS SIM_ARGS "%s", args), ==, 1);
    if (!strstr(err, text)) {
        g_error("expected '%s' in: %s", text, err);
    }
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
    g_test_add_func("/smmuv3-accel/group", test_group);
    g_test_add_func("/smmuv3-accel/failures", test_failures);
    g_test_add_func("/smmuv3-accel/renumber", test_renumber);
    g_test_add_func("/smmuv3-accel/event", test_event);
    g_test_add_func("/smmuv3-accel/wrong-use", test_wrong_use);
    return g_test_run();
}
