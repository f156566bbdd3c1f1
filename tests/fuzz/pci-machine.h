/*
 * The least that PCI functions need, for fuzz targets: a host bridge, and one
 * small memory that both they and their BARs are in.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_FUZZ_PCI_MACHINE_H
#define TESTS_FUZZ_PCI_MACHINE_H

#include "hw/core/boards.h"
#include "hw/pci/msi.h"
#include "hw/pci/pci_host.h"
#include "util/main-loop.h"

static MemoryRegion fuzz_ram;

static inline PCIBus *fuzz_pci_machine(uint64_t ram_size)
{
    GPEXHost *host;

    main_loop_init();
    memory_map_init();
    memory_region_init_ram(&fuzz_ram, NULL, "ram", ram_size, &error_abort);
    memory_region_add_subregion(get_system_memory(), 0, &fuzz_ram);
    msi_nonbroken = true;
    host = GPEX_HOST(qdev_new(TYPE_GPEX_HOST));
    sysbus_realize_and_unref(SYS_BUS_DEVICE(host), &error_abort);
    memory_region_add_subregion_overlap(get_system_memory(), 0, &host->io_mmio, -1);
    return PCI_HOST_BRIDGE(host)->bus;
}

static inline void fuzz_pci_machine_done(void)
{
    qdev_machine_creation_done();
    machine_run_init_done_notifiers();
}

#endif
