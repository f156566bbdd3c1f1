/*
 * Building ACPI tables, and the script by which firmware puts them in memory.
 *
 * All tables lie one after another in one blob. Where one holds the address
 * of another the blob has the offset, and a command of the script tells
 * firmware to add the address at which it loaded the blob; checksums are
 * computed by firmware too, after that.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ACPI_TABLES_H
#define HW_ACPI_TABLES_H

#include "util/error.h"

/* Names under which firmware finds the pieces in fw_cfg. */
#define ACPI_TABLE_FILE  "etc/acpi/tables"
#define ACPI_RSDP_FILE   "etc/acpi/rsdp"
#define ACPI_LOADER_FILE "etc/table-loader"

#define ACPI_HEADER_LEN 36

typedef struct AcpiTables {
    GByteArray *blob;                   /* ACPI_TABLE_FILE */
    GByteArray *rsdp;                   /* ACPI_RSDP_FILE */
    GByteArray *loader;                 /* ACPI_LOADER_FILE */
    GArray *entries;                    /* uint32_t offsets the XSDT lists */
    const char *oem_id, *oem_table_id;
} AcpiTables;

void acpi_tables_init(AcpiTables *t, const char *oem_id, const char *oem_table_id);
void acpi_tables_free(AcpiTables *t);
/* XSDT over t->entries, and the RSDP that leads to it. */
void acpi_tables_finish(AcpiTables *t);

/* A table: begin writes the header, end fills in the length and asks for a checksum. */
uint32_t acpi_table_begin(AcpiTables *t, const char *signature, uint8_t revision);
void acpi_table_end(AcpiTables *t, uint32_t start);
void acpi_tables_list(AcpiTables *t, uint32_t start);        /* into the XSDT */

void acpi_put(GByteArray *a, uint64_t v, unsigned size);     /* little endian */
static inline void acpi_put8(AcpiTables *t, uint8_t v) { acpi_put(t->blob, v, 1); }
static inline void acpi_put16(AcpiTables *t, uint16_t v) { acpi_put(t->blob, v, 2); }
static inline void acpi_put32(AcpiTables *t, uint32_t v) { acpi_put(t->blob, v, 4); }
static inline void acpi_put64(AcpiTables *t, uint64_t v) { acpi_put(t->blob, v, 8); }
void acpi_put_zeros(AcpiTables *t, unsigned n);
void acpi_put_string(GByteArray *a, const char *s, unsigned width);      /* cut or zero padded */

/* Generic address structure in system memory (ACPI 6.5, 5.2.3.2). */
enum { ACPI_GAS_BYTE = 1, ACPI_GAS_WORD, ACPI_GAS_DWORD, ACPI_GAS_QWORD };
void acpi_put_gas(AcpiTables *t, uint8_t bit_width, uint8_t access, uint64_t addr);

/* Script commands. */
void acpi_loader_allocate(GByteArray *loader, const char *file, uint32_t align, bool low);
void acpi_loader_add_pointer(GByteArray *loader, const char *dst, uint32_t offset, uint8_t size, const char *src);
void acpi_loader_add_checksum(GByteArray *loader, const char *file, uint32_t offset, uint32_t start, uint32_t len);

/*
 * Runs the script as firmware does, with the blob at @tables_addr and the RSDP
 * at @rsdp_addr: for booting without firmware, and for tests.
 */
bool acpi_loader_run(AcpiTables *t, uint64_t tables_addr, uint64_t rsdp_addr, Error **errp);

#endif
