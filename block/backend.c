/*
 * A device's handle on a node: who uses it, bounds, and requests.
 *
 * Main thread, machine lock; asynchronous requests may be made from any
 * thread and complete in the main thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "block-int.h"
#include "util/main-loop.h"
#include "util/options.h"

struct BlockBackend {
    char *name;                 /* -drive id, or the node's name */
    char *interface;            /* "pflash", "none", ...; NULL when made for a node */
    int unit;
    BlockNode *node;
    Object *dev;                /* who claimed it */
    unsigned in_flight;
};

static GPtrArray *backends;

static BlockBackend *backend_new(const char *name, BlockNode *node)
{
    BlockBackend *blk = g_new0(BlockBackend, 1);

    blk->name = g_strdup(name);
    blk->node = node;
    if (!backends) {
        backends = g_ptr_array_new();
    }
    g_ptr_array_add(backends, blk);
    return blk;
}

static void backend_free(BlockBackend *blk)
{
    g_ptr_array_remove(backends, blk);
    block_node_unref(blk->node);
    g_free(blk->name);
    g_free(blk->interface);
    g_free(blk);
}

static BlockBackend *find_backend(const char *name)
{
    for (guint i = 0; backends && i < backends->len; i++) {
        BlockBackend *blk = backends->pdata[i];
        if (!strcmp(blk->name, name)) {
            return blk;
        }
    }
    return NULL;
}

/* A node gets its backend when the first device asks for it. */
BlockBackend *blk_by_name(const char *name)
{
    BlockBackend *blk = find_backend(name);
    BlockNode *node = blk ? NULL : block_node_find(name);

    if (node) {
        block_node_ref(node);
        blk = backend_new(name, node);
    }
    return blk;
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

void block_backends_foreach(void (*fn)(BlockBackend *blk, BlockNode *node, Object *dev, void *opaque), void *opaque)
{
    for (guint i = 0; backends && i < backends->len; i++) {
        BlockBackend *blk = backends->pdata[i];
        fn(blk, blk->node, blk->dev, opaque);
    }
}

/* --- -drive ------------------------------------------------------------------ */

static const char *const known_interfaces[] = { "none", "pflash", "virtio", NULL };

typedef struct DriveOpts {
    char *interface, *id, *format, *file;
    bool read_only;
    uint64_t unit;
    bool has_unit;
} DriveOpts;

static void drive_opts_clear(DriveOpts *o)
{
    g_free(o->interface);
    g_free(o->id);
    g_free(o->format);
    g_free(o->file);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DriveOpts, drive_opts_clear)

static bool take_str(json_t *opts, const char *key, char **out, Error **errp)
{
    Error *err = NULL;
    char *v = options_take_str(opts, key, &err);

    if (err) {
        error_propagate(errp, err);
        return false;
    }
    if (v) {
        g_free(*out);
        *out = v;
    }
    return true;
}

static bool drive_opts_parse(DriveOpts *o, json_t *opts, Error **errp)
{
    static const char *const accepted[] = { "cache", "aio", "discard", "media", "snapshot", "werror", "rerror", "detect-zeroes", "serial" };
    const char *unit_key = json_object_get(opts, "unit") ? "unit" : "index";

    for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
        json_object_del(opts, accepted[i]);
    }
    o->has_unit = json_object_get(opts, unit_key) != NULL;
    return take_str(opts, "if", &o->interface, errp) && take_str(opts, "id", &o->id, errp) &&
           take_str(opts, "format", &o->format, errp) && take_str(opts, "file", &o->file, errp) &&
           options_take_bool(opts, "readonly", &o->read_only, errp) && options_take_bool(opts, "read-only", &o->read_only, errp) &&
           options_take_uint(opts, unit_key, 255, &o->unit, errp) && options_must_be_empty(opts, "-drive", errp);
}

static bool drive_opts_check(DriveOpts *o, Error **errp)
{
    if (!g_strv_contains(known_interfaces, o->interface)) {
        error_setg(errp, "-drive if=%s is not supported; use if=pflash for firmware, or if=none with a -device", o->interface);
        return false;
    }
    if (o->format && strcmp(o->format, "raw")) {
        error_setg(errp, "-drive format=%s is not supported; the only format is raw", o->format);
        return false;
    }
    if (!o->file || !*o->file) {
        error_setg(errp, "-drive needs file=");
        return false;
    }
    if (o->id && (find_backend(o->id) || block_node_find(o->id))) {
        error_setg(errp, "-drive id=%s: this id is already taken", o->id);
        return false;
    }
    if (!o->has_unit) {
        while (drive_get(o->interface, o->unit)) {
            o->unit++;
        }
    } else if (strcmp(o->interface, "none") && drive_get(o->interface, o->unit)) {
        error_setg(errp, "-drive if=%s,unit=%" PRIu64 ": this unit is already taken", o->interface, o->unit);
        return false;
    }
    return true;
}

BlockBackend *drive_new(json_t *opts, const char *default_if, Error **errp)
{
    g_auto(DriveOpts) o = { .interface = g_strdup(default_if) };
    bool ok = drive_opts_parse(&o, opts, errp) && drive_opts_check(&o, errp);
    g_autofree char *made_up = NULL;
    BlockBackend *blk;
    BlockNode *node;

    json_decref(opts);
    if (!ok) {
        return NULL;
    }
    node = block_node_open(json_pack("{s:s, s:b, s:{s:s, s:s}}", "driver", "raw", "read-only", o.read_only,
                                     "file", "driver", "file", "filename", o.file), errp);
    if (!node) {
        return NULL;
    }
    made_up = g_strdup_printf("%s%" PRIu64, o.interface, o.unit);
    blk = backend_new(o.id ? o.id : made_up, node);
    blk->interface = g_steal_pointer(&o.interface);
    blk->unit = o.unit;
    return blk;
}

static bool interface_waits_for_device(const BlockBackend *blk)
{
    return blk->interface && !strcmp(blk->interface, "pflash");
}

bool drives_must_be_used(Error **errp)
{
    for (guint i = 0; backends && i < backends->len; i++) {
        BlockBackend *blk = backends->pdata[i];
        if (!blk->dev && interface_waits_for_device(blk)) {
            error_setg(errp, "-drive if=%s,unit=%d: this machine has no place for it", blk->interface, blk->unit);
            return false;
        }
    }
    return true;
}

/* --- -blockdev ------------------------------------------------------------------- */

static GPtrArray *named_nodes;      /* references held for blockdev_add */

bool blockdev_add(json_t *opts, Error **errp)
{
    BlockNode *node;

    if (!json_object_get(opts, "node-name")) {
        error_setg(errp, "'node-name' must be specified for a block node");
        json_decref(opts);
        return false;
    }
    node = block_node_open(opts, errp);
    if (!node) {
        return false;
    }
    if (!named_nodes) {
        named_nodes = g_ptr_array_new();
    }
    g_ptr_array_add(named_nodes, node);
    return true;
}

bool blockdev_del(const char *node_name, Error **errp)
{
    BlockNode *node = block_node_find(node_name);
    BlockBackend *blk;
    guint i;

    if (!node || !named_nodes || !g_ptr_array_find(named_nodes, node, &i)) {
        error_setg(errp, "Failed to find node with node-name='%s'", node_name);
        return false;
    }
    blk = find_backend(node_name);
    if (blk && blk->dev) {
        error_setg(errp, "Node %s is in use", node_name);
        return false;
    }
    if (blk) {
        backend_free(blk);
    }
    if (node->refs > 1) {
        error_setg(errp, "Node '%s' is busy: another node stands on it", node_name);
        return false;
    }
    g_ptr_array_remove_index(named_nodes, i);
    block_node_unref(node);
    return true;
}

void blk_cleanup(void)
{
    while (backends && backends->len) {
        BlockBackend *blk = backends->pdata[backends->len - 1];
        blk_drain(blk);
        if (!blk->node->read_only) {
            blk->node->driver->flush(blk->node);
        }
        backend_free(blk);
    }
    g_clear_pointer(&backends, g_ptr_array_unref);
    while (named_nodes && named_nodes->len) {
        block_node_unref(g_ptr_array_steal_index(named_nodes, named_nodes->len - 1));
    }
    g_clear_pointer(&named_nodes, g_ptr_array_unref);
}

/* --- use ------------------------------------------------------------------------- */

bool blk_attach_dev(BlockBackend *blk, Object *dev, bool writable, Error **errp)
{
    if (blk->dev && blk->dev != dev) {
        error_setg(errp, "drive '%s' is already in use by another device", blk->name);
        return false;
    }
    if (writable && blk->node->read_only) {
        error_setg(errp, "drive '%s' is read-only, but the device writes", blk->name);
        return false;
    }
    blk->dev = dev;
    return true;
}

void blk_detach_dev(BlockBackend *blk, Object *dev)
{
    if (blk->dev == dev) {              /* a device and its property may both let go */
        blk_drain(blk);
        blk->dev = NULL;
    }
}

const char *blk_name(const BlockBackend *blk) { return blk->name; }
bool blk_is_read_only(const BlockBackend *blk) { return blk->node->read_only; }
int64_t blk_getlength(BlockBackend *blk) { return blk->node->driver->getlength(blk->node); }

static int check_request(BlockBackend *blk, uint64_t offset, uint64_t bytes, bool write)
{
    int64_t length = blk_getlength(blk);

    if (length < 0) {
        return length;
    }
    if (write && blk->node->read_only) {
        return -EACCES;
    }
    return offset > (uint64_t)length || bytes > (uint64_t)length - offset ? -EIO : 0;
}

int blk_pread(BlockBackend *blk, uint64_t offset, uint64_t bytes, void *buf)
{
    struct iovec iov = { buf, bytes };
    int rc = check_request(blk, offset, bytes, false);

    return rc ? rc : blk->node->driver->preadv(blk->node, offset, &iov, 1);
}

int blk_pwrite(BlockBackend *blk, uint64_t offset, uint64_t bytes, const void *buf)
{
    struct iovec iov = { (void *)buf, bytes };
    int rc = check_request(blk, offset, bytes, true);

    return rc ? rc : blk->node->driver->pwritev(blk->node, offset, &iov, 1);
}

int blk_flush(BlockBackend *blk)
{
    return blk->node->read_only ? 0 : blk->node->driver->flush(blk->node);
}

/* --- asynchronous --------------------------------------------------------------------- */

typedef struct Request {
    BlockBackend *blk;
    enum { REQ_READ, REQ_WRITE, REQ_FLUSH } kind;
    uint64_t offset;
    const struct iovec *iov;
    int niov;
    BlockCompletionFunc *cb;
    void *opaque;
} Request;

static int request_work(void *opaque)
{
    Request *r = opaque;
    uint64_t bytes = 0;
    int rc;

    if (r->kind == REQ_FLUSH) {
        return blk_flush(r->blk);
    }
    for (int i = 0; i < r->niov; i++) {
        bytes += r->iov[i].iov_len;
    }
    rc = check_request(r->blk, r->offset, bytes, r->kind == REQ_WRITE);
    if (rc) {
        return rc;
    }
    return (r->kind == REQ_WRITE ? r->blk->node->driver->pwritev : r->blk->node->driver->preadv)(r->blk->node, r->offset, r->iov, r->niov);
}

static void request_done(void *opaque, int ret)
{
    Request *r = opaque;

    __atomic_sub_fetch(&r->blk->in_flight, 1, __ATOMIC_SEQ_CST);
    r->cb(r->opaque, ret);
    g_free(r);
}

static void submit(Request req)
{
    Request *r = g_memdup2(&req, sizeof(req));

    __atomic_add_fetch(&r->blk->in_flight, 1, __ATOMIC_SEQ_CST);
    block_pool_submit(request_work, request_done, r);
}

void blk_aio_preadv(BlockBackend *blk, uint64_t offset, const struct iovec *iov, int niov, BlockCompletionFunc *cb, void *opaque)
{
    submit((Request) { blk, REQ_READ, offset, iov, niov, cb, opaque });
}

void blk_aio_pwritev(BlockBackend *blk, uint64_t offset, const struct iovec *iov, int niov, BlockCompletionFunc *cb, void *opaque)
{
    submit((Request) { blk, REQ_WRITE, offset, iov, niov, cb, opaque });
}

void blk_aio_flush(BlockBackend *blk, BlockCompletionFunc *cb, void *opaque)
{
    submit((Request) { blk, REQ_FLUSH, 0, NULL, 0, cb, opaque });
}

void blk_drain(BlockBackend *blk)
{
    while (__atomic_load_n(&blk->in_flight, __ATOMIC_SEQ_CST)) {
        main_loop_wait(false);
    }
}
