/*
 * Reading and writing through an address space: from any thread, under RCU.
 *
 * RAM is copied, MMIO is dispatched in pieces of the size the device takes,
 * IOMMUs are walked through on the way.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "flatview.h"
#include "memory-internal.h"

/* How many IOMMUs may stand behind each other. */
#define MAX_IOMMUS 8

/* Where an address leads. */
typedef struct Target {
    MemoryRegion *mr;                   /* NULL: nowhere, @result says why */
    hwaddr offset;                      /* in mr */
    uint64_t len;
    bool readonly;
    MemTxResult result;
} Target;

static Target nowhere(uint64_t len, MemTxResult result)
{
    return (Target) { .len = len, .result = result };
}

static Target find_target(AddressSpace *as, hwaddr addr, uint64_t len, bool is_write, MemTxAttrs attrs)
{
    for (int i = 0; i < MAX_IOMMUS; i++) {
        const FlatView *view = address_space_view(as);
        const FlatRange *fr = flatview_lookup(view, addr);
        hwaddr offset;
        uint64_t left;

        if (!fr) {
            unsigned next = flatview_first_at_or_after(view, addr);
            uint64_t gap = next < view->nr ? view->starts[next] - addr : len;

            return nowhere(MIN(len, gap), MEMTX_DECODE_ERROR);
        }
        offset = addr - fr->start + fr->offset;
        left = fr->last - addr;
        len = len - 1 > left ? left + 1 : len;
        if (!fr->mr->is_iommu) {
            return (Target) { .mr = fr->mr, .offset = offset, .len = len, .readonly = fr->readonly };
        }

        IOMMUMemoryRegion *iommu = (IOMMUMemoryRegion *)fr->mr;
        IOMMUAccessFlags flag = is_write ? IOMMU_WO : IOMMU_RO;
        IOMMUTLBEntry e = IOMMU_MEMORY_REGION_GET_CLASS(iommu)->translate(iommu, offset, flag, attrs);
        uint64_t in_block = e.addr_mask - (offset & e.addr_mask);

        len = len - 1 > in_block ? in_block + 1 : len;
        if (!(e.perm & flag) || !e.target_as) {
            return nowhere(len, MEMTX_ACCESS_ERROR);
        }
        addr = (e.translated_addr & ~e.addr_mask) | (offset & e.addr_mask);
        as = e.target_as;
    }
    return nowhere(len, MEMTX_ACCESS_ERROR);
}

MemoryRegion *address_space_translate(AddressSpace *as, hwaddr addr, hwaddr *xlat, hwaddr *plen, bool is_write, MemTxAttrs attrs)
{
    Target t = find_target(as, addr, plen && *plen ? *plen : 1, is_write, attrs);

    *xlat = t.mr ? t.offset : addr;
    if (plen) {
        *plen = t.len;
    }
    return t.mr ? t.mr : memory_nothing();
}

/* Can it be copied, or must the device be asked? */
static bool is_direct(const Target *t, bool is_write)
{
    const MemoryRegion *mr = t->mr;

    if (mr->ram && !mr->ram_device) {
        return !is_write || !t->readonly;
    }
    return !is_write && mr->rom_device && mr->romd_mode;
}

/* Guest RAM may change under our hands, and a naturally aligned word must not be torn. */
static void copy_ram(void *to, const void *from, uint64_t len)
{
    bool aligned = (((uintptr_t)to | (uintptr_t)from) & (len - 1)) == 0;

    if (aligned && len == 8) {
        __atomic_store_n((uint64_t *)to, __atomic_load_n((const uint64_t *)from, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
    } else if (aligned && len == 4) {
        __atomic_store_n((uint32_t *)to, __atomic_load_n((const uint32_t *)from, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
    } else if (aligned && len == 2) {
        __atomic_store_n((uint16_t *)to, __atomic_load_n((const uint16_t *)from, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
    } else {
        memcpy(to, from, len);
    }
}

static MemTxResult access_ram(const Target *t, void *buf, bool is_write)
{
    uint8_t *host = t->mr->ram_block->host + t->offset;

    if (!is_write) {
        copy_ram(buf, host, t->len);
        return MEMTX_OK;
    }
    copy_ram(host, buf, t->len);
    if (t->mr->dirty_log_mask) {
        memory_region_set_dirty(t->mr, t->offset, t->len);
    }
    return MEMTX_OK;
}

/* One access; *@done says how many bytes it took. */
static MemTxResult access_mmio(const Target *t, void *buf, bool is_write, MemTxAttrs attrs, uint64_t *done)
{
    unsigned size = memory_access_size(t->mr, t->offset, MIN(t->len, 8));
    uint64_t v;
    MemTxResult r;

    *done = size;
    if (attrs.memory) {
        return MEMTX_ACCESS_ERROR;
    }
    if (is_write) {
        if (t->readonly) {
            return MEMTX_ACCESS_ERROR;
        }
        return memory_region_dispatch_write(t->mr, t->offset, ldn_le_p(buf, size), size, attrs);
    }
    r = memory_region_dispatch_read(t->mr, t->offset, &v, size, attrs);
    stn_le_p(buf, size, v);
    return r;
}

MemTxResult address_space_rw(AddressSpace *as, hwaddr addr, MemTxAttrs attrs, void *buf, uint64_t len, bool is_write)
{
    MemTxResult r = MEMTX_OK;
    uint8_t *p = buf;

    RCU_READ_LOCK_GUARD();
    while (len) {
        Target t = find_target(as, addr, len, is_write, attrs);
        uint64_t done = t.len;

        if (!t.mr) {
            r |= t.result;
            if (!is_write) {
                memset(p, 0, done);
            }
        } else if (is_direct(&t, is_write)) {
            r |= access_ram(&t, p, is_write);
        } else if (t.mr->ram && !t.mr->ram_device) {    /* a write to ROM */
            r |= MEMTX_ACCESS_ERROR;
        } else {
            r |= access_mmio(&t, p, is_write, attrs, &done);
        }
        p += done;
        addr += done;
        len -= done;
    }
    return r;
}

MemTxResult address_space_set(AddressSpace *as, hwaddr addr, uint8_t c, uint64_t len, MemTxAttrs attrs)
{
    uint8_t piece[512];
    MemTxResult r = MEMTX_OK;

    memset(piece, c, sizeof(piece));
    while (len) {
        hwaddr n = len;
        void *p = address_space_map(as, addr, &n, true, attrs);

        if (p) {
            memset(p, c, n);
            address_space_unmap(as, p, n, true, n);
        } else {
            n = MIN(len, sizeof(piece) - (addr & (sizeof(piece) - 1)));
            r |= address_space_rw(as, addr, attrs, piece, n, true);
            if (r & MEMTX_DECODE_ERROR) {
                break;                  /* 2^64 bytes of nothing would take for ever */
            }
        }
        addr += n;
        len -= n;
    }
    return r;
}

MemTxResult address_space_write_rom(AddressSpace *as, hwaddr addr, MemTxAttrs attrs, const void *buf, uint64_t len)
{
    const uint8_t *p = buf;
    MemTxResult r = MEMTX_OK;

    RCU_READ_LOCK_GUARD();
    while (len) {
        Target t = find_target(as, addr, len, true, attrs);

        if (t.mr && t.mr->ram_block && !t.mr->ram_device) {
            access_ram(&t, (void *)p, true);
        } else {
            r |= t.mr ? MEMTX_ACCESS_ERROR : t.result;
        }
        p += t.len;
        addr += t.len;
        len -= t.len;
    }
    return r;
}

uint64_t address_space_ldn_le(AddressSpace *as, hwaddr addr, unsigned size, MemTxAttrs attrs, MemTxResult *result)
{
    uint64_t v = 0;
    MemTxResult r = address_space_rw(as, addr, attrs, &v, size, false);

    if (result) {
        *result = r;
    }
    return le64toh(v);
}

void address_space_stn_le(AddressSpace *as, hwaddr addr, unsigned size, uint64_t v, MemTxAttrs attrs, MemTxResult *result)
{
    MemTxResult r;

    v = htole64(v);
    r = address_space_rw(as, addr, attrs, &v, size, true);
    if (result) {
        *result = r;
    }
}

static bool target_valid(const Target *t, hwaddr addr, bool is_write, MemTxAttrs attrs)
{
    if (!t->mr) {
        return false;
    }
    if (is_direct(t, is_write)) {
        return true;
    }
    if ((t->mr->ram && !t->mr->ram_device) || attrs.memory || (is_write && t->readonly)) {
        return false;
    }
    return t->mr->ops != &memory_nothing_ops;
}

bool address_space_access_valid(AddressSpace *as, hwaddr addr, hwaddr len, bool is_write, MemTxAttrs attrs)
{
    RCU_READ_LOCK_GUARD();
    while (len) {
        Target t = find_target(as, addr, len, is_write, attrs);

        if (!target_valid(&t, addr, is_write, attrs)) {
            return false;
        }
        addr += t.len;
        len -= t.len;
    }
    return true;
}

void *address_space_map(AddressSpace *as, hwaddr addr, hwaddr *plen, bool is_write, MemTxAttrs attrs)
{
    Target first;

    if (!*plen) {
        return NULL;
    }
    RCU_READ_LOCK_GUARD();
    first = find_target(as, addr, *plen, is_write, attrs);
    if (!first.mr || !is_direct(&first, is_write) || !first.mr->ram) {
        return NULL;
    }
    /* Pages that an IOMMU puts side by side again become one mapping. */
    while (first.len < *plen) {
        Target next = find_target(as, addr + first.len, *plen - first.len, is_write, attrs);

        if (next.mr != first.mr || next.offset != first.offset + first.len || !is_direct(&next, is_write)) {
            break;
        }
        first.len += next.len;
    }
    *plen = first.len;
    memory_region_ref_owner(first.mr);
    return first.mr->ram_block->host + first.offset;
}

void address_space_unmap(AddressSpace *as, void *ptr, hwaddr len, bool is_write, hwaddr access_len)
{
    ram_addr_t offset;
    RAMBlock *rb;

    rcu_read_lock();
    rb = qemu_ram_block_from_host(ptr, &offset);
    rcu_read_unlock();
    g_assert(rb);                       /* the reference that map took keeps it */
    if (is_write && access_len && rb->mr->dirty_log_mask) {
        memory_region_set_dirty(rb->mr, offset, access_len);
    }
    memory_region_unref_owner(rb->mr);
}

/* --- Windows --------------------------------------------------------------------------- */

bool ram_window_move(RAMWindow *w, AddressSpace *as, hwaddr addr)
{
    const FlatRange *fr = flatview_lookup(address_space_view(as), addr);

    if (!fr || !fr->mr->ram || fr->mr->ram_device) {
        return false;
    }
    *w = (RAMWindow) {
        .as = as, .generation = memory_map_generation, .start = fr->start, .last = fr->last,
        .host = fr->mr->ram_block->host + fr->offset, .mr = fr->mr, .readonly = fr->readonly,
    };
    return true;
}

MemTxResult ram_window_rw(RAMWindow *w, AddressSpace *as, hwaddr addr, MemTxAttrs attrs, void *buf, uint64_t len, bool is_write)
{
    uint8_t *p = ram_window_at(w, as, addr, len, is_write);

    if (!p) {
        return address_space_rw(as, addr, attrs, buf, len, is_write);
    }
    copy_ram(is_write ? p : buf, is_write ? buf : p, len);
    return MEMTX_OK;
}

void *ram_window_map(RAMWindow *w, AddressSpace *as, hwaddr addr, hwaddr *plen, bool is_write, MemTxAttrs attrs)
{
    uint8_t *p = ram_window_at(w, as, addr, *plen, is_write);

    if (!p) {
        return address_space_map(as, addr, plen, is_write, attrs);
    }
    memory_region_ref_owner(w->mr);
    return p;
}

void ram_window_unmap(RAMWindow *w, AddressSpace *as, void *ptr, hwaddr len, bool is_write, hwaddr access_len)
{
    uint8_t *p = ptr;

    if (ram_window_holds(w, as) && !w->mr->dirty_log_mask && p >= w->host && (hwaddr)(p - w->host) <= w->last - w->start) {
        memory_region_unref_owner(w->mr);       /* what is in a block's memory was mapped from its region */
    } else {
        address_space_unmap(as, ptr, len, is_write, access_len);
    }
}
