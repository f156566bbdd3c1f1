/*
 * Fault queues: page requests of devices on their way to the VMM, and its
 * responses on their way back.
 *
 * A request group is complete with its last page. It waits in the queue that
 * the device's page table names, gets a cookie when it is read, and is over
 * when someone answers: the VMM, or the host itself (INVALID) when the device
 * leaves the table or the queue goes away.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hostsim.h"

typedef struct FaultGroup {
    SimDevice *dev;
    uint32_t cookie;                    /* 0: not read yet */
    GArray *pages;                      /* struct iommu_hwpt_pgfault */
} FaultGroup;

static const struct iommu_hwpt_pgfault *page_of(const FaultGroup *g, unsigned i)
{
    return &g_array_index(g->pages, struct iommu_hwpt_pgfault, i);
}

/* The device hears of it, and the group is gone. */
static void answer(FaultGroup *g, uint32_t code)
{
    SimResponse r = { .grpid = page_of(g, 0)->grpid, .pasid = page_of(g, 0)->pasid, .code = code };

    g_array_append_val(g->dev->responses, r);
    g_array_free(g->pages, true);
    g_free(g);
}

int sim_fault_alloc(SimContext *ctx, void *arg)
{
    struct iommu_fault_alloc *cmd = arg;

    if (hostsim->no_fault_queue) {
        return -ENOTTY;
    }
    if (cmd->flags) {
        return -EOPNOTSUPP;
    }
    SimObject *o = sim_object_new(ctx, SIM_FAULT);
    o->delivered = g_ptr_array_new();
    cmd->out_fault_id = o->id;
    cmd->out_fault_fd = (uint32_t)sim_event_open(o);
    return 0;
}

static uint32_t free_cookie(const SimObject *q)
{
    for (uint32_t cookie = 1;; cookie++) {
        bool taken = false;
        for (unsigned i = 0; i < q->delivered->len; i++) {
            taken |= ((FaultGroup *)q->delivered->pdata[i])->cookie == cookie;
        }
        if (!taken) {
            return cookie;
        }
    }
}

/* Whole groups only. */
ssize_t sim_fault_read(SimObject *q, void *buf, size_t n)
{
    size_t done = 0;

    if (n % sizeof(struct iommu_hwpt_pgfault)) {
        return -ESPIPE;
    }
    while (!g_queue_is_empty(q->events)) {
        FaultGroup *g = g_queue_peek_head(q->events);
        size_t size = g->pages->len * sizeof(struct iommu_hwpt_pgfault);
        if (size > n - done) {
            return done ? (ssize_t)done : -EINVAL;
        }
        g_queue_pop_head(q->events);
        g->cookie = free_cookie(q);
        for (unsigned i = 0; i < g->pages->len; i++) {
            g_array_index(g->pages, struct iommu_hwpt_pgfault, i).cookie = g->cookie;
        }
        memcpy((uint8_t *)buf + done, g->pages->data, size);
        done += size;
        g_ptr_array_add(q->delivered, g);
    }
    return (ssize_t)done;
}

static bool respond(SimObject *q, const struct iommu_hwpt_page_response *r)
{
    for (unsigned i = 0; r->code <= IOMMUFD_PAGE_RESP_INVALID && i < q->delivered->len; i++) {
        FaultGroup *g = q->delivered->pdata[i];
        if (g->cookie == r->cookie) {
            g_ptr_array_remove_index(q->delivered, i);
            answer(g, r->code);
            return true;
        }
    }
    return false;
}

/* Responses before a bad one stand. */
ssize_t sim_fault_respond(SimObject *q, const void *buf, size_t n)
{
    const struct iommu_hwpt_page_response *r = buf;
    size_t count = n / sizeof(*r);

    if (n % sizeof(*r)) {
        return -ESPIPE;
    }
    for (size_t i = 0; i < count; i++) {
        if (!respond(q, &r[i])) {
            return i ? (ssize_t)(i * sizeof(*r)) : -EINVAL;
        }
    }
    return (ssize_t)n;
}

/* @dev leaves a table that names @q. */
void sim_fault_forget(SimObject *q, const SimDevice *dev)
{
    for (unsigned i = q->delivered->len; i-- > 0;) {
        FaultGroup *g = q->delivered->pdata[i];
        if (!dev || g->dev == dev) {
            g_ptr_array_remove_index(q->delivered, i);
            answer(g, IOMMUFD_PAGE_RESP_INVALID);
        }
    }
    for (GList *l = q->events->head, *next; l; l = next) {
        FaultGroup *g = l->data;
        next = l->next;
        if (!dev || g->dev == dev) {
            g_queue_delete_link(q->events, l);
            answer(g, IOMMUFD_PAGE_RESP_INVALID);
        }
    }
    if (q->fd >= 0) {
        sim_event_mark_readable(q);
    }
}

void sim_fault_free(SimObject *q)
{
    sim_fault_forget(q, NULL);
    g_queue_free(q->events);
    g_ptr_array_free(q->delivered, true);
}

/* --- The device asks --------------------------------------------------------------------------- */

static FaultGroup *complete_group(SimDevice *dev, const struct iommu_hwpt_pgfault *last)
{
    FaultGroup *g = g_new0(FaultGroup, 1);

    g->dev = dev;
    g->pages = g_array_new(false, false, sizeof(*last));
    for (unsigned i = 0; i < dev->partial->len;) {
        struct iommu_hwpt_pgfault *f = &g_array_index(dev->partial, struct iommu_hwpt_pgfault, i);
        if (f->grpid == last->grpid) {
            g_array_append_val(g->pages, *f);
            g_array_remove_index(dev->partial, i);
        } else {
            i++;
        }
    }
    g_array_append_val(g->pages, *last);
    return g;
}

static int page_request(SimDevice *dev, struct iommu_hwpt_pgfault fault)
{
    SimObject *hwpt = dev->attached ? dev->group->hwpt : NULL;

    if (!dev->pri) {
        return -EOPNOTSUPP;
    }
    fault.dev_id = dev->obj ? dev->obj->id : 0;
    if (!(fault.flags & IOMMU_PGFAULT_FLAGS_LAST_PAGE)) {
        g_array_append_val(dev->partial, fault);
        return 0;
    }
    FaultGroup *g = complete_group(dev, &fault);
    if (!hwpt || !hwpt->fault || hwpt->fault->fd < 0) {
        answer(g, IOMMUFD_PAGE_RESP_INVALID);
        return -ENOENT;
    }
    g_queue_push_tail(hwpt->fault->events, g);
    sim_event_mark_readable(hwpt->fault);
    return 0;
}

int hostsim_page_request(SimDevice *dev, const struct iommu_hwpt_pgfault *fault)
{
    hostsim_lock();
    int r = page_request(dev, *fault);
    hostsim_unlock();
    return r;
}
