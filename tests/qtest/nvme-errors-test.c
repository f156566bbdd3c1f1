/*
 * NVMe when the host's side goes wrong: a full disk, an image that becomes
 * shorter under us; what werror= and rerror= make of it; and what is counted.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nvme-helpers.h"

static char *full_disk, *filler;

static Nvme start(const char *disk, const char *policy)
{
    Nvme n = { .t = qtest_init(VIRT_ARGS "-drive if=none,id=d,format=raw,file=%s%s -device nvme,id=n,drive=d,serial=S1,bus=pcie.0,addr=1", disk, policy) };

    enable(&n);
    make_io_queue(&n);
    return n;
}

/* Many at once: the machine stops once, and none is lost. */
static void test_enospc_stops(void)
{
    Nvme n;
    NvmeCqe cqe;

    if (!full_disk) {
        g_test_skip("cannot mount a small file system");
        return;
    }
    n = start(full_disk, "");
    qtest_memset(n.t, DATA, 0x5a, 4096);
    for (unsigned i = 0; i < 8; i++) {
        post(&n, &n.io, rw(NVME_IO_WRITE, i * 8, 8, DATA, 0));
    }
    for (unsigned i = 0; i < 8; i++) {
        expect_io_error(n.t, "write", "stop", true);
    }
    json_decref(qtest_qmp_event(n.t, "STOP"));
    expect_status(n.t, "io-error");
    g_assert_false(answered(&n, &n.io, &cqe));
    /* Nothing has changed: it stops again. */
    json_decref(qtest_qmp_return(n.t, "{'execute': 'cont'}"));
    for (unsigned i = 0; i < 8; i++) {
        expect_io_error(n.t, "write", "stop", true);
    }
    json_decref(qtest_qmp_event(n.t, "STOP"));
    expect_status(n.t, "io-error");
    g_assert_cmpint(unlink(filler), ==, 0);
    json_decref(qtest_qmp_return(n.t, "{'execute': 'cont'}"));
    for (unsigned i = 0; i < 8; i++) {
        n.io.cid = 0;                   /* in any order */
        do {
            g_usleep(1000);
        } while (!answered(&n, &n.io, &cqe));
        n.io.cid = cqe.cid;
        g_assert_cmphex(wait_answer(&n, &n.io), ==, NVME_OK);
    }
    expect_status(n.t, "running");
    n.io.cid = 100;
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_COMPARE, 56, 8, DATA, 0)), ==, NVME_OK);
    qtest_quit(n.t);
}

/* Answered to the guest: the machine runs on. */
static void test_truncated_reported(void)
{
    g_autofree char *disk = disk_new("disk");
    Nvme n = start(disk, "");

    g_assert_cmpint(truncate(disk, 4096), ==, 0);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 0, 8, DATA, 0)), ==, NVME_OK);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 8, 8, DATA, 0)), ==, NVME_READ_FAULT & ~NVME_DNR);
    expect_io_error(n.t, "read", "report", false);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 4, 8, DATA, 0)), ==, NVME_READ_FAULT & ~NVME_DNR);
    expect_io_error(n.t, "read", "report", false);
    expect_status(n.t, "running");
    g_assert_cmpint(disk_counter(n.t, "failed_rd_operations"), ==, 2);
    qtest_quit(n.t);
}

static void test_truncated_stops(void)
{
    g_autofree char *disk = disk_new("disk");
    Nvme n = start(disk, ",rerror=stop,werror=stop");

    g_assert_cmpint(truncate(disk, 0), ==, 0);
    post(&n, &n.io, rw(NVME_IO_READ, 0, 8, DATA, 0));
    expect_io_error(n.t, "read", "stop", false);
    json_decref(qtest_qmp_event(n.t, "STOP"));
    g_free(disk_new("disk2"));
    g_assert_cmpint(truncate(disk, DISK_SIZE), ==, 0);
    json_decref(qtest_qmp_return(n.t, "{'execute': 'cont'}"));
    g_assert_cmphex(wait_answer(&n, &n.io), ==, NVME_OK);
    qtest_quit(n.t);
}

static void test_ignored(void)
{
    g_autofree char *disk = disk_new("disk");
    Nvme n = start(disk, ",rerror=ignore");

    g_assert_cmpint(truncate(disk, 0), ==, 0);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 0, 8, DATA, 0)), ==, NVME_OK);
    expect_io_error(n.t, "read", "ignore", false);
    qtest_quit(n.t);
}

/* A reset while requests wait for `cont` forgets them. */
static void test_reset_while_stopped(void)
{
    g_autofree char *disk = disk_new("disk");
    Nvme n = start(disk, ",rerror=stop");

    g_assert_cmpint(truncate(disk, 0), ==, 0);
    post(&n, &n.io, rw(NVME_IO_READ, 0, 8, DATA, 0));
    json_decref(qtest_qmp_event(n.t, "STOP"));
    qtest_writel(n.t, BAR + NVME_REG_CC, 0);
    g_assert_cmpint(truncate(disk, DISK_SIZE), ==, 0);
    json_decref(qtest_qmp_return(n.t, "{'execute': 'cont'}"));
    enable(&n);
    make_io_queue(&n);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 0, 8, DATA, 0)), ==, NVME_OK);
    qtest_quit(n.t);
}

static void test_counters(void)
{
    g_autofree char *disk = disk_new("disk");
    Nvme n = start(disk, "");

    g_assert_cmpint(disk_counter(n.t, "rd_operations"), ==, 0);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 0, 8, DATA, 0)), ==, NVME_OK);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 8, 1, DATA, 0)), ==, NVME_OK);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_WRITE, 100, 2, DATA, 0)), ==, NVME_OK);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_WRITE, 10, 1, DATA, 0)), ==, NVME_OK);
    g_assert_cmphex(command(&n, &n.io, (NvmeCmd) { .opcode = NVME_IO_FLUSH, .nsid = 1 }), ==, NVME_OK);
    g_assert_cmpint(disk_counter(n.t, "rd_operations"), ==, 2);
    g_assert_cmpint(disk_counter(n.t, "rd_bytes"), ==, 9 * 512);
    g_assert_cmpint(disk_counter(n.t, "wr_operations"), ==, 2);
    g_assert_cmpint(disk_counter(n.t, "wr_bytes"), ==, 3 * 512);
    g_assert_cmpint(disk_counter(n.t, "flush_operations"), ==, 1);
    g_assert_cmpint(disk_counter(n.t, "wr_highest_offset"), ==, 102 * 512);
    g_assert_cmpint(disk_counter(n.t, "rd_total_time_ns"), >, 0);
    g_assert_cmpint(disk_counter(n.t, "idle_time_ns"), >, 0);
    g_assert_cmpint(disk_counter(n.t, "failed_rd_operations"), ==, 0);
    qtest_quit(n.t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    full_disk = disk_on_full_fs(&filler);
    g_test_add_func("/nvme/errors/enospc-stops", test_enospc_stops);
    g_test_add_func("/nvme/errors/truncated-reported", test_truncated_reported);
    g_test_add_func("/nvme/errors/truncated-stops", test_truncated_stops);
    g_test_add_func("/nvme/errors/ignored", test_ignored);
    g_test_add_func("/nvme/errors/reset-while-stopped", test_reset_while_stopped);
    g_test_add_func("/nvme/errors/counters", test_counters);
    return g_test_run();
}
