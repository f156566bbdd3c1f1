/*
 * Nodes of the block graph: opening, names, references.
 *
 * Main thread, machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "block-int.h"
#include "util/options.h"

static const BlockDriver *const drivers[] = { &block_driver_file, &block_driver_host_device, &block_driver_raw };
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

static const BlockDriver *find_driver(const char *name, Error **errp)
{
    for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
        if (!strcmp(drivers[i]->name, name)) {
            return drivers[i];
        }
    }
    error_setg(errp, "block driver '%s' is not supported; there are file, host_device and raw", name);
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
    }
    if (block_node_find(node->name)) {
        error_setg(errp, "Duplicate nodes with node-name='%s'", node->name);
        return false;
    }
    return true;
}

/* Keys that every driver has; caching and discard are the host's page cache's affair. */
static bool take_generic(BlockNode *node, json_t *opts, Error **errp)
{
    static const char *const accepted[] = { "cache", "discard", "detect-zeroes", "force-share" };

    for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
        json_object_del(opts, accepted[i]);
    }
    return options_take_bool(opts, "read-only", &node->read_only, errp) &&
           options_take_bool(opts, "auto-read-only", &node->auto_read_only, errp);
}

BlockNode *block_node_open(json_t *opts, Error **errp)
{
    g_autofree char *driver = options_take_str(opts, "driver", errp);
    BlockNode *node = g_new0(BlockNode, 1);

    node->refs = 1;
    node->fd = -1;
    if (!driver) {
        if (!errp || !*errp) {
            error_setg(errp, "a block node needs driver=");
        }
        goto fail;
    }
    node->driver = find_driver(driver, errp);
    if (!node->driver || !take_name(node, opts, errp) || !take_generic(node, opts, errp) || !node->driver->open(node, opts, errp)) {
        goto fail;
    }
    if (!options_must_be_empty(opts, driver, errp)) {
        node->driver->close(node);
        goto fail;
    }
    json_decref(opts);
    if (!nodes) {
        nodes = g_ptr_array_new();
    }
    g_ptr_array_add(nodes, node);
    return node;
fail:
    json_decref(opts);
    node_free(node);
    return NULL;
}
