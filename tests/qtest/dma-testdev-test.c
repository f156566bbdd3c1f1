/*
 * dma-testdev itself, with no IOMMU in front of it: what docs/devel/dma-testdev.md says.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "dma-testdev-helpers.h"

#define BUF  (RAM + 0x100000)
#define RING (RAM + 0x200000)

static QTestState *t;
static DmaTestFn fn;

static void start(const char *options)
{
    t = qtest_init(VIRT_ARGS "-device dma-testdev,addr=2%s", options);
    fn = dma_test_open(t, 2, MMIO32);
}

static void test_data(void)
{
    start("");
    qtest_writeq(t, BUF, 0x1122334455667788ULL);
    g_assert_cmpuint(dma_test_do(&fn, (DmaTestDesc) { DMAT_READ, .addr = BUF, .len = 8, .buffer = 0x100 }), ==, DMAT_OK);
    g_assert_cmphex(qtest_readq(t, fn.bar + DMAT_BUFFER + 0x100), ==, 0x1122334455667788ULL);
    g_assert_cmpuint(dma_test_do(&fn, (DmaTestDesc) { DMAT_WRITE, .addr = BUF + 0x1003, .len = 5, .buffer = 0x101 }), ==, DMAT_OK);
    g_assert_cmphex(qtest_readq(t, BUF + 0x1000), ==, 0x3344556677000000ULL);
    g_assert_cmpuint(dma_test_do(&fn, (DmaTestDesc) { DMAT_READ, .addr = 0x9700000, .len = 4 }), ==, DMAT_FAULT);
    qtest_writew(t, cfg(0, 2, 0, PCI_COMMAND), PCI_COMMAND_MEMORY);
    g_assert_cmpuint(dma_test_do(&fn, (DmaTestDesc) { DMAT_READ, .addr = BUF, .len = 8 }), ==, DMAT_FAULT);
    qtest_quit(t);
}

static void test_atomics(void)
{
    static const struct { uint8_t op; uint32_t len; uint64_t before, operand, compare, after; } rows[] = {
        { DMAT_FETCH_ADD, 8, 0xffffffff, 1, 0, 0x100000000 },
        { DMAT_FETCH_ADD, 4, 0xaaaaaaaaffffffff, 1, 0, 0xaaaaaaaa00000000 },
        { DMAT_SWAP, 8, 1, 0x1234567812345678, 0, 0x1234567812345678 },
        { DMAT_SWAP, 4, 0x500000001, 7, 0, 0x500000007 },
        { DMAT_CAS, 8, 5, 9, 5, 9 },
        { DMAT_CAS, 8, 5, 9, 6, 5 },
        { DMAT_CAS, 4, 0x700000005, 9, 5, 0x700000009 },
        { DMAT_CAS, 4, 0x700000005, 9, 4, 0x700000005 },
    };

    start("");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        uint64_t old = rows[i].len == 4 ? (uint32_t)rows[i].before : rows[i].before;

        qtest_writeq(t, BUF, rows[i].before);
        g_assert_cmpuint(dma_test_do(&fn, (DmaTestDesc) { rows[i].op, .addr = BUF, .len = rows[i].len, .operand = rows[i].operand,
                                                           .compare = rows[i].compare }), ==, DMAT_OK);
        g_assert_cmphex(dma_test_result(&fn), ==, old);
        g_assert_cmphex(qtest_readq(t, BUF), ==, rows[i].after);
    }
    g_assert_cmpuint(dma_test_do(&fn, (DmaTestDesc) { DMAT_SWAP, .addr = UART0, .len = 4 }), ==, DMAT_FAULT);
    qtest_quit(t);
}

static void test_refused(void)
{
    static const struct { DmaTestDesc desc; uint32_t status; } rows[] = {
        { { 99 }, DMAT_BAD },
        { { DMAT_READ, .addr = BUF }, DMAT_BAD },
        { { DMAT_READ, .addr = BUF, .len = DMAT_BUFFER_SIZE + 1 }, DMAT_BAD },
        { { DMAT_READ, .addr = BUF, .len = 8, .buffer = DMAT_BUFFER_SIZE - 7 }, DMAT_BAD },
        { { DMAT_READ, .addr = BUF, .len = 8, .buffer = 0xffffffff }, DMAT_BAD },
        { { DMAT_READ, .addr = ~0ULL, .len = 8 }, DMAT_BAD },
        { { DMAT_SWAP, .addr = BUF, .len = 2 }, DMAT_BAD },
        { { DMAT_SWAP, .addr = BUF + 4, .len = 8 }, DMAT_BAD },
        { { DMAT_READ, DMAT_F_PRIV, .addr = BUF, .len = 8 }, DMAT_BAD },
        { { DMAT_READ, DMAT_F_ATS | DMAT_F_TRANSLATED, .addr = BUF, .len = 8 }, DMAT_BAD },
        { { DMAT_READ, DMAT_F_PASID, .addr = BUF, .len = 8 }, DMAT_FORBIDDEN },
        { { DMAT_READ, DMAT_F_ATS, .addr = BUF, .len = 8 }, DMAT_FORBIDDEN },
        { { DMAT_READ, DMAT_F_TRANSLATED, .addr = BUF, .len = 8 }, DMAT_FORBIDDEN },
        { { DMAT_TRANSLATE, .addr = BUF }, DMAT_FORBIDDEN },
    };

    start("");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        g_assert_cmpuint(dma_test_do(&fn, rows[i].desc), ==, rows[i].status);
    }
    dma_test_enable(&fn, DMAT_ALLOW_PASID);
    g_assert_cmphex(qtest_readl(t, fn.bar + DMAT_REG_CAPS), ==, DMAT_ALLOW_PASID);
    g_assert_cmpuint(dma_test_do(&fn, (DmaTestDesc) { DMAT_READ, DMAT_F_PASID | DMAT_F_PRIV, .addr = BUF, .len = 8 }), ==, DMAT_FORBIDDEN);
    g_assert_cmpuint(dma_test_do(&fn, (DmaTestDesc) { DMAT_READ, DMAT_F_PASID, .addr = BUF, .len = 8 }), ==, DMAT_OK);
    dma_test_enable(&fn, DMAT_ALLOW_ATS);
    g_assert_cmpuint(dma_test_do(&fn, (DmaTestDesc) { DMAT_TRANSLATE, .addr = BUF }), ==, DMAT_NO_TRANSLATION);      /* nobody translates here */
    qtest_quit(t);
    start(",pasid-width=0,ats=off");
    g_assert_cmpint(find_ext_cap(t, 0, 2, PCI_EXT_CAP_ID_PASID), ==, 0);
    g_assert_cmpint(find_ext_cap(t, 0, 2, PCI_EXT_CAP_ID_ATS), ==, 0);
    qtest_quit(t);
}

static void put_desc(unsigned i, uint8_t op, uint8_t flags, uint64_t addr, uint32_t len)
{
    uint8_t raw[DMAT_DESC_SIZE] = { op, flags };

    stq_le_p(raw + DMAT_DESC_ADDR, addr);
    stl_le_p(raw + DMAT_DESC_LEN, len);
    qtest_memwrite(t, RING + i * DMAT_DESC_SIZE, raw, sizeof(raw));
}

static void test_ring(void)
{
    start("");
    qtest_writeq(t, fn.bar + DMAT_REG_RING, RING);
    qtest_writel(t, fn.bar + DMAT_REG_RING_LOG2, 2);
    qtest_writel(t, BUF, 0xcafe);
    put_desc(0, DMAT_READ, 0, BUF, 4);
    put_desc(1, DMAT_WRITE, 0, BUF + 0x40, 4);
    put_desc(2, 77, 0, 0, 0);
    put_desc(3, DMAT_WRITE, 0, BUF + 0x44, 4);
    qtest_writel(t, fn.bar + DMAT_REG_PROD, 3);
    g_assert_cmpuint(qtest_readl(t, fn.bar + DMAT_REG_CONS), ==, 3);
    g_assert_cmpuint(qtest_readl(t, BUF + 0x40), ==, 0xcafe);
    g_assert_cmpuint(qtest_readl(t, RING + DMAT_DESC_STATUS), ==, DMAT_OK);
    g_assert_cmpuint(qtest_readl(t, RING + 2 * DMAT_DESC_SIZE + DMAT_DESC_STATUS), ==, DMAT_BAD);
    g_assert_cmpuint(qtest_readl(t, BUF + 0x44), ==, 0);
    qtest_writel(t, fn.bar + DMAT_REG_PROD, 4);                 /* wraps */
    g_assert_cmpuint(qtest_readl(t, fn.bar + DMAT_REG_CONS), ==, 0);
    g_assert_cmpuint(qtest_readl(t, BUF + 0x44), ==, 0xcafe);
    qtest_writeq(t, fn.bar + DMAT_REG_RING, 0x9700000);
    qtest_writel(t, fn.bar + DMAT_REG_PROD, 1);
    g_assert_cmpuint(qtest_readl(t, fn.bar + DMAT_REG_CONS), ==, 0);
    g_assert_cmpuint(qtest_readl(t, fn.bar + DMAT_REG_STATUS), ==, DMAT_FAULT);
    /* a DMA to the doorbell does not start another one */
    qtest_writel(t, fn.bar + DMAT_BUFFER, 2);
    dma_test_do(&fn, (DmaTestDesc) { DMAT_WRITE, .addr = fn.bar + DMAT_REG_PROD, .len = 4 });
    g_assert_cmpuint(qtest_readl(t, fn.bar + DMAT_REG_PROD), ==, 1);
    qtest_quit(t);
}

static void test_interrupt(void)
{
    uint64_t table = MMIO32 + DMAT_BAR_SIZE + 16;

    start("");
    qtest_writew(t, cfg(0, 2, 0, find_cap(t, 0, 2, PCI_CAP_ID_MSIX) + 2), PCI_MSIX_FLAGS_ENABLE);
    qtest_writeq(t, table, BUF);
    qtest_writel(t, table + 8, 0x4711);
    qtest_writel(t, table + 12, 0);
    g_assert_cmpuint(dma_test_do(&fn, (DmaTestDesc) { DMAT_NOP, DMAT_F_IRQ, .vector = 1 }), ==, DMAT_OK);
    g_assert_cmphex(qtest_readl(t, BUF), ==, 0x4711);
    g_assert_cmpuint(dma_test_do(&fn, (DmaTestDesc) { DMAT_NOP, DMAT_F_IRQ, .vector = 0xffff }), ==, DMAT_OK);
    qtest_quit(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dma-testdev/data", test_data);
    g_test_add_func("/dma-testdev/atomics", test_atomics);
    g_test_add_func("/dma-testdev/refused", test_refused);
    g_test_add_func("/dma-testdev/ring", test_ring);
    g_test_add_func("/dma-testdev/interrupt", test_interrupt);
    return g_test_run();
}
