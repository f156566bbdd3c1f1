/*
 * CPUs as a list of threads that can be asked to do something.
 *
 * A CPU without a thread (before it is created, and under qtest) has its work
 * done by whoever asks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel/accel.h"
#include "hw/core/cpu.h"
#include "util/main-loop.h"

GPtrArray *cpus;
__thread CPUState *current_cpu;

typedef struct WorkItem {
    void (*fn)(CPUState *cpu, void *data);
    void *data;
    bool *done;                         /* NULL: nobody waits */
} WorkItem;

static GCond work_done;                 /* with the machine lock */

void cpu_list_add(CPUState *cpu)
{
    if (!cpus) {
        cpus = g_ptr_array_new();
    }
    cpu->cpu_index = cpus->len;
    g_ptr_array_add(cpus, cpu);
}

void cpu_list_remove(CPUState *cpu)
{
    if (cpus) {
        g_ptr_array_remove(cpus, cpu);
    }
}

void qemu_cpu_kick(CPUState *cpu)
{
    AccelClass *ac = current_accel ? ACCEL_GET_CLASS(current_accel) : NULL;

    g_cond_broadcast(&cpu->halt_cond);
    if (ac && ac->kick_vcpu && cpu->created) {
        ac->kick_vcpu(cpu);
    }
}

static void queue_work(CPUState *cpu, void (*fn)(CPUState *cpu, void *data), void *data, bool *done)
{
    WorkItem *item = g_new0(WorkItem, 1);

    *item = (WorkItem) { .fn = fn, .data = data, .done = done };
    g_mutex_lock(&cpu->work_lock);
    g_queue_push_tail(&cpu->work, item);
    g_mutex_unlock(&cpu->work_lock);
    qemu_cpu_kick(cpu);
}

static bool runs_elsewhere(const CPUState *cpu)
{
    return cpu->created && cpu->thread && cpu->thread != g_thread_self();
}

void run_on_cpu(CPUState *cpu, void (*fn)(CPUState *cpu, void *data), void *data)
{
    bool done = false;

    if (!runs_elsewhere(cpu)) {
        fn(cpu, data);
        return;
    }
    queue_work(cpu, fn, data, &done);
    while (!done) {
        bql_cond_wait(&work_done);
    }
}

void async_run_on_cpu(CPUState *cpu, void (*fn)(CPUState *cpu, void *data), void *data)
{
    if (!cpu->created || !cpu->thread) {
        fn(cpu, data);
        return;
    }
    queue_work(cpu, fn, data, NULL);
}

static WorkItem *take_work(CPUState *cpu)
{
    WorkItem *item;

    g_mutex_lock(&cpu->work_lock);
    item = g_queue_pop_head(&cpu->work);
    g_mutex_unlock(&cpu->work_lock);
    return item;
}

bool cpu_run_queued_work(CPUState *cpu)
{
    bool any = false;
    WorkItem *item;

    while ((item = take_work(cpu))) {
        item->fn(cpu, item->data);
        if (item->done) {
            *item->done = true;
            g_cond_broadcast(&work_done);
        }
        g_free(item);
        any = true;
    }
    return any;
}

static void cpu_init(Object *obj)
{
    CPUState *cpu = (CPUState *)obj;

    g_cond_init(&cpu->halt_cond);
    g_mutex_init(&cpu->work_lock);
    g_queue_init(&cpu->work);
    cpu->node_id = -1;
    cpu->stopped = true;
}

static void cpu_finalize(Object *obj)
{
    CPUState *cpu = (CPUState *)obj;

    cpu_list_remove(cpu);
    g_queue_clear_full(&cpu->work, g_free);
    g_cond_clear(&cpu->halt_cond);
    g_mutex_clear(&cpu->work_lock);
}

static void cpu_class_init(ObjectClass *klass, const void *data)
{
    DEVICE_CLASS(klass)->categories = BIT(DEVICE_CATEGORY_CPU);
    DEVICE_CLASS(klass)->user_creatable = false;
}

static const TypeInfo cpu_info = {
    .name = TYPE_CPU,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(CPUState),
    .class_size = sizeof(CPUClass),
    .abstract = true,
    .class_init = cpu_class_init,
    .instance_init = cpu_init,
    .instance_finalize = cpu_finalize,
};
DEFINE_TYPE(cpu_info)
