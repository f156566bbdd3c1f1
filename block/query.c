/*
 * Disks and nodes as QMP describes them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "block-int.h"
#include "qapi/qapi-commands.h"

/* Backends that were made for a node have no name of their own. */
static const char *device_name(const BlockBackend *blk)
{
    return block_backend_interface(blk) ? blk_name(blk) : "";
}

static json_t *node_info(BlockNode *node)
{
    int64_t size = node->driver->getlength(node);
    json_t *info = json_pack("{s:s, s:b, s:s, s:b, s:s, s:i, s:s, s:i, s:b, s:i, s:i, s:i, s:i, s:i, s:i}",
                             "file", node->filename ? node->filename : "", "ro", node->read_only || (node->fd >= 0 && !node->fd_writable), "drv", node->driver->name,
                             "encrypted", 0, "node-name", node->name, "backing_file_depth", 0, "detect_zeroes", block_detect_zeroes_name(node),
                             "write_threshold", 0, "active", 1, "bps", 0, "bps_rd", 0, "bps_wr", 0, "iops", 0, "iops_rd", 0, "iops_wr", 0);

    json_object_set_new(info, "cache", json_pack("{s:b, s:b, s:b}", "no-flush", node->no_flush, "direct", node->direct, "writeback", 1));
    json_object_set_new(info, "image", json_pack("{s:s, s:s, s:I}", "filename", node->filename ? node->filename : "",
                                                 "format", node->driver->name, "virtual-size", (json_int_t)MAX(size, 0)));
    return info;
}

static void list_node(BlockNode *node, void *opaque)
{
    json_array_append_new(opaque, node_info(node));
}

json_t *qmp_query_named_block_nodes(const json_t *args, Error **errp)
{
    json_t *list = json_array();

    block_nodes_foreach(list_node, list);
    return list;
}

static void list_backend(BlockBackend *blk, BlockNode *node, Object *dev, void *opaque)
{
    if (!dev && !block_backend_interface(blk)) {
        return;                         /* was made for a device that is gone */
    }

    g_autofree char *path = dev ? object_get_canonical_path(dev) : NULL;
    json_t *entry = json_pack("{s:s, s:s, s:b, s:b, s:o}", "device", device_name(blk), "type", "unknown", "removable", 0,
                              "locked", 0, "inserted", node_info(node));

    if (path) {
        json_object_set_new(entry, "qdev", json_string(path));
    }
    json_array_append_new(opaque, entry);
}

json_t *qmp_query_block(const json_t *args, Error **errp)
{
    json_t *list = json_array();

    block_backends_foreach(list_backend, list);
    return list;
}

/* How QMP spells the counters of a kind. */
static const char *const kind_names[BLOCK__KINDS] = {
    [BLOCK_READ] = "rd", [BLOCK_WRITE] = "wr", [BLOCK_FLUSH] = "flush", [BLOCK_DISCARD] = "unmap", [BLOCK_ZERO] = NULL,
};

static void set_counter(json_t *stats, const char *before, const char *kind, const char *after, uint64_t v)
{
    g_autofree char *key = g_strdup_printf("%s%s%s", before, kind, after);

    json_object_set_new(stats, key, json_integer(v));
}

static json_t *counters(const BlockBackend *blk)
{
    /* There are no zones; flushes and discards that the guest gets wrong are not counted. */
    static const char *const zero[] = {
        "zone_append_bytes", "zone_append_operations", "zone_append_total_time_ns", "zone_append_merged", "failed_zone_append_operations",
        "invalid_zone_append_operations", "invalid_flush_operations", "invalid_unmap_operations",
    };
    const BlockStats *s = block_backend_stats(blk);
    int64_t idle = block_backend_idle_ns(blk);
    BlockAccounting accounting = block_backend_accounting(blk);
    json_t *stats = json_pack("{s:b, s:b, s:[], s:I, s:I, s:I}", "account_invalid", accounting.invalid, "account_failed", accounting.failed,
                              "timed_stats", "wr_highest_offset", (json_int_t)s[BLOCK_WRITE].highest,
                              "invalid_rd_operations", (json_int_t)s[BLOCK_READ].invalid, "invalid_wr_operations", (json_int_t)s[BLOCK_WRITE].invalid);

    for (size_t i = 0; i < ARRAY_SIZE(zero); i++) {
        json_object_set_new(stats, zero[i], json_integer(0));
    }
    if (idle >= 0) {
        json_object_set_new(stats, "idle_time_ns", json_integer(idle));
    }
    for (int k = 0; k < BLOCK__KINDS; k++) {
        if (kind_names[k]) {
            if (k != BLOCK_FLUSH) {
                set_counter(stats, "", kind_names[k], "_bytes", s[k].bytes);
                set_counter(stats, "", kind_names[k], "_merged", s[k].merged);
            }
            set_counter(stats, "", kind_names[k], "_operations", s[k].operations);
            set_counter(stats, "", kind_names[k], "_total_time_ns", s[k].total_ns);
            set_counter(stats, "failed_", kind_names[k], "_operations", s[k].failed);
        }
    }
    return stats;
}

static void list_stats(BlockBackend *blk, BlockNode *node, Object *dev, void *opaque)
{
    if (!dev && !block_backend_interface(blk)) {
        return;                         /* was made for a device that is gone */
    }

    g_autofree char *path = dev ? object_get_canonical_path(dev) : NULL;
    json_t *entry = json_pack("{s:s, s:s, s:o}", "device", device_name(blk), "node-name", node->name, "stats", counters(blk));

    if (path) {
        json_object_set_new(entry, "qdev", json_string(path));
    }
    json_array_append_new(opaque, entry);
}

json_t *qmp_query_blockstats(const json_t *args, Error **errp)
{
    json_t *list = json_array();

    block_backends_foreach(list_stats, list);
    return list;
}
