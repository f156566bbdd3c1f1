/*
 * -object monitor-qmp and monitor-hmp: monitors as objects. They stay as long
 * as the program does.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "monitor/monitor.h"
#include "qom/object.h"

typedef struct MonitorObject {
    UserCreatable parent_obj;
    char *chardev;
    bool pretty;
} MonitorObject;

static char *get_chardev(Object *obj, Error **errp)
{
    return g_strdup(((MonitorObject *)obj)->chardev);
}

static void set_chardev(Object *obj, const char *value, Error **errp)
{
    MonitorObject *m = (MonitorObject *)obj;

    if (obj->parent) {
        error_setg(errp, "a monitor cannot change its chardev");
        return;
    }
    g_free(m->chardev);
    m->chardev = g_strdup(value);
}

static bool get_pretty(Object *obj, Error **errp)
{
    return ((MonitorObject *)obj)->pretty;
}

static void set_pretty(Object *obj, bool value, Error **errp)
{
    if (obj->parent) {
        error_setg(errp, "a monitor cannot change how it prints");
        return;
    }
    ((MonitorObject *)obj)->pretty = value;
}

static bool complete(MonitorObject *m, const char *mode, Error **errp)
{
    const char *id = object_get_canonical_path_component(OBJECT(m));

    if (!m->chardev) {
        error_setg(errp, "Parameter 'chardev' must be given");
        return false;
    }
    return monitor_init(json_pack("{s:s, s:s, s:s, s:b}", "id", id, "chardev", m->chardev, "mode", mode, "pretty", m->pretty), errp);
}

static bool complete_qmp(UserCreatable *uc, Error **errp)
{
    return complete((MonitorObject *)uc, "control", errp);
}

static bool complete_hmp(UserCreatable *uc, Error **errp)
{
    return complete((MonitorObject *)uc, "readline", errp);
}

static bool never(UserCreatable *uc)
{
    return false;
}

static void monitor_object_finalize(Object *obj)
{
    g_free(((MonitorObject *)obj)->chardev);
}

static void monitor_hmp_class_init(ObjectClass *klass, const void *data)
{
    USER_CREATABLE_CLASS(klass)->complete = complete_hmp;
    USER_CREATABLE_CLASS(klass)->can_be_deleted = never;
    object_class_property_add_str(klass, "chardev", get_chardev, set_chardev);
    object_class_property_set_description(klass, "chardev", "ID of the chardev it talks through");
}

static void monitor_qmp_class_init(ObjectClass *klass, const void *data)
{
    monitor_hmp_class_init(klass, data);
    USER_CREATABLE_CLASS(klass)->complete = complete_qmp;
    object_class_property_add_bool(klass, "pretty", get_pretty, set_pretty);
    object_class_property_set_description(klass, "pretty", "Print answers over several lines");
}

static const TypeInfo monitor_objects[] = {
    { .name = "monitor-qmp", .parent = TYPE_USER_CREATABLE, .instance_size = sizeof(MonitorObject),
      .class_init = monitor_qmp_class_init, .instance_finalize = monitor_object_finalize },
    { .name = "monitor-hmp", .parent = TYPE_USER_CREATABLE, .instance_size = sizeof(MonitorObject),
      .class_init = monitor_hmp_class_init, .instance_finalize = monitor_object_finalize },
};
DEFINE_TYPES(monitor_objects)
