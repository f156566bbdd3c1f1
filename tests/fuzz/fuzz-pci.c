/*
 * libFuzzer: config space and BARs of a small hierarchy (root port, switch,
 * bridge, pxb, test functions, NVMe controllers, one with virtual functions). The input is a list of
 * accesses; the first bytes of each say what is accessed and how. Memory the
 * functions reach is small, so that queues and lists are found by chance.
 * Nothing may crash, hang or grow.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/pci/pcie_sriov.h"
#include "pci-machine.h"

#define RAM_SIZE    0x10000
#define MAX_STEPS   200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

typedef struct QEMU_PACKED Step { uint8_t what, target; uint16_t at; uint32_t value; } Step;

static PCIDevice *functions[16];
static unsigned nr_functions;

static PCIDevice *add(PCIBus *bus, const char *type, const char *property, const char *value)
{
    PCIDevice *dev = pci_new(-1, type);

    object_ref(dev);                    /* the guest may power its slot off, which removes it */
    if (!strcmp(type, "pcie-root-port")) {
        /* These keep their cards; the switch's port does not. */
        object_property_set_bool(OBJECT(dev), "power_controller_present", false, &error_abort);
    }
    if (property) {
        object_property_set_str(OBJECT(dev), property, value, &error_abort);
    }
    pci_realize_and_unref(dev, bus, &error_abort);
    return functions[nr_functions++] = dev;
}

static void add_nvme_with_memory(PCIBus *bus)
{
    PCIDevice *dev = pci_new(-1, "nvme");

    object_property_set_str(OBJECT(dev), "serial", "root", &error_abort);
    object_property_set_uint(OBJECT(dev), "cmb_size_mb", 1, &error_abort);
    pci_realize_and_unref(dev, bus, &error_abort);
    functions[nr_functions++] = dev;
}

/* The VFs are accessed whether or not they are enabled. */
static void add_sriov(PCIBus *bus)
{
    static const struct { const char *name; uint64_t value; } numbers[] = {
        { "sriov_max_vfs", 2 }, { "sriov_vq_flexible", 4 }, { "sriov_vi_flexible", 2 }, { "max_ioqpairs", 6 }, { "msix_qsize", 4 },
    };
    DeviceState *subsys = qdev_new("nvme-subsys");
    PCIDevice *pf = pci_new(-1, "nvme");

    qdev_set_id(subsys, "sub", &error_abort);
    qdev_realize_and_unref(subsys, NULL, &error_abort);
    object_property_set_str(OBJECT(pf), "serial", "pf", &error_abort);
    object_property_set_str(OBJECT(pf), "subsys", "sub", &error_abort);
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        object_property_set_uint(OBJECT(pf), numbers[i].name, numbers[i].value, &error_abort);
    }
    object_ref(pf);
    pci_realize_and_unref(pf, bus, &error_abort);
    functions[nr_functions++] = pf;
    for (unsigned i = 0; i < pcie_sriov_total_vfs(pf); i++) {
        functions[nr_functions++] = pcie_sriov_get_vf(pf, i);
    }
}

static PCIBus *below(PCIDevice *dev)
{
    return (PCIBus *)g_ptr_array_index(DEVICE(dev)->child_bus, 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    PCIBus *root;
    PCIDevice *port;

    root = fuzz_pci_machine(RAM_SIZE);
    port = add(root, "pcie-root-port", "chassis", "1");
    add(below(port), "nvme", "serial", "fuzz");
    port = add(root, "pcie-root-port", "chassis", "2");
    port = add(below(port), "x3130-upstream", NULL, NULL);
    port = add(below(port), "xio3130-downstream", "chassis", "3");
    add(below(port), "edu", NULL, NULL);
    port = add(root, "pcie-pci-bridge", NULL, NULL);
    add(below(port), "pci-testdev", "membar", "64K");
    add(root, "iommu-testdev", NULL, NULL);
    add_nvme_with_memory(root);
    add(root, "edu", NULL, NULL);
    add_sriov(root);
    fuzz_pci_machine_done();
    return 0;
}

static void step(const Step *s)
{
    PCIDevice *dev = functions[s->target % nr_functions];
    unsigned size = 1U << (s->what >> 4 & 3);
    uint64_t value = s->value;
    MemoryRegion *bar = dev->io_regions[s->target / nr_functions % 3].memory;

    if (!DEVICE(dev)->realized) {
        return;
    }
    switch (s->what & 7) {
    case 0:
        pci_host_config_read_common(dev, s->at & 0xfff, PCIE_CONFIG_SPACE_SIZE, MIN(size, 4));
        break;
    case 1:
    case 2:
        pci_host_config_write_common(dev, s->at & 0xfff, PCIE_CONFIG_SPACE_SIZE, value, MIN(size, 4));
        break;
    case 3:
        address_space_stn_le(&address_space_memory, s->at, 4, value, MEMTXATTRS_UNSPECIFIED, NULL);
        break;
    case 4:
        if (bar) {
            memory_region_dispatch_read(bar, s->at, &value, size, MEMTXATTRS_UNSPECIFIED);
        }
        break;
    case 5:
    case 6:
        if (bar) {
            address_space_stn_le(&address_space_memory, dev->io_regions[0].addr + s->at, size, value, MEMTXATTRS_UNSPECIFIED, NULL);
        }
        break;
    default:
        pci_device_reset(dev);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (unsigned i = 0; i < MAX_STEPS && size >= sizeof(Step); i++, data += sizeof(Step), size -= sizeof(Step)) {
        Step s;

        memcpy(&s, data, sizeof(s));
        step(&s);
    }
    for (unsigned i = 0; i < nr_functions; i++) {
        if (DEVICE(functions[i])->realized) {
            pci_device_reset(functions[i]);
        }
    }
    memset(memory_region_get_ram_ptr(&fuzz_ram), 0, RAM_SIZE);
    return 0;
}
