/*
 * Between the files of virtio over PCI.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_VIRTIO_VIRTIO_PCI_INTERNAL_H
#define HW_VIRTIO_VIRTIO_PCI_INTERNAL_H

#include <linux/virtio_pci.h>
#include "hw/pci/msi.h"
#include "hw/pci/pcie.h"
#include "hw/virtio/virtio-pci.h"
#include "virtio-internal.h"

#define TYPE_VIRTIO_PCI_BUS "virtio-pci-bus"

enum { LEGACY_BAR = 0, MSIX_BAR = 1, PIO_NOTIFY_BAR = 2, MODERN_BAR = 4 };

/* The pieces of the modern BAR, each named by a capability. */
enum { COMMON_AT = 0x0000, ISR_AT = 0x1000, DEVICE_AT = 0x2000, NOTIFY_AT = 0x3000, PIECE_SIZE = 0x1000 };
enum { NOTIFY_MULTIPLIER = 4, NOTIFY_PAGE = 0x1000 };

/* Which of the three types of one kind of device it is. */
typedef enum VirtIOPCIForm { FORM_GENERIC, FORM_TRANSITIONAL, FORM_NON_TRANSITIONAL } VirtIOPCIForm;

typedef struct VirtIOPCIClass {
    PCIDeviceClass parent_class;
    const VirtioPCITypeInfo *info;
    VirtIOPCIForm form;
} VirtIOPCIClass;
DECLARE_CLASS_CHECKERS(VirtIOPCIClass, VIRTIO_PCI, TYPE_VIRTIO_PCI)

typedef struct VirtIOPCIVector {
    int virq;                           /* the route KVM has for it, -1: none */
    unsigned users;                     /* queues whose eventfd is bound to it */
} VirtIOPCIVector;

struct VirtIOPCIProxy {
    PCIDevice parent_obj;
    VirtIOBus bus;
    VirtIODevice *vdev;                 /* our child; bus.vdev while it is plugged */
    MemoryRegion modern_bar, common, isr, device, notify, notify_pio_bar, legacy_bar;
    bool legacy, modern;                /* as decided */
    uint8_t config_access_cap;          /* where the window into the BARs is in config space */

    OnOffAuto disable_legacy;
    bool disable_modern, ioeventfd, modern_pio_notify, page_per_vq, ats, ats_aligned, aer, flr, no_soft_reset, master_bug_migration;
    uint32_t nvectors, class_code;

    uint32_t host_features_sel, guest_features_sel, guest_features[2];
    uint16_t queue_sel;
    VirtIOQueueSetup setup[VIRTIO_QUEUE_MAX];

    VirtIOPCIVector *vectors;           /* while interrupts go by irqfd; nvectors of them */
    KVMRouteChange *starting;           /* where routes go while all vectors are being started */
};

static inline unsigned virtio_pci_notify_multiplier(const VirtIOPCIProxy *proxy)
{
    return proxy->page_per_vq ? NOTIFY_PAGE : NOTIFY_MULTIPLIER;
}

/* The queue the driver selected; NULL: there is no such queue. */
static inline VirtQueue *virtio_pci_selected(VirtIOPCIProxy *proxy)
{
    VirtQueue *vq = virtio_queue_at(proxy->vdev, proxy->queue_sel);

    return vq && vq->handle_output ? vq : NULL;
}

/* virtio-pci-modern.c: capabilities, BARs and what is behind them */
bool virtio_pci_modern_init(VirtIOPCIProxy *proxy, Error **errp);
void virtio_pci_config_access(VirtIOPCIProxy *proxy, uint32_t addr, int len, bool is_write);
void virtio_pci_forget_driver(VirtIOPCIProxy *proxy);
uint32_t virtio_pci_read_isr(VirtIOPCIProxy *proxy);
void virtio_pci_set_config_vector(VirtIOPCIProxy *proxy, uint16_t vector);
void virtio_pci_set_queue_vector(VirtIOPCIProxy *proxy, VirtQueue *vq, uint16_t vector);
/* virtio-pci-legacy.c: the I/O BAR of transitional devices */
void virtio_pci_legacy_init(VirtIOPCIProxy *proxy);
/* virtio-pci-irqfd.c */
void virtio_pci_irqfd_start(VirtIOPCIProxy *proxy);
void virtio_pci_irqfd_stop(VirtIOPCIProxy *proxy);

#endif
