/*
 * QMP and HMP as clients see them: every query answers, everything can be
 * introspected, clients that misbehave do no harm.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "libqtest.h"

#define MACHINE "-M virt -nodefaults -display none -smp 2 " \
    "-device pcie-root-port,id=rp0,chassis=1,bus=pcie.0,addr=2.0 -device pcie-root-port,id=rp1,chassis=2,bus=pcie.0,addr=3.0 "

static json_t *command(const char *name, const char *key, const char *value)
{
    json_t *c = json_pack("{s:s}", "execute", name);

    if (key) {
        json_object_set_new(c, "arguments", json_pack("{s:s}", key, value));
    }
    return c;
}

/* The answer, whatever it is; the caller's. */
static json_t *ask(QTestState *t, const char *name, const char *key, const char *value)
{
    g_autoptr(json_t) c = command(name, key, value);
    char *text = json_dumps(c, 0);
    json_t *answer = qtest_qmp(t, "%s", text);

    free(text);
    return answer;
}

/* --- Does an answer fit what query-qmp-schema says of it? --- */
static json_t *schema_entry(json_t *schema, const char *name)
{
    json_t *entry;
    size_t i;

    json_array_foreach(schema, i, entry) {
        if (!strcmp(json_string_value(json_object_get(entry, "name")), name)) {
            return entry;
        }
    }
    g_error("the schema has no '%s'", name);
}

static bool fits(json_t *schema, const char *type, json_t *value);

static bool fits_builtin(const char *json_type, json_t *value)
{
    return !strcmp(json_type, "value") || (!strcmp(json_type, "string") && json_is_string(value)) ||
           (!strcmp(json_type, "boolean") && json_is_boolean(value)) || (!strcmp(json_type, "int") && json_is_integer(value)) ||
           (!strcmp(json_type, "number") && json_is_number(value)) || (!strcmp(json_type, "null") && json_is_null(value));
}

static bool fits_object(json_t *schema, json_t *entry, json_t *value)
{
    json_t *member;
    size_t i;

    json_array_foreach(json_object_get(entry, "members"), i, member) {
        json_t *v = json_object_get(value, json_string_value(json_object_get(member, "name")));
        if (v ? !fits(schema, json_string_value(json_object_get(member, "type")), v) : !json_object_get(member, "default")) {
            g_test_message("member %s", json_string_value(json_object_get(member, "name")));
            return false;
        }
    }
    return json_is_object(value);
}

static bool fits_enum(json_t *entry, json_t *value)
{
    json_t *name;
    size_t i;

    json_array_foreach(json_object_get(entry, "values"), i, name) {
        if (json_equal(name, value)) {
            return true;
        }
    }
    return false;
}

static bool fits(json_t *schema, const char *type, json_t *value)
{
    json_t *entry = schema_entry(schema, type), *element;
    const char *meta = json_string_value(json_object_get(entry, "meta-type"));
    size_t i;

    if (!strcmp(meta, "builtin")) {
        return fits_builtin(json_string_value(json_object_get(entry, "json-type")), value);
    }
    if (!strcmp(meta, "enum")) {
        return fits_enum(entry, value);
    }
    if (strcmp(meta, "array")) {
        return fits_object(schema, entry, value);
    }
    json_array_foreach(value, i, element) {
        if (!fits(schema, json_string_value(json_object_get(entry, "element-type")), element)) {
            return false;
        }
    }
    return json_is_array(value);
}

static void test_queries(void)
{
    QTestState *t = qtest_init(MACHINE "-smp 2 -object memory-backend-ram,id=m9,size=1M -chardev null,id=c9 "
                               "-device pxb-pcie,id=pxb,bus_nr=8 -device arm-smmuv3,primary-bus=pxb,id=smmu");
    g_autoptr(json_t) schema = qtest_qmp_return(t, "{\"execute\": \"query-qmp-schema\"}");
    g_autoptr(json_t) all = qtest_qmp_return(t, "{\"execute\": \"query-commands\"}");
    json_t *entry;
    size_t i;

    json_array_foreach(all, i, entry) {
        const char *name = json_string_value(json_object_get(entry, "name"));
        g_autoptr(json_t) answer = NULL;
        if (!g_str_has_prefix(name, "query-")) {
            continue;
        }
        answer = ask(t, name, NULL, NULL);
        if (json_object_get(answer, "error")) {
            const char *desc = json_string_value(json_object_get(json_object_get(answer, "error"), "desc"));
            g_assert_true(g_str_has_suffix(desc, "must be given") || g_str_equal(name, "query-hotpluggable-cpus") ||
                          g_str_equal(name, "query-acpi-ospm-status"));        /* what this machine does not have */
        } else if (!fits(schema, json_string_value(json_object_get(schema_entry(schema, name), "ret-type")),
                         json_object_get(answer, "return"))) {
            char *text = json_dumps(answer, 0);
            g_error("%s: the answer does not fit the schema: %s", name, text);
        }
    }
    qtest_quit(t);
}

static void test_all_types(void)
{
    QTestState *t = qtest_init(MACHINE);
    g_autoptr(json_t) all = qtest_qmp_return(t, "{\"execute\": \"qom-list-types\"}");
    g_autoptr(json_t) devices = qtest_qmp_return(t, "{\"execute\": \"qom-list-types\", \"arguments\": {\"implements\": \"device\"}}");
    json_t *entry;
    size_t i;

    g_assert_cmpuint(json_array_size(devices), >, 10);
    json_array_foreach(all, i, entry) {
        g_autoptr(json_t) a = ask(t, "qom-list-properties", "typename", json_string_value(json_object_get(entry, "name")));
        g_assert_nonnull(json_object_get(a, "return"));
    }
    json_array_foreach(devices, i, entry) {
        g_autoptr(json_t) a = ask(t, "device-list-properties", "typename", json_string_value(json_object_get(entry, "name")));
        g_assert_nonnull(json_object_get(a, "return"));
    }
    qtest_quit(t);
}

/* Reads every property of every object. */
static void walk(QTestState *t, const char *path, unsigned *objects)
{
    g_autoptr(json_t) answer = ask(t, "qom-list", "path", path);
    json_t *list = json_object_get(answer, "return"), *prop;
    size_t i;

    ++*objects;
    g_assert_nonnull(list);
    json_array_foreach(list, i, prop) {
        const char *name = json_string_value(json_object_get(prop, "name"));
        const char *type = json_string_value(json_object_get(prop, "type"));
        if (g_str_has_prefix(type, "child<")) {
            g_autofree char *below = g_strdup_printf("%s/%s", strcmp(path, "/") ? path : "", name);
            walk(t, below, objects);
        } else {
            g_autoptr(json_t) c = json_pack("{s:s, s:{s:s, s:s}}", "execute", "qom-get", "arguments", "path", path, "property", name);
            char *text = json_dumps(c, 0);
            json_decref(qtest_qmp(t, "%s", text));
            free(text);
        }
    }
}

static void test_walk_tree(void)
{
    QTestState *t = qtest_init(MACHINE);
    unsigned objects = 0;

    walk(t, "/", &objects);
    g_assert_cmpuint(objects, >, 50);
    qtest_quit(t);
}

static void test_device_errors(void)
{
    static const struct { const char *args, *desc; } cases[] = {
        { "{\"driver\": \"no-such\"}", "there is no device model 'no-such'" },
        { "{\"driver\": \"pci-device\"}", "'pci-device' is what several devices have in common, not one of them" },
        { "{\"driver\": \"pl011\"}", "device 'pl011' is not for users to add" },
        { "{\"driver\": \"pcie-root-port\", \"bus\": \"nowhere\"}", "there is no bus 'nowhere'" },
        { "{\"driver\": \"pcie-root-port\", \"bus\": \"pcie.0\"}", "Nothing comes or goes on bus 'pcie.0' while the machine runs" },
        { "{}", "Parameter 'driver' must be given" },
        { "{\"driver\": 1}", "Parameter 'driver' must be of type string" },
    };
    QTestState *t = qtest_init(MACHINE);

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        qtest_qmp_error(t, "GenericError", cases[i].desc, "{\"execute\": \"device_add\", \"arguments\": %s}", cases[i].args);
    }
    qtest_qmp_error(t, "DeviceNotFound", "There is no device 'x'", "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"x\"}}");
    qtest_quit(t);
}

static void test_run_state(void)
{
    QTestState *t = qtest_init(MACHINE);
    json_t *status;

    json_decref(qtest_qmp_return(t, "{\"execute\": \"stop\"}"));
    json_decref(qtest_qmp_event(t, "STOP"));
    status = qtest_qmp_return(t, "{\"execute\": \"query-status\"}");
    g_assert_cmpstr(json_string_value(json_object_get(status, "status")), ==, "paused");
    json_decref(status);
    json_decref(qtest_qmp_return(t, "{\"execute\": \"cont\"}"));
    json_decref(qtest_qmp_event(t, "RESUME"));
    json_decref(qtest_qmp_return(t, "{\"execute\": \"system_reset\"}"));
    json_decref(qtest_qmp_event(t, "RESET"));
    json_decref(qtest_qmp_return(t, "{\"execute\": \"system_powerdown\"}"));
    json_decref(qtest_qmp_event(t, "POWERDOWN"));
    json_decref(qtest_qmp_return(t, "{\"execute\": \"set-action\", \"arguments\": {\"reboot\": \"shutdown\", \"panic\": \"pause\"}}"));
    qtest_quit(t);
}

static void test_objects(void)
{
    QTestState *t = qtest_init(MACHINE);

    json_decref(qtest_qmp_return(t, "{\"execute\": \"object-add\", \"arguments\": {\"qom-type\": \"memory-backend-ram\", \"id\": \"m0\", \"size\": 1048576}}"));
    qtest_qmp_error(t, "GenericError", "property 'm0' is there already",
                    "{\"execute\": \"object-add\", \"arguments\": {\"qom-type\": \"memory-backend-ram\", \"id\": \"m0\", \"size\": 1048576}}");
    qtest_qmp_error(t, "GenericError", "no property", "{\"execute\": \"object-add\", \"arguments\": "
                    "{\"qom-type\": \"memory-backend-ram\", \"id\": \"m1\", \"size\": 1048576, \"colour\": \"red\"}}");
    json_decref(qtest_qmp_return(t, "{\"execute\": \"object-del\", \"arguments\": {\"id\": \"m0\"}}"));
    qtest_qmp_error(t, "GenericError", "there is no object 'm0'", "{\"execute\": \"object-del\", \"arguments\": {\"id\": \"m0\"}}");
    qtest_quit(t);
}

static void test_ringbuf(void)
{
    static const struct { const char *args, *returns; } reads[] = {
        { "\"size\": 5", "\"hello\"" },
        { "\"size\": 3, \"format\": \"base64\"", "\"AP+A\"" },
        { "\"size\": 9223372036854775807", "\"x\\ufffdy\"" },
        { "\"size\": 1", "\"\"" },
    };
    QTestState *t = qtest_init(MACHINE "-chardev ringbuf,id=ring,size=16 -chardev null,id=nothing");

    json_decref(qtest_qmp_return(t, "{\"execute\": \"ringbuf-write\", \"arguments\": {\"device\": \"ring\", \"data\": \"hello\"}}"));
    json_decref(qtest_qmp_return(t, "{\"execute\": \"ringbuf-write\", \"arguments\": {\"device\": \"ring\", \"data\": \"AP+AeP95\", \"format\": \"base64\"}}"));
    for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
        json_t *value = qtest_qmp_return(t, "{\"execute\": \"ringbuf-read\", \"arguments\": {\"device\": \"ring\", %s}}", reads[i].args);
        g_autofree char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
        g_autofree char *lower = g_ascii_strdown(text, -1), *expected = g_ascii_strdown(reads[i].returns, -1);
        g_assert_cmpstr(lower, ==, expected);
        json_decref(value);
    }
    qtest_qmp_error(t, "GenericError", "nothing to read", "{\"execute\": \"ringbuf-read\", \"arguments\": {\"device\": \"ring\", \"size\": 0}}");
    qtest_qmp_error(t, "GenericError", "no chardev 'x'", "{\"execute\": \"ringbuf-read\", \"arguments\": {\"device\": \"x\", \"size\": 1}}");
    qtest_qmp_error(t, "GenericError", "no ringbuf", "{\"execute\": \"ringbuf-write\", \"arguments\": {\"device\": \"nothing\", \"data\": \"\"}}");
    qtest_quit(t);
}

static void test_hmp(void)
{
    static const char *const lines[] = {
        "help", "help info", "info version", "info status", "info qtree", "info mtree", "info mtree -f", "info qom-tree", "info roms",
        "info registers -a", "info registers -s", "info registers -a -s", "info chardev", "info pci", "info block", "info cpus", "info numa", "info kvm", "info name", "info uuid",
        "info trace-events", "info", "x/4xw 0", "xp/16xb 0x40000000", "xp/3i 0", "xp", "xp/99999999999xg 0xffffffffffffff00", "stop", "cont",
        "device_add", "device_add no-such", "device_add help", "device_add pcie-root-port,help", "device_add no-such,help", "device_del x", "object_del x", "qom-list /machine", "qom-get /machine type",
        "qom-get /machine", "qom-set /machine nothing 1", "log help", "trace-event no-such on", "", "   ", "nonsense",
    };
    QTestState *t = qtest_init(MACHINE "-name guest1");
    g_autofree char *name = qtest_hmp(t, "info name"), *unknown = qtest_hmp(t, "info nothing");

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        g_free(qtest_hmp(t, lines[i]));
    }
    g_assert_cmpstr(name, ==, "guest1\r\n");
    g_assert_cmpstr(unknown, ==, "there is no command 'info nothing'\r\n");
    qtest_quit(t);
}

/* --- A second client, that does not behave. --- */
static int connect_to(const char *path)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(un.sun_path, path, sizeof(un.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&un, sizeof(un)), ==, 0);
    return fd;
}

static void say(int fd, const char *text)
{
    g_assert_cmpint(send(fd, text, strlen(text), MSG_NOSIGNAL), ==, strlen(text));
}

static char *hear(int fd)
{
    GString *line = g_string_new(NULL);
    struct pollfd p = { .fd = fd, .events = POLLIN };
    char c;

    while (poll(&p, 1, 60000) == 1 && read(fd, &c, 1) == 1) {
        g_string_append_c(line, c);
        if (c == '\n') {
            break;
        }
    }
    return g_string_free(line, FALSE);
}

static void expect(int fd, const char *part)
{
    g_autofree char *line = hear(fd);

    if (!strstr(line, part)) {
        g_error("expected '%s', got '%s'", part, line);
    }
    g_assert_true(g_str_has_suffix(line, "\r\n"));
}

static void send_fd(int sock, int fd, const char *text)
{
    char control[CMSG_SPACE(sizeof(int))] = { 0 };
    struct iovec iov = { (void *)text, strlen(text) };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    g_assert_cmpint(sendmsg(sock, &msg, 0), ==, strlen(text));
}

static void flood(int fd, size_t bytes)
{
    g_autofree char *block = g_malloc(MiB);

    memset(block, 'a', MiB);
    say(fd, "{\"");
    for (size_t sent = 0; sent < bytes;) {
        ssize_t n = send(fd, block, MiB, MSG_NOSIGNAL);
        g_assert_cmpint(n, >, 0);
        sent += n;
    }
    say(fd, "\n");
}

static void test_clients(void)
{
    g_autofree char *path = g_strdup_printf("%s/second", qtest_tmpdir());
    QTestState *t = qtest_init(MACHINE "-qmp unix:%s,server=on,wait=off", path);
    int fd = connect_to(path), null;

    expect(fd, "\"QMP\"");
    say(fd, "{\"execute\":\"query-name\",\"id\":[1]}");
    expect(fd, "\"id\": [1], \"error\": {\"class\": \"CommandNotFound\", \"desc\": \"qmp_capabilities comes before");
    say(fd, "{\"execute\":\"qmp_capabilities\"}");
    expect(fd, "{\"return\": {}}");
    /* in pieces, several at once, rubbish between */
    say(fd, "{\"execute\":\"query-");
    say(fd, "name\",\"id\":\"a\"}{\"execute\":\"nope\",\"id\":2}\nrubbish\n{\"execute\":\"query-uuid\"}");
    expect(fd, "{\"return\": {}, \"id\": \"a\"}");
    expect(fd, "\"id\": 2, \"error\": {\"class\": \"CommandNotFound\", \"desc\": \"There is no command nope\"}");
    expect(fd, "not JSON");
    expect(fd, "\"UUID\"");
    /* descriptors */
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    say(fd, "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"n\"}}");
    expect(fd, "No file descriptor came with this command (SCM_RIGHTS)");
    send_fd(fd, null, "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"n\"}}");
    expect(fd, "{\"return\": {}}");
    say(fd, "{\"execute\":\"closefd\",\"arguments\":{\"fdname\":\"n\"}}");
    expect(fd, "{\"return\": {}}");
    send_fd(fd, null, "{\"execute\":\"add-fd\",\"arguments\":{\"fdset-id\":5,\"opaque\":\"x\"}}");
    expect(fd, "\"fdset-id\": 5");
    say(fd, "{\"execute\":\"remove-fd\",\"arguments\":{\"fdset-id\":5}}");
    expect(fd, "{\"return\": {}}");
    close(null);
    /* leaves in the middle of a command; the next one starts afresh */
    say(fd, "{\"execute\":\"quit\"");
    close(fd);
    fd = connect_to(path);
    expect(fd, "\"QMP\"");
    say(fd, "{\"execute\":\"qmp_capabilities\"}");
    expect(fd, "{\"return\": {}}");
    flood(fd, 100 * MiB);
    expect(fd, "size limit exceeded");
    say(fd, "{\"execute\":\"query-name\"}");
    expect(fd, "{\"return\": {}}");
    close(fd);
    json_decref(qtest_qmp_return(t, "{\"execute\": \"query-status\"}"));
    qtest_quit(t);
}

/* As libvirt starts a monitor, with the objects it always passes. */
static void test_monitor_object(void)
{
    g_autofree char *path = g_strdup_printf("%s/object", qtest_tmpdir()), *key = g_strdup_printf("%s/key", qtest_tmpdir());
    QTestState *t;
    int fd;

    g_assert_true(g_file_set_contents(key, "\x01\xff\0x", 4, NULL));
    t = qtest_init("-M none -nodefaults -display none -chardev socket,id=c,path=%s,server=on,wait=off "
                   "-object '{\"qom-type\":\"secret\",\"id\":\"k\",\"format\":\"raw\",\"file\":\"%s\"}' "
                   "-object '{\"qom-type\":\"monitor-qmp\",\"id\":\"m\",\"chardev\":\"c\"}'", path, key);
    fd = connect_to(path);
    expect(fd, "\"QMP\"");
    close(fd);
    qtest_qmp_error(t, "GenericError", "object 'm' is in use", "{\"execute\": \"object-del\", \"arguments\": {\"id\": \"m\"}}");
    qtest_qmp_error(t, "GenericError", "does not tell", "{\"execute\": \"qom-get\", \"arguments\": {\"path\": \"/objects/k\", \"property\": \"data\"}}");
    json_decref(qtest_qmp_return(t, "{\"execute\": \"object-del\", \"arguments\": {\"id\": \"k\"}}"));
    qtest_quit(t);
}

static void test_bad_options(void)
{
    static const struct { const char *args, *message; } cases[] = {
        { "-M virt -mon chardev=none", "there is no chardev 'none'" },
        { "-M virt -chardev null,id=c -mon chardev=c,mode=loud", "mode=loud: it is readline" },
        { "-M virt -chardev null,id=c -mon c -mon c", "has a user already" },
        { "-M virt -device pcie-root-port,id=a,chassis=1 -device pcie-root-port,id=a,chassis=2", "there is a device 'a' already" },
        { "-M virt -device pcie-root-port,colour=red", "'pcie-root-port' has no property 'colour'" },
        { "-M virt -device pcie-root-port,chassis=256", "Parameter 'chassis' must be an integer from 0 to 255, not '256'" },
        { "-M virt -device no-such", "there is no device model 'no-such'" },
        { "-M virt -object secret,id=s", "Must provide 'file' or 'data'" },
        { "-M virt -object secret,id=s,data=x,format=rot13", "format=rot13: it is" },
        { "-M virt -object monitor-qmp,id=m", "Parameter 'chardev' must be given" },
        { "-M virt -smp 0", "cannot be 0" },
        { "-M virt -m 18446744073709551616", "invalid RAM size" },
        { "-M virt -m 1,maxmem=0", "less than the memory at the start" },
        { "-M virt -global pcie-root-port.colour=red -device pcie-root-port", "-global pcie-root-port.colour=red" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        qtest_refused(cases[i].message, "-accel qtest -nodefaults -display none %s", cases[i].args);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qmp/queries", test_queries);
    g_test_add_func("/qmp/all-types", test_all_types);
    g_test_add_func("/qmp/walk-tree", test_walk_tree);
    g_test_add_func("/qmp/device-errors", test_device_errors);
    g_test_add_func("/qmp/run-state", test_run_state);
    g_test_add_func("/qmp/objects", test_objects);
    g_test_add_func("/qmp/ringbuf", test_ringbuf);
    g_test_add_func("/qmp/hmp", test_hmp);
    g_test_add_func("/qmp/clients", test_clients);
    g_test_add_func("/qmp/monitor-object", test_monitor_object);
    g_test_add_func("/qmp/bad-options", test_bad_options);
    return g_test_run();
}
