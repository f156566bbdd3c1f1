/*
 * Which I/O thread serves which queue of a virtio disk: iothread= for all of
 * them, or iothread-vq-mapping=, a list of threads with their queues.
 *
 * All of them hold the machine lock while they work, so the disk's state needs
 * no other; each has a ring to the host of its own.
 *
 * Main thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/block/block-props.h"
#include "util/options.h"
#include "virtio-blk.h"

#define NAME "iothread-vq-mapping"

/* --- The property --------------------------------------------------------------------------------- */

static bool check_vqs(const json_t *vqs, Error **errp)
{
    const json_t *vq;
    size_t i;

    if (!json_is_array(vqs)) {
        error_setg(errp, NAME ": 'vqs' must be a list of queue numbers");
        return false;
    }
    json_array_foreach(vqs, i, vq) {
        if (!json_is_integer(vq) || json_integer_value(vq) < 0 || json_integer_value(vq) > UINT16_MAX) {
            error_setg(errp, NAME ": 'vqs' has something that is not a queue number from 0 to 65535");
            return false;
        }
    }
    return true;
}

static bool check_item(json_t *item, Error **errp)
{
    const char *key;
    json_t *value;

    if (!json_is_string(json_object_get(item, "iothread"))) {
        error_setg(errp, NAME ": each item must be an object with 'iothread', the id of an -object iothread");
        return false;
    }
    json_object_foreach(item, key, value) {
        if (strcmp(key, "iothread") && strcmp(key, "vqs")) {
            error_setg(errp, NAME ": an item has 'iothread' and 'vqs', not '%s'", key);
            return false;
        }
        if (*key == 'v' && !check_vqs(value, errp)) {
            return false;
        }
    }
    return true;
}

static bool set_mapping(Object *obj, void *field, const Property *prop, const json_t *value, Error **errp)
{
    json_t *item;
    size_t i;

    if (!json_is_array(value)) {
        error_setg(errp, NAME " must be a list, so -device must be given as JSON");
        return false;
    }
    json_array_foreach(value, i, item) {
        if (!check_item(item, errp)) {
            return false;
        }
    }
    json_decref(*(json_t **)field);
    *(json_t **)field = json_deep_copy(value);
    return true;
}

static json_t *get_mapping(const void *field, const Property *prop)
{
    json_t *mapping = *(json_t *const *)field;

    return mapping ? json_deep_copy(mapping) : json_array();
}

static void release_mapping(Object *obj, void *field)
{
    g_clear_pointer((json_t **)field, json_decref);
}

const PropertyInfo virtio_blk_prop_threads = {
    .type = "IOThreadVirtQueueMappingList", .description = "Which queues run in which iothread: [{\"iothread\": ID, \"vqs\": [N...]}...]",
    .get = get_mapping, .set = set_mapping, .release = release_mapping,
};

/* --- What it says --------------------------------------------------------------------------------------- */

static const char *id_of(const json_t *item)
{
    return json_string_value(json_object_get(item, "iothread"));
}

static IOThread *thread_of(const json_t *item)
{
    return (IOThread *)object_dynamic_cast(object_resolve_path_component(object_get_objects_root(), id_of(item)), TYPE_IOTHREAD);
}

static size_t count_vqs(const json_t *item)
{
    return json_array_size(json_object_get(item, "vqs"));
}

/* Each thread is there, and named once; all items say their queues, or none does. */
static bool check_threads(const json_t *mapping, Error **errp)
{
    bool with_vqs = count_vqs(json_array_get(mapping, 0));
    const json_t *item;
    size_t i;

    json_array_foreach(mapping, i, item) {
        if (!thread_of(item)) {
            error_setg(errp, NAME ": there is no -object iothread with id '%s'", id_of(item));
            return false;
        }
        for (size_t k = 0; k < i; k++) {
            if (!strcmp(id_of(json_array_get(mapping, k)), id_of(item))) {
                error_setg(errp, NAME ": iothread '%s' is there twice", id_of(item));
                return false;
            }
        }
        if ((count_vqs(item) > 0) != with_vqs) {
            error_setg(errp, NAME ": either all items say their vqs or none does");
            return false;
        }
    }
    return true;
}

static bool assign_item(IOThread **threads, unsigned n, const json_t *item, Error **errp)
{
    const json_t *vq;
    size_t i;

    json_array_foreach(json_object_get(item, "vqs"), i, vq) {
        unsigned q = json_integer_value(vq);

        if (q >= n) {
            error_setg(errp, NAME ": vq %u of iothread '%s' is not there; num-queues=%u", q, id_of(item), n);
            return false;
        }
        if (threads[q]) {
            error_setg(errp, NAME ": vq %u is given to an iothread twice", q);
            return false;
        }
        threads[q] = thread_of(item);
    }
    return true;
}

static bool assign(IOThread **threads, unsigned n, const json_t *mapping, Error **errp)
{
    const json_t *item;
    size_t i;

    json_array_foreach(mapping, i, item) {
        if (!assign_item(threads, n, item, errp)) {
            return false;
        }
    }
    for (unsigned q = 0; q < n; q++) {
        if (!threads[q]) {
            error_setg(errp, NAME ": vq %u has no iothread", q);
            return false;
        }
    }
    return true;
}

static bool choose(VirtIOBlock *s, IOThread **threads, Error **errp)
{
    size_t items = json_array_size(s->vq_mapping);

    if (items && s->iothread) {
        error_setg(errp, "virtio-blk: iothread and " NAME " exclude each other");
        return false;
    }
    if (items && !check_threads(s->vq_mapping, errp)) {
        return false;
    }
    if (items && count_vqs(json_array_get(s->vq_mapping, 0))) {
        return assign(threads, s->num_queues, s->vq_mapping, errp);
    }
    for (unsigned q = 0; q < s->num_queues; q++) {
        threads[q] = items ? thread_of(json_array_get(s->vq_mapping, q % items)) : s->iothread;
    }
    return true;
}

/* --- Life ----------------------------------------------------------------------------------------------- */

bool virtio_blk_take_threads(VirtIOBlock *s, Error **errp)
{
    IOThread **threads = g_new0(IOThread *, s->num_queues);

    if (!choose(s, threads, errp)) {
        g_free(threads);
        return false;
    }
    for (unsigned q = 0; q < s->num_queues; q++) {
        if (threads[q]) {
            object_ref(threads[q]);
            iothread_set_used(threads[q], true);
        }
    }
    s->threads = threads;
    return true;
}

void virtio_blk_release_threads(VirtIOBlock *s)
{
    for (unsigned q = 0; q < s->num_queues; q++) {
        if (s->threads[q]) {
            iothread_set_used(s->threads[q], false);
            object_unref(s->threads[q]);
        }
    }
    g_clear_pointer(&s->threads, g_free);
}
