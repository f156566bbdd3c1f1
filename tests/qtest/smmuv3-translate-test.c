/*
 * SMMUv3 conformance: what becomes of one access. Each row says how the guest's
 * structures differ from a working set, which access a dma-testdev makes, and what
 * must come of it: data moved, or one exact event record, or nothing at all. The
 * first column is the section of Arm IHI 0070 (D8: of the Arm ARM).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "smmuv3-helpers.h"

/* The working set: stage 1 with 16 SubstreamIDs, the first two alike, by stage 2's side if Config says so. */
#define STE0_USUAL (STE0(5ULL) | CDTAB | 4ULL << 59)
#define STE1_USUAL S1DSS_SSID0
#define S1(config) ((STE0_USUAL & ~0xfULL) | STE0(config))
#define PTE        PTE_PAGE(PAGE)
#define NONE       (~0ULL)              /* write zero */
enum { RD = DMAT_READ, WR = DMAT_WRITE };
enum { P = DMAT_F_PASID, PRIV = DMAT_F_PASID | DMAT_F_PRIV, EXEC = DMAT_F_PASID | DMAT_F_EXEC, PRIVEXEC = PRIV | EXEC };
enum { CD = EVT_CLASS_CD, TT = EVT_CLASS_TT, IN = EVT_CLASS_IN };
#define SILENT SMMU_EVT__MAX            /* refused, and nobody is told */

/* Zero: as the working set has it. */
typedef struct Row {
    const char *section, *name;
    uint64_t ste0, ste1, ste2, cd0, ttb1, l1, pte, s2pte, iova;
    uint8_t op, flags;
    unsigned evt;                       /* 0: the data arrives */
    bool s2;
    uint8_t class;
    uint64_t ipa;                       /* word 3 of the record */
} Row;

static const Row rows[] = {
    /* Stream table entries */
    { "5.2", "abort", .ste0 = STE0(0ULL), .evt = SILENT },
    { "5.2", "abort, any 0b0xx", .ste0 = STE0(3ULL), .evt = SILENT },
    { "5.2", "bypass", .ste0 = STE0(4ULL), .iova = PAGE },
    { "5.2", "bypass, write", .ste0 = STE0(4ULL), .iova = PAGE, .op = WR },
    { "3.4", "bypass beyond OAS", .ste0 = STE0(4ULL), .iova = 1ULL << 50, .evt = SMMU_EVT_F_ADDR_SIZE, .class = IN },
    { "5.2", "STE not valid", .ste0 = NONE, .evt = SMMU_EVT_C_BAD_STE },
    { "5.2", "CD table beyond OAS", .ste0 = STE0(5ULL) | 1ULL << 49, .evt = SMMU_EVT_C_BAD_STE },
    { "5.2", "more SubstreamIDs than IDR1 says", .ste0 = (STE0_USUAL & ~(31ULL << 59)) | 9ULL << 59, .evt = SMMU_EVT_C_BAD_STE },
    { "5.2", "reserved S1DSS", .ste1 = 3, .evt = SMMU_EVT_C_BAD_STE },
    { "5.2", "reserved S1Fmt", .ste0 = STE0_USUAL | 3 << 4, .evt = SMMU_EVT_C_BAD_STE },
    { "5.2", "StreamWorld EL2 without HYP", .ste1 = STE1_USUAL | 2ULL << 30, .evt = SMMU_EVT_C_BAD_STE },
    { "5.2", "stage 2 AArch32", .ste0 = S1(6ULL), .ste2 = STE2_USUAL & ~BIT_ULL(51), .evt = SMMU_EVT_C_BAD_STE },
    { "5.2", "stage 2 big-endian", .ste0 = S1(6ULL), .ste2 = STE2_USUAL | BIT_ULL(52), .evt = SMMU_EVT_C_BAD_STE },
    { "5.2", "stage 2 stalls", .ste0 = S1(6ULL), .ste2 = STE2_USUAL | BIT_ULL(57), .evt = SMMU_EVT_C_BAD_STE },
    { "5.2", "stage 2 HTTU", .ste0 = S1(6ULL), .ste2 = STE2_USUAL | BIT_ULL(56), .evt = SMMU_EVT_C_BAD_STE },
    { "5.2", "stage 2 reserved granule", .ste0 = S1(6ULL), .ste2 = STE2_USUAL | 3ULL << 46, .evt = SMMU_EVT_C_BAD_STE },
    { "5.2", "stage 2 levels that contradict", .ste0 = S1(6ULL), .ste2 = STE2_USUAL | 3ULL << 38, .evt = SMMU_EVT_C_BAD_STE },
    { "5.2", "stage 2 larger than OAS", .ste0 = S1(6ULL), .ste2 = (STE2_USUAL & ~(0xffULL << 32)) | 12ULL << 32 | 2ULL << 38, .evt = SMMU_EVT_C_BAD_STE },
    { "5.2", "stage 2 fields do not count without stage 2", .ste2 = NONE },
    { "5.2", "stage 1 fields do not count without stage 1", .ste0 = STE0(6ULL) | 3 << 4, .ste1 = 3, .iova = PAGE },
    /* Context descriptors */
    { "5.4", "stage 1, read" },
    { "5.4", "stage 1, write", .op = WR },
    { "5.4", "CD not valid", .cd0 = CD0_USUAL & ~BIT_ULL(31), .evt = SMMU_EVT_C_BAD_CD },
    { "5.4", "AArch32", .cd0 = CD0_USUAL & ~BIT_ULL(41), .evt = SMMU_EVT_C_BAD_CD },
    { "5.4", "big-endian", .cd0 = CD0_USUAL | BIT_ULL(15), .evt = SMMU_EVT_C_BAD_CD },
    { "5.4", "stalls", .cd0 = CD0_USUAL | BIT_ULL(44), .evt = SMMU_EVT_C_BAD_CD },
    { "5.4", "A clear: TERM_MODEL", .cd0 = CD0_USUAL & ~BIT_ULL(46), .evt = SMMU_EVT_C_BAD_CD },
    { "5.4", "HTTU", .cd0 = CD0_USUAL | BIT_ULL(43), .evt = SMMU_EVT_C_BAD_CD },
    { "5.4", "T0SZ too large", .cd0 = (CD0_USUAL & ~63ULL) | 40, .evt = SMMU_EVT_C_BAD_CD },
    { "5.4", "T0SZ too small", .cd0 = (CD0_USUAL & ~63ULL) | 15, .evt = SMMU_EVT_C_BAD_CD },
    { "5.4", "TG0 reserved", .cd0 = CD0_USUAL | 3 << 6, .evt = SMMU_EVT_C_BAD_CD },
    { "5.4", "TTB1's fields do not count when it is off", .cd0 = CD0_USUAL | 63ULL << 16 },
    { "5.4", "TTB1's fields count when it is on", .cd0 = (CD0_USUAL & ~BIT_ULL(30)) | 63ULL << 16, .evt = SMMU_EVT_C_BAD_CD },
    { "5.4", "EPD0", .cd0 = CD0_USUAL | BIT_ULL(14), .evt = SMMU_EVT_F_TRANSLATION, .class = IN },
    { "5.4", "EPD1", .iova = ~0xfffULL, .evt = SMMU_EVT_F_TRANSLATION, .class = IN },
    { "5.4", "beyond TTB0", .iova = 1ULL << 39, .evt = SMMU_EVT_F_TRANSLATION, .class = IN },
    { "5.4", "top byte", .iova = 0x4200000000010000ULL, .evt = SMMU_EVT_F_TRANSLATION, .class = IN },
    { "5.4", "TBI0", .cd0 = CD0_USUAL | BIT_ULL(38), .iova = 0x4200000000010000ULL },
    { "5.4", "TBI0, the record has the tag", .cd0 = CD0_USUAL | BIT_ULL(38), .iova = 0x4200000000020000ULL, .evt = SMMU_EVT_F_TRANSLATION, .class = IN },
    { "5.4", "AFFD", .cd0 = CD0_USUAL | BIT_ULL(35), .pte = PTE & ~PTE_AF },
    { "5.4", "R clear: faults of translation are silent", .cd0 = CD0_USUAL & ~BIT_ULL(45), .pte = NONE, .evt = SILENT },
    { "5.4", "R clear: external aborts are not", .cd0 = CD0_USUAL & ~BIT_ULL(45), .l1 = PTE_TABLE(NOTHING), .evt = SMMU_EVT_F_WALK_EABT, .class = TT, .ipa = NOTHING },
    { "5.4", "IPS bounds pages", .cd0 = CD0_USUAL & ~(5ULL << 32), .pte = PTE_PAGE(1ULL << 40), .evt = SMMU_EVT_F_ADDR_SIZE, .class = IN },
    { "5.4", "IPS bounds tables", .cd0 = CD0_USUAL & ~(5ULL << 32), .l1 = PTE_TABLE(1ULL << 40), .evt = SMMU_EVT_F_ADDR_SIZE, .class = TT },
    { "7.3.9", "CD where nothing is", .ste0 = STE0(5ULL) | NOTHING, .evt = SMMU_EVT_F_CD_FETCH, .ipa = NOTHING },
    { "7.3.12", "table where nothing is", .l1 = PTE_TABLE(NOTHING), .evt = SMMU_EVT_F_WALK_EABT, .class = TT, .ipa = NOTHING },
    { "7.3.12", "table in MMIO", .l1 = PTE_TABLE((uint64_t)UART0), .evt = SMMU_EVT_F_WALK_EABT, .class = TT, .ipa = UART0 },
    /* Stage 1: permissions, by all four kinds of access */
    { "D8.4", "no mapping", .pte = NONE, .evt = SMMU_EVT_F_TRANSLATION, .class = IN },
    { "D8.4", "no mapping, write", .pte = NONE, .op = WR, .evt = SMMU_EVT_F_TRANSLATION, .class = IN },
    { "D8.4", "no mapping, privileged fetch", .pte = NONE, .flags = PRIVEXEC, .evt = SMMU_EVT_F_TRANSLATION, .class = IN },
    { "D8.4", "access flag", .pte = PTE & ~PTE_AF, .evt = SMMU_EVT_F_ACCESS, .class = IN },
    { "D8.4", "access flag before permission", .pte = (PTE & ~PTE_AF) | PTE_RO, .op = WR, .evt = SMMU_EVT_F_ACCESS, .class = IN },
    { "D8.4", "AP 01, user", .flags = P, .op = WR },
    { "D8.4", "AP 01, privileged", .flags = PRIV, .op = WR },
    { "D8.4", "AP 11, user read", .pte = PTE | PTE_RO, .flags = P },
    { "D8.4", "AP 11, user write", .pte = PTE | PTE_RO, .op = WR, .flags = P, .evt = SMMU_EVT_F_PERMISSION, .class = IN },
    { "D8.4", "AP 11, privileged write", .pte = PTE | PTE_RO, .op = WR, .flags = PRIV, .evt = SMMU_EVT_F_PERMISSION, .class = IN },
    { "D8.4", "AP 00, user", .pte = PTE & ~PTE_USER, .flags = P, .evt = SMMU_EVT_F_PERMISSION, .class = IN },
    { "D8.4", "AP 00, no PASID is user", .pte = PTE & ~PTE_USER, .evt = SMMU_EVT_F_PERMISSION, .class = IN },
    { "D8.4", "AP 00, privileged", .pte = PTE & ~PTE_USER, .flags = PRIV, .op = WR },
    { "D8.4", "AP 10, privileged write", .pte = (PTE & ~PTE_USER) | PTE_RO, .flags = PRIV, .op = WR, .evt = SMMU_EVT_F_PERMISSION, .class = IN },
    { "D8.4", "UXN, user fetch", .pte = PTE | PTE_UXN, .flags = EXEC, .evt = SMMU_EVT_F_PERMISSION, .class = IN },
    { "D8.4", "UXN, user read", .pte = PTE | PTE_UXN, .flags = P },
    { "D8.4", "user fetch", .flags = EXEC },
    { "D8.4", "user fetch of what it cannot read", .pte = PTE & ~PTE_USER, .flags = EXEC },
    { "D8.4", "PXN, privileged fetch", .pte = PTE | PTE_RO | PTE_PXN, .flags = PRIVEXEC, .evt = SMMU_EVT_F_PERMISSION, .class = IN },
    { "D8.4", "privileged fetch of what users can write", .flags = PRIVEXEC, .evt = SMMU_EVT_F_PERMISSION, .class = IN },
    { "D8.4", "privileged fetch", .pte = PTE | PTE_RO, .flags = PRIVEXEC },
    { "D8.4", "WXN, user fetch", .cd0 = CD0_USUAL | BIT_ULL(36), .flags = EXEC, .evt = SMMU_EVT_F_PERMISSION, .class = IN },
    { "D8.4", "WXN, read-only", .cd0 = CD0_USUAL | BIT_ULL(36), .pte = PTE | PTE_RO, .flags = EXEC },
    { "D8.4", "PAN, privileged", .cd0 = CD0_USUAL | BIT_ULL(40), .flags = PRIV, .evt = SMMU_EVT_F_PERMISSION, .class = IN },
    { "D8.4", "PAN, user", .cd0 = CD0_USUAL | BIT_ULL(40), .flags = P },
    { "D8.4", "PAN, privileged page", .cd0 = CD0_USUAL | BIT_ULL(40), .pte = PTE & ~PTE_USER, .flags = PRIV },
    { "D8.4", "PAN, privileged fetch", .cd0 = CD0_USUAL | BIT_ULL(40), .pte = PTE | PTE_RO, .flags = PRIVEXEC },
    { "3.4", "a write is data even if it says fetch", .pte = PTE | PTE_UXN, .op = WR, .flags = EXEC },
    { "D8.4", "APTable, no writes", .l1 = NONE - 62, .op = WR, .evt = SMMU_EVT_F_PERMISSION, .class = IN },
    { "D8.4", "APTable, no users", .l1 = NONE - 61, .evt = SMMU_EVT_F_PERMISSION, .class = IN },
    { "D8.4", "UXNTable", .l1 = NONE - 60, .flags = EXEC, .evt = SMMU_EVT_F_PERMISSION, .class = IN },
    { "D8.4", "PXNTable", .l1 = NONE - 59, .pte = PTE | PTE_RO, .flags = PRIVEXEC, .evt = SMMU_EVT_F_PERMISSION, .class = IN },
    /* Stage 2 */
    { "3.4", "stage 2", .ste0 = S1(6ULL), .iova = PAGE },
    { "3.4", "stage 2, no mapping", .ste0 = S1(6ULL), .iova = 0x80001000, .evt = SMMU_EVT_F_TRANSLATION, .s2 = true, .class = IN, .ipa = 0x80001000 },
    { "3.4", "stage 2, beyond S2T0SZ", .ste0 = S1(6ULL), .iova = 1ULL << 39, .evt = SMMU_EVT_F_TRANSLATION, .s2 = true, .class = IN, .ipa = 1ULL << 39 },
    { "3.4", "stage 2, no IPA at all", .ste0 = S1(6ULL), .iova = 1ULL << 50, .evt = SMMU_EVT_F_ADDR_SIZE, .class = IN },
    { "5.2", "stage 2, S2R clear", .ste0 = S1(6ULL), .ste2 = STE2_USUAL & ~BIT_ULL(58), .iova = 0x80001000, .evt = SILENT },
    { "5.2", "stage 2, S2AFFD", .ste0 = S1(6ULL), .ste2 = STE2_USUAL | BIT_ULL(53), .s2pte = S2_BLOCK(RAM) & ~PTE_AF, .iova = PAGE },
    { "D8.4", "stage 2, access flag", .ste0 = S1(6ULL), .s2pte = S2_BLOCK(RAM) & ~PTE_AF, .iova = PAGE, .evt = SMMU_EVT_F_ACCESS, .s2 = true, .class = IN, .ipa = PAGE },
    { "D8.4", "stage 2, read-only", .ste0 = S1(6ULL), .iova = PAGE, .s2pte = S2_BLOCK(RAM) & ~BIT_ULL(7), .op = WR, .evt = SMMU_EVT_F_PERMISSION,
      .s2 = true, .class = IN, .ipa = PAGE },
    { "D8.4", "stage 2, write-only", .ste0 = S1(6ULL), .iova = PAGE, .s2pte = S2_BLOCK(RAM) & ~BIT_ULL(6), .evt = SMMU_EVT_F_PERMISSION,
      .s2 = true, .class = IN, .ipa = PAGE },
    { "5.2", "S2PS bounds pages", .ste0 = S1(6ULL), .ste2 = STE2_USUAL & ~(7ULL << 48), .s2pte = S2_BLOCK(1ULL << 40), .iova = PAGE,
      .evt = SMMU_EVT_F_ADDR_SIZE, .s2 = true, .class = IN, .ipa = PAGE },
    /* Both */
    { "3.4", "nested", .ste0 = S1(7ULL) },
    { "3.4", "nested, write", .ste0 = S1(7ULL), .op = WR },
    { "7.3", "nested, page without stage 2", .ste0 = S1(7ULL), .pte = PTE_PAGE(0x80000000), .evt = SMMU_EVT_F_TRANSLATION, .s2 = true,
      .class = IN, .ipa = 0x80000000 },
    { "7.3", "nested, table without stage 2", .ste0 = S1(7ULL), .l1 = PTE_TABLE(0x80000000ULL), .op = WR, .evt = SMMU_EVT_F_TRANSLATION, .s2 = true,
      .class = TT, .ipa = 0x80000000 },
    { "7.3", "nested, CD without stage 2", .ste0 = STE0(7ULL) | 0x80000000, .evt = SMMU_EVT_F_TRANSLATION, .s2 = true,
      .class = CD, .ipa = 0x80000000 },
    { "5.2", "nested, CD without stage 2, S2R clear", .ste0 = STE0(7ULL) | 0x80000000, .ste2 = STE2_USUAL & ~BIT_ULL(58), .evt = SILENT },
    { "7.3", "nested, fault of stage 1", .ste0 = S1(7ULL), .pte = NONE, .evt = SMMU_EVT_F_TRANSLATION, .class = IN },
    { "7.3", "nested, fault of stage 1, S2R does not count", .ste0 = S1(7ULL), .ste2 = STE2_USUAL & ~BIT_ULL(58), .pte = NONE,
      .evt = SMMU_EVT_F_TRANSLATION, .class = IN },
    { "7.3", "nested, stage 2 refuses the write", .ste0 = S1(7ULL), .s2pte = S2_BLOCK(RAM) & ~BIT_ULL(7), .op = WR,
      .evt = SMMU_EVT_F_PERMISSION, .s2 = true, .class = IN, .ipa = PAGE },
    { "D8.4", "XNX: nobody", .ste0 = S1(7ULL), .s2pte = S2_BLOCK(RAM) | 2ULL << 53, .flags = EXEC, .evt = SMMU_EVT_F_PERMISSION, .s2 = true, .class = IN, .ipa = PAGE },
    { "D8.4", "XNX: users may", .ste0 = S1(7ULL), .s2pte = S2_BLOCK(RAM) | 1ULL << 53, .flags = EXEC },
    { "D8.4", "XNX: the privileged may not", .ste0 = S1(7ULL), .s2pte = S2_BLOCK(RAM) | 1ULL << 53, .pte = PTE | PTE_RO, .flags = PRIVEXEC,
      .evt = SMMU_EVT_F_PERMISSION, .s2 = true, .class = IN, .ipa = PAGE },
    { "D8.4", "XNX: only the privileged may", .ste0 = S1(7ULL), .s2pte = S2_BLOCK(RAM) | 3ULL << 53, .pte = PTE | PTE_RO, .flags = PRIVEXEC },
    { "5.2", "S2PTW: tables in Device memory", .ste0 = S1(7ULL), .ste2 = STE2_USUAL | BIT_ULL(54), .s2pte = S2_BLOCK(RAM) & ~(0xfULL << 2),
      .evt = SMMU_EVT_F_PERMISSION, .s2 = true, .class = TT, .ipa = NONE },
    /* Which context: with and without SubstreamID */
    { "3.3.2", "S1DSS 0, none", .ste1 = NONE, .evt = SMMU_EVT_F_STREAM_DISABLED },
    { "3.3.2", "S1DSS 0, with one", .ste1 = NONE, .flags = P },
    { "3.3.2", "S1DSS 1, none", .ste1 = S1DSS_BYPASS, .iova = PAGE },
    { "3.3.2", "S1DSS 1, none, beyond OAS", .ste1 = S1DSS_BYPASS, .iova = 1ULL << 50, .evt = SMMU_EVT_F_ADDR_SIZE, .class = IN },
    { "3.3.2", "S1DSS 1, none, nested", .ste0 = S1(7ULL), .ste1 = S1DSS_BYPASS, .iova = 0x80000000, .evt = SMMU_EVT_F_TRANSLATION, .s2 = true, .class = IN, .ipa = 0x80000000 },
    { "3.3.2", "S1DSS 1, with one", .ste1 = S1DSS_BYPASS, .flags = P },
    { "3.3.2", "S1DSS 2, with one", .flags = P },
    { "3.3.2", "SubstreamID without substreams", .ste0 = STE0(5ULL) | CDTAB, .flags = P, .evt = SMMU_EVT_C_BAD_SUBSTREAMID },
    { "3.3.2", "SubstreamID without stage 1", .ste0 = S1(6ULL), .iova = PAGE, .flags = P, .evt = SMMU_EVT_C_BAD_SUBSTREAMID },
    { "3.3.2", "SubstreamID of a bypassed stream", .ste0 = STE0(4ULL), .iova = PAGE, .flags = P, .evt = SMMU_EVT_C_BAD_SUBSTREAMID },
};

static uint64_t choose(uint64_t v, uint64_t usual)
{
    return v == NONE ? 0 : v ? v : usual;
}

typedef struct Layout { uint64_t l1, l2, l3, s2; } Layout;

static void lay_out(SmmuTest *s, const Layout *at, const Row *r)
{
    uint64_t l1 = choose(r->l1, PTE_TABLE(at->l2));

    if (r->l1 < NONE && r->l1 > NONE - 64) {
        l1 = PTE_TABLE(at->l2) | BIT_ULL(NONE - r->l1);     /* the usual table with one bit more */
    }
    smmu_put_ste(s, smmu_sid(0), choose(r->ste0, STE0_USUAL), choose(r->ste1, STE1_USUAL), choose(r->ste2, STE2_USUAL), at->s2);
    for (unsigned ssid = 0; ssid < 2; ssid++) {
        smmu_put_cd(s, CDTAB + ssid * CD_SIZE, choose(r->cd0, CD0_USUAL), at->l1, choose(r->ttb1, 0));
    }
    qtest_writeq(s->t, at->l1, l1);
    qtest_writeq(s->t, at->l2, PTE_TABLE(at->l3));
    qtest_writeq(s->t, at->l3 + (IOVA >> 12) * 8, choose(r->pte, PTE));
    qtest_writeq(s->t, at->s2 + 8, choose(r->s2pte, S2_BLOCK(RAM)));
    smmu_forget(s);
}

static bool has_syndrome(unsigned e)
{
    return e == SMMU_EVT_F_WALK_EABT || e >= SMMU_EVT_F_TRANSLATION;
}

static void expect_event(SmmuTest *s, const Layout *at, const Row *r, uint64_t iova)
{
    uint64_t rec[EVT_WORDS], w1 = 0, ipa = r->ipa == NONE ? at->l1 : r->ipa;
    uint64_t ssid = r->flags & P ? BIT_ULL(11) | 1 << 12 : 0;
    bool write = r->op == WR;

    smmu_take_event(s, rec);
    if (has_syndrome(r->evt)) {
        w1 = (write ? 0 : BIT_ULL(35)) | (r->flags & DMAT_F_EXEC && !write ? BIT_ULL(34) : 0) | (r->flags & DMAT_F_PRIV ? BIT_ULL(33) : 0) |
             (uint64_t)r->s2 << 39 | (uint64_t)r->class << 40;
    }
    g_assert_cmphex(rec[0], ==, (uint64_t)smmu_sid(0) << 32 | ssid | r->evt);
    g_assert_cmphex(rec[1], ==, w1);
    g_assert_cmphex(rec[2], ==, has_syndrome(r->evt) ? iova : 0);
    g_assert_cmphex(rec[3], ==, ipa);
    g_assert_false(smmu_any_event(s));
}

static void check_row(SmmuTest *s, const Layout *at, const Row *r)
{
    uint64_t iova = r->iova ? r->iova : IOVA;
    DmaTestDesc d = { r->op ? r->op : RD, r->flags, .pasid = 1, .addr = iova };

    g_test_message("%s: %s", r->section, r->name);
    lay_out(s, at, r);
    if (!r->evt) {
        g_assert_true(smmu_reaches(s, 0, d, PAGE));
        g_assert_true(smmu_reaches(s, 0, d, PAGE));     /* from the caches too */
        return;
    }
    d.len = 8;
    g_assert_cmpuint(dma_test_do(&s->fn[0], d), ==, DMAT_FAULT);
    if (r->evt == SILENT) {
        g_assert_false(smmu_any_event(s));
    } else {
        expect_event(s, at, r, iova);
    }
}

static void test_rows(void)
{
    SmmuTest s;
    Layout at;

    smmu_start(&s, ",x-ssidsize=8");
    at = (Layout) { smmu_new_table(&s), smmu_new_table(&s), smmu_new_table(&s), smmu_new_table(&s) };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        check_row(&s, &at, &rows[i]);
    }
    qtest_quit(s.t);
}

/* --- Stages that are not there: 6.3.1 ------------------------------------------------------------ */

static void test_stages(void)
{
    static const struct { const char *options; uint64_t config; bool ok; } cases[] = {
        { ",stage=1", 5, true }, { ",stage=1", 6, false }, { ",stage=1", 7, false },
        { ",stage=2", 5, false }, { ",stage=2", 6, true }, { ",stage=2", 7, false },
        { "", 5, true }, { "", 6, true }, { "", 7, true },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        SmmuTest s;
        Layout at;
        Row r = { .ste0 = STE0(cases[i].config) | CDTAB, .iova = cases[i].config == 6 ? PAGE : 0, .evt = cases[i].ok ? 0 : SMMU_EVT_C_BAD_STE };

        smmu_start(&s, cases[i].options);
        at = (Layout) { smmu_new_table(&s), smmu_new_table(&s), smmu_new_table(&s), smmu_new_table(&s) };
        check_row(&s, &at, &r);
        qtest_quit(s.t);
    }
}

/* --- Page sizes, levels, both halves, the contiguous hint: D8.2, D8.3, D8.6 ------------------------- */

typedef struct Geometry {
    uint8_t tg0, tg1, granule, tsz, level, run;         /* run: log2 of the entries with the hint */
    bool upper;
} Geometry;

static const Geometry geometries[] = {
    { 0, 2, 12, 16, 3, 0, false }, { 0, 2, 12, 16, 2, 0, false }, { 0, 2, 12, 16, 1, 0, false }, { 0, 2, 12, 16, 3, 4, false },
    { 0, 2, 12, 16, 2, 4, false }, { 0, 2, 12, 25, 3, 0, false }, { 0, 2, 12, 34, 3, 0, false }, { 0, 2, 12, 39, 3, 0, false },
    { 0, 2, 12, 16, 3, 0, true }, { 0, 2, 12, 25, 2, 0, true }, { 0, 2, 12, 39, 3, 0, true },
    { 2, 1, 14, 16, 3, 0, false }, { 2, 1, 14, 17, 2, 0, false }, { 2, 1, 14, 28, 3, 0, false }, { 2, 1, 14, 28, 3, 7, false }, { 2, 1, 14, 39, 3, 0, false },
    { 2, 1, 14, 17, 3, 0, true }, { 2, 1, 14, 28, 2, 0, true },
    { 1, 3, 16, 16, 3, 0, false }, { 1, 3, 16, 22, 2, 0, false }, { 1, 3, 16, 22, 3, 0, false }, { 1, 3, 16, 35, 3, 0, false }, { 1, 3, 16, 35, 3, 5, false },
    { 1, 3, 16, 16, 3, 0, true }, { 1, 3, 16, 22, 2, 0, true },
};

/* Maps RAM's block that holds PAGE at the same place of the half; the ATS answer says how large it is. */
static void check_geometry(SmmuTest *s, const Geometry *g)
{
    unsigned shift = smmu_level_shift(g->granule, g->level), block = shift + g->run;
    uint64_t top, size = 64 - g->tsz, base = g->upper ? MAKE_64BIT_MASK(size, 64 - size) : 0;
    uint64_t start = block < 30 ? PAGE & ~MAKE_64BIT_MASK(0, block) : RAM, iova = base | (PAGE & MAKE_64BIT_MASK(0, size));
    uint64_t out = (start & MAKE_64BIT_MASK(0, size)) | base, cd0 = CD0_USUAL & ~(0xffULL | 0xff << 16 | BIT_ULL(30));

    s->next_table = TABLES;
    top = smmu_new_table(s);
    for (unsigned i = 0; i < BIT(g->run); i++) {
        smmu_map(s, top, g->granule, g->tsz, g->level, out + ((uint64_t)i << shift),
                 (PTE_PAGE(start + ((uint64_t)i << shift)) & ~(g->level < 3 ? 2ULL : 0)) | (g->run ? PTE_CONT : 0));
    }
    if (g->upper) {
        cd0 |= BIT_ULL(14) | 25 | (uint64_t)g->tsz << 16 | (uint64_t)g->tg1 << 22;
    } else {
        cd0 |= BIT_ULL(30) | g->tsz | g->tg0 << 6;
    }
    smmu_put_cd(s, CDTAB, cd0, top, top);
    smmu_forget(s);
    g_test_message("granule %u TSZ %u level %u run %u %s", g->granule, g->tsz, g->level, g->run, g->upper ? "upper" : "lower");
    g_assert_true(smmu_reaches(s, 0, (DmaTestDesc) { .addr = iova }, PAGE));
    g_assert_true(smmu_reaches(s, 0, (DmaTestDesc) { DMAT_WRITE, .addr = iova }, PAGE));
    g_assert_cmpuint(dma_test_do(&s->fn[0], (DmaTestDesc) { DMAT_TRANSLATE, .addr = iova }), ==, DMAT_OK);
    g_assert_cmphex(dma_test_result(&s->fn[0]), ==, start);
    g_assert_cmphex(dma_test_result2(&s->fn[0]) | 3, ==, MAKE_64BIT_MASK(0, block));
    g_assert_false(smmu_any_event(s));
}

static void test_geometries(void)
{
    SmmuTest s;

    smmu_start(&s, ",x-ats=on");
    smmu_put_ste(&s, smmu_sid(0), STE0(5ULL) | CDTAB, 1ULL << 28, 0, 0);
    dma_test_enable(&s.fn[0], DMAT_ALLOW_ATS);
    for (unsigned i = 0; i < ARRAY_SIZE(geometries); i++) {
        check_geometry(&s, &geometries[i]);
    }
    qtest_quit(s.t);
}

/* 64 KiB pages put bits 51:48 of an address into 15:12 of a descriptor (LPA). */
static void test_52_bits(void)
{
    static const struct { uint64_t pte; unsigned evt; } cases[] = {
        { 0, 0 }, { 1ULL << 12, SMMU_EVT_F_TRANSLATION },
    };
    SmmuTest s;
    uint64_t top, s2;

    smmu_start(&s, ",x-oas=52");
    g_assert_cmpuint(smmu_read(&s, SMMU_IDR5) & 7, ==, 6);
    top = smmu_new_table(&s);
    s2 = smmu_new_table(&s);
    smmu_put_cd(&s, CDTAB, (CD0_USUAL & ~(0xffULL | 7ULL << 32)) | 12 | 1 << 6 | 6ULL << 32, top, 0);
    /* stage 2: 4 KiB pages, 48 bits: what stage 1 puts beyond is seen in its faults */
    smmu_put_ste(&s, smmu_sid(0), STE0(7ULL) | CDTAB, 0, STE2_USUAL, s2);
    qtest_writeq(s.t, s2 + 8, S2_BLOCK(RAM));
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t rec[EVT_WORDS], iova = 1ULL << 50 | (PAGE & 0x1fffffff);

        smmu_map(&s, top, 16, 12, 2, iova, (PTE_PAGE(RAM) & ~2ULL) | cases[i].pte);
        smmu_forget(&s);
        if (!cases[i].evt) {
            g_assert_true(smmu_reaches(&s, 0, (DmaTestDesc) { .addr = iova }, PAGE));
            continue;
        }
        g_assert_cmpuint(dma_test_do(&s.fn[0], (DmaTestDesc) { DMAT_READ, .addr = iova, .len = 8 }), ==, DMAT_FAULT);
        smmu_take_event(&s, rec);
        g_assert_cmphex(rec[0] & 0xff, ==, cases[i].evt);
        g_assert_cmphex(rec[3], ==, 1ULL << 48 | PAGE);
    }
    qtest_quit(s.t);
}

/* Atomics need both permissions, and are one operation. */
static void test_atomics(void)
{
    SmmuTest s;
    Layout at;
    static const Row usual = { 0 }, read_only = { .pte = PTE | PTE_RO };

    smmu_start(&s, ",x-ssidsize=8");
    at = (Layout) { smmu_new_table(&s), smmu_new_table(&s), smmu_new_table(&s), smmu_new_table(&s) };
    lay_out(&s, &at, &usual);
    qtest_writeq(s.t, PAGE, 41);
    g_assert_cmpuint(dma_test_do(&s.fn[0], (DmaTestDesc) { DMAT_FETCH_ADD, .addr = IOVA, .len = 8, .operand = 1 }), ==, DMAT_OK);
    g_assert_cmpuint(qtest_readq(s.t, PAGE), ==, 42);
    g_assert_cmpuint(dma_test_do(&s.fn[0], (DmaTestDesc) { DMAT_CAS, .addr = IOVA, .len = 8, .compare = 42, .operand = 7 }), ==, DMAT_OK);
    g_assert_cmpuint(qtest_readq(s.t, PAGE), ==, 7);
    lay_out(&s, &at, &read_only);
    g_assert_cmpuint(dma_test_do(&s.fn[0], (DmaTestDesc) { DMAT_SWAP, .addr = IOVA, .len = 8, .operand = 1 }), ==, DMAT_FAULT);
    g_assert_cmphex(smmu_take_event_type(&s), ==, SMMU_EVT_F_PERMISSION);
    g_assert_cmpuint(qtest_readq(s.t, PAGE), ==, 7);
    qtest_quit(s.t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smmuv3/translate/rows", test_rows);
    g_test_add_func("/smmuv3/translate/stages", test_stages);
    g_test_add_func("/smmuv3/translate/geometries", test_geometries);
    g_test_add_func("/smmuv3/translate/52-bits", test_52_bits);
    g_test_add_func("/smmuv3/translate/atomics", test_atomics);
    return g_test_run();
}
