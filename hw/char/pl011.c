/*
 * Arm PrimeCell UART (PL011), as in Arm DDI 0183 (r1p5).
 *
 * Guest sees: 16-deep receive and transmit FIFOs, the six interrupts and
 * their combination, loopback, break. Receive interrupts come with the first
 * character, whatever the watermark: there is no bit clock, so no receive
 * timeout to wait for. A character leaves at once while the chardev takes it;
 * otherwise the transmit FIFO fills and shows that to the guest.
 *
 * Not modelled: baud rate, parity, modem lines from outside, DMA requests, IrDA.
 * Runs under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "chardev/char.h"
#include "hw/char/pl011.h"
#include "hw/core/qdev-properties.h"
#include "hw/core/sysbus.h"
#include "hw_char.trace.h"

OBJECT_DECLARE_SIMPLE_TYPE(PL011State, PL011)

/* --- registers (chapter 3) ------------------------------------------------------- */
enum {
    UARTDR = 0x00, UARTRSR = 0x04, UARTFR = 0x18, UARTILPR = 0x20, UARTIBRD = 0x24, UARTFBRD = 0x28, UARTLCR_H = 0x2c,
    UARTCR = 0x30, UARTIFLS = 0x34, UARTIMSC = 0x38, UARTRIS = 0x3c, UARTMIS = 0x40, UARTICR = 0x44, UARTDMACR = 0x48,
    UARTID = 0xfe0,
};
FIELD(DR, BREAK, 10, 1)
FIELD(FR, CTS, 0, 1)
FIELD(FR, DSR, 1, 1)
FIELD(FR, DCD, 2, 1)
FIELD(FR, RXFE, 4, 1)
FIELD(FR, TXFF, 5, 1)
FIELD(FR, RXFF, 6, 1)
FIELD(FR, TXFE, 7, 1)
FIELD(FR, RI, 8, 1)
FIELD(LCR, BRK, 0, 1)
FIELD(LCR, FEN, 4, 1)
FIELD(CR, LBE, 7, 1)
FIELD(CR, DTR, 10, 1)
FIELD(CR, RTS, 11, 1)
FIELD(CR, OUT1, 12, 1)
FIELD(CR, OUT2, 13, 1)
enum {
    INT_RI = 1 << 0, INT_CTS = 1 << 1, INT_DCD = 1 << 2, INT_DSR = 1 << 3, INT_RX = 1 << 4, INT_TX = 1 << 5, INT_RT = 1 << 6,
    INT_FE = 1 << 7, INT_PE = 1 << 8, INT_BE = 1 << 9, INT_OE = 1 << 10,
    INT_MODEM = INT_RI | INT_CTS | INT_DCD | INT_DSR, INT_ERROR = INT_FE | INT_PE | INT_BE | INT_OE, INT_ALL = 0x7ff,
};
/* Which interrupts each wire carries. */
static const uint32_t irq_masks[] = { INT_ALL, INT_RX, INT_TX, INT_RT, INT_MODEM, INT_ERROR };
static const uint8_t peripheral_id[] = { 0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
#define FIFO_DEPTH  16
#define CR_RESET    0x300               /* both directions enabled */
#define IFLS_RESET  0x12

struct PL011State {
    SysBusDevice parent_obj;
    MemoryRegion iomem;
    qemu_irq irq[ARRAY_SIZE(irq_masks)];
    CharBackend chr;
    uint32_t cr, lcr, rsr, ilpr, ibrd, fbrd, ifls, imsc, ris, dmacr;
    uint16_t rx[FIFO_DEPTH];            /* with error bits */
    unsigned rx_head, rx_count;
    uint8_t tx[FIFO_DEPTH];
    unsigned tx_count;
};

static void update_irqs(PL011State *s)
{
    trace_pl011_irq_state((s->ris & s->imsc) != 0);
    for (size_t i = 0; i < ARRAY_SIZE(irq_masks); i++) {
        qemu_set_irq(s->irq[i], (s->ris & s->imsc & irq_masks[i]) != 0);
    }
}

static bool loopback(const PL011State *s)
{
    return FIELD_EX32(s->cr, CR, LBE);
}

/* Without FIFOs each direction holds one character. */
static unsigned depth(const PL011State *s)
{
    return FIELD_EX32(s->lcr, LCR, FEN) ? FIFO_DEPTH : 1;
}

/* --- receiving ---------------------------------------------------------------------- */

static void rx_push(PL011State *s, uint16_t c)
{
    if (s->rx_count >= depth(s)) {
        s->ris |= INT_OE;
        update_irqs(s);
        return;
    }
    s->rx[(s->rx_head + s->rx_count++) % FIFO_DEPTH] = c;
    trace_pl011_put_fifo(c, s->rx_count);
    s->ris |= INT_RX | (c & FIELD_MASK(DR, BREAK) ? INT_BE : 0);
    update_irqs(s);
}

static uint32_t rx_pop(PL011State *s)
{
    uint32_t c = s->rx[s->rx_head];

    if (!s->rx_count) {
        return 0;
    }
    s->rx_head = (s->rx_head + 1) % FIFO_DEPTH;
    s->rx_count--;
    if (!s->rx_count) {
        s->ris &= ~(INT_RX | INT_RT);
    }
    s->rsr = c >> 8;
    update_irqs(s);
    if (!loopback(s)) {
        qemu_chr_fe_accept_input(&s->chr);
    }
    return c;
}

static int pl011_can_receive(void *opaque)
{
    PL011State *s = opaque;
    return loopback(s) || s->rx_count >= depth(s) ? 0 : depth(s) - s->rx_count;
}

static void pl011_receive(void *opaque, const uint8_t *buf, int size)
{
    for (int i = 0; i < size; i++) {
        rx_push(opaque, buf[i]);
    }
}

static void pl011_event(void *opaque, ChrEvent event)
{
    PL011State *s = opaque;

    if (event == CHR_EVENT_BREAK && !loopback(s)) {
        rx_push(s, FIELD_MASK(DR, BREAK));
    }
}

/* --- sending ------------------------------------------------------------------------- */

/* What the chardev does not take now stays in the FIFO; pl011_writable() goes on. */
static void tx_drain(PL011State *s)
{
    int n = s->tx_count ? qemu_chr_fe_write(&s->chr, s->tx, s->tx_count) : 0;

    if (n <= 0) {
        return;
    }
    s->tx_count -= n;
    memmove(s->tx, s->tx + n, s->tx_count);
}

static void pl011_writable(void *opaque)
{
    PL011State *s = opaque;

    tx_drain(s);
    if (s->tx_count < depth(s)) {
        s->ris |= INT_TX;
        update_irqs(s);
    }
}

static void tx_push(PL011State *s, uint8_t c)
{
    if (loopback(s)) {
        rx_push(s, c);
    } else if (s->tx_count < depth(s)) {
        s->tx[s->tx_count++] = c;
        tx_drain(s);
    }
    if (s->tx_count < depth(s)) {
        s->ris |= INT_TX;
    }
    update_irqs(s);
}

/* --- registers ------------------------------------------------------------------------ */

/* In loopback the modem outputs come back as inputs (3.3.7). */
static uint32_t modem_inputs(const PL011State *s)
{
    if (!loopback(s)) {
        return 0;
    }
    return FIELD_EX32(s->cr, CR, OUT2) << R_FR_RI_SHIFT | FIELD_EX32(s->cr, CR, OUT1) << R_FR_DCD_SHIFT |
           FIELD_EX32(s->cr, CR, RTS) << R_FR_CTS_SHIFT | FIELD_EX32(s->cr, CR, DTR) << R_FR_DSR_SHIFT;
}

static uint32_t flags(const PL011State *s)
{
    return modem_inputs(s) | (s->rx_count ? 0 : FIELD_MASK(FR, RXFE)) | (s->rx_count >= depth(s) ? FIELD_MASK(FR, RXFF) : 0) |
           (s->tx_count ? 0 : FIELD_MASK(FR, TXFE)) | (s->tx_count >= depth(s) ? FIELD_MASK(FR, TXFF) : 0);
}

static void write_control(PL011State *s, uint32_t value)
{
    static const struct { unsigned flag, irq; } modem[] = {
        { 1 << R_FR_RI_SHIFT, INT_RI }, { 1 << R_FR_CTS_SHIFT, INT_CTS }, { 1 << R_FR_DCD_SHIFT, INT_DCD }, { 1 << R_FR_DSR_SHIFT, INT_DSR },
    };
    uint32_t before = modem_inputs(s), changed;

    s->cr = value & 0xffff;
    changed = before ^ modem_inputs(s);
    for (size_t i = 0; i < ARRAY_SIZE(modem); i++) {
        s->ris |= changed & modem[i].flag ? modem[i].irq : 0;
    }
    update_irqs(s);
    qemu_chr_fe_accept_input(&s->chr);
}

static void write_line_control(PL011State *s, uint32_t value)
{
    bool brk = value & ~s->lcr & FIELD_MASK(LCR, BRK);

    if ((s->lcr ^ value) & FIELD_MASK(LCR, FEN)) {
        s->rx_count = s->tx_count = 0;
    }
    s->lcr = value & 0xff;
    if (brk && loopback(s)) {
        rx_push(s, FIELD_MASK(DR, BREAK));
    }
    qemu_chr_fe_accept_input(&s->chr);
}

static uint32_t read_register(PL011State *s, hwaddr addr)
{
    if (addr >= UARTID) {
        return peripheral_id[(addr - UARTID) / 4];
    }
    switch (addr & ~3) {
    case UARTDR:    return rx_pop(s);
    case UARTRSR:   return s->rsr;
    case UARTFR:    return flags(s);
    case UARTILPR:  return s->ilpr;
    case UARTIBRD:  return s->ibrd;
    case UARTFBRD:  return s->fbrd;
    case UARTLCR_H: return s->lcr;
    case UARTCR:    return s->cr;
    case UARTIFLS:  return s->ifls;
    case UARTIMSC:  return s->imsc;
    case UARTRIS:   return s->ris;
    case UARTMIS:   return s->ris & s->imsc;
    case UARTDMACR: return s->dmacr;
    default:        return 0;
    }
}

static uint64_t pl011_read(void *opaque, hwaddr addr, unsigned size)
{
    uint32_t value = read_register(opaque, addr);

    trace_pl011_read(addr, value);
    return value;
}

static void pl011_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    PL011State *s = opaque;

    trace_pl011_write(addr, value);
    switch (addr & ~3) {
    case UARTDR:    tx_push(s, value); break;
    case UARTRSR:   s->rsr = 0; break;
    case UARTILPR:  s->ilpr = value & 0xff; break;
    case UARTIBRD:  s->ibrd = value & 0xffff; break;
    case UARTFBRD:  s->fbrd = value & 0x3f; break;
    case UARTLCR_H: write_line_control(s, value); break;
    case UARTCR:    write_control(s, value); break;
    case UARTIFLS:  s->ifls = value & 0x3f; break;
    case UARTIMSC:  s->imsc = value & INT_ALL; update_irqs(s); break;
    case UARTICR:   s->ris &= ~value; update_irqs(s); break;
    case UARTDMACR: s->dmacr = value & 7; break;
    }
}

static const MemoryRegionOps pl011_ops = {
    .read = pl011_read, .write = pl011_write, .endianness = DEVICE_LITTLE_ENDIAN,
    .impl = { .min_access_size = 4, .max_access_size = 4 },
};

/* --- the device -------------------------------------------------------------------------- */

static void pl011_reset(Object *obj, ResetType type)
{
    PL011State *s = PL011(obj);

    s->cr = CR_RESET;
    s->ifls = IFLS_RESET;
    s->lcr = s->rsr = s->ilpr = s->ibrd = s->fbrd = s->imsc = s->ris = s->dmacr = 0;
    s->rx_count = s->tx_count = s->rx_head = 0;
}

static void pl011_reset_hold(Object *obj, ResetType type)
{
    update_irqs(PL011(obj));
}

static bool pl011_realize(DeviceState *dev, Error **errp)
{
    PL011State *s = PL011(dev);

    memory_region_init_io(&s->iomem, OBJECT(dev), &pl011_ops, s, "pl011", 0x1000);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->iomem);
    for (size_t i = 0; i < ARRAY_SIZE(irq_masks); i++) {
        sysbus_init_irq(SYS_BUS_DEVICE(dev), &s->irq[i]);
    }
    qemu_chr_fe_set_handlers(&s->chr, pl011_can_receive, pl011_receive, pl011_event, s, true);
    qemu_chr_fe_set_writable(&s->chr, pl011_writable);
    return true;
}

static const Property pl011_properties[] = {
    DEFINE_PROP_CHR("chardev", PL011State, chr),
};

static void pl011_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->desc = "Arm PrimeCell UART";
    dc->realize = pl011_realize;
    dc->phases.enter = pl011_reset;
    dc->phases.hold = pl011_reset_hold;
    device_class_set_props(dc, pl011_properties);
}

static const TypeInfo pl011_info = {
    .name = TYPE_PL011, .parent = TYPE_SYS_BUS_DEVICE, .instance_size = sizeof(PL011State), .class_init = pl011_class_init,
};
DEFINE_TYPE(pl011_info)
