/*
 * What a physical SMMU keeps of a guest's tables until it is told otherwise:
 * context descriptors by StreamID and SubstreamID, and leaves of stage 1 by VMID,
 * ASID and address. A guest's invalidation that got lost on its way shows as DMA
 * to where a page used to be.
 *
 * As forgetful as the architecture allows (IHI 0070 4.3, 4.4, 16; DDI 0487 D8):
 *
 *   a leaf       matches its whole block; an nG=0 one every ASID
 *   by address   drops what translates that address, whatever its size
 *   by range     drops only leaves of the granule in TG, and of the level in TTL
 *                when there is one, that the range meets
 *   faults       are not kept, nor leaves without access flag
 *   stage 2      is looked up each time: its upkeep is the kernel's business
 *
 * It holds SIM_TLB_SIZE leaves; the oldest goes first.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hostsim.h"

#define SIM_TLB_SIZE 256
#define IDR3_RIL     (1U << 10)

/* --- Leaves -------------------------------------------------------------------------------- */

static bool same_context(const SimLeaf *e, uint32_t vmid, uint32_t asid)
{
    return e->vmid == vmid && (e->global || e->asid == asid);
}

bool sim_tlb_lookup(const SimSMMU *smmu, uint32_t vmid, uint32_t asid, uint64_t va, SimLeaf *leaf)
{
    for (unsigned i = 0; i < smmu->tlb->len; i++) {
        const SimLeaf *e = &g_array_index(smmu->tlb, SimLeaf, i);
        if (same_context(e, vmid, asid) && va >> e->shift == e->va >> e->shift) {
            *leaf = *e;
            return true;
        }
    }
    return false;
}

void sim_tlb_insert(SimSMMU *smmu, const SimLeaf *leaf)
{
    if (!smmu->caches) {
        return;
    }
    if (smmu->tlb->len == SIM_TLB_SIZE) {
        g_array_remove_index(smmu->tlb, 0);
    }
    g_array_append_val(smmu->tlb, *leaf);
}

/* --- What an invalidation names -------------------------------------------------------------- */

typedef struct Victim {
    uint32_t vmid, asid;
    bool any_asid, and_globals, by_address;
    uint64_t first, last;
    unsigned granule, level;            /* 0: any */
} Victim;

/* Word 0: NUM [16:12], SCALE [24:20]; word 1: TTL [9:8], TG [11:10], Address [63:12]. */
static void take_addresses(const SimSMMU *smmu, const uint64_t cmd[2], Victim *v)
{
    static const uint8_t granule[4] = { 0, 12, 14, 16 };
    unsigned tg = smmu->info.idr[3] & IDR3_RIL ? (unsigned)extract64(cmd[1], 10, 2) : 0;

    v->by_address = true;
    v->first = v->last = cmd[1] & ~(SIM_PAGE - 1);
    if (tg) {
        unsigned shift = granule[tg] + 5 * (unsigned)extract64(cmd[0], 20, 5);
        uint64_t pages = extract64(cmd[0], 12, 5) + 1;
        v->first &= ~((1ULL << granule[tg]) - 1);
        v->last = shift >= 58 ? UINT64_MAX : v->first + (pages << shift) - 1;
        v->granule = granule[tg];
        v->level = (unsigned)extract64(cmd[1], 8, 2);
    }
}

/* False: no TLBI that a guest can send. */
static bool find_victim(const SimSMMU *smmu, const uint64_t cmd[2], Victim *v)
{
    *v = (Victim) { .vmid = (uint32_t)extract64(cmd[0], 32, 16), .asid = (uint32_t)(cmd[0] >> 48) };
    switch (cmd[0] & 0xff) {
    case 0x10:                          /* NH_ALL */
        v->any_asid = v->and_globals = true;
        return true;
    case 0x11:                          /* NH_ASID */
        return true;
    case 0x12:                          /* NH_VA */
        v->and_globals = true;
        take_addresses(smmu, cmd, v);
        return true;
    case 0x13:                          /* NH_VAA */
        v->any_asid = v->and_globals = true;
        take_addresses(smmu, cmd, v);
        return true;
    default:
        return false;
    }
}

static bool is_hit(const Victim *v, const SimLeaf *e)
{
    uint64_t first = e->va, last = first + ((1ULL << e->shift) - 1);
    bool context = e->vmid == v->vmid && (e->global ? v->and_globals : v->any_asid || e->asid == v->asid);

    return context && (!v->by_address || (v->first <= last && first <= v->last)) && (!v->granule || v->granule == e->granule) &&
           (!v->level || v->level == e->level);
}

static void drop_leaves(SimSMMU *smmu, const Victim *v)
{
    for (unsigned i = smmu->tlb->len; i-- > 0;) {
        if (is_hit(v, &g_array_index(smmu->tlb, SimLeaf, i))) {
            g_array_remove_index(smmu->tlb, i);
        }
    }
}

/* --- Context descriptors --------------------------------------------------------------------- */

bool sim_cd_lookup(const SimDevice *dev, uint32_t ssid, SimCD *cd)
{
    for (unsigned i = 0; i < dev->cds->len; i++) {
        const SimCD *e = &g_array_index(dev->cds, SimCD, i);
        if (e->ssid == ssid) {
            *cd = *e;
            return true;
        }
    }
    return false;
}

void sim_cd_insert(SimDevice *dev, const SimCD *cd)
{
    if (dev->smmu->caches) {
        g_array_append_val(dev->cds, *cd);
    }
}

/* A new stream table entry takes the descriptors of its stream along. */
void sim_cd_flush(SimDevice *dev)
{
    g_array_set_size(dev->cds, 0);
}

static void drop_cd(SimDevice *dev, uint32_t ssid)
{
    for (unsigned i = dev->cds->len; i-- > 0;) {
        if (g_array_index(dev->cds, SimCD, i).ssid == ssid) {
            g_array_remove_index(dev->cds, i);
        }
    }
}

/* --- Commands ---------------------------------------------------------------------------------- */

/* CFGI_CD: SSID [31:12], SID [63:32]. */
static void stream_command(SimDevice *dev, const uint64_t cmd[2])
{
    switch (cmd[0] & 0xff) {
    case 0x05:
        drop_cd(dev, (uint32_t)extract64(cmd[0], 12, 20));
        break;
    case 0x06:
        sim_cd_flush(dev);
        break;
    case 0x40:
        sim_atc_invalidate(dev, cmd);
        break;
    }
}

void sim_smmu_command(SimSMMU *smmu, const uint64_t cmd[2])
{
    Victim v;

    if (find_victim(smmu, cmd, &v)) {
        drop_leaves(smmu, &v);
        return;
    }
    for (unsigned i = 0; i < hostsim->devices->len; i++) {
        SimDevice *dev = hostsim->devices->pdata[i];
        if (dev->smmu == smmu && dev->sid == cmd[0] >> 32) {
            stream_command(dev, cmd);
        }
    }
}

/* A stage 2 goes: the kernel does this before it gives the VMID to another. */
void sim_tlb_drop_vmid(SimSMMU *smmu, uint32_t vmid)
{
    drop_leaves(smmu, &(Victim) { .vmid = vmid, .any_asid = true, .and_globals = true });
}
