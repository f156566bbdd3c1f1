/*
 * Fixed tables of `virt`: FADT, MADT, GTDT, SPCR, DBG2 (ACPI 6.5, chapter 5;
 * SPCR and DBG2 are Microsoft's).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virt-acpi.h"
#include "target/arm/cpu.h"

enum { FADT_HW_REDUCED = 1 << 20 };
enum { FADT_PSCI = 1 << 0, FADT_PSCI_HVC = 1 << 1 };
enum { FADT_MINOR = 3, FADT_LEN = 276 };
enum { FADT_AT_FLAGS = 112, FADT_AT_ARM_FLAGS = 129, FADT_AT_X_DSDT = 140, FADT_AT_HYPERVISOR = 268 };

/* Pads with zeros up to offset @at of the table: fields that hardware-reduced machines leave out. */
static void pad_to(AcpiTables *t, uint32_t start, uint32_t at)
{
    acpi_put_zeros(t, start + at - t->blob->len);
}

void virt_acpi_build_fadt(AcpiTables *t, VirtMachineState *vms, uint32_t dsdt)
{
    uint32_t start = acpi_table_begin(t, "FACP", 6);
    const ARMCPU *cpu = (const ARMCPU *)qemu_get_cpu(0);
    unsigned conduit = cpu ? cpu->psci_conduit : 2;

    pad_to(t, start, FADT_AT_FLAGS);
    acpi_put32(t, FADT_HW_REDUCED);
    pad_to(t, start, FADT_AT_ARM_FLAGS);
    acpi_put16(t, conduit == 2 ? FADT_PSCI | FADT_PSCI_HVC : conduit == 1 ? FADT_PSCI : 0);
    acpi_put8(t, FADT_MINOR);
    pad_to(t, start, FADT_AT_X_DSDT);
    acpi_loader_add_pointer(t->loader, ACPI_TABLE_FILE, t->blob->len, 8, ACPI_TABLE_FILE);
    acpi_put64(t, dsdt);
    pad_to(t, start, FADT_AT_HYPERVISOR);
    acpi_put_string(t->blob, "QEMU", 8);
    g_assert(t->blob->len - start == FADT_LEN);
    acpi_table_end(t, start);
    acpi_tables_list(t, start);
}

enum { MADT_GICC = 11, MADT_GICD = 12, MADT_MSI_FRAME = 13, MADT_GICR = 14, MADT_ITS = 15 };
enum { GICC_ENABLED = 1 << 0 };

static void put_gicd(AcpiTables *t, const VirtMachineState *vms)
{
    acpi_put8(t, MADT_GICD);
    acpi_put8(t, 24);
    acpi_put16(t, 0);
    acpi_put32(t, 0);                   /* GIC id */
    acpi_put64(t, vms->memmap[VIRT_GIC_DIST].base);
    acpi_put32(t, 0);                   /* first interrupt */
    acpi_put8(t, vms->gic_version);
    acpi_put_zeros(t, 3);
}

static void put_gicc(AcpiTables *t, const VirtMachineState *vms, const ARMCPU *cpu)
{
    bool v2 = vms->gic_version == 2;
    uint32_t uid = cpu->parent_obj.cpu_index;

    acpi_put8(t, MADT_GICC);
    acpi_put8(t, 80);
    acpi_put16(t, 0);
    acpi_put32(t, uid);                 /* CPU interface number */
    acpi_put32(t, uid);
    acpi_put32(t, GICC_ENABLED);
    acpi_put32(t, 0);                   /* parking protocol version */
    acpi_put32(t, vms->has_pmu ? VIRTUAL_PMU_IRQ : 0);
    acpi_put64(t, 0);                   /* parked address */
    acpi_put64(t, v2 ? vms->memmap[VIRT_GIC_CPU].base : 0);
    acpi_put64(t, v2 ? vms->memmap[VIRT_GIC_VCPU].base : 0);
    acpi_put64(t, v2 ? vms->memmap[VIRT_GIC_HYP].base : 0);
    acpi_put32(t, cpu->has_el2 ? ARCH_GIC_MAINT_IRQ : 0);
    acpi_put64(t, 0);                   /* GICR: described apart */
    acpi_put64(t, cpu->mp_affinity);
    acpi_put8(t, 0);                    /* power efficiency class */
    acpi_put8(t, 0);
    acpi_put16(t, 0);                   /* SPE interrupt */
}

static void put_gicr(AcpiTables *t, const MemMapEntry *region)
{
    acpi_put8(t, MADT_GICR);
    acpi_put8(t, 16);
    acpi_put16(t, 0);
    acpi_put64(t, region->base);
    acpi_put32(t, region->size);
}

static void put_its(AcpiTables *t, const VirtMachineState *vms)
{
    acpi_put8(t, MADT_ITS);
    acpi_put8(t, 20);
    acpi_put16(t, 0);
    acpi_put32(t, 0);                   /* id, which IORT refers to */
    acpi_put64(t, vms->memmap[VIRT_GIC_ITS].base);
    acpi_put32(t, 0);
}

static void put_msi_frame(AcpiTables *t, const VirtMachineState *vms)
{
    acpi_put8(t, MADT_MSI_FRAME);
    acpi_put8(t, 24);
    acpi_put16(t, 0);
    acpi_put32(t, 0);                   /* id */
    acpi_put64(t, vms->memmap[VIRT_GIC_V2M].base);
    acpi_put32(t, 1);                   /* count and base below override the frame's register */
    acpi_put16(t, NUM_GICV2M_SPIS);
    acpi_put16(t, virt_gsi(vms, VIRT_GIC_V2M));
}

void virt_acpi_build_madt(AcpiTables *t, VirtMachineState *vms)
{
    uint32_t start = acpi_table_begin(t, "APIC", 4);
    CPUState *cpu;

    acpi_put32(t, 0);                   /* local interrupt controller address: none */
    acpi_put32(t, 0);
    put_gicd(t, vms);
    CPU_FOREACH(cpu) {
        put_gicc(t, vms, ARM_CPU(cpu));
    }
    if (vms->gic_version != 2) {
        put_gicr(t, &vms->memmap[VIRT_GIC_REDIST]);
        if (vms->parent_obj.smp.cpus > virt_redist_capacity(vms, VIRT_GIC_REDIST)) {
            put_gicr(t, &vms->memmap[VIRT_HIGH_GIC_REDIST2]);
        }
    }
    if (vms->msi_controller == VIRT_MSI_CTRL_ITS) {
        put_its(t, vms);
    } else if (vms->msi_controller == VIRT_MSI_CTRL_GICV2M) {
        put_msi_frame(t, vms);
    }
    acpi_table_end(t, start);
    acpi_tables_list(t, start);
}

enum { GTDT_ALWAYS_ON = 1 << 2 };

static void put_timer(AcpiTables *t, uint32_t gsi, uint32_t flags)
{
    acpi_put32(t, gsi);
    acpi_put32(t, flags);               /* level, active high */
}

void virt_acpi_build_gtdt(AcpiTables *t, VirtMachineState *vms)
{
    uint32_t start = acpi_table_begin(t, "GTDT", 3);

    acpi_put64(t, UINT64_MAX);          /* no memory-mapped counter control */
    acpi_put32(t, 0);
    put_timer(t, ARCH_TIMER_S_EL1_IRQ, 0);
    put_timer(t, ARCH_TIMER_NS_EL1_IRQ, GTDT_ALWAYS_ON);
    put_timer(t, ARCH_TIMER_VIRT_IRQ, 0);
    put_timer(t, ARCH_TIMER_NS_EL2_IRQ, 0);
    acpi_put64(t, UINT64_MAX);          /* no memory-mapped counter */
    acpi_put32(t, 0);                   /* platform timers: none */
    acpi_put32(t, 0);
    put_timer(t, 0, 0);                 /* virtual EL2 timer: none */
    acpi_table_end(t, start);
    acpi_tables_list(t, start);
}

enum { UART_PL011 = 3, SPCR_INTERRUPT_GIC = 1 << 3, SPCR_BAUD_9600 = 3, SPCR_FLOW_RTS_CTS = 2 };

void virt_acpi_build_spcr(AcpiTables *t, VirtMachineState *vms)
{
    uint32_t start = acpi_table_begin(t, "SPCR", 2);

    acpi_put8(t, UART_PL011);
    acpi_put_zeros(t, 3);
    acpi_put_gas(t, 32, ACPI_GAS_DWORD, vms->memmap[VIRT_UART0].base);
    acpi_put8(t, SPCR_INTERRUPT_GIC);
    acpi_put8(t, 0);                    /* PC-AT interrupt: none */
    acpi_put32(t, virt_gsi(vms, VIRT_UART0));
    acpi_put8(t, SPCR_BAUD_9600);
    acpi_put8(t, 0);                    /* parity */
    acpi_put8(t, 1);                    /* stop bits */
    acpi_put8(t, SPCR_FLOW_RTS_CTS);
    acpi_put8(t, 0);                    /* terminal: VT100 */
    acpi_put8(t, 0);
    acpi_put16(t, UINT16_MAX);          /* not a PCI device */
    acpi_put16(t, UINT16_MAX);
    acpi_put_zeros(t, 12);
    acpi_table_end(t, start);
    acpi_tables_list(t, start);
}

enum { DBG2_SERIAL = 0x8000, DBG2_INFO_LEN = 22, GAS_LEN = 12 };

void virt_acpi_build_dbg2(AcpiTables *t, VirtMachineState *vms)
{
    static const char path[] = "COM0";
    uint32_t start = acpi_table_begin(t, "DBG2", 0);
    unsigned size_at = DBG2_INFO_LEN + GAS_LEN, path_at = size_at + 4, len = path_at + sizeof(path);

    acpi_put32(t, ACPI_HEADER_LEN + 8); /* first device information */
    acpi_put32(t, 1);
    acpi_put8(t, 0);                    /* revision */
    acpi_put16(t, len);
    acpi_put8(t, 1);                    /* one register */
    acpi_put16(t, sizeof(path));
    acpi_put16(t, path_at);
    acpi_put16(t, 0);                   /* no OEM data */
    acpi_put16(t, 0);
    acpi_put16(t, DBG2_SERIAL);
    acpi_put16(t, UART_PL011);
    acpi_put16(t, 0);
    acpi_put16(t, DBG2_INFO_LEN);
    acpi_put16(t, size_at);
    acpi_put_gas(t, 32, ACPI_GAS_DWORD, vms->memmap[VIRT_UART0].base);
    acpi_put32(t, vms->memmap[VIRT_UART0].size);
    acpi_put_string(t->blob, path, sizeof(path));
    acpi_table_end(t, start);
    acpi_tables_list(t, start);
}
