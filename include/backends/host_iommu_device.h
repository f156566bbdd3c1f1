/*
 * A host device as a vIOMMU sees it: which iommufd object it is, what its
 * physical IOMMU can do, and how to move it from one page table to another.
 * Made by the vfio room, given to the vIOMMU by PCIIOMMUOps.set_iommu_device.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef BACKENDS_HOST_IOMMU_DEVICE_H
#define BACKENDS_HOST_IOMMU_DEVICE_H

#include "qom/object.h"

#define TYPE_HOST_IOMMU_DEVICE "host-iommu-device"
#define TYPE_HOST_IOMMU_DEVICE_IOMMUFD "host-iommu-device-iommufd"
typedef struct IOMMUFDBackend IOMMUFDBackend;
typedef struct HostIOMMUDevice HostIOMMUDevice;
typedef struct HostIOMMUDeviceClass HostIOMMUDeviceClass;
DECLARE_INSTANCE_CHECKER(HostIOMMUDevice, HOST_IOMMU_DEVICE, TYPE_HOST_IOMMU_DEVICE)
DECLARE_CLASS_CHECKERS(HostIOMMUDeviceClass, HOST_IOMMU_DEVICE, TYPE_HOST_IOMMU_DEVICE)

/* What get_cap() answers. */
typedef enum HostIOMMUDeviceCap {
    HOST_IOMMU_DEVICE_CAP_IOMMU_TYPE,   /* IOMMU_HW_INFO_TYPE_* */
    HOST_IOMMU_DEVICE_CAP_ATS,          /* 1: the host lets this device use ATS */
    HOST_IOMMU_DEVICE_CAP_DIRTY_TRACKING,
} HostIOMMUDeviceCap;

typedef struct PasidInfo { uint8_t max_pasid_log2; bool exec_perm, priv_mod; } PasidInfo;

/* Vendor data of IOMMU_GET_HW_INFO for an Arm SMMUv3, in host order. */
typedef struct HostSMMUv3Info { uint32_t flags, idr[6], iidr, aidr; } HostSMMUv3Info;

typedef struct HostIOMMUDeviceCaps {
    uint32_t type;                      /* IOMMU_HW_INFO_TYPE_* */
    uint64_t hw_caps;                   /* IOMMU_HW_CAP_* */
    uint8_t max_pasid_log2;             /* 0: no PASID */
    HostSMMUv3Info smmuv3;              /* when type says so */
} HostIOMMUDeviceCaps;

struct HostIOMMUDevice {
    Object parent_obj;
    char *name;                         /* "0000:01:00.0": for messages */
    void *agent;                        /* the VFIO device */
    HostIOMMUDeviceCaps caps;
    /* identity of the aliased function behind a conventional bridge */
    int devfn;
    /* iommufd */
    IOMMUFDBackend *iommufd;
    uint32_t devid;                     /* of the bound device */
    uint32_t ioas_id;                   /* of its container */
    uint32_t hwpt_id;                   /* stage 2 (nesting parent) it is attached to by default; 0: none */
    uint32_t group_id;                  /* host IOMMU group, for sharing */
};

struct HostIOMMUDeviceClass {
    ObjectClass parent_class;
    /* The value, 0 for no; -errno with *errp for what nobody knows. */
    int (*get_cap)(HostIOMMUDevice *hiod, HostIOMMUDeviceCap cap, Error **errp);
    /* False: the device has no PASIDs. */
    bool (*get_pasid_info)(HostIOMMUDevice *hiod, PasidInfo *info);
    /* Moves the device (atomically) to page table @pt_id; on failure the old one stays. */
    bool (*attach_hwpt)(HostIOMMUDevice *hiod, uint32_t pt_id, Error **errp);
    bool (*detach_hwpt)(HostIOMMUDevice *hiod, Error **errp);
};

static inline int host_iommu_device_get_cap(HostIOMMUDevice *hiod, HostIOMMUDeviceCap cap, Error **errp)
{
    return HOST_IOMMU_DEVICE_GET_CLASS(hiod)->get_cap(hiod, cap, errp);
}

static inline bool host_iommu_device_get_pasid_info(HostIOMMUDevice *hiod, PasidInfo *info)
{
    return HOST_IOMMU_DEVICE_GET_CLASS(hiod)->get_pasid_info(hiod, info);
}

static inline bool host_iommu_device_iommufd_attach_hwpt(HostIOMMUDevice *hiod, uint32_t pt_id, Error **errp)
{
    return HOST_IOMMU_DEVICE_GET_CLASS(hiod)->attach_hwpt(hiod, pt_id, errp);
}

static inline bool host_iommu_device_iommufd_detach_hwpt(HostIOMMUDevice *hiod, Error **errp)
{
    return HOST_IOMMU_DEVICE_GET_CLASS(hiod)->detach_hwpt(hiod, errp);
}

#endif
