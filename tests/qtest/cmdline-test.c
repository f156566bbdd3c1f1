/*
 * Wrong uses of the command line: exit status 1 and one sentence that names
 * the option. Helpful ones: exit status 0 and a list.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
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
    { "-M virt -device arm-smmuv3,nosuch=1,primary-bus=pcie.0", "'arm-smmuv3' has no property 'nosuch'" },
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
    { "-M virt -object acpi-generic-initiator,id=g,node=1", "'pci-dev' must be given" },
    { "-M virt -object acpi-generic-initiator,id=g,pci-dev=rp", "'node' must be given" },
    { "-M virt -object acpi-generic-initiator,id=g,pci-dev=rp,node=128", "node" },
    { "-M virt -object acpi-generic-initiator,id=g,pci-dev=rp,node=0", "pci-dev=rp is not the id of a PCI device" },
    { "-M virt -device pcie-root-port,id=rp -object acpi-generic-initiator,id=g,pci-dev=rp,node=0", "no -numa node,nodeid=0" },
    { "-M virt,hmat=on -m 128 -object memory-backend-ram,id=m,size=128M -numa node,cpus=0,memdev=m -numa node "
      "-numa hmat-lb,initiator=1,target=0,hierarchy=memory,data-type=access-latency,latency=1", "neither CPUs nor an acpi-generic-initiator" },
};

static void wrong_use(gconstpointer data)
{
    const WrongUse *w = data;

    qtest_refused(w->says, "%s -nodefaults %s", strstr(w->args, "-accel") ? "" : "-accel qtest", w->args);
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

static bool ends_soon(pid_t pid)
{
    for (int i = 0; i < 3000 && kill(pid, 0) == 0; i++) {
        g_usleep(10000);
    }
    return kill(pid, 0) != 0;
}

/* Returns once the emulator answers there: all of its start-up is behind it. */
static void wait_for_greeting(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    char c;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    for (int i = 0; i < 3000 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)); i++) {
        g_usleep(10000);
    }
    g_assert_cmpint(read(fd, &c, 1), ==, 1);
    close(fd);
}

/* A shell that starts the emulator, tells its process id, and waits to be killed. */
static pid_t start_below_a_shell(GPid *shell, const char *socket_path, const char *args)
{
    g_autofree char *script = g_strdup_printf("%s -accel qtest -M none -S -nodefaults -display none -qmp unix:%s,server=on,wait=off %s & "
                                              "echo $!; exec sleep 1000", qtest_binary(), socket_path, args);
    char *argv[] = { (char *)"sh", (char *)"-c", script, NULL }, text[32] = "";
    int out;

    g_assert_true(g_spawn_async_with_pipes(NULL, argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, shell, NULL, &out, NULL, NULL));
    g_assert_cmpint(read(out, text, sizeof(text) - 1), >, 0);
    wait_for_greeting(socket_path);
    close(out);
    return atoi(text);
}

/* Also as another user: changing it makes the kernel forget who was to be told. */
static void test_exit_with_parent(void)
{
    g_autofree char *path = g_build_filename(qtest_tmpdir(), "parent.qmp", NULL);
    GPid shell;
    pid_t pid = start_below_a_shell(&shell, path, getuid() ? "-run-with exit-with-parent=on" : "-run-with exit-with-parent=on,user=65534:65534");

    kill(shell, SIGKILL);
    g_assert_true(ends_soon(pid));
}

static pid_t only_child_of(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/children", pid, pid), *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return atoi(text);
}

static void test_async_teardown(void)
{
    g_autofree char *path = g_build_filename(qtest_tmpdir(), "teardown.qmp", NULL), *fds = NULL;
    GPid shell;
    pid_t pid = start_below_a_shell(&shell, path, "-run-with async-teardown=on"), helper = only_child_of(pid);
    g_autoptr(GDir) open_files = NULL;

    g_assert_cmpint(helper, >, 0);
    fds = g_strdup_printf("/proc/%d/fd", helper);
    open_files = g_dir_open(fds, 0, NULL);
    g_assert_null(g_dir_read_name(open_files));        /* a socket held open would outlive us too */
    kill(helper, SIGTERM);                             /* it does not go before us */
    g_usleep(10000);
    g_assert_cmpint(kill(helper, 0), ==, 0);
    kill(pid, SIGKILL);
    g_assert_true(ends_soon(helper));
    kill(shell, SIGKILL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cmdline/firmware-dir", test_firmware_dir);
    g_test_add_func("/cmdline/exit-with-parent", test_exit_with_parent);
    g_test_add_func("/cmdline/async-teardown", test_async_teardown);
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
