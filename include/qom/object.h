/*
 * Objects: types with single inheritance, classes as tables of functions,
 * named properties, a tree of children with paths (/machine/peripheral/ID).
 *
 * Terms
 *   type      registered once from a static TypeInfo, before main() runs
 *   class     one per type, made on first use, copied from the parent's then
 *             adjusted by class_init
 *   object    reference counted; the parent in the tree holds one reference
 *   property  a name with get and set; values are jansson values, so the
 *             command line, QMP and introspection share one path
 *
 * All of it runs under the machine lock; references may be dropped anywhere.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef QOM_OBJECT_H
#define QOM_OBJECT_H

#include <jansson.h>
#include "util/error.h"

typedef struct TypeImpl TypeImpl;
typedef struct ObjectClass ObjectClass;
typedef struct Object Object;
typedef struct ObjectProperty ObjectProperty;

#define TYPE_OBJECT "object"

struct ObjectClass {
    TypeImpl *type;
    GHashTable *properties;             /* name -> ObjectProperty, own ones only */
    const char *cast_cache[4];          /* names it was cast to with success */
    void (*unparent)(Object *obj);      /* called as the object leaves the tree */
};

struct Object {
    ObjectClass *class;
    Object *parent;
    GHashTable *properties;             /* NULL until an instance property exists */
    GList *children;                    /* ObjectProperty of kind child, in order */
    int ref;
    bool heap;                          /* freed at the last unref */
};

typedef struct TypeInfo {
    const char *name;
    const char *parent;                 /* NULL: TYPE_OBJECT */
    size_t instance_size;               /* 0: the parent's */
    size_t class_size;                  /* 0: the parent's */
    bool abstract;
    void (*instance_init)(Object *obj); /* parent first */
    void (*instance_post_init)(Object *obj);
    void (*instance_finalize)(Object *obj); /* child first */
    void (*class_init)(ObjectClass *klass, const void *data);
    const void *class_data;
    const char *const *interfaces;      /* NULL ended marker names, or NULL */
} TypeInfo;

/* At file scope: makes @info_ (a static const TypeInfo) known. */
#define DEFINE_TYPE(info_) \
    static void __attribute__((constructor)) register_##info_(void) { type_register_static(&info_); }
#define DEFINE_TYPES(infos_) \
    static void __attribute__((constructor)) register_##infos_(void) \
    { for (size_t i_ = 0; i_ < ARRAY_SIZE(infos_); i_++) type_register_static(&infos_[i_]); }
void type_register_static(const TypeInfo *info);
void type_register_dynamic(const TypeInfo *info);   /* copies @info and its strings */

/* Casts. Checked; a wrong cast is a bug of ours and asserts. */
#define OBJECT(o) ((Object *)(o))
#define OBJECT_CHECK(T, o, name) ((T *)object_dynamic_cast_assert(OBJECT(o), name, __FILE__, __LINE__))
#define OBJECT_CLASS(c) ((ObjectClass *)(c))
#define OBJECT_CLASS_CHECK(C, c, name) ((C *)object_class_dynamic_cast_assert(OBJECT_CLASS(c), name, __FILE__, __LINE__))
#define OBJECT_GET_CLASS(C, o, name) OBJECT_CLASS_CHECK(C, object_get_class(OBJECT(o)), name)

#define DECLARE_INSTANCE_CHECKER(T, NAME, TYPENAME) \
    static inline G_GNUC_UNUSED T *NAME(const void *obj) { return OBJECT_CHECK(T, obj, TYPENAME); }
#define DECLARE_CLASS_CHECKERS(C, NAME, TYPENAME) \
    static inline G_GNUC_UNUSED C *NAME##_GET_CLASS(const void *obj) { return OBJECT_GET_CLASS(C, obj, TYPENAME); } \
    static inline G_GNUC_UNUSED C *NAME##_CLASS(const void *klass) { return OBJECT_CLASS_CHECK(C, klass, TYPENAME); }
#define OBJECT_DECLARE_SIMPLE_TYPE(T, NAME) \
    typedef struct T T; \
    DECLARE_INSTANCE_CHECKER(T, NAME, TYPE_##NAME) \
    G_DEFINE_AUTOPTR_CLEANUP_FUNC(T, object_unref_void)
#define OBJECT_DECLARE_TYPE(T, C, NAME) \
    OBJECT_DECLARE_SIMPLE_TYPE(T, NAME) \
    typedef struct C C; \
    DECLARE_CLASS_CHECKERS(C, NAME, TYPE_##NAME)

Object *object_dynamic_cast(Object *obj, const char *name);          /* or NULL; also by interface */
Object *object_dynamic_cast_assert(Object *obj, const char *name, const char *file, int line);
ObjectClass *object_class_dynamic_cast(ObjectClass *klass, const char *name);
ObjectClass *object_class_dynamic_cast_assert(ObjectClass *klass, const char *name, const char *file, int line);
ObjectClass *object_class_by_name(const char *name);                  /* or NULL */
ObjectClass *object_class_get_parent(ObjectClass *klass);
const char *object_class_get_name(const ObjectClass *klass);
bool object_class_is_abstract(const ObjectClass *klass);
static inline ObjectClass *object_get_class(const Object *obj) { return obj->class; }
const char *object_get_typename(const Object *obj);
/* Every class that is a @implements (or all: NULL), sorted by name; free the list only. */
GSList *object_class_get_list(const char *implements, bool include_abstract);

Object *object_new(const char *type);
Object *object_new_with_class(ObjectClass *klass);
void object_initialize(void *data, size_t size, const char *type);
void object_initialize_child(Object *parent, const char *name, void *child, size_t size, const char *type);
/* New child of @parent with properties from an option object; completes user-creatables. */
Object *object_new_with_props(const char *type, Object *parent, const char *id, json_t *props, Error **errp);
Object *object_ref(void *obj);
void object_unref(void *obj);
static inline void object_unref_void(void *obj) { object_unref(obj); }

/* The tree. object_get_root()/machine/{peripheral,peripheral-anon,unattached}, /objects, /chardevs. */
Object *object_get_root(void);
Object *object_get_objects_root(void);
Object *container_get(Object *root, const char *path);                /* makes missing containers */
ObjectProperty *object_property_add_child(Object *obj, const char *name, Object *child);   /* "x[*]" numbers itself */
bool object_property_try_add_child(Object *obj, const char *name, Object *child, Error **errp);
void object_unparent(Object *obj);
char *object_get_canonical_path(const Object *obj);                   /* NULL: not in the tree */
const char *object_get_canonical_path_component(const Object *obj);
Object *object_resolve_path(const char *path, bool *ambiguous);       /* absolute or partial */
Object *object_resolve_path_type(const char *path, const char *type, bool *ambiguous);
Object *object_resolve_path_component(Object *parent, const char *part);
int object_child_foreach(Object *obj, int (*fn)(Object *child, void *opaque), void *opaque);
int object_child_foreach_recursive(Object *obj, int (*fn)(Object *child, void *opaque), void *opaque);

/* Properties. */
typedef json_t *ObjectPropertyGet(Object *obj, const ObjectProperty *prop, Error **errp);
typedef bool ObjectPropertySet(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp);
struct ObjectProperty {
    char *name;
    char *type;                         /* "bool", "uint32", "link<bus>", "child<x>", enum name */
    char *description;
    json_t *defval;                     /* for introspection; NULL: none */
    ObjectPropertyGet *get;             /* NULL: write only */
    ObjectPropertySet *set;             /* NULL: read only */
    /* For each object that dies (a class's property too), or as the property is deleted. */
    void (*release)(Object *obj, ObjectProperty *prop);
    /* Links and children: the object behind the name. */
    Object *(*target)(Object *obj, const ObjectProperty *prop);
    void *opaque;
};
ObjectProperty *object_property_add(Object *obj, const char *name, const char *type,
                                    ObjectPropertyGet *get, ObjectPropertySet *set, void *opaque);
ObjectProperty *object_class_property_add(ObjectClass *klass, const char *name, const char *type,
                                          ObjectPropertyGet *get, ObjectPropertySet *set, void *opaque);
void object_class_property_set_description(ObjectClass *klass, const char *name, const char *text);
void object_class_property_set_default(ObjectClass *klass, const char *name, json_t *defval); /* steals */
/* Typed shorthands for accessors that are plain functions. */
void object_class_property_add_bool(ObjectClass *klass, const char *name, bool (*get)(Object *, Error **), void (*set)(Object *, bool, Error **));
void object_class_property_add_str(ObjectClass *klass, const char *name, char *(*get)(Object *, Error **), void (*set)(Object *, const char *, Error **));
void object_property_add_bool(Object *obj, const char *name, bool (*get)(Object *, Error **), void (*set)(Object *, bool, Error **));
void object_property_add_str(Object *obj, const char *name, char *(*get)(Object *, Error **), void (*set)(Object *, const char *, Error **));
/* A link holds a reference; @check may refuse. *@ptr is the storage. */
typedef bool ObjectLinkCheck(const Object *obj, const char *name, Object *target, Error **errp);
void object_property_add_link(Object *obj, const char *name, const char *type, Object **ptr, ObjectLinkCheck *check);
void object_class_property_add_link(ObjectClass *klass, const char *name, const char *type, ptrdiff_t offset, ObjectLinkCheck *check);
/* What a link's setter does with its value: a path or id, "" or null for nothing. */
bool object_resolve_link(const json_t *value, const char *name, const char *type, Object **target, Error **errp);
void object_property_add_alias(Object *obj, const char *name, Object *target, const char *target_name);
void object_property_add_const_link(Object *obj, const char *name, Object *target);
void object_property_del(Object *obj, const char *name);

ObjectProperty *object_property_find(const Object *obj, const char *name);        /* or NULL */
ObjectProperty *object_class_property_find(const ObjectClass *klass, const char *name);
/* Calls @fn for each property, own class first then its parents, then the instance's; sorted by name in each. */
void object_property_foreach(Object *obj, void (*fn)(ObjectProperty *prop, void *opaque), void *opaque);
void object_class_property_foreach(ObjectClass *klass, void (*fn)(ObjectProperty *prop, void *opaque), void *opaque);

/* The json forms: "Property 'TYPE.NAME' not found", with what is close, when it is not there. */
json_t *object_property_get(Object *obj, const char *name, Error **errp);
bool object_property_set(Object *obj, const char *name, const json_t *value, Error **errp);
bool object_set_props(Object *obj, const json_t *props, Error **errp);             /* in order, stops at the first failure */
bool object_property_set_bool(Object *obj, const char *name, bool v, Error **errp);
bool object_property_set_int(Object *obj, const char *name, int64_t v, Error **errp);
bool object_property_set_uint(Object *obj, const char *name, uint64_t v, Error **errp);
bool object_property_set_str(Object *obj, const char *name, const char *v, Error **errp);
bool object_property_set_link(Object *obj, const char *name, Object *target, Error **errp);
bool object_property_get_bool(Object *obj, const char *name, Error **errp);
int64_t object_property_get_int(Object *obj, const char *name, Error **errp);
uint64_t object_property_get_uint(Object *obj, const char *name, Error **errp);
char *object_property_get_str(Object *obj, const char *name, Error **errp);
Object *object_property_get_link(Object *obj, const char *name, Error **errp);

/* -global TYPE.PROP=VALUE, applied between instance_init and the user's own settings. */
void object_register_global_prop(const char *type, const char *prop, const char *value);
bool object_apply_global_props(Object *obj, Error **errp);
bool object_check_globals_used(Error **errp);                         /* warns about those no type takes */

/*
 * What -object makes: a type below "user-creatable".
 */
#define TYPE_USER_CREATABLE "user-creatable"
typedef struct UserCreatable { Object parent_obj; } UserCreatable;
typedef struct UserCreatableClass {
    ObjectClass parent_class;
    bool (*complete)(UserCreatable *uc, Error **errp);
    bool (*can_be_deleted)(UserCreatable *uc);
} UserCreatableClass;
DECLARE_INSTANCE_CHECKER(UserCreatable, USER_CREATABLE, TYPE_USER_CREATABLE)
DECLARE_CLASS_CHECKERS(UserCreatableClass, USER_CREATABLE, TYPE_USER_CREATABLE)
Object *user_creatable_add(json_t *opts, Error **errp);               /* {"qom-type", "id", ...}; consumed */
bool user_creatable_del(const char *id, Error **errp);
void user_creatable_cleanup(void);

#endif
