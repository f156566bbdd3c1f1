/*
 * Serial ports over virtio: virtio 1.2 section 5.3. This is the device: its
 * queues, configuration and the control queues over which ports come, go, open
 * and close. The ports are in virtio-serial-port.c.
 *
 * What the driver has to hear about a port waits, a bit for each kind of
 * message, until the driver has given a buffer for it: nothing is lost, and a
 * driver that gives none makes nothing grow.
 *
 * Not modelled: the size of a console. Runs under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/trace.h"
#include "virtio-serial.h"

#define PORT_QUEUE_SIZE     128
#define CONTROL_QUEUE_SIZE  32
#define CONFIG_SIZE         sizeof(struct virtio_console_config)

bool virtio_serial_multiport(const VirtIOSerial *vser)
{
    return virtio_vdev_has_feature(&vser->parent_obj, VIRTIO_CONSOLE_F_MULTIPORT);
}

/* --- To the driver ------------------------------------------------------------------------- */

static bool send_message(VirtIOSerial *vser, uint32_t id, uint16_t event, uint16_t value, const char *text)
{
    struct virtio_console_control head = { htole32(id), htole16(event), htole16(value) };
    VirtQueueElement *elem = virtqueue_pop(vser->control_in, sizeof(*elem));
    size_t n;

    if (!elem) {
        return false;
    }
    n = iov_from_buf(elem->in_sg, elem->in_num, 0, &head, sizeof(head));
    if (text) {
        n += iov_from_buf(elem->in_sg, elem->in_num, sizeof(head), text, strlen(text) + 1);
    }
    virtqueue_push(vser->control_in, elem, n);
    g_free(elem);
    return true;
}

static bool tell_one(VirtIOSerial *vser, uint32_t id, uint8_t what)
{
    VirtIOSerialPort *port = vser->ports[id];

    switch (what) {
    case TELL_REMOVE:  return send_message(vser, id, VIRTIO_CONSOLE_PORT_REMOVE, 1, NULL);
    case TELL_ADD:     return send_message(vser, id, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
    case TELL_CONSOLE: return send_message(vser, id, VIRTIO_CONSOLE_CONSOLE_PORT, 1, NULL);
    case TELL_NAME:    return send_message(vser, id, VIRTIO_CONSOLE_PORT_NAME, 1, port->name);
    default:           return send_message(vser, id, VIRTIO_CONSOLE_PORT_OPEN, port->host_open, NULL);
    }
}

static void tell_all(VirtIOSerial *vser)
{
    bool sent = false, room = true;

    for (uint32_t id = 0; id < vser->max_ports && room; id++) {
        while (vser->tell[id] && room) {
            uint8_t what = vser->tell[id] & -vser->tell[id];

            room = tell_one(vser, id, what);
            vser->tell[id] &= room ? ~what : 0xff;
            sent |= room;
        }
    }
    if (sent) {
        virtio_notify(VIRTIO_DEVICE(vser), vser->control_in);
    }
}

void virtio_serial_tell(VirtIOSerial *vser, uint32_t id, uint8_t what)
{
    if (!vser->driver_ready) {
        return;                         /* it will ask */
    }
    if (what == TELL_REMOVE && (vser->tell[id] & TELL_ADD)) {
        vser->tell[id] &= TELL_REMOVE;  /* it never knew */
    } else if (what == TELL_REMOVE) {
        vser->tell[id] = TELL_REMOVE;
    } else {
        vser->tell[id] |= what;
    }
    tell_all(vser);
}

/* --- From the driver ------------------------------------------------------------------------- */

static void driver_ready(VirtIOSerial *vser, bool ok)
{
    if (!ok) {
        log_guest_error("virtio-serial: the driver could not set itself up\n");
        return;
    }
    vser->driver_ready = true;
    for (uint32_t id = 0; id < vser->max_ports; id++) {
        if (vser->ports[id]) {
            virtio_serial_tell(vser, id, TELL_ADD);
        }
    }
}

static void port_ready(VirtIOSerial *vser, VirtIOSerialPort *port, bool ok)
{
    if (!ok) {
        log_guest_error("virtio-serial: the driver could not set up port %u\n", port->id);
        return;
    }
    virtio_serial_tell(vser, port->id, (VIRTIO_SERIAL_PORT_GET_CLASS(port)->is_console ? TELL_CONSOLE : 0) |
                       (port->name ? TELL_NAME : 0) | (port->host_open ? TELL_OPEN : 0));
}

static void handle_message(VirtIOSerial *vser, const VirtQueueElement *elem)
{
    struct virtio_console_control head;
    VirtIOSerialPort *port;
    uint32_t id;
    bool value;

    if (iov_to_buf(elem->out_sg, elem->out_num, 0, &head, sizeof(head)) < sizeof(head)) {
        return;
    }
    id = le32toh(head.id);
    value = head.value != 0;
    if (le16toh(head.event) == VIRTIO_CONSOLE_DEVICE_READY) {
        driver_ready(vser, value);
        return;
    }
    port = id < vser->max_ports ? vser->ports[id] : NULL;
    if (!port) {
        log_guest_error("virtio-serial: a message about port %u, which does not exist\n", id);
        return;
    }
    switch (le16toh(head.event)) {
    case VIRTIO_CONSOLE_PORT_READY:
        port_ready(vser, port, value);
        break;
    case VIRTIO_CONSOLE_PORT_OPEN:
        virtio_serial_port_set_guest_open(port, value);
        break;
    }
}

static void handle_control_out(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIOSerial *vser = VIRTIO_SERIAL(vdev);
    VirtQueueElement *elem;

    while ((elem = virtqueue_pop(vq, sizeof(*elem)))) {
        handle_message(vser, elem);
        virtqueue_push(vq, elem, 0);
        g_free(elem);
    }
    virtio_notify(vdev, vq);
}

static void handle_control_in(VirtIODevice *vdev, VirtQueue *vq)
{
    tell_all(VIRTIO_SERIAL(vdev));
}

/* --- Port queues ------------------------------------------------------------------------------- */

/* Which port a queue belongs to: 0 and 1 to the first, 2 and 3 are control, then pairs. */
static uint32_t port_id_of(const VirtQueue *vq)
{
    unsigned index = virtio_get_queue_index(vq);

    return index < 2 ? 0 : index / 2 - 1;
}

static void handle_in(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIOSerialPort *port = VIRTIO_SERIAL(vdev)->ports[port_id_of(vq)];

    if (port) {
        virtio_serial_port_receive(port);
    }
}

/* Bytes for a port that is not there. */
static void discard(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtQueueElement *elem;

    while ((elem = virtqueue_pop(vq, sizeof(*elem)))) {
        virtqueue_push(vq, elem, 0);
        g_free(elem);
    }
    virtio_notify(vdev, vq);
}

static void handle_out(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIOSerialPort *port = VIRTIO_SERIAL(vdev)->ports[port_id_of(vq)];

    if (port) {
        virtio_serial_port_send(port);
    } else {
        discard(vdev, vq);
    }
}

/* --- Configuration, state ---------------------------------------------------------------------------- */

static uint64_t serial_get_features(VirtIODevice *vdev, uint64_t features, Error **errp)
{
    features |= BIT_ULL(VIRTIO_CONSOLE_F_EMERG_WRITE);
    return VIRTIO_SERIAL(vdev)->max_ports > 1 ? features | BIT_ULL(VIRTIO_CONSOLE_F_MULTIPORT) : features;
}

static void serial_get_config(VirtIODevice *vdev, uint8_t *config)
{
    struct virtio_console_config c = { .max_nr_ports = htole32(VIRTIO_SERIAL(vdev)->max_ports) };

    memcpy(config, &c, CONFIG_SIZE);
}

/* Characters of a guest that has no driver yet, or no longer: to the first console. */
static void serial_set_config(VirtIODevice *vdev, const uint8_t *config)
{
    VirtIOSerial *vser = VIRTIO_SERIAL(vdev);
    uint8_t c = config[offsetof(struct virtio_console_config, emerg_wr)];

    for (uint32_t id = 0; c && id < vser->max_ports; id++) {
        VirtIOSerialPort *port = vser->ports[id];

        if (port && VIRTIO_SERIAL_PORT_GET_CLASS(port)->is_console) {
            qemu_chr_fe_write_all(&port->chr, &c, 1);
            return;
        }
    }
}

static void serial_reset(VirtIODevice *vdev)
{
    VirtIOSerial *vser = VIRTIO_SERIAL(vdev);

    vser->driver_ready = false;
    for (uint32_t id = 0; id < vser->max_ports; id++) {
        vser->tell[id] = 0;
        if (vser->ports[id]) {
            virtio_serial_port_set_guest_open(vser->ports[id], false);
            virtio_serial_port_drop_rx(vser->ports[id]);
            virtio_serial_port_drop_tx(vser->ports[id]);
        }
    }
}

static void serial_queue_reset(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIOSerial *vser = VIRTIO_SERIAL(vdev);
    VirtIOSerialPort *port = vser->ports[port_id_of(vq)];

    if (!port || vq == vser->control_in || vq == vser->control_out) {
        return;
    }
    if (vq == vser->in[port->id]) {
        virtio_serial_port_drop_rx(port);
    } else {
        virtio_serial_port_drop_tx(port);
    }
}

/* A driver that knows one port only has it open from the start. */
static void serial_set_status(VirtIODevice *vdev, uint8_t status)
{
    VirtIOSerial *vser = VIRTIO_SERIAL(vdev);

    if ((status & VIRTIO_CONFIG_S_DRIVER_OK) && !virtio_serial_multiport(vser) && vser->ports[0]) {
        virtio_serial_port_set_guest_open(vser->ports[0], true);
    }
}

/* --- Life ------------------------------------------------------------------------------------------------ */

static const HotplugHandler port_hotplug;       /* ports come and go at once: nothing to arrange */

static void make_bus(VirtIOSerial *vser)
{
    DeviceState *dev = DEVICE(vser), *owner = dev->id || !dev->parent_bus->parent ? dev : dev->parent_bus->parent;
    g_autofree char *name = owner->id ? g_strdup_printf("%s.0", owner->id) : NULL;

    vser->bus = qbus_new(TYPE_VIRTIO_SERIAL_BUS, dev, name);
    qbus_set_hotplug_handler(vser->bus, dev, &port_hotplug);
}

static bool serial_realize(DeviceState *dev, Error **errp)
{
    VirtIODevice *vdev = VIRTIO_DEVICE(dev);
    VirtIOSerial *vser = VIRTIO_SERIAL(dev);

    if (!vser->max_ports || vser->max_ports > VIRTIO_SERIAL_PORTS_MAX) {
        error_setg(errp, "virtio-serial: max_ports=%u must be from 1 to %u", vser->max_ports, VIRTIO_SERIAL_PORTS_MAX);
        return false;
    }
    virtio_init(vdev, VIRTIO_ID_CONSOLE, CONFIG_SIZE);
    vser->ports = g_new0(VirtIOSerialPort *, vser->max_ports);
    vser->in = g_new0(VirtQueue *, vser->max_ports);
    vser->out = g_new0(VirtQueue *, vser->max_ports);
    vser->tell = g_new0(uint8_t, vser->max_ports);
    for (uint32_t id = 0; id < vser->max_ports; id++) {
        vser->in[id] = virtio_add_queue(vdev, PORT_QUEUE_SIZE, handle_in);
        vser->out[id] = virtio_add_queue(vdev, PORT_QUEUE_SIZE, handle_out);
        if (id == 0) {
            vser->control_in = virtio_add_queue(vdev, CONTROL_QUEUE_SIZE, handle_control_in);
            vser->control_out = virtio_add_queue(vdev, CONTROL_QUEUE_SIZE, handle_control_out);
        }
    }
    make_bus(vser);
    return true;
}

static void serial_unrealize(DeviceState *dev)
{
    VirtIOSerial *vser = VIRTIO_SERIAL(dev);

    virtio_cleanup(VIRTIO_DEVICE(dev));
    g_clear_pointer(&vser->ports, g_free);
    g_clear_pointer(&vser->in, g_free);
    g_clear_pointer(&vser->out, g_free);
    g_clear_pointer(&vser->tell, g_free);
}

static const Property serial_properties[] = {
    DEFINE_PROP_UINT32("max_ports", VirtIOSerial, max_ports, 31),
};

static void serial_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    VirtioDeviceClass *vdc = VIRTIO_DEVICE_CLASS(klass);

    dc->desc = "Serial ports over virtio";
    dc->categories |= BIT(DEVICE_CATEGORY_INPUT);
    device_class_set_props(dc, serial_properties);
    vdc->realize = serial_realize;
    vdc->unrealize = serial_unrealize;
    vdc->get_features = serial_get_features;
    vdc->get_config = serial_get_config;
    vdc->set_config = serial_set_config;
    vdc->reset = serial_reset;
    vdc->queue_reset = serial_queue_reset;
    vdc->set_status = serial_set_status;
}

static const TypeInfo serial_infos[] = {
    {
        .name = TYPE_VIRTIO_SERIAL, .parent = TYPE_VIRTIO_DEVICE, .instance_size = sizeof(VirtIOSerial), .class_init = serial_class_init,
    },
    { .name = TYPE_VIRTIO_SERIAL_BUS, .parent = TYPE_BUS, .instance_size = sizeof(BusState) },
};
DEFINE_TYPES(serial_infos)
