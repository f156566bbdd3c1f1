/*
 * QMP commands about character devices, disks and networks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "block/block.h"
#include "monitor-internal.h"
#include "util/options.h"

static void list_chardev(Chardev *chr, void *opaque)
{
    json_array_append_new(opaque, json_pack("{s:b, s:s, s:s}", "frontend-open", chr->be && chr->be->fe_open,
                                            "filename", chr->filename ? chr->filename : "", "label", chr->label));
}

json_t *qmp_query_chardev(const json_t *args, Error **errp)
{
    json_t *list = json_array();

    qemu_chr_foreach(list_chardev, list);
    return list;
}

json_t *qmp_query_chardev_backends(const json_t *args, Error **errp)
{
    GSList *all = object_class_get_list(TYPE_CHARDEV, false);
    json_t *list = json_array();

    for (GSList *l = all; l; l = l->next) {
        const char *name = object_class_get_name(l->data);
        if (g_str_has_prefix(name, "chardev-") && !CHARDEV_CLASS(l->data)->internal) {
            json_array_append_new(list, json_pack("{s:s}", "name", name + strlen("chardev-")));
        }
    }
    g_slist_free(all);
    return list;
}

/* "addr": {"type", "data"} to the flat keys of -chardev socket */
static bool flatten_address(json_t *opts, const json_t *addr, Error **errp)
{
    const char *type = json_string_value(json_object_get(addr, "type"));
    json_t *data = json_object_get(addr, "data");

    if (!type || !json_is_object(data)) {
        error_setg(errp, "backend.data.addr needs type and data");
        return false;
    }
    if (!strcmp(type, "fd")) {
        json_object_set(opts, "fd", json_object_get(data, "str"));
        return true;
    }
    json_object_update(opts, data);
    return true;
}

json_t *qmp_chardev_add(const json_t *args, Error **errp)
{
    const json_t *backend = json_object_get(args, "backend"), *data = json_object_get(backend, "data");
    g_autoptr(json_t) opts = json_object();
    Chardev *chr;
    const char *key;
    json_t *v;

    json_object_set(opts, "backend", json_object_get(backend, "type"));
    json_object_set(opts, "id", json_object_get(args, "id"));
    json_object_foreach((json_t *)data, key, v) {
        if (!strcmp(key, "addr")) {
            if (!flatten_address(opts, v, errp)) {
                return NULL;
            }
        } else if (!strcmp(key, "out") || !strcmp(key, "device")) {
            json_object_set(opts, "path", v);
        } else {
            json_object_set(opts, key, v);
        }
    }
    chr = qemu_chr_new_from_opts(g_steal_pointer(&opts), errp);
    if (!chr) {
        return NULL;
    }
    return chr->filename && g_str_has_prefix(chr->filename, "pty:")
        ? json_pack("{s:s}", "pty", chr->filename + strlen("pty:")) : json_object();
}

json_t *qmp_chardev_remove(const json_t *args, Error **errp)
{
    return qemu_chr_delete(json_string_value(json_object_get(args, "id")), errp) ? json_object() : NULL;
}

static Chardev *find_chardev(const json_t *args, Error **errp)
{
    const char *id = json_string_value(json_object_get(args, "device"));
    Chardev *chr = qemu_chr_find(id);

    if (!chr) {
        error_setg(errp, "there is no chardev '%s'", id);
    }
    return chr;
}

static bool wants_base64(const json_t *args)
{
    return !g_strcmp0(json_string_value(json_object_get(args, "format")), "base64");
}

json_t *qmp_ringbuf_write(const json_t *args, Error **errp)
{
    const json_t *data = json_object_get(args, "data");
    Chardev *chr = find_chardev(args, errp);
    g_autofree uint8_t *decoded = NULL;
    size_t len = json_string_length(data);

    if (!chr) {
        return NULL;
    }
    if (wants_base64(args)) {
        decoded = g_base64_decode(json_string_value(data), &len);
    }
    return qemu_chr_ringbuf_write(chr, decoded ? decoded : (const uint8_t *)json_string_value(data), len, errp) ? json_object() : NULL;
}

json_t *qmp_ringbuf_read(const json_t *args, Error **errp)
{
    json_int_t size = json_integer_value(json_object_get(args, "size"));
    Chardev *chr = find_chardev(args, errp);
    g_autofree uint8_t *bytes = NULL;
    g_autofree char *text = NULL;
    size_t len;

    if (!chr) {
        return NULL;
    }
    if (size <= 0) {
        error_setg(errp, "size: 0 is nothing to read");
        return NULL;
    }
    bytes = qemu_chr_ringbuf_read(chr, size, &len, errp);
    if (!bytes) {
        return NULL;
    }
    text = wants_base64(args) ? g_base64_encode(bytes, len) : g_utf8_make_valid((char *)bytes, len);
    return json_string(text);
}

json_t *qmp_blockdev_add(const json_t *args, Error **errp)
{
    return blockdev_add(json_deep_copy(args), errp) ? json_object() : NULL;
}

json_t *qmp_blockdev_del(const json_t *args, Error **errp)
{
    return blockdev_del(json_string_value(json_object_get(args, "node-name")), errp) ? json_object() : NULL;
}

json_t *qmp_block_resize(const json_t *args, Error **errp)
{
    const char *device = json_string_value(json_object_get(args, "device"));
    const char *node_name = json_string_value(json_object_get(args, "node-name"));

    return block_resize(device, node_name, json_integer_value(json_object_get(args, "size")), errp) ? json_object() : NULL;
}

json_t *qmp_query_block_jobs(const json_t *args, Error **errp)
{
    return json_array();
}

json_t *qmp_query_jobs(const json_t *args, Error **errp)
{
    return json_array();
}

json_t *qmp_netdev_add(const json_t *args, Error **errp)
{
    error_setg(errp, "network backend '%s' is not supported by Twostage; give the guest a host device with vfio-pci",
               json_string_value(json_object_get(args, "type")));
    return NULL;
}

json_t *qmp_netdev_del(const json_t *args, Error **errp)
{
    error_set(errp, ERROR_CLASS_DEVICE_NOT_FOUND, "There is no network backend '%s'", json_string_value(json_object_get(args, "id")));
    return NULL;
}
