/*
 * Memory that comes in slots: DIMMs (-device pc-dimm), and where a machine puts
 * them.
 *
 * A machine made with -m SIZE,slots=N,maxmem=MAX keeps N slots and a stretch of
 * addresses above its RAM. A DIMM takes a free slot, and the first place there
 * that is large enough, unless the user says which.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_MEM_PC_DIMM_H
#define HW_MEM_PC_DIMM_H

#include "backends/hostmem.h"
#include "hw/core/qdev.h"

#define TYPE_PC_DIMM "pc-dimm"
OBJECT_DECLARE_SIMPLE_TYPE(PCDIMMDevice, PC_DIMM)

struct PCDIMMDevice {
    DeviceState parent_obj;
    HostMemoryBackend *memdev;
    uint64_t addr;                      /* 0 before it is placed: anywhere */
    uint32_t node;                      /* NUMA */
    int32_t slot;                       /* -1 before it is placed: any */
};

uint64_t pc_dimm_size(const PCDIMMDevice *dimm);

typedef struct MemorySlots {
    MemoryRegion region;                /* the stretch of addresses */
    uint64_t capacity;                  /* bytes that may be plugged; the stretch has room for alignment too */
    unsigned n;
    PCDIMMDevice *dimm[];               /* by slot; NULL: free */
} MemorySlots;

/* @n slots in [base, base + size). */
MemorySlots *memory_slots_new(Object *machine, unsigned n, uint64_t capacity, hwaddr base, uint64_t size);
uint64_t memory_slots_used(const MemorySlots *slots);       /* bytes; without slots none */
/* For the hooks of a machine (slots may be NULL): gives @dimm slot and address; maps it; takes it away. */
bool memory_slots_place(const MemorySlots *slots, PCDIMMDevice *dimm, Error **errp);
bool memory_slots_insert(MemorySlots *slots, PCDIMMDevice *dimm, Error **errp);
void memory_slots_eject(MemorySlots *slots, PCDIMMDevice *dimm);

#endif
