/*
 * Trace events and the log: which are on, and where the lines go.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/options.h"
#include "util/trace.h"

bool log_guest_errors, log_unimp;

static GPtrArray *events;               /* TraceEvent */
static FILE *log_file;                  /* NULL: stderr */

void trace_register_events(TraceEvent *const *list, size_t n)
{
    if (!events) {
        events = g_ptr_array_new();
    }
    for (size_t i = 0; i < n; i++) {
        g_ptr_array_add(events, list[i]);
    }
}

static void G_GNUC_PRINTF(2, 0) log_line(const char *prefix, const char *fmt, va_list ap)
{
    g_autoptr(GString) s = g_string_new(NULL);

    if (error_with_timestamp) {
        int64_t now = g_get_real_time();
        g_string_append_printf(s, "%d@%" PRId64 ".%06" PRId64 ":", getpid(), now / 1000000, now % 1000000);
    }
    g_string_append(s, prefix);
    g_string_append_vprintf(s, fmt, ap);
    if (!s->len || s->str[s->len - 1] != '\n') {
        g_string_append_c(s, '\n');
    }
    fputs(s->str, log_file ? log_file : stderr);
}

void trace_log(const TraceEvent *e, const char *fmt, ...)
{
    g_autofree char *prefix = g_strconcat(e->name, " ", NULL);
    va_list ap;

    va_start(ap, fmt);
    log_line(prefix, fmt, ap);
    va_end(ap);
}

void log_guest_error(const char *fmt, ...)
{
    static RateLimit rl;
    va_list ap;

    if (!log_guest_errors || !rate_limit_ok(&rl, 100, 1)) {
        return;
    }
    va_start(ap, fmt);
    log_line("", fmt, ap);
    va_end(ap);
}

static int by_name(gconstpointer a, gconstpointer b)
{
    const TraceEvent *const *x = a, *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

void trace_foreach(const char *pattern, void (*fn)(TraceEvent *e, void *opaque), void *opaque)
{
    if (!events) {
        return;
    }
    g_ptr_array_sort(events, by_name);
    for (guint i = 0; i < events->len; i++) {
        TraceEvent *e = g_ptr_array_index(events, i);
        if (g_pattern_match_simple(pattern, e->name)) {
            fn(e, opaque);
        }
    }
}

typedef struct Switch { bool on; unsigned count; } Switch;

static void switch_one(TraceEvent *e, void *opaque)
{
    Switch *s = opaque;

    __atomic_store_n(&e->enabled, s->on, __ATOMIC_RELAXED);
    s->count++;
}

bool trace_enable_pattern(const char *pattern, bool on)
{
    Switch s = { .on = on };

    trace_foreach(pattern, switch_one, &s);
    return s.count > 0;
}

static bool enable_word(const char *word, Error **errp)
{
    bool on = *word != '-';
    const char *pattern = on ? word : word + 1;

    if (!trace_enable_pattern(pattern, on) && !strpbrk(pattern, "*?")) {
        error_setg(errp, "trace event '%s' does not exist; -trace help lists them", pattern);
        return false;
    }
    return true;
}

static bool enable_from_file(const char *path, Error **errp)
{
    g_autoptr(GError) gerr = NULL;
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(path, &text, NULL, &gerr)) {
        error_setg(errp, "-trace events=: %s", gerr->message);
        return false;
    }
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_strstrip(*line);
        if (**line && **line != '#' && !enable_word(*line, errp)) {
            return false;
        }
    }
    return true;
}

bool trace_opt_parse(const char *arg, Error **errp)
{
    ERRP_GUARD();
    g_autofree char *enable = NULL, *from = NULL, *file = NULL;
    bool help;
    g_autoptr(json_t) opts = options_parse(arg, "enable", &help, errp);

    if (!opts) {
        return false;
    }
    if (help) {
        trace_list(stdout);
        exit(0);
    }
    enable = options_take_str(opts, "enable", errp);
    from = options_take_str(opts, "events", errp);
    file = options_take_str(opts, "file", errp);
    return !*errp && options_must_be_empty(opts, "-trace", errp) &&
           (!enable || enable_word(enable, errp)) &&
           (!from || enable_from_file(from, errp)) &&
           (!file || qemu_set_log_file(file, errp));
}

static void list_one(TraceEvent *e, void *opaque)
{
    fprintf(opaque, "%s\n", e->name);
}

void trace_list(FILE *out)
{
    trace_foreach("*", list_one, out);
}

bool qemu_set_log_file(const char *path, Error **errp)
{
    FILE *f = fopen(path, "we");

    if (!f) {
        error_setg_errno(errp, errno, "Cannot open log file '%s'", path);
        return false;
    }
    setlinebuf(f);
    if (log_file) {
        fclose(log_file);
    }
    log_file = f;
    return true;
}

bool qemu_set_log_items(const char *items, Error **errp)
{
    g_auto(GStrv) words = g_strsplit(items, ",", -1);

    for (char **w = words; *w; w++) {
        if (!strcmp(*w, "guest_errors")) {
            log_guest_errors = true;
        } else if (!strcmp(*w, "unimp")) {
            log_unimp = true;
        } else if (g_str_has_prefix(*w, "trace:")) {
            if (!enable_word(*w + strlen("trace:"), errp)) {
                return false;
            }
        } else if (!strcmp(*w, "help")) {
            printf("What -d takes, with commas in between:\n"
                   "guest_errors    log when the guest OS does something invalid\n"
                   "unimp           what a guest asks for and is not there\n"
                   "trace:PATTERN   trace events by name\n");
            exit(0);
        } else {
            error_setg(errp, "Unknown log item '%s'; -d help lists them", *w);
            return false;
        }
    }
    return true;
}
