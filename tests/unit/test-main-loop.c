/*
 * The event loop: descriptors, bottom halves, timers, the clock by hand, the
 * machine lock; and trace events by pattern.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/event_notifier.h"
#include "util/main-loop.h"
#include "util/trace.h"

static GString *story;

static void note(void *opaque) { g_string_append(story, opaque); }

static void expect_story(const char *text)
{
    g_assert_cmpstr(story->str, ==, text);
    g_string_truncate(story, 0);
}

static QEMUBH *again;
static void reschedule(void *opaque)
{
    note(opaque);
    qemu_bh_schedule(again);
}

static void test_bottom_halves(void)
{
    QEMUBH *a = qemu_bh_new(note, (void *)"a"), *b = qemu_bh_new(note, (void *)"b");

    qemu_bh_schedule(b);
    qemu_bh_schedule(a);
    qemu_bh_schedule(b);
    main_loop_run_once(note, (void *)"once");
    main_loop_wait(true);
    expect_story("baonce");
    qemu_bh_schedule(a);
    qemu_bh_cancel(a);
    main_loop_wait(true);
    expect_story("");
    /* what a bottom half schedules waits for the next turn */
    again = qemu_bh_new(reschedule, (void *)"x");
    qemu_bh_schedule(again);
    main_loop_wait(true);
    expect_story("x");
    main_loop_wait(true);
    expect_story("x");
    qemu_bh_delete(again);
    qemu_bh_schedule(a);
    qemu_bh_delete(a);
    qemu_bh_delete(b);
    main_loop_wait(true);
    expect_story("");
}

static gpointer schedule_from_thread(gpointer bh)
{
    g_usleep(20000);
    bql_lock();
    g_string_append(story, "thread ");
    bql_unlock();
    qemu_bh_schedule(bh);
    return NULL;
}

static void test_wake_up(void)
{
    QEMUBH *bh = qemu_bh_new(note, (void *)"bh");
    GThread *t = g_thread_new("t", schedule_from_thread, bh);

    /* The loop waits without the machine lock, and the thread can take it. */
    g_assert_true(bql_locked());
    while (!strstr(story->str, "bh")) {
        main_loop_wait(false);
    }
    g_assert_true(bql_locked());
    expect_story("thread bh");
    g_thread_join(t);
    qemu_bh_delete(bh);
}

static int pipe_fds[2];
static void read_one(void *opaque)
{
    char c;
    g_assert_cmpint(read(pipe_fds[0], &c, 1), ==, 1);
    g_string_append_c(story, c);
    if (c == 'q') {
        qemu_set_fd_handler(pipe_fds[0], NULL, NULL, NULL);
    }
}

static void test_descriptors(void)
{
    g_assert_cmpint(pipe(pipe_fds), ==, 0);
    qemu_set_fd_handler(pipe_fds[0], read_one, NULL, NULL);
    main_loop_wait(true);
    expect_story("");
    g_assert_cmpint(write(pipe_fds[1], "aqz", 3), ==, 3);
    for (int i = 0; i < 5; i++) {
        main_loop_wait(true);
    }
    expect_story("aq");
    qemu_set_fd_handler(pipe_fds[1], NULL, note, (void *)"w");
    main_loop_wait(true);
    qemu_set_fd_handler(pipe_fds[1], NULL, NULL, NULL);
    main_loop_wait(true);
    expect_story("w");
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

static void test_timers(void)
{
    QEMUTimer *late = timer_new_ns(QEMU_CLOCK_REALTIME, note, (void *)"late "), *early = timer_new_ns(QEMU_CLOCK_REALTIME, note, (void *)"early ");
    QEMUTimer *never = timer_new_ns(QEMU_CLOCK_REALTIME, note, (void *)"never ");
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_REALTIME);

    timer_mod(late, now + 20000000);
    timer_mod(early, now + 5000000);
    timer_mod(never, now + 1000000);
    timer_del(never);
    g_assert_true(timer_pending(late) && !timer_pending(never));
    while (timer_pending(late)) {
        main_loop_wait(false);
    }
    expect_story("early late ");
    g_assert_cmpint(qemu_clock_get_ns(QEMU_CLOCK_REALTIME), >=, now + 20000000);
    timer_free(late);
    timer_free(early);
    timer_free(never);
}

static QEMUTimer *periodic;
static void tick(void *opaque)
{
    g_string_append_printf(story, "%" PRId64 " ", qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    timer_mod(periodic, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + 10);
}

static void test_clock_by_hand(void)
{
    QEMUTimer *same = timer_new_ns(QEMU_CLOCK_VIRTUAL, note, (void *)"same ");

    qtest_clock_take();
    g_assert_cmpint(qtest_clock_deadline(), ==, -1);
    periodic = timer_new_ns(QEMU_CLOCK_VIRTUAL, tick, NULL);
    timer_mod(periodic, 10);
    timer_mod(same, 20);
    g_assert_cmpint(qtest_clock_deadline(), ==, 10);
    cpu_clock_enable(true);
    g_assert_cmpint(qtest_clock_set(35), ==, 35);
    expect_story("10 same 20 30 ");
    g_assert_cmpint(qtest_clock_set(5), ==, 35);
    expect_story("");
    g_assert_cmpint(qtest_clock_deadline(), ==, 5);
    timer_free(periodic);
    timer_free(same);
}

static void test_event_notifier(void)
{
    EventNotifier e;

    g_assert_cmpint(event_notifier_init(&e, false), ==, 0);
    g_assert_false(event_notifier_test_and_clear(&e));
    event_notifier_set(&e);
    event_notifier_set(&e);
    g_assert_true(event_notifier_test_and_clear(&e));
    g_assert_false(event_notifier_test_and_clear(&e));
    event_notifier_cleanup(&e);
    g_assert_cmpint(event_notifier_get_fd(&e), ==, -1);
}

static TraceEvent ev_one = { .name = "toy_one" }, ev_two = { .name = "toy_two" };

static void test_trace(void)
{
    TraceEvent *const list[] = { &ev_two, &ev_one };
    g_autofree char *dir = g_dir_make_tmp("trace-XXXXXX", NULL), *events = g_build_filename(dir, "events", NULL);
    g_autofree char *log = g_build_filename(dir, "log", NULL), *arg = g_strdup_printf("events=%s,file=%s", events, log), *text = NULL;
    g_autoptr(Error) err = NULL;

    trace_register_events(list, 2);
    g_assert_true(trace_enable_pattern("toy_*", true));
    g_assert_true(trace_event_enabled(&ev_one) && trace_event_enabled(&ev_two));
    g_assert_true(trace_opt_parse("-toy_one", &error_abort));
    g_assert_false(trace_event_enabled(&ev_one));
    g_assert_false(trace_opt_parse("toy_three", &err));
    g_assert_cmpstr(error_get_pretty(err), ==, "trace event 'toy_three' does not exist; -trace help lists them");
    g_clear_pointer(&err, error_free);
    g_assert_true(g_file_set_contents(events, "# some\n-toy_*\ntoy_one\n", -1, NULL));
    g_assert_true(trace_opt_parse(arg, &error_abort));
    g_assert_true(trace_event_enabled(&ev_one) && !trace_event_enabled(&ev_two));
    trace_log(&ev_one, "x=%d", 5);
    g_assert_true(g_file_get_contents(log, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "toy_one x=5\n");
    g_assert_false(qemu_set_log_items("guest_errors,bogus", &err));
    g_assert_cmpstr(error_get_pretty(err), ==, "Unknown log item 'bogus'; -d help lists them");
    g_assert_cmpint(unlink(events) | unlink(log) | rmdir(dir), ==, 0);
}

int main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    story = g_string_new(NULL);
    main_loop_init();
    g_test_add_func("/main-loop/bottom-halves", test_bottom_halves);
    g_test_add_func("/main-loop/wake-up", test_wake_up);
    g_test_add_func("/main-loop/descriptors", test_descriptors);
    g_test_add_func("/main-loop/timers", test_timers);
    g_test_add_func("/main-loop/clock-by-hand", test_clock_by_hand);
    g_test_add_func("/main-loop/event-notifier", test_event_notifier);
    g_test_add_func("/main-loop/trace", test_trace);
    result = g_test_run();
    g_string_free(story, TRUE);
    return result;
}
