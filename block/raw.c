/*
 * The raw format: a window (all of it, by default) onto another node.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "block-int.h"
#include "util/options.h"

/* file= is the name of a node, or a node's options in place. */
static BlockNode *take_child(BlockNode *node, json_t *opts, Error **errp)
{
    json_t *file = json_object_get(opts, "file");
    BlockNode *child;

    if (json_is_object(file)) {
        json_t *inner = json_deep_copy(file);
        json_object_del(opts, "file");
        if (!json_object_get(inner, "read-only") && node->read_only) {
            json_object_set_new(inner, "read-only", json_true());
        }
        return block_node_open(inner, errp);
    }
    if (!json_is_string(file)) {
        error_setg(errp, "block driver raw needs file=NODE");
        return NULL;
    }
    child = block_node_find(json_string_value(file));
    if (!child) {
        error_setg(errp, "Cannot find node '%s' to put a raw layer on", json_string_value(file));
        return NULL;
    }
    block_node_ref(child);
    json_object_del(opts, "file");
    return child;
}

static bool raw_open(BlockNode *node, json_t *opts, Error **errp)
{
    int64_t length;

    node->child = take_child(node, opts, errp);
    if (!node->child) {
        return false;
    }
    node->filename = g_strdup(node->child->filename);
    node->has_size = json_object_get(opts, "size") != NULL;
    if (!options_take_size(opts, "offset", &node->offset, errp) || !options_take_size(opts, "size", &node->size, errp)) {
        return false;
    }
    if (node->child->read_only && !node->read_only) {
        if (!node->auto_read_only && !node->child->auto_read_only) {
            error_setg(errp, "node '%s' is read-only, so a raw layer on it needs read-only=on", node->child->name);
            return false;
        }
        node->read_only = true;
    }
    length = node->child->driver->getlength(node->child);
    if (length < 0 || node->offset > (uint64_t)length || (node->has_size && node->size > (uint64_t)length - node->offset)) {
        error_setg(errp, "the window offset=%" PRIu64 ",size=%" PRIu64 " is outside of '%s'", node->offset, node->size, node->child->name);
        return false;
    }
    return true;
}

static void raw_close(BlockNode *node)
{
}

static int raw_preadv(BlockNode *node, uint64_t offset, const struct iovec *iov, int niov)
{
    return node->child->driver->preadv(node->child, offset + node->offset, iov, niov);
}

static int raw_pwritev(BlockNode *node, uint64_t offset, const struct iovec *iov, int niov)
{
    return node->child->driver->pwritev(node->child, offset + node->offset, iov, niov);
}

static int raw_flush(BlockNode *node)
{
    return node->child->driver->flush(node->child);
}

static int64_t raw_getlength(BlockNode *node)
{
    int64_t length = node->child->driver->getlength(node->child);

    if (length < 0 || node->has_size) {
        return length < 0 ? length : (int64_t)node->size;
    }
    return (uint64_t)length > node->offset ? length - (int64_t)node->offset : 0;
}

const BlockDriver block_driver_raw = {
    .name = "raw",
    .open = raw_open,
    .close = raw_close,
    .preadv = raw_preadv,
    .pwritev = raw_pwritev,
    .flush = raw_flush,
    .getlength = raw_getlength,
};
