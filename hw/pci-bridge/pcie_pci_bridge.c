/*
 * PCI Express to PCI bridge, 1b36:000e: conventional functions below a PCIe
 * port or on the root complex.
 *
 * Not modelled: the standard hotplug controller of the conventional bus; what
 * is below the bridge is plugged at start. BAR 0 is therefore absent.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/pci/msi.h"
#include "hw/pci/pcie_port.h"

#define TYPE_PCIE_PCI_BRIDGE "pcie-pci-bridge"
OBJECT_DECLARE_SIMPLE_TYPE(PCIEPCIBridge, PCIE_PCI_BRIDGE)
struct PCIEPCIBridge {
    PCIBridge parent_obj;
    OnOffAuto msi;
};

enum { EXP_AT = 0x48, PM_AT = 0x84, MSI_AT = 0x8c, AER_AT = 0x100, AER_SIZE = 0x48 };

static bool add_msi(PCIEPCIBridge *s, Error **errp)
{
    PCIDevice *dev = PCI_DEVICE(s);
    Error *err = NULL;

    if (s->msi == ON_OFF_AUTO_OFF || msi_init(dev, MSI_AT, 1, true, true, &err)) {
        return true;
    }
    if (s->msi == ON_OFF_AUTO_ON) {
        error_propagate(errp, err);
        return false;
    }
    error_free(err);
    return true;
}

static bool add_caps(PCIEPCIBridge *s, Error **errp)
{
    PCIDevice *dev = PCI_DEVICE(s);

    if (!pcie_cap_init(dev, EXP_AT, PCI_EXP_TYPE_PCI_BRIDGE, 0, errp) || pci_pm_init(dev, PM_AT, errp) < 0) {
        return false;
    }
    pci_set_word(dev->config + PM_AT + PCI_PM_CTRL, 0);
    pcie_cap_deverr_init(dev);
    return pcie_aer_init(dev, PCI_ERR_VER, AER_AT, AER_SIZE, errp) && add_msi(s, errp);
}

static bool bridge_realize(PCIDevice *dev, Error **errp)
{
    if (!pci_bus_is_express(pci_get_bus(dev))) {
        error_setg(errp, "%s goes on a PCI Express bus, not on '%s'", TYPE_PCIE_PCI_BRIDGE, BUS(pci_get_bus(dev))->name);
        return false;
    }
    if (!pci_bridge_initfn(dev, TYPE_PCI_BUS, errp)) {
        return false;
    }
    dev->config[PCI_INTERRUPT_PIN] = 1;
    pci_set_word(dev->config + PCI_STATUS, PCI_STATUS_66MHZ | PCI_STATUS_FAST_BACK);
    pci_set_word(dev->config + PCI_SEC_STATUS, PCI_STATUS_66MHZ | PCI_STATUS_FAST_BACK);
    if (!add_caps(PCIE_PCI_BRIDGE(dev), errp)) {
        pci_bridge_exitfn(dev);
        return false;
    }
    return true;
}

static void bridge_exit(PCIDevice *dev)
{
    msi_uninit(dev);
    pci_bridge_exitfn(dev);
}

static void bridge_reset_hold(Object *obj, ResetType type)
{
    pci_bridge_reset(PCI_DEVICE(obj));
}

static const Property bridge_properties[] = {
    DEFINE_PROP_ON_OFF_AUTO("msi", PCIEPCIBridge, msi, ON_OFF_AUTO_AUTO),
};

static void bridge_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    dc->categories |= BIT(DEVICE_CATEGORY_BRIDGE);
    device_class_set_phases(dc, NULL, bridge_reset_hold, NULL, NULL);
    device_class_set_props(dc, bridge_properties);
    pc->vendor_id = PCI_VENDOR_ID_REDHAT;
    pc->device_id = PCI_DEVICE_ID_REDHAT_PCIE_BRIDGE;
    pc->realize = bridge_realize;
    pc->exit = bridge_exit;
}

static const TypeInfo bridge_info = {
    .name = TYPE_PCIE_PCI_BRIDGE, .parent = TYPE_PCI_BRIDGE, .instance_size = sizeof(PCIEPCIBridge),
    .class_init = bridge_class_init, .interfaces = (const char *const[]) { INTERFACE_PCIE_DEVICE, NULL },
};
DEFINE_TYPE(bridge_info)
