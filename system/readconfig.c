/*
 * -readconfig: options from a file in the shape
 *
 *     [device "id"]
 *       driver = "pcie-root-port"
 *
 * Each section becomes one option with its keys.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "cmdline.h"

typedef struct ConfigReader {
    CommandLine *cl;
    const char *path;
    unsigned line;
    char *section;
    json_t *opts;
} ConfigReader;

static bool finish_section(ConfigReader *r, Error **errp)
{
    bool ok = true;
    if (r->section) {
        g_autofree char *where = g_strdup_printf("(%s)", r->path);
        ok = cmdline_add(r->cl, r->section, where, g_steal_pointer(&r->opts), errp);
        g_clear_pointer(&r->section, g_free);
    }
    return ok;
}

static bool start_section(ConfigReader *r, const char *line, Error **errp)
{
    g_autoptr(GRegex) re = g_regex_new("^\\[\\s*([\\w-]+)(?:\\s+\"([^\"]*)\")?\\s*\\]$", 0, 0, NULL);
    g_autoptr(GMatchInfo) m = NULL;
    g_autofree char *id = NULL;

    if (!g_regex_match(re, line, 0, &m)) {
        error_setg(errp, "%s:%u: a section looks like [device \"id\"], not '%s'", r->path, r->line, line);
        return false;
    }
    r->section = g_match_info_fetch(m, 1);
    r->opts = json_object();
    id = g_match_info_fetch(m, 2);
    if (id && *id) {
        json_object_set_new(r->opts, "id", json_string(id));
    }
    return true;
}

static bool take_value(ConfigReader *r, const char *line, Error **errp)
{
    g_autoptr(GRegex) re = g_regex_new("^([\\w.-]+)\\s*=\\s*\"([^\"]*)\"$", 0, 0, NULL);
    g_autoptr(GMatchInfo) m = NULL;
    g_autofree char *key = NULL, *value = NULL;

    if (!r->section || !g_regex_match(re, line, 0, &m)) {
        error_setg(errp, "%s:%u: expected key = \"value\" inside a section, not '%s'", r->path, r->line, line);
        return false;
    }
    key = g_match_info_fetch(m, 1);
    value = g_match_info_fetch(m, 2);
    if (json_object_set_new(r->opts, key, json_string(value)) < 0) {
        error_setg(errp, "%s:%u: the value of '%s' is not UTF-8", r->path, r->line, key);
        return false;
    }
    return true;
}

static bool read_line(ConfigReader *r, char *line, Error **errp)
{
    g_strstrip(line);
    if (!*line || *line == '#') {
        return true;
    }
    if (*line == '[') {
        return finish_section(r, errp) && start_section(r, line, errp);
    }
    return take_value(r, line, errp);
}

bool cmdline_read_config(CommandLine *cl, const char *path, Error **errp)
{
    ConfigReader r = { .cl = cl, .path = path };
    g_autoptr(GError) gerr = NULL;
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    bool ok = true;

    if (!g_file_get_contents(path, &text, NULL, &gerr)) {
        error_setg(errp, "-readconfig: %s", gerr->message);
        return false;
    }
    lines = g_strsplit(text, "\n", -1);
    for (r.line = 1; ok && lines[r.line - 1]; r.line++) {
        ok = read_line(&r, lines[r.line - 1], errp);
    }
    ok = ok && finish_section(&r, errp);
    g_free(r.section);
    json_decref(r.opts);
    return ok;
}
