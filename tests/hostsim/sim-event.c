/*
 * vEVENTQs of the simulated host, and what every file that events come
 * through has in common: readable while something waits, closed once, holds
 * its object.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/eventfd.h>
#include "hostsim.h"

/* --- Event files -------------------------------------------------------------------------- */

int sim_event_open(SimObject *o)
{
    o->events = g_queue_new();
    o->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    sim_object_hold(o);
    o->ctx->refs++;
    hostsim->live_fds++;
    g_hash_table_insert(hostsim->event_fds, GINT_TO_POINTER(o->fd), o);
    return o->fd;
}

void sim_event_close(int fd)
{
    SimObject *o = g_hash_table_lookup(hostsim->event_fds, GINT_TO_POINTER(fd));

    g_assert(o);
    g_hash_table_remove(hostsim->event_fds, GINT_TO_POINTER(fd));
    SimContext *ctx = o->ctx;
    o->fd = -1;
    close(fd);
    hostsim->live_fds--;
    sim_object_drop(o);
    sim_context_unref(ctx);
}

void sim_events_free(SimObject *o)
{
    g_queue_free_full(o->events, (GDestroyNotify)g_bytes_unref);
}

/* poll() tells whether something waits. */
void sim_event_mark_readable(SimObject *q)
{
    uint64_t v = 1;
    ssize_t n = g_queue_is_empty(q->events) ? read(q->fd, &v, sizeof(v)) : write(q->fd, &v, sizeof(v));
    (void)n;
}

ssize_t sim_event_read(int fd, void *buf, size_t n)
{
    SimObject *q = g_hash_table_lookup(hostsim->event_fds, GINT_TO_POINTER(fd));

    if (!q) {
        return -EBADF;
    }
    ssize_t r = q->type == SIM_FAULT ? sim_fault_read(q, buf, n) : sim_veventq_read(q, buf, n);
    sim_event_mark_readable(q);
    return r;
}

ssize_t sim_event_write(int fd, const void *buf, size_t n)
{
    SimObject *q = g_hash_table_lookup(hostsim->event_fds, GINT_TO_POINTER(fd));

    if (!q) {
        return -EBADF;
    }
    return q->type == SIM_FAULT ? sim_fault_respond(q, buf, n) : -EINVAL;
}

/* --- vEVENTQ ---------------------------------------------------------------------------------- */

static SimObject *find_veventq(SimContext *ctx, const SimObject *viommu, uint32_t type)
{
    for (unsigned i = 1; i < ctx->objects->len; i++) {
        SimObject *o = ctx->objects->pdata[i];
        if (o && o->type == SIM_VEVENTQ && o->parent == viommu && o->event_type == type) {
            return o;
        }
    }
    return NULL;
}

int sim_veventq_alloc(SimContext *ctx, void *arg)
{
    struct iommu_veventq_alloc *cmd = arg;
    SimObject *viommu;

    if (hostsim->no_veventq) {
        return -ENOTTY;
    }
    if (cmd->flags || cmd->__reserved || cmd->type == IOMMU_VEVENTQ_TYPE_DEFAULT) {
        return -EOPNOTSUPP;
    }
    if (!cmd->veventq_depth || cmd->veventq_depth > SIM_QUEUE_LIMIT) {
        return -EINVAL;
    }
    viommu = sim_object_get(ctx, cmd->viommu_id, SIM_VIOMMU);
    if (!viommu) {
        return -ENOENT;
    }
    if (find_veventq(ctx, viommu, cmd->type)) {
        return -EEXIST;
    }
    SimObject *o = sim_object_new(ctx, SIM_VEVENTQ);
    o->parent = viommu;
    sim_object_hold(viommu);
    o->event_type = cmd->type;
    o->depth = cmd->veventq_depth;
    cmd->out_veventq_id = o->id;
    cmd->out_veventq_fd = (uint32_t)sim_event_open(o);
    return 0;
}

static GBytes *record(uint32_t flags, uint32_t sequence, const uint64_t *words, unsigned n)
{
    struct { struct iommufd_vevent_header h; uint64_t words[4]; } r = { .h = { flags, sequence } };

    for (unsigned i = 0; i < n; i++) {
        r.words[i] = htole64(words[i]);
    }
    return g_bytes_new(&r, sizeof(r.h) + n * sizeof(*words));
}

static void queue_record(SimObject *q, const uint64_t *words, unsigned n)
{
    uint32_t sequence = q->sequence;

    q->sequence = (q->sequence + 1) & 0x7fffffff;
    if (q->lost_last) {
        g_bytes_unref(g_queue_pop_tail(q->events));
        q->lost_last = false;
    }
    if (q->normal_events >= q->depth) {
        g_queue_push_tail(q->events, record(IOMMU_VEVENTQ_FLAG_LOST_EVENTS, sequence, NULL, 0));
        q->lost_last = true;
    } else {
        g_queue_push_tail(q->events, record(0, sequence, words, n));
        q->normal_events++;
    }
    sim_event_mark_readable(q);
}

static bool event_is_forwarded(const uint64_t evt[4])
{
    static const uint8_t ids[] = { 0x04, 0x06, 0x08, 0x0a, 0x10, 0x11, 0x12, 0x13 };

    if (evt[1] >> 39 & 1) {             /* S2: the host's own business */
        return false;
    }
    return memchr(ids, (int)(evt[0] & 0xff), sizeof(ids)) != NULL;
}

void sim_event(SimDevice *dev, const uint64_t evt[4])
{
    SimObject *q = dev->vmaster ? find_veventq(dev->vmaster->ctx, dev->vmaster, IOMMU_VEVENTQ_TYPE_ARM_SMMUV3) : NULL;

    if (q && q->fd >= 0 && event_is_forwarded(evt)) {
        uint64_t e[4] = { deposit64(evt[0], 32, 32, dev->vmaster_sid), evt[1], evt[2], evt[3] };
        queue_record(q, e, 4);
    }
}

/* Errors of command queues: a bit for each. */
void sim_vcmdq_event(SimObject *viommu, const uint64_t map[2])
{
    SimObject *q = find_veventq(viommu->ctx, viommu, IOMMU_VEVENTQ_TYPE_TEGRA241_CMDQV);

    if (q && q->fd >= 0) {
        queue_record(q, map, 2);
    }
}

void hostsim_event(SimDevice *dev, const uint64_t evt[4])
{
    hostsim_lock();
    sim_event(dev, evt);
    hostsim_unlock();
}

/* Whole records only; an empty queue reads 0 bytes. */
ssize_t sim_veventq_read(SimObject *q, void *buf, size_t n)
{
    size_t done = 0;

    if (n < sizeof(struct iommufd_vevent_header)) {
        return -EINVAL;
    }
    while (!g_queue_is_empty(q->events)) {
        GBytes *first = g_queue_peek_head(q->events);
        size_t size = g_bytes_get_size(first);
        if (size > n - done) {
            return done ? (ssize_t)done : -EINVAL;
        }
        memcpy((uint8_t *)buf + done, g_bytes_get_data(first, NULL), size);
        done += size;
        if (size > sizeof(struct iommufd_vevent_header)) {
            q->normal_events--;
        } else {
            q->lost_last = false;
        }
        g_bytes_unref(g_queue_pop_head(q->events));
    }
    return (ssize_t)done;
}
