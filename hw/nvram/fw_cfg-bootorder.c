/*
 * fw_cfg's "bootorder": firmware paths of the devices that have a bootindex,
 * lowest first, a line each, ended by a zero byte.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "fw_cfg-internal.h"

typedef struct BootDevice { int64_t index; DeviceState *dev; } BootDevice;

static int note_device(Object *obj, void *opaque)
{
    GArray *list = opaque;
    DeviceState *dev = (DeviceState *)object_dynamic_cast(obj, TYPE_DEVICE);
    BootDevice d = { .dev = dev };

    /* Of a virtio function and its disk the disk is meant: the function has an alias. */
    if (!dev || !dev->realized || !object_class_property_find(object_get_class(obj), "bootindex")) {
        return 0;
    }
    d.index = object_property_get_int(obj, "bootindex", NULL);
    if (d.index >= 0) {
        g_array_append_val(list, d);
    }
    return 0;
}

static gint by_index(gconstpointer a, gconstpointer b)
{
    const BootDevice *x = a, *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

bool fw_cfg_set_boot_order(FWCfgState *s, Error **errp)
{
    g_autoptr(GArray) list = g_array_new(false, false, sizeof(BootDevice));
    g_autoptr(GString) text = g_string_new(NULL);

    object_child_foreach_recursive(container_get(object_get_root(), "/machine"), note_device, list);
    g_array_sort(list, by_index);
    for (guint i = 0; i < list->len; i++) {
        const BootDevice *d = &g_array_index(list, BootDevice, i);
        g_autofree char *path = qdev_get_fw_dev_path(d->dev);

        if (i && d[-1].index == d->index) {
            g_autofree char *a = qdev_get_path_text(d[-1].dev), *b = qdev_get_path_text(d->dev);
            error_setg(errp, "bootindex %" PRId64 " is given to both %s and %s; number each device once", d->index, a, b);
            return false;
        }
        const char *suffix = DEVICE_GET_CLASS(d->dev)->fw_boot_suffix;
        g_string_append_printf(text, "%s%s%s", i ? "\n" : "", path, suffix ? suffix : "");
    }
    fw_cfg_modify_file(s, "bootorder", text->str, text->len ? text->len + 1 : 0);
    return true;
}
