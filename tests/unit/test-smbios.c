/*
 * SMBIOS: structures are well formed, the user's fields land where they
 * should, and nonsense is refused with a sentence.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/firmware/smbios.h"
#include "util/bits.h"
#include "util/options.h"

static const SmbiosMachine machine = {
    .manufacturer = "QEMU", .product = "QEMU Virtual Machine", .version = "virt-11.1",
    .smp = { .cpus = 4, .sockets = 2, .clusters = 1, .cores = 2, .threads = 1, .max_cpus = 4 },
    .ram_base = 1 * GiB, .ram_size = 512 * MiB,
};

static GByteArray *build(const SmbiosMachine *m)
{
    GByteArray *tables = g_byte_array_new();
    g_autoptr(GByteArray) anchor = g_byte_array_new();

    g_assert_true(smbios_build(m, tables, anchor, &error_abort));
    g_assert_cmpuint(anchor->len, ==, 24);
    g_assert_cmpuint(ldl_le_p(anchor->data + 12), ==, tables->len);
    smbios_anchor_place(anchor, 0x12345000);
    uint8_t sum = 0;
    for (guint i = 0; i < anchor->len; i++) {
        sum += anchor->data[i];
    }
    g_assert_cmpuint(sum, ==, 0);
    g_assert_cmphex(ldq_le_p(anchor->data + 16), ==, 0x12345000);
    return tables;
}

/* The n-th structure of a type; walking proves that lengths and ends agree. */
static const uint8_t *find(const GByteArray *t, unsigned type, unsigned n)
{
    const uint8_t *found = NULL;

    for (guint at = 0; at < t->len;) {
        const uint8_t *s = t->data + at;

        if (s[0] == type && n-- == 0) {
            found = s;
        }
        at += s[1];
        while (t->data[at] || t->data[at + 1]) {
            at++;
        }
        at += 2;
        g_assert_cmpuint(at, <=, t->len);
    }
    return found;
}

static const char *string(const uint8_t *s, unsigned at)
{
    const char *p = (const char *)s + s[1];

    g_assert_cmpuint(s[at], !=, 0);
    for (unsigned i = 1; i < s[at]; i++) {
        p += strlen(p) + 1;
    }
    return p;
}

static void test_defaults(void)
{
    g_autoptr(GByteArray) t = build(&machine);

    g_assert_null(find(t, 0, 0));
    g_assert_cmpstr(string(find(t, 1, 0), 5), ==, "QEMU Virtual Machine");
    g_assert_cmpstr(string(find(t, 4, 1), 4), ==, "CPU 1");
    g_assert_null(find(t, 4, 2));
    g_assert_cmpuint(find(t, 4, 0)[0x23], ==, 2);
    g_assert_cmpuint(ldw_le_p(find(t, 17, 0) + 0x0c), ==, 512);
    g_assert_cmpuint(ldl_le_p(find(t, 19, 0) + 4), ==, 1 << 20);
    g_assert_nonnull(find(t, 127, 0));
}

static void test_large(void)
{
    SmbiosMachine m = machine;

    m.ram_size = 5 * TiB;
    m.smp.cores = 300;
    g_autoptr(GByteArray) t = build(&m);
    g_assert_cmphex(ldl_le_p(find(t, 16, 0) + 7), ==, 0x80000000);
    g_assert_cmphex(ldq_le_p(find(t, 16, 0) + 0xf), ==, 5 * TiB);
    g_assert_cmphex(ldw_le_p(find(t, 17, 0) + 0xc), ==, 0x7fff);
    g_assert_cmpuint(ldl_le_p(find(t, 17, 0) + 0x1c), ==, 5 << 20);
    g_assert_cmphex(ldl_le_p(find(t, 19, 0) + 4), ==, UINT32_MAX);
    g_assert_cmphex(ldq_le_p(find(t, 19, 0) + 0xf), ==, 1 * GiB);
    g_assert_cmpuint(find(t, 4, 0)[0x23], ==, 255);
    g_assert_cmpuint(ldw_le_p(find(t, 4, 0) + 0x2a), ==, 300);
}

static bool give(const char *text, Error **errp)
{
    return smbios_entry_add(options_parse(text, NULL, NULL, &error_abort), errp);
}

static void refuse(const char *text, const char *part)
{
    Error *err = NULL;

    g_assert_false(give(text, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), part));
    error_free(err);
}

static void test_user(void)
{
    g_assert_true(give("type=0,vendor=V,release=4.5,uefi=on", &error_abort));
    g_assert_true(give("type=1,serial=S1", &error_abort));
    g_assert_true(give("type=1,serial=S2,uuid=00112233-4455-6677-8899-aabbccddeeff", &error_abort));
    g_assert_true(give("type=11,value=one", &error_abort));
    g_assert_true(give("type=11,value=two", &error_abort));
    g_assert_true(give("type=8,port_type=3", &error_abort));
    g_assert_true(give("type=8,port_type=4", &error_abort));
    g_autoptr(GByteArray) t = build(&machine);

    g_assert_cmpuint(find(t, 0, 0)[0x14], ==, 4);
    g_assert_cmphex(find(t, 0, 0)[0x13], ==, 0x1c);
    g_assert_cmpstr(string(find(t, 1, 0), 7), ==, "S2");
    static const uint8_t uuid[] = { 0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
    g_assert_cmpmem(find(t, 1, 0) + 8, 16, uuid, 16);
    g_assert_cmpuint(find(t, 11, 0)[4], ==, 2);
    g_assert_cmpuint(find(t, 8, 1)[8], ==, 4);
    g_assert_cmpuint(ldw_le_p(find(t, 8, 0) + 2), !=, ldw_le_p(find(t, 8, 1) + 2));
}

static void test_refused(void)
{
    refuse("type=77", "type=");
    refuse("type=16", "type=");
    refuse("vendor=x", "type=");
    refuse("type=1,nonsense=1", "no field 'nonsense'");
    refuse("type=1,uuid=12", "uuid must look like");
    refuse("type=0,release=1", "release must be");
    refuse("type=0,release=1.300", "release must be");
    refuse("type=4,max-speed=65536", "max-speed");
    refuse("type=41,kind=toaster", "kind must be one of");
    refuse("file=/nonexistent", "/nonexistent");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smbios/defaults", test_defaults);
    g_test_add_func("/smbios/large", test_large);
    g_test_add_func("/smbios/refused", test_refused);
    g_test_add_func("/smbios/user", test_user);
    return g_test_run();
}
