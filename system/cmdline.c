/*
 * Reads argv into a list of items, by the table in cmdline-table.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "cmdline.h"

static void option_item_free(gpointer p)
{
    OptionItem *item = p;
    g_free(item->arg);
    json_decref(item->opts);
    g_free(item);
}

void cmdline_free(CommandLine *cl)
{
    g_ptr_array_free(cl->items, true);
    g_free(cl);
}

static const OptionDef *option_find(const char *name)
{
    for (size_t i = 0; i < option_defs_count; i++) {
        if (!strcmp(option_defs[i].name, name)) {
            return &option_defs[i];
        }
    }
    return NULL;
}

static const OptionDef *option_find_or_explain(const char *name, Error **errp)
{
    const OptionDef *def = option_find(name);
    if (def) {
        return def;
    }
    if (g_strv_contains(option_unsupported, name)) {
        error_setg(errp, "-%s is not supported by Twostage", name);
    } else {
        error_setg(errp, "-%s is not an option; -help lists them", name);
    }
    return NULL;
}

static bool item_parse_argument(OptionItem *item, Error **errp)
{
    Location loc;
    bool *help = &item->wants_help;

    if (item->def->arg != ARG_KEYVAL || item->opts) {
        return true;
    }
    loc_push(&loc, item->def->name, item->arg);
    item->opts = options_parse(item->arg, item->def->implied_key, help, errp);
    loc_pop(&loc);
    return item->opts != NULL;
}

bool cmdline_add(CommandLine *cl, const char *option, const char *arg, json_t *opts, Error **errp)
{
    const OptionDef *def = option_find_or_explain(option, errp);
    OptionItem *item;

    if (!def) {
        json_decref(opts);
        return false;
    }
    item = g_new0(OptionItem, 1);
    item->def = def;
    item->arg = g_strdup(arg);
    item->opts = opts;
    g_ptr_array_add(cl->items, item);
    return item_parse_argument(item, errp);
}

CommandLine *cmdline_parse(int argc, char **argv, Error **errp)
{
    g_autoptr(CommandLine) cl = g_new0(CommandLine, 1);

    cl->items = g_ptr_array_new_with_free_func(option_item_free);
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *arg = NULL;
        const OptionDef *def;

        if (name[0] != '-' || !name[1]) {
            error_setg(errp, "'%s' is not an option; a disk image is given with -drive file=%s", name, name);
            return NULL;
        }
        name += name[1] == '-' ? 2 : 1;
        def = option_find_or_explain(name, errp);
        if (!def) {
            return NULL;
        }
        if (def->arg != ARG_NONE) {
            if (i + 1 == argc) {
                error_setg(errp, "-%s needs an argument: %s", name, def->usage ? def->usage : "see -help");
                return NULL;
            }
            arg = argv[++i];
        }
        if (!cmdline_add(cl, name, arg, NULL, errp)) {
            return NULL;
        }
    }
    return g_steal_pointer(&cl);
}

const OptionItem *cmdline_last(const CommandLine *cl, OptionId id)
{
    for (guint i = cl->items->len; i-- > 0; ) {
        const OptionItem *item = cl->items->pdata[i];
        if (item->def->id == id) {
            return item;
        }
    }
    return NULL;
}

const char *cmdline_text(const CommandLine *cl, OptionId id)
{
    const OptionItem *item = cmdline_last(cl, id);
    return item ? item->arg : NULL;
}

/* A message that does not name its option gets it in front. */
void cmdline_name_option(const OptionItem *item, Error **errp)
{
    if (*error_get_pretty(*errp) != '-') {
        error_prepend(errp, "-%s %s: ", item->def->name, item->arg ? item->arg : "");
    }
}

bool cmdline_foreach(const CommandLine *cl, OptionId id, OptionItemFn *fn, void *opaque, Error **errp)
{
    ERRP_GUARD();

    for (guint i = 0; i < cl->items->len; i++) {
        const OptionItem *item = cl->items->pdata[i];
        Location loc;
        bool ok;

        if (item->def->id != id) {
            continue;
        }
        loc_push(&loc, item->def->name, item->arg);
        ok = fn(item, opaque, errp);
        loc_pop(&loc);
        if (!ok) {
            cmdline_name_option(item, errp);
            return false;
        }
    }
    return true;
}

void cmdline_print_help(FILE *out)
{
    fprintf(out, "usage: qemu-system-aarch64 [option...]\n\n"
            "Twostage " TWOSTAGE_VERSION ": virtual machines for Arm servers, with a hardware-accelerated nested SMMUv3.\n"
            "Guests run under KVM on arm64; on other hosts -accel qtest drives the devices, and `make lab`\n"
            "in the source tree runs a guest on a virtual Arm host.\n\n");
    for (size_t i = 0; i < option_defs_count; i++) {
        const OptionDef *d = &option_defs[i];
        if (d->usage) {
            fprintf(out, "-%s %s\n        %s\n", d->name, d->usage, d->help);
        }
    }
    fprintf(out, "\nAn argument of key=value pairs may also be one JSON object.\n");
}
