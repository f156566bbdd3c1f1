/*
 * PCI functions as devices: their properties, and the way from "on a bus" to
 * "answers config cycles" and back.
 *
 * Order at realize, undone backwards: place on the bus, ask the vIOMMU whether
 * it takes such a function, config space, bus-master address space, the
 * device's own realize, option ROM. The address space comes after the place so
 * that the vIOMMU can look the function up.
 *
 * Not modelled: VFs given on the command line (`sriov-pf` is refused), failover pairs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pci-internal.h"

#define ACPI_INDEX_MAX  (16 * 1024 - 1)

static GHashTable *acpi_indexes;        /* acpi-index in use */

/* --- busnr: shown, never set ------------------------------------------------------------ */

static json_t *get_busnr(const void *field, const Property *prop)
{
    const PCIDevice *dev = field;

    return json_integer(dev->parent_obj.parent_bus ? pci_dev_bus_num(dev) : 0);
}

static const PropertyInfo prop_busnr = { .type = "busnr", .get = get_busnr };

static const Property pci_properties[] = {
    DEFINE_PROP_SIGNED_("addr", PCIDevice, devfn, -1, qdev_prop_pci_devfn, int32_t),
    DEFINE_PROP_STRING("romfile", PCIDevice, romfile),
    DEFINE_PROP_UINT32("romsize", PCIDevice, romsize, UINT32_MAX),
    DEFINE_PROP_INT32("rombar", PCIDevice, rom_bar, -1),
    DEFINE_PROP_BIT("multifunction", PCIDevice, cap_present, 0, false),
    DEFINE_PROP_BIT("x-pcie-lnksta-dllla", PCIDevice, cap_present, 5, true),
    DEFINE_PROP_BIT("x-pcie-ext-tag", PCIDevice, cap_present, 7, true),
    DEFINE_PROP_BIT("x-pcie-err-unc-mask", PCIDevice, cap_present, 8, true),
    DEFINE_PROP_BIT("x-pcie-ari-nextfn-1", PCIDevice, cap_present, 6, false),
    DEFINE_PROP_STRING("failover_pair_id", PCIDevice, failover_pair_id),
    DEFINE_PROP_UINT32("acpi-index", PCIDevice, acpi_index, 0),
    DEFINE_PROP_SIZE32("x-max-bounce-buffer-size", PCIDevice, max_bounce_buffer_size, 4096),
    DEFINE_PROP_STRING("sriov-pf", PCIDevice, sriov_pf),
    DEFINE_PROP("busnr", PCIDevice, parent_obj, prop_busnr, DeviceState),
};

static const PropertyDoc pci_docs[] = {
    { "addr", "Slot, and function behind a dot: 06 or 06.0" },
    { "multifunction", "on/off" },
    { "x-pcie-lnksta-dllla", "on/off" },
    { "x-pcie-ext-tag", "on/off" },
    { "x-pcie-err-unc-mask", "on/off" },
    { "x-pcie-ari-nextfn-1", "on/off" },
    { "x-max-bounce-buffer-size", "Most bytes to copy at a time where DMA finds no RAM to map" },
    { NULL, NULL }
};

/* --- Realize ------------------------------------------------------------------------------ */

static bool check_options(PCIDevice *dev, Error **errp)
{
    const char *name = object_get_typename(OBJECT(dev));

    if (dev->failover_pair_id && *dev->failover_pair_id) {
        error_setg(errp, "%s: failover_pair_id is not supported, leave it out", name);
    } else if (dev->sriov_pf && *dev->sriov_pf) {
        error_setg(errp, "%s: sriov-pf is not supported, leave it out", name);
    } else if (dev->romsize != UINT32_MAX && !is_power_of_2(dev->romsize)) {
        error_setg(errp, "%s: romsize=%u must be a power of two", name, dev->romsize);
    } else if (dev->acpi_index > ACPI_INDEX_MAX) {
        error_setg(errp, "acpi-index= takes at most %u", ACPI_INDEX_MAX);
    } else if (dev->acpi_index && acpi_indexes && g_hash_table_contains(acpi_indexes, GUINT_TO_POINTER(dev->acpi_index))) {
        error_setg(errp, "acpi-index=%u belongs to another device", dev->acpi_index);
    } else {
        return true;
    }
    return false;
}

static void take_acpi_index(PCIDevice *dev)
{
    if (!acpi_indexes) {
        acpi_indexes = g_hash_table_new(NULL, NULL);
    }
    if (dev->acpi_index) {
        g_hash_table_add(acpi_indexes, GUINT_TO_POINTER(dev->acpi_index));
    }
}

static void drop_acpi_index(PCIDevice *dev)
{
    if (dev->acpi_index) {
        g_hash_table_remove(acpi_indexes, GUINT_TO_POINTER(dev->acpi_index));
    }
}

/* A device of both worlds is what its bus is. */
static void decide_express(PCIDevice *dev)
{
    bool express = object_dynamic_cast(OBJECT(dev), INTERFACE_PCIE_DEVICE) != NULL;
    bool conventional = object_dynamic_cast(OBJECT(dev), INTERFACE_CONVENTIONAL_PCI_DEVICE) != NULL;

    if (express && (!conventional || pci_bus_is_express(pci_get_bus(dev)))) {
        dev->cap_present |= QEMU_PCI_CAP_EXPRESS;
    }
}

static bool viommu_takes(PCIDevice *dev, Error **errp)
{
    PCIBus *iommu_bus, *bus;
    int devfn;
    void *opaque;
    const PCIIOMMUOps *ops = pci_device_get_iommu_ops(dev, &iommu_bus, &bus, &devfn, &opaque);

    return !ops || !ops->supports_address_space || ops->supports_address_space(bus, opaque, devfn, errp);
}

static void undo_function(PCIDevice *dev)
{
    pci_unmap_bars(dev);
    pci_bus_master_exit(dev);
    pci_bus_unplace(dev);
    drop_acpi_index(dev);
    /* Config space stays until the object goes: regions that are still being read may look at it. */
}

static bool begin_function(PCIDevice *dev, Error **errp)
{
    if (!check_options(dev, errp) || !pci_bus_place(dev, errp)) {
        return false;
    }
    decide_express(dev);
    if (!viommu_takes(dev, errp)) {
        pci_bus_unplace(dev);
        return false;
    }
    take_acpi_index(dev);
    g_strlcpy(dev->name, object_get_typename(OBJECT(dev)), sizeof(dev->name));
    dev->has_power = dev->enabled = true;
    pci_config_init(dev);
    pci_bus_master_init(dev);
    return true;
}

static bool pci_qdev_realize(DeviceState *qdev, Error **errp)
{
    PCIDevice *dev = PCI_DEVICE(qdev);
    PCIDeviceClass *pc = PCI_DEVICE_GET_CLASS(dev);
    int32_t asked = dev->devfn;

    if (!begin_function(dev, errp)) {
        return false;
    }
    if (pc->realize && !pc->realize(dev, errp)) {
        undo_function(dev);
        dev->devfn = asked;
        return false;
    }
    if (!pci_rom_add(dev, errp)) {
        if (pc->exit) {
            pc->exit(dev);
        }
        undo_function(dev);
        dev->devfn = asked;
        return false;
    }
    pci_config_seal(dev);
    return true;
}

static void pci_qdev_unrealize(DeviceState *qdev)
{
    PCIDevice *dev = PCI_DEVICE(qdev);
    PCIDeviceClass *pc = PCI_DEVICE_GET_CLASS(dev);

    pci_irq_deassert(dev);
    pci_unmap_bars(dev);
    pci_rom_del(dev);
    if (pc->exit) {
        pc->exit(dev);
    }
    undo_function(dev);
}

/* --- Reset, power ---------------------------------------------------------------------------- */

/* Config space first: what the device does in its own hold phase starts from there. */
static void pci_reset_enter(Object *obj, ResetType type)
{
    pcie_sriov_pf_reset(PCI_DEVICE(obj));
    pci_config_reset(PCI_DEVICE(obj));
}

void pci_device_reset(PCIDevice *dev)
{
    device_cold_reset(DEVICE(dev));
}

void pci_set_power(PCIDevice *dev, bool on)
{
    if (dev->has_power == on) {
        return;
    }
    dev->has_power = on;
    pci_bus_master_update(dev);
    pci_update_mappings(dev);
    if (!on) {
        pci_irq_deassert(dev);
    }
}

/* --- Making functions in code ------------------------------------------------------------------ */

PCIDevice *pci_new(int devfn, const char *type)
{
    PCIDevice *dev = PCI_DEVICE(qdev_new(type));

    dev->devfn = devfn;
    return dev;
}

bool pci_realize_and_unref(PCIDevice *dev, PCIBus *bus, Error **errp)
{
    return qdev_realize_and_unref(DEVICE(dev), BUS(bus), errp);
}

static void pci_device_finalize(Object *obj)
{
    msix_free((PCIDevice *)obj);
    pci_config_free((PCIDevice *)obj);
}

static void pci_device_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = pci_qdev_realize;
    dc->unrealize = pci_qdev_unrealize;
    dc->bus_type = TYPE_PCI_BUS;
    dc->user_creatable = true;
    device_class_set_phases(dc, pci_reset_enter, NULL, NULL, NULL);
    device_class_set_props(dc, pci_properties);
    device_class_describe_props(dc, pci_docs);
}

static const TypeInfo pci_device_info = {
    .name = TYPE_PCI_DEVICE, .parent = TYPE_DEVICE, .abstract = true,
    .instance_size = sizeof(PCIDevice), .class_size = sizeof(PCIDeviceClass),
    .instance_finalize = pci_device_finalize, .class_init = pci_device_class_init,
};
DEFINE_TYPE(pci_device_info)
