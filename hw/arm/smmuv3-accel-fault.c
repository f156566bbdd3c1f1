/*
 * accel=on: page faults that a device waits for.
 *
 * Tables of devices that may ask for pages name the fault queue of this vSMMU.
 * The kernel puts whole groups of page requests there and waits for one answer
 * a group, found again by its cookie. A device with PRI has its requests in the
 * guest's PRI queue, answered by CMD_PRI_RESP; of others, stalled, there is an
 * event with a STAG, answered by CMD_RESUME or CMD_STALL_TERM.
 *
 *     device ── kernel ── fault queue ── AccelFault ── PRI or event queue
 *        └──── cookie, code ── answers[] ──┘ ── command of the guest
 *
 * What the guest cannot be shown is answered here: "success" on overflow, so
 * that the device asks again, "invalid" otherwise. The host answers for a
 * device whose table is replaced. Groups that wait are bounded.
 *
 * IHI 0070: 8 (PRI), 3.12.2 (stall), 4.6 (RESUME, STALL_TERM), 4.5.2 (PRI_RESP).
 * Reading: main thread; all under the vSMMU lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-accel.h"
#include "hw/pci/pcie.h"
#include "hw_arm.trace.h"

#define FIRST_ROOM  256
#define LARGEST_ROOM 65536              /* page requests in one group: more than any device has outstanding */
#define READS_A_TURN 16
#define WRITE_TRIES 3

/* --- Answers ---------------------------------------------------------------------------- */

/* Answers before one that the host does not know any more stand; it is left out, and those after it follow. */
static void send_answers(SMMUv3Accel *a, const struct iommu_hwpt_page_response *r, unsigned n)
{
    Error *err = NULL;

    for (unsigned tries = 0; n; ) {
        ssize_t done = iommufd_ops->event_write(a->fault_fd, r, n * sizeof(*r));

        if (done < 0 && done != -EINVAL && ++tries < WRITE_TRIES) {
            continue;
        }
        if (done < 0 && done != -EINVAL && !err) {
            error_setg_errno(&err, (int)done, "%s: the host takes no answer to a page request; the device waits until it is reset",
                             smmuv3_name(a->s));
        }
        unsigned sent = done > 0 ? MIN(n, (size_t)done / sizeof(*r)) : 1;
        r += MAX(sent, 1);
        n -= MAX(sent, 1);
    }
    if (err) {
        accel_note_error(a, err);
    }
}

void accel_answers_flush(SMMUv3Accel *a)
{
    unsigned n = a->n_answers;

    a->n_answers = 0;
    if (n && a->fault_id) {
        send_answers(a, a->answers, n);
    }
}

static void answer(SMMUv3Accel *a, uint32_t cookie, uint32_t code)
{
    trace_smmuv3_accel_answer(cookie, code);
    a->answers[a->n_answers++] = (struct iommu_hwpt_page_response) { .cookie = cookie, .code = code };
    if (a->n_answers == ACCEL_ANSWERS_MAX) {
        accel_answers_flush(a);
    }
}

/* --- Groups that wait --------------------------------------------------------------------- */

static AccelFault *fault_at(SMMUv3Accel *a, unsigned i)
{
    return &g_array_index(a->faults, AccelFault, i);
}

static void answer_where(SMMUv3Accel *a, uint32_t sid, bool stall, int id, uint32_t code)
{
    for (unsigned i = 0; i < a->faults->len; ) {
        const AccelFault *f = fault_at(a, i);

        if (f->sid == sid && f->stall == stall && (id < 0 || f->id == id)) {
            answer(a, f->cookie, code);
            g_array_remove_index(a->faults, i);
        } else {
            i++;
        }
    }
}

void accel_respond(SMMUv3Accel *a, const uint64_t cmd[CMD_WORDS])
{
    uint32_t sid = FIELD_EX64(cmd[0], CMD0, SID);

    switch (FIELD_EX64(cmd[0], CMD0, OPCODE)) {
    case CMD_PRI_RESP:
        answer_where(a, sid, false, FIELD_EX64(cmd[1], CMD1, PRGINDEX),
                     FIELD_EX64(cmd[1], CMD1, RESP) == PRI_RESP_SUCCESS ? IOMMUFD_PAGE_RESP_SUCCESS : IOMMUFD_PAGE_RESP_INVALID);
        break;
    case CMD_RESUME:
        answer_where(a, sid, true, FIELD_EX64(cmd[1], CMD1, STAG),
                     FIELD_EX64(cmd[0], CMD0, RESUME_AC) ? IOMMUFD_PAGE_RESP_SUCCESS : IOMMUFD_PAGE_RESP_INVALID);
        break;
    case CMD_STALL_TERM:
        answer_where(a, sid, true, -1, IOMMUFD_PAGE_RESP_INVALID);
        break;
    }
}

void accel_faults_forget(SMMUv3Accel *a, const AccelDev *d)
{
    for (unsigned i = a->faults->len; i-- > 0; ) {
        if (fault_at(a, i)->dev == d) {
            g_array_remove_index(a->faults, i);
        }
    }
}

/* --- To the guest ---------------------------------------------------------------------------- */

static AccelDev *dev_by_host_id(SMMUv3Accel *a, uint32_t devid)
{
    for (unsigned i = 0; i < a->devs->len; i++) {
        AccelDev *d = a->devs->pdata[i];

        if (d->hiod->devid == devid) {
            return d;
        }
    }
    return NULL;
}

bool accel_faults_wanted(const SMMUv3Accel *a, const AccelDev *d)
{
    const PCIDevice *pdev = accel_pci_device(d);

    return a->fault_id && ((smmuv3_has_pri(a->s) && pdev && pdev->exp.pri_cap) || smmuv3_can_stall(a->s));
}

static SMMUPriOutcome show_page_request(SMMUv3Accel *a, const AccelDev *d, const struct iommu_hwpt_pgfault *p)
{
    SMMUPageRequest r = {
        .sid = d->sid, .ssv = p->flags & IOMMU_PGFAULT_FLAGS_PASID_VALID, .ssid = p->pasid & MAKE_64BIT_MASK(0, 20),
        .last = p->flags & IOMMU_PGFAULT_FLAGS_LAST_PAGE, .prg = p->grpid & MAKE_64BIT_MASK(0, 9), .addr = p->addr,
        .priv = p->perm & IOMMU_PGFAULT_PERM_PRIV, .exec = p->perm & IOMMU_PGFAULT_PERM_EXEC,
        .read = p->perm & IOMMU_PGFAULT_PERM_READ, .write = p->perm & IOMMU_PGFAULT_PERM_WRITE,
    };

    return smmuv3_page_request(a->s, &r);
}

static void stall_record(const AccelDev *d, const struct iommu_hwpt_pgfault *p, uint64_t rec[EVT_WORDS])
{
    SMMUEvent e = {
        .type = SMMU_EVT_F_TRANSLATION, .sid = d->sid, .ssv = p->flags & IOMMU_PGFAULT_FLAGS_PASID_VALID,
        .ssid = p->pasid & MAKE_64BIT_MASK(0, 20), .rnw = !(p->perm & IOMMU_PGFAULT_PERM_WRITE),
        .ind = p->perm & IOMMU_PGFAULT_PERM_EXEC, .pnu = p->perm & IOMMU_PGFAULT_PERM_PRIV, .class = EVT_CLASS_IN, .addr = p->addr,
    };

    smmu_event_encode(&e, rec);
    rec[1] = FIELD_DP64(FIELD_DP64(rec[1], EVT1, STALL, 1), EVT1, STAG, p->grpid & MAKE_64BIT_MASK(0, 16));
}

/* Stalled transactions are never lost: their records wait until the guest's event queue has room. */
void accel_faults_show(SMMUv3Accel *a)
{
    for (unsigned i = 0; i < a->faults->len && smmuv3_event_room(a->s); i++) {
        AccelFault *f = fault_at(a, i);

        if (f->stall && !f->shown) {
            f->shown = true;
            smmuv3_event_push(a->s, (const uint64_t (*)[EVT_WORDS])f->rec, 1);
        }
    }
}

static void wait_for_answer(SMMUv3Accel *a, AccelDev *d, const struct iommu_hwpt_pgfault *p, bool stall)
{
    AccelFault f = { .dev = d, .cookie = p->cookie, .sid = d->sid, .stall = stall, .shown = !stall };

    f.id = p->grpid & (stall ? MAKE_64BIT_MASK(0, 16) : MAKE_64BIT_MASK(0, 9));
    if (stall) {
        stall_record(d, p, f.rec);
    }
    g_array_append_val(a->faults, f);
    d->faults++;
    trace_smmuv3_accel_fault(f.sid, f.id, p->addr, f.cookie, stall);
}

/* A group is answered once, after its last page. */
static void one_request(SMMUv3Accel *a, const struct iommu_hwpt_pgfault *p)
{
    AccelDev *d = dev_by_host_id(a, p->dev_id);
    const PCIDevice *pdev = d ? accel_pci_device(d) : NULL;
    bool pri = smmuv3_has_pri(a->s) && pdev && pcie_pri_enabled(pdev), last = p->flags & IOMMU_PGFAULT_FLAGS_LAST_PAGE;
    SMMUPriOutcome outcome = SMMU_PRI_REFUSED;

    if (d && a->faults->len < ACCEL_FAULTS_MAX) {
        outcome = pri ? show_page_request(a, d, p) : smmuv3_can_stall(a->s) ? SMMU_PRI_QUEUED : SMMU_PRI_REFUSED;
    }
    if (last && outcome == SMMU_PRI_QUEUED) {
        wait_for_answer(a, d, p, !pri);
    } else if (last) {
        answer(a, p->cookie, outcome == SMMU_PRI_OVERFLOW ? IOMMUFD_PAGE_RESP_SUCCESS : IOMMUFD_PAGE_RESP_INVALID);
    }
}

/* --- From the host -------------------------------------------------------------------------------- */

/* The first group is larger than our buffer: false when it has no end. */
static bool more_room(SMMUv3Accel *a)
{
    if (a->fault_room >= LARGEST_ROOM) {
        return false;
    }
    a->fault_room *= 2;
    a->fault_buf = g_renew(struct iommu_hwpt_pgfault, a->fault_buf, a->fault_room);
    return true;
}

static bool read_once(SMMUv3Accel *a, bool show)
{
    ssize_t n = iommufd_ops->event_read(a->fault_fd, a->fault_buf, a->fault_room * sizeof(*a->fault_buf));

    if (n == -EINVAL && more_room(a)) {
        return true;
    }
    accel_read_done(a, a->fault_fd, n, &a->fault_errors, "page requests, which stay unanswered");
    for (ssize_t i = 0; i < n / (ssize_t)sizeof(*a->fault_buf); i++) {
        const struct iommu_hwpt_pgfault *p = &a->fault_buf[i];

        if (show) {
            one_request(a, p);
        } else if (p->flags & IOMMU_PGFAULT_FLAGS_LAST_PAGE) {
            answer(a, p->cookie, IOMMUFD_PAGE_RESP_INVALID);
        }
    }
    return n > 0;
}

static void faults_readable(void *opaque)
{
    SMMUv3Accel *a = opaque;

    g_mutex_lock(&a->s->lock);
    for (unsigned i = 0; i < READS_A_TURN && read_once(a, true); i++) {
    }
    accel_faults_show(a);
    accel_answers_flush(a);
    g_mutex_unlock(&a->s->lock);
}

/* A new life of the guest: whatever waited belongs to the old one. */
void accel_faults_refuse_all(SMMUv3Accel *a)
{
    if (!a->fault_id) {
        return;
    }
    for (unsigned i = 0; i < ACCEL_FAULTS_MAX && read_once(a, false); i++) {
    }
    for (unsigned i = 0; i < a->faults->len; i++) {
        answer(a, fault_at(a, i)->cookie, IOMMUFD_PAGE_RESP_INVALID);
    }
    g_array_set_size(a->faults, 0);
    accel_answers_flush(a);
}

/* Only where a host may have page requests at all; a kernel without the queue leaves them to the host. */
void accel_faults_start(SMMUv3Accel *a, const HostIOMMUDevice *hiod)
{
    SMMUv3State *s = a->s;
    bool pri = s->x_pri != ON_OFF_AUTO_OFF && FIELD_EX32(hiod->caps.smmuv3.idr[0], IDR0, PRI);
    Error *err = NULL;

    if (!pri && !s->x_stall) {
        return;
    }
    if (!iommufd_backend_alloc_fault_queue(a->be, &a->fault_id, &a->fault_fd, &err)) {
        error_prepend(&err, "%s: the guest will not see page requests: ", smmuv3_name(s));
        warn_report_err(err);
        a->fault_id = 0;
        return;
    }
    a->fault_errors = 0;
    a->fault_room = FIRST_ROOM;
    a->fault_buf = g_new(struct iommu_hwpt_pgfault, a->fault_room);
    qemu_set_fd_handler(a->fault_fd, faults_readable, NULL, a);
}

/* After the last table that names it. */
void accel_faults_stop(SMMUv3Accel *a)
{
    g_array_set_size(a->faults, 0);
    a->n_answers = 0;
    if (a->fault_id) {
        qemu_set_fd_handler(a->fault_fd, NULL, NULL, NULL);
        iommufd_ops->event_close(a->fault_fd);
        iommufd_backend_free_id(a->be, a->fault_id);
        a->fault_id = 0;
        g_clear_pointer(&a->fault_buf, g_free);
    }
}
