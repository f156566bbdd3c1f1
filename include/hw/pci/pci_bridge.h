/*
 * PCI-PCI bridges: windows, secondary bus, reset; root ports and switches
 * build on it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PCI_PCI_BRIDGE_H
#define HW_PCI_PCI_BRIDGE_H

#include "hw/pci/pci.h"

#define TYPE_PCI_BRIDGE "base-pci-bridge"
OBJECT_DECLARE_SIMPLE_TYPE(PCIBridge, PCI_BRIDGE)

typedef struct PCIResReserve { uint32_t bus; uint64_t io, mem_non_pref, mem_pref_32, mem_pref_64; } PCIResReserve;

struct PCIBridge {
    PCIDevice parent_obj;
    PCIBus sec_bus;
    MemoryRegion address_space_mem, address_space_io;      /* what the secondary bus sees */
    MemoryRegion alias_pref_mem, alias_mem, alias_io;      /* windows into it, on the primary */
    pci_map_irq_fn map_irq;
    const char *bus_name;
};

bool pci_bridge_initfn(PCIDevice *dev, const char *bus_type, Error **errp);
void pci_bridge_exitfn(PCIDevice *dev);
void pci_bridge_reset(PCIDevice *dev);
void pci_bridge_write_config(PCIDevice *dev, uint32_t addr, uint32_t val, int len);
bool pci_bridge_ssvid_init(PCIDevice *dev, uint8_t offset, uint16_t svid, uint16_t ssid, Error **errp);
/* Vendor capability that tells firmware how much to reserve behind this bridge. */
bool pci_bridge_resource_reserve_cap_init(PCIDevice *dev, uint8_t offset, const PCIResReserve *res, Error **errp);
static inline PCIBus *pci_bridge_get_sec_bus(PCIBridge *br) { return &br->sec_bus; }
uint64_t pci_bridge_get_base(const PCIDevice *dev, uint8_t type);      /* window as programmed */
uint64_t pci_bridge_get_limit(const PCIDevice *dev, uint8_t type);

#endif
