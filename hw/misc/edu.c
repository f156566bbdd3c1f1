/*
 * edu: a PCI function to learn drivers with (1234:11e8). One memory BAR:
 *
 *   00 r   identification 0x010000ed
 *   04 rw  liveness check: reads the inversion of what was written
 *   08 rw  factorial: write n, read n! (modulo 2^32)
 *   20 rw  status: 01 computing (r), 80 interrupt when the factorial is done
 *   24 r   interrupt status: 001 factorial, 100 DMA, others as raised
 *   60 w   raise interrupt: sets bits of 24;   64 w  acknowledge: clears them
 *   80 rw  DMA source, 88 destination, 90 count, 98 command:
 *          1 start, 2 from the buffer to RAM (else to it), 4 interrupt when done
 *
 * The DMA buffer is 4096 bytes at 0x40000 in the device's own numbering; RAM
 * addresses are masked with dma_mask. A transfer takes 100 ms of virtual time.
 * Below 0x80 only 32-bit accesses count, above also 64-bit ones. The factorial
 * is ready at once, so "computing" is never seen. Interrupts are MSI or INTA.
 *
 * Runs under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/pci/msi.h"
#include "util/main-loop.h"
#include "util/trace.h"

#define TYPE_EDU "edu"
OBJECT_DECLARE_SIMPLE_TYPE(EduState, EDU)

#define EDU_BAR_SIZE    (1 * MiB)
#define EDU_ID          0x010000ed
#define DMA_BUFFER_AT   0x40000
#define DMA_BUFFER_SIZE 4096
#define DMA_TIME_NS     100000000

enum {
    REG_ID = 0x00, REG_LIVE = 0x04, REG_FACTORIAL = 0x08, REG_STATUS = 0x20, REG_IRQ_STATUS = 0x24,
    REG_IRQ_RAISE = 0x60, REG_IRQ_ACK = 0x64, REG_DMA_SRC = 0x80, REG_DMA_DST = 0x88, REG_DMA_COUNT = 0x90, REG_DMA_CMD = 0x98,
};
enum { STATUS_IRQ_FACTORIAL = 0x80, IRQ_FACTORIAL = 0x001, IRQ_DMA = 0x100 };
enum { DMA_RUN = 1, DMA_TO_RAM = 2, DMA_IRQ = 4 };

struct EduState {
    PCIDevice parent_obj;
    MemoryRegion mmio;
    QEMUTimer *timer;
    uint32_t live, factorial, status, irq_status;
    struct { uint64_t src, dst, count, cmd; } dma;
    uint64_t dma_mask;
    uint8_t buffer[DMA_BUFFER_SIZE];
};

/* --- Interrupts ------------------------------------------------------------------------------ */

static void raise_irq(EduState *s, uint32_t bits)
{
    s->irq_status |= bits;
    if (!s->irq_status) {
        return;
    }
    if (msi_enabled(&s->parent_obj)) {
        msi_notify(&s->parent_obj, 0);
    } else {
        pci_set_irq(&s->parent_obj, 1);
    }
}

static void ack_irq(EduState *s, uint32_t bits)
{
    s->irq_status &= ~bits;
    if (!s->irq_status && !msi_enabled(&s->parent_obj)) {
        pci_set_irq(&s->parent_obj, 0);
    }
}

/* --- Factorial -------------------------------------------------------------------------------- */

/* 34! and all above are 0 modulo 2^32. */
static uint32_t factorial(uint32_t n)
{
    uint32_t f = 1;

    for (; n > 1 && f; n--) {
        f *= n;
    }
    return f;
}

static void compute(EduState *s, uint32_t n)
{
    s->factorial = n > 34 ? 0 : factorial(n);
    if (s->status & STATUS_IRQ_FACTORIAL) {
        raise_irq(s, IRQ_FACTORIAL);
    }
}

/* --- DMA ---------------------------------------------------------------------------------------- */

static uint8_t *buffer_range(EduState *s, uint64_t addr)
{
    uint64_t offset = addr - DMA_BUFFER_AT;

    if (addr < DMA_BUFFER_AT || offset > DMA_BUFFER_SIZE || s->dma.count > DMA_BUFFER_SIZE - offset) {
        log_guest_error("edu: DMA of %" PRIu64 " bytes at 0x%" PRIx64 " is outside the buffer\n", s->dma.count, addr);
        return NULL;
    }
    return s->buffer + offset;
}

static void dma_done(void *opaque)
{
    EduState *s = opaque;
    bool to_ram = s->dma.cmd & DMA_TO_RAM;
    uint8_t *buffer = buffer_range(s, to_ram ? s->dma.src : s->dma.dst);

    if (buffer && to_ram) {
        pci_dma_write(&s->parent_obj, s->dma.dst & s->dma_mask, buffer, s->dma.count);
    } else if (buffer) {
        pci_dma_read(&s->parent_obj, s->dma.src & s->dma_mask, buffer, s->dma.count);
    }
    s->dma.cmd &= ~(uint64_t)DMA_RUN;
    if (s->dma.cmd & DMA_IRQ) {
        raise_irq(s, IRQ_DMA);
    }
}

static uint64_t *dma_reg(EduState *s, hwaddr addr)
{
    switch (addr) {
    case REG_DMA_SRC: return &s->dma.src;
    case REG_DMA_DST: return &s->dma.dst;
    case REG_DMA_COUNT: return &s->dma.count;
    case REG_DMA_CMD: return &s->dma.cmd;
    default: return NULL;
    }
}

static void write_dma(EduState *s, hwaddr addr, uint64_t val)
{
    uint64_t *reg = dma_reg(s, addr);

    if (!reg || (s->dma.cmd & DMA_RUN) || (addr == REG_DMA_CMD && !(val & DMA_RUN))) {
        return;
    }
    *reg = val;
    if (addr == REG_DMA_CMD) {
        timer_mod(s->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + DMA_TIME_NS);
    }
}

/* --- Registers ------------------------------------------------------------------------------------- */

static uint64_t edu_read(void *opaque, hwaddr addr, unsigned size)
{
    EduState *s = opaque;
    uint64_t *dma = dma_reg(s, addr);

    if (dma) {
        return *dma;
    }
    if (size != 4) {
        return UINT64_MAX;
    }
    switch (addr) {
    case REG_ID: return EDU_ID;
    case REG_LIVE: return s->live;
    case REG_FACTORIAL: return s->factorial;
    case REG_STATUS: return s->status;
    case REG_IRQ_STATUS: return s->irq_status;
    default: return UINT64_MAX;
    }
}

static void edu_write(void *opaque, hwaddr addr, uint64_t val, unsigned size)
{
    EduState *s = opaque;

    if (addr >= REG_DMA_SRC) {
        write_dma(s, addr, val);
        return;
    }
    if (size != 4) {
        return;
    }
    switch (addr) {
    case REG_LIVE: s->live = ~val; break;
    case REG_FACTORIAL: compute(s, val); break;
    case REG_STATUS: s->status = val & STATUS_IRQ_FACTORIAL; break;
    case REG_IRQ_RAISE: raise_irq(s, val); break;
    case REG_IRQ_ACK: ack_irq(s, val); break;
    }
}

static const MemoryRegionOps edu_ops = {
    .read = edu_read, .write = edu_write, .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 8 }, .impl = { .min_access_size = 4, .max_access_size = 8 },
};

/* --- Life --------------------------------------------------------------------------------------------- */

static void edu_reset_hold(Object *obj, ResetType type)
{
    EduState *s = EDU(obj);

    timer_del(s->timer);
    s->live = s->factorial = s->status = s->irq_status = 0;
    memset(&s->dma, 0, sizeof(s->dma));
}

static bool edu_realize(PCIDevice *dev, Error **errp)
{
    EduState *s = EDU(dev);

    dev->config[PCI_INTERRUPT_PIN] = 1;
    if (msi_nonbroken && !msi_init(dev, 0, 1, true, false, errp)) {
        return false;
    }
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, dma_done, s);
    memory_region_init_io(&s->mmio, OBJECT(s), &edu_ops, s, "edu-mmio", EDU_BAR_SIZE);
    pci_register_bar(dev, 0, PCI_BASE_ADDRESS_SPACE_MEMORY, &s->mmio);
    return true;
}

static void edu_exit(PCIDevice *dev)
{
    EduState *s = EDU(dev);

    timer_free(s->timer);
    s->timer = NULL;
    msi_uninit(dev);
}

static const Property edu_properties[] = {
    DEFINE_PROP_UINT64("dma_mask", EduState, dma_mask, 0xfffffff),
};

static void edu_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    dc->categories |= BIT(DEVICE_CATEGORY_MISC);
    device_class_set_phases(dc, NULL, edu_reset_hold, NULL, NULL);
    device_class_set_props(dc, edu_properties);
    pc->vendor_id = PCI_VENDOR_ID_QEMU;
    pc->device_id = 0x11e8;
    pc->revision = 0x10;
    pc->class_id = PCI_CLASS_OTHERS;
    pc->realize = edu_realize;
    pc->exit = edu_exit;
}

static const TypeInfo edu_info = {
    .name = TYPE_EDU, .parent = TYPE_PCI_DEVICE, .instance_size = sizeof(EduState), .class_init = edu_class_init,
    .interfaces = (const char *const[]) { INTERFACE_CONVENTIONAL_PCI_DEVICE, NULL },
};
DEFINE_TYPE(edu_info)
