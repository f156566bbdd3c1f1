/*
 * Machines with slots for memory, and what their guest's AML does at the
 * registers (0x09070000).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_QTEST_MEMORY_HOTPLUG_HELPERS_H
#define TESTS_QTEST_MEMORY_HOTPLUG_HELPERS_H

#include "libqtest.h"

#define MEMHP 0x09070000ULL
#define GED   0x09080000ULL
#define FIRST_DIMM 0x80000000ULL        /* with less than 1 GiB of RAM */

enum { PRESENT = 1, INSERTING = 2, REMOVING = 4, EJECT = 8 };
enum { GED_MEMORY_EVENT = 1 };

/* A machine that has firmware tells its guest of memory; this one's does nothing. */
static inline char *empty_firmware(void)
{
    char *path = g_strdup_printf("%s/firmware", qtest_tmpdir());

    g_assert_true(g_file_set_contents(path, "", 0, NULL));
    g_assert_cmpint(truncate(path, 1 << 20), ==, 0);
    return path;
}

static inline void add_memory(QTestState *t, const char *id, uint64_t mib)
{
    json_decref(qtest_qmp_return(t, "{'execute': 'object-add', 'arguments': {'qom-type': 'memory-backend-ram', 'id': '%s', 'size': %" PRIu64 "}}", id, mib << 20));
}

/* @more: members of device_add, each with a comma in front */
static inline void plug_dimm(QTestState *t, const char *id, const char *memdev, const char *more)
{
    json_decref(qtest_qmp_return(t, "{'execute': 'device_add', 'arguments': {'driver': 'pc-dimm', 'id': '%s', 'memdev': '%s'%s}}", id, memdev, more));
}

static inline void select_slot(QTestState *t, uint32_t slot)
{
    qtest_writel(t, MEMHP, slot);
}

static inline uint8_t slot_status(QTestState *t)
{
    return qtest_readb(t, MEMHP + 0x14);
}

/* What a guest does that was asked for slot @slot: the DIMM is let go. */
static inline void let_go(QTestState *t, const char *id, uint32_t slot)
{
    json_decref(qtest_qmp_return(t, "{'execute': 'device_del', 'arguments': {'id': '%s'}}", id));
    g_assert_cmphex(qtest_readl(t, GED), ==, GED_MEMORY_EVENT);
    select_slot(t, slot);
    g_assert_cmphex(slot_status(t) & ~INSERTING, ==, PRESENT | REMOVING);
    qtest_writeb(t, MEMHP + 0x14, REMOVING);
    qtest_writeb(t, MEMHP + 0x14, EJECT);
    json_decref(qtest_qmp_event(t, "DEVICE_DELETED"));
}

static inline size_t count_dimms(QTestState *t)
{
    json_t *list = qtest_qmp_return(t, "{'execute': 'query-memory-devices'}");
    size_t n = json_array_size(list);

    json_decref(list);
    return n;
}

#endif
