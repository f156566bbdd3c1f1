/*
 * fw_cfg: the list of items a machine hands to its firmware.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_NVRAM_FW_CFG_H
#define HW_NVRAM_FW_CFG_H

#include "hw/core/sysbus.h"

#define TYPE_FW_CFG "fw_cfg"
#define TYPE_FW_CFG_MEM "fw_cfg_mem"
typedef struct FWCfgState FWCfgState;

enum {
    FW_CFG_SIGNATURE = 0x00, FW_CFG_ID = 0x01, FW_CFG_UUID = 0x02, FW_CFG_RAM_SIZE = 0x03, FW_CFG_NOGRAPHIC = 0x04,
    FW_CFG_NB_CPUS = 0x05, FW_CFG_MACHINE_ID = 0x06, FW_CFG_KERNEL_ADDR = 0x07, FW_CFG_KERNEL_SIZE = 0x08,
    FW_CFG_KERNEL_CMDLINE = 0x09, FW_CFG_INITRD_ADDR = 0x0a, FW_CFG_INITRD_SIZE = 0x0b, FW_CFG_BOOT_DEVICE = 0x0c,
    FW_CFG_NUMA = 0x0d, FW_CFG_BOOT_MENU = 0x0e, FW_CFG_MAX_CPUS = 0x0f, FW_CFG_KERNEL_ENTRY = 0x10,
    FW_CFG_KERNEL_DATA = 0x11, FW_CFG_INITRD_DATA = 0x12, FW_CFG_CMDLINE_ADDR = 0x13, FW_CFG_CMDLINE_SIZE = 0x14,
    FW_CFG_CMDLINE_DATA = 0x15, FW_CFG_SETUP_ADDR = 0x16, FW_CFG_SETUP_SIZE = 0x17, FW_CFG_SETUP_DATA = 0x18,
    FW_CFG_FILE_DIR = 0x19, FW_CFG_FILE_FIRST = 0x20,
};

FWCfgState *fw_cfg_init_mem_dma(hwaddr base, AddressSpace *dma_as);    /* data at +0, selector +8, DMA +16 */
/* Data is copied; of a GBytes a reference is kept. */
void fw_cfg_add_bytes(FWCfgState *s, uint16_t key, const void *data, size_t len);
void fw_cfg_add_gbytes(FWCfgState *s, uint16_t key, GBytes *bytes);
void fw_cfg_add_string(FWCfgState *s, uint16_t key, const char *value);
void fw_cfg_add_i16(FWCfgState *s, uint16_t key, uint16_t value);
void fw_cfg_add_i32(FWCfgState *s, uint16_t key, uint32_t value);
void fw_cfg_add_i64(FWCfgState *s, uint16_t key, uint64_t value);
bool fw_cfg_add_file(FWCfgState *s, const char *name, const void *data, size_t len, Error **errp);
/*
 * A file whose content is made when first selected after a reset: @select may
 * call fw_cfg_modify_file(). @writable: the guest's DMA may write; @written is then called.
 */
bool fw_cfg_add_file_callback(FWCfgState *s, const char *name, void (*select)(void *opaque), void (*written)(void *opaque, uint64_t start, size_t len),
                              void *opaque, const void *data, size_t len, bool writable, Error **errp);
void fw_cfg_modify_file(FWCfgState *s, const char *name, const void *data, size_t len);
void *fw_cfg_get_file(FWCfgState *s, const char *name, size_t *len);
/* "bootorder" from the devices there are now, in order of their bootindex; false when two have the same. */
bool fw_cfg_set_boot_order(FWCfgState *s, Error **errp);
/* -fw_cfg name=...,file=...|string=... */
bool fw_cfg_add_user(json_t *opts, Error **errp);
void fw_cfg_apply_user(FWCfgState *s);

#endif
