/*
 * backends/iommufd.c on the simulated host: each function against what it is
 * for, and what its error says: the ioctl, the object and its id, the errno.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/mman.h>
#include "tests/hostsim/hostsim.h"

static IOMMUFDBackend *be;
static SimDevice *dev;
static int fd;
static uint32_t devid, ioas;
static uint8_t ram[0x10000] __attribute__((aligned(0x10000)));

static int dev_call(unsigned long cmd, void *arg)
{
    return iommufd_ops->device_ioctl(fd, cmd, arg);
}

static void setup(void)
{
    struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };

    hostsim_start();
    dev = hostsim_add_device("0000:01:00.0", hostsim_add_smmu("smmu0"), 1);
    dev->smmu->httu = dev->smmu->cmdqv = dev->pri = true;
    dev->smmu->vcmdqs_log2 = 1;
    be = IOMMUFD_BACKEND(object_new(TYPE_IOMMUFD_BACKEND));
    object_property_add_child(object_get_objects_root(), "i0", OBJECT(be));
    object_unref(be);
    g_assert_true(iommufd_backend_connect(be, &error_abort));
    fd = iommufd_ops->device_open("/dev/vfio/devices/vfio0");
    bind.iommufd = be->fd;
    g_assert_cmpint(dev_call(VFIO_DEVICE_BIND_IOMMUFD, &bind), ==, 0);
    devid = bind.out_devid;
    g_assert_true(iommufd_backend_alloc_ioas(be, &ioas, &error_abort));
    dev->config[4] = 4;
}

static void teardown(void)
{
    iommufd_ops->device_close(fd);
    iommufd_backend_disconnect(be);
    object_unparent(OBJECT(be));
    g_assert_cmpuint(hostsim->live_fds, ==, 0);
    g_assert_cmpuint(hostsim->live_objects, ==, 0);
    hostsim_stop();
}

static void attach(uint32_t pt)
{
    struct vfio_device_attach_iommufd_pt cmd = { .argsz = sizeof(cmd), .pt_id = pt };
    g_assert_cmpint(dev_call(VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd), ==, 0);
}

static uint32_t table(uint32_t parent, uint32_t flags, uint32_t fault, const uint64_t *ste)
{
    uint32_t id;
    g_assert_true(iommufd_backend_alloc_hwpt(be, devid, parent, flags, ste ? IOMMU_HWPT_DATA_ARM_SMMUV3 : IOMMU_HWPT_DATA_NONE, ste ? 16 : 0,
                                             ste, fault, &id, &error_abort));
    return id;
}

static void assert_says(Error *err, const char *text)
{
    g_assert_nonnull(err);
    if (!strstr(error_get_pretty(err), text)) {
        g_error("'%s' is not in '%s'", text, error_get_pretty(err));
    }
    error_free(err);
}

static void test_copy(void)
{
    Error *err = NULL;
    uint32_t other, word = 0x600d;

    g_assert_true(iommufd_backend_alloc_ioas(be, &other, &error_abort));
    g_assert_true(iommufd_backend_map_dma(be, ioas, 0x40000000, sizeof(ram), ram, false, &error_abort));
    g_assert_true(iommufd_backend_copy_dma(be, other, ioas, 0x80000000, 0x40001000, 0x2000, false, &error_abort));
    attach(table(other, 0, 0, NULL));
    g_assert_cmpint(hostsim_dma(dev, 0x80000004, &word, 4, true), ==, 0);
    g_assert_cmphex(ldl_le_p(ram + 0x1004), ==, 0x600d);
    g_assert_cmpint(hostsim_dma(dev, 0x80002000, &word, 4, true), ==, -EFAULT);
    g_assert_false(iommufd_backend_copy_dma(be, other, ioas, 0x90000000, 0x50000000, 0x1000, false, &err));
    assert_says(err, "iommufd 'i0': IOMMU_IOAS_COPY (address space 2 to 3, 0x1000 bytes at 0x50000000) failed: No such file");
}

static void test_dirty(void)
{
    Error *err = NULL;
    uint64_t bits = 0;
    uint32_t word = 1, t, s2;

    g_assert_true(iommufd_backend_map_dma(be, ioas, 0, sizeof(ram), ram, false, &error_abort));
    t = table(ioas, IOMMU_HWPT_ALLOC_DIRTY_TRACKING, 0, NULL);
    attach(t);
    g_assert_true(iommufd_backend_set_dirty_tracking(be, t, true, &error_abort));
    g_assert_cmpint(hostsim_dma(dev, 0x5000, &word, 4, true), ==, 0);
    g_assert_true(iommufd_backend_get_dirty_bitmap(be, t, 0, sizeof(ram), 4096, &bits, &error_abort));
    g_assert_cmphex(le64toh(bits), ==, 1 << 5);
    s2 = table(ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, NULL);
    g_assert_false(iommufd_backend_set_dirty_tracking(be, s2, true, &err));
    assert_says(err, "IOMMU_HWPT_SET_DIRTY_TRACKING (page table 4) failed: Operation not supported");
}

/* A page request and its answer, by what the functions give. */
static void test_faults(void)
{
    uint64_t bypass[2] = { htole64(1 | 4 << 1), 0 };
    struct iommu_hwpt_pgfault fault = { .flags = IOMMU_PGFAULT_FLAGS_LAST_PAGE, .grpid = 3, .addr = 0x7000 };
    struct iommu_hwpt_page_response answer = { .code = IOMMUFD_PAGE_RESP_SUCCESS };
    uint32_t queue, viommu;
    int file;
    Error *err = NULL;

    g_assert_true(iommufd_backend_alloc_fault_queue(be, &queue, &file, &error_abort));
    g_assert_true(iommufd_backend_alloc_viommu(be, devid, IOMMU_VIOMMU_TYPE_ARM_SMMUV3, table(ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, NULL),
                                               NULL, 0, &viommu, &error_abort));
    attach(table(viommu, IOMMU_HWPT_FAULT_ID_VALID, queue, bypass));
    g_assert_cmpint(hostsim_page_request(dev, &fault), ==, 0);
    g_assert_cmpint(iommufd_ops->event_read(file, &fault, sizeof(fault)), ==, sizeof(fault));
    answer.cookie = fault.cookie;
    g_assert_cmpint(iommufd_ops->event_write(file, &answer, sizeof(answer)), ==, sizeof(answer));
    g_assert_cmpuint(dev->responses->len, ==, 1);
    iommufd_ops->event_close(file);
    hostsim->no_fault_queue = true;
    g_assert_false(iommufd_backend_alloc_fault_queue(be, &queue, &file, &err));
    assert_says(err, "IOMMU_FAULT_QUEUE_ALLOC (new fault queue) failed");
}

static void test_cmdqv(void)
{
    struct iommu_hw_info_tegra241_cmdqv info;
    struct iommu_viommu_tegra241_cmdqv page;
    uint32_t type = IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV, viommu, queue;
    uint64_t caps;
    uint8_t pasids;
    Error *err = NULL;

    g_assert_true(iommufd_backend_map_dma(be, ioas, 0, sizeof(ram), ram, false, &error_abort));
    g_assert_true(iommufd_backend_get_device_info(be, devid, &type, &info, sizeof(info), &caps, &pasids, &error_abort));
    g_assert_cmpuint(type, ==, IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV);
    g_assert_cmpuint(info.log2vcmdqs, ==, 1);
    g_assert_true(iommufd_backend_alloc_viommu(be, devid, IOMMU_VIOMMU_TYPE_TEGRA241_CMDQV, table(ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, NULL),
                                               &page, sizeof(page), &viommu, &error_abort));
    void *p = iommufd_backend_viommu_mmap(be, viommu, NULL, le64toh(page.out_vintf_mmap_length), le64toh(page.out_vintf_mmap_offset), &error_abort);
    g_assert_true(iommufd_backend_alloc_hw_queue(be, viommu, IOMMU_HW_QUEUE_TYPE_TEGRA241_CMDQV, 0, 0, 4096, &queue, &error_abort));
    g_assert_false(iommufd_backend_alloc_hw_queue(be, viommu, IOMMU_HW_QUEUE_TYPE_TEGRA241_CMDQV, 0, 0, 4096, &queue, &err));
    assert_says(err, "IOMMU_HW_QUEUE_ALLOC (virtual IOMMU 4, queue 0) failed: File exists");
    err = NULL;
    g_assert_null(iommufd_backend_viommu_mmap(be, viommu, NULL, 4096, 0, &err));
    assert_says(err, "mmap of 0x1000 bytes of virtual IOMMU 4 failed");
    iommufd_backend_viommu_munmap(be, p, le64toh(page.out_vintf_mmap_length));
    munmap(p, le64toh(page.out_vintf_mmap_length));
    type = IOMMU_HW_INFO_TYPE_INTEL_VTD;
    err = NULL;
    g_assert_false(iommufd_backend_get_device_info(be, devid, &type, NULL, 0, &caps, &pasids, &err));
    assert_says(err, "IOMMU_GET_HW_INFO (device 1, type 1) failed");
}

/* What would stay in the way is insisted on, once. */
static void test_free_again(void)
{
    uint32_t id;

    g_assert_true(iommufd_backend_alloc_ioas(be, &id, &error_abort));
    hostsim_fail_nth(1, EBUSY);
    iommufd_backend_free_id(be, id);
    uint32_t again;
    g_assert_true(iommufd_backend_alloc_ioas(be, &again, &error_abort));
    g_assert_cmpuint(again, ==, id);
}

static void run(gconstpointer fn)
{
    setup();
    ((void (*)(void))(uintptr_t)fn)();
    teardown();
}

static void add(const char *name, void (*fn)(void))
{
    g_autofree char *path = g_strdup_printf("/iommufd/%s", name);
    g_test_add_data_func(path, (gconstpointer)(uintptr_t)fn, run);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("copy", test_copy);
    add("dirty", test_dirty);
    add("faults", test_faults);
    add("cmdqv", test_cmdqv);
    add("free-again", test_free_again);
    return g_test_run();
}
