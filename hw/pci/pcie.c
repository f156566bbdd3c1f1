/*
 * PCI Express capability and extended capabilities of functions: PCIe Base
 * Specification 5.0 chapter 7. Slots are in pcie_slot.c, AER in pcie_aer.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/pci/pcie_port.h"
#include "pci-internal.h"

#define PCIE_CAP_V2_SIZE        0x3c
#define LNKCAP_NO_WIDTH_SPEED   (~(uint32_t)(PCI_EXP_LNKCAP_SLS | PCI_EXP_LNKCAP_MLW))

/* --- Extended capability chain ------------------------------------------------------------ */

static uint32_t header_at(const PCIDevice *dev, uint16_t at)
{
    return pci_get_long(dev->config + at);
}

static void set_next(PCIDevice *dev, uint16_t at, uint16_t next)
{
    pci_set_long(dev->config + at, (header_at(dev, at) & 0xfffff) | (uint32_t)next << 20);
}

uint16_t pcie_find_capability(const PCIDevice *dev, uint16_t cap_id)
{
    uint16_t at = PCI_CONFIG_SPACE_SIZE;

    if (!pci_is_express(dev) || !cap_id) {
        return 0;
    }
    for (int steps = 0; at >= PCI_CONFIG_SPACE_SIZE && steps < 960; steps++) {
        uint32_t h = header_at(dev, at);

        if (PCI_EXT_CAP_ID(h) == cap_id) {
            return at;
        }
        at = PCI_EXT_CAP_NEXT(h);
    }
    return 0;
}

/* An empty chain is a zero header at 0x100. */
static bool chain_empty(const PCIDevice *dev)
{
    return !header_at(dev, PCI_CONFIG_SPACE_SIZE);
}

/* The capability in front of @offset; 0 when the chain is broken (a loop from a host device). */
static uint16_t find_previous(const PCIDevice *dev, uint16_t offset)
{
    uint16_t at = PCI_CONFIG_SPACE_SIZE;

    for (int steps = 0; steps < 960; steps++) {
        uint16_t next = PCI_EXT_CAP_NEXT(header_at(dev, at));

        if (!next || next > offset) {
            return at;
        }
        if (next < PCI_CONFIG_SPACE_SIZE) {
            return 0;
        }
        at = next;
    }
    return 0;
}

static bool ext_range_free(const PCIDevice *dev, unsigned offset, unsigned size)
{
    unsigned from = offset == PCI_CONFIG_SPACE_SIZE && chain_empty(dev) ? offset + 4 : offset;

    return !memchr(dev->used + from, 1, offset + size - from);
}

static uint16_t find_ext_space(const PCIDevice *dev, uint16_t size)
{
    unsigned end = PCI_CONFIG_SPACE_SIZE;

    if (chain_empty(dev)) {
        return PCI_CONFIG_SPACE_SIZE;
    }
    for (unsigned i = PCI_CONFIG_SPACE_SIZE; i < PCIE_CONFIG_SPACE_SIZE; i++) {
        end = dev->used[i] ? i + 1 : end;
    }
    end = ROUND_UP(end, 4);
    return end + size <= PCIE_CONFIG_SPACE_SIZE ? end : 0;
}

bool pcie_add_capability(PCIDevice *dev, uint16_t cap_id, uint8_t ver, uint16_t offset, uint16_t size, uint16_t *where, Error **errp)
{
    uint32_t header = cap_id | (uint32_t)ver << 16;
    uint16_t before;

    if (!pci_is_express(dev)) {
        error_setg(errp, "%s: extended capability 0x%x needs a PCI Express bus", dev->name, cap_id);
        return false;
    }
    offset = offset ? offset : find_ext_space(dev, size);
    if (offset < PCI_CONFIG_SPACE_SIZE || (offset & 3) || size < 4 || offset + size > PCIE_CONFIG_SPACE_SIZE ||
        !ext_range_free(dev, offset, size)) {
        error_setg(errp, "%s: extended capability 0x%x of %u bytes does not fit at offset 0x%x without overlapping another",
                   dev->name, cap_id, size, offset);
        return false;
    }
    if (offset > PCI_CONFIG_SPACE_SIZE) {
        before = find_previous(dev, offset);
        if (!before) {
            error_setg(errp, "%s: the chain of extended capabilities is broken, nothing can be added to it", dev->name);
            return false;
        }
        header |= (uint32_t)PCI_EXT_CAP_NEXT(header_at(dev, before)) << 20;
        set_next(dev, before, offset);
    }
    pci_set_long(dev->config + offset, header);
    memset(dev->used + offset, 1, ROUND_UP(size, 4));
    memset(dev->wmask + offset, 0, size);
    memset(dev->cmask + offset, 0xff, size);
    if (where) {
        *where = offset;
    }
    return true;
}

/* --- The PCI Express capability --------------------------------------------------------------- */

static uint8_t *exp_reg(const PCIDevice *dev, unsigned reg)
{
    return dev->config + dev->exp.exp_cap + reg;
}

static uint8_t *exp_wmask(const PCIDevice *dev, unsigned reg)
{
    return dev->wmask + dev->exp.exp_cap + reg;
}

uint8_t pcie_cap_get_type(const PCIDevice *dev)
{
    return (pci_get_word(exp_reg(dev, PCI_EXP_FLAGS)) & PCI_EXP_FLAGS_TYPE) >> 4;
}

static bool type_has_link(uint8_t type)
{
    return type != PCI_EXP_TYPE_RC_END && type != PCI_EXP_TYPE_RC_EC;
}

static void init_link(PCIDevice *dev, uint8_t type, uint8_t port)
{
    bool down = type == PCI_EXP_TYPE_ROOT_PORT || type == PCI_EXP_TYPE_DOWNSTREAM;

    pci_set_long(exp_reg(dev, PCI_EXP_LNKCAP), (uint32_t)port << 24 | PCI_EXP_LNKCAP_ASPM_L0S |
                 PCI_EXP_LINK_WIDTH_1 << 4 | PCI_EXP_LINK_SPEED_2_5 |
                 (down ? PCI_EXP_LNKCAP_DLLLARC | PCI_EXP_LNKCAP_LBNC : 0));
    pci_set_word(exp_reg(dev, PCI_EXP_LNKSTA), PCI_EXP_LINK_WIDTH_1 << 4 | PCI_EXP_LINK_SPEED_2_5);
}

bool pcie_cap_init(PCIDevice *dev, uint8_t offset, uint8_t type, uint8_t port, Error **errp)
{
    uint8_t *c;
    int at;

    g_assert(pci_is_express(dev));
    at = pci_add_capability(dev, PCI_CAP_ID_EXP, offset, PCIE_CAP_V2_SIZE, errp);
    if (at < 0) {
        return false;
    }
    dev->exp.exp_cap = at;
    c = dev->config + at;
    pci_set_word(c + PCI_EXP_FLAGS, 2 | type << 4);
    pci_set_long(c + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_RBER | (dev->cap_present & QEMU_PCIE_EXT_TAG ? PCI_EXP_DEVCAP_EXT_TAG : 0));
    if (type_has_link(type)) {
        init_link(dev, type, port);
    }
    pci_set_long(c + PCI_EXP_DEVCAP2, PCI_EXP_DEVCAP2_EE_PREFIX | 1 << 20 /* extended format field */);
    pci_set_word(dev->wmask + at + PCI_EXP_DEVCTL2, PCI_EXP_DEVCTL2_EE_PREFIX_BLOCK);
    return true;
}

bool pcie_endpoint_cap_init(PCIDevice *dev, uint8_t offset, Error **errp)
{
    bool integrated = pci_bus_is_root(pci_get_bus(dev));

    return pcie_cap_init(dev, offset, integrated ? PCI_EXP_TYPE_RC_END : PCI_EXP_TYPE_ENDPOINT, 0, errp);
}

void pcie_cap_deverr_init(PCIDevice *dev)
{
    uint16_t reports = PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE | PCI_EXP_DEVCTL_URRE;

    pci_set_word(exp_wmask(dev, PCI_EXP_DEVCTL), pci_get_word(exp_wmask(dev, PCI_EXP_DEVCTL)) | reports);
    pci_set_word(dev->w1cmask + dev->exp.exp_cap + PCI_EXP_DEVSTA,
                 PCI_EXP_DEVSTA_CED | PCI_EXP_DEVSTA_NFED | PCI_EXP_DEVSTA_FED | PCI_EXP_DEVSTA_URD);
}

void pcie_cap_lnkctl_init(PCIDevice *dev)
{
    pci_set_word(exp_wmask(dev, PCI_EXP_LNKCTL), PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES);
}

void pcie_cap_arifwd_init(PCIDevice *dev)
{
    pci_set_long(exp_reg(dev, PCI_EXP_DEVCAP2), pci_get_long(exp_reg(dev, PCI_EXP_DEVCAP2)) | PCI_EXP_DEVCAP2_ARI);
    pci_set_word(exp_wmask(dev, PCI_EXP_DEVCTL2), pci_get_word(exp_wmask(dev, PCI_EXP_DEVCTL2)) | PCI_EXP_DEVCTL2_ARI);
}

/* --- Function level reset ------------------------------------------------------------------------ */

void pcie_cap_flr_init(PCIDevice *dev)
{
    dev->exp.flr = true;
    pci_set_long(exp_reg(dev, PCI_EXP_DEVCAP), pci_get_long(exp_reg(dev, PCI_EXP_DEVCAP)) | PCI_EXP_DEVCAP_FLR);
}

/* The bit starts the reset and always reads 0, so it is in no write mask. */
void pcie_cap_flr_write_config(PCIDevice *dev, uint32_t addr, uint32_t val, int len)
{
    uint32_t at = dev->exp.exp_cap + PCI_EXP_DEVCTL + 1;

    if (dev->exp.flr && addr <= at && addr + len > at && ((val >> (8 * (at - addr))) & (PCI_EXP_DEVCTL_BCR_FLR >> 8))) {
        pci_device_reset(dev);
    }
}

/* --- Links ------------------------------------------------------------------------------------------ */

void pcie_cap_set_link(PCIDevice *dev, int width, int speed)
{
    uint32_t cap = pci_get_long(exp_reg(dev, PCI_EXP_LNKCAP)) & LNKCAP_NO_WIDTH_SPEED;

    pci_set_long(exp_reg(dev, PCI_EXP_LNKCAP), cap | width << 4 | speed);
    pci_set_word(exp_reg(dev, PCI_EXP_LNKSTA), width << 4 | speed);
    if (speed > PCI_EXP_LINK_SPEED_2_5) {
        /* Supported speeds vector: bit n is speed code n. */
        pci_set_long(exp_reg(dev, PCI_EXP_LNKCAP2), (2U << speed) - 2);
        pci_set_word(exp_reg(dev, PCI_EXP_LNKCTL2), speed);
    }
}

static uint32_t link_capability(const PCIDevice *dev)
{
    uint32_t cap = pci_is_express(dev) && dev->exp.exp_cap ? pci_get_long(exp_reg(dev, PCI_EXP_LNKCAP)) : 0;

    return cap & (PCI_EXP_LNKCAP_SLS | PCI_EXP_LNKCAP_MLW);
}

void pcie_link_changed(PCIDevice *port, const PCIDevice *child)
{
    uint32_t mine = link_capability(port), theirs = child ? link_capability(child) : 0;
    uint16_t status = mine;

    if (theirs) {
        status = MIN(mine & PCI_EXP_LNKCAP_MLW, theirs & PCI_EXP_LNKCAP_MLW) |
            MIN(mine & PCI_EXP_LNKCAP_SLS, theirs & PCI_EXP_LNKCAP_SLS);
    }
    if (child && (port->cap_present & QEMU_PCIE_LNKSTA_DLLLA)) {
        status |= PCI_EXP_LNKSTA_DLLLA;
    }
    pci_set_word(exp_reg(port, PCI_EXP_LNKSTA), status);
}

/* --- Extended capabilities of functions ----------------------------------------------------------------- */

void pcie_ari_init(PCIDevice *dev, uint16_t offset, Error **errp)
{
    uint16_t at;

    if (!pcie_add_capability(dev, PCI_EXT_CAP_ID_ARI, 1, offset, PCI_EXT_CAP_ARI_SIZEOF, &at, errp)) {
        return;
    }
    dev->exp.ari_cap = at;
    dev->config[at + PCI_ARI_CAP + 1] = dev->cap_present & QEMU_PCIE_ARI_NEXTFN_1 ? 1 : 0;
}

/* Ports control everything but translated blocking's egress vector; endpoints of one function have nothing to control. */
void pcie_acs_init(PCIDevice *dev, uint16_t offset, Error **errp)
{
    uint8_t type = pcie_cap_get_type(dev);
    bool port = type == PCI_EXP_TYPE_ROOT_PORT || type == PCI_EXP_TYPE_DOWNSTREAM;
    uint16_t caps = port ? PCI_ACS_SV | PCI_ACS_TB | PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_UF | PCI_ACS_DT : 0;
    uint16_t at;

    if (!pcie_add_capability(dev, PCI_EXT_CAP_ID_ACS, 1, offset, 8, &at, errp)) {
        return;
    }
    dev->exp.acs_cap = at;
    pci_set_word(dev->config + at + PCI_ACS_CAP, caps);
    pci_set_word(dev->wmask + at + PCI_ACS_CTRL, caps);
}

void pcie_ats_init(PCIDevice *dev, uint16_t offset, bool aligned, Error **errp)
{
    uint16_t at;

    if (!pcie_add_capability(dev, PCI_EXT_CAP_ID_ATS, 1, offset, PCI_EXT_CAP_ATS_SIZEOF, &at, errp)) {
        return;
    }
    dev->exp.ats_cap = at;
    pci_set_word(dev->config + at + PCI_ATS_CAP, aligned ? PCI_ATS_CAP_PAGE_ALIGNED : 0);
    pci_set_word(dev->wmask + at + PCI_ATS_CTRL, PCI_ATS_CTRL_ENABLE | PCI_ATS_CTRL_STU(0x1f));
}

bool pcie_pasid_init(PCIDevice *dev, uint16_t offset, uint8_t max_pasid_width, bool exec_perm, bool priv_mod, Error **errp)
{
    uint16_t caps = (exec_perm ? PCI_PASID_CAP_EXEC : 0) | (priv_mod ? PCI_PASID_CAP_PRIV : 0), at;

    if (max_pasid_width < 1 || max_pasid_width > 20) {
        error_setg(errp, "%s: PASID width %u is outside 1 to 20", dev->name, max_pasid_width);
        return false;
    }
    if (!pcie_add_capability(dev, PCI_EXT_CAP_ID_PASID, 1, offset, PCI_EXT_CAP_PASID_SIZEOF, &at, errp)) {
        return false;
    }
    dev->exp.pasid_cap = at;
    pci_set_word(dev->config + at + PCI_PASID_CAP, caps | max_pasid_width << 8);
    /* Exec and priv enables sit at the places of their capability bits. */
    pci_set_word(dev->wmask + at + PCI_PASID_CTRL, PCI_PASID_CTRL_ENABLE | caps);
    return true;
}

bool pcie_pri_init(PCIDevice *dev, uint16_t offset, uint32_t outstanding, bool prg_response_pasid, Error **errp)
{
    uint16_t at;

    if (!pcie_add_capability(dev, PCI_EXT_CAP_ID_PRI, 1, offset, PCI_EXT_CAP_PRI_SIZEOF, &at, errp)) {
        return false;
    }
    dev->exp.pri_cap = at;
    pci_set_word(dev->config + at + PCI_PRI_STATUS, PCI_PRI_STATUS_STOPPED | (prg_response_pasid ? PCI_PRI_STATUS_PASID : 0));
    pci_set_long(dev->config + at + PCI_PRI_MAX_REQ, outstanding);
    pci_set_word(dev->wmask + at + PCI_PRI_CTRL, PCI_PRI_CTRL_ENABLE | PCI_PRI_CTRL_RESET);
    pci_set_word(dev->w1cmask + at + PCI_PRI_STATUS, PCI_PRI_STATUS_RF | PCI_PRI_STATUS_UPRGI);
    pci_set_long(dev->wmask + at + PCI_PRI_ALLOC_REQ, 0xffffffff);
    return true;
}

static bool enabled(const PCIDevice *dev, uint16_t cap, unsigned ctrl, uint16_t bit)
{
    return cap && (pci_get_word(dev->config + cap + ctrl) & bit);
}

bool pcie_ats_enabled(const PCIDevice *dev)
{
    return enabled(dev, dev->exp.ats_cap, PCI_ATS_CTRL, PCI_ATS_CTRL_ENABLE);
}

bool pcie_pasid_enabled(const PCIDevice *dev)
{
    return enabled(dev, dev->exp.pasid_cap, PCI_PASID_CTRL, PCI_PASID_CTRL_ENABLE);
}

bool pcie_pri_enabled(const PCIDevice *dev)
{
    return enabled(dev, dev->exp.pri_cap, PCI_PRI_CTRL, PCI_PRI_CTRL_ENABLE);
}
