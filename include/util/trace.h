/*
 * Trace events: declared one a line in a directory's trace-events file, made
 * into trace_NAME() functions by scripts/tracetool.py. Use them through
 * #include "DIRECTORY.trace.h" (slashes become underscores).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_TRACE_H
#define UTIL_TRACE_H

#include "util/error.h"

#ifdef CONFIG_USDT
#include <sys/sdt.h>
#define TRACE_USDT(probe) probe
#else
#define TRACE_USDT(probe) do { } while (0)
#endif

typedef struct TraceEvent {
    const char *name;
    bool enabled;
} TraceEvent;

static inline bool trace_event_enabled(const TraceEvent *e)
{
    return __builtin_expect(__atomic_load_n(&e->enabled, __ATOMIC_RELAXED), 0);
}

void trace_log(const TraceEvent *e, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
void trace_register_events(TraceEvent *const *events, size_t n);

/* "-trace [enable=]PATTERN[,events=FILE][,file=LOG]"; patterns may hold * and start with - to switch off. */
bool trace_opt_parse(const char *arg, Error **errp);
bool trace_enable_pattern(const char *pattern, bool on);      /* false: no event matches */
void trace_foreach(const char *pattern, void (*fn)(TraceEvent *e, void *opaque), void *opaque);
void trace_list(FILE *out);
/* -D FILE: where log and trace lines go (stderr otherwise). */
bool qemu_set_log_file(const char *path, Error **errp);
/* -d ITEMS: guest_errors, unimp, trace:PATTERN, help */
bool qemu_set_log_items(const char *items, Error **errp);
extern bool log_guest_errors, log_unimp;
/* A guest's mistake, rate-limited; shown with -d guest_errors. */
void log_guest_error(const char *fmt, ...) G_GNUC_PRINTF(1, 2);

#endif
