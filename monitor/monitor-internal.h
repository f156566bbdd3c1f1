/*
 * What the monitor's files share. Everything runs in the main thread under
 * the machine lock; only events may come from elsewhere (monitor.c queues them).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MONITOR_INTERNAL_H
#define MONITOR_INTERNAL_H

#include "chardev/char.h"
#include "monitor/monitor.h"
#include "qapi/qapi-commands.h"
#include "qapi/qapi-types.h"

#define QMP_MAX_MESSAGE (64 * MiB)
#define QMP_MAX_DEPTH 1024

/* --- json-reader.c: cuts a byte stream into JSON texts --- */
typedef struct JsonReader {
    GString *text;                      /* of the value that is not complete yet */
    unsigned depth;
    char quote;                         /* inside a string: what ends it */
    bool escape;
    bool skipping;                      /* after an oversized message, to the end of its line */
    void (*got)(void *opaque, json_t *value, const char *error);   /* one of the two is NULL; value is borrowed */
    void *opaque;
} JsonReader;
void json_reader_init(JsonReader *r, void (*got)(void *opaque, json_t *value, const char *error), void *opaque);
void json_reader_reset(JsonReader *r);
void json_reader_clear(JsonReader *r);
void json_reader_feed(JsonReader *r, const uint8_t *buf, size_t len);

/* --- line-editor.c: for people at a terminal --- */
typedef struct LineEditor {
    GString *line;
    size_t cursor;
    GPtrArray *history;
    guint history_at;
    enum { LINE_PLAIN, LINE_ESC, LINE_CSI } state;
    int csi_arg;
    void (*print)(void *opaque, const char *text);
    void (*enter)(void *opaque, const char *line);
    void *opaque;
} LineEditor;
void line_editor_init(LineEditor *e, void (*print)(void *, const char *), void (*enter)(void *, const char *), void *opaque);
void line_editor_clear(LineEditor *e);
void line_editor_prompt(LineEditor *e);
void line_editor_feed(LineEditor *e, uint8_t c);

typedef struct Monitor {
    CharBackend be;
    char *id;
    bool is_qmp, pretty;
    bool open;
    unsigned session;                   /* counts connections: a command may end its own */
    GString *out;                       /* not yet taken by the chardev */
    bool dropping_events;
    /* QMP */
    JsonReader reader;
    bool negotiated;
    /* HMP */
    LineEditor line;
    bool banner_due;                    /* not greeted yet */
    bool muted;                         /* on a multiplexer that looks elsewhere */
} Monitor;

extern Monitor *monitor_current;        /* whose command runs; NULL: none */
void monitor_puts(Monitor *mon, const char *text);

/* qmp.c */
void qmp_monitor_init(Monitor *mon);
void qmp_monitor_opened(Monitor *mon);
void qmp_monitor_closed(Monitor *mon);
void qmp_monitor_read(Monitor *mon, const uint8_t *buf, int size);
void qmp_monitor_send(Monitor *mon, json_t *message);   /* steals it */

/* hmp.c */
void hmp_monitor_init(Monitor *mon);
void hmp_monitor_opened(Monitor *mon);
void hmp_monitor_focus(Monitor *mon, bool focused);
void hmp_monitor_read(Monitor *mon, const uint8_t *buf, int size);

typedef struct HmpCommand {
    const char *name;                   /* "stop|s" */
    const char *args;                   /* for help */
    const char *help;
    void (*run)(GString *out, const char *args);
} HmpCommand;
extern const HmpCommand hmp_info_commands[];            /* ended by a NULL name */
void hmp_report(GString *out, Error *err);              /* prints and frees; NULL: nothing */
/* Memory: x and xp */
void hmp_x(GString *out, const char *args);
void hmp_xp(GString *out, const char *args);

#endif
