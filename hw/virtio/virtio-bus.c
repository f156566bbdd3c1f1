/*
 * The bus between a transport and its one device: plugging, doorbells as
 * eventfds while the driver is running, interrupts.
 *
 * Doorbell handlers run under the machine lock: in the main thread, or in the
 * I/O thread that the device was given.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virtio-internal.h"

static DeviceState *transport_of(VirtIODevice *vdev)
{
    return vdev->transport->parent_obj.parent;
}

void virtio_bus_notify(VirtIODevice *vdev, uint16_t vector)
{
    if (vdev->transport) {
        VIRTIO_BUS_GET_CLASS(vdev->transport)->notify(transport_of(vdev), vector);
    }
}

/* --- Doorbells ----------------------------------------------------------------------- */

static void host_notified(void *opaque)
{
    VirtQueue *vq = opaque;

    if (event_notifier_test_and_clear(&vq->host_notifier)) {
        virtio_queue_notify(vq->vdev, vq->index);
    }
}

/* Without an eventfd the doorbell stays what it is: a register. */
static void start_doorbell(VirtQueue *vq)
{
    VirtIODevice *vdev = vq->vdev;

    if (event_notifier_init(&vq->host_notifier, false) < 0) {
        return;
    }
    vq->has_host_notifier = true;
    qemu_set_fd_handler_in(vq->context, event_notifier_get_fd(&vq->host_notifier), host_notified, NULL, vq);
    VIRTIO_BUS_GET_CLASS(vdev->transport)->ioeventfd_set(transport_of(vdev), vq->index, &vq->host_notifier, true);
}

static void stop_doorbell(VirtQueue *vq)
{
    VirtIODevice *vdev = vq->vdev;

    if (vq->has_host_notifier) {
        VIRTIO_BUS_GET_CLASS(vdev->transport)->ioeventfd_set(transport_of(vdev), vq->index, &vq->host_notifier, false);
    }
}

static void close_doorbell(VirtQueue *vq)
{
    if (vq->has_host_notifier) {
        qemu_set_fd_handler(event_notifier_get_fd(&vq->host_notifier), NULL, NULL, NULL);
        event_notifier_cleanup(&vq->host_notifier);
        vq->has_host_notifier = false;
    }
}

static void for_queues(VirtIODevice *vdev, void (*fn)(VirtQueue *vq))
{
    for (unsigned i = 0; i < virtio_get_num_queues(vdev); i++) {
        fn(&vdev->vq[i]);
    }
}

static void start_ioeventfd(VirtIODevice *vdev)
{
    VirtIOBusClass *bc = VIRTIO_BUS_GET_CLASS(vdev->transport);

    if (vdev->ioeventfd_started || !bc->ioeventfd_wanted || !bc->ioeventfd_wanted(transport_of(vdev))) {
        return;
    }
    memory_region_transaction_begin();
    for_queues(vdev, start_doorbell);
    memory_region_transaction_commit();
    vdev->ioeventfd_started = true;
}

static void stop_ioeventfd(VirtIODevice *vdev)
{
    if (!vdev->ioeventfd_started) {
        return;
    }
    memory_region_transaction_begin();
    for_queues(vdev, stop_doorbell);
    memory_region_transaction_commit();
    for_queues(vdev, close_doorbell);   /* only now is the kernel done with them */
    vdev->ioeventfd_started = false;
}

void virtio_bus_status_changed(VirtIODevice *vdev)
{
    bool ok = vdev->status & VIRTIO_CONFIG_S_DRIVER_OK;
    VirtIOBusClass *bc;

    if (!vdev->transport) {
        return;
    }
    bc = VIRTIO_BUS_GET_CLASS(vdev->transport);
    if (ok && bc->dma_attrs) {
        vdev->dma_attrs = bc->dma_attrs(transport_of(vdev));    /* by now the function has its bus number */
        vdev->dma_attrs.memory = 1;
    }
    if (bc->driver_ok) {
        bc->driver_ok(transport_of(vdev), ok);
    }
    if (ok) {
        start_ioeventfd(vdev);
    } else {
        stop_ioeventfd(vdev);
    }
}

/* --- Plugging --------------------------------------------------------------------------- */

void virtio_queue_set_context(VirtQueue *vq, GMainContext *context)
{
    vq->context = context;
}

bool virtio_bus_plug(VirtIODevice *vdev, Error **errp)
{
    VirtIOBus *bus = VIRTIO_BUS(qdev_get_parent_bus(DEVICE(vdev)));
    VirtIOBusClass *bc = VIRTIO_BUS_GET_CLASS(bus);

    vdev->transport = bus;
    if (!bc->plugged(bus->parent_obj.parent, vdev, errp)) {
        vdev->transport = NULL;
        return false;
    }
    bus->vdev = vdev;
    if (bc->dma_as && virtio_host_has_feature(vdev, VIRTIO_F_ACCESS_PLATFORM)) {
        vdev->dma_as = bc->dma_as(bus->parent_obj.parent);
    }
    return true;
}

void virtio_bus_unplug(VirtIODevice *vdev)
{
    VirtIOBus *bus = vdev->transport;
    VirtIOBusClass *bc = VIRTIO_BUS_GET_CLASS(bus);

    if (bc->unplugged) {
        bc->unplugged(bus->parent_obj.parent, vdev);
    }
    bus->vdev = NULL;
    vdev->transport = NULL;
}

static void virtio_bus_class_init(ObjectClass *klass, const void *data)
{
    BUS_CLASS(klass)->max_dev = 1;
}

static const TypeInfo virtio_bus_info = {
    .name = TYPE_VIRTIO_BUS, .parent = TYPE_BUS, .abstract = true, .instance_size = sizeof(VirtIOBus),
    .class_size = sizeof(VirtIOBusClass), .class_init = virtio_bus_class_init,
};
DEFINE_TYPE(virtio_bus_info)
