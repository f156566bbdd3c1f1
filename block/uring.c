/*
 * Requests through io_uring: one ring for the process. What is asked for
 * between blk_io_plug() and blk_io_unplug(), or in the main thread during one
 * turn of its loop, goes to the kernel with one system call.
 *
 * Completions run under the machine lock: in the main thread, woken by an
 * eventfd, or in who drains. What the kernel could do at once (cached data) is
 * answered from blk_io_unplug() itself, without going to sleep first.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "block-int.h"
#include "util/event_notifier.h"
#include "util/main-loop.h"

#ifdef CONFIG_LIBURING
#include <liburing.h>

#define DEPTH 512

static struct {
    struct io_uring ring;
    GMutex lock;                        /* guards the submission side */
    EventNotifier done;
    QEMUBH *submit;                     /* main thread: the batch is complete */
    unsigned unsubmitted;
    unsigned in_flight;                 /* never more than fits in the completion ring */
    bool tried, ok;
} uring;
static __thread unsigned plugs;         /* of this thread */

typedef struct UringRequest {
    BlockRequest r;
    int fd;
} UringRequest;

/* What is left after a short transfer; a pool thread does that. */
typedef struct Rest { BlockRequest r; int fd; size_t skip; } Rest;

static int transfer_rest(void *opaque)
{
    Rest *rest = opaque;
    uint64_t at = rest->r.offset;
    size_t skip = rest->skip;

    for (int i = 0; i < rest->r.niov; i++) {
        size_t len = rest->r.iov[i].iov_len, from = MIN(skip, len);
        uint8_t *p = rest->r.iov[i].iov_base;

        skip -= from;
        while (from < len) {
            ssize_t n = rest->r.kind == BLOCK_WRITE ? pwrite(rest->fd, p + from, len - from, at + from)
                                                    : pread(rest->fd, p + from, len - from, at + from);
            if (n < 0 && errno == EINTR) {
                continue;
            }
            if (n <= 0) {
                return n < 0 ? -errno : -EIO;
            }
            from += n;
        }
        at += len;
    }
    return rest->r.fua && fdatasync(rest->fd) ? -errno : 0;
}

static void rest_done(void *opaque, int ret)
{
    Rest *rest = opaque;

    rest->r.cb(rest->r.opaque, ret);
    g_free(rest);
}

static void complete(UringRequest *u, int res)
{
    bool again = res == -EAGAIN || res == -EINTR;

    if (u->r.kind != BLOCK_FLUSH && (again || (res >= 0 && (uint64_t)res < u->r.bytes))) {
        Rest rest = { u->r, u->fd, MAX(res, 0) };

        block_pool_submit(transfer_rest, rest_done, g_memdup2(&rest, sizeof(rest)));
    } else {
        u->r.cb(u->r.opaque, MIN(res, 0));
    }
    g_free(u);
}

/* With the lock held. */
static void submit_all(void)
{
    int n;

    while (uring.unsubmitted && (n = io_uring_submit(&uring.ring)) != 0) {
        if (n < 0 && n != -EINTR) {
            break;                      /* EAGAIN, EBUSY: completions will try again */
        }
        uring.unsubmitted -= MAX(n, 0);
    }
}

void block_uring_submit(void)
{
    g_mutex_lock(&uring.lock);
    submit_all();
    g_mutex_unlock(&uring.lock);
}

static void submit_batch(void *opaque)
{
    block_uring_submit();
}

int block_uring_fd(void)
{
    return uring.ok ? event_notifier_get_fd(&uring.done) : -1;
}

static unsigned reap(void)
{
    struct io_uring_cqe *cqe;
    unsigned n = 0;

    for (; io_uring_peek_cqe(&uring.ring, &cqe) == 0; n++) {
        UringRequest *u = io_uring_cqe_get_data(cqe);
        int res = cqe->res;

        io_uring_cqe_seen(&uring.ring, cqe);
        __atomic_sub_fetch(&uring.in_flight, 1, __ATOMIC_SEQ_CST);
        complete(u, res);
    }
    if (__atomic_load_n(&uring.unsubmitted, __ATOMIC_RELAXED)) {
        block_uring_submit();
    }
    return n;
}

unsigned block_uring_reap(void)
{
    if (!uring.ok) {
        return 0;
    }
    event_notifier_test_and_clear(&uring.done);
    return reap();
}

/* Nobody needs waking for what is done while we submit: we look ourselves. */
static void submit_and_reap(void)
{
    io_uring_cq_eventfd_toggle(&uring.ring, false);
    block_uring_submit();
    io_uring_cq_eventfd_toggle(&uring.ring, true);
    reap();
}

void blk_io_plug(void)
{
    plugs++;
}

void blk_io_unplug(void)
{
    if (--plugs || !uring.ok || !__atomic_load_n(&uring.unsubmitted, __ATOMIC_RELAXED)) {
        return;
    }
    if (block_in_main_thread()) {
        submit_and_reap();
    } else {
        block_uring_submit();
    }
}

static void on_done(void *opaque)
{
    block_uring_reap();
}

static bool set_up(void)
{
    if (event_notifier_init(&uring.done, false)) {
        return false;
    }
    if (io_uring_queue_init(DEPTH, &uring.ring, 0)) {
        event_notifier_cleanup(&uring.done);
        return false;
    }
    if (io_uring_register_eventfd(&uring.ring, event_notifier_get_fd(&uring.done))) {
        io_uring_queue_exit(&uring.ring);
        event_notifier_cleanup(&uring.done);
        return false;
    }
    uring.submit = qemu_bh_new(submit_batch, NULL);
    qemu_set_fd_handler(event_notifier_get_fd(&uring.done), on_done, NULL, NULL);
    return true;
}

bool block_uring_available(void)
{
    if (!uring.tried) {
        uring.tried = true;
        uring.ok = set_up();
    }
    return uring.ok;
}

static void prepare(struct io_uring_sqe *sqe, UringRequest *u)
{
    const struct iovec *iov = u->r.iov;
    bool one = u->r.niov == 1 && iov->iov_len <= UINT_MAX;      /* cheaper for the kernel than a vector */

    switch (u->r.kind) {
    case BLOCK_READ:
        if (one) {
            io_uring_prep_read(sqe, u->fd, iov->iov_base, iov->iov_len, u->r.offset);
        } else {
            io_uring_prep_readv(sqe, u->fd, iov, u->r.niov, u->r.offset);
        }
        break;
    case BLOCK_WRITE:
        if (one) {
            io_uring_prep_write(sqe, u->fd, iov->iov_base, iov->iov_len, u->r.offset);
        } else {
            io_uring_prep_writev(sqe, u->fd, iov, u->r.niov, u->r.offset);
        }
        sqe->rw_flags = u->r.fua ? RWF_DSYNC : 0;
        break;
    default:
        io_uring_prep_fsync(sqe, u->fd, IORING_FSYNC_DATASYNC);
        break;
    }
    io_uring_sqe_set_data(sqe, u);
}

bool block_uring_start(int fd, const BlockRequest *r)
{
    bool main_thread = block_in_main_thread();
    struct io_uring_sqe *sqe = NULL;
    UringRequest *u;

    if (r->niov > IOV_MAX) {
        return false;
    }
    g_mutex_lock(&uring.lock);
    if (__atomic_load_n(&uring.in_flight, __ATOMIC_SEQ_CST) < DEPTH) {
        sqe = io_uring_get_sqe(&uring.ring);
    }
    if (sqe) {
        u = g_new(UringRequest, 1);
        *u = (UringRequest) { *r, fd };
        prepare(sqe, u);
        uring.unsubmitted++;
        __atomic_add_fetch(&uring.in_flight, 1, __ATOMIC_SEQ_CST);
        if (main_thread && !plugs) {
            qemu_bh_schedule(uring.submit);
        } else if (!plugs) {
            submit_all();
        }
    }
    g_mutex_unlock(&uring.lock);
    return sqe != NULL;
}

#else

bool block_uring_available(void)
{
    return false;
}

bool block_uring_start(int fd, const BlockRequest *r)
{
    return false;
}

int block_uring_fd(void)
{
    return -1;
}

void block_uring_submit(void)
{
}

unsigned block_uring_reap(void)
{
    return 0;
}

void blk_io_plug(void)
{
}

void blk_io_unplug(void)
{
}

#endif
