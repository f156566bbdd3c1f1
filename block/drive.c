/*
 * -drive and -blockdev: from options to nodes and backends.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "block-int.h"
#include "util/options.h"

/* --- -drive: the image and how it is used, in one line --------------------------------- */

static const char *const known_interfaces[] = { "none", "pflash", "virtio", NULL };

typedef struct DriveOpts {
    char *interface, *id, *format, *file, *node_name;
    json_t *node;               /* options of the raw layer */
    json_t *protocol;           /* of what is below */
    bool read_only, has_unit;
    uint64_t unit;
    BlockPolicy policy;
} DriveOpts;

static void drive_opts_clear(DriveOpts *o)
{
    g_free(o->interface);
    g_free(o->id);
    g_free(o->format);
    g_free(o->file);
    g_free(o->node_name);
    json_decref(o->node);
    json_decref(o->protocol);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DriveOpts, drive_opts_clear)

static bool take_str(json_t *opts, const char *key, char **out, Error **errp)
{
    char *v;

    if (!json_object_get(opts, key)) {
        return true;
    }
    v = options_take_str(opts, key, errp);
    if (v) {
        g_free(*out);
        *out = v;
    }
    return v != NULL;
}

/* cache=: three decisions under one name. */
static const struct { const char *name; bool direct, no_flush, writethrough; } cache_modes[] = {
    { "writeback", false, false, false }, { "none", true, false, false }, { "writethrough", false, false, true },
    { "directsync", true, false, true }, { "unsafe", false, true, false },
};

static bool take_cache(DriveOpts *o, json_t *opts, Error **errp)
{
    g_autofree char *mode = NULL;

    if (json_is_object(json_object_get(opts, "cache"))) {       /* cache.direct=on */
        json_object_set(o->node, "cache", json_object_get(opts, "cache"));
        json_object_del(opts, "cache");
        return true;
    }
    if (!take_str(opts, "cache", &mode, errp)) {
        return false;
    }
    for (size_t i = 0; mode && i < ARRAY_SIZE(cache_modes); i++) {
        if (!strcmp(mode, cache_modes[i].name) || (i == 1 && !strcmp(mode, "off"))) {
            json_object_set_new(o->node, "cache", json_pack("{s:b, s:b}", "direct", cache_modes[i].direct,
                                                            "no-flush", cache_modes[i].no_flush));
            o->policy.writethrough = cache_modes[i].writethrough;
            return true;
        }
    }
    if (mode) {
        error_setg(errp, "invalid cache option '%s'; it is writeback, none, writethrough, directsync or unsafe", mode);
    }
    return !mode;
}

static bool take_on_error(json_t *opts, const char *key, BlockOnError *out, Error **errp)
{
    g_autofree char *text = NULL;

    if (!take_str(opts, key, &text, errp)) {
        return false;
    }
    if (text && (!block_on_error_parse(text, out) || (*out == BLOCK_ON_ERROR_ENOSPC && *key == 'r'))) {
        error_setg(errp, "'%s' is nothing to do on %s errors", text, *key == 'r' ? "read" : "write");
        return false;
    }
    return true;
}

/* Keys that go to the nodes as they are. */
static void move_keys(json_t *to, json_t *from, const char *const *keys)
{
    for (; *keys; keys++) {
        if (json_object_get(from, *keys)) {
            json_object_set(to, *keys, json_object_get(from, *keys));
            json_object_del(from, *keys);
        }
    }
}

static bool take_media(DriveOpts *o, json_t *opts, Error **errp)
{
    g_autofree char *media = NULL;
    bool snapshot = false;

    if (!take_str(opts, "media", &media, errp) || !options_take_bool(opts, "snapshot", &snapshot, errp)) {
        return false;
    }
    if (media && strcmp(media, "disk") && strcmp(media, "cdrom")) {
        error_setg(errp, "'%s' invalid media; it is disk or cdrom", media);
        return false;
    }
    if (snapshot) {
        error_setg(errp, "-drive snapshot=on is not supported by Twostage; copy the image");
        return false;
    }
    o->read_only |= media && !strcmp(media, "cdrom");
    return true;
}

/* file= is a name, or dotted options of the protocol. */
static bool take_file(DriveOpts *o, json_t *opts, Error **errp)
{
    if (json_is_object(json_object_get(opts, "file"))) {
        o->protocol = json_deep_copy(json_object_get(opts, "file"));
        json_object_del(opts, "file");
        return true;
    }
    return take_str(opts, "file", &o->file, errp);
}

/* A -drive may ask for holes with discard=ignore, and has allocated zeroes then. */
static void soften_detect_zeroes(json_t *node)
{
    const char *detect = json_string_value(json_object_get(node, "detect-zeroes"));
    const char *discard = json_string_value(json_object_get(node, "discard"));

    if (!g_strcmp0(detect, "unmap") && (!discard || !strcmp(discard, "ignore"))) {
        json_object_set_new(node, "detect-zeroes", json_string("on"));
    }
}

static bool drive_opts_parse(DriveOpts *o, json_t *opts, Error **errp)
{
    static const char *const node_keys[] = { "discard", "detect-zeroes", "auto-read-only", "force-share", "offset", "size", NULL };
    static const char *const protocol_keys[] = { "aio", "locking", NULL };
    const char *unit_key = json_object_get(opts, "unit") ? "unit" : "index";

    o->node = json_object();
    o->has_unit = json_object_get(opts, unit_key) != NULL;
    move_keys(o->node, opts, node_keys);
    soften_detect_zeroes(o->node);
    if (!take_file(o, opts, errp)) {
        return false;
    }
    if (!o->protocol) {
        o->protocol = json_object();
    }
    move_keys(o->protocol, opts, protocol_keys);
    return take_str(opts, "if", &o->interface, errp) && take_str(opts, "id", &o->id, errp) &&
           take_str(opts, "format", &o->format, errp) && take_str(opts, "driver", &o->format, errp) &&
           take_str(opts, "node-name", &o->node_name, errp) && take_media(o, opts, errp) &&
           options_take_bool(opts, "readonly", &o->read_only, errp) && options_take_bool(opts, "read-only", &o->read_only, errp) &&
           take_cache(o, opts, errp) && take_on_error(opts, "werror", &o->policy.werror, errp) &&
           take_on_error(opts, "rerror", &o->policy.rerror, errp) && options_take_uint(opts, unit_key, 255, &o->unit, errp) &&
           options_must_be_empty(opts, "-drive", errp);
}

static bool check_place(DriveOpts *o, Error **errp)
{
    if (!g_strv_contains(known_interfaces, o->interface)) {
        error_setg(errp, "-drive if=%s is not supported; use if=virtio for a disk, if=pflash for firmware, or if=none with a -device", o->interface);
        return false;
    }
    if (o->id && (block_backend_find(o->id) || block_node_find(o->id))) {
        error_setg(errp, "there is a drive '%s' already", o->id);
        return false;
    }
    if (!o->has_unit) {
        while (drive_get(o->interface, o->unit)) {
            o->unit++;
        }
    } else if (strcmp(o->interface, "none") && drive_get(o->interface, o->unit)) {
        error_setg(errp, "there is a drive with unit=%" PRIu64 " already", o->unit);
        return false;
    }
    return true;
}

/* An image that plainly has another format must not be taken for a raw one. */
static bool check_not_formatted(const char *path, Error **errp)
{
    static const struct { const char *name, *magic; size_t n; } formats[] = {
        { "qcow2", "QFI\xfb", 4 }, { "vmdk", "KDMV", 4 }, { "vhdx", "vhdxfile", 8 }, { "vpc", "conectix", 8 }, { "qed", "QED\0", 4 },
    };
    char head[8] = "";
    int fd = g_str_has_prefix(path, "/dev/") ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : pread(fd, head, sizeof(head), 0);

    if (fd >= 0) {
        close(fd);
    }
    for (size_t i = 0; n > 0 && i < ARRAY_SIZE(formats); i++) {
        if ((size_t)n >= formats[i].n && !memcmp(head, formats[i].magic, formats[i].n)) {
            error_setg(errp, "'%s' looks like a %s image, which is not supported; convert it, or say format=raw", path, formats[i].name);
            return false;
        }
    }
    return true;
}

static bool check_image(DriveOpts *o, Error **errp)
{
    const char *path = o->file ? o->file : json_string_value(json_object_get(o->protocol, "filename"));

    if (o->format && strcmp(o->format, "raw")) {
        error_setg(errp, "-drive format=%s is not supported; the only format is raw", o->format);
        return false;
    }
    if (json_object_get(o->protocol, "driver") && strcmp(json_string_value(json_object_get(o->protocol, "driver")) ?: "", "file")) {
        return true;                    /* its own affair */
    }
    if (!path || !*path) {
        error_setg(errp, "-drive needs file=");
        return false;
    }
    return o->format || check_not_formatted(path, errp);
}

/* "null-co://" and paths. */
static json_t *node_options(DriveOpts *o)
{
    json_t *node = json_incref(o->node), *protocol = o->protocol;

    if (o->file && g_str_has_prefix(o->file, "null-co://")) {
        json_object_set_new(protocol, "driver", json_string("null-co"));
    } else if (o->file) {
        json_object_set_new(protocol, "filename", json_string(o->file));
    }
    if (!json_object_get(protocol, "driver")) {
        json_object_set_new(protocol, "driver", json_string("file"));
    }
    json_object_set_new(node, "driver", json_string("raw"));
    json_object_set_new(node, "read-only", json_boolean(o->read_only));
    if (o->node_name) {
        json_object_set_new(node, "node-name", json_string(o->node_name));
    }
    json_object_set(node, "file", protocol);
    return node;
}

BlockBackend *drive_new(json_t *opts_, const char *default_if, Error **errp)
{
    g_autoptr(json_t) opts = opts_;
    g_auto(DriveOpts) o = { .interface = g_strdup(default_if) };
    g_autofree char *made_up = NULL;
    BlockBackend *blk;
    BlockNode *node;

    if (!drive_opts_parse(&o, opts, errp) || !check_place(&o, errp) || !check_image(&o, errp)) {
        return NULL;
    }
    node = block_node_open(node_options(&o), errp);
    if (!node) {
        return NULL;
    }
    made_up = g_strdup_printf("%s%" PRIu64, o.interface, o.unit);
    blk = block_backend_new(o.id ? o.id : made_up, node);
    block_backend_place(blk, o.interface, o.unit, o.policy);
    return blk;
}

typedef struct Unused { const char *interface; BlockBackend *blk; } Unused;

/* The first of @interface, NULL: of any that somebody should have taken. */
static void find_unused(BlockBackend *blk, BlockNode *node, Object *dev, void *opaque)
{
    const char *interface = block_backend_interface(blk);
    Unused *u = opaque;

    if (!dev && interface && !u->blk && (u->interface ? !strcmp(interface, u->interface) : strcmp(interface, "none"))) {
        u->blk = blk;
    }
}

const char *drive_unused(const char *interface)
{
    Unused u = { .interface = interface };

    block_backends_foreach(find_unused, &u);
    return u.blk ? blk_name(u.blk) : NULL;
}

bool drives_must_be_used(Error **errp)
{
    Unused u = { 0 };

    block_backends_foreach(find_unused, &u);
    if (u.blk) {
        error_setg(errp, "this machine has no place for a drive with if=%s,unit=%d", block_backend_interface(u.blk), block_backend_unit(u.blk));
    }
    return !u.blk;
}

/* --- -blockdev: one node -------------------------------------------------------------------- */

static GPtrArray *named_nodes;      /* references held for blockdev_add */

bool blockdev_add(json_t *opts, Error **errp)
{
    const char *name = json_string_value(json_object_get(opts, "node-name"));
    BlockBackend *drive = name ? block_backend_find(name) : NULL;
    BlockNode *node = NULL;

    if (!name) {
        error_setg(errp, "the outermost block node needs node-name=");
    } else if (drive && block_backend_interface(drive)) {
        error_setg(errp, "node-name=%s is a drive's id already", name);
    } else {
        node = block_node_open(json_incref(opts), errp);
    }
    json_decref(opts);
    if (!node) {
        return false;
    }
    if (!named_nodes) {
        named_nodes = g_ptr_array_new();
    }
    g_ptr_array_add(named_nodes, node);
    return true;
}

static void forget(guint i)
{
    block_node_unref(g_ptr_array_steal_index(named_nodes, i));
    if (!named_nodes->len) {
        g_clear_pointer(&named_nodes, g_ptr_array_unref);
    }
}

typedef struct NodeUsers { const BlockNode *node; BlockBackend *backend; unsigned backends, devices; } NodeUsers;

static void find_user(BlockBackend *blk, BlockNode *node, Object *dev, void *opaque)
{
    NodeUsers *users = opaque;

    if (node == users->node) {
        users->backend = blk;
        users->backends++;
        users->devices += dev != NULL;
    }
}

static NodeUsers users_of(const BlockNode *node)
{
    NodeUsers users = { .node = node };

    block_backends_foreach(find_user, &users);
    return users;
}

bool blockdev_del(const char *node_name, Error **errp)
{
    BlockNode *node = block_node_find(node_name);
    NodeUsers users = users_of(node);
    guint i;

    if (!node || !named_nodes || !g_ptr_array_find(named_nodes, node, &i)) {
        error_setg(errp, "there is no block node '%s'", node_name);
        return false;
    }
    if (users.devices || node->refs > 1u + users.backends) {
        error_setg(errp, "block node '%s' is in use", node_name);
        return false;
    }
    for (; users.backends; users = users_of(node)) {
        blk_drain(users.backend);
        blk_flush(users.backend);
        block_backend_free(users.backend);
    }
    forget(i);
    return true;
}

bool blockdev_del_any(void)
{
    if (named_nodes) {
        forget(named_nodes->len - 1);
    }
    return named_nodes != NULL;
}
