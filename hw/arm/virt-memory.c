/*
 * Memory that comes and goes on `virt`: DIMMs in the slots of -m slots=,maxmem=.
 * The guest hears of them through ACPI only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/acpi/generic_event_device.h"
#include "virt-internal.h"

static PCDIMMDevice *as_dimm(DeviceState *dev)
{
    return (PCDIMMDevice *)object_dynamic_cast(OBJECT(dev), TYPE_PC_DIMM);
}

void virt_create_memory_slots(VirtMachineState *vms)
{
    MachineState *ms = &vms->parent_obj;

    if (vms->more_memory.size) {
        ms->memory_slots = memory_slots_new(OBJECT(vms), ms->ram_slots, ms->maxram_size - ms->ram_size, vms->more_memory.base, vms->more_memory.size);
    }
}

static bool needs_acpi(const char *what, Error **errp)
{
    error_setg(errp, "%s: the guest hears of DIMMs through ACPI only; give it firmware (-bios, pflash), or a kernel and -machine acpi=on", what);
    return false;
}

bool virt_memory_pre_plug(MachineState *ms, DeviceState *dev, Error **errp)
{
    if (!as_dimm(dev)) {
        return true;
    }
    if (dev->hotplugged && !VIRT_MACHINE(ms)->acpi_dev) {
        return needs_acpi("pc-dimm", errp);
    }
    return memory_slots_place(ms->memory_slots, as_dimm(dev), errp);
}

bool virt_memory_plug(MachineState *ms, DeviceState *dev, Error **errp)
{
    PCDIMMDevice *dimm = as_dimm(dev);

    if (!dimm) {
        return true;
    }
    if (!memory_slots_insert(ms->memory_slots, dimm, errp)) {
        return false;
    }
    if (dev->hotplugged) {
        acpi_ged_memory_inserted(ACPI_GED(VIRT_MACHINE(ms)->acpi_dev), dimm);
    }
    return true;
}

bool virt_memory_unplug_request(MachineState *ms, DeviceState *dev, Error **errp)
{
    if (!as_dimm(dev)) {
        return qdev_cannot_unplug(dev->id ?: object_get_typename(OBJECT(dev)), errp);
    }
    acpi_ged_remove_memory(ACPI_GED(VIRT_MACHINE(ms)->acpi_dev), as_dimm(dev));
    return true;
}

/* When the machine is complete, and it is known how the guest boots. */
bool virt_memory_check(VirtMachineState *vms, Error **errp)
{
    return vms->acpi_dev || !memory_slots_used(vms->parent_obj.memory_slots) || needs_acpi("-device pc-dimm", errp);
}
