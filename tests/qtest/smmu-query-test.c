/*
 * What is seen of accel=on from outside: query-smmu-host and "info smmu-host"
 * before there is a VM, query-smmu and "info smmu" of a running one, and why it
 * cannot migrate.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel-helpers.h"

#define HOST_ARGS \
    "-object '{\"qom-type\": \"x-hostsim\", \"id\": \"sim\", \"smmus\": [{\"name\": \"good\", \"idr0\": 155784219}, {\"name\": \"old\", \"s2fwb\": false}," \
    "{\"name\": \"half\", \"idr0\": 155718682}], \"devices\": [{\"host\": \"0000:01:00.0\", \"group\": 1, \"smmu\": \"good\", \"pri\": true, \"pasid\": 6, \"ats\": false}," \
    "{\"host\": \"0000:02:00.0\", \"group\": 2, \"smmu\": \"old\"}, {\"host\": \"0000:03:00.0\", \"smmu\": \"half\"}," \
    "{\"host\": \"0000:04:00.0\", \"smmu\": \"good\", \"driver\": \"nvme\"}]}' "

static const json_t *device(const json_t *list, const char *host)
{
    const json_t *d;
    size_t i;

    json_array_foreach((json_t *)list, i, d) {
        if (!strcmp(json_string_value(json_object_get(d, "host")), host)) {
            return d;
        }
    }
    return NULL;
}

static bool yes(const json_t *d, const char *key)
{
    return json_is_true(json_object_get(d, key));
}

static int number(const json_t *d, const char *key)
{
    return (int)json_integer_value(json_object_get(d, key));
}

static void check_good(const json_t *d)
{
    g_assert_true(yes(d, "accel") && yes(d, "stage1") && yes(d, "stage2") && yes(d, "ril") && yes(d, "pri") && yes(d, "event-queue") && yes(d, "fault-queue"));
    g_assert_false(yes(d, "device-ats") || yes(d, "stall") || yes(d, "cmdqv"));
    g_assert_cmpint(number(d, "oas"), ==, 48);
    g_assert_cmpint(number(d, "ssidsize"), ==, 8);
    g_assert_cmpint(number(d, "device-pasid-bits"), ==, 6);
    g_assert_cmpint(number(d, "group"), ==, 1);
    g_assert_cmpstr(json_string_value(json_object_get(d, "iommu")), ==, "good");
    g_assert_cmpuint(json_array_size(json_object_get(d, "idr")), ==, 6);
}

static void test_host(void)
{
    t = qtest_init("-machine none -display none -accel qtest " HOST_ARGS);
    g_autoptr(json_t) list = qtest_qmp_return(t, "{'execute': 'query-smmu-host'}");
    g_assert_cmpuint(json_array_size(list), ==, 3);         /* the one with a host driver is not ours to open */
    check_good(device(list, "0000:01:00.0"));
    const json_t *old = device(list, "0000:02:00.0"), *half = device(list, "0000:03:00.0");
    g_assert_false(yes(old, "accel") || yes(half, "accel"));
    g_assert_nonnull(strstr(json_string_value(json_object_get(old, "reason")), "S2FWB"));
    g_assert_nonnull(strstr(json_string_value(json_object_get(half, "reason")), "stage 2"));

    g_autoptr(json_t) one = qtest_qmp_return(t, "{'execute': 'query-smmu-host', 'arguments': {'host': '0000:04:00.0'}}");
    g_assert_nonnull(strstr(json_string_value(json_object_get(json_array_get(one, 0), "reason")), "nvme"));
    qtest_qmp_error(t, "GenericError", "not a PCI address", "{'execute': 'query-smmu-host', 'arguments': {'host': '../x'}}");

    g_autofree char *text = qtest_hmp(t, "info smmu-host 0000:01:00.0");
    g_assert_nonnull(strstr(text, "0000:01:00.0 behind good, group 1: accel=on works"));
    g_assert_nonnull(strstr(text, "oas=48"));
    g_autoptr(json_t) objects = qtest_qmp_return(t, "{'execute': 'qom-get', 'arguments': {'path': '/objects/sim', 'property': 'objects'}}");
    g_assert_cmpuint(json_array_size(objects), ==, 0);      /* nothing is left on the host */
    qtest_quit(t);
}

/* Each call to the host fails in turn: an answer all the same, nothing left. */
static void test_host_failures(void)
{
    t = qtest_init("-machine none -display none -accel qtest " HOST_ARGS);
    for (int nth = 1; nth <= 40; nth++) {
        fail_nth(nth, 12);
        g_autoptr(json_t) r = qtest_qmp(t, "{'execute': 'query-smmu-host'}");
        g_assert_nonnull(r);
        fail_nth(0, 0);
        g_autoptr(json_t) objects = sim_get("objects");
        g_assert_cmpuint(json_array_size(objects), ==, 0);
    }
    sim_set("kernel", "{'iommufd': false}");
    qtest_qmp_error(t, "GenericError", "/dev/iommu", "{'execute': 'query-smmu-host'}");
    qtest_quit(t);
}

/* Beside a running VM: its devices are busy, and stay as they are. */
static void test_host_in_use(void)
{
    start("");
    driver_starts();
    set_ste(SID1, make_context(1));
    g_autoptr(json_t) list = qtest_qmp_return(t, "{'execute': 'query-smmu-host'}");
    g_assert_false(yes(device(list, "0000:01:00.0"), "accel"));
    g_assert_nonnull(json_object_get(device(list, "0000:01:00.0"), "reason"));
    g_assert_true(yes(device(list, "0000:04:00.0"), "accel"));
    g_assert_cmpint(where(0), ==, 1);
    qtest_quit(t);
}

static void test_query(void)
{
    start("");
    driver_starts();
    set_ste(SID1, make_context(1));
    command(CMD_CFGI_CD | (uint64_t)SID1 << 32, 1);
    run();
    fail_nth(1, 12);
    set_ste(SID2, make_context(2));
    fail_nth(0, 0);
    g_autoptr(json_t) list = qtest_qmp_return(t, "{'execute': 'query-smmu'}");
    const json_t *info = json_array_get(list, 0), *streams = json_object_get(info, "streams"), *host = json_object_get(info, "host");
    const json_t *one = json_array_get(streams, 0), *two = json_array_get(streams, 1);
    g_assert_cmpint(number(one, "stream-id"), ==, SID1);
    g_assert_cmpstr(json_string_value(json_object_get(one, "host-state")), ==, "translate");
    g_assert_cmpint(number(one, "commands"), ==, 1);
    g_assert_cmpint(number(one, "vdevice"), !=, 0);
    g_assert_cmpstr(json_string_value(json_object_get(two, "host-state")), ==, "abort");
    g_assert_nonnull(json_string_value(json_object_get(two, "last-error")));
    g_assert_cmpint(number(host, "tables"), ==, 1);
    g_assert_cmpint(number(host, "errors"), >, 0);

    g_autofree char *text = qtest_hmp(t, "info smmu"), *dot = qtest_hmp(t, "info smmu -d");
    g_assert_nonnull(strstr(text, "stream 0x0900: guest stage-1"));
    g_assert_nonnull(strstr(text, "1 commands"));
    g_assert_nonnull(strstr(text, "last error"));
    g_assert_true(g_str_has_prefix(dot, "digraph smmu {"));
    g_assert_nonnull(strstr(dot, "vIOMMU"));
    g_assert_nonnull(strstr(dot, "vDEVICE"));
    qtest_quit(t);
}

static void test_migration(void)
{
    start("");
    g_autoptr(json_t) info = qtest_qmp_return(t, "{'execute': 'query-migrate'}");
    g_assert_nonnull(strstr(json_string_value(json_array_get(json_object_get(info, "blocked-reasons"), 0)), "s1: accel=on"));
    qtest_qmp_error(t, "GenericError", "s1: accel=on", "{'execute': 'migrate', 'arguments': {'uri': 'tcp:0:4444'}}");
    qtest_quit(t);
    t = qtest_init(VIRT_ARGS);
    g_autoptr(json_t) none = qtest_qmp_return(t, "{'execute': 'query-migrate'}");
    g_assert_null(json_object_get(none, "blocked-reasons"));
    qtest_qmp_error(t, "GenericError", "not supported", "{'execute': 'migrate', 'arguments': {'uri': 'tcp:0:4444'}}");
    qtest_quit(t);
}

/* -device arm-smmuv3,accel=on,help says what automatic values mean. */
static void test_help(void)
{
    static const char *const properties[] = { "  ril=", "  ats=", "  oas=", "  ssidsize=", "  cmdqv=", "  x-pri=", "  accel=" };
    g_autofree char *out = qtest_run_stdout("-machine none -device arm-smmuv3,accel=on,help");

    for (size_t i = 0; i < G_N_ELEMENTS(properties); i++) {
        const char *line = strstr(out, properties[i]);
        g_assert_nonnull(line);
        g_autofree char *copy = g_strndup(line, strcspn(line, "\n"));
        g_assert_true(strstr(copy, "auto: "));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smmu-query/host", test_host);
    g_test_add_func("/smmu-query/host-failures", test_host_failures);
    g_test_add_func("/smmu-query/host-in-use", test_host_in_use);
    g_test_add_func("/smmu-query/running", test_query);
    g_test_add_func("/smmu-query/migration", test_migration);
    g_test_add_func("/smmu-query/help", test_help);
    return g_test_run();
}
