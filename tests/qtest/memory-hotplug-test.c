/*
 * DIMMs in the slots of -m slots=,maxmem=: the registers that the guest's AML
 * uses, events and queries, and what is refused. Values observed of the
 * reference release at the same steps.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "memory-hotplug-helpers.h"

#define MACHINE "-M virt,gic-version=3 -cpu cortex-a57 -nodefaults -display none "
#define SLOTS MACHINE "-m 256M,slots=3,maxmem=1G "

static QTestState *start(const char *args)
{
    g_autofree char *firmware = empty_firmware();

    return qtest_init("%s -bios %s", args, firmware);
}

static void check_registers(QTestState *t, uint64_t addr, uint64_t size, uint32_t node, uint8_t status)
{
    g_assert_cmphex(qtest_readl(t, MEMHP + 0x00), ==, (uint32_t)addr);
    g_assert_cmphex(qtest_readl(t, MEMHP + 0x04), ==, addr >> 32);
    g_assert_cmphex(qtest_readl(t, MEMHP + 0x08), ==, (uint32_t)size);
    g_assert_cmphex(qtest_readl(t, MEMHP + 0x0c), ==, size >> 32);
    g_assert_cmphex(qtest_readl(t, MEMHP + 0x10), ==, node);
    g_assert_cmphex(slot_status(t), ==, status);
}

static int64_t plugged(QTestState *t)
{
    g_autoptr(json_t) r = qtest_qmp_return(t, "{'execute': 'query-memory-size-summary'}");

    return json_integer_value(json_object_get(r, "plugged-memory"));
}

/* --- Coming and going ------------------------------------------------------------------------- */

static void test_plug(void)
{
    QTestState *t = start(SLOTS);

    check_registers(t, 0, 0, 0, 0);
    add_memory(t, "m1", 128);
    add_memory(t, "m2", 128);
    plug_dimm(t, "d1", "m1", "");
    g_assert_cmphex(qtest_readl(t, GED), ==, GED_MEMORY_EVENT);
    check_registers(t, FIRST_DIMM, 128 * MiB, 0, PRESENT | INSERTING);
    qtest_writeb(t, MEMHP + 0x14, INSERTING);
    check_registers(t, FIRST_DIMM, 128 * MiB, 0, PRESENT);
    qtest_writeq(t, FIRST_DIMM + 128 * MiB - 8, 0x1122334455667788);
    g_assert_cmphex(qtest_readq(t, FIRST_DIMM + 128 * MiB - 8), ==, 0x1122334455667788);
    plug_dimm(t, "d2", "m2", ", 'slot': 2");
    select_slot(t, 1);
    check_registers(t, 0, 0, 0, 0);
    select_slot(t, 2);
    check_registers(t, FIRST_DIMM + 128 * MiB, 128 * MiB, 0, PRESENT | INSERTING);
    g_assert_cmpint(plugged(t), ==, 256 * MiB);
    g_assert_cmphex(qtest_readl(t, GED), ==, GED_MEMORY_EVENT);
    let_go(t, "d1", 0);
    check_registers(t, 0, 0, 0, 0);
    g_assert_cmphex(qtest_readq(t, FIRST_DIMM + 128 * MiB - 8), ==, 0);         /* nothing there */
    g_assert_cmpint(plugged(t), ==, 128 * MiB);
    plug_dimm(t, "d1", "m1", "");                                               /* the same place is free again */
    select_slot(t, 0);
    check_registers(t, FIRST_DIMM, 128 * MiB, 0, PRESENT | INSERTING);
    g_assert_cmphex(qtest_readq(t, FIRST_DIMM + 128 * MiB - 8), ==, 0x1122334455667788);
    qtest_quit(t);
}

static void test_cold(void)
{
    QTestState *t = start(MACHINE "-m 256M,slots=2,maxmem=16G -object memory-backend-ram,id=r0,size=128M -object memory-backend-ram,id=r1,size=128M "
                          "-numa node,memdev=r0 -numa node,memdev=r1 -object memory-backend-ram,id=m1,size=8G,reserve=off "
                          "-object memory-backend-ram,id=m2,size=64M -device pc-dimm,id=d1,memdev=m1,node=1 -device pc-dimm,memdev=m2");

    g_assert_cmphex(qtest_readl(t, GED), ==, 0);
    check_registers(t, FIRST_DIMM, 8ULL << 30, 1, PRESENT);
    select_slot(t, 1);
    check_registers(t, FIRST_DIMM + (8ULL << 30), 64 * MiB, 0, PRESENT);
    qtest_writel(t, FIRST_DIMM + (8ULL << 30), 77);
    g_assert_cmpuint(qtest_readl(t, FIRST_DIMM + (8ULL << 30)), ==, 77);
    g_autoptr(json_t) list = qtest_qmp_return(t, "{'execute': 'query-memory-devices'}");
    const json_t *first = json_object_get(json_array_get(list, 0), "data");
    g_assert_cmpstr(json_string_value(json_object_get(first, "id")), ==, "d1");
    g_assert_cmpstr(json_string_value(json_object_get(first, "memdev")), ==, "/objects/m1");
    g_assert_true(json_is_false(json_object_get(first, "hotplugged")));
    g_autofree char *numa = qtest_hmp(t, "info numa"), *devices = qtest_hmp(t, "info memory-devices");
    g_assert_nonnull(strstr(numa, "node 1 size: 8320 MB"));
    g_assert_nonnull(strstr(numa, "node 1 plugged: 8192 MB"));
    g_assert_nonnull(strstr(devices, "Memory device [dimm]: \"d1\""));
    g_assert_nonnull(strstr(devices, "  addr: 2147483648"));
    qtest_quit(t);
}

/* What the guest says of it (_OST) clients hear, and can ask for. */
static void test_reports(void)
{
    QTestState *t = start(SLOTS);

    add_memory(t, "m1", 128);
    plug_dimm(t, "d1", "m1", "");
    qtest_writel(t, MEMHP + 4, 3);
    qtest_writel(t, MEMHP + 8, 0x11);
    g_autoptr(json_t) event = qtest_qmp_event(t, "ACPI_DEVICE_OST");
    const json_t *info = json_object_get(json_object_get(event, "data"), "info");
    g_assert_cmpstr(json_string_value(json_object_get(info, "device")), ==, "d1");
    g_assert_cmpstr(json_string_value(json_object_get(info, "slot")), ==, "0");
    g_assert_cmpint(json_integer_value(json_object_get(info, "source")), ==, 3);
    g_assert_cmpint(json_integer_value(json_object_get(info, "status")), ==, 0x11);
    g_autoptr(json_t) list = qtest_qmp_return(t, "{'execute': 'query-acpi-ospm-status'}");
    g_assert_cmpuint(json_array_size(list), ==, 3);
    g_assert_cmpint(json_integer_value(json_object_get(json_array_get(list, 0), "source")), ==, 3);
    g_assert_null(json_object_get(json_array_get(list, 2), "device"));
    qtest_quit(t);
}

/* --- Guests that do anything ------------------------------------------------------------------- */

static void test_odd_guest(void)
{
    QTestState *t = start(SLOTS);

    g_assert_cmphex(qtest_readw(t, MEMHP + 2), ==, 0xffff);
    g_assert_cmphex(qtest_readb(t, MEMHP + 0x15), ==, 0xff);
    add_memory(t, "m1", 128);
    plug_dimm(t, "d1", "m1", "");
    for (unsigned slot = 3; slot < 6; slot++) {
        select_slot(t, slot == 5 ? UINT32_MAX : slot);          /* there is none: nothing happens */
        check_registers(t, 0, 0, 0, 0);
        qtest_writeb(t, MEMHP + 0x14, EJECT);
        qtest_writel(t, MEMHP + 8, 1);
    }
    select_slot(t, 1);
    qtest_writeb(t, MEMHP + 0x14, EJECT);                       /* empty */
    g_assert_cmpuint(count_dimms(t), ==, 1);
    select_slot(t, 0);
    qtest_writeb(t, MEMHP + 0x14, EJECT);                       /* nobody asked, but it may */
    g_assert_cmpuint(count_dimms(t), ==, 0);
    qtest_writeb(t, MEMHP + 0x14, EJECT);
    qtest_quit(t);
}

/* --- What cannot be -------------------------------------------------------------------------------- */

static void test_refused(void)
{
    static const struct { const char *args, *why; } cases[] = {
        { "", "needs memdev=" }, { ", 'memdev': 'm1'", "in use already" },
        { ", 'memdev': 'm2', 'slot': 0", "taken by 'd1'" }, { ", 'memdev': 'm2', 'slot': 3", "0 to 2" }, { ", 'memdev': 'm2', 'slot': -2", "0 to 2" },
        { ", 'memdev': 'm2', 'addr': 2147487744", "not a multiple" }, { ", 'memdev': 'm2', 'addr': 1073741824", "between 0x80000000 and 0x16fffffff" },
        { ", 'memdev': 'm2', 'addr': 6174015488", "between" }, { ", 'memdev': 'm2', 'addr': 2214592512", "overlaps DIMM 'd1'" },
        { ", 'memdev': 'm2', 'node': 1", "1 NUMA nodes" }, { ", 'memdev': 'large'", "maxmem= leaves" }, { ", 'memdev': 'odd'", "not a multiple of 0x200000" },
        { ", 'memdev': 'm2', 'size': 5", "size" },
    };
    QTestState *t = start(SLOTS "-object memory-backend-ram,id=odd,size=3M");

    add_memory(t, "m1", 128);
    add_memory(t, "m2", 128);
    add_memory(t, "large", 1024);
    plug_dimm(t, "d1", "m1", "");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        qtest_qmp_error(t, "GenericError", cases[i].why, "{'execute': 'device_add', 'arguments': {'driver': 'pc-dimm', 'id': 'd2'%s}}", cases[i].args);
    }
    qtest_qmp_error(t, "DeviceNotFound", "no object 'none'", "{'execute': 'device_add', 'arguments': {'driver': 'pc-dimm', 'memdev': 'none'}}");
    qtest_qmp_error(t, "GenericError", "in use", "{'execute': 'object-del', 'arguments': {'id': 'm1'}}");
    g_assert_cmpuint(count_dimms(t), ==, 1);
    plug_dimm(t, "d2", "m2", ", 'addr': 6039797760");           /* the last place there is */
    qtest_quit(t);
}

static void test_all_slots(void)
{
    QTestState *t = start(MACHINE "-m 256M,slots=1,maxmem=1G");

    add_memory(t, "m1", 128);
    add_memory(t, "m2", 128);
    plug_dimm(t, "d1", "m1", "");
    qtest_qmp_error(t, "GenericError", "all 1 slots are taken", "{'execute': 'device_add', 'arguments': {'driver': 'pc-dimm', 'memdev': 'm2'}}");
    let_go(t, "d1", 0);
    plug_dimm(t, "d2", "m2", "");
    json_decref(qtest_qmp_return(t, "{'execute': 'object-del', 'arguments': {'id': 'm1'}}"));
    qtest_quit(t);
}

/* Without ACPI no guest would hear of it. */
static void test_no_acpi(void)
{
    static const char *const dimm = "-object memory-backend-ram,id=m1,size=128M -device pc-dimm,memdev=m1";
    QTestState *t = qtest_init(SLOTS);

    add_memory(t, "m1", 128);
    qtest_qmp_error(t, "GenericError", "through ACPI only", "{'execute': 'device_add', 'arguments': {'driver': 'pc-dimm', 'memdev': 'm1'}}");
    qtest_qmp_error(t, "GenericError", "it needs firmware", "{'execute': 'query-acpi-ospm-status'}");
    qtest_quit(t);
    qtest_refused("through ACPI only", "-accel qtest " SLOTS "%s", dimm);
    qtest_refused("slots=N,maxmem=MAX", "-accel qtest " MACHINE "-m 256M %s", dimm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory-hotplug/plug", test_plug);
    g_test_add_func("/memory-hotplug/cold", test_cold);
    g_test_add_func("/memory-hotplug/reports", test_reports);
    g_test_add_func("/memory-hotplug/odd-guest", test_odd_guest);
    g_test_add_func("/memory-hotplug/refused", test_refused);
    g_test_add_func("/memory-hotplug/all-slots", test_all_slots);
    g_test_add_func("/memory-hotplug/no-acpi", test_no_acpi);
    return g_test_run();
}
