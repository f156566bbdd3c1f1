/*
 * What follows from a change of the tree: transactions, address spaces, and
 * telling listeners what became different.
 *
 * Everything here runs under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "flatview.h"
#include "memory-internal.h"
#include "util/main-loop.h"

AddressSpace address_space_memory, address_space_io;
static MemoryRegion system_memory, system_io;

static unsigned depth;
static bool topology_pending, ioeventfds_pending, committing;

static GPtrArray *list_of(GPtrArray **list)
{
    if (!*list) {
        *list = g_ptr_array_new();
    }
    return *list;
}

GPtrArray *memory_listeners(void)
{
    static GPtrArray *list;

    return list_of(&list);
}

GPtrArray *memory_address_spaces(void)
{
    static GPtrArray *list;

    return list_of(&list);
}

FlatView *address_space_view(AddressSpace *as)
{
    static FlatView empty = { .ref = 1 };
    FlatView *view = qatomic_rcu_read(&as->view);

    return view ? view : &empty;
}

/* --- Telling listeners ----------------------------------------------------- */

/* Calls @call of each listener in @list that has it, lowest priority first or last. */
#define TELL(list, call, ...) \
    for (guint i_ = 0; i_ < (list)->len; i_++) { \
        MemoryListener *l = g_ptr_array_index((list), i_); \
        if (l->call) l->call(__VA_ARGS__); \
    }
#define TELL_REVERSE(list, call, ...) \
    for (guint i_ = (list)->len; i_-- > 0; ) { \
        MemoryListener *l = g_ptr_array_index((list), i_); \
        if (l->call) l->call(__VA_ARGS__); \
    }

static void tell_gone(AddressSpace *as, const FlatRange *fr)
{
    MemoryRegionSection s = flat_range_section(fr, as);

    if (fr->dirty_log_mask) {
        TELL_REVERSE(as->listeners, log_stop, l, &s, fr->dirty_log_mask, 0);
    }
    TELL_REVERSE(as->listeners, region_del, l, &s);
}

static void tell_new(AddressSpace *as, const FlatRange *fr)
{
    MemoryRegionSection s = flat_range_section(fr, as);

    TELL(as->listeners, region_add, l, &s);
    if (fr->dirty_log_mask) {
        TELL(as->listeners, log_start, l, &s, 0, fr->dirty_log_mask);
    }
}

static void tell_same(AddressSpace *as, const FlatRange *was, const FlatRange *is)
{
    MemoryRegionSection s = flat_range_section(is, as);

    TELL(as->listeners, region_nop, l, &s);
    if (is->dirty_log_mask & ~was->dirty_log_mask) {
        TELL(as->listeners, log_start, l, &s, was->dirty_log_mask, is->dirty_log_mask);
    }
    if (was->dirty_log_mask & ~is->dirty_log_mask) {
        TELL_REVERSE(as->listeners, log_stop, l, &s, was->dirty_log_mask, is->dirty_log_mask);
    }
}

/* Walks two sorted views side by side. First all that is gone, then all that is new. */
static void tell_differences(AddressSpace *as, const FlatView *before, const FlatView *after, bool adding)
{
    unsigned b = 0, a = 0;

    while (b < before->nr || a < after->nr) {
        const FlatRange *old = b < before->nr ? &before->ranges[b] : NULL;
        const FlatRange *new = a < after->nr ? &after->ranges[a] : NULL;

        if (old && new && flat_range_same_place(old, new)) {
            if (adding) {
                tell_same(as, old, new);
            }
            a++;
            b++;
        } else if (old && (!new || old->start <= new->start)) {
            if (!adding) {
                tell_gone(as, old);
            }
            b++;
        } else {
            if (adding) {
                tell_new(as, new);
            }
            a++;
        }
    }
}

/* --- ioeventfds -------------------------------------------------------------- */

static int compare_ioeventfds(gconstpointer pa, gconstpointer pb)
{
    const MemoryRegionIoeventfd *a = pa, *b = pb;
#define BY(field) if (a->field != b->field) return a->field < b->field ? -1 : 1
    BY(addr);
    BY(size);
    BY(match_data);
    BY(data);
    BY(e);
#undef BY
    return 0;
}

/* Those that show in the view, at absolute addresses, sorted; NULL when there are none. */
static GArray *collect_ioeventfds(const FlatView *view)
{
    GArray *all = NULL;

    for (unsigned i = 0; i < view->nr; i++) {
        const FlatRange *fr = &view->ranges[i];
        const GArray *own = fr->mr->ioeventfds;

        for (guint j = 0; own && j < own->len; j++) {
            MemoryRegionIoeventfd fd = g_array_index(own, MemoryRegionIoeventfd, j);
            hwaddr last = fd.addr + MAX(fd.size, 1) - 1;

            if (fd.addr < fr->offset || last > fr->offset + (fr->last - fr->start)) {
                continue;
            }
            fd.addr = fd.addr - fr->offset + fr->start;
            if (!all) {
                all = g_array_new(false, false, sizeof(fd));
            }
            g_array_append_val(all, fd);
        }
    }
    if (all) {
        g_array_sort(all, compare_ioeventfds);
    }
    return all;
}

static void tell_ioeventfd(AddressSpace *as, const MemoryRegionIoeventfd *fd, bool add)
{
    const FlatRange *fr = flatview_lookup(address_space_view(as), fd->addr);
    MemoryRegionSection s = {
        .as = as, .mr = add && fr ? fr->mr : NULL, .offset_within_address_space = fd->addr, .size = fd->size,
        .offset_within_region = add && fr ? fd->addr - fr->start + fr->offset : 0,
    };

    if (add) {
        TELL(as->listeners, eventfd_add, l, &s, fd->match_data, fd->data, fd->e);
    } else {
        TELL_REVERSE(as->listeners, eventfd_del, l, &s, fd->match_data, fd->data, fd->e);
    }
}

/* One pass over two sorted lists; first what went, then what came. */
static void tell_ioeventfd_differences(AddressSpace *as, const GArray *before, const GArray *after, bool adding)
{
    guint b = 0, a = 0, nb = before ? before->len : 0, na = after ? after->len : 0;

    while (b < nb || a < na) {
        const MemoryRegionIoeventfd *old = b < nb ? &g_array_index(before, MemoryRegionIoeventfd, b) : NULL;
        const MemoryRegionIoeventfd *new = a < na ? &g_array_index(after, MemoryRegionIoeventfd, a) : NULL;
        int order = !old ? 1 : !new ? -1 : compare_ioeventfds(old, new);

        if (order < 0 && !adding) {
            tell_ioeventfd(as, old, false);
        } else if (order > 0 && adding) {
            tell_ioeventfd(as, new, true);
        }
        b += order <= 0;
        a += order >= 0;
    }
}

static void update_ioeventfds(AddressSpace *as)
{
    GArray *before = as->ioeventfds, *after = collect_ioeventfds(address_space_view(as));

    as->ioeventfds = after;
    tell_ioeventfd_differences(as, before, after, false);
    tell_ioeventfd_differences(as, before, after, true);
    if (before) {
        g_array_free(before, true);
    }
}

/* --- Transactions -------------------------------------------------------------- */

static bool views_equal(const FlatView *a, const FlatView *b)
{
    if (a->nr != b->nr) {
        return false;
    }
    for (unsigned i = 0; i < a->nr; i++) {
        if (!flat_range_same_place(&a->ranges[i], &b->ranges[i])
            || a->ranges[i].dirty_log_mask != b->ranges[i].dirty_log_mask) {
            return false;
        }
    }
    return true;
}

/* Renders each root once, however many address spaces have it. */
static FlatView *view_for(GHashTable *made, AddressSpace *as)
{
    MemoryRegion *root = flatview_effective_root(as->root);
    FlatView *view = g_hash_table_lookup(made, root);

    if (!view) {
        view = flatview_render(root);
        if (as->view && as->view->root == root && views_equal(as->view, view)) {
            flatview_unref(view);
            view = flatview_ref(as->view);      /* nothing changed: keep it */
        }
        g_hash_table_insert(made, root, view);
    }
    return view;
}

uint64_t memory_map_generation = 1;

static void install(AddressSpace *as, FlatView *view)
{
    FlatView *old = as->view;

    memory_map_generation++;
    qatomic_rcu_set(&as->view, flatview_ref(view));
    flatview_unref(old);
}

static GHashTable *views_new(void)
{
    return g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)flatview_unref);
}

static void update_topology(void)
{
    GPtrArray *spaces = memory_address_spaces();
    g_autoptr(GHashTable) made = views_new();

    for (guint i = 0; i < spaces->len; i++) {
        AddressSpace *as = g_ptr_array_index(spaces, i);
        FlatView *view = view_for(made, as);

        if (as->listeners->len) {
            tell_differences(as, address_space_view(as), view, false);
            tell_differences(as, address_space_view(as), view, true);
        }
        if (as->view != view) {
            install(as, view);
        }
    }
}

/* @fn for each listener there is: begin or commit. */
static void tell_all(size_t member)
{
    GPtrArray *all = memory_listeners();

    for (guint i = 0; i < all->len; i++) {
        MemoryListener *l = g_ptr_array_index(all, i);
        void (*fn)(MemoryListener *) = *(void (**)(MemoryListener *))((char *)l + member);

        if (fn) {
            fn(l);
        }
    }
}

static void commit_once(void)
{
    bool topology = topology_pending;
    GPtrArray *spaces = memory_address_spaces();

    topology_pending = ioeventfds_pending = false;
    if (topology) {
        tell_all(offsetof(MemoryListener, begin));
        update_topology();
    }
    for (guint i = 0; i < spaces->len; i++) {
        update_ioeventfds(g_ptr_array_index(spaces, i));
    }
    if (topology) {
        tell_all(offsetof(MemoryListener, commit));
    }
}

void memory_region_transaction_begin(void)
{
    depth++;
}

void memory_region_transaction_commit(void)
{
    g_assert(depth);
    if (--depth || committing) {
        return;
    }
    /* A listener may change the tree; that is done in another round. */
    committing = true;
    while (topology_pending || ioeventfds_pending) {
        commit_once();
    }
    committing = false;
}

/* --- What a listener cannot do ----------------------------------------------------- */

static bool trying;
static Error *why_not;

bool memory_listener_fail(Error *err)
{
    if (!trying) {
        return false;
    }
    if (why_not) {
        error_free(err);
    } else {
        why_not = err;
    }
    return true;
}

bool memory_region_try_add_subregion(MemoryRegion *mr, hwaddr offset, MemoryRegion *sub, Error **errp)
{
    g_assert(!depth);
    trying = true;
    memory_region_add_subregion(mr, offset, sub);
    trying = false;
    if (!why_not) {
        return true;
    }
    memory_region_del_subregion(mr, sub);
    error_propagate(errp, g_steal_pointer(&why_not));
    return false;
}

void memory_topology_changed(void)
{
    topology_pending = true;
}

void memory_ioeventfds_changed(void)
{
    ioeventfds_pending = true;
}

bool memory_transaction_open(void)
{
    return depth > 0;
}

/* --- Address spaces --------------------------------------------------------------- */

/* The view of another address space with the same root spares a rendering. */
static FlatView *first_view(AddressSpace *as)
{
    GPtrArray *spaces = memory_address_spaces();
    MemoryRegion *root = flatview_effective_root(as->root);

    for (guint i = 0; i < spaces->len && !topology_pending; i++) {
        AddressSpace *other = g_ptr_array_index(spaces, i);

        if (root && other->view && other->view->root == root) {
            return flatview_ref(other->view);
        }
    }
    return flatview_render(root);
}

void address_space_init(AddressSpace *as, MemoryRegion *root, const char *name)
{
    memory_region_transaction_begin();
    as->name = g_strdup(name ? name : "anonymous");
    as->root = root;
    as->listeners = g_ptr_array_new();
    as->ioeventfds = NULL;
    if (root->owner) {
        object_ref(root->owner);
    }
    as->view = first_view(as);
    g_ptr_array_add(memory_address_spaces(), as);
    update_ioeventfds(as);
    memory_region_transaction_commit();
}

typedef struct OldSpace { RCUCallback rcu; Object *owner; char *name; } OldSpace;

static void space_gone(RCUCallback *rcu)
{
    OldSpace *old = container_of(rcu, OldSpace, rcu);

    if (old->owner) {
        object_unref(old->owner);
    }
    g_free(old->name);
    g_free(old);
}

void address_space_destroy(AddressSpace *as)
{
    OldSpace *old = g_new0(OldSpace, 1);
    FlatView *view = as->view;

    g_assert(!as->listeners->len);
    g_ptr_array_remove(memory_address_spaces(), as);
    memory_map_generation++;
    qatomic_rcu_set(&as->view, NULL);
    flatview_unref(view);
    if (as->ioeventfds) {
        g_array_free(as->ioeventfds, true);
    }
    g_ptr_array_free(as->listeners, true);
    as->listeners = NULL;
    as->ioeventfds = NULL;
    old->owner = as->root->owner;
    old->name = as->name;
    as->root = NULL;
    call_rcu(&old->rcu, space_gone);
}

MemoryRegion *get_system_memory(void)
{
    return &system_memory;
}

MemoryRegion *get_system_io(void)
{
    return &system_io;
}

void memory_map_init(void)
{
    memory_nothing();
    memory_region_init(&system_memory, NULL, "system", UINT64_MAX);
    address_space_init(&address_space_memory, &system_memory, "memory");
    memory_region_init_io(&system_io, NULL, NULL, NULL, "io", 65536);
    address_space_init(&address_space_io, &system_io, "I/O");
}

/* --- Finding ------------------------------------------------------------------------ */

/* The flat view under which @root's top lies; a reference is returned. */
static FlatView *view_of_top(MemoryRegion *top, AddressSpace **as)
{
    GPtrArray *spaces = memory_address_spaces();

    for (guint i = 0; i < spaces->len; i++) {
        *as = g_ptr_array_index(spaces, i);
        if ((*as)->root == top && !topology_pending) {
            return flatview_ref((*as)->view);
        }
    }
    *as = NULL;
    return flatview_render(flatview_effective_root(top));
}

MemoryRegionSection memory_region_find(MemoryRegion *root, hwaddr addr, uint64_t size)
{
    hwaddr base = 0, last = addr + (size ? size : 1) - 1;
    MemoryRegionSection s = { 0 };
    MemoryRegion *top = root;
    AddressSpace *as;
    FlatView *view;
    unsigned i;

    for (; top->container; top = top->container) {
        base += top->addr;
    }
    view = view_of_top(top, &as);
    last = last < addr ? UINT64_MAX : last;
    i = flatview_first_at_or_after(view, addr + base);
    if (i < view->nr && view->ranges[i].start <= last + base) {
        FlatRange fr = view->ranges[i];
        hwaddr start = MAX(fr.start, addr + base);

        fr.offset += start - fr.start;
        fr.start = start;
        fr.last = MIN(fr.last, last + base);
        s = flat_range_section(&fr, as);
        memory_region_ref_owner(s.mr);
    }
    flatview_unref(view);
    return s;
}

void memory_region_section_unref(MemoryRegionSection *s)
{
    if (s->mr) {
        memory_region_unref_owner(s->mr);
        s->mr = NULL;
    }
}

void address_space_foreach_section(AddressSpace *as, bool (*fn)(const MemoryRegionSection *s, void *opaque), void *opaque)
{
    FlatView *view;
    bool stop = false;

    rcu_read_lock();
    view = address_space_view(as);
    for (unsigned i = 0; i < view->nr && !stop; i++) {
        MemoryRegionSection s = flat_range_section(&view->ranges[i], as);

        stop = fn(&s, opaque);
    }
    rcu_read_unlock();
}

/* --- Listeners --------------------------------------------------------------------- */

static void insert_listener(GPtrArray *list, MemoryListener *l)
{
    guint i = 0;

    while (i < list->len && ((MemoryListener *)g_ptr_array_index(list, i))->priority <= l->priority) {
        i++;
    }
    g_ptr_array_insert(list, i, l);
}

/* Tells one listener all that is there, or that all of it goes. */
static void replay(MemoryListener *l, AddressSpace *as, bool add)
{
    GPtrArray *others = as->listeners;
    static FlatView empty;

    as->listeners = g_ptr_array_new();
    g_ptr_array_add(as->listeners, l);
    if (l->begin) {
        l->begin(l);
    }
    if (add) {
        tell_differences(as, &empty, address_space_view(as), true);
        tell_ioeventfd_differences(as, NULL, as->ioeventfds, true);
    } else {
        tell_ioeventfd_differences(as, as->ioeventfds, NULL, false);
        tell_differences(as, address_space_view(as), &empty, false);
    }
    if (l->commit) {
        l->commit(l);
    }
    g_ptr_array_free(as->listeners, true);
    as->listeners = others;
}

void memory_listener_register(MemoryListener *l, AddressSpace *as)
{
    l->as = as;
    replay(l, as, true);
    insert_listener(memory_listeners(), l);
    insert_listener(as->listeners, l);
}

void memory_listener_unregister(MemoryListener *l)
{
    AddressSpace *as = l->as;

    if (!as) {
        return;
    }
    g_ptr_array_remove(memory_listeners(), l);
    g_ptr_array_remove(as->listeners, l);
    replay(l, as, false);
    l->as = NULL;
}
