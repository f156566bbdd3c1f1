/*
 * The `virt` machine: resolves its options, lays out its map, makes its parts
 * in order, and when everything of the command line is there writes its two
 * descriptions and hands over to boot code.
 *
 * The guest sees the machine of the release in QEMU_VERSION; older versioned
 * names are the same machine. Not modelled: TrustZone, EL2, MTE, TPM, NVDIMM
 * and memory hotplug.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/accel.h"
#include "hw/acpi/generic-initiator.h"
#include "hw/acpi/generic_event_device.h"
#include "hw/arm/smmuv3.h"
#include "hw/gpio/pl061.h"
#include "hw/nvram/fw_cfg.h"
#include "system/system.h"
#include "target/arm/cpu.h"
#include "virt-internal.h"

#define VIRT_MAX_CPUS 512

bool virt_is_acpi_enabled(VirtMachineState *vms)
{
    return vms->acpi != ON_OFF_AUTO_OFF;
}

/* --- CPU slots ---------------------------------------------------------------- */

/* When no CPU was given a node, sockets go round the nodes; else those that were not belong to the first. */
static int numa_node_of_cpu(const MachineState *ms, unsigned idx, unsigned socket)
{
    bool any = false;

    for (unsigned n = 0; n < ms->num_numa; n++) {
        GArray *ranges = ms->numa[n].cpu_ranges;
        for (guint i = 0; i < ranges->len; i++) {
            const int *range = &g_array_index(ranges, int, 2 * i);     /* first, last */
            if ((int)idx >= range[0] && (int)idx <= range[1]) {
                return n;
            }
        }
        any = any || ranges->len;
    }
    return !ms->num_numa ? -1 : any ? 0 : (int)(socket % ms->num_numa);
}

static CPUArchId *virt_possible_cpus(MachineState *ms, unsigned *n)
{
    VirtMachineState *vms = VIRT_MACHINE(ms);
    const CpuTopology *t = &ms->smp;

    *n = t->max_cpus;
    if (vms->possible_cpus) {
        return vms->possible_cpus;
    }
    vms->possible_cpus = g_new0(CPUArchId, *n);
    for (unsigned i = 0; i < *n; i++) {
        unsigned socket = i / machine_level_span(t, CPU_LEVEL_SOCKET);

        vms->possible_cpus[i] = (CPUArchId) {
            .arch_id = virt_cpu_mp_affinity(i),
            .thread = i % t->threads,
            .core = i / t->threads % t->cores,
            .cluster = i / (t->threads * t->cores) % t->clusters,
            .socket = socket,
            .node = numa_node_of_cpu(ms, i, socket),
        };
    }
    return vms->possible_cpus;
}

/* --- when all is there -------------------------------------------------------------- */

static void fail(Error *err)
{
    error_report_err(err);
    exit(EXIT_FAILURE);
}

static bool load_guest(VirtMachineState *vms, ArmBootInfo *info, Error **errp)
{
    if (!info->kernel && (info->initrd || info->cmdline)) {
        error_setg(errp, "-initrd and -append need -kernel");
        return false;
    }
    info->dtb_addr = info->ram_start;
    if (info->kernel && !arm_load_kernel(info, &address_space_memory, errp)) {
        return false;
    }
    virt_chosen = (VirtChosen) { info->cmdline, info->initrd_start, info->initrd_size };
    vms->dtb_base = info->dtb_addr;
    /* The guest will read ACPI tables after all, so its power button is the one that needs no driver for GPIOs. */
    if (virt_efi_handover_wanted(vms, info) && !vms->acpi_dev && !virt_create_ged(vms, errp)) {
        return false;
    }
    return virt_efi_handover(vms, info, errp);
}

static bool make_fdt(VirtMachineState *vms, Error **errp)
{
    MachineState *ms = &vms->parent_obj;

    if (ms->dtb ? !virt_fdt_load(vms, ms->dtb, errp) : !virt_fdt_create(vms, errp)) {
        return false;
    }
    if (vms->dtb_base - vms->memmap[VIRT_MEM].base + vms->fdt_size > ms->ram_size) {
        error_setg(errp, "-m: %" PRIu64 " MiB of RAM have no room for the device tree", ms->ram_size >> 20);
        return false;
    }
    ms->fdt = vms->fdt;
    return !ms->dumpdtb || virt_fdt_dump(vms, ms->dumpdtb, errp);
}

/* The guest overwrites its tree, so each reset puts it back. */
static void write_fdt(void *opaque)
{
    VirtMachineState *vms = opaque;

    virt_fdt_reseed(vms);
    address_space_write_rom(&address_space_memory, vms->dtb_base, MEMTXATTRS_UNSPECIFIED, vms->fdt, vms->fdt_size);
}

static void count_extra_root(PCIBus *bus, void *opaque)
{
    *(uint64_t *)opaque += pci_bus_is_pxb(bus);
}

/* Firmware scans bus numbers beyond the first root only when told that there are more. */
static void tell_extra_roots(VirtMachineState *vms)
{
    uint64_t n = 0;
    Error *err = NULL;

    pci_for_each_root_bus(count_extra_root, &n);
    n = htole64(n);
    if (n && !fw_cfg_add_file(vms->fw_cfg, "etc/extra-pci-roots", &n, sizeof(n), &err)) {
        fail(err);
    }
}

/* Devices come and go between boots. */
static void refresh_boot_order(void *opaque)
{
    VirtMachineState *vms = opaque;
    Error *err = NULL;

    if (!fw_cfg_set_boot_order(vms->fw_cfg, &err)) {
        warn_report_err(err);
    }
}

static void machine_done(Notifier *n, void *data)
{
    VirtMachineState *vms = container_of(n, VirtMachineState, machine_done);
    MachineState *ms = &vms->parent_obj;
    Error *err = NULL;
    ArmBootInfo info = {
        .kernel = ms->kernel_filename, .initrd = ms->initrd_filename, .cmdline = ms->kernel_cmdline, .dtb = ms->dtb,
        .ram_start = vms->memmap[VIRT_MEM].base, .ram_size = ms->ram_size,
        .firmware_loaded = vms->firmware_loaded, .fw_cfg = vms->fw_cfg,
    };

    virt_smmu_note_features(vms);
    tell_extra_roots(vms);
    if (!acpi_generic_initiators_check(ms, &err) || !fw_cfg_set_boot_order(vms->fw_cfg, &err) || !load_guest(vms, &info, &err) || !virt_memory_check(vms, &err) ||
        !make_fdt(vms, &err)) {
        fail(err);
    }
    virt_acpi_setup(vms);
    if (virt_is_acpi_enabled(vms)) {
        fw_cfg_add_file(vms->fw_cfg, "etc/tpm/log", NULL, 0, &error_abort);    /* firmware expects it, TPM or not */
    }
    fw_cfg_apply_user(vms->fw_cfg);     /* last, so that it is the user who hears of a name taken twice */
    if (info.dtb_addr == vms->dtb_base) {
        qemu_register_reset(write_fdt, vms);
    }
    qemu_register_reset(refresh_boot_order, vms);
    arm_cpu_set_boot(ARM_CPU(qemu_get_cpu(0)), vms->firmware_loaded ? vms->memmap[VIRT_FLASH].base : info.entry, info.dtb_addr);
}

static void powerdown(Notifier *n, void *data)
{
    VirtMachineState *vms = container_of(n, VirtMachineState, powerdown);

    if (vms->acpi_dev) {
        acpi_ged_power_button(ACPI_GED(vms->acpi_dev));
    } else {
        gpio_key_press(vms->power_key);
    }
}

/* --- the machine -------------------------------------------------------------------------- */

static unsigned cpu_pa_bits(VirtMachineState *vms)
{
    return arm_cpu_pa_bits(ARM_CPU(qemu_get_cpu(0)));
}

static bool virt_machine_init(MachineState *ms, Error **errp)
{
    VirtMachineState *vms = VIRT_MACHINE(ms);

    if (!ms->ram) {
        error_setg(errp, "-m: machine '%s' needs RAM", MACHINE_GET_CLASS(ms)->name);
        return false;
    }
    if (!virt_options_resolve(vms, errp) || !virt_create_cpus(vms, errp) || !virt_caches_resolve(vms, errp) ||
        !virt_memmap_init(vms, cpu_pa_bits(vms), errp)) {
        return false;
    }
    memory_region_add_subregion(get_system_memory(), vms->memmap[VIRT_MEM].base, ms->ram);
    virt_create_memory_slots(vms);
    if (!virt_create_gic(vms, errp) || !virt_create_flash(vms, &vms->firmware_loaded, errp) ||
        !virt_create_devices(vms, vms->firmware_loaded, errp) || !virt_smmu_add_machine(vms, errp)) {
        return false;
    }
    vms->machine_done.notify = machine_done;
    qemu_add_machine_init_done_notifier(&vms->machine_done);
    vms->powerdown.notify = powerdown;
    qemu_register_powerdown_notifier(&vms->powerdown);
    return true;
}

static void virt_instance_init(Object *obj)
{
    VirtMachineState *vms = VIRT_MACHINE(obj);

    virt_options_init(vms);
    vms->parent_obj.boot.reboot_timeout = UINT32_MAX;      /* not given */
    vms->smmus = g_array_new(false, true, sizeof(VirtSMMU));
}

static void virt_finalize(Object *obj)
{
    VirtMachineState *vms = VIRT_MACHINE(obj);

    virt_options_finalize(vms);
    g_array_free(vms->smmus, true);
    g_free(vms->possible_cpus);
    g_free(vms->phandles.cpus);
    g_free(vms->fdt);
    g_free(vms->parent_obj.memory_slots);
}

static bool virt_pre_plug(MachineState *ms, DeviceState *dev, Error **errp)
{
    return virt_smmu_pre_plug(ms, dev, errp) && virt_memory_pre_plug(ms, dev, errp);
}

static bool virt_plug(MachineState *ms, DeviceState *dev, Error **errp)
{
    return virt_smmu_plug(ms, dev, errp) && virt_memory_plug(ms, dev, errp);
}

static void virt_class_init(ObjectClass *klass, const void *data)
{
    static const char *const cpu_types[] = { TYPE_ARM_CPU, NULL };
    MachineClass *mc = MACHINE_CLASS(klass);

    mc->init = virt_machine_init;
    mc->max_cpus = VIRT_MAX_CPUS;
    mc->min_cpus = 1;
    mc->default_cpus = 1;
    mc->default_ram_size = 128 * MiB;
    mc->default_ram_id = "mach-virt.ram";
    mc->default_cpu_type = ARM_CPU_TYPE_NAME("max");
    mc->valid_cpu_types = cpu_types;
    mc->has_hotpluggable_cpus = false;
    mc->block_default_interface = "virtio";
    mc->possible_cpus = virt_possible_cpus;
    mc->device_allowed = virt_smmu_allowed;
    mc->device_pre_plug = virt_pre_plug;
    mc->device_plug = virt_plug;
    mc->device_unplug_request = virt_memory_unplug_request;
    virt_options_class_init(klass);
}

static const TypeInfo virt_info = {
    .name = TYPE_VIRT_MACHINE,
    .parent = TYPE_MACHINE,
    .abstract = true,
    .instance_size = sizeof(VirtMachineState),
    .class_size = sizeof(VirtMachineClass),
    .instance_init = virt_instance_init,
    .instance_finalize = virt_finalize,
    .class_init = virt_class_init,
};
DEFINE_TYPE(virt_info)

/* --- its versioned names --------------------------------------------------------------------- */

typedef struct VirtVersion { const char *name, *alias, *desc; } VirtVersion;

static void versioned_class_init(ObjectClass *klass, const void *data)
{
    const VirtVersion *v = data;
    MachineClass *mc = MACHINE_CLASS(klass);

    mc->name = v->name;
    mc->alias = v->alias;
    mc->desc = v->desc;
}

#define VIRT_VERSION(v, a) { \
    .name = MACHINE_TYPE_NAME("virt-" v), .parent = TYPE_VIRT_MACHINE, .class_init = versioned_class_init, \
    .class_data = &(const VirtVersion) { "virt-" v, a, "QEMU " v " ARM Virtual Machine" } }
static const TypeInfo versioned_infos[] = {
    VIRT_VERSION("11.1", "virt"), VIRT_VERSION("11.0", NULL), VIRT_VERSION("10.2", NULL), VIRT_VERSION("10.1", NULL), VIRT_VERSION("10.0", NULL),
};
DEFINE_TYPES(versioned_infos)
