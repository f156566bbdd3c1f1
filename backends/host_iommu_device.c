/*
 * HostIOMMUDevice: the handle through which a vIOMMU sees a host device. The
 * vfio room fills it and provides attach and detach in a subclass.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <linux/iommufd.h>
#include "backends/host_iommu_device.h"
#include "util/osdep.h"

static void host_iommu_device_finalize(Object *obj)
{
    g_free(HOST_IOMMU_DEVICE(obj)->name);
}

/* --- What IOMMU_GET_HW_INFO said ------------------------------------------------------- */

static int iommufd_get_cap(HostIOMMUDevice *hiod, HostIOMMUDeviceCap cap, Error **errp)
{
    switch (cap) {
    case HOST_IOMMU_DEVICE_CAP_IOMMU_TYPE:
        return (int)hiod->caps.type;
    case HOST_IOMMU_DEVICE_CAP_ATS:
        return !(hiod->caps.hw_caps & IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED);
    case HOST_IOMMU_DEVICE_CAP_DIRTY_TRACKING:
        return !!(hiod->caps.hw_caps & IOMMU_HW_CAP_DIRTY_TRACKING);
    }
    error_setg(errp, "host device %s: there is no IOMMU capability %d", hiod->name, cap);
    return -EINVAL;
}

static bool iommufd_get_pasid_info(HostIOMMUDevice *hiod, PasidInfo *info)
{
    info->max_pasid_log2 = hiod->caps.max_pasid_log2;
    info->exec_perm = hiod->caps.hw_caps & IOMMU_HW_CAP_PCI_PASID_EXEC;
    info->priv_mod = hiod->caps.hw_caps & IOMMU_HW_CAP_PCI_PASID_PRIV;
    return info->max_pasid_log2;
}

static void host_iommu_device_iommufd_class_init(ObjectClass *klass, const void *data)
{
    HostIOMMUDeviceClass *hiodc = HOST_IOMMU_DEVICE_CLASS(klass);

    hiodc->get_cap = iommufd_get_cap;
    hiodc->get_pasid_info = iommufd_get_pasid_info;
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
        .class_init = host_iommu_device_iommufd_class_init,
        .abstract = true,
    },
};
DEFINE_TYPES(host_iommu_device_infos)
