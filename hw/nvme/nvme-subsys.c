/*
 * An NVM subsystem: several controllers under one name that share namespaces
 * (NVM Express 1.4 section 1.6.27). Controllers name it with subsys=; their
 * nvme-ns devices are seen by all of them unless shared=off.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nvme.h"

#define NQN_PREFIX      "nqn.2019-08.org.qemu:"
#define NQN_MAX         223

bool nvme_subsys_join(NvmeCtrl *n, Error **errp)
{
    NvmeSubsys *s = n->subsys;
    unsigned id = 0;

    if (!s) {
        return true;
    }
    while (id < NVME_MAX_CONTROLLERS && s->ctrls[id]) {
        id++;
    }
    if (id == NVME_MAX_CONTROLLERS) {
        error_setg(errp, "subsys=%s has %u controllers, the most it can have", s->parent_obj.id, NVME_MAX_CONTROLLERS);
        return false;
    }
    n->cntlid = id;
    s->ctrls[id] = n;
    for (uint32_t i = 1; i <= NVME_MAX_NAMESPACES; i++) {
        n->namespaces[i] = s->namespaces[i] && s->namespaces[i]->shared ? s->namespaces[i] : NULL;
    }
    return true;
}

void nvme_subsys_leave(NvmeCtrl *n)
{
    if (n->subsys) {
        n->subsys->ctrls[n->cntlid] = NULL;
    }
}

/* Ids of controllers from @first on: those that see @nsid, or all of them for 0 (section 5.15.2.11). */
void nvme_subsys_list_controllers(const NvmeSubsys *s, uint32_t nsid, uint16_t first, uint8_t *list)
{
    uint16_t count = 0;

    for (unsigned id = first; id < NVME_MAX_CONTROLLERS; id++) {
        if (s->ctrls[id] && (!nsid || s->ctrls[id]->namespaces[nsid])) {
            stw_le_p(list + 2 + 2 * count++, id);
        }
    }
    stw_le_p(list, count);
}

static bool subsys_realize(DeviceState *dev, Error **errp)
{
    NvmeSubsys *s = NVME_SUBSYS(dev);
    const char *name = s->nqn && *s->nqn ? s->nqn : dev->id;

    if (!name) {
        error_setg(errp, "nvme-subsys: id= is missing, controllers need it to name the subsystem");
        return false;
    }
    s->subnqn = g_strconcat(NQN_PREFIX, name, NULL);
    if (strlen(s->subnqn) > NQN_MAX) {
        error_setg(errp, "nvme-subsys: nqn=%.32s... is too long, %zu characters are the most", name, NQN_MAX - strlen(NQN_PREFIX));
        return false;
    }
    return true;
}

static void subsys_finalize(Object *obj)
{
    g_free(((NvmeSubsys *)obj)->subnqn);
}

static const Property subsys_properties[] = {
    DEFINE_PROP_STRING("nqn", NvmeSubsys, nqn),
};

static void subsys_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = subsys_realize;
    dc->user_creatable = true;
    dc->hotpluggable = false;
    dc->desc = "NVMe controllers that belong together";
    dc->categories |= BIT(DEVICE_CATEGORY_STORAGE);
    device_class_set_props(dc, subsys_properties);
}

static const TypeInfo subsys_info = {
    .name = TYPE_NVME_SUBSYS, .parent = TYPE_DEVICE, .instance_size = sizeof(NvmeSubsys), .class_init = subsys_class_init,
    .instance_finalize = subsys_finalize,
};
DEFINE_TYPE(subsys_info)
