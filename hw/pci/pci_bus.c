/*
 * PCI buses: which functions are on them, how they are numbered, and how to
 * find one by number. A root keeps a table of bus numbers, so that a config
 * access costs the same with one device as with a thousand; whatever may
 * renumber a bus drops the table.
 *
 * Runs under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pci-internal.h"

static GPtrArray *roots;                /* PCIBus: main roots and those of pxbs */

/* --- Numbers ------------------------------------------------------------------- */

int pci_bus_num(PCIBus *bus)
{
    return PCI_BUS_GET_CLASS(bus)->bus_num(bus);
}

uint16_t pci_bus_numa_node(PCIBus *bus)
{
    return PCI_BUS_GET_CLASS(bus)->numa_node(bus);
}

static int default_bus_num(PCIBus *bus)
{
    return bus->parent_dev ? bus->parent_dev->config[PCI_SECONDARY_BUS] : 0;
}

static uint16_t default_numa_node(PCIBus *bus)
{
    return bus->parent_dev ? pci_bus_numa_node(pci_get_bus(bus->parent_dev)) : PCI_BUS_NUMA_NODE_NONE;
}

PCIBus *pci_get_bus(const PCIDevice *dev)
{
    return (PCIBus *)dev->parent_obj.parent_bus;
}

PCIBus *pci_device_root_bus(const PCIDevice *dev)
{
    PCIBus *bus = pci_get_bus(dev);

    while (!pci_bus_is_root(bus)) {
        bus = pci_get_bus(bus->parent_dev);
    }
    return bus;
}

PCIBus *pci_bus_main_root(PCIBus *bus)
{
    while (!pci_bus_is_root(bus)) {
        bus = pci_get_bus(bus->parent_dev);
    }
    return bus->main_root ? bus->main_root : bus;
}

bool pci_bus_is_express(const PCIBus *bus)
{
    return object_dynamic_cast(OBJECT(bus), TYPE_PCIE_BUS) != NULL;
}

/* Where the bus and those below it end; a bridge says so, a root is as wide as what hangs on it. */
void pci_bus_range(PCIBus *bus, int *min_bus, int *max_bus)
{
    *min_bus = *max_bus = pci_bus_num(bus);
    for (int i = 0; i < PCI_DEVFN_MAX; i++) {
        PCIDevice *dev = bus->devices[i];

        if (dev && object_dynamic_cast(OBJECT(dev), TYPE_PCI_BRIDGE)) {
            *min_bus = MIN(*min_bus, dev->config[PCI_SECONDARY_BUS]);
            *max_bus = MAX(*max_bus, dev->config[PCI_SUBORDINATE_BUS]);
        }
    }
}

void pci_bus_numbers_changed(PCIBus *bus)
{
    pci_bus_main_root(bus)->numbers_known = false;
}

/* A bus enters the table only where every bridge above forwards its number. */
static void number_below(PCIBus *root, PCIBus *bus, int low, int high)
{
    int num = pci_bus_num(bus);

    if (num < low || num > high) {
        return;
    }
    if (!root->by_number[num]) {
        root->by_number[num] = bus;
    }
    for (guint i = 0; i < bus->child->len; i++) {
        PCIBus *sub = g_ptr_array_index(bus->child, i);

        if (sub->parent_dev) {
            number_below(root, sub, MAX(MAX(low, num + 1), sub->parent_dev->config[PCI_SECONDARY_BUS]),
                         MIN(high, sub->parent_dev->config[PCI_SUBORDINATE_BUS]));
        }
    }
}

static void number_all(PCIBus *root)
{
    memset(root->by_number, 0, sizeof(root->by_number));
    number_below(root, root, 0, 255);
    for (guint i = 0; i < root->child->len; i++) {
        PCIBus *extra = g_ptr_array_index(root->child, i);

        if (pci_bus_is_root(extra)) {
            number_below(root, extra, 0, 255);
        }
    }
    root->numbers_known = true;
}

PCIBus *pci_find_bus_nr(PCIBus *root, int bus_num)
{
    if (bus_num < 0 || bus_num > 255) {
        return NULL;
    }
    root = pci_bus_main_root(root);
    if (!root->numbers_known) {
        number_all(root);
    }
    return root->by_number[bus_num];
}

PCIDevice *pci_find_device(PCIBus *root, int bus_num, int devfn)
{
    PCIBus *bus = pci_find_bus_nr(root, bus_num);

    return bus ? bus->devices[devfn & 0xff] : NULL;
}

/* --- Walks ---------------------------------------------------------------------- */

void pci_for_each_device_on_bus(PCIBus *bus, void (*fn)(PCIBus *bus, PCIDevice *dev, void *opaque), void *opaque)
{
    for (int i = 0; i < PCI_DEVFN_MAX; i++) {
        if (bus->devices[i]) {
            fn(bus, bus->devices[i], opaque);
        }
    }
}

void pci_for_each_device_under_bus(PCIBus *bus, void (*fn)(PCIBus *bus, PCIDevice *dev, void *opaque), void *opaque)
{
    pci_for_each_device_on_bus(bus, fn, opaque);
    for (guint i = 0; i < bus->child->len; i++) {
        PCIBus *sub = g_ptr_array_index(bus->child, i);

        if (!pci_bus_is_root(sub)) {
            pci_for_each_device_under_bus(sub, fn, opaque);
        }
    }
}

void pci_for_each_root_bus(void (*fn)(PCIBus *bus, void *opaque), void *opaque)
{
    for (guint i = 0; roots && i < roots->len; i++) {
        fn(g_ptr_array_index(roots, i), opaque);
    }
}

static void tell_rid(PCIBus *bus, PCIDevice *dev, void *unused)
{
    PCIBus *iommu_bus, *aliased;
    int devfn;
    void *opaque;
    const PCIIOMMUOps *ops = pci_device_get_iommu_ops(dev, &iommu_bus, &aliased, &devfn, &opaque);

    if (ops && ops->rid_changed) {
        ops->rid_changed(aliased, opaque, devfn);
    }
}

void pci_bus_rids_changed(PCIBus *bus)
{
    pci_bus_numbers_changed(bus);
    pci_for_each_device_under_bus(bus, tell_rid, NULL);
}

/* --- Places on a bus -------------------------------------------------------------- */

static const char *type_of(PCIDevice *dev)
{
    return object_get_typename(OBJECT(dev));
}

/* Behind a link there is one device: only its slot 0 exists. */
static bool slot_exists(PCIBus *bus, int devfn)
{
    PCIDevice *port = bus->parent_dev;
    uint8_t type = port && pci_is_express(port) && port->exp.exp_cap ? pcie_cap_get_type(port) : PCI_EXP_TYPE_UPSTREAM;

    return PCI_SLOT(devfn) == 0 || (type != PCI_EXP_TYPE_ROOT_PORT && type != PCI_EXP_TYPE_DOWNSTREAM);
}

static bool devfn_free(PCIBus *bus, int devfn)
{
    return !bus->devices[devfn] && !bus->hidden[devfn] && !(bus->slot_reserved_mask & BIT(PCI_SLOT(devfn))) && slot_exists(bus, devfn);
}

static bool pick_devfn(PCIBus *bus, PCIDevice *dev, Error **errp)
{
    for (int devfn = bus->devfn_min; devfn < PCI_DEVFN_MAX; devfn += PCI_FUNC_MAX) {
        if (devfn_free(bus, devfn)) {
            dev->devfn = devfn;
            return true;
        }
    }
    error_setg(errp, "PCI: no slot is left for %s", type_of(dev));
    return false;
}

static bool check_devfn(PCIBus *bus, PCIDevice *dev, Error **errp)
{
    int slot = PCI_SLOT(dev->devfn), fn = PCI_FUNC(dev->devfn);
    PCIDevice *other = bus->devices[dev->devfn] ? bus->devices[dev->devfn] : bus->hidden[dev->devfn];

    if (other) {
        error_setg(errp, "PCI: slot %d function %d, wanted for %s, is taken by %s '%s'", slot, fn, type_of(dev),
                   type_of(other), other->parent_obj.id ?: "without id");
    } else if (bus->slot_reserved_mask & BIT(slot)) {
        error_setg(errp, "PCI: slot %d function %d, wanted for %s, is kept for the machine", slot, fn, type_of(dev));
    } else if (!pcie_sriov_is_vf(dev) && !slot_exists(bus, dev->devfn)) {
        error_setg(errp, "PCI: slot %d cannot be for %s: this port has slot 0 only",
                   slot, type_of(dev));
    } else {
        return true;
    }
    return false;
}

/* Function 0 says whether there are others; VFs are found by what their physical function says. */
static bool check_multifunction(PCIBus *bus, PCIDevice *dev, Error **errp)
{
    int slot = PCI_SLOT(dev->devfn);
    PCIDevice *f0 = bus->devices[PCI_DEVFN(slot, 0)];

    if (pcie_sriov_is_vf(dev)) {
        return true;
    }
    if (PCI_FUNC(dev->devfn)) {
        if (f0 && dev->parent_obj.hotplugged) {
            error_setg(errp, "PCI: slot %d has its function 0 (%s) already, so that the guest would never look for %s",
                       slot, type_of(f0), type_of(dev));
            return false;
        }
        if (f0 && !(f0->cap_present & QEMU_PCI_CAP_MULTIFUNCTION)) {
            error_setg(errp, "PCI: function %x.%x needs a function 0 with multifunction=on", slot, PCI_FUNC(dev->devfn));
            return false;
        }
        return true;
    }
    if (dev->cap_present & QEMU_PCI_CAP_MULTIFUNCTION) {
        return true;
    }
    for (int fn = 1; fn < PCI_FUNC_MAX; fn++) {
        if (bus->devices[PCI_DEVFN(slot, fn)]) {
            error_setg(errp, "PCI: %x.0 needs multifunction=on, because %x.%x is there", slot, slot, fn);
            return false;
        }
    }
    return true;
}

bool pci_bus_place(PCIDevice *dev, Error **errp)
{
    PCIBus *bus = pci_get_bus(dev);
    int asked = dev->devfn;

    if (pci_bus_is_pxb(bus) && !PCI_DEVICE_GET_CLASS(dev)->is_bridge) {
        error_setg(errp, "PCI: %s takes bridges only", TYPE_PXB_PCIE_DEV);
        return false;
    }
    if (asked < 0 ? !pick_devfn(bus, dev, errp) : !check_devfn(bus, dev, errp)) {
        return false;
    }
    if (!check_multifunction(bus, dev, errp)) {
        dev->devfn = asked;
        return false;
    }
    bus->devices[dev->devfn] = dev;
    pci_bus_numbers_changed(bus);
    return true;
}

void pci_bus_unplace(PCIDevice *dev)
{
    PCIBus *bus = pci_get_bus(dev);

    if (bus && dev->devfn >= 0 && bus->devices[dev->devfn] == dev) {
        bus->devices[dev->devfn] = NULL;
        pci_bus_numbers_changed(bus);
    } else if (bus && dev->devfn >= 0 && bus->hidden[dev->devfn] == dev) {
        bus->hidden[dev->devfn] = NULL;
    }
}

/* Neither is for bridges, so no bus gets another number. */
void pci_bus_hide(PCIDevice *dev)
{
    pci_get_bus(dev)->devices[dev->devfn] = NULL;
    pci_get_bus(dev)->hidden[dev->devfn] = dev;
}

void pci_bus_show(PCIDevice *dev)
{
    pci_get_bus(dev)->hidden[dev->devfn] = NULL;
    pci_get_bus(dev)->devices[dev->devfn] = dev;
}

/* --- Making buses ------------------------------------------------------------------ */

void pci_bus_attach_secondary(PCIBus *parent, PCIBus *bus)
{
    g_ptr_array_add(parent->child, bus);
    pci_bus_numbers_changed(parent);
}

void pci_host_register_root(PCIBus *bus)
{
    if (!roots) {
        roots = g_ptr_array_new();
    }
    g_ptr_array_add(roots, bus);
}

PCIBus *pci_root_bus_new(DeviceState *parent, const char *name, MemoryRegion *mem, MemoryRegion *io, uint8_t devfn_min, const char *type)
{
    PCIBus *bus = PCI_BUS(qbus_new(type, parent, name));

    bus->flags = PCI_BUS_IS_ROOT;
    bus->devfn_min = devfn_min;
    bus->address_space_mem = mem;
    bus->address_space_io = io;
    bus->map_irq = pci_swizzle_map_irq_fn;
    pci_host_register_root(bus);
    return bus;
}

void pci_root_bus_cleanup(PCIBus *bus)
{
    object_unparent(OBJECT(bus));
}

static void bus_unparent(Object *obj)
{
    PCIBus *bus = PCI_BUS(obj);
    DeviceState *owner = bus->qbus.parent;

    if (roots) {
        g_ptr_array_remove(roots, bus);
    }
    if (bus->main_root) {
        g_ptr_array_remove(bus->main_root->child, bus);
        pci_bus_numbers_changed(bus->main_root);
    } else if (owner && object_dynamic_cast(OBJECT(owner), TYPE_PCI_DEVICE) && owner->parent_bus) {
        PCIBus *above = (PCIBus *)owner->parent_bus;

        g_ptr_array_remove(above->child, bus);
        pci_bus_numbers_changed(above);
    }
    object_class_get_parent(object_class_by_name(TYPE_PCI_BUS))->unparent(obj);
}

static char *bus_dev_path(DeviceState *dev)
{
    PCIDevice *d = PCI_DEVICE(dev);

    return g_strdup_printf("%02x:%02x.%x", pci_dev_bus_num(d), PCI_SLOT(d->devfn), PCI_FUNC(d->devfn));
}

/* Names by class code, from the PCI Bus Binding to IEEE 1275. */
static const char *class_name(const PCIDevice *d)
{
    static const struct { uint16_t class_id; const char *name; } names[] = {
        { 0x0100, "scsi" }, { 0x0101, "ide" }, { 0x0200, "ethernet" }, { 0x0600, "host" }, { PCI_CLASS_BRIDGE_PCI, "pci-bridge" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (names[i].class_id == pci_get_word(d->config + PCI_CLASS_DEVICE)) {
            return names[i].name;
        }
    }
    return NULL;
}

static char *bus_fw_dev_path(DeviceState *dev)
{
    PCIDevice *d = PCI_DEVICE(dev);
    const char *name = DEVICE_GET_CLASS(dev)->fw_name ? DEVICE_GET_CLASS(dev)->fw_name : class_name(d);
    GString *s = g_string_new(NULL);

    if (name) {
        g_string_append(s, name);
    } else {
        g_string_append_printf(s, "pci%04x,%04x", pci_get_word(d->config + PCI_VENDOR_ID), pci_get_word(d->config + PCI_DEVICE_ID));
    }
    g_string_append_printf(s, "@%x", PCI_SLOT(d->devfn));
    if (PCI_FUNC(d->devfn)) {
        g_string_append_printf(s, ",%x", PCI_FUNC(d->devfn));
    }
    return g_string_free(s, FALSE);
}

static void pci_bus_init(Object *obj)
{
    ((PCIBus *)obj)->child = g_ptr_array_new();
}

static void pci_bus_finalize(Object *obj)
{
    PCIBus *bus = (PCIBus *)obj;

    g_ptr_array_unref(bus->child);
    g_free(bus->irq_count);
}

static void pci_bus_class_init(ObjectClass *klass, const void *data)
{
    BusClass *bc = BUS_CLASS(klass);
    PCIBusClass *pbc = PCI_BUS_CLASS(klass);

    klass->unparent = bus_unparent;
    bc->get_dev_path = bus_dev_path;
    bc->get_fw_dev_path = bus_fw_dev_path;
    pbc->bus_num = default_bus_num;
    pbc->numa_node = default_numa_node;
}

static const TypeInfo bus_infos[] = {
    {
        .name = TYPE_PCI_BUS, .parent = TYPE_BUS, .instance_size = sizeof(PCIBus), .class_size = sizeof(PCIBusClass),
        .instance_init = pci_bus_init, .instance_finalize = pci_bus_finalize, .class_init = pci_bus_class_init,
    },
    { .name = TYPE_PCIE_BUS, .parent = TYPE_PCI_BUS },
};
DEFINE_TYPES(bus_infos)
