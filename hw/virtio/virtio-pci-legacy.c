/*
 * The legacy interface of transitional devices over PCI (virtio 1.2, 4.1.4.10):
 * an I/O BAR with 32-bit features, one queue page number of 4 KiB pages, and
 * the device's configuration behind 20 bytes, or 24 while MSI-X is on.
 *
 * Runs under the machine lock; the doorbell may be an ioeventfd.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virtio-pci-internal.h"

static uint32_t config_at(VirtIOPCIProxy *proxy)
{
    return VIRTIO_PCI_CONFIG_OFF(msix_enabled(&proxy->parent_obj));
}

static uint32_t read_header(VirtIOPCIProxy *proxy, hwaddr addr)
{
    VirtQueue *vq = virtio_pci_selected(proxy);

    switch (addr) {
    case VIRTIO_PCI_HOST_FEATURES: return proxy->vdev->host_features;
    case VIRTIO_PCI_GUEST_FEATURES: return proxy->vdev->guest_features;
    case VIRTIO_PCI_QUEUE_PFN: return vq && vq->enabled ? vq->desc >> VIRTIO_PCI_QUEUE_ADDR_SHIFT : 0;
    case VIRTIO_PCI_QUEUE_NUM: return vq ? vq->num : 0;
    case VIRTIO_PCI_QUEUE_SEL: return proxy->queue_sel;
    case VIRTIO_PCI_STATUS: return virtio_get_status(proxy->vdev);
    case VIRTIO_PCI_ISR: return virtio_pci_read_isr(proxy);
    case VIRTIO_MSI_CONFIG_VECTOR: return proxy->vdev->config_vector;
    case VIRTIO_MSI_QUEUE_VECTOR: return vq ? vq->vector : VIRTIO_NO_VECTOR;
    default: return UINT32_MAX;
    }
}

static uint64_t legacy_read(void *opaque, hwaddr addr, unsigned size)
{
    VirtIOPCIProxy *proxy = opaque;

    if (!proxy->bus.vdev) {
        return UINT32_MAX;
    }
    return addr < config_at(proxy) ? read_header(proxy, addr) : virtio_config_read(proxy->vdev, addr - config_at(proxy), size);
}

static void write_status(VirtIOPCIProxy *proxy, uint8_t value)
{
    virtio_set_status(proxy->vdev, value);
    if (!value) {
        virtio_pci_forget_driver(proxy);
    }
}

static void write_pfn(VirtIOPCIProxy *proxy, VirtQueue *vq, uint32_t value)
{
    if (value) {
        virtio_queue_set_pfn(vq, value, VIRTIO_PCI_QUEUE_ADDR_SHIFT);
    } else {
        write_status(proxy, 0);         /* old drivers reset the whole device so */
    }
}

static void write_header(VirtIOPCIProxy *proxy, hwaddr addr, uint32_t value)
{
    VirtQueue *vq = virtio_pci_selected(proxy);

    switch (addr) {
    case VIRTIO_PCI_GUEST_FEATURES: virtio_ask_features(proxy->vdev, value); break;
    case VIRTIO_PCI_QUEUE_SEL: proxy->queue_sel = value; break;
    case VIRTIO_PCI_QUEUE_NOTIFY: virtio_queue_notify(proxy->vdev, value & 0xffff); break;
    case VIRTIO_PCI_STATUS: write_status(proxy, value); break;
    case VIRTIO_MSI_CONFIG_VECTOR: virtio_pci_set_config_vector(proxy, value); break;
    case VIRTIO_PCI_QUEUE_PFN:
        if (vq) {
            write_pfn(proxy, vq, value);
        }
        break;
    case VIRTIO_MSI_QUEUE_VECTOR:
        if (vq) {
            virtio_pci_set_queue_vector(proxy, vq, value);
        }
        break;
    }
}

static void legacy_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    VirtIOPCIProxy *proxy = opaque;

    if (!proxy->bus.vdev) {
        return;
    }
    if (addr < config_at(proxy)) {
        write_header(proxy, addr, value);
    } else {
        virtio_config_write(proxy->vdev, addr - config_at(proxy), value, size);
    }
}

static const MemoryRegionOps legacy_ops = {
    .read = legacy_read, .write = legacy_write, .endianness = DEVICE_LITTLE_ENDIAN, .impl = { .min_access_size = 1, .max_access_size = 4 },
};

void virtio_pci_legacy_init(VirtIOPCIProxy *proxy)
{
    uint32_t size = pow2ceil(VIRTIO_PCI_CONFIG_OFF(proxy->nvectors) + proxy->vdev->config_len);

    memory_region_init_io(&proxy->legacy_bar, OBJECT(proxy), &legacy_ops, proxy, "virtio-pci-legacy", size);
    pci_register_bar(&proxy->parent_obj, LEGACY_BAR, PCI_BASE_ADDRESS_SPACE_IO, &proxy->legacy_bar);
}
