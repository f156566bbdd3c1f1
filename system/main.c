/*
 * Starts one virtual machine and runs it until it ends.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib-unix.h>
#include "startup.h"
#include "system/memory.h"
#include "system/system.h"
#include "util/main-loop.h"

static bool (*const phases[])(Startup *s, Error **errp) = {
    startup_process,
    startup_machine,
    startup_backends,
    startup_board,
    startup_devices,
    startup_monitors,
    startup_finish,
};

static gboolean terminate(gpointer signal)
{
    qemu_system_shutdown_request(SHUTDOWN_CAUSE_HOST_SIGNAL);
    return G_SOURCE_CONTINUE;
}

static void watch_signals(void)
{
    static const int signals[] = { SIGINT, SIGHUP, SIGTERM };

    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        g_unix_signal_add(signals[i], terminate, NULL);
    }
}

static int run(Startup *s)
{
    Error *err = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(phases); i++) {
        if (!phases[i](s, &err)) {
            error_report_err(err);
            return 1;
        }
        if (s->finished) {
            return 0;
        }
    }
    return qemu_main_loop();
}

int main(int argc, char **argv)
{
    Startup s = { 0 };
    Error *err = NULL;
    int status;

    error_progname = g_path_get_basename(argv[0]);
    watch_signals();
    s.cl = cmdline_parse(argc, argv, &err);
    if (!s.cl) {
        error_report_err(err);
        return 1;
    }
    bql_lock();
    memory_map_init();
    status = run(&s);
    startup_cleanup(&s);
    cmdline_free(s.cl);         /* still under the machine lock: no other thread may look at what is gone */
    return status;
}
