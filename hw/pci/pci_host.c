/*
 * The base type of host bridges.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pci-internal.h"

static const Property host_properties[] = {
    DEFINE_PROP_BOOL("bypass-iommu", PCIHostState, bypass_iommu, false),
};

static void host_class_init(ObjectClass *klass, const void *data)
{
    device_class_set_props(DEVICE_CLASS(klass), host_properties);
}

static const TypeInfo host_info = {
    .name = TYPE_PCI_HOST_BRIDGE, .parent = TYPE_SYS_BUS_DEVICE, .abstract = true,
    .instance_size = sizeof(PCIHostState), .class_init = host_class_init,
};
DEFINE_TYPE(host_info)
