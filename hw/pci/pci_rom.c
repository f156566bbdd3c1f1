/*
 * The option ROM: a file of the user's or of the device's type, behind the
 * expansion ROM BAR.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pci-internal.h"

#define ROM_SIZE_MAX    (2ULL * GiB)

static bool rom_size(PCIDevice *dev, const char *file, uint64_t have, uint64_t *size, Error **errp)
{
    if (!have || have > ROM_SIZE_MAX) {
        error_setg(errp, "romfile \"%s\" is %s", file, have ? "larger than 2 GiB" : "empty");
        return false;
    }
    *size = dev->romsize == UINT32_MAX ? MAX(pow2ceil(have), 2048) : dev->romsize;
    if (have > *size) {
        error_setg(errp, "romfile \"%s\" of %" PRIu64 " bytes does not fit in romsize=%u", file, have, dev->romsize);
        return false;
    }
    return true;
}

bool pci_rom_add(PCIDevice *dev, Error **errp)
{
    const char *file = dev->romfile ? dev->romfile : PCI_DEVICE_GET_CLASS(dev)->romfile;
    g_autofree char *text = NULL, *name = NULL;
    g_autoptr(GError) gerr = NULL;
    gsize have;
    uint64_t size;

    if (dev->has_rom || !file || !*file || !dev->rom_bar || dev->io_regions[PCI_ROM_SLOT].size) {
        return true;
    }
    if (!g_file_get_contents(file, &text, &have, &gerr)) {
        error_setg(errp, "romfile \"%s\" cannot be read: %s", file, gerr->message);
        return false;
    }
    name = g_strdup_printf("%s.rom", object_get_typename(OBJECT(dev)));
    if (!rom_size(dev, file, have, &size, errp) ||
        !memory_region_init_rom(&dev->rom, OBJECT(dev), name, size, errp)) {
        return false;
    }
    memcpy(memory_region_get_ram_ptr(&dev->rom), text, have);
    dev->has_rom = true;
    pci_register_bar(dev, PCI_ROM_SLOT, 0, &dev->rom);
    return true;
}

void pci_rom_del(PCIDevice *dev)
{
    dev->has_rom = false;
}
