/*
 * accel=on: what the guest's stream table says, put into force on the host.
 *
 * A stream wants one of three things: abort, bypass, or translation by the two
 * STE words a physical SMMU takes from a guest. A nested page table is made per
 * distinct pair of words and shared. Attaching replaces the old table
 * atomically; the old one is freed after.
 *
 * Whatever cannot be read, checked, allocated or attached ends on the abort
 * table with C_BAD_STE in the guest's queue, never on what was there before. The
 * host is silent for streams on abort, so these events are made here.
 *
 * Changes are collected (accel_mark) and carried out at the next point the guest
 * could observe (accel_apply).
 *
 * IHI 0070: 5.2 (STE), 4.3 (CFGI), 6.3.12 (GBPA). Runs under the vSMMU lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-accel.h"
#include "hw_arm.trace.h"

#define CONFLICT_GRACE_NS 100000000

/* All that the kernel accepts of a guest's STE. */
#define VSTE0_MASK (FIELD_MASK(STE0, V) | FIELD_MASK(STE0, CONFIG) | FIELD_MASK(STE0, S1FMT) | STE0_CTXPTR_MASK | \
                    FIELD_MASK(STE0, S1CDMAX))
#define VSTE1_MASK (FIELD_MASK(STE1, S1DSS) | FIELD_MASK(STE1, S1CIR) | FIELD_MASK(STE1, S1COR) | FIELD_MASK(STE1, S1CSH) | \
                    FIELD_MASK(STE1, S1STALLD) | FIELD_MASK(STE1, EATS))
#define EATS_FULL 1

void accel_note_error(SMMUv3Accel *a, Error *err)
{
    a->host_errors++;
    g_free(a->last_error);
    a->last_error = g_strdup(error_get_pretty(err));
    warn_report_limited("%s", a->last_error);
    error_free(err);
}

static void report_bad_ste(SMMUv3Accel *a, const AccelDev *d)
{
    smmuv3_event_record(a->s, &(SMMUEvent) { .type = SMMU_EVT_C_BAD_STE, .sid = d->sid });
}

/* --- What one stream wants ------------------------------------------------------------- */

/* Also not where vfio-pci,ats=off hides it: the guest could ask all the same. */
static bool ats_usable(const SMMUv3Accel *a, const AccelDev *d)
{
    const PCIDevice *pdev = accel_pci_device(d);

    return smmuv3_has_ats(a->s) && pdev && pdev->exp.ats_cap && !(d->hiod->caps.hw_caps & IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED);
}

static void mask_ste(const SMMUv3Accel *a, const AccelDev *d, const uint64_t w[STE_WORDS], uint64_t out[2])
{
    out[0] = w[0] & VSTE0_MASK;
    out[1] = w[1] & VSTE1_MASK;
    if (!smmuv3_ssidsize(a->s)) {
        out[0] &= ~(FIELD_MASK(STE0, S1CDMAX) | FIELD_MASK(STE0, S1FMT));
        out[1] &= ~FIELD_MASK(STE1, S1DSS);
    }
    if (!ats_usable(a, d) || FIELD_EX64(out[1], STE1, EATS) != EATS_FULL) {
        out[1] &= ~FIELD_MASK(STE1, EATS);
    }
    /* A guest that was told that nothing stalls has a host that may not start to. */
    if (!smmuv3_can_stall(a->s)) {
        out[1] = FIELD_DP64(out[1], STE1, S1STALLD, FIELD_EX32(a->host.idr[0], IDR0, STALL_MODEL) == 0);
    }
}

static AccelWant want_of(SMMUv3Accel *a, AccelDev *d, bool *bad)
{
    uint64_t w[STE_WORDS], fetch;
    SMMUEventType err;
    SMMUSte ste;

    *bad = false;
    if (!smmuv3_enabled(a->s)) {
        return FIELD_EX32(a->s->gbpa, GBPA, ABORT) ? ACCEL_ABORT : ACCEL_BYPASS;
    }
    err = smmuv3_ste_fetch(a->s, d->sid, w, &fetch);
    if (err || !FIELD_EX64(w[0], STE0, V)) {
        /* No entry, or one not valid yet: silent until there is a transaction, and that only the host would see. */
        *bad = err == SMMU_EVT_F_STE_FETCH;
        return ACCEL_ABORT;
    }
    if (smmu_ste_decode(a->s, w, &ste)) {
        *bad = true;
        return ACCEL_ABORT;
    }
    if (ste.config == STE_CFG_S1) {
        mask_ste(a, d, w, d->ste);
        return ACCEL_TRANSLATE;
    }
    return ste.config == STE_CFG_BYPASS ? ACCEL_BYPASS : ACCEL_ABORT;
}

void accel_evaluate(SMMUv3Accel *a, AccelDev *d)
{
    bool bad;

    d->want = want_of(a, d, &bad);
    d->dirty = false;
    d->group->dirty = true;
    trace_smmuv3_accel_want(d->sid, d->want, d->want == ACCEL_TRANSLATE ? d->ste[0] : 0, d->want == ACCEL_TRANSLATE ? d->ste[1] : 0);
    if (bad) {
        report_bad_ste(a, d);
    }
}

/* --- vDEVICEs -------------------------------------------------------------------------------- */

void accel_vdev_free(SMMUv3Accel *a, AccelDev *d)
{
    if (d->vdev_id) {
        iommufd_backend_free_id(a->be, d->vdev_id);
        g_hash_table_remove(a->by_sid, GUINT_TO_POINTER(d->vdev_sid));
        d->vdev_id = 0;
    }
}

/*
 * A StreamID that is not the device's any more may be another's soon. The host
 * takes the one for events when a table is attached, so a device that
 * translates gets its new one by way of another table: abort.
 */
static bool vdev_drop_stale(SMMUv3Accel *a, AccelDev *d, Error **errp)
{
    if (!d->vdev_id || d->vdev_sid == d->sid) {
        return true;
    }
    if (d->group->table && !accel_group_attach(a, d->group, a->abort_id, NULL, errp)) {
        return false;
    }
    accel_vdev_free(a, d);
    return true;
}

static bool vdev_ensure(SMMUv3Accel *a, AccelDev *d, Error **errp)
{
    if (!vdev_drop_stale(a, d, errp)) {
        return false;
    }
    if (d->vdev_id) {
        return true;
    }
    if (!iommufd_backend_alloc_vdev(a->be, d->hiod->devid, a->viommu_id, d->sid, &d->vdev_id, errp)) {
        d->vdev_id = 0;
        return false;
    }
    d->vdev_sid = d->sid;
    g_hash_table_insert(a->by_sid, GUINT_TO_POINTER(d->sid), d);
    return true;
}

/* --- Page tables ------------------------------------------------------------------------------- */

static AccelTable *table_get(SMMUv3Accel *a, AccelDev *d, bool faults, Error **errp)
{
    AccelTable key = { .ste = { d->ste[0], d->ste[1] }, .faults = faults }, *t = g_hash_table_lookup(a->tables, &key);
    struct iommu_hwpt_arm_smmuv3 data = { .ste = { htole64(d->ste[0]), htole64(d->ste[1]) } };

    if (!t) {
        if (!iommufd_backend_alloc_hwpt(a->be, d->hiod->devid, a->viommu_id, faults ? IOMMU_HWPT_FAULT_ID_VALID : 0, IOMMU_HWPT_DATA_ARM_SMMUV3,
                                        sizeof(data), &data, faults ? a->fault_id : 0, &key.hwpt_id, errp)) {
            return NULL;
        }
        t = g_memdup2(&key, sizeof(key));
        g_hash_table_add(a->tables, t);
    }
    t->users++;
    return t;
}

void accel_table_put(SMMUv3Accel *a, AccelTable *t)
{
    if (t && --t->users == 0) {
        iommufd_backend_free_id(a->be, t->hwpt_id);
        g_hash_table_remove(a->tables, t);
    }
}

/*
 * Moves the group, and with the first of its devices all of them: the others
 * then only say the same. @t is the table when it is a shared one; its reference
 * goes to the group, or is given back when nothing moved.
 */
bool accel_group_attach(SMMUv3Accel *a, AccelGroup *g, uint32_t hwpt_id, AccelTable *t, Error **errp)
{
    for (unsigned i = 0; i < g->devs->len; i++) {
        AccelDev *d = g->devs->pdata[i];

        if (!host_iommu_device_iommufd_attach_hwpt(d->hiod, hwpt_id, errp)) {
            if (i == 0) {
                accel_table_put(a, t);
            }
            return false;
        }
        if (i == 0) {
            accel_table_put(a, g->table);
            g->table = t;
            g->attached = hwpt_id;
        }
        accel_faults_forget(a, d);
        d->installs++;
        trace_smmuv3_accel_install(d->sid, hwpt_id);
    }
    return true;
}

/* Abort, or if not even that works, no table at all: both end DMA. */
static void group_cut_off(SMMUv3Accel *a, AccelGroup *g)
{
    Error *err = NULL;

    if (g->attached == a->abort_id || accel_group_attach(a, g, a->abort_id, NULL, &err)) {
        return;
    }
    accel_note_error(a, err);
    for (unsigned i = 0; i < g->devs->len; i++) {
        AccelDev *d = g->devs->pdata[i];

        err = NULL;
        accel_faults_forget(a, d);
        if (!host_iommu_device_iommufd_detach_hwpt(d->hiod, &err)) {
            accel_note_error(a, err);
        }
    }
    g->attached = 0;
    accel_table_put(a, g->table);
    g->table = NULL;
}

/* --- Groups ---------------------------------------------------------------------------------------- */

/*
 * Two functions without isolation between them are one group to the host and
 * to a guest that sees them in one slot; such a guest gives each its own CD
 * table with the same contents. Same contents, same translation.
 */
static bool same_contexts(SMMUv3Accel *a, const AccelDev *x, const AccelDev *y)
{
    uint64_t cx[CD_WORDS], cy[CD_WORDS];

    return !((x->ste[0] ^ y->ste[0]) & ~STE0_CTXPTR_MASK) && x->ste[1] == y->ste[1] && !FIELD_EX64(x->ste[0], STE0, S1CDMAX) &&
           smmuv3_read_words(a->s, x->ste[0] & STE0_CTXPTR_MASK, cx, CD_WORDS) &&
           smmuv3_read_words(a->s, y->ste[0] & STE0_CTXPTR_MASK, cy, CD_WORDS) && !memcmp(cx, cy, sizeof(cx));
}

static bool agree(SMMUv3Accel *a, const AccelDev *x, const AccelDev *y)
{
    return x->want == y->want && (x->want != ACCEL_TRANSLATE || !memcmp(x->ste, y->ste, sizeof(x->ste)) || same_contexts(a, x, y));
}

/* What the group as a whole may do. Streams that want unlike things get nothing, and are told if that lasts. */
static AccelWant group_want(SMMUv3Accel *a, AccelGroup *g)
{
    AccelDev *first = g->devs->pdata[0];
    AccelWant want = first->want;

    g->conflict = false;
    for (unsigned i = 1; i < g->devs->len; i++) {
        AccelDev *d = g->devs->pdata[i];

        if (!agree(a, first, d)) {
            want = ACCEL_ABORT;
            g->conflict |= first->want != ACCEL_ABORT && d->want != ACCEL_ABORT;
        }
    }
    return want;
}

static void report_conflict(SMMUv3Accel *a, AccelGroup *g)
{
    g_autoptr(GString) names = g_string_new(NULL);

    for (unsigned i = 0; i < g->devs->len; i++) {
        const AccelDev *d = g->devs->pdata[i];

        g_string_append_printf(names, "%s%s", i ? " and " : "", d->hiod->name);
        if (d->want != ACCEL_ABORT) {
            report_bad_ste(a, d);
        }
    }
    warn_report_limited("%s: %s are one group of the host, but the guest configures them apart: their DMA is blocked",
                        smmuv3_name(a->s), names->str);
}

/* Main thread. A guest changes a group's streams one after the other: only what stays in conflict is an error. */
void accel_conflicts_due(void *opaque)
{
    SMMUv3Accel *a = opaque;

    g_mutex_lock(&a->s->lock);
    for (unsigned i = 0; i < a->groups->len; i++) {
        AccelGroup *g = a->groups->pdata[i];

        if (g->conflict) {
            g->conflict = false;
            report_conflict(a, g);
        }
    }
    g_mutex_unlock(&a->s->lock);
}

void accel_group_fail(SMMUv3Accel *a, AccelGroup *g)
{
    group_cut_off(a, g);
    for (unsigned i = 0; i < g->devs->len; i++) {
        AccelDev *d = g->devs->pdata[i];

        g_free(d->last_error);
        d->last_error = g_strdup(a->last_error);
        report_bad_ste(a, d);
    }
}

static bool group_install(SMMUv3Accel *a, AccelGroup *g, bool faults, Error **errp)
{
    AccelTable *t = table_get(a, g->devs->pdata[0], faults, errp);

    if (!t) {
        return false;
    }
    if (g->attached == t->hwpt_id) {    /* the same words again: only what hangs on them may differ */
        accel_table_put(a, t);
        for (unsigned i = 0; i < g->devs->len; i++) {
            accel_queue_cd_all(a, ((AccelDev *)g->devs->pdata[i])->sid);
        }
        return true;
    }
    return accel_group_attach(a, g, t->hwpt_id, t, errp);
}

static bool group_translate(SMMUv3Accel *a, AccelGroup *g, Error **errp)
{
    bool faults = true;
    Error *err = NULL;

    if (!accel_catch_up(a, errp)) {
        return false;
    }
    for (unsigned i = 0; i < g->devs->len; i++) {
        faults = faults && accel_faults_wanted(a, g->devs->pdata[i]);
        if (!vdev_ensure(a, g->devs->pdata[i], errp)) {
            return false;
        }
    }
    if (!faults) {
        return group_install(a, g, false, errp);
    }
    if (group_install(a, g, true, &err)) {
        return true;
    }
    /* Perhaps the kernel has the queue but not for this device: it translates, and its page requests stay with the host. */
    error_prepend(&err, "%s: the guest will not see page requests of %s: ", smmuv3_name(a->s), ((AccelDev *)g->devs->pdata[0])->hiod->name);
    accel_note_error(a, err);
    return group_install(a, g, false, errp);
}

void accel_group_settle(SMMUv3Accel *a, AccelGroup *g)
{
    AccelWant want = group_want(a, g);
    Error *err = NULL;

    g->dirty = false;
    if (g->conflict) {
        timer_mod(a->conflict_timer, qemu_clock_get_ns(QEMU_CLOCK_REALTIME) + CONFLICT_GRACE_NS);
    }
    if (want == ACCEL_ABORT) {
        group_cut_off(a, g);
        return;
    }
    if (want == ACCEL_BYPASS ? g->attached == a->bypass_id || accel_group_attach(a, g, a->bypass_id, NULL, &err)
                             : group_translate(a, g, &err)) {
        return;
    }
    accel_note_error(a, err);
    accel_group_fail(a, g);
}

/* --- Changes ------------------------------------------------------------------------------------------- */

/* Bus numbers are the guest's to change. Then all are looked up again: a number that was given up may be what another waits for. */
void accel_refresh_sids(SMMUv3Accel *a)
{
    bool moved = false;

    for (unsigned i = 0; i < a->devs->len; i++) {
        AccelDev *d = a->devs->pdata[i];
        uint32_t sid = PCI_BUILD_BDF(pci_bus_num(d->bus), d->devfn);

        moved |= sid != d->sid;
        d->sid = sid;
    }
    for (unsigned i = 0; moved && i < a->devs->len; i++) {
        ((AccelDev *)a->devs->pdata[i])->dirty = a->any_dirty = true;
    }
}

/* Commands keep their order: what was queued before goes down before. */
void accel_mark(SMMUv3Accel *a, uint32_t first, uint32_t last)
{
    accel_refresh_sids(a);
    for (unsigned i = 0; i < a->devs->len; i++) {
        AccelDev *d = a->devs->pdata[i];

        if (d->sid >= first && d->sid <= last && !d->dirty) {
            d->dirty = a->any_dirty = true;
        }
    }
    if (a->any_dirty && !accel_batch_flush(a)) {
        a->s->sync_failed = true;
    }
}

/* A group shares one CD table as long as those of its streams have the same contents: look again. */
void accel_context_changed(SMMUv3Accel *a, uint32_t sid)
{
    for (unsigned i = 0; i < a->devs->len; i++) {
        const AccelDev *d = a->devs->pdata[i];

        if (d->sid == sid && d->group->devs->len > 1) {
            accel_mark(a, sid, sid);
            return;
        }
    }
}

/* All of them first: devices may have exchanged their numbers. */
static void drop_stale_vdevs(SMMUv3Accel *a)
{
    for (unsigned i = 0; i < a->devs->len; i++) {
        AccelDev *d = a->devs->pdata[i];
        Error *err = NULL;

        if (!vdev_drop_stale(a, d, &err)) {
            accel_note_error(a, err);
            group_cut_off(a, d->group);
        }
    }
}

void accel_apply(SMMUv3Accel *a)
{
    if (!a->any_dirty) {
        return;
    }
    bool stale = false;

    a->any_dirty = false;
    for (unsigned i = 0; i < a->devs->len; i++) {
        AccelDev *d = a->devs->pdata[i];

        if (d->dirty) {
            accel_evaluate(a, d);
            stale |= d->vdev_id && d->vdev_sid != d->sid;
        }
    }
    if (stale) {
        drop_stale_vdevs(a);
    }
    for (unsigned i = 0; i < a->groups->len; i++) {
        AccelGroup *g = a->groups->pdata[i];

        if (g->dirty) {
            accel_group_settle(a, g);
        }
    }
}
