/*
 * iommufd objects: one id space for each open file, the lowest free id first,
 * and a count of who holds an object. Destroying needs that nobody does.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/mman.h>
#include "hostsim.h"

static const char *const type_names[SIM__TYPES] = {
    "free", "tombstone", "device", "ioas", "hwpt-paging", "hwpt-nested", "viommu", "vdevice", "veventq", "fault", "hw-queue", "access",
};

const char *sim_type_name(SimType type)
{
    return type_names[type];
}

SimObject *sim_object_new(SimContext *ctx, SimType type)
{
    SimObject *o = g_new0(SimObject, 1);
    unsigned id = 1;

    while (id < ctx->objects->len && ctx->objects->pdata[id]) {
        id++;
    }
    if (id >= ctx->objects->len) {
        g_ptr_array_set_size(ctx->objects, (int)id + 1);
    }
    ctx->objects->pdata[id] = o;
    o->type = type;
    o->id = id;
    o->ctx = ctx;
    o->fd = -1;
    o->bits = 64;
    hostsim->live_objects++;
    return o;
}

SimObject *sim_object_any(SimContext *ctx, uint32_t id)
{
    SimObject *o = id < ctx->objects->len ? ctx->objects->pdata[id] : NULL;
    return o && o->type != SIM_TOMBSTONE ? o : NULL;
}

SimObject *sim_object_get(SimContext *ctx, uint32_t id, SimType type)
{
    SimObject *o = sim_object_any(ctx, id);
    return o && o->type == type ? o : NULL;
}

void sim_object_hold(SimObject *o)
{
    o->users++;
}

void sim_object_drop(SimObject *o)
{
    g_assert(o->users > 0);
    if (!--o->users && o->automatic) {
        sim_object_remove(o, false);
    }
}

static void release_parts(SimObject *o)
{
    switch (o->type) {
    case SIM_IOAS:
        sim_ioas_free(o);
        break;
    case SIM_PAGING:
        sim_ioas_remove_domain(o->parent);
        sim_tlb_drop_vmid(o->smmu, o->vmid);
        g_clear_pointer(&o->dirty, g_hash_table_destroy);
        break;
    case SIM_VDEVICE:
        o->dev->vdev = NULL;
        break;
    case SIM_VIOMMU:
        sim_vintf_free(o);
        break;
    case SIM_VEVENTQ:
        sim_events_free(o);
        break;
    case SIM_FAULT:
        sim_fault_free(o);
        break;
    case SIM_HWQUEUE:
        sim_hw_queue_release(o);
        break;
    default:
        break;
    }
}

/* Events of a vIOMMU that is gone are for nobody. */
static void forget_vmaster(SimObject *viommu)
{
    for (unsigned i = 0; i < hostsim->devices->len; i++) {
        SimDevice *dev = hostsim->devices->pdata[i];
        if (dev->vmaster == viommu) {
            dev->vmaster = NULL;
        }
    }
}

void sim_object_remove(SimObject *o, bool tombstone)
{
    SimObject *parent = o->parent, *fault = o->fault;
    SimContext *ctx = o->ctx;

    release_parts(o);
    if (o->type == SIM_VIOMMU) {
        forget_vmaster(o);
    }
    hostsim->live_objects--;
    if (tombstone) {
        o->type = SIM_TOMBSTONE;
        o->parent = NULL;
    } else {
        ctx->objects->pdata[o->id] = NULL;
        g_free(o);
    }
    if (parent) {
        sim_object_drop(parent);
    }
    if (fault) {
        sim_object_drop(fault);
    }
}

int sim_object_destroy(SimContext *ctx, uint32_t id)
{
    SimObject *o = sim_object_any(ctx, id);

    if (!o) {
        return -ENOENT;
    }
    if (o->users) {
        return -EBUSY;
    }
    sim_object_remove(o, false);
    return 0;
}

/* --- Open files --------------------------------------------------------------------- */

SimContext *sim_context_open(void)
{
    SimContext *ctx = g_new0(SimContext, 1);

    ctx->fd = memfd_create("hostsim-iommu", MFD_CLOEXEC);
    ctx->refs = 1;
    ctx->objects = g_ptr_array_new();
    g_hash_table_insert(hostsim->contexts, GINT_TO_POINTER(ctx->fd), ctx);
    hostsim->live_fds++;
    return ctx;
}

/* Leaf first: an object is removed once nobody holds it. */
static void destroy_all(SimContext *ctx)
{
    for (bool again = true; again;) {
        again = false;
        for (unsigned id = ctx->objects->len; id-- > 1;) {
            SimObject *o = ctx->objects->pdata[id];
            if (o && o->type != SIM_TOMBSTONE && !o->users) {
                sim_object_remove(o, false);
                again = true;
            }
        }
    }
    for (unsigned id = 1; id < ctx->objects->len; id++) {
        SimObject *o = ctx->objects->pdata[id];
        g_assert(!o || o->type == SIM_TOMBSTONE);
        g_free(o);
    }
}

void sim_context_unref(SimContext *ctx)
{
    if (--ctx->refs) {
        return;
    }
    destroy_all(ctx);
    g_ptr_array_free(ctx->objects, true);
    g_free(ctx);
}

/* Bound devices and event files keep it alive. */
void sim_context_close(SimContext *ctx)
{
    g_hash_table_remove(hostsim->contexts, GINT_TO_POINTER(ctx->fd));
    hostsim->live_fds--;
    close(ctx->fd);
    ctx->closed = true;
    sim_context_unref(ctx);
}
