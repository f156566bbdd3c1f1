/*
 * The monitor for people: a line in, text out.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/core/qdev.h"
#include "monitor-internal.h"
#include "monitor/hmp.h"
#include "monitor.trace.h"
#include "util/main-loop.h"
#include "util/options.h"
#include "util/trace.h"

void hmp_report(GString *out, Error *err)
{
    if (err) {
        g_string_append_printf(out, "Error: %s\n", error_get_pretty(err));
        g_string_append(out, error_get_hint(err) ? error_get_hint(err) : "");
        error_free(err);
    }
}

/* --- Commands that are QMP's. --- */
static void run_qmp(GString *out, QmpHandler *handler, json_t *args)
{
    Error *err = NULL;

    json_decref(handler(args, &err));
    json_decref(args);
    hmp_report(out, err);
}

static void cmd_quit(GString *out, const char *args) { run_qmp(out, qmp_quit, json_object()); }
static void cmd_stop(GString *out, const char *args) { run_qmp(out, qmp_stop, json_object()); }
static void cmd_cont(GString *out, const char *args) { run_qmp(out, qmp_cont, json_object()); }
static void cmd_reset(GString *out, const char *args) { run_qmp(out, qmp_system_reset, json_object()); }
static void cmd_powerdown(GString *out, const char *args) { run_qmp(out, qmp_system_powerdown, json_object()); }
static void cmd_wakeup(GString *out, const char *args) { run_qmp(out, qmp_system_wakeup, json_object()); }

static bool need_args(GString *out, const char *args, const char *usage)
{
    if (!*args) {
        g_string_append_printf(out, "usage: %s\n", usage);
    }
    return *args;
}

/* "device_add DRIVER,help" */
static void print_device_options(GString *out, json_t *opts)
{
    json_t *driver = json_object_get(opts, "driver"), *args, *list, *prop;
    Error *err = NULL;
    size_t i;

    if (!driver) {
        g_string_append(out, "device_add DRIVER,help lists the properties of a device\n");
        return;
    }
    args = json_pack("{s:O}", "typename", driver);
    list = qmp_device_list_properties(args, &err);
    json_array_foreach(list, i, prop) {
        const char *text = json_string_value(json_object_get(prop, "description"));
        g_string_append_printf(out, "  %s=<%s>%s%s\n", json_string_value(json_object_get(prop, "name")),
                               json_string_value(json_object_get(prop, "type")), text ? " - " : "", text ? text : "");
    }
    json_decref(list);
    json_decref(args);
    hmp_report(out, err);
}

static void cmd_device_add(GString *out, const char *args)
{
    Error *err = NULL;
    json_t *opts;
    bool help;

    if (!need_args(out, args, "device_add driver[,prop=value][,...]")) {
        return;
    }
    opts = options_parse(args, "driver", &help, &err);
    if (opts && help) {
        print_device_options(out, opts);
        json_decref(opts);
    } else if (opts) {
        object_unref(qdev_device_add(opts, &err));
    }
    hmp_report(out, err);
}

static void cmd_device_del(GString *out, const char *args)
{
    Error *err = NULL;

    if (need_args(out, args, "device_del device") && !qdev_device_del(args, &err)) {
        hmp_report(out, err);
    }
}

static void cmd_block_resize(GString *out, const char *args)
{
    size_t n = strcspn(args, " ");
    g_autofree char *device = g_strndup(args, n), *text = g_strstrip(g_strdup(args + n)), *in_mib = NULL;
    uint64_t size;

    if (!need_args(out, args, "block_resize device size[K|M|G|T], in MiB without a letter")) {
        return;
    }
    in_mib = g_strdup_printf("%sM", text);
    if (!*text || !parse_size(g_ascii_isdigit(text[strlen(text) - 1]) ? in_mib : text, &size) || size > INT64_MAX) {
        g_string_append(out, "invalid size\n");
        return;
    }
    run_qmp(out, qmp_block_resize, json_pack("{s:s, s:I}", "device", device, "size", (json_int_t)size));
}

static void cmd_object_add(GString *out, const char *args)
{
    Error *err = NULL;
    json_t *opts;

    if (!need_args(out, args, "object_add type,id=id[,prop=value][,...]")) {
        return;
    }
    opts = options_parse(args, "qom-type", NULL, &err);
    if (opts) {
        user_creatable_add(opts, &err);
    }
    hmp_report(out, err);
}

static void cmd_object_del(GString *out, const char *args)
{
    Error *err = NULL;

    if (need_args(out, args, "object_del id") && !user_creatable_del(args, &err)) {
        hmp_report(out, err);
    }
}

static Object *find_path(GString *out, const char *path)
{
    Object *obj = object_resolve_path(path, NULL);

    if (!obj) {
        g_string_append_printf(out, "Error: There is no object '%s'\n", path);
    }
    return obj;
}

static void print_property(ObjectProperty *prop, void *opaque)
{
    g_string_append_printf(opaque, "%s (%s)\n", prop->name, prop->type);
}

static void cmd_qom_list(GString *out, const char *args)
{
    Object *obj = find_path(out, *args ? args : "/");

    if (obj) {
        object_property_foreach(obj, print_property, out);
    }
}

static void cmd_qom_get(GString *out, const char *args)
{
    g_auto(GStrv) words = g_strsplit(args, " ", 2);
    Object *obj = g_strv_length(words) == 2 ? find_path(out, words[0]) : NULL;
    g_autoptr(json_t) value = NULL;
    Error *err = NULL;
    char *text;

    if (g_strv_length(words) != 2) {
        need_args(out, "", "qom-get path property");
    }
    if (!obj) {
        return;
    }
    value = object_property_get(obj, words[1], &err);
    if (value) {
        text = json_dumps(value, JSON_ENCODE_ANY);
        g_string_append_printf(out, "%s\n", text);
        free(text);
    }
    hmp_report(out, err);
}

static void cmd_qom_set(GString *out, const char *args)
{
    g_auto(GStrv) words = g_strsplit(args, " ", 3);
    Object *obj = g_strv_length(words) == 3 ? find_path(out, words[0]) : NULL;
    Error *err = NULL;

    if (g_strv_length(words) != 3) {
        need_args(out, "", "qom-set path property value");
    }
    if (obj && !object_property_set_str(obj, words[1], words[2], &err)) {
        hmp_report(out, err);
    }
}

/* --- Log and trace. --- */
static void cmd_log(GString *out, const char *args)
{
    Error *err = NULL;

    if (!*args || strstr(args, "help")) {
        g_string_append(out, "usage: log guest_errors|unimp|trace:PATTERN[,...]\n");
    } else if (!qemu_set_log_items(args, &err)) {
        hmp_report(out, err);
    }
}

static void cmd_logfile(GString *out, const char *args)
{
    Error *err = NULL;

    if (need_args(out, args, "logfile filename") && !qemu_set_log_file(args, &err)) {
        hmp_report(out, err);
    }
}

static void cmd_trace_event(GString *out, const char *args)
{
    g_auto(GStrv) words = g_strsplit(args, " ", 2);

    if (g_strv_length(words) != 2 || (strcmp(words[1], "on") && strcmp(words[1], "off"))) {
        need_args(out, "", "trace-event name on|off");
    } else if (!trace_enable_pattern(words[0], !strcmp(words[1], "on"))) {
        g_string_append_printf(out, "there is no trace event '%s'\n", words[0]);
    }
}

/* --- The tables. --- */
static GArray *registered_info;         /* HmpCommand, from other rooms */

void monitor_register_hmp_info(const char *name, const char *help, void (*run)(GString *out, const char *args))
{
    HmpCommand cmd = { name, "", help, run };

    if (!registered_info) {
        registered_info = g_array_new(TRUE, FALSE, sizeof(HmpCommand));
    }
    for (guint i = 0; i < registered_info->len; i++) {
        if (!strcmp(g_array_index(registered_info, HmpCommand, i).name, name)) {
            return;
        }
    }
    g_array_append_val(registered_info, cmd);
}

static void cmd_help(GString *out, const char *args);
static void cmd_info(GString *out, const char *args);

static const HmpCommand commands[] = {
    { "cont|c", "", "let the guest go on", cmd_cont },
    { "device_add", "driver[,prop=value][,...]", "plug a device, as -device does at the start", cmd_device_add },
    { "block_resize", "device size", "give a disk another size", cmd_block_resize },
    { "device_del", "device", "unplug a device", cmd_device_del },
    { "help|?", "[cmd]", "what a command does; without a name: all of them", cmd_help },
    { "info", "[subcommand]", "look at a part of the machine; without a name: what there is to look at", cmd_info },
    { "log", "item1[,...]", "log these things, as -d does", cmd_log },
    { "logfile", "filename", "log into this file, as -D does", cmd_logfile },
    { "object_add", "[qom-type=]type,id=str[,prop=value][,...]", "make an object, as -object does", cmd_object_add },
    { "object_del", "id", "delete an object", cmd_object_del },
    { "qom-get", "path property", "the value of a property", cmd_qom_get },
    { "qom-list", "path", "the properties of an object", cmd_qom_list },
    { "qom-set", "path property value", "change a property", cmd_qom_set },
    { "quit|q", "", "end the program", cmd_quit },
    { "stop|s", "", "halt the guest", cmd_stop },
    { "system_powerdown", "", "press the power button", cmd_powerdown },
    { "system_reset", "", "press the reset button", cmd_reset },
    { "system_wakeup", "", "wake a guest that sleeps", cmd_wakeup },
    { "trace-event", "name on|off", "switch trace events on or off", cmd_trace_event },
    { "x", "/fmt addr", "numbers in memory, as the first CPU sees it", hmp_x },
    { "xp", "/fmt addr", "numbers in memory, by guest-physical address", hmp_xp },
    { NULL }
};

static const HmpCommand *find_in(const HmpCommand *table, const char *name)
{
    for (; table && table->name; table++) {
        g_auto(GStrv) names = g_strsplit(table->name, "|", -1);
        if (g_strv_contains((const char *const *)names, name)) {
            return table;
        }
    }
    return NULL;
}

static const HmpCommand *registered(void)
{
    return registered_info ? (const HmpCommand *)(void *)registered_info->data : NULL;
}

static void print_help(GString *out, const HmpCommand *table, const char *prefix)
{
    for (; table && table->name; table++) {
        g_string_append_printf(out, "%s%s%s%s -- %s\n", prefix, table->name, *table->args ? " " : "", table->args, table->help);
    }
}

static void cmd_help(GString *out, const char *args)
{
    const HmpCommand *one = *args ? find_in(commands, args) : NULL;

    if (!strcmp(args, "info")) {
        print_help(out, hmp_info_commands, "info ");
        print_help(out, registered(), "info ");
    } else if (one) {
        print_help(out, (HmpCommand[]) { *one, { NULL } }, "");
    } else if (*args) {
        g_string_append_printf(out, "there is no command '%s'\n", args);
    } else {
        print_help(out, commands, "");
    }
}

/* First word, and what follows it. "x/4xw" is "x" and "/4xw". */
static char *split_word(const char *line, const char **rest)
{
    size_t n = strcspn(line, " \t/");
    char *word = g_strndup(line, n);

    while (line[n] == ' ' || line[n] == '\t') {
        n++;
    }
    *rest = line + n;
    return word;
}

static void cmd_info(GString *out, const char *args)
{
    const char *rest;
    g_autofree char *name = split_word(args, &rest);
    const HmpCommand *cmd = find_in(hmp_info_commands, name);

    if (!*name) {
        cmd_help(out, "info");
        return;
    }
    cmd = cmd ? cmd : find_in(registered(), name);
    if (cmd) {
        cmd->run(out, rest);
    } else {
        g_string_append_printf(out, "there is no command 'info %s'\n", args);
    }
}

static void sink_text(void *opaque, const char *text)
{
    g_string_append(opaque, text);
}

char *monitor_hmp_execute(const char *line)
{
    g_autofree char *trimmed = g_strstrip(g_strdup(line));
    GString *out = g_string_new(NULL);
    const char *rest;
    g_autofree char *name = split_word(trimmed, &rest);
    const HmpCommand *cmd = find_in(commands, name);

    trace_handle_hmp_command(trimmed);
    error_set_sink(sink_text, out);
    if (cmd) {
        cmd->run(out, rest);
    } else if (*trimmed) {
        g_string_append_printf(out, "there is no command '%s'\n", trimmed);
    }
    error_set_sink(NULL, NULL);
    return g_string_free(out, FALSE);
}

/* --- At a terminal. --- */
static void print_to_monitor(void *opaque, const char *text)
{
    monitor_puts(opaque, text);
}

static void execute_line(void *opaque, const char *line)
{
    Monitor *mon = opaque, *previous = monitor_current;
    unsigned session = mon->session;
    g_autofree char *text = NULL;

    monitor_current = mon;
    text = monitor_hmp_execute(line);
    monitor_current = previous;
    if (session == mon->session) {
        monitor_puts(mon, text);
        line_editor_prompt(&mon->line);
    }
}

void hmp_monitor_init(Monitor *mon)
{
    line_editor_init(&mon->line, print_to_monitor, execute_line, mon);
}

static void greet(void *opaque)
{
    Monitor *mon = opaque;

    if (mon->open && mon->banner_due && !mon->muted) {
        mon->banner_due = false;
        monitor_puts(mon, "QEMU " QEMU_VERSION " monitor: 'help' lists what it understands\n");
        line_editor_prompt(&mon->line);
    }
}

void hmp_monitor_opened(Monitor *mon)
{
    /* By the first turn of the loop it is known who has a multiplexer's focus. */
    mon->banner_due = true;
    main_loop_run_once(greet, mon);
}

void hmp_monitor_focus(Monitor *mon, bool focused)
{
    mon->muted = !focused;
    if (!mon->open || !focused) {
        return;
    }
    if (mon->banner_due) {
        main_loop_run_once(greet, mon);
    } else {
        monitor_puts(mon, "\n");
        line_editor_prompt(&mon->line);
    }
}

void hmp_monitor_read(Monitor *mon, const uint8_t *buf, int size)
{
    for (int i = 0; i < size; i++) {
        line_editor_feed(&mon->line, buf[i]);
    }
}
