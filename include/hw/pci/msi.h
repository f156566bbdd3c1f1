/*
 * MSI and MSI-X capabilities, and how a message leaves a function: as a DMA
 * write through the function's own address space.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PCI_MSI_H
#define HW_PCI_MSI_H

#include "hw/pci/pci.h"

extern bool msi_nonbroken;              /* the machine has somewhere to send messages */

bool msi_init(PCIDevice *dev, uint8_t offset, unsigned nr_vectors, bool msi64bit, bool per_vector_mask, Error **errp);
void msi_uninit(PCIDevice *dev);
void msi_reset(PCIDevice *dev);
bool msi_enabled(const PCIDevice *dev);
unsigned msi_nr_vectors_allocated(const PCIDevice *dev);
bool msi_is_masked(const PCIDevice *dev, unsigned vector);
void msi_set_pending(PCIDevice *dev, unsigned vector, bool pending);
MSIMessage msi_get_message(PCIDevice *dev, unsigned vector);
void msi_notify(PCIDevice *dev, unsigned vector);
void msi_send_message(PCIDevice *dev, MSIMessage msg);
void msi_write_config(PCIDevice *dev, uint32_t addr, uint32_t val, int len);

bool msix_init(PCIDevice *dev, unsigned nentries, MemoryRegion *table_bar, uint8_t table_bar_nr, unsigned table_offset,
               MemoryRegion *pba_bar, uint8_t pba_bar_nr, unsigned pba_offset, uint8_t cap_pos, Error **errp);
bool msix_init_exclusive_bar(PCIDevice *dev, unsigned nentries, uint8_t bar_nr, Error **errp);
void msix_uninit(PCIDevice *dev, MemoryRegion *table_bar, MemoryRegion *pba_bar);
void msix_uninit_exclusive_bar(PCIDevice *dev);
void msix_reset(PCIDevice *dev);
bool msix_enabled(const PCIDevice *dev);
bool msix_is_masked(PCIDevice *dev, unsigned vector);
bool msix_is_pending(PCIDevice *dev, unsigned vector);
void msix_set_pending(PCIDevice *dev, unsigned vector);
void msix_clr_pending(PCIDevice *dev, unsigned vector);
MSIMessage msix_get_message(PCIDevice *dev, unsigned vector);
void msix_notify(PCIDevice *dev, unsigned vector);
void msix_vector_use(PCIDevice *dev, unsigned vector);
void msix_vector_unuse(PCIDevice *dev, unsigned vector);
void msix_write_config(PCIDevice *dev, uint32_t addr, uint32_t val, int len);
/* Someone else (irqfd) wants to know when vectors are unmasked, masked, polled. Called for those already in use. */
int msix_set_vector_notifiers(PCIDevice *dev, MSIVectorUseNotifier use, MSIVectorReleaseNotifier release, MSIVectorPollNotifier poll);
void msix_unset_vector_notifiers(PCIDevice *dev);

#endif
