/*
 * Objects that -object and object-add make, below /objects.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/options.h"
#include "qom-int.h"

static bool type_is_creatable(const char *type)
{
    ObjectClass *klass = object_class_by_name(type);

    return klass && object_class_dynamic_cast(klass, TYPE_USER_CREATABLE) && !object_class_is_abstract(klass);
}

Object *user_creatable_add(json_t *opts, Error **errp)
{
    g_autoptr(json_t) props = opts;
    g_autofree char *type = NULL, *id = NULL;

    if (!json_object_get(props, "qom-type") || !json_object_get(props, "id")) {
        error_setg(errp, "Parameter '%s' must be given", json_object_get(props, "qom-type") ? "id" : "qom-type");
        return NULL;
    }
    type = options_take_str(props, "qom-type", errp);
    id = type ? options_take_str(props, "id", errp) : NULL;
    if (!id) {
        return NULL;
    }
    if (!type_is_creatable(type)) {
        error_setg(errp, "qom-type: there is no object type '%s'", type);
        return NULL;
    }
    if (!id_check(id, errp)) {
        return NULL;
    }
    return object_new_with_props(type, object_get_objects_root(), id, props, errp);
}

bool user_creatable_del(const char *id, Error **errp)
{
    Object *obj = object_resolve_path_component(object_get_objects_root(), id);
    UserCreatableClass *ucc;

    if (!obj) {
        error_setg(errp, "there is no object '%s'", id);
        return false;
    }
    ucc = USER_CREATABLE_GET_CLASS(obj);
    /* Whoever links to it holds a reference beside the tree's. */
    if (ucc->can_be_deleted ? !ucc->can_be_deleted(USER_CREATABLE(obj)) : obj->ref > 1) {
        error_setg(errp, "object '%s' is in use, can not be deleted", id);
        return false;
    }
    object_unparent(obj);
    return true;
}

void user_creatable_cleanup(void)
{
    object_unparent(object_get_objects_root());
}

static const TypeInfo user_creatable_info = {
    .name = TYPE_USER_CREATABLE,
    .instance_size = sizeof(UserCreatable),
    .class_size = sizeof(UserCreatableClass),
    .abstract = true,
};
DEFINE_TYPE(user_creatable_info)
