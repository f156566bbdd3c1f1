/*
 * A device's handle on a node: who uses it, bounds, requests, what errors do.
 *
 * Machine lock. Requests complete in the thread that made them or in the main
 * thread, or in who drains.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "block-int.h"
#include "monitor/qapi-event.h"
#include "util/main-loop.h"
#include "util/options.h"

struct BlockBackend {
    char *name;                 /* -drive id, or the node's name */
    char *interface;            /* "pflash", "none", ...; NULL when made for a node */
    int unit;
    BlockNode *node;
    Object *dev;                /* who claimed it */
    bool used;                  /* and uses the node */
    BlockUse use;
    int64_t length;             /* as last asked for; -1: not yet */
    void (*resized)(void *opaque);
    void *resized_opaque;
    BlockPolicy policy;
    unsigned in_flight;
    bool holding;               /* new ones wait in this list */
    struct Pending *held, **held_end;
    struct Pending *spare;      /* memory for the next ones */
    unsigned nspare;
    int64_t last_ns;            /* when the last request was over; 0: none yet */
    BlockStats stats[BLOCK__KINDS];
    BlockAccounting accounting;
};

/* A request on its way: who asked. */
typedef struct Pending {
    BlockBackend *blk;
    BlockRequest r;             /* the layers below may have changed where it goes, and how */
    BlockRequestKind kind;
    unsigned requests;          /* of the guest, in this one */
    uint64_t end;
    int64_t start_ns;
    BlockCompletionFunc *cb;
    void *opaque;
    struct Pending *next;
} Pending;

#define SPARE_MAX 64

static GPtrArray *backends;

BlockBackend *block_backend_new(const char *name, BlockNode *node)
{
    BlockBackend *blk = g_new0(BlockBackend, 1);

    blk->name = g_strdup(name);
    blk->node = node;
    blk->length = -1;
    blk->accounting = (BlockAccounting) { true, true };
    if (!backends) {
        backends = g_ptr_array_new();
    }
    g_ptr_array_add(backends, blk);
    return blk;
}

static void free_spare(BlockBackend *blk)
{
    for (Pending *p = blk->spare, *next; p; p = next) {
        next = p->next;
        g_free(p);
    }
}

static void stop_using(BlockBackend *blk)
{
    if (blk->used) {
        block_node_unuse(blk->node, blk->use);
    }
    blk->used = false;
}

void block_backend_free(BlockBackend *blk)
{
    stop_using(blk);
    g_ptr_array_remove(backends, blk);
    if (!backends->len) {
        g_clear_pointer(&backends, g_ptr_array_unref);
    }
    block_node_unref(blk->node);
    free_spare(blk);
    g_free(blk->name);
    g_free(blk->interface);
    g_free(blk);
}

BlockBackend *block_backend_find(const char *name)
{
    for (guint i = 0; backends && i < backends->len; i++) {
        BlockBackend *blk = backends->pdata[i];

        if (!strcmp(blk->name, name)) {
            return blk;
        }
    }
    return NULL;
}

/* One that was made for @node and that no device has now. */
static BlockBackend *find_free(const BlockNode *node)
{
    for (guint i = 0; backends && i < backends->len; i++) {
        BlockBackend *blk = backends->pdata[i];

        if (blk->node == node && !blk->interface && !blk->dev) {
            return blk;
        }
    }
    return NULL;
}

/* A -drive has one backend; a node gets one for each device that asks for it. */
BlockBackend *blk_by_name(const char *name)
{
    BlockBackend *blk = block_backend_find(name);
    BlockNode *node = block_node_find(name);

    if (blk && blk->interface) {
        return blk;
    }
    blk = node ? find_free(node) : NULL;
    if (node && !blk) {
        block_node_ref(node);
        blk = block_backend_new(name, node);
    }
    return blk;
}

void block_backends_foreach(void (*fn)(BlockBackend *blk, BlockNode *node, Object *dev, void *opaque), void *opaque)
{
    for (guint i = 0; backends && i < backends->len; i++) {
        BlockBackend *blk = backends->pdata[i];

        fn(blk, blk->node, blk->dev, opaque);
    }
}

void block_backend_place(BlockBackend *blk, const char *interface, int unit, BlockPolicy policy)
{
    blk->interface = g_strdup(interface);
    blk->unit = unit;
    blk->policy = policy;
}

BlockNode *block_backend_node(const BlockBackend *blk) { return blk->node; }
const char *block_backend_interface(const BlockBackend *blk) { return blk->interface; }
int block_backend_unit(const BlockBackend *blk) { return blk->unit; }
const BlockStats *block_backend_stats(const BlockBackend *blk) { return blk->stats; }
BlockAccounting block_backend_accounting(const BlockBackend *blk) { return blk->accounting; }

int64_t block_backend_idle_ns(const BlockBackend *blk)
{
    return blk->last_ns ? qemu_clock_get_ns(QEMU_CLOCK_REALTIME) - blk->last_ns : -1;
}

BlockBackend *drive_get(const char *interface, int unit)
{
    for (guint i = 0; backends && i < backends->len; i++) {
        BlockBackend *blk = backends->pdata[i];

        if (!g_strcmp0(blk->interface, interface) && blk->unit == unit) {
            return blk;
        }
    }
    return NULL;
}

/* --- Users --------------------------------------------------------------------- */

bool blk_attach_dev(BlockBackend *blk, Object *dev, Error **errp)
{
    if (blk->dev && blk->dev != dev) {
        error_setg(errp, "drive '%s' belongs to another device", blk->name);
        return false;
    }
    if (!blk->dev && !blk->interface) {         /* nothing of what the last one wanted and did */
        blk->policy = (BlockPolicy) { 0 };
        blk->last_ns = 0;
        blk->accounting = (BlockAccounting) { true, true };
        memset(blk->stats, 0, sizeof(blk->stats));
    }
    blk->dev = dev;
    return true;
}

bool blk_use(BlockBackend *blk, bool share, Error **errp)
{
    BlockUse use = { .write = !blk->node->read_only, .share = share };

    stop_using(blk);
    blk->used = block_node_use(blk->node, use, errp);
    blk->use = use;
    return blk->used;
}

void blk_detach_dev(BlockBackend *blk, Object *dev)
{
    if (blk->dev == dev) {              /* a device and its property may both let go */
        blk_drain(blk);
        stop_using(blk);
        blk->dev = NULL;
        blk->resized = NULL;
    }
}

const char *blk_name(const BlockBackend *blk) { return blk->name; }
bool blk_is_read_only(const BlockBackend *blk) { return blk->node->read_only; }

int64_t blk_getlength(BlockBackend *blk)
{
    int64_t length = blk->node->driver->getlength(blk->node);

    blk->length = length;
    return length;
}

void blk_set_resized(BlockBackend *blk, void (*resized)(void *opaque), void *opaque)
{
    blk->resized = resized;
    blk->resized_opaque = opaque;
}

void block_backend_resized(BlockBackend *blk)
{
    int64_t before = blk->length;

    if (blk_getlength(blk) != before && blk->length >= 0 && blk->resized) {
        blk->resized(blk->resized_opaque);
    }
}

/* --- Requests --------------------------------------------------------------------- */

static int check_request(BlockBackend *blk, const BlockRequest *r)
{
    int64_t length = blk->length;

    if (r->kind == BLOCK_FLUSH) {
        return 0;
    }
    if (length < 0) {
        length = blk_getlength(blk);
    }
    if (length < 0) {
        return length;
    }
    if (r->kind != BLOCK_READ && blk->node->read_only) {
        return -EACCES;
    }
    return r->offset > (uint64_t)length || r->bytes > (uint64_t)length - r->offset ? -EIO : 0;
}

static int run_now(BlockBackend *blk, BlockRequestKind kind, uint64_t offset, uint64_t bytes, void *buf)
{
    struct iovec iov = { buf, bytes };
    BlockRequest r = {
        .node = blk->node, .kind = kind, .offset = offset, .bytes = bytes, .iov = &iov, .niov = buf ? 1 : 0,
        .fua = kind == BLOCK_WRITE && blk->policy.writethrough,
    };
    int rc = check_request(blk, &r);

    return rc ? rc : block_node_run(&r);
}

int blk_pread(BlockBackend *blk, uint64_t offset, uint64_t bytes, void *buf)
{
    return bytes ? run_now(blk, BLOCK_READ, offset, bytes, buf) : 0;
}

int blk_pwrite(BlockBackend *blk, uint64_t offset, uint64_t bytes, const void *buf)
{
    return bytes ? run_now(blk, BLOCK_WRITE, offset, bytes, (void *)buf) : 0;
}

int blk_flush(BlockBackend *blk)
{
    return blk->node->read_only ? 0 : run_now(blk, BLOCK_FLUSH, 0, 0, NULL);
}

/* Returns the time. */
static int64_t something_happened(BlockBackend *blk)
{
    blk->last_ns = qemu_clock_get_ns(QEMU_CLOCK_REALTIME);
    return blk->last_ns;
}

static void account(Pending *p, int ret)
{
    BlockStats *s = &p->blk->stats[p->kind];

    if (ret >= 0 || p->blk->accounting.failed) {
        s->total_ns += (something_happened(p->blk) - p->start_ns) * p->requests;
    }
    s->failed += ret < 0 ? p->requests : 0;
    s->operations += ret >= 0 ? p->requests : 0;
    s->merged += p->requests - 1;
    s->bytes += ret >= 0 ? p->r.bytes : 0;
    s->highest = ret >= 0 ? MAX(s->highest, p->end) : s->highest;
}

void blk_set_accounting(BlockBackend *blk, bool failed, bool invalid)
{
    blk->accounting = (BlockAccounting) { failed, invalid };
}

void blk_account_invalid(BlockBackend *blk, bool write)
{
    blk->stats[write ? BLOCK_WRITE : BLOCK_READ].invalid++;
    if (blk->accounting.invalid) {
        something_happened(blk);
    }
}

static Pending *take_pending(BlockBackend *blk)
{
    Pending *p = blk->spare;

    if (!p) {
        return g_new(Pending, 1);
    }
    blk->spare = p->next;
    blk->nspare--;
    return p;
}

static void give_pending(BlockBackend *blk, Pending *p)
{
    if (blk->nspare == SPARE_MAX) {
        g_free(p);
        return;
    }
    p->next = blk->spare;
    blk->spare = p;
    blk->nspare++;
}

/* The backend may be gone after the callback. */
static void request_done(void *opaque, int ret)
{
    Pending *p = opaque;
    BlockCompletionFunc *cb = p->cb;
    void *who = p->opaque;

    account(p, ret);
    p->blk->in_flight--;
    give_pending(p->blk, p);
    cb(who, ret);
}

static void launch(Pending *p)
{
    BlockBackend *blk = p->blk;
    const BlockRequest *r = &p->r;
    int rc = check_request(blk, r);

    blk->in_flight++;
    if (rc || (r->kind != BLOCK_FLUSH && !r->bytes) || (r->kind == BLOCK_FLUSH && blk->node->read_only)) {
        block_complete_later(request_done, p, rc);
        return;
    }
    block_node_start(&p->r);
}

static void start_merged(BlockBackend *blk, BlockRequest r, unsigned requests, BlockCompletionFunc *cb, void *opaque)
{
    Pending *p = take_pending(blk);

    for (int i = 0; i < r.niov; i++) {
        r.bytes += r.iov[i].iov_len;
    }
    r.node = blk->node;
    r.cb = request_done;
    r.opaque = p;
    *p = (Pending) { blk, r, r.kind, requests, r.offset + r.bytes, qemu_clock_get_ns(QEMU_CLOCK_REALTIME), cb, opaque, NULL };
    if (blk->holding) {
        *blk->held_end = p;
        blk->held_end = &p->next;
    } else {
        launch(p);
    }
}

static void start(BlockBackend *blk, BlockRequest r, BlockCompletionFunc *cb, void *opaque)
{
    start_merged(blk, r, 1, cb, opaque);
}

void blk_aio_preadv(BlockBackend *blk, uint64_t offset, const struct iovec *iov, int niov, BlockCompletionFunc *cb, void *opaque)
{
    start(blk, (BlockRequest) { .kind = BLOCK_READ, .offset = offset, .iov = iov, .niov = niov }, cb, opaque);
}

void blk_aio_pwritev(BlockBackend *blk, uint64_t offset, const struct iovec *iov, int niov, BlockCompletionFunc *cb, void *opaque)
{
    start(blk, (BlockRequest) { .kind = BLOCK_WRITE, .offset = offset, .iov = iov, .niov = niov,
                                .fua = blk->policy.writethrough }, cb, opaque);
}

void blk_aio_rw_merged(BlockBackend *blk, bool write, uint64_t offset, const struct iovec *iov, int niov, unsigned requests,
                       BlockCompletionFunc *cb, void *opaque)
{
    start_merged(blk, (BlockRequest) { .kind = write ? BLOCK_WRITE : BLOCK_READ, .offset = offset, .iov = iov, .niov = niov,
                                       .fua = write && blk->policy.writethrough }, requests, cb, opaque);
}

void blk_aio_flush(BlockBackend *blk, BlockCompletionFunc *cb, void *opaque)
{
    start(blk, (BlockRequest) { .kind = BLOCK_FLUSH }, cb, opaque);
}

void blk_aio_pdiscard(BlockBackend *blk, uint64_t offset, uint64_t bytes, BlockCompletionFunc *cb, void *opaque)
{
    start(blk, (BlockRequest) { .kind = BLOCK_DISCARD, .offset = offset, .bytes = bytes }, cb, opaque);
}

void blk_aio_pwrite_zeroes(BlockBackend *blk, uint64_t offset, uint64_t bytes, bool may_unmap, BlockCompletionFunc *cb, void *opaque)
{
    start(blk, (BlockRequest) { .kind = BLOCK_ZERO, .offset = offset, .bytes = bytes, .may_unmap = may_unmap,
                                .fua = blk->policy.writethrough }, cb, opaque);
}

/* Also in a vCPU's thread: waiting there for the main thread, which may be waiting for vCPUs, would be for ever. */
void blk_drain(BlockBackend *blk)
{
    while (blk->in_flight) {
        block_poll();
    }
}

/* Without the hold, a guest whose completions bring new commands could keep us draining for ever. */
void block_backend_hold(BlockBackend *blk)
{
    blk->held_end = &blk->held;
    blk->holding = true;
    blk_drain(blk);
}

void block_backend_release(BlockBackend *blk)
{
    Pending *list = g_steal_pointer(&blk->held);

    blk->holding = false;
    while (list) {
        Pending *p = list;

        list = p->next;
        launch(p);
    }
}

bool blk_enable_write_cache(const BlockBackend *blk) { return !blk->policy.writethrough; }
void blk_set_enable_write_cache(BlockBackend *blk, bool on) { blk->policy.writethrough = !on; }

void blk_cleanup(void)
{
    while (backends) {
        BlockBackend *blk = backends->pdata[backends->len - 1];

        blk_drain(blk);
        blk_flush(blk);
        block_backend_free(blk);
    }
    while (blockdev_del_any()) {
        continue;
    }
}

/* --- Errors ------------------------------------------------------------------------ */

static const char *const on_error_names[] = {
    [BLOCK_ON_ERROR_AUTO] = "auto", [BLOCK_ON_ERROR_REPORT] = "report", [BLOCK_ON_ERROR_IGNORE] = "ignore",
    [BLOCK_ON_ERROR_STOP] = "stop", [BLOCK_ON_ERROR_ENOSPC] = "enospc",
};

bool block_on_error_parse(const char *text, BlockOnError *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(on_error_names); i++) {
        if (!strcmp(text, on_error_names[i])) {
            *out = i;
            return true;
        }
    }
    return false;
}

void blk_set_on_error(BlockBackend *blk, BlockOnError rerror, BlockOnError werror)
{
    blk->policy.rerror = rerror != BLOCK_ON_ERROR_AUTO ? rerror : blk->policy.rerror;
    blk->policy.werror = werror != BLOCK_ON_ERROR_AUTO ? werror : blk->policy.werror;
}

static BlockErrorAction choose(BlockOnError on, bool is_read, int error)
{
    switch (on) {
    case BLOCK_ON_ERROR_IGNORE:
        return BLOCK_ERROR_ACTION_IGNORE;
    case BLOCK_ON_ERROR_STOP:
        return BLOCK_ERROR_ACTION_STOP;
    case BLOCK_ON_ERROR_REPORT:
        return BLOCK_ERROR_ACTION_REPORT;
    default:                            /* a full disk can be made larger; nothing else gets better by waiting */
        return error == ENOSPC && !is_read ? BLOCK_ERROR_ACTION_STOP : BLOCK_ERROR_ACTION_REPORT;
    }
}

BlockErrorAction blk_error_action(BlockBackend *blk, bool is_read, int error)
{
    static const char *const names[] = {
        [BLOCK_ERROR_ACTION_REPORT] = "report", [BLOCK_ERROR_ACTION_IGNORE] = "ignore", [BLOCK_ERROR_ACTION_STOP] = "stop",
    };
    BlockErrorAction action = choose(is_read ? blk->policy.rerror : blk->policy.werror, is_read, error);
    g_autofree char *path = blk->dev ? object_get_canonical_path(blk->dev) : NULL;

    qapi_event_send("BLOCK_IO_ERROR", json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s}",
                                                "qom-path", path ? path : "", "device", blk->interface ? blk->name : "",
                                                "node-name", blk->node->name, "operation", is_read ? "read" : "write",
                                                "action", names[action], "nospace", error == ENOSPC, "reason", strerror(error)));
    return action;
}
