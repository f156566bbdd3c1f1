/*
 * The registers behind ACPI memory hotplug: the guest's AML selects a slot,
 * reads what is there, and says what it did.
 *
 * Guest sees (24 bytes; memory-hotplug-aml.c is its only user):
 *
 *            read                              write
 *   0x00     address of the DIMM, low          slot that the rest is about
 *   0x04     address, high                     _OST event
 *   0x08     size, low                         _OST status: the report is complete
 *   0x0c     size, high                        -
 *   0x10     NUMA node                         -
 *   0x14     bit 0 there is one, 1 it is new,  bit 1, 2: known; 3: eject
 *            2 it is asked to leave
 *
 * All of a slot without a DIMM reads as zero. Runs under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/acpi/memory-hotplug.h"
#include "monitor/qapi-event.h"

enum { REG_ADDR_LOW = 0x00, REG_ADDR_HIGH = 0x04, REG_SIZE_LOW = 0x08, REG_SIZE_HIGH = 0x0c, REG_NODE = 0x10, REG_STATUS = 0x14 };
enum { REG_SELECT = 0x00, REG_OST_EVENT = 0x04, REG_OST_STATUS = 0x08, REG_CONTROL = 0x14 };
enum { STATUS_PRESENT = 1 << 0, STATUS_INSERTING = 1 << 1, STATUS_REMOVING = 1 << 2 };
enum { CONTROL_KNOWN_NEW = 1 << 1, CONTROL_KNOWN_LEAVING = 1 << 2, CONTROL_EJECT = 1 << 3 };

/* --- Registers -------------------------------------------------------------------------------- */

static uint64_t status(const AcpiMemorySlot *slot)
{
    return STATUS_PRESENT | (slot->inserting ? STATUS_INSERTING : 0) | (slot->removing ? STATUS_REMOVING : 0);
}

static uint64_t memory_hotplug_read(void *opaque, hwaddr addr, unsigned size)
{
    const AcpiMemoryHotplug *m = opaque;
    const PCDIMMDevice *dimm = m->selected < m->slots->n ? m->slots->dimm[m->selected] : NULL;

    if (addr > REG_STATUS || addr % 4) {
        return UINT64_MAX;
    }
    if (!dimm) {
        return 0;
    }
    switch (addr) {
    case REG_ADDR_LOW:
        return (uint32_t)dimm->addr;
    case REG_ADDR_HIGH:
        return dimm->addr >> 32;
    case REG_SIZE_LOW:
        return (uint32_t)pc_dimm_size(dimm);
    case REG_SIZE_HIGH:
        return pc_dimm_size(dimm) >> 32;
    case REG_NODE:
        return dimm->node;
    default:
        return status(&m->slot[m->selected]);
    }
}

static json_t *describe(const AcpiMemoryHotplug *m, unsigned n)
{
    const PCDIMMDevice *dimm = m->slots->dimm[n];
    g_autofree char *number = g_strdup_printf("%u", n);

    return json_pack("{s:s*, s:s, s:s, s:I, s:I}", "device", dimm ? dimm->parent_obj.id : NULL, "slot", number, "slot-type", "DIMM",
                     "source", (json_int_t)m->slot[n].ost_event, "status", (json_int_t)m->slot[n].ost_status);
}

static void take_report(AcpiMemoryHotplug *m, AcpiMemorySlot *slot, uint32_t value)
{
    slot->ost_status = value;
    qapi_event_send("ACPI_DEVICE_OST", json_pack("{s:o}", "info", describe(m, m->selected)));
}

static void control(AcpiMemoryHotplug *m, AcpiMemorySlot *slot, PCDIMMDevice *dimm, uint64_t bits)
{
    if (bits & CONTROL_KNOWN_NEW) {
        slot->inserting = false;
    } else if (bits & CONTROL_KNOWN_LEAVING) {
        slot->removing = false;
    } else if (bits & CONTROL_EJECT && dimm) {
        slot->inserting = slot->removing = false;
        memory_slots_eject(m->slots, dimm);
    }
}

static void memory_hotplug_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    AcpiMemoryHotplug *m = opaque;

    if (addr == REG_SELECT) {
        m->selected = (uint32_t)data;
    }
    if (addr == REG_SELECT || m->selected >= m->slots->n) {
        return;
    }
    AcpiMemorySlot *slot = &m->slot[m->selected];
    switch (addr) {
    case REG_OST_EVENT:
        slot->ost_event = (uint32_t)data;
        break;
    case REG_OST_STATUS:
        take_report(m, slot, (uint32_t)data);
        break;
    case REG_CONTROL:
        control(m, slot, m->slots->dimm[m->selected], data);
        break;
    }
}

static const MemoryRegionOps memory_hotplug_ops = {
    .read = memory_hotplug_read, .write = memory_hotplug_write, .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 4 }, .impl = { .min_access_size = 1, .max_access_size = 4 },
};

/* --- From the machine --------------------------------------------------------------------------- */

void acpi_memory_hotplug_init(AcpiMemoryHotplug *m, Object *owner)
{
    m->slot = g_new0(AcpiMemorySlot, m->slots->n);
    memory_region_init_io(&m->io, owner, &memory_hotplug_ops, m, "acpi-mem-hotplug", ACPI_MEMORY_HOTPLUG_SIZE);
}

void acpi_memory_hotplug_finalize(AcpiMemoryHotplug *m)
{
    g_free(m->slot);
}

void acpi_memory_inserted(AcpiMemoryHotplug *m, const PCDIMMDevice *dimm)
{
    m->slot[dimm->slot] = (AcpiMemorySlot) { .inserting = true };
}

void acpi_memory_remove(AcpiMemoryHotplug *m, const PCDIMMDevice *dimm)
{
    m->slot[dimm->slot].removing = true;
}

json_t *acpi_memory_describe(const AcpiMemoryHotplug *m)
{
    json_t *list = json_array();

    for (unsigned n = 0; n < m->slots->n; n++) {
        json_array_append_new(list, describe(m, n));
    }
    return list;
}
