/*
 * The modern interface of virtio over PCI (virtio 1.2, 4.1.4): one prefetchable
 * 64-bit BAR with the common configuration, ISR status, device configuration
 * and doorbells, each found through a vendor capability; a fifth capability is
 * a window into them from config space.
 *
 * Common configuration takes accesses at the start of a field; a 64-bit one is
 * two of 32 bits. Runs under the machine lock; doorbells may be ioeventfds.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virtio-pci-internal.h"

/* --- Common configuration (4.1.4.3) ------------------------------------------------------ */

static uint32_t offered_features(const VirtIOPCIProxy *proxy)
{
    uint64_t legacy_only = BIT_ULL(VIRTIO_F_NOTIFY_ON_EMPTY) | BIT_ULL(VIRTIO_F_ANY_LAYOUT);
    uint64_t features = proxy->vdev->host_features & ~legacy_only;

    return proxy->host_features_sel < 2 ? features >> (32 * proxy->host_features_sel) : 0;
}

/* NULL where no 32-bit half of an address is. */
static uint32_t *address_half(VirtIOPCIProxy *proxy, VirtQueue *vq, hwaddr addr)
{
    VirtIOQueueSetup *setup = &proxy->setup[vq->index];

    switch (addr) {
    case VIRTIO_PCI_COMMON_Q_DESCLO: return &setup->desc[0];
    case VIRTIO_PCI_COMMON_Q_DESCHI: return &setup->desc[1];
    case VIRTIO_PCI_COMMON_Q_AVAILLO: return &setup->driver[0];
    case VIRTIO_PCI_COMMON_Q_AVAILHI: return &setup->driver[1];
    case VIRTIO_PCI_COMMON_Q_USEDLO: return &setup->device[0];
    case VIRTIO_PCI_COMMON_Q_USEDHI: return &setup->device[1];
    default: return NULL;
    }
}

static uint32_t read_queue(VirtIOPCIProxy *proxy, hwaddr addr)
{
    VirtQueue *vq = virtio_pci_selected(proxy);
    uint32_t *half = vq ? address_half(proxy, vq, addr) : NULL;

    if (!vq) {
        return addr == VIRTIO_PCI_COMMON_Q_MSIX ? VIRTIO_NO_VECTOR : 0;
    }
    switch (addr) {
    case VIRTIO_PCI_COMMON_Q_SIZE: return vq->num;
    case VIRTIO_PCI_COMMON_Q_MSIX: return vq->vector;
    case VIRTIO_PCI_COMMON_Q_ENABLE: return vq->enabled;
    case VIRTIO_PCI_COMMON_Q_NOFF: return vq->index;
    case VIRTIO_PCI_COMMON_Q_NDATA: return vq->index;
    case VIRTIO_PCI_COMMON_Q_RESET: return !virtqueue_reset_done(vq);
    default: return half ? *half : 0;
    }
}

static uint64_t common_read(void *opaque, hwaddr addr, unsigned size)
{
    VirtIOPCIProxy *proxy = opaque;
    VirtIODevice *vdev = proxy->vdev;

    switch (addr) {
    case VIRTIO_PCI_COMMON_DFSELECT: return proxy->host_features_sel;
    case VIRTIO_PCI_COMMON_DF: return offered_features(proxy);
    case VIRTIO_PCI_COMMON_GFSELECT: return proxy->guest_features_sel;
    case VIRTIO_PCI_COMMON_GF: return proxy->guest_features_sel < 2 ? proxy->guest_features[proxy->guest_features_sel] : 0;
    case VIRTIO_PCI_COMMON_MSIX: return vdev->config_vector;
    case VIRTIO_PCI_COMMON_NUMQ: return virtio_get_num_queues(vdev);
    case VIRTIO_PCI_COMMON_STATUS: return virtio_get_status(vdev);
    case VIRTIO_PCI_COMMON_CFGGENERATION: return vdev->generation & 0xff;
    case VIRTIO_PCI_COMMON_Q_SELECT: return proxy->queue_sel;
    default: return read_queue(proxy, addr);
    }
}

static uint16_t valid_vector(const VirtIOPCIProxy *proxy, uint16_t vector)
{
    return vector < proxy->nvectors ? vector : VIRTIO_NO_VECTOR;
}

void virtio_pci_set_config_vector(VirtIOPCIProxy *proxy, uint16_t vector)
{
    proxy->vdev->config_vector = valid_vector(proxy, vector);
}

void virtio_pci_set_queue_vector(VirtIOPCIProxy *proxy, VirtQueue *vq, uint16_t vector)
{
    bool by_irqfd = proxy->vectors != NULL;

    if (by_irqfd) {
        virtio_pci_irqfd_stop(proxy);
    }
    vq->vector = valid_vector(proxy, vector);
    if (by_irqfd) {
        virtio_pci_irqfd_start(proxy);
    }
}

/* Selectors stay: they select nothing that a driver keeps. */
void virtio_pci_forget_driver(VirtIOPCIProxy *proxy)
{
    memset(proxy->guest_features, 0, sizeof(proxy->guest_features));
    memset(proxy->setup, 0, sizeof(proxy->setup));
}

static void write_status(VirtIOPCIProxy *proxy, uint8_t value)
{
    if (value & VIRTIO_CONFIG_S_FEATURES_OK) {
        virtio_ask_features(proxy->vdev, proxy->guest_features[0] | (uint64_t)proxy->guest_features[1] << 32);
    }
    virtio_set_status(proxy->vdev, value);
    if (!value) {
        virtio_pci_forget_driver(proxy);
    }
}

static void write_queue(VirtIOPCIProxy *proxy, VirtQueue *vq, hwaddr addr, uint32_t value)
{
    uint32_t *half = address_half(proxy, vq, addr);

    switch (addr) {
    case VIRTIO_PCI_COMMON_Q_SIZE: virtio_queue_set_num(vq, value); break;
    case VIRTIO_PCI_COMMON_Q_MSIX: virtio_pci_set_queue_vector(proxy, vq, value); break;
    case VIRTIO_PCI_COMMON_Q_ENABLE:
        if (value == 1) {
            virtio_queue_place(vq, &proxy->setup[vq->index]);
            virtio_queue_enable(vq);
        }
        break;
    case VIRTIO_PCI_COMMON_Q_RESET:
        if (value == 1 && virtio_vdev_has_feature(proxy->vdev, VIRTIO_F_RING_RESET)) {
            virtio_queue_reset_one(vq);
        }
        break;
    default:
        if (half && !vq->enabled) {
            *half = value;
        }
    }
}

static void common_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    VirtIOPCIProxy *proxy = opaque;
    VirtQueue *vq = virtio_pci_selected(proxy);

    if (!proxy->bus.vdev) {
        return;                         /* unplugged while this write was on its way */
    }
    switch (addr) {
    case VIRTIO_PCI_COMMON_DFSELECT: proxy->host_features_sel = value; break;
    case VIRTIO_PCI_COMMON_GFSELECT: proxy->guest_features_sel = value; break;
    case VIRTIO_PCI_COMMON_GF:
        if (proxy->guest_features_sel < 2) {
            proxy->guest_features[proxy->guest_features_sel] = value;
        }
        break;
    case VIRTIO_PCI_COMMON_MSIX: virtio_pci_set_config_vector(proxy, value); break;
    case VIRTIO_PCI_COMMON_STATUS: write_status(proxy, value); break;
    case VIRTIO_PCI_COMMON_Q_SELECT: proxy->queue_sel = value; break;
    default:
        if (vq) {
            write_queue(proxy, vq, addr, value);
        }
    }
}

/* --- ISR status, device configuration, doorbells -------------------------------------------- */

/* Reading acknowledges. */
uint32_t virtio_pci_read_isr(VirtIOPCIProxy *proxy)
{
    uint8_t isr = proxy->vdev->isr;

    proxy->vdev->isr = 0;
    pci_irq_deassert(&proxy->parent_obj);
    return isr;
}

static uint64_t isr_read(void *opaque, hwaddr addr, unsigned size)
{
    return addr == 0 ? virtio_pci_read_isr(opaque) : 0;
}

static void ignore_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
}

static uint64_t read_zero(void *opaque, hwaddr addr, unsigned size)
{
    return 0;
}

static uint64_t device_read(void *opaque, hwaddr addr, unsigned size)
{
    VirtIOPCIProxy *proxy = opaque;

    return proxy->bus.vdev ? virtio_config_read(proxy->bus.vdev, addr, size) : UINT32_MAX;
}

static void device_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    VirtIOPCIProxy *proxy = opaque;

    if (proxy->bus.vdev) {
        virtio_config_write(proxy->bus.vdev, addr, value, size);
    }
}

static void notify_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    VirtIOPCIProxy *proxy = opaque;
    unsigned multiplier = virtio_pci_notify_multiplier(proxy);

    if (addr % multiplier == 0) {
        virtio_queue_notify(proxy->vdev, addr / multiplier);
    }
}

static void notify_pio_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    VirtIOPCIProxy *proxy = opaque;

    if (addr == 0) {
        virtio_queue_notify(proxy->vdev, value & 0xffff);
    }
}

#define UP_TO_4 .endianness = DEVICE_LITTLE_ENDIAN, .valid = { .min_access_size = 1, .max_access_size = 8 }, \
                .impl = { .min_access_size = 1, .max_access_size = 4 }
static const MemoryRegionOps common_ops = { .read = common_read, .write = common_write, UP_TO_4 };
static const MemoryRegionOps isr_ops = { .read = isr_read, .write = ignore_write, UP_TO_4 };
static const MemoryRegionOps device_ops = { .read = device_read, .write = device_write, UP_TO_4 };
static const MemoryRegionOps notify_ops = { .read = read_zero, .write = notify_write, UP_TO_4 };
static const MemoryRegionOps notify_pio_ops = { .read = read_zero, .write = notify_pio_write, UP_TO_4 };

/* --- The window in config space (4.1.4.9) ------------------------------------------------------- */

static MemoryRegion *window_target(VirtIOPCIProxy *proxy, uint8_t bar, uint32_t offset, uint32_t len, uint32_t *inside)
{
    MemoryRegion *pieces[] = { &proxy->common, &proxy->isr, &proxy->device, &proxy->notify };

    if (bar == PIO_NOTIFY_BAR && proxy->modern_pio_notify && offset + len <= memory_region_size(&proxy->notify_pio_bar)) {
        *inside = offset;
        return &proxy->notify_pio_bar;
    }
    for (unsigned i = 0; bar == MODERN_BAR && i < ARRAY_SIZE(pieces); i++) {
        uint32_t at = i * PIECE_SIZE;

        if (offset >= at && offset - at < memory_region_size(pieces[i])) {
            *inside = offset - at;
            return pieces[i];
        }
    }
    return NULL;
}

void virtio_pci_config_access(VirtIOPCIProxy *proxy, uint32_t addr, int len, bool is_write)
{
    uint8_t *cap = proxy->parent_obj.config + proxy->config_access_cap;
    uint8_t *data = cap + offsetof(struct virtio_pci_cfg_cap, pci_cfg_data);
    uint32_t data_at = data - proxy->parent_obj.config, inside;
    uint32_t offset = ldl_le_p(cap + offsetof(struct virtio_pci_cap, offset)), length = ldl_le_p(cap + offsetof(struct virtio_pci_cap, length));
    MemoryRegion *mr;
    uint64_t value;

    if (!proxy->config_access_cap || addr >= data_at + 4 || addr + len <= data_at) {
        return;
    }
    if ((length != 1 && length != 2 && length != 4) || (offset & (length - 1))) {
        return;
    }
    mr = window_target(proxy, cap[offsetof(struct virtio_pci_cap, bar)], offset, length, &inside);
    if (!mr) {
        return;
    }
    if (is_write) {
        memory_region_dispatch_write(mr, inside, ldn_le_p(data, length), length, MEMTXATTRS_UNSPECIFIED);
    } else if (memory_region_dispatch_read(mr, inside, &value, length, MEMTXATTRS_UNSPECIFIED) == MEMTX_OK) {
        stn_le_p(data, length, value);
    }
}

/* --- Capabilities ------------------------------------------------------------------------------------ */

static int add_cap(VirtIOPCIProxy *proxy, uint8_t type, uint8_t size, uint8_t bar, uint32_t offset, uint32_t length, Error **errp)
{
    PCIDevice *dev = &proxy->parent_obj;
    int at = pci_add_capability(dev, PCI_CAP_ID_VNDR, 0, size, errp);

    if (at >= 0) {
        uint8_t *cap = dev->config + at;

        cap[offsetof(struct virtio_pci_cap, cap_len)] = size;
        cap[offsetof(struct virtio_pci_cap, cfg_type)] = type;
        cap[offsetof(struct virtio_pci_cap, bar)] = bar;
        stl_le_p(cap + offsetof(struct virtio_pci_cap, offset), offset);
        stl_le_p(cap + offsetof(struct virtio_pci_cap, length), length);
    }
    return at;
}

static bool add_notify_cap(VirtIOPCIProxy *proxy, uint8_t bar, uint32_t offset, uint32_t length, uint32_t multiplier, Error **errp)
{
    int at = add_cap(proxy, VIRTIO_PCI_CAP_NOTIFY_CFG, sizeof(struct virtio_pci_notify_cap), bar, offset, length, errp);

    if (at >= 0) {
        stl_le_p(proxy->parent_obj.config + at + offsetof(struct virtio_pci_notify_cap, notify_off_multiplier), multiplier);
    }
    return at >= 0;
}

static bool add_window_cap(VirtIOPCIProxy *proxy, Error **errp)
{
    int at = add_cap(proxy, VIRTIO_PCI_CAP_PCI_CFG, sizeof(struct virtio_pci_cfg_cap), 0, 0, 0, errp);
    uint8_t *wmask = proxy->parent_obj.wmask + at;

    if (at < 0) {
        return false;
    }
    proxy->config_access_cap = at;
    wmask[offsetof(struct virtio_pci_cap, bar)] = 0xff;
    memset(wmask + offsetof(struct virtio_pci_cap, offset), 0xff, 8);
    memset(wmask + offsetof(struct virtio_pci_cfg_cap, pci_cfg_data), 0xff, 4);
    return true;
}

static bool add_caps(VirtIOPCIProxy *proxy, uint32_t notify_size, Error **errp)
{
    uint8_t size = sizeof(struct virtio_pci_cap);

    return add_cap(proxy, VIRTIO_PCI_CAP_COMMON_CFG, size, MODERN_BAR, COMMON_AT, PIECE_SIZE, errp) >= 0 &&
        add_cap(proxy, VIRTIO_PCI_CAP_ISR_CFG, size, MODERN_BAR, ISR_AT, PIECE_SIZE, errp) >= 0 &&
        add_cap(proxy, VIRTIO_PCI_CAP_DEVICE_CFG, size, MODERN_BAR, DEVICE_AT, PIECE_SIZE, errp) >= 0 &&
        add_notify_cap(proxy, MODERN_BAR, NOTIFY_AT, notify_size, virtio_pci_notify_multiplier(proxy), errp) &&
        (!proxy->modern_pio_notify || add_notify_cap(proxy, PIO_NOTIFY_BAR, 0, 4, 0, errp)) &&
        add_window_cap(proxy, errp);
}

static void add_piece(VirtIOPCIProxy *proxy, MemoryRegion *mr, const MemoryRegionOps *ops, const char *what, uint32_t at, uint32_t size)
{
    g_autofree char *name = g_strdup_printf("virtio-pci-%s", what);

    memory_region_init_io(mr, OBJECT(proxy), ops, proxy, name, size);
    if (mr == &proxy->common) {         /* addresses of rings mean nothing before the queue is enabled */
        memory_region_set_coalescing(mr, VIRTIO_PCI_COMMON_Q_DESCLO, VIRTIO_PCI_COMMON_Q_USEDHI + 4 - VIRTIO_PCI_COMMON_Q_DESCLO);
    }
    memory_region_add_subregion(&proxy->modern_bar, at, mr);
}

bool virtio_pci_modern_init(VirtIOPCIProxy *proxy, Error **errp)
{
    uint8_t type = PCI_BASE_ADDRESS_SPACE_MEMORY | PCI_BASE_ADDRESS_MEM_PREFETCH | PCI_BASE_ADDRESS_MEM_TYPE_64;
    uint32_t notify_size = virtio_pci_notify_multiplier(proxy) * VIRTIO_QUEUE_MAX;

    if (!add_caps(proxy, notify_size, errp)) {
        return false;
    }
    memory_region_init(&proxy->modern_bar, OBJECT(proxy), "virtio-pci", pow2ceil(NOTIFY_AT + notify_size));
    add_piece(proxy, &proxy->common, &common_ops, "common", COMMON_AT, PIECE_SIZE);
    add_piece(proxy, &proxy->isr, &isr_ops, "isr", ISR_AT, PIECE_SIZE);
    add_piece(proxy, &proxy->device, &device_ops, "device", DEVICE_AT, PIECE_SIZE);
    add_piece(proxy, &proxy->notify, &notify_ops, "notify", NOTIFY_AT, notify_size);
    pci_register_bar(&proxy->parent_obj, MODERN_BAR, type, &proxy->modern_bar);
    if (proxy->modern_pio_notify) {
        memory_region_init_io(&proxy->notify_pio_bar, OBJECT(proxy), &notify_pio_ops, proxy, "virtio-pci-notify-pio", 4);
        pci_register_bar(&proxy->parent_obj, PIO_NOTIFY_BAR, PCI_BASE_ADDRESS_SPACE_IO, &proxy->notify_pio_bar);
    }
    return true;
}
