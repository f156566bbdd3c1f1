/*
 * A disk over virtio: virtio 1.2 section 5.2.
 *
 * Guest sees: one or many request queues; reads, writes, flushes, discards,
 * write-zeroes, the serial number; sizes, geometry, topology and the write cache
 * in the configuration, of which the driver may switch the cache.
 *
 * Not modelled: secure erase, lifetime, zones.
 * Runs under the machine lock; doorbells and completions in the I/O threads that it
 * was given.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virtio-blk.h"
#include "hw/block/block-props.h"
#include "hw/core/cpu.h"

#define CONFIG_SIZE offsetof(struct virtio_blk_config, max_secure_erase_sectors)
#define BLOCK_SIZE_MAX  (2 * MiB)
#define GRANULARITY_AUTO    0xffffffffU
#define SEGMENTS_OLD    126             /* what every driver's queue held before seg-max-adjust */

/* --- Configuration -------------------------------------------------------------------------- */

static void put_geometry(const VirtIOBlock *s, struct virtio_blk_config *c)
{
    uint64_t in_block = s->logical_block_size / VIRTIO_BLK_SECTOR;

    c->geometry.cylinders = htole16(s->cyls);
    c->geometry.heads = s->heads;
    c->geometry.sectors = s->secs & ~(in_block - 1);
}

static void put_topology(const VirtIOBlock *s, struct virtio_blk_config *c)
{
    c->blk_size = htole32(s->logical_block_size);
    c->physical_block_exp = ctz32(s->physical_block_size) - ctz32(s->logical_block_size);
    c->min_io_size = htole16(s->min_io_size / s->logical_block_size);
    c->opt_io_size = htole32(s->opt_io_size / s->logical_block_size);
}

static void put_ranges(const VirtIOBlock *s, struct virtio_blk_config *c)
{
    bool chosen = s->report_discard_granularity && s->discard_granularity != GRANULARITY_AUTO;
    uint32_t granularity = chosen ? s->discard_granularity : s->logical_block_size;

    if (s->discard) {
        c->max_discard_sectors = htole32(s->max_discard_sectors);
        c->max_discard_seg = htole32(1);
        c->discard_sector_alignment = htole32(granularity / VIRTIO_BLK_SECTOR);
    }
    if (s->write_zeroes) {
        c->max_write_zeroes_sectors = htole32(s->max_write_zeroes_sectors);
        c->max_write_zeroes_seg = htole32(1);
        c->write_zeroes_may_unmap = 1;
    }
}

static void blk_get_config(VirtIODevice *vdev, uint8_t *config)
{
    VirtIOBlock *s = VIRTIO_BLK(vdev);
    struct virtio_blk_config c = { .capacity = htole64(s->capacity), .num_queues = htole16(s->num_queues) };

    c.seg_max = htole32(s->seg_max_adjust ? s->queue_size - 2 : SEGMENTS_OLD);
    c.wce = blk_enable_write_cache(s->blk);
    put_geometry(s, &c);
    put_topology(s, &c);
    put_ranges(s, &c);
    memcpy(config, &c, CONFIG_SIZE);
}

static void blk_set_config(VirtIODevice *vdev, const uint8_t *config)
{
    if (virtio_vdev_has_feature(vdev, VIRTIO_BLK_F_CONFIG_WCE)) {
        blk_set_enable_write_cache(VIRTIO_BLK(vdev)->blk, config[offsetof(struct virtio_blk_config, wce)]);
    }
}

static uint64_t blk_get_features(VirtIODevice *vdev, uint64_t features, Error **errp)
{
    VirtIOBlock *s = VIRTIO_BLK(vdev);
    const struct { unsigned bit; bool on; } offered[] = {
        { VIRTIO_BLK_F_SEG_MAX, true }, { VIRTIO_BLK_F_GEOMETRY, true }, { VIRTIO_BLK_F_TOPOLOGY, true },
        { VIRTIO_BLK_F_BLK_SIZE, true }, { VIRTIO_BLK_F_RO, blk_is_read_only(s->blk) },
        { VIRTIO_BLK_F_FLUSH, s->config_wce || blk_enable_write_cache(s->blk) }, { VIRTIO_BLK_F_CONFIG_WCE, s->config_wce },
        { VIRTIO_BLK_F_MQ, s->num_queues > 1 }, { VIRTIO_BLK_F_DISCARD, s->discard },
        { VIRTIO_BLK_F_WRITE_ZEROES, s->write_zeroes },
    };

    for (size_t i = 0; i < ARRAY_SIZE(offered); i++) {
        features |= offered[i].on ? BIT_ULL(offered[i].bit) : 0;
    }
    return features;
}

/* A driver that cannot flush gets a disk that need not be. */
static void blk_set_features(VirtIODevice *vdev, uint64_t features)
{
    if (!virtio_has_feature(features, VIRTIO_BLK_F_CONFIG_WCE)) {
        blk_set_enable_write_cache(VIRTIO_BLK(vdev)->blk,
                                   virtio_has_feature(features, VIRTIO_BLK_F_FLUSH) && VIRTIO_BLK(vdev)->original_wce);
    }
}

/* --- Life -------------------------------------------------------------------------------------- */

/* What is under way answers to a queue that no longer listens; when a driver resets us we do not wait for it. */
static void blk_reset(VirtIODevice *vdev)
{
    VirtIOBlock *s = VIRTIO_BLK(vdev);

    if (!current_cpu) {
        blk_drain(s->blk);
    }
    virtio_blk_drop_stopped(s, NULL);
    blk_set_enable_write_cache(s->blk, s->original_wce);
}

static void blk_queue_reset(VirtIODevice *vdev, VirtQueue *vq)
{
    virtio_blk_drop_stopped(VIRTIO_BLK(vdev), vq);
}

static void run_state_changed(void *opaque, bool running, RunState state)
{
    if (running) {
        virtio_blk_restart(opaque);
    }
}

static bool check_size(const char *name, uint32_t v, Error **errp)
{
    if (v < VIRTIO_BLK_SECTOR || v > BLOCK_SIZE_MAX || !is_power_of_2(v)) {
        error_setg(errp, "virtio-blk: %s=%u must be a power of two from 512 to 2 MiB", name, v);
        return false;
    }
    return true;
}

static bool check_sizes(VirtIOBlock *s, Error **errp)
{
    s->logical_block_size = s->logical_block_size ? s->logical_block_size : VIRTIO_BLK_SECTOR;
    s->physical_block_size = s->physical_block_size ? s->physical_block_size : s->logical_block_size;
    if (!check_size("logical_block_size", s->logical_block_size, errp) ||
        !check_size("physical_block_size", s->physical_block_size, errp)) {
        return false;
    }
    if (s->logical_block_size > s->physical_block_size) {
        error_setg(errp, "virtio-blk: logical_block_size=%u is larger than physical_block_size=%u",
                   s->logical_block_size, s->physical_block_size);
    } else if (s->min_io_size % s->logical_block_size || s->opt_io_size % s->logical_block_size) {
        error_setg(errp, "virtio-blk: min_io_size and opt_io_size must be multiples of logical_block_size=%u", s->logical_block_size);
    } else if (s->min_io_size / s->logical_block_size > UINT16_MAX) {
        error_setg(errp, "virtio-blk: min_io_size=%u is larger than 65535 blocks", s->min_io_size);
    } else if (s->discard_granularity != GRANULARITY_AUTO && s->discard_granularity % s->logical_block_size) {
        error_setg(errp, "virtio-blk: discard_granularity=%u has to be whole blocks of logical_block_size=%u",
                   s->discard_granularity, s->logical_block_size);
    } else {
        return true;
    }
    return false;
}

static bool check_queues(VirtIOBlock *s, Error **errp)
{
    s->num_queues = s->num_queues == VIRTIO_BLK_NUM_QUEUES_AUTO ? 1 : s->num_queues;
    if (!s->num_queues || s->num_queues > VIRTIO_QUEUE_MAX) {
        error_setg(errp, "virtio-blk: num-queues=%u must be from 1 to %u", s->num_queues, VIRTIO_QUEUE_MAX);
    } else if (!is_power_of_2(s->queue_size) || s->queue_size < 2 || s->queue_size > VIRTQUEUE_MAX_SIZE) {
        error_setg(errp, "virtio-blk: queue-size=%u must be a power of two from 2 to %u", s->queue_size, VIRTQUEUE_MAX_SIZE);
    } else if (s->seg_max_adjust && s->queue_size < 3) {
        error_setg(errp, "virtio-blk: queue-size=%u leaves no room for data; it must be at least 4 with seg-max-adjust=on", s->queue_size);
    } else {
        return true;
    }
    return false;
}

static bool check_ranges(VirtIOBlock *s, Error **errp)
{
    const uint32_t most = INT_MAX / VIRTIO_BLK_SECTOR;

    if (s->discard && (!s->max_discard_sectors || s->max_discard_sectors > most)) {
        error_setg(errp, "virtio-blk: max-discard-sectors=%u must be from 1 to %u", s->max_discard_sectors, most);
        return false;
    }
    if (s->write_zeroes && (!s->max_write_zeroes_sectors || s->max_write_zeroes_sectors > most)) {
        error_setg(errp, "virtio-blk: max-write-zeroes-sectors=%u must be from 1 to %u", s->max_write_zeroes_sectors, most);
        return false;
    }
    return true;
}

static void set_capacity(VirtIOBlock *s, int64_t length)
{
    s->capacity = (length & ~(int64_t)(s->logical_block_size - 1)) / VIRTIO_BLK_SECTOR;
}

static void resized(void *opaque)
{
    VirtIOBlock *s = opaque;

    set_capacity(s, blk_getlength(s->blk));
    virtio_notify_config(VIRTIO_DEVICE(s));
}

static bool take_drive(VirtIOBlock *s, Error **errp)
{
    int64_t length;

    if (!s->blk) {
        error_setg(errp, "virtio-blk: drive property not set; say drive=ID of a -drive or -blockdev");
        return false;
    }
    if (!blk_use(s->blk, s->share_rw, errp)) {
        return false;
    }
    length = blk_getlength(s->blk);
    if (length < 0) {
        error_setg_errno(errp, length, "virtio-blk: cannot find out the size of drive '%s'", blk_name(s->blk));
        return false;
    }
    set_capacity(s, length);
    blk_set_on_error(s->blk, s->rerror, s->werror);
    if (s->write_cache != ON_OFF_AUTO_AUTO) {
        blk_set_enable_write_cache(s->blk, s->write_cache == ON_OFF_AUTO_ON);
    }
    blk_set_accounting(s->blk, s->account_failed != ON_OFF_AUTO_OFF, s->account_invalid != ON_OFF_AUTO_OFF);
    s->original_wce = blk_enable_write_cache(s->blk);
    return true;
}

/* What nobody uses and everybody asks for: 16 heads of 63 sectors, as ATA said. */
static bool take_geometry(VirtIOBlock *s, Error **errp)
{
    if (!s->cyls && !s->heads && !s->secs) {
        s->heads = 16;
        s->secs = 63;
        s->cyls = CLAMP(s->capacity / (16 * 63), 2, 16383);
    }
    if (s->cyls < 1 || s->cyls > 65535 || s->heads < 1 || s->heads > 255 || s->secs < 1 || s->secs > 255) {
        error_setg(errp, "virtio-blk: cyls=%u,heads=%u,secs=%u must be from 1 to 65535, 255 and 255", s->cyls, s->heads, s->secs);
        return false;
    }
    return true;
}

static bool blk_realize(DeviceState *dev, Error **errp)
{
    VirtIODevice *vdev = VIRTIO_DEVICE(dev);
    VirtIOBlock *s = VIRTIO_BLK(dev);

    if (!check_sizes(s, errp) || !check_queues(s, errp) || !check_ranges(s, errp) || !take_drive(s, errp) || !take_geometry(s, errp) ||
        !virtio_blk_take_threads(s, errp)) {
        return false;
    }
    virtio_init(vdev, VIRTIO_ID_BLOCK, CONFIG_SIZE);
    for (unsigned i = 0; i < s->num_queues; i++) {
        VirtQueue *vq = virtio_add_queue(vdev, s->queue_size, virtio_blk_handle_output);

        virtio_queue_set_context(vq, s->threads[i] ? iothread_get_context(s->threads[i]) : NULL);
    }
    s->to_notify = g_new0(bool, s->num_queues);
    blk_set_resized(s->blk, resized, s);
    s->vmstate = qemu_add_vm_change_state_handler(run_state_changed, s);
    return true;
}

static void blk_unrealize(DeviceState *dev)
{
    VirtIOBlock *s = VIRTIO_BLK(dev);

    blk_drain(s->blk);
    virtio_blk_drop_stopped(s, NULL);
    qemu_del_vm_change_state_handler(s->vmstate);
    /* Who is told that we are gone may use the drive again, though the object lives a little longer. */
    blk_detach_dev(s->blk, OBJECT(s));
    s->blk = NULL;
    g_clear_pointer(&s->to_notify, g_free);
    virtio_cleanup(VIRTIO_DEVICE(dev));
    virtio_blk_release_threads(s);
}

#define BLOCK_SIZE_TEXT "512 to 2M, a power of two"
static const Property blk_properties[] = {
    DEFINE_PROP_DRIVE("drive", VirtIOBlock, blk),
    DEFINE_PROP("logical_block_size", VirtIOBlock, logical_block_size, qdev_prop_size32, uint32_t, .has_default = true,
                .description = BLOCK_SIZE_TEXT),
    DEFINE_PROP("physical_block_size", VirtIOBlock, physical_block_size, qdev_prop_size32, uint32_t, .has_default = true,
                .description = BLOCK_SIZE_TEXT),
    DEFINE_PROP_SIZE32("min_io_size", VirtIOBlock, min_io_size, 0),
    DEFINE_PROP_SIZE32("opt_io_size", VirtIOBlock, opt_io_size, 0),
    DEFINE_PROP_SIZE32("discard_granularity", VirtIOBlock, discard_granularity, GRANULARITY_AUTO),
    DEFINE_PROP_SHARE_RW(VirtIOBlock, share_rw),
    DEFINE_PROP_BOOL("report-discard-granularity", VirtIOBlock, report_discard_granularity, true),
    DEFINE_PROP_ON_OFF_AUTO("account-failed", VirtIOBlock, account_failed, ON_OFF_AUTO_AUTO),
    DEFINE_PROP_ON_OFF_AUTO("account-invalid", VirtIOBlock, account_invalid, ON_OFF_AUTO_AUTO),
    DEFINE_PROP_ON_OFF_AUTO("write-cache", VirtIOBlock, write_cache, ON_OFF_AUTO_AUTO),
    DEFINE_PROP_BLOCK_ON_ERROR("rerror", VirtIOBlock, rerror),
    DEFINE_PROP_BLOCK_ON_ERROR("werror", VirtIOBlock, werror),
    DEFINE_PROP_UINT32("cyls", VirtIOBlock, cyls, 0),
    DEFINE_PROP_UINT32("heads", VirtIOBlock, heads, 0),
    DEFINE_PROP_UINT32("secs", VirtIOBlock, secs, 0),
    DEFINE_PROP_UINT32("lcyls", VirtIOBlock, lcyls, 0),
    DEFINE_PROP_UINT32("lheads", VirtIOBlock, lheads, 0),
    DEFINE_PROP_UINT32("lsecs", VirtIOBlock, lsecs, 0),
    DEFINE_PROP_STRING("serial", VirtIOBlock, serial),
    DEFINE_PROP_BOOL("config-wce", VirtIOBlock, config_wce, true),
    DEFINE_PROP_BOOL("request-merging", VirtIOBlock, request_merging, true),
    DEFINE_PROP_UINT16("num-queues", VirtIOBlock, num_queues, VIRTIO_BLK_NUM_QUEUES_AUTO),
    DEFINE_PROP_UINT16("queue-size", VirtIOBlock, queue_size, 256),
    DEFINE_PROP_BOOL("seg-max-adjust", VirtIOBlock, seg_max_adjust, true),
    DEFINE_PROP_BOOL("discard", VirtIOBlock, discard, true),
    DEFINE_PROP_BOOL("write-zeroes", VirtIOBlock, write_zeroes, true),
    DEFINE_PROP_UINT32("max-discard-sectors", VirtIOBlock, max_discard_sectors, 4194303),
    DEFINE_PROP_UINT32("max-write-zeroes-sectors", VirtIOBlock, max_write_zeroes_sectors, 4194303),
    DEFINE_PROP_LINK("iothread", VirtIOBlock, iothread, TYPE_IOTHREAD, IOThread *),
    DEFINE_PROP("iothread-vq-mapping", VirtIOBlock, vq_mapping, virtio_blk_prop_threads, json_t *),
    DEFINE_PROP_INT32("bootindex", VirtIOBlock, bootindex, -1),
};

#define NO_SECOND_GEOMETRY "No effect: a virtio disk has one geometry, cyls= heads= secs=, which the guest translates as it likes"
static const PropertyDoc blk_docs[] = {
    { "lcyls", NO_SECOND_GEOMETRY }, { "lheads", NO_SECOND_GEOMETRY }, { "lsecs", NO_SECOND_GEOMETRY },
    { "share-rw", "Other devices that say so too may write to the image" },
    { "request-merging", "Send requests that follow each other to the host as one" },
    { "report-discard-granularity", "Tell the guest discard_granularity=; else it is a logical block" },
    { "account-failed", "Requests that fail count as time and activity in query-blockstats (auto: on)" },
    { "account-invalid", "Requests that the disk refuses count as activity in query-blockstats (auto: on)" },
    { NULL, NULL }
};

static void blk_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    VirtioDeviceClass *vdc = VIRTIO_DEVICE_CLASS(klass);

    dc->desc = "Virtual disk";
    dc->fw_name = "disk@0,0";
    dc->categories |= BIT(DEVICE_CATEGORY_STORAGE);
    device_class_set_props(dc, blk_properties);
    device_class_describe_props(dc, blk_docs);
    vdc->realize = blk_realize;
    vdc->unrealize = blk_unrealize;
    vdc->get_features = blk_get_features;
    vdc->set_features = blk_set_features;
    vdc->get_config = blk_get_config;
    vdc->set_config = blk_set_config;
    vdc->reset = blk_reset;
    vdc->queue_reset = blk_queue_reset;
}

static const TypeInfo blk_info = {
    .name = TYPE_VIRTIO_BLK, .parent = TYPE_VIRTIO_DEVICE, .instance_size = sizeof(VirtIOBlock), .class_init = blk_class_init,
};
DEFINE_TYPE(blk_info)
