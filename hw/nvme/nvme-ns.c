/*
 * Namespaces: a medium of the block layer under an id. drive= of the controller
 * makes one; nvme-ns devices on the controller's bus make more.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nvme.h"
#include "hw/block/block-props.h"
#include "util/options.h"

#define BLOCK_SIZE_MIN  512
#define BLOCK_SIZE_MAX  (64 * KiB)
#define EUI64_FIRST     0x5254000000000000ULL   /* locally administered */
#define DISCARD_GRANULARITY 4096U       /* what host file systems give back */

static bool check_medium(const NvmeMedium *m, Error **errp)
{
    uint32_t block = m->logical_block_size;

    if (!is_power_of_2(block) || block < BLOCK_SIZE_MIN || block > BLOCK_SIZE_MAX) {
        error_setg(errp, "logical_block_size=%u must be a power of two from %u to %llu", block, BLOCK_SIZE_MIN,
                   (unsigned long long)BLOCK_SIZE_MAX);
    } else if (m->physical_block_size && (!is_power_of_2(m->physical_block_size) || m->physical_block_size < block)) {
        error_setg(errp, "physical_block_size=%u must be a power of two of at least logical_block_size=%u", m->physical_block_size, block);
    } else if (m->min_io_size % block || m->opt_io_size % block) {
        error_setg(errp, "min_io_size=%u and opt_io_size=%u must be multiples of logical_block_size=%u", m->min_io_size, m->opt_io_size,
                   block);
    } else if (m->discard_granularity % block) {
        error_setg(errp, "discard_granularity=%u has to be whole blocks of logical_block_size=%u", m->discard_granularity, block);
    } else {
        return true;
    }
    return false;
}

static void set_size(NvmeNamespace *ns, int64_t length)
{
    ns->size = length & ~(uint64_t)(ns->medium.logical_block_size - 1);
}

/* Its own controller, and the others of the subsystem. */
static void for_each_ctrl(NvmeNamespace *ns, void (*fn)(NvmeCtrl *n, NvmeNamespace *ns))
{
    NvmeSubsys *s = ns->ctrl->subsys;

    fn(ns->ctrl, ns);
    for (unsigned i = 0; s && i < NVME_MAX_CONTROLLERS; i++) {
        if (s->ctrls[i] && s->ctrls[i] != ns->ctrl) {
            fn(s->ctrls[i], ns);
        }
    }
}

static void tell_changed(NvmeCtrl *n, NvmeNamespace *ns)
{
    if (n->namespaces[ns->nsid] == ns) {
        nvme_namespace_changed(n, ns->nsid);
    }
}

/* All controllers that see it tell their drivers. */
static void resized(void *opaque)
{
    NvmeNamespace *ns = opaque;

    set_size(ns, blk_getlength(ns->blk));
    for_each_ctrl(ns, tell_changed);
}

static bool setup(NvmeCtrl *n, NvmeNamespace *ns, Error **errp)
{
    NvmeMedium *m = &ns->medium;
    int64_t len;

    m->logical_block_size = m->logical_block_size ? m->logical_block_size : BLOCK_SIZE_MIN;
    if (m->discard_granularity == NVME_GRANULARITY_AUTO) {
        m->discard_granularity = MAX(m->logical_block_size, DISCARD_GRANULARITY);
    }
    if (!check_medium(m, errp)) {
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
    if (m->write_cache != ON_OFF_AUTO_AUTO) {
        blk_set_enable_write_cache(ns->blk, m->write_cache == ON_OFF_AUTO_ON);
    }
    ns->block_shift = ctz32(m->logical_block_size);
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

/* A number that no other namespace of this machine has. */
static void choose_eui64(NvmeNamespace *ns)
{
    static uint64_t made;

    made++;
    if (ns->eui64_default && !ns->eui64) {
        ns->eui64 = EUI64_FIRST + made;
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
    choose_eui64(ns);
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
static void forget_stopped(NvmeCtrl *n, NvmeNamespace *ns)
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
}

static void withdraw(NvmeCtrl *n, NvmeNamespace *ns)
{
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
    for_each_ctrl(ns, withdraw);        /* no command finds it any more, else a busy guest would keep it here */
    blk_drain(ns->blk);
    for_each_ctrl(ns, forget_stopped);
    if (s) {
        s->namespaces[ns->nsid] = NULL;
    }
    ns->ctrl = NULL;
}

/* --- The property nguid ------------------------------------------------------------------------------- */

static json_t *get_nguid(const void *field, const Property *prop)
{
    const uint8_t *d = ((const NvmeNguid *)field)->data;
    char text[2 * sizeof(NvmeNguid) + 1];

    for (unsigned i = 0; i < sizeof(NvmeNguid); i++) {
        snprintf(text + 2 * i, 3, "%02x", d[i]);
    }
    return json_string(text);
}

/* Bytes, with or without a dash between two. */
static bool parse_nguid(const char *s, uint8_t *out)
{
    for (unsigned i = 0; i < sizeof(NvmeNguid); i++) {
        s += i && *s == '-';
        if (!g_ascii_isxdigit(s[0]) || !g_ascii_isxdigit(s[1])) {
            return false;
        }
        out[i] = g_ascii_xdigit_value(s[0]) << 4 | g_ascii_xdigit_value(s[1]);
        s += 2;
    }
    return !*s;
}

static bool set_nguid(Object *obj, void *field, const Property *prop, const json_t *value, Error **errp)
{
    const char *s = option_str(value, prop->name, errp);
    g_autofree char *random = s && !strcmp(s, "auto") ? g_uuid_string_random() : NULL;
    NvmeNguid nguid;

    if (!s) {
        return false;
    }
    if (!parse_nguid(random ? random : s, nguid.data)) {
        error_setg(errp, "nguid=%s must be 32 hexadecimal digits or \"auto\"", s);
        return false;
    }
    *(NvmeNguid *)field = nguid;
    return true;
}

static const PropertyInfo nguid_prop = {
    .type = "str", .description = "16 bytes in hexadecimal; auto: random ones", .get = get_nguid, .set = set_nguid,
};

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
    DEFINE_NVME_MEDIUM_PROPS(NvmeNamespace, medium),
    DEFINE_PROP_UINT64("eui64", NvmeNamespace, eui64, 0),
    DEFINE_PROP_BOOL("eui64-default", NvmeNamespace, eui64_default, false),
    DEFINE_PROP("nguid", NvmeNamespace, nguid, nguid_prop, NvmeNguid),
    DEFINE_PROP_UUID("uuid", NvmeNamespace, uuid),
    DEFINE_PROP_BOOL("shared", NvmeNamespace, shared, true),
};

static const PropertyDoc ns_docs[] = {
    NVME_MEDIUM_DOCS, { "eui64-default", "Without eui64=, make one up from the order of namespaces" }, { NULL, NULL }
};

static void ns_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->bus_type = TYPE_NVME_BUS;
    dc->realize = ns_realize;
    dc->unrealize = ns_unrealize;
    dc->user_creatable = true;
    dc->hotpluggable = false;
    dc->desc = "Namespace of an NVMe controller";
    dc->categories |= BIT(DEVICE_CATEGORY_STORAGE);
    device_class_set_props(dc, ns_properties);
    device_class_describe_props(dc, ns_docs);
}

static const TypeInfo ns_infos[] = {
    {
        .name = TYPE_NVME_NS, .parent = TYPE_DEVICE, .instance_size = sizeof(NvmeNamespace), .class_init = ns_class_init,
    },
    { .name = TYPE_NVME_BUS, .parent = TYPE_BUS, .instance_size = sizeof(BusState) },
};
DEFINE_TYPES(ns_infos)
