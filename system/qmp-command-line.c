/*
 * query-command-line-options: which options take key=value lists.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "cmdline.h"
#include "qapi/qapi-commands.h"

json_t *qmp_query_command_line_options(const json_t *args, Error **errp)
{
    const char *wanted = json_string_value(json_object_get(args, "option"));
    json_t *list = json_array();

    for (size_t i = 0; i < option_defs_count; i++) {
        const OptionDef *def = &option_defs[i];
        if (def->arg == ARG_KEYVAL && def->usage && (!wanted || !strcmp(wanted, def->name))) {
            json_array_append_new(list, json_pack("{s:s, s:[]}", "option", def->name, "parameters"));
        }
    }
    if (wanted && !json_array_size(list)) {
        json_decref(list);
        error_setg(errp, "there is no option -%s", wanted);
        return NULL;
    }
    return list;
}
