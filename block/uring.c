/*
 * Requests through io_uring: one ring for the main thread and everybody else,
 * and one for each I/O thread. What is asked for between blk_io_plug() and
 * blk_io_unplug(), or in the main thread during one turn of its loop, goes to
 * the kernel with one system call.
 *
 * Everything runs under the machine lock. Completions: in the thread whose ring
 * it is, woken by an eventfd, or in who drains. What the kernel could do at once
 * (cached data) is answered from blk_io_unplug() itself, in a vCPU's thread too,
 * without waking anybody.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <poll.h>
#include "block-int.h"
#include "util/event_notifier.h"
#include "util/main-loop.h"

#ifdef CONFIG_LIBURING
#include <liburing.h>

#define DEPTH 512

struct BlockRing {
    struct io_uring ring;
    EventNotifier done;
    GMainContext *context;              /* of the thread it belongs to; NULL: the main thread */
    unsigned unsubmitted, batch;        /* batch: so many are submitted at the latest; 0: any number */
    unsigned in_flight;                 /* never more than fits in the completion ring */
    unsigned reaping;                   /* loops on the stack that look for what is done */
    BlockRing *next;
};

static BlockRing main_ring, *rings;
static QEMUBH *submit_bh;               /* main thread: the batch is complete */
static bool tried, ok;
static __thread BlockRing *own_ring;    /* of an I/O thread */
static __thread unsigned plugs;         /* of this thread */

static BlockRing *this_ring(void)
{
    return own_ring ? own_ring : &main_ring;
}

/* What is left after a short transfer; a pool thread does that. */
typedef struct Rest { BlockRequest *r; size_t skip; } Rest;

static int transfer_rest(void *opaque)
{
    Rest *rest = opaque;
    const BlockRequest *r = rest->r;
    uint64_t at = r->offset;
    size_t skip = rest->skip;

    for (int i = 0, rc; i < r->niov; i++) {
        size_t len = r->iov[i].iov_len, from = MIN(skip, len);

        rc = block_transfer(r->fd, at + from, (uint8_t *)r->iov[i].iov_base + from, len - from, r->kind == BLOCK_WRITE);
        if (rc) {
            return rc;
        }
        skip -= from;
        at += len;
    }
    return r->fua && fdatasync(r->fd) ? -errno : 0;
}

static void rest_done(void *opaque, int ret)
{
    Rest *rest = opaque;

    rest->r->cb(rest->r->opaque, ret);
    g_free(rest);
}

static void complete(BlockRequest *r, int res)
{
    bool again = res == -EAGAIN || res == -EINTR;

    if (r->kind != BLOCK_FLUSH && (again || (res >= 0 && (uint64_t)res < r->bytes))) {
        Rest rest = { r, MAX(res, 0) };

        block_pool_submit(transfer_rest, rest_done, g_memdup2(&rest, sizeof(rest)));
    } else {
        r->cb(r->opaque, MIN(res, 0));
    }
}

static void submit(BlockRing *ring)
{
    int n;

    while (ring->unsubmitted && (n = io_uring_submit(&ring->ring)) != 0) {
        if (n < 0 && n != -EINTR) {
            break;                      /* EAGAIN, EBUSY: completions will try again */
        }
        ring->unsubmitted -= MAX(n, 0);
    }
}

static void submit_batch(void *opaque)
{
    submit(opaque);
}

/* A completion may lead to requests that are done at once, and so on: others get their turn after a ring full. */
static unsigned reap(BlockRing *ring)
{
    struct io_uring_cqe *cqe;
    unsigned n = 0;

    ring->reaping++;
    for (; n < DEPTH && io_uring_peek_cqe(&ring->ring, &cqe) == 0; n++) {
        BlockRequest *r = io_uring_cqe_get_data(cqe);
        int res = cqe->res;

        io_uring_cqe_seen(&ring->ring, cqe);
        ring->in_flight--;
        complete(r, res);
    }
    ring->reaping--;
    submit(ring);
    if (n == DEPTH) {
        event_notifier_set(&ring->done);
    }
    return n;
}

static void on_done(void *opaque)
{
    BlockRing *ring = opaque;

    event_notifier_test_and_clear(&ring->done);
    reap(ring);
}

unsigned block_uring_poll(void)
{
    unsigned n = 0;

    for (BlockRing *ring = rings; ring; ring = ring->next) {
        submit(ring);
        event_notifier_test_and_clear(&ring->done);
        n += reap(ring);
    }
    return n;
}

void block_uring_add_fds(GArray *fds)
{
    for (BlockRing *ring = rings; ring; ring = ring->next) {
        struct pollfd fd = { .fd = event_notifier_get_fd(&ring->done), .events = POLLIN };

        g_array_append_val(fds, fd);
    }
}

/* --- Batches ----------------------------------------------------------------------------- */

void blk_io_plug(void)
{
    plugs++;
}

/* Nobody needs waking for what is done while we submit: we look ourselves. */
void blk_io_unplug(void)
{
    BlockRing *ring = this_ring();

    if (--plugs || !ok || !ring->unsubmitted) {
        return;
    }
    io_uring_cq_eventfd_toggle(&ring->ring, false);
    submit(ring);
    io_uring_cq_eventfd_toggle(&ring->ring, true);
    /* A kernel thread that is done now sees that we want to be woken, or we see what it has done. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!ring->reaping) {               /* else the loop below us comes to it */
        reap(ring);
    }
}

/* --- Rings ---------------------------------------------------------------------------------- */

static bool ring_init(BlockRing *ring, GMainContext *context)
{
    if (event_notifier_init(&ring->done, false)) {
        return false;
    }
    if (io_uring_queue_init(DEPTH, &ring->ring, 0)) {
        event_notifier_cleanup(&ring->done);
        return false;
    }
    if (io_uring_register_eventfd(&ring->ring, event_notifier_get_fd(&ring->done))) {
        io_uring_queue_exit(&ring->ring);
        event_notifier_cleanup(&ring->done);
        return false;
    }
    ring->context = context;
    qemu_set_fd_handler_in(context, event_notifier_get_fd(&ring->done), on_done, NULL, ring);
    ring->next = rings;
    rings = ring;
    return true;
}

bool block_uring_available(void)
{
    if (!tried) {
        tried = true;
        ok = ring_init(&main_ring, NULL);
        submit_bh = ok ? qemu_bh_new(submit_batch, &main_ring) : NULL;
    }
    return ok;
}

BlockRing *block_ring_new(GMainContext *context, unsigned batch)
{
    BlockRing *ring = block_uring_available() ? g_new0(BlockRing, 1) : NULL;

    if (ring && !ring_init(ring, context)) {
        g_clear_pointer(&ring, g_free);
    } else if (ring) {
        ring->batch = batch;
    }
    return ring;
}

void block_ring_use(BlockRing *ring)
{
    own_ring = ring;
}

void block_ring_free(BlockRing *ring)
{
    BlockRing **at = &rings;

    if (!ring) {
        return;
    }
    while (*at != ring) {
        at = &(*at)->next;
    }
    *at = ring->next;
    qemu_set_fd_handler_in(ring->context, event_notifier_get_fd(&ring->done), NULL, NULL, NULL);
    io_uring_queue_exit(&ring->ring);
    event_notifier_cleanup(&ring->done);
    g_free(ring);
}

/* --- Requests --------------------------------------------------------------------------------- */

static void prepare(struct io_uring_sqe *sqe, BlockRequest *r)
{
    const struct iovec *iov = r->iov;
    bool one = r->niov == 1 && iov->iov_len <= UINT_MAX;      /* cheaper for the kernel than a vector */

    switch (r->kind) {
    case BLOCK_READ:
        if (one) {
            io_uring_prep_read(sqe, r->fd, iov->iov_base, iov->iov_len, r->offset);
        } else {
            io_uring_prep_readv(sqe, r->fd, iov, r->niov, r->offset);
        }
        break;
    case BLOCK_WRITE:
        if (one) {
            io_uring_prep_write(sqe, r->fd, iov->iov_base, iov->iov_len, r->offset);
        } else {
            io_uring_prep_writev(sqe, r->fd, iov, r->niov, r->offset);
        }
        sqe->rw_flags = r->fua ? RWF_DSYNC : 0;
        break;
    default:
        io_uring_prep_fsync(sqe, r->fd, IORING_FSYNC_DATASYNC);
        break;
    }
    io_uring_sqe_set_data(sqe, r);
}

static void submit_soon(BlockRing *ring)
{
    if (ring->batch && ring->unsubmitted >= ring->batch) {
        submit(ring);
    } else if (!plugs && !own_ring && block_in_main_thread()) {
        qemu_bh_schedule(submit_bh);
    } else if (!plugs) {
        submit(ring);
    }
}

bool block_uring_start(BlockRequest *r)
{
    BlockRing *ring = this_ring();
    struct io_uring_sqe *sqe = NULL;

    if (ring->in_flight < DEPTH && r->niov <= IOV_MAX) {
        sqe = io_uring_get_sqe(&ring->ring);
    }
    if (sqe) {
        prepare(sqe, r);
        ring->unsubmitted++;
        ring->in_flight++;
        submit_soon(ring);
    }
    return sqe != NULL;
}

#else

bool block_uring_available(void)
{
    return false;
}

bool block_uring_start(BlockRequest *r)
{
    return false;
}

unsigned block_uring_poll(void)
{
    return 0;
}

void block_uring_add_fds(GArray *fds)
{
}

void blk_io_plug(void)
{
}

void blk_io_unplug(void)
{
}

BlockRing *block_ring_new(GMainContext *context, unsigned batch)
{
    return NULL;
}

void block_ring_use(BlockRing *ring)
{
}

void block_ring_free(BlockRing *ring)
{
}

#endif
