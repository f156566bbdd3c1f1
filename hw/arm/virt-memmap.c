/*
 * Where everything of the `virt` machine lies: a fixed map below RAM, RAM at
 * 1 GiB, and three regions that move up when RAM grows into them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virt-internal.h"

/* Sizes of the windows above RAM; each is aligned to its own size. */
#define HIGH_REDIST2_SIZE   (64 * MiB)
#define HIGH_ECAM_SIZE      (256 * MiB)
#define HIGH_REGIONS_FLOOR  (256 * GiB)
#define REDIST_FRAME_SIZE   (128 * KiB)

static const MemMapEntry base_memmap[] = {
    [VIRT_FLASH]            = { 0x00000000, 0x08000000 },
    [VIRT_CPUPERIPHS]       = { 0x08000000, 0x00020000 },
    [VIRT_GIC_DIST]         = { 0x08000000, 0x00010000 },
    [VIRT_GIC_CPU]          = { 0x08010000, 0x00010000 },
    [VIRT_GIC_V2M]          = { 0x08020000, 0x00001000 },
    [VIRT_GIC_HYP]          = { 0x08030000, 0x00010000 },
    [VIRT_GIC_VCPU]         = { 0x08040000, 0x00010000 },
    [VIRT_GIC_ITS]          = { 0x08080000, 0x00020000 },
    [VIRT_GIC_REDIST]       = { 0x080a0000, 0x00f60000 },
    [VIRT_UART0]            = { 0x09000000, 0x00001000 },
    [VIRT_RTC]              = { 0x09010000, 0x00001000 },
    [VIRT_FW_CFG]           = { 0x09020000, 0x00000018 },
    [VIRT_GPIO]             = { 0x09030000, 0x00001000 },
    [VIRT_UART1]            = { 0x09040000, 0x00001000 },
    [VIRT_SMMU]             = { 0x09050000, 0x00020000 },
    [VIRT_PCDIMM_ACPI]      = { 0x09070000, 0x00000018 },
    [VIRT_ACPI_GED]         = { 0x09080000, 0x00000004 },
    [VIRT_NVDIMM_ACPI]      = { 0x09090000, 0x00000004 },
    [VIRT_PVTIME]           = { 0x090a0000, 0x00010000 },
    [VIRT_SECURE_GPIO]      = { 0x090b0000, 0x00001000 },
    [VIRT_MMIO]             = { 0x0a000000, 0x00000200 },
    [VIRT_PLATFORM_BUS]     = { 0x0c000000, 0x02000000 },
    [VIRT_SECURE_MEM]       = { 0x0e000000, 0x01000000 },
    [VIRT_PCIE_MMIO]        = { 0x10000000, 0x2eff0000 },
    [VIRT_PCIE_PIO]         = { 0x3eff0000, 0x00010000 },
    [VIRT_PCIE_ECAM]        = { 0x3f000000, 0x01000000 },
    [VIRT_MEM]              = { VIRT_RAM_BASE, 0 },
};

static const int irqs[VIRT_REGION_MAX] = {
    [VIRT_UART0] = 1,
    [VIRT_RTC] = 2,
    [VIRT_PCIE] = 3,                    /* INTA..INTD: 3..6 */
    [VIRT_GPIO] = 7,
    [VIRT_UART1] = 8,
    [VIRT_ACPI_GED] = 9,
    [VIRT_MMIO] = 16,                   /* ..47 */
    [VIRT_GIC_V2M] = 48,                /* ..111 */
    [VIRT_SMMU] = 74,                   /* ..77 */
    [VIRT_PLATFORM_BUS] = 112,          /* to the last SPI */
};

unsigned virt_redist_capacity(const VirtMachineState *vms, VirtRegion region)
{
    return vms->memmap[region].size / REDIST_FRAME_SIZE;
}

/*
 * One window above RAM at or after *@base. A window that is off, or that the
 * CPUs cannot address, takes no room unless compact-highmem=off keeps it.
 */
static bool place_high(VirtMachineState *vms, VirtRegion region, hwaddr size, bool wanted, unsigned pa_bits, hwaddr *base)
{
    hwaddr start = ROUND_UP(*base, size);
    bool fits = start + size - 1 <= MAKE_64BIT_MASK(0, pa_bits);

    vms->memmap[region] = (MemMapEntry) { start, size };
    if ((wanted && fits) || !vms->highmem_compact) {
        *base = start + size;
    }
    return wanted && fits;
}

/* Each slot may need to be aligned to 1 GiB. */
static bool place_more_memory(VirtMachineState *vms, hwaddr *ram_end, unsigned pa_bits, Error **errp)
{
    const MachineState *ms = &vms->parent_obj;
    hwaddr base = ROUND_UP(*ram_end, 1 * GiB), end;

    if (!ms->ram_slots || ms->maxram_size == ms->ram_size) {
        return true;
    }
    if (__builtin_add_overflow(base, ms->maxram_size - ms->ram_size + ms->ram_slots * GiB, &end) || end - 1 > MAKE_64BIT_MASK(0, pa_bits)) {
        error_setg(errp, "-m: maxmem=%" PRIu64 "M with %u slots does not fit in %u address bits; give less", ms->maxram_size >> 20, ms->ram_slots, pa_bits);
        return false;
    }
    vms->more_memory = (MemMapEntry) { base, end - base };
    *ram_end = end;
    return true;
}

bool virt_memmap_init(VirtMachineState *vms, unsigned pa_bits, Error **errp)
{
    MachineState *ms = &vms->parent_obj;
    hwaddr ram_end = VIRT_RAM_BASE + ms->ram_size, base;

    if (!vms->highmem) {
        pa_bits = 32;
    }
    memcpy(vms->memmap, base_memmap, sizeof(base_memmap));
    memcpy(vms->irqmap, irqs, sizeof(irqs));
    vms->memmap[VIRT_MEM].size = ms->ram_size;
    if (ram_end < ms->ram_size || ram_end - 1 > MAKE_64BIT_MASK(0, pa_bits)) {
        error_setg(errp, "-m: %" PRIu64 " MiB of RAM at 1 GiB do not fit in %u address bits%s", ms->ram_size >> 20, pa_bits,
                   vms->highmem ? "; give less memory" : " (highmem=off); give less memory or highmem=on");
        return false;
    }
    if (!place_more_memory(vms, &ram_end, pa_bits, errp)) {
        return false;
    }
    base = MAX(ROUND_UP(ram_end, 1 * GiB), HIGH_REGIONS_FLOOR);
    vms->highmem_redists = place_high(vms, VIRT_HIGH_GIC_REDIST2, HIGH_REDIST2_SIZE, vms->highmem_redists && vms->highmem, pa_bits, &base);
    vms->highmem_ecam = place_high(vms, VIRT_HIGH_PCIE_ECAM, HIGH_ECAM_SIZE, vms->highmem_ecam && vms->highmem, pa_bits, &base);
    vms->highmem_mmio = place_high(vms, VIRT_HIGH_PCIE_MMIO, vms->highmem_mmio_size, vms->highmem_mmio && vms->highmem, pa_bits, &base);
    vms->use_highmem_ecam = vms->highmem_ecam;
    return true;
}

/* How many CPUs the interrupt controller can serve. */
unsigned virt_max_cpus(const VirtMachineState *vms)
{
    if (vms->gic_version == 2) {
        return 8;
    }
    return base_memmap[VIRT_GIC_REDIST].size / REDIST_FRAME_SIZE +
           (vms->highmem && vms->highmem_redists ? HIGH_REDIST2_SIZE / REDIST_FRAME_SIZE : 0);
}

/* Sixteen CPUs a cluster: what a target list of an SGI can name. */
uint64_t virt_cpu_mp_affinity(unsigned idx)
{
    return (idx / 16) << 8 | idx % 16;
}
