/*
 * Threads for blocking I/O. Work runs in a pool thread without any lock; its
 * completion runs in the main thread under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "block-int.h"
#include "util/main-loop.h"

#define POOL_THREADS 16

typedef struct Job {
    BlockWork *work;
    BlockCompletionFunc *cb;
    void *opaque;
    int result;
} Job;

static GThreadPool *pool;
static unsigned pending;            /* submitted, not completed */

static void job_complete(void *opaque)
{
    Job *job = opaque;

    __atomic_sub_fetch(&pending, 1, __ATOMIC_SEQ_CST);
    job->cb(job->opaque, job->result);
    g_free(job);
}

static void job_run(gpointer data, gpointer user_data)
{
    Job *job = data;

    job->result = job->work(job->opaque);
    main_loop_run_once(job_complete, job);
}

void block_pool_submit(BlockWork *work, BlockCompletionFunc *cb, void *opaque)
{
    Job *job = g_new0(Job, 1);

    if (!pool) {
        pool = g_thread_pool_new(job_run, NULL, POOL_THREADS, false, NULL);
    }
    *job = (Job) { .work = work, .cb = cb, .opaque = opaque };
    __atomic_add_fetch(&pending, 1, __ATOMIC_SEQ_CST);
    g_thread_pool_push(pool, job, NULL);
}

unsigned block_pool_pending(void)
{
    return __atomic_load_n(&pending, __ATOMIC_SEQ_CST);
}
