/*
 * DMA of a simulated device, as the physical SMMU carries it out: blocked,
 * stage 2 only, or the guest's stage 1 (sim-walk.c) and then the host's stage 2;
 * with the events that come of it, and the device's own cache of translations
 * (ATC) when its table has ATS on.
 *
 * The ATC keeps what the guest's stage 1 said until an ATC_INV reaches it: a
 * forgotten one shows. What stage 2 shows, the host takes out of it itself.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hostsim.h"
#include "system/memory.h"

#define PAGE_MASK (SIM_PAGE - 1)

SimObject *sim_ioas_of(const SimObject *hwpt)
{
    return hwpt->type == SIM_NESTED ? hwpt->parent->parent->parent : hwpt->parent;
}

/* --- Events -------------------------------------------------------------------------------- */

/* Word 0: id, SSV [11], SSID [31:12]. Word 1: PnU [33], InD [34], RnW [35], Class [41:40]. Word 2: the address. */
static void record(SimDevice *dev, const SimAccess *a, uint64_t iova, const SimFault *fault)
{
    bool has_address = fault->event >= 0x10;
    uint64_t evt[4] = {
        fault->event | (a->has_pasid ? 1ULL << 11 | (uint64_t)a->pasid << 12 : 0) | (uint64_t)dev->sid << 32,
        has_address ? (uint64_t)(!a->has_pasid || a->priv) << 33 | (uint64_t)a->exec << 34 | (uint64_t)!a->write << 35 |
                      (uint64_t)fault->class << 40 : 0,
        has_address ? iova : 0, 0,
    };

    if (fault->event) {
        sim_event(dev, evt);
    }
}

/* --- The device's cache ------------------------------------------------------------------- */

static SimATCEntry *atc_entry(SimDevice *dev, unsigned i)
{
    return &g_array_index(dev->atc, SimATCEntry, i);
}

static bool atc_lookup(SimDevice *dev, const SimAccess *a, uint64_t iova, SimPage *page)
{
    for (unsigned i = 0; i < dev->atc->len; i++) {
        const SimATCEntry *e = atc_entry(dev, i);
        if (e->page == iova / SIM_PAGE && e->has_pasid == a->has_pasid && e->pasid == a->pasid && (e->to.writable || !a->write)) {
            *page = e->to;
            page->host += iova & PAGE_MASK;
            return true;
        }
    }
    return false;
}

static void atc_insert(SimDevice *dev, const SimAccess *a, uint64_t iova, SimPage page)
{
    SimATCEntry e = { a->has_pasid, a->pasid, iova / SIM_PAGE, page };

    e.to.host -= iova & PAGE_MASK;
    g_array_append_val(dev->atc, e);
}

static void atc_drop(SimDevice *dev, uint32_t pasid, uint64_t iova, uint64_t mask)
{
    for (unsigned i = dev->atc->len; i-- > 0;) {
        const SimATCEntry *e = atc_entry(dev, i);
        uint32_t mine = e->has_pasid ? e->pasid : IOMMU_NO_PASID;
        if ((pasid == IOMMU_ANY_PASID || pasid == mine) && ((e->page * SIM_PAGE) ^ iova) <= mask) {
            g_array_remove_index_fast(dev->atc, i);
        }
    }
    sim_model_invalidated(dev, pasid, iova & ~mask, mask);
}

/* ATC_INV: G [9], SSV [11], SSID [31:12]; word 1: Size [5:0], Address [63:12]. */
void sim_atc_invalidate(SimDevice *dev, const uint64_t cmd[2])
{
    bool ssv = cmd[0] >> 11 & 1, global = cmd[0] >> 9 & 1;
    unsigned size = (unsigned)extract64(cmd[1], 0, 6);
    uint64_t mask = size >= 52 ? UINT64_MAX : (SIM_PAGE << size) - 1;
    uint32_t pasid = ssv && global ? IOMMU_ANY_PASID : ssv ? (uint32_t)extract64(cmd[0], 12, 20) : IOMMU_NO_PASID;

    atc_drop(dev, pasid, cmd[1] & ~PAGE_MASK, mask);
}

void sim_atc_flush(SimDevice *dev)
{
    atc_drop(dev, IOMMU_ANY_PASID, 0, UINT64_MAX);
}

/* The host unmapped something there. */
void sim_atc_flush_ioas(const SimObject *ioas)
{
    for (unsigned i = 0; i < hostsim->devices->len; i++) {
        SimDevice *dev = hostsim->devices->pdata[i];
        if (dev->group->hwpt && sim_ioas_of(dev->group->hwpt) == ioas) {
            sim_atc_flush(dev);
        }
    }
}

void sim_atc_free(SimDevice *dev)
{
    g_array_free(dev->atc, true);
}

/* ATS of the physical function follows the table: EATS of a nested stage 1; on with every other one. */
void sim_ats_follow_table(SimDevice *dev, const SimObject *hwpt)
{
    bool wanted = hwpt && (hwpt->type != SIM_NESTED || sim_nested_config(hwpt) != 5 || extract64(hwpt->ste[1], 28, 2) == 1);

    sim_cd_flush(dev);
    sim_atc_flush(dev);
    dev->ats_on = dev->ats && wanted;
    sim_model_set_ats(dev);
}

/* --- Translation --------------------------------------------------------------------------- */

static int walk_both(SimDevice *dev, const SimAccess *a, uint64_t iova, SimPage *page)
{
    SimObject *hwpt = dev->group->hwpt;
    size_t len = SIM_PAGE - (iova & PAGE_MASK);
    bool writable = true;
    SimFault fault;

    page->ipa = iova;
    if (hwpt->type == SIM_NESTED && sim_nested_config(hwpt) == 0) {
        return -EFAULT;                 /* abort is silent */
    }
    if (hwpt->type == SIM_NESTED && sim_nested_config(hwpt) == 5) {
        if (sim_stage1(dev, a, iova, &page->ipa, &writable, &fault) < 0) {
            record(dev, a, iova, &fault);
            return -EFAULT;
        }
    } else if (a->has_pasid) {
        return -EFAULT;                 /* no substreams without stage 1 */
    }
    page->host = sim_ioas_translate(sim_ioas_of(hwpt), page->ipa, &len, a->write);
    if (!page->host) {
        return -EFAULT;
    }
    len = 1;
    page->writable = writable && sim_ioas_translate(sim_ioas_of(hwpt), page->ipa, &len, true);
    return 0;
}

int sim_translate(SimDevice *dev, const SimAccess *a, uint64_t iova, SimPage *page)
{
    bool cached = dev->uses_atc && dev->ats_on;

    if (!dev->group->attached || !(dev->config[4] & 4)) {
        return -EFAULT;                 /* no table, or not a bus master */
    }
    if (cached && atc_lookup(dev, a, iova, page)) {
        return 0;
    }
    int r = walk_both(dev, a, iova, page);
    if (r == 0 && a->write && dev->group->hwpt->type == SIM_PAGING) {
        sim_dirty_mark(dev->group->hwpt, iova);
    }
    if (r == 0 && cached) {
        atc_insert(dev, a, iova, *page);
    }
    return r;
}

bool sim_is_shown(SimDevice *dev, const uint8_t *host, uint64_t len, bool write)
{
    SimObject *hwpt = dev->attached ? dev->group->hwpt : NULL;
    const GArray *areas = hwpt ? sim_ioas_of(hwpt)->areas : NULL;

    for (unsigned i = 0; areas && dev->ats_on && i < areas->len; i++) {
        const SimArea *area = &g_array_index(areas, SimArea, i);
        const uint8_t *base = area->fd >= 0 ? area->file_map : area->va;
        uint64_t at = (uintptr_t)host - (uintptr_t)base;
        if (base && at < area->length && len <= area->length - at && !(write && area->readonly)) {
            return true;
        }
    }
    return false;
}

/* --- The small endpoint's DMA ----------------------------------------------------------------- */

int hostsim_dma_as(SimDevice *dev, SimAccess a, uint64_t iova, void *buf, size_t len)
{
    uint8_t *at = buf;
    SimPage page;
    int r = 0;

    hostsim_lock();
    while (len && r == 0) {
        size_t n = MIN(len, SIM_PAGE - (iova & PAGE_MASK));
        r = sim_translate(dev, &a, iova, &page);
        if (r == 0) {
            memcpy(a.write ? page.host : at, a.write ? at : page.host, n);
        }
        iova += n;
        at += n;
        len -= n;
    }
    hostsim_unlock();
    return r;
}

int hostsim_dma(SimDevice *dev, uint64_t iova, void *buf, size_t len, bool write)
{
    return hostsim_dma_as(dev, (SimAccess) { .write = write }, iova, buf, len);
}
