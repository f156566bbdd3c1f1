/*
 * Property tables of device classes, and the plain value types.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/core/qdev-properties.h"
#include "qdev-int.h"
#include "util/options.h"

/* jansson's integers have a sign; what does not fit is text. */
static json_t *json_from_u64(uint64_t u)
{
    return u <= INT64_MAX ? json_integer(u) : json_sprintf("%" PRIu64, u);
}

static json_t *default_unsigned(const Property *prop)
{
    return json_from_u64(prop->defval.u);
}

static json_t *default_signed(const Property *prop)
{
    return json_integer(prop->defval.i);
}

static json_t *default_bool(const Property *prop)
{
    return json_boolean(prop->defval.u);
}

/* --- bool and bits --- */
static json_t *get_bool(const void *field, const Property *prop)
{
    return json_boolean(*(const bool *)field);
}

static bool set_bool(Object *obj, void *field, const Property *prop, const json_t *value, Error **errp)
{
    return option_bool(value, prop->name, field, errp);
}

const PropertyInfo qdev_prop_bool = {
    .type = "bool", .description = "on/off", .get = get_bool, .set = set_bool, .print_default = default_bool,
};

static json_t *get_bit(const void *field, const Property *prop)
{
    return json_boolean(*(const uint32_t *)field & BIT(prop->bitnr));
}

static bool set_bit(Object *obj, void *field, const Property *prop, const json_t *value, Error **errp)
{
    uint32_t *word = field;
    bool on;

    if (!option_bool(value, prop->name, &on, errp)) {
        return false;
    }
    *word = on ? *word | BIT(prop->bitnr) : *word & ~BIT(prop->bitnr);
    return true;
}

const PropertyInfo qdev_prop_bit = {
    .type = "bool", .description = "on/off", .get = get_bit, .set = set_bit, .print_default = default_bool,
};

static json_t *get_bit64(const void *field, const Property *prop)
{
    return json_boolean(*(const uint64_t *)field & BIT_ULL(prop->bitnr));
}

static bool set_bit64(Object *obj, void *field, const Property *prop, const json_t *value, Error **errp)
{
    uint64_t *word = field;
    bool on;

    if (!option_bool(value, prop->name, &on, errp)) {
        return false;
    }
    *word = on ? *word | BIT_ULL(prop->bitnr) : *word & ~BIT_ULL(prop->bitnr);
    return true;
}

const PropertyInfo qdev_prop_bit64 = {
    .type = "bool", .description = "on/off", .get = get_bit64, .set = set_bit64, .print_default = default_bool,
};

/* --- numbers --- */
#define UNSIGNED_PROP(bits) \
    static json_t *get_uint##bits(const void *field, const Property *prop) \
    { \
        return json_from_u64(*(const uint##bits##_t *)field); \
    } \
    static bool set_uint##bits(Object *obj, void *field, const Property *prop, const json_t *value, Error **errp) \
    { \
        uint64_t u; \
        if (!option_uint(value, prop->name, UINT##bits##_MAX, &u, errp)) { \
            return false; \
        } \
        *(uint##bits##_t *)field = u; \
        return true; \
    } \
    const PropertyInfo qdev_prop_uint##bits = { \
        .type = "uint" #bits, .get = get_uint##bits, .set = set_uint##bits, .print_default = default_unsigned, \
    };
UNSIGNED_PROP(8)
UNSIGNED_PROP(16)
UNSIGNED_PROP(32)
UNSIGNED_PROP(64)

#define SIGNED_PROP(bits) \
    static json_t *get_int##bits(const void *field, const Property *prop) \
    { \
        return json_integer(*(const int##bits##_t *)field); \
    } \
    static bool set_int##bits(Object *obj, void *field, const Property *prop, const json_t *value, Error **errp) \
    { \
        int64_t i; \
        if (!option_int(value, prop->name, INT##bits##_MIN, INT##bits##_MAX, &i, errp)) { \
            return false; \
        } \
        *(int##bits##_t *)field = i; \
        return true; \
    } \
    const PropertyInfo qdev_prop_int##bits = { \
        .type = "int" #bits, .get = get_int##bits, .set = set_int##bits, .print_default = default_signed, \
    };
SIGNED_PROP(32)
SIGNED_PROP(64)

static bool set_size(Object *obj, void *field, const Property *prop, const json_t *value, Error **errp)
{
    return option_size(value, prop->name, field, errp);
}

const PropertyInfo qdev_prop_size = {
    .type = "size", .get = get_uint64, .set = set_size, .print_default = default_unsigned,
};

static bool set_size32(Object *obj, void *field, const Property *prop, const json_t *value, Error **errp)
{
    uint64_t size;

    if (!option_size(value, prop->name, &size, errp)) {
        return false;
    }
    if (size > UINT32_MAX) {
        error_setg(errp, "Parameter '%s' must be a size below 4 GiB", prop->name);
        return false;
    }
    *(uint32_t *)field = size;
    return true;
}

const PropertyInfo qdev_prop_size32 = {
    .type = "size", .get = get_uint32, .set = set_size32, .print_default = default_unsigned,
};

/* --- text --- */
static json_t *get_string(const void *field, const Property *prop)
{
    const char *s = *(char *const *)field;

    return json_string(s ? s : "");
}

static bool set_string(Object *obj, void *field, const Property *prop, const json_t *value, Error **errp)
{
    const char *s = option_str(value, prop->name, errp);
    char **storage = field;

    if (!s) {
        return false;
    }
    g_free(*storage);
    *storage = g_strdup(s);
    return true;
}

static void release_string(Object *obj, void *field)
{
    g_clear_pointer((char **)field, g_free);
}

const PropertyInfo qdev_prop_string = {
    .type = "str", .get = get_string, .set = set_string, .release = release_string,
};

/* --- enums --- */
json_t *qdev_prop_enum_get(const void *field, const Property *prop)
{
    return json_string(prop->info->enum_names[*(const int *)field]);
}

bool qdev_prop_enum_set(Object *obj, void *field, const Property *prop, const json_t *value, Error **errp)
{
    const char *const *names = prop->info->enum_names;
    const char *s = option_str(value, prop->name, errp);
    g_autofree char *valid = NULL;

    if (!s) {
        return false;
    }
    for (int i = 0; names[i]; i++) {
        if (!strcmp(names[i], s)) {
            *(int *)field = i;
            return true;
        }
    }
    valid = join_names(names, g_strv_length((char **)names), " or ");
    error_setg(errp, "Property '%s.%s' cannot be '%s'; it is %s",
               object_get_typename(obj), prop->name, s, valid);
    return false;
}

json_t *qdev_prop_enum_default(const Property *prop)
{
    return json_string(prop->info->enum_names[prop->defval.i]);
}

static const char *const on_off_auto_names[] = {
    [ON_OFF_AUTO_AUTO] = "auto", [ON_OFF_AUTO_ON] = "on", [ON_OFF_AUTO_OFF] = "off", NULL
};

const PropertyInfo qdev_prop_on_off_auto = {
    .type = "OnOffAuto", .description = "on/off/auto", .enum_names = on_off_auto_names,
    .get = qdev_prop_enum_get, .set = qdev_prop_enum_set, .print_default = qdev_prop_enum_default,
};

/* --- links --- */
static json_t *get_link(const void *field, const Property *prop)
{
    Object *target = *(Object *const *)field;
    g_autofree char *path = target ? object_get_canonical_path(target) : NULL;

    return json_string(path ? path : "");
}

static bool set_link(Object *obj, void *field, const Property *prop, const json_t *value, Error **errp)
{
    Object **storage = field, *old = *storage, *target;

    if (!object_resolve_link(value, prop->name, prop->link_type, &target, errp)) {
        return false;
    }
    *storage = object_ref(target);
    object_unref(old);
    return true;
}

static void release_link(Object *obj, void *field)
{
    Object **storage = field, *old = *storage;

    *storage = NULL;
    object_unref(old);
}

const PropertyInfo qdev_prop_link = { .type = "link", .get = get_link, .set = set_link, .release = release_link };

/* --- From table to class properties. --- */
static void *field_of(Object *obj, const Property *p)
{
    return (char *)obj + p->offset;
}

static json_t *table_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    const Property *p = prop->opaque;

    return p->info->get(field_of(obj, p), p);
}

static bool table_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    const Property *p = prop->opaque;

    if (((DeviceState *)obj)->realized) {
        g_autofree char *who = qdev_get_path_text((DeviceState *)obj);
        error_setg(errp, "Property '%s' of device '%s' (type '%s') is fixed once the device is there",
                   p->name, who, object_get_typename(obj));
        return false;
    }
    return p->info->set(obj, field_of(obj, p), p, value, errp);
}

static void table_release(Object *obj, ObjectProperty *prop)
{
    const Property *p = prop->opaque;

    p->info->release(obj, field_of(obj, p));
}

static Object *table_link_target(Object *obj, const ObjectProperty *prop)
{
    return *(Object **)field_of(obj, prop->opaque);
}

static void add_class_property(ObjectClass *klass, const Property *p)
{
    const PropertyInfo *info = p->info;
    g_autofree char *type = p->link_type ? g_strdup_printf("link<%s>", p->link_type) : g_strdup(info->type);
    ObjectProperty *prop = object_class_property_add(klass, p->name, type, info->get ? table_get : NULL,
                                                     info->set ? table_set : NULL, (void *)p);

    prop->description = g_strdup(p->description ? p->description : info->description);
    prop->release = info->release ? table_release : NULL;
    prop->target = info == &qdev_prop_link ? table_link_target : NULL;
    prop->defval = p->has_default && info->print_default ? info->print_default(p) : NULL;
}

void device_class_set_props_n(DeviceClass *dc, const Property *props, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        add_class_property(OBJECT_CLASS(dc), &props[i]);
    }
}

void device_class_describe_props(DeviceClass *dc, const PropertyDoc *docs)
{
    for (; docs->name; docs++) {
        object_class_property_set_description(OBJECT_CLASS(dc), docs->name, docs->text);
    }
}

static void store_default(void *field, const Property *p)
{
    const PropertyInfo *info = p->info;

    if (info == &qdev_prop_bool) {
        *(bool *)field = p->defval.u;
    } else if (info == &qdev_prop_bit) {
        *(uint32_t *)field |= p->defval.u ? BIT(p->bitnr) : 0;
    } else if (info == &qdev_prop_bit64) {
        *(uint64_t *)field |= p->defval.u ? BIT_ULL(p->bitnr) : 0;
    } else if (info == &qdev_prop_uint8) {
        *(uint8_t *)field = p->defval.u;
    } else if (info == &qdev_prop_uint16) {
        *(uint16_t *)field = p->defval.u;
    } else if (info == &qdev_prop_uint64 || info == &qdev_prop_int64 || info == &qdev_prop_size) {
        *(uint64_t *)field = p->defval.u;
    } else {
        *(uint32_t *)field = p->defval.u;       /* 32 bits wide, enums too */
    }
}

static void class_defaults(Object *obj, ObjectClass *klass)
{
    ObjectClass *parent = object_class_get_parent(klass);
    GHashTableIter iter;
    gpointer value;

    if (parent) {
        class_defaults(obj, parent);
    }
    if (!klass->properties) {
        return;
    }
    g_hash_table_iter_init(&iter, klass->properties);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const ObjectProperty *prop = value;
        const Property *p = prop->opaque;
        if (prop->set == table_set && p->has_default) {
            store_default(field_of(obj, p), p);
        }
    }
}

void qdev_set_defaults(Object *obj)
{
    class_defaults(obj, object_get_class(obj));
}

void qdev_prop_set_bool(DeviceState *dev, const char *name, bool v)
{
    object_property_set_bool(OBJECT(dev), name, v, &error_abort);
}

void qdev_prop_set_uint(DeviceState *dev, const char *name, uint64_t v)
{
    object_property_set_uint(OBJECT(dev), name, v, &error_abort);
}

void qdev_prop_set_string(DeviceState *dev, const char *name, const char *v)
{
    object_property_set_str(OBJECT(dev), name, v, &error_abort);
}
