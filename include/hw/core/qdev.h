/*
 * Devices and buses.
 *
 * Life of a device: object_new -> properties -> realize (may fail, and then
 * leaves nothing behind) -> reset -> use -> unrealize -> unref. A device sits
 * on a bus or (CPUs, interrupt controllers) on none. Runs under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CORE_QDEV_H
#define HW_CORE_QDEV_H

#include "qom/object.h"
#include "hw/core/irq.h"

#define TYPE_DEVICE "device"
OBJECT_DECLARE_TYPE(DeviceState, DeviceClass, DEVICE)
#define TYPE_BUS "bus"
OBJECT_DECLARE_TYPE(BusState, BusClass, BUS)

typedef enum DeviceCategory {
    DEVICE_CATEGORY_BRIDGE, DEVICE_CATEGORY_USB, DEVICE_CATEGORY_STORAGE, DEVICE_CATEGORY_NETWORK,
    DEVICE_CATEGORY_INPUT, DEVICE_CATEGORY_DISPLAY, DEVICE_CATEGORY_SOUND, DEVICE_CATEGORY_MISC,
    DEVICE_CATEGORY_CPU, DEVICE_CATEGORY_WATCHDOG, DEVICE_CATEGORY_MAX
} DeviceCategory;

/* Reset in three phases over the whole tree below a point, children first in each. */
typedef enum ResetType { RESET_TYPE_COLD, RESET_TYPE_WAKEUP } ResetType;
typedef struct ResettablePhases {
    void (*enter)(Object *obj, ResetType type);    /* own state only; touches nobody else */
    void (*hold)(Object *obj, ResetType type);     /* outputs to their reset level */
    void (*exit)(Object *obj, ResetType type);     /* out of reset: may act on others */
} ResettablePhases;

typedef struct Property Property;

struct DeviceClass {
    ObjectClass parent_class;
    unsigned long categories;           /* bit per DeviceCategory */
    const char *desc;
    const char *fw_name;
    const char *fw_boot_suffix;         /* what follows its firmware path in the boot order: "/namespace@1,0" */
    const char *bus_type;               /* plugs into this; NULL: none */
    bool user_creatable;                /* -device may make it; set by the buses' base types */
    bool hotpluggable;
    bool (*realize)(DeviceState *dev, Error **errp);
    void (*unrealize)(DeviceState *dev);
    ResettablePhases phases;            /* a subclass that sets one calls its parent's itself */
};

typedef struct NamedGPIOList {
    char *name;
    qemu_irq *in;  int num_in;
    qemu_irq **out; int num_out;        /* pointers to the device's own qemu_irq fields */
    struct NamedGPIOList *next;
} NamedGPIOList;

struct DeviceState {
    Object parent_obj;
    char *id;
    bool realized;
    bool hotplugged;
    bool pending_deleted_event;
    bool allow_unplug_during_migration;
    json_t *opts;                       /* what device_add gave */
    BusState *parent_bus;
    GPtrArray *child_bus;               /* BusState */
    NamedGPIOList *gpios;
    int reset_count;
};

/* Hotplug: the bus's owner decides. */
typedef struct HotplugHandler {
    bool (*pre_plug)(DeviceState *owner, DeviceState *dev, Error **errp);
    bool (*plug)(DeviceState *owner, DeviceState *dev, Error **errp);
    bool (*unplug_request)(DeviceState *owner, DeviceState *dev, Error **errp);   /* asynchronous */
    void (*unplug)(DeviceState *owner, DeviceState *dev);
} HotplugHandler;

struct BusClass {
    ObjectClass parent_class;
    /* "addr" of @dev for messages, path for firmware; may be NULL */
    char *(*get_dev_path)(DeviceState *dev);
    char *(*get_fw_dev_path)(DeviceState *dev);
    /* refuses a device before it is realized */
    bool (*check_address)(BusState *bus, DeviceState *dev, Error **errp);
    int max_dev;                        /* 0: no limit */
    bool automatic_ids;
    bool newest_first;                  /* a device that names no bus goes on the one made last */
    ResettablePhases phases;
};

struct BusState {
    Object parent_obj;
    DeviceState *parent;                /* NULL: the main system bus */
    char *name;
    const HotplugHandler *hotplug;      /* NULL: nothing can be plugged at run time */
    DeviceState *hotplug_owner;
    GPtrArray *children;                /* DeviceState, in order of plugging */
    bool full;
};

DeviceState *qdev_new(const char *type);                      /* asserts the type exists */
DeviceState *qdev_try_new(const char *type);
bool qdev_realize(DeviceState *dev, BusState *bus, Error **errp);
bool qdev_realize_and_unref(DeviceState *dev, BusState *bus, Error **errp);
void qdev_unrealize(DeviceState *dev);
bool qdev_set_parent_bus(DeviceState *dev, BusState *bus, Error **errp);
bool qdev_set_id(DeviceState *dev, const char *id, Error **errp);      /* into /machine/peripheral[-anon] */
static inline BusState *qdev_get_parent_bus(const DeviceState *dev) { return dev->parent_bus; }
BusState *qdev_get_child_bus(DeviceState *dev, const char *name);
char *qdev_get_path_text(DeviceState *dev);                   /* id, else type and QOM path: for messages */
char *qdev_get_fw_dev_path(DeviceState *dev);

/* device_add and device_del: opts is consumed ({"driver", "id", "bus", props...}). */
DeviceState *qdev_device_add(json_t *opts, Error **errp);
bool qdev_device_del(const char *id_or_path, Error **errp);
bool qdev_cannot_unplug(const char *name, Error **errp);      /* says so; false */
/* The hotplug handler's last step: @dev and all below it leave the tree, clients get a DEVICE_DELETED for each. */
void qdev_finish_unplug(DeviceState *dev);
void qdev_machine_creation_done(void);                        /* from now on plugging is hotplug */
bool qdev_hotplug_time(void);
BusState *qbus_find(const char *path_or_id, Error **errp);    /* by bus name, device id or path */
BusState *qbus_find_by_type(const char *bus_type, bool skip_full);

void qbus_init(void *bus, size_t size, const char *type, DeviceState *parent, const char *name);
BusState *qbus_new(const char *type, DeviceState *parent, const char *name);
void qbus_set_hotplug_handler(BusState *bus, DeviceState *owner, const HotplugHandler *h);
BusState *sysbus_get_default(void);                           /* "main-system-bus" */

/* GPIO: numbered wires in and out, by name or without. */
void qdev_init_gpio_in(DeviceState *dev, qemu_irq_handler handler, int n);
void qdev_init_gpio_in_named(DeviceState *dev, qemu_irq_handler handler, const char *name, int n);
void qdev_init_gpio_out(DeviceState *dev, qemu_irq *pins, int n);
void qdev_init_gpio_out_named(DeviceState *dev, qemu_irq *pins, const char *name, int n);
qemu_irq qdev_get_gpio_in(DeviceState *dev, int n);
qemu_irq qdev_get_gpio_in_named(DeviceState *dev, const char *name, int n);
void qdev_connect_gpio_out(DeviceState *dev, int n, qemu_irq pin);
void qdev_connect_gpio_out_named(DeviceState *dev, const char *name, int n, qemu_irq pin);

/* Reset. */
void device_cold_reset(DeviceState *dev);
void bus_cold_reset(BusState *bus);
void qemu_devices_reset(ResetType type);                      /* everything, as system_reset */
void qemu_register_reset(void (*fn)(void *opaque), void *opaque);     /* in the hold phase */
void qemu_unregister_reset(void (*fn)(void *opaque), void *opaque);
/* Subclass sets its phases and keeps the parent's to call. */
void device_class_set_phases(DeviceClass *dc, void (*enter)(Object *, ResetType), void (*hold)(Object *, ResetType),
                             void (*exit)(Object *, ResetType), ResettablePhases *parent_phases);

/* Realize wrapped by a base type: keeps the parent's function to call. */
void device_class_set_parent_realize(DeviceClass *dc, bool (*realize)(DeviceState *, Error **), bool (**parent)(DeviceState *, Error **));

/* Walks devices and buses below, parents first; stops at the first non-zero result. */
int qdev_walk_children(DeviceState *dev, int (*devfn)(DeviceState *, void *), int (*busfn)(BusState *, void *), void *opaque);
int qbus_walk_children(BusState *bus, int (*devfn)(DeviceState *, void *), int (*busfn)(BusState *, void *), void *opaque);

#endif
