/*
 * See libqtest.h. Two unix sockets: the emulator connects to both.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <glib/gstdio.h>
#include "libqtest.h"

#define ANSWER_TIMEOUT_MS (120 * 1000)      /* sanitizers on a busy machine */

typedef struct Line {
    int fd;
    GString *in;
} Line;

struct QTestState {
    pid_t pid;
    Line qtest, qmp;
    GArray *levels, *raised;                /* int and unsigned, by IRQ number */
    GPtrArray *events;                      /* json_t */
};

static char *tmpdir;
static unsigned serial;

const char *qtest_binary(void)
{
    const char *b = g_getenv("QTEST_BINARY");
    g_assert_nonnull(b);
    return b;
}

static void remove_tmpdir(void)
{
    g_autofree char *cmd = g_strdup_printf("rm -rf '%s'", tmpdir);
    int rc = system(cmd);
    (void)rc;
}

const char *qtest_tmpdir(void)
{
    if (!tmpdir) {
        tmpdir = g_dir_make_tmp("qtest-XXXXXX", NULL);
        g_assert_nonnull(tmpdir);
        atexit(remove_tmpdir);
    }
    return tmpdir;
}

/* --- processes and sockets ---------------------------------------------- */

static int listen_on(const char *path)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(un.sun_path, path, sizeof(un.sun_path));
    g_assert_cmpint(bind(fd, (struct sockaddr *)&un, sizeof(un)), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    return fd;
}

static int accept_from(QTestState *t, int listener)
{
    struct pollfd p = { .fd = listener, .events = POLLIN };

    for (int waited = 0; waited < ANSWER_TIMEOUT_MS; waited += 50) {
        int status, fd;
        if (poll(&p, 1, 50) == 1) {
            fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
            g_assert_cmpint(fd, >=, 0);
            close(listener);
            return fd;
        }
        if (waitpid(t->pid, &status, WNOHANG) == t->pid) {
            g_error("the emulator ended before it connected, status 0x%x", status);
        }
    }
    g_error("the emulator did not connect");
}

/* @lifetime: seconds until a process that should end by itself is ended; 0: none */
static pid_t spawn(char **argv, int out, int err, unsigned lifetime)
{
    pid_t pid = fork();

    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(lifetime);
        dup2(null, 0);
        dup2(out >= 0 ? out : null, 1);
        if (err >= 0) {
            dup2(err, 2);
        }
        execv(argv[0], argv);
        _exit(127);
    }
    return pid;
}

static char **make_argv(const char *prefix, const char *args)
{
    g_autofree char *text = g_strdup_printf("'%s' %s %s", qtest_binary(), prefix, args);
    g_autoptr(GError) err = NULL;
    char **argv = NULL;

    g_shell_parse_argv(text, NULL, &argv, &err);
    g_assert_no_error(err);
    return argv;
}

QTestState *qtest_init(const char *fmt, ...)
{
    QTestState *t = g_new0(QTestState, 1);
    g_autofree char *qtest_path = g_strdup_printf("%s/qtest%u", qtest_tmpdir(), serial);
    g_autofree char *qmp_path = g_strdup_printf("%s/qmp%u", qtest_tmpdir(), serial++);
    const char *accel = g_getenv("QTEST_ACCEL");
    g_autofree char *prefix = g_strdup_printf("-accel %s -qtest unix:%s -qtest-log none -qmp unix:%s", accel ? accel : "qtest", qtest_path, qmp_path);
    g_autofree char *args = NULL;
    g_auto(GStrv) argv = NULL;
    int qtest_listener = listen_on(qtest_path), qmp_listener = listen_on(qmp_path);
    va_list ap;
    json_t *greeting;

    va_start(ap, fmt);
    args = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    argv = make_argv(prefix, args);
    t->levels = g_array_new(false, true, sizeof(int));
    t->raised = g_array_new(false, true, sizeof(unsigned));
    t->events = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
    t->pid = spawn(argv, -1, -1, 0);
    t->qtest = (Line) { accept_from(t, qtest_listener), g_string_new(NULL) };
    t->qmp = (Line) { accept_from(t, qmp_listener), g_string_new(NULL) };
    greeting = qtest_qmp_return(t, "{\"execute\": \"qmp_capabilities\"}");
    json_decref(greeting);
    return t;
}

void qtest_quit(QTestState *t)
{
    int status = 0;

    close(t->qtest.fd);
    kill(t->pid, SIGTERM);
    g_assert_cmpint(waitpid(t->pid, &status, 0), ==, t->pid);
    close(t->qmp.fd);
    if (!WIFEXITED(status) || WEXITSTATUS(status)) {
        g_error("the emulator ended badly, status 0x%x", status);
    }
    g_string_free(t->qtest.in, true);
    g_string_free(t->qmp.in, true);
    g_array_unref(t->levels);
    g_array_unref(t->raised);
    g_ptr_array_unref(t->events);
    g_free(t);
}

static char *read_all(int fd)
{
    GString *s = g_string_new(NULL);
    char buf[4096];
    ssize_t n;

    while ((n = read(fd, buf, sizeof(buf))) > 0) {
        g_string_append_len(s, buf, n);
    }
    return g_string_free(s, false);
}

static int run_collect(const char *args, bool want_stdout, char **text)
{
    g_auto(GStrv) argv = make_argv("", args);
    int fds[2], status;
    pid_t pid;

    g_assert_cmpint(pipe2(fds, O_CLOEXEC), ==, 0);
    pid = want_stdout ? spawn(argv, fds[1], -1, ANSWER_TIMEOUT_MS / 1000) : spawn(argv, -1, fds[1], ANSWER_TIMEOUT_MS / 1000);
    close(fds[1]);
    *text = read_all(fds[0]);
    close(fds[0]);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    if (!WIFEXITED(status)) {
        g_error("the emulator crashed, status 0x%x: %s", status, *text);
    }
    return WEXITSTATUS(status);
}

int qtest_run(char **err, const char *fmt, ...)
{
    g_autofree char *args = NULL;
    va_list ap;

    va_start(ap, fmt);
    args = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    return run_collect(args, false, err);
}

void qtest_refused(const char *says, const char *fmt, ...)
{
    g_autofree char *args = NULL, *err = NULL;
    va_list ap;

    va_start(ap, fmt);
    args = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    int status = run_collect(args, false, &err);
    if (status != 1 || !strstr(err, says) || strstr(err, "Sanitizer")) {
        g_error("%s\n  exit status %d, expected 1 and '%s' in:\n%s", args, status, says, err);
    }
}

char *qtest_run_stdout(const char *fmt, ...)
{
    g_autofree char *args = NULL;
    char *out;
    va_list ap;

    va_start(ap, fmt);
    args = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    g_assert_cmpint(run_collect(args, true, &out), ==, 0);
    return out;
}

/* --- lines ------------------------------------------------------------------- */

static void send_text(Line *l, const char *text)
{
    size_t left = strlen(text);

    while (left) {
        ssize_t n = send(l->fd, text, left, MSG_NOSIGNAL);
        if (n <= 0) {
            g_error("the emulator closed the connection");
        }
        text += n;
        left -= n;
    }
}

static char *receive_line(Line *l)
{
    for (;;) {
        char *nl = memchr(l->in->str, '\n', l->in->len), buf[65536];
        struct pollfd p = { .fd = l->fd, .events = POLLIN };
        ssize_t n;

        if (nl) {
            char *line = g_strndup(l->in->str, nl - l->in->str);
            g_string_erase(l->in, 0, nl - l->in->str + 1);
            return line;
        }
        if (poll(&p, 1, ANSWER_TIMEOUT_MS) != 1) {
            g_error("the emulator does not answer");
        }
        n = recv(l->fd, buf, sizeof(buf), 0);
        if (n <= 0) {
            g_error("the emulator closed the connection");
        }
        g_string_append_len(l->in, buf, n);
    }
}

static void note_irq(QTestState *t, char **words)
{
    unsigned n = atoi(words[2]), up = !strcmp(words[1], "raise");

    if (n >= t->levels->len) {
        g_array_set_size(t->levels, n + 1);
        g_array_set_size(t->raised, n + 1);
    }
    g_array_index(t->levels, int, n) = up;
    g_array_index(t->raised, unsigned, n) += up;
}

static char **receive_answer(QTestState *t)
{
    for (;;) {
        g_autofree char *line = receive_line(&t->qtest);
        char **words = g_strsplit(g_strstrip(line), " ", -1);

        if (!strcmp(words[0], "OK")) {
            return words;
        }
        if (!strcmp(words[0], "IRQ")) {
            note_irq(t, words);
            g_strfreev(words);
            continue;
        }
        g_error("qtest: %s", line);
    }
}

char **qtest_command(QTestState *t, const char *fmt, ...)
{
    g_autofree char *text = NULL, *line = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    line = g_strconcat(text, "\n", NULL);
    send_text(&t->qtest, line);
    for (const char *p = text; (p = strchr(p, '\n')); p++) {
        g_strfreev(receive_answer(t));
    }
    return receive_answer(t);
}

#define ACCESSORS(letter, bits) \
    void qtest_write##letter(QTestState *t, uint64_t addr, uint##bits##_t v) \
    { g_strfreev(qtest_command(t, "write" #letter " 0x%" PRIx64 " 0x%" PRIx64, addr, (uint64_t)v)); } \
    uint##bits##_t qtest_read##letter(QTestState *t, uint64_t addr) \
    { g_auto(GStrv) w = qtest_command(t, "read" #letter " 0x%" PRIx64, addr); return g_ascii_strtoull(w[1], NULL, 0); }
ACCESSORS(b, 8)
ACCESSORS(w, 16)
ACCESSORS(l, 32)
ACCESSORS(q, 64)

void qtest_memread(QTestState *t, uint64_t addr, void *data, size_t size)
{
    g_auto(GStrv) w = qtest_command(t, "b64read 0x%" PRIx64 " 0x%zx", addr, size);
    gsize got;
    g_autofree uint8_t *bytes = g_base64_decode(w[1] ? w[1] : "", &got);

    g_assert_cmpuint(got, ==, size);
    memcpy(data, bytes, size);
}

void qtest_memwrite(QTestState *t, uint64_t addr, const void *data, size_t size)
{
    g_autofree char *text = g_base64_encode(data, size);
    g_strfreev(qtest_command(t, "b64write 0x%" PRIx64 " 0x%zx %s", addr, size, text));
}

void qtest_memset(QTestState *t, uint64_t addr, uint8_t pattern, size_t size)
{
    g_strfreev(qtest_command(t, "memset 0x%" PRIx64 " 0x%zx 0x%02x", addr, size, pattern));
}

/* --- interrupts and time -------------------------------------------------------- */

void qtest_irq_intercept_in(QTestState *t, const char *path)
{
    g_strfreev(qtest_command(t, "irq_intercept_in %s", path));
}

void qtest_irq_intercept_out(QTestState *t, const char *path)
{
    g_strfreev(qtest_command(t, "irq_intercept_out %s", path));
}

/* Lines about interrupts may still be on their way: any command flushes them. */
bool qtest_get_irq(QTestState *t, unsigned n)
{
    g_strfreev(qtest_command(t, "endianness"));
    return n < t->levels->len && g_array_index(t->levels, int, n);
}

unsigned qtest_irq_raised(QTestState *t, unsigned n)
{
    g_strfreev(qtest_command(t, "endianness"));
    return n < t->raised->len ? g_array_index(t->raised, unsigned, n) : 0;
}

void qtest_set_irq_in(QTestState *t, const char *path, const char *name, int n, int level)
{
    g_strfreev(qtest_command(t, "set_irq_in %s %s %d %d", path, name ? name : "unnamed-gpio-in", n, level));
}

static int64_t clock_command(QTestState *t, const char *text)
{
    g_auto(GStrv) w = qtest_command(t, "%s", text);
    return g_ascii_strtoll(w[1], NULL, 0);
}

int64_t qtest_clock_step(QTestState *t, int64_t ns)
{
    g_autofree char *text = g_strdup_printf("clock_step %" PRIi64, ns);
    return clock_command(t, text);
}

int64_t qtest_clock_step_next(QTestState *t)
{
    return clock_command(t, "clock_step");
}

int64_t qtest_clock_set(QTestState *t, int64_t ns)
{
    g_autofree char *text = g_strdup_printf("clock_set %" PRIi64, ns);
    return clock_command(t, text);
}

/* --- QMP ------------------------------------------------------------------------- */

static json_t *qmp_receive(QTestState *t)
{
    g_autofree char *line = receive_line(&t->qmp);
    json_error_t err;
    json_t *v = json_loads(line, 0, &err);

    if (!v) {
        g_error("QMP answered what is not JSON: %s", line);
    }
    return v;
}

/* Objects that are neither event nor greeting are the answer. */
static json_t *qmp_answer(QTestState *t)
{
    for (;;) {
        json_t *v = qmp_receive(t);
        if (json_object_get(v, "event")) {
            g_ptr_array_add(t->events, v);
        } else if (json_object_get(v, "QMP")) {
            json_decref(v);
        } else {
            return v;
        }
    }
}

static json_t *G_GNUC_PRINTF(2, 0) qmp_call(QTestState *t, const char *fmt, va_list ap)
{
    g_autofree char *text = g_strdup_vprintf(fmt, ap), *line = g_strconcat(text, "\n", NULL);
    send_text(&t->qmp, line);
    return qmp_answer(t);
}

json_t *qtest_qmp(QTestState *t, const char *fmt, ...)
{
    va_list ap;
    json_t *v;

    va_start(ap, fmt);
    v = qmp_call(t, fmt, ap);
    va_end(ap);
    return v;
}

json_t *qtest_qmp_return(QTestState *t, const char *fmt, ...)
{
    va_list ap;
    json_t *v, *ret;

    va_start(ap, fmt);
    v = qmp_call(t, fmt, ap);
    va_end(ap);
    ret = json_incref(json_object_get(v, "return"));
    if (!ret) {
        g_error("QMP: %s", json_dumps(v, 0));
    }
    json_decref(v);
    return ret;
}

void qtest_qmp_error(QTestState *t, const char *klass, const char *desc_part, const char *fmt, ...)
{
    va_list ap;
    json_t *v, *error;
    const char *desc;

    va_start(ap, fmt);
    v = qmp_call(t, fmt, ap);
    va_end(ap);
    error = json_object_get(v, "error");
    g_assert_nonnull(error);
    g_assert_cmpstr(json_string_value(json_object_get(error, "class")), ==, klass);
    desc = json_string_value(json_object_get(error, "desc"));
    if (!strstr(desc, desc_part)) {
        g_error("QMP error '%s' does not say '%s'", desc, desc_part);
    }
    json_decref(v);
}

json_t *qtest_qmp_event(QTestState *t, const char *name)
{
    for (guint i = 0;; i++) {
        json_t *v;
        if (i == t->events->len) {
            v = qmp_receive(t);
            g_assert_nonnull(json_object_get(v, "event"));
            g_ptr_array_add(t->events, v);
        }
        v = t->events->pdata[i];
        if (!strcmp(json_string_value(json_object_get(v, "event")), name)) {
            json_incref(v);
            g_ptr_array_remove_index(t->events, i);
            return v;
        }
    }
}

char *qtest_hmp(QTestState *t, const char *command)
{
    g_autoptr(json_t) text = json_string(command);
    g_autofree char *quoted = json_dumps(text, JSON_ENCODE_ANY);
    json_t *v = qtest_qmp_return(t, "{\"execute\": \"human-monitor-command\", \"arguments\": {\"command-line\": %s}}", quoted);
    char *out = g_strdup(json_string_value(v));

    json_decref(v);
    return out;
}
