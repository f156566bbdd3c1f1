/*
 * A host device, opened only to ask about it: bound to an iommufd of its own,
 * attached to nothing, so its DMA stays blocked.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_VFIO_PROBE_H
#define HW_VFIO_PROBE_H

#include "backends/host_iommu_device.h"

typedef struct VFIOProbe {
    void *device;                       /* of hw/vfio */
    const char *iommu;                  /* physical IOMMU as sysfs names it; NULL: unknown */
    int group_id;                       /* -1: unknown */
    uint32_t devid;
    HostIOMMUDeviceCaps caps;
} VFIOProbe;

/* PCI addresses of the devices that have a VFIO character device, in order; free with g_strfreev(). */
char **vfio_probe_list(void);
/* @host is like 0000:01:00.0. On failure @p may still know the group and the IOMMU; vfio_probe_close() in any case. */
bool vfio_probe_open(VFIOProbe *p, const char *host, IOMMUFDBackend *be, Error **errp);
void vfio_probe_close(VFIOProbe *p);

#endif
