/*
 * A driver of the entropy device, the simplest one there is: buffers out, bytes
 * back, and one ring that no device can use.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_VIRTIO_RNG_HELPERS_H
#define TESTS_VIRTIO_RNG_HELPERS_H

#include "virtio-helpers.h"

#define RNG_QUEUE       8

/* A running driver with one queue. */
static inline VQueue *begin(VDev *d, uint64_t features)
{
    VQueue *q;

    vdev_start(d, features);
    q = vqueue_new(d, 0, RNG_QUEUE);
    vdev_driver_ok(d);
    return q;
}

static inline bool is_zero(QTestState *t, uint64_t addr, unsigned len)
{
    g_autofree uint8_t *p = g_malloc(len), *zero = g_malloc0(len);

    qtest_memread(t, addr, p, len);
    return !memcmp(p, zero, len);
}

static inline void fill_one(VQueue *q, unsigned len)
{
    uint64_t buf = vdev_alloc(q->d, len);
    unsigned id = vqueue_add(q, (VBuf[]) { { buf, len, true } }, 1);

    vqueue_kick(q);
    g_assert_cmpuint(vqueue_wait(q, id), ==, len);
    g_assert_false(is_zero(q->d->t, buf, len));
}

static inline void offer(VQueue *q, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
    if (vdev_has(q->d, VIRTIO_F_RING_PACKED)) {
        vqueue_write_packed(q, q->desc, addr, len, 0, flags | vqueue_avail_flags(true));
    } else {
        vqueue_write_desc(q, q->desc, addr, len, flags, next);
        vqueue_offer_split(q, 0);
    }
}

static inline void spoil_at_mmio(VQueue *q) { offer(q, UART0, 16, VRING_DESC_F_WRITE, 0); }

#endif
