/*
 * A line of text typed at a terminal: cursor keys, a history, a few control
 * keys.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "monitor-internal.h"

#define MAX_LINE 4095
#define MAX_HISTORY 64
#define PROMPT "(qemu) "
#define CTRL(c) ((c) & 0x1f)

void line_editor_init(LineEditor *e, void (*print)(void *, const char *), void (*enter)(void *, const char *), void *opaque)
{
    *e = (LineEditor) { .line = g_string_new(NULL), .history = g_ptr_array_new_with_free_func(g_free),
                        .print = print, .enter = enter, .opaque = opaque };
}

void line_editor_clear(LineEditor *e)
{
    g_string_free(e->line, TRUE);
    g_ptr_array_unref(e->history);
}

/* The whole line anew, then back to the cursor. */
static void redraw(LineEditor *e)
{
    g_autoptr(GString) s = g_string_new("\r\033[K" PROMPT);

    g_string_append(s, e->line->str);
    if (e->cursor < e->line->len) {
        g_string_append_printf(s, "\033[%zuD", e->line->len - e->cursor);
    }
    e->print(e->opaque, s->str);
}

void line_editor_prompt(LineEditor *e)
{
    g_string_truncate(e->line, 0);
    e->cursor = 0;
    e->state = LINE_PLAIN;
    e->history_at = e->history->len;
    e->print(e->opaque, PROMPT);
}

static void remember(LineEditor *e, const char *line)
{
    const char *last = e->history->len ? g_ptr_array_index(e->history, e->history->len - 1) : "";

    if (*line && strcmp(line, last)) {
        g_ptr_array_add(e->history, g_strdup(line));
        if (e->history->len > MAX_HISTORY) {
            g_ptr_array_remove_index(e->history, 0);
        }
    }
}

static void enter(LineEditor *e)
{
    g_autofree char *line = g_strdup(e->line->str);

    remember(e, line);
    g_string_truncate(e->line, 0);
    e->cursor = 0;
    e->print(e->opaque, "\n");
    e->enter(e->opaque, line);
}

static void from_history(LineEditor *e, int step)
{
    guint at = e->history_at + step;

    if (at > e->history->len || (step < 0 && !e->history_at)) {
        return;
    }
    e->history_at = at;
    g_string_assign(e->line, at < e->history->len ? g_ptr_array_index(e->history, at) : "");
    e->cursor = e->line->len;
    redraw(e);
}

static void move(LineEditor *e, size_t to)
{
    e->cursor = MIN(to, e->line->len);
    redraw(e);
}

static void erase(LineEditor *e, size_t from, size_t to)
{
    g_string_erase(e->line, from, to - from);
    e->cursor = from;
    redraw(e);
}

static void insert(LineEditor *e, char c)
{
    char echo[2] = { c, 0 };

    if (e->line->len >= MAX_LINE) {
        return;
    }
    g_string_insert_c(e->line, e->cursor++, c);
    if (e->cursor == e->line->len) {
        e->print(e->opaque, echo);
    } else {
        redraw(e);
    }
}

static void csi_key(LineEditor *e, char key)
{
    size_t end = e->line->len;

    switch (key) {
    case 'A': from_history(e, -1); break;
    case 'B': from_history(e, 1); break;
    case 'C': move(e, e->cursor + 1); break;
    case 'D': move(e, e->cursor ? e->cursor - 1 : 0); break;
    case 'H': move(e, 0); break;
    case 'F': move(e, end); break;
    case '~':
        if (e->csi_arg == 3 && e->cursor < end) {
            erase(e, e->cursor, e->cursor + 1);
        }
        break;
    }
}

static void plain_key(LineEditor *e, uint8_t c)
{
    size_t at = e->cursor;

    switch (c) {
    case '\r': case '\n': enter(e); break;
    case 0x1b: e->state = LINE_ESC; break;
    case 0x7f: case CTRL('h'):
        if (at) {
            erase(e, at - 1, at);
        }
        break;
    case CTRL('a'): move(e, 0); break;
    case CTRL('e'): move(e, e->line->len); break;
    case CTRL('b'): move(e, at ? at - 1 : 0); break;
    case CTRL('f'): move(e, at + 1); break;
    case CTRL('n'): from_history(e, 1); break;
    case CTRL('p'): from_history(e, -1); break;
    case CTRL('k'): erase(e, at, e->line->len); break;
    case CTRL('u'): erase(e, 0, at); break;
    case CTRL('l'): e->print(e->opaque, "\033[2J\033[H"); redraw(e); break;
    default:
        if (c >= ' ') {
            insert(e, c);
        }
    }
}

void line_editor_feed(LineEditor *e, uint8_t c)
{
    switch (e->state) {
    case LINE_ESC:
        e->state = c == '[' || c == 'O' ? LINE_CSI : LINE_PLAIN;
        e->csi_arg = 0;
        break;
    case LINE_CSI:
        if (g_ascii_isdigit(c)) {
            e->csi_arg = (e->csi_arg * 10 + c - '0') % 1000;
        } else {
            e->state = LINE_PLAIN;
            csi_key(e, c);
        }
        break;
    default:
        plain_key(e, c);
    }
}
