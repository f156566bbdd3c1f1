/*
 * The tree of objects, and finding them by path.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qom-int.h"

static Object *child_target(Object *obj, const ObjectProperty *prop)
{
    return prop->opaque;
}

static json_t *child_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    g_autofree char *path = object_get_canonical_path(prop->opaque);

    return json_string(path ? path : "");
}

static void child_release(Object *obj, ObjectProperty *prop)
{
    Object *child = prop->opaque;

    child->parent = NULL;
    object_unref(child);
}

static ObjectProperty *find_child(const Object *parent, const Object *child)
{
    for (GList *l = parent->children; l; l = l->next) {
        ObjectProperty *prop = l->data;
        if (prop->opaque == child) {
            return prop;
        }
    }
    return NULL;
}

/* "name[*]" -> the first "name[N]" that is free */
static char *number_name(const Object *obj, const char *name)
{
    size_t len = strlen(name);
    char *numbered;

    if (len < 3 || strcmp(name + len - 3, "[*]")) {
        return g_strdup(name);
    }
    for (unsigned n = 0;; n++) {
        numbered = g_strdup_printf("%.*s[%u]", (int)len - 3, name, n);
        if (!object_property_find(obj, numbered)) {
            return numbered;
        }
        g_free(numbered);
    }
}

bool object_property_try_add_child(Object *obj, const char *name, Object *child, Error **errp)
{
    g_autofree char *full_name = number_name(obj, name);
    g_autofree char *type = g_strdup_printf("child<%s>", object_get_typename(child));
    ObjectProperty *prop;

    g_assert(!child->parent);
    if (object_property_find(obj, full_name)) {
        error_setg(errp, "property '%s' is there already (object of type '%s')",
                   full_name, object_get_typename(obj));
        return false;
    }
    prop = object_property_add(obj, full_name, type, child_get, NULL, object_ref(child));
    prop->target = child_target;
    prop->release = child_release;
    obj->children = g_list_append(obj->children, prop);
    child->parent = obj;
    return true;
}

ObjectProperty *object_property_add_child(Object *obj, const char *name, Object *child)
{
    object_property_try_add_child(obj, name, child, &error_abort);
    return find_child(obj, child);
}

void object_unparent(Object *obj)
{
    Object *parent = obj->parent;
    ObjectProperty *prop;

    if (!parent) {
        return;
    }
    object_ref(obj);
    if (obj->class->unparent) {
        obj->class->unparent(obj);
    }
    prop = obj->parent == parent ? find_child(parent, obj) : NULL;
    if (prop) {
        object_property_del(parent, prop->name);
    }
    object_unref(obj);
}

Object *object_get_root(void)
{
    static Object *root;

    if (!root) {
        root = object_new(TYPE_CONTAINER);
    }
    return root;
}

Object *object_get_objects_root(void)
{
    return container_get(object_get_root(), "/objects");
}

Object *container_get(Object *root, const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    Object *obj = root;

    for (char **part = parts; *part; part++) {
        Object *next;
        if (!**part) {
            continue;
        }
        next = object_resolve_path_component(obj, *part);
        if (!next) {
            next = object_new(TYPE_CONTAINER);
            object_property_add_child(obj, *part, next);
            object_unref(next);
        }
        obj = next;
    }
    return obj;
}

const char *object_get_canonical_path_component(const Object *obj)
{
    ObjectProperty *prop = obj->parent ? find_child(obj->parent, obj) : NULL;

    return prop ? prop->name : NULL;
}

char *object_get_canonical_path(const Object *obj)
{
    const Object *root = object_get_root();
    GString *path;

    if (obj == root) {
        return g_strdup("/");
    }
    path = g_string_new(NULL);
    for (; obj != root; obj = obj->parent) {
        const char *part = object_get_canonical_path_component(obj);
        if (!part) {
            g_string_free(path, TRUE);
            return NULL;
        }
        g_string_prepend(path, part);
        g_string_prepend_c(path, '/');
    }
    return g_string_free(path, FALSE);
}

Object *object_resolve_path_component(Object *parent, const char *part)
{
    ObjectProperty *prop = object_property_find(parent, part);

    return prop && prop->target ? prop->target(parent, prop) : NULL;
}

static Object *resolve_parts(Object *obj, char **parts, const char *type)
{
    for (; obj && *parts; parts++) {
        if (**parts) {
            obj = object_resolve_path_component(obj, *parts);
        }
    }
    return object_dynamic_cast(obj, type);
}

/* Looks for the end of a path below every object; two different finds are ambiguous. */
static void resolve_partial(Object *obj, char **parts, const char *type, Object **found, bool *ambiguous)
{
    Object *hit = resolve_parts(obj, parts, type);

    if (hit && *found && hit != *found) {
        *ambiguous = true;
    }
    if (hit) {
        *found = hit;
    }
    for (GList *l = obj->children; l && !*ambiguous; l = l->next) {
        ObjectProperty *prop = l->data;
        resolve_partial(prop->opaque, parts, type, found, ambiguous);
    }
}

Object *object_resolve_path_type(const char *path, const char *type, bool *ambiguous)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    Object *found = NULL;
    bool twice = false;

    if (ambiguous) {
        *ambiguous = false;
    }
    if (!*path) {
        return NULL;
    }
    if (*path == '/') {
        return resolve_parts(object_get_root(), parts, type);
    }
    resolve_partial(object_get_root(), parts, type, &found, &twice);
    if (twice && ambiguous) {
        *ambiguous = true;
    }
    return twice ? NULL : found;
}

Object *object_resolve_path(const char *path, bool *ambiguous)
{
    return object_resolve_path_type(path, TYPE_OBJECT, ambiguous);
}

static int foreach_child(Object *obj, int (*fn)(Object *child, void *opaque), void *opaque, bool recurse)
{
    for (GList *l = obj->children, *next; l; l = next) {
        ObjectProperty *prop = l->data;
        Object *child = prop->opaque;
        int result;

        next = l->next;
        result = fn(child, opaque);
        if (!result && recurse) {
            result = foreach_child(child, fn, opaque, true);
        }
        if (result) {
            return result;
        }
    }
    return 0;
}

int object_child_foreach(Object *obj, int (*fn)(Object *child, void *opaque), void *opaque)
{
    return foreach_child(obj, fn, opaque, false);
}

int object_child_foreach_recursive(Object *obj, int (*fn)(Object *child, void *opaque), void *opaque)
{
    return foreach_child(obj, fn, opaque, true);
}
