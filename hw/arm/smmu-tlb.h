/*
 * The software IOTLB: what walks found, by address, ASID and VMID.
 *
 * Fixed memory, four-way sets. Finding and invalidating one page look at one set
 * for each block size in use; a range at its blocks, or at the entries of their
 * size when those are fewer. What stage 2 cut out of a block of stage 1 goes when any address of
 * that block is invalidated. The caller holds a lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ARM_SMMU_TLB_H
#define HW_ARM_SMMU_TLB_H

#include "hw/arm/smmu-walk.h"

#define SMMU_TLB_SETS 1024
#define SMMU_TLB_WAYS 4

typedef struct SMMUTlbEntry {
    uint64_t page;                      /* input address >> shift */
    uint64_t out;
    uint16_t asid, vmid, perm;
    uint16_t next, prev;                /* entries of the same size; numbered from 1 */
    uint8_t shift, s1_shift;
    bool valid, s1, s2, global;
} SMMUTlbEntry;

typedef struct SMMUTlb {
    SMMUTlbEntry set[SMMU_TLB_SETS][SMMU_TLB_WAYS];
    uint8_t victim[SMMU_TLB_SETS];
    uint32_t used[64];                  /* entries of each block size */
    uint16_t first[64];                 /* and where their list starts; 0: empty */
    uint64_t shifts;                    /* which of them are not 0 */
    uint32_t cut[64];                   /* entries that are part of a block of this size */
    uint64_t cuts;
    uint64_t hits, misses, entries;
} SMMUTlb;

/* What to remove: any of the fields may say "all". */
typedef struct SMMUTlbMatch {
    bool any_vmid, any_asid, any_addr, s1_only, s2_only, keep_global;
    uint16_t vmid, asid;
    uint64_t first, last;               /* addresses, inclusive */
} SMMUTlbMatch;

const SMMUTlbEntry *smmu_tlb_find(SMMUTlb *t, const SMMUContext *c, uint64_t iova);
void smmu_tlb_insert(SMMUTlb *t, const SMMUContext *c, uint64_t iova, const SMMULeaf *leaf);
void smmu_tlb_invalidate(SMMUTlb *t, const SMMUTlbMatch *m);

#endif
