/*
 * What count-ioctls.so counts and stopwatch reads.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LAB_IOCTL_COUNTS_H
#define LAB_IOCTL_COUNTS_H

#define IOCTL_COUNTS_FILE "LAB_IOCTL_COUNTS"

typedef struct IoctlCounts {
    long all;               /* but KVM_RUN */
    long runs;              /* KVM_RUN */
    long invalidations;     /* IOMMU_HWPT_INVALIDATE */
} IoctlCounts;

#endif
