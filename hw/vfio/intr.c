/*
 * MSI and MSI-X of an assigned function, and its error and request events.
 *
 * The host's interrupt handler bumps a vector's eventfd. With KVM the same
 * eventfd is an irqfd: the interrupt reaches the vCPU without this program.
 * Otherwise, and while the guest masks a vector, our main loop takes the event
 * and makes it an MSI of the emulated capability (which keeps it pending while
 * masked). The host is told of a vector when the guest first unmasks it.
 *
 * Runs under the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pci.h"
#include "system/system.h"
#include "hw_vfio.trace.h"

static uint32_t host_index(const VFIOPCIDevice *vdev)
{
    return vdev->interrupt == VFIO_INT_MSIX ? VFIO_PCI_MSIX_IRQ_INDEX : VFIO_PCI_MSI_IRQ_INDEX;
}

static bool use_kvm(const VFIOPCIDevice *vdev)
{
    bool off = vdev->interrupt == VFIO_INT_MSIX ? vdev->no_kvm_msix : vdev->no_kvm_msi;
    return !off && kvm_msi_via_irqfd_enabled();
}

/* --- One vector ---------------------------------------------------------------------- */

static void vector_event(void *opaque)
{
    VFIOMSIVector *v = opaque;
    VFIOPCIDevice *vdev = v->vdev;
    unsigned nr = (unsigned)(v - vdev->vectors);

    if (!event_notifier_test_and_clear(&v->event)) {
        return;
    }
    trace_vfio_msi_interrupt(vdev->vbasedev.name, nr);
    if (vdev->interrupt == VFIO_INT_MSIX) {
        msix_notify(PCI_DEVICE(vdev), nr);
    } else {
        msi_notify(PCI_DEVICE(vdev), nr);
    }
}

static void vector_to_main_loop(VFIOMSIVector *v)
{
    if (v->irqfd) {
        kvm_irqchip_remove_irqfd_notifier_gsi(&v->event, v->virq);
        v->irqfd = false;
    }
    qemu_set_fd_handler(event_notifier_get_fd(&v->event), vector_event, NULL, v);
}

/* An event that is waiting moves along: KVM looks at the eventfd when it takes it. */
static void vector_to_kvm(VFIOMSIVector *v)
{
    if (v->virq < 0 || v->irqfd) {
        return;
    }
    qemu_set_fd_handler(event_notifier_get_fd(&v->event), NULL, NULL, NULL);
    if (kvm_irqchip_add_irqfd_notifier_gsi(&v->event, NULL, v->virq) < 0) {
        vector_to_main_loop(v);
        return;
    }
    v->irqfd = true;
}

static void vector_route(VFIOPCIDevice *vdev, VFIOMSIVector *v, MSIMessage msg, KVMRouteChange *change)
{
    if (!use_kvm(vdev)) {
        return;
    }
    if (v->virq < 0) {
        int virq = kvm_irqchip_add_msi_route(change, msg, PCI_DEVICE(vdev));
        v->virq = virq < 0 ? -1 : virq;
    } else {
        kvm_irqchip_update_msi_route(change, v->virq, msg, PCI_DEVICE(vdev));
    }
}

static int vector_init(VFIOMSIVector *v)
{
    int r = event_notifier_init(&v->event, false);

    if (r == 0) {
        v->used = true;
        vector_to_main_loop(v);
    }
    return r;
}

static void vector_free(VFIOMSIVector *v)
{
    if (!v->used) {
        return;
    }
    vector_to_main_loop(v);
    qemu_set_fd_handler(event_notifier_get_fd(&v->event), NULL, NULL, NULL);
    if (v->virq >= 0) {
        kvm_irqchip_release_virq(v->virq);
    }
    event_notifier_cleanup(&v->event);
    v->used = false;
}

static void alloc_vectors(VFIOPCIDevice *vdev, unsigned n)
{
    vdev->vectors = g_new0(VFIOMSIVector, n);
    vdev->nr_vectors = n;
    vdev->nr_host_vectors = 0;
    for (unsigned i = 0; i < n; i++) {
        vdev->vectors[i].vdev = vdev;
        vdev->vectors[i].virq = -1;
        vdev->vectors[i].event.fd = -1;
    }
}

static void free_vectors(VFIOPCIDevice *vdev)
{
    for (unsigned i = 0; i < vdev->nr_vectors; i++) {
        vector_free(&vdev->vectors[i]);
    }
    g_clear_pointer(&vdev->vectors, g_free);
    vdev->nr_vectors = vdev->nr_host_vectors = 0;
}

/* Tells the host of vectors 0..n-1 in one call; those not in use have no event. */
static int host_set_all(VFIOPCIDevice *vdev, unsigned n)
{
    g_autofree int32_t *fds = g_new(int32_t, n);

    for (unsigned i = 0; i < n; i++) {
        fds[i] = vdev->vectors[i].used ? event_notifier_get_fd(&vdev->vectors[i].event) : -1;
    }
    int r = vfio_device_set_irqs(&vdev->vbasedev, host_index(vdev), VFIO_IRQ_SET_ACTION_TRIGGER, 0, fds, n);
    if (r == 0) {
        vdev->nr_host_vectors = n;
    }
    return r;
}

static void warn_irqs(VFIOPCIDevice *vdev, const char *what, int r)
{
    warn_report_limited("host device %s: VFIO_DEVICE_SET_IRQS for %s failed: %s; the device's interrupts may be lost",
                        vdev->vbasedev.name, what, r < 0 ? strerror(-r) : "the host has too few vectors");
}

/* --- MSI-X ------------------------------------------------------------------------------ */

static int host_add_vector(VFIOPCIDevice *vdev, unsigned nr)
{
    int32_t fd = event_notifier_get_fd(&vdev->vectors[nr].event);

    if (nr < vdev->nr_host_vectors || !vdev->msix.noresize) {
        int r = vfio_device_set_irqs(&vdev->vbasedev, VFIO_PCI_MSIX_IRQ_INDEX, VFIO_IRQ_SET_ACTION_TRIGGER, nr, &fd, 1);
        if (r == 0) {
            vdev->nr_host_vectors = MAX(vdev->nr_host_vectors, nr + 1);
        }
        return r;
    }
    /* This host cannot add vectors to a running set. */
    vfio_device_disable_irqs(&vdev->vbasedev, VFIO_PCI_MSIX_IRQ_INDEX);
    return host_set_all(vdev, nr + 1);
}

static int msix_use(PCIDevice *pdev, unsigned nr, MSIMessage msg)
{
    VFIOPCIDevice *vdev = VFIO_PCI(pdev);
    VFIOMSIVector *v;
    bool is_new;
    int r;

    if (nr >= vdev->nr_vectors) {
        return -EINVAL;
    }
    v = &vdev->vectors[nr];
    is_new = !v->used;
    trace_vfio_msix_vector_do_use(vdev->vbasedev.name, nr);
    if (is_new && (r = vector_init(v)) < 0) {
        return r;
    }
    if (vdev->batching) {
        vector_route(vdev, v, msg, &vdev->route_change);
        return 0;
    }
    KVMRouteChange change = kvm_irqchip_begin_route_changes();
    vector_route(vdev, v, msg, &change);
    kvm_irqchip_commit_route_changes(&change);
    vector_to_kvm(v);
    if (is_new && (r = host_add_vector(vdev, nr)) != 0) {
        warn_irqs(vdev, "MSI-X", r);
    }
    return 0;
}

static void msix_release(PCIDevice *pdev, unsigned nr)
{
    VFIOPCIDevice *vdev = VFIO_PCI(pdev);

    if (nr >= vdev->nr_vectors || !vdev->vectors[nr].used) {
        return;
    }
    trace_vfio_msix_vector_release(vdev->vbasedev.name, nr);
    vector_to_main_loop(&vdev->vectors[nr]);
    /* From now on an interrupt can be pending in our PBA and not in the device's. */
    memory_region_set_enabled(&pdev->msix_pba_mmio, true);
}

static void msix_start(VFIOPCIDevice *vdev)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);
    unsigned n = 0;
    int r;

    vfio_intr_disable_all(vdev);
    vdev->interrupt = VFIO_INT_MSIX;
    alloc_vectors(vdev, vdev->msix.entries);
    vdev->batching = true;
    vdev->route_change = kvm_irqchip_begin_route_changes();
    r = msix_set_vector_notifiers(pdev, msix_use, msix_release, NULL);
    kvm_irqchip_commit_route_changes(&vdev->route_change);
    vdev->batching = false;
    if (r < 0) {
        warn_irqs(vdev, "MSI-X", r);
    }
    for (unsigned i = 0; i < vdev->nr_vectors; i++) {
        if (vdev->vectors[i].used) {
            vector_to_kvm(&vdev->vectors[i]);
            n = i + 1;
        }
    }
    /* The host's MSI-X must be on before the first vector: drivers look at what that does to INTx. */
    r = host_set_all(vdev, MAX(n, 1));
    if (r != 0) {
        warn_irqs(vdev, "MSI-X", r);
    }
    trace_vfio_msix_enable(vdev->vbasedev.name, n);
}

/* --- MSI --------------------------------------------------------------------------------- */

/* What is masked becomes pending in our capability, and so must come this way. */
static void msi_place_vectors(VFIOPCIDevice *vdev)
{
    for (unsigned i = 0; i < vdev->nr_vectors; i++) {
        VFIOMSIVector *v = &vdev->vectors[i];
        if (!v->used) {
            continue;
        }
        if (msi_is_masked(PCI_DEVICE(vdev), i)) {
            vector_to_main_loop(v);
        } else {
            vector_to_kvm(v);
        }
    }
}

static void msi_start(VFIOPCIDevice *vdev)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);
    unsigned n = MIN(msi_nr_vectors_allocated(pdev), vdev->msi_vectors);
    int r;

    vfio_intr_disable_all(vdev);
    vdev->interrupt = VFIO_INT_MSI;
    alloc_vectors(vdev, MAX(n, 1));
    KVMRouteChange change = kvm_irqchip_begin_route_changes();
    for (unsigned i = 0; i < vdev->nr_vectors; i++) {
        if (vector_init(&vdev->vectors[i]) == 0) {
            vector_route(vdev, &vdev->vectors[i], msi_get_message(pdev, i), &change);
        }
    }
    kvm_irqchip_commit_route_changes(&change);
    msi_place_vectors(vdev);
    r = host_set_all(vdev, vdev->nr_vectors);
    if (r > 0) {
        r = host_set_all(vdev, MIN((unsigned)r, vdev->nr_vectors));
    }
    if (r != 0) {
        warn_irqs(vdev, "MSI", r);
    }
    trace_vfio_msi_enable(vdev->vbasedev.name, vdev->nr_vectors);
}

/* The guest may have written another address, data or mask while MSI is on. */
static void msi_update(VFIOPCIDevice *vdev)
{
    KVMRouteChange change;

    if (!use_kvm(vdev)) {
        return;
    }
    change = kvm_irqchip_begin_route_changes();
    for (unsigned i = 0; i < vdev->nr_vectors; i++) {
        if (vdev->vectors[i].virq >= 0) {
            vector_route(vdev, &vdev->vectors[i], msi_get_message(PCI_DEVICE(vdev), i), &change);
        }
    }
    kvm_irqchip_commit_route_changes(&change);
    msi_place_vectors(vdev);
}

/* --- Which kind is on ------------------------------------------------------------------------- */

void vfio_intr_disable_all(VFIOPCIDevice *vdev)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);

    switch (vdev->interrupt) {
    case VFIO_INT_INTX:
        vfio_intx_disable(vdev);
        break;
    case VFIO_INT_MSIX:
        msix_unset_vector_notifiers(pdev);
        memory_region_set_enabled(&pdev->msix_pba_mmio, false);
        /* fall through */
    case VFIO_INT_MSI:
        vfio_device_disable_irqs(&vdev->vbasedev, host_index(vdev));
        free_vectors(vdev);
        trace_vfio_msi_disable(vdev->vbasedev.name);
        break;
    case VFIO_INT_NONE:
        break;
    }
    vdev->interrupt = VFIO_INT_NONE;
}

void vfio_intr_enable_intx(VFIOPCIDevice *vdev)
{
    vfio_intr_disable_all(vdev);
    int r = vfio_intx_enable(vdev);
    if (r < 0) {
        warn_irqs(vdev, "INTx", r);
    }
}

void vfio_intr_msi_changed(VFIOPCIDevice *vdev, bool was_msi, bool was_msix)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);
    bool msi = vdev->has_msi && msi_enabled(pdev), msix = vdev->has_msix && msix_enabled(pdev);

    if (msix && !was_msix) {
        msix_start(vdev);
    } else if (msi && !was_msi && !msix) {
        msi_start(vdev);
    } else if ((was_msi || was_msix) && !msi && !msix) {
        vfio_intr_enable_intx(vdev);
    } else if (msi && vdev->interrupt == VFIO_INT_MSI) {
        msi_update(vdev);
    }
}

/* --- Errors of the device, and the host that wants it back --------------------------------------- */

static void err_event(void *opaque)
{
    VFIOPCIDevice *vdev = opaque;

    if (event_notifier_test_and_clear(&vdev->err_event)) {
        error_report("host device %s: uncorrectable PCI error; the machine is stopped so that no data is lost", vdev->vbasedev.name);
        vm_stop(RUN_STATE_INTERNAL_ERROR);
    }
}

static void req_event(void *opaque)
{
    VFIOPCIDevice *vdev = opaque;
    DeviceState *dev = DEVICE(vdev);
    Error *err = NULL;

    if (!event_notifier_test_and_clear(&vdev->req_event)) {
        return;
    }
    g_autofree char *path = dev->id ? g_strdup(dev->id) : object_get_canonical_path(OBJECT(vdev));
    trace_vfio_pci_request(vdev->vbasedev.name);
    if (!qdev_device_del(path, &err)) {
        error_prepend(&err, "host device %s: the host wants it back: ", vdev->vbasedev.name);
        warn_report_err(err);
    }
}

static bool arm_event(VFIOPCIDevice *vdev, uint32_t index, EventNotifier *e, IOHandler *handler)
{
    struct vfio_irq_info info;
    int32_t fd;

    if (vdev->vbasedev.num_irqs <= index || vfio_device_irq_info(&vdev->vbasedev, index, &info) < 0 || info.count < 1 ||
        event_notifier_init(e, false) < 0) {
        return false;
    }
    fd = event_notifier_get_fd(e);
    qemu_set_fd_handler(fd, handler, NULL, vdev);
    if (vfio_device_set_irqs(&vdev->vbasedev, index, VFIO_IRQ_SET_ACTION_TRIGGER, 0, &fd, 1) < 0) {
        qemu_set_fd_handler(fd, NULL, NULL, NULL);
        event_notifier_cleanup(e);
        return false;
    }
    return true;
}

static void disarm_event(VFIOPCIDevice *vdev, uint32_t index, EventNotifier *e)
{
    int32_t none = -1;

    vfio_device_set_irqs(&vdev->vbasedev, index, VFIO_IRQ_SET_ACTION_TRIGGER, 0, &none, 1);
    qemu_set_fd_handler(event_notifier_get_fd(e), NULL, NULL, NULL);
    event_notifier_cleanup(e);
}

void vfio_intr_arm_err_req(VFIOPCIDevice *vdev)
{
    vdev->err_armed = arm_event(vdev, VFIO_PCI_ERR_IRQ_INDEX, &vdev->err_event, err_event);
    vdev->req_armed = vdev->req && arm_event(vdev, VFIO_PCI_REQ_IRQ_INDEX, &vdev->req_event, req_event);
}

void vfio_intr_disarm_err_req(VFIOPCIDevice *vdev)
{
    if (vdev->err_armed) {
        disarm_event(vdev, VFIO_PCI_ERR_IRQ_INDEX, &vdev->err_event);
    }
    if (vdev->req_armed) {
        disarm_event(vdev, VFIO_PCI_REQ_IRQ_INDEX, &vdev->req_event);
    }
    vdev->err_armed = vdev->req_armed = false;
}
