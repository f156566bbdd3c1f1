/*
 * Read-copy-update: readers never wait, what they may still see is freed
 * after the last of them left. liburcu's membarrier flavour, with threads
 * registered on first use and unregistered when they end.
 *
 * Never wait for readers (synchronize) with the machine lock held: a reader
 * that dispatches MMIO may be waiting for it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SYSTEM_RCU_H
#define SYSTEM_RCU_H

#define _LGPL_SOURCE
#include <urcu/urcu-memb.h>
#include "util/osdep.h"

extern __thread bool rcu_thread_known;
/* Done by the first rcu_read_lock(); call it earlier in threads that must not hesitate (vCPUs). */
void rcu_register_thread(void);

static inline void rcu_read_lock(void)
{
    if (__builtin_expect(!rcu_thread_known, 0)) {
        rcu_register_thread();
    }
    urcu_memb_read_lock();
}

static inline void rcu_read_unlock(void)
{
    urcu_memb_read_unlock();
}

/* @fn runs in another thread, under the machine lock, when no reader is left that could see @head's owner. */
typedef struct RCUCallback RCUCallback;
struct RCUCallback {
    struct rcu_head head;
    void (*fn)(RCUCallback *cb);
};
void call_rcu(RCUCallback *cb, void (*fn)(RCUCallback *cb));
/* g_free(@p), later. */
void rcu_free_later(void *p);
/* Runs everything that call_rcu() was given so far, and what follows from it; lets go of the machine lock meanwhile. */
void drain_call_rcu(void);

static inline void rcu_read_guard_end(bool *held)
{
    rcu_read_unlock();
}
/* Readers in this scope. */
#define RCU_READ_LOCK_GUARD() \
    __attribute__((cleanup(rcu_read_guard_end), unused)) bool rcu_guard_ = (rcu_read_lock(), true)

#define qatomic_rcu_read(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define qatomic_rcu_set(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

#endif
