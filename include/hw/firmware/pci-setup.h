/*
 * Numbering PCI buses and placing BARs, for guests that start without
 * firmware and are told to keep what they find.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_FIRMWARE_PCI_SETUP_H
#define HW_FIRMWARE_PCI_SETUP_H

#include "hw/pci/pci.h"

/* A window and how much of it is taken; size 0: there is none. */
typedef struct PciPool { uint64_t base, size, used; } PciPool;
typedef struct PciSetup {
    PCIBus *root;                       /* the main root; extra roots are among its children */
    unsigned bus_limit;                 /* buses the config space reaches */
    PciPool io, mem32, mem64;
} PciSetup;

/* Configures every function as reset left it. False when numbers or windows run out. */
bool pci_setup_run(PciSetup *s, Error **errp);

#endif
