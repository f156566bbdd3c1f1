/*
 * rng-builtin: the host kernel's generator, getrandom(). Never waits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/random.h>
#include "backends/rng.h"
#include "util/main-loop.h"

typedef struct RngBuiltin {
    RngBackend parent_obj;
    QEMUBH *bh;
} RngBuiltin;

static void answer_all(void *opaque)
{
    RngBackend *b = opaque;
    guint waiting = b->requests.length;         /* an answered one may come back at once */
    uint8_t data[256];                          /* as much as getrandom() gives without being interrupted */

    while (waiting-- && rng_backend_wanted(b)) {
        ssize_t n = getrandom(data, MIN(rng_backend_wanted(b), sizeof(data)), 0);

        if (n > 0) {
            rng_backend_answer(b, data, n);
        }
    }
    if (rng_backend_wanted(b)) {
        qemu_bh_schedule(((RngBuiltin *)b)->bh);
    }
}

static void builtin_start(RngBackend *b)
{
    qemu_bh_schedule(((RngBuiltin *)b)->bh);
}

static void builtin_stop(RngBackend *b)
{
    qemu_bh_cancel(((RngBuiltin *)b)->bh);
}

static void builtin_init(Object *obj)
{
    ((RngBuiltin *)obj)->bh = qemu_bh_new(answer_all, obj);
}

static void builtin_finalize(Object *obj)
{
    qemu_bh_delete(((RngBuiltin *)obj)->bh);
}

static void builtin_class_init(ObjectClass *klass, const void *data)
{
    RngBackendClass *rc = RNG_BACKEND_CLASS(klass);

    rc->start = builtin_start;
    rc->stop = builtin_stop;
}

static const TypeInfo builtin_info = {
    .name = TYPE_RNG_BUILTIN, .parent = TYPE_RNG_BACKEND, .instance_size = sizeof(RngBuiltin), .instance_init = builtin_init,
    .instance_finalize = builtin_finalize, .class_init = builtin_class_init,
};
DEFINE_TYPE(builtin_info)
