/*
 * libFuzzer: virtio devices behind PCI functions and MMIO transports. The first
 * bytes of the input choose a device, the features to negotiate and a queue
 * size; a driver sets the device up with rings at known places of a small
 * memory. The rest is a list of steps: bytes into the rings or anywhere in
 * memory, doorbells, accesses to registers and configuration space. Nothing may
 * crash, hang or grow.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_pci.h>
#include "block/block.h"
#include "hw/core/sysbus.h"
#include "hw/virtio/virtio-mmio.h"
#include "hw/virtio/virtio.h"
#include "pci-machine.h"
#include "system/rcu.h"

#define RAM_SIZE    0x10000
#define MAX_STEPS   300
#define RING_AT     0x1000              /* descriptors; the driver's area follows, the device's a page on */
#define DISK_SIZE   (1 * MiB)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

typedef struct QEMU_PACKED Head { uint8_t target, queues, size_log; uint64_t features; } Head;
typedef struct QEMU_PACKED Step { uint8_t what; uint16_t at; uint8_t data[8]; } Step;

/* How a driver reaches a device: modern registers of PCI or MMIO, or legacy ones. */
typedef struct Target { DeviceState *dev; bool pci, legacy; uint64_t base; MemoryRegion *mmio; } Target;

static Target targets[16];
static unsigned nr_targets;
enum { COMMON = 0, NOTIFY = 0x3000, PCI_BARS = 0x10000000, MMIO_BASE = 0x20000000, MMIO_STEP = 0x1000 };

/* --- The machine ---------------------------------------------------------------------------- */

static void add_pci(PCIBus *bus, const char *type, const char *prop, const char *value, bool packed)
{
    PCIDevice *dev;

    if (!object_class_by_name(type)) {
        return;                         /* not in this build */
    }
    dev = pci_new(-1, type);
    object_property_set_bool(OBJECT(dev), "packed", packed, &error_abort);
    object_property_set_bool(OBJECT(dev), "ioeventfd", false, &error_abort);
    if (object_property_find(OBJECT(dev), "num-queues")) {
        object_property_set_uint(OBJECT(dev), "num-queues", 2, &error_abort);      /* the default asks the machine */
    }
    if (prop) {
        object_property_set_str(OBJECT(dev), prop, value, &error_abort);
    }
    pci_realize_and_unref(dev, bus, &error_abort);
    targets[nr_targets] = (Target) { .dev = DEVICE(dev), .pci = true, .base = PCI_BARS + nr_targets * 0x100000 };
    nr_targets++;
}

static void add_mmio(const char *type, bool legacy, const char *prop, const char *value)
{
    SysBusDevice *transport;
    DeviceState *dev;

    if (!object_class_by_name(type)) {
        return;
    }
    transport = SYS_BUS_DEVICE(qdev_new(TYPE_VIRTIO_MMIO));
    dev = qdev_new(type);
    object_property_set_bool(OBJECT(transport), "force-legacy", legacy, &error_abort);
    object_property_set_bool(OBJECT(transport), "ioeventfd", false, &error_abort);
    sysbus_realize_and_unref(transport, &error_abort);
    sysbus_mmio_map(transport, 0, MMIO_BASE + nr_targets * MMIO_STEP);
    if (prop) {
        object_property_set_str(OBJECT(dev), prop, value, &error_abort);
    }
    qdev_realize_and_unref(dev, g_ptr_array_index(DEVICE(transport)->child_bus, 0), &error_abort);
    targets[nr_targets] = (Target) { .dev = DEVICE(transport), .legacy = legacy, .base = MMIO_BASE + nr_targets * MMIO_STEP };
    nr_targets++;
}

static void add_disk(const char *node)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("fuzz-virtio-XXXXXX", &path, NULL);

    g_assert(fd >= 0 && ftruncate(fd, DISK_SIZE) == 0);
    blockdev_add(json_pack("{s:s, s:s, s:s}", "driver", "file", "node-name", node, "filename", path), &error_abort);
    close(fd);
    unlink(path);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    PCIBus *root = fuzz_pci_machine(RAM_SIZE);

    add_disk("disk0");
    add_disk("disk1");
    add_pci(root, "virtio-rng-pci", NULL, NULL, true);
    add_pci(root, "virtio-rng-pci", "iommu_platform", "on", false);
    add_pci(root, "virtio-blk-pci", "drive", "disk0", true);
    add_pci(root, "virtio-serial-pci", "max_ports", "3", true);
    add_mmio("virtio-rng-device", false, NULL, NULL);
    add_mmio("virtio-rng-device", true, "max-bytes", "64");
    add_mmio("virtio-blk-device", true, "drive", "disk1");
    add_mmio("virtio-serial-device", false, NULL, NULL);
    fuzz_pci_machine_done();
    return 0;
}

/* --- The driver ------------------------------------------------------------------------------- */

static void put(const Target *t, uint64_t at, uint64_t v, unsigned size)
{
    address_space_stn_le(&address_space_memory, t->base + at, size, v, MEMTXATTRS_UNSPECIFIED, NULL);
}

static void start_pci(const Target *t, const Head *h)
{
    PCIDevice *dev = PCI_DEVICE(t->dev);

    /* Changing the memory map is slow. */
    if (dev->io_regions[4].addr != t->base) {
        pci_default_write_config(dev, PCI_BASE_ADDRESS_4, t->base, 4);
        pci_default_write_config(dev, PCI_BASE_ADDRESS_5, 0, 4);
    }
    if (dev->io_regions[4].addr != t->base || !dev->is_bus_master) {
        pci_host_config_write_common(dev, PCI_COMMAND, PCI_CONFIG_SPACE_SIZE, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
    }
    for (unsigned i = 0; i < 2; i++) {
        put(t, VIRTIO_PCI_COMMON_GFSELECT, i, 4);
        put(t, VIRTIO_PCI_COMMON_GF, h->features >> (32 * i), 4);
    }
    put(t, VIRTIO_PCI_COMMON_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK, 1);
    for (unsigned i = 0; i < h->queues % 8U; i++) {
        put(t, VIRTIO_PCI_COMMON_Q_SELECT, i, 2);
        put(t, VIRTIO_PCI_COMMON_Q_SIZE, 1U << h->size_log % 8, 2);
        put(t, VIRTIO_PCI_COMMON_Q_DESCLO, RING_AT * (i + 1), 4);
        put(t, VIRTIO_PCI_COMMON_Q_AVAILLO, RING_AT * (i + 1) + 0x800, 4);
        put(t, VIRTIO_PCI_COMMON_Q_USEDLO, RING_AT * (i + 1) + 0xa00, 4);
        put(t, VIRTIO_PCI_COMMON_Q_ENABLE, 1, 2);
    }
    put(t, VIRTIO_PCI_COMMON_STATUS, 0xf, 1);
}

static void place_mmio_queue(const Target *t, unsigned i)
{
    if (t->legacy) {
        put(t, VIRTIO_MMIO_QUEUE_ALIGN, 16, 4);
        put(t, VIRTIO_MMIO_QUEUE_PFN, i + 1, 4);
        return;
    }
    put(t, VIRTIO_MMIO_QUEUE_DESC_LOW, RING_AT * (i + 1), 4);
    put(t, VIRTIO_MMIO_QUEUE_AVAIL_LOW, RING_AT * (i + 1) + 0x800, 4);
    put(t, VIRTIO_MMIO_QUEUE_USED_LOW, RING_AT * (i + 1) + 0xa00, 4);
    put(t, VIRTIO_MMIO_QUEUE_READY, 1, 4);
}

static void start_mmio(const Target *t, const Head *h)
{
    put(t, VIRTIO_MMIO_GUEST_PAGE_SIZE, RING_AT, 4);
    for (unsigned i = 0; i < 2; i++) {
        put(t, VIRTIO_MMIO_DRIVER_FEATURES_SEL, i, 4);
        put(t, VIRTIO_MMIO_DRIVER_FEATURES, h->features >> (32 * i), 4);
    }
    put(t, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK, 4);
    for (unsigned i = 0; i < h->queues % 8U; i++) {
        put(t, VIRTIO_MMIO_QUEUE_SEL, i, 4);
        put(t, VIRTIO_MMIO_QUEUE_NUM, 1U << h->size_log % 8, 4);
        place_mmio_queue(t, i);
    }
    put(t, VIRTIO_MMIO_STATUS, 0xf, 4);
}

/* Features that nobody offers would only be refused. */
static void start(const Target *t, Head *h)
{
    VirtIODevice *vdev;
    DeviceState *parent = t->dev;
    BusState *bus = g_ptr_array_index(parent->child_bus, 0);

    vdev = VIRTIO_DEVICE(g_ptr_array_index(bus->children, 0));
    h->features &= vdev->host_features;
    h->features |= vdev->host_features & (BIT_ULL(VIRTIO_F_VERSION_1) | BIT_ULL(VIRTIO_F_ACCESS_PLATFORM));
    if (t->pci) {
        start_pci(t, h);
    } else {
        start_mmio(t, h);
    }
}

static void kick(const Target *t, unsigned queue)
{
    if (t->pci) {
        put(t, NOTIFY + queue * 4, queue, 2);
    } else {
        put(t, VIRTIO_MMIO_QUEUE_NOTIFY, queue, 4);
    }
}

static void step(const Target *t, const Step *s)
{
    uint64_t value = ldq_le_p(s->data), ignored;
    unsigned size = 1U << (s->what >> 4 & 3);

    switch (s->what & 15) {
    case 0: case 1: case 2: case 3: case 4: case 5:
        address_space_write(&address_space_memory, s->at, MEMTXATTRS_UNSPECIFIED, s->data, sizeof(s->data));
        break;
    case 6: case 7: case 8:
        kick(t, s->at % 8);
        break;
    case 9:
        put(t, s->at % 0x40, value, size);
        break;
    case 10:
        put(t, t->pci ? s->at % 0x4000 : s->at % 0x200, value, size);
        break;
    case 11:
        address_space_read(&address_space_memory, t->base + (t->pci ? s->at % 0x4000 : s->at % 0x200), MEMTXATTRS_UNSPECIFIED, &ignored, size);
        break;
    case 12:
        if (t->pci) {
            pci_host_config_write_common(PCI_DEVICE(t->dev), s->at & 0xfff, PCIE_CONFIG_SPACE_SIZE, value, MIN(size, 4));
        }
        break;
    case 13:
        if (t->pci) {
            pci_host_config_read_common(PCI_DEVICE(t->dev), s->at & 0xfff, PCIE_CONFIG_SPACE_SIZE, MIN(size, 4));
        }
        break;
    case 14:
        main_loop_wait(true);
        break;
    default:
        device_cold_reset(t->dev);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned runs;
    const Target *t;
    Head h;

    if (size < sizeof(h)) {
        return -1;
    }
    memcpy(&h, data, sizeof(h));
    data += sizeof(h);
    size -= sizeof(h);
    t = &targets[h.target % nr_targets];
    start(t, &h);
    for (unsigned i = 0; i < MAX_STEPS && size >= sizeof(Step); i++, data += sizeof(Step), size -= sizeof(Step)) {
        Step s;

        memcpy(&s, data, sizeof(s));
        step(t, &s);
    }
    main_loop_wait(true);
    put(t, t->pci ? VIRTIO_PCI_COMMON_STATUS : VIRTIO_MMIO_STATUS, 0, t->pci ? 1 : 4);
    if (runs++ % 256 == 0) {
        drain_call_rcu();
    }
    memset(memory_region_get_ram_ptr(&fuzz_ram), 0, RAM_SIZE);
    return 0;
}
