/*
 * accel=on against guests that do anything and hosts that fail: no device ever
 * translates through a configuration the guest has withdrawn. "-m slow" plays a
 * hundred times as long.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "smmuv3-accel-guest.h"

/* Every host call of the scene fails once, with each errno that means something. */
static void test_failures(void)
{
    static const int errnos[] = { EINVAL, ENOMEM, EBUSY, ETIMEDOUT, EIO };
    unsigned total;

    start();
    calls = 0;
    scene();
    total = calls;
    end();
    for (unsigned e = 0; e < ARRAY_SIZE(errnos); e++) {
        for (unsigned n = 1; n <= total; n++) {
            start();
            fail_at = n;
            fail_errno = errnos[e];
            scene();
            end();
        }
    }
}

/* A guest that does anything, and a host that fails now and then. */
static void random_step(GRand *r)
{
    unsigned i = g_rand_int(r) % NDEV;
    const uint64_t stes[] = {
        0, STE_ABORT, STE_BYPASS, STE_S1(1), STE_S1(2), STE_S1(g_rand_int(r) % 8), 1 | 7 << 1, g_rand_int(r),
        STE_S1(g_rand_int(r) % 8) | (uint64_t)(g_rand_int(r) % 10) << 59 | (g_rand_int(r) % 4) << 4,
    };

    switch (g_rand_int(r) % 15) {
    case 0:
        if (fdev[i].plugged && (i != 4 || g_rand_int(r) % 8 == 0)) {
            unplug(i);
        } else if (!fdev[i].plugged) {
            plug(i, NULL);
        }
        break;
    case 1:
        wr(SMMU_CR0, 0xe | g_rand_int(r) % 2, 4);
        break;
    case 2:
        wr(SMMU_GBPA, 1U << 31 | (g_rand_int(r) % 2) << 20, 4);
        break;
    case 3:
        if (g_rand_int(r) % 16 == 0) {
            reset_device();
            if (!fdev[4].plugged) {
                plug(4, NULL);                              /* who has PRI: what it is told of depends on it */
            }
            driver_starts(false);
        }
        break;
    case 4:
    case 5:
        for (unsigned n = g_rand_int(r) % 40; n; n--) {     /* the last two only if it was told of ATS and PRI */
            queue_command((const uint8_t[]) { 5, 6, 0x10, 0x11, 0x12, 0x13, 0x30, 0x40, 0x41 }[g_rand_int(r) % (told(16) ? 9 : told(10) ? 8 : 7)] |
                          (uint64_t)(g_rand_int(r) % 2 ? sid_of(i) : g_rand_int(r)) << 32, (uint64_t)g_rand_int(r) << 14);
        }
        run();
        break;
    case 6:
        for (unsigned n = g_rand_int(r) % 20; n; n--) {
            page_request(4, g_rand_int(r) % 512);
        }
        main_thread();
        break;
    case 7:
        main_thread();
        answer_requests(g_rand_int(r) % 3);
        g_assert_cmpuint(n_requests, ==, 0);                /* no device waits for ever */
        break;
    case 8:
        exchange_numbers(i, g_rand_int(r) % NDEV);
        break;
    default:
        set_ste(i, stes[g_rand_int(r) % ARRAY_SIZE(stes)], g_rand_int(r) % 4 ? 0 : g_rand_int(r));
        if (g_rand_int(r) % 4 == 0) {
            take_events(0);
        }
    }
}

static void test_random(void)
{
    g_autoptr(GRand) r = g_rand_new_with_seed(g_test_slow() ? (uint32_t)g_test_rand_int() : 11);

    start();
    for (unsigned i = 0; i < 8; i++) {
        put64(CDS + i * 0x1000, i);                         /* no two CDs alike */
    }
    g_assert_true(plug(4, &error_abort));
    driver_starts(false);
    for (unsigned round = 0; round < (g_test_slow() ? 10000000 : 100000); round++) {
        bool inject = round % 50 == 49;

        if (inject) {
            fail_at = 1 + g_rand_int(r) % 3;
            fail_errno = g_rand_int(r) % 2 ? ENOMEM : EINVAL;
        }
        random_step(r);
        check_all();
        if (failed || inject) {                             /* recover: everything is read again */
            fail_at = 0;
            queue_command(CMD_CFGI_STE_RANGE, 31);
            wr(SMMU_CR0, smmu->cr0 | 8, 4);
            run();
            failed = false;
            for (unsigned i = 0; i < NDEV; i++) {
                if (fdev[i].plugged && !fdev[i].attached) {
                    failed = true;
                }
            }
            check_all();
            failed = false;
        }
    }
    g_test_message("%u host calls, %u of them invalidations, %u page requests answered", calls, invalidate_calls, n_answered);
    g_assert_cmpuint(calls, >, 20000);
    g_assert_cmpuint(n_answered, >, 2000);
    end();
}

static void add(void)
{
    g_test_add_func("/smmuv3/accel/failures", test_failures);
    g_test_add_func("/smmuv3/accel/random", test_random);
}

int main(int argc, char **argv)
{
    return run_tests(add, argc, argv);
}
