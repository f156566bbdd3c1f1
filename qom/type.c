/*
 * Types and classes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qom-int.h"

static GHashTable *types;               /* name -> TypeImpl, for the life of the program */

static void type_add(TypeImpl *type)
{
    if (!types) {
        types = g_hash_table_new(g_str_hash, g_str_equal);
    }
    if (!g_hash_table_insert(types, (gpointer)type->info.name, type)) {
        g_error("type '%s' is registered twice", type->info.name);
    }
}

void type_register_static(const TypeInfo *info)
{
    TypeImpl *type = g_new0(TypeImpl, 1);

    type->info = *info;
    type_add(type);
}

void type_register_dynamic(const TypeInfo *info)
{
    TypeImpl *type = g_new0(TypeImpl, 1);

    type->info = *info;
    type->info.name = g_strdup(info->name);
    type->info.parent = g_strdup(info->parent);
    type->info.interfaces = (const char *const *)g_strdupv((char **)info->interfaces);
    type_add(type);
}

static void class_make(TypeImpl *type)
{
    const char *parent_name = type->info.parent ? type->info.parent : TYPE_OBJECT;
    bool is_root = !strcmp(type->info.name, TYPE_OBJECT);

    type->parent = is_root ? NULL : type_find(parent_name);
    if (!is_root && !type->parent) {
        g_error("type '%s' has the unknown parent '%s'", type->info.name, parent_name);
    }
    type->class_size = type->info.class_size ? type->info.class_size : type->parent->class_size;
    type->instance_size = type->info.instance_size ? type->info.instance_size : type->parent->instance_size;
    g_assert(is_root || (type->class_size >= type->parent->class_size &&
                         type->instance_size >= type->parent->instance_size));
    type->class = g_malloc0(type->class_size);
    if (type->parent) {
        memcpy(type->class, type->parent->class, type->parent->class_size);
    }
    type->class->type = type;
    type->class->properties = NULL;
    memset(type->class->cast_cache, 0, sizeof(type->class->cast_cache));
    if (type->info.class_init) {
        type->info.class_init(type->class, type->info.class_data);
    }
}

TypeImpl *type_find(const char *name)
{
    TypeImpl *type = types ? g_hash_table_lookup(types, name) : NULL;

    if (type && !type->class) {
        class_make(type);
    }
    return type;
}

bool type_is_a(const TypeImpl *type, const char *name)
{
    for (; type; type = type->parent) {
        if (type->info.name == name || !strcmp(type->info.name, name)) {
            return true;
        }
        if (type->info.interfaces && g_strv_contains(type->info.interfaces, name)) {
            return true;
        }
    }
    return false;
}

/* Casts happen on every MMIO access, mostly to the same few names. */
static bool class_is_a(ObjectClass *klass, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(klass->cast_cache); i++) {
        if (__atomic_load_n(&klass->cast_cache[i], __ATOMIC_RELAXED) == name) {
            return true;
        }
    }
    return type_is_a(klass->type, name);
}

ObjectClass *object_class_dynamic_cast(ObjectClass *klass, const char *name)
{
    return klass && class_is_a(klass, name) ? klass : NULL;
}

/* @name is a literal here, so remembering its address is safe. */
static void cast_remember(ObjectClass *klass, const char *name)
{
    size_t last = ARRAY_SIZE(klass->cast_cache) - 1;

    for (size_t i = 0; i <= last; i++) {
        const char *seen = __atomic_load_n(&klass->cast_cache[i], __ATOMIC_RELAXED);
        if (seen == name) {
            return;
        }
        if (!seen || i == last) {
            __atomic_store_n(&klass->cast_cache[i], name, __ATOMIC_RELAXED);
            return;
        }
    }
}

ObjectClass *object_class_dynamic_cast_assert(ObjectClass *klass, const char *name, const char *file, int line)
{
    if (klass && !class_is_a(klass, name)) {
        g_error("%s:%d: class '%s' is not a '%s'", file, line, klass->type->info.name, name);
    }
    if (klass) {
        cast_remember(klass, name);
    }
    return klass;
}

ObjectClass *object_class_by_name(const char *name)
{
    TypeImpl *type = type_find(name);

    return type ? type->class : NULL;
}

ObjectClass *object_class_get_parent(ObjectClass *klass)
{
    return klass->type->parent ? klass->type->parent->class : NULL;
}

const char *object_class_get_name(const ObjectClass *klass)
{
    return klass->type->info.name;
}

bool object_class_is_abstract(const ObjectClass *klass)
{
    return klass->type->info.abstract;
}

static int class_by_name_order(gconstpointer a, gconstpointer b)
{
    return strcmp(object_class_get_name(a), object_class_get_name(b));
}

/* As type_is_a(), from what was registered alone: no class needs to exist. */
static bool info_is_a(const char *type_name, const char *name)
{
    while (type_name) {
        const TypeImpl *type = g_hash_table_lookup(types, type_name);

        if (!strcmp(type_name, name)) {
            return true;
        }
        if (!type) {
            return false;
        }
        if (type->info.interfaces && g_strv_contains(type->info.interfaces, name)) {
            return true;
        }
        type_name = type->info.parent;
    }
    return !strcmp(name, TYPE_OBJECT);
}

GSList *object_class_get_list(const char *implements, bool include_abstract)
{
    g_autoptr(GList) names = g_hash_table_get_keys(types);
    GSList *list = NULL;

    for (GList *l = names; l; l = l->next) {
        const TypeImpl *type = g_hash_table_lookup(types, l->data);
        if ((include_abstract || !type->info.abstract) && (!implements || info_is_a(l->data, implements))) {
            list = g_slist_prepend(list, type_find(l->data)->class);
        }
    }
    return g_slist_sort(list, class_by_name_order);
}
