/*
 * accel=on: what the guest is told its SMMU can do.
 *
 * The physical SMMU walks the guest's tables, so the guest may be told at most
 * what the host offers. Automatic values come from the host of the first device
 * and stay open until the guest reads an ID register (or a device is there);
 * then they are frozen, and every later device's host must offer at least
 * that. The rule is one table below.
 *
 * Fields the kernel's ABI does not promise (OAS, ATS) are taken from the raw
 * registers too: there is no better source, and a host that cannot do what they
 * say answers with an error when the table is made or the device attached.
 *
 * IHI 0070 6.3.1..6.3.6. Runs under the vSMMU lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-accel.h"
#include "target/arm/cpu.h"
#include "hw_arm.trace.h"

/* IDR0.STALL_MODEL; 2 is "always" */
enum { STALLS = 0, NEVER_STALLS = 1 };

/* Guest's value must not exceed the host's. `property` is what the user can lower. */
typedef struct CapRule {
    const char *name, *property;
    uint8_t idr, shift, length;
    unsigned (*meaning)(unsigned encoding);     /* for messages; NULL: the number itself */
} CapRule;
#define RULE(n, prop, reg, r, f, ...) { n, prop, reg, FIELD_SHIFT(r, f), FIELD_LENGTH(r, f), __VA_ARGS__ }
static const CapRule rules[] = {
    RULE("16-bit ASIDs (IDR0.ASID16)", NULL, 0, IDR0, ASID16),
    RULE("two-level CD tables (IDR0.CD2L)", NULL, 0, IDR0, CD2L),
    RULE("ATS (IDR0.ATS)", "ats", 0, IDR0, ATS),
    RULE("page requests (IDR0.PRI)", "x-pri", 0, IDR0, PRI),
    RULE("SubstreamID bits (IDR1.SSIDSIZE)", "ssidsize", 1, IDR1, SSIDSIZE),
    RULE("range invalidation (IDR3.RIL)", "ril", 3, IDR3, RIL),
    RULE("break-before-make level (IDR3.BBML)", NULL, 3, IDR3, BBML),
    RULE("output address bits (IDR5.OAS)", "oas", 5, IDR5, OAS, .meaning = smmu_oas_bits),
    RULE("4 KiB pages (IDR5.GRAN4K)", NULL, 5, IDR5, GRAN4K),
    RULE("16 KiB pages (IDR5.GRAN16K)", NULL, 5, IDR5, GRAN16K),
    RULE("64 KiB pages (IDR5.GRAN64K)", NULL, 5, IDR5, GRAN64K),
    RULE("virtual address size (IDR5.VAX)", NULL, 5, IDR5, VAX),
};

static uint32_t get(const uint32_t *idr, const CapRule *r)
{
    return extract32(idr[r->idr], r->shift, r->length);
}

static void set(uint32_t *idr, const CapRule *r, uint32_t v)
{
    idr[r->idr] = deposit32(idr[r->idr], r->shift, r->length, v);
}

/* The most a guest is ever told; automatic values are the host's, up to this. */
static void ceiling(const SMMUv3State *s, uint32_t idr[6])
{
    memcpy(idr, s->idr, sizeof(s->idr));
    idr[0] = FIELD_DP32(idr[0], IDR0, ASID16, 1);
    idr[0] = FIELD_DP32(idr[0], IDR0, CD2L, 1);
    idr[0] = FIELD_DP32(idr[0], IDR0, ATS, s->ats != ON_OFF_AUTO_OFF);
    idr[1] = FIELD_DP32(idr[1], IDR1, PRIQS, 0);
    idr[1] = FIELD_DP32(idr[1], IDR1, CMDQS, SMMU_CMDQS);
    idr[0] = FIELD_DP32(idr[0], IDR0, PRI, s->x_pri != ON_OFF_AUTO_OFF);
    idr[1] = FIELD_DP32(idr[1], IDR1, SSIDSIZE, s->ssidsize == SMMU_AUTO ? 20 : s->ssidsize);
    idr[3] = FIELD_DP32(idr[3], IDR3, HAD, 0);
    idr[3] = FIELD_DP32(idr[3], IDR3, RIL, s->ril != ON_OFF_AUTO_OFF);
    idr[3] = FIELD_DP32(idr[3], IDR3, BBML, 2);
    idr[5] = FIELD_DP32(idr[5], IDR5, OAS, smmu_oas_encode(s->oas == SMMU_AUTO ? 48 : s->oas));
    idr[5] |= FIELD_MASK(IDR5, GRAN4K) | FIELD_MASK(IDR5, GRAN16K) | FIELD_MASK(IDR5, GRAN64K);
    idr[5] = FIELD_DP32(idr[5], IDR5, VAX, 1);
}

/* What the user said must be so; the host may not take it back. */
static bool fixed_by_user(const SMMUv3State *s, const CapRule *r)
{
    const char *p = r->property;

    return p && ((!strcmp(p, "ats") && s->ats == ON_OFF_AUTO_ON) || (!strcmp(p, "ril") && s->ril == ON_OFF_AUTO_ON) ||
                 (!strcmp(p, "x-pri") && s->x_pri == ON_OFF_AUTO_ON) ||
                 (!strcmp(p, "oas") && s->oas != SMMU_AUTO) || (!strcmp(p, "ssidsize") && s->ssidsize != SMMU_AUTO));
}

/* Every Arm server has these; used when the guest looks before a device came. */
static void assumed_host(uint32_t idr[6])
{
    memset(idr, 0, 6 * sizeof(*idr));
    idr[0] = FIELD_MASK(IDR0, ASID16) | FIELD_MASK(IDR0, CD2L);
    idr[1] = FIELD_DP32(0, IDR1, CMDQS, SMMU_CMDQS);
    idr[5] = FIELD_DP32(0, IDR5, OAS, smmu_oas_encode(44)) | FIELD_MASK(IDR5, GRAN4K) | FIELD_MASK(IDR5, GRAN64K);
}

static void resolve(SMMUv3Accel *a, const uint32_t host[6])
{
    SMMUv3State *s = a->s;
    uint32_t most[6];

    ceiling(s, most);
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        uint32_t v = get(most, &rules[i]);

        set(most, &rules[i], fixed_by_user(s, &rules[i]) ? v : MIN(v, get(host, &rules[i])));
    }
    if (a->cmdqv.on) {                  /* the hardware's queues are as long at most, and lie in one page */
        most[1] = FIELD_DP32(most[1], IDR1, CMDQS, MIN(FIELD_EX32(host[1], IDR1, CMDQS), accel_cmdqv_queue_bits()));
    }
    if (FIELD_EX32(most[0], IDR0, PRI)) {
        most[1] = FIELD_DP32(most[1], IDR1, PRIQS, SMMU_PRIQS);
    }
    most[0] = FIELD_DP32(most[0], IDR0, STALL_MODEL, s->x_stall ? STALLS : NEVER_STALLS);
    memcpy(s->idr, most, sizeof(s->idr));
    trace_smmuv3_accel_caps(s->idr[0], s->idr[1], s->idr[3], s->idr[5]);
}

/* What the registers say and the kernel carries out. */
static void offered(const SMMUv3Accel *a, const HostIOMMUDevice *hiod, uint32_t idr[6])
{
    memcpy(idr, hiod->caps.smmuv3.idr, 6 * sizeof(*idr));
    if (!a->fault_id) {
        idr[0] = FIELD_DP32(FIELD_DP32(idr[0], IDR0, PRI, 0), IDR0, STALL_MODEL, NEVER_STALLS);
    }
}

static bool host_can_nest(SMMUv3Accel *a, const HostIOMMUDevice *hiod, Error **errp)
{
    const uint32_t *idr = hiod->caps.smmuv3.idr;
    unsigned endian = FIELD_EX32(idr[0], IDR0, TTENDIAN);

    if (hiod->caps.type != IOMMU_HW_INFO_TYPE_ARM_SMMUV3) {
        error_setg(errp, "%s: %s is not behind an Arm SMMUv3 on this host, which accel=on needs", smmuv3_name(a->s), hiod->name);
        return false;
    }
    if (!FIELD_EX32(idr[0], IDR0, S1P) || !FIELD_EX32(idr[0], IDR0, S2P)) {
        error_setg(errp, "%s: the host SMMUv3 of %s lacks %s, so it cannot nest", smmuv3_name(a->s), hiod->name,
                   FIELD_EX32(idr[0], IDR0, S1P) ? "stage 2" : "stage 1");
        return false;
    }
    if (!(FIELD_EX32(idr[0], IDR0, TTF) & 2) || (endian != 0 && endian != 2)) {
        error_setg(errp, "%s: the host SMMUv3 of %s does not walk little-endian AArch64 tables", smmuv3_name(a->s), hiod->name);
        return false;
    }
    return true;
}

static bool check(SMMUv3Accel *a, const HostIOMMUDevice *hiod, Error **errp)
{
    ERRP_GUARD();
    uint32_t offer[6];

    offered(a, hiod, offer);
    if (smmuv3_can_stall(a->s) && FIELD_EX32(offer[0], IDR0, STALL_MODEL) != STALLS) {
        error_setg(errp, "%s: x-stall=on, but the host SMMUv3 of %s cannot stall, or its kernel has no fault queues; remove it",
                   smmuv3_name(a->s), hiod->name);
        return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        const CapRule *r = &rules[i];
        uint32_t guest = get(a->s->idr, r), host = get(offer, r);

        if (guest <= host) {
            continue;
        }
        if (r->meaning) {
            guest = r->meaning(guest);
            host = r->meaning(host);
        }
        error_setg(errp, "%s: %s: the guest has %u, the host SMMUv3 of %s only %u", smmuv3_name(a->s), r->name, guest, hiod->name, host);
        if (r->property) {
            error_append_hint(errp, "set a smaller value with arm-smmuv3,%s= (off or 0: none)\n", r->property);
        } else {
            error_append_hint(errp, "give this device when the VM starts, so that the guest is told what its host has\n");
        }
        return false;
    }
    return true;
}

/* A guest shares its processes' address spaces with devices only if these can reach what its CPUs can. */
static void check_sva(const SMMUv3Accel *a, const HostIOMMUDevice *hiod)
{
    const ARMCPU *cpu = (const ARMCPU *)qemu_get_cpu(0);
    unsigned pasids = MIN(hiod->caps.max_pasid_log2, smmuv3_ssidsize(a->s));

    if (cpu && pasids && smmuv3_oas(a->s) < arm_cpu_pa_bits(cpu)) {
        warn_report("%s: %s has PASIDs, but an output address size of %u bits is less than the CPU's %u: the guest cannot use SVA",
                    smmuv3_name(a->s), hiod->name, smmuv3_oas(a->s), arm_cpu_pa_bits(cpu));
    }
}

bool accel_caps_adopt(SMMUv3Accel *a, HostIOMMUDevice *hiod, Error **errp)
{
    SMMUv3State *s = a->s;
    uint32_t saved[6], offer[6];
    bool open = !a->frozen && !a->resolved, had_cmdqv = a->cmdqv.on;

    if (!host_can_nest(a, hiod, errp)) {
        return false;
    }
    if (!accel_cmdqv_adopt(a, hiod, open, errp)) {
        a->cmdqv.on = had_cmdqv;
        return false;
    }
    memcpy(saved, s->idr, sizeof(saved));
    if (open) {
        offered(a, hiod, offer);
        resolve(a, offer);
    }
    if (!check(a, hiod, errp)) {
        memcpy(s->idr, saved, sizeof(saved));
        a->cmdqv.on = had_cmdqv;
        return false;
    }
    if (!a->devs->len) {
        a->host = hiod->caps.smmuv3;
    }
    a->resolved = true;
    check_sva(a, hiod);
    return true;
}

void accel_caps_device_gone(SMMUv3Accel *a)
{
    if (!a->be && !a->frozen) {
        accel_caps_reopen(a);
    }
}

/* A new life of the guest: what is automatic is open again, unless a device already answered it. */
void accel_caps_reopen(SMMUv3Accel *a)
{
    uint32_t host[6];

    a->frozen = false;
    if (!a->be) {
        a->resolved = false;
        accel_cmdqv_reopen(a);
        assumed_host(host);
        resolve(a, host);
    }
}

void accel_caps_without_cmdqv(SMMUv3Accel *a)
{
    a->cmdqv.on = false;
    if (!a->frozen) {
        a->s->idr[1] = FIELD_DP32(a->s->idr[1], IDR1, CMDQS, SMMU_CMDQS);
    }
}

void smmuv3_accel_freeze(SMMUv3State *s)
{
    s->accel_state->frozen = true;
}

void accel_caps_init(SMMUv3Accel *a)
{
    accel_caps_reopen(a);
}
