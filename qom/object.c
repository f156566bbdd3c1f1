/*
 * Objects: making, casting, counting references, ending.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qom-int.h"

static void init_up(Object *obj, const TypeImpl *type)
{
    if (type->parent) {
        init_up(obj, type->parent);
    }
    if (type->info.instance_init) {
        type->info.instance_init(obj);
    }
}

static void post_init_up(Object *obj, const TypeImpl *type)
{
    if (type->parent) {
        post_init_up(obj, type->parent);
    }
    if (type->info.instance_post_init) {
        type->info.instance_post_init(obj);
    }
}

static void object_init_with_type(Object *obj, TypeImpl *type, bool heap)
{
    g_assert(!type->info.abstract);
    memset(obj, 0, type->instance_size);
    obj->class = type->class;
    obj->ref = 1;
    obj->heap = heap;
    init_up(obj, type);
    post_init_up(obj, type);
}

static TypeImpl *type_must_exist(const char *name)
{
    TypeImpl *type = type_find(name);

    if (!type) {
        g_error("type '%s' does not exist", name);
    }
    return type;
}

void object_initialize(void *data, size_t size, const char *type)
{
    TypeImpl *t = type_must_exist(type);

    g_assert(size >= t->instance_size);
    object_init_with_type(data, t, false);
}

void object_initialize_child(Object *parent, const char *name, void *child, size_t size, const char *type)
{
    object_initialize(child, size, type);
    object_property_add_child(parent, name, OBJECT(child));
    /* The parent's reference is the only one. */
    object_unref(child);
}

Object *object_new_with_class(ObjectClass *klass)
{
    Object *obj = g_malloc(klass->type->instance_size);

    object_init_with_type(obj, klass->type, true);
    return obj;
}

Object *object_new(const char *type)
{
    return object_new_with_class(type_must_exist(type)->class);
}

Object *object_new_with_props(const char *type, Object *parent, const char *id, json_t *props, Error **errp)
{
    ObjectClass *klass = object_class_by_name(type);
    Object *obj;

    if (!klass || object_class_is_abstract(klass)) {
        error_setg(errp, klass ? "'%s' is no object type but what some have in common" : "there is no object type '%s'", type);
        return NULL;
    }
    obj = object_new_with_class(klass);
    if ((props && !object_set_props(obj, props, errp)) ||
        (id && !object_property_try_add_child(parent, id, obj, errp))) {
        object_unref(obj);
        return NULL;
    }
    if (object_dynamic_cast(obj, TYPE_USER_CREATABLE)) {
        UserCreatableClass *ucc = USER_CREATABLE_GET_CLASS(obj);
        if (ucc->complete && !ucc->complete(USER_CREATABLE(obj), errp)) {
            object_unparent(obj);
            object_unref(obj);
            return NULL;
        }
    }
    if (id) {
        object_unref(obj);              /* the parent keeps it */
    }
    return obj;
}

Object *object_ref(void *p)
{
    Object *obj = p;

    if (obj) {
        __atomic_fetch_add(&obj->ref, 1, __ATOMIC_SEQ_CST);
    }
    return obj;
}

static void object_end(Object *obj)
{
    object_release_properties(obj);
    for (const TypeImpl *type = obj->class->type; type; type = type->parent) {
        if (type->info.instance_finalize) {
            type->info.instance_finalize(obj);
        }
    }
    if (obj->heap) {
        g_free(obj);
    }
}

void object_unref(void *p)
{
    Object *obj = p;

    if (!obj) {
        return;
    }
    g_assert(obj->ref > 0);
    if (__atomic_sub_fetch(&obj->ref, 1, __ATOMIC_SEQ_CST) == 0) {
        object_end(obj);
    }
}

Object *object_dynamic_cast(Object *obj, const char *name)
{
    return obj && object_class_dynamic_cast(obj->class, name) ? obj : NULL;
}

Object *object_dynamic_cast_assert(Object *obj, const char *name, const char *file, int line)
{
    if (obj) {
        object_class_dynamic_cast_assert(obj->class, name, file, line);
    }
    return obj;
}

const char *object_get_typename(const Object *obj)
{
    return object_class_get_name(obj->class);
}

static char *get_type(Object *obj, Error **errp)
{
    return g_strdup(object_get_typename(obj));
}

static void object_class_init(ObjectClass *klass, const void *data)
{
    object_class_property_add_str(klass, "type", get_type, NULL);
}

static const TypeInfo base_types[] = {
    { .name = TYPE_OBJECT, .instance_size = sizeof(Object), .class_size = sizeof(ObjectClass), .abstract = true,
      .class_init = object_class_init },
    { .name = TYPE_CONTAINER },
};
DEFINE_TYPES(base_types)
