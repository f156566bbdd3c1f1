/*
 * The emulated SMMUv3: invalidations, and telling those who keep translations
 * (device TLBs, users that shadow the address space).
 *
 * IHI 0070 4.3 (CFGI), 4.4 (TLBI, range form 4.4.1.1), 4.5 (ATC_INV). Runs under
 * the vSMMU lock; while anybody listens the machine lock is held too, and a
 * listener must not translate from its callback.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-emul.h"
#include "hw_arm.trace.h"

static void notify(SMMUDevice *d, IOMMUNotifierFlag type, uint64_t first, uint64_t last, uint32_t pasid)
{
    IOMMUTLBEvent event = {
        .type = type,
        .entry = {
            .target_as = d->s->as, .iova = first, .addr_mask = last - first, .perm = IOMMU_NONE, .pasid = pasid,
            .unanswered = &d->s->emul->unanswered,
        },
    };

    if (d->iommu.notify_flags & type) {
        memory_region_notify_iommu(&d->iommu, 0, &event);
    }
}

void smmu_emul_cfgi_ste(SMMUv3State *s, uint32_t first, uint32_t last)
{
    SMMUv3Emul *e = s->emul;

    e->config_generation++;
    smmu_emul_new_generation(e);
    for (unsigned i = 0; i < e->devs->len; i++) {
        SMMUDevice *d = e->devs->pdata[i];
        uint32_t sid = smmu_device_sid(d);

        if (sid >= first && sid <= last) {
            notify(d, IOMMU_NOTIFIER_UNMAP, 0, UINT64_MAX, IOMMU_NO_PASID);
        }
    }
}

/* Addresses of a ranged command; without TG it means one page, whatever its size. */
static void address_range(const uint64_t cmd[CMD_WORDS], uint64_t addr, SMMUTlbMatch *m)
{
    unsigned tg = FIELD_EX64(cmd[1], CMD1, TG);
    uint64_t pages = (FIELD_EX64(cmd[0], CMD0, NUM) + 1) << FIELD_EX64(cmd[0], CMD0, SCALE);
    unsigned granule = 10 + 2 * tg;

    if (!tg) {
        m->first = addr;
        m->last = addr | 0xfff;
        return;
    }
    uint64_t bytes = (pages << granule) - 1;
    m->first = addr & ~MAKE_64BIT_MASK(0, granule);
    m->last = m->first + bytes < m->first ? UINT64_MAX : m->first + bytes;
}

void smmu_tlbi_match(const uint64_t cmd[CMD_WORDS], bool has_s2, SMMUTlbMatch *m)
{
    uint8_t op = FIELD_EX64(cmd[0], CMD0, OPCODE);
    /* the top byte is not part of an address where TBI is on, and a copy of bit 55 where it is off */
    uint64_t va = sextract64(cmd[1] & CMD1_ADDR_MASK, 0, 56);

    *m = (SMMUTlbMatch) { .vmid = has_s2 ? FIELD_EX64(cmd[0], CMD0, VMID) : 0, .asid = FIELD_EX64(cmd[0], CMD0, ASID) };
    m->any_vmid = op == CMD_TLBI_NSNH_ALL;
    m->any_asid = op != CMD_TLBI_NH_ASID && op != CMD_TLBI_NH_VA;
    m->any_addr = op != CMD_TLBI_NH_VA && op != CMD_TLBI_NH_VAA && op != CMD_TLBI_S2_IPA;
    m->keep_global = op == CMD_TLBI_NH_ASID;
    m->s1_only = op >= CMD_TLBI_NH_ALL && op <= CMD_TLBI_NH_VAA;
    m->s2_only = op == CMD_TLBI_S2_IPA;
    if (!m->any_addr) {
        address_range(cmd, m->s2_only ? cmd[1] & CMD1_IPA_MASK : va, m);
    }
}

static void tlbi(SMMUv3State *s, const uint64_t cmd[CMD_WORDS])
{
    SMMUv3Emul *e = s->emul;
    SMMUTlbMatch m;

    smmu_tlbi_match(cmd, smmuv3_has_s2(s), &m);
    smmu_tlb_invalidate(&e->tlb, &m);
    smmu_emul_new_generation(e);
    for (unsigned i = 0; i < e->devs->len && s->listeners; i++) {
        notify(e->devs->pdata[i], IOMMU_NOTIFIER_UNMAP, m.any_addr ? 0 : m.first, m.any_addr ? UINT64_MAX : m.last, IOMMU_NO_PASID);
    }
}

/* Which of a device's translations: those without a PASID, with one, or (G) with any. */
static uint32_t atc_pasid(const uint64_t cmd[CMD_WORDS])
{
    if (!FIELD_EX64(cmd[0], CMD0, SSV)) {
        return IOMMU_NO_PASID;
    }
    return FIELD_EX64(cmd[0], CMD0, GLOBAL) ? IOMMU_ANY_PASID : FIELD_EX64(cmd[0], CMD0, SSID);
}

static void atc_inv(SMMUv3State *s, const uint64_t cmd[CMD_WORDS])
{
    unsigned size = FIELD_EX64(cmd[1], CMD1, SIZE);
    uint64_t mask = size >= 52 ? UINT64_MAX : MAKE_64BIT_MASK(0, 12 + size);
    uint64_t first = cmd[1] & CMD1_ADDR_MASK & ~mask;

    for (unsigned i = 0; i < s->emul->devs->len; i++) {
        SMMUDevice *d = s->emul->devs->pdata[i];

        if (smmu_device_sid(d) == FIELD_EX64(cmd[0], CMD0, SID)) {
            notify(d, IOMMU_NOTIFIER_DEVIOTLB_UNMAP, first, first | mask, atc_pasid(cmd));
        }
    }
}

void smmu_emul_invalidate(SMMUv3State *s, const uint64_t cmd[CMD_WORDS])
{
    switch (FIELD_EX64(cmd[0], CMD0, OPCODE)) {
    case CMD_CFGI_CD:
    case CMD_CFGI_CD_ALL:
        s->emul->config_generation++;
        smmu_emul_new_generation(s->emul);
        break;
    case CMD_ATC_INV:
        atc_inv(s, cmd);
        break;
    default:
        tlbi(s, cmd);
    }
}
