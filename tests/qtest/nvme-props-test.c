/*
 * What the properties of an NVMe controller and of its namespaces make of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nvme-helpers.h"

enum { ID_CTRATT = 96, ID_NSFEAT = 24, ID_NPWG = 64, ID_NPDG = 68, ID_NPDA = 70, ID_NGUID = 104, FEAT_DEFAULT = 1 << 8 };

/* @ns: properties of an nvme-ns; NULL: the controller has the drive. */
static Nvme start(const char *drive, const char *controller, const char *ns)
{
    g_autofree char *disk = disk_new("disk");
    g_autofree char *medium = ns ? g_strdup_printf("-device nvme-ns,drive=d,bus=n%s", ns) : g_strdup("");
    Nvme n = { .t = qtest_init(VIRT_ARGS "-drive if=none,id=d,format=raw,file=%s%s -device nvme,id=n,serial=S1,bus=pcie.0,addr=1%s%s %s",
                               disk, drive, ns ? "" : ",drive=d", controller, medium) };

    enable(&n);
    make_io_queue(&n);
    return n;
}

static uint32_t feature(Nvme *n, uint32_t what)
{
    g_assert_cmphex(admin(n, NVME_ADM_GET_FEATURES, 0, 0, what, 0), ==, NVME_OK);
    return n->result;
}

static int64_t flushes(Nvme *n)
{
    return disk_counter(n->t, "flush_operations");
}

static const struct { const char *drive, *controller, *ns; bool on; } caches[] = {
    { "", "", NULL, true }, { "", "", "", true }, { "", ",write-cache=off", NULL, false }, { "", "", ",write-cache=off", false },
    { ",cache=writethrough", "", NULL, false }, { ",cache=writethrough", ",write-cache=on", NULL, true },
    { "", ",write-cache=off", "", true },       /* of another medium: there is none */
};

static void test_write_cache(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(caches); i++) {
        Nvme n = start(caches[i].drive, caches[i].controller, caches[i].ns);

        g_assert_cmpuint(feature(&n, NVME_FEAT_WRITE_CACHE), ==, caches[i].on);
        g_assert_cmpuint(feature(&n, NVME_FEAT_WRITE_CACHE | FEAT_DEFAULT), ==, caches[i].on);
        g_assert_cmphex(admin(&n, NVME_ADM_SET_FEATURES, 0, 0, NVME_FEAT_WRITE_CACHE, !caches[i].on), ==, NVME_OK);
        g_assert_cmpuint(feature(&n, NVME_FEAT_WRITE_CACHE), ==, !caches[i].on);
        enable(&n);
        g_assert_cmpuint(feature(&n, NVME_FEAT_WRITE_CACHE), ==, caches[i].on);
        qtest_quit(n.t);
    }
}

static int64_t flushed_by(Nvme *n, NvmeCmd cmd)
{
    int64_t before = flushes(n);

    g_assert_cmphex(command(n, &n->io, cmd), ==, NVME_OK);
    return flushes(n) - before;
}

/* When we flush after a write; what the block layer does by itself for a drive without a cache is not counted. */
static void test_flushes(void)
{
    NvmeCmd forced = rw(NVME_IO_WRITE, 0, 1, DATA, 0);
    Nvme n = start("", "", NULL);

    forced.cdw12 |= NVME_RW_FUA;
    g_assert_cmpint(flushed_by(&n, rw(NVME_IO_WRITE, 0, 1, DATA, 0)), ==, 0);
    g_assert_cmpint(flushed_by(&n, forced), ==, 1);
    g_assert_cmphex(admin(&n, NVME_ADM_SET_FEATURES, 0, 0, NVME_FEAT_WRITE_CACHE, 0), ==, NVME_OK);
    g_assert_cmpint(flushed_by(&n, rw(NVME_IO_WRITE, 0, 1, DATA, 0)), ==, 1);
    g_assert_cmpint(flushed_by(&n, rw(NVME_IO_WRITE_ZEROES, 0, 1, 0, 0)), ==, 1);
    qtest_quit(n.t);
    n = start("", ",write-cache=off", NULL);
    g_assert_cmpint(flushed_by(&n, forced), ==, 0);
    g_assert_cmphex(admin(&n, NVME_ADM_SET_FEATURES, 0, 0, NVME_FEAT_WRITE_CACHE, 1), ==, NVME_OK);
    g_assert_cmpint(flushed_by(&n, rw(NVME_IO_WRITE_ZEROES, 0, 1, 0, 0)), ==, 1);
    qtest_quit(n.t);
}

static const struct { const char *props; uint16_t npdg; } granularities[] = {
    { "", 7 }, { ",discard_granularity=512", 0 }, { ",discard_granularity=64k", 127 }, { ",discard_granularity=0", 0 },
    { ",discard_granularity=2147483648", 0xffff }, { ",logical_block_size=4096", 0 },
    { ",logical_block_size=4096,discard_granularity=1M", 255 }, { ",min_io_size=4096,opt_io_size=64k,physical_block_size=4096", 7 },
};

static void test_granularity(void)
{
    for (size_t i = 0; i < 2 * ARRAY_SIZE(granularities); i++) {
        const char *props = granularities[i / 2].props;
        Nvme n = i & 1 ? start("", "", props) : start("", props, NULL);

        g_assert_cmphex(admin(&n, NVME_ADM_IDENTIFY, 1, DATA, NVME_CNS_NS, 0), ==, NVME_OK);
        g_assert_cmphex(qtest_readb(n.t, DATA + ID_NSFEAT), ==, 0x10);
        g_assert_cmphex(qtest_readw(n.t, DATA + ID_NPWG), ==, 0);
        g_assert_cmphex(qtest_readw(n.t, DATA + ID_NPDG), ==, granularities[i / 2].npdg);
        g_assert_cmphex(qtest_readw(n.t, DATA + ID_NPDA), ==, granularities[i / 2].npdg);
        qtest_quit(n.t);
    }
}

enum { SMART_EVENT = 1 | NVME_LOG_SMART << 16, INFO_RELIABILITY = 0, INFO_TEMPERATURE = 1 << 8, INFO_SPARE = 2 << 8 };

static void warn(Nvme *n, unsigned warning)
{
    json_decref(qtest_qmp_return(n->t, "{'execute': 'qom-set', 'arguments': {'path': '/machine/peripheral/n', "
                                 "'property': 'smart_critical_warning', 'value': %u}}", warning));
}

static uint8_t warning(Nvme *n, uint32_t flags)
{
    g_assert_cmphex(admin(n, NVME_ADM_GET_LOG, ~0U, DATA, 127 << 16 | flags | NVME_LOG_SMART, 0), ==, NVME_OK);
    return qtest_readb(n->t, DATA);
}

static void await_event(Nvme *n)
{
    post(n, &n->admin, (NvmeCmd) { .opcode = NVME_ADM_ASYNC_EVENT });
}

/* The oldest request for events is answered, whatever was asked since. */
static uint32_t event(Nvme *n)
{
    uint16_t cid = n->admin.cid;
    NvmeCqe cqe;

    g_assert_true(answered(n, &n->admin, &cqe));
    n->admin.cid = cqe.cid;
    g_assert_cmphex(wait_answer(n, &n->admin), ==, NVME_OK);
    n->admin.cid = cid;
    return n->result;
}

static bool no_event(Nvme *n)
{
    NvmeCqe cqe;

    return !answered(n, &n->admin, &cqe);
}

static void configure_events(Nvme *n, uint32_t which)
{
    g_assert_cmphex(admin(n, NVME_ADM_SET_FEATURES, 0, 0, NVME_FEAT_ASYNC_EVENT, which), ==, NVME_OK);
}

static void test_smart_log(void)
{
    Nvme n = start("", ",smart_critical_warning=4", NULL);
    g_autoptr(json_t) r = NULL, v = NULL;

    g_assert_cmphex(warning(&n, 0), ==, 4);
    warn(&n, 0x1b);
    g_assert_cmphex(warning(&n, 0), ==, 0x1b);
    r = qtest_qmp(n.t, "{'execute': 'qom-set', 'arguments': {'path': '/machine/peripheral/n', "
                  "'property': 'smart_critical_warning', 'value': 32}}");
    g_assert_nonnull(json_object_get(r, "error"));
    v = qtest_qmp_return(n.t, "{'execute': 'qom-get', 'arguments': {'path': '/machine/peripheral/n', 'property': 'smart_critical_warning'}}");
    g_assert_cmpint(json_integer_value(v), ==, 0x1b);
    enable(&n);
    g_assert_cmphex(warning(&n, 0), ==, 0x1b);
    qtest_quit(n.t);
}

static void test_smart_events(void)
{
    static const uint32_t infos[] = { INFO_SPARE, INFO_TEMPERATURE, INFO_RELIABILITY, INFO_RELIABILITY, INFO_RELIABILITY };
    Nvme n = start("", "", NULL);

    await_event(&n);
    warn(&n, 0x1f);
    g_assert_true(no_event(&n));        /* none was asked for, nor when it is later */
    configure_events(&n, 0x1f);
    warn(&n, 0x0f);
    g_assert_true(no_event(&n));
    for (size_t i = 0; i < ARRAY_SIZE(infos); i++) {
        warn(&n, 0);
        warn(&n, 1 << i);
        g_assert_cmphex(event(&n), ==, SMART_EVENT | infos[i]);
        await_event(&n);
        warn(&n, 0);
        warn(&n, 0x1f);
        g_assert_true(no_event(&n));    /* until the log is read */
        g_assert_cmphex(warning(&n, 0x8000), ==, 0x1f);
        warn(&n, 0);
        warn(&n, 0x1f);
        g_assert_true(no_event(&n));    /* and its event not kept */
        g_assert_cmphex(warning(&n, 0), ==, 0x1f);
        g_assert_true(no_event(&n));
    }
    configure_events(&n, 0x10);
    warn(&n, 0);
    warn(&n, 0x0f);
    g_assert_true(no_event(&n));
    warn(&n, 0x1f);
    g_assert_cmphex(event(&n), ==, SMART_EVENT | INFO_RELIABILITY);
    qtest_quit(n.t);
}

/* The disk has 323 K. */
static void test_temperature(void)
{
    Nvme n = start("", "", NULL);
    const uint32_t under = 1 << 20;

    configure_events(&n, 2);
    await_event(&n);
    g_assert_cmphex(warning(&n, 0), ==, 0);
    g_assert_cmphex(admin(&n, NVME_ADM_SET_FEATURES, 0, 0, NVME_FEAT_TEMPERATURE, 324), ==, NVME_OK);
    g_assert_cmphex(warning(&n, 0), ==, 0);
    g_assert_cmphex(admin(&n, NVME_ADM_SET_FEATURES, 0, 0, NVME_FEAT_TEMPERATURE, 322 | under), ==, NVME_OK);
    g_assert_cmphex(warning(&n, 0), ==, 0);
    post(&n, &n.admin, (NvmeCmd) { .opcode = NVME_ADM_SET_FEATURES, .cdw10 = NVME_FEAT_TEMPERATURE, .cdw11 = 323 });
    g_assert_cmphex(event(&n), ==, SMART_EVENT | INFO_TEMPERATURE);
    g_assert_cmphex(wait_answer(&n, &n.admin), ==, NVME_OK);
    g_assert_cmphex(warning(&n, 0), ==, 2);
    await_event(&n);
    g_assert_cmphex(admin(&n, NVME_ADM_SET_FEATURES, 0, 0, NVME_FEAT_TEMPERATURE, 400), ==, NVME_OK);
    g_assert_cmphex(warning(&n, 0), ==, 0);
    post(&n, &n.admin, (NvmeCmd) { .opcode = NVME_ADM_SET_FEATURES, .cdw10 = NVME_FEAT_TEMPERATURE, .cdw11 = 323 | under });
    g_assert_cmphex(event(&n), ==, SMART_EVENT | INFO_TEMPERATURE);
    g_assert_cmphex(wait_answer(&n, &n.admin), ==, NVME_OK);
    qtest_quit(n.t);
}

/* Where the table and the pending bits are, and how large the BARs: as on the peer. */
static const struct { const char *props; uint32_t bar0, bar4, table, pba; } layouts[] = {
    { "", 0xffffc004, 0, 0x2000, 0x3000 }, { ",msix-exclusive-bar=on", 0xffffe004, 0xfffff000, 4, 0x804 },
    { ",msix-exclusive-bar=on,msix_qsize=129", 0xffffe004, 0xfffff000, 4, 0x814 },
    { ",msix-exclusive-bar=on,msix_qsize=300", 0xffffe004, 0xffffe000, 4, 0x12c4 },
    { ",msix-exclusive-bar=on,msix_qsize=2048", 0xffffe004, 0xffff0000, 4, 0x8004 },
    { ",msix-exclusive-bar=on,max_ioqpairs=1000", 0xffffc004, 0xfffff000, 4, 0x804 },
};

static void test_msix_bar(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
        QTestState *t = qtest_init(VIRT_ARGS "-device nvme,serial=S1,bus=pcie.0,addr=1%s", layouts[i].props);
        const uint32_t bars[] = { layouts[i].bar0, ~0U, 0, 0, layouts[i].bar4, 0 };

        for (int b = 0; b < 6; b++) {
            qtest_writel(t, cfg(0, 1, 0, PCI_BASE_ADDRESS_0 + 4 * b), ~0U);
            g_assert_cmphex(qtest_readl(t, cfg(0, 1, 0, PCI_BASE_ADDRESS_0 + 4 * b)), ==, bars[b]);
        }
        g_assert_cmphex(qtest_readb(t, cfg(0, 1, 0, 0x40)), ==, PCI_CAP_ID_MSIX);
        g_assert_cmphex(qtest_readl(t, cfg(0, 1, 0, 0x40 + PCI_MSIX_TABLE)), ==, layouts[i].table);
        g_assert_cmphex(qtest_readl(t, cfg(0, 1, 0, 0x40 + PCI_MSIX_PBA)), ==, layouts[i].pba);
        qtest_quit(t);
    }
}

/* The vector is masked, and its pending bit is where it is said to be. */
static void test_msix_pending(void)
{
    const uint64_t bar4 = BAR + 0x100000;
    Nvme n = start("", ",msix-exclusive-bar=on", NULL);

    qtest_writel(n.t, cfg(0, 1, 0, PCI_BASE_ADDRESS_4), bar4);
    qtest_writew(n.t, cfg(0, 1, 0, 0x40 + PCI_MSIX_FLAGS), PCI_MSIX_FLAGS_ENABLE);
    g_assert_cmphex(qtest_readl(n.t, bar4 + PCI_MSIX_ENTRY_VECTOR_CTRL), ==, 1);
    g_assert_cmphex(qtest_readl(n.t, bar4 + 0x800), ==, 0);
    g_assert_cmphex(warning(&n, 0), ==, 0);
    g_assert_cmphex(qtest_readl(n.t, bar4 + 0x800), ==, 1);
    qtest_quit(n.t);
}

static void test_identify_bits(void)
{
    Nvme n = start("", ",ctratt.mem=on,num_queues=5", NULL);

    g_assert_cmphex(admin(&n, NVME_ADM_IDENTIFY, 0, DATA, NVME_CNS_CTRL, 0), ==, NVME_OK);
    g_assert_cmphex(qtest_readl(n.t, DATA + ID_CTRATT), ==, 0x10000);
    g_assert_cmphex(feature(&n, NVME_FEAT_QUEUES), ==, 0x30003);
    g_assert_cmphex(admin(&n, NVME_ADM_GET_LOG, ~0U, DATA, 127 << 16 | NVME_LOG_OCP_SMART, 0), ==, NVME_LOG_INVALID);
    qtest_quit(n.t);
}

static void test_ocp(void)
{
    Nvme n = start("", ",ocp=on", NULL);

    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 0, 8, DATA, 0)), ==, NVME_OK);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_COMPARE, 0, 8, DATA, 0)), ==, NVME_OK);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_WRITE, 0, 3, DATA, 0)), ==, NVME_OK);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_WRITE_ZEROES, 0, 8, 0, 0)), ==, NVME_OK);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 1ULL << 40, 8, DATA, 0)), ==, NVME_LBA_RANGE);
    g_assert_cmphex(admin(&n, NVME_ADM_GET_LOG, ~0U, DATA, 127 << 16 | NVME_LOG_OCP_SMART, 0), ==, NVME_OK);
    g_assert_cmpuint(qtest_readq(n.t, DATA), ==, 3 * 512);
    g_assert_cmpuint(qtest_readq(n.t, DATA + 16), ==, 8 * 512);
    g_assert_cmpuint(qtest_readw(n.t, DATA + 494), ==, 5);
    g_assert_cmphex(qtest_readq(n.t, DATA + 496), ==, 0xa4f2bfea2810afc5);
    g_assert_cmphex(qtest_readq(n.t, DATA + 504), ==, 0xafd514c97c6f4f9c);
    qtest_quit(n.t);
}

static NvmeCmd verify(uint64_t slba, uint32_t blocks)
{
    return rw(NVME_IO_VERIFY, slba, blocks, 0, 0);
}

static void test_verify(void)
{
    static const struct { const char *props; uint32_t vsl, most; } limits[] = { { "", 7, 1024 }, { ",vsl=1", 1, 16 }, { ",vsl=16", 16, 16384 } };
    const uint64_t blocks = DISK_SIZE / 512;

    for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
        Nvme n = start("", limits[i].props, NULL);

        g_assert_cmphex(admin(&n, NVME_ADM_IDENTIFY, 0, DATA, NVME_CNS_SET_CTRL, 0), ==, NVME_OK);
        g_assert_cmpuint(qtest_readb(n.t, DATA), ==, limits[i].vsl);
        g_assert_cmphex(admin(&n, NVME_ADM_IDENTIFY, 0, DATA, NVME_CNS_SET_CTRL, 1U << 24), ==, NVME_INVALID_FIELD);
        g_assert_cmphex(command(&n, &n.io, verify(0, 1)), ==, NVME_OK);
        g_assert_cmphex(command(&n, &n.io, verify(0, limits[i].most)), ==, NVME_OK);
        g_assert_cmphex(command(&n, &n.io, verify(0, limits[i].most + 1)), ==, limits[i].vsl < 16 ? NVME_INVALID_FIELD
                        : NVME_LBA_RANGE);
        g_assert_cmphex(command(&n, &n.io, verify(blocks, 1)), ==, NVME_LBA_RANGE);
        g_assert_cmphex(command(&n, &n.io, verify(blocks - 1, 1)), ==, NVME_OK);
        g_assert_cmpint(disk_counter(n.t, "rd_bytes"), ==, (limits[i].most + 2) * 512);
        qtest_quit(n.t);
    }
}

/* Several parts fail, the machine stops once; the whole command is tried again, or forgotten with a reset. */
static void test_verify_stops(void)
{
    g_autofree char *disk = g_build_filename(qtest_tmpdir(), "disk", NULL);
    Nvme n = start(",rerror=stop", ",vsl=16", NULL);

    for (int reset = 0; reset < 2; reset++) {
        g_assert_cmpint(truncate(disk, 0), ==, 0);
        post(&n, &n.io, verify(0, 8 * 2048));
        expect_io_error(n.t, "read", "stop", false);
        json_decref(qtest_qmp_event(n.t, "STOP"));
        if (reset) {
            qtest_writel(n.t, BAR + NVME_REG_CC, 0);
        }
        g_assert_cmpint(truncate(disk, DISK_SIZE), ==, 0);
        json_decref(qtest_qmp_return(n.t, "{'execute': 'cont'}"));
        if (!reset) {
            g_assert_cmphex(wait_answer(&n, &n.io), ==, NVME_OK);
        }
    }
    qtest_quit(n.t);
}

static const struct { const char *props; uint64_t eui64, nguid[2]; } names[] = {
    { "", 0, { 0, 0 } }, { ",eui64=7", 7, { 0, 0 } }, { ",eui64-default=on", 0x5254000000000001, { 0, 0 } },
    { ",eui64-default=on,eui64=7", 7, { 0, 0 } },
    { ",nguid=00112233-4455-6677-8899-aabbccddeeff", 0, { 0x0011223344556677, 0x8899aabbccddeeff } },
    { ",eui64=9,nguid=AABBCCDDEEFF00112233445566778899", 9, { 0xaabbccddeeff0011, 0x2233445566778899 } },
};

static uint64_t read_be(Nvme *n, uint64_t addr)
{
    return be64toh(qtest_readq(n->t, addr));
}

static void test_names(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        Nvme n = start("", "", names[i].props);
        uint64_t at = DATA;

        g_assert_cmphex(admin(&n, NVME_ADM_IDENTIFY, 1, DATA, NVME_CNS_NS, 0), ==, NVME_OK);
        g_assert_cmphex(read_be(&n, DATA + ID_NGUID), ==, names[i].nguid[0]);
        g_assert_cmphex(read_be(&n, DATA + ID_NGUID + 8), ==, names[i].nguid[1]);
        g_assert_cmphex(read_be(&n, DATA + ID_NGUID + 16), ==, names[i].eui64);
        g_assert_cmphex(admin(&n, NVME_ADM_IDENTIFY, 1, DATA, NVME_CNS_NS_DESCRIPTORS, 0), ==, NVME_OK);
        if (names[i].nguid[0]) {
            g_assert_cmphex(qtest_readw(n.t, at), ==, 2 | 16 << 8);
            g_assert_cmphex(read_be(&n, at + 4), ==, names[i].nguid[0]);
            at += 20;
        }
        if (names[i].eui64) {
            g_assert_cmphex(qtest_readw(n.t, at), ==, 1 | 8 << 8);
            g_assert_cmphex(read_be(&n, at + 4), ==, names[i].eui64);
        }
        qtest_quit(n.t);
    }
}

static const struct { const char *props, *says; } wrong[] = {
    { "min_io_size=100", "min_io_size" },
    { "opt_io_size=1000", "opt_io_size" },
    { "discard_granularity=1000", "discard_granularity" },
    { "physical_block_size=512,logical_block_size=4096", "physical_block_size" },
    { "physical_block_size=1000", "physical_block_size" },
    { "smart_critical_warning=32", "smart_critical_warning" },
    { "num_queues=1", "max_ioqpairs" },
    { "vsl=0", "vsl" },
    { "vsl=17", "vsl" },
    { "smart_critical_warning=256", "smart_critical_warning" },
};

static const char *const wrong_nguids[] = {
    "xyz", "00112233445566778899aabbccddeeff00", "00112233445566778899aabbccddeeff-", "-00112233445566778899aabbccddeeff",
    "0-0112233445566778899aabbccddeeff", "0011--22334455667788-99aabbccddeeff", "00112233445566778899aabbccddeef",
};

static void test_wrong(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        qtest_refused(wrong[i].says, "-accel qtest " VIRT_ARGS "-drive if=none,id=d,file=null-co://,format=raw "
                      "-device nvme,serial=a,drive=d,%s", wrong[i].props);
    }
    for (size_t i = 0; i < ARRAY_SIZE(wrong_nguids); i++) {
        qtest_refused("hexadecimal", "-accel qtest " VIRT_ARGS "-drive if=none,id=d,file=null-co://,format=raw "
                      "-device nvme,serial=a -device nvme-ns,drive=d,nguid=%s", wrong_nguids[i]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/nvme/props/write-cache", test_write_cache);
    g_test_add_func("/nvme/props/flushes", test_flushes);
    g_test_add_func("/nvme/props/granularity", test_granularity);
    g_test_add_func("/nvme/props/smart-log", test_smart_log);
    g_test_add_func("/nvme/props/smart-events", test_smart_events);
    g_test_add_func("/nvme/props/temperature", test_temperature);
    g_test_add_func("/nvme/props/msix-bar", test_msix_bar);
    g_test_add_func("/nvme/props/msix-pending", test_msix_pending);
    g_test_add_func("/nvme/props/identify-bits", test_identify_bits);
    g_test_add_func("/nvme/props/ocp", test_ocp);
    g_test_add_func("/nvme/props/verify", test_verify);
    g_test_add_func("/nvme/props/verify-stops", test_verify_stops);
    g_test_add_func("/nvme/props/names", test_names);
    g_test_add_func("/nvme/props/wrong", test_wrong);
    return g_test_run();
}
