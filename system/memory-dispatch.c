/*
 * One MMIO access: may it be made, in which pieces does the device take it,
 * in which byte order, under which lock.
 *
 * Values are those of a little-endian CPU. Runs in the thread that makes the
 * access.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "memory-internal.h"
#include "util/main-loop.h"
#include "util/trace.h"

/* Zero in the ops means "as is customary for 32-bit registers". */
static unsigned or_default(unsigned size, unsigned by_default)
{
    return size ? size : by_default;
}

static bool access_valid(const MemoryRegion *mr, hwaddr addr, unsigned size, bool is_write, MemTxAttrs attrs)
{
    const MemoryRegionOps *ops = mr->ops;

    if (ops->valid.accepts && !ops->valid.accepts(mr->opaque, addr, size, is_write, attrs)) {
        return false;
    }
    if (!ops->valid.unaligned && (addr & (size - 1))) {
        return false;
    }
    return size >= or_default(ops->valid.min_access_size, 1) && size <= or_default(ops->valid.max_access_size, 4);
}

unsigned memory_access_size(const MemoryRegion *mr, hwaddr addr, uint64_t len)
{
    unsigned max = or_default(mr->ops->valid.max_access_size, 4);

    if (!mr->ops->valid.unaligned && addr) {
        max = MIN((uint64_t)max, addr & -addr);
    }
    return pow2floor(MIN(len, max));
}

static uint64_t swap_bytes(uint64_t v, unsigned size)
{
    return __builtin_bswap64(v) >> (64 - 8 * size);
}

static MemTxResult read_piece(MemoryRegion *mr, hwaddr addr, uint64_t *data, unsigned size, MemTxAttrs attrs)
{
    MemTxResult r = MEMTX_OK;

    *data = 0;
    if (mr->ops->read_with_attrs) {
        r = mr->ops->read_with_attrs(mr->opaque, addr, data, size, attrs);
    } else if (mr->ops->read) {
        *data = mr->ops->read(mr->opaque, addr, size);
    } else {
        return MEMTX_DECODE_ERROR;
    }
    *data &= MAKE_64BIT_MASK(0, size * 8);
    if (mr->ops->endianness == DEVICE_BIG_ENDIAN) {
        *data = swap_bytes(*data, size);
    }
    return r;
}

static MemTxResult write_piece(MemoryRegion *mr, hwaddr addr, uint64_t data, unsigned size, MemTxAttrs attrs)
{
    data &= MAKE_64BIT_MASK(0, size * 8);
    if (mr->ops->endianness == DEVICE_BIG_ENDIAN) {
        data = swap_bytes(data, size);
    }
    if (mr->ops->write_with_attrs) {
        return mr->ops->write_with_attrs(mr->opaque, addr, data, size, attrs);
    }
    if (!mr->ops->write) {
        return MEMTX_DECODE_ERROR;
    }
    mr->ops->write(mr->opaque, addr, data, size);
    return MEMTX_OK;
}

/* The size of the pieces that the functions take. */
static unsigned piece_size(const MemoryRegion *mr, hwaddr addr, unsigned size)
{
    unsigned min = or_default(mr->ops->impl.min_access_size, 1);
    unsigned max = or_default(mr->ops->impl.max_access_size, 4);
    unsigned piece = CLAMP(size, min, max);

    if (!mr->ops->impl.unaligned && piece > min && (addr & (piece - 1))) {
        piece = MAX(min, addr & -addr);
    }
    return piece;
}

/* Is the piece larger than what is asked? Then it is the aligned one around it. */
static hwaddr widened(const MemoryRegion *mr, hwaddr addr, unsigned piece)
{
    return mr->ops->impl.unaligned ? addr : ROUND_DOWN(addr, (hwaddr)piece);
}

static MemTxResult read_pieces(MemoryRegion *mr, hwaddr addr, uint64_t *data, unsigned size, MemTxAttrs attrs)
{
    unsigned piece = piece_size(mr, addr, size), done = 0;
    MemTxResult r = MEMTX_OK;

    *data = 0;
    while (done < size) {
        hwaddr at = widened(mr, addr + done, piece);
        unsigned skip = addr + done - at, n = MIN(piece - skip, size - done);
        uint64_t v;

        r |= read_piece(mr, at, &v, piece, attrs);
        *data |= ((v >> (skip * 8)) & MAKE_64BIT_MASK(0, n * 8)) << (done * 8);
        done += n;
    }
    return r;
}

static MemTxResult write_pieces(MemoryRegion *mr, hwaddr addr, uint64_t data, unsigned size, MemTxAttrs attrs)
{
    unsigned piece = piece_size(mr, addr, size), done = 0;
    MemTxResult r = MEMTX_OK;

    while (done < size) {
        hwaddr at = widened(mr, addr + done, piece);
        unsigned skip = addr + done - at, n = MIN(piece - skip, size - done);
        uint64_t v = (data >> (done * 8)) & MAKE_64BIT_MASK(0, n * 8);

        r |= write_piece(mr, at, v << (skip * 8), piece, attrs);
        done += n;
    }
    return r;
}

/*
 * What this thread is inside of. A device that a guest makes write to its own
 * registers (a queue placed over its own BAR) would otherwise nest for ever.
 */
#define MAX_NESTING 8
static __thread struct { unsigned depth; const void *who[MAX_NESTING]; } inside;

static bool enter(MemoryRegion *mr, bool *locked)
{
    const void *who = mr->owner ? (const void *)mr->owner : mr;

    for (unsigned i = 0; i < inside.depth; i++) {
        if (inside.who[i] == who) {
            log_guest_error("'%s' is made to access its own registers from within an access to them", mr->name_);
            return false;
        }
    }
    if (inside.depth == MAX_NESTING) {
        log_guest_error("an access to '%s' is nested %u deep", mr->name_, MAX_NESTING);
        return false;
    }
    inside.who[inside.depth++] = who;
    *locked = mr->global_locking && !bql_locked();
    if (*locked) {
        bql_lock();
    }
    return true;
}

static void leave(bool locked)
{
    if (locked) {
        bql_unlock();
    }
    inside.depth--;
}

MemTxResult memory_region_dispatch_read(MemoryRegion *mr, hwaddr addr, uint64_t *data, unsigned size, MemTxAttrs attrs)
{
    MemTxResult r;
    bool locked;

    *data = 0;
    if (mr->alias) {
        return memory_region_dispatch_read(mr->alias, mr->alias_offset + addr, data, size, attrs);
    }
    if (!access_valid(mr, addr, size, false, attrs)) {
        return MEMTX_DECODE_ERROR;
    }
    if (!enter(mr, &locked)) {
        return MEMTX_ACCESS_ERROR;
    }
    r = read_pieces(mr, addr, data, size, attrs);
    leave(locked);
    return r;
}

MemTxResult memory_region_dispatch_write(MemoryRegion *mr, hwaddr addr, uint64_t data, unsigned size, MemTxAttrs attrs)
{
    MemTxResult r;
    bool locked;

    if (mr->alias) {
        return memory_region_dispatch_write(mr->alias, mr->alias_offset + addr, data, size, attrs);
    }
    if (!access_valid(mr, addr, size, true, attrs)) {
        return MEMTX_DECODE_ERROR;
    }
    if (memory_region_kick_ioeventfd(mr, addr, data & MAKE_64BIT_MASK(0, size * 8), size)) {
        return MEMTX_OK;
    }
    if (!enter(mr, &locked)) {
        return MEMTX_ACCESS_ERROR;
    }
    r = write_pieces(mr, addr, data, size, attrs);
    leave(locked);
    return r;
}

/* --- Regions without functions of their own ------------------------------- */

static bool nothing_accepts(void *opaque, hwaddr addr, unsigned size, bool is_write, MemTxAttrs attrs)
{
    return false;
}

const MemoryRegionOps memory_nothing_ops = { .valid.accepts = nothing_accepts };

MemoryRegion *memory_nothing(void)
{
    static MemoryRegion nothing;
    static gsize made;

    if (g_once_init_enter(&made)) {
        memory_region_init_io(&nothing, NULL, &memory_nothing_ops, NULL, "nothing", UINT64_MAX);
        nothing.global_locking = false;
        g_once_init_leave(&made, 1);
    }
    return &nothing;
}

/* A device's memory is touched in exactly the sizes the guest uses. */
static uint64_t ram_device_read(void *opaque, hwaddr addr, unsigned size)
{
    const volatile void *p = ((MemoryRegion *)opaque)->ram_block->host + addr;

    switch (size) {
    case 1: return *(const volatile uint8_t *)p;
    case 2: return le16toh(*(const volatile uint16_t *)p);
    case 4: return le32toh(*(const volatile uint32_t *)p);
    default: return le64toh(*(const volatile uint64_t *)p);
    }
}

static void ram_device_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    volatile void *p = ((MemoryRegion *)opaque)->ram_block->host + addr;

    switch (size) {
    case 1: *(volatile uint8_t *)p = data; break;
    case 2: *(volatile uint16_t *)p = htole16(data); break;
    case 4: *(volatile uint32_t *)p = htole32(data); break;
    default: *(volatile uint64_t *)p = htole64(data); break;
    }
}

const MemoryRegionOps memory_ram_device_ops = {
    .read = ram_device_read, .write = ram_device_write,
    .valid = { .min_access_size = 1, .max_access_size = 8 },
    .impl = { .min_access_size = 1, .max_access_size = 8 },
};
