/*
 * pxb-pcie: a further PCI Express root bus beside pcie.0, so that a guest can
 * see functions on other roots, other NUMA nodes or behind another SMMU.
 *
 * The function 1b36:000b on pcie.0 only stands for it. The root bus is named
 * after the function's id, answers at bus number bus_nr of the same ECAM, and
 * shares the main root's windows and interrupt lines.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/core/boards.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_host.h"

#define TYPE_PXB_HOST   "pxb-host"
OBJECT_DECLARE_SIMPLE_TYPE(PXBDev, PXB_PCIE_DEV)

struct PXBDev {
    PCIDevice parent_obj;
    uint8_t bus_nr;
    uint16_t numa_node;
    bool bypass_iommu;
    DeviceState *host;
};

/* --- The root bus ------------------------------------------------------------------------------ */

typedef struct PXBBus {
    PCIBus parent_obj;
    PXBDev *pxb;
} PXBBus;

bool pci_bus_is_pxb(const PCIBus *bus)
{
    return object_dynamic_cast(OBJECT(bus), TYPE_PXB_PCIE_BUS) != NULL;
}

PCIDevice *pxb_bus_device(const PCIBus *bus)
{
    return &((const PXBBus *)bus)->pxb->parent_obj;
}

static int pxb_bus_num(PCIBus *bus)
{
    return ((PXBBus *)bus)->pxb->bus_nr;
}

static uint16_t pxb_bus_numa_node(PCIBus *bus)
{
    return ((PXBBus *)bus)->pxb->numa_node;
}

static void pxb_bus_class_init(ObjectClass *klass, const void *data)
{
    PCIBusClass *pbc = PCI_BUS_CLASS(klass);

    pbc->bus_num = pxb_bus_num;
    pbc->numa_node = pxb_bus_numa_node;
}

/* --- The function that stands for it -------------------------------------------------------------- */

typedef struct NumberCheck { int bus_nr; PCIBus *clash; } NumberCheck;

static void check_number(PCIBus *bus, void *opaque)
{
    NumberCheck *c = opaque;

    if (pci_bus_num(bus) == c->bus_nr) {
        c->clash = bus;
    }
}

static bool check_options(PXBDev *pxb, Error **errp)
{
    PCIBus *bus = pci_get_bus(&pxb->parent_obj);
    NumberCheck c = { .bus_nr = pxb->bus_nr };

    if (!pci_bus_is_root(bus) || bus->main_root) {
        error_setg(errp, "pxb-pcie goes on the machine's root bus, not on '%s'", BUS(bus)->name);
        return false;
    }
    if (pxb->numa_node != PCI_BUS_NUMA_NODE_NONE &&
        (pxb->numa_node >= MAX_NUMA_NODES || !current_machine || pxb->numa_node >= current_machine->num_numa)) {
        error_setg(errp, "Illegal numa node %d: there is no -numa node of that number", pxb->numa_node);
        return false;
    }
    pci_for_each_root_bus(check_number, &c);
    if (c.clash) {
        error_setg(errp, "bus_nr=%u is already the number of bus '%s'", pxb->bus_nr, BUS(c.clash)->name);
        return false;
    }
    return true;
}

static PCIBus *make_root(PXBDev *pxb)
{
    PCIBus *main_root = pci_get_bus(&pxb->parent_obj);
    PCIBus *bus = pci_root_bus_new(pxb->host, DEVICE(pxb)->id, main_root->address_space_mem, main_root->address_space_io,
                                   0, TYPE_PXB_PCIE_BUS);

    ((PXBBus *)bus)->pxb = pxb;
    bus->main_root = main_root;
    bus->bypass_iommu = pxb->bypass_iommu;
    g_ptr_array_add(main_root->child, bus);
    main_root->numbers_known = false;
    return bus;
}

static bool pxb_realize(PCIDevice *dev, Error **errp)
{
    PXBDev *pxb = PXB_PCIE_DEV(dev);

    if (!check_options(pxb, errp)) {
        return false;
    }
    pci_set_word(dev->config + PCI_STATUS, PCI_STATUS_66MHZ | PCI_STATUS_FAST_BACK);
    pxb->host = qdev_new(TYPE_PXB_HOST);
    PCI_HOST_BRIDGE(pxb->host)->bus = make_root(pxb);
    if (!sysbus_realize_and_unref(SYS_BUS_DEVICE(pxb->host), errp)) {
        pxb->host = NULL;
        return false;
    }
    return true;
}

static void pxb_exit(PCIDevice *dev)
{
    PXBDev *pxb = PXB_PCIE_DEV(dev);

    object_unparent(OBJECT(pxb->host));
    pxb->host = NULL;
}

static const Property pxb_properties[] = {
    DEFINE_PROP_UINT8("bus_nr", PXBDev, bus_nr, 0),
    DEFINE_PROP_UINT16("numa_node", PXBDev, numa_node, PCI_BUS_NUMA_NODE_NONE),
    DEFINE_PROP_BOOL("bypass_iommu", PXBDev, bypass_iommu, false),
};

static void pxb_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    dc->desc = "PCI Express Expander Bridge";
    dc->categories |= BIT(DEVICE_CATEGORY_BRIDGE);
    dc->hotpluggable = false;
    device_class_set_props(dc, pxb_properties);
    pc->vendor_id = PCI_VENDOR_ID_REDHAT;
    pc->device_id = PCI_DEVICE_ID_REDHAT_PXB_PCIE;
    pc->class_id = PCI_CLASS_BRIDGE_HOST;
    pc->realize = pxb_realize;
    pc->exit = pxb_exit;
}

/* The n-th root beside the main one, by bus number: how firmware counts them. */
static char *pxb_host_unit_address(const SysBusDevice *sbd)
{
    PCIBus *own = PCI_HOST_BRIDGE(sbd)->bus, *main_root = own->main_root;
    unsigned n = 1;

    for (guint i = 0; i < main_root->child->len; i++) {
        PCIBus *other = g_ptr_array_index(main_root->child, i);
        n += pci_bus_is_pxb(other) && pci_bus_num(other) < pci_bus_num(own);
    }
    return g_strdup_printf("%016" PRIx64 ",%x", UINT64_MAX, n);
}

static void pxb_host_class_init(ObjectClass *klass, const void *data)
{
    DEVICE_CLASS(klass)->fw_name = "pci";
    SYS_BUS_DEVICE_CLASS(klass)->unit_address = pxb_host_unit_address;
    DEVICE_CLASS(klass)->user_creatable = false;
}

static const TypeInfo pxb_infos[] = {
    {
        .name = TYPE_PXB_PCIE_BUS, .parent = TYPE_PCIE_BUS, .instance_size = sizeof(PXBBus),
        .class_init = pxb_bus_class_init,
    },
    {
        .name = TYPE_PXB_HOST, .parent = TYPE_PCI_HOST_BRIDGE, .class_init = pxb_host_class_init,
    },
    {
        .name = TYPE_PXB_PCIE_DEV, .parent = TYPE_PCI_DEVICE, .instance_size = sizeof(PXBDev), .class_init = pxb_class_init,
        .interfaces = (const char *const[]) { INTERFACE_CONVENTIONAL_PCI_DEVICE, NULL },
    },
};
DEFINE_TYPES(pxb_infos)
