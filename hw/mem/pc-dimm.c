/*
 * A memory module: shows a memory backend to the guest where the machine puts it.
 *
 * Guest sees: RAM. That it comes and goes ACPI tells it (hw/acpi/memory-hotplug.c).
 * Runs under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/core/boards.h"
#include "hw/core/qdev-properties.h"
#include "hw/mem/pc-dimm.h"

uint64_t pc_dimm_size(const PCDIMMDevice *dimm)
{
    return memory_region_size(host_memory_backend_get_memory(dimm->memdev));
}

static bool pc_dimm_realize(DeviceState *dev, Error **errp)
{
    host_memory_backend_set_mapped(PC_DIMM(dev)->memdev, true);
    return true;
}

static void pc_dimm_unrealize(DeviceState *dev)
{
    host_memory_backend_set_mapped(PC_DIMM(dev)->memdev, false);
}

static json_t *get_size(Object *obj, const ObjectProperty *prop, Error **errp)
{
    PCDIMMDevice *dimm = PC_DIMM(obj);

    return json_integer(dimm->memdev ? (json_int_t)pc_dimm_size(dimm) : 0);
}

static const Property pc_dimm_properties[] = {
    DEFINE_PROP_UINT64("addr", PCDIMMDevice, addr, 0),
    DEFINE_PROP_UINT32("node", PCDIMMDevice, node, 0),
    DEFINE_PROP_INT32("slot", PCDIMMDevice, slot, -1),
    DEFINE_PROP_LINK("memdev", PCDIMMDevice, memdev, TYPE_MEMORY_BACKEND, HostMemoryBackend *),
};

static void pc_dimm_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->desc = "Memory in a slot (DIMM)";
    dc->user_creatable = true;
    dc->realize = pc_dimm_realize;
    dc->unrealize = pc_dimm_unrealize;
    dc->categories |= BIT(DEVICE_CATEGORY_MISC);
    device_class_set_props(dc, pc_dimm_properties);
    object_class_property_add(klass, "size", "uint64", get_size, NULL, NULL);
}

static const TypeInfo pc_dimm_info = { .name = TYPE_PC_DIMM, .parent = TYPE_DEVICE, .instance_size = sizeof(PCDIMMDevice), .class_init = pc_dimm_class_init };
DEFINE_TYPE(pc_dimm_info)
