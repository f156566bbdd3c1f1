/*
 * QMP commands about objects, types and devices.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/core/qdev.h"
#include "monitor-internal.h"

static Object *find_object(const json_t *args, Error **errp)
{
    const char *path = json_string_value(json_object_get(args, "path"));
    bool ambiguous = false;
    Object *obj = object_resolve_path(path, &ambiguous);

    if (!obj && ambiguous) {
        error_setg(errp, "'%s' could be more than one object", path);
    } else if (!obj) {
        error_set(errp, ERROR_CLASS_DEVICE_NOT_FOUND, "There is no object '%s'", path);
    }
    return obj;
}

static void list_property(ObjectProperty *prop, void *opaque)
{
    json_array_append_new(opaque, json_pack("{s:s, s:s}", "name", prop->name, "type", prop->type));
}

json_t *qmp_qom_list(const json_t *args, Error **errp)
{
    Object *obj = find_object(args, errp);
    json_t *list;

    if (!obj) {
        return NULL;
    }
    list = json_array();
    object_property_foreach(obj, list_property, list);
    return list;
}

json_t *qmp_qom_get(const json_t *args, Error **errp)
{
    Object *obj = find_object(args, errp);

    return obj ? object_property_get(obj, json_string_value(json_object_get(args, "property")), errp) : NULL;
}

json_t *qmp_qom_set(const json_t *args, Error **errp)
{
    Object *obj = find_object(args, errp);

    return obj && object_property_set(obj, json_string_value(json_object_get(args, "property")),
                                      json_object_get(args, "value"), errp) ? json_object() : NULL;
}

json_t *qmp_qom_list_types(const json_t *args, Error **errp)
{
    bool abstract = json_is_true(json_object_get(args, "abstract"));
    GSList *all = object_class_get_list(json_string_value(json_object_get(args, "implements")), abstract);
    json_t *list = json_array();

    for (GSList *l = all; l; l = l->next) {
        ObjectClass *parent = object_class_get_parent(l->data);
        json_t *entry = json_pack("{s:s}", "name", object_class_get_name(l->data));
        if (parent) {
            json_object_set_new(entry, "parent", json_string(object_class_get_name(parent)));
        }
        if (object_class_is_abstract(l->data)) {
            json_object_set_new(entry, "abstract", json_true());
        }
        json_array_append_new(list, entry);
    }
    g_slist_free(all);
    return list;
}

static void describe_property(ObjectProperty *prop, void *opaque)
{
    json_t *entry = json_pack("{s:s, s:s}", "name", prop->name, "type", prop->type);

    if (prop->description) {
        json_object_set_new(entry, "description", json_string(prop->description));
    }
    if (prop->defval) {
        json_object_set(entry, "default-value", prop->defval);
    }
    json_array_append_new(opaque, entry);
}

static void describe_device_property(ObjectProperty *prop, void *opaque)
{
    static const char *const every_device[] = { "type", "realized", "hotpluggable", "hotplugged", "parent_bus", NULL };

    if (!g_strv_contains(every_device, prop->name)) {
        describe_property(prop, opaque);
    }
}

static json_t *class_not_found(const char *typename, Error **errp)
{
    error_set(errp, ERROR_CLASS_DEVICE_NOT_FOUND, "There is no type '%s'", typename);
    return NULL;
}

json_t *qmp_qom_list_properties(const json_t *args, Error **errp)
{
    const char *typename = json_string_value(json_object_get(args, "typename"));
    ObjectClass *klass = object_class_by_name(typename);
    json_t *list;

    if (!klass) {
        return class_not_found(typename, errp);
    }
    list = json_array();
    object_class_property_foreach(klass, describe_property, list);
    return list;
}

json_t *qmp_device_list_properties(const json_t *args, Error **errp)
{
    const char *typename = json_string_value(json_object_get(args, "typename"));
    ObjectClass *klass = object_class_by_name(typename);
    json_t *list;
    Object *obj;

    if (!klass) {
        error_set(errp, ERROR_CLASS_DEVICE_NOT_FOUND, "There is no type '%s'", typename);
        return NULL;
    }
    if (!object_class_dynamic_cast(klass, TYPE_DEVICE) || object_class_is_abstract(klass)) {
        error_setg(errp, "typename: that is what several devices have in common, not one of them");
        return NULL;
    }
    /* Some properties are an instance's, such as those of a transport's inner device. */
    list = json_array();
    obj = object_new_with_class(klass);
    object_property_foreach(obj, describe_device_property, list);
    object_unref(obj);
    return list;
}

json_t *qmp_object_add(const json_t *args, Error **errp)
{
    return user_creatable_add(json_copy((json_t *)args), errp) ? json_object() : NULL;
}

json_t *qmp_object_del(const json_t *args, Error **errp)
{
    return user_creatable_del(json_string_value(json_object_get(args, "id")), errp) ? json_object() : NULL;
}

json_t *qmp_device_add(const json_t *args, Error **errp)
{
    DeviceState *dev = qdev_device_add(json_copy((json_t *)args), errp);

    if (!dev) {
        return NULL;
    }
    object_unref(dev);
    return json_object();
}

json_t *qmp_device_del(const json_t *args, Error **errp)
{
    return qdev_device_del(json_string_value(json_object_get(args, "id")), errp) ? json_object() : NULL;
}
