/*
 * -accel kvm: opening the host's KVM, making the VM, and the small ioctl
 * helpers everyone else uses. Runs under the machine lock, except the ioctl
 * helpers, which any thread may call.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/ioctl.h>
#include "kvm-int.h"
#include "system/system.h"
#include "accel.trace.h"

bool kvm_allowed;
int kvm_vm_fd = -1;
KVMState *kvm_state;

#define TYPE_KVM_ACCEL "kvm" ACCEL_CLASS_SUFFIX
DECLARE_INSTANCE_CHECKER(KVMState, KVM_STATE, TYPE_KVM_ACCEL)

static int do_ioctl(int fd, unsigned long type, void *arg)
{
    int ret = ioctl(fd, type, arg);

    return ret < 0 ? -errno : ret;
}

int kvm_vm_ioctl(unsigned long type, void *arg)
{
    return do_ioctl(kvm_vm_fd, type, arg);
}

int kvm_vcpu_ioctl(CPUState *cpu, unsigned long type, void *arg)
{
    return do_ioctl(kvm_vcpu(cpu)->fd, type, arg);
}

int kvm_vcpu_fd(CPUState *cpu)
{
    return kvm_vcpu(cpu)->fd;
}

int kvm_check_extension(unsigned cap)
{
    int ret = kvm_vm_fd < 0 ? 0 : kvm_vm_ioctl(KVM_CHECK_EXTENSION, (void *)(uintptr_t)cap);

    return MAX(ret, 0);
}

int kvm_enable_cap(unsigned cap, uint64_t arg)
{
    struct kvm_enable_cap ec = { .cap = cap, .args[0] = arg };

    return kvm_vm_ioctl(KVM_ENABLE_CAP, &ec);
}

int kvm_create_device(uint32_t type, bool test)
{
    struct kvm_create_device cd = { .type = type, .flags = test ? KVM_CREATE_DEVICE_TEST : 0 };
    int ret = kvm_vm_ioctl(KVM_CREATE_DEVICE, &cd);

    return ret < 0 ? ret : test ? 0 : (int)cd.fd;
}

static int device_attr(int fd, unsigned long type, uint32_t group, uint64_t attr, const void *val)
{
    struct kvm_device_attr da = { .group = group, .attr = attr, .addr = (uintptr_t)val };

    return do_ioctl(fd, type, &da);
}

int kvm_device_set_attr(int fd, uint32_t group, uint64_t attr, const void *val)
{
    return device_attr(fd, KVM_SET_DEVICE_ATTR, group, attr, val);
}

int kvm_device_get_attr(int fd, uint32_t group, uint64_t attr, void *val)
{
    return device_attr(fd, KVM_GET_DEVICE_ATTR, group, attr, val);
}

bool kvm_device_has_attr(int fd, uint32_t group, uint64_t attr)
{
    return device_attr(fd, KVM_HAS_DEVICE_ATTR, group, attr, NULL) == 0;
}

/* --- starting ----------------------------------------------------------- */

static const struct { unsigned cap; const char *name; } required_caps[] = {
    { KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY" },
    { KVM_CAP_READONLY_MEM, "KVM_CAP_READONLY_MEM" },
    { KVM_CAP_ONE_REG, "KVM_CAP_ONE_REG" },
    { KVM_CAP_MP_STATE, "KVM_CAP_MP_STATE" },
    { KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT" },
    { KVM_CAP_IOEVENTFD, "KVM_CAP_IOEVENTFD" },
    { KVM_CAP_IRQFD, "KVM_CAP_IRQFD" },
    { KVM_CAP_IRQ_ROUTING, "KVM_CAP_IRQ_ROUTING" },
    { KVM_CAP_DEVICE_CTRL, "KVM_CAP_DEVICE_CTRL" },
};

static int kvm_open(const char *path, Error **errp)
{
    int fd = open(path, O_RDWR | O_CLOEXEC), version;

    if (fd < 0) {
        if (errno == ENOENT || errno == ENODEV || errno == ENXIO) {
            error_setg(errp, "-accel kvm: this host has no %s; its kernel lacks KVM or did not start at EL2 "
                       "(`make lab` runs guests in a virtual arm64 host)", path);
        } else if (errno == EACCES || errno == EPERM) {
            error_setg(errp, "-accel kvm: no permission to open %s; add the user to group kvm", path);
        } else {
            error_setg_errno(errp, errno, "-accel kvm: cannot open %s", path);
        }
        return -1;
    }
    version = do_ioctl(fd, KVM_GET_API_VERSION, NULL);
    if (version != KVM_API_VERSION) {
        error_setg(errp, "-accel kvm: %s is not KVM with interface version %d", path, KVM_API_VERSION);
        close(fd);
        return -1;
    }
    return fd;
}

static bool check_host(int fd, const MachineState *ms, Error **errp)
{
    int max = do_ioctl(fd, KVM_CHECK_EXTENSION, (void *)(uintptr_t)KVM_CAP_MAX_VCPUS);

    for (size_t i = 0; i < ARRAY_SIZE(required_caps); i++) {
        if (do_ioctl(fd, KVM_CHECK_EXTENSION, (void *)(uintptr_t)required_caps[i].cap) <= 0) {
            error_setg(errp, "-accel kvm: the host kernel lacks %s; use Linux 5.10 or later", required_caps[i].name);
            return false;
        }
    }
    if (max > 0 && ms->smp.max_cpus > (unsigned)max) {
        error_setg(errp, "-smp: %u vCPUs asked for, and KVM on this host allows %d", ms->smp.max_cpus, max);
        return false;
    }
    return true;
}

static bool create_vm(KVMState *s, MachineState *ms, Error **errp)
{
    unsigned long type;
    int ret;

    if (!kvm_arch_vm_type(s->fd, ms, &type, errp)) {
        return false;
    }
    do {
        ret = do_ioctl(s->fd, KVM_CREATE_VM, (void *)type);
    } while (ret == -EINTR);
    trace_kvm_create_vm(type, ret);
    if (ret < 0) {
        error_setg_errno(errp, -ret, "-accel kvm: the host could not make a virtual machine");
        return false;
    }
    kvm_vm_fd = ret;
    return true;
}

static void close_vm(KVMState *s)
{
    if (kvm_vm_fd >= 0) {
        close(kvm_vm_fd);
        kvm_vm_fd = -1;
    }
    if (s->fd >= 0) {
        close(s->fd);
        s->fd = -1;
    }
}

/* vCPUs stand whenever this is called. */
static void run_state_changed(void *opaque, bool running, RunState state)
{
    if (running) {
        kvm_arch_clock_start(qemu_get_cpu(0));
    } else {
        kvm_arch_clock_stop(qemu_get_cpu(0));
    }
}

static bool kvm_init_machine(AccelState *as, MachineState *ms, Error **errp)
{
    KVMState *s = KVM_STATE(as);
    int size;

    s->fd = kvm_open(s->device ? s->device : "/dev/kvm", errp);
    if (s->fd < 0) {
        return false;
    }
    if (!check_host(s->fd, ms, errp) || !create_vm(s, ms, errp) || !kvm_arch_init(ms, errp)) {
        close_vm(s);
        return false;
    }
    size = do_ioctl(s->fd, KVM_GET_VCPU_MMAP_SIZE, NULL);
    s->run_size = MAX(size, (int)sizeof(struct kvm_run));
    s->max_slots = kvm_check_extension(KVM_CAP_NR_MEMSLOTS) ?: 32;
    kvm_state = s;
    kvm_irqchip_init();
    kvm_vcpu_init_signals();
    kvm_memory_init(s->max_slots);
    kvm_coalesced_init();
    qemu_add_vm_change_state_handler(run_state_changed, NULL);
    return true;
}

/* --- properties ---------------------------------------------------------- */

static char *get_device(Object *obj, Error **errp)
{
    return g_strdup(KVM_STATE(obj)->device ? KVM_STATE(obj)->device : "/dev/kvm");
}

static void set_device(Object *obj, const char *value, Error **errp)
{
    g_free(KVM_STATE(obj)->device);
    KVM_STATE(obj)->device = g_strdup(value);
}

static char *get_irqchip(Object *obj, Error **errp)
{
    return g_strdup("on");
}

static void set_irqchip(Object *obj, const char *value, Error **errp)
{
    if (strcmp(value, "on")) {
        error_setg(errp, "-accel kvm,kernel-irqchip=%s: the interrupt controller is always the kernel's; use on", value);
    }
}

static void kvm_accel_init(Object *obj)
{
    KVM_STATE(obj)->fd = -1;
}

static void kvm_accel_finalize(Object *obj)
{
    g_free(KVM_STATE(obj)->device);
}

static void kvm_accel_class_init(ObjectClass *klass, const void *data)
{
    AccelClass *ac = ACCEL_CLASS(klass);

    ac->name = "KVM";
    ac->allowed = &kvm_allowed;
    ac->init_machine = kvm_init_machine;
    kvm_vcpu_class_init(ac);
    object_class_property_add_str(klass, "device", get_device, set_device);
    object_class_property_set_description(klass, "device", "Path of the KVM device, /dev/kvm by default");
    object_class_property_add_str(klass, "kernel-irqchip", get_irqchip, set_irqchip);
    object_class_property_set_description(klass, "kernel-irqchip", "Interrupt controller in the kernel; always on");
}

static const TypeInfo kvm_accel_info = {
    .name = TYPE_KVM_ACCEL,
    .parent = TYPE_ACCEL,
    .instance_size = sizeof(KVMState),
    .instance_init = kvm_accel_init,
    .instance_finalize = kvm_accel_finalize,
    .class_init = kvm_accel_class_init,
};
DEFINE_TYPE(kvm_accel_info)
