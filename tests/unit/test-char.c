/*
 * Character devices: each backend against the far side that a host gives it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include "chardev/char.h"
#include "util/main-loop.h"
#include "util/options.h"

/* --- A frontend that keeps what it hears ---------------------------------------- */

typedef struct Ear {
    CharBackend be;
    GString *heard;
    int room;                   /* what it takes; -1: all */
    unsigned opened, closed, breaks, in, out, writables;
} Ear;

static int ear_can_read(void *opaque)
{
    return ((Ear *)opaque)->room < 0 ? 4096 : ((Ear *)opaque)->room;
}

static void ear_read(void *opaque, const uint8_t *buf, int size)
{
    Ear *e = opaque;

    g_string_append_len(e->heard, (const char *)buf, size);
    e->room -= e->room < 0 ? 0 : size;
}

static void ear_event(void *opaque, ChrEvent event)
{
    Ear *e = opaque;

    switch (event) {
    case CHR_EVENT_OPENED: e->opened++; break;
    case CHR_EVENT_CLOSED: e->closed++; break;
    case CHR_EVENT_BREAK: e->breaks++; break;
    case CHR_EVENT_MUX_IN: e->in++; break;
    case CHR_EVENT_MUX_OUT: e->out++; break;
    }
}

static void ear_writable(void *opaque)
{
    ((Ear *)opaque)->writables++;
}

static void listen_to(Ear *e, Chardev *chr)
{
    *e = (Ear) { .heard = g_string_new(NULL), .room = -1 };
    g_assert_true(qemu_chr_fe_init(&e->be, chr, &error_abort));
    qemu_chr_fe_set_handlers(&e->be, ear_can_read, ear_read, ear_event, e, true);
}

static void stop(Ear *e)
{
    qemu_chr_fe_deinit(&e->be, false);
    g_string_free(e->heard, true);
}

/* Turns the loop until @cond, or fails after five seconds. */
#define WAIT_FOR(cond) do { \
    gint64 end_ = g_get_monotonic_time() + 5000000; \
    while (!(cond)) { \
        g_assert_cmpint(g_get_monotonic_time(), <, end_); \
        main_loop_wait(true); \
        g_usleep(500); \
    } \
} while (0)

static Chardev *make(const char *text)
{
    return qemu_chr_new_from_opts(options_parse(text, "backend", NULL, &error_abort), &error_abort);
}

static void refused(const char *text, const char *why)
{
    Error *err = NULL;

    g_assert_null(qemu_chr_new_from_opts(options_parse(text, "backend", NULL, &error_abort), &err));
    g_assert_nonnull(strstr(error_get_pretty(err), why));
    error_free(err);
}

static void gone(const char *id)
{
    g_assert_true(qemu_chr_delete(id, &error_abort));
}

static char *dir;
static char *path_of(const char *name)
{
    return g_strdup_printf("%s/%s", dir, name);
}

/* --- Tests ------------------------------------------------------------------------- */

static void test_names(void)
{
    Error *err = NULL;
    Ear e, f = { 0 };
    Chardev *chr = make("null,id=n0");

    g_assert_cmpstr(chr->filename, ==, "null");
    g_assert_true(qemu_chr_find("n0") == chr);
    refused("null,id=n0", "already");
    refused("null", "needs id=");
    refused("nope,id=x", "no chardev backend");
    refused("null,id=x,colour=red", "colour");
    refused("fd,id=x", "no chardev backend");
    listen_to(&e, chr);
    g_assert_cmpuint(e.opened, ==, 1);
    g_assert_false(qemu_chr_fe_init(&f.be, chr, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "has a user already"));
    g_clear_pointer(&err, error_free);
    g_assert_false(qemu_chr_delete("n0", &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "in use"));
    g_clear_pointer(&err, error_free);
    g_assert_null(qemu_chr_new("s0", "chardev:nobody", false, &err));
    g_clear_pointer(&err, error_free);
    g_assert_null(qemu_chr_new("s0", "mon:null", false, &err));
    g_clear_pointer(&err, error_free);
    g_assert_null(qemu_chr_new("s0", "warp:9", false, &err));
    g_clear_pointer(&err, error_free);
    g_assert_true(qemu_chr_new("s0", "chardev:n0", false, &error_abort) == chr);
    stop(&e);
    gone("n0");
}

static void test_ringbuf(void)
{
    Chardev *chr = make("memory,id=r,size=8");
    uint8_t *got;
    size_t n;
    Ear e;

    listen_to(&e, chr);
    qemu_chr_fe_write_all(&e.be, (const uint8_t *)"0123456789", 10);
    got = qemu_chr_ringbuf_read(chr, 5, &n, &error_abort);
    g_assert_cmpstr((char *)got, ==, "23456");
    g_free(got);
    got = qemu_chr_ringbuf_read(chr, 100, &n, &error_abort);
    g_assert_cmpstr((char *)got, ==, "789");
    g_free(got);
    stop(&e);
    gone("r");
    refused("ringbuf,id=r,size=7", "power of two");
    refused("ringbuf,id=r,size=0", "power of two");
}

static void test_file_and_log(void)
{
    g_autofree char *path = path_of("out"), *log = path_of("log"), *input = path_of("in"), *text = NULL;
    g_autofree char *spec = g_strdup_printf("file,id=f,path=%s,input-path=%s,logfile=%s", path, input, log);
    Ear e;

    g_assert_true(g_file_set_contents(input, "typed", -1, NULL));
    listen_to(&e, make(spec));
    qemu_chr_fe_printf(&e.be, "hello %d", 7);
    WAIT_FOR(e.closed);                 /* the input has an end; output goes on */
    g_assert_cmpstr(e.heard->str, ==, "typed");
    qemu_chr_fe_printf(&e.be, "!");
    stop(&e);
    gone("f");
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "hello 7!");
    g_free(text);
    g_assert_true(g_file_get_contents(log, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "hello 7!");
    refused("file,id=f", "path");
    refused("file,id=f,path=/nowhere/at/all", "/nowhere/at/all");
}

static void test_pipe(void)
{
    g_autofree char *base = path_of("p"), *in = path_of("p.in"), *out = path_of("p.out");
    g_autofree char *spec = g_strdup_printf("pipe,id=p,path=%s", base);
    char buf[8] = "";
    int to, from;
    Ear e;

    g_assert_cmpint(mkfifo(in, 0600), ==, 0);
    g_assert_cmpint(mkfifo(out, 0600), ==, 0);
    listen_to(&e, make(spec));
    to = open(in, O_WRONLY);
    from = open(out, O_RDONLY | O_NONBLOCK);
    g_assert_cmpint(write(to, "ping", 4), ==, 4);
    WAIT_FOR(e.heard->len == 4);
    qemu_chr_fe_printf(&e.be, "pong");
    g_assert_cmpint(read(from, buf, 7), ==, 4);
    g_assert_cmpstr(buf, ==, "pong");
    close(to);
    close(from);
    stop(&e);
    gone("p");
}

static int dial(const char *path)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    g_strlcpy(a.sun_path, path, sizeof(a.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&a, sizeof(a)), ==, 0);
    return fd;
}

static void send_fd(int sock, int fd)
{
    union { struct cmsghdr align; char space[CMSG_SPACE(sizeof(int))]; } control = { 0 };
    struct iovec iov = { (void *)"x", 1 };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fd, sizeof(int));
    g_assert_cmpint(sendmsg(sock, &msg, 0), ==, 1);
}

static void test_unix_server(void)
{
    g_autofree char *path = path_of("sock"), *spec = g_strdup_printf("socket,id=s,path=%s,server=on,wait=off", path);
    g_autofree char *quiet = g_strdup_printf("disconnected:unix:%s,server=on", path);
    Chardev *chr = make(spec);
    char buf[16] = "";
    int fd, passed;
    Ear e;

    g_assert_cmpstr(chr->filename, ==, quiet);
    listen_to(&e, chr);
    g_assert_cmpuint(e.opened, ==, 0);
    g_assert_cmpint(qemu_chr_fe_write(&e.be, (const uint8_t *)"lost", 4), ==, 4);
    for (int round = 1; round <= 3; round++) {          /* clients come and go */
        fd = dial(path);
        g_assert_cmpint(write(fd, "abc", 3), ==, 3);
        WAIT_FOR(e.heard->len == 3);
        g_assert_cmpuint(e.opened, ==, round);
        qemu_chr_fe_printf(&e.be, "reply");
        g_assert_cmpint(read(fd, buf, sizeof(buf)), ==, 5);
        send_fd(fd, 0);
        WAIT_FOR(e.heard->len == 4);
        passed = qemu_chr_fe_get_msgfd(&e.be);
        g_assert_cmpint(passed, >=, 0);
        g_assert_cmpint(qemu_chr_fe_get_msgfd(&e.be), ==, -1);
        close(passed);
        send_fd(fd, 0);                                 /* one that nobody fetches is closed with the client */
        WAIT_FOR(e.heard->len == 5);
        close(fd);
        WAIT_FOR(e.closed == (unsigned)round);
        g_string_truncate(e.heard, 0);
    }
    stop(&e);
    gone("s");
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

/* A frontend that is full is not told more, and nothing is lost. */
static void test_flow_control(void)
{
    g_autofree char *path = path_of("flow"), *spec = g_strdup_printf("socket,id=s,path=%s,server=on,wait=off", path);
    static uint8_t big[1 << 20];
    int fd, n, total = 0;
    Ear e;

    listen_to(&e, make(spec));
    e.room = 2;
    fd = dial(path);
    g_assert_cmpint(write(fd, "abcdef", 6), ==, 6);
    WAIT_FOR(e.heard->len == 2);
    for (int i = 0; i < 20; i++) {
        main_loop_wait(true);
    }
    g_assert_cmpuint(e.heard->len, ==, 2);
    e.room = 100;
    qemu_chr_fe_accept_input(&e.be);
    WAIT_FOR(e.heard->len == 6);

    while ((n = qemu_chr_fe_write(&e.be, big, sizeof(big))) > 0) {
        total += n;
    }
    g_assert_cmpint(n, ==, -EAGAIN);
    qemu_chr_fe_set_writable(&e.be, ear_writable);
    for (unsigned round = 1; round <= 2; round++) {
        while (total > 0) {
            n = read(fd, big, sizeof(big));
            g_assert_cmpint(n, >, 0);
            total -= n;
        }
        WAIT_FOR(e.writables == round);
        while ((n = qemu_chr_fe_write(&e.be, big, sizeof(big))) > 0) {      /* full again: it will be told again */
            total += n;
        }
    }
    close(fd);
    qemu_chr_fe_write(&e.be, big, 10);                  /* the reader left: not a signal, not an error */
    WAIT_FOR(e.closed == 1);
    stop(&e);
    gone("s");
}

static void test_client_and_reconnect(void)
{
    g_autofree char *path = path_of("srv"), *server = g_strdup_printf("socket,id=a,path=%s,server=on,wait=off", path);
    g_autofree char *client = g_strdup_printf("socket,id=b,path=%s,reconnect-ms=20", path);
    g_autofree char *impatient = g_strdup_printf("socket,id=c,path=%s", path);
    Ear a, b;

    refused(impatient, "cannot connect");
    listen_to(&b, make(client));
    g_assert_cmpuint(b.opened, ==, 0);
    listen_to(&a, make(server));
    WAIT_FOR(b.opened == 1 && a.opened == 1);
    qemu_chr_fe_printf(&b.be, "hi");
    WAIT_FOR(a.heard->len == 2);
    stop(&a);
    gone("a");
    WAIT_FOR(b.closed == 1);
    listen_to(&a, make(server));
    WAIT_FOR(b.opened == 2);
    stop(&a);
    stop(&b);
    gone("b");
    gone("a");
}

static void test_tcp(void)
{
    g_autofree char *client = NULL, *port = NULL;
    Chardev *srv = qemu_chr_new("t", "tcp:127.0.0.1:0,server=on,wait=off", false, &error_abort);
    Ear a, b;

    g_assert_true(g_str_has_prefix(srv->filename, "disconnected:tcp:127.0.0.1:"));
    port = g_strdup(strrchr(srv->filename, ':') + 1);
    *strchr(port, ',') = '\0';
    client = g_strdup_printf("tcp:127.0.0.1:%s,nodelay=on", port);
    listen_to(&a, srv);
    listen_to(&b, qemu_chr_new("u", client, false, &error_abort));
    WAIT_FOR(a.opened && b.opened);
    qemu_chr_fe_printf(&b.be, "over tcp");
    WAIT_FOR(a.heard->len == 8);
    stop(&a);
    stop(&b);
    gone("t");
    gone("u");
}

static void test_telnet(void)
{
    g_autofree char *path = path_of("tn"), *spec = g_strdup_printf("socket,id=t,path=%s,server=on,wait=off,telnet=on", path);
    static const uint8_t typed[] = "a\xff\xfd\x01" "b\xff\xff" "c\xff\xfa\x22\x03\xff\xf0" "d\xff\xf3" "e";
    uint8_t buf[16];
    int fd;
    Ear e;

    listen_to(&e, make(spec));
    fd = dial(path);
    for (size_t i = 0; i < sizeof(typed) - 1; i++) {    /* commands may arrive in pieces */
        g_assert_cmpint(write(fd, typed + i, 1), ==, 1);
        main_loop_wait(true);
    }
    WAIT_FOR(e.heard->len == 6);
    g_assert_cmpstr(e.heard->str, ==, "ab\xff" "cde");
    g_assert_cmpuint(e.breaks, ==, 1);
    g_assert_cmpint(read(fd, buf, sizeof(buf)), ==, 9);
    g_assert_cmpuint(buf[0], ==, 0xff);
    close(fd);
    stop(&e);
    gone("t");
}

static void test_socket_options(void)
{
    refused("socket,id=s", "exactly one");
    refused("socket,id=s,path=/a,host=b,port=1", "exactly one");
    refused("socket,id=s,host=b", "port");
    refused("socket,id=s,path=/a,server=on,reconnect-ms=5", "reconnect");
    refused("socket,id=s,path=/a,wait=on", "wait");
    refused("socket,id=s,path=/a,server=on,websocket=on", "websocket");
    refused("socket,id=s,path=/a,server=maybe", "server");
    refused("socket,id=s,path=/tmp/0123456789012345678901234567890123456789012345678901234567890123456789"
            "0123456789012345678901234567890123456789,server=on,wait=off", "too long");
}

/* Start-up waits for a client; a signal ends that. */
static void test_wait(void)
{
    g_autofree char *path = path_of("wait"), *spec = g_strdup_printf("socket,id=w,path=%s,server=on", path);
    int status, fd;
    pid_t pid = fork();

    if (!pid) {
        make(spec);
        _exit(0);
    }
    WAIT_FOR(g_file_test(path, G_FILE_TEST_EXISTS));
    g_usleep(50000);
    kill(pid, SIGTERM);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFSIGNALED(status));

    pid = fork();
    if (!pid) {
        make(spec);
        _exit(0);
    }
    g_usleep(100000);
    fd = dial(path);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    close(fd);
    unlink(path);
}

static void test_mux(void)
{
    g_autofree char *path = path_of("mux"), *spec = g_strdup_printf("mon:unix:%s,server=on,wait=off", path);
    Chardev *chr = qemu_chr_new("m", spec, true, &error_abort);
    Error *err = NULL;
    Ear serial, monitor;
    int fd;

    listen_to(&serial, chr);
    listen_to(&monitor, chr);
    qemu_chr_fe_set_handlers(&serial.be, ear_can_read, ear_read, ear_event, &serial, true);     /* focus */
    fd = dial(path);
    g_assert_cmpint(write(fd, "ab\001c" "info\001c" "x\001\001y\001b", 16), ==, 16);
    WAIT_FOR(serial.breaks == 1);
    g_assert_cmpstr(serial.heard->str, ==, "abx\001y");
    g_assert_cmpstr(monitor.heard->str, ==, "info");
    g_assert_cmpuint(monitor.out, >=, 1);
    g_assert_false(qemu_chr_delete("m", &err));
    error_free(err);
    close(fd);
    WAIT_FOR(serial.closed == 1 && monitor.closed == 1);
    stop(&serial);
    stop(&monitor);
    gone("m");
    gone("m-base");
}

static void test_pty(void)
{
    Chardev *chr = make("pty,id=y");
    char buf[16] = "";
    Ear e;
    int fd;

    g_assert_true(g_str_has_prefix(chr->filename, "pty:/dev/"));
    listen_to(&e, chr);
    g_assert_cmpint(qemu_chr_fe_write(&e.be, (const uint8_t *)"lost", 4), ==, 4);
    for (int round = 1; round <= 2; round++) {
        fd = open(chr->filename + 4, O_RDWR | O_NOCTTY);
        WAIT_FOR(e.opened == (unsigned)round);
        g_assert_cmpint(write(fd, "k\n", 2), ==, 2);
        WAIT_FOR(e.heard->len == 2 * (unsigned)round);
        qemu_chr_fe_printf(&e.be, "ok");
        g_assert_cmpint(read(fd, buf, sizeof(buf)), ==, 2);
        close(fd);
        WAIT_FOR(e.closed == (unsigned)round);
    }
    stop(&e);
    gone("y");
}

/* Nothing to read on standard input: what is written still comes out. */
static void test_stdio(void)
{
    int saved[2] = { dup(0), dup(1) }, out[2], null = open("/dev/null", O_RDONLY);
    char buf[16] = "";
    Ear e;

    fflush(stdout);
    g_assert_cmpint(pipe(out), ==, 0);
    dup2(null, 0);
    dup2(out[1], 1);
    listen_to(&e, make("stdio,id=io"));
    refused("stdio,id=io2", "is chardev");
    WAIT_FOR(e.closed);
    qemu_chr_fe_printf(&e.be, "still here");
    stop(&e);
    gone("io");
    listen_to(&e, make("stdio,id=io"));         /* free again */
    stop(&e);
    gone("io");
    dup2(saved[0], 0);
    dup2(saved[1], 1);
    g_assert_cmpint(read(out[0], buf, 15), ==, 10);
    g_assert_cmpstr(buf, ==, "still here");
    for (int i = 0; i < 2; i++) {
        close(saved[i]);
        close(out[i]);
    }
    close(null);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    main_loop_init();
    if (!bql_locked()) {
        bql_lock();
    }
    dir = g_dir_make_tmp("twostage-char-XXXXXX", NULL);
    g_test_add_func("/char/names", test_names);
    g_test_add_func("/char/ringbuf", test_ringbuf);
    g_test_add_func("/char/file", test_file_and_log);
    g_test_add_func("/char/pipe", test_pipe);
    g_test_add_func("/char/socket/server", test_unix_server);
    g_test_add_func("/char/socket/flow", test_flow_control);
    g_test_add_func("/char/socket/reconnect", test_client_and_reconnect);
    g_test_add_func("/char/socket/tcp", test_tcp);
    g_test_add_func("/char/socket/telnet", test_telnet);
    g_test_add_func("/char/socket/wait", test_wait);
    g_test_add_func("/char/socket/options", test_socket_options);
    g_test_add_func("/char/stdio", test_stdio);
    g_test_add_func("/char/mux", test_mux);
    g_test_add_func("/char/pty", test_pty);
    status = g_test_run();
    for (const char *const *name = (const char *const[]) { "out", "log", "in", "p.in", "p.out", NULL }; *name; name++) {
        g_autofree char *path = path_of(*name);

        unlink(path);
    }
    g_assert_cmpint(rmdir(dir), ==, 0);
    g_free(dir);
    return status;
}
