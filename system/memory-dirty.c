/*
 * Dirty logging: which 4 KiB pages of RAM were written, a bitmap a client.
 * A bitmap appears when its client first asks and stays with the block;
 * whether it is kept up is in the region's dirty_log_mask.
 *
 * Bits are set from any thread; logging is switched under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "flatview.h"
#include "memory-internal.h"

#define PAGE 4096ULL
#define WORD_BITS (8 * sizeof(unsigned long))

void memory_region_set_dirty(MemoryRegion *mr, hwaddr addr, uint64_t size)
{
    RAMBlock *rb = mr->ram_block;

    if (!rb || !size) {
        return;
    }
    for (unsigned c = 0; c < ARRAY_SIZE(rb->dirty); c++) {
        unsigned long *map = qatomic_rcu_read(&rb->dirty[c]);

        for (uint64_t page = addr / PAGE; map && page <= (addr + size - 1) / PAGE; page++) {
            __atomic_fetch_or(&map[page / WORD_BITS], 1UL << (page % WORD_BITS), __ATOMIC_RELAXED);
        }
    }
}

void memory_region_set_log(MemoryRegion *mr, bool log, unsigned client)
{
    RAMBlock *rb = mr->ram_block;
    uint8_t mask = log ? mr->dirty_log_mask | BIT(client) : mr->dirty_log_mask & ~BIT(client);

    if (!rb || client >= ARRAY_SIZE(rb->dirty) || mask == mr->dirty_log_mask) {
        return;
    }
    if (log && !rb->dirty[client]) {
        uint64_t pages = DIV_ROUND_UP(rb->size, PAGE);

        qatomic_rcu_set(&rb->dirty[client], g_new0(unsigned long, DIV_ROUND_UP(pages, WORD_BITS)));
    }
    memory_region_transaction_begin();
    mr->dirty_log_mask = mask;
    memory_topology_changed();
    memory_region_transaction_commit();
}

/* Listeners (KVM) hand over what they know about @mr. */
static void sync_listeners(MemoryRegion *mr)
{
    GPtrArray *all = memory_listeners();

    for (guint i = 0; i < all->len; i++) {
        MemoryListener *l = g_ptr_array_index(all, i);
        FlatView *view;

        if (!l->log_sync) {
            continue;
        }
        view = flatview_ref(address_space_view(l->as));
        for (unsigned j = 0; j < view->nr; j++) {
            if (view->ranges[j].mr == mr && view->ranges[j].dirty_log_mask) {
                MemoryRegionSection s = flat_range_section(&view->ranges[j], l->as);

                l->log_sync(l, &s);
            }
        }
        flatview_unref(view);
    }
}

bool memory_region_snapshot_and_clear_dirty(MemoryRegion *mr, hwaddr addr, uint64_t size, unsigned client)
{
    RAMBlock *rb = mr->ram_block;
    unsigned long *map;
    bool any = false;

    if (!rb || !size || client >= ARRAY_SIZE(rb->dirty) || !rb->dirty[client]) {
        return false;
    }
    sync_listeners(mr);
    map = rb->dirty[client];
    for (uint64_t page = addr / PAGE; page <= (addr + size - 1) / PAGE && page * PAGE < rb->size; page++) {
        unsigned long bit = 1UL << (page % WORD_BITS);

        any |= __atomic_fetch_and(&map[page / WORD_BITS], ~bit, __ATOMIC_RELAXED) & bit;
    }
    return any;
}
