/*
 * Finding a host device, opening its cdev, and its basic ioctls.
 *
 * host=, sysfsdev= and fd= all end in the same three facts: an open VFIO cdev,
 * the name used in messages, and the sysfs directory, from which the IOMMU
 * group and the physical IOMMU are read.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "util/passed-fds.h"
#include "vfio.h"
#include "hw_vfio.trace.h"

/* The last path component of what a link points at; NULL when there is no such link. */
static char *link_target_name(const char *dir, const char *link)
{
    g_autofree char *path = g_build_filename(dir, link, NULL);
    g_autofree char *target = g_file_read_link(path, NULL);
    return target ? g_path_get_basename(target) : NULL;
}

/* "vfio3": the only entry of the device's vfio-dev directory. */
static char *find_vfio_dev(const char *sysfsdev)
{
    g_autofree char *path = g_build_filename(sysfsdev, "vfio-dev", NULL);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *entry;

    while (dir && (entry = g_dir_read_name(dir))) {
        if (g_str_has_prefix(entry, "vfio")) {
            return g_strdup(entry);
        }
    }
    return NULL;
}

static void explain_no_cdev(VFIODevice *vdev, Error **errp)
{
    g_autofree char *driver = link_target_name(vdev->sysfsdev, "driver");

    if (driver && !strstr(driver, "vfio")) {
        error_setg(errp, "host device %s is in use by the host driver '%s'; bind it to vfio-pci first", vdev->name, driver);
    } else if (driver) {
        error_setg(errp, "host device %s has driver '%s' but no VFIO character device; the host kernel needs CONFIG_VFIO_DEVICE_CDEV",
                   vdev->name, driver);
    } else {
        error_setg(errp, "host device %s has no driver; bind it to vfio-pci first", vdev->name);
    }
}

static void read_iommu_facts(VFIODevice *vdev)
{
    g_autofree char *group = link_target_name(vdev->sysfsdev, "iommu_group");
    uint64_t id = 0;

    vdev->iommu = link_target_name(vdev->sysfsdev, "iommu");
    vdev->group_id = group && g_ascii_string_to_unsigned(group, 10, 0, INT_MAX, &id, NULL) ? (int)id : -1;
}

static bool open_by_sysfs(VFIODevice *vdev, Error **errp)
{
    ERRP_GUARD();

    if (!g_file_test(vdev->sysfsdev, G_FILE_TEST_IS_DIR)) {
        error_setg(errp, "host device %s does not exist (no directory %s)", vdev->name, vdev->sysfsdev);
        return false;
    }
    g_autofree char *node = find_vfio_dev(vdev->sysfsdev);
    if (!node) {
        explain_no_cdev(vdev, errp);
        return false;
    }
    g_autofree char *path = g_build_filename(iommufd_ops->dev_root, "vfio", "devices", node, NULL);
    int fd = iommufd_ops->device_open(path);
    if (fd < 0) {
        error_setg_errno(errp, fd, "host device %s: cannot open %s", vdev->name, path);
        if (fd == -EBUSY) {
            error_append_hint(errp, "another program uses it\n");
        } else if (fd == -EACCES || fd == -EPERM) {
            error_append_hint(errp, "give this user access to it, or pass an open one with fd=\n");
        }
        return false;
    }
    vdev->fd = fd;
    trace_iommufd_cdev_getfd(path, fd);
    return true;
}

/* The character device's number leads back to the device in sysfs. */
static char *sysfs_of_fd(int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode)) {
        return NULL;
    }
    g_autofree char *path = g_strdup_printf("%s/dev/char/%u:%u/device", iommufd_ops->sys_root, major(st.st_rdev), minor(st.st_rdev));
    char *real = realpath(path, NULL);
    char *copy = g_strdup(real);
    free(real);
    return copy;
}

static bool open_by_fd(VFIODevice *vdev, Error **errp)
{
    ERRP_GUARD();

    vdev->fd = passed_fd_param(vdev->fd_name, errp);
    if (vdev->fd < 0) {
        error_prepend(errp, "vfio-pci: ");
        return false;
    }
    g_free(vdev->sysfsdev);
    vdev->sysfsdev = sysfs_of_fd(vdev->fd);
    g_free(vdev->name);
    vdev->name = vdev->sysfsdev ? g_path_get_basename(vdev->sysfsdev) : g_strdup_printf("fd %d", vdev->fd);
    return true;
}

/* Sixteen bytes in hexadecimal, dashes anywhere. */
static bool parse_token(const char *text, uint8_t uuid[16])
{
    unsigned n = 0;

    for (const char *p = text; *p; p++) {
        if (*p == '-') {
            continue;
        }
        if (n == 16 || !g_ascii_isxdigit(p[0]) || !g_ascii_isxdigit(p[1])) {
            return false;
        }
        uuid[n++] = (uint8_t)(g_ascii_xdigit_value(p[0]) << 4 | g_ascii_xdigit_value(p[1]));
        p++;
    }
    return n == 16;
}

/* Drivers that leave the group's DMA alone. */
static bool driver_is_harmless(const char *driver)
{
    return g_str_has_prefix(driver, "vfio") || !strcmp(driver, "pcieport") || !strcmp(driver, "pci-stub");
}

/* Another function of the group that a host driver uses: "ADDRESS of its IOMMU group has the host driver 'NAME'"; NULL: none to be seen. */
static char *find_group_blocker(const VFIODevice *vdev)
{
    g_autofree char *path = vdev->sysfsdev ? g_build_filename(vdev->sysfsdev, "iommu_group", "devices", NULL) : NULL;
    g_autoptr(GDir) dir = path ? g_dir_open(path, 0, NULL) : NULL;
    const char *entry;

    while (dir && (entry = g_dir_read_name(dir))) {
        g_autofree char *member = g_build_filename(path, entry, NULL), *driver = link_target_name(member, "driver");
        if (driver && !driver_is_harmless(driver)) {
            return g_strdup_printf("%s of its IOMMU group has the host driver '%s'", entry, driver);
        }
    }
    return NULL;
}

static const char *bind_hint(int err)
{
    switch (-err) {
    case EBUSY:  return "a device of its IOMMU group is used by a host driver or another program";
    case EPERM:  return "its IOMMU group belongs to another program, or the host cannot isolate its MSIs";
    case EACCES: return "it is a virtual function whose owner asks for vf-token=";
    case EINVAL: return "another program uses it, or its DMA is not cache coherent";
    default:     return NULL;
    }
}

static void set_bind_error(VFIODevice *vdev, int err, Error **errp)
{
    ERRP_GUARD();
    g_autofree char *blocker = err == -EBUSY ? find_group_blocker(vdev) : NULL;
    const char *hint = bind_hint(err);

    if (blocker) {
        error_setg(errp, "host device %s cannot be used: %s; bind that to vfio-pci too", vdev->name, blocker);
        return;
    }
    error_setg_errno(errp, err, "host device %s: VFIO_DEVICE_BIND_IOMMUFD to iommufd '%s' failed", vdev->name, iommufd_backend_name(vdev->iommufd));
    if (hint) {
        error_append_hint(errp, "%s\n", hint);
    }
}

static bool bind_iommufd(VFIODevice *vdev, Error **errp)
{
    struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind), .iommufd = vdev->iommufd->fd };
    uint8_t uuid[16];
    int r;

    if (vdev->vf_token) {
        if (!parse_token(vdev->vf_token, uuid)) {
            error_setg(errp, "host device %s: vf-token=%s is not a UUID", vdev->name, vdev->vf_token);
            return false;
        }
        bind.flags = VFIO_DEVICE_BIND_FLAG_TOKEN;
        bind.token_uuid_ptr = (uintptr_t)uuid;
    }
    r = iommufd_ops->device_ioctl(vdev->fd, VFIO_DEVICE_BIND_IOMMUFD, &bind);
    if (r < 0) {
        set_bind_error(vdev, r, errp);
        return false;
    }
    vdev->bound = true;
    vdev->devid = bind.out_devid;
    trace_iommufd_cdev_connect_and_bind(vdev->iommufd->fd, vdev->name, vdev->fd, vdev->devid);
    return true;
}

static bool get_info(VFIODevice *vdev, Error **errp)
{
    struct vfio_device_info info = { .argsz = sizeof(info) };
    int r = iommufd_ops->device_ioctl(vdev->fd, VFIO_DEVICE_GET_INFO, &info);

    if (r < 0) {
        error_setg_errno(errp, r, "host device %s: VFIO_DEVICE_GET_INFO failed", vdev->name);
        return false;
    }
    vdev->flags = info.flags;
    vdev->num_regions = info.num_regions;
    vdev->num_irqs = info.num_irqs;
    trace_iommufd_cdev_device_info(vdev->name, vdev->fd, info.num_irqs, info.num_regions, info.flags);
    return true;
}

static bool open_bind_info(VFIODevice *vdev, Error **errp)
{
    if (!(vdev->fd_name ? open_by_fd(vdev, errp) : open_by_sysfs(vdev, errp))) {
        return false;
    }
    if (vdev->sysfsdev) {
        read_iommu_facts(vdev);
    }
    if (!iommufd_backend_connect(vdev->iommufd, errp)) {
        return false;
    }
    vdev->connected = true;
    return bind_iommufd(vdev, errp) && get_info(vdev, errp);
}

bool vfio_device_open(VFIODevice *vdev, Error **errp)
{
    vdev->fd = -1;
    vdev->group_id = -1;
    if (open_bind_info(vdev, errp)) {
        return true;
    }
    vfio_device_close(vdev);
    return false;
}

/* Closing the cdev unbinds. A descriptor the user gave stays open for a next try, but only if it never was bound. */
void vfio_device_close(VFIODevice *vdev)
{
    if (vdev->fd >= 0 && (!vdev->fd_name || vdev->bound)) {
        iommufd_ops->device_close(vdev->fd);
    }
    vdev->fd = -1;
    vdev->bound = false;
    if (vdev->connected) {
        iommufd_backend_disconnect(vdev->iommufd);
        vdev->connected = false;
    }
    g_clear_pointer(&vdev->iommu, g_free);
}

/* --- Interrupts --------------------------------------------------------------- */

int vfio_device_irq_info(VFIODevice *vdev, uint32_t index, struct vfio_irq_info *info)
{
    *info = (struct vfio_irq_info) { .argsz = sizeof(*info), .index = index };
    return iommufd_ops->device_ioctl(vdev->fd, VFIO_DEVICE_GET_IRQ_INFO, info);
}

int vfio_device_set_irqs(VFIODevice *vdev, uint32_t index, uint32_t action, uint32_t start, const int32_t *fds, uint32_t count)
{
    size_t size = sizeof(struct vfio_irq_set) + count * sizeof(int32_t);
    g_autofree struct vfio_irq_set *set = g_malloc0(size);

    set->argsz = (uint32_t)size;
    set->flags = VFIO_IRQ_SET_DATA_EVENTFD | action;
    set->index = index;
    set->start = start;
    set->count = count;
    memcpy(set->data, fds, count * sizeof(int32_t));
    return iommufd_ops->device_ioctl(vdev->fd, VFIO_DEVICE_SET_IRQS, set);
}

int vfio_device_irq_action(VFIODevice *vdev, uint32_t index, uint32_t action)
{
    struct vfio_irq_set set = { .argsz = sizeof(set), .flags = VFIO_IRQ_SET_DATA_NONE | action, .index = index, .count = 1 };
    return iommufd_ops->device_ioctl(vdev->fd, VFIO_DEVICE_SET_IRQS, &set);
}

int vfio_device_disable_irqs(VFIODevice *vdev, uint32_t index)
{
    struct vfio_irq_set set = {
        .argsz = sizeof(set), .flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, .index = index,
    };
    return iommufd_ops->device_ioctl(vdev->fd, VFIO_DEVICE_SET_IRQS, &set);
}
