/*
 * Ports of the virtio serial device: virtconsole, which the guest takes as a
 * console, and virtserialport, a pipe with a name. Each has a chardev.
 *
 * Flow control goes both ways and loses nothing: the chardev is asked to wait
 * while the guest gives no buffers (or has the port closed), and a buffer of
 * the guest stays ours until the chardev has taken the last byte of it.
 *
 * Runs under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "monitor/qapi-event.h"
#include "virtio-serial.h"

/* --- To the guest ---------------------------------------------------------------------- */

static VirtQueue *in_queue(const VirtIOSerialPort *port) { return port->vser->in[port->id]; }
static VirtQueue *out_queue(const VirtIOSerialPort *port) { return port->vser->out[port->id]; }

static void rx_give(VirtIOSerialPort *port, unsigned len)
{
    VirtQueue *vq = in_queue(port);

    virtqueue_push(vq, port->rx, len);
    g_clear_pointer(&port->rx, g_free);
    virtio_notify(VIRTIO_DEVICE(port->vser), vq);
}

/* How many bytes the buffer at hand takes. */
static int port_can_read(void *opaque)
{
    VirtIOSerialPort *port = opaque;
    size_t room = 0;

    while (port->guest_open && !room) {
        if (!port->rx) {
            port->rx = virtqueue_pop(in_queue(port), sizeof(*port->rx));
        }
        if (!port->rx) {
            return 0;
        }
        room = iov_size(port->rx->in_sg, port->rx->in_num);
        if (!room) {
            rx_give(port, 0);           /* a buffer for nothing */
        }
    }
    return MIN(room, (size_t)INT_MAX);
}

static void port_read(void *opaque, const uint8_t *buf, int size)
{
    VirtIOSerialPort *port = opaque;

    while (size && port_can_read(port)) {
        int n = iov_from_buf(port->rx->in_sg, port->rx->in_num, 0, buf, size);

        rx_give(port, n);
        buf += n;
        size -= n;
    }
}

void virtio_serial_port_receive(VirtIOSerialPort *port)
{
    qemu_chr_fe_accept_input(&port->chr);
}

void virtio_serial_port_drop_rx(VirtIOSerialPort *port)
{
    if (port->rx) {
        virtqueue_detach_element(in_queue(port), port->rx, 0);
        g_clear_pointer(&port->rx, g_free);
    }
}

/* --- From the guest -------------------------------------------------------------------- */

/* One piece of the buffer that we hold; false when the chardev takes no more now. */
static bool write_piece(VirtIOSerialPort *port, const struct iovec *piece, size_t from)
{
    while (from < piece->iov_len) {
        int len = MIN(piece->iov_len - from, (size_t)INT_MAX);
        int n = qemu_chr_fe_write(&port->chr, (const uint8_t *)piece->iov_base + from, len);

        if (n == -EAGAIN || n == 0) {
            return false;
        }
        n = n < 0 ? len : n;            /* nobody will ever hear it */
        from += n;
        port->tx_done += n;
    }
    return true;
}

static bool write_buffer(VirtIOSerialPort *port)
{
    size_t skip = port->tx_done;

    for (unsigned i = 0; i < port->tx->out_num; i++) {
        const struct iovec *piece = &port->tx->out_sg[i];
        size_t from = MIN(skip, piece->iov_len);

        skip -= from;
        if (!write_piece(port, piece, from)) {
            return false;
        }
    }
    return true;
}

void virtio_serial_port_send(VirtIOSerialPort *port)
{
    VirtQueue *vq = out_queue(port);
    bool any = false;

    while (port->tx || (port->tx = virtqueue_pop(vq, sizeof(*port->tx)))) {
        if (!write_buffer(port)) {
            break;
        }
        virtqueue_push(vq, port->tx, 0);
        g_clear_pointer(&port->tx, g_free);
        port->tx_done = 0;
        any = true;
    }
    if (any) {
        virtio_notify(VIRTIO_DEVICE(port->vser), vq);
    }
}

static void port_writable(void *opaque)
{
    virtio_serial_port_send(opaque);
}

void virtio_serial_port_drop_tx(VirtIOSerialPort *port)
{
    if (port->tx) {
        virtqueue_detach_element(out_queue(port), port->tx, 0);
        g_clear_pointer(&port->tx, g_free);
        port->tx_done = 0;
    }
}

/* --- Open and closed ---------------------------------------------------------------------- */

void virtio_serial_port_set_guest_open(VirtIOSerialPort *port, bool open)
{
    DeviceState *dev = DEVICE(port);

    if (port->guest_open == open) {
        return;
    }
    port->guest_open = open;
    if (!VIRTIO_SERIAL_PORT_GET_CLASS(port)->is_console) {
        qemu_chr_fe_set_open(&port->chr, open);
        if (dev->id) {
            qapi_event_send("VSERPORT_CHANGE", json_pack("{s:s, s:b}", "id", dev->id, "open", open));
        }
    }
    if (open) {
        qemu_chr_fe_accept_input(&port->chr);
    }
}

static void port_event(void *opaque, ChrEvent event)
{
    VirtIOSerialPort *port = opaque;
    bool open = event == CHR_EVENT_OPENED;

    if ((open || event == CHR_EVENT_CLOSED) && port->host_open != open) {
        port->host_open = open;
        virtio_serial_tell(port->vser, port->id, TELL_OPEN);
    }
}

/* --- Life ------------------------------------------------------------------------------------- */

static bool name_is_free(VirtIOSerial *vser, const char *name)
{
    for (uint32_t id = 0; id < vser->max_ports; id++) {
        if (vser->ports[id] && !g_strcmp0(vser->ports[id]->name, name)) {
            return false;
        }
    }
    return true;
}

/* The first port is for a console unless the user says otherwise: drivers that know one port expect one there. */
static bool choose_id(VirtIOSerialPort *port, Error **errp)
{
    VirtIOSerial *vser = port->vser;
    bool console = VIRTIO_SERIAL_PORT_GET_CLASS(port)->is_console;

    if (port->id != VIRTIO_SERIAL_NR_AUTO) {
        if (port->id >= vser->max_ports) {
            error_setg(errp, "virtio-serial-port: nr=%u is out of range, the device has max_ports=%u", port->id, vser->max_ports);
        } else if (vser->ports[port->id]) {
            error_setg(errp, "virtio-serial-port: nr=%u is taken by another port", port->id);
        } else if (!port->id && !console) {
            error_setg(errp, "virtserialport: nr=0 is reserved for a virtconsole; use another number");
        } else {
            return true;
        }
        return false;
    }
    for (port->id = console ? 0 : 1; port->id < vser->max_ports; port->id++) {
        if (!vser->ports[port->id]) {
            return true;
        }
    }
    error_setg(errp, "virtio-serial-port: the device has no free port; give it a larger max_ports");
    return false;
}

static bool port_realize(DeviceState *dev, Error **errp)
{
    VirtIOSerialPort *port = VIRTIO_SERIAL_PORT(dev);
    bool console = VIRTIO_SERIAL_PORT_GET_CLASS(port)->is_console;

    port->vser = VIRTIO_SERIAL(dev->parent_bus->parent);
    if (port->name && !name_is_free(port->vser, port->name)) {
        error_setg(errp, "virtio-serial-port: a port named '%s' exists already", port->name);
        return false;
    }
    if (!choose_id(port, errp)) {
        return false;
    }
    port->vser->ports[port->id] = port;
    port->host_open = !port->chr.chr || qemu_chr_fe_backend_connected(&port->chr);
    virtio_serial_tell(port->vser, port->id, TELL_ADD);
    qemu_chr_fe_set_handlers(&port->chr, port_can_read, port_read, port_event, port, console);
    qemu_chr_fe_set_writable(&port->chr, port_writable);
    return true;
}

static void port_unrealize(DeviceState *dev)
{
    VirtIOSerialPort *port = VIRTIO_SERIAL_PORT(dev);
    VirtQueueElement *rx = g_steal_pointer(&port->rx);

    qemu_chr_fe_set_handlers(&port->chr, NULL, NULL, NULL, NULL, false);
    virtio_serial_port_set_guest_open(port, false);
    if (rx) {
        virtqueue_unpop(in_queue(port), rx, 0);         /* the next port with this number may fill it */
        g_free(rx);
    }
    if (port->tx) {
        virtqueue_push(out_queue(port), port->tx, 0);
        g_clear_pointer(&port->tx, g_free);
    }
    port->vser->ports[port->id] = NULL;
    virtio_serial_tell(port->vser, port->id, TELL_REMOVE);
    /* Who is told that we are gone may use the chardev again, though the object lives a little longer. */
    qemu_chr_fe_deinit(&port->chr, false);
}

static const Property port_properties[] = {
    DEFINE_PROP_CHR("chardev", VirtIOSerialPort, chr),
    DEFINE_PROP_UINT32("nr", VirtIOSerialPort, id, VIRTIO_SERIAL_NR_AUTO),
    DEFINE_PROP_STRING("name", VirtIOSerialPort, name),
};

static void port_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->bus_type = TYPE_VIRTIO_SERIAL_BUS;
    dc->user_creatable = true;
    dc->hotpluggable = true;
    dc->realize = port_realize;
    dc->unrealize = port_unrealize;
    dc->categories |= BIT(DEVICE_CATEGORY_INPUT);
    dc->desc = "Port of a virtio serial device";
    device_class_set_props(dc, port_properties);
}

static void console_class_init(ObjectClass *klass, const void *data)
{
    VIRTIO_SERIAL_PORT_CLASS(klass)->is_console = true;
}

static const TypeInfo port_infos[] = {
    {
        .name = TYPE_VIRTIO_SERIAL_PORT, .parent = TYPE_DEVICE, .instance_size = sizeof(VirtIOSerialPort),
        .class_size = sizeof(VirtIOSerialPortClass), .class_init = port_class_init, .abstract = true,
    },
    { .name = TYPE_VIRTIO_SERIAL_PORT_CHARDEV, .parent = TYPE_VIRTIO_SERIAL_PORT },
    { .name = TYPE_VIRTIO_CONSOLE, .parent = TYPE_VIRTIO_SERIAL_PORT, .class_init = console_class_init },
};
DEFINE_TYPES(port_infos)
