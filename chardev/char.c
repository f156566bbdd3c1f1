/*
 * Character devices: making, naming and finding them, and the backend's side
 * of the conversation with a frontend.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "chardev-internal.h"
#include "util/passed-fds.h"

static Object *chardevs_root(void)
{
    return container_get(object_get_root(), "/chardevs");
}

/* --- For backends ------------------------------------------------------------ */

int qemu_chr_be_can_write(Chardev *chr)
{
    CharBackend *be = chr->be;

    return be && be->can_read ? MAX(be->can_read(be->opaque), 0) : 0;
}

void qemu_chr_be_write(Chardev *chr, const uint8_t *buf, int len)
{
    CharBackend *be = chr->be;

    if (be && be->read && len > 0) {
        be->read(be->opaque, buf, len);
    }
}

void qemu_chr_be_event(Chardev *chr, ChrEvent event)
{
    CharBackend *be = chr->be;

    if (event == CHR_EVENT_OPENED || event == CHR_EVENT_CLOSED) {
        chr->be_open = event == CHR_EVENT_OPENED;
    }
    if (be && be->event) {
        be->event(be->opaque, event);
    }
}

void qemu_chr_be_writable(Chardev *chr)
{
    CharBackend *be = chr->be;

    if (be && be->writable) {
        be->writable(be->opaque);
    }
}

int chardev_open_path(const char *path, int flags, Error **errp)
{
    int fd = passed_fdset_open(path, flags & (O_ACCMODE | O_APPEND), errp);

    if (fd == -2) {
        fd = open(path, flags | O_CLOEXEC, 0666);
        if (fd < 0) {
            error_setg_errno(errp, errno, "cannot open '%s'", path);
        }
    }
    return fd;
}

bool chardev_set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && (flags & O_NONBLOCK || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0);
}

/* --- Making -------------------------------------------------------------------- */

static const char *canonical_backend(const char *name)
{
    return !strcmp(name, "memory") ? "ringbuf" : name;
}

static ChardevClass *backend_class(const char *name, Error **errp)
{
    g_autofree char *type = g_strdup_printf("chardev-%s", canonical_backend(name));
    ObjectClass *klass = object_class_by_name(type);

    if (!klass || object_class_is_abstract(klass) || !object_class_dynamic_cast(klass, TYPE_CHARDEV)
        || CHARDEV_CLASS(klass)->internal) {
        g_autoptr(GString) names = g_string_new(NULL);

        ERRP_GUARD();
        chardev_list_backends(names);
        error_setg(errp, "there is no chardev backend '%s'", name);
        error_append_hint(errp, "%s", names->str);
        return NULL;
    }
    return CHARDEV_CLASS(klass);
}

/* logfile=, logappend=: everything written goes there too. */
static bool open_log(Chardev *chr, json_t *opts, Error **errp)
{
    g_autofree char *path = NULL;
    bool append = false;

    if (!options_take_bool(opts, "logappend", &append, errp)) {
        return false;
    }
    if (!json_object_get(opts, "logfile")) {
        return true;
    }
    path = options_take_str(opts, "logfile", errp);
    if (!path) {
        return false;
    }
    chr->logfd = chardev_open_path(path, O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), errp);
    return chr->logfd >= 0;
}

static Chardev *open_backend(ChardevClass *klass, const char *backend, const char *id, json_t *opts, Error **errp)
{
    Chardev *chr = CHARDEV(object_new_with_class(OBJECT_CLASS(klass)));
    g_autofree char *what = g_strdup_printf("chardev '%s' (%s)", id, backend);

    chr->label = g_strdup(id);
    if (!open_log(chr, opts, errp) || !klass->open(chr, opts, errp) || !options_must_be_empty(opts, what, errp)) {
        object_unref(chr);
        return NULL;
    }
    if (!chr->filename) {
        chr->filename = g_strdup(backend);
    }
    return chr;
}

/* Into the tree, which then has the only reference. */
static bool publish(Chardev *chr, Error **errp)
{
    bool ok = object_property_try_add_child(chardevs_root(), chr->label, OBJECT(chr), errp);

    object_unref(chr);
    return ok;
}

static Chardev *make(const char *backend, const char *id, json_t *opts, bool mux, Error **errp)
{
    ChardevClass *klass = backend_class(backend, errp);
    g_autofree char *base_id = g_strdup_printf("%s-base", id);
    Chardev *chr, *top;

    if (!klass) {
        return NULL;
    }
    if (qemu_chr_find(id)) {
        error_setg(errp, "there is a chardev '%s' already", id);
        return NULL;
    }
    chr = open_backend(klass, backend, mux ? base_id : id, opts, errp);
    if (!chr || !publish(chr, errp) || !mux) {
        return chr && qemu_chr_find(mux ? base_id : id) == chr ? chr : NULL;
    }
    top = mux_chardev_new(id, chr, errp);
    if (!top || !publish(top, errp)) {
        object_unparent(OBJECT(chr));
        return NULL;
    }
    return top;
}

Chardev *qemu_chr_new_from_opts(json_t *opts_, Error **errp)
{
    g_autoptr(json_t) opts = opts_;
    g_autofree char *backend = NULL, *id = NULL;
    bool mux = false;

    if (!json_object_get(opts, "id")) {
        error_setg(errp, "a chardev needs id=");
        return NULL;
    }
    if (!json_object_get(opts, "backend")) {
        error_setg(errp, "chardev: \"backend\" missing");
        return NULL;
    }
    id = options_take_str(opts, "id", errp);
    backend = id ? options_take_str(opts, "backend", errp) : NULL;
    if (!backend || !options_take_bool(opts, "mux", &mux, errp)) {
        return NULL;
    }
    return make(backend, id, opts, mux, errp);
}

/* --- The short forms of -serial and -monitor ---------------------------------------- */

/* The port is what follows the last ':' of the first option. */
static bool split_host_port(json_t *opts, Error **errp)
{
    g_autofree char *text = options_take_str(opts, "host", errp);
    char *colon = text ? strrchr(text, ':') : NULL, *host = text;

    if (!colon) {
        error_setg(errp, "'%s' is not HOST:PORT", text ? text : "");
        return false;
    }
    *colon = '\0';
    if (*host == '[' && colon > host && colon[-1] == ']') {
        colon[-1] = '\0';
        host++;
    }
    json_object_set_new(opts, "host", json_string(host));
    json_object_set_new(opts, "port", json_string(colon + 1));
    return true;
}

/* A word before the colon, the backend it stands for, and what the rest is. */
static const struct { const char *prefix, *backend, *key; } short_forms[] = {
    { "file:", "file", "path" }, { "pipe:", "pipe", "path" }, { "pty:", "pty", "path" },
    { "unix:", "socket", "path" }, { "tcp:", "socket", "host" }, { "telnet:", "socket", "host" },
};
static const char *const bare_words[] = { "null", "pty", "stdio", "testdev", "ringbuf" };

/* Options and *@backend of a short form; NULL with *errp set. */
static json_t *parse_short(const char *spec, const char **backend, Error **errp)
{
    for (size_t i = 0; i < ARRAY_SIZE(bare_words); i++) {
        size_t n = strlen(bare_words[i]);

        if (!strncmp(spec, bare_words[i], n) && (!spec[n] || spec[n] == ',')) {
            *backend = bare_words[i];
            return spec[n] ? options_parse(spec + n + 1, NULL, NULL, errp) : json_object();
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(short_forms); i++) {
        if (g_str_has_prefix(spec, short_forms[i].prefix)) {
            const char *rest = spec + strlen(short_forms[i].prefix);
            json_t *opts = options_parse(rest, short_forms[i].key, NULL, errp);

            *backend = short_forms[i].backend;
            if (opts && !strcmp(short_forms[i].key, "host") && !split_host_port(opts, errp)) {
                json_decref(opts);
                return NULL;
            }
            if (opts && g_str_has_prefix(spec, "telnet:") && !json_object_get(opts, "telnet")) {
                json_object_set_new(opts, "telnet", json_true());
            }
            return opts;
        }
    }
    error_setg(errp, "'%s' is not a character device; use null, stdio, pty, file:PATH, pipe:PATH, unix:PATH, "
               "tcp:HOST:PORT, telnet:HOST:PORT or chardev:ID", spec);
    return NULL;
}

Chardev *qemu_chr_new(const char *label, const char *spec, bool permit_mux_mon, Error **errp)
{
    g_autoptr(json_t) opts = NULL;
    const char *backend;
    bool mux = false;

    if (g_str_has_prefix(spec, "chardev:")) {
        Chardev *chr = qemu_chr_find(spec + strlen("chardev:"));

        if (!chr) {
            error_setg(errp, "there is no chardev '%s'", spec + strlen("chardev:"));
        }
        return chr;
    }
    if (g_str_has_prefix(spec, "mon:")) {
        if (!permit_mux_mon) {
            error_setg(errp, "'mon:' cannot be used here");
            return NULL;
        }
        spec += strlen("mon:");
        mux = true;
    }
    opts = parse_short(spec, &backend, errp);
    if (!opts) {
        return NULL;
    }
    if (mux && !strcmp(backend, "stdio") && !json_object_get(opts, "signal")) {
        json_object_set_new(opts, "signal", json_false());      /* Ctrl-C is the guest's */
    }
    if (!options_take_bool(opts, "mux", &mux, errp)) {
        return NULL;
    }
    return make(backend, label, opts, mux, errp);
}

/* --- Finding and removing ------------------------------------------------------------- */

Chardev *qemu_chr_find(const char *id)
{
    Object *obj = object_resolve_path_component(chardevs_root(), id);

    return obj ? CHARDEV(obj) : NULL;
}

bool qemu_chr_delete(const char *id, Error **errp)
{
    Chardev *chr = qemu_chr_find(id);

    if (!chr) {
        error_setg(errp, "there is no chardev '%s'", id);
        return false;
    }
    if (chr->be || (chardev_is_mux(chr) && mux_chardev_busy(chr))) {
        error_setg(errp, "chardev '%s' is in use", id);
        return false;
    }
    object_unparent(OBJECT(chr));
    return true;
}

typedef struct Foreach { void (*fn)(Chardev *chr, void *opaque); void *opaque; } Foreach;

static int foreach_one(Object *child, void *opaque)
{
    Foreach *f = opaque;

    f->fn(CHARDEV(child), f->opaque);
    return 0;
}

void qemu_chr_foreach(void (*fn)(Chardev *chr, void *opaque), void *opaque)
{
    Foreach f = { fn, opaque };

    object_child_foreach(chardevs_root(), foreach_one, &f);
}

void qemu_chr_cleanup(void)
{
    object_unparent(chardevs_root());
}

void chardev_list_backends(GString *out)
{
    GSList *types = object_class_get_list(TYPE_CHARDEV, false);

    g_string_append(out, "Chardev backends: \n");
    for (GSList *l = types; l; l = l->next) {
        if (!CHARDEV_CLASS(l->data)->internal) {
            g_string_append_printf(out, "  %s\n", object_class_get_name(l->data) + strlen("chardev-"));
        }
    }
    g_slist_free(types);
}

/* --- The base type ---------------------------------------------------------------------- */

static void chardev_init(Object *obj)
{
    ((Chardev *)obj)->logfd = -1;
}

static void chardev_finalize(Object *obj)
{
    Chardev *chr = (Chardev *)obj;
    ChardevClass *klass = (ChardevClass *)object_get_class(obj);

    if (chr->be) {
        chr->be->chr = NULL;            /* its writes vanish from now on */
    }
    if (klass->close) {
        klass->close(chr);
    }
    if (chr->logfd >= 0) {
        close(chr->logfd);
    }
    g_free(chr->label);
    g_free(chr->filename);
}

static json_t *get_label(Object *obj, const ObjectProperty *prop, Error **errp)
{
    return json_string(((Chardev *)obj)->label ? ((Chardev *)obj)->label : "");
}

static void chardev_class_init(ObjectClass *klass, const void *data)
{
    object_class_property_add(klass, "label", "string", get_label, NULL, NULL);
}

static const TypeInfo chardev_info = {
    .name = TYPE_CHARDEV, .abstract = true, .instance_size = sizeof(Chardev), .class_size = sizeof(ChardevClass),
    .instance_init = chardev_init, .instance_finalize = chardev_finalize, .class_init = chardev_class_init,
};
DEFINE_TYPE(chardev_info)
