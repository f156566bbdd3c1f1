/*
 * PCI Express: capability blocks of functions and ports, native hotplug.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PCI_PCIE_H
#define HW_PCI_PCIE_H

#include "hw/pci/pci.h"

/* Extended capability at @offset (0: after the last). Keeps the chain in address order; refuses overlap. */
bool pcie_add_capability(PCIDevice *dev, uint16_t cap_id, uint8_t ver, uint16_t offset, uint16_t size, uint16_t *where, Error **errp);
uint16_t pcie_find_capability(const PCIDevice *dev, uint16_t cap_id);

bool pcie_cap_init(PCIDevice *dev, uint8_t offset, uint8_t type, uint8_t port, Error **errp);
bool pcie_endpoint_cap_init(PCIDevice *dev, uint8_t offset, Error **errp);    /* root complex integrated when on a root bus */
uint8_t pcie_cap_get_type(const PCIDevice *dev);
void pcie_cap_flr_init(PCIDevice *dev);
void pcie_cap_flr_write_config(PCIDevice *dev, uint32_t addr, uint32_t val, int len);
void pcie_cap_deverr_init(PCIDevice *dev);
void pcie_cap_lnkctl_init(PCIDevice *dev);
void pcie_cap_arifwd_init(PCIDevice *dev);
void pcie_ari_init(PCIDevice *dev, uint16_t offset, Error **errp);
void pcie_acs_init(PCIDevice *dev, uint16_t offset, Error **errp);
bool pcie_aer_init(PCIDevice *dev, uint8_t ver, uint16_t offset, uint16_t size, Error **errp);
void pcie_ats_init(PCIDevice *dev, uint16_t offset, bool aligned, Error **errp);
/* @max_pasid_width 1..20 */
bool pcie_pasid_init(PCIDevice *dev, uint16_t offset, uint8_t max_pasid_width, bool exec_perm, bool priv_mod, Error **errp);
bool pcie_pri_init(PCIDevice *dev, uint16_t offset, uint32_t outstanding, bool prg_response_pasid, Error **errp);
bool pcie_ats_enabled(const PCIDevice *dev);
bool pcie_pasid_enabled(const PCIDevice *dev);
bool pcie_pri_enabled(const PCIDevice *dev);

/* Slots and their hotplug controller. */
void pcie_cap_slot_init(PCIDevice *port, uint16_t slot, bool hotplug, bool power_controller);
void pcie_cap_slot_reset(PCIDevice *port);
void pcie_cap_slot_write_config(PCIDevice *port, uint16_t old_slt_ctl, uint16_t old_slt_sta, uint32_t addr, uint32_t val, int len);
extern const HotplugHandler pcie_slot_hotplug_handler;

#endif
