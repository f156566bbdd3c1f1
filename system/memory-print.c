/*
 * "info mtree": the tree of each address space, or its rendering with -f.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "flatview.h"
#include "memory-internal.h"

static const char *kind(const MemoryRegion *mr, bool readonly)
{
    if (mr->ram_device) {
        return "ramd";
    }
    if (mr->rom_device) {
        return "romd";
    }
    if (mr->ram) {
        return readonly ? "rom" : "ram";
    }
    return "i/o";
}

static void print_line(GString *out, const MemoryRegion *mr, unsigned level, hwaddr base)
{
    g_string_append_printf(out, "%*s%016" PRIx64 "-%016" PRIx64 " (prio %d, %s): ", level * 2, "", base,
                           (hwaddr)(base + mr->size - 1), mr->priority, kind(mr, mr->readonly));
    if (mr->alias) {
        g_string_append_printf(out, "alias %s @%s %016" PRIx64 "-%016" PRIx64, mr->name_, mr->alias->name_,
                               mr->alias_offset, (hwaddr)(mr->alias_offset + mr->size - 1));
    } else {
        g_string_append(out, mr->name_);
    }
    g_string_append(out, mr->enabled ? "\n" : " [disabled]\n");
}

/* Aliased trees that are not below a root are printed once each, after it. */
static void print_tree(GString *out, MemoryRegion *mr, unsigned level, hwaddr base, GPtrArray *aliased)
{
    print_line(out, mr, level, base);
    if (mr->alias && !mr->alias->container && !g_ptr_array_find(aliased, mr->alias, NULL)) {
        g_ptr_array_add(aliased, mr->alias);
    }
    for (guint i = 0; mr->subregions && i < mr->subregions->len; i++) {
        MemoryRegion *sub = g_ptr_array_index(mr->subregions, i);

        print_tree(out, sub, level + 1, base + sub->addr, aliased);
    }
}

static void print_spaces(GString *out)
{
    g_autoptr(GPtrArray) aliased = g_ptr_array_new();
    GPtrArray *spaces = memory_address_spaces();

    for (guint i = 0; i < spaces->len; i++) {
        AddressSpace *as = g_ptr_array_index(spaces, i);

        g_string_append_printf(out, "address-space: %s\n", as->name);
        print_tree(out, as->root, 1, 0, aliased);
        g_string_append_c(out, '\n');
    }
    for (guint i = 0; i < aliased->len; i++) {
        MemoryRegion *mr = g_ptr_array_index(aliased, i);

        g_string_append_printf(out, "memory-region: %s\n", mr->name_);
        print_tree(out, mr, 1, 0, aliased);
        g_string_append_c(out, '\n');
    }
}

static void print_view(GString *out, const FlatView *view)
{
    for (unsigned i = 0; i < view->nr; i++) {
        const FlatRange *fr = &view->ranges[i];

        g_string_append_printf(out, "  %016" PRIx64 "-%016" PRIx64 " (prio %d, %s): %s", fr->start, fr->last,
                               fr->mr->priority, kind(fr->mr, fr->readonly), fr->mr->name_);
        if (fr->offset) {
            g_string_append_printf(out, " @%016" PRIx64, fr->offset);
        }
        g_string_append_c(out, '\n');
    }
    g_string_append(out, view->nr ? "\n" : "  No rendered FlatView\n\n");
}

/* Address spaces that share a view are listed above it. */
static void print_views(GString *out)
{
    GPtrArray *spaces = memory_address_spaces();
    unsigned number = 0;

    for (guint i = 0; i < spaces->len; i++) {
        FlatView *view = ((AddressSpace *)g_ptr_array_index(spaces, i))->view;
        bool printed = false;

        for (guint j = 0; j < i; j++) {
            printed |= ((AddressSpace *)g_ptr_array_index(spaces, j))->view == view;
        }
        if (printed) {
            continue;
        }
        g_string_append_printf(out, "FlatView #%u\n", number++);
        for (guint j = i; j < spaces->len; j++) {
            AddressSpace *as = g_ptr_array_index(spaces, j);

            if (as->view == view) {
                g_string_append_printf(out, " AS \"%s\", root: %s\n", as->name, as->root->name_);
            }
        }
        g_string_append_printf(out, " Root memory region: %s\n", view->root ? view->root->name_ : "(none)");
        print_view(out, view);
    }
}

void memory_tree_print(GString *out, bool flatview)
{
    if (flatview) {
        print_views(out);
    } else {
        print_spaces(out);
    }
}
