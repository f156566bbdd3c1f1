/*
 * accel=on, scene by scene: what is attached after each step of a guest, how many
 * calls it took, what the guest is told.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "smmuv3-accel-guest.h"

/* --- Scenes ------------------------------------------------------------------------------------------ */

static void test_scene(void)
{
    start();
    scene();
    end();
}

static void test_bad_ste(void)
{
    start();
    g_assert_true(plug(0, &error_abort));
    driver_starts(true);
    set_ste(0, STE_S1(1), 0);
    g_assert_cmpuint(take_events(SMMU_EVT_C_BAD_STE), ==, 0);
    set_ste(0, 1 | 6 << 1, 0);                              /* stage 2 */
    check_all();
    g_assert_cmpuint(take_events(SMMU_EVT_C_BAD_STE), ==, 1);
    set_ste(0, STE_S1(1), 0);
    fail_at = 1;
    fail_errno = ENOMEM;
    set_ste(0, STE_S1(2), 0);
    check_all();
    g_assert_true(failed);
    g_assert_cmpuint(FIELD_EX64(obj[fdev[0].table].ste[0], STE0, CONFIG), ==, 0);
    g_assert_cmpuint(take_events(SMMU_EVT_C_BAD_STE), ==, 1);
    failed = false;
    set_ste(0, STE_S1(2), 0);                               /* and it heals */
    check_all();
    end();
}

/* One call for a run, none a device. */
static void test_batch(void)
{
    start();
    g_assert_true(plug(0, &error_abort) && plug(3, &error_abort));
    driver_starts(true);
    set_ste(0, STE_S1(1), 0);
    set_ste(3, STE_S1(2), 0);
    invalidate_calls = invalidated = 0;
    for (unsigned i = 0; i < 512; i++) {
        queue_command(CMD_TLBI_NH_VA | 1ULL << 48, (uint64_t)i << 12 | 1);
    }
    queue_command(CMD_SYNC, 0);
    queue_command(CMD_CFGI_CD_ALL | (uint64_t)0xffff << 32, 0);     /* nobody's */
    queue_command(CMD_SYNC, 0);
    run();
    g_assert_cmpuint(invalidate_calls, ==, 1);
    g_assert_cmpuint(invalidated, ==, 512);
    end();
}

/* Same words, same table; unlike words in one host group end on abort, with an event. */
static void test_sharing(void)
{
    start();
    for (unsigned i = 0; i < NDEV; i++) {
        g_assert_true(plug(i, &error_abort));
    }
    driver_starts(true);
    set_ste(0, STE_S1(1), 0);
    set_ste(3, STE_S1(1), 0);
    check_all();
    g_assert_cmpuint(fdev[0].table, ==, fdev[3].table);
    set_ste(1, STE_S1(2), 0);
    check_all();                                            /* its fellow is still on abort */
    set_ste(2, STE_S1(2), 0);
    check_all();
    g_assert_cmpuint(fdev[1].table, ==, fdev[2].table);
    g_assert_cmpuint(FIELD_EX64(obj[fdev[1].table].ste[0], STE0, CONFIG), ==, 5);
    g_assert_cmpuint(take_events(SMMU_EVT_C_BAD_STE), ==, 0);
    put64(CDS + 3 * 0x1000, 1);                             /* other contents, so really apart */
    set_ste(2, STE_S1(3), 0);
    check_all();
    g_assert_cmpuint(take_events(SMMU_EVT_C_BAD_STE), ==, 0);
    accel_conflicts_due(smmu->accel_state);                 /* it lasted */
    g_assert_cmpuint(take_events(SMMU_EVT_C_BAD_STE), ==, 2);
    accel_conflicts_due(smmu->accel_state);
    g_assert_cmpuint(take_events(SMMU_EVT_C_BAD_STE), ==, 0);
    /* two CD tables with the same contents are the same translation */
    put64(CDS + 3 * 0x1000, 0);
    set_ste(2, STE_S1(3), 0);
    g_assert_cmpuint(FIELD_EX64(obj[fdev[2].table].ste[0], STE0, CONFIG), ==, 5);
    /* until one of them is changed */
    put64(CDS + 3 * 0x1000, 1);
    queue_command(CMD_CFGI_CD | (uint64_t)sid_of(2) << 32, 1);
    queue_command(CMD_SYNC, 0);
    run();
    g_assert_cmpuint(FIELD_EX64(obj[fdev[2].table].ste[0], STE0, CONFIG), ==, 0);
    end();
}

/* Firmware gives bus numbers, later the guest changes them. */
static void test_renumber(void)
{
    start();
    bridge_config[0][PCI_SECONDARY_BUS] = 0;
    g_assert_true(plug(0, &error_abort));
    bridge_config[0][PCI_SECONDARY_BUS] = 9;
    smmu->engine->pci_ops->rid_changed(bus[0], smmu, 0);
    driver_starts(true);
    set_ste(0, STE_S1(1), 0);
    check_all();
    bridge_config[0][PCI_SECONDARY_BUS] = 0x42;
    smmu->engine->pci_ops->rid_changed(bus[0], smmu, 0);
    check_all();
    g_assert_cmpuint(FIELD_EX64(obj[fdev[0].table].ste[0], STE0, CONFIG), ==, 0);
    set_ste(0, STE_S1(1), 0);
    check_all();
    end();
}

/* Two that exchange their numbers, one write after the other: both translate again, each by its own. */
static void test_exchange(void)
{
    start();
    g_assert_true(plug(0, &error_abort) && plug(3, &error_abort));
    driver_starts(true);
    set_ste(0, STE_S1(1), 0);
    set_ste(3, STE_S1(2), 0);
    exchange_numbers(0, 3);
    check_all();
    g_assert_cmpuint(FIELD_EX64(obj[fdev[0].table].ste[0], STE0, CONFIG), ==, 5);
    end();
}

static unsigned seen_in_log(unsigned from, uint8_t op)
{
    unsigned n = 0;

    for (unsigned i = from; i < n_log; i++) {
        n += (log_cmd[i] & 0xff) == op;
    }
    return n;
}

/* The host takes no invalidation any more: abort, and nothing leaves it before the host has caught up. */
static void test_fail_closed(void)
{
    unsigned from;

    start();
    g_assert_true(plug(0, &error_abort));
    driver_starts(true);
    set_ste(0, STE_S1(1), 0);
    invalidate_fails = 4;
    invalidate_errno = EIO;
    queue_command(CMD_TLBI_NH_ASID | 1ULL << 48, 0);
    queue_command(CMD_SYNC, 0);
    run();                                                  /* as it is, again, widened: three calls */
    g_assert_cmpuint(FIELD_EX64(obj[fdev[0].table].ste[0], STE0, CONFIG), ==, 0);
    g_assert_cmpuint(take_events(SMMU_EVT_C_BAD_STE), ==, 1);
    set_ste(0, STE_S1(2), 0);                               /* the fourth: not yet */
    g_assert_cmpuint(FIELD_EX64(obj[fdev[0].table].ste[0], STE0, CONFIG), ==, 0);
    g_assert_cmpuint(take_events(SMMU_EVT_C_BAD_STE), ==, 1);
    from = n_log;
    set_ste(0, STE_S1(2), 0);
    g_assert_cmpuint(seen_in_log(from, CMD_TLBI_NSNH_ALL), ==, 1);
    failed = false;
    check_all();
    end();
}

/* Two functions of one group disagree by their CDs' contents: CFGI_CD alone brings them together. */
static void test_heal_by_cd(void)
{
    start();
    g_assert_true(plug(1, &error_abort) && plug(2, &error_abort));
    driver_starts(true);
    put64(CDS + 0x1000, 7);
    set_ste(1, STE_S1(1), 0);
    set_ste(2, STE_S1(2), 0);
    g_assert_cmpuint(FIELD_EX64(obj[fdev[1].table].ste[0], STE0, CONFIG), ==, 0);
    put64(CDS + 0x2000, 7);
    queue_command(CMD_CFGI_CD | (uint64_t)sid_of(2) << 32, 1);
    queue_command(CMD_SYNC, 0);
    run();
    g_assert_cmpuint(FIELD_EX64(obj[fdev[1].table].ste[0], STE0, CONFIG), ==, 5);
    put64(CDS + 0x1000, 0);
    put64(CDS + 0x2000, 0);
    end();
}

/* EATS only where the guest sees ATS; a device that has it is invalidated with all others in one call. */
static void test_ats(void)
{
    start();
    function[0].exp.ats_cap = 0;                            /* vfio-pci,ats=off */
    g_assert_true(plug(0, &error_abort) && plug(1, &error_abort) && plug(2, &error_abort) && plug(3, &error_abort) && plug(4, &error_abort));
    driver_starts(true);
    for (unsigned i = 0; i < NDEV; i++) {
        set_ste(i, STE_S1(1), 1ULL << 28);
    }
    for (unsigned i = 0; i < NDEV; i++) {
        g_assert_cmpuint(FIELD_EX64(obj[fdev[i].table].ste[1], STE1, EATS), ==, i != 0 && i != 3);
        set_ste(i, STE_S1(1), 2ULL << 28);                  /* split stage: not what the kernel takes */
        g_assert_cmpuint(FIELD_EX64(obj[fdev[i].table].ste[1], STE1, EATS), ==, 0);
        set_ste(i, STE_S1(1), 1ULL << 28);
    }
    invalidate_calls = invalidated = 0;
    for (unsigned n = 0; n < 100; n++) {
        queue_command(CMD_ATC_INV | (uint64_t)sid_of(n % NDEV) << 32, (uint64_t)n << 12);
    }
    queue_command(CMD_SYNC, 0);
    run();
    g_assert_cmpuint(invalidate_calls, ==, 1);
    g_assert_cmpuint(invalidated, ==, 60);                  /* those of the three that have it on */
    function[0].exp.ats_cap = ATS_CAP;
    end();
}

/* 2 MiB unmapped by a guest without range invalidation, 64 commands a ring of the bell: one call at the SYNC. */
static void test_unmap_bells(void)
{
    start();
    g_assert_true(plug(0, &error_abort));
    driver_starts(true);
    set_ste(0, STE_S1(1), 0);
    invalidate_calls = invalidated = 0;
    for (unsigned i = 0; i < 512; i++) {
        queue_command(CMD_TLBI_NH_VA | 1ULL << 48, (uint64_t)i << 12 | 1);
        if (i % 64 == 63) {
            run();
            g_assert_cmpuint(invalidate_calls, ==, 0);
        }
    }
    queue_command(CMD_SYNC, 0);
    run();
    g_assert_cmpuint(invalidate_calls, ==, 1);
    g_assert_cmpuint(invalidated, ==, 512);
    /* What was left without a SYNC goes down before a stream's table changes. */
    queue_command(CMD_TLBI_NH_VA | 1ULL << 48, 1);
    run();
    set_ste(0, STE_S1(2), 0);
    g_assert_cmpuint(invalidate_calls, ==, 2);
    g_assert_cmpuint(invalidated, ==, 513);
    end();
}

/* 2 MiB unmapped by a guest without range invalidation: 512 commands, one call; with, one command. */
static void test_unmap_2m(void)
{
    start();
    g_assert_true(plug(0, &error_abort));
    driver_starts(true);
    set_ste(0, STE_S1(1), 0);
    for (unsigned ril = 0; ril < 2; ril++) {
        invalidate_calls = 0;
        for (unsigned i = 0; i < (ril ? 1 : 512); i++) {
            queue_command(CMD_TLBI_NH_VA | 1ULL << 48 | (ril ? 31ULL << 12 | 4ULL << 20 : 0), (uint64_t)i << 12 | 1 | (ril ? 1 << 10 : 0));
        }
        queue_command(CMD_SYNC, 0);
        run();
        g_assert_cmpuint(invalidate_calls, ==, 1);
    }
    end();
}

static void test_no_answer(void)
{
    unsigned from;

    n_log = 0;
    start();
    g_assert_true(plug(0, &error_abort));
    driver_starts(true);
    set_ste(0, STE_S1(1), 0);
    from = n_log;
    fail_at = 1;
    fail_errno = ETIMEDOUT;
    queue_command(CMD_TLBI_NSNH_ALL, 0);
    queue_command(CMD_SYNC, 0);
    wr(SMMU_CMDQ_PROD, cmd_prod, 4);
    g_assert_cmphex(rd(SMMU_CMDQ_CONS) >> 24, ==, CERROR_ATC_INV_SYNC);
    g_assert_cmpuint(seen_in_log(from, CMD_TLBI_NSNH_ALL), ==, 1);      /* what the kernel may have left out is done */
    g_assert_cmpuint(seen_in_log(from, CMD_CFGI_CD_ALL), ==, 1);
    wr(SMMU_GERRORN, rd(SMMU_GERROR), 4);
    run();
    failed = false;
    check_all();
    end();
}

/* Records, a gap, a wrap of the sequence, a header that says "lost" */
static void test_events(void)
{
    static const struct { uint32_t flags, seq; bool lost; } cases[] = {
        { 0, 0, false }, { 0, 2, true }, { 0, 0x7ffffffd, true }, { 0, 0x7ffffffe, false }, { 0, 0x7fffffff, false }, { 0, 0, false }, { 0, 2, true }, { 1, 3, true }, { 0, 4, false },
    };
    bool lost;
    uint32_t seq = ACCEL_SEQ_NONE;
    uint64_t rec[8][EVT_WORDS];

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct { struct iommufd_vevent_header h; uint64_t evt[4]; } r = {
            { cases[i].flags, cases[i].seq }, { 0x90000000010ULL, ~0ULL, 0x1234, 0x5678 },
        };
        unsigned n = accel_events_parse(&r, cases[i].flags ? sizeof(r.h) : sizeof(r), &seq, rec, &lost);

        g_assert_cmpuint(n, ==, cases[i].flags ? 0 : 1);
        g_assert_cmpint(lost, ==, cases[i].lost);
        if (n) {
            g_assert_cmphex(rec[0][0], ==, 0x90000000010ULL);
            g_assert_cmphex(rec[0][1] & ~(0xeULL << 32 | 3ULL << 40), ==, 0);
            g_assert_cmphex(rec[0][2], ==, 0x1234);
            g_assert_cmphex(rec[0][3], ==, 0);
        }
    }
    g_assert_cmpuint(accel_events_parse("abc", 3, &seq, rec, &lost), ==, 0);
}

static void test_capabilities(void)
{
    HostIOMMUDeviceCaps saved = fdev[0].hiod->caps;
    Error *err = NULL;

    start();
    g_assert_true(plug(0, &error_abort));
    g_assert_cmpuint(FIELD_EX32(rd(SMMU_IDR3), IDR3, RIL), ==, 1);       /* read: frozen */
    g_assert_cmpuint(FIELD_EX32(rd(SMMU_IDR5), IDR5, OAS), ==, 4);
    unplug(0);
    fdev[0].hiod->caps.smmuv3.idr[3] = 0;
    g_assert_false(plug(0, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "range invalidation"));
    g_clear_pointer(&err, error_free);
    reset_device();                                                        /* open again */
    g_assert_true(plug(0, &error_abort));
    g_assert_cmpuint(FIELD_EX32(rd(SMMU_IDR3), IDR3, RIL), ==, 0);
    unplug(0);
    fdev[0].hiod->caps.type = 0;
    g_assert_false(plug(0, &err));
    g_clear_pointer(&err, error_free);
    fdev[0].hiod->caps = saved;
    end();
}

static void add(void)
{
    g_test_add_func("/smmuv3/accel/scene", test_scene);
    g_test_add_func("/smmuv3/accel/bad-ste", test_bad_ste);
    g_test_add_func("/smmuv3/accel/batch", test_batch);
    g_test_add_func("/smmuv3/accel/sharing", test_sharing);
    g_test_add_func("/smmuv3/accel/renumber", test_renumber);
    g_test_add_func("/smmuv3/accel/exchange", test_exchange);
    g_test_add_func("/smmuv3/accel/fail-closed", test_fail_closed);
    g_test_add_func("/smmuv3/accel/heal-by-cd", test_heal_by_cd);
    g_test_add_func("/smmuv3/accel/ats", test_ats);
    g_test_add_func("/smmuv3/accel/unmap-2m", test_unmap_2m);
    g_test_add_func("/smmuv3/accel/unmap-bells", test_unmap_bells);
    g_test_add_func("/smmuv3/accel/no-answer", test_no_answer);
    g_test_add_func("/smmuv3/accel/events", test_events);
    g_test_add_func("/smmuv3/accel/capabilities", test_capabilities);
}

int main(int argc, char **argv)
{
    return run_tests(add, argc, argv);
}
