/*
 * vfio-pci: a PCI function of the host, given to the guest.
 *
 * Realize, each step undone in reverse when a later one fails:
 *   open the cdev, bind it to the iommufd           device.c
 *   container, and the page table to start with     iommufd.c
 *   the vIOMMU takes it (and attaches it)           PCIIOMMUOps
 *   config space, BARs, capabilities                config.c, bars.c
 *   interrupts                                      intr.c, intx.c
 *
 * Behind a vIOMMU that wants a nesting parent, attaching is the vIOMMU's. DMA
 * is blocked by the host until someone attaches.
 *
 * Not modelled: VGA, graphics quirks, migration of device state (the property
 * is parsed; auto and off mean the same, on is refused).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pci.h"
#include "hw_vfio.trace.h"

static ResettablePhases parent_phases;

static bool name_device(VFIOPCIDevice *vdev, Error **errp)
{
    VFIODevice *vbase = &vdev->vbasedev;
    int given = vdev->host.set + !!vbase->sysfsdev + !!vbase->fd_name;

    if (given != 1) {
        error_setg(errp, "vfio-pci: give exactly one of host=, sysfsdev= and fd=");
        return false;
    }
    if (!vbase->iommufd) {
        error_setg(errp, "vfio-pci: iommufd= is missing; add -object iommufd,id=ID and iommufd=ID");
        return false;
    }
    g_clear_pointer(&vbase->name, g_free);
    if (vdev->host.set) {
        vbase->name = g_strdup_printf("%04x:%02x:%02x.%x", vdev->host.domain, vdev->host.bus, vdev->host.slot, vdev->host.function);
        vbase->sysfsdev = g_strdup_printf("%s/bus/pci/devices/%s", iommufd_ops->sys_root, vbase->name);
    } else if (vbase->sysfsdev) {
        vbase->name = g_path_get_basename(vbase->sysfsdev);
    } else {
        vbase->name = g_strdup_printf("fd %s", vbase->fd_name);
    }
    return true;
}

static bool open_regions(VFIOPCIDevice *vdev, Error **errp)
{
    VFIODevice *vbase = &vdev->vbasedev;
    struct vfio_irq_info info;

    if (!(vbase->flags & VFIO_DEVICE_FLAGS_PCI) || vbase->num_regions <= VFIO_PCI_CONFIG_REGION_INDEX) {
        error_setg(errp, "host device %s is not a VFIO PCI device", vbase->name);
        return false;
    }
    for (unsigned i = 0; i < PCI_ROM_SLOT; i++) {
        if (!vfio_region_init(vbase, &vdev->bars[i], i, errp)) {
            return false;
        }
    }
    vdev->msix.noresize = vfio_device_irq_info(vbase, VFIO_PCI_MSIX_IRQ_INDEX, &info) < 0 || (info.flags & VFIO_IRQ_INFO_NORESIZE);
    return vfio_config_read_host(vdev, errp);
}

static void free_config(VFIOPCIDevice *vdev)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);

    if (vdev->has_msix && pdev->msix_cap) {
        msix_uninit(pdev, &vdev->bar_mr[vdev->msix.table_bar], &vdev->bar_mr[vdev->msix.pba_bar]);
    }
    if (vdev->has_msi) {
        msi_uninit(pdev);
    }
    vdev->has_msi = vdev->has_msix = false;
    vfio_bars_exit(vdev);
    memset(vdev->emulated, 0, sizeof(vdev->emulated));
}

/* Before config space: what the vIOMMU turns out to do decides which capabilities are shown. */
static bool give_to_viommu(VFIOPCIDevice *vdev, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);

    vdev->vbasedev.hiod->devfn = pdev->devfn;
    vdev->viommu_set = pci_device_set_iommu_device(pdev, vdev->vbasedev.hiod, errp);
    return vdev->viommu_set;
}

static void take_from_viommu(VFIOPCIDevice *vdev)
{
    if (vdev->viommu_set) {
        pci_device_unset_iommu_device(PCI_DEVICE(vdev));
        vdev->viommu_set = false;
    }
}

static void start_interrupts(VFIOPCIDevice *vdev)
{
    if (vdev->has_msix) {
        memory_region_set_enabled(&PCI_DEVICE(vdev)->msix_pba_mmio, false);
    }
    vfio_intr_enable_intx(vdev);
    vfio_intr_arm_err_req(vdev);
}

static bool vfio_pci_realize(PCIDevice *pdev, Error **errp)
{
    ERRP_GUARD();
    VFIOPCIDevice *vdev = VFIO_PCI(pdev);
    VFIODevice *vbase = &vdev->vbasedev;
    bool nesting = pci_device_get_viommu_flags(pdev) & VIOMMU_FLAG_WANT_NESTING_PARENT;
    /* A nesting stage 2 maps guest-physical addresses, whatever stage 1 the guest puts in front. */
    AddressSpace *as = nesting ? &address_space_memory : pci_device_iommu_address_space(pdev);

    if (vdev->enable_migration == ON_OFF_AUTO_ON) {
        error_setg(errp, "vfio-pci: enable-migration=on is not possible: migration of assigned devices is not supported");
        return false;
    }
    if (!name_device(vdev, errp) || !vfio_device_open(vbase, errp)) {
        return false;
    }
    if (!open_regions(vdev, errp) || !vfio_iommufd_connect(vbase, as, nesting, errp)) {
        goto close;
    }
    if (!give_to_viommu(vdev, errp) || !vfio_config_setup(vdev, errp)) {
        goto disconnect;
    }
    start_interrupts(vdev);
    vfio_reset_register(vdev);
    trace_vfio_pci_realize(vbase->name, vbase->group_id, vbase->devid);
    return true;

disconnect:
    take_from_viommu(vdev);
    free_config(vdev);
    vfio_iommufd_disconnect(vbase);
close:
    vfio_device_close(vbase);
    return false;
}

static void vfio_pci_exit(PCIDevice *pdev)
{
    VFIOPCIDevice *vdev = VFIO_PCI(pdev);

    vfio_reset_unregister(vdev);
    vfio_intr_disarm_err_req(vdev);
    vfio_intr_disable_all(vdev);
    take_from_viommu(vdev);
    free_config(vdev);
    vfio_iommufd_disconnect(&vdev->vbasedev);
    vfio_device_close(&vdev->vbasedev);
    trace_vfio_pci_exit(vdev->vbasedev.name);
}

static void vfio_pci_reset_hold(Object *obj, ResetType type)
{
    VFIOPCIDevice *vdev = VFIO_PCI(obj);

    vfio_intr_disable_all(vdev);
    if (parent_phases.hold) {
        parent_phases.hold(obj, type);
    }
    vfio_pci_host_reset(vdev);
    vfio_intr_enable_intx(vdev);
}

static void vfio_pci_instance_init(Object *obj)
{
    VFIOPCIDevice *vdev = VFIO_PCI(obj);

    vdev->vbasedev.fd = -1;
    vdev->bootindex = -1;
    /* Whether it is express is known only when it is open; all of config space must exist by then. */
    PCI_DEVICE(obj)->cap_present |= QEMU_PCI_CAP_EXPRESS;
}

static void vfio_pci_finalize(Object *obj)
{
    VFIOPCIDevice *vdev = VFIO_PCI(obj);

    for (unsigned i = 0; i < PCI_ROM_SLOT; i++) {
        vfio_region_free(&vdev->bars[i]);
    }
    g_free(vdev->rom);
    g_free(vdev->vbasedev.name);
}

static const Property vfio_pci_properties[] = {
    DEFINE_PROP("host", VFIOPCIDevice, host, qdev_prop_pci_host_devaddr, PCIHostDeviceAddress),
    DEFINE_PROP_STRING("sysfsdev", VFIOPCIDevice, vbasedev.sysfsdev),
    DEFINE_PROP_STRING("fd", VFIOPCIDevice, vbasedev.fd_name),
    DEFINE_PROP_STRING("vf-token", VFIOPCIDevice, vbasedev.vf_token),
    DEFINE_PROP_LINK("iommufd", VFIOPCIDevice, vbasedev.iommufd, TYPE_IOMMUFD_BACKEND, IOMMUFDBackend *),
    DEFINE_PROP_ON_OFF_AUTO("ats", VFIOPCIDevice, ats, ON_OFF_AUTO_AUTO),
    DEFINE_PROP_ON_OFF_AUTO("enable-migration", VFIOPCIDevice, enable_migration, ON_OFF_AUTO_AUTO),
    DEFINE_PROP_UINT16("x-vpasid-cap-offset", VFIOPCIDevice, vpasid_cap_offset, 0),
    DEFINE_PROP_UINT32("x-pci-vendor-id", VFIOPCIDevice, vendor_id, VFIO_NO_OVERRIDE),
    DEFINE_PROP_UINT32("x-pci-device-id", VFIOPCIDevice, device_id, VFIO_NO_OVERRIDE),
    DEFINE_PROP_UINT32("x-pci-sub-vendor-id", VFIOPCIDevice, sub_vendor_id, VFIO_NO_OVERRIDE),
    DEFINE_PROP_UINT32("x-pci-sub-device-id", VFIOPCIDevice, sub_device_id, VFIO_NO_OVERRIDE),
    DEFINE_PROP_UINT32("x-pci-class-code", VFIOPCIDevice, class_code, VFIO_NO_OVERRIDE),
    DEFINE_PROP_UINT32("x-intx-mmap-timeout-ms", VFIOPCIDevice, intx_mmap_timeout_ms, 1100),
    DEFINE_PROP("bootindex", VFIOPCIDevice, bootindex, qdev_prop_int32, int32_t),
    DEFINE_PROP_BOOL("x-no-mmap", VFIOPCIDevice, no_mmap, false),
    DEFINE_PROP_BOOL("x-no-kvm-intx", VFIOPCIDevice, no_kvm_intx, false),
    DEFINE_PROP_BOOL("x-no-kvm-msi", VFIOPCIDevice, no_kvm_msi, false),
    DEFINE_PROP_BOOL("x-no-kvm-msix", VFIOPCIDevice, no_kvm_msix, false),
    DEFINE_PROP_OFF_AUTO_PCIBAR("x-msix-relocation", VFIOPCIDevice, msix_relocation, OFF_AUTO_PCIBAR_OFF),
    DEFINE_PROP_BOOL("x-req", VFIOPCIDevice, req, true),
};

static const PropertyDoc vfio_pci_docs[] = {
    { "host", "Which device of the host: [DOMAIN:]BUS:SLOT.FUNCTION" },
    { "sysfsdev", "Which device of the host: its directory in /sys" },
    { "fd", "The device's VFIO file, opened by who starts this program" },
    { "vf-token", "UUID shared with the owner of the physical function, for a virtual function that asks for one" },
    { "iommufd", "The -object iommufd that maps memory for it" },
    { "ats", "Shall the guest see that the device has ATS? auto: if all on the way can" },
    { "enable-migration", "No effect yet: assigned devices do not migrate" },
    { "x-vpasid-cap-offset", "Where the synthetic PASID capability goes; 0: at the end of extended config space" },
    { "x-pci-vendor-id", "Vendor ID to show instead (for debugging)" },
    { "x-pci-device-id", "Device ID to show instead (for debugging)" },
    { "x-pci-sub-vendor-id", "Subsystem vendor ID to show instead (for debugging)" },
    { "x-pci-sub-device-id", "Subsystem ID to show instead (for debugging)" },
    { "x-intx-mmap-timeout-ms", "How long BARs are trapped after an INTx, without KVM (for debugging)" },
    { "x-no-mmap", "Trap all accesses to BARs, so that they can be traced (for debugging)" },
    { "x-no-kvm-intx", "Deliver INTx through this program, so that it can be traced (for debugging)" },
    { "x-no-kvm-msi", "Deliver MSI through this program, so that it can be traced (for debugging)" },
    { "x-no-kvm-msix", "Deliver MSI-X through this program, so that it can be traced (for debugging)" },
    { "x-msix-relocation", "Where the guest finds the MSI-X table: the end of a BAR that is there, or a new one (off, auto, bar0 to bar5)" },
    { "x-req", "Unplug the device when the host asks for it back (for debugging)" },
    { NULL, NULL },
};

static void vfio_pci_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *k = PCI_DEVICE_CLASS(klass);

    k->realize = vfio_pci_realize;
    k->exit = vfio_pci_exit;
    k->config_read = vfio_pci_read_config;
    k->config_write = vfio_pci_write_config;
    dc->desc = "A PCI device of the host, by VFIO";
    dc->hotpluggable = true;
    dc->categories |= BIT(DEVICE_CATEGORY_MISC);
    device_class_set_props(dc, vfio_pci_properties);
    device_class_describe_props(dc, vfio_pci_docs);
    device_class_set_phases(dc, NULL, vfio_pci_reset_hold, NULL, &parent_phases);
}

static const TypeInfo vfio_pci_info = {
    .name = TYPE_VFIO_PCI,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(VFIOPCIDevice),
    .instance_init = vfio_pci_instance_init,
    .instance_finalize = vfio_pci_finalize,
    .class_init = vfio_pci_class_init,
    .interfaces = (const char *const[]) { INTERFACE_PCIE_DEVICE, INTERFACE_CONVENTIONAL_PCI_DEVICE, NULL },
};
DEFINE_TYPE(vfio_pci_info)
