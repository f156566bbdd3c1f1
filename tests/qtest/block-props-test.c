/*
 * What disks and images can be told to do: sharing, detecting zeroes, threads.
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
    g_autofree char *path = disk_new("disk");
    QTestState *a = qtest_init("-M virt -nodefaults " NODE "-device pcie-root-port,id=rp "
                               "-device virtio-blk-pci,drive=r,share-rw=on,id=v -device nvme,serial=1,drive=r,share-rw=on,id=n", path);
    QTestState *b = qtest_init("-M virt -nodefaults " NODE "-device nvme,serial=1,id=n -device nvme-ns,bus=n,drive=f,share-rw=on", path);
    json_t *list;

    qtest_refused("share-rw=on", "-M virt -accel qtest -nodefaults " NODE "-device virtio-blk-pci,drive=r", path);
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

/* --- iothread-vq-mapping= ----------------------------------------------------------------------- */

#define MAPPED(mapping) "{'execute': 'device_add', 'arguments': {'driver': 'virtio-blk-pci', 'id': 'v', 'drive': 'd', 'bus': 'rp', " \
                        "'num-queues': 4, 'iothread-vq-mapping': " mapping "}}"

static void test_mapping_refused(void)
{
    QTestState *t = qtest_init("-M virt -nodefaults -object iothread,id=a -object iothread,id=b -blockdev driver=null-co,node-name=d "
                               "-device pcie-root-port,id=rp");
    static const struct { const char *why, *command; } wrong[] = {
        { "must be a list", MAPPED("'a'") },
        { "each item", MAPPED("['a']") },
        { "each item", MAPPED("[{'vqs': [0]}]") },
        { "not 'foo'", MAPPED("[{'iothread': 'a', 'foo': 1}]") },
        { "'vqs' must be a list", MAPPED("[{'iothread': 'a', 'vqs': 0}]") },
        { "not a queue number", MAPPED("[{'iothread': 'a', 'vqs': [-1]}]") },
        { "not a queue number", MAPPED("[{'iothread': 'a', 'vqs': [65536]}]") },
        { "no -object iothread with id 'x'", MAPPED("[{'iothread': 'x'}]") },
        { "no -object iothread with id 'd'", MAPPED("[{'iothread': 'd'}]") },
        { "'a' is there twice", MAPPED("[{'iothread': 'a', 'vqs': [0, 1]}, {'iothread': 'a', 'vqs': [2, 3]}]") },
        { "either all items", MAPPED("[{'iothread': 'a', 'vqs': [0]}, {'iothread': 'b'}]") },
        { "vq 4 of iothread 'a'", MAPPED("[{'iothread': 'a', 'vqs': [0, 1, 2, 4]}]") },
        { "vq 2 is given", MAPPED("[{'iothread': 'a', 'vqs': [0, 1, 2]}, {'iothread': 'b', 'vqs': [2, 3]}]") },
        { "vq 3 has no", MAPPED("[{'iothread': 'a', 'vqs': [0, 1]}, {'iothread': 'b', 'vqs': [2]}]") },
        { "exclude each other", MAPPED("[{'iothread': 'a'}], 'iothread': 'b'") },
    };

    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        qtest_qmp_error(t, "GenericError", wrong[i].why, "%s", wrong[i].command);
    }
    /* Whom nobody uses can go, and who is used cannot. */
    json_decref(qtest_qmp_return(t, MAPPED("[{'iothread': 'a', 'vqs': [0, 1, 2, 3]}]")));
    json_decref(qtest_qmp_return(t, "{'execute': 'object-del', 'arguments': {'id': 'b'}}"));
    qtest_qmp_error(t, "GenericError", "in use", "{'execute': 'object-del', 'arguments': {'id': 'a'}}");
    qtest_quit(t);
}

static VQueue *queue_of(Disk *d, unsigned i)
{
    vqueue_select(&d->v, i);
    return vqueue_new(&d->v, i, 64);
}

/* Four queues of two threads, with merged and single requests of all under way at once; reset, and again. */
static void test_mapping_works(gconstpointer mapping)
{
    g_autofree char *path = disk_new("disk");
    Disk d = { .variant = &variants[0] };

    d.t = qtest_init(VIRT_ARGS "-object iothread,id=a -object iothread,id=b -drive if=none,id=d,format=raw,file=%s "
                     "-device '{\"driver\":\"virtio-blk-pci\",\"bus\":\"pcie.0\",\"addr\":\"1\",\"drive\":\"d\",\"num-queues\":4,"
                     "\"iothread-vq-mapping\":%s}'", path, (const char *)mapping);
    disk_find(&d, d.variant);
    for (unsigned round = 0; round < 3; round++) {
        uint64_t headers = vdev_alloc(&d.v, 64 * 16), status = vdev_alloc(&d.v, 64), data = vdev_alloc(&d.v, 64 * 512);
        VQueue *queues[4];
        unsigned ids[64];

        vdev_start(&d.v, RING_FEATURES | BLK_FEATURES | F(VIRTIO_BLK_F_MQ));
        for (unsigned q = 0; q < 4; q++) {
            queues[q] = queue_of(&d, q);
        }
        vdev_driver_ok(&d.v);
        for (unsigned i = 0; i < 64; i++) {
            struct virtio_blk_outhdr h = { htole32(VIRTIO_BLK_T_IN), 0, htole64(i / 4 + (i % 4) * 1000 + (i / 4 > 7)) };

            qtest_memwrite(d.t, headers + i * 16, &h, sizeof(h));
            qtest_writeb(d.t, status + i, 0xff);
            ids[i] = vqueue_add(queues[i % 4], (VBuf[]) { { headers + i * 16, 16, false }, { data + i * 512, 512, true },
                                                          { status + i, 1, true } }, 3);
        }
        for (unsigned q = 0; q < 4; q++) {
            vqueue_kick(queues[q]);
        }
        for (unsigned i = 0; i < 64; i++) {
            vqueue_wait(queues[i % 4], ids[i]);
            g_assert_cmpuint(qtest_readb(d.t, status + i), ==, VIRTIO_BLK_S_OK);
            check_blocks(&d, data + i * 512, i / 4 + (i % 4) * 1000 + (i / 4 > 7), 1);
        }
        vdev_set_status(&d.v, 0);
    }
    qtest_qmp_error(d.t, "GenericError", "in use", "{'execute': 'object-del', 'arguments': {'id': 'b'}}");
    vdev_free(&d.v);
    qtest_quit(d.t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/block/share", test_share);
    g_test_add_func("/block/share/data", test_share_data);
    g_test_add_func("/block/detect-zeroes", test_detect_zeroes);
    g_test_add_func("/block/iothread-vq-mapping/refused", test_mapping_refused);
    g_test_add_data_func("/block/iothread-vq-mapping/round-robin", "[{\"iothread\":\"a\"},{\"iothread\":\"b\"}]", test_mapping_works);
    g_test_add_data_func("/block/iothread-vq-mapping/chosen", "[{\"iothread\":\"b\",\"vqs\":[1]},{\"iothread\":\"a\",\"vqs\":[0,3,2]}]",
                         test_mapping_works);
    return g_test_run();
}
