/*
 * A device's numbered wires, in and out, by list name (NULL: the unnamed list).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qdev-int.h"

static NamedGPIOList *gpio_list(DeviceState *dev, const char *name, bool create)
{
    NamedGPIOList **l = &dev->gpios;

    while (*l && g_strcmp0((*l)->name, name)) {
        l = &(*l)->next;
    }
    if (!*l && create) {
        *l = g_new0(NamedGPIOList, 1);
        (*l)->name = g_strdup(name);
    }
    return *l;
}

void qdev_init_gpio_in_named(DeviceState *dev, qemu_irq_handler handler, const char *name, int n)
{
    NamedGPIOList *l = gpio_list(dev, name, true);

    l->in = g_renew(qemu_irq, l->in, l->num_in + n);
    for (int i = 0; i < n; i++) {
        l->in[l->num_in + i] = qemu_allocate_irq(handler, dev, l->num_in + i);
    }
    l->num_in += n;
}

void qdev_init_gpio_in(DeviceState *dev, qemu_irq_handler handler, int n)
{
    qdev_init_gpio_in_named(dev, handler, NULL, n);
}

void qdev_init_gpio_out_named(DeviceState *dev, qemu_irq *pins, const char *name, int n)
{
    NamedGPIOList *l = gpio_list(dev, name, true);

    l->out = g_renew(qemu_irq *, l->out, l->num_out + n);
    for (int i = 0; i < n; i++) {
        l->out[l->num_out + i] = &pins[i];
        pins[i] = NULL;
    }
    l->num_out += n;
}

void qdev_init_gpio_out(DeviceState *dev, qemu_irq *pins, int n)
{
    qdev_init_gpio_out_named(dev, pins, NULL, n);
}

qemu_irq qdev_get_gpio_in_named(DeviceState *dev, const char *name, int n)
{
    NamedGPIOList *l = gpio_list(dev, name, false);

    g_assert(l && n >= 0 && n < l->num_in);
    return l->in[n];
}

qemu_irq qdev_get_gpio_in(DeviceState *dev, int n)
{
    return qdev_get_gpio_in_named(dev, NULL, n);
}

void qdev_connect_gpio_out_named(DeviceState *dev, const char *name, int n, qemu_irq pin)
{
    NamedGPIOList *l = gpio_list(dev, name, false);

    g_assert(l && n >= 0 && n < l->num_out);
    *l->out[n] = pin;
}

void qdev_connect_gpio_out(DeviceState *dev, int n, qemu_irq pin)
{
    qdev_connect_gpio_out_named(dev, NULL, n, pin);
}

void qdev_free_gpios(DeviceState *dev)
{
    while (dev->gpios) {
        NamedGPIOList *l = dev->gpios;

        dev->gpios = l->next;
        for (int i = 0; i < l->num_in; i++) {
            qemu_free_irq(l->in[i]);
        }
        g_free(l->in);
        g_free(l->out);
        g_free(l->name);
        g_free(l);
    }
}
