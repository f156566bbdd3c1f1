/*
 * INTx: a function's level goes up through the bridges, swizzled at each, to
 * one of the root's lines; a line is high while any function drives it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pci-internal.h"

int pci_swizzle_map_irq_fn(PCIDevice *dev, int pin)
{
    return (PCI_SLOT(dev->devfn) + pin) % PCI_NUM_PINS;
}

void pci_bus_irqs(PCIBus *bus, pci_set_irq_fn set_irq, void *opaque, int nirq)
{
    bus->set_irq = set_irq;
    bus->irq_opaque = opaque;
    bus->nirq = nirq;
    g_free(bus->irq_count);
    bus->irq_count = g_new0(int, nirq);
}

void pci_bus_map_irqs(PCIBus *bus, pci_map_irq_fn map_irq)
{
    bus->map_irq = map_irq;
}

int pci_intx(const PCIDevice *dev)
{
    return dev->config[PCI_INTERRUPT_PIN] - 1;
}

/* Up to the root that has lines. Returns it and the line in *@pin. */
static PCIBus *climb(PCIDevice *dev, int *pin)
{
    PCIBus *bus = pci_get_bus(dev);

    for (;;) {
        *pin = bus->map_irq(dev, *pin);
        if (pci_bus_is_root(bus)) {
            return bus->main_root ? bus->main_root : bus;
        }
        dev = bus->parent_dev;
        bus = pci_get_bus(dev);
    }
}

static void change_line(PCIDevice *dev, int pin, int change)
{
    PCIBus *root = climb(dev, &pin);

    if (!root->set_irq || pin < 0 || pin >= root->nirq) {
        return;
    }
    root->irq_count[pin] += change;
    root->set_irq(root->irq_opaque, pin, root->irq_count[pin] != 0);
}

static bool intx_disabled(const PCIDevice *dev)
{
    return pci_get_word(dev->config + PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE;
}

void pci_irq_disable_changed(PCIDevice *dev, bool was_disabled)
{
    int pin = pci_intx(dev);

    if (pin >= 0 && dev->irq_state) {
        change_line(dev, pin, was_disabled ? 1 : -1);
    }
}

void pci_set_irq(PCIDevice *dev, int level)
{
    int pin = pci_intx(dev);
    uint8_t now = level ? 1 : 0;

    if (pin < 0 || pin >= PCI_NUM_PINS || dev->irq_state == now) {
        return;
    }
    dev->irq_state = now;
    if (now) {
        dev->config[PCI_STATUS] |= PCI_STATUS_INTERRUPT;
    } else {
        dev->config[PCI_STATUS] &= ~PCI_STATUS_INTERRUPT;
    }
    if (!intx_disabled(dev)) {
        change_line(dev, pin, now ? 1 : -1);
    }
}

static void wire_handler(void *opaque, int n, int level)
{
    pci_set_irq(opaque, level);
}

qemu_irq pci_allocate_irq(PCIDevice *dev)
{
    return qemu_allocate_irq(wire_handler, dev, 0);
}

PCIINTxRoute pci_device_route_intx_to_irq(PCIDevice *dev, int pin)
{
    PCIBus *root = climb(dev, &pin);

    if (!root->route_intx_to_irq) {
        return (PCIINTxRoute) { .mode = PCI_INTX_DISABLED, .irq = -1 };
    }
    return root->route_intx_to_irq(root->irq_opaque, pin);
}
