/*
 * The qtest server: a test drives the machine with one text command a line
 * and reads one answer a line. Interrupt lines that the test intercepts are
 * reported as "IRQ raise N" and "IRQ lower N" whenever they change.
 *
 * Runs in the main thread under the machine lock. The commands are a table;
 * the protocol is the one that public qtest clients speak.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "chardev/char.h"
#include "hw/core/qdev.h"
#include "system/memory.h"
#include "system/qtest.h"
#include "util/main-loop.h"
#include "util/options.h"

/* A line holds at most this: a `write` of 16 MiB in hexadecimal and some. */
#define QTEST_MAX_LINE (40 * MiB)
#define QTEST_MAX_DATA (16 * MiB)

typedef struct QTestServer {
    CharBackend chr;
    FILE *log;
    GString *line;
    bool overlong;              /* the current line is being thrown away */
    DeviceState *intercepted;
    GArray *levels;             /* int, by IRQ number reported */
    int64_t start_us;
} QTestServer;

static QTestServer qtest;

static void qtest_log(const char *prefix, const char *text)
{
    if (qtest.log) {
        double t = (g_get_monotonic_time() - qtest.start_us) / 1e6;
        fprintf(qtest.log, "[%s +%.06f] %s", prefix, t, text);
        fflush(qtest.log);
    }
}

static void G_GNUC_PRINTF(1, 2) reply(const char *fmt, ...)
{
    va_list ap;
    g_autofree char *text = NULL;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    qtest_log("S", text);
    qemu_chr_fe_write_all(&qtest.chr, (const uint8_t *)text, strlen(text));
}

/* --- arguments ---------------------------------------------------------- */

static bool arg_u64(char **words, unsigned i, uint64_t *out)
{
    if (g_strv_length(words) > i && parse_uint64(words[i], out)) {
        return true;
    }
    reply("FAIL %s: argument %u is not a number\n", words[0], i);
    return false;
}

static bool arg_size(char **words, unsigned i, uint64_t *out)
{
    if (!arg_u64(words, i, out)) {
        return false;
    }
    if (*out > QTEST_MAX_DATA) {
        reply("FAIL %s: more than %llu bytes\n", words[0], (unsigned long long)QTEST_MAX_DATA);
        return false;
    }
    return true;
}

static unsigned width_of(const char *command)
{
    switch (command[strlen(command) - 1]) {
    case 'b': return 1;
    case 'w': return 2;
    case 'l': return 4;
    default:  return 8;
    }
}

/* --- memory -------------------------------------------------------------- */

static void cmd_write_n(char **words)
{
    uint64_t addr, value;

    if (arg_u64(words, 1, &addr) && arg_u64(words, 2, &value)) {
        uint8_t buf[8];
        unsigned size = width_of(words[0]);
        stn_le_p(buf, size, value);
        address_space_write(&address_space_memory, addr, MEMTXATTRS_UNSPECIFIED, buf, size);
        reply("OK\n");
    }
}

static void cmd_read_n(char **words)
{
    uint64_t addr;

    if (arg_u64(words, 1, &addr)) {
        uint8_t buf[8] = { 0 };
        unsigned size = width_of(words[0]);
        address_space_read(&address_space_memory, addr, MEMTXATTRS_UNSPECIFIED, buf, size);
        reply("OK 0x%016" PRIx64 "\n", ldn_le_p(buf, size));
    }
}

static void cmd_read(char **words)
{
    uint64_t addr, len;

    if (arg_u64(words, 1, &addr) && arg_size(words, 2, &len)) {
        g_autofree uint8_t *data = g_malloc0(len + 1);
        g_autofree char *hex = g_malloc(2 * len + 1);

        address_space_read(&address_space_memory, addr, MEMTXATTRS_UNSPECIFIED, data, len);
        for (uint64_t i = 0; i < len; i++) {
            static const char digits[] = "0123456789abcdef";
            hex[2 * i] = digits[data[i] >> 4];
            hex[2 * i + 1] = digits[data[i] & 15];
        }
        hex[2 * len] = 0;
        reply("OK 0x%s\n", hex);
    }
}

static bool hex_decode(const char *hex, uint8_t *out, uint64_t len)
{
    for (uint64_t i = 0; i < len; i++) {
        int hi = g_ascii_xdigit_value(hex[2 * i]), lo = hi < 0 ? -1 : g_ascii_xdigit_value(hex[2 * i + 1]);
        if (lo < 0) {
            return false;
        }
        out[i] = hi << 4 | lo;
    }
    return true;
}

static void cmd_write(char **words)
{
    uint64_t addr, len;

    if (arg_u64(words, 1, &addr) && arg_size(words, 2, &len)) {
        g_autofree uint8_t *data = g_malloc0(len + 1);
        const char *hex = g_strv_length(words) > 3 ? words[3] : "";

        if (!g_str_has_prefix(hex, "0x") || strlen(hex) < 2 + 2 * len || !hex_decode(hex + 2, data, len)) {
            reply("FAIL write: the data is not 0x and %" PRIu64 " hexadecimal bytes\n", len);
            return;
        }
        address_space_write(&address_space_memory, addr, MEMTXATTRS_UNSPECIFIED, data, len);
        reply("OK\n");
    }
}

static void cmd_b64read(char **words)
{
    uint64_t addr, len;

    if (arg_u64(words, 1, &addr) && arg_size(words, 2, &len)) {
        g_autofree uint8_t *data = g_malloc0(len + 1);
        g_autofree char *text = NULL;
        address_space_read(&address_space_memory, addr, MEMTXATTRS_UNSPECIFIED, data, len);
        text = g_base64_encode(data, len);
        reply("OK %s\n", text);
    }
}

static void cmd_b64write(char **words)
{
    uint64_t addr, len;

    if (arg_u64(words, 1, &addr) && arg_size(words, 2, &len)) {
        gsize got = 0;
        g_autofree uint8_t *data = g_base64_decode(g_strv_length(words) > 3 ? words[3] : "", &got);
        if (got != len) {
            reply("FAIL b64write: %zu bytes of data, %" PRIu64 " announced\n", got, len);
            return;
        }
        address_space_write(&address_space_memory, addr, MEMTXATTRS_UNSPECIFIED, data, len);
        reply("OK\n");
    }
}

static void cmd_memset(char **words)
{
    uint64_t addr, len, pattern;

    if (arg_u64(words, 1, &addr) && arg_u64(words, 2, &len) && arg_u64(words, 3, &pattern)) {
        address_space_set(&address_space_memory, addr, pattern, len, MEMTXATTRS_UNSPECIFIED);
        reply("OK\n");
    }
}

/* --- interrupts ------------------------------------------------------------ */

static void irq_seen(void *opaque, int n, int level)
{
    if ((guint)n >= qtest.levels->len) {
        g_array_set_size(qtest.levels, n + 1);
    }
    if (g_array_index(qtest.levels, int, n) != level) {
        g_array_index(qtest.levels, int, n) = level;
        reply("IRQ %s %d\n", level ? "raise" : "lower", n);
    }
}

static NamedGPIOList *find_gpios(DeviceState *dev, const char *name)
{
    for (NamedGPIOList *g = dev->gpios; g; g = g->next) {
        if (!g_strcmp0(g->name, name)) {
            return g;
        }
    }
    return NULL;
}

static void intercept_in(NamedGPIOList *gpios)
{
    for (int i = 0; i < gpios->num_in; i++) {
        qemu_irq_intercept(gpios->in[i], irq_seen, NULL, i);
    }
}

static void intercept_out(NamedGPIOList *gpios)
{
    for (int i = 0; i < gpios->num_out; i++) {
        if (!*gpios->out[i]) {
            *gpios->out[i] = qemu_allocate_irq(irq_seen, NULL, i);
        } else {
            qemu_irq_intercept(*gpios->out[i], irq_seen, NULL, i);
        }
    }
}

static void cmd_irq_intercept(char **words)
{
    bool out = g_str_has_suffix(words[0], "out");
    Object *obj = g_strv_length(words) > 1 ? object_resolve_path(words[1], NULL) : NULL;
    DeviceState *dev = obj ? (DeviceState *)object_dynamic_cast(obj, TYPE_DEVICE) : NULL;
    NamedGPIOList *gpios;

    if (!dev) {
        reply("FAIL %s: no device '%s'\n", words[0], g_strv_length(words) > 1 ? words[1] : "");
        return;
    }
    if (qtest.intercepted) {
        reply(qtest.intercepted == dev ? "OK\n" : "FAIL %s: another device is intercepted\n", words[0]);
        return;
    }
    gpios = find_gpios(dev, g_strv_length(words) > 2 ? words[2] : NULL);
    if (!gpios && out) {
        gpios = find_gpios(dev, "sysbus-irq");
    }
    if (gpios) {
        out ? intercept_out(gpios) : intercept_in(gpios);
    }
    qtest.intercepted = dev;
    reply("OK\n");
}

static void cmd_set_irq_in(char **words)
{
    uint64_t n, level;
    Object *obj = g_strv_length(words) > 4 ? object_resolve_path(words[1], NULL) : NULL;
    DeviceState *dev = obj ? (DeviceState *)object_dynamic_cast(obj, TYPE_DEVICE) : NULL;
    NamedGPIOList *gpios;

    if (!dev || !arg_u64(words, 3, &n) || !arg_u64(words, 4, &level)) {
        reply("FAIL set_irq_in: usage: set_irq_in PATH NAME|unnamed-gpio-in NUMBER LEVEL\n");
        return;
    }
    gpios = find_gpios(dev, strcmp(words[2], "unnamed-gpio-in") ? words[2] : NULL);
    if (!gpios || n >= (uint64_t)gpios->num_in) {
        reply("FAIL set_irq_in: '%s' has no such line\n", words[1]);
        return;
    }
    qemu_set_irq(gpios->in[n], level);
    reply("OK\n");
}

/* --- time and the rest --------------------------------------------------- */

static void cmd_clock_step(char **words)
{
    uint64_t ns;

    if (g_strv_length(words) > 1) {
        if (!arg_u64(words, 1, &ns)) {
            return;
        }
    } else {
        int64_t deadline = qtest_clock_deadline();
        ns = deadline < 0 ? 0 : deadline;
    }
    reply("OK %" PRIi64 "\n", qtest_clock_set(qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + ns));
}

static void cmd_clock_set(char **words)
{
    uint64_t ns;

    if (arg_u64(words, 1, &ns)) {
        reply("OK %" PRIi64 "\n", qtest_clock_set(ns));
    }
}

static void cmd_endianness(char **words) { reply("OK little\n"); }
static void cmd_module_load(char **words) { reply("OK\n"); }        /* everything is built in */

static const struct { const char *name; void (*fn)(char **words); } commands[] = {
    { "writeb", cmd_write_n }, { "writew", cmd_write_n }, { "writel", cmd_write_n }, { "writeq", cmd_write_n },
    { "readb", cmd_read_n }, { "readw", cmd_read_n }, { "readl", cmd_read_n }, { "readq", cmd_read_n },
    { "read", cmd_read }, { "write", cmd_write }, { "b64read", cmd_b64read }, { "b64write", cmd_b64write }, { "memset", cmd_memset },
    { "irq_intercept_in", cmd_irq_intercept }, { "irq_intercept_out", cmd_irq_intercept }, { "set_irq_in", cmd_set_irq_in },
    { "clock_step", cmd_clock_step }, { "clock_set", cmd_clock_set },
    { "endianness", cmd_endianness }, { "module_load", cmd_module_load },
};

static void execute(char *line)
{
    g_auto(GStrv) raw = g_strsplit(g_strstrip(line), " ", -1);
    g_autofree char **words = g_new0(char *, g_strv_length(raw) + 1);
    unsigned n = 0;

    for (unsigned i = 0; raw[i]; i++) {
        if (*raw[i]) {
            words[n++] = raw[i];
        }
    }
    if (!n) {
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (!strcmp(commands[i].name, words[0])) {
            commands[i].fn(words);
            return;
        }
    }
    reply("FAIL unknown command '%.40s'\n", words[0]);
}

static int qtest_can_read(void *opaque)
{
    return 65536;
}

static void line_complete(void)
{
    g_autofree char *line = g_strdup(qtest.line->str);
    g_autofree char *shown = g_strdup_printf("%s\n", line);

    g_string_truncate(qtest.line, 0);
    if (qtest.overlong) {
        qtest.overlong = false;
        reply("FAIL the line is longer than %llu bytes\n", (unsigned long long)QTEST_MAX_LINE);
        return;
    }
    qtest_log("R", shown);
    execute(line);
}

static void qtest_read(void *opaque, const uint8_t *buf, int size)
{
    while (size > 0) {
        const uint8_t *nl = memchr(buf, '\n', size);
        int part = nl ? nl - buf : size;

        if (qtest.line->len + part > QTEST_MAX_LINE) {
            qtest.overlong = true;
            g_string_truncate(qtest.line, 0);
        }
        if (!qtest.overlong) {
            g_string_append_len(qtest.line, (const char *)buf, part);
        }
        if (!nl) {
            return;
        }
        line_complete();
        buf += part + 1;
        size -= part + 1;
    }
}

static void qtest_event(void *opaque, ChrEvent event)
{
    if (event == CHR_EVENT_OPENED) {
        g_string_truncate(qtest.line, 0);
        qtest.start_us = g_get_monotonic_time();
        if (qtest.log) {
            fprintf(qtest.log, "[I +0.0] OPENED\n");
        }
    } else if (event == CHR_EVENT_CLOSED && qtest.log) {
        fprintf(qtest.log, "[I] CLOSED\n");
        fflush(qtest.log);
    }
}

bool qtest_server_start(const char *spec, const char *log_path, Error **errp)
{
    Chardev *chr = qemu_chr_new("qtest", spec, false, errp);

    if (!chr) {
        return false;
    }
    if (!log_path) {
        qtest.log = stderr;
    } else if (strcmp(log_path, "none")) {
        qtest.log = fopen(log_path, "we");
        if (!qtest.log) {
            error_setg_errno(errp, errno, "-qtest-log %s: cannot create the file", log_path);
            return false;
        }
    }
    qtest.line = g_string_new(NULL);
    qtest.levels = g_array_new(false, true, sizeof(int));
    if (!qemu_chr_fe_init(&qtest.chr, chr, errp)) {
        return false;
    }
    qemu_chr_fe_set_handlers(&qtest.chr, qtest_can_read, qtest_read, qtest_event, NULL, true);
    return true;
}

void qtest_server_stop(void)
{
    if (!qtest.line) {
        return;
    }
    qemu_chr_fe_deinit(&qtest.chr, false);
    g_string_free(g_steal_pointer(&qtest.line), true);
    g_array_unref(g_steal_pointer(&qtest.levels));
    if (qtest.log && qtest.log != stderr) {
        fclose(qtest.log);
    }
    qtest.log = NULL;
}
