/*
 * Sets of address ranges: what sits below an extra PCI root is taken out of
 * the main root's windows, so that the two host bridges do not overlap.
 *
 * Bridges and BARs that firmware did not place (base 0) do not count.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/acpi/pci.h"
#include "hw/pci/pci_bridge.h"

AcpiRangeSet acpi_ranges_new(void)
{
    return (AcpiRangeSet){
        .io = g_array_new(false, false, sizeof(AcpiRange)),
        .mem32 = g_array_new(false, false, sizeof(AcpiRange)),
        .mem64 = g_array_new(false, false, sizeof(AcpiRange)),
    };
}

void acpi_ranges_free(AcpiRangeSet *s)
{
    g_array_unref(s->io);
    g_array_unref(s->mem32);
    g_array_unref(s->mem64);
}

static void add_range(GArray *ranges, uint64_t first, uint64_t last)
{
    AcpiRange r = { first, last };
    g_array_append_val(ranges, r);
}

static void add_memory(AcpiRangeSet *s, uint64_t first, uint64_t last)
{
    if (first && first <= last) {
        add_range(last <= UINT32_MAX ? s->mem32 : s->mem64, first, last);
    }
}

static void add_io(AcpiRangeSet *s, uint64_t first, uint64_t last)
{
    if (first && first <= last) {
        add_range(s->io, first, last);
    }
}

static void add_bars(AcpiRangeSet *s, PCIDevice *dev)
{
    for (int i = 0; i < PCI_NUM_REGIONS; i++) {
        const PCIIORegion *r = &dev->io_regions[i];

        if (!r->size || r->addr == PCI_BAR_UNMAPPED) {
            continue;
        }
        if (r->type & PCI_BASE_ADDRESS_SPACE_IO) {
            add_io(s, r->addr, r->addr + r->size - 1);
        } else {
            add_memory(s, r->addr, r->addr + r->size - 1);
        }
    }
}

static void add_windows(AcpiRangeSet *s, const PCIDevice *bridge)
{
    add_io(s, pci_bridge_get_base(bridge, PCI_BASE_ADDRESS_SPACE_IO),
           pci_bridge_get_limit(bridge, PCI_BASE_ADDRESS_SPACE_IO));
    add_memory(s, pci_bridge_get_base(bridge, PCI_BASE_ADDRESS_SPACE_MEMORY),
               pci_bridge_get_limit(bridge, PCI_BASE_ADDRESS_SPACE_MEMORY));
    add_memory(s, pci_bridge_get_base(bridge, PCI_BASE_ADDRESS_MEM_PREFETCH),
               pci_bridge_get_limit(bridge, PCI_BASE_ADDRESS_MEM_PREFETCH));
}

void acpi_ranges_add_bus(AcpiRangeSet *s, PCIBus *bus)
{
    for (int devfn = 0; devfn < PCI_DEVFN_MAX; devfn++) {
        PCIDevice *dev = bus->devices[devfn];

        if (!dev) {
            continue;
        }
        add_bars(s, dev);
        if (object_dynamic_cast(OBJECT(dev), TYPE_PCI_BRIDGE)) {
            add_windows(s, dev);
        }
    }
    acpi_ranges_merge(s->io);
    acpi_ranges_merge(s->mem32);
    acpi_ranges_merge(s->mem64);
}

static int compare_first(const void *a, const void *b)
{
    const AcpiRange *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

void acpi_ranges_merge(GArray *ranges)
{
    guint n = 0;

    g_array_sort(ranges, compare_first);
    for (guint i = 0; i < ranges->len; i++) {
        AcpiRange r = g_array_index(ranges, AcpiRange, i);
        AcpiRange *prev = n ? &g_array_index(ranges, AcpiRange, n - 1) : NULL;

        if (prev && (r.first <= prev->last || r.first - 1 == prev->last)) {
            prev->last = MAX(prev->last, r.last);
        } else {
            g_array_index(ranges, AcpiRange, n++) = r;
        }
    }
    g_array_set_size(ranges, n);
}

void acpi_ranges_gaps(GArray *out, GArray *ranges, uint64_t first, uint64_t last)
{
    acpi_ranges_merge(ranges);
    for (guint i = 0; i < ranges->len; i++) {
        const AcpiRange *r = &g_array_index(ranges, AcpiRange, i);

        if (r->last < first) {
            continue;
        }
        if (r->first > last) {
            break;
        }
        if (r->first > first) {
            add_range(out, first, r->first - 1);
        }
        if (r->last >= last) {
            return;
        }
        first = r->last + 1;
    }
    add_range(out, first, last);
}
