/*
 * SMMUv3 conformance: registers (chapter 6 of Arm IHI 0070), the event queue and
 * its interrupts, and guests that mean harm.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "smmuv3-helpers.h"

/* --- Registers ------------------------------------------------------------------------------- */

enum { NEVER, ALWAYS, SMMU_OFF, CMDQ_OFF, EVENTQ_OFF, GERROR_IRQ_OFF, EVENTQ_IRQ_OFF };

/* What ones leave behind, and when a register may be written. */
typedef struct Register {
    const char *name;
    uint32_t offset;
    uint8_t size, when;
    uint64_t reset, ones;
} Register;

static const Register registers[] = {
    { "IDR0", 0x00, 4, NEVER, 0x0d4c701b, 0 },
    { "IDR1", 0x04, 4, NEVER, 0x02730010, 0 },
    { "IDR2", 0x08, 4, NEVER, 0, 0 },
    { "IDR3", 0x0c, 4, NEVER, 0x1414, 0 },
    { "IDR4", 0x10, 4, NEVER, 0, 0 },
    { "IDR5", 0x14, 4, NEVER, 0x75, 0 },
    { "IIDR", 0x18, 4, NEVER, 0, 0 },
    { "AIDR", 0x1c, 4, NEVER, 2, 0 },
    { "CR1", 0x28, 4, ALWAYS, 0, 0xfff },
    { "CR2", 0x2c, 4, SMMU_OFF, 0, 0x6 },
    { "STATUSR", 0x40, 4, NEVER, 0, 0 },
    { "AGBPA", 0x48, 4, NEVER, 0, 0 },
    { "GERROR", 0x60, 4, NEVER, 0, 0 },
    { "GERRORN", 0x64, 4, ALWAYS, 0, 0xb5 },
    { "GERROR_IRQ_CFG0", 0x68, 8, GERROR_IRQ_OFF, 0, 0x000ffffffffffffc },
    { "GERROR_IRQ_CFG1", 0x70, 4, GERROR_IRQ_OFF, 0, 0xffffffff },
    { "GERROR_IRQ_CFG2", 0x74, 4, GERROR_IRQ_OFF, 0, 0x3f },
    { "STRTAB_BASE", 0x80, 8, SMMU_OFF, 0, 0x400fffffffffffc0 },
    { "STRTAB_BASE_CFG", 0x88, 4, SMMU_OFF, 0, 0x307ff },
    { "CMDQ_BASE", 0x90, 8, CMDQ_OFF, 0, 0x400fffffffffffff },
    { "CMDQ_CONS", 0x9c, 4, CMDQ_OFF, 0, 0x7f0fffff },
    { "EVENTQ_BASE", 0xa0, 8, EVENTQ_OFF, 0, 0x400fffffffffffff },
    { "EVENTQ_IRQ_CFG0", 0xb0, 8, EVENTQ_IRQ_OFF, 0, 0x000ffffffffffffc },
    { "EVENTQ_IRQ_CFG1", 0xb8, 4, EVENTQ_IRQ_OFF, 0, 0xffffffff },
    { "EVENTQ_IRQ_CFG2", 0xbc, 4, EVENTQ_IRQ_OFF, 0, 0x3f },
    { "PRIQ_BASE without PRI", 0xc0, 8, NEVER, 0, 0 },
    { "EVENTQ_PROD", 0x100a8, 4, EVENTQ_OFF, 0, 0x800fffff },
    { "EVENTQ_CONS", 0x100ac, 4, ALWAYS, 0, 0x800fffff },
    { "PRIQ_PROD without PRI", 0x100c8, 4, NEVER, 0, 0 },
    { "PIDR4", 0xfd0, 4, NEVER, 0x04, 0 },
    { "CIDR3", 0xffc, 4, NEVER, 0xb1, 0 },
};

static uint64_t read_register(QTestState *t, const Register *r)
{
    return r->size == 8 ? qtest_readq(t, SMMU + r->offset) : qtest_readl(t, SMMU + r->offset);
}

static void write_register(QTestState *t, const Register *r, uint64_t v)
{
    if (r->size == 8) {
        qtest_writeq(t, SMMU + r->offset, v);
    } else {
        qtest_writel(t, SMMU + r->offset, v);
    }
}

/* CR0 or IRQ_CTRL while a kind of register must not change */
static uint32_t guard_cr0(unsigned when)
{
    return when == SMMU_OFF ? 1 : when == CMDQ_OFF ? 8 : when == EVENTQ_OFF ? 4 : 0;
}

static uint32_t guard_irq(unsigned when)
{
    return when == GERROR_IRQ_OFF ? 1 : when == EVENTQ_IRQ_OFF ? 4 : 0;
}

static void check_register(QTestState *t, const Register *r)
{
    uint64_t written = r->when == NEVER ? r->reset : r->ones;

    g_test_message("%s", r->name);
    g_assert_cmphex(read_register(t, r), ==, r->reset);
    write_register(t, r, UINT64_MAX);
    g_assert_cmphex(read_register(t, r), ==, written);
    if (r->size == 8) {                 /* by halves */
        g_assert_cmphex(qtest_readl(t, SMMU + r->offset + 4), ==, written >> 32);
        qtest_writel(t, SMMU + r->offset + 4, 0);
        g_assert_cmphex(read_register(t, r), ==, (uint32_t)written);
        write_register(t, r, UINT64_MAX);
    }
    if (guard_cr0(r->when) || guard_irq(r->when)) {
        qtest_writel(t, SMMU + SMMU_CMDQ_PROD, qtest_readl(t, SMMU + SMMU_CMDQ_CONS));       /* nothing to do */
        qtest_writel(t, SMMU + SMMU_CR0, guard_cr0(r->when));
        qtest_writel(t, SMMU + SMMU_IRQ_CTRL, guard_irq(r->when));
        write_register(t, r, 0);
        g_assert_cmphex(read_register(t, r), ==, written);
        qtest_writel(t, SMMU + SMMU_CR0, 0);
        qtest_writel(t, SMMU + SMMU_IRQ_CTRL, 0);
    }
    write_register(t, r, 0);
    g_assert_cmphex(read_register(t, r), ==, r->when == NEVER ? r->reset : 0);
}

static void test_registers(void)
{
    QTestState *t = qtest_init(SMMU_ARGS);

    for (unsigned i = 0; i < ARRAY_SIZE(registers); i++) {
        check_register(t, &registers[i]);
    }
    /* page 0 shows the event queue's indexes, too */
    qtest_writel(t, SMMU + 0xa8, 5);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_EVENTQ_PROD), ==, 5);
    /* 6.3.9, 6.3.16: acknowledged at once; reserved bits stay 0 */
    qtest_writel(t, SMMU + SMMU_CR0, 0xfffffff6);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_CR0ACK), ==, 0x14);
    qtest_writel(t, SMMU + SMMU_IRQ_CTRL, UINT32_MAX);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_IRQ_CTRLACK), ==, 0x5);
    qtest_writel(t, SMMU + SMMU_CR0ACK, 0);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_CR0ACK), ==, 0x14);
    /* 6.3.14: GBPA takes a value with Update, and drops that bit when done */
    qtest_writel(t, SMMU + SMMU_GBPA, 0x00100000);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_GBPA), ==, 0x1000);
    qtest_writel(t, SMMU + SMMU_GBPA, 0x80101000);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_GBPA), ==, 0x101000);
    /* 6.3.10: queue attributes are fixed while a queue is on, table attributes while translating */
    qtest_writel(t, SMMU + SMMU_CR0, 0x4);
    qtest_writel(t, SMMU + SMMU_CR1, 0xfff);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_CR1), ==, 0xfc0);
    qtest_writel(t, SMMU + SMMU_CR0, 0x1);
    qtest_writel(t, SMMU + SMMU_CR1, 0x03f);
    g_assert_cmphex(qtest_readl(t, SMMU + SMMU_CR1), ==, 0xfff);
    qtest_quit(t);
}

/* 6.3.1 to 6.3.6: what the options offer */
static void test_id_registers(void)
{
    static const struct { const char *options; uint32_t reg, mask, value; } rows[] = {
        { ",stage=1", SMMU_IDR0, 3, 2 }, { ",stage=2", SMMU_IDR0, 3, 1 }, { ",stage=nested", SMMU_IDR0, 3, 3 },
        { ",x-ats=on", SMMU_IDR0, 3 << 10, 3 << 10 }, { ",x-ssidsize=20", SMMU_IDR1, 0x7c0, 20 << 6 },
        { ",stage=1", SMMU_IDR3, 0x10, 0 }, { ",x-oas=32", SMMU_IDR5, 7, 0 }, { ",x-oas=44", SMMU_IDR5, 7, 4 },
        { ",x-oas=52", SMMU_IDR5, 0xc07, 0x406 },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        QTestState *t = qtest_init(SMMU_ARGS "%s", rows[i].options);

        g_test_message("%s", rows[i].options);
        g_assert_cmphex(qtest_readl(t, SMMU + rows[i].reg) & rows[i].mask, ==, rows[i].value);
        qtest_quit(t);
    }
}

/* --- The event queue -------------------------------------------------------------------------------- */

static void fault(SmmuTest *s, unsigned device, uint64_t iova)
{
    g_assert_cmpuint(dma_test_do(&s->fn[device], (DmaTestDesc) { DMAT_READ, .addr = iova, .len = 8 }), ==, DMAT_FAULT);
}

/* A device whose every access faults in translation. */
static void make_faulting(SmmuTest *s, uint64_t ste1)
{
    smmu_put_ste(s, smmu_sid(0), STE0(5ULL) | CDTAB, ste1, 0, 0);
    smmu_put_cd(s, CDTAB, CD0_USUAL, smmu_new_table(s), 0);
    smmu_forget(s);
}

/* 3.5.3, 7.4: full, the overflow flag and its acknowledgement, wrap */
static void test_overflow(void)
{
    SmmuTest s;
    uint64_t rec[EVT_WORDS];

    smmu_start(&s, "");
    make_faulting(&s, 0);
    for (unsigned i = 0; i < 70; i++) {
        fault(&s, 0, 0x1000ULL * i);
    }
    g_assert_cmphex(smmu_read(&s, SMMU_EVENTQ_PROD), ==, QUEUE_OVF | 64);
    for (unsigned i = 0; i < 64; i++) {
        smmu_take_event(&s, rec);
        g_assert_cmphex(rec[2], ==, 0x1000ULL * i);
    }
    g_assert_cmphex(smmu_read(&s, SMMU_EVENTQ_CONS), ==, 64);
    fault(&s, 0, 0x77000);
    g_assert_cmphex(smmu_read(&s, SMMU_EVENTQ_PROD), ==, QUEUE_OVF | 65);     /* one overflow is one, until it is acknowledged */
    smmu_write(&s, SMMU_EVENTQ_CONS, QUEUE_OVF | 65);
    for (unsigned i = 0; i < 65; i++) {
        fault(&s, 0, 0x1000ULL * i);
    }
    g_assert_cmphex(smmu_read(&s, SMMU_EVENTQ_PROD), ==, 1);                  /* wrapped, and the flag toggled back */
    g_assert_cmphex(qtest_readq(s.t, EVENTQ + EVT_SIZE + 16), ==, 0);         /* the first of them is at place 65 mod 64 */
    qtest_quit(s.t);
}

/* 5.2 MEV: repetitions are one record while it waits, and only if the STE says so */
static void test_merge(void)
{
    SmmuTest s;

    smmu_start(&s, "");
    for (unsigned mev = 0; mev < 2; mev++) {
        make_faulting(&s, (uint64_t)mev << 19);
        uint32_t before = smmu_read(&s, SMMU_EVENTQ_PROD);

        fault(&s, 0, 0x5000);
        fault(&s, 0, 0x5000);
        fault(&s, 0, 0x5008);           /* the same page */
        g_assert_cmpuint(smmu_read(&s, SMMU_EVENTQ_PROD) - before, ==, mev ? 1 : 3);
        fault(&s, 0, 0x6000);           /* another one */
        fault(&s, 0, 0x5000);           /* not behind its like */
        g_assert_cmpuint(smmu_read(&s, SMMU_EVENTQ_PROD) - before, ==, mev ? 3 : 5);
        smmu_write(&s, SMMU_EVENTQ_CONS, smmu_read(&s, SMMU_EVENTQ_PROD));
        fault(&s, 0, 0x5000);           /* the one before was taken */
        g_assert_cmpuint(smmu_read(&s, SMMU_EVENTQ_PROD) - before, ==, mev ? 4 : 6);
        smmu_write(&s, SMMU_EVENTQ_CONS, smmu_read(&s, SMMU_EVENTQ_PROD));
    }
    qtest_quit(s.t);
}

/* 6.3.12: RECINVSID; 7.3.3 */
static void test_bad_stream(void)
{
    SmmuTest s;
    uint64_t rec[EVT_WORDS];

    smmu_start(&s, "");
    for (unsigned record = 0; record < 2; record++) {
        smmu_write(&s, SMMU_CR0, 0);
        smmu_write(&s, SMMU_STRTAB_BASE_CFG, 4);                /* 16 streams: ours are beyond */
        smmu_write(&s, SMMU_CR2, record << 1);
        smmu_write(&s, SMMU_CR0, 0xd);
        fault(&s, 0, 0x1000);
        g_assert_cmpint(smmu_any_event(&s), ==, record);
    }
    smmu_take_event(&s, rec);
    g_assert_cmphex(rec[0], ==, (uint64_t)smmu_sid(0) << 32 | SMMU_EVT_C_BAD_STREAMID);
    qtest_quit(s.t);
}

/* 7.5: a queue outside RAM; the error is raised once and the guest lives on */
static void test_eventq_abort(void)
{
    SmmuTest s;

    smmu_start(&s, "");
    make_faulting(&s, 0);
    smmu_write(&s, SMMU_CR0, 9);
    smmu_writeq(&s, SMMU_EVENTQ_BASE, UART0 | 3);
    smmu_write(&s, SMMU_CR0, 0xd);
    fault(&s, 0, 0);
    fault(&s, 0, 0);
    g_assert_cmphex(smmu_read(&s, SMMU_GERROR), ==, GERROR_EVENTQ_ABT_ERR);
    g_assert_cmphex(smmu_read(&s, SMMU_EVENTQ_PROD), ==, 0);
    qtest_quit(s.t);
}

/* --- Guests that mean harm ----------------------------------------------------------------------------- */

/* Tables that lead to themselves, to devices, beyond all addresses: a walk ends, with a fault or a page. */
static void test_bad_tables(void)
{
    uint64_t self;
    SmmuTest s;

    smmu_start(&s, "");
    self = smmu_new_table(&s);
    const uint64_t entries[] = { PTE_TABLE(self), PTE_TABLE((uint64_t)SMMU), PTE_TABLE(0x0000fffffffff000ULL), UINT64_MAX, PTE_TABLE((uint64_t)STRTAB) };

    for (unsigned i = 0; i < ARRAY_SIZE(entries); i++) {
        for (unsigned config = 5; config < 8; config++) {
            for (unsigned n = 0; n < 512; n++) {
                qtest_writeq(s.t, self + n * 8, entries[i]);
            }
            smmu_put_ste(&s, smmu_sid(0), STE0((uint64_t)config) | CDTAB, 0, STE2_USUAL, self);
            smmu_put_cd(&s, CDTAB, CD0_USUAL, self, 0);
            smmu_forget(&s);
            dma_test_do(&s.fn[0], (DmaTestDesc) { DMAT_READ, .addr = PAGE, .len = 8 });
            smmu_write(&s, SMMU_EVENTQ_CONS, smmu_read(&s, SMMU_EVENTQ_PROD));
        }
    }
    /* the tables' own places */
    static const uint64_t bases[] = { NOTHING & ~0x3fULL, UART0, 0x000fffffffffffc0ULL };
    for (unsigned i = 0; i < ARRAY_SIZE(bases); i++) {
        for (unsigned fmt = 0; fmt < 4; fmt++) {
            smmu_write(&s, SMMU_CR0, 0xc);
            smmu_writeq(&s, SMMU_STRTAB_BASE, bases[i]);
            smmu_write(&s, SMMU_STRTAB_BASE_CFG, 63 | 6 << 6 | fmt << 16);
            smmu_write(&s, SMMU_CR0, 0xd);
            fault(&s, 0, PAGE);
            g_assert_cmphex(smmu_take_event_type(&s), ==, SMMU_EVT_F_STE_FETCH);
        }
    }
    qtest_quit(s.t);
}

/* Any value of PROD: the queue is never longer than it is. */
static void test_prod_jumps(void)
{
    static const uint32_t prods[] = { 0xffffffff, 0x7fffffff, 0x80000000, 65, 127, 1, 64, 0, 0xfffff };
    SmmuTest s;

    smmu_start(&s, "");
    for (unsigned i = 0; i < 64; i++) {
        qtest_writeq(s.t, CMDQ + i * CMD_SIZE, CMD_SYNC);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(prods); i++) {
        smmu_write(&s, SMMU_CMDQ_PROD, prods[i]);
        g_assert_cmphex(smmu_read(&s, SMMU_GERROR), ==, 0);
    }
    /* from one end to the other of the largest queue there may be; most of it is not RAM */
    smmu_write(&s, SMMU_CR0, 0x5);
    smmu_writeq(&s, SMMU_CMDQ_BASE, (RAM + 0x8000000) | 19);
    smmu_write(&s, SMMU_CMDQ_CONS, 0);
    smmu_write(&s, SMMU_CR0, 0xd);
    smmu_write(&s, SMMU_CMDQ_PROD, 0x80000);
    g_assert_cmphex(smmu_read(&s, SMMU_GERROR), ==, 1);          /* opcode 0 is illegal */
    qtest_quit(s.t);
}

/* A storm of faults with a queue of two records; the log is not flooded either. */
static void test_storm(void)
{
    g_autofree char *log = g_strdup_printf("%s/log", qtest_tmpdir());
    g_autofree char *options = g_strdup_printf(" -d guest_errors -D %s", log);
    g_autofree char *text = NULL;
    unsigned lines = 0;
    SmmuTest s;

    smmu_start(&s, options);
    make_faulting(&s, 0);
    smmu_write(&s, SMMU_CR0, 9);
    smmu_writeq(&s, SMMU_EVENTQ_BASE, EVENTQ | 1);
    smmu_write(&s, SMMU_CR0, 0xd);
    for (unsigned i = 0; i < 5000; i++) {
        qtest_writel(s.t, s.fn[0].bar + DMAT_REG_GO, 1);
        smmu_command(&s, 0xff, 0);
        smmu_write(&s, SMMU_CMDQ_PROD, s.prod);
        smmu_write(&s, SMMU_GERRORN, smmu_read(&s, SMMU_GERROR));
        smmu_write(&s, SMMU_STRTAB_BASE_CFG, i);
    }
    qtest_quit(s.t);
    if (g_file_get_contents(log, &text, NULL, NULL)) {
        for (const char *p = text; (p = strchr(p, '\n')); p++) {
            lines++;
        }
    }
    g_test_message("%u lines of log", lines);
    g_assert_cmpuint(lines, <, 1000);
}

/* --- Many ------------------------------------------------------------------------------------------------- */

/* 65 SMMUs on one machine, the last as able as the first. */
static void test_many(void)
{
    g_autoptr(GString) args = g_string_new(VIRT_ARGS "-device arm-smmuv3,primary-bus=pcie.0");

    for (unsigned i = 0; i < 64; i++) {
        g_string_append_printf(args, " -device pxb-pcie,id=p%u,bus_nr=%u,bus=pcie.0,multifunction=on,addr=%x.%x -device arm-smmuv3,primary-bus=p%u,id=s%u",
                               i, 2 + i * 2, 4 + i / 8, i % 8, i, i);
    }
    QTestState *t = qtest_init("%s", args->str);
    for (unsigned i = 0; i < 65; i++) {
        uint64_t base = SMMU + i * 0x20000ULL;

        g_assert_cmphex(qtest_readl(t, base + SMMU_IDR1), ==, 0x02730010);
        qtest_writel(t, base + SMMU_STRTAB_BASE_CFG, i);
    }
    for (unsigned i = 0; i < 65; i++) {
        g_assert_cmphex(qtest_readl(t, SMMU + i * 0x20000ULL + SMMU_STRTAB_BASE_CFG), ==, i);
    }
    qtest_quit(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smmuv3/registers/table", test_registers);
    g_test_add_func("/smmuv3/registers/id", test_id_registers);
    g_test_add_func("/smmuv3/events/overflow", test_overflow);
    g_test_add_func("/smmuv3/events/merge", test_merge);
    g_test_add_func("/smmuv3/events/bad-stream", test_bad_stream);
    g_test_add_func("/smmuv3/events/abort", test_eventq_abort);
    g_test_add_func("/smmuv3/harm/tables", test_bad_tables);
    g_test_add_func("/smmuv3/harm/prod-jumps", test_prod_jumps);
    g_test_add_func("/smmuv3/harm/storm", test_storm);
    g_test_add_func("/smmuv3/many", test_many);
    return g_test_run();
}
