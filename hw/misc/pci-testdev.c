/*
 * pci-testdev (1b36:0005): measures how fast writes reach a device. A memory
 * BAR and an I/O BAR; each offers three tests. Both begin with the same header:
 *
 *   0 rw byte  test number; writing selects one of this BAR's three
 *   1 r byte   width of the write the test wants
 *   4 r        offset to write to, 8 value to write, c  how many such writes came
 *   10..       the test's name, NUL ended
 *
 * Tests: without eventfd, any value to an eventfd, one value to an eventfd. What
 * an eventfd takes does not reach us and is not counted. `membar=` adds BAR 2 of
 * that size, with memory behind it when membar-backed=on.
 *
 * Runs under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/pci/pci.h"

#define TYPE_PCI_TESTDEV "pci-testdev"
OBJECT_DECLARE_SIMPLE_TYPE(PCITestDev, PCI_TESTDEV)

enum { MMIO_SIZE = 4096, PIO_SIZE = 256, MMIO_OFFSET = 0x800, PIO_OFFSET = 0x80, HEADER_SIZE = 16, TESTS_PER_BAR = 3 };
enum { ANY_VALUE = 0xce, MATCH_VALUE = 0xfa, WIDTH = 1 };

typedef struct TestCase { const char *name; uint16_t offset; uint8_t value; bool eventfd, match; } TestCase;

static const TestCase cases[2 * TESTS_PER_BAR] = {
    { "mmio-no-eventfd", MMIO_OFFSET, MATCH_VALUE, false, false },
    { "mmio-wildcard-eventfd", MMIO_OFFSET + 1, ANY_VALUE, true, false },
    { "mmio-datamatch-eventfd", MMIO_OFFSET + 2, MATCH_VALUE, true, true },
    { "portio-no-eventfd", PIO_OFFSET + 3, MATCH_VALUE, false, false },
    { "portio-wildcard-eventfd", PIO_OFFSET + 4, ANY_VALUE, true, false },
    { "portio-datamatch-eventfd", PIO_OFFSET + 5, MATCH_VALUE, true, true },
};

struct PCITestDev {
    PCIDevice parent_obj;
    MemoryRegion mmio, portio, membar;
    uint64_t membar_size;
    bool membar_backed;
    int current;                        /* -1: none */
    uint32_t count;
    EventNotifier notifier;
};

static MemoryRegion *bar_of(PCITestDev *d, int test)
{
    return test < TESTS_PER_BAR ? &d->mmio : &d->portio;
}

/* --- Selecting ---------------------------------------------------------------------------------- */

static void stop_test(PCITestDev *d)
{
    const TestCase *c = d->current < 0 ? NULL : &cases[d->current];

    if (c && c->eventfd) {
        memory_region_del_eventfd(bar_of(d, d->current), c->offset, WIDTH, c->match, c->value, &d->notifier);
    }
    d->current = -1;
}

static void start_test(PCITestDev *d, int test)
{
    const TestCase *c = &cases[test];

    d->current = test;
    d->count = 0;
    if (c->eventfd) {
        memory_region_add_eventfd(bar_of(d, test), c->offset, WIDTH, c->match, c->value, &d->notifier);
    }
}

static void select_test(PCITestDev *d, int first, uint64_t n)
{
    stop_test(d);
    if (n < TESTS_PER_BAR) {
        start_test(d, first + n);
    }
}

/* --- Access ----------------------------------------------------------------------------------------- */

static void write_bar(PCITestDev *d, int first, hwaddr addr, uint64_t val, unsigned size)
{
    const TestCase *c = d->current < 0 ? NULL : &cases[d->current];

    if (addr == 0) {
        select_test(d, first, val & 0xff);
    } else if (c && addr == c->offset && size == WIDTH && val == c->value) {
        d->count++;
    }
}

static uint64_t testdev_read(void *opaque, hwaddr addr, unsigned size)
{
    PCITestDev *d = opaque;
    uint8_t header[HEADER_SIZE + 32] = { 0 };
    const TestCase *c;

    if (d->current < 0 || addr + size > sizeof(header)) {
        return 0;
    }
    c = &cases[d->current];
    header[0] = d->current;
    header[1] = WIDTH;
    stl_le_p(header + 4, c->offset);
    stl_le_p(header + 8, c->value);
    stl_le_p(header + 12, d->count);
    g_strlcpy((char *)header + HEADER_SIZE, c->name, sizeof(header) - HEADER_SIZE);
    return ldn_le_p(header + addr, size);
}

static void mmio_write(void *opaque, hwaddr addr, uint64_t val, unsigned size)
{
    write_bar(opaque, 0, addr, val, size);
}

static void portio_write(void *opaque, hwaddr addr, uint64_t val, unsigned size)
{
    write_bar(opaque, TESTS_PER_BAR, addr, val, size);
}

static const MemoryRegionOps mmio_ops = { .read = testdev_read, .write = mmio_write, .endianness = DEVICE_LITTLE_ENDIAN };
static const MemoryRegionOps portio_ops = { .read = testdev_read, .write = portio_write, .endianness = DEVICE_LITTLE_ENDIAN };

/* --- Life ---------------------------------------------------------------------------------------------- */

static bool add_membar(PCITestDev *d, Error **errp)
{
    uint8_t type = PCI_BASE_ADDRESS_SPACE_MEMORY | PCI_BASE_ADDRESS_MEM_PREFETCH | PCI_BASE_ADDRESS_MEM_TYPE_64;

    if (!d->membar_size) {
        return true;
    }
    if (!is_power_of_2(d->membar_size) || d->membar_size < 16) {
        error_setg(errp, "pci-testdev: membar=%" PRIu64 " is not a power of two of at least 16", d->membar_size);
        return false;
    }
    if (!d->membar_backed) {
        memory_region_init(&d->membar, OBJECT(d), "pci-testdev-membar", d->membar_size);
    } else if (!memory_region_init_ram(&d->membar, OBJECT(d), "pci-testdev-membar", d->membar_size, errp)) {
        return false;
    }
    pci_register_bar(&d->parent_obj, 2, type, &d->membar);
    return true;
}

static bool testdev_realize(PCIDevice *dev, Error **errp)
{
    PCITestDev *d = PCI_TESTDEV(dev);
    int err = event_notifier_init(&d->notifier, false);

    if (err < 0) {
        error_setg_errno(errp, err, "pci-testdev: cannot make an eventfd");
        return false;
    }
    d->current = -1;
    memory_region_init_io(&d->mmio, OBJECT(d), &mmio_ops, d, "pci-testdev-mmio", MMIO_SIZE);
    memory_region_init_io(&d->portio, OBJECT(d), &portio_ops, d, "pci-testdev-portio", PIO_SIZE);
    pci_register_bar(dev, 0, PCI_BASE_ADDRESS_SPACE_MEMORY, &d->mmio);
    pci_register_bar(dev, 1, PCI_BASE_ADDRESS_SPACE_IO, &d->portio);
    if (!add_membar(d, errp)) {
        event_notifier_cleanup(&d->notifier);
        return false;
    }
    return true;
}

static void testdev_exit(PCIDevice *dev)
{
    PCITestDev *d = PCI_TESTDEV(dev);

    stop_test(d);
    event_notifier_cleanup(&d->notifier);
}

static void testdev_reset_hold(Object *obj, ResetType type)
{
    stop_test(PCI_TESTDEV(obj));
}

static const Property testdev_properties[] = {
    DEFINE_PROP_SIZE("membar", PCITestDev, membar_size, 0),
    DEFINE_PROP_BOOL("membar-backed", PCITestDev, membar_backed, false),
};

static void testdev_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    dc->desc = "PCI device with a register for each kind of access";
    dc->categories |= BIT(DEVICE_CATEGORY_MISC);
    device_class_set_phases(dc, NULL, testdev_reset_hold, NULL, NULL);
    device_class_set_props(dc, testdev_properties);
    pc->vendor_id = PCI_VENDOR_ID_REDHAT;
    pc->device_id = PCI_DEVICE_ID_REDHAT_TEST;
    pc->class_id = PCI_CLASS_OTHERS;
    pc->realize = testdev_realize;
    pc->exit = testdev_exit;
}

static const TypeInfo testdev_info = {
    .name = TYPE_PCI_TESTDEV, .parent = TYPE_PCI_DEVICE, .instance_size = sizeof(PCITestDev),
    .class_init = testdev_class_init, .interfaces = (const char *const[]) { INTERFACE_CONVENTIONAL_PCI_DEVICE, NULL },
};
DEFINE_TYPE(testdev_info)
