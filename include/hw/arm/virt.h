/*
 * The `virt` machine: one description (memory map, interrupt lines, devices)
 * from which the device tree and the ACPI tables are two renderings.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ARM_VIRT_H
#define HW_ARM_VIRT_H

#include "hw/core/boards.h"
#include "hw/core/sysbus.h"
#include "hw/core/qdev-properties.h"
#include "hw/pci/pci_host.h"

#define TYPE_VIRT_MACHINE MACHINE_TYPE_NAME("virt")
OBJECT_DECLARE_TYPE(VirtMachineState, VirtMachineClass, VIRT_MACHINE)

/* Interrupts: INTIDs of private ones, SPI numbers of shared ones. */
#define ARCH_GIC_MAINT_IRQ      25
#define VIRTUAL_PMU_IRQ         23
#define ARCH_TIMER_VIRT_IRQ     27
#define ARCH_TIMER_S_EL1_IRQ    29
#define ARCH_TIMER_NS_EL1_IRQ   30
#define ARCH_TIMER_NS_EL2_IRQ   26
#define INTID_TO_PPI(irq)       ((irq) - 16)
#define GIC_INTERNAL            32
#define NUM_VIRTIO_TRANSPORTS   32
/* 112..383 belong to the platform bus: 68 devices of four interrupts. */
#define VIRT_NUM_SPIS           384
#define NUM_GICV2M_SPIS         64

typedef enum VirtRegion {
    VIRT_FLASH, VIRT_MEM, VIRT_CPUPERIPHS, VIRT_GIC_DIST, VIRT_GIC_CPU, VIRT_GIC_V2M, VIRT_GIC_HYP, VIRT_GIC_VCPU,
    VIRT_GIC_ITS, VIRT_GIC_REDIST, VIRT_SMMU, VIRT_UART0, VIRT_UART1, VIRT_MMIO, VIRT_RTC, VIRT_FW_CFG,
    VIRT_PCIE, VIRT_PCIE_MMIO, VIRT_PCIE_PIO, VIRT_PCIE_ECAM, VIRT_PLATFORM_BUS, VIRT_GPIO, VIRT_SECURE_UART,
    VIRT_SECURE_MEM, VIRT_SECURE_GPIO, VIRT_PCDIMM_ACPI, VIRT_ACPI_GED, VIRT_NVDIMM_ACPI, VIRT_PVTIME,
    VIRT_HIGH_GIC_REDIST2, VIRT_HIGH_PCIE_ECAM, VIRT_HIGH_PCIE_MMIO, VIRT_REGION_MAX
} VirtRegion;
typedef struct MemMapEntry { hwaddr base, size; } MemMapEntry;

typedef enum VirtMSIController { VIRT_MSI_CTRL_NONE, VIRT_MSI_CTRL_GICV2M, VIRT_MSI_CTRL_ITS } VirtMSIController;

/* One SMMUv3 of the machine, and what it stands in front of. */
/* A CPU's, and those of the caches in its node: the first, second and third level, 0 where there is none. */
enum { VIRT_CACHE_LEVELS = 3 };
typedef struct VirtCpuPhandles { uint32_t cpu, caches[VIRT_CACHE_LEVELS]; } VirtCpuPhandles;

typedef struct VirtSMMU {
    DeviceState *dev;
    hwaddr base;                        /* absolute guest-physical */
    int irq;                            /* first of four SPIs: eventq, priq, cmdq-sync, gerror */
    PCIBus *bus;                        /* root bus it translates for; NULL: all without bypass (iommu=smmuv3) */
    bool accel;                         /* needs RMR nodes and _DSM 5 */
    bool ats;                           /* root complex gets the ATS attribute */
    MemMapEntry cmdqv;                  /* hardware command queues; size 0: none */
    int cmdqv_irq;                      /* SPI; -1: none */
} VirtSMMU;
#define VIRT_MAX_SMMUS 256

struct VirtMachineClass {
    MachineClass parent_class;
};

struct VirtMachineState {
    MachineState parent_obj;
    /* options */
    bool highmem, highmem_compact, highmem_ecam, highmem_mmio, highmem_redists, its, dtb_randomness, default_bus_bypass_iommu;
    int gic_version;                    /* 2 or 3, resolved at init */
    bool its_asked;                     /* its= was given */
    char *gic_version_opt, *msi_opt, *iommu_opt, *pflash_opt[2];
    OnOffAuto acpi;
    uint8_t virtio_transports;
    uint64_t highmem_mmio_size;
    char oem_id[7], oem_table_id[9];
    /* description */
    MemMapEntry memmap[VIRT_REGION_MAX];
    MemMapEntry more_memory;            /* -m slots=,maxmem=: addresses kept free above RAM, and told to the guest */
    int irqmap[VIRT_REGION_MAX];        /* SPI numbers */
    VirtMSIController msi_controller;
    bool use_highmem_ecam, two_uarts, has_pmu, firmware_loaded;
    GArray *smmus;                      /* VirtSMMU */
    /* parts */
    DeviceState *gic, *platform_bus, *acpi_dev, *gpio, *power_key;
    CPUArchId *possible_cpus;
    DeviceState *flash[2];
    GPEXHost *pcie;
    PCIBus *bus;                        /* pcie.0 */
    struct FWCfgState *fw_cfg;
    /* device tree */
    void *fdt;
    int fdt_size;
    struct {
        uint32_t clock, gic, msi, iommu, gpio;
        VirtCpuPhandles *cpus;          /* one for each that is there */
    } phandles;
    hwaddr dtb_base;
    Notifier machine_done, powerdown;
    struct VirtAcpiBuild *acpi_build;
};

static inline hwaddr virt_ecam_base(const VirtMachineState *vms)
{
    return vms->memmap[vms->use_highmem_ecam ? VIRT_HIGH_PCIE_ECAM : VIRT_PCIE_ECAM].base;
}
static inline hwaddr virt_ecam_size(const VirtMachineState *vms)
{
    return vms->memmap[vms->use_highmem_ecam ? VIRT_HIGH_PCIE_ECAM : VIRT_PCIE_ECAM].size;
}
/* How many redistributors fit in the first region. */
unsigned virt_redist_capacity(const VirtMachineState *vms, VirtRegion region);
uint64_t virt_cpu_mp_affinity(unsigned idx);
qemu_irq virt_spi(VirtMachineState *vms, int spi);
bool virt_is_acpi_enabled(VirtMachineState *vms);

/* hw/arm/virt-fdt.c */
bool virt_fdt_create(VirtMachineState *vms, Error **errp);          /* called at machine done: everything is there */
bool virt_fdt_dump(VirtMachineState *vms, const char *path, Error **errp);
void virt_fdt_reseed(VirtMachineState *vms);                        /* new random numbers in it */
/* hw/arm/virt-acpi-build.c */
void virt_acpi_setup(VirtMachineState *vms);                        /* fw_cfg blobs, rebuilt after reset: SMBIOS always, ACPI unless acpi=off */
/* hw/arm/virt-smmu.c: sysbus-fdt style placement and the vIOMMU wiring */
bool virt_smmu_add_machine(VirtMachineState *vms, Error **errp);    /* iommu=smmuv3 */

/* hw/arm/boot.c */
typedef struct ArmBootInfo {
    const char *kernel, *initrd, *cmdline, *dtb;
    hwaddr ram_start; uint64_t ram_size;
    bool firmware_loaded;               /* firmware will fetch the kernel through fw_cfg */
    struct FWCfgState *fw_cfg;
    hwaddr entry;                       /* out: where CPU 0 starts; with dtb_addr in x0 */
    hwaddr dtb_addr;                    /* out */
    hwaddr initrd_start, initrd_size;   /* out */
    bool is_linux;
} ArmBootInfo;
bool arm_load_kernel(ArmBootInfo *info, AddressSpace *as, Error **errp);
/*
 * hw/arm/virt-efi-handover.c: at machine done, after arm_load_kernel(). For a
 * Linux kernel without firmware on a machine that needs ACPI (acpi=on, or an
 * accelerated SMMU): arranges for PCI setup and tables at every reset, and
 * sets info->dtb_addr to its stub tree. Otherwise does nothing.
 */
bool virt_efi_handover(VirtMachineState *vms, ArmBootInfo *info, Error **errp);
bool virt_efi_handover_wanted(const VirtMachineState *vms, const ArmBootInfo *info);

#endif
