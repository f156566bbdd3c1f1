/*
 * SMMUv3: the event queue, global errors and the interrupts of both.
 *
 * The guest sees (IHI 0070): event queue of 2^LOG2SIZE records with overflow
 * flag and acknowledge (3.5.3, 7.4), GERROR/GERRORN toggles (6.3.21, 7.5),
 * wired interrupts and MSIs (3.18). An interrupt is sent whenever records were
 * added, not only when the queue was empty: a guest that is late in writing
 * CONS never sleeps on a full queue.
 *
 * A record that repeats the one before it, but for the place within a page, is
 * left out while that one waits in the queue, if its STE says so (MEV).
 *
 * Runs under the vSMMU lock on any thread. PRI queue: smmuv3-priq.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-internal.h"
#include "util/main-loop.h"
#include "hw_arm.trace.h"

unsigned smmuv3_queue_log2size(const SMMUQueue *q, unsigned max)
{
    return MIN(FIELD_EX64(q->base, QBASE, LOG2SIZE), max);
}

static bool has_address(SMMUEventType t)
{
    return t == SMMU_EVT_F_UUT || t == SMMU_EVT_F_BAD_ATS_TREQ || t == SMMU_EVT_F_TRANSL_FORBIDDEN ||
           t == SMMU_EVT_F_WALK_EABT || (t >= SMMU_EVT_F_TRANSLATION && t <= SMMU_EVT_F_PERMISSION);
}

static bool has_syndrome(SMMUEventType t)
{
    return t == SMMU_EVT_F_UUT || t == SMMU_EVT_F_WALK_EABT || (t >= SMMU_EVT_F_TRANSLATION && t <= SMMU_EVT_F_PERMISSION);
}

static uint64_t last_word(const SMMUEvent *e)
{
    switch (e->type) {
    case SMMU_EVT_F_STE_FETCH:
    case SMMU_EVT_F_CD_FETCH:
    case SMMU_EVT_F_WALK_EABT:
        return e->ipa & EVT3_FETCH_MASK;
    case SMMU_EVT_F_TRANSLATION:
    case SMMU_EVT_F_ADDR_SIZE:
    case SMMU_EVT_F_ACCESS:
    case SMMU_EVT_F_PERMISSION:
        return e->s2 ? e->ipa & EVT3_IPA_MASK : 0;
    default:
        return 0;
    }
}

void smmu_event_encode(const SMMUEvent *e, uint64_t rec[EVT_WORDS])
{
    rec[0] = FIELD_DP64(FIELD_DP64(0, EVT0, TYPE, e->type), EVT0, SID, e->sid);
    if (e->ssv) {
        rec[0] = FIELD_DP64(FIELD_DP64(rec[0], EVT0, SSV, 1), EVT0, SSID, e->ssid);
    }
    rec[1] = 0;
    if (has_syndrome(e->type)) {
        rec[1] = FIELD_DP64(rec[1], EVT1, PNU, e->pnu);
        rec[1] = FIELD_DP64(rec[1], EVT1, IND, e->ind);
        rec[1] = FIELD_DP64(rec[1], EVT1, RNW, e->rnw);
        if (e->type != SMMU_EVT_F_UUT) {
            rec[1] = FIELD_DP64(rec[1], EVT1, S2, e->s2);
            rec[1] = FIELD_DP64(rec[1], EVT1, CLASS, e->class);
        }
    } else if (e->type == SMMU_EVT_F_TRANSL_FORBIDDEN) {
        rec[1] = FIELD_DP64(0, EVT1, RNW, e->rnw);
    }
    rec[2] = has_address(e->type) ? e->addr : 0;
    rec[3] = last_word(e);
}

/* --- Interrupts ------------------------------------------------------------------ */

/* The SMMU is part of the root complex: its messages carry the ID of function 0 there, which sends none itself. */
static uint16_t msi_device_id(SMMUv3State *s)
{
    return PCI_BUILD_BDF(pci_bus_num(s->primary_bus), 0);
}

/* In the main thread: what is behind a doorbell may need the machine lock, and comes back to us. */
void smmuv3_deliver_msis(void *opaque)
{
    SMMUv3State *s = opaque;
    SMMUMsi msi[SMMU_MSIS_WAITING];
    unsigned n;

    g_mutex_lock(&s->lock);
    n = s->nr_msis_waiting;
    memcpy(msi, s->msis_waiting, n * sizeof(*msi));
    s->nr_msis_waiting = 0;
    g_mutex_unlock(&s->lock);
    for (unsigned i = 0; i < n; i++) {
        MemTxResult r;

        address_space_stn_le(s->as, msi[i].addr, 4, msi[i].data, (MemTxAttrs) { .requester_id = msi_device_id(s) }, &r);
        if (r != MEMTX_OK) {
            g_mutex_lock(&s->lock);
            smmuv3_gerror_raise(s, msi[i].abort_bit);
            g_mutex_unlock(&s->lock);
        }
    }
}

static bool msi_waits(const SMMUv3State *s, const SMMUMsi *msi)
{
    for (unsigned i = 0; i < s->nr_msis_waiting; i++) {
        if (s->msis_waiting[i].addr == msi->addr && s->msis_waiting[i].data == msi->data) {
            return true;                /* an interrupt is pending or not, however often it was sent */
        }
    }
    return false;
}

void smmuv3_send_msi(SMMUv3State *s, uint64_t addr, uint32_t data, uint32_t abort_bit)
{
    SMMUMsi msi = { addr, data, abort_bit };
    MemTxResult r;

    /* A word in RAM that the guest polls must be there before CONS moves. */
    address_space_stn_le(s->as, addr, 4, data, (MemTxAttrs) { .memory = 1 }, &r);
    if (r == MEMTX_OK || msi_waits(s, &msi)) {
        return;
    }
    if (s->nr_msis_waiting == SMMU_MSIS_WAITING) {
        smmuv3_gerror_raise(s, abort_bit);      /* nobody needs that many doorbells */
        return;
    }
    s->msis_waiting[s->nr_msis_waiting++] = msi;
    qemu_bh_schedule(s->msi_bh);
}

void smmuv3_notify(SMMUv3State *s, unsigned irq, const SMMUMsiCfg *msi, uint32_t abort_bit)
{
    trace_smmuv3_irq(irq, msi->addr);
    if (msi->addr) {
        smmuv3_send_msi(s, msi->addr, msi->data, abort_bit);
    } else {
        qemu_irq_pulse(s->irq[irq]);
    }
}

void smmuv3_gerror_raise(SMMUv3State *s, uint32_t bit)
{
    if (!bit || ((s->gerror ^ s->gerrorn) & bit)) {
        return;                         /* still active: toggling again would clear it */
    }
    s->gerror ^= bit;
    trace_smmuv3_gerror(s->gerror, s->gerrorn);
    if (FIELD_EX32(s->irq_ctrl, IRQ_CTRL, GERROR_IRQEN)) {
        smmuv3_notify(s, SMMU_IRQ_GERROR, &s->msi_gerror, GERROR_MSI_GERROR_ABT_ERR);
    }
}

/* --- The queue --------------------------------------------------------------------- */

static bool queue_full(const SMMUQueue *q, unsigned log2size)
{
    uint32_t mask = MAKE_64BIT_MASK(0, log2size + 1);

    return ((q->prod ^ q->cons) & mask) == BIT(log2size);
}

void smmuv3_event_mark_lost(SMMUv3State *s)
{
    s->stats.events_lost++;
    if (!((s->eventq.prod ^ s->eventq.cons) & QUEUE_OVF)) {
        s->eventq.prod ^= QUEUE_OVF;
    }
}

bool smmuv3_event_room(const SMMUv3State *s)
{
    return FIELD_EX32(s->cr0, CR0, EVENTQEN) && !queue_full(&s->eventq, smmuv3_queue_log2size(&s->eventq, SMMU_EVENTQS));
}

/* False: nobody will see it. */
static bool push_one(SMMUv3State *s, const uint64_t rec[EVT_WORDS])
{
    SMMUQueue *q = &s->eventq;
    unsigned log2size = smmuv3_queue_log2size(q, SMMU_EVENTQS);
    uint32_t mask = MAKE_64BIT_MASK(0, log2size + 1);
    uint64_t addr = (q->base & QBASE_ADDR_MASK & ~MAKE_64BIT_MASK(0, log2size + 5)) +
                    (uint64_t)(q->prod & (mask >> 1)) * EVT_SIZE;
    uint64_t le[EVT_WORDS];

    if (queue_full(q, log2size)) {
        smmuv3_event_mark_lost(s);
        return false;
    }
    for (unsigned i = 0; i < EVT_WORDS; i++) {
        le[i] = htole64(rec[i]);
    }
    if (address_space_write(s->as, addr, (MemTxAttrs) { .memory = 1 }, le, sizeof(le)) != MEMTX_OK) {
        s->stats.events_lost++;
        smmuv3_gerror_raise(s, GERROR_EVENTQ_ABT_ERR);
        return false;
    }
    q->prod = (q->prod & QUEUE_OVF) | ((q->prod + 1) & mask);
    s->stats.events++;
    trace_smmuv3_event(FIELD_EX64(rec[0], EVT0, TYPE), FIELD_EX64(rec[0], EVT0, SID), rec[1], rec[2], rec[3]);
    return true;
}

void smmuv3_count_fault(SMMUv3State *s, unsigned type)
{
    s->stats.faults[type % SMMU_EVT__MAX]++;
}

void smmuv3_event_push(SMMUv3State *s, const uint64_t (*rec)[EVT_WORDS], unsigned n)
{
    bool any = false;

    s->last_event[0] = 0;
    for (unsigned i = 0; i < n; i++) {
        smmuv3_count_fault(s, FIELD_EX64(rec[i][0], EVT0, TYPE));
    }
    if (!FIELD_EX32(s->cr0, CR0, EVENTQEN)) {
        s->stats.events_lost += n;
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        any |= push_one(s, rec[i]);
    }
    if (any && FIELD_EX32(s->irq_ctrl, IRQ_CTRL, EVENTQ_IRQEN)) {
        smmuv3_notify(s, SMMU_IRQ_EVENTQ, &s->msi_eventq, GERROR_MSI_EVENTQ_ABT_ERR);
    }
}

/* Alike are records that differ only in the address within a page. */
static bool is_repetition(const SMMUv3State *s, const uint64_t rec[EVT_WORDS])
{
    uint32_t mask = MAKE_64BIT_MASK(0, smmuv3_queue_log2size(&s->eventq, SMMU_EVENTQS) + 1);
    bool waiting = (s->eventq.prod ^ s->eventq.cons) & mask;

    return waiting && rec[0] == s->last_event[0] && rec[1] == s->last_event[1] && rec[2] >> 12 == s->last_event[2] >> 12 &&
           rec[3] == s->last_event[3];
}

void smmuv3_event_record(SMMUv3State *s, const SMMUEvent *evt)
{
    uint64_t rec[1][EVT_WORDS];

    if (evt->type == SMMU_EVT_C_BAD_STREAMID && !FIELD_EX32(s->cr2, CR2, RECINVSID)) {
        smmuv3_count_fault(s, evt->type);
        return;
    }
    smmu_event_encode(evt, rec[0]);
    if (evt->mergeable && is_repetition(s, rec[0])) {
        s->stats.events_merged++;
        smmuv3_count_fault(s, evt->type);
        return;
    }
    smmuv3_event_push(s, rec, 1);
    if (evt->mergeable) {
        memcpy(s->last_event, rec[0], sizeof(rec[0]));
    }
}
