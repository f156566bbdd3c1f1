/*
 * QMP: greeting, negotiation, one JSON object in, one out.
 *
 * Commands run one after the other in the main thread, so an out-of-band
 * command is merely one that is allowed to say so.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "monitor-internal.h"
#include "monitor.trace.h"
#include "util/options.h"

void qmp_monitor_send(Monitor *mon, json_t *message)
{
    char *text = json_dumps(message, mon->pretty ? JSON_INDENT(4) : 0);
    g_autofree char *line = g_strconcat(text, "\n", NULL);

    free(text);
    json_decref(message);
    monitor_puts(mon, line);
}

static void send_error(Monitor *mon, json_t *id, ErrorClass klass, const char *desc)
{
    json_t *message = json_object(), *text = json_string(desc);

    if (id) {
        json_object_set(message, "id", id);
    }
    /* A quoted piece of the client's own bytes may not be UTF-8. */
    json_object_set_new(message, "error", json_pack("{s:s, s:o}", "class", error_class_name(klass),
                                                    "desc", text ? text : json_string("invalid UTF-8 in the request")));
    qmp_monitor_send(mon, message);
}

static void send_error_object(Monitor *mon, json_t *id, Error *err)
{
    send_error(mon, id, error_get_class(err), error_get_pretty(err));
    error_free(err);
}

static void send_return(Monitor *mon, json_t *id, json_t *value)
{
    json_t *message = json_object();

    json_object_set_new(message, "return", value);
    if (id) {
        json_object_set(message, "id", id);
    }
    qmp_monitor_send(mon, message);
}

/* What may stand in a request, and that it is of the right kind. */
static bool check_request(const json_t *request, Error **errp)
{
    const char *key;
    json_t *v;

    if (!json_is_object(request)) {
        error_setg(errp, "a command is a JSON object");
        return false;
    }
    json_object_foreach((json_t *)request, key, v) {
        if (!strcmp(key, "execute") || !strcmp(key, "exec-oob")) {
            if (!json_is_string(v)) {
                error_setg(errp, "the member '%s' of a command is a string", key);
                return false;
            }
        } else if (!strcmp(key, "arguments")) {
            if (!json_is_object(v)) {
                error_setg(errp, "the member 'arguments' of a command is an object");
                return false;
            }
        } else if (strcmp(key, "id")) {
            error_setg(errp, "a command has no member '%s'", key);
            return false;
        }
    }
    if (!json_object_get(request, "execute") && !json_object_get(request, "exec-oob")) {
        error_setg(errp, "a command needs the member 'execute'");
        return false;
    }
    if (json_object_get(request, "execute") && json_object_get(request, "exec-oob")) {
        error_setg(errp, "QMP input member 'exec-oob' clashes with 'execute'");
        return false;
    }
    return true;
}

static const QmpCommand *find_allowed(const Monitor *mon, const char *name, bool oob, Error **errp)
{
    const QmpCommand *cmd = qmp_find_command(name);
    bool is_negotiation = !strcmp(name, "qmp_capabilities");

    if (!mon->negotiated && !is_negotiation) {
        error_set(errp, ERROR_CLASS_COMMAND_NOT_FOUND, "qmp_capabilities comes before any other command");
        return NULL;
    }
    if (mon->negotiated && is_negotiation) {
        error_set(errp, ERROR_CLASS_COMMAND_NOT_FOUND, "qmp_capabilities has been given; there is nothing left to agree on");
        return NULL;
    }
    if (!cmd) {
        error_set(errp, ERROR_CLASS_COMMAND_NOT_FOUND, "There is no command %s", name);
        return NULL;
    }
    if (oob && !(cmd->flags & QMP_ALLOW_OOB)) {
        error_setg(errp, "%s cannot be run out of band", name);
        return NULL;
    }
    return cmd;
}

static json_t *run(Monitor *mon, const json_t *request, Error **errp)
{
    json_t *oob = json_object_get(request, "exec-oob");
    const char *name = json_string_value(oob ? oob : json_object_get(request, "execute"));
    g_autoptr(json_t) args = json_object_get(request, "arguments") ? json_incref(json_object_get(request, "arguments"))
                                                                   : json_object();
    const QmpCommand *cmd = find_allowed(mon, name, oob, errp);
    Monitor *previous = monitor_current;
    json_t *result;

    if (!cmd || !qapi_check(cmd->args, args, "", errp)) {
        return NULL;
    }
    monitor_current = mon;
    result = cmd->handler(args, errp);
    monitor_current = previous;
    return result;
}

static void trace_request(Monitor *mon, const json_t *request)
{
    char *text;

    if (TRACE_HANDLE_QMP_COMMAND_ENABLED()) {
        text = json_dumps(request, JSON_ENCODE_ANY);
        trace_handle_qmp_command(mon, text);
        free(text);
    }
}

static void got_request(void *opaque, json_t *request, const char *parse_error)
{
    Monitor *mon = opaque;
    unsigned session = mon->session;
    g_autoptr(json_t) id = NULL;
    json_t *result = NULL;
    Error *err = NULL;

    if (parse_error) {
        send_error(mon, NULL, ERROR_CLASS_GENERIC_ERROR, parse_error);
        return;
    }
    trace_request(mon, request);
    id = json_incref(json_object_get(request, "id"));
    if (check_request(request, &err)) {
        result = run(mon, request, &err);
    }
    if (session != mon->session) {
        /* The client left meanwhile; another may have come. */
        error_free(err);
        json_decref(result);
    } else if (err) {
        send_error_object(mon, id, err);
    } else {
        send_return(mon, id, result);
    }
}

void qmp_monitor_init(Monitor *mon)
{
    json_reader_init(&mon->reader, got_request, mon);
}

void qmp_monitor_opened(Monitor *mon)
{
    g_autoptr(json_t) version = qmp_query_version(NULL, NULL);

    mon->negotiated = false;
    json_reader_reset(&mon->reader);
    mon->reader.skipping = false;
    qmp_monitor_send(mon, json_pack("{s:{s:O, s:[s]}}", "QMP", "version", version, "capabilities", "oob"));
}

void qmp_monitor_closed(Monitor *mon)
{
    mon->negotiated = false;
    json_reader_reset(&mon->reader);
    mon->reader.skipping = false;
}

void qmp_monitor_read(Monitor *mon, const uint8_t *buf, int size)
{
    json_reader_feed(&mon->reader, buf, size);
}

json_t *qmp_qmp_capabilities(const json_t *args, Error **errp)
{
    monitor_current->negotiated = true;
    return json_object();
}
