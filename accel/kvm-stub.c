/*
 * A build without KVM: the host is not arm64. What devices ask of KVM says
 * no, and -accel kvm says why.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "system/kvm.h"

bool kvm_allowed;
int kvm_vm_fd = -1;

int kvm_vm_ioctl(unsigned long type, void *arg) { return -ENOSYS; }
int kvm_vcpu_ioctl(CPUState *cpu, unsigned long type, void *arg) { return -ENOSYS; }
int kvm_check_extension(unsigned cap) { return 0; }
bool kvm_irqfds_enabled(void) { return false; }
bool kvm_msi_via_irqfd_enabled(void) { return false; }
bool kvm_irqchip_in_kernel(void) { return false; }
void kvm_irqchip_set_msi_mode(KVMMsiMode mode) { }
bool kvm_resamplefds_enabled(void) { return false; }
KVMRouteChange kvm_irqchip_begin_route_changes(void) { return (KVMRouteChange) { 0 }; }
void kvm_irqchip_commit_route_changes(KVMRouteChange *c) { }

int kvm_irqchip_add_msi_route(KVMRouteChange *c, MSIMessage msg, struct PCIDevice *dev) { return -ENOSYS; }
int kvm_irqchip_update_msi_route(KVMRouteChange *c, int virq, MSIMessage msg, struct PCIDevice *dev) { return -ENOSYS; }
void kvm_irqchip_release_virq(int virq) { }
int kvm_irqchip_add_irqfd_notifier_gsi(EventNotifier *n, EventNotifier *resample, int virq) { return -ENOSYS; }
int kvm_irqchip_remove_irqfd_notifier_gsi(EventNotifier *n, int virq) { return -ENOSYS; }
int kvm_irqchip_get_gsi(qemu_irq irq) { return -1; }
void kvm_irqchip_set_qemuirq_gsi(qemu_irq irq, int gsi) { }
int kvm_irqchip_send_msi(MSIMessage msg, uint32_t devid) { return -ENOSYS; }
int kvm_set_irq(unsigned irq, int level) { return -ENOSYS; }

static bool kvm_init_machine(AccelState *as, MachineState *ms, Error **errp)
{
    error_setg(errp, "-accel kvm needs an arm64 host, and this program was built for another; "
               "`make lab` runs guests in a virtual arm64 host");
    return false;
}

static void kvm_accel_class_init(ObjectClass *klass, const void *data)
{
    AccelClass *ac = ACCEL_CLASS(klass);

    ac->name = "KVM";
    ac->allowed = &kvm_allowed;
    ac->init_machine = kvm_init_machine;
}

static const TypeInfo kvm_accel_info = {
    .name = "kvm" ACCEL_CLASS_SUFFIX,
    .parent = TYPE_ACCEL,
    .class_init = kvm_accel_class_init,
};
DEFINE_TYPE(kvm_accel_info)
