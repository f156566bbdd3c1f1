/*
 * Coalesced MMIO: writes that KVM keeps in a ring instead of leaving the guest.
 *
 * A region says which of its bytes may wait (memory_region_set_coalescing).
 * KVM collects writes there, and every vCPU that comes out for any other reason
 * carries them out first, in order: so whatever could show that they waited
 * finds them done. A full ring, or a host without it, means ordinary exits.
 *
 * The ring is one page of the VM, which every vCPU has mapped behind its own run
 * page. Its reader's side is guarded by the machine lock; that it is empty is
 * seen without.
 *
 * Linux: Documentation/virt/kvm/api.rst, KVM_(UN)REGISTER_COALESCED_MMIO.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <unistd.h>
#include "kvm-int.h"
#include "util/main-loop.h"
#include "accel.trace.h"

static unsigned ring_page;              /* pages behind struct kvm_run; 0: the host has no ring */

static struct kvm_coalesced_mmio_ring *ring_of(CPUState *cpu)
{
    return (void *)((uint8_t *)kvm_vcpu(cpu)->run + (size_t)ring_page * getpagesize());
}

static unsigned ring_size(void)
{
    return (getpagesize() - sizeof(struct kvm_coalesced_mmio_ring)) / sizeof(struct kvm_coalesced_mmio);
}

static bool ring_empty(struct kvm_coalesced_mmio_ring *ring)
{
    return __atomic_load_n(&ring->first, __ATOMIC_ACQUIRE) == __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE);
}

/* An entry leaves the ring when it is done: who finds the ring empty has nothing to wait for. */
static void drain(struct kvm_coalesced_mmio_ring *ring)
{
    unsigned size = ring_size();

    while (!ring_empty(ring)) {
        struct kvm_coalesced_mmio *e = &ring->coalesced_mmio[ring->first % size];

        trace_kvm_coalesced_write(e->phys_addr, e->len);
        address_space_rw(&address_space_memory, e->phys_addr, MEMTXATTRS_UNSPECIFIED, e->data, MIN(e->len, sizeof(e->data)), true);
        __atomic_store_n(&ring->first, (ring->first + 1) % size, __ATOMIC_RELEASE);
    }
}

void kvm_coalesced_flush(CPUState *cpu)
{
    if (ring_page && !ring_empty(ring_of(cpu))) {
        bql_lock();
        drain(ring_of(cpu));
        bql_unlock();
    }
}

/* --- Which writes ------------------------------------------------------------------------- */

static void set_zone(MemoryRegionSection *sec, unsigned long request)
{
    MemoryRegion *mr = sec->mr;
    uint64_t first = MAX(mr->coalesced_at, sec->offset_within_region);
    uint64_t end = MIN(mr->coalesced_at + mr->coalesced_size, sec->offset_within_region + (uint64_t)sec->size);
    struct kvm_coalesced_mmio_zone zone;
    int ret;

    if (first >= end) {
        return;
    }
    zone = (struct kvm_coalesced_mmio_zone) {
        .addr = sec->offset_within_address_space + (first - sec->offset_within_region), .size = end - first,
    };
    ret = kvm_vm_ioctl(request, &zone);     /* refused: exits, as without */
    trace_kvm_coalesced_zone(zone.addr, zone.size, request == KVM_REGISTER_COALESCED_MMIO, ret);
}

static void region_add(MemoryListener *l, MemoryRegionSection *sec)
{
    set_zone(sec, KVM_REGISTER_COALESCED_MMIO);
}

static void region_del(MemoryListener *l, MemoryRegionSection *sec)
{
    set_zone(sec, KVM_UNREGISTER_COALESCED_MMIO);
}

static MemoryListener coalesced_listener = {
    .name = "kvm-coalesced", .priority = 10, .region_add = region_add, .region_del = region_del,
};

void kvm_coalesced_init(void)
{
    int page = kvm_check_extension(KVM_CAP_COALESCED_MMIO);

    if (page > 0 && kvm_state->run_size >= (size_t)(page + 1) * getpagesize()) {
        ring_page = page;
        memory_listener_register(&coalesced_listener, &address_space_memory);
    }
}
