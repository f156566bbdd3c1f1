/*
 * I/O address spaces of the simulated host.
 *
 * Areas are pinned only once some page table shows them: a bad buffer is taken
 * while there is none, and makes the first table fail.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/mman.h>
#include "hostsim.h"

/* mincore() fails for addresses where nothing is mapped. */
static bool readable(const void *va)
{
    unsigned char in_core;
    void *page = (void *)((uintptr_t)va & ~(SIM_PAGE - 1));

    return mincore(page, SIM_PAGE, &in_core) == 0;
}

/* What gup does: each end is enough to tell a hole from memory here. Of files only memfds (they have seals) can be pinned. */
static int pin(SimArea *a)
{
    if (a->fd >= 0) {
        return fcntl(a->fd, F_GET_SEALS) < 0 ? -EINVAL : 0;
    }
    if (a->pinned) {
        return 0;
    }
    if (!readable(a->va) || !readable(a->va + a->length - 1)) {
        return -EFAULT;
    }
    a->pinned = true;
    return 0;
}

static SimArea *area_at(const SimObject *ioas, unsigned i)
{
    return &g_array_index(ioas->areas, SimArea, i);
}

static bool overlaps(uint64_t a, uint64_t a_last, uint64_t b, uint64_t b_last)
{
    return a <= b_last && b <= a_last;
}

static bool is_free(const SimObject *ioas, uint64_t iova, uint64_t length)
{
    for (unsigned i = 0; i < ioas->areas->len; i++) {
        const SimArea *a = area_at(ioas, i);
        if (overlaps(iova, iova + length - 1, a->iova, a->iova + a->length - 1)) {
            return false;
        }
    }
    return true;
}

static bool hits_reserved(const SimObject *ioas, uint64_t iova, uint64_t length)
{
    return (ioas->reserved && overlaps(iova, iova + length - 1, SIM_MSI_BASE, SIM_MSI_LAST)) ||
           (ioas->bits < 64 && (iova + length - 1) >> ioas->bits);
}

static bool is_allowed(const SimObject *ioas, uint64_t iova, uint64_t length)
{
    bool ok = !ioas->n_allowed;

    for (uint32_t i = 0; i < ioas->n_allowed; i++) {
        ok |= ioas->allowed[i].start <= iova && iova + length - 1 <= ioas->allowed[i].last;
    }
    return ok;
}

static int pick_iova(SimObject *ioas, SimArea *area)
{
    uint64_t align = MAX(SIM_PAGE, MIN(pow2floor(area->length), 1ULL << 30));

    for (uint64_t iova = align; iova < (1ULL << MIN(ioas->bits, 48U)); iova += align) {
        if (is_free(ioas, iova, area->length) && is_allowed(ioas, iova, area->length) && !hits_reserved(ioas, iova, area->length)) {
            area->iova = iova;
            return 0;
        }
    }
    return -ENOSPC;
}

static void insert_area(SimObject *ioas, SimArea area)
{
    unsigned at = 0;

    if (area.fd >= 0) {
        area.fd = fcntl(area.fd, F_DUPFD_CLOEXEC, 0);
    }
    while (at < ioas->areas->len && area_at(ioas, at)->iova < area.iova) {
        at++;
    }
    g_array_insert_val(ioas->areas, at, area);
}

int sim_ioas_map(SimObject *ioas, SimArea *area, bool fixed)
{
    uint64_t align = ioas->domains ? SIM_PAGE : 1, page_offset = area->fd >= 0 ? area->start : (uintptr_t)area->va;
    int r = 0;

    if (!area->length) {
        return -EINVAL;
    }
    if (area->iova + area->length - 1 < area->iova && fixed) {
        return -EOVERFLOW;
    }
    if (fixed) {
        if ((area->iova | area->length) % align || (align > 1 && (page_offset ^ area->iova) % align) || hits_reserved(ioas, area->iova, area->length)) {
            return -EINVAL;
        }
        if (!is_free(ioas, area->iova, area->length)) {
            return -EEXIST;
        }
    } else {
        r = pick_iova(ioas, area);
    }
    if (r == 0 && ioas->domains) {
        r = pin(area);
    }
    if (r < 0) {
        return r;
    }
    insert_area(ioas, *area);
    return 0;
}

/* What the source has at @iova, cut to @length; false when nothing. */
static bool source_piece(const SimObject *src, uint64_t iova, uint64_t length, SimArea *piece)
{
    for (unsigned i = 0; i < src->areas->len; i++) {
        const SimArea *a = area_at(src, i);
        uint64_t skip = iova - a->iova;
        if (skip >= a->length) {
            continue;
        }
        *piece = *a;
        piece->length = MIN(length, a->length - skip);
        piece->va = a->va ? a->va + skip : NULL;
        piece->start = a->start + skip;
        piece->file_map = NULL;
        piece->locks = 0;
        return true;
    }
    return false;
}

static int check_source(const SimObject *src, uint64_t iova, uint64_t length, bool write)
{
    SimArea piece;

    for (; length; iova += piece.length, length -= piece.length) {
        if (!source_piece(src, iova, length, &piece)) {
            return -ENOENT;
        }
        if (write && piece.readonly) {
            return -EPERM;
        }
    }
    return 0;
}

int sim_ioas_copy(SimObject *dst, uint64_t *iova, SimObject *src, uint64_t from, uint64_t length, uint32_t flags)
{
    bool fixed = flags & IOMMU_IOAS_MAP_FIXED_IOVA, write = flags & IOMMU_IOAS_MAP_WRITEABLE;
    SimArea piece = { .iova = *iova, .length = length, .fd = -1 };
    int r = check_source(src, from, length, write);

    if (r == 0 && !fixed) {
        r = pick_iova(dst, &piece);
        *iova = piece.iova;
    }
    for (uint64_t done = 0; r == 0 && done < length; done += piece.length) {
        source_piece(src, from + done, length - done, &piece);
        piece.iova = *iova + done;
        piece.readonly = !write;
        r = sim_ioas_map(dst, &piece, true);
    }
    return r;
}

int sim_ioas_allow(SimObject *ioas, const struct iommu_iova_range *ranges, uint32_t n)
{
    for (uint32_t i = 0; ioas->reserved && i < n; i++) {
        if (overlaps(ranges[i].start, ranges[i].last, SIM_MSI_BASE, SIM_MSI_LAST)) {
            return -EADDRINUSE;
        }
    }
    g_free(ioas->allowed);
    ioas->allowed = n ? g_memdup2(ranges, n * sizeof(*ranges)) : NULL;
    ioas->n_allowed = n;
    return 0;
}

static void free_area(SimArea *a)
{
    if (a->file_map) {
        munmap(a->file_map, a->length);
    }
    if (a->fd >= 0) {
        close(a->fd);
    }
}

/* Whole areas only. What was removed before a straddling one stays removed. */
int sim_ioas_unmap(SimObject *ioas, uint64_t iova, uint64_t *length)
{
    bool everything = iova == 0 && *length == UINT64_MAX;
    uint64_t last = iova + *length - 1, removed = 0;

    if (!everything && (iova == UINT64_MAX || *length == UINT64_MAX)) {
        return -EOVERFLOW;
    }
    if (!*length) {
        return -EINVAL;
    }
    if (!everything && last < iova) {
        return -EOVERFLOW;
    }
    for (unsigned i = 0; i < ioas->areas->len;) {
        SimArea *a = area_at(ioas, i);
        if (!everything && !overlaps(iova, last, a->iova, a->iova + a->length - 1)) {
            i++;
            continue;
        }
        if (!everything && (a->iova < iova || a->iova + a->length - 1 > last)) {
            sim_atc_flush_ioas(ioas);
            return -ENOENT;
        }
        if (a->locks) {
            return -EBUSY;
        }
        removed += a->length;
        free_area(a);
        g_array_remove_index(ioas->areas, i);
    }
    if (!removed && !everything) {
        return -ENOENT;
    }
    *length = removed;
    sim_atc_flush_ioas(ioas);
    return 0;
}

/* A stretch that hardware uses as it is: mapped, and in one piece of the host's memory. */
int sim_ioas_lock(SimObject *ioas, uint64_t iova, uint64_t length, uint64_t contiguous)
{
    for (unsigned i = 0; i < ioas->areas->len; i++) {
        SimArea *a = area_at(ioas, i);
        if (iova - a->iova >= a->length || length > a->length - (iova - a->iova)) {
            continue;
        }
        if (contiguous && iova / contiguous != (iova + length - 1) / contiguous) {
            return -EFAULT;
        }
        a->locks++;
        return 0;
    }
    return -ENOENT;
}

void sim_ioas_unlock(SimObject *ioas, uint64_t iova, uint64_t length)
{
    for (unsigned i = 0; i < ioas->areas->len; i++) {
        SimArea *a = area_at(ioas, i);
        if (iova - a->iova < a->length) {
            a->locks--;
        }
    }
}

void sim_ioas_free(SimObject *ioas)
{
    for (unsigned i = 0; i < ioas->areas->len; i++) {
        free_area(area_at(ioas, i));
    }
    g_array_free(ioas->areas, true);
    g_free(ioas->allowed);
}

int sim_ioas_add_domain(SimObject *ioas, unsigned bits)
{
    for (unsigned i = 0; i < ioas->areas->len; i++) {
        SimArea *a = area_at(ioas, i);
        if ((a->iova + a->length - 1) >> bits || (a->iova | a->length) % SIM_PAGE) {
            return -EADDRINUSE;
        }
        int r = pin(a);
        if (r < 0) {
            return r;
        }
    }
    ioas->domains++;
    ioas->bits = MIN(ioas->bits, bits);
    return 0;
}

void sim_ioas_remove_domain(SimObject *ioas)
{
    if (!--ioas->domains) {
        ioas->bits = 64;
    }
}

int sim_ioas_reserve(SimObject *ioas)
{
    if (!is_free(ioas, SIM_MSI_BASE, SIM_MSI_LAST - SIM_MSI_BASE + 1)) {
        return -EADDRINUSE;
    }
    for (uint32_t i = 0; i < ioas->n_allowed; i++) {
        if (overlaps(ioas->allowed[i].start, ioas->allowed[i].last, SIM_MSI_BASE, SIM_MSI_LAST)) {
            return -EADDRINUSE;
        }
    }
    ioas->reserved++;
    return 0;
}

void sim_ioas_unreserve(SimObject *ioas)
{
    g_assert(ioas->reserved);
    ioas->reserved--;
}

unsigned sim_ioas_ranges(const SimObject *ioas, struct iommu_iova_range out[3])
{
    uint64_t last = ioas->bits == 64 ? UINT64_MAX : (1ULL << ioas->bits) - 1;

    if (!ioas->reserved) {
        out[0] = (struct iommu_iova_range) { 0, last };
        return 1;
    }
    out[0] = (struct iommu_iova_range) { 0, SIM_MSI_BASE - 1 };
    out[1] = (struct iommu_iova_range) { SIM_MSI_LAST + 1, last };
    return 2;
}

uint8_t *sim_ioas_translate(SimObject *ioas, uint64_t iova, size_t *len, bool write)
{
    for (unsigned i = 0; i < ioas->areas->len; i++) {
        SimArea *a = area_at(ioas, i);
        if (iova - a->iova >= a->length) {
            continue;
        }
        if (write && a->readonly) {
            return NULL;
        }
        if (a->fd >= 0 && !a->file_map) {
            int prot = PROT_READ | (a->readonly ? 0 : PROT_WRITE);
            void *p = mmap(NULL, a->length, prot, MAP_SHARED, a->fd, (off_t)a->start);
            a->file_map = p == MAP_FAILED ? NULL : p;
        }
        uint8_t *base = a->fd >= 0 ? a->file_map : a->va;
        *len = MIN(*len, a->length - (iova - a->iova));
        return base ? base + (iova - a->iova) : NULL;
    }
    return NULL;
}
