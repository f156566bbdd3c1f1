/*
 * Host devices for those who only ask: found in sysfs, opened and bound, then
 * given back. Main thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/vfio/probe.h"
#include "vfio.h"

static char *sysfs_directory(const char *host)
{
    return g_build_filename(iommufd_ops->sys_root, "bus/pci/devices", host, NULL);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **vfio_probe_list(void)
{
    g_autofree char *all = sysfs_directory(NULL);
    g_autoptr(GDir) dir = g_dir_open(all, 0, NULL);
    GPtrArray *names = g_ptr_array_new();
    const char *host;

    while (dir && (host = g_dir_read_name(dir))) {
        g_autofree char *node = g_build_filename(all, host, "vfio-dev", NULL);

        if (g_file_test(node, G_FILE_TEST_IS_DIR)) {
            g_ptr_array_add(names, g_strdup(host));
        }
    }
    g_ptr_array_sort(names, compare_names);
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, false);
}

bool vfio_probe_open(VFIOProbe *p, const char *host, IOMMUFDBackend *be, Error **errp)
{
    VFIODevice *vdev = g_new0(VFIODevice, 1);

    *p = (VFIOProbe) { .device = vdev, .group_id = -1 };
    vdev->name = g_strdup(host);
    vdev->sysfsdev = sysfs_directory(host);
    vdev->iommufd = be;
    bool ok = vfio_device_open(vdev, errp) && vfio_iommufd_read_caps(vdev, &p->caps, errp);
    p->iommu = vdev->iommu;
    p->group_id = vdev->group_id;
    p->devid = vdev->devid;
    return ok;
}

void vfio_probe_close(VFIOProbe *p)
{
    VFIODevice *vdev = p->device;

    vfio_device_close(vdev);
    g_free(vdev->name);
    g_free(vdev->sysfsdev);
    g_free(vdev->iommu);
    g_free(vdev);
    *p = (VFIOProbe) { 0 };
}
