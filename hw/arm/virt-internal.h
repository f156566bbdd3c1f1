/*
 * The `virt` machine's own pieces, seen by each other only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ARM_VIRT_INTERNAL_H
#define HW_ARM_VIRT_INTERNAL_H

#include "hw/arm/virt.h"

#define VIRT_RAM_BASE   (1 * GiB)
#define VIRT_ITS_DOORBELL_OFFSET    0x10040         /* GITS_TRANSLATER, from the ITS's base */
#define VIRT_V2M_DOORBELL_OFFSET    0x40            /* MSI_SETSPI_NS, from the frame's base */

/* virt-memmap.c */
bool virt_memmap_init(VirtMachineState *vms, unsigned pa_bits, Error **errp);
unsigned virt_max_cpus(const VirtMachineState *vms);

/* virt-options.c */
void virt_options_class_init(ObjectClass *klass);
void virt_options_init(VirtMachineState *vms);
void virt_options_finalize(VirtMachineState *vms);
/* Turns what the user said into the choices of the description. */
bool virt_options_resolve(VirtMachineState *vms, Error **errp);

/* virt-caches.c: after the CPUs are there */
bool virt_caches_resolve(VirtMachineState *vms, Error **errp);

/* virt-devices.c; in this order */
bool virt_create_cpus(VirtMachineState *vms, Error **errp);
bool virt_create_gic(VirtMachineState *vms, Error **errp);
bool virt_create_flash(VirtMachineState *vms, bool *firmware, Error **errp);
bool virt_create_ged(VirtMachineState *vms, Error **errp);
bool virt_create_devices(VirtMachineState *vms, bool firmware, Error **errp);

/* virt-memory.c */
void virt_create_memory_slots(VirtMachineState *vms);
bool virt_memory_pre_plug(MachineState *ms, DeviceState *dev, Error **errp);
bool virt_memory_plug(MachineState *ms, DeviceState *dev, Error **errp);
bool virt_memory_unplug_request(MachineState *ms, DeviceState *dev, Error **errp);
bool virt_memory_check(VirtMachineState *vms, Error **errp);

/* virt-smmu.c */
bool virt_smmu_allowed(MachineState *ms, DeviceState *dev, Error **errp);
bool virt_smmu_pre_plug(MachineState *ms, DeviceState *dev, Error **errp);
bool virt_smmu_plug(MachineState *ms, DeviceState *dev, Error **errp);
/* What vfio-pci devices have shown that the host's SMMUs can do, for the tables that describe them. */
void virt_smmu_note_features(VirtMachineState *vms);

/* virt-fdt-user.c: the user's tree (-dtb) instead of ours */
bool virt_fdt_load(VirtMachineState *vms, const char *path, Error **errp);
/* Where the initrd went, for /chosen; before virt_fdt_create(). */
typedef struct VirtChosen { const char *bootargs; hwaddr initrd_start, initrd_size; } VirtChosen;
extern VirtChosen virt_chosen;

#endif
