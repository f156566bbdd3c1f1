/*
 * Devices, buses, property tables, device_add and its undoing, reset order,
 * wires, -smp.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/core/boards.h"
#include "hw/core/qdev-properties.h"
#include "hw/core/sysbus.h"
#include "monitor/qapi-event.h"
#include "util/options.h"

static GString *story;                  /* what happened, in order */
static int alive;

#define TYPE_TOY_BUS "toy-bus"
#define TYPE_TOY "toy"
OBJECT_DECLARE_SIMPLE_TYPE(Toy, TOY)
struct Toy {
    DeviceState parent_obj;
    bool fast, fail, plug_fail;
    uint8_t small;
    uint32_t flags;
    uint64_t size;
    char *label;
    OnOffAuto mode;
    int32_t addr;
    MACAddr mac;
    Object *peer;
    BusState *bus;
    qemu_irq out;
    int level;
};

static const Property toy_properties[] = {
    DEFINE_PROP_BOOL("fast", Toy, fast, true),
    DEFINE_PROP_BOOL("fail", Toy, fail, false),
    DEFINE_PROP_BOOL("plug-fail", Toy, plug_fail, false),
    DEFINE_PROP_UINT8("small", Toy, small, 7),
    DEFINE_PROP_BIT("bit3", Toy, flags, 3, true),
    DEFINE_PROP_BIT("bit5", Toy, flags, 5, false),
    DEFINE_PROP_SIZE("size", Toy, size, UINT64_MAX),
    DEFINE_PROP_STRING("label", Toy, label),
    DEFINE_PROP_ON_OFF_AUTO("mode", Toy, mode, ON_OFF_AUTO_AUTO),
    DEFINE_PROP_PCI_DEVFN("addr", Toy, addr, -1),
    DEFINE_PROP_MACADDR("mac", Toy, mac),
    DEFINE_PROP_LINK("peer", Toy, peer, TYPE_TOY, Object *),
};

static void toy_irq(void *opaque, int n, int level) { TOY(opaque)->level = level * 10 + n; }

static bool toy_pre_plug(DeviceState *owner, DeviceState *dev, Error **errp)
{
    g_string_append(story, "pre-plug ");
    return true;
}
static bool toy_plug(DeviceState *owner, DeviceState *dev, Error **errp)
{
    g_string_append(story, "plug ");
    if (TOY(dev)->plug_fail) {
        error_setg(errp, "the slot is broken");
        return false;
    }
    return true;
}
static void toy_unplug(DeviceState *owner, DeviceState *dev) { g_string_append(story, "unplug "); }
static const HotplugHandler toy_hotplug = { .pre_plug = toy_pre_plug, .plug = toy_plug, .unplug = toy_unplug };

static bool toy_realize(DeviceState *dev, Error **errp)
{
    Toy *toy = TOY(dev);

    g_string_append(story, "realize ");
    if (toy->fail) {
        error_setg(errp, "toy is broken");
        return false;
    }
    toy->bus = qbus_new(TYPE_TOY_BUS, dev, dev->id);
    qbus_set_hotplug_handler(toy->bus, dev, &toy_hotplug);
    return true;
}
static void toy_unrealize(DeviceState *dev) { g_string_append(story, "unrealize "); }
static void toy_phase(Object *obj, char phase) { g_string_append_printf(story, "%c:%s ", phase, DEVICE(obj)->id); }
static void toy_enter(Object *obj, ResetType type) { toy_phase(obj, 'e'); }
static void toy_hold(Object *obj, ResetType type) { toy_phase(obj, 'h'); }
static void toy_exit(Object *obj, ResetType type) { toy_phase(obj, 'x'); }

static void toy_init(Object *obj)
{
    alive++;
    qdev_init_gpio_in(DEVICE(obj), toy_irq, 2);
    qdev_init_gpio_out_named(DEVICE(obj), &TOY(obj)->out, "bell", 1);
}
static void toy_finalize(Object *obj) { alive--; }
static void toy_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->bus_type = TYPE_TOY_BUS;
    dc->user_creatable = true;
    dc->realize = toy_realize;
    dc->unrealize = toy_unrealize;
    device_class_set_props(dc, toy_properties);
    device_class_set_phases(dc, toy_enter, toy_hold, toy_exit, NULL);
}
static void toy_bus_class_init(ObjectClass *klass, const void *data) { BUS_CLASS(klass)->max_dev = 3; }

/* The board's end of the toy bus. */
#define TYPE_TOY_HOST "toy-host"
static bool host_realize(DeviceState *dev, Error **errp)
{
    BusState *bus = qbus_new(TYPE_TOY_BUS, dev, "toy.0");

    qbus_set_hotplug_handler(bus, dev, &toy_hotplug);
    return true;
}
static void host_class_init(ObjectClass *klass, const void *data) { DEVICE_CLASS(klass)->realize = host_realize; }

static const TypeInfo types[] = {
    { .name = TYPE_TOY_BUS, .parent = TYPE_BUS, .instance_size = sizeof(BusState), .class_init = toy_bus_class_init },
    { .name = TYPE_TOY, .parent = TYPE_DEVICE, .instance_size = sizeof(Toy), .class_init = toy_class_init,
      .instance_init = toy_init, .instance_finalize = toy_finalize },
    { .name = TYPE_TOY_HOST, .parent = TYPE_SYS_BUS_DEVICE, .instance_size = sizeof(SysBusDevice), .class_init = host_class_init },
};
DEFINE_TYPES(types)

static void expect_story(const char *text)
{
    g_assert_cmpstr(story->str, ==, text);
    g_string_truncate(story, 0);
}

static DeviceState *add(const char *opts)
{
    DeviceState *dev = qdev_device_add(options_parse(opts, "driver", NULL, &error_abort), &error_abort);

    object_unref(dev);
    return dev;
}

static void add_fails(const char *opts, const char *message)
{
    g_autoptr(Error) err = NULL;
    int before = alive;

    g_assert_null(qdev_device_add(options_parse(opts, "driver", NULL, &error_abort), &err));
    g_assert_cmpstr(error_get_pretty(err), ==, message);
    g_assert_cmpint(alive, ==, before);
}

static void test_defaults(void)
{
    DeviceState *dev = qdev_new(TYPE_TOY);
    Toy *toy = TOY(dev);
    g_autoptr(json_t) size = object_property_get(OBJECT(dev), "size", &error_abort);

    g_assert_true(toy->fast && toy->small == 7 && toy->flags == 8 && toy->size == UINT64_MAX && toy->addr == -1);
    g_assert_cmpstr(json_string_value(size), ==, "18446744073709551615");
    g_assert_cmpuint(object_property_get_uint(OBJECT(dev), "size", &error_abort), ==, UINT64_MAX);
    object_unref(dev);
    g_assert_cmpint(alive, ==, 0);
}

static void check_value(Object *obj, const char *prop, const char *given, const char *read)
{
    g_autofree char *got = NULL;

    g_assert_true(object_property_set_str(obj, prop, given, &error_abort));
    got = object_property_get_str(obj, prop, &error_abort);
    g_assert_cmpstr(got, ==, read);
}

static void check_refused(Object *obj, const char *prop, const char *given, const char *message)
{
    g_autoptr(Error) err = NULL;

    g_assert_false(object_property_set_str(obj, prop, given, &err));
    g_assert_cmpstr(error_get_pretty(err), ==, message);
}

static void test_values(void)
{
    Object *toy = OBJECT(qdev_new(TYPE_TOY));

    check_value(toy, "addr", "6", "06.0");
    check_value(toy, "addr", "1f.7", "1f.7");
    check_value(toy, "mac", "52:54:00:AB:cd:ef", "52:54:00:ab:cd:ef");
    check_value(toy, "mode", "off", "off");
    check_value(toy, "label", "x", "x");
    check_refused(toy, "addr", "20", "Property 'toy.addr' cannot be '20'; it is slot 00 to 1f and optional "
                  "function 0 to 7, as in 06.0 or 06");
    check_refused(toy, "addr", "1.8", "Property 'toy.addr' cannot be '1.8'; it is slot 00 to 1f and optional "
                  "function 0 to 7, as in 06.0 or 06");
    check_refused(toy, "mac", "52:54:00:AB:cd", "Property 'toy.mac' cannot be '52:54:00:AB:cd'; it is six "
                  "hexadecimal bytes such as 52:54:00:12:34:56");
    check_refused(toy, "mode", "maybe", "Property 'toy.mode' cannot be 'maybe'; it is auto, on or off");
    check_refused(toy, "small", "256", "Parameter 'small' must be an integer from 0 to 255, not '256'");
    object_unref(toy);
}

static void test_device_add(void)
{
    DeviceState *dev = add("toy,id=t0,small=9");

    expect_story("pre-plug realize plug ");
    g_assert_true(object_resolve_path("/machine/peripheral/t0", NULL) == OBJECT(dev));
    g_assert_cmpstr(dev->parent_bus->name, ==, "toy.0");
    check_refused(OBJECT(dev), "small", "1",
                  "Property 'small' of device 't0' (type 'toy') is fixed once the device is there");
    add_fails("toy,id=t0", "there is a device 't0' already");
    add_fails("nothing", "there is no device model 'nothing'");
    add_fails("device", "'device' is what several devices have in common, not one of them");
    add_fails("toy-host", "device 'toy-host' is not for users to add");
    add_fails("toy,bus=nowhere", "there is no bus 'nowhere'");
    add_fails("toy,bus=main-system-bus", "Device 'toy' does not fit on a System bus");
    add_fails("toy,id=9x", "id: not an identifier");
    add_fails("id=x", "Parameter 'driver' must be given");
    add_fails("toy,foo=1", "'toy' has no property 'foo'");
    g_string_truncate(story, 0);
    add_fails("toy,id=t1,fail=on", "toy is broken");
    expect_story("pre-plug realize ");
    add_fails("toy,id=t1,plug-fail=on", "the slot is broken");
    expect_story("pre-plug realize plug unrealize ");
    g_assert_cmpuint(dev->parent_bus->children->len, ==, 1);
}

static char *last_event;
static void take_event(const char *name, json_t *data)
{
    char *text = json_dumps(data, JSON_SORT_KEYS);

    g_free(last_event);
    last_event = g_strdup_printf("%s %s", name, text);
    free(text);
    json_decref(data);
}

static void test_reset_and_removal(void)
{
    g_autoptr(Error) err = NULL;

    add("toy,id=t1,bus=t0,peer=t0");
    add("toy,id=t2,bus=t1");
    g_string_truncate(story, 0);
    device_cold_reset(DEVICE(object_resolve_path("/machine/peripheral/t0", NULL)));
    expect_story("e:t2 e:t1 e:t0 h:t2 h:t1 h:t0 x:t2 x:t1 x:t0 ");
    g_assert_false(qdev_device_del("t9", &err));
    g_assert_cmpint(error_get_class(err), ==, ERROR_CLASS_DEVICE_NOT_FOUND);
    g_assert_true(object_property_set_bool(OBJECT(object_resolve_path("/machine/peripheral/t0", NULL)), "realized", true, &error_abort));
    qapi_event_set_sink(take_event);
    g_assert_true(qdev_device_del("t1", &error_abort));
    expect_story("unplug unrealize unrealize ");
    g_assert_cmpstr(last_event, ==, "DEVICE_DELETED {\"device\": \"t1\", \"path\": \"/machine/peripheral/t1\"}");
    g_assert_cmpint(alive, ==, 1);
    g_assert_true(qdev_device_del("/machine/peripheral/t0", &error_abort));
    g_assert_cmpint(alive, ==, 0);
    qapi_event_set_sink(NULL);
    g_string_truncate(story, 0);
}

static void test_full(void)
{
    add("toy");
    add("toy");
    add("toy");
    add_fails("toy,bus=toy.0", "no more fits on bus 'toy.0'");
}

static void test_wires(void)
{
    DeviceState *a = qdev_new(TYPE_TOY), *b = qdev_new(TYPE_TOY);

    qdev_connect_gpio_out_named(a, "bell", 0, qdev_get_gpio_in(b, 1));
    qemu_irq_raise(TOY(a)->out);
    g_assert_cmpint(TOY(b)->level, ==, 11);
    qemu_irq_lower(TOY(a)->out);
    g_assert_cmpint(TOY(b)->level, ==, 1);
    qemu_irq_raise(NULL);
    object_unref(a);
    object_unref(b);
}

static void test_globals(void)
{
    DeviceState *dev;

    object_register_global_prop(TYPE_TOY, "small", "42");
    dev = qdev_new(TYPE_TOY);
    g_assert_cmpint(TOY(dev)->small, ==, 42);
    object_unref(dev);
}

static const TypeInfo machine_info;
static void machine_class_init(ObjectClass *klass, const void *data)
{
    MACHINE_CLASS(klass)->name = "toy";
    MACHINE_CLASS(klass)->max_cpus = 512;
}
static const TypeInfo machine_info = {
    .name = MACHINE_TYPE_NAME("toy"), .parent = TYPE_MACHINE, .class_init = machine_class_init,
};
DEFINE_TYPE(machine_info)

static void test_smp(void)
{
    static const struct { const char *text; CpuTopology want; const char *error; } cases[] = {
        { "4", { 4, 1, 1, 4, 1, 4 }, NULL },
        { "8,sockets=2", { 8, 2, 1, 4, 1, 8 }, NULL },
        { "cores=4", { 4, 1, 1, 4, 1, 4 }, NULL },
        { "2,maxcpus=8,clusters=2,threads=2", { 2, 1, 2, 2, 2, 8, true }, NULL },
        { "sockets=2,clusters=2,cores=2,threads=1", { 8, 2, 2, 2, 1, 8, true }, NULL },
        { "3,cores=2", { 0 }, "the levels do not make up maxcpus: "
          "1 sockets of 1 clusters of 2 cores of 1 threads are not 3 CPUs" },
        { "8,maxcpus=4", { 0 }, "there is room for fewer CPUs than are to be there: "
          "1 sockets of 1 clusters of 4 cores of 1 threads are 4 CPUs, less than 8" },
        { "0", { 0 }, "cpus cannot be 0" },
        { "513", { 0 }, "513 CPUs are too many: machine 'toy' has at most 512" },
        { "4,dies=2", { 0 }, "this machine has no dies: there can only be 1" },
        { "4,x=2", { 0 }, "'x' means nothing to -smp" },
        { "99999999999", { 0 }, "Parameter 'cpus' must be an integer from 0 to 2147483647, not '99999999999'" },
        { "sockets=2147483647,cores=2147483647,threads=2147483647", { 0 }, "the levels do not make up maxcpus: "
          "2147483647 sockets of 1 clusters of 2147483647 cores of 2147483647 threads are not 4294967295 CPUs" },
    };
    Object *ms = object_new(MACHINE_TYPE_NAME("toy"));

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        g_autoptr(json_t) opts = options_parse(cases[i].text, "cpus", NULL, &error_abort);
        g_autoptr(Error) err = NULL;
        bool ok = machine_parse_smp(MACHINE(ms), opts, &err);

        g_assert_cmpstr(err ? error_get_pretty(err) : NULL, ==, cases[i].error);
        g_assert_true(!ok || !memcmp(&MACHINE(ms)->smp, &cases[i].want, sizeof(CpuTopology)));
    }
    object_unref(ms);
}

int main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    story = g_string_new(NULL);
    sysbus_realize_and_unref(SYS_BUS_DEVICE(qdev_new(TYPE_TOY_HOST)), &error_abort);
    g_test_add_func("/qdev/defaults", test_defaults);
    g_test_add_func("/qdev/values", test_values);
    g_test_add_func("/qdev/device-add", test_device_add);
    g_test_add_func("/qdev/reset-and-removal", test_reset_and_removal);
    g_test_add_func("/qdev/full", test_full);
    g_test_add_func("/qdev/wires", test_wires);
    g_test_add_func("/qdev/globals", test_globals);
    g_test_add_func("/qdev/smp", test_smp);
    result = g_test_run();
    g_string_free(story, TRUE);
    g_free(last_event);
    return result;
}
