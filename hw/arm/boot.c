/*
 * Puts a kernel where CPU 0 will find it.
 *
 * Without firmware: kernel, initrd and a place for the device tree in RAM, by
 * the arm64 boot protocol. With firmware: the same files as fw_cfg items.
 * What goes to RAM is written again at every reset, since guests overwrite it.
 *
 *     ram_start + text_offset   kernel (2 MiB aligned base)
 *     + 128 MiB, or half of RAM initrd, above the kernel in any case
 *     next 2 MiB boundary       device tree, at most 2 MiB
 *
 * Main thread, machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "boot-image.h"
#include "hw/arm/virt.h"
#include "hw/nvram/fw_cfg.h"

#define DTB_MAX_SIZE (2 * MiB)

typedef struct BootBlob {
    AddressSpace *as;
    hwaddr addr;
    GBytes *data;
} BootBlob;

static void blob_write(void *opaque)
{
    BootBlob *blob = opaque;
    gsize n;
    const void *p = g_bytes_get_data(blob->data, &n);

    address_space_write_rom(blob->as, blob->addr, MEMTXATTRS_UNSPECIFIED, p, n);
}

/* The machine lives as long as the process, and so do its blobs. */
static void blob_add(AddressSpace *as, hwaddr addr, GBytes *data)
{
    BootBlob *blob = g_new0(BootBlob, 1);

    *blob = (BootBlob) { as, addr, g_bytes_ref(data) };
    qemu_register_reset(blob_write, blob);
}

/* Mapped, not read: pages that nobody touches cost nothing. */
static GBytes *read_file(const char *path, const char *option, Error **errp)
{
    g_autoptr(GError) gerr = NULL;
    GMappedFile *map = g_mapped_file_new(path, false, &gerr);
    GBytes *bytes;

    if (!map) {
        error_setg(errp, "-%s %s: %s", option, path, gerr->message);
        return NULL;
    }
    bytes = g_mapped_file_get_bytes(map);
    g_mapped_file_unref(map);
    return bytes;
}

/* --- through firmware ----------------------------------------------------------- */

static void fw_cfg_add_blob(struct FWCfgState *fw_cfg, uint16_t size_key, uint16_t data_key, GBytes *data)
{
    fw_cfg_add_i32(fw_cfg, size_key, g_bytes_get_size(data));
    fw_cfg_add_gbytes(fw_cfg, data_key, data);
}

static bool load_to_fw_cfg(ArmBootInfo *info, GBytes *kernel, GBytes *initrd, Error **errp)
{
    g_autoptr(GBytes) unpacked = boot_image_unpack(kernel, true, info->kernel, errp);

    if (!unpacked) {
        return false;
    }
    fw_cfg_add_blob(info->fw_cfg, FW_CFG_KERNEL_SIZE, FW_CFG_KERNEL_DATA, unpacked);
    if (initrd) {
        fw_cfg_add_blob(info->fw_cfg, FW_CFG_INITRD_SIZE, FW_CFG_INITRD_DATA, initrd);
    }
    if (info->cmdline) {
        fw_cfg_add_i32(info->fw_cfg, FW_CFG_CMDLINE_SIZE, strlen(info->cmdline) + 1);
        fw_cfg_add_string(info->fw_cfg, FW_CFG_CMDLINE_DATA, info->cmdline);
    }
    info->is_linux = true;
    return true;
}

/* --- into RAM -------------------------------------------------------------------------- */

static bool place_elf(ArmBootInfo *info, const BootImage *image, AddressSpace *as, hwaddr *end, Error **errp)
{
    g_autoptr(GArray) segments = g_array_new(false, false, sizeof(BootElfSegment));

    if (!boot_elf_parse(image->data, segments, &info->entry, info->kernel, errp)) {
        return false;
    }
    *end = info->ram_start;
    for (guint i = 0; i < segments->len; i++) {
        const BootElfSegment *s = &g_array_index(segments, BootElfSegment, i);
        g_autoptr(GBytes) part = g_bytes_new_from_bytes(image->data, s->offset, s->file_size);

        if (s->paddr < info->ram_start || s->paddr + s->memory_size - info->ram_start > info->ram_size) {
            error_setg(errp, "kernel '%s': an ELF segment at 0x%" PRIx64 " is outside of RAM; give more with -m", info->kernel, s->paddr);
            return false;
        }
        blob_add(as, s->paddr, part);
        *end = MAX(*end, s->paddr + s->memory_size);
    }
    return true;
}

static bool place_image(ArmBootInfo *info, const BootImage *image, AddressSpace *as, hwaddr *end, Error **errp)
{
    if (image->text_offset > info->ram_size || image->memory_size > info->ram_size - image->text_offset) {
        error_setg(errp, "kernel '%s' needs %" PRIu64 " MiB of RAM; give more with -m", info->kernel,
                   (uint64_t)DIV_ROUND_UP(image->memory_size + image->text_offset, MiB));
        return false;
    }
    info->entry = info->ram_start + image->text_offset;
    info->is_linux = true;
    blob_add(as, info->entry, image->data);
    *end = info->entry + image->memory_size;
    return true;
}

static bool place_kernel(ArmBootInfo *info, GBytes *file, AddressSpace *as, hwaddr *end, Error **errp)
{
    BootImage image;
    bool ok;

    if (!boot_image_parse(&image, file, info->kernel, errp)) {
        return false;
    }
    ok = image.kind == BOOT_IMAGE_ELF ? place_elf(info, &image, as, end, errp) : place_image(info, &image, as, end, errp);
    boot_image_clear(&image);
    return ok;
}

static bool place_initrd(ArmBootInfo *info, GBytes *initrd, AddressSpace *as, hwaddr *end, Error **errp)
{
    hwaddr ram_end = info->ram_start + info->ram_size;
    hwaddr start = MAX(ROUND_UP(*end, 4 * KiB), info->ram_start + MIN(info->ram_size / 2, 128 * MiB));
    uint64_t size = g_bytes_get_size(initrd);

    if (start > ram_end || size > ram_end - start) {
        error_setg(errp, "-initrd %s: %" PRIu64 " MiB do not fit in RAM beside the kernel; give more with -m", info->initrd,
                   (uint64_t)DIV_ROUND_UP(size, MiB));
        return false;
    }
    info->initrd_start = start;
    info->initrd_size = size;
    blob_add(as, start, initrd);
    *end = start + size;
    return true;
}

static bool load_to_ram(ArmBootInfo *info, GBytes *kernel, GBytes *initrd, AddressSpace *as, Error **errp)
{
    hwaddr end;

    if (!place_kernel(info, kernel, as, &end, errp) || (initrd && !place_initrd(info, initrd, as, &end, errp))) {
        return false;
    }
    info->dtb_addr = ROUND_UP(end, 2 * MiB);
    if (info->dtb_addr + DTB_MAX_SIZE > info->ram_start + info->ram_size) {
        error_setg(errp, "no room for the device tree above kernel and initrd; give more RAM with -m");
        return false;
    }
    return true;
}

bool arm_load_kernel(ArmBootInfo *info, AddressSpace *as, Error **errp)
{
    g_autoptr(GBytes) kernel = read_file(info->kernel, "kernel", errp);
    g_autoptr(GBytes) initrd = NULL;

    if (!kernel) {
        return false;
    }
    if (info->initrd) {
        initrd = read_file(info->initrd, "initrd", errp);
        if (!initrd) {
            return false;
        }
    }
    return info->firmware_loaded ? load_to_fw_cfg(info, kernel, initrd, errp) : load_to_ram(info, kernel, initrd, as, errp);
}
