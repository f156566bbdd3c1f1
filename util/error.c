/*
 * Error objects, and text for people on stderr or on a monitor.
 *
 * error_fatal and error_abort are only addresses: an error stored through
 * them never comes to life, the program ends instead.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/error.h"

struct Error {
    ErrorClass klass;
    char *msg;
    GString *hint;
};

Error *error_abort;
Error *error_fatal;

static void error_end_program(Error **errp, Error *err)
{
    if (errp == &error_abort) {
        fprintf(stderr, "Unexpected error: %s\n", err->msg);
        abort();
    }
    if (errp == &error_fatal) {
        error_report_err(err);
        exit(1);
    }
}

static void error_store(Error **errp, ErrorClass klass, char *msg)
{
    Error *err;

    if (!errp) {
        g_free(msg);
        return;
    }
    g_assert(*errp == NULL);
    err = g_new0(Error, 1);
    err->klass = klass;
    err->msg = msg;
    error_end_program(errp, err);
    *errp = err;
}

void error_set(Error **errp, ErrorClass klass, const char *fmt, ...)
{
    int saved_errno = errno;
    va_list ap;

    va_start(ap, fmt);
    error_store(errp, klass, g_strdup_vprintf(fmt, ap));
    va_end(ap);
    errno = saved_errno;
}

void error_setg_errno(Error **errp, int err, const char *fmt, ...)
{
    int saved_errno = errno;
    char *msg, *full;
    va_list ap;

    va_start(ap, fmt);
    msg = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    full = err ? g_strdup_printf("%s: %s", msg, g_strerror(err < 0 ? -err : err)) : g_strdup(msg);
    g_free(msg);
    error_store(errp, ERROR_CLASS_GENERIC_ERROR, full);
    errno = saved_errno;
}

void error_prepend(Error *const *errp, const char *fmt, ...)
{
    char *prefix, *msg;
    va_list ap;

    if (!errp || !*errp) {
        return;
    }
    va_start(ap, fmt);
    prefix = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    msg = g_strconcat(prefix, (*errp)->msg, NULL);
    g_free(prefix);
    g_free((*errp)->msg);
    (*errp)->msg = msg;
}

void error_append_hint(Error *const *errp, const char *fmt, ...)
{
    va_list ap;

    if (!errp || !*errp) {
        return;
    }
    if (!(*errp)->hint) {
        (*errp)->hint = g_string_new(NULL);
    }
    va_start(ap, fmt);
    g_string_append_vprintf((*errp)->hint, fmt, ap);
    va_end(ap);
}

const char *error_get_pretty(const Error *err)
{
    return err->msg;
}

const char *error_get_hint(const Error *err)
{
    return err->hint ? err->hint->str : NULL;
}

ErrorClass error_get_class(const Error *err)
{
    return err->klass;
}

const char *error_class_name(ErrorClass klass)
{
    static const char *const names[] = {
        [ERROR_CLASS_GENERIC_ERROR] = "GenericError",
        [ERROR_CLASS_COMMAND_NOT_FOUND] = "CommandNotFound",
        [ERROR_CLASS_DEVICE_NOT_ACTIVE] = "DeviceNotActive",
        [ERROR_CLASS_DEVICE_NOT_FOUND] = "DeviceNotFound",
        [ERROR_CLASS_KVM_MISSING_CAP] = "KVMMissingCap",
    };

    return names[klass];
}

Error *error_copy(const Error *err)
{
    Error *copy = g_new0(Error, 1);

    copy->klass = err->klass;
    copy->msg = g_strdup(err->msg);
    copy->hint = err->hint ? g_string_new(err->hint->str) : NULL;
    return copy;
}

void error_free(Error *err)
{
    if (!err) {
        return;
    }
    g_free(err->msg);
    if (err->hint) {
        g_string_free(err->hint, TRUE);
    }
    g_free(err);
}

void error_propagate(Error **dst_errp, Error *local_err)
{
    if (!local_err) {
        return;
    }
    if (dst_errp) {
        error_end_program(dst_errp, local_err);
    }
    if (dst_errp && !*dst_errp) {
        *dst_errp = local_err;
    } else {
        error_free(local_err);
    }
}
