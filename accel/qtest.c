/*
 * -accel qtest: the whole device model and no guest. vCPUs exist as devices
 * but have no thread, so registers are whatever reset left in them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/accel.h"
#include "util/main-loop.h"

static bool qtest_init_machine(AccelState *as, MachineState *ms, Error **errp)
{
    qtest_clock_take();
    return true;
}

static bool qtest_create_vcpu(CPUState *cpu, Error **errp)
{
    cpu->thread_id = getpid();
    cpu->created = true;
    cpu->stopped = true;
    return true;
}

static void qtest_destroy_vcpu(CPUState *cpu)
{
    cpu->created = false;
}

static void qtest_accel_class_init(ObjectClass *klass, const void *data)
{
    AccelClass *ac = ACCEL_CLASS(klass);

    ac->name = "qtest";
    ac->allowed = &qtest_allowed;
    ac->init_machine = qtest_init_machine;
    ac->create_vcpu = qtest_create_vcpu;
    ac->destroy_vcpu = qtest_destroy_vcpu;
}

static const TypeInfo qtest_accel_info = {
    .name = "qtest" ACCEL_CLASS_SUFFIX,
    .parent = TYPE_ACCEL,
    .class_init = qtest_accel_class_init,
};
DEFINE_TYPE(qtest_accel_info)
