/*
 * The ACPI tables a machine offers its firmware, against the blobs in
 * tests/data/acpi/CASE (a table that equals plain's is kept only there).
 *
 * Reads fw_cfg as firmware does, after numbering the PCI buses, since tables
 * depend on both; applies the loader's script with the blob at address 0.
 * On a difference both tables are disassembled when iasl is installed. After
 * a change that is meant: tests/data/acpi/regenerate BUILD-DIR.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib/gstdio.h>
#include "libqtest.h"

#define FW_CFG 0x09020000ULL
enum { FILE_DIR = 0x19, DMA_READ = 2, DMA_SELECT = 8 };
enum { HEADER_LEN = 36, LOADER_RECORD = 128 };

#define SIM \
    "-object '{\"qom-type\": \"x-hostsim\", \"id\": \"sim\", \"smmus\": [{\"name\": \"smmu0\", \"s2fwb\": true}]," \
    "\"devices\": [{\"host\": \"0000:01:00.0\", \"group\": 1}]}' -object iommufd,id=i0 "

#define CACHES(l1, l2) \
    "smp-cache.0.cache=l1d,smp-cache.0.topology=" l1 ",smp-cache.1.cache=l1i,smp-cache.1.topology=" l1 \
    ",smp-cache.2.cache=l2,smp-cache.2.topology=" l2
#define HMAT_NODES \
    "-M virt,gic-version=3,hmat=on -cpu cortex-a57 -smp 2 -m 256 -object memory-backend-ram,size=64M,id=a " \
    "-object memory-backend-ram,size=64M,id=b -object memory-backend-ram,size=128M,id=c -numa node,memdev=a,cpus=0 " \
    "-numa node,memdev=b,cpus=1 -numa node,memdev=c,initiator=0 "
#define LB(who, hierarchy, what) "-numa hmat-lb,initiator=" who ",hierarchy=" hierarchy ",data-type=" what " "

typedef struct Case { const char *name, *args; uint64_t ecam; unsigned buses; } Case;
#define HIGH_ECAM 0x4010000000ULL, 256
static const Case cases[] = {
    { "plain", "-M virt,gic-version=3 -cpu cortex-a57 -m 256", HIGH_ECAM },
    { "its-off", "-M virt,gic-version=3,its=off -cpu cortex-a57 -m 256", HIGH_ECAM },
    { "gicv2", "-M virt,gic-version=2 -cpu cortex-a57 -m 256 -smp 2", HIGH_ECAM },
    { "low-memory-map", "-M virt,gic-version=3,highmem=off -cpu cortex-a57 -m 256", 0x3f000000, 16 },
    { "oem-ids", "-M virt,gic-version=3,x-oem-id=AB,x-oem-table-id=CD -cpu cortex-a57 -m 256", HIGH_ECAM },
    { "two-uarts", "-M virt,gic-version=3 -cpu cortex-a57 -m 256 -serial null -serial null", HIGH_ECAM },
    { "topology", "-M virt,gic-version=3 -cpu cortex-a57 -smp 4,sockets=2,cores=2,threads=1 -m 256", HIGH_ECAM },
    { "clusters", "-M virt,gic-version=3 -cpu cortex-a57 -smp 8,sockets=2,clusters=2,cores=1,threads=2 -m 256", HIGH_ECAM },
    { "cpus-200", "-M virt,gic-version=3 -cpu cortex-a57 -smp 200 -m 256", HIGH_ECAM },
    { "pxb", "-M virt,gic-version=3 -cpu cortex-a57 -m 256 -device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0 "
      "-device pcie-root-port,id=rp1,bus=pcie.1,chassis=1", HIGH_ECAM },
    { "smmuv3-machine", "-M virt,gic-version=3,iommu=smmuv3 -cpu cortex-a57 -m 256 -device pcie-root-port,id=rp0,chassis=1", HIGH_ECAM },
    { "smmuv3-machine-bypass", "-M virt,gic-version=3,iommu=smmuv3 -cpu cortex-a57 -m 256 "
      "-device pxb-pcie,id=p1,bus_nr=32,bus=pcie.0,bypass_iommu=on -device pxb-pcie,id=p2,bus_nr=8,bus=pcie.0 "
      "-device pcie-root-port,bus=p2,id=rp1,chassis=1 -device pxb-pcie,id=p3,bus_nr=16,bus=pcie.0", HIGH_ECAM },
    { "smmuv3-dev", "-M virt,gic-version=3 -cpu cortex-a57 -m 256 -device arm-smmuv3,primary-bus=pcie.0,id=smmuv3.0 "
      "-device pxb-pcie,id=pcie.1,bus_nr=16,bus=pcie.0 -device arm-smmuv3,primary-bus=pcie.1,id=smmuv3.1 "
      "-device pcie-root-port,id=rp1,bus=pcie.1,chassis=1", HIGH_ECAM },
    { "smmuv3-dev-pxb-only", "-M virt,gic-version=3 -cpu cortex-a57 -m 256 -device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0 "
      "-device arm-smmuv3,primary-bus=pcie.1,id=smmuv3.1 -device pcie-root-port,id=rp1,bus=pcie.1,chassis=1", HIGH_ECAM },
    { "smmuv3-dev-order", "-M virt,gic-version=3 -cpu cortex-a57 -m 256 -device pxb-pcie,id=b,bus_nr=32,bus=pcie.0 "
      "-device pxb-pcie,id=a,bus_nr=8,bus=pcie.0 -device arm-smmuv3,primary-bus=b,id=s1 -device arm-smmuv3,primary-bus=a,id=s2 "
      "-device pcie-root-port,id=rp1,bus=a,chassis=1 -device pcie-root-port,id=rp2,bus=a,chassis=2", HIGH_ECAM },
    { "virtio-transports", "-M virt,gic-version=3,virtio-mmio-transports=4 -cpu cortex-a57 -m 256", HIGH_ECAM },
    { "pci-functions", "-M virt,gic-version=3 -cpu cortex-a57 -m 256 -device edu,addr=5.0,multifunction=on,acpi-index=3 "
      "-device edu,addr=5.2,multifunction=on -device pcie-root-port,id=rp0,chassis=1,addr=6 -device edu,bus=rp0,acpi-index=4", HIGH_ECAM },
    { "numa", "-M virt,gic-version=3 -cpu cortex-a57 -m 512 -smp 4 -object memory-backend-ram,id=m0,size=256M "
      "-object memory-backend-ram,id=m1,size=256M -numa node,nodeid=0,memdev=m0,cpus=0-1 -numa node,nodeid=1,memdev=m1,cpus=2-3 "
      "-numa dist,src=0,dst=1,val=20 -device pxb-pcie,id=p1,bus_nr=8,bus=pcie.0,numa_node=1", HIGH_ECAM },
    { "caches", "-M virt,gic-version=3," CACHES("core", "cluster") " -cpu cortex-a57 -m 256 -smp 8,sockets=2,clusters=2,cores=2,threads=1", HIGH_ECAM },
    { "caches-threads", "-M virt,gic-version=3," CACHES("core", "core") " -cpu cortex-a57 -m 256 -smp 4,sockets=1,cores=2,threads=2", HIGH_ECAM },
    { "caches-cluster", "-M virt,gic-version=3," CACHES("cluster", "socket") " -cpu cortex-a57 -m 256 -smp 8,sockets=2,clusters=2,cores=2,threads=1", HIGH_ECAM },
    { "room-for-memory", "-M virt,gic-version=3 -cpu cortex-a57 -m 1G,slots=4,maxmem=4G", HIGH_ECAM },
    { "maxcpus", "-M virt,gic-version=3 -cpu cortex-a57 -m 256 -smp 2,maxcpus=130", HIGH_ECAM },
    { "no-msi", "-M virt,gic-version=3,msi=off,iommu=smmuv3 -cpu cortex-a57 -m 256", HIGH_ECAM },
    { "ged", "-M virt,gic-version=3 -cpu cortex-a57 -m 256 -bios FIRMWARE", HIGH_ECAM },
    { "memory-hotplug", "-M virt,gic-version=3 -cpu cortex-a57 -m 256M,slots=3,maxmem=1G -bios FIRMWARE", HIGH_ECAM },
    { "numa-sockets", "-M virt,gic-version=3 -cpu cortex-a57 -smp 6,sockets=3,cores=2,threads=1 -m 512 "
      "-object memory-backend-ram,id=a,size=256M -object memory-backend-ram,id=b,size=256M -numa node,memdev=a -numa node,memdev=b", HIGH_ECAM },
    { "numa-distances", "-M virt,gic-version=3 -cpu cortex-a57 -smp 2 -m 512 -object memory-backend-ram,id=a,size=256M "
      "-object memory-backend-ram,id=b,size=256M -numa node,nodeid=0,cpus=0,memdev=a -numa node,nodeid=1,cpus=1,memdev=b "
      "-numa dist,src=0,dst=1,val=15 -numa dist,src=1,dst=0,val=17", HIGH_ECAM },
    { "hmat", HMAT_NODES
      LB("0,target=0", "memory", "access-latency,latency=10") LB("0,target=1", "memory", "access-latency,latency=20")
      LB("0,target=2", "memory", "access-latency,latency=30") LB("1,target=0", "memory", "access-latency,latency=20")
      LB("0,target=0", "memory", "access-bandwidth,bandwidth=10M") LB("0,target=1", "memory", "access-bandwidth,bandwidth=6M")
      LB("0,target=2", "memory", "access-bandwidth,bandwidth=2M") LB("1,target=2", "memory", "access-bandwidth,bandwidth=4M")
      "-numa hmat-cache,node-id=0,size=10K,level=1,associativity=direct,policy=write-back,line=8 "
      "-numa hmat-cache,node-id=0,size=1M,level=2,associativity=none,policy=none,line=64 "
      "-numa hmat-cache,node-id=2,size=16K,level=1,associativity=complex,policy=write-through,line=64", HIGH_ECAM },
    { "hmat-levels", HMAT_NODES
      LB("0,target=1", "memory", "read-latency,latency=65") LB("1,target=0", "memory", "write-latency,latency=700")
      LB("0,target=0", "first-level", "read-bandwidth,bandwidth=4G") LB("1,target=1", "second-level", "write-bandwidth,bandwidth=200M")
      LB("0,target=1", "third-level", "access-latency,latency=100"), HIGH_ECAM },
    /* A device that reaches memory by itself: its nodes initiate, and are targets before they have memory. */
    { "generic-initiator", "-M virt,gic-version=3,hmat=on -cpu cortex-a57 -smp 2 -m 256 -object memory-backend-ram,size=256M,id=a "
      "-numa node,memdev=a,cpus=0-1 -numa node,initiator=0 -numa node -device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0 "
      "-device pcie-root-port,id=gpu,bus=pcie.1,chassis=1 "
      "-object acpi-generic-initiator,id=gi0,pci-dev=gpu,node=1 -object acpi-generic-initiator,id=gi1,pci-dev=gpu,node=2 "
      LB("0,target=0", "memory", "access-latency,latency=10") LB("2,target=0", "memory", "access-latency,latency=30")
      LB("0,target=1", "memory", "access-latency,latency=30"), HIGH_ECAM },
#ifdef CONFIG_HOSTSIM
    { "accel", "-M virt,gic-version=3 -cpu cortex-a57 -m 256 " SIM "-device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0 "
      "-device arm-smmuv3,primary-bus=pcie.1,id=smmuv3.1,accel=on,ats=off -device pcie-root-port,id=port1,bus=pcie.1,chassis=1 "
      "-device vfio-pci,host=0000:01:00.0,bus=port1,iommufd=i0", HIGH_ECAM },
    { "accel-mixed", "-M virt,gic-version=3 -cpu cortex-a57 -m 256 " SIM "-device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0 "
      "-device pxb-pcie,id=pcie.2,bus_nr=40,bus=pcie.0 -device arm-smmuv3,primary-bus=pcie.1,id=smmuv3.1,accel=on,ats=off "
      "-device arm-smmuv3,primary-bus=pcie.2,id=smmuv3.2 -device pcie-root-port,id=port2,bus=pcie.2,chassis=2 "
      "-device pcie-root-port,id=port1,bus=pcie.1,chassis=1 -device vfio-pci,host=0000:01:00.0,bus=port1,iommufd=i0", HIGH_ECAM },
    { "accel-ats", "-M virt,gic-version=3 -cpu cortex-a57 -m 256 " SIM "-device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0 "
      "-device arm-smmuv3,primary-bus=pcie.1,id=smmuv3.1,accel=on,ats=on -device pcie-root-port,id=port1,bus=pcie.1,chassis=1 "
      "-device vfio-pci,host=0000:01:00.0,bus=port1,iommufd=i0", HIGH_ECAM },
#endif
};

/* --- What firmware does ----------------------------------------------------------- */

typedef struct Guest { QTestState *t; const Case *c; } Guest;

static uint64_t cfg(const Guest *g, unsigned bus, unsigned devfn, unsigned reg)
{
    return g->c->ecam | bus << 20 | devfn << 12 | reg;
}

static bool present(const Guest *g, unsigned bus, unsigned devfn)
{
    return qtest_readw(g->t, cfg(g, bus, devfn, 0)) != 0xffff;
}

static unsigned number_bus(const Guest *g, unsigned bus, unsigned next, unsigned limit)
{
    for (unsigned devfn = 0; devfn < 256; devfn++) {
        if (!present(g, bus, devfn)) {
            devfn |= devfn & 7 ? 0 : 7;
            continue;
        }
        uint8_t type = qtest_readb(g->t, cfg(g, bus, devfn, 14));
        if ((type & 0x7f) == 1 && next < limit) {
            unsigned own = next;

            qtest_writeb(g->t, cfg(g, bus, devfn, 0x18), bus);
            qtest_writeb(g->t, cfg(g, bus, devfn, 0x19), own);
            qtest_writeb(g->t, cfg(g, bus, devfn, 0x1a), 0xff);
            next = number_bus(g, own, own + 1, limit);
            qtest_writeb(g->t, cfg(g, bus, devfn, 0x1a), next - 1);
        }
        if (!(devfn & 7) && !(type & 0x80)) {
            devfn |= 7;
        }
    }
    return next;
}

static void number_buses(const Guest *g)
{
    g_autoptr(GArray) roots = g_array_new(false, false, sizeof(unsigned));

    for (unsigned bus = 0; bus < g->c->buses; bus++) {
        for (unsigned slot = 0; slot < 32; slot++) {
            if (present(g, bus, slot << 3)) {
                g_array_append_val(roots, bus);
                break;
            }
        }
    }
    for (guint i = 0; i < roots->len; i++) {
        unsigned root = g_array_index(roots, unsigned, i);
        number_bus(g, root, root + 1, i + 1 < roots->len ? g_array_index(roots, unsigned, i + 1) : g->c->buses);
    }
}

static void fw_cfg_read(const Guest *g, uint16_t key, void *out, uint32_t len)
{
    const uint64_t desc = 0x44000000, data = 0x44001000;
    uint8_t d[16];

    stl_be_p(d, (uint32_t)key << 16 | DMA_SELECT | DMA_READ);
    stl_be_p(d + 4, len);
    stq_be_p(d + 8, data);
    qtest_memwrite(g->t, desc, d, sizeof(d));
    qtest_writeq(g->t, FW_CFG + 16, GUINT64_SWAP_LE_BE(desc));
    qtest_memread(g->t, desc, d, 4);
    g_assert_cmphex(ldl_be_p(d), ==, 0);
    qtest_memread(g->t, data, out, len);
}

static GByteArray *read_file(const Guest *g, const char *name)
{
    uint8_t count[4], entry[64];

    fw_cfg_read(g, FILE_DIR, count, 4);
    unsigned n = ldl_be_p(count);
    g_autofree uint8_t *dir = g_malloc(4 + 64 * n);
    fw_cfg_read(g, FILE_DIR, dir, 4 + 64 * n);
    for (unsigned i = 0; i < n; i++) {
        memcpy(entry, dir + 4 + 64 * i, 64);
        if (!strcmp((char *)entry + 8, name)) {
            GByteArray *a = g_byte_array_new();
            g_byte_array_set_size(a, ldl_be_p(entry));
            fw_cfg_read(g, ldw_be_p(entry + 4), a->data, a->len);
            return a;
        }
    }
    g_error("fw_cfg has no %s", name);
}

/* Pointers stay offsets; only checksums have to be computed. */
static void run_loader(const GByteArray *loader, GByteArray *tables)
{
    for (guint at = 0; at + LOADER_RECORD <= loader->len; at += LOADER_RECORD) {
        const uint8_t *r = loader->data + at;
        uint32_t where = ldl_le_p(r + 60), start = ldl_le_p(r + 64), len = ldl_le_p(r + 68);
        uint8_t sum = 0;

        if (ldl_le_p(r) != 3 || strcmp((char *)r + 4, "etc/acpi/tables")) {
            continue;
        }
        g_assert_cmpuint(where, <, tables->len);
        g_assert_cmpuint((uint64_t)start + len, <=, tables->len);
        tables->data[where] = 0;
        for (uint32_t i = 0; i < len; i++) {
            sum += tables->data[start + i];
        }
        tables->data[where] = -sum;
    }
}

/* --- Expected and found ------------------------------------------------------------ */

static char *data_dir(void)
{
    return g_build_filename(g_getenv("G_TEST_SRCDIR"), "tests", "data", "acpi", NULL);
}

static char *expected_path(const char *name, const char *sig)
{
    g_autofree char *dir = data_dir();
    char *own = g_build_filename(dir, name, sig, NULL);

    if (g_file_test(own, G_FILE_TEST_EXISTS)) {
        return own;
    }
    g_free(own);
    return g_build_filename(dir, "plain", sig, NULL);
}

static void disassemble(const char *dir, const char *file)
{
    g_autofree char *cmd = g_strdup_printf("cd %s && iasl -d %s >/dev/null 2>&1", dir, file);
    if (system(cmd)) {
        g_test_message("iasl cannot disassemble %s/%s", dir, file);
    }
}

static void show_difference(const char *name, const char *sig, const uint8_t *data, uint32_t len, const char *want, gsize want_len)
{
    g_autofree char *have = g_find_program_in_path("iasl"), *dir = g_build_filename(qtest_tmpdir(), name, NULL);
    g_autofree char *ours = g_strdup_printf("%s/%s.found.aml", dir, sig), *theirs = g_strdup_printf("%s/%s.expected.aml", dir, sig);
    g_autofree char *a = g_strdup_printf("%s.found.aml", sig), *b = g_strdup_printf("%s.expected.aml", sig);
    g_autofree char *diff = g_strdup_printf("cd %s && diff %s.expected.dsl %s.found.dsl >&2", dir, sig, sig);

    if (!have) {
        return;
    }
    g_mkdir_with_parents(dir, 0700);
    g_file_set_contents(ours, (const char *)data, len, NULL);
    g_file_set_contents(theirs, want, want_len, NULL);
    disassemble(dir, a);
    disassemble(dir, b);
    if (!system(diff)) {
        g_test_message("iasl shows no difference");
    }
}

static void regenerate(const char *name, const char *sig, const uint8_t *data, uint32_t len)
{
    g_autofree char *top = data_dir(), *dir = g_build_filename(top, name, NULL), *path = g_build_filename(dir, sig, NULL);
    g_autofree char *plain = g_build_filename(top, "plain", sig, NULL), *same = NULL;
    gsize n;

    unlink(path);
    if (strcmp(name, "plain") && g_file_get_contents(plain, &same, &n, NULL) && n == len && !memcmp(same, data, len)) {
        return;
    }
    g_mkdir_with_parents(dir, 0755);
    g_assert_true(g_file_set_contents(path, (const char *)data, len, NULL));
}

static void check_table(const char *name, const char *sig, const uint8_t *data, uint32_t len)
{
    g_autofree char *path = expected_path(name, sig), *want = NULL;
    gsize want_len = 0;

    if (g_getenv("ACPI_TABLES_REGENERATE")) {
        regenerate(name, sig, data, len);
        return;
    }
    if (!g_file_get_contents(path, &want, &want_len, NULL)) {
        g_test_message("%s: no expected %s; run tests/data/acpi/regenerate", name, sig);
        g_test_fail();
    } else if (want_len != len || memcmp(want, data, len)) {
        g_test_message("%s: %s differs from %s", name, sig, path);
        show_difference(name, sig, data, len, want, want_len);
        g_test_fail();
    }
}

/* What iasl takes apart it must also put together again. */
static void check_recompiles(const char *name, const uint8_t *data, uint32_t len)
{
    g_autofree char *have = g_find_program_in_path("iasl"), *dir = g_build_filename(qtest_tmpdir(), "asl", name, NULL);
    g_autofree char *aml = g_build_filename(dir, "dsdt.aml", NULL);
    g_autofree char *cmd = g_strdup_printf("cd %s && iasl -d dsdt.aml >log 2>&1 && iasl -vw 6020 dsdt.dsl >log 2>&1 && grep -q ' 0 Errors' log", dir);

    if (!have) {
        return;
    }
    g_mkdir_with_parents(dir, 0700);
    g_assert_true(g_file_set_contents(aml, (const char *)data, len, NULL));
    g_assert_cmpint(system(cmd), ==, 0);
}

static void test_case(const void *opaque)
{
    Guest g = { .c = opaque };
    g_autoptr(GString) args = g_string_new(g.c->args);
    g_autofree char *firmware = g_build_filename(qtest_tmpdir(), "firmware", NULL);

    g_assert_true(g_file_set_contents(firmware, "not run", -1, NULL));
    g_string_replace(args, "FIRMWARE", firmware, 0);
    g.t = qtest_init("%s -nodefaults %s", args->str, strstr(g.c->args, "-serial") ? "" : "-serial none");
    number_buses(&g);
    g_autoptr(GByteArray) loader = read_file(&g, "etc/table-loader"), tables = read_file(&g, "etc/acpi/tables");
    run_loader(loader, tables);
    for (guint at = 0; at + HEADER_LEN <= tables->len;) {
        const uint8_t *p = tables->data + at;
        char sig[5] = { p[0], p[1], p[2], p[3] };
        uint32_t len = ldl_le_p(p + 4);

        if (!p[0]) {
            break;                      /* the padding that follows the last table */
        }
        g_assert_cmpuint(len, >=, HEADER_LEN);
        g_assert_cmpuint(len, <=, tables->len - at);
        check_table(g.c->name, sig, p, len);
        if (!strcmp(sig, "DSDT")) {
            check_recompiles(g.c->name, p, len);
        }
        at += len;
    }
    qtest_quit(g.t);
}

/* Read twice, and half before that: always the same bytes. */
static void test_read_again(void)
{
    Guest g = { .c = &cases[0] };
    uint8_t half[100];

    g.t = qtest_init("%s -nodefaults -serial none", g.c->args);
    g_autoptr(GByteArray) first = read_file(&g, "etc/acpi/tables");
    fw_cfg_read(&g, FILE_DIR, half, sizeof(half));
    g_autoptr(GByteArray) second = read_file(&g, "etc/acpi/tables");
    g_assert_cmpmem(first->data, first->len, second->data, second->len);
    json_decref(qtest_qmp_return(g.t, "{'execute': 'system_reset'}"));
    json_decref(qtest_qmp_event(g.t, "RESET"));
    g_autoptr(GByteArray) third = read_file(&g, "etc/acpi/tables");
    g_assert_cmpmem(first->data, first->len, third->data, third->len);
    qtest_quit(g.t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        g_autofree char *path = g_strdup_printf("/acpi/%s", cases[i].name);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/acpi/read-again", test_read_again);
    return g_test_run();
}
