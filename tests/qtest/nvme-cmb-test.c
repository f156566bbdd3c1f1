/*
 * The controller memory buffer of an NVMe controller: registers, the host CPU's
 * accesses in BAR 2, queues, lists and data in it, and what may not be there.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nvme-helpers.h"

/* The buffer's size, where BAR 2 is for the CPU, and where the buffer is for the controller. */
enum { SIZE = 2 * MiB, BAR2 = BAR + 0x1000000 };
#define CBA             0x800000000ULL
#define MSC_ON          3               /* CRE, CMSE */
#define CMBLOC          0x62
#define CMBSZ           0x221d          /* 2 MiB; submission queues, lists, reads, writes */
enum { LIST_AT = 0x8000, DATA_AT = 0x20000, SQ_AT = 0x10000 };

static void map_bar2(Nvme *n)
{
    qtest_writel(n->t, cfg(0, 1, 0, PCI_BASE_ADDRESS_2), BAR2);
    qtest_writel(n->t, cfg(0, 1, 0, PCI_BASE_ADDRESS_2 + 4), 0);
}

static Nvme start(const char *more)
{
    g_autofree char *disk = disk_new("disk");
    Nvme n = { .t = qtest_init(VIRT_ARGS "-drive if=none,id=d,format=raw,file=%s "
                               "-device nvme,id=n,drive=d,serial=S1,bus=pcie.0,addr=1,cmb_size_mb=2%s", disk, more) };

    map_bar2(&n);
    enable(&n);
    return n;
}

static void place(Nvme *n, uint64_t msc)
{
    qtest_writel(n->t, BAR + NVME_REG_CMBMSC + 4, msc >> 32);
    qtest_writel(n->t, BAR + NVME_REG_CMBMSC, msc);
}

static Nvme start_placed(void)
{
    Nvme n = start("");

    place(&n, CBA | MSC_ON);
    make_io_queue(&n);
    return n;
}

static void check_registers(Nvme *n, bool shown, uint64_t msc, uint32_t sts)
{
    g_assert_cmphex(qtest_readl(n->t, BAR + NVME_REG_CMBLOC), ==, shown ? CMBLOC : 0);
    g_assert_cmphex(qtest_readl(n->t, BAR + NVME_REG_CMBSZ), ==, shown ? CMBSZ : 0);
    g_assert_cmphex(qtest_readq(n->t, BAR + NVME_REG_CMBMSC), ==, msc);
    g_assert_cmphex(qtest_readl(n->t, BAR + NVME_REG_CMBSTS), ==, sts);
}

static void test_registers(void)
{
    Nvme n = start("");

    qtest_writel(n.t, cfg(0, 1, 0, PCI_BASE_ADDRESS_2), ~0U);
    g_assert_cmphex(qtest_readl(n.t, cfg(0, 1, 0, PCI_BASE_ADDRESS_2)), ==, (uint32_t)-SIZE | 0xc);
    map_bar2(&n);
    g_assert_cmphex(qtest_readq(n.t, BAR) >> 57 & 1, ==, 1);
    check_registers(&n, false, 0, 0);
    place(&n, 1);
    check_registers(&n, true, 1, 0);
    qtest_writeq(n.t, BAR + NVME_REG_CMBMSC, CBA | 0xfff);
    check_registers(&n, true, CBA | MSC_ON, 0);
    place(&n, CBA | 2);
    check_registers(&n, false, CBA | 2, 0);
    /* The last place there is, and a page further. */
    place(&n, -(uint64_t)SIZE | MSC_ON);
    check_registers(&n, true, -(uint64_t)SIZE | MSC_ON, 0);
    place(&n, (-(uint64_t)SIZE + 0x1000) | MSC_ON);
    check_registers(&n, true, (-(uint64_t)SIZE + 0x1000) | MSC_ON, 1);
    qtest_writel(n.t, BAR + NVME_REG_CMBLOC, ~0U);
    qtest_writel(n.t, BAR + NVME_REG_CMBSZ, ~0U);
    place(&n, CBA | MSC_ON);
    check_registers(&n, true, CBA | MSC_ON, 0);
    qtest_quit(n.t);
}

/* Disabling the controller, and a reset of the function, leave it where it is; a reset of the machine does not. */
static void test_resets(void)
{
    Nvme n = start_placed();
    int exp = find_cap(n.t, 0, 1, PCI_CAP_ID_EXP);

    qtest_writel(n.t, BAR + NVME_REG_CC, 0);
    check_registers(&n, true, CBA | MSC_ON, 0);
    qtest_writew(n.t, cfg(0, 1, 0, exp + PCI_EXP_DEVCTL), PCI_EXP_DEVCTL_BCR_FLR);
    enable(&n);
    check_registers(&n, true, CBA | MSC_ON, 0);
    json_decref(qtest_qmp_return(n.t, "{'execute': 'system_reset'}"));
    json_decref(qtest_qmp_event(n.t, "RESET"));
    enable(&n);
    check_registers(&n, false, 0, 0);
    qtest_quit(n.t);
}

static void test_cpu(void)
{
    Nvme n = start("");
    uint8_t data[64], back[64];

    for (unsigned i = 0; i < sizeof(data); i++) {
        data[i] = i;
    }
    qtest_memwrite(n.t, BAR2 + 0x101, data, sizeof(data));
    qtest_memread(n.t, BAR2 + 0x101, back, sizeof(back));
    g_assert_cmpmem(data, sizeof(data), back, sizeof(back));
    /* The last byte, and what leads across the end. */
    qtest_writel(n.t, BAR2 + SIZE - 1, 0x44332211);
    g_assert_cmphex(qtest_readb(n.t, BAR2 + SIZE - 1), ==, 0x11);
    g_assert_cmphex(qtest_readw(n.t, BAR2 + SIZE - 1), !=, 0x2211);
    g_assert_cmphex(qtest_readl(n.t, BAR2 + SIZE - 1), !=, 0x44332211);
    qtest_writeq(n.t, BAR2 + SIZE - 4, 0x8877665544332211);
    g_assert_cmphex(qtest_readl(n.t, BAR2 + SIZE - 4), ==, 0x44332211);
    g_assert_cmphex(qtest_readq(n.t, BAR2 + SIZE - 4), !=, 0x8877665544332211);
    qtest_quit(n.t);
}

static void test_data(void)
{
    Nvme n = start_placed();

    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 5, 8, CBA + DATA_AT, 0)), ==, NVME_OK);
    g_assert_cmphex(qtest_readb(n.t, BAR2 + DATA_AT), ==, 5);
    g_assert_cmphex(qtest_readb(n.t, BAR2 + DATA_AT + 4095), ==, 12);
    qtest_writeb(n.t, BAR2 + DATA_AT, 0xa5);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_WRITE, 200, 1, CBA + DATA_AT, 0)), ==, NVME_OK);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_COMPARE, 200, 1, CBA + DATA_AT, 0)), ==, NVME_OK);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 200, 1, DATA, 0)), ==, NVME_OK);
    g_assert_cmphex(qtest_readb(n.t, DATA), ==, 0xa5);
    g_assert_cmphex(admin(&n, NVME_ADM_IDENTIFY, 0, CBA + DATA_AT, NVME_CNS_CTRL, 0), ==, NVME_OK);
    g_assert_cmphex(qtest_readw(n.t, BAR2 + DATA_AT), ==, 0x1b36);
    /* BAR 2 is memory like any other for whoever reaches it. */
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 6, 1, BAR2 + DATA_AT, 0)), ==, NVME_OK);
    g_assert_cmphex(qtest_readb(n.t, BAR2 + DATA_AT), ==, 6);
    /* The last page of it, then gone from there: what is behind that address is the host's affair. */
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 16, 8, CBA + SIZE - 4096, 0)), ==, NVME_OK);
    g_assert_cmphex(qtest_readb(n.t, BAR2 + SIZE - 1), ==, 23);
    place(&n, CBA | 1);
    command(&n, &n.io, rw(NVME_IO_READ, 9, 1, CBA + DATA_AT, 0));
    g_assert_cmphex(qtest_readb(n.t, BAR2 + DATA_AT), ==, 6);
    qtest_quit(n.t);
}

static void make_list(Nvme *n, uint64_t list, uint64_t data, unsigned pages)
{
    for (unsigned i = 0; i < pages; i++) {
        qtest_writeq(n->t, list + i * 8, data + i * 4096);
    }
}

static void test_lists(void)
{
    Nvme n = start_placed();
    NvmeCmd sgl = rw(NVME_IO_READ, 16, 16, CBA + LIST_AT, (uint64_t)NVME_SGL_LAST_SEGMENT << 60 | 32);

    make_list(&n, BAR2 + LIST_AT, CBA + DATA_AT, 8);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 16, 72, CBA, CBA + LIST_AT)), ==, NVME_OK);
    g_assert_cmphex(qtest_readb(n.t, BAR2), ==, 16);
    g_assert_cmphex(qtest_readb(n.t, BAR2 + DATA_AT), ==, 24);
    g_assert_cmphex(qtest_readb(n.t, BAR2 + DATA_AT + 8 * 4096 - 1), ==, 87);
    /* A list on the other side than its data. */
    make_list(&n, BAR2 + LIST_AT, DATA + 0x1000, 8);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 32, 72, DATA, CBA + LIST_AT)), ==, NVME_OK);
    g_assert_cmphex(qtest_readb(n.t, DATA + 0x1000), ==, 40);
    make_list(&n, LISTS, CBA + DATA_AT, 8);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 48, 72, CBA, LISTS)), ==, NVME_OK);
    g_assert_cmphex(qtest_readb(n.t, BAR2 + DATA_AT), ==, 56);
    sgl.flags = 1 << 6;
    for (unsigned i = 0; i < 2; i++) {
        qtest_writeq(n.t, BAR2 + LIST_AT + i * 16, CBA + DATA_AT + i * 0x3000);
        qtest_writeq(n.t, BAR2 + LIST_AT + i * 16 + 8, 4096);
    }
    g_assert_cmphex(command(&n, &n.io, sgl), ==, NVME_OK);
    g_assert_cmphex(qtest_readb(n.t, BAR2 + DATA_AT + 0x3000), ==, 24);
    qtest_quit(n.t);
}

/* Data half here, half there; and what is across an edge. */
static void test_mixed(void)
{
    Nvme n = start_placed();
    static const uint64_t edges[] = { CBA + SIZE - 4096, CBA - 4096 };

    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 0, 16, DATA, CBA)), ==, NVME_CMB_INVALID_USE);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_WRITE, 0, 16, CBA, DATA)), ==, NVME_CMB_INVALID_USE);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 0, 16, CBA + SIZE - 4096, CBA + SIZE)), ==, NVME_CMB_INVALID_USE);
    for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
        NvmeCmd sgl = rw(NVME_IO_READ, 0, 16, edges[i], 8192);

        sgl.flags = 1 << 6;
        g_assert_cmphex(command(&n, &n.io, sgl), ==, NVME_CMB_INVALID_USE);
    }
    make_list(&n, BAR2 + LIST_AT, DATA, 8);
    qtest_writeq(n.t, BAR2 + LIST_AT + 24, CBA);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 0, 72, DATA + 0x10000, CBA + LIST_AT)), ==, NVME_CMB_INVALID_USE);
    /* At the top of all addresses a list, and data, that go round to 0. */
    place(&n, -(uint64_t)SIZE | MSC_ON);
    command(&n, &n.io, rw(NVME_IO_READ, 0, 72, -4096ULL, -8ULL));
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 7, 8, -4096ULL, 0)), ==, NVME_OK);
    g_assert_cmphex(qtest_readb(n.t, BAR2 + SIZE - 1), ==, 14);
    qtest_quit(n.t);
}

static void test_queues(void)
{
    Nvme n = start_placed();
    Queue q = { BAR2 + SQ_AT, IOCQ, 2, .size = QUEUE, .phase = 1 };

    g_assert_cmphex(admin(&n, NVME_ADM_DELETE_SQ, 0, 0, 1, 0), ==, NVME_OK);
    g_assert_cmphex(admin(&n, NVME_ADM_CREATE_CQ, 0, CBA + SQ_AT, (QUEUE - 1) << 16 | 2, 1), ==, NVME_CMB_INVALID_USE);
    g_assert_cmphex(admin(&n, NVME_ADM_CREATE_SQ, 0, CBA + SIZE - 4096, 127U << 16 | 2, 1 << 16 | 1), ==, NVME_CMB_INVALID_USE);
    g_assert_cmphex(admin(&n, NVME_ADM_CREATE_SQ, 0, CBA - 4096, 127U << 16 | 2, 1 << 16 | 1), ==, NVME_CMB_INVALID_USE);
    g_assert_cmphex(admin(&n, NVME_ADM_CREATE_SQ, 0, CBA + SQ_AT, (QUEUE - 1) << 16 | 2, 1 << 16 | 1), ==, NVME_OK);
    for (unsigned i = 0; i < QUEUE + 3; i++) {
        post(&n, &q, rw(NVME_IO_READ, i, 1, CBA + DATA_AT, 0));
        q.id = 1;                       /* of the completion queue */
        g_assert_cmphex(wait_answer(&n, &q), ==, NVME_OK);
        q.id = 2;
        g_assert_cmphex(qtest_readb(n.t, BAR2 + DATA_AT), ==, i);
    }
    /* It is moved away under a queue: commands come from what is there now, and nothing else happens. */
    place(&n, (CBA + 16 * MiB) | MSC_ON);
    post(&n, &q, rw(NVME_IO_READ, 1, 1, DATA, 0));
    g_assert_cmphex(qtest_readl(n.t, BAR + NVME_REG_CSTS) & 1, ==, 1);
    qtest_quit(n.t);
}

static void test_admin_queues(void)
{
    Nvme n = start_placed();

    qtest_writel(n.t, BAR + NVME_REG_CC, 0);
    qtest_writeq(n.t, BAR + NVME_REG_ASQ, CBA + SQ_AT);
    qtest_memset(n.t, ACQ, 0, 4096);
    qtest_writel(n.t, BAR + NVME_REG_CC, 4 << 20 | 6 << 16 | 1);
    g_assert_cmphex(qtest_readl(n.t, BAR + NVME_REG_CSTS), ==, 1);
    n.admin = (Queue) { BAR2 + SQ_AT, ACQ, 0, .size = QUEUE, .phase = 1 };
    g_assert_cmphex(admin(&n, NVME_ADM_IDENTIFY, 0, DATA, NVME_CNS_CTRL, 0), ==, NVME_OK);
    qtest_writel(n.t, BAR + NVME_REG_CC, 0);
    qtest_writeq(n.t, BAR + NVME_REG_ACQ, CBA + 0x1000);
    qtest_writel(n.t, BAR + NVME_REG_CC, 4 << 20 | 6 << 16 | 1);
    g_assert_cmphex(qtest_readl(n.t, BAR + NVME_REG_CSTS), ==, 2);
    qtest_quit(n.t);
}

static void test_legacy(void)
{
    Nvme n = start(",legacy-cmb=on");

    check_registers(&n, true, 0, 0);
    qtest_writel(n.t, BAR + NVME_REG_CMBMSC + 4, 0);
    check_registers(&n, true, 0, 0);
    make_io_queue(&n);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 5, 8, BAR2 + DATA_AT, 0)), ==, NVME_OK);
    g_assert_cmphex(qtest_readb(n.t, BAR2 + DATA_AT), ==, 5);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 0, 16, DATA, BAR2)), ==, NVME_CMB_INVALID_USE);
    place(&n, CBA | MSC_ON);
    g_assert_cmphex(command(&n, &n.io, rw(NVME_IO_READ, 7, 8, CBA + DATA_AT, 0)), ==, NVME_OK);
    g_assert_cmphex(qtest_readb(n.t, BAR2 + DATA_AT), ==, 7);
    place(&n, 0);
    check_registers(&n, false, 0, 0);
    qtest_quit(n.t);
}

/* Not there unless a size is asked for; address 0 is nowhere, as ever. */
static void test_none(const void *more)
{
    Nvme n = { .t = qtest_init(VIRT_ARGS "-device nvme,serial=S1,bus=pcie.0,addr=1%s", (const char *)more) };

    enable(&n);
    check_registers(&n, false, 0, 0);
    g_assert_cmphex(admin(&n, NVME_ADM_IDENTIFY, 0, 0, NVME_CNS_CTRL, 0), !=, NVME_CMB_INVALID_USE);
    place(&n, CBA | MSC_ON);
    check_registers(&n, false, 0, 0);
    g_assert_cmphex(qtest_readq(n.t, BAR) >> 57 & 1, ==, 0);
    g_assert_cmphex(qtest_readl(n.t, cfg(0, 1, 0, PCI_BASE_ADDRESS_2)), ==, 0);
    qtest_quit(n.t);
}

/* Its memory goes with it. */
static void test_unplug(void)
{
    g_autofree char *disk = disk_new("disk");
    QTestState *t = qtest_init(VIRT_ARGS "-drive if=none,id=d,format=raw,file=%s -device pcie-root-port,id=rp,bus=pcie.0,chassis=1,addr=2", disk);

    number_bridge(t, 0, 2, 1, 1);
    for (int i = 0; i < 3; i++) {
        json_decref(qtest_qmp_return(t, "{'execute': 'device_add', 'arguments': {'driver': 'nvme', 'drive': 'd', 'serial': 'x', 'bus': 'rp', "
                                     "'id': 'n', 'cmb_size_mb': 4}}"));
        qtest_writew(t, cfg(0, 2, 0, 0x54 + PCI_EXP_SLTCTL), 0x1c0);
        g_assert_cmphex(qtest_readl(t, cfg(1, 0, 0, PCI_BASE_ADDRESS_2)), ==, 0xc);
        json_decref(qtest_qmp_return(t, "{'execute': 'device_del', 'arguments': {'id': 'n'}}"));
        qtest_writew(t, cfg(0, 2, 0, 0x54 + PCI_EXP_SLTCTL), 0x7c0);
        json_decref(qtest_qmp_event(t, "DEVICE_DELETED"));
    }
    qtest_quit(t);
}

static const struct { const char *args, *says; } wrong[] = {
    { "-device nvme,serial=a,cmb_size_mb=3", "power of two" },
    { "-device nvme,serial=a,cmb_size_mb=1048576", "power of two up to" },
    { "-device nvme-subsys,id=s -device nvme,serial=a,subsys=s,cmb_size_mb=2,sriov_max_vfs=1,sriov_vq_flexible=2,sriov_vi_flexible=1", "together" },
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
    g_test_add_func("/nvme/cmb/registers", test_registers);
    g_test_add_func("/nvme/cmb/resets", test_resets);
    g_test_add_func("/nvme/cmb/cpu", test_cpu);
    g_test_add_func("/nvme/cmb/data", test_data);
    g_test_add_func("/nvme/cmb/lists", test_lists);
    g_test_add_func("/nvme/cmb/mixed", test_mixed);
    g_test_add_func("/nvme/cmb/queues", test_queues);
    g_test_add_func("/nvme/cmb/admin-queues", test_admin_queues);
    g_test_add_func("/nvme/cmb/legacy", test_legacy);
    g_test_add_data_func("/nvme/cmb/none", "", test_none);
    g_test_add_data_func("/nvme/cmb/none-legacy", ",legacy-cmb=on", test_none);
    g_test_add_func("/nvme/cmb/unplug", test_unplug);
    g_test_add_func("/nvme/cmb/wrong", test_wrong);
    return g_test_run();
}
