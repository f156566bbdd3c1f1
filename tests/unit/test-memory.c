/*
 * The memory room's rules, one by one: dispatch sizes and byte order, locks,
 * nesting, IOMMU chains, ioeventfds, dirty logging, mapping, lifetimes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "system/memory.h"
#include "system/rcu.h"
#include "util/event_notifier.h"
#include "util/main-loop.h"
#include "util/osdep.h"

static const MemTxAttrs any = { .unspecified = 1 };

typedef struct Fixture { MemoryRegion root; AddressSpace as; } Fixture;

static void setup(Fixture *f, gconstpointer data)
{
    memory_region_init(&f->root, NULL, "root", UINT64_MAX);
    address_space_init(&f->as, &f->root, "test");
}

static void teardown(Fixture *f, gconstpointer data)
{
    address_space_destroy(&f->as);
    object_unref(&f->root);
    drain_call_rcu();
}

/* --- A device that writes down what it is asked --------------------------------- */

typedef struct Seen { hwaddr addr; uint64_t data; unsigned size; bool write, locked; } Seen;
static Seen seen[16];
static unsigned n_seen;

static uint64_t note_read(void *opaque, hwaddr addr, unsigned size)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < size; i++) {
        v |= (uint64_t)(0x10 + addr + i) << (8 * i);    /* byte n reads as 0x10 + n, little endian */
    }
    if (n_seen < ARRAY_SIZE(seen)) {
        seen[n_seen++] = (Seen) { addr, v, size, false, bql_locked() };
    }
    return v;
}

static void note_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    if (n_seen < ARRAY_SIZE(seen)) {
        seen[n_seen++] = (Seen) { addr, data, size, true, bql_locked() };
    }
}

static void with_device(Fixture *f, MemoryRegion *mr, const MemoryRegionOps *ops)
{
    memory_region_init_io(mr, NULL, ops, NULL, "device", 0x1000);
    memory_region_add_subregion(&f->root, 0x1000, mr);
    n_seen = 0;
}

static void without(Fixture *f, MemoryRegion *mr)
{
    memory_region_del_subregion(&f->root, mr);
    object_unref(mr);
}

static void test_default_sizes(Fixture *f, gconstpointer data)
{
    static const MemoryRegionOps ops = { .read = note_read, .write = note_write };
    MemoryRegion mr;
    uint64_t v = 0;

    with_device(f, &mr, &ops);
    /* Eight bytes through a device of at most four are two accesses. */
    g_assert_cmpuint(address_space_ldn_le(&f->as, 0x1008, 8, any, NULL), ==, 0x1f1e1d1c1b1a1918);
    g_assert_cmpuint(n_seen, ==, 2);
    g_assert_cmpuint(seen[1].addr, ==, 0xc);
    g_assert_cmpuint(seen[1].size, ==, 4);
    /* An odd stretch goes in naturally aligned pieces: 1, 2, 4. */
    n_seen = 0;
    g_assert_cmpuint(address_space_read(&f->as, 0x1001, any, &v, 7), ==, MEMTX_OK);
    g_assert_cmpuint(n_seen, ==, 3);
    g_assert_cmpuint(seen[0].size, ==, 1);
    g_assert_cmpuint(seen[1].size, ==, 2);
    g_assert_cmpuint(seen[2].size, ==, 4);
    /* Dispatch itself refuses what the bus may not ask. */
    g_assert_cmpuint(memory_region_dispatch_read(&mr, 0, &v, 8, any), ==, MEMTX_DECODE_ERROR);
    g_assert_cmpuint(memory_region_dispatch_read(&mr, 2, &v, 4, any), ==, MEMTX_DECODE_ERROR);
    without(f, &mr);
}

static void test_impl_splits_and_widens(Fixture *f, gconstpointer data)
{
    static const MemoryRegionOps narrow = {
        .read = note_read, .write = note_write,
        .valid = { .min_access_size = 1, .max_access_size = 8 }, .impl = { .min_access_size = 2, .max_access_size = 2 },
    };
    MemoryRegion mr;
    uint64_t v;

    with_device(f, &mr, &narrow);
    g_assert_cmpuint(memory_region_dispatch_write(&mr, 8, 0x8877665544332211, 8, any), ==, MEMTX_OK);
    g_assert_cmpuint(n_seen, ==, 4);
    g_assert_cmphex(seen[0].data, ==, 0x2211);
    g_assert_cmphex(seen[3].data, ==, 0x8877);
    g_assert_cmphex(seen[3].addr, ==, 14);
    /* One byte of a two-byte register: the function sees the aligned pair, the caller its byte. */
    n_seen = 0;
    g_assert_cmpuint(memory_region_dispatch_read(&mr, 5, &v, 1, any), ==, MEMTX_OK);
    g_assert_cmphex(v, ==, 0x15);
    g_assert_cmphex(seen[0].addr, ==, 4);
    g_assert_cmpuint(seen[0].size, ==, 2);
    without(f, &mr);
}

static void test_big_endian(Fixture *f, gconstpointer data)
{
    static const MemoryRegionOps be = {
        .read = note_read, .write = note_write, .endianness = DEVICE_BIG_ENDIAN,
        .valid = { .min_access_size = 1, .max_access_size = 8 }, .impl = { .min_access_size = 1, .max_access_size = 8 },
    };
    MemoryRegion mr;
    uint64_t v;

    with_device(f, &mr, &be);
    g_assert_cmpuint(memory_region_dispatch_write(&mr, 0, 0x11223344, 4, any), ==, MEMTX_OK);
    g_assert_cmphex(seen[0].data, ==, 0x44332211);
    g_assert_cmpuint(memory_region_dispatch_read(&mr, 0, &v, 2, any), ==, MEMTX_OK);
    g_assert_cmphex(v, ==, 0x1011);
    without(f, &mr);
}

static bool only_four(void *opaque, hwaddr addr, unsigned size, bool is_write, MemTxAttrs attrs)
{
    return addr != 4;
}

static void test_accepts(Fixture *f, gconstpointer data)
{
    static const MemoryRegionOps ops = { .read = note_read, .write = note_write, .valid.accepts = only_four };
    MemoryRegion mr;
    MemTxResult r;

    with_device(f, &mr, &ops);
    address_space_ldn_le(&f->as, 0x1004, 4, any, &r);
    g_assert_cmpuint(r, ==, MEMTX_DECODE_ERROR);
    address_space_ldn_le(&f->as, 0x1008, 4, any, &r);
    g_assert_cmpuint(r, ==, MEMTX_OK);
    g_assert_cmpuint(n_seen, ==, 1);
    address_space_ldn_le(&f->as, 0x1008, 4, (MemTxAttrs) { .memory = 1 }, &r);
    g_assert_cmpuint(r, ==, MEMTX_ACCESS_ERROR);
    without(f, &mr);
}

static void test_lock(Fixture *f, gconstpointer data)
{
    static const MemoryRegionOps ops = { .read = note_read, .write = note_write };
    MemoryRegion mr;

    with_device(f, &mr, &ops);
    bql_unlock();
    address_space_ldn_le(&f->as, 0x1000, 4, any, NULL);
    g_assert_false(bql_locked());
    memory_region_clear_global_locking(&mr);
    address_space_ldn_le(&f->as, 0x1000, 4, any, NULL);
    bql_lock();
    g_assert_true(seen[0].locked);
    g_assert_false(seen[1].locked);
    without(f, &mr);
}

/* --- A device made to write to itself ------------------------------------------------ */

static AddressSpace *loop_as;
static MemTxResult loop_result;
static unsigned loop_calls;

static void loop_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    loop_calls++;
    address_space_stn_le(loop_as, 0x1000, 4, data, any, &loop_result);
}

static void test_self_access(Fixture *f, gconstpointer data)
{
    static const MemoryRegionOps ops = { .read = note_read, .write = loop_write };
    MemoryRegion mr;

    with_device(f, &mr, &ops);
    loop_as = &f->as;
    loop_calls = 0;
    address_space_stn_le(&f->as, 0x1000, 4, 1, any, NULL);
    g_assert_cmpuint(loop_calls, ==, 1);
    g_assert_cmpuint(loop_result, ==, MEMTX_ACCESS_ERROR);
    without(f, &mr);
}

/* --- RAM, ROM, ROM device, RAM device --------------------------------------------------- */

static void test_ram_rom(Fixture *f, gconstpointer data)
{
    static const MemoryRegionOps ops = { .read = note_read, .write = note_write };
    MemoryRegion ram, rom, romd;
    uint8_t out[64], in[64];
    void *p;
    hwaddr len = 0x2000;

    g_assert_true(memory_region_init_ram(&ram, NULL, "ram", 0x1000, &error_abort));
    g_assert_true(memory_region_init_rom(&rom, NULL, "rom", 0x1000, &error_abort));
    g_assert_true(memory_region_init_rom_device(&romd, NULL, &ops, NULL, "romd", 0x1000, &error_abort));
    memory_region_add_subregion(&f->root, 0, &ram);
    memory_region_add_subregion(&f->root, 0x1000, &rom);
    memory_region_add_subregion(&f->root, 0x2000, &romd);

    memset(out, 0xa5, sizeof(out));
    g_assert_cmpuint(address_space_write(&f->as, 0xfe0, any, out, 64), ==, MEMTX_ACCESS_ERROR);     /* half of it is ROM */
    g_assert_cmpuint(address_space_read(&f->as, 0xfe0, any, in, 64), ==, MEMTX_OK);
    g_assert_cmpuint(in[31], ==, 0xa5);
    g_assert_cmpuint(in[32], ==, 0);
    g_assert_cmpuint(address_space_write_rom(&f->as, 0x1000, any, out, 64), ==, MEMTX_OK);
    g_assert_cmpuint(address_space_ldn_le(&f->as, 0x1000, 1, any, NULL), ==, 0xa5);

    n_seen = 0;
    address_space_write_rom(&f->as, 0x2000, any, out, 64);
    g_assert_cmpuint(address_space_ldn_le(&f->as, 0x2000, 4, any, NULL), ==, 0xa5a5a5a5);
    g_assert_cmpuint(n_seen, ==, 0);
    address_space_stn_le(&f->as, 0x2000, 4, 1, any, NULL);
    g_assert_cmpuint(n_seen, ==, 1);
    memory_region_rom_device_set_romd(&romd, false);
    g_assert_cmphex(address_space_ldn_le(&f->as, 0x2000, 4, any, NULL), ==, 0x13121110);

    p = address_space_map(&f->as, 0x800, &len, true, any);
    g_assert_true(p == (uint8_t *)memory_region_get_ram_ptr(&ram) + 0x800);
    g_assert_cmpuint(len, ==, 0x800);
    address_space_unmap(&f->as, p, len, true, len);
    len = 16;
    g_assert_null(address_space_map(&f->as, 0x1000, &len, true, any));
    g_assert_true(address_space_access_valid(&f->as, 0, 0x2000, false, any));
    g_assert_false(address_space_access_valid(&f->as, 0, 0x2000, true, any));
    g_assert_false(address_space_access_valid(&f->as, 0x2ff0, 0x20, false, any));
    without(f, &ram);
    without(f, &rom);
    without(f, &romd);
}

static void test_holes(Fixture *f, gconstpointer data)
{
    MemoryRegion ram;
    uint64_t v = ~0ULL;

    g_assert_true(memory_region_init_ram(&ram, NULL, "ram", 0x1000, &error_abort));
    memory_region_add_subregion(&f->root, 0x1000, &ram);
    g_assert_cmpuint(address_space_read(&f->as, 0xffc, any, &v, 8), ==, MEMTX_DECODE_ERROR);
    g_assert_cmphex(v, ==, 0);
    /* At the very top nothing wraps around. */
    memory_region_set_address(&ram, 0xfffffffffffff000);
    address_space_stn_le(&f->as, 0xfffffffffffffff8, 8, 0x1122, any, NULL);
    g_assert_cmphex(address_space_ldn_le(&f->as, 0xfffffffffffffff8, 8, any, NULL), ==, 0x1122);
    without(f, &ram);
}

static void test_ram_device(Fixture *f, gconstpointer data)
{
    MemoryRegion mr;
    uint64_t backing[8] = { 0x1122334455667788 };
    hwaddr len = 8;

    memory_region_init_ram_device_ptr(&mr, NULL, "bar", sizeof(backing), backing);
    memory_region_add_subregion(&f->root, 0, &mr);
    g_assert_cmphex(address_space_ldn_le(&f->as, 0, 8, any, NULL), ==, 0x1122334455667788);
    address_space_stn_le(&f->as, 2, 2, 0xabcd, any, NULL);
    g_assert_cmphex(backing[0], ==, 0x11223344abcd7788);
    g_assert_null(address_space_map(&f->as, 0, &len, false, any));
    without(f, &mr);
}

/* --- IOMMUs ---------------------------------------------------------------------------------- */

#define TYPE_TEST_IOMMU "test-iommu"
typedef struct TestIOMMU { IOMMUMemoryRegion parent_obj; AddressSpace *target; hwaddr plus; IOMMUAccessFlags perm; } TestIOMMU;

/* Pages of 4 KiB, moved by @plus; the page at 0x5000 faults. */
static IOMMUTLBEntry test_translate(IOMMUMemoryRegion *iommu, hwaddr addr, IOMMUAccessFlags flag, MemTxAttrs attrs)
{
    TestIOMMU *t = (TestIOMMU *)iommu;

    return (IOMMUTLBEntry) {
        .target_as = t->target, .iova = addr & ~0xfffULL, .translated_addr = (addr & ~0xfffULL) + t->plus,
        .addr_mask = 0xfff, .perm = (addr & ~0xfffULL) == 0x5000 ? IOMMU_NONE : t->perm,
    };
}

static unsigned flag_changes;

static bool test_flag_changed(IOMMUMemoryRegion *iommu, IOMMUNotifierFlag old, IOMMUNotifierFlag new, Error **errp)
{
    flag_changes++;
    if (new & IOMMU_NOTIFIER_MAP) {
        error_setg(errp, "no map notifiers");
        return false;
    }
    return true;
}

static void test_iommu_class_init(ObjectClass *klass, const void *data)
{
    ((IOMMUMemoryRegionClass *)klass)->translate = test_translate;
    ((IOMMUMemoryRegionClass *)klass)->notify_flag_changed = test_flag_changed;
}

static const TypeInfo test_iommu_info = {
    .name = TYPE_TEST_IOMMU, .parent = TYPE_IOMMU_MEMORY_REGION, .instance_size = sizeof(TestIOMMU),
    .class_init = test_iommu_class_init,
};
DEFINE_TYPE(test_iommu_info)

static void iommu_init(TestIOMMU *t, AddressSpace *target, hwaddr plus)
{
    memory_region_init_iommu(t, sizeof(*t), TYPE_TEST_IOMMU, NULL, "iommu", UINT64_MAX);
    t->target = target;
    t->plus = plus;
    t->perm = IOMMU_RW;
}

static void test_iommu_chain(Fixture *f, gconstpointer data)
{
    AddressSpace behind, behind2;
    TestIOMMU one, two;
    MemoryRegion ram;
    hwaddr len = 0x3000, xlat;
    uint64_t v;
    void *p;

    g_assert_true(memory_region_init_ram(&ram, NULL, "ram", 0x10000, &error_abort));
    memory_region_add_subregion(&f->root, 0, &ram);
    iommu_init(&one, &f->as, 0x1000);
    address_space_init(&behind, (MemoryRegion *)&one, "behind");
    iommu_init(&two, &behind, 0x1000);
    address_space_init(&behind2, (MemoryRegion *)&two, "behind 2");

    address_space_stn_le(&behind2, 0x10, 8, 0x55, any, NULL);
    g_assert_cmphex(address_space_ldn_le(&f->as, 0x2010, 8, any, NULL), ==, 0x55);
    /* Contiguous pages become one mapping; the fault page ends it (0x4000 becomes 0x5000 for the first). */
    p = address_space_map(&behind2, 0x1000, &len, true, any);
    g_assert_true(p == (uint8_t *)memory_region_get_ram_ptr(&ram) + 0x3000);
    g_assert_cmphex(len, ==, 0x3000);
    address_space_unmap(&behind2, p, len, true, 0);
    g_assert_cmpuint(address_space_read(&behind2, 0x4000, any, &v, 8), ==, MEMTX_ACCESS_ERROR);
    two.perm = IOMMU_RO;
    g_assert_cmpuint(address_space_write(&behind2, 0, any, &v, 8), ==, MEMTX_ACCESS_ERROR);
    g_assert_cmpuint(address_space_read(&behind2, 0, any, &v, 8), ==, MEMTX_OK);
    /* An IOMMU that leads to itself is an error, not a loop. */
    two.target = &behind2;
    g_assert_cmpuint(address_space_read(&behind2, 0, any, &v, 8), ==, MEMTX_ACCESS_ERROR);
    len = 8;
    g_assert_cmpstr(memory_region_name(address_space_translate(&behind2, 0, &xlat, &len, false, any)), ==, "nothing");

    address_space_destroy(&behind2);
    address_space_destroy(&behind);
    object_unref(&two);
    object_unref(&one);
    without(f, &ram);
}

static IOMMUTLBEntry notified;
static unsigned notifications;

static void on_notify(IOMMUNotifier *n, IOMMUTLBEntry *entry)
{
    notified = *entry;
    notifications++;
}

static void test_iommu_notifiers(Fixture *f, gconstpointer data)
{
    TestIOMMU t;
    IOMMUNotifier n = { .notify = on_notify, .flags = IOMMU_NOTIFIER_UNMAP, .start = 0x2000, .end = 0x3fff };
    IOMMUNotifier bad = { .notify = on_notify, .flags = IOMMU_NOTIFIER_MAP, .end = UINT64_MAX };
    IOMMUTLBEvent unmap = { .type = IOMMU_NOTIFIER_UNMAP, .entry = { .iova = 0, .addr_mask = UINT64_MAX } };
    Error *err = NULL;

    iommu_init(&t, &f->as, 0);
    flag_changes = notifications = 0;
    g_assert_true(memory_region_register_iommu_notifier((MemoryRegion *)&t, &n, &error_abort));
    g_assert_cmpuint(flag_changes, ==, 1);
    g_assert_false(memory_region_register_iommu_notifier((MemoryRegion *)&t, &bad, &err));
    g_assert_cmpstr(error_get_pretty(err), ==, "no map notifiers");
    error_free(err);
    memory_region_notify_iommu(&t.parent_obj, 0, &unmap);
    g_assert_cmpuint(notifications, ==, 1);
    g_assert_cmphex(notified.iova, ==, 0x2000);
    g_assert_cmphex(notified.addr_mask, ==, 0x1fff);
    unmap.entry = (IOMMUTLBEntry) { .iova = 0x4000, .addr_mask = 0xfff };
    memory_region_notify_iommu(&t.parent_obj, 0, &unmap);
    g_assert_cmpuint(notifications, ==, 1);
    memory_region_unregister_iommu_notifier((MemoryRegion *)&t, &n);
    g_assert_cmpuint(t.parent_obj.notify_flags, ==, IOMMU_NOTIFIER_NONE);
    object_unref(&t);
}

/* --- ioeventfds ---------------------------------------------------------------------------------- */

static GString *told;

static void on_eventfd(MemoryListener *l, MemoryRegionSection *s, bool match, uint64_t data, EventNotifier *e, char what)
{
    g_string_append_printf(told, "%c%" PRIx64 "/%u%s ", what, s->offset_within_address_space, (unsigned)s->size, match ? "=" : "");
}

static void on_eventfd_add(MemoryListener *l, MemoryRegionSection *s, bool match, uint64_t data, EventNotifier *e)
{
    on_eventfd(l, s, match, data, e, '+');
}

static void on_eventfd_del(MemoryListener *l, MemoryRegionSection *s, bool match, uint64_t data, EventNotifier *e)
{
    on_eventfd(l, s, match, data, e, '-');
}

static void test_ioeventfds(Fixture *f, gconstpointer data)
{
    static const MemoryRegionOps ops = { .read = note_read, .write = note_write };
    MemoryListener l = { .name = "eventfds", .eventfd_add = on_eventfd_add, .eventfd_del = on_eventfd_del };
    EventNotifier e;
    MemoryRegion mr;

    told = g_string_new(NULL);
    g_assert_cmpint(event_notifier_init(&e, false), ==, 0);
    with_device(f, &mr, &ops);
    memory_listener_register(&l, &f->as);
    memory_region_add_eventfd(&mr, 0x10, 4, true, 7, &e);
    memory_region_add_eventfd(&mr, 0x20, 0, false, 0, &e);
    /* With nobody who takes them over, the write itself bumps the counter. */
    address_space_stn_le(&f->as, 0x1010, 4, 7, any, NULL);
    g_assert_true(event_notifier_test_and_clear(&e));
    g_assert_cmpuint(n_seen, ==, 0);
    address_space_stn_le(&f->as, 0x1010, 4, 8, any, NULL);
    g_assert_false(event_notifier_test_and_clear(&e));
    g_assert_cmpuint(n_seen, ==, 1);
    memory_region_set_address(&mr, 0x3000);
    memory_region_set_enabled(&mr, false);
    g_assert_cmpstr(told->str, ==, "+1010/4= +1020/0 -1010/4= -1020/0 +3010/4= +3020/0 -3010/4= -3020/0 ");
    memory_region_set_enabled(&mr, true);
    memory_region_del_eventfd(&mr, 0x10, 4, true, 7, &e);
    g_string_truncate(told, 0);
    memory_listener_unregister(&l);
    g_assert_cmpstr(told->str, ==, "-3020/0 ");
    memory_region_del_eventfd(&mr, 0x20, 0, false, 0, &e);
    without(f, &mr);
    event_notifier_cleanup(&e);
    g_string_free(told, true);
}

/* --- Listeners ------------------------------------------------------------------------------------- */

typedef struct Named { MemoryListener l; char tag; } Named;

static void tag(MemoryListener *l, char what)
{
    g_string_append_printf(told, "%c%c ", what, ((Named *)l)->tag);
}

static void tag_add(MemoryListener *l, MemoryRegionSection *s) { tag(l, '+'); }
static void tag_del(MemoryListener *l, MemoryRegionSection *s) { tag(l, '-'); }
static void tag_start(MemoryListener *l, MemoryRegionSection *s, int old, int now) { tag(l, 's'); }
static void tag_stop(MemoryListener *l, MemoryRegionSection *s, int old, int now) { tag(l, 'x'); }

#define NAMED(tag_, priority_) { \
    .l = { .priority = priority_, .region_add = tag_add, .region_del = tag_del, .log_start = tag_start, .log_stop = tag_stop }, \
    .tag = tag_, \
}

static void test_listener_order(Fixture *f, gconstpointer data)
{
    Named late = NAMED('l', 10), early = NAMED('e', 0);
    MemoryRegion ram;

    told = g_string_new(NULL);
    memory_listener_register(&late.l, &f->as);
    memory_listener_register(&early.l, &f->as);
    g_assert_true(memory_region_init_ram(&ram, NULL, "ram", 0x1000, &error_abort));
    memory_region_add_subregion(&f->root, 0, &ram);
    g_assert_cmpstr(told->str, ==, "+e +l ");
    memory_region_set_log(&ram, true, DIRTY_MEMORY_MIGRATION);
    memory_region_set_address(&ram, 0x1000);
    memory_region_set_log(&ram, false, DIRTY_MEMORY_MIGRATION);
    g_assert_cmpstr(told->str, ==, "+e +l se sl xl xe -l -e +e +l se sl xl xe ");
    /* A round trip inside one transaction is no event. */
    g_string_truncate(told, 0);
    memory_region_transaction_begin();
    memory_region_set_enabled(&ram, false);
    memory_region_set_enabled(&ram, true);
    memory_region_transaction_commit();
    g_assert_cmpstr(told->str, ==, "");
    memory_listener_unregister(&early.l);
    memory_listener_unregister(&late.l);
    g_assert_cmpstr(told->str, ==, "-e -l ");
    without(f, &ram);
    g_string_free(told, true);
}

static void test_dirty(Fixture *f, gconstpointer data)
{
    MemoryRegion ram;

    g_assert_true(memory_region_init_ram(&ram, NULL, "ram", 0x10000, &error_abort));
    memory_region_add_subregion(&f->root, 0, &ram);
    address_space_stn_le(&f->as, 0x1000, 4, 1, any, NULL);
    g_assert_false(memory_region_snapshot_and_clear_dirty(&ram, 0, 0x10000, DIRTY_MEMORY_MIGRATION));
    memory_region_set_log(&ram, true, DIRTY_MEMORY_MIGRATION);
    address_space_stn_le(&f->as, 0x2ffe, 4, 1, any, NULL);
    g_assert_false(memory_region_snapshot_and_clear_dirty(&ram, 0x1000, 0x1000, DIRTY_MEMORY_MIGRATION));
    g_assert_true(memory_region_snapshot_and_clear_dirty(&ram, 0x2000, 0x1000, DIRTY_MEMORY_MIGRATION));
    g_assert_true(memory_region_snapshot_and_clear_dirty(&ram, 0, 0x10000, DIRTY_MEMORY_MIGRATION));
    g_assert_false(memory_region_snapshot_and_clear_dirty(&ram, 0, 0x10000, DIRTY_MEMORY_MIGRATION));
    without(f, &ram);
}

/* --- Lifetimes --------------------------------------------------------------------------------------- */

#define TYPE_OWNER "test-owner"
typedef struct Owner { Object parent_obj; MemoryRegion mr; } Owner;
static bool owner_gone;

static void owner_finalize(Object *obj)
{
    owner_gone = true;
}

static const TypeInfo owner_info = {
    .name = TYPE_OWNER, .instance_size = sizeof(Owner), .instance_finalize = owner_finalize,
};
DEFINE_TYPE(owner_info)

static void test_owner_outlives_readers(Fixture *f, gconstpointer data)
{
    Owner *o = (Owner *)object_new(TYPE_OWNER);
    hwaddr len = 8;
    void *p;

    owner_gone = false;
    g_assert_true(memory_region_init_ram(&o->mr, OBJECT(o), "ram", 0x1000, &error_abort));
    memory_region_add_subregion(&f->root, 0, &o->mr);
    p = address_space_map(&f->as, 0, &len, true, any);
    memory_region_del_subregion(&f->root, &o->mr);
    object_unref(o);
    drain_call_rcu();
    g_assert_false(owner_gone);         /* the mapping keeps it */
    memset(p, 1, len);
    address_space_unmap(&f->as, p, len, true, len);
    drain_call_rcu();
    g_assert_true(owner_gone);
}

/* --- Windows ------------------------------------------------------------------------------------------- */

static uint8_t *in_ram(MemoryRegion *mr, hwaddr offset)
{
    return (uint8_t *)memory_region_get_ram_ptr(mr) + offset;
}

static void test_window_follows_map(Fixture *f, gconstpointer data)
{
    MemoryRegion a, b, io;
    AddressSpace other;
    RAMWindow w = { 0 };

    g_assert_true(memory_region_init_ram(&a, NULL, "a", 0x1000, &error_abort));
    g_assert_true(memory_region_init_ram(&b, NULL, "b", 0x1000, &error_abort));
    memory_region_init_io(&io, NULL, &(MemoryRegionOps) { .read = note_read, .write = note_write }, NULL, "io", 0x100);
    g_assert_null(ram_window_at(&w, &f->as, 0, 1, false));
    memory_region_add_subregion(&f->root, 0, &a);
    memory_region_add_subregion(&f->root, 0x1000, &b);
    address_space_init(&other, &b, "other");
    g_assert_true(ram_window_at(&w, &f->as, 0x10, 8, true) == in_ram(&a, 0x10));
    g_assert_true(ram_window_at(&w, &f->as, 0xff8, 8, true) == in_ram(&a, 0xff8));
    g_assert_null(ram_window_at(&w, &f->as, 0xff9, 8, false));          /* two regions */
    g_assert_null(ram_window_at(&w, &f->as, 0, 0, false));
    g_assert_null(ram_window_at(&w, &f->as, 0, UINT64_MAX, false));
    g_assert_null(ram_window_at(&w, &f->as, UINT64_MAX, 2, false));
    g_assert_true(ram_window_at(&w, &f->as, 0x1000, 8, true) == in_ram(&b, 0));
    g_assert_true(ram_window_at(&w, &other, 0x10, 8, true) == in_ram(&b, 0x10));

    /* What stood there a moment ago is gone, covered, read-only, or watched. */
    g_assert_nonnull(ram_window_at(&w, &f->as, 0x10, 8, true));
    memory_region_add_subregion_overlap(&f->root, 0, &io, 1);
    g_assert_null(ram_window_at(&w, &f->as, 0x10, 8, true));
    g_assert_true(ram_window_at(&w, &f->as, 0x100, 8, true) == in_ram(&a, 0x100));
    memory_region_del_subregion(&f->root, &io);
    g_assert_true(ram_window_at(&w, &f->as, 0x10, 8, true) == in_ram(&a, 0x10));
    memory_region_set_readonly(&a, true);
    g_assert_null(ram_window_at(&w, &f->as, 0x10, 8, true));
    g_assert_true(ram_window_at(&w, &f->as, 0x10, 8, false) == in_ram(&a, 0x10));
    memory_region_set_readonly(&a, false);
    memory_region_set_log(&a, true, DIRTY_MEMORY_MIGRATION);
    g_assert_null(ram_window_at(&w, &f->as, 0x10, 8, true));
    g_assert_cmpuint(ram_window_rw(&w, &f->as, 0x10, any, "12345678", 8, true), ==, MEMTX_OK);
    g_assert_true(memory_region_snapshot_and_clear_dirty(&a, 0, 0x1000, DIRTY_MEMORY_MIGRATION));
    memory_region_set_log(&a, false, DIRTY_MEMORY_MIGRATION);
    g_assert_nonnull(ram_window_at(&w, &f->as, 0x10, 8, true));
    without(f, &a);
    g_assert_null(ram_window_at(&w, &f->as, 0x10, 8, false));
    memory_region_set_address(&b, 0);
    g_assert_true(ram_window_at(&w, &f->as, 0x10, 8, true) == in_ram(&b, 0x10));

    g_assert_true(ram_window_at(&w, &other, 0x10, 8, true) == in_ram(&b, 0x10));
    address_space_destroy(&other);
    g_assert_false(ram_window_holds(&w, &other));
    without(f, &b);
    object_unref(&io);
}

/* Nothing is watched at first, and everything when the device is done. */
static void test_window_mapping(Fixture *f, gconstpointer data)
{
    Owner *o = (Owner *)object_new(TYPE_OWNER);
    RAMWindow w = { 0 };
    hwaddr len = 16;
    void *p, *q;

    owner_gone = false;
    g_assert_true(memory_region_init_ram(&o->mr, OBJECT(o), "ram", 0x1000, &error_abort));
    memory_region_add_subregion(&f->root, 0, &o->mr);
    p = ram_window_map(&w, &f->as, 0x20, &len, true, any);
    g_assert_true(p == in_ram(&o->mr, 0x20));
    memory_region_set_log(&o->mr, true, DIRTY_MEMORY_MIGRATION);
    ram_window_unmap(&w, &f->as, p, len, true, len);
    g_assert_true(memory_region_snapshot_and_clear_dirty(&o->mr, 0, 0x1000, DIRTY_MEMORY_MIGRATION));
    memory_region_set_log(&o->mr, false, DIRTY_MEMORY_MIGRATION);
    len = 0x2000;
    g_assert_true(ram_window_map(&w, &f->as, 0x800, &len, true, any) == in_ram(&o->mr, 0x800));
    g_assert_cmphex(len, ==, 0x800);                                    /* cut short at its end */
    ram_window_unmap(&w, &f->as, in_ram(&o->mr, 0x800), len, true, 0);
    len = 16;
    p = ram_window_map(&w, &f->as, 0x20, &len, true, any);
    q = ram_window_map(&w, &f->as, 0x20, &len, false, any);
    ram_window_unmap(&w, &f->as, q, len, false, 0);
    memory_region_del_subregion(&f->root, &o->mr);
    object_unref(o);
    drain_call_rcu();
    g_assert_false(owner_gone);         /* the mapping keeps it */
    memset(p, 1, len);
    ram_window_unmap(&w, &f->as, p, len, true, len);
    drain_call_rcu();
    g_assert_true(owner_gone);
}

/* --- Readers while the map changes ---------------------------------------------------------------------- */

typedef struct Reader { AddressSpace *as; bool stop; unsigned hits, misses; } Reader;

/* What is there reads as 0x5a everywhere; what is not is an error. Never anything else. */
static void *read_all_the_time(void *opaque)
{
    Reader *r = opaque;

    while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
        uint8_t buf[64];
        hwaddr len = sizeof(buf);
        void *p;

        if (address_space_read(r->as, 0x1000, any, buf, sizeof(buf)) == MEMTX_OK) {
            g_assert_cmpuint(buf[0], ==, 0x5a);
            g_assert_cmpuint(buf[63], ==, 0x5a);
            r->hits++;
        } else {
            r->misses++;
        }
        p = address_space_map(r->as, 0x1000, &len, false, any);
        if (p) {
            g_assert_cmpuint(*(uint8_t *)p, ==, 0x5a);
            address_space_unmap(r->as, p, len, false, 0);
        }
    }
    return NULL;
}

static void test_readers(Fixture *f, gconstpointer data)
{
    Reader readers[3] = { { &f->as }, { &f->as }, { &f->as } };
    GThread *threads[3];

    for (int i = 0; i < 3; i++) {
        threads[i] = g_thread_new("reader", read_all_the_time, &readers[i]);
    }
    for (int i = 0; i < 1000; i++) {
        Owner *o = (Owner *)object_new(TYPE_OWNER);

        g_assert_true(memory_region_init_ram(&o->mr, OBJECT(o), "ram", 0x1000, &error_abort));
        memset(memory_region_get_ram_ptr(&o->mr), 0x5a, 0x1000);
        memory_region_add_subregion(&f->root, 0x1000, &o->mr);
        g_thread_yield();
        memory_region_del_subregion(&f->root, &o->mr);
        object_unref(o);
        bql_unlock();                   /* lets callbacks in */
        bql_lock();
    }
    for (int i = 0; i < 3; i++) {
        __atomic_store_n(&readers[i].stop, true, __ATOMIC_RELAXED);
        g_thread_join(threads[i]);
        g_test_message("reader %d: %u hits, %u misses", i, readers[i].hits, readers[i].misses);
    }
    drain_call_rcu();
    g_assert_null(qemu_ram_block_from_host(f, NULL));
}

static void test_ram_offsets(Fixture *f, gconstpointer data)
{
    MemoryRegion a, b, c;
    ram_addr_t offset;
    Error *err = NULL;

    g_assert_true(memory_region_init_ram(&a, NULL, "a", 0x1000, &error_abort));
    g_assert_true(memory_region_init_ram(&b, NULL, "b", 0x1000, &error_abort));
    g_assert_true(qemu_ram_block_from_host((uint8_t *)memory_region_get_ram_ptr(&b) + 5, &offset) == b.ram_block);
    g_assert_cmpuint(offset, ==, 5);
    offset = memory_region_get_ram_addr(&a);
    object_unref(&a);
    g_assert_true(memory_region_init_ram(&a, NULL, "a", 0x1000, &error_abort));
    g_assert_cmpuint(memory_region_get_ram_addr(&a), ==, offset);     /* the gap is used again */
    g_assert_false(memory_region_init_ram(&c, NULL, "huge", UINT64_MAX - 1, &err));
    g_assert_nonnull(err);
    error_free(err);
    object_unref(&a);
    object_unref(&b);
}

static void test_print(Fixture *f, gconstpointer data)
{
    g_autoptr(GString) out = g_string_new(NULL);
    MemoryRegion ram;

    g_assert_true(memory_region_init_ram(&ram, NULL, "ram", 0x1000, &error_abort));
    memory_region_add_subregion(&f->root, 0x4000, &ram);
    memory_tree_print(out, false);
    g_assert_nonnull(strstr(out->str, "    0000000000004000-0000000000004fff (prio 0, ram): ram\n"));
    g_string_truncate(out, 0);
    memory_tree_print(out, true);
    g_assert_nonnull(strstr(out->str, "  0000000000004000-0000000000004fff (prio 0, ram): ram\n"));
    without(f, &ram);
}

#define ADD(path, fn) g_test_add("/memory/" path, Fixture, NULL, setup, fn, teardown)

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    bql_lock();
    ADD("dispatch/default-sizes", test_default_sizes);
    ADD("dispatch/impl", test_impl_splits_and_widens);
    ADD("dispatch/big-endian", test_big_endian);
    ADD("dispatch/accepts", test_accepts);
    ADD("dispatch/lock", test_lock);
    ADD("dispatch/self-access", test_self_access);
    ADD("access/ram-rom", test_ram_rom);
    ADD("access/holes", test_holes);
    ADD("access/ram-device", test_ram_device);
    ADD("iommu/chain", test_iommu_chain);
    ADD("iommu/notifiers", test_iommu_notifiers);
    ADD("ioeventfd", test_ioeventfds);
    ADD("listener/order", test_listener_order);
    ADD("dirty", test_dirty);
    ADD("lifetime/owner", test_owner_outlives_readers);
    ADD("window/follows-map", test_window_follows_map);
    ADD("window/mapping", test_window_mapping);
    ADD("lifetime/readers", test_readers);
    ADD("lifetime/ram-offsets", test_ram_offsets);
    ADD("print", test_print);
    status = g_test_run();
    bql_unlock();
    return status;
}
