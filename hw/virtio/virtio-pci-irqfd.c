/*
 * Queue interrupts of a virtio PCI function as irqfds: with MSI-X and KVM, a
 * queue's eventfd is bound to the route of its vector, and completing a buffer
 * costs one write to it. While the guest masks a vector the main loop takes the
 * eventfd and leaves the interrupt pending in the MSI-X capability.
 *
 * Runs in the main thread or a vCPU, under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virtio-pci-internal.h"

static void guest_notified(void *opaque)
{
    VirtQueue *vq = opaque;
    VirtIOPCIProxy *proxy = VIRTIO_PCI(vq->vdev->transport->parent_obj.parent);

    if (event_notifier_test_and_clear(&vq->guest_notifier)) {
        msix_notify(&proxy->parent_obj, vq->vector);
    }
}

static void to_main_loop(VirtQueue *vq)
{
    qemu_set_fd_handler(event_notifier_get_fd(&vq->guest_notifier), guest_notified, NULL, vq);
}

/* Binds or unbinds the queues of @vector. What KVM does not take stays with the main loop. */
static void bind_queues(VirtIOPCIProxy *proxy, unsigned vector, bool bind)
{
    int virq = proxy->vectors[vector].virq;

    for (unsigned i = 0; i < virtio_get_num_queues(proxy->vdev); i++) {
        VirtQueue *vq = &proxy->vdev->vq[i];

        if (!vq->has_guest_notifier || vq->vector != vector) {
            continue;
        }
        if (!bind) {
            kvm_irqchip_remove_irqfd_notifier_gsi(&vq->guest_notifier, virq);
            to_main_loop(vq);
        } else {
            qemu_set_fd_handler(event_notifier_get_fd(&vq->guest_notifier), NULL, NULL, NULL);
            if (kvm_irqchip_add_irqfd_notifier_gsi(&vq->guest_notifier, NULL, virq) < 0) {
                to_main_loop(vq);
            }
        }
    }
}

static int route_vector(PCIDevice *dev, VirtIOPCIVector *v, MSIMessage msg, KVMRouteChange *change)
{
    if (v->virq >= 0) {
        return kvm_irqchip_update_msi_route(change, v->virq, msg, dev);
    }
    v->virq = kvm_irqchip_add_msi_route(change, msg, dev);
    return MIN(v->virq, 0);
}

static int vector_use(PCIDevice *dev, unsigned vector, MSIMessage msg)
{
    VirtIOPCIProxy *proxy = VIRTIO_PCI(dev);
    VirtIOPCIVector *v = &proxy->vectors[vector];
    KVMRouteChange change;
    int err;

    if (!v->users) {
        return 0;
    }
    if (proxy->starting) {
        return route_vector(dev, v, msg, proxy->starting);
    }
    change = kvm_irqchip_begin_route_changes();
    err = route_vector(dev, v, msg, &change);
    kvm_irqchip_commit_route_changes(&change);
    if (err >= 0) {
        bind_queues(proxy, vector, true);
    }
    return err;
}

static void vector_release(PCIDevice *dev, unsigned vector)
{
    VirtIOPCIProxy *proxy = VIRTIO_PCI(dev);

    if (proxy->vectors[vector].virq >= 0) {
        bind_queues(proxy, vector, false);
    }
}

static void open_notifier(VirtIOPCIProxy *proxy, VirtQueue *vq)
{
    if (vq->vector >= proxy->nvectors || event_notifier_init(&vq->guest_notifier, false) < 0) {
        return;                         /* interrupts of this queue are sent as messages */
    }
    vq->has_guest_notifier = true;
    proxy->vectors[vq->vector].users++;
    to_main_loop(vq);
}

static void close_notifier(VirtQueue *vq)
{
    if (!vq->has_guest_notifier) {
        return;
    }
    guest_notified(vq);                 /* an event that nobody has seen yet */
    qemu_set_fd_handler(event_notifier_get_fd(&vq->guest_notifier), NULL, NULL, NULL);
    event_notifier_cleanup(&vq->guest_notifier);
    vq->has_guest_notifier = false;
}

/* All routes with one change: each is a wait in the kernel. */
static void start_vectors(VirtIOPCIProxy *proxy)
{
    KVMRouteChange change = kvm_irqchip_begin_route_changes();
    int err;

    proxy->starting = &change;
    err = msix_set_vector_notifiers(&proxy->parent_obj, vector_use, vector_release, NULL);
    proxy->starting = NULL;
    kvm_irqchip_commit_route_changes(&change);
    if (err < 0) {
        virtio_pci_irqfd_stop(proxy);
        return;
    }
    for (unsigned i = 0; i < proxy->nvectors; i++) {
        if (proxy->vectors[i].virq >= 0) {
            bind_queues(proxy, i, true);
        }
    }
}

void virtio_pci_irqfd_start(VirtIOPCIProxy *proxy)
{
    if (proxy->vectors || !kvm_msi_via_irqfd_enabled() || !msix_enabled(&proxy->parent_obj)) {
        return;
    }
    proxy->vectors = g_new0(VirtIOPCIVector, proxy->nvectors);
    for (unsigned i = 0; i < proxy->nvectors; i++) {
        proxy->vectors[i].virq = -1;
    }
    for (unsigned i = 0; i < virtio_get_num_queues(proxy->vdev); i++) {
        open_notifier(proxy, &proxy->vdev->vq[i]);
    }
    start_vectors(proxy);
}

void virtio_pci_irqfd_stop(VirtIOPCIProxy *proxy)
{
    if (!proxy->vectors) {
        return;
    }
    msix_unset_vector_notifiers(&proxy->parent_obj);
    for (unsigned i = 0; i < virtio_get_num_queues(proxy->vdev); i++) {
        close_notifier(&proxy->vdev->vq[i]);
    }
    for (unsigned i = 0; i < proxy->nvectors; i++) {
        if (proxy->vectors[i].virq >= 0) {
            kvm_irqchip_release_virq(proxy->vectors[i].virq);
        }
    }
    g_clear_pointer(&proxy->vectors, g_free);
}
