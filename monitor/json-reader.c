/*
 * Cuts a byte stream into JSON texts, without waiting for line ends. Bounded
 * in size and depth; after a mistake it goes on with the next value.
 *
 * Strings in single quotes are let through, as people type them by hand.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "monitor-internal.h"

void json_reader_init(JsonReader *r, void (*got)(void *opaque, json_t *value, const char *error), void *opaque)
{
    *r = (JsonReader) { .text = g_string_new(NULL), .got = got, .opaque = opaque };
}

void json_reader_reset(JsonReader *r)
{
    /* A large message must not keep its memory for the life of the monitor. */
    if (r->text->allocated_len > MiB) {
        g_string_free(r->text, TRUE);
        r->text = g_string_new(NULL);
    }
    g_string_truncate(r->text, 0);
    r->depth = 0;
    r->quote = 0;
    r->escape = false;
}

void json_reader_clear(JsonReader *r)
{
    g_string_free(r->text, TRUE);
    r->text = NULL;
}

static void give_up(JsonReader *r, const char *why)
{
    json_reader_reset(r);
    r->skipping = true;
    r->got(r->opaque, NULL, why);
}

static void complete(JsonReader *r)
{
    json_error_t je;
    json_t *value = json_loadb(r->text->str, r->text->len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &je);
    g_autofree char *why = value ? NULL : g_strdup_printf("not JSON: %s", je.text);

    json_reader_reset(r);
    r->got(r->opaque, value, why);
    json_decref(value);
}

static void string_byte(JsonReader *r, char c)
{
    if (r->escape) {
        r->escape = false;
        /* \' is no escape in JSON proper */
        if (c == '\'') {
            g_string_truncate(r->text, r->text->len - 1);
        }
        g_string_append_c(r->text, c);
    } else if (c == r->quote) {
        g_string_append_c(r->text, '"');
        r->quote = 0;
    } else {
        if (c == '"') {
            g_string_append_c(r->text, '\\');
        }
        g_string_append_c(r->text, c);
        r->escape = c == '\\';
    }
}

/* Between values; true: @c is used up. */
static bool between_byte(JsonReader *r, char c)
{
    return !r->text->len && strchr(" \t\r\n", c) && c;
}

static void plain_byte(JsonReader *r, char c)
{
    if (between_byte(r, c)) {
        return;
    }
    if (!r->depth && r->text->len && (strchr(" \t\r\n{[", c) && c)) {
        /* A bare word or number at top level ends here. */
        complete(r);
        if (between_byte(r, c)) {
            return;
        }
    }
    if (c == '"' || c == '\'') {
        r->quote = c;
        g_string_append_c(r->text, '"');
        return;
    }
    g_string_append_c(r->text, c);
    if (c == '{' || c == '[') {
        r->depth++;
    } else if ((c == '}' || c == ']') && (r->depth < 2 || !--r->depth)) {
        complete(r);
    }
}

void json_reader_feed(JsonReader *r, const uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = buf[i];

        if (r->skipping) {
            r->skipping = c != '\n';
            continue;
        }
        if (r->quote) {
            string_byte(r, c);
            if (!r->quote && !r->depth) {
                complete(r);
            }
        } else {
            plain_byte(r, c);
        }
        if (r->text->len >= QMP_MAX_MESSAGE) {
            give_up(r, "JSON token size limit exceeded: a message may have 64 MiB");
        } else if (r->depth > QMP_MAX_DEPTH) {
            give_up(r, "JSON nested too deeply");
        }
    }
}
