/*
 * From "key=value,..." or JSON text to one jansson object.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/options.h"

#define MAX_KEY_DEPTH 16

/* Text up to an unescaped comma; ",," is a comma. Leaves @p behind the comma. */
static char *take_value(const char **p)
{
    GString *s = g_string_new(NULL);
    const char *c = *p;

    while (*c && !(c[0] == ',' && c[1] != ',')) {
        g_string_append_c(s, *c);
        c += c[0] == ',' ? 2 : 1;
    }
    *p = *c ? c + 1 : c;
    return g_string_free(s, FALSE);
}

/* "cpus=0-1,cpus=4", "type=11,value=a,value=b": every mention counts. */
static const char *const list_keys[] = { "cpus", "host-nodes", "value", "path", NULL };

static void append_to_list(json_t *obj, const char *key, json_t *text)
{
    json_t *list = json_object_get(obj, key);

    if (!json_is_array(list)) {
        list = json_pack("[O]", list);
        json_object_set_new(obj, key, list);
    }
    json_array_append_new(list, text);
}

static bool key_is_path(char **part, guint n)
{
    for (guint i = 0; i < n; i++) {
        if (!*part[i]) {
            return false;
        }
    }
    return n > 0 && n <= MAX_KEY_DEPTH;
}

static bool store(json_t *obj, const char *key, const char *value, Error **errp)
{
    g_auto(GStrv) part = g_strsplit(key, ".", MAX_KEY_DEPTH + 1);
    guint n = g_strv_length(part);
    json_t *text = json_string(value);

    if (!text) {
        error_setg(errp, "Parameter '%s' is not valid UTF-8", key);
        return false;
    }
    if (!key_is_path(part, n)) {
        json_decref(text);
        error_setg(errp, "Unknown parameter '%s'", key);
        return false;
    }
    for (guint i = 0; i + 1 < n; i++) {
        json_t *next = json_object_get(obj, part[i]);

        if (!next) {
            next = json_object();
            json_object_set_new(obj, part[i], next);
        } else if (!json_is_object(next)) {
            json_decref(text);
            error_setg(errp, "'%s.' is given as a list and as named members", part[i]);
            return false;
        }
        obj = next;
    }
    if (json_is_object(json_object_get(obj, part[n - 1]))) {
        json_decref(text);
        error_setg(errp, "'%s.' is given as a list and as named members", key);
        return false;
    }
    if (json_object_get(obj, part[n - 1]) && g_strv_contains(list_keys, key)) {
        append_to_list(obj, key, text);
        return true;
    }
    /* Any other key takes the place of its last mention. */
    json_object_del(obj, part[n - 1]);
    if (json_object_set_new(obj, part[n - 1], text) < 0) {
        error_setg(errp, "Unknown parameter '%s'", key);
        return false;
    }
    return true;
}

/* {"0": a, "1": b} is the list [a, b]. */
static json_t *lists_from_numbers(json_t *obj)
{
    const char *key;
    json_t *value, *list;
    void *tmp;

    if (!json_is_object(obj)) {
        return json_incref(obj);
    }
    json_object_foreach_safe(obj, tmp, key, value) {
        json_t *better = lists_from_numbers(value);
        if (better != value) {
            json_object_set(obj, key, better);
        }
        json_decref(better);
    }
    list = json_array();
    for (size_t i = 0; i < json_object_size(obj); i++) {
        char number[24];
        snprintf(number, sizeof(number), "%zu", i);
        value = json_object_get(obj, number);
        if (!value) {
            break;
        }
        json_array_append(list, value);
    }
    if (json_array_size(list) && json_array_size(list) == json_object_size(obj)) {
        return list;
    }
    json_decref(list);
    return json_incref(obj);
}

static bool is_help(const char *word)
{
    return !strcmp(word, "help") || !strcmp(word, "?");
}

static bool parse_item(json_t *obj, const char **p, const char *implied_key, bool *help, Error **errp)
{
    size_t keylen = strcspn(*p, "=,");
    g_autofree char *key = NULL, *value = NULL;

    if ((*p)[keylen] == '=') {
        key = g_strndup(*p, keylen);
        *p += keylen + 1;
        value = take_value(p);
        return store(obj, key, value, errp);
    }
    value = take_value(p);
    if (help && is_help(value)) {
        *help = true;
        return true;
    }
    if (implied_key) {
        return store(obj, implied_key, value, errp);
    }
    if (!strcmp(value, "nowait")) {     /* the one negative flag scripts still use */
        return store(obj, "wait", "off", errp);
    }
    return store(obj, value, "on", errp);
}

static json_t *parse_keyval(const char *text, const char *implied_key, bool *help, Error **errp)
{
    json_t *obj = json_object(), *result = NULL;
    const char *key;
    json_t *value;
    void *tmp;
    bool ok = true;

    for (const char *p = text; *p && ok; implied_key = NULL) {
        ok = parse_item(obj, &p, implied_key, help, errp);
    }
    if (ok) {
        json_object_foreach_safe(obj, tmp, key, value) {
            json_t *better = lists_from_numbers(value);
            if (better != value) {
                json_object_set(obj, key, better);
            }
            json_decref(better);
        }
        result = json_incref(obj);
    }
    json_decref(obj);
    return result;
}

static json_t *parse_json(const char *text, Error **errp)
{
    json_error_t je;
    json_t *obj = json_loads(text, JSON_REJECT_DUPLICATES, &je);

    if (!obj) {
        error_setg(errp, "Invalid JSON, line %d column %d: %s", je.line, je.column, je.text);
    } else if (!json_is_object(obj)) {
        json_decref(obj);
        obj = NULL;
        error_setg(errp, "Invalid JSON: an object is expected");
    }
    return obj;
}

json_t *options_parse(const char *text, const char *implied_key, bool *help, Error **errp)
{
    if (help) {
        *help = false;
    }
    return text[0] == '{' ? parse_json(text, errp) : parse_keyval(text, implied_key, help, errp);
}

static void append_text(GString *s, const char *prefix, const json_t *value)
{
    const char *key;
    json_t *v;
    size_t i;

    if (json_is_object(value)) {
        json_object_foreach((json_t *)value, key, v) {
            g_autofree char *name = *prefix ? g_strdup_printf("%s.%s", prefix, key) : g_strdup(key);
            append_text(s, name, v);
        }
        return;
    }
    if (json_is_array(value)) {
        json_array_foreach(value, i, v) {
            g_autofree char *name = g_strdup_printf("%s.%zu", prefix, i);
            append_text(s, name, v);
        }
        return;
    }
    g_string_append_printf(s, "%s%s=", s->len ? "," : "", prefix);
    if (json_is_string(value)) {
        for (const char *c = json_string_value(value); *c; c++) {
            g_string_append(s, *c == ',' ? ",," : (char[]) { *c, 0 });
        }
    } else if (json_is_boolean(value)) {
        g_string_append(s, json_is_true(value) ? "on" : "off");
    } else {
        char *dump = json_dumps(value, JSON_ENCODE_ANY);
        g_string_append(s, dump);
        free(dump);
    }
}

char *options_to_text(const json_t *opts)
{
    GString *s = g_string_new(NULL);

    append_text(s, "", opts);
    return g_string_free(s, FALSE);
}

char *join_names(const char *const *names, size_t n, const char *last_sep)
{
    GString *s = g_string_new(NULL);

    for (size_t i = 0; i < n; i++) {
        g_string_append(s, i == 0 ? "" : i + 1 == n ? last_sep : ", ");
        g_string_append(s, names[i]);
    }
    return g_string_free(s, FALSE);
}
