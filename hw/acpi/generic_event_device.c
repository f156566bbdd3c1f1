/*
 * ACPI Generic Event Device (ACPI 6.5, 5.6.9): tells the guest that something
 * happened through one interrupt and one register.
 *
 * Guest sees: a 32-bit event selector; reading it answers which events wait,
 * takes them, and lowers the interrupt. Only 32-bit reads take events. On a
 * machine with memory slots, their registers too (memory-hotplug.c).
 * Runs under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/acpi/generic_event_device.h"
#include "hw/acpi/memory-hotplug.h"
#include "qapi/qapi-commands.h"

#define GED_REGION_SIZE 4

struct AcpiGedState {
    SysBusDevice parent_obj;
    MemoryRegion iomem;
    qemu_irq irq;
    uint32_t waiting;
    AcpiMemoryHotplug memory;           /* without slots none can be plugged */
};

static void update_irq(AcpiGedState *ged)
{
    qemu_set_irq(ged->irq, ged->waiting != 0);
}

void acpi_ged_raise(AcpiGedState *ged, uint32_t events)
{
    ged->waiting |= events;
    update_irq(ged);
}

/* --- Memory ------------------------------------------------------------------------------- */

void acpi_ged_set_memory_slots(AcpiGedState *ged, MemorySlots *slots)
{
    ged->memory.slots = slots;
}

void acpi_ged_memory_inserted(AcpiGedState *ged, const PCDIMMDevice *dimm)
{
    acpi_memory_inserted(&ged->memory, dimm);
    acpi_ged_raise(ged, ACPI_GED_MEM_HOTPLUG_EVT);
}

void acpi_ged_remove_memory(AcpiGedState *ged, const PCDIMMDevice *dimm)
{
    acpi_memory_remove(&ged->memory, dimm);
    acpi_ged_raise(ged, ACPI_GED_MEM_HOTPLUG_EVT);
}

static int find_ged(Object *child, void *opaque)
{
    *(Object **)opaque = object_dynamic_cast(child, TYPE_ACPI_GED);
    return *(Object **)opaque != NULL;
}

json_t *qmp_query_acpi_ospm_status(const json_t *args, Error **errp)
{
    Object *ged = NULL;

    if (!object_child_foreach_recursive(object_get_root(), find_ged, &ged)) {
        error_setg(errp, "This machine tells its guest nothing by ACPI: it needs firmware, or -machine acpi=on");
        return NULL;
    }
    return ACPI_GED(ged)->memory.slots ? acpi_memory_describe(&ACPI_GED(ged)->memory) : json_array();
}

/* --- Events ---------------------------------------------------------------------------------- */

static uint64_t ged_read(void *opaque, hwaddr addr, unsigned size)
{
    AcpiGedState *ged = opaque;
    uint32_t events = ged->waiting;

    ged->waiting = 0;
    update_irq(ged);
    return events;
}

static void ged_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
}

static const MemoryRegionOps ged_ops = {
    .read = ged_read, .write = ged_write, .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 4 }, .impl = { .min_access_size = 4, .max_access_size = 4 },
};

static void ged_reset(Object *obj, ResetType type)
{
    ACPI_GED(obj)->waiting = 0;
}

static void ged_reset_hold(Object *obj, ResetType type)
{
    update_irq(ACPI_GED(obj));
}

static bool ged_realize(DeviceState *dev, Error **errp)
{
    AcpiGedState *ged = ACPI_GED(dev);

    memory_region_init_io(&ged->iomem, OBJECT(dev), &ged_ops, ged, TYPE_ACPI_GED, GED_REGION_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &ged->iomem);
    sysbus_init_irq(SYS_BUS_DEVICE(dev), &ged->irq);
    if (ged->memory.slots) {
        acpi_memory_hotplug_init(&ged->memory, OBJECT(dev));
        sysbus_init_mmio(SYS_BUS_DEVICE(dev), &ged->memory.io);
    }
    return true;
}

static void ged_finalize(Object *obj)
{
    acpi_memory_hotplug_finalize(&ACPI_GED(obj)->memory);
}

static void ged_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->desc = "ACPI Generic Event Device";
    dc->realize = ged_realize;
    dc->phases.enter = ged_reset;
    dc->phases.hold = ged_reset_hold;
}

static const TypeInfo ged_info = {
    .name = TYPE_ACPI_GED, .parent = TYPE_SYS_BUS_DEVICE, .instance_size = sizeof(AcpiGedState), .class_init = ged_class_init,
    .instance_finalize = ged_finalize,
};
DEFINE_TYPE(ged_info)
