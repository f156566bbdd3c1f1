/*
 * Host devices, inside the vfio room.
 *
 * Terms
 *   device      one VFIO cdev, bound to an iommufd (VFIODevice)
 *   container   one kernel I/O address space that mirrors one AddressSpace for
 *               all devices that share both it and the iommufd
 *   stage 2     a nesting parent page table of a container, one for each
 *               physical IOMMU that has devices there
 *   group       devices the host IOMMU cannot tell apart; they always agree on
 *               one page table
 *   region      BAR, ROM or config space of a device, at an offset of its file
 *
 * All of it runs under the machine lock, except accesses to trapped regions of
 * vCPUs, which take it as ordinary MMIO does.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_VFIO_VFIO_H
#define HW_VFIO_VFIO_H

#include <linux/iommufd.h>
#include <linux/vfio.h>
#include "backends/iommufd.h"
#include "system/memory.h"
#include "util/event_notifier.h"

/* Where the host's IOMMU driver puts its own MSI mappings: never ours to map. */
#define VFIO_MSI_WINDOW_BASE 0x08000000ULL
#define VFIO_MSI_WINDOW_SIZE 0x00100000ULL

typedef struct VFIOContainer VFIOContainer;
typedef struct VFIODevice VFIODevice;

typedef struct VFIOStage2 {
    char *iommu;                        /* the physical IOMMU, as sysfs names it */
    uint32_t hwpt_id;
    unsigned users;
} VFIOStage2;

typedef struct VFIOGroup {
    IOMMUFDBackend *iommufd;
    int id;
    GPtrArray *attached;                /* VFIODevice */
    uint32_t pt_id;                     /* what they were attached to: a page table or an I/O address space */
} VFIOGroup;

struct VFIOContainer {
    IOMMUFDBackend *iommufd;
    AddressSpace *as;
    uint32_t ioas_id;
    unsigned users;
    GPtrArray *stage2s;                 /* VFIOStage2 */
    MemoryListener listener;
    GHashTable *maps;                   /* iova -> size of what is mapped now */
    bool filling;                       /* the first pass: errors go to fill_error */
    Error *fill_error;
};

struct VFIODevice {
    /* who it is */
    char *name;                         /* "0000:01:00.0" */
    char *sysfsdev;                     /* property, then canonical path; NULL when unknown */
    char *fd_name;                      /* fd= */
    char *vf_token;
    IOMMUFDBackend *iommufd;            /* property */
    int group_id;                       /* -1: unknown */
    char *iommu;                        /* physical IOMMU */
    /* what the kernel gave */
    int fd;                             /* -1: not open */
    bool connected, bound;
    uint32_t devid;
    uint32_t flags, num_regions, num_irqs;
    VFIOContainer *container;
    VFIOStage2 *stage2;
    VFIOGroup *group;                   /* NULL: not attached */
    HostIOMMUDevice *hiod;
};

typedef struct VFIORegion VFIORegion;
typedef struct VFIOMmap {
    VFIORegion *region;
    MemoryRegion mem;
    void *ptr;
    uint64_t offset, size;              /* in the region */
    int dmabuf_fd;                      /* -1: none, -2: not asked yet */
} VFIOMmap;

struct VFIORegion {
    VFIODevice *vdev;
    uint32_t index, flags;
    uint64_t size, fd_offset;
    MemoryRegion *container;            /* what the BAR is; NULL: not set up */
    MemoryRegion io;                    /* traps what is not mmapped */
    VFIOMmap *mmaps;
    unsigned nr_mmaps;
    void (*accessed)(VFIORegion *region);   /* after each trapped access; may be NULL */
};

/* device.c */
bool vfio_device_open(VFIODevice *vdev, Error **errp);
void vfio_device_close(VFIODevice *vdev);
int vfio_device_irq_info(VFIODevice *vdev, uint32_t index, struct vfio_irq_info *info);
/* Eventfds for @count interrupts from @start; fd -1 takes one away. 0, -errno, or how many there could have been. */
int vfio_device_set_irqs(VFIODevice *vdev, uint32_t index, uint32_t action, uint32_t start, const int32_t *fds, uint32_t count);
int vfio_device_irq_action(VFIODevice *vdev, uint32_t index, uint32_t action);
int vfio_device_disable_irqs(VFIODevice *vdev, uint32_t index);

/* iommufd.c */
#define TYPE_HOST_IOMMU_DEVICE_IOMMUFD_VFIO TYPE_HOST_IOMMU_DEVICE_IOMMUFD "-vfio"
bool vfio_iommufd_read_caps(VFIODevice *vdev, HostIOMMUDeviceCaps *caps, Error **errp);
bool vfio_iommufd_connect(VFIODevice *vdev, AddressSpace *as, bool nesting, Error **errp);
void vfio_iommufd_disconnect(VFIODevice *vdev);
bool vfio_iommufd_attach(VFIODevice *vdev, uint32_t pt_id, Error **errp);
bool vfio_iommufd_detach(VFIODevice *vdev, Error **errp);

/* listener.c */
bool vfio_listener_start(VFIOContainer *c, Error **errp);
void vfio_listener_stop(VFIOContainer *c);

/* regions.c */
bool vfio_region_init(VFIODevice *vdev, VFIORegion *region, uint32_t index, Error **errp);
/* Takes @size bytes at @offset, rounded out to pages, away from what will be mmapped. */
void vfio_region_exclude(VFIORegion *region, uint64_t offset, uint64_t size);
bool vfio_region_setup(VFIORegion *region, Object *owner, const char *name, uint64_t bar_size, bool mmap, MemoryRegion *container, Error **errp);
void vfio_region_set_mmaps_enabled(VFIORegion *region, bool enabled);
/* The guest can no longer reach it: gives the pages back to the host. vfio_region_free() when nobody can hold the address. */
void vfio_region_exit(VFIORegion *region);
void vfio_region_free(VFIORegion *region);
int vfio_region_read(VFIORegion *region, uint64_t offset, void *buf, unsigned size);
int vfio_region_write(VFIORegion *region, uint64_t offset, const void *buf, unsigned size);
/* -1 when @mr is not an mmapped BAR or the kernel makes no dma-bufs of it */
int vfio_region_dmabuf(MemoryRegion *mr);

#endif
