/*
 * The guest-physical map, and everyone's view of it.
 *
 * Terms
 *   MemoryRegion   a tree of pieces: RAM, ROM, MMIO, alias, container, IOMMU
 *   AddressSpace   a root region, rendered flat; one for the CPUs, one a
 *                  PCI function (behind an IOMMU they differ)
 *   FlatView       the rendering: sorted, non-overlapping; readers hold RCU
 *   listener       is told how the rendering changed (KVM slots, VFIO maps)
 *
 * Changing the tree needs the machine lock; changes take effect, and listeners
 * run, when the outermost transaction commits. Reading needs only RCU, which
 * address_space_* take themselves.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SYSTEM_MEMORY_H
#define SYSTEM_MEMORY_H

#include "qom/object.h"
#include "util/bits.h"

typedef struct MemoryRegion MemoryRegion;
typedef struct AddressSpace AddressSpace;
typedef struct FlatView FlatView;
typedef struct RAMBlock RAMBlock;
typedef struct MemoryListener MemoryListener;

typedef uint32_t MemTxResult;
#define MEMTX_OK            0
#define MEMTX_ERROR         (1U << 0)   /* the device said no */
#define MEMTX_DECODE_ERROR  (1U << 1)   /* nothing there */
#define MEMTX_ACCESS_ERROR  (1U << 2)   /* there, but not for you */

/* Who asks. For a PCI function requester_id is its RID; pasid counts when pid is set. */
typedef struct MemTxAttrs {
    unsigned unspecified : 1;
    unsigned secure : 1;
    unsigned user : 1;                  /* unprivileged */
    unsigned exec : 1;                  /* instruction fetch */
    unsigned memory : 1;                /* RAM only: MMIO answers MEMTX_ACCESS_ERROR */
    unsigned requester_id : 16;
    unsigned pid : 1;                   /* pasid is valid */
    unsigned pasid : 20;
    unsigned address_type : 2;          /* PCI AT: 0 untranslated, 1 translation request, 2 translated */
} MemTxAttrs;
#define MEMTXATTRS_UNSPECIFIED ((MemTxAttrs) { .unspecified = 1 })

typedef enum DeviceEndian { DEVICE_LITTLE_ENDIAN, DEVICE_BIG_ENDIAN } DeviceEndian;

/*
 * MMIO. `valid` is what the bus may ask (else MEMTX_DECODE_ERROR is the answer), `impl` what the
 * functions take; the core splits and widens. Zero means 1..4, as is customary
 * for 32-bit registers; say 8 when you mean it.
 */
typedef struct MemoryRegionOps {
    uint64_t (*read)(void *opaque, hwaddr addr, unsigned size);
    void (*write)(void *opaque, hwaddr addr, uint64_t data, unsigned size);
    MemTxResult (*read_with_attrs)(void *opaque, hwaddr addr, uint64_t *data, unsigned size, MemTxAttrs attrs);
    MemTxResult (*write_with_attrs)(void *opaque, hwaddr addr, uint64_t data, unsigned size, MemTxAttrs attrs);
    DeviceEndian endianness;
    struct {
        unsigned min_access_size, max_access_size;
        bool unaligned;
        bool (*accepts)(void *opaque, hwaddr addr, unsigned size, bool is_write, MemTxAttrs attrs);
    } valid;
    struct { unsigned min_access_size, max_access_size; bool unaligned; } impl;
} MemoryRegionOps;

#define TYPE_MEMORY_REGION "memory-region"
#define TYPE_IOMMU_MEMORY_REGION "iommu-memory-region"
static inline MemoryRegion *MEMORY_REGION(const void *obj)
{
    return (MemoryRegion *)object_dynamic_cast_assert(OBJECT(obj), TYPE_MEMORY_REGION, __FILE__, __LINE__);
}

typedef struct MemoryRegionIoeventfd MemoryRegionIoeventfd;

struct MemoryRegion {
    Object parent_obj;
    Object *owner;
    const char *name_;                  /* owned copy */
    const MemoryRegionOps *ops;
    void *opaque;
    MemoryRegion *container;
    MemoryRegion *alias;
    hwaddr alias_offset;
    hwaddr addr;                        /* in container */
    __uint128_t size;
    int32_t priority;
    RAMBlock *ram_block;
    GPtrArray *subregions;              /* highest priority first */
    bool enabled, terminates, ram, rom_device, romd_mode, readonly, ram_device, is_iommu;
    bool global_locking;                /* false: guards itself */
    uint8_t dirty_log_mask;
    hwaddr coalesced_at;                /* writes there may wait */
    uint64_t coalesced_size;
    GArray *ioeventfds;                 /* MemoryRegionIoeventfd */
};

/* --- Building ---------------------------------------------------------- */
void memory_region_init(MemoryRegion *mr, Object *owner, const char *name, uint64_t size);  /* UINT64_MAX: 2^64 */
void memory_region_init_io(MemoryRegion *mr, Object *owner, const MemoryRegionOps *ops, void *opaque, const char *name, uint64_t size);
bool memory_region_init_ram(MemoryRegion *mr, Object *owner, const char *name, uint64_t size, Error **errp);
bool memory_region_init_ram_flags(MemoryRegion *mr, Object *owner, const char *name, uint64_t size, uint32_t ram_flags, Error **errp);
bool memory_region_init_ram_from_fd(MemoryRegion *mr, Object *owner, const char *name, uint64_t size, uint32_t ram_flags, int fd, uint64_t offset, Error **errp);
#define RAM_SHARED   BIT(0)
#define RAM_READONLY BIT(1)
#define RAM_NORESERVE BIT(2)
void memory_region_init_ram_ptr(MemoryRegion *mr, Object *owner, const char *name, uint64_t size, void *ptr);
/* RAM that is a device's: mapped to the guest, never copied or dumped, odd sized accesses go as they are. */
void memory_region_init_ram_device_ptr(MemoryRegion *mr, Object *owner, const char *name, uint64_t size, void *ptr);
bool memory_region_init_rom(MemoryRegion *mr, Object *owner, const char *name, uint64_t size, Error **errp);
bool memory_region_init_rom_device(MemoryRegion *mr, Object *owner, const MemoryRegionOps *ops, void *opaque, const char *name, uint64_t size, Error **errp);
void memory_region_init_alias(MemoryRegion *mr, Object *owner, const char *name, MemoryRegion *orig, hwaddr offset, uint64_t size);
void memory_region_unref_owner(MemoryRegion *mr);
/* Before @mr is mapped: nothing comes of a write to these bytes until something else is accessed, so it may wait till then. */
void memory_region_set_coalescing(MemoryRegion *mr, hwaddr offset, uint64_t size);

void memory_region_add_subregion(MemoryRegion *mr, hwaddr offset, MemoryRegion *sub);
void memory_region_add_subregion_overlap(MemoryRegion *mr, hwaddr offset, MemoryRegion *sub, int priority);
/* @sub is shown by all who follow the map (KVM, assigned devices), or it is not there; outside of transactions. */
bool memory_region_try_add_subregion(MemoryRegion *mr, hwaddr offset, MemoryRegion *sub, Error **errp);
void memory_region_del_subregion(MemoryRegion *mr, MemoryRegion *sub);
void memory_region_set_enabled(MemoryRegion *mr, bool enabled);
void memory_region_set_address(MemoryRegion *mr, hwaddr addr);
void memory_region_set_size(MemoryRegion *mr, uint64_t size);
void memory_region_set_alias_offset(MemoryRegion *mr, hwaddr offset);
void memory_region_set_readonly(MemoryRegion *mr, bool readonly);
void memory_region_rom_device_set_romd(MemoryRegion *mr, bool romd_mode);
void memory_region_clear_global_locking(MemoryRegion *mr);
void memory_region_transaction_begin(void);
void memory_region_transaction_commit(void);

const char *memory_region_name(const MemoryRegion *mr);
uint64_t memory_region_size(const MemoryRegion *mr);
Object *memory_region_owner(MemoryRegion *mr);
static inline bool memory_region_is_ram(const MemoryRegion *mr) { return mr->ram; }
static inline bool memory_region_is_ram_device(const MemoryRegion *mr) { return mr->ram_device; }
static inline bool memory_region_is_rom(const MemoryRegion *mr) { return mr->ram && mr->readonly; }
static inline bool memory_region_is_romd(const MemoryRegion *mr) { return mr->rom_device && mr->romd_mode; }
bool memory_region_is_mapped(const MemoryRegion *mr);
void *memory_region_get_ram_ptr(MemoryRegion *mr);
int memory_region_get_fd(const MemoryRegion *mr);             /* -1: not file backed */
uint64_t memory_region_get_fd_offset(const MemoryRegion *mr); /* of the region's byte 0 in that file */
bool memory_region_is_shared(const MemoryRegion *mr);
ram_addr_t memory_region_get_ram_addr(const MemoryRegion *mr);
MemTxResult memory_region_dispatch_read(MemoryRegion *mr, hwaddr addr, uint64_t *data, unsigned size, MemTxAttrs attrs);
MemTxResult memory_region_dispatch_write(MemoryRegion *mr, hwaddr addr, uint64_t data, unsigned size, MemTxAttrs attrs);

/* Dirty logging: clients are bits; pages are 4 KiB. */
enum { DIRTY_MEMORY_MIGRATION = 0, DIRTY_MEMORY_CODE = 1 };
void memory_region_set_dirty(MemoryRegion *mr, hwaddr addr, uint64_t size);
void memory_region_set_log(MemoryRegion *mr, bool log, unsigned client);
bool memory_region_snapshot_and_clear_dirty(MemoryRegion *mr, hwaddr addr, uint64_t size, unsigned client); /* any page dirty? */

/* A write of @data (or any: match_data false) at @addr bumps @e instead of reaching the device. */
struct EventNotifier;
void memory_region_add_eventfd(MemoryRegion *mr, hwaddr addr, unsigned size, bool match_data, uint64_t data, struct EventNotifier *e);
void memory_region_del_eventfd(MemoryRegion *mr, hwaddr addr, unsigned size, bool match_data, uint64_t data, struct EventNotifier *e);

/* --- IOMMU regions ------------------------------------------------------ */
typedef enum IOMMUAccessFlags { IOMMU_NONE = 0, IOMMU_RO = 1, IOMMU_WO = 2, IOMMU_RW = 3 } IOMMUAccessFlags;
#define IOMMU_PERM_EXEC BIT(2)
#define IOMMU_PERM_PRIV BIT(3)

/* perm IOMMU_NONE: the access faults (and the IOMMU has recorded it). addr_mask covers the translated block. */
typedef struct IOMMUTLBEntry {
    AddressSpace *target_as;
    hwaddr iova, translated_addr, addr_mask;
    IOMMUAccessFlags perm;
    uint32_t pasid;                     /* a DEVIOTLB_UNMAP may also say: transactions without one, or with any */
    bool *unanswered;                   /* DEVIOTLB_UNMAP, may be NULL: a device that keeps what it has says so here */
} IOMMUTLBEntry;
#define IOMMU_NO_PASID  UINT32_MAX
#define IOMMU_ANY_PASID (UINT32_MAX - 1)

typedef enum IOMMUNotifierFlag {
    IOMMU_NOTIFIER_NONE = 0, IOMMU_NOTIFIER_UNMAP = 1, IOMMU_NOTIFIER_MAP = 2, IOMMU_NOTIFIER_DEVIOTLB_UNMAP = 4,
} IOMMUNotifierFlag;
#define IOMMU_NOTIFIER_IOTLB_EVENTS (IOMMU_NOTIFIER_MAP | IOMMU_NOTIFIER_UNMAP)

typedef struct IOMMUNotifier IOMMUNotifier;
struct IOMMUNotifier {
    void (*notify)(IOMMUNotifier *n, IOMMUTLBEntry *entry);
    IOMMUNotifierFlag flags;
    hwaddr start, end;                  /* inclusive */
    int iommu_idx;
    IOMMUNotifier *next;
};
typedef struct IOMMUTLBEvent { IOMMUNotifierFlag type; IOMMUTLBEntry entry; } IOMMUTLBEvent;

typedef struct IOMMUMemoryRegion {
    MemoryRegion parent_obj;
    IOMMUNotifier *notifiers;
    IOMMUNotifierFlag notify_flags;
} IOMMUMemoryRegion;
typedef struct IOMMUMemoryRegionClass {
    ObjectClass parent_class;
    /* No machine lock is held or needed. @len: bytes the caller wants, a hint. */
    IOMMUTLBEntry (*translate)(IOMMUMemoryRegion *iommu, hwaddr addr, IOMMUAccessFlags flag, MemTxAttrs attrs);
    bool (*notify_flag_changed)(IOMMUMemoryRegion *iommu, IOMMUNotifierFlag old_flags, IOMMUNotifierFlag new_flags, Error **errp);
    void (*replay)(IOMMUMemoryRegion *iommu, IOMMUNotifier *n);
    uint64_t (*get_min_page_size)(IOMMUMemoryRegion *iommu);
} IOMMUMemoryRegionClass;
DECLARE_INSTANCE_CHECKER(IOMMUMemoryRegion, IOMMU_MEMORY_REGION, TYPE_IOMMU_MEMORY_REGION)
DECLARE_CLASS_CHECKERS(IOMMUMemoryRegionClass, IOMMU_MEMORY_REGION, TYPE_IOMMU_MEMORY_REGION)

/* @type: a subtype of iommu-memory-region, with translate */
void memory_region_init_iommu(void *iommu, size_t instance_size, const char *type, Object *owner, const char *name, uint64_t size);
static inline bool memory_region_is_iommu(const MemoryRegion *mr) { return mr->is_iommu; }
bool memory_region_register_iommu_notifier(MemoryRegion *mr, IOMMUNotifier *n, Error **errp);
/* @n may still be called, and must stay in memory, until a grace period has passed. */
void memory_region_unregister_iommu_notifier(MemoryRegion *mr, IOMMUNotifier *n);
void memory_region_notify_iommu(IOMMUMemoryRegion *iommu, int iommu_idx, const IOMMUTLBEvent *event);
void memory_region_iommu_replay(IOMMUMemoryRegion *iommu, IOMMUNotifier *n);

/* --- Address spaces ------------------------------------------------------ */
struct AddressSpace {
    char *name;
    MemoryRegion *root;
    FlatView *view;                     /* RCU */
    GPtrArray *listeners;               /* lowest priority first */
    GArray *ioeventfds;                 /* as last told to listeners */
};

extern AddressSpace address_space_memory, address_space_io;
MemoryRegion *get_system_memory(void);
MemoryRegion *get_system_io(void);
void memory_map_init(void);

void address_space_init(AddressSpace *as, MemoryRegion *root, const char *name);
void address_space_destroy(AddressSpace *as);           /* readers may still be inside until an RCU grace period */

/* One stretch of an address space that is one region. */
typedef struct MemoryRegionSection {
    __uint128_t size;
    MemoryRegion *mr;
    AddressSpace *as;
    hwaddr offset_within_region;
    hwaddr offset_within_address_space;
    bool readonly;
} MemoryRegionSection;
/* Sections found hold a reference on the region's owner; give it back. */
MemoryRegionSection memory_region_find(MemoryRegion *root, hwaddr addr, uint64_t size);
void memory_region_section_unref(MemoryRegionSection *s);
/* Calls @fn on the current flat view; stops when it returns true. */
void address_space_foreach_section(AddressSpace *as, bool (*fn)(const MemoryRegionSection *s, void *opaque), void *opaque);

/* Reads and writes; partial effects are possible when the result is not MEMTX_OK. */
MemTxResult address_space_rw(AddressSpace *as, hwaddr addr, MemTxAttrs attrs, void *buf, uint64_t len, bool is_write);
static inline MemTxResult address_space_read(AddressSpace *as, hwaddr addr, MemTxAttrs attrs, void *buf, uint64_t len)
{
    return address_space_rw(as, addr, attrs, buf, len, false);
}
static inline MemTxResult address_space_write(AddressSpace *as, hwaddr addr, MemTxAttrs attrs, const void *buf, uint64_t len)
{
    return address_space_rw(as, addr, attrs, (void *)buf, len, true);
}
MemTxResult address_space_set(AddressSpace *as, hwaddr addr, uint8_t c, uint64_t len, MemTxAttrs attrs);
/* Writes through to ROM as a programmer would. */
MemTxResult address_space_write_rom(AddressSpace *as, hwaddr addr, MemTxAttrs attrs, const void *buf, uint64_t len);
/* One naturally atomic access of 1, 2, 4 or 8 bytes, little endian. */
uint64_t address_space_ldn_le(AddressSpace *as, hwaddr addr, unsigned size, MemTxAttrs attrs, MemTxResult *result);
void address_space_stn_le(AddressSpace *as, hwaddr addr, unsigned size, uint64_t v, MemTxAttrs attrs, MemTxResult *result);
/* Through IOMMUs, to the terminating region; never NULL: where nothing is (or an IOMMU says no) a
 * region that answers MEMTX_DECODE_ERROR. Call and use the result under rcu_read_lock(). */
MemoryRegion *address_space_translate(AddressSpace *as, hwaddr addr, hwaddr *xlat, hwaddr *plen, bool is_write, MemTxAttrs attrs);
bool address_space_access_valid(AddressSpace *as, hwaddr addr, hwaddr len, bool is_write, MemTxAttrs attrs);
/*
 * A host pointer for *plen bytes (may be cut short); NULL when there is no RAM there (MMIO is
 * not bounced: use address_space_rw). Unmap with what was really accessed.
 */
void *address_space_map(AddressSpace *as, hwaddr addr, hwaddr *plen, bool is_write, MemTxAttrs attrs);
void address_space_unmap(AddressSpace *as, void *ptr, hwaddr len, bool is_write, hwaddr access_len);

/*
 * Where RAM was found last, for who comes back to the same memory (rings) with the machine lock held. The map stands
 * still under that lock: what was found holds as long as the map has not changed since. Zeroed: nothing was found yet.
 */
typedef struct RAMWindow {
    AddressSpace *as;
    uint64_t generation;                /* of the map */
    hwaddr start, last;                 /* in @as */
    uint8_t *host;                      /* of start */
    MemoryRegion *mr;
    bool readonly;
} RAMWindow;
extern uint64_t memory_map_generation;  /* machine lock; another number when any address space has changed */
bool ram_window_move(RAMWindow *w, AddressSpace *as, hwaddr addr);

static inline bool ram_window_holds(const RAMWindow *w, const AddressSpace *as)
{
    return w->as == as && w->generation == memory_map_generation;
}

/* The @len bytes at @addr, until the lock is let go. NULL: not one stretch of such RAM; use address_space_rw. */
static inline uint8_t *ram_window_at(RAMWindow *w, AddressSpace *as, hwaddr addr, uint64_t len, bool is_write)
{
    if (!(ram_window_holds(w, as) && addr >= w->start && addr <= w->last) && !ram_window_move(w, as, addr)) {
        return NULL;
    }
    if (len - 1 > w->last - addr || (is_write && (w->readonly || w->mr->dirty_log_mask))) {
        return NULL;
    }
    return w->host + (addr - w->start);
}

/* address_space_rw, _map and _unmap by way of the window. */
MemTxResult ram_window_rw(RAMWindow *w, AddressSpace *as, hwaddr addr, MemTxAttrs attrs, void *buf, uint64_t len, bool is_write);
void *ram_window_map(RAMWindow *w, AddressSpace *as, hwaddr addr, hwaddr *plen, bool is_write, MemTxAttrs attrs);
void ram_window_unmap(RAMWindow *w, AddressSpace *as, void *ptr, hwaddr len, bool is_write, hwaddr access_len);

/* --- Listeners ------------------------------------------------------------ */
struct MemoryListener {
    const char *name;
    int priority;                       /* add in this order, del in the opposite */
    void (*begin)(MemoryListener *l);
    void (*commit)(MemoryListener *l);
    void (*region_add)(MemoryListener *l, MemoryRegionSection *s);
    void (*region_del)(MemoryListener *l, MemoryRegionSection *s);
    void (*region_nop)(MemoryListener *l, MemoryRegionSection *s);
    void (*log_start)(MemoryListener *l, MemoryRegionSection *s, int old, int now);
    void (*log_stop)(MemoryListener *l, MemoryRegionSection *s, int old, int now);
    void (*log_sync)(MemoryListener *l, MemoryRegionSection *s);
    void (*eventfd_add)(MemoryListener *l, MemoryRegionSection *s, bool match_data, uint64_t data, struct EventNotifier *e);
    void (*eventfd_del)(MemoryListener *l, MemoryRegionSection *s, bool match_data, uint64_t data, struct EventNotifier *e);
    AddressSpace *as;
};
void memory_listener_register(MemoryListener *l, AddressSpace *as);   /* replays what is there */
/* From a listener that cannot follow: true when who made the change takes it back, and owns @err now. */
bool memory_listener_fail(Error *err);
void memory_listener_unregister(MemoryListener *l);

/* --- RAM blocks ------------------------------------------------------------ */
struct RAMBlock {
    MemoryRegion *mr;
    uint8_t *host;
    uint64_t size;
    ram_addr_t offset;                  /* in the space of all RAM */
    int fd;                             /* -1: anonymous */
    uint64_t fd_offset;
    uint32_t flags;                     /* RAM_* */
    size_t page_size;                   /* of the backing */
    bool own_mapping;
    unsigned long *dirty[2];            /* per client, allocated when logging starts */
    char *idstr;
};
/* @host -> block and offset; NULL when not guest RAM */
RAMBlock *qemu_ram_block_from_host(void *host, ram_addr_t *offset);
void qemu_ram_foreach_block(void (*fn)(RAMBlock *rb, void *opaque), void *opaque);

/* "info mtree" */
void memory_tree_print(GString *out, bool flatview);

#endif
