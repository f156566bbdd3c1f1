/*
 * AML encodings against the byte strings of ACPI 6.5, chapter 20 and 6.4.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/acpi/aml.h"

#define BYTES(a_, ...) \
    do { const uint8_t want_[] = { __VA_ARGS__ }; \
         g_assert_cmpmem((a_)->data, (a_)->len, want_, sizeof(want_)); g_byte_array_set_size((a_), 0); } while (0)

static void test_integers(void)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    Aml a = aml_init(out);

    aml_int(&a, 0);
    aml_int(&a, 1);
    aml_int(&a, 2);
    BYTES(out, 0x00, 0x01, 0x0a, 0x02);
    aml_int(&a, 0xff);
    aml_int(&a, 0x100);
    BYTES(out, 0x0a, 0xff, 0x0b, 0x00, 0x01);
    aml_int(&a, 0x10000);
    aml_int(&a, UINT32_MAX);
    BYTES(out, 0x0c, 0, 0, 1, 0, 0x0c, 0xff, 0xff, 0xff, 0xff);
    aml_int(&a, 1ULL << 32);
    BYTES(out, 0x0e, 0, 0, 0, 0, 1, 0, 0, 0);
}

static void test_names(void)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    Aml a = aml_init(out);

    aml_path(&a, "S8");
    BYTES(out, 'S', '8', '_', '_');
    aml_path(&a, "\\_SB.PCI0");
    BYTES(out, 0x5c, 0x2e, '_', 'S', 'B', '_', 'P', 'C', 'I', '0');
    aml_path(&a, "^^A.B.C");
    BYTES(out, 0x5e, 0x5e, 0x2f, 3, 'A', '_', '_', '_', 'B', '_', '_', '_', 'C', '_', '_', '_');
}

/* A length counts its own bytes, so each form ends earlier than its bits would let it. */
static void test_lengths(void)
{
    static const struct { unsigned body, len_bytes; } cases[] = {
        { 4, 1 }, { 62, 1 }, { 63, 2 }, { 4093, 2 }, { 4094, 3 }, { 0xffffc, 3 }, { 0xffffd, 4 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        g_autoptr(GByteArray) out = g_byte_array_new();
        g_autofree uint8_t *fill = g_malloc0(cases[i].body);
        Aml a = aml_init(out);
        unsigned n = cases[i].len_bytes, len;

        aml_open_if(&a);
        g_byte_array_append(out, fill, cases[i].body);
        aml_close(&a);
        g_assert_cmpuint(out->len, ==, 1 + n + cases[i].body);
        g_assert_cmpuint(out->data[1] >> 6, ==, n - 1);
        len = n == 1 ? out->data[1] : out->data[1] & 0xf;
        for (unsigned b = 1; b < n; b++) {
            len |= out->data[1 + b] << (4 + 8 * (b - 1));
        }
        g_assert_cmpuint(len, ==, n + cases[i].body);
    }
}

static void test_nesting(void)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    Aml a = aml_init(out);

    aml_open_scope(&a, "\\_SB");
    aml_open_device(&a, "D0");
    aml_name_int(&a, "_UID", 7);
    aml_close(&a);
    aml_close(&a);
    g_assert_cmpuint(a.depth, ==, 0);
    BYTES(out, 0x10, 0x14, 0x5c, '_', 'S', 'B', '_', 0x5b, 0x82, 0x0c, 'D', '0', '_', '_',
          0x08, '_', 'U', 'I', 'D', 0x0a, 7);
}

static void test_data(void)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    Aml a = aml_init(out);

    aml_buffer(&a, "\x2a", 1);
    BYTES(out, 0x11, 0x03, 0x01, 0x2a);
    aml_uuid(&a, "33db4d5b-1ff7-401c-9657-7441c03dd766");
    BYTES(out, 0x11, 0x13, 0x0a, 0x10, 0x5b, 0x4d, 0xdb, 0x33, 0xf7, 0x1f, 0x1c, 0x40, 0x96, 0x57, 0x74, 0x41, 0xc0, 0x3d, 0xd7, 0x66);
    aml_unicode(&a, "hi");
    BYTES(out, 0x11, 0x09, 0x0a, 0x06, 'h', 0, 'i', 0, 0, 0);
    aml_open_package(&a, 1);
    aml_string(&a, "x");
    aml_close(&a);
    BYTES(out, 0x12, 0x05, 0x01, 0x0d, 'x', 0);
    aml_open_var_package(&a, 128);
    aml_close(&a);
    BYTES(out, 0x13, 0x03, 0x0a, 0x80);
    aml_open_method(&a, "_EVT", 1, true);
    aml_close(&a);
    BYTES(out, 0x14, 0x06, '_', 'E', 'V', 'T', 0x09);
    aml_memory_region(&a, "EREG", 0x9080000, 4);
    BYTES(out, 0x5b, 0x80, 'E', 'R', 'E', 'G', 0, 0x0c, 0, 0, 8, 9, 0x0a, 4);
    aml_open_field(&a, "EREG", AML_DWORD_ACC, AML_WRITE_AS_ZEROS);
    aml_field_unit(&a, "ESEL", 32);
    aml_close(&a);
    BYTES(out, 0x5b, 0x81, 0x0b, 'E', 'R', 'E', 'G', 0x43, 'E', 'S', 'E', 'L', 0x20);
}

static void test_resources(void)
{
    AmlCrs *c = aml_crs_new();

    aml_crs_memory32_fixed(c, 0x09000000, 0x1000);
    BYTES(c, 0x86, 9, 0, 1, 0, 0, 0, 9, 0, 0x10, 0, 0);
    aml_crs_interrupt(c, false, 33);
    BYTES(c, 0x89, 6, 0, 1, 1, 33, 0, 0, 0);
    aml_crs_interrupt(c, true, 41);
    BYTES(c, 0x89, 6, 0, 3, 1, 41, 0, 0, 0);
    aml_crs_bus(c, 8, 9);
    BYTES(c, 0x88, 13, 0, 2, 0x0c, 0, 0, 0, 8, 0, 9, 0, 0, 0, 2, 0);
    aml_crs_io(c, 0, 0xffff, 0x3eff0000);
    BYTES(c, 0x87, 23, 0, 1, 0x0c, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0x3e, 0, 0, 1, 0);
    aml_crs_memory64(c, 1ULL << 39, (1ULL << 40) - 1);
    g_assert_cmpuint(c->len, ==, 3 + 3 + 40);
    g_byte_array_unref(c);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/aml/integers", test_integers);
    g_test_add_func("/aml/names", test_names);
    g_test_add_func("/aml/lengths", test_lengths);
    g_test_add_func("/aml/nesting", test_nesting);
    g_test_add_func("/aml/data", test_data);
    g_test_add_func("/aml/resources", test_resources);
    return g_test_run();
}
