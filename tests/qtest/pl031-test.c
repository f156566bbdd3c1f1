/*
 * PL031: counter, load, match interrupt.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virt-helpers.h"

enum { DR = RTC, MR = RTC + 4, LR = RTC + 8, CR = RTC + 0xc, IMSC = RTC + 0x10, RIS = RTC + 0x14, MIS = RTC + 0x18, ICR = RTC + 0x1c };
#define SECOND 1000000000LL

static void test_host_time(void)
{
    QTestState *t = qtest_init(VIRT_ARGS);
    int64_t now = g_get_real_time() / G_USEC_PER_SEC;

    g_assert_cmpint(ABS(now - (int64_t)qtest_readl(t, DR)), <=, 2);
    g_assert_cmphex(qtest_readl(t, CR), ==, 1);
    g_assert_cmphex(qtest_readl(t, RTC + 0xfe0), ==, 0x31);
    qtest_quit(t);
}

static void test_match(void)
{
    QTestState *t = qtest_init(VIRT_ARGS "-rtc clock=vm,base=2020-01-01T00:00:00");

    intercept_gic(t);
    g_assert_cmpint(qtest_readl(t, DR), ==, 1577836800);
    qtest_writel(t, IMSC, 1);
    qtest_writel(t, MR, 1577836800 + 10);
    qtest_clock_step(t, 9 * SECOND);
    g_assert_false(qtest_get_irq(t, SPI_RTC));
    qtest_clock_step(t, 2 * SECOND);
    g_assert_true(qtest_get_irq(t, SPI_RTC));
    g_assert_cmphex(qtest_readl(t, MIS), ==, 1);
    qtest_writel(t, ICR, 1);
    g_assert_false(qtest_get_irq(t, SPI_RTC));
    qtest_quit(t);
}

static void test_load(void)
{
    QTestState *t = qtest_init(VIRT_ARGS "-rtc clock=vm,base=2020-01-01");

    intercept_gic(t);
    qtest_writel(t, LR, 0xfffffffe);
    g_assert_cmphex(qtest_readl(t, DR), ==, 0xfffffffe);
    g_assert_cmphex(qtest_readl(t, LR), ==, 0xfffffffe);
    qtest_writel(t, IMSC, 1);
    qtest_writel(t, MR, 1);             /* after the counter has wrapped */
    g_assert_false(qtest_get_irq(t, SPI_RTC));
    qtest_clock_step(t, 3 * SECOND);
    g_assert_cmphex(qtest_readl(t, DR), ==, 1);
    g_assert_true(qtest_get_irq(t, SPI_RTC));
    qtest_quit(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pl031/host-time", test_host_time);
    g_test_add_func("/pl031/match", test_match);
    g_test_add_func("/pl031/load", test_load);
    return g_test_run();
}
