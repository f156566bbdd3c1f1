/*
 * virtio devices (virtio 1.2, chapter 2): status, features, configuration,
 * reset. Legacy drivers (no VERSION_1) go through the same steps without
 * FEATURES_OK.
 *
 * Not modelled: in-order use (VIRTIO_F_IN_ORDER), guests with big-endian legacy
 * drivers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virtio-internal.h"
#include "util/trace.h"
#include "hw_virtio.trace.h"

static const Property virtio_properties[] = {
    DEFINE_PROP_BIT64("indirect_desc", VirtIODevice, host_features, VIRTIO_RING_F_INDIRECT_DESC, true),
    DEFINE_PROP_BIT64("event_idx", VirtIODevice, host_features, VIRTIO_RING_F_EVENT_IDX, true),
    DEFINE_PROP_BIT64("notify_on_empty", VirtIODevice, host_features, VIRTIO_F_NOTIFY_ON_EMPTY, true),
    DEFINE_PROP_BIT64("any_layout", VirtIODevice, host_features, VIRTIO_F_ANY_LAYOUT, true),
    DEFINE_PROP_BIT64("iommu_platform", VirtIODevice, host_features, VIRTIO_F_ACCESS_PLATFORM, false),
    DEFINE_PROP_BIT64("packed", VirtIODevice, host_features, VIRTIO_F_RING_PACKED, false),
    DEFINE_PROP_BIT64("queue_reset", VirtIODevice, host_features, VIRTIO_F_RING_RESET, true),
    DEFINE_PROP_BIT64("in_order", VirtIODevice, host_features, VIRTIO_F_IN_ORDER, false),
    DEFINE_PROP_BOOL("use-started", VirtIODevice, use_started, true),
    DEFINE_PROP_BOOL("use-disabled-flag", VirtIODevice, use_disabled_flag, true),
    DEFINE_PROP_BOOL("x-disable-legacy-check", VirtIODevice, disable_legacy_check, false),
};

/* --- Telling the driver ----------------------------------------------------------------- */

void virtio_notify_config(VirtIODevice *vdev)
{
    vdev->generation++;                 /* also for a driver that is still reading what there is */
    if (!(vdev->status & VIRTIO_CONFIG_S_DRIVER_OK)) {
        return;
    }
    vdev->isr |= 2;
    virtio_bus_notify(vdev, vdev->config_vector);
}

void virtio_error(VirtIODevice *vdev, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    if (vdev->broken) {
        return;
    }
    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    log_guest_error("%s: %s; the driver must reset the device\n", object_get_typename(OBJECT(vdev)), text);
    trace_virtio_error(object_get_typename(OBJECT(vdev)), text);
    vdev->broken = true;
    if (virtio_is_modern(vdev)) {
        vdev->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
        virtio_notify_config(vdev);
    }
}

/* --- Features -------------------------------------------------------------------------------- */

static void tell_features(VirtIODevice *vdev)
{
    VirtioDeviceClass *vdc = VIRTIO_DEVICE_GET_CLASS(vdev);

    trace_virtio_set_features(object_get_typename(OBJECT(vdev)), vdev->guest_features);
    if (vdc->set_features) {
        vdc->set_features(vdev, vdev->guest_features);
    }
}

void virtio_ask_features(VirtIODevice *vdev, uint64_t features)
{
    if (vdev->status & (VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK)) {
        return;                         /* too late */
    }
    vdev->asked_features = features;
    vdev->guest_features = features & vdev->host_features;
    if (!virtio_is_modern(vdev)) {
        tell_features(vdev);
    }
}

static bool features_acceptable(VirtIODevice *vdev)
{
    VirtioDeviceClass *vdc = VIRTIO_DEVICE_GET_CLASS(vdev);

    if (vdev->asked_features & ~vdev->host_features) {
        return false;
    }
    /* The device would not reach the driver's memory by the addresses such a driver gives. */
    if (virtio_host_has_feature(vdev, VIRTIO_F_ACCESS_PLATFORM) && !virtio_vdev_has_feature(vdev, VIRTIO_F_ACCESS_PLATFORM)) {
        return false;
    }
    return !vdc->validate_features || vdc->validate_features(vdev, vdev->guest_features);
}

/* --- Status ------------------------------------------------------------------------------------- */

/* 2.4: a reset is done when the status reads 0. */
uint8_t virtio_get_status(VirtIODevice *vdev)
{
    for (unsigned i = 0; !vdev->status && i < virtio_get_num_queues(vdev); i++) {
        if (!virtqueue_reset_done(&vdev->vq[i])) {
            return VIRTIO_CONFIG_S_NEEDS_RESET;
        }
    }
    return vdev->status;
}

void virtio_set_status(VirtIODevice *vdev, uint8_t status)
{
    VirtioDeviceClass *vdc = VIRTIO_DEVICE_GET_CLASS(vdev);
    uint8_t rising = status & ~vdev->status;

    trace_virtio_set_status(object_get_typename(OBJECT(vdev)), status);
    if (!status) {
        virtio_reset(vdev);
        return;
    }
    if (virtio_is_modern(vdev) && (rising & VIRTIO_CONFIG_S_FEATURES_OK)) {
        if (features_acceptable(vdev)) {
            tell_features(vdev);
        } else {
            status &= ~VIRTIO_CONFIG_S_FEATURES_OK;
        }
    }
    vdev->status = status | (vdev->status & VIRTIO_CONFIG_S_NEEDS_RESET);
    if (vdc->set_status) {
        vdc->set_status(vdev, vdev->status);
    }
    virtio_bus_status_changed(vdev);
}

void virtio_reset(VirtIODevice *vdev)
{
    VirtioDeviceClass *vdc = VIRTIO_DEVICE_GET_CLASS(vdev);

    if (vdc->reset) {
        vdc->reset(vdev);
    }
    vdev->status = 0;
    virtio_bus_status_changed(vdev);
    vdev->broken = false;
    vdev->isr = 0;
    vdev->asked_features = vdev->guest_features = 0;
    vdev->config_vector = VIRTIO_NO_VECTOR;
    for (unsigned i = 0; i < VIRTIO_QUEUE_MAX && vdev->vq[i].handle_output; i++) {
        virtqueue_reset(&vdev->vq[i]);
    }
    virtio_bus_notify(vdev, VIRTIO_NO_VECTOR);          /* the wire falls */
    if (vdc->set_status) {
        vdc->set_status(vdev, 0);
    }
}

void virtio_set_disabled(VirtIODevice *vdev, bool disabled)
{
    bool was = vdev->disabled;

    vdev->disabled = disabled && vdev->use_disabled_flag;
    for (unsigned i = 0; was && !vdev->disabled && i < virtio_get_num_queues(vdev); i++) {
        if (virtio_queue_ready(&vdev->vq[i])) {
            virtio_queue_kick(&vdev->vq[i]);            /* doorbells that rang meanwhile did nothing */
        }
    }
}

/* --- Configuration space ---------------------------------------------------------------------------- */

uint32_t virtio_config_read(VirtIODevice *vdev, uint64_t addr, unsigned size)
{
    VirtioDeviceClass *vdc = VIRTIO_DEVICE_GET_CLASS(vdev);

    if (size > vdev->config_len || addr > vdev->config_len - size) {
        return UINT32_MAX;
    }
    vdc->get_config(vdev, vdev->config);
    return ldn_le_p(vdev->config + addr, size);
}

void virtio_config_write(VirtIODevice *vdev, uint64_t addr, uint32_t value, unsigned size)
{
    VirtioDeviceClass *vdc = VIRTIO_DEVICE_GET_CLASS(vdev);

    if (size > vdev->config_len || addr > vdev->config_len - size || !vdc->set_config) {
        return;
    }
    vdc->get_config(vdev, vdev->config);
    stn_le_p(vdev->config + addr, size, value);
    vdc->set_config(vdev, vdev->config);
}

/* --- Queues, as transports set them up --------------------------------------------------------------- */

VirtQueue *virtio_queue_at(VirtIODevice *vdev, unsigned n)
{
    return n < VIRTIO_QUEUE_MAX ? &vdev->vq[n] : NULL;
}

/* A packed ring may have any number of entries, a split one a power of two. */
static bool num_acceptable(const VirtQueue *vq, unsigned num)
{
    return num && num <= vq->num_max && (is_power_of_2(num) || virtio_vdev_has_feature(vq->vdev, VIRTIO_F_RING_PACKED));
}

void virtio_queue_set_num(VirtQueue *vq, unsigned num)
{
    if (!vq->handle_output || vq->enabled) {
        return;
    }
    if (num_acceptable(vq, num)) {
        vq->num = num;
    } else {
        log_guest_error("%s: queue %u of %u entries, at most %u and (split) a power of two\n",
                        object_get_typename(OBJECT(vq->vdev)), vq->index, num, vq->num_max);
    }
}

static uint64_t join(const uint32_t half[2])
{
    return half[0] | (uint64_t)half[1] << 32;
}

void virtio_queue_place(VirtQueue *vq, const VirtIOQueueSetup *setup)
{
    if (!vq->enabled) {
        vq->desc = join(setup->desc);
        vq->driver = join(setup->driver);
        vq->device = join(setup->device);
    }
}

void virtio_queue_enable(VirtQueue *vq)
{
    if (!vq->handle_output || vq->enabled) {
        return;
    }
    if (!num_acceptable(vq, vq->num)) {
        virtio_error(vq->vdev, "queue %u enabled with %u entries", vq->index, vq->num);
        return;
    }
    vq->enabled = true;
}

void virtio_queue_reset_one(VirtQueue *vq)
{
    VirtioDeviceClass *vdc = VIRTIO_DEVICE_GET_CLASS(vq->vdev);

    if (!vq->handle_output) {
        return;
    }
    if (vdc->queue_reset) {
        vdc->queue_reset(vq->vdev, vq);
    }
    virtqueue_reset(vq);
}

/* 2.7.2: the three areas follow each other, the device's at the next multiple of the alignment. */
void virtio_queue_set_pfn(VirtQueue *vq, uint32_t pfn, unsigned page_shift)
{
    if (!vq->handle_output) {
        return;
    }
    vq->desc = (uint64_t)pfn << page_shift;
    vq->driver = vq->desc + vq->num * sizeof(struct vring_desc);
    vq->device = ROUND_UP(vq->driver + offsetof(struct vring_avail, ring) + 2 * (vq->num + 1), (uint64_t)vq->legacy_align);
    vq->enabled = true;
}

void virtio_queue_notify(VirtIODevice *vdev, unsigned n)
{
    trace_virtio_queue_notify(object_get_typename(OBJECT(vdev)), n);
    if (n < VIRTIO_QUEUE_MAX && vdev->vq[n].handle_output) {
        virtqueue_run_handler(&vdev->vq[n]);
    }
}

/* --- Life ------------------------------------------------------------------------------------------------ */

void virtio_init(VirtIODevice *vdev, uint16_t device_id, size_t config_size)
{
    vdev->device_id = device_id;
    vdev->config_len = config_size;
    vdev->config = g_malloc0(config_size);
    vdev->config_vector = VIRTIO_NO_VECTOR;
    vdev->dma_as = &address_space_memory;
    vdev->dma_attrs = (MemTxAttrs) { .memory = 1 };
    vdev->vq = g_new0(VirtQueue, VIRTIO_QUEUE_MAX);
    for (unsigned i = 0; i < VIRTIO_QUEUE_MAX; i++) {
        vdev->vq[i].vdev = vdev;
        vdev->vq[i].index = i;
        vdev->vq[i].vector = VIRTIO_NO_VECTOR;
    }
}

/* What transports may still look at goes with the object. */
void virtio_cleanup(VirtIODevice *vdev)
{
    for (unsigned i = 0; i < VIRTIO_QUEUE_MAX; i++) {
        if (vdev->vq[i].kick_bh) {
            qemu_bh_delete(vdev->vq[i].kick_bh);
            vdev->vq[i].kick_bh = NULL;
        }
        vdev->vq[i].handle_output = NULL;
        vdev->vq[i].num_max = 0;
    }
}

static void virtio_device_free(VirtIODevice *vdev)
{
    for (unsigned i = 0; vdev->vq && i < VIRTIO_QUEUE_MAX; i++) {
        g_free(vdev->vq[i].filled);
    }
    virtqueue_free_spare(vdev);
    g_clear_pointer(&vdev->vq, g_free);
    g_clear_pointer(&vdev->config, g_free);
}

static bool offer_features(VirtIODevice *vdev, Error **errp)
{
    ERRP_GUARD();
    VirtioDeviceClass *vdc = VIRTIO_DEVICE_GET_CLASS(vdev);

    vdev->host_features = vdc->get_features(vdev, vdev->host_features, errp);
    return !*errp;
}

static bool virtio_device_realize(DeviceState *dev, Error **errp)
{
    VirtIODevice *vdev = VIRTIO_DEVICE(dev);
    VirtioDeviceClass *vdc = VIRTIO_DEVICE_GET_CLASS(vdev);

    if (virtio_host_has_feature(vdev, VIRTIO_F_IN_ORDER)) {
        error_setg(errp, "%s: in_order=on is not supported, leave it out", object_get_typename(OBJECT(vdev)));
        return false;
    }
    if (!vdc->realize(dev, errp)) {
        virtio_device_free(vdev);
        return false;
    }
    if (!offer_features(vdev, errp) || !virtio_bus_plug(vdev, errp)) {
        vdc->unrealize(dev);
        virtio_device_free(vdev);
        return false;
    }
    return true;
}

static void virtio_device_unrealize(DeviceState *dev)
{
    VirtIODevice *vdev = VIRTIO_DEVICE(dev);

    virtio_reset(vdev);
    virtio_bus_unplug(vdev);
    VIRTIO_DEVICE_GET_CLASS(vdev)->unrealize(dev);
}

static void virtio_device_reset_hold(Object *obj, ResetType type)
{
    virtio_reset(VIRTIO_DEVICE(obj));
}

static void virtio_device_finalize(Object *obj)
{
    virtio_device_free((VirtIODevice *)obj);
}

static void virtio_device_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = virtio_device_realize;
    dc->unrealize = virtio_device_unrealize;
    dc->bus_type = TYPE_VIRTIO_BUS;
    dc->user_creatable = true;
    device_class_set_phases(dc, NULL, virtio_device_reset_hold, NULL, NULL);
    device_class_set_props(dc, virtio_properties);
}

static const TypeInfo virtio_device_info = {
    .name = TYPE_VIRTIO_DEVICE, .parent = TYPE_DEVICE, .abstract = true, .instance_size = sizeof(VirtIODevice),
    .class_size = sizeof(VirtioDeviceClass), .instance_finalize = virtio_device_finalize, .class_init = virtio_device_class_init,
};
DEFINE_TYPE(virtio_device_info)
