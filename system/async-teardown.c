/*
 * -run-with async-teardown=on: a helper process that shares our memory and
 * nothing else. It outlives us by a moment, so whoever waits for our end goes
 * on at once and the freeing of a large guest's memory happens in the helper.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include "startup.h"

#define HELPER_STACK (64 * KiB)

/* Runs on the memory of a live program: no allocation, no locks, only system calls. */
static int outlive_parent(void *opaque)
{
    pid_t parent = (pid_t)(intptr_t)opaque;
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);       /* a Ctrl-c is for our parent; its end is SIGKILL to us */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "teardown");
    syscall(SYS_close_range, 0, ~0U, 0);
    while (getppid() == parent) {
        pause();
    }
    _exit(0);
}

bool async_teardown_start(Error **errp)
{
    uint8_t *stack = mmap(NULL, HELPER_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

    if (stack == MAP_FAILED ||
        clone(outlive_parent, stack + HELPER_STACK, CLONE_VM, (void *)(intptr_t)getpid()) < 0) {
        error_setg_errno(errp, errno, "-run-with async-teardown=on: cannot start the helper process");
        return false;
    }
    return true;
}
