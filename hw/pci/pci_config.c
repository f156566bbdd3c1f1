/*
 * Config space: reading and writing through the masks, BARs and where they
 * decode, the capability list, power states, reset.
 * PCI Local Bus 3.0 chapter 6, PCI Power Management 1.2.
 *
 * Runs under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pci-internal.h"

/* --- Life of the arrays ------------------------------------------------------------ */

static uint8_t header_type(const PCIDevice *dev)
{
    return PCI_DEVICE_GET_CLASS(dev)->is_bridge && object_dynamic_cast(OBJECT(dev), TYPE_PCI_BRIDGE)
        ? PCI_HEADER_TYPE_BRIDGE : PCI_HEADER_TYPE_NORMAL;
}

static void init_ids(PCIDevice *dev)
{
    PCIDeviceClass *pc = PCI_DEVICE_GET_CLASS(dev);
    uint8_t *c = dev->config;
    bool multi = dev->cap_present & QEMU_PCI_CAP_MULTIFUNCTION;

    pci_set_word(c + PCI_VENDOR_ID, pc->vendor_id);
    pci_set_word(c + PCI_DEVICE_ID, pc->device_id);
    c[PCI_REVISION_ID] = pc->revision;
    pci_set_word(c + PCI_CLASS_DEVICE, pc->class_id);
    c[PCI_HEADER_TYPE] = header_type(dev) | (multi ? 0x80 : 0);
    if (header_type(dev) == PCI_HEADER_TYPE_NORMAL) {
        bool own = pc->subsystem_vendor_id || pc->subsystem_id;

        pci_set_word(c + PCI_SUBSYSTEM_VENDOR_ID, own ? pc->subsystem_vendor_id : PCI_SUBVENDOR_ID_REDHAT_QUMRANET);
        pci_set_word(c + PCI_SUBSYSTEM_ID, own ? pc->subsystem_id : PCI_SUBDEVICE_ID_QEMU);
    }
}

void pci_config_init(PCIDevice *dev)
{
    size_t size = pci_config_size(dev);

    dev->config = g_malloc0(size);
    dev->cmask = g_malloc0(size);
    dev->wmask = g_malloc0(size);
    dev->w1cmask = g_malloc0(size);
    dev->used = g_malloc0(size);
    init_ids(dev);
    pci_set_word(dev->wmask + PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
                 PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE);
    dev->wmask[PCI_CACHE_LINE_SIZE] = 0xff;
    dev->wmask[PCI_INTERRUPT_LINE] = 0xff;
    pci_set_word(dev->w1cmask + PCI_STATUS, PCI_STATUS_PARITY | PCI_STATUS_SIG_TARGET_ABORT | PCI_STATUS_REC_TARGET_ABORT |
                 PCI_STATUS_REC_MASTER_ABORT | PCI_STATUS_SIG_SYSTEM_ERROR | PCI_STATUS_DETECTED_PARITY);
    memset(dev->used, 1, PCI_STD_HEADER_SIZEOF);
    if (pci_is_express(dev)) {
        memset(dev->used + PCI_CONFIG_SPACE_SIZE, 1, 4);    /* the first extended header is always there */
    }
    if (pcie_sriov_is_vf(dev)) {
        pcie_sriov_vf_init_config(dev);
    }
}

void pci_config_free(PCIDevice *dev)
{
    g_clear_pointer(&dev->config, g_free);
    g_clear_pointer(&dev->cmask, g_free);
    g_clear_pointer(&dev->wmask, g_free);
    g_clear_pointer(&dev->w1cmask, g_free);
    g_clear_pointer(&dev->used, g_free);
    g_clear_pointer(&dev->reset_config, g_free);
}

/* Whatever realize left enabled or addressed, a function comes out of reset without. */
void pci_config_seal(PCIDevice *dev)
{
    uint8_t *c;

    g_free(dev->reset_config);
    dev->reset_config = c = g_memdup2(dev->config, pci_config_size(dev));
    pci_set_word(c + PCI_COMMAND, pci_get_word(c + PCI_COMMAND) & ~pci_get_word(dev->wmask + PCI_COMMAND));
    for (int i = 0; i < PCI_ROM_SLOT; i++) {
        if (dev->io_regions[i].size) {
            pci_set_long(c + PCI_BAR(i), dev->io_regions[i].type);
            if (dev->io_regions[i].type & PCI_BASE_ADDRESS_MEM_TYPE_64) {
                pci_set_long(c + PCI_BAR(i) + 4, 0);
            }
        }
    }
}

void pci_config_reset(PCIDevice *dev)
{
    size_t size = pci_config_size(dev);

    if (!dev->reset_config) {
        return;
    }
    pci_irq_deassert(dev);
    for (size_t i = 0; i < size; i++) {
        uint8_t writable = dev->wmask[i] | dev->w1cmask[i];
        dev->config[i] = (dev->config[i] & ~writable) | (dev->reset_config[i] & writable);
    }
    pci_bus_master_update(dev);
    msi_reset(dev);
    msix_reset(dev);
    pci_update_mappings(dev);
}

/* --- BARs ----------------------------------------------------------------------------- */

static int bar_offset(const PCIDevice *dev, int region)
{
    if (region != PCI_ROM_SLOT) {
        return PCI_BAR(region);
    }
    return dev->config[PCI_HEADER_TYPE] & 0x7f ? PCI_ROM_ADDRESS1 : PCI_ROM_ADDRESS;
}

static bool bar_is_64(const PCIIORegion *r)
{
    return !(r->type & PCI_BASE_ADDRESS_SPACE_IO) && (r->type & PCI_BASE_ADDRESS_MEM_TYPE_64);
}

void pci_register_bar(PCIDevice *dev, int region, uint8_t type, MemoryRegion *memory)
{
    PCIIORegion *r = &dev->io_regions[region];
    uint64_t size = memory_region_size(memory), wmask;
    int at = bar_offset(dev, region);

    g_assert(region >= 0 && region < PCI_NUM_REGIONS && is_power_of_2(size));
    *r = (PCIIORegion) {
        .addr = PCI_BAR_UNMAPPED, .size = size, .type = type, .memory = memory,
        .address_space = type & PCI_BASE_ADDRESS_SPACE_IO ? pci_get_bus(dev)->address_space_io
                                                          : pci_get_bus(dev)->address_space_mem,
    };
    if (pcie_sriov_is_vf(dev)) {
        return;                         /* its BARs are in the physical function */
    }
    wmask = ~(size - 1);
    if (region == PCI_ROM_SLOT) {
        wmask |= PCI_ROM_ADDRESS_ENABLE;
    } else {
        pci_set_long(dev->config + at, type);
    }
    pci_set_long(dev->wmask + at, wmask);
    pci_set_long(dev->cmask + at, 0xffffffff);
    if (region != PCI_ROM_SLOT && bar_is_64(r)) {
        pci_set_long(dev->wmask + at + 4, wmask >> 32);
        pci_set_long(dev->cmask + at + 4, 0xffffffff);
    }
}

static bool in_d0(const PCIDevice *dev)
{
    return !dev->pm_cap || !(pci_get_word(dev->config + dev->pm_cap + PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK);
}

/* A BAR decodes when its space is enabled, the function is in D0, and the range is sane. Memory address 0 is "not yet set"; port 0 is the first one. */
uint64_t pci_bar_address(PCIDevice *dev, int region, uint8_t type, uint64_t size)
{
    uint16_t cmd = pci_get_word(dev->config + PCI_COMMAND);
    bool io = region != PCI_ROM_SLOT && (type & PCI_BASE_ADDRESS_SPACE_IO);
    int at = bar_offset(dev, region);
    uint64_t addr = pci_get_long(dev->config + at), last;

    if (pcie_sriov_is_vf(dev)) {
        return in_d0(dev) && dev->has_power ? pcie_sriov_vf_bar_address(dev, region) : PCI_BAR_UNMAPPED;
    }
    if (!(cmd & (io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)) || !in_d0(dev) || !dev->has_power || !size) {
        return PCI_BAR_UNMAPPED;
    }
    if (region == PCI_ROM_SLOT && !(addr & PCI_ROM_ADDRESS_ENABLE)) {
        return PCI_BAR_UNMAPPED;
    }
    if (!io && region != PCI_ROM_SLOT && (type & PCI_BASE_ADDRESS_MEM_TYPE_64)) {
        addr |= (uint64_t)pci_get_long(dev->config + at + 4) << 32;
    }
    addr &= ~(size - 1);
    last = addr + size - 1;
    return (!addr && !io) || last < addr || last == UINT64_MAX ? PCI_BAR_UNMAPPED : addr;
}

static void move_bar(PCIIORegion *r, uint64_t addr)
{
    if (r->addr != PCI_BAR_UNMAPPED) {
        memory_region_del_subregion(r->address_space, r->memory);
    }
    r->addr = addr;
    if (addr != PCI_BAR_UNMAPPED) {
        memory_region_add_subregion_overlap(r->address_space, addr, r->memory, 1);
    }
}

void pci_update_mappings(PCIDevice *dev)
{
    memory_region_transaction_begin();
    for (int i = 0; i < PCI_NUM_REGIONS; i++) {
        PCIIORegion *r = &dev->io_regions[i];
        uint64_t addr = r->size ? pci_bar_address(dev, i, r->type, r->size) : PCI_BAR_UNMAPPED;

        if (r->size && addr != r->addr) {
            move_bar(r, addr);
        }
    }
    memory_region_transaction_commit();
}

void pci_unmap_bars(PCIDevice *dev)
{
    for (int i = 0; i < PCI_NUM_REGIONS; i++) {
        if (dev->io_regions[i].size && dev->io_regions[i].addr != PCI_BAR_UNMAPPED) {
            move_bar(&dev->io_regions[i], PCI_BAR_UNMAPPED);
        }
    }
}

/* --- Capabilities ----------------------------------------------------------------------- */

uint8_t pci_find_capability(const PCIDevice *dev, uint8_t cap_id)
{
    uint8_t at = pci_get_word(dev->config + PCI_STATUS) & PCI_STATUS_CAP_LIST ? dev->config[PCI_CAPABILITY_LIST] & ~3 : 0;

    /* An assigned device's list may be a loop. */
    for (int steps = 0; at >= PCI_STD_HEADER_SIZEOF && steps < 48; steps++, at = dev->config[at + 1] & ~3) {
        if (dev->config[at] == cap_id) {
            return at;
        }
    }
    return 0;
}

static bool range_used(const PCIDevice *dev, unsigned offset, unsigned size)
{
    return memchr(dev->used + offset, 1, size) != NULL;
}

static uint8_t find_space(const PCIDevice *dev, unsigned size)
{
    for (unsigned at = PCI_STD_HEADER_SIZEOF; at + size <= PCI_CONFIG_SPACE_SIZE; at += 4) {
        if (!range_used(dev, at, size)) {
            return at;
        }
    }
    return 0;
}

int pci_add_capability(PCIDevice *dev, uint8_t cap_id, uint8_t offset, uint8_t size, Error **errp)
{
    const char *name = object_get_typename(OBJECT(dev));

    if (!offset) {
        offset = find_space(dev, size);
        if (!offset) {
            error_setg(errp, "%s: config space has no room for PCI capability 0x%x of %u bytes", name, cap_id, size);
            return -ENOSPC;
        }
    } else if (offset < PCI_STD_HEADER_SIZEOF || (offset & 3) || offset + size > PCI_CONFIG_SPACE_SIZE ||
               range_used(dev, offset, size)) {
        error_setg(errp, "%s: attempt to add PCI capability 0x%x at offset 0x%x overlaps what is there or lies outside"
                   " config space", name, cap_id, offset);
        return -EINVAL;
    }
    dev->config[offset] = cap_id;
    dev->config[offset + 1] = dev->config[PCI_CAPABILITY_LIST];
    dev->config[PCI_CAPABILITY_LIST] = offset;
    dev->config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
    memset(dev->used + offset, 1, ROUND_UP(size, 4));
    memset(dev->wmask + offset, 0, size);
    memset(dev->cmask + offset, 0xff, size);
    return offset;
}

int pci_pm_init(PCIDevice *dev, uint8_t offset, Error **errp)
{
    int at = pci_add_capability(dev, PCI_CAP_ID_PM, offset, PCI_PM_SIZEOF, errp);

    if (at < 0) {
        return at;
    }
    dev->pm_cap = at;
    pci_set_word(dev->config + at + PCI_PM_PMC, 3);
    pci_set_word(dev->config + at + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET);
    pci_set_word(dev->wmask + at + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);
    return at;
}

/* --- Access ------------------------------------------------------------------------------ */

uint32_t pci_default_read_config(PCIDevice *dev, uint32_t addr, int len)
{
    uint32_t val = 0;

    if (addr >= pci_config_size(dev) || addr + len > pci_config_size(dev)) {
        return MAKE_64BIT_MASK(0, len * 8);
    }
    memcpy(&val, dev->config + addr, len);
    return le32toh(val);
}

/* D1 and D2 do not exist here: asking for them changes nothing. */
static void check_power_state(PCIDevice *dev, uint8_t old)
{
    uint8_t *ctrl = dev->config + dev->pm_cap + PCI_PM_CTRL;
    uint8_t now = *ctrl & PCI_PM_CTRL_STATE_MASK;

    if (now == 1 || now == 2) {
        *ctrl = (*ctrl & ~PCI_PM_CTRL_STATE_MASK) | old;
    }
}

static void apply_write(PCIDevice *dev, uint32_t addr, uint32_t val, int len)
{
    for (int i = 0; i < len; i++, val >>= 8) {
        uint8_t *c = dev->config + addr + i, w = dev->wmask[addr + i], w1c = dev->w1cmask[addr + i];

        *c = (*c & ~w) | (val & w);
        *c &= ~(val & w1c);
    }
}

static void command_changed(PCIDevice *dev, uint16_t old)
{
    uint16_t cmd = pci_get_word(dev->config + PCI_COMMAND);

    if ((old ^ cmd) & PCI_COMMAND_INTX_DISABLE) {
        pci_irq_disable_changed(dev, old & PCI_COMMAND_INTX_DISABLE);
    }
    if ((old ^ cmd) & PCI_COMMAND_MASTER) {
        pci_bus_master_update(dev);
    }
}

void pci_default_write_config(PCIDevice *dev, uint32_t addr, uint32_t val, int len)
{
    uint16_t old_cmd = pci_get_word(dev->config + PCI_COMMAND);
    uint8_t old_state;

    if (addr >= pci_config_size(dev) || addr + len > pci_config_size(dev)) {
        return;
    }
    old_state = dev->pm_cap ? dev->config[dev->pm_cap + PCI_PM_CTRL] & PCI_PM_CTRL_STATE_MASK : 0;
    apply_write(dev, addr, val, len);
    if (dev->pm_cap) {
        check_power_state(dev, old_state);
    }
    command_changed(dev, old_cmd);
    if (addr < PCI_STD_HEADER_SIZEOF || (dev->pm_cap && addr < dev->pm_cap + (uint32_t)PCI_PM_SIZEOF && addr + len > dev->pm_cap)) {
        pci_update_mappings(dev);
    }
    msi_write_config(dev, addr, val, len);
    msix_write_config(dev, addr, val, len);
    pcie_sriov_write_config(dev, addr, len);
}

static bool answers(const PCIDevice *dev, uint32_t addr, uint32_t limit, uint32_t len)
{
    return dev->has_power && dev->enabled && addr < MIN(limit, pci_config_size(dev)) &&
        addr + len <= MIN(limit, pci_config_size(dev));
}

uint32_t pci_host_config_read_common(PCIDevice *dev, uint32_t addr, uint32_t limit, uint32_t len)
{
    PCIDeviceClass *pc = PCI_DEVICE_GET_CLASS(dev);

    if (!answers(dev, addr, limit, len)) {
        return MAKE_64BIT_MASK(0, len * 8);
    }
    return pc->config_read ? pc->config_read(dev, addr, len) : pci_default_read_config(dev, addr, len);
}

void pci_host_config_write_common(PCIDevice *dev, uint32_t addr, uint32_t limit, uint32_t val, uint32_t len)
{
    PCIDeviceClass *pc = PCI_DEVICE_GET_CLASS(dev);

    if (!answers(dev, addr, limit, len)) {
        return;
    }
    if (pc->config_write) {
        pc->config_write(dev, addr, val, len);
    } else {
        pci_default_write_config(dev, addr, val, len);
    }
}
