/*
 * -object iommufd,id=ID[,fd=N]: one open /dev/iommu.
 *
 * The file is opened when the first device needs it and closed after the
 * last, unless the user handed in an open one. Every object made on it is an
 * id in the kernel; whoever made one frees it with iommufd_backend_free_id().
 *
 * Called under the machine lock, except iommufd_backend_invalidate_cache(),
 * which vSMMUs call from vCPU threads under their own lock; the kernel
 * serialises what must be serialised.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <linux/iommufd.h>
#include <sys/mman.h>
#include "backends/iommufd.h"
#include "util/passed-fds.h"
#include "backends.trace.h"

const char *iommufd_backend_name(IOMMUFDBackend *be)
{
    const char *id = object_get_canonical_path_component(OBJECT(be));
    return id ? id : "?";
}

/* What users can do about an errno that has one usual cause; NULL: nothing to add. */
static const char *errno_hint(int err)
{
    switch (-err) {
    case ENOMEM:     return "raise the locked-memory limit (ulimit -l) or give CAP_IPC_LOCK";
    case ENOTTY:     return "this kernel does not know the call; a newer one is needed";
    case EADDRINUSE: return "a guest address range is one that the host reserves";
    default:         return NULL;
    }
}

static void set_ioctl_error(Error **errp, IOMMUFDBackend *be, const char *ioctl_name, int err, const char *fmt, ...) G_GNUC_PRINTF(5, 6);
static void set_ioctl_error(Error **errp, IOMMUFDBackend *be, const char *ioctl_name, int err, const char *fmt, ...)
{
    ERRP_GUARD();
    const char *hint = errno_hint(err);
    va_list ap;

    va_start(ap, fmt);
    g_autofree char *what = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    error_setg_errno(errp, err, "iommufd '%s': %s (%s) failed", iommufd_backend_name(be), ioctl_name, what);
    if (hint) {
        error_append_hint(errp, "%s\n", hint);
    }
}

static int backend_ioctl(IOMMUFDBackend *be, unsigned long cmd, void *arg)
{
    return iommufd_ops->ioctl(be->fd, cmd, arg);
}

/* --- Opening and closing ------------------------------------------------------ */

static bool take_fd(IOMMUFDBackend *be, Error **errp)
{
    ERRP_GUARD();
    int fd = passed_fd_param(be->fd_name, errp);

    if (fd < 0) {
        error_prepend(errp, "iommufd '%s': ", iommufd_backend_name(be));
        return false;
    }
    be->fd = fd;
    be->owned = false;
    return true;
}

static bool open_dev_iommu(IOMMUFDBackend *be, Error **errp)
{
    ERRP_GUARD();
    int fd = iommufd_ops->open();

    if (fd < 0) {
        error_setg_errno(errp, fd, "iommufd '%s': cannot open /dev/iommu", iommufd_backend_name(be));
        if (fd == -ENOENT || fd == -ENODEV) {
            error_append_hint(errp, "the host kernel needs CONFIG_IOMMUFD (modprobe iommufd)\n");
        } else if (fd == -EACCES || fd == -EPERM) {
            error_append_hint(errp, "give this user access to /dev/iommu, or pass an open one with fd=\n");
        }
        return false;
    }
    be->fd = fd;
    be->owned = true;
    return true;
}

bool iommufd_backend_connect(IOMMUFDBackend *be, Error **errp)
{
    if (be->fd < 0 && !(be->fd_name ? take_fd(be, errp) : open_dev_iommu(be, errp))) {
        return false;
    }
    be->users++;
    trace_iommufd_backend_connect(be->fd, be->owned, be->users);
    return true;
}

void iommufd_backend_disconnect(IOMMUFDBackend *be)
{
    g_assert(be->users > 0);
    be->users--;
    trace_iommufd_backend_disconnect(be->fd, be->users);
    if (!be->users && be->owned) {
        iommufd_ops->close(be->fd);
        be->fd = -1;
        be->owned = false;
    }
}

/* --- I/O address spaces --------------------------------------------------------- */

bool iommufd_backend_alloc_ioas(IOMMUFDBackend *be, uint32_t *ioas_id, Error **errp)
{
    struct iommu_ioas_alloc cmd = { .size = sizeof(cmd) };
    int r = backend_ioctl(be, IOMMU_IOAS_ALLOC, &cmd);

    trace_iommufd_backend_alloc_ioas(be->fd, cmd.out_ioas_id, r);
    if (r < 0) {
        set_ioctl_error(errp, be, "IOMMU_IOAS_ALLOC", r, "new address space");
        return false;
    }
    *ioas_id = cmd.out_ioas_id;
    return true;
}

/* What stays would be in the way of its successor (a vDEVICE of its device), so a busy moment of the kernel's is waited out once. */
void iommufd_backend_free_id(IOMMUFDBackend *be, uint32_t id)
{
    struct iommu_destroy cmd = { .size = sizeof(cmd), .id = id };
    int r = backend_ioctl(be, IOMMU_DESTROY, &cmd);

    if (r < 0 && r != -ENOENT) {
        trace_iommufd_backend_free_id(be->fd, id, r);
        r = backend_ioctl(be, IOMMU_DESTROY, &cmd);
    }
    trace_iommufd_backend_free_id(be->fd, id, r);
    if (r < 0) {
        warn_report("iommufd '%s': IOMMU_DESTROY (object %u) failed: %s; it stays until the file is closed",
                    iommufd_backend_name(be), id, strerror(-r));
    }
}

static uint32_t map_flags(bool readonly)
{
    return IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE | (readonly ? 0 : IOMMU_IOAS_MAP_WRITEABLE);
}

bool iommufd_backend_map_dma(IOMMUFDBackend *be, uint32_t ioas_id, hwaddr iova, uint64_t size, void *vaddr, bool readonly, Error **errp)
{
    struct iommu_ioas_map cmd = {
        .size = sizeof(cmd), .flags = map_flags(readonly), .ioas_id = ioas_id,
        .user_va = (uintptr_t)vaddr, .length = size, .iova = iova,
    };
    int r = backend_ioctl(be, IOMMU_IOAS_MAP, &cmd);

    trace_iommufd_backend_map_dma(be->fd, ioas_id, iova, size, vaddr, readonly, r);
    if (r < 0) {
        set_ioctl_error(errp, be, "IOMMU_IOAS_MAP", r, "address space %u, 0x%" PRIx64 " bytes at 0x%" PRIx64, ioas_id, size, iova);
        return false;
    }
    return true;
}

bool iommufd_backend_map_file_dma(IOMMUFDBackend *be, uint32_t ioas_id, hwaddr iova, uint64_t size, int fd, uint64_t start,
                                  bool readonly, Error **errp)
{
    struct iommu_ioas_map_file cmd = {
        .size = sizeof(cmd), .flags = map_flags(readonly), .ioas_id = ioas_id,
        .fd = fd, .start = start, .length = size, .iova = iova,
    };
    int r = backend_ioctl(be, IOMMU_IOAS_MAP_FILE, &cmd);

    trace_iommufd_backend_map_file_dma(be->fd, ioas_id, iova, size, fd, start, readonly, r);
    if (r < 0) {
        set_ioctl_error(errp, be, "IOMMU_IOAS_MAP_FILE", r, "address space %u, 0x%" PRIx64 " bytes at 0x%" PRIx64 " from fd %d",
                        ioas_id, size, iova, fd);
        return false;
    }
    return true;
}

bool iommufd_backend_unmap_dma(IOMMUFDBackend *be, uint32_t ioas_id, hwaddr iova, uint64_t size, Error **errp)
{
    struct iommu_ioas_unmap cmd = { .size = sizeof(cmd), .ioas_id = ioas_id, .iova = iova, .length = size };
    int r = backend_ioctl(be, IOMMU_IOAS_UNMAP, &cmd);

    trace_iommufd_backend_unmap_dma(be->fd, ioas_id, iova, size, r);
    if (r < 0) {
        set_ioctl_error(errp, be, "IOMMU_IOAS_UNMAP", r, "address space %u, 0x%" PRIx64 " bytes at 0x%" PRIx64, ioas_id, size, iova);
        return false;
    }
    return true;
}

/* What @src has at @src_iova, shown in @dst too: pinned once. */
bool iommufd_backend_copy_dma(IOMMUFDBackend *be, uint32_t dst_ioas, uint32_t src_ioas, hwaddr dst_iova, hwaddr src_iova, uint64_t size,
                              bool readonly, Error **errp)
{
    struct iommu_ioas_copy cmd = {
        .size = sizeof(cmd), .flags = map_flags(readonly), .dst_ioas_id = dst_ioas, .src_ioas_id = src_ioas,
        .length = size, .dst_iova = dst_iova, .src_iova = src_iova,
    };
    int r = backend_ioctl(be, IOMMU_IOAS_COPY, &cmd);

    trace_iommufd_backend_copy_dma(be->fd, dst_ioas, src_ioas, dst_iova, src_iova, size, readonly, r);
    if (r < 0) {
        set_ioctl_error(errp, be, "IOMMU_IOAS_COPY", r, "address space %u to %u, 0x%" PRIx64 " bytes at 0x%" PRIx64,
                        src_ioas, dst_ioas, size, src_iova);
        return false;
    }
    return true;
}

/* The number of ranges can grow between asking and reading: a few tries, then give up. */
bool iommufd_backend_iova_ranges(IOMMUFDBackend *be, uint32_t ioas_id, uint64_t **ranges, uint32_t *n, Error **errp)
{
    struct iommu_ioas_iova_ranges cmd = { .size = sizeof(cmd), .ioas_id = ioas_id };
    g_autofree uint64_t *buf = NULL;
    int r;

    for (int tries = 0; tries < 4; tries++) {
        uint32_t room = cmd.num_iovas;
        cmd.allowed_iovas = (uintptr_t)buf;
        r = backend_ioctl(be, IOMMU_IOAS_IOVA_RANGES, &cmd);
        if (r >= 0 && cmd.num_iovas <= room) {
            *n = cmd.num_iovas;
            *ranges = g_steal_pointer(&buf);
            return true;
        }
        if (r < 0 && r != -EMSGSIZE) {
            break;
        }
        g_free(buf);
        buf = g_new0(uint64_t, 2 * (size_t)cmd.num_iovas);
    }
    set_ioctl_error(errp, be, "IOMMU_IOAS_IOVA_RANGES", r < 0 ? r : -EMSGSIZE, "address space %u", ioas_id);
    return false;
}

/* --- Page tables ------------------------------------------------------------------ */

bool iommufd_backend_alloc_hwpt(IOMMUFDBackend *be, uint32_t dev_id, uint32_t pt_id, uint32_t flags, uint32_t data_type,
                                uint32_t data_len, const void *data, uint32_t fault_id, uint32_t *hwpt_id, Error **errp)
{
    struct iommu_hwpt_alloc cmd = {
        .size = sizeof(cmd), .flags = flags, .dev_id = dev_id, .pt_id = pt_id,
        .data_type = data_type, .data_len = data_len, .data_uptr = (uintptr_t)data, .fault_id = fault_id,
    };
    int r = backend_ioctl(be, IOMMU_HWPT_ALLOC, &cmd);

    trace_iommufd_backend_alloc_hwpt(be->fd, dev_id, pt_id, flags, data_type, data_len, data, cmd.out_hwpt_id, r);
    if (r < 0) {
        set_ioctl_error(errp, be, "IOMMU_HWPT_ALLOC", r, "device %u, parent %u, flags 0x%x, type %u", dev_id, pt_id, flags, data_type);
        return false;
    }
    *hwpt_id = cmd.out_hwpt_id;
    return true;
}

bool iommufd_backend_set_dirty_tracking(IOMMUFDBackend *be, uint32_t hwpt_id, bool start, Error **errp)
{
    struct iommu_hwpt_set_dirty_tracking cmd = {
        .size = sizeof(cmd), .hwpt_id = hwpt_id, .flags = start ? IOMMU_HWPT_DIRTY_TRACKING_ENABLE : 0,
    };
    int r = backend_ioctl(be, IOMMU_HWPT_SET_DIRTY_TRACKING, &cmd);

    trace_iommufd_backend_set_dirty(be->fd, hwpt_id, start, r);
    if (r < 0) {
        set_ioctl_error(errp, be, "IOMMU_HWPT_SET_DIRTY_TRACKING", r, "page table %u", hwpt_id);
        return false;
    }
    return true;
}

bool iommufd_backend_get_dirty_bitmap(IOMMUFDBackend *be, uint32_t hwpt_id, uint64_t iova, uint64_t size, uint64_t page_size,
                                      uint64_t *data, Error **errp)
{
    struct iommu_hwpt_get_dirty_bitmap cmd = {
        .size = sizeof(cmd), .hwpt_id = hwpt_id, .iova = iova, .length = size, .page_size = page_size, .data = (uintptr_t)data,
    };
    int r = backend_ioctl(be, IOMMU_HWPT_GET_DIRTY_BITMAP, &cmd);

    trace_iommufd_backend_get_dirty_bitmap(be->fd, hwpt_id, iova, size, page_size, r);
    if (r < 0) {
        set_ioctl_error(errp, be, "IOMMU_HWPT_GET_DIRTY_BITMAP", r, "page table %u, 0x%" PRIx64 " bytes at 0x%" PRIx64, hwpt_id, size, iova);
        return false;
    }
    return true;
}

int iommufd_backend_invalidate_cache(IOMMUFDBackend *be, uint32_t id, uint32_t data_type, uint32_t entry_len, uint32_t *entry_num,
                                     const void *data)
{
    struct iommu_hwpt_invalidate cmd = {
        .size = sizeof(cmd), .hwpt_id = id, .data_uptr = (uintptr_t)data,
        .data_type = data_type, .entry_len = entry_len, .entry_num = *entry_num,
    };
    int r = backend_ioctl(be, IOMMU_HWPT_INVALIDATE, &cmd);

    trace_iommufd_backend_invalidate_cache(be->fd, id, data_type, entry_len, *entry_num, cmd.entry_num, data, r);
    *entry_num = cmd.entry_num;
    return r;
}

/* --- Devices and virtual IOMMUs -------------------------------------------------------- */

bool iommufd_backend_get_device_info(IOMMUFDBackend *be, uint32_t devid, uint32_t *type, void *data, uint32_t len,
                                     uint64_t *caps, uint8_t *max_pasid_log2, Error **errp)
{
    struct iommu_hw_info cmd = {
        .size = sizeof(cmd), .dev_id = devid, .data_len = len, .data_uptr = (uintptr_t)data,
        .flags = *type ? IOMMU_HW_INFO_FLAG_INPUT_TYPE : 0, .in_data_type = *type,
    };
    int r = backend_ioctl(be, IOMMU_GET_HW_INFO, &cmd);

    if (r < 0) {
        set_ioctl_error(errp, be, "IOMMU_GET_HW_INFO", r, "device %u, type %u", devid, *type);
        return false;
    }
    *type = cmd.out_data_type;
    *caps = cmd.out_capabilities;
    *max_pasid_log2 = cmd.out_max_pasid_log2;
    return true;
}

bool iommufd_backend_alloc_viommu(IOMMUFDBackend *be, uint32_t dev_id, uint32_t type, uint32_t hwpt_id, void *data, uint32_t len,
                                  uint32_t *viommu_id, Error **errp)
{
    struct iommu_viommu_alloc cmd = {
        .size = sizeof(cmd), .type = type, .dev_id = dev_id, .hwpt_id = hwpt_id, .data_len = len, .data_uptr = (uintptr_t)data,
    };
    int r = backend_ioctl(be, IOMMU_VIOMMU_ALLOC, &cmd);

    trace_iommufd_backend_alloc_viommu(be->fd, dev_id, type, hwpt_id, data, len, cmd.out_viommu_id, r);
    if (r < 0) {
        set_ioctl_error(errp, be, "IOMMU_VIOMMU_ALLOC", r, "device %u, type %u, page table %u", dev_id, type, hwpt_id);
        return false;
    }
    *viommu_id = cmd.out_viommu_id;
    return true;
}

bool iommufd_backend_alloc_vdev(IOMMUFDBackend *be, uint32_t dev_id, uint32_t viommu_id, uint64_t virt_id, uint32_t *vdev_id, Error **errp)
{
    struct iommu_vdevice_alloc cmd = { .size = sizeof(cmd), .viommu_id = viommu_id, .dev_id = dev_id, .virt_id = virt_id };
    int r = backend_ioctl(be, IOMMU_VDEVICE_ALLOC, &cmd);

    trace_iommufd_backend_alloc_vdev(be->fd, dev_id, viommu_id, virt_id, cmd.out_vdevice_id, r);
    if (r < 0) {
        set_ioctl_error(errp, be, "IOMMU_VDEVICE_ALLOC", r, "device %u, virtual IOMMU %u, virtual id 0x%" PRIx64, dev_id, viommu_id, virt_id);
        return false;
    }
    *vdev_id = cmd.out_vdevice_id;
    return true;
}

bool iommufd_backend_alloc_veventq(IOMMUFDBackend *be, uint32_t viommu_id, uint32_t type, uint32_t depth, uint32_t *id, int *fd, Error **errp)
{
    struct iommu_veventq_alloc cmd = { .size = sizeof(cmd), .viommu_id = viommu_id, .type = type, .veventq_depth = depth };
    int r = backend_ioctl(be, IOMMU_VEVENTQ_ALLOC, &cmd);

    trace_iommufd_viommu_alloc_eventq(be->fd, viommu_id, type, cmd.out_veventq_id, cmd.out_veventq_fd, r);
    if (r < 0) {
        set_ioctl_error(errp, be, "IOMMU_VEVENTQ_ALLOC", r, "virtual IOMMU %u, depth %u", viommu_id, depth);
        return false;
    }
    *id = cmd.out_veventq_id;
    *fd = (int)cmd.out_veventq_fd;
    return true;
}

bool iommufd_backend_alloc_fault_queue(IOMMUFDBackend *be, uint32_t *id, int *fd, Error **errp)
{
    struct iommu_fault_alloc cmd = { .size = sizeof(cmd) };
    int r = backend_ioctl(be, IOMMU_FAULT_QUEUE_ALLOC, &cmd);

    trace_iommufd_backend_alloc_fault_queue(be->fd, cmd.out_fault_id, cmd.out_fault_fd, r);
    if (r < 0) {
        set_ioctl_error(errp, be, "IOMMU_FAULT_QUEUE_ALLOC", r, "new fault queue");
        return false;
    }
    *id = cmd.out_fault_id;
    *fd = (int)cmd.out_fault_fd;
    return true;
}

bool iommufd_backend_alloc_hw_queue(IOMMUFDBackend *be, uint32_t viommu_id, uint32_t type, uint32_t index, hwaddr base, uint64_t len,
                                    uint32_t *id, Error **errp)
{
    struct iommu_hw_queue_alloc cmd = {
        .size = sizeof(cmd), .viommu_id = viommu_id, .type = type, .index = index, .nesting_parent_iova = base, .length = len,
    };
    int r = backend_ioctl(be, IOMMU_HW_QUEUE_ALLOC, &cmd);

    trace_iommufd_viommu_alloc_hw_queue(be->fd, viommu_id, type, index, base, len, cmd.out_hw_queue_id, r);
    if (r < 0) {
        set_ioctl_error(errp, be, "IOMMU_HW_QUEUE_ALLOC", r, "virtual IOMMU %u, queue %u", viommu_id, index);
        return false;
    }
    *id = cmd.out_hw_queue_id;
    return true;
}

void *iommufd_backend_viommu_mmap(IOMMUFDBackend *be, uint32_t viommu_id, void *at, uint64_t size, uint64_t offset, Error **errp)
{
    void *p = iommufd_ops->mmap(be->fd, at, size, PROT_READ | PROT_WRITE, offset);
    int err = errno;

    trace_iommufd_backend_viommu_mmap(be->fd, viommu_id, size, offset, p);
    if (!p) {
        error_setg_errno(errp, err, "iommufd '%s': mmap of 0x%" PRIx64 " bytes of virtual IOMMU %u failed",
                         iommufd_backend_name(be), size, viommu_id);
    }
    return p;
}

void iommufd_backend_viommu_munmap(IOMMUFDBackend *be, void *p, uint64_t size)
{
    iommufd_ops->munmap(be->fd, p, size);
}

/* --- The object ---------------------------------------------------------------------- */

static char *iommufd_backend_get_fd(Object *obj, Error **errp)
{
    return g_strdup(IOMMUFD_BACKEND(obj)->fd_name ? IOMMUFD_BACKEND(obj)->fd_name : "");
}

static void iommufd_backend_set_fd(Object *obj, const char *value, Error **errp)
{
    IOMMUFDBackend *be = IOMMUFD_BACKEND(obj);

    if (be->users) {
        error_setg(errp, "iommufd '%s': fd cannot change while devices use it", iommufd_backend_name(be));
        return;
    }
    g_free(be->fd_name);
    be->fd_name = g_strdup(value);
}

static bool iommufd_backend_can_be_deleted(UserCreatable *uc)
{
    return !IOMMUFD_BACKEND(uc)->users;
}

static void iommufd_backend_instance_init(Object *obj)
{
    IOMMUFD_BACKEND(obj)->fd = -1;
}

static void iommufd_backend_finalize(Object *obj)
{
    IOMMUFDBackend *be = IOMMUFD_BACKEND(obj);

    if (be->fd >= 0) {
        iommufd_ops->close(be->fd);
    }
    g_free(be->fd_name);
}

static void iommufd_backend_class_init(ObjectClass *klass, const void *data)
{
    USER_CREATABLE_CLASS(klass)->can_be_deleted = iommufd_backend_can_be_deleted;
    object_class_property_add_str(klass, "fd", iommufd_backend_get_fd, iommufd_backend_set_fd);
}

static const TypeInfo iommufd_backend_info = {
    .name = TYPE_IOMMUFD_BACKEND,
    .parent = TYPE_USER_CREATABLE,
    .instance_size = sizeof(IOMMUFDBackend),
    .instance_init = iommufd_backend_instance_init,
    .instance_finalize = iommufd_backend_finalize,
    .class_init = iommufd_backend_class_init,
};
DEFINE_TYPE(iommufd_backend_info)
