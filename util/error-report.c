/*
 * Text for people: where it goes, and what stands before it.
 *
 * A thread that executes a monitor command diverts its own reports there;
 * every other report goes to stderr.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/error.h"

bool error_with_timestamp;
bool error_with_guestname;
const char *error_guest_name;
const char *error_progname;

static __thread Location *cur_loc;
static __thread ErrorSink *cur_sink;
static __thread void *cur_sink_opaque;

void loc_push(Location *loc, const char *what, const char *arg)
{
    loc->what = what;
    loc->arg = arg;
    loc->prev = cur_loc;
    cur_loc = loc;
}

void loc_pop(Location *loc)
{
    g_assert(cur_loc == loc);
    cur_loc = loc->prev;
}

void error_set_sink(ErrorSink *sink, void *opaque)
{
    cur_sink = sink;
    cur_sink_opaque = opaque;
}

static void append_prefix(GString *s)
{
    if (error_with_timestamp) {
        g_autoptr(GDateTime) now = g_date_time_new_now_utc();
        g_autofree char *text = g_date_time_format_iso8601(now);
        g_string_append_printf(s, "%s ", text);
    }
    if (error_with_guestname && error_guest_name) {
        g_string_append_printf(s, "%s ", error_guest_name);
    }
    if (error_progname) {
        g_string_append_printf(s, "%s: ", error_progname);
    }
    if (cur_loc) {
        g_string_append(s, cur_loc->what);
        if (cur_loc->arg) {
            g_string_append_printf(s, " %s", cur_loc->arg);
        }
        g_string_append(s, ": ");
    }
}

static void G_GNUC_PRINTF(2, 0) report(const char *kind, const char *fmt, va_list ap)
{
    g_autoptr(GString) s = g_string_new(NULL);

    if (!cur_sink) {
        append_prefix(s);
    }
    g_string_append(s, kind);
    g_string_append_vprintf(s, fmt, ap);
    g_string_append_c(s, '\n');
    if (cur_sink) {
        cur_sink(cur_sink_opaque, s->str);
    } else {
        fputs(s->str, stderr);
    }
}

void error_vreport(const char *fmt, va_list ap)
{
    report("", fmt, ap);
}

void error_report(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    report("", fmt, ap);
    va_end(ap);
}

void warn_report(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    report("warning: ", fmt, ap);
    va_end(ap);
}

void info_report(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    report("info: ", fmt, ap);
    va_end(ap);
}

static void print_hint(const Error *err)
{
    const char *hint = error_get_hint(err);

    if (!hint) {
        return;
    }
    if (cur_sink) {
        cur_sink(cur_sink_opaque, hint);
    } else {
        fputs(hint, stderr);
    }
}

void error_report_err(Error *err)
{
    error_report("%s", error_get_pretty(err));
    print_hint(err);
    error_free(err);
}

void warn_report_err(Error *err)
{
    warn_report("%s", error_get_pretty(err));
    print_hint(err);
    error_free(err);
}

bool rate_limit_ok(RateLimit *rl, unsigned burst, unsigned seconds)
{
    static GMutex lock;
    int64_t now = g_get_monotonic_time();
    bool ok;

    g_mutex_lock(&lock);
    if (!rl->window_start || now - rl->window_start > seconds * G_USEC_PER_SEC) {
        rl->window_start = now;
        rl->said = 0;
        rl->dropped = 0;
    }
    ok = rl->said < burst;
    if (ok) {
        rl->said++;
    } else {
        rl->dropped++;
    }
    g_mutex_unlock(&lock);
    return ok;
}
