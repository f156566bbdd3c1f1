/*
 * -dtb: the user's tree instead of ours. Only what the command line decides
 * is put in: /chosen and the memory nodes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <libfdt.h>
#include "virt-internal.h"

enum { MAX_DTB = 1 * MiB, ROOM_FOR_OURS = 64 * KiB };

static int set_chosen(void *fdt)
{
    const VirtChosen *c = &virt_chosen;
    int node = fdt_path_offset(fdt, "/chosen"), r = 0;

    if (node < 0) {
        node = fdt_add_subnode(fdt, 0, "chosen");
    }
    if (node >= 0 && c->bootargs) {
        r = fdt_setprop_string(fdt, node, "bootargs", c->bootargs);
    }
    if (node >= 0 && !r && c->initrd_size) {
        r = fdt_setprop_u64(fdt, node, "linux,initrd-start", c->initrd_start);
        r = r ? r : fdt_setprop_u64(fdt, node, "linux,initrd-end", c->initrd_start + c->initrd_size);
    }
    return node < 0 ? node : r;
}

static int find_memory(const void *fdt)
{
    int node;

    fdt_for_each_subnode(node, fdt, 0) {
        const char *name = fdt_get_name(fdt, node, NULL);
        if (name && (!strcmp(name, "memory") || g_str_has_prefix(name, "memory@"))) {
            return node;
        }
    }
    return -FDT_ERR_NOTFOUND;
}

static int append_cells(void *fdt, int node, uint64_t v, int cells)
{
    return cells == 1 ? fdt_appendprop_u32(fdt, node, "reg", v) : fdt_appendprop_u64(fdt, node, "reg", v);
}

static int add_memory(void *fdt, MemMapEntry where, int numa_node)
{
    g_autofree char *name = g_strdup_printf("memory@%" PRIx64, where.base);
    int node = fdt_add_subnode(fdt, 0, name), r;

    if (node < 0) {
        return node;
    }
    r = fdt_setprop_string(fdt, node, "device_type", "memory");
    r = r ? r : append_cells(fdt, node, where.base, fdt_address_cells(fdt, 0));
    r = r ? r : append_cells(fdt, node, where.size, fdt_size_cells(fdt, 0));
    return r || numa_node < 0 ? r : fdt_setprop_u32(fdt, node, "numa-node-id", numa_node);
}

static int set_memory(void *fdt, const VirtMachineState *vms)
{
    const MachineState *ms = &vms->parent_obj;
    MemMapEntry where = vms->memmap[VIRT_MEM];
    int node, r = 0;

    while ((node = find_memory(fdt)) >= 0) {
        fdt_del_node(fdt, node);
    }
    if (!ms->num_numa) {
        return add_memory(fdt, where, -1);
    }
    for (int n = 0; !r && n < MAX_NUMA_NODES; n++) {
        where.size = ms->numa[n].present ? ms->numa[n].size : 0;
        r = where.size ? add_memory(fdt, where, n) : 0;
        where.base += where.size;
    }
    return r;
}

/* Cells of a width that cannot hold the map's addresses. */
static bool cells_fit(const void *fdt, const VirtMachineState *vms)
{
    int address = fdt_address_cells(fdt, 0), size = fdt_size_cells(fdt, 0);
    uint64_t end = vms->memmap[VIRT_MEM].base + vms->memmap[VIRT_MEM].size;

    return (address == 2 || (address == 1 && end <= UINT32_MAX)) && (size == 2 || (size == 1 && end <= UINT32_MAX));
}

bool virt_fdt_load(VirtMachineState *vms, const char *path, Error **errp)
{
    g_autoptr(GError) gerr = NULL;
    g_autofree char *data = NULL;
    size_t room;
    gsize len;
    int r;

    if (!g_file_get_contents(path, &data, &len, &gerr)) {
        error_setg(errp, "-dtb: %s", gerr->message);
        return false;
    }
    if (len > MAX_DTB || fdt_check_full(data, len)) {
        error_setg(errp, "-dtb %s: not a device tree blob of at most 1 MiB", path);
        return false;
    }
    if (!cells_fit(data, vms)) {
        error_setg(errp, "-dtb %s: #address-cells and #size-cells of the root must be 2 (or 1, with RAM below 4 GiB)", path);
        return false;
    }
    room = len + ROOM_FOR_OURS + (virt_chosen.bootargs ? strlen(virt_chosen.bootargs) : 0);
    vms->fdt = g_malloc(room);
    r = fdt_open_into(data, vms->fdt, room);
    r = r ? r : set_chosen(vms->fdt);
    r = r ? r : set_memory(vms->fdt, vms);
    r = r ? r : fdt_pack(vms->fdt);
    if (r) {
        error_setg(errp, "-dtb %s: %s", path, fdt_strerror(r));
        return false;
    }
    vms->fdt_size = fdt_totalsize(vms->fdt);
    return true;
}
