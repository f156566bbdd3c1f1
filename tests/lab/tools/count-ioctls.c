/*
 * Preloaded into a program under test: counts its ioctl() calls in the file that
 * the environment names.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "ioctl-counts.h"

#define HWPT_INVALIDATE 0x3b8d      /* _IO(';', 0x8d) */

static IoctlCounts nowhere, *counts = &nowhere;

__attribute__((constructor)) static void count_from_here(void)
{
    const char *path = getenv(IOCTL_COUNTS_FILE);
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (p != MAP_FAILED) {
        counts = p;
    }
    if (fd >= 0) {
        close(fd);
    }
}

int ioctl(int fd, unsigned long request, ...)
{
    long *counter = request == KVM_RUN ? &counts->runs : &counts->all;
    va_list args;
    void *arg;

    va_start(args, request);
    arg = va_arg(args, void *);
    va_end(args);
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
    if (request == HWPT_INVALIDATE) {
        __atomic_fetch_add(&counts->invalidations, 1, __ATOMIC_RELAXED);
    }
    return syscall(SYS_ioctl, fd, request, arg);
}
