/*
 * Interrupts that do not pass through this process: the VM's GSI table, MSI
 * routes in it, and irqfds bound to its entries.
 *
 * GSIs below `wires` are inputs of the interrupt controller. The rest are
 * handed out for MSIs. Where MSIs are SPIs (GICv2m), an MSI's GSI is simply
 * the wire its data names, and needs no entry.
 *
 * The table is guarded by the machine lock. kvm_set_irq() and
 * kvm_irqchip_send_msi() may be called from any thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/ioctl.h>
#include "kvm-int.h"
#include "hw/pci/pci.h"
#include "accel.trace.h"

#define SPI_BASE 32

static struct kvm_irq_routing *table;
static unsigned table_room, gsi_limit, wires;
static GByteArray *gsi_used;
static KVMMsiMode msi_mode;
static GHashTable *gsi_of_irq;          /* qemu_irq -> GSI + 1 */
static bool have_chip, have_resample;

void kvm_irqchip_init(void)
{
    gsi_limit = kvm_check_extension(KVM_CAP_IRQ_ROUTING) ?: 1024;
    have_resample = kvm_check_extension(KVM_CAP_IRQFD_RESAMPLE);
    gsi_used = g_byte_array_new();
    gsi_of_irq = g_hash_table_new(NULL, NULL);
    table_room = 64;
    table = g_malloc0(sizeof(*table) + table_room * sizeof(table->entries[0]));
}

bool kvm_irqchip_in_kernel(void) { return have_chip; }
bool kvm_irqfds_enabled(void) { return have_chip; }
bool kvm_resamplefds_enabled(void) { return have_chip && have_resample; }
bool kvm_msi_via_irqfd_enabled(void) { return have_chip && msi_mode != KVM_MSI_NONE; }
void kvm_irqchip_set_msi_mode(KVMMsiMode mode) { msi_mode = mode; }

/* --- the table -------------------------------------------------------------- */

static void table_append(struct kvm_irq_routing_entry e)
{
    if (table->nr == table_room) {
        table_room *= 2;
        table = g_realloc(table, sizeof(*table) + table_room * sizeof(table->entries[0]));
    }
    table->entries[table->nr++] = e;
}

static struct kvm_irq_routing_entry *table_find(unsigned gsi)
{
    for (unsigned i = 0; i < table->nr; i++) {
        if (table->entries[i].gsi == gsi) {
            return &table->entries[i];
        }
    }
    return NULL;
}

static int table_commit(void)
{
    int ret = kvm_vm_ioctl(KVM_SET_GSI_ROUTING, table);

    trace_kvm_commit_routes(table->nr, ret);
    if (ret < 0) {
        warn_report_limited("KVM refused the interrupt routes: %s", g_strerror(-ret));
    }
    return ret;
}

void kvm_irqchip_init_wires(unsigned n)
{
    have_chip = true;
    wires = n;
    g_byte_array_set_size(gsi_used, n);
    memset(gsi_used->data, 1, n);
    for (unsigned i = 0; i < n; i++) {
        table_append((struct kvm_irq_routing_entry) {
            .gsi = i, .type = KVM_IRQ_ROUTING_IRQCHIP, .u.irqchip = { .irqchip = 0, .pin = i },
        });
    }
}

static int alloc_gsi(void)
{
    for (guint i = wires; i < gsi_used->len; i++) {
        if (!gsi_used->data[i]) {
            gsi_used->data[i] = 1;
            return i;
        }
    }
    if (gsi_used->len >= gsi_limit) {
        return -ENOSPC;
    }
    g_byte_array_append(gsi_used, (const guint8[]) { 1 }, 1);
    return gsi_used->len - 1;
}

/* --- MSI routes --------------------------------------------------------------- */

KVMRouteChange kvm_irqchip_begin_route_changes(void)
{
    return (KVMRouteChange) { 0 };
}

void kvm_irqchip_commit_route_changes(KVMRouteChange *c)
{
    if (c->changes) {
        table_commit();
        c->changes = 0;
    }
}

static int direct_gsi(MSIMessage msg)
{
    unsigned spi = (msg.data & 0xffff) - SPI_BASE;

    return spi < wires ? (int)spi : -EINVAL;
}

static int make_route(struct kvm_irq_routing_entry *e, int gsi, MSIMessage msg, PCIDevice *dev)
{
    *e = (struct kvm_irq_routing_entry) {
        .gsi = gsi, .type = KVM_IRQ_ROUTING_MSI,
        .u.msi = { .address_lo = msg.address, .address_hi = msg.address >> 32, .data = msg.data },
    };
    if (dev) {
        e->flags = KVM_MSI_VALID_DEVID;
        e->u.msi.devid = pci_requester_id(dev);
    }
    trace_kvm_msi_route(gsi, msg.address, msg.data, e->u.msi.devid);
    return kvm_arch_fixup_msi_route(e, dev);
}

int kvm_irqchip_add_msi_route(KVMRouteChange *c, MSIMessage msg, PCIDevice *dev)
{
    struct kvm_irq_routing_entry e;
    int gsi, ret;

    if (!kvm_msi_via_irqfd_enabled()) {
        return -ENOSYS;
    }
    if (msi_mode == KVM_MSI_DIRECT_SPI) {
        return direct_gsi(msg);
    }
    gsi = alloc_gsi();
    if (gsi < 0) {
        return gsi;
    }
    ret = make_route(&e, gsi, msg, dev);
    if (ret < 0) {
        gsi_used->data[gsi] = 0;
        return ret;
    }
    table_append(e);
    c->changes++;
    return gsi;
}

int kvm_irqchip_update_msi_route(KVMRouteChange *c, int virq, MSIMessage msg, PCIDevice *dev)
{
    struct kvm_irq_routing_entry e, *old;
    int ret;

    if (msi_mode == KVM_MSI_DIRECT_SPI) {
        return direct_gsi(msg) == virq ? 0 : -EINVAL;
    }
    old = virq < (int)wires ? NULL : table_find(virq);
    if (!old) {
        return -ENOENT;
    }
    ret = make_route(&e, virq, msg, dev);
    if (ret < 0) {
        return ret;
    }
    if (memcmp(old, &e, sizeof(e))) {
        *old = e;
        c->changes++;
    }
    return 0;
}

/* The kernel keeps the stale route until the next commit; no irqfd refers to it any more. */
void kvm_irqchip_release_virq(int virq)
{
    struct kvm_irq_routing_entry *e;

    if (virq < (int)wires || (guint)virq >= gsi_used->len) {
        return;
    }
    e = table_find(virq);
    if (e) {
        *e = table->entries[--table->nr];
    }
    gsi_used->data[virq] = 0;
}

/* --- irqfds and wires ------------------------------------------------------------ */

static int irqfd(EventNotifier *n, EventNotifier *resample, int virq, bool assign)
{
    struct kvm_irqfd req = { .fd = event_notifier_get_fd(n), .gsi = virq, .flags = assign ? 0 : KVM_IRQFD_FLAG_DEASSIGN };
    int ret;

    if (!have_chip) {
        return -ENOSYS;
    }
    if (resample) {
        req.flags |= KVM_IRQFD_FLAG_RESAMPLE;
        req.resamplefd = event_notifier_get_fd(resample);
    }
    ret = kvm_vm_ioctl(KVM_IRQFD, &req);
    trace_kvm_irqfd(req.fd, resample ? (int)req.resamplefd : -1, virq, assign, ret);
    return ret;
}

int kvm_irqchip_add_irqfd_notifier_gsi(EventNotifier *n, EventNotifier *resample, int virq)
{
    return irqfd(n, resample, virq, true);
}

int kvm_irqchip_remove_irqfd_notifier_gsi(EventNotifier *n, int virq)
{
    return irqfd(n, NULL, virq, false);
}

int kvm_irqchip_get_gsi(qemu_irq irq)
{
    return gsi_of_irq ? (int)GPOINTER_TO_UINT(g_hash_table_lookup(gsi_of_irq, irq)) - 1 : -1;
}

void kvm_irqchip_set_qemuirq_gsi(qemu_irq irq, int gsi)
{
    g_hash_table_insert(gsi_of_irq, irq, GUINT_TO_POINTER(gsi + 1));
}

int kvm_irqchip_send_msi(MSIMessage msg, uint32_t devid)
{
    struct kvm_msi m = {
        .address_lo = msg.address, .address_hi = msg.address >> 32, .data = msg.data,
        .flags = KVM_MSI_VALID_DEVID, .devid = devid,
    };

    return kvm_vm_ioctl(KVM_SIGNAL_MSI, &m);
}

int kvm_set_irq(unsigned irq, int level)
{
    struct kvm_irq_level l = { .irq = irq, .level = level };

    return have_chip ? kvm_vm_ioctl(KVM_IRQ_LINE, &l) : -ENOSYS;
}
