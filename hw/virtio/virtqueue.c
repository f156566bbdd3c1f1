/*
 * Queues, whatever their ring format: buffers become elements of mapped guest
 * memory, handlers take turns, interrupts are asked for.
 *
 * Guest memory is only touched where it is RAM (attrs.memory): a ring or buffer
 * at MMIO, the device's own BAR too, breaks the device instead of re-entering it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virtio-internal.h"

static const VirtQueueFormat *format_of(const VirtQueue *vq)
{
    return virtio_vdev_has_feature(vq->vdev, VIRTIO_F_RING_PACKED) ? &virtqueue_packed : &virtqueue_split;
}

/* Legacy drivers may ring before they say DRIVER_OK. Those who don't wait for the end of a reset wait here. */
bool virtio_queue_ready(const VirtQueue *vq)
{
    const VirtIODevice *vdev = vq->vdev;

    return vq->enabled && !vq->stale && !vdev->broken && !vdev->disabled &&
        ((vdev->status & VIRTIO_CONFIG_S_DRIVER_OK) || !virtio_is_modern(vdev));
}

/* --- Guest memory ---------------------------------------------------------------------- */

static bool access_ring(VirtQueue *vq, uint64_t addr, void *buf, size_t len, bool is_write)
{
    VirtIODevice *vdev = vq->vdev;

    if (ram_window_rw(&vdev->ram, vdev->dma_as, addr, vdev->dma_attrs, buf, len, is_write) == MEMTX_OK) {
        return true;
    }
    virtio_error(vdev, "queue %u: no RAM to %s at 0x%" PRIx64, vq->index, is_write ? "write" : "read", addr);
    return false;
}

bool virtqueue_read(VirtQueue *vq, uint64_t addr, void *buf, size_t len)
{
    return access_ring(vq, addr, buf, len, false);
}

bool virtqueue_write(VirtQueue *vq, uint64_t addr, const void *buf, size_t len)
{
    return access_ring(vq, addr, (void *)buf, len, true);
}

bool virtqueue_read16(VirtQueue *vq, uint64_t addr, uint16_t *v)
{
    bool ok = virtqueue_read(vq, addr, v, sizeof(*v));

    *v = le16toh(*v);
    return ok;
}

bool virtqueue_write16(VirtQueue *vq, uint64_t addr, uint16_t v)
{
    v = htole16(v);
    return virtqueue_write(vq, addr, &v, sizeof(v));
}

unsigned virtqueue_read_table(VirtQueue *vq, uint64_t addr, uint32_t len, void **table)
{
    unsigned n = len / sizeof(struct vring_desc);

    if (!virtio_vdev_has_feature(vq->vdev, VIRTIO_RING_F_INDIRECT_DESC)) {
        virtio_error(vq->vdev, "queue %u: an indirect descriptor, and that feature was not negotiated", vq->index);
        return 0;
    }
    if (!n || len % sizeof(struct vring_desc) || n > VIRTQUEUE_MAX_SIZE) {
        virtio_error(vq->vdev, "queue %u: an indirect table of %u bytes", vq->index, len);
        return 0;
    }
    *table = g_malloc(len);
    if (!virtqueue_read(vq, addr, *table, len)) {
        g_clear_pointer(table, g_free);
        return 0;
    }
    return n;
}

/* --- Elements ------------------------------------------------------------------------------ */

static void unmap(VirtIODevice *vdev, const struct iovec *iov, unsigned n, bool written, size_t len)
{
    for (unsigned i = 0; i < n; i++) {
        size_t part = MIN(len, iov[i].iov_len);

        ram_window_unmap(&vdev->ram, vdev->dma_as, iov[i].iov_base, iov[i].iov_len, written, part);
        len -= part;
    }
}

void virtqueue_begin_pieces(ElementPieces *p, VirtQueue *vq)
{
    p->vq = vq;
    p->out_num = p->in_num = 0;
}

void virtqueue_drop_pieces(ElementPieces *p)
{
    unmap(p->vq->vdev, p->iov, p->out_num, false, 0);
    unmap(p->vq->vdev, p->iov + p->out_num, p->in_num, true, 0);
    p->out_num = p->in_num = 0;
}

static bool map_piece(ElementPieces *p, uint64_t addr, uint32_t len, bool writable)
{
    VirtIODevice *vdev = p->vq->vdev;

    while (len) {
        hwaddr part = len;
        struct iovec *v = &p->iov[p->out_num + p->in_num];

        if (p->out_num + p->in_num == VIRTQUEUE_MAX_SIZE) {
            virtio_error(vdev, "queue %u: a buffer of more than %u pieces", p->vq->index, VIRTQUEUE_MAX_SIZE);
            return false;
        }
        v->iov_base = ram_window_map(&vdev->ram, vdev->dma_as, addr, &part, writable, vdev->dma_attrs);
        v->iov_len = part;
        if (!v->iov_base) {
            virtio_error(vdev, "queue %u: a buffer at 0x%" PRIx64 ", where no RAM can be %s", p->vq->index, addr,
                         writable ? "written" : "read");
            return false;
        }
        *(writable ? &p->in_num : &p->out_num) += 1;
        addr += part;
        len -= part;
    }
    return true;
}

bool virtqueue_add_piece(ElementPieces *p, uint64_t addr, uint32_t len, bool writable)
{
    if (!len) {
        virtio_error(p->vq->vdev, "queue %u: a descriptor of no bytes", p->vq->index);
        return false;
    }
    if (!writable && p->in_num) {
        virtio_error(p->vq->vdev, "queue %u: a readable descriptor after a writable one", p->vq->index);
        return false;
    }
    return map_piece(p, addr, len, writable);
}

/* A few of the usual size are kept: with many under way the allocator takes longer than all the rest. */
enum { SPARE_MAX = 64, SPARE_SIZE = 512 };
typedef struct SpareElement { struct SpareElement *next; } SpareElement;

static void *take_memory(VirtIODevice *vdev, size_t size)
{
    SpareElement *spare = vdev->spare;

    if (!spare || size > SPARE_SIZE) {
        return g_malloc(MAX(size, SPARE_SIZE));
    }
    vdev->spare = spare->next;
    vdev->nspare--;
    return spare;
}

void virtqueue_recycle(VirtQueue *vq, VirtQueueElement *elem)
{
    VirtIODevice *vdev = vq->vdev;
    SpareElement *spare = (SpareElement *)(void *)elem;
    size_t size = (char *)(elem->in_sg + elem->in_num) - (char *)elem;

    if (vdev->nspare == SPARE_MAX || size > SPARE_SIZE) {
        g_free(elem);
        return;
    }
    spare->next = vdev->spare;
    vdev->spare = spare;
    vdev->nspare++;
}

void virtqueue_free_spare(VirtIODevice *vdev)
{
    while (vdev->spare) {
        g_free(take_memory(vdev, SPARE_SIZE));
    }
}

VirtQueueElement *virtqueue_make_element(const ElementPieces *p, size_t size)
{
    size_t iov_at = ROUND_UP(size, sizeof(void *)), n = p->out_num + p->in_num;
    VirtQueueElement *elem;

    g_assert(size >= sizeof(*elem));
    elem = take_memory(p->vq->vdev, iov_at + n * sizeof(struct iovec));
    memset(elem, 0, size);
    elem->out_num = p->out_num;
    elem->in_num = p->in_num;
    elem->out_sg = (struct iovec *)((char *)elem + iov_at);
    elem->in_sg = elem->out_sg + p->out_num;
    memcpy(elem->out_sg, p->iov, n * sizeof(struct iovec));
    elem->epoch = p->vq->epoch;
    p->vq->inuse++;
    return elem;
}

/* --- What devices call ------------------------------------------------------------------------- */

static bool turn_over(const VirtQueue *vq)
{
    return vq->in_handler && !vq->turn_left;
}

bool virtio_queue_empty(VirtQueue *vq)
{
    return !virtio_queue_ready(vq) || turn_over(vq) || format_of(vq)->empty(vq);
}

void *virtqueue_pop(VirtQueue *vq, size_t size)
{
    void *elem;

    if (!virtio_queue_ready(vq) || turn_over(vq)) {
        return NULL;
    }
    elem = format_of(vq)->pop(vq, size);
    vq->turn_left -= elem && vq->in_handler;
    return elem;
}

void virtqueue_detach_element(VirtQueue *vq, const VirtQueueElement *elem, unsigned len)
{
    unsigned *count = elem->epoch == vq->epoch ? &vq->inuse : &vq->stale;

    g_assert(*count);
    (*count)--;
    unmap(vq->vdev, elem->in_sg, elem->in_num, true, len);
    unmap(vq->vdev, elem->out_sg, elem->out_num, false, 0);
    if (count == &vq->stale && virtio_queue_ready(vq)) {
        virtio_queue_kick(vq);          /* doorbells did nothing until now */
    }
}

bool virtqueue_outlived(const VirtQueue *vq, const VirtQueueElement *elem)
{
    return elem->epoch != vq->epoch;
}

void virtqueue_unpop(VirtQueue *vq, const VirtQueueElement *elem, unsigned len)
{
    virtqueue_detach_element(vq, elem, len);
    if (virtio_queue_ready(vq) && elem->epoch == vq->epoch) {
        format_of(vq)->unpop(vq, elem);
    }
}

bool virtqueue_fill(VirtQueue *vq, const VirtQueueElement *elem, unsigned len, unsigned idx)
{
    virtqueue_detach_element(vq, elem, len);
    if (!virtio_queue_ready(vq) || elem->epoch != vq->epoch) {
        return false;
    }
    format_of(vq)->fill(vq, elem, len, idx);
    return true;
}

void virtqueue_flush(VirtQueue *vq, unsigned count)
{
    if (virtio_queue_ready(vq) && count) {
        format_of(vq)->flush(vq, count);
    }
}

void virtqueue_push(VirtQueue *vq, const VirtQueueElement *elem, unsigned len)
{
    if (virtqueue_fill(vq, elem, len, 0)) {
        virtqueue_flush(vq, 1);
    }
}

void virtio_queue_set_notification(VirtQueue *vq, bool enable)
{
    vq->notification = enable;
    if (virtio_queue_ready(vq)) {
        format_of(vq)->set_notification(vq, enable);
    }
    if (enable) {
        __atomic_thread_fence(__ATOMIC_SEQ_CST);        /* the next look at the ring comes after the driver can see this */
    }
}

void virtio_notify(VirtIODevice *vdev, VirtQueue *vq)
{
    if (!virtio_queue_ready(vq)) {
        return;
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);            /* the driver's wish is read after it can see the used entries */
    if (!format_of(vq)->should_notify(vq)) {
        return;
    }
    vdev->isr |= 1;
    if (vq->has_guest_notifier) {
        event_notifier_set(&vq->guest_notifier);
    } else {
        virtio_bus_notify(vdev, vq->vector);
    }
}

/* --- Turns ----------------------------------------------------------------------------------------- */

void virtqueue_run_handler(VirtQueue *vq)
{
    if (!virtio_queue_ready(vq) || vq->in_handler) {
        return;
    }
    vq->in_handler = true;
    vq->turn_left = vq->num;
    vq->handle_output(vq->vdev, vq);
    vq->in_handler = false;
    if (!vq->turn_left) {
        virtio_queue_kick(vq);          /* others get their turn first */
    }
}

static void kicked(void *opaque)
{
    virtqueue_run_handler(opaque);
}

void virtio_queue_kick(VirtQueue *vq)
{
    if (!vq->kick_bh) {
        vq->kick_bh = qemu_bh_new(kicked, vq);
    }
    qemu_bh_schedule(vq->kick_bh);
}

/* --- Life -------------------------------------------------------------------------------------------- */

VirtQueue *virtio_add_queue(VirtIODevice *vdev, unsigned size, VirtIOHandleOutput *handle_output)
{
    VirtQueue *vq = vdev->vq;

    while (vq->handle_output) {
        vq++;
        g_assert(vq < vdev->vq + VIRTIO_QUEUE_MAX);
    }
    g_assert(size && size <= VIRTQUEUE_MAX_SIZE);
    vq->num_max = size;
    vq->handle_output = handle_output;
    vq->filled = g_new0(PackedUsed, size);
    vq->legacy_align = 4096;
    virtqueue_reset(vq);
    return vq;
}

void virtqueue_reset(VirtQueue *vq)
{
    vq->stale += vq->inuse;
    vq->inuse = 0;
    vq->epoch++;
    vq->num = vq->num_max;
    vq->vector = VIRTIO_NO_VECTOR;
    vq->enabled = false;
    vq->desc = vq->driver = vq->device = 0;
    vq->last_avail = vq->used_idx = vq->shadow_avail = vq->signalled_used = 0;
    vq->last_avail_wrap = vq->used_wrap = true;
    vq->signalled_wrap = vq->signalled_valid = false;
    vq->notification = true;
    if (vq->kick_bh) {
        qemu_bh_cancel(vq->kick_bh);
    }
}

VirtQueue *virtio_get_queue(VirtIODevice *vdev, unsigned n)
{
    return vdev->vq + n;
}

unsigned virtio_get_queue_index(const VirtQueue *vq)
{
    return vq->index;
}

unsigned virtio_get_num_queues(const VirtIODevice *vdev)
{
    unsigned n = 0;

    while (n < VIRTIO_QUEUE_MAX && vdev->vq[n].handle_output) {
        n++;
    }
    return n;
}
