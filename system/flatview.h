/*
 * FlatView: an address space without its tree. A sorted array of stretches,
 * each one region (or nothing: a gap).
 *
 * A view never changes once made. It holds a reference on the owner of each
 * region it names. Users either hold RCU or count a reference.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SYSTEM_FLATVIEW_H
#define SYSTEM_FLATVIEW_H

#include "system/memory.h"
#include "system/rcu.h"

typedef struct FlatRange {
    hwaddr start, last;                 /* inclusive, so that 2^64 needs no wider type */
    MemoryRegion *mr;
    Object *owner;                      /* of mr: the reference we hold */
    hwaddr offset;                      /* in mr, of start */
    bool readonly;
    bool romd;
    uint8_t dirty_log_mask;
} FlatRange;

struct FlatView {
    RCUCallback rcu;
    int ref;
    unsigned nr;
    hwaddr *starts;                     /* ranges[i].start, dense for the search */
    FlatRange *ranges;
    MemoryRegion *root;
};

/* The region whose rendering is that of @root: looks through what changes nothing. NULL: empty. */
MemoryRegion *flatview_effective_root(MemoryRegion *root);
FlatView *flatview_render(MemoryRegion *root);
FlatView *flatview_ref(FlatView *view);
/* Drops a reference; the last one frees after a grace period. */
void flatview_unref(FlatView *view);

/* The range that holds @addr, or NULL. */
const FlatRange *flatview_lookup(const FlatView *view, hwaddr addr);
/* The first range that ends at or after @addr; view->nr when there is none. */
unsigned flatview_first_at_or_after(const FlatView *view, hwaddr addr);
bool flat_range_same_place(const FlatRange *a, const FlatRange *b);
MemoryRegionSection flat_range_section(const FlatRange *fr, AddressSpace *as);

#endif
