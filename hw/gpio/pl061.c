/*
 * Arm PrimeCell GPIO (PL061), as in Arm DDI 0190.
 *
 * Guest sees: eight pins, masked data access through the address, edge and
 * level interrupts. Pins are not pulled: an undriven input reads zero.
 * Runs under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/gpio/pl061.h"
#include "hw_gpio.trace.h"

OBJECT_DECLARE_SIMPLE_TYPE(PL061State, PL061)

/* --- registers (chapter 3) --- */
enum {
    GPIODATA_END = 0x400, GPIODIR = 0x400, GPIOIS = 0x404, GPIOIBE = 0x408, GPIOIEV = 0x40c, GPIOIE = 0x410,
    GPIORIS = 0x414, GPIOMIS = 0x418, GPIOIC = 0x41c, GPIOAFSEL = 0x420, GPIOID = 0xfd0,
};
static const uint8_t peripheral_id[] = { 0, 0, 0, 0, 0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
#define PINS 8

struct PL061State {
    SysBusDevice parent_obj;
    MemoryRegion iomem;
    qemu_irq irq, out[PINS];
    uint8_t latch, in, seen, told;      /* written; outside levels; pins at the last look; outputs as driven */
    uint8_t dir, is, ibe, iev, ie, ris, afsel;
};

static uint8_t pins(const PL061State *s)
{
    return (s->latch & s->dir) | (s->in & ~s->dir);
}

static void drive_outputs(PL061State *s)
{
    uint8_t now = s->latch & s->dir, changed = now ^ s->told;

    s->told = now;
    for (int i = 0; i < PINS; i++) {
        if (changed & BIT(i)) {
            qemu_set_irq(s->out[i], !!(now & BIT(i)));
        }
    }
}

static void update(PL061State *s)
{
    uint8_t now = pins(s), changed = now ^ s->seen, edges;

    drive_outputs(s);
    edges = changed & ~s->dir & ~s->is & (s->ibe | (s->iev ^ ~now));
    s->seen = now;
    /* Level interrupts follow the pin; edges stay until cleared. */
    s->ris = ((s->ris | edges) & ~s->is) | (s->is & (s->iev ^ ~now));
    qemu_set_irq(s->irq, (s->ris & s->ie) != 0);
}

static void pl061_set_pin(void *opaque, int n, int level)
{
    PL061State *s = opaque;

    trace_pl061_input_change(n, level);
    s->in = (s->in & ~BIT(n)) | (level ? BIT(n) : 0);
    update(s);
}

static uint8_t *plain_register(PL061State *s, hwaddr addr)
{
    switch (addr) {
    case GPIODIR:   return &s->dir;
    case GPIOIS:    return &s->is;
    case GPIOIBE:   return &s->ibe;
    case GPIOIEV:   return &s->iev;
    case GPIOIE:    return &s->ie;
    case GPIOAFSEL: return &s->afsel;
    default:        return NULL;
    }
}

static uint8_t read_register(PL061State *s, hwaddr addr)
{
    uint8_t *reg = plain_register(s, addr & ~3);

    if (addr < GPIODATA_END) {
        return pins(s) & (addr >> 2);
    }
    if (addr >= GPIOID) {
        return peripheral_id[(addr - GPIOID) / 4];
    }
    switch (addr & ~3) {
    case GPIORIS: return s->ris;
    case GPIOMIS: return s->ris & s->ie;
    default:      return reg ? *reg : 0;
    }
}

static uint64_t pl061_read(void *opaque, hwaddr addr, unsigned size)
{
    uint8_t value = read_register(opaque, addr);

    trace_pl061_read(addr, value);
    return value;
}

static void pl061_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    PL061State *s = opaque;
    uint8_t *reg = plain_register(s, addr & ~3);

    trace_pl061_write(addr, value);
    if (addr < GPIODATA_END) {
        uint8_t mask = (addr >> 2) & s->dir;
        s->latch = (s->latch & ~mask) | (value & mask);
    } else if ((addr & ~3) == GPIOIC) {
        s->ris &= ~(value & ~s->is);
    } else if (reg) {
        *reg = value;
    }
    update(s);
}

static const MemoryRegionOps pl061_ops = {
    .read = pl061_read, .write = pl061_write, .endianness = DEVICE_LITTLE_ENDIAN,
    .impl = { .min_access_size = 4, .max_access_size = 4 },
};

static void pl061_reset(Object *obj, ResetType type)
{
    PL061State *s = PL061(obj);

    s->latch = s->dir = s->is = s->ibe = s->iev = s->ie = s->ris = s->afsel = 0;
    s->seen = pins(s);
}

static void pl061_reset_hold(Object *obj, ResetType type)
{
    update(PL061(obj));
}

static bool pl061_realize(DeviceState *dev, Error **errp)
{
    PL061State *s = PL061(dev);

    memory_region_init_io(&s->iomem, OBJECT(dev), &pl061_ops, s, "pl061", 0x1000);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->iomem);
    sysbus_init_irq(SYS_BUS_DEVICE(dev), &s->irq);
    qdev_init_gpio_in(dev, pl061_set_pin, PINS);
    qdev_init_gpio_out(dev, s->out, PINS);
    return true;
}

static void pl061_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->desc = "Arm PrimeCell GPIO";
    dc->realize = pl061_realize;
    dc->phases.enter = pl061_reset;
    dc->phases.hold = pl061_reset_hold;
}

static const TypeInfo pl061_info = {
    .name = TYPE_PL061, .parent = TYPE_SYS_BUS_DEVICE, .instance_size = sizeof(PL061State), .class_init = pl061_class_init,
};
DEFINE_TYPE(pl061_info)
