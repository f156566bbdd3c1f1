/*
 * Rendering a tree of regions into a FlatView, and looking things up in it.
 *
 * The tree is walked from what has precedence to what has not; each region
 * takes the addresses that nobody took before.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "flatview.h"
#include "memory-internal.h"

typedef struct Render {
    GArray *ranges;                     /* FlatRange, sorted */
    GArray *gaps;                       /* scratch */
} Render;

/* An interval that may start below zero, as what an alias shows can. */
typedef struct Span { __int128_t start, end; } Span;

static Span span_intersect(Span a, Span b)
{
    return (Span) { MAX(a.start, b.start), MIN(a.end, b.end) };
}

static bool span_empty(Span s)
{
    return s.start >= s.end;
}

static unsigned first_range_ending_at(const FlatRange *ranges, unsigned nr, hwaddr addr)
{
    unsigned lo = 0, hi = nr;

    while (lo < hi) {
        unsigned mid = lo + (hi - lo) / 2;

        if (ranges[mid].last < addr) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

/* @mr, whose offset 0 is at @base, takes what is free in @span. */
static void claim(Render *r, MemoryRegion *mr, __int128_t base, Span span, bool readonly)
{
    hwaddr at = span.start, last = span.end - 1;
    const FlatRange *ranges = (const FlatRange *)(void *)r->ranges->data;
    unsigned first = first_range_ending_at(ranges, r->ranges->len, at), i = first;
    FlatRange piece = {
        .mr = mr, .readonly = readonly, .romd = mr->romd_mode, .dirty_log_mask = mr->dirty_log_mask,
    };

    g_array_set_size(r->gaps, 0);
    for (;; i++) {
        bool more = i < r->ranges->len && ranges[i].start <= last;

        if (!more || ranges[i].start > at) {
            piece.start = at;
            piece.last = more ? ranges[i].start - 1 : last;
            piece.offset = (hwaddr)(at - base);
            g_array_append_val(r->gaps, piece);
        }
        if (!more) {
            break;
        }
        g_array_append_val(r->gaps, ranges[i]);
        if (ranges[i].last >= last) {
            i++;
            break;
        }
        at = ranges[i].last + 1;
    }
    /* gaps now holds ranges[first..i) with the new pieces between them. */
    unsigned replaced = i - first, added = r->gaps->len - replaced;
    if (added) {
        unsigned tail = r->ranges->len - i;

        g_array_set_size(r->ranges, r->ranges->len + added);
        FlatRange *to = (FlatRange *)(void *)r->ranges->data + first;
        memmove(to + r->gaps->len, to + replaced, tail * sizeof(FlatRange));
        memcpy(to, r->gaps->data, r->gaps->len * sizeof(FlatRange));
    }
}

/* @base: where @mr's offset 0 falls. */
static void render(Render *r, MemoryRegion *mr, __int128_t base, Span clip, bool readonly)
{
    Span span = span_intersect(clip, (Span) { base, base + (__int128_t)mr->size });

    if (!mr->enabled || span_empty(span)) {
        return;
    }
    readonly |= mr->readonly;
    if (mr->alias) {
        render(r, mr->alias, base - mr->alias_offset, span, readonly);
        return;
    }
    for (unsigned i = 0; mr->subregions && i < mr->subregions->len; i++) {
        MemoryRegion *sub = g_ptr_array_index(mr->subregions, i);

        render(r, sub, base + sub->addr, span, readonly);
    }
    if (mr->terminates) {
        claim(r, mr, base, span, readonly);
    }
}

static bool continues(const FlatRange *a, const FlatRange *b)
{
    return a->mr == b->mr && a->last + 1 == b->start && a->offset + (b->start - a->start) == b->offset
        && a->readonly == b->readonly && a->romd == b->romd;
}

static void merge_neighbours(GArray *ranges)
{
    FlatRange *fr = (FlatRange *)(void *)ranges->data;
    unsigned to = 0;

    for (unsigned i = 1; i < ranges->len; i++) {
        if (continues(&fr[to], &fr[i])) {
            fr[to].last = fr[i].last;
        } else {
            fr[++to] = fr[i];
        }
    }
    if (ranges->len) {
        g_array_set_size(ranges, to + 1);
    }
}

MemoryRegion *flatview_effective_root(MemoryRegion *mr)
{
    while (mr && mr->enabled && !mr->terminates) {
        MemoryRegion *only = NULL;
        unsigned enabled = 0;

        if (mr->alias) {
            if (mr->alias_offset || mr->readonly || mr->alias->size > mr->size) {
                return mr;
            }
            mr = mr->alias;
            continue;
        }
        for (unsigned i = 0; mr->subregions && i < mr->subregions->len && enabled < 2; i++) {
            MemoryRegion *sub = g_ptr_array_index(mr->subregions, i);

            if (sub->enabled) {
                enabled++;
                only = sub;
            }
        }
        if (!enabled) {
            return NULL;
        }
        if (enabled > 1 || mr->readonly || only->addr || only->size > mr->size) {
            return mr;
        }
        mr = only;
    }
    return mr && mr->enabled ? mr : NULL;
}

FlatView *flatview_render(MemoryRegion *root)
{
    Render r = { g_array_new(false, false, sizeof(FlatRange)), g_array_new(false, false, sizeof(FlatRange)) };
    FlatView *view = g_new0(FlatView, 1);

    if (root) {
        render(&r, root, 0, (Span) { 0, (__int128_t)1 << 64 }, false);
    }
    merge_neighbours(r.ranges);
    view->ref = 1;
    view->root = root;
    view->nr = r.ranges->len;
    view->starts = g_new(hwaddr, view->nr);
    for (unsigned i = 0; i < view->nr; i++) {
        FlatRange *fr = &g_array_index(r.ranges, FlatRange, i);

        view->starts[i] = fr->start;
        fr->owner = fr->mr->owner;
        object_ref(fr->owner);
    }
    view->ranges = (FlatRange *)(void *)g_array_free(r.ranges, false);
    g_array_free(r.gaps, true);
    return view;
}

FlatView *flatview_ref(FlatView *view)
{
    __atomic_add_fetch(&view->ref, 1, __ATOMIC_RELAXED);
    return view;
}

static void flatview_free(RCUCallback *rcu)
{
    FlatView *view = container_of(rcu, FlatView, rcu);

    for (unsigned i = 0; i < view->nr; i++) {
        object_unref(view->ranges[i].owner);
    }
    g_free(view->starts);
    g_free(view->ranges);
    g_free(view);
}

void flatview_unref(FlatView *view)
{
    if (view && __atomic_sub_fetch(&view->ref, 1, __ATOMIC_ACQ_REL) == 0) {
        call_rcu(&view->rcu, flatview_free);
    }
}

/*
 * Where this thread last found something, by view. An index is a guess that
 * is checked before use, so a stale one costs a search and nothing else.
 */
static __thread unsigned last_hit[16];

static unsigned *hit_slot(const FlatView *view)
{
    return &last_hit[((uintptr_t)view >> 6) % ARRAY_SIZE(last_hit)];
}

const FlatRange *flatview_lookup(const FlatView *view, hwaddr addr)
{
    unsigned *slot = hit_slot(view), lo = 0, hi = view->nr;

    if (*slot < hi && addr >= view->ranges[*slot].start && addr <= view->ranges[*slot].last) {
        return &view->ranges[*slot];
    }
    while (lo < hi) {               /* the first that starts after addr */
        unsigned mid = lo + (hi - lo) / 2;

        if (view->starts[mid] <= addr) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    if (!lo || view->ranges[lo - 1].last < addr) {
        return NULL;
    }
    *slot = lo - 1;
    return &view->ranges[lo - 1];
}

unsigned flatview_first_at_or_after(const FlatView *view, hwaddr addr)
{
    return first_range_ending_at(view->ranges, view->nr, addr);
}

bool flat_range_same_place(const FlatRange *a, const FlatRange *b)
{
    return a->mr == b->mr && a->start == b->start && a->last == b->last && a->offset == b->offset
        && a->readonly == b->readonly && a->romd == b->romd;
}

MemoryRegionSection flat_range_section(const FlatRange *fr, AddressSpace *as)
{
    return (MemoryRegionSection) {
        .mr = fr->mr, .as = as, .size = (__uint128_t)(fr->last - fr->start) + 1,
        .offset_within_region = fr->offset, .offset_within_address_space = fr->start, .readonly = fr->readonly,
    };
}
