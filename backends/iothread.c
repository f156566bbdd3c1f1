/*
 * -object iothread and query-iothreads.
 *
 * We never poll busily: the poll- numbers are limits that hold by themselves,
 * and are answered as they were given. aio-max-batch is how
 * many requests are gathered at most before they go to the host.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "backends/iothread.h"
#include "block/block.h"
#include "qapi/qapi-commands.h"
#include "util/main-loop.h"
#include "util/options.h"

/* The thread's own; it frees this when it ends. */
typedef struct Loop {
    GMainContext *context;
    BlockRing *ring;
    GMutex lock;                        /* guards tid */
    GCond started;
    pid_t tid;
    bool stop;                          /* machine lock */
} Loop;

struct IOThread {
    UserCreatable parent_obj;
    Loop *loop;
    unsigned users;
    int64_t poll_max_ns, poll_grow, poll_shrink, poll_weight, aio_max_batch;
};

static const struct { const char *name, *help; ptrdiff_t offset; int64_t start; } numbers[] = {
    { "poll-max-ns", "most time to poll busily, in ns", offsetof(IOThread, poll_max_ns), 32768 },
    { "poll-grow", "how polling time grows", offsetof(IOThread, poll_grow), 2 },
    { "poll-shrink", "how polling time shrinks", offsetof(IOThread, poll_shrink), 2 },
    { "poll-weight", "how fast polling time follows", offsetof(IOThread, poll_weight), 3 },
    { "aio-max-batch", "most requests to gather, 0: any number", offsetof(IOThread, aio_max_batch), 0 },
};

static int64_t *number(Object *obj, size_t i)
{
    return (int64_t *)(void *)((char *)obj + numbers[i].offset);
}

static json_t *number_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    return json_integer(*number(obj, GPOINTER_TO_SIZE(prop->opaque)));
}

static bool number_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    uint64_t v;

    if (!option_uint(value, prop->name, INT64_MAX, &v, errp)) {
        return false;
    }
    *number(obj, GPOINTER_TO_SIZE(prop->opaque)) = v;
    return true;
}

static gpointer run(gpointer opaque)
{
    Loop *loop = opaque;

    g_mutex_lock(&loop->lock);
    loop->tid = gettid();
    g_cond_signal(&loop->started);
    g_mutex_unlock(&loop->lock);
    bql_lock();
    block_ring_use(loop->ring);
    while (!loop->stop) {
        g_main_context_iteration(loop->context, true);
    }
    block_ring_use(NULL);
    block_ring_free(loop->ring);
    bql_unlock();
    g_main_context_unref(loop->context);
    g_free(loop);
    return NULL;
}

static bool iothread_complete(UserCreatable *uc, Error **errp)
{
    IOThread *t = IOTHREAD(uc);
    Loop *loop = g_new0(Loop, 1);
    GThread *thread;

    loop->context = g_main_context_new();
    main_loop_unlock_while_polling(loop->context);
    loop->ring = block_ring_new(loop->context, MIN(t->aio_max_batch, INT_MAX));
    thread = g_thread_new(object_get_canonical_path_component(OBJECT(t)), run, loop);
    g_thread_unref(thread);
    g_mutex_lock(&loop->lock);
    while (!loop->tid) {
        g_cond_wait(&loop->started, &loop->lock);
    }
    g_mutex_unlock(&loop->lock);
    t->loop = loop;
    return true;
}

static bool iothread_can_be_deleted(UserCreatable *uc)
{
    return !IOTHREAD(uc)->users;
}

/* It needs the machine lock, which we hold, to end: we do not wait for it. */
static void iothread_finalize(Object *obj)
{
    IOThread *t = IOTHREAD(obj);

    if (t->loop) {
        t->loop->stop = true;
        g_main_context_wakeup(t->loop->context);
    }
}

GMainContext *iothread_get_context(const IOThread *t)
{
    return t->loop->context;
}

void iothread_set_used(IOThread *t, bool used)
{
    t->users += used ? 1 : -1;
}

static int list_one(Object *obj, void *opaque)
{
    IOThread *t = (IOThread *)object_dynamic_cast(obj, TYPE_IOTHREAD);

    if (t) {
        json_t *info = json_pack("{s:s, s:i}", "id", object_get_canonical_path_component(obj), "thread-id", (int)t->loop->tid);

        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
            json_object_set_new(info, numbers[i].name, json_integer(*number(obj, i)));
        }
        json_array_append_new(opaque, info);
    }
    return 0;
}

json_t *qmp_query_iothreads(const json_t *args, Error **errp)
{
    json_t *list = json_array();

    object_child_foreach(object_get_objects_root(), list_one, list);
    return list;
}

static void iothread_class_init(ObjectClass *klass, const void *data)
{
    USER_CREATABLE_CLASS(klass)->complete = iothread_complete;
    USER_CREATABLE_CLASS(klass)->can_be_deleted = iothread_can_be_deleted;
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        object_class_property_add(klass, numbers[i].name, "int", number_get, number_set, GSIZE_TO_POINTER(i));
        object_class_property_set_description(klass, numbers[i].name, numbers[i].help);
    }
}

static void iothread_init(Object *obj)
{
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        *number(obj, i) = numbers[i].start;
    }
}

static const TypeInfo iothread_info = {
    .name = TYPE_IOTHREAD, .parent = TYPE_USER_CREATABLE, .instance_size = sizeof(IOThread), .class_init = iothread_class_init,
    .instance_init = iothread_init, .instance_finalize = iothread_finalize,
};
DEFINE_TYPE(iothread_info)
