/*
 * A virtio device behind a PCI function. Each kind of device registers its
 * three PCI types (NAME-pci, -pci-transitional, -pci-non-transitional) with one
 * table entry:
 *
 *     static const VirtioPCITypeInfo rng_pci = {
 *         .name = "virtio-rng", .device_type = TYPE_VIRTIO_RNG, .class_id = PCI_CLASS_OTHERS,
 *         .transitional_device_id = 0x1005,
 *     };
 *     DEFINE_VIRTIO_PCI_TYPES(rng_pci)
 *
 * The function makes the device as its child "virtio-backend"; the device's
 * properties appear on the function too.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_VIRTIO_VIRTIO_PCI_H
#define HW_VIRTIO_VIRTIO_PCI_H

#include "hw/pci/pci.h"
#include "hw/virtio/virtio.h"

#define TYPE_VIRTIO_PCI "virtio-pci"
OBJECT_DECLARE_SIMPLE_TYPE(VirtIOPCIProxy, VIRTIO_PCI)

typedef struct VirtioPCITypeInfo {
    const char *name;                   /* "virtio-blk" */
    const char *device_type;            /* "virtio-blk-device" */
    uint16_t class_id;                  /* PCI_CLASS_* */
    uint16_t transitional_device_id;    /* 0x1000 and up (5.1 of the specification's PCI ids); 0: never transitional */
    unsigned long categories;           /* bits of DEVICE_CATEGORY_* */
    /* MSI-X vectors for vectors=4294967295; @vdev's properties are set, it is not realized. NULL: 2. */
    uint32_t (*default_vectors)(VirtIODevice *vdev);
    bool two_vectors;                   /* when the user says nothing, instead of what default_vectors decides */
    /* Properties that a function decides differently (num-queues by the number of CPUs). May be NULL. */
    void (*prepare)(VirtIODevice *vdev);
    /* A class code the user chose: shown as `class` (0: none). */
    bool has_class_property;
} VirtioPCITypeInfo;

void virtio_pci_types_register(const VirtioPCITypeInfo *info);
#define DEFINE_VIRTIO_PCI_TYPES(info_) \
    static void __attribute__((constructor)) register_##info_(void) { virtio_pci_types_register(&info_); }

#endif
