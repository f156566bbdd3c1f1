/*
 * Resetting the physical function.
 *
 * A function that can reset itself (FLR) is reset alone. Otherwise a hot reset
 * of its bus or slot is better than a weak reset, but it hits every function
 * there: it is used only when all of them belong to this virtual machine's
 * iommufd and no other one of ours would be hit in the middle of its work,
 * that is, when this is the only one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pci.h"
#include "hw_vfio.trace.h"

#define MAX_RESET_SET 256

/* How many functions a hot reset would hit; 0 when it is not possible or not allowed. */
static unsigned hot_reset_set(VFIOPCIDevice *vdev)
{
    struct vfio_pci_hot_reset_info head = { .argsz = sizeof(head) };
    int fd = vdev->vbasedev.fd;
    int r = iommufd_ops->device_ioctl(fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &head);

    if ((r < 0 && r != -ENOSPC) || !head.count || head.count > MAX_RESET_SET) {
        return 0;
    }
    size_t size = sizeof(head) + head.count * sizeof(struct vfio_pci_dependent_device);
    g_autofree struct vfio_pci_hot_reset_info *info = g_malloc0(size);
    info->argsz = (uint32_t)size;
    if (iommufd_ops->device_ioctl(fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info) < 0 ||
        !(info->flags & VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED)) {
        return 0;
    }
    return info->count;
}

static int hot_reset(VFIOPCIDevice *vdev)
{
    struct vfio_pci_hot_reset cmd = { .argsz = sizeof(cmd) };
    int r = iommufd_ops->device_ioctl(vdev->vbasedev.fd, VFIO_DEVICE_PCI_HOT_RESET, &cmd);

    trace_vfio_pci_hot_reset(vdev->vbasedev.name, r);
    return r;
}

static int function_reset(VFIOPCIDevice *vdev)
{
    int r = iommufd_ops->device_ioctl(vdev->vbasedev.fd, VFIO_DEVICE_RESET, NULL);

    trace_vfio_pci_reset(vdev->vbasedev.name, r);
    return r;
}

/* Quiet first: no DMA and no interrupts while it goes down. */
static void stop_function(VFIOPCIDevice *vdev)
{
    uint8_t buf[2];

    if (vfio_region_read(&vdev->config_region, PCI_COMMAND, buf, 2) == 0) {
        uint16_t cmd = pci_get_word(buf) & (uint16_t)~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
        pci_set_word(buf, cmd);
        vfio_region_write(&vdev->config_region, PCI_COMMAND, buf, 2);
    }
}

void vfio_pci_host_reset(VFIOPCIDevice *vdev)
{
    bool can = vdev->vbasedev.flags & VFIO_DEVICE_FLAGS_RESET;
    int r = -ENOTTY;

    stop_function(vdev);
    if (!(can && vdev->flr) && hot_reset_set(vdev) == 1) {
        r = hot_reset(vdev);
    }
    if (r < 0 && can) {
        r = function_reset(vdev);
    }
    if (r < 0) {
        warn_report_limited("host device %s could not be reset (%s); it keeps its state across the guest's reset",
                            vdev->vbasedev.name, can ? strerror(-r) : "it has no reset of its own and shares its bus");
    }
}
