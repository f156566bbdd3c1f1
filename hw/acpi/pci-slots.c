/*
 * The slots of the main PCI root in the DSDT, and EDSM: the method through
 * which a function with `acpi-index` tells the kernel its number, which names
 * network interfaces (PCI Firmware Specification 3.3, 4.6.7). On a bus that
 * takes hotplug names come from the slot instead; conventional ones count as such.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/acpi/pci.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pcie_port.h"

#define UUID_PCI_DSM "e5c937d0-3553-4d7a-9117-ea4d19c3434d"
enum { DSM_DEVICE_NAME = 7, DSM_SUPPORTED = 1 << 0 | 1 << DSM_DEVICE_NAME };

static void return_local0(Aml *a)
{
    aml_op(a, AML_RETURN);
    aml_local(a, 0);
}

/* Local0 [Zero] = value; the value is written before, by aml_op(STORE) and one operand. */
static void into_local0_first(Aml *a)
{
    aml_op(a, AML_INDEX);
    aml_local(a, 0);
    aml_int(a, 0);
    aml_op(a, AML_NO_TARGET);
}

/* Function 0: functions 0 and 7, to those who ask with our UUID and revision 2 or later. */
static void add_edsm_query(Aml *a)
{
    const uint8_t none = 0;

    aml_open_if(a);
    aml_op(a, AML_LEQUAL);
    aml_arg(a, 2);
    aml_int(a, 0);
    aml_op(a, AML_STORE);
    aml_buffer(a, &none, 1);
    aml_local(a, 0);

    aml_open_if(a);
    aml_op(a, AML_LNOT);
    aml_op(a, AML_LEQUAL);
    aml_arg(a, 0);
    aml_uuid(a, UUID_PCI_DSM);
    return_local0(a);
    aml_close(a);

    aml_open_if(a);
    aml_op(a, AML_LLESS);
    aml_arg(a, 1);
    aml_int(a, 2);
    return_local0(a);
    aml_close(a);

    aml_op(a, AML_STORE);
    aml_int(a, DSM_SUPPORTED);
    into_local0_first(a);
    return_local0(a);
    aml_close(a);
}

/* Function 7: { index, "" }; the index comes in the caller's package. */
static void add_edsm_name(Aml *a)
{
    aml_open_if(a);
    aml_op(a, AML_LEQUAL);
    aml_arg(a, 2);
    aml_int(a, DSM_DEVICE_NAME);
    aml_op(a, AML_STORE);
    aml_open_package(a, 2);
    aml_int(a, 0);
    aml_string(a, "");
    aml_close(a);
    aml_local(a, 0);

    aml_op(a, AML_STORE);
    aml_op(a, AML_DEREF_OF);
    aml_op(a, AML_INDEX);
    aml_arg(a, 4);
    aml_int(a, 0);
    aml_op(a, AML_NO_TARGET);
    aml_local(a, 1);

    aml_op(a, AML_STORE);
    aml_local(a, 1);
    into_local0_first(a);
    return_local0(a);
    aml_close(a);
}

static void add_edsm(Aml *a)
{
    aml_open_method(a, "EDSM", 5, true);
    add_edsm_query(a);
    add_edsm_name(a);
    aml_close(a);
}

/* _DSM (4) { Local0 = Package (1) { index }; Return (EDSM (Arg0, Arg1, Arg2, Arg3, Local0)) } */
static void add_index(Aml *a, uint32_t index)
{
    aml_open_method(a, "_DSM", 4, true);
    aml_op(a, AML_STORE);
    aml_open_package(a, 1);
    aml_int(a, index);
    aml_close(a);
    aml_local(a, 0);
    aml_op(a, AML_RETURN);
    aml_path(a, "EDSM");
    for (unsigned i = 0; i < 4; i++) {
        aml_arg(a, i);
    }
    aml_local(a, 0);
    aml_close(a);
}

static bool names_by_index(const PCIBus *bus)
{
    const PCIESlot *slot;

    if (pci_bus_is_root(bus) || !pci_bus_is_express(bus)) {
        return pci_bus_is_root(bus);
    }
    slot = (PCIESlot *)object_dynamic_cast(OBJECT(bus->parent_dev), TYPE_PCIE_SLOT);
    return !slot || !slot->hotplug;
}

static void add_slots(Aml *a, PCIBus *bus)
{
    char name[5];

    for (int devfn = 0; devfn < PCI_DEVFN_MAX; devfn++) {
        PCIDevice *dev = bus->devices[devfn];

        /* Hot-plugged functions are the port's business. */
        if (!dev || DEVICE(dev)->hotplugged) {
            continue;
        }
        snprintf(name, sizeof(name), "S%02X", (unsigned)devfn);
        aml_open_device(a, name);
        aml_name_int(a, "_ADR", PCI_SLOT(devfn) << 16 | PCI_FUNC(devfn));
        if (object_dynamic_cast(OBJECT(dev), TYPE_PCI_BRIDGE)) {
            add_slots(a, pci_bridge_get_sec_bus(PCI_BRIDGE(dev)));
        }
        if (dev->acpi_index && names_by_index(bus)) {
            add_index(a, dev->acpi_index);
        }
        aml_close(a);
    }
}

void acpi_dsdt_add_pci_slots(Aml *a, PCIBus *bus)
{
    aml_open_scope(a, "\\_SB.PCI0");
    add_edsm(a);
    add_slots(a, bus);
    aml_close(a);
}
