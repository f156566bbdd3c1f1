/*
 * MSI: PCI Local Bus 3.0 section 6.8.1. A message is a 32-bit write by the
 * function through its own address space, so bus mastering and the vIOMMU
 * apply to it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pci-internal.h"

bool msi_nonbroken;

/* --- The capability's layout depends on two of its own bits --------------------------- */

static uint16_t flags_of(const PCIDevice *dev)
{
    return pci_get_word(dev->config + dev->msi_cap + PCI_MSI_FLAGS);
}

static unsigned cap_size(uint16_t flags)
{
    unsigned size = flags & PCI_MSI_FLAGS_64BIT ? 14 : 10;

    return flags & PCI_MSI_FLAGS_MASKBIT ? (flags & PCI_MSI_FLAGS_64BIT ? 24 : 20) : size;
}

static unsigned data_at(const PCIDevice *dev)
{
    return dev->msi_cap + (flags_of(dev) & PCI_MSI_FLAGS_64BIT ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32);
}

static unsigned mask_at(const PCIDevice *dev)
{
    return dev->msi_cap + (flags_of(dev) & PCI_MSI_FLAGS_64BIT ? PCI_MSI_MASK_64 : PCI_MSI_MASK_32);
}

static unsigned pending_at(const PCIDevice *dev)
{
    return mask_at(dev) + 4;
}

bool msi_init(PCIDevice *dev, uint8_t offset, unsigned nr_vectors, bool msi64bit, bool per_vector_mask, Error **errp)
{
    uint16_t flags = (msi64bit ? PCI_MSI_FLAGS_64BIT : 0) | (per_vector_mask ? PCI_MSI_FLAGS_MASKBIT : 0) |
        ctz32(nr_vectors) << 1;
    int at;

    g_assert(is_power_of_2(nr_vectors) && nr_vectors <= PCI_MSI_VECTORS_MAX);
    if (!msi_nonbroken) {
        error_setg(errp, "The interrupt controller of this machine takes no MSIs");
        return false;
    }
    at = pci_add_capability(dev, PCI_CAP_ID_MSI, offset, cap_size(flags), errp);
    if (at < 0) {
        return false;
    }
    dev->msi_cap = at;
    dev->cap_present |= QEMU_PCI_CAP_MSI;
    pci_set_word(dev->config + at + PCI_MSI_FLAGS, flags);
    pci_set_word(dev->wmask + at + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE | (nr_vectors > 1 ? PCI_MSI_FLAGS_QSIZE : 0));
    pci_set_long(dev->wmask + at + PCI_MSI_ADDRESS_LO, 0xfffffffc);
    if (msi64bit) {
        pci_set_long(dev->wmask + at + PCI_MSI_ADDRESS_HI, 0xffffffff);
    }
    pci_set_word(dev->wmask + data_at(dev), 0xffff);
    if (per_vector_mask) {
        pci_set_long(dev->wmask + mask_at(dev), 0xffffffff >> (32 - nr_vectors));
    }
    return true;
}

void msi_uninit(PCIDevice *dev)
{
    dev->cap_present &= ~QEMU_PCI_CAP_MSI;
    dev->msi_cap = 0;
}

static bool present(const PCIDevice *dev)
{
    return dev->cap_present & QEMU_PCI_CAP_MSI;
}

void msi_reset(PCIDevice *dev)
{
    if (present(dev) && (flags_of(dev) & PCI_MSI_FLAGS_MASKBIT)) {
        pci_set_long(dev->config + pending_at(dev), 0);
    }
}

bool msi_enabled(const PCIDevice *dev)
{
    return present(dev) && (flags_of(dev) & PCI_MSI_FLAGS_ENABLE);
}

/* The guest may not be given more vectors than there are, whatever it writes. */
unsigned msi_nr_vectors_allocated(const PCIDevice *dev)
{
    unsigned asked = (flags_of(dev) & PCI_MSI_FLAGS_QSIZE) >> 4, have = (flags_of(dev) & PCI_MSI_FLAGS_QMASK) >> 1;

    return 1U << MIN(asked, have);
}

bool msi_is_masked(const PCIDevice *dev, unsigned vector)
{
    return (flags_of(dev) & PCI_MSI_FLAGS_MASKBIT) && vector < 32 &&
        (pci_get_long(dev->config + mask_at(dev)) & BIT(vector));
}

void msi_set_pending(PCIDevice *dev, unsigned vector, bool pending)
{
    uint8_t *bits;

    if (!present(dev) || !(flags_of(dev) & PCI_MSI_FLAGS_MASKBIT) || vector >= 32) {
        return;
    }
    bits = dev->config + pending_at(dev);
    pci_set_long(bits, pending ? pci_get_long(bits) | BIT(vector) : pci_get_long(bits) & ~BIT(vector));
}

MSIMessage msi_get_message(PCIDevice *dev, unsigned vector)
{
    unsigned nr = msi_nr_vectors_allocated(dev);
    MSIMessage msg = {
        .address = pci_get_long(dev->config + dev->msi_cap + PCI_MSI_ADDRESS_LO),
        .data = pci_get_word(dev->config + data_at(dev)),
    };

    if (flags_of(dev) & PCI_MSI_FLAGS_64BIT) {
        msg.address |= (uint64_t)pci_get_long(dev->config + dev->msi_cap + PCI_MSI_ADDRESS_HI) << 32;
    }
    if (nr > 1) {
        msg.data = (msg.data & ~(nr - 1)) | (vector & (nr - 1));
    }
    return msg;
}

void msi_send_message(PCIDevice *dev, MSIMessage msg)
{
    if (dev->msi_trigger) {
        dev->msi_trigger(dev, msg);
        return;
    }
    address_space_stn_le(&dev->bus_master_as, msg.address, 4, msg.data, pci_dma_attrs(dev), NULL);
}

void msi_notify(PCIDevice *dev, unsigned vector)
{
    if (!msi_enabled(dev)) {
        return;
    }
    if (msi_is_masked(dev, vector)) {
        msi_set_pending(dev, vector, true);
        return;
    }
    msi_send_message(dev, dev->msi_prepare_message ? dev->msi_prepare_message(dev, vector) : msi_get_message(dev, vector));
}

/* Messages that waited behind a mask or behind Enable leave now. */
void msi_write_config(PCIDevice *dev, uint32_t addr, uint32_t val, int len)
{
    uint32_t pending;

    if (!present(dev) || addr + len <= dev->msi_cap || addr >= dev->msi_cap + cap_size(flags_of(dev)) || !msi_enabled(dev)) {
        return;
    }
    pci_irq_deassert(dev);              /* with MSI on, the function may not drive its wire */
    if (!(flags_of(dev) & PCI_MSI_FLAGS_MASKBIT)) {
        return;
    }
    pending = pci_get_long(dev->config + pending_at(dev)) & ~pci_get_long(dev->config + mask_at(dev));
    for (unsigned v = 0; v < msi_nr_vectors_allocated(dev); v++) {
        if (pending & BIT(v)) {
            msi_set_pending(dev, v, false);
            msi_notify(dev, v);
        }
    }
}
