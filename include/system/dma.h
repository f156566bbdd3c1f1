/*
 * DMA: what a device does to memory through its own address space. These are
 * address_space_* with the names device authors expect. No lock is needed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SYSTEM_DMA_H
#define SYSTEM_DMA_H

#include "system/memory.h"

typedef uint64_t dma_addr_t;

static inline MemTxResult dma_memory_read(AddressSpace *as, dma_addr_t a, void *buf, dma_addr_t len, MemTxAttrs attrs)
{
    return address_space_rw(as, a, attrs, buf, len, false);
}

static inline MemTxResult dma_memory_write(AddressSpace *as, dma_addr_t a, const void *buf, dma_addr_t len, MemTxAttrs attrs)
{
    return address_space_rw(as, a, attrs, (void *)buf, len, true);
}

static inline MemTxResult dma_memory_set(AddressSpace *as, dma_addr_t a, uint8_t c, dma_addr_t len, MemTxAttrs attrs)
{
    return address_space_set(as, a, c, len, attrs);
}

#endif
