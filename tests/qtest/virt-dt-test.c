/*
 * The device tree of `virt` against those of the release it matches: equal
 * but for random seeds and the numbers of phandles.
 *
 * Cases are directories with `args` (a command line) and `virt.dts` (the
 * decompiled, sorted tree).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "libqtest.h"

/* Properties whose cells may be phandles. */
static const char *const referring[] = { "phandle", "interrupt-parent", "cpu", "clocks", "gpios", "msi-map", "iommu-map", "interrupt-map" };

static bool refers(const char *line)
{
    while (*line == '\t') {
        line++;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(referring); i++) {
        size_t len = strlen(referring[i]);
        if (!strncmp(line, referring[i], len) && !strncmp(line + len, " = <", 4)) {
            return true;
        }
    }
    return false;
}

/* "<0x8001>" -> the node that has it, in order of appearance: N1, N2... */
static GHashTable *number_nodes(char **lines)
{
    GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    int n = 0;

    for (; *lines; lines++) {
        char *p = strstr(*lines, "\tphandle = <");
        if (p) {
            char *number = g_strdup(p + strlen("\tphandle = <"));
            *strchr(number, '>') = 0;
            g_hash_table_insert(names, number, g_strdup_printf("N%d", n++));
        }
    }
    return names;
}

static void append_with_names(GString *out, const char *line, GHashTable *names)
{
    g_auto(GStrv) words = g_strsplit_set(line, " <>;", -1);

    for (char **w = words; *w; w++) {
        const char *name = g_hash_table_lookup(names, *w);
        g_string_append_printf(out, "%s ", name ? name : *w);
    }
}

static char *normalise(const char *dts)
{
    g_auto(GStrv) lines = g_strsplit(dts, "\n", -1);
    GHashTable *names = number_nodes(lines);
    GString *out = g_string_new(NULL);

    for (char **l = lines; *l; l++) {
        if (strstr(*l, "-seed = ")) {
            g_string_append(out, "\t\t(seed)");
        } else if (refers(*l)) {
            append_with_names(out, *l, names);
        } else {
            g_string_append(out, *l);
        }
        g_string_append_c(out, '\n');
    }
    g_hash_table_unref(names);
    return g_string_free(out, FALSE);
}

static char *decompile(const char *dtb)
{
    const char *argv[] = { "dtc", "-q", "-I", "dtb", "-O", "dts", "-s", dtb, NULL };
    g_autoptr(GError) err = NULL;
    char *dts;
    int status;

    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &dts, NULL, &status, &err);
    g_assert_no_error(err);
    g_assert_cmpint(status, ==, 0);
    return dts;
}

static void compare(const char *expected, const char *got)
{
    g_auto(GStrv) a = g_strsplit(expected, "\n", -1), b = g_strsplit(got, "\n", -1);

    for (size_t i = 0; a[i] || b[i]; i++) {
        g_assert_nonnull(a[i]);
        g_assert_nonnull(b[i]);
        g_assert_cmpstr(b[i], ==, a[i]);
    }
}

static void test_case(const void *data)
{
    const char *dir = data;
    g_autofree char *args_path = g_build_filename(dir, "args", NULL), *dts_path = g_build_filename(dir, "virt.dts", NULL);
    g_autofree char *args = NULL, *golden = NULL, *dtb = g_build_filename(qtest_tmpdir(), "virt.dtb", NULL);
    g_autofree char *err = NULL, *dts = NULL, *expected = NULL, *got = NULL;

    g_assert_true(g_file_get_contents(args_path, &args, NULL, NULL));
    g_assert_true(g_file_get_contents(dts_path, &golden, NULL, NULL));
    g_assert_cmpint(qtest_run(&err, "%s -machine dumpdtb=%s", g_strchomp(args), dtb), ==, 0);
    g_assert_cmpstr(err, ==, "");
    dts = decompile(dtb);
    expected = normalise(golden);
    got = normalise(dts);
    compare(expected, got);
}

static bool have_dtc(void)
{
    g_autofree char *dtc = g_find_program_in_path("dtc");
    return dtc != NULL;
}

static void test_nothing(void)
{
    g_test_skip("dtc or the reference trees are not here");
}

int main(int argc, char **argv)
{
    g_autofree char *root = NULL;
    GDir *dir;
    const char *name;

    g_test_init(&argc, &argv, NULL);
    root = g_build_filename(g_getenv("G_TEST_SRCDIR"), "..", "shared", "golden", "dtb", NULL);
    dir = have_dtc() ? g_dir_open(root, 0, NULL) : NULL;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_strconcat("/virt-dt/", name, NULL);
        g_test_add_data_func_full(path, g_build_filename(root, name, NULL), test_case, g_free);
    }
    if (dir) {
        g_dir_close(dir);
    } else {
        g_test_add_func("/virt-dt/none", test_nothing);
    }
    return g_test_run();
}
