/*
 * The main thread's event loop (GLib's default context) and the machine lock.
 *
 * The machine lock ("BQL" in names that QEMU engineers know) guards the
 * control plane and every device that does not guard itself. The main loop
 * holds it while it dispatches and drops it while it waits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_MAIN_LOOP_H
#define UTIL_MAIN_LOOP_H

#include "util/osdep.h"

void bql_lock(void);
void bql_unlock(void);
bool bql_locked(void);                  /* by this thread */
/* Waits on @cond with the machine lock as its mutex. */
void bql_cond_wait(GCond *cond);
bool bql_cond_wait_until(GCond *cond, int64_t end_time_us);

void main_loop_init(void);
/* One turn: wait for something (or not), dispatch it under the machine lock. */
void main_loop_wait(bool nonblocking);
/* From any thread: make a waiting main_loop_wait() return. */
void main_loop_kick(void);

/* Calls back in the main thread under the machine lock. NULL handlers remove. */
typedef void IOHandler(void *opaque);
void qemu_set_fd_handler(int fd, IOHandler *fd_read, IOHandler *fd_write, void *opaque);
/* In the thread that turns @context (NULL: the main thread). An I/O thread turns its context with the machine lock held. */
void qemu_set_fd_handler_in(GMainContext *context, int fd, IOHandler *fd_read, IOHandler *fd_write, void *opaque);
/* Waiting in @context drops the machine lock, too. */
void main_loop_unlock_while_polling(GMainContext *context);

/* Deferred work in the main thread; scheduling is safe from any thread. */
typedef struct QEMUBH QEMUBH;
typedef void QEMUBHFunc(void *opaque);
QEMUBH *qemu_bh_new(QEMUBHFunc *cb, void *opaque);
void qemu_bh_schedule(QEMUBH *bh);
void qemu_bh_cancel(QEMUBH *bh);
void qemu_bh_delete(QEMUBH *bh);
void main_loop_run_once(QEMUBHFunc *cb, void *opaque);   /* a one-shot bottom half */

/*
 * Clocks. VIRTUAL stops while the machine is stopped, and under -accel qtest
 * moves only by clock_step/clock_set. Timers fire in the main thread under
 * the machine lock.
 */
typedef enum QEMUClockType { QEMU_CLOCK_REALTIME, QEMU_CLOCK_VIRTUAL, QEMU_CLOCK_HOST, QEMU_CLOCK__MAX } QEMUClockType;
typedef struct QEMUTimer QEMUTimer;
typedef void QEMUTimerCB(void *opaque);
int64_t qemu_clock_get_ns(QEMUClockType type);
static inline int64_t qemu_clock_get_ms(QEMUClockType type) { return qemu_clock_get_ns(type) / 1000000; }
QEMUTimer *timer_new_ns(QEMUClockType type, QEMUTimerCB *cb, void *opaque);
void timer_mod(QEMUTimer *t, int64_t expire_ns);
void timer_del(QEMUTimer *t);
void timer_free(QEMUTimer *t);
bool timer_pending(const QEMUTimer *t);
void cpu_clock_enable(bool run);        /* VIRTUAL runs or stands */
/* qtest: take VIRTUAL by hand; both run timers that became due, in order. */
void qtest_clock_take(void);
int64_t qtest_clock_set(int64_t ns);
int64_t qtest_clock_deadline(void);     /* ns until the next virtual timer, -1: none */

#endif
