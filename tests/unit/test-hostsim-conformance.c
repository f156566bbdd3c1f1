/*
 * The simulated host against the sequences that a lab scenario runs against a
 * real kernel: both must answer as docs/devel/iommufd.md says.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests/hostsim/conformance.h"
#include "tests/hostsim/hostsim.h"

static void run_on(bool nesting)
{
    hostsim_start();
    SimSMMU *smmu = hostsim_add_smmu("smmu0");
    smmu->nesting = nesting;
    hostsim_add_device("0000:01:00.0", smmu, 1);
    g_assert_cmpint(conformance_run("vfio0"), ==, 0);
    g_assert_cmpuint(hostsim->live_fds, ==, 0);
    g_assert_cmpuint(hostsim->live_objects, ==, 0);
    hostsim_stop();
}

static void test_nesting(void)
{
    run_on(true);
}

static void test_no_nesting(void)
{
    run_on(false);
}

int main(int argc, char **argv)
{
    /* The sequences print for people; here only what is said after '#' is not a result. */
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostsim/conformance/nesting", test_nesting);
    g_test_add_func("/hostsim/conformance/no-nesting", test_no_nesting);
    return g_test_run();
}
