/*
 * What a command's data pointer names: PRP lists and SGLs (NVM Express 1.4
 * sections 4.3, 4.4) become stretches of guest memory; those become an iovec of
 * guest memory itself or, when some of it is not RAM, of a bounce buffer.
 *
 * Lists come from the guest. A PRP list cannot be longer than the data: each
 * page of it must carry entries. An SGL is cut off at a number of descriptors.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nvme.h"

#define SGL_DESCRIPTORS_MAX     8192
#define SGL_CHUNK               128

static void add_seg(NvmeRequest *req, uint64_t addr, uint64_t len, bool bucket)
{
    NvmeSeg seg = { .addr = addr, .len = len, .bucket = bucket };
    NvmeSeg *last = req->segs->len ? &g_array_index(req->segs, NvmeSeg, req->segs->len - 1) : NULL;

    if (last && !bucket && !last->bucket && last->addr + last->len == addr) {
        last->len += len;
    } else if (len) {
        g_array_append_val(req->segs, seg);
    }
}

/* --- PRP ----------------------------------------------------------------------------------- */

/* One page of the list. *@list becomes the next page, 0 at the end. */
static uint16_t map_list_page(NvmeRequest *req, uint64_t *list, uint64_t *len, uint64_t *entries)
{
    NvmeCtrl *n = nvme_ctrl_of(req);
    uint64_t page = n->page_size, room = (page - (*list & (page - 1))) / 8, want = MIN(room, DIV_ROUND_UP(*len, page));

    if (nvme_dma(n, *list, entries, want * 8, false)) {
        return NVME_DATA_TRANSFER_ERROR;
    }
    *list = 0;
    for (uint64_t i = 0; i < want; i++) {
        uint64_t entry = le64toh(entries[i]);

        if (entry & (page - 1)) {
            return NVME_PRP_OFFSET_INVALID | NVME_DNR;
        }
        if (i == room - 1 && *len > page) {
            *list = entry;
            return NVME_OK;
        }
        add_seg(req, entry, MIN(*len, page), false);
        *len -= MIN(*len, page);
    }
    return NVME_OK;
}

static uint16_t map_list(NvmeRequest *req, uint64_t list, uint64_t len)
{
    g_autofree uint64_t *entries = g_malloc(nvme_ctrl_of(req)->page_size);
    uint16_t status = list & 7 ? NVME_PRP_OFFSET_INVALID | NVME_DNR : NVME_OK;

    while (!status && len) {
        status = map_list_page(req, &list, &len, entries);
    }
    return status;
}

static uint16_t map_prp(NvmeRequest *req, uint64_t len)
{
    uint64_t page = nvme_ctrl_of(req)->page_size, prp1 = le64toh(req->cmd.dptr1), prp2 = le64toh(req->cmd.dptr2);
    uint64_t first = MIN(len, page - (prp1 & (page - 1)));

    if (prp1 & 3) {
        return NVME_PRP_OFFSET_INVALID | NVME_DNR;
    }
    add_seg(req, prp1, first, false);
    len -= first;
    if (!len) {
        return NVME_OK;
    }
    if (len > page) {
        return map_list(req, prp2, len);
    }
    if (prp2 & (page - 1)) {
        return NVME_PRP_OFFSET_INVALID | NVME_DNR;
    }
    add_seg(req, prp2, len, false);
    return NVME_OK;
}

/* --- SGL -------------------------------------------------------------------------------------- */

typedef struct SglWalk {
    NvmeRequest *req;
    uint64_t remaining;
    unsigned budget;
    NvmeSglDesc next;                   /* the segment to go on with */
    bool last;                          /* it is the last one */
    bool end;
} SglWalk;

static uint16_t take_data(SglWalk *w, const NvmeSglDesc *d, bool bucket)
{
    uint64_t len = le32toh(d->len);
    bool to_host = w->req->cmd.opcode != NVME_IO_READ;

    if (bucket && to_host) {
        return NVME_OK;                 /* discards nothing of what the guest sends */
    }
    if (len > w->remaining) {
        return NVME_SGL_LENGTH_INVALID | NVME_DNR;
    }
    add_seg(w->req, le64toh(d->addr), len, bucket);
    w->remaining -= len;
    return NVME_OK;
}

/* @final: the last descriptor of a segment that is not the last segment must lead on. */
static uint16_t take_descriptor(SglWalk *w, const NvmeSglDesc *d, bool final)
{
    unsigned type = d->type >> 4;

    if (!w->budget--) {
        return NVME_SGL_COUNT_INVALID | NVME_DNR;
    }
    if ((d->type & 0xf) || (final && !w->last && type != NVME_SGL_SEGMENT && type != NVME_SGL_LAST_SEGMENT)) {
        return (d->type & 0xf ? NVME_SGL_TYPE_INVALID : NVME_SGL_SEGMENT_INVALID) | NVME_DNR;
    }
    switch (type) {
    case NVME_SGL_DATA:
    case NVME_SGL_BIT_BUCKET:
        return take_data(w, d, type == NVME_SGL_BIT_BUCKET);
    case NVME_SGL_SEGMENT:
    case NVME_SGL_LAST_SEGMENT:
        if (w->last || !final || !d->len || (le32toh(d->len) & 15)) {
            return NVME_SGL_SEGMENT_INVALID | NVME_DNR;
        }
        w->next = *d;
        w->end = false;
        return NVME_OK;
    default:
        return NVME_SGL_TYPE_INVALID | NVME_DNR;
    }
}

static uint16_t walk_segment(SglWalk *w)
{
    NvmeSglDesc chunk[SGL_CHUNK];
    uint64_t addr = le64toh(w->next.addr), left = le32toh(w->next.len) / sizeof(NvmeSglDesc);

    w->last = w->next.type >> 4 == NVME_SGL_LAST_SEGMENT;
    w->end = true;
    while (left) {
        unsigned n = MIN(left, SGL_CHUNK);

        if (nvme_dma(nvme_ctrl_of(w->req), addr, chunk, n * sizeof(chunk[0]), false)) {
            return NVME_DATA_TRANSFER_ERROR;
        }
        for (unsigned i = 0; i < n; i++) {
            uint16_t status = take_descriptor(w, &chunk[i], i + 1 == left);
            if (status) {
                return status;
            }
        }
        left -= n;
        addr += n * sizeof(chunk[0]);
    }
    return NVME_OK;
}

static uint16_t map_sgl(NvmeRequest *req, uint64_t len)
{
    SglWalk w = { .req = req, .remaining = len, .budget = SGL_DESCRIPTORS_MAX, .end = true };
    NvmeSglDesc first;
    uint16_t status;

    memcpy(&first, &req->cmd.dptr1, sizeof(first));
    w.last = first.type >> 4 <= NVME_SGL_BIT_BUCKET;    /* data in the command itself: nothing follows */
    status = take_descriptor(&w, &first, true);
    while (!status && !w.end) {
        status = walk_segment(&w);
    }
    if (!status && w.remaining) {
        status = NVME_SGL_LENGTH_INVALID | NVME_DNR;
    }
    return status;
}

static uint16_t map_pointer(NvmeRequest *req, uint64_t len, bool allow_sgl)
{
    switch (req->cmd.flags >> 6) {
    case 0:
        return map_prp(req, len);
    case 1:
    case 2:
        return allow_sgl ? map_sgl(req, len) : NVME_INVALID_FIELD | NVME_DNR;
    default:
        return NVME_INVALID_FIELD | NVME_DNR;
    }
}

uint16_t nvme_map_data(NvmeRequest *req, uint64_t len, bool allow_sgl)
{
    uint16_t status;

    g_array_set_size(req->segs, 0);
    status = map_pointer(req, len, allow_sgl);
    return status || nvme_cmb_data_allowed(req) ? status : NVME_CMB_INVALID_USE | NVME_DNR;
}

/* --- Copying and mapping -------------------------------------------------------------------------- */

uint16_t nvme_copy(NvmeRequest *req, void *buf, uint64_t len, bool to_guest)
{
    NvmeCtrl *n = nvme_ctrl_of(req);
    uint8_t *p = buf;

    for (guint i = 0; i < req->segs->len && len; i++) {
        NvmeSeg *seg = &g_array_index(req->segs, NvmeSeg, i);
        uint64_t part = MIN(seg->len, len);

        if (!seg->bucket && nvme_dma(n, seg->addr, p, part, to_guest)) {
            return NVME_DATA_TRANSFER_ERROR;
        }
        p += part;
        len -= part;
    }
    return NVME_OK;
}

/* *@len becomes what is there in one piece. */
static void *map_piece(NvmeRequest *req, uint64_t addr, hwaddr *len)
{
    NvmeCtrl *n = nvme_ctrl_of(req);
    void *p = nvme_cmb_map(n, addr, *len);

    return p ? p : ram_window_map(&n->ram, pci_get_address_space(&n->parent_obj), addr, len, req->mapped_for_write,
                                  pci_dma_attrs(&n->parent_obj));
}

static bool map_seg(NvmeRequest *req, const NvmeSeg *seg)
{
    for (uint64_t done = 0; done < seg->len;) {
        hwaddr part = seg->len - done;
        void *p = seg->bucket ? NULL : map_piece(req, seg->addr + done, &part);
        struct iovec v = { .iov_base = p, .iov_len = part };

        if (!p) {
            return false;
        }
        g_array_append_val(req->iov, v);
        done += part;
    }
    return true;
}

static void unmap_all(NvmeRequest *req, bool accessed)
{
    NvmeCtrl *n = nvme_ctrl_of(req);

    for (guint i = 0; i < req->iov->len; i++) {
        struct iovec *v = &g_array_index(req->iov, struct iovec, i);
        ram_window_unmap(&n->ram, pci_get_address_space(&n->parent_obj), v->iov_base, v->iov_len, req->mapped_for_write,
                         accessed ? v->iov_len : 0);
    }
    g_array_set_size(req->iov, 0);
}

static void use_bounce(NvmeRequest *req, uint64_t len)
{
    struct iovec v = { .iov_len = len };

    v.iov_base = req->bounce = g_malloc0(len);
    g_array_append_val(req->iov, v);
}

void nvme_map_iov(NvmeRequest *req, uint64_t len, bool into_guest, bool bounce)
{
    req->mapped_for_write = into_guest;
    for (guint i = 0; !bounce && i < req->segs->len; i++) {
        bounce = !map_seg(req, &g_array_index(req->segs, NvmeSeg, i)) || req->iov->len > IOV_MAX;
    }
    if (bounce) {
        unmap_all(req, false);
        use_bounce(req, len);
    }
}

uint16_t nvme_unmap_iov(NvmeRequest *req, bool copy_back)
{
    uint16_t status = NVME_OK;

    if (!req->bounce) {
        unmap_all(req, copy_back);
        return NVME_OK;
    }
    if (copy_back && req->mapped_for_write) {
        status = nvme_copy(req, req->bounce, req->bytes, true);
    }
    g_clear_pointer(&req->bounce, g_free);
    g_array_set_size(req->iov, 0);
    return status;
}
