/*
 * Boolean and string properties whose accessors are plain functions.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/options.h"
#include "qom-int.h"

typedef bool BoolGet(Object *, Error **);
typedef void BoolSet(Object *, bool, Error **);
typedef char *StrGet(Object *, Error **);
typedef void StrSet(Object *, const char *, Error **);

typedef struct Accessors {
    BoolGet *get_bool;
    BoolSet *set_bool;
    StrGet *get_str;
    StrSet *set_str;
} Accessors;

static json_t *bool_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    const Accessors *a = prop->opaque;
    Error *err = NULL;
    bool v = a->get_bool(obj, &err);

    if (err) {
        error_propagate(errp, err);
        return NULL;
    }
    return json_boolean(v);
}

static bool bool_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    const Accessors *a = prop->opaque;
    Error *err = NULL;
    bool v;

    if (!option_bool(value, prop->name, &v, errp)) {
        return false;
    }
    a->set_bool(obj, v, &err);
    error_propagate(errp, err);
    return !err;
}

static json_t *str_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    const Accessors *a = prop->opaque;
    Error *err = NULL;
    g_autofree char *s = a->get_str(obj, &err);

    if (err) {
        error_propagate(errp, err);
        return NULL;
    }
    return json_string(s ? s : "");
}

static bool str_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    const Accessors *a = prop->opaque;
    const char *s = option_str(value, prop->name, errp);
    Error *err = NULL;

    if (!s) {
        return false;
    }
    a->set_str(obj, s, &err);
    error_propagate(errp, err);
    return !err;
}

static Accessors *accessors_new(BoolGet *gb, BoolSet *sb, StrGet *gs, StrSet *ss)
{
    Accessors *a = g_new0(Accessors, 1);

    *a = (Accessors) { .get_bool = gb, .set_bool = sb, .get_str = gs, .set_str = ss };
    return a;
}

static void accessors_release(Object *obj, ObjectProperty *prop)
{
    g_free(prop->opaque);
}

void object_class_property_add_bool(ObjectClass *klass, const char *name, BoolGet *get, BoolSet *set)
{
    object_class_property_add(klass, name, "bool", get ? bool_get : NULL, set ? bool_set : NULL,
                              accessors_new(get, set, NULL, NULL));
}

void object_class_property_add_str(ObjectClass *klass, const char *name, StrGet *get, StrSet *set)
{
    object_class_property_add(klass, name, "string", get ? str_get : NULL, set ? str_set : NULL,
                              accessors_new(NULL, NULL, get, set));
}

void object_property_add_bool(Object *obj, const char *name, BoolGet *get, BoolSet *set)
{
    object_property_add(obj, name, "bool", get ? bool_get : NULL, set ? bool_set : NULL,
                        accessors_new(get, set, NULL, NULL))->release = accessors_release;
}

void object_property_add_str(Object *obj, const char *name, StrGet *get, StrSet *set)
{
    object_property_add(obj, name, "string", get ? str_get : NULL, set ? str_set : NULL,
                        accessors_new(NULL, NULL, get, set))->release = accessors_release;
}
