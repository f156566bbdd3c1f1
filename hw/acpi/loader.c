/*
 * The table-loader script: records of 128 bytes that firmware carries out in
 * order (the fw_cfg interface that OVMF and ArmVirtQemu read).
 *
 *     offset  allocate        add pointer          add checksum
 *          0  command 1       command 2            command 3
 *          4  file[56]        file to patch[56]    file[56]
 *         60  alignment u32   file pointed to[56]  where the sum goes u32
 *         64  zone u8                              first byte u32
 *         68                                       length u32
 *        116                  where to patch u32
 *        120                  size of pointer u8
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/acpi/tables.h"
#include "util/bits.h"

enum { CMD_ALLOCATE = 1, CMD_ADD_POINTER = 2, CMD_ADD_CHECKSUM = 3 };
enum { ZONE_HIGH = 1, ZONE_FSEG = 2 };
enum { RECORD_LEN = 128, FILE_LEN = 56 };
enum { AT_FILE = 4, AT_ARGS = 60, AT_POINTER_ARGS = 116 };

static uint8_t *new_record(GByteArray *loader, uint32_t cmd, const char *file)
{
    guint at = loader->len;

    g_assert(strlen(file) < FILE_LEN);
    g_byte_array_set_size(loader, at + RECORD_LEN);
    uint8_t *r = loader->data + at;
    memset(r, 0, RECORD_LEN);
    stl_le_p(r, cmd);
    strcpy((char *)r + AT_FILE, file);
    return r;
}

void acpi_loader_allocate(GByteArray *loader, const char *file, uint32_t align, bool low)
{
    uint8_t *r = new_record(loader, CMD_ALLOCATE, file);
    stl_le_p(r + AT_ARGS, align);
    r[AT_ARGS + 4] = low ? ZONE_FSEG : ZONE_HIGH;
}

void acpi_loader_add_pointer(GByteArray *loader, const char *dst, uint32_t offset, uint8_t size, const char *src)
{
    uint8_t *r = new_record(loader, CMD_ADD_POINTER, dst);

    g_assert(strlen(src) < FILE_LEN);
    strcpy((char *)r + AT_ARGS, src);
    stl_le_p(r + AT_POINTER_ARGS, offset);
    r[AT_POINTER_ARGS + 4] = size;
}

void acpi_loader_add_checksum(GByteArray *loader, const char *file, uint32_t offset, uint32_t start, uint32_t len)
{
    uint8_t *r = new_record(loader, CMD_ADD_CHECKSUM, file);
    stl_le_p(r + AT_ARGS, offset);
    stl_le_p(r + AT_ARGS + 4, start);
    stl_le_p(r + AT_ARGS + 8, len);
}

typedef struct LoaderFile { GByteArray *data; uint64_t addr; } LoaderFile;

static bool add_pointer(const LoaderFile *dst, uint32_t offset, uint8_t size, uint64_t addr, Error **errp)
{
    uint8_t *p = dst->data->data + offset;
    uint64_t v = size == 8 ? ldq_le_p(p) + addr : ldl_le_p(p) + addr;

    if (size == 8) {
        stq_le_p(p, v);
    } else if (v > UINT32_MAX) {
        error_setg(errp, "ACPI tables do not fit below 4 GiB: the address 0x%" PRIx64 " needs more than 32 bits", v);
        return false;
    } else {
        stl_le_p(p, v);
    }
    return true;
}

static void add_checksum(const LoaderFile *f, uint32_t offset, uint32_t start, uint32_t len)
{
    uint8_t sum = 0;

    f->data->data[offset] = 0;
    for (uint32_t i = 0; i < len; i++) {
        sum += f->data->data[start + i];
    }
    f->data->data[offset] = -sum;
}

bool acpi_loader_run(AcpiTables *t, uint64_t tables_addr, uint64_t rsdp_addr, Error **errp)
{
    const LoaderFile tables = { t->blob, tables_addr }, rsdp = { t->rsdp, rsdp_addr };

    for (guint at = 0; at + RECORD_LEN <= t->loader->len; at += RECORD_LEN) {
        const uint8_t *r = t->loader->data + at;
        const LoaderFile *f = strcmp((const char *)r + AT_FILE, ACPI_RSDP_FILE) ? &tables : &rsdp;

        switch (ldl_le_p(r)) {
        case CMD_ADD_POINTER:
            if (!add_pointer(f, ldl_le_p(r + AT_POINTER_ARGS), r[AT_POINTER_ARGS + 4], tables_addr, errp)) {
                return false;
            }
            break;
        case CMD_ADD_CHECKSUM:
            add_checksum(f, ldl_le_p(r + AT_ARGS), ldl_le_p(r + AT_ARGS + 4), ldl_le_p(r + AT_ARGS + 8));
            break;
        }
    }
    return true;
}
