/*
 * Conformance of a host: each check is one call with the errno that
 * docs/devel/iommufd.md says it must have. The same file is linked into a unit
 * test, where iommufd_ops is the simulator, and into a small program for a
 * real kernel, where it is system calls. It needs no library.
 *
 * Each case has an iommufd and a bound device of its own, and gives them back.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <linux/iommufd.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <sys/mman.h>
#include "backends/iommufd.h"
#include "conformance.h"

#define PAGE      4096ULL
#define MSI_WINDOW 0x08000000ULL
#define RW        (IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE)
#define NO_ID     0x7ffffff0U

static const char *cdev_path, *case_name;
static int iommu, device, differ;
static uint32_t devid, ioas;
static bool nested;                     /* the host can nest: the rest is skipped otherwise */
static uint8_t *ram;                    /* 16 pages */

/* --- Calls ---------------------------------------------------------------------------------- */

/* @want is what the facts say: 0 or -errno. */
static int check(const char *what, int got, int want)
{
    bool ok = got == want || (want == 0 && got > 0);

    printf("# %s %s: %s: %s%s%s\n", ok ? "same" : "DIFF", case_name, what, got < 0 ? strerrorname_np(-got) : "ok",
           ok ? "" : ", not ", ok ? "" : want < 0 ? strerrorname_np(-want) : "ok");
    differ += !ok;
    return got;
}

#define IOCTL(what, nr, want, type, ...) ({ \
    struct type cmd_ = { .size = sizeof(cmd_), __VA_ARGS__ }; \
    check(what, iommufd_ops->ioctl(iommu, nr, &cmd_), want); cmd_; })
#define VFIO(what, nr, want, type, ...) ({ \
    struct type cmd_ = { .argsz = sizeof(cmd_), __VA_ARGS__ }; \
    check(what, iommufd_ops->device_ioctl(device, nr, &cmd_), want); cmd_; })

static void destroy(const char *what, uint32_t id, int want)
{
    IOCTL(what, IOMMU_DESTROY, want, iommu_destroy, .id = id);
}

static uint32_t new_ioas(void)
{
    return IOCTL("IOAS_ALLOC", IOMMU_IOAS_ALLOC, 0, iommu_ioas_alloc).out_ioas_id;
}

static void map(const char *what, uint64_t iova, const void *va, uint64_t length, uint32_t flags, int want)
{
    IOCTL(what, IOMMU_IOAS_MAP, want, iommu_ioas_map, .flags = flags, .ioas_id = ioas, .user_va = (uintptr_t)va, .length = length, .iova = iova);
}

static void unmap(const char *what, uint64_t iova, uint64_t length, int want)
{
    IOCTL(what, IOMMU_IOAS_UNMAP, want, iommu_ioas_unmap, .ioas_id = ioas, .iova = iova, .length = length);
}

static uint32_t table(const char *what, uint32_t parent, uint32_t flags, const uint64_t *ste, int want)
{
    return IOCTL(what, IOMMU_HWPT_ALLOC, want, iommu_hwpt_alloc, .flags = flags, .dev_id = devid, .pt_id = parent,
                 .data_type = ste ? IOMMU_HWPT_DATA_ARM_SMMUV3 : 0, .data_len = ste ? 16 : 0, .data_uptr = (uintptr_t)ste).out_hwpt_id;
}

static uint32_t stage2(void)
{
    return table("HWPT_ALLOC nest parent", ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, 0);
}

static uint32_t viommu(const char *what, uint32_t type, uint32_t s2, int want)
{
    return IOCTL(what, IOMMU_VIOMMU_ALLOC, want, iommu_viommu_alloc, .type = type, .dev_id = devid, .hwpt_id = s2).out_viommu_id;
}

static uint32_t vdevice(const char *what, uint32_t v, uint64_t id, int want)
{
    return IOCTL(what, IOMMU_VDEVICE_ALLOC, want, iommu_vdevice_alloc, .viommu_id = v, .dev_id = devid, .virt_id = id).out_vdevice_id;
}

static void attach(const char *what, uint32_t pt, int want)
{
    VFIO(what, VFIO_DEVICE_ATTACH_IOMMUFD_PT, want, vfio_device_attach_iommufd_pt, .pt_id = pt);
}

static void detach(void)
{
    VFIO("DETACH", VFIO_DEVICE_DETACH_IOMMUFD_PT, 0, vfio_device_detach_iommufd_pt);
}

static uint32_t ranges(void)
{
    return IOCTL("IOVA_RANGES size probe", IOMMU_IOAS_IOVA_RANGES, -EMSGSIZE, iommu_ioas_iova_ranges, .ioas_id = ioas).num_iovas;
}

static void expect(const char *what, uint64_t got, uint64_t want)
{
    check(what, got == want ? 0 : -ERANGE, 0);
}

static const uint64_t ste_bypass[2] = { 1 | 4 << 1, 0 }, ste_abort[2] = { 1, 0 }, ste_s1[2] = { 1 | 5 << 1 | 0x40100000, 0 };

/* --- Size protocol and ids -------------------------------------------------------------------- */

static void case_sizes(void)
{
    struct { struct iommu_ioas_alloc cmd; uint32_t more; } big = { .cmd = { .size = sizeof(big) }, .more = 1 };
    struct iommu_ioas_alloc small = { .size = 8 };

    check("too small", iommufd_ops->ioctl(iommu, IOMMU_IOAS_ALLOC, &small), -EINVAL);
    check("tail not zero", iommufd_ops->ioctl(iommu, IOMMU_IOAS_ALLOC, &big), -E2BIG);
    big.more = 0;
    check("tail zero", iommufd_ops->ioctl(iommu, IOMMU_IOAS_ALLOC, &big), 0);
    check("no such number", iommufd_ops->ioctl(iommu, IOMMUFD_NR(0x9f), &small), -ENOTTY);
    check("no structure", iommufd_ops->ioctl(iommu, IOMMU_IOAS_ALLOC, NULL), -EFAULT);
    IOCTL("unknown flag", IOMMU_IOAS_ALLOC, -EOPNOTSUPP, iommu_ioas_alloc, .flags = 1);
}

static void case_ids(void)
{
    uint32_t a = new_ioas(), b = new_ioas();

    expect("ids follow each other", b, a + 1);
    destroy("DESTROY", a, 0);
    destroy("DESTROY again", a, -ENOENT);
    expect("the lowest free id comes back", new_ioas(), a);
    destroy("DESTROY a bound device", devid, -EBUSY);
    IOCTL("an id of the wrong type", IOMMU_IOAS_UNMAP, -ENOENT, iommu_ioas_unmap, .ioas_id = devid, .length = PAGE);
}

/* --- Address spaces ----------------------------------------------------------------------------- */

static void case_map(void)
{
    map("unknown flag", 0, ram, PAGE, RW | 8, -EOPNOTSUPP);
    map("iova 2^64-1", UINT64_MAX, ram, PAGE, RW, -EOVERFLOW);
    map("length 2^64-1", 0, ram, UINT64_MAX, RW, -EOVERFLOW);
    map("no permission", 0, ram, PAGE, IOMMU_IOAS_MAP_FIXED_IOVA, -EINVAL);
    map("length 0", 0, ram, 0, RW, -EINVAL);
    map("address wraps", 0x10000, (void *)(UINTPTR_MAX - PAGE + 1), 2 * PAGE, RW, -EOVERFLOW);
    map("iova wraps", UINT64_MAX - PAGE, ram, 2 * PAGE, RW, -EOVERFLOW);
    IOCTL("no such address space", IOMMU_IOAS_MAP, -ENOENT, iommu_ioas_map, .flags = RW, .ioas_id = NO_ID, .user_va = (uintptr_t)ram, .length = PAGE);
    map("two pages", 0x10000, ram, 2 * PAGE, RW, 0);
    map("on top", 0x11000, ram, PAGE, RW, -EEXIST);
    map("odd, while there is no table", 0x20001, ram + 1, 3, RW, 0);
    unmap("straddling", 0x10000, PAGE, -ENOENT);
    unmap("nothing there", 0x700000, PAGE, -ENOENT);
    unmap("length 0", 0x10000, 0, -EINVAL);
    unmap("length 2^64-1 not from 0", PAGE, UINT64_MAX, -EOVERFLOW);
    unmap("everything", 0, UINT64_MAX, 0);
    unmap("everything of nothing", 0, UINT64_MAX, 0);
}

static void case_map_anywhere(void)
{
    uint64_t a = IOCTL("MAP anywhere", IOMMU_IOAS_MAP, 0, iommu_ioas_map, .flags = RW & ~IOMMU_IOAS_MAP_FIXED_IOVA, .ioas_id = ioas,
                       .user_va = (uintptr_t)ram, .length = PAGE).iova;

    expect("never at 0", !a, 0);
    unmap("where it says", a, PAGE, 0);
}

static void map_file(const char *what, int fd, uint64_t iova, int want)
{
    IOCTL(what, IOMMU_IOAS_MAP_FILE, want, iommu_ioas_map_file, .flags = RW, .ioas_id = ioas, .fd = fd, .length = PAGE, .iova = iova);
}

static void case_map_file(void)
{
    int fd = memfd_create("conformance", MFD_CLOEXEC), null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (ftruncate(fd, PAGE) < 0) {
        check("ftruncate", -errno, 0);
    }
    map_file("a memfd", fd, 0, 0);
    map_file("no file", 9999, 0x10000, -EBADF);
    map_file("not memory, while there is no table", null, 0x10000, 0);
    unmap("it again", 0x10000, PAGE, 0);
    IOCTL("CHANGE_PROCESS, all by file", IOMMU_IOAS_CHANGE_PROCESS, 0, iommu_ioas_change_process);
    table("first table", ioas, 0, NULL, 0);
    map_file("not memory now", null, 0x10000, -EINVAL);
    map("by address", 0x10000, ram, PAGE, RW, 0);
    IOCTL("CHANGE_PROCESS, some by address", IOMMU_IOAS_CHANGE_PROCESS, -EINVAL, iommu_ioas_change_process);
    IOCTL("CHANGE_PROCESS, reserved", IOMMU_IOAS_CHANGE_PROCESS, -EOPNOTSUPP, iommu_ioas_change_process, .__reserved = 1);
    close(fd);
    close(null);
}

static void copy(const char *what, uint32_t dst, uint32_t src, uint64_t to, uint64_t from, uint64_t length, uint32_t flags, int want)
{
    IOCTL(what, IOMMU_IOAS_COPY, want, iommu_ioas_copy, .flags = flags, .dst_ioas_id = dst, .src_ioas_id = src, .length = length,
          .dst_iova = to, .src_iova = from);
}

static void case_copy(void)
{
    uint32_t other = new_ioas(), readonly = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE;

    map("writable", 0x10000, ram, 4 * PAGE, RW, 0);
    map("read-only", 0x40000, ram, PAGE, readonly, 0);
    copy("unknown flag", other, ioas, 0, 0x10000, PAGE, RW | 8, -EOPNOTSUPP);
    copy("no permission", other, ioas, 0, 0x10000, PAGE, IOMMU_IOAS_MAP_FIXED_IOVA, -EINVAL);
    copy("no source", other, NO_ID, 0, 0x10000, PAGE, RW, -ENOENT);
    copy("no destination", NO_ID, ioas, 0, 0x10000, PAGE, RW, -ENOENT);
    copy("source not mapped", other, ioas, 0, 0x20000, PAGE, RW, -ENOENT);
    copy("source mapped in part", other, ioas, 0, 0x12000, 4 * PAGE, RW, -ENOENT);
    copy("source iova 2^64-1", other, ioas, 0, UINT64_MAX, PAGE, RW, -EOVERFLOW);
    copy("length 0", other, ioas, 0, 0x10000, 0, RW, -EINVAL);
    copy("writable from read-only", other, ioas, 0, 0x40000, PAGE, RW, -EPERM);
    copy("a part", other, ioas, 0x100000, 0x11000, 2 * PAGE, RW, 0);
    copy("on top", other, ioas, 0x101000, 0x11000, PAGE, RW, -EEXIST);
}

static void case_late_pinning(void)
{
    map("a bad buffer, while there is no table", 0x10000, (void *)PAGE, PAGE, RW, 0);
    table("first table", ioas, 0, NULL, -EFAULT);
    unmap("it again", 0x10000, PAGE, 0);
    table("first table", ioas, 0, NULL, 0);
    map("a bad buffer now", 0x10000, (void *)PAGE, PAGE, RW, -EFAULT);
    map("not a page", 0x10001, ram + 1, PAGE, RW, -EINVAL);
    map("another offset in the page", 0x10000, ram + 1, PAGE, RW, -EINVAL);
}

static void case_option(void)
{
    uint64_t v = IOCTL("HUGE_PAGES get", IOMMU_OPTION, 0, iommu_option, .option_id = IOMMU_OPTION_HUGE_PAGES, .op = IOMMU_OPTION_OP_GET,
                       .object_id = ioas).val64;

    expect("on by default", v, 1);
    IOCTL("HUGE_PAGES set 2", IOMMU_OPTION, -EINVAL, iommu_option, .option_id = IOMMU_OPTION_HUGE_PAGES, .object_id = ioas, .val64 = 2);
    IOCTL("HUGE_PAGES set 0", IOMMU_OPTION, 0, iommu_option, .option_id = IOMMU_OPTION_HUGE_PAGES, .object_id = ioas);
    IOCTL("HUGE_PAGES no object", IOMMU_OPTION, -ENOENT, iommu_option, .option_id = IOMMU_OPTION_HUGE_PAGES, .object_id = NO_ID);
    IOCTL("RLIMIT_MODE get", IOMMU_OPTION, 0, iommu_option, .op = IOMMU_OPTION_OP_GET);
    IOCTL("RLIMIT_MODE with an object", IOMMU_OPTION, -EOPNOTSUPP, iommu_option, .op = IOMMU_OPTION_OP_GET, .object_id = ioas);
    IOCTL("RLIMIT_MODE too late", IOMMU_OPTION, -EBUSY, iommu_option, .val64 = 1);
    IOCTL("no such option", IOMMU_OPTION, -EOPNOTSUPP, iommu_option, .option_id = 77);
    IOCTL("reserved", IOMMU_OPTION, -EOPNOTSUPP, iommu_option, .__reserved = 1);
}

static void allow(const char *what, uint64_t start, uint64_t last, int want)
{
    struct iommu_iova_range range = { start, last };
    IOCTL(what, IOMMU_IOAS_ALLOW_IOVAS, want, iommu_ioas_allow_iovas, .ioas_id = ioas, .num_iovas = 1, .allowed_iovas = (uintptr_t)&range);
}

static void case_ranges(void)
{
    expect("one range while it is new", ranges(), 1);
    allow("ALLOW_IOVAS backwards", 0x2000, 0x1000, -EINVAL);
    allow("ALLOW_IOVAS of one byte", 0x1000, 0x1000, -EINVAL);
    allow("ALLOW_IOVAS over the MSI window", 0, MSI_WINDOW + PAGE, 0);
    attach("ATTACH that needs it", ioas, -EADDRINUSE);
    allow("ALLOW_IOVAS elsewhere", 0x40000000, 0x7fffffff, 0);
    attach("ATTACH", ioas, 0);
    expect("two ranges, the MSI window between", ranges(), 2);
    allow("ALLOW_IOVAS over it now", 0, MSI_WINDOW + PAGE, -EADDRINUSE);
    map("into the MSI window", MSI_WINDOW, ram, PAGE, RW, -EINVAL);
    detach();
    detach();
    destroy("the automatic table went with it", ioas, 0);
    ioas = new_ioas();
    map("where the window will be", MSI_WINDOW, ram, PAGE, RW, 0);
    attach("ATTACH over a mapping", ioas, -EADDRINUSE);
    IOCTL("reserved", IOMMU_IOAS_IOVA_RANGES, -EOPNOTSUPP, iommu_ioas_iova_ranges, .ioas_id = ioas, .__reserved = 1);
    IOCTL("no such address space", IOMMU_IOAS_IOVA_RANGES, -ENOENT, iommu_ioas_iova_ranges, .ioas_id = NO_ID);
}

/* --- Binding --------------------------------------------------------------------------------------- */

static void case_bind(void)
{
    int second = iommufd_ops->device_open(cdev_path);
    struct vfio_device_bind_iommufd again = { .argsz = sizeof(again), .iommufd = iommu };

    check("opening it twice", second, 0);
    check("binding it twice", iommufd_ops->device_ioctl(second, VFIO_DEVICE_BIND_IOMMUFD, &again), -EINVAL);
    iommufd_ops->device_close(second);
    VFIO("bound already", VFIO_DEVICE_BIND_IOMMUFD, -EINVAL, vfio_device_bind_iommufd, .iommufd = iommu);
    iommufd_ops->device_close(device);
    device = iommufd_ops->device_open(cdev_path);
    VFIO("before BIND", VFIO_DEVICE_GET_INFO, -EINVAL, vfio_device_info);
    VFIO("a negative iommufd", VFIO_DEVICE_BIND_IOMMUFD, -EINVAL, vfio_device_bind_iommufd, .iommufd = -1);
    VFIO("unknown flag", VFIO_DEVICE_BIND_IOMMUFD, -EINVAL, vfio_device_bind_iommufd, .iommufd = iommu, .flags = 1U << 31);
    VFIO("no file", VFIO_DEVICE_BIND_IOMMUFD, -EBADF, vfio_device_bind_iommufd, .iommufd = 9999);
    VFIO("not an iommufd", VFIO_DEVICE_BIND_IOMMUFD, -EBADFD, vfio_device_bind_iommufd, .iommufd = STDIN_FILENO);
    devid = VFIO("BIND", VFIO_DEVICE_BIND_IOMMUFD, 0, vfio_device_bind_iommufd, .iommufd = iommu).out_devid;
}

static void case_attach(void)
{
    VFIO("unknown flag", VFIO_DEVICE_ATTACH_IOMMUFD_PT, -EINVAL, vfio_device_attach_iommufd_pt, .pt_id = ioas, .flags = 1U << 31);
    attach("no such table", NO_ID, -ENOENT);
    attach("a device as a table", devid, -EINVAL);
    VFIO("DETACH, unknown flag", VFIO_DEVICE_DETACH_IOMMUFD_PT, -EINVAL, vfio_device_detach_iommufd_pt, .flags = 1U << 31);
    uint32_t t = VFIO("ATTACH to an address space", VFIO_DEVICE_ATTACH_IOMMUFD_PT, 0, vfio_device_attach_iommufd_pt, .pt_id = ioas).pt_id;
    expect("it says which table it took", t == ioas, 0);
    destroy("DESTROY the address space", ioas, -EBUSY);
    destroy("DESTROY that table", t, -EBUSY);
    attach("ATTACH again", ioas, 0);
    detach();
    destroy("it is gone", t, -ENOENT);
}

static void irqs(const char *what, uint32_t index, uint32_t start, uint32_t count, uint32_t flags, int32_t fd, int want)
{
    union { struct vfio_irq_set set; uint8_t room[sizeof(struct vfio_irq_set) + sizeof(fd)]; } cmd = {
        .set = { .argsz = sizeof(cmd), .flags = flags, .index = index, .start = start, .count = count },
    };

    memcpy(cmd.set.data, &fd, sizeof(fd));
    check(what, iommufd_ops->device_ioctl(device, VFIO_DEVICE_SET_IRQS, &cmd), want);
}

static void case_device(void)
{
    uint32_t trigger = VFIO_IRQ_SET_ACTION_TRIGGER, by_fd = VFIO_IRQ_SET_DATA_EVENTFD | trigger;
    uint8_t config[4];

    VFIO("GET_INFO", VFIO_DEVICE_GET_INFO, 0, vfio_device_info);
    check("GET_INFO too small", iommufd_ops->device_ioctl(device, VFIO_DEVICE_GET_INFO, &(struct vfio_device_info) { .argsz = 8 }), -EINVAL);
    struct vfio_region_info r = VFIO("config space", VFIO_DEVICE_GET_REGION_INFO, 0, vfio_region_info, .index = VFIO_PCI_CONFIG_REGION_INDEX);
    expect("4 KiB of it", r.size, 4096);
    VFIO("no such region", VFIO_DEVICE_GET_REGION_INFO, -EINVAL, vfio_region_info, .index = 1000);
    check("reading it", (int)iommufd_ops->device_pread(device, config, 4, r.offset), 4);
    check("reading behind its end", (int)iommufd_ops->device_pread(device, config, 4, r.offset + r.size), -EFAULT);
    struct vfio_irq_info info = VFIO("MSI-X", VFIO_DEVICE_GET_IRQ_INFO, 0, vfio_irq_info, .index = VFIO_PCI_MSIX_IRQ_INDEX);
    expect("it has some", info.count > 0, 1);
    VFIO("no such interrupt", VFIO_DEVICE_GET_IRQ_INFO, -EINVAL, vfio_irq_info, .index = VFIO_PCI_NUM_IRQS);
    irqs("no such kind", VFIO_PCI_NUM_IRQS, 0, 1, by_fd, -1, -EINVAL);
    irqs("beyond the last vector", VFIO_PCI_MSIX_IRQ_INDEX, info.count, 1, by_fd, -1, -EINVAL);
    irqs("unmask what is off", VFIO_PCI_INTX_IRQ_INDEX, 0, 1, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK, 0, -EINVAL);
    irqs("MSI-X before there is a table for its doorbell", VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, by_fd, -1, -ENOSPC);
    attach("ATTACH", ioas, 0);
    irqs("a vector without an event", VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, by_fd, -1, 0);
    irqs("INTx while MSI-X is on", VFIO_PCI_INTX_IRQ_INDEX, 0, 1, by_fd, -1, -EINVAL);
    irqs("off", VFIO_PCI_MSIX_IRQ_INDEX, 0, 0, VFIO_IRQ_SET_DATA_NONE | trigger, 0, 0);
    irqs("no file", VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, by_fd, 9999, -EBADF);
    check("no such ioctl", iommufd_ops->device_ioctl(device, _IO(VFIO_TYPE, VFIO_BASE + 60), config), -ENOTTY);
}

static void case_reset(void)
{
    union {
        struct vfio_pci_hot_reset_info info;
        uint8_t room[sizeof(struct vfio_pci_hot_reset_info) + 16 * sizeof(struct vfio_pci_dependent_device)];
    } all = { .info = { .argsz = sizeof(all.info) } };

    check("hot reset, no room for the list", iommufd_ops->device_ioctl(device, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &all), -ENOSPC);
    all.info.argsz = sizeof(all);
    check("hot reset, the list", iommufd_ops->device_ioctl(device, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &all), 0);
    expect("all of it is ours", all.info.flags, VFIO_PCI_HOT_RESET_FLAG_DEV_ID | VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED);
    expect("by device id", all.info.devices[0].group_id, devid);
    check("function reset", iommufd_ops->device_ioctl(device, VFIO_DEVICE_RESET, NULL), 0);
}

static void case_pasid(void)
{
    uint32_t t = table("without PASIDs", ioas, 0, NULL, 0);
    struct vfio_device_attach_iommufd_pt small = { .argsz = 12, .flags = VFIO_DEVICE_ATTACH_PASID, .pt_id = t };

    check("ATTACH with PASID, too small", iommufd_ops->device_ioctl(device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &small), -EINVAL);
    VFIO("ATTACH with PASID, to a table without", VFIO_DEVICE_ATTACH_IOMMUFD_PT, -EINVAL, vfio_device_attach_iommufd_pt,
         .flags = VFIO_DEVICE_ATTACH_PASID, .pt_id = t, .pasid = 1);
}

/* --- Tables ------------------------------------------------------------------------------------------- */

static void case_hw_info(void)
{
    struct iommu_hw_info_arm_smmuv3 info;
    struct iommu_hw_info r = IOCTL("probe", IOMMU_GET_HW_INFO, 0, iommu_hw_info, .dev_id = devid);

    expect("an SMMUv3", r.out_data_type, IOMMU_HW_INFO_TYPE_ARM_SMMUV3);
    expect("length it has", r.data_len, sizeof(info));
    IOCTL("unknown flag", IOMMU_GET_HW_INFO, -EOPNOTSUPP, iommu_hw_info, .dev_id = devid, .flags = 2);
    IOCTL("reserved", IOMMU_GET_HW_INFO, -EOPNOTSUPP, iommu_hw_info, .dev_id = devid, .__reserved = { 1 });
    IOCTL("no such device", IOMMU_GET_HW_INFO, -ENOENT, iommu_hw_info, .dev_id = NO_ID);
    IOCTL("type without the flag", IOMMU_GET_HW_INFO, 0, iommu_hw_info, .dev_id = devid, .in_data_type = 1);
    IOCTL("type of another IOMMU", IOMMU_GET_HW_INFO, -EOPNOTSUPP, iommu_hw_info, .dev_id = devid, .flags = IOMMU_HW_INFO_FLAG_INPUT_TYPE, .in_data_type = 1);
    IOCTL("type SMMUv3", IOMMU_GET_HW_INFO, 0, iommu_hw_info, .dev_id = devid, .flags = IOMMU_HW_INFO_FLAG_INPUT_TYPE,
          .in_data_type = IOMMU_HW_INFO_TYPE_ARM_SMMUV3, .data_len = sizeof(info), .data_uptr = (uintptr_t)&info);
}

static void case_table(void)
{
    IOCTL("reserved", IOMMU_HWPT_ALLOC, -EOPNOTSUPP, iommu_hwpt_alloc, .dev_id = devid, .pt_id = ioas, .__reserved = 1);
    IOCTL("a type without data", IOMMU_HWPT_ALLOC, -EINVAL, iommu_hwpt_alloc, .dev_id = devid, .pt_id = ioas, .data_type = 2);
    IOCTL("no such device", IOMMU_HWPT_ALLOC, -ENOENT, iommu_hwpt_alloc, .dev_id = NO_ID, .pt_id = ioas);
    table("no such parent", NO_ID, 0, NULL, -EINVAL);
    table("a device as parent", devid, 0, NULL, -EINVAL);
    table("unknown flag", ioas, 1U << 31, NULL, -EOPNOTSUPP);
    uint32_t t = table("plain", ioas, 0, NULL, 0);
    table("nested directly on it", t, 0, ste_bypass, -EOPNOTSUPP);
    destroy("DESTROY its address space", ioas, -EBUSY);
    IOCTL("dirty tracking without the means", IOMMU_HWPT_SET_DIRTY_TRACKING, -EOPNOTSUPP, iommu_hwpt_set_dirty_tracking, .hwpt_id = t, .flags = 1);
    IOCTL("dirty tracking, unknown flag", IOMMU_HWPT_SET_DIRTY_TRACKING, -EOPNOTSUPP, iommu_hwpt_set_dirty_tracking, .hwpt_id = t, .flags = 2);
    IOCTL("dirty tracking of no table", IOMMU_HWPT_SET_DIRTY_TRACKING, -ENOENT, iommu_hwpt_set_dirty_tracking, .hwpt_id = NO_ID, .flags = 1);
    destroy("DESTROY it", t, 0);
}

static void case_nest_parent(void)
{
    if (nested) {
        table("with dirty tracking", ioas, IOMMU_HWPT_ALLOC_NEST_PARENT | IOMMU_HWPT_ALLOC_DIRTY_TRACKING, NULL, -EOPNOTSUPP);
        table("with PASIDs", ioas, IOMMU_HWPT_ALLOC_NEST_PARENT | IOMMU_HWPT_ALLOC_PASID, NULL, -EOPNOTSUPP);
        uint32_t s2 = stage2(), plain = table("plain", ioas, 0, NULL, 0);
        viommu("type 0", 0, s2, -EOPNOTSUPP);
        viommu("no such type", 77, s2, -EOPNOTSUPP);
        viommu("no such table", IOMMU_VIOMMU_TYPE_ARM_SMMUV3, NO_ID, -ENOENT);
        viommu("not a nesting parent", IOMMU_VIOMMU_TYPE_ARM_SMMUV3, plain, -EINVAL);
        IOCTL("flags", IOMMU_VIOMMU_ALLOC, -EOPNOTSUPP, iommu_viommu_alloc, .type = 1, .flags = 1, .dev_id = devid, .hwpt_id = s2);
        IOCTL("no such device", IOMMU_VIOMMU_ALLOC, -ENOENT, iommu_viommu_alloc, .type = 1, .dev_id = NO_ID, .hwpt_id = s2);
        uint32_t v = viommu("VIOMMU_ALLOC", IOMMU_VIOMMU_TYPE_ARM_SMMUV3, s2, 0);
        destroy("DESTROY its stage 2", s2, -EBUSY);
        attach("a vIOMMU as a table", v, -EINVAL);
        attach("ATTACH to the stage 2", s2, 0);
        detach();
        destroy("DESTROY it", v, 0);
        destroy("DESTROY the stage 2", s2, 0);
    }
}

static void case_vste(void)
{
    static const struct { const char *what; uint64_t ste[2]; int want; } steps[] = {
        { "bypass", { 1 | 4 << 1, 0 }, 0 }, { "abort", { 1, 0 }, 0 }, { "stage 1", { 1 | 5 << 1, 0 }, 0 },
        { "V clear, the rest set", { ~1ULL, ~0ULL }, 0 }, { "stage 2", { 1 | 6 << 1, 0 }, -EIO }, { "nested", { 1 | 7 << 1, 0 }, -EIO },
        { "Config 1", { 1 | 1 << 1, 0 }, -EIO }, { "EATS 2", { 1 | 5 << 1, 2U << 28 }, -EIO }, { "EATS 1", { 1 | 5 << 1, 1U << 28 }, 0 },
        { "SHCFG", { 1 | 5 << 1, 1ULL << 44 }, -EIO }, { "reserved in word 0", { 1 | 5 << 1 | 1ULL << 52, 0 }, -EIO },
    };

    if (nested) {
        uint32_t v = viommu("VIOMMU_ALLOC", IOMMU_VIOMMU_TYPE_ARM_SMMUV3, stage2(), 0);
        for (unsigned i = 0; i < ARRAY_SIZE(steps); i++) {
            table(steps[i].what, v, 0, steps[i].ste, steps[i].want);
        }
        table("with PASIDs", v, IOMMU_HWPT_ALLOC_PASID, ste_bypass, -EOPNOTSUPP);
        table("no data", v, 0, NULL, -EOPNOTSUPP);
        IOCTL("another IOMMU's data", IOMMU_HWPT_ALLOC, -EINVAL, iommu_hwpt_alloc, .dev_id = devid, .pt_id = v, .data_type = 1,
              .data_len = 16, .data_uptr = (uintptr_t)ste_bypass);
        IOCTL("short data", IOMMU_HWPT_ALLOC, -EINVAL, iommu_hwpt_alloc, .dev_id = devid, .pt_id = v, .data_type = 2, .data_len = 8,
              .data_uptr = (uintptr_t)ste_bypass);
        IOCTL("bad pointer", IOMMU_HWPT_ALLOC, -EFAULT, iommu_hwpt_alloc, .dev_id = devid, .pt_id = v, .data_type = 2, .data_len = 16, .data_uptr = 8);
    }
}

static void case_vdevice(void)
{
    if (nested) {
        uint32_t v = viommu("VIOMMU_ALLOC", IOMMU_VIOMMU_TYPE_ARM_SMMUV3, stage2(), 0);
        uint32_t s1 = table("stage 1", v, 0, ste_s1, 0), bypass = table("bypass", v, 0, ste_bypass, 0), abort = table("abort", v, 0, ste_abort, 0);
        attach("ATTACH to stage 1 without a vDEVICE", s1, -ENOENT);
        attach("ATTACH to bypass without one", bypass, 0);
        attach("ATTACH to abort without one", abort, 0);
        vdevice("no such vIOMMU", NO_ID, 1, -ENOENT);
        uint32_t vd = vdevice("VDEVICE_ALLOC", v, 0x100, 0);
        vdevice("a second of the device", v, 0x200, -EEXIST);
        destroy("DESTROY the vIOMMU", v, -EBUSY);
        attach("ATTACH to stage 1", s1, 0);
        destroy("DESTROY that table", s1, -EBUSY);
        destroy("DESTROY the vDEVICE while attached", vd, 0);
        detach();
        destroy("DESTROY the table", s1, 0);
    }
}

static void case_tombstone(void)
{
    if (nested) {
        uint32_t v = viommu("VIOMMU_ALLOC", IOMMU_VIOMMU_TYPE_ARM_SMMUV3, stage2(), 0), vd = vdevice("VDEVICE_ALLOC", v, 0x100, 0);
        iommufd_ops->device_close(device);
        destroy("its vDEVICE went with the device", vd, -ENOENT);
        device = iommufd_ops->device_open(cdev_path);
        VFIO("BIND", VFIO_DEVICE_BIND_IOMMUFD, 0, vfio_device_bind_iommufd, .iommufd = iommu);
        expect("its id is not used again", new_ioas() == vd, 0);
    }
}

/* --- Invalidations, events, faults ----------------------------------------------------------------------- */

static int invalidate(const char *what, uint32_t id, uint64_t (*cmds)[2], uint32_t n, uint32_t left, int want)
{
    struct iommu_hwpt_invalidate r = IOCTL(what, IOMMU_HWPT_INVALIDATE, want, iommu_hwpt_invalidate, .hwpt_id = id, .data_uptr = (uintptr_t)cmds,
                                           .data_type = IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3, .entry_len = 16, .entry_num = n);
    expect("entry_num", r.entry_num, left);
    return 0;
}

static void case_invalidate(void)
{
    static uint64_t many[130][2];
    uint64_t tlbi[2][2] = { { 0x11, 0 }, { 0x30, 0xff } }, cd[1][2] = { { 0x05 | 0x900ULL << 32, 1 } }, sync[1][2] = { { 0x46, 0 } };

    if (!nested) {
        return;
    }
    for (int i = 0; i < 130; i++) {
        many[i][0] = 0x11;
    }
    uint32_t s2 = stage2(), v = viommu("VIOMMU_ALLOC", IOMMU_VIOMMU_TYPE_ARM_SMMUV3, s2, 0), n = table("bypass", v, 0, ste_bypass, 0);
    invalidate("TLBI", v, tlbi, 2, 2, 0);
    invalidate("130 of them", v, many, 130, 130, 0);
    invalidate("a StreamID nobody has", v, cd, 1, 0, -EIO);
    vdevice("VDEVICE_ALLOC", v, 0x900, 0);
    invalidate("the same when somebody has it", v, cd, 1, 1, 0);
    invalidate("a command that is not the guest's to give", v, sync, 1, 0, -EIO);
    many[100][0] = 0x46;
    invalidate("in the second group", v, many, 130, 100, -EIO);
    invalidate("no entries", v, many, 0, 0, -EINVAL);
    invalidate("no such object", NO_ID, tlbi, 1, 0, -ENOENT);
    invalidate("a stage 2", s2, tlbi, 1, 0, -EINVAL);
    invalidate("a nested table", n, tlbi, 1, 0, -EOPNOTSUPP);
    IOCTL("reserved", IOMMU_HWPT_INVALIDATE, -EOPNOTSUPP, iommu_hwpt_invalidate, .hwpt_id = v, .__reserved = 1);
}

static void case_veventq(void)
{
    uint64_t record[5];

    if (nested) {
        uint32_t v = viommu("VIOMMU_ALLOC", IOMMU_VIOMMU_TYPE_ARM_SMMUV3, stage2(), 0);
        IOCTL("type 0", IOMMU_VEVENTQ_ALLOC, -EOPNOTSUPP, iommu_veventq_alloc, .viommu_id = v, .veventq_depth = 8);
        IOCTL("depth 0", IOMMU_VEVENTQ_ALLOC, -EINVAL, iommu_veventq_alloc, .viommu_id = v, .type = 1);
        IOCTL("no such vIOMMU", IOMMU_VEVENTQ_ALLOC, -ENOENT, iommu_veventq_alloc, .viommu_id = NO_ID, .type = 1, .veventq_depth = 8);
        struct iommu_veventq_alloc q = IOCTL("VEVENTQ_ALLOC", IOMMU_VEVENTQ_ALLOC, 0, iommu_veventq_alloc, .viommu_id = v, .type = 1, .veventq_depth = 8);
        int fd = (int)q.out_veventq_fd;
        IOCTL("a second one", IOMMU_VEVENTQ_ALLOC, -EEXIST, iommu_veventq_alloc, .viommu_id = v, .type = 1, .veventq_depth = 8);
        check("reading it empty", (int)iommufd_ops->event_read(fd, record, sizeof(record)), 0);
        check("reading 4 bytes", (int)iommufd_ops->event_read(fd, record, 4), -EINVAL);
        check("writing", (int)iommufd_ops->event_write(fd, record, 8), -EINVAL);
        destroy("DESTROY while its file is open", q.out_veventq_id, -EBUSY);
        iommufd_ops->event_close(fd);
        destroy("DESTROY", q.out_veventq_id, 0);
        IOCTL("HW_QUEUE of a type without", IOMMU_HW_QUEUE_ALLOC, -EOPNOTSUPP, iommu_hw_queue_alloc, .viommu_id = v, .type = 1, .length = PAGE);
        IOCTL("HW_QUEUE of length 0", IOMMU_HW_QUEUE_ALLOC, -EINVAL, iommu_hw_queue_alloc, .viommu_id = v, .type = 1);
    }
}

static void case_fault_queue(void)
{
    struct iommu_hwpt_pgfault fault;
    struct iommu_hwpt_page_response response = { .cookie = 99 };

    IOCTL("flags", IOMMU_FAULT_QUEUE_ALLOC, -EOPNOTSUPP, iommu_fault_alloc, .flags = 1);
    struct iommu_fault_alloc q = IOCTL("FAULT_QUEUE_ALLOC", IOMMU_FAULT_QUEUE_ALLOC, 0, iommu_fault_alloc);
    int fd = (int)q.out_fault_fd;
    check("reading it empty", (int)iommufd_ops->event_read(fd, &fault, sizeof(fault)), 0);
    check("reading 20 bytes", (int)iommufd_ops->event_read(fd, &fault, 20), -ESPIPE);
    check("answering nobody", (int)iommufd_ops->event_write(fd, &response, sizeof(response)), -EINVAL);
    check("writing 7 bytes", (int)iommufd_ops->event_write(fd, &response, 7), -ESPIPE);
    destroy("DESTROY while its file is open", q.out_fault_id, -EBUSY);
    if (nested) {
        uint32_t v = viommu("VIOMMU_ALLOC", IOMMU_VIOMMU_TYPE_ARM_SMMUV3, stage2(), 0);
        IOCTL("a table with no such queue", IOMMU_HWPT_ALLOC, -ENOENT, iommu_hwpt_alloc, .flags = IOMMU_HWPT_FAULT_ID_VALID, .dev_id = devid,
              .pt_id = v, .data_type = 2, .data_len = 16, .data_uptr = (uintptr_t)ste_bypass, .fault_id = NO_ID);
        uint32_t n = IOCTL("a table with it", IOMMU_HWPT_ALLOC, 0, iommu_hwpt_alloc, .flags = IOMMU_HWPT_FAULT_ID_VALID, .dev_id = devid,
                           .pt_id = v, .data_type = 2, .data_len = 16, .data_uptr = (uintptr_t)ste_bypass, .fault_id = q.out_fault_id).out_hwpt_id;
        iommufd_ops->event_close(fd);
        destroy("DESTROY while a table names it", q.out_fault_id, -EBUSY);
        destroy("DESTROY the table", n, 0);
        destroy("DESTROY the queue", q.out_fault_id, 0);
    } else {
        iommufd_ops->event_close(fd);
    }
}

/* --- All of them --------------------------------------------------------------------------------------------- */

static const struct { const char *name; void (*run)(void); } cases[] = {
    { "sizes", case_sizes }, { "ids", case_ids }, { "map", case_map }, { "map-anywhere", case_map_anywhere }, { "map-file", case_map_file },
    { "copy", case_copy }, { "late-pinning", case_late_pinning }, { "option", case_option }, { "ranges", case_ranges }, { "bind", case_bind },
    { "attach", case_attach }, { "device", case_device }, { "reset", case_reset }, { "pasid", case_pasid }, { "hw-info", case_hw_info }, { "table", case_table }, { "nest-parent", case_nest_parent }, { "vste", case_vste },
    { "vdevice", case_vdevice }, { "tombstone", case_tombstone }, { "invalidate", case_invalidate }, { "veventq", case_veventq },
    { "fault-queue", case_fault_queue },
};

/* Whether this SMMU and device can nest is theirs to say; it is no difference. */
static bool probe_nesting(void)
{
    struct iommu_hwpt_alloc s2 = { .size = sizeof(s2), .flags = IOMMU_HWPT_ALLOC_NEST_PARENT, .dev_id = devid, .pt_id = ioas };

    if (iommufd_ops->ioctl(iommu, IOMMU_HWPT_ALLOC, &s2) < 0) {
        return false;
    }
    struct iommu_viommu_alloc v = { .size = sizeof(v), .type = IOMMU_VIOMMU_TYPE_ARM_SMMUV3, .dev_id = devid, .hwpt_id = s2.out_hwpt_id };
    int r = iommufd_ops->ioctl(iommu, IOMMU_VIOMMU_ALLOC, &v);
    for (uint32_t id = r < 0 ? s2.out_hwpt_id : v.out_viommu_id; id; id = id == s2.out_hwpt_id ? 0 : s2.out_hwpt_id) {
        iommufd_ops->ioctl(iommu, IOMMU_DESTROY, &(struct iommu_destroy) { .size = sizeof(struct iommu_destroy), .id = id });
    }
    return r >= 0;
}

static bool begin(void)
{
    iommu = iommufd_ops->open();
    device = iommufd_ops->device_open(cdev_path);
    if (iommu < 0 || device < 0) {
        check(iommu < 0 ? "open /dev/iommu" : "open the device", iommu < 0 ? iommu : device, 0);
        return false;
    }
    devid = VFIO("BIND", VFIO_DEVICE_BIND_IOMMUFD, 0, vfio_device_bind_iommufd, .iommufd = iommu).out_devid;
    ioas = new_ioas();
    nested = probe_nesting();
    return true;
}

int conformance_run(const char *cdev)
{
    cdev_path = cdev;
    differ = 0;
    ram = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        case_name = cases[i].name;
        if (begin()) {
            cases[i].run();
            iommufd_ops->device_close(device);
            iommufd_ops->close(iommu);
        }
    }
    munmap(ram, 16 * PAGE);
    printf("# conformance: %zu cases, nesting %s, %d answers differ\n", ARRAY_SIZE(cases), nested ? "yes" : "no", differ);
    return differ;
}
