/*
 * The emulated SMMUv3: what translation, invalidation and the monitor share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ARM_SMMUV3_EMUL_H
#define HW_ARM_SMMUV3_EMUL_H

#include "hw/arm/smmuv3-internal.h"
#include "hw/arm/smmu-tlb.h"

#define SMMU_FAST_ENTRIES 64
#define SMMU_CONFIG_SLOTS 8

/*
 * One translation, found without a lock: `seq` is odd while it is written, and
 * it counts only in the generation in which it was made. Whatever invalidates
 * anything starts a new generation.
 */
typedef struct SMMUFast {
    uint32_t seq, generation;
    uint32_t sid, ssid;                 /* ssid: bit 31 set when there is one */
    uint64_t iova, out;                 /* of the block */
    uint16_t perm;
    uint8_t shift;
} SMMUFast;

typedef struct SMMUConfigSlot {
    uint32_t generation;                /* of the configuration; 0: empty */
    uint32_t sid, ssid;
    SMMUConfig cfg;
} SMMUConfigSlot;

/* A function behind the SMMU: its address space is one IOMMU region. */
typedef struct SMMUDevice {
    IOMMUMemoryRegion iommu;
    AddressSpace as;
    SMMUv3State *s;
    PCIBus *bus;
    int devfn;
    SMMUConfigSlot slot[SMMU_CONFIG_SLOTS];
    SMMUFast fast[SMMU_FAST_ENTRIES];
    uint64_t faults;
} SMMUDevice;

struct SMMUv3Emul {
    SMMUv3State *s;
    GPtrArray *devs;                    /* SMMUDevice; grows under machine and vSMMU lock */
    GHashTable *by_place;
    uint32_t generation, config_generation;     /* the first is read without a lock */
    bool unanswered;                    /* a device did not answer an ATC_INV; the next CMD_SYNC says so */
    SMMUTlb tlb;
};

/* smmuv3-emul.c */
extern const PCIIOMMUOps smmuv3_emul_pci_ops;
static inline uint32_t smmu_device_sid(const SMMUDevice *d)
{
    return PCI_BUILD_BDF(pci_bus_num(d->bus), d->devfn);
}
void smmu_emul_new_generation(SMMUv3Emul *e);

/* smmuv3-emul-inval.c */
void smmu_emul_cfgi_ste(SMMUv3State *s, uint32_t first, uint32_t last);
void smmu_emul_invalidate(SMMUv3State *s, const uint64_t cmd[CMD_WORDS]);
/* Pure: which TLB entries a TLBI command means. */
void smmu_tlbi_match(const uint64_t cmd[CMD_WORDS], bool has_s2, SMMUTlbMatch *m);

#endif
