/*
 * A guest behind arm-smmuv3,accel=on over the host simulator: two root ports
 * behind a pxb, one device in each, a function pair of one host group behind a
 * third. What a device's DMA reaches is judged by the simulator's own walk of the
 * guest's tables, not by our model.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_QTEST_ACCEL_HELPERS_H
#define TESTS_QTEST_ACCEL_HELPERS_H

#include "hw/arm/smmuv3-regs.h"
#include "pci-helpers.h"

/* @smmu0, @dev1: more members of the first SMMU and the first device, each with a comma in front */
#define SIM_ARGS_WITH(smmu0, dev1) \
    "-object '{\"qom-type\": \"x-hostsim\", \"id\": \"sim\", \"smmus\": [{\"name\": \"smmu0\", \"s2fwb\": true" smmu0 "}, {\"name\": \"smmu1\", \"s2fwb\": true}]," \
    "\"devices\": [{\"host\": \"0000:01:00.0\", \"group\": 1" dev1 "}, {\"host\": \"0000:02:00.0\", \"group\": 2}," \
    "{\"host\": \"0000:03:00.0\", \"group\": 3}, {\"host\": \"0000:03:00.1\", \"group\": 3}, {\"host\": \"0000:04:00.0\", \"group\": 4, \"smmu\": \"smmu1\"}]}' " \
    "-object iommufd,id=i0 -device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0 "
#define SIM_ARGS SIM_ARGS_WITH("", "")
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
/* Where the running kernel has its stream table and its queues */
static uint64_t strtab = STRTAB, cmdq = CMDQ, eventq = EVENTQ;

/* --- The guest ------------------------------------------------------------------------------- */

static inline void command(uint64_t w0, uint64_t w1)
{
    qtest_writeq(t, cmdq + (prod & 255) * 16, w0);
    qtest_writeq(t, cmdq + (prod & 255) * 16 + 8, w1);
    prod = (prod + 1) & 511;
}

static inline void run(void)
{
    command(CMD_SYNC, 0);
    qtest_writel(t, SMMU + SMMU_CMDQ_PROD, prod);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_CMDQ_CONS), ==, prod);
}

static inline void set_ste(uint32_t sid, uint64_t w0)
{
    qtest_writeq(t, strtab + sid * 64, w0);
    command(CMD_CFGI_STE | (uint64_t)sid << 32, 1);
    run();
}

#define LEAF (1 << 11 | 1 << 10 | 1 << 6 | 3)   /* not global, accessed, for everybody */

/* The leaf of IOVA 0x10000 in context @n. */
static inline uint64_t leaf_at(unsigned n)
{
    return TABLES + n * 0x3000 + 0x2000 + 16 * 8;
}

/* Context @n: 4 KiB pages, 39 bits, ASID @n; IOVA 0x10000 is page @n of PAGES. */
static inline uint64_t make_context(unsigned n)
{
    uint64_t cd = CDS + n * 0x1000, l1 = TABLES + n * 0x3000, l2 = l1 + 0x1000, l3 = l1 + 0x2000;

    qtest_writeq(t, l1, l2 | 3);
    qtest_writeq(t, l2, l3 | 3);
    qtest_writeq(t, leaf_at(n), (PAGES + n * 0x1000) | LEAF);
    qtest_writeq(t, cd, 25 | 1ULL << 30 | 1ULL << 31 | 5ULL << 32 | 1ULL << 41 | 1ULL << 45 | 1ULL << 46 | (uint64_t)n << 48);
    qtest_writeq(t, cd + 8, l1);
    return 1 | STE_CFG_S1 << 1 | cd;
}

/* IOVA 0x10000 of context @n becomes page @page; the SMMU hears of it, devices with ATS do not. */
static inline void remap(unsigned n, unsigned page)
{
    qtest_writeq(t, leaf_at(n), (PAGES + page * 0x1000) | LEAF);
    command(CMD_TLBI_NH_VA | (uint64_t)n << 48, 0x10000 | 1);
    run();
}

/* What firmware does: bus numbers, and the devices may be bus masters. */
static inline void firmware(void)
{
    for (int i = 1; i <= 3; i++) {
        number_bridge(t, 8, i, 8 + i, 8 + i);
        qtest_writew(t, cfg(8 + i, 0, 0, PCI_COMMAND), PCI_COMMAND_MASTER);
    }
    qtest_writew(t, cfg(11, 0, 1, PCI_COMMAND), PCI_COMMAND_MASTER);
}

/* Its stream table and its command queue, which is empty. */
static inline void set_bases(void)
{
    prod = 0;
    qtest_writeq(t, SMMU + SMMU_STRTAB_BASE, strtab);
    qtest_writel(t, SMMU + SMMU_STRTAB_BASE_CFG, 12);
    qtest_writeq(t, SMMU + SMMU_CMDQ_BASE, cmdq | 8);
}

static inline void driver_starts(void)
{
    set_bases();
    qtest_writeq(t, SMMU + SMMU_EVENTQ_BASE, eventq | 7);
    qtest_writel(t, SMMU + SMMU_CR0, 0xc);
    command(CMD_CFGI_STE_RANGE, 31);
    command(CMD_TLBI_NSNH_ALL, 0);
    run();
    qtest_writel(t, SMMU + SMMU_CR0, 0xd);
}

static inline void start_with(const char *sim, const char *smmu, const char *more)
{
    t = qtest_init(VIRT_ARGS "%s%s" PORTS DEVICES "%s", sim, smmu, more);
    firmware();
}

static inline void start(const char *more)
{
    start_with(SIM_ARGS, SMMU_ARGS, more);
}

/* --- The device ---------------------------------------------------------------------------------- */

/* Writes 4 bytes of a pattern, with a PASID unless it is negative; true when they went somewhere. */
static inline bool dma_pasid(unsigned dev, int pasid, uint64_t iova, uint8_t pattern)
{
    g_autofree char *with = pasid < 0 ? g_strdup("") : g_strdup_printf(", 'pasid': %d", pasid);

    json_decref(qtest_qmp_return(t, "{'execute': 'qom-set', 'arguments': {'path': '/objects/sim', 'property': 'dma', 'value':"
                                 "{'host': '%s', 'iova': %" PRIu64 ", 'length': 4, 'pattern': %d%s}}}", host_of[dev], iova, pattern, with));
    g_autoptr(json_t) r = qtest_qmp_return(t, "{'execute': 'qom-get', 'arguments': {'path': '/objects/sim', 'property': 'dma-result'}}");

    return json_integer_value(json_object_get(r, "result")) == 0;
}

static inline bool dma(unsigned dev, uint64_t iova, uint8_t pattern)
{
    return dma_pasid(dev, -1, iova, pattern);
}

/* To which of the contexts' pages does IOVA 0x10000 lead now? -1: none */
static inline int where_pasid(unsigned dev, int pasid)
{
    static uint8_t pattern = 1;

    qtest_memset(t, PAGES, 0, 16 * 0x1000);
    pattern = pattern % 250 + 1;
    if (!dma_pasid(dev, pasid, 0x10000, pattern)) {
        return -1;
    }
    for (int n = 0; n < 16; n++) {
        if (qtest_readb(t, PAGES + n * 0x1000) == pattern) {
            return n;
        }
    }
    return 99;
}

static inline int where(unsigned dev)
{
    return where_pasid(dev, -1);
}

static inline void fail_nth(int nth, int err)
{
    json_decref(qtest_qmp_return(t, "{'execute': 'qom-set', 'arguments': {'path': '/objects/sim', 'property': 'fail-nth', 'value':"
                                 "{'nth': %d, 'errno': %d}}}", nth, err));
}

static inline void sim_set(const char *property, const char *json)
{
    g_autofree char *cmd = g_strdup_printf("{'execute': 'qom-set', 'arguments': {'path': '/objects/sim', 'property': '%s', 'value': %s}}", property, json);

    json_decref(qtest_qmp_return(t, "%s", cmd));
}

static inline json_t *sim_get(const char *property)
{
    return qtest_qmp_return(t, "{'execute': 'qom-get', 'arguments': {'path': '/objects/sim', 'property': '%s'}}", property);
}

static inline int64_t sim_number(const char *property)
{
    g_autoptr(json_t) r = qtest_qmp_return(t, "{'execute': 'qom-get', 'arguments': {'path': '/objects/sim', 'property': '%s'}}", property);

    return json_integer_value(r);
}

static inline void wait_events(unsigned n)
{
    for (unsigned i = 0; i < 500 && qtest_readl(t, SMMU + SMMU_EVENTQ_PROD) < n; i++) {
        g_usleep(10000);
    }
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_EVENTQ_PROD), ==, n);
}

#endif
