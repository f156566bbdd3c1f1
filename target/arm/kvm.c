/*
 * Arm's part of running under KVM: exits of its own, the guest's clock while
 * the machine stands, and where a device's MSI really lands.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/pci/pci.h"
#include "kvm_arm.h"
#include "system/rcu.h"

/* --- exits -------------------------------------------------------------------- */

/*
 * A load or store to a device that the CPU did not decode for us (post-index,
 * pairs, vectors). No device would take it: the architected answer is an
 * external abort.
 */
static int inject_abort(CPUState *cpu)
{
    struct kvm_vcpu_events ev = { .exception.ext_dabt_pending = 1 };

    return kvm_vcpu_ioctl(cpu, KVM_SET_VCPU_EVENTS, &ev);
}

int kvm_arch_handle_exit(CPUState *cpu, struct kvm_run *run)
{
    int ret;

    if (run->exit_reason != KVM_EXIT_ARM_NISV) {
        return -EINVAL;
    }
    warn_report_limited("the guest used an instruction at 0x%llx that device memory cannot take (ESR_ISS 0x%llx); it gets an abort",
                        (unsigned long long)run->arm_nisv.fault_ipa, (unsigned long long)run->arm_nisv.esr_iss);
    ret = inject_abort(cpu);
    return ret < 0 ? ret : 1;
}

/* --- the guest's clock ----------------------------------------------------------- */

static uint64_t stopped_count;
static bool have_stopped_count;

/* The virtual counter's offset is the VM's, so one vCPU speaks for all. */
void kvm_arch_clock_stop(CPUState *first)
{
    have_stopped_count = first && ARM_CPU(first)->kvm_adjvtime &&
                         kvm_get_one_reg(first, KVM_REG_ARM_TIMER_CNT, &stopped_count) == 0;
}

void kvm_arch_clock_start(CPUState *first)
{
    if (have_stopped_count && kvm_set_one_reg(first, KVM_REG_ARM_TIMER_CNT, &stopped_count) < 0) {
        warn_report_once("KVM cannot set the guest's clock back; it sees the time the machine was paused");
    }
    have_stopped_count = false;
}

/* --- MSI ------------------------------------------------------------------------- */

/* The doorbell is a plain region of the machine's map: its containers say where. */
static hwaddr region_gpa(const MemoryRegion *mr, hwaddr offset)
{
    for (; mr; mr = mr->container) {
        offset += mr->addr;
    }
    return offset;
}

static bool translate_doorbell(PCIDevice *dev, uint64_t address, uint64_t *gpa)
{
    AddressSpace *as = pci_device_iommu_address_space(dev);
    MemTxAttrs attrs = { .requester_id = pci_requester_id(dev) };
    hwaddr xlat, len = 4;
    MemoryRegion *mr;

    if (as == &address_space_memory) {
        *gpa = address;
        return true;
    }
    RCU_READ_LOCK_GUARD();
    mr = address_space_translate(as, address, &xlat, &len, true, attrs);
    if (!mr || !mr->container) {
        return false;
    }
    *gpa = region_gpa(mr, xlat);
    return true;
}

int kvm_arch_fixup_msi_route(struct kvm_irq_routing_entry *route, PCIDevice *dev)
{
    uint64_t address = (uint64_t)route->u.msi.address_hi << 32 | route->u.msi.address_lo, gpa;

    if (!dev) {
        return 0;
    }
    if (!pci_device_get_msi_direct_gpa(dev, address, &gpa) && !translate_doorbell(dev, address, &gpa)) {
        return -EFAULT;
    }
    route->u.msi.address_lo = gpa;
    route->u.msi.address_hi = gpa >> 32;
    return 0;
}
