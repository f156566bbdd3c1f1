/*
 * x and xp: guest memory as numbers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/accel.h"
#include "monitor-internal.h"
#include "system/memory.h"
#include "util/options.h"

#define MAX_COUNT 65536

typedef struct DumpFormat { unsigned count, size; char letter; } DumpFormat;

/* "/16xw addr": count, one of x d u o c, one of b h w g */
static bool parse_format(DumpFormat *f, const char *spec)
{
    *f = (DumpFormat) { .count = 1, .size = 4, .letter = 'x' };
    if (g_ascii_isdigit(*spec)) {
        char *end;
        unsigned long n = strtoul(spec, &end, 10);
        f->count = MIN(n, (unsigned long)MAX_COUNT);
        spec = end;
    }
    for (; *spec; spec++) {
        switch (*spec) {
        case 'x': case 'd': case 'u': case 'o': case 'c': f->letter = *spec; break;
        case 'b': f->size = 1; break;
        case 'h': f->size = 2; break;
        case 'w': f->size = 4; break;
        case 'g': case 'L': f->size = 8; break;
        default: return false;
        }
    }
    f->size = f->letter == 'c' ? 1 : f->size;
    return true;
}

static void print_value(GString *out, const DumpFormat *f, uint64_t v)
{
    int64_t sv = sextract64(v, 0, f->size * 8);

    switch (f->letter) {
    case 'd': g_string_append_printf(out, " %" PRId64, sv); break;
    case 'u': g_string_append_printf(out, " %" PRIu64, v); break;
    case 'o': g_string_append_printf(out, " 0%" PRIo64, v); break;
    case 'c': g_string_append_printf(out, g_ascii_isprint(v) ? " '%c'" : " '\\x%02x'", (int)v); break;
    default: g_string_append_printf(out, " 0x%0*" PRIx64, (int)f->size * 2, v);
    }
}

/* @cpu: whose tables translate @addr; NULL: it is physical. Values are aligned or may straddle pages, so each byte is looked up. */
static bool read_guest(CPUState *cpu, uint64_t addr, uint8_t *buf, unsigned size)
{
    for (unsigned i = 0; cpu && i < size; i++) {
        uint64_t pa;
        if (!CPU_GET_CLASS(cpu)->virt_to_phys(cpu, addr + i, &pa) ||
            address_space_read(&address_space_memory, pa, MEMTXATTRS_UNSPECIFIED, buf + i, 1) != MEMTX_OK) {
            return false;
        }
    }
    return cpu || address_space_read(&address_space_memory, addr, MEMTXATTRS_UNSPECIFIED, buf, size) == MEMTX_OK;
}

static void dump(GString *out, const DumpFormat *f, CPUState *cpu, uint64_t addr)
{
    unsigned per_line = f->letter == 'c' ? 8 : 16 / f->size;

    for (unsigned i = 0; i < f->count; i++, addr += f->size) {
        uint8_t buf[8] = { 0 };

        if (i % per_line == 0) {
            g_string_append_printf(out, "%s%016" PRIx64 ":", i ? "\n" : "", addr);
        }
        if (!read_guest(cpu, addr, buf, f->size)) {
            g_string_append(out, "\nNothing can be read there\n");
            return;
        }
        print_value(out, f, ldn_le_p(buf, f->size));
    }
    g_string_append_c(out, '\n');
}

static void memory_dump(GString *out, const char *args, CPUState *cpu, const char *name)
{
    g_autofree char *spec = NULL;
    DumpFormat f;
    uint64_t addr;
    size_t n = 0;

    if (*args == '/') {
        n = strcspn(++args, " ");
    }
    spec = g_strndup(args, n);
    args += n + strspn(args + n, " ");
    if (!parse_format(&f, spec) || !parse_uint64(args, &addr)) {
        g_string_append_printf(out, "usage: %s/[COUNT][x|d|u|o|c][b|h|w|g] ADDRESS\n", name);
        return;
    }
    dump(out, &f, cpu, addr);
}

void hmp_xp(GString *out, const char *args)
{
    memory_dump(out, args, NULL, "xp");
}

/* As the first CPU sees memory. */
void hmp_x(GString *out, const char *args)
{
    CPUState *cpu = qemu_get_cpu(0);

    if (cpu && CPU_GET_CLASS(cpu)->virt_to_phys) {
        cpu_synchronize_state(cpu);
    } else {
        cpu = NULL;
    }
    memory_dump(out, args, cpu, "x");
}
