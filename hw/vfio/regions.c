/*
 * BARs: mmapped where the device allows it, trapped elsewhere.
 *
 * A BAR is a container. At its bottom lies a trapping region that turns guest
 * accesses into pread and pwrite on the device file; above it the mmapped
 * stretches, which vCPUs reach without leaving the guest; on top what others
 * emulate (the MSI-X table).
 *
 * Leaving: vfio_region_exit() puts anonymous pages where the device's were.
 * Threads that still hold a pointer from an old view of the memory map then
 * touch harmless memory, and the device is free for the next user at once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/mman.h>
#include "vfio.h"
#include "hw_vfio.trace.h"

#define MAX_SPARSE_AREAS 64
#define MAX_REGION_INFO  65536

static uint64_t page_size(void)
{
    return (uint64_t)sysconf(_SC_PAGESIZE);
}

/* --- Trapped accesses --------------------------------------------------------- */

int vfio_region_read(VFIORegion *region, uint64_t offset, void *buf, unsigned size)
{
    ssize_t n = iommufd_ops->device_pread(region->vdev->fd, buf, size, region->fd_offset + offset);
    return n == (ssize_t)size ? 0 : n < 0 ? (int)n : -EIO;
}

int vfio_region_write(VFIORegion *region, uint64_t offset, const void *buf, unsigned size)
{
    ssize_t n = iommufd_ops->device_pwrite(region->vdev->fd, buf, size, region->fd_offset + offset);
    return n == (ssize_t)size ? 0 : n < 0 ? (int)n : -EIO;
}

static uint64_t trap_read(void *opaque, hwaddr addr, unsigned size)
{
    VFIORegion *region = opaque;
    uint8_t buf[8];
    uint64_t v;

    /* What a bus answers when nobody does. */
    v = vfio_region_read(region, addr, buf, size) < 0 ? ~0ULL : ldn_le_p(buf, size);
    trace_vfio_region_read(region->vdev->name, region->index, addr, size, v);
    if (region->accessed) {
        region->accessed(region);
    }
    return v;
}

static void trap_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    VFIORegion *region = opaque;
    uint8_t buf[8];
    int r;

    stn_le_p(buf, size, data);
    r = vfio_region_write(region, addr, buf, size);
    trace_vfio_region_write(region->vdev->name, region->index, addr, data, size);
    if (r < 0) {
        warn_report_limited("host device %s: a %u byte write at 0x%" PRIx64 " of region %u failed: %s",
                            region->vdev->name, size, addr, region->index, strerror(-r));
    }
    if (region->accessed) {
        region->accessed(region);
    }
}

static const MemoryRegionOps trap_ops = {
    .read = trap_read,
    .write = trap_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8 },
    .impl = { .min_access_size = 1, .max_access_size = 8 },
};

/* --- What the kernel says about a region ------------------------------------------ */

static struct vfio_region_info *get_region_info(VFIODevice *vdev, uint32_t index, Error **errp)
{
    uint32_t size = sizeof(struct vfio_region_info);
    struct vfio_region_info *info = NULL;

    for (int tries = 0; tries < 3; tries++) {
        info = g_realloc(info, size);
        memset(info, 0, size);
        info->argsz = size;
        info->index = index;
        int r = iommufd_ops->device_ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, info);
        if (r < 0) {
            error_setg_errno(errp, r, "host device %s: VFIO_DEVICE_GET_REGION_INFO of region %u failed", vdev->name, index);
            g_free(info);
            return NULL;
        }
        if (info->argsz <= size) {
            info->argsz = size;
            return info;
        }
        if (info->argsz > MAX_REGION_INFO) {
            break;
        }
        size = info->argsz;
    }
    error_setg(errp, "host device %s: the description of region %u is too long", vdev->name, index);
    g_free(info);
    return NULL;
}

/* The sparse-mmap capability, wholly inside the answer; NULL when there is none. */
static struct vfio_region_info_cap_sparse_mmap *find_sparse_cap(struct vfio_region_info *info)
{
    uint32_t at = info->flags & VFIO_REGION_INFO_FLAG_CAPS ? info->cap_offset : 0;

    for (int n = 0; n < 32 && at >= sizeof(*info) && at + sizeof(struct vfio_info_cap_header) <= info->argsz; n++) {
        struct vfio_info_cap_header *header = (void *)((uint8_t *)info + at);
        struct vfio_region_info_cap_sparse_mmap *cap = (void *)header;
        if (header->id == VFIO_REGION_INFO_CAP_SPARSE_MMAP) {
            uint32_t room = info->argsz - at;
            bool whole = room >= sizeof(*cap) && cap->nr_areas <= MAX_SPARSE_AREAS &&
                         cap->nr_areas * sizeof(cap->areas[0]) <= room - sizeof(*cap);
            return whole ? cap : NULL;
        }
        at = header->next;
    }
    return NULL;
}

static void add_mmap(VFIORegion *region, uint64_t offset, uint64_t size)
{
    uint64_t page = page_size();
    uint64_t first = ROUND_UP(offset, page), end;

    if (offset > region->size || size > region->size - offset) {
        return;
    }
    end = ROUND_DOWN(offset + size, page);
    if (end <= first) {
        return;
    }
    region->mmaps = g_renew(VFIOMmap, region->mmaps, region->nr_mmaps + 1);
    region->mmaps[region->nr_mmaps++] = (VFIOMmap) { .offset = first, .size = end - first, .dmabuf_fd = -2 };
}

bool vfio_region_init(VFIODevice *vdev, VFIORegion *region, uint32_t index, Error **errp)
{
    g_autofree struct vfio_region_info *info = get_region_info(vdev, index, errp);

    if (!info) {
        return false;
    }
    region->vdev = vdev;
    region->index = index;
    region->flags = info->flags;
    region->size = info->size;
    region->fd_offset = info->offset;
    if (info->flags & VFIO_REGION_INFO_FLAG_MMAP) {
        struct vfio_region_info_cap_sparse_mmap *sparse = find_sparse_cap(info);
        for (uint32_t i = 0; sparse && i < sparse->nr_areas; i++) {
            add_mmap(region, sparse->areas[i].offset, sparse->areas[i].size);
        }
        if (!sparse) {
            add_mmap(region, 0, region->size);
        }
    }
    trace_vfio_region_setup(vdev->name, index, region->flags, region->fd_offset, region->size, region->nr_mmaps);
    return true;
}

void vfio_region_exclude(VFIORegion *region, uint64_t offset, uint64_t size)
{
    uint64_t page = page_size();
    uint64_t lo = ROUND_DOWN(offset, page), hi = ROUND_UP(offset + size, page);
    g_autofree VFIOMmap *old = g_steal_pointer(&region->mmaps);
    unsigned n = region->nr_mmaps;

    region->nr_mmaps = 0;
    for (unsigned i = 0; i < n; i++) {
        uint64_t start = old[i].offset, end = start + old[i].size;
        if (start < lo) {
            add_mmap(region, start, MIN(end, lo) - start);
        }
        if (end > hi) {
            add_mmap(region, MAX(start, hi), end - MAX(start, hi));
        }
    }
}

/* --- Into and out of the guest's map ------------------------------------------------- */

static bool map_one(VFIORegion *region, VFIOMmap *m, Object *owner, const char *name, Error **errp)
{
    VFIODevice *vdev = region->vdev;
    int prot = (region->flags & VFIO_REGION_INFO_FLAG_READ ? PROT_READ : 0) |
               (region->flags & VFIO_REGION_INFO_FLAG_WRITE ? PROT_WRITE : 0);

    m->region = region;
    m->ptr = iommufd_ops->device_mmap(vdev->fd, m->size, prot, region->fd_offset + m->offset);
    if (!m->ptr) {
        error_setg_errno(errp, errno, "host device %s: mmap of 0x%" PRIx64 " bytes at 0x%" PRIx64 " of region %u failed",
                         vdev->name, m->size, m->offset, region->index);
        return false;
    }
    g_autofree char *mname = g_strdup_printf("%s mmaps[%u]", name, (unsigned)(m - region->mmaps));
    memory_region_init_ram_device_ptr(&m->mem, owner, mname, m->size, m->ptr);
    memory_region_add_subregion_overlap(region->container, m->offset, &m->mem, -1);
    trace_vfio_region_mmap(mname, m->offset, m->offset + m->size - 1);
    return true;
}

bool vfio_region_setup(VFIORegion *region, Object *owner, const char *name, uint64_t bar_size, bool mmap, MemoryRegion *container, Error **errp)
{
    Error *err = NULL;

    region->container = container;
    memory_region_init(container, owner, name, bar_size);
    memory_region_init_io(&region->io, owner, &trap_ops, region, name, region->size);
    memory_region_add_subregion_overlap(container, 0, &region->io, -2);
    if (!mmap) {
        region->nr_mmaps = 0;
    }
    for (unsigned i = 0; i < region->nr_mmaps; i++) {
        if (!map_one(region, &region->mmaps[i], owner, name, &err)) {
            /* Slower, not wrong: the trap below serves what could not be mapped. */
            warn_report_err(err);
            region->nr_mmaps = i;
            break;
        }
    }
    return true;
}

void vfio_region_set_mmaps_enabled(VFIORegion *region, bool enabled)
{
    for (unsigned i = 0; i < region->nr_mmaps; i++) {
        memory_region_set_enabled(&region->mmaps[i].mem, enabled);
    }
}

void vfio_region_exit(VFIORegion *region)
{
    if (!region->container) {
        return;
    }
    memory_region_transaction_begin();
    memory_region_del_subregion(region->container, &region->io);
    for (unsigned i = 0; i < region->nr_mmaps; i++) {
        memory_region_del_subregion(region->container, &region->mmaps[i].mem);
    }
    memory_region_transaction_commit();
    for (unsigned i = 0; i < region->nr_mmaps; i++) {
        VFIOMmap *m = &region->mmaps[i];
        if (mmap(m->ptr, m->size, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED) {
            warn_report("host device %s: its BAR stays mapped: %s", region->vdev->name, strerror(errno));
        }
        if (m->dmabuf_fd >= 0) {
            close(m->dmabuf_fd);
            m->dmabuf_fd = -1;
        }
    }
}

void vfio_region_free(VFIORegion *region)
{
    for (unsigned i = 0; region->container && i < region->nr_mmaps; i++) {
        munmap(region->mmaps[i].ptr, region->mmaps[i].size);
    }
    g_clear_pointer(&region->mmaps, g_free);
    region->nr_mmaps = 0;
    region->container = NULL;
}

/* --- BARs as dma-bufs ------------------------------------------------------------------ */

static int export_dmabuf(VFIOMmap *m)
{
    size_t size = sizeof(struct vfio_device_feature) + sizeof(struct vfio_device_feature_dma_buf) + sizeof(struct vfio_region_dma_range);
    g_autofree struct vfio_device_feature *cmd = g_malloc0(size);
    struct vfio_device_feature_dma_buf *buf = (void *)cmd->data;

    cmd->argsz = (uint32_t)size;
    cmd->flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF;
    buf->region_index = m->region->index;
    buf->open_flags = O_RDWR | O_CLOEXEC;
    buf->nr_ranges = 1;
    buf->dma_ranges[0] = (struct vfio_region_dma_range) { .offset = m->offset, .length = m->size };
    int r = iommufd_ops->device_ioctl(m->region->vdev->fd, VFIO_DEVICE_FEATURE, cmd);

    trace_vfio_region_dmabuf(m->region->vdev->name, m->region->index, m->offset, m->size, r);
    return r < 0 ? -1 : r;
}

/* The ops of the trap tell our BARs from other devices' RAM: an mmapped stretch lies in a container with one. */
int vfio_region_dmabuf(MemoryRegion *mr)
{
    MemoryRegion *bar = mr->container;

    for (unsigned i = 0; bar && bar->subregions && i < bar->subregions->len; i++) {
        MemoryRegion *sub = bar->subregions->pdata[i];
        if (sub->ops == &trap_ops) {
            VFIOMmap *m = container_of(mr, VFIOMmap, mem);
            if (m->dmabuf_fd == -2) {
                m->dmabuf_fd = export_dmabuf(m);
            }
            return m->dmabuf_fd;
        }
    }
    return -1;
}
