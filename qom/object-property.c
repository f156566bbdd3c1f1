/*
 * Properties: on classes, on single objects, and reaching them by name.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/options.h"
#include "qom-int.h"

ObjectProperty *property_new(const char *name, const char *type, ObjectPropertyGet *get, ObjectPropertySet *set, void *opaque)
{
    ObjectProperty *prop = g_new0(ObjectProperty, 1);

    prop->name = g_strdup(name);
    prop->type = g_strdup(type);
    prop->get = get;
    prop->set = set;
    prop->opaque = opaque;
    return prop;
}

void property_free(ObjectProperty *prop)
{
    g_free(prop->name);
    g_free(prop->type);
    g_free(prop->description);
    json_decref(prop->defval);
    g_free(prop);
}

ObjectProperty *object_class_property_add(ObjectClass *klass, const char *name, const char *type,
                                          ObjectPropertyGet *get, ObjectPropertySet *set, void *opaque)
{
    ObjectProperty *prop = property_new(name, type, get, set, opaque);

    if (!klass->properties) {
        klass->properties = g_hash_table_new(g_str_hash, g_str_equal);
    }
    g_assert(!g_hash_table_contains(klass->properties, name));
    g_hash_table_insert(klass->properties, prop->name, prop);
    return prop;
}

ObjectProperty *object_property_add(Object *obj, const char *name, const char *type,
                                    ObjectPropertyGet *get, ObjectPropertySet *set, void *opaque)
{
    ObjectProperty *prop;

    g_assert(!object_property_find(obj, name));
    prop = property_new(name, type, get, set, opaque);
    if (!obj->properties) {
        obj->properties = g_hash_table_new(g_str_hash, g_str_equal);
    }
    g_hash_table_insert(obj->properties, prop->name, prop);
    return prop;
}

void object_class_property_set_description(ObjectClass *klass, const char *name, const char *text)
{
    ObjectProperty *prop = object_class_property_find(klass, name);

    g_free(prop->description);
    prop->description = g_strdup(text);
}

void object_class_property_set_default(ObjectClass *klass, const char *name, json_t *defval)
{
    ObjectProperty *prop = object_class_property_find(klass, name);

    json_decref(prop->defval);
    prop->defval = defval;
}

ObjectProperty *object_class_property_find(const ObjectClass *klass, const char *name)
{
    for (const TypeImpl *t = klass->type; t; t = t->parent) {
        ObjectProperty *prop = t->class->properties ? g_hash_table_lookup(t->class->properties, name) : NULL;
        if (prop) {
            return prop;
        }
    }
    return NULL;
}

ObjectProperty *object_property_find(const Object *obj, const char *name)
{
    ObjectProperty *prop = obj->properties ? g_hash_table_lookup(obj->properties, name) : NULL;

    return prop ? prop : object_class_property_find(obj->class, name);
}

static void remove_property(Object *obj, ObjectProperty *prop)
{
    g_hash_table_steal(obj->properties, prop->name);
    obj->children = g_list_remove(obj->children, prop);
    if (prop->release) {
        prop->release(obj, prop);
    }
    property_free(prop);
}

void object_property_del(Object *obj, const char *name)
{
    ObjectProperty *prop = obj->properties ? g_hash_table_lookup(obj->properties, name) : NULL;

    if (prop) {
        remove_property(obj, prop);
    }
}

static void release_class_properties(Object *obj, const ObjectClass *klass)
{
    GHashTableIter iter;
    gpointer value;

    if (!klass->properties) {
        return;
    }
    g_hash_table_iter_init(&iter, klass->properties);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        ObjectProperty *prop = value;
        if (prop->release) {
            prop->release(obj, prop);
        }
    }
}

void object_release_properties(Object *obj)
{
    GHashTableIter iter;
    gpointer value;

    for (const TypeImpl *t = obj->class->type; t; t = t->parent) {
        release_class_properties(obj, t->class);
    }
    /* Children end in the opposite order of their making. */
    while (obj->children) {
        ObjectProperty *prop = g_list_last(obj->children)->data;
        object_unparent(prop->target(obj, prop));
    }
    /* A release function may delete other properties: start over after each. */
    while (obj->properties) {
        g_hash_table_iter_init(&iter, obj->properties);
        if (!g_hash_table_iter_next(&iter, NULL, &value)) {
            break;
        }
        remove_property(obj, value);
    }
    g_clear_pointer(&obj->properties, g_hash_table_destroy);
}

static void foreach_sorted(GHashTable *table, void (*fn)(ObjectProperty *prop, void *opaque), void *opaque)
{
    g_autoptr(GList) names = table ? g_hash_table_get_keys(table) : NULL;

    names = g_list_sort(names, (GCompareFunc)strcmp);
    for (GList *l = names; l; l = l->next) {
        fn(g_hash_table_lookup(table, l->data), opaque);
    }
}

void object_class_property_foreach(ObjectClass *klass, void (*fn)(ObjectProperty *prop, void *opaque), void *opaque)
{
    for (const TypeImpl *t = klass->type; t; t = t->parent) {
        foreach_sorted(t->class->properties, fn, opaque);
    }
}

void object_property_foreach(Object *obj, void (*fn)(ObjectProperty *prop, void *opaque), void *opaque)
{
    object_class_property_foreach(obj->class, fn, opaque);
    foreach_sorted(obj->properties, fn, opaque);
}

/* --- Get and set by name. --- */
typedef struct Nearest { const char *wanted; const char *name; unsigned distance; } Nearest;

/* Edits (insert, delete, change) between two short words. */
static unsigned edit_distance(const char *a, const char *b)
{
    unsigned row[64];
    size_t lb = strlen(b);

    if (lb >= ARRAY_SIZE(row)) {
        return UINT_MAX;
    }
    for (size_t j = 0; j <= lb; j++) {
        row[j] = j;
    }
    for (size_t i = 0; a[i]; i++) {
        unsigned corner = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < lb; j++) {
            unsigned change = corner + (a[i] != b[j]);
            corner = row[j + 1];
            row[j + 1] = MIN(change, MIN(row[j], row[j + 1]) + 1);
        }
    }
    return row[lb];
}

static void look_nearer(ObjectProperty *prop, void *opaque)
{
    Nearest *n = opaque;
    unsigned d = prop->set ? edit_distance(n->wanted, prop->name) : UINT_MAX;

    if (d < n->distance) {
        n->distance = d;
        n->name = prop->name;
    }
}

void property_not_found(Object *obj, const char *name, Error **errp)
{
    ERRP_GUARD();
    Nearest n = { .wanted = name, .distance = 4 };

    error_setg(errp, "'%s' has no property '%s'", object_get_typename(obj), name);
    object_property_foreach(obj, look_nearer, &n);
    if (n.name) {
        error_append_hint(errp, "Did you mean '%s'? ", n.name);
    }
    error_append_hint(errp, "'%s,help' lists the properties.\n", object_get_typename(obj));
}

json_t *object_property_get(Object *obj, const char *name, Error **errp)
{
    ObjectProperty *prop = object_property_find(obj, name);

    if (!prop) {
        property_not_found(obj, name, errp);
        return NULL;
    }
    if (!prop->get) {
        error_setg(errp, "'%s' does not tell its property '%s'", object_get_typename(obj), name);
        return NULL;
    }
    return prop->get(obj, prop, errp);
}

bool object_property_set(Object *obj, const char *name, const json_t *value, Error **errp)
{
    ObjectProperty *prop = object_property_find(obj, name);

    if (!prop) {
        property_not_found(obj, name, errp);
        return false;
    }
    if (!prop->set) {
        error_setg(errp, "'%s' does not let its property '%s' be set", object_get_typename(obj), name);
        return false;
    }
    return prop->set(obj, prop, value, errp);
}

/* Options made an object of "a.b=c"; a property may be called just that. */
static bool set_dotted(Object *obj, const char *name, const json_t *members, Error **errp)
{
    const char *member;
    json_t *value;

    json_object_foreach((json_t *)members, member, value) {
        g_autofree char *dotted = g_strconcat(name, ".", member, NULL);

        if (!object_property_set(obj, dotted, value, errp)) {
            return false;
        }
    }
    return true;
}

bool object_set_props(Object *obj, const json_t *props, Error **errp)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)props, name, value) {
        bool dotted = json_object_size(value) && !object_property_find(obj, name);

        if (!(dotted ? set_dotted : object_property_set)(obj, name, value, errp)) {
            return false;
        }
    }
    return true;
}

static bool set_and_drop(Object *obj, const char *name, json_t *value, Error **errp)
{
    bool ok = object_property_set(obj, name, value, errp);

    json_decref(value);
    return ok;
}

bool object_property_set_bool(Object *obj, const char *name, bool v, Error **errp)
{
    return set_and_drop(obj, name, json_boolean(v), errp);
}

bool object_property_set_int(Object *obj, const char *name, int64_t v, Error **errp)
{
    return set_and_drop(obj, name, json_integer(v), errp);
}

bool object_property_set_uint(Object *obj, const char *name, uint64_t v, Error **errp)
{
    char text[24];

    if (v <= INT64_MAX) {
        return set_and_drop(obj, name, json_integer(v), errp);
    }
    /* jansson's integers have a sign; text does not. */
    snprintf(text, sizeof(text), "%" PRIu64, v);
    return set_and_drop(obj, name, json_string(text), errp);
}

bool object_property_set_str(Object *obj, const char *name, const char *v, Error **errp)
{
    json_t *value = json_string(v);

    if (!value) {
        error_setg(errp, "Property '%s.%s' needs valid UTF-8 text", object_get_typename(obj), name);
        return false;
    }
    return set_and_drop(obj, name, value, errp);
}

bool object_property_get_bool(Object *obj, const char *name, Error **errp)
{
    g_autoptr(json_t) v = object_property_get(obj, name, errp);
    bool result = false;

    return v && option_bool(v, name, &result, errp) && result;
}

int64_t object_property_get_int(Object *obj, const char *name, Error **errp)
{
    g_autoptr(json_t) v = object_property_get(obj, name, errp);
    int64_t result;

    return v && option_int(v, name, INT64_MIN, INT64_MAX, &result, errp) ? result : -1;
}

uint64_t object_property_get_uint(Object *obj, const char *name, Error **errp)
{
    g_autoptr(json_t) v = object_property_get(obj, name, errp);
    uint64_t result;

    if (json_is_integer(v)) {
        return json_integer_value(v);   /* above INT64_MAX it comes as negative */
    }
    return v && option_uint(v, name, UINT64_MAX, &result, errp) ? result : 0;
}

char *object_property_get_str(Object *obj, const char *name, Error **errp)
{
    g_autoptr(json_t) v = object_property_get(obj, name, errp);
    const char *s = v ? option_str(v, name, errp) : NULL;

    return g_strdup(s);
}
