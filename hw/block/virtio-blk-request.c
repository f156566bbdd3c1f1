/*
 * Requests of the virtio disk: virtio 1.2 section 5.2.6. A header, data and a
 * status byte, cut into descriptors as the driver likes.
 *
 * Data goes between the image and guest memory without a copy. A queue's
 * requests are handed to the host together, and the driver hears once of all
 * that were answered at once.
 *
 * Everything runs under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virtio-blk.h"

/* --- Answering ------------------------------------------------------------------------- */

static void req_free(VirtIOBlkReq *req)
{
    g_free(req->own_iov);
    virtqueue_recycle(req->vq, &req->elem);
}

static void notify(VirtIOBlock *s, VirtQueue *vq)
{
    if (s->handling) {
        s->to_notify[virtio_get_queue_index(vq)] = true;
    } else {
        virtio_notify(VIRTIO_DEVICE(s), vq);
    }
}

static void answer(VirtIOBlkReq *req, uint8_t status)
{
    VirtIOBlock *s = req->dev;
    VirtQueue *vq = req->vq;

    *req->status = status;
    virtqueue_push(vq, &req->elem, req->in_len);
    req_free(req);
    notify(s, vq);
}

static bool is_read(const VirtIOBlkReq *req)
{
    return req->type == VIRTIO_BLK_T_IN;
}

static void failed(VirtIOBlkReq *req, int error)
{
    VirtIOBlock *s = req->dev;

    if (virtqueue_outlived(req->vq, &req->elem)) {
        answer(req, VIRTIO_BLK_S_IOERR);        /* nobody asks any more: tried again, a write would take what is there now */
        return;
    }
    switch (blk_error_action(s->blk, is_read(req), error)) {
    case BLOCK_ERROR_ACTION_IGNORE:
        answer(req, VIRTIO_BLK_S_OK);
        break;
    case BLOCK_ERROR_ACTION_STOP:
        req->next = s->stopped;
        s->stopped = req;
        vm_stop_from_vcpu(RUN_STATE_IO_ERROR);  /* we may be in one, or in an I/O thread: the main thread does it */
        break;
    default:
        answer(req, VIRTIO_BLK_S_IOERR);
    }
}

void virtio_blk_done(void *opaque, int ret)
{
    VirtIOBlkReq *req = opaque;

    if (ret < 0) {
        failed(req, -ret);
    } else {
        answer(req, VIRTIO_BLK_S_OK);
    }
}

/* --- Commands --------------------------------------------------------------------------- */

static bool range_valid(const VirtIOBlock *s, uint64_t sector, uint64_t bytes)
{
    uint64_t in_blocks = s->logical_block_size / VIRTIO_BLK_SECTOR;

    return !(bytes % s->logical_block_size) && !(sector % in_blocks) && sector <= s->capacity &&
        bytes / VIRTIO_BLK_SECTOR <= s->capacity - sector;
}

/* Also once more, when the machine runs on. */
void virtio_blk_submit(VirtIOBlkReq *req)
{
    VirtIOBlock *s = req->dev;
    uint64_t from = req->range.sector * VIRTIO_BLK_SECTOR, len = (uint64_t)req->range.num_sectors * VIRTIO_BLK_SECTOR;

    switch (req->type) {
    case VIRTIO_BLK_T_IN:
        blk_aio_preadv(s->blk, req->sector * VIRTIO_BLK_SECTOR, req->iov, req->niov, virtio_blk_done, req);
        break;
    case VIRTIO_BLK_T_OUT:
        blk_aio_pwritev(s->blk, req->sector * VIRTIO_BLK_SECTOR, req->iov, req->niov, virtio_blk_done, req);
        break;
    case VIRTIO_BLK_T_FLUSH:
        blk_aio_flush(s->blk, virtio_blk_done, req);
        break;
    case VIRTIO_BLK_T_DISCARD:
        blk_aio_pdiscard(s->blk, from, len, virtio_blk_done, req);
        break;
    default:
        blk_aio_pwrite_zeroes(s->blk, from, len, req->range.flags & VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP, virtio_blk_done, req);
    }
}

static uint8_t check_rw(VirtIOBlkReq *req)
{
    VirtIOBlock *s = req->dev;

    if (!range_valid(s, req->sector, req->size) || (!is_read(req) && blk_is_read_only(s->blk))) {
        return VIRTIO_BLK_S_IOERR;
    }
    return VIRTIO_BLK_S_OK;
}

/* We offer one range a request. */
static uint8_t check_range(VirtIOBlkReq *req)
{
    VirtIOBlock *s = req->dev;
    bool zeroes = req->type == VIRTIO_BLK_T_WRITE_ZEROES;
    struct virtio_blk_discard_write_zeroes *r = &req->range;
    uint32_t most = zeroes ? s->max_write_zeroes_sectors : s->max_discard_sectors;

    if (!(zeroes ? s->write_zeroes : s->discard)) {
        return VIRTIO_BLK_S_UNSUPP;
    }
    iov_to_buf(req->iov, req->niov, 0, r, sizeof(*r));
    *r = (struct virtio_blk_discard_write_zeroes) { le64toh(r->sector), le32toh(r->num_sectors), le32toh(r->flags) };
    if (req->size > sizeof(*r) || (r->flags & (zeroes ? ~(uint32_t)VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP : ~0U))) {
        return VIRTIO_BLK_S_UNSUPP;
    }
    if (r->num_sectors > most || !range_valid(s, r->sector, (uint64_t)r->num_sectors * VIRTIO_BLK_SECTOR) || blk_is_read_only(s->blk)) {
        return VIRTIO_BLK_S_IOERR;
    }
    return VIRTIO_BLK_S_OK;
}

static uint8_t get_id(VirtIOBlkReq *req)
{
    const char *serial = req->dev->serial ? req->dev->serial : "";
    char id[VIRTIO_BLK_ID_BYTES] = "";

    memcpy(id, serial, MIN(strlen(serial), sizeof(id)));        /* no zero byte behind 20 characters */
    iov_from_buf(req->iov, req->niov, 0, id, sizeof(id));
    return VIRTIO_BLK_S_OK;
}

/* Discards are not counted. */
static void count_invalid(const VirtIOBlkReq *req, uint8_t status)
{
    if (status == VIRTIO_BLK_S_IOERR && req->type != VIRTIO_BLK_T_DISCARD) {
        blk_account_invalid(req->dev->blk, !is_read(req));
    }
}

static void start(VirtIOBlkReq *req, VirtIOBlkGather *gather)
{
    uint8_t status = VIRTIO_BLK_S_OK;
    bool rw = req->type == VIRTIO_BLK_T_IN || req->type == VIRTIO_BLK_T_OUT;

    switch (req->type) {
    case VIRTIO_BLK_T_IN:
    case VIRTIO_BLK_T_OUT:
        status = check_rw(req);
        break;
    case VIRTIO_BLK_T_DISCARD:
    case VIRTIO_BLK_T_WRITE_ZEROES:
        status = check_range(req);
        break;
    case VIRTIO_BLK_T_FLUSH:
        break;
    case VIRTIO_BLK_T_GET_ID:
        answer(req, get_id(req));
        return;
    default:
        status = VIRTIO_BLK_S_UNSUPP;
    }
    if (status != VIRTIO_BLK_S_OK) {
        count_invalid(req, status);
        answer(req, status);
    } else if (rw && req->dev->request_merging) {
        virtio_blk_gather(gather, req);
    } else {
        virtio_blk_gather_flush(gather);        /* in the driver's order */
        virtio_blk_submit(req);
    }
}

/* --- Taking them apart --------------------------------------------------------------------- */

/* The data of @sg without @front bytes and @back bytes; often those are whole descriptors, and nothing is copied. */
static void set_data(VirtIOBlkReq *req, struct iovec *sg, unsigned n, size_t front, size_t back)
{
    if (n && front && sg[0].iov_len == front) {
        sg++;
        n--;
        front = 0;
    }
    if (n && back && sg[n - 1].iov_len == back) {
        n--;
        back = 0;
    }
    if (front || back) {
        sg = req->own_iov = g_memdup2(sg, n * sizeof(*sg));
        iov_discard_front(&sg, &n, front);
        iov_discard_back(sg, &n, back);
    }
    req->iov = sg;
    req->niov = n;
    req->size = iov_size(sg, n);
}

/* A request without room for its header or status cannot be answered: the device stops. */
static bool parse(VirtIOBlkReq *req)
{
    VirtQueueElement *e = &req->elem;
    struct virtio_blk_outhdr header;
    bool out;

    if (iov_to_buf(e->out_sg, e->out_num, 0, &header, sizeof(header)) < sizeof(header) || !iov_size(e->in_sg, e->in_num)) {
        virtio_error(VIRTIO_DEVICE(req->dev), "virtio-blk: a request without a header or a status byte");
        return false;
    }
    req->type = le32toh(header.type);
    req->sector = le64toh(header.sector);
    req->in_len = iov_size(e->in_sg, e->in_num);
    for (unsigned i = e->in_num; i-- && !req->status;) {
        req->status = e->in_sg[i].iov_len ? (uint8_t *)e->in_sg[i].iov_base + e->in_sg[i].iov_len - 1 : NULL;
    }
    out = req->type == VIRTIO_BLK_T_OUT || req->type == VIRTIO_BLK_T_DISCARD || req->type == VIRTIO_BLK_T_WRITE_ZEROES;
    if (out) {
        set_data(req, e->out_sg, e->out_num, sizeof(header), 0);
    } else {
        set_data(req, e->in_sg, e->in_num, 0, 1);
    }
    if ((req->type == VIRTIO_BLK_T_DISCARD || req->type == VIRTIO_BLK_T_WRITE_ZEROES) && req->size < sizeof(req->range)) {
        virtio_error(VIRTIO_DEVICE(req->dev), "virtio-blk: a discard or write-zeroes request without a range");
        return false;
    }
    return true;
}

static void run_queue(VirtIOBlock *s, VirtQueue *vq)
{
    VirtIOBlkGather gather = { 0 };
    VirtIOBlkReq *req;

    while ((req = virtqueue_pop(vq, sizeof(*req)))) {
        req->dev = s;
        req->vq = vq;
        if (!parse(req)) {
            virtqueue_detach_element(vq, &req->elem, 0);
            req_free(req);
            break;
        }
        start(req, &gather);
    }
    virtio_blk_gather_flush(&gather);
}

static void notify_all(VirtIOBlock *s)
{
    for (unsigned i = 0; i < s->num_queues; i++) {
        if (s->to_notify[i]) {
            s->to_notify[i] = false;
            virtio_notify(VIRTIO_DEVICE(s), virtio_get_queue(VIRTIO_DEVICE(s), i));
        }
    }
}

void virtio_blk_handle_output(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIOBlock *s = VIRTIO_BLK(vdev);

    if (s->handling) {
        virtio_queue_kick(vq);          /* our own DMA rang */
        return;
    }
    s->handling = true;
    blk_io_plug();
    do {
        virtio_queue_set_notification(vq, false);
        run_queue(s, vq);
        virtio_queue_set_notification(vq, true);
    } while (!virtio_queue_empty(vq));
    blk_io_unplug();
    s->handling = false;
    notify_all(s);
}

/* --- Stopped ------------------------------------------------------------------------------- */

void virtio_blk_restart(VirtIOBlock *s)
{
    VirtIOBlkReq *list = g_steal_pointer(&s->stopped);

    blk_io_plug();
    while (list) {
        VirtIOBlkReq *req = list;

        list = req->next;
        virtio_blk_submit(req);
    }
    blk_io_unplug();
}

void virtio_blk_drop_stopped(VirtIOBlock *s, VirtQueue *vq)
{
    VirtIOBlkReq **at = &s->stopped;

    while (*at) {
        VirtIOBlkReq *req = *at;

        if (vq && req->vq != vq) {
            at = &req->next;
            continue;
        }
        *at = req->next;
        virtqueue_detach_element(req->vq, &req->elem, 0);
        req_free(req);
    }
}
