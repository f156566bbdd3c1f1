/*
 * The slots of a machine that DIMMs go in: who gets which, and where in the
 * addresses kept for them. Runs under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/core/boards.h"
#include "hw/mem/pc-dimm.h"

/* So that the host can use large pages. */
#define DIMM_ALIGN (2 * MiB)

MemorySlots *memory_slots_new(Object *machine, unsigned n, uint64_t capacity, hwaddr base, uint64_t size)
{
    MemorySlots *slots = g_malloc0(sizeof(*slots) + n * sizeof(slots->dimm[0]));

    slots->n = n;
    slots->capacity = capacity;
    memory_region_init(&slots->region, machine, "device-memory", size);
    memory_region_add_subregion(get_system_memory(), base, &slots->region);
    return slots;
}

uint64_t memory_slots_used(const MemorySlots *slots)
{
    uint64_t used = 0;

    for (unsigned i = 0; slots && i < slots->n; i++) {
        used += slots->dimm[i] ? pc_dimm_size(slots->dimm[i]) : 0;
    }
    return used;
}

/* --- What may go in ----------------------------------------------------------------------- */

static uint64_t alignment(const PCDIMMDevice *dimm)
{
    return MAX(DIMM_ALIGN, (uint64_t)host_memory_backend_pagesize(dimm->memdev));
}

static bool check_backend(const PCDIMMDevice *dimm, Error **errp)
{
    if (!dimm->memdev) {
        error_setg(errp, "pc-dimm needs memdev=, the id of a memory backend (-object memory-backend-ram,id=...)");
        return false;
    }
    const char *id = object_get_canonical_path_component(OBJECT(dimm->memdev));
    if (host_memory_backend_is_mapped(dimm->memdev)) {
        error_setg(errp, "pc-dimm: memory backend '%s' is in use already", id);
        return false;
    }
    if (pc_dimm_size(dimm) % alignment(dimm)) {
        error_setg(errp, "pc-dimm: the size of memory backend '%s' is not a multiple of 0x%" PRIx64, id, alignment(dimm));
        return false;
    }
    if (dimm->node >= MAX(current_machine->num_numa, 1U)) {
        error_setg(errp, "pc-dimm: node=%" PRIu32 " is none of the %u NUMA nodes of this machine", dimm->node, MAX(current_machine->num_numa, 1U));
        return false;
    }
    return true;
}

static bool check_capacity(const MemorySlots *slots, const PCDIMMDevice *dimm, Error **errp)
{
    uint64_t left = slots->capacity - memory_slots_used(slots);

    if (pc_dimm_size(dimm) > left) {
        error_setg(errp, "pc-dimm: %" PRIu64 " MiB are more than the %" PRIu64 " MiB that -m maxmem= leaves", pc_dimm_size(dimm) >> 20, left >> 20);
        return false;
    }
    return true;
}

/* --- Which slot, where ------------------------------------------------------------------------ */

static bool choose_slot(const MemorySlots *slots, PCDIMMDevice *dimm, Error **errp)
{
    if (dimm->slot < -1 || dimm->slot >= (int)slots->n) {
        error_setg(errp, "pc-dimm: slot=%" PRId32 " is none of 0 to %u, which -m slots= gives", dimm->slot, slots->n - 1);
        return false;
    }
    if (dimm->slot >= 0 && slots->dimm[dimm->slot]) {
        error_setg(errp, "pc-dimm: slot %" PRId32 " is taken by '%s'", dimm->slot, slots->dimm[dimm->slot]->parent_obj.id ?: "a DIMM without id");
        return false;
    }
    for (unsigned i = 0; dimm->slot < 0 && i < slots->n; i++) {
        if (!slots->dimm[i]) {
            dimm->slot = (int)i;
        }
    }
    if (dimm->slot < 0) {
        error_setg(errp, "pc-dimm: all %u slots are taken", slots->n);
        return false;
    }
    return true;
}

/* A DIMM that [addr, addr + size) meets. */
static const PCDIMMDevice *neighbour(const MemorySlots *slots, hwaddr addr, uint64_t size)
{
    for (unsigned i = 0; i < slots->n; i++) {
        const PCDIMMDevice *d = slots->dimm[i];
        if (d && addr < d->addr + pc_dimm_size(d) && d->addr < addr + size) {
            return d;
        }
    }
    return NULL;
}

static bool fits(const MemorySlots *slots, hwaddr addr, uint64_t size)
{
    hwaddr base = slots->region.addr, room = memory_region_size(&slots->region);

    return addr >= base && addr - base < room && size <= room - (addr - base);
}

static bool check_address(const MemorySlots *slots, const PCDIMMDevice *dimm, Error **errp)
{
    hwaddr base = slots->region.addr;
    const PCDIMMDevice *other;

    if (dimm->addr % alignment(dimm)) {
        error_setg(errp, "pc-dimm: addr=0x%" PRIx64 " is not a multiple of 0x%" PRIx64, dimm->addr, alignment(dimm));
        return false;
    }
    if (!fits(slots, dimm->addr, pc_dimm_size(dimm))) {
        error_setg(errp, "pc-dimm: addr=0x%" PRIx64 ": DIMMs of this machine are between 0x%" PRIx64 " and 0x%" PRIx64, dimm->addr, base,
                   base + memory_region_size(&slots->region) - 1);
        return false;
    }
    other = neighbour(slots, dimm->addr, pc_dimm_size(dimm));
    if (other) {
        error_setg(errp, "pc-dimm: addr=0x%" PRIx64 " overlaps DIMM '%s'", dimm->addr, other->parent_obj.id ?: "without id");
        return false;
    }
    return true;
}

/* The lowest place between those that are there. */
static bool choose_address(const MemorySlots *slots, PCDIMMDevice *dimm, Error **errp)
{
    hwaddr at = ROUND_UP(slots->region.addr, alignment(dimm));
    const PCDIMMDevice *other;

    while ((other = neighbour(slots, at, pc_dimm_size(dimm)))) {
        at = ROUND_UP(other->addr + pc_dimm_size(other), alignment(dimm));
    }
    if (!fits(slots, at, pc_dimm_size(dimm))) {
        error_setg(errp, "pc-dimm: no free place of %" PRIu64 " MiB is left between the others", pc_dimm_size(dimm) >> 20);
        return false;
    }
    dimm->addr = at;
    return true;
}

bool memory_slots_place(const MemorySlots *slots, PCDIMMDevice *dimm, Error **errp)
{
    if (!slots) {
        error_setg(errp, "pc-dimm needs a slot: give -m SIZE,slots=N,maxmem=MAX");
        return false;
    }
    return check_backend(dimm, errp) && check_capacity(slots, dimm, errp) && choose_slot(slots, dimm, errp) &&
           (dimm->addr ? check_address(slots, dimm, errp) : choose_address(slots, dimm, errp));
}

/* --- Coming and going ---------------------------------------------------------------------------- */

bool memory_slots_insert(MemorySlots *slots, PCDIMMDevice *dimm, Error **errp)
{
    if (!memory_region_try_add_subregion(&slots->region, dimm->addr - slots->region.addr, host_memory_backend_get_memory(dimm->memdev), errp)) {
        return false;
    }
    slots->dimm[dimm->slot] = dimm;
    return true;
}

void memory_slots_eject(MemorySlots *slots, PCDIMMDevice *dimm)
{
    slots->dimm[dimm->slot] = NULL;
    memory_region_del_subregion(&slots->region, host_memory_backend_get_memory(dimm->memdev));
    qdev_finish_unplug(DEVICE(dimm));
}
