/*
 * RAM blocks: the host memory behind regions, and where each lies in the
 * space of all RAM.
 *
 * The list is replaced as a whole when it changes (the machine lock guards
 * that); readers hold RCU.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include "memory-internal.h"

#define HUGETLBFS_SUPER 0x958458f6
#define HUGE_ALIGN (2 * MiB)

typedef struct BlockList { RCUCallback rcu; unsigned nr; RAMBlock *blocks[]; } BlockList;
static BlockList *blocks;               /* by offset */
static GMutex blocks_lock;              /* writers */

/* --- The list ------------------------------------------------------------ */

static void free_list(RCUCallback *rcu)
{
    g_free(container_of(rcu, BlockList, rcu));
}

/* With blocks_lock held. Returns the place after the last block before the first gap of @size. */
static unsigned find_gap(uint64_t size, ram_addr_t *offset)
{
    ram_addr_t at = 0;
    unsigned i;

    for (i = 0; blocks && i < blocks->nr; i++) {
        if (blocks->blocks[i]->offset - at >= size) {
            break;
        }
        at = ROUND_UP(blocks->blocks[i]->offset + blocks->blocks[i]->size, HUGE_ALIGN);
    }
    *offset = at;
    return i;
}

static void publish(BlockList *list)
{
    BlockList *old = blocks;

    qatomic_rcu_set(&blocks, list);
    if (old) {
        call_rcu(&old->rcu, free_list);
    }
}

static void list_add(RAMBlock *rb)
{
    unsigned nr, place;
    BlockList *list;

    g_mutex_lock(&blocks_lock);
    nr = blocks ? blocks->nr : 0;
    list = g_malloc(sizeof(*list) + (nr + 1) * sizeof(rb));
    place = find_gap(rb->size, &rb->offset);
    list->nr = nr + 1;
    for (unsigned i = 0; i < nr; i++) {
        list->blocks[i + (i >= place)] = blocks->blocks[i];
    }
    list->blocks[place] = rb;
    publish(list);
    g_mutex_unlock(&blocks_lock);
}

static void list_remove(RAMBlock *rb)
{
    BlockList *list = NULL;
    unsigned nr = 0;

    g_mutex_lock(&blocks_lock);
    if (blocks->nr > 1) {
        list = g_malloc(sizeof(*list) + (blocks->nr - 1) * sizeof(rb));
        for (unsigned i = 0; i < blocks->nr; i++) {
            if (blocks->blocks[i] != rb) {
                list->blocks[nr++] = blocks->blocks[i];
            }
        }
        list->nr = nr;
    }
    publish(list);
    g_mutex_unlock(&blocks_lock);
}

RAMBlock *qemu_ram_block_from_host(void *host, ram_addr_t *offset)
{
    const BlockList *list = qatomic_rcu_read(&blocks);

    for (unsigned i = 0; list && i < list->nr; i++) {
        RAMBlock *rb = list->blocks[i];
        uint64_t at = (uint8_t *)host - rb->host;

        if (at < rb->size) {
            if (offset) {
                *offset = at;
            }
            return rb;
        }
    }
    return NULL;
}

void qemu_ram_foreach_block(void (*fn)(RAMBlock *rb, void *opaque), void *opaque)
{
    RCU_READ_LOCK_GUARD();
    const BlockList *list = qatomic_rcu_read(&blocks);

    for (unsigned i = 0; list && i < list->nr; i++) {
        fn(list->blocks[i], opaque);
    }
}

/* --- Mappings ------------------------------------------------------------ */

/* Anonymous memory at an address that suits huge pages. */
static void *map_anon(uint64_t size, uint32_t flags)
{
    size_t align = size >= HUGE_ALIGN ? HUGE_ALIGN : 0, total = size + align;
    int mode = (flags & RAM_SHARED ? MAP_SHARED : MAP_PRIVATE) | (flags & RAM_NORESERVE ? MAP_NORESERVE : 0);
    uint8_t *p, *aligned;

    if (total < size) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    p = mmap(NULL, total, PROT_READ | PROT_WRITE, mode | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || !align) {
        return p;
    }
    aligned = (uint8_t *)ROUND_UP((uintptr_t)p, align);
    if (aligned > p) {
        munmap(p, aligned - p);
    }
    munmap(aligned + size, p + total - (aligned + size));
    return aligned;
}

/* File memory at an address that suits the file's pages. */
static void *map_file(uint64_t size, size_t align, uint32_t flags, int fd, uint64_t offset)
{
    int prot = PROT_READ | (flags & RAM_READONLY ? 0 : PROT_WRITE);
    int mode = (flags & RAM_SHARED ? MAP_SHARED : MAP_PRIVATE) | (flags & RAM_NORESERVE ? MAP_NORESERVE : 0);
    size_t total = size + align;
    uint8_t *space, *aligned;
    void *p;

    if (total < size) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    space = mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (space == MAP_FAILED) {
        return space;
    }
    aligned = (uint8_t *)ROUND_UP((uintptr_t)space, align);
    p = mmap(aligned, size, prot, mode | MAP_FIXED, fd, offset);
    if (p == MAP_FAILED) {
        int err = errno;

        munmap(space, total);
        errno = err;
        return p;
    }
    if (aligned > space) {
        munmap(space, aligned - space);
    }
    if (space + total > aligned + size) {
        munmap(aligned + size, space + total - (aligned + size));
    }
    return p;
}

static size_t fd_page_size(int fd)
{
    struct statfs fs;

    if (fstatfs(fd, &fs) == 0 && (uint32_t)fs.f_type == HUGETLBFS_SUPER) {
        return fs.f_bsize;
    }
    return getpagesize();
}

/* What is mapped: whole pages, at least one. */
static uint64_t mapped_size(const RAMBlock *rb)
{
    return ROUND_UP(MAX(rb->size, 1), (uint64_t)rb->page_size);
}

static RAMBlock *block_new(MemoryRegion *mr, uint64_t size, uint32_t flags, int fd, uint64_t offset)
{
    RAMBlock *rb = g_new0(RAMBlock, 1);

    rb->mr = mr;
    rb->size = size;
    rb->flags = flags;
    rb->fd = fd;
    rb->fd_offset = offset;
    rb->page_size = fd >= 0 ? fd_page_size(fd) : (size_t)getpagesize();
    rb->idstr = g_strdup(mr->name_);
    return rb;
}

static RAMBlock *block_mapped(RAMBlock *rb, void *p, Error **errp)
{
    if (p == MAP_FAILED) {
        error_setg_errno(errp, errno, "cannot map %" PRIu64 " bytes of memory for '%s'", rb->size, rb->idstr);
        g_free(rb->idstr);
        g_free(rb);
        return NULL;
    }
    rb->host = p;
    rb->own_mapping = true;
    list_add(rb);
    return rb;
}

/* Sizes that would wrap when rounded up to pages. */
static bool size_sane(uint64_t size, const MemoryRegion *mr, Error **errp)
{
    if (size > (uint64_t)INT64_MAX) {
        error_setg(errp, "memory '%s' cannot have %" PRIu64 " bytes", mr->name_, size);
        return false;
    }
    return true;
}

RAMBlock *ram_block_new_anon(MemoryRegion *mr, uint64_t size, uint32_t flags, Error **errp)
{
    RAMBlock *rb;

    if (!size_sane(size, mr, errp)) {
        return NULL;
    }
    rb = block_new(mr, size, flags, -1, 0);
    return block_mapped(rb, map_anon(mapped_size(rb), flags), errp);
}

/* The fd becomes the block's, also on failure. */
RAMBlock *ram_block_new_fd(MemoryRegion *mr, uint64_t size, uint32_t flags, int fd, uint64_t offset, Error **errp)
{
    RAMBlock *rb;

    if (!size_sane(size, mr, errp)) {
        close(fd);
        return NULL;
    }
    rb = block_new(mr, size, flags, fd, offset);
    rb = block_mapped(rb, map_file(mapped_size(rb), MAX(rb->page_size, size >= HUGE_ALIGN ? HUGE_ALIGN : 0), flags, fd, offset), errp);
    if (!rb) {
        close(fd);
    }
    return rb;
}

RAMBlock *ram_block_new_ptr(MemoryRegion *mr, uint64_t size, void *host)
{
    RAMBlock *rb = block_new(mr, size, 0, -1, 0);

    rb->host = host;
    list_add(rb);
    return rb;
}

typedef struct OldBlock { RCUCallback rcu; RAMBlock *rb; } OldBlock;

static void block_gone(RCUCallback *rcu)
{
    OldBlock *old = container_of(rcu, OldBlock, rcu);
    RAMBlock *rb = old->rb;

    if (rb->own_mapping) {
        munmap(rb->host, mapped_size(rb));
    }
    if (rb->fd >= 0) {
        close(rb->fd);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(rb->dirty); i++) {
        g_free(rb->dirty[i]);
    }
    g_free(rb->idstr);
    g_free(rb);
    g_free(old);
}

void ram_block_free(RAMBlock *rb)
{
    OldBlock *old = g_new(OldBlock, 1);

    list_remove(rb);
    old->rb = rb;
    call_rcu(&old->rcu, block_gone);
}

/* --- Questions ------------------------------------------------------------ */

/* Through aliases to the region that has memory, and where in it. */
static const MemoryRegion *resolve(const MemoryRegion *mr, uint64_t *offset)
{
    *offset = 0;
    while (mr->alias) {
        *offset += mr->alias_offset;
        mr = mr->alias;
    }
    return mr;
}

void *memory_region_get_ram_ptr(MemoryRegion *mr)
{
    uint64_t offset;
    const MemoryRegion *r = resolve(mr, &offset);

    return r->ram_block ? r->ram_block->host + offset : NULL;
}

int memory_region_get_fd(const MemoryRegion *mr)
{
    uint64_t offset;
    const MemoryRegion *r = resolve(mr, &offset);

    return r->ram_block ? r->ram_block->fd : -1;
}

uint64_t memory_region_get_fd_offset(const MemoryRegion *mr)
{
    uint64_t offset;
    const MemoryRegion *r = resolve(mr, &offset);

    return r->ram_block ? r->ram_block->fd_offset + offset : 0;
}

bool memory_region_is_shared(const MemoryRegion *mr)
{
    uint64_t offset;
    const MemoryRegion *r = resolve(mr, &offset);

    return r->ram_block && (r->ram_block->flags & RAM_SHARED);
}

ram_addr_t memory_region_get_ram_addr(const MemoryRegion *mr)
{
    uint64_t offset;
    const MemoryRegion *r = resolve(mr, &offset);

    return r->ram_block ? r->ram_block->offset + offset : UINT64_MAX;
}
