/*
 * The sweep: every host call of every scenario of an assigned device's life
 * fails in turn, behind arm-smmuv3,accel=on. After each failure
 *
 *   the emulator lives, answers QMP, and says at most one sentence to it
 *   nothing of the host is left over: no file, object or mapping
 *   no device reaches memory that the guest's tables do not give it
 *   the same thing, tried again, works
 *
 * Scenarios: start, plug, the guest enables, reset, unplug, quit; some of them with
 * hardware command queues too.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel-helpers.h"
#include "hw/arm/tegra241-cmdqv-regs.h"

#define MAX_CALLS 400
#define CMDQV_SIM_ARGS SIM_ARGS_WITH(", \"cmdqv\": true", "")
enum { CMDQV = PLATFORM_BUS + 0x20000, QUEUES = RAM + 0x900000 };
static bool queues;                     /* the host has hardware command queues */
static const int errnos[] = { ENOMEM, EIO };

typedef struct Counts { int64_t files, objects, areas; } Counts;

static Counts counts(void)
{
    g_autoptr(json_t) r = qtest_qmp_return(t, "{'execute': 'x-hostsim-query-calls'}");

    return (Counts) { json_integer_value(json_object_get(r, "live-files")), json_integer_value(json_object_get(r, "live-objects")),
                      json_integer_value(json_object_get(r, "live-areas")) };
}

/* "": the scenario has no more calls than that. */
static char *failed_call(void)
{
    g_autoptr(json_t) r = qtest_qmp_return(t, "{'execute': 'x-hostsim-query-calls'}");
    return g_strdup(json_string_value(json_object_get(r, "failed-call")));
}

static void inject(int nth, int err)
{
    json_decref(qtest_qmp_return(t, "{'execute': 'x-hostsim-fail', 'arguments': {'nth': %d, 'errno': %d}}", nth, err));
}

/* --- The guest, which does not look whether it worked ------------------------------------------ */

static void ring(void)
{
    command(CMD_SYNC, 0);
    qtest_writel(t, SMMU + SMMU_CMDQ_PROD, prod);
}

static void guest_takes_queues(void)
{
    qtest_writel(t, CMDQV + CMDQV_CONFIG, 1);
    qtest_writel(t, CMDQV + CMDQV_VINTF_CONFIG, 1);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t page0 = CMDQV + CMDQV_VINTF_PAGE0 + i * VCMDQ_STRIDE;

        qtest_writel(t, CMDQV + CMDQV_CMDQ_ALLOC + 4 * i, i << R_CMDQ_ALLOC_LVCMDQ_SHIFT | 1);
        qtest_writeq(t, page0 + CMDQV_PAGE_SIZE + VCMDQ_BASE, (QUEUES + i * 0x1000) | 8);
        qtest_writel(t, page0 + VCMDQ_CONFIG, 1);
    }
}

static void guest_enables(void)
{
    prod = 0;
    firmware();
    qtest_writeq(t, SMMU + SMMU_STRTAB_BASE, STRTAB);
    qtest_writel(t, SMMU + SMMU_STRTAB_BASE_CFG, 12);
    qtest_writeq(t, SMMU + SMMU_CMDQ_BASE, CMDQ | 8);
    qtest_writeq(t, SMMU + SMMU_EVENTQ_BASE, EVENTQ | 7);
    qtest_writeq(t, STRTAB + SID1 * 64, make_context(1));
    qtest_writeq(t, STRTAB + SID2 * 64, make_context(2));
    qtest_writeq(t, STRTAB + SID3 * 64, make_context(3));
    qtest_writeq(t, STRTAB + SID4 * 64, make_context(3));
    qtest_writel(t, SMMU + SMMU_CR0, 0xc);
    command(CMD_CFGI_STE_RANGE, 31);
    command(CMD_TLBI_NSNH_ALL, 0);
    ring();
    qtest_writel(t, SMMU + SMMU_CR0, 0xd);
    command(CMD_CFGI_CD | (uint64_t)SID1 << 32, 1);
    command(CMD_ATC_INV | (uint64_t)SID2 << 32, 52);
    ring();
    qtest_writew(t, cfg(9, 0, 0, 0x92), PCI_MSIX_FLAGS_ENABLE);
    qtest_writew(t, cfg(10, 0, 0, 0x82), PCI_MSI_FLAGS_ENABLE);
    if (queues) {
        guest_takes_queues();
    }
}

static void machine_resets(void)
{
    json_decref(qtest_qmp_return(t, "{'execute': 'system_reset'}"));
    json_decref(qtest_qmp_event(t, "RESET"));
}

/* A device reaches its own page or none. */
static void check_isolation(void)
{
    for (unsigned dev = 0; dev < 3; dev++) {
        int at = where(dev);
        g_assert_true(at == -1 || at == (int)dev + 1);
    }
}

static void check_works(void)
{
    for (unsigned dev = 0; dev < 3; dev++) {
        g_assert_cmpint(where(dev), ==, dev + 1);
    }
    if (queues) {
        sim_set("run-vcmdqs", "true");
        g_assert_cmphex(qtest_readl(t, CMDQV + CMDQV_VINTF_PAGE0 + VCMDQ_STATUS), ==, 1);
        g_assert_cmphex(qtest_readl(t, CMDQV + CMDQV_VINTF_PAGE0 + VCMDQ_STRIDE + VCMDQ_STATUS), ==, 1);
    }
}

/* --- Plugging --------------------------------------------------------------------------------------- */

static bool plug(void)
{
    g_autoptr(json_t) r = qtest_qmp(t, "{'execute': 'device_add', 'arguments': {'driver': 'vfio-pci', 'id': 'd2', 'host': '0000:02:00.0',"
                                    " 'bus': 'rp2', 'iommufd': 'i0'}}");
    const char *desc = json_string_value(json_object_get(json_object_get(r, "error"), "desc"));

    g_assert_true(!desc || !strchr(desc, '\n'));
    return !desc;
}

static void unplug(void)
{
    int express = find_cap(t, 8, 2, PCI_CAP_ID_EXP);

    json_decref(qtest_qmp_return(t, "{'execute': 'device_del', 'arguments': {'id': 'd2'}}"));
    qtest_writew(t, cfg(8, 2, 0, express + PCI_EXP_SLTCTL), PCI_EXP_SLTCTL_PCC | PCI_EXP_SLTCTL_PWR_IND_OFF);
    json_decref(qtest_qmp_event(t, "DEVICE_DELETED"));
}

/* --- The sweep ---------------------------------------------------------------------------------------- */

typedef struct Scenario {
    const char *name;
    void (*before)(void);               /* from a machine that was just reset, all devices there */
    void (*act)(void);                  /* with the injector on */
    void (*after)(void);                /* back to all devices there, with whatever is left to do done again */
    bool queues;
} Scenario;

static void try_plug(void)
{
    plug();
}

static void plug_again(void)
{
    g_autoptr(json_t) r = qtest_qmp_return(t, "{'execute': 'x-hostsim-query-devices'}");

    if (!json_is_true(json_object_get(json_array_get(r, 1), "bound"))) {
        g_assert_true(plug());
    }
}

static void nothing(void)
{
}

static const Scenario scenarios[] = {
    { "plug", unplug, try_plug, plug_again },
    { "guest-enables", nothing, guest_enables, nothing },
    { "reset", guest_enables, machine_resets, nothing },
    { "unplug", nothing, unplug, plug_again },
    { "unplug-at-work", guest_enables, unplug, plug_again },
    { "queues-plug", unplug, try_plug, plug_again, true },
    { "queues-guest-enables", nothing, guest_enables, nothing, true },
    { "queues-reset", guest_enables, machine_resets, nothing, true },
};

static void sweep(gconstpointer data)
{
    const Scenario *s = data;
    unsigned failures = 0;

    queues = s->queues;
    start_with(queues ? CMDQV_SIM_ARGS : SIM_ARGS, SMMU_ARGS, "");
    guest_enables();
    check_works();
    machine_resets();
    Counts base = counts();
    for (size_t e = 0; e < ARRAY_SIZE(errnos); e++) {
        for (int n = 1; n < MAX_CALLS; n++) {
            s->before();
            inject(n, errnos[e]);
            s->act();
            g_autofree char *hit = failed_call();
            inject(0, 0);
            check_isolation();
            s->after();
            machine_resets();
            guest_enables();
            check_works();
            machine_resets();
            Counts now = counts();
            g_assert_cmpint(now.files, ==, base.files);
            g_assert_cmpint(now.objects, ==, base.objects);
            g_assert_cmpint(now.areas, ==, base.areas);
            if (!*hit) {
                g_assert_cmpint(n, >, 1);
                break;
            }
            failures++;
        }
    }
    g_test_message("%s: %u failures", s->name, failures);
    qtest_quit(t);
}

/* Each call of a start fails: one sentence and status 1, or a machine that can do without it; nothing left. */
static void test_start(gconstpointer sim)
{
    unsigned failures = 0;

    start_with(sim, SMMU_ARGS, "");
    g_autoptr(json_t) all = qtest_qmp_return(t, "{'execute': 'x-hostsim-query-calls'}");
    qtest_quit(t);
    for (int n = 1; n <= json_integer_value(json_object_get(all, "calls")); n += n < 60 ? 1 : 3) {
        g_autofree char *err = NULL;
        int status = qtest_run(&err, VIRT_RUN_ARGS "%s-object '{\"qom-type\":\"x-hostsim\",\"id\":\"sim2\",\"fail-nth\":{\"nth\":%d,\"errno\":12}}' "
                               PORTS SMMU_ARGS DEVICES "-device vfio-pci,host=0000:99:00.0,iommufd=i0", (const char *)sim, n);
        g_assert_cmpint(status, ==, 1);
        g_assert_null(strstr(err, "Sanitizer"));
        g_assert_null(strstr(err, "leaked"));
        failures += !strstr(err, "0000:99:00.0 does not exist");       /* the last one, which all starts come to that work */
    }
    g_assert_cmpuint(failures, >, 20);
}

/* And each call of the way out, which succeeds all the same. */
static void test_quit(void)
{
    for (int n = 1; n < 120; n += n < 20 ? 1 : 7) {
        queues = n % 2;
        start_with(queues ? CMDQV_SIM_ARGS : SIM_ARGS, SMMU_ARGS, "");
        guest_enables();
        inject(n, EIO);
        qtest_quit(t);                  /* exit status 0, no leak */
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/hostsim/sweep/start", SIM_ARGS, test_start);
    g_test_add_data_func("/hostsim/sweep/queues-start", CMDQV_SIM_ARGS, test_start);
    for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
        g_autofree char *path = g_strdup_printf("/hostsim/sweep/%s", scenarios[i].name);
        g_test_add_data_func(path, &scenarios[i], sweep);
    }
    g_test_add_func("/hostsim/sweep/quit", test_quit);
    return g_test_run();
}
