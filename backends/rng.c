/*
 * Sources of entropy, what they have in common: a queue of requests.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "backends/rng.h"

RngRequest *rng_backend_request(RngBackend *b, size_t size, RngReceive *receive, void *opaque)
{
    RngRequest *r = g_new(RngRequest, 1);

    *r = (RngRequest) { .backend = b, .size = size, .receive = receive, .opaque = opaque };
    g_queue_push_tail(&b->requests, r);
    if (b->requests.length == 1) {
        RNG_BACKEND_GET_CLASS(b)->start(b);
    }
    return r;
}

static void went(RngBackend *b)
{
    if (g_queue_is_empty(&b->requests)) {
        RNG_BACKEND_GET_CLASS(b)->stop(b);
    }
}

void rng_backend_cancel(RngRequest *request)
{
    RngBackend *b = request->backend;

    g_queue_remove(&b->requests, request);
    g_free(request);
    went(b);
}

void rng_backend_answer(RngBackend *b, const void *data, size_t size)
{
    g_autofree RngRequest *r = g_queue_pop_head(&b->requests);

    went(b);
    r->receive(r->opaque, data, size);
}

static const TypeInfo rng_backend_info = {
    .name = TYPE_RNG_BACKEND, .parent = TYPE_USER_CREATABLE, .abstract = true,
    .instance_size = sizeof(RngBackend), .class_size = sizeof(RngBackendClass),
};
DEFINE_TYPE(rng_backend_info)
