/*
 * PCI configuration as firmware does it: buses numbered depth first, windows
 * of bridges sized from below, then everything placed from above.
 *
 * Three kinds of space: I/O, memory below 4 GiB, and 64-bit prefetchable
 * memory above. Inside a bus the largest piece comes first, so nothing is lost
 * to alignment. Ports that take hotplug keep room for one small device, or
 * for what their reserve hints say (docs/system/boot.md). VF BARs are placed with
 * room for all VFs in pages of up to 64 KiB: a guest that keeps what it finds can
 * enable them whatever its page size.
 *
 * Runs under the machine lock while no vCPU runs. Failures name the port.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/firmware/pci-setup.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_host.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_sriov.h"

typedef enum Kind { KIND_IO, KIND_MEM32, KIND_MEM64, KINDS } Kind;

enum { IO_GRAIN = 0x1000, MEM_GRAIN = 0x100000 };
/* Room behind a port that takes hotplug: one 2 MiB BAR block of each sort of memory. */
enum { HOTPLUG_MEM = 0x200000 };
static const uint64_t hotplug_pref = 32 * MiB;

/* The largest page of an Arm guest, which a VF's BAR begins on. */
enum { VF_PAGE = 0x10000 };

/* One thing to place: a BAR, or the window of a bridge. */
typedef struct Piece {
    PCIDevice *dev;
    uint32_t reg;                       /* of the BAR; 0: the bridge's window of this kind */
    bool wide;                          /* a BAR of two registers */
    Kind kind;
    uint64_t size, align;
} Piece;

typedef struct Need { uint64_t size, align; } Need;

static uint32_t cfg_read(PCIDevice *dev, uint32_t reg, int len)
{
    return pci_host_config_read_common(dev, reg, pci_config_size(dev), len);
}

static void cfg_write(PCIDevice *dev, uint32_t reg, uint32_t v, int len)
{
    pci_host_config_write_common(dev, reg, pci_config_size(dev), v, len);
}

static PCIBridge *as_bridge(PCIDevice *dev)
{
    return (PCIBridge *)object_dynamic_cast(OBJECT(dev), TYPE_PCI_BRIDGE);
}

/* --- Hints ----------------------------------------------------------------------- */

/* The vendor capability "resource reserve" of Red Hat's bridges; all ones means no wish. */
enum {
    HINT_LEN = 32, HINT_TYPE = 3, HINT_TYPE_RESERVE = 1,
    HINT_BUS = 4, HINT_IO = 8, HINT_MEM = 16, HINT_PREF32 = 20, HINT_PREF64 = 24,
};

static const uint8_t *find_hints(PCIDevice *dev)
{
    uint8_t at = dev->config[PCI_CAPABILITY_LIST] & ~3;

    if (pci_get_word(dev->config + PCI_VENDOR_ID) != PCI_VENDOR_ID_REDHAT) {
        return NULL;
    }
    for (unsigned n = 0; at >= PCI_STD_HEADER_SIZEOF && n < 48; n++, at = dev->config[at + 1] & ~3) {
        const uint8_t *c = dev->config + at;

        if (c[0] == PCI_CAP_ID_VNDR && c[2] >= HINT_LEN && at + HINT_LEN <= PCI_CONFIG_SPACE_SIZE &&
            c[HINT_TYPE] == HINT_TYPE_RESERVE) {
            return c;
        }
    }
    return NULL;
}

static uint64_t hint32(const uint8_t *hints, unsigned at, uint64_t otherwise)
{
    uint32_t v = hints ? pci_get_long(hints + at) : UINT32_MAX;
    return v == UINT32_MAX ? otherwise : v;
}

static uint64_t hint64(const uint8_t *hints, unsigned at, uint64_t otherwise)
{
    uint64_t v = hints ? pci_get_quad(hints + at) : UINT64_MAX;
    return v == UINT64_MAX ? otherwise : v;
}

static bool takes_hotplug(PCIDevice *dev)
{
    uint8_t cap = dev->exp.exp_cap;
    return cap && pci_get_word(dev->config + cap + PCI_EXP_FLAGS) & PCI_EXP_FLAGS_SLOT &&
           pci_get_long(dev->config + cap + PCI_EXP_SLTCAP) & PCI_EXP_SLTCAP_HPC;
}

static uint64_t reserve(PCIDevice *dev, Kind kind)
{
    const uint8_t *hints = find_hints(dev);
    bool hp = takes_hotplug(dev);

    switch (kind) {
    case KIND_IO: return hint64(hints, HINT_IO, 0);
    case KIND_MEM32: return hint32(hints, HINT_MEM, hp ? HOTPLUG_MEM : 0);
    default: return hint64(hints, HINT_PREF64, hp ? hotplug_pref : 0);
    }
}

/* --- Bus numbers -------------------------------------------------------------------- */

static bool number_bus(PCIBus *bus, unsigned *next, unsigned limit, Error **errp);

static bool number_bridge(PCIDevice *dev, PCIBridge *br, unsigned *next, unsigned limit, Error **errp)
{
    unsigned own = *next, more = hint32(find_hints(dev), HINT_BUS, 0);

    if (own >= limit) {
        error_setg(errp, "no PCI bus number is left for %s below bus %d: leave a larger gap to the next pxb-pcie's bus_nr=",
                   dev->name, pci_dev_bus_num(dev));
        return false;
    }
    *next = own + 1;
    cfg_write(dev, PCI_PRIMARY_BUS, pci_dev_bus_num(dev), 1);
    cfg_write(dev, PCI_SECONDARY_BUS, own, 1);
    cfg_write(dev, PCI_SUBORDINATE_BUS, limit - 1, 1);
    if (!number_bus(pci_bridge_get_sec_bus(br), next, limit, errp)) {
        return false;
    }
    *next = MAX(*next, MIN(own + 1 + more, limit));
    cfg_write(dev, PCI_SUBORDINATE_BUS, *next - 1, 1);
    return true;
}

static bool number_bus(PCIBus *bus, unsigned *next, unsigned limit, Error **errp)
{
    for (int devfn = 0; devfn < PCI_DEVFN_MAX; devfn++) {
        PCIDevice *dev = bus->devices[devfn];
        PCIBridge *br = dev ? as_bridge(dev) : NULL;

        if (br && !number_bridge(dev, br, next, limit, errp)) {
            return false;
        }
    }
    return true;
}

/* --- Sizes ---------------------------------------------------------------------------- */

/* The prefetchable window reaches above 4 GiB only if the bridge says so. */
static bool has_mem64_window(PCIDevice *dev)
{
    return (pci_get_word(dev->config + PCI_PREF_MEMORY_BASE) & PCI_PREF_RANGE_TYPE_MASK) == PCI_PREF_RANGE_TYPE_64;
}

static bool has_io_window(PCIDevice *dev)
{
    return dev->wmask[PCI_IO_BASE] & PCI_IO_RANGE_MASK;
}

/* Does the path from the root to @bus forward 64-bit prefetchable memory? */
static bool reaches_mem64(PCIBus *bus)
{
    for (PCIDevice *up = bus->parent_dev; up && !pci_bus_is_root(bus); up = bus->parent_dev) {
        if (!has_mem64_window(up)) {
            return false;
        }
        bus = pci_get_bus(up);
    }
    return true;
}

static bool is_wide(uint8_t type)
{
    return !(type & PCI_BASE_ADDRESS_SPACE_IO) && type & PCI_BASE_ADDRESS_MEM_TYPE_64;
}

static Kind bar_kind(uint8_t type, bool mem64)
{
    if (type & PCI_BASE_ADDRESS_SPACE_IO) {
        return KIND_IO;
    }
    return mem64 && is_wide(type) && type & PCI_BASE_ADDRESS_MEM_PREFETCH ? KIND_MEM64 : KIND_MEM32;
}

static uint32_t bar_reg(PCIDevice *dev, int region)
{
    if (region == PCI_ROM_SLOT) {
        return as_bridge(dev) ? PCI_ROM_ADDRESS1 : PCI_ROM_ADDRESS;
    }
    return PCI_BASE_ADDRESS_0 + 4 * region;
}

static Need bus_need(const PciSetup *s, PCIBus *bus, Kind kind);

static Need window_need(const PciSetup *s, PCIDevice *dev, PCIBridge *br, Kind kind)
{
    uint64_t grain = kind == KIND_IO ? IO_GRAIN : MEM_GRAIN;

    if ((kind == KIND_MEM64 && (!has_mem64_window(dev) || !s->mem64.size)) || (kind == KIND_IO && !has_io_window(dev))) {
        return (Need){ 0, 1 };
    }
    Need n = bus_need(s, pci_bridge_get_sec_bus(br), kind);
    n.size = ROUND_UP(MAX(n.size, reserve(dev, kind)), grain);
    n.align = MAX(n.align, grain);
    return n;
}

static void add_piece(GArray *pieces, Piece p)
{
    if (p.size) {
        g_array_append_val(pieces, p);
    }
}

static void add_bars(GArray *pieces, PCIDevice *dev, Kind kind, bool mem64)
{
    for (int i = 0; i < PCI_NUM_REGIONS; i++) {
        const PCIIORegion *r = &dev->io_regions[i];

        if (bar_kind(r->type, mem64) == kind) {
            add_piece(pieces, (Piece){ dev, bar_reg(dev, i), is_wide(r->type), kind, r->size, r->size });
        }
    }
}

static void add_vf_bars(GArray *pieces, PCIDevice *pf, Kind kind, bool mem64)
{
    for (int i = 0; i < PCI_SRIOV_NUM_BARS; i++) {
        uint8_t type;
        uint64_t size = pcie_sriov_vf_bar_size(pf, i, &type);

        if (size && bar_kind(type, mem64) == kind) {
            size = MAX(size, VF_PAGE);
            add_piece(pieces, (Piece){ pf, pcie_sriov_vf_bar_reg(pf, i), is_wide(type), kind, size * pcie_sriov_total_vfs(pf), size });
        }
    }
}

static int larger_first(const void *a, const void *b)
{
    const Piece *x = a, *y = b;
    return x->align > y->align ? -1 : x->align < y->align ? 1 : x->size > y->size ? -1 : x->size < y->size;
}

static GArray *collect(const PciSetup *s, PCIBus *bus, Kind kind)
{
    GArray *pieces = g_array_new(false, false, sizeof(Piece));
    bool mem64 = s->mem64.size && reaches_mem64(bus);

    for (int devfn = 0; devfn < PCI_DEVFN_MAX; devfn++) {
        PCIDevice *dev = bus->devices[devfn];
        PCIBridge *br = dev ? as_bridge(dev) : NULL;

        if (dev) {
            add_bars(pieces, dev, kind, mem64);
            add_vf_bars(pieces, dev, kind, mem64);
        }
        if (br) {
            Need n = window_need(s, dev, br, kind);
            add_piece(pieces, (Piece){ dev, 0, false, kind, n.size, n.align });
        }
    }
    g_array_sort(pieces, larger_first);
    return pieces;
}

static Need bus_need(const PciSetup *s, PCIBus *bus, Kind kind)
{
    g_autoptr(GArray) pieces = collect(s, bus, kind);
    Need n = { 0, 1 };

    for (guint i = 0; i < pieces->len; i++) {
        const Piece *p = &g_array_index(pieces, Piece, i);
        n.size = ROUND_UP(n.size, p->align) + p->size;
        n.align = MAX(n.align, p->align);
    }
    return n;
}

/* --- Places ------------------------------------------------------------------------------ */

static void write_bar(const Piece *p, uint64_t addr)
{
    cfg_write(p->dev, p->reg, addr, 4);
    if (p->wide) {
        cfg_write(p->dev, p->reg + 4, addr >> 32, 4);
    }
}

/* An empty window has its base above its limit. */
static void write_window(PCIDevice *dev, Kind kind, uint64_t base, uint64_t size)
{
    uint64_t last = base + size - 1;

    if (!size) {
        base = kind == KIND_IO ? 0xf000 : 0xfff00000;
        last = 0;
    }
    switch (kind) {
    case KIND_IO:
        cfg_write(dev, PCI_IO_BASE, base >> 8 & 0xf0, 1);
        cfg_write(dev, PCI_IO_LIMIT, last >> 8 & 0xf0, 1);
        break;
    case KIND_MEM32:
        cfg_write(dev, PCI_MEMORY_BASE, base >> 16 & 0xfff0, 2);
        cfg_write(dev, PCI_MEMORY_LIMIT, last >> 16 & 0xfff0, 2);
        break;
    default:
        cfg_write(dev, PCI_PREF_MEMORY_BASE, base >> 16 & 0xfff0, 2);
        cfg_write(dev, PCI_PREF_MEMORY_LIMIT, last >> 16 & 0xfff0, 2);
        cfg_write(dev, PCI_PREF_BASE_UPPER32, base >> 32, 4);
        cfg_write(dev, PCI_PREF_LIMIT_UPPER32, last >> 32, 4);
    }
}

static void place_bus(const PciSetup *s, PCIBus *bus, Kind kind, uint64_t base)
{
    g_autoptr(GArray) pieces = collect(s, bus, kind);

    for (guint i = 0; i < pieces->len; i++) {
        const Piece *p = &g_array_index(pieces, Piece, i);

        base = ROUND_UP(base, p->align);
        if (p->reg) {
            write_bar(p, base);
        } else {
            write_window(p->dev, kind, base, p->size);
            place_bus(s, pci_bridge_get_sec_bus(PCI_BRIDGE(p->dev)), kind, base);
        }
        base += p->size;
    }
}

static void close_windows(PCIBus *bus, PCIDevice *dev, void *opaque)
{
    if (as_bridge(dev)) {
        for (Kind k = 0; k < KINDS; k++) {
            write_window(dev, k, 0, 0);
        }
    }
}

/* Decoding on; bridges forward DMA upwards. Drivers do the rest. */
static void enable(PCIBus *bus, PCIDevice *dev, void *opaque)
{
    uint16_t cmd = cfg_read(dev, PCI_COMMAND, 2);

    for (int i = 0; i < PCI_ROM_SLOT; i++) {
        const PCIIORegion *r = &dev->io_regions[i];
        if (r->size) {
            cmd |= r->type & PCI_BASE_ADDRESS_SPACE_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
        }
    }
    if (as_bridge(dev)) {
        cmd |= PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
    }
    cfg_write(dev, PCI_COMMAND, cmd, 2);
}

static bool place_root(PciSetup *s, PCIBus *root, Error **errp)
{
    static const char *const names[KINDS] = { "I/O ports", "PCI memory below 4 GiB", "PCI memory above 4 GiB" };
    PciPool *pools[KINDS] = { &s->io, &s->mem32, &s->mem64 };

    for (Kind k = 0; k < KINDS; k++) {
        Need n = bus_need(s, root, k);
        uint64_t at = ROUND_UP(pools[k]->base + pools[k]->used, n.align);

        if (!n.size) {
            continue;
        }
        if (n.size > pools[k]->size || at - pools[k]->base > pools[k]->size - n.size) {
            error_setg(errp, "the devices below PCI bus %d need 0x%" PRIx64 " bytes of %s, more than is left of 0x%" PRIx64,
                       pci_bus_num(root), n.size, names[k], pools[k]->size);
            return false;
        }
        place_bus(s, root, k, at);
        pools[k]->used = at + n.size - pools[k]->base;
    }
    return true;
}

static int by_number(const void *a, const void *b)
{
    return pci_bus_num(*(PCIBus *const *)a) - pci_bus_num(*(PCIBus *const *)b);
}

static GPtrArray *roots_in_order(PCIBus *main_root)
{
    GPtrArray *roots = g_ptr_array_new();

    g_ptr_array_add(roots, main_root);
    for (guint i = 0; i < main_root->child->len; i++) {
        PCIBus *bus = g_ptr_array_index(main_root->child, i);
        if (pci_bus_is_root(bus)) {
            g_ptr_array_add(roots, bus);
        }
    }
    g_ptr_array_sort(roots, by_number);
    return roots;
}

bool pci_setup_run(PciSetup *s, Error **errp)
{
    g_autoptr(GPtrArray) roots = roots_in_order(s->root);

    for (guint i = 0; i < roots->len; i++) {
        PCIBus *root = g_ptr_array_index(roots, i);
        unsigned limit = i + 1 < roots->len ? (unsigned)pci_bus_num(g_ptr_array_index(roots, i + 1)) : s->bus_limit;
        unsigned next = pci_bus_num(root) + 1;

        if (!number_bus(root, &next, limit, errp)) {
            return false;
        }
    }
    for (guint i = 0; i < roots->len; i++) {
        PCIBus *root = g_ptr_array_index(roots, i);

        pci_for_each_device_under_bus(root, close_windows, NULL);
        if (!place_root(s, root, errp)) {
            return false;
        }
        pci_for_each_device_under_bus(root, enable, NULL);
    }
    return true;
}
