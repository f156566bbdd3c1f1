/*
 * Slots: PCIe Base Specification 5.0 sections 6.7 and 7.5.3.9 to 11. The
 * guest's driver and we talk through the slot registers:
 *
 *   plug      card in: presence and attention button events; the guest switches
 *             power on, and only then the card answers
 *   unplug    attention button; the guest stops its driver and switches power and
 *             power indicator off; then the card goes and DEVICE_DELETED is sent.
 *             A guest that ends the blinking with power still on has refused.
 *
 * A command written to Slot Control is complete at once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/pci/pcie_port.h"
#include "monitor/qapi-event.h"
#include "pci-internal.h"

#define SLTSTA_EVENTS   (PCI_EXP_SLTSTA_ABP | PCI_EXP_SLTSTA_PFD | PCI_EXP_SLTSTA_MRLSC | PCI_EXP_SLTSTA_PDC | \
                         PCI_EXP_SLTSTA_CC | PCI_EXP_SLTSTA_DLLSC)
#define SLTCTL_ENABLES  (PCI_EXP_SLTCTL_ABPE | PCI_EXP_SLTCTL_PDCE | PCI_EXP_SLTCTL_CCIE | PCI_EXP_SLTCTL_HPIE)
/* A second press within this time would cancel the first. */
#define BUTTON_REPEAT_US (5 * G_USEC_PER_SEC)

static const struct { uint16_t enable, event; } event_enables[] = {
    { PCI_EXP_SLTCTL_ABPE, PCI_EXP_SLTSTA_ABP },
    { PCI_EXP_SLTCTL_PDCE, PCI_EXP_SLTSTA_PDC },
    { PCI_EXP_SLTCTL_CCIE, PCI_EXP_SLTSTA_CC },
    { PCI_EXP_SLTCTL_DLLSCE, PCI_EXP_SLTSTA_DLLSC },
};

static uint8_t *exp_reg(PCIDevice *port, unsigned reg)
{
    return port->config + port->exp.exp_cap + reg;
}

static uint16_t slot_control(PCIDevice *port)
{
    return pci_get_word(exp_reg(port, PCI_EXP_SLTCTL));
}

static uint32_t slot_caps(PCIDevice *port)
{
    return pci_get_long(exp_reg(port, PCI_EXP_SLTCAP));
}

static PCIBus *bus_below(PCIDevice *port)
{
    return pci_bridge_get_sec_bus(PCI_BRIDGE(port));
}

static PCIDevice *card_in(PCIDevice *port)
{
    return bus_below(port)->devices[0];
}

/* --- Interrupt ------------------------------------------------------------------------------ */

static bool wants_interrupt(PCIDevice *port)
{
    uint16_t ctl = slot_control(port), sta = pci_get_word(exp_reg(port, PCI_EXP_SLTSTA));

    for (size_t i = 0; i < ARRAY_SIZE(event_enables); i++) {
        if ((ctl & PCI_EXP_SLTCTL_HPIE) && (ctl & event_enables[i].enable) && (sta & event_enables[i].event)) {
            return true;
        }
    }
    return false;
}

static void update_interrupt(PCIDevice *port)
{
    bool now = wants_interrupt(port), before = port->exp.hpev_notified;

    port->exp.hpev_notified = now;
    if (msix_enabled(port)) {
        if (now && !before) {
            msix_notify(port, 0);
        }
    } else if (msi_enabled(port)) {
        if (now && !before) {
            msi_notify(port, 0);
        }
    } else {
        pci_set_irq(port, now);
    }
}

static void raise_events(PCIDevice *port, uint16_t events)
{
    pci_word_test_and_set(exp_reg(port, PCI_EXP_SLTSTA), events);
    update_interrupt(port);
}

/* --- Presence and power ------------------------------------------------------------------------ */

static void set_presence(PCIDevice *port, const PCIDevice *card)
{
    if (card) {
        pci_word_test_and_set(exp_reg(port, PCI_EXP_SLTSTA), PCI_EXP_SLTSTA_PDS);
    } else {
        pci_word_test_and_clear(exp_reg(port, PCI_EXP_SLTSTA), PCI_EXP_SLTSTA_PDS);
    }
    pcie_link_changed(port, card);
}

static bool slot_powered(PCIDevice *port)
{
    return !(slot_caps(port) & PCI_EXP_SLTCAP_PCP) || !(slot_control(port) & PCI_EXP_SLTCTL_PCC);
}

static void power_one(PCIBus *bus, PCIDevice *dev, void *on)
{
    pci_set_power(dev, GPOINTER_TO_INT(on));
}

static void update_power(PCIDevice *port)
{
    pci_for_each_device_on_bus(bus_below(port), power_one, GINT_TO_POINTER(slot_powered(port)));
}

/* --- Plugging ------------------------------------------------------------------------------------- */

static bool can_hotplug(PCIDevice *port, const char *what, Error **errp)
{
    if (slot_caps(port) & PCI_EXP_SLTCAP_HPC) {
        return true;
    }
    error_setg(errp, "no %s while the machine runs: port '%s' was made with hotplug=off", what,
               port->parent_obj.id ? port->parent_obj.id : port->name);
    return false;
}

static bool slot_pre_plug(DeviceState *owner, DeviceState *dev, Error **errp)
{
    PCIDevice *port = PCI_DEVICE(owner);

    if (!dev->hotplugged || pcie_sriov_is_vf(PCI_DEVICE(dev))) {
        return true;
    }
    if (!can_hotplug(port, "plug", errp)) {
        return false;
    }
    if (card_in(port) && card_in(port)->parent_obj.pending_deleted_event) {
        error_setg(errp, "The guest is still removing the device in '%s'; plug the next when it is gone", bus_below(port)->qbus.name);
        return false;
    }
    return true;
}

/* Functions above 0 wait for function 0, which makes the card complete. */
static bool slot_plug(DeviceState *owner, DeviceState *dev, Error **errp)
{
    PCIDevice *port = PCI_DEVICE(owner), *card = PCI_DEVICE(dev);

    if (pcie_sriov_is_vf(card)) {
        return true;                    /* part of the card that is being plugged */
    }
    if (!dev->hotplugged) {
        set_presence(port, card);
        return true;
    }
    update_power(port);
    if (card_in(port)) {
        set_presence(port, card_in(port));
        raise_events(port, PCI_EXP_SLTSTA_PDC | PCI_EXP_SLTSTA_ABP);
    }
    return true;
}

static void eject_one(PCIBus *bus, PCIDevice *dev, void *unused)
{
    if (!pcie_sriov_is_vf(dev)) {       /* these go with their physical function */
        qdev_finish_unplug(DEVICE(dev));
    }
}

static void eject(PCIDevice *port)
{
    pci_for_each_device_on_bus(bus_below(port), eject_one, NULL);
    set_presence(port, NULL);
    raise_events(port, PCI_EXP_SLTSTA_PDC);
}

static bool slot_unplug_request(DeviceState *owner, DeviceState *dev, Error **errp)
{
    PCIDevice *port = PCI_DEVICE(owner);
    PCIESlot *slot = PCIE_SLOT(owner);
    uint16_t ctl = slot_control(port);
    int64_t now = g_get_monotonic_time();

    if (pcie_sriov_is_vf(PCI_DEVICE(dev))) {
        error_setg(errp, "A virtual function goes with its physical function only");
        return false;
    }
    if (!can_hotplug(port, "unplug", errp)) {
        return false;
    }
    if ((ctl & PCI_EXP_SLTCTL_PIC) == PCI_EXP_SLTCTL_PWR_IND_BLINK) {
        error_setg(errp, "The guest is busy with this slot (its power indicator blinks); try again later");
        return false;
    }
    if (dev->pending_deleted_event && now - slot->unplug_asked < BUTTON_REPEAT_US) {
        error_setg(errp, "Device %s has been asked to leave already", dev->id ? dev->id : object_get_typename(OBJECT(dev)));
        return false;
    }
    /* Without power, or without function 0, the guest has never seen it. */
    if (!slot_powered(port) || !card_in(port)) {
        eject(port);
        return true;
    }
    dev->pending_deleted_event = true;
    slot->unplug_asked = now;
    raise_events(port, PCI_EXP_SLTSTA_ABP);
    return true;
}

const HotplugHandler pcie_slot_hotplug_handler = {
    .pre_plug = slot_pre_plug, .plug = slot_plug, .unplug_request = slot_unplug_request,
};

/* --- What the guest writes ---------------------------------------------------------------------------- */

static bool is_off(uint16_t ctl)
{
    return (ctl & PCI_EXP_SLTCTL_PCC) && (ctl & PCI_EXP_SLTCTL_PIC) == PCI_EXP_SLTCTL_PWR_IND_OFF;
}

static bool gave_up_removal(uint16_t old, uint16_t now)
{
    return (old & PCI_EXP_SLTCTL_PIC) == PCI_EXP_SLTCTL_PWR_IND_BLINK &&
        (now & PCI_EXP_SLTCTL_PIC) == PCI_EXP_SLTCTL_PWR_IND_ON && !(now & PCI_EXP_SLTCTL_PCC);
}

static void tell_refused(PCIBus *bus, PCIDevice *dev, void *unused)
{
    DeviceState *qdev = DEVICE(dev);
    g_autofree char *path = object_get_canonical_path(OBJECT(dev));
    json_t *data;

    if (!qdev->pending_deleted_event) {
        return;
    }
    qdev->pending_deleted_event = false;
    data = json_pack("{s:s}", "path", path ? path : "");
    if (qdev->id) {
        json_object_set_new(data, "device", json_string(qdev->id));
    }
    qapi_event_send("DEVICE_UNPLUG_GUEST_ERROR", data);
}

static void command(PCIDevice *port, uint16_t old_ctl)
{
    uint16_t ctl = slot_control(port);
    uint8_t *sta = exp_reg(port, PCI_EXP_SLTSTA);

    if (ctl & PCI_EXP_SLTCTL_EIC) {     /* toggles the interlock; reads 0 */
        pci_set_word(exp_reg(port, PCI_EXP_SLTCTL), ctl & ~PCI_EXP_SLTCTL_EIC);
        pci_set_word(sta, pci_get_word(sta) ^ PCI_EXP_SLTSTA_EIS);
    }
    if (is_off(ctl) && !is_off(old_ctl) && card_in(port)) {
        eject(port);
    } else if (gave_up_removal(old_ctl, ctl)) {
        pci_for_each_device_on_bus(bus_below(port), tell_refused, NULL);
    }
    update_power(port);
    raise_events(port, PCI_EXP_SLTSTA_CC);
}

void pcie_cap_slot_write_config(PCIDevice *port, uint16_t old_slt_ctl, uint16_t old_slt_sta, uint32_t addr, uint32_t val, int len)
{
    uint32_t at = port->exp.exp_cap + PCI_EXP_SLTCTL;

    if (addr < at + 4 && addr + len > at) {
        if (addr < at + 2) {
            command(port, old_slt_ctl);
        }
        update_interrupt(port);
    }
}

/* --- Life ------------------------------------------------------------------------------------------------ */

static uint32_t slot_capability(uint16_t slot, bool hotplug, bool power_controller)
{
    return (uint32_t)slot << 19 | PCI_EXP_SLTCAP_EIP | PCI_EXP_SLTCAP_ABP | PCI_EXP_SLTCAP_AIP | PCI_EXP_SLTCAP_PIP |
        (hotplug ? PCI_EXP_SLTCAP_HPS | PCI_EXP_SLTCAP_HPC : 0) | (power_controller ? PCI_EXP_SLTCAP_PCP : 0);
}

void pcie_cap_slot_init(PCIDevice *port, uint16_t slot, bool hotplug, bool power_controller)
{
    uint8_t *flags = exp_reg(port, PCI_EXP_FLAGS);
    uint16_t writable = SLTCTL_ENABLES | PCI_EXP_SLTCTL_AIC | PCI_EXP_SLTCTL_PIC | PCI_EXP_SLTCTL_EIC |
        (power_controller ? PCI_EXP_SLTCTL_PCC : 0);

    pci_set_word(flags, pci_get_word(flags) | PCI_EXP_FLAGS_SLOT);
    pci_set_long(exp_reg(port, PCI_EXP_SLTCAP), slot_capability(slot, hotplug, power_controller));
    pci_set_word(port->wmask + port->exp.exp_cap + PCI_EXP_SLTCTL, writable);
    pci_set_word(port->w1cmask + port->exp.exp_cap + PCI_EXP_SLTSTA, SLTSTA_EVENTS);
    pcie_cap_slot_reset(port);
    qbus_set_hotplug_handler(BUS(bus_below(port)), DEVICE(port), &pcie_slot_hotplug_handler);
}

static void forget_request(PCIBus *bus, PCIDevice *dev, void *unused)
{
    DEVICE(dev)->pending_deleted_event = false;
}

/* Whatever is in the slot comes up powered; a removal the guest had not finished must be asked for again. */
void pcie_cap_slot_reset(PCIDevice *port)
{
    bool pcp = slot_caps(port) & PCI_EXP_SLTCAP_PCP;
    uint16_t ctl = PCI_EXP_SLTCTL_ATTN_IND_OFF | PCI_EXP_SLTCTL_PWR_IND_OFF;

    if (pcp && !card_in(port)) {
        ctl |= PCI_EXP_SLTCTL_PCC;
    }
    pci_set_word(exp_reg(port, PCI_EXP_SLTCTL), ctl);
    pci_word_test_and_clear(exp_reg(port, PCI_EXP_SLTSTA), SLTSTA_EVENTS | PCI_EXP_SLTSTA_EIS);
    set_presence(port, card_in(port));
    pci_for_each_device_on_bus(bus_below(port), forget_request, NULL);
    update_power(port);
    update_interrupt(port);
}
