/*
 * virtio over MMIO (virtio 1.2, 4.2): version 2, and with force-legacy=on (the
 * default) version 1, where one page number places a split ring. Without a
 * device on its bus a guest reads device ID 0, "nobody here", and goes on.
 *
 * Configuration space begins at 0x100 and takes 1, 2 and 4 byte accesses; the
 * registers below it only 4 bytes. QueueNotify is an ioeventfd while the driver
 * runs.
 *
 * Runs under the machine lock. Not modelled: shared memory regions (they read
 * as absent).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <linux/virtio_mmio.h>
#include "hw/core/sysbus.h"
#include "hw/virtio/virtio-mmio.h"
#include "util/trace.h"
#include "virtio-internal.h"

OBJECT_DECLARE_SIMPLE_TYPE(VirtIOMMIOProxy, VIRTIO_MMIO)

#define VIRTIO_MAGIC        0x74726976  /* "virt" */
#define VIRTIO_VENDOR       0x554d4551  /* "QEMU" */
#define VERSION_LEGACY      1
#define VERSION_MODERN      2
#define REGION_SIZE         0x200
#define QUEUE_RESET_REG     0x0c0       /* 4.2.2, newer than the kernel's header */

struct VirtIOMMIOProxy {
    SysBusDevice parent_obj;
    MemoryRegion iomem;
    qemu_irq irq;
    VirtIOBus bus;
    bool legacy, ioeventfd;
    uint16_t override_queue_size;
    uint32_t host_features_sel, guest_features_sel, queue_sel;
    uint32_t guest_features[2];
    uint32_t page_shift;                /* legacy: of page numbers */
    VirtIOQueueSetup setup[VIRTIO_QUEUE_MAX];
};

static VirtQueue *selected(const VirtIOMMIOProxy *proxy)
{
    return virtio_queue_at(proxy->bus.vdev, proxy->queue_sel);
}

/* --- Reading ------------------------------------------------------------------------------ */

static uint32_t offered_features(const VirtIOMMIOProxy *proxy)
{
    uint64_t features = proxy->bus.vdev->host_features;

    if (proxy->legacy) {
        return proxy->host_features_sel ? 0 : features;
    }
    features &= ~BIT_ULL(VIRTIO_F_NOTIFY_ON_EMPTY) & ~BIT_ULL(VIRTIO_F_ANY_LAYOUT);    /* those are legacy's */
    return proxy->host_features_sel < 2 ? features >> (32 * proxy->host_features_sel) : 0;
}

static uint32_t read_queue(const VirtIOMMIOProxy *proxy, hwaddr addr)
{
    const VirtQueue *vq = selected(proxy);

    if (!vq) {
        return 0;
    }
    switch (addr) {
    case VIRTIO_MMIO_QUEUE_NUM_MAX: return vq->enabled && proxy->legacy ? 0 : vq->num_max;
    case VIRTIO_MMIO_QUEUE_PFN: return proxy->legacy && vq->enabled ? vq->desc >> proxy->page_shift : 0;
    case QUEUE_RESET_REG: return !proxy->legacy && !virtqueue_reset_done(vq);
    default: return !proxy->legacy && vq->enabled;
    }
}

static uint32_t read_register(VirtIOMMIOProxy *proxy, hwaddr addr)
{
    VirtIODevice *vdev = proxy->bus.vdev;

    switch (addr) {
    case VIRTIO_MMIO_DEVICE_ID: return vdev->device_id;
    case VIRTIO_MMIO_DEVICE_FEATURES: return offered_features(proxy);
    case VIRTIO_MMIO_QUEUE_NUM_MAX:
    case VIRTIO_MMIO_QUEUE_PFN:
    case VIRTIO_MMIO_QUEUE_READY:
    case QUEUE_RESET_REG:
        return read_queue(proxy, addr);
    case VIRTIO_MMIO_INTERRUPT_STATUS: return vdev->isr;
    case VIRTIO_MMIO_STATUS: return virtio_get_status(vdev);
    case VIRTIO_MMIO_CONFIG_GENERATION: return proxy->legacy ? 0 : vdev->generation;
    case VIRTIO_MMIO_SHM_LEN_LOW:
    case VIRTIO_MMIO_SHM_LEN_HIGH:
    case VIRTIO_MMIO_SHM_BASE_LOW:
    case VIRTIO_MMIO_SHM_BASE_HIGH:
        return UINT32_MAX;              /* no such region */
    default: return 0;
    }
}

static uint64_t virtio_mmio_read(void *opaque, hwaddr addr, unsigned size)
{
    VirtIOMMIOProxy *proxy = opaque;

    if (addr >= VIRTIO_MMIO_CONFIG) {
        return proxy->bus.vdev ? virtio_config_read(proxy->bus.vdev, addr - VIRTIO_MMIO_CONFIG, size) : 0;
    }
    if (size != 4) {
        log_guest_error("virtio-mmio: read of %u bytes at 0x%" PRIx64 "\n", size, addr);
        return 0;
    }
    switch (addr) {
    case VIRTIO_MMIO_MAGIC_VALUE: return VIRTIO_MAGIC;
    case VIRTIO_MMIO_VERSION: return proxy->legacy ? VERSION_LEGACY : VERSION_MODERN;
    case VIRTIO_MMIO_VENDOR_ID: return VIRTIO_VENDOR;
    default: return proxy->bus.vdev ? read_register(proxy, addr) : 0;
    }
}

/* --- Writing --------------------------------------------------------------------------------- */

/* Selectors stay: they select nothing that a driver keeps. */
static void forget_driver(VirtIOMMIOProxy *proxy)
{
    memset(proxy->guest_features, 0, sizeof(proxy->guest_features));
    memset(proxy->setup, 0, sizeof(proxy->setup));
}

static void write_status(VirtIOMMIOProxy *proxy, uint32_t value)
{
    VirtIODevice *vdev = proxy->bus.vdev;

    if (!proxy->legacy && (value & VIRTIO_CONFIG_S_FEATURES_OK)) {
        virtio_ask_features(vdev, proxy->guest_features[0] | (uint64_t)proxy->guest_features[1] << 32);
    }
    virtio_set_status(vdev, value);
    if (!(value & 0xff)) {
        forget_driver(proxy);
    }
}

static void write_features(VirtIOMMIOProxy *proxy, uint32_t value)
{
    if (proxy->guest_features_sel < (proxy->legacy ? 1 : 2)) {
        proxy->guest_features[proxy->guest_features_sel] = value;
    }
    if (proxy->legacy && !proxy->guest_features_sel) {
        virtio_ask_features(proxy->bus.vdev, value);
    }
}

static void acknowledge(VirtIOMMIOProxy *proxy, uint32_t value)
{
    VirtIODevice *vdev = proxy->bus.vdev;

    vdev->isr &= ~value;
    qemu_set_irq(proxy->irq, vdev->isr != 0);
}

static bool write_common(VirtIOMMIOProxy *proxy, hwaddr addr, uint32_t value)
{
    switch (addr) {
    case VIRTIO_MMIO_DEVICE_FEATURES_SEL: proxy->host_features_sel = value; return true;
    case VIRTIO_MMIO_DRIVER_FEATURES_SEL: proxy->guest_features_sel = value; return true;
    case VIRTIO_MMIO_DRIVER_FEATURES: write_features(proxy, value); return true;
    case VIRTIO_MMIO_QUEUE_SEL: proxy->queue_sel = value; return true;
    case VIRTIO_MMIO_QUEUE_NOTIFY: virtio_queue_notify(proxy->bus.vdev, value); return true;
    case VIRTIO_MMIO_INTERRUPT_ACK: acknowledge(proxy, value); return true;
    case VIRTIO_MMIO_STATUS: write_status(proxy, value & 0xff); return true;
    default: return false;
    }
}

/* Old drivers reset the whole device with page 0. */
static void write_pfn(VirtIOMMIOProxy *proxy, VirtQueue *vq, uint32_t value)
{
    if (value) {
        virtio_queue_set_pfn(vq, value, proxy->page_shift);
    } else {
        write_status(proxy, 0);
    }
}

static void write_legacy_queue(VirtIOMMIOProxy *proxy, VirtQueue *vq, hwaddr addr, uint32_t value)
{
    switch (addr) {
    case VIRTIO_MMIO_QUEUE_NUM: virtio_queue_set_num(vq, value); break;
    case VIRTIO_MMIO_QUEUE_ALIGN:
        if (is_power_of_2(value)) {
            vq->legacy_align = value;
        }
        break;
    case VIRTIO_MMIO_QUEUE_PFN: write_pfn(proxy, vq, value); break;
    }
}

static void write_ready(VirtIOMMIOProxy *proxy, VirtQueue *vq, uint32_t value)
{
    if (!value) {
        virtio_queue_reset_one(vq);
        return;
    }
    virtio_queue_place(vq, &proxy->setup[vq->index]);
    virtio_queue_enable(vq);
}

static void write_modern_queue(VirtIOMMIOProxy *proxy, VirtQueue *vq, hwaddr addr, uint32_t value)
{
    VirtIOQueueSetup *setup = &proxy->setup[vq->index];

    switch (addr) {
    case VIRTIO_MMIO_QUEUE_NUM: virtio_queue_set_num(vq, value); break;
    case VIRTIO_MMIO_QUEUE_READY: write_ready(proxy, vq, value); break;
    case VIRTIO_MMIO_QUEUE_DESC_LOW: setup->desc[0] = value; break;
    case VIRTIO_MMIO_QUEUE_DESC_HIGH: setup->desc[1] = value; break;
    case VIRTIO_MMIO_QUEUE_AVAIL_LOW: setup->driver[0] = value; break;
    case VIRTIO_MMIO_QUEUE_AVAIL_HIGH: setup->driver[1] = value; break;
    case VIRTIO_MMIO_QUEUE_USED_LOW: setup->device[0] = value; break;
    case VIRTIO_MMIO_QUEUE_USED_HIGH: setup->device[1] = value; break;
    case QUEUE_RESET_REG:
        if (value == 1 && virtio_vdev_has_feature(proxy->bus.vdev, VIRTIO_F_RING_RESET)) {
            virtio_queue_reset_one(vq);
        }
        break;
    }
}

static void write_page_size(VirtIOMMIOProxy *proxy, uint32_t value)
{
    if (is_power_of_2(value)) {
        proxy->page_shift = ctz32(value);
    } else {
        log_guest_error("virtio-mmio: a guest page size of %u\n", value);
    }
}

static void virtio_mmio_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    VirtIOMMIOProxy *proxy = opaque;
    VirtQueue *vq;

    if (!proxy->bus.vdev) {
        return;
    }
    if (addr >= VIRTIO_MMIO_CONFIG) {
        virtio_config_write(proxy->bus.vdev, addr - VIRTIO_MMIO_CONFIG, value, size);
        return;
    }
    if (size != 4) {
        log_guest_error("virtio-mmio: write of %u bytes at 0x%" PRIx64 "\n", size, addr);
        return;
    }
    if (write_common(proxy, addr, value)) {
        return;
    }
    vq = selected(proxy);
    if (proxy->legacy && addr == VIRTIO_MMIO_GUEST_PAGE_SIZE) {
        write_page_size(proxy, value);
    } else if (vq && proxy->legacy) {
        write_legacy_queue(proxy, vq, addr, value);
    } else if (vq) {
        write_modern_queue(proxy, vq, addr, value);
    }
}

static const MemoryRegionOps virtio_mmio_ops = {
    .read = virtio_mmio_read, .write = virtio_mmio_write, .endianness = DEVICE_LITTLE_ENDIAN,
};

/* --- The bus's side ----------------------------------------------------------------------------- */

static void mmio_notify(DeviceState *transport, uint16_t vector)
{
    VirtIOMMIOProxy *proxy = VIRTIO_MMIO(transport);

    qemu_set_irq(proxy->irq, proxy->bus.vdev && proxy->bus.vdev->isr != 0);
}

static bool mmio_plugged(DeviceState *transport, VirtIODevice *vdev, Error **errp)
{
    VirtIOMMIOProxy *proxy = VIRTIO_MMIO(transport);

    if (proxy->legacy) {
        vdev->host_features &= UINT32_MAX;
    } else {
        virtio_add_feature(&vdev->host_features, VIRTIO_F_VERSION_1);
    }
    for (unsigned i = 0; i < virtio_get_num_queues(vdev); i++) {
        if (proxy->override_queue_size) {
            vdev->vq[i].num_max = vdev->vq[i].num = MIN(vdev->vq[i].num_max, proxy->override_queue_size);
        }
    }
    return true;
}

static bool mmio_ioeventfd_wanted(DeviceState *transport)
{
    return VIRTIO_MMIO(transport)->ioeventfd;
}

static void mmio_ioeventfd_set(DeviceState *transport, unsigned n, EventNotifier *e, bool add)
{
    VirtIOMMIOProxy *proxy = VIRTIO_MMIO(transport);

    (add ? memory_region_add_eventfd : memory_region_del_eventfd)(&proxy->iomem, VIRTIO_MMIO_QUEUE_NOTIFY, 4, true, n, e);
}

/* --- Life ------------------------------------------------------------------------------------------ */

static void virtio_mmio_reset_hold(Object *obj, ResetType type)
{
    VirtIOMMIOProxy *proxy = VIRTIO_MMIO(obj);

    forget_driver(proxy);
    proxy->host_features_sel = proxy->guest_features_sel = proxy->queue_sel = 0;
    proxy->page_shift = 0;
    qemu_set_irq(proxy->irq, 0);
}

static bool virtio_mmio_realize(DeviceState *dev, Error **errp)
{
    static unsigned number;
    VirtIOMMIOProxy *proxy = VIRTIO_MMIO(dev);
    g_autofree char *name = g_strdup_printf("virtio-mmio-bus.%u", number);

    if (proxy->override_queue_size && !is_power_of_2(proxy->override_queue_size)) {
        error_setg(errp, "virtio-mmio: x-override-queue-size=%u is not a power of two", proxy->override_queue_size);
        return false;
    }
    number++;
    qbus_init(&proxy->bus, sizeof(proxy->bus), TYPE_VIRTIO_MMIO_BUS, dev, name);
    memory_region_init_io(&proxy->iomem, OBJECT(dev), &virtio_mmio_ops, proxy, TYPE_VIRTIO_MMIO, REGION_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &proxy->iomem);
    sysbus_init_irq(SYS_BUS_DEVICE(dev), &proxy->irq);
    return true;
}

static const Property virtio_mmio_properties[] = {
    DEFINE_PROP_BOOL("force-legacy", VirtIOMMIOProxy, legacy, true),
    DEFINE_PROP_BOOL("ioeventfd", VirtIOMMIOProxy, ioeventfd, true),
    DEFINE_PROP_UINT16("x-override-queue-size", VirtIOMMIOProxy, override_queue_size, 0),
};

static void virtio_mmio_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->desc = "virtio transport over MMIO";
    dc->realize = virtio_mmio_realize;
    device_class_set_phases(dc, NULL, virtio_mmio_reset_hold, NULL, NULL);
    device_class_set_props(dc, virtio_mmio_properties);
}

static void virtio_mmio_bus_class_init(ObjectClass *klass, const void *data)
{
    VirtIOBusClass *bc = VIRTIO_BUS_CLASS(klass);

    BUS_CLASS(klass)->newest_first = true;
    bc->notify = mmio_notify;
    bc->plugged = mmio_plugged;
    bc->ioeventfd_wanted = mmio_ioeventfd_wanted;
    bc->ioeventfd_set = mmio_ioeventfd_set;
}

static const TypeInfo virtio_mmio_infos[] = {
    { .name = TYPE_VIRTIO_MMIO, .parent = TYPE_SYS_BUS_DEVICE, .instance_size = sizeof(VirtIOMMIOProxy), .class_init = virtio_mmio_class_init },
    { .name = TYPE_VIRTIO_MMIO_BUS, .parent = TYPE_VIRTIO_BUS, .class_init = virtio_mmio_bus_class_init },
};
DEFINE_TYPES(virtio_mmio_infos)
