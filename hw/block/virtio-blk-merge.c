/*
 * request-merging=: requests that a driver makes of one long transfer go to the
 * host as one again.
 *
 * Only neighbours in the queue are looked at, so that others pay a comparison.
 * What is gathered goes out before its handler returns; each request is answered,
 * and fails, by itself.
 *
 * Machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <limits.h>
#include "virtio-blk.h"

#define MERGED_MAX (1 * MiB)

/* A merged request on its way: its members hang together by their next. */
typedef struct Merged {
    VirtIOBlkReq *first;
    struct iovec iov[];
} Merged;

static bool continues(const VirtIOBlkGather *g, const VirtIOBlkReq *req)
{
    return g->first && g->first->type == req->type && g->end == req->sector && g->niov + req->niov <= IOV_MAX &&
        g->size + req->size <= MERGED_MAX;
}

static void merged_done(void *opaque, int ret)
{
    Merged *m = opaque;

    for (VirtIOBlkReq *req = m->first, *next; req; req = next) {
        next = req->next;
        virtio_blk_done(req, ret);
    }
    g_free(m);
}

void virtio_blk_gather_flush(VirtIOBlkGather *g)
{
    VirtIOBlkReq *first = g_steal_pointer(&g->first);
    unsigned n = 0;
    Merged *m;

    if (!first || !first->next) {
        if (first) {
            virtio_blk_submit(first);
        }
        return;
    }
    m = g_malloc(sizeof(*m) + g->niov * sizeof(m->iov[0]));
    m->first = first;
    for (VirtIOBlkReq *req = first; req; req = req->next) {
        memcpy(m->iov + n, req->iov, req->niov * sizeof(m->iov[0]));
        n += req->niov;
    }
    blk_aio_rw_merged(first->dev->blk, first->type == VIRTIO_BLK_T_OUT, first->sector * VIRTIO_BLK_SECTOR, m->iov, n, g->requests,
                      merged_done, m);
}

void virtio_blk_gather(VirtIOBlkGather *g, VirtIOBlkReq *req)
{
    req->next = NULL;
    if (continues(g, req)) {
        g->last->next = req;
        g->requests++;
    } else {
        virtio_blk_gather_flush(g);
        *g = (VirtIOBlkGather) { .first = req, .requests = 1 };
    }
    g->last = req;
    g->niov += req->niov;
    g->size += req->size;
    g->end = req->sector + req->size / VIRTIO_BLK_SECTOR;
}
