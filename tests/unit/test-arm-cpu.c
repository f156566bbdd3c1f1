/*
 * CPU models without a machine: what tables read from them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "target/arm/cpu.h"
#include "../../target/arm/translate.h"
#include "util/options.h"

static ARMCPU *make(const char *model)
{
    g_autofree char *type = g_strconcat(model, ARM_CPU_TYPE_SUFFIX, NULL);

    return ARM_CPU(object_new(type));
}

static void check_cache(const ARMCPU *cpu, unsigned level, bool ins, uint32_t size, uint32_t line)
{
    ARMCacheInfo c = arm_cpu_cache(cpu, level, ins);

    g_assert_true(c.present);
    g_assert_cmpuint(c.size, ==, size);
    g_assert_cmpuint(c.line, ==, line);
    g_assert_cmpuint(c.sets * c.ways * c.line, ==, c.size);
}

static void test_a57(void)
{
    ARMCPU *cpu = make("cortex-a57");

    g_assert_cmphex(cpu->midr, ==, 0x411fd070);
    g_assert_cmpuint(arm_cpu_pa_bits(cpu), ==, 44);
    check_cache(cpu, 1, false, 32 * KiB, 64);
    check_cache(cpu, 1, true, 48 * KiB, 64);
    check_cache(cpu, 2, false, 2 * MiB, 64);
    g_assert_false(arm_cpu_cache_unified(cpu, 1));
    g_assert_true(arm_cpu_cache_unified(cpu, 2));
    g_assert_false(arm_cpu_cache(cpu, 2, true).present);
    object_unref(cpu);
}

/* Levels that no CPU has are absent, whatever is asked. */
static void test_no_such_level(void)
{
    ARMCPU *cpu = make("cortex-a53");
    static const unsigned levels[] = { 0, 3, 7, 8, 100 };

    for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
        g_assert_false(arm_cpu_cache(cpu, levels[i], false).present);
        g_assert_false(arm_cpu_cache(cpu, levels[i], true).present);
        g_assert_false(arm_cpu_cache_unified(cpu, levels[i]));
    }
    object_unref(cpu);
}

static void test_every_model(void)
{
    static const char *const names[] = {
        "cortex-a35", "cortex-a53", "cortex-a55", "cortex-a57", "cortex-a72", "cortex-a76", "cortex-a710", "cortex-a78ae",
        "neoverse-n1", "neoverse-n2", "neoverse-v1", "a64fx", "max",
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const ARMCPUModel *m = arm_cpu_model_find(names[i]);
        ARMCPU *cpu = make(names[i]);

        g_assert_nonnull(m);
        g_assert_true(cpu->model == m);
        g_assert_true(g_str_has_prefix(m->dtb_compatible, "arm,"));
        g_assert_true(arm_cpu_cache(cpu, 1, false).present && arm_cpu_cache(cpu, 1, true).present);
        g_assert_cmpuint(arm_cpu_pa_bits(cpu), >=, 40);
        object_unref(cpu);
    }
    g_assert_null(arm_cpu_model_find("cortex-z99"));
}

/* The accelerator's address width is a ceiling, not a replacement. */
static void test_pa_limit(void)
{
    ARMCPU *cpu = make("neoverse-n1");

    g_assert_cmpuint(arm_cpu_pa_bits(cpu), ==, 48);
    cpu->pa_limit = 40;
    g_assert_cmpuint(arm_cpu_pa_bits(cpu), ==, 40);
    cpu->pa_limit = 52;
    g_assert_cmpuint(arm_cpu_pa_bits(cpu), ==, 48);
    object_unref(cpu);
}

static void test_flags(void)
{
    ARMCPU *cpu = make("max");
    Error *err = NULL;

    g_assert_true(object_property_get_bool(OBJECT(cpu), "pmu", NULL));
    g_assert_true(object_property_set_bool(OBJECT(cpu), "pmu", false, NULL));
    g_assert_false(object_property_get_bool(OBJECT(cpu), "pmu", NULL));
    g_assert_true(object_property_set_bool(OBJECT(cpu), "kvm-no-adjvtime", true, NULL));
    g_assert_false(cpu->kvm_adjvtime);
    g_assert_false(object_property_set_bool(OBJECT(cpu), "aarch64", false, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "64-bit"));
    error_free(err);
    object_unref(cpu);
}

static void test_dump(void)
{
    ARMCPU *cpu = make("max");
    g_autoptr(GString) out = g_string_new(NULL);

    cpu->pc = 0x1234;
    cpu->x[30] = 0xabcd;
    cpu->pstate = 0x3c5;
    CPU_GET_CLASS(cpu)->dump_state(CPU(cpu), out);
    g_assert_nonnull(strstr(out->str, "PC=0000000000001234"));
    g_assert_nonnull(strstr(out->str, "X30=000000000000abcd"));
    g_assert_nonnull(strstr(out->str, "EL1h"));
    object_unref(cpu);
}

/* --- translation ------------------------------------------------------------------- */

typedef struct Entry { hwaddr at; uint64_t desc; } Entry;

/* @opaque: entries, ended by one of address 0. */
static bool read_entry(hwaddr at, uint64_t *desc, void *opaque)
{
    for (const Entry *e = opaque; e->at; e++) {
        if (e->at == at) {
            *desc = e->desc;
            return true;
        }
    }
    return false;
}

#define TCR_48_4K   (16ULL | 16ULL << 16 | 2ULL << 30)
#define NOWHERE     UINT64_MAX

static void check_walk(uint64_t sctlr, uint64_t tcr, uint64_t va, uint64_t expected)
{
    /* TTBR1 at 0x10000: 4 KiB pages; TTBR0 at 0x20000: 64 KiB pages of 42 bits. */
    Entry tables[] = {
        { 0x10000 + 8 * 256, 0x11003 }, { 0x11000 + 8 * 1, 0x12003 }, { 0x12000 + 8 * 2, 0x13003 },
        { 0x13000 + 8 * 3, 0x40000abcd000 | 0x703 },            /* a page */
        { 0x12000 + 8 * 4, 0x80000000 | 0x701 },                /* 2 MiB */
        { 0x11000 + 8 * 5, 0x4000000000 | 0x701 },              /* 1 GiB */
        { 0x10000 + 8 * 257, 0x1000000001 },                    /* a block where none may be */
        { 0x13000 + 8 * 6, 0x5001 },                            /* a page that is none */
        { 0x13000 + 8 * 7, 0x5002 },                            /* not valid */
        { 0x20000 + 8 * 1, 0x30003 }, { 0x30000 + 8 * 2, 0x123450000 | 0x5000 | 0x703 },
        { 0 },
    };
    ArmEL1Regs regs = { .sctlr = sctlr, .tcr = tcr, .ttbr = { 0x20000 | 1, 0x10000 | 0xabULL << 48 } };
    hwaddr pa = NOWHERE;

    if (!arm_translate(&regs, va, read_entry, tables, &pa)) {
        pa = NOWHERE;
    }
    g_assert_cmphex(pa, ==, expected);
}

static void test_translate(void)
{
    const uint64_t high = 0xffff800000000000, tcr_64k = TCR_48_4K - 16 + 22 + (1 << 14), tbi = 1ULL << 38;

    check_walk(0, 0, 0x1234, 0x1234);                           /* the MMU is off */
    check_walk(1, TCR_48_4K, high | 1 << 30 | 2 << 21 | 3 << 12 | 0x678, 0x40000abcd678);
    check_walk(1, TCR_48_4K, high | 1 << 30 | 4 << 21 | 0x12345, 0x80012345);
    check_walk(1, TCR_48_4K, high | 5ULL << 30 | 0x3456789, 0x4003456789);
    check_walk(1, TCR_48_4K, high | 1ULL << 39 | 0x1000, NOWHERE);
    check_walk(1, TCR_48_4K, high | 1 << 30 | 2 << 21 | 6 << 12, NOWHERE);
    check_walk(1, TCR_48_4K, high | 1 << 30 | 2 << 21 | 7 << 12, NOWHERE);
    check_walk(1, TCR_48_4K, high | 1 << 30 | 2 << 21 | 8 << 12, NOWHERE);
    check_walk(1, TCR_48_4K, 0x00ff800000000000 | 1 << 30 | 4 << 21, NOWHERE);       /* between the halves */
    check_walk(1, TCR_48_4K | tbi, 0x5aff800000000000 | 1 << 30 | 4 << 21, 0x80000000);
    check_walk(1, TCR_48_4K | 1 << 23, high | 1 << 30 | 4 << 21, NOWHERE);           /* no walks by TTBR1 */
    check_walk(1, tcr_64k, 1 << 29 | 2 << 16 | 0x9876, 0x5000123459876);
    check_walk(1, TCR_48_4K & ~(3ULL << 30), high | 1 << 30 | 4 << 21, NOWHERE);     /* reserved granule */
    check_walk(1, (TCR_48_4K & ~(0x3fULL << 16)) | 8 << 16, high, NOWHERE);          /* 56 bits */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/arm-cpu/cortex-a57", test_a57);
    g_test_add_func("/arm-cpu/no-such-level", test_no_such_level);
    g_test_add_func("/arm-cpu/every-model", test_every_model);
    g_test_add_func("/arm-cpu/pa-limit", test_pa_limit);
    g_test_add_func("/arm-cpu/flags", test_flags);
    g_test_add_func("/arm-cpu/dump", test_dump);
    g_test_add_func("/arm-cpu/translate", test_translate);
    return g_test_run();
}
