/*
 * Regions: making them and moving them in their tree. What follows from a
 * change is in memory-topology.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "memory-internal.h"

void memory_region_ref_owner(MemoryRegion *mr)
{
    if (mr->owner) {
        object_ref(mr->owner);
    }
}

void memory_region_unref_owner(MemoryRegion *mr)
{
    if (mr->owner) {
        object_unref(mr->owner);
    }
}

static void region_begin(void *mem, size_t instance_size, const char *type, Object *owner, const char *name, uint64_t size)
{
    MemoryRegion *mr = mem;

    object_initialize(mem, instance_size, type);
    mr->owner = owner;
    mr->name_ = g_strdup(name ? name : "");
    mr->size = size == UINT64_MAX ? (__uint128_t)1 << 64 : size;
    if (owner && name) {
        g_autofree char *child = g_strdup_printf("%s[*]", name);

        g_strdelimit(child, "/", '_');
        object_property_add_child(owner, child, OBJECT(mr));
        object_unref(mr);               /* the owner's now */
    }
}

static void region_init(MemoryRegion *mr, Object *owner, const char *name, uint64_t size)
{
    region_begin(mr, sizeof(*mr), TYPE_MEMORY_REGION, owner, name, size);
}

void memory_region_init(MemoryRegion *mr, Object *owner, const char *name, uint64_t size)
{
    region_init(mr, owner, name, size);
}

void memory_region_init_io(MemoryRegion *mr, Object *owner, const MemoryRegionOps *ops, void *opaque, const char *name, uint64_t size)
{
    region_init(mr, owner, name, size);
    mr->ops = ops ? ops : &memory_nothing_ops;
    mr->opaque = opaque;
    mr->terminates = true;
}

static void become_ram(MemoryRegion *mr, RAMBlock *rb)
{
    mr->ram = mr->terminates = true;
    mr->ram_block = rb;
}

/* @rb NULL: the region is undone. */
static bool finish_ram(MemoryRegion *mr, RAMBlock *rb)
{
    if (!rb) {
        mr->size = 0;
        if (OBJECT(mr)->parent) {
            object_unparent(OBJECT(mr));
        } else {
            object_unref(mr);
        }
        return false;
    }
    become_ram(mr, rb);
    return true;
}

bool memory_region_init_ram_flags(MemoryRegion *mr, Object *owner, const char *name, uint64_t size, uint32_t ram_flags, Error **errp)
{
    region_init(mr, owner, name, size);
    return finish_ram(mr, ram_block_new_anon(mr, size, ram_flags, errp));
}

bool memory_region_init_ram(MemoryRegion *mr, Object *owner, const char *name, uint64_t size, Error **errp)
{
    return memory_region_init_ram_flags(mr, owner, name, size, 0, errp);
}

bool memory_region_init_ram_from_fd(MemoryRegion *mr, Object *owner, const char *name, uint64_t size, uint32_t ram_flags, int fd, uint64_t offset, Error **errp)
{
    region_init(mr, owner, name, size);
    return finish_ram(mr, ram_block_new_fd(mr, size, ram_flags, fd, offset, errp));
}

void memory_region_init_ram_ptr(MemoryRegion *mr, Object *owner, const char *name, uint64_t size, void *ptr)
{
    region_init(mr, owner, name, size);
    become_ram(mr, ram_block_new_ptr(mr, size, ptr));
}

void memory_region_init_ram_device_ptr(MemoryRegion *mr, Object *owner, const char *name, uint64_t size, void *ptr)
{
    memory_region_init_ram_ptr(mr, owner, name, size, ptr);
    mr->ram_device = true;
    mr->ops = &memory_ram_device_ops;
    mr->opaque = mr;
    mr->global_locking = false;
}

bool memory_region_init_rom(MemoryRegion *mr, Object *owner, const char *name, uint64_t size, Error **errp)
{
    if (!memory_region_init_ram(mr, owner, name, size, errp)) {
        return false;
    }
    mr->readonly = true;
    return true;
}

bool memory_region_init_rom_device(MemoryRegion *mr, Object *owner, const MemoryRegionOps *ops, void *opaque, const char *name, uint64_t size, Error **errp)
{
    RAMBlock *rb;

    memory_region_init_io(mr, owner, ops, opaque, name, size);
    rb = ram_block_new_anon(mr, size, 0, errp);
    if (!rb) {
        return finish_ram(mr, NULL);
    }
    mr->ram_block = rb;
    mr->rom_device = mr->romd_mode = true;
    return true;
}

void memory_region_init_alias(MemoryRegion *mr, Object *owner, const char *name, MemoryRegion *orig, hwaddr offset, uint64_t size)
{
    region_init(mr, owner, name, size);
    mr->alias = orig;
    mr->alias_offset = offset;
}

void memory_region_init_iommu(void *iommu, size_t instance_size, const char *type, Object *owner, const char *name, uint64_t size)
{
    MemoryRegion *mr = iommu;

    region_begin(iommu, instance_size, type, owner, name, size);
    mr->is_iommu = mr->terminates = true;
}

/* --- The tree ---------------------------------------------------------- */

/* Where it goes among its siblings: before those of its priority, so that the newest wins. */
static void insert_by_priority(MemoryRegion *mr, MemoryRegion *sub)
{
    guint i = 0;

    if (!mr->subregions) {
        mr->subregions = g_ptr_array_new();
    }
    while (i < mr->subregions->len && ((MemoryRegion *)g_ptr_array_index(mr->subregions, i))->priority > sub->priority) {
        i++;
    }
    g_ptr_array_insert(mr->subregions, i, sub);
}

void memory_region_add_subregion_overlap(MemoryRegion *mr, hwaddr offset, MemoryRegion *sub, int priority)
{
    g_assert(!sub->container);
    memory_region_transaction_begin();
    sub->container = mr;
    sub->addr = offset;
    sub->priority = priority;
    insert_by_priority(mr, sub);
    if (mr->enabled && sub->enabled) {
        memory_topology_changed();
    }
    memory_region_transaction_commit();
}

void memory_region_add_subregion(MemoryRegion *mr, hwaddr offset, MemoryRegion *sub)
{
    memory_region_add_subregion_overlap(mr, offset, sub, 0);
}

void memory_region_del_subregion(MemoryRegion *mr, MemoryRegion *sub)
{
    g_assert(sub->container == mr);
    memory_region_transaction_begin();
    g_ptr_array_remove(mr->subregions, sub);
    sub->container = NULL;
    if (mr->enabled && sub->enabled) {
        memory_topology_changed();
    }
    memory_region_transaction_commit();
}

/* Every change of a region's look: assigns, and has the map made anew when it differs. */
#define CHANGE(mr, field, value) do { \
    if ((mr)->field != (value)) { \
        memory_region_transaction_begin(); \
        (mr)->field = (value); \
        memory_topology_changed(); \
        memory_region_transaction_commit(); \
    } \
} while (0)

void memory_region_set_enabled(MemoryRegion *mr, bool enabled)
{
    CHANGE(mr, enabled, enabled);
}

void memory_region_set_address(MemoryRegion *mr, hwaddr addr)
{
    CHANGE(mr, addr, addr);
}

void memory_region_set_size(MemoryRegion *mr, uint64_t size)
{
    __uint128_t wide = size == UINT64_MAX ? (__uint128_t)1 << 64 : size;

    CHANGE(mr, size, wide);
}

void memory_region_set_alias_offset(MemoryRegion *mr, hwaddr offset)
{
    CHANGE(mr, alias_offset, offset);
}

void memory_region_set_readonly(MemoryRegion *mr, bool readonly)
{
    CHANGE(mr, readonly, readonly);
}

void memory_region_rom_device_set_romd(MemoryRegion *mr, bool romd_mode)
{
    CHANGE(mr, romd_mode, romd_mode);
}

void memory_region_set_coalescing(MemoryRegion *mr, hwaddr offset, uint64_t size)
{
    g_assert(!mr->container);
    mr->coalesced_at = offset;
    mr->coalesced_size = size;
}

void memory_region_clear_global_locking(MemoryRegion *mr)
{
    mr->global_locking = false;
}

/* --- ioeventfds: the array is never changed, only replaced, as vCPUs read it ---- */

static int ioeventfd_index(const GArray *list, const MemoryRegionIoeventfd *what)
{
    for (guint i = 0; list && i < list->len; i++) {
        const MemoryRegionIoeventfd *fd = &g_array_index(list, MemoryRegionIoeventfd, i);

        if (fd->addr == what->addr && fd->size == what->size && fd->match_data == what->match_data
            && fd->data == what->data && fd->e == what->e) {
            return i;
        }
    }
    return -1;
}

typedef struct OldArray { RCUCallback rcu; GArray *array; } OldArray;

static void free_array(RCUCallback *rcu)
{
    OldArray *old = container_of(rcu, OldArray, rcu);

    g_array_free(old->array, true);
    g_free(old);
}

static void replace_ioeventfds(MemoryRegion *mr, GArray *list)
{
    GArray *before = mr->ioeventfds;

    memory_region_transaction_begin();
    qatomic_rcu_set(&mr->ioeventfds, list);
    memory_ioeventfds_changed();
    memory_region_transaction_commit();
    if (before) {
        OldArray *old = g_new(OldArray, 1);

        old->array = before;
        call_rcu(&old->rcu, free_array);
    }
}

static GArray *copy_ioeventfds(const MemoryRegion *mr)
{
    GArray *list = g_array_new(false, false, sizeof(MemoryRegionIoeventfd));

    if (mr->ioeventfds) {
        g_array_append_vals(list, mr->ioeventfds->data, mr->ioeventfds->len);
    }
    return list;
}

void memory_region_add_eventfd(MemoryRegion *mr, hwaddr addr, unsigned size, bool match_data, uint64_t data, EventNotifier *e)
{
    MemoryRegionIoeventfd fd = { addr, size, match_data, match_data ? data : 0, e };
    GArray *list = copy_ioeventfds(mr);

    g_array_append_val(list, fd);
    replace_ioeventfds(mr, list);
}

void memory_region_del_eventfd(MemoryRegion *mr, hwaddr addr, unsigned size, bool match_data, uint64_t data, EventNotifier *e)
{
    MemoryRegionIoeventfd fd = { addr, size, match_data, match_data ? data : 0, e };
    int i = ioeventfd_index(mr->ioeventfds, &fd);
    GArray *list;

    g_assert(i >= 0);
    list = copy_ioeventfds(mr);
    g_array_remove_index(list, i);
    if (!list->len) {
        g_array_free(list, true);
        list = NULL;
    }
    replace_ioeventfds(mr, list);
}

bool memory_region_kick_ioeventfd(MemoryRegion *mr, hwaddr addr, uint64_t data, unsigned size)
{
    const GArray *list = qatomic_rcu_read(&mr->ioeventfds);

    for (guint i = 0; list && i < list->len; i++) {
        const MemoryRegionIoeventfd *fd = &g_array_index(list, MemoryRegionIoeventfd, i);

        if (fd->addr == addr && (!fd->size || fd->size == size) && (!fd->match_data || fd->data == data)) {
            event_notifier_set(fd->e);
            return true;
        }
    }
    return false;
}

/* --- Questions ---------------------------------------------------------- */

const char *memory_region_name(const MemoryRegion *mr)
{
    return mr->name_;
}

uint64_t memory_region_size(const MemoryRegion *mr)
{
    return mr->size >> 64 ? UINT64_MAX : (uint64_t)mr->size;
}

Object *memory_region_owner(MemoryRegion *mr)
{
    return mr->owner;
}

bool memory_region_is_mapped(const MemoryRegion *mr)
{
    return mr->container;
}

/* --- The types ---------------------------------------------------------- */

static void region_instance_init(Object *obj)
{
    MemoryRegion *mr = (MemoryRegion *)obj;

    mr->enabled = mr->global_locking = true;
    mr->ops = &memory_nothing_ops;
}

static void region_finalize(Object *obj)
{
    MemoryRegion *mr = (MemoryRegion *)obj;

    memory_region_transaction_begin();
    if (mr->container) {
        memory_region_del_subregion(mr->container, mr);
    }
    while (mr->subregions && mr->subregions->len) {
        memory_region_del_subregion(mr, g_ptr_array_index(mr->subregions, mr->subregions->len - 1));
    }
    memory_region_transaction_commit();
    if (mr->subregions) {
        g_ptr_array_free(mr->subregions, true);
    }
    if (mr->ioeventfds) {
        g_array_free(mr->ioeventfds, true);
    }
    if (mr->ram_block) {
        ram_block_free(mr->ram_block);
    }
    g_free((char *)mr->name_);
    mr->name_ = NULL;
    mr->subregions = NULL;
    mr->ioeventfds = NULL;
    mr->ram_block = NULL;
}

static json_t *get_addr(Object *obj, const ObjectProperty *prop, Error **errp)
{
    return json_integer(((MemoryRegion *)obj)->addr);
}

static json_t *get_size(Object *obj, const ObjectProperty *prop, Error **errp)
{
    return json_integer(memory_region_size((MemoryRegion *)obj));
}

static json_t *get_priority(Object *obj, const ObjectProperty *prop, Error **errp)
{
    return json_integer(((MemoryRegion *)obj)->priority);
}

static json_t *get_container(Object *obj, const ObjectProperty *prop, Error **errp)
{
    MemoryRegion *mr = (MemoryRegion *)obj;
    g_autofree char *path = mr->container ? object_get_canonical_path(OBJECT(mr->container)) : NULL;

    return json_string(path ? path : "");
}

static void region_class_init(ObjectClass *klass, const void *data)
{
    object_class_property_add(klass, "addr", "uint64", get_addr, NULL, NULL);
    object_class_property_add(klass, "size", "uint64", get_size, NULL, NULL);
    object_class_property_add(klass, "priority", "uint32", get_priority, NULL, NULL);
    object_class_property_add(klass, "container", "link<" TYPE_MEMORY_REGION ">", get_container, NULL, NULL);
}

static const TypeInfo region_types[] = {
    {
        .name = TYPE_MEMORY_REGION, .instance_size = sizeof(MemoryRegion),
        .instance_init = region_instance_init, .instance_finalize = region_finalize, .class_init = region_class_init,
    }, {
        .name = TYPE_IOMMU_MEMORY_REGION, .parent = TYPE_MEMORY_REGION, .abstract = true,
        .instance_size = sizeof(IOMMUMemoryRegion), .class_size = sizeof(IOMMUMemoryRegionClass),
    },
};
DEFINE_TYPES(region_types)
