/*
 * What the differential fuzzer found wrong with us, as it minimised it: words of
 * memory, one access, and the record that must come of it. Sections are of Arm
 * IHI 0070 unless they say otherwise.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-regs.h"
#include "pci-helpers.h"

#define ARGS VIRT_ARGS "-device arm-smmuv3,primary-bus=pcie.0,id=s0,stage=nested,x-oas=44 -device edu,addr=2,dma_mask=0xffffffffffffffff"

enum { SMMU = PLATFORM_BUS, STRTAB = RAM + 0x100000, EVENTQ = RAM + 0x210000, CD = RAM + 0x220000, L1 = RAM + 0x230000,
       L2 = RAM + 0x231000, L3 = RAM + 0x232000, S2L1 = RAM + 0x240000, PAGE = RAM + 0x800000, SID = 0x10, STE = STRTAB + SID * 64 };
#define NOWHERE 0x9700000ULL
#define IOVA 0x10000ULL
#define TBI0 (1ULL << 38)
#define CD0  (25 | 1ULL << 30 | 1ULL << 31 | 4ULL << 32 | 1ULL << 41 | 1ULL << 45 | 1ULL << 46 | 1ULL << 48)
#define PTE  (PAGE | 1 << 10 | 1 << 6 | 3)
#define PTE_RO (PTE | 1 << 7)
#define STE0(config) (1 | (config) << 1 | CD)
#define STE2_SILENT (25ULL << 32 | 1ULL << 38 | 4ULL << 48 | 1ULL << 51)
#define STE2 (STE2_SILENT | 1ULL << 58)
#define S2BLOCK(pa) ((pa) | 1 << 10 | 3 << 6 | 0xf << 2 | 1)

typedef struct Word { uint64_t addr, value; } Word;
typedef struct Row {
    const char *name;
    uint32_t strtab_cfg;
    Word words[4];                      /* besides the working set: stage 1 of one page */
    uint64_t iova;
    bool write;
    uint64_t record[EVT_WORDS];         /* all zero: none */
    bool silent;                        /* faults, but nobody hears of it */
} Row;

#define SID_OF ((uint64_t)SID << 32)
#define READ (1ULL << 35)
#define STAGE2 (1ULL << 39)
#define IN ((uint64_t)EVT_CLASS_IN << 40)

static const Row rows[] = {
    { "7.3: the input address has its tag", 8, { { CD, CD0 | TBI0 }, { L3 + 0x80, 0 } }, 0x5a00000000010000, false,
      { SID_OF | SMMU_EVT_F_TRANSLATION, READ | IN, 0x5a00000000010000 } },
    { "Arm ARM D8.2: bits of TTB0 below the first table's size", 8, { { CD + 8, L1 | 0x10 } }, IOVA },
    { "Arm ARM D8.2: bits of S2TTB below it", 8, { { STE, STE0(6) }, { STE + 24, S2L1 | 0x10 } }, PAGE },
    { "6.3.25: a reserved format is linear", 8 | 2 << 16, { { STE, STE0(5) } }, IOVA },
    { "6.3.25: a reserved SPLIT is 6", 8 | 1 << 16, { { STRTAB, (STRTAB + 0x2000) | 7 }, { STRTAB + 0x2000 + SID * 64, STE0(4) } }, PAGE },
    { "3.25: stage 1 refuses before stage 2 is asked", 8, { { STE, STE0(7) }, { L3 + 0x80, (PTE_RO & 0xfff) | 0x80000000 } }, IOVA, true,
      { SID_OF | SMMU_EVT_F_PERMISSION, IN, IOVA } },
    { "7.3.11: stage 2 of the input, table not in RAM", 8, { { STE, STE0(6) }, { S2L1 + 8, NOWHERE | 3 } }, PAGE, false,
      { SID_OF | SMMU_EVT_F_WALK_EABT, READ | STAGE2 | IN, PAGE, NOWHERE + (PAGE >> 21 & 511) * 8 } },
    { "5.2: without S2R, stage 2 of a CD fetch", 8, { { STE, STE0(7) }, { STE + 16, STE2_SILENT }, { S2L1 + 8, 0 } }, IOVA, .silent = true },
};

static void set_up(QTestState *t, const Row *r)
{
    static const Word usual[] = {
        { STE, STE0(5) }, { STE + 16, STE2 }, { STE + 24, S2L1 }, { CD, CD0 }, { CD + 8, L1 }, { L1, L2 | 3 }, { L2, L3 | 3 },
        { L3 + 0x80, PTE }, { S2L1 + 8, S2BLOCK(RAM) },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(usual); i++) {
        qtest_writeq(t, usual[i].addr, usual[i].value);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(r->words) && r->words[i].addr; i++) {
        qtest_writeq(t, r->words[i].addr, r->words[i].value);
    }
    qtest_writel(t, cfg(0, 2, 0, PCI_BASE_ADDRESS_0), MMIO32);
    qtest_writew(t, cfg(0, 2, 0, PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    qtest_writeq(t, SMMU + SMMU_STRTAB_BASE, STRTAB);
    qtest_writel(t, SMMU + SMMU_STRTAB_BASE_CFG, r->strtab_cfg);
    qtest_writeq(t, SMMU + SMMU_EVENTQ_BASE, EVENTQ | 6);
    qtest_writel(t, SMMU + SMMU_CR2, 2);
    qtest_writel(t, SMMU + SMMU_CR0, 5);
}

/* The device moves 4 bytes between its buffer and @iova. */
static void dma(QTestState *t, uint64_t iova, bool write)
{
    qtest_writeq(t, MMIO32 + 0x80, write ? 0x40000 : iova);
    qtest_writeq(t, MMIO32 + 0x88, write ? iova : 0x40000);
    qtest_writeq(t, MMIO32 + 0x90, 4);
    qtest_writeq(t, MMIO32 + 0x98, write ? 3 : 1);
    qtest_clock_step(t, 200000000);
}

static void test_row(gconstpointer data)
{
    const Row *r = data;
    QTestState *t = qtest_init(ARGS);
    bool recorded = r->record[0];

    set_up(t, r);
    qtest_writel(t, PAGE, 0x12345678);
    dma(t, r->iova, r->write);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_EVENTQ_PROD), ==, recorded);
    for (unsigned i = 0; recorded && i < EVT_WORDS; i++) {
        g_assert_cmphex(qtest_readq(t, EVENTQ + i * 8), ==, r->record[i]);
    }
    if (!recorded) {
        qtest_writel(t, SMMU + SMMU_CR0, 0);
        dma(t, PAGE + 4, true);         /* what the read brought */
        g_assert_cmphex(qtest_readl(t, PAGE + 4), ==, r->silent ? 0 : 0x12345678);
    }
    qtest_quit(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        g_autofree char *path = g_strdup_printf("/smmuv3/found/%u", i);

        g_test_message("%s: %s", path, rows[i].name);
        g_test_add_data_func(path, &rows[i], test_row);
    }
    return g_test_run();
}
