/*
 * GICv2m: MSIs without an ITS. A device's write of an INTID to MSI_SETSPI_NS
 * pulses that SPI. Under KVM irqfds skip this frame: the data names the wire.
 *
 * Server Base System Architecture (DEN0029), appendix "GICv2m architecture".
 * The frame takes the machine lock. Not modelled: the secure register.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gic-common.h"
#include "system/kvm.h"

#define V2M_SIZE            0x1000
#define V2M_MSI_TYPER       0x008
#define V2M_MSI_SETSPI_NS   0x040
#define V2M_MSI_IIDR        0xfcc
#define V2M_IIDR_PRODUCT    (0x53u << 20)   /* product 'S', the frame of the base system architecture */

OBJECT_DECLARE_SIMPLE_TYPE(GICv2mState, ARM_GICV2M)
struct GICv2mState {
    SysBusDevice parent_obj;
    MemoryRegion mmio;
    qemu_irq spi[SYSBUS_MAX_IRQ];
    uint32_t base_spi, num_spi;
};

static uint64_t v2m_read(void *opaque, hwaddr addr, unsigned size)
{
    const GICv2mState *s = opaque;

    switch (addr) {
    case V2M_MSI_TYPER:
        return (s->base_spi + GIC_INTERNAL_IRQS) << 16 | s->num_spi;
    case V2M_MSI_IIDR:
        return V2M_IIDR_PRODUCT;
    default:
        return 0;
    }
}

static void v2m_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    GICv2mState *s = opaque;
    uint32_t first = s->base_spi + GIC_INTERNAL_IRQS, n = (uint32_t)(data & 0x3ff) - first;

    if (addr == V2M_MSI_SETSPI_NS && n < s->num_spi) {
        qemu_irq_pulse(s->spi[n]);
    }
}

static const MemoryRegionOps v2m_ops = {
    .read = v2m_read,
    .write = v2m_write,
    .valid = { .min_access_size = 2, .max_access_size = 4 },
    .impl = { .min_access_size = 2, .max_access_size = 4 },
};

static bool v2m_realize(DeviceState *dev, Error **errp)
{
    GICv2mState *s = ARM_GICV2M(dev);

    if (s->num_spi > SYSBUS_MAX_IRQ || s->base_spi + s->num_spi > 1020 - GIC_INTERNAL_IRQS) {
        error_setg(errp, "num-spi: at most %d SPIs, ending below INTID 1020", SYSBUS_MAX_IRQ);
        return false;
    }
    memory_region_init_io(&s->mmio, OBJECT(s), &v2m_ops, s, "gicv2m", V2M_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(s), &s->mmio);
    for (uint32_t i = 0; i < s->num_spi; i++) {
        sysbus_init_irq(SYS_BUS_DEVICE(s), &s->spi[i]);
    }
    if (kvm_irqchip_in_kernel()) {
        kvm_irqchip_set_msi_mode(KVM_MSI_DIRECT_SPI);
    }
    return true;
}

static const Property v2m_properties[] = {
    DEFINE_PROP_UINT32("base-spi", GICv2mState, base_spi, 0),
    DEFINE_PROP_UINT32("num-spi", GICv2mState, num_spi, 64),
};

static void v2m_class_init(ObjectClass *klass, const void *data)
{
    DEVICE_CLASS(klass)->realize = v2m_realize;
    device_class_set_props(DEVICE_CLASS(klass), v2m_properties);
}

static const TypeInfo v2m_info = {
    .name = TYPE_ARM_GICV2M,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(GICv2mState),
    .class_init = v2m_class_init,
};
DEFINE_TYPE(v2m_info)
