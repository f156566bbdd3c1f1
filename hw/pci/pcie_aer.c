/*
 * Advanced Error Reporting: the registers of PCIe Base Specification 5.0
 * section 7.8.4 with the architected defaults. No error is ever signalled:
 * nothing on an emulated link goes wrong.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/pci/pcie_port.h"
#include "pci-internal.h"

#define UNC_SUPPORTED   (PCI_ERR_UNC_DLP | PCI_ERR_UNC_SURPDN | PCI_ERR_UNC_POISON_TLP | PCI_ERR_UNC_FCP | \
                         PCI_ERR_UNC_COMP_TIME | PCI_ERR_UNC_COMP_ABORT | PCI_ERR_UNC_UNX_COMP | PCI_ERR_UNC_RX_OVER | \
                         PCI_ERR_UNC_MALF_TLP | PCI_ERR_UNC_ECRC | PCI_ERR_UNC_UNSUP | PCI_ERR_UNC_ACSV | \
                         PCI_ERR_UNC_INTN | PCI_ERR_UNC_MCBTLP | PCI_ERR_UNC_ATOMEG | PCI_ERR_UNC_TLPPRE)
#define UNC_FATAL       (PCI_ERR_UNC_DLP | PCI_ERR_UNC_SURPDN | PCI_ERR_UNC_FCP | PCI_ERR_UNC_RX_OVER | \
                         PCI_ERR_UNC_MALF_TLP | PCI_ERR_UNC_INTN)
#define COR_SUPPORTED   (PCI_ERR_COR_RCVR | PCI_ERR_COR_BAD_TLP | PCI_ERR_COR_BAD_DLLP | PCI_ERR_COR_REP_ROLL | \
                         PCI_ERR_COR_REP_TIMER | PCI_ERR_COR_ADV_NFAT | PCI_ERR_COR_INTERNAL | PCI_ERR_COR_LOG_OVER)
#define COR_MASKED      (PCI_ERR_COR_ADV_NFAT | PCI_ERR_COR_INTERNAL | PCI_ERR_COR_LOG_OVER)
#define CAP_MULTI_HEADER        BIT(9)
#define CAP_MULTI_HEADER_ENABLE BIT(10)
#define ROOT_ERRORS     (PCI_ERR_ROOT_COR_RCV | PCI_ERR_ROOT_MULTI_COR_RCV | PCI_ERR_ROOT_UNCOR_RCV | \
                         PCI_ERR_ROOT_MULTI_UNCOR_RCV | PCI_ERR_ROOT_FIRST_FATAL | PCI_ERR_ROOT_NONFATAL_RCV | PCI_ERR_ROOT_FATAL_RCV)

typedef struct AerReg { uint16_t at; uint32_t value, wmask, w1cmask; } AerReg;

static const AerReg regs[] = {
    { PCI_ERR_UNCOR_STATUS, 0, 0, UNC_SUPPORTED },
    { PCI_ERR_UNCOR_MASK, PCI_ERR_UNC_INTN | PCI_ERR_UNC_TLPPRE, UNC_SUPPORTED, 0 },
    { PCI_ERR_UNCOR_SEVER, UNC_FATAL, UNC_SUPPORTED, 0 },
    { PCI_ERR_COR_STATUS, 0, 0, COR_SUPPORTED },
    { PCI_ERR_COR_MASK, COR_MASKED, COR_SUPPORTED, 0 },
    { PCI_ERR_CAP, PCI_ERR_CAP_ECRC_GENC | PCI_ERR_CAP_ECRC_CHKC, PCI_ERR_CAP_ECRC_GENE | PCI_ERR_CAP_ECRC_CHKE, 0 },
};

static void init_root(PCIDevice *dev, uint16_t at)
{
    pci_set_long(dev->wmask + at + PCI_ERR_ROOT_COMMAND,
                 PCI_ERR_ROOT_CMD_COR_EN | PCI_ERR_ROOT_CMD_NONFATAL_EN | PCI_ERR_ROOT_CMD_FATAL_EN);
    pci_set_long(dev->w1cmask + at + PCI_ERR_ROOT_STATUS, ROOT_ERRORS);
}

static void init_multi_header(PCIDevice *dev, uint16_t at)
{
    pci_set_long(dev->config + at + PCI_ERR_CAP, pci_get_long(dev->config + at + PCI_ERR_CAP) | CAP_MULTI_HEADER);
    pci_set_long(dev->wmask + at + PCI_ERR_CAP, pci_get_long(dev->wmask + at + PCI_ERR_CAP) | CAP_MULTI_HEADER_ENABLE);
}

bool pcie_aer_init(PCIDevice *dev, uint8_t ver, uint16_t offset, uint16_t size, Error **errp)
{
    uint16_t at;

    if (!pcie_add_capability(dev, PCI_EXT_CAP_ID_ERR, ver, offset, size, &at, errp)) {
        return false;
    }
    dev->exp.aer_cap = at;
    for (size_t i = 0; i < ARRAY_SIZE(regs); i++) {
        pci_set_long(dev->config + at + regs[i].at, regs[i].value);
        pci_set_long(dev->wmask + at + regs[i].at, regs[i].wmask);
        pci_set_long(dev->w1cmask + at + regs[i].at, regs[i].w1cmask);
    }
    if (!(dev->cap_present & QEMU_PCIE_ERR_UNC_MASK)) {
        pci_set_long(dev->config + at + PCI_ERR_UNCOR_MASK, 0);
    }
    if (object_dynamic_cast(OBJECT(dev), TYPE_PCIE_PORT) && PCIE_PORT(dev)->aer_log_max) {
        init_multi_header(dev, at);
    }
    if (pcie_cap_get_type(dev) == PCI_EXP_TYPE_ROOT_PORT) {
        init_root(dev, at);
    }
    return true;
}
