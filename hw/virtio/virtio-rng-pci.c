/*
 * The entropy device behind a PCI function.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/virtio/virtio-pci.h"

static const VirtioPCITypeInfo rng_pci = {
    .name = "virtio-rng", .device_type = "virtio-rng-device", .class_id = PCI_CLASS_OTHERS, .transitional_device_id = 0x1005,
    .categories = BIT(DEVICE_CATEGORY_MISC),
};
DEFINE_VIRTIO_PCI_TYPES(rng_pci)
