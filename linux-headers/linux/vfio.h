/*
 * The VFIO device ABI: the system's header, and what Linux added after it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TWOSTAGE_LINUX_VFIO_H
#define TWOSTAGE_LINUX_VFIO_H

#include_next <linux/vfio.h>

/* Device cdev: bind to an iommufd, attach to a page table of it. */
#ifndef VFIO_DEVICE_BIND_IOMMUFD
struct vfio_device_bind_iommufd {
    __u32 argsz, flags;
    __s32 iommufd;
    __u32 out_devid;
    __aligned_u64 token_uuid_ptr;
};
#define VFIO_DEVICE_BIND_IOMMUFD        _IO(VFIO_TYPE, VFIO_BASE + 18)

struct vfio_device_attach_iommufd_pt { __u32 argsz, flags, pt_id, pasid; };
#define VFIO_DEVICE_ATTACH_IOMMUFD_PT   _IO(VFIO_TYPE, VFIO_BASE + 19)

struct vfio_device_detach_iommufd_pt { __u32 argsz, flags, pasid; };
#define VFIO_DEVICE_DETACH_IOMMUFD_PT   _IO(VFIO_TYPE, VFIO_BASE + 20)
#endif
#ifndef VFIO_DEVICE_BIND_FLAG_TOKEN
#define VFIO_DEVICE_BIND_FLAG_TOKEN     (1 << 0)
#endif
#ifndef VFIO_DEVICE_ATTACH_PASID
#define VFIO_DEVICE_ATTACH_PASID        (1 << 0)
#define VFIO_DEVICE_DETACH_PASID        (1 << 0)
#endif

/* Hot reset: devices are named by iommufd device id instead of group. */
#ifndef VFIO_PCI_HOT_RESET_FLAG_DEV_ID
#define VFIO_PCI_HOT_RESET_FLAG_DEV_ID          (1 << 0)
#define VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED    (1 << 1)
#endif

/* A BAR range as a dma-buf: the ioctl's result is the file descriptor. */
#ifndef VFIO_DEVICE_FEATURE_DMA_BUF
#define VFIO_DEVICE_FEATURE_DMA_BUF     11
struct vfio_region_dma_range { __u64 offset, length; };
struct vfio_device_feature_dma_buf {
    __u32 region_index, open_flags, flags, nr_ranges;
    struct vfio_region_dma_range dma_ranges[];
};
#endif

#endif
