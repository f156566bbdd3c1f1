/*
 * Controller memory buffer: NVM Express 1.4 sections 3.1.11, 3.1.12, 3.1.16,
 * 3.1.17 and 4.7. BAR 2 is memory; the host CPU reaches it there from the start. As
 * the target of the controller's own accesses it is where the guest says in
 * CMBMSC, or with legacy-cmb=on (NVM Express 1.3) where BAR 2 is.
 *
 * It takes submission queues, PRP lists, SGL segments and data; completion queues
 * stay in the host's memory, and neither a queue nor the data of one command may lie
 * half here, half there.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nvme.h"
#include "util/trace.h"

#define CMB_BAR         2
#define CMB_UNIT        MiB
#define CMB_UNIT_CODE   2               /* of CMBSZ.SZU: MiB */
#define CMB_MAX_MB      (1U << 19)      /* the power of two that CMBSZ.SZ has room for */
#define CMB_USES        (FIELD_MASK(CMBSZ, SQS) | FIELD_MASK(CMBSZ, LISTS) | FIELD_MASK(CMBSZ, RDS) | FIELD_MASK(CMBSZ, WDS))

static uint64_t cmb_size(const NvmeCtrl *n)
{
    return n->cmb_size_mb * CMB_UNIT;
}

bool nvme_cmb_check(NvmeCtrl *n, Error **errp)
{
    if (n->cmb_size_mb && (!is_power_of_2(n->cmb_size_mb) || n->cmb_size_mb > CMB_MAX_MB)) {
        error_setg(errp, "cmb_size_mb=%u must be a power of two up to %u, a BAR has no other size", n->cmb_size_mb, CMB_MAX_MB);
    } else if (n->cmb_size_mb && n->sriov_max_vfs) {
        error_setg(errp, "cmb_size_mb=%u cannot be had together with sriov_max_vfs=%u, leave one of them out", n->cmb_size_mb,
                   n->sriov_max_vfs);
    } else {
        return true;
    }
    return false;
}

bool nvme_cmb_init(NvmeCtrl *n, Error **errp)
{
    const uint8_t type = PCI_BASE_ADDRESS_SPACE_MEMORY | PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH;

    if (!n->cmb_size_mb) {
        return true;
    }
    if (!memory_region_init_ram(&n->cmb.mem, OBJECT(n), "nvme-cmb", cmb_size(n), errp)) {
        return false;
    }
    pci_register_bar(&n->parent_obj, CMB_BAR, type, &n->cmb.mem);
    return true;
}

void nvme_cmb_reset(NvmeCtrl *n)
{
    n->cmb.msc = 0;
    n->cmb.shown = n->legacy_cmb && n->cmb_size_mb;
}

/* --- Registers ----------------------------------------------------------------------------------- */

/* The guest asked for addresses that go beyond the last one. */
static bool base_invalid(const NvmeCtrl *n)
{
    return FIELD_EX64(n->cmb.msc, CMBMSC, CMSE) && (n->cmb.msc & FIELD_MASK(CMBMSC, CBA)) > -cmb_size(n);
}

void nvme_cmb_load_registers(const NvmeCtrl *n, uint8_t *r)
{
    if (!n->cmb_size_mb) {
        return;
    }
    if (n->cmb.shown) {
        stl_le_p(r + NVME_REG_CMBLOC, FIELD_DP32(FIELD_MASK(CMBLOC, CDPMLS) | FIELD_MASK(CMBLOC, CDPCILS), CMBLOC, BIR, CMB_BAR));
        stl_le_p(r + NVME_REG_CMBSZ, FIELD_DP32(FIELD_DP32(CMB_USES, CMBSZ, SZU, CMB_UNIT_CODE), CMBSZ, SZ, n->cmb_size_mb));
    }
    stq_le_p(r + NVME_REG_CMBMSC, n->cmb.msc);
    stl_le_p(r + NVME_REG_CMBSTS, base_invalid(n));
}

void nvme_cmb_write_msc(NvmeCtrl *n, unsigned shift, uint32_t val)
{
    if (!n->cmb_size_mb) {
        return;
    }
    n->cmb.msc = deposit64(n->cmb.msc, shift, 32, val) & NVME_CMBMSC_WRITABLE;
    n->cmb.shown = shift ? n->cmb.shown : FIELD_EX32(val, CMBMSC, CRE);        /* the half that has CRE decides */
    if (base_invalid(n)) {
        log_guest_error("nvme: CMBMSC 0x%" PRIx64 " puts the controller memory buffer beyond the last address\n", n->cmb.msc);
    }
}

/* --- The controller's accesses ---------------------------------------------------------------------- */

/* Where it is for the controller; false: nowhere. */
static bool cmb_base(const NvmeCtrl *n, uint64_t *base)
{
    if (!n->cmb.shown) {
        return false;
    }
    if (FIELD_EX64(n->cmb.msc, CMBMSC, CMSE)) {
        *base = n->cmb.msc & FIELD_MASK(CMBMSC, CBA);
        return !base_invalid(n);
    }
    *base = n->parent_obj.io_regions[CMB_BAR].addr;
    return n->legacy_cmb && *base != PCI_BAR_UNMAPPED;
}

NvmePlace nvme_cmb_find(NvmeCtrl *n, uint64_t addr, uint64_t len, uint8_t **host)
{
    uint64_t base, size = cmb_size(n), at;

    if (!len || !cmb_base(n, &base)) {
        return NVME_IN_HOST_MEMORY;
    }
    at = addr - base;                   /* large when it begins before */
    if (at < size && len <= size - at) {
        *host = memory_region_get_ram_ptr(&n->cmb.mem) + at;
        return NVME_IN_CMB;
    }
    return at < size || base - addr < len ? NVME_IN_BOTH : NVME_IN_HOST_MEMORY;
}

MemTxResult nvme_cmb_dma(NvmeCtrl *n, uint64_t addr, void *buf, uint64_t len, bool to_guest)
{
    uint8_t *host;

    switch (nvme_cmb_find(n, addr, len, &host)) {
    case NVME_IN_HOST_MEMORY:
        return nvme_host_dma(n, addr, buf, len, to_guest);
    case NVME_IN_BOTH:
        return MEMTX_DECODE_ERROR;
    case NVME_IN_CMB:
        break;
    }
    if (!to_guest) {
        memcpy(buf, host, len);
        return MEMTX_OK;
    }
    memcpy(host, buf, len);
    if (n->cmb.mem.dirty_log_mask) {
        memory_region_set_dirty(&n->cmb.mem, host - (uint8_t *)memory_region_get_ram_ptr(&n->cmb.mem), len);
    }
    return MEMTX_OK;
}

void *nvme_cmb_map(NvmeCtrl *n, uint64_t addr, uint64_t len)
{
    uint8_t *host;

    if (nvme_cmb_find(n, addr, len, &host) != NVME_IN_CMB) {
        return NULL;
    }
    object_ref(n);                      /* what unmapping memory of ours gives back */
    return host;
}

bool nvme_cmb_queue_allowed(NvmeCtrl *n, uint64_t addr, uint32_t entries, bool submissions)
{
    uint64_t len = entries * (submissions ? sizeof(NvmeCmd) : sizeof(NvmeCqe));
    uint8_t *host;
    NvmePlace place = nvme_cmb_find(n, addr, len, &host);

    return place == NVME_IN_HOST_MEMORY || (place == NVME_IN_CMB && submissions);
}

bool nvme_cmb_data_allowed(NvmeRequest *req)
{
    unsigned places = 0;
    uint8_t *host;

    if (!nvme_ctrl_of(req)->cmb_size_mb) {
        return true;
    }
    for (guint i = 0; i < req->segs->len; i++) {
        const NvmeSeg *seg = &g_array_index(req->segs, NvmeSeg, i);

        if (!seg->bucket) {
            places |= nvme_cmb_find(nvme_ctrl_of(req), seg->addr, seg->len, &host);
        }
    }
    return places != NVME_IN_BOTH;
}
