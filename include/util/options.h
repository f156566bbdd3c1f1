/*
 * Options as values. `key=value,key=value` and JSON both become one jansson
 * object, so everything behind the parser has one kind of input. From
 * key=value every leaf is a string ("on", "2M", "0x10"); from JSON leaves
 * keep their type. Consumers accept both (see option_* below and QOM's
 * property setters).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_OPTIONS_H
#define UTIL_OPTIONS_H

#include <jansson.h>
#include "util/error.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

/*
 * "driver,k=v,a.b=c,flag" -> {"driver": "driver", "k": "v", "a": {"b": "c"},
 * "flag": "on"}. @implied_key names the first word when it has no '=' (may be
 * NULL). ",," is a literal comma. A leading '{' selects JSON. "help" or "?"
 * as a bare word sets *@help when @help is not NULL.
 */
json_t *options_parse(const char *text, const char *implied_key, bool *help, Error **errp);
/* Back to key=value text, for messages and introspection. */
char *options_to_text(const json_t *opts);

/* Scalars, from a string or from the JSON type; one sentence on failure. */
bool option_bool(const json_t *v, const char *name, bool *out, Error **errp);      /* on/off/yes/no/true/false/y/n */
bool option_uint(const json_t *v, const char *name, uint64_t max, uint64_t *out, Error **errp);
bool option_int(const json_t *v, const char *name, int64_t min, int64_t max, int64_t *out, Error **errp);
bool option_size(const json_t *v, const char *name, uint64_t *out, Error **errp);  /* K M G T P E suffix */
const char *option_str(const json_t *v, const char *name, Error **errp);           /* NULL: not a string */

/*
 * Taking keys out of an option object: each function removes the key, so that
 * options_must_be_empty() can name what was not understood. A missing key
 * leaves *out as it was and succeeds.
 */
bool options_take_bool(json_t *opts, const char *key, bool *out, Error **errp);
bool options_take_uint(json_t *opts, const char *key, uint64_t max, uint64_t *out, Error **errp);
bool options_take_size(json_t *opts, const char *key, uint64_t *out, Error **errp);
char *options_take_str(json_t *opts, const char *key, Error **errp);               /* NULL: absent or wrong */
bool options_must_be_empty(const json_t *opts, const char *what, Error **errp);

/* Numbers in plain text: the whole string or nothing. */
bool parse_uint64(const char *s, uint64_t *out);        /* 0x, decimal, octal 0 */
bool parse_size(const char *s, uint64_t *out);          /* 1.5G, 64k, bare bytes */

/* Letters, digits, '-', '.', '_', starting with a letter. */
bool id_wellformed(const char *id);
bool id_check(const char *id, Error **errp);                  /* and says what an identifier is */

/* A list of names for "valid values are ..." sentences. */
char *join_names(const char *const *names, size_t n, const char *last_sep);

#endif
