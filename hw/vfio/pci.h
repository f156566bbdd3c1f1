/*
 * vfio-pci, inside the vfio room.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_VFIO_PCI_H
#define HW_VFIO_PCI_H

#include "hw/pci/pci.h"
#include "hw/pci/msi.h"
#include "util/main-loop.h"
#include "vfio.h"

#define TYPE_VFIO_PCI "vfio-pci"
OBJECT_DECLARE_SIMPLE_TYPE(VFIOPCIDevice, VFIO_PCI)

#define VFIO_NO_OVERRIDE UINT32_MAX

typedef struct VFIOMSIVector {
    VFIOPCIDevice *vdev;
    EventNotifier event;                /* the device bumps it, for as long as the vector lives */
    int virq;                           /* KVM route, -1: none */
    bool used;                          /* the guest unmasked it at least once */
    bool irqfd;                         /* KVM takes the event; otherwise our main loop does */
} VFIOMSIVector;

typedef struct VFIOINTx {
    bool enabled;
    bool pending;                       /* asserted, waiting for the guest */
    bool kvm;
    uint8_t pin;                        /* 1..4 */
    EventNotifier interrupt, unmask;
    PCIINTxRoute route;
    QEMUTimer *mmap_timer;
} VFIOINTx;

typedef enum VFIOInterruptKind { VFIO_INT_NONE, VFIO_INT_INTX, VFIO_INT_MSI, VFIO_INT_MSIX } VFIOInterruptKind;

struct VFIOPCIDevice {
    PCIDevice parent_obj;
    VFIODevice vbasedev;

    /* properties */
    PCIHostDeviceAddress host;
    OnOffAuto ats, enable_migration;
    OffAutoPCIBAR msix_relocation;
    uint16_t vpasid_cap_offset;
    uint32_t vendor_id, device_id, sub_vendor_id, sub_device_id, class_code;
    uint32_t intx_mmap_timeout_ms;
    int32_t bootindex;
    bool no_mmap, no_kvm_intx, no_kvm_msi, no_kvm_msix, req;

    /* config space */
    VFIORegion config_region;
    uint32_t config_size;               /* of the host's */
    uint8_t host_config[PCIE_CONFIG_SPACE_SIZE];        /* as it was at realize */
    uint8_t emulated[PCIE_CONFIG_SPACE_SIZE];           /* set bits: ours, not the host's */
    bool flr;                           /* the function can reset itself */

    /* regions */
    VFIORegion bars[PCI_ROM_SLOT];
    MemoryRegion bar_mr[PCI_ROM_SLOT];
    VFIORegion rom_region;
    MemoryRegion rom_mr;
    uint8_t *rom;

    /* interrupts */
    VFIOInterruptKind interrupt;
    VFIOINTx intx;
    bool has_msi, has_msix;
    unsigned msi_vectors;
    struct {
        unsigned entries;
        uint8_t table_bar, pba_bar;     /* as the guest finds them */
        uint32_t table_offset, pba_offset;
        bool noresize;
        bool relocated;                 /* not where the host has them, and that BAR is: */
        uint64_t bar_size;
    } msix;
    VFIOMSIVector *vectors;
    unsigned nr_vectors;                /* in @vectors */
    unsigned nr_host_vectors;           /* the host knows of */
    bool batching;                      /* first unmasks: routes and eventfds are committed together */
    KVMRouteChange route_change;
    EventNotifier err_event, req_event;
    bool err_armed, req_armed;
    bool viommu_set;
    bool host_was_reset;                /* already, by a hot reset that served several */
};

/* config.c */
bool vfio_config_read_host(VFIOPCIDevice *vdev, Error **errp);
bool vfio_config_setup(VFIOPCIDevice *vdev, Error **errp);
bool vfio_config_add_pasid(VFIOPCIDevice *vdev, Error **errp);
uint32_t vfio_pci_read_config(PCIDevice *pdev, uint32_t addr, int len);
void vfio_pci_write_config(PCIDevice *pdev, uint32_t addr, uint32_t val, int len);

/* msix-relocate.c */
bool vfio_msix_relocate(VFIOPCIDevice *vdev, Error **errp);

/* bars.c */
bool vfio_bars_setup(VFIOPCIDevice *vdev, Error **errp);
void vfio_bars_exit(VFIOPCIDevice *vdev);
void vfio_bars_set_mmaps_enabled(VFIOPCIDevice *vdev, bool enabled);

/* intr.c */
void vfio_intr_enable_intx(VFIOPCIDevice *vdev);
void vfio_intr_msi_changed(VFIOPCIDevice *vdev, bool was_msi, bool was_msix);
void vfio_intr_disable_all(VFIOPCIDevice *vdev);
void vfio_intr_bar_accessed(VFIORegion *region);
void vfio_intr_arm_err_req(VFIOPCIDevice *vdev);
void vfio_intr_disarm_err_req(VFIOPCIDevice *vdev);
/* intx.c */
int vfio_intx_enable(VFIOPCIDevice *vdev);
void vfio_intx_disable(VFIOPCIDevice *vdev);

/* reset.c */
void vfio_reset_register(VFIOPCIDevice *vdev);
void vfio_reset_unregister(VFIOPCIDevice *vdev);
void vfio_pci_host_reset(VFIOPCIDevice *vdev);

#endif
