/*
 * IOMMU regions: who wants to know about changes of translations, and telling
 * them. Translation itself is in memory-access.c.
 *
 * The list of notifiers changes under the machine lock and is walked under RCU,
 * by the thread that carries out a guest's invalidation.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "memory-internal.h"

static bool flags_changed(IOMMUMemoryRegion *iommu, Error **errp)
{
    IOMMUMemoryRegionClass *klass = IOMMU_MEMORY_REGION_GET_CLASS(iommu);
    IOMMUNotifierFlag flags = IOMMU_NOTIFIER_NONE;

    for (IOMMUNotifier *n = iommu->notifiers; n; n = n->next) {
        flags |= n->flags;
    }
    if (flags != iommu->notify_flags && klass->notify_flag_changed
        && !klass->notify_flag_changed(iommu, iommu->notify_flags, flags, errp)) {
        return false;
    }
    iommu->notify_flags = flags;
    return true;
}

static void unlink_notifier(IOMMUMemoryRegion *iommu, IOMMUNotifier *n)
{
    IOMMUNotifier **at = &iommu->notifiers;

    while (*at && *at != n) {
        at = &(*at)->next;
    }
    if (*at) {
        qatomic_rcu_set(at, n->next);   /* n->next stays for those who are on it */
    }
}

bool memory_region_register_iommu_notifier(MemoryRegion *mr, IOMMUNotifier *n, Error **errp)
{
    IOMMUMemoryRegion *iommu;

    if (mr->alias) {
        return memory_region_register_iommu_notifier(mr->alias, n, errp);
    }
    iommu = IOMMU_MEMORY_REGION(mr);
    n->next = iommu->notifiers;
    qatomic_rcu_set(&iommu->notifiers, n);
    if (!flags_changed(iommu, errp)) {
        unlink_notifier(iommu, n);
        return false;
    }
    return true;
}

void memory_region_unregister_iommu_notifier(MemoryRegion *mr, IOMMUNotifier *n)
{
    IOMMUMemoryRegion *iommu;

    if (mr->alias) {
        memory_region_unregister_iommu_notifier(mr->alias, n);
        return;
    }
    iommu = IOMMU_MEMORY_REGION(mr);
    unlink_notifier(iommu, n);
    flags_changed(iommu, NULL);
}

static void notify_one(IOMMUNotifier *n, const IOMMUTLBEvent *event)
{
    IOMMUTLBEntry entry = event->entry;
    hwaddr last = entry.iova + entry.addr_mask;

    if (!(event->type & n->flags) || last < n->start || entry.iova > n->end) {
        return;
    }
    if (event->type & (IOMMU_NOTIFIER_UNMAP | IOMMU_NOTIFIER_DEVIOTLB_UNMAP)) {
        /* Only what the notifier looks at is unmapped for it. */
        entry.iova = MAX(entry.iova, n->start);
        entry.addr_mask = MIN(last, n->end) - entry.iova;
    }
    n->notify(n, &entry);
}

void memory_region_notify_iommu(IOMMUMemoryRegion *iommu, int iommu_idx, const IOMMUTLBEvent *event)
{
    RCU_READ_LOCK_GUARD();
    for (IOMMUNotifier *n = qatomic_rcu_read(&iommu->notifiers); n; n = qatomic_rcu_read(&n->next)) {
        if (n->iommu_idx == iommu_idx) {
            notify_one(n, event);
        }
    }
}

void memory_region_iommu_replay(IOMMUMemoryRegion *iommu, IOMMUNotifier *n)
{
    IOMMUMemoryRegionClass *klass = IOMMU_MEMORY_REGION_GET_CLASS(iommu);

    if (klass->replay) {
        klass->replay(iommu, n);
    }
}
