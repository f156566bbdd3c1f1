/*
 * dma-testdev from a test: find it, enable what it may do, one descriptor at a time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_QTEST_DMA_TESTDEV_HELPERS_H
#define TESTS_QTEST_DMA_TESTDEV_HELPERS_H

#include "hw/misc/dma-testdev-regs.h"
#include "pci-helpers.h"

/* A dma-testdev on bus 0; BAR 0 at @bar, BAR 2 (MSI-X) right above it. */
typedef struct DmaTestFn {
    QTestState *t;
    int slot;
    uint64_t bar;
} DmaTestFn;

typedef struct DmaTestDesc {
    uint8_t op, flags;
    uint16_t vector;
    uint32_t pasid;
    uint64_t addr;
    uint32_t len, buffer;
    uint64_t operand, compare;
} DmaTestDesc;

static inline DmaTestFn dma_test_open(QTestState *t, int slot, uint64_t bar)
{
    qtest_writel(t, cfg(0, slot, 0, PCI_BASE_ADDRESS_0), bar);
    qtest_writel(t, cfg(0, slot, 0, PCI_BASE_ADDRESS_0 + 8), bar + DMAT_BAR_SIZE);
    qtest_writew(t, cfg(0, slot, 0, PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    g_assert_cmphex(qtest_readl(t, bar + DMAT_REG_ID), ==, DMAT_ID);
    return (DmaTestFn) { t, slot, bar };
}

/* @allow: DMAT_ALLOW_* */
static inline void dma_test_enable(DmaTestFn *f, uint32_t allow)
{
    int pasid = find_ext_cap(f->t, 0, f->slot, PCI_EXT_CAP_ID_PASID), ats = find_ext_cap(f->t, 0, f->slot, PCI_EXT_CAP_ID_ATS);

    if (pasid) {
        qtest_writew(f->t, cfg(0, f->slot, 0, pasid + PCI_PASID_CTRL), allow & 7);
    }
    if (ats) {
        qtest_writew(f->t, cfg(0, f->slot, 0, ats + PCI_ATS_CTRL), allow & DMAT_ALLOW_ATS ? PCI_ATS_CTRL_ENABLE : 0);
    }
}

/* Returns the device's status. */
static inline uint32_t dma_test_do(DmaTestFn *f, DmaTestDesc d)
{
    uint8_t raw[40] = { d.op, d.flags };

    stw_le_p(raw + DMAT_DESC_VECTOR, d.vector);
    stl_le_p(raw + DMAT_DESC_PASID, d.pasid);
    stq_le_p(raw + DMAT_DESC_ADDR, d.addr);
    stl_le_p(raw + DMAT_DESC_LEN, d.len);
    stl_le_p(raw + DMAT_DESC_BUFFER, d.buffer);
    stq_le_p(raw + DMAT_DESC_OPERAND, d.operand);
    stq_le_p(raw + DMAT_DESC_COMPARE, d.compare);
    qtest_memwrite(f->t, f->bar + DMAT_REG_SLOT, raw, sizeof(raw));
    qtest_writel(f->t, f->bar + DMAT_REG_GO, 1);
    return qtest_readl(f->t, f->bar + DMAT_REG_SLOT + DMAT_DESC_STATUS);
}

static inline uint64_t dma_test_result(DmaTestFn *f)
{
    return qtest_readq(f->t, f->bar + DMAT_REG_SLOT + DMAT_DESC_RESULT);
}

static inline uint64_t dma_test_result2(DmaTestFn *f)
{
    return qtest_readq(f->t, f->bar + DMAT_REG_SLOT + DMAT_DESC_RESULT2);
}

#endif
