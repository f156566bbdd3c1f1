/*
 * Wrong uses of the command line: exit status 1 and one sentence that names
 * the option. Helpful ones: exit status 0 and a list.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "libqtest.h"

typedef struct WrongUse {
    const char *args;
    const char *says;           /* part of the message */
} WrongUse;

static const WrongUse wrong_uses[] = {
    { "-nosuchoption", "-nosuchoption is not an option" },
    { "-vnc :1", "-vnc is not supported by Twostage" },
    { "disk.img", "'disk.img' is not an option" },
    { "-machine", "needs an argument" },
    { "-M nosuch", "no such machine" },
    { "-M virt,nosuch=1", "nosuch" },
    { "-M virt -cpu nosuch", "no such CPU model" },
    { "-M virt -accel nosuch", "nosuch" },
    { "-M virt -smp 0", "-smp 0: " },
    { "-M virt -smp 2,sockets=3", "-smp 2,sockets=3: " },
    { "-M virt -smp 100000", "-smp 100000: " },
    { "-M virt -smp cpus=abc", "cpus" },
    { "-M virt -m 0x", "m" },
    { "-M virt -m -1", "m" },
    { "-M virt -m 18446744073709551616", "m" },
    { "-M virt -m 12Q", "12Q" },
    { "-M virt -m 99999999T", "m" },
    { "-M virt -device nosuch", "nosuch" },
    { "-M virt -device arm-smmuv3,nosuch=1,primary-bus=pcie.0", "Property 'arm-smmuv3.nosuch' not found" },
    { "-M virt -device arm-smmuv3,primary-bus=nosuch", "nosuch" },
    { "-M virt -device pcie-root-port,chassis=1,id=a -device pcie-root-port,chassis=2,id=a", "a" },
    { "-M virt -device pcie-root-port,bus=nosuch", "nosuch" },
    { "-M virt -object nosuch,id=a", "-object nosuch,id=a: " },
    { "-M virt -object memory-backend-ram,id=a,size=0", "size" },
    { "-M virt -object memory-backend-ram,id=a,size=1M -object memory-backend-ram,id=a,size=1M", "a" },
    { "-M virt -object memory-backend-file,id=a,size=1M,mem-path=/nonexistent/x", "/nonexistent/x" },
    { "-M virt -chardev nosuch,id=a", "nosuch" },
    { "-M virt -chardev null", "id" },
    { "-M virt -serial nosuch:x", "nosuch" },
    { "-M virt -drive if=pflash,format=raw,file=/nonexistent", "/nonexistent" },
    { "-M virt -drive if=pflash,format=qcow2,file=/dev/null", "qcow2" },
    { "-M virt -kernel /nonexistent", "/nonexistent" },
    { "-M virt -uuid 1234", "-uuid" },
    { "-M virt -rtc base=yesterday", "-rtc" },
    { "-M virt -action reboot=explode", "reboot" },
    { "-M virt -display gtk", "-display" },
    { "-M virt -readconfig /nonexistent", "/nonexistent" },
    { "-M virt -device {\"driver\":", "JSON" },
    { "-M virt -mon chardev=nosuch", "nosuch" },
    { "-M virt -add-fd fd=999,set=1", "999" },
};

static void wrong_use(gconstpointer data)
{
    const WrongUse *w = data;
    g_autofree char *err = NULL;
    int status = qtest_run(&err, "%s -nodefaults %s", strstr(w->args, "-accel") ? "" : "-accel qtest", w->args);

    if (status != 1 || !strstr(err, w->says) || strstr(err, "Sanitizer")) {
        g_error("%s\n  exit status %d, expected 1 and '%s' in:\n%s", w->args, status, w->says, err);
    }
}

static const struct { const char *args, *says; } lists[] = {
    { "-help", "-device" },
    { "-version", "QEMU emulator version" },
    { "-M help", "virt " },
    { "-machine ?", "ARM Virtual Machine" },
    { "-M virt,help", "gic-version=<string>" },
    { "-device help", "name \"arm-smmuv3\"" },
    { "-device arm-smmuv3,help", "primary-bus=<link<PCI>>" },
    { "-device pcie-root-port,?", "chassis=<uint8>" },
    { "-object help", "memory-backend-ram" },
    { "-cpu help", "cortex-a57" },
    { "-chardev ?", "socket" },
    { "-accel help", "qtest" },
};

static void list_is_printed(gconstpointer data)
{
    size_t i = GPOINTER_TO_SIZE(data);
    g_autofree char *out = qtest_run_stdout("%s", lists[i].args);

    if (!strstr(out, lists[i].says)) {
        g_error("%s does not print '%s':\n%s", lists[i].args, lists[i].says, out);
    }
}

/* -bios finds a file in -L's directory, and what it loaded is at the reset vector. */
static void test_firmware_dir(void)
{
    g_autofree char *path = g_build_filename(qtest_tmpdir(), "fw.bin", NULL);
    QTestState *t;

    g_assert_true(g_file_set_contents(path, "FIRMWARE", 8, NULL));
    t = qtest_init("-M virt -nodefaults -L %s -bios fw.bin", qtest_tmpdir());
    g_assert_cmphex(qtest_readl(t, 0), ==, ldl_le_p("FIRM"));
    qtest_quit(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cmdline/firmware-dir", test_firmware_dir);
    for (size_t i = 0; i < ARRAY_SIZE(wrong_uses); i++) {
        g_autofree char *name = g_strdup_printf("/cmdline/wrong/%zu", i);
        g_test_add_data_func(name, &wrong_uses[i], wrong_use);
    }
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        g_autofree char *name = g_strdup_printf("/cmdline/list/%zu", i);
        g_test_add_data_func(name, GSIZE_TO_POINTER(i), list_is_printed);
    }
    return g_test_run();
}
