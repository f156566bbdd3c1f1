/*
 * The ACPI description of `virt`: which tables, in which order, and when.
 *
 * Tables depend on PCI bus numbers and windows that firmware assigns. They are
 * built once when the machine is ready, so that fw_cfg has files of the final
 * size, and again when firmware first selects one of them after a reset.
 * Runs under the machine lock. Firmware that reads again gets the same bytes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virt-acpi.h"
#include "hw/acpi/acpi.h"
#include "hw/acpi/topology.h"
#include "hw/nvram/fw_cfg.h"
#include "virt-internal.h"

/*
 * Firmware learns file sizes before the files are built again, so they have
 * room to grow: windows of PCI roots add descriptors of at most 46 bytes, four
 * for each function of an extra root. The script does not depend on windows.
 */
enum { TABLES_ALIGN = 0x20000, GROWTH = 0x8000 };

struct VirtAcpiBuild {
    VirtMachineState *vms;
    bool fresh;                         /* built since the last reset */
    size_t tables_size;                 /* as announced */
};

bool virt_has_accel_smmu(const VirtMachineState *vms)
{
    for (guint i = 0; vms->smmus && i < vms->smmus->len; i++) {
        if (g_array_index(vms->smmus, VirtSMMU, i).accel) {
            return true;
        }
    }
    return false;
}

static AcpiWindow window(const VirtMachineState *vms, VirtRegion region)
{
    return (AcpiWindow){ vms->memmap[region].base, vms->memmap[region].size };
}

AcpiPciHost virt_acpi_pci_host(const VirtMachineState *vms)
{
    return (AcpiPciHost){
        .bus = vms->bus,
        .mmio32 = window(vms, VIRT_PCIE_MMIO),
        .mmio64 = vms->highmem_mmio ? window(vms, VIRT_HIGH_PCIE_MMIO) : (AcpiWindow){ 0 },
        .pio = window(vms, VIRT_PCIE_PIO),
        .ecam = { virt_ecam_base(vms), virt_ecam_size(vms) },
        .irq_base = virt_gsi(vms, VIRT_PCIE),
        .preserve_config = virt_has_accel_smmu(vms),
    };
}

void virt_acpi_build(AcpiTables *t, VirtMachineState *vms)
{
    MachineState *ms = &vms->parent_obj;
    AcpiPciHost host = virt_acpi_pci_host(vms);

    acpi_tables_init(t, vms->oem_id, vms->oem_table_id);
    virt_acpi_build_fadt(t, vms, virt_acpi_build_dsdt(t, vms));
    virt_acpi_build_madt(t, vms);

    uint32_t pptt = acpi_build_pptt(t, ms);
    acpi_tables_list(t, pptt);
    acpi_tables_list(t, pptt);          /* twice: so the XSDT is that of the machine guests know */

    virt_acpi_build_gtdt(t, vms);
    acpi_build_mcfg(t, &host);
    virt_acpi_build_spcr(t, vms);
    virt_acpi_build_dbg2(t, vms);
    if (ms->num_numa) {
        acpi_build_srat(t, ms, vms->memmap[VIRT_MEM].base, vms->more_memory.base, vms->more_memory.size);
        if (ms->have_numa_distance) {
            acpi_build_slit(t, ms);
        }
        if (ms->hmat_enabled) {
            acpi_build_hmat(t, ms);
        }
    }
    virt_acpi_build_iort(t, vms);
    acpi_user_tables_append(t);
    acpi_tables_finish(t);
}

static void pad(GByteArray *a, size_t size)
{
    guint len = a->len;

    if (len < size) {
        g_byte_array_set_size(a, size);
        memset(a->data + len, 0, size - len);
    }
}

static void build_padded(struct VirtAcpiBuild *b, AcpiTables *t)
{
    virt_acpi_build(t, b->vms);
    pad(t->blob, b->tables_size);
}

static void rebuild_on_select(void *opaque)
{
    struct VirtAcpiBuild *b = opaque;
    AcpiTables t;

    if (b->fresh) {
        return;
    }
    b->fresh = true;
    virt_smmu_note_features(b->vms);
    build_padded(b, &t);
    fw_cfg_modify_file(b->vms->fw_cfg, ACPI_TABLE_FILE, t.blob->data, t.blob->len);
    fw_cfg_modify_file(b->vms->fw_cfg, ACPI_RSDP_FILE, t.rsdp->data, t.rsdp->len);
    fw_cfg_modify_file(b->vms->fw_cfg, ACPI_LOADER_FILE, t.loader->data, t.loader->len);
    acpi_tables_free(&t);
}

static void forget_on_reset(void *opaque)
{
    struct VirtAcpiBuild *b = opaque;
    b->fresh = false;
}

static void add_file(struct VirtAcpiBuild *b, const char *name, const GByteArray *data)
{
    fw_cfg_add_file_callback(b->vms->fw_cfg, name, rebuild_on_select, NULL, b, data->data, data->len, false, &error_abort);
}

void virt_acpi_setup(VirtMachineState *vms)
{
    AcpiTables t;

    if (!vms->fw_cfg) {
        return;
    }
    virt_smbios_setup(vms);
    if (!virt_is_acpi_enabled(vms)) {
        return;
    }
    struct VirtAcpiBuild *b = g_new0(struct VirtAcpiBuild, 1);
    b->vms = vms;
    vms->acpi_build = b;
    virt_acpi_build(&t, vms);
    b->tables_size = ROUND_UP(t.blob->len + GROWTH, TABLES_ALIGN);
    pad(t.blob, b->tables_size);
    add_file(b, ACPI_TABLE_FILE, t.blob);
    add_file(b, ACPI_RSDP_FILE, t.rsdp);
    add_file(b, ACPI_LOADER_FILE, t.loader);
    acpi_tables_free(&t);
    qemu_register_reset(forget_on_reset, b);
}
