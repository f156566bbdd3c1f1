/*
 * QMP commands about the monitor, the program and its run.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/accel.h"
#include "monitor-internal.h"
#include "system/system.h"
#include "util/trace.h"

json_t *qmp_query_version(const json_t *args, Error **errp)
{
    int major = 0, minor = 0, micro = 0;

    sscanf(QEMU_VERSION, "%d.%d.%d", &major, &minor, &micro);
    return json_pack("{s:{s:i, s:i, s:i}, s:s}", "qemu", "micro", micro, "minor", minor, "major", major,
                     "package", "twostage-" TWOSTAGE_VERSION);
}

json_t *qmp_query_commands(const json_t *args, Error **errp)
{
    json_t *list = json_array();

    for (size_t i = 0; i < qmp_commands_count; i++) {
        json_array_append_new(list, json_pack("{s:s}", "name", qmp_commands[i].name));
    }
    return list;
}

json_t *qmp_query_events(const json_t *args, Error **errp)
{
    json_t *list = json_array();

    for (const char *const *e = qmp_events; *e; e++) {
        json_array_append_new(list, json_pack("{s:s}", "name", *e));
    }
    return list;
}

json_t *qmp_query_qmp_schema(const json_t *args, Error **errp)
{
    return json_loads(qmp_schema_json, 0, NULL);
}

json_t *qmp_query_name(const json_t *args, Error **errp)
{
    return qemu_name ? json_pack("{s:s}", "name", qemu_name) : json_object();
}

json_t *qmp_query_uuid(const json_t *args, Error **errp)
{
    GString *text = g_string_new(NULL);
    json_t *result;

    for (int i = 0; i < 16; i++) {
        g_string_append_printf(text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", qemu_uuid[i]);
    }
    result = json_pack("{s:s}", "UUID", text->str);
    g_string_free(text, TRUE);
    return result;
}

json_t *qmp_quit(const json_t *args, Error **errp)
{
    qemu_system_shutdown_request(SHUTDOWN_CAUSE_HOST_QMP_QUIT);
    return json_object();
}

json_t *qmp_query_status(const json_t *args, Error **errp)
{
    RunState s = runstate_seen();

    return json_pack("{s:s, s:b}", "status", runstate_name(s), "running", s == RUN_STATE_RUNNING);
}

json_t *qmp_stop(const json_t *args, Error **errp)
{
    vm_stop(RUN_STATE_PAUSED);
    return json_object();
}

json_t *qmp_cont(const json_t *args, Error **errp)
{
    switch (runstate_get()) {
    case RUN_STATE_SHUTDOWN:
    case RUN_STATE_INTERNAL_ERROR:
    case RUN_STATE_GUEST_PANICKED:
        error_setg(errp, "This machine has come to its end; only system_reset starts it again");
        return NULL;
    default:
        vm_start();
        return json_object();
    }
}

json_t *qmp_system_reset(const json_t *args, Error **errp)
{
    qemu_system_reset_request(SHUTDOWN_CAUSE_HOST_QMP_SYSTEM_RESET);
    return json_object();
}

json_t *qmp_system_powerdown(const json_t *args, Error **errp)
{
    qemu_system_powerdown_request();
    return json_object();
}

json_t *qmp_system_wakeup(const json_t *args, Error **errp)
{
    AccelClass *ac = current_accel ? ACCEL_GET_CLASS(current_accel) : NULL;
    bool woken = false;
    CPUState *cpu;

    if (ac && ac->wake_up) {
        CPU_FOREACH(cpu) {
            woken = woken || ac->wake_up(cpu);
        }
    }
    if (!woken) {
        error_setg(errp, "The guest does not sleep");
        return NULL;
    }
    return json_object();
}

json_t *qmp_set_action(const json_t *args, Error **errp)
{
    const char *event;
    json_t *action;

    json_object_foreach((json_t *)args, event, action) {
        if (!runstate_set_action(event, json_string_value(action), errp)) {
            return NULL;
        }
    }
    return json_object();
}

json_t *qmp_human_monitor_command(const json_t *args, Error **errp)
{
    g_autofree char *text = monitor_hmp_execute(json_string_value(json_object_get(args, "command-line")));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autofree char *crlf = g_strjoinv("\r\n", lines);
    g_autofree char *valid = g_utf8_make_valid(crlf, -1);

    return json_string(valid);
}

/* --- trace events --- */
static void list_event(TraceEvent *e, void *opaque)
{
    json_array_append_new(opaque, json_pack("{s:s, s:s}", "name", e->name, "state",
                                            trace_event_enabled(e) ? "enabled" : "disabled"));
}

static bool no_such_event(const char *name, Error **errp)
{
    error_setg(errp, "there is no trace event '%s'", name);
    return false;
}

json_t *qmp_trace_event_get_state(const json_t *args, Error **errp)
{
    const char *name = json_string_value(json_object_get(args, "name"));
    json_t *list = json_array();

    trace_foreach(name, list_event, list);
    if (!json_array_size(list) && !strpbrk(name, "*?")) {
        json_decref(list);
        no_such_event(name, errp);
        return NULL;
    }
    return list;
}

json_t *qmp_trace_event_set_state(const json_t *args, Error **errp)
{
    const char *name = json_string_value(json_object_get(args, "name"));

    if (!trace_enable_pattern(name, json_is_true(json_object_get(args, "enable"))) && !strpbrk(name, "*?")) {
        no_such_event(name, errp);
        return NULL;
    }
    return json_object();
}
