/*
 * -sandbox: system calls this process gives up, by groups that the user picks.
 * What is denied fails with EPERM; nothing of ours needs it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "startup.h"
#include "util/options.h"

#ifdef CONFIG_SECCOMP
#include <seccomp.h>

static const int obsolete_calls[] = {
    SCMP_SYS(readdir), SCMP_SYS(_sysctl), SCMP_SYS(bdflush), SCMP_SYS(create_module), SCMP_SYS(get_kernel_syms),
    SCMP_SYS(query_module), SCMP_SYS(sgetmask), SCMP_SYS(ssetmask), SCMP_SYS(sysfs), SCMP_SYS(uselib), SCMP_SYS(ustat),
};
static const int privilege_calls[] = {
    SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setpgid), SCMP_SYS(setsid), SCMP_SYS(setreuid), SCMP_SYS(setregid),
    SCMP_SYS(setresuid), SCMP_SYS(setresgid), SCMP_SYS(setfsuid), SCMP_SYS(setfsgid),
};
static const int spawn_calls[] = { SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(execve), SCMP_SYS(execveat) };
static const int resource_calls[] = {
    SCMP_SYS(setpriority), SCMP_SYS(sched_setparam), SCMP_SYS(sched_setscheduler), SCMP_SYS(sched_setaffinity),
};
/* Never needed, whatever the user says. */
static const int always_denied[] = {
    SCMP_SYS(reboot), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(syslog), SCMP_SYS(mount), SCMP_SYS(umount2),
    SCMP_SYS(kexec_load), SCMP_SYS(delete_module), SCMP_SYS(init_module), SCMP_SYS(quotactl), SCMP_SYS(acct),
};

static bool deny(scmp_filter_ctx ctx, const int *calls, size_t n, Error **errp)
{
    for (size_t i = 0; i < n; i++) {
        int rc = calls[i] < 0 ? 0 : seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), calls[i], 0);
        if (rc < 0) {
            error_setg_errno(errp, rc, "-sandbox: cannot add a rule");
            return false;
        }
    }
    return true;
}
#define DENY(ctx, calls, errp) deny((ctx), (calls), ARRAY_SIZE(calls), (errp))

/* "deny" or "allow", and for elevateprivileges "children". */
static bool take_denied(json_t *opts, const char *key, bool allow_by_default, bool *denied, Error **errp)
{
    Error *err = NULL;
    g_autofree char *v = options_take_str(opts, key, &err);

    if (err) {
        error_propagate(errp, err);
        return false;
    }
    *denied = v ? !strcmp(v, "deny") || !strcmp(v, "children") : !allow_by_default;
    if (v && !*denied && strcmp(v, "allow")) {
        error_setg(errp, "-sandbox %s=%s: valid values are allow and deny", key, v);
        return false;
    }
    return true;
}

static bool sandbox_load(json_t *opts, scmp_filter_ctx ctx, Error **errp)
{
    bool obsolete, privileges, spawn, resources;
    int rc;

    if (!take_denied(opts, "obsolete", false, &obsolete, errp) || !take_denied(opts, "elevateprivileges", true, &privileges, errp) ||
        !take_denied(opts, "spawn", true, &spawn, errp) || !take_denied(opts, "resourcecontrol", true, &resources, errp) ||
        !options_must_be_empty(opts, "-sandbox", errp)) {
        return false;
    }
    if (!DENY(ctx, always_denied, errp) || (obsolete && !DENY(ctx, obsolete_calls, errp)) ||
        (privileges && !DENY(ctx, privilege_calls, errp)) || (spawn && !DENY(ctx, spawn_calls, errp)) ||
        (resources && !DENY(ctx, resource_calls, errp))) {
        return false;
    }
    seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
    rc = seccomp_load(ctx);
    if (rc < 0) {
        error_setg_errno(errp, rc, "-sandbox: the kernel refused the filter");
        return false;
    }
    return true;
}

bool sandbox_apply(json_t *opts, Error **errp)
{
    bool enable = true, ok;
    scmp_filter_ctx ctx;

    if (!options_take_bool(opts, "enable", &enable, errp)) {
        return false;
    }
    if (!enable) {
        return true;
    }
    ctx = seccomp_init(SCMP_ACT_ALLOW);
    if (!ctx) {
        error_setg(errp, "-sandbox: out of memory");
        return false;
    }
    ok = sandbox_load(opts, ctx, errp);
    seccomp_release(ctx);
    return ok;
}
#else
bool sandbox_apply(json_t *opts, Error **errp)
{
    bool enable = true;

    if (!options_take_bool(opts, "enable", &enable, errp)) {
        return false;
    }
    if (enable) {
        error_setg(errp, "-sandbox on: this build has no libseccomp");
    }
    return !enable;
}
#endif
