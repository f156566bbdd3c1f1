/*
 * SR-IOV extended capability: PCI Express Base Specification 5.0 section 9.3.
 *
 * What the guest sees: InitialVFs = TotalVFs VFs, at routing ids that First VF
 * Offset and VF Stride give; NumVFs of them answer while VF Enable is set. VF n
 * decodes VF BAR + n * aperture while VF MSE is set; the aperture is a VF's BAR
 * or the system page, whichever is larger. NumVFs and System Page Size are read
 * only while VFs are enabled; a page size that is not one supported size, and
 * enabling more than TotalVFs, change nothing. Bus mastering, MSI-X and FLR are
 * each VF's own; any reset of the PF clears VF Enable.
 *
 * VFs are made with the PF, so enabling them cannot fail or allocate; they wait
 * in their bus's list of hidden functions.
 *
 * Not modelled: VF migration, functions on further bus numbers, dependencies
 * between PFs, 10-bit tags. VFs behind a port are reached whether or not its ARI
 * forwarding is enabled.
 *
 * Runs under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/pci/pcie_sriov.h"
#include "pci-internal.h"
#include "util/trace.h"

#define PAGE_SIZES      0x553U          /* bit n: 4 KiB << n; the six that every device has */
#define PAGE_4K         0x1U

struct PCIESriovPF {
    uint16_t cap, total, enabled;       /* enabled: VFs that are seen */
    uint32_t page;                      /* System Page Size as last accepted */
    PCIDevice **vf;
    unsigned made;
    struct { uint64_t size; uint8_t type; } bar[PCI_SRIOV_NUM_BARS];
};

static uint8_t *reg(PCIDevice *pf, unsigned at)
{
    return pf->config + pf->exp.sriov->cap + at;
}

static uint8_t *wmask(PCIDevice *pf, unsigned at)
{
    return pf->wmask + pf->exp.sriov->cap + at;
}

uint16_t pcie_sriov_total_vfs(const PCIDevice *pf)
{
    return pf->exp.sriov ? pf->exp.sriov->total : 0;
}

PCIDevice *pcie_sriov_get_vf(const PCIDevice *pf, unsigned index)
{
    return pf->exp.sriov && index < pf->exp.sriov->made ? pf->exp.sriov->vf[index] : NULL;
}

/* --- BARs ------------------------------------------------------------------------------ */

static bool is_64(uint8_t type)
{
    return type & PCI_BASE_ADDRESS_MEM_TYPE_64;
}

static uint64_t aperture(const PCIESriovPF *s, int region)
{
    return MAX(s->bar[region].size, (uint64_t)4096 << ctz32(s->page));
}

/* Sizing answers in apertures, so a larger page takes address bits away. */
static void size_bar(PCIDevice *pf, int region)
{
    uint64_t mask = ~(aperture(pf->exp.sriov, region) - 1);
    unsigned at = PCI_SRIOV_BAR + 4 * region;
    uint8_t type = pf->exp.sriov->bar[region].type;

    pci_set_long(wmask(pf, at), mask);
    pci_set_long(reg(pf, at), (pci_get_long(reg(pf, at)) & mask) | type);
    if (is_64(type)) {
        pci_set_long(wmask(pf, at + 4), mask >> 32);
    }
}

static void size_bars(PCIDevice *pf)
{
    for (int i = 0; i < PCI_SRIOV_NUM_BARS; i++) {
        if (pf->exp.sriov->bar[i].size) {
            size_bar(pf, i);
        }
    }
}

void pcie_sriov_pf_init_vf_bar(PCIDevice *pf, int region, uint8_t type, uint64_t size)
{
    g_assert(region >= 0 && region < PCI_SRIOV_NUM_BARS && is_power_of_2(size) && !(type & PCI_BASE_ADDRESS_SPACE_IO));
    pf->exp.sriov->bar[region].size = size;
    pf->exp.sriov->bar[region].type = type;
    size_bar(pf, region);
}

uint64_t pcie_sriov_vf_bar_size(const PCIDevice *pf, int region, uint8_t *type)
{
    if (!pf->exp.sriov) {
        return 0;
    }
    *type = pf->exp.sriov->bar[region].type;
    return pf->exp.sriov->bar[region].size;
}

uint32_t pcie_sriov_vf_bar_reg(const PCIDevice *pf, int region)
{
    return pf->exp.sriov->cap + PCI_SRIOV_BAR + 4 * region;
}

uint64_t pcie_sriov_vf_bar_address(const PCIDevice *vf, int region)
{
    PCIDevice *pf = vf->exp.vf_of;
    const PCIESriovPF *s = pf->exp.sriov;
    uint64_t base, offset, last;

    if (region >= PCI_SRIOV_NUM_BARS || vf->exp.vf_index >= s->enabled || !(pci_get_word(reg(pf, PCI_SRIOV_CTRL)) & PCI_SRIOV_CTRL_MSE)) {
        return PCI_BAR_UNMAPPED;
    }
    base = pci_get_long(reg(pf, PCI_SRIOV_BAR + 4 * region)) & PCI_BASE_ADDRESS_MEM_MASK;
    if (is_64(s->bar[region].type)) {
        base |= (uint64_t)pci_get_long(reg(pf, PCI_SRIOV_BAR + 4 * region + 4)) << 32;
    }
    if (!base || __builtin_mul_overflow((uint64_t)vf->exp.vf_index, aperture(s, region), &offset) ||
        __builtin_add_overflow(base + (s->bar[region].size - 1), offset, &last) || last == UINT64_MAX ||
        (!is_64(s->bar[region].type) && last > UINT32_MAX)) {
        return PCI_BAR_UNMAPPED;
    }
    return base + offset;
}

/* --- VF Enable --------------------------------------------------------------------------- */

static void lock_while_enabled(PCIDevice *pf, bool enabled)
{
    pci_set_word(wmask(pf, PCI_SRIOV_NUM_VF), enabled ? 0 : 0xffff);
    pci_set_long(wmask(pf, PCI_SRIOV_SYS_PGSIZE), enabled ? 0 : PAGE_SIZES);
}

static void show(PCIDevice *vf)
{
    vf->enabled = true;
    pci_set_power(vf, vf->exp.vf_of->has_power);
    pci_bus_show(vf);
}

static void hide(PCIDevice *vf)
{
    vf->enabled = false;
    device_cold_reset(DEVICE(vf));
    pci_bus_hide(vf);
}

static void set_enabled(PCIDevice *pf, uint16_t count)
{
    PCIESriovPF *s = pf->exp.sriov;

    while (s->enabled < count) {
        show(s->vf[s->enabled++]);
    }
    while (s->enabled > count) {
        hide(s->vf[--s->enabled]);
    }
}

static void update_vf_mappings(PCIDevice *pf)
{
    memory_region_transaction_begin();
    for (unsigned i = 0; i < pf->exp.sriov->enabled; i++) {
        pci_update_mappings(pf->exp.sriov->vf[i]);
    }
    memory_region_transaction_commit();
}

static void control_written(PCIDevice *pf)
{
    uint16_t num = pci_get_word(reg(pf, PCI_SRIOV_NUM_VF));
    bool on = pci_get_word(reg(pf, PCI_SRIOV_CTRL)) & PCI_SRIOV_CTRL_VFE;

    if (on && num > pf->exp.sriov->made) {
        log_guest_error("%s: %u VFs enabled of %u\n", pf->name, num, pf->exp.sriov->made);
        pci_word_test_and_clear(reg(pf, PCI_SRIOV_CTRL), PCI_SRIOV_CTRL_VFE);
        on = false;
    }
    lock_while_enabled(pf, on);
    set_enabled(pf, on ? num : 0);
}

static void page_size_written(PCIDevice *pf)
{
    PCIESriovPF *s = pf->exp.sriov;
    uint32_t page = pci_get_long(reg(pf, PCI_SRIOV_SYS_PGSIZE));

    if (is_power_of_2(page)) {
        s->page = page;
        size_bars(pf);
    } else {
        pci_set_long(reg(pf, PCI_SRIOV_SYS_PGSIZE), s->page);
    }
}

void pcie_sriov_write_config(PCIDevice *pf, uint32_t addr, int len)
{
    unsigned at = addr, cap = pf->exp.sriov ? pf->exp.sriov->cap : 0;

    if (!cap || at + len <= cap + PCI_SRIOV_CTRL || at >= cap + PCI_EXT_CAP_SRIOV_SIZEOF) {
        return;
    }
    if (at < cap + PCI_SRIOV_CTRL + 2) {
        control_written(pf);
    }
    if (at < cap + PCI_SRIOV_SYS_PGSIZE + 4 && at + len > cap + PCI_SRIOV_SYS_PGSIZE) {
        page_size_written(pf);
    }
    update_vf_mappings(pf);
}

void pcie_sriov_pf_reset(PCIDevice *pf)
{
    if (!pf->exp.sriov) {
        return;
    }
    set_enabled(pf, 0);
    lock_while_enabled(pf, false);
    pf->exp.sriov->page = PAGE_4K;
    size_bars(pf);
}

/* --- Life ----------------------------------------------------------------------------------- */

/* The last VF's routing id must be on the PF's bus, which has no other bus number to spread to. */
static bool check_place(PCIDevice *pf, uint16_t total, unsigned first, unsigned stride, Error **errp)
{
    unsigned last = pf->devfn + first + stride * (total - 1U);

    if (last < PCI_DEVFN_MAX) {
        return true;
    }
    error_setg(errp, "%s: %u VFs from %02x.%x on pass the end of the bus, ask for %u at most or choose a lower addr=", pf->name, total,
               PCI_SLOT(pf->devfn), PCI_FUNC(pf->devfn), (PCI_DEVFN_MAX - 1 - pf->devfn - first) / stride + 1);
    return false;
}

bool pcie_sriov_pf_init(PCIDevice *pf, uint16_t offset, uint16_t vf_device_id, uint16_t total_vfs, uint16_t first_offset,
                        uint16_t stride, Error **errp)
{
    uint16_t at;

    g_assert(total_vfs && first_offset && stride && !pf->exp.sriov);
    if (!check_place(pf, total_vfs, first_offset, stride, errp) ||
        !pcie_add_capability(pf, PCI_EXT_CAP_ID_SRIOV, 1, offset, PCI_EXT_CAP_SRIOV_SIZEOF, &at, errp)) {
        return false;
    }
    pf->exp.sriov = g_new0(PCIESriovPF, 1);
    *pf->exp.sriov = (PCIESriovPF) { .cap = at, .total = total_vfs, .page = PAGE_4K, .vf = g_new0(PCIDevice *, total_vfs) };
    pci_set_word(reg(pf, PCI_SRIOV_INITIAL_VF), total_vfs);
    pci_set_word(reg(pf, PCI_SRIOV_TOTAL_VF), total_vfs);
    pci_set_word(reg(pf, PCI_SRIOV_VF_OFFSET), first_offset);
    pci_set_word(reg(pf, PCI_SRIOV_VF_STRIDE), stride);
    pci_set_word(reg(pf, PCI_SRIOV_VF_DID), vf_device_id);
    pci_set_long(reg(pf, PCI_SRIOV_SUP_PGSIZE), PAGE_SIZES);
    pci_set_long(reg(pf, PCI_SRIOV_SYS_PGSIZE), PAGE_4K);
    pci_set_word(wmask(pf, PCI_SRIOV_CTRL), PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE | PCI_SRIOV_CTRL_ARI);
    lock_while_enabled(pf, false);
    return true;
}

static bool make_vf(PCIDevice *pf, const char *type, unsigned index, Error **errp)
{
    PCIESriovPF *s = pf->exp.sriov;
    g_autofree char *name = g_strdup_printf("vf[%u]", index);
    unsigned first = pci_get_word(reg(pf, PCI_SRIOV_VF_OFFSET)), stride = pci_get_word(reg(pf, PCI_SRIOV_VF_STRIDE));
    PCIDevice *vf = pci_new(pf->devfn + first + stride * index, type);

    vf->exp.vf_of = pf;
    vf->exp.vf_index = index;
    object_property_add_child(OBJECT(pf), name, OBJECT(vf));
    object_unref(vf);
    if (!qdev_realize(DEVICE(vf), BUS(pci_get_bus(pf)), errp)) {
        object_unparent(OBJECT(vf));
        return false;
    }
    s->vf[s->made++] = vf;
    hide(vf);
    return true;
}

bool pcie_sriov_pf_make_vfs(PCIDevice *pf, const char *vf_type, Error **errp)
{
    for (unsigned i = 0; i < pf->exp.sriov->total; i++) {
        if (!make_vf(pf, vf_type, i, errp)) {
            pcie_sriov_pf_exit(pf);
            return false;
        }
    }
    return true;
}

void pcie_sriov_pf_exit(PCIDevice *pf)
{
    PCIESriovPF *s = pf->exp.sriov;

    if (!s) {
        return;
    }
    set_enabled(pf, 0);
    while (s->made) {
        object_unparent(OBJECT(s->vf[--s->made]));
    }
    g_free(s->vf);
    g_clear_pointer(&pf->exp.sriov, g_free);
}

/* Section 9.3.4: what a VF shares with its PF reads 0 or all ones, and cannot be written. */
void pcie_sriov_vf_init_config(PCIDevice *vf)
{
    pci_set_word(vf->config + PCI_VENDOR_ID, 0xffff);
    pci_set_word(vf->config + PCI_DEVICE_ID, 0xffff);
    pci_set_word(vf->wmask + PCI_COMMAND, PCI_COMMAND_MASTER);
    vf->wmask[PCI_CACHE_LINE_SIZE] = 0;
    vf->wmask[PCI_INTERRUPT_LINE] = 0;
}
