/*
 * The emulated SMMUv3: DMA of a function behind it, table-driven. Each row says
 * how the guest's tables differ from a working set, which access the device
 * makes, and what must come of it: data moved, or one exact event record.
 * Sections are of Arm IHI 0070.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-regs.h"
#include "pci-helpers.h"

#define ARGS(stage) VIRT_ARGS "-device arm-smmuv3,primary-bus=pcie.0,id=s0,stage=" stage " -device edu,addr=2,dma_mask=0xffffffffffffffff"

enum { SMMU = PLATFORM_BUS, STRTAB = RAM + 0x100000, CMDQ = RAM + 0x200000, EVENTQ = RAM + 0x210000, CD = RAM + 0x220000,
       L1 = RAM + 0x230000, L2 = RAM + 0x231000, L3 = RAM + 0x232000, S2L1 = RAM + 0x240000, PAGE = RAM + 0x800000, SID = 0x10 };
#define IOVA 0x10000ULL
#define PTE  (PAGE | 1 << 10 | 1 << 6 | 3)
#define CD0  (25 | 1ULL << 30 | 1ULL << 31 | 5ULL << 32 | 1ULL << 41 | 1ULL << 45 | 1ULL << 46 | 1ULL << 48)
#define STE_OF(config) (1 | (config) << 1 | CD)
#define STE2 (25ULL << 32 | 1ULL << 38 | 5ULL << 48 | 1ULL << 51 | 1ULL << 58)
#define S2BLOCK(pa) ((pa) | 1 << 10 | 3 << 6 | 0xf << 2 | 1)

static QTestState *t;
static uint32_t prod;

static void command(uint64_t w0, uint64_t w1)
{
    qtest_writeq(t, CMDQ + (prod & 63) * 16, w0);
    qtest_writeq(t, CMDQ + (prod & 63) * 16 + 8, w1);
    prod = (prod + 1) & 127;
}

static void run(void)
{
    command(CMD_SYNC, 0);
    qtest_writel(t, SMMU + SMMU_CMDQ_PROD, prod);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_CMDQ_CONS), ==, prod);
}

static void start(const char *stage)
{
    prod = 0;
    t = !strcmp(stage, "1") ? qtest_init(ARGS("1")) : !strcmp(stage, "2") ? qtest_init(ARGS("2")) : qtest_init(ARGS("nested"));
    qtest_writel(t, cfg(0, 2, 0, PCI_BASE_ADDRESS_0), MMIO32);
    qtest_writew(t, cfg(0, 2, 0, PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    qtest_writeq(t, SMMU + SMMU_STRTAB_BASE, STRTAB);
    qtest_writel(t, SMMU + SMMU_STRTAB_BASE_CFG, 8);
    qtest_writeq(t, SMMU + SMMU_CMDQ_BASE, CMDQ | 6);
    qtest_writeq(t, SMMU + SMMU_EVENTQ_BASE, EVENTQ | 6);
    qtest_writel(t, SMMU + SMMU_CR2, 2);                /* RECINVSID */
    qtest_writel(t, SMMU + SMMU_CR0, 0xd);
}

/* The device moves 8 bytes between its buffer and @iova. */
static void dma(uint64_t iova, bool write)
{
    qtest_writeq(t, MMIO32 + 0x80, write ? 0x40000 : iova);
    qtest_writeq(t, MMIO32 + 0x88, write ? iova : 0x40000);
    qtest_writeq(t, MMIO32 + 0x90, 8);
    qtest_writeq(t, MMIO32 + 0x98, write ? 3 : 1);
    qtest_clock_step(t, 200000000);
}

/* Reads @iova into the device, then writes it to @to (identity when it is a good one). */
static bool reaches(uint64_t iova, uint64_t pa)
{
    static uint64_t value = 0x1122334455667788ULL;
    uint32_t before = qtest_readl(t, SMMU + SMMU_EVENTQ_PROD);

    qtest_writeq(t, pa, ++value);
    dma(iova, false);
    qtest_writeq(t, pa, 0);
    dma(iova, true);
    return qtest_readl(t, SMMU + SMMU_EVENTQ_PROD) == before && qtest_readq(t, pa) == value;
}

/* --- Rows -------------------------------------------------------------------------------- */

/* Zero: as the working set has it. */
typedef struct Row {
    const char *name, *stage;
    uint64_t ste0, ste2, cd0, ttb0, pte, l1, s2pte, iova;
    bool write;
    SMMUEventType evt;                  /* 0: the data arrives */
    bool s2;
    uint8_t class;
    uint64_t ipa;
} Row;
#define NONE (~0ULL)                    /* write zero */

static const Row rows[] = {
    /* 5.2: STE.Config */
    { "bypass", "1", .ste0 = 1 | 4 << 1, .iova = PAGE },
    { "bypass beyond OAS", "1", .ste0 = 1 | 4 << 1, .iova = 1ULL << 50, .evt = SMMU_EVT_F_ADDR_SIZE, .class = EVT_CLASS_IN },
    { "STE not valid", "1", .ste0 = NONE, .evt = SMMU_EVT_C_BAD_STE },
    { "stage 2 not there", "1", .ste0 = STE_OF(6), .evt = SMMU_EVT_C_BAD_STE },
    { "stage 1 not there", "2", .ste0 = STE_OF(5), .evt = SMMU_EVT_C_BAD_STE },
    /* 5.4: CD */
    { "stage 1", "1" },
    { "CD not valid", "1", .cd0 = CD0 & ~BIT_ULL(31), .evt = SMMU_EVT_C_BAD_CD },
    { "CD not in RAM", "1", .ste0 = 1 | 5 << 1 | 0x9700000, .evt = SMMU_EVT_F_CD_FETCH, .ipa = 0x9700000 },
    { "AFFD", "1", .cd0 = CD0 | BIT_ULL(35), .pte = PTE & ~BIT_ULL(10) },
    /* 7.3: faults of stage 1 */
    { "no mapping, read", "1", .pte = NONE, .evt = SMMU_EVT_F_TRANSLATION, .class = EVT_CLASS_IN },
    { "no mapping, write", "1", .pte = NONE, .write = true, .evt = SMMU_EVT_F_TRANSLATION, .class = EVT_CLASS_IN },
    { "beyond TTB0", "1", .iova = 1ULL << 39, .evt = SMMU_EVT_F_TRANSLATION, .class = EVT_CLASS_IN },
    { "EPD1", "1", .iova = ~0xfffULL, .evt = SMMU_EVT_F_TRANSLATION, .class = EVT_CLASS_IN },
    { "access flag", "1", .pte = PTE & ~BIT_ULL(10), .evt = SMMU_EVT_F_ACCESS, .class = EVT_CLASS_IN },
    { "read-only, write", "1", .pte = PTE | BIT_ULL(7), .write = true, .evt = SMMU_EVT_F_PERMISSION, .class = EVT_CLASS_IN },
    { "privileged only", "1", .pte = PTE & ~BIT_ULL(6), .evt = SMMU_EVT_F_PERMISSION, .class = EVT_CLASS_IN },
    { "APTable read-only", "1", .l1 = L2 | 3 | BIT_ULL(62), .write = true, .evt = SMMU_EVT_F_PERMISSION, .class = EVT_CLASS_IN },
    { "page beyond IPS", "1", .cd0 = CD0 & ~(5ULL << 32), .pte = PTE | 1ULL << 40, .evt = SMMU_EVT_F_ADDR_SIZE, .class = EVT_CLASS_IN },
    { "table beyond IPS", "1", .cd0 = CD0 & ~(5ULL << 32), .l1 = 1ULL << 40 | 3, .evt = SMMU_EVT_F_ADDR_SIZE, .class = EVT_CLASS_TT },
    { "table not in RAM", "1", .l1 = 0x9700000 | 3, .evt = SMMU_EVT_F_WALK_EABT, .class = EVT_CLASS_TT, .ipa = 0x9700000 },
    /* stage 2 */
    { "stage 2", "2", .ste0 = STE_OF(6), .iova = PAGE },
    { "stage 2, no mapping", "2", .ste0 = STE_OF(6), .iova = 0x80001000, .evt = SMMU_EVT_F_TRANSLATION, .s2 = true, .class = EVT_CLASS_IN, .ipa = 0x80001000 },
    { "stage 2, beyond S2T0SZ", "2", .ste0 = STE_OF(6), .iova = 1ULL << 39, .evt = SMMU_EVT_F_TRANSLATION, .s2 = true, .class = EVT_CLASS_IN, .ipa = 1ULL << 39 },
    { "stage 2, read-only", "2", .ste0 = STE_OF(6), .iova = PAGE, .s2pte = S2BLOCK(RAM) & ~BIT_ULL(7), .write = true, .evt = SMMU_EVT_F_PERMISSION,
      .s2 = true, .class = EVT_CLASS_IN, .ipa = PAGE },
    { "stage 2, levels that contradict", "2", .ste0 = STE_OF(6), .ste2 = STE2 | 3ULL << 38, .evt = SMMU_EVT_C_BAD_STE },
    /* nested */
    { "nested", "nested", .ste0 = STE_OF(7) },
    { "nested, S1 alone", "nested" },
    { "nested, page without stage 2", "nested", .ste0 = STE_OF(7), .pte = 0x80000000 | 1 << 10 | 1 << 6 | 3, .evt = SMMU_EVT_F_TRANSLATION, .s2 = true,
      .class = EVT_CLASS_IN, .ipa = 0x80000000 },
    { "nested, table without stage 2", "nested", .ste0 = STE_OF(7), .l1 = 0x80000000 | 3, .evt = SMMU_EVT_F_TRANSLATION, .s2 = true,
      .class = EVT_CLASS_TT, .ipa = 0x80000000 },
    { "nested, CD without stage 2", "nested", .ste0 = 1 | 7 << 1 | 0x80000000, .evt = SMMU_EVT_F_TRANSLATION, .s2 = true,
      .class = EVT_CLASS_CD, .ipa = 0x80000000 },
    { "nested, fault of stage 1", "nested", .ste0 = STE_OF(7), .pte = NONE, .evt = SMMU_EVT_F_TRANSLATION, .class = EVT_CLASS_IN },
};

static uint64_t choose(uint64_t v, uint64_t usual)
{
    return v == NONE ? 0 : v ? v : usual;
}

static void lay_out(const Row *r)
{
    qtest_memset(t, STRTAB, 0, 0x4000);
    qtest_writeq(t, STRTAB + SID * 64, choose(r->ste0, STE_OF(5)));
    qtest_writeq(t, STRTAB + SID * 64 + 16, choose(r->ste2, STE2));
    qtest_writeq(t, STRTAB + SID * 64 + 24, S2L1);
    qtest_writeq(t, CD, choose(r->cd0, CD0));
    qtest_writeq(t, CD + 8, choose(r->ttb0, L1));
    qtest_writeq(t, L1, choose(r->l1, L2 | 3));
    qtest_writeq(t, L2, L3 | 3);
    qtest_writeq(t, L3 + (IOVA >> 12) * 8, choose(r->pte, PTE));
    qtest_writeq(t, S2L1 + 8, choose(r->s2pte, S2BLOCK(RAM)));
    command(CMD_CFGI_STE_RANGE, 31);
    command(CMD_TLBI_NSNH_ALL, 0);
    run();
}

static bool has_syndrome(SMMUEventType e)
{
    return e == SMMU_EVT_F_WALK_EABT || e >= SMMU_EVT_F_TRANSLATION;
}

static void expect_event(const Row *r, uint64_t iova)
{
    uint32_t cons = qtest_readl(t, SMMU + SMMU_EVENTQ_CONS);
    uint64_t rec = EVENTQ + (cons & 63) * 32, w1 = 0;

    g_assert_cmpuint(qtest_readl(t, SMMU + SMMU_EVENTQ_PROD), ==, (cons + 1) & 127);
    if (has_syndrome(r->evt)) {
        w1 = (r->write ? 0 : BIT_ULL(35)) | (uint64_t)r->s2 << 39 | (uint64_t)r->class << 40;
    }
    g_assert_cmphex(qtest_readq(t, rec), ==, (uint64_t)SID << 32 | r->evt);
    g_assert_cmphex(qtest_readq(t, rec + 8), ==, w1);
    g_assert_cmphex(qtest_readq(t, rec + 16), ==, has_syndrome(r->evt) ? iova : 0);
    g_assert_cmphex(qtest_readq(t, rec + 24), ==, r->ipa);
    qtest_writel(t, SMMU + SMMU_EVENTQ_CONS, (cons + 1) & 127);
}

static void test_rows(gconstpointer stage)
{
    start(stage);
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        const Row *r = &rows[i];
        uint64_t iova = r->iova ? r->iova : IOVA;

        if (strcmp(r->stage, stage)) {
            continue;
        }
        g_test_message("%s", r->name);
        lay_out(r);
        if (r->evt) {
            dma(iova, r->write);
            expect_event(r, iova);
        } else {
            g_assert_true(reaches(iova, PAGE));
        }
    }
    qtest_quit(t);
}

/* 4.4: what was used stays until it is invalidated, and no longer. */
static void test_invalidate(void)
{
    static const Row usual = { 0 };
    static const struct { uint64_t w0, w1; } commands[] = {
        { CMD_TLBI_NH_VA | 1ULL << 48, IOVA | 1 }, { CMD_TLBI_NH_VAA, IOVA }, { CMD_TLBI_NH_ASID | 1ULL << 48, 0 }, { CMD_TLBI_NH_ALL, 0 },
        { CMD_TLBI_NSNH_ALL, 0 }, { CMD_TLBI_NH_VA | 1ULL << 48 | 31 << 12, 1 << 10 },
    };

    start("1");
    for (unsigned i = 0; i < ARRAY_SIZE(commands); i++) {
        lay_out(&usual);
        /* non-global, so that the ASID counts */
        qtest_writeq(t, L3 + (IOVA >> 12) * 8, PTE | BIT_ULL(11));
        g_assert_true(reaches(IOVA, PAGE));
        qtest_writeq(t, L3 + (IOVA >> 12) * 8, (PTE | BIT_ULL(11)) + 0x1000);
        command(CMD_TLBI_NH_ASID | 2ULL << 48, 0);          /* somebody else's */
        command(CMD_TLBI_NH_VA | 1ULL << 48, IOVA + 0x1000);
        run();
        g_assert_true(reaches(IOVA, PAGE));
        command(commands[i].w0, commands[i].w1);
        run();
        g_assert_true(reaches(IOVA, PAGE + 0x1000));
    }
    qtest_quit(t);
}

/* 6.3.12, 6.3.9: before translation is on */
static void test_off(void)
{
    t = qtest_init(ARGS("1"));
    qtest_writel(t, cfg(0, 2, 0, PCI_BASE_ADDRESS_0), MMIO32);
    qtest_writew(t, cfg(0, 2, 0, PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    g_assert_true(reaches(PAGE, PAGE));
    qtest_writel(t, SMMU + SMMU_GBPA, 1U << 31 | 1 << 20);
    g_assert_false(reaches(PAGE, PAGE));
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_EVENTQ_PROD), ==, 0);
    json_decref(qtest_qmp_return(t, "{'execute': 'system_reset'}"));
    json_decref(qtest_qmp_event(t, "RESET"));
    qtest_writel(t, cfg(0, 2, 0, PCI_BASE_ADDRESS_0), MMIO32);
    qtest_writew(t, cfg(0, 2, 0, PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    g_assert_true(reaches(PAGE, PAGE));
    qtest_quit(t);
}

/* 3.18: eventq, priq, cmdq-sync, gerror are SPIs in that order */
static void test_interrupts(void)
{
    static const Row broken = { .pte = NONE };
    unsigned first = 112;

    start("1");
    intercept_gic(t);
    qtest_writel(t, SMMU + SMMU_IRQ_CTRL, 5);
    lay_out(&broken);
    g_assert_cmpuint(qtest_irq_raised(t, first), ==, 0);
    dma(IOVA, false);
    g_assert_cmpuint(qtest_irq_raised(t, first), ==, 1);
    command(CMD_SYNC | SYNC_CS_IRQ << 12, 0);
    run();
    g_assert_cmpuint(qtest_irq_raised(t, first + 2), ==, 1);
    command(CMD_SYNC | SYNC_CS_IRQ << 12 | 0x12345678ULL << 32, PAGE);      /* MSI: a word in RAM */
    run();
    g_assert_cmphex(qtest_readl(t, PAGE), ==, 0x12345678);
    command(0xff, 0);
    qtest_writel(t, SMMU + SMMU_CMDQ_PROD, prod);
    g_assert_cmpuint(qtest_irq_raised(t, first + 3), ==, 1);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_GERROR), ==, 1);
    qtest_quit(t);
}

/* query-smmu-translation shows the walk that DMA takes. */
static void test_query(void)
{
    static const Row usual = { 0 };

    start("1");
    lay_out(&usual);
    g_autoptr(json_t) r = qtest_qmp_return(t, "{'execute': 'query-smmu-translation', 'arguments': {'id': 's0', 'stream-id': %d, 'iova': %d}}", SID, (int)IOVA + 5);
    g_assert_cmpuint(json_array_size(json_object_get(r, "steps")), ==, 3);
    g_assert_cmphex(json_integer_value(json_object_get(r, "output")), ==, PAGE + 5);
    g_autofree char *text = qtest_hmp(t, "info smmu s0 0x10 0x20000");
    g_assert_nonnull(strstr(text, "F_TRANSLATION"));
    /* the tree of stage 1: three tables, one page */
    g_autoptr(json_t) tables = qtest_qmp_return(t, "{'execute': 'query-smmu-tables', 'arguments': {'id': 's0', 'stream-id': %d}}", SID);
    const json_t *tree = json_array_get(json_object_get(tables, "trees"), 0), *leaf = json_array_get(json_object_get(tree, "leaves"), 0);
    g_assert_cmpuint(json_array_size(json_object_get(tables, "trees")), ==, 1);
    g_assert_cmpstr(json_string_value(json_object_get(tree, "name")), ==, "ttb0");
    g_assert_cmpint(json_integer_value(json_object_get(tree, "tables")), ==, 3);
    g_assert_cmpint(json_integer_value(json_object_get(tree, "table-bytes")), ==, 3 * 4096);
    g_assert_cmpint(json_integer_value(json_object_get(leaf, "size")), ==, 4096);
    g_assert_cmpint(json_integer_value(json_object_get(leaf, "count")), ==, 1);
    g_autofree char *trees = qtest_hmp(t, "info smmu s0 0x10");
    g_assert_nonnull(strstr(trees, "ttb0: 3 tables"));
    /* faults by kind */
    dma(IOVA + 0x1000, false);
    g_autofree char *all = qtest_hmp(t, "info smmu");
    g_assert_nonnull(strstr(all, "faults: F_TRANSLATION 1"));
    /* a table that is its own: counting ends */
    qtest_writeq(t, L2, L2 | 3);
    for (unsigned i = 0; i < 512; i++) {
        qtest_writeq(t, L1 + i * 8, L1 | 3);
    }
    g_autoptr(json_t) endless = qtest_qmp_return(t, "{'execute': 'query-smmu-tables', 'arguments': {'id': 's0', 'stream-id': %d}}", SID);
    g_assert_true(json_is_true(json_object_get(json_array_get(json_object_get(endless, "trees"), 0), "truncated")));
    qtest_quit(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/smmuv3/rows/stage-1", "1", test_rows);
    g_test_add_data_func("/smmuv3/rows/stage-2", "2", test_rows);
    g_test_add_data_func("/smmuv3/rows/nested", "nested", test_rows);
    g_test_add_func("/smmuv3/invalidate", test_invalidate);
    g_test_add_func("/smmuv3/off", test_off);
    g_test_add_func("/smmuv3/interrupts", test_interrupts);
    g_test_add_func("/smmuv3/query", test_query);
    return g_test_run();
}
