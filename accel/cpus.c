/*
 * Stopping and starting all vCPUs, and making their registers readable.
 * Machine lock held throughout; waiting lets go of it.
 *
 * A vCPU that has a thread stops at its own pace: it is asked (`stop`),
 * kicked out of the guest, and says `stopped` in cpu_wait_while_stopped().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/cpus.h"
#include "util/main-loop.h"

static GCond pause_cond;                /* a vCPU has stopped; with the machine lock */

static AccelClass *accel_class(void)
{
    return current_accel ? ACCEL_GET_CLASS(current_accel) : NULL;
}

static bool all_stopped(void)
{
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        if (cpu->thread && !cpu->stopped) {
            return false;
        }
    }
    return true;
}

void pause_all_vcpus(void)
{
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        cpu->stop = true;
        if (cpu->thread == g_thread_self()) {
            cpu->stopped = true;        /* a vCPU that stops the machine has left the guest already */
        } else {
            qemu_cpu_kick(cpu);
        }
    }
    while (!all_stopped()) {
        bql_cond_wait(&pause_cond);
        CPU_FOREACH(cpu) {
            if (!cpu->stopped) {
                qemu_cpu_kick(cpu);
            }
        }
    }
}

void resume_all_vcpus(void)
{
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        cpu->stop = cpu->stopped = false;
        g_cond_broadcast(&cpu->halt_cond);
    }
}

bool cpu_wait_while_stopped(CPUState *cpu)
{
    for (;;) {
        cpu_run_queued_work(cpu);
        if (cpu->stop) {
            cpu->stop = false;
            cpu->stopped = true;
            g_cond_broadcast(&pause_cond);
        }
        if (cpu->unplug) {
            return false;
        }
        if (!cpu->stopped) {
            return true;
        }
        bql_cond_wait(&cpu->halt_cond);
    }
}

void cpu_synchronize_state(CPUState *cpu)
{
    AccelClass *ac = accel_class();

    if (ac && ac->synchronize_state) {
        ac->synchronize_state(cpu);
    }
}

void cpu_synchronize_all_states(void)
{
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        cpu_synchronize_state(cpu);
    }
}

void cpu_synchronize_all_post_reset(void)
{
    AccelClass *ac = accel_class();
    CPUState *cpu;

    if (!ac || !ac->synchronize_post_reset) {
        return;
    }
    CPU_FOREACH(cpu) {
        ac->synchronize_post_reset(cpu);
    }
}
