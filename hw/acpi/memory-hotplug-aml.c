/*
 * AML of memory hotplug: the registers of memory-hotplug.c as fields, a device
 * (PNP0C80) for each slot, and the scan that the event's handler calls.
 *
 *   MHPD  where the registers are
 *   MHPC  MSCN scans the slots and notifies; MTFY(slot, what) is its switch;
 *         MRST, MCRS, MPXM, MOST, MEJ0 are _STA, _CRS, _PXM, _OST, _EJ0 of the
 *         slot whose _UID comes first, each with MLCK held: one selector serves all
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/acpi/memory-hotplug.h"

enum { STA_ALL = 0xf, STA_HIDDEN = 0xb };
enum { NOTIFY_DEVICE_CHECK = 1, NOTIFY_EJECT_REQUEST = 3 };
/* Where numbers are in a QWordMemory and a DWordMemory descriptor (ACPI 6.5, 6.4.3.5). */
enum { QWORD_MIN = 14, QWORD_MAX = 22, QWORD_LEN = 38, DWORD_MIN = 10, DWORD_MAX = 14, DWORD_LEN = 22 };

/* --- Phrases ------------------------------------------------------------------------------------- */

static void store_int(Aml *a, uint64_t v, const char *to)
{
    aml_op(a, AML_STORE);
    aml_int(a, v);
    aml_path(a, to);
}

static void store_path(Aml *a, const char *from, const char *to)
{
    aml_op(a, AML_STORE);
    aml_path(a, from);
    aml_path(a, to);
}

static void store_in_local0(Aml *a, uint64_t v)
{
    aml_op(a, AML_STORE);
    aml_int(a, v);
    aml_local(a, 0);
}

/* If (@path == @v) { */
static void open_if_equal(Aml *a, const char *path, uint64_t v)
{
    aml_open_if(a);
    aml_op(a, AML_LEQUAL);
    aml_path(a, path);
    aml_int(a, v);
}

static void return_int(Aml *a, uint64_t v)
{
    aml_op(a, AML_RETURN);
    aml_int(a, v);
}

static void return_local0(Aml *a)
{
    aml_op(a, AML_RETURN);
    aml_local(a, 0);
}

/* MSEL = ToInteger (Arg0) */
static void select_slot(Aml *a)
{
    aml_op(a, AML_STORE);
    aml_op(a, AML_TO_INTEGER);
    aml_arg(a, 0);
    aml_op(a, AML_NO_TARGET);
    aml_path(a, "MSEL");
}

static void open_locked_method(Aml *a, const char *name, unsigned args, bool serialized)
{
    aml_open_method(a, name, args, serialized);
    aml_acquire(a, "MLCK");
    select_slot(a);
}

static void release_and_close(Aml *a)
{
    aml_release(a, "MLCK");
    aml_close(a);
}

/* --- The controller ---------------------------------------------------------------------------------- */

static void add_registers(Aml *a, uint64_t base)
{
    AmlCrs *crs = aml_crs_new();

    aml_crs_memory32_fixed(crs, (uint32_t)base, ACPI_MEMORY_HOTPLUG_SIZE);
    aml_open_device(a, "\\_SB.MHPD");
    aml_name_string(a, "_HID", "PNP0A06");
    aml_name_string(a, "_UID", "Memory hotplug resources");
    aml_name_crs(a, "_CRS", crs);
    aml_memory_region(a, "HPMR", base, ACPI_MEMORY_HOTPLUG_SIZE);
    aml_close(a);
}

static void add_fields(Aml *a)
{
    static const char *const read[] = { "MRBL", "MRBH", "MRLL", "MRLH", "MPX" }, *const bits[] = { "MES", "MINS", "MRMV", "MEJ" },
                     *const written[] = { "MSEL", "MOEV", "MOSC" };

    aml_open_field(a, "\\_SB.MHPD.HPMR", AML_DWORD_ACC, AML_PRESERVE);
    for (size_t i = 0; i < ARRAY_SIZE(read); i++) {
        aml_field_unit(a, read[i], 32);
    }
    aml_close(a);
    aml_open_field(a, "\\_SB.MHPD.HPMR", AML_BYTE_ACC, AML_WRITE_AS_ZEROS);
    aml_field_skip(a, 0x14 * 8);
    for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
        aml_field_unit(a, bits[i], 1);
    }
    aml_close(a);
    aml_open_field(a, "\\_SB.MHPD.HPMR", AML_DWORD_ACC, AML_PRESERVE);
    for (size_t i = 0; i < ARRAY_SIZE(written); i++) {
        aml_field_unit(a, written[i], 32);
    }
    aml_close(a);
}

static void return_zero_without_slots(Aml *a)
{
    open_if_equal(a, "MDNR", 0);
    return_int(a, 0);
    aml_close(a);
}

static void add_status(Aml *a)
{
    aml_open_method(a, "_STA", 0, false);
    return_zero_without_slots(a);
    return_int(a, STA_HIDDEN);
    aml_close(a);
}

/* MTFY (Local0, @what), and the register forgets it: writing 1 to @flag. */
static void notify_and_clear(Aml *a, const char *flag, unsigned what)
{
    aml_path(a, "MTFY");
    aml_local(a, 0);
    aml_int(a, what);
    store_int(a, 1, flag);
}

static void add_scan(Aml *a)
{
    aml_open_method(a, "MSCN", 0, false);
    return_zero_without_slots(a);
    store_in_local0(a, 0);
    aml_acquire(a, "MLCK");
    aml_open_while(a);
    aml_op(a, AML_LLESS);
    aml_local(a, 0);
    aml_path(a, "MDNR");
    aml_op(a, AML_STORE);
    aml_local(a, 0);
    aml_path(a, "MSEL");
    open_if_equal(a, "MINS", 1);
    notify_and_clear(a, "MINS", NOTIFY_DEVICE_CHECK);
    aml_close(a);
    aml_open_else(a);
    open_if_equal(a, "MRMV", 1);
    notify_and_clear(a, "MRMV", NOTIFY_EJECT_REQUEST);
    aml_close(a);
    aml_close(a);
    aml_op(a, AML_ADD);
    aml_local(a, 0);
    aml_int(a, 1);
    aml_local(a, 0);
    aml_close(a);
    aml_release(a, "MLCK");
    return_int(a, 1);
    aml_close(a);
}

static void add_slot_status(Aml *a)
{
    aml_open_method(a, "MRST", 1, false);
    store_in_local0(a, 0);
    aml_acquire(a, "MLCK");
    select_slot(a);
    open_if_equal(a, "MES", 1);
    store_in_local0(a, STA_ALL);
    aml_close(a);
    aml_release(a, "MLCK");
    return_local0(a);
    aml_close(a);
}

/* --- Where a DIMM is ---------------------------------------------------------------------------------- */

static void dword_field(Aml *a, const char *buffer, unsigned at, const char *name)
{
    aml_op(a, AML_CREATE_DWORD_FIELD);
    aml_path(a, buffer);
    aml_int(a, at);
    aml_path(a, name);
}

/* @to = @x + @y, or - */
static void calculate(Aml *a, AmlOp op, const char *x, const char *y, const char *to)
{
    aml_op(a, op);
    aml_path(a, x);
    if (y) {
        aml_path(a, y);
    } else {
        aml_int(a, 1);
    }
    aml_path(a, to);
}

/* The last address is base + length - 1, in two halves: a carry, and a borrow. */
static void add_last_address(Aml *a)
{
    calculate(a, AML_ADD, "MINL", "LENL", "MAXL");
    calculate(a, AML_ADD, "MINH", "LENH", "MAXH");
    aml_open_if(a);
    aml_op(a, AML_LLESS);
    aml_path(a, "MAXL");
    aml_path(a, "MINL");
    calculate(a, AML_ADD, "MAXH", NULL, "MAXH");
    aml_close(a);
    aml_open_if(a);
    aml_op(a, AML_LLESS);
    aml_path(a, "MAXL");
    aml_int(a, 1);
    calculate(a, AML_SUBTRACT, "MAXH", NULL, "MAXH");
    aml_close(a);
    calculate(a, AML_SUBTRACT, "MAXL", NULL, "MAXL");
}

static void return_resource(Aml *a, const char *buffer)
{
    aml_release(a, "MLCK");
    aml_op(a, AML_RETURN);
    aml_path(a, buffer);
}

/* Below 4 GiB, a descriptor of 32 bits. */
static void add_low_resource(Aml *a)
{
    AmlCrs *crs = aml_crs_new();

    aml_crs_ram32(crs, 0, UINT32_MAX - 1);
    open_if_equal(a, "MAXH", 0);
    aml_name_crs(a, "MR32", crs);
    dword_field(a, "MR32", DWORD_MIN, "MIN");
    dword_field(a, "MR32", DWORD_MAX, "MAX");
    dword_field(a, "MR32", DWORD_LEN, "LEN");
    store_path(a, "MINL", "MIN");
    store_path(a, "MAXL", "MAX");
    store_path(a, "LENL", "LEN");
    return_resource(a, "MR32");
    aml_close(a);
}

static void add_slot_resources(Aml *a)
{
    AmlCrs *crs = aml_crs_new();

    aml_crs_ram64(crs, 0, UINT64_MAX - 1);
    open_locked_method(a, "MCRS", 1, true);
    aml_name_crs(a, "MR64", crs);
    dword_field(a, "MR64", QWORD_MIN, "MINL");
    dword_field(a, "MR64", QWORD_MIN + 4, "MINH");
    dword_field(a, "MR64", QWORD_LEN, "LENL");
    dword_field(a, "MR64", QWORD_LEN + 4, "LENH");
    dword_field(a, "MR64", QWORD_MAX, "MAXL");
    dword_field(a, "MR64", QWORD_MAX + 4, "MAXH");
    store_path(a, "MRBH", "MINH");
    store_path(a, "MRBL", "MINL");
    store_path(a, "MRLH", "LENH");
    store_path(a, "MRLL", "LENL");
    add_last_address(a);
    add_low_resource(a);
    return_resource(a, "MR64");
    aml_close(a);
}

/* --- What else the guest does with a slot --------------------------------------------------------------- */

static void add_slot_methods(Aml *a)
{
    open_locked_method(a, "MPXM", 1, false);
    aml_op(a, AML_STORE);
    aml_path(a, "MPX");
    aml_local(a, 0);
    aml_release(a, "MLCK");
    return_local0(a);
    aml_close(a);

    open_locked_method(a, "MOST", 4, false);
    aml_op(a, AML_STORE);
    aml_arg(a, 1);
    aml_path(a, "MOEV");
    aml_op(a, AML_STORE);
    aml_arg(a, 2);
    aml_path(a, "MOSC");
    release_and_close(a);

    open_locked_method(a, "MEJ0", 2, false);
    store_int(a, 1, "MEJ");
    release_and_close(a);
}

/* --- Slots ---------------------------------------------------------------------------------------------- */

/* Method (@name) { Return (@callee (_UID)) } */
static void forward(Aml *a, const char *name, const char *callee)
{
    aml_open_method(a, name, 0, false);
    aml_op(a, AML_RETURN);
    aml_path(a, callee);
    aml_path(a, "_UID");
    aml_close(a);
}

/* Method (@name) { @callee (_UID, Arg0, ...) } */
static void forward_args(Aml *a, const char *name, const char *callee, unsigned args)
{
    aml_open_method(a, name, args, false);
    aml_path(a, callee);
    aml_path(a, "_UID");
    for (unsigned i = 0; i < args; i++) {
        aml_arg(a, i);
    }
    aml_close(a);
}

static void slot_name(char name[8], unsigned slot)
{
    snprintf(name, 8, "MP%02X", slot & 0xff);
}

static void add_slot(Aml *a, unsigned slot)
{
    char name[8], uid[16];

    slot_name(name, slot);
    snprintf(uid, sizeof(uid), "0x%02X", slot);
    aml_open_device(a, name);
    aml_name_string(a, "_UID", uid);
    aml_name(a, "_HID");
    aml_eisa_id(a, "PNP0C80");
    forward(a, "_CRS", "MCRS");
    forward(a, "_STA", "MRST");
    forward(a, "_PXM", "MPXM");
    forward_args(a, "_OST", "MOST", 3);
    forward_args(a, "_EJ0", "MEJ0", 1);
    aml_close(a);
}

static void add_notify(Aml *a, unsigned slots)
{
    char name[8];

    aml_open_method(a, "MTFY", 2, false);
    for (unsigned i = 0; i < slots; i++) {
        slot_name(name, i);
        aml_open_if(a);
        aml_op(a, AML_LEQUAL);
        aml_arg(a, 0);
        aml_int(a, i);
        aml_op(a, AML_NOTIFY);
        aml_path(a, name);
        aml_arg(a, 1);
        aml_close(a);
    }
    aml_close(a);
}

void acpi_dsdt_add_memory_hotplug(Aml *a, uint64_t registers, unsigned slots)
{
    add_registers(a, registers);
    aml_open_device(a, "\\_SB.MHPC");
    aml_name_string(a, "_HID", "PNP0A06");
    aml_name_string(a, "_UID", "DIMM devices");
    aml_name_int(a, "MDNR", slots);
    add_fields(a);
    add_status(a);
    aml_mutex(a, "MLCK");
    add_scan(a);
    add_slot_status(a);
    add_slot_resources(a);
    add_slot_methods(a);
    for (unsigned i = 0; i < slots; i++) {
        add_slot(a, i);
    }
    add_notify(a, slots);
    aml_close(a);
}
