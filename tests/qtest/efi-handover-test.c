/*
 * ACPI without firmware: a kernel image that does nothing is loaded, and RAM
 * and PCI are looked at as that kernel would find them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "libqtest.h"

#define RAM_BASE 0x40000000ULL
#define RAM_SIZE (256 * MiB)
#define ECAM 0x4010000000ULL
#define MMIO32_BASE 0x10000000ULL
#define MMIO32_END 0x3eff0000ULL
#define MMIO64_BASE 0x8000000000ULL

static char *kernel_path(void)
{
    char *path = g_build_filename(qtest_tmpdir(), "Image", NULL);
    uint8_t image[4096] = { 0 };

    stl_le_p(image, 0x14000000);        /* b . */
    stq_le_p(image + 16, sizeof(image));
    stq_le_p(image + 24, 0xa);          /* 4 KiB pages, anywhere in memory */
    memcpy(image + 56, "ARM\x64", 4);
    g_assert_true(g_file_set_contents(path, (char *)image, sizeof(image), NULL));
    return path;
}

static QTestState *start(const char *machine, const char *devices)
{
    g_autofree char *kernel = kernel_path();
    return qtest_init("-M virt,gic-version=3%s -cpu cortex-a57 -m 256 -nodefaults -serial none -kernel %s -append hello %s",
                      machine, kernel, devices);
}

/* --- the block at the end of RAM ---------------------------------------------------- */

/* The stub tree starts a page of 64 KiB near the end of RAM, but not any kernel's place. */
static uint64_t find_stub(QTestState *t)
{
    for (uint64_t at = RAM_BASE + RAM_SIZE - 0x10000; at > RAM_BASE + RAM_SIZE - 4 * MiB; at -= 0x10000) {
        uint8_t b[4];

        qtest_memread(t, at, b, 4);
        if (ldl_be_p(b) == 0xd00dfeed) {
            return at;
        }
    }
    return 0;
}

/* Properties of a flat tree, by name; enough for a tree of one level. */
static uint64_t stub_property(QTestState *t, uint64_t stub, const char *name)
{
    uint8_t tree[4096];

    qtest_memread(t, stub, tree, sizeof(tree));
    const uint8_t *p = tree + ldl_be_p(tree + 8), *strings = tree + ldl_be_p(tree + 12);
    for (;;) {
        uint32_t token = ldl_be_p(p), len;

        p += 4;
        switch (token) {
        case 1: p += (strlen((const char *)p) + 4) & ~3u; break;
        case 3:
            len = ldl_be_p(p);
            if (!strcmp((const char *)strings + ldl_be_p(p + 4), name)) {
                return len == 8 ? ldq_be_p(p + 8) : ldl_be_p(p + 8);
            }
            p += 8 + ((len + 3) & ~3u);
            break;
        case 2: case 4: break;
        default: g_error("the stub tree has no %s", name);
        }
    }
}

static uint8_t sum(const uint8_t *p, size_t n)
{
    uint8_t s = 0;
    while (n--) {
        s += *p++;
    }
    return s;
}

/* Address of a table by signature, from the EFI system table down; 0: none. */
static uint64_t find_table(QTestState *t, const char *sig)
{
    uint64_t st = stub_property(t, find_stub(t), "linux,uefi-system-table");
    uint8_t sys[120], config[24], rsdp[36], head[36];

    qtest_memread(t, st, sys, sizeof(sys));
    g_assert_cmpmem(sys, 8, "IBI SYST", 8);
    qtest_memread(t, ldq_le_p(sys + 112), config, sizeof(config));
    qtest_memread(t, ldq_le_p(config + 16), rsdp, sizeof(rsdp));
    g_assert_cmpmem(rsdp, 8, "RSD PTR ", 8);
    g_assert_cmpuint(sum(rsdp, 36), ==, 0);

    uint64_t xsdt = ldq_le_p(rsdp + 24);
    qtest_memread(t, xsdt, head, sizeof(head));
    g_assert_cmpmem(head, 4, "XSDT", 4);
    for (uint32_t at = 36; at < ldl_le_p(head + 4); at += 8) {
        uint64_t table = qtest_readq(t, xsdt + at);
        uint8_t h[36];

        qtest_memread(t, table, h, sizeof(h));
        g_autofree uint8_t *all = g_malloc(ldl_le_p(h + 4));
        qtest_memread(t, table, all, ldl_le_p(h + 4));
        g_assert_cmpuint(sum(all, ldl_le_p(h + 4)), ==, 0);
        if (!memcmp(h, sig, 4)) {
            return table;
        }
    }
    return 0;
}

/* --- PCI ---------------------------------------------------------------------------- */

static uint64_t cfg(unsigned bus, unsigned devfn, unsigned reg)
{
    return ECAM | bus << 20 | devfn << 12 | reg;
}

#define DEVICES \
    "-device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0 -device pcie-root-port,id=rp1,bus=pcie.1,chassis=1,addr=0 " \
    "-device pcie-root-port,id=rp2,bus=pcie.1,chassis=2,addr=1 -device pcie-root-port,id=rp0,bus=pcie.0,chassis=3,addr=3 " \
    "-device edu,bus=rp1"

/* One function below a port: number, BAR inside the port's window, decoding on. */
static void check_below(QTestState *t, unsigned bus, unsigned devfn, unsigned secondary)
{
    uint64_t base = (uint64_t)(qtest_readw(t, cfg(bus, devfn, 0x20)) & 0xfff0) << 16;
    uint64_t limit = ((uint64_t)(qtest_readw(t, cfg(bus, devfn, 0x22)) & 0xfff0) << 16) | 0xfffff;
    uint64_t bar = qtest_readq(t, cfg(secondary, 0, 0x10)) & ~0xfULL;

    g_assert_cmpuint(qtest_readb(t, cfg(bus, devfn, 0x18)), ==, bus);
    g_assert_cmpuint(qtest_readb(t, cfg(bus, devfn, 0x19)), ==, secondary);
    g_assert_cmpuint(qtest_readb(t, cfg(bus, devfn, 0x1a)), ==, secondary);
    g_assert_cmphex(base, >=, MMIO32_BASE);
    g_assert_cmphex(limit, <, MMIO32_END);
    g_assert_cmphex(bar, >=, base);
    g_assert_cmphex(bar, <, limit);
    g_assert_cmphex(qtest_readw(t, cfg(secondary, 0, 4)) & 2, ==, 2);
    g_assert_cmphex(qtest_readw(t, cfg(bus, devfn, 4)) & 7, ==, 7);
}

/* A port without a device keeps room for one. */
static void check_empty_port(QTestState *t, unsigned bus, unsigned devfn)
{
    uint32_t base = qtest_readw(t, cfg(bus, devfn, 0x20)) & 0xfff0, limit = qtest_readw(t, cfg(bus, devfn, 0x22)) & 0xfff0;
    uint64_t pref = (uint64_t)qtest_readl(t, cfg(bus, devfn, 0x28)) << 32;

    g_assert_cmphex(limit - base, ==, 0x10);
    g_assert_cmphex(pref, >=, MMIO64_BASE);
}

static void check_all(QTestState *t)
{
    g_assert_cmphex(find_stub(t), !=, 0);
    g_assert_cmphex(find_table(t, "APIC"), !=, 0);
    g_assert_cmphex(find_table(t, "IORT"), !=, 0);
    check_below(t, 8, 0 << 3, 9);
    check_empty_port(t, 8, 1 << 3);
    check_empty_port(t, 0, 3 << 3);
}

static void test_setup(void)
{
    QTestState *t = start(",acpi=on", DEVICES);

    check_all(t);
    qtest_quit(t);
}

/* A guest moves everything and scribbles over the tables; reset brings back the same. */
static void test_reset(void)
{
    QTestState *t = start(",acpi=on", DEVICES);
    uint64_t stub = find_stub(t), bar = qtest_readq(t, cfg(9, 0, 0x10));

    qtest_writew(t, cfg(9, 0, 4), 0);
    qtest_writeq(t, cfg(9, 0, 0x10), 0x20000000);
    qtest_writeb(t, cfg(8, 0, 0x19), 0x33);
    qtest_memset(t, stub, 0xaa, 0x30000);
    json_decref(qtest_qmp_return(t, "{'execute': 'system_reset'}"));
    json_decref(qtest_qmp_event(t, "RESET"));
    g_assert_cmphex(find_stub(t), ==, stub);
    g_assert_cmphex(qtest_readq(t, cfg(9, 0, 0x10)), ==, bar);
    check_all(t);
    qtest_quit(t);
}

/* A guest that keeps what it finds enables virtual functions where they were put, in pages of 64 KiB too. */
static void test_virtual_functions(void)
{
    QTestState *t = start(",acpi=on", "-device pcie-root-port,id=rp,chassis=1,addr=1 -device nvme-subsys,id=s -device nvme,bus=rp,serial=x,"
                          "subsys=s,sriov_max_vfs=40,sriov_vq_flexible=80,sriov_vi_flexible=40,max_ioqpairs=90,msix_qsize=50");
    uint64_t limit = ((uint64_t)(qtest_readw(t, cfg(0, 1 << 3, 0x22)) & 0xfff0) << 16) | 0xfffff;
    unsigned cap = 0x100;

    while (qtest_readw(t, cfg(1, 0, cap)) != 0x10) {
        cap = qtest_readw(t, cfg(1, 0, cap + 2)) >> 4;
        g_assert_cmphex(cap, !=, 0);
    }
    uint64_t bar = qtest_readl(t, cfg(1, 0, cap + 0x24)) & ~0xfULL;
    g_assert_cmphex(bar & 0xffff, ==, 0);
    check_below(t, 0, 1 << 3, 1);
    g_assert_cmphex(bar, >=, (uint64_t)(qtest_readw(t, cfg(0, 1 << 3, 0x20)) & 0xfff0) << 16);
    g_assert_cmphex(bar + 40 * 0x10000 - 1, <=, limit);

    qtest_writel(t, cfg(1, 0, cap + 0x20), 0x10);       /* system pages of 64 KiB */
    g_assert_cmphex(qtest_readl(t, cfg(1, 0, cap + 0x24)) & ~0xfULL, ==, bar);
    qtest_writew(t, cfg(1, 0, cap + 0x10), 40);
    g_assert_cmphex(qtest_readl(t, bar + 39 * 0x10000 + 8), ==, UINT32_MAX);    /* nothing there yet */
    qtest_writew(t, cfg(1, 0, cap + 8), 1 | 8);         /* VF Enable, VF MSE */
    g_assert_cmphex(qtest_readl(t, bar + 39 * 0x10000 + 8), ==, 0);     /* the last is there, and offline */
    qtest_quit(t);
}

static void test_only_when_needed(void)
{
    static const char *const machines[] = { "", ",acpi=auto", ",acpi=off" };

    for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
        QTestState *t = start(machines[i], DEVICES);

        g_assert_cmphex(find_stub(t), ==, 0);
        g_assert_cmpuint(qtest_readb(t, cfg(8, 0, 0x19)), ==, 0);
        qtest_quit(t);
    }
}

#ifdef CONFIG_HOSTSIM
/* An accelerated SMMU needs ACPI, so it is there without being asked for. */
static void test_accelerated(void)
{
    static const char devices[] =
        "-object '{\"qom-type\": \"x-hostsim\", \"id\": \"sim\", \"smmus\": [{\"name\": \"smmu0\", \"s2fwb\": true}], "
        "\"devices\": [{\"host\": \"0000:01:00.0\", \"group\": 1}]}' -object iommufd,id=i0 "
        "-device pxb-pcie,id=pcie.1,bus_nr=8,bus=pcie.0 -device arm-smmuv3,primary-bus=pcie.1,id=s1,accel=on "
        "-device pcie-root-port,id=rp1,bus=pcie.1,chassis=1,addr=0 -device vfio-pci,host=0000:01:00.0,bus=rp1,iommufd=i0";
    QTestState *t = start("", devices);

    g_assert_cmphex(find_table(t, "IORT"), !=, 0);
    g_assert_cmpuint(qtest_readb(t, cfg(8, 0, 0x19)), ==, 9);
    qtest_quit(t);
}
#endif

static void test_no_bus_number(void)
{
    g_autofree char *kernel = kernel_path();

    qtest_refused("bus_nr=", "-accel qtest -M virt,acpi=on -cpu cortex-a57 -m 256 -nodefaults -serial none -kernel %s "
                  "-device pxb-pcie,id=a,bus_nr=8 -device pcie-root-port,id=rp,bus=a,chassis=1 -device pxb-pcie,id=b,bus_nr=9", kernel);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/efi-handover/setup", test_setup);
    g_test_add_func("/efi-handover/reset", test_reset);
    g_test_add_func("/efi-handover/virtual-functions", test_virtual_functions);
    g_test_add_func("/efi-handover/only-when-needed", test_only_when_needed);
#ifdef CONFIG_HOSTSIM
    g_test_add_func("/efi-handover/accelerated", test_accelerated);
#endif
    g_test_add_func("/efi-handover/no-bus-number", test_no_bus_number);
    return g_test_run();
}
