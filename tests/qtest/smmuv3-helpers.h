/*
 * An emulated SMMUv3 on pcie.0 and dma-testdevs behind it, from a test: queues,
 * tables of any page size, one DMA and what came of it. All of a test's guest
 * memory is laid out here.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_QTEST_SMMUV3_HELPERS_H
#define TESTS_QTEST_SMMUV3_HELPERS_H

#include "hw/arm/smmuv3-regs.h"
#include "dma-testdev-helpers.h"

#define SMMU_ARGS VIRT_ARGS "-device arm-smmuv3,primary-bus=pcie.0,id=s0"
enum {
    SMMU = PLATFORM_BUS, STRTAB = RAM + 0x100000, CMDQ = RAM + 0x200000, EVENTQ = RAM + 0x210000, CDTAB = RAM + 0x220000,
    TABLES = RAM + 0x300000, PAGE = RAM + 0x800000, PAGE2 = RAM + 0x900000,
};
#define QUEUE_LOG2 6
#define QUEUE_MASK 63
#define SMMU_DEVICES 3
#define NOTHING 0x9700000ULL            /* an address where nothing is */

/* Descriptors: AF, USER and a page or block; stage 2: readable, writable, Normal memory */
#define PTE_AF      BIT_ULL(10)
#define PTE_NG      BIT_ULL(11)
#define PTE_USER    BIT_ULL(6)
#define PTE_RO      BIT_ULL(7)
#define PTE_CONT    BIT_ULL(52)
#define PTE_PXN     BIT_ULL(53)
#define PTE_UXN     BIT_ULL(54)
#define PTE_PAGE(pa)  ((pa) | PTE_AF | PTE_USER | 3)
#define PTE_TABLE(pa) ((pa) | 3ULL)
#define S2_PAGE(pa)   ((pa) | PTE_AF | 3 << 6 | 0xf << 2 | 3)
#define S2_BLOCK(pa)  (S2_PAGE(pa) & ~2ULL)

#define IOVA 0x10000ULL
/* 4 KiB pages, 39 bits, TTB1 off, 48 bits out, ASID 1; faults are recorded */
#define CD0_USUAL   (25 | BIT_ULL(30) | BIT_ULL(31) | 5ULL << 32 | BIT_ULL(41) | BIT_ULL(45) | BIT_ULL(46) | 1ULL << 48)
/* 4 KiB pages, 39 bits from level 1, 48 bits out; faults are recorded */
#define STE2_USUAL  (25ULL << 32 | 1ULL << 38 | 5ULL << 48 | BIT_ULL(51) | BIT_ULL(58))
#define STE0(config) (1 | (config) << 1)

typedef struct SmmuTest {
    QTestState *t;
    DmaTestFn fn[SMMU_DEVICES];         /* at 00:02.0, 00:03.0... */
    uint32_t prod;
    uint64_t next_table;
} SmmuTest;

static inline uint32_t smmu_sid(unsigned device) { return (2 + device) << 3; }
static inline uint32_t smmu_read(SmmuTest *s, uint32_t reg) { return qtest_readl(s->t, SMMU + reg); }
static inline void smmu_write(SmmuTest *s, uint32_t reg, uint32_t v) { qtest_writel(s->t, SMMU + reg, v); }
static inline void smmu_writeq(SmmuTest *s, uint32_t reg, uint64_t v) { qtest_writeq(s->t, SMMU + reg, v); }

/* --- Commands ---------------------------------------------------------------------------- */

static inline void smmu_command(SmmuTest *s, uint64_t w0, uint64_t w1)
{
    qtest_writeq(s->t, CMDQ + (s->prod & QUEUE_MASK) * CMD_SIZE, w0);
    qtest_writeq(s->t, CMDQ + (s->prod & QUEUE_MASK) * CMD_SIZE + 8, w1);
    s->prod = (s->prod + 1) & (QUEUE_MASK * 2 + 1);
}

static inline void smmu_run(SmmuTest *s)
{
    smmu_command(s, CMD_SYNC, 0);
    smmu_write(s, SMMU_CMDQ_PROD, s->prod);
    g_assert_cmphex(smmu_read(s, SMMU_CMDQ_CONS), ==, s->prod);
    g_assert_cmphex(smmu_read(s, SMMU_GERROR), ==, smmu_read(s, SMMU_GERRORN));
}

/* Runs what was put in; returns CERROR_*, and CONS in @cons. Afterwards the queue goes on behind everything. */
static inline unsigned smmu_run_error(SmmuTest *s, uint32_t *cons)
{
    smmu_write(s, SMMU_CMDQ_PROD, s->prod);
    uint32_t v = smmu_read(s, SMMU_CMDQ_CONS);

    *cons = v & (QUEUE_MASK * 2 + 1);
    if (smmu_read(s, SMMU_GERROR) == smmu_read(s, SMMU_GERRORN)) {
        return CERROR_NONE;
    }
    smmu_write(s, SMMU_CR0, 0x5);
    smmu_write(s, SMMU_CMDQ_CONS, s->prod);
    smmu_write(s, SMMU_GERRORN, smmu_read(s, SMMU_GERROR));
    smmu_write(s, SMMU_CR0, 0xd);
    return FIELD_EX32(v, CMDQ_CONS, ERR);
}

/* All that is cached goes. */
static inline void smmu_forget(SmmuTest *s)
{
    smmu_command(s, CMD_CFGI_STE_RANGE, 31);
    smmu_command(s, CMD_TLBI_NSNH_ALL, 0);
    smmu_run(s);
}

/* --- Start -------------------------------------------------------------------------------- */

/* Linear stream table of 256 entries; command and event queue of 64; events of bad StreamIDs recorded. */
static inline void smmu_set_up(SmmuTest *s)
{
    smmu_writeq(s, SMMU_STRTAB_BASE, STRTAB);
    smmu_write(s, SMMU_STRTAB_BASE_CFG, 8);
    smmu_writeq(s, SMMU_CMDQ_BASE, CMDQ | QUEUE_LOG2);
    smmu_writeq(s, SMMU_EVENTQ_BASE, EVENTQ | QUEUE_LOG2);
    smmu_write(s, SMMU_CR2, 2);
    smmu_write(s, SMMU_CR0, 0xd);
}

static inline void smmu_start(SmmuTest *s, const char *options)
{
    *s = (SmmuTest) { .t = qtest_init(SMMU_ARGS "%s -device dma-testdev,addr=2 -device dma-testdev,addr=3 -device dma-testdev,addr=4", options) };
    for (unsigned i = 0; i < SMMU_DEVICES; i++) {
        s->fn[i] = dma_test_open(s->t, 2 + i, MMIO32 + i * 0x40000);
        dma_test_enable(&s->fn[i], DMAT_ALLOW_PASID | DMAT_ALLOW_EXEC | DMAT_ALLOW_PRIV);
    }
    s->next_table = TABLES;
    smmu_set_up(s);
}

/* --- Tables --------------------------------------------------------------------------------- */

static inline void smmu_put(SmmuTest *s, uint64_t at, const uint64_t *words, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        qtest_writeq(s->t, at + i * 8, words[i]);
    }
}

static inline void smmu_put_ste(SmmuTest *s, uint32_t sid, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
    smmu_put(s, STRTAB + sid * STE_SIZE, (uint64_t[]) { w0, w1, w2, w3 }, 4);
}

static inline void smmu_put_cd(SmmuTest *s, uint64_t at, uint64_t w0, uint64_t ttb0, uint64_t ttb1)
{
    smmu_put(s, at, (uint64_t[]) { w0, ttb0, ttb1 }, 3);
}

/* An empty table, 64 KiB aligned and large. */
static inline uint64_t smmu_new_table(SmmuTest *s)
{
    uint64_t table = s->next_table;

    qtest_memset(s->t, table, 0, 0x10000);
    s->next_table += 0x10000;
    g_assert_cmphex(s->next_table, <, PAGE);
    return table;
}

static inline unsigned smmu_level_shift(unsigned granule, unsigned level)
{
    return granule + (granule - 3) * (3 - level);
}

/* Where @addr's descriptor of @level is, tables made on the way; @first: level of @top. */
static inline uint64_t smmu_descriptor_at(SmmuTest *s, uint64_t top, unsigned granule, unsigned size, unsigned first, unsigned level, uint64_t addr)
{
    uint64_t table = top;

    for (unsigned l = first; ; l++) {
        unsigned shift = smmu_level_shift(granule, l);
        uint64_t at = table + extract64(addr, shift, l == first ? size - shift : granule - 3) * 8;

        if (l == level) {
            return at;
        }
        table = qtest_readq(s->t, at) & MAKE_64BIT_MASK(12, 36);
        if (!table) {
            table = smmu_new_table(s);
            qtest_writeq(s->t, at, PTE_TABLE(table));
        }
    }
}

/* Stage 1: the first level follows from granule and size. */
static inline void smmu_map(SmmuTest *s, uint64_t top, unsigned granule, unsigned tsz, unsigned level, uint64_t iova, uint64_t descriptor)
{
    unsigned size = 64 - tsz, first = 3 - (size - granule - 1) / (granule - 3);

    qtest_writeq(s->t, smmu_descriptor_at(s, top, granule, size, first, level, iova), descriptor);
}

/* --- DMA -------------------------------------------------------------------------------------- */

/* Does the 8-byte access of @d reach @pa? No event may come of it. */
static inline bool smmu_reaches(SmmuTest *s, unsigned device, DmaTestDesc d, uint64_t pa)
{
    static uint64_t value = 0x1122334455667788ULL;
    DmaTestFn *fn = &s->fn[device];
    bool write = d.op == DMAT_WRITE;

    d.op = d.op ? d.op : DMAT_READ;
    d.len = 8;
    qtest_writeq(s->t, pa, write ? 0 : ++value);
    qtest_writeq(s->t, fn->bar + DMAT_BUFFER, write ? ++value : 0);
    return dma_test_do(fn, d) == DMAT_OK && qtest_readq(s->t, write ? pa : fn->bar + DMAT_BUFFER) == value &&
           smmu_read(s, SMMU_EVENTQ_PROD) == smmu_read(s, SMMU_EVENTQ_CONS);
}

static inline uint64_t smmu_value_read(SmmuTest *s, unsigned device, DmaTestDesc d)
{
    d.op = DMAT_READ;
    d.len = 8;
    g_assert_cmpuint(dma_test_do(&s->fn[device], d), ==, DMAT_OK);
    return qtest_readq(s->t, s->fn[device].bar + DMAT_BUFFER);
}

/* --- Events ------------------------------------------------------------------------------------- */

static inline bool smmu_any_event(SmmuTest *s)
{
    return smmu_read(s, SMMU_EVENTQ_PROD) != smmu_read(s, SMMU_EVENTQ_CONS);
}

/* Takes the oldest record; there must be one. */
static inline void smmu_take_event(SmmuTest *s, uint64_t rec[EVT_WORDS])
{
    uint32_t cons = smmu_read(s, SMMU_EVENTQ_CONS);

    g_assert_true(smmu_any_event(s));
    for (unsigned i = 0; i < EVT_WORDS; i++) {
        rec[i] = qtest_readq(s->t, EVENTQ + (cons & QUEUE_MASK) * EVT_SIZE + i * 8);
    }
    smmu_write(s, SMMU_EVENTQ_CONS, (cons + 1) & (QUEUE_MASK * 2 + 1));
}

static inline unsigned smmu_take_event_type(SmmuTest *s)
{
    uint64_t rec[EVT_WORDS];

    smmu_take_event(s, rec);
    return FIELD_EX64(rec[0], EVT0, TYPE);
}

#endif
