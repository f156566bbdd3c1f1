/*
 * vfio-pci on the simulated host: config space, BARs, DMA, interrupts, reset,
 * plugging, mistakes; and the sweep over plug and unplug behind an
 * accelerated vSMMU.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virt-helpers.h"
#include "hw/pci/pci_regs.h"

#define ECAM     0x4010000000ULL
#define BAR      0x10000000ULL
#define MSI_CELL (RAM + 0x3000000)      /* a doorbell made of memory */

#define SIM "-object '{\"qom-type\":\"x-hostsim\",\"id\":\"sim\",\"devices\":[" \
    "{\"host\":\"0000:01:00.0\",\"group\":1},{\"host\":\"0000:01:00.1\",\"group\":1}," \
    "{\"host\":\"0000:02:00.0\",\"group\":2,\"ats\":false,\"noresize\":true,\"flr\":false}," \
    "{\"host\":\"0000:03:00.0\",\"group\":3,\"driver\":\"nvme\"}," \
    "{\"host\":\"0000:04:00.0\",\"group\":4,\"pasid\":5}," \
    "{\"host\":\"0000:05:00.0\",\"group\":5,\"flr\":false},{\"host\":\"0000:05:00.1\",\"group\":5,\"flr\":false}]}' -object iommufd,id=iommufd0 "
#define PLAIN VIRT_ARGS SIM "-device vfio-pci,host=0000:01:00.0,iommufd=iommufd0,id=v0,addr=4.0 "
#define ACCEL VIRT_ARGS SIM "-device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0 -device arm-smmuv3,primary-bus=pcie.1,id=smmu,accel=on " \
    "-device pcie-root-port,id=port1,bus=pcie.1,chassis=1,addr=0.0 -device pcie-root-port,id=port2,bus=pcie.1,chassis=2,addr=1.0 "

static uint64_t cfg(unsigned at)
{
    return ECAM + (4 << 15) + at;
}

static json_t *sim_get(QTestState *t, const char *property)
{
    return qtest_qmp_return(t, "{'execute': 'qom-get', 'arguments': {'path': '/objects/sim', 'property': '%s'}}", property);
}

static void sim_set(QTestState *t, const char *property, const char *value)
{
    json_decref(qtest_qmp_return(t, "{'execute': 'qom-set', 'arguments': {'path': '/objects/sim', 'property': '%s', 'value': %s}}", property, value));
}

static int64_t device_fact(QTestState *t, unsigned i, const char *fact)
{
    g_autoptr(json_t) list = sim_get(t, "host-devices");
    const json_t *v = json_object_get(json_array_get(list, i), fact);

    return json_is_boolean(v) ? json_is_true(v) : json_integer_value(v);
}

static void enable(QTestState *t)
{
    qtest_writel(t, cfg(PCI_BASE_ADDRESS_0), BAR);
    qtest_writel(t, cfg(PCI_BASE_ADDRESS_1), 0);
    qtest_writew(t, cfg(PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static unsigned find_cap(QTestState *t, uint8_t id)
{
    unsigned at = qtest_readb(t, cfg(PCI_CAPABILITY_LIST));

    for (int n = 0; at && n < 48; n++, at = qtest_readb(t, cfg(at + 1))) {
        if (qtest_readb(t, cfg(at)) == id) {
            return at;
        }
    }
    return 0;
}

static unsigned find_ext_cap(QTestState *t, uint16_t id)
{
    unsigned at = 0x100;

    for (int n = 0; at && n < 480; n++) {
        uint32_t header = qtest_readl(t, cfg(at));
        if (PCI_EXT_CAP_ID(header) == id) {
            return at;
        }
        at = PCI_EXT_CAP_NEXT(header);
    }
    return 0;
}

/* --- The function as the guest sees it ------------------------------------------------------------ */

static void test_config(void)
{
    QTestState *t = qtest_init(PLAIN);

    g_assert_cmphex(qtest_readl(t, cfg(PCI_VENDOR_ID)), ==, 0x00051b36);
    g_assert_cmpuint(find_cap(t, PCI_CAP_ID_EXP), ==, 0x40);
    g_assert_cmpuint(find_cap(t, PCI_CAP_ID_MSI), ==, 0x80);
    g_assert_cmpuint(find_cap(t, PCI_CAP_ID_MSIX), ==, 0x90);
    g_assert_cmpuint(find_ext_cap(t, PCI_EXT_CAP_ID_ERR), ==, 0x100);
    g_assert_cmpuint(find_ext_cap(t, PCI_EXT_CAP_ID_ATS), ==, 0x150);
    g_assert_cmpuint(find_ext_cap(t, PCI_EXT_CAP_ID_PASID), ==, 0);
    g_assert_cmpuint(find_ext_cap(t, PCI_EXT_CAP_ID_SRIOV), ==, 0);
    /* On the root bus an endpoint is one of the root complex */
    g_assert_cmphex(qtest_readw(t, cfg(0x42)) >> 4 & 0xf, ==, PCI_EXP_TYPE_RC_END);
    qtest_writel(t, cfg(PCI_BASE_ADDRESS_0), 0xffffffff);
    g_assert_cmphex(qtest_readl(t, cfg(PCI_BASE_ADDRESS_0)), ==, 0xffffc004);
    qtest_writew(t, cfg(0x150 + PCI_ATS_CTRL), PCI_ATS_CTRL_ENABLE);
    g_assert_cmphex(qtest_readw(t, cfg(0x150 + PCI_ATS_CTRL)), ==, PCI_ATS_CTRL_ENABLE);
    qtest_quit(t);
}

static void check_bar(const char *extra)
{
    QTestState *t = qtest_init("%s %s", PLAIN, extra);

    enable(t);
    qtest_writel(t, BAR + 0x10, 0x11223344);
    g_assert_cmphex(qtest_readl(t, BAR + 0x10), ==, 0x11223344);
    qtest_writeq(t, BAR + 0x18, 0x5566778899aabbccULL);
    g_assert_cmphex(qtest_readb(t, BAR + 0x1f), ==, 0x55);
    g_assert_cmphex(qtest_readl(t, BAR + 0x200c), ==, 1);       /* our table, vector masked */
    qtest_quit(t);
}

static void test_bar(void)
{
    check_bar("");
    check_bar("-global vfio-pci.x-no-mmap=on");
}

/* Outside D0 nothing is mapped: a vCPU must not fault in the host. */
static void test_power(void)
{
    QTestState *t = qtest_init(PLAIN);

    enable(t);
    qtest_writel(t, BAR + 0x20, 0x600d);
    qtest_writew(t, cfg(0xa4), 3);
    g_assert_cmphex(qtest_readw(t, cfg(0xa4)) & 3, ==, 3);
    g_assert_cmphex(qtest_readl(t, BAR + 0x20), !=, 0x600d);
    qtest_writew(t, cfg(0xa4), 0);
    g_assert_cmphex(qtest_readl(t, BAR + 0x20), ==, 0x600d);
    qtest_quit(t);
}

/* Without somewhere to send messages the capabilities are not shown. */
static void test_no_msi(void)
{
    QTestState *t = qtest_init("-M virt,gic-version=3,its=off -nodefaults -display none " SIM
                               "-device vfio-pci,host=0000:01:00.0,iommufd=iommufd0,addr=4.0");

    g_assert_cmpuint(find_cap(t, PCI_CAP_ID_EXP), ==, 0x40);
    g_assert_cmpuint(find_cap(t, PCI_CAP_ID_MSI), ==, 0);
    g_assert_cmpuint(find_cap(t, PCI_CAP_ID_MSIX), ==, 0);
    enable(t);
    qtest_writel(t, BAR + 0x10, 1);
    qtest_quit(t);
}

static void test_dma(void)
{
    QTestState *t = qtest_init(PLAIN);

    sim_set(t, "dma", "{'host': '0000:01:00.0', 'iova': 1107296256, 'length': 4, 'pattern': 171}");
    g_assert_cmphex(qtest_readl(t, RAM + 0x2000000), ==, 0);       /* not a bus master yet */
    enable(t);
    sim_set(t, "dma", "{'host': '0000:01:00.0', 'iova': 1107296256, 'length': 4, 'pattern': 171}");
    g_assert_cmphex(qtest_readl(t, RAM + 0x2000000), ==, 0xabababab);
    qtest_quit(t);
}

/* A device reaches another one's BAR when the kernel exports it; a kernel that does not is no reason to complain. */
static void check_peer_to_peer(const char *kernel, bool reaches)
{
    QTestState *t = qtest_init(PLAIN "-device vfio-pci,host=0000:04:00.0,iommufd=iommufd0,addr=5.0");
    g_autofree char *dma = g_strdup_printf("{'host': '0000:04:00.0', 'iova': %" PRIu64 ", 'length': 4, 'pattern': 171}", (uint64_t)BAR + 0x10);

    sim_set(t, "kernel", kernel);
    enable(t);
    qtest_writel(t, BAR + 0x10, 0);
    qtest_writew(t, ECAM + (5 << 15) + PCI_COMMAND, PCI_COMMAND_MASTER);
    sim_set(t, "dma", dma);
    g_assert_cmphex(qtest_readl(t, BAR + 0x10), ==, reaches ? 0xabababab : 0);
    qtest_writew(t, cfg(PCI_COMMAND), 0);
    sim_set(t, "dma", dma);                             /* it left the map: nothing is reached */
    g_autoptr(json_t) r = sim_get(t, "dma-result");
    g_assert_cmpint(json_integer_value(json_object_get(r, "result")), <, 0);
    qtest_quit(t);
}

static void test_peer_to_peer(void)
{
    check_peer_to_peer("{}", true);
    check_peer_to_peer("{'dmabuf': false}", false);
}

/* --- Interrupts --------------------------------------------------------------------------------------- */

static void set_vector(QTestState *t, unsigned v, uint32_t data, bool masked)
{
    uint64_t e = BAR + 0x2000 + v * 16;

    qtest_writel(t, e, MSI_CELL);
    qtest_writel(t, e + 4, 0);
    qtest_writel(t, e + 8, data);
    qtest_writel(t, e + 12, masked);
}

/* The main loop takes the event in its own time. */
static void wait_cell(QTestState *t, uint32_t data)
{
    for (int i = 0; i < 1000 && qtest_readl(t, MSI_CELL) != data; i++) {
        g_usleep(1000);
    }
    g_assert_cmphex(qtest_readl(t, MSI_CELL), ==, data);
}

static void check_msix(QTestState *t, const char *host)
{
    g_autofree char *v0 = g_strdup_printf("{'host': '%s', 'vector': 0}", host), *v3 = g_strdup_printf("{'host': '%s', 'vector': 3}", host);

    enable(t);
    qtest_writew(t, cfg(0x92), PCI_MSIX_FLAGS_ENABLE);
    set_vector(t, 0, 0x100, false);
    sim_set(t, "interrupt", v0);
    wait_cell(t, 0x100);
    set_vector(t, 3, 0x103, false);
    sim_set(t, "interrupt", v3);
    wait_cell(t, 0x103);
    sim_set(t, "interrupt", v0);
    wait_cell(t, 0x100);
    set_vector(t, 3, 0x203, true);      /* masked: pending until it opens */
    sim_set(t, "interrupt", v3);
    for (int i = 0; i < 1000 && !(qtest_readl(t, BAR + 0x3000) & 8); i++) {
        g_usleep(1000);
    }
    g_assert_cmphex(qtest_readl(t, BAR + 0x3000), ==, 8);
    g_assert_cmphex(qtest_readl(t, MSI_CELL), ==, 0x100);
    qtest_writel(t, BAR + 0x2000 + 3 * 16 + 12, 0);
    wait_cell(t, 0x203);
    qtest_writew(t, cfg(0x92), 0);
    qtest_qmp_error(t, "GenericError", "goes nowhere", "{'execute': 'qom-set', 'arguments': {'path': '/objects/sim',"
                    " 'property': 'interrupt', 'value': %s}}", v0);
}

static void test_msix(void)
{
    QTestState *t = qtest_init(PLAIN);

    check_msix(t, "0000:01:00.0");
    qtest_quit(t);
}

/* A host that cannot add vectors to a running set. */
static void test_msix_noresize(void)
{
    QTestState *t = qtest_init(VIRT_ARGS SIM "-device vfio-pci,host=0000:02:00.0,iommufd=iommufd0,addr=4.0");

    check_msix(t, "0000:02:00.0");
    qtest_quit(t);
}

/* @table: where the guest finds it; @bar_low: what BAR 0's low half is when written with ones. */
static void check_relocation(const char *to, uint32_t table, uint32_t bar_low, unsigned bar)
{
    QTestState *t = qtest_init(VIRT_ARGS SIM "-device vfio-pci,host=0000:01:00.0,iommufd=iommufd0,addr=4.0,x-msix-relocation=%s", to);

    g_assert_cmphex(qtest_readl(t, cfg(0x94)), ==, table);
    qtest_writel(t, cfg(PCI_BASE_ADDRESS_0), 0xffffffff);
    g_assert_cmphex(qtest_readl(t, cfg(PCI_BASE_ADDRESS_0)), ==, bar_low);
    enable(t);
    if (bar) {
        qtest_writel(t, cfg(PCI_BASE_ADDRESS_0 + 4 * bar), BAR + 0x100000);
    }
    uint64_t entry = BAR + (bar ? 0x100000 : 0) + (table & ~7U);
    qtest_writel(t, BAR + 0x2000, 0x5ca1ab1e);          /* that page is the device's now */
    g_assert_cmphex(qtest_readl(t, BAR + 0x2000), ==, 0x5ca1ab1e);
    qtest_writew(t, cfg(0x92), PCI_MSIX_FLAGS_ENABLE);
    qtest_writel(t, entry, MSI_CELL);
    qtest_writel(t, entry + 4, 0);
    qtest_writel(t, entry + 8, 0x111);
    qtest_writel(t, entry + 12, 0);
    sim_set(t, "interrupt", "{'host': '0000:01:00.0', 'vector': 0}");
    wait_cell(t, 0x111);
    qtest_quit(t);
}

static void test_msix_relocation(void)
{
    check_relocation("bar0", 0x4000, 0xffff8004, 0);
    check_relocation("bar2", 2, 0xffffc004, 2);
    check_relocation("auto", 2, 0xffffc004, 2);
}

static void test_msi(void)
{
    QTestState *t = qtest_init(PLAIN);

    enable(t);
    qtest_writel(t, cfg(0x84), MSI_CELL);
    qtest_writel(t, cfg(0x88), 0);
    qtest_writew(t, cfg(0x8c), 0x77);
    qtest_writew(t, cfg(0x82), PCI_MSI_FLAGS_ENABLE);
    sim_set(t, "interrupt", "{'host': '0000:01:00.0', 'index': 1, 'vector': 0}");
    wait_cell(t, 0x77);
    qtest_quit(t);
}

/* INTx: asserted until the guest looks at the device. */
static void test_intx(void)
{
    QTestState *t = qtest_init(PLAIN);
    unsigned lines = 0, spi = 0;

    intercept_gic(t);
    enable(t);
    sim_set(t, "interrupt", "{'host': '0000:01:00.0', 'index': 0, 'vector': 0}");
    for (int i = 0; i < 1000 && !lines; i++) {
        g_usleep(1000);
        for (unsigned n = 0; n < 64; n++) {
            if (qtest_get_irq(t, n)) {
                lines++;
                spi = n;
            }
        }
        qtest_readl(t, RAM);            /* a round trip, so that interrupts that are on their way arrive */
    }
    g_assert_cmpuint(lines, ==, 1);
    qtest_readl(t, BAR);
    g_assert_false(qtest_get_irq(t, spi));
    sim_set(t, "interrupt", "{'host': '0000:01:00.0', 'index': 0, 'vector': 0}");    /* unmasked again */
    qtest_quit(t);
}

/* --- Reset ------------------------------------------------------------------------------------------------ */

static void test_reset(void)
{
    QTestState *t = qtest_init(PLAIN);
    int64_t resets = device_fact(t, 0, "resets");

    enable(t);
    qtest_writew(t, cfg(0x92), PCI_MSIX_FLAGS_ENABLE);
    g_assert_cmpint(device_fact(t, 0, "msix-on"), >, 0);
    json_decref(qtest_qmp_return(t, "{'execute': 'system_reset'}"));
    json_decref(qtest_qmp_event(t, "RESET"));
    g_assert_cmpint(device_fact(t, 0, "resets"), ==, resets + 1);
    g_assert_cmpint(device_fact(t, 0, "msix-on"), ==, 0);
    g_assert_cmphex(qtest_readw(t, cfg(PCI_COMMAND)), ==, 0);
    g_assert_cmphex(qtest_readw(t, cfg(0x92)) & PCI_MSIX_FLAGS_ENABLE, ==, 0);
    g_assert_true(device_fact(t, 0, "attached"));
    qtest_quit(t);
}

/* Without FLR one hot reset serves all functions of the slot, if they are reset together; else each has the weak one. */
static void test_hot_reset(void)
{
    QTestState *t = qtest_init(VIRT_ARGS SIM "-device vfio-pci,host=0000:05:00.0,iommufd=iommufd0 -device vfio-pci,host=0000:05:00.1,iommufd=iommufd0");
    int64_t a = device_fact(t, 5, "resets"), b = device_fact(t, 6, "resets");

    for (int i = 1; i <= 2; i++) {
        json_decref(qtest_qmp_return(t, "{'execute': 'system_reset'}"));
        json_decref(qtest_qmp_event(t, "RESET"));
        g_assert_cmpint(device_fact(t, 5, "resets"), ==, a + i);
        g_assert_cmpint(device_fact(t, 6, "resets"), ==, b + i);
    }
    qtest_quit(t);
}

/* --- Mistakes ------------------------------------------------------------------------------------------------ */

static void test_mistakes(void)
{
    static const struct { const char *args, *text; } cases[] = {
        { "-device vfio-pci,iommufd=iommufd0", "exactly one of" },
        { "-device vfio-pci,host=0000:01:00.0", "iommufd= is missing" },
        { "-device vfio-pci,host=0000:99:00.0,iommufd=iommufd0", "does not exist" },
        { "-device vfio-pci,host=0000:03:00.0,iommufd=iommufd0", "'nvme'" },
        { "-device vfio-pci,host=0000:02:00.0,iommufd=iommufd0,ats=on", "ats=auto" },
        { "-device vfio-pci,host=0000:01:00.0,iommufd=iommufd0,x-msix-relocation=bar1", "BAR 1 is the upper half" },
        { "-device vfio-pci,host=0000:01:00.0,iommufd=iommufd0,enable-migration=on", "enable-migration=on" },
        { "-device vfio-pci,host=0000:01:00.0,iommufd=iommufd0 -device vfio-pci,host=0000:01:00.0,iommufd=iommufd0", "another program uses it" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        qtest_refused(cases[i].text, VIRT_RUN_ARGS SIM "%s", cases[i].args);
    }
}

/* --- Plugging, and the sweep ------------------------------------------------------------------------------------ */

static unsigned objects(QTestState *t)
{
    g_autoptr(json_t) list = sim_get(t, "objects");
    return json_array_size(list);
}

static bool plug(QTestState *t)
{
    g_autoptr(json_t) r = qtest_qmp(t, "{'execute': 'device_add', 'arguments': {'driver': 'vfio-pci', 'id': 'hp', 'host': '0000:02:00.0',"
                                    " 'bus': 'port2', 'iommufd': 'iommufd0'}}");
    const char *desc = json_string_value(json_object_get(json_object_get(r, "error"), "desc"));

    if (desc) {
        g_assert_null(strchr(desc, '\n'));
        g_test_message("%s", desc);
    }
    return !desc;
}

#define PORT2 (ECAM + (8ULL << 20) + (1 << 15))

static unsigned port_express(QTestState *t)
{
    unsigned at = qtest_readb(t, PORT2 + PCI_CAPABILITY_LIST);

    while (at && qtest_readb(t, PORT2 + at) != PCI_CAP_ID_EXP) {
        at = qtest_readb(t, PORT2 + at + 1);
    }
    return at;
}

static void slot_power(QTestState *t, bool on)
{
    qtest_writew(t, PORT2 + port_express(t) + PCI_EXP_SLTCTL, on ? PCI_EXP_SLTCTL_PWR_IND_ON : PCI_EXP_SLTCTL_PCC | PCI_EXP_SLTCTL_PWR_IND_OFF);
}

/* As a guest would: the button is pressed, the slot's power goes off. */
static void unplug(QTestState *t)
{
    json_decref(qtest_qmp_return(t, "{'execute': 'device_del', 'arguments': {'id': 'hp'}}"));
    slot_power(t, false);
    json_decref(qtest_qmp_event(t, "DEVICE_DELETED"));
}

static void test_plug(void)
{
    QTestState *t = qtest_init(ACCEL "-device vfio-pci,host=0000:01:00.0,iommufd=iommufd0,bus=port1");
    unsigned before = objects(t);

    for (int i = 0; i < 10; i++) {
        g_assert_true(plug(t));
        g_assert_true(device_fact(t, 2, "attached"));
        unplug(t);
        g_assert_false(device_fact(t, 2, "bound"));
        g_assert_cmpuint(objects(t), ==, before);
    }
    qtest_quit(t);
}

static void test_plug_sweep(void)
{
    static const int errnos[] = { ENOMEM, EIO };
    QTestState *t = qtest_init(ACCEL "-device vfio-pci,host=0000:01:00.0,iommufd=iommufd0,bus=port1");
    unsigned before = objects(t), failures = 0;

    for (size_t e = 0; e < ARRAY_SIZE(errnos); e++) {
        for (int n = 1; n < 200; n++) {
            g_autofree char *inject = g_strdup_printf("{'nth': %d, 'errno': %d}", n, errnos[e]);
            sim_set(t, "fail-nth", inject);
            bool ok = plug(t);
            g_autoptr(json_t) hit = sim_get(t, "failed-call");
            sim_set(t, "fail-nth", "{'nth': 0}");
            if (ok) {
                unplug(t);
            }
            failures += !ok;
            g_assert_false(device_fact(t, 2, "bound"));
            g_assert_cmpuint(objects(t), ==, before);
            if (!*json_string_value(hit)) {
                break;                  /* no call is left to fail */
            }
        }
    }
    g_assert_cmpuint(failures, >, 10);
    g_assert_true(plug(t));
    qtest_quit(t);
}

/* Start fails in turn: one sentence, status 1. */
static void test_start_sweep(void)
{
    for (int n = 1; n < 100; n++) {
        g_autofree char *err = NULL;
        int status = qtest_run(&err, VIRT_RUN_ARGS SIM "-object '{\"qom-type\":\"x-hostsim\",\"id\":\"sim2\",\"fail-nth\":{\"nth\":%d,\"errno\":5}}' "
                               "-device vfio-pci,host=0000:01:00.0,iommufd=iommufd0 -device vfio-pci,host=0000:03:00.0,iommufd=iommufd0", n);
        g_assert_cmpint(status, ==, 1);
        g_assert_null(strstr(err, "Sanitizer"));
        if (strstr(err, "'nvme'")) {
            break;                      /* the first device came up: its calls are through */
        }
    }
}

/* --- A device that lies ------------------------------------------------------------------------------------------ */

static void look_around(QTestState *t)
{
    uint64_t dev = ECAM + (9ULL << 20);

    for (unsigned at = 0; at < 0x1000; at += 4) {
        qtest_readl(t, dev + at);
    }
    for (unsigned at = 4; at < 0x200; at += 4) {
        qtest_writel(t, dev + at, 0xffffffff);
        qtest_writel(t, dev + at, 0);
    }
}

static void plug_liar(QTestState *t, const char *lie)
{
    g_autofree char *value = g_strdup_printf("{'host': '0000:02:00.0', %s}", lie);

    sim_set(t, "lie", value);
    if (plug(t)) {
        slot_power(t, true);
        g_assert_cmphex(qtest_readw(t, ECAM + (9ULL << 20) + PCI_CLASS_DEVICE), !=, 0xffff);
        look_around(t);
        unplug(t);
    }
    sim_set(t, "lie", "{'host': '0000:02:00.0', 'config': [], 'sizes': [16384, 0, 0, 0, 0, 0, 0, 4096, 0]}");
    g_assert_false(device_fact(t, 2, "bound"));
}

static QTestState *start_with_bus(void)
{
    QTestState *t = qtest_init(ACCEL);

    qtest_writel(t, PORT2 + PCI_PRIMARY_BUS, 0x00090908);       /* what is behind port2 is bus 9 */
    return t;
}

static void test_liars(void)
{
    static const char *const lies[] = {
        "'config': [64, 131088]",                              /* PCI Express points to itself... */
        "'config': [64, 1084227600]",                          /* ...or back */
        "'config': [52, 252]", "'config': [52, 8]", "'config': [52, 255]",
        "'config': [256, 268500993]",                          /* extended chain is a loop */
        "'config': [256, 4293984257]", "'config': [256, 4294967295]",
        "'config': [148, 7]", "'config': [148, 4294967288]", "'config': [144, 134217745]",
        "'config': [152, 8192]",                               /* PBA on the table */
        "'config': [12, 65536]", "'config': [0, 4294967295, 12, 4294967295]",
        "'config': [128, 14483461]",                           /* MSI with too many vectors */
        "'config': [16, 0]", "'config': [16, 1]", "'config': [36, 4]",
        "'sizes': [4611686018427387904]", "'sizes': [12289]", "'sizes': [1]", "'sizes': [0]",
        "'sizes': [16384, 16384, 16384, 16384, 16384, 16384]",
        "'sizes': [16384, 0, 0, 0, 0, 0, 0, 64]", "'sizes': [16384, 0, 0, 0, 0, 0, 0, 256]", "'sizes': [16384, 0, 0, 0, 0, 0, 0, 0]",
        "'sizes': [16384, 0, 0, 0, 0, 0, 1152921504606846976]",
        "'sparse': [0, 4611686018427387904]", "'sparse': [4611686018427387904, 4096]", "'sparse': [0, 0]", "'sparse': [1, 4095]",
        "'sparse': [0, 16384, 0, 16384, 4096, 4096]",
    };
    QTestState *t = start_with_bus();

    for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
        plug_liar(t, lies[i]);
    }
    g_assert_true(plug(t));
    qtest_quit(t);
}

static void test_random_liars(void)
{
    QTestState *t = start_with_bus();

    for (int i = 0; i < 60; i++) {
        g_autoptr(GString) lie = g_string_new("'config': [0, 331067");
        for (int n = g_test_rand_int_range(1, 30); n > 0; n--) {
            bool chain = g_test_rand_bit();
            uint32_t at = (uint32_t)g_test_rand_int_range(4, chain ? 64 : 128) * 4;
            g_string_append_printf(lie, ", %u, %u", at, (uint32_t)g_test_rand_int());
        }
        g_string_append(lie, "]");
        plug_liar(t, lie->str);
    }
    g_assert_true(plug(t));
    qtest_quit(t);
}

/* --- More than one step away ---------------------------------------------------------------------------------------- */

/* Only what the device says, by whole pages, and never the page with the MSI-X table. */
static void test_sparse(void)
{
    QTestState *t = start_with_bus();

    sim_set(t, "lie", "{'host': '0000:02:00.0', 'sparse': [4096, 8192, 12800, 3584]}");
    g_assert_true(plug(t));
    slot_power(t, true);
    qtest_writel(t, PORT2 + PCI_MEMORY_BASE, 0x10001000);
    qtest_writew(t, PORT2 + PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    qtest_writel(t, ECAM + (9ULL << 20) + PCI_BASE_ADDRESS_0, BAR);
    qtest_writew(t, ECAM + (9ULL << 20) + PCI_COMMAND, PCI_COMMAND_MEMORY);
    g_autoptr(json_t) r = qtest_qmp_return(t, "{'execute': 'human-monitor-command', 'arguments': {'command-line': 'info mtree'}}");
    const char *tree = json_string_value(r), *piece = strstr(tree, "0000:02:00.0 BAR 0 mmaps[0]");
    g_assert_nonnull(piece);
    const char *line = piece;
    while (line > tree && line[-1] != '\n') {
        line--;
    }
    g_autofree char *text = g_strndup(line, (gsize)(piece - line));
    g_assert_nonnull(strstr(text, "10001000-0000000010001fff"));
    g_assert_null(strstr(tree, "mmaps[1]"));
    qtest_quit(t);
}

static void test_rom(void)
{
    QTestState *t = start_with_bus();
    uint64_t dev = ECAM + (9ULL << 20);

    sim_set(t, "lie", "{'host': '0000:02:00.0', 'sizes': [16384, 0, 0, 0, 0, 0, 2048]}");
    g_assert_true(plug(t));
    slot_power(t, true);
    qtest_writel(t, PORT2 + PCI_MEMORY_BASE, 0x10001000);
    qtest_writew(t, PORT2 + PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    qtest_writel(t, dev + PCI_ROM_ADDRESS, 0xfffffffe);
    g_assert_cmphex(qtest_readl(t, dev + PCI_ROM_ADDRESS), ==, 0xfffff800);
    qtest_writel(t, dev + PCI_ROM_ADDRESS, BAR | PCI_ROM_ADDRESS_ENABLE);
    qtest_writew(t, dev + PCI_COMMAND, PCI_COMMAND_MEMORY);
    g_assert_cmphex(qtest_readl(t, BAR), ==, 0x0302aa55);
    g_assert_cmphex(qtest_readb(t, BAR + 0x7fe), ==, 0xfe);
    qtest_quit(t);
}

/* The host asks for the device: an unplug request to the guest, which lets go. */
static void test_request(void)
{
    QTestState *t = start_with_bus();
    unsigned i = 0;

    g_assert_true(plug(t));
    slot_power(t, true);
    sim_set(t, "interrupt", "{'host': '0000:02:00.0', 'index': 4, 'vector': 0}");
    while (!(qtest_readw(t, PORT2 + port_express(t) + PCI_EXP_SLTSTA) & PCI_EXP_SLTSTA_ABP) && i++ < 1000) {
        g_usleep(1000);
    }
    slot_power(t, false);
    json_decref(qtest_qmp_event(t, "DEVICE_DELETED"));
    g_assert_false(device_fact(t, 2, "bound"));
    qtest_quit(t);
}

/* An uncorrectable error of the device stops the machine. */
static void test_error(void)
{
    QTestState *t = qtest_init(PLAIN);

    sim_set(t, "interrupt", "{'host': '0000:01:00.0', 'index': 3, 'vector': 0}");
    json_decref(qtest_qmp_event(t, "STOP"));
    g_autoptr(json_t) status = qtest_qmp_return(t, "{'execute': 'query-status'}");
    g_assert_cmpstr(json_string_value(json_object_get(status, "status")), ==, "internal-error");
    qtest_quit(t);
}

static unsigned find_pasid(const char *smmu, const char *more)
{
    QTestState *t = qtest_init(VIRT_ARGS SIM "-device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0 -device arm-smmuv3,primary-bus=pcie.1,accel=on,%s "
                               "-device pcie-root-port,id=port1,bus=pcie.1 -device vfio-pci,host=0000:04:00.0,iommufd=iommufd0,bus=port1,%s", smmu, more);
    uint64_t dev = ECAM + (9ULL << 20);
    unsigned at = 0x100, found = 0;

    qtest_writel(t, ECAM + (8ULL << 20) + PCI_PRIMARY_BUS, 0x00090908);
    for (int n = 0; at && n < 480; n++) {
        uint32_t header = qtest_readl(t, dev + at);
        if (PCI_EXT_CAP_ID(header) == PCI_EXT_CAP_ID_PASID) {
            g_assert_cmpuint(found, ==, 0);
            g_assert_cmpuint(qtest_readw(t, dev + at + PCI_PASID_CAP) >> 8, ==, 5);
            found = at;
        }
        at = PCI_EXT_CAP_NEXT(header);
    }
    qtest_quit(t);
    return found;
}

/* Made from what the iommufd says, where asked, once; and only for a vIOMMU that has substreams. */
static void test_pasid(void)
{
    static const char *const wrong[] = { "0x102", "0x10", "0x150" };

    g_assert_cmphex(find_pasid("ssidsize=8", "x-vpasid-cap-offset=0"), ==, 0xff8);
    g_assert_cmphex(find_pasid("ssidsize=8", "x-vpasid-cap-offset=0x400"), ==, 0x400);
    g_assert_cmphex(find_pasid("ssidsize=0", "x-vpasid-cap-offset=0"), ==, 0);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        qtest_refused("x-vpasid-cap-offset", VIRT_RUN_ARGS SIM "-device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0 "
                      "-device arm-smmuv3,primary-bus=pcie.1,accel=on,ssidsize=8 -device pcie-root-port,id=port1,bus=pcie.1 "
                      "-device vfio-pci,host=0000:04:00.0,iommufd=iommufd0,bus=port1,x-vpasid-cap-offset=%s", wrong[i]);
    }
}

/* Two functions of one host group, in one slot of the guest. */
static void test_group(void)
{
    QTestState *t = qtest_init(ACCEL "-device vfio-pci,host=0000:01:00.0,iommufd=iommufd0,bus=port1,addr=0.0,multifunction=on "
                               "-device vfio-pci,host=0000:01:00.1,iommufd=iommufd0,bus=port1,addr=0.1");

    g_assert_true(device_fact(t, 0, "attached") && device_fact(t, 1, "attached"));
    g_assert_cmpint(device_fact(t, 0, "page-table"), ==, device_fact(t, 1, "page-table"));
    qtest_quit(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vfio-pci/config", test_config);
    g_test_add_func("/vfio-pci/bar", test_bar);
    g_test_add_func("/vfio-pci/power", test_power);
    g_test_add_func("/vfio-pci/no-msi", test_no_msi);
    g_test_add_func("/vfio-pci/dma", test_dma);
    g_test_add_func("/vfio-pci/peer-to-peer", test_peer_to_peer);
    g_test_add_func("/vfio-pci/msix", test_msix);
    g_test_add_func("/vfio-pci/msix-noresize", test_msix_noresize);
    g_test_add_func("/vfio-pci/msix-relocation", test_msix_relocation);
    g_test_add_func("/vfio-pci/msi", test_msi);
    g_test_add_func("/vfio-pci/intx", test_intx);
    g_test_add_func("/vfio-pci/reset", test_reset);
    g_test_add_func("/vfio-pci/hot-reset", test_hot_reset);
    g_test_add_func("/vfio-pci/mistakes", test_mistakes);
    g_test_add_func("/vfio-pci/plug", test_plug);
    g_test_add_func("/vfio-pci/liars", test_liars);
    g_test_add_func("/vfio-pci/random-liars", test_random_liars);
    g_test_add_func("/vfio-pci/sparse", test_sparse);
    g_test_add_func("/vfio-pci/rom", test_rom);
    g_test_add_func("/vfio-pci/request", test_request);
    g_test_add_func("/vfio-pci/error", test_error);
    g_test_add_func("/vfio-pci/group", test_group);
    g_test_add_func("/vfio-pci/pasid", test_pasid);
    g_test_add_func("/vfio-pci/plug-sweep", test_plug_sweep);
    g_test_add_func("/vfio-pci/start-sweep", test_start_sweep);
    return g_test_run();
}
