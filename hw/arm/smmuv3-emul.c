/*
 * The emulated SMMUv3: DMA of emulated functions, translated in software.
 *
 * Each function behind it has an address space that is one IOMMU region. A
 * transaction looks, in this order, in the function's own few translations
 * (no lock), the IOTLB and the tables (vSMMU lock, never the machine lock).
 * Faults become event records (IHI 0070 7.3), ATS requests answers (3.9).
 *
 * Attributes: a PCI function without PASID is unprivileged and reads data; with
 * PASID it says which. Memory types are not observable here.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-emul.h"
#include "util/main-loop.h"
#include "hw_arm.trace.h"

#define TYPE_SMMUV3_IOMMU_REGION "arm-smmuv3-iommu-memory-region"
#define SSID_VALID BIT(31)

/* One transaction, or ATS request, on its way through. */
typedef struct Transaction {
    uint64_t input;                     /* as the device gave it, which is what events show */
    uint64_t iova;                      /* without what TBI ignores */
    uint32_t sid, ssid;                 /* SSID_VALID or 0 */
    SMMUAccess access;
    bool ats_request;
    bool mev;                           /* of its STE, once that is known */
} Transaction;

/* Starts with 1: an empty entry has 0. */
void smmu_emul_new_generation(SMMUv3Emul *e)
{
    uint32_t next = e->generation + 1;

    __atomic_store_n(&e->generation, next ? next : 1, __ATOMIC_RELEASE);
}

/* --- Without a lock ------------------------------------------------------------------- */

static SMMUFast *fast_slot(SMMUDevice *d, const Transaction *t)
{
    uint64_t page = t->iova >> 12;

    return &d->fast[(page ^ page >> 6 ^ t->ssid) % SMMU_FAST_ENTRIES];
}

static bool fast_find(SMMUDevice *d, const Transaction *t, SMMULeaf *leaf)
{
    SMMUFast *f = fast_slot(d, t), copy;
    uint32_t seq = __atomic_load_n(&f->seq, __ATOMIC_ACQUIRE);

    memcpy(&copy, f, sizeof(copy));
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if ((seq & 1) || __atomic_load_n(&f->seq, __ATOMIC_RELAXED) != seq ||
        copy.generation != __atomic_load_n(&d->s->emul->generation, __ATOMIC_ACQUIRE) || copy.sid != t->sid || copy.ssid != t->ssid ||
        (t->iova ^ copy.iova) >> copy.shift || smmu_refusing_stage(copy.perm, t->access)) {
        return false;
    }
    *leaf = (SMMULeaf) { .out = copy.out, .perm = copy.perm, .shift = copy.shift };
    return true;
}

static void fast_insert(SMMUDevice *d, const Transaction *t, const SMMULeaf *leaf)
{
    SMMUFast *f = fast_slot(d, t);
    uint32_t seq = f->seq;

    __atomic_store_n(&f->seq, seq + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    f->generation = d->s->emul->generation;
    f->sid = t->sid;
    f->ssid = t->ssid;
    f->iova = t->iova & ~MAKE_64BIT_MASK(0, leaf->shift);
    f->out = leaf->out;
    f->perm = leaf->perm;
    f->shift = leaf->shift;
    __atomic_store_n(&f->seq, seq + 2, __ATOMIC_RELEASE);
}

/* --- Under the vSMMU lock ---------------------------------------------------------------- */

/* Valid until the next call. What is wrong is not kept: it is read again when the guest has put it right. */
static const SMMUConfig *config_of(SMMUDevice *d, const Transaction *t)
{
    SMMUConfigSlot *slot = &d->slot[t->ssid % SMMU_CONFIG_SLOTS];

    if (slot->generation != d->s->emul->config_generation || slot->sid != t->sid || slot->ssid != t->ssid) {
        smmuv3_config_fetch(d->s, t->sid, t->ssid & SSID_VALID, t->ssid & ~SSID_VALID, &slot->cfg);
        slot->generation = slot->cfg.disposal == SMMU_FAULT ? 0 : d->s->emul->config_generation;
        slot->sid = t->sid;
        slot->ssid = t->ssid;
    }
    return &slot->cfg;
}

static void record(SMMUDevice *d, const Transaction *t, SMMUEvent evt)
{
    evt.sid = t->sid;
    evt.ssv = t->ssid & SSID_VALID;
    evt.ssid = t->ssid & ~SSID_VALID;
    evt.mergeable = t->mev;
    evt.addr = t->input;
    evt.rnw = !t->access.write;
    evt.ind = t->access.exec;
    evt.pnu = t->access.priv;
    d->faults++;
    smmuv3_event_record(d->s, &evt);
}

/* CD.R and STE.S2R may keep faults of translation, and only those, to themselves; an ATS request is answered instead. */
static void record_walk_fault(SMMUDevice *d, const Transaction *t, const SMMUContext *c, const SMMUFault *f)
{
    bool translation = f->type != SMMU_EVT_F_WALK_EABT;

    if (translation && (t->ats_request || !(f->s2 ? c->s2_record : c->s1_record))) {
        d->faults++;
        smmuv3_count_fault(d->s, f->type);
        return;
    }
    record(d, t, (SMMUEvent) { .type = f->type, .s2 = f->s2, .class = f->class, .ipa = f->ipa });
}

static bool refused(SMMUDevice *d, const Transaction *t, const SMMUContext *c, const SMMULeaf *leaf)
{
    unsigned stage = smmu_refusing_stage(leaf->perm, t->access);
    SMMUFault f = { .type = SMMU_EVT_F_PERMISSION, .s2 = stage == 2, .class = EVT_CLASS_IN, .ipa = leaf->ipa };

    if (stage && !t->ats_request) {
        record_walk_fault(d, t, c, &f);
    }
    return stage && !t->ats_request;
}

static bool walk(SMMUDevice *d, const Transaction *t, const SMMUContext *c, SMMULeaf *leaf)
{
    SMMUReader reader = smmuv3_reader(d->s);
    SMMUFault fault;

    if (!smmu_walk(c, &reader, t->iova, leaf, &fault)) {
        /* what stage 1 refuses is never shown to stage 2 */
        bool s1_done = c->s1 && fault.s2 && fault.class == EVT_CLASS_IN;

        if (!s1_done || smmu_refusing_stage(leaf->perm, t->access) != 1 || !refused(d, t, c, leaf)) {
            record_walk_fault(d, t, c, &fault);
        }
        return false;
    }
    smmu_tlb_insert(&d->s->emul->tlb, c, t->iova, leaf);
    return !refused(d, t, c, leaf);
}

/* 3.4: an address that bypasses stage 1 is checked in its stead. */
static bool beyond_output(SMMUDevice *d, const Transaction *t)
{
    if (!t->ats_request) {
        record(d, t, (SMMUEvent) { .type = SMMU_EVT_F_ADDR_SIZE, .class = EVT_CLASS_IN });
    }
    return false;
}

static bool translate_by_tables(SMMUDevice *d, Transaction *t, const SMMUContext *c, SMMULeaf *leaf)
{
    const SMMUTlbEntry *e;

    if (!c->s1 && t->iova >> smmuv3_oas(d->s)) {       /* no IPA, thus not for stage 2 to judge */
        return beyond_output(d, t);
    }
    if (c->s1 && c->tt[extract64(t->iova, 55, 1)].tbi) {
        t->iova = sextract64(t->iova, 0, 56);
    }
    e = smmu_tlb_find(&d->s->emul->tlb, c, t->iova);
    if (e && !smmu_refusing_stage(e->perm, t->access)) {
        *leaf = (SMMULeaf) { .out = e->out, .perm = e->perm, .shift = e->shift };
        return true;
    }
    return walk(d, t, c, leaf);         /* again when it is refused: the record wants the intermediate address */
}

static void everything(SMMULeaf *leaf)
{
    *leaf = (SMMULeaf) { .out = 0, .perm = SMMU_S1_ALL | SMMU_S2_ALL, .shift = 63 };
}

static bool bypass(SMMUDevice *d, const Transaction *t, SMMULeaf *leaf)
{
    if (t->iova >> smmuv3_oas(d->s)) {
        return beyond_output(d, t);
    }
    *leaf = (SMMULeaf) { .out = 0, .perm = SMMU_S1_ALL | SMMU_S2_ALL, .shift = smmuv3_oas(d->s) };
    return true;
}

static bool refuses_ats(const SMMUConfig *cfg)
{
    return cfg->disposal == SMMU_BYPASS || (cfg->disposal == SMMU_TRANSLATE && cfg->eats != 1);
}

static void record_config_fault(SMMUDevice *d, const Transaction *t, const SMMUConfig *cfg)
{
    if (cfg->evt.s2) {
        record_walk_fault(d, t, &cfg->ctx, &(SMMUFault) { cfg->evt.type, true, cfg->evt.class, cfg->evt.ipa });
    } else {
        record(d, t, cfg->evt);
    }
}

static bool translate_locked(SMMUDevice *d, Transaction *t, SMMULeaf *leaf)
{
    const SMMUConfig *cfg;

    if (!smmuv3_enabled(d->s)) {
        everything(leaf);
        return !FIELD_EX32(d->s->gbpa, GBPA, ABORT) && !t->ats_request;
    }
    cfg = config_of(d, t);
    t->mev = cfg->mev;
    if (t->ats_request && refuses_ats(cfg)) {
        record(d, t, (SMMUEvent) { .type = SMMU_EVT_F_BAD_ATS_TREQ });
        return false;
    }
    switch (cfg->disposal) {
    case SMMU_FAULT:
        record_config_fault(d, t, cfg);
        return false;
    case SMMU_ABORT:
        return false;
    case SMMU_BYPASS:
        return bypass(d, t, leaf);
    default:
        return translate_by_tables(d, t, &cfg->ctx, leaf);
    }
}

/* A device with ATS gives an address it got from us. */
static bool translated_allowed(SMMUDevice *d, const Transaction *t)
{
    if (!smmuv3_enabled(d->s)) {
        return !FIELD_EX32(d->s->gbpa, GBPA, ABORT);
    }
    if (smmuv3_has_ats(d->s) && (!FIELD_EX32(d->s->cr0, CR0, ATSCHK) ||
                                 (config_of(d, t)->disposal != SMMU_FAULT && config_of(d, t)->eats == 1))) {
        return true;
    }
    record(d, t, (SMMUEvent) { .type = SMMU_EVT_F_TRANSL_FORBIDDEN });
    return false;
}

static IOMMUAccessFlags access_flags(uint16_t perm, bool exec, bool priv)
{
    SMMUAccess rd = { .exec = exec, .priv = priv }, wr = { .write = true, .priv = priv };

    return (smmu_refusing_stage(perm, rd) ? 0 : IOMMU_RO) | (smmu_refusing_stage(perm, wr) ? 0 : IOMMU_WO);
}

static IOMMUTLBEntry entry_of(SMMUDevice *d, const Transaction *t, const SMMULeaf *leaf)
{
    uint64_t mask = leaf->shift >= 63 ? UINT64_MAX : MAKE_64BIT_MASK(0, leaf->shift);

    return (IOMMUTLBEntry) {
        .target_as = d->s->as, .iova = t->iova & ~mask, .translated_addr = leaf->out, .addr_mask = mask,
        .perm = access_flags(leaf->perm, t->access.exec, t->access.priv), .pasid = t->ssid & ~SSID_VALID,
    };
}

static IOMMUTLBEntry smmu_translate(IOMMUMemoryRegion *mr, hwaddr addr, IOMMUAccessFlags flag, MemTxAttrs attrs)
{
    SMMUDevice *d = container_of(mr, SMMUDevice, iommu);
    Transaction t = {
        .input = addr, .iova = addr, .sid = smmu_device_sid(d), .ssid = attrs.pid ? SSID_VALID | attrs.pasid : 0,
        .access = { .write = flag & IOMMU_WO, .exec = attrs.exec && !(flag & IOMMU_WO), .priv = attrs.pid && !attrs.user },
    };
    SMMULeaf leaf;
    bool ok;

    if (attrs.address_type != 2 && fast_find(d, &t, &leaf)) {
        return entry_of(d, &t, &leaf);
    }
    g_mutex_lock(&d->s->lock);
    if (attrs.address_type == 2) {
        ok = translated_allowed(d, &t) && bypass(d, &t, &leaf);
    } else {
        ok = translate_locked(d, &t, &leaf);
        if (ok && t.iova == addr) {
            fast_insert(d, &t, &leaf);
        }
    }
    g_mutex_unlock(&d->s->lock);
    trace_smmuv3_translate(t.sid, addr, t.access.write, ok, ok ? leaf.out : 0, ok ? leaf.shift : 0);
    return ok ? entry_of(d, &t, &leaf) : (IOMMUTLBEntry) { .iova = addr & ~0xfffULL, .addr_mask = 0xfff, .perm = IOMMU_NONE };
}

/* --- ATS ------------------------------------------------------------------------------------ */

static SMMUDevice *device_at(SMMUv3State *s, PCIBus *bus, int devfn);

static ssize_t emul_ats_request(PCIBus *bus, void *opaque, int devfn, uint32_t pasid, bool pasid_valid, bool priv_req, bool exec_req,
                                hwaddr addr, size_t length, bool no_write, IOMMUTLBEntry *result, size_t result_length, uint32_t *err_count)
{
    SMMUv3State *s = opaque;
    SMMUDevice *d = device_at(s, bus, devfn);
    size_t n = 0;
    uint64_t end = addr + length;

    *err_count = 0;
    if (!smmuv3_ats_enabled(s)) {
        return -EPERM;
    }
    while (n < result_length && addr < end) {
        Transaction t = {
            .input = addr, .iova = addr, .sid = smmu_device_sid(d), .ssid = pasid_valid ? SSID_VALID | pasid : 0, .ats_request = true,
            .access = { .exec = exec_req, .priv = pasid_valid && priv_req },
        };
        SMMULeaf leaf;

        g_mutex_lock(&s->lock);
        bool ok = translate_locked(d, &t, &leaf);
        g_mutex_unlock(&s->lock);
        IOMMUTLBEntry e = ok ? entry_of(d, &t, &leaf) : (IOMMUTLBEntry) { .iova = addr & ~0xfffULL, .addr_mask = 0xfff };
        *err_count += !ok;
        if (no_write) {
            e.perm &= ~IOMMU_WO;
        }
        result[n++] = e;
        if (e.addr_mask == UINT64_MAX || e.iova + e.addr_mask == UINT64_MAX) {
            break;
        }
        addr = e.iova + e.addr_mask + 1;
    }
    return n;
}

/* --- Functions behind us ------------------------------------------------------------------------ */

typedef struct Place { PCIBus *bus; int devfn; } Place;

static guint place_hash(gconstpointer p)
{
    const Place *place = p;

    return g_direct_hash(place->bus) ^ (guint)place->devfn * 2654435761u;
}

static gboolean place_equal(gconstpointer a, gconstpointer b)
{
    const Place *x = a, *y = b;

    return x->bus == y->bus && x->devfn == y->devfn;
}

static SMMUDevice *new_device(SMMUv3State *s, PCIBus *bus, int devfn)
{
    SMMUDevice *d = g_new0(SMMUDevice, 1);
    Place *place = g_new(Place, 1);
    g_autofree char *name = g_strdup_printf("smmuv3-iommu-%s-%02x.%x", bus->qbus.name, PCI_SLOT(devfn), PCI_FUNC(devfn));

    *place = (Place) { bus, devfn };
    d->s = s;
    d->bus = bus;
    d->devfn = devfn;
    memory_region_init_iommu(&d->iommu, sizeof(d->iommu), TYPE_SMMUV3_IOMMU_REGION, OBJECT(s), name, UINT64_MAX);
    address_space_init(&d->as, MEMORY_REGION(&d->iommu), name);
    g_mutex_lock(&s->lock);
    g_ptr_array_add(s->emul->devs, d);
    g_hash_table_insert(s->emul->by_place, place, d);
    g_mutex_unlock(&s->lock);
    return d;
}

static SMMUDevice *device_at(SMMUv3State *s, PCIBus *bus, int devfn)
{
    SMMUDevice *d = g_hash_table_lookup(s->emul->by_place, &(Place) { bus, devfn });

    return d ? d : new_device(s, bus, devfn);
}

static AddressSpace *emul_get_address_space(PCIBus *bus, void *opaque, int devfn)
{
    return &device_at(opaque, bus, devfn)->as;
}

static bool emul_supports_address_space(PCIBus *bus, void *opaque, int devfn, Error **errp)
{
    PCIDevice *dev = bus->devices[devfn];

    if (dev && !strcmp(object_get_typename(OBJECT(dev)), "vfio-pci")) {
        error_setg(errp, "vfio-pci cannot be behind an emulated %s: the host would not know its translations; use arm-smmuv3,accel=on",
                   smmuv3_name(opaque));
        return false;
    }
    return true;
}

static uint64_t emul_get_viommu_flags(void *opaque)
{
    SMMUv3State *s = opaque;

    return (smmuv3_has_ats(s) ? VIOMMU_FLAG_ATS_SUPPORTED : 0) | (smmuv3_ssidsize(s) ? VIOMMU_FLAG_PASID_SUPPORTED : 0);
}

static void emul_rid_changed(PCIBus *bus, void *opaque, int devfn)
{
    SMMUv3State *s = opaque;

    g_mutex_lock(&s->lock);
    smmu_emul_new_generation(s->emul);
    g_mutex_unlock(&s->lock);
}

const PCIIOMMUOps smmuv3_emul_pci_ops = {
    .supports_address_space = emul_supports_address_space,
    .get_address_space = emul_get_address_space,
    .get_viommu_flags = emul_get_viommu_flags,
    .ats_request_translation = emul_ats_request,
    .rid_changed = emul_rid_changed,
};

/* --- The engine -------------------------------------------------------------------------------------- */

/* Nothing is kept back. */
static bool emul_flush(SMMUv3State *s)
{
    bool answered = !s->emul->unanswered;

    s->emul->unanswered = false;
    return answered;
}

static void emul_config_changed(SMMUv3State *s)
{
    smmu_emul_cfgi_ste(s, 0, UINT32_MAX);
}

static void emul_reset(SMMUv3State *s)
{
    static const SMMUTlbMatch all = { .any_vmid = true, .any_asid = true, .any_addr = true };

    smmu_tlb_invalidate(&s->emul->tlb, &all);
    s->emul->unanswered = false;
    emul_config_changed(s);
}

static const SMMUv3Engine emul_engine = {
    .pci_ops = &smmuv3_emul_pci_ops, .cfgi_ste = smmu_emul_cfgi_ste, .invalidate = smmu_emul_invalidate, .flush = emul_flush, .flush_is_free = true,
    .config_changed = emul_config_changed, .reset = emul_reset,
};

bool smmuv3_emul_realize(SMMUv3State *s, Error **errp)
{
    SMMUv3Emul *e = s->emul = g_new0(SMMUv3Emul, 1);

    e->s = s;
    e->devs = g_ptr_array_new();
    e->by_place = g_hash_table_new_full(place_hash, place_equal, g_free, NULL);
    e->generation = e->config_generation = 1;
    s->engine = &emul_engine;
    return true;
}

void smmuv3_emul_unrealize(SMMUv3State *s)
{
    SMMUv3Emul *e = s->emul;

    if (!e) {
        return;
    }
    for (unsigned i = 0; i < e->devs->len; i++) {
        SMMUDevice *d = e->devs->pdata[i];

        address_space_destroy(&d->as);
        object_unparent(OBJECT(&d->iommu));
        g_free(d);
    }
    g_ptr_array_free(e->devs, true);
    g_hash_table_destroy(e->by_place);
    g_free(e);
    s->emul = NULL;
}

/* --- The region's type --------------------------------------------------------------------------------- */

/* There is no command by which a guest tells of new mappings, so nobody can shadow them. */
static bool smmu_notify_flag_changed(IOMMUMemoryRegion *mr, IOMMUNotifierFlag old_flags, IOMMUNotifierFlag new_flags, Error **errp)
{
    SMMUDevice *d = container_of(mr, SMMUDevice, iommu);

    if (new_flags & IOMMU_NOTIFIER_MAP) {
        error_setg(errp, "%s cannot tell of new mappings, which this device needs to know; use arm-smmuv3,accel=on", smmuv3_name(d->s));
        return false;
    }
    __atomic_fetch_add(&d->s->listeners, !!new_flags - !!old_flags, __ATOMIC_RELAXED);
    return true;
}

static uint64_t smmu_min_page_size(IOMMUMemoryRegion *mr)
{
    return 4096;
}

static void smmu_region_class_init(ObjectClass *klass, const void *data)
{
    IOMMUMemoryRegionClass *imrc = IOMMU_MEMORY_REGION_CLASS(klass);

    imrc->translate = smmu_translate;
    imrc->notify_flag_changed = smmu_notify_flag_changed;
    imrc->get_min_page_size = smmu_min_page_size;
}

static const TypeInfo smmu_region_info = {
    .name = TYPE_SMMUV3_IOMMU_REGION, .parent = TYPE_IOMMU_MEMORY_REGION, .class_init = smmu_region_class_init,
};
DEFINE_TYPE(smmu_region_info)
