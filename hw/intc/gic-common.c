/*
 * The shape every GIC shares, in the kernel or recorded: properties, wires,
 * and regions that the machine places.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gic-common.h"
#include "util/options.h"

/* Fewest and most interrupts, INTIDs of SPIs end at 1019: GICv3 architecture, 2.2. */
enum { MIN_IRQS = 64, MAX_IRQS = 1024 };

/* --- redist-region-count: [n, n...], redistributors of each region ------------ */

static json_t *get_redist_counts(Object *obj, const ObjectProperty *prop, Error **errp)
{
    GICState *s = GIC_COMMON(obj);
    json_t *list = json_array();

    for (unsigned i = 0; i < s->num_redist_regions; i++) {
        json_array_append_new(list, json_integer(s->redist_count[i]));
    }
    return list;
}

static bool set_redist_counts(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    GICState *s = GIC_COMMON(obj);
    size_t n = json_array_size(value);
    uint64_t count;

    if (!json_is_array(value) || n < 1 || n > GIC_MAX_REDIST_REGIONS) {
        error_setg(errp, "redist-region-count takes an array of 1 to %d numbers", GIC_MAX_REDIST_REGIONS);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!option_uint(json_array_get(value, i), prop->name, UINT16_MAX, &count, errp)) {
            return false;
        }
        s->redist_count[i] = count;
    }
    s->num_redist_regions = n;
    return true;
}

/* --- realize --------------------------------------------------------------------- */

static bool check_properties(GICState *s, Error **errp)
{
    unsigned redists = 0;

    if (s->num_irq < MIN_IRQS || s->num_irq > MAX_IRQS || s->num_irq % 32) {
        error_setg(errp, "num-irq must be a multiple of 32 between %d and %d", MIN_IRQS, MAX_IRQS);
        return false;
    }
    if (s->num_cpu < 1 || (s->revision == 2 && s->num_cpu > 8)) {
        error_setg(errp, "num-cpu: a GICv%u serves %s CPUs, not %u", s->revision, s->revision == 2 ? "1 to 8" : "1 or more", s->num_cpu);
        return false;
    }
    if (s->revision == 2) {
        return true;
    }
    if (!s->num_redist_regions) {
        s->num_redist_regions = 1;
        s->redist_count[0] = s->num_cpu;
    }
    for (unsigned i = 0; i < s->num_redist_regions; i++) {
        redists += s->redist_count[i];
    }
    if (redists < s->num_cpu) {
        error_setg(errp, "redist-region-count: room for %u redistributors, and there are %u CPUs", redists, s->num_cpu);
        return false;
    }
    return true;
}

/* Accesses of the guest never reach these: the kernel answers first. The regions hold the place. */
static void add_region(GICState *s, MemoryRegion *mr, const MemoryRegionOps *ops, const char *name, uint64_t size)
{
    if (ops) {
        memory_region_init_io(mr, OBJECT(s), ops, s, name, size);
    } else {
        memory_region_init(mr, OBJECT(s), name, size);
    }
    sysbus_init_mmio(SYS_BUS_DEVICE(s), mr);
}

bool gic_common_realize(GICState *s, qemu_irq_handler handler, const MemoryRegionOps *dist_ops, Error **errp)
{
    unsigned wires;

    if (!check_properties(s, errp)) {
        return false;
    }
    wires = gic_num_spis(s) + GIC_INTERNAL_IRQS * s->num_cpu;
    s->level = g_malloc0(wires);
    s->fd = -1;
    qdev_init_gpio_in(DEVICE(s), handler, wires);
    if (s->revision == 2) {
        add_region(s, &s->dist, dist_ops, "gic_dist", GICV2_DIST_SIZE);
        add_region(s, &s->regions[0], NULL, "gic_cpu", GICV2_CPU_SIZE);
        return true;
    }
    add_region(s, &s->dist, dist_ops, "gicv3_dist", GIC_DIST_SIZE);
    for (unsigned i = 0; i < s->num_redist_regions; i++) {
        g_autofree char *name = g_strdup_printf("gicv3_redist_region[%u]", i);
        add_region(s, &s->regions[i], NULL, name, (uint64_t)s->redist_count[i] * GICV3_REDIST_SIZE);
    }
    return true;
}

void gic_common_unrealize(GICState *s)
{
    g_free(s->level);
    s->level = NULL;
}

static const Property gic_properties[] = {
    DEFINE_PROP_UINT32("num-cpu", GICState, num_cpu, 1),
    DEFINE_PROP_UINT32("num-irq", GICState, num_irq, 288),
    DEFINE_PROP_UINT32("revision", GICState, revision, 3),
};

static void gic_common_class_init(ObjectClass *klass, const void *data)
{
    device_class_set_props(DEVICE_CLASS(klass), gic_properties);
    object_class_property_add(klass, "redist-region-count", "list", get_redist_counts, set_redist_counts, NULL);
}

/* --- ITS ---------------------------------------------------------------------------- */

bool its_common_realize(ITSState *s, const MemoryRegionOps *translater_ops, Error **errp)
{
    if (!s->gic) {
        error_setg(errp, "parent-gicv3 must name the GIC");
        return false;
    }
    s->fd = -1;
    memory_region_init(&s->frame, OBJECT(s), "gicv3-its", ITS_SIZE);
    memory_region_init_io(&s->translater, OBJECT(s), translater_ops, s, "gicv3-its-translation", ITS_SIZE - ITS_TRANSLATER_FRAME);
    memory_region_clear_global_locking(&s->translater);
    memory_region_add_subregion(&s->frame, ITS_TRANSLATER_FRAME, &s->translater);
    sysbus_init_mmio(SYS_BUS_DEVICE(s), &s->frame);
    return true;
}

static const Property its_properties[] = {
    DEFINE_PROP_LINK("parent-gicv3", ITSState, gic, TYPE_GIC_COMMON, GICState *),
};

static void its_common_class_init(ObjectClass *klass, const void *data)
{
    device_class_set_props(DEVICE_CLASS(klass), its_properties);
}

static const TypeInfo gic_infos[] = {
    { .name = TYPE_GIC_COMMON, .parent = TYPE_SYS_BUS_DEVICE, .abstract = true, .instance_size = sizeof(GICState),
      .class_init = gic_common_class_init },
    { .name = TYPE_ITS_COMMON, .parent = TYPE_SYS_BUS_DEVICE, .abstract = true, .instance_size = sizeof(ITSState),
      .class_init = its_common_class_init },
};
DEFINE_TYPES(gic_infos)
