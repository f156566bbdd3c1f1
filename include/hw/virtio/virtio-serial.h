/*
 * Serial ports over virtio: a device on a virtio bus or a PCI function, and the
 * ports on its bus.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_VIRTIO_VIRTIO_SERIAL_H
#define HW_VIRTIO_VIRTIO_SERIAL_H

#define TYPE_VIRTIO_SERIAL "virtio-serial-device"
#define TYPE_VIRTIO_SERIAL_PCI "virtio-serial-pci"
#define TYPE_VIRTIO_SERIAL_BUS "virtio-serial-bus"
#define TYPE_VIRTIO_CONSOLE "virtconsole"
#define TYPE_VIRTIO_SERIAL_PORT_CHARDEV "virtserialport"

#endif
