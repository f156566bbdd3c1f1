/*
 * iommu-testdev (1b36:0005): a function whose only business is one DMA that a
 * test describes, so that an IOMMU can be tested without a guest. BAR 0:
 *
 *   00 r   runs the DMA that was armed; reads 0
 *   04 rw  address the function uses, low; 08 high
 *   0c rw  length in bytes
 *   10 r   result (table below)
 *   14 w   bit 0 set: arms and makes the result "busy"; clear: disarms
 *   18 rw  attributes: 0 secure, 2:1 physical address space, 3 the space counts
 *   1c rw  physical address where the data should appear, low; 20 high
 *
 * The function writes 12345678 (little endian) over and over through its own
 * address space, then reads physical memory and compares. A length above 64 MiB
 * counts as invalid: longer transfers would hold the machine up.
 *
 * Runs under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/pci/pci.h"

#define TYPE_IOMMU_TESTDEV "iommu-testdev"
OBJECT_DECLARE_SIMPLE_TYPE(IOMMUTestDev, IOMMU_TESTDEV)

#define BAR_SIZE    4096
#define CHUNK       4096
#define LENGTH_MAX  (64 * MiB)
#define PATTERN     0x12345678U

enum {
    REG_RUN = 0x00, REG_GVA_LO = 0x04, REG_GVA_HI = 0x08, REG_LENGTH = 0x0c, REG_RESULT = 0x10, REG_DOORBELL = 0x14,
    REG_ATTRS = 0x18, REG_GPA_LO = 0x1c, REG_GPA_HI = 0x20, REG_END = 0x24,
};
enum { ATTR_SECURE = 1, ATTR_SPACE_SHIFT = 1, ATTR_SPACE_MASK = 3, ATTR_SPACE_VALID = 8 };
enum { SPACE_SECURE = 0, SPACE_NONSECURE = 1 };
enum {
    RESULT_OK = 0, RESULT_IDLE = 0xffffffff, RESULT_BUSY = 0xfffffffe, RESULT_LENGTH = 0xdead0001, RESULT_WRITE = 0xdead0002,
    RESULT_READ = 0xdead0003, RESULT_MISMATCH = 0xdead0004, RESULT_NOT_ARMED = 0xdead0005, RESULT_ATTRS = 0xdead0006,
};

struct IOMMUTestDev {
    PCIDevice parent_obj;
    MemoryRegion bar;
    uint32_t reg[REG_END / 4];
    bool armed;
};

static uint64_t address_at(IOMMUTestDev *s, unsigned low)
{
    return s->reg[low / 4] | (uint64_t)s->reg[low / 4 + 1] << 32;
}

/* Secure and the space must not contradict each other; Root and Realm go with both. */
static bool attrs_valid(uint32_t attrs)
{
    unsigned space = (attrs >> ATTR_SPACE_SHIFT) & ATTR_SPACE_MASK;

    if (!(attrs & ATTR_SPACE_VALID) || space > SPACE_NONSECURE) {
        return true;
    }
    return (space == SPACE_SECURE) == !!(attrs & ATTR_SECURE);
}

static void fill(uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        buf[i] = PATTERN >> (8 * (i & 3));
    }
}

static uint32_t transfer(IOMMUTestDev *s, uint64_t gva, uint64_t gpa, uint64_t len, MemTxAttrs attrs)
{
    uint8_t expected[CHUNK], found[CHUNK];

    fill(expected, sizeof(expected));
    for (uint64_t done = 0; done < len; done += CHUNK) {
        if (dma_memory_write(pci_get_address_space(&s->parent_obj), gva + done, expected, MIN(CHUNK, len - done), attrs)) {
            return RESULT_WRITE;
        }
    }
    for (uint64_t done = 0; done < len; done += CHUNK) {
        uint64_t n = MIN(CHUNK, len - done);

        if (address_space_read(&address_space_memory, gpa + done, attrs, found, n)) {
            return RESULT_READ;
        }
        if (memcmp(found, expected, n)) {
            return RESULT_MISMATCH;
        }
    }
    return RESULT_OK;
}

static uint32_t run(IOMMUTestDev *s)
{
    uint32_t len = s->reg[REG_LENGTH / 4], word = s->reg[REG_ATTRS / 4];
    MemTxAttrs attrs = pci_dma_attrs(&s->parent_obj);

    if (!s->armed) {
        return RESULT_NOT_ARMED;
    }
    s->armed = false;
    if (!len || len > LENGTH_MAX) {
        return RESULT_LENGTH;
    }
    if (!attrs_valid(word)) {
        return RESULT_ATTRS;
    }
    attrs.secure = word & ATTR_SECURE;
    return transfer(s, address_at(s, REG_GVA_LO), address_at(s, REG_GPA_LO), len, attrs);
}

static uint64_t testdev_read(void *opaque, hwaddr addr, unsigned size)
{
    IOMMUTestDev *s = opaque;

    if (addr == REG_RUN) {
        s->reg[REG_RESULT / 4] = run(s);
        return 0;
    }
    return addr < REG_END && addr != REG_DOORBELL ? s->reg[addr / 4] : 0;
}

static void testdev_write(void *opaque, hwaddr addr, uint64_t val, unsigned size)
{
    IOMMUTestDev *s = opaque;

    switch (addr) {
    case REG_DOORBELL:
        s->armed = val & 1;
        s->reg[REG_RESULT / 4] = s->armed ? RESULT_BUSY : RESULT_IDLE;
        break;
    case REG_GVA_LO: case REG_GVA_HI: case REG_LENGTH: case REG_ATTRS: case REG_GPA_LO: case REG_GPA_HI:
        s->reg[addr / 4] = val;
        break;
    }
}

static const MemoryRegionOps testdev_ops = {
    .read = testdev_read, .write = testdev_write, .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 8 }, .impl = { .min_access_size = 4, .max_access_size = 4 },
};

static void testdev_reset_hold(Object *obj, ResetType type)
{
    IOMMUTestDev *s = IOMMU_TESTDEV(obj);

    memset(s->reg, 0, sizeof(s->reg));
    s->armed = false;
    s->reg[REG_RESULT / 4] = RESULT_IDLE;
    s->reg[REG_ATTRS / 4] = SPACE_NONSECURE << ATTR_SPACE_SHIFT;
}

static bool testdev_realize(PCIDevice *dev, Error **errp)
{
    IOMMUTestDev *s = IOMMU_TESTDEV(dev);

    memory_region_init_io(&s->bar, OBJECT(s), &testdev_ops, s, "iommu-testdev.bar0", BAR_SIZE);
    pci_register_bar(dev, 0, PCI_BASE_ADDRESS_SPACE_MEMORY, &s->bar);
    return true;
}

static void testdev_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    dc->desc = "Device that does one DMA write when told to";
    dc->categories |= BIT(DEVICE_CATEGORY_MISC);
    device_class_set_phases(dc, NULL, testdev_reset_hold, NULL, NULL);
    pc->vendor_id = PCI_VENDOR_ID_REDHAT;
    pc->device_id = PCI_DEVICE_ID_REDHAT_TEST;
    pc->class_id = PCI_CLASS_OTHERS;
    pc->realize = testdev_realize;
}

static const TypeInfo testdev_info = {
    .name = TYPE_IOMMU_TESTDEV, .parent = TYPE_PCI_DEVICE, .instance_size = sizeof(IOMMUTestDev),
    .class_init = testdev_class_init, .interfaces = (const char *const[]) { INTERFACE_CONVENTIONAL_PCI_DEVICE, NULL },
};
DEFINE_TYPE(testdev_info)
