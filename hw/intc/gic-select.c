/*
 * Which interrupt controller types go with the accelerator in use.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/accel.h"
#include "hw/intc/arm_gicv3.h"

const char *gicv3_class_name(void)
{
    return kvm_enabled() ? TYPE_KVM_ARM_GICV3 : TYPE_ARM_GICV3_RECORDER;
}

const char *gicv2_class_name(void)
{
    return kvm_enabled() ? TYPE_KVM_ARM_GIC : TYPE_ARM_GIC_RECORDER;
}

const char *its_class_name(void)
{
    return kvm_enabled() ? TYPE_KVM_ARM_ITS : TYPE_ARM_ITS_RECORDER;
}
