/*
 * Mirrors the memory map of an address space into a container.
 *
 *   guest RAM from a shared memfd   by file: the kernel needs no address of ours
 *   other RAM and ROM               by address
 *   mmapped BARs of host devices    by dma-buf, so that devices reach each
 *                                   other; a kernel that makes none only loses that
 *   MMIO, flash                     never
 *
 * Pieces are cut to whole host pages, and the window where the host's IOMMU
 * driver maps its MSI doorbells is left alone. One call for each stretch,
 * whatever its size. Only what was mapped is unmapped.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <linux/magic.h>
#include <sys/vfs.h>
#include "vfio.h"
#include "hw_vfio.trace.h"

static uint64_t host_page_size(void)
{
    static uint64_t size;

    if (!size) {
        size = (uint64_t)sysconf(_SC_PAGESIZE);
    }
    return size;
}

typedef struct Piece { hwaddr iova; uint64_t size; uint64_t offset; } Piece;    /* offset: in the region */

/* The whole pages of a section; false when there are none. */
static bool section_pages(const MemoryRegionSection *s, Piece *p)
{
    uint64_t page = host_page_size();
    hwaddr start = s->offset_within_address_space;
    hwaddr first = ROUND_UP(start, page);
    __uint128_t end = (__uint128_t)start + s->size;

    end -= end % page;
    /* An offset that is not congruent to the address has no page of its own anywhere. */
    if (end <= first || ((s->offset_within_region ^ start) & (page - 1))) {
        return false;
    }
    p->iova = first;
    p->size = (uint64_t)(end - first);
    p->offset = s->offset_within_region + (first - start);
    return true;
}

static bool in_msi_window(const Piece *p)
{
    return p->iova < VFIO_MSI_WINDOW_BASE + VFIO_MSI_WINDOW_SIZE && p->iova + p->size > VFIO_MSI_WINDOW_BASE;
}

static void report(VFIOContainer *c, Error *err)
{
    if (!c->filling) {
        error_prepend(&err, "vfio: this memory cannot be reached by assigned devices: ");
        if (!memory_listener_fail(err)) {
            error_report_err(err);
        }
    } else if (c->fill_error) {
        error_free(err);
    } else {
        c->fill_error = err;
    }
}

/*
 * The kernel takes any file while no table shows the address space, and fails
 * the first table then: only what it can pin may go by file.
 */
static bool is_memfd(int fd)
{
    struct statfs st;

    return fd >= 0 && fstatfs(fd, &st) == 0 && (st.f_type == TMPFS_MAGIC || st.f_type == HUGETLBFS_MAGIC);
}

static bool map_ram(VFIOContainer *c, MemoryRegion *mr, const Piece *p, bool readonly, Error **errp)
{
    int fd = memory_region_get_fd(mr);

    /* An old kernel does not know the call: then its mapping will do. */
    if (is_memfd(fd) && memory_region_is_shared(mr) &&
        iommufd_backend_map_file_dma(c->iommufd, c->ioas_id, p->iova, p->size, fd, memory_region_get_fd_offset(mr) + p->offset, readonly, NULL)) {
        return true;
    }
    return iommufd_backend_map_dma(c->iommufd, c->ioas_id, p->iova, p->size, (uint8_t *)memory_region_get_ram_ptr(mr) + p->offset,
                                   readonly, errp);
}

static bool map_bar(VFIOContainer *c, MemoryRegion *mr, const Piece *p)
{
    int fd = vfio_region_dmabuf(mr);

    return fd >= 0 && iommufd_backend_map_file_dma(c->iommufd, c->ioas_id, p->iova, p->size, fd, p->offset, false, NULL);
}

static bool reject_iommu(VFIOContainer *c)
{
    Error *err = NULL;

    error_setg(&err, "vfio-pci devices cannot be behind an emulated IOMMU ('%s'): the host cannot follow its translations", c->as->name);
    error_append_hint(&err, "use -device arm-smmuv3,accel=on, or a bus without a vIOMMU\n");
    report(c, err);
    return false;
}

static bool map_section(VFIOContainer *c, MemoryRegionSection *s, const Piece *p)
{
    Error *err = NULL;

    if (memory_region_is_ram_device(s->mr)) {
        return map_bar(c, s->mr, p);
    }
    if (map_ram(c, s->mr, p, s->readonly || memory_region_is_rom(s->mr), &err)) {
        return true;
    }
    report(c, err);
    return false;
}

static void region_add(MemoryListener *l, MemoryRegionSection *s)
{
    VFIOContainer *c = container_of(l, VFIOContainer, listener);
    Piece p;

    if (memory_region_is_iommu(s->mr)) {
        reject_iommu(c);
        return;
    }
    if (!memory_region_is_ram(s->mr) || s->mr->rom_device || !section_pages(s, &p)) {
        return;
    }
    if (in_msi_window(&p)) {
        trace_vfio_listener_skip_msi_window(p.iova, p.size);
        return;
    }
    if (map_section(c, s, &p)) {
        g_hash_table_insert(c->maps, g_memdup2(&p.iova, sizeof(p.iova)), g_memdup2(&p.size, sizeof(p.size)));
    }
}

static void region_del(MemoryListener *l, MemoryRegionSection *s)
{
    VFIOContainer *c = container_of(l, VFIOContainer, listener);
    Error *err = NULL;
    Piece p;

    if (!section_pages(s, &p) || !g_hash_table_lookup(c->maps, &p.iova)) {
        return;
    }
    g_hash_table_remove(c->maps, &p.iova);
    if (!iommufd_backend_unmap_dma(c->iommufd, c->ioas_id, p.iova, p.size, &err)) {
        warn_report_err(err);
    }
}

bool vfio_listener_start(VFIOContainer *c, Error **errp)
{
    c->maps = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    c->listener = (MemoryListener) { .name = "vfio", .priority = 10, .region_add = region_add, .region_del = region_del };
    c->filling = true;
    memory_listener_register(&c->listener, c->as);
    c->filling = false;
    if (c->fill_error) {
        error_propagate(errp, c->fill_error);
        c->fill_error = NULL;
        return false;
    }
    return true;
}

void vfio_listener_stop(VFIOContainer *c)
{
    /* What is mapped goes with the address space: no call for each stretch. */
    g_hash_table_remove_all(c->maps);
    memory_listener_unregister(&c->listener);
    g_clear_pointer(&c->maps, g_hash_table_destroy);
}
