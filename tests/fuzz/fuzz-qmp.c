/*
 * libFuzzer: bytes from a QMP client, through the reader and the argument
 * checks, up to where a command would run.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "monitor/monitor-internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void got(void *opaque, json_t *value, const char *error)
{
    const char *name = json_string_value(json_object_get(value, "execute"));
    const QmpCommand *cmd = name ? qmp_find_command(name) : NULL;
    json_t *args = json_object_get(value, "arguments");
    Error *err = NULL;

    g_assert(!value == !!error);
    if (cmd && args) {
        g_assert(qapi_check(cmd->args, args, "", &err) == !err);
        error_free(err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t half = size / 2;
    JsonReader r;

    json_reader_init(&r, got, NULL);
    json_reader_feed(&r, data, half);
    json_reader_feed(&r, data + half, size - half);
    json_reader_clear(&r);
    return 0;
}
