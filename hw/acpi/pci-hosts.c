/*
 * PCI host bridges in the DSDT: PCI0 for the main root and PCxx for each
 * extra root (xx is its bus number), each with interrupt links Lxx0..Lxx3.
 *
 * The windows of an extra root are what firmware placed behind it; PCI0 has
 * the rest. The kernel may take over all native services (_OSC), and must
 * keep the configuration it finds when _DSM function 5 says so (PCI Firmware
 * Specification 3.3, 4.6.5).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/acpi/pci.h"
#include "hw/pci/pci_host.h"

#define UUID_PCI_OSC "33db4d5b-1ff7-401c-9657-7441c03dd766"
#define UUID_PCI_DSM "e5c937d0-3553-4d7a-9117-ea4d19c3434d"

/* _OSC control bits: hotplug, SHPC, PME, AER, capability structure. */
enum { OSC_CONTROL_GRANTED = 0x1f };
enum { OSC_UNRECOGNIZED_UUID = 1 << 2, OSC_UNRECOGNIZED_REVISION = 1 << 3, OSC_MASKED = 1 << 4 };

static void link_name(char name[5], unsigned root, unsigned pin)
{
    snprintf(name, 5, "L%02X%u", root & 0xff, pin & 3);
}

static void add_links(Aml *a, unsigned root, uint32_t irq_base)
{
    char name[5];

    for (unsigned pin = 0; pin < PCI_NUM_PINS; pin++) {
        AmlCrs *possible = aml_crs_new(), *current = aml_crs_new();

        aml_crs_interrupt(possible, false, irq_base + pin);
        aml_crs_interrupt(current, false, irq_base + pin);
        link_name(name, root, pin);
        aml_open_device(a, name);
        aml_name_string(a, "_HID", "PNP0C0F");
        aml_name_int(a, "_UID", pin);
        aml_name_crs(a, "_PRS", possible);
        aml_name_crs(a, "_CRS", current);
        aml_open_method(a, "_SRS", 1, false);
        aml_close(a);
        aml_close(a);
    }
}

/* Pins rotate with the slot number, as the bridges swizzle them. */
static void add_prt(Aml *a, unsigned root)
{
    char name[5];

    aml_name(a, "_PRT");
    aml_open_var_package(a, PCI_SLOT_MAX * PCI_NUM_PINS);
    for (unsigned slot = 0; slot < PCI_SLOT_MAX; slot++) {
        for (unsigned pin = 0; pin < PCI_NUM_PINS; pin++) {
            link_name(name, root, slot + pin);
            aml_open_package(a, 4);
            aml_int(a, slot << 16 | 0xffff);
            aml_int(a, pin);
            aml_path(a, name);
            aml_int(a, 0);
            aml_close(a);
        }
    }
    aml_close(a);
}

/* CDW1 |= @bits */
static void osc_complain(Aml *a, unsigned bits)
{
    aml_op(a, AML_OR);
    aml_path(a, "CDW1");
    aml_int(a, bits);
    aml_path(a, "CDW1");
}

static void add_dword_field(Aml *a, unsigned offset, const char *name)
{
    aml_op(a, AML_CREATE_DWORD_FIELD);
    aml_arg(a, 3);
    aml_int(a, offset);
    aml_path(a, name);
}

/* Arg0 == ToUUID (@uuid) */
static void uuid_is(Aml *a, const char *uuid)
{
    aml_op(a, AML_LEQUAL);
    aml_arg(a, 0);
    aml_uuid(a, uuid);
}

static void store_path_to_local0(Aml *a, const char *path)
{
    aml_op(a, AML_STORE);
    aml_path(a, path);
    aml_local(a, 0);
}

/* Our UUID: revision 1 only, and only the controls we grant stay set. */
static void add_osc_negotiation(Aml *a)
{
    add_dword_field(a, 4, "CDW2");
    add_dword_field(a, 8, "CDW3");
    store_path_to_local0(a, "CDW3");
    aml_op(a, AML_AND);
    aml_local(a, 0);
    aml_int(a, OSC_CONTROL_GRANTED);
    aml_local(a, 0);

    aml_open_if(a);
    aml_op(a, AML_LNOT);
    aml_op(a, AML_LEQUAL);
    aml_arg(a, 1);
    aml_int(a, 1);
    osc_complain(a, OSC_UNRECOGNIZED_REVISION);
    aml_close(a);

    aml_open_if(a);
    aml_op(a, AML_LNOT);
    aml_op(a, AML_LEQUAL);
    aml_path(a, "CDW3");
    aml_local(a, 0);
    osc_complain(a, OSC_MASKED);
    aml_close(a);

    aml_op(a, AML_STORE);
    aml_local(a, 0);
    aml_path(a, "CDW3");
}

static void add_osc(Aml *a)
{
    aml_open_method(a, "_OSC", 4, false);
    add_dword_field(a, 0, "CDW1");
    aml_open_if(a);
    uuid_is(a, UUID_PCI_OSC);
    add_osc_negotiation(a);
    aml_close(a);
    aml_open_else(a);
    osc_complain(a, OSC_UNRECOGNIZED_UUID);
    aml_close(a);
    aml_op(a, AML_RETURN);
    aml_arg(a, 3);
    aml_close(a);
}

/* If (Arg2 == @function) { Return (value) }; the value and aml_close() follow. */
static void open_dsm_function(Aml *a, unsigned function)
{
    aml_open_if(a);
    aml_op(a, AML_LEQUAL);
    aml_arg(a, 2);
    aml_int(a, function);
    aml_op(a, AML_RETURN);
}

static void add_dsm(Aml *a, bool preserve_config)
{
    const uint8_t supported = preserve_config ? 1 << 0 | 1 << 5 : 0, none = 0;

    aml_open_method(a, "_DSM", 4, false);
    aml_open_if(a);
    uuid_is(a, UUID_PCI_DSM);
    open_dsm_function(a, 0);
    aml_buffer(a, &supported, 1);
    aml_close(a);
    if (preserve_config) {
        open_dsm_function(a, 5);
        aml_int(a, 0);                  /* 0: the kernel shall not ignore the boot configuration */
        aml_close(a);
    }
    aml_close(a);
    aml_op(a, AML_RETURN);
    aml_buffer(a, &none, 1);
    aml_close(a);
}

static void crs_put(AmlCrs *c, const AcpiRangeSet *s, const AcpiPciHost *h)
{
    for (guint i = 0; i < s->io->len; i++) {
        const AcpiRange *r = &g_array_index(s->io, AcpiRange, i);
        aml_crs_io(c, r->first, r->last, h->pio.base);
    }
    for (guint i = 0; i < s->mem32->len; i++) {
        const AcpiRange *r = &g_array_index(s->mem32, AcpiRange, i);
        aml_crs_memory32(c, r->first, r->last);
    }
    for (guint i = 0; i < s->mem64->len; i++) {
        const AcpiRange *r = &g_array_index(s->mem64, AcpiRange, i);
        aml_crs_memory64(c, r->first, r->last);
    }
}

static void ranges_append(GArray *to, const GArray *from)
{
    g_array_append_vals(to, from->data, from->len);
}

/* @used collects what this root takes, to be left out of PCI0. */
static void add_extra_root(Aml *a, const AcpiPciHost *h, PCIBus *bus, AcpiRangeSet *used)
{
    unsigned num = pci_bus_num(bus), node = pci_bus_numa_node(bus);
    int first, last;
    char name[5];
    AcpiRangeSet own = acpi_ranges_new();
    AmlCrs *crs = aml_crs_new();

    add_links(a, num, h->irq_base);
    snprintf(name, sizeof(name), "PC%02X", num & 0xff);
    aml_open_device(a, name);
    aml_name_string(a, "_HID", "PNP0A08");
    aml_name_string(a, "_CID", "PNP0A03");
    aml_name_int(a, "_BBN", num);
    aml_name_int(a, "_UID", num);
    aml_name(a, "_STR");
    aml_unicode(a, "pxb Device");
    aml_name_int(a, "_CCA", 1);
    if (node != PCI_BUS_NUMA_NODE_NONE) {
        aml_name_int(a, "_PXM", node);
    }
    add_prt(a, num);

    acpi_ranges_add_bus(&own, bus);
    crs_put(crs, &own, h);
    pci_bus_range(bus, &first, &last);
    aml_crs_bus(crs, num, last);
    aml_name_crs(a, "_CRS", crs);
    add_osc(a);
    add_dsm(a, h->preserve_config);
    aml_close(a);

    ranges_append(used->io, own.io);
    ranges_append(used->mem32, own.mem32);
    ranges_append(used->mem64, own.mem64);
    acpi_ranges_free(&own);
}

static void main_root_crs(AmlCrs *c, const AcpiPciHost *h, unsigned bus_limit, AcpiRangeSet *used)
{
    AcpiRangeSet free_io = acpi_ranges_new();
    GArray *mem64 = free_io.mem64;

    aml_crs_bus(c, 0, bus_limit - 1);
    acpi_ranges_gaps(free_io.mem32, used->mem32, h->mmio32.base, h->mmio32.base + h->mmio32.size - 1);
    for (guint i = 0; i < free_io.mem32->len; i++) {
        const AcpiRange *r = &g_array_index(free_io.mem32, AcpiRange, i);
        aml_crs_memory32(c, r->first, r->last);
    }
    acpi_ranges_gaps(free_io.io, used->io, 0, h->pio.size - 1);
    for (guint i = 0; i < free_io.io->len; i++) {
        const AcpiRange *r = &g_array_index(free_io.io, AcpiRange, i);
        aml_crs_io(c, r->first, r->last, h->pio.base);
    }
    if (h->mmio64.size) {
        acpi_ranges_gaps(mem64, used->mem64, h->mmio64.base, h->mmio64.base + h->mmio64.size - 1);
    }
    for (guint i = 0; i < mem64->len; i++) {
        const AcpiRange *r = &g_array_index(mem64, AcpiRange, i);
        aml_crs_memory64(c, r->first, r->last);
    }
    acpi_ranges_free(&free_io);
}

/* ECAM must be reserved by a motherboard device, or the kernel does not use it. */
static void add_ecam_reservation(Aml *a, const AcpiWindow *ecam)
{
    AmlCrs *c = aml_crs_new();

    aml_crs_memory64(c, ecam->base, ecam->base + ecam->size - 1);
    aml_open_device(a, "RES0");
    aml_name_string(a, "_HID", "PNP0C02");
    aml_name_crs(a, "_CRS", c);
    aml_close(a);
}

static void add_main_root(Aml *a, const AcpiPciHost *h, unsigned bus_limit, AcpiRangeSet *used)
{
    AmlCrs *crs = aml_crs_new();

    add_links(a, 0, h->irq_base);
    aml_open_device(a, "PCI0");
    aml_name_string(a, "_HID", "PNP0A08");
    aml_name_string(a, "_CID", "PNP0A03");
    aml_name_int(a, "_SEG", 0);
    aml_name_int(a, "_BBN", 0);
    aml_name_int(a, "_UID", 0);
    aml_name(a, "_STR");
    aml_unicode(a, "PCIe 0 Device");
    aml_name_int(a, "_CCA", 1);
    add_prt(a, 0);
    aml_open_method(a, "_CBA", 0, false);
    aml_op(a, AML_RETURN);
    aml_int(a, h->ecam.base);
    aml_close(a);
    main_root_crs(crs, h, bus_limit, used);
    aml_name_crs(a, "_CRS", crs);
    add_osc(a);
    add_dsm(a, h->preserve_config);
    add_ecam_reservation(a, &h->ecam);
    aml_close(a);
}

void acpi_dsdt_add_pci_hosts(Aml *a, const AcpiPciHost *host)
{
    unsigned bus_limit = host->ecam.size >> 20;         /* 1 MiB of ECAM a bus */
    AcpiRangeSet used = acpi_ranges_new();

    /* The youngest root first: the order guests know. */
    for (guint i = host->bus->child->len; i-- > 0;) {
        PCIBus *bus = g_ptr_array_index(host->bus->child, i);

        if (!pci_bus_is_root(bus)) {
            continue;
        }
        bus_limit = MIN(bus_limit, (unsigned)pci_bus_num(bus));
        add_extra_root(a, host, bus, &used);
    }
    add_main_root(a, host, bus_limit, &used);
    acpi_ranges_free(&used);
}

/* PCI Firmware Specification 3.3, 4.1.2. */
void acpi_build_mcfg(AcpiTables *t, const AcpiPciHost *host)
{
    uint32_t start = acpi_table_begin(t, "MCFG", 1);

    acpi_put64(t, 0);
    acpi_put64(t, host->ecam.base);
    acpi_put16(t, 0);                   /* segment */
    acpi_put8(t, 0);
    acpi_put8(t, (host->ecam.size >> 20) - 1);
    acpi_put32(t, 0);
    acpi_table_end(t, start);
    acpi_tables_list(t, start);
}
