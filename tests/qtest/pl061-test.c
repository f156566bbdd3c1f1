/*
 * PL061 and the power key on its pin 3.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virt-helpers.h"

enum { GPIO_DIR = GPIO + 0x400, IS = GPIO + 0x404, IBE = GPIO + 0x408, IEV = GPIO + 0x40c, IE = GPIO + 0x410, RIS = GPIO + 0x414,
       MIS = GPIO + 0x418, IC = GPIO + 0x41c };
#define DATA(mask) (GPIO + ((mask) << 2))

static void test_registers(void)
{
    static const uint8_t id[] = { 0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
    QTestState *t = qtest_init(VIRT_ARGS);

    for (size_t i = 0; i < ARRAY_SIZE(id); i++) {
        g_assert_cmphex(qtest_readl(t, GPIO + 0xfe0 + 4 * i), ==, id[i]);
    }
    qtest_writel(t, GPIO_DIR, 0xf0);
    qtest_writel(t, DATA(0x30), 0xff);  /* the address masks */
    g_assert_cmphex(qtest_readl(t, DATA(0xff)), ==, 0x30);
    g_assert_cmphex(qtest_readl(t, DATA(0x10)), ==, 0x10);
    qtest_writel(t, DATA(0x0f), 0xff);  /* inputs do not take data */
    g_assert_cmphex(qtest_readl(t, DATA(0xff)), ==, 0x30);
    qtest_quit(t);
}

static void press(QTestState *t)
{
    json_decref(qtest_qmp_return(t, "{'execute': 'system_powerdown'}"));
    json_decref(qtest_qmp_event(t, "POWERDOWN"));
}

static void test_power_key(void)
{
    QTestState *t = qtest_init(VIRT_ARGS);

    intercept_gic(t);
    qtest_writel(t, IBE, 8);
    qtest_writel(t, IE, 8);
    press(t);
    g_assert_true(qtest_get_irq(t, SPI_GPIO));
    g_assert_cmphex(qtest_readl(t, DATA(8)), ==, 8);
    g_assert_cmphex(qtest_readl(t, MIS), ==, 8);
    qtest_writel(t, IC, 8);
    g_assert_false(qtest_get_irq(t, SPI_GPIO));
    qtest_clock_step(t, 100000000);
    g_assert_cmphex(qtest_readl(t, DATA(8)), ==, 0);
    g_assert_true(qtest_get_irq(t, SPI_GPIO));
    qtest_quit(t);
}

static void test_level(void)
{
    QTestState *t = qtest_init(VIRT_ARGS);

    intercept_gic(t);
    qtest_writel(t, IS, 8);
    qtest_writel(t, IEV, 8);
    qtest_writel(t, IE, 8);
    g_assert_false(qtest_get_irq(t, SPI_GPIO));
    press(t);
    g_assert_true(qtest_get_irq(t, SPI_GPIO));
    qtest_writel(t, IC, 8);             /* does not help while the pin is high */
    g_assert_true(qtest_get_irq(t, SPI_GPIO));
    qtest_clock_step(t, 100000000);
    g_assert_false(qtest_get_irq(t, SPI_GPIO));
    qtest_quit(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pl061/registers", test_registers);
    g_test_add_func("/pl061/power-key", test_power_key);
    g_test_add_func("/pl061/level", test_level);
    return g_test_run();
}
