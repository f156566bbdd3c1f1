/*
 * Error objects: storing, passing on, hints, classes; notifiers; rate limits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/error.h"
#include "util/notify.h"

static bool fail(Error **errp)
{
    error_setg(errp, "disk '%s' is on fire", "d0");
    return false;
}

static bool fail_with_hint(Error **errp)
{
    ERRP_GUARD();

    fail(errp);
    error_prepend(errp, "while %s: ", "testing");
    error_append_hint(errp, "Use water.\n");
    return false;
}

static void test_basic(void)
{
    Error *err = NULL;

    g_assert_false(fail(NULL));
    g_assert_false(fail(&err));
    g_assert_cmpstr(error_get_pretty(err), ==, "disk 'd0' is on fire");
    g_assert_null(error_get_hint(err));
    g_assert_cmpint(error_get_class(err), ==, ERROR_CLASS_GENERIC_ERROR);
    error_free(err);
}

static void test_guard(void)
{
    g_autoptr(Error) err = NULL;
    g_autoptr(Error) copy = NULL;

    fail_with_hint(NULL);
    fail_with_hint(&err);
    copy = error_copy(err);
    g_assert_cmpstr(error_get_pretty(copy), ==, "while testing: disk 'd0' is on fire");
    g_assert_cmpstr(error_get_hint(copy), ==, "Use water.\n");
}

static void test_errno(void)
{
    g_autoptr(Error) a = NULL;
    g_autoptr(Error) b = NULL;

    error_setg_errno(&a, ENOENT, "cannot open");
    error_setg_errno(&b, -ENOENT, "cannot open");
    g_assert_cmpstr(error_get_pretty(a), ==, "cannot open: No such file or directory");
    g_assert_cmpstr(error_get_pretty(a), ==, error_get_pretty(b));
}

static void test_propagate(void)
{
    Error *first = NULL, *second = NULL, *dst = NULL;

    error_set(&first, ERROR_CLASS_DEVICE_NOT_FOUND, "first");
    error_setg(&second, "second");
    error_propagate(&dst, first);
    error_propagate(&dst, second);
    error_propagate(&dst, NULL);
    g_assert_cmpstr(error_get_pretty(dst), ==, "first");
    g_assert_cmpstr(error_class_name(error_get_class(dst)), ==, "DeviceNotFound");
    error_free(dst);
}

static void test_fatal(void)
{
    if (g_test_subprocess()) {
        error_progname = "prog";
        Location loc;
        loc_push(&loc, "-device", "foo");
        fail_with_hint(&error_fatal);
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_failed();
    g_test_trap_assert_stderr("*prog: -device foo: while testing: disk 'd0' is on fire\nUse water.\n*");
}

static void collect(void *opaque, const char *text)
{
    g_string_append(opaque, text);
}

static void test_sink(void)
{
    g_autoptr(GString) got = g_string_new(NULL);
    Error *err = NULL;

    fail_with_hint(&err);
    error_set_sink(collect, got);
    error_report_err(err);
    warn_report("careful");
    error_set_sink(NULL, NULL);
    g_assert_cmpstr(got->str, ==, "while testing: disk 'd0' is on fire\nUse water.\nwarning: careful\n");
}

static void test_rate_limit(void)
{
    RateLimit rl = { 0 };

    for (int i = 0; i < 5; i++) {
        g_assert_true(rate_limit_ok(&rl, 5, 1000));
    }
    g_assert_false(rate_limit_ok(&rl, 5, 1000));
    g_assert_cmpuint(rl.dropped, ==, 1);
}

typedef struct Counter { Notifier n; int count; bool leave; } Counter;

static void count_up(Notifier *n, void *data)
{
    Counter *c = container_of(n, Counter, n);

    c->count += *(int *)data;
    if (c->leave) {
        notifier_remove(n);
    }
}

static void test_notifiers(void)
{
    NotifierList list = { 0 };
    Counter a = { .n.notify = count_up }, b = { .n.notify = count_up, .leave = true };
    int step = 2;

    notifier_list_add(&list, &a.n);
    notifier_list_add(&list, &b.n);
    notifier_list_notify(&list, &step);
    notifier_list_notify(&list, &step);
    g_assert_cmpint(a.count, ==, 4);
    g_assert_cmpint(b.count, ==, 2);
    notifier_remove(&b.n);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/error/basic", test_basic);
    g_test_add_func("/error/guard", test_guard);
    g_test_add_func("/error/errno", test_errno);
    g_test_add_func("/error/propagate", test_propagate);
    g_test_add_func("/error/fatal", test_fatal);
    g_test_add_func("/error/sink", test_sink);
    g_test_add_func("/error/rate-limit", test_rate_limit);
    g_test_add_func("/error/notifiers", test_notifiers);
    return g_test_run();
}
