/*
 * SMMUv3 conformance: commands. Which are legal, where the queue stops, what each
 * invalidation takes away and what it leaves, device TLBs. Sections are of Arm IHI 0070.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "smmuv3-helpers.h"

/* --- Legality: 4.2 to 4.7, 7.1 ------------------------------------------------------------- */

typedef struct Legality {
    const char *name;
    uint64_t w0, w1;
    /* CERROR with all features; with stage 1 alone; with stage 2 alone */
    uint8_t all, s1, s2;
} Legality;
enum { OK = CERROR_NONE, ILL = CERROR_ILL };
#define SSEC BIT_ULL(10)

static const Legality legality[] = {
    { "opcode 0", 0x00, 0, ILL, ILL, ILL },
    { "PREFETCH_CONFIG", CMD_PREFETCH_CONFIG, 0, OK, OK, OK },
    { "PREFETCH_ADDR", CMD_PREFETCH_ADDR, 0, OK, OK, OK },
    { "PREFETCH_CONFIG, secure", CMD_PREFETCH_CONFIG | SSEC, 0, ILL, ILL, ILL },
    { "CFGI_STE", CMD_CFGI_STE, 0, OK, OK, OK },
    { "CFGI_STE, secure", CMD_CFGI_STE | SSEC, 0, ILL, ILL, ILL },
    { "CFGI_STE_RANGE", CMD_CFGI_STE_RANGE, 3, OK, OK, OK },
    { "CFGI_ALL", CMD_CFGI_STE_RANGE, 31, OK, OK, OK },
    { "CFGI_CD", CMD_CFGI_CD, 0, OK, OK, ILL },
    { "CFGI_CD_ALL", CMD_CFGI_CD_ALL, 0, OK, OK, ILL },
    { "CFGI_VMS_PIDM without MPAM", 0x07, 0, ILL, ILL, ILL },
    { "TLBI_NH_ALL", CMD_TLBI_NH_ALL, 0, OK, OK, ILL },
    { "TLBI_NH_ASID", CMD_TLBI_NH_ASID, 0, OK, OK, ILL },
    { "TLBI_NH_VA", CMD_TLBI_NH_VA, 0, OK, OK, ILL },
    { "TLBI_NH_VA, leaf", CMD_TLBI_NH_VA, 1, OK, OK, ILL },
    { "TLBI_NH_VAA", CMD_TLBI_NH_VAA, 0, OK, OK, ILL },
    { "TLBI_EL3_ALL", 0x18, 0, ILL, ILL, ILL },
    { "TLBI_EL3_VA", 0x1a, 0, ILL, ILL, ILL },
    { "TLBI_EL2_ALL without HYP", 0x20, 0, ILL, ILL, ILL },
    { "TLBI_EL2_ASID without HYP", 0x21, 0, ILL, ILL, ILL },
    { "TLBI_EL2_VA without HYP", 0x22, 0, ILL, ILL, ILL },
    { "TLBI_EL2_VAA without HYP", 0x23, 0, ILL, ILL, ILL },
    { "TLBI_S12_VMALL", CMD_TLBI_S12_VMALL, 0, OK, ILL, OK },
    { "TLBI_S2_IPA", CMD_TLBI_S2_IPA, 0, OK, ILL, OK },
    { "TLBI_NSNH_ALL", CMD_TLBI_NSNH_ALL, 0, OK, OK, OK },
    { "ATC_INV", CMD_ATC_INV, 0, OK, OK, OK },
    { "ATC_INV of everything", CMD_ATC_INV, 52, OK, OK, OK },
    { "ATC_INV, secure", CMD_ATC_INV | SSEC, 0, ILL, ILL, ILL },
    { "PRI_RESP without PRI", CMD_PRI_RESP, 0, ILL, ILL, ILL },
    { "RESUME without stalls", CMD_RESUME, 0, ILL, ILL, ILL },
    { "STALL_TERM without stalls", CMD_STALL_TERM, 0, ILL, ILL, ILL },
    { "SYNC", CMD_SYNC, 0, OK, OK, OK },
    { "SYNC, SEV", CMD_SYNC | SYNC_CS_SEV << 12, 0, OK, OK, OK },
    { "SYNC, reserved signal", CMD_SYNC | 3 << 12, 0, ILL, ILL, ILL },
    { "opcode ff", 0xff, 0, ILL, ILL, ILL },
};

static unsigned try_command(SmmuTest *s, uint64_t w0, uint64_t w1)
{
    uint32_t first = s->prod, cons;

    smmu_command(s, CMD_SYNC, 0);
    smmu_command(s, w0, w1);
    smmu_command(s, CMD_SYNC, 0);
    unsigned cerror = smmu_run_error(s, &cons);
    /* CONS: behind everything, or at the culprit */
    g_assert_cmphex(cons, ==, (first + (cerror ? 1 : 3)) & (QUEUE_MASK * 2 + 1));
    return cerror;
}

static void test_legal(void)
{
    static const char *const options[] = { ",x-ats=on", ",x-ats=on,stage=1", ",x-ats=on,stage=2" };

    for (unsigned o = 0; o < ARRAY_SIZE(options); o++) {
        SmmuTest s;

        smmu_start(&s, options[o]);
        for (unsigned i = 0; i < ARRAY_SIZE(legality); i++) {
            const Legality *l = &legality[i];

            g_test_message("%s%s", l->name, options[o]);
            g_assert_cmpuint(try_command(&s, l->w0, l->w1), ==, o == 0 ? l->all : o == 1 ? l->s1 : l->s2);
        }
        qtest_quit(s.t);
    }
    SmmuTest s;
    smmu_start(&s, "");
    g_assert_cmpuint(try_command(&s, CMD_ATC_INV, 0), ==, CERROR_ILL);      /* without ATS */
    qtest_quit(s.t);
}

/* 7.1: a queue that is not in RAM; 4.1: the size that the register may say */
static void test_fetch(void)
{
    static const uint64_t bases[] = { NOTHING, UART0, 1ULL << 50, 0x000fffffffffffe0ULL };
    SmmuTest s;

    smmu_start(&s, "");
    for (unsigned i = 0; i < ARRAY_SIZE(bases); i++) {
        smmu_write(&s, SMMU_CR0, 0x5);
        smmu_writeq(&s, SMMU_CMDQ_BASE, bases[i] | 31);                     /* LOG2SIZE beyond the limit is the limit */
        smmu_write(&s, SMMU_CMDQ_CONS, 0);
        smmu_write(&s, SMMU_CMDQ_PROD, 7);
        smmu_write(&s, SMMU_CR0, 0xd);
        g_assert_cmphex(smmu_read(&s, SMMU_CMDQ_CONS), ==, FIELD_DP32(0, CMDQ_CONS, ERR, CERROR_ABT));
        g_assert_cmphex(smmu_read(&s, SMMU_GERROR) ^ smmu_read(&s, SMMU_GERRORN), ==, GERROR_CMDQ_ERR);
        smmu_write(&s, SMMU_CMDQ_PROD, 9);                                  /* nothing runs until it is acknowledged */
        g_assert_cmphex(smmu_read(&s, SMMU_CMDQ_CONS), ==, FIELD_DP32(0, CMDQ_CONS, ERR, CERROR_ABT));
        smmu_write(&s, SMMU_CR0, 0x5);
        smmu_write(&s, SMMU_GERRORN, smmu_read(&s, SMMU_GERROR));
    }
    qtest_quit(s.t);
}

/* --- What is taken away: 4.4 -------------------------------------------------------------------- */

/*
 * Five users of IOVA: SubstreamIDs 1 to 3 of device 0 (ASIDs 1 to 3, VMID 0; the
 * third one's page is global, and elsewhere: it would serve them all), device 1 nested (ASID 1, VMID 7), device 2 stage 2
 * alone (VMID 7).
 */
enum { A1 = 1, A2 = 2, GLOBAL = 4, NESTED = 8, S2ONLY = 16, USERS = 5, EVERYBODY = 31 };
typedef struct Users { uint64_t leaf[USERS]; } Users;
#define GLOBAL_IOVA 0x30000ULL

static uint64_t address_of(unsigned user)
{
    return user == 2 ? GLOBAL_IOVA : IOVA;
}

static void user_descriptor(SmmuTest *s, const Users *u, unsigned user, uint64_t pa)
{
    uint64_t d = user == 4 ? S2_PAGE(pa) : PTE_PAGE(pa) | (user == 2 ? 0 : PTE_NG);

    qtest_writeq(s->t, u->leaf[user], d);
}

static DmaTestDesc user_access(unsigned user)
{
    return (DmaTestDesc) { DMAT_READ, user < 3 ? DMAT_F_PASID : 0, .pasid = user + 1, .addr = address_of(user) };
}

static void set_up_users(SmmuTest *s, Users *u)
{
    uint64_t identity = smmu_new_table(s), own = smmu_new_table(s);

    smmu_put_ste(s, smmu_sid(0), STE0(5ULL) | CDTAB | 4ULL << 59, 0, 0, 0);
    smmu_put_ste(s, smmu_sid(1), STE0(7ULL) | (CDTAB + 0x1000), 0, STE2_USUAL | 7, identity);
    smmu_put_ste(s, smmu_sid(2), STE0(6ULL), 0, STE2_USUAL | 7, own);
    qtest_writeq(s->t, identity + 8, S2_BLOCK(RAM));
    for (unsigned user = 0; user < 4; user++) {
        uint64_t top = smmu_new_table(s), cd = user == 3 ? CDTAB + 0x1000 : CDTAB + (user + 1) * CD_SIZE;

        smmu_put_cd(s, cd, (CD0_USUAL & ~(0xffffULL << 48)) | (uint64_t)(user == 3 ? 1 : user + 1) << 48, top, 0);
        u->leaf[user] = smmu_descriptor_at(s, top, 12, 39, 1, 3, address_of(user));
    }
    u->leaf[4] = smmu_descriptor_at(s, own, 12, 39, 1, 3, IOVA);
    qtest_writeq(s->t, PAGE, 1);
    qtest_writeq(s->t, PAGE2, 2);
}

/* Everybody uses the first page; then the tables name the second one and a command is given. Who sees it? */
static unsigned who_notices(SmmuTest *s, const Users *u, uint64_t w0, uint64_t w1)
{
    unsigned seen = 0;

    for (unsigned user = 0; user < USERS; user++) {
        user_descriptor(s, u, user, PAGE);
    }
    smmu_forget(s);
    for (unsigned user = 0; user < USERS; user++) {
        g_assert_cmpuint(smmu_value_read(s, user < 3 ? 0 : user - 2, user_access(user)), ==, 1);
        user_descriptor(s, u, user, PAGE2);
    }
    smmu_command(s, w0, w1);
    smmu_run(s);
    for (unsigned user = 0; user < USERS; user++) {
        seen |= smmu_value_read(s, user < 3 ? 0 : user - 2, user_access(user)) == 2 ? BIT(user) : 0;
    }
    return seen;
}

#define ASID(n) ((uint64_t)(n) << 48)
#define VMID(n) ((uint64_t)(n) << 32)
#define RANGE(num, scale) ((uint64_t)(num) << 12 | (uint64_t)(scale) << 20)
#define TG4K (1 << 10)
#define TTL(n) ((n) << 8)

static const struct { const char *name; uint64_t w0, w1; unsigned notice; } invalidations[] = {
    { "none", CMD_SYNC, 0, 0 },
    { "CFGI does not touch the TLB's users", CMD_PREFETCH_CONFIG, 0, 0 },
    { "NH_ALL, VMID 0", CMD_TLBI_NH_ALL, 0, A1 | A2 | GLOBAL },
    { "NH_ALL, VMID 7", CMD_TLBI_NH_ALL | VMID(7), 0, NESTED },
    { "NH_ALL, VMID 5", CMD_TLBI_NH_ALL | VMID(5), 0, 0 },
    { "NH_ASID 1", CMD_TLBI_NH_ASID | ASID(1), 0, A1 },
    { "NH_ASID 2", CMD_TLBI_NH_ASID | ASID(2), 0, A2 },
    { "NH_ASID 3 leaves global pages", CMD_TLBI_NH_ASID | ASID(3), 0, 0 },
    { "NH_ASID 1, VMID 7", CMD_TLBI_NH_ASID | ASID(1) | VMID(7), 0, NESTED },
    { "NH_VA", CMD_TLBI_NH_VA | ASID(1), IOVA, A1 },
    { "NH_VA takes global pages whatever the ASID", CMD_TLBI_NH_VA | ASID(9), GLOBAL_IOVA, GLOBAL },
    { "NH_VA, leaf", CMD_TLBI_NH_VA | ASID(1), IOVA | 1, A1 },
    { "NH_VA, top byte as bit 55", CMD_TLBI_NH_VA | ASID(1), IOVA | 0x5a00000000000000ULL, A1 },
    { "NH_VA, ASID 9", CMD_TLBI_NH_VA | ASID(9), IOVA, 0 },
    { "NH_VA, the page above", CMD_TLBI_NH_VA | ASID(1), IOVA + 0x1000, 0 },
    { "NH_VA, the page below", CMD_TLBI_NH_VA | ASID(1), IOVA - 0x1000, 0 },
    { "NH_VA, VMID 7", CMD_TLBI_NH_VA | ASID(1) | VMID(7), IOVA, NESTED },
    { "NH_VAA", CMD_TLBI_NH_VAA, IOVA, A1 | A2 },
    { "NH_VAA, another page", CMD_TLBI_NH_VAA, IOVA + 0x1000, 0 },
    { "S12_VMALL", CMD_TLBI_S12_VMALL | VMID(7), 0, NESTED | S2ONLY },
    { "S12_VMALL, VMID 0", CMD_TLBI_S12_VMALL, 0, A1 | A2 | GLOBAL },
    { "S2_IPA", CMD_TLBI_S2_IPA | VMID(7), IOVA, S2ONLY },
    { "S2_IPA, another page", CMD_TLBI_S2_IPA | VMID(7), IOVA + 0x1000, 0 },
    { "S2_IPA, another VMID", CMD_TLBI_S2_IPA | VMID(8), IOVA, 0 },
    { "NSNH_ALL", CMD_TLBI_NSNH_ALL, 0, EVERYBODY },
    /* 4.4.1.1: (NUM + 1) * 2^SCALE granules */
    { "range of 16 pages below", CMD_TLBI_NH_VA | ASID(1) | RANGE(15, 0), TG4K | TTL(3), 0 },
    { "range of 17 pages", CMD_TLBI_NH_VA | ASID(1) | RANGE(16, 0), TG4K | TTL(3), A1 },
    { "range of 16 * 2 pages", CMD_TLBI_NH_VA | ASID(1) | RANGE(15, 1), TG4K | TTL(3) | 1, A1 },
    { "range of one page", CMD_TLBI_NH_VA | ASID(1) | RANGE(0, 0), IOVA | TG4K | TTL(3), A1 },
    { "range of one page below", CMD_TLBI_NH_VA | ASID(1) | RANGE(0, 0), (IOVA - 0x1000) | TG4K | TTL(3), 0 },
    { "range of 64 KiB granules, low bits of the address do not count", CMD_TLBI_NH_VA | ASID(1) | RANGE(0, 0), (IOVA + 0xf000) | 3 << 10, A1 },
    { "range of 16 KiB granules", CMD_TLBI_NH_VA | ASID(1) | RANGE(3, 0), 2 << 10, 0 },
    { "range of 16 KiB granules, one more", CMD_TLBI_NH_VA | ASID(1) | RANGE(4, 0), 2 << 10, A1 },
    { "largest range", CMD_TLBI_NH_VAA | RANGE(31, 31), 3 << 10, A1 | A2 | GLOBAL },
    { "range up to the end of all addresses", CMD_TLBI_NH_VAA | RANGE(31, 31), 0xfffffffffffff000ULL | 3 << 10, 0 },
    { "without TG, NUM and SCALE do not count", CMD_TLBI_NH_VA | ASID(1) | RANGE(31, 31), 0, 0 },
    { "range by IPA", CMD_TLBI_S2_IPA | VMID(7) | RANGE(16, 0), TG4K, S2ONLY },
};

static void test_invalidations(void)
{
    SmmuTest s;
    Users u;

    smmu_start(&s, ",x-ssidsize=8");
    set_up_users(&s, &u);
    for (unsigned i = 0; i < ARRAY_SIZE(invalidations); i++) {
        g_test_message("%s", invalidations[i].name);
        g_assert_cmphex(who_notices(&s, &u, invalidations[i].w0, invalidations[i].w1), ==, invalidations[i].notice);
    }
    qtest_quit(s.t);
}

/* ASET keeps broadcasts away, not commands (5.4) */
static void test_aset(void)
{
    SmmuTest s;
    Users u;

    smmu_start(&s, ",x-ssidsize=8");
    set_up_users(&s, &u);
    smmu_put(&s, CDTAB + CD_SIZE, (uint64_t[]) { CD0_USUAL | BIT_ULL(47) }, 1);
    g_assert_cmphex(who_notices(&s, &u, CMD_TLBI_NH_ASID | ASID(1), 0), ==, A1);
    qtest_quit(s.t);
}

/* A block of stage 1 that stage 2 cut into pages is one thing to a command by address. */
static void test_cut_block(void)
{
    SmmuTest s;
    uint64_t top, s2;

    smmu_start(&s, "");
    top = smmu_new_table(&s);
    s2 = smmu_new_table(&s);
    smmu_put_ste(&s, smmu_sid(0), STE0(7ULL) | CDTAB, 0, STE2_USUAL | 7, s2);
    smmu_put_cd(&s, CDTAB, CD0_USUAL, top, 0);
    for (uint64_t pa = RAM; pa < RAM + 0x1000000; pa += 0x1000) {
        if (pa < PAGE || (pa & 0xfffff) == 0x5000) {            /* all tables; of the pages only those that are used */
            smmu_map(&s, s2, 12, 25, 3, pa, S2_PAGE(pa));
        }
    }
    smmu_map(&s, top, 12, 25, 2, 0, (PTE_PAGE(PAGE) & ~2ULL) | PTE_NG);
    smmu_forget(&s);
    g_assert_true(smmu_reaches(&s, 0, (DmaTestDesc) { .addr = 0x5000 }, PAGE + 0x5000));
    g_assert_true(smmu_reaches(&s, 0, (DmaTestDesc) { .addr = 0x105000 }, PAGE + 0x105000));
    smmu_map(&s, top, 12, 25, 2, 0, (PTE_PAGE(PAGE + 0x200000) & ~2ULL) | PTE_NG);
    smmu_command(&s, CMD_TLBI_NH_VA | ASID(1) | VMID(7), 0x1ff000);         /* any address of the block */
    smmu_run(&s);
    g_assert_true(smmu_reaches(&s, 0, (DmaTestDesc) { .addr = 0x5000 }, PAGE + 0x205000));
    g_assert_true(smmu_reaches(&s, 0, (DmaTestDesc) { .addr = 0x105000 }, PAGE + 0x305000));
    qtest_quit(s.t);
}

/* --- Configuration: 4.3 --------------------------------------------------------------------------- */

static const struct { const char *name; uint64_t w0, w1; bool cd, ste; } configs[] = {
    { "CFGI_STE", CMD_CFGI_STE, 0, true, true },
    { "CFGI_STE_RANGE", CMD_CFGI_STE_RANGE, 4, true, true },
    { "CFGI_ALL", CMD_CFGI_STE_RANGE, 31, true, true },
    { "CFGI_CD", CMD_CFGI_CD, 0, true, false },
    { "CFGI_CD, leaf", CMD_CFGI_CD, 1, true, false },
    { "CFGI_CD_ALL", CMD_CFGI_CD_ALL, 0, true, false },
};

/* What is cached is used until it is said to have changed; then what is there now. */
static void test_configuration(void)
{
    SmmuTest s;
    uint64_t top[2];

    smmu_start(&s, "");
    qtest_writeq(s.t, PAGE, 1);
    qtest_writeq(s.t, PAGE2, 2);
    for (unsigned i = 0; i < 2; i++) {
        top[i] = smmu_new_table(&s);
        smmu_map(&s, top[i], 12, 25, 3, IOVA, PTE_PAGE(i ? PAGE2 : PAGE));
    }
    for (unsigned i = 0; i < ARRAY_SIZE(configs); i++) {
        DmaTestDesc d = { .addr = IOVA };

        g_test_message("%s", configs[i].name);
        smmu_put_ste(&s, smmu_sid(0), STE0(5ULL) | CDTAB, 0, 0, 0);
        smmu_put_cd(&s, CDTAB, CD0_USUAL, top[0], 0);
        smmu_forget(&s);
        g_assert_cmpuint(smmu_value_read(&s, 0, d), ==, 1);
        smmu_put_cd(&s, CDTAB, CD0_USUAL, top[1], 0);
        smmu_command(&s, CMD_TLBI_NSNH_ALL, 0);
        smmu_run(&s);
        g_assert_cmpuint(smmu_value_read(&s, 0, d), ==, 1);
        smmu_command(&s, configs[i].w0 | (uint64_t)smmu_sid(0) << 32, configs[i].w1);
        smmu_command(&s, CMD_TLBI_NSNH_ALL, 0);
        smmu_run(&s);
        g_assert_cmpuint(smmu_value_read(&s, 0, d), ==, 2);
        if (configs[i].ste) {
            smmu_put_ste(&s, smmu_sid(0), STE0(4ULL), 0, 0, 0);
            smmu_command(&s, configs[i].w0 | (uint64_t)smmu_sid(0) << 32, configs[i].w1);
            smmu_run(&s);
            g_assert_cmpuint(smmu_value_read(&s, 0, (DmaTestDesc) { .addr = PAGE }), ==, 1);
        }
    }
    qtest_quit(s.t);
}

/* 3.21.3: what was wrong is read again */
static void test_repaired(void)
{
    SmmuTest s;
    uint64_t top;

    smmu_start(&s, "");
    top = smmu_new_table(&s);
    smmu_map(&s, top, 12, 25, 3, IOVA, PTE_PAGE(PAGE));
    smmu_put_cd(&s, CDTAB, CD0_USUAL, top, 0);
    g_assert_cmpuint(dma_test_do(&s.fn[0], (DmaTestDesc) { DMAT_READ, .addr = IOVA, .len = 8 }), ==, DMAT_FAULT);
    g_assert_cmphex(smmu_take_event_type(&s), ==, SMMU_EVT_C_BAD_STE);
    smmu_put_ste(&s, smmu_sid(0), STE0(5ULL) | CDTAB, 0, 0, 0);
    smmu_command(&s, CMD_CFGI_STE | (uint64_t)smmu_sid(0) << 32, 1);
    smmu_run(&s);
    g_assert_true(smmu_reaches(&s, 0, (DmaTestDesc) { .addr = IOVA }, PAGE));
    qtest_quit(s.t);
}

/* --- Device TLBs: 3.9, 4.5 -------------------------------------------------------------------------- */

static void test_atc(void)
{
    static const struct { const char *name; uint64_t w0, w1; bool plain, pasid; uint32_t shown; uint64_t mask; } rows[] = {
        { "page, no PASID", CMD_ATC_INV, IOVA, false, true, 0xffffffff, 0xfff },
        { "page, PASID 1", CMD_ATC_INV | 1 << 11 | 1 << 12, IOVA, true, false, 1, 0xfff },
        { "page, PASID 2", CMD_ATC_INV | 1 << 11 | 2 << 12, IOVA, true, true, 2, 0xfff },
        { "page, any PASID", CMD_ATC_INV | 1 << 11 | 1 << 9, IOVA, true, false, 0xfffffffe, 0xfff },
        { "2^5 pages around", CMD_ATC_INV, (IOVA + 0x3000) | 5, false, true, 0xffffffff, 0x1ffff },
        { "another page", CMD_ATC_INV, IOVA + 0x1000, true, true, 0xffffffff, 0xfff },
        { "everything", CMD_ATC_INV, 52, false, true, 0xffffffff, UINT64_MAX },
    };
    SmmuTest s;
    uint64_t top, bar;

    smmu_start(&s, ",x-ats=on,x-ssidsize=8");
    bar = s.fn[0].bar;
    dma_test_enable(&s.fn[0], DMAT_ALLOW_ATS | DMAT_ALLOW_PASID);
    top = smmu_new_table(&s);
    smmu_map(&s, top, 12, 25, 3, IOVA, PTE_PAGE(PAGE));
    smmu_put_ste(&s, smmu_sid(0), STE0(5ULL) | CDTAB | 4ULL << 59, S1DSS_SSID0 | 1ULL << 28, 0, 0);
    smmu_put_cd(&s, CDTAB, CD0_USUAL, top, 0);
    smmu_put_cd(&s, CDTAB + CD_SIZE, CD0_USUAL, top, 0);
    smmu_write(&s, SMMU_CR0, 0x1d);                             /* ATSCHK */
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        g_test_message("%s", rows[i].name);
        dma_test_enable(&s.fn[0], DMAT_ALLOW_PASID);            /* off and on: the cache is empty */
        dma_test_enable(&s.fn[0], DMAT_ALLOW_ATS | DMAT_ALLOW_PASID);
        g_assert_true(smmu_reaches(&s, 0, (DmaTestDesc) { DMAT_READ, DMAT_F_ATS, .addr = IOVA }, PAGE));
        g_assert_true(smmu_reaches(&s, 0, (DmaTestDesc) { DMAT_WRITE, DMAT_F_ATS | DMAT_F_PASID, .pasid = 1, .addr = IOVA }, PAGE));
        g_assert_cmpuint(qtest_readl(s.t, bar + DMAT_REG_CACHED), ==, 2);
        smmu_command(&s, rows[i].w0 | (uint64_t)smmu_sid(1) << 32, rows[i].w1);     /* somebody else's */
        smmu_run(&s);
        g_assert_cmpuint(qtest_readl(s.t, bar + DMAT_REG_INVALIDATIONS), ==, i);
        smmu_command(&s, rows[i].w0 | (uint64_t)smmu_sid(0) << 32, rows[i].w1);
        smmu_run(&s);
        g_assert_cmpuint(qtest_readl(s.t, bar + DMAT_REG_INVALIDATIONS), ==, i + 1);
        g_assert_cmphex(qtest_readl(s.t, bar + DMAT_REG_INV_PASID), ==, rows[i].shown);
        g_assert_cmphex(qtest_readq(s.t, bar + DMAT_REG_INV_MASK), ==, rows[i].mask);
        g_assert_cmpuint(qtest_readl(s.t, bar + DMAT_REG_CACHED), ==, rows[i].plain + rows[i].pasid);
    }
    qtest_quit(s.t);
}

/* 3.9.1: what a device may ask, and what it may send as translated */
static void test_ats_requests(void)
{
    SmmuTest s;
    DmaTestDesc ask = { DMAT_TRANSLATE, .addr = IOVA }, sent = { DMAT_READ, DMAT_F_TRANSLATED, .addr = PAGE, .len = 8 };
    uint64_t top, pte;

    smmu_start(&s, ",x-ats=on");
    dma_test_enable(&s.fn[0], DMAT_ALLOW_ATS);
    top = smmu_new_table(&s);
    pte = smmu_descriptor_at(&s, top, 12, 39, 1, 3, IOVA);
    smmu_put_cd(&s, CDTAB, CD0_USUAL, top, 0);
    smmu_put_ste(&s, smmu_sid(0), STE0(5ULL) | CDTAB, 1ULL << 28, 0, 0);
    qtest_writeq(s.t, pte, PTE_PAGE(PAGE));
    smmu_write(&s, SMMU_CR0, 0x1d);
    g_assert_cmpuint(dma_test_do(&s.fn[0], ask), ==, DMAT_OK);
    g_assert_cmphex(dma_test_result(&s.fn[0]), ==, PAGE);
    g_assert_cmphex(dma_test_result2(&s.fn[0]), ==, 0xfff);             /* a page, read and write */
    qtest_writeq(s.t, pte, PTE_PAGE(PAGE) | PTE_RO);
    smmu_forget(&s);
    g_assert_cmpuint(dma_test_do(&s.fn[0], ask), ==, DMAT_OK);
    g_assert_cmphex(dma_test_result2(&s.fn[0]), ==, 0xffd);
    qtest_writeq(s.t, pte, 0);
    smmu_forget(&s);
    g_assert_cmpuint(dma_test_do(&s.fn[0], ask), ==, DMAT_NO_TRANSLATION);
    g_assert_false(smmu_any_event(&s));                                 /* an answer, no fault */
    g_assert_cmpuint(dma_test_do(&s.fn[0], sent), ==, DMAT_OK);

    /* EATS 0: neither may be; nor may a bypassed stream ask */
    smmu_put_ste(&s, smmu_sid(0), STE0(5ULL) | CDTAB, 0, 0, 0);
    smmu_forget(&s);
    g_assert_cmpuint(dma_test_do(&s.fn[0], ask), ==, DMAT_NO_TRANSLATION);
    g_assert_cmphex(smmu_take_event_type(&s), ==, SMMU_EVT_F_BAD_ATS_TREQ);
    g_assert_cmpuint(dma_test_do(&s.fn[0], sent), ==, DMAT_FAULT);
    g_assert_cmphex(smmu_take_event_type(&s), ==, SMMU_EVT_F_TRANSL_FORBIDDEN);
    smmu_write(&s, SMMU_CR0, 0xd);                                      /* without ATSCHK nobody looks */
    g_assert_cmpuint(dma_test_do(&s.fn[0], sent), ==, DMAT_OK);
    sent.addr = 1ULL << 50;
    g_assert_cmpuint(dma_test_do(&s.fn[0], sent), ==, DMAT_FAULT);
    g_assert_cmphex(smmu_take_event_type(&s), ==, SMMU_EVT_F_ADDR_SIZE);
    smmu_put_ste(&s, smmu_sid(0), STE0(4ULL), 1ULL << 28, 0, 0);
    smmu_forget(&s);
    g_assert_cmpuint(dma_test_do(&s.fn[0], ask), ==, DMAT_NO_TRANSLATION);
    g_assert_cmphex(smmu_take_event_type(&s), ==, SMMU_EVT_F_BAD_ATS_TREQ);
    qtest_quit(s.t);
}

/* 7.1: a device that does not answer; the CMD_SYNC behind the invalidation says so, not one before it */
static void test_no_answer(void)
{
    SmmuTest s;
    uint32_t first, cons;

    smmu_start(&s, ",x-ats=on");
    dma_test_enable(&s.fn[0], DMAT_ALLOW_ATS);
    qtest_writel(s.t, s.fn[0].bar + DMAT_REG_CONTROL, DMAT_CONTROL_MUTE);
    first = s.prod;
    smmu_command(&s, CMD_SYNC, 0);
    smmu_command(&s, CMD_ATC_INV | (uint64_t)smmu_sid(0) << 32, 52);
    smmu_command(&s, CMD_TLBI_NSNH_ALL, 0);
    smmu_command(&s, CMD_SYNC, 0);
    smmu_command(&s, CMD_SYNC, 0);
    g_assert_cmpuint(smmu_run_error(&s, &cons), ==, CERROR_ATC_INV_SYNC);
    g_assert_cmpuint(cons, ==, first + 3);
    qtest_writel(s.t, s.fn[0].bar + DMAT_REG_CONTROL, 0);
    smmu_command(&s, CMD_ATC_INV | (uint64_t)smmu_sid(0) << 32, 52);
    smmu_run(&s);
    qtest_quit(s.t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smmuv3/commands/legal", test_legal);
    g_test_add_func("/smmuv3/commands/fetch", test_fetch);
    g_test_add_func("/smmuv3/commands/invalidations", test_invalidations);
    g_test_add_func("/smmuv3/commands/aset", test_aset);
    g_test_add_func("/smmuv3/commands/cut-block", test_cut_block);
    g_test_add_func("/smmuv3/commands/configuration", test_configuration);
    g_test_add_func("/smmuv3/commands/repaired", test_repaired);
    g_test_add_func("/smmuv3/commands/atc", test_atc);
    g_test_add_func("/smmuv3/commands/ats-requests", test_ats_requests);
    g_test_add_func("/smmuv3/commands/no-answer", test_no_answer);
    return g_test_run();
}
