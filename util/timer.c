/*
 * Clocks and timers. One timerfd wakes the main loop for the earliest timer
 * of any clock; GLib's own timeouts are whole milliseconds, too coarse here.
 *
 * A jump of the host's wall clock moves HOST timers only when the next timer
 * is looked at.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/timerfd.h>
#include <time.h>
#include "util/main-loop.h"

struct QEMUTimer {
    QEMUClockType type;
    QEMUTimerCB *cb;
    void *opaque;
    int64_t expire;
    GSequenceIter *at;                  /* NULL: not pending */
};

/* Guards everything below; callbacks run without it. */
static GMutex lock;
static GSequence *pending[QEMU_CLOCK__MAX];
static int timer_fd = -1;
static bool virtual_runs, virtual_by_hand;
static int64_t virtual_base;            /* running: VIRTUAL = monotonic + base; else VIRTUAL = base */

static int64_t host_ns(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static int64_t now_locked(QEMUClockType type)
{
    switch (type) {
    case QEMU_CLOCK_HOST:
        return host_ns(CLOCK_REALTIME);
    case QEMU_CLOCK_VIRTUAL:
        return virtual_base + (virtual_runs ? host_ns(CLOCK_MONOTONIC) : 0);
    default:
        return host_ns(CLOCK_MONOTONIC);
    }
}

int64_t qemu_clock_get_ns(QEMUClockType type)
{
    int64_t now;

    g_mutex_lock(&lock);
    now = now_locked(type);
    g_mutex_unlock(&lock);
    return now;
}

static QEMUTimer *first_locked(QEMUClockType type)
{
    GSequenceIter *it = pending[type] ? g_sequence_get_begin_iter(pending[type]) : NULL;

    return it && !g_sequence_iter_is_end(it) ? g_sequence_get(it) : NULL;
}

static void timer_fd_readable(void *opaque);

static void rearm_locked(void)
{
    struct itimerspec its = { 0 };
    int64_t wait = INT64_MAX;

    if (timer_fd < 0) {
        timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        if (timer_fd < 0) {
            return;
        }
        qemu_set_fd_handler(timer_fd, timer_fd_readable, NULL, NULL);
    }
    for (int type = 0; type < QEMU_CLOCK__MAX; type++) {
        QEMUTimer *t = first_locked(type);
        if (t && !(type == QEMU_CLOCK_VIRTUAL && !virtual_runs)) {
            wait = MIN(wait, MAX(t->expire - now_locked(type), 1));
        }
    }
    if (wait != INT64_MAX) {
        its.it_value.tv_sec = wait / 1000000000;
        its.it_value.tv_nsec = wait % 1000000000;
    }
    timerfd_settime(timer_fd, 0, &its, NULL);
}

static void remove_locked(QEMUTimer *t)
{
    if (t->at) {
        g_sequence_remove(t->at);
        t->at = NULL;
    }
}

/* Takes the first timer that is due; its callback is the caller's to make. */
static QEMUTimer *take_due(QEMUClockType type)
{
    QEMUTimer *t;

    g_mutex_lock(&lock);
    t = first_locked(type);
    if (t && t->expire <= now_locked(type)) {
        remove_locked(t);
    } else {
        t = NULL;
    }
    g_mutex_unlock(&lock);
    return t;
}

static void run_due(QEMUClockType type)
{
    /* A timer that sets itself to the past must not hold the loop for ever. */
    for (int n = 0; n < 1000; n++) {
        QEMUTimer *t = take_due(type);
        if (!t) {
            return;
        }
        t->cb(t->opaque);
    }
}

static void timer_fd_readable(void *opaque)
{
    uint64_t count;

    if (read(timer_fd, &count, sizeof(count)) < 0 && errno != EAGAIN) {
        return;
    }
    for (int type = 0; type < QEMU_CLOCK__MAX; type++) {
        if (type != QEMU_CLOCK_VIRTUAL || virtual_runs) {
            run_due(type);
        }
    }
    g_mutex_lock(&lock);
    rearm_locked();
    g_mutex_unlock(&lock);
}

QEMUTimer *timer_new_ns(QEMUClockType type, QEMUTimerCB *cb, void *opaque)
{
    QEMUTimer *t = g_new0(QEMUTimer, 1);

    t->type = type;
    t->cb = cb;
    t->opaque = opaque;
    return t;
}

static int by_expire(gconstpointer a, gconstpointer b, gpointer data)
{
    const QEMUTimer *x = a, *y = b;

    /* Equal ones fire in the order they were set. */
    return x->expire < y->expire ? -1 : x->expire > y->expire;
}

void timer_mod(QEMUTimer *t, int64_t expire_ns)
{
    g_mutex_lock(&lock);
    remove_locked(t);
    t->expire = MAX(expire_ns, 0);
    if (!pending[t->type]) {
        pending[t->type] = g_sequence_new(NULL);
    }
    t->at = g_sequence_insert_sorted(pending[t->type], t, by_expire, NULL);
    if (first_locked(t->type) == t) {
        rearm_locked();
    }
    g_mutex_unlock(&lock);
}

void timer_del(QEMUTimer *t)
{
    g_mutex_lock(&lock);
    remove_locked(t);
    g_mutex_unlock(&lock);
}

void timer_free(QEMUTimer *t)
{
    if (t) {
        timer_del(t);
        g_free(t);
    }
}

bool timer_pending(const QEMUTimer *t)
{
    return t->at != NULL;
}

void cpu_clock_enable(bool run)
{
    g_mutex_lock(&lock);
    if (!virtual_by_hand && run != virtual_runs) {
        int64_t mono = host_ns(CLOCK_MONOTONIC);
        virtual_base += run ? -mono : mono;
        virtual_runs = run;
        rearm_locked();
    }
    g_mutex_unlock(&lock);
}

void qtest_clock_take(void)
{
    g_mutex_lock(&lock);
    virtual_by_hand = true;
    virtual_runs = false;
    virtual_base = 0;
    g_mutex_unlock(&lock);
}

/* Up to the next timer that is due by @ns, or to @ns itself: false. */
static bool advance_to_next(int64_t ns)
{
    QEMUTimer *t;

    g_mutex_lock(&lock);
    t = first_locked(QEMU_CLOCK_VIRTUAL);
    if (!t || t->expire > ns) {
        t = NULL;
    }
    virtual_base = MAX(virtual_base, t ? t->expire : ns);
    if (t) {
        remove_locked(t);
    }
    g_mutex_unlock(&lock);
    if (t) {
        t->cb(t->opaque);
    }
    return t;
}

int64_t qtest_clock_set(int64_t ns)
{
    for (int n = 0; n < 1000000 && advance_to_next(ns); n++) {
    }
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

int64_t qtest_clock_deadline(void)
{
    int64_t wait = -1;
    QEMUTimer *t;

    g_mutex_lock(&lock);
    t = first_locked(QEMU_CLOCK_VIRTUAL);
    if (t) {
        wait = MAX(t->expire - now_locked(QEMU_CLOCK_VIRTUAL), 0);
    }
    g_mutex_unlock(&lock);
    return wait;
}
