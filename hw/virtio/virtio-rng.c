/*
 * virtio entropy device (virtio 1.2, 5.4): one queue of buffers to fill. Each
 * gets what the backend (`rng`, a built-in one when not named) has, from one
 * byte up, at most 64 KiB at a time; with `max-bytes` no more than that in
 * `period` milliseconds of virtual time.
 *
 * Runs under the machine lock; answers of the backend come in the main thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "backends/rng.h"
#include "hw/virtio/virtio.h"
#include "util/main-loop.h"
#include "hw_virtio.trace.h"

#define TYPE_VIRTIO_RNG "virtio-rng-device"
OBJECT_DECLARE_SIMPLE_TYPE(VirtIORNG, VIRTIO_RNG)

#define QUEUE_SIZE      8
#define ANSWER_MAX      (64 * KiB)
#define NS_PER_MS       1000000

struct VirtIORNG {
    VirtIODevice parent_obj;
    RngBackend *rng;
    uint64_t max_bytes;
    uint32_t period_ms;
    VirtQueue *vq;
    VirtQueueElement *elem;             /* being filled */
    RngRequest *request;                /* for it */
    uint64_t quota;                     /* bytes left in this period */
    QEMUTimer *period;                  /* NULL: no limit is set */
};

static void fill_next(VirtIORNG *s);

static void received(void *opaque, const void *data, size_t size)
{
    VirtIORNG *s = opaque;
    VirtQueueElement *elem = g_steal_pointer(&s->elem);

    s->request = NULL;
    s->quota -= MIN(size, s->quota);
    virtqueue_push(s->vq, elem, iov_from_buf(elem->in_sg, elem->in_num, 0, data, size));
    g_free(elem);
    virtio_notify(&s->parent_obj, s->vq);
    fill_next(s);
}

/* The period begins with the first byte that is asked for. */
static bool may_ask(VirtIORNG *s)
{
    if (s->period && !timer_pending(s->period)) {
        s->quota = s->max_bytes;
        timer_mod(s->period, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + (int64_t)s->period_ms * NS_PER_MS);
    }
    return !s->period || s->quota;
}

static void fill_next(VirtIORNG *s)
{
    size_t size;

    while (!s->elem && !virtio_queue_empty(s->vq) && may_ask(s)) {
        s->elem = virtqueue_pop(s->vq, sizeof(VirtQueueElement));
        if (!s->elem) {
            return;
        }
        size = MIN(iov_size(s->elem->in_sg, s->elem->in_num), ANSWER_MAX);
        if (!size) {
            received(s, NULL, 0);       /* nothing to fill */
            return;
        }
        size = s->period ? MIN(size, s->quota) : size;
        trace_virtio_rng_request(size, s->quota);
        s->request = rng_backend_request(s->rng, size, received, s);
    }
}

static void period_over(void *opaque)
{
    fill_next(opaque);
}

static void handle_output(VirtIODevice *vdev, VirtQueue *vq)
{
    fill_next(VIRTIO_RNG(vdev));
}

/* --- Life ------------------------------------------------------------------------------- */

static uint64_t rng_get_features(VirtIODevice *vdev, uint64_t features, Error **errp)
{
    return features;
}

static void rng_reset(VirtIODevice *vdev)
{
    VirtIORNG *s = VIRTIO_RNG(vdev);

    if (s->request) {
        rng_backend_cancel(g_steal_pointer(&s->request));
        virtqueue_detach_element(s->vq, s->elem, 0);
        g_clear_pointer(&s->elem, g_free);
    }
}

static void rng_queue_reset(VirtIODevice *vdev, VirtQueue *vq)
{
    rng_reset(vdev);
}

static bool use_default_backend(VirtIORNG *s, Error **errp)
{
    Object *rng = object_new_with_props(TYPE_RNG_BUILTIN, OBJECT(s), "default-backend", NULL, errp);

    return rng && object_property_set_link(OBJECT(s), "rng", rng, errp);
}

static bool rng_realize(DeviceState *dev, Error **errp)
{
    VirtIORNG *s = VIRTIO_RNG(dev);

    if (!s->period_ms) {
        error_setg(errp, "virtio-rng: period=0 would be no limit and no time; give milliseconds, 1 or more");
        return false;
    }
    if (s->max_bytes > INT64_MAX) {
        error_setg(errp, "virtio-rng: max-bytes=%" PRIu64 " is too large, leave it out for no limit", s->max_bytes);
        return false;
    }
    if (!s->rng && !use_default_backend(s, errp)) {
        return false;
    }
    virtio_init(&s->parent_obj, VIRTIO_ID_RNG, 0);
    s->vq = virtio_add_queue(&s->parent_obj, QUEUE_SIZE, handle_output);
    s->period = s->max_bytes == INT64_MAX ? NULL : timer_new_ns(QEMU_CLOCK_VIRTUAL, period_over, s);
    return true;
}

static void rng_unrealize(DeviceState *dev)
{
    VirtIORNG *s = VIRTIO_RNG(dev);

    if (s->period) {
        timer_free(s->period);
        s->period = NULL;
    }
    g_clear_pointer(&s->rng, object_unref_void);        /* object_del may follow at once */
    virtio_cleanup(&s->parent_obj);
}

static const Property rng_properties[] = {
    DEFINE_PROP_UINT64("max-bytes", VirtIORNG, max_bytes, INT64_MAX),
    DEFINE_PROP_UINT32("period", VirtIORNG, period_ms, 1 << 16),
    DEFINE_PROP_LINK("rng", VirtIORNG, rng, TYPE_RNG_BACKEND, RngBackend *),
};

static void rng_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    VirtioDeviceClass *vdc = VIRTIO_DEVICE_CLASS(klass);

    dc->categories |= BIT(DEVICE_CATEGORY_MISC);
    device_class_set_props(dc, rng_properties);
    vdc->realize = rng_realize;
    vdc->unrealize = rng_unrealize;
    vdc->get_features = rng_get_features;
    vdc->reset = rng_reset;
    vdc->queue_reset = rng_queue_reset;
}

static const TypeInfo rng_info = {
    .name = TYPE_VIRTIO_RNG, .parent = TYPE_VIRTIO_DEVICE, .instance_size = sizeof(VirtIORNG), .class_init = rng_class_init,
};
DEFINE_TYPE(rng_info)
