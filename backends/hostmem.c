/*
 * memory-backend: what -ram, -file and -memfd have in common. Properties are
 * a table; once complete() made the memory only `merge` and `dump` change.
 *
 * Placement (host-nodes, policy) is mbind(2) before the first touch, so that
 * preallocation obeys it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include "backends/hostmem.h"
#include "hostmem-internal.h"
#include "util/options.h"

#define WORD_BITS (8 * sizeof(unsigned long))

static const char *const policy_names[HOST_MEM_POLICY__MAX] = {
    [HOST_MEM_POLICY_DEFAULT] = "default", [HOST_MEM_POLICY_PREFERRED] = "preferred",
    [HOST_MEM_POLICY_BIND] = "bind", [HOST_MEM_POLICY_INTERLEAVE] = "interleave",
};
static const int policy_modes[HOST_MEM_POLICY__MAX] = {
    [HOST_MEM_POLICY_DEFAULT] = MPOL_DEFAULT, [HOST_MEM_POLICY_PREFERRED] = MPOL_PREFERRED,
    [HOST_MEM_POLICY_BIND] = MPOL_BIND, [HOST_MEM_POLICY_INTERLEAVE] = MPOL_INTERLEAVE,
};

/* --- Properties ------------------------------------------------------------ */

static void *field(Object *obj, const HostMemProp *p)
{
    return (char *)obj + p->offset;
}

static json_t *prop_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    const HostMemProp *p = prop->opaque;

    switch (p->kind) {
    case HOSTMEM_BOOL:
        return json_boolean(*(bool *)field(obj, p));
    case HOSTMEM_UINT32:
        return json_integer(*(uint32_t *)field(obj, p));
    case HOSTMEM_SIZE:
        return json_integer(*(uint64_t *)field(obj, p));
    case HOSTMEM_ENUM:
        return json_string(p->names[*(int *)field(obj, p)]);
    default:
        return json_string(*(char **)field(obj, p) ? *(char **)field(obj, p) : "");
    }
}

static bool set_enum(int *to, const HostMemProp *p, const json_t *value, Error **errp)
{
    const char *text = option_str(value, p->name, errp);
    unsigned n = 0;

    if (!text) {
        return false;
    }
    for (; p->names[n]; n++) {
        if (!strcmp(p->names[n], text)) {
            *to = n;
            return true;
        }
    }
    g_autofree char *valid = join_names(p->names, n, "or");
    error_setg(errp, "Parameter '%s' cannot be '%s': it is %s", p->name, text, valid);
    return false;
}

static bool set_field(void *to, const HostMemProp *p, const json_t *value, Error **errp)
{
    const char *text;
    uint64_t v;

    switch (p->kind) {
    case HOSTMEM_BOOL:
        return option_bool(value, p->name, to, errp);
    case HOSTMEM_UINT32:
        if (!option_uint(value, p->name, UINT32_MAX, &v, errp)) {
            return false;
        }
        *(uint32_t *)to = v;
        return true;
    case HOSTMEM_SIZE:
        return option_size(value, p->name, to, errp);
    case HOSTMEM_ENUM:
        return set_enum(to, p, value, errp);
    default:
        text = option_str(value, p->name, errp);
        if (text) {
            g_free(*(char **)to);
            *(char **)to = g_strdup(text);
        }
        return text != NULL;
    }
}

static void advise(HostMemoryBackend *be)
{
    void *p = memory_region_get_ram_ptr(&be->mr);
    size_t size = memory_region_size(&be->mr);

    /* Hints: a kernel without them is as good. */
    madvise(p, size, be->merge ? MADV_MERGEABLE : MADV_UNMERGEABLE);
    madvise(p, size, be->dump ? MADV_DODUMP : MADV_DONTDUMP);
}

static bool prop_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    HostMemoryBackend *be = MEMORY_BACKEND(obj);
    const HostMemProp *p = prop->opaque;

    if (be->complete && !p->live) {
        error_setg(errp, "'%s' is fixed once a %s is there", p->name, object_get_typename(obj));
        return false;
    }
    if (!set_field(field(obj, p), p, value, errp)) {
        return false;
    }
    if (be->complete) {
        advise(be);
    }
    return true;
}

void hostmem_class_add_props(ObjectClass *klass, const HostMemProp *props, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        object_class_property_add(klass, props[i].name, props[i].type, prop_get, prop_set, (void *)&props[i]);
        object_class_property_set_description(klass, props[i].name, props[i].description);
    }
}

/* host-nodes: a number, "A-B", or a list of either. */
static bool add_nodes(HostMemoryBackend *be, uint64_t from, uint64_t to, Error **errp)
{
    if (from > to || to >= HOST_MEM_MAX_NODES) {
        error_setg(errp, "host-nodes= takes numbers from 0 to %d", HOST_MEM_MAX_NODES - 1);
        return false;
    }
    for (; from <= to; from++) {
        be->host_nodes[from / WORD_BITS] |= 1UL << (from % WORD_BITS);
    }
    return true;
}

static bool parse_nodes(HostMemoryBackend *be, const json_t *v, Error **errp)
{
    uint64_t from, to;

    if (json_is_string(v)) {
        g_auto(GStrv) ends = g_strsplit(json_string_value(v), "-", 2);

        if (!ends[0] || !parse_uint64(ends[0], &from) || (ends[1] && !parse_uint64(ends[1], &to))) {
            error_setg(errp, "host-nodes= takes node numbers: N or FIRST-LAST");
            return false;
        }
        return add_nodes(be, from, ends[1] ? to : from, errp);
    }
    return option_uint(v, "host-nodes", UINT16_MAX, &from, errp) && add_nodes(be, from, from, errp);
}

static bool host_nodes_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    HostMemoryBackend *be = MEMORY_BACKEND(obj);
    size_t i;
    json_t *v;

    if (be->complete) {
        error_setg(errp, "cannot change property 'host-nodes' of %s", object_get_typename(obj));
        return false;
    }
    if (!json_is_array(value)) {
        return parse_nodes(be, value, errp);
    }
    json_array_foreach(value, i, v) {
        if (!parse_nodes(be, v, errp)) {
            return false;
        }
    }
    return true;
}

static bool node_set(const HostMemoryBackend *be, unsigned n)
{
    return be->host_nodes[n / WORD_BITS] >> (n % WORD_BITS) & 1;
}

static json_t *host_nodes_get(Object *obj, const ObjectProperty *prop, Error **errp)
{
    json_t *list = json_array();

    for (unsigned n = 0; n < HOST_MEM_MAX_NODES; n++) {
        if (node_set(MEMORY_BACKEND(obj), n)) {
            json_array_append_new(list, json_integer(n));
        }
    }
    return list;
}

#define PROP(n, t, k, f, ...) \
    { .name = n, .type = t, .kind = k, .offset = offsetof(HostMemoryBackend, f), __VA_ARGS__ }
static const char *const policy_list[] = { "default", "preferred", "bind", "interleave", NULL };
static const HostMemProp common_props[] = {
    PROP("size", "int", HOSTMEM_SIZE, size, .description = "How much, such as 512M"),
    PROP("share", "bool", HOSTMEM_BOOL, share, .description = "Other programs may map it"),
    PROP("reserve", "bool", HOSTMEM_BOOL, reserve, .description = "Ask the host to keep room for all of it"),
    PROP("prealloc", "bool", HOSTMEM_BOOL, prealloc, .description = "Touch all of it at the start"),
    PROP("prealloc-threads", "int", HOSTMEM_UINT32, prealloc_threads, .description = "Threads that touch it"),
    PROP("policy", "HostMemPolicy", HOSTMEM_ENUM, policy, .names = policy_list, .description = "How it is spread over host-nodes"),
    PROP("merge", "bool", HOSTMEM_BOOL, merge, .live = true, .description = "The host may merge equal pages (KSM)"),
    PROP("dump", "bool", HOSTMEM_BOOL, dump, .live = true, .description = "Core dumps have it"),
    PROP("x-use-canonical-path-for-ramblock-id", "bool", HOSTMEM_BOOL, use_canonical_path,
         .description = "Name the memory by its path instead of its id"),
};

/* --- Making it ---------------------------------------------------------------- */

size_t host_memory_backend_pagesize(const HostMemoryBackend *be)
{
    return be->mr.ram_block ? be->mr.ram_block->page_size : (size_t)getpagesize();
}

static bool check(HostMemoryBackend *be, Error **errp)
{
    unsigned nodes = 0;

    for (unsigned n = 0; n < HOST_MEM_MAX_NODES; n++) {
        nodes += node_set(be, n);
    }
    if (!be->size) {
        error_setg(errp, "a memory backend needs size=");
        return false;
    }
    if (nodes && be->policy == HOST_MEM_POLICY_DEFAULT) {
        error_setg(errp, "host-nodes= needs policy=bind, preferred or interleave");
        return false;
    }
    if (!nodes && be->policy != HOST_MEM_POLICY_DEFAULT) {
        error_setg(errp, "policy=%s needs host-nodes=", policy_names[be->policy]);
        return false;
    }
    if (be->prealloc && !be->reserve) {
        error_setg(errp, "prealloc=on needs reserve=on");
        return false;
    }
    if (!be->prealloc_threads) {
        error_setg(errp, "prealloc-threads= of a %s cannot be 0", object_get_typename(OBJECT(be)));
        return false;
    }
    return true;
}

static bool place(HostMemoryBackend *be, void *p, size_t size, Error **errp)
{
    if (be->policy == HOST_MEM_POLICY_DEFAULT) {
        return true;
    }
    /* The kernel wants one more than the bits it looks at. */
    if (syscall(SYS_mbind, p, size, policy_modes[be->policy], be->host_nodes, HOST_MEM_MAX_NODES + 1,
                MPOL_MF_STRICT | MPOL_MF_MOVE)) {
        error_setg_errno(errp, errno, "the host does not bind the memory to host-nodes=");
        return false;
    }
    return true;
}

typedef struct Populate { uint8_t *p; size_t size; int err; } Populate;

static void *populate(void *opaque)
{
    Populate *job = opaque;

    while (job->size && !job->err) {
        size_t n = MIN(job->size, 1 * GiB);

        if (madvise(job->p, n, MADV_POPULATE_WRITE)) {
            job->err = errno == EINTR || errno == EAGAIN ? 0 : errno;
            continue;
        }
        job->p += n;
        job->size -= n;
    }
    return NULL;
}

static bool preallocate(HostMemoryBackend *be, uint8_t *p, size_t size, Error **errp)
{
    size_t page = host_memory_backend_pagesize(be), pages = DIV_ROUND_UP(size, page);
    unsigned threads = MIN(MIN(pages, be->prealloc_threads), 256);
    size_t share = DIV_ROUND_UP(pages, threads) * page, at = 0, total = pages * page;
    g_autofree Populate *jobs = g_new0(Populate, threads);
    g_autofree GThread **running = g_new0(GThread *, threads);
    int err = 0;

    for (unsigned i = 0; i < threads && at < total; i++, at += share) {
        jobs[i] = (Populate) { p + at, MIN(share, total - at), 0 };
        running[i] = g_thread_try_new("prealloc", populate, &jobs[i], NULL);
        if (!running[i]) {
            populate(&jobs[i]);
        }
    }
    for (unsigned i = 0; i < threads; i++) {
        if (running[i]) {
            g_thread_join(running[i]);
        }
        err = err ? err : jobs[i].err;
    }
    if (err) {
        error_setg_errno(errp, err, "preallocating %zu bytes of memory for '%s' failed", size, memory_region_name(&be->mr));
        return false;
    }
    return true;
}

static bool backend_complete(UserCreatable *uc, Error **errp)
{
    HostMemoryBackend *be = MEMORY_BACKEND(uc);
    size_t size;
    void *p;

    if (!check(be, errp) || !MEMORY_BACKEND_GET_CLASS(be)->alloc(be, errp)) {
        return false;
    }
    p = memory_region_get_ram_ptr(&be->mr);
    size = ROUND_UP(memory_region_size(&be->mr), host_memory_backend_pagesize(be));
    if (!memory_region_is_rom(&be->mr)) {
        if (size >= 2 * MiB && !be->mr.ram_block->flags) {
            madvise(p, size, MADV_HUGEPAGE);    /* a hint */
        }
        if (!place(be, p, size, errp) || (be->prealloc && !preallocate(be, p, size, errp))) {
            return false;
        }
    }
    be->complete = true;
    advise(be);
    return true;
}

char *hostmem_region_name(HostMemoryBackend *be)
{
    if (be->use_canonical_path) {
        return object_get_canonical_path(OBJECT(be));
    }
    return g_strdup(object_get_canonical_path_component(OBJECT(be)));
}

uint32_t hostmem_ram_flags(const HostMemoryBackend *be)
{
    return (be->share ? RAM_SHARED : 0) | (be->reserve ? 0 : RAM_NORESERVE);
}

/* --- For machines ---------------------------------------------------------------- */

MemoryRegion *host_memory_backend_get_memory(HostMemoryBackend *be)
{
    return be->complete ? &be->mr : NULL;
}

bool host_memory_backend_is_mapped(const HostMemoryBackend *be)
{
    return be->is_mapped || (be->complete && memory_region_is_mapped(&be->mr));
}

void host_memory_backend_set_mapped(HostMemoryBackend *be, bool mapped)
{
    be->is_mapped = mapped;
}

static bool can_be_deleted(UserCreatable *uc)
{
    return !host_memory_backend_is_mapped(MEMORY_BACKEND(uc));
}

static void backend_init(Object *obj)
{
    HostMemoryBackend *be = (HostMemoryBackend *)obj;

    be->merge = be->dump = be->reserve = true;
    be->prealloc_threads = 1;
}

static void backend_class_init(ObjectClass *klass, const void *data)
{
    UserCreatableClass *ucc = (UserCreatableClass *)klass;

    ucc->complete = backend_complete;
    ucc->can_be_deleted = can_be_deleted;
    hostmem_class_add_props(klass, common_props, ARRAY_SIZE(common_props));
    object_class_property_add(klass, "host-nodes", "int", host_nodes_get, host_nodes_set, NULL);
    object_class_property_set_description(klass, "host-nodes", "Nodes of the host that it comes from");
}

static bool ram_alloc(HostMemoryBackend *be, Error **errp)
{
    g_autofree char *name = hostmem_region_name(be);

    return memory_region_init_ram_flags(&be->mr, OBJECT(be), name, be->size, hostmem_ram_flags(be), errp);
}

static void ram_class_init(ObjectClass *klass, const void *data)
{
    ((HostMemoryBackendClass *)klass)->alloc = ram_alloc;
}

static const TypeInfo hostmem_types[] = {
    {
        .name = TYPE_MEMORY_BACKEND, .parent = TYPE_USER_CREATABLE, .abstract = true,
        .instance_size = sizeof(HostMemoryBackend), .class_size = sizeof(HostMemoryBackendClass),
        .instance_init = backend_init, .class_init = backend_class_init,
    }, {
        .name = TYPE_MEMORY_BACKEND_RAM, .parent = TYPE_MEMORY_BACKEND, .class_init = ram_class_init,
    },
};
DEFINE_TYPES(hostmem_types)
