/*
 * The event loop: GLib's default context, with descriptors and bottom halves
 * as sources of it. Waiting drops the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/main-loop.h"

/* --- Descriptors: the table is guarded by the machine lock. --- */
typedef struct FdSource {
    GSource source;
    int fd;
    gpointer tag;
    GIOCondition want;
    IOHandler *fd_read, *fd_write;
    void *opaque;
} FdSource;

static GHashTable *fd_sources;          /* fd -> FdSource */

static gboolean fd_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    FdSource *s = (FdSource *)source;
    GIOCondition got = g_source_query_unix_fd(source, s->tag);

    if ((got & (G_IO_IN | G_IO_HUP | G_IO_ERR | G_IO_NVAL)) && s->fd_read) {
        s->fd_read(s->opaque);
    }
    /* The reader may have taken the handlers away. */
    if ((got & (G_IO_OUT | G_IO_HUP | G_IO_ERR)) && s->fd_write && !g_source_is_destroyed(source)) {
        s->fd_write(s->opaque);
    }
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs fd_funcs = { .dispatch = fd_dispatch };

static void drop_source(gpointer p)
{
    FdSource *s = p;

    s->fd_read = s->fd_write = NULL;
    g_source_destroy(&s->source);
    g_source_unref(&s->source);
}

void qemu_set_fd_handler_in(GMainContext *context, int fd, IOHandler *fd_read, IOHandler *fd_write, void *opaque)
{
    GIOCondition want = (fd_read ? G_IO_IN : 0) | (fd_write ? G_IO_OUT : 0);
    FdSource *s;

    if (!fd_sources) {
        fd_sources = g_hash_table_new_full(NULL, NULL, NULL, drop_source);
    }
    if (!want) {
        g_hash_table_remove(fd_sources, GINT_TO_POINTER(fd));
        return;
    }
    s = g_hash_table_lookup(fd_sources, GINT_TO_POINTER(fd));
    if (!s) {
        s = (FdSource *)g_source_new(&fd_funcs, sizeof(FdSource));
        s->fd = fd;
        s->tag = g_source_add_unix_fd(&s->source, fd, want);
        /* Loops do not nest here. Otherwise GLib takes the descriptor out while it dispatches, and wakes itself up twice. */
        g_source_set_can_recurse(&s->source, true);
        g_hash_table_insert(fd_sources, GINT_TO_POINTER(fd), s);
        g_source_attach(&s->source, context);
    } else if (want != s->want) {
        g_source_modify_unix_fd(&s->source, s->tag, want);
    }
    s->want = want;
    s->fd_read = fd_read;
    s->fd_write = fd_write;
    s->opaque = opaque;
}

void qemu_set_fd_handler(int fd, IOHandler *fd_read, IOHandler *fd_write, void *opaque)
{
    qemu_set_fd_handler_in(NULL, fd, fd_read, fd_write, opaque);
}

/* --- Bottom halves: the queue has its own lock, any thread may schedule. --- */
struct QEMUBH {
    QEMUBHFunc *cb;
    void *opaque;
    bool scheduled;
    bool oneshot;
};

static GMutex bh_lock;
static GQueue bh_queue = G_QUEUE_INIT;
static GSource *bh_source;

static gboolean bh_pending(void)
{
    gboolean pending;

    g_mutex_lock(&bh_lock);
    pending = !g_queue_is_empty(&bh_queue);
    g_mutex_unlock(&bh_lock);
    return pending;
}

static gboolean bh_prepare(GSource *source, gint *timeout)
{
    *timeout = -1;
    return bh_pending();
}

static gboolean bh_check(GSource *source)
{
    return bh_pending();
}

static QEMUBH *bh_pop(void)
{
    QEMUBH *bh;

    g_mutex_lock(&bh_lock);
    bh = g_queue_pop_head(&bh_queue);
    if (bh) {
        bh->scheduled = false;
    }
    g_mutex_unlock(&bh_lock);
    return bh;
}

static gboolean bh_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    /* What a bottom half schedules waits for the next turn. */
    guint n = g_queue_get_length(&bh_queue);
    QEMUBH *bh;

    while (n-- && (bh = bh_pop())) {
        QEMUBHFunc *cb = bh->cb;
        void *opaque = bh->opaque;

        if (bh->oneshot) {
            g_free(bh);
        }
        cb(opaque);
    }
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs bh_funcs = { .prepare = bh_prepare, .check = bh_check, .dispatch = bh_dispatch };

QEMUBH *qemu_bh_new(QEMUBHFunc *cb, void *opaque)
{
    QEMUBH *bh = g_new0(QEMUBH, 1);

    bh->cb = cb;
    bh->opaque = opaque;
    return bh;
}

void qemu_bh_schedule(QEMUBH *bh)
{
    bool wake;

    g_mutex_lock(&bh_lock);
    wake = !bh->scheduled;
    if (wake) {
        bh->scheduled = true;
        g_queue_push_tail(&bh_queue, bh);
    }
    g_mutex_unlock(&bh_lock);
    if (wake) {
        main_loop_kick();
    }
}

void qemu_bh_cancel(QEMUBH *bh)
{
    g_mutex_lock(&bh_lock);
    if (bh->scheduled) {
        bh->scheduled = false;
        g_queue_remove(&bh_queue, bh);
    }
    g_mutex_unlock(&bh_lock);
}

void qemu_bh_delete(QEMUBH *bh)
{
    if (bh) {
        qemu_bh_cancel(bh);
        g_free(bh);
    }
}

void main_loop_run_once(QEMUBHFunc *cb, void *opaque)
{
    QEMUBH *bh = qemu_bh_new(cb, opaque);

    bh->oneshot = true;
    qemu_bh_schedule(bh);
}

/* --- Turning. --- */
static gint poll_unlocked(GPollFD *fds, guint n, gint timeout)
{
    bool locked = bql_locked() && timeout != 0;
    gint result;

    if (locked) {
        bql_unlock();
    }
    result = g_poll(fds, n, timeout);
    if (locked) {
        bql_lock();
    }
    return result;
}

void main_loop_unlock_while_polling(GMainContext *context)
{
    g_main_context_set_poll_func(context, poll_unlocked);
}

void main_loop_init(void)
{
    if (!bql_locked()) {
        bql_lock();
    }
    if (bh_source) {
        return;
    }
    main_loop_unlock_while_polling(NULL);
    bh_source = g_source_new(&bh_funcs, sizeof(GSource));
    g_source_set_can_recurse(bh_source, true);
    g_source_attach(bh_source, NULL);
}

void main_loop_wait(bool nonblocking)
{
    g_main_context_iteration(NULL, !nonblocking);
}

void main_loop_kick(void)
{
    g_main_context_wakeup(NULL);
}
