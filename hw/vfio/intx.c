/*
 * INTx of an assigned function.
 *
 * INTx is a level; the host reports an edge and masks the wire until told
 * that the guest is done. With KVM the interrupt controller says so (the
 * resample eventfd, on the guest's end of interrupt) and that unmasks in the
 * host directly. Without it the guest's next access to a BAR is taken as the
 * end: while an interrupt is pending the BARs are trapped instead of mmapped,
 * and a timer restores the fast path when the interrupts have stopped.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pci.h"
#include "hw_vfio.trace.h"

static void restart_mmap_timer(VFIOPCIDevice *vdev)
{
    timer_mod(vdev->intx.mmap_timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + vdev->intx_mmap_timeout_ms * 1000000LL);
}

static void mmap_timer_expired(void *opaque)
{
    VFIOPCIDevice *vdev = opaque;

    if (vdev->intx.pending) {
        restart_mmap_timer(vdev);
    } else {
        vfio_bars_set_mmaps_enabled(vdev, true);
    }
}

static void intx_event(void *opaque)
{
    VFIOPCIDevice *vdev = opaque;

    if (!event_notifier_test_and_clear(&vdev->intx.interrupt)) {
        return;
    }
    trace_vfio_intx_interrupt(vdev->vbasedev.name, (char)('A' + vdev->intx.pin - 1));
    vdev->intx.pending = true;
    pci_irq_assert(PCI_DEVICE(vdev));
    vfio_bars_set_mmaps_enabled(vdev, false);
    restart_mmap_timer(vdev);
}

void vfio_intr_bar_accessed(VFIORegion *region)
{
    VFIOPCIDevice *vdev = container_of(region->vdev, VFIOPCIDevice, vbasedev);

    if (!vdev->intx.pending) {
        return;
    }
    trace_vfio_intx_eoi(vdev->vbasedev.name);
    vdev->intx.pending = false;
    pci_irq_deassert(PCI_DEVICE(vdev));
    vfio_device_irq_action(&vdev->vbasedev, VFIO_PCI_INTX_IRQ_INDEX, VFIO_IRQ_SET_ACTION_UNMASK);
}

/* Failure at any step leaves the main-loop path in place. */
static void intx_enable_kvm(VFIOPCIDevice *vdev)
{
    VFIODevice *vbase = &vdev->vbasedev;
    int32_t fd;

    if (vdev->no_kvm_intx || !kvm_irqfds_enabled() || !kvm_resamplefds_enabled()) {
        return;
    }
    vdev->intx.route = pci_device_route_intx_to_irq(PCI_DEVICE(vdev), vdev->intx.pin - 1);
    if (vdev->intx.route.mode != PCI_INTX_ENABLED || event_notifier_init(&vdev->intx.unmask, false) < 0) {
        return;
    }
    qemu_set_fd_handler(event_notifier_get_fd(&vdev->intx.interrupt), NULL, NULL, NULL);
    vfio_device_irq_action(vbase, VFIO_PCI_INTX_IRQ_INDEX, VFIO_IRQ_SET_ACTION_MASK);
    if (kvm_irqchip_add_irqfd_notifier_gsi(&vdev->intx.interrupt, &vdev->intx.unmask, vdev->intx.route.irq) == 0) {
        fd = event_notifier_get_fd(&vdev->intx.unmask);
        if (vfio_device_set_irqs(vbase, VFIO_PCI_INTX_IRQ_INDEX, VFIO_IRQ_SET_ACTION_UNMASK, 0, &fd, 1) == 0) {
            vdev->intx.kvm = true;
        } else {
            kvm_irqchip_remove_irqfd_notifier_gsi(&vdev->intx.interrupt, vdev->intx.route.irq);
        }
    }
    if (!vdev->intx.kvm) {
        event_notifier_cleanup(&vdev->intx.unmask);
        qemu_set_fd_handler(event_notifier_get_fd(&vdev->intx.interrupt), intx_event, NULL, vdev);
    }
    vfio_device_irq_action(vbase, VFIO_PCI_INTX_IRQ_INDEX, VFIO_IRQ_SET_ACTION_UNMASK);
}

int vfio_intx_enable(VFIOPCIDevice *vdev)
{
    uint8_t pin = vdev->host_config[PCI_INTERRUPT_PIN];
    struct vfio_irq_info info;
    int32_t fd;
    int r;

    if (pin < 1 || pin > 4 || vfio_device_irq_info(&vdev->vbasedev, VFIO_PCI_INTX_IRQ_INDEX, &info) < 0 || info.count < 1) {
        return 0;
    }
    r = event_notifier_init(&vdev->intx.interrupt, false);
    if (r < 0) {
        return r;
    }
    fd = event_notifier_get_fd(&vdev->intx.interrupt);
    vdev->intx.pin = pin;
    qemu_set_fd_handler(fd, intx_event, NULL, vdev);
    r = vfio_device_set_irqs(&vdev->vbasedev, VFIO_PCI_INTX_IRQ_INDEX, VFIO_IRQ_SET_ACTION_TRIGGER, 0, &fd, 1);
    if (r < 0) {
        qemu_set_fd_handler(fd, NULL, NULL, NULL);
        event_notifier_cleanup(&vdev->intx.interrupt);
        return r;
    }
    vdev->intx.mmap_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, mmap_timer_expired, vdev);
    vdev->intx.enabled = true;
    vdev->interrupt = VFIO_INT_INTX;
    intx_enable_kvm(vdev);
    trace_vfio_intx_enable(vdev->vbasedev.name, vdev->intx.kvm);
    return 0;
}

void vfio_intx_disable(VFIOPCIDevice *vdev)
{
    if (!vdev->intx.enabled) {
        return;
    }
    timer_free(vdev->intx.mmap_timer);
    vdev->intx.mmap_timer = NULL;
    if (vdev->intx.kvm) {
        int32_t none = -1;
        vfio_device_set_irqs(&vdev->vbasedev, VFIO_PCI_INTX_IRQ_INDEX, VFIO_IRQ_SET_ACTION_UNMASK, 0, &none, 1);
        kvm_irqchip_remove_irqfd_notifier_gsi(&vdev->intx.interrupt, vdev->intx.route.irq);
        event_notifier_cleanup(&vdev->intx.unmask);
        vdev->intx.kvm = false;
    }
    vfio_device_disable_irqs(&vdev->vbasedev, VFIO_PCI_INTX_IRQ_INDEX);
    qemu_set_fd_handler(event_notifier_get_fd(&vdev->intx.interrupt), NULL, NULL, NULL);
    event_notifier_cleanup(&vdev->intx.interrupt);
    vdev->intx.pending = false;
    vdev->intx.enabled = false;
    pci_irq_deassert(PCI_DEVICE(vdev));
    vfio_bars_set_mmaps_enabled(vdev, true);
    trace_vfio_intx_disable(vdev->vbasedev.name);
}
