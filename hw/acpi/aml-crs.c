/*
 * Resource descriptors of AML (ACPI 6.5, 6.4): what a device decodes and
 * which interrupts it raises.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/acpi/aml.h"
#include "util/bits.h"

enum {
    DESC_MEMORY32_FIXED = 0x86, DESC_DWORD_SPACE = 0x87, DESC_WORD_SPACE = 0x88, DESC_INTERRUPT = 0x89,
    DESC_QWORD_SPACE = 0x8a, DESC_GPIO = 0x8c, DESC_END = 0x79,
};
enum { SPACE_MEMORY = 0, SPACE_IO = 1, SPACE_BUS = 2 };
enum { SPACE_MIN_FIXED = 1 << 2, SPACE_MAX_FIXED = 1 << 3 };
enum { MEMORY_READ_WRITE = 1, MEMORY_CACHEABLE = 1 << 1, IO_ENTIRE_RANGE = 3 };

static void put(AmlCrs *c, uint64_t v, unsigned size)
{
    uint8_t b[8];
    stq_le_p(b, v);
    g_byte_array_append(c, b, size);
}

/* Large items carry the length of what follows. */
static void put_head(AmlCrs *c, uint8_t tag, uint16_t len)
{
    put(c, tag, 1);
    put(c, len, 2);
}

AmlCrs *aml_crs_new(void)
{
    return g_byte_array_new();
}

void aml_crs_memory32_fixed(AmlCrs *c, uint32_t base, uint32_t len)
{
    put_head(c, DESC_MEMORY32_FIXED, 9);
    put(c, MEMORY_READ_WRITE, 1);
    put(c, base, 4);
    put(c, len, 4);
}

/* Consumer, active high, exclusive. */
void aml_crs_interrupt(AmlCrs *c, bool edge, uint32_t gsi)
{
    put_head(c, DESC_INTERRUPT, 6);
    put(c, 1 | (edge ? 1 << 1 : 0), 1);
    put(c, 1, 1);
    put(c, gsi, 4);
}

/* Edge, active high, pulled up; the pin number and the controller's name follow the fixed part. */
void aml_crs_gpio_interrupt(AmlCrs *c, const char *controller, uint16_t pin)
{
    enum { FIXED = 0x17 };
    uint16_t name_at = FIXED + 2, end = name_at + strlen(controller) + 1;

    put_head(c, DESC_GPIO, end - 3);
    put(c, 1, 1);                       /* revision */
    put(c, 0, 1);                       /* an interrupt connection */
    put(c, 1, 2);                       /* consumer */
    put(c, 1, 2);                       /* edge, active high, exclusive */
    put(c, 1, 1);                       /* pull up */
    put(c, 0, 2);                       /* drive strength */
    put(c, 0, 2);                       /* debounce */
    put(c, FIXED, 2);
    put(c, 0, 1);                       /* resource source index */
    put(c, name_at, 2);
    put(c, end, 2);                     /* vendor data: none */
    put(c, 0, 2);
    put(c, pin, 2);
    g_byte_array_append(c, (const uint8_t *)controller, strlen(controller) + 1);
}

/* Address space descriptors differ in the width of their five numbers. */
static void put_space(AmlCrs *c, uint8_t space, uint8_t type_flags, unsigned width, uint64_t min, uint64_t max, uint64_t translation)
{
    uint8_t tag = width == 2 ? DESC_WORD_SPACE : width == 4 ? DESC_DWORD_SPACE : DESC_QWORD_SPACE;

    put_head(c, tag, 3 + 5 * width);
    put(c, space, 1);
    put(c, SPACE_MIN_FIXED | SPACE_MAX_FIXED, 1);
    put(c, type_flags, 1);
    put(c, 0, width);                   /* granularity */
    put(c, min, width);
    put(c, max, width);
    put(c, translation, width);
    put(c, max - min + 1, width);
}

void aml_crs_bus(AmlCrs *c, uint16_t min, uint16_t max)
{
    put_space(c, SPACE_BUS, 0, 2, min, max, 0);
}

void aml_crs_io(AmlCrs *c, uint32_t min, uint32_t max, uint32_t translation)
{
    put_space(c, SPACE_IO, IO_ENTIRE_RANGE, 4, min, max, translation);
}

void aml_crs_memory32(AmlCrs *c, uint32_t min, uint32_t max)
{
    put_space(c, SPACE_MEMORY, MEMORY_READ_WRITE, 4, min, max, 0);
}

void aml_crs_memory64(AmlCrs *c, uint64_t min, uint64_t max)
{
    put_space(c, SPACE_MEMORY, MEMORY_READ_WRITE, 8, min, max, 0);
}

void aml_crs_ram32(AmlCrs *c, uint32_t min, uint32_t max)
{
    put_space(c, SPACE_MEMORY, MEMORY_READ_WRITE | MEMORY_CACHEABLE, 4, min, max, 0);
}

void aml_crs_ram64(AmlCrs *c, uint64_t min, uint64_t max)
{
    put_space(c, SPACE_MEMORY, MEMORY_READ_WRITE | MEMORY_CACHEABLE, 8, min, max, 0);
}

void aml_name_crs(Aml *a, const char *name, AmlCrs *c)
{
    put(c, DESC_END, 1);
    put(c, 0, 1);                       /* checksum 0: taken as correct */
    aml_name(a, name);
    aml_buffer(a, c->data, c->len);
    g_byte_array_unref(c);
}
