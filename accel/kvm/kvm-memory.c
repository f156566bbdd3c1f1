/*
 * The guest-physical map as KVM memory slots, and doorbells as ioeventfds.
 *
 * Every stretch of RAM becomes a slot. ROM and flash that is being read as
 * memory are read-only slots: a guest's write comes out as an MMIO exit.
 * Flash in command mode has no slot, so reads come out too. A guest can
 * place a BAR anywhere, even where the host refuses a slot: said once, and
 * that stretch works through exits.
 *
 * Listener callbacks run under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/ioctl.h>
#include "kvm-int.h"
#include "util/event_notifier.h"
#include "accel.trace.h"

typedef struct KVMSlot {
    hwaddr start;
    uint64_t size;
    void *host;
    uint32_t flags;
    int id;
} KVMSlot;

static GHashTable *slots;               /* &start -> KVMSlot */
static GByteArray *slot_used;           /* by id */
static unsigned slot_limit;

static int set_slot(const KVMSlot *s, uint64_t size)
{
    struct kvm_userspace_memory_region r = {
        .slot = s->id, .flags = s->flags, .guest_phys_addr = s->start, .memory_size = size,
        .userspace_addr = (uintptr_t)s->host,
    };
    int ret = kvm_vm_ioctl(KVM_SET_USER_MEMORY_REGION, &r);

    trace_kvm_set_memory(s->id, s->flags, s->start, size, r.userspace_addr, ret);
    return ret;
}

static int alloc_slot_id(void)
{
    for (guint i = 0; i < slot_used->len; i++) {
        if (!slot_used->data[i]) {
            slot_used->data[i] = 1;
            return i;
        }
    }
    if (slot_used->len >= slot_limit) {
        return -ENOSPC;
    }
    g_byte_array_append(slot_used, (const guint8[]) { 1 }, 1);
    return slot_used->len - 1;
}

/* The whole host pages of @sec that can be a slot in some mode; false: none. */
static bool section_pages(const MemoryRegionSection *sec, hwaddr *start, uint64_t *size, uint64_t *offset)
{
    uint64_t page = getpagesize(), skip;
    MemoryRegion *mr = sec->mr;

    if (!mr->ram && !mr->rom_device) {
        return false;
    }
    *start = ROUND_UP(sec->offset_within_address_space, page);
    skip = *start - sec->offset_within_address_space;
    if (sec->size <= skip) {
        return false;
    }
    *size = ROUND_DOWN((uint64_t)(sec->size - skip), page);
    *offset = sec->offset_within_region + skip;
    return *size != 0;
}

static uint32_t section_flags(const MemoryRegionSection *sec)
{
    uint32_t flags = 0;

    if (sec->readonly || sec->mr->readonly || sec->mr->rom_device) {
        flags |= KVM_MEM_READONLY;
    }
    if (sec->mr->dirty_log_mask) {
        flags |= KVM_MEM_LOG_DIRTY_PAGES;
    }
    return flags;
}

/* A guest can live with it when the region is a device's; who plugs memory would rather not. */
static void report_refused(const MemoryRegion *mr, hwaddr start, uint64_t size, int ret)
{
    Error *err = NULL;

    error_setg_errno(&err, -ret, "KVM takes no memory slot for '%s' at 0x%" PRIx64 ", size 0x%" PRIx64, memory_region_name(mr), start, size);
    if (!memory_listener_fail(err)) {
        warn_report_limited("%s; accesses there will be slow", error_get_pretty(err));
        error_free(err);
    }
}

static void region_add(MemoryListener *l, MemoryRegionSection *sec)
{
    g_autofree KVMSlot *s = NULL;
    uint64_t size, offset;
    hwaddr start;
    int ret;

    if (!section_pages(sec, &start, &size, &offset) || (sec->mr->rom_device && !sec->mr->romd_mode)) {
        return;
    }
    s = g_new(KVMSlot, 1);
    *s = (KVMSlot) {
        .start = start, .size = size, .flags = section_flags(sec), .id = alloc_slot_id(),
        .host = (uint8_t *)memory_region_get_ram_ptr(sec->mr) + offset,
    };
    ret = s->id < 0 ? s->id : set_slot(s, size);
    if (ret < 0) {
        if (s->id >= 0) {
            slot_used->data[s->id] = 0;
        }
        report_refused(sec->mr, start, size, ret);
        return;
    }
    g_hash_table_insert(slots, &s->start, s);
    s = NULL;
}

static void region_del(MemoryListener *l, MemoryRegionSection *sec)
{
    uint64_t size, offset;
    hwaddr start;
    KVMSlot *s;

    if (!section_pages(sec, &start, &size, &offset)) {
        return;
    }
    s = g_hash_table_lookup(slots, &start);
    if (!s || s->size != size) {
        return;                         /* flash in command mode, or the host refused it when it came */
    }
    s->flags = 0;
    set_slot(s, 0);
    slot_used->data[s->id] = 0;
    g_hash_table_remove(slots, &start);
}

/* --- dirty log ------------------------------------------------------------ */

static void log_change(MemoryListener *l, MemoryRegionSection *sec, int old, int now)
{
    uint64_t size, offset;
    hwaddr start;
    KVMSlot *s;
    uint32_t flags;

    if (!section_pages(sec, &start, &size, &offset) || !(s = g_hash_table_lookup(slots, &start))) {
        return;
    }
    flags = (s->flags & ~KVM_MEM_LOG_DIRTY_PAGES) | (now ? KVM_MEM_LOG_DIRTY_PAGES : 0);
    if (flags != s->flags) {
        s->flags = flags;
        if (set_slot(s, s->size) < 0) {
            warn_report_limited("KVM cannot change the dirty log of '%s'", memory_region_name(sec->mr));
        }
    }
}

static void log_sync(MemoryListener *l, MemoryRegionSection *sec)
{
    uint64_t size, offset, page = getpagesize();
    g_autofree unsigned long *bitmap = NULL;
    struct kvm_dirty_log log;
    hwaddr start;
    KVMSlot *s;

    if (!section_pages(sec, &start, &size, &offset) || !(s = g_hash_table_lookup(slots, &start)) ||
        !(s->flags & KVM_MEM_LOG_DIRTY_PAGES)) {
        return;
    }
    bitmap = g_malloc0(ROUND_UP(DIV_ROUND_UP(size / page, 8), 8));
    log = (struct kvm_dirty_log) { .slot = s->id, .dirty_bitmap = bitmap };
    if (kvm_vm_ioctl(KVM_GET_DIRTY_LOG, &log) < 0) {
        memory_region_set_dirty(sec->mr, offset, size);
        return;
    }
    for (uint64_t i = 0; i < size / page; i++) {
        if (bitmap[i / 64] & (1UL << (i % 64))) {
            memory_region_set_dirty(sec->mr, offset + i * page, page);
        }
    }
}

/* --- doorbells ------------------------------------------------------------- */

static int set_ioeventfd(MemoryRegionSection *sec, bool match, uint64_t data, EventNotifier *e, bool assign)
{
    struct kvm_ioeventfd io = {
        .addr = sec->offset_within_address_space, .len = (uint32_t)sec->size, .fd = event_notifier_get_fd(e),
        .datamatch = match ? data : 0,
        .flags = (match ? KVM_IOEVENTFD_FLAG_DATAMATCH : 0) | (assign ? 0 : KVM_IOEVENTFD_FLAG_DEASSIGN),
    };
    int ret = kvm_vm_ioctl(KVM_IOEVENTFD, &io);

    trace_kvm_ioeventfd(io.addr, io.len, io.fd, assign, ret);
    return ret;
}

/* Refused (two at one address, too many): the memory core then rings the bell itself, more slowly. */
static void eventfd_add(MemoryListener *l, MemoryRegionSection *sec, bool match, uint64_t data, EventNotifier *e)
{
    int ret = set_ioeventfd(sec, match, data, e, true);

    if (ret < 0 && ret != -EEXIST) {
        warn_report_limited("KVM takes no ioeventfd at 0x%" PRIx64 ": %s", sec->offset_within_address_space, g_strerror(-ret));
    }
}

static void eventfd_del(MemoryListener *l, MemoryRegionSection *sec, bool match, uint64_t data, EventNotifier *e)
{
    set_ioeventfd(sec, match, data, e, false);
}

static MemoryListener kvm_listener = {
    .name = "kvm",
    .priority = 10,
    .region_add = region_add,
    .region_del = region_del,
    .log_start = log_change,
    .log_stop = log_change,
    .log_sync = log_sync,
    .eventfd_add = eventfd_add,
    .eventfd_del = eventfd_del,
};

void kvm_memory_init(unsigned max_slots)
{
    slot_limit = max_slots;
    slot_used = g_byte_array_new();
    slots = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
    memory_listener_register(&kvm_listener, &address_space_memory);
}
