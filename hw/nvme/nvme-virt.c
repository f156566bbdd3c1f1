/*
 * Virtualization Enhancements: NVM Express 1.4 section 8.5. A controller with
 * sriov_max_vfs= is a primary controller; its VFs are secondary ones. Queues and
 * interrupt vectors (VQ and VI resources) are private to the primary, or
 * flexible: the Virtualization Management command gives them to controllers. A
 * secondary comes up offline and without resources; it can be set online with two
 * queues (admin and one more) and a vector, while its VF is enabled.
 *
 * Offline, its registers read 0 except CSTS.CFS. A reset of the primary takes
 * its secondaries offline; its own flexible resources change with the next one
 * that is not by CC.EN.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nvme.h"
#include "util/trace.h"

enum { ARI_AT = 0x100, SRIOV_AT = 0x120, FIRST_VF_OFFSET = 1, VF_STRIDE = 1 };
enum { MIN_VQ = 2, MIN_VI = 1 };
static const uint16_t least[NVME_RESOURCES] = { MIN_VQ, MIN_VI };

/* Section 5.22: actions of the command */
enum { ACT_PRIMARY_ALLOCATE = 1, ACT_SECONDARY_OFFLINE = 7, ACT_SECONDARY_ASSIGN = 8, ACT_SECONDARY_ONLINE = 9 };
FIELD(VIRT, ACT, 0, 4)
FIELD(VIRT, RT, 8, 3)
FIELD(VIRT, CNTLID, 16, 16)

/* Figures 250 and 251: primary controller capabilities, secondary controller list */
enum { PC_CNTLID = 0, PC_CRT = 4, PC_RESOURCE = 32, PC_RESOURCE_SIZE = 32, PC_FRT = 0, PC_RFA = 4, PC_RFAP = 8, PC_PRT = 10,
       PC_FRSM = 12, PC_GRAN = 14 };
enum { SC_ENTRY_SIZE = 32, SC_MAX = 127, SC_SCID = 0, SC_PCID = 2, SC_SCS = 4, SC_VFN = 8, SC_NVQ = 10, SC_NVI = 12 };

static NvmeCtrl *secondary(NvmeCtrl *n, unsigned index)
{
    PCIDevice *vf = pcie_sriov_get_vf(&n->parent_obj, index);

    return vf ? NVME(vf) : NULL;
}

/* --- What a controller has --------------------------------------------------------------- */

bool nvme_is_secondary(const NvmeCtrl *n)
{
    return pcie_sriov_is_vf(&n->parent_obj);
}

uint32_t nvme_ioqpairs(const NvmeCtrl *n)
{
    if (nvme_is_secondary(n)) {
        return n->assigned[NVME_VQ] ? n->assigned[NVME_VQ] - 1 : 0;
    }
    return n->max_ioqpairs - n->flexible[NVME_VQ] + n->assigned[NVME_VQ];
}

uint32_t nvme_vectors(const NvmeCtrl *n)
{
    return nvme_is_secondary(n) ? n->assigned[NVME_VI] : n->msix_qsize - n->flexible[NVME_VI] + n->assigned[NVME_VI];
}

/* The table in the BAR has room for the most; its size in config space is what the driver may use. */
static void show_vectors(NvmeCtrl *n)
{
    PCIDevice *dev = &n->parent_obj;
    uint8_t *flags = dev->config + dev->msix_cap + PCI_MSIX_FLAGS;

    if (dev->msix_cap) {
        pci_set_word(flags, (pci_get_word(flags) & ~PCI_MSIX_FLAGS_QSIZE) | (MAX(nvme_vectors(n), 1) - 1));
    }
}

static void set_assigned(NvmeCtrl *n, const uint16_t nr[NVME_RESOURCES])
{
    memcpy(n->assigned, nr, sizeof(n->assigned));
    show_vectors(n);
}

/* All flexible resources of @type except those of @except. */
static uint32_t available(NvmeCtrl *n, unsigned type, const NvmeCtrl *except)
{
    uint32_t left = n->flexible[type];
    NvmeCtrl *s;

    if (except != n) {
        left -= MAX(n->assigned[type], n->asked[type]);
    }
    for (unsigned i = 0; (s = secondary(n, i)); i++) {
        left -= s != except ? s->assigned[type] : 0;
    }
    return left;
}

/* --- Offline and online --------------------------------------------------------------------- */

static void go_offline(NvmeCtrl *s)
{
    static const uint16_t none[NVME_RESOURCES];

    if (s->online) {
        s->online = false;
        nvme_stop(s);
    }
    set_assigned(s, none);
}

static uint16_t go_online(NvmeCtrl *s)
{
    if (s->online) {
        return NVME_OK;
    }
    if (!s->parent_obj.enabled || s->assigned[NVME_VQ] < least[NVME_VQ] || s->assigned[NVME_VI] < least[NVME_VI]) {
        return NVME_SECONDARY_STATE_INVALID | NVME_DNR;
    }
    s->online = true;
    nvme_features_reset(s);
    return NVME_OK;
}

void nvme_virt_controller_reset(NvmeCtrl *n)
{
    NvmeCtrl *s;

    for (unsigned i = 0; (s = secondary(n, i)); i++) {
        go_offline(s);
    }
}

/* What the primary asked for comes with a reset of the function, not with one by CC.EN. A secondary stays as it is, if its VF does. */
void nvme_virt_function_reset(NvmeCtrl *n)
{
    if (!nvme_is_secondary(n)) {
        set_assigned(n, n->asked);
    } else if (!n->parent_obj.enabled) {
        go_offline(n);
    }
}

/* --- Virtualization Management --------------------------------------------------------------- */

static NvmeCtrl *find_secondary(NvmeCtrl *n, uint16_t cntlid)
{
    NvmeCtrl *s;

    for (unsigned i = 0; (s = secondary(n, i)); i++) {
        if (s->cntlid == cntlid) {
            return s;
        }
    }
    return NULL;
}

static uint16_t allocate(NvmeRequest *req, NvmeCtrl *target, unsigned type, uint16_t nr)
{
    NvmeCtrl *n = nvme_ctrl_of(req);

    if (type >= NVME_RESOURCES) {
        return NVME_RESOURCE_ID_INVALID | NVME_DNR;
    }
    if (target != n && target->online) {
        return NVME_SECONDARY_STATE_INVALID | NVME_DNR;
    }
    if (nr > available(n, type, target) || (target != n && nr > n->max_per_vf[type])) {
        return NVME_RESOURCES_NOT_AVAILABLE | NVME_DNR;
    }
    if (target == n) {
        n->asked[type] = nr;
    } else {
        target->assigned[type] = nr;
        show_vectors(target);
    }
    req->result = nr;
    return NVME_OK;
}

uint16_t nvme_virt_management(NvmeRequest *req)
{
    NvmeCtrl *n = nvme_ctrl_of(req), *target;
    uint32_t cdw10 = le32toh(req->cmd.cdw10), act = FIELD_EX32(cdw10, VIRT, ACT), type = FIELD_EX32(cdw10, VIRT, RT);
    uint16_t cntlid = FIELD_EX32(cdw10, VIRT, CNTLID), nr = le32toh(req->cmd.cdw11);

    if (!n->sriov_max_vfs) {
        return NVME_INVALID_OPCODE | NVME_DNR;
    }
    if (act != ACT_PRIMARY_ALLOCATE && (act < ACT_SECONDARY_OFFLINE || act > ACT_SECONDARY_ONLINE)) {
        return NVME_INVALID_FIELD | NVME_DNR;
    }
    target = act != ACT_PRIMARY_ALLOCATE ? find_secondary(n, cntlid) : cntlid == n->cntlid ? n : NULL;
    if (!target) {
        return NVME_CONTROLLER_ID_INVALID | NVME_DNR;
    }
    switch (act) {
    case ACT_SECONDARY_OFFLINE:
        go_offline(target);
        return NVME_OK;
    case ACT_SECONDARY_ONLINE:
        return go_online(target);
    default:
        return allocate(req, target, type, nr);
    }
}

/* --- Identify ----------------------------------------------------------------------------------- */

static void fill_resource(NvmeCtrl *n, unsigned type, uint32_t private, uint8_t *at)
{
    stl_le_p(at + PC_FRT, n->flexible[type]);
    stl_le_p(at + PC_RFA, n->flexible[type] - available(n, type, n));
    stw_le_p(at + PC_RFAP, n->assigned[type]);
    stw_le_p(at + PC_PRT, private);
    stw_le_p(at + PC_FRSM, n->max_per_vf[type]);
    stw_le_p(at + PC_GRAN, 1);
}

void nvme_virt_fill_capabilities(NvmeCtrl *n, uint8_t *data)
{
    stw_le_p(data + PC_CNTLID, n->cntlid);
    data[PC_CRT] = BIT(NVME_VQ) | BIT(NVME_VI);
    fill_resource(n, NVME_VQ, n->max_ioqpairs - n->flexible[NVME_VQ] + 1, data + PC_RESOURCE);
    fill_resource(n, NVME_VI, n->msix_qsize - n->flexible[NVME_VI], data + PC_RESOURCE + PC_RESOURCE_SIZE);
}

void nvme_virt_fill_secondaries(NvmeCtrl *n, uint16_t first, uint8_t *data)
{
    unsigned count = 0;
    NvmeCtrl *s;

    for (unsigned i = 0; count < SC_MAX && (s = secondary(n, i)); i++) {
        uint8_t *e = data + SC_ENTRY_SIZE * (count + 1);

        if (s->cntlid < first) {
            continue;
        }
        stw_le_p(e + SC_SCID, s->cntlid);
        stw_le_p(e + SC_PCID, n->cntlid);
        e[SC_SCS] = s->online;
        stw_le_p(e + SC_VFN, i + 1);
        stw_le_p(e + SC_NVQ, s->assigned[NVME_VQ]);
        stw_le_p(e + SC_NVI, s->assigned[NVME_VI]);
        count++;
    }
    data[0] = count;
}

/* --- Life ------------------------------------------------------------------------------------------ */

static bool check_numbers(NvmeCtrl *n, Error **errp)
{
    const uint32_t vfs = n->sriov_max_vfs, vq = n->flexible[NVME_VQ], vi = n->flexible[NVME_VI];

    if (!vq || !vi) {
        error_setg(errp, "sriov_max_vfs= needs sriov_vq_flexible= and sriov_vi_flexible=");
    } else if (vq < vfs * MIN_VQ) {
        error_setg(errp, "sriov_vq_flexible= must be at least %u, two queues for each virtual function", vfs * MIN_VQ);
    } else if (n->max_ioqpairs < vq + 2) {
        error_setg(errp, "max_ioqpairs= must leave the physical function two queues beside sriov_vq_flexible=");
    } else if (vi < vfs * MIN_VI) {
        error_setg(errp, "sriov_vi_flexible= must be at least %u, an interrupt for each virtual function", vfs * MIN_VI);
    } else if (n->msix_qsize < vi + 1) {
        error_setg(errp, "msix_qsize= must leave the physical function an interrupt beside sriov_vi_flexible=");
    } else if (n->max_per_vf[NVME_VQ] && (n->max_per_vf[NVME_VQ] < MIN_VQ || n->max_per_vf[NVME_VQ] > vq)) {
        error_setg(errp, "sriov_max_vq_per_vf=%u must be from 2 to sriov_vq_flexible=%u", n->max_per_vf[NVME_VQ], vq);
    } else if (n->max_per_vf[NVME_VI] > vi) {
        error_setg(errp, "sriov_max_vi_per_vf=%u must be from 1 to sriov_vi_flexible=%u", n->max_per_vf[NVME_VI], vi);
    } else {
        return true;
    }
    return false;
}

bool nvme_virt_check(NvmeCtrl *n, Error **errp)
{
    if (n->subsys && n->blk) {
        error_setg(errp, "drive= is for controllers without a subsystem; behind subsys= use -device nvme-ns,drive=");
        return false;
    }
    if (!n->sriov_max_vfs) {
        if (n->flexible[NVME_VQ] || n->flexible[NVME_VI] || n->max_per_vf[NVME_VQ] || n->max_per_vf[NVME_VI]) {
            error_setg(errp, "sriov_vq_flexible, sriov_vi_flexible, sriov_max_vq_per_vf and sriov_max_vi_per_vf need sriov_max_vfs");
            return false;
        }
        return true;
    }
    if (!n->subsys) {
        error_setg(errp, "subsystem is required for the use of SR-IOV, add -device nvme-subsys,id=S and subsys=S");
        return false;
    }
    if (!pci_bus_is_express(pci_get_bus(&n->parent_obj))) {
        error_setg(errp, "sriov_max_vfs=%u needs a PCI Express bus", n->sriov_max_vfs);
        return false;
    }
    if (!check_numbers(n, errp)) {
        return false;
    }
    for (int type = 0; type < NVME_RESOURCES; type++) {
        n->max_per_vf[type] = n->max_per_vf[type] ? n->max_per_vf[type] : n->flexible[type] / n->sriov_max_vfs;
    }
    return true;
}

/* A secondary controller is what its primary is, with what it can have at most. */
void nvme_virt_inherit(NvmeCtrl *n)
{
    NvmeCtrl *pf = NVME(pcie_sriov_get_pf(&n->parent_obj));

    object_ref(pf->subsys);
    n->subsys = pf->subsys;
    n->serial = g_strdup(pf->serial);
    n->model = g_strdup(pf->model);
    n->firmware = g_strdup(pf->firmware);
    n->max_ioqpairs = pf->max_per_vf[NVME_VQ] - 1;
    n->msix_qsize = pf->max_per_vf[NVME_VI];
    n->aer_max_queued = pf->aer_max_queued;
    n->mqes = pf->mqes;
    n->mdts = pf->mdts;
    n->vsl = pf->vsl;
    n->aerl = pf->aerl;
    n->dbcs = pf->dbcs;
    n->ioeventfd = pf->ioeventfd;
    n->use_intel_id = pf->use_intel_id;
    n->ctratt_mem = pf->ctratt_mem;
    n->ocp = pf->ocp;
}

bool nvme_virt_init_pci(NvmeCtrl *n, Error **errp)
{
    PCIDevice *dev = &n->parent_obj;

    if (!n->sriov_max_vfs && !nvme_is_secondary(n)) {
        return true;
    }
    pcie_ari_init(dev, ARI_AT, &error_abort);
    show_vectors(n);
    if (!n->sriov_max_vfs) {
        return true;
    }
    if (!pcie_sriov_pf_init(dev, SRIOV_AT, pci_get_word(dev->config + PCI_DEVICE_ID), n->sriov_max_vfs, FIRST_VF_OFFSET, VF_STRIDE, errp)) {
        return false;
    }
    pcie_sriov_pf_init_vf_bar(dev, 0, PCI_BASE_ADDRESS_SPACE_MEMORY | PCI_BASE_ADDRESS_MEM_TYPE_64,
                              nvme_layout(n->max_per_vf[NVME_VQ] - 1, n->max_per_vf[NVME_VI]).size);
    return true;
}
