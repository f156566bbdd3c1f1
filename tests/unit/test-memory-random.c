/*
 * The memory map against a model that is too simple to be wrong: 10^6 random
 * changes of a tree of regions; after each, bytes resolve as the model says,
 * and a listener's picture is the view.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "system/memory.h"
#include "util/main-loop.h"
#include "util/osdep.h"

#define SPACE 512               /* bytes in the address space */
#define REGIONS 28
#define OPERATIONS 1000000
#define SAMPLES 12              /* bytes looked at after each operation */

/* What the model knows of a region. Children have a higher number than their parent: no loops. */
typedef struct Model {
    MemoryRegion mr;
    enum { IO, CONTAINER, ALIAS } kind;
    int parent;                 /* -1: not in the tree */
    int64_t addr;
    uint64_t size;
    int priority;
    unsigned added;             /* when: later wins */
    bool enabled, readonly;
    int target;
    uint64_t target_offset;
} Model;

typedef struct Where { int region; uint64_t offset; bool readonly; } Where;

static Model m[REGIONS];
static AddressSpace as;
static unsigned clock_ticks;
static GRand *rnd;

static uint64_t io_read(void *opaque, hwaddr addr, unsigned size) { return 0; }
static void io_write(void *opaque, hwaddr addr, uint64_t v, unsigned size) { }
static const MemoryRegionOps io_ops = { .read = io_read, .write = io_write };

/* --- The model ---------------------------------------------------------------- */

static bool before(const Model *a, const Model *b)
{
    return a->priority != b->priority ? a->priority > b->priority : a->added > b->added;
}

/* The child of @parent that has precedence among those after @last; -1: no more. */
static int next_child(int parent, int last)
{
    int best = -1;

    for (int i = parent + 1; i < REGIONS; i++) {
        if (m[i].parent == parent && (last < 0 || before(&m[last], &m[i])) && (best < 0 || before(&m[i], &m[best]))) {
            best = i;
        }
    }
    return best;
}

static bool resolve(int i, int64_t at, bool readonly, Where *w)
{
    const Model *r = &m[i];

    if (!r->enabled || at < 0 || (uint64_t)at >= r->size) {
        return false;
    }
    readonly |= r->readonly;
    if (r->kind == ALIAS) {
        return resolve(r->target, at + (int64_t)r->target_offset, readonly, w);
    }
    for (int c = next_child(i, -1); c >= 0; c = next_child(i, c)) {
        if (resolve(c, at - m[c].addr, readonly, w)) {
            return true;
        }
    }
    *w = (Where) { i, at, readonly };
    return r->kind == IO;
}

/* --- The listener's picture -------------------------------------------------------- */

typedef struct Cell { MemoryRegion *mr; uint64_t offset; bool readonly; } Cell;
static Cell picture[SPACE];
static bool in_transaction, adding;
static unsigned events;

static void on_begin(MemoryListener *l)
{
    g_assert_false(in_transaction);
    in_transaction = true;
    adding = false;
}

static void on_commit(MemoryListener *l)
{
    g_assert_true(in_transaction);
    in_transaction = false;
}

static void on_add(MemoryListener *l, MemoryRegionSection *s)
{
    g_assert_true(in_transaction);
    adding = true;
    events++;
    for (uint64_t i = 0; i < (uint64_t)s->size; i++) {
        Cell *c = &picture[s->offset_within_address_space + i];

        g_assert_null(c->mr);
        *c = (Cell) { s->mr, s->offset_within_region + i, s->readonly };
    }
}

static void on_del(MemoryListener *l, MemoryRegionSection *s)
{
    g_assert_true(in_transaction);
    g_assert_false(adding);     /* everything goes before anything comes */
    events++;
    for (uint64_t i = 0; i < (uint64_t)s->size; i++) {
        Cell *c = &picture[s->offset_within_address_space + i];

        g_assert_true(c->mr == s->mr && c->offset == s->offset_within_region + i && c->readonly == s->readonly);
        c->mr = NULL;
    }
}

static void on_nop(MemoryListener *l, MemoryRegionSection *s)
{
    for (uint64_t i = 0; i < (uint64_t)s->size; i++) {
        const Cell *c = &picture[s->offset_within_address_space + i];

        g_assert_true(c->mr == s->mr && c->offset == s->offset_within_region + i);
    }
}

static MemoryListener listener = {
    .name = "picture", .begin = on_begin, .commit = on_commit,
    .region_add = on_add, .region_del = on_del, .region_nop = on_nop,
};

/* --- Checking ------------------------------------------------------------------------ */

static void check_byte(hwaddr at)
{
    hwaddr xlat, len = 1;
    Where w;
    bool there = resolve(0, at, false, &w);
    MemoryRegion *mr = address_space_translate(&as, at, &xlat, &len, false, MEMTXATTRS_UNSPECIFIED);

    if (!there) {
        g_assert_cmpstr(memory_region_name(mr), ==, "nothing");
        g_assert_null(picture[at].mr);
        return;
    }
    g_assert_true(mr == &m[w.region].mr);
    g_assert_cmpuint(xlat, ==, w.offset);
    g_assert_true(picture[at].mr == mr);
    g_assert_cmpuint(picture[at].offset, ==, w.offset);
    g_assert_true(picture[at].readonly == w.readonly);
}

static void check_find(hwaddr at)
{
    MemoryRegionSection s = memory_region_find(&m[0].mr, at, 1);
    Where w;

    if (resolve(0, at, false, &w)) {
        g_assert_true(s.mr == &m[w.region].mr);
        g_assert_cmpuint(s.offset_within_region, ==, w.offset);
        g_assert_cmpuint(s.offset_within_address_space, ==, at);
    } else {
        g_assert_null(s.mr);
    }
    memory_region_section_unref(&s);
}

/* --- Operations -------------------------------------------------------------------------- */

static int number(int below)
{
    return g_rand_int_range(rnd, 0, below);
}

static int container_below(int i)
{
    for (int tries = 0; tries < 8; tries++) {
        int c = number(i);

        if (m[c].kind != ALIAS) {
            return c;
        }
    }
    return 0;
}

static void toggle_mapping(int i)
{
    Model *r = &m[i];

    if (r->parent >= 0) {
        memory_region_del_subregion(&m[r->parent].mr, &r->mr);
        r->parent = -1;
        return;
    }
    r->parent = container_below(i);
    r->addr = number(SPACE);
    r->priority = number(5) - 2;
    r->added = ++clock_ticks;
    memory_region_add_subregion_overlap(&m[r->parent].mr, r->addr, &r->mr, r->priority);
}

static void one_change(void)
{
    int i = 1 + number(REGIONS - 1);
    Model *r = &m[i];

    switch (number(8)) {
    case 0: case 1: case 2:
        toggle_mapping(i);
        break;
    case 3:
        r->enabled = number(4) != 0;
        memory_region_set_enabled(&r->mr, r->enabled);
        break;
    case 4:
        r->addr = number(SPACE);
        memory_region_set_address(&r->mr, r->addr);
        break;
    case 5:
        r->size = number(SPACE);
        memory_region_set_size(&r->mr, r->size);
        break;
    case 6:
        r->readonly = number(4) == 0;
        memory_region_set_readonly(&r->mr, r->readonly);
        break;
    default:
        if (r->kind == ALIAS) {
            r->target_offset = number(SPACE / 2);
            memory_region_set_alias_offset(&r->mr, r->target_offset);
        }
    }
}

static void build(void)
{
    memory_region_init(&m[0].mr, NULL, "root", SPACE);
    m[0] = (Model) { .mr = m[0].mr, .kind = CONTAINER, .parent = -1, .size = SPACE, .enabled = true };
    for (int i = 1; i < REGIONS; i++) {
        g_autofree char *name = g_strdup_printf("r%d", i);
        Model *r = &m[i];

        r->parent = -1;
        r->enabled = true;
        r->size = number(SPACE);
        r->kind = i >= REGIONS - 8 ? IO : number(3);
        if (r->kind == IO) {
            memory_region_init_io(&r->mr, NULL, &io_ops, NULL, name, r->size);
        } else if (r->kind == CONTAINER) {
            memory_region_init(&r->mr, NULL, name, r->size);
        }
    }
    for (int i = 1; i < REGIONS; i++) {
        if (m[i].kind == ALIAS) {
            g_autofree char *name = g_strdup_printf("r%d", i);

            m[i].target = i + 1 + number(REGIONS - i - 1);
            memory_region_init_alias(&m[i].mr, NULL, name, &m[m[i].target].mr, 0, m[i].size);
        }
    }
    address_space_init(&as, &m[0].mr, "test");
    memory_listener_register(&listener, &as);
}

static void take_down(void)
{
    memory_listener_unregister(&listener);
    for (int i = 0; i < SPACE; i++) {
        g_assert_null(picture[i].mr);
    }
    address_space_destroy(&as);
    for (int i = 0; i < REGIONS; i++) {
        object_unref(&m[i].mr);
    }
}

static void test_random(void)
{
    gint64 start = g_get_monotonic_time();

    rnd = g_rand_new_with_seed(g_test_rand_int());
    build();
    for (int done = 0; done < OPERATIONS; ) {
        int together = number(4) ? 1 : 1 + number(4);

        memory_region_transaction_begin();
        for (int i = 0; i < together; i++, done++) {
            one_change();
        }
        memory_region_transaction_commit();
        for (int i = 0; i < SAMPLES; i++) {
            check_byte(number(SPACE));
        }
        if (done % 512 == 0) {
            for (int i = 0; i < SPACE; i++) {
                check_byte(i);
                check_find(i);
            }
        }
        if (done % 4096 == 0) {         /* lets freed views go */
            bql_unlock();
            bql_lock();
        }
    }
    g_test_message("%d operations, %u events, %.1f s", OPERATIONS, events, (g_get_monotonic_time() - start) / 1e6);
    take_down();
    g_rand_free(rnd);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    bql_lock();
    g_test_add_func("/memory/random", test_random);
    status = g_test_run();
    bql_unlock();
    return status;
}
