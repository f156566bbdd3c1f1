/*
 * The NVM command set: NVM Express 1.4 section 6. Fused commands, reservations
 * and metadata are not modelled.
 *
 * Under the machine lock. The block layer answers in the main thread, or at once
 * in the vCPU's that rang.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nvme.h"

#define COMPARE_CHUNK 4096
#define VERIFY_CHUNK  (1 * MiB)

static void part_done(void *opaque, int ret);

/* --- Finishing ------------------------------------------------------------------------------- */

static bool writes_data(const NvmeRequest *req)
{
    return req->cmd.opcode == NVME_IO_WRITE || req->cmd.opcode == NVME_IO_WRITE_ZEROES;
}

static bool reads_data(const NvmeRequest *req)
{
    return req->cmd.opcode == NVME_IO_READ || req->cmd.opcode == NVME_IO_COMPARE || req->cmd.opcode == NVME_IO_VERIFY;
}

static uint16_t compare(NvmeRequest *req)
{
    uint8_t chunk[COMPARE_CHUNK];
    uint64_t at = 0;

    for (guint i = 0; i < req->segs->len; i++) {
        NvmeSeg *seg = &g_array_index(req->segs, NvmeSeg, i);

        for (uint64_t done = 0; done < seg->len;) {
            uint64_t n = MIN(seg->len - done, sizeof(chunk));

            if (nvme_dma(nvme_ctrl_of(req), seg->addr + done, chunk, n, false)) {
                return NVME_DATA_TRANSFER_ERROR;
            }
            if (memcmp(chunk, req->bounce + at, n)) {
                return NVME_COMPARE_FAILED | NVME_DNR;
            }
            done += n;
            at += n;
        }
    }
    return NVME_OK;
}

static void count(NvmeRequest *req)
{
    NvmeCtrl *n = nvme_ctrl_of(req);

    if (reads_data(req)) {
        n->reads++;
        n->blocks_read += req->bytes >> 9;
        n->medium_read += req->cmd.opcode == NVME_IO_READ ? req->bytes : 0;
    } else if (writes_data(req)) {
        n->writes++;
        n->blocks_written += req->bytes >> 9;
        n->medium_written += req->cmd.opcode == NVME_IO_WRITE ? req->bytes : 0;
    }
}

static void finish(NvmeRequest *req, uint16_t status)
{
    NvmeSQ *sq = req->sq;
    uint16_t copied;

    if (sq->dead) {
        nvme_unmap_iov(req, false);
        nvme_io_end(sq);
        return;
    }
    if (!status && req->cmd.opcode == NVME_IO_COMPARE) {
        status = compare(req);
    }
    copied = nvme_unmap_iov(req, !status && req->cmd.opcode == NVME_IO_READ);
    if (!status) {
        count(req);
    }
    nvme_complete(req, status ? status : copied);
    nvme_io_end(sq);
}

static void failed(NvmeRequest *req)
{
    bool is_read = reads_data(req);
    BlockErrorAction action = req->ns && !req->sq->dead ? blk_error_action(req->ns->blk, is_read, -req->error) : BLOCK_ERROR_ACTION_REPORT;

    switch (action) {
    case BLOCK_ERROR_ACTION_IGNORE:
        finish(req, NVME_OK);
        break;
    case BLOCK_ERROR_ACTION_STOP:
        g_queue_push_tail(&nvme_ctrl_of(req)->stopped, req);
        nvme_io_end(req->sq);
        vm_stop(RUN_STATE_IO_ERROR);
        break;
    default:
        finish(req, is_read ? NVME_READ_FAULT : NVME_WRITE_FAULT);
    }
}

/*
 * What must be durable before it is answered: forced writes, and all writes with the cache off. The block layer sees to
 * that for writes to a drive without a cache, not for zeroes.
 */
static bool needs_flush(NvmeRequest *req)
{
    bool cached;

    if (!writes_data(req) || req->flushed) {
        return false;
    }
    cached = blk_enable_write_cache(req->ns->blk);
    if (!cached && req->cmd.opcode == NVME_IO_WRITE) {
        return false;
    }
    return !cached || !nvme_ctrl_of(req)->write_cache || (le32toh(req->cmd.cdw12) & NVME_RW_FUA);
}

static void part_done(void *opaque, int ret)
{
    NvmeRequest *req = opaque;

    if (ret < 0 && !req->error) {
        req->error = ret;
    }
    if (--req->outstanding) {
        return;
    }
    if (req->error) {
        failed(req);
    } else if (!req->sq->dead && needs_flush(req)) {
        req->flushed = true;
        req->outstanding = 1;
        blk_aio_flush(req->ns->blk, part_done, req);
    } else {
        finish(req, NVME_OK);
    }
}

/* --- Commands ------------------------------------------------------------------------------------ */

static bool range_valid(const NvmeNamespace *ns, uint64_t slba, uint64_t nlb)
{
    uint64_t have = ns->size >> ns->block_shift;

    return nlb <= have && slba <= have - nlb;
}

/* Fills offset and bytes from the LBAs of reads, writes and their like. @limit: a power of two of 4 KiB; 0: none. */
static uint16_t check_range(NvmeRequest *req, uint8_t limit)
{
    uint64_t slba = le32toh(req->cmd.cdw10) | (uint64_t)le32toh(req->cmd.cdw11) << 32;
    uint64_t nlb = (le32toh(req->cmd.cdw12) & 0xffff) + 1, bytes = nlb << req->ns->block_shift;

    if (limit && bytes > 4096ULL << limit) {
        return NVME_INVALID_FIELD | NVME_DNR;
    }
    if (!range_valid(req->ns, slba, nlb)) {
        return NVME_LBA_RANGE | NVME_DNR;
    }
    if (writes_data(req) && blk_is_read_only(req->ns->blk)) {
        return NVME_READ_ONLY | NVME_DNR;
    }
    req->offset = slba << req->ns->block_shift;
    req->bytes = bytes;
    return NVME_OK;
}

static void submit_rw(NvmeRequest *req)
{
    const struct iovec *iov = (const struct iovec *)(void *)req->iov->data;

    req->outstanding = 1;
    req->error = 0;
    req->flushed = false;
    if (req->cmd.opcode == NVME_IO_WRITE) {
        blk_aio_pwritev(req->ns->blk, req->offset, iov, req->iov->len, part_done, req);
    } else {
        blk_aio_preadv(req->ns->blk, req->offset, iov, req->iov->len, part_done, req);
    }
}

static uint16_t start_rw(NvmeRequest *req)
{
    uint16_t status = check_range(req, nvme_ctrl_of(req)->mdts);

    if (!status) {
        status = nvme_map_data(req, req->bytes, true);
    }
    if (status) {
        return status;
    }
    nvme_map_iov(req, req->bytes, req->cmd.opcode == NVME_IO_READ, req->cmd.opcode == NVME_IO_COMPARE);
    if (req->cmd.opcode == NVME_IO_WRITE && req->bounce) {
        status = nvme_copy(req, req->bounce, req->bytes, false);
        if (status) {
            nvme_unmap_iov(req, false);
            return status;
        }
    }
    submit_rw(req);
    return NVME_OK;
}

static void submit_zeroes(NvmeRequest *req)
{
    req->outstanding = 1;
    req->error = 0;
    req->flushed = false;
    blk_aio_pwrite_zeroes(req->ns->blk, req->offset, req->bytes, le32toh(req->cmd.cdw12) & NVME_WZ_DEALLOCATE, part_done, req);
}

static uint16_t start_zeroes(NvmeRequest *req)
{
    uint16_t status = check_range(req, 0);

    if (!status) {
        submit_zeroes(req);
    }
    return status;
}

/* All parts at once into the same buffer, since nobody looks at it. The last one is smaller, if the length is not even. */
static void submit_verify(NvmeRequest *req)
{
    const struct iovec *iov = (const struct iovec *)(void *)req->iov->data;
    uint64_t part;

    req->error = 0;
    req->outstanding = 1;
    for (uint64_t done = 0; done < req->bytes; done += part) {
        part = MIN(req->bytes - done, VERIFY_CHUNK);
        req->outstanding++;
        blk_aio_preadv(req->ns->blk, req->offset + done, part == iov[0].iov_len ? &iov[0] : &iov[1], 1, part_done, req);
    }
    part_done(req, 0);
}

static uint16_t start_verify(NvmeRequest *req)
{
    uint16_t status = check_range(req, nvme_ctrl_of(req)->vsl);
    struct iovec rest;

    if (status) {
        return status;
    }
    nvme_map_iov(req, MIN(req->bytes, VERIFY_CHUNK), false, true);
    rest = (struct iovec) { .iov_base = req->bounce, .iov_len = req->bytes % VERIFY_CHUNK };
    g_array_append_val(req->iov, rest);
    submit_verify(req);
    return NVME_OK;
}

/* nsid of all ones: every namespace. One more part, ours, keeps it from finishing early. */
static uint16_t start_flush(NvmeRequest *req)
{
    NvmeCtrl *n = nvme_ctrl_of(req);

    req->error = 0;
    req->outstanding = 1;
    for (int i = 1; i <= NVME_MAX_NAMESPACES; i++) {
        NvmeNamespace *ns = n->namespaces[i];

        if (ns && (!req->ns || req->ns == ns)) {
            req->outstanding++;
            blk_aio_flush(ns->blk, part_done, req);
        }
    }
    part_done(req, 0);
    return NVME_OK;
}

static uint16_t start_dsm(NvmeRequest *req)
{
    NvmeDsmRange ranges[256];
    unsigned nr = (le32toh(req->cmd.cdw10) & 0xff) + 1;
    uint16_t status = nvme_map_data(req, nr * sizeof(ranges[0]), true);

    if (!status) {
        status = nvme_copy(req, ranges, nr * sizeof(ranges[0]), false);
    }
    if (status) {
        return status;
    }
    for (unsigned i = 0; i < nr; i++) {
        if (!range_valid(req->ns, le64toh(ranges[i].slba), le32toh(ranges[i].nlb))) {
            return NVME_LBA_RANGE | NVME_DNR;
        }
    }
    req->error = 0;
    req->outstanding = 1;
    for (unsigned i = 0; i < nr && (le32toh(req->cmd.cdw11) & NVME_DSM_DEALLOCATE) && !blk_is_read_only(req->ns->blk); i++) {
        uint64_t len = (uint64_t)le32toh(ranges[i].nlb) << req->ns->block_shift;

        if (len) {
            req->outstanding++;
            blk_aio_pdiscard(req->ns->blk, le64toh(ranges[i].slba) << req->ns->block_shift, len, part_done, req);
        }
    }
    part_done(req, 0);
    return NVME_OK;
}

static uint16_t start(NvmeRequest *req)
{
    switch (req->cmd.opcode) {
    case NVME_IO_FLUSH: return start_flush(req);
    case NVME_IO_READ:
    case NVME_IO_WRITE:
    case NVME_IO_COMPARE: return start_rw(req);
    case NVME_IO_WRITE_ZEROES: return start_zeroes(req);
    case NVME_IO_DSM: return start_dsm(req);
    case NVME_IO_VERIFY: return start_verify(req);
    default: return NVME_INVALID_OPCODE | NVME_DNR;
    }
}

void nvme_io_command(NvmeRequest *req)
{
    NvmeCtrl *n = nvme_ctrl_of(req);
    uint32_t nsid = le32toh(req->cmd.nsid);
    bool all = nsid == 0xffffffff && req->cmd.opcode == NVME_IO_FLUSH;
    uint16_t status;

    if (!all && (nsid == 0 || nsid > NVME_MAX_NAMESPACES)) {
        status = NVME_INVALID_NAMESPACE | NVME_DNR;
    } else if (req->cmd.flags & 3) {
        status = NVME_INVALID_FIELD | NVME_DNR;
    } else {
        req->ns = all ? NULL : n->namespaces[nsid];
        nvme_io_begin(req);
        status = all || req->ns ? start(req) : NVME_INVALID_FIELD | NVME_DNR;
        if (!status) {
            return;
        }
        nvme_complete(req, status);
        nvme_io_end(req->sq);
        return;
    }
    nvme_complete(req, status);
}

/* The machine runs again: what stopped it is tried once more. */
void nvme_io_restart(NvmeRequest *req)
{
    uint16_t status = NVME_OK;
    NvmeSQ *sq = req->sq;

    nvme_io_begin(req);
    switch (req->cmd.opcode) {
    case NVME_IO_READ:
    case NVME_IO_WRITE:
    case NVME_IO_COMPARE:
        submit_rw(req);
        break;
    case NVME_IO_WRITE_ZEROES:
        submit_zeroes(req);
        break;
    case NVME_IO_VERIFY:
        submit_verify(req);
        break;
    default:
        status = start(req);
    }
    if (status) {
        nvme_complete(req, status);
        nvme_io_end(sq);
    }
}
