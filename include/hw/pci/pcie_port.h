/*
 * Ports with a PCIe link below them: root ports and switch ports.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PCI_PCIE_PORT_H
#define HW_PCI_PCIE_PORT_H

#include "hw/pci/pci_bridge.h"
#include "hw/pci/pcie.h"

#define TYPE_PCIE_PORT "pcie-port"
OBJECT_DECLARE_SIMPLE_TYPE(PCIEPort, PCIE_PORT)
struct PCIEPort {
    PCIBridge parent_obj;
    uint8_t port;                       /* number in the link capabilities */
    uint16_t aer_log_max;
};

/* A port whose link leads to a slot. */
#define TYPE_PCIE_SLOT "pcie-slot"
OBJECT_DECLARE_SIMPLE_TYPE(PCIESlot, PCIE_SLOT)
struct PCIESlot {
    PCIEPort parent_obj;
    uint8_t chassis;
    uint16_t slot;                      /* physical slot number; unique in its chassis */
    bool hotplug, hide_native_hotplug, power_controller, disable_acs;
    int speed, width;                   /* codes of the link registers; 0: x1 at 2.5 GT/s */
    int64_t unplug_asked;               /* monotonic us of the last attention button press for removal */
};

/* What the link can do (LNKCAP, LNKCAP2); the width and speed codes are the registers'. */
void pcie_cap_set_link(PCIDevice *dev, int width, int speed);
/* The link trained (child: who is at the other end) or went down (NULL). */
void pcie_link_changed(PCIDevice *port, const PCIDevice *child);
bool pcie_chassis_take_slot(PCIESlot *slot, Error **errp);
void pcie_chassis_drop_slot(PCIESlot *slot);
/* Config writes of ports: bridge, slot, AER. */
void pcie_slot_write_config(PCIDevice *dev, uint32_t addr, uint32_t val, int len);
/* The parts every slotted port has: bridge, PCIe capability at @exp_at, slot, AER at @aer_at. */
bool pcie_slot_init(PCIDevice *dev, uint8_t exp_at, uint8_t type, uint16_t aer_at, Error **errp);
void pcie_slot_exit(PCIDevice *dev);
void pcie_slot_reset_hold(Object *obj, ResetType type);

#endif
