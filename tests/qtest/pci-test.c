/*
 * PCI: config space, bridges and their windows, native hotplug, reset, pxb,
 * wrong command lines.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pci-helpers.h"

#define RP      "-device pcie-root-port,id=rp,bus=pcie.0,chassis=1,slot=3,addr=2 "
enum { EXP = 0x54, SLTCTL = EXP + PCI_EXP_SLTCTL, SLTSTA = EXP + PCI_EXP_SLTSTA };
enum { CTL_ON = PCI_EXP_SLTCTL_ATTN_IND_OFF | PCI_EXP_SLTCTL_PWR_IND_ON,
       CTL_BLINK = PCI_EXP_SLTCTL_ATTN_IND_OFF | PCI_EXP_SLTCTL_PWR_IND_BLINK,
       CTL_OFF = PCI_EXP_SLTCTL_ATTN_IND_OFF | PCI_EXP_SLTCTL_PWR_IND_OFF | PCI_EXP_SLTCTL_PCC };

static void test_absent(void)
{
    QTestState *t = qtest_init(VIRT_ARGS);

    g_assert_cmphex(qtest_readl(t, cfg(0, 0, 0, 0)), ==, 0x00081b36);
    g_assert_cmphex(qtest_readl(t, cfg(0, 1, 0, 0)), ==, 0xffffffff);
    g_assert_cmphex(qtest_readw(t, cfg(7, 31, 7, 2)), ==, 0xffff);
    g_assert_cmphex(qtest_readb(t, cfg(255, 31, 7, 0xfff)), ==, 0xff);
    g_assert_cmphex(qtest_readl(t, cfg(0, 0, 0, 0x100)), ==, 0xffffffff);       /* conventional: no extended space */
    g_assert_cmphex(qtest_readl(t, MMIO32), ==, 0xffffffff);
    qtest_quit(t);
}

/* Every dword with all ones and all zeros: whatever it does, the ids stay and nothing falls over. */
static void test_every_register(void)
{
    QTestState *t = qtest_init(VIRT_ARGS RP "-device edu,bus=rp -device pcie-pci-bridge,bus=pcie.0,addr=3 "
                               "-device pxb-pcie,bus=pcie.0,bus_nr=128,addr=4 -device edu,bus=pcie.0,addr=5");

    for (int slot = 0; slot < 6; slot++) {
        uint32_t id = qtest_readl(t, cfg(0, slot, 0, 0));
        for (int reg = 0; reg < 0x1000; reg += 4) {
            qtest_writel(t, cfg(0, slot, 0, reg), 0xffffffff);
            qtest_writew(t, cfg(0, slot, 0, reg + 2), 0);
            qtest_writeb(t, cfg(0, slot, 0, reg + 1), 0x5a);
            qtest_writel(t, cfg(0, slot, 0, reg), 0);
        }
        g_assert_cmphex(qtest_readl(t, cfg(0, slot, 0, 0)), ==, id);
    }
    qtest_quit(t);
}

static void test_bar(void)
{
    QTestState *t = qtest_init(VIRT_ARGS "-device edu,bus=pcie.0,addr=1");
    uint64_t bar = cfg(0, 1, 0, PCI_BASE_ADDRESS_0);

    qtest_writel(t, bar, 0xffffffff);
    g_assert_cmphex(qtest_readl(t, bar), ==, 0xfff00000);
    qtest_writel(t, bar, MMIO32);
    g_assert_cmphex(qtest_readl(t, MMIO32), ==, 0xffffffff);
    qtest_writew(t, cfg(0, 1, 0, PCI_COMMAND), PCI_COMMAND_MEMORY);
    g_assert_cmphex(qtest_readl(t, MMIO32), ==, 0x010000ed);
    qtest_writel(t, bar, MMIO32 + 0x100000);
    g_assert_cmphex(qtest_readl(t, MMIO32), ==, 0xffffffff);
    g_assert_cmphex(qtest_readl(t, MMIO32 + 0x100000), ==, 0x010000ed);
    json_decref(qtest_qmp_return(t, "{'execute': 'system_reset'}"));
    json_decref(qtest_qmp_event(t, "RESET"));
    g_assert_cmphex(qtest_readl(t, bar), ==, 0);
    g_assert_cmphex(qtest_readl(t, MMIO32 + 0x100000), ==, 0xffffffff);
    qtest_quit(t);
}

static void test_window(void)
{
    QTestState *t = qtest_init(VIRT_ARGS RP "-device edu,bus=rp");

    g_assert_cmphex(qtest_readl(t, cfg(1, 0, 0, 0)), ==, 0xffffffff);
    number_bridge(t, 0, 2, 1, 1);
    g_assert_cmphex(qtest_readl(t, cfg(1, 0, 0, 0)), ==, 0x11e81234);
    qtest_writel(t, cfg(1, 0, 0, PCI_BASE_ADDRESS_0), MMIO32 + 0x200000);
    qtest_writew(t, cfg(1, 0, 0, PCI_COMMAND), PCI_COMMAND_MEMORY);
    g_assert_cmphex(qtest_readl(t, MMIO32 + 0x200000), ==, 0xffffffff);
    open_window(t, 0, 2, MMIO32 + 0x200000, 0x100000);
    g_assert_cmphex(qtest_readl(t, MMIO32 + 0x200000), ==, 0x010000ed);
    open_window(t, 0, 2, MMIO32 + 0x300000, 0x100000);
    g_assert_cmphex(qtest_readl(t, MMIO32 + 0x200000), ==, 0xffffffff);
    number_bridge(t, 0, 2, 9, 9);
    g_assert_cmphex(qtest_readl(t, cfg(1, 0, 0, 0)), ==, 0xffffffff);
    g_assert_cmphex(qtest_readl(t, cfg(9, 0, 0, 0)), ==, 0x11e81234);
    qtest_quit(t);
}

static void test_secondary_reset(void)
{
    QTestState *t = qtest_init(VIRT_ARGS RP "-device edu,bus=rp");

    number_bridge(t, 0, 2, 1, 1);
    qtest_writel(t, cfg(1, 0, 0, PCI_BASE_ADDRESS_0), MMIO32);
    qtest_writeb(t, cfg(1, 0, 0, PCI_INTERRUPT_LINE), 7);
    qtest_writew(t, cfg(0, 2, 0, PCI_BRIDGE_CONTROL), PCI_BRIDGE_CTL_BUS_RESET);
    qtest_writew(t, cfg(0, 2, 0, PCI_BRIDGE_CONTROL), 0);
    g_assert_cmphex(qtest_readl(t, cfg(1, 0, 0, PCI_BASE_ADDRESS_0)), ==, 0);
    g_assert_cmphex(qtest_readb(t, cfg(1, 0, 0, PCI_INTERRUPT_LINE)), ==, 0);
    g_assert_cmphex(qtest_readb(t, cfg(0, 2, 0, PCI_SECONDARY_BUS)), ==, 1);
    qtest_quit(t);
}

static void test_pxb(void)
{
    QTestState *t = qtest_init(VIRT_ARGS "-device pxb-pcie,id=far,bus=pcie.0,bus_nr=0x40,addr=3 "
                               "-device pcie-root-port,id=rp,bus=far,chassis=1 -device edu,bus=rp");

    g_assert_cmphex(qtest_readl(t, cfg(0, 3, 0, 0)), ==, 0x000b1b36);
    g_assert_cmphex(qtest_readl(t, cfg(0x40, 0, 0, 0)), ==, 0x000c1b36);
    number_bridge(t, 0x40, 0, 0x41, 0x41);
    g_assert_cmphex(qtest_readl(t, cfg(0x41, 0, 0, 0)), ==, 0x11e81234);
    qtest_quit(t);
}

/* The answer to DMA and interrupts without Bus Master Enable is silence. */
static void test_dma(void)
{
    QTestState *t = qtest_init(VIRT_ARGS "-device edu,bus=pcie.0,addr=1,dma_mask=0xffffffff");
    uint64_t b = MMIO32;

    qtest_writel(t, cfg(0, 1, 0, PCI_BASE_ADDRESS_0), b);
    qtest_writel(t, RAM + 0x3000000, 0xcafe1234);
    for (int master = 0; master < 2; master++) {
        qtest_writew(t, cfg(0, 1, 0, PCI_COMMAND), PCI_COMMAND_MEMORY | (master ? PCI_COMMAND_MASTER : 0));
        qtest_writeq(t, b + 0x80, RAM + 0x3000000);
        qtest_writeq(t, b + 0x88, 0x40000);
        qtest_writeq(t, b + 0x90, 4);
        qtest_writeq(t, b + 0x98, 1);
        g_assert_cmphex(qtest_readq(t, b + 0x98), ==, 1);
        qtest_clock_step(t, 200000000);
        g_assert_cmphex(qtest_readq(t, b + 0x98), ==, 0);
        qtest_writeq(t, b + 0x80, 0x40000);
        qtest_writeq(t, b + 0x88, RAM + 0x2000000);
        qtest_writeq(t, b + 0x98, 7);
        qtest_clock_step(t, 200000000);
        g_assert_cmphex(qtest_readl(t, RAM + 0x2000000), ==, master ? 0xcafe1234 : 0);
        g_assert_cmphex(qtest_readl(t, b + 0x24), ==, 0x100);
        qtest_writel(t, b + 0x64, 0x100);
    }
    qtest_writeq(t, b + 0x80, 0x50000);
    qtest_writeq(t, b + 0x90, ~0ULL);
    qtest_writeq(t, b + 0x98, 3);
    qtest_clock_step(t, 200000000);
    qtest_quit(t);
}

static void test_edu(void)
{
    QTestState *t = qtest_init(VIRT_ARGS "-device edu,bus=pcie.0,addr=1");
    uint64_t b = MMIO32;

    intercept_gic(t);
    qtest_writel(t, cfg(0, 1, 0, PCI_BASE_ADDRESS_0), b);
    qtest_writew(t, cfg(0, 1, 0, PCI_COMMAND), PCI_COMMAND_MEMORY);
    qtest_writel(t, b + 4, 0x12345678);
    g_assert_cmphex(qtest_readl(t, b + 4), ==, 0xedcba987);
    g_assert_cmphex(qtest_readl(t, b + 0x10), ==, 0xffffffff);
    qtest_writel(t, b + 8, 5);
    g_assert_cmpuint(qtest_readl(t, b + 8), ==, 120);
    qtest_writel(t, b + 8, 0xffffffff);
    g_assert_cmpuint(qtest_readl(t, b + 8), ==, 0);
    qtest_writel(t, b + 0x20, 0xff);
    g_assert_cmphex(qtest_readl(t, b + 0x20), ==, 0x80);
    qtest_writel(t, b + 8, 4);
    g_assert_cmphex(qtest_readl(t, b + 0x24), ==, 1);
    g_assert_true(qtest_readw(t, cfg(0, 1, 0, PCI_STATUS)) & PCI_STATUS_INTERRUPT);
    g_assert_true(qtest_get_irq(t, 3 + 1));             /* slot 1, INTA: the second of SPIs 3 to 6 */
    qtest_writew(t, cfg(0, 1, 0, PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_DISABLE);
    g_assert_false(qtest_get_irq(t, 3 + 1));
    qtest_writew(t, cfg(0, 1, 0, PCI_COMMAND), PCI_COMMAND_MEMORY);
    g_assert_true(qtest_get_irq(t, 3 + 1));
    qtest_writel(t, b + 0x64, 1);
    g_assert_false(qtest_get_irq(t, 3 + 1));
    qtest_quit(t);
}

static void test_testdev(void)
{
    QTestState *t = qtest_init(VIRT_ARGS "-device pci-testdev,bus=pcie.0,addr=1,membar=1M,membar-backed=on");
    uint64_t bars[] = { MMIO32, PIO + 0x1000 }, ram = MMIO32 + 0x100000;

    qtest_writel(t, cfg(0, 1, 0, PCI_BASE_ADDRESS_0), MMIO32);
    qtest_writel(t, cfg(0, 1, 0, PCI_BASE_ADDRESS_1), 0x1000);
    qtest_writel(t, cfg(0, 1, 0, PCI_BASE_ADDRESS_2), ram);
    qtest_writew(t, cfg(0, 1, 0, PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
    for (int bar = 0; bar < 2; bar++) {
        for (int test = 0; test < 3; test++) {
            uint32_t offset, value;

            qtest_writeb(t, bars[bar], test);
            g_assert_cmpuint(qtest_readb(t, bars[bar]), ==, bar * 3 + test);
            g_assert_cmpuint(qtest_readb(t, bars[bar] + 1), ==, 1);
            offset = qtest_readl(t, bars[bar] + 4);
            value = qtest_readl(t, bars[bar] + 8);
            g_assert_cmphex(offset, ==, bar ? 0x83 + test : 0x800 + test);
            g_assert_cmphex(value, ==, test == 1 ? 0xce : 0xfa);
            qtest_writeb(t, bars[bar] + offset, value);
            qtest_writeb(t, bars[bar] + offset, value + 1);
            g_assert_cmpuint(qtest_readl(t, bars[bar] + 12), ==, test ? 0 : 1);
        }
    }
    qtest_writeb(t, MMIO32, 3);
    g_assert_cmphex(qtest_readl(t, MMIO32), ==, 0);
    qtest_writel(t, ram + 0xffffc, 0x1234);
    g_assert_cmphex(qtest_readl(t, ram + 0xffffc), ==, 0x1234);
    qtest_quit(t);
}

static uint32_t testdev_dma(QTestState *t, uint64_t gva, uint64_t gpa, uint32_t len, uint32_t attrs)
{
    const uint32_t regs[][2] = { { 4, gva }, { 8, gva >> 32 }, { 12, len }, { 0x18, attrs }, { 0x1c, gpa }, { 0x20, gpa >> 32 } };

    for (size_t i = 0; i < ARRAY_SIZE(regs); i++) {
        qtest_writel(t, MMIO32 + regs[i][0], regs[i][1]);
    }
    qtest_writel(t, MMIO32 + 0x14, 1);
    g_assert_cmphex(qtest_readl(t, MMIO32 + 0x10), ==, 0xfffffffe);
    g_assert_cmphex(qtest_readl(t, MMIO32), ==, 0);
    return qtest_readl(t, MMIO32 + 0x10);
}

static void test_iommu_testdev(void)
{
    static const uint32_t attrs[][2] = {        /* as observed on the reference */
        { 0, 0 }, { 1, 0 }, { 7, 0 }, { 8, 0xdead0006 }, { 9, 0 }, { 0xa, 0 }, { 0xb, 0xdead0006 }, { 0xc, 0 }, { 0xf, 0 },
    };
    QTestState *t = qtest_init(VIRT_ARGS "-device iommu-testdev,bus=pcie.0,addr=1");
    uint64_t ram = RAM + 0x2000000;

    qtest_writel(t, cfg(0, 1, 0, PCI_BASE_ADDRESS_0), MMIO32);
    qtest_writew(t, cfg(0, 1, 0, PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    g_assert_cmphex(qtest_readl(t, MMIO32 + 0x10), ==, 0xffffffff);
    g_assert_cmphex(qtest_readl(t, MMIO32 + 0x18), ==, 2);
    qtest_readl(t, MMIO32);
    g_assert_cmphex(qtest_readl(t, MMIO32 + 0x10), ==, 0xdead0005);
    g_assert_cmphex(testdev_dma(t, ram, ram, 5, 2), ==, 0);
    g_assert_cmphex(qtest_readq(t, ram), ==, 0x7812345678);
    g_assert_cmphex(testdev_dma(t, ram, ram + 0x1000, 4, 2), ==, 0xdead0004);
    g_assert_cmphex(testdev_dma(t, 0xfff00000, ram, 4, 2), ==, 0xdead0002);
    g_assert_cmphex(testdev_dma(t, ram, ram, 0, 2), ==, 0xdead0001);
    g_assert_cmphex(testdev_dma(t, ram, ram, ~0U, 2), ==, 0xdead0001);
    for (size_t i = 0; i < ARRAY_SIZE(attrs); i++) {
        g_assert_cmphex(testdev_dma(t, ram, ram, 4, attrs[i][0]), ==, attrs[i][1]);
    }
    qtest_writew(t, cfg(0, 1, 0, PCI_COMMAND), PCI_COMMAND_MEMORY);
    g_assert_cmphex(testdev_dma(t, ram, ram, 4, 2), ==, 0xdead0002);
    qtest_quit(t);
}

/* --- Hotplug ------------------------------------------------------------------------------------- */

static void add_edu(QTestState *t, const char *id)
{
    json_decref(qtest_qmp_return(t, "{'execute': 'device_add', 'arguments': {'driver': 'edu', 'bus': 'rp', 'id': '%s'}}", id));
}

static void del_device(QTestState *t, const char *id)
{
    json_decref(qtest_qmp_return(t, "{'execute': 'device_del', 'arguments': {'id': '%s'}}", id));
}

static void slot_command(QTestState *t, uint16_t ctl)
{
    qtest_writew(t, cfg(0, 2, 0, SLTCTL), ctl);
    g_assert_true(qtest_readw(t, cfg(0, 2, 0, SLTSTA)) & PCI_EXP_SLTSTA_CC);
    qtest_writew(t, cfg(0, 2, 0, SLTSTA), PCI_EXP_SLTSTA_CC);
}

static void clear_events(QTestState *t)
{
    qtest_writew(t, cfg(0, 2, 0, SLTSTA), 0xffff);
}

static void test_hotplug(void)
{
    QTestState *t = qtest_init(VIRT_ARGS RP);
    uint16_t sta;

    number_bridge(t, 0, 2, 1, 1);
    g_assert_cmphex(qtest_readw(t, cfg(0, 2, 0, SLTCTL)), ==, 0x7c0);
    for (int round = 0; round < 10; round++) {
        json_t *event;

        add_edu(t, "card");
        sta = qtest_readw(t, cfg(0, 2, 0, SLTSTA));
        g_assert_cmphex(sta, ==, PCI_EXP_SLTSTA_ABP | PCI_EXP_SLTSTA_PDC | PCI_EXP_SLTSTA_PDS);
        g_assert_cmphex(qtest_readl(t, cfg(1, 0, 0, 0)), ==, 0xffffffff);
        clear_events(t);
        slot_command(t, CTL_BLINK);
        slot_command(t, CTL_ON);
        g_assert_cmphex(qtest_readl(t, cfg(1, 0, 0, 0)), ==, 0x11e81234);
        del_device(t, "card");
        g_assert_true(qtest_readw(t, cfg(0, 2, 0, SLTSTA)) & PCI_EXP_SLTSTA_ABP);
        clear_events(t);
        slot_command(t, CTL_BLINK);
        slot_command(t, CTL_OFF);
        event = qtest_qmp_event(t, "DEVICE_DELETED");
        g_assert_cmpstr(json_string_value(json_object_get(json_object_get(event, "data"), "device")), ==, "card");
        json_decref(event);
        g_assert_cmphex(qtest_readl(t, cfg(1, 0, 0, 0)), ==, 0xffffffff);
        g_assert_false(qtest_readw(t, cfg(0, 2, 0, SLTSTA)) & PCI_EXP_SLTSTA_PDS);
        clear_events(t);
    }
    qtest_quit(t);
}

static void test_hotplug_interrupt(void)
{
    QTestState *t = qtest_init(VIRT_ARGS RP);

    intercept_gic(t);
    qtest_writew(t, cfg(0, 2, 0, SLTCTL), CTL_OFF | PCI_EXP_SLTCTL_HPIE | PCI_EXP_SLTCTL_PDCE | PCI_EXP_SLTCTL_ABPE);
    clear_events(t);
    g_assert_false(qtest_get_irq(t, 3 + 2));
    add_edu(t, "card");
    g_assert_true(qtest_get_irq(t, 3 + 2));
    clear_events(t);
    g_assert_false(qtest_get_irq(t, 3 + 2));
    qtest_quit(t);
}

static void test_unplug_refused(void)
{
    QTestState *t = qtest_init(VIRT_ARGS RP "-device edu,bus=rp,id=card");

    number_bridge(t, 0, 2, 1, 1);
    slot_command(t, CTL_ON);
    del_device(t, "card");
    qtest_qmp_error(t, "GenericError", "asked to leave already", "{'execute': 'device_del', 'arguments': {'id': 'card'}}");
    slot_command(t, CTL_BLINK);
    qtest_qmp_error(t, "GenericError", "guest is busy", "{'execute': 'device_del', 'arguments': {'id': 'card'}}");
    slot_command(t, CTL_ON);
    json_decref(qtest_qmp_event(t, "DEVICE_UNPLUG_GUEST_ERROR"));
    g_assert_cmphex(qtest_readl(t, cfg(1, 0, 0, 0)), ==, 0x11e81234);
    del_device(t, "card");
    slot_command(t, CTL_OFF);
    json_decref(qtest_qmp_event(t, "DEVICE_DELETED"));
    qtest_quit(t);
}

/* A card the guest never powered leaves at once; one that is in comes up powered after a reset. */
static void test_unpowered(void)
{
    QTestState *t = qtest_init(VIRT_ARGS RP);

    add_edu(t, "a");
    del_device(t, "a");
    json_decref(qtest_qmp_event(t, "DEVICE_DELETED"));
    add_edu(t, "b");
    json_decref(qtest_qmp_return(t, "{'execute': 'system_reset'}"));
    json_decref(qtest_qmp_event(t, "RESET"));
    number_bridge(t, 0, 2, 1, 1);
    g_assert_cmphex(qtest_readl(t, cfg(1, 0, 0, 0)), ==, 0x11e81234);
    g_assert_cmphex(qtest_readw(t, cfg(0, 2, 0, SLTCTL)), ==, 0x3c0);
    qtest_quit(t);
}

static void test_multifunction_hotplug(void)
{
    QTestState *t = qtest_init(VIRT_ARGS RP);

    number_bridge(t, 0, 2, 1, 1);
    json_decref(qtest_qmp_return(t, "{'execute': 'device_add', 'arguments': {'driver': 'edu', 'bus': 'rp', 'id': 'f1', 'addr': '0.1'}}"));
    g_assert_false(qtest_readw(t, cfg(0, 2, 0, SLTSTA)) & PCI_EXP_SLTSTA_PDS);
    json_decref(qtest_qmp_return(t, "{'execute': 'device_add', 'arguments': {'driver': 'edu', 'bus': 'rp', 'id': 'f0', 'addr': '0.0',"
                                 " 'multifunction': true}}"));
    g_assert_true(qtest_readw(t, cfg(0, 2, 0, SLTSTA)) & PCI_EXP_SLTSTA_PDS);
    slot_command(t, CTL_ON);
    g_assert_cmphex(qtest_readb(t, cfg(1, 0, 0, PCI_HEADER_TYPE)), ==, 0x80);
    g_assert_cmphex(qtest_readl(t, cfg(1, 0, 1, 0)), ==, 0x11e81234);
    qtest_qmp_error(t, "GenericError", "has its function 0", "{'execute': 'device_add', 'arguments': {'driver': 'edu', 'bus': 'rp', 'addr': '0.2'}}");
    del_device(t, "f0");
    slot_command(t, CTL_OFF);
    json_decref(qtest_qmp_event(t, "DEVICE_DELETED"));
    json_decref(qtest_qmp_event(t, "DEVICE_DELETED"));
    qtest_quit(t);
}

static void expect_deleted(QTestState *t, const char *id)
{
    json_t *event = qtest_qmp_event(t, "DEVICE_DELETED"), *data = json_object_get(event, "data");
    g_autofree char *path = g_strdup_printf("/machine/peripheral/%s", id);

    g_assert_cmpstr(json_string_value(json_object_get(data, "device")), ==, id);
    g_assert_cmpstr(json_string_value(json_object_get(data, "path")), ==, path);
    json_decref(event);
}

/* A whole switch arrives and leaves. */
static void test_switch_hotplug(void)
{
    QTestState *t = qtest_init(VIRT_ARGS RP);

    for (int round = 0; round < 3; round++) {
        json_decref(qtest_qmp_return(t, "{'execute': 'device_add', 'arguments': {'driver': 'x3130-upstream', 'bus': 'rp', 'id': 'up'}}"));
        slot_command(t, CTL_ON);
        number_bridge(t, 0, 2, 1, 9);
        g_assert_cmphex(qtest_readl(t, cfg(1, 0, 0, 0)), ==, 0x8232104c);
        del_device(t, "up");
        slot_command(t, CTL_OFF);
        expect_deleted(t, "up");
    }
    qtest_quit(t);
}

/* All that stands below it leaves with it, and clients hear of each, the lowest first. */
static void test_switch_unplug(void)
{
    QTestState *t = qtest_init(VIRT_ARGS RP "-device x3130-upstream,bus=rp,id=up "
                               "-device xio3130-downstream,bus=up,id=down,chassis=7 -device edu,bus=down,id=card");

    slot_command(t, CTL_ON);
    del_device(t, "up");
    slot_command(t, CTL_OFF);
    expect_deleted(t, "card");
    expect_deleted(t, "down");
    expect_deleted(t, "up");
    qtest_quit(t);
}

static void test_hotplug_refused(void)
{
    QTestState *t = qtest_init(VIRT_ARGS "-device pcie-root-port,id=rp,bus=pcie.0,chassis=1,hotplug=off,addr=2");

    qtest_qmp_error(t, "GenericError", "hotplug=off", "{'execute': 'device_add', 'arguments': {'driver': 'edu', 'bus': 'rp'}}");
    qtest_qmp_error(t, "GenericError", "Nothing comes or goes",
                    "{'execute': 'device_add', 'arguments': {'driver': 'edu', 'bus': 'pcie.0'}}");
    qtest_quit(t);
}

/* --- Wrong command lines ----------------------------------------------------------------------------- */

static const struct { const char *args, *says; } wrong[] = {
    { "-device edu,bus=pcie.0,addr=0", "is taken by" },
    { "-device edu,bus=pcie.0,addr=3 -device edu,bus=pcie.0,addr=3.1", "multifunction=on" },
    { "-device edu,bus=pcie.0,addr=3.1 -device edu,bus=pcie.0,addr=3.0", "needs multifunction=on, because" },
    { RP "-device edu,bus=rp -device edu,bus=rp", "no slot is left" },
    { RP "-device edu,bus=rp,addr=1", "has slot 0 only" },
    { RP "-device pcie-root-port,chassis=1,slot=3,bus=pcie.0", "another port has it" },
    { RP "-device pcie-root-port,chassis=2,bus=rp", "root bus" },
    { "-device pcie-root-port,chassis=1,bus=pcie.0,mem-reserve=4G", "less than 4G" },
    { "-device pcie-root-port,chassis=1,bus=pcie.0,pref32-reserve=1M,pref64-reserve=1M", "exclude each other" },
    { "-device pcie-root-port,chassis=1,bus=pcie.0,bus-reserve=256", "at most 255" },
    { "-device pxb-pcie,bus=pcie.0,bus_nr=0", "already the number" },
    { "-device pxb-pcie,bus=pcie.0,bus_nr=9 -device pxb-pcie,bus=pcie.0,bus_nr=9", "already the number" },
    { "-device pxb-pcie,bus=pcie.0,bus_nr=9,numa_node=3", "numa node" },
    { "-device pxb-pcie,id=p,bus=pcie.0,bus_nr=9 -device edu,bus=p", "takes bridges only" },
    { "-device xio3130-downstream,bus=pcie.0,chassis=1", "upstream port" },
    { "-device edu,bus=pcie.0,failover_pair_id=x", "not supported" },
    { "-device edu,bus=pcie.0,romfile=/nonexistent/rom", "romfile" },
    { "-device edu,bus=pcie.0,romsize=3000", "power of two" },
    { "-device pci-testdev,bus=pcie.0,membar=3", "power of two" },
    { "-device edu,bus=pcie.0,acpi-index=1 -device edu,bus=pcie.0,acpi-index=1", "belongs to another device" },
};

static void test_wrong(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        qtest_refused(wrong[i].says, "-accel qtest " VIRT_ARGS "%s", wrong[i].args);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci/absent", test_absent);
    g_test_add_func("/pci/every-register", test_every_register);
    g_test_add_func("/pci/bar", test_bar);
    g_test_add_func("/pci/window", test_window);
    g_test_add_func("/pci/secondary-reset", test_secondary_reset);
    g_test_add_func("/pci/pxb", test_pxb);
    g_test_add_func("/pci/dma", test_dma);
    g_test_add_func("/pci/edu", test_edu);
    g_test_add_func("/pci/testdev", test_testdev);
    g_test_add_func("/pci/iommu-testdev", test_iommu_testdev);
    g_test_add_func("/pci/hotplug", test_hotplug);
    g_test_add_func("/pci/hotplug-interrupt", test_hotplug_interrupt);
    g_test_add_func("/pci/unplug-refused", test_unplug_refused);
    g_test_add_func("/pci/unpowered", test_unpowered);
    g_test_add_func("/pci/multifunction-hotplug", test_multifunction_hotplug);
    g_test_add_func("/pci/switch-hotplug", test_switch_hotplug);
    g_test_add_func("/pci/switch-unplug", test_switch_unplug);
    g_test_add_func("/pci/hotplug-refused", test_hotplug_refused);
    g_test_add_func("/pci/wrong", test_wrong);
    return g_test_run();
}
