/*
 * An image gets another size while the machine runs: the node, everything that
 * stands on it, and the devices that show it.
 *
 * Main thread, machine lock. Requests under way end before an image changes,
 * so a write cannot bring back what was cut off, and new ones wait until it has;
 * those that lie behind the new end then fail with EIO.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "block-int.h"

/* The node that QMP means: a -drive by its id, or any node by its name. */
static BlockNode *find_target(const char *device, const char *node_name, Error **errp)
{
    BlockBackend *blk = device ? block_backend_find(device) : NULL;
    BlockNode *node = device ? NULL : block_node_find(node_name);

    if (blk && block_backend_interface(blk)) {
        node = block_backend_node(blk);
    }
    if (!device && !node_name) {
        error_setg(errp, "give device= or node-name=");
    } else if (!node) {
        error_setg(errp, "there is no %s '%s'", device ? "drive" : "block node", device ? device : node_name);
    }
    return node;
}

static bool stands_on(const BlockNode *node, const BlockNode *target)
{
    while (node && node != target) {
        node = node->child;
    }
    return node;
}

typedef struct Users { const BlockNode *node; void (*fn)(BlockBackend *blk); } Users;

static void visit_user(BlockBackend *blk, BlockNode *node, Object *dev, void *opaque)
{
    const Users *users = opaque;

    if (stands_on(node, users->node)) {
        users->fn(blk);
    }
}

static void for_each_user(const BlockNode *node, void (*fn)(BlockBackend *blk))
{
    block_backends_foreach(visit_user, &(Users) { node, fn });
}

bool block_node_truncate(BlockNode *node, uint64_t size, Error **errp)
{
    if (node->read_only) {
        error_setg(errp, "Image '%s' is read-only and keeps its size", node->name);
        return false;
    }
    if (!node->driver->truncate) {
        error_setg(errp, "an image of format %s keeps its size", node->driver->name);
        return false;
    }
    return node->driver->truncate(node, size, errp);
}

bool block_resize(const char *device, const char *node_name, int64_t size, Error **errp)
{
    BlockNode *node = find_target(device, node_name, errp);
    bool ok;

    if (!node) {
        return false;
    }
    if (size < 0) {
        error_setg(errp, "size: less than 0");
        return false;
    }
    for_each_user(node, block_backend_hold);
    ok = block_node_truncate(node, size, errp);
    if (ok) {
        for_each_user(node, block_backend_resized);
    }
    for_each_user(node, block_backend_release);
    return ok;
}
