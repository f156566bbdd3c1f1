/*
 * Where a guest's entropy comes from: -object rng-builtin, rng-random.
 *
 * Under the machine lock; answers come in the main thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef BACKENDS_RNG_H
#define BACKENDS_RNG_H

#include "qom/object.h"

#define TYPE_RNG_BACKEND "rng-backend"
#define TYPE_RNG_BUILTIN "rng-builtin"
#define TYPE_RNG_RANDOM "rng-random"
OBJECT_DECLARE_TYPE(RngBackend, RngBackendClass, RNG_BACKEND)

typedef void RngReceive(void *opaque, const void *data, size_t size);
typedef struct RngRequest {
    RngBackend *backend;
    size_t size;                        /* at most this many bytes */
    RngReceive *receive;
    void *opaque;
} RngRequest;

struct RngBackendClass {
    UserCreatableClass parent_class;
    void (*start)(RngBackend *b);       /* the first request waits */
    void (*stop)(RngBackend *b);        /* the last one went */
};

struct RngBackend {
    UserCreatable parent_obj;
    GQueue requests;                    /* RngRequest, oldest first */
};

/* @receive is called once, later, with 1 to @size bytes, unless the request is cancelled before. */
RngRequest *rng_backend_request(RngBackend *b, size_t size, RngReceive *receive, void *opaque);
void rng_backend_cancel(RngRequest *request);
/* By backends: bytes for the oldest request. */
void rng_backend_answer(RngBackend *b, const void *data, size_t size);
static inline size_t rng_backend_wanted(RngBackend *b)
{
    return g_queue_is_empty(&b->requests) ? 0 : ((RngRequest *)g_queue_peek_head(&b->requests))->size;
}

#endif
