/*
 * The lists people ask for: -device help, -device X,help, -object help,
 * -machine help, -machine virt,help, -cpu help, -chardev help, -accel help,
 * -trace help.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/accel.h"
#include "chardev/char.h"
#include "hw/core/boards.h"
#include "startup.h"
#include "target/arm/cpu.h"
#include "util/trace.h"

static const char *const category_titles[DEVICE_CATEGORY_MAX + 1] = {
    [DEVICE_CATEGORY_BRIDGE] = "Controller/Bridge/Hub", [DEVICE_CATEGORY_USB] = "USB", [DEVICE_CATEGORY_STORAGE] = "Storage",
    [DEVICE_CATEGORY_NETWORK] = "Network", [DEVICE_CATEGORY_INPUT] = "Input", [DEVICE_CATEGORY_DISPLAY] = "Display",
    [DEVICE_CATEGORY_SOUND] = "Sound", [DEVICE_CATEGORY_MISC] = "Misc", [DEVICE_CATEGORY_CPU] = "CPU",
    [DEVICE_CATEGORY_WATCHDOG] = "Watchdog", [DEVICE_CATEGORY_MAX] = "Uncategorized",
};

static void print_device(const DeviceClass *dc)
{
    printf("name \"%s\"", object_class_get_name(OBJECT_CLASS(dc)));
    if (dc->bus_type) {
        printf(", bus %s", dc->bus_type);
    }
    if (dc->desc) {
        printf(", desc \"%s\"", dc->desc);
    }
    printf("\n");
}

static void print_devices(void)
{
    GSList *all = object_class_get_list(TYPE_DEVICE, false);

    for (int c = 0; c <= DEVICE_CATEGORY_MAX; c++) {
        bool titled = false;
        for (GSList *l = all; l; l = l->next) {
            DeviceClass *dc = DEVICE_CLASS(l->data);
            bool here = c < DEVICE_CATEGORY_MAX ? dc->categories & (1UL << c) : !dc->categories;
            if (dc->user_creatable && here) {
                if (!titled) {
                    printf("%s%s devices:\n", c ? "\n" : "", category_titles[c]);
                    titled = true;
                }
                print_device(dc);
            }
        }
    }
    g_slist_free(all);
}

/* What a property is for, and its default; NULL: neither is known. */
static char *remark(const ObjectProperty *prop)
{
    g_autofree char *defval = prop->defval ? json_dumps(prop->defval, JSON_ENCODE_ANY) : NULL;
    const char *description = prop->description ?: "";

    if (!defval) {
        return g_strdup(prop->description);
    }
    const char *text = json_is_true(prop->defval) ? "on" : json_is_false(prop->defval) ? "off" :
                       json_is_string(prop->defval) ? json_string_value(prop->defval) : defval;
    return g_strdup_printf("%s (default: %s)", description, text);
}

static void collect_property(ObjectProperty *prop, void *opaque)
{
    static const char *const every_device[] = { "realized", "parent_bus", NULL };

    if (!prop->set || !strncmp(prop->type, "child<", 6) || g_strv_contains(every_device, prop->name)) {
        return;
    }
    g_autofree char *option = g_strdup_printf("  %s=<%s>", prop->name, prop->type), *more = remark(prop);
    g_ptr_array_add(opaque, more ? g_strdup_printf("%-24s - %s", option, more) : g_steal_pointer(&option));
}

static gint compare_lines(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void print_properties(ObjectClass *klass, const char *name)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);

    /* Some properties are an instance's, such as those of a transport's inner device. */
    if (object_class_dynamic_cast(klass, TYPE_DEVICE) && !object_class_is_abstract(klass)) {
        Object *obj = object_new_with_class(klass);

        object_property_foreach(obj, collect_property, lines);
        object_unref(obj);
    } else {
        object_class_property_foreach(klass, collect_property, lines);
    }
    g_ptr_array_sort(lines, compare_lines);
    printf("%s options:\n", name);
    for (guint i = 0; i < lines->len; i++) {
        printf("%s\n", (const char *)lines->pdata[i]);
    }
}

static bool is_help(const char *word)
{
    return word && (!strcmp(word, "help") || !strcmp(word, "?"));
}

/* -device help, or -device DRIVER,help */
static bool device_help(const OptionItem *item)
{
    const char *driver = json_string_value(json_object_get(item->opts, "driver"));
    ObjectClass *klass;

    if (is_help(driver) || (item->wants_help && !driver)) {
        print_devices();
        return true;
    }
    if (!item->wants_help) {
        return false;
    }
    klass = object_class_by_name(driver);
    if (klass && object_class_dynamic_cast(klass, TYPE_DEVICE)) {
        print_properties(klass, driver);
    } else {
        printf("There is no device called '%s'; -device help lists them\n", driver);
    }
    return true;
}

static bool object_help(const OptionItem *item)
{
    const char *type = json_string_value(json_object_get(item->opts, "qom-type"));

    if (is_help(type) || (item->wants_help && !type)) {
        GSList *all = object_class_get_list(TYPE_USER_CREATABLE, false);
        printf("Objects:\n");
        for (GSList *l = all; l; l = l->next) {
            printf("  %s\n", object_class_get_name(l->data));
        }
        g_slist_free(all);
        return true;
    }
    if (item->wants_help && object_class_by_name(type)) {
        print_properties(object_class_by_name(type), type);
    }
    return item->wants_help;
}

static bool cpu_help(const OptionItem *item)
{
    GSList *all;

    if (!is_help(item->arg)) {
        return false;
    }
    all = object_class_get_list(TYPE_ARM_CPU, false);
    printf("CPUs:\n");
    for (GSList *l = all; l; l = l->next) {
        const char *name = object_class_get_name(l->data);
        printf("  %.*s\n", (int)(strlen(name) - strlen(ARM_CPU_TYPE_SUFFIX)), name);
    }
    g_slist_free(all);
    return true;
}

static bool chardev_help(const OptionItem *item)
{
    if (is_help(json_string_value(json_object_get(item->opts, "backend"))) || item->wants_help) {
        g_autoptr(GString) out = g_string_new("Chardev backends:\n");
        chardev_list_backends(out);
        fputs(out->str, stdout);
        return true;
    }
    return false;
}

static bool accel_help(const OptionItem *item)
{
    GSList *all;

    if (!is_help(json_string_value(json_object_get(item->opts, "accel"))) && !item->wants_help) {
        return false;
    }
    all = object_class_get_list(TYPE_ACCEL, false);
    printf("Accelerators in this program:\n");
    for (GSList *l = all; l; l = l->next) {
        const char *name = object_class_get_name(l->data);
        printf("%.*s\n", (int)(strlen(name) - strlen(ACCEL_CLASS_SUFFIX)), name);
    }
    g_slist_free(all);
    return true;
}

static bool trace_help(const OptionItem *item)
{
    if (!is_help(item->arg)) {
        return false;
    }
    trace_list(stdout);
    return true;
}

bool startup_print_help(const CommandLine *cl, Error **errp)
{
    static const struct { OptionId id; bool (*help)(const OptionItem *item); } helpers[] = {
        { OPT_DEVICE, device_help }, { OPT_OBJECT, object_help }, { OPT_CPU, cpu_help },
        { OPT_CHARDEV, chardev_help }, { OPT_ACCEL, accel_help }, { OPT_TRACE, trace_help },
    };
    for (guint i = 0; i < cl->items->len; i++) {
        const OptionItem *item = cl->items->pdata[i];
        for (size_t h = 0; h < ARRAY_SIZE(helpers); h++) {
            if (helpers[h].id == item->def->id && helpers[h].help(item)) {
                return true;
            }
        }
    }
    return false;
}

static void print_machines(void)
{
    GSList *all = object_class_get_list(TYPE_MACHINE, false);

    printf("Machines:\n");
    for (GSList *l = all; l; l = l->next) {
        MachineClass *mc = MACHINE_CLASS(l->data);
        if (mc->alias) {
            printf("%-20s %s (alias of %s)\n", mc->alias, mc->desc, mc->name);
        }
        printf("%-20s %s%s%s\n", mc->name, mc->desc, mc->is_default ? " (default)" : "", mc->deprecation_reason ? " (deprecated)" : "");
    }
    g_slist_free(all);
}

bool startup_machine_help(const CommandLine *cl, const json_t *machine_opts, Error **errp)
{
    const char *type = json_string_value(json_object_get(machine_opts, "type"));
    bool asked = false;
    MachineClass *mc;

    for (guint i = 0; i < cl->items->len; i++) {
        const OptionItem *item = cl->items->pdata[i];
        asked |= item->def->id == OPT_MACHINE && item->wants_help;
    }
    if (is_help(type) || (asked && !type)) {
        print_machines();
        return true;
    }
    if (!asked) {
        return false;
    }
    mc = find_machine(type);
    if (mc) {
        g_autofree char *name = g_strconcat(mc->name, TYPE_MACHINE_SUFFIX, NULL);
        print_properties(OBJECT_CLASS(mc), name);
    } else {
        printf("There is no machine called '%s'; -machine help lists them\n", type);
    }
    return true;
}
