/*
 * fw_cfg, the list of items a machine hands to its firmware, as described in
 * the interface's public specification (selector, data, DMA registers).
 *
 * Guest sees: at +8 a 16-bit selector, at +0 the selected item's bytes one
 * after another, at +16 the 64-bit address of a DMA descriptor; the selector
 * and that address are big endian. Reading the DMA register gives "QEMU CFG".
 * Past an item's end there are zeroes. Items are in fw_cfg-items.c.
 *
 * Runs under the machine lock. Not modelled: writing through the data register.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "fw_cfg-internal.h"
#include "hw/core/qdev-properties.h"
#include "hw_nvram.trace.h"
#include "system/dma.h"

enum { DMA_ERROR = 1 << 0, DMA_READ = 1 << 1, DMA_SKIP = 1 << 2, DMA_SELECT = 1 << 3, DMA_WRITE = 1 << 4 };
#define DMA_SIGNATURE       0x51454d5520434647ULL       /* "QEMU CFG" */
#define DMA_CHUNK           4096

/* What the guest leaves in memory, big endian. */
typedef struct FWCfgDmaAccess { uint32_t control, length; uint64_t address; } QEMU_PACKED FWCfgDmaAccess;

/* --- the cursor ---------------------------------------------------------------------- */

static void select_item(FWCfgState *s, uint16_t key)
{
    FWCfgItem *item;

    s->selected = key;
    s->offset = 0;
    item = fw_cfg_item(s, key);
    trace_fw_cfg_select(key, item ? item->name : "(no such item)");
    if (item && item->select) {
        item->select(item->opaque);
    }
}

static size_t bytes_left(FWCfgState *s, const FWCfgItem *item)
{
    return item && s->offset < item->len ? item->len - s->offset : 0;
}

static uint8_t next_byte(FWCfgState *s)
{
    const FWCfgItem *item = fw_cfg_item(s, s->selected);
    return bytes_left(s, item) ? item->data[s->offset++] : 0;
}

/* --- DMA --------------------------------------------------------------------------------- */

static bool dma_out(FWCfgState *s, const FWCfgItem *item, uint64_t addr, uint32_t len)
{
    size_t have = MIN(bytes_left(s, item), len);

    if (have && dma_memory_write(s->dma_as, addr, item->data + s->offset, have, MEMTXATTRS_UNSPECIFIED) != MEMTX_OK) {
        return false;
    }
    s->offset += have;
    for (uint64_t done = have; done < len; done += DMA_CHUNK) {
        if (dma_memory_set(s->dma_as, addr + done, 0, MIN(DMA_CHUNK, len - done), MEMTXATTRS_UNSPECIFIED) != MEMTX_OK) {
            return false;
        }
    }
    return true;
}

static bool dma_in(FWCfgState *s, FWCfgItem *item, uint64_t addr, uint32_t len)
{
    if (!item || !item->writable || len > bytes_left(s, item) ||
        dma_memory_read(s->dma_as, addr, item->data + s->offset, len, MEMTXATTRS_UNSPECIFIED) != MEMTX_OK) {
        return false;
    }
    s->offset += len;
    if (item->written) {
        item->written(item->opaque, s->offset - len, len);
    }
    return true;
}

static bool dma_run(FWCfgState *s, uint32_t control, uint64_t addr, uint32_t len)
{
    FWCfgItem *item;

    if (control & DMA_SELECT) {
        select_item(s, control >> 16);
    }
    item = fw_cfg_item(s, s->selected);
    if (control & DMA_READ) {
        return dma_out(s, item, addr, len);
    }
    if (control & DMA_WRITE) {
        return dma_in(s, item, addr, len);
    }
    if (control & DMA_SKIP) {
        s->offset += MIN(bytes_left(s, item), len);
    }
    return true;
}

static void dma_start(FWCfgState *s)
{
    uint64_t where = s->dma_addr;
    FWCfgDmaAccess access;
    uint32_t status;
    bool ok;

    s->dma_addr = 0;
    if (dma_memory_read(s->dma_as, where, &access, sizeof(access), MEMTXATTRS_UNSPECIFIED) != MEMTX_OK) {
        return;                         /* nowhere to say so */
    }
    ok = dma_run(s, be32toh(access.control), be64toh(access.address), be32toh(access.length));
    trace_fw_cfg_dma(be32toh(access.control), be64toh(access.address), be32toh(access.length), ok);
    status = ok ? 0 : htobe32(DMA_ERROR);
    dma_memory_write(s->dma_as, where, &status, sizeof(status), MEMTXATTRS_UNSPECIFIED);
}

/* --- registers ------------------------------------------------------------------------------ */

static uint64_t data_read(void *opaque, hwaddr addr, unsigned size)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < size; i++) {
        v = v << 8 | next_byte(opaque);
    }
    return v;
}

static void data_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
}

static uint64_t selector_read(void *opaque, hwaddr addr, unsigned size)
{
    return 0;
}

static void selector_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    select_item(opaque, value);
}

static uint64_t dma_read(void *opaque, hwaddr addr, unsigned size)
{
    return extract64(DMA_SIGNATURE, (8 - addr - size) * 8, size * 8);
}

/* A 64-bit write starts; so does the low half, after the high half. */
static void dma_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    FWCfgState *s = opaque;

    if (size == 4 && addr == 0) {
        s->dma_addr = value << 32;
        return;
    }
    if (size == 4 && addr == 4) {
        s->dma_addr |= (uint32_t)value;
    } else if (size == 8) {
        s->dma_addr = value;
    } else {
        return;
    }
    dma_start(s);
}

/* The register is one port of any width, not a window. */
static bool data_accepts(void *opaque, hwaddr addr, unsigned size, bool is_write, MemTxAttrs attrs)
{
    return addr == 0;
}

static const MemoryRegionOps data_ops = {
    .read = data_read, .write = data_write, .endianness = DEVICE_BIG_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .accepts = data_accepts }, .impl = { .min_access_size = 1, .max_access_size = 8 },
};
static const MemoryRegionOps selector_ops = {
    .read = selector_read, .write = selector_write, .endianness = DEVICE_BIG_ENDIAN,
    .valid = { .min_access_size = 2, .max_access_size = 2 }, .impl = { .min_access_size = 2, .max_access_size = 2 },
};
static const MemoryRegionOps dma_ops = {
    .read = dma_read, .write = dma_write, .endianness = DEVICE_BIG_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8 }, .impl = { .min_access_size = 1, .max_access_size = 8 },
};

/* --- the device --------------------------------------------------------------------------------- */

static void fw_cfg_reset(Object *obj, ResetType type)
{
    FWCfgState *s = FW_CFG(obj);

    s->selected = FW_CFG_SIGNATURE;
    s->offset = 0;
    s->dma_addr = 0;
}

static bool fw_cfg_realize(DeviceState *dev, Error **errp)
{
    FWCfgState *s = FW_CFG(dev);
    SysBusDevice *sbd = SYS_BUS_DEVICE(dev);

    memory_region_init_io(&s->ctl_iomem, OBJECT(dev), &selector_ops, s, "fwcfg.ctl", 2);
    memory_region_init_io(&s->data_iomem, OBJECT(dev), &data_ops, s, "fwcfg.data", 8);
    memory_region_init_io(&s->dma_iomem, OBJECT(dev), &dma_ops, s, "fwcfg.dma", 8);
    sysbus_init_mmio(sbd, &s->ctl_iomem);
    sysbus_init_mmio(sbd, &s->data_iomem);
    sysbus_init_mmio(sbd, &s->dma_iomem);
    return true;
}

static void fw_cfg_init(Object *obj)
{
    FWCfgState *s = FW_CFG(obj);

    s->fixed = g_ptr_array_new_with_free_func(fw_cfg_item_free);
    s->files = g_ptr_array_new_with_free_func(fw_cfg_item_free);
}

static void fw_cfg_finalize(Object *obj)
{
    FWCfgState *s = FW_CFG(obj);

    g_ptr_array_unref(s->fixed);
    g_ptr_array_unref(s->files);
}

FWCfgState *fw_cfg_init_mem_dma(hwaddr base, AddressSpace *dma_as)
{
    DeviceState *dev = qdev_new(TYPE_FW_CFG_MEM);
    FWCfgState *s = FW_CFG(dev);
    SysBusDevice *sbd = SYS_BUS_DEVICE(dev);

    s->dma_as = dma_as;
    object_property_add_child(container_get(object_get_root(), "/machine"), TYPE_FW_CFG, OBJECT(dev));
    sysbus_realize_and_unref(sbd, &error_fatal);
    sysbus_mmio_map(sbd, 0, base + 8);
    sysbus_mmio_map(sbd, 1, base);
    sysbus_mmio_map(sbd, 2, base + 16);
    fw_cfg_add_machine_items(s);
    return s;
}

static const Property fw_cfg_properties[] = {
    DEFINE_PROP_UINT16("x-file-slots", FWCfgState, file_slots, 0x20),
};

static void fw_cfg_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->desc = "firmware configuration items";
    dc->realize = fw_cfg_realize;
    dc->phases.enter = fw_cfg_reset;
    device_class_set_props(dc, fw_cfg_properties);
}

static const TypeInfo fw_cfg_infos[] = {
    { .name = TYPE_FW_CFG, .parent = TYPE_SYS_BUS_DEVICE, .abstract = true, .instance_size = sizeof(FWCfgState),
      .instance_init = fw_cfg_init, .instance_finalize = fw_cfg_finalize },
    { .name = TYPE_FW_CFG_MEM, .parent = TYPE_FW_CFG, .class_init = fw_cfg_class_init },
};
DEFINE_TYPES(fw_cfg_infos)
