/*
 * What the files of this room share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef QOM_INT_H
#define QOM_INT_H

#include "qom/object.h"

#define TYPE_CONTAINER "container"

struct TypeImpl {
    TypeInfo info;
    TypeImpl *parent;                   /* found when the class is made */
    ObjectClass *class;
    size_t instance_size, class_size;
};

TypeImpl *type_find(const char *name);              /* its class exists afterwards; NULL: no such type */
bool type_is_a(const TypeImpl *type, const char *name);

ObjectProperty *property_new(const char *name, const char *type, ObjectPropertyGet *get, ObjectPropertySet *set, void *opaque);
void property_free(ObjectProperty *prop);
void object_release_properties(Object *obj);
/* "'T' has no property 'N'" with what is near. */
void property_not_found(Object *obj, const char *name, Error **errp);

#endif
