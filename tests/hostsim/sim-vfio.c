/*
 * VFIO devices of the simulated host. The device is a small endpoint:
 *
 *   BAR0  16 KiB, 64 bits: plain memory, mmappable; MSI-X table at 0x2000,
 *         PBA at 0x3000
 *   ROM   when it is given a size: 55 aa, then each byte its address
 *   caps  PCI Express (with FLR), MSI (1 vector), MSI-X, PM; ATS when it has it;
 *         PASID and SR-IOV to see that they are hidden
 *
 * Its file is a memfd, so that mmap is the kernel's. Region i is at i << 40.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/mman.h>
#include "hostsim.h"
#include "hw/pci/pci_regs.h"

#define BAR0_SIZE   SIM_BAR0_SIZE
#define MSIX_TABLE  0x2000
#define MSIX_PBA    0x3000
#define CONFIG_OFFSET ((uint64_t)VFIO_PCI_CONFIG_REGION_INDEX << SIM_REGION_SHIFT)

enum { CAP_EXP = 0x40, CAP_PM = 0xa0, CAP_MSI = 0x80, CAP_MSIX = 0x90, ECAP_AER = 0x100, ECAP_ATS = 0x150, ECAP_PASID = 0x160, ECAP_SRIOV = 0x170, ECAP_PRI = 0x1b0 };

/* --- Config space ------------------------------------------------------------------------- */

static void put16(SimDevice *dev, unsigned at, uint16_t v, uint16_t wmask)
{
    stw_le_p(dev->config + at, v);
    stw_le_p(dev->config_wmask + at, wmask);
}

static void put32(SimDevice *dev, unsigned at, uint32_t v, uint32_t wmask)
{
    stl_le_p(dev->config + at, v);
    stl_le_p(dev->config_wmask + at, wmask);
}

static void put_ext_cap(SimDevice *dev, unsigned at, uint16_t id, unsigned next)
{
    put32(dev, at, id | 1U << 16 | next << 20, 0);
}

static void endpoint_power_on(SimDevice *dev)
{
    memset(dev->config, 0, sizeof(dev->config));
    memset(dev->config_wmask, 0, sizeof(dev->config_wmask));
    put16(dev, PCI_VENDOR_ID, 0x1b36, 0);
    put16(dev, PCI_DEVICE_ID, 0x0005, 0);
    put16(dev, PCI_COMMAND, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
    put16(dev, PCI_STATUS, PCI_STATUS_CAP_LIST, 0);
    put32(dev, PCI_CLASS_REVISION, 0x00ff0001, 0);
    put32(dev, PCI_BASE_ADDRESS_0, PCI_BASE_ADDRESS_MEM_TYPE_64, 0xffffffffU & ~(BAR0_SIZE - 1U));
    put32(dev, PCI_BASE_ADDRESS_1, 0, 0xffffffffU);
    put32(dev, PCI_SUBSYSTEM_VENDOR_ID, 0x11001af4, 0);
    dev->config[PCI_CAPABILITY_LIST] = CAP_EXP;
    dev->config[PCI_INTERRUPT_PIN] = 1;
    put16(dev, CAP_EXP, PCI_CAP_ID_EXP | CAP_MSI << 8, 0);
    put16(dev, CAP_EXP + PCI_EXP_FLAGS, 2 | PCI_EXP_TYPE_ENDPOINT << 4, 0);
    put32(dev, CAP_EXP + PCI_EXP_DEVCAP, dev->flr ? PCI_EXP_DEVCAP_FLR : 0, 0);
    put16(dev, CAP_EXP + PCI_EXP_DEVCTL, 0, 0x7fff);
    put16(dev, CAP_MSI, PCI_CAP_ID_MSI | CAP_MSIX << 8, 0);
    put16(dev, CAP_MSI + PCI_MSI_FLAGS, PCI_MSI_FLAGS_64BIT, 0);
    put16(dev, CAP_MSIX, PCI_CAP_ID_MSIX | CAP_PM << 8, 0);
    put16(dev, CAP_PM, PCI_CAP_ID_PM, 0);
    put16(dev, CAP_PM + PCI_PM_CTRL, 0, PCI_PM_CTRL_STATE_MASK);
    put16(dev, CAP_MSIX + PCI_MSIX_FLAGS, (uint16_t)(dev->msix - 1), 0);
    put32(dev, CAP_MSIX + PCI_MSIX_TABLE, MSIX_TABLE, 0);
    put32(dev, CAP_MSIX + PCI_MSIX_PBA, MSIX_PBA, 0);
    put_ext_cap(dev, ECAP_AER, PCI_EXT_CAP_ID_ERR, dev->ats ? ECAP_ATS : ECAP_PASID);
    put_ext_cap(dev, ECAP_ATS, PCI_EXT_CAP_ID_ATS, ECAP_PASID);
    put_ext_cap(dev, ECAP_PASID, PCI_EXT_CAP_ID_PASID, ECAP_SRIOV);
    put_ext_cap(dev, ECAP_SRIOV, PCI_EXT_CAP_ID_SRIOV, dev->pri ? ECAP_PRI : 0);
    if (dev->pri) {
        put_ext_cap(dev, ECAP_PRI, PCI_EXT_CAP_ID_PRI, 0);
        put16(dev, ECAP_PRI + PCI_PRI_STATUS, PCI_PRI_STATUS_STOPPED | PCI_PRI_STATUS_PASID, 0);
        put32(dev, ECAP_PRI + PCI_PRI_MAX_REQ, 32, 0);
    }
}

void sim_device_power_on(SimDevice *dev)
{
    if (dev->model) {
        sim_model_reset(dev);
    } else {
        endpoint_power_on(dev);
    }
    for (unsigned i = 0; i + 1 < dev->overrides->len; i += 2) {
        stl_le_p(dev->config + (g_array_index(dev->overrides, uint32_t, i) & 0xffc), g_array_index(dev->overrides, uint32_t, i + 1));
    }
}

/* --- Attaching: a group moves as one ---------------------------------------------------------- */

static void set_driver_table(SimGroup *g, SimObject *hwpt)
{
    for (unsigned i = 0; i < g->members->len; i++) {
        SimDevice *dev = g->members->pdata[i];
        bool nested = hwpt && hwpt->type == SIM_NESTED;
        if (g->hwpt && g->hwpt->fault) {
            sim_fault_forget(g->hwpt->fault, dev);
        }
        sim_ats_follow_table(dev, hwpt);
        dev->driver_attaches++;
        dev->vmaster = nested && dev->vdev ? hwpt->parent : NULL;
        dev->vmaster_sid = nested && dev->vdev ? dev->vdev->virt_id : 0;
    }
}

/* The SMMU driver's own conditions: stage 1 needs the vDEVICEs; before Linux 6.19 bypass and abort did too. */
static int driver_check(const SimDevice *dev, const SimObject *hwpt)
{
    bool needs_vdevice = hwpt->type == SIM_NESTED && (sim_nested_config(hwpt) == 5 || hostsim->no_plain_nesting);

    if (hwpt->smmu != dev->smmu) {
        return -EINVAL;
    }
    for (unsigned i = 0; needs_vdevice && i < dev->group->members->len; i++) {
        const SimDevice *m = dev->group->members->pdata[i];
        if (!m->vdev || m->vdev->parent != hwpt->parent) {
            return -ENOENT;
        }
    }
    return 0;
}

static SimObject *auto_table(SimDevice *dev, SimObject *ioas, int *err)
{
    SimContext *ctx = ioas->ctx;

    for (unsigned i = 1; i < ctx->objects->len; i++) {
        SimObject *o = ctx->objects->pdata[i];
        if (o && o->type == SIM_PAGING && o->automatic && o->parent == ioas && o->smmu == dev->smmu) {
            return o;
        }
    }
    *err = sim_ioas_add_domain(ioas, dev->smmu->oas);
    if (*err < 0) {
        return NULL;
    }
    SimObject *o = sim_object_new(ctx, SIM_PAGING);
    o->parent = ioas;
    sim_object_hold(ioas);
    o->smmu = dev->smmu;
    o->automatic = true;
    return o;
}

/* Takes the reservation of the new address space before it gives back the old one's. */
static int switch_table(SimDevice *dev, SimObject *hwpt)
{
    SimGroup *g = dev->group;
    SimObject *old = g->hwpt;
    int r = driver_check(dev, hwpt);

    if (r == 0 && hwpt != old) {
        r = old && sim_ioas_of(old) == sim_ioas_of(hwpt) ? 0 : sim_ioas_reserve(sim_ioas_of(hwpt));
    }
    if (r < 0 || hwpt == old) {
        return r;
    }
    set_driver_table(g, hwpt);
    g->hwpt = hwpt;
    for (unsigned i = 0; i < g->attached; i++) {
        sim_object_hold(hwpt);
    }
    if (old) {
        if (sim_ioas_of(old) != sim_ioas_of(hwpt)) {
            sim_ioas_unreserve(sim_ioas_of(old));
        }
        for (unsigned i = 0; i < g->attached; i++) {
            sim_object_drop(old);
        }
    }
    return 0;
}

static int attach_hwpt(SimDevice *dev, SimObject *hwpt)
{
    SimGroup *g = dev->group;
    int r;

    if (dev->attached) {
        return switch_table(dev, hwpt);
    }
    if (g->attached && g->hwpt != hwpt) {
        return -EINVAL;
    }
    if (!g->attached) {
        r = switch_table(dev, hwpt);
        if (r < 0) {
            return r;
        }
    } else if ((r = driver_check(dev, hwpt)) < 0) {
        return r;
    }
    dev->attached = true;
    g->attached++;
    sim_object_hold(hwpt);
    return 0;
}

/* Nested tables have none, and others need the flag; the VMM uses no host PASIDs, so what would work is not there. */
static int attach_pasid(const SimDevice *dev, const struct vfio_device_attach_iommufd_pt *cmd)
{
    if (cmd->argsz < 16) {
        return -EINVAL;
    }
    const SimObject *pt = sim_object_any(dev->ctx, cmd->pt_id);
    if (!pt) {
        return -ENOENT;
    }
    return pt->type == SIM_PAGING && !pt->pasid ? -EINVAL : -EOPNOTSUPP;
}

static int do_attach(SimDevice *dev, void *arg)
{
    struct vfio_device_attach_iommufd_pt *cmd = arg;
    SimObject *pt;
    int r = 0;

    if (cmd->argsz < 12 || (cmd->flags & ~(uint32_t)VFIO_DEVICE_ATTACH_PASID)) {
        return -EINVAL;
    }
    if (cmd->flags) {
        return attach_pasid(dev, cmd);
    }
    pt = sim_object_any(dev->ctx, cmd->pt_id);
    if (!pt) {
        return -ENOENT;
    }
    if (pt->type == SIM_IOAS) {
        pt = auto_table(dev, pt, &r);
    } else if (pt->type != SIM_PAGING && pt->type != SIM_NESTED) {
        return -EINVAL;
    }
    if (!pt) {
        return r;
    }
    sim_object_hold(pt);                /* an automatic table nobody takes goes again */
    r = attach_hwpt(dev, pt);
    if (r == 0) {
        cmd->pt_id = pt->id;
    }
    sim_object_drop(pt);
    return r;
}

static void detach(SimDevice *dev)
{
    SimGroup *g = dev->group;
    SimObject *hwpt = g->hwpt;

    if (!dev->attached) {
        return;
    }
    dev->attached = false;
    if (hwpt->fault) {
        sim_fault_forget(hwpt->fault, dev);
    }
    if (!--g->attached) {
        set_driver_table(g, NULL);
        g->hwpt = NULL;
        sim_ioas_unreserve(sim_ioas_of(hwpt));
    }
    sim_object_drop(hwpt);
}

/* --- Binding ------------------------------------------------------------------------------------- */

static int do_bind(SimDevice *dev, int fd, void *arg)
{
    struct vfio_device_bind_iommufd *cmd = arg;
    SimContext *ctx = g_hash_table_lookup(hostsim->contexts, GINT_TO_POINTER(cmd->iommufd));
    SimGroup *g = dev->group;

    if (cmd->argsz < 16 || cmd->iommufd < 0 || cmd->flags || dev->ctx) {
        return -EINVAL;
    }
    if (!ctx) {
        return fcntl(cmd->iommufd, F_GETFD) < 0 ? -EBADF : -EBADFD;
    }
    if (g->owner && g->owner != ctx) {
        return -EPERM;
    }
    for (unsigned i = 0; i < g->members->len; i++) {
        const SimDevice *m = g->members->pdata[i];
        if (m->driver && strcmp(m->driver, "vfio-pci")) {
            return -EBUSY;
        }
    }
    SimObject *o = sim_object_new(ctx, SIM_DEVICE);
    o->dev = dev;
    sim_object_hold(o);                 /* the VFIO driver's */
    dev->obj = o;
    dev->ctx = ctx;
    dev->fd = fd;
    ctx->refs++;
    g->owner = ctx;
    g->bound++;
    cmd->out_devid = o->id;
    return 0;
}

static void unbind(SimDevice *dev)
{
    SimContext *ctx = dev->ctx;
    SimObject *o = dev->obj;

    if (!ctx) {
        return;
    }
    detach(dev);
    if (dev->vdev) {
        sim_object_remove(dev->vdev, true);
    }
    if (!--dev->group->bound) {
        dev->group->owner = NULL;
    }
    sim_object_drop(o);
    sim_object_remove(o, false);
    dev->obj = NULL;
    dev->ctx = NULL;
    dev->fd = -1;
    sim_context_unref(ctx);
}

/* --- Information, regions, reset ------------------------------------------------------------------ */

static int do_info(SimDevice *dev, void *arg)
{
    struct vfio_device_info *info = arg;

    if (info->argsz < 16) {
        return -EINVAL;
    }
    info->flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
    info->num_regions = VFIO_PCI_NUM_REGIONS;
    info->num_irqs = VFIO_PCI_NUM_IRQS;
    return 0;
}

/* Which parts of BAR 0 can be mmapped: behind the answer when there is room, else how much it takes. */
static void add_sparse(const SimDevice *dev, struct vfio_region_info *info)
{
    struct vfio_region_info_cap_sparse_mmap *cap = (void *)(info + 1);
    uint32_t areas = dev->sparse->len * (uint32_t)sizeof(cap->areas[0]), need = (uint32_t)(sizeof(*info) + sizeof(*cap)) + areas;

    info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
    if (info->argsz < need) {
        info->argsz = need;
        return;
    }
    info->cap_offset = sizeof(*info);
    *cap = (struct vfio_region_info_cap_sparse_mmap) {
        .header = { .id = VFIO_REGION_INFO_CAP_SPARSE_MMAP, .version = 1 }, .nr_areas = dev->sparse->len,
    };
    memcpy(cap->areas, dev->sparse->data, areas);
}

static int do_region_info(SimDevice *dev, void *arg)
{
    struct vfio_region_info *info = arg;

    if (info->argsz < sizeof(*info) || info->index >= VFIO_PCI_NUM_REGIONS) {
        return -EINVAL;
    }
    info->size = dev->sizes[info->index];
    info->offset = (uint64_t)info->index << SIM_REGION_SHIFT;
    info->flags = info->size ? VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE : 0;
    info->flags |= info->index == VFIO_PCI_BAR0_REGION_INDEX && !dev->model ? VFIO_REGION_INFO_FLAG_MMAP : 0;
    info->cap_offset = 0;
    if (info->index == VFIO_PCI_BAR0_REGION_INDEX && dev->sparse->len) {
        add_sparse(dev, info);
    }
    return 0;
}

static int do_reset(SimDevice *dev, void *arg)
{
    dev->resets++;
    sim_device_power_on(dev);
    return 0;
}

static int do_hot_reset_info(SimDevice *dev, void *arg)
{
    struct vfio_pci_hot_reset_info *info = arg;
    unsigned n = dev->group->members->len;
    uint32_t room = (info->argsz - (uint32_t)sizeof(*info)) / (uint32_t)sizeof(info->devices[0]);
    bool owned = true;

    if (info->argsz < sizeof(*info)) {
        return -EINVAL;
    }
    info->count = n;
    if (room < n) {
        return -ENOSPC;
    }
    for (unsigned i = 0; i < n; i++) {
        const SimDevice *m = dev->group->members->pdata[i];
        owned &= m->ctx == dev->ctx;
        info->devices[i] = (struct vfio_pci_dependent_device) { .group_id = m->obj ? m->obj->id : 0, .bus = (uint8_t)(m->sid >> 8), .devfn = (uint8_t)m->sid };
    }
    info->flags = VFIO_PCI_HOT_RESET_FLAG_DEV_ID | (owned ? VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED : 0);
    return 0;
}

static int do_hot_reset(SimDevice *dev, void *arg)
{
    for (unsigned i = 0; i < dev->group->members->len; i++) {
        do_reset(dev->group->members->pdata[i], NULL);
    }
    return 0;
}

static int do_detach(SimDevice *dev, void *arg)
{
    struct vfio_device_detach_iommufd_pt *cmd = arg;

    if (cmd->argsz < 8 || cmd->flags) {
        return -EINVAL;
    }
    detach(dev);
    return 0;
}

static int do_feature(SimDevice *dev, void *arg)
{
    struct vfio_device_feature *f = arg;
    const struct vfio_device_feature_dma_buf *buf = (void *)f->data;

    if (hostsim->no_dmabuf || f->flags != (VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF)) {
        return -ENOTTY;
    }
    if (dev->model || buf->nr_ranges != 1 || buf->region_index != VFIO_PCI_BAR0_REGION_INDEX || buf->dma_ranges[0].offset + buf->dma_ranges[0].length > BAR0_SIZE) {
        return -EINVAL;
    }
    /* The range starts at the file's byte 0; here the BAR does, so only a range from 0 can be shown truly. */
    return buf->dma_ranges[0].offset ? -EINVAL : fcntl(dev->fd, F_DUPFD_CLOEXEC, 0);
}

static const struct { unsigned long cmd; int (*handler)(SimDevice *dev, void *arg); } device_ops[] = {
    { VFIO_DEVICE_GET_INFO, do_info },
    { VFIO_DEVICE_GET_REGION_INFO, do_region_info },
    { VFIO_DEVICE_GET_IRQ_INFO, sim_irq_info },
    { VFIO_DEVICE_SET_IRQS, sim_set_irqs },
    { VFIO_DEVICE_RESET, do_reset },
    { VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, do_hot_reset_info },
    { VFIO_DEVICE_PCI_HOT_RESET, do_hot_reset },
    { VFIO_DEVICE_ATTACH_IOMMUFD_PT, do_attach },
    { VFIO_DEVICE_DETACH_IOMMUFD_PT, do_detach },
    { VFIO_DEVICE_FEATURE, do_feature },
};

static SimDevice *by_fd(int fd)
{
    return g_hash_table_lookup(hostsim->device_fds, GINT_TO_POINTER(fd));
}

/* Before BIND there is nothing else. */
int sim_device_ioctl(int fd, unsigned long cmd, void *arg)
{
    SimDevice *dev = by_fd(fd);

    if (!dev) {
        return -EBADF;
    }
    if (cmd == VFIO_DEVICE_BIND_IOMMUFD) {
        return do_bind(dev, fd, arg);
    }
    if (fd != dev->fd) {
        return -EINVAL;
    }
    for (size_t i = 0; i < ARRAY_SIZE(device_ops); i++) {
        if (device_ops[i].cmd == cmd) {
            return device_ops[i].handler(dev, arg);
        }
    }
    return -ENOTTY;
}

/* --- The file ------------------------------------------------------------------------------------------- */

/* As often as one likes; one of them can be bound. */
static int open_file(SimDevice *dev)
{
    if (!dev->opens) {
        dev->bar_fd = memfd_create("hostsim-vfio", MFD_CLOEXEC);
        if (dev->bar_fd < 0 || ftruncate(dev->bar_fd, BAR0_SIZE) < 0) {
            return -errno;
        }
        Error *err = NULL;
        if (dev->model_type && !sim_model_open(dev, &err)) {
            error_report_err(err);
            sim_drop_fd(&dev->bar_fd);
            return -ENODEV;
        }
        g_array_set_size(dev->partial, 0);
        g_array_set_size(dev->responses, 0);
        sim_device_power_on(dev);
    }
    int fd = fcntl(dev->bar_fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    dev->opens++;
    hostsim->live_fds++;
    g_hash_table_insert(hostsim->device_fds, GINT_TO_POINTER(fd), dev);
    return fd;
}

int sim_device_open(const char *path)
{
    g_autofree char *base = g_path_get_basename(path);

    for (unsigned i = 0; i < hostsim->devices->len; i++) {
        SimDevice *dev = hostsim->devices->pdata[i];
        g_autofree char *node = g_strdup_printf("vfio%u", dev->index);
        if (strcmp(node, base)) {
            continue;
        }
        return open_file(dev);
    }
    return -ENOENT;
}

void sim_device_close(int fd)
{
    SimDevice *dev = by_fd(fd);

    g_assert(dev);
    if (fd == dev->fd) {
        unbind(dev);
        sim_irqs_free(dev);
    }
    g_hash_table_remove(hostsim->device_fds, GINT_TO_POINTER(fd));
    hostsim->live_fds--;
    close(fd);
    if (!--dev->opens) {
        sim_drop_fd(&dev->bar_fd);
        sim_model_close(dev);
    }
}

/* Which region of a bound file, and where in it: 0 or -errno. */
static int find_region(int fd, uint64_t offset, size_t n, SimDevice **dev, uint32_t *index, uint64_t *at)
{
    *dev = by_fd(fd);
    *index = (uint32_t)(offset >> SIM_REGION_SHIFT);
    *at = offset & ((1ULL << SIM_REGION_SHIFT) - 1);
    if (!*dev || fd != (*dev)->fd || *index >= VFIO_PCI_NUM_REGIONS) {
        return -EINVAL;
    }
    if (*at + n > (*dev)->sizes[*index]) {
        return *index == VFIO_PCI_CONFIG_REGION_INDEX ? -EFAULT : -EINVAL;
    }
    return 0;
}

ssize_t sim_device_pread(int fd, void *buf, size_t n, uint64_t offset)
{
    SimDevice *dev;
    uint32_t index;
    uint64_t at;
    int r = find_region(fd, offset, n, &dev, &index, &at);

    if (r < 0) {
        return r;
    }
    if (index == VFIO_PCI_CONFIG_REGION_INDEX) {
        memcpy(buf, dev->config + at, n);
        return (ssize_t)n;
    }
    if (dev->model) {
        r = sim_model_region(dev, index, at, buf, n, false);
        return r < 0 ? r : (ssize_t)n;
    }
    if (index == VFIO_PCI_ROM_REGION_INDEX) {
        for (size_t i = 0; i < n; i++) {
            ((uint8_t *)buf)[i] = (uint8_t)(at + i == 0 ? 0x55 : at + i == 1 ? 0xaa : at + i);
        }
        return (ssize_t)n;
    }
    return pread(fd, buf, n, (off_t)at);
}

ssize_t sim_device_pwrite(int fd, const void *buf, size_t n, uint64_t offset)
{
    SimDevice *dev;
    const uint8_t *from = buf;
    uint32_t index;
    uint64_t at;
    int r = find_region(fd, offset, n, &dev, &index, &at);

    if (r < 0) {
        return r;
    }
    if (index != VFIO_PCI_CONFIG_REGION_INDEX && dev->model) {
        r = sim_model_region(dev, index, at, (void *)buf, n, true);
        return r < 0 ? r : (ssize_t)n;
    }
    if (index != VFIO_PCI_CONFIG_REGION_INDEX) {
        return pwrite(fd, buf, n, (off_t)at);
    }
    for (size_t i = 0; i < n; i++) {
        uint8_t mask = dev->config_wmask[at + i];
        dev->config[at + i] = (uint8_t)((dev->config[at + i] & ~mask) | (from[i] & mask));
    }
    sim_model_config_written(dev, (unsigned)at, (unsigned)n);
    return (ssize_t)n;
}

void *sim_device_mmap(int fd, size_t size, int prot, uint64_t offset)
{
    SimDevice *dev;
    uint32_t index;
    uint64_t at;

    if (find_region(fd, offset, size, &dev, &index, &at) < 0 || index != VFIO_PCI_BAR0_REGION_INDEX || dev->model) {
        errno = EINVAL;
        return NULL;
    }
    void *p = mmap(NULL, size, prot, MAP_SHARED, fd, (off_t)at);
    return p == MAP_FAILED ? NULL : p;
}
