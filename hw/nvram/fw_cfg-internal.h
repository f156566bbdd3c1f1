/*
 * fw_cfg's items and the device that shows them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_NVRAM_FW_CFG_INTERNAL_H
#define HW_NVRAM_FW_CFG_INTERNAL_H

#include "hw/nvram/fw_cfg.h"

DECLARE_INSTANCE_CHECKER(FWCfgState, FW_CFG, TYPE_FW_CFG)

#define FW_CFG_MAX_FILE_PATH 56

typedef struct FWCfgItem {
    uint16_t key;                       /* of fixed items */
    char name[FW_CFG_MAX_FILE_PATH];    /* of files */
    uint8_t *data;
    size_t len;
    GBytes *shared;                     /* whose data it is; NULL: our own */
    bool writable;
    void (*select)(void *opaque);
    void (*written)(void *opaque, uint64_t start, size_t len);
    void *opaque;
} FWCfgItem;

struct FWCfgState {
    SysBusDevice parent_obj;
    MemoryRegion ctl_iomem, data_iomem, dma_iomem;
    AddressSpace *dma_as;
    uint16_t file_slots;
    GPtrArray *fixed;                   /* FWCfgItem by key */
    GPtrArray *files;                   /* FWCfgItem by name; the n-th has key FW_CFG_FILE_FIRST + n */
    uint16_t selected;
    size_t offset;
    uint64_t dma_addr;
};

/* fw_cfg-items.c */
FWCfgItem *fw_cfg_item(FWCfgState *s, uint16_t key);            /* NULL: no such item */
void fw_cfg_item_free(void *item);
void fw_cfg_add_machine_items(FWCfgState *s);

#endif
