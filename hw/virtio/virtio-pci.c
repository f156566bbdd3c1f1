/*
 * virtio over PCI (virtio 1.2, 4.1): the function, its forms and its life. What
 * is behind its BARs is in virtio-pci-modern.c and virtio-pci-legacy.c.
 *
 * On a root bus the function is a conventional, transitional one (device ID
 * 0x1000 and up, revision 0) unless told otherwise; behind a PCIe port it is an
 * Express endpoint without legacy interface (0x1040 + the virtio device ID,
 * revision 1).
 *
 * Runs under the machine lock. Not modelled: SR-IOV, shared memory regions.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "virtio-pci-internal.h"

#define MODERN_ID_BASE      0x1040
#define MODERN_REVISION     1
#define DEFAULT_VECTORS     2
#define AER_SIZE            0x48

/* --- The bus's side -------------------------------------------------------------------- */

static void virtio_pci_notify(DeviceState *transport, uint16_t vector)
{
    VirtIOPCIProxy *proxy = VIRTIO_PCI(transport);

    if (!msix_enabled(&proxy->parent_obj)) {
        pci_set_irq(&proxy->parent_obj, proxy->vdev->isr != 0);
    } else if (vector != VIRTIO_NO_VECTOR) {
        msix_notify(&proxy->parent_obj, vector);
    }
}

static bool virtio_pci_ioeventfd_wanted(DeviceState *transport)
{
    return VIRTIO_PCI(transport)->ioeventfd;
}

static void virtio_pci_ioeventfd_set(DeviceState *transport, unsigned n, EventNotifier *e, bool add)
{
    void (*change)(MemoryRegion *, hwaddr, unsigned, bool, uint64_t, EventNotifier *) =
        add ? memory_region_add_eventfd : memory_region_del_eventfd;
    VirtIOPCIProxy *proxy = VIRTIO_PCI(transport);

    if (proxy->modern) {
        change(&proxy->notify, n * virtio_pci_notify_multiplier(proxy), 2, false, 0, e);
    }
    if (proxy->modern && proxy->modern_pio_notify) {
        change(&proxy->notify_pio_bar, 0, 2, true, n, e);
    }
    if (proxy->legacy) {
        change(&proxy->legacy_bar, VIRTIO_PCI_QUEUE_NOTIFY, 2, true, n, e);
    }
}

static AddressSpace *virtio_pci_dma_as(DeviceState *transport)
{
    return pci_get_address_space(PCI_DEVICE(transport));
}

static MemTxAttrs virtio_pci_dma_attrs(DeviceState *transport)
{
    return pci_dma_attrs(PCI_DEVICE(transport));
}

static void virtio_pci_driver_ok(DeviceState *transport, bool ok)
{
    if (ok) {
        virtio_pci_irqfd_start(VIRTIO_PCI(transport));
    } else {
        virtio_pci_irqfd_stop(VIRTIO_PCI(transport));
    }
}

static void set_ids(VirtIOPCIProxy *proxy)
{
    PCIDevice *dev = &proxy->parent_obj;
    const VirtioPCITypeInfo *info = VIRTIO_PCI_GET_CLASS(proxy)->info;
    uint16_t id = proxy->vdev->device_id;

    dev->config[PCI_INTERRUPT_PIN] = 1;
    if (proxy->legacy) {
        pci_set_word(dev->config + PCI_DEVICE_ID, info->transitional_device_id);
        pci_set_word(dev->config + PCI_SUBSYSTEM_VENDOR_ID, PCI_VENDOR_ID_REDHAT_QUMRANET);
        pci_set_word(dev->config + PCI_SUBSYSTEM_ID, id);
    } else {
        pci_set_word(dev->config + PCI_DEVICE_ID, MODERN_ID_BASE + id);
        dev->config[PCI_REVISION_ID] = MODERN_REVISION;
    }
    if (proxy->class_code) {
        dev->config[PCI_CLASS_PROG] = 0;
        pci_set_word(dev->config + PCI_CLASS_DEVICE, proxy->class_code);
    }
}

static void offer_features(VirtIOPCIProxy *proxy)
{
    uint64_t *features = &proxy->vdev->host_features;

    if (proxy->modern) {
        virtio_add_feature(features, VIRTIO_F_VERSION_1);
    } else {
        *features &= UINT32_MAX;
    }
}

/* The backend is realized: now its queues, vectors and configuration size are known. */
static bool virtio_pci_plugged(DeviceState *transport, VirtIODevice *vdev, Error **errp)
{
    VirtIOPCIProxy *proxy = VIRTIO_PCI(transport);

    if (proxy->legacy && virtio_host_has_feature(vdev, VIRTIO_F_ACCESS_PLATFORM)) {
        if (proxy->disable_legacy == ON_OFF_AUTO_OFF || !proxy->modern) {
            error_setg(errp, "%s: iommu_platform=on is for modern drivers only; give disable-legacy=on and not disable-modern=on,"
                       " or take the -non-transitional type", object_get_typename(OBJECT(proxy)));
            return false;
        }
        proxy->legacy = false;
    }
    set_ids(proxy);
    offer_features(proxy);
    if (proxy->modern && !virtio_pci_modern_init(proxy, errp)) {
        return false;
    }
    if (proxy->nvectors && !msix_init_exclusive_bar(&proxy->parent_obj, proxy->nvectors, MSIX_BAR, errp)) {
        return false;
    }
    for (unsigned i = 0; i < proxy->nvectors; i++) {
        msix_vector_use(&proxy->parent_obj, i);
    }
    if (proxy->legacy) {
        virtio_pci_legacy_init(proxy);
    }
    return true;
}

static void virtio_pci_unplugged(DeviceState *transport, VirtIODevice *vdev)
{
    virtio_pci_irqfd_stop(VIRTIO_PCI(transport));
}

/* --- Realize ------------------------------------------------------------------------------- */

static bool decide_interfaces(VirtIOPCIProxy *proxy, Error **errp)
{
    VirtIOPCIClass *k = VIRTIO_PCI_GET_CLASS(proxy);
    PCIBus *bus = pci_get_bus(&proxy->parent_obj);
    bool below_port = pci_bus_is_express(bus) && !pci_bus_is_root(bus);

    if (k->form != FORM_GENERIC) {
        proxy->disable_legacy = k->form == FORM_TRANSITIONAL ? ON_OFF_AUTO_OFF : ON_OFF_AUTO_ON;
    }
    proxy->modern = !proxy->disable_modern;
    proxy->legacy = proxy->disable_legacy == ON_OFF_AUTO_AUTO ? !below_port : proxy->disable_legacy == ON_OFF_AUTO_OFF;
    if (!k->info->transitional_device_id) {
        proxy->legacy = false;
    }
    if (!proxy->modern && !proxy->legacy) {
        error_setg(errp, "%s: with disable-modern=on and disable-legacy=on (which is the default behind a PCIe port) there is"
                   " no interface left; drop one of them", object_get_typename(OBJECT(proxy)));
        return false;
    }
    return true;
}

static bool init_express(VirtIOPCIProxy *proxy, Error **errp)
{
    PCIDevice *dev = &proxy->parent_obj;
    int pm;

    if (pci_bus_is_root(pci_get_bus(dev)) || !pci_is_express(dev)) {
        dev->cap_present &= ~QEMU_PCI_CAP_EXPRESS;
        return true;
    }
    if (!pcie_endpoint_cap_init(dev, 0, errp)) {
        return false;
    }
    pm = pci_pm_init(dev, 0, errp);
    if (pm < 0) {
        return false;
    }
    if (!proxy->no_soft_reset) {
        pci_set_word(dev->config + pm + PCI_PM_CTRL, 0);
    }
    if (proxy->aer && !pcie_aer_init(dev, PCI_ERR_VER, PCI_CONFIG_SPACE_SIZE, AER_SIZE, errp)) {
        return false;
    }
    pcie_cap_deverr_init(dev);
    pcie_cap_lnkctl_init(dev);
    if (proxy->ats) {
        pcie_ats_init(dev, 0, proxy->ats_aligned, &error_abort);
    }
    if (proxy->flr) {
        pcie_cap_flr_init(dev);
    }
    return true;
}

static void decide_vectors(VirtIOPCIProxy *proxy)
{
    const VirtioPCITypeInfo *info = VIRTIO_PCI_GET_CLASS(proxy)->info;

    if (proxy->nvectors == UINT32_MAX) {
        proxy->nvectors = info->default_vectors ? info->default_vectors(proxy->vdev) : DEFAULT_VECTORS;
    }
    if (!msi_nonbroken) {
        proxy->nvectors = 0;
    }
}

static bool virtio_pci_realize(PCIDevice *dev, Error **errp)
{
    VirtIOPCIProxy *proxy = VIRTIO_PCI(dev);
    const VirtioPCITypeInfo *info = VIRTIO_PCI_GET_CLASS(proxy)->info;

    if (!decide_interfaces(proxy, errp) || !init_express(proxy, errp)) {
        return false;
    }
    if (info->prepare) {
        info->prepare(proxy->vdev);
    }
    decide_vectors(proxy);
    qbus_init(&proxy->bus, sizeof(proxy->bus), TYPE_VIRTIO_PCI_BUS, DEVICE(dev), "virtio-bus");
    if (!qdev_realize(DEVICE(proxy->vdev), BUS(&proxy->bus), errp)) {
        msix_uninit_exclusive_bar(dev);
        object_unparent(OBJECT(&proxy->bus));
        return false;
    }
    virtio_set_disabled(proxy->vdev, true);             /* until the guest lets it be a bus master */
    return true;
}

/* The device below has gone before. */
static void virtio_pci_exit(PCIDevice *dev)
{
    msix_uninit_exclusive_bar(dev);
}

/* --- Config space, reset ----------------------------------------------------------------------- */

static void bus_master_changed(VirtIOPCIProxy *proxy)
{
    PCIDevice *dev = &proxy->parent_obj;
    bool may = dev->is_bus_master && dev->has_power;

    if (proxy->vdev->disabled == may) {
        virtio_set_disabled(proxy->vdev, !may);
    }
}

static void virtio_pci_write_config(PCIDevice *dev, uint32_t addr, uint32_t val, int len)
{
    VirtIOPCIProxy *proxy = VIRTIO_PCI(dev);

    pci_default_write_config(dev, addr, val, len);
    if (dev->exp.exp_cap) {
        pcie_cap_flr_write_config(dev, addr, val, len);
    }
    bus_master_changed(proxy);
    virtio_pci_config_access(proxy, addr, len, true);
}

static uint32_t virtio_pci_read_config(PCIDevice *dev, uint32_t addr, int len)
{
    virtio_pci_config_access(VIRTIO_PCI(dev), addr, len, false);
    return pci_default_read_config(dev, addr, len);
}

static void virtio_pci_reset_hold(Object *obj, ResetType type)
{
    VirtIOPCIProxy *proxy = VIRTIO_PCI(obj);

    virtio_pci_forget_driver(proxy);
    proxy->host_features_sel = proxy->guest_features_sel = proxy->queue_sel = 0;
    msix_reset(&proxy->parent_obj);
    bus_master_changed(proxy);
}

/* --- Types ------------------------------------------------------------------------------------------ */

static const Property virtio_pci_properties[] = {
    DEFINE_PROP_BOOL("virtio-pci-bus-master-bug-migration", VirtIOPCIProxy, master_bug_migration, false),
    DEFINE_PROP_BOOL("ioeventfd", VirtIOPCIProxy, ioeventfd, true),
    DEFINE_PROP_BOOL("modern-pio-notify", VirtIOPCIProxy, modern_pio_notify, false),
    DEFINE_PROP_BOOL("page-per-vq", VirtIOPCIProxy, page_per_vq, false),
    DEFINE_PROP_BOOL("ats", VirtIOPCIProxy, ats, false),
    DEFINE_PROP_BOOL("x-ats-page-aligned", VirtIOPCIProxy, ats_aligned, true),
    DEFINE_PROP_BOOL("aer", VirtIOPCIProxy, aer, false),
    DEFINE_PROP_BOOL("x-pcie-flr-init", VirtIOPCIProxy, flr, true),
    DEFINE_PROP_BOOL("x-pcie-pm-no-soft-reset", VirtIOPCIProxy, no_soft_reset, false),
};

static const Property generic_properties[] = {
    DEFINE_PROP_ON_OFF_AUTO("disable-legacy", VirtIOPCIProxy, disable_legacy, ON_OFF_AUTO_AUTO),
    DEFINE_PROP_BOOL("disable-modern", VirtIOPCIProxy, disable_modern, false),
};

static const Property vectors_property[] = { DEFINE_PROP_UINT32("vectors", VirtIOPCIProxy, nvectors, UINT32_MAX) };
static const Property two_vectors_property[] = { DEFINE_PROP_UINT32("vectors", VirtIOPCIProxy, nvectors, DEFAULT_VECTORS) };

static const Property class_property[] = {
    DEFINE_PROP_UINT32("class", VirtIOPCIProxy, class_code, 0),
};

static void alias_property(ObjectProperty *prop, void *opaque)
{
    VirtIOPCIProxy *proxy = opaque;

    if (!object_property_find(OBJECT(proxy), prop->name)) {
        object_property_add_alias(OBJECT(proxy), prop->name, OBJECT(proxy->vdev), prop->name);
    }
}

/* The backend is there from the start so that its properties can be set through ours. */
static void virtio_pci_instance_init(Object *obj)
{
    VirtIOPCIProxy *proxy = (VirtIOPCIProxy *)obj;
    VirtIOPCIClass *k = (VirtIOPCIClass *)object_get_class(obj);
    Object *backend = object_new(k->info->device_type);

    proxy->vdev = VIRTIO_DEVICE(backend);
    object_property_add_child(obj, "virtio-backend", backend);
    object_unref(backend);              /* the parent's reference is the only one */
    object_property_foreach(backend, alias_property, proxy);
}

static void virtio_pci_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    device_class_set_props(dc, virtio_pci_properties);
    device_class_set_phases(dc, NULL, virtio_pci_reset_hold, NULL, NULL);
    pc->vendor_id = PCI_VENDOR_ID_REDHAT_QUMRANET;
    pc->class_id = PCI_CLASS_OTHERS;
    pc->realize = virtio_pci_realize;
    pc->exit = virtio_pci_exit;
    pc->config_read = virtio_pci_read_config;
    pc->config_write = virtio_pci_write_config;
}

static void form_class_init(ObjectClass *klass, const void *data)
{
    const VirtioPCITypeInfo *info = data;
    VirtIOPCIClass *k = VIRTIO_PCI_CLASS(klass);
    const char *name = object_class_get_name(klass);

    k->info = info;
    k->form = g_str_has_suffix(name, "-pci") ? FORM_GENERIC
        : g_str_has_suffix(name, "-non-transitional") ? FORM_NON_TRANSITIONAL : FORM_TRANSITIONAL;
    if (k->form == FORM_GENERIC) {
        device_class_set_props(DEVICE_CLASS(klass), generic_properties);
    }
    if (info->two_vectors) {
        device_class_set_props(DEVICE_CLASS(klass), two_vectors_property);
    } else {
        device_class_set_props(DEVICE_CLASS(klass), vectors_property);
    }
    if (info->has_class_property) {
        device_class_set_props(DEVICE_CLASS(klass), class_property);
    }
    DEVICE_CLASS(klass)->categories |= info->categories;
    PCI_DEVICE_CLASS(klass)->class_id = info->class_id;
    PCI_DEVICE_CLASS(klass)->device_id = info->transitional_device_id;
}

void virtio_pci_types_register(const VirtioPCITypeInfo *info)
{
    static const char *const both[] = { INTERFACE_PCIE_DEVICE, INTERFACE_CONVENTIONAL_PCI_DEVICE, NULL };
    static const char *const forms[] = { "-pci", "-pci-transitional", "-pci-non-transitional" };

    for (unsigned i = 0; i < ARRAY_SIZE(forms); i++) {
        g_autofree char *name = g_strconcat(info->name, forms[i], NULL);
        TypeInfo type = {
            .name = name, .parent = TYPE_VIRTIO_PCI, .instance_init = virtio_pci_instance_init, .class_init = form_class_init,
            .class_data = info, .interfaces = both,
        };

        if (i == FORM_GENERIC || info->transitional_device_id) {
            type_register_dynamic(&type);
        }
    }
}

static void virtio_pci_bus_class_init(ObjectClass *klass, const void *data)
{
    VirtIOBusClass *bc = VIRTIO_BUS_CLASS(klass);

    bc->notify = virtio_pci_notify;
    bc->plugged = virtio_pci_plugged;
    bc->unplugged = virtio_pci_unplugged;
    bc->dma_as = virtio_pci_dma_as;
    bc->dma_attrs = virtio_pci_dma_attrs;
    bc->ioeventfd_wanted = virtio_pci_ioeventfd_wanted;
    bc->ioeventfd_set = virtio_pci_ioeventfd_set;
    bc->driver_ok = virtio_pci_driver_ok;
}

static const TypeInfo virtio_pci_infos[] = {
    { .name = TYPE_VIRTIO_PCI, .parent = TYPE_PCI_DEVICE, .abstract = true, .instance_size = sizeof(VirtIOPCIProxy),
      .class_size = sizeof(VirtIOPCIClass), .class_init = virtio_pci_class_init },
    { .name = TYPE_VIRTIO_PCI_BUS, .parent = TYPE_VIRTIO_BUS, .class_init = virtio_pci_bus_class_init },
};
DEFINE_TYPES(virtio_pci_infos)
