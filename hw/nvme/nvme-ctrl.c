/*
 * NVMe controller (1b36:0010), NVM Express 1.4 over PCI Express: registers,
 * enable, reset, shutdown; doorbells at 0x1000, MSI-X in the same BAR or one of its own.
 *
 * Not modelled: persistent memory regions, zoned namespaces, metadata, reservations, namespace management, firmware download.
 *
 * Registers run under the machine lock; block completions in the main thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/block/block-props.h"
#include "hw/core/cpu.h"
#include "nvme.h"
#include "util/trace.h"

enum { MSIX_BAR = 4, MSIX_AT = 0x40, PM_AT = 0x60, EXP_AT = 0x80 };
#define MPS_MAX_LOG2    4               /* 4 KiB << 4 */
#define TIMEOUT_HALF_S  15

/* --- Enable, disable, shutdown ------------------------------------------------------------------ */

static void free_queues(NvmeCtrl *n)
{
    nvme_events_clear(n);
    for (uint32_t i = 0; i <= n->max_ioqpairs; i++) {
        if (n->sqs[i]) {
            nvme_sq_retire(n->sqs[i]);
        }
    }
    for (uint32_t i = 0; i <= n->max_ioqpairs; i++) {
        if (n->cqs[i]) {
            nvme_cq_free(n->cqs[i]);
        }
    }
}

/* What a controller level reset does; the admin queue's registers survive CC.EN = 0. */
static void controller_reset(NvmeCtrl *n)
{
    free_queues(n);
    n->resetting = n->shutting_down = false;
    n->csts = 0;
    n->irq_status = 0;
    n->intms = 0;
    n->dbbuf_dbs = n->dbbuf_eis = 0;
    nvme_virt_controller_reset(n);
    nvme_features_reset(n);
    nvme_irq_update(n);
}

static bool admin_queues_usable(NvmeCtrl *n)
{
    uint32_t page = 4096U << FIELD_EX32(n->cc, CC, MPS), sqs = FIELD_EX32(n->aqa, AQA, ASQS), cqs = FIELD_EX32(n->aqa, AQA, ACQS);

    return sqs && cqs && !((n->asq | n->acq) & (page - 1)) && nvme_cmb_queue_allowed(n, n->asq, sqs + 1, true) &&
        nvme_cmb_queue_allowed(n, n->acq, cqs + 1, false);
}

static bool config_usable(NvmeCtrl *n)
{
    return FIELD_EX32(n->cc, CC, MPS) <= MPS_MAX_LOG2 && !FIELD_EX32(n->cc, CC, CSS) && !FIELD_EX32(n->cc, CC, AMS) &&
        admin_queues_usable(n);
}

static void controller_enable(NvmeCtrl *n)
{
    NvmeCQ *cq;

    if (!config_usable(n)) {
        n->csts = FIELD_MASK(CSTS, CFS);
        log_guest_error("nvme: enabled with CC 0x%x AQA 0x%x, which cannot work\n", n->cc, n->aqa);
        return;
    }
    n->page_size = 4096U << FIELD_EX32(n->cc, CC, MPS);
    cq = nvme_cq_new(n, 0, FIELD_EX32(n->aqa, AQA, ACQS) + 1, n->acq, 0, true);
    nvme_sq_new(n, 0, cq, FIELD_EX32(n->aqa, AQA, ASQS) + 1, n->asq);
    n->csts = FIELD_MASK(CSTS, RDY);
}

static void shutdown_flushed(void *opaque, int ret)
{
    NvmeCtrl *n = opaque;

    if (--n->flushes == 0 && n->shutting_down) {
        n->shutting_down = false;
        n->csts = FIELD_DP32(n->csts, CSTS, SHST, NVME_SHST_COMPLETE);
    }
    object_unref(n);
}

static void shutdown_flush(NvmeCtrl *n)
{
    n->flushes++;                       /* ours, so that it cannot be over before it has begun */
    object_ref(n);
    for (int i = 1; i <= NVME_MAX_NAMESPACES; i++) {
        if (n->namespaces[i] && !blk_is_read_only(n->namespaces[i]->blk)) {
            n->flushes++;
            object_ref(n);
            blk_aio_flush(n->namespaces[i]->blk, shutdown_flushed, n);
        }
    }
    shutdown_flushed(n, 0);
}

static void controller_shutdown(NvmeCtrl *n)
{
    n->shutting_down = true;
    n->csts = FIELD_DP32(n->csts, CSTS, SHST, NVME_SHST_BUSY);
    nvme_idle(n);
}

static void controller_disable(NvmeCtrl *n)
{
    n->resetting = true;                /* RDY falls when nothing is under way */
    nvme_idle(n);
}

void nvme_stop(NvmeCtrl *n)
{
    n->cc = n->aqa = 0;
    n->asq = n->acq = 0;
    controller_disable(n);
}

void nvme_idle(NvmeCtrl *n)
{
    if (n->inflight || n->busy) {
        return;
    }
    if (n->resetting) {
        controller_reset(n);
        if (FIELD_EX32(n->cc, CC, EN)) {
            controller_enable(n);
        }
    } else if (n->shutting_down && !n->flushes) {
        shutdown_flush(n);
    }
}

static void write_cc(NvmeCtrl *n, uint32_t val)
{
    uint32_t old = n->cc;

    n->cc = val & NVME_CC_WRITABLE;
    if (FIELD_EX32(old, CC, EN) && !FIELD_EX32(val, CC, EN)) {
        controller_disable(n);
    } else if (!FIELD_EX32(old, CC, EN) && FIELD_EX32(val, CC, EN) && !n->resetting) {
        controller_enable(n);
    }
    if (FIELD_EX32(val, CC, SHN) && !FIELD_EX32(old, CC, SHN)) {
        controller_shutdown(n);
    } else if (!FIELD_EX32(val, CC, SHN)) {
        n->csts = FIELD_DP32(n->csts, CSTS, SHST, 0);
    }
}

/* --- Registers ----------------------------------------------------------------------------------------- */

static bool offline(const NvmeCtrl *n)
{
    return nvme_is_secondary(n) && !n->online;
}

static void load_registers(const NvmeCtrl *n, uint8_t *r)
{
    if (offline(n)) {
        stl_le_p(r + NVME_REG_CSTS, FIELD_MASK(CSTS, CFS));
        return;
    }
    stq_le_p(r + NVME_REG_CAP, n->cap);
    stl_le_p(r + NVME_REG_VS, NVME_VERSION);
    stl_le_p(r + NVME_REG_INTMS, n->intms);
    stl_le_p(r + NVME_REG_INTMC, n->intms);
    stl_le_p(r + NVME_REG_CC, n->cc);
    stl_le_p(r + NVME_REG_CSTS, n->csts);
    stl_le_p(r + NVME_REG_AQA, n->aqa);
    stq_le_p(r + NVME_REG_ASQ, n->asq);
    stq_le_p(r + NVME_REG_ACQ, n->acq);
    nvme_cmb_load_registers(n, r);
}

static uint64_t nvme_mmio_read(void *opaque, hwaddr addr, unsigned size)
{
    uint8_t regs[NVME_REG_END] = { 0 };

    if (addr + size > sizeof(regs)) {
        return 0;
    }
    load_registers(opaque, regs);
    return ldn_le_p(regs + addr, size);
}

static void set_half(uint64_t *reg, unsigned shift, uint32_t val)
{
    *reg = deposit64(*reg, shift, 32, val) & ~0xfffULL;
}

static void write_register(NvmeCtrl *n, hwaddr addr, uint32_t val)
{
    bool enabled = FIELD_EX32(n->cc, CC, EN);

    switch (addr) {
    case NVME_REG_INTMS:
    case NVME_REG_INTMC:
        /* With MSI-X these are not to be used. */
        n->intms = addr == NVME_REG_INTMS ? n->intms | val : n->intms & ~val;
        nvme_irq_update(n);
        break;
    case NVME_REG_CC:
        write_cc(n, val);
        break;
    case NVME_REG_AQA:
        n->aqa = enabled ? n->aqa : val & (FIELD_MASK(AQA, ASQS) | FIELD_MASK(AQA, ACQS));
        break;
    case NVME_REG_ASQ:
    case NVME_REG_ASQ + 4:
        if (!enabled) {
            set_half(&n->asq, (addr - NVME_REG_ASQ) * 8, val);
        }
        break;
    case NVME_REG_ACQ:
    case NVME_REG_ACQ + 4:
        if (!enabled) {
            set_half(&n->acq, (addr - NVME_REG_ACQ) * 8, val);
        }
        break;
    case NVME_REG_CMBMSC:
    case NVME_REG_CMBMSC + 4:
        nvme_cmb_write_msc(n, (addr - NVME_REG_CMBMSC) * 8, val);
        break;
    }
}

static void nvme_mmio_write(void *opaque, hwaddr addr, uint64_t val, unsigned size)
{
    NvmeCtrl *n = opaque;

    if (size < 4 || (addr & 3)) {
        log_guest_error("nvme: write of %u bytes at 0x%" PRIx64 " ignored\n", size, addr);
        return;
    }
    if (offline(n)) {
        return;
    }
    if (addr >= NVME_REG_DOORBELLS) {
        if (n->csts & FIELD_MASK(CSTS, RDY)) {
            nvme_doorbell_write(n, addr - NVME_REG_DOORBELLS, val);
        }
        return;
    }
    write_register(n, addr, val);
    if (size == 8) {
        write_register(n, addr + 4, val >> 32);
    }
}

static const MemoryRegionOps nvme_mmio_ops = {
    .read = nvme_mmio_read, .write = nvme_mmio_write, .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8 }, .impl = { .min_access_size = 1, .max_access_size = 8 },
};

/* --- Life ------------------------------------------------------------------------------------------------- */

static void run_state_changed(void *opaque, bool running, RunState state)
{
    NvmeCtrl *n = opaque;
    guint count = running ? n->stopped.length : 0;

    while (count--) {
        nvme_io_restart(g_queue_pop_head(&n->stopped));
    }
}

/* The old name counts the admin queue. */
static void use_num_queues(NvmeCtrl *n)
{
    if (n->num_queues_given) {
        warn_report("nvme: num_queues=%u is deprecated, write max_ioqpairs=%u", n->num_queues_given, n->num_queues_given - 1);
        n->max_ioqpairs = n->num_queues_given - 1;
    }
}

static bool check_options(NvmeCtrl *n, Error **errp)
{
    use_num_queues(n);
    if (!n->serial || !*n->serial) {
        error_setg(errp, "nvme needs serial=");
    } else if (strlen(n->serial) > 20) {
        error_setg(errp, "serial=%s is longer than 20 characters", n->serial);
    } else if (n->max_ioqpairs < 1 || n->max_ioqpairs > 0xffff) {
        error_setg(errp, "max_ioqpairs= takes 1 to 65535");
    } else if (n->msix_qsize < 1 || n->msix_qsize > PCI_MSIX_FLAGS_QSIZE + 1) {
        error_setg(errp, "msix_qsize= takes 1 to %u", PCI_MSIX_FLAGS_QSIZE + 1);
    } else if (n->mqes < 1) {
        error_setg(errp, "mqes must be at least 1");
    } else if (n->mdts > 16) {
        error_setg(errp, "mdts=%u is too large, 16 (256 MiB) is the most", n->mdts);
    } else if (n->vsl < 1 || n->vsl > 16) {
        error_setg(errp, "vsl=%u must be from 1 (8 KiB) to 16 (256 MiB)", n->vsl);
    } else {
        return nvme_cmb_check(n, errp);
    }
    return false;
}

NvmeLayout nvme_layout(uint32_t ioqpairs, uint32_t vectors)
{
    uint64_t table = ROUND_UP(NVME_REG_DOORBELLS + 8ULL * (ioqpairs + 1), 4096);
    uint64_t pba = ROUND_UP(table + vectors * PCI_MSIX_ENTRY_SIZE, 4096);

    return (NvmeLayout) { table, pba, pow2ceil(pba + ROUND_UP(vectors, 64) / 8) };
}

static void init_ids(NvmeCtrl *n)
{
    uint8_t *config = n->parent_obj.config;

    config[PCI_INTERRUPT_PIN] = 1;
    if (n->use_intel_id) {
        pci_set_word(config + PCI_VENDOR_ID, PCI_VENDOR_ID_INTEL);
        pci_set_word(config + PCI_DEVICE_ID, 0x5845);
    }
}

/* BAR 0, and vectors there or elsewhere. */
static bool init_bars(NvmeCtrl *n, Error **errp)
{
    PCIDevice *dev = &n->parent_obj;
    NvmeLayout l = nvme_layout(n->max_ioqpairs, n->msix_qsize);

    memory_region_init(&n->bar0, OBJECT(n), "nvme-bar0", n->msix_exclusive_bar ? pow2ceil(l.table) : l.size);
    memory_region_init_io(&n->iomem, OBJECT(n), &nvme_mmio_ops, n, "nvme", l.table);
    memory_region_add_subregion(&n->bar0, 0, &n->iomem);
    pci_register_bar(dev, 0, PCI_BASE_ADDRESS_SPACE_MEMORY | PCI_BASE_ADDRESS_MEM_TYPE_64, &n->bar0);
    if (!msi_nonbroken) {
        return true;
    }
    if (n->msix_exclusive_bar) {
        return msix_init_exclusive_bar(dev, n->msix_qsize, MSIX_BAR, errp);
    }
    return msix_init(dev, n->msix_qsize, &n->bar0, 0, l.table, &n->bar0, 0, l.pba, MSIX_AT, errp);
}

static bool init_pci(NvmeCtrl *n, Error **errp)
{
    PCIDevice *dev = &n->parent_obj;

    dev->config[PCI_CLASS_PROG] = 2;
    if (!nvme_is_secondary(n)) {        /* a VF has neither ids nor a wire */
        init_ids(n);
    }
    if (pci_pm_init(dev, PM_AT, errp) < 0) {
        return false;
    }
    if (pci_is_express(dev)) {
        if (!pcie_endpoint_cap_init(dev, EXP_AT, errp)) {
            return false;
        }
        if (!nvme_is_secondary(n)) {    /* a VF's errors are reported as its PF's say */
            pcie_cap_deverr_init(dev);
        }
        pcie_cap_flr_init(dev);
    }
    return nvme_cmb_init(n, errp) && init_bars(n, errp) && nvme_virt_init_pci(n, errp);
}

static bool add_own_namespace(NvmeCtrl *n, Error **errp)
{
    NvmeNamespace *ns;

    if (!n->blk) {
        return true;
    }
    ns = NVME_NS(object_new(TYPE_NVME_NS));
    ns->blk = n->blk;
    ns->medium = n->medium;
    ns->share_rw = n->share_rw;
    if (!nvme_ns_attach(n, ns, errp)) {
        ns->blk = NULL;                 /* it is the controller's to release */
        object_unref(ns);
        return false;
    }
    n->own_ns = ns;
    return true;
}

static void init_cap(NvmeCtrl *n)
{
    n->cap = FIELD_DP64(0, CAP, MQES, n->mqes);
    n->cap = FIELD_DP64(n->cap, CAP, CQR, 1);
    n->cap = FIELD_DP64(n->cap, CAP, TO, TIMEOUT_HALF_S);
    n->cap = FIELD_DP64(n->cap, CAP, CSS, 1);
    n->cap = FIELD_DP64(n->cap, CAP, MPSMAX, MPS_MAX_LOG2);
    n->cap = FIELD_DP64(n->cap, CAP, CMBS, n->cmb_size_mb != 0);
}

/* What realize does before anything can go wrong inside the controller. */
static void leave(NvmeCtrl *n)
{
    pcie_sriov_pf_exit(&n->parent_obj);
    if (n->own_ns) {
        nvme_ns_detach(n->own_ns);
        n->own_ns->blk = NULL;
        g_clear_pointer(&n->own_ns, object_unref);
    }
    nvme_subsys_leave(n);
}

static void nvme_exit(PCIDevice *dev)
{
    NvmeCtrl *n = NVME(dev);
    bool own = n->own_ns;

    free_queues(n);
    qemu_del_vm_change_state_handler(n->vmstate);
    leave(n);
    if (own) {
        /* Who is told that we are gone may use the drive again, though the object lives a little longer. */
        blk_detach_dev(n->blk, OBJECT(n));
        n->blk = NULL;
    }
    if (n->msix_exclusive_bar) {
        msix_uninit_exclusive_bar(dev);
    } else {
        msix_uninit(dev, &n->bar0, &n->bar0);
    }
    g_free(n->sqs);
    g_free(n->cqs);
    g_free(n->aers);
}

static bool nvme_realize(PCIDevice *dev, Error **errp)
{
    NvmeCtrl *n = NVME(dev);

    if (nvme_is_secondary(n)) {
        nvme_virt_inherit(n);
    } else if (!check_options(n, errp) || !nvme_virt_check(n, errp)) {
        return false;
    }
    if (!nvme_subsys_join(n, errp)) {
        return false;
    }
    if (!add_own_namespace(n, errp) || !init_pci(n, errp)) {
        leave(n);
        return false;
    }
    init_cap(n);
    n->sqs = g_new0(NvmeSQ *, n->max_ioqpairs + 1);
    n->cqs = g_new0(NvmeCQ *, n->max_ioqpairs + 1);
    n->aers = g_new0(NvmeRequest *, n->aerl + 1);
    nvme_cmb_reset(n);
    nvme_features_reset(n);
    n->vmstate = qemu_add_vm_change_state_handler(run_state_changed, n);
    if (n->sriov_max_vfs && !pcie_sriov_pf_make_vfs(dev, TYPE_NVME, errp)) {
        nvme_exit(dev);
        return false;
    }
    if (!nvme_is_secondary(n)) {
        n->bus = qbus_new(TYPE_NVME_BUS, DEVICE(n), DEVICE(n)->id);
    }
    return true;
}

static void nvme_reset_hold(Object *obj, ResetType type)
{
    NvmeCtrl *n = NVME(obj);

    /*
     * The whole machine: nothing may reach memory afterwards. A function level reset comes from a
     * vCPU, which must not wait for the main thread; what is under way ends by itself.
     */
    n->resetting = true;
    nvme_virt_function_reset(n);
    for (int i = 1; !current_cpu && i <= NVME_MAX_NAMESPACES; i++) {
        if (n->namespaces[i]) {
            blk_drain(n->namespaces[i]->blk);
        }
    }
    controller_reset(n);
    n->cc = n->aqa = 0;
    n->asq = n->acq = 0;
    if (!n->cmb.keep) {
        nvme_cmb_reset(n);
    }
}

static void nvme_write_config(PCIDevice *dev, uint32_t addr, uint32_t val, int len)
{
    NvmeCtrl *n = NVME(dev);

    pci_default_write_config(dev, addr, val, len);
    n->cmb.keep = true;
    if (dev->exp.exp_cap) {
        pcie_cap_flr_write_config(dev, addr, val, len);
    }
    n->cmb.keep = false;
}

static const Property nvme_properties[] = {
    DEFINE_PROP_DRIVE("drive", NvmeCtrl, blk),
    DEFINE_PROP_SHARE_RW(NvmeCtrl, share_rw),
    DEFINE_PROP_STRING("serial", NvmeCtrl, serial),
    DEFINE_PROP_STRING("model", NvmeCtrl, model),
    DEFINE_PROP_STRING("firmware-version", NvmeCtrl, firmware),
    DEFINE_PROP_UINT32("max_ioqpairs", NvmeCtrl, max_ioqpairs, 64),
    DEFINE_PROP_UINT32("num_queues", NvmeCtrl, num_queues_given, 0),
    DEFINE_PROP_UINT16("msix_qsize", NvmeCtrl, msix_qsize, 65),
    DEFINE_PROP_UINT16("mqes", NvmeCtrl, mqes, 2047),
    DEFINE_PROP_UINT8("mdts", NvmeCtrl, mdts, 7),
    DEFINE_PROP_UINT8("vsl", NvmeCtrl, vsl, 7),
    DEFINE_PROP_UINT8("aerl", NvmeCtrl, aerl, 3),
    DEFINE_PROP_UINT32("aer_max_queued", NvmeCtrl, aer_max_queued, 64),
    DEFINE_NVME_MEDIUM_PROPS(NvmeCtrl, medium),
    DEFINE_PROP_UINT32("cmb_size_mb", NvmeCtrl, cmb_size_mb, 0),
    DEFINE_PROP_BOOL("legacy-cmb", NvmeCtrl, legacy_cmb, false),
    DEFINE_PROP_BOOL("ctratt.mem", NvmeCtrl, ctratt_mem, false),
    DEFINE_PROP_BOOL("ocp", NvmeCtrl, ocp, false),
    DEFINE_PROP_BOOL("msix-exclusive-bar", NvmeCtrl, msix_exclusive_bar, false),
    DEFINE_PROP_BOOL("dbcs", NvmeCtrl, dbcs, true),
    DEFINE_PROP_BOOL("ioeventfd", NvmeCtrl, ioeventfd, false),
    DEFINE_PROP_BOOL("use-intel-id", NvmeCtrl, use_intel_id, false),
    DEFINE_PROP_INT32("bootindex", NvmeCtrl, bootindex, -1),
    DEFINE_PROP_LINK("subsys", NvmeCtrl, subsys, TYPE_NVME_SUBSYS, NvmeSubsys *),
    DEFINE_PROP_UINT16("sriov_max_vfs", NvmeCtrl, sriov_max_vfs, 0),
    DEFINE_PROP_UINT16("sriov_vq_flexible", NvmeCtrl, flexible[NVME_VQ], 0),
    DEFINE_PROP_UINT16("sriov_vi_flexible", NvmeCtrl, flexible[NVME_VI], 0),
    DEFINE_PROP_UINT32("sriov_max_vq_per_vf", NvmeCtrl, max_per_vf[NVME_VQ], 0),
    DEFINE_PROP_UINT32("sriov_max_vi_per_vf", NvmeCtrl, max_per_vf[NVME_VI], 0),
};

static const PropertyDoc nvme_docs[] = {
    NVME_MEDIUM_DOCS,
    { "cmb_size_mb", "Memory of the controller that the guest can use, in BAR 2: a power of two in MiB, 0: none" },
    { "legacy-cmb", "The guest does not say where that memory is for the controller: it is where BAR 2 is (NVM Express 1.3)" },
    { "msix-exclusive-bar", "The MSI-X table is in BAR 4, not behind the registers; virtual functions keep it there" },
    { "vsl", "The most that one Verify command reads: 4 KiB shifted left by 1 to 16" },
    { "num_queues", "Deprecated: max_ioqpairs and one more" },
    { "ctratt.mem", "Tell the guest that size limits do not count metadata, of which there is none" },
    { "ocp", "Log page C0h, the extended SMART log of the Open Compute Project" },
    { "subsys", "nvme-subsys that the controller belongs to" },
    { "sriov_max_vfs", "How many virtual functions the guest can enable, each a secondary controller" },
    { "sriov_vq_flexible", "Queue pairs of max_ioqpairs that the guest can give to secondary controllers" },
    { "sriov_vi_flexible", "Interrupt vectors of msix_qsize that the guest can give to secondary controllers" },
    { "sriov_max_vq_per_vf", "Queue pairs one secondary controller can have, 0: its share of them" },
    { "sriov_max_vi_per_vf", "Interrupt vectors one secondary controller can have, 0: its share of them" },
    { NULL, NULL }
};

static void nvme_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    dc->desc = "Non-Volatile Memory Express";
    dc->fw_boot_suffix = "/namespace@1,0";     /* how UEFI knows a boot entry on NVMe */
    dc->categories |= BIT(DEVICE_CATEGORY_STORAGE);
    device_class_set_phases(dc, NULL, nvme_reset_hold, NULL, NULL);
    device_class_set_props(dc, nvme_properties);
    device_class_describe_props(dc, nvme_docs);
    nvme_smart_class_init(klass);
    pc->vendor_id = PCI_VENDOR_ID_REDHAT;
    pc->device_id = PCI_DEVICE_ID_REDHAT_NVME;
    pc->class_id = PCI_CLASS_STORAGE_EXPRESS;
    pc->revision = 2;
    pc->realize = nvme_realize;
    pc->exit = nvme_exit;
    pc->config_write = nvme_write_config;
}

static const TypeInfo nvme_info = {
    .name = TYPE_NVME, .parent = TYPE_PCI_DEVICE, .instance_size = sizeof(NvmeCtrl), .class_init = nvme_class_init,
    .interfaces = (const char *const[]) { INTERFACE_PCIE_DEVICE, NULL },
};
DEFINE_TYPE(nvme_info)
