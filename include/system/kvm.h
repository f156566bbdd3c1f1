/*
 * KVM as devices use it: interrupt routes, irqfds, ioeventfds. On hosts or
 * builds without KVM, and under -accel qtest, kvm_enabled() is false and the
 * functions answer -ENOSYS.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SYSTEM_KVM_H
#define SYSTEM_KVM_H

#include "accel/accel.h"
#include "hw/core/irq.h"
#include "util/event_notifier.h"

typedef struct MSIMessage { uint64_t address; uint32_t data; } MSIMessage;
struct PCIDevice;

extern int kvm_vm_fd;                               /* -1: no VM */
int kvm_vm_ioctl(unsigned long type, void *arg);    /* 0.. or -errno */
int kvm_vcpu_ioctl(CPUState *cpu, unsigned long type, void *arg);
int kvm_check_extension(unsigned cap);              /* of the VM */
int kvm_enable_cap(unsigned cap, uint64_t arg);     /* of the VM; 0 or -errno */

/* Devices inside the kernel (GIC, ITS) and attributes of them, of vCPUs, of the VM: 0.. or -errno. */
int kvm_create_device(uint32_t type, bool test);    /* fd; @test: only whether it could be made */
int kvm_device_set_attr(int fd, uint32_t group, uint64_t attr, const void *val);
int kvm_device_get_attr(int fd, uint32_t group, uint64_t attr, void *val);
bool kvm_device_has_attr(int fd, uint32_t group, uint64_t attr);
int kvm_vcpu_fd(CPUState *cpu);

bool kvm_irqfds_enabled(void);
bool kvm_msi_via_irqfd_enabled(void);
bool kvm_irqchip_in_kernel(void);
bool kvm_resamplefds_enabled(void);

/*
 * Routes: a GSI number that stands for an MSI of @dev. begin/commit let many
 * change with one ioctl. The doorbell address goes through the device's
 * vIOMMU first (kvm_arch_fixup_msi_route).
 */
typedef struct KVMRouteChange { int changes; } KVMRouteChange;
KVMRouteChange kvm_irqchip_begin_route_changes(void);
void kvm_irqchip_commit_route_changes(KVMRouteChange *c);
int kvm_irqchip_add_msi_route(KVMRouteChange *c, MSIMessage msg, struct PCIDevice *dev);   /* virq or -errno */
int kvm_irqchip_update_msi_route(KVMRouteChange *c, int virq, MSIMessage msg, struct PCIDevice *dev);
void kvm_irqchip_release_virq(int virq);
int kvm_irqchip_add_irqfd_notifier_gsi(EventNotifier *n, EventNotifier *resample, int virq);
int kvm_irqchip_remove_irqfd_notifier_gsi(EventNotifier *n, int virq);
/* Which GSI a wire into the in-kernel interrupt controller is; -1: none. */
int kvm_irqchip_get_gsi(qemu_irq irq);
void kvm_irqchip_set_qemuirq_gsi(qemu_irq irq, int gsi);
int kvm_irqchip_send_msi(MSIMessage msg, uint32_t devid);
int kvm_set_irq(unsigned irq, int level);           /* KVM_IRQ_LINE with the arch's encoding */
/* By the interrupt controller: GSIs 0..n-1 are its wires; how MSIs reach it. */
typedef enum KVMMsiMode { KVM_MSI_NONE, KVM_MSI_DIRECT_SPI, KVM_MSI_TRANSLATED } KVMMsiMode;
void kvm_irqchip_init_wires(unsigned n);
void kvm_irqchip_set_msi_mode(KVMMsiMode mode);     /* DIRECT_SPI: the data is the interrupt's number (v2m) */

#endif
