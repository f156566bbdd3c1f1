/*
 * All system registers that KVM keeps for a vCPU, named by their encoding
 * (S<op0>_<op1>_C<n>_C<m>_<op2>, as assemblers take it): for people who look at
 * a guest. Which there are depends on the host's CPU and kernel, so KVM is asked.
 *
 * Runs in the vCPU's thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kvm_arm.h"

/* NULL and *@ret when KVM does not tell. */
static struct kvm_reg_list *all_registers(CPUState *cs, int *ret)
{
    struct kvm_reg_list probe = { .n = 0 }, *list;

    *ret = kvm_vcpu_ioctl(cs, KVM_GET_REG_LIST, &probe);
    if (*ret != -E2BIG) {
        return NULL;                    /* also when there are none at all */
    }
    list = g_malloc(sizeof(*list) + probe.n * sizeof(list->reg[0]));
    list->n = probe.n;
    *ret = kvm_vcpu_ioctl(cs, KVM_GET_REG_LIST, list);
    if (*ret < 0) {
        g_clear_pointer(&list, g_free);
    }
    return list;
}

static bool is_system_register(uint64_t id)
{
    return (id & KVM_REG_ARM_COPROC_MASK) == KVM_REG_ARM64_SYSREG && (id & KVM_REG_SIZE_MASK) == KVM_REG_SIZE_U64;
}

#define PART(id, name) ((unsigned)(((id) & KVM_REG_ARM64_SYSREG_##name##_MASK) >> KVM_REG_ARM64_SYSREG_##name##_SHIFT))

int kvm_arch_list_registers(CPUState *cs, GString *out)
{
    int ret;
    g_autofree struct kvm_reg_list *list = all_registers(cs, &ret);

    for (uint64_t i = 0; list && i < list->n; i++) {
        uint64_t id = list->reg[i], value;

        if (is_system_register(id) && kvm_get_one_reg(cs, id, &value) >= 0) {
            g_string_append_printf(out, "S%u_%u_C%u_C%u_%u=%016" PRIx64 "\n", PART(id, OP0), PART(id, OP1), PART(id, CRN),
                                   PART(id, CRM), PART(id, OP2), value);
        }
    }
    return ret;
}
