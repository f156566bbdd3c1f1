/*
 * iommu-testdev behind the machine's own SMMUv3 (iommu=smmuv3, stage not named):
 * stage 1, stage 2, both, and neither. Only what the public device and any SMMUv3
 * of this machine offer, so that the same program runs against other emulators:
 *
 *     QTEST_BINARY=/path/to/qemu-system-aarch64 build/tests/qtest/iommu-testdev-test
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-regs.h"
#include "pci-helpers.h"

enum { SMMU = 0x09050000, STRTAB = RAM + 0x100000, CMDQ = RAM + 0x200000, EVENTQ = RAM + 0x210000, CD = RAM + 0x220000,
       L1 = RAM + 0x230000, L2 = RAM + 0x231000, L3 = RAM + 0x232000, S2L1 = RAM + 0x240000, S2L2 = RAM + 0x241000, S2L3 = RAM + 0x242000,
       PAGE = RAM + 0x800000, SID = 0x10 };
enum { REG_RUN = 0x00, REG_GVA = 0x04, REG_LENGTH = 0x0c, REG_RESULT = 0x10, REG_DOORBELL = 0x14, REG_ATTRS = 0x18, REG_GPA = 0x1c };
enum { RESULT_OK = 0, RESULT_IDLE = 0xffffffff, RESULT_BUSY = 0xfffffffe, RESULT_LENGTH = 0xdead0001, RESULT_MISMATCH = 0xdead0004,
       RESULT_NOT_ARMED = 0xdead0005 };
#define NON_SECURE 2                    /* attributes: physical address space 1 */
#define IOVA 0x604567000ULL
#define TTBR_39 (25 | 1ULL << 30 | 1ULL << 31 | 4ULL << 32 | 1ULL << 41 | 1ULL << 45 | 1ULL << 46 | 1ULL << 48)
#define STE2 (25ULL << 32 | 1ULL << 38 | 4ULL << 48 | 1ULL << 51 | 1ULL << 58)
#define PTE(pa) ((pa) | 1 << 10 | 1 << 6 | 3)
#define S2_PAGE(pa) ((pa) | 1 << 10 | 3 << 6 | 0xf << 2 | 3)

static void put(QTestState *t, uint64_t addr, uint64_t v)
{
    qtest_writeq(t, addr, v);
}

static QTestState *start(void)
{
    QTestState *t = qtest_init("-M virt,gic-version=3,iommu=smmuv3 -cpu cortex-a57 -net none -audio none -display none -m 256 -device iommu-testdev,addr=2");

    qtest_writel(t, cfg(0, 2, 0, PCI_BASE_ADDRESS_0), MMIO32);
    qtest_writew(t, cfg(0, 2, 0, PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    qtest_writel(t, SMMU + SMMU_CR1, 0xd75);
    qtest_writeq(t, SMMU + SMMU_STRTAB_BASE, STRTAB);
    qtest_writel(t, SMMU + SMMU_STRTAB_BASE_CFG, 8);
    qtest_writeq(t, SMMU + SMMU_CMDQ_BASE, CMDQ | 6);
    qtest_writel(t, SMMU + SMMU_CMDQ_PROD, 0);
    qtest_writel(t, SMMU + SMMU_CMDQ_CONS, 0);
    qtest_writeq(t, SMMU + SMMU_EVENTQ_BASE, EVENTQ | 6);
    qtest_writel(t, SMMU + SMMU_EVENTQ_PROD, 0);
    qtest_writel(t, SMMU + SMMU_EVENTQ_CONS, 0);
    qtest_writel(t, SMMU + SMMU_CR2, 2);
    return t;
}

static void tables(QTestState *t, unsigned config)
{
    const uint64_t iova = IOVA;
    uint64_t s2_in = config == 6 ? iova : PAGE;

    put(t, STRTAB + SID * 64, 1 | config << 1 | (config & 1 ? CD : 0));
    put(t, STRTAB + SID * 64 + 16, config & 2 ? STE2 : 0);
    put(t, STRTAB + SID * 64 + 24, config & 2 ? S2L1 : 0);
    put(t, CD, TTBR_39);
    put(t, CD + 8, L1);
    put(t, L1 + extract64(iova, 30, 9) * 8, L2 | 3);
    put(t, L2 + extract64(iova, 21, 9) * 8, L3 | 3);
    put(t, L3 + extract64(iova, 12, 9) * 8, PTE(PAGE));
    if (config == 6) {
        put(t, S2L1 + extract64(s2_in, 30, 9) * 8, S2L2 | 3);
        put(t, S2L2 + extract64(s2_in, 21, 9) * 8, S2L3 | 3);
        put(t, S2L3 + extract64(s2_in, 12, 9) * 8, S2_PAGE(PAGE));
    } else {
        put(t, S2L1 + 8, S2_PAGE(RAM) & ~2ULL);
    }
    put(t, CMDQ, CMD_CFGI_STE_RANGE);
    put(t, CMDQ + 8, 31);
    put(t, CMDQ + 16, CMD_TLBI_NSNH_ALL);
    put(t, CMDQ + 24, 0);
    put(t, CMDQ + 32, CMD_SYNC);
    put(t, CMDQ + 40, 0);
    qtest_writel(t, SMMU + SMMU_CR0, 0xd);
    qtest_writel(t, SMMU + SMMU_CMDQ_PROD, 3);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_CMDQ_CONS) & 0x7f, ==, 3);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_GERROR), ==, 0);
}

/* One DMA: 32 bits at a time, as the public tests do it. */
static uint32_t dma(QTestState *t, uint64_t gva, uint64_t gpa, uint32_t length)
{
    qtest_writel(t, MMIO32 + REG_GVA, gva);
    qtest_writel(t, MMIO32 + REG_GVA + 4, gva >> 32);
    qtest_writel(t, MMIO32 + REG_GPA, gpa);
    qtest_writel(t, MMIO32 + REG_GPA + 4, gpa >> 32);
    qtest_writel(t, MMIO32 + REG_LENGTH, length);
    qtest_writel(t, MMIO32 + REG_ATTRS, NON_SECURE);
    qtest_writel(t, MMIO32 + REG_DOORBELL, 1);
    g_assert_cmphex(qtest_readl(t, MMIO32 + REG_RESULT), ==, RESULT_BUSY);
    g_assert_cmphex(qtest_readl(t, MMIO32 + REG_RUN), ==, 0);
    return qtest_readl(t, MMIO32 + REG_RESULT);
}

static void test_stage(gconstpointer data)
{
    unsigned config = GPOINTER_TO_UINT(data);
    QTestState *t = start();
    uint64_t iova = config == 4 ? PAGE : IOVA;

    tables(t, config);
    g_assert_cmphex(dma(t, iova, PAGE, 0x1000), ==, RESULT_OK);
    g_assert_cmphex(qtest_readl(t, PAGE + 0xffc), ==, 0x12345678);
    g_assert_cmphex(dma(t, iova + 4, PAGE + 4, 16), ==, RESULT_OK);
    g_assert_cmphex(dma(t, iova, PAGE + 0x10000, 64), ==, RESULT_MISMATCH);     /* it is not there */
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_EVENTQ_PROD), ==, 0);
    if (config != 4) {
        g_assert_cmphex(dma(t, iova + 0x1000, PAGE, 64), !=, RESULT_OK);
        g_assert_cmphex(qtest_readl(t, EVENTQ), ==, SMMU_EVT_F_TRANSLATION);
        g_assert_cmphex(qtest_readl(t, EVENTQ + 4), ==, SID);
        g_assert_cmphex(qtest_readq(t, EVENTQ + 16) & ~0xfffULL, ==, iova + 0x1000);
    }
    qtest_quit(t);
}

/* Before translation is on, and the device's own manners. */
static void test_off(void)
{
    QTestState *t = start();

    g_assert_cmphex(qtest_readl(t, MMIO32 + REG_RESULT), ==, RESULT_IDLE);
    g_assert_cmphex(dma(t, PAGE, PAGE, 64), ==, RESULT_OK);
    g_assert_cmphex(dma(t, PAGE, PAGE, 0), ==, RESULT_LENGTH);
    qtest_readl(t, MMIO32 + REG_RUN);
    g_assert_cmphex(qtest_readl(t, MMIO32 + REG_RESULT), ==, RESULT_NOT_ARMED);
    qtest_quit(t);
}

/* A StreamID without a valid STE */
static void test_bad_ste(void)
{
    QTestState *t = start();

    tables(t, 5);
    put(t, STRTAB + SID * 64, 0);
    put(t, CMDQ + 48, CMD_CFGI_STE_RANGE);
    put(t, CMDQ + 56, 31);
    qtest_writel(t, SMMU + SMMU_CMDQ_PROD, 4);
    g_assert_cmphex(dma(t, IOVA, PAGE, 64), !=, RESULT_OK);
    g_assert_cmphex(qtest_readl(t, EVENTQ), ==, SMMU_EVT_C_BAD_STE);
    qtest_quit(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/iommu-testdev/off", test_off);
    g_test_add_data_func("/iommu-testdev/bypass", GUINT_TO_POINTER(4), test_stage);
    g_test_add_data_func("/iommu-testdev/stage-1", GUINT_TO_POINTER(5), test_stage);
    g_test_add_data_func("/iommu-testdev/stage-2", GUINT_TO_POINTER(6), test_stage);
    g_test_add_data_func("/iommu-testdev/nested", GUINT_TO_POINTER(7), test_stage);
    g_test_add_func("/iommu-testdev/bad-ste", test_bad_ste);
    return g_test_run();
}
