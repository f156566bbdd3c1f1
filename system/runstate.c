/*
 * The run of one machine: its state, and requests that the main loop carries
 * out between events (reset, shutdown, powerdown, a vCPU's stop).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/accel.h"
#include "hw/core/boards.h"
#include "monitor/qapi-event.h"
#include "system/system.h"
#include "system.trace.h"
#include "util/main-loop.h"

static const char *const state_names[RUN_STATE__MAX] = {
    [RUN_STATE_PRELAUNCH] = "prelaunch", [RUN_STATE_RUNNING] = "running", [RUN_STATE_PAUSED] = "paused",
    [RUN_STATE_DEBUG] = "debug", [RUN_STATE_INTERNAL_ERROR] = "internal-error", [RUN_STATE_IO_ERROR] = "io-error",
    [RUN_STATE_SHUTDOWN] = "shutdown", [RUN_STATE_SUSPENDED] = "suspended",
    [RUN_STATE_GUEST_PANICKED] = "guest-panicked", [RUN_STATE_WATCHDOG] = "watchdog",
    [RUN_STATE_INMIGRATE] = "inmigrate", [RUN_STATE_POSTMIGRATE] = "postmigrate",
};

static const char *const cause_names[SHUTDOWN_CAUSE__MAX] = {
    [SHUTDOWN_CAUSE_NONE] = "none", [SHUTDOWN_CAUSE_HOST_ERROR] = "host-error",
    [SHUTDOWN_CAUSE_HOST_QMP_QUIT] = "host-qmp-quit", [SHUTDOWN_CAUSE_HOST_QMP_SYSTEM_RESET] = "host-qmp-system-reset",
    [SHUTDOWN_CAUSE_HOST_SIGNAL] = "host-signal", [SHUTDOWN_CAUSE_HOST_UI] = "host-ui",
    [SHUTDOWN_CAUSE_GUEST_SHUTDOWN] = "guest-shutdown", [SHUTDOWN_CAUSE_GUEST_RESET] = "guest-reset",
    [SHUTDOWN_CAUSE_GUEST_PANIC] = "guest-panic",
};

/* Guarded by the machine lock. */
static RunState state = RUN_STATE_PRELAUNCH;
static bool asleep;         /* by the guest's own wish; its vCPUs wait in the accelerator and nothing of ours stands still */

/* Requests; set from any thread, taken by the main loop. */
static int reset_wanted, shutdown_wanted;           /* ShutdownCause */
static int powerdown_wanted;
static int stop_wanted = RUN_STATE__MAX;            /* RunState */
static int exit_code;

/* -action */
static bool reboot_is_shutdown, shutdown_is_pause;
static enum { PANIC_SHUTDOWN, PANIC_EXIT_FAILURE, PANIC_PAUSE, PANIC_NONE } panic_action;

/* What the command line says and others ask for. */
const char *qemu_name;
bool qemu_uuid_set;
uint8_t qemu_uuid[16];
bool nodefaults;
bool autostart = true;

static NotifierList powerdown_notifiers, exit_notifiers;

RunState runstate_get(void)
{
    return __atomic_load_n(&state, __ATOMIC_RELAXED);
}

static void runstate_set(RunState s)
{
    trace_runstate_set(state_names[state], state_names[s]);
    __atomic_store_n(&state, s, __ATOMIC_RELAXED);
}

RunState runstate_seen(void)
{
    RunState s = runstate_get();

    return s == RUN_STATE_RUNNING && __atomic_load_n(&asleep, __ATOMIC_RELAXED) ? RUN_STATE_SUSPENDED : s;
}

void qemu_system_asleep(bool on)
{
    if (__atomic_exchange_n(&asleep, on, __ATOMIC_RELAXED) != on) {
        qapi_event_send(on ? "SUSPEND" : "WAKEUP", NULL);
    }
}

const char *runstate_name(RunState s)
{
    return state_names[s];
}

const char *shutdown_cause_name(ShutdownCause c)
{
    return cause_names[c];
}

static bool cause_is_guest(ShutdownCause c)
{
    return c >= SHUTDOWN_CAUSE_GUEST_SHUTDOWN;
}

/* --- Who wants to know about running and standing. --- */
struct VMChangeStateEntry {
    VMChangeStateHandler *cb;
    void *opaque;
};

static GPtrArray *change_handlers;      /* devices after the parts they stand on; back to front when stopping */

VMChangeStateEntry *qemu_add_vm_change_state_handler(VMChangeStateHandler *cb, void *opaque)
{
    VMChangeStateEntry *e = g_new0(VMChangeStateEntry, 1);

    e->cb = cb;
    e->opaque = opaque;
    if (!change_handlers) {
        change_handlers = g_ptr_array_new();
    }
    g_ptr_array_add(change_handlers, e);
    return e;
}

void qemu_del_vm_change_state_handler(VMChangeStateEntry *e)
{
    if (e && g_ptr_array_remove(change_handlers, e)) {
        g_free(e);
    }
}

static void tell_change(bool running)
{
    guint n = change_handlers ? change_handlers->len : 0;
    g_autofree VMChangeStateEntry **all = n ? g_memdup2(change_handlers->pdata, n * sizeof(*all)) : NULL;

    trace_vm_state_notify(running, state_names[state]);
    for (guint i = 0; i < n; i++) {
        VMChangeStateEntry *e = all[running ? i : n - 1 - i];
        if (g_ptr_array_find(change_handlers, e, NULL)) {
            e->cb(e->opaque, running, state);
        }
    }
}

/* --- Start and stop. --- */
void vm_start(void)
{
    AccelClass *ac = current_accel ? ACCEL_GET_CLASS(current_accel) : NULL;

    if (runstate_is_running()) {
        return;
    }
    /* A stop that was asked for while standing has happened already. */
    __atomic_store_n(&stop_wanted, RUN_STATE__MAX, __ATOMIC_SEQ_CST);
    runstate_set(RUN_STATE_RUNNING);
    cpu_clock_enable(true);
    if (ac && ac->synchronize_pre_resume) {
        ac->synchronize_pre_resume();
    }
    tell_change(true);
    resume_all_vcpus();
    qapi_event_send("RESUME", NULL);
}

/* False: it stood already. */
static bool stand_still(RunState new_state)
{
    bool was_running = runstate_is_running();

    runstate_set(new_state);
    if (was_running) {
        cpu_clock_enable(false);
        pause_all_vcpus();
        tell_change(false);
    }
    return was_running;
}

void vm_stop(RunState new_state)
{
    if (current_cpu) {
        vm_stop_from_vcpu(new_state);
    } else if (stand_still(new_state)) {
        qapi_event_send("STOP", NULL);
    }
}

void vm_stop_from_vcpu(RunState new_state)
{
    __atomic_store_n(&stop_wanted, new_state, __ATOMIC_SEQ_CST);
    main_loop_kick();
    if (current_cpu) {
        current_cpu->stop = true;
        qemu_cpu_kick(current_cpu);
    }
}

/* --- Requests. --- */
void qemu_system_reset_request(ShutdownCause cause)
{
    trace_qemu_system_reset_request(cause_names[cause]);
    if (reboot_is_shutdown && cause != SHUTDOWN_CAUSE_HOST_QMP_SYSTEM_RESET) {
        __atomic_store_n(&shutdown_wanted, cause, __ATOMIC_SEQ_CST);
    } else {
        __atomic_store_n(&reset_wanted, cause, __ATOMIC_SEQ_CST);
    }
    if (current_cpu) {
        current_cpu->stop = true;
        qemu_cpu_kick(current_cpu);
    }
    main_loop_kick();
}

void qemu_system_shutdown_request(ShutdownCause cause)
{
    trace_qemu_system_shutdown_request(cause_names[cause]);
    __atomic_store_n(&shutdown_wanted, cause, __ATOMIC_SEQ_CST);
    if (current_cpu) {
        current_cpu->stop = true;
        qemu_cpu_kick(current_cpu);
    }
    main_loop_kick();
}

void qemu_system_shutdown_request_with_code(ShutdownCause cause, int code)
{
    exit_code = code;
    qemu_system_shutdown_request(cause);
}

void qemu_system_powerdown_request(void)
{
    trace_qemu_system_powerdown_request();
    __atomic_store_n(&powerdown_wanted, 1, __ATOMIC_SEQ_CST);
    main_loop_kick();
}

void qemu_system_guest_panicked(const char *info)
{
    static const char *const actions[] = {
        [PANIC_SHUTDOWN] = "poweroff", [PANIC_EXIT_FAILURE] = "poweroff", [PANIC_PAUSE] = "pause", [PANIC_NONE] = "run",
    };

    qapi_event_send("GUEST_PANICKED", json_pack("{s:s}", "action", actions[panic_action]));
    error_report("guest panicked%s%s", info ? ": " : "", info ? info : "");
    switch (panic_action) {
    case PANIC_NONE:
        break;
    case PANIC_PAUSE:
        vm_stop_from_vcpu(RUN_STATE_GUEST_PANICKED);
        break;
    default:
        qemu_system_shutdown_request_with_code(SHUTDOWN_CAUSE_GUEST_PANIC, panic_action == PANIC_EXIT_FAILURE);
    }
}

void qemu_register_powerdown_notifier(Notifier *n)
{
    notifier_list_add(&powerdown_notifiers, n);
}

void qemu_add_exit_notifier(Notifier *n)
{
    notifier_list_add(&exit_notifiers, n);
}

void qemu_remove_exit_notifier(Notifier *n)
{
    notifier_remove(n);
}

void vm_resets_are_shutdowns(bool on)
{
    reboot_is_shutdown = on;
}

static bool bad_action(const char *event, const char *action, const char *valid, Error **errp)
{
    error_setg(errp, "Parameter '%s' cannot be '%s', valid values are %s", event, action, valid);
    return false;
}

bool runstate_set_action(const char *event, const char *action, Error **errp)
{
    static const char *const panic_names[] = {
        [PANIC_SHUTDOWN] = "shutdown", [PANIC_EXIT_FAILURE] = "exit-failure", [PANIC_PAUSE] = "pause", [PANIC_NONE] = "none",
    };

    if (!strcmp(event, "reboot")) {
        reboot_is_shutdown = !strcmp(action, "shutdown");
        return reboot_is_shutdown || !strcmp(action, "reset") || bad_action(event, action, "reset and shutdown", errp);
    }
    if (!strcmp(event, "shutdown")) {
        shutdown_is_pause = !strcmp(action, "pause");
        return shutdown_is_pause || !strcmp(action, "poweroff") || bad_action(event, action, "poweroff and pause", errp);
    }
    if (!strcmp(event, "panic")) {
        for (size_t i = 0; i < ARRAY_SIZE(panic_names); i++) {
            if (!strcmp(action, panic_names[i])) {
                panic_action = i;
                return true;
            }
        }
        return bad_action(event, action, "shutdown, exit-failure, pause and none", errp);
    }
    if (!strcmp(event, "watchdog")) {
        /* No watchdog device exists here; any word that is valid elsewhere changes nothing. */
        static const char *const words[] = { "reset", "shutdown", "poweroff", "pause", "debug", "none", "inject-nmi", NULL };
        return g_strv_contains(words, action) ||
               bad_action(event, action, "reset, shutdown, poweroff, pause, debug, none and inject-nmi", errp);
    }
    error_setg(errp, "Parameter '%s' is unexpected; -action takes reboot, shutdown, panic and watchdog", event);
    return false;
}

/* --- The loop. --- */
static void send_cause_event(const char *name, ShutdownCause cause)
{
    qapi_event_send(name, json_pack("{s:b, s:s}", "guest", cause_is_guest(cause), "reason", shutdown_cause_name(cause)));
}

static void do_reset(ShutdownCause cause)
{
    MachineClass *mc = current_machine ? MACHINE_GET_CLASS(current_machine) : NULL;

    pause_all_vcpus();
    cpu_synchronize_all_states();
    __atomic_store_n(&asleep, false, __ATOMIC_RELAXED);
    qemu_devices_reset(RESET_TYPE_COLD);
    if (mc && mc->reset) {
        mc->reset(current_machine, RESET_TYPE_COLD);
    }
    cpu_synchronize_all_post_reset();
    send_cause_event("RESET", cause);
    if (runstate_is_running()) {
        resume_all_vcpus();
    } else if (state != RUN_STATE_INMIGRATE) {
        /* Whatever it had come to, it is a machine that has not started now. */
        runstate_set(RUN_STATE_PRELAUNCH);
    }
}

/* True: the program ends. */
static bool do_shutdown(ShutdownCause cause)
{
    send_cause_event("SHUTDOWN", cause);
    if (shutdown_is_pause && cause != SHUTDOWN_CAUSE_HOST_QMP_QUIT && cause != SHUTDOWN_CAUSE_HOST_SIGNAL) {
        vm_stop(RUN_STATE_SHUTDOWN);
        return false;
    }
    return true;
}

static bool carry_out_requests(void)
{
    int stop = __atomic_exchange_n(&stop_wanted, RUN_STATE__MAX, __ATOMIC_SEQ_CST);
    ShutdownCause cause;

    cause = __atomic_exchange_n(&shutdown_wanted, SHUTDOWN_CAUSE_NONE, __ATOMIC_SEQ_CST);
    if (cause && do_shutdown(cause)) {
        return true;
    }
    cause = __atomic_exchange_n(&reset_wanted, SHUTDOWN_CAUSE_NONE, __ATOMIC_SEQ_CST);
    if (cause) {
        do_reset(cause);
    }
    if (__atomic_exchange_n(&powerdown_wanted, 0, __ATOMIC_SEQ_CST)) {
        qapi_event_send("POWERDOWN", NULL);
        notifier_list_notify(&powerdown_notifiers, NULL);
    }
    if (stop != RUN_STATE__MAX) {
        vm_stop(stop);
    }
    return false;
}

int qemu_main_loop(void)
{
    while (!carry_out_requests()) {
        main_loop_wait(false);
    }
    stand_still(RUN_STATE_SHUTDOWN);
    notifier_list_notify(&exit_notifiers, NULL);
    return exit_code;
}
