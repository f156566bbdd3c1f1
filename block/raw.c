/*
 * The raw format: a window (all of it, by default) onto another node. And
 * null-co: a disk of nothing, for measuring what is above it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "block-int.h"
#include "util/options.h"

/* What a layer's options say holds for the file that is described in place, unless that says otherwise. */
static json_t *inherit(const BlockNode *node, const json_t *file)
{
    json_t *inner = json_deep_copy(file);

    if (!json_object_get(inner, "read-only") && !json_object_get(inner, "auto-read-only")) {
        json_object_set_new(inner, "read-only", json_boolean(node->read_only));
        json_object_set_new(inner, "auto-read-only", json_boolean(node->auto_read_only));
    }
    if (!json_object_get(inner, "discard") && node->discard) {
        json_object_set_new(inner, "discard", json_string("unmap"));
    }
    if (!json_object_get(inner, "cache")) {
        json_object_set_new(inner, "cache", json_pack("{s:b, s:b}", "direct", node->direct, "no-flush", node->no_flush));
    }
    if (!json_object_get(inner, "force-share") && node->force_share) {
        json_object_set_new(inner, "force-share", json_true());
    }
    return inner;
}

/* file= is the name of a node, or a node's options in place. */
static BlockNode *take_child(BlockNode *node, json_t *opts, Error **errp)
{
    json_t *file = json_object_get(opts, "file");
    BlockNode *child;

    if (json_is_object(file)) {
        json_t *inner = inherit(node, file);

        json_object_del(opts, "file");
        return block_node_open(inner, errp);
    }
    if (!json_is_string(file)) {
        error_setg(errp, "block driver raw needs file=NODE");
        return NULL;
    }
    child = block_node_find(json_string_value(file));
    if (!child) {
        error_setg(errp, "there is no block node '%s'", json_string_value(file));
        return NULL;
    }
    block_node_ref(child);
    json_object_del(opts, "file");
    return child;
}

static bool check_window(BlockNode *node, Error **errp)
{
    int64_t length = node->child->driver->getlength(node->child);

    if (length < 0 || node->offset > (uint64_t)length || (node->has_size && node->size > (uint64_t)length - node->offset)) {
        error_setg(errp, "the window offset=%" PRIu64 ",size=%" PRIu64 " is outside of '%s'", node->offset, node->size, node->child->name);
        return false;
    }
    return true;
}

static bool raw_open(BlockNode *node, json_t *opts, Error **errp)
{
    node->child = take_child(node, opts, errp);
    if (!node->child) {
        return false;
    }
    node->filename = g_strdup(node->child->filename);
    node->has_size = json_object_get(opts, "size") != NULL;
    if (!options_take_size(opts, "offset", &node->offset, errp) || !options_take_size(opts, "size", &node->size, errp)) {
        return false;
    }
    if (node->child->read_only && !node->read_only && !node->auto_read_only) {
        error_setg(errp, "block node '%s' may only be read, below '%s'", node->child->name, node->name);
        return false;
    }
    return check_window(node, errp) && (node->read_only || block_node_prepare(node, errp));
}

static void raw_close(BlockNode *node)
{
}

static bool raw_prepare(BlockNode *node, Error **errp)
{
    Error *err = NULL;

    if (block_node_prepare(node->child, &err)) {
        return true;
    }
    if (node->auto_read_only && node->child->read_only) {
        error_free(err);
        node->read_only = true;
        return true;
    }
    error_propagate(errp, err);
    return false;
}

static bool raw_use(BlockNode *node, BlockUse use, Error **errp)
{
    return block_node_use(node->child, use, errp);
}

static void raw_unuse(BlockNode *node, BlockUse use)
{
    block_node_unuse(node->child, use);
}

static int raw_run(BlockNode *node, const BlockRequest *r)
{
    BlockRequest below = *r;

    below.node = node->child;
    below.offset += node->offset;
    return block_node_run(&below);
}

static bool raw_start(BlockNode *node, BlockRequest *r)
{
    r->node = node->child;
    r->offset += node->offset;
    block_node_start(r);
    return true;
}

static int64_t raw_getlength(BlockNode *node)
{
    int64_t length = node->child->driver->getlength(node->child);

    if (length < 0 || node->has_size) {
        return length < 0 ? length : (int64_t)node->size;
    }
    return (uint64_t)length > node->offset ? length - (int64_t)node->offset : 0;
}

/* The window's end moves with that of the image below; a chosen one does not. */
static bool raw_truncate(BlockNode *node, uint64_t size, Error **errp)
{
    if (node->has_size) {
        error_setg(errp, "Image '%s' shows the part of an image that size= says and cannot be resized", node->name);
        return false;
    }
    if (size > INT64_MAX - MIN(node->offset, (uint64_t)INT64_MAX)) {
        error_setg(errp, "size %" PRIu64 " behind offset=%" PRIu64 " of image '%s' is more than an image can have", size, node->offset, node->name);
        return false;
    }
    return block_node_truncate(node->child, size + node->offset, errp);
}

const BlockDriver block_driver_raw = {
    .name = "raw", .open = raw_open, .close = raw_close, .prepare = raw_prepare, .use = raw_use, .unuse = raw_unuse, .run = raw_run, .start = raw_start,
    .getlength = raw_getlength, .truncate = raw_truncate,
};

/* --- null-co ---------------------------------------------------------------------- */

static bool null_open(BlockNode *node, json_t *opts, Error **errp)
{
    node->size = 1 * GiB;
    node->filename = g_strdup("null-co://");
    return options_take_size(opts, "size", &node->size, errp) && options_take_bool(opts, "read-zeroes", &node->read_zeroes, errp);
}

static int null_run(BlockNode *node, const BlockRequest *r)
{
    for (int i = 0; r->kind == BLOCK_READ && node->read_zeroes && i < r->niov; i++) {
        memset(r->iov[i].iov_base, 0, r->iov[i].iov_len);
    }
    return 0;
}

static int64_t null_getlength(BlockNode *node)
{
    return MIN(node->size, (uint64_t)INT64_MAX);
}

const BlockDriver block_driver_null = {
    .name = "null-co", .open = null_open, .close = raw_close, .run = null_run, .getlength = null_getlength,
};
