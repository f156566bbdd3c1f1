/*
 * A virtio disk, from a test: behind PCI (00:01.0) or MMIO (the first
 * transport), modern or legacy, split or packed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_QTEST_VIRTIO_BLK_HELPERS_H
#define TESTS_QTEST_VIRTIO_BLK_HELPERS_H

#include <linux/virtio_blk.h>
#include "disk-helpers.h"
#include "virtio-helpers.h"

/* What is offered of the first 24 bits, but for the geometry, which nobody needs. */
#define BLK_FEATURES (F(VIRTIO_BLK_F_SEG_MAX) | F(VIRTIO_BLK_F_BLK_SIZE) | F(VIRTIO_BLK_F_FLUSH) | F(VIRTIO_BLK_F_TOPOLOGY) | \
                      F(VIRTIO_BLK_F_CONFIG_WCE) | F(VIRTIO_BLK_F_DISCARD) | F(VIRTIO_BLK_F_WRITE_ZEROES))
#define RING_FEATURES (F(VIRTIO_F_VERSION_1) | F(VIRTIO_RING_F_INDIRECT_DESC) | F(VIRTIO_RING_F_EVENT_IDX))

typedef struct Variant { const char *name, *driver; VKind kind; uint64_t features; unsigned number; } Variant;
static const Variant variants[] = {
    { "pci", "virtio-blk-pci,bus=pcie.0,addr=1,num-queues=1", VDEV_PCI, RING_FEATURES, 0 },
    { "pci-direct", "virtio-blk-pci,bus=pcie.0,addr=1,num-queues=1", VDEV_PCI, F(VIRTIO_F_VERSION_1), 1 },
    { "pci-packed", "virtio-blk-pci,bus=pcie.0,addr=1,num-queues=1,packed=on", VDEV_PCI, RING_FEATURES | F(VIRTIO_F_RING_PACKED), 2 },
    { "pci-legacy", "virtio-blk-pci-transitional,bus=pcie.0,addr=1,num-queues=1", VDEV_PCI_LEGACY, 0, 3 },
    { "mmio", "virtio-blk-device,bus=virtio-mmio-bus.0 -global virtio-mmio.force-legacy=false", VDEV_MMIO, RING_FEATURES, 4 },
    { "mmio-packed", "virtio-blk-device,packed=on,bus=virtio-mmio-bus.0 -global virtio-mmio.force-legacy=false", VDEV_MMIO,
      F(VIRTIO_F_VERSION_1) | F(VIRTIO_F_RING_PACKED), 5 },
    { "mmio-legacy", "virtio-blk-device,bus=virtio-mmio-bus.0", VDEV_MMIO_LEGACY, 0, 6 },
};

typedef struct Disk {
    QTestState *t;
    VDev v;
    VQueue *q;
    const Variant *variant;
    char *path;
    uint64_t header, data, status;      /* in the guest's memory */
    uint32_t written;                   /* what the last request's used length was */
} Disk;

/* After a start or reset of the machine. */
static inline void disk_find(Disk *d, const Variant *v)
{
    if (v->kind == VDEV_PCI) {
        vdev_init_pci(&d->v, d->t, 0, 1);
    } else if (v->kind == VDEV_PCI_LEGACY) {
        vdev_init_pci_legacy(&d->v, d->t, 0, 1);
    } else {
        vdev_init_mmio(&d->v, d->t, 0);
        g_assert_cmpint(d->v.kind, ==, v->kind);
    }
    d->header = vdev_alloc(&d->v, 16);
    d->data = vdev_alloc(&d->v, 128 * KiB);
    d->status = vdev_alloc(&d->v, 16);
}

/* As a driver that starts, or starts over. */
static inline void disk_restart(Disk *d)
{
    vdev_start(&d->v, d->variant->features | BLK_FEATURES);
    vqueue_select(&d->v, 0);
    d->q = vqueue_new(&d->v, 0, vqueue_max(&d->v));
    vdev_driver_ok(&d->v);
}

static inline Disk *disk_open_more(const Variant *v, const char *before, const char *drive, const char *device)
{
    g_auto(GStrv) driver = g_strsplit(v->driver, " ", 2);
    Disk *d = g_new0(Disk, 1);

    d->path = disk_new("disk");
    d->variant = v;
    d->t = qtest_init(VIRT_ARGS "%s -drive if=none,id=d,format=raw,file=%s%s -device %s,id=v,drive=d%s %s", before, d->path, drive,
                     driver[0], device, driver[1] ? driver[1] : "");
    disk_find(d, v);
    disk_restart(d);
    return d;
}

static inline Disk *disk_open(const Variant *v, const char *drive, const char *device)
{
    return disk_open_more(v, "", drive, device);
}

static inline void disk_close(Disk *d)
{
    vdev_free(&d->v);
    qtest_quit(d->t);
    g_free(d->path);
    g_free(d);
}

static inline void put_header(Disk *d, uint32_t type, uint64_t sector)
{
    struct virtio_blk_outhdr h = { .type = htole32(type), .sector = htole64(sector) };

    qtest_memwrite(d->t, d->header, &h, sizeof(h));
}

/* Returns the status that appears at @status. */
static inline uint8_t send(Disk *d, const VBuf *bufs, unsigned n, uint64_t status)
{
    unsigned id;

    qtest_writeb(d->t, status, 0xff);
    id = vqueue_add(d->q, bufs, n);
    vqueue_kick(d->q);
    d->written = vqueue_wait(d->q, id);
    return qtest_readb(d->t, status);
}

static inline uint8_t request(Disk *d, uint32_t type, uint64_t sector, uint64_t data, uint32_t len)
{
    bool out = type == VIRTIO_BLK_T_OUT || type == VIRTIO_BLK_T_DISCARD || type == VIRTIO_BLK_T_WRITE_ZEROES;
    VBuf with_data[] = { { d->header, 16, false }, { data, len, !out }, { d->status, 1, true } };
    VBuf without[] = { { d->header, 16, false }, { d->status, 1, true } };

    put_header(d, type, sector);
    return len ? send(d, with_data, 3, d->status) : send(d, without, 2, d->status);
}

static inline uint8_t range(Disk *d, uint32_t type, uint64_t sector, uint32_t sectors, uint32_t flags)
{
    struct virtio_blk_discard_write_zeroes r = { htole64(sector), htole32(sectors), htole32(flags) };

    qtest_memwrite(d->t, d->data, &r, sizeof(r));
    return request(d, type, 0, d->data, sizeof(r));
}

static inline void check_blocks(Disk *d, uint64_t addr, unsigned first, unsigned count)
{
    g_autofree uint8_t *bytes = g_malloc(count * 512);

    qtest_memread(d->t, addr, bytes, count * 512);
    for (unsigned i = 0; i < count; i++) {
        g_assert_cmphex(bytes[i * 512], ==, (first + i) & 0xff);
        g_assert_cmphex(bytes[i * 512 + 511], ==, (first + i) & 0xff);
    }
}

#endif
