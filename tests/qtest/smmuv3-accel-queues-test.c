/*
 * arm-smmuv3,accel=on: what devices and the host tell the guest. Page requests
 * through the PRI queue and back, stalls through the event queue and back,
 * event queues of every size, losses.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel-helpers.h"

enum { PRIQ = RAM + 0x580000 };
/* IDR0 of the first SMMU: as by default, with PRI, with stalls */
#define IDR0_PRI   ", \"idr0\": 155784219"
#define IDR0_STALL ", \"idr0\": 138941467"
#define PRI_DEVICE ", \"pri\": true, \"pasid\": 6"
enum { SUCCESS = 0, INVALID = 1 };

/* --- The guest ------------------------------------------------------------------------ */

static void priq_on(unsigned log2size)
{
    qtest_writeq(t, SMMU + SMMU_PRIQ_BASE, PRIQ | log2size);
    qtest_writel(t, SMMU + SMMU_IRQ_CTRL, 2);
    qtest_writel(t, SMMU + SMMU_CR0, 0xf);
}

static void enable_pri(void)
{
    unsigned at = find_ext_cap(t, 9, 0, PCI_EXT_CAP_ID_PRI);

    g_assert_cmpuint(at, !=, 0);
    g_assert_cmphex(qtest_readw(t, cfg(9, 0, 0, (int)at + PCI_PRI_STATUS)) & PCI_PRI_STATUS_STOPPED, ==, PCI_PRI_STATUS_STOPPED);
    qtest_writel(t, cfg(9, 0, 0, (int)at + PCI_PRI_ALLOC_REQ), 16);
    qtest_writew(t, cfg(9, 0, 0, (int)at + PCI_PRI_CTRL), PCI_PRI_CTRL_ENABLE);
}

static void start_pri(const char *smmu)
{
    start_with(SIM_ARGS_WITH(IDR0_PRI, PRI_DEVICE), smmu, "");
    g_assert_cmphex(FIELD_EX32(qtest_readl(t, SMMU + SMMU_IDR0), IDR0, PRI), ==, 1);
    g_assert_cmphex(FIELD_EX32(qtest_readl(t, SMMU + SMMU_IDR1), IDR1, PRIQS), ==, 19);
    enable_pri();
    driver_starts();
    set_ste(SID1, make_context(1));
}

/* --- The device -------------------------------------------------------------------------- */

static void page_request(uint64_t address, unsigned group, bool last)
{
    g_autofree char *json = g_strdup_printf("{'host': '%s', 'address': %" PRIu64 ", 'group': %u, 'perm': 3, 'pasid': 5, 'last': %s}",
                                            host_of[0], address, group, last ? "true" : "false");

    sim_set("page-request", json);
}

/* The answer to @group; -1: none yet */
static int answer_to(unsigned group)
{
    g_autoptr(json_t) list = sim_get("page-responses");
    json_t *r;
    size_t i;
    int code = -1;

    json_array_foreach(list, i, r) {
        if (json_integer_value(json_object_get(r, "group")) == group) {
            code = (int)json_integer_value(json_object_get(r, "code"));
        }
    }
    return code;
}

static int wait_answer(unsigned group)
{
    for (unsigned i = 0; i < 500 && answer_to(group) < 0; i++) {
        g_usleep(10000);
    }
    return answer_to(group);
}

static void wait_requests(uint32_t n)
{
    for (unsigned i = 0; i < 500 && (qtest_readl(t, SMMU + SMMU_PRIQ_PROD) & 0xfffff) != n; i++) {
        g_usleep(10000);
    }
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_PRIQ_PROD) & 0xfffff, ==, n);
}

static void respond(unsigned group, unsigned resp)
{
    command(CMD_PRI_RESP | (uint64_t)SID1 << 32 | 5 << 12 | 1 << 11, group | resp << 12);
    run();
}

/* --- Page requests --------------------------------------------------------------------------- */

static void test_pri(void)
{
    start_pri(SMMU_ARGS);
    priq_on(4);
    page_request(0x5000, 7, false);
    page_request(0x6000, 7, true);
    page_request(0x8000, 9, true);
    wait_requests(3);
    g_assert_cmphex(qtest_readq(t, PRIQ), ==, SID1 | 5ULL << 32 | 1ULL << 60 | 1ULL << 61 | 1ULL << 63);
    g_assert_cmphex(qtest_readq(t, PRIQ + 8), ==, 0x5007);
    g_assert_cmphex(qtest_readq(t, PRIQ + 16), ==, SID1 | 5ULL << 32 | 1ULL << 60 | 1ULL << 61 | 1ULL << 62 | 1ULL << 63);
    g_assert_cmphex(qtest_readq(t, PRIQ + 24), ==, 0x6007);
    g_assert_cmpint(answer_to(7), ==, -1);
    respond(7, PRI_RESP_SUCCESS);
    g_assert_cmpint(answer_to(7), ==, SUCCESS);
    g_assert_cmpint(answer_to(9), ==, -1);
    respond(3, PRI_RESP_SUCCESS);                   /* nobody asked: no effect */
    respond(9, 1);
    g_assert_cmpint(answer_to(9), ==, INVALID);
    command(CMD_PRI_RESP | (uint64_t)SID1 << 32, 3 << 12);
    qtest_writel(t, SMMU + SMMU_CMDQ_PROD, prod);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_CMDQ_CONS) >> 24, ==, CERROR_ILL);
    qtest_quit(t);
}

/* Several answers in one run, after the invalidations of the run: two calls in all. */
static void test_pri_batch(void)
{
    int64_t before;

    start_pri(SMMU_ARGS);
    priq_on(6);
    for (unsigned g = 0; g < 20; g++) {
        page_request(0x1000 * g, g, true);
    }
    wait_requests(20);
    for (unsigned g = 0; g < 20; g++) {
        command(CMD_PRI_RESP | (uint64_t)SID1 << 32, g | PRI_RESP_SUCCESS << 12);
        command(CMD_TLBI_NH_VA | 1ULL << 48, (uint64_t)g << 12 | 1);
    }
    before = sim_number("calls");
    run();
    g_assert_cmpint(sim_number("calls") - before, ==, 2);
    for (unsigned g = 0; g < 20; g++) {
        g_assert_cmpint(answer_to(g), ==, SUCCESS);
    }
    qtest_quit(t);
}

/* A full queue overflows and takes nothing until that is acknowledged; the device is told to try again. */
static void test_pri_overflow(void)
{
    uint32_t at;

    start_pri(SMMU_ARGS);
    priq_on(2);
    for (unsigned g = 0; g < 5; g++) {
        page_request(0x1000, g, true);
    }
    g_assert_cmpint(wait_answer(4), ==, SUCCESS);
    at = qtest_readl(t, SMMU + SMMU_PRIQ_PROD);
    g_assert_cmphex(at, ==, 1U << 31 | 4);
    qtest_writel(t, SMMU + SMMU_PRIQ_CONS, 4);      /* room, but not acknowledged */
    page_request(0x1000, 5, true);
    g_assert_cmpint(wait_answer(5), ==, SUCCESS);
    qtest_writel(t, SMMU + SMMU_PRIQ_CONS, at);
    page_request(0x1000, 6, true);
    wait_requests(5);
    g_assert_cmpint(answer_to(6), ==, -1);
    qtest_quit(t);
}

/* Nobody will look: refused at once. Never a device that waits for ever. */
static void test_pri_refused(void)
{
    unsigned at;

    start_pri(SMMU_ARGS);
    page_request(0x1000, 1, true);                  /* PRIQEN is off */
    g_assert_cmpint(wait_answer(1), ==, INVALID);
    priq_on(4);
    at = find_ext_cap(t, 9, 0, PCI_EXT_CAP_ID_PRI);
    qtest_writew(t, cfg(9, 0, 0, (int)at + PCI_PRI_CTRL), 0);
    page_request(0x1000, 2, true);                  /* the guest's switch in the device is off */
    g_assert_cmpint(wait_answer(2), ==, INVALID);
    qtest_writew(t, cfg(9, 0, 0, (int)at + PCI_PRI_CTRL), PCI_PRI_CTRL_ENABLE);
    page_request(0x1000, 3, true);
    wait_requests(1);
    set_ste(SID1, make_context(2));                 /* replaced: the host answers */
    g_assert_cmpint(answer_to(3), ==, INVALID);
    respond(3, PRI_RESP_SUCCESS);
    page_request(0x1000, 4, true);
    wait_requests(2);
    json_decref(qtest_qmp_return(t, "{'execute': 'system_reset'}"));
    json_decref(qtest_qmp_event(t, "RESET"));
    g_assert_cmpint(answer_to(4), ==, INVALID);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_PRIQ_PROD), ==, 0);
    qtest_quit(t);
}

/* A queue that is not in RAM is an error of the queue, and no device waits. */
static void test_pri_abort(void)
{
    start_pri(SMMU_ARGS);
    qtest_writeq(t, SMMU + SMMU_PRIQ_BASE, 0x9000000 | 4);
    qtest_writel(t, SMMU + SMMU_CR0, 0xf);
    page_request(0x1000, 1, true);
    g_assert_cmpint(wait_answer(1), ==, INVALID);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_GERROR), ==, GERROR_PRIQ_ABT_ERR);
    page_request(0x1000, 2, true);
    g_assert_cmpint(wait_answer(2), ==, INVALID);
    qtest_quit(t);
}

/* More groups than we keep: the rest is refused, nothing grows. */
static void test_pri_flood(void)
{
    start_pri(SMMU_ARGS);
    priq_on(12);
    for (unsigned i = 0; i < 1100; i++) {
        page_request(0x1000, i, true);
    }
    g_assert_cmpint(wait_answer(1099), ==, INVALID);
    g_assert_cmpint(answer_to(1023), ==, -1);
    qtest_quit(t);
}

/* Off, or on a host without: not shown, registers read as zero, the command is illegal. */
static void test_pri_hidden(void)
{
    static const struct { const char *smmu0, *smmu; } cases[] = {
        { IDR0_PRI, "-device arm-smmuv3,primary-bus=pcie.1,id=s1,accel=on,x-pri=off " }, { "", SMMU_ARGS },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        start_with(i ? SIM_ARGS_WITH("", PRI_DEVICE) : SIM_ARGS_WITH(IDR0_PRI, PRI_DEVICE), cases[i].smmu, "");
        g_assert_cmphex(FIELD_EX32(qtest_readl(t, SMMU + SMMU_IDR0), IDR0, PRI), ==, 0);
        g_assert_cmpuint(find_ext_cap(t, 9, 0, PCI_EXT_CAP_ID_PRI), ==, 0);
        driver_starts();
        qtest_writeq(t, SMMU + SMMU_PRIQ_BASE, PRIQ | 4);
        qtest_writel(t, SMMU + SMMU_CR0, 0xf);
        g_assert_cmphex(qtest_readq(t, SMMU + SMMU_PRIQ_BASE), ==, 0);
        g_assert_cmphex(qtest_readl(t, SMMU + SMMU_CR0), ==, 0xd);
        command(CMD_PRI_RESP | (uint64_t)SID1 << 32, 0);
        qtest_writel(t, SMMU + SMMU_CMDQ_PROD, prod);
        g_assert_cmphex(qtest_readl(t, SMMU + SMMU_CMDQ_CONS) >> 24, ==, CERROR_ILL);
        qtest_quit(t);
    }
}

static void test_wrong_use(void)
{
    static const struct { const char *text, *smmu; } cases[] = {
        { "page requests", "x-pri=on" }, { "x-stall=on", "x-stall=on" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        qtest_refused(cases[i].text, VIRT_RUN_ARGS SIM_ARGS "-device arm-smmuv3,primary-bus=pcie.1,accel=on,%s " PORTS
                      "-device vfio-pci,host=0000:01:00.0,bus=rp1,iommufd=i0", cases[i].smmu);
    }
}

/* --- Stalls ------------------------------------------------------------------------------------ */

static void start_stall(void)
{
    start_with(SIM_ARGS_WITH(IDR0_STALL, ", \"pri\": true"), "-device arm-smmuv3,primary-bus=pcie.1,id=s1,accel=on,x-stall=on ", "");
    g_assert_cmphex(FIELD_EX32(qtest_readl(t, SMMU + SMMU_IDR0), IDR0, STALL_MODEL), ==, 0);
    driver_starts();
    set_ste(SID1, make_context(1));
}

static void test_stall(void)
{
    start_stall();
    page_request(0x5000, 0x123, true);
    page_request(0x6000, 0x124, true);
    page_request(0x7000, 0x125, true);
    page_request(0x8000, 0x126, true);
    wait_events(4);
    g_assert_cmphex(qtest_readq(t, EVENTQ), ==, SMMU_EVT_F_TRANSLATION | 1 << 11 | 5 << 12 | (uint64_t)SID1 << 32);
    g_assert_cmphex(qtest_readl(t, EVENTQ + 8), ==, 1U << 31 | 0x123);
    g_assert_cmphex(qtest_readq(t, EVENTQ + 16), ==, 0x5000);
    command(CMD_RESUME | (uint64_t)SID1 << 32 | 1 << 12, 0x123);
    command(CMD_RESUME | (uint64_t)SID1 << 32, 0x124);
    run();
    g_assert_cmpint(answer_to(0x123), ==, SUCCESS);
    g_assert_cmpint(answer_to(0x124), ==, INVALID);
    g_assert_cmpint(answer_to(0x125), ==, -1);
    command(CMD_STALL_TERM | (uint64_t)SID1 << 32, 0);
    run();
    g_assert_cmpint(answer_to(0x125), ==, INVALID);
    g_assert_cmpint(answer_to(0x126), ==, INVALID);
    qtest_quit(t);
}

/* Events of stalled transactions wait for room: none is lost. */
static void test_stall_full(void)
{
    start_stall();
    for (unsigned i = 0; i < 130; i++) {
        page_request(0x1000 * i, i, true);
    }
    wait_events(128);
    g_assert_cmpint(answer_to(129), ==, -1);
    qtest_writel(t, SMMU + SMMU_EVENTQ_CONS, 128);
    wait_events(130);
    g_assert_cmphex(qtest_readl(t, EVENTQ + 32 + 8), ==, 1U << 31 | 129);
    qtest_quit(t);
}

/* --- The host's event queue has the size of the guest's ----------------------------------------------- */

static int64_t host_number(const char *name)
{
    g_autoptr(json_t) list = qtest_qmp_return(t, "{'execute': 'query-smmu'}");

    return json_integer_value(json_object_get(json_object_get(json_array_get(list, 0), "host"), name));
}

static void wait_depth(int64_t depth)
{
    for (unsigned i = 0; i < 500 && host_number("event-queue-depth") != depth; i++) {
        g_usleep(10000);
    }
    g_assert_cmpint(host_number("event-queue-depth"), ==, depth);
}

static void send_event(void)
{
    g_autofree char *json = g_strdup_printf("{'host': '%s', 'words': [16, 0, 4096, 0]}", host_of[0]);

    sim_set("event", json);
}

static void test_event_sizes(void)
{
    start("");
    g_assert_cmpint(host_number("event-queue-depth"), ==, 4096);
    driver_starts();
    wait_depth(128);
    set_ste(SID1, make_context(1));
    send_event();
    wait_events(1);
    for (unsigned log2size = 0; log2size <= 10; log2size += 5) {
        qtest_writel(t, SMMU + SMMU_CR0, 0x9);
        qtest_writeq(t, SMMU + SMMU_EVENTQ_BASE, EVENTQ | log2size);
        qtest_writel(t, SMMU + SMMU_EVENTQ_PROD, 0);
        qtest_writel(t, SMMU + SMMU_EVENTQ_CONS, 0);
        qtest_writel(t, SMMU + SMMU_CR0, 0xd);
        wait_depth(log2size < 6 ? 64 : 1 << log2size);
        send_event();
        wait_events(1);
    }
    json_decref(qtest_qmp_return(t, "{'execute': 'system_reset'}"));
    json_decref(qtest_qmp_event(t, "RESET"));
    wait_depth(4096);
    qtest_quit(t);
}

/* The host fails to say what it has: once is nothing, for ever is the end of the queue and not of the emulator. */
static void test_event_read_fails(void)
{
    start("");
    driver_starts();
    wait_depth(128);
    set_ste(SID1, make_context(1));
    fail_nth(1, 5);
    send_event();
    wait_events(1);
    for (unsigned i = 2; i < 6; i++) {
        send_event();
        wait_events(i);
    }
    fail_nth(0, 0);
    qtest_quit(t);
}

/* More than fit: the overflow flag, and records again when there is room. */
static void test_event_storm(void)
{
    start("");
    driver_starts();
    wait_depth(128);
    set_ste(SID1, make_context(1));
    for (unsigned i = 0; i < 300; i++) {
        send_event();
    }
    for (unsigned i = 0; i < 500 && qtest_readl(t, SMMU + SMMU_EVENTQ_PROD) != (1U << 31 | 128); i++) {
        g_usleep(10000);
    }
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_EVENTQ_PROD), ==, 1U << 31 | 128);
    qtest_writel(t, SMMU + SMMU_EVENTQ_CONS, 1U << 31 | 128);
    send_event();
    wait_events(1U << 31 | 129);
    qtest_quit(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smmuv3-accel/pri/queue", test_pri);
    g_test_add_func("/smmuv3-accel/pri/batch", test_pri_batch);
    g_test_add_func("/smmuv3-accel/pri/overflow", test_pri_overflow);
    g_test_add_func("/smmuv3-accel/pri/refused", test_pri_refused);
    g_test_add_func("/smmuv3-accel/pri/abort", test_pri_abort);
    g_test_add_func("/smmuv3-accel/pri/flood", test_pri_flood);
    g_test_add_func("/smmuv3-accel/pri/hidden", test_pri_hidden);
    g_test_add_func("/smmuv3-accel/wrong-use", test_wrong_use);
    g_test_add_func("/smmuv3-accel/stall/resume", test_stall);
    g_test_add_func("/smmuv3-accel/stall/full", test_stall_full);
    g_test_add_func("/smmuv3-accel/events/sizes", test_event_sizes);
    g_test_add_func("/smmuv3-accel/events/storm", test_event_storm);
    g_test_add_func("/smmuv3-accel/events/read-fails", test_event_read_fails);
    return g_test_run();
}
