/*
 * Virtio serial ports: what comes and goes over the control queues, bytes both
 * ways, flow control, ports that are plugged and pulled, `testdev`.
 *
 * Run against another emulator (QTEST_PEER set) it does the part that both
 * must answer alike.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <linux/virtio_console.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include "virtio-helpers.h"

enum { CONTROL_IN = 2, CONTROL_OUT = 3 };
#define FEATURES (F(VIRTIO_F_VERSION_1) | F(VIRTIO_CONSOLE_F_MULTIPORT))

typedef struct Ports {
    QTestState *t;
    VDev v;
    VQueue *control_in, *control_out, *in, *out;        /* in, out: of port 1 */
    uint64_t buffers[16];
    unsigned ids[16], next;             /* control messages arrive in the order of their buffers */
} Ports;

static const char *const devices[] = {
    "virtio-serial-pci,bus=pcie.0,addr=1,id=vs",
    "virtio-serial-device,bus=virtio-mmio-bus.0,id=vs -global virtio-mmio.force-legacy=false",
    "virtio-serial-pci,bus=pcie.0,addr=1,id=vs,packed=on",
};

static Ports *ports_start(const char *device, const char *rest)
{
    Ports *p = g_new0(Ports, 1);

    p->t = qtest_init(VIRT_ARGS "-device %s %s", device, rest);
    if (strstr(device, "pci")) {
        vdev_init_pci(&p->v, p->t, 0, 1);
    } else {
        vdev_init_mmio(&p->v, p->t, 0);
    }
    vdev_start(&p->v, FEATURES | (strstr(device, "packed") ? F(VIRTIO_F_RING_PACKED) : 0));
    p->control_in = vqueue_new(&p->v, CONTROL_IN, 32);
    p->control_out = vqueue_new(&p->v, CONTROL_OUT, 32);
    p->in = vqueue_new(&p->v, 4, 8);
    p->out = vqueue_new(&p->v, 5, 8);
    vdev_driver_ok(&p->v);
    for (unsigned i = 0; i < ARRAY_SIZE(p->buffers); i++) {
        p->buffers[i] = vdev_alloc(&p->v, 64);
        p->ids[i] = vqueue_add(p->control_in, (VBuf[]) { { p->buffers[i], 64, true } }, 1);
    }
    vqueue_kick(p->control_in);
    return p;
}

static void ports_stop(Ports *p)
{
    vdev_free(&p->v);
    qtest_quit(p->t);
    g_free(p);
}

static void say(Ports *p, uint32_t id, uint16_t event, uint16_t value)
{
    struct virtio_console_control m = { htole32(id), htole16(event), htole16(value) };
    uint64_t at = vdev_alloc(&p->v, sizeof(m));

    qtest_memwrite(p->t, at, &m, sizeof(m));
    unsigned n = vqueue_add(p->control_out, (VBuf[]) { { at, sizeof(m), false } }, 1);
    vqueue_kick(p->control_out);
    vqueue_wait(p->control_out, n);
}

/* The next message must be this one; returns its length. */
static uint32_t hear(Ports *p, uint32_t id, uint16_t event, uint16_t value)
{
    struct virtio_console_control m;
    uint32_t len = vqueue_wait(p->control_in, p->ids[p->next]);

    qtest_memread(p->t, p->buffers[p->next++], &m, sizeof(m));
    g_assert_cmpuint(le32toh(m.id), ==, id);
    g_assert_cmpuint(le16toh(m.event), ==, event);
    g_assert_cmpuint(le16toh(m.value), ==, value);
    return len;
}

/* The handshake of a driver for port 1 alone. */
static void open_port_1(Ports *p)
{
    say(p, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
    hear(p, 1, VIRTIO_CONSOLE_PORT_ADD, 1);
    say(p, 1, VIRTIO_CONSOLE_PORT_READY, 1);
    hear(p, 1, VIRTIO_CONSOLE_PORT_NAME, 1);
    hear(p, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
    say(p, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
}

static int connect_to(const char *path)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    g_strlcpy(a.sun_path, path, sizeof(a.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&a, sizeof(a)), ==, 0);
    return fd;
}

static void read_all(int fd, char *buf, size_t n)
{
    while (n) {
        ssize_t got = read(fd, buf, n);

        g_assert_cmpint(got, >, 0);
        buf += got;
        n -= got;
    }
}

/* --- What both must answer alike -------------------------------------------------------------- */

static void test_ports(gconstpointer device)
{
    Ports *p = ports_start(device, "-chardev null,id=a -chardev null,id=b -device virtconsole,chardev=a "
                           "-device virtserialport,chardev=b,name=org.test.1,id=p1");
    char name[11];

    g_assert_cmphex(vdev_offered(&p->v) & 0xff, ==, F(VIRTIO_CONSOLE_F_MULTIPORT) | F(VIRTIO_CONSOLE_F_EMERG_WRITE));
    g_assert_cmpuint(qtest_readl(p->t, p->v.device + offsetof(struct virtio_console_config, max_nr_ports)), ==, 31);
    vqueue_select(&p->v, 64);
    g_assert_cmpuint(vqueue_max(&p->v), ==, 0);
    say(p, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
    hear(p, 0, VIRTIO_CONSOLE_PORT_ADD, 1);
    hear(p, 1, VIRTIO_CONSOLE_PORT_ADD, 1);
    say(p, 0, VIRTIO_CONSOLE_PORT_READY, 1);
    hear(p, 0, VIRTIO_CONSOLE_CONSOLE_PORT, 1);
    say(p, 9, VIRTIO_CONSOLE_PORT_READY, 1);            /* there is no such port */
    say(p, ~0U, VIRTIO_CONSOLE_PORT_OPEN, 1);
    ports_stop(p);
    p = ports_start(device, "-chardev ringbuf,id=b -device virtserialport,chardev=b,name=org.test.1,id=p1");
    say(p, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
    hear(p, 1, VIRTIO_CONSOLE_PORT_ADD, 1);
    say(p, 1, VIRTIO_CONSOLE_PORT_READY, 1);
    g_assert_cmpuint(hear(p, 1, VIRTIO_CONSOLE_PORT_NAME, 1), ==, 8 + 11);
    qtest_memread(p->t, p->buffers[p->next - 1] + 8, name, 11);
    g_assert_cmpstr(name, ==, "org.test.1");
    ports_stop(p);
}

static void test_bytes(gconstpointer device)
{
    g_autofree char *path = g_build_filename(qtest_tmpdir(), "port", NULL);
    g_autofree char *rest = g_strdup_printf("-chardev socket,id=b,path=%s,server=on,wait=off -device virtserialport,chardev=b,name=n,id=p1", path);
    Ports *p = ports_start(device, rest);
    uint64_t a = vdev_alloc(&p->v, 64), b = vdev_alloc(&p->v, 64);
    char text[64];
    unsigned n[2];
    int fd = connect_to(path);

    json_decref(qtest_qmp_return(p->t, "{'execute': 'query-chardev'}"));     /* the connection has been taken */
    open_port_1(p);
    qtest_memwrite(p->t, a, "hello ", 6);
    qtest_memwrite(p->t, b, "world", 5);
    n[0] = vqueue_add(p->out, (VBuf[]) { { a, 6, false }, { b, 5, false } }, 2);
    vqueue_kick(p->out);
    g_assert_cmpuint(vqueue_wait(p->out, n[0]), ==, 0);
    read_all(fd, text, 11);
    g_assert_cmpmem(text, 11, "hello world", 11);
    /* What comes before there are buffers waits for them. */
    g_assert_cmpint(write(fd, "0123456789", 10), ==, 10);
    g_usleep(20000);
    n[0] = vqueue_add(p->in, (VBuf[]) { { a, 6, true } }, 1);
    n[1] = vqueue_add(p->in, (VBuf[]) { { b, 2, true }, { b + 32, 30, true } }, 2);
    vqueue_kick(p->in);
    g_assert_cmpuint(vqueue_wait(p->in, n[0]), ==, 6);
    g_assert_cmpuint(vqueue_wait(p->in, n[1]), ==, 4);
    qtest_memread(p->t, a, text, 6);
    qtest_memread(p->t, b, text + 6, 2);
    qtest_memread(p->t, b + 32, text + 8, 2);
    g_assert_cmpmem(text, 10, "0123456789", 10);
    /* The other end leaves, and comes back. */
    close(fd);
    hear(p, 1, VIRTIO_CONSOLE_PORT_OPEN, 0);
    fd = connect_to(path);
    hear(p, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
    close(fd);
    ports_stop(p);
}

/* A reader that does not read: the guest's buffers stay, and all of it arrives in the end. */
static void test_flow(gconstpointer device)
{
    enum { CHUNK = 64 * 1024, CHUNKS = 8 };
    g_autofree char *path = g_build_filename(qtest_tmpdir(), "port", NULL), *got = g_malloc(CHUNK * CHUNKS);
    g_autofree char *rest = g_strdup_printf("-chardev socket,id=b,path=%s,server=on,wait=off -device virtserialport,chardev=b,name=n,id=p1", path);
    Ports *p = ports_start(device, rest);
    unsigned n[CHUNKS], done = 0;
    uint32_t len;
    int fd = connect_to(path);

    json_decref(qtest_qmp_return(p->t, "{'execute': 'query-chardev'}"));
    open_port_1(p);
    for (unsigned i = 0; i < CHUNKS; i++) {
        uint64_t at = vdev_alloc(&p->v, CHUNK);

        qtest_memset(p->t, at, 'a' + i, CHUNK);
        n[i] = vqueue_add(p->out, (VBuf[]) { { at, CHUNK, false } }, 1);
    }
    vqueue_kick(p->out);
    g_usleep(50000);
    while (done < CHUNKS && vqueue_done(p->out, n[done], &len)) {
        done++;
    }
    g_assert_cmpuint(done, <, CHUNKS);
    read_all(fd, got, CHUNK * CHUNKS);
    for (unsigned i = 0; i < CHUNKS; i++) {
        g_assert_cmpint(got[i * CHUNK], ==, 'a' + i);
        g_assert_cmpint(got[i * CHUNK + CHUNK - 1], ==, 'a' + i);
    }
    for (; done < CHUNKS; done++) {
        g_assert_cmpuint(vqueue_wait(p->out, n[done]), ==, 0);
    }
    close(fd);
    ports_stop(p);
}

static void test_hotplug(gconstpointer device)
{
    Ports *p = ports_start(device, "-chardev null,id=b");

    say(p, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
    for (unsigned i = 0; i < 3; i++) {
        json_decref(qtest_qmp_return(p->t, "{'execute': 'device_add', 'arguments': {'driver': 'virtserialport', 'bus': 'vs.0', 'id': 'p1', 'chardev': 'b'}}"));
        hear(p, 1, VIRTIO_CONSOLE_PORT_ADD, 1);
        say(p, 1, VIRTIO_CONSOLE_PORT_READY, 1);
        hear(p, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
        say(p, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
        json_decref(qtest_qmp_event(p->t, "VSERPORT_CHANGE"));
        json_decref(qtest_qmp_return(p->t, "{'execute': 'device_del', 'arguments': {'id': 'p1'}}"));
        json_decref(qtest_qmp_event(p->t, "DEVICE_DELETED"));
        hear(p, 1, VIRTIO_CONSOLE_PORT_REMOVE, 1);
    }
    ports_stop(p);
}

/* --- Ours ------------------------------------------------------------------------------------------- */

/* A reset with bytes of the guest still in our hands, and its buffers too. */
static void test_reset(gconstpointer device)
{
    g_autofree char *path = g_build_filename(qtest_tmpdir(), "port", NULL);
    g_autofree char *rest = g_strdup_printf("-chardev socket,id=b,path=%s,server=on,wait=off -device virtserialport,chardev=b,name=n,id=p1", path);
    Ports *p = ports_start(device, rest);
    uint64_t at = vdev_alloc(&p->v, 1 * MiB);
    int fd = connect_to(path);

    json_decref(qtest_qmp_return(p->t, "{'execute': 'query-chardev'}"));
    open_port_1(p);
    vqueue_add(p->out, (VBuf[]) { { at, 1 * MiB, false } }, 1);
    vqueue_kick(p->out);
    vqueue_add(p->in, (VBuf[]) { { at, 64, true } }, 1);
    vqueue_kick(p->in);
    vdev_set_status(&p->v, 0);
    g_assert_cmphex(vdev_status(&p->v), ==, 0);
    g_assert_cmpint(write(fd, "x", 1), ==, 1);
    json_decref(qtest_qmp_return(p->t, "{'execute': 'device_del', 'arguments': {'id': 'p1'}}"));
    json_decref(qtest_qmp_event(p->t, "DEVICE_DELETED"));
    close(fd);
    ports_stop(p);
}

/* A driver of one port only, without control queues; and characters without any driver. */
static void test_console(gconstpointer device)
{
    g_autofree char *log = g_build_filename(qtest_tmpdir(), "log", NULL), *said = NULL;
    QTestState *t = qtest_init(VIRT_ARGS "-chardev file,id=a,path=%s -device %s -device virtconsole,chardev=a", log, (const char *)device);
    VDev v;
    VQueue *out;
    uint64_t at;

    if (strstr(device, "pci")) {
        vdev_init_pci(&v, t, 0, 1);
    } else {
        vdev_init_mmio(&v, t, 0);
    }
    vdev_start(&v, F(VIRTIO_F_VERSION_1) | (strstr(device, "packed") ? F(VIRTIO_F_RING_PACKED) : 0));
    out = vqueue_new(&v, 1, 8);
    vdev_driver_ok(&v);
    at = vdev_alloc(&v, 8);
    qtest_memwrite(t, at, "console", 7);
    unsigned n = vqueue_add(out, (VBuf[]) { { at, 7, false } }, 1);
    vqueue_kick(out);
    vqueue_wait(out, n);
    qtest_writel(t, v.device + offsetof(struct virtio_console_config, emerg_wr), '!');
    vdev_free(&v);
    qtest_quit(t);
    g_assert_true(g_file_get_contents(log, &said, NULL, NULL));
    g_assert_cmpstr(said, ==, "console!");
}

/* As guests that are test programs end the run. */
static void test_testdev(void)
{
    int pair[2], status;
    pid_t pid;
    const char *binary = qtest_binary();

    g_assert_cmpint(pipe(pair), ==, 0);
    pid = fork();
    if (!pid) {
        dup2(pair[0], 0);
        dup2(2, 1);                     /* answers are no TAP */
        execl(binary, binary, "-accel", "qtest", "-M", "virt", "-nodefaults", "-display", "none", "-chardev", "testdev,id=ctd",
              "-device", "virtio-serial-device", "-device", "virtconsole,chardev=ctd", "-qtest", "stdio", "-qtest-log", "none", NULL);
        _exit(127);
    }
    /* The console's emergency write needs no driver; the last of 32 transports has the device. */
    for (const char *s = "21q"; *s; s++) {
        dprintf(pair[1], "writel 0x%x 0x%x\n", VIRTIO0 + 31 * VIRTIO_MMIO_SIZE + 0x108, *s);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 21 << 1 | 1);
    close(pair[0]);
    close(pair[1]);
}

static const struct { const char *args, *says; } wrong[] = {
    { "-device virtserialport", "no virtio-serial-bus bus" },
    { "-device virtio-serial-pci,max_ports=0", "max_ports" },
    { "-device virtio-serial-pci,max_ports=512", "max_ports" },
    { "-device virtio-serial-pci -device virtserialport,nr=0", "nr=0" },
    { "-device virtio-serial-pci,max_ports=4 -device virtserialport,nr=4", "max_ports=4" },
    { "-device virtio-serial-pci -device virtserialport,nr=2 -device virtserialport,nr=2", "nr=2" },
    { "-device virtio-serial-pci -device virtserialport,name=a -device virtserialport,name=a", "'a'" },
    { "-device virtio-serial-pci,max_ports=1 -device virtserialport", "no free port" },
    { "-device virtio-blk-pci", "drive" },
    { "-drive if=none,id=d,file=null-co://,format=raw -device virtio-blk-pci,drive=d,num-queues=0", "num-queues" },
    { "-drive if=none,id=d,file=null-co://,format=raw -device virtio-blk-pci,drive=d,queue-size=3", "queue-size" },
    { "-drive if=none,id=d,file=null-co://,format=raw -device virtio-blk-pci,drive=d,logical_block_size=513", "logical_block_size" },
    { "-drive if=none,id=d,file=null-co://,format=raw -device virtio-blk-pci,drive=d -device virtio-blk-device,drive=d", "another device" },
    { "-drive if=none,id=d,file=null-co://,format=raw -device virtio-blk-pci,drive=d,iothread=nothere", "nothere" },
};

static void test_wrong(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        qtest_refused(wrong[i].says, VIRT_RUN_ARGS "%s", wrong[i].args);
    }
}

/* Two interrupts, whatever the ports; one for each port when asked to decide. */
static void test_vectors(void)
{
    static const struct { const char *more; unsigned vectors; } rows[] = {
        { "", 2 }, { ",max_ports=4", 2 }, { ",vectors=4", 4 }, { ",vectors=4294967295", 32 }, { ",vectors=4294967295,max_ports=511", 512 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        QTestState *t = qtest_init(VIRT_ARGS "-device virtio-serial-pci,bus=pcie.0,addr=1%s", rows[i].more);
        uint16_t flags = qtest_readw(t, cfg(0, 1, 0, find_cap(t, 0, 1, PCI_CAP_ID_MSIX) + PCI_MSIX_FLAGS));

        g_assert_cmpuint((flags & PCI_MSIX_FLAGS_QSIZE) + 1, ==, rows[i].vectors);
        qtest_quit(t);
    }
}

static const struct { const char *name; GTestDataFunc fn; bool common; } tests[] = {
    { "ports", test_ports, true },
    /* the peer, whose machine stands, moves no bytes */
    { "bytes", test_bytes, false }, { "flow", test_flow, false }, { "hotplug", test_hotplug, false },
    { "reset", test_reset, false }, { "console", test_console, false },
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(devices) * ARRAY_SIZE(tests); i++) {
        size_t d = i / ARRAY_SIZE(tests), k = i % ARRAY_SIZE(tests);
        g_autofree char *path = g_strdup_printf("/virtio-serial/%s/%s", d == 0 ? "pci" : d == 1 ? "mmio" : "packed", tests[k].name);

        if (tests[k].common || !g_getenv("QTEST_PEER")) {
            g_test_add_data_func(path, devices[d], tests[k].fn);
        }
    }
    g_test_add_func("/virtio-serial/vectors", test_vectors);
    if (!g_getenv("QTEST_PEER")) {
        g_test_add_func("/virtio-serial/testdev", test_testdev);
        g_test_add_func("/virtio-serial/wrong", test_wrong);
    }
    return g_test_run();
}
