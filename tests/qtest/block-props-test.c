/*
 * What disks and images can be told to do: sharing, detecting zeroes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/stat.h>
#include "nvme-helpers.h"
#include "virtio-blk-helpers.h"

/* --- share-rw= ---------------------------------------------------------------------------- */

#define NODE "-blockdev driver=file,filename=%s,node-name=f -blockdev driver=raw,file=f,node-name=r "

static void test_share(void)
{
    g_autofree char *path = disk_new("disk"), *err = NULL;
    QTestState *a = qtest_init("-M virt -nodefaults " NODE "-device pcie-root-port,id=rp "
                               "-device virtio-blk-pci,drive=r,share-rw=on,id=v -device nvme,serial=1,drive=r,share-rw=on,id=n", path);
    QTestState *b = qtest_init("-M virt -nodefaults " NODE "-device nvme,serial=1,id=n -device nvme-ns,bus=n,drive=f,share-rw=on", path);
    json_t *list;

    g_assert_cmpint(qtest_run(&err, "-M virt -accel qtest -nodefaults " NODE "-device virtio-blk-pci,drive=r", path), ==, 1);
    g_assert_nonnull(strstr(err, "share-rw=on"));
    qtest_qmp_error(a, "GenericError", "share-rw=on",
                    "{'execute': 'device_add', 'arguments': {'driver': 'virtio-blk-pci', 'drive': 'r', 'bus': 'rp', 'id': 'w'}}");
    qtest_qmp_error(a, "GenericError", "share-rw=on",
                    "{'execute': 'device_add', 'arguments': {'driver': 'virtio-blk-pci', 'drive': 'f', 'bus': 'rp', 'id': 'w'}}");
    qtest_qmp_error(a, "GenericError", "in use", "{'execute': 'blockdev-del', 'arguments': {'node-name': 'r'}}");
    list = qtest_qmp_return(a, "{'execute': 'query-block'}");
    g_assert_cmpuint(json_array_size(list), ==, 2);
    json_decref(list);
    json_decref(qtest_qmp_return(a, "{'execute': 'block_resize', 'arguments': {'node-name': 'f', 'size': 65536}}"));
    qtest_quit(b);
    qtest_quit(a);
}

/* What one writes the other reads. */
static void test_share_data(void)
{
    g_autofree char *more = g_strdup_printf(",share-rw=on -blockdev driver=file,filename=%s/disk,node-name=f "
                                            "-device nvme,bus=pcie.0,addr=2,serial=1,drive=f,share-rw=on", qtest_tmpdir());
    Disk *d = disk_open(&variants[0], "", more);
    Nvme n = { .t = d->t, .bar = 0x100000 };

    qtest_writel(n.t, cfg(0, 2, 0, PCI_BASE_ADDRESS_0), BAR + n.bar);
    qtest_writew(n.t, cfg(0, 2, 0, PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    enable_controller(&n);
    make_io_queue(&n);
    qtest_memset(n.t, d->data, 0x6b, 512);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_OUT, 9, d->data, 512), ==, VIRTIO_BLK_S_OK);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 9, 1, DATA, 0)), ==, NVME_OK);
    g_assert_cmphex(qtest_readb(n.t, DATA + 511), ==, 0x6b);
    disk_close(d);
}

/* --- detect-zeroes= ------------------------------------------------------------------------- */

static const char *detects(QTestState *t, json_t **list, const char *node)
{
    json_t *info;
    size_t i;

    *list = qtest_qmp_return(t, "{'execute': 'query-named-block-nodes'}");
    json_array_foreach(*list, i, info) {
        if (!g_strcmp0(json_string_value(json_object_get(info, "node-name")), node)) {
            return json_string_value(json_object_get(info, "detect_zeroes"));
        }
    }
    return NULL;
}

/* A hole is made, and counted as the write that it was for the guest. */
static void test_detect_zeroes(void)
{
    Disk *d = disk_open(&variants[0], ",node-name=n,discard=unmap,detect-zeroes=unmap", "");
    json_t *list;
    struct stat before, after;

    g_assert_cmpstr(detects(d->t, &list, "n"), ==, "unmap");
    json_decref(list);
    g_assert_cmpint(stat(d->path, &before), ==, 0);
    qtest_memset(d->t, d->data, 0, 65536);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_OUT, 128, d->data, 65536), ==, VIRTIO_BLK_S_OK);
    g_assert_cmpint(disk_counter(d->t, "wr_operations"), ==, 1);
    g_assert_cmpint(disk_counter(d->t, "wr_bytes"), ==, 65536);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, 127, d->data, 130 * 512), ==, VIRTIO_BLK_S_OK);
    check_blocks(d, d->data, 127, 1);
    check_blocks(d, d->data + 129 * 512, 256, 1);
    g_assert_cmphex(qtest_readq(d->t, d->data + 512), ==, 0);
    g_assert_cmphex(qtest_readq(d->t, d->data + 129 * 512 - 8), ==, 0);
    g_assert_cmpint(stat(d->path, &after), ==, 0);
    g_assert_cmpint(after.st_blocks, <=, before.st_blocks);
    disk_close(d);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/block/share", test_share);
    g_test_add_func("/block/share/data", test_share_data);
    g_test_add_func("/block/detect-zeroes", test_detect_zeroes);
    return g_test_run();
}
