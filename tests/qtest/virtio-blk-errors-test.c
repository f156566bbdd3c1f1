/*
 * The virtio disk when the host's side goes wrong, with and without an I/O
 * thread; plugged and pulled with requests under way; and -drive if=virtio.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virtio-blk-helpers.h"

static char *full_disk, *filler;

static Disk *open_on(const char *path, const char *rest)
{
    Disk *d = g_new0(Disk, 1);

    d->variant = &variants[0];
    d->t = qtest_init(VIRT_ARGS "-object iothread,id=io1 -drive if=none,id=d,format=raw,file=%s "
                      "-device virtio-blk-pci,bus=pcie.0,addr=1,drive=d,num-queues=1%s", path, rest);
    disk_find(d, d->variant);
    disk_restart(d);
    return d;
}

/* Offers a read or write of 4 KiB; returns what vqueue_wait() wants. */
static unsigned offer(Disk *d, uint32_t type, uint64_t sector)
{
    struct virtio_blk_outhdr h = { .type = htole32(type), .sector = htole64(sector) };
    uint64_t header = vdev_alloc(&d->v, sizeof(h));

    qtest_memwrite(d->t, header, &h, sizeof(h));
    return vqueue_add(d->q, (VBuf[]) { { header, 16, false }, { d->data, 4096, type == VIRTIO_BLK_T_IN }, { d->status, 1, true } }, 3);
}

static unsigned begin(Disk *d, uint32_t type, uint64_t sector)
{
    unsigned id = offer(d, type, sector);

    vqueue_kick(d->q);
    return id;
}

static void test_enospc(gconstpointer rest)
{
    Disk *d;
    unsigned ids[4];
    uint32_t len;
    g_autofree char *block = g_malloc0(64 * KiB);
    int fd;

    if (!full_disk) {
        g_test_skip("cannot mount a small file system");
        return;
    }
    fd = open(filler, O_RDWR | O_CREAT, 0600);
    while (write(fd, block, 64 * KiB) > 0) {
        continue;
    }
    close(fd);
    d = open_on(full_disk, rest);
    for (unsigned i = 0; i < 4; i++) {
        ids[i] = begin(d, VIRTIO_BLK_T_OUT, 1024 + i * 8);
    }
    for (unsigned i = 0; i < 4; i++) {
        expect_io_error(d->t, "write", "stop", true);
    }
    json_decref(qtest_qmp_event(d->t, "STOP"));
    expect_status(d->t, "io-error");
    g_assert_false(vqueue_done(d->q, ids[0], &len));
    g_assert_cmpint(unlink(filler), ==, 0);
    json_decref(qtest_qmp_return(d->t, "{'execute': 'cont'}"));
    for (unsigned i = 0; i < 4; i++) {
        vqueue_wait(d->q, ids[i]);
        g_assert_cmpuint(qtest_readb(d->t, d->status), ==, VIRTIO_BLK_S_OK);
    }
    g_assert_cmpint(truncate(full_disk, 0), ==, 0);     /* holes again, for who comes next */
    g_assert_cmpint(truncate(full_disk, DISK_SIZE), ==, 0);
    disk_close(d);
}

static void test_truncated(gconstpointer rest)
{
    g_autofree char *path = disk_new("disk"), *stops = g_strdup_printf("%s,rerror=stop,account-failed=off", (const char *)rest);
    Disk *d = open_on(path, rest);
    unsigned id;

    g_assert_cmpint(truncate(path, 0), ==, 0);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, 0, d->data, 4096), ==, VIRTIO_BLK_S_IOERR);
    expect_io_error(d->t, "read", "report", false);
    g_assert_cmpint(disk_counter(d->t, "rd_total_time_ns"), >, 0);
    disk_close(d);
    g_assert_cmpint(truncate(path, DISK_SIZE), ==, 0);
    d = open_on(path, stops);
    g_assert_cmpint(truncate(path, 0), ==, 0);
    id = begin(d, VIRTIO_BLK_T_IN, 0);
    expect_io_error(d->t, "read", "stop", false);
    json_decref(qtest_qmp_event(d->t, "STOP"));
    g_assert_cmpint(disk_counter(d->t, "failed_rd_operations"), ==, 1);
    g_assert_cmpint(disk_counter(d->t, "rd_total_time_ns"), ==, 0);
    g_assert_cmpint(truncate(path, DISK_SIZE), ==, 0);
    json_decref(qtest_qmp_return(d->t, "{'execute': 'cont'}"));
    vqueue_wait(d->q, id);
    g_assert_cmpuint(qtest_readb(d->t, d->status), ==, VIRTIO_BLK_S_OK);
    /* Stopped, and reset: forgotten. */
    g_assert_cmpint(truncate(path, 0), ==, 0);
    begin(d, VIRTIO_BLK_T_IN, 0);
    json_decref(qtest_qmp_event(d->t, "STOP"));
    vdev_set_status(&d->v, 0);
    g_assert_cmphex(vdev_status(&d->v), ==, 0);
    disk_close(d);
}

/* Requests that went to the host as one fail one by one. */
static void test_merged(gconstpointer rest)
{
    g_autofree char *path = disk_new("disk"), *stops = g_strdup_printf("%s,rerror=stop", (const char *)rest);
    unsigned ids[8];
    Disk *d = open_on(path, rest);

    g_assert_cmpint(truncate(path, 0), ==, 0);
    for (unsigned i = 0; i < 8; i++) {
        ids[i] = offer(d, VIRTIO_BLK_T_IN, i * 8);
    }
    vqueue_kick(d->q);
    for (unsigned i = 0; i < 8; i++) {
        vqueue_wait(d->q, ids[i]);
        g_assert_cmpuint(qtest_readb(d->t, d->status), ==, VIRTIO_BLK_S_IOERR);
        expect_io_error(d->t, "read", "report", false);
    }
    g_assert_cmpint(disk_counter(d->t, "rd_merged"), ==, 7);
    g_assert_cmpint(disk_counter(d->t, "failed_rd_operations"), ==, 8);
    disk_close(d);

    g_assert_cmpint(truncate(path, DISK_SIZE), ==, 0);
    d = open_on(path, stops);
    g_assert_cmpint(truncate(path, 0), ==, 0);
    for (unsigned i = 0; i < 8; i++) {
        ids[i] = offer(d, VIRTIO_BLK_T_IN, i * 8);
    }
    vqueue_kick(d->q);
    for (unsigned i = 0; i < 8; i++) {
        expect_io_error(d->t, "read", "stop", false);
    }
    json_decref(qtest_qmp_event(d->t, "STOP"));
    g_assert_cmpint(truncate(path, DISK_SIZE), ==, 0);
    json_decref(qtest_qmp_return(d->t, "{'execute': 'cont'}"));
    for (unsigned i = 0; i < 8; i++) {
        vqueue_wait(d->q, ids[i]);
    }
    g_assert_cmpuint(qtest_readb(d->t, d->status), ==, VIRTIO_BLK_S_OK);
    disk_close(d);
}

/* A queue is reset with a request under way that then fails: it is forgotten, not kept for another try. */
static void test_outlived(void)
{
    g_autofree char *path = disk_new("disk");
    Disk *d = open_on(path, ",ioeventfd=off,rerror=stop");
    uint64_t bell, reset = d->v.common + VIRTIO_PCI_COMMON_Q_RESET;

    vdev_set_status(&d->v, 0);
    vdev_start(&d->v, F(VIRTIO_F_RING_RESET));
    vqueue_select(&d->v, 0);
    d->q = vqueue_new(&d->v, 0, vqueue_max(&d->v));
    vdev_driver_ok(&d->v);
    g_assert_cmpint(truncate(path, 0), ==, 0);
    offer(d, VIRTIO_BLK_T_IN, 0);
    bell = d->v.notify + d->q->index * d->v.notify_multiplier;
    g_strfreev(qtest_command(d->t, "writew 0x%" PRIx64 " 0\nwritew 0x%" PRIx64 " 1", bell, reset));
    for (int i = 0; qtest_readw(d->t, reset); i++) {
        g_assert_cmpint(i, <, 10000);
        g_usleep(500);
    }
    expect_status(d->t, "running");
    disk_close(d);
}

/* Pulled with requests under way; the drive is free at once, and what was read is not written anywhere. */
static void test_hotplug(gconstpointer rest)
{
    g_autofree char *path = disk_new("disk");
    g_autofree char *iothread = *(const char *)rest ? g_strdup(", 'iothread': 'io1'") : g_strdup("");
    Disk d = { .variant = &variants[0] };

    d.t = qtest_init(VIRT_ARGS "-object iothread,id=io1 -drive if=none,id=d,format=raw,file=%s "
                     "-device pcie-root-port,id=rp,bus=pcie.0,chassis=1,addr=2", path);
    number_bridge(d.t, 0, 2, 1, 1);
    open_window(d.t, 0, 2, 0x18000000, 0x1000000);
    for (int i = 0; i < 10; i++) {
        g_autofree char *add = g_strdup_printf("{'execute': 'device_add', 'arguments': {'driver': 'virtio-blk-pci', 'drive': 'd', "
                                               "'bus': 'rp', 'id': 'v'%s}}", iothread);

        json_decref(qtest_qmp_return(d.t, "%s", add));
        qtest_writew(d.t, cfg(0, 2, 0, 0x54 + PCI_EXP_SLTCTL), 0x1c0);
        vdev_init_pci(&d.v, d.t, 1, 0);
        d.header = vdev_alloc(&d.v, 16);
        d.data = vdev_alloc(&d.v, 4096);
        d.status = vdev_alloc(&d.v, 16);
        disk_restart(&d);
        for (unsigned k = 0; k < 16; k++) {
            begin(&d, VIRTIO_BLK_T_IN, k * 8);
        }
        json_decref(qtest_qmp_return(d.t, "{'execute': 'device_del', 'arguments': {'id': 'v'}}"));
        qtest_writew(d.t, cfg(0, 2, 0, 0x54 + PCI_EXP_SLTCTL), 0x7c0);
        json_decref(qtest_qmp_event(d.t, "DEVICE_DELETED"));
        vdev_free(&d.v);
    }
    qtest_quit(d.t);
}

static void test_if_virtio(void)
{
    g_autofree char *path = disk_new("disk");
    QTestState *t = qtest_init(VIRT_ARGS "-drive file=%s,format=raw -drive if=virtio,file=null-co://,format=raw,readonly=on", path);
    g_autoptr(json_t) list = qtest_qmp_return(t, "{'execute': 'query-block'}");

    g_assert_cmpuint(json_array_size(list), ==, 2);
    g_assert_cmphex(qtest_readl(t, cfg(0, 1, 0, 0)), ==, 0x10011af4);
    g_assert_cmphex(qtest_readl(t, cfg(0, 2, 0, 0)), ==, 0x10011af4);
    qtest_quit(t);
}

int main(int argc, char **argv)
{
    static const struct { const char *name; GTestDataFunc fn; } tests[] = {
        { "enospc", test_enospc }, { "truncated", test_truncated }, { "merged", test_merged }, { "hotplug", test_hotplug },
    };

    g_test_init(&argc, &argv, NULL);
    full_disk = disk_on_full_fs(&filler);
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        g_autofree char *plain = g_strdup_printf("/virtio-blk/errors/%s", tests[i].name);
        g_autofree char *in_thread = g_strdup_printf("/virtio-blk/errors/%s-iothread", tests[i].name);

        g_test_add_data_func(plain, "", tests[i].fn);
        g_test_add_data_func(in_thread, ",iothread=io1", tests[i].fn);
    }
    g_test_add_func("/virtio-blk/errors/outlived", test_outlived);
    g_test_add_func("/virtio-blk/if-virtio", test_if_virtio);
    return g_test_run();
}
