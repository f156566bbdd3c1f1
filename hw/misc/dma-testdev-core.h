/*
 * dma-testdev without its bus: registers, descriptors, the cache of translations.
 * Who puts it on a bus (the PCI function, a simulated host) says how to reach
 * memory. The caller holds a lock; everything runs inside the register write.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_MISC_DMA_TESTDEV_CORE_H
#define HW_MISC_DMA_TESTDEV_CORE_H

#include "util/osdep.h"
#include "hw/misc/dma-testdev-regs.h"

/* PASIDs of an invalidation that names none, or means all. */
#define DMAT_NO_PASID  UINT32_MAX
#define DMAT_ANY_PASID (UINT32_MAX - 1)

/* How a transaction looks on the bus. */
typedef struct DmaTestAccess {
    uint32_t pasid;                     /* DMAT_NO_PASID: none */
    bool priv, exec, translated;
} DmaTestAccess;

typedef struct DmaTestAtomic {
    uint8_t op, size;                   /* DMAT_FETCH_ADD...; 4 or 8 */
    uint64_t operand, compare, old;
} DmaTestAtomic;

/* @mask: size of the block - 1; @perm: bits 0 read, 1 write. */
typedef struct DmaTestTranslation {
    uint64_t iova, out, mask;
    uint32_t pasid;
    uint8_t perm;
    bool priv, exec;
} DmaTestTranslation;

typedef struct DmaTestBus {
    /* DMAT_ALLOW_* */
    uint32_t (*allowed)(void *opaque);
    bool (*rw)(void *opaque, const DmaTestAccess *a, uint64_t addr, void *buf, uint32_t len, bool write);
    bool (*atomic)(void *opaque, const DmaTestAccess *a, uint64_t addr, DmaTestAtomic *op);
    /* An ATS translation request for the page at @addr; false: no answer. */
    bool (*translate)(void *opaque, const DmaTestAccess *a, uint64_t addr, bool no_write, DmaTestTranslation *t);
    void (*interrupt)(void *opaque, unsigned vector);
} DmaTestBus;

typedef struct DmaTest {
    const DmaTestBus *bus;
    void *opaque;
    uint32_t control, status, ring_log2, ring_pasid, prod, cons;
    uint64_t ring;
    uint8_t slot[DMAT_DESC_SIZE];
    bool running;                       /* a DMA may lead back to our own registers */
    DmaTestTranslation cache[DMAT_CACHE];       /* perm 0: empty */
    unsigned victim;
    uint32_t invalidations, inv_pasid;
    uint64_t inv_addr, inv_mask;
    uint8_t buffer[DMAT_BUFFER_SIZE];
} DmaTest;

void dma_test_reset(DmaTest *d);
uint64_t dma_test_read(DmaTest *d, uint64_t addr, unsigned size);
void dma_test_write(DmaTest *d, uint64_t addr, uint64_t v, unsigned size);
/* An ATS invalidation request; false: it will not be answered. */
bool dma_test_invalidate(DmaTest *d, uint32_t pasid, uint64_t first, uint64_t mask);
/* Carries @op out on the naturally aligned word at @host. */
void dma_test_atomic_apply(void *host, DmaTestAtomic *op);

#endif
