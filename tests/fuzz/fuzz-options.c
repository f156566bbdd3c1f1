/*
 * libFuzzer: option strings. Whatever the bytes, the parser gives an object or
 * one error, and what it gives can be printed and read as any scalar.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(Error) err = NULL;
    bool help = false;
    json_t *opts = options_parse(text, "driver", &help, &err);

    g_assert(!opts == !!err);
    if (opts) {
        g_autofree char *again = options_to_text(opts);
        const char *key;
        json_t *value;

        g_assert_nonnull(again);
        json_object_foreach(opts, key, value) {
            uint64_t u;
            bool b;
            option_uint(value, key, UINT64_MAX, &u, NULL);
            option_size(value, key, &u, NULL);
            option_bool(value, key, &b, NULL);
        }
        json_decref(opts);
    }
    return 0;
}
