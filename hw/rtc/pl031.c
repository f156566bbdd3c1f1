/*
 * Arm PrimeCell real-time clock (PL031), as in Arm DDI 0224.
 *
 * Guest sees: a counter of seconds that starts at what -rtc says, that it can
 * load, and one match interrupt. The clock is always running.
 * Runs under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/core/sysbus.h"
#include "hw/rtc/pl031.h"
#include "hw_rtc.trace.h"
#include "system/rtc.h"

OBJECT_DECLARE_SIMPLE_TYPE(PL031State, PL031)

/* --- registers (chapter 3) --- */
enum { RTCDR = 0x00, RTCMR = 0x04, RTCLR = 0x08, RTCCR = 0x0c, RTCIMSC = 0x10, RTCRIS = 0x14, RTCMIS = 0x18, RTCICR = 0x1c, RTCID = 0xfe0 };
static const uint8_t peripheral_id[] = { 0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
#define NS_PER_SECOND 1000000000LL

struct PL031State {
    SysBusDevice parent_obj;
    MemoryRegion iomem;
    qemu_irq irq;
    QEMUTimer *match_timer;
    uint32_t offset;                    /* the counter minus rtc_now_seconds() */
    uint32_t mr, lr, imsc, ris;
};

static uint32_t counter(const PL031State *s)
{
    return (uint32_t)rtc_now_seconds() + s->offset;
}

static void update_irq(PL031State *s)
{
    bool level = s->ris & s->imsc;

    trace_pl031_irq_state(level);
    qemu_set_irq(s->irq, level);
}

static void match(void *opaque)
{
    PL031State *s = opaque;

    s->ris = 1;
    update_irq(s);
}

/* The counter wraps, so a match "in the past" is one far ahead. */
static void arm_timer(PL031State *s)
{
    uint32_t wait = s->mr - counter(s);

    if (wait == 0) {
        timer_del(s->match_timer);
        match(s);
    } else {
        timer_mod(s->match_timer, qemu_clock_get_ns(rtc_clock) + wait * NS_PER_SECOND);
    }
}

static uint32_t read_register(PL031State *s, hwaddr addr)
{
    if (addr >= RTCID) {
        return peripheral_id[(addr - RTCID) / 4];
    }
    switch (addr & ~3) {
    case RTCDR:   return counter(s);
    case RTCMR:   return s->mr;
    case RTCLR:   return s->lr;
    case RTCCR:   return 1;             /* enabled, for good */
    case RTCIMSC: return s->imsc;
    case RTCRIS:  return s->ris;
    case RTCMIS:  return s->ris & s->imsc;
    default:      return 0;
    }
}

static uint64_t pl031_read(void *opaque, hwaddr addr, unsigned size)
{
    uint32_t value = read_register(opaque, addr);

    trace_pl031_read(addr, value);
    return value;
}

static void pl031_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    PL031State *s = opaque;

    trace_pl031_write(addr, value);
    switch (addr & ~3) {
    case RTCLR:
        s->lr = value;
        s->offset += (uint32_t)value - counter(s);
        arm_timer(s);
        break;
    case RTCMR:
        s->mr = value;
        arm_timer(s);
        break;
    case RTCIMSC:
        s->imsc = value & 1;
        update_irq(s);
        break;
    case RTCICR:
        s->ris &= ~value;
        update_irq(s);
        break;
    }
}

static const MemoryRegionOps pl031_ops = {
    .read = pl031_read, .write = pl031_write, .endianness = DEVICE_LITTLE_ENDIAN,
    .impl = { .min_access_size = 4, .max_access_size = 4 },
};

/* A reset of the machine is not one of the battery-backed counter. */
static void pl031_reset(Object *obj, ResetType type)
{
    PL031State *s = PL031(obj);

    timer_del(s->match_timer);
    s->mr = s->imsc = s->ris = 0;
}

static void pl031_reset_hold(Object *obj, ResetType type)
{
    update_irq(PL031(obj));
}

static bool pl031_realize(DeviceState *dev, Error **errp)
{
    PL031State *s = PL031(dev);

    s->match_timer = timer_new_ns(rtc_clock, match, s);
    memory_region_init_io(&s->iomem, OBJECT(dev), &pl031_ops, s, "pl031", 0x1000);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->iomem);
    sysbus_init_irq(SYS_BUS_DEVICE(dev), &s->irq);
    return true;
}

static void pl031_unrealize(DeviceState *dev)
{
    timer_free(PL031(dev)->match_timer);
}

static void pl031_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->desc = "Arm PrimeCell real-time clock";
    dc->realize = pl031_realize;
    dc->unrealize = pl031_unrealize;
    dc->phases.enter = pl031_reset;
    dc->phases.hold = pl031_reset_hold;
}

static const TypeInfo pl031_info = {
    .name = TYPE_PL031, .parent = TYPE_SYS_BUS_DEVICE, .instance_size = sizeof(PL031State), .class_init = pl031_class_init,
};
DEFINE_TYPE(pl031_info)
