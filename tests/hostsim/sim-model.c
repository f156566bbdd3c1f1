/*
 * Our own device models as host devices: NVMe, dma-testdev, or any other PCI
 * function, on a bus of its own that the guest does not know.
 *
 * The function is made when its VFIO file is first opened and goes with the
 * last close, as if its slot lost power. In between
 *
 *   regions     its BARs, reached by read and write of the file; the MSI-X
 *               table cannot be touched that way, as with the kernel
 *   config      what it shows, in SimDevice.config; BARs are virtual; bus
 *               master and interrupt disable are passed on
 *   DMA         an IOMMU region that asks sim_translate(). Physical memory of the
 *               host is this process: a physical address is a pointer
 *   ATS, PASID  on in the function as the host has them on
 *   interrupts  MSI-X: message data is the vector; INTx: a level, masked by the
 *               host until it is told to unmask
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hostsim.h"
#include "hw/pci/msi.h"
#include "hw/pci/pci.h"
#include "hw/pci/pcie.h"
#include "system/rcu.h"

#define TYPE_SIM_BRIDGE "x-hostsim-pcihost"
#define TYPE_SIM_IOMMU  "x-hostsim-iommu-memory-region"

/* The device that a private bus hangs from. */
typedef struct SimBridge { DeviceState parent_obj; MemoryRegion mem, io; } SimBridge;
DECLARE_INSTANCE_CHECKER(SimBridge, SIM_BRIDGE, TYPE_SIM_BRIDGE)

typedef struct SimIOMMU { IOMMUMemoryRegion parent_obj; SimDevice *dev; } SimIOMMU;

struct SimModel {
    SimBridge *bridge;
    PCIBus *bus;
    PCIDevice *pci;
    SimIOMMU iommu;
    AddressSpace dma;
    AddressSpace bars[PCI_ROM_SLOT + 1];
    bool bar_open[PCI_ROM_SLOT + 1];
    bool intx_level;
};

/* --- Physical memory ----------------------------------------------------------------------- */

static uint64_t memory_read(void *opaque, hwaddr addr, unsigned size)
{
    return ldn_le_p((void *)(uintptr_t)addr, size);
}

static void memory_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    stn_le_p((void *)(uintptr_t)addr, size, data);
}

/*
 * Not RAM: what a device maps for longer is then copied, and translated again
 * when it is written back, so that memory which the host takes away meanwhile
 * is not touched.
 */
static const MemoryRegionOps memory_ops = {
    .read = memory_read,
    .write = memory_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};
#define BOUNCE_LIMIT (16 * MiB)

static AddressSpace *host_memory(void)
{
    static MemoryRegion all;
    static AddressSpace as;
    static bool ready;

    if (!ready) {
        memory_region_init_io(&all, NULL, &memory_ops, NULL, "hostsim memory", 1ULL << 47);
        address_space_init(&as, &all, "hostsim memory");
        ready = true;
    }
    return &as;
}

/* --- DMA ------------------------------------------------------------------------------------- */

static SimAccess access_of(IOMMUAccessFlags flag, MemTxAttrs attrs)
{
    return (SimAccess) {
        .has_pasid = attrs.pid, .pasid = attrs.pasid, .write = flag & IOMMU_WO, .exec = attrs.exec, .priv = !attrs.user,
        .translated = attrs.address_type == 2,
    };
}

static IOMMUTLBEntry translate(IOMMUMemoryRegion *mr, hwaddr addr, IOMMUAccessFlags flag, MemTxAttrs attrs)
{
    SimDevice *dev = container_of(mr, SimIOMMU, parent_obj)->dev;
    IOMMUTLBEntry e = { .target_as = host_memory(), .iova = addr & ~(SIM_PAGE - 1), .addr_mask = SIM_PAGE - 1, .perm = IOMMU_NONE };
    SimAccess a = access_of(flag, attrs);
    SimPage page;

    hostsim_lock();
    if (a.translated) {
        e.translated_addr = e.iova;
        e.perm = sim_is_shown(dev, (uint8_t *)(uintptr_t)addr, 1, a.write) ? flag : IOMMU_NONE;
    } else if (sim_translate(dev, &a, addr, &page) == 0) {
        e.translated_addr = (uintptr_t)page.host & ~(SIM_PAGE - 1);
        e.perm = page.writable ? IOMMU_RW : IOMMU_RO;
    }
    hostsim_unlock();
    return e;
}

/* A translation request of a function with ATS on. */
static ssize_t ats_request(PCIBus *bus, void *opaque, int devfn, uint32_t pasid, bool pasid_valid, bool priv_req, bool exec_req, hwaddr addr,
                           size_t length, bool no_write, IOMMUTLBEntry *result, size_t result_length, uint32_t *err_count)
{
    SimDevice *dev = opaque;
    SimAccess a = { .has_pasid = pasid_valid, .pasid = pasid, .priv = priv_req, .exec = exec_req };
    SimPage page;
    ssize_t r = -EFAULT;

    hostsim_lock();
    if (dev->ats_on && result_length && sim_translate(dev, &a, addr, &page) == 0) {
        *result = (IOMMUTLBEntry) {
            .target_as = host_memory(), .iova = addr & ~(SIM_PAGE - 1), .addr_mask = SIM_PAGE - 1,
            .translated_addr = (uintptr_t)page.host & ~(SIM_PAGE - 1), .perm = page.writable && !no_write ? IOMMU_RW : IOMMU_RO,
        };
        r = 1;
    }
    hostsim_unlock();
    *err_count = r < 0;
    return r;
}

static AddressSpace *dma_space(PCIBus *bus, void *opaque, int devfn)
{
    return &((SimDevice *)opaque)->model->dma;
}

static const PCIIOMMUOps iommu_ops = { .get_address_space = dma_space, .ats_request_translation = ats_request };

void sim_model_invalidated(SimDevice *dev, uint32_t pasid, uint64_t iova, uint64_t mask)
{
    IOMMUTLBEvent event = {
        .type = IOMMU_NOTIFIER_DEVIOTLB_UNMAP,
        .entry = { .iova = iova, .addr_mask = mask, .pasid = pasid, .perm = IOMMU_NONE },
    };

    if (dev->model && dev->model->pci) {
        memory_region_notify_iommu(&dev->model->iommu.parent_obj, 0, &event);
    }
}

/* --- Interrupts -------------------------------------------------------------------------------- */

static SimDevice *device_of(PCIDevice *pci)
{
    for (unsigned i = 0; i < hostsim->devices->len; i++) {
        SimDevice *dev = hostsim->devices->pdata[i];
        if (dev->model && dev->model->pci == pci) {
            return dev;
        }
    }
    return NULL;
}

static void message(PCIDevice *pci, MSIMessage msg)
{
    SimDevice *dev = device_of(pci);

    hostsim_lock();
    if (dev) {
        sim_interrupt(dev, msix_enabled(pci) ? VFIO_PCI_MSIX_IRQ_INDEX : VFIO_PCI_MSI_IRQ_INDEX, msg.data);
    }
    hostsim_unlock();
}

static void intx(void *opaque, int line, int level)
{
    SimDevice *dev = opaque;

    hostsim_lock();
    dev->model->intx_level = level;
    if (level) {
        sim_interrupt(dev, VFIO_PCI_INTX_IRQ_INDEX, 0);
    }
    hostsim_unlock();
}

/* The host's interrupt controller gives each vector a message; which ones have an eventfd is looked at when they come. */
static void program_msix(SimDevice *dev, bool on)
{
    PCIDevice *pci = dev->model->pci;
    unsigned ctrl = pci->msix_cap + PCI_MSIX_FLAGS;

    for (int i = 0; on && i < pci->msix_entries_nr; i++) {
        stq_le_p(pci->msix_table + i * PCI_MSIX_ENTRY_SIZE, 0xfee00000);
        stl_le_p(pci->msix_table + i * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_DATA, (uint32_t)i);
        stl_le_p(pci->msix_table + i * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL, 0);
    }
    pci_host_config_write_common(pci, ctrl, pci_config_size(pci), on ? PCI_MSIX_FLAGS_ENABLE : 0, 2);
}

void sim_model_irqs_changed(SimDevice *dev, uint32_t index)
{
    PCIDevice *pci = dev->model ? dev->model->pci : NULL;

    if (pci && index == VFIO_PCI_MSIX_IRQ_INDEX && pci->msix_cap) {
        program_msix(dev, dev->irqs_on[index]);
    }
    if (pci && index == VFIO_PCI_INTX_IRQ_INDEX && dev->model->intx_level && !dev->intx_masked) {
        sim_interrupt(dev, index, 0);
    }
}

/* --- Config space ---------------------------------------------------------------------------------- */

static void set_word(PCIDevice *pci, unsigned at, uint16_t set, uint16_t mask)
{
    uint16_t v = (uint16_t)((pci_get_word(pci->config + at) & ~mask) | set);
    pci_host_config_write_common(pci, at, pci_config_size(pci), v, 2);
}

void sim_model_set_ats(SimDevice *dev)
{
    PCIDevice *pci = dev->model ? dev->model->pci : NULL;

    if (pci && pci->exp.ats_cap) {
        set_word(pci, pci->exp.ats_cap + PCI_ATS_CTRL, dev->ats_on ? PCI_ATS_CTRL_ENABLE : 0, PCI_ATS_CTRL_ENABLE);
    }
}

static void enable_pasid(SimDevice *dev)
{
    PCIDevice *pci = dev->model->pci;

    if (pci->exp.pasid_cap && dev->pasid_bits) {
        set_word(pci, pci->exp.pasid_cap + PCI_PASID_CTRL, PCI_PASID_CTRL_ENABLE | PCI_PASID_CTRL_EXEC | PCI_PASID_CTRL_PRIV, 7);
    }
}

void sim_model_config_written(SimDevice *dev, unsigned at, unsigned n)
{
    if (dev->model && at <= PCI_COMMAND + 1 && at + n > PCI_COMMAND) {
        uint16_t passed = PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE;
        set_word(dev->model->pci, PCI_COMMAND, pci_get_word(dev->config + PCI_COMMAND) & passed, passed);
    }
}

/* What a guest of the host may write: command, BARs, the control of capabilities that pass through. */
static void copy_config(SimDevice *dev)
{
    PCIDevice *pci = dev->model->pci;

    memcpy(dev->config, pci->config, pci_config_size(pci));
    memset(dev->config + PCI_BASE_ADDRESS_0, 0, 24);
    memset(dev->config_wmask, 0, sizeof(dev->config_wmask));
    stw_le_p(dev->config_wmask + PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
    for (unsigned i = 0; i < PCI_ROM_SLOT; i++) {
        const PCIIORegion *r = &pci->io_regions[i];
        dev->sizes[i] = r->size;
        if (r->size) {
            stl_le_p(dev->config + PCI_BAR(i), r->type);
            stq_le_p(dev->config_wmask + PCI_BAR(i), ~(r->size - 1) & (r->type & PCI_BASE_ADDRESS_MEM_TYPE_64 ? UINT64_MAX : UINT32_MAX));
            i += !!(r->type & PCI_BASE_ADDRESS_MEM_TYPE_64);
        }
    }
    if (pci->exp.exp_cap) {
        stw_le_p(dev->config_wmask + pci->exp.exp_cap + PCI_EXP_DEVCTL, 0x7fff);
    }
    dev->msix = pci->msix_cap ? (unsigned)MIN(pci->msix_entries_nr, SIM_MAX_MSIX) : 0;
}

/* --- Regions ------------------------------------------------------------------------------------------ */

/* The kernel keeps everybody out of the vectors; the whole access is given up. */
static bool hits_msix_table(const PCIDevice *pci, uint32_t index, uint64_t at, size_t n)
{
    if (!pci->msix_cap) {
        return false;
    }
    uint32_t table = pci_get_long(pci->config + pci->msix_cap + PCI_MSIX_TABLE), offset = table & PCI_MSIX_TABLE_OFFSET;
    return (table & PCI_MSIX_TABLE_BIR) == index && at < offset + (uint64_t)pci->msix_entries_nr * PCI_MSIX_ENTRY_SIZE && at + n > offset;
}

int sim_model_region(SimDevice *dev, uint32_t index, uint64_t at, void *buf, size_t n, bool write)
{
    SimModel *m = dev->model;

    if (index > PCI_ROM_SLOT || !m->bar_open[index]) {
        return -EINVAL;
    }
    if (hits_msix_table(m->pci, index, at, n)) {
        if (!write) {
            memset(buf, 0xff, n);
        }
        return 0;
    }
    return address_space_rw(&m->bars[index], at, MEMTXATTRS_UNSPECIFIED, buf, n, write) == MEMTX_OK ? 0 : -EIO;
}

/* --- Coming and going --------------------------------------------------------------------------------- */

static bool set_properties(SimDevice *dev, PCIDevice *pci, Error **errp)
{
    const char *key;
    json_t *value;

    json_object_foreach(dev->properties, key, value) {
        if (!object_property_set(OBJECT(pci), key, value, errp)) {
            return false;
        }
    }
    return true;
}

static void make_bus(SimDevice *dev)
{
    SimModel *m = dev->model;

    m->bridge = SIM_BRIDGE(object_new(TYPE_SIM_BRIDGE));
    memory_region_init(&m->bridge->mem, OBJECT(m->bridge), "hostsim memory window", UINT64_MAX);
    memory_region_init(&m->bridge->io, OBJECT(m->bridge), "hostsim I/O window", 64 * KiB);
    /* Not with pci_root_bus_new(): the machine must not count it among its own. */
    m->bus = PCI_BUS(qbus_new(TYPE_PCIE_BUS, DEVICE(m->bridge), "hostsim"));
    m->bus->flags = PCI_BUS_IS_ROOT;
    m->bus->address_space_mem = &m->bridge->mem;
    m->bus->address_space_io = &m->bridge->io;
    pci_bus_map_irqs(m->bus, pci_swizzle_map_irq_fn);
    pci_bus_irqs(m->bus, intx, dev, PCI_NUM_PINS);
    pci_setup_iommu(m->bus, &iommu_ops, dev);
    memory_region_init_iommu(&m->iommu, sizeof(m->iommu), TYPE_SIM_IOMMU, OBJECT(m->bridge), "hostsim iommu", UINT64_MAX);
    m->iommu.dev = dev;
    address_space_init(&m->dma, MEMORY_REGION(&m->iommu), dev->host);
}

static void open_bars(SimDevice *dev)
{
    SimModel *m = dev->model;

    for (unsigned i = 0; i <= PCI_ROM_SLOT; i++) {
        if (m->pci->io_regions[i].size) {
            address_space_init(&m->bars[i], m->pci->io_regions[i].memory, dev->host);
            m->bar_open[i] = true;
        }
    }
}

bool sim_model_open(SimDevice *dev, Error **errp)
{
    dev->model = g_new0(SimModel, 1);
    make_bus(dev);
    PCIDevice *pci = pci_new((int)(dev->sid & 0xff), dev->model_type);

    pci->msi_trigger = message;
    pci->max_bounce_buffer_size = BOUNCE_LIMIT;
    object_property_add_child(OBJECT(dev->model->bridge), "function", OBJECT(pci));
    bool ok = set_properties(dev, pci, errp) && qdev_realize(DEVICE(pci), BUS(dev->model->bus), errp);
    if (ok) {
        dev->model->pci = pci;
        open_bars(dev);
        enable_pasid(dev);
        copy_config(dev);
    }
    object_unref(pci);
    if (!ok) {
        sim_model_close(dev);
    }
    return ok;
}

void sim_model_close(SimDevice *dev)
{
    SimModel *m = dev->model;

    if (!m) {
        return;
    }
    for (unsigned i = 0; i <= PCI_ROM_SLOT; i++) {
        if (m->bar_open[i]) {
            address_space_destroy(&m->bars[i]);
        }
    }
    if (m->pci) {
        object_unparent(OBJECT(m->pci));
        m->pci = NULL;
    }
    address_space_destroy(&m->dma);
    object_unparent(OBJECT(m->bus));
    object_unref(m->bridge);
    dev->model = NULL;
    rcu_free_later(m);                  /* readers may still be in its address spaces */
}

void sim_model_reset(SimDevice *dev)
{
    device_cold_reset(DEVICE(dev->model->pci));
    enable_pasid(dev);
    copy_config(dev);
    sim_model_set_ats(dev);
    sim_model_irqs_changed(dev, VFIO_PCI_MSIX_IRQ_INDEX);
}

/* --- Types --------------------------------------------------------------------------------------------- */

static void sim_iommu_class_init(ObjectClass *klass, const void *data)
{
    ((IOMMUMemoryRegionClass *)klass)->translate = translate;
}

static const TypeInfo sim_model_infos[] = {
    { .name = TYPE_SIM_BRIDGE, .parent = TYPE_DEVICE, .instance_size = sizeof(SimBridge) },
    { .name = TYPE_SIM_IOMMU, .parent = TYPE_IOMMU_MEMORY_REGION, .instance_size = sizeof(SimIOMMU), .class_init = sim_iommu_class_init },
};
DEFINE_TYPES(sim_model_infos)
