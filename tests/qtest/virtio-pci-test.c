/*
 * What virtio has from PCI: MSI-X and INTx, the window in configuration space,
 * bus mastering, memory that goes away, a place behind an SMMU, hotplug.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virtio-rng-helpers.h"

enum { MSG_AT = RAM + 0x1000000 };

static uint64_t open_msix(QTestState *t, unsigned vectors)
{
    uint64_t table = VDEV_BAR + 0x4000000;
    int cap = find_cap(t, 0, 1, PCI_CAP_ID_MSIX);

    qtest_writel(t, cfg(0, 1, 0, PCI_BASE_ADDRESS_1), table);
    g_assert_cmpuint(qtest_readw(t, cfg(0, 1, 0, cap + PCI_MSIX_FLAGS)) & PCI_MSIX_FLAGS_QSIZE, ==, vectors - 1);
    qtest_writew(t, cfg(0, 1, 0, cap + PCI_MSIX_FLAGS), PCI_MSIX_FLAGS_ENABLE);
    for (unsigned i = 0; i < vectors; i++) {
        qtest_writel(t, table + i * 16, MSG_AT + 4 * i);
        qtest_writel(t, table + i * 16 + 8, 0x100 + i);
        qtest_writel(t, table + i * 16 + 12, 0);
    }
    return table;
}

/* Messages go to memory here, where they can be seen. */
static void test_msix(void)
{
    QTestState *t = qtest_init(VIRT_ARGS "-device virtio-rng-pci,addr=1,vectors=3");
    uint64_t table;
    VDev d;
    VQueue *q;

    vdev_init_pci(&d, t, 0, 1);
    table = open_msix(t, 3);
    vdev_start(&d, 0);
    vqueue_select(&d, 0);
    g_assert_cmphex(qtest_readw(t, d.common + VIRTIO_PCI_COMMON_Q_MSIX), ==, 0xffff);
    qtest_writew(t, d.common + VIRTIO_PCI_COMMON_Q_MSIX, 3);
    g_assert_cmphex(qtest_readw(t, d.common + VIRTIO_PCI_COMMON_Q_MSIX), ==, 0xffff);
    qtest_writew(t, d.common + VIRTIO_PCI_COMMON_Q_MSIX, 2);
    g_assert_cmphex(qtest_readw(t, d.common + VIRTIO_PCI_COMMON_Q_MSIX), ==, 2);
    qtest_writew(t, d.common + VIRTIO_PCI_COMMON_MSIX, 1);
    q = vqueue_new(&d, 0, RNG_QUEUE);
    vdev_driver_ok(&d);
    fill_one(q, 16);
    for (int i = 0; qtest_readl(t, MSG_AT + 8) != 0x102; i++) {
        g_assert_cmpint(i, <, 10000);
        g_usleep(500);
    }
    g_assert_cmphex(qtest_readl(t, MSG_AT + 4), ==, 0);
    /* Masked: pending, and sent when the mask opens. */
    qtest_writel(t, MSG_AT + 8, 0);
    qtest_writel(t, table + 2 * 16 + 12, 1);
    fill_one(q, 16);
    while (!(qtest_readl(t, table + 0x800) & 1 << 2)) {
        g_usleep(500);
    }
    g_assert_cmphex(qtest_readl(t, MSG_AT + 8), ==, 0);
    qtest_writel(t, table + 2 * 16 + 12, 0);
    g_assert_cmphex(qtest_readl(t, MSG_AT + 8), ==, 0x102);
    /* NEEDS_RESET comes by the configuration's vector. */
    spoil_at_mmio(q);
    vqueue_kick(q);
    vdev_wait_needs_reset(&d);
    g_assert_cmphex(qtest_readl(t, MSG_AT + 4), ==, 0x101);
    vdev_free(&d);
    qtest_quit(t);
}

/* --- PCI ------------------------------------------------------------------------------------------------ */

/* Without MSI-X the wire rises, and reading ISR status lowers it. The doorbell is in I/O space here. */
static void test_intx(void)
{
    enum { SPI_INTX = 3, SLOT = 1, PORT = 0x2000 };
    QTestState *t = qtest_init(VIRT_ARGS "-device virtio-rng-pci,addr=1,vectors=0,modern-pio-notify=on");
    int spi = SPI_INTX + SLOT % 4;
    unsigned id;
    VDev d;
    VQueue *q;

    intercept_gic(t);
    vdev_init_pci(&d, t, 0, SLOT);
    g_assert_cmpint(find_cap(t, 0, SLOT, PCI_CAP_ID_MSIX), ==, 0);
    qtest_writel(t, cfg(0, SLOT, 0, PCI_BASE_ADDRESS_2), PORT);
    qtest_writew(t, cfg(0, SLOT, 0, PCI_COMMAND), PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    q = begin(&d, 0);
    id = vqueue_add(q, (VBuf[]) { { vdev_alloc(&d, 16), 16, true } }, 1);
    qtest_writew(t, PIO + PORT, 0);
    g_assert_cmpuint(vqueue_wait(q, id), ==, 16);
    for (int i = 0; !qtest_get_irq(t, spi); i++) {
        g_assert_cmpint(i, <, 10000);
        g_usleep(500);
    }
    g_assert_cmphex(vdev_take_isr(&d), ==, 1);
    g_assert_false(qtest_get_irq(t, spi));
    vdev_free(&d);
    qtest_quit(t);
}

/* The window in config space reaches what the BAR does, also when the BAR is nowhere. */
static void test_config_window(void)
{
    QTestState *t = qtest_init(VIRT_ARGS "-device virtio-rng-pci,addr=1");
    int at = 0x84;                      /* first in the list but MSI-X */

    g_assert_cmphex(qtest_readb(t, cfg(0, 1, 0, at + 3)), ==, VIRTIO_PCI_CAP_PCI_CFG);
    qtest_writeb(t, cfg(0, 1, 0, at + 4), 4);
    qtest_writel(t, cfg(0, 1, 0, at + 8), VIRTIO_PCI_COMMON_STATUS);
    qtest_writel(t, cfg(0, 1, 0, at + 12), 1);
    qtest_writeb(t, cfg(0, 1, 0, at + 16), VIRTIO_CONFIG_S_ACKNOWLEDGE);
    g_assert_cmphex(qtest_readb(t, cfg(0, 1, 0, at + 16)), ==, VIRTIO_CONFIG_S_ACKNOWLEDGE);
    qtest_writel(t, cfg(0, 1, 0, at + 8), VIRTIO_PCI_COMMON_Q_SIZE);
    qtest_writel(t, cfg(0, 1, 0, at + 12), 2);
    g_assert_cmphex(qtest_readw(t, cfg(0, 1, 0, at + 16)), ==, RNG_QUEUE);
    /* Nonsense does nothing. */
    for (unsigned bar = 0; bar < 8; bar++) {
        for (unsigned len = 0; len < 6; len++) {
            qtest_writeb(t, cfg(0, 1, 0, at + 4), bar);
            qtest_writel(t, cfg(0, 1, 0, at + 8), bar == 4 ? 0xfffffffc : 3);
            qtest_writel(t, cfg(0, 1, 0, at + 12), len);
            qtest_writel(t, cfg(0, 1, 0, at + 16), 0xffffffff);
            qtest_readl(t, cfg(0, 1, 0, at + 16));
        }
    }
    qtest_quit(t);
}

/* Without bus mastering there is no DMA, and afterwards what was rung for is done. */
static void test_bus_master(void)
{
    QTestState *t = qtest_init(VIRT_ARGS "-device virtio-rng-pci,addr=1");
    VDev d;
    VQueue *q;
    unsigned id;
    uint32_t len;

    vdev_init_pci(&d, t, 0, 1);
    q = begin(&d, 0);
    qtest_writew(t, cfg(0, 1, 0, PCI_COMMAND), PCI_COMMAND_MEMORY);
    id = vqueue_add(q, (VBuf[]) { { vdev_alloc(&d, 16), 16, true } }, 1);
    vqueue_kick(q);
    for (int i = 0; i < 20; i++) {
        g_assert_false(vqueue_done(q, id, &len));
    }
    qtest_writew(t, cfg(0, 1, 0, PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    g_assert_cmpuint(vqueue_wait(q, id), ==, 16);
    vdev_free(&d);
    qtest_quit(t);
}

/* A device that found its rings before loses them with its view of memory: here bus mastering is all that stops it. */
static void test_memory_goes(void)
{
    QTestState *t = qtest_init(VIRT_ARGS "-device virtio-rng-pci,addr=1,iommu_platform=on,use-disabled-flag=off");
    VDev d;
    VQueue *q;

    vdev_init_pci(&d, t, 0, 1);
    q = begin(&d, F(VIRTIO_F_ACCESS_PLATFORM));
    fill_one(q, 16);
    qtest_writew(t, cfg(0, 1, 0, PCI_COMMAND), PCI_COMMAND_MEMORY);
    vqueue_add(q, (VBuf[]) { { vdev_alloc(&d, 16), 16, true } }, 1);
    vqueue_kick(q);
    vdev_wait_needs_reset(&d);
    vdev_free(&d);
    qtest_quit(t);
}

/* iommu_platform=on is DMA through the vIOMMU, off is DMA past it: the SMMU lets nothing through here. */
static void test_behind_smmu(const void *data)
{
    enum { SMMU = 0x09050000, GBPA = 0x44 };
    const uint32_t update = 1U << 31, abort_all = 1U << 20;
    bool platform = GPOINTER_TO_INT(data);
    QTestState *t = qtest_init(VIRT_ARGS "-M iommu=smmuv3 -device virtio-rng-pci,addr=1,iommu_platform=%s", platform ? "on" : "off");
    VDev d;
    VQueue *q;

    vdev_init_pci(&d, t, 0, 1);
    q = begin(&d, platform ? F(VIRTIO_F_ACCESS_PLATFORM) : 0);
    fill_one(q, 16);
    qtest_writel(t, SMMU + GBPA, update | abort_all);
    if (!platform) {
        fill_one(q, 16);
    } else {
        vqueue_add(q, (VBuf[]) { { vdev_alloc(&d, 16), 16, true } }, 1);
        vqueue_kick(q);
        vdev_wait_needs_reset(&d);
        qtest_writel(t, SMMU + GBPA, update);
        vdev_start(&d, F(VIRTIO_F_ACCESS_PLATFORM));
        vqueue_setup(q);
        vdev_driver_ok(&d);
        fill_one(q, 16);
    }
    vdev_free(&d);
    qtest_quit(t);
}

static void below_port(QTestState *t)
{
    number_bridge(t, 0, 1, 1, 1);
    qtest_writel(t, cfg(0, 1, 0, PCI_MEMORY_BASE), (VDEV_BAR >> 16) | ((VDEV_BAR + 0x7000000) & 0xfff00000));
    qtest_writel(t, cfg(0, 1, 0, PCI_PREF_MEMORY_BASE), (VDEV_BAR >> 16) | ((VDEV_BAR + 0x7000000) & 0xfff00000));
    qtest_writew(t, cfg(0, 1, 0, PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

/* Presses the attention button until the guest's answer (power off) lets the device go. */
static void remove_device(QTestState *t, const char *id)
{
    int exp = find_cap(t, 0, 1, PCI_CAP_ID_EXP);
    uint64_t slot = cfg(0, 1, 0, exp + PCI_EXP_SLTCTL);

    json_decref(qtest_qmp_return(t, "{'execute': 'device_del', 'arguments': {'id': '%s'}}", id));
    qtest_writew(t, slot, (qtest_readw(t, slot) & ~PCI_EXP_SLTCTL_PIC) | PCI_EXP_SLTCTL_PWR_IND_OFF | PCI_EXP_SLTCTL_PCC);
    json_decref(qtest_qmp_event(t, "DEVICE_DELETED"));
}

static void test_hotplug(void)
{
    QTestState *t = qtest_init(VIRT_ARGS "-object rng-random,id=r -device pcie-root-port,id=rp,chassis=1,slot=1,addr=1");
    int exp = find_cap(t, 0, 1, PCI_CAP_ID_EXP);

    below_port(t);
    for (int i = 0; i < 3; i++) {
        VDev d;
        VQueue *q;

        json_decref(qtest_qmp_return(t, "{'execute': 'device_add', 'arguments': {'driver': 'virtio-rng-pci', 'id': 'hot',"
                                     " 'bus': 'rp', 'rng': 'r'}}"));
        qtest_writew(t, cfg(0, 1, 0, exp + PCI_EXP_SLTCTL), PCI_EXP_SLTCTL_PWR_IND_ON);
        g_assert_cmphex(qtest_readw(t, cfg(1, 0, 0, PCI_DEVICE_ID)), ==, 0x1040 + VIRTIO_ID_RNG);
        vdev_init_pci(&d, t, 1, 0);
        q = begin(&d, 0);
        fill_one(q, 16);
        /* With a buffer waiting. */
        vqueue_add(q, (VBuf[]) { { vdev_alloc(&d, 16), 16, true } }, 1);
        remove_device(t, "hot");
        vdev_free(&d);
    }
    json_decref(qtest_qmp_return(t, "{'execute': 'object-del', 'arguments': {'id': 'r'}}"));
    qtest_quit(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio/pci/msix", test_msix);
    g_test_add_func("/virtio/pci/intx", test_intx);
    g_test_add_func("/virtio/pci/config-window", test_config_window);
    g_test_add_func("/virtio/pci/bus-master", test_bus_master);
    g_test_add_func("/virtio/pci/memory-goes", test_memory_goes);
    g_test_add_func("/virtio/pci/hotplug", test_hotplug);
    g_test_add_data_func("/virtio/pci/past-the-smmu", GINT_TO_POINTER(false), test_behind_smmu);
    g_test_add_data_func("/virtio/pci/behind-the-smmu", GINT_TO_POINTER(true), test_behind_smmu);
    return g_test_run();
}
