/*
 * RCU for our threads: registration on first use, and callbacks that run
 * under the machine lock because they drop references to devices.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <pthread.h>
#include "system/rcu.h"
#include "util/main-loop.h"

__thread bool rcu_thread_known;
static pthread_key_t end_key;
static pthread_once_t end_once = PTHREAD_ONCE_INIT;

static void thread_ends(void *known)
{
    rcu_thread_known = false;
    urcu_memb_unregister_thread();
}

static void make_key(void)
{
    int err = pthread_key_create(&end_key, thread_ends);
    g_assert(err == 0);
}

void rcu_register_thread(void)
{
    if (rcu_thread_known) {
        return;
    }
    pthread_once(&end_once, make_key);
    urcu_memb_register_thread();
    pthread_setspecific(end_key, &rcu_thread_known);
    rcu_thread_known = true;
}

static unsigned waiting;        /* callbacks that have not returned */

static void run_callback(struct rcu_head *head)
{
    RCUCallback *cb = container_of(head, RCUCallback, head);

    rcu_thread_known = true;    /* the library's own thread, which it registered itself */
    bql_lock();
    cb->fn(cb);
    bql_unlock();
    __atomic_sub_fetch(&waiting, 1, __ATOMIC_RELEASE);
}

void call_rcu(RCUCallback *cb, void (*fn)(RCUCallback *cb))
{
    rcu_register_thread();      /* the library wants callers registered */
    cb->fn = fn;
    __atomic_add_fetch(&waiting, 1, __ATOMIC_RELAXED);
    urcu_memb_call_rcu(&cb->head, run_callback);
}

typedef struct LateFree { struct rcu_head head; void *p; } LateFree;

static void run_free(struct rcu_head *head)
{
    LateFree *late = container_of(head, LateFree, head);

    g_free(late->p);
    g_free(late);
}

void rcu_free_later(void *p)
{
    if (p) {
        LateFree *late = g_new(LateFree, 1);

        rcu_register_thread();
        late->p = p;
        urcu_memb_call_rcu(&late->head, run_free);
    }
}

/* What goes may leave something behind that goes in turn: a device its address space, that the device's children.
 * A guest that changes its memory map all the time never lets it come to nothing, hence a limit. */
#define DRAIN_ROUNDS 8

void drain_call_rcu(void)
{
    bool locked = bql_locked();
    unsigned rounds = DRAIN_ROUNDS;

    if (locked) {
        bql_unlock();
    }
    do {
        urcu_memb_barrier();
    } while (__atomic_load_n(&waiting, __ATOMIC_ACQUIRE) && --rounds);
    if (locked) {
        bql_lock();
    }
}
