/*
 * NVMe through its registers: bring-up, Identify, queues, reads and writes with
 * PRPs and SGLs, and everything a guest can get wrong.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nvme-helpers.h"

static Nvme *start(const char *more)
{
    g_autofree char *disk = disk_new("disk");
    Nvme *n = g_new0(Nvme, 1);

    n->t = qtest_init(VIRT_ARGS "-drive if=none,id=d,format=raw,file=%s -device nvme,id=n,drive=d,serial=S1,bus=pcie.0,addr=1 %s", disk, more);
    enable(n);
    return n;
}

static void stop(Nvme *n)
{
    qtest_quit(n->t);
    g_free(n);
}

static void check_blocks(Nvme *n, uint64_t addr, unsigned first, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        g_assert_cmphex(qtest_readb(n->t, addr + i * 512), ==, (first + i) & 0xff);
        g_assert_cmphex(qtest_readb(n->t, addr + i * 512 + 511), ==, (first + i) & 0xff);
    }
}

static void test_identify(void)
{
    Nvme *n = start("");
    char text[41] = "";

    g_assert_cmphex(qtest_readl(n->t, BAR + NVME_REG_VS), ==, 0x10400);
    g_assert_cmphex(qtest_readl(n->t, cfg(0, 1, 0, 0)), ==, 0x00101b36);
    g_assert_cmphex(qtest_readl(n->t, cfg(0, 1, 0, PCI_CLASS_REVISION)), ==, 0x01080202);
    g_assert_cmphex(admin(n, NVME_ADM_IDENTIFY, 0, DATA, NVME_CNS_CTRL, 0), ==, NVME_OK);
    qtest_memread(n->t, DATA + 4, text, 20);
    g_assert_true(g_str_has_prefix(text, "S1 "));
    g_assert_cmphex(qtest_readw(n->t, DATA), ==, 0x1b36);
    g_assert_cmphex(admin(n, NVME_ADM_IDENTIFY, 1, DATA, NVME_CNS_NS, 0), ==, NVME_OK);
    g_assert_cmpuint(qtest_readq(n->t, DATA), ==, DISK_SIZE / 512);
    g_assert_cmpuint(qtest_readb(n->t, DATA + 130), ==, 9);
    g_assert_cmphex(admin(n, NVME_ADM_IDENTIFY, 0, DATA, NVME_CNS_NS_LIST, 0), ==, NVME_OK);
    g_assert_cmpuint(qtest_readq(n->t, DATA), ==, 1);
    g_assert_cmphex(admin(n, NVME_ADM_IDENTIFY, 9, DATA, NVME_CNS_NS, 0), ==, NVME_OK);
    g_assert_cmpuint(qtest_readq(n->t, DATA), ==, 0);
    g_assert_cmphex(admin(n, NVME_ADM_IDENTIFY, 0, DATA, NVME_CNS_NS, 0), ==, NVME_INVALID_NAMESPACE);
    g_assert_cmphex(admin(n, NVME_ADM_IDENTIFY, 0, DATA, 0x77, 0), ==, NVME_INVALID_FIELD);
    g_assert_cmphex(admin(n, 0x55, 0, 0, 0, 0), ==, NVME_INVALID_OPCODE);
    stop(n);
}

static void test_admin(void)
{
    Nvme *n = start("");

    g_assert_cmphex(admin(n, NVME_ADM_SET_FEATURES, 0, 0, NVME_FEAT_QUEUES, 0x3f003f), ==, NVME_OK);
    g_assert_cmphex(n->result, ==, 0x3f003f);
    g_assert_cmphex(admin(n, NVME_ADM_GET_FEATURES, 0, 0, NVME_FEAT_WRITE_CACHE, 0), ==, NVME_OK);
    g_assert_cmphex(n->result, ==, 1);
    g_assert_cmphex(admin(n, NVME_ADM_SET_FEATURES, 0, 0, NVME_FEAT_POWER, 0), ==, NVME_FEATURE_NOT_CHANGEABLE);
    g_assert_cmphex(admin(n, NVME_ADM_GET_FEATURES, 0, 0, 0x66, 0), ==, NVME_INVALID_FIELD);
    g_assert_cmphex(admin(n, NVME_ADM_GET_LOG, ~0U, DATA, 127 << 16 | NVME_LOG_SMART, 0), ==, NVME_OK);
    g_assert_cmpuint(qtest_readw(n->t, DATA + 1), ==, 323);
    g_assert_cmphex(admin(n, NVME_ADM_GET_LOG, ~0U, DATA, 127 << 16 | 0x99, 0), ==, NVME_LOG_INVALID);
    g_assert_cmphex(admin(n, NVME_ADM_CREATE_SQ, 0, IOSQ, 15 << 16 | 1, 1 << 16 | 1), ==, NVME_CQ_INVALID);
    g_assert_cmphex(admin(n, NVME_ADM_CREATE_CQ, 0, IOCQ, 15 << 16 | 0, 1), ==, NVME_QID_INVALID);
    g_assert_cmphex(admin(n, NVME_ADM_CREATE_CQ, 0, IOCQ, 15 << 16 | 9999, 1), ==, NVME_QID_INVALID);
    g_assert_cmphex(admin(n, NVME_ADM_CREATE_CQ, 0, IOCQ, 0 << 16 | 1, 1), ==, NVME_QUEUE_SIZE_INVALID);
    g_assert_cmphex(admin(n, NVME_ADM_CREATE_CQ, 0, IOCQ, 0xffffU << 16 | 1, 1), ==, NVME_QUEUE_SIZE_INVALID);
    g_assert_cmphex(admin(n, NVME_ADM_CREATE_CQ, 0, IOCQ, 15 << 16 | 1, 0), ==, NVME_INVALID_FIELD);
    g_assert_cmphex(admin(n, NVME_ADM_CREATE_CQ, 0, IOCQ, 15 << 16 | 1, 99 << 16 | 3), ==, NVME_VECTOR_INVALID);
    g_assert_cmphex(admin(n, NVME_ADM_CREATE_CQ, 0, IOCQ + 8, 15 << 16 | 1, 1), ==, NVME_PRP_OFFSET_INVALID);
    make_io_queue(n);
    g_assert_cmphex(admin(n, NVME_ADM_CREATE_CQ, 0, IOCQ, 15 << 16 | 1, 1), ==, NVME_QID_INVALID);
    g_assert_cmphex(admin(n, NVME_ADM_DELETE_CQ, 0, 0, 1, 0), ==, NVME_QUEUE_DELETION_INVALID);
    g_assert_cmphex(admin(n, NVME_ADM_DELETE_SQ, 0, 0, 1, 0), ==, NVME_OK);
    g_assert_cmphex(admin(n, NVME_ADM_DELETE_SQ, 0, 0, 1, 0), ==, NVME_QID_INVALID);
    g_assert_cmphex(admin(n, NVME_ADM_DELETE_CQ, 0, 0, 1, 0), ==, NVME_OK);
    stop(n);
}

static void test_rw(void)
{
    Nvme *n = start("");
    const uint64_t last = DISK_SIZE / 512 - 1;

    make_io_queue(n);
    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_READ, 5, 1, DATA, 0)), ==, NVME_OK);
    check_blocks(n, DATA, 5, 1);
    /* Across a page, from the middle of one. */
    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_READ, 100, 8, DATA + 0x800, DATA + 0x1000)), ==, NVME_OK);
    check_blocks(n, DATA + 0x800, 100, 8);
    /* A list that continues in a second page: the first has room for two entries. */
    for (int i = 0; i < 40; i++) {
        if (i == 0) {
            qtest_writeq(n->t, LISTS + 0x1000 - 16, DATA + 0x1000);
            qtest_writeq(n->t, LISTS + 0x1000 - 8, LISTS + 0x2000);
        } else {
            qtest_writeq(n->t, LISTS + 0x2000 + (i - 1) * 8, DATA + 0x1000 + i * 0x1000);
        }
    }
    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_READ, 256, 320, DATA, LISTS + 0x1000 - 16)), ==, NVME_OK);
    check_blocks(n, DATA, 256, 320);
    qtest_memset(n->t, DATA, 0x77, 4096);
    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_WRITE, 7, 8, DATA, 0)), ==, NVME_OK);
    g_assert_cmphex(command(n, &n->io, (NvmeCmd) { .opcode = NVME_IO_FLUSH, .nsid = ~0U }), ==, NVME_OK);
    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_COMPARE, 7, 8, DATA, 0)), ==, NVME_OK);
    qtest_writeb(n->t, DATA + 4095, 1);
    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_COMPARE, 7, 8, DATA, 0)), ==, NVME_COMPARE_FAILED);
    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_WRITE_ZEROES, 8, 2, 0, 0)), ==, NVME_OK);
    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_READ, 7, 4, DATA, 0)), ==, NVME_OK);
    g_assert_cmphex(qtest_readb(n->t, DATA), ==, 0x77);
    g_assert_cmphex(qtest_readb(n->t, DATA + 512), ==, 0);
    g_assert_cmphex(qtest_readb(n->t, DATA + 1535), ==, 0);
    g_assert_cmphex(qtest_readb(n->t, DATA + 1536), ==, 0x77);
    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_READ, last, 1, DATA, 0)), ==, NVME_OK);
    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_READ, last, 2, DATA, 0)), ==, NVME_LBA_RANGE);
    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_READ, ~0ULL, 1, DATA, 0)), ==, NVME_LBA_RANGE);
    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_READ, 0, 0x10000, DATA, 0)), ==, NVME_INVALID_FIELD);     /* beyond MDTS */
    g_assert_cmphex(command(n, &n->io, (NvmeCmd) { .opcode = NVME_IO_READ, .nsid = 0 }), ==, NVME_INVALID_NAMESPACE);
    g_assert_cmphex(command(n, &n->io, (NvmeCmd) { .opcode = NVME_IO_READ, .nsid = 2 }), ==, NVME_INVALID_FIELD);
    g_assert_cmphex(command(n, &n->io, (NvmeCmd) { .opcode = 0x7e, .nsid = 1 }), ==, NVME_INVALID_OPCODE);
    stop(n);
}

static void test_bad_prp(void)
{
    Nvme *n = start("");

    make_io_queue(n);
    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_READ, 0, 1, DATA + 1, 0)), ==, NVME_PRP_OFFSET_INVALID);
    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_READ, 0, 16, DATA, DATA + 8)), ==, NVME_PRP_OFFSET_INVALID);
    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_READ, 0, 32, DATA, LISTS + 4)), ==, NVME_PRP_OFFSET_INVALID);
    /* The only entry of the list's page leads to itself. */
    qtest_writeq(n->t, LISTS + 0xff8, LISTS + 0xff8);
    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_READ, 0, 32, DATA, LISTS + 0xff8)), ==, NVME_PRP_OFFSET_INVALID);
    /* A page whose last entry leads to its start: entries repeat, and the data ends it. */
    for (int i = 0; i < 512; i++) {
        qtest_writeq(n->t, LISTS + i * 8, i == 511 ? LISTS : DATA);
    }
    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_READ, 0, 1024, DATA, LISTS)), ==, NVME_OK);
    /* Where there is no memory, and the device's own registers. */
    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_READ, 0, 32, DATA, 0x0f000000)), ==, NVME_DATA_TRANSFER_ERROR);
    command(n, &n->io, rw(NVME_IO_READ, 0, 1, 0x0f000000, 0));
    command(n, &n->io, rw(NVME_IO_READ, 5, 1, BAR + 0x40, 0));
    command(n, &n->io, rw(NVME_IO_WRITE, 5, 1, BAR, 0));
    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_READ, 6, 1, DATA, 0)), ==, NVME_OK);
    /* Zeroes over its own registers and doorbells: it disables itself, and nobody answers. */
    for (uint64_t target = BAR; target <= BAR + 0x1000; target += 0x1000) {
        NvmeCmd cmd = rw(NVME_IO_READ, 0, 1, target, 0);

        enable(n);
        make_io_queue(n);
        qtest_memwrite(n->t, IOSQ, &cmd, sizeof(cmd));
        qtest_writel(n->t, BAR + 0x1008, 1);
        g_usleep(100000);
        qtest_readl(n->t, BAR + NVME_REG_CSTS);
        /* The same with an admin command, whose data arrives while the queue is being worked on. */
        enable(n);
        cmd = (NvmeCmd) { .opcode = NVME_ADM_IDENTIFY, .nsid = 9, .dptr1 = target, .cdw10 = NVME_CNS_NS };
        qtest_memwrite(n->t, ASQ, &cmd, sizeof(cmd));
        qtest_writel(n->t, BAR + 0x1000, 1);
        qtest_readl(n->t, BAR + NVME_REG_CSTS);
        /* And completions that land on the registers. */
        enable(n);
        g_assert_cmphex(admin(n, NVME_ADM_CREATE_CQ, 0, target, (QUEUE - 1) << 16 | 1, 1), ==, NVME_OK);
        g_assert_cmphex(admin(n, NVME_ADM_CREATE_SQ, 0, IOSQ, (QUEUE - 1) << 16 | 1, 1 << 16 | 1), ==, NVME_OK);
        qtest_writel(n->t, BAR + 0x1008, 20);
        g_usleep(10000);
    }
    qtest_writel(n->t, BAR + NVME_REG_CC, 0);
    /* Config space is not for functions to write. */
    enable(n);
    make_io_queue(n);
    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_READ, 5, 1, cfg(0, 1, 0, 0), 0)), ==, NVME_DATA_TRANSFER_ERROR);
    enable(n);
    g_assert_cmphex(admin(n, NVME_ADM_IDENTIFY, 0, DATA, NVME_CNS_CTRL, 0), ==, NVME_OK);
    stop(n);
}

static NvmeCmd sgl(uint8_t opcode, uint32_t blocks, uint64_t addr, uint32_t len, uint8_t type)
{
    NvmeCmd cmd = rw(opcode, 5, blocks, addr, len | (uint64_t)type << 60);

    cmd.flags = 0x40;
    return cmd;
}

static void put_desc(Nvme *n, unsigned i, uint64_t addr, uint32_t len, uint8_t type)
{
    qtest_writeq(n->t, LISTS + i * 16, addr);
    qtest_writeq(n->t, LISTS + i * 16 + 8, len | (uint64_t)type << 60);
}

static void test_sgl(void)
{
    Nvme *n = start("");

    make_io_queue(n);
    g_assert_cmphex(command(n, &n->io, sgl(NVME_IO_READ, 2, DATA, 1024, NVME_SGL_DATA)), ==, NVME_OK);
    check_blocks(n, DATA, 5, 2);
    g_assert_cmphex(command(n, &n->io, sgl(NVME_IO_READ, 2, DATA, 512, NVME_SGL_DATA)), ==, NVME_SGL_LENGTH_INVALID);
    g_assert_cmphex(command(n, &n->io, sgl(NVME_IO_READ, 2, DATA, 2048, NVME_SGL_DATA)), ==, NVME_SGL_LENGTH_INVALID);
    put_desc(n, 0, DATA, 1024, 0x7);
    g_assert_cmphex(command(n, &n->io, sgl(NVME_IO_READ, 2, LISTS, 16, NVME_SGL_LAST_SEGMENT)), ==, NVME_SGL_TYPE_INVALID);
    g_assert_cmphex(command(n, &n->io, sgl(NVME_IO_READ, 2, DATA, 1024, 0x7)), ==, NVME_SGL_SEGMENT_INVALID);
    put_desc(n, 0, DATA + 0x3001, 100, NVME_SGL_DATA);
    put_desc(n, 1, 0, 412, NVME_SGL_BIT_BUCKET);
    put_desc(n, 2, LISTS + 0x100, 16, NVME_SGL_LAST_SEGMENT);
    put_desc(n, 16, DATA + 0x5000, 512, NVME_SGL_DATA);
    g_assert_cmphex(command(n, &n->io, sgl(NVME_IO_READ, 2, LISTS, 48, NVME_SGL_SEGMENT)), ==, NVME_OK);
    g_assert_cmphex(qtest_readb(n->t, DATA + 0x3001), ==, 5);
    check_blocks(n, DATA + 0x5000, 6, 1);
    /* A segment that leads to itself ends at a limit. */
    put_desc(n, 0, LISTS, 16, NVME_SGL_SEGMENT);
    g_assert_cmphex(command(n, &n->io, sgl(NVME_IO_READ, 2, LISTS, 16, NVME_SGL_SEGMENT)), ==, NVME_SGL_COUNT_INVALID);
    g_assert_cmphex(command(n, &n->io, sgl(NVME_IO_READ, 2, LISTS, 15, NVME_SGL_SEGMENT)), ==, NVME_SGL_SEGMENT_INVALID);
    g_assert_cmphex(command(n, &n->io, sgl(NVME_IO_READ, 2, LISTS, 0, NVME_SGL_LAST_SEGMENT)), ==, NVME_SGL_SEGMENT_INVALID);
    stop(n);
}

static void test_dsm(void)
{
    Nvme *n = start("");
    NvmeCmd cmd = { .opcode = NVME_IO_DSM, .nsid = 1, .dptr1 = DATA, .cdw10 = 1, .cdw11 = NVME_DSM_DEALLOCATE };
    NvmeDsmRange ranges[2] = { { .nlb = 8, .slba = 0 }, { .nlb = 8, .slba = DISK_SIZE / 512 - 4 } };

    make_io_queue(n);
    qtest_memwrite(n->t, DATA, ranges, sizeof(ranges));
    g_assert_cmphex(command(n, &n->io, cmd), ==, NVME_LBA_RANGE);
    ranges[1].slba -= 4;
    qtest_memwrite(n->t, DATA, ranges, sizeof(ranges));
    g_assert_cmphex(command(n, &n->io, cmd), ==, NVME_OK);
    stop(n);
}

/* Bad doorbells become events, and the controller goes on. */
static void test_doorbells(void)
{
    Nvme *n = start("");
    NvmeCmd aer = { .opcode = NVME_ADM_ASYNC_EVENT, .cid = 0x55 };
    NvmeCqe cqe;

    qtest_memwrite(n->t, ASQ, &aer, sizeof(aer));
    n->admin.tail = 1;
    qtest_writel(n->t, BAR + 0x1000, 1);
    qtest_memread(n->t, ACQ, &cqe, sizeof(cqe));
    g_assert_cmpuint(cqe.status, ==, 0);
    for (unsigned i = 0; i < 0x400; i += 4) {
        if (i != 0x1000) {
            qtest_writel(n->t, BAR + 0x1008 + i, 0xffffffff);
        }
    }
    qtest_memread(n->t, ACQ, &cqe, sizeof(cqe));
    g_assert_cmpuint(cqe.status & 1, ==, 1);
    g_assert_cmpuint(cqe.cid, ==, 0x55);
    g_assert_cmphex(cqe.result, ==, NVME_LOG_ERROR << 16);
    n->admin.head = 1;
    qtest_writel(n->t, BAR + 0x1004, 1);
    qtest_writel(n->t, BAR + 0x1000, 0xffff);
    g_assert_cmphex(admin(n, NVME_ADM_IDENTIFY, 0, DATA, NVME_CNS_CTRL, 0), ==, NVME_OK);
    stop(n);
}

static void test_reset_and_shutdown(void)
{
    Nvme *n = start("");

    for (int round = 0; round < 5; round++) {
        make_io_queue(n);
        /* Leave commands under way, and take the queues away. */
        for (unsigned i = 0; i < 8; i++) {
            NvmeCmd cmd = rw(NVME_IO_READ, i * 8, 8, DATA + i * 0x1000, 0);
            qtest_memwrite(n->t, IOSQ + i * sizeof(cmd), &cmd, sizeof(cmd));
        }
        qtest_writel(n->t, BAR + 0x1008, 8);
        if (round == 1) {
            qtest_writew(n->t, cfg(0, 1, 0, 0x88), PCI_EXP_DEVCTL_BCR_FLR);
            g_assert_cmphex(qtest_readw(n->t, cfg(0, 1, 0, PCI_COMMAND)), ==, 0);
        } else if (round == 2) {
            json_decref(qtest_qmp_return(n->t, "{'execute': 'system_reset'}"));
            json_decref(qtest_qmp_event(n->t, "RESET"));
        } else {
            qtest_writel(n->t, BAR + NVME_REG_CC, 0);
            for (int i = 0; i < 5000 && qtest_readl(n->t, BAR + NVME_REG_CSTS); i++) {
                g_usleep(1000);
            }
            g_assert_cmphex(qtest_readl(n->t, BAR + NVME_REG_CSTS), ==, 0);
        }
        enable(n);
    }
    qtest_writel(n->t, BAR + NVME_REG_CC, 4 << 20 | 6 << 16 | 1 << 14 | 1);
    for (int i = 0; i < 5000 && qtest_readl(n->t, BAR + NVME_REG_CSTS) != 9; i++) {
        g_usleep(1000);
    }
    g_assert_cmphex(qtest_readl(n->t, BAR + NVME_REG_CSTS), ==, 9);
    stop(n);
}

/* Queues in no memory, a page size that does not exist: failed, not fallen over. */
static void test_bad_enable(void)
{
    Nvme *n = start("");

    qtest_writel(n->t, BAR + NVME_REG_CC, 0);
    qtest_writel(n->t, BAR + NVME_REG_CC, 15 << 7 | 1);
    g_assert_cmphex(qtest_readl(n->t, BAR + NVME_REG_CSTS), ==, 2);
    qtest_writel(n->t, BAR + NVME_REG_CC, 0);
    qtest_writel(n->t, BAR + NVME_REG_AQA, 0);
    qtest_writel(n->t, BAR + NVME_REG_CC, 1);
    g_assert_cmphex(qtest_readl(n->t, BAR + NVME_REG_CSTS), ==, 2);
    qtest_writel(n->t, BAR + NVME_REG_CC, 0);
    qtest_writel(n->t, BAR + NVME_REG_AQA, 0x1f001f);
    qtest_writeq(n->t, BAR + NVME_REG_ASQ, 0x0f000000);
    qtest_writel(n->t, BAR + NVME_REG_CC, 4 << 20 | 6 << 16 | 1);
    qtest_writel(n->t, BAR + 0x1000, 1);
    g_assert_cmphex(qtest_readl(n->t, BAR + NVME_REG_CSTS), ==, 3);
    for (unsigned reg = 0; reg < 0x40; reg++) {
        for (unsigned size = 0; size < 3; size++) {
            qtest_readb(n->t, BAR + reg);
            qtest_writew(n->t, BAR + (reg & ~1U), 0xffff);
            qtest_writel(n->t, BAR + (reg & ~3U), 0xa5a5a5a5);
        }
    }
    qtest_writel(n->t, BAR + NVME_REG_CC, 0);
    enable(n);
    g_assert_cmphex(admin(n, NVME_ADM_IDENTIFY, 0, DATA, NVME_CNS_CTRL, 0), ==, NVME_OK);
    stop(n);
}

static void test_shadow(gconstpointer with_ioeventfd)
{
    g_autofree char *disk = disk_new("disk");
    Nvme *n = g_new0(Nvme, 1);
    uint64_t dbs = LISTS + 0x10000, eis = LISTS + 0x11000;
    NvmeCqe cqe = { 0 };

    n->t = qtest_init(VIRT_ARGS "-drive if=none,id=d,format=raw,file=%s -device nvme,drive=d,serial=S1,bus=pcie.0,addr=1,ioeventfd=%s",
                      disk, with_ioeventfd ? "on" : "off");
    enable(n);
    make_io_queue(n);
    qtest_memset(n->t, dbs, 0, 0x2000);
    g_assert_cmphex(command(n, &n->admin, (NvmeCmd) { .opcode = NVME_ADM_DBBUF_CONFIG, .dptr1 = dbs, .dptr2 = eis }), ==, NVME_OK);
    for (unsigned i = 0; i < 4; i++) {
        NvmeCmd cmd = rw(NVME_IO_READ, i, 1, DATA + i * 0x1000, 0);

        cmd.cid = 0x100 + i;
        qtest_memwrite(n->t, IOSQ + i * sizeof(cmd), &cmd, sizeof(cmd));
    }
    qtest_writel(n->t, dbs + 8, 4);
    qtest_writel(n->t, BAR + 0x1008, 4);
    for (int i = 0; i < 5000 && !(cqe.status & 1); i++) {
        qtest_memread(n->t, IOCQ + 3 * sizeof(cqe), &cqe, sizeof(cqe));
        g_usleep(1000);
    }
    g_assert_cmpuint(cqe.status, ==, 1);
    check_blocks(n, DATA + 0x3000, 3, 1);
    qtest_writel(n->t, dbs + 8, 0xffffffff);            /* nonsense in the shadow is ignored */
    qtest_writel(n->t, BAR + 0x1008, 5);
    stop(n);
}

/* What a driver with shadow doorbells does: is it to ring for going from @old to @new? */
static bool must_ring(uint16_t event, uint16_t new, uint16_t old)
{
    return (uint16_t)(new - event - 1) < (uint16_t)(new - old);
}

enum { SHADOW_DBS = LISTS + 0x10000, SHADOW_EIS = LISTS + 0x11000, SHADOW_CQ_SIZE = 4 };

static void enable_msix(Nvme *n)
{
    int at = find_cap(n->t, 0, 1, PCI_CAP_ID_MSIX);

    g_assert_cmphex(at, !=, 0);
    qtest_writew(n->t, cfg(0, 1, 0, at + PCI_MSIX_FLAGS), PCI_MSIX_FLAGS_ENABLE);
}

static void submit_reads(Nvme *n, unsigned count)
{
    unsigned old = n->io.tail;

    for (unsigned i = 0; i < count; i++) {
        NvmeCmd cmd = rw(NVME_IO_READ, 0, 1, DATA, 0);

        qtest_memwrite(n->t, IOSQ + n->io.tail * sizeof(cmd), &cmd, sizeof(cmd));
        n->io.tail = (n->io.tail + 1) % QUEUE;
    }
    qtest_writel(n->t, SHADOW_DBS + 8, n->io.tail);
    if (must_ring(qtest_readl(n->t, SHADOW_EIS + 8), n->io.tail, old)) {
        qtest_writel(n->t, BAR + 0x1008, n->io.tail);
    }
}

/* Takes one completion; returns whether that took a ring. */
static bool take_completion(Nvme *n)
{
    unsigned old = n->io.head;
    NvmeCqe cqe;

    for (int i = 0; !answered(n, &n->io, &cqe); i++) {
        g_assert_cmpint(i, <, 5000);
        g_usleep(1000);
    }
    g_assert_cmpuint(cqe.status >> 1, ==, NVME_OK);
    n->io.head = (old + 1) % SHADOW_CQ_SIZE;
    n->io.phase ^= n->io.head == 0;
    qtest_writel(n->t, SHADOW_DBS + 12, n->io.head);
    if (!must_ring(qtest_readl(n->t, SHADOW_EIS + 12), n->io.head, old)) {
        return false;
    }
    qtest_writel(n->t, BAR + 0x100c, n->io.head);
    return true;
}

/* The guest is asked to ring for completions that it took when we wait for that, and seldom otherwise. */
static void test_shadow_rings(gconstpointer with_msix)
{
    Nvme *n = start("");
    unsigned rings = 0;

    g_assert_cmphex(admin(n, NVME_ADM_CREATE_CQ, 0, IOCQ, (SHADOW_CQ_SIZE - 1) << 16 | 1, 3), ==, NVME_OK);
    g_assert_cmphex(admin(n, NVME_ADM_CREATE_SQ, 0, IOSQ, (QUEUE - 1) << 16 | 1, 1 << 16 | 1), ==, NVME_OK);
    n->io = (Queue) { IOSQ, IOCQ, 1, .size = SHADOW_CQ_SIZE, .phase = 1 };
    if (with_msix) {
        enable_msix(n);
    }
    qtest_memset(n->t, SHADOW_DBS, 0, 0x2000);
    g_assert_cmphex(command(n, &n->admin, (NvmeCmd) { .opcode = NVME_ADM_DBBUF_CONFIG, .dptr1 = SHADOW_DBS, .dptr2 = SHADOW_EIS }), ==, NVME_OK);
    for (unsigned i = 0; i < 5; i++) {
        submit_reads(n, 3 * SHADOW_CQ_SIZE);    /* far more than fit */
        for (unsigned j = 0; j < 3 * SHADOW_CQ_SIZE; j++) {
            take_completion(n);
        }
    }
    for (unsigned i = 0; i < 40 * SHADOW_CQ_SIZE; i++) {
        submit_reads(n, 1);
        rings += take_completion(n);
    }
    if (with_msix) {
        g_assert_cmpuint(rings, <=, 41);
    } else {
        g_assert_cmpuint(rings, ==, 40 * SHADOW_CQ_SIZE);       /* each lowers the wire */
    }
    stop(n);
}

static void test_hotplug(void)
{
    g_autofree char *disk = disk_new("disk");
    QTestState *t = qtest_init(VIRT_ARGS "-drive if=none,id=d,format=raw,file=%s -device pcie-root-port,id=rp,bus=pcie.0,chassis=1,addr=2", disk);
    const char *add = "{'execute': 'device_add', 'arguments': {'driver': 'nvme', 'drive': 'd', 'serial': 'x', 'bus': 'rp', 'id': 'n'}}";

    number_bridge(t, 0, 2, 1, 1);
    for (int i = 0; i < 3; i++) {
        json_decref(qtest_qmp_return(t, "%s", add));
        qtest_writew(t, cfg(0, 2, 0, 0x54 + PCI_EXP_SLTCTL), 0x1c0);
        g_assert_cmphex(qtest_readl(t, cfg(1, 0, 0, 0)), ==, 0x00101b36);
        json_decref(qtest_qmp_return(t, "{'execute': 'device_del', 'arguments': {'id': 'n'}}"));
        qtest_writew(t, cfg(0, 2, 0, 0x54 + PCI_EXP_SLTCTL), 0x7c0);
        json_decref(qtest_qmp_event(t, "DEVICE_DELETED"));
    }
    qtest_quit(t);
}

static const struct { const char *args, *says; } wrong[] = {
    { "-device nvme", "serial" },
    { "-device nvme,serial=012345678901234567890", "longer" },
    { "-device nvme,serial=a,max_ioqpairs=0", "max_ioqpairs" },
    { "-device nvme,serial=a,msix_qsize=0", "msix_qsize" },
    { "-device nvme,serial=a,mdts=17", "mdts" },
    { "-device nvme,serial=a,drive=nothere", "nothere" },
    { "-device nvme,serial=a,id=n -device nvme-ns,bus=n", "drive" },
};

static void test_wrong(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        qtest_refused(wrong[i].says, "-accel qtest " VIRT_ARGS "%s", wrong[i].args);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/nvme/identify", test_identify);
    g_test_add_func("/nvme/admin", test_admin);
    g_test_add_func("/nvme/rw", test_rw);
    g_test_add_func("/nvme/bad-prp", test_bad_prp);
    g_test_add_func("/nvme/sgl", test_sgl);
    g_test_add_func("/nvme/dsm", test_dsm);
    g_test_add_func("/nvme/doorbells", test_doorbells);
    g_test_add_func("/nvme/reset", test_reset_and_shutdown);
    g_test_add_func("/nvme/bad-enable", test_bad_enable);
    g_test_add_data_func("/nvme/shadow", NULL, test_shadow);
    g_test_add_data_func("/nvme/shadow-ioeventfd", "on", test_shadow);
    g_test_add_data_func("/nvme/shadow-rings", NULL, test_shadow_rings);
    g_test_add_data_func("/nvme/shadow-rings-msix", "on", test_shadow_rings);
    g_test_add_func("/nvme/hotplug", test_hotplug);
    g_test_add_func("/nvme/wrong", test_wrong);
    return g_test_run();
}
