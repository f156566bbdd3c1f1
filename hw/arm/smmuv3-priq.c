/*
 * SMMUv3: the PRI queue.
 *
 * The guest sees (IHI 0070 chapter 8) page requests of devices as records of 16
 * bytes, with an interrupt when one was added or, by PRIQ_IRQ_CFG2.LO, when one
 * was the last of its group. A full queue overflows, and then takes nothing until
 * the guest has acknowledged that: a group whose first half is lost is lost.
 * Whoever brought a request learns what became of it and answers the device
 * in the guest's place where the guest will not.
 *
 * Runs under the vSMMU lock on any thread. Only accel=on brings requests.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-internal.h"
#include "hw_arm.trace.h"

void smmu_page_request_encode(const SMMUPageRequest *r, uint64_t rec[PRI_WORDS])
{
    rec[0] = FIELD_DP64(0, PRI0, SID, r->sid);
    rec[0] = FIELD_DP64(rec[0], PRI0, SSV, r->ssv);
    rec[0] = FIELD_DP64(rec[0], PRI0, SSID, r->ssv ? r->ssid : 0);
    rec[0] = FIELD_DP64(rec[0], PRI0, PRIV, r->priv);
    rec[0] = FIELD_DP64(rec[0], PRI0, EXEC, r->exec);
    rec[0] = FIELD_DP64(rec[0], PRI0, READ, r->read);
    rec[0] = FIELD_DP64(rec[0], PRI0, WRITE, r->write);
    rec[0] = FIELD_DP64(rec[0], PRI0, LAST, r->last);
    rec[1] = FIELD_DP64(r->addr & PRI1_ADDR_MASK, PRI1, PRGINDEX, r->prg);
}

static bool overflowed(const SMMUQueue *q)
{
    return (q->prod ^ q->cons) & QUEUE_OVF;
}

static bool make_room(SMMUv3State *s, uint32_t mask)
{
    SMMUQueue *q = &s->priq;

    if (!overflowed(q) && ((q->prod ^ q->cons) & mask) == (mask >> 1) + 1) {
        q->prod ^= QUEUE_OVF;
    }
    return !overflowed(q);
}

SMMUPriOutcome smmuv3_page_request(SMMUv3State *s, const SMMUPageRequest *r)
{
    SMMUQueue *q = &s->priq;
    unsigned log2size = smmuv3_queue_log2size(q, SMMU_PRIQS);
    uint32_t mask = MAKE_64BIT_MASK(0, log2size + 1);
    uint64_t base = q->base & QBASE_ADDR_MASK & ~MAKE_64BIT_MASK(0, MAX(log2size + 4, 5)), rec[PRI_WORDS];

    if (!smmuv3_enabled(s) || !FIELD_EX32(s->cr0, CR0, PRIQEN) || ((s->gerror ^ s->gerrorn) & GERROR_PRIQ_ABT_ERR)) {
        s->stats.page_requests_lost++;
        return SMMU_PRI_REFUSED;
    }
    if (!make_room(s, mask)) {
        s->stats.page_requests_lost++;
        return SMMU_PRI_OVERFLOW;
    }
    smmu_page_request_encode(r, rec);
    trace_smmuv3_page_request(r->sid, r->prg, rec[0], rec[1]);
    for (unsigned i = 0; i < PRI_WORDS; i++) {
        rec[i] = htole64(rec[i]);
    }
    if (address_space_write(s->as, base + (uint64_t)(q->prod & (mask >> 1)) * PRI_SIZE, (MemTxAttrs) { .memory = 1 }, rec, sizeof(rec)) != MEMTX_OK) {
        s->stats.page_requests_lost++;
        smmuv3_gerror_raise(s, GERROR_PRIQ_ABT_ERR);
        return SMMU_PRI_REFUSED;
    }
    q->prod = (q->prod & QUEUE_OVF) | ((q->prod + 1) & mask);
    s->stats.page_requests++;
    if (FIELD_EX32(s->irq_ctrl, IRQ_CTRL, PRIQ_IRQEN) && (r->last || !FIELD_EX32(s->msi_priq.attr, PRIQ_IRQ_CFG2, LO))) {
        smmuv3_notify(s, SMMU_IRQ_PRIQ, &s->msi_priq, GERROR_MSI_PRIQ_ABT_ERR);
    }
    return SMMU_PRI_QUEUED;
}
