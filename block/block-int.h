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

typedef enum BlockRequestKind {
    BLOCK_READ, BLOCK_WRITE, BLOCK_FLUSH, BLOCK_DISCARD, BLOCK_ZERO, BLOCK__KINDS
} BlockRequestKind;

/* One request. Moves down the graph: a layer that only shifts offsets changes node and offset. Stays where it is until @cb. */
typedef struct BlockRequest {
    BlockNode *node;
    BlockRequestKind kind;
    uint64_t offset, bytes;
    const struct iovec *iov;
    int niov;
    bool fua;                   /* a write is on the medium when it completes */
    bool may_unmap;             /* zeroes may become a hole */
    int fd;                     /* which descriptor the driver chose */
    BlockCompletionFunc *cb;
    void *opaque;
} BlockRequest;

/* How somebody uses a node: writes to it; lets others write to it as well. */
typedef struct BlockUse { bool write, share; } BlockUse;

typedef struct BlockDriver {
    const char *name;
    /* Takes its keys out of @opts. */
    bool (*open)(BlockNode *node, json_t *opts, Error **errp);
    void (*close)(BlockNode *node);
    /* It is going to be written to: open for that. */
    bool (*prepare)(BlockNode *node, Error **errp);
    /* One more user: locks. Before it is counted in the node; and one less, after. */
    bool (*use)(BlockNode *node, BlockUse use, Error **errp);
    void (*unuse)(BlockNode *node, BlockUse use);
    /* Does it, however long that takes; in a pool thread or, at start-up, in the main thread. 0 or -errno. */
    int (*run)(BlockNode *node, const BlockRequest *r);
    /* Starts it and calls back in the main thread; false: run() it in a pool thread. May be NULL. */
    bool (*start)(BlockNode *node, BlockRequest *r);
    int64_t (*getlength)(BlockNode *node);
    /* Gives it another size; nothing is under way. NULL: it cannot. */
    bool (*truncate)(BlockNode *node, uint64_t size, Error **errp);
} BlockDriver;

/* What becomes of a write of nothing but zeroes. */
typedef enum BlockDetectZeroes { DETECT_ZEROES_OFF, DETECT_ZEROES_ON, DETECT_ZEROES_UNMAP } BlockDetectZeroes;

struct BlockNode {
    const BlockDriver *driver;
    char *name;                 /* node-name; made up when not given */
    char *filename;
    BlockNode *child;           /* what a raw layer stands on; owned reference */
    unsigned refs;
    unsigned users, writers, guards;    /* guards: users that let nobody else write */
    bool read_only;             /* nobody may write */
    bool auto_read_only;        /* read_only is as it turns out */
    bool discard;               /* discard=unmap */
    BlockDetectZeroes detect_zeroes;
    bool no_flush, direct;      /* cache.* */
    /* raw */
    uint64_t offset, size;      /* the part of the child it shows */
    bool has_size;
    /* file, host_device */
    int fd, fd_buffered;        /* the second for what O_DIRECT cannot do; -1: none */
    bool fd_writable, locking, force_share;
    unsigned lock_does, lock_forbids;   /* bits of block/lock.c that we hold */
    bool use_uring;
    bool no_punch, no_zero;     /* the file system cannot */
    uint64_t align;             /* of O_DIRECT */
    /* null-co */
    bool read_zeroes;
};

extern const BlockDriver block_driver_file, block_driver_host_device, block_driver_raw, block_driver_null;

/* "driver" and the generic keys are taken from @opts, then the driver's; the rest must be empty. Consumes @opts. */
BlockNode *block_node_open(json_t *opts, Error **errp);
bool block_node_prepare(BlockNode *node, Error **errp);
/* A layer's use is one of what it stands on, too. */
bool block_node_use(BlockNode *node, BlockUse use, Error **errp);
void block_node_unuse(BlockNode *node, BlockUse use);
BlockNode *block_node_find(const char *name);
void block_node_ref(BlockNode *node);
void block_node_unref(BlockNode *node);
void block_nodes_foreach(void (*fn)(BlockNode *node, void *opaque), void *opaque);
/* Every backend, its node, and who claimed it (or NULL). */
void block_backends_foreach(void (*fn)(BlockBackend *blk, BlockNode *node, Object *dev, void *opaque), void *opaque);

/* At the end: forgets the node made last by -blockdev; false when none is left. */
bool blockdev_del_any(void);

const char *block_detect_zeroes_name(const BlockNode *node);

/* Requests on nodes. */
int block_node_run(const BlockRequest *r);
void block_node_start(BlockRequest *r);

/* What was done, by kind. */
typedef struct BlockStats { uint64_t bytes, operations, failed, invalid, merged, total_ns, highest; } BlockStats;    /* highest: the end of the farthest */
const BlockStats *block_backend_stats(const BlockBackend *blk);
typedef struct BlockAccounting { bool failed, invalid; } BlockAccounting;   /* which requests count as time and activity */
BlockAccounting block_backend_accounting(const BlockBackend *blk);
int64_t block_backend_idle_ns(const BlockBackend *blk);             /* since the last request; -1: there was none */
BlockBackend *block_backend_new(const char *name, BlockNode *node);
void block_backend_free(BlockBackend *blk);
BlockBackend *block_backend_find(const char *name);
typedef struct BlockPolicy { BlockOnError rerror, werror; bool writethrough; } BlockPolicy;
/* Where -drive wants it, and what is done about errors. */
void block_backend_place(BlockBackend *blk, const char *interface, int unit, BlockPolicy policy);
const char *block_backend_interface(const BlockBackend *blk);       /* NULL: made for a node */
int block_backend_unit(const BlockBackend *blk);

BlockNode *block_backend_node(const BlockBackend *blk);
/* Its node may have another size: asks, and tells the device if so. */
void block_backend_resized(BlockBackend *blk);
/* Nothing of it is under way, and what is asked for now waits until the release. */
void block_backend_hold(BlockBackend *blk);
void block_backend_release(BlockBackend *blk);
/* block/resize.c */
bool block_node_truncate(BlockNode *node, uint64_t size, Error **errp);

/*
 * block/lock.c: image locks, so that two programs do not write one image. Afterwards those
 * are held that are asked for, and no others; on failure those from before.
 */
bool block_lock(BlockNode *node, bool read, bool write, bool guard, Error **errp);
/* Does nobody rely on the image's size? */
bool block_lock_allows_resize(const BlockNode *node, Error **errp);

/* block/pool.c: runs @work in a thread, then @cb(@opaque, result) in the main thread. */
typedef int BlockWork(void *opaque);
bool block_pool_init(Error **errp);
bool block_in_main_thread(void);
void block_pool_submit(BlockWork *work, BlockCompletionFunc *cb, void *opaque);
/* An answer that is known at once still comes later, never from inside the call. */
void block_complete_later(BlockCompletionFunc *cb, void *opaque, int result);
/* Under the machine lock: completes what is done; when nothing is, waits until something is. */
void block_poll(void);

#define BLOCK_SECTOR 512                /* an image is whole sectors */
/* block/transfer.c: reads or writes one stretch; 0 or -errno. */
int block_transfer(int fd, uint64_t offset, uint8_t *p, size_t left, bool write);

/* block/uring.c: false when the kernel or the build has none. */
bool block_uring_available(void);
/* Starts the request on r->fd in this thread's ring; false: no room. */
bool block_uring_start(BlockRequest *r);
/* All rings: submits what waits, completes what is done; how many. And what to wait for (struct pollfd). */
unsigned block_uring_poll(void);
void block_uring_add_fds(GArray *fds);

#endif
