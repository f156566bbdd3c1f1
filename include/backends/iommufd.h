/*
 * -object iommufd: one open /dev/iommu and everything made on it. The only
 * place that knows its ioctls. The kernel's rules are in
 * docs/devel/iommufd.md; objects are plain ids there.
 *
 * `IOMMUFDOps` is the seam to the kernel: the real one makes ioctls, the host
 * simulator answers them in this process.
 *
 * Functions return true, or false with *errp naming the ioctl, object and errno.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef BACKENDS_IOMMUFD_H
#define BACKENDS_IOMMUFD_H

#include "backends/host_iommu_device.h"
#include "qom/object.h"
#include "util/osdep.h"

#define TYPE_IOMMUFD_BACKEND "iommufd"
OBJECT_DECLARE_SIMPLE_TYPE(IOMMUFDBackend, IOMMUFD_BACKEND)

typedef struct IOMMUFDOps {
    int (*open)(void);                                     /* fd or -errno */
    void (*close)(int fd);
    int (*ioctl)(int fd, unsigned long cmd, void *arg);    /* 0.. or -errno */
    void *(*mmap)(int fd, void *at, size_t size, int prot, uint64_t offset);   /* in place of what is at @at, if not NULL; NULL: errno is set */
    void (*munmap)(int fd, void *p, size_t size);           /* empty memory takes its place */
    ssize_t (*event_read)(int event_fd, void *buf, size_t n);   /* of vEVENTQ and fault queues */
    ssize_t (*event_write)(int event_fd, const void *buf, size_t n);
    void (*event_close)(int event_fd);
    /* VFIO cdev: same idea, on device fds */
    int (*device_open)(const char *cdev_path);
    void (*device_close)(int dev_fd);
    int (*device_ioctl)(int dev_fd, unsigned long cmd, void *arg);          /* 0.. (some answer an fd) or -errno */
    ssize_t (*device_pread)(int dev_fd, void *buf, size_t n, uint64_t offset);
    ssize_t (*device_pwrite)(int dev_fd, const void *buf, size_t n, uint64_t offset);
    void *(*device_mmap)(int dev_fd, size_t size, int prot, uint64_t offset);      /* NULL on failure, errno set */
    void (*device_munmap)(int dev_fd, void *p, size_t size);
    const char *sys_root;                                   /* where sysfs is: "/sys" */
    const char *dev_root;                                   /* where device nodes are: "/dev" */
} IOMMUFDOps;
extern const IOMMUFDOps iommufd_kernel_ops;
extern const IOMMUFDOps *iommufd_ops;                       /* the one in use */

struct IOMMUFDBackend {
    UserCreatable parent_obj;
    int fd;                             /* -1: not open */
    bool owned;                         /* we opened it */
    char *fd_name;                      /* fd= */
    unsigned users;
};

bool iommufd_backend_connect(IOMMUFDBackend *be, Error **errp);
void iommufd_backend_disconnect(IOMMUFDBackend *be);

/* Address spaces */
bool iommufd_backend_alloc_ioas(IOMMUFDBackend *be, uint32_t *ioas_id, Error **errp);
void iommufd_backend_free_id(IOMMUFDBackend *be, uint32_t id);
bool iommufd_backend_map_dma(IOMMUFDBackend *be, uint32_t ioas_id, hwaddr iova, uint64_t size, void *vaddr, bool readonly, Error **errp);
bool iommufd_backend_map_file_dma(IOMMUFDBackend *be, uint32_t ioas_id, hwaddr iova, uint64_t size, int fd, uint64_t start, bool readonly, Error **errp);
bool iommufd_backend_unmap_dma(IOMMUFDBackend *be, uint32_t ioas_id, hwaddr iova, uint64_t size, Error **errp);
bool iommufd_backend_copy_dma(IOMMUFDBackend *be, uint32_t dst_ioas, uint32_t src_ioas, hwaddr dst_iova, hwaddr src_iova, uint64_t size,
                              bool readonly, Error **errp);
/* @ranges: array of {start, last} pairs to be g_free()d */
bool iommufd_backend_iova_ranges(IOMMUFDBackend *be, uint32_t ioas_id, uint64_t **ranges, uint32_t *n, Error **errp);
/* Page tables */
bool iommufd_backend_alloc_hwpt(IOMMUFDBackend *be, uint32_t dev_id, uint32_t pt_id, uint32_t flags, uint32_t data_type,
                                uint32_t data_len, const void *data, uint32_t fault_id, uint32_t *hwpt_id, Error **errp);
/* @type: in, the kind of data wanted (DEFAULT: whatever there is); out, the kind of @data. */
bool iommufd_backend_get_device_info(IOMMUFDBackend *be, uint32_t devid, uint32_t *type, void *data, uint32_t len,
                                     uint64_t *caps, uint8_t *max_pasid_log2, Error **errp);
bool iommufd_backend_alloc_viommu(IOMMUFDBackend *be, uint32_t dev_id, uint32_t type, uint32_t hwpt_id, void *data, uint32_t len, uint32_t *viommu_id, Error **errp);
bool iommufd_backend_alloc_vdev(IOMMUFDBackend *be, uint32_t dev_id, uint32_t viommu_id, uint64_t virt_id, uint32_t *vdev_id, Error **errp);
bool iommufd_backend_alloc_veventq(IOMMUFDBackend *be, uint32_t viommu_id, uint32_t type, uint32_t depth, uint32_t *id, int *fd, Error **errp);
/*
 * Page requests of devices attached to a table that names queue @id (IOMMU_HWPT_FAULT_ID_VALID): iommufd_ops->event_read() gives
 * whole groups of struct iommu_hwpt_pgfault, event_write() takes struct iommu_hwpt_page_response, event_close() closes @fd.
 */
bool iommufd_backend_alloc_fault_queue(IOMMUFDBackend *be, uint32_t *id, int *fd, Error **errp);
bool iommufd_backend_alloc_hw_queue(IOMMUFDBackend *be, uint32_t viommu_id, uint32_t type, uint32_t index, hwaddr base, uint64_t len, uint32_t *id, Error **errp);
/*
 * What the vIOMMU's type lets the guest touch directly, put in the place of memory at @at if not NULL; NULL: that is as it was. munmap it before
 * the vIOMMU is freed: empty memory takes its place, so that who still holds the address does no harm.
 */
void *iommufd_backend_viommu_mmap(IOMMUFDBackend *be, uint32_t viommu_id, void *at, uint64_t size, uint64_t offset, Error **errp);
void iommufd_backend_viommu_munmap(IOMMUFDBackend *be, void *p, uint64_t size);
/* Hot path: no Error, no allocation. Returns 0 or -errno; *entry_num as the kernel wrote it back. */
int iommufd_backend_invalidate_cache(IOMMUFDBackend *be, uint32_t id, uint32_t data_type, uint32_t entry_len, uint32_t *entry_num, const void *data);
bool iommufd_backend_set_dirty_tracking(IOMMUFDBackend *be, uint32_t hwpt_id, bool start, Error **errp);
bool iommufd_backend_get_dirty_bitmap(IOMMUFDBackend *be, uint32_t hwpt_id, uint64_t iova, uint64_t size, uint64_t page_size, uint64_t *data, Error **errp);

/* "iommufd 'ID'", for messages; valid as long as the object. */
const char *iommufd_backend_name(IOMMUFDBackend *be);

#endif
