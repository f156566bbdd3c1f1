/*
 * The SMBIOS inventory of `virt`, for firmware to fetch through fw_cfg.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virt-acpi.h"
#include "hw/firmware/smbios.h"
#include "hw/nvram/fw_cfg.h"
#include "accel/accel.h"
#include "system/system.h"

bool virt_smbios_build(VirtMachineState *vms, GByteArray *tables, GByteArray *anchor, Error **errp)
{
    const SmbiosMachine m = {
        .manufacturer = "QEMU",
        .product = kvm_enabled() ? "KVM Virtual Machine" : "QEMU Virtual Machine",
        .version = MACHINE_GET_CLASS(vms)->name,
        .uuid = qemu_uuid_set ? qemu_uuid : NULL,
        .smp = vms->parent_obj.smp,
        .ram_base = vms->memmap[VIRT_MEM].base, .ram_size = vms->parent_obj.ram_size,
    };
    return smbios_build(&m, tables, anchor, errp);
}

void virt_smbios_setup(VirtMachineState *vms)
{
    g_autoptr(GByteArray) tables = g_byte_array_new(), anchor = g_byte_array_new();
    Error *err = NULL;

    if (!virt_smbios_build(vms, tables, anchor, &err) ||
        !fw_cfg_add_file(vms->fw_cfg, SMBIOS_TABLES_FILE, tables->data, tables->len, &err) ||
        !fw_cfg_add_file(vms->fw_cfg, SMBIOS_ANCHOR_FILE, anchor->data, anchor->len, &err)) {
        error_report_err(err);
        exit(EXIT_FAILURE);
    }
}
