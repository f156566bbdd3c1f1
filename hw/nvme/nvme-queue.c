/*
 * Queues: fetching commands, posting completions, doorbells in registers or in
 * shadow memory (NVM Express 1.4 sections 4.1, 4.6, 5.7, B.5), interrupts.
 *
 * A submission queue has as many requests as entries; a guest that never reads
 * its completions finds the queue standing still, not us growing.
 *
 * Runs under the machine lock, in the vCPU that rings; with ioeventfd=on and
 * shadow doorbells, from the main loop.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nvme.h"

static void process_sq(NvmeSQ *sq);

/* The last thing a loop does: queues may be gone afterwards. */
static void leave(NvmeCtrl *n)
{
    n->busy--;
    nvme_idle(n);
}

/* --- Interrupts -------------------------------------------------------------------------------- */

void nvme_irq_update(NvmeCtrl *n)
{
    if (!msix_enabled(&n->parent_obj)) {
        pci_set_irq(&n->parent_obj, (n->irq_status & ~n->intms) != 0);
    }
}

static void raise_cq(NvmeCQ *cq)
{
    if (!cq->irq_enabled) {
        return;
    }
    if (msix_enabled(&cq->ctrl->parent_obj)) {
        msix_notify(&cq->ctrl->parent_obj, cq->vector);
    } else {
        cq->ctrl->irq_status |= BIT(cq->vector & 31);
        nvme_irq_update(cq->ctrl);
    }
}

/* The wire falls when no queue on the vector has anything left. */
static void lower_cq(NvmeCQ *cq)
{
    NvmeCtrl *n = cq->ctrl;

    if (!cq->irq_enabled || msix_enabled(&n->parent_obj)) {
        return;
    }
    for (uint32_t i = 0; i <= n->max_ioqpairs; i++) {
        NvmeCQ *other = n->cqs[i];
        if (other && other->irq_enabled && other->vector == cq->vector && other->head != other->tail) {
            return;
        }
    }
    n->irq_status &= ~BIT(cq->vector & 31);
    nvme_irq_update(n);
}

/* --- Shadow doorbells: the guest writes memory, and rings only when we said we sleep --------------- */

static bool read_shadow(NvmeCtrl *n, uint64_t addr, uint32_t size, uint32_t *out)
{
    uint32_t v;

    if (nvme_dma(n, addr, &v, sizeof(v), false)) {
        return false;
    }
    v = le32toh(v);
    if (v >= size) {
        return false;
    }
    *out = v;
    return true;
}

static void write_event_index(NvmeCtrl *n, uint64_t addr, uint32_t v)
{
    v = htole32(v);
    nvme_dma(n, addr, &v, sizeof(v), true);
}

static void shadow_cq(NvmeCQ *cq)
{
    if (cq->shadow_addr) {
        read_shadow(cq->ctrl, cq->shadow_addr, cq->size, &cq->head);
    }
}

static bool cq_full(const NvmeCQ *cq)
{
    return nvme_cq_next(cq, cq->tail) == cq->head;
}

/*
 * A ring costs the guest an exit, and where its head is matters to us only when it must move for us to go on, or for
 * the wire to fall. Otherwise the old index stays, and the guest rings once each time round.
 */
static void want_ring(NvmeCQ *cq)
{
    if (cq->shadow_addr && (cq->done || !msix_enabled(&cq->ctrl->parent_obj))) {
        write_event_index(cq->ctrl, cq->event_addr, cq->head);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        shadow_cq(cq);                  /* it may have moved before it saw the index */
    }
}

/* --- Completions ---------------------------------------------------------------------------------- */

static void release(NvmeRequest *req)
{
    NvmeSQ *sq = req->sq;

    g_array_set_size(req->segs, 0);
    req->next = sq->free;
    sq->free = req;
}

static bool write_cqe(NvmeCQ *cq, NvmeRequest *req)
{
    NvmeCqe cqe = {
        .result = htole32(req->result), .sq_head = htole16(req->sq->head), .sq_id = htole16(req->sq->id),
        .cid = req->cmd.cid, .status = htole16(req->status << 1 | cq->phase),
    };
    uint64_t addr = cq->dma_addr + cq->tail * sizeof(cqe);

    /* The phase bit is what the guest looks at: it goes last. */
    return !nvme_dma(cq->ctrl, addr, &cqe, 12, true) && !nvme_dma(cq->ctrl, addr + 12, &cqe.cid, 4, true);
}

static void advance_tail(NvmeCQ *cq)
{
    cq->tail = nvme_cq_next(cq, cq->tail);
    if (!cq->tail) {
        cq->phase ^= 1;
    }
}

static NvmeSQ *post_one(NvmeCQ *cq)
{
    NvmeRequest *req = cq->done;
    NvmeSQ *sq = req->sq;

    if (!write_cqe(cq, req)) {
        cq->ctrl->csts |= FIELD_MASK(CSTS, CFS);
    }
    advance_tail(cq);
    cq->done = req->next;
    if (!cq->done) {
        cq->done_end = &cq->done;
    }
    release(req);
    return sq;
}

/* A driver on another CPU may take completions and send commands as fast as we go: once round, then others. */
static void post_completions(NvmeCQ *cq)
{
    NvmeCtrl *n = cq->ctrl;
    uint32_t left = cq->size;

    if (cq->posting) {
        return;                         /* the loop below us takes what was added */
    }
    cq->posting = true;
    n->busy++;
    shadow_cq(cq);
    do {
        for (; left && cq->done && !cq_full(cq); left--) {
            NvmeSQ *sq = post_one(cq);

            if (!sq->processing && sq->head != sq->tail) {
                process_sq(sq);         /* it may have stood still for want of requests */
            }
        }
        want_ring(cq);
    } while (left && cq->done && !cq_full(cq));
    cq->posting = false;
    if (!left) {
        qemu_bh_schedule(cq->more);
    }
    if (left < cq->size) {
        raise_cq(cq);
    }
    leave(n);
}

static void post_more(void *opaque)
{
    post_completions(opaque);
}

void nvme_complete(NvmeRequest *req, uint16_t status)
{
    NvmeCQ *cq = req->sq->cq;

    req->status = status;
    req->next = NULL;
    *cq->done_end = req;
    cq->done_end = &req->next;
    if (!req->sq->processing) {
        post_completions(cq);
    }
}

/* --- Submissions -------------------------------------------------------------------------------------- */

static bool fetch(NvmeSQ *sq, NvmeRequest *req)
{
    if (nvme_dma(sq->ctrl, sq->dma_addr + sq->head * sizeof(NvmeCmd), &req->cmd, sizeof(req->cmd), false)) {
        sq->ctrl->csts |= FIELD_MASK(CSTS, CFS);
        return false;
    }
    sq->head = sq->head + 1 == sq->size ? 0 : sq->head + 1;
    return true;
}

static NvmeRequest *take_request(NvmeSQ *sq)
{
    NvmeRequest *req = sq->free;

    if (req) {
        sq->free = req->next;
        req->ns = NULL;
        req->result = 0;
        req->error = 0;
        req->outstanding = 0;
        req->flushed = false;
    }
    return req;
}

static void run_commands(NvmeSQ *sq, unsigned budget)
{
    blk_io_plug();
    while (sq->head != sq->tail && budget-- && !(sq->ctrl->csts & FIELD_MASK(CSTS, CFS))) {
        NvmeRequest *req = take_request(sq);

        if (!req) {
            break;
        }
        if (!fetch(sq, req)) {
            release(req);
            break;
        }
        if (sq->id) {
            nvme_io_command(req);
        } else {
            nvme_admin_command(req);
        }
    }
    blk_io_unplug();
}

/* Commands that are done at once are all posted after the run: one interrupt for many. */
static void process_sq(NvmeSQ *sq)
{
    NvmeCtrl *n = sq->ctrl;
    uint16_t id = sq->id;
    NvmeCQ *cq = sq->cq;

    if (sq->processing || sq->deleter || n->resetting) {
        return;
    }
    sq->processing = true;
    n->busy++;
    if (sq->shadow_addr) {
        read_shadow(n, sq->shadow_addr, sq->size, &sq->tail);
        run_commands(sq, sq->size);
        write_event_index(n, sq->event_addr, sq->tail);
        read_shadow(n, sq->shadow_addr, sq->size, &sq->tail);
    } else {
        run_commands(sq, sq->size);
    }
    sq->processing = false;
    post_completions(cq);
    if (n->sqs[id] == sq && sq->shadow_addr && sq->free && sq->head != sq->tail && sq->doorbell.active) {
        event_notifier_set(&sq->doorbell.notifier);     /* more came meanwhile; others get their turn first */
    }
    leave(n);
}

/* --- Doorbells ------------------------------------------------------------------------------------------ */

static void ring_cq(NvmeCQ *cq, uint32_t val)
{
    if (val >= cq->size) {
        nvme_event(cq->ctrl, NVME_EVENT_ERROR, NVME_EVENT_INVALID_DOORBELL_VALUE, NVME_LOG_ERROR);
        return;
    }
    cq->head = val;
    lower_cq(cq);
    post_completions(cq);
}

static void ring_sq(NvmeSQ *sq, uint32_t val)
{
    if (val >= sq->size) {
        nvme_event(sq->ctrl, NVME_EVENT_ERROR, NVME_EVENT_INVALID_DOORBELL_VALUE, NVME_LOG_ERROR);
        return;
    }
    sq->tail = val;
    process_sq(sq);
}

void nvme_doorbell_write(NvmeCtrl *n, hwaddr offset, uint32_t val)
{
    uint32_t id = offset >> 3;
    bool is_cq = offset & 4;

    if ((offset & 3) || id > n->max_ioqpairs || (is_cq ? !n->cqs[id] : !n->sqs[id])) {
        nvme_event(n, NVME_EVENT_ERROR, NVME_EVENT_INVALID_DOORBELL, NVME_LOG_ERROR);
    } else if (is_cq) {
        ring_cq(n->cqs[id], val & 0xffff);
    } else {
        ring_sq(n->sqs[id], val & 0xffff);
    }
}

static void sq_notified(void *opaque)
{
    NvmeSQ *sq = opaque;

    if (event_notifier_test_and_clear(&sq->doorbell.notifier)) {
        process_sq(sq);
    }
}

static void cq_notified(void *opaque)
{
    NvmeCQ *cq = opaque;

    if (event_notifier_test_and_clear(&cq->doorbell.notifier)) {
        shadow_cq(cq);
        lower_cq(cq);
        post_completions(cq);
    }
}

static hwaddr doorbell_offset(uint16_t id, bool is_cq)
{
    return NVME_REG_DOORBELLS + (id << 3) + (is_cq ? 4 : 0);
}

/* An eventfd does not carry the value, so this needs the shadow. Failure leaves the slow way. */
static void doorbell_start(NvmeCtrl *n, NvmeDoorbell *db, uint16_t id, bool is_cq, IOHandler *fn, void *opaque)
{
    if (!n->ioeventfd || db->active || event_notifier_init(&db->notifier, false) < 0) {
        return;
    }
    db->active = true;
    qemu_set_fd_handler(event_notifier_get_fd(&db->notifier), fn, NULL, opaque);
    memory_region_add_eventfd(&n->iomem, doorbell_offset(id, is_cq), 4, false, 0, &db->notifier);
}

static void doorbell_stop(NvmeCtrl *n, NvmeDoorbell *db, uint16_t id, bool is_cq)
{
    if (!db->active) {
        return;
    }
    memory_region_del_eventfd(&n->iomem, doorbell_offset(id, is_cq), 4, false, 0, &db->notifier);
    qemu_set_fd_handler(event_notifier_get_fd(&db->notifier), NULL, NULL, NULL);
    event_notifier_cleanup(&db->notifier);
    db->active = false;
}

/* The admin queue keeps its registers: it is rung before the shadow exists and after it is gone. */
void nvme_queue_use_shadow(NvmeCtrl *n, NvmeSQ *sq, NvmeCQ *cq)
{
    if (!n->dbbuf_dbs) {
        return;
    }
    if (sq && sq->id) {
        sq->shadow_addr = n->dbbuf_dbs + (sq->id << 3);
        sq->event_addr = n->dbbuf_eis + (sq->id << 3);
        write_event_index(n, sq->event_addr, sq->tail);
        doorbell_start(n, &sq->doorbell, sq->id, false, sq_notified, sq);
    }
    if (cq && cq->id) {
        cq->shadow_addr = n->dbbuf_dbs + (cq->id << 3) + 4;
        cq->event_addr = n->dbbuf_eis + (cq->id << 3) + 4;
        write_event_index(n, cq->event_addr, cq->head);
        doorbell_start(n, &cq->doorbell, cq->id, true, cq_notified, cq);
    }
}

/* --- Life ---------------------------------------------------------------------------------------------------- */

NvmeSQ *nvme_sq_new(NvmeCtrl *n, uint16_t id, NvmeCQ *cq, uint32_t size, uint64_t addr)
{
    NvmeSQ *sq = g_new0(NvmeSQ, 1);

    *sq = (NvmeSQ) { .ctrl = n, .cq = cq, .id = id, .size = size, .dma_addr = addr };
    sq->requests = g_new0(NvmeRequest, size);
    for (uint32_t i = 0; i < size; i++) {
        sq->requests[i].sq = sq;
        sq->requests[i].segs = g_array_new(FALSE, FALSE, sizeof(NvmeSeg));
        sq->requests[i].iov = g_array_new(FALSE, FALSE, sizeof(struct iovec));
        release(&sq->requests[i]);
    }
    cq->users++;
    n->sqs[id] = sq;
    nvme_queue_use_shadow(n, sq, NULL);
    return sq;
}

static void drop_done(NvmeCQ *cq, const NvmeSQ *sq)
{
    cq->done_end = &cq->done;
    for (NvmeRequest *req = cq->done, *next; req; req = next) {
        next = req->next;
        if (req->sq != sq) {
            *cq->done_end = req;
            cq->done_end = &req->next;
        }
    }
    *cq->done_end = NULL;
}

static void drop_stopped(NvmeSQ *sq)
{
    GList *next;

    for (GList *l = sq->ctrl->stopped.head; l; l = next) {
        NvmeRequest *req = l->data;

        next = l->next;
        if (req->sq == sq) {
            nvme_unmap_iov(req, false);
            g_queue_delete_link(&sq->ctrl->stopped, l);
        }
    }
}

static void free_sq(NvmeSQ *sq)
{
    for (uint32_t i = 0; i < sq->size; i++) {
        g_array_free(sq->requests[i].segs, TRUE);
        g_array_free(sq->requests[i].iov, TRUE);
    }
    g_free(sq->requests);
    g_free(sq);
}

/* The controller forgets the queue. What the block layer still has keeps its memory, and the device, alive. */
void nvme_sq_retire(NvmeSQ *sq)
{
    NvmeCtrl *n = sq->ctrl;

    doorbell_stop(n, &sq->doorbell, sq->id, false);
    n->sqs[sq->id] = NULL;
    drop_stopped(sq);
    drop_done(sq->cq, sq);
    sq->cq->users--;
    if (sq->inflight) {
        sq->dead = true;
        n->inflight -= sq->inflight;
        object_ref(n);
    } else {
        free_sq(sq);
    }
}

void nvme_sq_delete(NvmeSQ *sq, NvmeRequest *deleter)
{
    drop_stopped(sq);
    if (sq->inflight) {
        sq->deleter = deleter;
    } else {
        nvme_sq_retire(sq);
        nvme_complete(deleter, NVME_OK);
    }
}

void nvme_io_begin(NvmeRequest *req)
{
    req->sq->inflight++;
    req->sq->ctrl->inflight++;
}

void nvme_io_end(NvmeSQ *sq)
{
    NvmeCtrl *n = sq->ctrl;

    sq->inflight--;
    if (sq->dead) {
        if (!sq->inflight) {
            free_sq(sq);
            object_unref(n);
        }
        return;
    }
    n->inflight--;
    if (!sq->inflight && sq->deleter) {
        NvmeRequest *deleter = sq->deleter;

        nvme_sq_retire(sq);
        nvme_complete(deleter, NVME_OK);
    }
    nvme_idle(n);
}

NvmeCQ *nvme_cq_new(NvmeCtrl *n, uint16_t id, uint32_t size, uint64_t addr, uint16_t vector, bool irq_enabled)
{
    NvmeCQ *cq = g_new0(NvmeCQ, 1);

    *cq = (NvmeCQ) { .ctrl = n, .id = id, .size = size, .dma_addr = addr, .vector = vector, .irq_enabled = irq_enabled, .phase = 1 };
    cq->done_end = &cq->done;
    cq->more = qemu_bh_new(post_more, cq);
    n->cqs[id] = cq;
    if (irq_enabled) {
        msix_vector_use(&n->parent_obj, vector);
    }
    nvme_queue_use_shadow(n, NULL, cq);
    return cq;
}

void nvme_cq_free(NvmeCQ *cq)
{
    NvmeCtrl *n = cq->ctrl;

    doorbell_stop(n, &cq->doorbell, cq->id, true);
    qemu_bh_delete(cq->more);
    cq->head = cq->tail;
    lower_cq(cq);
    n->cqs[cq->id] = NULL;
    if (cq->irq_enabled) {
        msix_vector_unuse(&n->parent_obj, cq->vector);
    }
    g_free(cq);
}
