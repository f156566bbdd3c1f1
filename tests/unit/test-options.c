/*
 * key=value and JSON options, scalars, sizes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/options.h"

static void check(const char *text, const char *implied, const char *expected)
{
    g_autoptr(json_t) got = options_parse(text, implied, NULL, &error_abort);
    g_autoptr(json_t) want = json_loads(expected, 0, NULL);

    g_assert_nonnull(want);
    if (!json_equal(got, want)) {
        char *dump = json_dumps(got, 0);
        g_error("'%s' gave %s, expected %s", text, dump, expected);
    }
}

static void check_fails(const char *text, const char *message)
{
    g_autoptr(Error) err = NULL;

    g_assert_null(options_parse(text, NULL, NULL, &err));
    g_assert_true(g_str_has_prefix(error_get_pretty(err), message));
}

static void test_keyval(void)
{
    check("", NULL, "{}");
    check("pcie-root-port,id=rp0,chassis=0x1", "driver",
          "{\"driver\":\"pcie-root-port\",\"id\":\"rp0\",\"chassis\":\"0x1\"}");
    check("a.b=1,a.c=2", NULL, "{\"a\":{\"b\":\"1\",\"c\":\"2\"}}");
    check("path=a,,b,,,x=", NULL, "{\"path\":\"a,b,\",\"x\":\"\"}");
    check("flag,x=1", NULL, "{\"flag\":\"on\",\"x\":\"1\"}");
    check("x=1,x=2", NULL, "{\"x\":\"2\"}");
    check("node,cpus=0-1,cpus=4", "type", "{\"type\":\"node\",\"cpus\":[\"0-1\",\"4\"]}");
    check("l.0=a,l.1=b", NULL, "{\"l\":[\"a\",\"b\"]}");
    check("l.0.x=a,l.1.x=b", NULL, "{\"l\":[{\"x\":\"a\"},{\"x\":\"b\"}]}");
    check("socket,path=/x,server=on,nowait", "backend",
          "{\"backend\":\"socket\",\"path\":\"/x\",\"server\":\"on\",\"wait\":\"off\"}");
}

static void test_json(void)
{
    check("{\"driver\":\"x\",\"n\":5,\"b\":true}", NULL, "{\"driver\":\"x\",\"n\":5,\"b\":true}");
    check_fails("{\"a\":1", "Invalid JSON");
    check_fails("{\"a\":1,\"a\":2}", "Invalid JSON");
    check_fails("{} x", "Invalid JSON");
    check_fails("{\"a\":18446744073709551616}", "Invalid JSON");
}

static void test_bad(void)
{
    check_fails("a.b=1,a=2", "'a.' is given as a list and as named members");
    check_fails("a=1,a.b=2", "'a.' is given as a list and as named members");
    check_fails("=1", "Unknown parameter ''");
    check_fails("a..b=1", "Unknown parameter 'a..b'");
    check_fails("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r=1", "Unknown parameter");
    check_fails("x=\xff", "Parameter 'x' is not valid UTF-8");
}

static void test_help(void)
{
    bool help;
    json_t *opts = options_parse("nvme,help", "driver", &help, &error_abort);

    g_assert_true(help);
    g_assert_cmpstr(json_string_value(json_object_get(opts, "driver")), ==, "nvme");
    json_decref(opts);
    json_decref(options_parse("nvme,x=help", "driver", &help, &error_abort));
    g_assert_false(help);
}

static void test_sizes(void)
{
    static const struct { const char *text; bool ok; uint64_t value; } cases[] = {
        { "0", true, 0 }, { "1", true, 1 }, { "1k", true, 1024 }, { "64K", true, 65536 }, { "1.5G", true, 1610612736 },
        { "2M", true, 2097152 }, { "16E", false, 0 }, { "15E", true, 15ULL << 60 }, { "0x10", true, 16 },
        { "18446744073709551615", true, UINT64_MAX }, { "18446744073709551616", false, 0 }, { "-1", false, 0 },
        { "", false, 0 }, { "abc", false, 0 }, { "1kk", false, 0 }, { "1.k", true, 1024 }, { " 1", false, 0 },
        { "1.3", false, 0 }, { "nan", false, 0 }, { "inf", false, 0 }, { "1e3", false, 0 }, { "0.5k", true, 512 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t v = 0;
        bool ok = parse_size(cases[i].text, &v);
        if (ok != cases[i].ok || (ok && v != cases[i].value)) {
            g_error("'%s': %d %" PRIu64, cases[i].text, ok, v);
        }
    }
}

static void test_scalars(void)
{
    g_autoptr(json_t) opts = options_parse("b=yes,u=255,i=-3,s=1M,t=x,big=256", NULL, NULL, &error_abort);
    g_autoptr(Error) err = NULL;
    g_autofree char *t = NULL;
    bool b = false;
    uint64_t u = 0, size = 0, absent = 7, big = 0;
    int64_t i;

    g_assert_true(options_take_bool(opts, "b", &b, &error_abort) && b);
    g_assert_true(options_take_uint(opts, "u", 255, &u, &error_abort));
    g_assert_cmpuint(u, ==, 255);
    g_assert_true(options_take_size(opts, "s", &size, &error_abort));
    g_assert_cmpuint(size, ==, MiB);
    g_assert_true(options_take_uint(opts, "absent", 9, &absent, &error_abort));
    g_assert_cmpuint(absent, ==, 7);
    g_assert_true(option_int(json_object_get(opts, "i"), "i", -5, 5, &i, &error_abort));
    g_assert_cmpint(i, ==, -3);
    json_object_del(opts, "i");
    t = options_take_str(opts, "t", &error_abort);
    g_assert_cmpstr(t, ==, "x");
    g_assert_false(options_must_be_empty(opts, "this", &err));
    g_assert_cmpstr(error_get_pretty(err), ==, "'big' means nothing to this");
    g_clear_pointer(&err, error_free);
    g_assert_false(options_take_uint(opts, "big", 255, &big, &err));
    g_assert_cmpstr(error_get_pretty(err), ==, "Parameter 'big' must be an integer from 0 to 255, not '256'");
}

static void test_to_text(void)
{
    g_autoptr(json_t) opts = options_parse("a=x,,y,l.0=1,l.1=2,b.c=on", NULL, NULL, &error_abort);
    g_autofree char *text = options_to_text(opts);

    g_assert_cmpstr(text, ==, "a=x,,y,l.0=1,l.1=2,b.c=on");
}

static void test_ids(void)
{
    g_assert_true(id_wellformed("a.b-c_9"));
    g_assert_false(id_wellformed("9a"));
    g_assert_false(id_wellformed(""));
    g_assert_false(id_wellformed("a/b"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/options/keyval", test_keyval);
    g_test_add_func("/options/json", test_json);
    g_test_add_func("/options/bad", test_bad);
    g_test_add_func("/options/help", test_help);
    g_test_add_func("/options/sizes", test_sizes);
    g_test_add_func("/options/scalars", test_scalars);
    g_test_add_func("/options/to-text", test_to_text);
    g_test_add_func("/options/ids", test_ids);
    return g_test_run();
}
