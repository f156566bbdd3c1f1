/*
 * Single root I/O virtualization: a physical function (PF) that shows virtual
 * functions (VFs) on its bus when the guest asks for them.
 *
 * A PF calls pcie_sriov_pf_init(), declares the VFs' BARs, then makes the VFs;
 * they exist from then on, unseen until VF Enable. A VF's own realize calls
 * pci_register_bar() as any other: where it decodes follows from the PF.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PCI_PCIE_SRIOV_H
#define HW_PCI_PCIE_SRIOV_H

#include "hw/pci/pci.h"

bool pcie_sriov_pf_init(PCIDevice *pf, uint16_t offset, uint16_t vf_device_id, uint16_t total_vfs, uint16_t first_offset,
                        uint16_t stride, Error **errp);
void pcie_sriov_pf_init_vf_bar(PCIDevice *pf, int region, uint8_t type, uint64_t size);
/* One VF's share and where the guest places it; 0: there is no such BAR. */
uint64_t pcie_sriov_vf_bar_size(const PCIDevice *pf, int region, uint8_t *type);
uint32_t pcie_sriov_vf_bar_reg(const PCIDevice *pf, int region);
/* Functions of @vf_type, made and realized. On failure none is left. */
bool pcie_sriov_pf_make_vfs(PCIDevice *pf, const char *vf_type, Error **errp);
void pcie_sriov_pf_exit(PCIDevice *pf);
/* VF Enable falls, the VFs go. Part of every reset of the PF. */
void pcie_sriov_pf_reset(PCIDevice *pf);
/* After the bytes are in config space. */
void pcie_sriov_write_config(PCIDevice *pf, uint32_t addr, int len);
uint16_t pcie_sriov_total_vfs(const PCIDevice *pf);
PCIDevice *pcie_sriov_get_vf(const PCIDevice *pf, unsigned index);        /* seen or not */

static inline bool pcie_sriov_is_vf(const PCIDevice *dev) { return dev->exp.vf_of != NULL; }
static inline PCIDevice *pcie_sriov_get_pf(const PCIDevice *vf) { return vf->exp.vf_of; }
static inline uint16_t pcie_sriov_vf_index(const PCIDevice *vf) { return vf->exp.vf_index; }
/* What of config space is different in a VF: called when the rest of it is there. */
void pcie_sriov_vf_init_config(PCIDevice *vf);
uint64_t pcie_sriov_vf_bar_address(const PCIDevice *vf, int region);       /* PCI_BAR_UNMAPPED when not decoded */

#endif
