/*
 * block_resize as disks and monitors see it: the MSI-X vector of a virtio disk's
 * configuration, the asynchronous event of NVMe, requests under way, refusals.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/stat.h>
#include "nvme-helpers.h"
#include "virtio-blk-helpers.h"

enum { MSG_AT = RAM + 0x1000000 };

static void resize(QTestState *t, const char *node, int size)
{
    json_decref(qtest_qmp_return(t, "{'execute': 'block_resize', 'arguments': {'node-name': '%s', 'size': %d}}", node, size));
}

static void test_msix(void)
{
    Disk *d = disk_open(&variants[0], ",node-name=n", ",iothread=io1 -object iothread,id=io1");
    uint64_t table = VDEV_BAR + 0x4000000;
    int cap = find_cap(d->t, 0, 1, PCI_CAP_ID_MSIX);
    uint8_t generation = qtest_readb(d->t, d->v.common + VIRTIO_PCI_COMMON_CFGGENERATION);

    qtest_writel(d->t, cfg(0, 1, 0, PCI_BASE_ADDRESS_1), table);
    qtest_writew(d->t, cfg(0, 1, 0, cap + PCI_MSIX_FLAGS), PCI_MSIX_FLAGS_ENABLE);
    qtest_writel(d->t, table, MSG_AT);
    qtest_writel(d->t, table + 8, 0x123);
    qtest_writel(d->t, table + 12, 0);
    qtest_writew(d->t, d->v.common + VIRTIO_PCI_COMMON_MSIX, 0);
    resize(d->t, "n", 2 * DISK_SIZE);
    g_assert_cmphex(qtest_readl(d->t, MSG_AT), ==, 0x123);
    g_assert_cmpuint(qtest_readq(d->t, d->v.device), ==, 2 * DISK_SIZE / 512);
    g_assert_cmpuint(qtest_readb(d->t, d->v.common + VIRTIO_PCI_COMMON_CFGGENERATION), !=, generation);
    /* The same size again is no news. */
    qtest_writel(d->t, MSG_AT, 0);
    resize(d->t, "n", 2 * DISK_SIZE);
    g_assert_cmphex(qtest_readl(d->t, MSG_AT), ==, 0);
    disk_close(d);
}

/* Writes under way when the image shrinks do not make it longer again. */
static void test_under_way(gconstpointer aio)
{
    g_autofree char *drive = g_strdup_printf(",node-name=n,aio=%s", (const char *)aio);
    Disk *d = disk_open(&variants[0], drive, "");
    struct stat st;

    for (int round = 0; round < 10; round++) {
        put_header(d, VIRTIO_BLK_T_OUT, DISK_SIZE / 512 - 64);
        for (int i = 0; i < 16; i++) {
            vqueue_add(d->q, (VBuf[]) { { d->header, 16, false }, { d->data, 32768, false }, { d->status, 1, true } }, 3);
        }
        vqueue_kick(d->q);
        resize(d->t, "n", 65536);
        g_assert_cmpint(stat(d->path, &st), ==, 0);
        g_assert_cmpint(st.st_size, ==, 65536);
        resize(d->t, "n", DISK_SIZE);
        vdev_set_status(&d->v, 0);
        disk_restart(d);
    }
    disk_close(d);
}

static void test_refused(void)
{
    g_autofree char *a = disk_new("a"), *b = disk_new("b");
    QTestState *t = qtest_init("-M virt -nodefaults -blockdev driver=null-co,node-name=null -drive if=none,id=d,format=raw,file=%s "
                               "-blockdev driver=raw,node-name=ro,read-only=on,file.driver=file,file.filename=%s "
                               "-blockdev driver=raw,node-name=win,size=4096,file.driver=null-co", a, b);

#define REFUSED(why, args) qtest_qmp_error(t, "GenericError", why, "{'execute': 'block_resize', 'arguments': {" args "}}")
    REFUSED("device= or node-name=", "'size': 512");
    REFUSED("no drive 'x'", "'device': 'x', 'size': 512");
    REFUSED("no drive 'null'", "'device': 'null', 'size': 512");
    REFUSED("no block node 'x'", "'node-name': 'x', 'size': 512");
    REFUSED("less than 0", "'device': 'd', 'size': -1");
    REFUSED("keeps its size", "'node-name': 'null', 'size': 512");
    REFUSED("read-only", "'node-name': 'ro', 'size': 512");
    REFUSED("cannot be resized", "'node-name': 'win', 'size': 512");
    REFUSED("cannot make", "'device': 'd', 'size': 9223372036854775807");
    REFUSED("size", "'device': 'd', 'size': '1M'");
#undef REFUSED
    qtest_quit(t);
}

static void expect_size(QTestState *t, int64_t size)
{
    g_autoptr(json_t) list = qtest_qmp_return(t, "{'execute': 'query-block'}");
    json_t *image = json_object_get(json_object_get(json_array_get(list, 0), "inserted"), "image");

    g_assert_cmpint(json_integer_value(json_object_get(image, "virtual-size")), ==, size);
}

static void hmp(QTestState *t, const char *line, const char *says)
{
    g_autoptr(json_t) out = qtest_qmp_return(t, "{'execute': 'human-monitor-command', 'arguments': {'command-line': '%s'}}", line);

    if (*says) {
        g_assert_nonnull(strstr(json_string_value(out), says));
    } else {
        g_assert_cmpstr(json_string_value(out), ==, "");
    }
}

static void test_hmp(void)
{
    g_autofree char *a = disk_new("a");
    QTestState *t = qtest_init("-M virt -nodefaults -drive if=none,id=d,format=raw,file=%s", a);

    hmp(t, "block_resize d 5", "");
    expect_size(t, 5 * MiB);
    hmp(t, "block_resize d 64k", "");
    expect_size(t, 64 * KiB);
    hmp(t, "block_resize d 1.5", "");
    expect_size(t, 3 * MiB / 2);
    hmp(t, "block_resize", "usage");
    hmp(t, "block_resize d", "invalid size");
    hmp(t, "block_resize d -1", "invalid size");
    hmp(t, "block_resize d 9999999999999999", "invalid size");
    hmp(t, "block_resize x 1", "no drive");
    expect_size(t, 3 * MiB / 2);
    qtest_quit(t);
}

/* --- NVMe ------------------------------------------------------------------------------------ */

enum { NOTICE_CHANGED_NS = 0x040002, LOG_DWORDS = 1023 << 16, RETAIN = 0x8000 };

static void ask_for_event(Nvme *n)
{
    post(n, &n->admin, (NvmeCmd) { .opcode = NVME_ADM_ASYNC_EVENT });
}

static void test_nvme(void)
{
    g_autofree char *disk = disk_new("disk");
    Nvme n = { .t = qtest_init(VIRT_ARGS "-drive if=none,id=d,node-name=n,format=raw,file=%s -device nvme,id=n,serial=S1,bus=pcie.0,addr=1,drive=d",
                               disk) };
    NvmeCqe cqe;

    enable(&n);
    make_io_queue(&n);
    g_assert_cmphex(admin(&n, NVME_ADM_IDENTIFY, 0, DATA, NVME_CNS_CTRL, 0), ==, NVME_OK);
    g_assert_cmphex(qtest_readl(n.t, DATA + 92), ==, 0x100);
    /* Nobody asked: no event, but the log knows. */
    ask_for_event(&n);
    resize(n.t, "n", 2 * DISK_SIZE);
    g_assert_false(answered(&n, &n.admin, &cqe));
    g_assert_cmphex(admin(&n, NVME_ADM_IDENTIFY, 1, DATA, NVME_CNS_NS, 0), ==, NVME_OK);
    g_assert_cmpuint(qtest_readq(n.t, DATA), ==, 2 * DISK_SIZE / 512);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 2 * DISK_SIZE / 512 - 1, 1, DATA, 0)), ==, NVME_OK);
    g_assert_cmphex(admin(&n, NVME_ADM_GET_LOG, ~0U, DATA, LOG_DWORDS | NVME_LOG_CHANGED_NS | RETAIN, 0), ==, NVME_OK);
    g_assert_cmpuint(qtest_readq(n.t, DATA), ==, 1);
    g_assert_cmphex(admin(&n, NVME_ADM_SET_FEATURES, 0, 0, NVME_FEAT_ASYNC_EVENT, 0x100), ==, NVME_OK);
    /* One event for two changes; the next one after the log was read. */
    resize(n.t, "n", DISK_SIZE);
    resize(n.t, "n", 65536);
    n.admin.cid = 3;
    g_assert_true(answered(&n, &n.admin, &cqe));
    n.admin.cid = cqe.cid;
    g_assert_cmphex(wait_answer(&n, &n.admin), ==, NVME_OK);
    g_assert_cmphex(n.result, ==, NOTICE_CHANGED_NS);
    ask_for_event(&n);
    g_assert_false(answered(&n, &n.admin, &cqe));
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 65536 / 512, 1, DATA, 0)), ==, NVME_LBA_RANGE);
    g_assert_cmphex(admin(&n, NVME_ADM_GET_LOG, ~0U, DATA, LOG_DWORDS | NVME_LOG_CHANGED_NS, 0), ==, NVME_OK);
    g_assert_cmpuint(qtest_readq(n.t, DATA), ==, 1);
    g_assert_cmphex(admin(&n, NVME_ADM_GET_LOG, ~0U, DATA, LOG_DWORDS | NVME_LOG_CHANGED_NS, 0), ==, NVME_OK);
    g_assert_cmpuint(qtest_readq(n.t, DATA), ==, 0);
    resize(n.t, "n", DISK_SIZE);
    g_assert_true(answered(&n, &n.admin, &cqe));
    qtest_quit(n.t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/block/resize/msix", test_msix);
    g_test_add_data_func("/block/resize/under-way-threads", "threads", test_under_way);
    g_test_add_data_func("/block/resize/under-way-uring", "io_uring", test_under_way);
    g_test_add_func("/block/resize/refused", test_refused);
    g_test_add_func("/block/resize/hmp", test_hmp);
    g_test_add_func("/block/resize/nvme", test_nvme);
    return g_test_run();
}
