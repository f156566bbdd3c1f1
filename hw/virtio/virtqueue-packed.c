/*
 * Packed virtqueues (virtio 1.2, 2.8): one ring that both sides write. A
 * descriptor is available when its AVAIL bit is the wrap counter and its USED
 * bit is not; it is used when both are.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virtio-internal.h"

#define F_AVAIL         BIT(VRING_PACKED_DESC_F_AVAIL)
#define F_USED          BIT(VRING_PACKED_DESC_F_USED)
#define EVENT_WRAP      BIT(VRING_PACKED_EVENT_F_WRAP_CTR)
enum { EVENT_OFF_WRAP = 0, EVENT_FLAGS = 2 };           /* of the two event suppression areas */

static uint64_t desc_at(const VirtQueue *vq, unsigned i) { return vq->desc + i * sizeof(struct vring_packed_desc); }

/* @pos moves @n entries on; *@wrap flips each time round. */
static uint16_t advance(const VirtQueue *vq, uint16_t pos, unsigned n, bool *wrap)
{
    unsigned next = pos + n;

    if (next >= vq->num) {
        next -= vq->num;
        *wrap = !*wrap;
    }
    return next;
}

/* --- Available ------------------------------------------------------------------------- */

/* Its flags, when the entry the device looks at next is available. */
static bool next_available(VirtQueue *vq, uint16_t *flags)
{
    if (!virtqueue_read16(vq, desc_at(vq, vq->last_avail) + offsetof(struct vring_packed_desc, flags), flags)) {
        return false;
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);            /* the rest of the entry is read after what vouches for it */
    return !!(*flags & F_AVAIL) == vq->last_avail_wrap && !!(*flags & F_USED) != vq->last_avail_wrap;
}

static bool packed_empty(VirtQueue *vq)
{
    uint16_t flags;

    return !next_available(vq, &flags);
}

/* --- Chains -------------------------------------------------------------------------------- */

static bool add_desc(ElementPieces *p, const struct vring_packed_desc *d, uint16_t flags)
{
    return virtqueue_add_piece(p, le64toh(d->addr), le32toh(d->len), flags & VRING_DESC_F_WRITE);
}

static bool add_table(ElementPieces *p, const struct vring_packed_desc *d)
{
    void *table;
    unsigned n = virtqueue_read_table(p->vq, le64toh(d->addr), le32toh(d->len), &table);
    struct vring_packed_desc *entries = table;
    bool ok = n;

    for (unsigned i = 0; ok && i < n; i++) {
        ok = add_desc(p, &entries[i], le16toh(entries[i].flags));
    }
    if (n) {
        g_free(table);
    }
    return ok;
}

/*
 * The number of ring entries the buffer takes, 0 when it makes no sense. @flags: the first entry's, as
 * they were when it was found available. The last entry carries the buffer's id.
 */
static unsigned walk_chain(ElementPieces *p, uint16_t flags, uint16_t *id)
{
    VirtQueue *vq = p->vq;
    uint16_t pos = vq->last_avail;
    bool wrap = vq->last_avail_wrap;

    for (unsigned n = 1; n <= vq->num; n++) {
        struct vring_packed_desc d;

        if (!virtqueue_read(vq, desc_at(vq, pos), &d, sizeof(d))) {
            return 0;
        }
        flags = n == 1 ? flags : le16toh(d.flags);
        *id = le16toh(d.id);
        if ((flags & VRING_DESC_F_INDIRECT) && (n > 1 || (flags & VRING_DESC_F_NEXT))) {
            virtio_error(vq->vdev, "queue %u: an indirect descriptor in a chain", vq->index);
            return 0;
        }
        if (!(flags & VRING_DESC_F_INDIRECT ? add_table(p, &d) : add_desc(p, &d, flags))) {
            return 0;
        }
        if (!(flags & VRING_DESC_F_NEXT)) {
            return n;
        }
        pos = advance(vq, pos, 1, &wrap);
    }
    virtio_error(vq->vdev, "queue %u: a chain longer than the queue's %u entries", vq->index, vq->num);
    return 0;
}

static void *packed_pop(VirtQueue *vq, size_t size)
{
    ElementPieces p;
    VirtQueueElement *elem;
    uint16_t flags, id;
    unsigned n;

    if (!next_available(vq, &flags)) {
        return NULL;
    }
    if (vq->inuse >= vq->num) {
        virtio_error(vq->vdev, "queue %u: more buffers than its %u entries", vq->index, vq->num);
        return NULL;
    }
    virtqueue_begin_pieces(&p, vq);
    n = walk_chain(&p, flags, &id);
    if (!n) {
        virtqueue_drop_pieces(&p);
        return NULL;
    }
    elem = virtqueue_make_element(&p, size);
    elem->index = id;
    elem->ndescs = n;
    vq->last_avail = advance(vq, vq->last_avail, n, &vq->last_avail_wrap);
    return elem;
}

static void packed_unpop(VirtQueue *vq, const VirtQueueElement *elem)
{
    if (vq->last_avail < elem->ndescs) {
        vq->last_avail_wrap = !vq->last_avail_wrap;
        vq->last_avail += vq->num;
    }
    vq->last_avail -= elem->ndescs;
}

/* --- Used -------------------------------------------------------------------------------------- */

static void packed_fill(VirtQueue *vq, const VirtQueueElement *elem, unsigned len, unsigned idx)
{
    g_assert(idx < vq->num_max);
    vq->filled[idx] = (PackedUsed) { .id = elem->index, .ndescs = elem->ndescs, .len = len };
}

/* What the driver looks at, the flags, last. */
static void write_used(VirtQueue *vq, uint16_t pos, bool wrap, const PackedUsed *used)
{
    struct vring_packed_desc d = { .id = htole16(used->id), .len = htole32(used->len) };
    uint16_t flags = (wrap ? F_AVAIL | F_USED : 0) | (used->len ? VRING_DESC_F_WRITE : 0);

    if (virtqueue_write(vq, desc_at(vq, pos) + offsetof(struct vring_packed_desc, len), &d.len, sizeof(d.len) + sizeof(d.id))) {
        __atomic_thread_fence(__ATOMIC_RELEASE);
        virtqueue_write16(vq, desc_at(vq, pos) + offsetof(struct vring_packed_desc, flags), flags);
    }
}

/* The first entry goes last: until then the driver sees none of them. */
static void packed_flush(VirtQueue *vq, unsigned count)
{
    uint16_t pos = vq->used_idx;
    bool wrap = vq->used_wrap;

    for (unsigned i = 0; i < count; i++) {
        if (i) {
            write_used(vq, pos, wrap, &vq->filled[i]);
        }
        pos = advance(vq, pos, vq->filled[i].ndescs, &wrap);
    }
    write_used(vq, vq->used_idx, vq->used_wrap, &vq->filled[0]);
    vq->used_idx = pos;
    vq->used_wrap = wrap;
}

/* --- Notifications ---------------------------------------------------------------------------------- */

static bool packed_should_notify(VirtQueue *vq)
{
    uint16_t old = vq->signalled_used, new = vq->used_idx, flags, off_wrap, event;
    bool valid = vq->signalled_valid, old_wrap = vq->signalled_wrap;

    if (!virtqueue_read16(vq, vq->driver + EVENT_FLAGS, &flags)) {
        return false;
    }
    vq->signalled_used = new;
    vq->signalled_wrap = vq->used_wrap;
    vq->signalled_valid = true;
    if (flags != VRING_PACKED_EVENT_FLAG_DESC || !virtqueue_uses_event_idx(vq)) {
        return flags != VRING_PACKED_EVENT_FLAG_DISABLE;
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (!virtqueue_read16(vq, vq->driver + EVENT_OFF_WRAP, &off_wrap)) {
        return false;
    }
    /* Positions of the round before this one lie below 0. */
    event = off_wrap & (EVENT_WRAP - 1);
    event -= !!(off_wrap & EVENT_WRAP) != vq->used_wrap ? vq->num : 0;
    old -= old_wrap != vq->used_wrap ? vq->num : 0;
    return !valid || vring_need_event(event, new, old);
}

static void packed_set_notification(VirtQueue *vq, bool enable)
{
    uint16_t flags = enable ? VRING_PACKED_EVENT_FLAG_ENABLE : VRING_PACKED_EVENT_FLAG_DISABLE;

    if (enable && virtqueue_uses_event_idx(vq)) {
        uint16_t off_wrap = vq->last_avail | (vq->last_avail_wrap ? EVENT_WRAP : 0);

        if (!virtqueue_write16(vq, vq->device + EVENT_OFF_WRAP, off_wrap)) {
            return;
        }
        __atomic_thread_fence(__ATOMIC_RELEASE);
        flags = VRING_PACKED_EVENT_FLAG_DESC;
    }
    virtqueue_write16(vq, vq->device + EVENT_FLAGS, flags);
}

const VirtQueueFormat virtqueue_packed = {
    .empty = packed_empty, .pop = packed_pop, .unpop = packed_unpop, .fill = packed_fill, .flush = packed_flush,
    .should_notify = packed_should_notify, .set_notification = packed_set_notification,
};
