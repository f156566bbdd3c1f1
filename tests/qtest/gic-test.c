/*
 * The interrupt controllers that stand in under -accel qtest: wires, MSIs by
 * ITS and by v2m frame, and what the options refuse.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virt-helpers.h"

enum { GICD = 0x08000000, ITS = 0x08080000, V2M = 0x08020000, TRANSLATER = ITS + 0x10040, MSI_COUNT = ITS + 0x10080, MSI_OLDEST = ITS + 0x10088 };

/* A key press shows as the level of the GPIO controller's line, where pending bits would be. */
static void test_wire(void)
{
    QTestState *t = qtest_init("-M virt -nodefaults");

    g_assert_cmphex(qtest_readl(t, GICD + 0x200 + (32 + SPI_GPIO) / 32 * 4) & BIT((32 + SPI_GPIO) % 32), ==, 0);
    qtest_writel(t, GPIO + 0x408, 8);
    qtest_writel(t, GPIO + 0x410, 8);
    json_decref(qtest_qmp_return(t, "{'execute': 'system_powerdown'}"));
    g_assert_cmphex(qtest_readl(t, GICD + 0x200 + (32 + SPI_GPIO) / 32 * 4) & BIT((32 + SPI_GPIO) % 32), !=, 0);
    qtest_quit(t);
}

static void test_identity(void)
{
    QTestState *t = qtest_init("-M virt,gic-version=3 -nodefaults");

    g_assert_cmphex(qtest_readl(t, GICD + 0xffe8), ==, 0x30);
    qtest_writel(t, GICD, 3);           /* nothing to enable */
    g_assert_cmphex(qtest_readl(t, GICD), ==, 0);
    qtest_quit(t);
    t = qtest_init("-M virt,gic-version=2 -smp 4 -nodefaults");
    g_assert_cmphex(qtest_readl(t, GICD + 0xfe8), ==, 0x20);
    g_assert_cmphex(qtest_readl(t, GICD + 4) >> 5 & 7, ==, 3);
    qtest_quit(t);
}

static void test_its_ring(void)
{
    QTestState *t = qtest_init("-M virt,gic-version=3 -nodefaults");

    g_assert_cmphex(qtest_readq(t, MSI_OLDEST), ==, UINT64_MAX);
    for (uint32_t i = 0; i < 1500; i++) {
        qtest_writel(t, TRANSLATER, i);
    }
    g_assert_cmpuint(qtest_readq(t, MSI_COUNT), ==, 1500);
    for (uint32_t i = 1500 - 1024; i < 1500; i++) {
        g_assert_cmpuint(qtest_readq(t, MSI_OLDEST), ==, i);
    }
    g_assert_cmphex(qtest_readq(t, MSI_OLDEST), ==, UINT64_MAX);
    qtest_writel(t, TRANSLATER, 7);
    json_decref(qtest_qmp_return(t, "{'execute': 'system_reset'}"));
    json_decref(qtest_qmp_event(t, "RESET"));
    g_assert_cmpuint(qtest_readq(t, MSI_COUNT), ==, 0);
    qtest_quit(t);
}

static void test_v2m(void)
{
    QTestState *t = qtest_init("-M virt,gic-version=2 -nodefaults");
    uint32_t typer = qtest_readl(t, V2M + 8), base = typer >> 16;
    g_autofree char *path = NULL;

    g_assert_cmpuint(typer & 0x3ff, ==, 64);
    g_assert_cmpuint(base, ==, 80);
    path = find_unattached(t, "arm_gic");
    qtest_irq_intercept_in(t, path);
    qtest_writel(t, V2M + 0x40, base + 5);
    g_assert_cmpuint(qtest_irq_raised(t, base + 5 - 32), ==, 1);
    g_assert_false(qtest_get_irq(t, base + 5 - 32));
    qtest_writel(t, V2M + 0x40, base - 1);          /* not this frame's */
    qtest_writel(t, V2M + 0x40, base + 64);
    qtest_writel(t, V2M + 0x40, 0xffffffff);
    g_assert_cmpuint(qtest_irq_raised(t, base + 5 - 32), ==, 1);
    qtest_quit(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gic/wire", test_wire);
    g_test_add_func("/gic/identity", test_identity);
    g_test_add_func("/gic/its-ring", test_its_ring);
    g_test_add_func("/gic/v2m", test_v2m);
    return g_test_run();
}
