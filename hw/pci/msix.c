/*
 * MSI-X: PCI Local Bus 3.0 section 6.8.2. The table and the pending bits are
 * memory of ours behind a BAR; a mask that opens sends what was pending.
 *
 * The table may be read by a thread that sends (a device's I/O thread) while a
 * vCPU writes it; an entry is only in use while it is unmasked, and drivers
 * write it masked.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pci-internal.h"
#include "util/trace.h"

static bool present(const PCIDevice *dev)
{
    return dev->cap_present & QEMU_PCI_CAP_MSIX;
}

static uint16_t flags_of(const PCIDevice *dev)
{
    return pci_get_word(dev->config + dev->msix_cap + PCI_MSIX_FLAGS);
}

static uint8_t *entry_of(PCIDevice *dev, unsigned vector)
{
    return dev->msix_table + vector * PCI_MSIX_ENTRY_SIZE;
}

bool msix_enabled(const PCIDevice *dev)
{
    return present(dev) && (flags_of(dev) & PCI_MSIX_FLAGS_ENABLE);
}

static bool function_masked(const PCIDevice *dev)
{
    return !msix_enabled(dev) || (flags_of(dev) & PCI_MSIX_FLAGS_MASKALL);
}

static bool entry_masked(PCIDevice *dev, unsigned vector)
{
    return pci_get_long(entry_of(dev, vector) + PCI_MSIX_ENTRY_VECTOR_CTRL) & PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

bool msix_is_masked(PCIDevice *dev, unsigned vector)
{
    return dev->msix_function_masked || entry_masked(dev, vector);
}

/* --- Pending bits --------------------------------------------------------------------- */

bool msix_is_pending(PCIDevice *dev, unsigned vector)
{
    return dev->msix_pba[vector / 8] & BIT(vector % 8);
}

void msix_set_pending(PCIDevice *dev, unsigned vector)
{
    __atomic_fetch_or(&dev->msix_pba[vector / 8], BIT(vector % 8), __ATOMIC_RELAXED);
}

void msix_clr_pending(PCIDevice *dev, unsigned vector)
{
    __atomic_fetch_and(&dev->msix_pba[vector / 8], (uint8_t)~BIT(vector % 8), __ATOMIC_RELAXED);
}

/* --- Messages --------------------------------------------------------------------------- */

MSIMessage msix_get_message(PCIDevice *dev, unsigned vector)
{
    uint8_t *e = entry_of(dev, vector);

    return (MSIMessage) { .address = pci_get_quad(e + PCI_MSIX_ENTRY_LOWER_ADDR), .data = pci_get_long(e + PCI_MSIX_ENTRY_DATA) };
}

void msix_notify(PCIDevice *dev, unsigned vector)
{
    if (!present(dev) || vector >= (unsigned)dev->msix_entries_nr || !dev->msix_entry_used[vector]) {
        return;
    }
    if (msix_is_masked(dev, vector)) {
        msix_set_pending(dev, vector);
        return;
    }
    msi_send_message(dev, dev->msi_prepare_message ? dev->msi_prepare_message(dev, vector) : msix_get_message(dev, vector));
}

void msix_vector_use(PCIDevice *dev, unsigned vector)
{
    if (vector < (unsigned)dev->msix_entries_nr) {
        dev->msix_entry_used[vector]++;
    }
}

void msix_vector_unuse(PCIDevice *dev, unsigned vector)
{
    if (vector >= (unsigned)dev->msix_entries_nr || !dev->msix_entry_used[vector] || --dev->msix_entry_used[vector]) {
        return;
    }
    msix_clr_pending(dev, vector);
}

/* --- Masks that open and close ------------------------------------------------------------- */

static void tell_mask(PCIDevice *dev, unsigned vector, bool masked)
{
    if (!dev->msix_vector_use_notifier) {
        return;
    }
    if (masked) {
        dev->msix_vector_release_notifier(dev, vector);
    } else {
        int err = dev->msix_vector_use_notifier(dev, vector, msix_get_message(dev, vector));
        if (err < 0) {
            warn_report_limited("%s: interrupt vector %u cannot be delivered directly: %s", dev->name, vector, strerror(-err));
        }
    }
}

static void mask_changed(PCIDevice *dev, unsigned vector, bool was_masked)
{
    bool masked = msix_is_masked(dev, vector);

    if (masked == was_masked) {
        return;
    }
    tell_mask(dev, vector, masked);
    if (!masked && msix_is_pending(dev, vector)) {
        msix_clr_pending(dev, vector);
        msix_notify(dev, vector);
    }
}

void msix_write_config(PCIDevice *dev, uint32_t addr, uint32_t val, int len)
{
    bool was = dev->msix_function_masked;
    unsigned enable_at = dev->msix_cap + PCI_MSIX_FLAGS + 1;

    if (!present(dev) || addr > enable_at || addr + len <= enable_at) {
        return;
    }
    dev->msix_function_masked = function_masked(dev);
    if (msix_enabled(dev)) {
        pci_irq_deassert(dev);
    }
    if (was == dev->msix_function_masked) {
        return;
    }
    for (int v = 0; v < dev->msix_entries_nr; v++) {
        mask_changed(dev, v, was || entry_masked(dev, v));
    }
}

int msix_set_vector_notifiers(PCIDevice *dev, MSIVectorUseNotifier use, MSIVectorReleaseNotifier release, MSIVectorPollNotifier poll)
{
    dev->msix_vector_use_notifier = use;
    dev->msix_vector_release_notifier = release;
    dev->msix_vector_poll_notifier = poll;
    for (int v = 0; !dev->msix_function_masked && v < dev->msix_entries_nr; v++) {
        int err = entry_masked(dev, v) ? 0 : use(dev, v, msix_get_message(dev, v));

        if (err < 0) {
            while (v-- > 0) {
                if (!entry_masked(dev, v)) {
                    release(dev, v);
                }
            }
            dev->msix_vector_use_notifier = NULL;
            dev->msix_vector_release_notifier = NULL;
            dev->msix_vector_poll_notifier = NULL;
            return err;
        }
    }
    if (poll) {
        poll(dev, 0, dev->msix_entries_nr);
    }
    return 0;
}

void msix_unset_vector_notifiers(PCIDevice *dev)
{
    for (int v = 0; dev->msix_vector_release_notifier && !dev->msix_function_masked && v < dev->msix_entries_nr; v++) {
        if (!entry_masked(dev, v)) {
            dev->msix_vector_release_notifier(dev, v);
        }
    }
    dev->msix_vector_use_notifier = NULL;
    dev->msix_vector_release_notifier = NULL;
    dev->msix_vector_poll_notifier = NULL;
}

/* --- Behind the BAR --------------------------------------------------------------------------- */

static uint64_t table_read(void *opaque, hwaddr addr, unsigned size)
{
    PCIDevice *dev = opaque;

    return ldn_le_p(dev->msix_table + addr, size);
}

static void table_write(void *opaque, hwaddr addr, uint64_t val, unsigned size)
{
    PCIDevice *dev = opaque;
    unsigned vector = addr / PCI_MSIX_ENTRY_SIZE;
    bool was = msix_is_masked(dev, vector);

    stn_le_p(dev->msix_table + addr, size, val);
    mask_changed(dev, vector, was);
}

/* Software may access the table with 4 or 8 byte words, aligned; narrower ones are undefined and do the obvious. */
static const MemoryRegionOps table_ops = {
    .read = table_read, .write = table_write, .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8 }, .impl = { .min_access_size = 1, .max_access_size = 8 },
};

static uint64_t pba_read(void *opaque, hwaddr addr, unsigned size)
{
    PCIDevice *dev = opaque;
    unsigned first = addr * 8, last = MIN((addr + size) * 8, (unsigned)dev->msix_entries_nr);

    if (dev->msix_vector_poll_notifier && first < last) {
        dev->msix_vector_poll_notifier(dev, first, last);
    }
    return ldn_le_p(dev->msix_pba + addr, size);
}

static void pba_write(void *opaque, hwaddr addr, uint64_t val, unsigned size)
{
    log_guest_error("%s: write to MSI-X pending bits ignored\n", ((PCIDevice *)opaque)->name);
}

static const MemoryRegionOps pba_ops = {
    .read = pba_read, .write = pba_write, .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8 }, .impl = { .min_access_size = 1, .max_access_size = 8 },
};

/* --- Life ---------------------------------------------------------------------------------------- */

static void mask_all(PCIDevice *dev)
{
    memset(dev->msix_table, 0, dev->msix_entries_nr * PCI_MSIX_ENTRY_SIZE);
    for (int v = 0; v < dev->msix_entries_nr; v++) {
        pci_set_long(entry_of(dev, v) + PCI_MSIX_ENTRY_VECTOR_CTRL, PCI_MSIX_ENTRY_CTRL_MASKBIT);
    }
}

static bool check_layout(PCIDevice *dev, unsigned nentries, MemoryRegion *table_bar, unsigned table_offset, unsigned table_size,
                         MemoryRegion *pba_bar, unsigned pba_offset, unsigned pba_size, Error **errp)
{
    bool overlap = table_bar == pba_bar && table_offset < pba_offset + pba_size && pba_offset < table_offset + table_size;

    if (nentries < 1 || nentries > PCI_MSIX_FLAGS_QSIZE + 1U) {
        error_setg(errp, "%s: MSI-X table of %u entries is outside 1 to %u", dev->name, nentries, PCI_MSIX_FLAGS_QSIZE + 1);
    } else if (overlap || (table_offset & 7) || (pba_offset & 7) ||
               (uint64_t)table_offset + table_size > memory_region_size(table_bar) ||
               (uint64_t)pba_offset + pba_size > memory_region_size(pba_bar)) {
        error_setg(errp, "%s: MSI-X table of %u entries at 0x%x and pending bits at 0x%x overlap, are not aligned to 8 or"
                   " don't fit their BARs", dev->name, nentries, table_offset, pba_offset);
    } else {
        return true;
    }
    return false;
}

static void put_behind_bars(PCIDevice *dev, MemoryRegion *table_bar, unsigned table_offset, unsigned table_size,
                            MemoryRegion *pba_bar, unsigned pba_offset, unsigned pba_size)
{
    memory_region_init_io(&dev->msix_table_mmio, OBJECT(dev), &table_ops, dev, "msix-table", table_size);
    memory_region_add_subregion(table_bar, table_offset, &dev->msix_table_mmio);
    memory_region_init_io(&dev->msix_pba_mmio, OBJECT(dev), &pba_ops, dev, "msix-pba", pba_size);
    memory_region_add_subregion(pba_bar, pba_offset, &dev->msix_pba_mmio);
}

bool msix_init(PCIDevice *dev, unsigned nentries, MemoryRegion *table_bar, uint8_t table_bar_nr, unsigned table_offset,
               MemoryRegion *pba_bar, uint8_t pba_bar_nr, unsigned pba_offset, uint8_t cap_pos, Error **errp)
{
    unsigned table_size = nentries * PCI_MSIX_ENTRY_SIZE, pba_size = DIV_ROUND_UP(nentries, 64) * 8;
    int at;

    if (!msi_nonbroken) {
        error_setg(errp, "The interrupt controller of this machine takes no MSI-Xs");
        return false;
    }
    if (!check_layout(dev, nentries, table_bar, table_offset, table_size, pba_bar, pba_offset, pba_size, errp)) {
        return false;
    }
    at = pci_add_capability(dev, PCI_CAP_ID_MSIX, cap_pos, PCI_CAP_MSIX_SIZEOF, errp);
    if (at < 0) {
        return false;
    }
    dev->msix_cap = at;
    dev->cap_present |= QEMU_PCI_CAP_MSIX;
    pci_set_word(dev->config + at + PCI_MSIX_FLAGS, nentries - 1);
    pci_set_long(dev->config + at + PCI_MSIX_TABLE, table_offset | table_bar_nr);
    pci_set_long(dev->config + at + PCI_MSIX_PBA, pba_offset | pba_bar_nr);
    pci_set_word(dev->wmask + at + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
    dev->msix_entries_nr = nentries;
    msix_free(dev);                     /* of a realize that failed later on */
    dev->msix_table = g_malloc0(table_size);
    dev->msix_pba = g_malloc0(pba_size);
    dev->msix_entry_used = g_new0(unsigned, nentries);
    dev->msix_function_masked = true;
    mask_all(dev);
    put_behind_bars(dev, table_bar, table_offset, table_size, pba_bar, pba_offset, pba_size);
    return true;
}

/* One BAR for both: the table at 0, pending bits behind it, in the upper half of the smallest. */
bool msix_init_exclusive_bar(PCIDevice *dev, unsigned nentries, uint8_t bar_nr, Error **errp)
{
    uint32_t pba = MAX(nentries * PCI_MSIX_ENTRY_SIZE, 2048U), size = MAX(pow2ceil(pba + DIV_ROUND_UP(nentries, 64) * 8), 4096U);
    g_autofree char *name = g_strdup_printf("%s-msix", dev->name);

    memory_region_init(&dev->msix_exclusive_bar, OBJECT(dev), name, size);
    if (!msix_init(dev, nentries, &dev->msix_exclusive_bar, bar_nr, 0, &dev->msix_exclusive_bar, bar_nr, pba, 0, errp)) {
        return false;
    }
    pci_register_bar(dev, bar_nr, PCI_BASE_ADDRESS_SPACE_MEMORY, &dev->msix_exclusive_bar);
    return true;
}

void msix_uninit(PCIDevice *dev, MemoryRegion *table_bar, MemoryRegion *pba_bar)
{
    if (!present(dev)) {
        return;
    }
    dev->cap_present &= ~QEMU_PCI_CAP_MSIX;
    dev->msix_cap = 0;
    dev->msix_entries_nr = 0;
    memory_region_del_subregion(table_bar, &dev->msix_table_mmio);
    memory_region_del_subregion(pba_bar, &dev->msix_pba_mmio);
    /* The table stays until the object goes: an access may be on its way to it. */
}

void msix_free(PCIDevice *dev)
{
    g_clear_pointer(&dev->msix_table, g_free);
    g_clear_pointer(&dev->msix_pba, g_free);
    g_clear_pointer(&dev->msix_entry_used, g_free);
}

void msix_uninit_exclusive_bar(PCIDevice *dev)
{
    msix_uninit(dev, &dev->msix_exclusive_bar, &dev->msix_exclusive_bar);
}

void msix_reset(PCIDevice *dev)
{
    if (!present(dev)) {
        return;
    }
    for (int v = 0; v < dev->msix_entries_nr; v++) {
        if (!msix_is_masked(dev, v)) {
            tell_mask(dev, v, true);
        }
        msix_clr_pending(dev, v);
    }
    dev->msix_function_masked = true;
    mask_all(dev);
}
