/*
 * Split virtqueues (virtio 1.2, 2.7): a descriptor table, the driver's ring of
 * available heads, the device's ring of used ones. Legacy devices differ only
 * in where the three lie.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virtio-internal.h"

static uint64_t avail_flags_at(const VirtQueue *vq) { return vq->driver + offsetof(struct vring_avail, flags); }
static uint64_t avail_idx_at(const VirtQueue *vq) { return vq->driver + offsetof(struct vring_avail, idx); }
static uint64_t avail_ring_at(const VirtQueue *vq, uint16_t i) { return vq->driver + offsetof(struct vring_avail, ring) + 2 * (i % vq->num); }
static uint64_t used_event_at(const VirtQueue *vq) { return vq->driver + offsetof(struct vring_avail, ring) + 2 * vq->num; }
static uint64_t used_flags_at(const VirtQueue *vq) { return vq->device + offsetof(struct vring_used, flags); }
static uint64_t used_idx_at(const VirtQueue *vq) { return vq->device + offsetof(struct vring_used, idx); }
static uint64_t used_ring_at(const VirtQueue *vq, uint16_t i)
{
    return vq->device + offsetof(struct vring_used, ring) + sizeof(struct vring_used_elem) * (i % vq->num);
}
static uint64_t avail_event_at(const VirtQueue *vq)
{
    return vq->device + offsetof(struct vring_used, ring) + sizeof(struct vring_used_elem) * vq->num;
}

/* --- Available ------------------------------------------------------------------------- */

static bool read_avail_idx(VirtQueue *vq)
{
    uint16_t idx;

    if (!virtqueue_read16(vq, avail_idx_at(vq), &idx)) {
        return false;
    }
    if ((uint16_t)(idx - vq->last_avail) > vq->num) {
        virtio_error(vq->vdev, "queue %u: the driver's index moved from %u to %u, the queue has %u entries",
                     vq->index, vq->last_avail, idx, vq->num);
        return false;
    }
    vq->shadow_avail = idx;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);            /* entries are read after the index that vouches for them */
    return true;
}

static bool split_empty(VirtQueue *vq)
{
    return vq->shadow_avail == vq->last_avail && (!read_avail_idx(vq) || vq->shadow_avail == vq->last_avail);
}

/* --- Chains -------------------------------------------------------------------------------- */

typedef struct Chain {
    ElementPieces pieces;
    uint64_t table;                     /* where direct descriptors are */
    struct vring_desc *indirect;        /* or the copy of an indirect table */
    unsigned entries;                   /* in it */
} Chain;

static bool read_desc(Chain *c, unsigned i, struct vring_desc *d)
{
    if (i >= c->entries) {
        virtio_error(c->pieces.vq->vdev, "queue %u: descriptor %u of %u", c->pieces.vq->index, i, c->entries);
        return false;
    }
    if (c->indirect) {
        *d = c->indirect[i];
        return true;
    }
    return virtqueue_read(c->pieces.vq, c->table + i * sizeof(*d), d, sizeof(*d));
}

/* A descriptor that is an indirect table ends the direct chain. */
static bool enter_indirect(Chain *c, const struct vring_desc *d)
{
    VirtQueue *vq = c->pieces.vq;
    void *table;
    unsigned n;

    if (c->indirect || (le16toh(d->flags) & VRING_DESC_F_NEXT)) {
        virtio_error(vq->vdev, "queue %u: an indirect descriptor with a next one or inside a table", vq->index);
        return false;
    }
    n = virtqueue_read_table(vq, le64toh(d->addr), le32toh(d->len), &table);
    if (n) {
        c->indirect = table;
        c->entries = n;
    }
    return n;
}

static bool walk_chain(Chain *c, unsigned head)
{
    VirtQueue *vq = c->pieces.vq;
    unsigned i = head, seen = 0;

    for (;;) {
        struct vring_desc d;
        uint16_t flags;

        if (!read_desc(c, i, &d)) {
            return false;
        }
        flags = le16toh(d.flags);
        if (flags & VRING_DESC_F_INDIRECT) {
            if (!enter_indirect(c, &d)) {
                return false;
            }
            i = seen = 0;
            continue;
        }
        if (!virtqueue_add_piece(&c->pieces, le64toh(d.addr), le32toh(d.len), flags & VRING_DESC_F_WRITE)) {
            return false;
        }
        if (!(flags & VRING_DESC_F_NEXT)) {
            return true;
        }
        if (++seen >= c->entries) {
            virtio_error(vq->vdev, "queue %u: a chain that loops", vq->index);
            return false;
        }
        i = le16toh(d.next);
    }
}

static void *split_pop(VirtQueue *vq, size_t size)
{
    Chain c;                            /* too large to clear each time */
    VirtQueueElement *elem = NULL;
    uint16_t head;

    if (split_empty(vq) || !virtqueue_read16(vq, avail_ring_at(vq, vq->last_avail), &head)) {
        return NULL;
    }
    if (vq->inuse >= vq->num) {
        virtio_error(vq->vdev, "queue %u: more buffers than its %u entries", vq->index, vq->num);
        return NULL;
    }
    vq->last_avail++;
    if (virtqueue_uses_event_idx(vq) && vq->notification && !virtqueue_write16(vq, avail_event_at(vq), vq->last_avail)) {
        return NULL;
    }
    virtqueue_begin_pieces(&c.pieces, vq);
    c.table = vq->desc;
    c.entries = vq->num;
    c.indirect = NULL;
    if (walk_chain(&c, head)) {
        elem = virtqueue_make_element(&c.pieces, size);
        elem->index = head;
        elem->ndescs = 1;
    } else {
        virtqueue_drop_pieces(&c.pieces);
    }
    g_free(c.indirect);
    return elem;
}

static void split_unpop(VirtQueue *vq, const VirtQueueElement *elem)
{
    vq->last_avail--;
}

/* --- Used -------------------------------------------------------------------------------------- */

static void split_fill(VirtQueue *vq, const VirtQueueElement *elem, unsigned len, unsigned idx)
{
    struct vring_used_elem used = { .id = htole32(elem->index), .len = htole32(len) };

    virtqueue_write(vq, used_ring_at(vq, vq->used_idx + idx), &used, sizeof(used));
}

static void split_flush(VirtQueue *vq, unsigned count)
{
    uint16_t old = vq->used_idx, new = old + count;

    __atomic_thread_fence(__ATOMIC_RELEASE);
    vq->used_idx = new;
    virtqueue_write16(vq, used_idx_at(vq), new);
    /* Half way round the index space since the last interrupt, the comparison would mean nothing. */
    if ((uint16_t)(new - vq->signalled_used) < (uint16_t)(new - old)) {
        vq->signalled_valid = false;
    }
}

/* --- Notifications ---------------------------------------------------------------------------------- */

static bool split_should_notify(VirtQueue *vq)
{
    uint16_t old = vq->signalled_used, event, flags;
    bool valid = vq->signalled_valid;

    if (virtio_vdev_has_feature(vq->vdev, VIRTIO_F_NOTIFY_ON_EMPTY) && !vq->inuse && split_empty(vq)) {
        return true;
    }
    if (!virtqueue_uses_event_idx(vq)) {
        return virtqueue_read16(vq, avail_flags_at(vq), &flags) && !(flags & VRING_AVAIL_F_NO_INTERRUPT);
    }
    vq->signalled_valid = true;
    vq->signalled_used = vq->used_idx;
    return virtqueue_read16(vq, used_event_at(vq), &event) && (!valid || vring_need_event(event, vq->used_idx, old));
}

static void split_set_notification(VirtQueue *vq, bool enable)
{
    if (!virtqueue_uses_event_idx(vq)) {
        virtqueue_write16(vq, used_flags_at(vq), enable ? 0 : VRING_USED_F_NO_NOTIFY);
    } else if (enable && read_avail_idx(vq)) {
        virtqueue_write16(vq, avail_event_at(vq), vq->shadow_avail);
    }
}

const VirtQueueFormat virtqueue_split = {
    .empty = split_empty, .pop = split_pop, .unpop = split_unpop, .fill = split_fill, .flush = split_flush,
    .should_notify = split_should_notify, .set_notification = split_set_notification,
};
