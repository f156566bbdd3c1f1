/*
 * Host bridges: the way from the CPU's map to PCI config space, and the extra
 * root buses that pxb-pcie adds beside the main one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PCI_PCI_HOST_H
#define HW_PCI_PCI_HOST_H

#include "hw/pci/pci.h"
#include "hw/core/sysbus.h"

#define TYPE_PCI_HOST_BRIDGE "pci-host-bridge"
OBJECT_DECLARE_SIMPLE_TYPE(PCIHostState, PCI_HOST_BRIDGE)
struct PCIHostState {
    SysBusDevice parent_obj;
    PCIBus *bus;
    bool bypass_iommu;
};

/* Generic PCIe host: ECAM, windows and four INTx lines are placed by the machine. */
#define TYPE_GPEX_HOST "gpex-pcihost"
OBJECT_DECLARE_SIMPLE_TYPE(GPEXHost, GPEX_HOST)
struct GPEXHost {
    PCIHostState parent_obj;
    MemoryRegion ecam;                  /* sysbus MMIO 0: up to 256 buses */
    MemoryRegion io_mmio;               /* sysbus MMIO 1: PCI memory space */
    MemoryRegion io_ioport;             /* sysbus MMIO 2: PCI I/O space */
    qemu_irq irq[PCI_NUM_PINS];
    int irq_num[PCI_NUM_PINS];
    uint64_t ecam_size;
};
void gpex_set_irq_num(GPEXHost *s, int index, int gsi);

#define TYPE_PXB_PCIE_DEV "pxb-pcie"
#define TYPE_PXB_PCIE_BUS "pxb-pcie-bus"
/* A pxb's root bus has bus_num from the property; its parent in the tree is a host bridge of type "pxb-host". */
bool pci_bus_is_pxb(const PCIBus *bus);
PCIDevice *pxb_bus_device(const PCIBus *bus);        /* the pxb-pcie function on the main root that stands for it */

#endif
