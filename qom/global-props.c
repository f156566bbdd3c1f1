/*
 * -global TYPE.PROP=VALUE: defaults the user changes for every object of a type.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qom-int.h"

typedef struct GlobalProp { char *type, *name, *value; bool used; } GlobalProp;

static GPtrArray *globals;

void object_register_global_prop(const char *type, const char *prop, const char *value)
{
    GlobalProp *g = g_new0(GlobalProp, 1);

    *g = (GlobalProp) { .type = g_strdup(type), .name = g_strdup(prop), .value = g_strdup(value) };
    if (!globals) {
        globals = g_ptr_array_new();
    }
    g_ptr_array_add(globals, g);
}

bool object_apply_global_props(Object *obj, Error **errp)
{
    ERRP_GUARD();

    for (guint i = 0; globals && i < globals->len; i++) {
        GlobalProp *g = g_ptr_array_index(globals, i);

        if (!object_dynamic_cast(obj, g->type)) {
            continue;
        }
        g->used = true;
        if (!object_property_set_str(obj, g->name, g->value, errp)) {
            error_prepend(errp, "-global %s.%s=%s: ", g->type, g->name, g->value);
            return false;
        }
    }
    return true;
}

bool object_check_globals_used(Error **errp)
{
    bool all_known = true;

    for (guint i = 0; globals && i < globals->len; i++) {
        GlobalProp *g = g_ptr_array_index(globals, i);

        if (!g->used && !object_class_by_name(g->type)) {
            warn_report("-global %s.%s: there is no such type", g->type, g->name);
            all_known = false;
        } else if (!g->used) {
            warn_report("-global %s.%s=%s changed nothing", g->type, g->name, g->value);
        }
    }
    return all_known;
}
