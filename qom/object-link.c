/*
 * Properties that stand for another object: links and aliases.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qom-int.h"

typedef struct LinkProperty {
    Object **ptr;                       /* NULL: offset counts */
    ptrdiff_t offset;
    char *target_type;
    ObjectLinkCheck *check;
} LinkProperty;

/* Set while object_property_set_link() runs: targets need not be in the tree. */
static Object *direct_target;

static Object **link_storage(Object *obj, const LinkProperty *link)
{
    return link->ptr ? link->ptr : (Object **)((char *)obj + link->offset);
}

static Object *link_target(Object *obj, const ObjectProperty *prop)
{
    return *link_storage(obj, prop->opaque);
}

static json_t *link_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    Object *target = prop->target(obj, prop);
    g_autofree char *path = target ? object_get_canonical_path(target) : NULL;

    return json_string(path ? path : "");
}

bool object_resolve_link(const json_t *value, const char *name, const char *type, Object **target, Error **errp)
{
    const char *path = json_string_value(value);
    bool ambiguous = false;

    *target = NULL;
    if (json_is_null(value)) {
        return true;
    }
    if (!path) {
        error_setg(errp, "Parameter '%s' must be text", name);
        return false;
    }
    if (direct_target || !*path) {
        *target = direct_target;
        g_assert(!direct_target || object_dynamic_cast(direct_target, type));
        return true;
    }
    *target = object_resolve_path_type(path, type, &ambiguous);
    if (*target) {
        return true;
    }
    if (ambiguous) {
        error_setg(errp, "'%s' could be more than one object; give its whole path", path);
    } else if (object_resolve_path(path, NULL)) {
        error_setg(errp, "Parameter '%s' must be of type %s", name, type);
    } else {
        error_set(errp, ERROR_CLASS_DEVICE_NOT_FOUND, "There is no object '%s'", path);
    }
    return false;
}

static bool link_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    const LinkProperty *link = prop->opaque;
    Object **storage = link_storage(obj, link), *old, *target;

    if (!object_resolve_link(value, prop->name, link->target_type, &target, errp)) {
        return false;
    }
    if (link->check && !link->check(obj, prop->name, target, errp)) {
        return false;
    }
    old = *storage;
    *storage = object_ref(target);
    object_unref(old);
    return true;
}

static void link_drop_target(Object *obj, const LinkProperty *link)
{
    Object **storage = link_storage(obj, link);
    Object *old = *storage;

    *storage = NULL;
    object_unref(old);
}

static void class_link_release(Object *obj, ObjectProperty *prop)
{
    link_drop_target(obj, prop->opaque);
}

static void link_release(Object *obj, ObjectProperty *prop)
{
    LinkProperty *link = prop->opaque;

    link_drop_target(obj, link);
    g_free(link->target_type);
    g_free(link);
}

static LinkProperty *link_new(const char *type, Object **ptr, ptrdiff_t offset, ObjectLinkCheck *check)
{
    LinkProperty *link = g_new0(LinkProperty, 1);

    *link = (LinkProperty) { .ptr = ptr, .offset = offset, .target_type = g_strdup(type), .check = check };
    return link;
}

void object_property_add_link(Object *obj, const char *name, const char *type, Object **ptr, ObjectLinkCheck *check)
{
    g_autofree char *full_type = g_strdup_printf("link<%s>", type);
    ObjectProperty *prop = object_property_add(obj, name, full_type, link_get, link_set, link_new(type, ptr, 0, check));

    prop->target = link_target;
    prop->release = link_release;
}

void object_class_property_add_link(ObjectClass *klass, const char *name, const char *type, ptrdiff_t offset, ObjectLinkCheck *check)
{
    g_autofree char *full_type = g_strdup_printf("link<%s>", type);
    ObjectProperty *prop = object_class_property_add(klass, name, full_type, link_get, link_set,
                                                     link_new(type, NULL, offset, check));

    prop->target = link_target;
    prop->release = class_link_release;
}

static Object *const_link_target(Object *obj, const ObjectProperty *prop)
{
    return prop->opaque;
}

void object_property_add_const_link(Object *obj, const char *name, Object *target)
{
    g_autofree char *full_type = g_strdup_printf("link<%s>", object_get_typename(target));

    object_property_add(obj, name, full_type, link_get, NULL, target)->target = const_link_target;
}

/* --- Aliases: @target outlives the alias, usually as a child of its object. --- */
typedef struct AliasProperty { Object *target; char *name; } AliasProperty;

static json_t *alias_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    const AliasProperty *alias = prop->opaque;

    return object_property_get(alias->target, alias->name, errp);
}

static bool alias_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    const AliasProperty *alias = prop->opaque;

    return object_property_set(alias->target, alias->name, value, errp);
}

static Object *alias_target(Object *obj, const ObjectProperty *prop)
{
    const AliasProperty *alias = prop->opaque;
    const ObjectProperty *real = object_property_find(alias->target, alias->name);

    return real && real->target ? real->target(alias->target, real) : NULL;
}

static void alias_release(Object *obj, ObjectProperty *prop)
{
    AliasProperty *alias = prop->opaque;

    g_free(alias->name);
    g_free(alias);
}

void object_property_add_alias(Object *obj, const char *name, Object *target, const char *target_name)
{
    const ObjectProperty *real = object_property_find(target, target_name);
    AliasProperty *alias = g_new0(AliasProperty, 1);
    g_autofree char *type = NULL;
    ObjectProperty *prop;

    g_assert(real);
    type = g_str_has_prefix(real->type, "child<") ? g_strconcat("link<", real->type + strlen("child<"), NULL)
                                                  : g_strdup(real->type);
    alias->target = target;
    alias->name = g_strdup(target_name);
    prop = object_property_add(obj, name, type, real->get ? alias_get : NULL, real->set ? alias_set : NULL, alias);
    prop->release = alias_release;
    prop->target = real->target ? alias_target : NULL;
    prop->description = g_strdup(real->description);
    prop->defval = json_incref(real->defval);
}

bool object_property_set_link(Object *obj, const char *name, Object *target, Error **errp)
{
    bool ok;

    direct_target = target;
    ok = object_property_set_str(obj, name, "", errp);
    direct_target = NULL;
    return ok;
}

Object *object_property_get_link(Object *obj, const char *name, Error **errp)
{
    ObjectProperty *prop = object_property_find(obj, name);

    if (!prop) {
        property_not_found(obj, name, errp);
        return NULL;
    }
    if (!prop->target) {
        error_setg(errp, "'%s': property '%s' is no link", object_get_typename(obj), name);
        return NULL;
    }
    return prop->target(obj, prop);
}
