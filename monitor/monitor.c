/*
 * Monitors: their connection to a chardev, output that waits for a slow
 * reader, and events on their way to QMP clients.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "monitor-internal.h"
#include "monitor/qapi-event.h"
#include "monitor.trace.h"
#include "util/main-loop.h"
#include "util/options.h"

/* A client that does not read is not listened to, and misses events. */
#define OUT_STOP_READING (256 * KiB)
#define OUT_DROP_EVENTS (16 * MiB)

Monitor *monitor_current;

static GPtrArray *monitors;
static GThread *main_thread;

/* --- Output. --- */
static void flush(void *opaque)
{
    Monitor *mon = opaque;
    bool was_blocked = mon->out->len >= OUT_STOP_READING;

    while (mon->out->len) {
        int n = qemu_chr_fe_write(&mon->be, (const uint8_t *)mon->out->str, MIN(mon->out->len, (gsize)INT_MAX));
        if (n > 0) {
            g_string_erase(mon->out, 0, n);
        } else if (n == 0 || n == -EAGAIN) {
            qemu_chr_fe_set_writable(&mon->be, flush);
            return;
        } else {
            g_string_truncate(mon->out, 0);     /* nobody will ever read it */
        }
    }
    mon->dropping_events = false;
    qemu_chr_fe_set_writable(&mon->be, NULL);
    if (was_blocked) {
        qemu_chr_fe_accept_input(&mon->be);
    }
}

void monitor_puts(Monitor *mon, const char *text)
{
    bool was_empty = !mon->out->len;

    for (; *text; text++) {
        if (*text == '\n') {
            g_string_append_c(mon->out, '\r');
        }
        g_string_append_c(mon->out, *text);
    }
    if (was_empty) {
        flush(mon);
    }
}

/* --- Events. --- */
typedef struct QueuedEvent { char *name; json_t *message; } QueuedEvent;

static GMutex event_lock;
static GQueue event_queue = G_QUEUE_INIT;

static void deliver(json_t *message)
{
    for (guint i = 0; i < monitors->len; i++) {
        Monitor *mon = g_ptr_array_index(monitors, i);

        if (!mon->is_qmp || !mon->negotiated || !mon->open) {
            continue;
        }
        if (mon->out->len >= OUT_DROP_EVENTS) {
            if (!mon->dropping_events) {
                warn_report("QMP client on '%s' does not read; it misses events", mon->be.chr->label);
            }
            mon->dropping_events = true;
            continue;
        }
        qmp_monitor_send(mon, json_incref(message));
    }
}

static void deliver_queued(void *opaque)
{
    json_t *message;

    do {
        g_mutex_lock(&event_lock);
        message = g_queue_pop_head(&event_queue);
        g_mutex_unlock(&event_lock);
        if (message) {
            deliver(message);
            json_decref(message);
        }
    } while (message);
}

static void take_event(const char *name, json_t *data)
{
    int64_t now = g_get_real_time();
    json_t *message = json_pack("{s:{s:I, s:I}, s:s}", "timestamp", "seconds", (json_int_t)(now / 1000000),
                                "microseconds", (json_int_t)(now % 1000000), "event", name);

    trace_monitor_protocol_event_emit(name);
    if (data) {
        json_object_set_new(message, "data", data);
    }
    g_mutex_lock(&event_lock);
    g_queue_push_tail(&event_queue, message);
    g_mutex_unlock(&event_lock);
    if (g_thread_self() == main_thread) {
        deliver_queued(NULL);
    } else {
        main_loop_run_once(deliver_queued, NULL);
    }
}

/* --- The chardev's callbacks. --- */
static int monitor_can_read(void *opaque)
{
    Monitor *mon = opaque;

    return mon->out->len >= OUT_STOP_READING ? 0 : 4096;
}

static void monitor_read(void *opaque, const uint8_t *buf, int size)
{
    Monitor *mon = opaque;

    if (mon->is_qmp) {
        qmp_monitor_read(mon, buf, size);
    } else {
        hmp_monitor_read(mon, buf, size);
    }
}

static void monitor_event(void *opaque, ChrEvent event)
{
    Monitor *mon = opaque;

    if (event == CHR_EVENT_OPENED) {
        mon->open = true;
        mon->session++;
        g_string_truncate(mon->out, 0);
        if (mon->is_qmp) {
            qmp_monitor_opened(mon);
        } else {
            hmp_monitor_opened(mon);
        }
    } else if (event == CHR_EVENT_CLOSED) {
        mon->open = false;
        mon->session++;
        g_string_truncate(mon->out, 0);
        if (mon->is_qmp) {
            qmp_monitor_closed(mon);
        }
    } else if ((event == CHR_EVENT_MUX_IN || event == CHR_EVENT_MUX_OUT) && !mon->is_qmp) {
        hmp_monitor_focus(mon, event == CHR_EVENT_MUX_IN);
    }
}

static void monitor_free(gpointer p)
{
    Monitor *mon = p;

    flush(mon);
    qemu_chr_fe_deinit(&mon->be, false);
    if (mon->is_qmp) {
        json_reader_clear(&mon->reader);
    } else {
        line_editor_clear(&mon->line);
    }
    g_string_free(mon->out, TRUE);
    g_free(mon->id);
    g_free(mon);
}

static void monitor_start(Monitor *mon)
{
    if (!monitors) {
        monitors = g_ptr_array_new_with_free_func(monitor_free);
        main_thread = g_thread_self();
        qapi_event_set_sink(take_event);
    }
    g_ptr_array_add(monitors, mon);
    if (mon->is_qmp) {
        qmp_monitor_init(mon);
    } else {
        hmp_monitor_init(mon);
    }
    qemu_chr_fe_set_handlers(&mon->be, monitor_can_read, monitor_read, monitor_event, mon, true);
}

typedef struct MonitorOpts { char *id, *chardev, *mode; bool pretty; } MonitorOpts;

static bool parse_opts(MonitorOpts *o, json_t *opts, Error **errp)
{
    ERRP_GUARD();

    o->id = options_take_str(opts, "id", errp);
    o->chardev = *errp ? NULL : options_take_str(opts, "chardev", errp);
    o->mode = *errp ? NULL : options_take_str(opts, "mode", errp);
    if (*errp || !options_take_bool(opts, "pretty", &o->pretty, errp) || !options_must_be_empty(opts, "-mon", errp)) {
        return false;
    }
    if (!o->chardev) {
        error_setg(errp, "Parameter 'chardev' must be given");
        return false;
    }
    if (o->mode && strcmp(o->mode, "readline") && strcmp(o->mode, "control")) {
        error_setg(errp, "mode=%s: it is readline or control", o->mode);
        return false;
    }
    return true;
}

static bool start_from_opts(const MonitorOpts *o, Error **errp)
{
    Chardev *chr = qemu_chr_find(o->chardev);
    Monitor *mon;

    if (!chr) {
        error_setg(errp, "there is no chardev '%s'", o->chardev);
        return false;
    }
    mon = g_new0(Monitor, 1);
    if (!qemu_chr_fe_init(&mon->be, chr, errp)) {
        g_free(mon);
        return false;
    }
    mon->id = g_strdup(o->id);
    mon->is_qmp = o->mode && !strcmp(o->mode, "control");
    mon->pretty = o->pretty;
    mon->out = g_string_new(NULL);
    monitor_start(mon);
    return true;
}

bool monitor_init(json_t *options, Error **errp)
{
    g_autoptr(json_t) opts = options;
    MonitorOpts o = { 0 };
    bool ok = parse_opts(&o, opts, errp) && start_from_opts(&o, errp);

    g_free(o.id);
    g_free(o.chardev);
    g_free(o.mode);
    return ok;
}

void monitor_cleanup(void)
{
    if (!monitors) {
        return;
    }
    deliver_queued(NULL);
    qapi_event_set_sink(NULL);
    g_clear_pointer(&monitors, g_ptr_array_unref);
}
