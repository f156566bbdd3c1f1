/*
 * The parts of the `virt` machine, made and placed by its description.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/stat.h>
#include "block/block.h"
#include "chardev/char.h"
#include "hw/acpi/generic_event_device.h"
#include "hw/block/flash.h"
#include "hw/char/pl011.h"
#include "hw/core/platform-bus.h"
#include "hw/gpio/pl061.h"
#include "hw/intc/arm_gicv3.h"
#include "hw/nvram/fw_cfg.h"
#include "hw/pci/msi.h"
#include "hw/rtc/pl031.h"
#include "hw/virtio/virtio-mmio.h"
#include "system/system.h"
#include "target/arm/cpu.h"
#include "util/options.h"
#include "virt-internal.h"

#define FLASH_SECTOR_SIZE   (256 * KiB)
#define FLASH_MANUFACTURER  0x89        /* Intel */
#define FLASH_DEVICE        0x18        /* 28F128J3 */
#define POWER_BUTTON_PIN    3
enum { PSCI_CONDUIT_HVC = 2 };

qemu_irq virt_spi(VirtMachineState *vms, int spi)
{
    return qdev_get_gpio_in(vms->gic, spi);
}

/* Realizes a device and puts MMIO 0 and IRQ 0 where the description says; NULL when it cannot be. */
static DeviceState *place(VirtMachineState *vms, DeviceState *dev, VirtRegion region, Error **errp)
{
    SysBusDevice *sbd = SYS_BUS_DEVICE(dev);

    if (!sysbus_realize_and_unref(sbd, errp)) {
        return NULL;
    }
    sysbus_mmio_map(sbd, 0, vms->memmap[region].base);
    sysbus_connect_irq(sbd, 0, virt_spi(vms, vms->irqmap[region]));
    return dev;
}

/* --- CPUs and interrupts ------------------------------------------------------- */

static bool create_cpu(VirtMachineState *vms, const CPUArchId *slot, Error **errp)
{
    MachineState *ms = &vms->parent_obj;
    DeviceState *dev = qdev_new(ms->cpu_type);
    ARMCPU *arm = ARM_CPU(dev);
    CPUState *cpu = CPU(dev);

    cpu->socket_id = slot->socket;
    cpu->cluster_id = slot->cluster;
    cpu->core_id = slot->core;
    cpu->thread_in_core = slot->thread;
    cpu->node_id = slot->node;
    cpu->start_powered_off = slot->arch_id != 0;
    arm->mp_affinity = slot->arch_id;
    arm->psci_conduit = PSCI_CONDUIT_HVC;
    if (ms->cpu_props && !object_set_props(OBJECT(dev), ms->cpu_props, errp)) {
        object_unref(dev);
        return false;
    }
    return qdev_realize_and_unref(dev, NULL, errp);
}

bool virt_create_cpus(VirtMachineState *vms, Error **errp)
{
    MachineState *ms = &vms->parent_obj;
    unsigned n;
    CPUArchId *slots = MACHINE_GET_CLASS(ms)->possible_cpus(ms, &n);

    for (unsigned i = 0; i < ms->smp.cpus; i++) {
        if (!create_cpu(vms, &slots[i], errp)) {
            return false;
        }
        slots[i].cpu = qemu_get_cpu(i);
    }
    vms->has_pmu = ARM_CPU(qemu_get_cpu(0))->has_pmu;
    return true;
}

/* Where KVM writes how long each vCPU waited for a host CPU (Arm DEN0057); the guest asks for the address. */
static bool create_pvtime(VirtMachineState *vms, Error **errp)
{
    enum { PVTIME_SIZE_PER_CPU = 64 };
    MemMapEntry where = vms->memmap[VIRT_PVTIME];
    MemoryRegion *mr;
    CPUState *cpu;

    if (!ARM_CPU(qemu_get_cpu(0))->kvm_steal_time) {
        return true;
    }
    mr = g_new0(MemoryRegion, 1);
    if (!memory_region_init_ram(mr, OBJECT(vms), "pvtime", where.size, errp)) {
        g_free(mr);
        return false;
    }
    memory_region_add_subregion(get_system_memory(), where.base, mr);
    CPU_FOREACH(cpu) {
        ARM_CPU(cpu)->pvtime_ipa = where.base + (hwaddr)cpu->cpu_index * PVTIME_SIZE_PER_CPU;
    }
    return true;
}

static bool set_redist_regions(VirtMachineState *vms, DeviceState *gic, Error **errp)
{
    unsigned first = virt_redist_capacity(vms, VIRT_GIC_REDIST), cpus = vms->parent_obj.smp.max_cpus;
    g_autoptr(json_t) counts = json_pack("[i]", (int)MIN(first, cpus));

    if (cpus > first) {
        json_array_append_new(counts, json_integer(MIN(virt_redist_capacity(vms, VIRT_HIGH_GIC_REDIST2), cpus - first)));
    }
    return object_property_set(OBJECT(gic), "redist-region-count", counts, errp);
}

static void map_gic(VirtMachineState *vms)
{
    SysBusDevice *sbd = SYS_BUS_DEVICE(vms->gic);

    sysbus_mmio_map(sbd, 0, vms->memmap[VIRT_GIC_DIST].base);
    if (vms->gic_version == 2) {
        sysbus_mmio_map(sbd, 1, vms->memmap[VIRT_GIC_CPU].base);
        return;
    }
    sysbus_mmio_map(sbd, 1, vms->memmap[VIRT_GIC_REDIST].base);
    if (vms->parent_obj.smp.max_cpus > virt_redist_capacity(vms, VIRT_GIC_REDIST)) {
        sysbus_mmio_map(sbd, 2, vms->memmap[VIRT_HIGH_GIC_REDIST2].base);
    }
}

static bool create_its(VirtMachineState *vms, Error **errp)
{
    DeviceState *its = qdev_new(its_class_name());

    if (!object_property_set_link(OBJECT(its), "parent-gicv3", OBJECT(vms->gic), errp) ||
        !sysbus_realize_and_unref(SYS_BUS_DEVICE(its), errp)) {
        return false;
    }
    sysbus_mmio_map(SYS_BUS_DEVICE(its), 0, vms->memmap[VIRT_GIC_ITS].base);
    return true;
}

static bool create_v2m(VirtMachineState *vms, Error **errp)
{
    DeviceState *v2m = qdev_new(TYPE_ARM_GICV2M);
    int base = vms->irqmap[VIRT_GIC_V2M];

    qdev_prop_set_uint(v2m, "base-spi", base);
    qdev_prop_set_uint(v2m, "num-spi", NUM_GICV2M_SPIS);
    if (!sysbus_realize_and_unref(SYS_BUS_DEVICE(v2m), errp)) {
        return false;
    }
    sysbus_mmio_map(SYS_BUS_DEVICE(v2m), 0, vms->memmap[VIRT_GIC_V2M].base);
    for (int i = 0; i < NUM_GICV2M_SPIS; i++) {
        sysbus_connect_irq(SYS_BUS_DEVICE(v2m), i, virt_spi(vms, base + i));
    }
    return true;
}

bool virt_create_gic(VirtMachineState *vms, Error **errp)
{
    DeviceState *gic = qdev_new(vms->gic_version == 2 ? gicv2_class_name() : gicv3_class_name());

    qdev_prop_set_uint(gic, "num-cpu", vms->parent_obj.smp.cpus);
    qdev_prop_set_uint(gic, "num-irq", VIRT_NUM_SPIS + GIC_INTERNAL);
    qdev_prop_set_uint(gic, "revision", vms->gic_version);
    if ((vms->gic_version == 3 && !set_redist_regions(vms, gic, errp)) || !sysbus_realize_and_unref(SYS_BUS_DEVICE(gic), errp)) {
        return false;
    }
    vms->gic = gic;
    map_gic(vms);
    if (!create_pvtime(vms, errp)) {
        return false;
    }
    msi_nonbroken = vms->msi_controller != VIRT_MSI_CTRL_NONE;
    switch (vms->msi_controller) {
    case VIRT_MSI_CTRL_ITS:
        return create_its(vms, errp);
    case VIRT_MSI_CTRL_GICV2M:
        return create_v2m(vms, errp);
    default:
        return true;
    }
}

/* --- flash and firmware ----------------------------------------------------------- */

/* Where bank @i's content comes from: -machine pflashN=, else -drive if=pflash. */
static bool flash_backend(VirtMachineState *vms, int i, BlockBackend **blk, Error **errp)
{
    *blk = vms->pflash_opt[i] ? blk_by_name(vms->pflash_opt[i]) : drive_get("pflash", i);
    if (vms->pflash_opt[i] && !*blk) {
        error_setg(errp, "-machine pflash%d=%s: no -blockdev or -drive has that name", i, vms->pflash_opt[i]);
        return false;
    }
    return true;
}

static bool create_bank(VirtMachineState *vms, int i, BlockBackend *blk, Error **errp)
{
    hwaddr size = vms->memmap[VIRT_FLASH].size / 2;
    g_autofree char *name = g_strdup_printf("virt.flash%d", i);
    DeviceState *dev = qdev_new(TYPE_PFLASH_CFI01);

    object_property_add_child(OBJECT(vms), name, OBJECT(dev));
    qdev_prop_set_uint(dev, "num-blocks", size / FLASH_SECTOR_SIZE);
    qdev_prop_set_uint(dev, "sector-length", FLASH_SECTOR_SIZE);
    qdev_prop_set_uint(dev, "width", 4);
    qdev_prop_set_uint(dev, "device-width", 2);
    qdev_prop_set_uint(dev, "id0", FLASH_MANUFACTURER);
    qdev_prop_set_uint(dev, "id1", FLASH_DEVICE);
    qdev_prop_set_string(dev, "name", name);
    vms->flash[i] = dev;
    if ((blk && !object_property_set_str(OBJECT(dev), "drive", blk_name(blk), errp)) || !sysbus_realize_and_unref(SYS_BUS_DEVICE(dev), errp)) {
        return false;
    }
    sysbus_mmio_map(SYS_BUS_DEVICE(dev), 0, vms->memmap[VIRT_FLASH].base + i * size);
    return true;
}

/* -bios: an image in flash 0 that no file is behind. */
static bool load_bios(VirtMachineState *vms, Error **errp)
{
    const char *path = vms->parent_obj.firmware;
    MemoryRegion *mr = sysbus_mmio_get_region(SYS_BUS_DEVICE(vms->flash[0]), 0);
    g_autofree char *data = NULL;
    g_autoptr(GError) gerr = NULL;
    struct stat st;
    gsize len;

    if (stat(path, &st) == 0 && (uint64_t)st.st_size > memory_region_size(mr)) {
        error_setg(errp, "-bios %s: the image is larger than flash bank 0 (%" PRIu64 " MiB)", path, memory_region_size(mr) >> 20);
        return false;
    }
    if (!g_file_get_contents(path, &data, &len, &gerr)) {
        error_setg(errp, "-bios: %s", gerr->message);
        return false;
    }
    memcpy(memory_region_get_ram_ptr(mr), data, MIN(len, memory_region_size(mr)));
    return true;
}

bool virt_create_flash(VirtMachineState *vms, bool *firmware, Error **errp)
{
    BlockBackend *blk[2];

    for (int i = 0; i < 2; i++) {
        if (!flash_backend(vms, i, &blk[i], errp) || !create_bank(vms, i, blk[i], errp)) {
            return false;
        }
    }
    *firmware = blk[0] || vms->parent_obj.firmware;
    if (blk[0] && vms->parent_obj.firmware) {
        error_setg(errp, "-bios and a pflash drive both fill flash bank 0; give one of them");
        return false;
    }
    return !vms->parent_obj.firmware || load_bios(vms, errp);
}

/* --- PCI ------------------------------------------------------------------------------ */

static void map_pci_window(VirtMachineState *vms, const char *name, MemoryRegion *pci, hwaddr offset, MemMapEntry where)
{
    MemoryRegion *alias = g_new0(MemoryRegion, 1);

    memory_region_init_alias(alias, OBJECT(vms->pcie), name, pci, offset, where.size);
    memory_region_add_subregion(get_system_memory(), where.base, alias);
}

static bool create_pcie(VirtMachineState *vms, Error **errp)
{
    DeviceState *dev = qdev_new(TYPE_GPEX_HOST);
    SysBusDevice *sbd = SYS_BUS_DEVICE(dev);
    MemMapEntry ecam = { virt_ecam_base(vms), virt_ecam_size(vms) };

    PCI_HOST_BRIDGE(dev)->bypass_iommu = vms->default_bus_bypass_iommu;
    if (!sysbus_realize_and_unref(sbd, errp)) {
        return false;
    }
    vms->pcie = GPEX_HOST(dev);
    vms->bus = PCI_HOST_BRIDGE(dev)->bus;
    map_pci_window(vms, "pcie-ecam", sysbus_mmio_get_region(sbd, 0), 0, ecam);
    map_pci_window(vms, "pcie-mmio", sysbus_mmio_get_region(sbd, 1), vms->memmap[VIRT_PCIE_MMIO].base, vms->memmap[VIRT_PCIE_MMIO]);
    if (vms->highmem_mmio) {
        MemMapEntry high = vms->memmap[VIRT_HIGH_PCIE_MMIO];
        map_pci_window(vms, "pcie-mmio-high", sysbus_mmio_get_region(sbd, 1), high.base, high);
    }
    sysbus_mmio_map(sbd, 2, vms->memmap[VIRT_PCIE_PIO].base);
    for (int i = 0; i < PCI_NUM_PINS; i++) {
        sysbus_connect_irq(sbd, i, virt_spi(vms, vms->irqmap[VIRT_PCIE] + i));
        gpex_set_irq_num(vms->pcie, i, vms->irqmap[VIRT_PCIE] + i);
    }
    return true;
}

/* --- the small ones ---------------------------------------------------------------------- */

static bool create_uart(VirtMachineState *vms, VirtRegion region, Chardev *chr, Error **errp)
{
    DeviceState *dev = qdev_new(TYPE_PL011);

    if (chr && !object_property_set_str(OBJECT(dev), "chardev", chr->label, errp)) {
        object_unref(dev);
        return false;
    }
    return place(vms, dev, region, errp) != NULL;
}

static bool create_virtio_transports(VirtMachineState *vms, Error **errp)
{
    for (int i = 0; i < vms->virtio_transports; i++) {
        SysBusDevice *sbd = SYS_BUS_DEVICE(qdev_new(TYPE_VIRTIO_MMIO));

        if (!sysbus_realize_and_unref(sbd, errp)) {
            return false;
        }
        sysbus_mmio_map(sbd, 0, vms->memmap[VIRT_MMIO].base + i * vms->memmap[VIRT_MMIO].size);
        sysbus_connect_irq(sbd, 0, virt_spi(vms, vms->irqmap[VIRT_MMIO] + i));
    }
    return true;
}

static bool create_platform_bus(VirtMachineState *vms, Error **errp)
{
    DeviceState *dev = qdev_new(TYPE_PLATFORM_BUS_DEVICE);
    unsigned irqs = VIRT_NUM_SPIS - vms->irqmap[VIRT_PLATFORM_BUS];

    qdev_prop_set_uint(dev, "num_irqs", irqs);
    qdev_prop_set_uint(dev, "mmio_size", vms->memmap[VIRT_PLATFORM_BUS].size);
    if (!sysbus_realize_and_unref(SYS_BUS_DEVICE(dev), errp)) {
        return false;
    }
    vms->platform_bus = dev;
    for (unsigned i = 0; i < irqs; i++) {
        platform_bus_connect_irq(PLATFORM_BUS_DEVICE(dev), i, virt_spi(vms, vms->irqmap[VIRT_PLATFORM_BUS] + i));
    }
    memory_region_add_subregion(get_system_memory(), vms->memmap[VIRT_PLATFORM_BUS].base, sysbus_mmio_get_region(SYS_BUS_DEVICE(dev), 0));
    return true;
}

/* The power button: a pin of the GPIO controller, with a key driver's press of 100 ms. */
static bool create_gpio(VirtMachineState *vms, Error **errp)
{
    DeviceState *key = qdev_new(TYPE_GPIO_KEY);

    vms->gpio = place(vms, qdev_new(TYPE_PL061), VIRT_GPIO, errp);
    if (!vms->gpio || !sysbus_realize_and_unref(SYS_BUS_DEVICE(key), errp)) {
        return false;
    }
    qdev_connect_gpio_out(key, 0, qdev_get_gpio_in(vms->gpio, POWER_BUTTON_PIN));
    vms->power_key = key;
    return true;
}

bool virt_create_ged(VirtMachineState *vms, Error **errp)
{
    DeviceState *ged = qdev_new(TYPE_ACPI_GED);
    MemorySlots *slots = vms->parent_obj.memory_slots;

    acpi_ged_set_memory_slots(ACPI_GED(ged), slots);
    vms->acpi_dev = place(vms, ged, VIRT_ACPI_GED, errp);
    if (vms->acpi_dev && slots) {
        sysbus_mmio_map(SYS_BUS_DEVICE(ged), 1, vms->memmap[VIRT_PCDIMM_ACPI].base);
    }
    return vms->acpi_dev != NULL;
}

static bool create_fw_cfg(VirtMachineState *vms)
{
    vms->fw_cfg = fw_cfg_init_mem_dma(vms->memmap[VIRT_FW_CFG].base, &address_space_memory);
    fw_cfg_add_i16(vms->fw_cfg, FW_CFG_NB_CPUS, vms->parent_obj.smp.cpus);
    return true;
}

bool virt_create_devices(VirtMachineState *vms, bool firmware, Error **errp)
{
    vms->two_uarts = serial_hd(1) != NULL;
    if (!create_uart(vms, VIRT_UART0, serial_hd(0), errp) || (vms->two_uarts && !create_uart(vms, VIRT_UART1, serial_hd(1), errp))) {
        return false;
    }
    if (!place(vms, qdev_new(TYPE_PL031), VIRT_RTC, errp) || !create_pcie(vms, errp)) {
        return false;
    }
    /* Without firmware there are seldom ACPI tables (machine_done() knows), so the button is a GPIO. */
    if (firmware && virt_is_acpi_enabled(vms) ? !virt_create_ged(vms, errp) : !create_gpio(vms, errp)) {
        return false;
    }
    return create_virtio_transports(vms, errp) && create_fw_cfg(vms) && create_platform_bus(vms, errp);
}
