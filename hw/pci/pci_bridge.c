/*
 * PCI-PCI bridges: PCI-to-PCI Bridge Architecture 1.2. The secondary bus has
 * its own memory and I/O spaces; each window is an alias into one of them,
 * placed on the primary where the guest programmed it.
 *
 * Not modelled: VGA and ISA forwarding (no such device exists here), bus
 * mastering from the secondary is not gated by the bridge's own enable bit.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pci-internal.h"

#define SSVID_SIZE      8
#define RESERVE_SIZE    32
#define RESERVE_TYPE    1       /* of the vendor capability: resource reservation */
#define CTL_WRITABLE    (PCI_BRIDGE_CTL_PARITY | PCI_BRIDGE_CTL_SERR | PCI_BRIDGE_CTL_ISA | PCI_BRIDGE_CTL_VGA | \
                         0x10 /* VGA 16-bit decode */ | PCI_BRIDGE_CTL_BUS_RESET)

/* --- Windows ---------------------------------------------------------------------------------- */

static uint64_t io_bound(const PCIDevice *dev, int low, int high)
{
    uint64_t addr = (uint64_t)(dev->config[low] & PCI_IO_RANGE_MASK & 0xf0) << 8;

    if ((dev->config[low] & PCI_IO_RANGE_TYPE_MASK) == PCI_IO_RANGE_TYPE_32) {
        addr |= (uint64_t)pci_get_word(dev->config + high) << 16;
    }
    return addr;
}

static uint64_t mem_bound(const PCIDevice *dev, int low)
{
    return (uint64_t)(pci_get_word(dev->config + low) & 0xfff0) << 16;
}

static uint64_t pref_bound(const PCIDevice *dev, int low, int high)
{
    uint64_t addr = mem_bound(dev, low);

    if ((pci_get_word(dev->config + low) & PCI_PREF_RANGE_TYPE_MASK) == PCI_PREF_RANGE_TYPE_64) {
        addr |= (uint64_t)pci_get_long(dev->config + high) << 32;
    }
    return addr;
}

uint64_t pci_bridge_get_base(const PCIDevice *dev, uint8_t type)
{
    if (type & PCI_BASE_ADDRESS_SPACE_IO) {
        return io_bound(dev, PCI_IO_BASE, PCI_IO_BASE_UPPER16);
    }
    return type & PCI_BASE_ADDRESS_MEM_PREFETCH ? pref_bound(dev, PCI_PREF_MEMORY_BASE, PCI_PREF_BASE_UPPER32)
                                                : mem_bound(dev, PCI_MEMORY_BASE);
}

uint64_t pci_bridge_get_limit(const PCIDevice *dev, uint8_t type)
{
    if (type & PCI_BASE_ADDRESS_SPACE_IO) {
        return io_bound(dev, PCI_IO_LIMIT, PCI_IO_LIMIT_UPPER16) | 0xfff;
    }
    return (type & PCI_BASE_ADDRESS_MEM_PREFETCH ? pref_bound(dev, PCI_PREF_MEMORY_LIMIT, PCI_PREF_LIMIT_UPPER32)
                                                 : mem_bound(dev, PCI_MEMORY_LIMIT)) | 0xfffff;
}

static void place_window(PCIDevice *dev, MemoryRegion *alias, uint8_t type, uint16_t enable)
{
    uint64_t base = pci_bridge_get_base(dev, type), limit = pci_bridge_get_limit(dev, type);
    bool on = (pci_get_word(dev->config + PCI_COMMAND) & enable) && base <= limit && limit - base < INT64_MAX;

    memory_region_set_enabled(alias, false);
    if (on) {
        memory_region_set_address(alias, base);
        memory_region_set_alias_offset(alias, base);
        memory_region_set_size(alias, limit - base + 1);
        memory_region_set_enabled(alias, true);
    }
}

static void update_windows(PCIBridge *br)
{
    PCIDevice *dev = &br->parent_obj;

    memory_region_transaction_begin();
    place_window(dev, &br->alias_io, PCI_BASE_ADDRESS_SPACE_IO, PCI_COMMAND_IO);
    place_window(dev, &br->alias_mem, PCI_BASE_ADDRESS_SPACE_MEMORY, PCI_COMMAND_MEMORY);
    place_window(dev, &br->alias_pref_mem, PCI_BASE_ADDRESS_MEM_PREFETCH, PCI_COMMAND_MEMORY);
    memory_region_transaction_commit();
}

static void add_window(PCIBridge *br, MemoryRegion *alias, const char *name, MemoryRegion *space, MemoryRegion *primary)
{
    memory_region_init_alias(alias, OBJECT(br), name, space, 0, 1);
    memory_region_set_enabled(alias, false);
    memory_region_add_subregion_overlap(primary, 0, alias, 1);
}

static void init_windows(PCIBridge *br)
{
    PCIBus *primary = pci_get_bus(&br->parent_obj);

    memory_region_init(&br->address_space_mem, OBJECT(br), "pci_bridge_pci", UINT64_MAX);
    memory_region_init(&br->address_space_io, OBJECT(br), "pci_bridge_io", 4 * GiB);
    add_window(br, &br->alias_pref_mem, "pci_bridge_pref_mem", &br->address_space_mem, primary->address_space_mem);
    add_window(br, &br->alias_mem, "pci_bridge_mem", &br->address_space_mem, primary->address_space_mem);
    add_window(br, &br->alias_io, "pci_bridge_io_window", &br->address_space_io, primary->address_space_io);
}

/* --- Config space ------------------------------------------------------------------------------- */

static void init_config(PCIDevice *dev)
{
    uint8_t *c = dev->config, *w = dev->wmask;

    pci_set_word(c + PCI_PREF_MEMORY_BASE, PCI_PREF_RANGE_TYPE_64);
    pci_set_word(c + PCI_PREF_MEMORY_LIMIT, PCI_PREF_RANGE_TYPE_64);
    w[PCI_PRIMARY_BUS] = w[PCI_SECONDARY_BUS] = w[PCI_SUBORDINATE_BUS] = 0xff;
    w[PCI_IO_BASE] = w[PCI_IO_LIMIT] = 0xf0;
    pci_set_word(w + PCI_MEMORY_BASE, 0xfff0);
    pci_set_word(w + PCI_MEMORY_LIMIT, 0xfff0);
    pci_set_word(w + PCI_PREF_MEMORY_BASE, 0xfff0);
    pci_set_word(w + PCI_PREF_MEMORY_LIMIT, 0xfff0);
    pci_set_long(w + PCI_PREF_BASE_UPPER32, 0xffffffff);
    pci_set_long(w + PCI_PREF_LIMIT_UPPER32, 0xffffffff);
    pci_set_word(w + PCI_BRIDGE_CONTROL, CTL_WRITABLE);
    pci_set_word(dev->w1cmask + PCI_SEC_STATUS, pci_get_word(dev->w1cmask + PCI_STATUS));
}

static bool touches(uint32_t addr, int len, uint32_t from, uint32_t size)
{
    return addr < from + size && addr + len > from;
}

void pci_bridge_write_config(PCIDevice *dev, uint32_t addr, uint32_t val, int len)
{
    PCIBridge *br = PCI_BRIDGE(dev);
    uint16_t old_ctl = pci_get_word(dev->config + PCI_BRIDGE_CONTROL);
    uint32_t old_numbers = pci_get_long(dev->config + PCI_PRIMARY_BUS);

    pci_default_write_config(dev, addr, val, len);
    if (touches(addr, len, PCI_COMMAND, 2) || touches(addr, len, PCI_IO_BASE, 2) ||
        touches(addr, len, PCI_MEMORY_BASE, PCI_CAPABILITY_LIST - PCI_MEMORY_BASE)) {
        update_windows(br);
    }
    if (pci_get_long(dev->config + PCI_PRIMARY_BUS) != old_numbers) {
        pci_bus_rids_changed(&br->sec_bus);
    }
    if (~old_ctl & pci_get_word(dev->config + PCI_BRIDGE_CONTROL) & PCI_BRIDGE_CTL_BUS_RESET) {
        bus_cold_reset(BUS(&br->sec_bus));
    }
}

/* Config space has been reset already; what follows from it has not. */
void pci_bridge_reset(PCIDevice *dev)
{
    PCIBridge *br = PCI_BRIDGE(dev);

    update_windows(br);
    pci_bus_rids_changed(&br->sec_bus);
}

/* --- Life ------------------------------------------------------------------------------------------ */

bool pci_bridge_initfn(PCIDevice *dev, const char *bus_type, Error **errp)
{
    PCIBridge *br = PCI_BRIDGE(dev);
    PCIBus *sec = &br->sec_bus, *primary = pci_get_bus(dev);

    init_config(dev);
    init_windows(br);
    qbus_init(sec, sizeof(*sec), bus_type, DEVICE(dev), br->bus_name ? br->bus_name : DEVICE(dev)->id);
    sec->parent_dev = dev;
    sec->map_irq = br->map_irq ? br->map_irq : pci_swizzle_map_irq_fn;
    sec->address_space_mem = &br->address_space_mem;
    sec->address_space_io = &br->address_space_io;
    pci_bus_attach_secondary(primary, sec);
    return true;
}

void pci_bridge_exitfn(PCIDevice *dev)
{
    PCIBridge *br = PCI_BRIDGE(dev);
    PCIBus *primary = pci_get_bus(dev);

    memory_region_del_subregion(primary->address_space_mem, &br->alias_pref_mem);
    memory_region_del_subregion(primary->address_space_mem, &br->alias_mem);
    memory_region_del_subregion(primary->address_space_io, &br->alias_io);
    object_unparent(OBJECT(&br->sec_bus));
}

bool pci_bridge_ssvid_init(PCIDevice *dev, uint8_t offset, uint16_t svid, uint16_t ssid, Error **errp)
{
    int at = pci_add_capability(dev, PCI_CAP_ID_SSVID, offset, SSVID_SIZE, errp);

    if (at < 0) {
        return false;
    }
    pci_set_word(dev->config + at + PCI_SSVID_VENDOR_ID, svid);
    pci_set_word(dev->config + at + PCI_SSVID_DEVICE_ID, ssid);
    return true;
}

static bool check_reserve(const PCIResReserve *r, Error **errp)
{
    if (r->mem_pref_32 != UINT64_MAX && r->mem_pref_64 != UINT64_MAX) {
        error_setg(errp, "pref32-reserve and pref64-reserve exclude each other: a bridge has one prefetchable window");
    } else if (r->mem_non_pref != UINT64_MAX && r->mem_non_pref >= 4 * GiB) {
        error_setg(errp, "mem-reserve must be less than 4G: the window ends below 4 GiB");
    } else if (r->mem_pref_32 != UINT64_MAX && r->mem_pref_32 >= 4 * GiB) {
        error_setg(errp, "pref32-reserve must be less than 4G");
    } else if (r->bus != UINT32_MAX && r->bus > 255) {
        error_setg(errp, "bus-reserve must be at most 255");
    } else {
        return true;
    }
    return false;
}

/* All ones in a field: no wish. With no wish at all there is no capability. */
bool pci_bridge_resource_reserve_cap_init(PCIDevice *dev, uint8_t offset, const PCIResReserve *r, Error **errp)
{
    uint8_t *c;
    int at;

    if (r->bus == UINT32_MAX && (r->io & r->mem_non_pref & r->mem_pref_32 & r->mem_pref_64) == UINT64_MAX) {
        return true;
    }
    if (!check_reserve(r, errp)) {
        return false;
    }
    at = pci_add_capability(dev, PCI_CAP_ID_VNDR, offset, RESERVE_SIZE, errp);
    if (at < 0) {
        return false;
    }
    c = dev->config + at;
    c[2] = RESERVE_SIZE;
    c[3] = RESERVE_TYPE;
    pci_set_long(c + 4, r->bus);
    pci_set_quad(c + 8, r->io);
    pci_set_long(c + 16, r->mem_non_pref);
    pci_set_long(c + 20, r->mem_pref_32);
    pci_set_quad(c + 24, r->mem_pref_64);
    return true;
}

static void bridge_class_init(ObjectClass *klass, const void *data)
{
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    pc->is_bridge = true;
    pc->class_id = PCI_CLASS_BRIDGE_PCI;
    pc->config_write = pci_bridge_write_config;
}

static const TypeInfo bridge_info = {
    .name = TYPE_PCI_BRIDGE, .parent = TYPE_PCI_DEVICE, .abstract = true,
    .instance_size = sizeof(PCIBridge), .class_init = bridge_class_init,
};
DEFINE_TYPE(bridge_info)
