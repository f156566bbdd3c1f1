/*
 * SMBIOS structures (DMTF DSP0134 3.x, clause 7) as field tables: which key of
 * -smbios sets which byte. Everything else of a structure comes from its
 * template.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_SMBIOS_TYPES_H
#define HW_SMBIOS_TYPES_H

#include "util/osdep.h"

typedef enum SmbiosKind {
    SMBIOS_STRING,                      /* index of a string after the structure */
    SMBIOS_U8, SMBIOS_U16, SMBIOS_U64,
    SMBIOS_UUID, SMBIOS_RELEASE,        /* major.minor in two bytes */
    SMBIOS_UEFI, SMBIOS_VM,             /* one bit of the BIOS characteristics */
    SMBIOS_VALUES, SMBIOS_PATH,         /* type 11: strings without an index */
    SMBIOS_ONBOARD_KIND, SMBIOS_PCI_DEVICE,
    SMBIOS_PREFIX,                      /* string followed by the instance number */
} SmbiosKind;

typedef struct SmbiosField {
    const char *key;
    SmbiosKind kind;
    uint8_t at, also;                   /* offset; a second place for the same number, or 0 */
    const char *init;                   /* string when the user gives none; "$m", "$p", "$v": the machine's */
} SmbiosField;

#define SMBIOS_MAX_FIELDS 10
typedef struct SmbiosType {
    uint8_t type, len;
    uint16_t handle;                    /* of the first instance */
    enum { SMBIOS_ALWAYS, SMBIOS_IF_GIVEN, SMBIOS_EACH_GIVEN } when;
    SmbiosField fields[SMBIOS_MAX_FIELDS];          /* strings in the order of their indices */
    uint8_t body[52];                   /* template: from offset 4 on */
} SmbiosType;

extern const SmbiosType smbios_types[];
extern const size_t smbios_num_types;
const SmbiosType *smbios_type_find(unsigned type);

#endif
