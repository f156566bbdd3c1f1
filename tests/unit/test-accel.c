/*
 * Choosing an accelerator from what the user wrote, on a machine without CPUs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/accel.h"
#include "util/main-loop.h"

static MachineState *make_machine(const char *name)
{
    g_autofree char *type = g_strconcat(name, TYPE_MACHINE_SUFFIX, NULL);

    return MACHINE(object_new(type));
}

static bool try(MachineState *ms, Error **errp, const char *const *names)
{
    g_autoptr(GPtrArray) requests = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);

    for (; *names; names++) {
        g_ptr_array_add(requests, json_pack("{s:s}", "accel", *names));
    }
    return accel_init_machine(ms, (const json_t *const *)requests->pdata, requests->len, errp);
}

static void expect_error(const char *machine, const char *text, const char *const *names)
{
    MachineState *ms = make_machine(machine);
    Error *err = NULL;

    g_assert_false(try(ms, &err, names));
    g_assert_nonnull(strstr(error_get_pretty(err), text));
    g_assert_null(current_accel);
    error_free(err);
    object_unref(ms);
}

static void test_errors(void)
{
    expect_error("virt-11.1", "no such accelerator", (const char *const[]) { "warp", NULL });
    expect_error("virt-11.1", "no CPU emulator", (const char *const[]) { "tcg", NULL });
    expect_error("virt-11.1", "no such accelerator", (const char *const[]) { "", NULL });
    expect_error("virt-11.1", "warp", (const char *const[]) { "warp", "hvf", NULL });
#ifndef CONFIG_KVM
    expect_error("virt-11.1", "arm64 host", (const char *const[]) { "kvm", NULL });
    expect_error("virt-11.1", "arm64 host", (const char *const[]) { "kvm:tcg", NULL });
    expect_error("virt-11.1", "arm64 host", (const char *const[]) { "mshv", "kvm", "tcg", NULL });
#endif
}

/* What libvirt starts to ask its questions: nothing there can run, and nothing needs to. */
static void test_none_machine(void)
{
    MachineState *ms = make_machine("none");
    Error *err = NULL;

    g_assert_true(try(ms, &err, (const char *const[]) { "mshv", "tcg", NULL }));
    g_assert_null(err);
    g_assert_null(current_accel);
    object_unref(ms);
}

/* Ends the program's innocence: an accelerator starts once. */
static void test_list(void)
{
    MachineState *ms = make_machine("none");
    Error *err = NULL;

    g_assert_true(try(ms, &err, (const char *const[]) { "warp:tcg:qtest", NULL }));
    g_assert_null(err);
    g_assert_nonnull(current_accel);
    g_assert_true(qtest_enabled());
    g_assert_false(kvm_enabled());
    pause_all_vcpus();
    resume_all_vcpus();
    cpu_synchronize_all_states();
    object_unref(ms);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    main_loop_init();                   /* and the machine lock is held */
    g_test_add_func("/accel/errors", test_errors);
    g_test_add_func("/accel/none-machine", test_none_machine);
    g_test_add_func("/accel/list", test_list);
    return g_test_run();
}
