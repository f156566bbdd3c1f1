/*
 * SR-IOV, with NVMe as the physical function: the capability, VFs that come and
 * go, their memory, DMA and resets; secondary controllers and what the primary
 * gives them. Values marked "peer" are what the reference release answers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nvme-helpers.h"
#include "smmuv3-helpers.h"

#define VFS     4
#define PF_OPTIONS "serial=x,id=pf,subsys=sub,sriov_max_vfs=4,sriov_vq_flexible=10,sriov_vi_flexible=5,max_ioqpairs=14,msix_qsize=10," \
                   "sriov_max_vq_per_vf=5,sriov_max_vi_per_vf=3"
#define SUBSYS  "-device nvme-subsys,id=sub "
#define PF      SUBSYS "-device nvme,addr=1," PF_OPTIONS " "
#define DISKS   "-drive if=none,id=d,format=raw,file=%s -device nvme-ns,bus=pf,drive=d,nsid=1 "
enum { CAP = 0x120, CTRL = CAP + PCI_SRIOV_CTRL, NUM = CAP + PCI_SRIOV_NUM_VF, PAGES = CAP + PCI_SRIOV_SYS_PGSIZE,
       VF_BAR = CAP + PCI_SRIOV_BAR, DEVCTL = 0x80 + PCI_EXP_DEVCTL, VF_SIZE = 0x4000, VF_MMIO = MMIO32 + 0x800000 };
enum { ON = PCI_SRIOV_CTRL_VFE, MSE = PCI_SRIOV_CTRL_MSE, ACT_PRIMARY = 1, ACT_OFFLINE = 7, ACT_ASSIGN = 8, ACT_ONLINE = 9, VQ = 0, VI = 1 };

static uint16_t ctrl(QTestState *t)
{
    return qtest_readw(t, cfg(0, 1, 0, CTRL));
}

static void set_vfs(QTestState *t, uint16_t num)
{
    qtest_writew(t, cfg(0, 1, 0, CTRL), 0);
    qtest_writew(t, cfg(0, 1, 0, NUM), num);
    qtest_writel(t, cfg(0, 1, 0, VF_BAR), VF_MMIO);
    qtest_writew(t, cfg(0, 1, 0, CTRL), ON | MSE);
}

/* A VF has no ids: that it is there shows in what follows them. */
static bool seen(QTestState *t, unsigned vf)
{
    return qtest_readl(t, cfg(0, 1, 1 + vf, PCI_CLASS_REVISION)) != 0xffffffff;
}

static unsigned count_seen(QTestState *t)
{
    unsigned n = 0;

    for (unsigned vf = 0; vf < 7; vf++) {
        n += seen(t, vf);
    }
    return n;
}

/* --- The capability ---------------------------------------------------------------------- */

static const struct { uint8_t at, size; uint32_t value, ones, zeroes; } registers[] = {     /* peer */
    { 0x00, 4, 0x00010010, 0x00010010, 0x00010010 },
    { 0x04, 4, 0, 0, 0 },
    { 0x08, 2, 0, 0x18, 0 },            /* ones without VF Enable */
    { 0x0a, 2, 0, 0, 0 },
    { 0x0c, 2, VFS, VFS, VFS },
    { 0x0e, 2, VFS, VFS, VFS },
    { 0x10, 2, 0, 0xffff, 0 },
    { 0x12, 2, 0, 0, 0 },
    { 0x14, 2, 1, 1, 1 },
    { 0x16, 2, 1, 1, 1 },
    { 0x18, 2, 0, 0, 0 },
    { 0x1a, 2, 0x0010, 0x0010, 0x0010 },
    { 0x1c, 4, 0x553, 0x553, 0x553 },
    { 0x20, 4, 1, 1, 1 },               /* not one supported size: refused; the peer takes anything */
    { 0x24, 4, 4, 0xffffc004, 4 },
    { 0x28, 4, 0, 0xffffffff, 0 },
    { 0x2c, 4, 0, 0, 0 }, { 0x30, 4, 0, 0, 0 }, { 0x34, 4, 0, 0, 0 }, { 0x38, 4, 0, 0, 0 }, { 0x3c, 4, 0, 0, 0 },
};

static uint32_t read_sized(QTestState *t, uint64_t at, unsigned size)
{
    return size == 2 ? qtest_readw(t, at) : qtest_readl(t, at);
}

static void write_sized(QTestState *t, uint64_t at, unsigned size, uint32_t v)
{
    if (size == 2) {
        qtest_writew(t, at, v);
    } else {
        qtest_writel(t, at, v);
    }
}

static void test_capability(void)
{
    QTestState *t = qtest_init(VIRT_ARGS PF);

    g_assert_cmphex(find_ext_cap(t, 0, 1, PCI_EXT_CAP_ID_SRIOV), ==, CAP);
    g_assert_cmphex(find_ext_cap(t, 0, 1, PCI_EXT_CAP_ID_ARI), ==, 0x100);
    for (size_t i = 0; i < ARRAY_SIZE(registers); i++) {
        uint64_t at = cfg(0, 1, 0, CAP + registers[i].at);

        g_assert_cmphex(read_sized(t, at, registers[i].size), ==, registers[i].value);
        write_sized(t, at, registers[i].size, registers[i].at == PCI_SRIOV_CTRL ? 0xfffe : 0xffffffff);
        g_assert_cmphex(read_sized(t, at, registers[i].size), ==, registers[i].ones);
        write_sized(t, at, registers[i].size, 0);
        g_assert_cmphex(read_sized(t, at, registers[i].size), ==, registers[i].zeroes);
    }
    qtest_quit(t);
    t = qtest_init(VIRT_ARGS "-device nvme,addr=1,serial=x");
    g_assert_cmphex(find_ext_cap(t, 0, 1, PCI_EXT_CAP_ID_SRIOV), ==, 0);
    qtest_quit(t);
}

/* --- VFs come and go ---------------------------------------------------------------------- */

static void test_enable(void)
{
    QTestState *t = qtest_init(VIRT_ARGS PF);

    g_assert_cmpuint(count_seen(t), ==, 0);
    for (unsigned num = 0; num <= VFS; num++) {
        set_vfs(t, num);
        g_assert_cmphex(ctrl(t), ==, ON | MSE);
        g_assert_cmpuint(count_seen(t), ==, num);
        qtest_writew(t, cfg(0, 1, 0, NUM), 1);
        g_assert_cmphex(qtest_readw(t, cfg(0, 1, 0, NUM)), ==, num);     /* read only */
        qtest_writel(t, cfg(0, 1, 0, PAGES), 0x10);
        g_assert_cmphex(qtest_readl(t, cfg(0, 1, 0, PAGES)), ==, 1);
    }
    qtest_writew(t, cfg(0, 1, 0, CTRL), 0);
    g_assert_cmpuint(count_seen(t), ==, 0);
    for (unsigned num = VFS + 1; num <= 0xffff; num = num * 2 + 1) {    /* peer: VF Enable stays clear */
        set_vfs(t, num);
        g_assert_cmphex(ctrl(t), ==, MSE);
        g_assert_cmpuint(count_seen(t), ==, 0);
    }
    /* One byte at a time. */
    qtest_writew(t, cfg(0, 1, 0, NUM), 0);
    qtest_writeb(t, cfg(0, 1, 0, NUM), 3);
    qtest_writeb(t, cfg(0, 1, 0, CTRL), ON);
    g_assert_cmpuint(count_seen(t), ==, 3);
    qtest_writeb(t, cfg(0, 1, 0, CTRL + 1), 0xff);
    g_assert_cmpuint(count_seen(t), ==, 3);
    qtest_quit(t);
}

static unsigned functions_on_bus0(QTestState *t)
{
    g_autoptr(json_t) buses = qtest_qmp_return(t, "{'execute': 'query-pci'}");

    return json_array_size(json_object_get(json_array_get(buses, 0), "devices"));
}

static void test_query(void)
{
    QTestState *t = qtest_init(VIRT_ARGS PF);

    g_assert_cmpuint(functions_on_bus0(t), ==, 2);      /* host bridge and PF */
    set_vfs(t, 3);
    g_assert_cmpuint(functions_on_bus0(t), ==, 5);
    set_vfs(t, 0);
    g_assert_cmpuint(functions_on_bus0(t), ==, 2);
    qtest_quit(t);
}

static uint32_t writable(QTestState *t, int fn, int reg)
{
    uint64_t at = cfg(0, 1, fn, reg);
    uint32_t ones, zeroes;

    qtest_writel(t, at, 0xffffffff);
    ones = qtest_readl(t, at);
    qtest_writel(t, at, 0);
    zeroes = qtest_readl(t, at);
    return ones ^ zeroes;
}

/* Section 9.3.4: nothing of the header but Bus Master can be written. */
static void test_vf_config(void)
{
    QTestState *t = qtest_init(VIRT_ARGS PF);

    set_vfs(t, VFS);
    for (int fn = 1; fn <= VFS; fn++) {
        g_assert_cmphex(qtest_readl(t, cfg(0, 1, fn, PCI_VENDOR_ID)), ==, 0xffffffff);
        g_assert_cmphex(qtest_readl(t, cfg(0, 1, fn, PCI_CLASS_REVISION)), ==, 0x01080202);
        g_assert_cmphex(qtest_readl(t, cfg(0, 1, fn, PCI_SUBSYSTEM_VENDOR_ID)), ==, 0x11001af4);
        g_assert_cmphex(qtest_readb(t, cfg(0, 1, fn, PCI_INTERRUPT_PIN)), ==, 0);
        for (int reg = 0; reg < PCI_STD_HEADER_SIZEOF; reg += 4) {
            g_assert_cmphex(writable(t, fn, reg), ==, reg == PCI_COMMAND ? PCI_COMMAND_MASTER : 0);
        }
        g_assert_cmphex(qtest_readb(t, cfg(0, 1, fn, 0x40)), ==, PCI_CAP_ID_MSIX);
        g_assert_cmphex(qtest_readb(t, cfg(0, 1, fn, 0x80)), ==, PCI_CAP_ID_EXP);
        g_assert_cmphex(writable(t, fn, DEVCTL), ==, 0);
        g_assert_cmphex(qtest_readl(t, cfg(0, 1, fn, 0x100)), ==, 0x0001000e);      /* ARI, and nothing else */
    }
    qtest_quit(t);
}

/* --- Memory ----------------------------------------------------------------------------------- */

static bool decodes(QTestState *t, uint64_t at)
{
    return qtest_readl(t, at + NVME_REG_CSTS) == 2;     /* offline: CFS alone */
}

static void expect_decoded(QTestState *t, uint64_t base, uint64_t step, unsigned count)
{
    for (unsigned i = 0; i < VFS + 1; i++) {
        g_assert_true(decodes(t, base + i * step) == (i < count));
    }
}

static void test_bars(void)
{
    QTestState *t = qtest_init(VIRT_ARGS PF);
    uint64_t high = 0x8000000000ULL;

    set_vfs(t, 3);                      /* without Memory Space Enable of the PF */
    expect_decoded(t, VF_MMIO, VF_SIZE, 3);
    qtest_writew(t, cfg(0, 1, 0, CTRL), ON);
    expect_decoded(t, VF_MMIO, VF_SIZE, 0);
    qtest_writew(t, cfg(0, 1, 0, CTRL), ON | MSE);
    qtest_writel(t, cfg(0, 1, 0, VF_BAR), MMIO32);
    expect_decoded(t, VF_MMIO, VF_SIZE, 0);
    expect_decoded(t, MMIO32, VF_SIZE, 3);
    qtest_writel(t, cfg(0, 1, 0, VF_BAR), 0);
    qtest_writel(t, cfg(0, 1, 0, VF_BAR + 4), high >> 32);
    expect_decoded(t, high, VF_SIZE, 3);
    qtest_writel(t, cfg(0, 1, 0, VF_BAR + 4), 0);       /* base 0: not placed yet */
    expect_decoded(t, MMIO32, VF_SIZE, 0);
    qtest_writel(t, cfg(0, 1, 0, VF_BAR), 0xffffffff);  /* the end of everything: VFs that would wrap are not there */
    qtest_writel(t, cfg(0, 1, 0, VF_BAR + 4), 0xffffffff);
    expect_decoded(t, MMIO32, VF_SIZE, 0);
    qtest_quit(t);
}

/* Sized in system pages: 64 KiB apart, with 64 KiB pages. */
static void test_page_size(void)
{
    QTestState *t = qtest_init(VIRT_ARGS PF);

    for (unsigned bit = 0; bit < 32; bit++) {
        bool supported = 0x553 >> bit & 1;

        qtest_writel(t, cfg(0, 1, 0, PAGES), 1);
        qtest_writel(t, cfg(0, 1, 0, PAGES), BIT(bit));
        g_assert_cmphex(qtest_readl(t, cfg(0, 1, 0, PAGES)), ==, supported ? BIT(bit) : 1);
        qtest_writel(t, cfg(0, 1, 0, VF_BAR), 0xffffffff);
        g_assert_cmphex(qtest_readl(t, cfg(0, 1, 0, VF_BAR)), ==, (supported && bit > 2 ? ~((0x1000U << bit) - 1) : 0xffffc000) | 4);
    }
    qtest_writel(t, cfg(0, 1, 0, PAGES), 0x11);         /* two sizes */
    g_assert_cmphex(qtest_readl(t, cfg(0, 1, 0, PAGES)), ==, 1);
    qtest_writel(t, cfg(0, 1, 0, PAGES), 0x10);
    set_vfs(t, 3);
    expect_decoded(t, VF_MMIO, 0x10000, 3);
    g_assert_false(decodes(t, VF_MMIO + VF_SIZE));
    qtest_quit(t);
}

/* --- Secondary controllers ------------------------------------------------------------------------ */

static uint16_t manage(Nvme *pf, uint16_t cntlid, unsigned act, unsigned type, uint16_t nr)
{
    return admin(pf, NVME_ADM_VIRT_MGMT, 0, 0, (uint32_t)cntlid << 16 | type << 8 | act, nr);
}

static void identify(Nvme *n, uint8_t cns, uint32_t nsid, uint8_t *data)
{
    g_assert_cmphex(admin(n, NVME_ADM_IDENTIFY, nsid, DATA + n->mem - n->iova, cns, 0), ==, NVME_OK);
    qtest_memread(n->t, DATA + n->mem, data, 4096);
}

static void expect_secondary(Nvme *pf, unsigned vf, bool online, unsigned nvq, unsigned nvi)
{
    uint8_t data[4096], *e = data + 32 * (vf + 1);

    identify(pf, NVME_CNS_SECONDARIES, 0, data);
    g_assert_cmpuint(data[0], ==, VFS);
    g_assert_cmpuint(ldw_le_p(e), ==, vf + 1);
    g_assert_cmpuint(ldw_le_p(e + 2), ==, 0);
    g_assert_cmpuint(e[4], ==, online);
    g_assert_cmpuint(ldw_le_p(e + 8), ==, vf + 1);
    g_assert_cmpuint(ldw_le_p(e + 10), ==, nvq);
    g_assert_cmpuint(ldw_le_p(e + 12), ==, nvi);
}

/* The controller of VF @vf, whose memory is apart from others'. */
static Nvme vf_controller(QTestState *t, unsigned vf)
{
    return (Nvme) { .t = t, .bar = VF_MMIO + vf * VF_SIZE - BAR, .mem = (vf + 1) * 0x1000000ULL };
}

static void bring_online(Nvme *pf, unsigned vf)
{
    g_assert_cmphex(manage(pf, vf + 1, ACT_ASSIGN, VQ, 2), ==, NVME_OK);
    g_assert_cmphex(manage(pf, vf + 1, ACT_ASSIGN, VI, 1), ==, NVME_OK);
    g_assert_cmphex(manage(pf, vf + 1, ACT_ONLINE, 0, 0), ==, NVME_OK);
}

static Nvme start_vf(Nvme *pf, unsigned vf)
{
    Nvme n = vf_controller(pf->t, vf);

    bring_online(pf, vf);
    qtest_writew(pf->t, cfg(0, 1, 1 + vf, PCI_COMMAND), PCI_COMMAND_MASTER);
    enable_controller(&n);
    return n;
}

static void expect_block(Nvme *n, uint64_t lba)
{
    uint8_t data[512];

    g_assert_cmphex(command(n, &n->io, rw(NVME_IO_READ, lba, 1, DATA + n->mem - n->iova, 0)), ==, NVME_OK);
    qtest_memread(n->t, DATA + n->mem, data, sizeof(data));
    g_assert_cmphex(data[0], ==, lba & 0xff);
    g_assert_cmphex(data[511], ==, lba & 0xff);
}

/* Each step: the command, and what the peer answers. */
static void test_management(void)
{
    static const struct { uint8_t cntlid, act, type, nr; uint16_t status; } steps[] = {
        { 1, ACT_ONLINE, 0, 0, NVME_SECONDARY_STATE_INVALID },          /* nothing assigned */
        { 1, ACT_ASSIGN, VQ, 6, NVME_RESOURCES_NOT_AVAILABLE },         /* more than one may have */
        { 1, ACT_ASSIGN, VQ, 1, NVME_OK },
        { 1, ACT_ASSIGN, VI, 3, NVME_OK },
        { 1, ACT_ONLINE, 0, 0, NVME_SECONDARY_STATE_INVALID },          /* an admin queue and no other */
        { 1, ACT_ASSIGN, VQ, 4, NVME_OK },
        { 1, ACT_ONLINE, 0, 0, NVME_OK },
        { 1, ACT_ONLINE, 0, 0, NVME_OK },
        { 1, ACT_ASSIGN, VQ, 2, NVME_SECONDARY_STATE_INVALID },
        { 2, ACT_ASSIGN, VQ, 5, NVME_OK },
        { 3, ACT_ASSIGN, VQ, 2, NVME_RESOURCES_NOT_AVAILABLE },         /* one is left */
        { 3, ACT_ASSIGN, 2, 1, NVME_RESOURCE_ID_INVALID },
        { 9, ACT_ASSIGN, VQ, 1, NVME_CONTROLLER_ID_INVALID },
        { 0, ACT_OFFLINE, 0, 0, NVME_CONTROLLER_ID_INVALID },
        { 1, ACT_PRIMARY, VQ, 1, NVME_CONTROLLER_ID_INVALID },
        { 0, ACT_PRIMARY, VQ, 50, NVME_RESOURCES_NOT_AVAILABLE },
        { 0, ACT_PRIMARY, 3, 1, NVME_RESOURCE_ID_INVALID },
        { 1, 3, 0, 0, NVME_INVALID_FIELD },
        { 1, 0, 0, 0, NVME_INVALID_FIELD },
        { 4, ACT_ASSIGN, VQ, 0, NVME_OK },
        { 4, ACT_ONLINE, 0, 0, NVME_SECONDARY_STATE_INVALID },
        { 2, ACT_OFFLINE, 0, 0, NVME_OK },
    };
    QTestState *t = qtest_init(VIRT_ARGS PF);
    Nvme pf = { .t = t };
    uint8_t data[4096];

    enable(&pf);
    set_vfs(t, 3);
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        uint16_t status = manage(&pf, steps[i].cntlid, steps[i].act, steps[i].type, steps[i].nr);

        if (status != steps[i].status) {
            g_error("step %zu: status 0x%x, not 0x%x", i, status, steps[i].status);
        }
    }
    expect_secondary(&pf, 0, true, 4, 3);
    expect_secondary(&pf, 1, false, 0, 0);
    g_assert_cmphex(qtest_readl(t, cfg(0, 1, 1, 0x40)), ==, 0x00028011);        /* peer: three vectors */
    g_assert_cmphex(qtest_readl(t, cfg(0, 1, 2, 0x40)), ==, 0x00008011);
    identify(&pf, NVME_CNS_PRIMARY_CAPS, 0, data);
    g_assert_cmphex(data[4], ==, 3);
    g_assert_cmpuint(ldl_le_p(data + 32), ==, 10);
    g_assert_cmpuint(ldl_le_p(data + 36), ==, 4);
    g_assert_cmpuint(ldw_le_p(data + 42), ==, 5);
    g_assert_cmpuint(ldw_le_p(data + 44), ==, 5);
    g_assert_cmpuint(ldl_le_p(data + 64), ==, 5);
    g_assert_cmpuint(ldw_le_p(data + 76), ==, 3);
    identify(&pf, NVME_CNS_CTRLS, 0, data);
    g_assert_cmpuint(ldw_le_p(data), ==, 1 + VFS);
    qtest_quit(t);
}

/* The primary's own share changes when its function is reset, not by CC.EN. */
static void test_primary_share(void)
{
    QTestState *t = qtest_init(VIRT_ARGS PF);
    Nvme pf = { .t = t };

    enable(&pf);
    g_assert_cmphex(manage(&pf, 0, ACT_PRIMARY, VQ, 3), ==, NVME_OK);
    g_assert_cmphex(manage(&pf, 0, ACT_PRIMARY, VI, 2), ==, NVME_OK);
    enable(&pf);
    g_assert_cmphex(admin(&pf, NVME_ADM_GET_FEATURES, 0, 0, NVME_FEAT_QUEUES, 0), ==, NVME_OK);
    g_assert_cmphex(pf.result, ==, 0x00030003);         /* peer */
    g_assert_cmphex(qtest_readl(t, cfg(0, 1, 0, 0x40)), ==, 0x00048011);
    qtest_writew(t, cfg(0, 1, 0, DEVCTL), PCI_EXP_DEVCTL_BCR_FLR);
    enable(&pf);
    g_assert_cmphex(admin(&pf, NVME_ADM_GET_FEATURES, 0, 0, NVME_FEAT_QUEUES, 0), ==, NVME_OK);
    g_assert_cmphex(pf.result, ==, 0x00060006);
    g_assert_cmphex(qtest_readl(t, cfg(0, 1, 0, 0x40)), ==, 0x00068011);
    qtest_quit(t);
}

static void test_io(void)
{
    g_autofree char *disk = disk_new("sriov-io");
    QTestState *t = qtest_init(VIRT_ARGS PF DISKS, disk);
    Nvme pf = { .t = t }, vf[VFS];
    uint8_t data[4096];

    enable(&pf);
    set_vfs(t, VFS);
    for (unsigned i = 0; i < VFS; i++) {
        vf[i] = start_vf(&pf, i);
        identify(&vf[i], NVME_CNS_CTRL, 0, data);
        g_assert_cmphex(ldw_le_p(data), ==, PCI_VENDOR_ID_REDHAT);
        g_assert_cmpuint(ldw_le_p(data + 78), ==, i + 1);
        g_assert_cmpstr((char *)data + 768, ==, "nqn.2019-08.org.qemu:sub");
        g_assert_cmphex(admin(&vf[i], NVME_ADM_GET_FEATURES, 0, 0, NVME_FEAT_QUEUES, 0), ==, NVME_OK);
        g_assert_cmphex(vf[i].result, ==, 0);           /* one queue pair */
        g_assert_cmphex(manage(&vf[i], 1, ACT_OFFLINE, 0, 0), ==, NVME_INVALID_OPCODE);
        make_io_queue(&vf[i]);
        g_assert_cmphex(admin(&vf[i], NVME_ADM_CREATE_CQ, 0, IOCQ, (QUEUE - 1) << 16 | 2, 1), ==, NVME_QID_INVALID);
    }
    for (unsigned i = 0; i < VFS; i++) {
        expect_block(&vf[i], 5 + i);
    }
    /* Taken offline, it is gone for its driver; the others are not. */
    g_assert_cmphex(manage(&pf, 1, ACT_OFFLINE, 0, 0), ==, NVME_OK);
    g_assert_true(decodes(t, VF_MMIO));
    qtest_writel(t, VF_MMIO + NVME_REG_CC, 4 << 20 | 6 << 16 | 1);
    g_assert_true(decodes(t, VF_MMIO));
    expect_block(&vf[1], 99);
    enable(&pf);                        /* a reset of the primary takes all offline */
    for (unsigned i = 0; i < VFS; i++) {
        g_assert_true(decodes(t, VF_MMIO + i * VF_SIZE));
        expect_secondary(&pf, i, false, 0, 0);
    }
    qtest_quit(t);
}

/* Two physical controllers of one subsystem, and a namespace that is not for both. */
static void test_sharing(void)
{
    g_autofree char *one = disk_new("sriov-one"), *two = disk_new("sriov-two");
    QTestState *t = qtest_init(VIRT_ARGS PF DISKS "-drive if=none,id=e,format=raw,file=%s -device nvme-ns,bus=pf,drive=e,nsid=3,shared=off "
                               "-device nvme,serial=y,addr=2,subsys=sub", one, two);
    Nvme pf = { .t = t }, vf;
    uint8_t data[4096];

    enable(&pf);
    set_vfs(t, 1);
    vf = start_vf(&pf, 0);
    identify(&pf, NVME_CNS_NS_LIST, 0, data);
    g_assert_cmphex(ldq_le_p(data), ==, 3ULL << 32 | 1);
    identify(&vf, NVME_CNS_NS_LIST, 0, data);
    g_assert_cmphex(ldq_le_p(data), ==, 1);
    identify(&pf, NVME_CNS_NS, 1, data);
    g_assert_cmphex(data[30], ==, 1);
    identify(&pf, NVME_CNS_NS, 3, data);
    g_assert_cmphex(data[30], ==, 0);
    identify(&pf, NVME_CNS_NS_CTRLS, 1, data);
    g_assert_cmpuint(ldw_le_p(data), ==, 2 + VFS);
    identify(&pf, NVME_CNS_NS_CTRLS, 3, data);
    g_assert_cmphex(ldl_le_p(data), ==, 1);
    qtest_quit(t);
}

/* --- DMA ---------------------------------------------------------------------------------------------- */

static void test_bus_master(void)
{
    QTestState *t = qtest_init(VIRT_ARGS PF);
    Nvme pf = { .t = t }, vf;
    NvmeCqe cqe;

    enable(&pf);
    set_vfs(t, 2);
    vf = start_vf(&pf, 1);
    qtest_writew(t, cfg(0, 1, 2, PCI_COMMAND), 0);
    post(&vf, &vf.admin, (NvmeCmd) { .opcode = NVME_ADM_GET_FEATURES, .cdw10 = NVME_FEAT_QUEUES });
    g_assert_false(answered(&vf, &vf.admin, &cqe));
    g_assert_cmphex(manage(&pf, 2, ACT_ONLINE, 0, 0), ==, NVME_OK);     /* the PF's DMA is its own */
    qtest_quit(t);
}

enum { SMMU_PF_SLOT = 5, VF_IOVA = 0x10000000 };

/* Each VF has its stream: one's tables do not serve another, and the PF's are a third's. */
static void test_stream(void)
{
    SmmuTest s;
    Nvme pf, vf[2];
    uint8_t data[4096];
    uint64_t table;
    QTestState *t;

    smmu_start(&s, " " SUBSYS "-device nvme,addr=5," PF_OPTIONS " ");
    t = s.t;
    smmu_put_ste(&s, SMMU_PF_SLOT << 3, STE0(4ULL), 0, 0, 0);
    table = smmu_new_table(&s);
    smmu_put_ste(&s, SMMU_PF_SLOT << 3 | 1, STE0(6ULL), 0, STE2_USUAL | 7, table);
    smmu_put_ste(&s, SMMU_PF_SLOT << 3 | 2, STE0(6ULL), 0, STE2_USUAL | 8, smmu_new_table(&s));
    smmu_forget(&s);
    pf = (Nvme) { .t = t, .bar = 0x400000 };
    qtest_writel(t, cfg(0, SMMU_PF_SLOT, 0, PCI_BASE_ADDRESS_0), BAR + pf.bar);
    qtest_writew(t, cfg(0, SMMU_PF_SLOT, 0, PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    enable_controller(&pf);
    qtest_writew(t, cfg(0, SMMU_PF_SLOT, 0, NUM), 2);
    qtest_writel(t, cfg(0, SMMU_PF_SLOT, 0, VF_BAR), VF_MMIO);
    qtest_writew(t, cfg(0, SMMU_PF_SLOT, 0, CTRL), ON | MSE);
    for (unsigned i = 0; i < 2; i++) {
        vf[i] = vf_controller(t, i);
        vf[i].iova = ASQ + vf[i].mem - VF_IOVA;
        bring_online(&pf, i);
        qtest_writew(t, cfg(0, SMMU_PF_SLOT, 1 + i, PCI_COMMAND), PCI_COMMAND_MASTER);
        enable_controller(&vf[i]);
    }
    for (uint64_t at = ASQ; at < ASQ + 0x10000; at += 0x1000) {
        smmu_map(&s, table, 12, 25, 3, at + vf[0].mem - vf[0].iova, S2_PAGE(at + vf[0].mem));
    }
    smmu_map(&s, table, 12, 25, 3, DATA + vf[0].mem - vf[0].iova, S2_PAGE(DATA + vf[0].mem));
    smmu_forget(&s);
    identify(&vf[0], NVME_CNS_CTRL, 0, data);
    g_assert_cmpuint(ldw_le_p(data + 78), ==, 1);
    g_assert_cmphex(smmu_read(&s, SMMU_EVENTQ_PROD), ==, 0);
    /* The other's addresses are the same; it has no tables for them. */
    post(&vf[1], &vf[1].admin, (NvmeCmd) { .opcode = NVME_ADM_GET_FEATURES, .cdw10 = NVME_FEAT_QUEUES });
    g_assert_cmphex(smmu_read(&s, SMMU_EVENTQ_PROD), !=, 0);
    g_assert_cmphex(qtest_readl(t, EVENTQ) & 0xff, ==, SMMU_EVT_F_TRANSLATION);
    g_assert_cmphex(qtest_readl(t, EVENTQ + 4), ==, SMMU_PF_SLOT << 3 | 2);
    qtest_quit(t);
}

/* --- Resets ------------------------------------------------------------------------------------------- */

static void test_vf_flr(void)
{
    QTestState *t = qtest_init(VIRT_ARGS PF);
    Nvme pf = { .t = t }, vf[2];

    enable(&pf);
    set_vfs(t, 2);
    vf[0] = start_vf(&pf, 0);
    vf[1] = start_vf(&pf, 1);
    qtest_writew(t, cfg(0, 1, 1, 0x42), PCI_MSIX_FLAGS_ENABLE);
    qtest_writew(t, cfg(0, 1, 1, DEVCTL), PCI_EXP_DEVCTL_BCR_FLR);
    g_assert_cmphex(qtest_readw(t, cfg(0, 1, 1, PCI_COMMAND)), ==, 0);
    g_assert_cmphex(qtest_readw(t, cfg(0, 1, 1, 0x42)), ==, 0);
    g_assert_cmphex(qtest_readl(t, VF_MMIO + NVME_REG_CC), ==, 0);
    expect_secondary(&pf, 0, true, 2, 1);               /* peer: it keeps what it has, and stays online */
    g_assert_cmphex(qtest_readl(t, VF_MMIO + VF_SIZE + NVME_REG_CSTS), ==, 1);
    g_assert_cmphex(admin(&vf[1], NVME_ADM_GET_FEATURES, 0, 0, NVME_FEAT_QUEUES, 0), ==, NVME_OK);
    qtest_writew(t, cfg(0, 1, 1, PCI_COMMAND), PCI_COMMAND_MASTER);
    enable_controller(&vf[0]);
    g_assert_cmphex(admin(&vf[0], NVME_ADM_GET_FEATURES, 0, 0, NVME_FEAT_QUEUES, 0), ==, NVME_OK);
    qtest_quit(t);
}

static void expect_reset(QTestState *t)
{
    g_assert_cmphex(ctrl(t), ==, 0);
    g_assert_cmphex(qtest_readw(t, cfg(0, 1, 0, NUM)), ==, 0);
    g_assert_cmphex(qtest_readl(t, cfg(0, 1, 0, PAGES)), ==, 1);
    g_assert_cmphex(qtest_readl(t, cfg(0, 1, 0, VF_BAR)), ==, 4);
    g_assert_cmpuint(count_seen(t), ==, 0);
    expect_decoded(t, VF_MMIO, VF_SIZE, 0);
}

static void test_pf_reset(void)
{
    QTestState *t = qtest_init(VIRT_ARGS PF);

    for (int round = 0; round < 4; round++) {
        Nvme pf = { .t = t };

        enable(&pf);
        qtest_writel(t, cfg(0, 1, 0, PAGES), 4);        /* not a size of ours */
        set_vfs(t, 3);
        start_vf(&pf, 1);
        if (round & 1) {
            json_decref(qtest_qmp_return(t, "{'execute': 'system_reset'}"));
            json_decref(qtest_qmp_event(t, "RESET"));
        } else {
            qtest_writew(t, cfg(0, 1, 0, DEVCTL), PCI_EXP_DEVCTL_BCR_FLR);
        }
        expect_reset(t);
        enable(&pf);
        for (unsigned i = 0; i < VFS; i++) {
            expect_secondary(&pf, i, false, 0, 0);
        }
    }
    qtest_quit(t);
}

/* --- Behind a port -------------------------------------------------------------------------------------- */

#define PORT "-device pcie-root-port,id=rp,bus=pcie.0,chassis=1,addr=2 " SUBSYS
#define PORT_BUS 7

static void open_port(QTestState *t)
{
    number_bridge(t, 0, 2, PORT_BUS, PORT_BUS);
    open_window(t, 0, 2, MMIO32, 0x1000000);
}

static void enable_behind_port(QTestState *t, uint16_t num)
{
    qtest_writew(t, cfg(PORT_BUS, 0, 0, NUM), num);
    qtest_writel(t, cfg(PORT_BUS, 0, 0, VF_BAR), VF_MMIO);
    qtest_writew(t, cfg(PORT_BUS, 0, 0, CTRL), ON | MSE);
}

/* More than seven: routing ids go on into what would be the next device. */
static void test_many(void)
{
    QTestState *t = qtest_init(VIRT_ARGS PORT "-device nvme,bus=rp,serial=x,subsys=sub,sriov_max_vfs=100,sriov_vq_flexible=200,"
                               "sriov_vi_flexible=100,max_ioqpairs=210,msix_qsize=110");

    open_port(t);
    enable_behind_port(t, 100);
    for (unsigned devfn = 1; devfn < 256; devfn++) {
        bool there = qtest_readl(t, cfg(PORT_BUS, devfn >> 3, devfn & 7, PCI_CLASS_REVISION)) != 0xffffffff;

        g_assert_true(there == (devfn <= 100));
        g_assert_true(decodes(t, VF_MMIO + (devfn - 1) * VF_SIZE) == there);
    }
    qtest_writew(t, cfg(0, 2, 0, PCI_BRIDGE_CONTROL), PCI_BRIDGE_CTL_BUS_RESET);
    qtest_writew(t, cfg(0, 2, 0, PCI_BRIDGE_CONTROL), 0);
    g_assert_cmphex(qtest_readw(t, cfg(PORT_BUS, 0, 0, CTRL)), ==, 0);
    g_assert_cmphex(qtest_readl(t, cfg(PORT_BUS, 1, 0, PCI_CLASS_REVISION)), ==, 0xffffffff);
    qtest_quit(t);
}

enum { SLOT_ON = PCI_EXP_SLTCTL_PWR_IND_ON | PCI_EXP_SLTCTL_ATTN_IND_OFF,
       SLOT_OFF = PCI_EXP_SLTCTL_PWR_IND_OFF | PCI_EXP_SLTCTL_ATTN_IND_OFF | PCI_EXP_SLTCTL_PCC };

static void test_unplug(void)
{
    QTestState *t = qtest_init(VIRT_ARGS PORT);
    int slot = find_cap(t, 0, 2, PCI_CAP_ID_EXP) + PCI_EXP_SLTCTL;

    open_port(t);
    for (int round = 0; round < 5; round++) {
        json_t *event;

        json_decref(qtest_qmp_return(t, "{'execute': 'device_add', 'arguments': {'driver': 'nvme', 'bus': 'rp', 'id': 'card', 'serial': 'x',"
                                     "'subsys': 'sub', 'sriov_max_vfs': 20, 'sriov_vq_flexible': 40, 'sriov_vi_flexible': 20}}"));
        qtest_writew(t, cfg(0, 2, 0, slot), SLOT_ON);
        enable_behind_port(t, 20);
        g_assert_true(decodes(t, VF_MMIO + 19 * VF_SIZE));
        qtest_qmp_error(t, "GenericError", "goes with its physical function",
                        "{'execute': 'device_del', 'arguments': {'id': '/machine/peripheral/card/vf[3]'}}");
        json_decref(qtest_qmp_return(t, "{'execute': 'device_del', 'arguments': {'id': 'card'}}"));
        qtest_writew(t, cfg(0, 2, 0, slot), SLOT_OFF);
        event = qtest_qmp_event(t, "DEVICE_DELETED");
        g_assert_cmpstr(json_string_value(json_object_get(json_object_get(event, "data"), "device")), ==, "card");
        json_decref(event);
        for (unsigned devfn = 0; devfn < 32; devfn++) {
            g_assert_cmphex(qtest_readl(t, cfg(PORT_BUS, devfn >> 3, devfn & 7, PCI_CLASS_REVISION)), ==, 0xffffffff);
        }
        g_assert_false(decodes(t, VF_MMIO));
    }
    qtest_quit(t);
}

/* The third VF's place is taken: the first two go again, and fewer fit. */
static void test_no_place(void)
{
    QTestState *t = qtest_init(VIRT_ARGS PORT);
    int slot = find_cap(t, 0, 2, PCI_CAP_ID_EXP) + PCI_EXP_SLTCTL;

    open_port(t);
    json_decref(qtest_qmp_return(t, "{'execute': 'device_add', 'arguments': {'driver': 'nvme', 'bus': 'rp', 'id': 'other', 'serial': 'o',"
                                 "'addr': '0.3'}}"));
    for (int vfs = 4; vfs >= 2; vfs -= 2) {
        const char *add = "{'execute': 'device_add', 'arguments': {'driver': 'nvme', 'bus': 'rp', 'id': 'card', 'serial': 'x', 'addr': '0.0',"
                          "'multifunction': true, 'subsys': 'sub', 'sriov_max_vfs': %d, 'sriov_vq_flexible': 8, 'sriov_vi_flexible': 4}}";
        g_autofree char *command = g_strdup_printf(add, vfs);

        if (vfs > 2) {
            qtest_qmp_error(t, "GenericError", "function 3, wanted for nvme", "%s", command);
        } else {
            json_decref(qtest_qmp_return(t, "%s", command));
        }
    }
    qtest_writew(t, cfg(0, 2, 0, slot), SLOT_ON);
    enable_behind_port(t, 2);
    g_assert_true(decodes(t, VF_MMIO + VF_SIZE));
    qtest_quit(t);
}

/* --- Hostile guests ---------------------------------------------------------------------------------------- */

/* On, off, moved, over each other and over other things, with commands under way. */
static void test_loops(void)
{
    g_autofree char *disk = disk_new("sriov-loops");
    QTestState *t = qtest_init(VIRT_ARGS PF DISKS, disk);
    Nvme pf = { .t = t };

    enable(&pf);
    for (unsigned round = 0; round < 60; round++) {
        Nvme vf;

        set_vfs(t, 1 + round % VFS);
        vf = start_vf(&pf, round % VFS % (1 + round % VFS));
        make_io_queue(&vf);
        for (int i = 0; i < 8; i++) {
            post(&vf, &vf.io, rw(NVME_IO_READ, i, 8, DATA + vf.mem, 0));
        }
        switch (round % 5) {
        case 0:
            qtest_writel(t, cfg(0, 1, 0, VF_BAR), BAR - VF_SIZE);       /* the second is where the PF is */
            break;
        case 1:
            qtest_writel(t, cfg(0, 1, 0, VF_BAR + 4), 0xffffffff);
            qtest_writel(t, cfg(0, 1, 0, VF_BAR + 4), 0);
            break;
        case 2:
            manage(&pf, 1, ACT_OFFLINE, 0, 0);
            break;
        case 3:
            qtest_writew(t, cfg(0, 1, 1, DEVCTL), PCI_EXP_DEVCTL_BCR_FLR);
            break;
        }
        for (int i = 0; i < 4; i++) {
            qtest_writew(t, cfg(0, 1, 0, CTRL), i & 1 ? ON | MSE : 0);
        }
        qtest_writew(t, cfg(0, 1, 0, CTRL), 0);
        g_assert_cmpuint(count_seen(t), ==, 0);
    }
    set_vfs(t, VFS);
    enable(&pf);
    g_assert_cmpuint(count_seen(t), ==, VFS);
    qtest_quit(t);
}

/* --- Wrong uses ---------------------------------------------------------------------------------------------- */

static const struct { const char *args, *says; } wrong[] = {
    { "-device nvme,serial=x,sriov_max_vfs=4", "subsystem is required" },
    { SUBSYS "-device nvme,serial=x,subsys=sub,sriov_max_vfs=4", "needs sriov_vq_flexible= and sriov_vi_flexible=" },
    { "-device nvme,serial=x,sriov_vi_flexible=4", "need sriov_max_vfs" },
    { SUBSYS "-device nvme,serial=x,subsys=sub,sriov_max_vfs=4,sriov_vq_flexible=7,sriov_vi_flexible=4", "at least 8, two queues" },
    { SUBSYS "-device nvme,serial=x,subsys=sub,sriov_max_vfs=4,sriov_vq_flexible=8,sriov_vi_flexible=3", "at least 4, an interrupt" },
    { PF "-device nvme,serial=y,addr=1.2", "is taken by" },
    { SUBSYS "-device nvme,addr=1.2,serial=y -device nvme,addr=1,multifunction=on," PF_OPTIONS, "wanted for nvme" },
    { SUBSYS "-device nvme,addr=1f," PF_OPTIONS ",sriov_max_vfs=5,max_ioqpairs=64,sriov_vq_flexible=40,sriov_vi_flexible=9 "
      "-device nvme,addr=1e,serial=z,subsys=sub,sriov_max_vfs=16,sriov_vq_flexible=32,sriov_vi_flexible=16", "pass the end of the bus" },
    { SUBSYS "-device nvme," PF_OPTIONS ",max_ioqpairs=11", "max_ioqpairs" },
    { SUBSYS "-device nvme," PF_OPTIONS ",msix_qsize=5", "msix_qsize" },
    { SUBSYS "-device nvme,serial=x,subsys=sub,sriov_max_vfs=4,sriov_vq_flexible=8,sriov_vi_flexible=4,sriov_max_vq_per_vf=1", "from 2 to" },
    { SUBSYS "-device nvme,serial=x,subsys=sub,sriov_max_vfs=4,sriov_vq_flexible=8,sriov_vi_flexible=4,sriov_max_vi_per_vf=5", "from 1 to" },
    { "-device pcie-pci-bridge,id=b " SUBSYS "-device nvme,bus=b,addr=2," PF_OPTIONS, "PCI Express bus" },
    { "-device nvme-subsys", "id= is missing" },
    { "-device nvme,serial=x,sriov-pf=y", "sriov-pf is not supported" },
};

static void expect_refused(const char *args, const char *says)
{
    qtest_refused(says, VIRT_RUN_ARGS "%s", args);
}

static void test_wrong(void)
{
    g_autofree char *disk = disk_new("sriov-wrong");
    g_autofree char *own = g_strdup_printf(SUBSYS "-drive if=none,id=d,format=raw,file=%s -device nvme,serial=x,subsys=sub,drive=d", disk);

    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        expect_refused(wrong[i].args, wrong[i].says);
    }
    expect_refused(own, "controllers without a subsystem");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sriov/capability", test_capability);
    g_test_add_func("/sriov/enable", test_enable);
    g_test_add_func("/sriov/query", test_query);
    g_test_add_func("/sriov/vf-config", test_vf_config);
    g_test_add_func("/sriov/bars", test_bars);
    g_test_add_func("/sriov/page-size", test_page_size);
    g_test_add_func("/sriov/management", test_management);
    g_test_add_func("/sriov/primary-share", test_primary_share);
    g_test_add_func("/sriov/io", test_io);
    g_test_add_func("/sriov/sharing", test_sharing);
    g_test_add_func("/sriov/bus-master", test_bus_master);
    g_test_add_func("/sriov/stream", test_stream);
    g_test_add_func("/sriov/vf-flr", test_vf_flr);
    g_test_add_func("/sriov/pf-reset", test_pf_reset);
    g_test_add_func("/sriov/many", test_many);
    g_test_add_func("/sriov/unplug", test_unplug);
    g_test_add_func("/sriov/no-place", test_no_place);
    g_test_add_func("/sriov/loops", test_loops);
    g_test_add_func("/sriov/wrong", test_wrong);
    return g_test_run();
}
