/*
 * PCI functions, buses and what an IOMMU in front of them must answer.
 *
 * A function's config space lives in `config`; `wmask` says which bits the
 * guest may write, `w1cmask` which it clears by writing one, `cmask` which are
 * checked on load. Device code builds these at realize; afterwards
 * pci_default_write_config() applies them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PCI_PCI_H
#define HW_PCI_PCI_H

#include "hw/core/qdev.h"
#include "hw/core/qdev-properties.h"
#include "system/dma.h"
#include "system/kvm.h"
#include "hw/pci/pci_regs.h"
#include "util/notify.h"

#define TYPE_PCI_DEVICE "pci-device"
#define TYPE_PCI_BUS "PCI"
#define TYPE_PCIE_BUS "PCIE"
#define INTERFACE_CONVENTIONAL_PCI_DEVICE "conventional-pci-device"
#define INTERFACE_PCIE_DEVICE "pci-express-device"
OBJECT_DECLARE_TYPE(PCIDevice, PCIDeviceClass, PCI_DEVICE)
OBJECT_DECLARE_TYPE(PCIBus, PCIBusClass, PCI_BUS)

#define PCI_DEVFN(slot, func)   ((((slot) & 0x1f) << 3) | ((func) & 7))
#define PCI_SLOT(devfn)         (((devfn) >> 3) & 0x1f)
#define PCI_FUNC(devfn)         ((devfn) & 7)
#define PCI_BUILD_BDF(bus, devfn) (((bus) << 8) | (devfn))
#define PCI_BUS_NUM(bdf)        (((bdf) >> 8) & 0xff)
#define PCI_DEVFN_MAX           256
#define PCI_SLOT_MAX            32
#define PCI_FUNC_MAX            8
#define PCI_NUM_REGIONS         7       /* six BARs and the ROM */
#define PCI_ROM_SLOT            6
#define PCI_NUM_PINS            4
#define PCIE_CONFIG_SPACE_SIZE  0x1000
#define PCI_CONFIG_SPACE_SIZE   0x100
#define PCI_BAR_UNMAPPED        (~(uint64_t)0)
#define PCI_BUS_NUMA_NODE_NONE  128     /* MAX_NUMA_NODES: belongs to no node */

typedef struct PCIIORegion {
    uint64_t addr;                      /* PCI_BAR_UNMAPPED: not decoded */
    uint64_t size;                      /* 0: no BAR */
    uint8_t type;                       /* PCI_BASE_ADDRESS_* */
    MemoryRegion *memory;
    MemoryRegion *address_space;        /* where it is mapped: bus memory or I/O */
} PCIIORegion;

enum {
    QEMU_PCI_CAP_MULTIFUNCTION = BIT(0),
    QEMU_PCI_CAP_EXPRESS = BIT(1),
    QEMU_PCI_CAP_MSI = BIT(2),
    QEMU_PCI_CAP_MSIX = BIT(3),
    QEMU_PCIE_EXTCAP_INIT = BIT(4),
    QEMU_PCIE_LNKSTA_DLLLA = BIT(5),
    QEMU_PCIE_ARI_NEXTFN_1 = BIT(6),
    QEMU_PCIE_EXT_TAG = BIT(7),
    QEMU_PCIE_ERR_UNC_MASK = BIT(8),
};

struct PCIDeviceClass {
    DeviceClass parent_class;
    bool (*realize)(PCIDevice *dev, Error **errp);
    void (*exit)(PCIDevice *dev);
    uint32_t (*config_read)(PCIDevice *dev, uint32_t addr, int len);          /* NULL: default */
    void (*config_write)(PCIDevice *dev, uint32_t addr, uint32_t val, int len);
    uint16_t vendor_id, device_id, class_id, subsystem_vendor_id, subsystem_id;
    uint8_t revision;
    const char *romfile;
    bool is_bridge;
};

typedef struct PCIMSIXState PCIMSIXState;
typedef struct PCIESriovPF PCIESriovPF;
typedef struct PCIExpressState {
    uint8_t exp_cap;                    /* offset of the PCIe capability, 0: none */
    uint16_t aer_cap, ats_cap, pasid_cap, pri_cap, acs_cap, ari_cap;
    bool flr;
    PCIESriovPF *sriov;                 /* of a physical function */
    PCIDevice *vf_of;                   /* of a virtual one: its physical function, and which of its VFs */
    uint16_t vf_index;
    /* hotplug interrupt of a port */
    qemu_irq hpev_irq;
    bool hpev_notified;
} PCIExpressState;

typedef void (*MSIVectorReleaseNotifier)(PCIDevice *dev, unsigned vector);
typedef int (*MSIVectorUseNotifier)(PCIDevice *dev, unsigned vector, MSIMessage msg);
typedef void (*MSIVectorPollNotifier)(PCIDevice *dev, unsigned vector_start, unsigned vector_end);

struct PCIDevice {
    DeviceState parent_obj;
    uint8_t *config, *cmask, *wmask, *w1cmask, *used;
    int32_t devfn;                      /* -1 before it is placed */
    char name[64];
    PCIIORegion io_regions[PCI_NUM_REGIONS];
    AddressSpace bus_master_as;         /* DMA goes here; gated by Bus Master Enable */
    MemoryRegion bus_master_container, bus_master_enable_region;
    bool is_bus_master;
    bool has_power, enabled;
    uint32_t cap_present;
    uint8_t irq_state;                  /* levels of INTA..INTD */
    uint8_t pm_cap;
    char *romfile;
    uint32_t romsize;
    int32_t rom_bar;
    bool has_rom;
    MemoryRegion rom;
    uint32_t acpi_index;
    char *failover_pair_id;
    char *sriov_pf;
    uint32_t max_bounce_buffer_size;
    bool partially_hotplugged;

    /* MSI */
    uint8_t msi_cap;
    /* MSI-X: table and pending bits as the guest sees them */
    uint8_t msix_cap;
    int msix_entries_nr;
    uint8_t *msix_table, *msix_pba;
    MemoryRegion msix_table_mmio, msix_pba_mmio, msix_exclusive_bar;
    bool msix_function_masked;
    unsigned *msix_entry_used;
    MSIVectorUseNotifier msix_vector_use_notifier;
    MSIVectorReleaseNotifier msix_vector_release_notifier;
    MSIVectorPollNotifier msix_vector_poll_notifier;
    /* a device that sends interrupts its own way (tests) may replace these */
    void (*msi_trigger)(PCIDevice *dev, MSIMessage msg);
    MSIMessage (*msi_prepare_message)(PCIDevice *dev, unsigned vector);

    PCIExpressState exp;
    uint8_t *reset_config;              /* config as realize left it: what reset brings back where the guest may write */
    Notifier machine_done;              /* a function that was there first learns its address space when all vIOMMUs are */
};

/* --- The vIOMMU contract --------------------------------------------------- */
typedef struct HostIOMMUDevice HostIOMMUDevice;
enum {
    VIOMMU_FLAG_WANT_NESTING_PARENT = BIT_ULL(0),   /* allocate the stage 2 as a nesting parent */
    VIOMMU_FLAG_PASID_SUPPORTED = BIT_ULL(1),       /* guest may use PASIDs */
    VIOMMU_FLAG_ATS_SUPPORTED = BIT_ULL(2),         /* guest may use ATS */
    VIOMMU_FLAG_PRI_SUPPORTED = BIT_ULL(3),         /* guest may use page requests */
};
/* One translation or page request answer for devices with ATS/PRI. */
typedef struct PCIIOMMUOps {
    /* Is this function, as it is configured, fit to be behind this vIOMMU? Called before realize. */
    bool (*supports_address_space)(PCIBus *bus, void *opaque, int devfn, Error **errp);
    /* The address space DMA of (bus, devfn) goes to. @bus is the bus the function is on. */
    AddressSpace *(*get_address_space)(PCIBus *bus, void *opaque, int devfn);
    uint64_t (*get_viommu_flags)(void *opaque);
    bool (*set_iommu_device)(PCIBus *bus, void *opaque, int devfn, HostIOMMUDevice *hiod, Error **errp);
    void (*unset_iommu_device)(PCIBus *bus, void *opaque, int devfn);
    /* Guest-physical address of the doorbell MSIs reach without translation by us; false: translate */
    bool (*get_msi_direct_gpa)(PCIBus *bus, void *opaque, int devfn, uint64_t iova, uint64_t *gpa);
    /* ATS: fills up to @result_length entries; returns the count or -errno */
    ssize_t (*ats_request_translation)(PCIBus *bus, void *opaque, int devfn, uint32_t pasid, bool pasid_valid, bool priv_req, bool exec_req,
                                       hwaddr addr, size_t length, bool no_write, IOMMUTLBEntry *result, size_t result_length, uint32_t *err_count);
    /* The guest changed the bus number or config a StreamID depends on. */
    void (*rid_changed)(PCIBus *bus, void *opaque, int devfn);
} PCIIOMMUOps;

void pci_setup_iommu(PCIBus *bus, const PCIIOMMUOps *ops, void *opaque);           /* the bus and all below */
void pci_setup_iommu_per_bus(PCIBus *bus, const PCIIOMMUOps *ops, void *opaque);   /* this root only; refuses twice */
/* Which ops, and the bus/devfn to ask with (aliases of conventional bridges applied). NULL ops: none. */
const PCIIOMMUOps *pci_device_get_iommu_ops(PCIDevice *dev, PCIBus **piommu_bus, PCIBus **aliased_bus, int *aliased_devfn, void **opaque);
AddressSpace *pci_device_iommu_address_space(PCIDevice *dev);
uint64_t pci_device_get_viommu_flags(PCIDevice *dev);
bool pci_device_set_iommu_device(PCIDevice *dev, HostIOMMUDevice *hiod, Error **errp);
void pci_device_unset_iommu_device(PCIDevice *dev);
bool pci_device_get_msi_direct_gpa(PCIDevice *dev, uint64_t iova, uint64_t *gpa);

/* --- Buses ------------------------------------------------------------------- */
typedef void (*pci_set_irq_fn)(void *opaque, int irq_num, int level);
typedef int (*pci_map_irq_fn)(PCIDevice *dev, int pin);
typedef struct PCIINTxRoute { enum { PCI_INTX_ENABLED, PCI_INTX_INVERTED, PCI_INTX_DISABLED } mode; int irq; } PCIINTxRoute;
typedef void (*PCIINTxRoutingNotifier)(PCIDevice *dev);

struct PCIBusClass {
    BusClass parent_class;
    int (*bus_num)(PCIBus *bus);
    uint16_t (*numa_node)(PCIBus *bus);
};

struct PCIBus {
    BusState qbus;
    enum { PCI_BUS_IS_ROOT = 1, PCI_BUS_EXTENDED_CONFIG_SPACE = 2 } flags;
    const PCIIOMMUOps *iommu_ops;
    void *iommu_opaque;
    bool iommu_per_bus;
    uint8_t devfn_min;
    uint32_t slot_reserved_mask;
    pci_set_irq_fn set_irq;
    pci_map_irq_fn map_irq;
    PCIINTxRoute (*route_intx_to_irq)(void *opaque, int pin);
    void *irq_opaque;
    int nirq;
    int *irq_count;
    PCIDevice *devices[PCI_DEVFN_MAX];
    PCIDevice *hidden[PCI_DEVFN_MAX];   /* VFs that are not enabled: they answer nothing, their places are taken */
    PCIDevice *parent_dev;              /* the bridge; NULL on a root */
    MemoryRegion *address_space_mem, *address_space_io;
    GPtrArray *child;                   /* PCIBus: secondary buses of our bridges, extra roots of the main root */
    bool bypass_iommu;
    PCIBus *main_root;                  /* on a pxb's root: the root its function is on; lends interrupt lines and windows */
    PCIBus *by_number[256];             /* on a main root: bus by number, filled when asked for */
    bool numbers_known;
};

PCIBus *pci_root_bus_new(DeviceState *parent, const char *name, MemoryRegion *mem, MemoryRegion *io, uint8_t devfn_min, const char *type);
void pci_root_bus_cleanup(PCIBus *bus);
void pci_bus_irqs(PCIBus *bus, pci_set_irq_fn set_irq, void *opaque, int nirq);
void pci_bus_map_irqs(PCIBus *bus, pci_map_irq_fn map_irq);
int pci_swizzle_map_irq_fn(PCIDevice *dev, int pin);
static inline bool pci_bus_is_root(const PCIBus *bus) { return bus->flags & PCI_BUS_IS_ROOT; }
bool pci_bus_is_express(const PCIBus *bus);
int pci_bus_num(PCIBus *bus);
uint16_t pci_bus_numa_node(PCIBus *bus);
PCIBus *pci_get_bus(const PCIDevice *dev);
PCIBus *pci_device_root_bus(const PCIDevice *dev);
PCIDevice *pci_find_device(PCIBus *root, int bus_num, int devfn);
PCIBus *pci_find_bus_nr(PCIBus *root, int bus_num);
void pci_for_each_device_under_bus(PCIBus *bus, void (*fn)(PCIBus *bus, PCIDevice *dev, void *opaque), void *opaque);  /* and buses below */
void pci_for_each_device_on_bus(PCIBus *bus, void (*fn)(PCIBus *bus, PCIDevice *dev, void *opaque), void *opaque);
void pci_for_each_root_bus(void (*fn)(PCIBus *bus, void *opaque), void *opaque);      /* every root of the machine */
void pci_bus_range(PCIBus *bus, int *min_bus, int *max_bus);
void pci_host_register_root(PCIBus *bus);

/* --- Functions ----------------------------------------------------------------- */
PCIDevice *pci_new(int devfn, const char *type);
bool pci_realize_and_unref(PCIDevice *dev, PCIBus *bus, Error **errp);
static inline int pci_dev_bus_num(const PCIDevice *dev) { return pci_bus_num(pci_get_bus(dev)); }
static inline uint16_t pci_get_bdf(const PCIDevice *dev) { return PCI_BUILD_BDF(pci_dev_bus_num(dev), dev->devfn); }
uint16_t pci_requester_id(PCIDevice *dev);           /* with aliases of conventional bridges */
static inline bool pci_is_express(const PCIDevice *d) { return d->cap_present & QEMU_PCI_CAP_EXPRESS; }
static inline uint32_t pci_config_size(const PCIDevice *d) { return pci_is_express(d) ? PCIE_CONFIG_SPACE_SIZE : PCI_CONFIG_SPACE_SIZE; }
AddressSpace *pci_get_address_space(PCIDevice *dev);
void pci_register_bar(PCIDevice *dev, int region, uint8_t type, MemoryRegion *memory);
uint64_t pci_bar_address(PCIDevice *dev, int region, uint8_t type, uint64_t size);   /* PCI_BAR_UNMAPPED when not decoded */
/* Capability at @offset, or first free place when 0. Returns the offset or -errno. */
int pci_add_capability(PCIDevice *dev, uint8_t cap_id, uint8_t offset, uint8_t size, Error **errp);
/* Power management, version 3, D0 and D3hot; returns the offset or -errno. */
int pci_pm_init(PCIDevice *dev, uint8_t offset, Error **errp);
uint8_t pci_find_capability(const PCIDevice *dev, uint8_t cap_id);
uint32_t pci_default_read_config(PCIDevice *dev, uint32_t addr, int len);
void pci_default_write_config(PCIDevice *dev, uint32_t addr, uint32_t val, int len);
uint32_t pci_host_config_read_common(PCIDevice *dev, uint32_t addr, uint32_t limit, uint32_t len);
void pci_host_config_write_common(PCIDevice *dev, uint32_t addr, uint32_t limit, uint32_t val, uint32_t len);
void pci_device_reset(PCIDevice *dev);                /* as FLR: config back, BARs unmapped */
void pci_set_power(PCIDevice *dev, bool on);
void pci_update_mappings(PCIDevice *dev);
/* Tells vIOMMUs that RIDs below @bus changed. */
void pci_bus_rids_changed(PCIBus *bus);

/* INTx */
void pci_set_irq(PCIDevice *dev, int level);
static inline void pci_irq_assert(PCIDevice *d) { pci_set_irq(d, 1); }
static inline void pci_irq_deassert(PCIDevice *d) { pci_set_irq(d, 0); }
int pci_intx(const PCIDevice *dev);                   /* 0..3, -1 none */
qemu_irq pci_allocate_irq(PCIDevice *dev);
PCIINTxRoute pci_device_route_intx_to_irq(PCIDevice *dev, int pin);

/* DMA by the function, through its bus-master space. */
MemTxAttrs pci_dma_attrs(PCIDevice *dev);
static inline MemTxResult pci_dma_read(PCIDevice *dev, dma_addr_t a, void *buf, dma_addr_t len)
{
    return address_space_rw(pci_get_address_space(dev), a, pci_dma_attrs(dev), buf, len, false);
}
static inline MemTxResult pci_dma_write(PCIDevice *dev, dma_addr_t a, const void *buf, dma_addr_t len)
{
    return address_space_rw(pci_get_address_space(dev), a, pci_dma_attrs(dev), (void *)buf, len, true);
}

/* Config bytes, host order in and out. */
static inline uint16_t pci_get_word(const uint8_t *c) { return ldw_le_p(c); }
static inline uint32_t pci_get_long(const uint8_t *c) { return ldl_le_p(c); }
static inline uint64_t pci_get_quad(const uint8_t *c) { return ldq_le_p(c); }
static inline void pci_set_byte(uint8_t *c, uint8_t v) { *c = v; }
static inline void pci_set_word(uint8_t *c, uint16_t v) { stw_le_p(c, v); }
static inline void pci_set_long(uint8_t *c, uint32_t v) { stl_le_p(c, v); }
static inline void pci_set_quad(uint8_t *c, uint64_t v) { stq_le_p(c, v); }
static inline uint16_t pci_word_test_and_clear(uint8_t *c, uint16_t m) { uint16_t v = pci_get_word(c); pci_set_word(c, v & ~m); return v & m; }
static inline uint16_t pci_word_test_and_set(uint8_t *c, uint16_t m) { uint16_t v = pci_get_word(c); pci_set_word(c, v | m); return v & m; }

#endif
