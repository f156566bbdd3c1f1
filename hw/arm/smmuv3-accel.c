/*
 * accel=on: one vSMMU bound to one physical SMMU.
 *
 * The first vfio-pci device behind the vSMMU chooses the physical SMMU and
 * brings up what this vSMMU needs on the host, in the order the kernel wants:
 * fault queue if there is one, stage 2 (its own: ASIDs of two vSMMUs never meet
 * under one VMID), vIOMMU, bypass and abort tables, event queue. A device is attached to one of these at
 * plug, so it is never in bypass when the guest says abort. The last device takes
 * it all down. Tables of the guest: smmuv3-accel-ste.c; invalidations:
 * -inval.c; events: -event.c; page requests: -fault.c; ID registers: -caps.c; hardware command queues:
 * -cmdqv.c.
 *
 * Only bridges and vfio-pci devices with iommufd may sit behind it: nothing
 * here can translate for an emulated device. Bridges send nothing but MSIs, which
 * go to the doorbell whatever address the guest gave them.
 *
 * Control plane: machine lock, then vSMMU lock. Everything from the guest:
 * vSMMU lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-accel.h"
#include "hw/arm/virt.h"
#include "hw/pci/pci_bridge.h"
#include "util/migration-blocker.h"
#include "hw_arm.trace.h"

/* Every vSMMU with accel=on; machine lock. */
static GSList *accels;

/* --- Bringing up and taking down ------------------------------------------------------ */

static bool stage2_taken(IOMMUFDBackend *be, uint32_t s2_id)
{
    for (GSList *l = accels; l; l = l->next) {
        const SMMUv3Accel *a = l->data;

        if (a->be == be && a->s2_id == s2_id) {
            return true;
        }
    }
    return false;
}

static bool stage2_get(SMMUv3Accel *a, HostIOMMUDevice *hiod, Error **errp)
{
    if (hiod->hwpt_id && !stage2_taken(hiod->iommufd, hiod->hwpt_id)) {
        a->s2_id = hiod->hwpt_id;
        a->own_s2 = false;
        return true;
    }
    a->own_s2 = iommufd_backend_alloc_hwpt(hiod->iommufd, hiod->devid, hiod->ioas_id, IOMMU_HWPT_ALLOC_NEST_PARENT,
                                           IOMMU_HWPT_DATA_NONE, 0, NULL, 0, &a->s2_id, errp);
    return a->own_s2;
}

static bool fixed_table(SMMUv3Accel *a, HostIOMMUDevice *hiod, unsigned config, uint32_t *id, Error **errp)
{
    struct iommu_hwpt_arm_smmuv3 data = {
        .ste = { htole64(FIELD_DP64(FIELD_MASK(STE0, V), STE0, CONFIG, config)), 0 },
    };

    return iommufd_backend_alloc_hwpt(a->be, hiod->devid, a->viommu_id, 0, IOMMU_HWPT_DATA_ARM_SMMUV3, sizeof(data), &data, 0, id, errp);
}

static void free_id(SMMUv3Accel *a, uint32_t *id)
{
    if (*id) {
        iommufd_backend_free_id(a->be, *id);
        *id = 0;
    }
}

static void take_down(SMMUv3Accel *a)
{
    accel_events_stop(a);
    accel_cmdqv_stop(a);
    free_id(a, &a->abort_id);
    free_id(a, &a->bypass_id);
    free_id(a, &a->viommu_id);
    if (a->own_s2) {
        free_id(a, &a->s2_id);
    }
    a->s2_id = 0;
    accel_faults_stop(a);
    a->own_s2 = false;
    a->be = NULL;
    g_clear_pointer(&a->first, g_free);
    a->n_batch = 0;
}

static bool alloc_viommu(SMMUv3Accel *a, HostIOMMUDevice *hiod, Error **errp);

/* The host has a limited number of VINTFs. A guest that was not told of one yet can do without. */
static bool alloc_viommu_with_queues(SMMUv3Accel *a, HostIOMMUDevice *hiod, Error **errp)
{
    ERRP_GUARD();

    if (accel_cmdqv_start(a, hiod->devid, errp)) {
        return true;
    }
    error_prepend(errp, "%s: the host has no hardware command queues left for %s: ", smmuv3_name(a->s), hiod->name);
    if (a->s->cmdqv == ON_OFF_AUTO_ON || a->cmdqv.decided) {
        error_append_hint(errp, "use arm-smmuv3,cmdqv=off\n");
        return false;
    }
    warn_report("%s; the guest gets none", error_get_pretty(*errp));
    error_free(*errp);
    *errp = NULL;
    accel_caps_without_cmdqv(a);
    return alloc_viommu(a, hiod, errp);
}

static bool alloc_viommu(SMMUv3Accel *a, HostIOMMUDevice *hiod, Error **errp)
{
    ERRP_GUARD();

    if (a->cmdqv.on) {
        return alloc_viommu_with_queues(a, hiod, errp);
    }
    if (!iommufd_backend_alloc_viommu(a->be, hiod->devid, IOMMU_VIOMMU_TYPE_ARM_SMMUV3, a->s2_id, NULL, 0, &a->viommu_id, errp)) {
        error_prepend(errp, "%s: the host cannot nest for %s: ", smmuv3_name(a->s), hiod->name);
        error_append_hint(errp, "nesting needs Linux 6.13 or newer, and either S2FWB in the host SMMUv3 or firmware that marks the device "
                          "coherent with IORT's CANWBS\n");
        return false;
    }
    return true;
}

/* Page requests first: whether the guest is told of them depends on it. */
static bool bring_up(SMMUv3Accel *a, HostIOMMUDevice *hiod, Error **errp)
{
    a->be = hiod->iommufd;
    accel_faults_start(a, hiod);
    if (!accel_caps_adopt(a, hiod, errp) || !stage2_get(a, hiod, errp)) {
        take_down(a);
        return false;
    }
    a->ioas_id = hiod->ioas_id;
    a->first_s2 = hiod->hwpt_id;
    a->first = g_strdup(hiod->name);
    if (!alloc_viommu(a, hiod, errp) || !fixed_table(a, hiod, STE_CFG_BYPASS, &a->bypass_id, errp) ||
        !fixed_table(a, hiod, STE_CFG_ABORT, &a->abort_id, errp)) {
        take_down(a);
        return false;
    }
    accel_events_start(a);
    trace_smmuv3_accel_bring_up(a->viommu_id, a->s2_id, a->bypass_id, a->abort_id);
    return true;
}

static bool same_place(SMMUv3Accel *a, const HostIOMMUDevice *hiod, Error **errp)
{
    if (a->be != hiod->iommufd || a->ioas_id != hiod->ioas_id) {
        error_setg(errp, "%s: %s uses another iommufd object than %s; give both the same iommufd=", smmuv3_name(a->s), hiod->name, a->first);
        return false;
    }
    if (a->first_s2 != hiod->hwpt_id) {
        error_setg(errp, "%s: %s is behind another physical SMMU than %s; one arm-smmuv3 serves the devices of one physical SMMU, "
                   "add a second pxb-pcie with its own arm-smmuv3", smmuv3_name(a->s), hiod->name, a->first);
        return false;
    }
    return true;
}

/* --- Devices ------------------------------------------------------------------------------ */

static AccelDev *find_dev(SMMUv3Accel *a, PCIBus *bus, int devfn)
{
    for (unsigned i = 0; i < a->devs->len; i++) {
        AccelDev *d = a->devs->pdata[i];

        if (d->bus == bus && d->devfn == devfn) {
            return d;
        }
    }
    return NULL;
}

static AccelGroup *group_get(SMMUv3Accel *a, uint32_t host_group)
{
    AccelGroup *g;

    for (unsigned i = 0; host_group != UINT32_MAX && i < a->groups->len; i++) {
        g = a->groups->pdata[i];
        if (g->host_group == host_group) {
            return g;
        }
    }
    g = g_new0(AccelGroup, 1);
    g->host_group = host_group;
    g->devs = g_ptr_array_new();
    g_ptr_array_add(a->groups, g);
    return g;
}

static void group_put_if_empty(SMMUv3Accel *a, AccelGroup *g)
{
    if (!g->devs->len) {
        accel_table_put(a, g->table);
        g_ptr_array_remove(a->groups, g);
        g_ptr_array_free(g->devs, true);
        g_free(g);
    }
}

/* The device leaves with its DMA blocked; those left in its group may now agree. */
static void drop_dev(SMMUv3Accel *a, AccelDev *d)
{
    AccelGroup *g = d->group;
    Error *err = NULL;

    if (!host_iommu_device_iommufd_detach_hwpt(d->hiod, &err)) {
        accel_note_error(a, err);
    }
    accel_vdev_free(a, d);
    g_ptr_array_remove(g->devs, d);
    g_ptr_array_remove(a->devs, d);
    accel_faults_forget(a, d);
    object_unref(d->hiod);
    g_free(d->last_error);
    g_free(d);
    if (g->devs->len) {
        accel_group_settle(a, g);
        accel_batch_flush(a);
    }
    group_put_if_empty(a, g);
    if (!a->devs->len) {
        take_down(a);
        accel_caps_device_gone(a);
    }
}

/* First where it does no harm, with an error to give; then where the guest wants it. */
static bool add_dev(SMMUv3Accel *a, PCIBus *bus, int devfn, HostIOMMUDevice *hiod, Error **errp)
{
    ERRP_GUARD();
    AccelDev *d = g_new0(AccelDev, 1);

    d->bus = bus;
    d->devfn = devfn;
    d->hiod = hiod;
    object_ref(hiod);
    d->sid = PCI_BUILD_BDF(pci_bus_num(bus), devfn);
    d->group = group_get(a, hiod->group_id);
    g_ptr_array_add(d->group->devs, d);
    g_ptr_array_add(a->devs, d);
    accel_evaluate(a, d);
    if (!accel_group_attach(a, d->group, d->want == ACCEL_BYPASS ? a->bypass_id : a->abort_id, NULL, errp)) {
        error_prepend(errp, "%s: %s cannot be attached beside %s, is it behind another physical SMMU? ",
                      smmuv3_name(a->s), hiod->name, a->first);
        drop_dev(a, d);
        return false;
    }
    accel_group_settle(a, d->group);
    accel_batch_flush(a);
    return true;
}

static bool set_iommu_device_locked(SMMUv3Accel *a, PCIBus *bus, int devfn, HostIOMMUDevice *hiod, Error **errp)
{
    if (find_dev(a, bus, devfn)) {
        error_setg(errp, "%s: a device is already at %s.%d", smmuv3_name(a->s), bus->qbus.name, devfn);
        return false;
    }
    if (a->cmdqv.on && a->be && a->devs->len >= a->cmdqv.streams) {
        error_setg(errp, "%s: the hardware command queues (cmdqv) serve %u devices, all in use; put %s behind another arm-smmuv3, or use cmdqv=off",
                   smmuv3_name(a->s), a->cmdqv.streams, hiod->name);
        return false;
    }
    if (a->be ? !accel_caps_adopt(a, hiod, errp) || !same_place(a, hiod, errp) : !bring_up(a, hiod, errp)) {
        accel_caps_device_gone(a);
        return false;
    }
    /* The device is shown with no more PASIDs than the guest's SMMU has SubstreamIDs. */
    hiod->caps.max_pasid_log2 = MIN(hiod->caps.max_pasid_log2, smmuv3_ssidsize(a->s));
    return add_dev(a, bus, devfn, hiod, errp);
}

static bool accel_set_iommu_device(PCIBus *bus, void *opaque, int devfn, HostIOMMUDevice *hiod, Error **errp)
{
    SMMUv3State *s = opaque;

    g_mutex_lock(&s->lock);
    bool ok = set_iommu_device_locked(s->accel_state, bus, devfn, hiod, errp);
    g_mutex_unlock(&s->lock);
    trace_smmuv3_accel_set_iommu_device(devfn, hiod->devid, ok);
    return ok;
}

static void accel_unset_iommu_device(PCIBus *bus, void *opaque, int devfn)
{
    SMMUv3State *s = opaque;
    AccelDev *d;

    g_mutex_lock(&s->lock);
    d = find_dev(s->accel_state, bus, devfn);
    if (d) {
        trace_smmuv3_accel_unset_iommu_device(devfn, d->hiod->devid);
        drop_dev(s->accel_state, d);
    }
    g_mutex_unlock(&s->lock);
}

static void accel_rid_changed(PCIBus *bus, void *opaque, int devfn)
{
    SMMUv3State *s = opaque;

    g_mutex_lock(&s->lock);
    accel_refresh_sids(s->accel_state);
    accel_apply(s->accel_state);
    accel_batch_flush(s->accel_state);
    g_mutex_unlock(&s->lock);
}

/* --- What else the PCI bus asks --------------------------------------------------------------- */

static bool is_bridge(PCIDevice *dev)
{
    return object_dynamic_cast(OBJECT(dev), TYPE_PCI_BRIDGE) || PCI_DEVICE_GET_CLASS(dev)->is_bridge ||
           PCI_DEVICE_GET_CLASS(dev)->class_id == PCI_CLASS_BRIDGE_HOST;
}

static bool device_fits(SMMUv3State *s, PCIDevice *dev, Error **errp)
{
    const char *type = object_get_typename(OBJECT(dev));

    /* Below a conventional bridge functions have no StreamIDs of their own. */
    if (!pci_bus_is_express(pci_get_bus(dev)) || (object_dynamic_cast(OBJECT(dev), TYPE_PCI_BRIDGE) && !pci_is_express(dev))) {
        error_setg(errp, "%s with accel=on serves PCI Express only; %s is, or is behind, a conventional PCI bridge", smmuv3_name(s), type);
        return false;
    }
    if (is_bridge(dev)) {
        return true;
    }
    if (strcmp(type, "vfio-pci")) {
        error_setg(errp, "%s with accel=on translates for vfio-pci devices only; put %s on a root bus without it", smmuv3_name(s), type);
        return false;
    }
    if (!object_property_get_link(OBJECT(dev), "iommufd", NULL)) {
        error_setg(errp, "%s with accel=on needs vfio-pci,iommufd=ID with an -object iommufd,id=ID", smmuv3_name(s));
        return false;
    }
    return true;
}

static bool accel_supports_address_space(PCIBus *bus, void *opaque, int devfn, Error **errp)
{
    PCIDevice *dev = bus->devices[devfn];

    if (!dev) {                         /* an alias: the function itself is behind a conventional bridge */
        error_setg(errp, "%s with accel=on serves PCI Express only, nothing behind a conventional PCI bridge", smmuv3_name(opaque));
        return false;
    }
    return device_fits(opaque, dev, errp);
}

static AddressSpace *accel_get_address_space(PCIBus *bus, void *opaque, int devfn)
{
    SMMUv3State *s = opaque;
    PCIDevice *dev = bus->devices[devfn];

    return dev && is_bridge(dev) ? &s->accel_state->bridge_as : &address_space_memory;
}

static uint64_t accel_get_viommu_flags(void *opaque)
{
    SMMUv3State *s = opaque;
    SMMUv3Accel *a = s->accel_state;
    uint64_t flags = VIOMMU_FLAG_WANT_NESTING_PARENT;

    g_mutex_lock(&s->lock);
    bool open = !a->frozen && !a->resolved;
    if (open ? s->ssidsize != 0 : smmuv3_ssidsize(s) != 0) {
        flags |= VIOMMU_FLAG_PASID_SUPPORTED;
    }
    if (open ? s->ats != ON_OFF_AUTO_OFF : smmuv3_has_ats(s)) {
        flags |= VIOMMU_FLAG_ATS_SUPPORTED;
    }
    if (open ? s->x_pri != ON_OFF_AUTO_OFF : smmuv3_has_pri(s)) {
        flags |= VIOMMU_FLAG_PRI_SUPPORTED;
    }
    g_mutex_unlock(&s->lock);
    return flags;
}

/* The host writes device MSIs through its own window; what the guest gave as address only has to be mapped there. */
static bool accel_get_msi_direct_gpa(PCIBus *bus, void *opaque, int devfn, uint64_t iova, uint64_t *gpa)
{
    SMMUv3State *s = opaque;

    *gpa = s->msi_gpa;
    return s->msi_gpa != 0;
}

static const PCIIOMMUOps accel_pci_ops = {
    .supports_address_space = accel_supports_address_space,
    .get_address_space = accel_get_address_space,
    .get_viommu_flags = accel_get_viommu_flags,
    .set_iommu_device = accel_set_iommu_device,
    .unset_iommu_device = accel_unset_iommu_device,
    .get_msi_direct_gpa = accel_get_msi_direct_gpa,
    .rid_changed = accel_rid_changed,
};

/* --- MSIs of bridges ------------------------------------------------------------------------------ */

static MemTxResult msi_window_read(void *opaque, hwaddr addr, uint64_t *data, unsigned size, MemTxAttrs attrs)
{
    *data = 0;
    return MEMTX_ACCESS_ERROR;
}

static MemTxResult msi_window_write(void *opaque, hwaddr addr, uint64_t data, unsigned size, MemTxAttrs attrs)
{
    SMMUv3State *s = opaque;
    MemTxResult r;

    if (size != 4) {
        return MEMTX_ACCESS_ERROR;
    }
    address_space_stn_le(&address_space_memory, s->msi_gpa ? s->msi_gpa : addr, 4, data, attrs, &r);
    return r;
}

static const MemoryRegionOps msi_window_ops = {
    .read_with_attrs = msi_window_read, .write_with_attrs = msi_window_write, .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 4 },
};

/* --- The engine: what registers and commands cause ---------------------------------------------------- */

static void accel_cfgi_ste(SMMUv3State *s, uint32_t first, uint32_t last)
{
    accel_mark(s->accel_state, first, last);
}

static void accel_engine_invalidate(SMMUv3State *s, const uint64_t cmd[CMD_WORDS])
{
    uint8_t op = FIELD_EX64(cmd[0], CMD0, OPCODE);

    if (op == CMD_CFGI_CD || op == CMD_CFGI_CD_ALL) {
        accel_context_changed(s->accel_state, FIELD_EX64(cmd[0], CMD0, SID));
    }
    accel_apply(s->accel_state);
    accel_invalidate(s->accel_state, cmd);
}

/* Answers last: a device goes on when all that the guest asked for before is done. */
static bool accel_flush(SMMUv3State *s)
{
    accel_apply(s->accel_state);
    bool ok = accel_batch_flush(s->accel_state);
    accel_answers_flush(s->accel_state);
    return ok;
}

static void accel_engine_respond(SMMUv3State *s, const uint64_t cmd[CMD_WORDS])
{
    accel_apply(s->accel_state);        /* a table replaced is an answer already given */
    accel_respond(s->accel_state, cmd);
}

static void accel_queues_changed(SMMUv3State *s)
{
    SMMUv3Accel *a = s->accel_state;

    accel_faults_show(a);
    if (!accel_events_fit(a)) {
        qemu_bh_schedule(a->resize_bh);
    }
}

static void accel_config_changed(SMMUv3State *s)
{
    accel_mark(s->accel_state, 0, UINT32_MAX);
    accel_apply(s->accel_state);
}

static void accel_reset(SMMUv3State *s)
{
    SMMUv3Accel *a = s->accel_state;

    a->n_batch = 0;
    accel_cmdqv_reset(a);
    accel_config_changed(s);
    accel_invalidate_all(a);
    accel_faults_refuse_all(a);
    accel_events_drop(a);
    accel_queues_changed(s);
    accel_caps_reopen(a);
}

static const SMMUv3Engine accel_engine = {
    .pci_ops = &accel_pci_ops, .cfgi_ste = accel_cfgi_ste, .invalidate = accel_engine_invalidate, .flush = accel_flush,
    .config_changed = accel_config_changed, .reset = accel_reset, .respond = accel_engine_respond, .queues_changed = accel_queues_changed,
};

/* --- The device's side ---------------------------------------------------------------------------------- */

static bool host_ready(Error **errp)
{
#ifdef CONFIG_HOSTSIM
    if (qtest_enabled()) {
        return true;
    }
#endif
    if (!kvm_enabled()) {
        error_setg(errp, "arm-smmuv3,accel=on needs -accel kvm");
        return false;
    }
    if (!kvm_irqchip_in_kernel()) {
        error_setg(errp, "arm-smmuv3,accel=on needs KVM's in-kernel interrupt controller; remove kernel-irqchip=off");
        return false;
    }
    return true;
}

static bool machine_ready(Error **errp)
{
    Object *m = current_machine ? object_dynamic_cast(OBJECT(current_machine), TYPE_VIRT_MACHINE) : NULL;

    if (m && !virt_is_acpi_enabled(VIRT_MACHINE(m))) {
        error_setg(errp, "arm-smmuv3,accel=on needs ACPI: only its tables can describe the MSI window; remove acpi=off");
        return false;
    }
    return true;
}

static bool emulated_only(SMMUv3State *s, Error **errp)
{
    if (s->stage && strcmp(s->stage, "1")) {
        error_setg(errp, "arm-smmuv3,accel=on gives the guest stage 1 only (the host has stage 2); remove stage=%s", s->stage);
        return false;
    }
    return true;
}

/* What came before us on the command line was not attached through us. */
typedef struct Present { SMMUv3State *s; Error **errp; bool ok; } Present;
static void check_present(PCIBus *bus, PCIDevice *dev, void *opaque)
{
    Present *p = opaque;

    if (p->s->smmu_per_bus && pci_device_root_bus(dev) != p->s->primary_bus) {
        return;                         /* an extra root below this one has its own */
    }
    if (p->ok && !device_fits(p->s, dev, p->errp)) {
        p->ok = false;
    } else if (p->ok && !is_bridge(dev)) {
        error_setg(p->errp, "arm-smmuv3 must come before the vfio-pci devices behind it on the command line");
        p->ok = false;
    }
}

static guint table_hash(gconstpointer key)
{
    const AccelTable *t = key;

    return g_int64_hash(&t->ste[0]) ^ g_int64_hash(&t->ste[1]) ^ t->faults;
}

static gboolean table_equal(gconstpointer x, gconstpointer y)
{
    const AccelTable *s = x, *t = y;

    return s->ste[0] == t->ste[0] && s->ste[1] == t->ste[1] && s->faults == t->faults;
}

static void accel_free(SMMUv3State *s)
{
    SMMUv3Accel *a = s->accel_state;

    s->accel_state = NULL;
    accel_cmdqv_free(a);
    timer_free(a->conflict_timer);
    qemu_bh_delete(a->resize_bh);
    g_array_free(a->faults, true);
    g_ptr_array_free(a->devs, true);
    g_ptr_array_free(a->groups, true);
    g_hash_table_destroy(a->tables);
    g_hash_table_destroy(a->by_sid);
    g_free(a->last_error);
    g_free(a);
}

bool accel_setup(SMMUv3State *s, Error **errp)
{
    SMMUv3Accel *a = s->accel_state = g_new0(SMMUv3Accel, 1);

    a->s = s;
    a->devs = g_ptr_array_new();
    a->groups = g_ptr_array_new();
    a->by_sid = g_hash_table_new(NULL, NULL);
    a->tables = g_hash_table_new_full(table_hash, table_equal, g_free, NULL);
    a->faults = g_array_new(false, false, sizeof(AccelFault));
    a->resize_bh = qemu_bh_new(accel_events_resize, a);
    a->conflict_timer = timer_new_ns(QEMU_CLOCK_REALTIME, accel_conflicts_due, a);
    accel_caps_init(a);
    s->engine = &accel_engine;
    memory_region_init_io(&a->msi_window, OBJECT(s), &msi_window_ops, s, "smmuv3-bridge-msi", UINT64_MAX);
    address_space_init(&a->bridge_as, &a->msi_window, "smmuv3-bridges");
    accels = g_slist_prepend(accels, a);
    return true;
}

bool smmuv3_accel_realize(SMMUv3State *s, Error **errp)
{
    Present present = { .s = s, .errp = errp, .ok = true };

    if (!host_ready(errp) || !machine_ready(errp) || !emulated_only(s, errp)) {
        return false;
    }
    pci_for_each_device_under_bus(s->primary_bus, check_present, &present);
    if (!present.ok || !accel_setup(s, errp)) {
        return false;
    }
    g_autofree char *reason = g_strdup_printf("%s: accel=on translates with the host's SMMU, whose state cannot be moved", smmuv3_name(s));
    migrate_add_blocker(s, reason);
    return true;
}

void smmuv3_accel_unrealize(SMMUv3State *s)
{
    SMMUv3Accel *a = s->accel_state;

    if (!a) {
        return;
    }
    g_mutex_lock(&s->lock);
    while (a->devs->len) {
        drop_dev(a, a->devs->pdata[0]);
    }
    g_mutex_unlock(&s->lock);
    migrate_del_blocker(s);
    accels = g_slist_remove(accels, a);
    address_space_destroy(&a->bridge_as);
    object_unparent(OBJECT(&a->msi_window));
    accel_free(s);
}
