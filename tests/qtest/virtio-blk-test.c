/*
 * The virtio disk behind each transport, with split and packed rings: what it
 * says of itself, requests in every shape, and what drivers get wrong.
 *
 * Run against another emulator (QTEST_PEER set) it does the part that both
 * must answer alike.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virtio-blk-helpers.h"

/* --- What both must answer alike ------------------------------------------------------------ */

static void test_config(const Variant *v)
{
    Disk *d = disk_open(v, "", "");
    struct virtio_blk_config c;

    qtest_memread(d->t, d->v.device, &c, 36);
    g_assert_cmpuint(le64toh(c.capacity), ==, DISK_SIZE / 512);
    g_assert_cmpuint(le32toh(c.size_max), ==, 0);
    g_assert_cmpuint(le32toh(c.seg_max), ==, 254);
    g_assert_cmpuint(le16toh(c.geometry.cylinders), ==, 16);
    g_assert_cmpuint(c.geometry.heads, ==, 16);
    g_assert_cmpuint(c.geometry.sectors, ==, 63);
    g_assert_cmpuint(le32toh(c.blk_size), ==, 512);
    g_assert_cmpuint(c.physical_block_exp | c.alignment_offset | c.min_io_size | c.opt_io_size, ==, 0);
    g_assert_cmpuint(c.wce, ==, 1);
    g_assert_cmpuint(le16toh(c.num_queues), ==, 1);
    g_assert_cmpuint(qtest_readl(d->t, d->v.device + offsetof(struct virtio_blk_config, max_discard_sectors)), ==, 4194303);
    g_assert_cmpuint(qtest_readl(d->t, d->v.device + offsetof(struct virtio_blk_config, max_discard_seg)), ==, 1);
    g_assert_cmpuint(qtest_readl(d->t, d->v.device + offsetof(struct virtio_blk_config, discard_sector_alignment)), ==, 1);
    g_assert_cmpuint(qtest_readl(d->t, d->v.device + offsetof(struct virtio_blk_config, max_write_zeroes_sectors)), ==, 4194303);
    g_assert_cmpuint(qtest_readl(d->t, d->v.device + offsetof(struct virtio_blk_config, max_write_zeroes_seg)), ==, 1);
    g_assert_cmpuint(qtest_readb(d->t, d->v.device + offsetof(struct virtio_blk_config, write_zeroes_may_unmap)), ==, 1);
    g_assert_cmphex(vdev_offered(&d->v) & 0xffffff & ~(F(VIRTIO_BLK_F_SCSI)), ==, BLK_FEATURES | F(VIRTIO_BLK_F_GEOMETRY));
    disk_close(d);
}

static void test_config_chosen(const Variant *v)
{
    Disk *d = disk_open(v, ",readonly=on", ",num-queues=3,queue-size=64,logical_block_size=4096,physical_block_size=16384,"
                       "min_io_size=8192,opt_io_size=65536,cyls=100,heads=4,secs=24,discard=off,write-zeroes=off");
    struct virtio_blk_config c;

    qtest_memread(d->t, d->v.device, &c, 36);
    g_assert_cmpuint(le32toh(c.seg_max), ==, 62);
    g_assert_cmpuint(le16toh(c.geometry.cylinders), ==, 100);
    g_assert_cmpuint(c.geometry.heads, ==, 4);
    g_assert_cmpuint(c.geometry.sectors, ==, 24);
    g_assert_cmpuint(le32toh(c.blk_size), ==, 4096);
    g_assert_cmpuint(c.physical_block_exp, ==, 2);
    g_assert_cmpuint(le16toh(c.min_io_size), ==, 2);
    g_assert_cmpuint(le32toh(c.opt_io_size), ==, 16);
    g_assert_cmpuint(le16toh(c.num_queues), ==, 3);
    g_assert_cmphex(vdev_offered(&d->v) & (F(VIRTIO_BLK_F_RO) | F(VIRTIO_BLK_F_MQ) | F(VIRTIO_BLK_F_DISCARD) | F(VIRTIO_BLK_F_WRITE_ZEROES)),
                    ==, F(VIRTIO_BLK_F_RO) | F(VIRTIO_BLK_F_MQ));
    g_assert_cmpuint(vdev_is_mmio(&d->v) ? 64 : d->q->num, ==, 64);    /* the peer's MMIO offers what a queue can ever have */
    /* Not whole blocks; not for writing. */
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, 0, d->data, 512), ==, VIRTIO_BLK_S_IOERR);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, 1, d->data, 4096), ==, VIRTIO_BLK_S_IOERR);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, 8, d->data, 4096), ==, VIRTIO_BLK_S_OK);
    check_blocks(d, d->data, 8, 8);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_OUT, 0, d->data, 4096), ==, VIRTIO_BLK_S_IOERR);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_FLUSH, 0, 0, 0), ==, VIRTIO_BLK_S_OK);
    disk_close(d);
}

static void test_rw(const Variant *v)
{
    Disk *d = disk_open(v, "", ",serial=SERIAL-1");
    const uint64_t last = DISK_SIZE / 512 - 1;
    char id[21] = "";

    g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, 5, d->data, 512), ==, VIRTIO_BLK_S_OK);
    g_assert_cmpuint(d->written, ==, 513);
    check_blocks(d, d->data, 5, 1);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, 100, d->data, 64 * 512), ==, VIRTIO_BLK_S_OK);
    check_blocks(d, d->data, 100, 64);
    qtest_memset(d->t, d->data, 0x5a, 1024);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_OUT, 7, d->data, 1024), ==, VIRTIO_BLK_S_OK);
    g_assert_cmpuint(d->written, ==, 1);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_FLUSH, 0, 0, 0), ==, VIRTIO_BLK_S_OK);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, 6, d->data, 4 * 512), ==, VIRTIO_BLK_S_OK);
    check_blocks(d, d->data, 6, 1);
    g_assert_cmphex(qtest_readb(d->t, d->data + 512), ==, 0x5a);
    g_assert_cmphex(qtest_readb(d->t, d->data + 1535), ==, 0x5a);
    check_blocks(d, d->data + 1536, 9, 1);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_GET_ID, 0, d->data, 20), ==, VIRTIO_BLK_S_OK);
    qtest_memread(d->t, d->data, id, 20);
    g_assert_cmpstr(id, ==, "SERIAL-1");
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, last, d->data, 512), ==, VIRTIO_BLK_S_OK);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, last, d->data, 1024), ==, VIRTIO_BLK_S_IOERR);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, last + 1, d->data, 512), ==, VIRTIO_BLK_S_IOERR);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, ~0ULL, d->data, 512), ==, VIRTIO_BLK_S_IOERR);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_OUT, ~0ULL >> 9, d->data, 512), ==, VIRTIO_BLK_S_IOERR);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, 0, d->data, 100), ==, VIRTIO_BLK_S_IOERR);
    g_assert_cmpuint(request(d, 99, 0, d->data, 512), ==, VIRTIO_BLK_S_UNSUPP);
    disk_close(d);
}

/* Pieces of a request need not be header, data and status. */
static void test_layouts(const Variant *v)
{
    Disk *d = disk_open(v, "", "");
    uint64_t m = d->header;
    VBuf header_in_three[] = { { m, 4, false }, { m + 4, 9, false }, { m + 13, 3, false }, { d->data, 512, true }, { d->status, 1, true } };
    VBuf status_with_data[] = { { m, 16, false }, { d->data, 100, true }, { d->data + 0x1000, 413, true } };
    VBuf header_with_data[] = { { d->data, 16 + 300, false }, { d->data + 0x1000, 212, false }, { d->status, 1, true } };
    VBuf two_bytes_of_status[] = { { m, 16, false }, { d->data, 512, true }, { d->status, 2, true } };

    if (!(v->features & F(VIRTIO_F_VERSION_1))) {
        goto out;                       /* legacy drivers keep to the old layout */
    }
    put_header(d, VIRTIO_BLK_T_IN, 33);
    g_assert_cmpuint(send(d, header_in_three, 5, d->status), ==, VIRTIO_BLK_S_OK);
    check_blocks(d, d->data, 33, 1);
    g_assert_cmpuint(send(d, status_with_data, 3, d->data + 0x1000 + 412), ==, VIRTIO_BLK_S_OK);
    g_assert_cmphex(qtest_readb(d->t, d->data + 99), ==, 33);
    g_assert_cmphex(qtest_readb(d->t, d->data + 0x1000 + 411), ==, 33);
    g_assert_cmpuint(d->written, ==, 513);
    qtest_memset(d->t, d->data, 0x77, 0x2000);
    qtest_memwrite(d->t, d->data, &(struct virtio_blk_outhdr) { htole32(VIRTIO_BLK_T_OUT), 0, htole64(34) }, 16);
    g_assert_cmpuint(send(d, header_with_data, 3, d->status), ==, VIRTIO_BLK_S_OK);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, 34, d->data, 512), ==, VIRTIO_BLK_S_OK);
    g_assert_cmphex(qtest_readb(d->t, d->data), ==, 0x77);
    g_assert_cmphex(qtest_readb(d->t, d->data + 511), ==, 0x77);
    /* The status is the last byte; the first of the two is data, and that is one byte too much. */
    put_header(d, VIRTIO_BLK_T_IN, 33);
    g_assert_cmpuint(send(d, two_bytes_of_status, 3, d->status + 1), ==, VIRTIO_BLK_S_IOERR);
out:
    disk_close(d);
}

static void test_ranges(const Variant *v)
{
    Disk *d = disk_open(v, ",discard=unmap", ",max-discard-sectors=64,max-write-zeroes-sectors=64");

    g_assert_cmpuint(range(d, VIRTIO_BLK_T_WRITE_ZEROES, 8, 8, 0), ==, VIRTIO_BLK_S_OK);
    g_assert_cmpuint(range(d, VIRTIO_BLK_T_WRITE_ZEROES, 24, 8, VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP), ==, VIRTIO_BLK_S_OK);
    g_assert_cmpuint(range(d, VIRTIO_BLK_T_DISCARD, 40, 8, 0), ==, VIRTIO_BLK_S_OK);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, 0, d->data, 48 * 512), ==, VIRTIO_BLK_S_OK);
    check_blocks(d, d->data, 0, 8);
    g_assert_cmphex(qtest_readl(d->t, d->data + 8 * 512), ==, 0);
    check_blocks(d, d->data + 16 * 512, 16, 8);
    g_assert_cmphex(qtest_readl(d->t, d->data + 31 * 512 + 508), ==, 0);
    check_blocks(d, d->data + 32 * 512, 32, 8);
    g_assert_cmpuint(range(d, VIRTIO_BLK_T_DISCARD, 0, 65, 0), ==, VIRTIO_BLK_S_IOERR);
    g_assert_cmpuint(range(d, VIRTIO_BLK_T_WRITE_ZEROES, 0, 65, 0), ==, VIRTIO_BLK_S_IOERR);
    g_assert_cmpuint(range(d, VIRTIO_BLK_T_WRITE_ZEROES, DISK_SIZE / 512 - 1, 2, 0), ==, VIRTIO_BLK_S_IOERR);
    g_assert_cmpuint(range(d, VIRTIO_BLK_T_DISCARD, 0, 8, VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP), ==, VIRTIO_BLK_S_UNSUPP);
    g_assert_cmpuint(range(d, VIRTIO_BLK_T_WRITE_ZEROES, 0, 8, 2), ==, VIRTIO_BLK_S_UNSUPP);
    disk_close(d);
}

/* The driver switches the cache; a reset brings back what it was. */
static void test_cache(const Variant *v)
{
    Disk *d = disk_open(v, "", "");
    uint64_t wce = d->v.device + offsetof(struct virtio_blk_config, wce);

    qtest_writeb(d->t, wce, 0);
    g_assert_cmpuint(qtest_readb(d->t, wce), ==, 0);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_OUT, 7, d->data, 1024), ==, VIRTIO_BLK_S_OK);
    vdev_set_status(&d->v, 0);
    g_assert_cmpuint(qtest_readb(d->t, wce), ==, 1);
    disk_close(d);
}

static void test_many(const Variant *v)
{
    Disk *d = disk_open(v, "", "");
    unsigned ids[32];
    uint64_t status = vdev_alloc(&d->v, 32), headers = vdev_alloc(&d->v, 32 * 16), data = vdev_alloc(&d->v, 32 * 4096);

    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 32; i++) {
            struct virtio_blk_outhdr h = { htole32(VIRTIO_BLK_T_IN), 0, htole64((i * 37 + round) * 8) };
            VBuf bufs[] = { { headers + i * 16, 16, false }, { data + i * 4096, 4096, true }, { status + i, 1, true } };

            qtest_memwrite(d->t, headers + i * 16, &h, sizeof(h));
            qtest_writeb(d->t, status + i, 0xff);
            ids[i] = vqueue_add(d->q, bufs, 3);
        }
        vqueue_kick(d->q);
        for (unsigned i = 0; i < 32; i++) {
            g_assert_cmpuint(vqueue_wait(d->q, ids[i]), ==, 4097);
            g_assert_cmpuint(qtest_readb(d->t, status + i), ==, VIRTIO_BLK_S_OK);
            check_blocks(d, data + i * 4096, (i * 37 + round) * 8, 8);
        }
    }
    g_assert_cmphex(vdev_take_isr(&d->v) & 1, ==, d->v.kind == VDEV_PCI || d->v.kind == VDEV_PCI_LEGACY || vdev_is_mmio(&d->v));
    disk_close(d);
}

static void test_granularity(const Variant *v)
{
    static const struct { const char *options; unsigned sectors; } tests[] = {
        { ",discard_granularity=4096", 8 }, { ",discard_granularity=4096,report-discard-granularity=off", 1 }, { ",discard_granularity=0", 0 },
        { ",discard_granularity=0,report-discard-granularity=off", 1 }, { ",lcyls=10,lheads=2,lsecs=3", 1 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        Disk *d = disk_open(v, "", tests[i].options);

        g_assert_cmpuint(qtest_readl(d->t, d->v.device + offsetof(struct virtio_blk_config, discard_sector_alignment)), ==, tests[i].sectors);
        g_assert_cmpuint(qtest_readb(d->t, d->v.device + offsetof(struct virtio_blk_config, geometry.heads)), ==, 16);
        disk_close(d);
    }
}

static bool has_counter(Disk *d, const char *name)
{
    g_autoptr(json_t) list = qtest_qmp_return(d->t, "{'execute': 'query-blockstats'}");

    return json_object_get(json_object_get(json_array_get(list, 0), "stats"), name) != NULL;
}

/* Requests that the disk refuses are counted, and are activity or none. */
static void test_invalid(const Variant *v)
{
    for (int on = 0; on < 2; on++) {
        Disk *d = disk_open(v, "", on ? ",account-invalid=on" : ",account-invalid=off");

        g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, 1ULL << 40, d->data, 512), ==, VIRTIO_BLK_S_IOERR);
        g_assert_cmpuint(request(d, VIRTIO_BLK_T_OUT, 1ULL << 40, d->data, 512), ==, VIRTIO_BLK_S_IOERR);
        g_assert_cmpuint(range(d, VIRTIO_BLK_T_DISCARD, 1ULL << 40, 8, 0), ==, VIRTIO_BLK_S_IOERR);
        g_assert_cmpuint(range(d, VIRTIO_BLK_T_WRITE_ZEROES, 1ULL << 40, 8, 0), ==, VIRTIO_BLK_S_IOERR);
        g_assert_cmpint(disk_counter(d->t, "invalid_rd_operations"), ==, 1);
        g_assert_cmpint(disk_counter(d->t, "invalid_wr_operations"), ==, 2);
        g_assert_cmpint(disk_counter(d->t, "rd_total_time_ns"), ==, 0);
        g_assert_true(has_counter(d, "idle_time_ns") == on);
        disk_close(d);
    }
}

/* One kick of 32 requests of a block each: two runs of 16 with @gap blocks between them. */
static void one_kick(Disk *d, uint32_t type, unsigned gap, uint8_t expected)
{
    unsigned ids[32];
    uint64_t status = vdev_alloc(&d->v, 32), headers = vdev_alloc(&d->v, 32 * 16);

    for (unsigned i = 0; i < 32; i++) {
        struct virtio_blk_outhdr h = { htole32(type), 0, htole64(i + (i < 16 ? 0 : gap)) };
        VBuf bufs[] = { { headers + i * 16, 16, false }, { d->data + i * 512, 512, type == VIRTIO_BLK_T_IN }, { status + i, 1, true } };

        qtest_memwrite(d->t, headers + i * 16, &h, sizeof(h));
        qtest_writeb(d->t, status + i, 0xff);
        ids[i] = vqueue_add(d->q, bufs, 3);
    }
    vqueue_kick(d->q);
    for (unsigned i = 0; i < 32; i++) {
        g_assert_cmpuint(vqueue_wait(d->q, ids[i]), ==, type == VIRTIO_BLK_T_IN ? 513 : 1);
        g_assert_cmpuint(qtest_readb(d->t, status + i), ==, expected);
    }
}

/* What follows each other goes to the host together; each request is answered, and counted, by itself. */
static void test_merging(const Variant *v)
{
    Disk *d = disk_open(v, "", "");

    one_kick(d, VIRTIO_BLK_T_IN, 100, VIRTIO_BLK_S_OK);
    check_blocks(d, d->data, 0, 16);
    check_blocks(d, d->data + 16 * 512, 116, 16);
    g_assert_cmpint(disk_counter(d->t, "rd_operations"), ==, 32);
    g_assert_cmpint(disk_counter(d->t, "rd_bytes"), ==, 32 * 512);
    g_assert_cmpint(disk_counter(d->t, "rd_merged"), ==, 30);
    for (unsigned i = 0; i < 32; i++) {
        qtest_memset(d->t, d->data + i * 512, 0xa0 + i, 512);
    }
    one_kick(d, VIRTIO_BLK_T_OUT, 1, VIRTIO_BLK_S_OK);
    g_assert_cmpint(disk_counter(d->t, "wr_operations"), ==, 32);
    g_assert_cmpint(disk_counter(d->t, "wr_merged"), ==, 30);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, 0, d->data, 34 * 512), ==, VIRTIO_BLK_S_OK);
    for (unsigned i = 0; i < 33; i++) {
        g_assert_cmphex(qtest_readb(d->t, d->data + i * 512 + 511), ==, i < 16 ? 0xa0 + i : i == 16 ? 16 : 0xa0 + i - 1);
    }
    check_blocks(d, d->data + 33 * 512, 33, 1);
    disk_close(d);

    d = disk_open(v, "", ",request-merging=off");
    one_kick(d, VIRTIO_BLK_T_IN, 0, VIRTIO_BLK_S_OK);
    check_blocks(d, d->data, 0, 32);
    g_assert_cmpint(disk_counter(d->t, "rd_merged"), ==, 0);
    disk_close(d);
}

/* A request that cannot be answered stops the device, until it is reset. */
static void test_broken(const Variant *v)
{
    Disk *d = disk_open(v, "", "");
    VBuf no_status[] = { { d->header, 16, false } }, no_header[] = { { d->header, 8, false }, { d->status, 1, true } };

    put_header(d, VIRTIO_BLK_T_FLUSH, 0);
    vqueue_add(d->q, v->number & 1 ? no_status : no_header, v->number & 1 ? 1 : 2);
    vqueue_kick(d->q);
    if (v->features & F(VIRTIO_F_VERSION_1)) {
        vdev_wait_needs_reset(&d->v);
    }
    disk_restart(d);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, 5, d->data, 512), ==, VIRTIO_BLK_S_OK);
    check_blocks(d, d->data, 5, 1);
    disk_close(d);
}

/* Requests under way when the driver resets the device; and when the machine is reset. */
static void test_reset(const Variant *v)
{
    Disk *d = disk_open(v, "", "");

    for (unsigned round = 0; round < 6; round++) {
        put_header(d, VIRTIO_BLK_T_IN, 0);
        for (unsigned i = 0; i < 16; i++) {
            vqueue_add(d->q, (VBuf[]) { { d->header, 16, false }, { d->data, 65536, true }, { d->status, 1, true } }, 3);
        }
        vqueue_kick(d->q);
        if (round & 1) {
            json_decref(qtest_qmp_return(d->t, "{'execute': 'system_reset'}"));
            json_decref(qtest_qmp_event(d->t, "RESET"));
            disk_find(d, v);
        } else {
            vdev_set_status(&d->v, 0);
            for (int i = 0; i < 10000 && vdev_status(&d->v); i++) {
                g_usleep(100);
            }
        }
        disk_restart(d);
        g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, 7, d->data, 512), ==, VIRTIO_BLK_S_OK);
        check_blocks(d, d->data, 7, 1);
    }
    disk_close(d);
}

/* Firmware gives out ports from 0 on. */
static void test_port_0(const Variant *v)
{
    Disk *d = disk_open(v, "", "");

    if (v->kind == VDEV_PCI_LEGACY) {
        qtest_writel(d->t, cfg(0, 1, 0, PCI_BASE_ADDRESS_0), 0);
        d->v.common = PIO;
        d->v.device = PIO + VIRTIO_PCI_CONFIG_OFF(0);
        disk_restart(d);
        g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, 5, d->data, 512), ==, VIRTIO_BLK_S_OK);
        check_blocks(d, d->data, 5, 1);
    }
    disk_close(d);
}

static uint64_t capacity(Disk *d)
{
    return qtest_readq(d->t, d->v.device);
}

/* The interrupt of the configuration, then the new size; what is behind the end is refused. */
static void test_resize(const Variant *v)
{
    Disk *d = disk_open(v, "", "");

    vdev_take_isr(&d->v);
    json_decref(qtest_qmp_return(d->t, "{'execute': 'block_resize', 'arguments': {'device': 'd', 'size': %d}}", (int)(2 * DISK_SIZE)));
    vdev_wait_isr(&d->v, 2);
    g_assert_cmpuint(capacity(d), ==, 2 * DISK_SIZE / 512);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_OUT, 2 * DISK_SIZE / 512 - 1, d->data, 512), ==, VIRTIO_BLK_S_OK);
    json_decref(qtest_qmp_return(d->t, "{'execute': 'block_resize', 'arguments': {'device': 'd', 'size': 4096}}"));
    vdev_wait_isr(&d->v, 2);
    g_assert_cmpuint(capacity(d), ==, 8);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_OUT, 8, d->data, 512), ==, VIRTIO_BLK_S_IOERR);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, 7, d->data, 512), ==, VIRTIO_BLK_S_OK);
    check_blocks(d, d->data, 7, 1);
    disk_close(d);
}

/* --- Ours ----------------------------------------------------------------------------------------- */

static void test_iothread(const Variant *v)
{
    Disk *d = disk_open_more(v, "-object iothread,id=io1", "", ",iothread=io1");

    qtest_qmp_error(d->t, "GenericError", "in use", "{'execute': 'object-del', 'arguments': {'id': 'io1'}}");
    for (unsigned i = 0; i < 50; i++) {
        g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, i * 11, d->data, 4096), ==, VIRTIO_BLK_S_OK);
        check_blocks(d, d->data, i * 11, 8);
    }
    json_decref(qtest_qmp_return(d->t, "{'execute': 'system_reset'}"));
    json_decref(qtest_qmp_event(d->t, "RESET"));
    disk_find(d, v);
    disk_restart(d);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, 5, d->data, 512), ==, VIRTIO_BLK_S_OK);
    disk_close(d);
}

static void test_counters(const Variant *v)
{
    Disk *d = disk_open(v, "", "");

    g_assert_cmpuint(request(d, VIRTIO_BLK_T_IN, 5, d->data, 512), ==, VIRTIO_BLK_S_OK);
    g_assert_cmpuint(request(d, VIRTIO_BLK_T_OUT, 5, d->data, 1024), ==, VIRTIO_BLK_S_OK);
    g_assert_cmpint(disk_counter(d->t, "rd_operations"), ==, 1);
    g_assert_cmpint(disk_counter(d->t, "wr_bytes"), ==, 1024);
    disk_close(d);
}

typedef void VariantTest(const Variant *v);
static const struct { const char *name; VariantTest *fn; bool common; } tests[] = {
    { "config", test_config, true }, { "config-chosen", test_config_chosen, true }, { "rw", test_rw, true },
    { "layouts", test_layouts, true }, { "ranges", test_ranges, true }, { "cache", test_cache, true }, { "many", test_many, true },
    { "merging", test_merging, true }, { "granularity", test_granularity, true }, { "invalid", test_invalid, true },
    { "port-0", test_port_0, true }, { "broken", test_broken, true }, { "reset", test_reset, true }, { "resize", test_resize, true },
    { "iothread", test_iothread, false },
    { "counters", test_counters, false },
};

typedef struct Case { VariantTest *fn; const Variant *v; } Case;

static void run_case(gconstpointer opaque)
{
    const Case *c = opaque;

    c->fn(c->v);
}

int main(int argc, char **argv)
{
    static Case cases[ARRAY_SIZE(tests) * ARRAY_SIZE(variants)];
    unsigned n = 0;

    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
        for (size_t k = 0; k < ARRAY_SIZE(tests); k++) {
            g_autofree char *path = g_strdup_printf("/virtio-blk/%s/%s", variants[i].name, tests[k].name);

            if (tests[k].common || !g_getenv("QTEST_PEER")) {
                cases[n] = (Case) { tests[k].fn, &variants[i] };
                g_test_add_data_func(path, &cases[n++], run_case);
            }
        }
    }
    return g_test_run();
}
