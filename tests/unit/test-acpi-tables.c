/*
 * Table headers, the loader's script, address ranges and -acpitable.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/acpi/acpi.h"
#include "hw/acpi/pci.h"
#include "util/bits.h"
#include "util/options.h"

static uint8_t sum(const uint8_t *p, size_t n)
{
    uint8_t s = 0;
    while (n--) {
        s += *p++;
    }
    return s;
}

static void test_link(void)
{
    AcpiTables t;

    acpi_tables_init(&t, "OEM", "TABLE");
    uint32_t a = acpi_table_begin(&t, "AAAA", 1);
    acpi_put_zeros(&t, 5);
    acpi_table_end(&t, a);
    acpi_tables_list(&t, a);
    uint32_t b = acpi_table_begin(&t, "BBBB", 2);
    acpi_table_end(&t, b);
    acpi_tables_list(&t, b);
    acpi_tables_finish(&t);
    g_assert_true(acpi_loader_run(&t, 0x5000, 0x4000, NULL));

    g_assert_cmpuint(ldl_le_p(t.blob->data + 4), ==, 41);
    g_assert_cmpmem(t.blob->data + 10, 14, "OEM\0\0\0TABLE\0\0\0", 14);
    g_assert_cmpuint(sum(t.blob->data, 41), ==, 0);
    g_assert_cmpuint(sum(t.rsdp->data, 20), ==, 0);
    g_assert_cmpuint(sum(t.rsdp->data, 36), ==, 0);
    uint64_t xsdt = ldq_le_p(t.rsdp->data + 24) - 0x5000;
    const uint8_t *x = t.blob->data + xsdt;
    g_assert_cmpmem(x, 4, "XSDT", 4);
    g_assert_cmpuint(sum(x, ldl_le_p(x + 4)), ==, 0);
    g_assert_cmpuint(ldq_le_p(x + 36), ==, 0x5000);
    g_assert_cmpuint(ldq_le_p(x + 44), ==, 0x5000 + 41);
    acpi_tables_free(&t);
}

static void add(GArray *a, uint64_t first, uint64_t last)
{
    AcpiRange r = { first, last };
    g_array_append_val(a, r);
}

static void check(GArray *a, guint i, uint64_t first, uint64_t last)
{
    g_assert_cmpuint(i, <, a->len);
    g_assert_cmphex(g_array_index(a, AcpiRange, i).first, ==, first);
    g_assert_cmphex(g_array_index(a, AcpiRange, i).last, ==, last);
}

static void test_merge(void)
{
    g_autoptr(GArray) a = g_array_new(false, false, sizeof(AcpiRange));

    acpi_ranges_merge(a);
    add(a, 0x3000, 0x3fff);
    add(a, 0x1000, 0x1fff);
    add(a, 0x2000, 0x2fff);
    add(a, 0x5000, 0x8fff);
    add(a, 0x6000, 0x6fff);
    add(a, 0, 0);
    acpi_ranges_merge(a);
    g_assert_cmpuint(a->len, ==, 3);
    check(a, 0, 0, 0);
    check(a, 1, 0x1000, 0x3fff);
    check(a, 2, 0x5000, 0x8fff);
}

static void test_gaps(void)
{
    g_autoptr(GArray) used = g_array_new(false, false, sizeof(AcpiRange));
    g_autoptr(GArray) out = g_array_new(false, false, sizeof(AcpiRange));

    acpi_ranges_gaps(out, used, 0x1000, 0x1fff);
    check(out, 0, 0x1000, 0x1fff);
    g_array_set_size(out, 0);

    add(used, 0, 0x0fff);               /* before */
    add(used, 0x1000, 0x11ff);          /* at the start */
    add(used, 0x1400, 0x14ff);
    add(used, 0x1f00, 0x2fff);          /* over the end */
    add(used, 0x9000, 0x9fff);          /* after */
    acpi_ranges_gaps(out, used, 0x1000, 0x1fff);
    g_assert_cmpuint(out->len, ==, 2);
    check(out, 0, 0x1200, 0x13ff);
    check(out, 1, 0x1500, 0x1eff);
    g_array_set_size(out, 0);

    add(used, 0, UINT64_MAX);
    acpi_ranges_gaps(out, used, 0x1000, 0x1fff);
    g_assert_cmpuint(out->len, ==, 0);
}

static void refuse(const char *text, const char *part)
{
    Error *err = NULL;

    g_assert_false(acpi_table_add(options_parse(text, NULL, NULL, &error_abort), &err));
    g_assert_nonnull(strstr(error_get_pretty(err), part));
    error_free(err);
}

static void test_user_tables(void)
{
    g_autofree char *dir = g_dir_make_tmp("acpi-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "body", NULL);
    g_autofree char *good = g_strdup_printf("sig=TEST,rev=3,oem_id=ME,oem_rev=7,data=%s:%s", path, path);
    g_autofree char *headless = g_strdup_printf("file=%s", path), *sig = g_strdup_printf("sig=TOOLONG,data=%s", path);
    AcpiTables t;

    g_assert_true(g_file_set_contents(path, "abc", 3, NULL));
    refuse("sig=TEST", "file= and data=");
    refuse("data=/nonexistent/x", "/nonexistent/x");
    refuse(headless, "shorter than an ACPI table header");
    refuse(sig, "sig=TOOLONG");
    g_assert_true(acpi_table_add(options_parse(good, NULL, NULL, &error_abort), &error_abort));

    acpi_tables_init(&t, "A", "B");
    acpi_user_tables_append(&t);
    acpi_tables_finish(&t);
    g_assert_true(acpi_loader_run(&t, 0, 0, NULL));
    g_assert_cmpmem(t.blob->data, 4, "TEST", 4);
    g_assert_cmpuint(ldl_le_p(t.blob->data + 4), ==, 42);
    g_assert_cmpuint(t.blob->data[8], ==, 3);
    g_assert_cmpuint(ldl_le_p(t.blob->data + 24), ==, 7);
    g_assert_cmpmem(t.blob->data + 36, 6, "abcabc", 6);
    g_assert_cmpuint(sum(t.blob->data, 42), ==, 0);
    acpi_tables_free(&t);
    unlink(path);
    rmdir(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/acpi/link", test_link);
    g_test_add_func("/acpi/ranges/merge", test_merge);
    g_test_add_func("/acpi/ranges/gaps", test_gaps);
    g_test_add_func("/acpi/user-tables", test_user_tables);
    return g_test_run();
}
