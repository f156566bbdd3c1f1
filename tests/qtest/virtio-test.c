/*
 * The virtio core and its transports, with the entropy device as the simplest
 * user: every transport and ring format, notifications, resets, hostile rings.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/stat.h>
#include "virtio-rng-helpers.h"

#define LAST_TRANSPORT  31              /* the first device on the command line goes here */
#define MODERN          "-global virtio-mmio.force-legacy=false "

typedef struct Case { const char *name, *args; VKind kind; uint64_t features; } Case;

/* All ways to reach an entropy device. */
static const Case cases[] = {
    { "pci/split", "-device virtio-rng-pci,addr=1", VDEV_PCI, 0 },
    { "pci/split-event-idx", "-device virtio-rng-pci,addr=1", VDEV_PCI, F(VIRTIO_RING_F_EVENT_IDX) | F(VIRTIO_RING_F_INDIRECT_DESC) },
    { "pci/packed", "-device virtio-rng-pci,addr=1,packed=on", VDEV_PCI, F(VIRTIO_F_RING_PACKED) },
    { "pci/packed-event-idx", "-device virtio-rng-pci,addr=1,packed=on", VDEV_PCI,
      F(VIRTIO_F_RING_PACKED) | F(VIRTIO_RING_F_EVENT_IDX) | F(VIRTIO_RING_F_INDIRECT_DESC) },
    { "pci/page-per-vq", "-device virtio-rng-pci,addr=1,page-per-vq=on", VDEV_PCI, 0 },
    { "pci/no-ioeventfd", "-device virtio-rng-pci,addr=1,ioeventfd=off", VDEV_PCI, 0 },
    { "pci/platform-addresses", "-device virtio-rng-pci,addr=1,iommu_platform=on", VDEV_PCI, F(VIRTIO_F_ACCESS_PLATFORM) },
    { "pci/non-transitional", "-device virtio-rng-pci-non-transitional,addr=1", VDEV_PCI, 0 },
    { "pci/legacy", "-device virtio-rng-pci,addr=1", VDEV_PCI_LEGACY, F(VIRTIO_RING_F_INDIRECT_DESC) },
    { "mmio/split", MODERN "-device virtio-rng-device", VDEV_MMIO, F(VIRTIO_RING_F_INDIRECT_DESC) },
    { "mmio/packed", MODERN "-device virtio-rng-device,packed=on", VDEV_MMIO, F(VIRTIO_F_RING_PACKED) },
    { "mmio/legacy", "-device virtio-rng-device", VDEV_MMIO_LEGACY, F(VIRTIO_RING_F_EVENT_IDX) },
};

static void find(VDev *d, QTestState *t, VKind kind)
{
    if (kind == VDEV_PCI) {
        vdev_init_pci(d, t, 0, 1);
    } else if (kind == VDEV_PCI_LEGACY) {
        vdev_init_pci_legacy(d, t, 0, 1);
    } else {
        vdev_init_mmio(d, t, LAST_TRANSPORT);
        g_assert_cmpint(d->kind, ==, kind);
    }
}

/* --- Filling buffers, more often than the ring has entries -------------------------------- */

static void fill_chain(VQueue *q)
{
    uint64_t a = vdev_alloc(q->d, 40), b = vdev_alloc(q->d, 40);
    unsigned id = vqueue_add(q, (VBuf[]) { { a, 40, true }, { b, 40, true } }, 2);

    vqueue_kick(q);
    g_assert_cmpuint(vqueue_wait(q, id), ==, 80);
    g_assert_false(is_zero(q->d->t, b, 40));
}

static void test_fill(const void *data)
{
    const Case *c = data;
    QTestState *t = qtest_init(VIRT_ARGS "%s", c->args);
    VDev d;
    VQueue *q;

    find(&d, t, c->kind);
    vdev_start(&d, c->features);
    g_assert_cmphex(d.features & c->features, ==, c->features);
    q = vqueue_new(&d, 0, RNG_QUEUE);
    vdev_driver_ok(&d);
    for (int i = 0; i < 5; i++) {
        for (int k = 0; k < RNG_QUEUE - 2; k++) {
            fill_one(q, 64);
        }
        fill_chain(q);
    }
    vdev_wait_isr(&d, 1);
    vdev_free(&d);
    qtest_quit(t);
}

/* The same after the driver reset the device. */
static void test_reset(const void *data)
{
    const Case *c = data;
    QTestState *t = qtest_init(VIRT_ARGS "%s", c->args);
    VDev d;

    find(&d, t, c->kind);
    for (int i = 0; i < 3; i++) {
        fill_one(begin(&d, c->features), 32);
        if (i == 1) {
            json_decref(qtest_qmp_return(t, "{'execute': 'system_reset'}"));
            json_decref(qtest_qmp_event(t, "RESET"));
            g_assert_cmphex(c->kind >= VDEV_MMIO ? vdev_status(&d) : 0, ==, 0);
            vdev_free(&d);
            find(&d, t, c->kind);
        }
    }
    vdev_free(&d);
    qtest_quit(t);
}

/* --- Hostile rings: the device breaks, says so, and works after a reset ---------------------- */

typedef struct Hostile { const char *name; void (*spoil)(VQueue *q); bool packed_too; } Hostile;

static void spoil_outside_ram(VQueue *q) { offer(q, 0x00f0000000000000, 16, VRING_DESC_F_WRITE, 0); }
static void spoil_own_bar(VQueue *q) { offer(q, q->d->common, 16, VRING_DESC_F_WRITE, 0); }
static void spoil_wraps(VQueue *q) { offer(q, UINT64_MAX - 7, 16, VRING_DESC_F_WRITE, 0); }
static void spoil_empty_desc(VQueue *q) { offer(q, VDEV_MEMORY, 0, VRING_DESC_F_WRITE, 0); }
static void spoil_table_length(VQueue *q) { offer(q, VDEV_MEMORY, 17, VRING_DESC_F_INDIRECT, 0); }
static void spoil_table_empty(VQueue *q) { offer(q, VDEV_MEMORY, 0, VRING_DESC_F_INDIRECT, 0); }
static void spoil_table_huge(VQueue *q) { offer(q, VDEV_MEMORY, 0xfffffff0, VRING_DESC_F_INDIRECT, 0); }
static void spoil_table_at_mmio(VQueue *q) { offer(q, UART0, 16, VRING_DESC_F_INDIRECT, 0); }
static void spoil_table_chained(VQueue *q) { offer(q, VDEV_MEMORY, 16, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT, 1); }

static void spoil_loop(VQueue *q)
{
    vqueue_write_desc(q, q->desc + 16, VDEV_MEMORY, 16, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 0);
    offer(q, VDEV_MEMORY, 16, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 1);
}

static void spoil_order(VQueue *q)
{
    vqueue_write_desc(q, q->desc + 16, VDEV_MEMORY, 16, 0, 0);
    offer(q, VDEV_MEMORY, 16, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 1);
}

static void spoil_next(VQueue *q) { offer(q, VDEV_MEMORY, 16, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 5000); }

static void spoil_head(VQueue *q)
{
    vqueue_offer_split(q, 5000);
}

static void spoil_index(VQueue *q)
{
    qtest_writew(q->d->t, q->driver + 2, 1000);
}

/* An indirect table whose entry is a table again, and one that never ends. */
static void spoil_table_nested(VQueue *q)
{
    uint64_t table = vdev_alloc(q->d, 16);

    vqueue_write_desc(q, table, table, 16, VRING_DESC_F_INDIRECT, 0);
    offer(q, table, 16, VRING_DESC_F_INDIRECT, 0);
}

static void spoil_table_loop(VQueue *q)
{
    uint64_t table = vdev_alloc(q->d, 16);

    vqueue_write_desc(q, table, VDEV_MEMORY, 16, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 0);
    offer(q, table, 16, VRING_DESC_F_INDIRECT, 0);
}

/* Every entry of a packed ring says "more follows". */
static void spoil_packed_endless(VQueue *q)
{
    for (unsigned i = 0; i < q->num; i++) {
        vqueue_write_packed(q, q->desc + i * 16, VDEV_MEMORY, 16, 0, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE | vqueue_avail_flags(true));
    }
}

static const Hostile hostiles[] = {
    { "outside-ram", spoil_outside_ram, true }, { "at-mmio", spoil_at_mmio, true }, { "own-bar", spoil_own_bar, true },
    { "wraps", spoil_wraps, true }, { "empty-descriptor", spoil_empty_desc, true },
    { "table-length", spoil_table_length, true }, { "table-empty", spoil_table_empty, true }, { "table-huge", spoil_table_huge, true },
    { "table-at-mmio", spoil_table_at_mmio, true }, { "table-chained", spoil_table_chained, true },
    { "loop", spoil_loop, false }, { "order", spoil_order, false }, { "next", spoil_next, false }, { "head", spoil_head, false },
    { "index", spoil_index, false }, { "table-nested", spoil_table_nested, false }, { "table-loop", spoil_table_loop, false },
};
static const Hostile packed_only = { "endless", spoil_packed_endless, true };

static void try_hostile(VDev *d, const Hostile *h, uint64_t features)
{
    VQueue *q = begin(d, features | F(VIRTIO_RING_F_INDIRECT_DESC));
    g_test_message("%s", h->name);
    h->spoil(q);
    vqueue_kick(q);
    vdev_wait_needs_reset(d);
    vdev_wait_isr(d, 2);
}

static void test_hostile(const void *data)
{
    const Case *c = data;
    bool packed = c->features & F(VIRTIO_F_RING_PACKED);
    QTestState *t = qtest_init(VIRT_ARGS "%s", c->args);
    VDev d;

    find(&d, t, c->kind);
    for (unsigned i = 0; i < ARRAY_SIZE(hostiles); i++) {
        if (!packed || hostiles[i].packed_too) {
            try_hostile(&d, &hostiles[i], c->features);
        }
    }
    if (packed) {
        try_hostile(&d, &packed_only, c->features);
    }
    fill_one(begin(&d, c->features), 16);
    vdev_free(&d);
    qtest_quit(t);
}

/* Rings themselves where no RAM is, and one that the device cannot write its answer to. */
static void test_ring_outside_ram(void)
{
    QTestState *t = qtest_init(VIRT_ARGS MODERN "-device virtio-rng-device");
    VDev d;

    vdev_init_mmio(&d, t, LAST_TRANSPORT);
    for (int area = 0; area < 3; area++) {
        vdev_start(&d, 0);
        VQueue *q = vqueue_new(&d, 0, RNG_QUEUE);

        vqueue_add(q, (VBuf[]) { { vdev_alloc(&d, 16), 16, true } }, 1);
        vqueue_select(&d, 0);
        qtest_writel(t, d.common + VIRTIO_MMIO_QUEUE_READY, 0);
        qtest_writel(t, d.common + VIRTIO_MMIO_QUEUE_DESC_LOW + 16 * area, area == 1 ? UART0 : 0x9ffff000);
        qtest_writel(t, d.common + VIRTIO_MMIO_QUEUE_READY, 1);
        vdev_driver_ok(&d);
        vqueue_kick(q);
        vdev_wait_needs_reset(&d);
    }
    vdev_free(&d);
    qtest_quit(t);
}

/* --- Sizes and registers ------------------------------------------------------------------------ */

static void test_queue_size(void)
{
    static const uint16_t refused[] = { 0, 3, 16, 1024, 0x8000, 0xffff };
    QTestState *t = qtest_init(VIRT_ARGS "-device virtio-rng-pci,addr=1");
    VDev d;

    vdev_init_pci(&d, t, 0, 1);
    vdev_start(&d, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(refused); i++) {
        vqueue_select(&d, 0);
        qtest_writew(t, d.common + VIRTIO_PCI_COMMON_Q_SIZE, refused[i]);
        g_assert_cmpuint(qtest_readw(t, d.common + VIRTIO_PCI_COMMON_Q_SIZE), ==, RNG_QUEUE);
    }
    qtest_writew(t, d.common + VIRTIO_PCI_COMMON_Q_SIZE, 4);
    g_assert_cmpuint(qtest_readw(t, d.common + VIRTIO_PCI_COMMON_Q_SIZE), ==, 4);
    /* Queues that are not there answer with nothing and take nothing. */
    for (unsigned n = 1; n < 0x10000; n = n * 3 + 1) {
        vqueue_select(&d, n);
        g_assert_cmpuint(vqueue_max(&d), ==, 0);
        qtest_writew(t, d.common + VIRTIO_PCI_COMMON_Q_ENABLE, 1);
        g_assert_cmpuint(qtest_readw(t, d.common + VIRTIO_PCI_COMMON_Q_ENABLE), ==, 0);
        qtest_writew(t, d.notify + n % 1024 * d.notify_multiplier, n);
    }
    vdev_free(&d);
    qtest_quit(t);
}

/* Every register of every width at every offset, with values that mean little. */
static void poke_everything(QTestState *t, uint64_t base, unsigned size)
{
    static const uint32_t values[] = { 0, 1, 0x80, 0xffff, 0xffffffff };

    for (unsigned at = 0; at < size; at++) {
        uint32_t v = values[at % ARRAY_SIZE(values)];

        qtest_readb(t, base + at);
        qtest_writeb(t, base + at, v);
        if (!(at & 1)) {
            qtest_writew(t, base + at, qtest_readw(t, base + at) ^ v);
        }
        if (!(at & 3)) {
            qtest_writel(t, base + at, v);
            qtest_readl(t, base + at);
        }
        if (!(at & 7)) {
            qtest_writeq(t, base + at, (uint64_t)v << 32 | v);
            qtest_readq(t, base + at);
        }
    }
}

static void test_registers(const void *data)
{
    const Case *c = data;
    QTestState *t = qtest_init(VIRT_ARGS "%s", c->args);
    VDev d;

    find(&d, t, c->kind);
    vdev_start(&d, c->features);
    poke_everything(t, d.common, c->kind == VDEV_PCI_LEGACY ? 32 : c->kind == VDEV_PCI ? 64 : 0x200);
    if (c->kind == VDEV_PCI) {
        poke_everything(t, d.isr, 8);
        poke_everything(t, d.device, 8);
        poke_everything(t, d.notify, 64);
    }
    vdev_set_status(&d, 0);
    fill_one(begin(&d, c->features), 16);
    vdev_free(&d);
    qtest_quit(t);
}

static void test_features(void)
{
    QTestState *t = qtest_init(VIRT_ARGS "-device virtio-rng-pci,addr=1,iommu_platform=on,packed=on");
    VDev d;
    uint64_t offered;

    vdev_init_pci(&d, t, 0, 1);
    offered = vdev_offered(&d);
    g_assert_cmphex(offered, ==, F(VIRTIO_F_VERSION_1) | F(VIRTIO_F_ACCESS_PLATFORM) | F(VIRTIO_F_RING_PACKED) |
                    F(VIRTIO_F_RING_RESET) | F(VIRTIO_RING_F_INDIRECT_DESC) | F(VIRTIO_RING_F_EVENT_IDX));
    g_assert_true(vdev_ask(&d, offered));
    g_assert_true(vdev_ask(&d, F(VIRTIO_F_VERSION_1) | F(VIRTIO_F_ACCESS_PLATFORM)));
    g_assert_false(vdev_ask(&d, F(VIRTIO_F_VERSION_1)));                /* it would use the wrong addresses */
    g_assert_false(vdev_ask(&d, offered | F(0)));                       /* nobody offered that */
    g_assert_false(vdev_ask(&d, offered | F(63)));
    vdev_free(&d);
    qtest_quit(t);
}

/* --- Resetting one queue ---------------------------------------------------------------------------- */

static void test_queue_reset(const void *data)
{
    const Case *c = data;
    QTestState *t = qtest_init(VIRT_ARGS "%s", c->args);
    VDev d;
    VQueue *q;

    find(&d, t, c->kind);
    q = begin(&d, c->features | F(VIRTIO_F_RING_RESET));
    fill_one(q, 16);
    vqueue_select(&d, 0);
    if (c->kind == VDEV_PCI) {
        qtest_writew(t, d.common + VIRTIO_PCI_COMMON_Q_RESET, 1);
        g_assert_cmpuint(qtest_readw(t, d.common + VIRTIO_PCI_COMMON_Q_RESET), ==, 0);
        g_assert_cmpuint(qtest_readw(t, d.common + VIRTIO_PCI_COMMON_Q_ENABLE), ==, 0);
    } else {
        qtest_writel(t, d.common + 0xc0, 1);
        g_assert_cmpuint(qtest_readl(t, d.common + 0xc0), ==, 0);
        g_assert_cmpuint(qtest_readl(t, d.common + VIRTIO_MMIO_QUEUE_READY), ==, 0);
    }
    vqueue_setup(q);                    /* elsewhere in memory */
    fill_one(q, 16);
    vdev_free(&d);
    qtest_quit(t);
}

/* --- Interrupts --------------------------------------------------------------------------------------- */

static void test_mmio_irq(void)
{
    enum { SPI_VIRTIO = 16 };
    QTestState *t = qtest_init(VIRT_ARGS MODERN "-device virtio-rng-device");
    VDev d;
    VQueue *q;

    intercept_gic(t);
    vdev_init_mmio(&d, t, LAST_TRANSPORT);
    q = begin(&d, 0);
    g_assert_false(qtest_get_irq(t, SPI_VIRTIO + LAST_TRANSPORT));
    fill_one(q, 16);
    for (int i = 0; !qtest_get_irq(t, SPI_VIRTIO + LAST_TRANSPORT); i++) {
        g_assert_cmpint(i, <, 10000);
        g_usleep(500);
    }
    g_assert_cmphex(vdev_take_isr(&d), ==, 1);
    g_assert_false(qtest_get_irq(t, SPI_VIRTIO + LAST_TRANSPORT));
    /* The driver does not want any. */
    qtest_writew(t, q->driver, VRING_AVAIL_F_NO_INTERRUPT);
    fill_one(q, 16);
    g_assert_false(qtest_get_irq(t, SPI_VIRTIO + LAST_TRANSPORT));
    g_assert_cmphex(vdev_take_isr(&d), ==, 0);
    vdev_free(&d);
    qtest_quit(t);
}

/* With event indexes there is an interrupt when the one named was used, and no other. */
static void test_event_idx(const void *data)
{
    const Case *c = data;
    QTestState *t = qtest_init(VIRT_ARGS "%s", c->args);
    bool packed = c->features & F(VIRTIO_F_RING_PACKED);
    VDev d;
    VQueue *q;

    find(&d, t, c->kind);
    vdev_start(&d, c->features);
    q = vqueue_new(&d, 0, RNG_QUEUE);
    if (packed) {
        qtest_writew(t, q->driver, 2 | 1 << VRING_PACKED_EVENT_F_WRAP_CTR);
        qtest_writew(t, q->driver + 2, VRING_PACKED_EVENT_FLAG_DESC);
    } else {
        qtest_writew(t, q->driver + 4 + 2 * q->num, 2);
    }
    vdev_driver_ok(&d);
    fill_one(q, 16);                    /* the first decision is always yes */
    vdev_wait_isr(&d, 1);
    fill_one(q, 16);
    g_assert_cmphex(vdev_take_isr(&d), ==, 0);
    fill_one(q, 16);
    vdev_wait_isr(&d, 1);
    fill_one(q, 16);
    g_assert_cmphex(vdev_take_isr(&d), ==, 0);
    /* Round the ring, past where positions begin again. */
    if (packed) {
        qtest_writew(t, q->driver, 1);
        for (int i = 4; i < RNG_QUEUE + 1; i++) {
            fill_one(q, 16);
        }
        g_assert_cmphex(vdev_take_isr(&d), ==, 0);
        fill_one(q, 16);
        vdev_wait_isr(&d, 1);
    }
    vdev_free(&d);
    qtest_quit(t);
}

/* --- The entropy device ------------------------------------------------------------------------------------ */

static void test_rng_quota(void)
{
    QTestState *t = qtest_init(VIRT_ARGS "-device virtio-rng-pci,addr=1,max-bytes=24,period=1000");
    VDev d;
    VQueue *q;
    unsigned id;
    uint32_t len;

    vdev_init_pci(&d, t, 0, 1);
    q = begin(&d, 0);
    fill_one(q, 16);
    id = vqueue_add(q, (VBuf[]) { { vdev_alloc(&d, 16), 16, true } }, 1);
    vqueue_kick(q);
    g_assert_cmpuint(vqueue_wait(q, id), ==, 8);                /* what was left */
    id = vqueue_add(q, (VBuf[]) { { vdev_alloc(&d, 16), 16, true } }, 1);
    vqueue_kick(q);
    qtest_clock_step(t, 900 * 1000000LL);
    for (int i = 0; i < 20; i++) {
        g_assert_false(vqueue_done(q, id, &len));
    }
    qtest_clock_step(t, 200 * 1000000LL);
    g_assert_cmpuint(vqueue_wait(q, id), ==, 16);
    vdev_free(&d);
    qtest_quit(t);
}

/* A file that has nothing yet: the buffer waits, a reset takes it back. */
static void test_rng_waits(void)
{
    g_autofree char *path = g_strdup_printf("%s/entropy", qtest_tmpdir());
    VDev d;
    VQueue *q;
    uint32_t len;
    unsigned id;
    int fd;
    QTestState *t;

    g_assert_cmpint(g_mkdir_with_parents(qtest_tmpdir(), 0700), ==, 0);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    fd = open(path, O_RDWR | O_NONBLOCK);
    t = qtest_init(VIRT_ARGS "-object rng-random,id=r,filename=%s -device virtio-rng-pci,addr=1,rng=r", path);
    vdev_init_pci(&d, t, 0, 1);
    for (int i = 0; i < 2; i++) {
        q = begin(&d, 0);
        id = vqueue_add(q, (VBuf[]) { { vdev_alloc(&d, 16), 16, true } }, 1);
        vqueue_kick(q);
        g_assert_false(vqueue_done(q, id, &len));
    }
    g_assert_cmpint(write(fd, "abc", 3), ==, 3);
    g_assert_cmpuint(vqueue_wait(q, id), ==, 3);
    close(fd);
    vdev_free(&d);
    qtest_quit(t);
}

static void test_wrong_options(void)
{
    static const struct { const char *args, *message; } wrong[] = {
        { "-device virtio-rng-pci,period=0", "period=0 would be no limit" },
        { "-device virtio-rng-pci,max-bytes=9223372036854775808", "max-bytes=9223372036854775808 is too large" },
        { "-device virtio-rng-pci,in_order=on", "in_order=on is not supported" },
        { "-device virtio-rng-pci,disable-modern=on,disable-legacy=on", "there is no interface left" },
        { "-object rng-random,id=r,filename=/nonexistent", "cannot open /nonexistent" },
        { "-device virtio-rng-pci-transitional,iommu_platform=on", "iommu_platform=on is for modern drivers only" },
        { "-device virtio-rng-pci,rng=nobody", "nobody" },
        { "-device virtio-rng-pci,vectors=5000", "MSI-X table of 5000 entries" },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        qtest_refused(wrong[i].message, VIRT_RUN_ARGS "%s", wrong[i].args);
    }
}

static void test_empty_transport(void)
{
    QTestState *t = qtest_init(VIRT_ARGS "");

    for (unsigned i = 0; i < 32; i++) {
        uint64_t base = VIRTIO0 + i * VIRTIO_MMIO_SIZE;

        g_assert_cmphex(qtest_readl(t, base), ==, 0x74726976);
        g_assert_cmpuint(qtest_readl(t, base + VIRTIO_MMIO_VERSION), ==, 1);
        g_assert_cmpuint(qtest_readl(t, base + VIRTIO_MMIO_DEVICE_ID), ==, 0);
    }
    poke_everything(t, VIRTIO0, 0x200);
    qtest_quit(t);
}

static void add_cases(const char *what, void (*fn)(const void *), bool (*fits)(const Case *))
{
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        g_autofree char *path = g_strdup_printf("/virtio/%s/%s", what, cases[i].name);

        if (!fits || fits(&cases[i])) {
            g_test_add_data_func(path, &cases[i], fn);
        }
    }
}

static bool is_modern(const Case *c) { return c->kind == VDEV_PCI || c->kind == VDEV_MMIO; }
static bool has_event_idx(const Case *c) { return (c->features & F(VIRTIO_RING_F_EVENT_IDX)) != 0; }

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_cases("fill", test_fill, NULL);
    add_cases("reset", test_reset, NULL);
    add_cases("hostile", test_hostile, is_modern);
    add_cases("registers", test_registers, NULL);
    add_cases("queue-reset", test_queue_reset, is_modern);
    add_cases("event-idx", test_event_idx, has_event_idx);
    g_test_add_func("/virtio/ring-outside-ram", test_ring_outside_ram);
    g_test_add_func("/virtio/queue-size", test_queue_size);
    g_test_add_func("/virtio/features", test_features);
    g_test_add_func("/virtio/mmio-irq", test_mmio_irq);
    g_test_add_func("/virtio/empty-transport", test_empty_transport);
    g_test_add_func("/virtio/rng/quota", test_rng_quota);
    g_test_add_func("/virtio/rng/waits", test_rng_waits);
    g_test_add_func("/virtio/wrong-options", test_wrong_options);
    return g_test_run();
}
