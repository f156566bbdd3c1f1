/*
 * Virtio serial ports behind a PCI function.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/virtio/virtio-pci.h"
#include "virtio-serial.h"

/* Each port, and the configuration. */
static uint32_t vectors(VirtIODevice *vdev)
{
    return VIRTIO_SERIAL(vdev)->max_ports + 1;
}

static const VirtioPCITypeInfo serial_pci = {
    .name = "virtio-serial", .device_type = TYPE_VIRTIO_SERIAL, .class_id = PCI_CLASS_COMMUNICATION_OTHER, .transitional_device_id = 0x1003,
    .categories = BIT(DEVICE_CATEGORY_INPUT), .default_vectors = vectors, .two_vectors = true, .has_class_property = true,
};
DEFINE_VIRTIO_PCI_TYPES(serial_pci)
