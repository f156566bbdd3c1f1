/*
 * dma-testdev (1234:0d7e): a PCI Express function that does the DMA a test
 * describes, one descriptor after the other: reads, writes and atomics, with and
 * without PASID, privileged or as instruction fetches, with translations of its
 * own (ATS) and their invalidation, and MSI-X. The guest sees docs/devel/dma-testdev.md;
 * the registers are in dma-testdev-regs.h, what they do in dma-testdev-core.c.
 *
 * PCIe 7.0: 10.2 (ATS), 10.3 (address translation cache), 6.20 (PASID).
 * Runs under the machine lock; invalidations come in under it too.
 *
 * Not modelled: page requests (no IOMMU here takes them).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/misc/dma-testdev-core.h"
#include "hw/pci/msi.h"
#include "hw/pci/pcie.h"

#define TYPE_DMA_TESTDEV "dma-testdev"
OBJECT_DECLARE_SIMPLE_TYPE(DmaTestDev, DMA_TESTDEV)

enum { PM_AT = 0x40, EXP_AT = 0x80, MSIX_BAR = 2 };

struct DmaTestDev {
    PCIDevice parent_obj;
    MemoryRegion bar;
    IOMMUNotifier notifier;
    MemoryRegion *notified_by;          /* the IOMMU that tells us of invalidations; NULL: ATS is off, or there is none */
    uint8_t pasid_width;
    bool ats;
    DmaTest core;
};

/* --- The bus ------------------------------------------------------------------------------ */

static uint32_t bus_allowed(void *opaque)
{
    PCIDevice *dev = opaque;
    uint32_t allowed = pcie_ats_enabled(dev) ? DMAT_ALLOW_ATS : 0;

    if (!pcie_pasid_enabled(dev)) {
        return allowed;
    }
    uint16_t ctrl = pci_get_word(dev->config + dev->exp.pasid_cap + PCI_PASID_CTRL);
    return allowed | DMAT_ALLOW_PASID | (ctrl & PCI_PASID_CTRL_EXEC ? DMAT_ALLOW_EXEC : 0) |
           (ctrl & PCI_PASID_CTRL_PRIV ? DMAT_ALLOW_PRIV : 0);
}

static MemTxAttrs attrs_of(PCIDevice *dev, const DmaTestAccess *a)
{
    MemTxAttrs attrs = pci_dma_attrs(dev);

    if (a->pasid != DMAT_NO_PASID) {
        attrs.pid = 1;
        attrs.pasid = a->pasid;
        attrs.user = !a->priv;
        attrs.exec = a->exec;
    }
    attrs.address_type = a->translated ? 2 : 0;
    return attrs;
}

static bool bus_rw(void *opaque, const DmaTestAccess *a, uint64_t addr, void *buf, uint32_t len, bool write)
{
    PCIDevice *dev = opaque;

    return address_space_rw(pci_get_address_space(dev), addr, attrs_of(dev, a), buf, len, write) == MEMTX_OK;
}

/* An atomic operation needs both permissions, and memory behind the address. */
static bool bus_atomic(void *opaque, const DmaTestAccess *a, uint64_t addr, DmaTestAtomic *op)
{
    PCIDevice *dev = opaque;
    AddressSpace *as = pci_get_address_space(dev);
    MemTxAttrs attrs = attrs_of(dev, a);
    hwaddr len = op->size;

    if (!address_space_access_valid(as, addr, len, false, attrs)) {
        return false;
    }
    void *host = address_space_map(as, addr, &len, true, attrs);
    if (!host) {
        return false;
    }
    if (len == op->size) {              /* aligned: a page never ends inside */
        dma_test_atomic_apply(host, op);
    }
    address_space_unmap(as, host, len, true, len);
    return len == op->size;
}

static bool bus_translate(void *opaque, const DmaTestAccess *a, uint64_t addr, bool no_write, DmaTestTranslation *t)
{
    PCIDevice *dev = opaque;
    PCIBus *iommu_bus, *bus;
    int devfn;
    void *iommu;
    const PCIIOMMUOps *ops = pci_device_get_iommu_ops(dev, &iommu_bus, &bus, &devfn, &iommu);
    bool pasid = a->pasid != DMAT_NO_PASID;
    IOMMUTLBEntry e;
    uint32_t errors;

    if (!dev->is_bus_master || !ops || !ops->ats_request_translation ||
        ops->ats_request_translation(bus, iommu, devfn, pasid ? a->pasid : 0, pasid, a->priv, a->exec, addr & ~0xfffULL, 0x1000, no_write,
                                     &e, 1, &errors) != 1) {
        return false;
    }
    *t = (DmaTestTranslation) {
        .iova = addr & ~e.addr_mask, .out = e.translated_addr & ~e.addr_mask, .mask = e.addr_mask,
        .perm = (e.perm & IOMMU_RO ? 1 : 0) | (e.perm & IOMMU_WO ? 2 : 0),
    };
    return true;
}

static void bus_interrupt(void *opaque, unsigned vector)
{
    msix_notify(opaque, vector);
}

static const DmaTestBus pci_front = {
    .allowed = bus_allowed, .rw = bus_rw, .atomic = bus_atomic, .translate = bus_translate, .interrupt = bus_interrupt,
};

/* --- Invalidations --------------------------------------------------------------------------- */

static void invalidated(IOMMUNotifier *n, IOMMUTLBEntry *e)
{
    DmaTestDev *s = container_of(n, DmaTestDev, notifier);

    if (!dma_test_invalidate(&s->core, e->pasid, e->iova, e->addr_mask) && e->unanswered) {
        *e->unanswered = true;
    }
}

static void listen(DmaTestDev *s, MemoryRegion *iommu)
{
    s->notifier = (IOMMUNotifier) { .notify = invalidated, .flags = IOMMU_NOTIFIER_DEVIOTLB_UNMAP, .end = UINT64_MAX };
    if (memory_region_register_iommu_notifier(iommu, &s->notifier, NULL)) {
        s->notified_by = iommu;
    }
}

static void stop_listening(DmaTestDev *s)
{
    if (s->notified_by) {
        memory_region_unregister_iommu_notifier(s->notified_by, &s->notifier);
        s->notified_by = NULL;
    }
}

/* ATS off: no translation may be kept (PCIe 10.5.1.3). */
static void ats_may_have_changed(DmaTestDev *s)
{
    MemoryRegion *root = s->parent_obj.bus_master_enable_region.alias;
    bool on = pcie_ats_enabled(&s->parent_obj) && root && memory_region_is_iommu(root);

    if (on && !s->notified_by) {
        listen(s, root);
    } else if (!on) {
        stop_listening(s);
        memset(s->core.cache, 0, sizeof(s->core.cache));
    }
}

/* --- The function -------------------------------------------------------------------------------- */

static uint64_t testdev_read(void *opaque, hwaddr addr, unsigned size)
{
    return dma_test_read(&((DmaTestDev *)opaque)->core, addr, size);
}

static void testdev_write(void *opaque, hwaddr addr, uint64_t val, unsigned size)
{
    dma_test_write(&((DmaTestDev *)opaque)->core, addr, val, size);
}

static const MemoryRegionOps testdev_ops = {
    .read = testdev_read, .write = testdev_write, .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 8 }, .impl = { .min_access_size = 4, .max_access_size = 8 },
};

static void testdev_write_config(PCIDevice *dev, uint32_t addr, uint32_t val, int len)
{
    pci_default_write_config(dev, addr, val, len);
    pcie_cap_flr_write_config(dev, addr, val, len);
    ats_may_have_changed(DMA_TESTDEV(dev));
}

static void testdev_reset_hold(Object *obj, ResetType type)
{
    DmaTestDev *s = DMA_TESTDEV(obj);

    dma_test_reset(&s->core);
    ats_may_have_changed(s);
}

static bool init_express(DmaTestDev *s, Error **errp)
{
    PCIDevice *dev = &s->parent_obj;

    if (!pcie_endpoint_cap_init(dev, EXP_AT, errp)) {
        return false;
    }
    pcie_cap_deverr_init(dev);
    pcie_cap_flr_init(dev);
    if (s->ats) {
        pcie_ats_init(dev, 0, true, errp);
        if (!dev->exp.ats_cap) {
            return false;
        }
    }
    return !s->pasid_width || pcie_pasid_init(dev, 0, s->pasid_width, true, true, errp);
}

static bool init_msix(PCIDevice *dev, Error **errp)
{
    if (!msix_init_exclusive_bar(dev, DMAT_VECTORS, MSIX_BAR, errp)) {
        return false;
    }
    for (unsigned v = 0; v < DMAT_VECTORS; v++) {
        msix_vector_use(dev, v);
    }
    return true;
}

static bool testdev_realize(PCIDevice *dev, Error **errp)
{
    DmaTestDev *s = DMA_TESTDEV(dev);

    s->core.bus = &pci_front;
    s->core.opaque = dev;
    if (pci_pm_init(dev, PM_AT, errp) < 0 || !init_express(s, errp)) {
        return false;
    }
    memory_region_init_io(&s->bar, OBJECT(s), &testdev_ops, s, "dma-testdev.bar0", DMAT_BAR_SIZE);
    pci_register_bar(dev, 0, PCI_BASE_ADDRESS_SPACE_MEMORY | PCI_BASE_ADDRESS_MEM_TYPE_64, &s->bar);
    return !msi_nonbroken || init_msix(dev, errp);
}

static void testdev_exit(PCIDevice *dev)
{
    stop_listening(DMA_TESTDEV(dev));
    msix_uninit_exclusive_bar(dev);
}

static const Property testdev_properties[] = {
    DEFINE_PROP_UINT8("pasid-width", DmaTestDev, pasid_width, 20),
    DEFINE_PROP_BOOL("ats", DmaTestDev, ats, true),
};

static const PropertyDoc testdev_docs[] = {
    { "pasid-width", "Bits of a PASID, 1 to 20; 0: no PASID capability" },
    { "ats", "Have the ATS capability" },
    { NULL, NULL }
};

static void testdev_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    dc->desc = "DMA as a test describes it, with PASID and ATS";
    dc->categories |= BIT(DEVICE_CATEGORY_MISC);
    device_class_set_phases(dc, NULL, testdev_reset_hold, NULL, NULL);
    device_class_set_props(dc, testdev_properties);
    device_class_describe_props(dc, testdev_docs);
    pc->vendor_id = DMAT_VENDOR_ID;
    pc->device_id = DMAT_DEVICE_ID;
    pc->class_id = PCI_CLASS_OTHERS;
    pc->realize = testdev_realize;
    pc->exit = testdev_exit;
    pc->config_write = testdev_write_config;
}

static const TypeInfo testdev_info = {
    .name = TYPE_DMA_TESTDEV, .parent = TYPE_PCI_DEVICE, .instance_size = sizeof(DmaTestDev),
    .class_init = testdev_class_init, .interfaces = (const char *const[]) { INTERFACE_PCIE_DEVICE, NULL },
};
DEFINE_TYPE(testdev_info)
