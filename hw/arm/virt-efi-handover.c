/*
 * Booting a kernel with ACPI and without firmware: we number the PCI buses,
 * place the BARs, build the tables from that and hand over as EFI does after
 * its boot services ended. All of it again at every reset, when PCI functions
 * have forgotten their configuration and the guest has used its RAM.
 *
 * The block's place is decided once, so the boot CPU's x0 stays the same.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virt-acpi.h"
#include "hw/firmware/efi-handover.h"
#include "hw/firmware/pci-setup.h"

/* Tables may differ a little from reset to reset (hotplug); they get this much and grow into the slack. */
enum { TABLES_GRAIN = 0x20000, TABLES_SLACK = 0x8000 };
/* The machine's own tree follows kernel and initrd, whether it is used or not. */
enum { DTB_ROOM = 0x200000 };

typedef struct VirtHandover {
    VirtMachineState *vms;
    char *cmdline;
    hwaddr initrd_start, initrd_size, loaded_end, ram_start;
    uint64_t ram_size;
    size_t acpi_size;                   /* padded, as at the first build */
    hwaddr dtb_addr;
} VirtHandover;

/* A Linux kernel, no firmware, no -dtb, and a machine that needs ACPI. */
bool virt_efi_handover_wanted(const VirtMachineState *vms, const ArmBootInfo *info)
{
    return info->kernel && info->is_linux && !info->firmware_loaded && !info->dtb &&
           (vms->acpi == ON_OFF_AUTO_ON || (vms->acpi == ON_OFF_AUTO_AUTO && virt_has_accel_smmu(vms)));
}

static PciPool pool(const VirtMachineState *vms, VirtRegion region)
{
    return (PciPool){ .base = vms->memmap[region].base, .size = vms->memmap[region].size };
}

static bool setup_pci(VirtMachineState *vms, Error **errp)
{
    PciSetup s = {
        .root = vms->bus, .bus_limit = virt_ecam_size(vms) >> 20,
        .io = { .base = 0x1000, .size = vms->memmap[VIRT_PCIE_PIO].size - 0x1000 },
        .mem32 = pool(vms, VIRT_PCIE_MMIO),
        .mem64 = vms->highmem_mmio ? pool(vms, VIRT_HIGH_PCIE_MMIO) : (PciPool){ 0 },
    };
    return pci_setup_run(&s, errp);
}

static void pad_tables(VirtHandover *v, AcpiTables *t)
{
    guint len = t->blob->len;

    v->acpi_size = MAX(v->acpi_size, ROUND_UP((size_t)len + TABLES_SLACK, TABLES_GRAIN));
    g_byte_array_set_size(t->blob, v->acpi_size);
    memset(t->blob->data + len, 0, v->acpi_size - len);
}

static GByteArray *build(VirtHandover *v, hwaddr *block, Error **errp)
{
    g_autoptr(GByteArray) smbios = g_byte_array_new(), anchor = g_byte_array_new();
    uint8_t seed[EFI_HANDOVER_SEED_LEN];
    GByteArray *data = NULL;
    EfiHandover h = {
        .smbios_tables = smbios, .smbios_anchor = anchor, .cmdline = v->cmdline,
        .initrd_start = v->initrd_start, .initrd_size = v->initrd_size, .loaded_end = v->loaded_end,
        .ram_base = v->ram_start, .ram_size = v->ram_size,
    };

    if (v->vms->dtb_randomness && !getentropy(seed, sizeof(seed))) {
        h.seed = seed;
    }
    if (!setup_pci(v->vms, errp) || !virt_smbios_build(v->vms, smbios, anchor, errp)) {
        return NULL;
    }
    virt_acpi_build(&h.acpi, v->vms);
    pad_tables(v, &h.acpi);
    data = efi_handover_build(&h, block, &v->dtb_addr, errp);
    acpi_tables_free(&h.acpi);
    return data;
}

/* After all devices: their reset has cleared bus numbers and BARs. */
static void hand_over_at_reset(void *opaque)
{
    VirtHandover *v = opaque;
    hwaddr block, before = v->dtb_addr;
    Error *err = NULL;
    g_autoptr(GByteArray) data = build(v, &block, &err);

    if (!data) {
        error_report_err(err);
        error_report("the guest is started without ACPI tables: it will not find its devices");
        return;
    }
    if (v->dtb_addr != before) {
        warn_report("ACPI tables outgrew their place after hotplug; the guest may not boot again");
        v->dtb_addr = before;
        return;
    }
    address_space_write_rom(&address_space_memory, block, MEMTXATTRS_UNSPECIFIED, data->data, data->len);
}

bool virt_efi_handover(VirtMachineState *vms, ArmBootInfo *info, Error **errp)
{
    hwaddr block;

    if (!virt_efi_handover_wanted(vms, info)) {
        return true;
    }
    VirtHandover *v = g_new0(VirtHandover, 1);
    *v = (VirtHandover){
        .vms = vms, .cmdline = g_strdup(info->cmdline), .initrd_start = info->initrd_start, .initrd_size = info->initrd_size,
        .loaded_end = info->dtb_addr + DTB_ROOM, .ram_start = info->ram_start, .ram_size = info->ram_size,
    };
    /* A first try, so that what does not fit is said before the guest runs. */
    g_autoptr(GByteArray) data = build(v, &block, errp);
    if (!data) {
        g_free(v->cmdline);
        g_free(v);
        return false;
    }
    info->dtb_addr = v->dtb_addr;
    qemu_register_reset(hand_over_at_reset, v);
    return true;
}
