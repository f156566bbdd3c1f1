/*
 * SMBIOS 3: the inventory a guest's firmware and dmidecode read.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_FIRMWARE_SMBIOS_H
#define HW_FIRMWARE_SMBIOS_H

#include <jansson.h>
#include "hw/core/boards.h"

#define SMBIOS_TABLES_FILE "etc/smbios/smbios-tables"
#define SMBIOS_ANCHOR_FILE "etc/smbios/smbios-anchor"

typedef struct SmbiosMachine {
    const char *manufacturer, *product, *version;      /* where the user said nothing */
    const uint8_t *uuid;                               /* 16 bytes as written; NULL: none */
    CpuTopology smp;
    uint64_t ram_base, ram_size;
} SmbiosMachine;

/* -smbios type=N,... | file=F. Consumes @opts. */
bool smbios_entry_add(json_t *opts, Error **errp);
/* Both are appended to; the anchor's address and checksum are left to who places the tables. */
bool smbios_build(const SmbiosMachine *m, GByteArray *tables, GByteArray *anchor, Error **errp);
/* Fills them in. */
void smbios_anchor_place(GByteArray *anchor, uint64_t tables_addr);

#endif
