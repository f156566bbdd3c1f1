/*
 * Disks and nodes as QMP describes them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "block-int.h"
#include "qapi/qapi-commands.h"

static json_t *node_info(BlockNode *node)
{
    int64_t size = node->driver->getlength(node);
    json_t *info = json_pack("{s:s, s:b, s:s, s:b, s:s, s:i, s:s, s:i, s:b, s:i, s:i, s:i, s:i, s:i, s:i}",
                             "file", node->filename ? node->filename : "", "ro", node->read_only, "drv", node->driver->name,
                             "encrypted", 0, "node-name", node->name, "backing_file_depth", 0, "detect_zeroes", "off",
                             "write_threshold", 0, "active", 1, "bps", 0, "bps_rd", 0, "bps_wr", 0, "iops", 0, "iops_rd", 0, "iops_wr", 0);

    json_object_set_new(info, "cache", json_pack("{s:b, s:b, s:b}", "no-flush", 0, "direct", 0, "writeback", 1));
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
    g_autofree char *path = dev ? object_get_canonical_path(dev) : NULL;
    json_t *entry = json_pack("{s:s, s:s, s:b, s:b, s:o}", "device", blk_name(blk), "type", "unknown", "removable", 0,
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

static void list_stats(BlockBackend *blk, BlockNode *node, Object *dev, void *opaque)
{
    static const char *const zero[] = {
        "rd_bytes", "wr_bytes", "unmap_bytes", "zone_append_bytes", "rd_operations", "wr_operations", "zone_append_operations",
        "flush_operations", "unmap_operations", "rd_total_time_ns", "wr_total_time_ns", "zone_append_total_time_ns",
        "flush_total_time_ns", "unmap_total_time_ns", "wr_highest_offset", "rd_merged", "wr_merged", "zone_append_merged",
        "unmap_merged", "failed_rd_operations", "failed_wr_operations", "failed_zone_append_operations",
        "failed_flush_operations", "failed_unmap_operations", "invalid_rd_operations", "invalid_wr_operations",
        "invalid_zone_append_operations", "invalid_flush_operations", "invalid_unmap_operations",
    };
    g_autofree char *path = dev ? object_get_canonical_path(dev) : NULL;
    json_t *stats = json_pack("{s:b, s:b, s:[]}", "account_invalid", 1, "account_failed", 1, "timed_stats");
    json_t *entry;

    /* Requests are not counted. */
    for (size_t i = 0; i < ARRAY_SIZE(zero); i++) {
        json_object_set_new(stats, zero[i], json_integer(0));
    }
    entry = json_pack("{s:s, s:s, s:o}", "device", blk_name(blk), "node-name", node->name, "stats", stats);
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
