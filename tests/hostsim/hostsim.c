/*
 * The simulated host itself: putting it in place of the kernel and taking it
 * away, the seam through which every call comes, and the injector that makes one
 * of them fail.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/mman.h>
#include "hostsim.h"

HostSim *hostsim;

/* --- The injector ------------------------------------------------------------------------ */

void hostsim_lock(void)
{
    g_rec_mutex_lock(&hostsim->lock);
}

void hostsim_unlock(void)
{
    g_rec_mutex_unlock(&hostsim->lock);
}

int hostsim_enter(const char *what)
{
    hostsim_lock();
    hostsim->calls++;
    if (hostsim->fail_nth && !--hostsim->fail_nth) {
        g_free(hostsim->failed_call);
        hostsim->failed_call = g_strdup(what);
        return -hostsim->fail_errno;
    }
    return 0;
}

void hostsim_leave(void)
{
    hostsim_unlock();
}

void hostsim_fail_nth(uint64_t nth, int err)
{
    hostsim_lock();
    hostsim->fail_nth = nth;
    hostsim->fail_errno = err;
    g_clear_pointer(&hostsim->failed_call, g_free);
    hostsim_unlock();
}

/* --- The seam ------------------------------------------------------------------------------- */

#define CALL(what, expr) \
    ({ __typeof__(expr) r_ = hostsim_enter(what); if (r_ == 0) r_ = (expr); hostsim_leave(); r_; })

static int op_open(void)
{
    return CALL("open /dev/iommu", hostsim->no_dev_iommu ? -ENOENT : sim_context_open()->fd);
}

static void op_close(int fd)
{
    hostsim_lock();
    SimContext *ctx = g_hash_table_lookup(hostsim->contexts, GINT_TO_POINTER(fd));
    g_assert(ctx);
    sim_context_close(ctx);
    hostsim_unlock();
}

static int op_ioctl(int fd, unsigned long cmd, void *arg)
{
    g_autofree char *what = g_strdup_printf("iommufd ioctl 0x%lx", cmd);
    return CALL(what, sim_iommufd_ioctl(fd, cmd, arg));
}

static void *op_mmap(int fd, void *at, size_t size, int prot, uint64_t offset)
{
    int r = hostsim_enter("iommufd mmap");
    void *p = r == 0 ? sim_iommufd_mmap(fd, at, size, prot, offset) : NULL;
    int err = r == 0 ? errno : -r;

    hostsim_leave();
    errno = err;
    return p;
}

static void op_munmap(int fd, void *p, size_t size)
{
    hostsim_lock();
    sim_iommufd_munmap(p, size);
    hostsim_unlock();
}

static ssize_t op_event_read(int fd, void *buf, size_t n)
{
    return CALL("event read", sim_event_read(fd, buf, n));
}

static ssize_t op_event_write(int fd, const void *buf, size_t n)
{
    return CALL("event write", sim_event_write(fd, buf, n));
}

static void op_event_close(int fd)
{
    hostsim_lock();
    sim_event_close(fd);
    hostsim_unlock();
}

static int op_device_open(const char *path)
{
    return CALL("open device", sim_device_open(path));
}

static void op_device_close(int fd)
{
    hostsim_lock();
    sim_device_close(fd);
    hostsim_unlock();
}

static int op_device_ioctl(int fd, unsigned long cmd, void *arg)
{
    g_autofree char *what = g_strdup_printf("device ioctl 0x%lx", cmd);
    return CALL(what, sim_device_ioctl(fd, cmd, arg));
}

static ssize_t op_device_pread(int fd, void *buf, size_t n, uint64_t offset)
{
    return CALL("device read", sim_device_pread(fd, buf, n, offset));
}

static ssize_t op_device_pwrite(int fd, const void *buf, size_t n, uint64_t offset)
{
    return CALL("device write", sim_device_pwrite(fd, buf, n, offset));
}

static void *op_device_mmap(int fd, size_t size, int prot, uint64_t offset)
{
    int r = hostsim_enter("device mmap");
    void *p = r == 0 ? sim_device_mmap(fd, size, prot, offset) : NULL;

    if (r < 0) {
        errno = -r;
    }
    hostsim_leave();
    return p;
}

static void op_device_munmap(int fd, void *p, size_t size)
{
    munmap(p, size);
}

const IOMMUFDOps hostsim_ops = {
    .open = op_open, .close = op_close, .ioctl = op_ioctl, .mmap = op_mmap, .munmap = op_munmap,
    .event_read = op_event_read, .event_write = op_event_write, .event_close = op_event_close,
    .device_open = op_device_open, .device_close = op_device_close, .device_ioctl = op_device_ioctl,
    .device_pread = op_device_pread, .device_pwrite = op_device_pwrite,
    .device_mmap = op_device_mmap, .device_munmap = op_device_munmap,
};
static IOMMUFDOps installed;            /* with where this one's files are */

static void remove_tree(const char *path)
{
    g_autoptr(GDir) dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *sub = g_build_filename(path, name, NULL);
        remove_tree(sub);
    }
    remove(path);
}

static void at_exit(void)
{
    if (hostsim) {
        remove_tree(hostsim->root);
    }
}

/* --- Setting up ---------------------------------------------------------------------------------- */

void hostsim_start(void)
{
    static bool registered;

    g_assert(!hostsim);
    if (!registered) {
        registered = atexit(at_exit) == 0;
    }
    hostsim = g_new0(HostSim, 1);
    g_rec_mutex_init(&hostsim->lock);
    hostsim->smmus = g_ptr_array_new();
    hostsim->groups = g_ptr_array_new();
    hostsim->devices = g_ptr_array_new();
    hostsim->contexts = g_hash_table_new(NULL, NULL);
    hostsim->device_fds = g_hash_table_new(NULL, NULL);
    hostsim->event_fds = g_hash_table_new(NULL, NULL);
    hostsim->vintf_maps = g_hash_table_new(NULL, NULL);
    hostsim->commands = g_array_new(false, false, sizeof(SimCommand));
    hostsim->root = g_dir_make_tmp("hostsim-XXXXXX", NULL);
    installed = hostsim_ops;
    installed.sys_root = installed.dev_root = hostsim->root;
    iommufd_ops = &installed;
}

static void free_device(SimDevice *dev)
{
    sim_atc_free(dev);
    g_array_free(dev->cds, true);
    json_decref(dev->properties);
    g_free(dev->model_type);
    g_array_free(dev->overrides, true);
    g_array_free(dev->sparse, true);
    g_array_free(dev->partial, true);
    g_array_free(dev->responses, true);
    g_free(dev->host);
    g_free(dev->driver);
    g_free(dev);
}

void hostsim_stop(void)
{
    iommufd_ops = &iommufd_kernel_ops;
    remove_tree(hostsim->root);
    g_free(hostsim->root);
    for (unsigned i = 0; i < hostsim->devices->len; i++) {
        free_device(hostsim->devices->pdata[i]);
    }
    for (unsigned i = 0; i < hostsim->groups->len; i++) {
        SimGroup *g = hostsim->groups->pdata[i];
        g_ptr_array_free(g->members, true);
        g_free(g);
    }
    for (unsigned i = 0; i < hostsim->smmus->len; i++) {
        SimSMMU *s = hostsim->smmus->pdata[i];
        g_free(s->name);
        g_array_free(s->tlb, true);
        g_free(s);
    }
    g_ptr_array_free(hostsim->devices, true);
    g_ptr_array_free(hostsim->groups, true);
    g_ptr_array_free(hostsim->smmus, true);
    g_hash_table_destroy(hostsim->contexts);
    g_hash_table_destroy(hostsim->device_fds);
    g_hash_table_destroy(hostsim->event_fds);
    g_hash_table_destroy(hostsim->vintf_maps);
    g_array_free(hostsim->commands, true);
    g_free(hostsim->failed_call);
    g_rec_mutex_clear(&hostsim->lock);
    g_clear_pointer(&hostsim, g_free);
}

/* An SMMUv3 with both stages, 48 bits in and out, all granules, 16-bit ASIDs, RIL, ATS, 16 SID and 8 SSID bits. */
SimSMMU *hostsim_add_smmu(const char *name)
{
    SimSMMU *s = g_new0(SimSMMU, 1);

    s->name = g_strdup(name);
    s->vcmdqs_log2 = 1;
    s->vsids_log2 = 4;
    s->vintfs = 63;
    s->nesting = s->s2fwb = true;
    s->oas = 48;
    s->next_vmid = 1;
    s->caches = true;
    s->tlb = g_array_new(false, false, sizeof(SimLeaf));
    s->info.idr[0] = 1U << 0 | 1U << 1 | 2U << 2 | 1U << 4 | 1U << 10 | 1U << 12 | 1U << 19 | 2U << 21 | 1U << 24 | 1U << 27;
    s->info.idr[1] = 16U | 8U << 6 | 19U << 16 | 19U << 21;
    s->info.idr[3] = 1U << 10 | 2U << 11;
    s->info.idr[5] = 5U | 1U << 4 | 1U << 5 | 1U << 6;
    s->info.aidr = 1;
    g_ptr_array_add(hostsim->smmus, s);
    return s;
}

static SimGroup *group_get(uint32_t id)
{
    for (unsigned i = 0; i < hostsim->groups->len; i++) {
        SimGroup *g = hostsim->groups->pdata[i];
        if (g->id == id) {
            return g;
        }
    }
    SimGroup *g = g_new0(SimGroup, 1);
    g->id = id;
    g->members = g_ptr_array_new();
    g_ptr_array_add(hostsim->groups, g);
    return g;
}

SimDevice *hostsim_add_device(const char *host, SimSMMU *smmu, uint32_t group)
{
    SimDevice *dev = g_new0(SimDevice, 1);
    unsigned bus = 0, slot = 0, function = 0;

    (void)sscanf(host, "%*x:%x:%x.%u", &bus, &slot, &function);
    dev->host = g_strdup(host);
    dev->driver = g_strdup("vfio-pci");
    dev->smmu = smmu;
    dev->group = group_get(group);
    dev->sid = bus << 8 | slot << 3 | function;
    dev->index = hostsim->devices->len;
    dev->ats = dev->flr = true;
    dev->msix = 4;
    dev->fd = dev->bar_fd = dev->unmask_fd = -1;
    dev->atc = g_array_new(false, false, sizeof(SimATCEntry));
    dev->cds = g_array_new(false, false, sizeof(SimCD));
    dev->sparse = g_array_new(false, false, sizeof(struct vfio_region_sparse_mmap_area));
    dev->partial = g_array_new(false, false, sizeof(struct iommu_hwpt_pgfault));
    dev->responses = g_array_new(false, false, sizeof(SimResponse));
    dev->overrides = g_array_new(false, false, sizeof(uint32_t));
    dev->sizes[VFIO_PCI_BAR0_REGION_INDEX] = SIM_BAR0_SIZE;
    dev->sizes[VFIO_PCI_CONFIG_REGION_INDEX] = 4096;
    memset(dev->irq_fds, 0xff, sizeof(dev->irq_fds));
    g_ptr_array_add(dev->group->members, dev);
    g_ptr_array_add(hostsim->devices, dev);
    hostsim_add_to_sysfs(dev);
    return dev;
}

SimDevice *hostsim_find_device(const char *host)
{
    for (unsigned i = 0; i < hostsim->devices->len; i++) {
        SimDevice *dev = hostsim->devices->pdata[i];
        if (!strcmp(dev->host, host)) {
            return dev;
        }
    }
    return NULL;
}
