/*
 * Guest disks as devices see them: a size, and asynchronous reads, writes,
 * flushes. Which file format or protocol is behind is the block room's affair.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef BLOCK_BLOCK_H
#define BLOCK_BLOCK_H

#include <sys/uio.h>
#include "qom/object.h"

typedef struct BlockBackend BlockBackend;
typedef void BlockCompletionFunc(void *opaque, int ret);       /* under the machine lock; 0 or -errno */

/* -drive: {"if", "format", "file", "id", "unit", "index", "readonly", "cache", "aio", ...}; consumed. */
BlockBackend *drive_new(json_t *opts, const char *default_if, Error **errp);
bool blockdev_add(json_t *opts, Error **errp);                  /* -blockdev, QMP */
bool blockdev_del(const char *node_name, Error **errp);
BlockBackend *blk_by_name(const char *id_or_node);
/* if=pflash,unit=N and so on; NULL when there is none */
BlockBackend *drive_get(const char *interface, int unit);
const char *drive_unused(const char *interface);                /* one that no device took yet; NULL: none */
bool drives_must_be_used(Error **errp);                         /* names those no device took */
void blk_cleanup(void);

/* A device claims a backend for itself; a second claim is refused. */
bool blk_attach_dev(BlockBackend *blk, Object *dev, Error **errp);
/* And starts to use it, for writing unless it is read-only: locks the image. @share: others that share may write, too. */
bool blk_use(BlockBackend *blk, bool share, Error **errp);
void blk_detach_dev(BlockBackend *blk, Object *dev);
const char *blk_name(const BlockBackend *blk);
bool blk_is_read_only(const BlockBackend *blk);
int64_t blk_getlength(BlockBackend *blk);                       /* or -errno; asks the host, so once at start */

/* block_resize: @device is the id of a -drive; without, @node_name is any node. */
bool block_resize(const char *device, const char *node_name, int64_t size, Error **errp);
/* @resized(@opaque) when blk_getlength() answers differently; until the device lets go. Main thread, machine lock. */
void blk_set_resized(BlockBackend *blk, void (*resized)(void *opaque), void *opaque);

/* Synchronous, for start-up and small flash writes. 0 or -errno. */
int blk_pread(BlockBackend *blk, uint64_t offset, uint64_t bytes, void *buf);
int blk_pwrite(BlockBackend *blk, uint64_t offset, uint64_t bytes, const void *buf);
int blk_flush(BlockBackend *blk);
/* Asynchronous; @iov and what it points to stay valid until @cb. Under the machine lock, from any thread. */
void blk_aio_preadv(BlockBackend *blk, uint64_t offset, const struct iovec *iov, int niov, BlockCompletionFunc *cb, void *opaque);
void blk_aio_pwritev(BlockBackend *blk, uint64_t offset, const struct iovec *iov, int niov, BlockCompletionFunc *cb, void *opaque);
/* As these; one transfer of what were @requests ones, which is what the counters know. */
void blk_aio_rw_merged(BlockBackend *blk, bool write, uint64_t offset, const struct iovec *iov, int niov, unsigned requests,
                       BlockCompletionFunc *cb, void *opaque);
void blk_aio_flush(BlockBackend *blk, BlockCompletionFunc *cb, void *opaque);
/* The contents no longer matter (done only with discard=unmap; success otherwise too). */
void blk_aio_pdiscard(BlockBackend *blk, uint64_t offset, uint64_t bytes, BlockCompletionFunc *cb, void *opaque);
/* Reads as zeroes afterwards; @may_unmap: a hole will do. */
void blk_aio_pwrite_zeroes(BlockBackend *blk, uint64_t offset, uint64_t bytes, bool may_unmap, BlockCompletionFunc *cb, void *opaque);
/* Requests made in between, in this thread, go to the host together; some are answered from unplug. They nest. */
void blk_io_plug(void);
void blk_io_unplug(void);
/*
 * An I/O thread's own way to the host: what is asked for in a thread that uses a ring
 * completes in the loop of @context. Made, used and freed under the machine lock; NULL:
 * the host has no io_uring, and requests go the common way. @batch: so many go at the latest; 0: any number.
 */
typedef struct BlockRing BlockRing;
BlockRing *block_ring_new(GMainContext *context, unsigned batch);
void block_ring_use(BlockRing *ring);                           /* this thread, from now on; NULL: no more */
void block_ring_free(BlockRing *ring);
/* Under the machine lock: returns when nothing of @blk is under way; the callbacks run in the caller. */
void blk_drain(BlockBackend *blk);

/* Whether requests that fail, or are refused, count as time and as something having happened. */
void blk_set_accounting(BlockBackend *blk, bool failed, bool invalid);
/* The device refused a request by itself. */
void blk_account_invalid(BlockBackend *blk, bool write);

/* Off: each write is on the medium before it is answered. */
bool blk_enable_write_cache(const BlockBackend *blk);
void blk_set_enable_write_cache(BlockBackend *blk, bool on);

/* rerror=, werror=: what a failed request does to the machine. */
typedef enum BlockOnError {
    BLOCK_ON_ERROR_AUTO, BLOCK_ON_ERROR_REPORT, BLOCK_ON_ERROR_IGNORE, BLOCK_ON_ERROR_STOP, BLOCK_ON_ERROR_ENOSPC,
} BlockOnError;
bool block_on_error_parse(const char *text, BlockOnError *out); /* "report", "ignore", "stop", "enospc", "auto" */
void blk_set_on_error(BlockBackend *blk, BlockOnError rerror, BlockOnError werror);
typedef enum BlockErrorAction { BLOCK_ERROR_ACTION_REPORT, BLOCK_ERROR_ACTION_IGNORE, BLOCK_ERROR_ACTION_STOP } BlockErrorAction;
/*
 * What to do about @error (positive), and the BLOCK_IO_ERROR event. For STOP the device keeps the
 * request, calls vm_stop(RUN_STATE_IO_ERROR), and tries again when the machine runs on.
 */
BlockErrorAction blk_error_action(BlockBackend *blk, bool is_read, int error);

#endif
