/*
 * accel=on: events of the physical SMMU on their way to the guest.
 *
 * The kernel queues records of this vIOMMU, their StreamIDs already those of
 * the guest. The main thread reads as many as there are and appends them to
 * the guest's event queue. A gap in the sequence or a "lost" header is shown to
 * the guest as an overflow (IHI 0070 7.4). The kernel's queue is as long as the
 * guest's: when the guest makes another one, so do we, and read the old one empty
 * first.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-accel.h"
#include "hw_arm.trace.h"

#define RECORD_SIZE (sizeof(struct iommufd_vevent_header) + sizeof(struct iommu_vevent_arm_smmuv3))
#define READ_RECORDS 128
#define READ_TRIES 16

/* Bits that say something of the host and nothing of the guest: stall state, the IPA of a stage-1 fault. */
static void sanitise(uint64_t rec[EVT_WORDS])
{
    rec[1] &= FIELD_MASK(EVT1, PNU) | FIELD_MASK(EVT1, IND) | FIELD_MASK(EVT1, RNW) | FIELD_MASK(EVT1, CLASS);
    rec[3] = 0;
}

unsigned accel_events_parse(const void *buf, size_t n, uint32_t *seq, uint64_t (*rec)[EVT_WORDS], bool *lost)
{
    const uint8_t *p = buf, *end = p + n;
    unsigned out = 0;

    *lost = false;
    while ((size_t)(end - p) >= sizeof(struct iommufd_vevent_header)) {
        struct iommufd_vevent_header h;

        memcpy(&h, p, sizeof(h));
        p += sizeof(h);
        /* counts 0..2^31-1 and around */
        if (h.sequence != ((*seq + 1) & INT32_MAX)) {
            *lost = true;
        }
        *seq = h.sequence;
        if (h.flags & IOMMU_VEVENTQ_FLAG_LOST_EVENTS) {
            *lost = true;
            continue;
        }
        if ((size_t)(end - p) < sizeof(struct iommu_vevent_arm_smmuv3)) {
            break;
        }
        for (unsigned i = 0; i < EVT_WORDS; i++) {
            rec[out][i] = ldq_le_p(p + 8 * i);
        }
        sanitise(rec[out++]);
        p += sizeof(struct iommu_vevent_arm_smmuv3);
    }
    return out;
}

void accel_read_done(SMMUv3Accel *a, int fd, ssize_t r, unsigned *errors, const char *lost)
{
    Error *err = NULL;

    if (r >= 0 || r == -EAGAIN || r == -EINTR) {
        *errors = 0;
        return;
    }
    if (++*errors == READ_TRIES) {
        qemu_set_fd_handler(fd, NULL, NULL, NULL);
        error_setg_errno(&err, (int)r, "%s: the host's queue cannot be read, the guest will not see %s", smmuv3_name(a->s), lost);
        accel_note_error(a, err);
    }
}

static unsigned read_once(SMMUv3Accel *a, bool deliver)
{
    uint8_t buf[READ_RECORDS * RECORD_SIZE];
    uint64_t rec[READ_RECORDS * RECORD_SIZE / sizeof(struct iommufd_vevent_header)][EVT_WORDS];
    bool lost;
    ssize_t n = iommufd_ops->event_read(a->veventq_fd, buf, sizeof(buf));

    accel_read_done(a, a->veventq_fd, n, &a->veventq_errors, "faults of its devices");
    if (n <= 0) {
        return 0;
    }
    unsigned count = accel_events_parse(buf, n, &a->veventq_seq, rec, &lost);
    if (deliver) {
        trace_smmuv3_accel_events(count, lost);
        smmuv3_event_push(a->s, rec, count);
        for (unsigned i = 0; i < count; i++) {
            AccelDev *d = accel_dev_by_sid(a, FIELD_EX64(rec[i][0], EVT0, SID));

            if (d) {
                d->events++;
            }
        }
        if (lost) {
            smmuv3_event_mark_lost(a->s);
        }
    }
    return n;
}

/* At most the queue's depth a turn: a storm does not hold the main loop. */
static void read_all(SMMUv3Accel *a, bool deliver)
{
    for (unsigned i = 0; i < 1 + 2 * a->veventq_depth / READ_RECORDS && read_once(a, deliver); i++) {
    }
}

static void events_readable(void *opaque)
{
    SMMUv3Accel *a = opaque;

    g_mutex_lock(&a->s->lock);
    read_all(a, true);
    g_mutex_unlock(&a->s->lock);
}

void accel_events_drop(SMMUv3Accel *a)
{
    if (a->veventq_id) {
        read_all(a, false);
    }
}

/* As many as the guest's queue holds. */
static unsigned depth_wanted(const SMMUv3State *s)
{
    if (!FIELD_EX32(s->cr0, CR0, EVENTQEN)) {
        return ACCEL_EVENTQ_DEPTH;
    }
    return MAX(BIT(smmuv3_queue_log2size(&s->eventq, SMMU_EVENTQS)), ACCEL_EVENTQ_LEAST);
}

/* An older kernel without event queues still translates; the guest then sees no faults, and the operator is told. */
void accel_events_start(SMMUv3Accel *a)
{
    unsigned depth = depth_wanted(a->s);
    Error *err = NULL;

    a->veventq_depth = depth;           /* also when refused: the next size is the next try */
    if (!iommufd_backend_alloc_veventq(a->be, a->viommu_id, IOMMU_VEVENTQ_TYPE_ARM_SMMUV3, depth, &a->veventq_id, &a->veventq_fd, &err)) {
        error_prepend(&err, "%s: the guest will not see its devices' faults: ", smmuv3_name(a->s));
        warn_report_err(err);
        a->veventq_id = 0;
        return;
    }
    trace_smmuv3_accel_event_queue(depth, a->veventq_id);
    a->veventq_seq = ACCEL_SEQ_NONE;
    a->veventq_errors = 0;
    qemu_set_fd_handler(a->veventq_fd, events_readable, NULL, a);
}

void accel_events_stop(SMMUv3Accel *a)
{
    if (a->veventq_id) {
        qemu_set_fd_handler(a->veventq_fd, NULL, NULL, NULL);
        iommufd_ops->event_close(a->veventq_fd);
        iommufd_backend_free_id(a->be, a->veventq_id);
        a->veventq_id = 0;
    }
}

bool accel_events_fit(const SMMUv3Accel *a)
{
    return !a->viommu_id || a->veventq_depth == depth_wanted(a->s);
}

/* Main thread. A vIOMMU has one queue: the old one has to go first. */
void accel_events_resize(void *opaque)
{
    SMMUv3Accel *a = opaque;

    g_mutex_lock(&a->s->lock);
    if (!accel_events_fit(a)) {
        if (a->veventq_id) {
            read_all(a, true);
        }
        accel_events_stop(a);
        accel_events_start(a);
        if (!a->veventq_id) {
            smmuv3_event_mark_lost(a->s);
        }
    }
    g_mutex_unlock(&a->s->lock);
}
