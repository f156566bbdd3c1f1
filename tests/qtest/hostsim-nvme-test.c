/*
 * Our own NVMe controller as a simulated host device, given to the guest by
 * vfio-pci: every register access and every DMA takes the way it takes with a
 * real one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nvme-helpers.h"

#define MSI_CELL (RAM + 0x3000000)      /* a doorbell made of memory */
#define SIM "-object '{\"qom-type\": \"x-hostsim\", \"id\": \"sim\", \"devices\": [{\"host\": \"0000:05:00.0\", \"group\": 1," \
    "\"model\": \"nvme\", \"properties\": {\"serial\": \"S1\", \"drive\": \"d\"}}]}' -object iommufd,id=i0 "

static Nvme *start(void)
{
    g_autofree char *disk = disk_new("disk");
    Nvme *n = g_new0(Nvme, 1);

    n->t = qtest_init(VIRT_ARGS SIM "-drive if=none,id=d,format=raw,file=%s -device vfio-pci,id=v,host=0000:05:00.0,iommufd=i0,addr=1", disk);
    enable(n);
    return n;
}

static void stop(Nvme *n)
{
    qtest_quit(n->t);
    g_free(n);
}

static void test_data(void)
{
    Nvme *n = start();
    char text[21] = "";

    g_assert_cmphex(admin(n, NVME_ADM_IDENTIFY, 0, DATA, NVME_CNS_CTRL, 0), ==, NVME_OK);
    qtest_memread(n->t, DATA + 4, text, 20);
    g_assert_true(g_str_has_prefix(text, "S1 "));
    make_io_queue(n);
    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_READ, 5, 8, DATA, 0)), ==, NVME_OK);
    for (unsigned i = 0; i < 8; i++) {
        g_assert_cmphex(qtest_readb(n->t, DATA + i * 512), ==, 5 + i);
    }
    qtest_memset(n->t, DATA, 0x5a, 4096);
    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_WRITE, 100, 8, DATA, 0)), ==, NVME_OK);
    qtest_memset(n->t, DATA, 0, 4096);
    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_READ, 100, 8, DATA, 0)), ==, NVME_OK);
    g_assert_cmphex(qtest_readb(n->t, DATA + 4095), ==, 0x5a);
    stop(n);
}

/* Its completions come as MSI-X: host vector, eventfd, the guest's table. */
static void test_msix(void)
{
    Nvme *n = start();
    QTestState *t = n->t;
    int cap = find_cap(t, 0, 1, PCI_CAP_ID_MSIX);
    uint64_t table = BAR + (qtest_readl(t, cfg(0, 1, 0, cap + PCI_MSIX_TABLE)) & PCI_MSIX_TABLE_OFFSET);

    g_assert_cmpint(cap, !=, 0);
    g_assert_cmphex(qtest_readl(t, cfg(0, 1, 0, cap + PCI_MSIX_TABLE)) & PCI_MSIX_TABLE_BIR, ==, 0);
    qtest_writew(t, cfg(0, 1, 0, cap + PCI_MSIX_FLAGS), PCI_MSIX_FLAGS_ENABLE);
    qtest_writel(t, table, MSI_CELL);
    qtest_writel(t, table + 4, 0);
    qtest_writel(t, table + 8, 0x1234);
    qtest_writel(t, table + 12, 0);
    g_assert_cmphex(admin(n, NVME_ADM_IDENTIFY, 0, DATA, NVME_CNS_CTRL, 0), ==, NVME_OK);
    for (int i = 0; i < 1000 && qtest_readl(t, MSI_CELL) != 0x1234; i++) {
        g_usleep(1000);
    }
    g_assert_cmphex(qtest_readl(t, MSI_CELL), ==, 0x1234);
    stop(n);
}

/* The machine's reset is the function's; without bus master it reaches nothing. */
static void test_reset(void)
{
    Nvme *n = start();

    json_decref(qtest_qmp_return(n->t, "{'execute': 'system_reset'}"));
    json_decref(qtest_qmp_event(n->t, "RESET"));
    g_assert_cmphex(qtest_readw(n->t, cfg(0, 1, 0, PCI_COMMAND)), ==, 0);
    qtest_writel(n->t, cfg(0, 1, 0, PCI_BASE_ADDRESS_0), BAR);
    qtest_writew(n->t, cfg(0, 1, 0, PCI_COMMAND), PCI_COMMAND_MEMORY);
    g_assert_cmphex(qtest_readl(n->t, BAR + NVME_REG_CSTS), ==, 0);
    enable(n);
    g_assert_cmphex(admin(n, NVME_ADM_IDENTIFY, 0, DATA, NVME_CNS_CTRL, 0), ==, NVME_OK);
    stop(n);
}

/* A queue in memory that no host mapping shows. */
static void test_nowhere(void)
{
    Nvme *n = start();
    QTestState *t = n->t;

    qtest_writel(t, BAR + NVME_REG_CC, 0);
    qtest_writeq(t, BAR + NVME_REG_ASQ, 0x7000000000ULL);
    qtest_writeq(t, BAR + NVME_REG_ACQ, 0x7000001000ULL);
    qtest_writel(t, BAR + NVME_REG_CC, 4 << 20 | 6 << 16 | 1);
    qtest_writel(t, BAR + NVME_REG_DOORBELLS, 1);
    g_usleep(10000);
    qtest_readl(t, BAR + NVME_REG_CSTS);
    enable(n);
    g_assert_cmphex(admin(n, NVME_ADM_IDENTIFY, 0, DATA, NVME_CNS_CTRL, 0), ==, NVME_OK);
    stop(n);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostsim/nvme/data", test_data);
    g_test_add_func("/hostsim/nvme/msix", test_msix);
    g_test_add_func("/hostsim/nvme/reset", test_reset);
    g_test_add_func("/hostsim/nvme/nowhere", test_nowhere);
    return g_test_run();
}
