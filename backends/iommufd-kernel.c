/*
 * The kernel behind IOMMUFDOps: each operation is one system call. A call that
 * a signal interrupted is made again, so that no caller has to know EINTR.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include "backends/iommufd.h"

static int kernel_open_path(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int kernel_open(void)
{
    return kernel_open_path("/dev/iommu");
}

static void kernel_close(int fd)
{
    close(fd);
}

static int kernel_ioctl(int fd, unsigned long cmd, void *arg)
{
    int r;

    do {
        r = ioctl(fd, cmd, arg);
    } while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : r;
}

static ssize_t kernel_read(int fd, void *buf, size_t n)
{
    ssize_t r;

    do {
        r = read(fd, buf, n);
    } while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : r;
}

static ssize_t kernel_write(int fd, const void *buf, size_t n)
{
    ssize_t r;

    do {
        r = write(fd, buf, n);
    } while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : r;
}

static ssize_t kernel_pread(int fd, void *buf, size_t n, uint64_t offset)
{
    ssize_t r;

    do {
        r = pread(fd, buf, n, (off_t)offset);
    } while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : r;
}

static ssize_t kernel_pwrite(int fd, const void *buf, size_t n, uint64_t offset)
{
    ssize_t r;

    do {
        r = pwrite(fd, buf, n, (off_t)offset);
    } while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : r;
}

static void *kernel_mmap(int fd, void *at, size_t size, int prot, uint64_t offset)
{
    void *p = mmap(at, size, prot, MAP_SHARED | (at ? MAP_FIXED : 0), fd, (off_t)offset);
    return p == MAP_FAILED ? NULL : p;
}

static void *kernel_device_mmap(int fd, size_t size, int prot, uint64_t offset)
{
    return kernel_mmap(fd, NULL, size, prot, offset);
}

static void kernel_device_munmap(int fd, void *p, size_t size)
{
    munmap(p, size);
}

static void kernel_munmap(int fd, void *p, size_t size)
{
    if (mmap(p, size, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED) {
        munmap(p, size);                /* the kernel must get it back */
    }
}

const IOMMUFDOps iommufd_kernel_ops = {
    .open = kernel_open,
    .close = kernel_close,
    .ioctl = kernel_ioctl,
    .mmap = kernel_mmap,
    .munmap = kernel_munmap,
    .event_read = kernel_read,
    .event_write = kernel_write,
    .event_close = kernel_close,
    .device_open = kernel_open_path,
    .device_close = kernel_close,
    .device_ioctl = kernel_ioctl,
    .device_pread = kernel_pread,
    .device_pwrite = kernel_pwrite,
    .device_mmap = kernel_device_mmap,
    .device_munmap = kernel_device_munmap,
    .sys_root = "/sys",
    .dev_root = "/dev",
};

const IOMMUFDOps *iommufd_ops = &iommufd_kernel_ops;
