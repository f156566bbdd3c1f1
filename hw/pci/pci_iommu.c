/*
 * The vIOMMU in front of a function: which one, under what requester id, and
 * the bus-master address space that DMA goes through.
 *
 * A conventional bridge, or the PCIe-to-PCI bridge above conventional buses,
 * speaks for what is behind it: the IOMMU sees the bridge's id instead. An
 * IOMMU registered with pci_setup_iommu() on the main root serves the roots of
 * pxbs too; one registered per bus serves that root only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/core/boards.h"
#include "pci-internal.h"

typedef struct Alias { PCIBus *bus; int devfn; } Alias;

/* What the requester looks like above @bridge. */
static Alias alias_above(PCIDevice *bridge, Alias below)
{
    if (!pci_is_express(bridge) || !bridge->exp.exp_cap) {
        return (Alias) { pci_get_bus(bridge), bridge->devfn };
    }
    if (pcie_cap_get_type(bridge) == PCI_EXP_TYPE_PCI_BRIDGE) {
        return (Alias) { pci_bridge_get_sec_bus(PCI_BRIDGE(bridge)), 0 };
    }
    return below;
}

static Alias alias_of(PCIDevice *dev)
{
    Alias a = { pci_get_bus(dev), dev->devfn };

    for (PCIBus *bus = a.bus; !pci_bus_is_root(bus); bus = pci_get_bus(bus->parent_dev)) {
        a = alias_above(bus->parent_dev, a);
    }
    return a;
}

uint16_t pci_requester_id(PCIDevice *dev)
{
    Alias a = alias_of(dev);

    return PCI_BUILD_BDF(pci_bus_num(a.bus), a.devfn);
}

static PCIBus *serving_bus(PCIDevice *dev)
{
    PCIBus *root = pci_device_root_bus(dev);

    if (root->bypass_iommu) {
        return NULL;
    }
    if (!root->iommu_ops && root->main_root && !root->main_root->iommu_per_bus) {
        root = root->main_root;
    }
    return root->iommu_ops ? root : NULL;
}

const PCIIOMMUOps *pci_device_get_iommu_ops(PCIDevice *dev, PCIBus **piommu_bus, PCIBus **aliased_bus, int *aliased_devfn, void **opaque)
{
    PCIBus *bus = serving_bus(dev);
    Alias a = alias_of(dev);

    *piommu_bus = bus;
    *aliased_bus = a.bus;
    *aliased_devfn = a.devfn;
    *opaque = bus ? bus->iommu_opaque : NULL;
    return bus ? bus->iommu_ops : NULL;
}

AddressSpace *pci_device_iommu_address_space(PCIDevice *dev)
{
    PCIBus *iommu_bus, *bus;
    int devfn;
    void *opaque;
    const PCIIOMMUOps *ops = pci_device_get_iommu_ops(dev, &iommu_bus, &bus, &devfn, &opaque);

    return ops ? ops->get_address_space(bus, opaque, devfn) : &address_space_memory;
}

uint64_t pci_device_get_viommu_flags(PCIDevice *dev)
{
    PCIBus *iommu_bus, *bus;
    int devfn;
    void *opaque;
    const PCIIOMMUOps *ops = pci_device_get_iommu_ops(dev, &iommu_bus, &bus, &devfn, &opaque);

    return ops && ops->get_viommu_flags ? ops->get_viommu_flags(opaque) : 0;
}

bool pci_device_set_iommu_device(PCIDevice *dev, HostIOMMUDevice *hiod, Error **errp)
{
    PCIBus *iommu_bus, *bus;
    int devfn;
    void *opaque;
    const PCIIOMMUOps *ops = pci_device_get_iommu_ops(dev, &iommu_bus, &bus, &devfn, &opaque);

    return !ops || !ops->set_iommu_device || ops->set_iommu_device(bus, opaque, devfn, hiod, errp);
}

void pci_device_unset_iommu_device(PCIDevice *dev)
{
    PCIBus *iommu_bus, *bus;
    int devfn;
    void *opaque;
    const PCIIOMMUOps *ops = pci_device_get_iommu_ops(dev, &iommu_bus, &bus, &devfn, &opaque);

    if (ops && ops->unset_iommu_device) {
        ops->unset_iommu_device(bus, opaque, devfn);
    }
}

bool pci_device_get_msi_direct_gpa(PCIDevice *dev, uint64_t iova, uint64_t *gpa)
{
    PCIBus *iommu_bus, *bus;
    int devfn;
    void *opaque;
    const PCIIOMMUOps *ops = pci_device_get_iommu_ops(dev, &iommu_bus, &bus, &devfn, &opaque);

    return ops && ops->get_msi_direct_gpa && ops->get_msi_direct_gpa(bus, opaque, devfn, iova, gpa);
}

void pci_setup_iommu(PCIBus *bus, const PCIIOMMUOps *ops, void *opaque)
{
    g_assert(ops->get_address_space);
    bus->iommu_ops = ops;
    bus->iommu_opaque = opaque;
    bus->iommu_per_bus = false;
}

void pci_setup_iommu_per_bus(PCIBus *bus, const PCIIOMMUOps *ops, void *opaque)
{
    g_assert(ops->get_address_space && pci_bus_is_root(bus) && !bus->iommu_per_bus);
    bus->iommu_ops = ops;
    bus->iommu_opaque = opaque;
    bus->iommu_per_bus = true;
}

/* --- The bus-master address space ------------------------------------------------------ */

AddressSpace *pci_get_address_space(PCIDevice *dev)
{
    return &dev->bus_master_as;
}

MemTxAttrs pci_dma_attrs(PCIDevice *dev)
{
    return (MemTxAttrs) { .requester_id = pci_requester_id(dev) };
}

void pci_bus_master_update(PCIDevice *dev)
{
    dev->is_bus_master = pci_get_word(dev->config + PCI_COMMAND) & PCI_COMMAND_MASTER;
    if (dev->bus_master_enable_region.alias) {
        memory_region_set_enabled(&dev->bus_master_enable_region, dev->is_bus_master && dev->has_power && dev->enabled);
    }
}

static void connect_bus_master(PCIDevice *dev)
{
    MemoryRegion *root = pci_device_iommu_address_space(dev)->root;

    memory_region_init_alias(&dev->bus_master_enable_region, OBJECT(dev), "bus master", root, 0, UINT64_MAX);
    memory_region_set_enabled(&dev->bus_master_enable_region, false);
    memory_region_add_subregion(&dev->bus_master_container, 0, &dev->bus_master_enable_region);
    pci_bus_master_update(dev);
}

static void machine_is_done(Notifier *n, void *data)
{
    PCIDevice *dev = container_of(n, PCIDevice, machine_done);

    notifier_remove(n);
    n->notify = NULL;
    connect_bus_master(dev);
}

/* On the command line the vIOMMU may come after the function, so the connection waits for the whole machine. */
void pci_bus_master_init(PCIDevice *dev)
{
    memory_region_init(&dev->bus_master_container, OBJECT(dev), "bus master container", UINT64_MAX);
    address_space_init(&dev->bus_master_as, &dev->bus_master_container, dev->name);
    if (qdev_hotplug_time()) {
        connect_bus_master(dev);
    } else {
        dev->machine_done.notify = machine_is_done;
        qemu_add_machine_init_done_notifier(&dev->machine_done);
    }
}

void pci_bus_master_exit(PCIDevice *dev)
{
    if (dev->machine_done.notify) {
        notifier_remove(&dev->machine_done);
        dev->machine_done.notify = NULL;
    }
    if (dev->bus_master_enable_region.container) {
        memory_region_del_subregion(&dev->bus_master_container, &dev->bus_master_enable_region);
    }
    address_space_destroy(&dev->bus_master_as);
}
