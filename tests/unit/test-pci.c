/*
 * PCI without a machine: where functions may sit, capability chains, BARs and
 * windows, aliases and vIOMMU lookup, MSI-X masks, slots, finding by number.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/pci/msi.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_host.h"
#include "hw/pci/pcie_port.h"
#include "hw/core/boards.h"
#include "util/main-loop.h"

#define TYPE_ENDPOINT "test-endpoint"
typedef struct Endpoint { PCIDevice parent_obj; MemoryRegion bar; unsigned sent; MSIMessage last; } Endpoint;

static GPEXHost *host;
static PCIBus *root;
static bool refuse_realize;

static bool endpoint_realize(PCIDevice *dev, Error **errp)
{
    Endpoint *e = (Endpoint *)dev;

    memory_region_init(&e->bar, OBJECT(dev), "bar", 64 * KiB);
    if (refuse_realize) {
        error_setg(errp, "told to fail");
        return false;
    }
    pci_register_bar(dev, 0, PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH, &e->bar);
    return !pci_is_express(dev) || pcie_endpoint_cap_init(dev, 0, errp);
}

static void endpoint_exit(PCIDevice *dev)
{
    Endpoint *e = (Endpoint *)dev;

    msix_uninit(dev, &e->bar, &e->bar);
}

static void endpoint_class_init(ObjectClass *klass, const void *data)
{
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    pc->vendor_id = 0x1234;
    pc->device_id = 0x5678;
    pc->class_id = PCI_CLASS_OTHERS;
    pc->realize = endpoint_realize;
    pc->exit = endpoint_exit;
}

static const TypeInfo endpoint_info = {
    .name = TYPE_ENDPOINT, .parent = TYPE_PCI_DEVICE, .instance_size = sizeof(Endpoint), .class_init = endpoint_class_init,
    .interfaces = (const char *const[]) { INTERFACE_PCIE_DEVICE, INTERFACE_CONVENTIONAL_PCI_DEVICE, NULL },
};
DEFINE_TYPE(endpoint_info)

/* --- Building ---------------------------------------------------------------------------------- */

static PCIDevice *add(PCIBus *bus, const char *type, int devfn)
{
    PCIDevice *dev = pci_new(devfn, type);

    g_assert_true(pci_realize_and_unref(dev, bus, &error_abort));
    return dev;
}

static PCIDevice *add_port(PCIBus *bus, const char *type, int devfn)
{
    static unsigned chassis;
    PCIDevice *dev = pci_new(devfn, type);

    qdev_prop_set_uint(DEVICE(dev), "chassis", ++chassis);
    g_assert_true(pci_realize_and_unref(dev, bus, &error_abort));
    return dev;
}

static PCIBus *below(PCIDevice *bridge)
{
    return pci_bridge_get_sec_bus(PCI_BRIDGE(bridge));
}

static void remove_dev(PCIDevice *dev)
{
    object_unparent(OBJECT(dev));
}

static void refused(PCIBus *bus, int devfn, const char *says)
{
    Error *err = NULL;
    PCIDevice *dev = pci_new(devfn, TYPE_ENDPOINT);

    g_assert_false(pci_realize_and_unref(dev, bus, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), says));
    error_free(err);
}

static void write_cfg(PCIDevice *dev, uint32_t addr, uint32_t val, int len)
{
    pci_host_config_write_common(dev, addr, PCIE_CONFIG_SPACE_SIZE, val, len);
}

static void number(PCIDevice *bridge, int secondary, int subordinate)
{
    write_cfg(bridge, PCI_SECONDARY_BUS, secondary, 1);
    write_cfg(bridge, PCI_SUBORDINATE_BUS, subordinate, 1);
}

/* --- Tests --------------------------------------------------------------------------------------- */

static void test_devfn(void)
{
    PCIDevice *a = add(root, TYPE_ENDPOINT, -1), *b = add(root, TYPE_ENDPOINT, PCI_DEVFN(2, 0)), *c = add(root, TYPE_ENDPOINT, -1);
    PCIDevice *port = add_port(root, "pcie-root-port", -1);
    PCIDevice *fill[32];
    int n = 0;

    g_assert_cmpint(a->devfn, ==, PCI_DEVFN(1, 0));     /* the host bridge has slot 0 */
    g_assert_cmpint(c->devfn, ==, PCI_DEVFN(3, 0));
    refused(root, PCI_DEVFN(2, 0), "is taken by");
    refused(root, PCI_DEVFN(2, 1), "multifunction=on");
    refused(below(port), PCI_DEVFN(1, 0), "slot 0");
    root->slot_reserved_mask = BIT(7);
    refused(root, PCI_DEVFN(7, 0), "kept for the machine");
    root->slot_reserved_mask = 0;
    while (n < 27) {
        fill[n++] = add(root, TYPE_ENDPOINT, -1);
    }
    refused(root, -1, "no slot is left");
    while (n) {
        remove_dev(fill[--n]);
    }
    remove_dev(port);
    remove_dev(a);
    g_assert_null(pci_find_device(root, 0, PCI_DEVFN(1, 0)));
    g_assert_true(pci_find_device(root, 0, PCI_DEVFN(2, 0)) == b);
    remove_dev(b);
    remove_dev(c);
}

/* A function that fails leaves its place, and may be tried again. */
static void test_realize_fails(void)
{
    refuse_realize = true;
    refused(root, PCI_DEVFN(5, 0), "told to fail");
    refuse_realize = false;
    g_assert_null(root->devices[PCI_DEVFN(5, 0)]);
    remove_dev(add(root, TYPE_ENDPOINT, PCI_DEVFN(5, 0)));
}

static void test_capabilities(void)
{
    PCIDevice *dev = add(root, TYPE_ENDPOINT, -1);
    Error *err = NULL;
    int at;

    g_assert_cmphex(pci_find_capability(dev, PCI_CAP_ID_EXP), ==, 0x40);
    g_assert_cmpint(pci_add_capability(dev, PCI_CAP_ID_VNDR, 0x78, 16, &err), <, 0);      /* inside the PCIe one */
    g_clear_pointer(&err, error_free);
    g_assert_cmpint(pci_add_capability(dev, PCI_CAP_ID_VNDR, 0xf8, 16, &err), <, 0);      /* past the end */
    g_clear_pointer(&err, error_free);
    g_assert_cmpint(pci_add_capability(dev, PCI_CAP_ID_VNDR, 0x30, 16, &err), <, 0);      /* in the header */
    g_clear_pointer(&err, error_free);
    at = pci_add_capability(dev, PCI_CAP_ID_VNDR, 0, 6, &error_abort);
    g_assert_cmphex(at, ==, 0x7c);
    g_assert_cmphex(pci_add_capability(dev, PCI_CAP_ID_MSI, 0, 0x70, &error_abort), ==, 0x84);
    g_assert_cmpint(pci_add_capability(dev, PCI_CAP_ID_SSVID, 0, 0x10, &err), ==, -ENOSPC);
    g_clear_pointer(&err, error_free);
    g_assert_cmphex(pci_find_capability(dev, PCI_CAP_ID_VNDR), ==, at);
    dev->config[0x85] = 0x84;                           /* a list that is a loop ends all the same */
    g_assert_cmphex(pci_find_capability(dev, PCI_CAP_ID_SSVID), ==, 0);
    remove_dev(dev);
}

static void test_extended(void)
{
    PCIDevice *dev = add(root, TYPE_ENDPOINT, -1);
    Error *err = NULL;
    uint16_t at;

    g_assert_cmphex(pcie_find_capability(dev, PCI_EXT_CAP_ID_ATS), ==, 0);
    g_assert_true(pcie_add_capability(dev, PCI_EXT_CAP_ID_ATS, 1, 0, 8, &at, &error_abort));
    g_assert_cmphex(at, ==, 0x100);
    g_assert_true(pcie_add_capability(dev, PCI_EXT_CAP_ID_PRI, 1, 0x200, 16, &at, &error_abort));
    g_assert_true(pcie_pasid_init(dev, 0x180, 16, true, false, &error_abort));             /* between the two */
    g_assert_cmphex(pci_get_long(dev->config + 0x100) >> 20, ==, 0x180);
    g_assert_cmphex(pci_get_long(dev->config + 0x180) >> 20, ==, 0x200);
    g_assert_cmphex(pci_get_long(dev->config + 0x200) >> 20, ==, 0);
    g_assert_cmphex(pcie_find_capability(dev, PCI_EXT_CAP_ID_PASID), ==, 0x180);
    g_assert_cmphex(pci_get_word(dev->config + 0x180 + PCI_PASID_CAP), ==, 16 << 8 | PCI_PASID_CAP_EXEC);
    g_assert_false(pcie_add_capability(dev, PCI_EXT_CAP_ID_ARI, 1, 0x184, 8, &at, &err));  /* over PASID's body */
    g_clear_pointer(&err, error_free);
    g_assert_false(pcie_add_capability(dev, PCI_EXT_CAP_ID_ARI, 1, 0x1fc, 8, &at, &err));  /* over the next header */
    g_clear_pointer(&err, error_free);
    g_assert_false(pcie_pasid_init(dev, 0, 21, false, false, &err));
    g_clear_pointer(&err, error_free);
    write_cfg(dev, 0x180 + PCI_PASID_CTRL, 0xffff, 2);
    g_assert_cmphex(pci_get_word(dev->config + 0x180 + PCI_PASID_CTRL), ==, PCI_PASID_CTRL_ENABLE | PCI_PASID_CTRL_EXEC);
    g_assert_true(pcie_pasid_enabled(dev));
    /* The first header may also come last. */
    remove_dev(dev);
    dev = add(root, TYPE_ENDPOINT, -1);
    g_assert_true(pcie_add_capability(dev, PCI_EXT_CAP_ID_PRI, 1, 0x300, 16, &at, &error_abort));
    g_assert_cmphex(pcie_find_capability(dev, PCI_EXT_CAP_ID_PRI), ==, 0x300);
    remove_dev(dev);
}

static void test_bars(void)
{
    PCIDevice *dev = add(root, TYPE_ENDPOINT, -1);

    write_cfg(dev, PCI_BASE_ADDRESS_0, 0xffffffff, 4);
    write_cfg(dev, PCI_BASE_ADDRESS_1, 0xffffffff, 4);
    g_assert_cmphex(pci_get_long(dev->config + PCI_BASE_ADDRESS_0), ==, 0xffff000c);
    g_assert_cmphex(pci_get_long(dev->config + PCI_BASE_ADDRESS_1), ==, 0xffffffff);
    write_cfg(dev, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    g_assert_true(dev->io_regions[0].addr == PCI_BAR_UNMAPPED);         /* it would end at the top of all addresses */
    write_cfg(dev, PCI_BASE_ADDRESS_1, 0x80, 4);
    g_assert_cmphex(dev->io_regions[0].addr, ==, 0x80ffff0000);
    pci_set_power(dev, false);
    g_assert_true(dev->io_regions[0].addr == PCI_BAR_UNMAPPED);
    g_assert_cmphex(pci_host_config_read_common(dev, 0, 0x1000, 4), ==, 0xffffffff);
    pci_set_power(dev, true);
    g_assert_cmphex(dev->io_regions[0].addr, ==, 0x80ffff0000);
    pci_device_reset(dev);
    g_assert_true(dev->io_regions[0].addr == PCI_BAR_UNMAPPED);
    g_assert_cmphex(pci_get_long(dev->config + PCI_BASE_ADDRESS_0), ==, 0xc);
    remove_dev(dev);
}

static void test_windows(void)
{
    PCIDevice *port = add_port(root, "pcie-root-port", -1);
    PCIDevice *dev = add(below(port), TYPE_ENDPOINT, 0);
    const struct { uint64_t base, limit; bool on; } cases[] = {
        { 0x10000000, 0x101fffff, true }, { 0x10200000, 0x101fffff, false }, { 0, 0xfffff, true }, { 0xfff00000, 0xffffffff, true },
    };

    write_cfg(port, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        write_cfg(port, PCI_MEMORY_BASE, cases[i].base >> 16, 2);
        write_cfg(port, PCI_MEMORY_LIMIT, cases[i].limit >> 16, 2);
        g_assert_true(PCI_BRIDGE(port)->alias_mem.enabled == cases[i].on);
        if (cases[i].on) {
            g_assert_cmphex(pci_bridge_get_base(port, 0), ==, cases[i].base);
            g_assert_cmphex(pci_bridge_get_limit(port, 0), ==, cases[i].limit);
            g_assert_cmphex(memory_region_size(&PCI_BRIDGE(port)->alias_mem), ==, cases[i].limit - cases[i].base + 1);
        }
    }
    write_cfg(port, PCI_PREF_MEMORY_BASE, 0, 2);
    write_cfg(port, PCI_PREF_BASE_UPPER32, 0x80, 4);
    write_cfg(port, PCI_PREF_LIMIT_UPPER32, 0x81, 4);
    g_assert_cmphex(pci_bridge_get_base(port, PCI_BASE_ADDRESS_MEM_PREFETCH), ==, 0x8000000000);
    g_assert_cmphex(pci_bridge_get_limit(port, PCI_BASE_ADDRESS_MEM_PREFETCH), ==, 0x81000fffff);
    g_assert_true(PCI_BRIDGE(port)->alias_pref_mem.enabled);
    write_cfg(port, PCI_PREF_LIMIT_UPPER32, 0xffffffff, 4);         /* as wide as it gets */
    write_cfg(port, PCI_PREF_MEMORY_LIMIT, 0xffff, 2);
    write_cfg(port, PCI_PREF_BASE_UPPER32, 0, 4);
    (void)dev;
    remove_dev(port);
}

static void test_numbers(void)
{
    PCIDevice *a = add_port(root, "pcie-root-port", PCI_DEVFN(1, 0)), *up = add(below(a), "x3130-upstream", 0);
    PCIDevice *down = add_port(below(up), "xio3130-downstream", PCI_DEVFN(3, 0)), *dev = add(below(down), TYPE_ENDPOINT, 0);
    int low, high;

    g_assert_true(pci_find_bus_nr(root, 0) == root);
    number(a, 1, 5);
    number(up, 2, 4);
    number(down, 3, 3);
    g_assert_true(pci_find_device(root, 3, 0) == dev);
    g_assert_cmphex(pci_requester_id(dev), ==, 0x300);
    pci_bus_range(root, &low, &high);
    g_assert_cmpint(low, ==, 0);
    g_assert_cmpint(high, ==, 5);
    number(a, 1, 2);                                    /* nobody forwards bus 3 now */
    g_assert_null(pci_find_device(root, 3, 0));
    number(down, 0, 0xff);                              /* a number that leads back to the root */
    g_assert_true(pci_find_bus_nr(root, 0) == root);
    number(down, 1, 0xff);
    number(up, 1, 0xff);
    g_assert_true(pci_find_bus_nr(root, 1) == below(a));
    remove_dev(a);
    g_assert_null(pci_find_bus_nr(root, 1));
}

/* --- vIOMMU ------------------------------------------------------------------------------------------ */

static struct { PCIBus *bus; int devfn; unsigned asked, changed; bool refuse; } iommu;
static AddressSpace iommu_as;
static MemoryRegion iommu_root;

static bool take(PCIBus *bus, void *opaque, int devfn, Error **errp)
{
    if (iommu.refuse) {
        error_setg(errp, "not behind this one");
    }
    return !iommu.refuse;
}

static AddressSpace *give(PCIBus *bus, void *opaque, int devfn)
{
    iommu.bus = bus;
    iommu.devfn = devfn;
    iommu.asked++;
    return &iommu_as;
}

static void rid(PCIBus *bus, void *opaque, int devfn)
{
    iommu.changed++;
}

static const PCIIOMMUOps ops = { .supports_address_space = take, .get_address_space = give, .rid_changed = rid };

static void test_iommu(void)
{
    PCIDevice *pxb = pci_new(PCI_DEVFN(9, 0), TYPE_PXB_PCIE_DEV), *port, *dev, *bridge, *conv;
    PCIBus *far;

    memory_region_init(&iommu_root, NULL, NULL, UINT64_MAX);
    address_space_init(&iommu_as, &iommu_root, "iommu");
    qdev_prop_set_uint(DEVICE(pxb), "bus_nr", 0x40);
    g_assert_true(pci_realize_and_unref(pxb, root, &error_abort));
    far = pci_find_bus_nr(root, 0x40);
    g_assert_true(far && pci_bus_is_pxb(far) && pxb_bus_device(far) == pxb);
    port = add_port(far, "pcie-root-port", 0);
    dev = add(below(port), TYPE_ENDPOINT, 0);
    g_assert_true(pci_device_iommu_address_space(dev) == &address_space_memory);
    pci_setup_iommu_per_bus(far, &ops, NULL);
    number(port, 0x41, 0x42);
    g_assert_cmpuint(iommu.changed, >, 0);
    g_assert_true(pci_device_iommu_address_space(dev) == &iommu_as);
    g_assert_true(iommu.bus == below(port) && iommu.devfn == 0);
    iommu.refuse = true;
    remove_dev(dev);
    refused(below(port), 0, "not behind this one");
    iommu.refuse = false;
    /* Behind a bridge to conventional PCI, the bridge's secondary bus speaks. */
    bridge = add(below(port), "pcie-pci-bridge", 0);
    conv = add(below(bridge), TYPE_ENDPOINT, PCI_DEVFN(4, 0));
    number(bridge, 0x42, 0x42);
    g_assert_false(pci_is_express(conv));
    g_assert_cmphex(pci_requester_id(conv), ==, 0x4200);
    pci_device_iommu_address_space(conv);
    g_assert_true(iommu.bus == below(bridge) && iommu.devfn == 0);
    /* The main root is not served by the pxb's. */
    conv = add(root, TYPE_ENDPOINT, -1);
    g_assert_true(pci_device_iommu_address_space(conv) == &address_space_memory);
    remove_dev(conv);
    far->bypass_iommu = true;
    g_assert_true(pci_device_iommu_address_space(port) == &address_space_memory);
    remove_dev(port);
    remove_dev(pxb);
    g_assert_null(pci_find_bus_nr(root, 0x40));
}

/* --- Interrupts ---------------------------------------------------------------------------------------- */

static void remember(PCIDevice *dev, MSIMessage msg)
{
    Endpoint *e = (Endpoint *)dev;

    e->sent++;
    e->last = msg;
}

static unsigned used, released;
static int use(PCIDevice *dev, unsigned vector, MSIMessage msg) { used++; return vector == 3 ? -ENOSPC : 0; }
static void release(PCIDevice *dev, unsigned vector) { released++; }

static void table_write(PCIDevice *dev, unsigned at, uint32_t v)
{
    memory_region_dispatch_write(&dev->msix_table_mmio, at, v, 4, MEMTXATTRS_UNSPECIFIED);
}

static void test_msix(void)
{
    PCIDevice *dev = add(root, TYPE_ENDPOINT, -1);
    Endpoint *e = (Endpoint *)dev;
    Error *err = NULL;

    g_assert_false(msix_init(dev, 4, &e->bar, 0, 0, &e->bar, 0, 8, 0, &err));          /* PBA inside the table */
    g_clear_pointer(&err, error_free);
    g_assert_false(msix_init(dev, 2049, &e->bar, 0, 0, &e->bar, 0, 0x9000, 0, &err));
    g_clear_pointer(&err, error_free);
    g_assert_true(msix_init(dev, 4, &e->bar, 0, 0, &e->bar, 0, 0x800, 0, &error_abort));
    dev->msi_trigger = remember;
    for (int v = 0; v < 4; v++) {
        msix_vector_use(dev, v);
    }
    table_write(dev, 0, 0x1000);
    table_write(dev, 8, 42);
    table_write(dev, 12, 0);
    msix_notify(dev, 0);                                /* not enabled: it waits */
    g_assert_cmpuint(e->sent, ==, 0);
    g_assert_true(msix_is_pending(dev, 0));
    write_cfg(dev, dev->msix_cap + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE, 2);
    g_assert_cmpuint(e->sent, ==, 1);
    g_assert_cmphex(e->last.address, ==, 0x1000);
    g_assert_cmpuint(e->last.data, ==, 42);
    write_cfg(dev, dev->msix_cap + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL, 2);
    msix_notify(dev, 0);
    msix_notify(dev, 0);
    g_assert_cmpuint(e->sent, ==, 1);
    write_cfg(dev, dev->msix_cap + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE, 2);
    g_assert_cmpuint(e->sent, ==, 2);
    msix_notify(dev, 77);                               /* no such vector */
    g_assert_cmpint(msix_set_vector_notifiers(dev, use, release, NULL), ==, 0);
    g_assert_cmpuint(used, ==, 1);
    table_write(dev, 12, 1);
    g_assert_cmpuint(released, ==, 1);
    table_write(dev, 12, 0);
    g_assert_cmpuint(used, ==, 2);
    msix_unset_vector_notifiers(dev);
    g_assert_cmpuint(released, ==, 2);
    table_write(dev, 3 * 16 + 12, 0);
    g_assert_cmpint(msix_set_vector_notifiers(dev, use, release, NULL), ==, -ENOSPC);      /* undone for vector 0 */
    g_assert_cmpuint(released, ==, 3);
    pci_device_reset(dev);
    g_assert_true(msix_is_masked(dev, 0));
    g_assert_false(msix_enabled(dev));
    remove_dev(dev);
}

static void test_msi(void)
{
    PCIDevice *dev = add(root, TYPE_ENDPOINT, -1);
    Endpoint *e = (Endpoint *)dev;

    g_assert_true(msi_init(dev, 0, 4, true, true, &error_abort));
    dev->msi_trigger = remember;
    write_cfg(dev, dev->msi_cap + PCI_MSI_ADDRESS_LO, 0x08080040, 4);
    write_cfg(dev, dev->msi_cap + PCI_MSI_DATA_64, 0x103, 2);
    write_cfg(dev, dev->msi_cap + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE | 7 << 4, 2);    /* asks for 128 */
    g_assert_cmpuint(msi_nr_vectors_allocated(dev), ==, 4);
    msi_notify(dev, 2);
    g_assert_cmphex(e->last.data, ==, 0x102);
    write_cfg(dev, dev->msi_cap + PCI_MSI_MASK_64, 4, 4);
    msi_notify(dev, 2);
    g_assert_cmpuint(e->sent, ==, 1);
    g_assert_cmphex(pci_get_long(dev->config + dev->msi_cap + PCI_MSI_PENDING_64), ==, 4);
    write_cfg(dev, dev->msi_cap + PCI_MSI_MASK_64, 0, 4);
    g_assert_cmpuint(e->sent, ==, 2);
    g_assert_cmphex(pci_get_long(dev->config + dev->msi_cap + PCI_MSI_PENDING_64), ==, 0);
    msi_uninit(dev);
    remove_dev(dev);
}

/* The cost of a config access does not grow with the machine. */
static void test_many(void)
{
    PCIDevice *ports[24], *dev[24];

    for (int i = 0; i < 24; i++) {
        ports[i] = add_port(root, "pcie-root-port", -1);
        dev[i] = add(below(ports[i]), TYPE_ENDPOINT, 0);
        number(ports[i], i + 1, i + 1);
    }
    for (int i = 0; i < 24; i++) {
        g_assert_true(pci_find_device(root, i + 1, 0) == dev[i]);
        g_assert_true(root->numbers_known);
    }
    for (int i = 0; i < 24; i++) {
        remove_dev(ports[i]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    main_loop_init();                   /* with the machine lock */
    memory_map_init();
    msi_nonbroken = true;
    host = GPEX_HOST(qdev_new(TYPE_GPEX_HOST));
    g_assert_true(sysbus_realize_and_unref(SYS_BUS_DEVICE(host), &error_abort));
    root = PCI_HOST_BRIDGE(host)->bus;
    g_test_add_func("/pci/devfn", test_devfn);
    g_test_add_func("/pci/realize-fails", test_realize_fails);
    g_test_add_func("/pci/capabilities", test_capabilities);
    g_test_add_func("/pci/extended-capabilities", test_extended);
    g_test_add_func("/pci/bars", test_bars);
    g_test_add_func("/pci/windows", test_windows);
    g_test_add_func("/pci/numbers", test_numbers);
    g_test_add_func("/pci/iommu", test_iommu);
    g_test_add_func("/pci/msix", test_msix);
    g_test_add_func("/pci/msi", test_msi);
    g_test_add_func("/pci/many", test_many);
    return g_test_run();
}
