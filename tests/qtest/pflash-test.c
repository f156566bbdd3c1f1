/*
 * CFI flash: identification, program, erase, write buffer, backing file, bad input.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/stat.h>
#include "virt-helpers.h"

#define BOTH(cmd) ((cmd) << 16 | (cmd))         /* to each of the two chips */
#define READY BOTH(0x80)
#define BANK_SIZE 0x4000000
#define SECTOR 0x40000

static void test_cfi(void)
{
    QTestState *t = qtest_init(VIRT_ARGS);

    qtest_writel(t, FLASH0, BOTH(0x98));
    g_assert_cmphex(qtest_readl(t, FLASH0 + 0x10 * 4), ==, BOTH('Q'));
    g_assert_cmphex(qtest_readl(t, FLASH0 + 0x11 * 4), ==, BOTH('R'));
    g_assert_cmphex(qtest_readl(t, FLASH0 + 0x12 * 4), ==, BOTH('Y'));
    g_assert_cmphex(qtest_readl(t, FLASH0 + 0x13 * 4), ==, BOTH(1));
    g_assert_cmphex(qtest_readl(t, FLASH0 + 0x27 * 4), ==, BOTH(25));
    g_assert_cmphex(qtest_readl(t, FLASH0 + 0x2a * 4), ==, BOTH(11));
    g_assert_cmphex(qtest_readl(t, FLASH0 + 0x2d * 4), ==, BOTH(255));
    g_assert_cmphex(qtest_readl(t, FLASH0 + 0x30 * 4), ==, BOTH(2));
    g_assert_cmphex(qtest_readb(t, FLASH0 + 0x10 * 4), ==, 'Q');
    g_assert_cmphex(qtest_readl(t, FLASH0 + 0x60 * 4), ==, 0);
    qtest_writel(t, FLASH0, BOTH(0xff));
    g_assert_cmphex(qtest_readl(t, FLASH0 + 0x10 * 4), ==, 0);
    qtest_quit(t);
}

static void erase(QTestState *t, uint64_t addr)
{
    qtest_writel(t, addr, BOTH(0x20));
    qtest_writel(t, addr, BOTH(0xd0));
    g_assert_cmphex(qtest_readl(t, addr), ==, READY);
    qtest_writel(t, addr, BOTH(0xff));
}

static void program(QTestState *t, uint64_t addr, uint32_t value)
{
    qtest_writel(t, addr, BOTH(0x40));
    qtest_writel(t, addr, value);
    g_assert_cmphex(qtest_readl(t, addr), ==, READY);
    qtest_writel(t, addr, BOTH(0xff));
}

static void test_id(void)
{
    QTestState *t = qtest_init(VIRT_ARGS);

    qtest_writel(t, FLASH1, BOTH(0x90));
    g_assert_cmphex(qtest_readl(t, FLASH1), ==, BOTH(0x89));
    g_assert_cmphex(qtest_readl(t, FLASH1 + 4), ==, BOTH(0x18));
    g_assert_cmphex(qtest_readl(t, FLASH1 + 8), ==, 0);
    qtest_quit(t);
}

static void test_program(void)
{
    QTestState *t = qtest_init(VIRT_ARGS);

    erase(t, FLASH1 + SECTOR + 16);
    g_assert_cmphex(qtest_readl(t, FLASH1 + SECTOR), ==, 0xffffffff);
    g_assert_cmphex(qtest_readl(t, FLASH1 + 2 * SECTOR - 4), ==, 0xffffffff);
    g_assert_cmphex(qtest_readl(t, FLASH1 + 2 * SECTOR), ==, 0);
    g_assert_cmphex(qtest_readl(t, FLASH1 + SECTOR - 4), ==, 0);
    program(t, FLASH1 + SECTOR, 0x12345678);
    g_assert_cmphex(qtest_readl(t, FLASH1 + SECTOR), ==, 0x12345678);
    qtest_quit(t);
}

static void test_write_buffer(void)
{
    QTestState *t = qtest_init(VIRT_ARGS);

    erase(t, FLASH1);
    qtest_writel(t, FLASH1, BOTH(0xe8));
    g_assert_cmphex(qtest_readl(t, FLASH1), ==, READY);
    qtest_writel(t, FLASH1, BOTH(3));
    for (int i = 0; i < 4; i++) {
        qtest_writel(t, FLASH1 + 0x1000 + 4 * i, 0x11110000 + i);
    }
    qtest_writel(t, FLASH1, BOTH(0xd0));
    g_assert_cmphex(qtest_readl(t, FLASH1), ==, READY);
    qtest_writel(t, FLASH1, BOTH(0xff));
    for (int i = 0; i < 4; i++) {
        g_assert_cmphex(qtest_readl(t, FLASH1 + 0x1000 + 4 * i), ==, 0x11110000 + i);
    }
    g_assert_cmphex(qtest_readl(t, FLASH1 + 0x1010), ==, 0xffffffff);
    qtest_quit(t);
}

/* Wrong counts, addresses and confirmations: the guest's mistake, said in the status register. */
static void test_bad_buffer(void)
{
    QTestState *t = qtest_init(VIRT_ARGS);

    qtest_writel(t, FLASH1, BOTH(0xe8));
    qtest_writel(t, FLASH1, 0xffffffff);
    g_assert_cmphex(qtest_readl(t, FLASH1) & 0x10, ==, 0x10);
    qtest_writel(t, FLASH1, BOTH(0x50));
    qtest_writel(t, FLASH1, BOTH(0xe8));
    qtest_writel(t, FLASH1, BOTH(1));
    qtest_writel(t, FLASH1, 1);
    qtest_writel(t, FLASH1 + 0x100000, 1);
    g_assert_cmphex(qtest_readl(t, FLASH1) & 0x10, ==, 0x10);
    qtest_writel(t, FLASH1, BOTH(0xff));
    g_assert_cmphex(qtest_readl(t, FLASH1), ==, 0);
    qtest_writel(t, FLASH1 + BANK_SIZE - 4, BOTH(0xe8));
    qtest_writel(t, FLASH1 + BANK_SIZE - 4, BOTH(0));
    qtest_writel(t, FLASH1 + BANK_SIZE - 4, 7);
    qtest_writel(t, FLASH1, BOTH(0xd0));
    qtest_writel(t, FLASH1, BOTH(0xff));
    g_assert_cmphex(qtest_readl(t, FLASH1 + BANK_SIZE - 4), ==, 7);
    qtest_quit(t);
}

static void test_reset(void)
{
    QTestState *t = qtest_init(VIRT_ARGS);

    qtest_writel(t, FLASH0, BOTH(0x98));
    g_assert_cmphex(qtest_readl(t, FLASH0 + 0x40), ==, BOTH('Q'));
    json_decref(qtest_qmp_return(t, "{'execute': 'system_reset'}"));
    json_decref(qtest_qmp_event(t, "RESET"));
    g_assert_cmphex(qtest_readl(t, FLASH0 + 0x40), ==, 0);
    qtest_quit(t);
}

static char *make_image(const char *name, off_t size)
{
    char *path = g_build_filename(qtest_tmpdir(), name, NULL);
    int fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0600);

    g_assert_cmpint(ftruncate(fd, size), ==, 0);
    g_assert_cmpint(pwrite(fd, "CODE", 4, 0), ==, 4);
    close(fd);
    return path;
}

static void test_backing_file(void)
{
    g_autofree char *code = make_image("code", BANK_SIZE), *vars = make_image("vars", BANK_SIZE);
    QTestState *t = qtest_init(VIRT_ARGS "-drive if=pflash,format=raw,readonly=on,file=%s -drive if=pflash,format=raw,file=%s", code, vars);
    uint32_t got;
    int fd;

    g_assert_cmphex(qtest_readl(t, FLASH0), ==, 0x45444f43);
    program(t, FLASH1 + 0x800, 0xcafe0001);
    /* Read-only: nothing changes, and the status says so. */
    qtest_writel(t, FLASH0, BOTH(0x40));
    qtest_writel(t, FLASH0, 0);
    g_assert_cmphex(qtest_readl(t, FLASH0), ==, BOTH(0x90));
    qtest_writel(t, FLASH0, BOTH(0x50));
    qtest_writel(t, FLASH0, BOTH(0x20));
    qtest_writel(t, FLASH0, BOTH(0xd0));
    g_assert_cmphex(qtest_readl(t, FLASH0), ==, BOTH(0xb0));
    qtest_writel(t, FLASH0, BOTH(0xff));
    g_assert_cmphex(qtest_readl(t, FLASH0), ==, 0x45444f43);
    qtest_quit(t);

    fd = open(vars, O_RDONLY);
    g_assert_cmpint(pread(fd, &got, 4, 0x800), ==, 4);
    g_assert_cmphex(got, ==, 0xcafe0001);
    close(fd);
}

static void test_bad_files(void)
{
    g_autofree char *small = make_image("small", 4096), *big = make_image("big", BANK_SIZE + 1), *ok = make_image("ok", BANK_SIZE);
    const char *const wrong[] = { small, big };

    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        qtest_refused("67108864", VIRT_RUN_ARGS "-drive if=pflash,format=raw,file=%s", wrong[i]);
    }
    for (int i = 0; i < 2; i++) {
        qtest_refused("-bios", VIRT_RUN_ARGS "-bios %s %s", i ? "/does/not/exist" : big, "");
    }
    qtest_refused("-bios", VIRT_RUN_ARGS "-bios %s -drive if=pflash,format=raw,file=%s", ok, ok);
}

/* As libvirt names them. */
static void test_blockdev(void)
{
    g_autofree char *code = make_image("code", BANK_SIZE);
    QTestState *t = qtest_init("-M virt,gic-version=3,pflash0=p0 -cpu cortex-a57 -nodefaults -display none "
                               "-blockdev driver=file,node-name=f0,filename=%s,read-only=on -blockdev driver=raw,node-name=p0,file=f0,read-only=on", code);

    g_assert_cmphex(qtest_readl(t, FLASH0), ==, 0x45444f43);
    qtest_quit(t);
    qtest_refused("pflash1=nothing", "-accel qtest -M virt,pflash1=nothing -cpu cortex-a57 -nodefaults -display none");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pflash/cfi", test_cfi);
    g_test_add_func("/pflash/id", test_id);
    g_test_add_func("/pflash/program", test_program);
    g_test_add_func("/pflash/write-buffer", test_write_buffer);
    g_test_add_func("/pflash/bad-buffer", test_bad_buffer);
    g_test_add_func("/pflash/reset", test_reset);
    g_test_add_func("/pflash/backing-file", test_backing_file);
    g_test_add_func("/pflash/bad-files", test_bad_files);
    g_test_add_func("/pflash/blockdev", test_blockdev);
    return g_test_run();
}
