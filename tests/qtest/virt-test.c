/*
 * The `virt` machine: small devices that are always there, the power button
 * by GED, its options, and places for SMMUs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virt-helpers.h"

static void test_virtio_transports(void)
{
    QTestState *t = qtest_init(VIRT_ARGS);

    for (int i = 0; i < 32; i++) {
        uint64_t base = VIRTIO0 + i * 0x200;
        g_assert_cmphex(qtest_readl(t, base), ==, 0x74726976);
        g_assert_cmphex(qtest_readl(t, base + 4), ==, 1);
        g_assert_cmphex(qtest_readl(t, base + 8), ==, 0);
        g_assert_cmphex(qtest_readl(t, base + 12), ==, 0x554d4551);
        for (int reg = 0; reg < 0x200; reg += 4) {
            qtest_writel(t, base + reg, 0xffffffff);
            qtest_readb(t, base + reg);
        }
        g_assert_cmphex(qtest_readl(t, base + 0x70), ==, 0);
    }
    qtest_quit(t);
}

static void test_fewer_transports(void)
{
    QTestState *t = qtest_init(VIRT_ARGS "-machine virtio-mmio-transports=1");

    g_assert_cmphex(qtest_readl(t, VIRTIO0), ==, 0x74726976);
    g_assert_cmphex(qtest_readl(t, VIRTIO0 + 0x200), ==, 0);
    qtest_quit(t);
}

static char *make_firmware(void)
{
    char *path = g_build_filename(qtest_tmpdir(), "fw", NULL);
    g_assert_true(g_file_set_contents(path, "firmware", 8, NULL));
    return path;
}

static void press(QTestState *t)
{
    json_decref(qtest_qmp_return(t, "{'execute': 'system_powerdown'}"));
    json_decref(qtest_qmp_event(t, "POWERDOWN"));
}

static void test_ged(void)
{
    g_autofree char *fw = make_firmware();
    QTestState *t = qtest_init(VIRT_ARGS "-bios %s", fw);
    char text[8];

    intercept_gic(t);
    qtest_memread(t, FLASH0, text, 8);
    g_assert_cmpmem(text, 8, "firmware", 8);
    g_assert_cmphex(qtest_readl(t, GED), ==, 0);
    press(t);
    g_assert_true(qtest_get_irq(t, SPI_GED));
    g_assert_cmphex(qtest_readb(t, GED), ==, 0);           /* takes nothing */
    g_assert_true(qtest_get_irq(t, SPI_GED));
    g_assert_cmphex(qtest_readl(t, GED), ==, 2);
    g_assert_false(qtest_get_irq(t, SPI_GED));
    g_assert_cmphex(qtest_readl(t, GED), ==, 0);
    g_assert_cmphex(qtest_readl(t, GPIO + 0xfe0), ==, 0);  /* no PL061 beside it */
    press(t);
    json_decref(qtest_qmp_return(t, "{'execute': 'system_reset'}"));
    json_decref(qtest_qmp_event(t, "RESET"));
    g_assert_false(qtest_get_irq(t, SPI_GED));
    qtest_quit(t);
}

/* ACPI without firmware: a GED for the tables, and still the GPIO of the device tree. */
static void test_ged_without_firmware(void)
{
    g_autofree char *kernel = g_build_filename(qtest_tmpdir(), "Image", NULL);
    uint8_t image[4096] = { 0 };
    QTestState *t;

    stq_le_p(image + 8, 0x80000);               /* text offset */
    stq_le_p(image + 16, sizeof(image));        /* image size */
    memcpy(image + 56, "ARM\x64", 4);
    g_assert_true(g_file_set_contents(kernel, (char *)image, sizeof(image), NULL));
    t = qtest_init(VIRT_ARGS "-machine acpi=on -kernel %s", kernel);
    intercept_gic(t);
    press(t);
    g_assert_true(qtest_get_irq(t, SPI_GED));
    g_assert_cmphex(qtest_readl(t, GED), ==, 2);
    g_assert_cmphex(qtest_readl(t, GPIO + 0xfe0), ==, 0x61);
    qtest_quit(t);
}

static void test_no_acpi_no_ged(void)
{
    g_autofree char *fw = make_firmware();
    QTestState *t = qtest_init(VIRT_ARGS "-machine acpi=off -bios %s", fw);

    g_assert_cmphex(qtest_readl(t, GPIO + 0xfe0), ==, 0x61);
    qtest_quit(t);
}

/* The tree is where a kernel or firmware looks, and comes back at reset. */
static void test_tree_in_ram(void)
{
    QTestState *t = qtest_init(VIRT_ARGS);

    g_assert_cmphex(qtest_readl(t, RAM), ==, 0xedfe0dd0);
    qtest_writel(t, RAM, 0);
    json_decref(qtest_qmp_return(t, "{'execute': 'system_reset'}"));
    json_decref(qtest_qmp_event(t, "RESET"));
    g_assert_cmphex(qtest_readl(t, RAM), ==, 0xedfe0dd0);
    qtest_quit(t);
}

/* Every device window of the map, at any address and size: nothing breaks, and the small devices still answer. */
static void test_any_access(void)
{
    static const struct { uint64_t base, size; } windows[] = {
        { FLASH0, 0x80000 }, { FLASH1 + 0x3fc0000, 0x40000 }, { 0x08000000, 0x200000 }, { UART0, 0x60000 }, { GED, 0x20000 }, { VIRTIO0, 0x4000 },
        { PLATFORM_BUS, 0x40000 }, { 0x10000000, 0x100000 }, { 0x3eff0000, 0x20000 }, { 0x4000000000, 0x200000 }, { 0x4010000000, 0x200000 },
        { 0x8000000000, 0x100000 },
    };
    QTestState *t = qtest_init(VIRT_ARGS "-serial null -serial null -device arm-smmuv3,primary-bus=pcie.0");
    GRand *r = g_rand_new_with_seed(20);

    for (int i = 0; i < 20000; i++) {
        int w = g_rand_int_range(r, 0, G_N_ELEMENTS(windows)), size = 1 << g_rand_int_range(r, 0, 4);
        uint64_t addr = windows[w].base + g_rand_int_range(r, 0, windows[w].size - 8);
        uint64_t value = (uint64_t)g_rand_int(r) << 32 | g_rand_int(r);

        addr &= g_rand_int_range(r, 0, 8) ? ~(uint64_t)(size - 1) : ~0ULL;      /* some unaligned */
        if (g_rand_boolean(r)) {
            qtest_memwrite(t, addr, &value, size);
        } else {
            qtest_memread(t, addr, &value, size);
        }
    }
    g_rand_free(r);
    g_assert_cmphex(qtest_readl(t, UART0 + 0xfe0), ==, 0x11);
    g_assert_cmphex(qtest_readl(t, RTC + 0xfe0), ==, 0x31);
    g_assert_cmphex(qtest_readl(t, VIRTIO0), ==, 0x74726976);
    qtest_quit(t);
}

/* --- SMMUs ------------------------------------------------------------------------ */

/* SMMU_IDR0 has stage 1 or 2 in its lowest bits. */
static void check_smmu(QTestState *t, uint64_t base)
{
    g_assert_cmphex(qtest_readl(t, base) & 3, !=, 0);
}

static void test_smmu_places(void)
{
    g_autoptr(GString) args = g_string_new(VIRT_ARGS "-device arm-smmuv3,primary-bus=pcie.0");
    enum { N = 64 };
    QTestState *t;

    for (int i = 1; i < N; i++) {
        g_string_append_printf(args, " -device pxb-pcie,id=p%d,bus_nr=%d,bus=pcie.0,addr=%x.%x,multifunction=on -device arm-smmuv3,primary-bus=p%d",
                               i, i * 3, 2 + (i - 1) / 8, (i - 1) % 8, i);
    }
    t = qtest_init("%s", args->str);
    for (int i = 0; i < N; i++) {
        check_smmu(t, PLATFORM_BUS + i * 0x20000);
    }
    g_assert_cmphex(qtest_readl(t, PLATFORM_BUS + N * 0x20000), ==, 0);
    qtest_quit(t);
}

static void test_smmu_machine(void)
{
    QTestState *t = qtest_init(VIRT_ARGS "-machine iommu=smmuv3");

    check_smmu(t, 0x09050000);
    qtest_quit(t);
}

/* --- options ------------------------------------------------------------------------ */

static const struct { const char *args, *says; } wrong[] = {
    { "-machine secure=on", "secure=on" },
    { "-machine virtualization=on", "virtualization=on" },
    { "-machine mte=on", "mte=on" },
    { "-machine graphics=on", "graphics=on" },
    { "-machine shim=/boot/shim.efi", "shim" },
    { "-machine memory-encryption=sev0", "memory-encryption" },
    { "-machine gic-version=5", "gic-version=5" },
    { "-machine gic-version=4", "gic-version=4" },
    { "-machine msi=what", "msi=what" },
    { "-machine gic-version=2,msi=its", "msi=its" },
    { "-machine gic-version=2,its=on", "its=on" },
    { "-machine iommu=intel", "iommu=intel" },
    { "-machine highmem-mmio-size=3G", "highmem-mmio-size" },
    { "-machine highmem-mmio-size=-1", "highmem-mmio-size" },
    { "-machine highmem-mmio-size=768G", "highmem-mmio-size" },
    { "-machine x-oem-id=1234567", "x-oem-id" },
    { "-machine x-oem-table-id=123456789", "x-oem-table-id" },
    { "-machine virtio-mmio-transports=33", "virtio-mmio-transports" },
    { "-machine virtio-mmio-transports=x", "virtio-mmio-transports" },
    { "-machine highmem=maybe", "highmem" },
    { "-machine highmem=off -m 4G", "highmem=off" },
    { "-machine ras=on", "ras=on" },
    { "-machine gic-version=2 -smp 9", "gic-version=2" },
    { "-machine highmem-redists=off -smp 124", "highmem-redists=on" },
    { "-smp 600", "512" },
    { "-initrd /dev/null", "-kernel" },
    { "-append x", "-kernel" },
    { "-device arm-smmuv3", "primary-bus" },
    { "-device arm-smmuv3,primary-bus=pcie.0 -device arm-smmuv3,primary-bus=pcie.0", "pcie.0" },
    { "-machine iommu=smmuv3 -device arm-smmuv3,primary-bus=pcie.0", "iommu=smmuv3" },
    { "-device pcie-root-port,id=rp,chassis=1 -device arm-smmuv3,primary-bus=rp", "rp" },
    { "-device pl011", "not for users" },
    { "-dtb /does/not/exist", "-dtb" },
    { "-dtb /dev/null", "-dtb" },
    { "-machine dumpdtb=/does/not/exist", "dumpdtb" },
    { "-machine dumpdtb=/dev/full", "dumpdtb" },          /* a device stays one */
};

static void test_wrong_use(const void *data)
{
    const int i = GPOINTER_TO_INT(data);
    qtest_refused(wrong[i].says, VIRT_RUN_ARGS "%s", wrong[i].args);
}

static void test_switches(void)
{
    static const char *const fine[] = {
        "gic-version=2", "gic-version=max", "gic-version=host", "msi=gicv2m", "msi=off", "its=off", "highmem=off", "highmem-ecam=off", "highmem-mmio=off",
        "highmem-redists=off", "compact-highmem=off", "acpi=off", "acpi=on", "dtb-randomness=off", "default-bus-bypass-iommu=on,iommu=smmuv3",
        "secure=off,virtualization=off,mte=off", "x-oem-id=ABC,x-oem-table-id=DEF", "highmem-mmio-size=1T", "phandle-start=100", "dt-compatible=foo",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(fine); i++) {
        QTestState *t = qtest_init(VIRT_ARGS "-machine %s", fine[i]);
        qtest_quit(t);
    }
}

static void test_versions(void)
{
    static const char *const names[] = { "virt", "virt-11.1", "virt-11.0", "virt-10.2", "virt-10.1", "virt-10.0" };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        QTestState *t = qtest_init("-M %s -cpu cortex-a57 -nodefaults -display none", names[i]);
        g_assert_cmphex(qtest_readl(t, UART0 + 0xfe0), ==, 0x11);
        qtest_quit(t);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virt/virtio-transports", test_virtio_transports);
    g_test_add_func("/virt/fewer-transports", test_fewer_transports);
    g_test_add_func("/virt/ged", test_ged);
    g_test_add_func("/virt/ged-without-firmware", test_ged_without_firmware);
    g_test_add_func("/virt/no-acpi-no-ged", test_no_acpi_no_ged);
    g_test_add_func("/virt/tree-in-ram", test_tree_in_ram);
    g_test_add_func("/virt/any-access", test_any_access);
    g_test_add_func("/virt/smmu-places", test_smmu_places);
    g_test_add_func("/virt/smmu-machine", test_smmu_machine);
    g_test_add_func("/virt/switches", test_switches);
    g_test_add_func("/virt/versions", test_versions);
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *path = g_strdup_printf("/virt/wrong/%zu", i);
        g_test_add_data_func(path, GINT_TO_POINTER(i), test_wrong_use);
    }
    return g_test_run();
}
