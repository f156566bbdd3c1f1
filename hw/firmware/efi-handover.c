/*
 * The EFI handover block (UEFI 2.10: system table 4.3, configuration table
 * 4.6, memory map 7.2; ACPI and SMBIOS GUIDs 4.6.1).
 *
 *     block  +0        stub device tree        loader data: the kernel
 *            +DTB_MAX  memory map              reserves what it keeps
 *            +MAP_MAX  system table, vendor,   ACPI reclaim memory
 *                      configuration table,
 *                      runtime properties, list head,
 *                      RSDP, SMBIOS anchor,
 *                      SMBIOS and ACPI tables
 *
 * The kernel takes the path it takes after kexec: boot services are over, and
 * a runtime properties table says that no runtime service works.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <libfdt.h>
#include <zlib.h>
#include "hw/firmware/efi-handover.h"
#include "hw/firmware/smbios.h"
#include "util/bits.h"

/* Pages of the guest may be 64 KiB, and a page has one sort of memory. */
enum { PAGE = 0x10000, EFI_PAGE = 0x1000, DTB_MAX = 0x10000, MAP_MAX = 0x10000 };

enum { LOADER_DATA = 2, CONVENTIONAL = 7, ACPI_RECLAIM = 9 };
enum { ATTR_UC = 1, ATTR_WC = 2, ATTR_WT = 4, ATTR_WB = 8, ATTR_RAM = ATTR_UC | ATTR_WC | ATTR_WT | ATTR_WB };
enum { DESC_LEN = 48, DESC_VERSION = 1 };
enum { SYSTAB_LEN = 120, SYSTAB_CRC = 16, SYSTAB_VENDOR = 24, SYSTAB_NUM_TABLES = 104, SYSTAB_TABLES = 112 };
enum { SECURE_BOOT_DISABLED = 2 };
#define SYSTAB_SIGNATURE 0x5453595320494249ULL          /* "IBI SYST" */
#define EFI_2_70 (2 << 16 | 70)

#define GUID_LEN 16
static const uint8_t guid_acpi20[GUID_LEN] = { 0x71, 0xe8, 0x68, 0x88, 0xf1, 0xe4, 0xd3, 0x11, 0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81 };
static const uint8_t guid_smbios3[GUID_LEN] = { 0x44, 0x15, 0xfd, 0xf2, 0x94, 0x97, 0x2c, 0x4a, 0x99, 0x2e, 0xe5, 0xbb, 0xcf, 0x20, 0xe3, 0x94 };
static const uint8_t guid_rt_properties[GUID_LEN] = { 0x8a, 0x91, 0x66, 0xeb, 0xef, 0x7e, 0x2a, 0x40, 0x84, 0x2e, 0x93, 0x1d, 0x21, 0xc3, 0x8a, 0xe9 };
/* Linux: the head of a list of memory that outlives kexec (the ITS's tables); the kernel adds to it. */
static const uint8_t guid_memreserve[GUID_LEN] = { 0xc6, 0xb0, 0x8e, 0x88, 0xde, 0x8e, 0xf5, 0x4f, 0xa8, 0xf0, 0x9a, 0xee, 0x5c, 0xb9, 0x77, 0xc2 };

typedef struct Block {
    GByteArray *b;
    uint64_t addr;
} Block;

/* Appends at the next multiple of @align; returns the guest address. */
static uint64_t put(Block *k, const void *data, size_t len, unsigned align)
{
    static const uint8_t zeros[64];

    while (k->b->len % align) {
        g_byte_array_append(k->b, zeros, MIN(sizeof(zeros), align - k->b->len % align));
    }
    uint64_t at = k->addr + k->b->len;
    g_byte_array_append(k->b, data, len);
    return at;
}

static void skip_to(Block *k, guint offset)
{
    guint len = k->b->len;

    g_assert(len <= offset);
    g_byte_array_set_size(k->b, offset);
    memset(k->b->data + len, 0, offset - len);
}

/* --- Tables ------------------------------------------------------------------------- */

static void put_config_entry(GByteArray *a, const uint8_t *guid, uint64_t addr)
{
    g_byte_array_append(a, guid, GUID_LEN);
    acpi_put(a, addr, 8);
}

static uint64_t put_config_table(Block *k, uint64_t rsdp, uint64_t smbios, unsigned *n)
{
    static const uint8_t no_services[8] = { 1, 0, 8, 0, 0, 0, 0, 0 };     /* version 1, 8 bytes, mask 0 */
    static const uint8_t empty_list[16];
    g_autoptr(GByteArray) a = g_byte_array_new();

    put_config_entry(a, guid_acpi20, rsdp);
    put_config_entry(a, guid_smbios3, smbios);
    put_config_entry(a, guid_rt_properties, put(k, no_services, sizeof(no_services), 8));
    put_config_entry(a, guid_memreserve, put(k, empty_list, sizeof(empty_list), 16));
    *n = a->len / (GUID_LEN + 8);
    return put(k, a->data, a->len, 8);
}

static uint64_t put_system_table(Block *k, uint64_t config, unsigned nconfig)
{
    static const uint8_t vendor[] = "T\0w\0o\0s\0t\0a\0g\0e\0\0";         /* UTF-16 */
    uint8_t t[SYSTAB_LEN] = { 0 };

    stq_le_p(t, SYSTAB_SIGNATURE);
    stl_le_p(t + 8, EFI_2_70);
    stl_le_p(t + 12, SYSTAB_LEN);
    stq_le_p(t + SYSTAB_VENDOR, put(k, vendor, sizeof(vendor), 8));
    stq_le_p(t + SYSTAB_NUM_TABLES, nconfig);
    stq_le_p(t + SYSTAB_TABLES, config);
    stl_le_p(t + SYSTAB_CRC, crc32(0, t, SYSTAB_LEN));
    return put(k, t, sizeof(t), 8);
}

static bool put_tables(Block *k, EfiHandover *h, uint64_t *system_table, Error **errp)
{
    unsigned n;
    /* Addresses first: both sets of tables refer to themselves. */
    uint64_t acpi = put(k, h->acpi.blob->data, h->acpi.blob->len, 64);
    uint64_t rsdp = put(k, h->acpi.rsdp->data, h->acpi.rsdp->len, 16);
    uint64_t smbios = put(k, h->smbios_tables->data, h->smbios_tables->len, 16);

    if (!acpi_loader_run(&h->acpi, acpi, rsdp, errp)) {
        return false;
    }
    memcpy(k->b->data + (acpi - k->addr), h->acpi.blob->data, h->acpi.blob->len);
    memcpy(k->b->data + (rsdp - k->addr), h->acpi.rsdp->data, h->acpi.rsdp->len);
    smbios_anchor_place(h->smbios_anchor, smbios);
    uint64_t anchor = put(k, h->smbios_anchor->data, h->smbios_anchor->len, 16);
    uint64_t config = put_config_table(k, rsdp, anchor, &n);
    *system_table = put_system_table(k, config, n);
    return true;
}

/* --- Memory map ------------------------------------------------------------------------ */

static void put_descriptor(GByteArray *map, uint32_t type, uint64_t from, uint64_t to)
{
    if (from == to) {
        return;
    }
    acpi_put(map, type, 8);
    acpi_put(map, from, 8);
    acpi_put(map, 0, 8);                /* virtual address: not set */
    acpi_put(map, (to - from) / EFI_PAGE, 8);
    acpi_put(map, ATTR_RAM, 8);
    acpi_put(map, 0, DESC_LEN - 40);
}

static GByteArray *memory_map(const EfiHandover *h, const Block *k, uint64_t block_end)
{
    GByteArray *map = g_byte_array_new();
    uint64_t tables = k->addr + DTB_MAX + MAP_MAX, ram_end = ROUND_DOWN(h->ram_base + h->ram_size, (uint64_t)EFI_PAGE);

    put_descriptor(map, CONVENTIONAL, h->ram_base, k->addr);
    put_descriptor(map, LOADER_DATA, k->addr, tables);
    put_descriptor(map, ACPI_RECLAIM, tables, block_end);
    put_descriptor(map, CONVENTIONAL, block_end, ram_end);
    return map;
}

/* --- The stub tree ------------------------------------------------------------------------ */

static int put_chosen(void *fdt, const EfiHandover *h, uint64_t system_table, uint64_t map, uint32_t map_len)
{
    int r = h->cmdline ? fdt_property_string(fdt, "bootargs", h->cmdline) : 0;

    if (h->initrd_size) {
        r |= fdt_property_u64(fdt, "linux,initrd-start", h->initrd_start);
        r |= fdt_property_u64(fdt, "linux,initrd-end", h->initrd_start + h->initrd_size);
    }
    if (h->seed) {
        r |= fdt_property(fdt, "kaslr-seed", h->seed, 8);
        r |= fdt_property(fdt, "rng-seed", h->seed + 8, EFI_HANDOVER_SEED_LEN - 8);
    }
    r |= fdt_property_u64(fdt, "linux,uefi-system-table", system_table);
    r |= fdt_property_u64(fdt, "linux,uefi-mmap-start", map);
    r |= fdt_property_u32(fdt, "linux,uefi-mmap-size", map_len);
    r |= fdt_property_u32(fdt, "linux,uefi-mmap-desc-size", DESC_LEN);
    r |= fdt_property_u32(fdt, "linux,uefi-mmap-desc-ver", DESC_VERSION);
    r |= fdt_property_u32(fdt, "linux,uefi-secure-boot", SECURE_BOOT_DISABLED);
    return r;
}

static bool build_stub(uint8_t *out, const EfiHandover *h, uint64_t system_table, uint64_t map, uint32_t map_len, Error **errp)
{
    int r = fdt_create(out, DTB_MAX);

    r |= fdt_finish_reservemap(out);
    r |= fdt_begin_node(out, "");
    r |= fdt_property_u32(out, "#address-cells", 2);
    r |= fdt_property_u32(out, "#size-cells", 2);
    r |= fdt_begin_node(out, "chosen");
    r |= put_chosen(out, h, system_table, map, map_len);
    r |= fdt_end_node(out);
    r |= fdt_end_node(out);
    r |= fdt_finish(out);
    if (r) {
        error_setg(errp, "-append: the kernel command line does not fit in a device tree of %u KiB", DTB_MAX >> 10);
        return false;
    }
    return true;
}

/* The block's size decides its address, which everything in it depends on: an upper bound comes first. */
static uint64_t block_size(const EfiHandover *h)
{
    return ROUND_UP(DTB_MAX + MAP_MAX + (uint64_t)h->acpi.blob->len + h->smbios_tables->len + EFI_PAGE, (uint64_t)PAGE);
}

static bool fill_block(Block *k, EfiHandover *h, uint64_t size, Error **errp)
{
    uint64_t system_table;

    skip_to(k, DTB_MAX + MAP_MAX);
    if (!put_tables(k, h, &system_table, errp)) {
        return false;
    }
    skip_to(k, size);
    g_autoptr(GByteArray) map = memory_map(h, k, k->addr + size);
    memcpy(k->b->data + DTB_MAX, map->data, map->len);
    return build_stub(k->b->data, h, system_table, k->addr + DTB_MAX, map->len, errp);
}

GByteArray *efi_handover_build(EfiHandover *h, uint64_t *block_addr, uint64_t *dtb_addr, Error **errp)
{
    uint64_t size = block_size(h), end = ROUND_DOWN(h->ram_base + h->ram_size, (uint64_t)PAGE);

    if (end - h->ram_base < size || end - size < h->loaded_end) {
        error_setg(errp, "-m: RAM has no room for the ACPI tables (%" PRIu64 " KiB) beside kernel and initrd", size >> 10);
        return NULL;
    }
    Block k = { .b = g_byte_array_new(), .addr = end - size };
    if (!fill_block(&k, h, size, errp)) {
        g_byte_array_unref(k.b);
        return NULL;
    }
    *block_addr = *dtb_addr = k.addr;
    return k.b;
}
