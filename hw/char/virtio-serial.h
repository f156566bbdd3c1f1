/*
 * What the virtio serial device and its ports share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CHAR_VIRTIO_SERIAL_INT_H
#define HW_CHAR_VIRTIO_SERIAL_INT_H

#include <linux/virtio_console.h>
#include "chardev/char.h"
#include "hw/virtio/virtio.h"
#include "hw/virtio/virtio-serial.h"

#define TYPE_VIRTIO_SERIAL_PORT "virtio-serial-port"
OBJECT_DECLARE_SIMPLE_TYPE(VirtIOSerial, VIRTIO_SERIAL)
OBJECT_DECLARE_TYPE(VirtIOSerialPort, VirtIOSerialPortClass, VIRTIO_SERIAL_PORT)

#define VIRTIO_SERIAL_PORTS_MAX (VIRTIO_QUEUE_MAX / 2 - 1)
#define VIRTIO_SERIAL_NR_AUTO   UINT32_MAX

/* What the driver has to be told about a port; told lowest first, when it has room. */
enum { TELL_REMOVE = 1, TELL_ADD = 2, TELL_CONSOLE = 4, TELL_NAME = 8, TELL_OPEN = 16 };

struct VirtIOSerial {
    VirtIODevice parent_obj;
    BusState *bus;
    VirtQueue *control_in, *control_out;
    bool driver_ready;                  /* it asked for the ports */
    /* by port id */
    VirtIOSerialPort **ports;
    VirtQueue **in, **out;
    uint8_t *tell;
    uint32_t max_ports;
};

struct VirtIOSerialPortClass { DeviceClass parent_class; bool is_console; };

struct VirtIOSerialPort {
    DeviceState parent_obj;
    VirtIOSerial *vser;
    CharBackend chr;
    uint32_t id;
    char *name;
    bool guest_open, host_open;
    /* At most one buffer each way is out of its queue. */
    VirtQueueElement *rx, *tx;
    size_t tx_done;                     /* bytes of it that the chardev took */
};

/* virtio-serial.c */
bool virtio_serial_multiport(const VirtIOSerial *vser);
/* Tells the driver, now or when it gives us room. */
void virtio_serial_tell(VirtIOSerial *vser, uint32_t id, uint8_t what);

/* virtio-serial-port.c */
void virtio_serial_port_receive(VirtIOSerialPort *port);        /* the driver gave buffers, or opened the port */
void virtio_serial_port_send(VirtIOSerialPort *port);           /* the driver has bytes for us */
void virtio_serial_port_set_guest_open(VirtIOSerialPort *port, bool open);
/* Gives up the buffer at hand, without an answer: the queue is being reset. */
void virtio_serial_port_drop_rx(VirtIOSerialPort *port);
void virtio_serial_port_drop_tx(VirtIOSerialPort *port);

#endif
