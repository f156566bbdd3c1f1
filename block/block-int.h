/*
 * The block graph from inside. A node is an open image or a layer on another
 * node; a BlockBackend is a device's handle on a node. A format (qcow2, one
 * day) is one more BlockDriver.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef BLOCK_BLOCK_INT_H
#define BLOCK_BLOCK_INT_H

#include "block/block.h"

typedef struct BlockNode BlockNode;

typedef struct BlockDriver {
    const char *name;
    /* Takes its keys out of @opts. Sets size and read_only. */
    bool (*open)(BlockNode *node, json_t *opts, Error **errp);
    void (*close)(BlockNode *node);
    /* Block until done; called in pool threads or, at start-up, in the main thread. 0 or -errno. */
    int (*preadv)(BlockNode *node, uint64_t offset, const struct iovec *iov, int niov);
    int (*pwritev)(BlockNode *node, uint64_t offset, const struct iovec *iov, int niov);
    int (*flush)(BlockNode *node);
    int64_t (*getlength)(BlockNode *node);
} BlockDriver;

struct BlockNode {
    const BlockDriver *driver;
    char *name;                 /* node-name; made up when not given */
    char *filename;
    BlockNode *child;           /* what a raw layer stands on; owned reference */
    unsigned refs;
    bool read_only;
    bool auto_read_only;
    int fd;                     /* file driver */
    uint64_t offset, size;      /* raw layer: the part of the child it shows */
    bool has_size;
};

extern const BlockDriver block_driver_file, block_driver_host_device, block_driver_raw;

/* "driver" and the generic keys are taken from @opts, then the driver's; the rest must be empty. Consumes @opts. */
BlockNode *block_node_open(json_t *opts, Error **errp);
BlockNode *block_node_find(const char *name);
void block_node_ref(BlockNode *node);
void block_node_unref(BlockNode *node);
void block_nodes_foreach(void (*fn)(BlockNode *node, void *opaque), void *opaque);
/* Every backend, its node, and who claimed it (or NULL). */
void block_backends_foreach(void (*fn)(BlockBackend *blk, BlockNode *node, Object *dev, void *opaque), void *opaque);

/* block/pool.c: runs @work in a thread, then @cb(@opaque, result) in the main thread */
typedef int BlockWork(void *opaque);
void block_pool_submit(BlockWork *work, BlockCompletionFunc *cb, void *opaque);
unsigned block_pool_pending(void);

#endif
