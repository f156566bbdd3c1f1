/*
 * Names for config space. The register layout itself (PCI_COMMAND, PCI_EXP_*,
 * PCI_EXT_CAP_ID_* ...) is the kernel's userspace header; this file adds what
 * that lacks: class codes, vendor ids and a few fields of newer specifications.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PCI_PCI_REGS_H
#define HW_PCI_PCI_REGS_H

#include <linux/pci_regs.h>

#define PCI_BAR(n)                      (PCI_BASE_ADDRESS_0 + 4 * (n))

/* Base class << 8 | subclass (PCI Code and ID Assignment Specification). */
#define PCI_CLASS_STORAGE_EXPRESS       0x0108
#define PCI_CLASS_STORAGE_SCSI          0x0100
#define PCI_CLASS_NETWORK_ETHERNET      0x0200
#define PCI_CLASS_BRIDGE_HOST           0x0600
#define PCI_CLASS_BRIDGE_PCI            0x0604
#define PCI_CLASS_COMMUNICATION_OTHER   0x0780
#define PCI_CLASS_MEMORY_RAM            0x0500
#define PCI_CLASS_OTHERS                0x00ff

#define PCI_VENDOR_ID_INTEL             0x8086
#define PCI_VENDOR_ID_TI                0x104c
#define PCI_VENDOR_ID_REDHAT_QUMRANET   0x1af4
#define PCI_VENDOR_ID_REDHAT            0x1b36
#define PCI_VENDOR_ID_QEMU              0x1234
#define PCI_SUBVENDOR_ID_REDHAT_QUMRANET 0x1af4
#define PCI_SUBDEVICE_ID_QEMU           0x1100

#define PCI_DEVICE_ID_REDHAT_BRIDGE     0x0001
#define PCI_DEVICE_ID_REDHAT_TEST       0x0005
#define PCI_DEVICE_ID_REDHAT_PCIE_HOST  0x0008
#define PCI_DEVICE_ID_REDHAT_PXB_PCIE   0x000b
#define PCI_DEVICE_ID_REDHAT_PCIE_RP    0x000c
#define PCI_DEVICE_ID_REDHAT_PCIE_BRIDGE 0x000e
#define PCI_DEVICE_ID_REDHAT_NVME       0x0010

#define PCI_MSI_VECTORS_MAX             32
#define PCI_EXP_DEVCTL2_EE_PREFIX_BLOCK 0x8000
#define PCI_ERR_VER                     2

#endif
