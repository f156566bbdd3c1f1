/*
 * The vfio room without PCI: opening and binding, containers, groups, stage 2,
 * the mirrored memory map; and the sweep, in which every host call of a device's
 * life fails in turn.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/mman.h>
#include "hw/vfio/vfio.h"
#include "tests/hostsim/hostsim.h"
#include "util/main-loop.h"

#define RAM_BASE 0x40000000ULL
#define RAM_SIZE (2 * MiB)

static IOMMUFDBackend *backend;
static MemoryRegion *ram;
static Object *owner;

typedef struct TestOwner { Object parent_obj; MemoryRegion ram; } TestOwner;
static const TypeInfo owner_info = { .name = "test-owner", .instance_size = sizeof(TestOwner) };
DEFINE_TYPE(owner_info)

static MemoryRegion *add_ram(Object **ram_owner, hwaddr base, uint64_t size, uint32_t flags)
{
    int fd = memfd_create("ram", MFD_CLOEXEC);

    g_assert_cmpint(ftruncate(fd, (off_t)size), ==, 0);
    *ram_owner = object_new("test-owner");
    MemoryRegion *mr = &((TestOwner *)*ram_owner)->ram;
    g_assert_true(memory_region_init_ram_from_fd(mr, *ram_owner, "ram", size, RAM_SHARED | flags, fd, 0, &error_abort));
    memory_region_add_subregion(get_system_memory(), base, mr);
    return mr;
}

static void remove_ram(Object *ram_owner)
{
    memory_region_del_subregion(get_system_memory(), &((TestOwner *)ram_owner)->ram);
    object_unref(ram_owner);
}

static SimDevice *sim[4];

static void setup(void)
{
    hostsim_start();
    SimSMMU *a = hostsim_add_smmu("smmu0"), *b = hostsim_add_smmu("smmu1");
    sim[0] = hostsim_add_device("0000:01:00.0", a, 1);
    sim[1] = hostsim_add_device("0000:01:00.1", a, 1);
    sim[2] = hostsim_add_device("0000:02:00.0", a, 2);
    sim[3] = hostsim_add_device("0000:03:00.0", b, 3);
    backend = IOMMUFD_BACKEND(object_new(TYPE_IOMMUFD_BACKEND));
    object_property_add_child(object_get_objects_root(), "iommufd0", OBJECT(backend));
    object_unref(backend);
    ram = add_ram(&owner, RAM_BASE, RAM_SIZE, 0);
}

static void assert_nothing_left(void)
{
    g_assert_cmpuint(hostsim->live_fds, ==, 0);
    g_assert_cmpuint(hostsim->live_objects, ==, 0);
    g_assert_cmpint(backend->fd, ==, -1);
    g_assert_cmpuint(backend->users, ==, 0);
}

static void teardown(void)
{
    assert_nothing_left();
    remove_ram(owner);
    object_unparent(OBJECT(backend));
    hostsim_stop();
}

static VFIODevice *device_new(int i)
{
    VFIODevice *d = g_new0(VFIODevice, 1);

    d->fd = -1;
    d->iommufd = backend;
    d->name = g_strdup(sim[i]->host);
    d->sysfsdev = g_strdup_printf("%s/bus/pci/devices/%s", iommufd_ops->sys_root, d->name);
    return d;
}

static void device_free(VFIODevice *d)
{
    g_free(d->name);
    g_free(d->sysfsdev);
    g_free(d);
}

static bool device_up(VFIODevice *d, bool nesting, Error **errp)
{
    if (!vfio_device_open(d, errp)) {
        return false;
    }
    if (!vfio_iommufd_connect(d, &address_space_memory, nesting, errp)) {
        vfio_device_close(d);
        return false;
    }
    return true;
}

static void device_down(VFIODevice *d)
{
    vfio_iommufd_disconnect(d);
    vfio_device_close(d);
    device_free(d);
}

static VFIODevice *up(int i, bool nesting)
{
    VFIODevice *d = device_new(i);

    g_assert_true(device_up(d, nesting, &error_abort));
    sim[i]->config[4] = 4;              /* bus master */
    return d;
}

static unsigned count(SimType type)
{
    SimContext *ctx = g_hash_table_lookup(hostsim->contexts, GINT_TO_POINTER(backend->fd));
    unsigned n = 0;

    for (unsigned i = 1; i < ctx->objects->len; i++) {
        n += ctx->objects->pdata[i] && ((SimObject *)ctx->objects->pdata[i])->type == type;
    }
    return n;
}

/* --- One device, several devices ------------------------------------------------------------- */

static void test_plain(void)
{
    VFIODevice *d = up(0, false), *e = up(2, false);
    uint32_t word = 0xcafe;

    g_assert_cmpuint(count(SIM_IOAS), ==, 1);
    g_assert_cmpuint(count(SIM_PAGING), ==, 1);         /* the automatic one, for both */
    g_assert_cmpint(hostsim_dma(sim[0], RAM_BASE + 0x1000, &word, 4, true), ==, 0);
    g_assert_cmphex(ldl_le_p((uint8_t *)memory_region_get_ram_ptr(ram) + 0x1000), ==, 0xcafe);
    g_assert_cmpint(hostsim_dma(sim[2], RAM_BASE + RAM_SIZE, &word, 4, true), ==, -EFAULT);
    g_assert_cmpuint(d->hiod->caps.type, ==, IOMMU_HW_INFO_TYPE_ARM_SMMUV3);
    g_assert_cmpuint(d->hiod->caps.smmuv3.idr[0], ==, sim[0]->smmu->info.idr[0]);
    device_down(d);
    g_assert_cmpint(hostsim_dma(sim[0], RAM_BASE, &word, 4, true), ==, -EFAULT);
    device_down(e);
}

static void test_nesting(void)
{
    VFIODevice *d = up(0, true), *e = up(2, true), *f = up(3, true);

    g_assert_cmpuint(count(SIM_IOAS), ==, 1);
    g_assert_cmpuint(count(SIM_PAGING), ==, 2);         /* one for each SMMU */
    g_assert_cmpuint(d->hiod->hwpt_id, !=, 0);
    g_assert_cmpuint(d->hiod->hwpt_id, ==, e->hiod->hwpt_id);
    g_assert_cmpuint(d->hiod->hwpt_id, !=, f->hiod->hwpt_id);
    g_assert_false(sim[0]->attached);                   /* that is the vIOMMU's */
    g_assert_true(host_iommu_device_iommufd_attach_hwpt(d->hiod, d->hiod->hwpt_id, &error_abort));
    g_assert_true(sim[0]->attached);
    g_assert_true(host_iommu_device_iommufd_detach_hwpt(d->hiod, &error_abort));
    g_assert_false(sim[0]->attached);
    device_down(e);
    device_down(d);
    g_assert_cmpuint(count(SIM_PAGING), ==, 1);
    device_down(f);
}

/* A newcomer joins what its group has; what moves later, moves together. */
static void test_group(void)
{
    VFIODevice *d = up(0, true), *e = up(1, true);
    uint32_t other;

    g_assert_true(iommufd_backend_alloc_hwpt(backend, d->devid, d->hiod->ioas_id, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &other, &error_abort));
    g_assert_true(vfio_iommufd_attach(d, d->hiod->hwpt_id, &error_abort));
    g_assert_true(vfio_iommufd_attach(e, other, &error_abort));
    g_assert_cmpuint(sim[1]->group->hwpt->id, ==, d->hiod->hwpt_id);
    g_assert_true(vfio_iommufd_attach(e, other, &error_abort));
    g_assert_cmpuint(sim[0]->group->hwpt->id, ==, other);
    g_assert_true(vfio_iommufd_detach(d, &error_abort));
    g_assert_true(vfio_iommufd_detach(e, &error_abort));
    iommufd_backend_free_id(backend, other);
    device_down(d);
    device_down(e);
}

/* --- The memory map ------------------------------------------------------------------------------ */

static void test_ram_comes_and_goes(void)
{
    VFIODevice *d = up(0, false);
    uint32_t word = 1;
    Object *more;

    g_assert_cmpint(hostsim_dma(sim[0], 0x80000000, &word, 4, true), ==, -EFAULT);
    add_ram(&more, 0x80000000, RAM_SIZE, 0);
    g_assert_cmpint(hostsim_dma(sim[0], 0x80000000, &word, 4, true), ==, 0);
    remove_ram(more);
    g_assert_cmpint(hostsim_dma(sim[0], 0x80000000, &word, 4, true), ==, -EFAULT);
    device_down(d);
}

static void test_msi_window(void)
{
    Object *more;
    uint32_t word = 1;

    add_ram(&more, VFIO_MSI_WINDOW_BASE + 0x80000, RAM_SIZE, 0);
    VFIODevice *d = up(0, false);
    g_assert_cmpint(hostsim_dma(sim[0], VFIO_MSI_WINDOW_BASE + 0x80000, &word, 4, true), ==, -EFAULT);
    device_down(d);
    remove_ram(more);
}

static uint64_t calls_to_start(void)
{
    uint64_t before = hostsim->calls;

    device_down(up(0, true));
    return hostsim->calls - before;
}

/* How much RAM there is does not matter, only in how many pieces. */
static void test_big_ram(void)
{
    uint64_t small = calls_to_start(), big;
    Object *more;

    add_ram(&more, 0x100000000, 200 * GiB, RAM_NORESERVE);
    big = calls_to_start();
    g_assert_cmpuint(big, ==, small + 1);
    remove_ram(more);
}

/* An old kernel has no IOAS_MAP_FILE: by address then. */
static void test_no_map_file(void)
{
    uint32_t word = 5;

    hostsim->no_map_file = true;
    VFIODevice *d = up(0, false);
    g_assert_cmpint(hostsim_dma(sim[0], RAM_BASE, &word, 4, true), ==, 0);
    device_down(d);
}

/* The kernel would take such a file now and fail the first table: it goes by address. */
static void test_ram_from_a_file(void)
{
    g_autofree char *name = NULL;
    int fd = g_file_open_tmp("vfio-XXXXXX", &name, NULL);
    uint32_t word = 6;

    unlink(name);
    g_assert_cmpint(ftruncate(fd, RAM_SIZE), ==, 0);
    Object *more = object_new("test-owner");
    MemoryRegion *mr = &((TestOwner *)more)->ram;
    g_assert_true(memory_region_init_ram_from_fd(mr, more, "file", RAM_SIZE, RAM_SHARED, fd, 0, &error_abort));
    memory_region_add_subregion(get_system_memory(), 0x80000000, mr);
    VFIODevice *d = up(0, true);
    g_assert_true(vfio_iommufd_attach(d, d->hiod->hwpt_id, &error_abort));
    g_assert_cmpint(hostsim_dma(sim[0], 0x80000000, &word, 4, true), ==, 0);
    device_down(d);
    remove_ram(more);
}

/* --- Mistakes, each with one sentence --------------------------------------------------------------- */

static void assert_refused(VFIODevice *d, const char *text)
{
    Error *err = NULL;

    g_assert_false(device_up(d, false, &err));
    g_assert_nonnull(err);
    if (!strstr(error_get_pretty(err), text)) {
        g_error("'%s' is not in '%s'", text, error_get_pretty(err));
    }
    g_assert_null(strchr(error_get_pretty(err), '\n'));
    error_free(err);
    device_free(d);
    assert_nothing_left();
}

static void test_mistakes(void)
{
    VFIODevice *d = device_new(0);

    g_free(d->sysfsdev);
    d->sysfsdev = g_strdup_printf("%s/bus/pci/devices/0000:77:00.0", iommufd_ops->sys_root);
    assert_refused(d, "does not exist");
    hostsim->no_dev_iommu = true;
    assert_refused(device_new(0), "/dev/iommu");
    hostsim->no_dev_iommu = false;
    g_free(sim[1]->driver);
    sim[1]->driver = g_strdup("nvme");
    hostsim_add_to_sysfs(sim[1]);
    assert_refused(device_new(1), "driver 'nvme'");
    assert_refused(device_new(0), "0000:01:00.1 of its IOMMU group has the host driver 'nvme'; bind that");
    hostsim_fail_nth(1, EACCES);
    assert_refused(device_new(2), "cannot open");
    hostsim_fail_nth(2, EACCES);
    assert_refused(device_new(2), "cannot open /dev/iommu: Permission denied");
    hostsim_fail_nth(3, EPERM);
    assert_refused(device_new(2), "BIND_IOMMUFD");
    VFIODevice *e = up(2, false);
    Error *err = NULL;
    VFIODevice *f = device_new(2);
    g_assert_false(device_up(f, false, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "BIND_IOMMUFD"));
    error_free(err);
    device_free(f);
    device_down(e);
}

/* --- The sweep ------------------------------------------------------------------------------------------ */

static bool whole_life(Error **errp)
{
    VFIODevice *d = device_new(0), *e = device_new(2);
    bool ok = device_up(d, true, errp);

    if (!ok) {
        device_free(d);
        device_free(e);
        return false;
    }
    ok = vfio_iommufd_attach(d, d->hiod->hwpt_id, errp) && device_up(e, false, errp);
    if (ok) {
        device_down(e);
    } else {
        device_free(e);
    }
    device_down(d);
    return ok;
}

static void test_sweep(void)
{
    static const int errnos[] = { ENOMEM, EINVAL, EBUSY, EIO };
    uint64_t before = hostsim->calls, total;

    g_assert_true(whole_life(&error_abort));
    total = hostsim->calls - before;
    g_assert_cmpuint(total, >, 10);
    for (size_t e = 0; e < ARRAY_SIZE(errnos); e++) {
        for (uint64_t n = 1; n <= total; n++) {
            Error *err = NULL;
            hostsim_fail_nth(n, errnos[e]);
            bool ok = whole_life(&err);
            g_assert_true(ok == !err);
            if (err) {
                g_assert_null(strchr(error_get_pretty(err), '\n'));
                g_test_message("%s: %s", hostsim->failed_call ? hostsim->failed_call : "none", error_get_pretty(err));
                error_free(err);
            }
            hostsim_fail_nth(0, 0);
            assert_nothing_left();
            g_assert_true(whole_life(&error_abort));
        }
    }
}

static void run(gconstpointer fn)
{
    setup();
    ((void (*)(void))(uintptr_t)fn)();
    teardown();
}

static void add(const char *name, void (*fn)(void))
{
    g_autofree char *path = g_strdup_printf("/vfio/%s", name);
    g_test_add_data_func(path, (gconstpointer)(uintptr_t)fn, run);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    main_loop_init();
    memory_map_init();
    add("plain", test_plain);
    add("nesting", test_nesting);
    add("group", test_group);
    add("ram-comes-and-goes", test_ram_comes_and_goes);
    add("msi-window", test_msi_window);
    add("big-ram", test_big_ram);
    add("no-map-file", test_no_map_file);
    add("ram-from-a-file", test_ram_from_a_file);
    add("mistakes", test_mistakes);
    add("sweep", test_sweep);
    return g_test_run();
}
