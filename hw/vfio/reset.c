/*
 * Resetting the physical function.
 *
 * A function that can reset itself (FLR) is reset alone. Otherwise a hot reset
 * of its bus or slot is better than a weak reset, but it hits every function
 * there: it is used only when all of them are owned by this machine's iommufd
 * and those that the guest has are being reset too, as when the machine is. One
 * hot reset then serves them all.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pci.h"
#include "hw_vfio.trace.h"

#define MAX_RESET_SET 256

static GPtrArray *all;                  /* VFIOPCIDevice, realized */

void vfio_reset_register(VFIOPCIDevice *vdev)
{
    if (!all) {
        all = g_ptr_array_new();
    }
    g_ptr_array_add(all, vdev);
}

void vfio_reset_unregister(VFIOPCIDevice *vdev)
{
    g_ptr_array_remove(all, vdev);
}

/* What a hot reset would hit, as the host says it; NULL when it may not be used. */
static struct vfio_pci_hot_reset_info *hot_reset_info(VFIOPCIDevice *vdev)
{
    struct vfio_pci_hot_reset_info head = { .argsz = sizeof(head) }, *info;
    int fd = vdev->vbasedev.fd;
    int r = iommufd_ops->device_ioctl(fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &head);

    if ((r < 0 && r != -ENOSPC) || !head.count || head.count > MAX_RESET_SET) {
        return NULL;
    }
    size_t size = sizeof(head) + head.count * sizeof(struct vfio_pci_dependent_device);
    info = g_malloc0(size);
    info->argsz = (uint32_t)size;
    if (iommufd_ops->device_ioctl(fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info) < 0 || info->count > head.count ||
        !(info->flags & VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED)) {
        g_clear_pointer(&info, g_free);
    }
    return info;
}

static VFIOPCIDevice *by_devid(IOMMUFDBackend *iommufd, uint32_t devid)
{
    for (unsigned i = 0; all && i < all->len; i++) {
        VFIOPCIDevice *v = all->pdata[i];
        if (v->vbasedev.iommufd == iommufd && v->vbasedev.devid == devid) {
            return v;
        }
    }
    return NULL;
}

/* Fills @hit with the guest's functions a hot reset would hit; false when one of them is at work. */
static bool hot_reset_allowed(VFIOPCIDevice *vdev, GPtrArray *hit)
{
    g_autofree struct vfio_pci_hot_reset_info *info = hot_reset_info(vdev);

    for (unsigned i = 0; info && i < info->count; i++) {
        uint32_t devid = info->devices[i].group_id;     /* with iommufd this field holds a device id; 0: owned, not open */
        VFIOPCIDevice *v = devid ? by_devid(vdev->vbasedev.iommufd, devid) : NULL;
        if (devid && (!v || !DEVICE(v)->reset_count)) {
            return false;
        }
        if (v) {
            g_ptr_array_add(hit, v);
        }
    }
    return info;
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

static int hot_reset(VFIOPCIDevice *vdev)
{
    struct vfio_pci_hot_reset cmd = { .argsz = sizeof(cmd) };
    g_autoptr(GPtrArray) hit = g_ptr_array_new();
    int r;

    if (!hot_reset_allowed(vdev, hit)) {
        return -ENOTTY;
    }
    for (unsigned i = 0; i < hit->len; i++) {
        vfio_intr_disable_all(hit->pdata[i]);
        stop_function(hit->pdata[i]);
    }
    r = iommufd_ops->device_ioctl(vdev->vbasedev.fd, VFIO_DEVICE_PCI_HOT_RESET, &cmd);
    trace_vfio_pci_hot_reset(vdev->vbasedev.name, r);
    for (unsigned i = 0; r >= 0 && i < hit->len; i++) {
        ((VFIOPCIDevice *)hit->pdata[i])->host_was_reset = hit->pdata[i] != vdev;
    }
    return r;
}

static int function_reset(VFIOPCIDevice *vdev)
{
    int r = iommufd_ops->device_ioctl(vdev->vbasedev.fd, VFIO_DEVICE_RESET, NULL);

    trace_vfio_pci_reset(vdev->vbasedev.name, r);
    return r;
}

void vfio_pci_host_reset(VFIOPCIDevice *vdev)
{
    bool can = vdev->vbasedev.flags & VFIO_DEVICE_FLAGS_RESET;
    int r = -ENOTTY;

    if (vdev->host_was_reset) {         /* by a neighbour's hot reset, in this same reset */
        vdev->host_was_reset = false;
        return;
    }
    stop_function(vdev);
    if (!(can && vdev->flr)) {
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
