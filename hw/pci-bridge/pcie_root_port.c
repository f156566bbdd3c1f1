/*
 * Generic PCI Express root port, 1b36:000c: bridge, slot with native hotplug,
 * AER, ACS and one MSI-X vector in BAR 0.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/pci/msi.h"
#include "hw/pci/pcie_port.h"

#define TYPE_GEN_PCIE_ROOT_PORT "pcie-root-port"
OBJECT_DECLARE_SIMPLE_TYPE(GenPCIERootPort, GEN_PCIE_ROOT_PORT)

enum { SSVID_AT = 0x40, MSIX_AT = 0x48, EXP_AT = 0x54, AER_AT = 0x100, ACS_AT = 0x148 };
enum { MSIX_BAR = 0, MSIX_BAR_SIZE = 0x1000, MSIX_PBA_AT = 0x800 };

struct GenPCIERootPort {
    PCIESlot parent_obj;
    MemoryRegion msix_bar;
    PCIResReserve reserve;
};

/* Until firmware sets them, base above limit: nothing passes. */
static void close_windows(PCIDevice *dev)
{
    dev->config[PCI_IO_BASE] = 0xf0;
    pci_set_word(dev->config + PCI_MEMORY_BASE, 0xfff0);
    pci_set_word(dev->config + PCI_PREF_MEMORY_BASE, 0xfff0 | PCI_PREF_RANGE_TYPE_64);
}

static bool add_caps(PCIDevice *dev, Error **errp)
{
    GenPCIERootPort *rp = GEN_PCIE_ROOT_PORT(dev);
    ERRP_GUARD();

    if (!pci_bridge_resource_reserve_cap_init(dev, 0, &rp->reserve, errp)) {
        return false;
    }
    if (rp->reserve.io != UINT64_MAX && rp->reserve.io == 0) {
        /* No I/O behind it: say so, and firmware asks for no I/O window. */
        dev->wmask[PCI_IO_BASE] = dev->wmask[PCI_IO_LIMIT] = 0;
        dev->config[PCI_IO_BASE] = dev->config[PCI_IO_LIMIT] = 0;
        pci_set_word(dev->wmask + PCI_COMMAND, pci_get_word(dev->wmask + PCI_COMMAND) & ~PCI_COMMAND_IO);
    }
    if (!rp->parent_obj.disable_acs) {
        pcie_acs_init(dev, ACS_AT, errp);
    }
    return !*errp;
}

static bool add_msix(PCIDevice *dev, Error **errp)
{
    GenPCIERootPort *rp = GEN_PCIE_ROOT_PORT(dev);

    if (!msi_nonbroken) {
        return true;                    /* hotplug events go by INTx then */
    }
    memory_region_init(&rp->msix_bar, OBJECT(rp), "pcie-root-port-msix", MSIX_BAR_SIZE);
    if (!msix_init(dev, 1, &rp->msix_bar, MSIX_BAR, 0, &rp->msix_bar, MSIX_BAR, MSIX_PBA_AT, MSIX_AT, errp)) {
        return false;
    }
    pci_register_bar(dev, MSIX_BAR, PCI_BASE_ADDRESS_SPACE_MEMORY, &rp->msix_bar);
    msix_vector_use(dev, 0);
    return true;
}

static void root_port_exit(PCIDevice *dev)
{
    GenPCIERootPort *rp = GEN_PCIE_ROOT_PORT(dev);

    msix_uninit(dev, &rp->msix_bar, &rp->msix_bar);
    pcie_slot_exit(dev);
}

/* The list of capabilities runs PCIe, MSI-X, SSVID: each new one goes in front. */
static bool root_port_realize(PCIDevice *dev, Error **errp)
{
    uint16_t root_control = PCI_EXP_RTCTL_SECEE | PCI_EXP_RTCTL_SENFEE | PCI_EXP_RTCTL_SEFEE;

    if (!pci_bus_is_root(pci_get_bus(dev)) || !pci_bus_is_express(pci_get_bus(dev))) {
        error_setg(errp, "%s goes on a PCI Express root bus (pcie.0 or a pxb-pcie), not on '%s'",
                   TYPE_GEN_PCIE_ROOT_PORT, BUS(pci_get_bus(dev))->name);
        return false;
    }
    dev->config[PCI_INTERRUPT_PIN] = 1;
    if (!pci_bridge_ssvid_init(dev, SSVID_AT, PCI_VENDOR_ID_REDHAT, 0, errp) || !add_msix(dev, errp)) {
        return false;
    }
    if (!pcie_slot_init(dev, EXP_AT, PCI_EXP_TYPE_ROOT_PORT, AER_AT, errp)) {
        GenPCIERootPort *rp = GEN_PCIE_ROOT_PORT(dev);

        msix_uninit(dev, &rp->msix_bar, &rp->msix_bar);
        return false;
    }
    pci_set_word(dev->wmask + EXP_AT + PCI_EXP_RTCTL, root_control);
    pci_set_long(dev->w1cmask + EXP_AT + PCI_EXP_RTSTA, PCI_EXP_RTSTA_PME);
    close_windows(dev);
    if (!add_caps(dev, errp)) {
        root_port_exit(dev);
        return false;
    }
    return true;
}

static const Property root_port_properties[] = {
    DEFINE_PROP_UINT32("bus-reserve", GenPCIERootPort, reserve.bus, UINT32_MAX),
    DEFINE_PROP_SIZE("io-reserve", GenPCIERootPort, reserve.io, UINT64_MAX),
    DEFINE_PROP_SIZE("mem-reserve", GenPCIERootPort, reserve.mem_non_pref, UINT64_MAX),
    DEFINE_PROP_SIZE("pref32-reserve", GenPCIERootPort, reserve.mem_pref_32, UINT64_MAX),
    DEFINE_PROP_SIZE("pref64-reserve", GenPCIERootPort, reserve.mem_pref_64, UINT64_MAX),
    DEFINE_PROP_SIGNED_("x-speed", GenPCIERootPort, parent_obj.speed, PCI_EXP_LINK_SPEED_16, qdev_prop_pcie_link_speed, int),
    DEFINE_PROP_SIGNED_("x-width", GenPCIERootPort, parent_obj.width, PCI_EXP_LINK_WIDTH_32, qdev_prop_pcie_link_width, int),
    DEFINE_PROP_BOOL("disable-acs", GenPCIERootPort, parent_obj.disable_acs, false),
};

static void root_port_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    dc->desc = "PCI Express Root Port";
    dc->categories |= BIT(DEVICE_CATEGORY_BRIDGE);
    dc->hotpluggable = false;
    device_class_set_props(dc, root_port_properties);
    pc->vendor_id = PCI_VENDOR_ID_REDHAT;
    pc->device_id = PCI_DEVICE_ID_REDHAT_PCIE_RP;
    pc->realize = root_port_realize;
    pc->exit = root_port_exit;
}

static const TypeInfo root_port_info = {
    .name = TYPE_GEN_PCIE_ROOT_PORT, .parent = TYPE_PCIE_SLOT, .instance_size = sizeof(GenPCIERootPort),
    .class_init = root_port_class_init, .interfaces = (const char *const[]) { INTERFACE_PCIE_DEVICE, NULL },
};
DEFINE_TYPE(root_port_info)
