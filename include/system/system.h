/*
 * The run of one virtual machine: its state, why it stops, what happens then.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SYSTEM_SYSTEM_H
#define SYSTEM_SYSTEM_H

#include "util/error.h"
#include "util/notify.h"

/* QMP's RunState; names in runstate_name(). */
typedef enum RunState {
    RUN_STATE_PRELAUNCH, RUN_STATE_RUNNING, RUN_STATE_PAUSED, RUN_STATE_DEBUG, RUN_STATE_INTERNAL_ERROR,
    RUN_STATE_IO_ERROR, RUN_STATE_SHUTDOWN, RUN_STATE_SUSPENDED, RUN_STATE_GUEST_PANICKED, RUN_STATE_WATCHDOG,
    RUN_STATE_INMIGRATE, RUN_STATE_POSTMIGRATE, RUN_STATE__MAX
} RunState;
typedef enum ShutdownCause {
    SHUTDOWN_CAUSE_NONE, SHUTDOWN_CAUSE_HOST_ERROR, SHUTDOWN_CAUSE_HOST_QMP_QUIT, SHUTDOWN_CAUSE_HOST_QMP_SYSTEM_RESET,
    SHUTDOWN_CAUSE_HOST_SIGNAL, SHUTDOWN_CAUSE_HOST_UI, SHUTDOWN_CAUSE_GUEST_SHUTDOWN, SHUTDOWN_CAUSE_GUEST_RESET,
    SHUTDOWN_CAUSE_GUEST_PANIC, SHUTDOWN_CAUSE__MAX
} ShutdownCause;

RunState runstate_get(void);
RunState runstate_seen(void);           /* for people and clients: a machine that the guest put to sleep is suspended */
const char *runstate_name(RunState s);
void qemu_system_asleep(bool on);       /* the guest put the machine to sleep, or it woke; events say so */
const char *shutdown_cause_name(ShutdownCause c);
static inline bool runstate_is_running(void) { return runstate_get() == RUN_STATE_RUNNING; }

/* Under the machine lock. vm_stop from a vCPU thread is deferred to the main thread. */
void vm_start(void);
void vm_stop(RunState state);
void vm_stop_from_vcpu(RunState state);
/* Tells about running and standing: (running, new state). */
typedef void VMChangeStateHandler(void *opaque, bool running, RunState state);
typedef struct VMChangeStateEntry VMChangeStateEntry;
VMChangeStateEntry *qemu_add_vm_change_state_handler(VMChangeStateHandler *cb, void *opaque);
void qemu_del_vm_change_state_handler(VMChangeStateEntry *e);

/* Requests, from any thread; carried out by the main loop. */
void qemu_system_reset_request(ShutdownCause cause);
void qemu_system_shutdown_request(ShutdownCause cause);
void qemu_system_shutdown_request_with_code(ShutdownCause cause, int exit_code);
void qemu_system_powerdown_request(void);
void qemu_system_guest_panicked(const char *info);
void qemu_register_powerdown_notifier(Notifier *n);
void qemu_add_exit_notifier(Notifier *n);
void qemu_remove_exit_notifier(Notifier *n);
void vm_resets_are_shutdowns(bool on);                  /* -no-reboot */
/* -action: reboot=reset|shutdown, shutdown=poweroff|pause, panic=..., watchdog=... */
bool runstate_set_action(const char *event, const char *action, Error **errp);
/* Runs until quit; returns the exit status. */
int qemu_main_loop(void);

/* Command-line state that others ask for. */
extern const char *qemu_name;
extern bool qemu_uuid_set;
extern uint8_t qemu_uuid[16];
extern bool nodefaults;
extern bool autostart;

/* Chardevs for -serial N: NULL when not given. */
struct Chardev;
struct Chardev *serial_hd(int i);

#endif
