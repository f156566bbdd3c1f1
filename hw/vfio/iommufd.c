/*
 * Containers, stage 2 page tables, groups, and moving a device between page
 * tables.
 *
 * One container for each (iommufd, address space): every device there sees the
 * same mappings, pinned once. Behind a nesting vIOMMU a device is not attached
 * here: the vSMMU gets a nesting parent (hiod->hwpt_id) and attaches it to
 * nested tables itself. Otherwise the device attaches to the container and the
 * kernel chooses the page table.
 *
 * Groups. The kernel attaches a whole group with its first device and wants
 * later ones to name the same page table; replacing moves all of them. So a
 * device that is not attached yet first joins what its group has, wherever its
 * vIOMMU wants it: the group's running devices are not disturbed by a newcomer
 * that the guest has not configured. Later moves are the group's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "vfio.h"
#include "hw_vfio.trace.h"

static GPtrArray *containers, *groups;

/* --- Groups and attaching --------------------------------------------------------- */

static VFIOGroup *group_get(VFIODevice *vdev)
{
    if (!groups) {
        groups = g_ptr_array_new();
    }
    for (unsigned i = 0; i < groups->len; i++) {
        VFIOGroup *g = groups->pdata[i];
        if (g->id >= 0 && g->id == vdev->group_id && g->iommufd == vdev->iommufd) {
            return g;
        }
    }
    VFIOGroup *g = g_new0(VFIOGroup, 1);
    g->iommufd = vdev->iommufd;
    g->id = vdev->group_id;
    g->attached = g_ptr_array_new();
    g_ptr_array_add(groups, g);
    return g;
}

static void group_put_if_empty(VFIOGroup *g)
{
    if (!g->attached->len) {
        g_ptr_array_remove(groups, g);
        g_ptr_array_free(g->attached, true);
        g_free(g);
    }
}

static int attach_ioctl(VFIODevice *vdev, uint32_t pt_id)
{
    struct vfio_device_attach_iommufd_pt cmd = { .argsz = sizeof(cmd), .pt_id = pt_id };
    int r = iommufd_ops->device_ioctl(vdev->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd);

    if (r < 0) {
        trace_iommufd_cdev_fail_attach(vdev->iommufd->fd, vdev->name, vdev->fd, pt_id, r);
        return r;
    }
    trace_iommufd_cdev_pasid_attach_ioas_hwpt(vdev->iommufd->fd, vdev->name, vdev->fd, 0, cmd.pt_id);
    return 0;
}

static void set_attach_error(Error **errp, VFIODevice *vdev, uint32_t pt_id, int err)
{
    ERRP_GUARD();

    error_setg_errno(errp, err, "host device %s: VFIO_DEVICE_ATTACH_IOMMUFD_PT to page table %u of iommufd '%s' failed",
                     vdev->name, pt_id, iommufd_backend_name(vdev->iommufd));
    if (err == -EADDRINUSE) {
        error_append_hint(errp, "the guest's memory map overlaps addresses that the host reserves for this device\n");
    } else if (err == -ENOMEM) {
        error_append_hint(errp, "raise the locked-memory limit (ulimit -l) or give CAP_IPC_LOCK\n");
    }
}

bool vfio_iommufd_attach(VFIODevice *vdev, uint32_t pt_id, Error **errp)
{
    VFIOGroup *g = vdev->group ? vdev->group : group_get(vdev);
    bool joins = !vdev->group && g->attached->len;
    uint32_t where = joins ? g->pt_id : pt_id;
    int r = attach_ioctl(vdev, where);

    if (r < 0) {
        set_attach_error(errp, vdev, where, r);
        group_put_if_empty(g);
        return false;
    }
    g->pt_id = where;
    if (!vdev->group) {
        vdev->group = g;
        g_ptr_array_add(g->attached, vdev);
    }
    if (joins && where != pt_id) {
        trace_vfio_group_join(vdev->name, g->id, where, pt_id);
    }
    return true;
}

bool vfio_iommufd_detach(VFIODevice *vdev, Error **errp)
{
    struct vfio_device_detach_iommufd_pt cmd = { .argsz = sizeof(cmd) };
    VFIOGroup *g = vdev->group;
    int r;

    if (!g) {
        return true;
    }
    r = iommufd_ops->device_ioctl(vdev->fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, &cmd);
    if (r < 0) {                        /* a device that stays attached keeps page tables that others want to free: insist once */
        r = iommufd_ops->device_ioctl(vdev->fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, &cmd);
    }
    if (r < 0) {
        error_setg_errno(errp, r, "host device %s: VFIO_DEVICE_DETACH_IOMMUFD_PT failed", vdev->name);
        return false;
    }
    trace_iommufd_cdev_pasid_detach_ioas_hwpt(vdev->iommufd->fd, vdev->name, 0);
    g_ptr_array_remove(g->attached, vdev);
    vdev->group = NULL;
    group_put_if_empty(g);
    return true;
}

/* --- Stage 2 ------------------------------------------------------------------------- */

static bool stage2_get(VFIODevice *vdev, Error **errp)
{
    VFIOContainer *c = vdev->container;

    for (unsigned i = 0; i < c->stage2s->len; i++) {
        VFIOStage2 *s2 = c->stage2s->pdata[i];
        if (!g_strcmp0(s2->iommu, vdev->iommu)) {
            s2->users++;
            vdev->stage2 = s2;
            return true;
        }
    }
    uint32_t id;
    if (!iommufd_backend_alloc_hwpt(c->iommufd, vdev->devid, c->ioas_id, IOMMU_HWPT_ALLOC_NEST_PARENT, IOMMU_HWPT_DATA_NONE,
                                    0, NULL, 0, &id, errp)) {
        return false;
    }
    VFIOStage2 *s2 = g_new0(VFIOStage2, 1);
    s2->iommu = g_strdup(vdev->iommu);
    s2->hwpt_id = id;
    s2->users = 1;
    g_ptr_array_add(c->stage2s, s2);
    vdev->stage2 = s2;
    return true;
}

static void stage2_put(VFIODevice *vdev)
{
    VFIOStage2 *s2 = vdev->stage2;

    vdev->stage2 = NULL;
    if (s2 && !--s2->users) {
        g_ptr_array_remove(vdev->container->stage2s, s2);
        iommufd_backend_free_id(vdev->iommufd, s2->hwpt_id);
        g_free(s2->iommu);
        g_free(s2);
    }
}

/* --- Containers ------------------------------------------------------------------------ */

static void ioas_put(VFIOContainer *c)
{
    if (--c->users) {
        return;
    }
    g_ptr_array_remove(containers, c);
    vfio_listener_stop(c);
    iommufd_backend_free_id(c->iommufd, c->ioas_id);
    g_ptr_array_free(c->stage2s, true);
    g_free(c);
}

static VFIOContainer *ioas_find(IOMMUFDBackend *be, AddressSpace *as)
{
    for (unsigned i = 0; containers && i < containers->len; i++) {
        VFIOContainer *c = containers->pdata[i];
        if (c->iommufd == be && c->as == as) {
            return c;
        }
    }
    return NULL;
}

static VFIOContainer *ioas_get(IOMMUFDBackend *be, AddressSpace *as, Error **errp)
{
    VFIOContainer *c = ioas_find(be, as);
    uint32_t ioas_id;

    if (c) {
        c->users++;
        return c;
    }
    if (!iommufd_backend_alloc_ioas(be, &ioas_id, errp)) {
        return NULL;
    }
    trace_iommufd_cdev_alloc_ioas(be->fd, ioas_id);
    c = g_new0(VFIOContainer, 1);
    c->iommufd = be;
    c->as = as;
    c->ioas_id = ioas_id;
    c->users = 1;
    c->stage2s = g_ptr_array_new();
    if (!containers) {
        containers = g_ptr_array_new();
    }
    g_ptr_array_add(containers, c);
    if (!vfio_listener_start(c, errp)) {
        ioas_put(c);
        return NULL;
    }
    return c;
}

/* --- What the device sees of it ----------------------------------------------------------- */

bool vfio_iommufd_read_caps(VFIODevice *vdev, HostIOMMUDeviceCaps *caps, Error **errp)
{
    struct iommu_hw_info_arm_smmuv3 smmu = { 0 };

    if (!iommufd_backend_get_device_info(vdev->iommufd, vdev->devid, &caps->type, &smmu, sizeof(smmu), &caps->hw_caps,
                                         &caps->max_pasid_log2, errp)) {
        return false;
    }
    if (caps->type == IOMMU_HW_INFO_TYPE_ARM_SMMUV3) {
        caps->smmuv3.flags = smmu.flags;
        memcpy(caps->smmuv3.idr, smmu.idr, sizeof(smmu.idr));
        caps->smmuv3.iidr = smmu.iidr;
        caps->smmuv3.aidr = smmu.aidr;
    }
    return true;
}

static bool fill_hiod(VFIODevice *vdev, Error **errp)
{
    HostIOMMUDevice *hiod = HOST_IOMMU_DEVICE(object_new(TYPE_HOST_IOMMU_DEVICE_IOMMUFD_VFIO));

    vdev->hiod = hiod;
    hiod->name = g_strdup(vdev->name);
    hiod->agent = vdev;
    hiod->iommufd = vdev->iommufd;
    hiod->devid = vdev->devid;
    hiod->group_id = (uint32_t)vdev->group_id;
    hiod->ioas_id = vdev->container->ioas_id;
    return vfio_iommufd_read_caps(vdev, &hiod->caps, errp);
}

static bool prepare(VFIODevice *vdev, AddressSpace *as, bool nesting, Error **errp)
{
    ERRP_GUARD();

    vdev->container = ioas_get(vdev->iommufd, as, errp);
    if (vdev->container && fill_hiod(vdev, errp) && (!nesting || stage2_get(vdev, errp))) {
        vdev->hiod->hwpt_id = nesting ? vdev->stage2->hwpt_id : 0;
        return true;
    }
    error_prepend(errp, "host device %s: ", vdev->name);
    return false;
}

bool vfio_iommufd_connect(VFIODevice *vdev, AddressSpace *as, bool nesting, Error **errp)
{
    if (prepare(vdev, as, nesting, errp) && (nesting || vfio_iommufd_attach(vdev, vdev->container->ioas_id, errp))) {
        return true;
    }
    vfio_iommufd_disconnect(vdev);
    return false;
}

void vfio_iommufd_disconnect(VFIODevice *vdev)
{
    Error *err = NULL;

    if (!vfio_iommufd_detach(vdev, &err)) {
        warn_report_err(err);
        g_ptr_array_remove(vdev->group->attached, vdev);
        group_put_if_empty(vdev->group);
        vdev->group = NULL;
    }
    if (vdev->hiod) {
        vdev->hiod->agent = NULL;
        object_unref(vdev->hiod);
        vdev->hiod = NULL;
    }
    stage2_put(vdev);
    if (vdev->container) {
        ioas_put(vdev->container);
        vdev->container = NULL;
    }
}

static bool hiod_attach(HostIOMMUDevice *hiod, uint32_t pt_id, Error **errp)
{
    return vfio_iommufd_attach(hiod->agent, pt_id, errp);
}

static bool hiod_detach(HostIOMMUDevice *hiod, Error **errp)
{
    return vfio_iommufd_detach(hiod->agent, errp);
}

static void hiod_class_init(ObjectClass *klass, const void *data)
{
    HostIOMMUDeviceClass *hiodc = HOST_IOMMU_DEVICE_CLASS(klass);

    hiodc->attach_hwpt = hiod_attach;
    hiodc->detach_hwpt = hiod_detach;
}

static const TypeInfo hiod_vfio_info = {
    .name = TYPE_HOST_IOMMU_DEVICE_IOMMUFD_VFIO,
    .parent = TYPE_HOST_IOMMU_DEVICE_IOMMUFD,
    .class_init = hiod_class_init,
};
DEFINE_TYPE(hiod_vfio_info)
