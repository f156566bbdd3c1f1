/*
 * What a guest's kernel finds when no firmware ran before it and it is to use
 * ACPI: an EFI system table, a memory map, and a device tree that only says
 * where these are.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_FIRMWARE_EFI_HANDOVER_H
#define HW_FIRMWARE_EFI_HANDOVER_H

#include "hw/acpi/tables.h"

typedef struct EfiHandover {
    AcpiTables acpi;
    GByteArray *smbios_tables, *smbios_anchor;
    uint64_t ram_base, ram_size;
    const char *cmdline;                /* may be NULL */
    uint64_t initrd_start, initrd_size; /* size 0: none */
    uint64_t loaded_end;                /* kernel, initrd and the like are below */
    const uint8_t *seed;                /* 64 bytes for kaslr-seed and rng-seed; NULL: none */
} EfiHandover;

/*
 * One block at the end of RAM: everything above, linked to its address. The
 * block is page aligned; its start and the tree's address come back.
 */
GByteArray *efi_handover_build(EfiHandover *h, uint64_t *block_addr, uint64_t *dtb_addr, Error **errp);
#define EFI_HANDOVER_SEED_LEN 64

#endif
