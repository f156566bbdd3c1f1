/*
 * The BARs and the expansion ROM of an assigned function.
 *
 * The page with the MSI-X table is never mmapped (unless it was moved away,
 * msix-relocate.c): the guest's table is ours,
 * the host's table belongs to the host's interrupt controller.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pci.h"
#include "hw_vfio.trace.h"

#define MAX_BAR_SIZE (1ULL << 48)
#define MAX_ROM_SIZE (16 * MiB)

static bool setup_bar(VFIOPCIDevice *vdev, unsigned i, uint8_t type, Error **errp)
{
    VFIORegion *region = &vdev->bars[i];
    g_autofree char *name = g_strdup_printf("%s BAR %u", vdev->vbasedev.name, i);
    bool has_table = vdev->has_msix && vdev->msix.table_bar == i;
    uint64_t size = has_table && vdev->msix.relocated ? vdev->msix.bar_size : pow2ceil(region->size);
    bool is_io = type & PCI_BASE_ADDRESS_SPACE_IO, is64 = type & PCI_BASE_ADDRESS_MEM_TYPE_64;

    if (region->size > MAX_BAR_SIZE || (is_io && region->size > 64 * KiB) || (!is_io && !is64 && size > 2 * GiB)) {
        error_setg(errp, "host device %s: BAR %u has an impossible size of 0x%" PRIx64 " bytes", vdev->vbasedev.name, i, region->size);
        return false;
    }
    if (has_table && !vdev->msix.relocated) {
        vfio_region_exclude(region, vdev->msix.table_offset, vdev->msix.entries * 16ULL);
    }
    region->accessed = vfio_intr_bar_accessed;
    if (!vfio_region_setup(region, OBJECT(vdev), name, size, !vdev->no_mmap && !is_io, &vdev->bar_mr[i], errp)) {
        return false;
    }
    pci_register_bar(PCI_DEVICE(vdev), (int)i, type, &vdev->bar_mr[i]);
    return true;
}

/* One that only the guest has, for its MSI-X table. */
static void make_bar(VFIOPCIDevice *vdev, unsigned i)
{
    g_autofree char *name = g_strdup_printf("%s BAR %u", vdev->vbasedev.name, i);

    memory_region_init(&vdev->bar_mr[i], OBJECT(vdev), name, vdev->msix.bar_size);
    pci_register_bar(PCI_DEVICE(vdev), (int)i, PCI_BASE_ADDRESS_SPACE_MEMORY, &vdev->bar_mr[i]);
}

/* --- ROM: read from the device when the guest first looks ----------------------- */

static void load_rom(VFIOPCIDevice *vdev)
{
    VFIORegion *region = &vdev->rom_region;
    uint64_t done = 0;

    vdev->rom = g_malloc(region->size);
    memset(vdev->rom, 0xff, region->size);
    while (done < region->size) {
        ssize_t n = iommufd_ops->device_pread(vdev->vbasedev.fd, vdev->rom + done, region->size - done, region->fd_offset + done);
        if (n <= 0) {
            break;
        }
        done += (uint64_t)n;
    }
    trace_vfio_pci_load_rom(vdev->vbasedev.name, region->size, done);
}

static uint64_t rom_read(void *opaque, hwaddr addr, unsigned size)
{
    VFIOPCIDevice *vdev = opaque;

    if (!vdev->rom) {
        load_rom(vdev);
    }
    return addr + size <= vdev->rom_region.size ? ldn_le_p(vdev->rom + addr, size) : ~0ULL;
}

static void rom_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
}

static const MemoryRegionOps rom_ops = {
    .read = rom_read,
    .write = rom_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8 },
    .impl = { .min_access_size = 1, .max_access_size = 8 },
};

static void setup_rom(VFIOPCIDevice *vdev)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);
    VFIORegion *region = &vdev->rom_region;

    if (pdev->rom_bar == 0 || (pdev->romfile && *pdev->romfile) || vdev->vbasedev.num_regions <= VFIO_PCI_ROM_REGION_INDEX ||
        !vfio_region_init(&vdev->vbasedev, region, VFIO_PCI_ROM_REGION_INDEX, NULL) || !region->size || region->size > MAX_ROM_SIZE) {
        return;
    }
    g_autofree char *name = g_strdup_printf("%s ROM", vdev->vbasedev.name);
    memory_region_init_io(&vdev->rom_mr, OBJECT(vdev), &rom_ops, vdev, name, pow2ceil(region->size));
    pci_register_bar(pdev, PCI_ROM_SLOT, 0, &vdev->rom_mr);
}

/* --- All of them -------------------------------------------------------------------- */

bool vfio_bars_setup(VFIOPCIDevice *vdev, Error **errp)
{
    for (unsigned i = 0; i < PCI_ROM_SLOT; i++) {
        uint32_t bar = pci_get_long(vdev->host_config + PCI_BAR(i));
        uint8_t type = (uint8_t)(bar & (bar & PCI_BASE_ADDRESS_SPACE_IO ? 0x3 : 0xf));
        bool is64 = !(type & PCI_BASE_ADDRESS_SPACE_IO) && (type & PCI_BASE_ADDRESS_MEM_TYPE_64);

        if (!vdev->bars[i].size) {
            if (vdev->has_msix && vdev->msix.relocated && vdev->msix.table_bar == i) {
                make_bar(vdev, i);
            }
            continue;
        }
        if (is64 && i == PCI_ROM_SLOT - 1) {
            error_setg(errp, "host device %s: its last BAR says it is 64 bits wide", vdev->vbasedev.name);
            return false;
        }
        if (!setup_bar(vdev, i, type, errp)) {
            return false;
        }
        i += is64;
    }
    setup_rom(vdev);
    return true;
}

void vfio_bars_exit(VFIOPCIDevice *vdev)
{
    for (unsigned i = 0; i < PCI_ROM_SLOT; i++) {
        vfio_region_exit(&vdev->bars[i]);
    }
}

void vfio_bars_set_mmaps_enabled(VFIOPCIDevice *vdev, bool enabled)
{
    memory_region_transaction_begin();
    for (unsigned i = 0; i < PCI_ROM_SLOT; i++) {
        vfio_region_set_mmaps_enabled(&vdev->bars[i], enabled);
    }
    memory_region_transaction_commit();
}
