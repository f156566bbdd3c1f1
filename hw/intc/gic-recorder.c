/*
 * The interrupt controller under -accel qtest: no CPU takes interrupts, so it
 * only remembers the level of every wire. A test reads them back from the
 * distributor, where pending state would be: GICD_ISPENDR<n>, at offset
 * 0x200 + 4n, has a bit per INTID (wires of CPU 0 below 32). GICD_TYPER and
 * GICD_PIDR2 answer as the architecture says; other registers read as zero
 * and ignore writes.
 *
 * GIC architecture specification (IHI 0069), 12.9. Machine lock held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gic-common.h"

#define GICD_TYPER      0x4
#define GICD_ISPENDR    0x200
#define GICD_ISPENDR_END 0x280
#define GICD_PIDR2_V2   0xfe8
#define GICD_PIDR2_V3   0xffe8

static unsigned wire_of_intid(const GICState *s, unsigned intid)
{
    return intid < GIC_INTERNAL_IRQS ? gic_num_spis(s) + intid : intid - GIC_INTERNAL_IRQS;
}

static uint32_t levels(const GICState *s, unsigned first)
{
    uint32_t w = 0;

    for (unsigned i = 0; i < 32 && first + i < s->num_irq; i++) {
        w |= (uint32_t)s->level[wire_of_intid(s, first + i)] << i;
    }
    return w;
}

static uint64_t dist_read(void *opaque, hwaddr addr, unsigned size)
{
    const GICState *s = opaque;

    if (addr == GICD_TYPER) {
        return (s->num_irq / 32 - 1) | (s->revision == 2 ? (s->num_cpu - 1) << 5 : 0);
    }
    if (addr >= GICD_ISPENDR && addr < GICD_ISPENDR_END) {
        return levels(s, (addr - GICD_ISPENDR) * 8);
    }
    if (addr == (s->revision == 2 ? GICD_PIDR2_V2 : GICD_PIDR2_V3)) {
        return s->revision << 4;
    }
    return 0;
}

static void dist_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
}

static const MemoryRegionOps dist_ops = {
    .read = dist_read,
    .write = dist_write,
    .impl = { .min_access_size = 4, .max_access_size = 4 },
};

static void record(void *opaque, int n, int level)
{
    GIC_COMMON(opaque)->level[n] = level != 0;
}

static bool recorder_realize(DeviceState *dev, Error **errp)
{
    return gic_common_realize(GIC_COMMON(dev), record, &dist_ops, errp);
}

static void recorder_unrealize(DeviceState *dev)
{
    gic_common_unrealize(GIC_COMMON(dev));
}

static void recorder_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = recorder_realize;
    dc->unrealize = recorder_unrealize;
}

static const TypeInfo recorder_infos[] = {
    { .name = TYPE_ARM_GICV3_RECORDER, .parent = TYPE_GIC_COMMON, .class_init = recorder_class_init },
    { .name = TYPE_ARM_GIC_RECORDER, .parent = TYPE_GIC_COMMON, .class_init = recorder_class_init },
};
DEFINE_TYPES(recorder_infos)
