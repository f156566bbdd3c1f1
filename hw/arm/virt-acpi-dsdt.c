/*
 * The DSDT of `virt`: processors, serial ports, fw_cfg, virtio-mmio, PCI, and
 * how the power button is pressed (through the Generic Event Device where the
 * guest uses ACPI for sure, else through a GPIO pin); memory slots; command
 * queues of SMMUs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/acpi/generic_event_device.h"
#include "hw/acpi/memory-hotplug.h"
#include "virt-acpi.h"

enum { VIRTIO_MMIO_LEN = 0x200 };
enum { GPIO_POWER_PIN = 3 };
enum { NOTIFY_STATUS_CHANGED = 0x80 };

static void add_cpus(Aml *a, const VirtMachineState *vms)
{
    char name[16];

    for (unsigned i = 0; i < vms->parent_obj.smp.cpus; i++) {
        snprintf(name, sizeof(name), "C%03X", i);
        aml_open_device(a, name);
        aml_name_string(a, "_HID", "ACPI0007");
        aml_name_int(a, "_UID", i);
        aml_close(a);
    }
}

static void add_uart(Aml *a, const VirtMachineState *vms, VirtRegion region, unsigned n)
{
    AmlCrs *crs = aml_crs_new();
    char name[16];

    aml_crs_memory32_fixed(crs, vms->memmap[region].base, vms->memmap[region].size);
    aml_crs_interrupt(crs, false, virt_gsi(vms, region));
    snprintf(name, sizeof(name), "COM%u", n);
    aml_open_device(a, name);
    aml_name_string(a, "_HID", "ARMH0011");
    aml_name_int(a, "_UID", n);
    aml_name_crs(a, "_CRS", crs);
    aml_close(a);
}

static void add_fw_cfg(Aml *a, const VirtMachineState *vms)
{
    AmlCrs *crs = aml_crs_new();

    aml_crs_memory32_fixed(crs, vms->memmap[VIRT_FW_CFG].base, vms->memmap[VIRT_FW_CFG].size);
    aml_open_device(a, "FWCF");
    aml_name_string(a, "_HID", "QEMU0002");
    aml_name_int(a, "_STA", 0xb);       /* present, enabled, functioning, not shown */
    aml_name_int(a, "_CCA", 1);
    aml_name_crs(a, "_CRS", crs);
    aml_close(a);
}

static void add_virtio_mmio(Aml *a, const VirtMachineState *vms)
{
    char name[16];

    for (unsigned i = 0; i < vms->virtio_transports; i++) {
        AmlCrs *crs = aml_crs_new();

        aml_crs_memory32_fixed(crs, vms->memmap[VIRT_MMIO].base + i * VIRTIO_MMIO_LEN, VIRTIO_MMIO_LEN);
        aml_crs_interrupt(crs, false, virt_gsi(vms, VIRT_MMIO) + i);
        snprintf(name, sizeof(name), "VR%02u", i);
        aml_open_device(a, name);
        aml_name_string(a, "_HID", "LNRO0005");
        aml_name_int(a, "_UID", i);
        aml_name_int(a, "_CCA", 1);
        aml_name_crs(a, "_CRS", crs);
        aml_close(a);
    }
}

static void notify(Aml *a, const char *device)
{
    aml_op(a, AML_NOTIFY);
    aml_path(a, device);
    aml_int(a, NOTIFY_STATUS_CHANGED);
}

static void add_gpio(Aml *a, const VirtMachineState *vms)
{
    AmlCrs *crs = aml_crs_new(), *events = aml_crs_new();

    aml_crs_memory32_fixed(crs, vms->memmap[VIRT_GPIO].base, vms->memmap[VIRT_GPIO].size);
    aml_crs_interrupt(crs, false, virt_gsi(vms, VIRT_GPIO));
    aml_crs_gpio_interrupt(events, "GPO0", GPIO_POWER_PIN);
    aml_open_device(a, "GPO0");
    aml_name_string(a, "_HID", "ARMH0061");
    aml_name_int(a, "_UID", 0);
    aml_name_crs(a, "_CRS", crs);
    aml_name_crs(a, "_AEI", events);
    aml_open_method(a, "_E03", 0, false);
    notify(a, "PWRB");
    aml_close(a);
    aml_close(a);
}

/* If ((Local0 & @event) == @event) { */
static void open_ged_event(Aml *a, unsigned event)
{
    aml_open_if(a);
    aml_op(a, AML_LEQUAL);
    aml_op(a, AML_AND);
    aml_local(a, 0);
    aml_int(a, event);
    aml_op(a, AML_NO_TARGET);
    aml_int(a, event);
}

static void ged_event(Aml *a, unsigned event, const char *device)
{
    open_ged_event(a, event);
    notify(a, device);
    aml_close(a);
}

static void add_ged(Aml *a, const VirtMachineState *vms)
{
    AmlCrs *crs = aml_crs_new();

    aml_crs_interrupt(crs, true, virt_gsi(vms, VIRT_ACPI_GED));
    aml_open_device(a, "\\_SB.GED");
    aml_name_string(a, "_HID", "ACPI0013");
    aml_name_string(a, "_UID", "GED");
    aml_name_crs(a, "_CRS", crs);
    aml_memory_region(a, "EREG", vms->memmap[VIRT_ACPI_GED].base, 4);
    aml_open_field(a, "EREG", AML_DWORD_ACC, AML_WRITE_AS_ZEROS);
    aml_field_unit(a, "ESEL", 32);
    aml_close(a);
    aml_open_method(a, "_EVT", 1, true);
    aml_op(a, AML_STORE);
    aml_path(a, "ESEL");
    aml_local(a, 0);
    if (vms->parent_obj.memory_slots) {
        open_ged_event(a, ACPI_GED_MEM_HOTPLUG_EVT);
        aml_path(a, ACPI_MEMORY_SCAN);
        aml_close(a);
    }
    ged_event(a, ACPI_GED_PWR_DOWN_EVT, "PWRB");
    ged_event(a, ACPI_GED_ERROR_EVT, "GEDD");
    aml_close(a);
    aml_close(a);
}

static void add_plain_device(Aml *a, const char *name, const char *hid)
{
    aml_open_device(a, name);
    aml_name_string(a, "_HID", hid);
    aml_name_int(a, "_UID", 0);
    aml_close(a);
}

/* Guests find the queues of an SMMU by _UID: the identifier of its node in the IORT. */
static void add_cmdqv(Aml *a, const VirtMachineState *vms, unsigned n)
{
    const VirtSMMU *smmu = &g_array_index(vms->smmus, VirtSMMU, n);
    AmlCrs *crs = aml_crs_new();
    char name[16];

    aml_crs_memory32_fixed(crs, (uint32_t)smmu->cmdqv.base, (uint32_t)smmu->cmdqv.size);
    if (smmu->cmdqv_irq >= 0) {
        aml_crs_interrupt(crs, true, GIC_INTERNAL + (uint32_t)smmu->cmdqv_irq);
    }
    snprintf(name, sizeof(name), "CV%02X", n);
    aml_open_device(a, name);
    aml_name_string(a, "_HID", "NVDA200C");
    aml_name_int(a, "_UID", virt_acpi_smmu_identifier(vms, n));
    aml_name_int(a, "_CCA", 1);
    aml_name_crs(a, "_CRS", crs);
    aml_close(a);
}

static void add_cmdqvs(Aml *a, const VirtMachineState *vms)
{
    for (unsigned n = 0; vms->smmus && n < vms->smmus->len; n++) {
        if (g_array_index(vms->smmus, VirtSMMU, n).cmdqv.size) {
            add_cmdqv(a, vms, n);
        }
    }
}

uint32_t virt_acpi_build_dsdt(AcpiTables *t, VirtMachineState *vms)
{
    uint32_t start = acpi_table_begin(t, "DSDT", 2);
    AcpiPciHost host = virt_acpi_pci_host(vms);
    Aml aml = aml_init(t->blob), *a = &aml;

    aml_open_scope(a, "\\_SB");
    add_cpus(a, vms);
    add_uart(a, vms, VIRT_UART0, 0);
    if (vms->two_uarts) {
        add_uart(a, vms, VIRT_UART1, 1);
    }
    add_fw_cfg(a, vms);
    add_virtio_mmio(a, vms);
    acpi_dsdt_add_pci_hosts(a, &host);
    if (vms->acpi_dev) {
        add_ged(a, vms);
        if (vms->parent_obj.memory_slots) {
            acpi_dsdt_add_memory_hotplug(a, vms->memmap[VIRT_PCDIMM_ACPI].base, vms->parent_obj.memory_slots->n);
        }
    } else {
        add_gpio(a, vms);
    }
    add_plain_device(a, "PWRB", "PNP0C0C");
    add_plain_device(a, "GEDD", "PNP0C33");
    add_cmdqvs(a, vms);
    aml_close(a);
    acpi_dsdt_add_pci_slots(a, vms->bus);
    acpi_table_end(t, start);
    return start;
}
