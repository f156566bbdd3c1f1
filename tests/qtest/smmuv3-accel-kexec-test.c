/*
 * arm-smmuv3,accel=on: another kernel takes over from a running one, with no
 * reset in between (kexec, and kexec after a crash). The old one left the SMMU
 * on, its tables and queues in place, devices that do DMA, and perhaps commands
 * that were not done, events that nobody read and errors that nobody answered.
 *
 * The new one does what Linux does: GBPA.ABORT, CR0 = 0, its own tables and
 * queues in other memory, CFGI_ALL and TLBI_NSNH_ALL, SMMUEN. No device may
 * reach memory from the second step on until it gets a new STE.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel-helpers.h"

enum { OTHER = 0x2000000, TABLE_SIZE = 0x40000, EVENTQ_SIZE = 128 * 32, DEVS = 4, STALE = 0xa5 };
enum { CDTAB = CDS + 0x20000 };
enum { SPI_EVENTQ = 112, SPI_GERROR = 115 };

static const uint32_t sid_of[DEVS] = { SID1, SID2, SID3, SID4 };

/* --- The two kernels ---------------------------------------------------------------------------- */

/* The memory of another kernel; what the old one had may hold anything from now on. */
static void other_memory(void)
{
    uint64_t offset = strtab == STRTAB ? OTHER : 0;

    qtest_memset(t, strtab, 0xff, TABLE_SIZE);
    qtest_memset(t, eventq, STALE, EVENTQ_SIZE);
    strtab = STRTAB + offset;
    cmdq = CMDQ + offset;
    eventq = EVENTQ + offset;
    qtest_memset(t, strtab, 0, TABLE_SIZE);
    qtest_memset(t, eventq, 0, EVENTQ_SIZE);
}

static void write_cr0(uint32_t value)
{
    qtest_writel(t, SMMU + SMMU_CR0, value);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_CR0ACK), ==, value);
}

static void switch_off(void)
{
    qtest_writel(t, SMMU + SMMU_GBPA, 1U << 31 | 1 << 20);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_GBPA) & (1U << 31 | 1 << 20), ==, 1 << 20);
    write_cr0(0);
}

static void own_command_queue(void)
{
    other_memory();
    set_bases();
    qtest_writel(t, SMMU + SMMU_CMDQ_PROD, 0);
    qtest_writel(t, SMMU + SMMU_CMDQ_CONS, 0);
    write_cr0(8);
}

static void forget_everything(void)
{
    command(CMD_CFGI_STE_RANGE, 31);
    command(CMD_TLBI_NSNH_ALL, 0);
    run();
}

static void own_event_queue(void)
{
    qtest_writeq(t, SMMU + SMMU_EVENTQ_BASE, eventq | 7);
    qtest_writel(t, SMMU + SMMU_EVENTQ_PROD, 0);
    qtest_writel(t, SMMU + SMMU_EVENTQ_CONS, 0);
    write_cr0(0xc);
    qtest_writel(t, SMMU + SMMU_IRQ_CTRL, 0);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_IRQ_CTRLACK), ==, 0);
}

static void take_over(void)
{
    switch_off();
    own_command_queue();
    forget_everything();
    own_event_queue();
    write_cr0(0xd);
}

/* --- The devices, which nobody stopped ------------------------------------------------------------ */

static void nothing_goes_anywhere(void)
{
    for (unsigned dev = 0; dev < DEVS; dev++) {
        g_assert_cmpint(where(dev), ==, -1);
        g_assert_false(dma(dev, PAGES, 0x5a));
    }
}

/* Contexts @first and up for the devices; the last two are of one host group. */
static void translate_all(unsigned first)
{
    for (unsigned dev = 0; dev < DEVS; dev++) {
        set_ste(sid_of[dev], make_context(first + MIN(dev, 2)));
    }
    for (unsigned dev = 0; dev < DEVS; dev++) {
        g_assert_cmpint(where(dev), ==, first + MIN(dev, 2));
    }
}

/* All objects on the host, or those of a type. */
static size_t host_objects(const char *type)
{
    g_autoptr(json_t) list = sim_get("objects");
    json_t *o;
    size_t i, n = 0;

    json_array_foreach(list, i, o) {
        n += !type || !strcmp(json_string_value(json_object_get(o, "type")), type);
    }
    return n;
}

static void send_events(unsigned n)
{
    g_autofree char *json = g_strdup_printf("{'host': '%s', 'words': [16, 0, 4096, 0]}", host_of[0]);

    for (unsigned i = 0; i < n; i++) {
        sim_set("event", json);
    }
}

/* --- Scenes --------------------------------------------------------------------------------------- */

/* Ten kernels in a row: each step shows the right thing, and the host has what it had. */
static void test_in_a_row(void)
{
    enum { BYPASS_AND_ABORT = 2, CONTEXTS = 3 };
    size_t objects;

    start("");
    driver_starts();
    translate_all(1);
    objects = host_objects(NULL);
    for (unsigned round = 0; round < 10; round++) {
        qtest_writel(t, SMMU + SMMU_GBPA, 1U << 31 | 1 << 20);
        g_assert_cmpint(where(0), ==, round ? 4 : 1);           /* says nothing while the SMMU is on */
        switch_off();
        nothing_goes_anywhere();
        g_assert_cmpuint(host_objects("hwpt-nested"), ==, BYPASS_AND_ABORT);
        own_command_queue();
        nothing_goes_anywhere();
        forget_everything();
        own_event_queue();
        nothing_goes_anywhere();
        write_cr0(0xd);
        nothing_goes_anywhere();
        translate_all(4);
        g_assert_cmpuint(host_objects("hwpt-nested"), ==, BYPASS_AND_ABORT + CONTEXTS);
        g_assert_cmpuint(host_objects(NULL), ==, objects);
    }
    qtest_quit(t);
}

/* Only what the new kernel gave a table translates, and the old table means nothing any more. */
static void test_one_by_one(void)
{
    uint64_t old = strtab;

    start("");
    driver_starts();
    translate_all(1);
    take_over();
    set_ste(SID2, make_context(5));
    g_assert_cmpint(where(1), ==, 5);
    g_assert_cmpint(where(0), ==, -1);
    qtest_writeq(t, old + SID1 * 64, make_context(6));
    command(CMD_CFGI_STE | (uint64_t)SID1 << 32, 1);
    run();
    g_assert_cmpint(where(0), ==, -1);
    qtest_quit(t);
}

/* The last kernel left without a word to its devices: firmware's bypass must not let them through. */
static void test_bypass_only_when_asked(void)
{
    start("");
    driver_starts();
    translate_all(1);
    take_over();
    write_cr0(0);
    nothing_goes_anywhere();
    qtest_writel(t, SMMU + SMMU_GBPA, 1U << 31);
    g_assert_true(dma(0, PAGES, 0x5b));
    qtest_writel(t, SMMU + SMMU_GBPA, 1U << 31 | 1 << 20);
    nothing_goes_anywhere();
    qtest_quit(t);
}

/* A command that stopped the queue, one behind it that was never done, and a queue full of events. */
static void crash(void)
{
    qtest_writel(t, SMMU + SMMU_IRQ_CTRL, 5);
    command(0xff, 0);
    qtest_writeq(t, strtab + SID2 * 64, make_context(2));
    command(CMD_CFGI_STE | (uint64_t)SID2 << 32, 1);
    qtest_writel(t, SMMU + SMMU_CMDQ_PROD, prod);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_CMDQ_CONS) >> 24, ==, CERROR_ILL);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_GERROR), ==, GERROR_CMDQ_ERR);
    g_assert_cmpuint(qtest_irq_raised(t, SPI_GERROR), ==, 1);
    send_events(300);
    for (unsigned i = 0; i < 500 && qtest_readl(t, SMMU + SMMU_EVENTQ_PROD) != (1U << 31 | 128); i++) {
        g_usleep(10000);
    }
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_EVENTQ_PROD), ==, 1U << 31 | 128);
    g_assert_cmpuint(qtest_irq_raised(t, SPI_EVENTQ), >, 0);
}

static void old_events_untouched(uint64_t queue)
{
    for (unsigned i = 0; i < EVENTQ_SIZE; i += 8) {
        g_assert_cmphex(qtest_readq(t, queue + i), ==, 0x0101010101010101ULL * STALE);
    }
}

static void test_after_a_crash(void)
{
    uint64_t old = eventq;
    unsigned before;

    start("");
    intercept_gic(t);
    driver_starts();
    set_ste(SID1, make_context(1));
    crash();
    switch_off();
    nothing_goes_anywhere();
    own_command_queue();
    command(CMD_CFGI_STE_RANGE, 31);
    qtest_writel(t, SMMU + SMMU_CMDQ_PROD, prod);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_CMDQ_CONS), ==, 0);     /* 7.1: stopped until the error is answered */
    qtest_writel(t, SMMU + SMMU_GERRORN, GERROR_CMDQ_ERR);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_CMDQ_CONS), ==, prod);
    forget_everything();
    own_event_queue();
    before = qtest_irq_raised(t, SPI_EVENTQ);
    write_cr0(0xd);
    nothing_goes_anywhere();                            /* the command that was never done is not done now */
    old_events_untouched(old);
    old = eventq;
    take_over();                                        /* once more, without what that reported */
    send_events(1);
    wait_events(1);
    g_assert_cmphex(qtest_readq(t, eventq), ==, (uint64_t)SID1 << 32 | SMMU_EVT_F_TRANSLATION);
    old_events_untouched(old);
    g_assert_cmpuint(qtest_irq_raised(t, SPI_EVENTQ), ==, before);
    qtest_writel(t, SMMU + SMMU_IRQ_CTRL, 5);
    send_events(1);
    wait_events(2);
    g_assert_cmpuint(qtest_irq_raised(t, SPI_EVENTQ), ==, before + 1);
    set_ste(SID1, make_context(3));
    g_assert_cmpint(where(0), ==, 3);
    qtest_quit(t);
}

/* Every host call of switching off fails: still no device uses the old table, and the next kernel works. */
static void test_host_fails(void)
{
    for (int nth = 1; nth <= 6; nth++) {
        start("");
        driver_starts();
        translate_all(1);
        qtest_writel(t, SMMU + SMMU_GBPA, 1U << 31 | 1 << 20);
        fail_nth(nth, EBUSY);
        write_cr0(0);
        fail_nth(0, 0);
        nothing_goes_anywhere();
        take_over();
        translate_all(5);
        qtest_quit(t);
    }
}

/* --- With PASIDs and a cache in the device ------------------------------------------------------------ */

static void pasid_table(uint64_t table, unsigned first)
{
    for (unsigned i = 0; i < 4; i++) {
        make_context(first + i);
        qtest_writeq(t, table + i * 64, qtest_readq(t, CDS + (first + i) * 0x1000));
        qtest_writeq(t, table + i * 64 + 8, qtest_readq(t, CDS + (first + i) * 0x1000 + 8));
    }
    qtest_writeq(t, strtab + SID1 * 64 + 8, S1DSS_SSID0 | 1ULL << 28);
    set_ste(SID1, 1 | STE_CFG_S1 << 1 | table | 2ULL << 59);
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmpint(where_pasid(0, i ? (int)i : -1), ==, first + i);
    }
}

static void no_pasid_goes_anywhere(void)
{
    for (int pasid = -1; pasid < 4; pasid++) {
        g_assert_cmpint(where_pasid(0, pasid), ==, -1);
    }
}

static void test_pasid(void)
{
    start_with(SIM_ARGS_WITH("", ", \"pasid\": 6, \"atc\": true"), SMMU_ARGS, "");
    driver_starts();
    pasid_table(CDTAB, 0);
    for (unsigned round = 0; round < 4; round++) {
        switch_off();
        no_pasid_goes_anywhere();
        own_command_queue();
        forget_everything();
        own_event_queue();
        write_cr0(0xd);
        no_pasid_goes_anywhere();
        pasid_table(CDTAB + OTHER * (round % 2 == 0), round % 2 ? 0 : 4);
    }
    qtest_quit(t);
}

static void fresh(gconstpointer test)
{
    strtab = STRTAB;
    cmdq = CMDQ;
    eventq = EVENTQ;
    ((void (*)(void))test)();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/smmuv3-accel/kexec/in-a-row", test_in_a_row, fresh);
    g_test_add_data_func("/smmuv3-accel/kexec/one-by-one", test_one_by_one, fresh);
    g_test_add_data_func("/smmuv3-accel/kexec/bypass", test_bypass_only_when_asked, fresh);
    g_test_add_data_func("/smmuv3-accel/kexec/crash", test_after_a_crash, fresh);
    g_test_add_data_func("/smmuv3-accel/kexec/host-fails", test_host_fails, fresh);
    g_test_add_data_func("/smmuv3-accel/kexec/pasid", test_pasid, fresh);
    return g_test_run();
}
