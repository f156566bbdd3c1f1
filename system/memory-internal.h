/*
 * What the files of the memory room share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SYSTEM_MEMORY_INTERNAL_H
#define SYSTEM_MEMORY_INTERNAL_H

#include "system/memory.h"
#include "system/rcu.h"
#include "util/event_notifier.h"

struct MemoryRegionIoeventfd {
    hwaddr addr;                        /* in the region; in an address space's list: absolute */
    unsigned size;                      /* 0: any */
    bool match_data;
    uint64_t data;
    EventNotifier *e;
};

/* The owner lives as long as somebody may reach the region. Regions without owner are static. */
void memory_region_ref_owner(MemoryRegion *mr);

/* Says that the open transaction has changed the tree, or only the ioeventfds. */
void memory_topology_changed(void);
void memory_ioeventfds_changed(void);
bool memory_transaction_open(void);

/* Listeners of all address spaces, lowest priority first. */
GPtrArray *memory_listeners(void);
/* All address spaces. */
GPtrArray *memory_address_spaces(void);
/* The view as it is now; RCU or machine lock held. Never NULL. */
FlatView *address_space_view(AddressSpace *as);

/* Answers whatever is asked where nothing is. */
MemoryRegion *memory_nothing(void);

/* What MMIO functions of a region without own ones do. */
extern const MemoryRegionOps memory_nothing_ops, memory_ram_device_ops;
/* The largest piece, at most @len, that the region takes at @addr in one access. */
unsigned memory_access_size(const MemoryRegion *mr, hwaddr addr, uint64_t len);
/* A write that an ioeventfd of @mr takes is done. */
bool memory_region_kick_ioeventfd(MemoryRegion *mr, hwaddr addr, uint64_t data, unsigned size);

/* RAM. */
RAMBlock *ram_block_new_anon(MemoryRegion *mr, uint64_t size, uint32_t flags, Error **errp);
RAMBlock *ram_block_new_fd(MemoryRegion *mr, uint64_t size, uint32_t flags, int fd, uint64_t offset, Error **errp);
RAMBlock *ram_block_new_ptr(MemoryRegion *mr, uint64_t size, void *host);
void ram_block_free(RAMBlock *rb);

#endif
