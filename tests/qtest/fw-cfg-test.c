/*
 * fw_cfg: signature, directory, DMA in every form, wrong descriptors, -fw_cfg.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virt-helpers.h"

enum { DATA = FW_CFG, SELECTOR = FW_CFG + 8, DMA = FW_CFG + 16 };

static void select_key(QTestState *t, uint16_t key)
{
    qtest_writew(t, SELECTOR, GUINT16_SWAP_LE_BE(key));
}

static void test_registers(void)
{
    QTestState *t = qtest_init(VIRT_ARGS "-smp 2");
    char text[8] = "";

    qtest_memread(t, DMA, text, 8);
    g_assert_cmpmem(text, 8, "QEMU CFG", 8);
    select_key(t, 0);
    for (int i = 0; i < 4; i++) {
        text[i] = qtest_readb(t, DATA);
    }
    g_assert_cmpmem(text, 4, "QEMU", 4);
    g_assert_cmphex(qtest_readl(t, DATA), ==, 0);          /* past the end */
    select_key(t, 1);
    g_assert_cmphex(qtest_readl(t, DATA), ==, 3);
    select_key(t, 5);
    g_assert_cmphex(qtest_readw(t, DATA), ==, 2);
    select_key(t, 0x7fff);
    g_assert_cmphex(qtest_readq(t, DATA), ==, 0);
    qtest_quit(t);
}

static void test_dma(void)
{
    QTestState *t = qtest_init(VIRT_ARGS);
    char text[8];

    fw_cfg_get(t, 0, text, 4);
    g_assert_cmpmem(text, 4, "QEMU", 4);
    g_assert_cmphex(fw_cfg_dma(t, DMA_SELECT, 0, 0), ==, 0);
    g_assert_cmphex(fw_cfg_dma(t, DMA_SKIP, 0, 2), ==, 0);
    qtest_memset(t, DMA_BUF, 0xaa, 8);
    g_assert_cmphex(fw_cfg_dma(t, DMA_READ, DMA_BUF, 6), ==, 0);
    qtest_memread(t, DMA_BUF, text, 8);
    g_assert_cmpmem(text, 8, "MU\0\0\0\0\xaa\xaa", 8);
    qtest_quit(t);
}

/* The address in two halves, as a 32-bit guest writes it. */
static void test_dma_halves(void)
{
    QTestState *t = qtest_init(VIRT_ARGS);
    uint8_t desc[16];

    stl_be_p(desc, DMA_SELECT | DMA_READ);
    stl_be_p(desc + 4, 4);
    stq_be_p(desc + 8, DMA_BUF);
    qtest_memwrite(t, DMA_DESC, desc, sizeof(desc));
    qtest_writel(t, DMA, 0);
    qtest_writel(t, DMA + 4, GUINT32_SWAP_LE_BE((uint32_t)DMA_DESC));
    qtest_memread(t, DMA_BUF, desc, 4);
    g_assert_cmpmem(desc, 4, "QEMU", 4);
    qtest_quit(t);
}

static void test_hostile(void)
{
    QTestState *t = qtest_init(VIRT_ARGS);

    /* to nowhere, to a device, out of a read-only item, beyond the map; a huge length stops at the first error */
    g_assert_cmphex(fw_cfg_dma(t, DMA_SELECT | DMA_READ, 0xf000000000000000, 4), ==, 1);
    g_assert_cmphex(fw_cfg_dma(t, DMA_SELECT | DMA_WRITE, DMA_BUF, 4), ==, 1);
    g_assert_cmphex(fw_cfg_dma(t, 0x7777u << 16 | DMA_SELECT | DMA_WRITE, DMA_BUF, 4), ==, 1);
    g_assert_cmphex(fw_cfg_dma(t, DMA_SELECT | DMA_READ, DMA_BUF, 0xffffffff), ==, 1);
    g_assert_cmphex(fw_cfg_dma(t, DMA_SELECT | DMA_SKIP, DMA_BUF, 0xffffffff), ==, 0);
    /* descriptors outside RAM, and one that is the device itself */
    qtest_writeq(t, DMA, 0);
    qtest_writeq(t, DMA, 0xffffffffffffffff);
    qtest_writeq(t, DMA, GUINT64_SWAP_LE_BE((uint64_t)FW_CFG));
    qtest_writeb(t, DMA, 1);
    qtest_writew(t, DMA + 2, 1);
    fw_cfg_get(t, 0, (char[4]) { 0 }, 4);
    qtest_quit(t);
}

static void test_directory(void)
{
    static const char *const expected[] = { "bios-geometry", "bootorder", "etc/acpi/rsdp", "etc/acpi/tables", "etc/boot-fail-wait",
        "etc/smbios/smbios-anchor", "etc/smbios/smbios-tables", "etc/table-loader", "etc/tpm/log" };
    QTestState *t = qtest_init(VIRT_ARGS);
    uint8_t dir[4 + G_N_ELEMENTS(expected) * 64];

    fw_cfg_get(t, 0x19, dir, sizeof(dir));
    g_assert_cmpint(ldl_be_p(dir), ==, G_N_ELEMENTS(expected));
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_assert_cmpstr((char *)dir + 4 + i * 64 + 8, ==, expected[i]);
        g_assert_cmphex(ldw_be_p(dir + 4 + i * 64 + 4), ==, 0x20 + i);
    }
    qtest_quit(t);
}

static void test_user_files(void)
{
    QTestState *t = qtest_init(VIRT_ARGS "-fw_cfg name=opt/org.test/a,string=hello -boot menu=on,reboot-timeout=100,splash-time=50 "
                               "-device pxb-pcie,bus_nr=8,id=p");
    uint32_t size = 0;
    uint16_t key = fw_cfg_find_file(t, "opt/org.test/a", &size);
    char text[8];

    g_assert_cmpint(size, ==, 5);
    fw_cfg_get(t, key, text, 5);
    g_assert_cmpmem(text, 5, "hello", 5);
    fw_cfg_get(t, fw_cfg_find_file(t, "etc/boot-fail-wait", &size), text, 4);
    g_assert_cmpint(ldl_le_p(text), ==, 100);
    fw_cfg_get(t, fw_cfg_find_file(t, "etc/boot-menu-wait", &size), text, 2);
    g_assert_cmpint(ldw_le_p(text), ==, 50);
    fw_cfg_get(t, fw_cfg_find_file(t, "etc/extra-pci-roots", &size), text, 8);
    g_assert_cmpint(ldq_le_p(text), ==, 1);
    fw_cfg_get(t, 0x0e, text, 2);
    g_assert_cmpint(ldw_le_p(text), ==, 1);
    qtest_quit(t);
}

#define TWO_DISKS "-blockdev driver=null-co,node-name=d0,size=1M -blockdev driver=null-co,node-name=d1,size=1M "

/* Paths by the place in the PCI tree; extra roots are counted in order of bus number. */
static void test_boot_order(void)
{
    g_autofree char *devices = qtest_run_stdout("-accel qtest -M virt -device help");
    char order[256];
    uint32_t size = 0;
    uint16_t key;
    QTestState *t;

    if (!strstr(devices, "\"nvme\"")) {
        g_test_skip("this build has no nvme");
        return;
    }
    t = qtest_init(VIRT_ARGS TWO_DISKS "-device pxb-pcie,bus_nr=8,id=p8 -device pxb-pcie,bus_nr=4,id=p4,bus=pcie.0 "
                   "-device pcie-root-port,bus=p8,id=rp,chassis=1 -device nvme,serial=a,drive=d0,bus=pcie.0,addr=5,bootindex=7 "
                   "-device nvme,serial=b,drive=d1,bus=rp,bootindex=2");
    key = fw_cfg_find_file(t, "bootorder", &size);
    g_assert_cmpuint(size, <=, sizeof(order));
    fw_cfg_get(t, key, order, size);
    g_assert_cmpint(order[size - 1], ==, 0);
    g_assert_true(g_str_has_prefix(order, "/pci@ffffffffffffffff,2/pci-bridge@0/"));
    g_assert_nonnull(strstr(order, "\n/pci@ffffffffffffffff/"));
    qtest_quit(t);
    qtest_refused("bootindex 1", VIRT_RUN_ARGS TWO_DISKS "-device nvme,serial=a,drive=d0,bootindex=1 -device nvme,serial=b,drive=d1,bootindex=1");
}

static void test_wrong_user_files(void)
{
    static const char *const wrong[] = {
        "-fw_cfg string=a", "-fw_cfg name=opt/a", "-fw_cfg name=opt/a,string=x,file=y", "-fw_cfg name=opt/a,file=/does/not/exist",
        "-fw_cfg name=opt/a,string=x,wrong=1", "-fw_cfg name=etc/tpm/log,string=x", "-fw_cfg name=bootorder,string=x", "-fw_cfg name=opt/a,string=1 -fw_cfg name=opt/a,string=2",
        "-fw_cfg name=opt/0123456789012345678901234567890123456789012345678901234,string=x",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        qtest_refused("fw_cfg", VIRT_RUN_ARGS "%s", wrong[i]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fw-cfg/registers", test_registers);
    g_test_add_func("/fw-cfg/dma", test_dma);
    g_test_add_func("/fw-cfg/dma-halves", test_dma_halves);
    g_test_add_func("/fw-cfg/hostile", test_hostile);
    g_test_add_func("/fw-cfg/directory", test_directory);
    g_test_add_func("/fw-cfg/user-files", test_user_files);
    g_test_add_func("/fw-cfg/boot-order", test_boot_order);
    g_test_add_func("/fw-cfg/wrong-user-files", test_wrong_user_files);
    return g_test_run();
}
