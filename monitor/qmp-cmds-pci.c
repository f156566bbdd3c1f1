/*
 * query-pci: every function as the guest's firmware left it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/pci/pci.h"
#include "monitor-internal.h"

static json_t *bus_devices(PCIBus *bus);

static json_t *regions(PCIDevice *dev)
{
    json_t *list = json_array();

    for (int i = 0; i < PCI_NUM_REGIONS; i++) {
        const PCIIORegion *r = &dev->io_regions[i];
        bool io = r->type & PCI_BASE_ADDRESS_SPACE_IO;
        json_t *entry;

        if (!r->size) {
            continue;
        }
        entry = json_pack("{s:i, s:s, s:I, s:I}", "bar", i, "type", io ? "io" : "memory", "address", (json_int_t)r->addr,
                          "size", (json_int_t)r->size);
        if (!io) {
            json_object_set_new(entry, "prefetch", json_boolean(r->type & PCI_BASE_ADDRESS_MEM_PREFETCH));
            json_object_set_new(entry, "mem_type_64", json_boolean(r->type & PCI_BASE_ADDRESS_MEM_TYPE_64));
        }
        json_array_append_new(list, entry);
    }
    return list;
}

static json_t *range(uint64_t base, uint64_t limit)
{
    return json_pack("{s:I, s:I}", "base", (json_int_t)base, "limit", (json_int_t)limit);
}

static json_t *bridge_info(PCIDevice *dev, PCIBus *bus)
{
    const uint8_t *c = dev->config;
    uint64_t pref_base = (uint64_t)(pci_get_word(c + 0x24) & 0xfff0) << 16 | (uint64_t)pci_get_long(c + 0x28) << 32;
    uint64_t pref_limit = (uint64_t)(pci_get_word(c + 0x26) & 0xfff0) << 16 | (uint64_t)pci_get_long(c + 0x2c) << 32 | 0xfffff;

    return json_pack("{s:{s:i, s:i, s:i, s:o, s:o, s:o}, s:o}", "bus", "number", c[0x18], "secondary", c[0x19],
                     "subordinate", c[0x1a], "io_range", range((c[0x1c] & 0xf0) << 8, (c[0x1d] & 0xf0) << 8 | 0xfff),
                     "memory_range", range((uint32_t)(pci_get_word(c + 0x20) & 0xfff0) << 16,
                                           (uint32_t)(pci_get_word(c + 0x22) & 0xfff0) << 16 | 0xfffff),
                     "prefetchable_range", range(pref_base, pref_limit), "devices", bus_devices(bus));
}

static PCIBus *secondary_bus(PCIDevice *dev)
{
    GPtrArray *buses = DEVICE(dev)->child_bus;
    Object *bus = buses->len ? object_dynamic_cast(OBJECT(g_ptr_array_index(buses, 0)), TYPE_PCI_BUS) : NULL;

    return (PCIBus *)bus;
}

static json_t *function_info(PCIBus *bus, PCIDevice *dev)
{
    const uint8_t *c = dev->config;
    json_t *info = json_pack("{s:i, s:i, s:i, s:{s:i}, s:{s:i, s:i}, s:i, s:s, s:o}", "bus", pci_bus_num(bus),
                             "slot", PCI_SLOT(dev->devfn), "function", PCI_FUNC(dev->devfn),
                             "class_info", "class", pci_get_word(c + 0x0a), "id", "device", pci_get_word(c + 2),
                             "vendor", pci_get_word(c), "irq_pin", c[0x3d], "qdev_id", DEVICE(dev)->id ? DEVICE(dev)->id : "",
                             "regions", regions(dev));

    if (c[0x3d]) {
        json_object_set_new(info, "irq", json_integer(c[0x3c]));
    }
    if ((c[0x0e] & 0x7f) == 1 && secondary_bus(dev)) {
        json_object_set_new(info, "pci_bridge", bridge_info(dev, secondary_bus(dev)));
    } else {
        json_t *id = json_object_get(info, "id");
        json_object_set_new(id, "subsystem", json_integer(pci_get_word(c + 0x2e)));
        json_object_set_new(id, "subsystem-vendor", json_integer(pci_get_word(c + 0x2c)));
    }
    return info;
}

static json_t *bus_devices(PCIBus *bus)
{
    json_t *list = json_array();

    for (int devfn = 0; devfn < PCI_DEVFN_MAX; devfn++) {
        if (bus->devices[devfn]) {
            json_array_append_new(list, function_info(bus, bus->devices[devfn]));
        }
    }
    return list;
}

static void root_info(PCIBus *bus, void *opaque)
{
    json_array_append_new(opaque, json_pack("{s:i, s:o}", "bus", pci_bus_num(bus), "devices", bus_devices(bus)));
}

json_t *qmp_query_pci(const json_t *args, Error **errp)
{
    json_t *list = json_array();

    pci_for_each_root_bus(root_info, list);
    return list;
}
