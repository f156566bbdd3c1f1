/*
 * Choosing the accelerator: -accel options in order, or the names of
 * -machine accel=a:b. In a list, names this program does not have are passed
 * over; the first that starts is taken.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/accel.h"
#include "util/options.h"

AccelState *current_accel;
bool qtest_allowed;

AccelClass *accel_find(const char *name)
{
    g_autofree char *type = g_strconcat(name, ACCEL_CLASS_SUFFIX, NULL);
    ObjectClass *oc = object_class_by_name(type);

    return oc && object_class_dynamic_cast(oc, TYPE_ACCEL) ? ACCEL_CLASS(oc) : NULL;
}

/* The rest of the option ("device", "kernel-irqchip") are the accelerator's properties. */
static bool set_accel_props(AccelState *as, const json_t *request, Error **errp)
{
    json_t *props = json_object_get(request, "props");
    const char *key;
    const json_t *value;
    void *it;

    if (props) {
        return object_set_props(OBJECT(as), props, errp);
    }
    for (it = json_object_iter((json_t *)request); it; it = json_object_iter_next((json_t *)request, it)) {
        key = json_object_iter_key(it);
        value = json_object_iter_value(it);
        if (strcmp(key, "accel") && !object_property_set(OBJECT(as), key, value, errp)) {
            return false;
        }
    }
    return true;
}

static bool start_accel(AccelClass *ac, MachineState *ms, const json_t *request, Error **errp)
{
    AccelState *as = ACCEL(object_new_with_class(OBJECT_CLASS(ac)));

    current_accel = as;
    if (!set_accel_props(as, request, errp) || !ac->init_machine(as, ms, errp)) {
        current_accel = NULL;
        object_unref(as);
        return false;
    }
    object_property_add_child(object_get_root(), "accel", OBJECT(as));
    object_unref(as);
    if (ac->allowed) {
        *ac->allowed = true;
    }
    return true;
}

static void unknown_accel(const char *name, Error **errp)
{
    ERRP_GUARD();

    if (!strcmp(name, "tcg")) {
        error_setg(errp, "-accel tcg: there is no CPU emulator in this program");
    } else {
        error_setg(errp, "-accel %s: no such accelerator", name);
    }
    error_append_hint(errp, "Use -accel kvm on an arm64 host, or -accel qtest to drive devices without a guest.\n");
}

/* One -accel option may itself hold a list: "kvm:tcg". */
static bool try_request(MachineState *ms, const json_t *request, bool in_list, Error **errp)
{
    const char *text = json_string_value(json_object_get(request, "accel"));
    g_auto(GStrv) names = g_strsplit(text ? text : "", ":", -1);

    in_list = in_list || g_strv_length(names) > 1;
    for (char **n = names; *n; n++) {
        AccelClass *ac = accel_find(*n);
        Error *err = NULL;

        if (ac && start_accel(ac, ms, request, &err)) {
            if (errp && *errp) {
                error_free(*errp);
                *errp = NULL;
            }
            return true;
        }
        if (!err && !in_list) {
            unknown_accel(*n, &err);
        }
        if (err && errp && !*errp) {
            *errp = err;                /* the first reason is the one to show */
        } else {
            error_free(err);
        }
    }
    return false;
}

bool accel_init_machine(MachineState *ms, const json_t *const *requests, size_t n, Error **errp)
{
    g_autoptr(json_t) default_request = json_pack("{s:s}", "accel", "kvm");
    const json_t *only[] = { default_request };
    Error *err = NULL;

    if (n == 0) {
        requests = only;
        n = 1;
    }
    for (size_t i = 0; i < n; i++) {
        if (try_request(ms, requests[i], n > 1, &err)) {
            return true;
        }
    }
    /* A machine without CPUs needs nobody to run them: libvirt asks its questions of "none". */
    if (!strcmp(MACHINE_GET_CLASS(ms)->name, "none")) {
        error_free(err);
        return true;
    }
    if (!err) {
        unknown_accel(json_string_value(json_object_get(requests[0], "accel")) ?: "", &err);
    }
    error_propagate(errp, err);
    return false;
}

static const TypeInfo accel_info = {
    .name = TYPE_ACCEL,
    .abstract = true,
    .instance_size = sizeof(AccelState),
    .class_size = sizeof(AccelClass),
};
DEFINE_TYPE(accel_info)
