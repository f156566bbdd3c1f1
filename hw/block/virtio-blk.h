/*
 * What the files of the virtio disk share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_BLOCK_VIRTIO_BLK_INT_H
#define HW_BLOCK_VIRTIO_BLK_INT_H

#include <linux/virtio_blk.h>
#include "backends/iothread.h"
#include "block/block.h"
#include "hw/virtio/virtio.h"
#include "hw/virtio/virtio-blk.h"
#include "system/system.h"

OBJECT_DECLARE_SIMPLE_TYPE(VirtIOBlock, VIRTIO_BLK)

#define VIRTIO_BLK_SECTOR       512
#define VIRTIO_BLK_NUM_QUEUES_AUTO  0xffff

/* One request, from being popped to being pushed. */
typedef struct VirtIOBlkReq {
    VirtQueueElement elem;              /* first */
    VirtIOBlock *dev;
    VirtQueue *vq;
    uint32_t type;
    uint64_t sector;
    uint8_t *status;                    /* in guest memory */
    uint32_t in_len;                    /* all that the driver wants written, status too */
    struct iovec *iov;                  /* the data, without header and status */
    unsigned niov;
    size_t size;                        /* of the data */
    struct iovec *own_iov;              /* when the data shares a piece with them */
    struct virtio_blk_discard_write_zeroes range;       /* as it was when we looked; host byte order */
    struct VirtIOBlkReq *next;          /* among the stopped, or those merged with it */
} VirtIOBlkReq;

struct VirtIOBlock {
    VirtIODevice parent_obj;
    VMChangeStateEntry *vmstate;
    uint64_t capacity;                  /* sectors of 512 */
    VirtIOBlkReq *stopped;              /* failed, and stopped the machine; to be tried again */
    bool handling;                      /* a handler is on the stack: notifications wait for its end */
    bool *to_notify;                    /* by queue */
    bool original_wce;
    IOThread **threads;                 /* by queue; NULL: the main thread */
    /* properties */
    BlockBackend *blk;
    IOThread *iothread;
    json_t *vq_mapping;
    char *serial;
    int32_t bootindex;
    uint32_t logical_block_size, physical_block_size, min_io_size, opt_io_size, discard_granularity;
    uint32_t cyls, heads, secs, lcyls, lheads, lsecs, max_discard_sectors, max_write_zeroes_sectors;
    uint16_t num_queues, queue_size;
    bool report_discard_granularity, share_rw, request_merging, config_wce, discard, write_zeroes, seg_max_adjust;
    OnOffAuto write_cache, account_failed, account_invalid;
    int rerror, werror;                 /* BlockOnError */
};

/* Reads or writes that follow each other in the queue and on the disk, and are not on their way yet. */
typedef struct VirtIOBlkGather {
    VirtIOBlkReq *first, *last;         /* NULL: none */
    unsigned requests, niov;
    uint64_t size, end;                 /* bytes; the sector behind */
} VirtIOBlkGather;

/* virtio-blk-threads.c: s->threads, by queue; they are in use until released. */
extern const PropertyInfo virtio_blk_prop_threads;
bool virtio_blk_take_threads(VirtIOBlock *s, Error **errp);
void virtio_blk_release_threads(VirtIOBlock *s);

/* virtio-blk-merge.c: @req is a checked read or write. */
void virtio_blk_gather(VirtIOBlkGather *g, VirtIOBlkReq *req);
void virtio_blk_gather_flush(VirtIOBlkGather *g);

/* virtio-blk-request.c */
/* Sends a checked request down; and what came of it, 0 or -errno. */
void virtio_blk_submit(VirtIOBlkReq *req);
void virtio_blk_done(void *req, int ret);
void virtio_blk_handle_output(VirtIODevice *vdev, VirtQueue *vq);
/* Tries again what stopped the machine. */
void virtio_blk_restart(VirtIOBlock *s);
/* Forgets it; @vq: of one queue, NULL: of all. */
void virtio_blk_drop_stopped(VirtIOBlock *s, VirtQueue *vq);

#endif
