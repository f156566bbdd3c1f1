/*
 * What the files of the PCI core share among themselves.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PCI_PCI_INTERNAL_H
#define HW_PCI_PCI_INTERNAL_H

#include "hw/pci/msi.h"
#include "hw/pci/pci.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_host.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_sriov.h"

/* pci_bus.c */
bool pci_bus_place(PCIDevice *dev, Error **errp);         /* picks or checks devfn and takes it */
void pci_bus_unplace(PCIDevice *dev);
void pci_bus_hide(PCIDevice *dev);                        /* keeps its place */
void pci_bus_show(PCIDevice *dev);
void pci_bus_numbers_changed(PCIBus *bus);                /* forget which bus has which number */
void pci_bus_attach_secondary(PCIBus *parent, PCIBus *bus);
/* The bus that answers for the main hierarchy: of a pxb's root, the root its function is on. */
PCIBus *pci_bus_main_root(PCIBus *bus);

/* pci_config.c */
void pci_config_init(PCIDevice *dev);
void msix_free(PCIDevice *dev);
void pci_config_free(PCIDevice *dev);
void pci_config_seal(PCIDevice *dev);                     /* what is in it now is what reset brings back */
void pci_config_reset(PCIDevice *dev);
void pci_unmap_bars(PCIDevice *dev);

/* pci_irq.c */
void pci_irq_disable_changed(PCIDevice *dev, bool was_disabled);

/* pci_iommu.c */
void pci_bus_master_init(PCIDevice *dev);
void pci_bus_master_exit(PCIDevice *dev);
void pci_bus_master_update(PCIDevice *dev);

/* pci_rom.c */
bool pci_rom_add(PCIDevice *dev, Error **errp);
void pci_rom_del(PCIDevice *dev);

#endif
