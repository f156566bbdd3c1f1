/*
 * Errors that a person reads.
 *
 * A function that can fail takes `Error **errp` last and also says so in its
 * result: `false`, NULL or a negative errno. Callers test the result; they
 * pass errp on, pass NULL to ignore the text, &error_fatal to print it and
 * exit(1), or &error_abort where failure would be a bug of ours.
 *
 * One sentence, no full stop, no newline: name the option or object, what is
 * wrong, and (as a hint, with error_append_hint) what would be right.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_ERROR_H
#define UTIL_ERROR_H

#include "util/osdep.h"

typedef struct Error Error;

/* The classes QMP clients may tell apart. */
typedef enum ErrorClass {
    ERROR_CLASS_GENERIC_ERROR,
    ERROR_CLASS_COMMAND_NOT_FOUND,
    ERROR_CLASS_DEVICE_NOT_ACTIVE,
    ERROR_CLASS_DEVICE_NOT_FOUND,
    ERROR_CLASS_KVM_MISSING_CAP,
} ErrorClass;

extern Error *error_abort;
extern Error *error_fatal;

#define error_setg(errp, ...) \
    error_set((errp), ERROR_CLASS_GENERIC_ERROR, __VA_ARGS__)
void error_set(Error **errp, ErrorClass klass, const char *fmt, ...) G_GNUC_PRINTF(3, 4);
/* Appends ": strerror(err)"; @err may be given positive or negative. */
void error_setg_errno(Error **errp, int err, const char *fmt, ...) G_GNUC_PRINTF(3, 4);
/* The two below work through ERRP_GUARD() in their caller. A hint ends in a newline. */
void error_prepend(Error *const *errp, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
void error_append_hint(Error *const *errp, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

const char *error_get_pretty(const Error *err);
const char *error_get_hint(const Error *err);       /* NULL when none */
ErrorClass error_get_class(const Error *err);
const char *error_class_name(ErrorClass klass);     /* as QMP spells it */
Error *error_copy(const Error *err);
void error_free(Error *err);
void error_propagate(Error **dst_errp, Error *local_err);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Error, error_free)

/*
 * Text to stderr (or to the monitor that is executing a command), prefixed
 * with program name and, while options are processed, the option at fault.
 */
void error_report(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
void error_vreport(const char *fmt, va_list ap) G_GNUC_PRINTF(1, 0);
void warn_report(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
void info_report(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
void error_report_err(Error *err);                  /* frees it */
void warn_report_err(Error *err);                   /* frees it */
#define warn_report_once(...) \
    do { static bool said_; if (!__atomic_exchange_n(&said_, true, __ATOMIC_RELAXED)) warn_report(__VA_ARGS__); } while (0)

/*
 * Says at most @burst times in @seconds; for mistakes that a guest can repeat
 * without end.
 */
typedef struct RateLimit { int64_t window_start; unsigned said, dropped; } RateLimit;
bool rate_limit_ok(RateLimit *rl, unsigned burst, unsigned seconds);
#define warn_report_limited(...) \
    do { static RateLimit rl_; if (rate_limit_ok(&rl_, 5, 10)) warn_report(__VA_ARGS__); } while (0)

/* Where in the command line we are; a stack, so that files can be named too. */
typedef struct Location { const char *what; const char *arg; struct Location *prev; } Location;
void loc_push(Location *loc, const char *what, const char *arg);
void loc_pop(Location *loc);
/* Monitors install a sink while they execute a command; NULL is stderr. */
typedef void ErrorSink(void *opaque, const char *text);
void error_set_sink(ErrorSink *sink, void *opaque);
extern bool error_with_timestamp;                   /* -msg timestamp=on */
extern bool error_with_guestname;                   /* -msg guest-name=on */
extern const char *error_guest_name;
extern const char *error_progname;

/* Lets the function that says it prepend to and hint at *errp, whatever errp is. */
typedef struct ErrorPropagator { Error *local_err; Error **errp; } ErrorPropagator;
static inline void error_propagator_cleanup(ErrorPropagator *prop)
{
    error_propagate(prop->errp, prop->local_err);
}
#define ERRP_GUARD() \
    __attribute__((cleanup(error_propagator_cleanup))) \
    ErrorPropagator errp_guard_ = { .errp = errp }; \
    do { if (!errp || errp == &error_fatal || errp == &error_abort) errp = &errp_guard_.local_err; } while (0)

#endif
