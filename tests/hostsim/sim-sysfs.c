/*
 * What vfio-pci reads of a host device in sysfs: its character device's name,
 * its driver, IOMMU group and physical IOMMU. Real files in a temporary
 * directory.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hostsim.h"

static void make_link(const char *dir, const char *name, const char *target)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);

    unlink(path);
    if (target && symlink(target, path) < 0) {
        warn_report("hostsim: cannot make %s: %s", path, strerror(errno));
    }
}

/* Also when something changed. */
void hostsim_add_to_sysfs(SimDevice *dev)
{
    g_autofree char *dir = g_build_filename(hostsim->root, "bus/pci/devices", dev->host, NULL);
    g_autofree char *node = g_strdup_printf("%s/vfio-dev/vfio%u", dir, dev->index);
    g_autofree char *group = g_strdup_printf("%s/kernel/iommu_groups/%u", hostsim->root, dev->group->id);
    g_autofree char *iommu = g_strdup_printf("../../../../class/iommu/%s", dev->smmu->name);
    g_autofree char *driver = g_strdup_printf("../../../../bus/pci/drivers/%s", dev->driver ? dev->driver : "");
    g_autofree char *vfio_dev = g_build_filename(dir, "vfio-dev", NULL);
    g_autofree char *members = g_strdup_printf("%s/kernel/iommu_groups/%u/devices", hostsim->root, dev->group->id);

    g_mkdir_with_parents(dir, 0700);
    g_mkdir_with_parents(members, 0700);
    make_link(members, dev->host, dir);
    make_link(dir, "iommu_group", group);
    make_link(dir, "iommu", iommu);
    make_link(dir, "driver", dev->driver ? driver : NULL);
    if (dev->driver && !strcmp(dev->driver, "vfio-pci")) {
        g_mkdir_with_parents(node, 0700);
    } else {
        rmdir(node);
        rmdir(vfio_dev);
    }
}
