/*
 * x-msix-relocation=: the guest finds the MSI-X table and its pending bits at
 * the end of a BAR, or in one that the function does not have.
 *
 * The page with the host's table cannot be mmapped while the guest's table is
 * on it; a function that has registers there too is slow. Moved away, the whole
 * of that BAR is the function's. The table in the guest's capability is ours in
 * any case, so no driver that reads the capability notices.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pci.h"
#include "hw_vfio.trace.h"

#define MAX_32BIT_BAR (2 * GiB)

static uint8_t host_type(const VFIOPCIDevice *vdev, unsigned i)
{
    return vdev->host_config[PCI_BAR(i)] & 0xf;
}

/* The other half of the 64-bit BAR below it. */
static bool is_upper_half(const VFIOPCIDevice *vdev, unsigned i)
{
    for (unsigned k = 0; k < i; k++) {
        bool is64 = vdev->bars[k].size && !(host_type(vdev, k) & PCI_BASE_ADDRESS_SPACE_IO) && (host_type(vdev, k) & PCI_BASE_ADDRESS_MEM_TYPE_64);
        if (is64 && k + 1 == i) {
            return true;
        }
        k += is64;
    }
    return false;
}

static uint64_t table_size(const VFIOPCIDevice *vdev)
{
    return ROUND_UP(vdev->msix.entries * 16ULL, 8);
}

/* What the BAR is then: what it was, the table and the pending bits behind it. */
static uint64_t new_size(const VFIOPCIDevice *vdev, unsigned i)
{
    uint64_t old = vdev->bars[i].size ? pow2ceil(vdev->bars[i].size) : 0;
    return pow2ceil(MAX(old + table_size(vdev) + DIV_ROUND_UP(vdev->msix.entries, 64) * 8ULL, 4 * KiB));
}

static const char *why_not(const VFIOPCIDevice *vdev, unsigned i)
{
    uint8_t type = host_type(vdev, i);

    if (is_upper_half(vdev, i)) {
        return "is the upper half of a 64-bit BAR";
    }
    if (!vdev->bars[i].size) {
        return NULL;
    }
    if (type & PCI_BASE_ADDRESS_SPACE_IO) {
        return "is I/O space";
    }
    return !(type & PCI_BASE_ADDRESS_MEM_TYPE_64) && new_size(vdev, i) > MAX_32BIT_BAR ? "has no room for it" : NULL;
}

/* A BAR of its own if there is one left, else the one that grows least. */
static int choose(const VFIOPCIDevice *vdev)
{
    int best = -1;

    for (unsigned i = 0; i < PCI_ROM_SLOT; i++) {
        if (!why_not(vdev, i) && (best < 0 || new_size(vdev, i) < new_size(vdev, (unsigned)best))) {
            best = (int)i;
        }
    }
    return best;
}

bool vfio_msix_relocate(VFIOPCIDevice *vdev, Error **errp)
{
    int bar = vdev->msix_relocation == OFF_AUTO_PCIBAR_AUTO ? choose(vdev) : (int)vdev->msix_relocation - OFF_AUTO_PCIBAR_BAR0;

    if (vdev->msix_relocation == OFF_AUTO_PCIBAR_OFF || bar < 0) {
        return true;
    }
    const char *reason = why_not(vdev, (unsigned)bar);
    if (reason) {
        error_setg(errp, "host device %s: x-msix-relocation=bar%d is not possible: BAR %d %s", vdev->vbasedev.name, bar, bar, reason);
        return false;
    }
    uint64_t old = vdev->bars[bar].size ? pow2ceil(vdev->bars[bar].size) : 0;
    vdev->msix.bar_size = new_size(vdev, (unsigned)bar);
    vdev->msix.relocated = true;
    vdev->msix.table_bar = vdev->msix.pba_bar = (uint8_t)bar;
    vdev->msix.table_offset = (uint32_t)old;
    vdev->msix.pba_offset = (uint32_t)(old + table_size(vdev));
    trace_vfio_msix_relocate(vdev->vbasedev.name, (unsigned)bar, vdev->msix.table_offset, vdev->msix.bar_size);
    return true;
}
