/*
 * -acpitable: a table from files, with header fields replaced or made up.
 *
 * `file=` names files that start with an ACPI header, `data=` files without
 * one; several, separated by colons, are joined. What the table means is
 * between the user and the guest; that it has a sound header is checked here.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/acpi/acpi.h"
#include "util/bits.h"
#include "util/options.h"

enum { MAX_TABLE = 1 << 20 };

/* Header fields the user may set: where they are, and whether they are text. */
static const struct HeaderField { const char *key; uint8_t at, len; bool text; } header_fields[] = {
    { "sig", 0, 4, true }, { "rev", 8, 1, false }, { "oem_id", 10, 6, true }, { "oem_table_id", 16, 8, true },
    { "oem_rev", 24, 4, false }, { "asl_compiler_id", 28, 4, true }, { "asl_compiler_rev", 32, 4, false },
};

static GPtrArray *user_tables;          /* GByteArray */

static bool read_files(GByteArray *out, const char *list, Error **errp)
{
    g_auto(GStrv) names = g_strsplit(list, ":", -1);

    for (char **n = names; *n; n++) {
        g_autofree char *data = NULL;
        g_autoptr(GError) err = NULL;
        gsize len;

        if (!g_file_get_contents(*n, &data, &len, &err)) {
            error_setg(errp, "-acpitable: %s", err->message);
            return false;
        }
        if (len > MAX_TABLE - out->len) {
            error_setg(errp, "-acpitable: %s makes the table larger than 1 MiB", *n);
            return false;
        }
        g_byte_array_append(out, (const uint8_t *)data, len);
    }
    return true;
}

static bool set_text(uint8_t *p, const struct HeaderField *f, const char *v, Error **errp)
{
    size_t len = strlen(v);

    if (len > f->len || (f->at == 0 && len != f->len)) {
        error_setg(errp, "-acpitable: %s=%s must have %s%u characters", f->key, v, f->at ? "at most " : "", f->len);
        return false;
    }
    memset(p, 0, f->len);
    memcpy(p, v, len);
    return true;
}

static bool set_number(uint8_t *p, const struct HeaderField *f, const char *v, Error **errp)
{
    uint64_t n;

    if (!parse_uint64(v, &n) || n > (f->len == 1 ? UINT8_MAX : UINT32_MAX)) {
        error_setg(errp, "-acpitable: %s=%s is not a number of %u bits", f->key, v, 8 * f->len);
        return false;
    }
    if (f->len == 1) {
        *p = n;
    } else {
        stl_le_p(p, n);
    }
    return true;
}

static bool set_fields(uint8_t *header, json_t *opts, Error **errp)
{
    for (size_t i = 0; i < ARRAY_SIZE(header_fields); i++) {
        const struct HeaderField *f = &header_fields[i];
        g_autofree char *v = options_take_str(opts, f->key, NULL);

        if (v && !(f->text ? set_text(header + f->at, f, v, errp) : set_number(header + f->at, f, v, errp))) {
            return false;
        }
    }
    return true;
}

/* Only `data` brings no header: it gets ours, as the sound defaults. */
static void prepend_header(GByteArray *table)
{
    uint8_t h[ACPI_HEADER_LEN] = { 0 };

    memcpy(h, "QEMU", 4);
    h[8] = 1;
    memcpy(h + 10, "BOCHS ", 6);
    memcpy(h + 16, "BXPC    ", 8);
    stl_le_p(h + 24, 1);
    memcpy(h + 28, "BXPC", 4);
    stl_le_p(h + 32, 1);
    g_byte_array_prepend(table, h, sizeof(h));
}

static bool load(GByteArray *table, json_t *opts, Error **errp)
{
    g_autofree char *file = options_take_str(opts, "file", NULL), *data = options_take_str(opts, "data", NULL);

    if (!file == !data) {
        error_setg(errp, "-acpitable needs exactly one of file= and data=");
        return false;
    }
    if (!read_files(table, file ? file : data, errp)) {
        return false;
    }
    if (data) {
        prepend_header(table);
    } else if (table->len < ACPI_HEADER_LEN) {
        error_setg(errp, "-acpitable: %s is shorter than an ACPI table header, %u bytes; use data= for a table without one",
                   file, ACPI_HEADER_LEN);
        return false;
    }
    return set_fields(table->data, opts, errp) && options_must_be_empty(opts, "-acpitable", errp);
}

bool acpi_table_add(json_t *opts, Error **errp)
{
    g_autoptr(GByteArray) table = g_byte_array_new();
    g_autoptr(json_t) consumed = opts;

    if (!load(table, consumed, errp)) {
        return false;
    }
    if (!user_tables) {
        user_tables = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    }
    g_ptr_array_add(user_tables, g_steal_pointer(&table));
    return true;
}

void acpi_user_tables_append(AcpiTables *t)
{
    for (guint i = 0; user_tables && i < user_tables->len; i++) {
        const GByteArray *table = g_ptr_array_index(user_tables, i);
        uint32_t start = t->blob->len;

        g_byte_array_append(t->blob, table->data, table->len);
        acpi_table_end(t, start);
        acpi_tables_list(t, start);
    }
}
