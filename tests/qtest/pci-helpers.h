/*
 * PCI on the `virt` machine, from a test: config space through the high ECAM,
 * bus numbers and windows, QMP hotplug.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_QTEST_PCI_HELPERS_H
#define TESTS_QTEST_PCI_HELPERS_H

#include "hw/pci/pci_regs.h"
#include "virt-helpers.h"

#define ECAM    0x4010000000ULL
#define MMIO32  0x10000000ULL
#define PIO     0x3eff0000ULL

static inline uint64_t cfg(int bus, int slot, int fn, int reg)
{
    return ECAM + ((uint64_t)bus << 20) + ((uint64_t)slot << 15) + ((uint64_t)fn << 12) + reg;
}

static inline void number_bridge(QTestState *t, int bus, int slot, int secondary, int subordinate)
{
    qtest_writel(t, cfg(bus, slot, 0, PCI_PRIMARY_BUS), bus | secondary << 8 | subordinate << 16);
}

static inline void open_window(QTestState *t, int bus, int slot, uint32_t base, uint32_t size)
{
    qtest_writel(t, cfg(bus, slot, 0, PCI_MEMORY_BASE), base >> 16 | ((base + size - 1) & 0xfff00000));
    qtest_writew(t, cfg(bus, slot, 0, PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static inline int find_cap(QTestState *t, int bus, int slot, uint8_t id)
{
    int at = qtest_readb(t, cfg(bus, slot, 0, PCI_CAPABILITY_LIST));

    for (int i = 0; at && i < 48; i++, at = qtest_readb(t, cfg(bus, slot, 0, at + 1))) {
        if (qtest_readb(t, cfg(bus, slot, 0, at)) == id) {
            return at;
        }
    }
    return 0;
}

static inline int find_ext_cap(QTestState *t, int bus, int slot, uint16_t id)
{
    int at = PCI_CFG_SPACE_SIZE;

    for (int i = 0; at && i < 48; i++) {
        uint32_t header = qtest_readl(t, cfg(bus, slot, 0, at));

        if (PCI_EXT_CAP_ID(header) == id) {
            return at;
        }
        at = PCI_EXT_CAP_NEXT(header);
    }
    return 0;
}

#endif
