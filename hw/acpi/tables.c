/*
 * Table headers, the XSDT and the RSDP (ACPI 6.5, 5.2.5 to 5.2.8).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/acpi/tables.h"
#include "util/bits.h"

enum { HEADER_LENGTH = 4, HEADER_CHECKSUM = 9 };
enum { RSDP_CHECKSUM = 8, RSDP_V1_LEN = 20, RSDP_XSDT = 24, RSDP_EXT_CHECKSUM = 32, RSDP_LEN = 36 };

void acpi_put(GByteArray *a, uint64_t v, unsigned size)
{
    uint8_t b[8];
    stq_le_p(b, v);
    g_byte_array_append(a, b, size);
}

void acpi_put_zeros(AcpiTables *t, unsigned n)
{
    guint at = t->blob->len;
    g_byte_array_set_size(t->blob, at + n);
    memset(t->blob->data + at, 0, n);
}

void acpi_put_string(GByteArray *a, const char *s, unsigned width)
{
    size_t n = strnlen(s, width);

    g_byte_array_append(a, (const uint8_t *)s, n);
    for (; n < width; n++) {
        acpi_put(a, 0, 1);
    }
}

void acpi_put_gas(AcpiTables *t, uint8_t bit_width, uint8_t access, uint64_t addr)
{
    acpi_put8(t, 0);                    /* system memory */
    acpi_put8(t, bit_width);
    acpi_put8(t, 0);                    /* bit offset */
    acpi_put8(t, access);
    acpi_put64(t, addr);
}

void acpi_tables_init(AcpiTables *t, const char *oem_id, const char *oem_table_id)
{
    *t = (AcpiTables){
        .blob = g_byte_array_new(), .rsdp = g_byte_array_new(), .loader = g_byte_array_new(),
        .entries = g_array_new(false, false, sizeof(uint32_t)), .oem_id = oem_id, .oem_table_id = oem_table_id,
    };
    acpi_loader_allocate(t->loader, ACPI_TABLE_FILE, 64, false);
}

void acpi_tables_free(AcpiTables *t)
{
    g_byte_array_unref(t->blob);
    g_byte_array_unref(t->rsdp);
    g_byte_array_unref(t->loader);
    g_array_unref(t->entries);
}

uint32_t acpi_table_begin(AcpiTables *t, const char *signature, uint8_t revision)
{
    uint32_t start = t->blob->len;

    acpi_put_string(t->blob, signature, 4);
    acpi_put32(t, 0);                   /* length: known at the end */
    acpi_put8(t, revision);
    acpi_put8(t, 0);                    /* checksum: firmware */
    acpi_put_string(t->blob, t->oem_id, 6);
    acpi_put_string(t->blob, t->oem_table_id, 8);
    acpi_put32(t, 1);                   /* OEM revision */
    acpi_put_string(t->blob, "BXPC", 4);
    acpi_put32(t, 1);                   /* creator revision */
    return start;
}

void acpi_table_end(AcpiTables *t, uint32_t start)
{
    uint32_t len = t->blob->len - start;

    stl_le_p(t->blob->data + start + HEADER_LENGTH, len);
    acpi_loader_add_checksum(t->loader, ACPI_TABLE_FILE, start + HEADER_CHECKSUM, start, len);
}

void acpi_tables_list(AcpiTables *t, uint32_t start)
{
    g_array_append_val(t->entries, start);
}

static uint32_t build_xsdt(AcpiTables *t)
{
    uint32_t start = acpi_table_begin(t, "XSDT", 1);

    for (guint i = 0; i < t->entries->len; i++) {
        acpi_loader_add_pointer(t->loader, ACPI_TABLE_FILE, t->blob->len, 8, ACPI_TABLE_FILE);
        acpi_put64(t, g_array_index(t->entries, uint32_t, i));
    }
    acpi_table_end(t, start);
    return start;
}

static void build_rsdp(AcpiTables *t, uint32_t xsdt)
{
    acpi_loader_allocate(t->loader, ACPI_RSDP_FILE, 16, true);
    acpi_put_string(t->rsdp, "RSD PTR ", 8);
    acpi_put(t->rsdp, 0, 1);
    acpi_put_string(t->rsdp, t->oem_id, 6);
    acpi_put(t->rsdp, 2, 1);            /* revision: has an XSDT */
    acpi_put(t->rsdp, 0, 4);            /* no RSDT */
    acpi_put(t->rsdp, RSDP_LEN, 4);
    acpi_loader_add_pointer(t->loader, ACPI_RSDP_FILE, RSDP_XSDT, 8, ACPI_TABLE_FILE);
    acpi_put(t->rsdp, xsdt, 8);
    acpi_put(t->rsdp, 0, 4);
    acpi_loader_add_checksum(t->loader, ACPI_RSDP_FILE, RSDP_CHECKSUM, 0, RSDP_V1_LEN);
    acpi_loader_add_checksum(t->loader, ACPI_RSDP_FILE, RSDP_EXT_CHECKSUM, 0, RSDP_LEN);
}

void acpi_tables_finish(AcpiTables *t)
{
    build_rsdp(t, build_xsdt(t));
}
