/*
 * Scalars out of option objects: a value may be the text the user typed or
 * the type JSON has for it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <math.h>
#include "util/options.h"

bool parse_uint64(const char *s, uint64_t *out)
{
    char *end;
    unsigned long long v;

    if (!g_ascii_isdigit(*s)) {
        return false;
    }
    errno = 0;
    v = strtoull(s, &end, 0);
    if (errno || *end) {
        return false;
    }
    *out = v;
    return true;
}

/* @suffix is one letter; 0 when it is none of ours. */
static uint64_t suffix_factor(char suffix)
{
    static const char letters[] = "BKMGTPE";
    const char *at = suffix ? strchr(letters, g_ascii_toupper(suffix)) : NULL;

    return at ? 1ULL << (10 * (at - letters)) : 0;
}

static bool parse_fraction(const char *s, char **end, double *out)
{
    /* "0x1.8" and exponents are not sizes. */
    size_t n = strspn(s, "0123456789.");

    if (!n || !strchr("BbKkMmGgTtPpEe", s[n])) {
        return false;
    }
    g_autofree char *digits = g_strndup(s, n);
    char *stop;
    *out = g_ascii_strtod(digits, &stop);
    *end = (char *)s + n;
    return !*stop;
}

bool parse_size(const char *s, uint64_t *out)
{
    unsigned long long whole;
    uint64_t factor = 1;
    double fraction;
    char *end;

    if (!g_ascii_isdigit(*s)) {
        return false;
    }
    errno = 0;
    whole = strtoull(s, &end, g_str_has_prefix(s, "0x") || g_str_has_prefix(s, "0X") ? 16 : 10);
    if (errno) {
        return false;
    }
    if (*end == '.') {
        if (!parse_fraction(s, &end, &fraction)) {
            return false;
        }
        factor = *end ? suffix_factor(*end) : 1;
        if (*end && end[1]) {
            return false;
        }
        fraction *= factor;
        if (fraction >= 18446744073709551616.0 || fraction != floor(fraction)) {
            return false;
        }
        *out = fraction;
        return true;
    }
    if (*end) {
        factor = suffix_factor(*end);
        if (!factor || end[1]) {
            return false;
        }
    }
    return !__builtin_mul_overflow((uint64_t)whole, factor, out);
}

/* What the user gave, for the end of a sentence. */
static char *value_text(const json_t *v)
{
    char *dump, *text;

    if (json_is_string(v)) {
        return g_strdup_printf("'%s'", json_string_value(v));
    }
    dump = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
    text = g_strdup(dump && strlen(dump) < 80 ? dump : "a structure");
    free(dump);
    return text;
}

bool option_bool(const json_t *v, const char *name, bool *out, Error **errp)
{
    static const char *const yes[] = { "on", "yes", "true", "y" };
    static const char *const no[] = { "off", "no", "false", "n" };
    const char *s = json_string_value(v);

    if (json_is_boolean(v)) {
        *out = json_is_true(v);
        return true;
    }
    for (size_t i = 0; s && i < ARRAY_SIZE(yes); i++) {
        if (!strcmp(s, yes[i]) || !strcmp(s, no[i])) {
            *out = !strcmp(s, yes[i]);
            return true;
        }
    }
    error_setg(errp, "Parameter '%s' must be 'on' or 'off'", name);
    return false;
}

bool option_uint(const json_t *v, const char *name, uint64_t max, uint64_t *out, Error **errp)
{
    g_autofree char *given = NULL;
    uint64_t u = 0;
    bool ok;

    if (json_is_integer(v)) {
        ok = json_integer_value(v) >= 0;
        u = json_integer_value(v);
    } else {
        ok = json_is_string(v) && parse_uint64(json_string_value(v), &u);
    }
    if (ok && u <= max) {
        *out = u;
        return true;
    }
    given = value_text(v);
    error_setg(errp, "Parameter '%s' must be an integer from 0 to %" PRIu64 ", not %s", name, max, given);
    return false;
}

static bool parse_int64(const char *s, int64_t *out)
{
    bool negative = *s == '-';
    uint64_t u;

    if (!parse_uint64(s + negative, &u) || u > (uint64_t)INT64_MAX + negative) {
        return false;
    }
    *out = negative ? (int64_t)(0 - u) : (int64_t)u;
    return true;
}

bool option_int(const json_t *v, const char *name, int64_t min, int64_t max, int64_t *out, Error **errp)
{
    g_autofree char *given = NULL;
    int64_t i = 0;
    bool ok;

    if (json_is_integer(v)) {
        ok = true;
        i = json_integer_value(v);
    } else {
        ok = json_is_string(v) && parse_int64(json_string_value(v), &i);
    }
    if (ok && i >= min && i <= max) {
        *out = i;
        return true;
    }
    given = value_text(v);
    error_setg(errp, "Parameter '%s' must be an integer from %" PRId64 " to %" PRId64 ", not %s", name, min, max, given);
    return false;
}

bool option_size(const json_t *v, const char *name, uint64_t *out, Error **errp)
{
    ERRP_GUARD();
    g_autofree char *given = NULL;

    if (json_is_integer(v) && json_integer_value(v) >= 0) {
        *out = json_integer_value(v);
        return true;
    }
    if (json_is_string(v) && parse_size(json_string_value(v), out)) {
        return true;
    }
    given = value_text(v);
    error_setg(errp, "Parameter '%s' must be a size below 2^64, not %s", name, given);
    error_append_hint(errp, "You may use k, M, G, T, P and E suffixes for kilobytes, megabytes, "
                      "gigabytes, terabytes, petabytes and exabytes.\n");
    return false;
}

const char *option_str(const json_t *v, const char *name, Error **errp)
{
    if (!json_is_string(v)) {
        error_setg(errp, "Parameter '%s' must be text", name);
    }
    return json_string_value(v);
}

bool options_take_bool(json_t *opts, const char *key, bool *out, Error **errp)
{
    json_t *v = json_object_get(opts, key);

    if (!v) {
        return true;
    }
    if (!option_bool(v, key, out, errp)) {
        return false;
    }
    json_object_del(opts, key);
    return true;
}

bool options_take_uint(json_t *opts, const char *key, uint64_t max, uint64_t *out, Error **errp)
{
    json_t *v = json_object_get(opts, key);

    if (!v) {
        return true;
    }
    if (!option_uint(v, key, max, out, errp)) {
        return false;
    }
    json_object_del(opts, key);
    return true;
}

bool options_take_size(json_t *opts, const char *key, uint64_t *out, Error **errp)
{
    json_t *v = json_object_get(opts, key);

    if (!v) {
        return true;
    }
    if (!option_size(v, key, out, errp)) {
        return false;
    }
    json_object_del(opts, key);
    return true;
}

char *options_take_str(json_t *opts, const char *key, Error **errp)
{
    json_t *v = json_object_get(opts, key);
    const char *s;
    char *copy;

    if (!v) {
        return NULL;
    }
    s = option_str(v, key, errp);
    if (!s) {
        return NULL;
    }
    copy = g_strdup(s);
    json_object_del(opts, key);
    return copy;
}

bool options_must_be_empty(const json_t *opts, const char *what, Error **errp)
{
    const char *key = json_object_iter_key(json_object_iter((json_t *)opts));

    if (!key) {
        return true;
    }
    error_setg(errp, "'%s' means nothing to %s", key, what);
    return false;
}

bool id_wellformed(const char *id)
{
    return g_ascii_isalpha(*id) &&
           strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == strlen(id);
}

bool id_check(const char *id, Error **errp)
{
    ERRP_GUARD();

    if (!id_wellformed(id)) {
        error_setg(errp, "id: not an identifier");
        error_append_hint(errp, "An identifier begins with a letter; letters, digits, '-', '.' and '_' may follow.\n");
        return false;
    }
    return true;
}
