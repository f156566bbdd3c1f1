/*
 * The simulated host of the simulator's tests: set up, taken down, called.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hostsim-host.h"

int iommu;
SimDevice *dev[4];
int fds[4];
uint32_t ids[4], ioas;

int call(unsigned long cmd, void *arg)
{
    return iommufd_ops->ioctl(iommu, cmd, arg);
}

int dev_call(int i, unsigned long cmd, void *arg)
{
    return iommufd_ops->device_ioctl(fds[i], cmd, arg);
}

void open_device(int i)
{
    g_autofree char *path = g_strdup_printf("/dev/vfio/devices/vfio%u", dev[i]->index);
    struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind), .iommufd = iommu };

    fds[i] = iommufd_ops->device_open(path);
    g_assert_cmpint(fds[i], >=, 0);
    g_assert_cmpint(dev_call(i, VFIO_DEVICE_BIND_IOMMUFD, &bind), ==, 0);
    ids[i] = bind.out_devid;
}

uint32_t new_ioas(void)
{
    struct iommu_ioas_alloc cmd = { .size = sizeof(cmd) };
    g_assert_cmpint(call(IOMMU_IOAS_ALLOC, &cmd), ==, 0);
    return cmd.out_ioas_id;
}

static void setup(void)
{
    hostsim_start();
    SimSMMU *a = hostsim_add_smmu("smmu0"), *b = hostsim_add_smmu("smmu1");
    dev[0] = hostsim_add_device("0000:01:00.0", a, 1);
    dev[1] = hostsim_add_device("0000:01:00.1", a, 1);
    dev[2] = hostsim_add_device("0000:02:00.0", a, 2);
    dev[3] = hostsim_add_device("0000:03:00.0", b, 3);
    iommu = iommufd_ops->open();
    for (int i = 0; i < 4; i++) {
        open_device(i);
    }
    ioas = new_ioas();
}

static void teardown(void)
{
    for (int i = 0; i < 4; i++) {
        iommufd_ops->device_close(fds[i]);
    }
    iommufd_ops->close(iommu);
    g_assert_cmpuint(hostsim->live_fds, ==, 0);
    g_assert_cmpuint(hostsim->live_objects, ==, 0);
    hostsim_stop();
}

int destroy(uint32_t id)
{
    struct iommu_destroy cmd = { .size = sizeof(cmd), .id = id };
    return call(IOMMU_DESTROY, &cmd);
}

int map(uint32_t to, uint64_t iova, void *va, uint64_t length, uint32_t flags)
{
    struct iommu_ioas_map cmd = { .size = sizeof(cmd), .flags = flags, .ioas_id = to, .user_va = (uintptr_t)va, .length = length, .iova = iova };
    return call(IOMMU_IOAS_MAP, &cmd);
}

int unmap(uint32_t from, uint64_t iova, uint64_t length)
{
    struct iommu_ioas_unmap cmd = { .size = sizeof(cmd), .ioas_id = from, .iova = iova, .length = length };
    return call(IOMMU_IOAS_UNMAP, &cmd);
}

int hwpt_with(int i, uint32_t parent, uint32_t flags, const uint64_t *ste, uint32_t fault, uint32_t *id)
{
    struct iommu_hwpt_alloc cmd = {
        .size = sizeof(cmd), .flags = flags, .dev_id = ids[i], .pt_id = parent, .data_type = ste ? IOMMU_HWPT_DATA_ARM_SMMUV3 : 0,
        .data_len = ste ? 16 : 0, .data_uptr = (uintptr_t)ste, .fault_id = fault,
    };
    int r = call(IOMMU_HWPT_ALLOC, &cmd);
    *id = cmd.out_hwpt_id;
    return r;
}

int hwpt(int i, uint32_t parent, uint32_t flags, const uint64_t *ste, uint32_t *id)
{
    return hwpt_with(i, parent, flags, ste, 0, id);
}

int viommu(int i, uint32_t s2, uint32_t *id)
{
    struct iommu_viommu_alloc cmd = { .size = sizeof(cmd), .type = IOMMU_VIOMMU_TYPE_ARM_SMMUV3, .dev_id = ids[i], .hwpt_id = s2 };
    int r = call(IOMMU_VIOMMU_ALLOC, &cmd);
    *id = cmd.out_viommu_id;
    return r;
}

int vdevice(int i, uint32_t v, uint64_t sid, uint32_t *id)
{
    struct iommu_vdevice_alloc cmd = { .size = sizeof(cmd), .viommu_id = v, .dev_id = ids[i], .virt_id = sid };
    int r = call(IOMMU_VDEVICE_ALLOC, &cmd);
    *id = cmd.out_vdevice_id;
    return r;
}

int attach(int i, uint32_t pt)
{
    struct vfio_device_attach_iommufd_pt cmd = { .argsz = sizeof(cmd), .pt_id = pt };
    return dev_call(i, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd);
}

int detach(int i)
{
    struct vfio_device_detach_iommufd_pt cmd = { .argsz = sizeof(cmd) };
    return dev_call(i, VFIO_DEVICE_DETACH_IOMMUFD_PT, &cmd);
}

const uint64_t ste_bypass[2] = { 1 | 4 << 1, 0 }, ste_abort[2] = { 1, 0 };
const uint64_t ste_s1[2] = { 1 | 5 << 1 | 0x40100000, 0 };

typedef struct Case { void (*fn)(void); } Case;

static void run(gconstpointer data)
{
    setup();
    ((const Case *)data)->fn();
    teardown();
}

void add(const char *name, void (*fn)(void))
{
    g_autofree char *path = g_strdup_printf("/hostsim/%s", name);
    Case *c = g_new0(Case, 1);

    c->fn = fn;
    g_test_add_data_func_full(path, c, run, g_free);
}
