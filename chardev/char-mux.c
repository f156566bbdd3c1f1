/*
 * mux: several frontends (a serial port and a monitor) on one backend. All
 * write; one at a time, the focus, hears what is typed. Ctrl-a is the escape.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "chardev-internal.h"
#include "system/system.h"

#define MAX_FRONTENDS 4
#define HELD 256                        /* bytes kept for a frontend that is busy */
#define ESCAPE 0x01

typedef struct MuxChardev {
    Chardev parent_obj;
    CharBackend base;                   /* our end of the real backend */
    CharBackend *front[MAX_FRONTENDS];
    int focus;                          /* -1: nobody */
    bool escaped;                       /* Ctrl-a was typed */
    uint8_t held[HELD];
    unsigned put, got;
} MuxChardev;

static CharBackend *focused(const MuxChardev *s)
{
    return s->focus >= 0 ? s->front[s->focus] : NULL;
}

static void tell(CharBackend *be, ChrEvent event)
{
    if (be && be->event) {
        be->event(be->opaque, event);
    }
}

static void say(MuxChardev *s, const char *text)
{
    qemu_chr_fe_write_all(&s->base, (const uint8_t *)text, strlen(text));
}

static void flush(MuxChardev *s)
{
    CharBackend *be = focused(s);

    while (be && be->read && s->got != s->put && be->can_read && be->can_read(be->opaque) > 0) {
        uint8_t byte = s->held[s->got++ % HELD];

        be->read(be->opaque, &byte, 1);
        be = focused(s);
    }
}

static void set_focus(MuxChardev *s, int focus)
{
    if (s->focus == focus) {
        return;
    }
    tell(focused(s), CHR_EVENT_MUX_OUT);
    s->focus = focus;
    s->put = s->got = 0;
    tell(focused(s), CHR_EVENT_MUX_IN);
}

static void next_focus(MuxChardev *s)
{
    for (int i = 1; i <= MAX_FRONTENDS; i++) {
        int n = (s->focus + i) % MAX_FRONTENDS;

        if (s->front[n] && s->front[n]->read) {
            set_focus(s, n);
            return;
        }
    }
}

/* The key after Ctrl-a. Returns whether the byte is for the frontend after all. */
static bool escape_key(MuxChardev *s, uint8_t key)
{
    switch (key) {
    case ESCAPE:
        return true;
    case 'h': case '?':
        say(s, "\r\nC-a h    print this help\r\nC-a x    exit emulator\r\nC-a b    send break (magic sysrq)\r\n"
               "C-a c    switch between console and monitor\r\nC-a C-a  sends C-a\r\n");
        return false;
    case 'x':
        say(s, "QEMU: Terminated\r\n");
        qemu_system_shutdown_request(SHUTDOWN_CAUSE_HOST_UI);
        return false;
    case 'b':
        tell(focused(s), CHR_EVENT_BREAK);
        return false;
    case 'c':
        next_focus(s);
        return false;
    default:
        return false;
    }
}

static int mux_can_read(void *opaque)
{
    MuxChardev *s = opaque;

    return HELD - (s->put - s->got);
}

static void mux_read(void *opaque, const uint8_t *buf, int size)
{
    MuxChardev *s = opaque;

    for (int i = 0; i < size; i++) {
        bool plain = buf[i] != ESCAPE;

        if (s->escaped) {
            s->escaped = false;
            plain = escape_key(s, buf[i]);
        } else if (!plain) {
            s->escaped = true;
        }
        if (plain && s->put - s->got < HELD) {
            s->held[s->put++ % HELD] = buf[i];
        }
        flush(s);
    }
}

static void mux_event(void *opaque, ChrEvent event)
{
    MuxChardev *s = opaque;

    s->parent_obj.be_open = s->base.chr && s->base.chr->be_open;
    for (int i = 0; i < MAX_FRONTENDS; i++) {
        tell(s->front[i], event);
    }
}

static void mux_writable(void *opaque)
{
    MuxChardev *s = opaque;

    for (int i = 0; i < MAX_FRONTENDS; i++) {
        if (s->front[i] && s->front[i]->writable) {
            s->front[i]->writable(s->front[i]->opaque);
        }
    }
}

static int mux_write(Chardev *chr, const uint8_t *buf, int len)
{
    return qemu_chr_fe_write(&((MuxChardev *)chr)->base, buf, len);
}

static void mux_add_watch(Chardev *chr)
{
    qemu_chr_fe_set_writable(&((MuxChardev *)chr)->base, mux_writable);
}

static void mux_accept_input(Chardev *chr)
{
    MuxChardev *s = (MuxChardev *)chr;

    flush(s);
    qemu_chr_fe_accept_input(&s->base);
}

static void mux_set_echo(Chardev *chr, bool echo)
{
    qemu_chr_fe_set_echo(&((MuxChardev *)chr)->base, echo);
}

static void adopt(MuxChardev *s, Chardev *base)
{
    Chardev *chr = &s->parent_obj;

    qemu_chr_fe_set_handlers(&s->base, mux_can_read, mux_read, mux_event, s, true);
    chr->be_open = base->be_open;
    chr->filename = g_strdup("mux");
}

/* -chardev mux,chardev=ID */
static bool mux_open(Chardev *chr, json_t *opts, Error **errp)
{
    MuxChardev *s = (MuxChardev *)chr;
    g_autofree char *id = NULL;
    Chardev *base;

    if (!json_object_get(opts, "chardev")) {
        error_setg(errp, "a mux chardev needs chardev=, the id of what it shares");
        return false;
    }
    id = options_take_str(opts, "chardev", errp);
    base = id ? qemu_chr_find(id) : NULL;
    if (!base) {
        if (id) {
            error_setg(errp, "mux: there is no chardev '%s' to share", id);
        }
        return false;
    }
    if (!qemu_chr_fe_init(&s->base, base, errp)) {
        return false;
    }
    adopt(s, base);
    return true;
}

Chardev *mux_chardev_new(const char *label, Chardev *base, Error **errp)
{
    MuxChardev *s = (MuxChardev *)object_new(TYPE_CHARDEV_MUX);

    s->parent_obj.label = g_strdup(label);
    if (!qemu_chr_fe_init(&s->base, base, errp)) {
        object_unref(s);
        return NULL;
    }
    adopt(s, base);
    return &s->parent_obj;
}

bool mux_chardev_attach(Chardev *chr, CharBackend *be, Error **errp)
{
    MuxChardev *s = (MuxChardev *)chr;

    for (int i = 0; i < MAX_FRONTENDS; i++) {
        if (!s->front[i]) {
            s->front[i] = be;
            be->tag = i;
            return true;
        }
    }
    be->chr = NULL;
    error_setg(errp, "chardev '%s' has %d users already, which is all that a mux takes", chr->label, MAX_FRONTENDS);
    return false;
}

void mux_chardev_detach(Chardev *chr, CharBackend *be)
{
    MuxChardev *s = (MuxChardev *)chr;

    s->front[be->tag] = NULL;
    if (s->focus == be->tag) {
        s->focus = -1;
        next_focus(s);
    }
}

bool mux_chardev_busy(Chardev *chr)
{
    MuxChardev *s = (MuxChardev *)chr;

    for (int i = 0; i < MAX_FRONTENDS; i++) {
        if (s->front[i]) {
            return true;
        }
    }
    return false;
}

void mux_chardev_handlers_set(Chardev *chr, CharBackend *be)
{
    if (be->read) {
        set_focus((MuxChardev *)chr, be->tag);
    }
}

static void mux_close(Chardev *chr)
{
    MuxChardev *s = (MuxChardev *)chr;

    for (int i = 0; i < MAX_FRONTENDS; i++) {
        if (s->front[i]) {
            s->front[i]->chr = NULL;
        }
    }
    qemu_chr_fe_deinit(&s->base, false);
}

static void mux_init(Object *obj)
{
    ((MuxChardev *)obj)->focus = -1;
}

static void mux_class_init(ObjectClass *klass, const void *data)
{
    ChardevClass *cc = (ChardevClass *)klass;

    cc->open = mux_open;
    cc->write = mux_write;
    cc->add_watch = mux_add_watch;
    cc->accept_input = mux_accept_input;
    cc->set_echo = mux_set_echo;
    cc->close = mux_close;
}

static const TypeInfo mux_info = {
    .name = TYPE_CHARDEV_MUX, .parent = TYPE_CHARDEV, .instance_size = sizeof(MuxChardev),
    .instance_init = mux_init, .class_init = mux_class_init,
};
DEFINE_TYPE(mux_info)
