/*
 * TI XIO3130 PCI Express switch: an upstream port (104c:8232) and downstream
 * ports (104c:8233) with slots. Each has MSI with one vector.
 *
 * Not modelled: the chip's own registers; a guest sees a plain switch.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/pci/msi.h"
#include "hw/pci/pcie_port.h"

enum { MSI_AT = 0x70, SSVID_AT = 0x80, EXP_AT = 0x90, AER_AT = 0x100, AER_SIZE = 0x48 };

#define REVISION_UPSTREAM       2
#define REVISION_DOWNSTREAM     1
#define DEVICE_UPSTREAM         0x8232
#define DEVICE_DOWNSTREAM       0x8233

static bool add_first_caps(PCIDevice *dev, Error **errp)
{
    Error *err = NULL;

    if (!msi_init(dev, MSI_AT, 1, true, false, &err)) {
        error_free(err);                /* a machine without MSIs: it interrupts by pins */
    }
    return pci_bridge_ssvid_init(dev, SSVID_AT, 0, 0, errp);
}

/* --- Upstream ----------------------------------------------------------------------------------- */

static bool add_upstream_caps(PCIDevice *dev, Error **errp)
{
    if (!add_first_caps(dev, errp) || !pcie_cap_init(dev, EXP_AT, PCI_EXP_TYPE_UPSTREAM, PCIE_PORT(dev)->port, errp)) {
        return false;
    }
    pcie_cap_flr_init(dev);
    pcie_cap_deverr_init(dev);
    return pcie_aer_init(dev, PCI_ERR_VER, AER_AT, AER_SIZE, errp);
}

static bool upstream_realize(PCIDevice *dev, Error **errp)
{
    if (!pci_bus_is_express(pci_get_bus(dev)) || pci_bus_is_root(pci_get_bus(dev))) {
        error_setg(errp, "x3130-upstream goes below a PCI Express port, not on '%s'", BUS(pci_get_bus(dev))->name);
        return false;
    }
    if (!pci_bridge_initfn(dev, TYPE_PCIE_BUS, errp)) {
        return false;
    }
    if (!add_upstream_caps(dev, errp)) {
        pci_bridge_exitfn(dev);
        return false;
    }
    return true;
}

static void upstream_exit(PCIDevice *dev)
{
    msi_uninit(dev);
    pci_bridge_exitfn(dev);
}

static void upstream_write_config(PCIDevice *dev, uint32_t addr, uint32_t val, int len)
{
    pci_bridge_write_config(dev, addr, val, len);
    pcie_cap_flr_write_config(dev, addr, val, len);
}

static void upstream_reset_hold(Object *obj, ResetType type)
{
    pci_bridge_reset(PCI_DEVICE(obj));
}

static void upstream_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    dc->desc = "Upstream port of a PCI Express switch (TI X3130)";
    dc->categories |= BIT(DEVICE_CATEGORY_BRIDGE);
    device_class_set_phases(dc, NULL, upstream_reset_hold, NULL, NULL);
    pc->vendor_id = PCI_VENDOR_ID_TI;
    pc->device_id = DEVICE_UPSTREAM;
    pc->revision = REVISION_UPSTREAM;
    pc->realize = upstream_realize;
    pc->exit = upstream_exit;
    pc->config_write = upstream_write_config;
}

/* --- Downstream ----------------------------------------------------------------------------------- */

static bool downstream_realize(PCIDevice *dev, Error **errp)
{
    PCIDevice *up = pci_get_bus(dev)->parent_dev;

    if (!up || !pci_is_express(up) || !up->exp.exp_cap || pcie_cap_get_type(up) != PCI_EXP_TYPE_UPSTREAM) {
        error_setg(errp, "xio3130-downstream goes on the bus of a switch's upstream port, not on '%s'",
                   BUS(pci_get_bus(dev))->name);
        return false;
    }
    return add_first_caps(dev, errp) && pcie_slot_init(dev, EXP_AT, PCI_EXP_TYPE_DOWNSTREAM, AER_AT, errp);
}

static void downstream_exit(PCIDevice *dev)
{
    msi_uninit(dev);
    pcie_slot_exit(dev);
}

static void downstream_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    dc->desc = "Downstream port of a PCI Express switch (TI X3130)";
    dc->categories |= BIT(DEVICE_CATEGORY_BRIDGE);
    pc->vendor_id = PCI_VENDOR_ID_TI;
    pc->device_id = DEVICE_DOWNSTREAM;
    pc->revision = REVISION_DOWNSTREAM;
    pc->realize = downstream_realize;
    pc->exit = downstream_exit;
}

static const char *const express[] = { INTERFACE_PCIE_DEVICE, NULL };

static const TypeInfo xio3130_infos[] = {
    {
        .name = "x3130-upstream", .parent = TYPE_PCIE_PORT, .instance_size = sizeof(PCIEPort),
        .class_init = upstream_class_init, .interfaces = express,
    },
    {
        .name = "xio3130-downstream", .parent = TYPE_PCIE_SLOT, .instance_size = sizeof(PCIESlot),
        .class_init = downstream_class_init, .interfaces = express,
    },
};
DEFINE_TYPES(xio3130_infos)
