/*
 * arm-smmuv3,accel=on with hardware command queues (Tegra241 CMDQV) over the host
 * simulator: what a guest's driver does, what reaches the physical SMMU, what it is
 * told when the host refuses, and what is left of it afterwards.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel-helpers.h"
#include "hw/arm/tegra241-cmdqv-regs.h"

#define CMDQV_HOST ", \"cmdqv\": true"
#define CMDQV_SIM(more) SIM_ARGS_WITH(CMDQV_HOST more, "")
#define CMDQV_SMMU(value) "-device arm-smmuv3,primary-bus=pcie.1,id=s1,accel=on,cmdqv=" value " "
#define ONE_DEVICE PORTS "-device vfio-pci,id=d1,host=0000:01:00.0,bus=rp1,iommufd=i0 "
#define NO_DEVICE  PORTS
enum { CMDQV = PLATFORM_BUS + 0x20000, QUEUES = RAM + 0x900000, SPI = 112 + 4, QUEUE_ENTRIES_LOG2 = 8 };
static uint32_t vprod[2];

/* --- The guest's driver --------------------------------------------------------------- */

static uint64_t lvcmdq(unsigned i, unsigned reg)
{
    return CMDQV + CMDQV_VINTF_PAGE0 + i * VCMDQ_STRIDE + reg;
}

static uint64_t queue_base(unsigned i)
{
    return QUEUES + i * 0x10000;
}

static void interface_on(void)
{
    qtest_writel(t, CMDQV + CMDQV_CONFIG, 0);
    qtest_writel(t, CMDQV + CMDQV_CONFIG, 1);
    g_assert_cmphex(qtest_readl(t, CMDQV + CMDQV_STATUS), ==, 1);
    qtest_writel(t, CMDQV + CMDQV_VINTF_CONFIG, 1 << R_VINTF_CONFIG_HYP_OWN_SHIFT);
    qtest_writel(t, CMDQV + CMDQV_VINTF_CONFIG, 1 << R_VINTF_CONFIG_HYP_OWN_SHIFT | 1);
    g_assert_cmphex(qtest_readl(t, CMDQV + CMDQV_VINTF_STATUS), ==, 1);
    g_assert_cmphex(qtest_readl(t, CMDQV + CMDQV_VINTF_CONFIG), ==, 1);
}

static void queue_assign(unsigned i)
{
    qtest_writel(t, CMDQV + CMDQV_CMDQ_ALLOC + 4 * i, i << R_CMDQ_ALLOC_LVCMDQ_SHIFT);
    qtest_writel(t, CMDQV + CMDQV_CMDQ_ALLOC + 4 * i, i << R_CMDQ_ALLOC_LVCMDQ_SHIFT | 1);
}

static void queue_on(unsigned i, unsigned log2size)
{
    queue_assign(i);
    qtest_writel(t, lvcmdq(i, VCMDQ_CONFIG), 0);
    qtest_writel(t, lvcmdq(i, VCMDQ_PROD), 0);
    qtest_writel(t, lvcmdq(i, VCMDQ_CONS), 0);
    qtest_writeq(t, lvcmdq(i, CMDQV_PAGE_SIZE + VCMDQ_BASE), 0);
    qtest_writeq(t, lvcmdq(i, CMDQV_PAGE_SIZE + VCMDQ_BASE), queue_base(i) | log2size);
    qtest_writel(t, lvcmdq(i, VCMDQ_CONFIG), 1);
    vprod[i] = 0;
}

static void hardware_runs(void)
{
    sim_set("run-vcmdqs", "true");
}

static void driver_probes(void)
{
    interface_on();
    for (unsigned i = 0; i < 2; i++) {
        queue_on(i, QUEUE_ENTRIES_LOG2);
    }
    hardware_runs();
    for (unsigned i = 0; i < 2; i++) {
        g_assert_cmphex(qtest_readl(t, lvcmdq(i, VCMDQ_STATUS)), ==, 1);
    }
}

static void queue_command(unsigned i, uint64_t w0, uint64_t w1)
{
    uint32_t mask = BIT(QUEUE_ENTRIES_LOG2) - 1;

    qtest_writeq(t, queue_base(i) + (vprod[i] & mask) * CMD_SIZE, w0);
    qtest_writeq(t, queue_base(i) + (vprod[i] & mask) * CMD_SIZE + 8, w1);
    vprod[i] = (vprod[i] + 1) & (2 * mask + 1);
}

static void ring(unsigned i)
{
    qtest_writel(t, lvcmdq(i, VCMDQ_PROD), vprod[i]);
    hardware_runs();
}

/* --- What can be seen --------------------------------------------------------------------- */

static unsigned objects(const char *type)
{
    g_autoptr(json_t) list = sim_get("objects");
    unsigned n = 0;
    json_t *o;
    size_t i;

    json_array_foreach(list, i, o) {
        n += !strcmp(json_string_value(json_object_get(o, "type")), type);
    }
    return n;
}

static int64_t sim_object_number(const char *type, const char *key)
{
    g_autoptr(json_t) list = sim_get("objects");
    json_t *o;
    size_t i;

    json_array_foreach(list, i, o) {
        if (!strcmp(json_string_value(json_object_get(o, "type")), type) && json_object_get(o, key)) {
            return json_integer_value(json_object_get(o, key));
        }
    }
    return -1;
}

/* "cmdqv" of query-smmu; NULL: the guest has none */
static json_t *seen(void)
{
    g_autoptr(json_t) list = qtest_qmp_return(t, "{'execute': 'query-smmu'}");

    return json_incref(json_object_get(json_object_get(json_array_get(list, 0), "host"), "cmdqv"));
}

static bool direct(void)
{
    g_autoptr(json_t) info = seen();
    return json_is_true(json_object_get(info, "direct"));
}

static json_t *take_commands(void)
{
    return qtest_qmp_return(t, "{'execute': 'x-hostsim-query-commands', 'arguments': {'clear': true}}");
}

static int64_t command_number(const json_t *list, size_t i, const char *key)
{
    return json_integer_value(json_object_get(json_array_get(list, i), key));
}

static const char *command_name(const json_t *list, size_t i)
{
    return json_string_value(json_object_get(json_array_get(list, i), "name"));
}

static GBytes *fw_cfg_file(uint16_t key, uint32_t size)
{
    enum { FW_CFG_DMA = 0x09020010, DESC = RAM + 0x4000000, SELECT_AND_READ = 0xa };
    uint8_t desc[16], *data = g_malloc(size);

    stl_be_p(desc, (uint32_t)key << 16 | SELECT_AND_READ);
    stl_be_p(desc + 4, size);
    stq_be_p(desc + 8, DESC + 0x1000);
    qtest_memwrite(t, DESC, desc, sizeof(desc));
    qtest_writeq(t, FW_CFG_DMA, htobe64(DESC));
    qtest_memread(t, DESC + 0x1000, data, size);
    return g_bytes_new_take(data, size);
}

/* Firmware reads the tables: is it in the DSDT? */
static bool described(void)
{
    enum { FILE_DIR = 0x19, ENTRY = 64, MOST = 64 };
    g_autoptr(GBytes) dir = fw_cfg_file(FILE_DIR, 4 + MOST * ENTRY);
    const uint8_t *entry = g_bytes_get_data(dir, NULL);
    uint32_t n = MIN(ldl_be_p(entry), (uint32_t)MOST);

    for (entry += 4; n && strcmp((const char *)entry + 8, "etc/acpi/tables"); n--) {
        entry += ENTRY;
    }
    g_assert_cmpuint(n, >, 0);
    g_autoptr(GBytes) tables = fw_cfg_file(ldw_be_p(entry + 4), ldl_be_p(entry));
    return memmem(g_bytes_get_data(tables, NULL), g_bytes_get_size(tables), "NVDA200C", 8);
}

static void start_cmdqv(const char *sim, const char *smmu, const char *devices)
{
    t = qtest_init(VIRT_ARGS "%s%s%s", sim, smmu, devices);
    firmware();
}

static void start_all(void)
{
    start_cmdqv(CMDQV_SIM(""), SMMU_ARGS, PORTS DEVICES);
    driver_starts();
    set_ste(SID1, make_context(1));
    driver_probes();
    json_decref(take_commands());
}

static void machine_resets(void)
{
    json_decref(qtest_qmp_return(t, "{'execute': 'system_reset'}"));
    json_decref(qtest_qmp_event(t, "RESET"));
}

/* --- Is there one? ---------------------------------------------------------------------------- */

static void test_discovery(void)
{
    start_cmdqv(CMDQV_SIM(""), SMMU_ARGS, PORTS DEVICES);
    uint32_t param = qtest_readl(t, CMDQV + CMDQV_PARAM);
    g_assert_cmpuint(FIELD_EX32(param, CMDQV_PARAM, VER), ==, 1);
    g_assert_cmpuint(FIELD_EX32(param, CMDQV_PARAM, NUM_VCMDQ_LOG2), ==, 1);
    g_assert_cmpuint(FIELD_EX32(param, CMDQV_PARAM, NUM_VINTF_LOG2), ==, 0);
    /* a queue of that many commands lies in a page of RAM */
    g_assert_cmpuint(FIELD_EX32(qtest_readl(t, SMMU + SMMU_IDR1), IDR1, CMDQS), ==, QUEUE_ENTRIES_LOG2);
    g_assert_cmphex(qtest_readl(t, lvcmdq(0, VCMDQ_STATUS)), ==, 0);
    g_autoptr(json_t) info = seen();
    g_assert_cmpint(json_array_size(json_object_get(info, "queues")), ==, 2);
    g_assert_cmpint(json_integer_value(json_object_get(info, "streams")), ==, 16);
    g_assert_false(direct());
    qtest_quit(t);
}

/* The smallest page of all RAM counts. */
static void test_numa(void)
{
    start_cmdqv(CMDQV_SIM(""), "-object memory-backend-ram,id=m0,size=128M -object memory-backend-ram,id=m1,size=128M "
                "-numa node,memdev=m0 -numa node,memdev=m1 " SMMU_ARGS, ONE_DEVICE);
    g_assert_cmpuint(FIELD_EX32(qtest_readl(t, SMMU + SMMU_IDR1), IDR1, CMDQS), ==, QUEUE_ENTRIES_LOG2);
    qtest_quit(t);
}

/* What the host has, without a VM. */
static void test_query_host(void)
{
    t = qtest_init("-machine none -display none -accel qtest %s", "-object '{\"qom-type\": \"x-hostsim\", \"id\": \"sim\", \"smmus\": [{\"name\": \"smmu0\", \"cmdqv\": true, "
                   "\"vcmdqs\": 2, \"vsids\": 3}], \"devices\": [{\"host\": \"0000:01:00.0\", \"group\": 1}]}'");
    g_autoptr(json_t) list = qtest_qmp_return(t, "{'execute': 'query-smmu-host'}");
    const json_t *d = json_array_get(list, 0);
    g_assert_true(json_is_true(json_object_get(d, "cmdqv")));
    g_assert_cmpint(json_integer_value(json_object_get(d, "cmdqv-queues")), ==, 4);
    g_assert_cmpint(json_integer_value(json_object_get(d, "cmdqv-streams")), ==, 8);
    g_autofree char *text = qtest_hmp(t, "info smmu-host");
    g_assert_nonnull(strstr(text, "cmdqv=yes cmdqv-queues=4 cmdqv-streams=8"));
    qtest_quit(t);
}

static void no_queues(const char *sim, const char *smmu, const char *devices)
{
    start_cmdqv(sim, smmu, devices);
    g_assert_null(seen());
    g_assert_cmphex(qtest_readl(t, CMDQV + CMDQV_PARAM), ==, 0);
    g_assert_cmpuint(FIELD_EX32(qtest_readl(t, SMMU + SMMU_IDR1), IDR1, CMDQS), ==, 19);
    g_autofree char *tree = qtest_hmp(t, "info mtree");
    g_assert_null(strstr(tree, "cmdqv"));
    qtest_quit(t);
}

static void test_none(void)
{
    no_queues(SIM_ARGS, SMMU_ARGS, PORTS DEVICES);
    no_queues(SIM_ARGS, SMMU_ARGS, NO_DEVICE);
    no_queues(CMDQV_SIM(""), CMDQV_SMMU("off"), PORTS DEVICES);
    no_queues(CMDQV_SIM(", \"vintfs\": 0"), SMMU_ARGS, PORTS DEVICES);         /* the host has no more: done without */
}

/* --- Commands --------------------------------------------------------------------------------------- */

static void test_commands(void)
{
    start_all();
    g_assert_cmpuint(objects("hw-queue"), ==, 2);
    g_assert_true(direct());
    g_autofree char *tree = qtest_hmp(t, "info mtree -f");
    g_assert_nonnull(strstr(tree, "smmuv3-cmdqv-vintf"));
    g_autofree char *text = qtest_hmp(t, "info smmu"), *picture = qtest_hmp(t, "info smmu -d");
    g_assert_nonnull(strstr(text, "VINTF on, registers the guest's"));
    g_assert_nonnull(strstr(text, "VCMDQ 1 (on, host queue"));
    g_assert_nonnull(strstr(picture, "[label=\"VCMDQ 1\"]"));
    queue_command(0, CMD_TLBI_NH_ASID | 7ULL << 48, 0);
    queue_command(0, CMD_TLBI_NH_VA | 7ULL << 48, 0x10001);
    queue_command(0, CMD_ATC_INV | (uint64_t)SID1 << 32, 52);
    queue_command(0, CMD_SYNC, 0);
    ring(0);
    g_assert_cmphex(qtest_readl(t, lvcmdq(0, VCMDQ_CONS)), ==, 4);
    g_autoptr(json_t) list = take_commands(), devices = sim_get("host-devices");
    int64_t vmid = sim_object_number("hwpt-paging", "vmid"), sid = json_integer_value(json_object_get(json_array_get(devices, 0), "stream-id"));
    g_assert_cmpint(vmid, >, 0);
    g_assert_cmpint(sid, !=, SID1);
    g_assert_cmpint(json_array_size(list), ==, 4);
    g_assert_cmpstr(command_name(list, 0), ==, "TLBI_NH_ASID");
    g_assert_cmpint(command_number(list, 0, "vmid"), ==, vmid);
    g_assert_cmpint(command_number(list, 0, "asid"), ==, 7);
    g_assert_cmpstr(command_name(list, 1), ==, "TLBI_NH_VA");
    g_assert_cmpint(command_number(list, 1, "vmid"), ==, vmid);
    g_assert_cmpstr(command_name(list, 2), ==, "ATC_INV");
    g_assert_cmpint(command_number(list, 2, "stream-id"), ==, sid);
    g_assert_cmpstr(command_name(list, 3), ==, "SYNC");
    qtest_quit(t);
}

/* Around its end, in the other queue, while the SMMU's own works too: no host call for any of it. */
static void test_wrap(void)
{
    start_all();
    int64_t calls = sim_number("calls");
    for (unsigned round = 0; round < 5; round++) {
        for (unsigned i = 0; i < 100; i++) {
            queue_command(1, CMD_TLBI_NH_ASID | (uint64_t)round << 48, 0);
        }
        ring(1);
        g_assert_cmphex(qtest_readl(t, lvcmdq(1, VCMDQ_CONS)), ==, (round + 1) * 100 % 512);
    }
    g_assert_cmpint(sim_number("calls"), ==, calls);
    command(CMD_TLBI_NSNH_ALL, 0);
    run();
    g_assert_cmpint(sim_number("calls"), ==, calls + 1);
    qtest_quit(t);
}

/* --- Errors -------------------------------------------------------------------------------------------- */

static void wait_irq(unsigned n)
{
    for (unsigned i = 0; i < 500 && qtest_irq_raised(t, SPI) < n; i++) {
        g_usleep(10000);
    }
    g_assert_cmpuint(qtest_irq_raised(t, SPI), ==, n);
}

static void test_illegal(void)
{
    static const uint64_t illegal[] = { CMD_CFGI_STE, CMD_TLBI_NSNH_ALL, CMD_TLBI_NH_ALL, CMD_CFGI_CD, 0xff, CMD_ATC_INV | 0x123ULL << 32 };

    start_all();
    intercept_gic(t);
    for (unsigned i = 0; i < ARRAY_SIZE(illegal); i++) {
        uint32_t at = vprod[1];

        queue_command(1, illegal[i], 0);
        queue_command(1, CMD_SYNC, 0);
        ring(1);
        wait_irq(i + 1);
        g_assert_cmphex(qtest_readl(t, lvcmdq(1, VCMDQ_CONS)), ==, at | CERROR_ILL << 24);
        g_assert_cmphex(qtest_readl(t, CMDQV + CMDQV_VINTF_ERR_MAP), ==, 1);
        g_assert_cmphex(qtest_readl(t, CMDQV + CMDQV_CMDQ_ERR_MAP), ==, 2);
        g_assert_cmphex(qtest_readq(t, CMDQV + CMDQV_LVCMDQ_ERR_MAP), ==, 2);
        /* as a driver does: a SYNC in its place, and on */
        qtest_writeq(t, queue_base(1) + (at & 255) * CMD_SIZE, CMD_SYNC);
        qtest_writel(t, lvcmdq(1, VCMDQ_GERRORN), qtest_readl(t, lvcmdq(1, VCMDQ_GERROR)));
        hardware_runs();
        g_assert_cmphex(qtest_readl(t, lvcmdq(1, VCMDQ_CONS)), ==, vprod[1]);
        g_assert_cmphex(qtest_readl(t, CMDQV + CMDQV_VINTF_ERR_MAP), ==, 0);
    }
    qtest_writel(t, CMDQV + CMDQV_VINTF_INT_MASK, 1);
    queue_command(1, CMD_PREFETCH_CONFIG, 0);
    ring(1);
    g_assert_cmphex(qtest_readl(t, CMDQV + CMDQV_CMDQ_ERR_MAP), ==, 2);
    for (unsigned i = 0; i < 10; i++) {
        g_usleep(1000);
        g_assert_cmpuint(qtest_irq_raised(t, SPI), ==, ARRAY_SIZE(illegal));
    }
    qtest_quit(t);
}

/* The second queue is too long for the host's memory. */
static void test_refused(void)
{
    start_cmdqv(CMDQV_SIM(", \"contiguous\": 4096"), SMMU_ARGS, PORTS DEVICES);
    intercept_gic(t);
    interface_on();
    queue_on(0, QUEUE_ENTRIES_LOG2);
    g_assert_true(direct());
    queue_on(1, QUEUE_ENTRIES_LOG2 + 1);
    hardware_runs();
    g_assert_cmpuint(objects("hw-queue"), ==, 1);
    g_assert_false(direct());
    g_assert_cmphex(qtest_readl(t, lvcmdq(0, VCMDQ_STATUS)), ==, 1);
    g_assert_cmphex(qtest_readl(t, lvcmdq(1, VCMDQ_STATUS)), ==, 0);
    g_assert_cmphex(qtest_readl(t, lvcmdq(1, VCMDQ_CONS)), ==, CERROR_ABT << 24);
    g_assert_cmphex(qtest_readl(t, lvcmdq(1, VCMDQ_GERROR)), ==, 1);
    g_assert_cmphex(qtest_readl(t, CMDQV + CMDQV_CMDQ_ERR_MAP), ==, 2);
    g_assert_cmpuint(qtest_irq_raised(t, SPI), ==, 1);
    /* the one that is there works, trapped */
    queue_command(0, CMD_SYNC, 0);
    ring(0);
    g_assert_cmphex(qtest_readl(t, lvcmdq(0, VCMDQ_CONS)), ==, 1);
    /* one that no host has is not even asked for */
    qtest_writel(t, lvcmdq(1, VCMDQ_CONFIG), 0);
    qtest_writeq(t, lvcmdq(1, CMDQV_PAGE_SIZE + VCMDQ_BASE), 0);
    int64_t calls = sim_number("calls");
    qtest_writel(t, lvcmdq(1, VCMDQ_GERRORN), 1);
    queue_on(1, 31);
    g_assert_cmpint(sim_number("calls"), ==, calls);
    g_assert_cmphex(qtest_readl(t, CMDQV + CMDQV_CMDQ_ERR_MAP), ==, 2);
    /* a shorter one */
    qtest_writel(t, lvcmdq(1, VCMDQ_GERRORN), qtest_readl(t, lvcmdq(1, VCMDQ_GERROR)));
    queue_on(1, QUEUE_ENTRIES_LOG2);
    hardware_runs();
    g_assert_true(direct());
    g_assert_cmphex(qtest_readl(t, lvcmdq(1, VCMDQ_STATUS)), ==, 1);
    qtest_quit(t);
}

/* Each host call of setting up fails once; reset, and it works. */
static void test_failures(void)
{
    start_cmdqv(CMDQV_SIM(""), SMMU_ARGS, PORTS DEVICES);
    for (int n = 1; n < 4; n++) {
        fail_nth(n, ENOMEM);
        interface_on();
        queue_on(0, QUEUE_ENTRIES_LOG2);
        queue_on(1, QUEUE_ENTRIES_LOG2);
        fail_nth(0, 0);
        g_assert_cmpint(direct(), ==, n == 3);
        machine_resets();
        g_assert_cmpuint(objects("hw-queue"), ==, 0);
        firmware();
        driver_probes();
        g_assert_true(direct());
        machine_resets();
    }
    qtest_quit(t);
}

/* --- Life ------------------------------------------------------------------------------------------------ */

static void test_reset(void)
{
    start_all();
    machine_resets();
    g_assert_cmpuint(objects("hw-queue"), ==, 0);
    g_assert_false(direct());
    g_assert_cmphex(qtest_readl(t, CMDQV + CMDQV_CONFIG), ==, 0);
    g_assert_cmphex(qtest_readl(t, CMDQV + CMDQV_CMDQ_ALLOC), ==, 0);
    g_assert_cmphex(qtest_readl(t, CMDQV + CMDQV_PARAM), !=, 0);
    g_assert_cmphex(qtest_readl(t, CMDQV + CMDQV_VCMDQ_PAGE0 + VCMDQ_PROD), ==, 0);
    firmware();
    driver_starts();
    driver_probes();
    g_assert_true(direct());
    qtest_quit(t);
}

/* From high to low, whatever the guest does. */
static void test_order(void)
{
    start_all();
    qtest_writel(t, CMDQV + CMDQV_CMDQ_ALLOC, 0);
    g_assert_cmpuint(objects("hw-queue"), ==, 0);
    g_assert_false(direct());
    queue_assign(0);
    g_assert_cmpuint(objects("hw-queue"), ==, 2);
    hardware_runs();
    g_assert_cmphex(qtest_readl(t, lvcmdq(1, VCMDQ_STATUS)), ==, 1);
    qtest_writel(t, CMDQV + CMDQV_VINTF_CONFIG, 0);
    g_assert_cmpuint(objects("hw-queue"), ==, 0);
    g_assert_cmphex(qtest_readl(t, lvcmdq(0, VCMDQ_STATUS)), ==, 0);
    qtest_writel(t, CMDQV + CMDQV_VINTF_CONFIG, 1);
    g_assert_cmpuint(objects("hw-queue"), ==, 2);
    qtest_writel(t, CMDQV + CMDQV_CMDQ_ALLOC + 4, 0);
    g_assert_cmpuint(objects("hw-queue"), ==, 1);
    qtest_writel(t, CMDQV + CMDQV_CONFIG, 0);
    g_assert_cmpuint(objects("hw-queue"), ==, 0);
    /* only its own number */
    qtest_writel(t, CMDQV + CMDQV_CMDQ_ALLOC, 1 << R_CMDQ_ALLOC_LVCMDQ_SHIFT | 1);
    g_assert_cmphex(qtest_readl(t, CMDQV + CMDQV_CMDQ_ALLOC) & 1, ==, 0);
    qtest_quit(t);
}

static void unplug(const char *id, int port)
{
    int express = find_cap(t, 8, port, PCI_CAP_ID_EXP);

    json_decref(qtest_qmp_return(t, "{'execute': 'device_del', 'arguments': {'id': '%s'}}", id));
    qtest_writew(t, cfg(8, port, 0, express + PCI_EXP_SLTCTL), PCI_EXP_SLTCTL_PCC | PCI_EXP_SLTCTL_PWR_IND_OFF);
    json_decref(qtest_qmp_event(t, "DEVICE_DELETED"));
}

static const char plug_d1[] = "{'execute': 'device_add', 'arguments': {'driver': 'vfio-pci', 'id': 'd1', 'host': '0000:01:00.0', 'bus': 'rp1', 'iommufd': 'i0'}}";

/* The guest's queues outlive the last device, and are the hardware's again with the next. */
static void test_unplug(void)
{
    start_cmdqv(CMDQV_SIM(""), SMMU_ARGS, ONE_DEVICE);
    driver_starts();
    driver_probes();
    queue_command(0, CMD_SYNC, 0);
    ring(0);
    queue_command(1, CMD_SYNC, 0);
    qtest_writel(t, lvcmdq(1, VCMDQ_PROD), vprod[1]);           /* and the hardware does not come to it */
    g_assert_cmphex(qtest_readl(t, lvcmdq(1, VCMDQ_CONS)), ==, 0);
    unplug("d1", 1);
    g_assert_cmphex(qtest_readl(t, lvcmdq(1, VCMDQ_CONS)), ==, 1);
    g_assert_cmpuint(objects("hw-queue") + objects("viommu"), ==, 0);
    g_assert_cmphex(qtest_readl(t, CMDQV + CMDQV_PARAM), !=, 0);
    g_assert_cmphex(qtest_readl(t, lvcmdq(0, VCMDQ_STATUS)), ==, 1);
    queue_command(0, CMD_TLBI_NH_ASID, 0);
    queue_command(0, CMD_SYNC, 0);
    qtest_writel(t, lvcmdq(0, VCMDQ_PROD), vprod[0]);
    g_assert_cmphex(qtest_readl(t, lvcmdq(0, VCMDQ_CONS)), ==, 3);
    json_decref(qtest_qmp_return(t, "%s", plug_d1));
    g_assert_cmpuint(objects("hw-queue"), ==, 2);
    g_assert_true(direct());
    g_assert_cmphex(qtest_readl(t, lvcmdq(0, VCMDQ_PROD)), ==, 3);
    g_assert_cmphex(qtest_readl(t, lvcmdq(0, VCMDQ_CONS)), ==, 3);
    queue_command(0, CMD_TLBI_NH_ASID, 0);
    json_decref(take_commands());
    ring(0);
    g_autoptr(json_t) list = take_commands();
    g_assert_cmpint(json_array_size(list), ==, 1);
    g_assert_cmphex(qtest_readl(t, lvcmdq(0, VCMDQ_CONS)), ==, 4);
    qtest_quit(t);
}

/* cmdqv=on before there is a device: commands are looked at and done. */
static void test_without_host(void)
{
    start_cmdqv(CMDQV_SIM(""), CMDQV_SMMU("on"), NO_DEVICE);
    intercept_gic(t);
    driver_probes();
    g_assert_cmpuint(objects("hw-queue"), ==, 0);
    for (unsigned i = 0; i < 300; i++) {
        queue_command(0, i % 2 ? CMD_SYNC : CMD_ATC_INV, 0);
        qtest_writel(t, lvcmdq(0, VCMDQ_PROD), vprod[0]);
    }
    g_assert_cmphex(qtest_readl(t, lvcmdq(0, VCMDQ_CONS)), ==, 300);
    queue_command(0, CMD_CFGI_STE, 0);
    qtest_writel(t, lvcmdq(0, VCMDQ_PROD), vprod[0]);
    g_assert_cmphex(qtest_readl(t, lvcmdq(0, VCMDQ_CONS)), ==, 300 | CERROR_ILL << 24);
    g_assert_cmpuint(qtest_irq_raised(t, SPI), ==, 1);
    qtest_writel(t, lvcmdq(0, VCMDQ_CONFIG), 0);
    qtest_writel(t, lvcmdq(1, VCMDQ_CONFIG), 0);
    qtest_writeq(t, lvcmdq(1, CMDQV_PAGE_SIZE + VCMDQ_BASE), 0x09000000 | 4);       /* not RAM */
    qtest_writel(t, lvcmdq(1, VCMDQ_CONFIG), 1);
    qtest_writel(t, lvcmdq(1, VCMDQ_PROD), 3);
    g_assert_cmphex(qtest_readl(t, lvcmdq(1, VCMDQ_CONS)), ==, CERROR_ABT << 24);
    /* now there is one: what it cannot have stays an error */
    qtest_writel(t, lvcmdq(0, VCMDQ_GERRORN), 1);
    json_decref(qtest_qmp_return(t, "%s", plug_d1));
    g_assert_cmpuint(objects("hw-queue"), ==, 1);
    g_assert_false(direct());
    qtest_quit(t);
}

/* --- Rules ------------------------------------------------------------------------------------------------- */

static void refused(const char *text, const char *sim, const char *args)
{
    qtest_refused(text, VIRT_RUN_ARGS "%s%s", sim, args);
}

static void test_rules(void)
{
    refused("the guest has 2, the host SMMUv3 of 0000:01:00.0 none", SIM_ARGS, CMDQV_SMMU("on") ONE_DEVICE);
    refused("no hardware command queues left", CMDQV_SIM(", \"vintfs\": 0"), CMDQV_SMMU("on") ONE_DEVICE);
    refused("serve 1 devices", CMDQV_SIM(", \"vsids\": 0"), SMMU_ARGS PORTS DEVICES);
    refused("cmdqv needs accel=on", SIM_ARGS, "-device arm-smmuv3,primary-bus=pcie.1,cmdqv=on");
    /* told of none, a guest is never told of some; before firmware looked, it is */
    for (unsigned looked = 0; looked < 2; looked++) {
        start_cmdqv(CMDQV_SIM(""), SMMU_ARGS, NO_DEVICE);
        g_assert_true(!looked || !described());
        json_decref(qtest_qmp_return(t, "%s", plug_d1));
        g_assert_true(described() == !looked);
        g_autoptr(json_t) info = seen();
        g_assert_true((info != NULL) == !looked);
        g_assert_cmphex(qtest_readl(t, CMDQV + CMDQV_PARAM) != 0, ==, !looked);
        qtest_quit(t);
    }
    start_cmdqv(SIM_ARGS, CMDQV_SMMU("on"), NO_DEVICE);
    qtest_qmp_error(t, "GenericError", "the guest has 2, the host SMMUv3 of 0000:01:00.0 none", "%s", plug_d1);
    qtest_quit(t);
    start_cmdqv(CMDQV_SIM(", \"vcmdqs\": 0"), CMDQV_SMMU("on"), NO_DEVICE);
    qtest_qmp_error(t, "GenericError", "the guest has 2, the host SMMUv3 of 0000:01:00.0 only 1", "%s", plug_d1);
    qtest_quit(t);
    start_cmdqv(CMDQV_SIM(", \"vcmdqs\": 0"), CMDQV_SMMU("on"), ONE_DEVICE);
    g_assert_cmpuint(FIELD_EX32(qtest_readl(t, CMDQV + CMDQV_PARAM), CMDQV_PARAM, NUM_VCMDQ_LOG2), ==, 0);
    qtest_quit(t);
}

/* --- A guest that writes anything anywhere -------------------------------------------------------------------- */

static void test_hostile(void)
{
    static const uint16_t interesting[] = { 0x0, 0x4, 0x8, 0x14, 0x1c, 0x20, 0x24, 0x200, 0x204, 0x208, 0x3fc, 0x1000, 0x1004, 0x1040, 0x1080, 0x10c0, 0xfffc };
    GRand *r = g_rand_new_with_seed(241);

    start_all();
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t at = g_rand_int_range(r, 0, 5) * CMDQV_PAGE_SIZE;
        uint64_t v = (uint64_t)g_rand_int(r) << 32 | g_rand_int(r);

        at += g_rand_int_range(r, 0, 3) ? (at ? g_rand_int_range(r, 0, 3) * 0x80 + g_rand_int_range(r, 0, 8) * 4 : interesting[g_rand_int_range(r, 0, 17)])
                                        : g_rand_int_range(r, 0, 0x4000) * 4;
        v = g_rand_int_range(r, 0, 4) ? v & 3 : g_rand_int_range(r, 0, 2) ? v : QUEUES | (v & 15);
        if (at % 8 || g_rand_boolean(r)) {
            qtest_writel(t, CMDQV + at, (uint32_t)v);
        } else {
            qtest_writeq(t, CMDQV + at, v);
        }
        if (i % 256 == 0) {
            hardware_runs();
            qtest_readl(t, CMDQV + at);
        }
    }
    g_rand_free(r);
    machine_resets();
    g_assert_cmpuint(objects("hw-queue"), ==, 0);
    firmware();
    driver_starts();
    set_ste(SID1, make_context(1));
    driver_probes();
    g_assert_cmpint(where(0), ==, 1);
    qtest_quit(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smmuv3-accel/cmdqv/discovery", test_discovery);
    g_test_add_func("/smmuv3-accel/cmdqv/numa", test_numa);
    g_test_add_func("/smmuv3-accel/cmdqv/query-host", test_query_host);
    g_test_add_func("/smmuv3-accel/cmdqv/none", test_none);
    g_test_add_func("/smmuv3-accel/cmdqv/commands", test_commands);
    g_test_add_func("/smmuv3-accel/cmdqv/wrap", test_wrap);
    g_test_add_func("/smmuv3-accel/cmdqv/illegal", test_illegal);
    g_test_add_func("/smmuv3-accel/cmdqv/refused", test_refused);
    g_test_add_func("/smmuv3-accel/cmdqv/failures", test_failures);
    g_test_add_func("/smmuv3-accel/cmdqv/reset", test_reset);
    g_test_add_func("/smmuv3-accel/cmdqv/order", test_order);
    g_test_add_func("/smmuv3-accel/cmdqv/unplug", test_unplug);
    g_test_add_func("/smmuv3-accel/cmdqv/without-host", test_without_host);
    g_test_add_func("/smmuv3-accel/cmdqv/rules", test_rules);
    g_test_add_func("/smmuv3-accel/cmdqv/hostile", test_hostile);
    return g_test_run();
}
