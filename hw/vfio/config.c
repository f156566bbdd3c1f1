/*
 * Config space of an assigned function: the host's, with a layer of ours.
 *
 * `emulated` has a bit for each bit of config space that is ours: BARs, the
 * capability chains, MSI, MSI-X, ATS control, and what the user overrode.
 * Reads mix both; writes go to both (the kernel ignores what it protects).
 *
 * The chains are rebuilt from what the host shows, at the same offsets, so
 * that capabilities can be left out. A device may lie: chains may loop or
 * leave config space, structures may overlap. Walks are bounded, and what does
 * not fit is refused by name.
 *
 * PCIe 6.0, chapter 7; PCI 3.0, chapter 6.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pci.h"
#include "hw/pci/pcie.h"
#include "hw_vfio.trace.h"

#define MAX_CAPS     48
#define MAX_EXT_CAPS 480
#define EXT_CAP_HEADER(id, ver, next) ((uint32_t)(id) | (uint32_t)(ver) << 16 | (uint32_t)(next) << 20)

/* Extended capabilities that make no sense, or would be wrong, in a guest. */
static const uint16_t hidden_ext_caps[] = {
    0,                                  /* a host may start its chain with an empty one */
    PCI_EXT_CAP_ID_ARI,                 /* the guest's slot decides which functions there are */
    PCI_EXT_CAP_ID_SRIOV,
    PCI_EXT_CAP_ID_REBAR,
    PCI_EXT_CAP_ID_PASID,               /* ours is made from what the iommufd says */
};

static bool is_hidden(uint16_t id)
{
    for (size_t i = 0; i < ARRAY_SIZE(hidden_ext_caps); i++) {
        if (hidden_ext_caps[i] == id) {
            return true;
        }
    }
    return false;
}

static void emulate(VFIOPCIDevice *vdev, unsigned at, unsigned size)
{
    memset(vdev->emulated + at, 0xff, MIN(size, PCIE_CONFIG_SPACE_SIZE - at));
}

/* --- Access --------------------------------------------------------------------- */

uint32_t vfio_pci_read_config(PCIDevice *pdev, uint32_t addr, int len)
{
    VFIOPCIDevice *vdev = VFIO_PCI(pdev);
    uint32_t all = (uint32_t)MAKE_64BIT_MASK(0, len * 8), ours, host = 0;
    uint8_t buf[4];

    if (addr + (unsigned)len > PCIE_CONFIG_SPACE_SIZE) {
        return all;
    }
    ours = (uint32_t)ldn_le_p(vdev->emulated + addr, (unsigned)len);
    if (ours != all && addr + (unsigned)len <= vdev->config_size) {
        host = vfio_region_read(&vdev->config_region, addr, buf, (unsigned)len) < 0 ? all : (uint32_t)ldn_le_p(buf, (unsigned)len);
    }
    host = (host & ~ours) | (ours ? pci_default_read_config(pdev, addr, len) & ours : 0);
    trace_vfio_pci_read_config(vdev->vbasedev.name, addr, len, host);
    return host;
}

static void write_host(VFIOPCIDevice *vdev, uint32_t addr, uint32_t val, int len)
{
    uint32_t all = (uint32_t)MAKE_64BIT_MASK(0, len * 8);
    uint8_t buf[4];
    int r;

    if ((uint32_t)ldn_le_p(vdev->emulated + addr, (unsigned)len) == all || addr + (unsigned)len > vdev->config_size) {
        return;
    }
    stn_le_p(buf, (unsigned)len, val);
    r = vfio_region_write(&vdev->config_region, addr, buf, (unsigned)len);
    if (r < 0) {
        warn_report_limited("host device %s: writing config space at 0x%x failed: %s", vdev->vbasedev.name, addr, strerror(-r));
    }
}

static bool memory_decode(const PCIDevice *pdev)
{
    return pci_get_word(pdev->config + PCI_COMMAND) & PCI_COMMAND_MEMORY;
}

/* Does this write end the decoding of memory, by the command register or by leaving D0? */
static bool ends_decoding(const PCIDevice *pdev, uint32_t addr, uint32_t val, int len)
{
    unsigned pm = pdev->pm_cap + PCI_PM_CTRL;

    if (addr <= PCI_COMMAND && addr + (unsigned)len > PCI_COMMAND) {
        return memory_decode(pdev) && !(val >> (8 * (PCI_COMMAND - addr)) & PCI_COMMAND_MEMORY);
    }
    return pdev->pm_cap && addr <= pm && addr + (unsigned)len > pm && (val >> (8 * (pm - addr)) & PCI_PM_CTRL_STATE_MASK);
}

/*
 * A vCPU that touches a BAR whose decoding the host has switched off faults in
 * the host, so BARs leave the guest's map first and enter it last.
 */
void vfio_pci_write_config(PCIDevice *pdev, uint32_t addr, uint32_t val, int len)
{
    VFIOPCIDevice *vdev = VFIO_PCI(pdev);
    bool was_msi = msi_enabled(pdev), was_msix = msix_enabled(pdev);
    bool closing = ends_decoding(pdev, addr, val, len);

    trace_vfio_pci_write_config(vdev->vbasedev.name, addr, val, len);
    if (addr + (unsigned)len > PCIE_CONFIG_SPACE_SIZE) {
        return;
    }
    if (!closing) {
        write_host(vdev, addr, val, len);
    }
    pci_default_write_config(pdev, addr, val, len);
    if (closing) {
        write_host(vdev, addr, val, len);
    }
    vfio_intr_msi_changed(vdev, was_msi, was_msix);
}

/* --- Reading what the host has -------------------------------------------------------- */

bool vfio_config_read_host(VFIOPCIDevice *vdev, Error **errp)
{
    VFIODevice *vbase = &vdev->vbasedev;
    uint8_t header;

    if (!vfio_region_init(vbase, &vdev->config_region, VFIO_PCI_CONFIG_REGION_INDEX, errp)) {
        return false;
    }
    vdev->config_size = MIN(vdev->config_region.size, PCIE_CONFIG_SPACE_SIZE);
    if (vdev->config_size < PCI_CONFIG_SPACE_SIZE) {
        error_setg(errp, "host device %s: its config space is only %u bytes", vbase->name, vdev->config_size);
        return false;
    }
    int r = vfio_region_read(&vdev->config_region, 0, vdev->host_config, PCI_CONFIG_SPACE_SIZE);
    if (r < 0) {
        error_setg_errno(errp, r, "host device %s: reading its config space failed", vbase->name);
        return false;
    }
    if (vdev->config_size < PCIE_CONFIG_SPACE_SIZE ||
        vfio_region_read(&vdev->config_region, PCI_CONFIG_SPACE_SIZE, vdev->host_config + PCI_CONFIG_SPACE_SIZE,
                         PCIE_CONFIG_SPACE_SIZE - PCI_CONFIG_SPACE_SIZE) < 0) {
        vdev->config_size = PCI_CONFIG_SPACE_SIZE;
    }
    header = vdev->host_config[PCI_HEADER_TYPE] & 0x7f;
    if (header != PCI_HEADER_TYPE_NORMAL) {
        error_setg(errp, "host device %s has PCI header type %u; only endpoints (type 0) can be given to a guest", vbase->name, header);
        return false;
    }
    return true;
}

/* --- Capabilities ------------------------------------------------------------------------ */

typedef struct CapList { unsigned n; uint8_t at[MAX_CAPS]; } CapList;

static void collect_caps(const uint8_t *config, CapList *list)
{
    bool seen[PCI_CONFIG_SPACE_SIZE / 4] = { false };
    uint8_t at = config[PCI_CAPABILITY_LIST] & ~3;

    list->n = 0;
    if (!(pci_get_word(config + PCI_STATUS) & PCI_STATUS_CAP_LIST)) {
        return;
    }
    while (at >= PCI_STD_HEADER_SIZEOF && !seen[at / 4] && list->n < MAX_CAPS) {
        seen[at / 4] = true;
        list->at[list->n++] = at;
        at = config[at + 1] & ~3;
    }
}

/* Up to the next capability, or the end. */
static uint8_t cap_room(const CapList *list, uint8_t at)
{
    unsigned end = PCI_CONFIG_SPACE_SIZE;

    for (unsigned i = 0; i < list->n; i++) {
        if (list->at[i] > at) {
            end = MIN(end, list->at[i]);
        }
    }
    return (uint8_t)MIN(end - at, 0xfcU);
}

static bool add_msi(VFIOPCIDevice *vdev, uint8_t at, uint8_t room, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);
    uint16_t ctrl = pci_get_word(vdev->host_config + at + PCI_MSI_FLAGS);
    bool is64 = ctrl & PCI_MSI_FLAGS_64BIT, maskbit = ctrl & PCI_MSI_FLAGS_MASKBIT;
    unsigned log2 = (ctrl & PCI_MSI_FLAGS_QMASK) >> 1;
    unsigned size = maskbit ? (is64 ? 0x18 : 0x14) : (is64 ? 0xe : 0xa);

    if (!msi_nonbroken) {
        return true;                    /* nowhere to send it: not shown */
    }
    if (log2 > 5 || size > room) {
        error_setg(errp, "host device %s: its MSI capability at 0x%x is malformed", vdev->vbasedev.name, at);
        return false;
    }
    if (!msi_init(pdev, at, 1U << log2, is64, maskbit, errp)) {
        return false;
    }
    vdev->has_msi = true;
    vdev->msi_vectors = 1U << log2;
    emulate(vdev, at, size);
    return true;
}

static bool bar_range_ok(VFIOPCIDevice *vdev, uint8_t bar, uint32_t offset, uint64_t size)
{
    return bar < PCI_ROM_SLOT && size && vdev->bars[bar].size >= size && offset <= vdev->bars[bar].size - size;
}

static bool read_msix(VFIOPCIDevice *vdev, uint8_t at, uint8_t room, Error **errp)
{
    const uint8_t *cap = vdev->host_config + at;
    uint32_t table = pci_get_long(cap + PCI_MSIX_TABLE), pba = pci_get_long(cap + PCI_MSIX_PBA);

    vdev->msix.entries = (pci_get_word(cap + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_QSIZE) + 1U;
    vdev->msix.table_bar = table & PCI_MSIX_TABLE_BIR;
    vdev->msix.table_offset = table & PCI_MSIX_TABLE_OFFSET;
    vdev->msix.pba_bar = pba & PCI_MSIX_PBA_BIR;
    vdev->msix.pba_offset = pba & PCI_MSIX_PBA_OFFSET;
    if (room < 12 || !bar_range_ok(vdev, vdev->msix.table_bar, vdev->msix.table_offset, vdev->msix.entries * 16ULL) ||
        !bar_range_ok(vdev, vdev->msix.pba_bar, vdev->msix.pba_offset, DIV_ROUND_UP(vdev->msix.entries, 64) * 8ULL)) {
        error_setg(errp, "host device %s: its MSI-X capability at 0x%x points outside its BARs", vdev->vbasedev.name, at);
        return false;
    }
    vdev->has_msix = true;
    return vfio_msix_relocate(vdev, errp);
}

static bool add_msix(VFIOPCIDevice *vdev, uint8_t at, Error **errp)
{
    if (!msi_nonbroken) {
        vdev->has_msix = false;
        return true;
    }
    if (!vdev->msix.relocated && (!vdev->bars[vdev->msix.table_bar].container || !vdev->bars[vdev->msix.pba_bar].container)) {
        error_setg(errp, "host device %s: its MSI-X table is in a BAR that does not exist", vdev->vbasedev.name);
        return false;
    }
    if (!msix_init(PCI_DEVICE(vdev), vdev->msix.entries, &vdev->bar_mr[vdev->msix.table_bar], vdev->msix.table_bar, vdev->msix.table_offset,
                   &vdev->bar_mr[vdev->msix.pba_bar], vdev->msix.pba_bar, vdev->msix.pba_offset, at, errp)) {
        return false;
    }
    for (unsigned i = 0; i < vdev->msix.entries; i++) {
        msix_vector_use(PCI_DEVICE(vdev), i);
    }
    emulate(vdev, at, 12);
    return true;
}

/* On a root bus an endpoint has no link: it is one integrated in the root complex. */
static void fix_express(VFIOPCIDevice *vdev, uint8_t at, uint8_t room)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);
    uint16_t flags = pci_get_word(vdev->host_config + at + PCI_EXP_FLAGS);
    unsigned type = (flags & PCI_EXP_FLAGS_TYPE) >> 4;

    pdev->exp.exp_cap = at;
    vdev->flr = room >= 8 && (pci_get_long(vdev->host_config + at + PCI_EXP_DEVCAP) & PCI_EXP_DEVCAP_FLR);
    if (type != PCI_EXP_TYPE_ENDPOINT && type != PCI_EXP_TYPE_LEG_END && type != PCI_EXP_TYPE_RC_END) {
        return;
    }
    bool root = pci_bus_is_root(pci_get_bus(pdev));
    type = root ? PCI_EXP_TYPE_RC_END : type == PCI_EXP_TYPE_RC_END ? PCI_EXP_TYPE_ENDPOINT : type;
    pci_set_word(pdev->config + at + PCI_EXP_FLAGS, (uint16_t)((flags & ~PCI_EXP_FLAGS_TYPE) | type << 4));
    emulate(vdev, at + PCI_EXP_FLAGS, 2);
    if (root && room >= 0x14) {
        memset(pdev->config + at + PCI_EXP_LNKCAP, 0, 8);
        memset(pdev->wmask + at + PCI_EXP_LNKCAP, 0, 8);
        emulate(vdev, at + PCI_EXP_LNKCAP, 8);
    }
}

static bool add_cap(VFIOPCIDevice *vdev, uint8_t at, uint8_t room, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);
    uint8_t id = vdev->host_config[at];

    emulate(vdev, at, 2);
    switch (id) {
    case PCI_CAP_ID_MSI:
        return add_msi(vdev, at, room, errp);
    case PCI_CAP_ID_MSIX:
        return add_msix(vdev, at, errp);
    default:
        if (pci_add_capability(pdev, id, at, room, errp) < 0) {
            return false;
        }
        memcpy(pdev->config + at + 2, vdev->host_config + at + 2, room - 2U);
        break;
    }
    if (id == PCI_CAP_ID_EXP && room >= 4) {
        fix_express(vdev, at, room);
    } else if (id == PCI_CAP_ID_PM && room >= PCI_PM_SIZEOF) {
        /* Ours follows the host's state, so that BARs are not mapped outside D0. */
        pdev->pm_cap = at;
        pci_set_word(pdev->config + at + PCI_PM_CTRL, pci_get_word(pdev->config + at + PCI_PM_CTRL) & (uint16_t)~PCI_PM_CTRL_STATE_MASK);
        pci_set_word(pdev->wmask + at + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);
    } else if (id == PCI_CAP_ID_AF && room >= 4) {
        vdev->flr |= (vdev->host_config[at + PCI_AF_CAP] & (PCI_AF_CAP_TP | PCI_AF_CAP_FLR)) == (PCI_AF_CAP_TP | PCI_AF_CAP_FLR);
    }
    return true;
}

/* Last first: each new one goes to the head of the chain. */
static bool rebuild_caps(VFIOPCIDevice *vdev, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);
    CapList list;

    collect_caps(vdev->host_config, &list);
    pdev->config[PCI_CAPABILITY_LIST] = 0;
    pci_set_word(pdev->config + PCI_STATUS, pci_get_word(pdev->config + PCI_STATUS) & (uint16_t)~PCI_STATUS_CAP_LIST);
    vdev->emulated[PCI_CAPABILITY_LIST] = 0xff;
    vdev->emulated[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
    for (unsigned i = list.n; i-- > 0;) {
        uint8_t at = list.at[i];
        if (!add_cap(vdev, at, cap_room(&list, at), errp)) {
            return false;
        }
    }
    return true;
}

static uint8_t find_host_cap(VFIOPCIDevice *vdev, uint8_t id, uint8_t *room)
{
    CapList list;

    collect_caps(vdev->host_config, &list);
    for (unsigned i = 0; i < list.n; i++) {
        if (vdev->host_config[list.at[i]] == id) {
            *room = cap_room(&list, list.at[i]);
            return list.at[i];
        }
    }
    return 0;
}

/* --- Extended capabilities ------------------------------------------------------------------ */

static bool host_has_ats(VFIOPCIDevice *vdev)
{
    return host_iommu_device_get_cap(vdev->vbasedev.hiod, HOST_IOMMU_DEVICE_CAP_ATS, NULL) > 0;
}

static bool ats_wanted(VFIOPCIDevice *vdev)
{
    return vdev->ats == ON_OFF_AUTO_ON || (vdev->ats == ON_OFF_AUTO_AUTO && host_has_ats(vdev));
}

/* ATS control is ours: the host switches the real one as the guest's stream table says. */
static void setup_ats(VFIOPCIDevice *vdev, uint16_t at)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);

    pdev->exp.ats_cap = at;
    pci_set_word(pdev->config + at + PCI_ATS_CTRL, 0);
    pci_set_word(pdev->wmask + at + PCI_ATS_CTRL, PCI_ATS_CTRL_ENABLE | 0x1f);
    emulate(vdev, at + PCI_ATS_CTRL, 2);
}

/* Page requests need someone who answers them: a vIOMMU with a PRI queue. */
static bool pri_wanted(VFIOPCIDevice *vdev, unsigned at)
{
    return at + PCI_EXT_CAP_PRI_SIZEOF <= PCIE_CONFIG_SPACE_SIZE && ats_wanted(vdev) &&
           (pci_device_get_viommu_flags(PCI_DEVICE(vdev)) & VIOMMU_FLAG_PRI_SUPPORTED);
}

/* The host has it on while the guest's table names a fault queue; the guest's switch decides who answers. */
static void setup_pri(VFIOPCIDevice *vdev, uint16_t at)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);

    pdev->exp.pri_cap = at;
    pci_set_word(pdev->config + at + PCI_PRI_CTRL, 0);
    pci_set_word(pdev->wmask + at + PCI_PRI_CTRL, PCI_PRI_CTRL_ENABLE | PCI_PRI_CTRL_RESET);
    pci_set_word(pdev->config + at + PCI_PRI_STATUS,
                 PCI_PRI_STATUS_STOPPED | (pci_get_word(vdev->host_config + at + PCI_PRI_STATUS) & PCI_PRI_STATUS_PASID));
    pci_set_long(pdev->wmask + at + PCI_PRI_ALLOC_REQ, UINT32_MAX);
    emulate(vdev, at + PCI_PRI_CTRL, PCI_EXT_CAP_PRI_SIZEOF - PCI_PRI_CTRL);
}

typedef struct ExtCap { uint16_t at, id; uint8_t ver; } ExtCap;

static int compare_ext_caps(const void *a, const void *b)
{
    return ((const ExtCap *)a)->at - ((const ExtCap *)b)->at;
}

/* Those to show, in address order. */
static unsigned collect_ext_caps(VFIOPCIDevice *vdev, ExtCap *caps, bool *ats_seen)
{
    bool seen[PCIE_CONFIG_SPACE_SIZE / 4] = { false };
    unsigned n = 0;
    uint32_t header;

    for (unsigned at = PCI_CONFIG_SPACE_SIZE; at >= PCI_CONFIG_SPACE_SIZE && at < vdev->config_size && !seen[at / 4] && n < MAX_EXT_CAPS;
         at = PCI_EXT_CAP_NEXT(header)) {
        header = pci_get_long(vdev->host_config + at);
        seen[at / 4] = true;
        if (!header || header == UINT32_MAX) {
            break;
        }
        uint16_t id = PCI_EXT_CAP_ID(header);
        bool fits = id != PCI_EXT_CAP_ID_ATS || at + PCI_EXT_CAP_ATS_SIZEOF <= PCIE_CONFIG_SPACE_SIZE;
        *ats_seen |= id == PCI_EXT_CAP_ID_ATS && fits;
        if (is_hidden(id) || !fits || (id == PCI_EXT_CAP_ID_ATS && !ats_wanted(vdev)) || (id == PCI_EXT_CAP_ID_PRI && !pri_wanted(vdev, at))) {
            trace_vfio_config_hide_ext_cap(vdev->vbasedev.name, id, at);
            emulate(vdev, at, 4);
            continue;
        }
        caps[n++] = (ExtCap) { .at = (uint16_t)at, .id = id, .ver = (uint8_t)PCI_EXT_CAP_VER(header) };
    }
    qsort(caps, n, sizeof(*caps), compare_ext_caps);
    return n;
}

static bool rebuild_ext_caps(VFIOPCIDevice *vdev, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);
    g_autofree ExtCap *caps = g_new0(ExtCap, MAX_EXT_CAPS);
    bool ats_seen = false;
    unsigned n = collect_ext_caps(vdev, caps, &ats_seen);

    if (vdev->ats == ON_OFF_AUTO_ON && !(ats_seen && host_has_ats(vdev))) {
        error_setg(errp, "host device %s: ats=on, but the host says ATS is not available for it; use ats=auto", vdev->vbasedev.name);
        return false;
    }
    memset(pdev->config + PCI_CONFIG_SPACE_SIZE, 0, PCIE_CONFIG_SPACE_SIZE - PCI_CONFIG_SPACE_SIZE);
    emulate(vdev, PCI_CONFIG_SPACE_SIZE, 4);
    for (unsigned i = 0; i < n; i++) {
        uint16_t next = i + 1 < n ? caps[i + 1].at : 0;
        unsigned end = next ? next : MIN(vdev->config_size, PCIE_CONFIG_SPACE_SIZE);
        memcpy(pdev->config + caps[i].at, vdev->host_config + caps[i].at, end - caps[i].at);
        pci_set_long(pdev->config + caps[i].at, EXT_CAP_HEADER(caps[i].id, caps[i].ver, next));
        emulate(vdev, caps[i].at, 4);
        if (caps[i].id == PCI_EXT_CAP_ID_ATS) {
            setup_ats(vdev, caps[i].at);
        } else if (caps[i].id == PCI_EXT_CAP_ID_PRI) {
            setup_pri(vdev, caps[i].at);
        }
    }
    /* The chain has to start at 0x100, if need be with an empty capability. */
    if (n && caps[0].at != PCI_CONFIG_SPACE_SIZE) {
        pci_set_long(pdev->config + PCI_CONFIG_SPACE_SIZE, EXT_CAP_HEADER(0, 0, caps[0].at));
    }
    return true;
}

/* Where a capability of @size can be without covering one that is shown. */
static bool ext_space_free(VFIOPCIDevice *vdev, unsigned at, unsigned size)
{
    unsigned pos = PCI_CONFIG_SPACE_SIZE;

    for (unsigned n = 0; pos >= PCI_CONFIG_SPACE_SIZE && n < MAX_EXT_CAPS; n++) {
        uint32_t header = pci_get_long(PCI_DEVICE(vdev)->config + pos);
        if (header && pos < at + size && pos + 4 > at) {
            return false;
        }
        pos = PCI_EXT_CAP_NEXT(header);
    }
    return true;
}

bool vfio_config_add_pasid(VFIOPCIDevice *vdev, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);
    PasidInfo info;
    uint16_t at = vdev->vpasid_cap_offset;

    if (!host_iommu_device_get_pasid_info(vdev->vbasedev.hiod, &info) || !pci_is_express(pdev) || !pdev->exp.exp_cap ||
        !(pci_device_get_viommu_flags(pdev) & VIOMMU_FLAG_PASID_SUPPORTED)) {
        return true;
    }
    if (!at) {
        at = PCIE_CONFIG_SPACE_SIZE - PCI_EXT_CAP_PASID_SIZEOF;
    } else if (at < PCI_CONFIG_SPACE_SIZE || at % 4 || at > PCIE_CONFIG_SPACE_SIZE - PCI_EXT_CAP_PASID_SIZEOF) {
        error_setg(errp, "vfio-pci: x-vpasid-cap-offset=0x%x must be a multiple of 4 from 0x100 to 0xff8", at);
        return false;
    }
    if (!ext_space_free(vdev, at, PCI_EXT_CAP_PASID_SIZEOF)) {
        error_setg(errp, "host device %s: a capability is in the way of PASID at 0x%x; choose another place with x-vpasid-cap-offset",
                   vdev->vbasedev.name, at);
        return false;
    }
    if (!pcie_pasid_init(pdev, at, MIN(info.max_pasid_log2, 20), info.exec_perm, info.priv_mod, errp)) {
        return false;
    }
    emulate(vdev, at, PCI_EXT_CAP_PASID_SIZEOF);
    return true;
}

/* --- Setup -------------------------------------------------------------------------------- */

static void override16(VFIOPCIDevice *vdev, unsigned at, uint32_t value)
{
    if (value != VFIO_NO_OVERRIDE) {
        pci_set_word(PCI_DEVICE(vdev)->config + at, (uint16_t)value);
        emulate(vdev, at, 2);
    }
}

static void setup_header(VFIOPCIDevice *vdev)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);

    override16(vdev, PCI_VENDOR_ID, vdev->vendor_id);
    override16(vdev, PCI_DEVICE_ID, vdev->device_id);
    override16(vdev, PCI_SUBSYSTEM_VENDOR_ID, vdev->sub_vendor_id);
    override16(vdev, PCI_SUBSYSTEM_ID, vdev->sub_device_id);
    if (vdev->class_code != VFIO_NO_OVERRIDE) {
        pdev->config[PCI_CLASS_PROG] = (uint8_t)vdev->class_code;
        pci_set_word(pdev->config + PCI_CLASS_DEVICE, (uint16_t)(vdev->class_code >> 8));
        emulate(vdev, PCI_CLASS_PROG, 3);
    }
    /* Which functions a slot has is the guest's topology, not the host's. */
    pdev->config[PCI_HEADER_TYPE] = pdev->cap_present & QEMU_PCI_CAP_MULTIFUNCTION ? 0x80 : 0;
    emulate(vdev, PCI_HEADER_TYPE, 1);
    memset(pdev->config + PCI_BASE_ADDRESS_0, 0, 24);
    emulate(vdev, PCI_BASE_ADDRESS_0, 24);
    memset(pdev->config + PCI_ROM_ADDRESS, 0, 4);
    emulate(vdev, PCI_ROM_ADDRESS, 4);
    /* The guest starts from reset. */
    pci_set_word(pdev->config + PCI_COMMAND, 0);
}

bool vfio_config_setup(VFIOPCIDevice *vdev, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);
    uint8_t room, at = find_host_cap(vdev, PCI_CAP_ID_MSIX, &room);

    memcpy(pdev->config, vdev->host_config, pci_config_size(pdev));
    setup_header(vdev);
    if ((at && !read_msix(vdev, at, room, errp)) || !vfio_bars_setup(vdev, errp)) {
        return false;
    }
    return rebuild_caps(vdev, errp) && rebuild_ext_caps(vdev, errp) && vfio_config_add_pasid(vdev, errp);
}
