/*
 * The phases of start-up, in the order main() runs them. Each returns false
 * with one sentence in *errp; main() then cleans up and exits with status 1.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SYSTEM_STARTUP_H
#define SYSTEM_STARTUP_H

#include "cmdline.h"

typedef struct Startup {
    CommandLine *cl;
    bool finished;              /* a help text was printed: exit(0) now */
    json_t *machine_opts;       /* all -machine options merged, later ones win */
    const char *default_serial; /* for a UART nobody mentioned */
    const char *default_monitor;
} Startup;

/* startup.c */
bool startup_process(Startup *s, Error **errp);     /* logging, name, privileges: the process itself */
bool startup_machine(Startup *s, Error **errp);     /* machine object and its options, accelerator */
bool startup_backends(Startup *s, Error **errp);    /* chardevs, objects, drives */
bool startup_board(Startup *s, Error **errp);       /* the machine's own devices */
bool startup_devices(Startup *s, Error **errp);     /* -device */
bool startup_monitors(Startup *s, Error **errp);    /* -qmp -monitor -mon -qtest */
bool startup_finish(Startup *s, Error **errp);      /* tables, first reset, run */
void startup_cleanup(Startup *s);

/* startup-help.c: -device help and its kin; true when one was asked for and printed */
bool startup_print_help(const CommandLine *cl, Error **errp);
bool startup_machine_help(const CommandLine *cl, const json_t *machine_opts, Error **errp);

/* daemonize.c */
bool daemonize_fork(Error **errp);                  /* returns in the child */
bool daemonize_ready(Error **errp);                 /* lets the parent exit 0 */
bool pidfile_create(const char *path, Error **errp);
void pidfile_remove(void);
bool run_with_apply(json_t *opts, Error **errp);    /* chroot, user: last thing before running */

/* async-teardown.c */
bool async_teardown_start(Error **errp);

/* sandbox.c */
bool sandbox_apply(json_t *opts, Error **errp);

#endif
