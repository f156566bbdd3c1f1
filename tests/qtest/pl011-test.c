/*
 * PL011: reset values, data through a file and a socket, FIFOs, interrupts, loopback.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/socket.h>
#include <sys/un.h>
#include "virt-helpers.h"

enum { DR = UART0, RSR = UART0 + 4, FR = UART0 + 0x18, LCR_H = UART0 + 0x2c, CR = UART0 + 0x30, IFLS = UART0 + 0x34, IMSC = UART0 + 0x38,
       RIS = UART0 + 0x3c, MIS = UART0 + 0x40, ICR = UART0 + 0x44, PERIPH_ID = UART0 + 0xfe0 };
enum { FR_RXFE = 0x10, FR_TXFF = 0x20, FR_RXFF = 0x40, FR_TXFE = 0x80, INT_RX = 0x10, INT_TX = 0x20, INT_OE = 0x400, LCR_FEN = 0x10, CR_LBE = 0x80 };

static void test_reset_values(void)
{
    static const uint8_t id[] = { 0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
    QTestState *t = qtest_init(VIRT_ARGS "-serial null");

    for (size_t i = 0; i < ARRAY_SIZE(id); i++) {
        g_assert_cmphex(qtest_readl(t, PERIPH_ID + 4 * i), ==, id[i]);
    }
    g_assert_cmphex(qtest_readl(t, FR), ==, FR_TXFE | FR_RXFE);
    g_assert_cmphex(qtest_readl(t, CR), ==, 0x300);
    g_assert_cmphex(qtest_readl(t, IFLS), ==, 0x12);
    g_assert_cmphex(qtest_readb(t, PERIPH_ID), ==, 0x11);
    qtest_quit(t);
}

static void test_output(void)
{
    g_autofree char *path = g_build_filename(qtest_tmpdir(), "uart", NULL), *text = NULL;
    QTestState *t = qtest_init(VIRT_ARGS "-serial file:%s", path);

    intercept_gic(t);
    qtest_writel(t, IMSC, INT_TX);
    for (const char *p = "hello\n"; *p; p++) {
        qtest_writeb(t, DR, *p);
    }
    g_assert_true(qtest_get_irq(t, SPI_UART0));
    qtest_writel(t, ICR, INT_TX);
    g_assert_false(qtest_get_irq(t, SPI_UART0));
    qtest_quit(t);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "hello\n");
}

static int connect_to(const char *path)
{
    struct sockaddr_un sa = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    g_strlcpy(sa.sun_path, path, sizeof(sa.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), ==, 0);
    return fd;
}

/* What arrived takes a turn of the emulator's loop to show. */
static void wait_received(QTestState *t)
{
    for (int i = 0; i < 1000 && qtest_readl(t, FR) & FR_RXFE; i++) {
        g_usleep(1000);
    }
    g_assert_cmphex(qtest_readl(t, FR) & FR_RXFE, ==, 0);
}

static void test_input(void)
{
    g_autofree char *path = g_build_filename(qtest_tmpdir(), "uart.sock", NULL);
    QTestState *t = qtest_init(VIRT_ARGS "-chardev socket,id=c,path=%s,server=on,wait=off -serial chardev:c", path);
    int fd = connect_to(path);
    char got[64];

    intercept_gic(t);
    qtest_writel(t, LCR_H, LCR_FEN);
    qtest_writel(t, IMSC, INT_RX);
    /* More than the FIFO holds: the rest waits outside, nothing is lost. */
    g_assert_cmpint(write(fd, "abcdefghijklmnopqrstuvwxyz", 26), ==, 26);
    for (int i = 0; i < 26; i++) {
        wait_received(t);
        g_assert_true(qtest_get_irq(t, SPI_UART0));
        got[i] = qtest_readl(t, DR);
    }
    got[26] = 0;
    g_assert_cmpstr(got, ==, "abcdefghijklmnopqrstuvwxyz");
    g_assert_false(qtest_get_irq(t, SPI_UART0));
    g_assert_cmphex(qtest_readl(t, RIS) & INT_OE, ==, 0);
    qtest_writeb(t, DR, '!');
    g_assert_cmpint(read(fd, got, 1), ==, 1);
    g_assert_cmpint(got[0], ==, '!');
    close(fd);
    qtest_quit(t);
}

static void test_loopback(void)
{
    QTestState *t = qtest_init(VIRT_ARGS "-serial null");

    qtest_writel(t, LCR_H, LCR_FEN);
    qtest_writel(t, CR, 0x300 | CR_LBE);
    for (int i = 0; i < 17; i++) {
        qtest_writel(t, DR, i);
    }
    g_assert_cmphex(qtest_readl(t, FR) & FR_RXFF, ==, FR_RXFF);
    g_assert_cmphex(qtest_readl(t, RIS) & (INT_RX | INT_OE), ==, INT_RX | INT_OE);
    for (int i = 0; i < 16; i++) {
        g_assert_cmphex(qtest_readl(t, DR), ==, i);
    }
    g_assert_cmphex(qtest_readl(t, RIS) & INT_RX, ==, 0);
    g_assert_cmphex(qtest_readl(t, DR), ==, 0);
    qtest_writel(t, ICR, 0x7ff);
    g_assert_cmphex(qtest_readl(t, RIS), ==, 0);
    qtest_quit(t);
}

/* Every register at every size; reset undoes it. */
static void test_any_access(void)
{
    QTestState *t = qtest_init(VIRT_ARGS "-serial null");

    for (int i = 0; i < 0x1000; i += 4) {
        qtest_writel(t, UART0 + i, 0xffffffff);
        qtest_writeb(t, UART0 + i, 0xff);
        qtest_readw(t, UART0 + i);
        qtest_readl(t, UART0 + i);
    }
    json_decref(qtest_qmp_return(t, "{'execute': 'system_reset'}"));
    json_decref(qtest_qmp_event(t, "RESET"));
    g_assert_cmphex(qtest_readl(t, CR), ==, 0x300);
    g_assert_cmphex(qtest_readl(t, IMSC), ==, 0);
    qtest_quit(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pl011/reset-values", test_reset_values);
    g_test_add_func("/pl011/output", test_output);
    g_test_add_func("/pl011/input", test_input);
    g_test_add_func("/pl011/loopback", test_loopback);
    g_test_add_func("/pl011/any-access", test_any_access);
    return g_test_run();
}
