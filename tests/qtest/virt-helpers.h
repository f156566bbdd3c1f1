/*
 * What tests of the `virt` machine share: its addresses, its interrupt
 * controller, its fw_cfg.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_QTEST_VIRT_HELPERS_H
#define TESTS_QTEST_VIRT_HELPERS_H

#include "libqtest.h"

#define VIRT_ARGS "-M virt,gic-version=3 -cpu cortex-a57 -nodefaults -display none -m 256 "
/* for qtest_run() */
#define VIRT_RUN_ARGS "-accel qtest " VIRT_ARGS
enum {
    FLASH0 = 0, FLASH1 = 0x04000000, UART0 = 0x09000000, RTC = 0x09010000, FW_CFG = 0x09020000, GPIO = 0x09030000,
    GED = 0x09080000, VIRTIO0 = 0x0a000000, PLATFORM_BUS = 0x0c000000, RAM = 0x40000000,
};
enum { SPI_UART0 = 1, SPI_RTC = 2, SPI_GPIO = 7, SPI_GED = 9 };

/* The path of the machine's first anonymous object of @type. */
static inline char *find_unattached(QTestState *t, const char *type)
{
    g_autofree char *child = g_strdup_printf("child<%s>", type);
    g_autoptr(json_t) list = qtest_qmp_return(t, "{'execute': 'qom-list', 'arguments': {'path': '/machine/unattached'}}");
    size_t i;
    json_t *entry;

    json_array_foreach(list, i, entry) {
        if (!strcmp(json_string_value(json_object_get(entry, "type")), child)) {
            return g_strdup_printf("/machine/unattached/%s", json_string_value(json_object_get(entry, "name")));
        }
    }
    g_assert_not_reached();
}

/* From now on qtest_get_irq(t, SPI) tells the level of a line into the interrupt controller. */
static inline void intercept_gic(QTestState *t)
{
    g_autofree char *path = find_unattached(t, "arm-gicv3");
    qtest_irq_intercept_in(t, path);
}

/* --- fw_cfg by DMA --- */
enum { DMA_DESC = RAM + 0x4000000, DMA_BUF = RAM + 0x4001000, DMA_READ = 2, DMA_SKIP = 4, DMA_SELECT = 8, DMA_WRITE = 16 };

/* Returns the control word that the device leaves. */
static inline uint32_t fw_cfg_dma(QTestState *t, uint32_t control, uint64_t addr, uint32_t len)
{
    uint8_t desc[16];

    stl_be_p(desc, control);
    stl_be_p(desc + 4, len);
    stq_be_p(desc + 8, addr);
    qtest_memwrite(t, DMA_DESC, desc, sizeof(desc));
    qtest_writeq(t, FW_CFG + 16, GUINT64_SWAP_LE_BE((uint64_t)DMA_DESC));
    qtest_memread(t, DMA_DESC, desc, 4);
    return ldl_be_p(desc);
}

static inline void fw_cfg_get(QTestState *t, uint16_t key, void *data, size_t len)
{
    g_assert_cmphex(fw_cfg_dma(t, (uint32_t)key << 16 | DMA_SELECT | DMA_READ, DMA_BUF, len), ==, 0);
    qtest_memread(t, DMA_BUF, data, len);
}

/* A file's key (0: there is none) and size. */
static inline uint16_t fw_cfg_find_file(QTestState *t, const char *name, uint32_t *size)
{
    uint8_t count[4];
    g_autofree uint8_t *dir = NULL;
    uint32_t n;

    fw_cfg_get(t, 0x19, count, sizeof(count));
    n = ldl_be_p(count);
    dir = g_malloc(4 + n * 64);
    fw_cfg_get(t, 0x19, dir, 4 + n * 64);
    for (uint32_t i = 0; i < n; i++) {
        uint8_t *line = dir + 4 + i * 64;
        if (!strcmp((char *)line + 8, name)) {
            *size = ldl_be_p(line);
            return ldw_be_p(line + 4);
        }
    }
    return 0;
}

#endif
