/*
 * A disk: on a virtio bus, or with its own PCI function.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_VIRTIO_VIRTIO_BLK_H
#define HW_VIRTIO_VIRTIO_BLK_H

#define TYPE_VIRTIO_BLK "virtio-blk-device"
#define TYPE_VIRTIO_BLK_PCI "virtio-blk-pci"

#endif
