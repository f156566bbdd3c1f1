/*
 * A push button on a GPIO pin: pressed for 100 ms of guest time.
 * Runs under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/gpio/pl061.h"
#include "util/main-loop.h"

OBJECT_DECLARE_SIMPLE_TYPE(GpioKey, GPIO_KEY)
#define PRESS_NS 100000000LL

struct GpioKey {
    SysBusDevice parent_obj;
    qemu_irq contact;
    QEMUTimer *release;
};

static void release(void *opaque)
{
    GpioKey *key = opaque;
    qemu_irq_lower(key->contact);
}

void gpio_key_press(DeviceState *dev)
{
    GpioKey *key = GPIO_KEY(dev);

    qemu_irq_raise(key->contact);
    timer_mod(key->release, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + PRESS_NS);
}

static void gpio_key_reset(Object *obj, ResetType type)
{
    timer_del(GPIO_KEY(obj)->release);
}

static void gpio_key_reset_hold(Object *obj, ResetType type)
{
    release(obj);
}

static bool gpio_key_realize(DeviceState *dev, Error **errp)
{
    GpioKey *key = GPIO_KEY(dev);

    key->release = timer_new_ns(QEMU_CLOCK_VIRTUAL, release, key);
    qdev_init_gpio_out(dev, &key->contact, 1);
    return true;
}

static void gpio_key_unrealize(DeviceState *dev)
{
    timer_free(GPIO_KEY(dev)->release);
}

static void gpio_key_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->desc = "push button";
    dc->realize = gpio_key_realize;
    dc->unrealize = gpio_key_unrealize;
    dc->phases.enter = gpio_key_reset;
    dc->phases.hold = gpio_key_reset_hold;
}

static const TypeInfo gpio_key_info = {
    .name = TYPE_GPIO_KEY, .parent = TYPE_SYS_BUS_DEVICE, .instance_size = sizeof(GpioKey), .class_init = gpio_key_class_init,
};
DEFINE_TYPE(gpio_key_info)
