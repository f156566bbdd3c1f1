/*
 * Namespaces: a medium of the block layer under an id. drive= of the controller
 * makes one; nvme-ns devices on the controller's bus make more.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nvme.h"
#include "hw/block/block-props.h"

#define BLOCK_SIZE_MIN  512
#define BLOCK_SIZE_MAX  (64 * KiB)

static void set_size(NvmeNamespace *ns, int64_t length)
{
    ns->size = length & ~(uint64_t)(ns->block_size - 1);
}

/* All controllers that see it tell their drivers. */
static void resized(void *opaque)
{
    NvmeNamespace *ns = opaque;
    NvmeSubsys *s = ns->ctrl->subsys;

    set_size(ns, blk_getlength(ns->blk));
    if (!s) {
        nvme_namespace_changed(ns->ctrl, ns->nsid);
    }
    for (unsigned i = 0; s && i < NVME_MAX_CONTROLLERS; i++) {
        if (s->ctrls[i] && s->ctrls[i]->namespaces[ns->nsid] == ns) {
            nvme_namespace_changed(s->ctrls[i], ns->nsid);
        }
    }
}

static bool setup(NvmeCtrl *n, NvmeNamespace *ns, Error **errp)
{
    int64_t len;

    ns->block_size = ns->block_size ? ns->block_size : BLOCK_SIZE_MIN;
    if (!is_power_of_2(ns->block_size) || ns->block_size < BLOCK_SIZE_MIN || ns->block_size > BLOCK_SIZE_MAX) {
        error_setg(errp, "logical_block_size=%u must be a power of two from %u to %llu", ns->block_size, BLOCK_SIZE_MIN,
                   (unsigned long long)BLOCK_SIZE_MAX);
        return false;
    }
    if (!blk_use(ns->blk, ns->share_rw, errp)) {
        return false;
    }
    len = blk_getlength(ns->blk);
    if (len < 0) {
        error_setg_errno(errp, len, "cannot find out the size of drive '%s'", blk_name(ns->blk));
        return false;
    }
    ns->block_shift = ctz32(ns->block_size);
    set_size(ns, len);
    return true;
}

/* Ids are unique in a subsystem. */
static bool taken(const NvmeCtrl *n, uint32_t nsid)
{
    return n->namespaces[nsid] || (n->subsys && n->subsys->namespaces[nsid]);
}

static uint32_t free_nsid(const NvmeCtrl *n)
{
    for (uint32_t i = 1; i <= NVME_MAX_NAMESPACES; i++) {
        if (!taken(n, i)) {
            return i;
        }
    }
    return 0;
}

static void share(NvmeSubsys *s, NvmeNamespace *ns)
{
    s->namespaces[ns->nsid] = ns;
    for (unsigned i = 0; ns->shared && i < NVME_MAX_CONTROLLERS; i++) {
        if (s->ctrls[i]) {
            s->ctrls[i]->namespaces[ns->nsid] = ns;
        }
    }
}

bool nvme_ns_attach(NvmeCtrl *n, NvmeNamespace *ns, Error **errp)
{
    uint32_t nsid = ns->nsid ? ns->nsid : free_nsid(n);

    if (!nsid || nsid > NVME_MAX_NAMESPACES || taken(n, nsid)) {
        error_setg(errp, "namespace id %u is %s", ns->nsid, nsid && nsid <= NVME_MAX_NAMESPACES ? "taken"
                   : "not available: ids are 1 to 256");
        return false;
    }
    if (!setup(n, ns, errp)) {
        return false;
    }
    ns->nsid = nsid;
    ns->ctrl = n;
    blk_set_resized(ns->blk, resized, ns);
    n->namespaces[nsid] = ns;
    if (n->subsys) {
        share(n->subsys, ns);
    }
    return true;
}

/* Requests that stopped the machine have the namespace still: they are not to be tried again. */
static void forget(NvmeCtrl *n, NvmeNamespace *ns)
{
    for (guint count = n->stopped.length; count--;) {
        NvmeRequest *req = g_queue_pop_head(&n->stopped);

        if (req->ns == ns) {
            nvme_unmap_iov(req, false);
            nvme_complete(req, NVME_INVALID_NAMESPACE | NVME_DNR);
        } else {
            g_queue_push_tail(&n->stopped, req);
        }
    }
    if (n->namespaces[ns->nsid] == ns) {
        n->namespaces[ns->nsid] = NULL;
    }
}

void nvme_ns_detach(NvmeNamespace *ns)
{
    NvmeSubsys *s = ns->ctrl ? ns->ctrl->subsys : NULL;

    if (!ns->ctrl) {
        return;
    }
    blk_set_resized(ns->blk, NULL, NULL);
    blk_drain(ns->blk);
    forget(ns->ctrl, ns);
    for (unsigned i = 0; s && i < NVME_MAX_CONTROLLERS; i++) {
        if (s->ctrls[i]) {
            forget(s->ctrls[i], ns);
        }
    }
    if (s) {
        s->namespaces[ns->nsid] = NULL;
    }
    ns->ctrl = NULL;
}

/* --- The nvme-ns device --------------------------------------------------------------------------- */

static bool ns_realize(DeviceState *dev, Error **errp)
{
    NvmeNamespace *ns = NVME_NS(dev);

    if (!ns->blk) {
        error_setg(errp, "nvme-ns: drive= is missing");
        return false;
    }
    return nvme_ns_attach(NVME(dev->parent_bus->parent), ns, errp);
}

static void ns_unrealize(DeviceState *dev)
{
    NvmeNamespace *ns = NVME_NS(dev);

    nvme_ns_detach(ns);
    blk_detach_dev(ns->blk, OBJECT(ns));
    ns->blk = NULL;
}

static const Property ns_properties[] = {
    DEFINE_PROP_DRIVE("drive", NvmeNamespace, blk),
    DEFINE_PROP_SHARE_RW(NvmeNamespace, share_rw),
    DEFINE_PROP_UINT32("nsid", NvmeNamespace, nsid, 0),
    DEFINE_PROP_SIZE32("logical_block_size", NvmeNamespace, block_size, 0),
    DEFINE_PROP_UINT64("eui64", NvmeNamespace, eui64, 0),
    DEFINE_PROP_UUID("uuid", NvmeNamespace, uuid),
    DEFINE_PROP_BOOL("shared", NvmeNamespace, shared, true),
};

static void ns_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->bus_type = TYPE_NVME_BUS;
    dc->realize = ns_realize;
    dc->unrealize = ns_unrealize;
    dc->user_creatable = true;
    dc->hotpluggable = false;
    dc->desc = "Virtual NVMe namespace";
    dc->categories |= BIT(DEVICE_CATEGORY_STORAGE);
    device_class_set_props(dc, ns_properties);
}

static const TypeInfo ns_infos[] = {
    {
        .name = TYPE_NVME_NS, .parent = TYPE_DEVICE, .instance_size = sizeof(NvmeNamespace), .class_init = ns_class_init,
    },
    { .name = TYPE_NVME_BUS, .parent = TYPE_BUS, .instance_size = sizeof(BusState) },
};
DEFINE_TYPES(ns_infos)
