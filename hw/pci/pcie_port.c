/*
 * What root ports and switch ports share: base types with their properties,
 * chassis and slot numbers, and the order in which a slotted port is built.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/pci/pcie_port.h"
#include "pci-internal.h"

#define AER_SIZE_ROOT   0x48

/* --- Chassis: a slot number may be used once in each ------------------------------------------ */

static GHashTable *taken_slots;         /* chassis << 16 | slot */

static gpointer slot_key(const PCIESlot *s)
{
    return GUINT_TO_POINTER((guint)s->chassis << 16 | s->slot | 1U << 31);
}

bool pcie_chassis_take_slot(PCIESlot *s, Error **errp)
{
    if (!taken_slots) {
        taken_slots = g_hash_table_new(NULL, NULL);
    }
    if (!g_hash_table_add(taken_slots, slot_key(s))) {
        error_setg(errp, "Can't add slot %u to chassis %u: another port has it; give each port its own chassis= or slot=",
                   s->slot, s->chassis);
        return false;
    }
    return true;
}

void pcie_chassis_drop_slot(PCIESlot *s)
{
    g_hash_table_remove(taken_slots, slot_key(s));
}

/* --- Building -------------------------------------------------------------------------------------- */

static bool init_caps(PCIDevice *dev, uint8_t exp_at, uint8_t type, uint16_t aer_at, Error **errp)
{
    PCIESlot *s = PCIE_SLOT(dev);

    if (s->slot > PCI_EXP_SLTCAP_PSN >> 19) {
        error_setg(errp, "slot %u is larger than a slot number can be (%u)", s->slot, PCI_EXP_SLTCAP_PSN >> 19);
        return false;
    }
    if (!pcie_cap_init(dev, exp_at, type, s->parent_obj.port, errp)) {
        return false;
    }
    if (s->speed) {
        pcie_cap_set_link(dev, s->width, s->speed);
    }
    pcie_cap_arifwd_init(dev);
    pcie_cap_deverr_init(dev);
    pcie_cap_slot_init(dev, s->slot, s->hotplug && !s->hide_native_hotplug, s->power_controller);
    return pcie_aer_init(dev, PCI_ERR_VER, aer_at, AER_SIZE_ROOT, errp) && pcie_chassis_take_slot(s, errp);
}

bool pcie_slot_init(PCIDevice *dev, uint8_t exp_at, uint8_t type, uint16_t aer_at, Error **errp)
{
    if (!pci_bridge_initfn(dev, TYPE_PCIE_BUS, errp)) {
        return false;
    }
    if (!init_caps(dev, exp_at, type, aer_at, errp)) {
        pci_bridge_exitfn(dev);
        return false;
    }
    return true;
}

void pcie_slot_exit(PCIDevice *dev)
{
    pcie_chassis_drop_slot(PCIE_SLOT(dev));
    pci_bridge_exitfn(dev);
}

void pcie_slot_write_config(PCIDevice *dev, uint32_t addr, uint32_t val, int len)
{
    uint16_t ctl = pci_get_word(dev->config + dev->exp.exp_cap + PCI_EXP_SLTCTL);
    uint16_t sta = pci_get_word(dev->config + dev->exp.exp_cap + PCI_EXP_SLTSTA);

    pci_bridge_write_config(dev, addr, val, len);
    pcie_cap_slot_write_config(dev, ctl, sta, addr, val, len);
}

void pcie_slot_reset_hold(Object *obj, ResetType type)
{
    PCIDevice *dev = PCI_DEVICE(obj);

    pci_bridge_reset(dev);
    pcie_cap_slot_reset(dev);
}

/* --- Types ------------------------------------------------------------------------------------------- */

static const Property port_properties[] = {
    DEFINE_PROP_UINT8("port", PCIEPort, port, 0),
    DEFINE_PROP_UINT16("aer_log_max", PCIEPort, aer_log_max, 8),
};

static const Property slot_properties[] = {
    DEFINE_PROP_UINT8("chassis", PCIESlot, chassis, 0),
    DEFINE_PROP_UINT16("slot", PCIESlot, slot, 0),
    DEFINE_PROP_BOOL("hotplug", PCIESlot, hotplug, true),
    DEFINE_PROP_BOOL("power_controller_present", PCIESlot, power_controller, true),
    DEFINE_PROP_BOOL("x-do-not-expose-native-hotplug-cap", PCIESlot, hide_native_hotplug, false),
};

static void port_class_init(ObjectClass *klass, const void *data)
{
    device_class_set_props(DEVICE_CLASS(klass), port_properties);
}

static void slot_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    device_class_set_props(dc, slot_properties);
    device_class_set_phases(dc, NULL, pcie_slot_reset_hold, NULL, NULL);
    pc->config_write = pcie_slot_write_config;
}

static const TypeInfo port_infos[] = {
    {
        .name = TYPE_PCIE_PORT, .parent = TYPE_PCI_BRIDGE, .abstract = true,
        .instance_size = sizeof(PCIEPort), .class_init = port_class_init,
    },
    {
        .name = TYPE_PCIE_SLOT, .parent = TYPE_PCIE_PORT, .abstract = true, .instance_size = sizeof(PCIESlot),
        .class_init = slot_class_init,
    },
};
DEFINE_TYPES(port_infos)
