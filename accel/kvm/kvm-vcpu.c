/*
 * A vCPU under KVM: its thread, the run loop, exits.
 *
 * The loop runs without the machine lock. An MMIO exit goes straight to the
 * memory core, which takes the lock only for regions that need it. Everything
 * else a vCPU is asked to do (stop, work, new registers) happens in
 * cpu_wait_while_stopped(), with the lock.
 *
 * Kicking: the kicker sets its request, then immediate_exit, then signals.
 * The loop clears immediate_exit before it looks for requests, so none is
 * lost. The next KVM_RUN after an exit finishes that exit first (a load's
 * result reaches its register), so a kicked vCPU never stops half-way.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include "accel/cpus.h"
#include "kvm-int.h"
#include "system/rcu.h"
#include "system/system.h"
#include "util/main-loop.h"
#include "accel.trace.h"

#define SIG_IPI SIGUSR1

/* A vCPU that cannot go on: registers for the bug report, machine stops, QMP sees internal-error. */
static void stop_with_dump(CPUState *cpu, const char *what, int err)
{
    g_autoptr(GString) regs = g_string_new(NULL);
    CPUClass *cc = CPU_GET_CLASS(cpu);

    error_report("KVM: vCPU %d stopped: %s%s%s", cpu->cpu_index, what, err ? ": " : "", err ? g_strerror(err) : "");
    if (!kvm_vcpu(cpu)->dirty && kvm_arch_get_registers(cpu) == 0) {
        kvm_vcpu(cpu)->dirty = true;
    }
    if (cc->dump_state) {
        cc->dump_state(cpu, regs);
        fputs(regs->str, stderr);
    }
    vm_stop_from_vcpu(RUN_STATE_INTERNAL_ERROR);
    cpu->stop = true;
}

/* --- exits ------------------------------------------------------------------ */

static void handle_mmio(struct kvm_run *run)
{
    MemTxResult r = address_space_rw(&address_space_memory, run->mmio.phys_addr, MEMTXATTRS_UNSPECIFIED,
                                     run->mmio.data, run->mmio.len, run->mmio.is_write);

    if (r != MEMTX_OK && !run->mmio.is_write) {
        memset(run->mmio.data, 0, sizeof(run->mmio.data));
    }
}

/* Sleeping and waking tell QMP and so take the lock; then the vCPU goes on, into KVM's wait or the guest. */
static bool sleep_or_wake(CPUState *cpu, int (*change)(CPUState *cpu))
{
    int ret;

    bql_lock();
    ret = change(cpu);
    bql_unlock();
    return ret >= 0;
}

static bool handle_system_event(CPUState *cpu, struct kvm_run *run)
{
    trace_kvm_system_event(cpu->cpu_index, run->system_event.type);
    switch (run->system_event.type) {
    case KVM_SYSTEM_EVENT_SHUTDOWN:
        qemu_system_shutdown_request(SHUTDOWN_CAUSE_GUEST_SHUTDOWN);
        return true;
    case KVM_SYSTEM_EVENT_RESET:
        qemu_system_reset_request(SHUTDOWN_CAUSE_GUEST_RESET);
        return true;
    case KVM_SYSTEM_EVENT_CRASH:
        qemu_system_guest_panicked("the guest reported a crash");
        return true;
    case KVM_SYSTEM_EVENT_SUSPEND:
        return sleep_or_wake(cpu, kvm_arch_suspend);
    case KVM_SYSTEM_EVENT_WAKEUP:
        return sleep_or_wake(cpu, kvm_arch_wake_up);
    default:
        return false;
    }
}

typedef enum ExitOutcome { EXIT_GO_ON, EXIT_LOOK_AROUND, EXIT_BROKEN } ExitOutcome;

/* No machine lock. */
static ExitOutcome handle_exit(CPUState *cpu, struct kvm_run *run)
{
    int ret;

    trace_kvm_vcpu_exit(cpu->cpu_index, run->exit_reason);
    switch (run->exit_reason) {
    case KVM_EXIT_MMIO:
        handle_mmio(run);
        return EXIT_GO_ON;
    case KVM_EXIT_INTR:
        return EXIT_LOOK_AROUND;
    case KVM_EXIT_SYSTEM_EVENT:
        return handle_system_event(cpu, run) ? EXIT_LOOK_AROUND : EXIT_BROKEN;
    default:
        ret = kvm_arch_handle_exit(cpu, run);
        return ret == 1 ? EXIT_GO_ON : ret == 0 ? EXIT_LOOK_AROUND : EXIT_BROKEN;
    }
}

static void describe_exit(CPUState *cpu, struct kvm_run *run)
{
    g_autofree char *what = NULL;

    switch (run->exit_reason) {
    case KVM_EXIT_INTERNAL_ERROR:
        what = g_strdup_printf("internal error %u", run->internal.suberror);
        break;
    case KVM_EXIT_FAIL_ENTRY:
        what = g_strdup_printf("the host could not enter the guest, reason 0x%llx on host CPU %u",
                               (unsigned long long)run->fail_entry.hardware_entry_failure_reason, run->fail_entry.cpu);
        break;
    case KVM_EXIT_SYSTEM_EVENT:
        what = g_strdup_printf("unknown system event %u", run->system_event.type);
        break;
    default:
        what = g_strdup_printf("unknown exit %u", run->exit_reason);
    }
    stop_with_dump(cpu, what, 0);
}

/* --- the thread ---------------------------------------------------------------- */

/* Into the guest until something needs the machine lock. */
static void run_guest(CPUState *cpu)
{
    KVMVcpu *v = kvm_vcpu(cpu);
    ExitOutcome out;
    int err = 0;

    bql_unlock();
    do {
        err = ioctl(v->fd, KVM_RUN, 0) < 0 ? errno : 0;
        kvm_coalesced_flush(cpu);
        out = err ? EXIT_LOOK_AROUND : handle_exit(cpu, v->run);
    } while (out == EXIT_GO_ON);
    bql_lock();
    if (err && err != EINTR && err != EAGAIN) {
        stop_with_dump(cpu, "KVM_RUN failed", err);
    } else if (out == EXIT_BROKEN) {
        describe_exit(cpu, v->run);
    }
}

/* Before each entry, machine lock held; false: stay out. */
static bool prepare_entry(CPUState *cpu)
{
    KVMVcpu *v = kvm_vcpu(cpu);
    Error *err = NULL;
    int ret;

    if (!v->ran) {
        if (!kvm_arch_first_run(cpu, &err)) {
            error_report_err(err);
            stop_with_dump(cpu, "it could not be made ready", 0);
            return false;
        }
        v->ran = true;
    }
    if (v->dirty) {
        ret = kvm_arch_put_registers(cpu);
        if (ret < 0) {
            stop_with_dump(cpu, "its registers could not be set", -ret);
            return false;
        }
        v->dirty = false;
    }
    return true;
}

static void *vcpu_thread(void *arg)
{
    CPUState *cpu = arg;
    KVMVcpu *v = kvm_vcpu(cpu);

    rcu_register_thread();
    bql_lock();
    current_cpu = cpu;
    cpu->thread_id = syscall(SYS_gettid);
    v->thread = pthread_self();
    v->running_thread = true;
    g_cond_broadcast(&cpu->halt_cond);
    for (;;) {
        __atomic_store_n(&v->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
        if (!cpu_wait_while_stopped(cpu)) {
            break;
        }
        if (prepare_entry(cpu)) {
            run_guest(cpu);
        }
    }
    v->running_thread = false;
    bql_unlock();
    return NULL;
}

static void ipi_handler(int sig)
{
}

void kvm_vcpu_init_signals(void)
{
    struct sigaction sa = { .sa_handler = ipi_handler, .sa_flags = SA_RESTART };

    sigemptyset(&sa.sa_mask);
    sigaction(SIG_IPI, &sa, NULL);
}

/* vCPU threads take no signal but the kick and what their own faults raise. */
static GThread *start_thread(CPUState *cpu, Error **errp)
{
    g_autofree char *name = g_strdup_printf("CPU %d/KVM", cpu->cpu_index);
    g_autoptr(GError) gerr = NULL;
    sigset_t quiet, old;
    GThread *t;

    sigfillset(&quiet);
    sigdelset(&quiet, SIG_IPI);
    sigdelset(&quiet, SIGBUS);
    sigdelset(&quiet, SIGSEGV);
    sigdelset(&quiet, SIGFPE);
    sigdelset(&quiet, SIGILL);
    pthread_sigmask(SIG_SETMASK, &quiet, &old);
    t = g_thread_try_new(name, vcpu_thread, cpu, &gerr);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (!t) {
        error_setg(errp, "-smp: no thread for vCPU %d: %s", cpu->cpu_index, gerr->message);
    }
    return t;
}

static void free_vcpu(CPUState *cpu)
{
    KVMVcpu *v = kvm_vcpu(cpu);

    if (v->run) {
        munmap(v->run, kvm_state->run_size);
    }
    if (v->fd >= 0) {
        close(v->fd);
    }
    g_free(v);
    cpu->accel = NULL;
}

static bool open_vcpu(CPUState *cpu, Error **errp)
{
    KVMVcpu *v = g_new0(KVMVcpu, 1);
    void *run;

    cpu->accel = v;
    v->fd = kvm_vm_ioctl(KVM_CREATE_VCPU, (void *)(uintptr_t)cpu->cpu_index);
    if (v->fd < 0) {
        error_setg_errno(errp, -v->fd, "-smp: KVM could not make vCPU %d", cpu->cpu_index);
        return false;
    }
    run = mmap(NULL, kvm_state->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
    if (run == MAP_FAILED) {
        error_setg_errno(errp, errno, "-smp: the run area of vCPU %d could not be mapped", cpu->cpu_index);
        return false;
    }
    v->run = run;
    return kvm_arch_init_vcpu(cpu, errp);
}

static bool kvm_create_vcpu(CPUState *cpu, Error **errp)
{
    if (!open_vcpu(cpu, errp)) {
        free_vcpu(cpu);
        return false;
    }
    cpu->stopped = true;
    cpu->thread = start_thread(cpu, errp);
    if (!cpu->thread) {
        free_vcpu(cpu);
        return false;
    }
    while (!kvm_vcpu(cpu)->running_thread) {
        bql_cond_wait(&cpu->halt_cond);
    }
    cpu->created = true;
    return true;
}

static void kvm_kick_vcpu(CPUState *cpu)
{
    KVMVcpu *v = kvm_vcpu(cpu);

    if (v && v->running_thread && !pthread_equal(v->thread, pthread_self())) {
        __atomic_store_n(&v->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
        pthread_kill(v->thread, SIG_IPI);
    }
}

static void kvm_destroy_vcpu(CPUState *cpu)
{
    cpu->unplug = true;
    qemu_cpu_kick(cpu);
    bql_unlock();
    g_thread_join(cpu->thread);
    bql_lock();
    cpu->thread = NULL;
    cpu->created = false;
    free_vcpu(cpu);
}

/* --- registers -------------------------------------------------------------------- */

static void do_synchronize_state(CPUState *cpu, void *data)
{
    KVMVcpu *v = kvm_vcpu(cpu);
    int ret;

    if (v->dirty) {
        return;
    }
    ret = kvm_arch_get_registers(cpu);
    if (ret < 0) {
        error_report("KVM: registers of vCPU %d could not be read: %s", cpu->cpu_index, g_strerror(-ret));
        return;
    }
    v->dirty = true;
}

static void kvm_synchronize_state(CPUState *cpu)
{
    if (!kvm_vcpu(cpu)->dirty) {
        run_on_cpu(cpu, do_synchronize_state, NULL);
    }
}

static void do_post_reset(CPUState *cpu, void *data)
{
    int ret = kvm_arch_reset_vcpu(cpu);

    kvm_vcpu(cpu)->dirty = false;
    if (ret < 0) {
        error_report("KVM: vCPU %d could not be reset: %s", cpu->cpu_index, g_strerror(-ret));
        vm_stop_from_vcpu(RUN_STATE_INTERNAL_ERROR);
    }
}

static void kvm_synchronize_post_reset(CPUState *cpu)
{
    run_on_cpu(cpu, do_post_reset, NULL);
}

static void do_wake_up(CPUState *cpu, void *woken)
{
    KVMVcpu *v = kvm_vcpu(cpu);

    /* What CPUState holds may be newer than what the kernel does. */
    if (v->dirty && kvm_arch_put_registers(cpu) < 0) {
        return;
    }
    v->dirty = false;
    *(bool *)woken = kvm_arch_wake_up(cpu) == 1;
}

static bool kvm_wake_up(CPUState *cpu)
{
    bool woken = false;

    run_on_cpu(cpu, do_wake_up, &woken);
    return woken;
}

typedef struct RegisterList { GString *out; int ret; } RegisterList;

static void do_list_registers(CPUState *cpu, void *data)
{
    RegisterList *l = data;

    l->ret = kvm_arch_list_registers(cpu, l->out);
}

static int kvm_list_registers(CPUState *cpu, GString *out)
{
    RegisterList l = { .out = out };

    run_on_cpu(cpu, do_list_registers, &l);
    return l.ret;
}

void kvm_vcpu_class_init(AccelClass *ac)
{
    ac->list_registers = kvm_list_registers;
    ac->wake_up = kvm_wake_up;
    ac->create_vcpu = kvm_create_vcpu;
    ac->destroy_vcpu = kvm_destroy_vcpu;
    ac->kick_vcpu = kvm_kick_vcpu;
    ac->synchronize_state = kvm_synchronize_state;
    ac->synchronize_post_reset = kvm_synchronize_post_reset;
}
