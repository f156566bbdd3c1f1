/*
 * Does a value fit a type of the schema?
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qapi-types.h"

const QapiType qapi_str = { .kind = QAPI_STR };
const QapiType qapi_bool = { .kind = QAPI_BOOL };
const QapiType qapi_int = { .kind = QAPI_INT };
const QapiType qapi_size = { .kind = QAPI_INT };
const QapiType qapi_number = { .kind = QAPI_NUMBER };
const QapiType qapi_any = { .kind = QAPI_ANY };
const QapiType qapi_null = { .kind = QAPI_NULL };

static int compare_name(const void *key, const void *row)
{
    return strcmp(key, ((const QmpCommand *)row)->name);
}

const QmpCommand *qmp_find_command(const char *name)
{
    return bsearch(name, qmp_commands, qmp_commands_count, sizeof(QmpCommand), compare_name);
}

static bool wrong_type(const char *name, const char *expected, Error **errp)
{
    error_setg(errp, "Parameter '%s' must be of type %s", name, expected);
    return false;
}

static bool check_enum(const QapiType *type, const json_t *value, const char *name, Error **errp)
{
    const char *s = json_string_value(value);

    if (!s) {
        return wrong_type(name, "string", errp);
    }
    if (!g_strv_contains(type->values, s)) {
        error_setg(errp, "Parameter '%s' cannot be '%s'", name, s);
        return false;
    }
    return true;
}

static bool check_list(const QapiType *type, const json_t *value, const char *name, Error **errp)
{
    json_t *element;
    size_t i;

    if (!json_is_array(value)) {
        return wrong_type(name, "array", errp);
    }
    json_array_foreach(value, i, element) {
        g_autofree char *where = g_strdup_printf("%s[%zu]", name, i);
        if (!qapi_check(type->element, element, where, errp)) {
            return false;
        }
    }
    return true;
}

/* What a value may be by its looks: which of an alternate's branches. */
static const QapiType *branch_of(const QapiType *type, const json_t *value)
{
    for (size_t i = 0; i < type->n; i++) {
        const QapiType *t = type->members[i].type;
        if (qapi_check(t, value, "", NULL)) {
            return t;
        }
    }
    return NULL;
}

static const QapiType *variant_of(const QapiType *type, const json_t *value)
{
    const char *tag = type->tag ? json_string_value(json_object_get(value, type->tag)) : NULL;

    for (const QapiVariant *v = type->variants; tag && v && v->value; v++) {
        if (!strcmp(v->value, tag)) {
            return v->type;
        }
    }
    return NULL;
}

static bool has_member(const QapiType *type, const char *name)
{
    for (size_t i = 0; i < type->n; i++) {
        if (!strcmp(type->members[i].name, name)) {
            return true;
        }
    }
    return false;
}

static bool check_members(const QapiType *type, const json_t *value, const char *name, Error **errp)
{
    for (size_t i = 0; i < type->n; i++) {
        const QapiMember *m = &type->members[i];
        const json_t *v = json_object_get(value, m->name);
        g_autofree char *where = *name ? g_strdup_printf("%s.%s", name, m->name) : g_strdup(m->name);

        if (!v && !m->optional) {
            error_setg(errp, "Parameter '%s' must be given", where);
            return false;
        }
        if (v && !qapi_check(m->type, v, where, errp)) {
            return false;
        }
    }
    return true;
}

static bool check_object(const QapiType *type, const json_t *value, const char *name, Error **errp)
{
    const QapiType *variant;
    const char *key;
    json_t *v;

    if (!json_is_object(value)) {
        return wrong_type(name, "object", errp);
    }
    if (!check_members(type, value, name, errp)) {
        return false;
    }
    variant = variant_of(type, value);
    if (variant && !check_members(variant, value, name, errp)) {
        return false;
    }
    if (type->open || (variant && variant->open)) {
        return true;
    }
    json_object_foreach((json_t *)value, key, v) {
        if (!has_member(type, key) && !(variant && has_member(variant, key))) {
            error_setg(errp, "Parameter '%s%s%s' is unexpected", name, *name ? "." : "", key);
            return false;
        }
    }
    return true;
}

bool qapi_check(const QapiType *type, const json_t *value, const char *name, Error **errp)
{
    switch (type->kind) {
    case QAPI_STR:
        return json_is_string(value) || wrong_type(name, "string", errp);
    case QAPI_BOOL:
        return json_is_boolean(value) || wrong_type(name, "boolean", errp);
    case QAPI_INT:
        return json_is_integer(value) || wrong_type(name, "integer", errp);
    case QAPI_NUMBER:
        return json_is_number(value) || wrong_type(name, "number", errp);
    case QAPI_NULL:
        return json_is_null(value) || wrong_type(name, "null", errp);
    case QAPI_ENUM:
        return check_enum(type, value, name, errp);
    case QAPI_LIST:
        return check_list(type, value, name, errp);
    case QAPI_OBJECT:
        return check_object(type, value, name, errp);
    case QAPI_ALTERNATE:
        return branch_of(type, value) || wrong_type(name, "one of the types it may have", errp);
    default:
        return true;
    }
}
