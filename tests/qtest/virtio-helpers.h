/*
 * A virtio driver for tests: any device, over PCI or MMIO, modern or legacy,
 * with split or packed rings.
 *
 *     VDev d;
 *     vdev_init_pci(&d, t, bus, slot);            (or vdev_init_mmio, vdev_init_pci_legacy)
 *     vdev_start(&d, wanted features);            (ACKNOWLEDGE .. FEATURES_OK)
 *     VQueue *q = vqueue_new(&d, 0, 8);
 *     vdev_driver_ok(&d);
 *     uint64_t buf = vdev_alloc(&d, 64);
 *     unsigned id = vqueue_add(q, (VBuf[]) { { buf, 64, true } }, 1);
 *     vqueue_kick(q);
 *     g_assert_cmpuint(vqueue_wait(q, id), ==, 64);   (bytes the device wrote)
 *     vdev_free(&d);
 *
 * Guest memory is handed out once and never reused, from RAM + 32 MiB on.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_QTEST_VIRTIO_HELPERS_H
#define TESTS_QTEST_VIRTIO_HELPERS_H

#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include "pci-helpers.h"

#define F(bit) (1ULL << (bit))
enum { VIRTIO_MMIO_SIZE = 0x200, VDEV_MEMORY = RAM + 0x2000000, VDEV_BAR = 0x18000000, VDEV_PIO = 0x1000, VDEV_ALIGN = 4096 };

typedef enum VKind { VDEV_PCI, VDEV_PCI_LEGACY, VDEV_MMIO, VDEV_MMIO_LEGACY } VKind;
typedef struct VQueue VQueue;

typedef struct VDev {
    QTestState *t;
    VKind kind;
    int bus, slot;
    uint64_t common, isr, device, notify;       /* where; MMIO and legacy: `common` is all there is */
    unsigned notify_multiplier;
    uint64_t features;                  /* negotiated */
    uint64_t next_free;
    bool indirect;                      /* chains go into indirect tables, when negotiated */
    GPtrArray *queues;
} VDev;

struct VQueue {
    VDev *d;
    unsigned index, num;
    uint64_t desc, driver, device;
    uint16_t avail_idx, last_used;      /* split: free running; packed: positions */
    bool avail_wrap, used_wrap;
    uint16_t next_id;                   /* next free descriptor (split, none comes back until all are used) or id */
    uint16_t taken[1024];               /* packed: entries a buffer takes, by id */
    GHashTable *done;                   /* id -> length + 1 */
};

typedef struct VBuf { uint64_t addr; uint32_t len; bool write; } VBuf;

static inline bool vdev_is_legacy(const VDev *d) { return d->kind == VDEV_PCI_LEGACY || d->kind == VDEV_MMIO_LEGACY; }
static inline bool vdev_is_mmio(const VDev *d) { return d->kind == VDEV_MMIO || d->kind == VDEV_MMIO_LEGACY; }
static inline bool vdev_has(const VDev *d, unsigned bit) { return d->features & F(bit); }

static inline uint64_t vdev_alloc(VDev *d, size_t size)
{
    uint64_t at = d->next_free;

    d->next_free += ROUND_UP(MAX(size, 1), VDEV_ALIGN);
    return at;
}

/* --- Finding the device ------------------------------------------------------------------ */

static inline void vdev_prepare(VDev *d, QTestState *t, VKind kind)
{
    *d = (VDev) { .t = t, .kind = kind, .next_free = VDEV_MEMORY, .indirect = true, .queues = g_ptr_array_new() };
}

static inline void vdev_init_mmio(VDev *d, QTestState *t, unsigned transport)
{
    uint64_t base = VIRTIO0 + transport * VIRTIO_MMIO_SIZE;

    vdev_prepare(d, t, qtest_readl(t, base + VIRTIO_MMIO_VERSION) == 1 ? VDEV_MMIO_LEGACY : VDEV_MMIO);
    d->common = base;
    d->device = base + VIRTIO_MMIO_CONFIG;
}

/* BARs of slots do not overlap; a bridge above must have its windows open. */
static inline void vdev_init_pci(VDev *d, QTestState *t, int bus, int slot)
{
    uint64_t bar4 = VDEV_BAR + slot * 0x1000000;

    vdev_prepare(d, t, VDEV_PCI);
    d->bus = bus;
    d->slot = slot;
    qtest_writel(t, cfg(bus, slot, 0, PCI_BASE_ADDRESS_4), bar4);
    qtest_writel(t, cfg(bus, slot, 0, PCI_BASE_ADDRESS_5), 0);
    qtest_writew(t, cfg(bus, slot, 0, PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    for (int at = qtest_readb(t, cfg(bus, slot, 0, PCI_CAPABILITY_LIST)); at; at = qtest_readb(t, cfg(bus, slot, 0, at + 1))) {
        uint64_t where = bar4 + qtest_readl(t, cfg(bus, slot, 0, at + 8));

        if (qtest_readb(t, cfg(bus, slot, 0, at)) != PCI_CAP_ID_VNDR || qtest_readb(t, cfg(bus, slot, 0, at + 4)) != 4) {
            continue;
        }
        switch (qtest_readb(t, cfg(bus, slot, 0, at + 3))) {
        case VIRTIO_PCI_CAP_COMMON_CFG: d->common = where; break;
        case VIRTIO_PCI_CAP_ISR_CFG: d->isr = where; break;
        case VIRTIO_PCI_CAP_DEVICE_CFG: d->device = where; break;
        case VIRTIO_PCI_CAP_NOTIFY_CFG:
            d->notify = where;
            d->notify_multiplier = qtest_readl(t, cfg(bus, slot, 0, at + 16));
            break;
        }
    }
    g_assert_true(d->common && d->isr && d->device && d->notify);
}

static inline void vdev_init_pci_legacy(VDev *d, QTestState *t, int bus, int slot)
{
    uint32_t port = VDEV_PIO + slot * 0x100;

    vdev_prepare(d, t, VDEV_PCI_LEGACY);
    d->bus = bus;
    d->slot = slot;
    qtest_writel(t, cfg(bus, slot, 0, PCI_BASE_ADDRESS_0), port);
    qtest_writew(t, cfg(bus, slot, 0, PCI_COMMAND), PCI_COMMAND_IO | PCI_COMMAND_MASTER);
    d->common = PIO + port;
    d->isr = d->common + VIRTIO_PCI_ISR;
    d->device = d->common + VIRTIO_PCI_CONFIG_OFF(0);
}

static inline void vdev_free(VDev *d)
{
    for (guint i = 0; i < d->queues->len; i++) {
        g_hash_table_unref(((VQueue *)d->queues->pdata[i])->done);
        g_free(d->queues->pdata[i]);
    }
    g_ptr_array_unref(d->queues);
}

/* --- Status and features ---------------------------------------------------------------------- */

static inline uint8_t vdev_status(VDev *d)
{
    switch (d->kind) {
    case VDEV_PCI: return qtest_readb(d->t, d->common + VIRTIO_PCI_COMMON_STATUS);
    case VDEV_PCI_LEGACY: return qtest_readb(d->t, d->common + VIRTIO_PCI_STATUS);
    default: return qtest_readl(d->t, d->common + VIRTIO_MMIO_STATUS);
    }
}

static inline void vdev_set_status(VDev *d, uint8_t v)
{
    switch (d->kind) {
    case VDEV_PCI: qtest_writeb(d->t, d->common + VIRTIO_PCI_COMMON_STATUS, v); break;
    case VDEV_PCI_LEGACY: qtest_writeb(d->t, d->common + VIRTIO_PCI_STATUS, v); break;
    default: qtest_writel(d->t, d->common + VIRTIO_MMIO_STATUS, v);
    }
}

static inline uint32_t vdev_offered_word(VDev *d, unsigned sel)
{
    switch (d->kind) {
    case VDEV_PCI:
        qtest_writel(d->t, d->common + VIRTIO_PCI_COMMON_DFSELECT, sel);
        return qtest_readl(d->t, d->common + VIRTIO_PCI_COMMON_DF);
    case VDEV_PCI_LEGACY:
        return sel ? 0 : qtest_readl(d->t, d->common + VIRTIO_PCI_HOST_FEATURES);
    default:
        qtest_writel(d->t, d->common + VIRTIO_MMIO_DEVICE_FEATURES_SEL, sel);
        return qtest_readl(d->t, d->common + VIRTIO_MMIO_DEVICE_FEATURES);
    }
}

static inline uint64_t vdev_offered(VDev *d)
{
    return vdev_offered_word(d, 0) | (uint64_t)vdev_offered_word(d, 1) << 32;
}

static inline void vdev_ask_word(VDev *d, unsigned sel, uint32_t v)
{
    switch (d->kind) {
    case VDEV_PCI:
        qtest_writel(d->t, d->common + VIRTIO_PCI_COMMON_GFSELECT, sel);
        qtest_writel(d->t, d->common + VIRTIO_PCI_COMMON_GF, v);
        break;
    case VDEV_PCI_LEGACY:
        if (!sel) {
            qtest_writel(d->t, d->common + VIRTIO_PCI_GUEST_FEATURES, v);
        }
        break;
    default:
        qtest_writel(d->t, d->common + VIRTIO_MMIO_DRIVER_FEATURES_SEL, sel);
        qtest_writel(d->t, d->common + VIRTIO_MMIO_DRIVER_FEATURES, v);
    }
}

/* True when the device took them. */
static inline bool vdev_ask(VDev *d, uint64_t features)
{
    uint8_t status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;

    vdev_set_status(d, 0);
    g_assert_cmphex(vdev_status(d), ==, 0);
    vdev_set_status(d, VIRTIO_CONFIG_S_ACKNOWLEDGE);
    vdev_set_status(d, status);
    d->features = features;
    vdev_ask_word(d, 0, features);
    vdev_ask_word(d, 1, features >> 32);
    if (vdev_is_legacy(d)) {
        return true;
    }
    vdev_set_status(d, status | VIRTIO_CONFIG_S_FEATURES_OK);
    return vdev_status(d) & VIRTIO_CONFIG_S_FEATURES_OK;
}

/* VERSION_1 (and what of the ring features is @wanted) when offered. */
static inline void vdev_start(VDev *d, uint64_t wanted)
{
    if (d->kind == VDEV_MMIO_LEGACY) {
        qtest_writel(d->t, d->common + VIRTIO_MMIO_GUEST_PAGE_SIZE, VDEV_ALIGN);
    }
    g_assert_true(vdev_ask(d, vdev_offered(d) & (wanted | F(VIRTIO_F_VERSION_1))));
}

static inline void vdev_driver_ok(VDev *d)
{
    vdev_set_status(d, vdev_status(d) | VIRTIO_CONFIG_S_DRIVER_OK);
}

/* Interrupt causes; taking them acknowledges. */
static inline uint32_t vdev_take_isr(VDev *d)
{
    uint32_t isr;

    if (!vdev_is_mmio(d)) {
        return qtest_readb(d->t, d->isr);
    }
    isr = qtest_readl(d->t, d->common + VIRTIO_MMIO_INTERRUPT_STATUS);
    qtest_writel(d->t, d->common + VIRTIO_MMIO_INTERRUPT_ACK, isr);
    return isr;
}

static inline void vdev_wait_isr(VDev *d, uint32_t bit)
{
    for (int i = 0; !(vdev_take_isr(d) & bit); i++) {
        g_assert_cmpint(i, <, 20000);
        g_usleep(500);
    }
}

/* --- Queues -------------------------------------------------------------------------------------- */

static inline void vqueue_select(VDev *d, unsigned index)
{
    switch (d->kind) {
    case VDEV_PCI: qtest_writew(d->t, d->common + VIRTIO_PCI_COMMON_Q_SELECT, index); break;
    case VDEV_PCI_LEGACY: qtest_writew(d->t, d->common + VIRTIO_PCI_QUEUE_SEL, index); break;
    default: qtest_writel(d->t, d->common + VIRTIO_MMIO_QUEUE_SEL, index);
    }
}

/* Entries the device offers for the selected queue; 0: no such queue. */
static inline unsigned vqueue_max(VDev *d)
{
    switch (d->kind) {
    case VDEV_PCI: return qtest_readw(d->t, d->common + VIRTIO_PCI_COMMON_Q_SIZE);
    case VDEV_PCI_LEGACY: return qtest_readw(d->t, d->common + VIRTIO_PCI_QUEUE_NUM);
    default: return qtest_readl(d->t, d->common + VIRTIO_MMIO_QUEUE_NUM_MAX);
    }
}

static inline void vqueue_tell_pair(VDev *d, uint64_t reg, uint64_t v)
{
    qtest_writel(d->t, d->common + reg, v);
    qtest_writel(d->t, d->common + reg + 4, v >> 32);
}

static inline void vqueue_tell(VQueue *q)
{
    VDev *d = q->d;

    switch (d->kind) {
    case VDEV_PCI:
        qtest_writew(d->t, d->common + VIRTIO_PCI_COMMON_Q_SIZE, q->num);
        vqueue_tell_pair(d, VIRTIO_PCI_COMMON_Q_DESCLO, q->desc);
        vqueue_tell_pair(d, VIRTIO_PCI_COMMON_Q_AVAILLO, q->driver);
        vqueue_tell_pair(d, VIRTIO_PCI_COMMON_Q_USEDLO, q->device);
        qtest_writew(d->t, d->common + VIRTIO_PCI_COMMON_Q_ENABLE, 1);
        break;
    case VDEV_PCI_LEGACY:
        qtest_writel(d->t, d->common + VIRTIO_PCI_QUEUE_PFN, q->desc / VDEV_ALIGN);
        break;
    case VDEV_MMIO:
        qtest_writel(d->t, d->common + VIRTIO_MMIO_QUEUE_NUM, q->num);
        vqueue_tell_pair(d, VIRTIO_MMIO_QUEUE_DESC_LOW, q->desc);
        vqueue_tell_pair(d, VIRTIO_MMIO_QUEUE_AVAIL_LOW, q->driver);
        vqueue_tell_pair(d, VIRTIO_MMIO_QUEUE_USED_LOW, q->device);
        qtest_writel(d->t, d->common + VIRTIO_MMIO_QUEUE_READY, 1);
        break;
    case VDEV_MMIO_LEGACY:
        qtest_writel(d->t, d->common + VIRTIO_MMIO_QUEUE_NUM, q->num);
        qtest_writel(d->t, d->common + VIRTIO_MMIO_QUEUE_ALIGN, VDEV_ALIGN);
        qtest_writel(d->t, d->common + VIRTIO_MMIO_QUEUE_PFN, q->desc / VDEV_ALIGN);
        break;
    }
}

/* Rings in fresh memory, cleared. Over legacy PCI the size is the device's. */
static inline void vqueue_setup(VQueue *q)
{
    VDev *d = q->d;
    unsigned n = q->num;
    uint64_t ring = vdev_alloc(d, n * 16 + 6 + 2 * n + VDEV_ALIGN + 6 + 8 * n);

    q->desc = ring;
    q->driver = ring + n * 16;
    q->device = ROUND_UP(q->driver + 6 + 2 * n, VDEV_ALIGN);
    qtest_memset(d->t, ring, 0, q->device + 6 + 8 * n - ring);
    q->avail_idx = q->last_used = q->next_id = 0;
    q->avail_wrap = q->used_wrap = true;
    vqueue_select(d, q->index);
    vqueue_tell(q);
}

static inline VQueue *vqueue_new(VDev *d, unsigned index, unsigned num)
{
    VQueue *q = g_new0(VQueue, 1);

    q->d = d;
    q->index = index;
    vqueue_select(d, index);
    g_assert_cmpuint(vqueue_max(d), >=, num);
    q->num = d->kind == VDEV_PCI_LEGACY ? vqueue_max(d) : num;
    q->done = g_hash_table_new(NULL, NULL);
    g_ptr_array_add(d->queues, q);
    vqueue_setup(q);
    return q;
}

static inline void vqueue_kick(VQueue *q)
{
    VDev *d = q->d;

    switch (d->kind) {
    case VDEV_PCI: qtest_writew(d->t, d->notify + q->index * d->notify_multiplier, q->index); break;
    case VDEV_PCI_LEGACY: qtest_writew(d->t, d->common + VIRTIO_PCI_QUEUE_NOTIFY, q->index); break;
    default: qtest_writel(d->t, d->common + VIRTIO_MMIO_QUEUE_NOTIFY, q->index);
    }
}

/* --- Split rings ------------------------------------------------------------------------------------ */

static inline void vqueue_write_desc(VQueue *q, uint64_t at, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
    struct vring_desc desc = { htole64(addr), htole32(len), htole16(flags), htole16(next) };

    qtest_memwrite(q->d->t, at, &desc, sizeof(desc));
}

/* The chain at @table from entry @first on. */
static inline void vqueue_write_chain(VQueue *q, uint64_t table, unsigned first, const VBuf *bufs, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint16_t flags = (bufs[i].write ? VRING_DESC_F_WRITE : 0) | (i + 1 < n ? VRING_DESC_F_NEXT : 0);

        vqueue_write_desc(q, table + (first + i) * 16, bufs[i].addr, bufs[i].len, flags, first + i + 1);
    }
}

static inline void vqueue_offer_split(VQueue *q, uint16_t head)
{
    qtest_writew(q->d->t, q->driver + 4 + 2 * (q->avail_idx % q->num), head);
    q->avail_idx++;
    qtest_writew(q->d->t, q->driver + 2, q->avail_idx);
}

static inline unsigned vqueue_add_split(VQueue *q, const VBuf *bufs, unsigned n)
{
    bool indirect = n > 1 && q->d->indirect && vdev_has(q->d, VIRTIO_RING_F_INDIRECT_DESC);
    unsigned takes = indirect ? 1 : n, head;

    g_assert_cmpuint(takes, <=, q->num);
    if (q->next_id + takes > q->num) {
        g_assert_cmpuint(q->last_used, ==, q->avail_idx);       /* all descriptors are ours again */
        q->next_id = 0;
    }
    head = q->next_id;
    q->next_id += takes;
    if (indirect) {
        uint64_t table = vdev_alloc(q->d, n * 16);

        vqueue_write_chain(q, table, 0, bufs, n);
        vqueue_write_desc(q, q->desc + head * 16, table, n * 16, VRING_DESC_F_INDIRECT, 0);
    } else {
        vqueue_write_chain(q, q->desc, head, bufs, n);
    }
    vqueue_offer_split(q, head);
    return head;
}

static inline bool vqueue_poll_split(VQueue *q)
{
    uint32_t elem[2];

    if (qtest_readw(q->d->t, q->device + 2) == q->last_used) {
        return false;
    }
    qtest_memread(q->d->t, q->device + 4 + 8 * (q->last_used % q->num), elem, sizeof(elem));
    q->last_used++;
    g_hash_table_insert(q->done, GUINT_TO_POINTER(le32toh(elem[0])), GUINT_TO_POINTER(le32toh(elem[1]) + 1));
    return true;
}

/* --- Packed rings -------------------------------------------------------------------------------------- */

static inline void vqueue_write_packed(VQueue *q, uint64_t at, uint64_t addr, uint32_t len, uint16_t id, uint16_t flags)
{
    struct vring_packed_desc desc = { htole64(addr), htole32(len), htole16(id), htole16(flags) };

    qtest_memwrite(q->d->t, at, &desc, sizeof(desc));
}

static inline uint16_t vqueue_avail_flags(bool wrap)
{
    return wrap ? 1 << VRING_PACKED_DESC_F_AVAIL : 1 << VRING_PACKED_DESC_F_USED;
}

static inline void vqueue_put_packed(VQueue *q, const VBuf *b, uint16_t id, uint16_t extra)
{
    uint16_t flags = extra | (b->write ? VRING_DESC_F_WRITE : 0) | vqueue_avail_flags(q->avail_wrap);

    vqueue_write_packed(q, q->desc + q->avail_idx * 16, b->addr, b->len, id, flags);
    if (++q->avail_idx == q->num) {
        q->avail_idx = 0;
        q->avail_wrap = !q->avail_wrap;
    }
}

static inline unsigned vqueue_add_packed(VQueue *q, const VBuf *bufs, unsigned n)
{
    uint16_t id = q->next_id++ % q->num;

    if (n > 1 && q->d->indirect && vdev_has(q->d, VIRTIO_RING_F_INDIRECT_DESC)) {
        uint64_t table = vdev_alloc(q->d, n * 16);

        for (unsigned i = 0; i < n; i++) {
            vqueue_write_packed(q, table + i * 16, bufs[i].addr, bufs[i].len, 0, bufs[i].write ? VRING_DESC_F_WRITE : 0);
        }
        vqueue_put_packed(q, &(VBuf) { table, n * 16, false }, id, VRING_DESC_F_INDIRECT);
        q->taken[id] = 1;
        return id;
    }
    q->taken[id] = n;
    if (n > 1) {
        /* The device must not see the first one before the rest is there. */
        uint16_t pos = q->avail_idx;
        bool wrap = q->avail_wrap;

        vqueue_put_packed(q, &(VBuf) { 0 }, id, 0);
        qtest_memset(q->d->t, q->desc + pos * 16, 0, 16);
        qtest_writew(q->d->t, q->desc + pos * 16 + 14, wrap ? 0 : vqueue_avail_flags(true));
        for (unsigned i = 1; i < n; i++) {
            vqueue_put_packed(q, &bufs[i], id, i + 1 < n ? VRING_DESC_F_NEXT : 0);
        }
        vqueue_write_packed(q, q->desc + pos * 16, bufs[0].addr, bufs[0].len, id,
                            VRING_DESC_F_NEXT | (bufs[0].write ? VRING_DESC_F_WRITE : 0) | vqueue_avail_flags(wrap));
    } else {
        vqueue_put_packed(q, &bufs[0], id, 0);
    }
    return id;
}

static inline bool vqueue_poll_packed(VQueue *q)
{
    struct vring_packed_desc desc;
    bool avail, used;

    qtest_memread(q->d->t, q->desc + q->last_used * 16, &desc, sizeof(desc));
    avail = le16toh(desc.flags) & 1 << VRING_PACKED_DESC_F_AVAIL;
    used = le16toh(desc.flags) & 1 << VRING_PACKED_DESC_F_USED;
    if (avail != q->used_wrap || used != q->used_wrap) {
        return false;
    }
    q->last_used += q->taken[le16toh(desc.id) % 1024];
    if (q->last_used >= q->num) {
        q->last_used -= q->num;
        q->used_wrap = !q->used_wrap;
    }
    g_hash_table_insert(q->done, GUINT_TO_POINTER(le16toh(desc.id)), GUINT_TO_POINTER(le32toh(desc.len) + 1));
    return true;
}

/* --- Either ------------------------------------------------------------------------------------------------ */

/* Readable pieces first. Returns what vqueue_wait() wants. */
static inline unsigned vqueue_add(VQueue *q, const VBuf *bufs, unsigned n)
{
    return vdev_has(q->d, VIRTIO_F_RING_PACKED) ? vqueue_add_packed(q, bufs, n) : vqueue_add_split(q, bufs, n);
}

static inline bool vqueue_poll(VQueue *q)
{
    return vdev_has(q->d, VIRTIO_F_RING_PACKED) ? vqueue_poll_packed(q) : vqueue_poll_split(q);
}

/* Has that buffer come back? *@len: bytes written. */
static inline bool vqueue_done(VQueue *q, unsigned id, uint32_t *len)
{
    gpointer v;

    while (vqueue_poll(q)) {
    }
    v = g_hash_table_lookup(q->done, GUINT_TO_POINTER(id));
    if (!v) {
        return false;
    }
    g_hash_table_remove(q->done, GUINT_TO_POINTER(id));
    *len = GPOINTER_TO_UINT(v) - 1;
    return true;
}

static inline uint32_t vqueue_wait(VQueue *q, unsigned id)
{
    uint32_t len;

    for (int i = 0; !vqueue_done(q, id, &len); i++) {
        g_assert_cmpint(i, <, 60000);
        g_usleep(i < 100 ? 0 : 500);
    }
    return len;
}

/* The device gave up on its driver. */
static inline void vdev_wait_needs_reset(VDev *d)
{
    for (int i = 0; !(vdev_status(d) & VIRTIO_CONFIG_S_NEEDS_RESET); i++) {
        g_assert_cmpint(i, <, 20000);
        g_usleep(500);
    }
}

#endif
