/*
 * The least that can run a guest: one vCPU, 2 MiB of RAM, KVM's interrupt
 * controller, and a loop that answers every MMIO read with zero. What an exit costs
 * here is KVM's own part of it.
 *
 * usage: bare-exit IMAGE.flat            (prints what the guest writes)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define RAM_BASE   0x40000000ULL
#define RAM_SIZE   (2 << 20)
#define ENTRY      0x80000
#define DIST_BASE  0x08000000ULL
#define REDIST_BASE 0x080a0000ULL
#define IPA_BITS   40
#define REG_PC     (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | 64)      /* in words of struct kvm_regs */

static int must(const char *what, int result)
{
    if (result < 0) {
        perror(what);
        exit(1);
    }
    return result;
}

static void make_ram(int vm, const char *path)
{
    char *ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct kvm_userspace_memory_region slot = { .guest_phys_addr = RAM_BASE, .memory_size = RAM_SIZE, .userspace_addr = (uintptr_t)ram };
    FILE *f = fopen(path, "r");

    if (!f || fread(ram + ENTRY, 1, RAM_SIZE - ENTRY, f) == 0) {
        perror(path);
        exit(1);
    }
    fclose(f);
    must("memory slot", ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot));
}

static void set_gic(int gic, unsigned group, unsigned attr, uint64_t value)
{
    struct kvm_device_attr a = { .group = group, .attr = attr, .addr = (uintptr_t)&value };

    must("GIC", ioctl(gic, KVM_SET_DEVICE_ATTR, &a));
}

static int make_vcpu(int vm)
{
    struct kvm_create_device gic = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
    uint64_t pc = RAM_BASE + ENTRY;
    struct kvm_one_reg reg = { .id = REG_PC, .addr = (uintptr_t)&pc };
    struct kvm_vcpu_init init;
    int vcpu = must("vCPU", ioctl(vm, KVM_CREATE_VCPU, 0));

    must("GIC", ioctl(vm, KVM_CREATE_DEVICE, &gic));
    must("vCPU type", ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init));
    init.features[0] |= 1 << KVM_ARM_VCPU_PSCI_0_2;
    must("vCPU", ioctl(vcpu, KVM_ARM_VCPU_INIT, &init));
    set_gic(gic.fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, DIST_BASE);
    set_gic(gic.fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST, REDIST_BASE);
    set_gic(gic.fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, 0);
    must("PC", ioctl(vcpu, KVM_SET_ONE_REG, &reg));
    return vcpu;
}

int main(int argc, char **argv)
{
    int kvm = must("/dev/kvm", open("/dev/kvm", O_RDWR)), vm = must("VM", ioctl(kvm, KVM_CREATE_VM, IPA_BITS)), vcpu;
    struct kvm_run *run;

    if (argc != 2) {
        fprintf(stderr, "usage: bare-exit IMAGE.flat\n");
        return 1;
    }
    make_ram(vm, argv[1]);
    vcpu = make_vcpu(vm);
    run = mmap(NULL, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
    for (;;) {
        must("KVM_RUN", ioctl(vcpu, KVM_RUN, 0));
        if (run->exit_reason != KVM_EXIT_MMIO) {
            return 0;                   /* PSCI SYSTEM_OFF */
        }
        if (run->mmio.is_write) {
            putchar(run->mmio.data[0]);
        } else {
            memset(run->mmio.data, 0, sizeof(run->mmio.data));
        }
    }
}
