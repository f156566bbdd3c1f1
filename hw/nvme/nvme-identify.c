/*
 * Identify: NVM Express 1.4 section 5.15. The data structures are tables of
 * offsets and values; everything not listed is 0, "not supported".
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nvme.h"

#define IDENTIFY_SIZE   4096

/* Figure 247 */
enum {
    IC_VID = 0, IC_SSVID = 2, IC_SN = 4, IC_MN = 24, IC_FR = 64, IC_RAB = 72, IC_IEEE = 73, IC_CMIC = 76, IC_MDTS = 77, IC_CNTLID = 78, IC_VER = 80, IC_OAES = 92,
    IC_CTRATT = 96,
    IC_CNTRLTYPE = 111, IC_OACS = 256, IC_ACL = 258, IC_AERL = 259, IC_FRMW = 260, IC_LPA = 261, IC_WCTEMP = 266,
    IC_CCTEMP = 268, IC_SQES = 512, IC_CQES = 513, IC_NN = 516, IC_ONCS = 520, IC_VWC = 525, IC_SGLS = 536,
    IC_SUBNQN = 768, IC_PSD0 = 2048,
};
enum { CMIC_CONTROLLERS = 0x02, CMIC_VF = 0x04, OACS_VIRT_MGMT = 0x80, OACS_DBBUF = 0x100, FRMW_ONE_SLOT_READ_ONLY = 0x03, LPA_EFFECTS = 0x02, LPA_EXTENDED = 0x04 };
enum { CTRATT_MEM = 0x10000 };
enum { ONCS_COMPARE = 0x01, ONCS_DSM = 0x04, ONCS_WRITE_ZEROES = 0x08, ONCS_TIMESTAMP = 0x40, ONCS_VERIFY = 0x80 };
enum { VWC_PRESENT = 0x01, VWC_FLUSH_ALL = 0x06, SGLS_SUPPORTED = 0x01, SGLS_BIT_BUCKET = 0x10000 };
/* Figure 245 */
enum { IN_NSZE = 0, IN_NCAP = 8, IN_NUSE = 16, IN_NSFEAT = 24, IN_NMIC = 30, IN_DLFEAT = 33, IN_NPDG = 68, IN_NPDA = 70, IN_NGUID = 104, IN_EUI64 = 120, IN_LBAF0 = 128 };
enum { NSFEAT_OPTPERF = 0x10 };
enum { DLFEAT_READS_ZERO = 0x01, DLFEAT_WZ_DEALLOCATE = 0x08 };
/* Figure 249 */
enum { NIDT_EUI64 = 1, NIDT_NGUID = 2, NIDT_UUID = 3, NIDT_CSI = 4 };

static void put_padded(uint8_t *at, size_t size, const char *text)
{
    memset(at, ' ', size);
    memcpy(at, text, MIN(strlen(text), size));
}

static void fill_controller(NvmeCtrl *n, uint8_t *id)
{
    PCIDevice *dev = &n->parent_obj;
    const uint8_t *cfg = (nvme_is_secondary(n) ? pcie_sriov_get_pf(dev) : dev)->config;      /* a VF has no ids of its own */

    memcpy(id + IC_VID, cfg + PCI_VENDOR_ID, 2);
    memcpy(id + IC_SSVID, cfg + PCI_SUBSYSTEM_VENDOR_ID, 2);
    put_padded(id + IC_SN, 20, n->serial);
    put_padded(id + IC_MN, 40, n->model ? n->model : "QEMU NVMe Ctrl");
    put_padded(id + IC_FR, 8, n->firmware ? n->firmware : QEMU_VERSION);
    id[IC_RAB] = 6;
    id[IC_IEEE + 1] = 0x54;
    id[IC_IEEE + 2] = 0x52;
    id[IC_CMIC] = (n->subsys ? CMIC_CONTROLLERS : 0) | (nvme_is_secondary(n) ? CMIC_VF : 0);
    id[IC_MDTS] = n->mdts;
    stw_le_p(id + IC_CNTLID, n->cntlid);
    stl_le_p(id + IC_VER, NVME_VERSION);
    stl_le_p(id + IC_OAES, NVME_NS_ATTRIBUTE_NOTICES);
    stl_le_p(id + IC_CTRATT, n->ctratt_mem ? CTRATT_MEM : 0);
    id[IC_CNTRLTYPE] = 1;
    stw_le_p(id + IC_OACS, (n->dbcs ? OACS_DBBUF : 0) | (n->sriov_max_vfs ? OACS_VIRT_MGMT : 0));
    id[IC_ACL] = 3;
    id[IC_AERL] = n->aerl;
    id[IC_FRMW] = FRMW_ONE_SLOT_READ_ONLY;
    id[IC_LPA] = LPA_EFFECTS | LPA_EXTENDED;
    stw_le_p(id + IC_WCTEMP, 343);
    stw_le_p(id + IC_CCTEMP, 373);
    id[IC_SQES] = 0x66;
    id[IC_CQES] = 0x44;
    stl_le_p(id + IC_NN, NVME_MAX_NAMESPACES);
    stw_le_p(id + IC_ONCS, ONCS_COMPARE | ONCS_DSM | ONCS_WRITE_ZEROES | ONCS_TIMESTAMP | ONCS_VERIFY);
    id[IC_VWC] = VWC_PRESENT | VWC_FLUSH_ALL;
    stl_le_p(id + IC_SGLS, SGLS_SUPPORTED | SGLS_BIT_BUCKET);
    if (n->subsys) {
        g_strlcpy((char *)id + IC_SUBNQN, n->subsys->subnqn, 256);
    } else {
        g_snprintf((char *)id + IC_SUBNQN, 256, "nqn.2019-08.org.qemu:%s", n->serial);
    }
    stw_le_p(id + IC_PSD0, 2500);       /* 25 W */
    stl_le_p(id + IC_PSD0 + 4, 16);
    stl_le_p(id + IC_PSD0 + 8, 4);
}

/* In blocks, less one. */
static uint16_t discard_granularity(const NvmeNamespace *ns)
{
    uint32_t blocks = ns->medium.discard_granularity >> ns->block_shift;

    return blocks ? MIN(blocks, 0x10000U) - 1 : 0;
}

static void fill_namespace(const NvmeNamespace *ns, uint8_t *id)
{
    uint64_t blocks = ns->size >> ns->block_shift;

    stq_le_p(id + IN_NSZE, blocks);
    stq_le_p(id + IN_NCAP, blocks);
    stq_le_p(id + IN_NUSE, blocks);
    id[IN_NMIC] = ns->ctrl->subsys && ns->shared;
    id[IN_DLFEAT] = DLFEAT_READS_ZERO | DLFEAT_WZ_DEALLOCATE;
    id[IN_NSFEAT] = NSFEAT_OPTPERF;     /* preferred writes are a block, as the fields for them say by being 0 */
    stw_le_p(id + IN_NPDG, discard_granularity(ns));
    stw_le_p(id + IN_NPDA, discard_granularity(ns));
    memcpy(id + IN_NGUID, ns->nguid.data, sizeof(ns->nguid.data));
    stq_be_p(id + IN_EUI64, ns->eui64);
    id[IN_LBAF0 + 2] = ns->block_shift;
}

static bool fill_ns_list(NvmeCtrl *n, uint32_t after, uint8_t *list)
{
    unsigned count = 0;

    if (after >= 0xfffffffe) {
        return false;
    }
    for (uint32_t i = after + 1; i <= NVME_MAX_NAMESPACES; i++) {
        if (n->namespaces[i]) {
            stl_le_p(list + 4 * count++, i);
        }
    }
    return true;
}

static uint8_t *put_descriptor(uint8_t *at, uint8_t type, const void *id, uint8_t len)
{
    at[0] = type;
    at[1] = len;
    memcpy(at + 4, id, len);
    return at + 4 + len;
}

static void fill_descriptors(const NvmeNamespace *ns, uint8_t *list)
{
    static const uint8_t none[16];
    uint64_t eui64 = htobe64(ns->eui64);
    uint8_t csi = 0;

    if (memcmp(ns->uuid.data, none, sizeof(none))) {
        list = put_descriptor(list, NIDT_UUID, ns->uuid.data, sizeof(ns->uuid.data));
    }
    if (memcmp(ns->nguid.data, none, sizeof(none))) {
        list = put_descriptor(list, NIDT_NGUID, ns->nguid.data, sizeof(ns->nguid.data));
    }
    if (eui64) {
        list = put_descriptor(list, NIDT_EUI64, &eui64, sizeof(eui64));
    }
    put_descriptor(list, NIDT_CSI, &csi, 1);
}

/* An id in range without a namespace behind it is inactive: zeroes. */
static uint16_t fill_for_namespace(NvmeCtrl *n, uint32_t nsid, uint8_t cns, uint8_t *data)
{
    NvmeNamespace *ns = nsid && nsid <= NVME_MAX_NAMESPACES ? n->namespaces[nsid] : NULL;

    if (!nsid || nsid > NVME_MAX_NAMESPACES) {
        return NVME_INVALID_NAMESPACE | NVME_DNR;
    }
    if (!ns) {
        return cns == NVME_CNS_NS_DESCRIPTORS ? NVME_INVALID_FIELD | NVME_DNR : NVME_OK;
    }
    if (cns == NVME_CNS_NS_DESCRIPTORS) {
        fill_descriptors(ns, data);
    } else {
        fill_namespace(ns, data);
    }
    return NVME_OK;
}

/* Limits of the NVM command set, the only one. */
static uint16_t fill_for_command_set(NvmeCtrl *n, uint8_t csi, uint8_t *data)
{
    data[0] = n->vsl;
    return csi ? NVME_INVALID_FIELD | NVME_DNR : NVME_OK;
}

/* What only controllers of a subsystem, or with VFs, can tell. */
static uint16_t fill_for_subsystem(NvmeCtrl *n, uint32_t nsid, uint8_t cns, uint16_t cntid, uint8_t *data)
{
    if (!n->subsys || (cns >= NVME_CNS_PRIMARY_CAPS && !n->sriov_max_vfs)) {
        return NVME_INVALID_FIELD | NVME_DNR;
    }
    if (cns == NVME_CNS_NS_CTRLS && (!nsid || nsid > NVME_MAX_NAMESPACES)) {
        return NVME_INVALID_NAMESPACE | NVME_DNR;
    }
    if (cns == NVME_CNS_PRIMARY_CAPS) {
        nvme_virt_fill_capabilities(n, data);
    } else if (cns == NVME_CNS_SECONDARIES) {
        nvme_virt_fill_secondaries(n, cntid, data);
    } else {
        nvme_subsys_list_controllers(n->subsys, cns == NVME_CNS_NS_CTRLS ? nsid : 0, cntid, data);
    }
    return NVME_OK;
}

uint16_t nvme_identify(NvmeRequest *req)
{
    g_autofree uint8_t *data = g_malloc0(IDENTIFY_SIZE);
    NvmeCtrl *n = nvme_ctrl_of(req);
    uint8_t cns = le32toh(req->cmd.cdw10);
    uint32_t nsid = le32toh(req->cmd.nsid);
    uint16_t status = NVME_OK;

    switch (cns) {
    case NVME_CNS_CTRL:
        fill_controller(n, data);
        break;
    case NVME_CNS_NS:
    case NVME_CNS_ALLOCATED_NS:
    case NVME_CNS_NS_DESCRIPTORS:
        status = fill_for_namespace(n, nsid, cns, data);
        break;
    case NVME_CNS_NS_LIST:
    case NVME_CNS_ALLOCATED_LIST:
        status = fill_ns_list(n, nsid, data) ? NVME_OK : NVME_INVALID_NAMESPACE | NVME_DNR;
        break;
    case NVME_CNS_SET_CTRL:
        status = fill_for_command_set(n, le32toh(req->cmd.cdw11) >> 24, data);
        break;
    case NVME_CNS_NS_CTRLS:
    case NVME_CNS_CTRLS:
    case NVME_CNS_PRIMARY_CAPS:
    case NVME_CNS_SECONDARIES:
        status = fill_for_subsystem(n, nsid, cns, le32toh(req->cmd.cdw10) >> 16, data);
        break;
    default:
        status = NVME_INVALID_FIELD | NVME_DNR;
    }
    if (!status) {
        status = nvme_map_data(req, IDENTIFY_SIZE, false);
    }
    return status ? status : nvme_copy(req, data, IDENTIFY_SIZE, true);
}
