/*
 * SMMUv3 without a machine: event and STE/CD coders, the command queue with a
 * recording engine (order, errors, wrap), registers, random commands.
 * Sections are of Arm IHI 0070.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-internal.h"
#include "util/main-loop.h"

#define RAM_BASE 0x40000000ULL
#define RAM_SIZE (4 * MiB)
#define CMDQ     (RAM_BASE + 0x100000)
#define EVENTQ   (RAM_BASE + 0x200000)

static SMMUv3State *smmu;
static uint8_t *ram;

/* --- An engine that remembers ------------------------------------------------------ */
static struct { unsigned stes, invalidations, flushes, config, in_flight, most; uint32_t first, last; bool fail; uint64_t watched, watched_value; } seen;

static void rec_ste(SMMUv3State *s, uint32_t first, uint32_t last) { seen.stes++; seen.first = first; seen.last = last; }
/* A TLBI may wait for the next SYNC; nothing else outlives the write that made it run. */
static void rec_invalidate(SMMUv3State *s, const uint64_t cmd[2])
{
    uint8_t op = FIELD_EX64(cmd[0], CMD0, OPCODE);

    seen.invalidations++;
    seen.in_flight += op < CMD_TLBI_NH_ALL || op > CMD_TLBI_NSNH_ALL;
}
static bool rec_flush(SMMUv3State *s)
{
    seen.flushes++;
    seen.most = MAX(seen.most, seen.in_flight);
    seen.in_flight = 0;
    seen.watched_value |= seen.watched ? ldq_le_p(ram + (seen.watched - RAM_BASE)) : 0;
    return !seen.fail;
}
static void rec_config(SMMUv3State *s) { seen.config++; }
static void rec_reset(SMMUv3State *s) { }
static const SMMUv3Engine recorder = {
    .cfgi_ste = rec_ste, .invalidate = rec_invalidate, .flush = rec_flush, .config_changed = rec_config, .reset = rec_reset,
};

static void write32(uint32_t reg, uint32_t v)
{
    g_assert_cmpuint(memory_region_dispatch_write(&smmu->iomem, reg, v, 4, MEMTXATTRS_UNSPECIFIED), ==, MEMTX_OK);
}

static void write64(uint32_t reg, uint64_t v)
{
    g_assert_cmpuint(memory_region_dispatch_write(&smmu->iomem, reg, v, 8, MEMTXATTRS_UNSPECIFIED), ==, MEMTX_OK);
}

static uint64_t read_reg(uint32_t reg, unsigned size)
{
    uint64_t v;

    g_assert_cmpuint(memory_region_dispatch_read(&smmu->iomem, reg, &v, size, MEMTXATTRS_UNSPECIFIED), ==, MEMTX_OK);
    return v;
}
static uint32_t read32(uint32_t reg) { return read_reg(reg, 4); }

static void put64(uint64_t addr, uint64_t v) { stq_le_p(ram + (addr - RAM_BASE), v); }
static uint64_t get64(uint64_t addr) { return ldq_le_p(ram + (addr - RAM_BASE)); }

static void reset(unsigned cmdq_log2, unsigned eventq_log2)
{
    static const uint32_t idr[6] = { 0x0c0e9002 | 1 << 4 | 2 << 2, 16 | 8 << 6 | 19 << 16 | 19 << 21, 0, 1 << 10, 0, 0x75 };

    memcpy(smmu->idr, idr, sizeof(idr));
    smmu->idr[0] = FIELD_DP32(smmu->idr[0], IDR0, ATS, 1);
    smmu->idr[0] = FIELD_DP32(smmu->idr[0], IDR0, STALL_MODEL, 1);
    smmu->cr0 = smmu->irq_ctrl = smmu->gerror = smmu->gerrorn = 0;
    smmu->gbpa = GBPA_RESET;
    smmu->sync_failed = false;
    memset(&seen, 0, sizeof(seen));
    memset(ram, 0, RAM_SIZE);
    write64(SMMU_CMDQ_BASE, CMDQ | cmdq_log2);
    write32(SMMU_CMDQ_PROD, 0);
    write32(SMMU_CMDQ_CONS, 0);
    write64(SMMU_EVENTQ_BASE, EVENTQ | eventq_log2);
    write32(SMMU_EVENTQ_PROD, 0);
    write32(SMMU_EVENTQ_CONS, 0);
    write32(SMMU_CR0, 0xc);             /* EVENTQEN, CMDQEN */
    g_assert_cmphex(read32(SMMU_CR0ACK), ==, 0xc);
}

static void command(unsigned index, uint64_t w0, uint64_t w1)
{
    put64(CMDQ + index * 16, w0);
    put64(CMDQ + index * 16 + 8, w1);
}

/* --- Coders ----------------------------------------------------------------------------- */

/* 7.3.x: which fields each record has */
static void test_event_encode(void)
{
    SMMUEvent e = { .sid = 0x1234, .ssid = 0xabcde, .ssv = true, .rnw = true, .ind = true, .pnu = true, .s2 = true, .class = 2,
                    .addr = 0xfeedf00dULL, .ipa = 0x123456789abcULL };
    uint64_t r[4];

    e.type = SMMU_EVT_F_TRANSLATION;
    smmu_event_encode(&e, r);
    g_assert_cmphex(r[0], ==, 0x00001234abcde810ULL);
    g_assert_cmphex(r[1], ==, BIT_ULL(33) | BIT_ULL(34) | BIT_ULL(35) | BIT_ULL(39) | 2ULL << 40);
    g_assert_cmphex(r[2], ==, 0xfeedf00dULL);
    g_assert_cmphex(r[3], ==, 0x123456789000ULL);
    e.s2 = false;
    smmu_event_encode(&e, r);
    g_assert_cmphex(r[3], ==, 0);
    e.type = SMMU_EVT_C_BAD_STREAMID;
    smmu_event_encode(&e, r);
    g_assert_cmphex(r[0], ==, 0x00001234abcde802ULL);
    g_assert_cmphex(r[1] | r[2] | r[3], ==, 0);
    e.type = SMMU_EVT_F_CD_FETCH;
    smmu_event_encode(&e, r);
    g_assert_cmphex(r[3], ==, 0x123456789ab8ULL);
    g_assert_cmphex(r[2], ==, 0);
}

typedef struct SteRow { const char *why; uint64_t w[4]; SMMUEventType result; } SteRow;
#define S1CFG (1 | 5 << 1)
static const SteRow ste_rows[] = {
    { "not valid", { 0 }, SMMU_EVT_C_BAD_STE },
    { "abort", { 1 }, 0 },
    { "abort, 0b011", { 1 | 3 << 1 }, 0 },
    { "bypass", { 1 | 4 << 1 }, 0 },
    { "stage 1", { S1CFG | 0x40001000 }, 0 },
    { "stage 1, CD table beyond OAS", { S1CFG | 1ULL << 50 }, SMMU_EVT_C_BAD_STE },
    { "substreams", { S1CFG | 8ULL << 59 }, 0 },
    { "more substreams than IDR1 says", { S1CFG | 9ULL << 59 }, SMMU_EVT_C_BAD_STE },
    { "S1Fmt reserved", { S1CFG | 3 << 4 | 8ULL << 59 }, SMMU_EVT_C_BAD_STE },
    { "S1Fmt reserved but unused", { S1CFG | 3 << 4 }, 0 },
    { "S1DSS reserved", { S1CFG | 8ULL << 59, 3 }, SMMU_EVT_C_BAD_STE },
    { "STRW of EL2", { S1CFG, 2ULL << 30 }, SMMU_EVT_C_BAD_STE },
    { "stage 2 without IDR0.S2P", { 1 | 6 << 1 }, SMMU_EVT_C_BAD_STE },
};

static void test_ste_decode(void)
{
    reset(4, 4);
    for (unsigned i = 0; i < ARRAY_SIZE(ste_rows); i++) {
        uint64_t w[STE_WORDS] = { ste_rows[i].w[0], ste_rows[i].w[1], ste_rows[i].w[2], ste_rows[i].w[3] };
        SMMUSte ste;

        g_test_message("%s", ste_rows[i].why);
        g_assert_cmphex(smmu_ste_decode(smmu, w, &ste), ==, ste_rows[i].result);
    }
}

#define CD_GOOD (BIT_ULL(31) | BIT_ULL(41) | BIT_ULL(46) | BIT_ULL(45) | 5ULL << 32 | 16 | 16 << 16 | 2 << 22)

/* Where the host's SMMU stalls (arm-smmuv3,accel=on,x-stall=on), CD.S is the guest's to set. */
static void test_cd_stall(void)
{
    uint64_t w[CD_WORDS] = { CD_GOOD | BIT_ULL(44), 0x1000, 0x2000 };
    SMMUContext c = { 0 };
    uint32_t idr0;

    reset(4, 4);
    idr0 = smmu->idr[0];
    smmu->idr[0] = FIELD_DP32(idr0, IDR0, STALL_MODEL, 0);
    g_assert_cmphex(smmu_cd_decode(smmu, w, &c), ==, SMMU_EVT_NONE);
    smmu->idr[0] = idr0;
    g_assert_cmphex(smmu_cd_decode(smmu, w, &c), ==, SMMU_EVT_C_BAD_CD);
}

static void test_cd_decode(void)
{
    static const struct { const char *why; uint64_t w0, ttb0; SMMUEventType result; } cases[] = {
        { "good", CD_GOOD, 0x1000, 0 },
        { "V", CD_GOOD & ~BIT_ULL(31), 0x1000, SMMU_EVT_C_BAD_CD },
        { "AArch32", CD_GOOD & ~BIT_ULL(41), 0x1000, SMMU_EVT_C_BAD_CD },
        { "big-endian", CD_GOOD | BIT_ULL(15), 0x1000, SMMU_EVT_C_BAD_CD },
        { "stalls", CD_GOOD | BIT_ULL(44), 0x1000, SMMU_EVT_C_BAD_CD },
        { "T0SZ 15", CD_GOOD - 1, 0x1000, SMMU_EVT_C_BAD_CD },
        { "T0SZ 40", CD_GOOD + 24, 0x1000, SMMU_EVT_C_BAD_CD },
        { "TG0 reserved", CD_GOOD | 3 << 6, 0x1000, SMMU_EVT_C_BAD_CD },
        { "TG0 reserved but EPD0", CD_GOOD | 3 << 6 | BIT_ULL(14), 0x1000, 0 },
        { "TTB0 beyond IPS", CD_GOOD, 1ULL << 49, SMMU_EVT_C_BAD_CD },
    };

    reset(4, 4);
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t w[CD_WORDS] = { cases[i].w0, cases[i].ttb0, 0x2000 };
        SMMUContext c = { 0 };

        g_test_message("%s", cases[i].why);
        g_assert_cmphex(smmu_cd_decode(smmu, w, &c), ==, cases[i].result);
    }
}

/* 3.3.1: linear and two-level stream tables */
static void test_stream_table(void)
{
    uint64_t w[STE_WORDS], fetch;

    reset(4, 4);
    write64(SMMU_STRTAB_BASE, RAM_BASE);
    write32(SMMU_STRTAB_BASE_CFG, 4);
    put64(RAM_BASE + 15 * 64, 0x77);
    g_assert_cmphex(smmuv3_ste_fetch(smmu, 15, w, &fetch), ==, 0);
    g_assert_cmphex(w[0], ==, 0x77);
    g_assert_cmphex(smmuv3_ste_fetch(smmu, 16, w, &fetch), ==, SMMU_EVT_C_BAD_STREAMID);

    write32(SMMU_STRTAB_BASE_CFG, 1 << 16 | 8 << 6 | 16);
    put64(RAM_BASE + 9 * 8, (RAM_BASE + 0x10000) | 9);
    put64(RAM_BASE + 0x10000 + 5 * 64, 0x99);
    g_assert_cmphex(smmuv3_ste_fetch(smmu, 0x905, w, &fetch), ==, 0);
    g_assert_cmphex(w[0], ==, 0x99);
    g_assert_cmphex(smmuv3_ste_fetch(smmu, 0xa05, w, &fetch), ==, SMMU_EVT_C_BAD_STREAMID);
    put64(RAM_BASE + 9 * 8, (RAM_BASE + 0x10000) | 3);         /* only four entries */
    g_assert_cmphex(smmuv3_ste_fetch(smmu, 0x903, w, &fetch), ==, 0);
    g_assert_cmphex(smmuv3_ste_fetch(smmu, 0x904, w, &fetch), ==, SMMU_EVT_C_BAD_STREAMID);
    put64(RAM_BASE + 9 * 8, 0x8000 | 9);                       /* not RAM */
    g_assert_cmphex(smmuv3_ste_fetch(smmu, 0x905, w, &fetch), ==, SMMU_EVT_F_STE_FETCH);
    g_assert_cmphex(fetch, ==, 0x8000 + 5 * 64);
    put64(RAM_BASE + 9 * 8, RAM_BASE | 12);                    /* span beyond the split */
    g_assert_cmphex(smmuv3_ste_fetch(smmu, 0x905, w, &fetch), ==, SMMU_EVT_C_BAD_STREAMID);
}

/* 3.3.2, 5.2 S1DSS: which context a (SubstreamID) gets */
static void test_substreams(void)
{
    static const struct { uint64_t dss; bool ssv; uint32_t ssid; SMMUDisposal d; SMMUEventType evt; uint16_t asid; } cases[] = {
        { 0, false, 0, SMMU_FAULT, SMMU_EVT_F_STREAM_DISABLED, 0 },
        { 1, false, 0, SMMU_BYPASS, 0, 0 },
        { 2, false, 0, SMMU_TRANSLATE, 0, 100 },
        { 2, true, 0, SMMU_FAULT, SMMU_EVT_C_BAD_SUBSTREAMID, 0 },
        { 1, true, 0, SMMU_TRANSLATE, 0, 100 },
        { 0, true, 65, SMMU_TRANSLATE, 0, 165 },
        { 0, true, 128, SMMU_FAULT, SMMU_EVT_C_BAD_SUBSTREAMID, 0 },       /* no level-2 table */
        { 0, true, 256, SMMU_FAULT, SMMU_EVT_C_BAD_SUBSTREAMID, 0 },       /* beyond S1CDMax */
        { 0, true, 66, SMMU_FAULT, SMMU_EVT_C_BAD_CD, 0 },
    };

    reset(4, 4);
    write64(SMMU_STRTAB_BASE, RAM_BASE);
    write32(SMMU_STRTAB_BASE_CFG, 4);
    put64(RAM_BASE + 0x10000, (RAM_BASE + 0x20000) | 1);
    put64(RAM_BASE + 0x10008, (RAM_BASE + 0x30000) | 1);
    put64(RAM_BASE + 0x20000, CD_GOOD | 100ULL << 48);
    put64(RAM_BASE + 0x30000 + 64, CD_GOOD | 165ULL << 48);
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        SMMUConfig cfg;

        put64(RAM_BASE, S1CFG | 1 << 4 | (RAM_BASE + 0x10000) | 8ULL << 59);
        put64(RAM_BASE + 8, cases[i].dss);
        smmuv3_config_fetch(smmu, 0, cases[i].ssv, cases[i].ssid, &cfg);
        g_assert_cmpint(cfg.disposal, ==, cases[i].d);
        g_assert_cmphex(cfg.evt.type, ==, cases[i].evt);
        g_assert_cmpuint(cfg.ctx.asid, ==, cases[i].asid);
    }
}

/* --- Command queue --------------------------------------------------------------------------- */

/* 4.1, and one flush for a run */
static void test_run(void)
{
    reset(8, 4);
    for (unsigned i = 0; i < 256; i++) {
        command(i, CMD_TLBI_NH_VA | 1ULL << 48, (uint64_t)i << 12);
    }
    command(200, CMD_SYNC, 0);
    write32(SMMU_CMDQ_PROD, 201);
    g_assert_cmpuint(read32(SMMU_CMDQ_CONS), ==, 201);
    g_assert_cmpuint(seen.invalidations, ==, 200);
    g_assert_cmpuint(seen.flushes, ==, 1);
    /* and around the end of the queue: wrap bit */
    write32(SMMU_CMDQ_PROD, 256 | 10);
    g_assert_cmpuint(read32(SMMU_CMDQ_CONS), ==, 256 | 10);
    write32(SMMU_CMDQ_PROD, 3);
    g_assert_cmpuint(read32(SMMU_CMDQ_CONS), ==, 3);
}

/* 7.1: CONS at the culprit, everything before it done, nothing after; GERRORN lets it go on */
static void test_illegal(void)
{
    static const struct { const char *why; uint64_t w0, w1; } bad[] = {
        { "unknown opcode", 0xff, 0 },
        { "EL2", 0x20, 0 },
        { "stage 2 TLBI without stage 2", CMD_TLBI_S12_VMALL, 0 },
        { "PRI", 0x41, 0 },
        { "RESUME without stalls", 0x44, 0 },
        { "secure CFGI", CMD_CFGI_STE | BIT_ULL(10), 0 },
        { "CS reserved", CMD_SYNC | 3 << 12, 0 },
        { "ATC_INV size", CMD_ATC_INV, 53 },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        g_test_message("%s", bad[i].why);
        reset(4, 4);
        command(0, CMD_TLBI_NSNH_ALL, 0);
        command(1, bad[i].w0, bad[i].w1);
        command(2, CMD_TLBI_NSNH_ALL, 0);
        write32(SMMU_CMDQ_PROD, 3);
        g_assert_cmphex(read32(SMMU_CMDQ_CONS), ==, 1 | CERROR_ILL << 24);
        g_assert_cmphex(read32(SMMU_GERROR), ==, 1);
        g_assert_cmpuint(seen.invalidations, ==, 1);
        g_assert_cmpuint(seen.in_flight, ==, 0);
        command(1, CMD_SYNC, 0);
        write32(SMMU_GERRORN, 1);
        g_assert_cmphex(read32(SMMU_CMDQ_CONS) & 0xfffff, ==, 3);
        g_assert_cmpuint(seen.invalidations, ==, 2);
    }
}

static void test_abort(void)
{
    reset(4, 4);
    write32(SMMU_CR0, 0);
    write64(SMMU_CMDQ_BASE, 0x1000 | 4);        /* not RAM */
    write32(SMMU_CR0, 0x8);
    write32(SMMU_CMDQ_PROD, 1);
    g_assert_cmphex(read32(SMMU_CMDQ_CONS), ==, CERROR_ABT << 24);
    g_assert_cmphex(read32(SMMU_GERROR), ==, 1);
}

static void test_no_answer(void)
{
    reset(4, 4);
    command(0, CMD_ATC_INV, 0);
    command(1, CMD_SYNC, 0);
    command(2, CMD_TLBI_NSNH_ALL, 0);
    seen.fail = true;
    write32(SMMU_CMDQ_PROD, 3);
    g_assert_cmphex(read32(SMMU_CMDQ_CONS), ==, 1 | CERROR_ATC_INV_SYNC << 24);
    seen.fail = false;
    write32(SMMU_GERRORN, 1);
    g_assert_cmphex(read32(SMMU_CMDQ_CONS) & 0xfffff, ==, 3);
    /* no SYNC in that run: the next one says it */
    reset(4, 4);
    command(0, CMD_ATC_INV, 0);
    command(1, CMD_SYNC, 0);
    seen.fail = true;
    write32(SMMU_CMDQ_PROD, 1);
    g_assert_cmphex(read32(SMMU_CMDQ_CONS), ==, 1);
    seen.fail = false;
    write32(SMMU_CMDQ_PROD, 2);
    g_assert_cmphex(read32(SMMU_CMDQ_CONS), ==, 1 | CERROR_ATC_INV_SYNC << 24);
}

#define WORD (RAM_BASE + 0x8000)        /* what CMD_SYNCs write */

/* 4.7.3: a word that the guest polls appears when the run is done, by one flush, and only then */
static void test_sync_words(void)
{
    const uint64_t sync = CMD_SYNC | (uint64_t)SYNC_CS_IRQ << 12;

    reset(4, 4);
    smmu->idr[0] |= FIELD_MASK(IDR0, MSI);
    seen.watched = WORD;
    command(0, CMD_CFGI_CD_ALL, 0);
    command(1, sync | 0x1111ULL << 32, WORD);
    command(2, CMD_CFGI_CD_ALL, 0);
    command(3, sync | 0x2222ULL << 32, WORD + 8);
    write32(SMMU_CMDQ_PROD, 4);
    g_assert_cmphex(read32(SMMU_CMDQ_CONS), ==, 4);
    g_assert_cmpuint(seen.flushes, ==, 1);
    g_assert_cmphex(seen.watched_value, ==, 0);
    g_assert_cmphex(get64(WORD), ==, 0x1111);
    g_assert_cmphex(get64(WORD + 8), ==, 0x2222);
    /* before a command that stops the queue: yes; after it: no */
    command(4, sync | 0x3333ULL << 32, WORD);
    command(5, 0xff, 0);
    command(6, sync | 0x4444ULL << 32, WORD + 8);
    write32(SMMU_CMDQ_PROD, 7);
    g_assert_cmphex(read32(SMMU_CMDQ_CONS), ==, 5 | CERROR_ILL << 24);
    g_assert_cmphex(get64(WORD), ==, 0x3333);
    g_assert_cmphex(get64(WORD + 8), ==, 0x2222);
    /* no answer: the word stays as it was */
    reset(4, 4);
    smmu->idr[0] |= FIELD_MASK(IDR0, MSI);
    command(0, CMD_ATC_INV, 0);
    command(1, sync | 0x5555ULL << 32, WORD);
    seen.fail = true;
    write32(SMMU_CMDQ_PROD, 2);
    g_assert_cmphex(read32(SMMU_CMDQ_CONS), ==, 1 | CERROR_ATC_INV_SYNC << 24);
    g_assert_cmphex(get64(WORD), ==, 0);
}

/* 4.3.2: Range 31 is CMD_CFGI_ALL */
static void test_ranges(void)
{
    reset(4, 4);
    command(0, CMD_CFGI_STE_RANGE | 0x1234ULL << 32, 3);
    write32(SMMU_CMDQ_PROD, 1);
    g_assert_cmphex(seen.first, ==, 0x1230);
    g_assert_cmphex(seen.last, ==, 0x123f);
    command(1, CMD_CFGI_STE_RANGE | 0x1234ULL << 32, 31);
    write32(SMMU_CMDQ_PROD, 2);
    g_assert_cmphex(seen.first, ==, 0);
    g_assert_cmphex(seen.last, ==, UINT32_MAX);
}

static void test_random_commands(void)
{
    g_autoptr(GRand) r = g_rand_new_with_seed(3);

    reset(8, 4);
    for (unsigned i = 0; i < 20000; i++) {
        for (unsigned j = 0; j < 8; j++) {
            uint8_t op = g_rand_int(r) % 3 ? (const uint8_t[]) { 1, 3, 4, 5, 6, 0x10, 0x11, 0x12, 0x13, 0x30, 0x40, 0x46 }[g_rand_int(r) % 12] : g_rand_int(r);

            command(g_rand_int(r) % 256, (uint64_t)g_rand_int(r) << 32 | (g_rand_int(r) & ~0xffU) | op,
                    (uint64_t)g_rand_int(r) << 32 | g_rand_int(r));
        }
        write32(g_rand_int(r) % 8 ? SMMU_CMDQ_PROD : (g_rand_int(r) % 64) * 4, g_rand_int(r));
        if (!(g_rand_int(r) % 4)) {
            write32(SMMU_GERRORN, read32(SMMU_GERROR));
        }
        if (i % 64 == 0) {
            reset(g_rand_int(r) % 20, g_rand_int(r) % 20);
        }
        g_assert_cmpuint(seen.in_flight, ==, 0);
    }
}

/* 10^6 commands: what the bench counts. */
static void test_speed(void)
{
    int64_t start;

    reset(8, 4);
    for (unsigned i = 0; i < 256; i++) {
        command(i, i % 64 == 63 ? CMD_SYNC : CMD_TLBI_NH_VA | 1ULL << 48, (uint64_t)i << 12);
    }
    start = g_get_monotonic_time();
    for (unsigned i = 0; i < 1000000 / 128; i++) {
        write32(SMMU_CMDQ_PROD, ((i + 1) * 128) & 511);
    }
    g_test_message("10^6 commands: %" PRId64 " us", g_get_monotonic_time() - start);
    g_assert_cmpuint(seen.invalidations, >, 900000);
}

/* --- Event queue -------------------------------------------------------------------------------- */

/* 7.4: full, overflow flag, acknowledge */
static void test_overflow(void)
{
    SMMUEvent e = { .type = SMMU_EVT_C_BAD_STE, .sid = 5 };

    reset(4, 2);
    for (unsigned i = 0; i < 6; i++) {
        smmuv3_event_record(smmu, &e);
    }
    g_assert_cmphex(read32(SMMU_EVENTQ_PROD), ==, 4 | 1U << 31);
    g_assert_cmphex(get64(EVENTQ), ==, 0x500000004ULL);
    write32(SMMU_EVENTQ_CONS, 4 | 1U << 31);
    smmuv3_event_record(smmu, &e);
    g_assert_cmphex(read32(SMMU_EVENTQ_PROD), ==, 5 | 1U << 31);
    g_assert_cmphex(read32(SMMU_GERROR), ==, 0);
}

static void test_eventq_abort(void)
{
    SMMUEvent e = { .type = SMMU_EVT_C_BAD_STE };

    reset(4, 2);
    write32(SMMU_CR0, 0);
    write64(SMMU_EVENTQ_BASE, 0x1000 | 2);
    write32(SMMU_CR0, 4);
    smmuv3_event_record(smmu, &e);
    smmuv3_event_record(smmu, &e);
    g_assert_cmphex(read32(SMMU_GERROR), ==, GERROR_EVENTQ_ABT_ERR);
    g_assert_cmphex(read32(SMMU_EVENTQ_PROD), ==, 0);
}

/* --- Messages ------------------------------------------------------------------------------------- */

static struct { unsigned n; uint64_t data; MemTxAttrs attrs; } bell;

static MemTxResult ring(void *opaque, hwaddr addr, uint64_t data, unsigned size, MemTxAttrs attrs)
{
    bell.n++;
    bell.data = data;
    bell.attrs = attrs;
    return MEMTX_OK;
}

/* 3.18: a message to a doorbell leaves from the main thread, once, with a DeviceID; many others fail and say so */
static void test_msi(void)
{
    static const MemoryRegionOps ops = { .write_with_attrs = ring };
    SMMUEvent e = { .type = SMMU_EVT_F_TRANSLATION };
    MemoryRegion mr;

    memset(&mr, 0, sizeof(mr));
    memory_region_init_io(&mr, NULL, &ops, NULL, "doorbell", 0x1000);
    memory_region_add_subregion(get_system_memory(), 0x8000000, &mr);
    reset(6, 6);
    smmu->primary_bus = (PCIBus *)object_new(TYPE_PCIE_BUS);
    smmu->idr[0] |= FIELD_MASK(IDR0, MSI);
    write64(SMMU_EVENTQ_IRQ_CFG0, 0x8000040);
    write32(SMMU_EVENTQ_IRQ_CFG1, 0x99);
    write32(SMMU_IRQ_CTRL, 4);
    for (unsigned i = 0; i < 5; i++) {
        smmuv3_event_record(smmu, &e);
    }
    g_assert_cmpuint(bell.n, ==, 0);
    main_loop_wait(true);
    g_assert_cmpuint(bell.n, ==, 1);
    g_assert_cmphex(bell.data, ==, 0x99);
    g_assert_false(bell.attrs.unspecified);
    g_assert_cmphex(bell.attrs.requester_id, ==, 0);
    for (unsigned i = 0; i < 100; i++) {
        smmuv3_send_msi(smmu, 0x8000040, i, GERROR_MSI_CMDQ_ABT_ERR);
    }
    g_assert_cmphex(read32(SMMU_GERROR), ==, GERROR_MSI_CMDQ_ABT_ERR);
    main_loop_wait(true);
    g_assert_cmpuint(bell.n, ==, 1 + SMMU_MSIS_WAITING);
    object_unref(smmu->primary_bus);
    smmu->primary_bus = NULL;
    memory_region_del_subregion(get_system_memory(), &mr);
    object_unref(&mr);
}

/* --- Registers -------------------------------------------------------------------------------------- */

static void test_registers(void)
{
    reset(4, 4);
    write32(SMMU_IDR0, 0xffffffff);
    g_assert_cmphex(read32(SMMU_IDR0), ==, smmu->idr[0]);
    write32(SMMU_GBPA, 1 << 20);                            /* no Update */
    g_assert_cmphex(read32(SMMU_GBPA), ==, GBPA_RESET);
    write32(SMMU_GBPA, 1U << 31 | 1 << 20);
    g_assert_cmphex(read32(SMMU_GBPA), ==, 1 << 20);
    g_assert_cmpuint(seen.config, ==, 1);
    write64(SMMU_CMDQ_BASE, 0xdead0000);                    /* CMDQEN is 1 */
    g_assert_cmphex(read_reg(SMMU_CMDQ_BASE, 8), ==, CMDQ | 4);
    write64(SMMU_STRTAB_BASE, 0xffffffffffffffffULL);
    g_assert_cmphex(read_reg(SMMU_STRTAB_BASE, 8), ==, STRTAB_BASE_WRITABLE);
    g_assert_cmphex(read32(SMMU_STRTAB_BASE + 4), ==, STRTAB_BASE_WRITABLE >> 32);
    write32(SMMU_STRTAB_BASE, 0);
    g_assert_cmphex(read_reg(SMMU_STRTAB_BASE, 8), ==, STRTAB_BASE_WRITABLE & ~0xffffffffULL);
    write32(SMMU_CR0, 0xf);
    g_assert_cmphex(read32(SMMU_CR0), ==, 0xd);             /* no PRI queue */
    write64(SMMU_STRTAB_BASE, 0);
    g_assert_cmphex(read_reg(SMMU_STRTAB_BASE, 8), !=, 0);  /* SMMUEN */
    g_assert_cmphex(read32(0x1f000), ==, 0);
    g_assert_cmpuint(memory_region_dispatch_write(&smmu->iomem, 0, 0, 2, MEMTXATTRS_UNSPECIFIED), !=, MEMTX_OK);
}

int main(int argc, char **argv)
{
    MemoryRegion mr;
    int r;

    g_test_init(&argc, &argv, NULL);
    main_loop_init();                   /* with the machine lock */
    memory_map_init();
    memset(&mr, 0, sizeof(mr));
    memory_region_init_ram(&mr, NULL, "ram", RAM_SIZE, &error_abort);
    memory_region_add_subregion(get_system_memory(), RAM_BASE, &mr);
    ram = memory_region_get_ram_ptr(&mr);
    smmu = ARM_SMMUV3(object_new(TYPE_ARM_SMMUV3));
    smmu->as = &address_space_memory;
    smmu->engine = &recorder;
    g_test_add_func("/smmuv3/event-encode", test_event_encode);
    g_test_add_func("/smmuv3/ste-decode", test_ste_decode);
    g_test_add_func("/smmuv3/cd-decode", test_cd_decode);
    g_test_add_func("/smmuv3/cd-decode-stall", test_cd_stall);
    g_test_add_func("/smmuv3/stream-table", test_stream_table);
    g_test_add_func("/smmuv3/substreams", test_substreams);
    g_test_add_func("/smmuv3/cmdq/run", test_run);
    g_test_add_func("/smmuv3/cmdq/illegal", test_illegal);
    g_test_add_func("/smmuv3/cmdq/abort", test_abort);
    g_test_add_func("/smmuv3/cmdq/no-answer", test_no_answer);
    g_test_add_func("/smmuv3/cmdq/sync-words", test_sync_words);
    g_test_add_func("/smmuv3/cmdq/ranges", test_ranges);
    g_test_add_func("/smmuv3/cmdq/random", test_random_commands);
    g_test_add_func("/smmuv3/cmdq/speed", test_speed);
    g_test_add_func("/smmuv3/eventq/overflow", test_overflow);
    g_test_add_func("/smmuv3/eventq/abort", test_eventq_abort);
    g_test_add_func("/smmuv3/msi", test_msi);
    g_test_add_func("/smmuv3/registers", test_registers);
    r = g_test_run();
    memory_region_del_subregion(get_system_memory(), &mr);
    object_unref(&mr);
    object_unref(smmu);
    return r;
}
