/*
 * What -m, -boot and -numa accept and refuse.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/core/boards.h"
#include "util/options.h"

static void toy_class_init(ObjectClass *klass, const void *data)
{
    MACHINE_CLASS(klass)->name = "toy-numa";
    MACHINE_CLASS(klass)->max_cpus = 512;
}

static const TypeInfo toy_info = {
    .name = MACHINE_TYPE_NAME("toy-numa"), .parent = TYPE_MACHINE, .class_init = toy_class_init,
};
DEFINE_TYPE(toy_info)

static MachineState *machine_new(void)
{
    return MACHINE(object_new(MACHINE_TYPE_NAME("toy-numa")));
}

static void test_memory(void)
{
    static const struct { const char *text; uint64_t size, max; const char *error; } cases[] = {
        { "512", 512 * MiB, 512 * MiB, NULL },
        { "4G", 4 * GiB, 4 * GiB, NULL },
        { "1.5G", 1536 * MiB, 1536 * MiB, NULL },
        { "size=1048576k", GiB, GiB, NULL },
        { "0", 128 * MiB, 128 * MiB, NULL },
        { "1b", 8 * KiB, 8 * KiB, NULL },
        { "1G,slots=4,maxmem=2G", GiB, 2 * GiB, NULL },
        { "1G,maxmem=512M", 0, 0, "maxmem=0x20000000 is less than the memory at the start, 0x40000000" },
        { "1G,slots=4", 0, 0, "slots= needs maxmem=, larger than the initial memory size" },
        { "1G,slots=257,maxmem=2G", 0, 0, "Parameter 'slots' must be an integer from 0 to 256, not '257'" },
        { "99999999999999", 0, 0, "invalid RAM size '99999999999999' for 'size'" },
        { "8E", 0, 0, "more than this program can name: 9223372036854775808 bytes" },
        { "-1", 0, 0, "invalid RAM size '-1' for 'size'" },
        { "many", 0, 0, "Parameter 'size' must be a size below 2^64, not 'many'" },
        { "1G,colour=red", 0, 0, "'colour' means nothing to -m" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        g_autoptr(json_t) opts = options_parse(cases[i].text, "size", NULL, &error_abort);
        MachineState *ms = machine_new();
        g_autoptr(Error) err = NULL;
        bool ok = machine_parse_memory(ms, opts, &err);

        g_assert_cmpstr(err ? error_get_pretty(err) : NULL, ==, cases[i].error);
        g_assert_true(!ok || (ms->ram_size == cases[i].size && ms->maxram_size == cases[i].max));
        object_unref(ms);
    }
}

static void test_boot(void)
{
    static const struct { const char *text, *error; } cases[] = {
        { "order=cdn,once=d,menu=on,strict=on,reboot-timeout=100", NULL },
        { "order=q", "'q' is no boot device, in 'order'" },
        { "once=cc", "boot order: 'c' is in it twice" },
        { "menu=maybe", "Parameter 'menu' must be 'on' or 'off'" },
        { "reboot-timeout=65536", "Parameter 'reboot-timeout' must be an integer from 0 to 65535, not '65536'" },
        { "colour=red", "'colour' means nothing to -boot" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        g_autoptr(json_t) opts = options_parse(cases[i].text, "order", NULL, &error_abort);
        MachineState *ms = machine_new();
        g_autoptr(Error) err = NULL;

        object_property_set(OBJECT(ms), "boot", opts, &err);
        g_assert_cmpstr(err ? error_get_pretty(err) : NULL, ==, cases[i].error);
        object_unref(ms);
    }
}

/* Each word of @text is one -numa; NULL @error: all are taken. */
static MachineState *numa(const char *text, const char *error)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    MachineState *ms = machine_new();
    g_autoptr(Error) err = NULL;

    ms->ram_size = GiB;
    ms->smp = (CpuTopology) { 8, 2, 1, 4, 1, 8 };
    for (char **w = words; *w && !err; w++) {
        g_autoptr(json_t) opts = options_parse(*w, "type", NULL, &error_abort);
        machine_parse_numa(ms, opts, &err);
    }
    if (!err) {
        machine_numa_finish(ms, &err);
    }
    g_assert_cmpstr(err ? error_get_pretty(err) : NULL, ==, error);
    return ms;
}

static void test_numa(void)
{
    static const struct { const char *text, *error; } bad[] = {
        { "node,nodeid=128", "Parameter 'nodeid' must be an integer from 0 to 127, not '128'" },
        { "node,nodeid=1 node,nodeid=1", "-numa node: there are two with nodeid=1" },
        { "node,cpus=6-8", "-numa cpus=6-8: there are only 8 CPUs (maxcpus)" },
        { "node,cpus=3-1", "-numa cpus=3-1: there are only 8 CPUs (maxcpus)" },
        { "node,cpus=x", "-numa cpus= takes a CPU index or a range such as 0-3" },
        { "node,mem=1G", "-numa node,mem= is not known to this machine" },
        { "node dist,src=0,dst=1,val=20", "-numa dist: src= and dst= must be nodes that -numa node has made before." },
        { "node dist,src=0,dst=0,val=20", "-numa dist: a node is 10 from itself and more from others, up to 255" },
        { "node dist,src=0", "-numa dist needs src=, dst= and val=" },
        { "cpu,node-id=0,socket-id=0", "-numa cpu: node-id= must name a node that '-numa node' declared before" },
        { "node cpu,node-id=0,socket-id=2", "Parameter 'socket-id' must be an integer from 0 to 1, not '2'" },
        { "nodes", "-numa nodes: the kinds are node, dist, cpu, hmat-lb and hmat-cache" },
        { "node,cpus=0 node,nodeid=2", "-numa node: there are 2 nodes but none with nodeid=1; number them from 0 without gaps" },
        { "node node node dist,src=0,dst=1,val=20 dist,src=0,dst=2,val=20", "-numa dist: the distance from node 1 to node 2 is missing" },
        { "node node dist,src=0,dst=1,val=20 dist,src=1,dst=0,val=21 node dist,src=0,dst=2,val=20 dist,src=1,dst=2,val=20",
          "-numa dist: the distance from node 2 to node 0 is missing; once two directions differ, both are needed of every pair" },
        { "hmat-lb,initiator=0,target=0", "-numa: initiator= must name a node that '-numa node' declared before" },
        { "node hmat-lb,initiator=0,target=0", "-numa: hierarchy= must be memory, first-level, second-level or third-level" },
        { "node hmat-lb,initiator=0,target=0,hierarchy=memory,data-type=access-latency,bandwidth=1M",
          "-numa hmat-lb: this data-type= needs latency=, and no bandwidth=" },
        { "node hmat-lb,initiator=0,target=0,hierarchy=memory,data-type=access-bandwidth,bandwidth=1K",
          "-numa hmat-lb: bandwidth=1024 must be a multiple of 1M" },
        { "node,cpus=0 node hmat-lb,initiator=0,target=0,hierarchy=memory,data-type=read-latency,latency=1 "
          "hmat-lb,initiator=0,target=1,hierarchy=memory,data-type=read-latency,latency=65537",
          "-numa hmat-lb: the latency of initiator 0 and target 1 is more than 65535 times the unit that all values of its kind share; "
          "choose values closer to each other" },
        { "node,cpus=0 hmat-lb,initiator=0,target=0,hierarchy=memory,data-type=read-latency,latency=1 "
          "hmat-lb,initiator=0,target=0,hierarchy=memory,data-type=read-latency,latency=2",
          "-numa hmat-lb: initiator=0,target=0 was given twice for this data-type and hierarchy" },
        { "node hmat-cache,node-id=0,size=1K,level=1,line=8,associativity=direct,policy=none",
          "-numa hmat-cache: node 0 needs hmat-lb for its latency and its bandwidth first" },
        { "node hmat-cache,node-id=0,size=1K,line=8,associativity=direct,policy=none",
          "-numa hmat-cache needs size=, level= from 1 to 3 and line=" },
        { "node,cpus=0,initiator=0", "-numa initiator=, hmat-lb and hmat-cache need the table of memory attributes; add -machine hmat=on" },
        { "node,cpus=0,initiator=1 node", "-numa node,nodeid=0: the initiator of a node with CPUs is the node itself, not 1" },
        { "node,cpus=0 node,initiator=1", "-numa node,nodeid=1: initiator=1 must name a node with CPUs" },
        { "node,memdev=nothing", "memdev=nothing is not a memory backend; make it with -object memory-backend-ram" },
        { "node node", "-numa node: the nodes have 0x0 bytes of memory together, -m gives 0x40000000" },
    };
    MachineState *ms = numa("node,cpus=0-2,cpus=5", NULL);

    g_assert_cmpuint(ms->numa[0].cpu_ranges->len, ==, 2);
    g_assert_cmpuint(ms->numa[0].size, ==, GiB);
    g_assert_cmpuint(ms->numa[0].distance[0], ==, 10);
    object_unref(ms);
    ms = numa("node cpu,node-id=0,socket-id=1", NULL);
    g_assert_cmpuint(ms->numa[0].cpu_ranges->len, ==, 4);
    object_unref(ms);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        object_unref(numa(bad[i].text, bad[i].error));
    }
}

/* Each @text is the value of -machine smp-cache; NULL @error: it is taken. */
static void test_smp_cache(void)
{
    static const struct { const char *text, *error; } cases[] = {
        { "[{'cache': 'l1d', 'topology': 'core'}]", NULL },
        { "{'caches': [{'cache': 'l2', 'topology': 'socket'}, {'cache': 'l3', 'topology': 'default'}]}", NULL },
        { "'l2'", "-machine smp-cache takes smp-cache.0.cache=NAME,smp-cache.0.topology=LEVEL and so on from 0" },
        { "['l2']", "-machine smp-cache: each cache is a pair of cache= and topology=" },
        { "[{'topology': 'core'}]", "-machine smp-cache: cache= must be l1d, l1i, l2 or l3" },
        { "[{'cache': 'l2'}]", "-machine smp-cache: topology= of l2 must be core, cluster, socket or default" },
        { "[{'cache': 'l2', 'topology': 'thread'}]", "-machine smp-cache: topology= of l2 must be core, cluster, socket or default" },
        { "[{'cache': 'l2', 'topology': 'core'}, {'cache': 'l2', 'topology': 'core'}]", "-machine smp-cache: cache=l2 was given twice" },
        { "[{'cache': 'l2', 'topology': 'core', 'size': 1}]", "'size' means nothing to -machine smp-cache" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        g_autofree char *text = g_strdelimit(g_strdup(cases[i].text), "'", '"');
        g_autoptr(json_t) value = json_loads(text, JSON_DECODE_ANY, NULL);
        Object *ms = object_new(MACHINE_TYPE_NAME("virt-11.1"));
        g_autoptr(Error) err = NULL;

        g_assert_nonnull(value);
        object_property_set(ms, "smp-cache", value, &err);
        g_assert_cmpstr(err ? error_get_pretty(err) : NULL, ==, cases[i].error);
        object_unref(ms);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/machine/memory", test_memory);
    g_test_add_func("/machine/boot", test_boot);
    g_test_add_func("/machine/numa", test_numa);
    g_test_add_func("/machine/smp-cache", test_smp_cache);
    return g_test_run();
}
