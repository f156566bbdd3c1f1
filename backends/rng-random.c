/*
 * rng-random: a file that is read without waiting, /dev/urandom unless
 * filename= says otherwise. A file that ends gives nothing more.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "backends/rng.h"
#include "util/main-loop.h"

#define DEFAULT_FILE    "/dev/urandom"
#define READ_MAX        4096

typedef struct RngRandom {
    RngBackend parent_obj;
    char *filename;
    int fd;
} RngRandom;

static void random_stop(RngBackend *b)
{
    qemu_set_fd_handler(((RngRandom *)b)->fd, NULL, NULL, NULL);
}

static void random_readable(void *opaque)
{
    RngRandom *s = opaque;
    uint8_t data[READ_MAX];
    ssize_t n = read(s->fd, data, MIN(rng_backend_wanted(&s->parent_obj), sizeof(data)));

    if (n > 0) {
        rng_backend_answer(&s->parent_obj, data, n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        random_stop(&s->parent_obj);
        warn_report("rng-random: %s: %s; the guest gets no more entropy from it", s->filename, n ? g_strerror(errno) : "end of file");
    }
}

static void random_start(RngBackend *b)
{
    RngRandom *s = (RngRandom *)b;

    qemu_set_fd_handler(s->fd, random_readable, NULL, s);
}

static bool random_complete(UserCreatable *uc, Error **errp)
{
    RngRandom *s = (RngRandom *)uc;

    s->fd = open(s->filename, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (s->fd < 0) {
        error_setg_errno(errp, errno, "rng-random: cannot open %s", s->filename);
        return false;
    }
    return true;
}

static char *get_filename(Object *obj, Error **errp)
{
    return g_strdup(((RngRandom *)obj)->filename);
}

static void set_filename(Object *obj, const char *value, Error **errp)
{
    RngRandom *s = (RngRandom *)obj;

    if (s->fd >= 0) {
        error_setg(errp, "rng-random: filename cannot change once it is open");
        return;
    }
    g_free(s->filename);
    s->filename = g_strdup(value);
}

static void random_init(Object *obj)
{
    RngRandom *s = (RngRandom *)obj;

    s->filename = g_strdup(DEFAULT_FILE);
    s->fd = -1;
}

static void random_finalize(Object *obj)
{
    RngRandom *s = (RngRandom *)obj;

    if (s->fd >= 0) {
        random_stop(&s->parent_obj);
        close(s->fd);
    }
    g_free(s->filename);
}

static void random_class_init(ObjectClass *klass, const void *data)
{
    RngBackendClass *rc = RNG_BACKEND_CLASS(klass);

    rc->start = random_start;
    rc->stop = random_stop;
    USER_CREATABLE_CLASS(klass)->complete = random_complete;
    object_class_property_add_str(klass, "filename", get_filename, set_filename);
}

static const TypeInfo random_info = {
    .name = TYPE_RNG_RANDOM, .parent = TYPE_RNG_BACKEND, .instance_size = sizeof(RngRandom), .instance_init = random_init,
    .instance_finalize = random_finalize, .class_init = random_class_init,
};
DEFINE_TYPE(random_info)
