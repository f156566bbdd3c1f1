/*
 * 4 KiB random or sequential reads with a queue depth of 32, through the registers of NVMe or
 * virtio over PCI: prints operations per second of $QTEST_BINARY, and per second
 * of processor time that it used.
 *
 *     disk-bench nvme|virtio[-sequential] SECONDS
 *
 * The client does the same for every emulator: one write of the batch, one
 * doorbell, reads until the batch is back. Each is a round trip through a
 * socket: virtio's headers and index lie side by side to be one write, and both
 * programs share one processor, because on two what counts is how long they
 * take to wake each other up.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sched.h>
#include <sys/resource.h>
#include "tests/qtest/nvme-helpers.h"
#include "tests/qtest/virtio-blk-helpers.h"

enum { DEPTH = 32, BLOCK = 4096, IMAGE = 64 * 1024 * 1024 };

/* What is new in each batch: the headers, and behind them the ring's flags and index. */
typedef struct VirtioBatch { struct virtio_blk_outhdr headers[DEPTH]; uint16_t flags, index; } VirtioBatch;

typedef struct Bench { QTestState *t; Nvme nvme; Disk *disk; uint64_t headers, data, status; } Bench;

static char *image_new(void)
{
    char *path = g_build_filename(qtest_tmpdir(), "image", NULL);
    g_autofree char *bytes = g_malloc(IMAGE);

    memset(bytes, 0x5a, IMAGE);
    g_assert_true(g_file_set_contents(path, bytes, IMAGE, NULL));
    return path;
}

static bool sequential;

static uint64_t next_block(void)
{
    static uint64_t last;

    last = sequential ? (last + 1) % (IMAGE / BLOCK) : (uint64_t)g_random_int_range(0, IMAGE / BLOCK);
    return last;
}

/* --- NVMe ---------------------------------------------------------------------------------- */

static void nvme_start(Bench *b)
{
    b->nvme.t = b->t;
    enable(&b->nvme);
    g_assert_cmphex(admin(&b->nvme, NVME_ADM_CREATE_CQ, 0, IOCQ, (2 * DEPTH - 1) << 16 | 1, 1), ==, NVME_OK);
    g_assert_cmphex(admin(&b->nvme, NVME_ADM_CREATE_SQ, 0, IOSQ, (2 * DEPTH - 1) << 16 | 1, 1 << 16 | 1), ==, NVME_OK);
    b->nvme.io = (Queue) { IOSQ, IOCQ, 1, .size = 2 * DEPTH, .phase = 1 };
}

static void nvme_batch(Bench *b)
{
    NvmeCmd cmds[DEPTH];
    NvmeCqe cqes[DEPTH];
    Queue *q = &b->nvme.io;
    unsigned n = 0;

    for (unsigned i = 0; i < DEPTH; i++) {
        cmds[i] = rw(NVME_IO_READ, next_block() * 8, 8, DATA + i * BLOCK, 0);
        cmds[i].cid = i;
    }
    qtest_memwrite(b->t, q->sq + q->tail * sizeof(cmds[0]), cmds, sizeof(cmds));
    q->tail = (q->tail + DEPTH) % q->size;
    qtest_writel(b->t, BAR + NVME_REG_DOORBELLS + 8, q->tail);
    while (n < DEPTH) {
        qtest_memread(b->t, q->cq + q->head * sizeof(cqes[0]), cqes, sizeof(cqes));
        for (n = 0; n < DEPTH && (cqes[n].status & 1) == q->phase; n++) {
            g_assert_cmphex(cqes[n].status >> 1, ==, 0);
        }
    }
    q->head = (q->head + DEPTH) % q->size;
    q->phase ^= q->head == 0;
    qtest_writel(b->t, BAR + NVME_REG_DOORBELLS + 12, q->head);
}

/* --- virtio ----------------------------------------------------------------------------------- */

static void virtio_start(Bench *b)
{
    static const Variant v = { "pci", "", VDEV_PCI, F(VIRTIO_F_VERSION_1), 0 };
    VQueue *q;

    b->disk = g_new0(Disk, 1);
    b->disk->t = b->t;
    b->disk->variant = &v;
    disk_find(b->disk, &v);
    disk_restart(b->disk);
    q = b->disk->q;
    g_assert_cmpuint(q->num, >=, 4 * DEPTH);
    b->headers = q->driver - offsetof(VirtioBatch, flags);      /* where the table has descriptors that no chain takes */
    b->data = vdev_alloc(&b->disk->v, DEPTH * BLOCK);
    b->status = vdev_alloc(&b->disk->v, DEPTH);
    for (unsigned i = 0; i < DEPTH; i++) {
        VBuf bufs[] = { { b->headers + i * 16, 16, false }, { b->data + i * BLOCK, BLOCK, true }, { b->status + i, 1, true } };

        vqueue_write_chain(q, q->desc, i * 3, bufs, 3);
        for (unsigned at = i; at < q->num; at += DEPTH) {
            qtest_writew(b->t, q->driver + 4 + 2 * at, i * 3);
        }
    }
}

static void virtio_batch(Bench *b)
{
    VQueue *q = b->disk->q;
    VirtioBatch batch = { .index = htole16(q->avail_idx += DEPTH) };

    for (unsigned i = 0; i < DEPTH; i++) {
        batch.headers[i] = (struct virtio_blk_outhdr) { .type = htole32(VIRTIO_BLK_T_IN), .sector = htole64(next_block() * 8) };
    }
    qtest_memwrite(b->t, b->headers, &batch, offsetof(VirtioBatch, index) + sizeof(batch.index));
    vqueue_kick(q);
    while (qtest_readw(b->t, q->device + 2) != q->avail_idx) {
        continue;
    }
}

/* --- Either -------------------------------------------------------------------------------------- */

/* And what it starts. */
static void stay_on_this_processor(void)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    sched_setaffinity(0, sizeof(one), &one);
}

/* In seconds; it has ended. */
static double emulator_cpu(void)
{
    struct rusage r;

    getrusage(RUSAGE_CHILDREN, &r);
    return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
    bool nvme = argc > 1 && g_str_has_prefix(argv[1], "nvme");
    int64_t end, begin, microseconds;
    unsigned batches = 0;
    g_autofree char *path = NULL;
    Bench b = { 0 };

    if (argc != 3) {
        g_printerr("usage: disk-bench nvme|virtio[-sequential] SECONDS\n");
        return 1;
    }
    sequential = g_str_has_suffix(argv[1], "-sequential");
    stay_on_this_processor();
    path = image_new();
    b.t = qtest_init(VIRT_ARGS "-drive if=none,id=d,format=raw,aio=io_uring,file=%s -device %s,drive=d,bus=pcie.0,addr=1", path,
                     nvme ? "nvme,serial=1" : "virtio-blk-pci,num-queues=1");
    (nvme ? nvme_start : virtio_start)(&b);
    begin = g_get_monotonic_time();
    end = begin + g_ascii_strtod(argv[2], NULL) * 1e6;
    for (; g_get_monotonic_time() < end; batches++) {
        (nvme ? nvme_batch : virtio_batch)(&b);
    }
    microseconds = g_get_monotonic_time() - begin;
    if (b.disk) {
        vdev_free(&b.disk->v);
        g_free(b.disk);
    }
    qtest_quit(b.t);
    g_print("%.0f %.0f\n", batches * (double)DEPTH * 1e6 / microseconds, batches * (double)DEPTH / emulator_cpu());
    return 0;
}
