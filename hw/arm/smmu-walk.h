/*
 * VMSAv8-64 table walks as pure functions: a translation context, a way to
 * read guest memory, an address in; a leaf or a fault out.
 *
 * Arm ARM D8 (translation tables), IHI 0070 3.4 and 5.4 (which parts of it an
 * SMMU has).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ARM_SMMU_WALK_H
#define HW_ARM_SMMU_WALK_H

#include "hw/arm/smmuv3-regs.h"

/* Half of a stage 1: what TTB0 or TTB1 says. */
typedef struct SMMUTable {
    uint64_t ttb;
    uint8_t tsz, granule;               /* granule: log2 of the page size */
    bool disabled, tbi, had;
} SMMUTable;

/* All that decides how an address is translated, once STE and CD are decoded. */
typedef struct SMMUContext {
    bool s1, s2;                        /* which stages translate */
    uint16_t asid, vmid;
    /* stage 1 */
    SMMUTable tt[2];
    uint8_t s1_oas;                     /* bits */
    bool s1_affd, wxn, pan, s1_record;
    bool lpa;                           /* the SMMU puts out 52 bits */
    /* stage 2 */
    uint64_t s2_ttb;
    uint8_t s2_tsz, s2_granule, s2_start, s2_oas;
    bool s2_affd, s2_ptw, s2_record;
} SMMUContext;

/* Permissions of stage 1 for privileged and unprivileged accesses, and of stage 2, where only execution tells them apart. */
enum {
    SMMU_PR = 1, SMMU_PW = 2, SMMU_PX = 4, SMMU_UR = 8, SMMU_UW = 16, SMMU_UX = 32,
    SMMU_2R = 64, SMMU_2W = 128, SMMU_2PX = 256, SMMU_2UX = 512,
    SMMU_S1_ALL = 0x3f, SMMU_S2_ALL = 0x3c0,
};

typedef struct SMMULeaf {
    uint64_t out;                       /* base of the output block */
    uint64_t ipa;                       /* what stage 2 was asked, when it was */
    uint16_t perm;
    uint8_t shift;                      /* log2 of the block's size */
    uint8_t s1_shift;                   /* of stage 1's block, which stage 2 may have made smaller; without stage 1 as shift */
    bool global;
    bool device;                        /* stage 2 says Device memory */
} SMMULeaf;

typedef struct SMMUFault {
    SMMUEventType type;
    bool s2;
    uint8_t class;
    uint64_t ipa;                       /* or the address that could not be fetched */
} SMMUFault;

typedef struct SMMUAccess { bool write, exec, priv; } SMMUAccess;

typedef struct SMMUReader {
    bool (*read)(void *opaque, uint64_t pa, uint64_t *value);
    void *opaque;
    /* For people: called for each descriptor; may be NULL. */
    void (*step)(void *opaque, int stage, int level, uint64_t pa, uint64_t descriptor);
} SMMUReader;

/* 16 KiB and 64 KiB start differently; 0 when SL0, size and granule contradict each other. */
bool smmu_s2_start_level(unsigned granule, unsigned sl0, unsigned tsz, uint8_t *level);
/* Both stages as the context says. Permissions are not judged here. */
bool smmu_walk(const SMMUContext *c, const SMMUReader *r, uint64_t iova, SMMULeaf *leaf, SMMUFault *fault);
/* Stage 2 alone, for what the SMMU itself fetches by IPA. */
bool smmu_walk_s2(const SMMUContext *c, const SMMUReader *r, uint64_t ipa, uint8_t class, SMMULeaf *leaf, SMMUFault *fault);
/* 0: allowed; else the stage that refuses. */
unsigned smmu_refusing_stage(uint16_t perm, SMMUAccess a);

#endif
