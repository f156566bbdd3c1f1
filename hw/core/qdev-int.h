/*
 * What the files of this room share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CORE_QDEV_INT_H
#define HW_CORE_QDEV_INT_H

#include "hw/core/qdev.h"

void qdev_free_gpios(DeviceState *dev);
/* Gives every Property of the object's classes its default, base class first. */
void qdev_set_defaults(Object *obj);
/* The list of a bus's devices; full buses refuse. */
bool bus_add_child(BusState *bus, DeviceState *dev, Error **errp);
void bus_remove_child(BusState *bus, DeviceState *dev);

#endif
