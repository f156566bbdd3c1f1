/*
 * Types of the QMP schema as the checker reads them, and the command table.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef QAPI_TYPES_H
#define QAPI_TYPES_H

#include <jansson.h>
#include "util/error.h"

typedef struct QapiType QapiType;
typedef struct QapiMember { const char *name; const QapiType *type; bool optional; } QapiMember;
typedef struct QapiVariant { const char *value; const QapiType *type; } QapiVariant;

struct QapiType {
    enum {
        QAPI_STR, QAPI_BOOL, QAPI_INT, QAPI_NUMBER, QAPI_ANY, QAPI_NULL, QAPI_ENUM, QAPI_LIST, QAPI_OBJECT, QAPI_ALTERNATE,
    } kind;
    const QapiType *element;            /* list */
    const char *const *values;          /* enum; NULL ended */
    const QapiMember *members;          /* object; what an alternate may be */
    size_t n;
    const char *tag;                    /* union */
    const QapiVariant *variants;
    bool open;                          /* unknown members are allowed */
};

extern const QapiType qapi_str, qapi_bool, qapi_int, qapi_size, qapi_number, qapi_any, qapi_null;

typedef json_t *QmpHandler(const json_t *args, Error **errp);
enum { QMP_ALLOW_OOB = 1, QMP_ALLOW_PRECONFIG = 2 };
typedef struct QmpCommand {
    const char *name;
    const QapiType *args;
    const QapiType *returns;            /* NULL: an empty object */
    QmpHandler *handler;
    int flags;
} QmpCommand;

extern const QmpCommand qmp_commands[]; /* sorted by name */
extern const size_t qmp_commands_count;
extern const char *const qmp_events[];
extern const char qmp_schema_json[];

const QmpCommand *qmp_find_command(const char *name);
/* @name leads to @value, for messages; "" for the arguments as a whole. */
bool qapi_check(const QapiType *type, const json_t *value, const char *name, Error **errp);

#endif
