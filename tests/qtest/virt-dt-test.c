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

/* --- single lines, as the reference emulator writes them for other options ----------- */

#define BIG(n, opts) "-M virt,gic-version=3,memory-backend=m" opts " -cpu max -m " n " -object memory-backend-ram,id=m,reserve=off,size=" n
#define A57(opts) "-M virt,gic-version=3" opts " -cpu cortex-a57"
#define LOW_RANGES "ranges = <0x1000000 0x00 0x00 0x00 0x3eff0000 0x00 0x10000 0x2000000 0x00 0x10000000 0x00 0x10000000 0x00 0x2eff0000"
static const struct { const char *name, *args, *line; bool absent; } lines[] = {
    { "300g-ram", BIG("300G", ""), "reg = <0x00 0x40000000 0x4b 0x00>;" },
    { "300g-ecam", BIG("300G", ""), "reg = <0x4b 0x50000000 0x00 0x10000000>;" },
    { "300g-mmio", BIG("300G", ""), LOW_RANGES " 0x3000000 0x80 0x00 0x80 0x00 0x80 0x00>;" },
    { "700g-compact", BIG("700G", ",highmem-mmio=off,highmem-redists=off"), "reg = <0xaf 0x40000000 0x00 0x10000000>;" },
    { "700g-not-compact", BIG("700G", ",highmem-mmio=off,highmem-redists=off,compact-highmem=off"), "reg = <0xaf 0x50000000 0x00 0x10000000>;" },
    { "mmio-1t", A57(",highmem-mmio-size=1T"), LOW_RANGES " 0x3000000 0x100 0x00 0x100 0x00 0x100 0x00>;" },
    { "no-high-mmio", A57(",highmem-mmio=off"), LOW_RANGES ">;" },
    { "no-high-ecam", A57(",highmem-ecam=off"), "reg = <0x00 0x3f000000 0x00 0x1000000>;" },
    { "no-high-ecam-buses", A57(",highmem-ecam=off"), "bus-range = <0x00 0x0f>;" },
    { "highmem-off", A57(",highmem=off") " -m 1G", "reg = <0x00 0x3f000000 0x00 0x1000000>;" },
    { "two-redistributors", A57("") " -smp 130", "reg = <0x00 0x8000000 0x00 0x10000 0x00 0x80a0000 0x00 0xf60000 0x40 0x00 0x00 0x4000000>;" },
    { "gicv2", "-M virt,gic-version=2 -cpu cortex-a57", "compatible = \"arm,cortex-a15-gic\";" },
    { "gicv2-timer", "-M virt,gic-version=2 -cpu cortex-a57 -smp 4",
      "interrupts = <0x01 0x0d 0xf04 0x01 0x0e 0xf04 0x01 0x0b 0xf04 0x01 0x0a 0xf04>;" },
    { "v2m", A57(",msi=gicv2m"), "compatible = \"arm,gic-v2m-frame\";" },
    { "no-msi", A57(",msi=off"), "msi-map", true },
    { "no-randomness", A57(",dtb-randomness=off"), "seed", true },
    { "no-pmu", "-M virt,gic-version=3 -cpu cortex-a57,pmu=off", "armv8-pmuv3", true },
    { "threads", A57("") " -smp 8,sockets=2,clusters=2,cores=1,threads=2", "thread1 {" },
    { "distance", A57("") " -m 512 -smp 2 -object memory-backend-ram,id=m0,size=256M -object memory-backend-ram,id=m1,size=256M "
      "-numa node,nodeid=0,cpus=0,memdev=m0 -numa node,nodeid=1,cpus=1,memdev=m1 -numa dist,src=0,dst=1,val=30",
      "distance-matrix = <0x00 0x00 0x0a 0x00 0x01 0x1e 0x01 0x00 0x1e 0x01 0x01 0x0a>;" },
    { "fewer-transports", A57(",virtio-mmio-transports=2"), "virtio_mmio@a000400", true },
    { "root-names", A57(",dt-compatible=foo"), "compatible = \"foo\";" },
    { "smmu-not-on-pcie.0", A57("") " -device pxb-pcie,id=p1,bus_nr=8 -device arm-smmuv3,primary-bus=p1", "smmuv3@", true },
};

static void test_line(const void *data)
{
    const int i = GPOINTER_TO_INT(data);
    g_autofree char *dtb = g_build_filename(qtest_tmpdir(), "line.dtb", NULL), *err = NULL, *dts = NULL;

    g_assert_cmpint(qtest_run(&err, "-accel qtest -nodefaults -display none %s -machine dumpdtb=%s", lines[i].args, dtb), ==, 0);
    dts = decompile(dtb);
    if (!strstr(dts, lines[i].line) != lines[i].absent) {
        g_error("%s: '%s' is %s in\n%s", lines[i].args, lines[i].line, lines[i].absent ? "" : "not", dts);
    }
}

/* --- -dtb ------------------------------------------------------------------------------ */

static void test_user_tree(void)
{
    g_autofree char *in = g_build_filename(qtest_tmpdir(), "in.dtb", NULL), *out = g_build_filename(qtest_tmpdir(), "out.dtb", NULL);
    g_autofree char *err = NULL, *first = NULL, *second = NULL, *blob = NULL, *cut = g_build_filename(qtest_tmpdir(), "cut.dtb", NULL);
    gsize len;

    g_assert_cmpint(qtest_run(&err, "-accel qtest -nodefaults -display none %s -m 256 -machine dumpdtb=%s", A57(""), in), ==, 0);
    g_clear_pointer(&err, g_free);
    g_assert_cmpint(qtest_run(&err, "-accel qtest -nodefaults -display none %s -m 512 -dtb %s -machine dumpdtb=%s", A57(""), in, out), ==, 0);
    first = decompile(in);
    second = decompile(out);
    g_assert_nonnull(strstr(first, "reg = <0x00 0x40000000 0x00 0x10000000>;"));
    g_assert_nonnull(strstr(second, "reg = <0x00 0x40000000 0x00 0x20000000>;"));
    /* The seeds are the user's. */
    g_assert_nonnull(strstr(first, "rng-seed"));
    g_assert_nonnull(strstr(second, "rng-seed"));
    g_assert_cmpmem(strstr(first, "rng-seed"), 80, strstr(second, "rng-seed"), 80);

    g_assert_true(g_file_get_contents(in, &blob, &len, NULL));
    for (gsize n = 0; n < len; n += len / 7) {          /* cut short anywhere: refused */
        g_autofree char *why = NULL;
        g_assert_true(g_file_set_contents(cut, blob, n, NULL));
        g_assert_cmpint(qtest_run(&why, "-accel qtest -nodefaults -display none %s -dtb %s", A57(""), cut), ==, 1);
        g_assert_nonnull(strstr(why, "-dtb"));
    }
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
    for (size_t i = 0; have_dtc() && i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *path = g_strconcat("/virt-dt/line/", lines[i].name, NULL);
        g_test_add_data_func(path, GINT_TO_POINTER(i), test_line);
    }
    if (have_dtc()) {
        g_test_add_func("/virt-dt/user-tree", test_user_tree);
    }
    if (dir) {
        g_dir_close(dir);
    } else {
        g_test_add_func("/virt-dt/none", test_nothing);
    }
    return g_test_run();
}
