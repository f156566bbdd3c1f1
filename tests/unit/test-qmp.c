/*
 * The JSON reader, the schema's checks, and the schema against itself.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "monitor/monitor-internal.h"
#include "util/options.h"

static GString *seen;                   /* "V<json> " for a value, "E " for an error */

static void got(void *opaque, json_t *value, const char *error)
{
    char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

    g_assert_true(!value == !!error);
    g_string_append(seen, value ? text : "E");
    g_string_append_c(seen, ' ');
    free(text);
}

static void check(const char *in, const char *expected)
{
    JsonReader r;

    /* All at once, then byte by byte. */
    for (size_t step = strlen(in); step; step = step > 1 ? 1 : 0) {
        g_string_truncate(seen, 0);
        json_reader_init(&r, got, NULL);
        for (size_t i = 0; i < strlen(in); i += step) {
            json_reader_feed(&r, (const uint8_t *)in + i, step);
        }
        json_reader_clear(&r);
        g_assert_cmpstr(seen->str, ==, expected);
    }
}

static void test_reader(void)
{
    check("{\"a\": 1}\r\n{\"b\":[1,2]}{}", "{\"a\":1} {\"b\":[1,2]} {} ");
    check("{\"a\": \"}{\\\"\"}", "{\"a\":\"}{\\\"\"} ");
    check("{'a': 'x\"y', 'b': 'it\\'s'}", "{\"a\":\"x\\\"y\",\"b\":\"it's\"} ");
    check("1 2\n", "1 2 ");
    check("foo\n{\"a\":1}", "E {\"a\":1} ");
    check("{\"a\":}{\"b\":1}", "E {\"b\":1} ");
    check("}{\"b\":1}", "E {\"b\":1} ");
    check("{\"a\":1", "");
    check("\"text\"", "\"text\" ");
    check("{\"a\":1,\"a\":2}", "E ");
    check("{\"a\":\"\xff\"}", "E ");
    check("[1}", "E ");
    check("   \n\t ", "");
    check("true\nnull\n", "true null ");
}

static void test_reader_bounds(void)
{
    g_autofree uint8_t *block = g_malloc(MiB);
    JsonReader r;

    g_string_truncate(seen, 0);
    json_reader_init(&r, got, NULL);
    memset(block, 'a', MiB);
    json_reader_feed(&r, (const uint8_t *)"{\"", 2);
    for (int i = 0; i < 100; i++) {
        json_reader_feed(&r, block, MiB);
    }
    g_assert_cmpuint(r.text->allocated_len, <=, 2 * MiB);
    json_reader_feed(&r, (const uint8_t *)"\n{\"x\":1}", 8);
    g_assert_cmpstr(seen->str, ==, "E {\"x\":1} ");
    g_string_truncate(seen, 0);
    memset(block, '[', MiB);
    json_reader_feed(&r, block, MiB);
    json_reader_feed(&r, (const uint8_t *)"\n{\"x\":1}", 8);
    g_assert_cmpstr(seen->str, ==, "E {\"x\":1} ");
    json_reader_clear(&r);
}

static void check_args(const char *command, const char *args, const char *error)
{
    const QmpCommand *cmd = qmp_find_command(command);
    g_autoptr(json_t) v = json_loads(args, 0, NULL);
    g_autoptr(Error) err = NULL;

    g_assert_nonnull(v);
    qapi_check(cmd->args, v, "", &err);
    g_assert_cmpstr(err ? error_get_pretty(err) : NULL, ==, error);
}

static void test_args(void)
{
    check_args("stop", "{}", NULL);
    check_args("stop", "{\"x\":1}", "Parameter 'x' is unexpected");
    check_args("device_del", "{}", "Parameter 'id' must be given");
    check_args("device_del", "{\"id\":1}", "Parameter 'id' must be of type string");
    check_args("device_add", "{\"driver\":\"x\",\"anything\":[1]}", NULL);
    check_args("set-action", "{\"panic\":\"sing\"}", "Parameter 'panic' cannot be 'sing'");
    check_args("netdev_add", "{\"type\":\"user\",\"id\":\"n\",\"hostfwd\":[]}", NULL);
    check_args("netdev_add", "{\"type\":\"pigeon\",\"id\":\"n\"}", "Parameter 'type' cannot be 'pigeon'");
    check_args("qmp_capabilities", "{\"enable\":[\"oob\",7]}", "Parameter 'enable[1]' must be of type string");
    check_args("chardev-add", "{\"id\":\"c\",\"backend\":{}}", "Parameter 'backend.type' must be given");
    check_args("query-cpu-model-expansion", "{\"type\":\"full\",\"model\":{\"name\":\"max\",\"x\":1}}",
               "Parameter 'model.x' is unexpected");
    g_assert_null(qmp_find_command("no-such"));
}

/* Every name that the introspection uses is defined in it, once. */
static void test_schema(void)
{
    static const char *const refs[] = { "arg-type", "ret-type", "element-type" };
    g_autoptr(json_t) schema = qmp_query_qmp_schema(NULL, &error_abort);
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    json_t *entry, *member;
    size_t i, j;

    json_array_foreach(schema, i, entry) {
        g_assert_true(g_hash_table_add(names, (gpointer)json_string_value(json_object_get(entry, "name"))));
    }
    json_array_foreach(schema, i, entry) {
        for (size_t k = 0; k < ARRAY_SIZE(refs); k++) {
            json_t *ref = json_object_get(entry, refs[k]);
            g_assert_true(!ref || g_hash_table_contains(names, json_string_value(ref)));
        }
        json_array_foreach(json_object_get(entry, "members"), j, member) {
            json_t *ref = json_object_get(member, "type");
            g_assert_true(!ref || g_hash_table_contains(names, json_string_value(ref)));
        }
    }
    g_assert_true(g_hash_table_contains(names, "query-qmp-schema"));
    g_assert_true(g_hash_table_contains(names, "DEVICE_DELETED"));
}

static GString *typed;

static void take_line(void *opaque, const char *line) { g_string_append_printf(typed, "<%s>", line); }
static void ignore_print(void *opaque, const char *text) { }

static void test_line_editor(void)
{
    static const char keys[] = "abc\x7f" "d\r" "\033[A\033[D\033[DX\r" "hello\x01\x0b" "x\r" "\033[A\033[A\033[A\033[B\r" "ab\033[H\033[3~\r";
    LineEditor e;

    typed = g_string_new(NULL);
    line_editor_init(&e, ignore_print, take_line, NULL);
    line_editor_prompt(&e);
    for (const char *k = keys; *k; k++) {
        if (*k == '\r') {
            line_editor_feed(&e, *k);
            line_editor_prompt(&e);
        } else {
            line_editor_feed(&e, *k);
        }
    }
    for (int i = 0; i < 100000; i++) {
        line_editor_feed(&e, 'y');
    }
    g_assert_cmpuint(e.line->len, <, 5000);
    g_assert_cmpstr(typed->str, ==, "<abd><aXbd><x><aXbd><b>");
    line_editor_clear(&e);
    g_string_free(typed, TRUE);
}

int main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    seen = g_string_new(NULL);
    g_test_add_func("/qmp/reader", test_reader);
    g_test_add_func("/qmp/reader-bounds", test_reader_bounds);
    g_test_add_func("/qmp/args", test_args);
    g_test_add_func("/qmp/schema", test_schema);
    g_test_add_func("/qmp/line-editor", test_line_editor);
    result = g_test_run();
    g_string_free(seen, TRUE);
    return result;
}
