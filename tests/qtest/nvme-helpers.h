/*
 * An NVMe controller, at 00:01.0 if nothing else is said, from a test: bring-up, queues, one command at a time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_QTEST_NVME_HELPERS_H
#define TESTS_QTEST_NVME_HELPERS_H

#include "disk-helpers.h"
#include "hw/nvme/nvme-regs.h"
#include "pci-helpers.h"

enum { BAR = MMIO32, ASQ = RAM + 0x2000000, ACQ = ASQ + 0x1000, IOSQ = ASQ + 0x2000, IOCQ = ASQ + 0x4000, DATA = ASQ + 0x100000,
       LISTS = ASQ + 0x80000, QUEUE = 32 };

typedef struct Queue { uint64_t sq, cq; int id; unsigned tail, head, size; uint8_t phase; uint16_t cid; } Queue;
/* Offsets of one that is not the first: its BAR from BAR, its memory from ASQ on; and what it is told less of its memory. */
typedef struct Nvme { QTestState *t; Queue admin, io; uint32_t result; uint64_t bar, mem, iova; } Nvme;

/* Where its BAR is known, and decoded. */
static inline void enable_controller(Nvme *n)
{
    QTestState *t = n->t;
    uint64_t bar = BAR + n->bar, asq = ASQ + n->mem, acq = ACQ + n->mem;

    qtest_writel(t, bar + NVME_REG_CC, 0);
    qtest_memset(t, asq, 0, 0x10000);
    qtest_writel(t, bar + NVME_REG_AQA, (QUEUE - 1) << 16 | (QUEUE - 1));
    qtest_writeq(t, bar + NVME_REG_ASQ, asq - n->iova);
    qtest_writeq(t, bar + NVME_REG_ACQ, acq - n->iova);
    qtest_writel(t, bar + NVME_REG_CC, 4 << 20 | 6 << 16 | 1);
    g_assert_cmphex(qtest_readl(t, bar + NVME_REG_CSTS), ==, 1);
    n->admin = (Queue) { asq, acq, 0, .size = QUEUE, .phase = 1 };
}

static inline void enable(Nvme *n)
{
    qtest_writel(n->t, cfg(0, 1, 0, PCI_BASE_ADDRESS_0), BAR);
    qtest_writew(n->t, cfg(0, 1, 0, PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    enable_controller(n);
}

static inline void post(Nvme *n, Queue *q, NvmeCmd cmd)
{
    cmd.cid = ++q->cid;
    qtest_memwrite(n->t, q->sq + q->tail * sizeof(cmd), &cmd, sizeof(cmd));
    q->tail = (q->tail + 1) % q->size;
    qtest_writel(n->t, BAR + n->bar + NVME_REG_DOORBELLS + q->id * 8, q->tail);
}

static inline bool answered(Nvme *n, const Queue *q, NvmeCqe *cqe)
{
    qtest_memread(n->t, q->cq + q->head * sizeof(*cqe), cqe, sizeof(*cqe));
    return (cqe->status & 1) == q->phase;
}

/* Status of the oldest command, without the phase. */
static inline uint16_t wait_answer(Nvme *n, Queue *q)
{
    NvmeCqe cqe;

    for (int i = 0; i < 5000 && !answered(n, q, &cqe); i++) {
        g_usleep(1000);
    }
    g_assert_cmpuint(cqe.status & 1, ==, q->phase);
    q->head = (q->head + 1) % q->size;
    q->phase ^= q->head == 0;
    qtest_writel(n->t, BAR + n->bar + NVME_REG_DOORBELLS + q->id * 8 + 4, q->head);
    n->result = cqe.result;
    g_assert_cmpuint(cqe.cid, ==, q->cid);
    return (cqe.status >> 1) & ~NVME_DNR;
}

static inline uint16_t command(Nvme *n, Queue *q, NvmeCmd cmd)
{
    post(n, q, cmd);
    return wait_answer(n, q);
}

static inline uint16_t admin(Nvme *n, uint8_t opcode, uint32_t nsid, uint64_t prp1, uint32_t cdw10, uint32_t cdw11)
{
    return command(n, &n->admin, (NvmeCmd) { .opcode = opcode, .nsid = nsid, .dptr1 = prp1, .cdw10 = cdw10, .cdw11 = cdw11 });
}

static inline void make_io_queue(Nvme *n)
{
    g_assert_cmphex(admin(n, NVME_ADM_CREATE_CQ, 0, IOCQ + n->mem - n->iova, (QUEUE - 1) << 16 | 1, 1), ==, NVME_OK);
    g_assert_cmphex(admin(n, NVME_ADM_CREATE_SQ, 0, IOSQ + n->mem - n->iova, (QUEUE - 1) << 16 | 1, 1 << 16 | 1), ==, NVME_OK);
    n->io = (Queue) { IOSQ + n->mem, IOCQ + n->mem, 1, .size = QUEUE, .phase = 1 };
}

static inline NvmeCmd rw(uint8_t opcode, uint64_t slba, uint32_t blocks, uint64_t prp1, uint64_t prp2)
{
    return (NvmeCmd) { .opcode = opcode, .nsid = 1, .dptr1 = prp1, .dptr2 = prp2, .cdw10 = slba, .cdw11 = slba >> 32, .cdw12 = blocks - 1 };
}

#endif
