/*
 * HostIOMMUDevice: the handle through which a vIOMMU sees a host device. The
 * vfio room fills it and provides attach and detach in a subclass.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "backends/host_iommu_device.h"

static void host_iommu_device_finalize(Object *obj)
{
    g_free(HOST_IOMMU_DEVICE(obj)->name);
}

static const TypeInfo host_iommu_device_infos[] = {
    {
        .name = TYPE_HOST_IOMMU_DEVICE,
        .instance_size = sizeof(HostIOMMUDevice),
        .instance_finalize = host_iommu_device_finalize,
        .class_size = sizeof(HostIOMMUDeviceClass),
        .abstract = true,
    },
    {
        .name = TYPE_HOST_IOMMU_DEVICE_IOMMUFD,
        .parent = TYPE_HOST_IOMMU_DEVICE,
        .abstract = true,
    },
};
DEFINE_TYPES(host_iommu_device_infos)
