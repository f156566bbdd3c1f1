/*
 * The EFI handover block as a kernel reads it: tree, system table,
 * configuration table, memory map.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <libfdt.h>
#include "hw/firmware/efi-handover.h"
#include "hw/firmware/smbios.h"
#include "util/bits.h"

#define RAM_BASE (1 * GiB)

static void fill(EfiHandover *h, uint64_t ram_size)
{
    *h = (EfiHandover){
        .smbios_tables = g_byte_array_new(), .smbios_anchor = g_byte_array_new(), .ram_base = RAM_BASE, .ram_size = ram_size,
        .cmdline = "console=ttyAMA0", .initrd_start = RAM_BASE + 16 * MiB, .initrd_size = 4 * MiB,
        .loaded_end = RAM_BASE + 20 * MiB,
    };
    SmbiosMachine m = { .manufacturer = "m", .product = "p", .version = "v", .smp = { 1, 1, 1, 1, 1, 1 }, .ram_base = RAM_BASE, .ram_size = ram_size };
    g_assert_true(smbios_build(&m, h->smbios_tables, h->smbios_anchor, &error_abort));
    acpi_tables_init(&h->acpi, "A", "B");
    acpi_tables_finish(&h->acpi);
}

static void drop(EfiHandover *h)
{
    acpi_tables_free(&h->acpi);
    g_byte_array_unref(h->smbios_tables);
    g_byte_array_unref(h->smbios_anchor);
}

static uint64_t chosen(const void *fdt, const char *name)
{
    int len, node = fdt_path_offset(fdt, "/chosen");
    const void *p = fdt_getprop(fdt, node, name, &len);

    g_assert_nonnull(p);
    return len == 8 ? ldq_be_p(p) : ldl_be_p(p);
}

/* Linux takes the ACPI way only if the root has no other child than /chosen. */
static void check_stub(const void *fdt)
{
    int n = 0, node;

    g_assert_cmpint(fdt_check_header(fdt), ==, 0);
    fdt_for_each_subnode(node, fdt, 0) {
        g_assert_cmpstr(fdt_get_name(fdt, node, NULL), ==, "chosen");
        n++;
    }
    g_assert_cmpint(n, ==, 1);
    g_assert_cmpuint(chosen(fdt, "linux,uefi-secure-boot"), ==, 2);
    g_assert_cmpuint(chosen(fdt, "linux,initrd-end") - chosen(fdt, "linux,initrd-start"), ==, 4 * MiB);
}

static void check_map(const uint8_t *map, uint64_t len, uint64_t desc, uint64_t ram_size, uint64_t systab)
{
    uint64_t next = RAM_BASE;
    bool kept = false;

    g_assert_cmpuint(len % desc, ==, 0);
    for (; len; len -= desc, map += desc) {
        uint64_t at = ldq_le_p(map + 8), size = ldq_le_p(map + 24) * 4096;

        g_assert_cmphex(at, ==, next);
        next += size;
        kept |= ldl_le_p(map) == 9 && systab >= at && systab < next;
    }
    g_assert_cmphex(next, ==, RAM_BASE + ram_size);
    g_assert_true(kept);
}

static void test_block(void)
{
    EfiHandover h;
    uint64_t addr, dtb, size = 256 * MiB + 0x3000;

    fill(&h, size);
    g_autoptr(GByteArray) b = efi_handover_build(&h, &addr, &dtb, &error_abort);
    const uint8_t *fdt = b->data + (dtb - addr);
    check_stub(fdt);

    uint64_t systab = chosen(fdt, "linux,uefi-system-table");
    const uint8_t *st = b->data + (systab - addr);
    g_assert_cmpmem(st, 8, "IBI SYST", 8);
    g_assert_cmphex(ldq_le_p(st + 88), ==, 0);          /* runtime services: none */
    g_assert_cmpuint(ldq_le_p(st + 104), ==, 4);
    const uint8_t *config = b->data + (ldq_le_p(st + 112) - addr);
    g_assert_cmpmem(b->data + (ldq_le_p(config + 16) - addr), 8, "RSD PTR ", 8);
    g_assert_cmpmem(b->data + (ldq_le_p(config + 40) - addr), 5, "_SM3_", 5);

    check_map(b->data + (chosen(fdt, "linux,uefi-mmap-start") - addr), chosen(fdt, "linux,uefi-mmap-size"),
              chosen(fdt, "linux,uefi-mmap-desc-size"), size, systab);
    drop(&h);
}

static void test_no_room(void)
{
    EfiHandover h;
    uint64_t addr, dtb;
    Error *err = NULL;

    fill(&h, 20 * MiB);                 /* the initrd ends where RAM does */
    g_assert_null(efi_handover_build(&h, &addr, &dtb, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "-m: RAM has no room"));
    error_free(err);
    drop(&h);
}

static void test_long_cmdline(void)
{
    g_autofree char *cmdline = g_strnfill(70000, 'x');
    EfiHandover h;
    uint64_t addr, dtb;
    Error *err = NULL;

    fill(&h, 64 * MiB);
    h.cmdline = cmdline;
    g_assert_null(efi_handover_build(&h, &addr, &dtb, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "-append"));
    error_free(err);
    drop(&h);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/efi-handover/block", test_block);
    g_test_add_func("/efi-handover/no-room", test_no_room);
    g_test_add_func("/efi-handover/long-cmdline", test_long_cmdline);
    return g_test_run();
}
