/*
 * Nodes of the block graph: opening, names, references; and requests, which
 * go down it.
 *
 * Nodes: main thread, machine lock. Requests: any thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "block-int.h"
#include "util/iov.h"
#include "util/options.h"

static const BlockDriver *const drivers[] = {
    &block_driver_file, &block_driver_host_device, &block_driver_null, &block_driver_raw,
};
static GPtrArray *nodes;            /* BlockNode, in the order they were made */
static unsigned made_up_names;

BlockNode *block_node_find(const char *name)
{
    for (guint i = 0; nodes && name && i < nodes->len; i++) {
        BlockNode *node = nodes->pdata[i];

        if (!strcmp(node->name, name)) {
            return node;
        }
    }
    return NULL;
}

void block_nodes_foreach(void (*fn)(BlockNode *node, void *opaque), void *opaque)
{
    for (guint i = 0; nodes && i < nodes->len; i++) {
        fn(nodes->pdata[i], opaque);
    }
}

void block_node_ref(BlockNode *node)
{
    node->refs++;
}

static void node_free(BlockNode *node)
{
    block_node_unref(node->child);
    g_free(node->name);
    g_free(node->filename);
    g_free(node);
}

void block_node_unref(BlockNode *node)
{
    if (!node || --node->refs) {
        return;
    }
    g_ptr_array_remove(nodes, node);
    if (!nodes->len) {
        g_clear_pointer(&nodes, g_ptr_array_unref);
    }
    node->driver->close(node);
    node_free(node);
}

/* --- Users -------------------------------------------------------------------------- */

static bool check_writable(const BlockNode *node, Error **errp)
{
    if (node->read_only) {
        error_setg(errp, "block node '%s' may only be read", node->name);
    }
    return !node->read_only;
}

bool block_node_prepare(BlockNode *node, Error **errp)
{
    return check_writable(node, errp) && (!node->driver->prepare || node->driver->prepare(node, errp));
}

bool block_node_use(BlockNode *node, BlockUse use, Error **errp)
{
    use.share |= node->force_share;
    if (use.write && !check_writable(node, errp)) {
        return false;
    }
    if ((use.write && node->guards) || (!use.share && node->writers)) {
        error_setg(errp, "Block node '%s' is in use by another device; devices write to one image together only when all of them say share-rw=on",
                   node->name);
        return false;
    }
    if (node->driver->use && !node->driver->use(node, use, errp)) {
        return false;
    }
    node->users++;
    node->writers += use.write;
    node->guards += !use.share;
    return true;
}

void block_node_unuse(BlockNode *node, BlockUse use)
{
    use.share |= node->force_share;
    node->users--;
    node->writers -= use.write;
    node->guards -= !use.share;
    if (node->driver->unuse) {
        node->driver->unuse(node, use);
    }
}

/* --- Opening -------------------------------------------------------------------- */

static const BlockDriver *find_driver(const char *name, Error **errp)
{
    const char *names[ARRAY_SIZE(drivers)];

    for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
        if (!strcmp(drivers[i]->name, name)) {
            return drivers[i];
        }
        names[i] = drivers[i]->name;
    }
    g_autofree char *known = join_names(names, ARRAY_SIZE(names), "and");
    error_setg(errp, "block driver '%s' is not supported; there are %s", name, known);
    return NULL;
}

static bool take_name(BlockNode *node, json_t *opts, Error **errp)
{
    Error *err = NULL;

    node->name = options_take_str(opts, "node-name", &err);
    if (err) {
        error_propagate(errp, err);
        return false;
    }
    if (!node->name) {
        node->name = g_strdup_printf("#block%03u", made_up_names++);
    } else if (strlen(node->name) > 31) {
        error_setg(errp, "Node name '%s' is too long: at most 31 characters", node->name);
        return false;
    }
    if (block_node_find(node->name)) {
        error_setg(errp, "there is a block node '%s' already", node->name);
        return false;
    }
    return true;
}

/* A word among a few; absent: @out stays. */
static bool take_word(json_t *opts, const char *key, const char *off, const char *on, bool *out, Error **errp)
{
    g_autofree char *word = NULL;

    if (!json_object_get(opts, key)) {
        return true;
    }
    word = options_take_str(opts, key, errp);
    if (!word) {
        return false;
    }
    if (strcmp(word, off) && (!on || (strcmp(word, on) && strcmp(word, "on")))) {
        error_setg(errp, "Parameter '%s' cannot be '%s': it is %s%s%s", key, word, off, on ? " or " : "", on ? on : "");
        return false;
    }
    *out = strcmp(word, off) != 0;
    return true;
}

static bool take_cache(BlockNode *node, json_t *opts, Error **errp)
{
    g_autoptr(json_t) cache = json_incref(json_object_get(opts, "cache"));

    json_object_del(opts, "cache");
    if (cache && !json_is_object(cache)) {
        error_setg(errp, "block node: 'cache' has members 'direct' and 'no-flush'");
        return false;
    }
    return !cache || (options_take_bool(cache, "direct", &node->direct, errp)
                      && options_take_bool(cache, "no-flush", &node->no_flush, errp)
                      && options_must_be_empty(cache, "cache", errp));
}

static const char *const detect_names[] = {
    [DETECT_ZEROES_OFF] = "off", [DETECT_ZEROES_ON] = "on", [DETECT_ZEROES_UNMAP] = "unmap",
};

const char *block_detect_zeroes_name(const BlockNode *node)
{
    return detect_names[node->detect_zeroes];
}

static bool take_detect_zeroes(BlockNode *node, json_t *opts, Error **errp)
{
    g_autofree char *word = NULL;

    if (!json_object_get(opts, "detect-zeroes")) {
        return true;
    }
    word = options_take_str(opts, "detect-zeroes", errp);
    for (size_t i = 0; word && i < ARRAY_SIZE(detect_names); i++) {
        if (!strcmp(word, detect_names[i])) {
            node->detect_zeroes = i;
            if (i == DETECT_ZEROES_UNMAP && !node->discard) {
                error_setg(errp, "detect-zeroes=unmap makes holes, which needs discard=unmap");
            }
            return i != DETECT_ZEROES_UNMAP || node->discard;
        }
    }
    if (word) {
        error_setg(errp, "detect-zeroes=%s: it is off, on or unmap", word);
    }
    return false;
}

/* Keys that every driver has. */
static bool take_generic(BlockNode *node, json_t *opts, Error **errp)
{
    if (!options_take_bool(opts, "read-only", &node->read_only, errp)
        || !options_take_bool(opts, "auto-read-only", &node->auto_read_only, errp)
        || !options_take_bool(opts, "force-share", &node->force_share, errp)
        || !take_word(opts, "discard", "ignore", "unmap", &node->discard, errp)
        || !take_detect_zeroes(node, opts, errp) || !take_cache(node, opts, errp)) {
        return false;
    }
    if (node->force_share && !node->read_only) {
        error_setg(errp, "force-share=on needs read-only=on");
        return false;
    }
    return true;
}

BlockNode *block_node_open(json_t *opts, Error **errp)
{
    ERRP_GUARD();
    g_autoptr(json_t) rest = opts;
    g_autofree char *driver = options_take_str(opts, "driver", errp);
    BlockNode *node = g_new0(BlockNode, 1);

    node->refs = 1;
    node->fd = node->fd_buffered = -1;
    if (!block_pool_init(errp)) {
        node_free(node);
        return NULL;
    }
    if (!driver && !*errp) {
        error_setg(errp, "Parameter 'driver' must be given");
    }
    node->driver = driver ? find_driver(driver, errp) : NULL;
    if (!node->driver || !take_name(node, rest, errp) || !take_generic(node, rest, errp)) {
        node_free(node);
        return NULL;
    }
    if (!node->driver->open(node, rest, errp) || !options_must_be_empty(rest, driver, errp)) {
        node->driver->close(node);
        node_free(node);
        return NULL;
    }
    if (!nodes) {
        nodes = g_ptr_array_new();
    }
    g_ptr_array_add(nodes, node);
    return node;
}

/* --- Requests ---------------------------------------------------------------------- */

/* A write of nothing but zeroes becomes what costs less. */
static void detect_zeroes(BlockRequest *r)
{
    if (r->kind == BLOCK_WRITE && r->node->detect_zeroes && iov_is_zero(r->iov, r->niov)) {
        r->kind = BLOCK_ZERO;
        r->may_unmap = r->node->detect_zeroes == DETECT_ZEROES_UNMAP;
    }
}

int block_node_run(const BlockRequest *r)
{
    BlockRequest now = *r;

    detect_zeroes(&now);
    return now.node->driver->run(now.node, &now);
}

static int run_in_pool(void *opaque)
{
    BlockRequest *r = opaque;

    return r->node->driver->run(r->node, r);
}

static void pool_done(void *opaque, int ret)
{
    BlockRequest *r = opaque;

    r->cb(r->opaque, ret);
}

void block_node_start(BlockRequest *r)
{
    detect_zeroes(r);
    if (!r->node->driver->start || !r->node->driver->start(r->node, r)) {
        block_pool_submit(run_in_pool, pool_done, r);
    }
}
