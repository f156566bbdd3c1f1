/*
 * Threads for blocking I/O. Work runs in a pool thread without any lock; its
 * completion runs under the machine lock: from the main loop, or from
 * block_poll() when somebody waits for it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <poll.h>
#include "block-int.h"
#include "util/event_notifier.h"
#include "util/main-loop.h"

#define POOL_THREADS 16
#define JOBS_A_TURN  256

typedef struct Job Job;
struct Job {
    BlockWork *work;
    BlockCompletionFunc *cb;
    void *opaque;
    int result;
    Job *next;
};

static struct {
    GThreadPool *threads;
    GThread *main_thread;
    EventNotifier wake;                 /* there is something in done */
    GMutex lock;                        /* guards the list below */
    Job *done, **done_tail;
} pool;

static Job *pop(void)
{
    Job *job;

    g_mutex_lock(&pool.lock);
    job = pool.done;
    if (job) {
        pool.done = job->next;
        if (!pool.done) {
            pool.done_tail = &pool.done;
        }
    }
    g_mutex_unlock(&pool.lock);
    return job;
}

/*
 * One at a time: a completion may wait for the others. A guest that asks for more as soon as it has an answer must not
 * keep everybody else waiting, so there is an end to one turn. Returns how many there were.
 */
static unsigned reap_jobs(void)
{
    unsigned n = 0;
    Job *job;

    event_notifier_test_and_clear(&pool.wake);
    for (; n < JOBS_A_TURN && (job = pop()); n++) {
        job->cb(job->opaque, job->result);
        g_free(job);
    }
    if (n == JOBS_A_TURN) {
        event_notifier_set(&pool.wake);
    }
    return n;
}

static void reap(void *opaque)
{
    reap_jobs();
}

static void job_done(Job *job)
{
    g_mutex_lock(&pool.lock);
    *pool.done_tail = job;
    pool.done_tail = &job->next;
    g_mutex_unlock(&pool.lock);
    event_notifier_set(&pool.wake);
}

static void job_run(gpointer data, gpointer user_data)
{
    Job *job = data;

    job->result = job->work(job->opaque);
    job_done(job);
}

bool block_pool_init(Error **errp)
{
    int rc;

    if (pool.threads) {
        return true;
    }
    rc = event_notifier_init(&pool.wake, false);
    if (rc) {
        error_setg_errno(errp, rc, "cannot make an eventfd for block requests");
        return false;
    }
    pool.done_tail = &pool.done;
    pool.main_thread = g_thread_self();
    pool.threads = g_thread_pool_new(job_run, NULL, POOL_THREADS, false, NULL);
    qemu_set_fd_handler(event_notifier_get_fd(&pool.wake), reap, NULL, NULL);
    return true;
}

bool block_in_main_thread(void)
{
    return g_thread_self() == pool.main_thread;
}

static Job *job_new(BlockWork *work, BlockCompletionFunc *cb, void *opaque, int result)
{
    Job *job = g_new(Job, 1);

    *job = (Job) { work, cb, opaque, result, NULL };
    return job;
}

void block_pool_submit(BlockWork *work, BlockCompletionFunc *cb, void *opaque)
{
    g_thread_pool_push(pool.threads, job_new(work, cb, opaque, 0), NULL);
}

void block_complete_later(BlockCompletionFunc *cb, void *opaque, int result)
{
    job_done(job_new(NULL, cb, opaque, result));
}

void block_poll(void)
{
    struct pollfd wake = { .fd = event_notifier_get_fd(&pool.wake), .events = POLLIN };
    g_autoptr(GArray) fds = NULL;

    /* Inside of a completion the descriptors are quiet already, and things may still be there. */
    if (reap_jobs() || block_uring_poll()) {
        return;
    }
    fds = g_array_new(false, false, sizeof(struct pollfd));
    g_array_append_val(fds, wake);
    block_uring_add_fds(fds);
    poll((struct pollfd *)(void *)fds->data, fds->len, -1);
}
