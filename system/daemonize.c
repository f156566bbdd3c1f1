/*
 * Going to the background, the pid file, and giving up privileges.
 *
 * With -daemonize the parent waits until the child says that everything is
 * ready, so that a script that starts us can rely on sockets and pid file.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "startup.h"
#include "util/options.h"

static int ready_pipe = -1;
static char *pidfile_path;
static int pidfile_fd = -1;

static void parent_wait_for_child(int fd, pid_t child)
{
    char verdict = 1;
    int status;

    if (read(fd, &verdict, 1) == 1) {
        _exit(verdict);
    }
    /* The child died before it was ready: hand on its status. */
    _exit(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : 1);
}

bool daemonize_fork(Error **errp)
{
    int fds[2];
    pid_t child;

    if (pipe(fds) < 0) {
        error_setg_errno(errp, errno, "-daemonize: cannot make a pipe");
        return false;
    }
    child = fork();
    if (child < 0) {
        error_setg_errno(errp, errno, "-daemonize: cannot fork");
        return false;
    }
    if (child > 0) {
        close(fds[1]);
        parent_wait_for_child(fds[0], child);
    }
    close(fds[0]);
    ready_pipe = fds[1];
    fcntl(ready_pipe, F_SETFD, FD_CLOEXEC);
    setsid();
    umask(027);
    signal(SIGTSTP, SIG_IGN);
    signal(SIGTTOU, SIG_IGN);
    signal(SIGTTIN, SIG_IGN);
    return true;
}

bool daemonize_ready(Error **errp)
{
    int null;
    char ok = 0;

    if (ready_pipe < 0) {
        return true;
    }
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || chdir("/") < 0) {
        error_setg_errno(errp, errno, "-daemonize: cannot leave the terminal");
        return false;
    }
    for (int fd = 0; fd < 3; fd++) {
        dup2(null, fd);
    }
    close(null);
    if (write(ready_pipe, &ok, 1) != 1) {
        error_setg_errno(errp, errno, "-daemonize: the starting process is gone");
        return false;
    }
    close(ready_pipe);
    ready_pipe = -1;
    return true;
}

bool pidfile_create(const char *path, Error **errp)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    g_autofree char *text = g_strdup_printf("%d\n", (int)getpid());

    pidfile_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (pidfile_fd < 0) {
        error_setg_errno(errp, errno, "-pidfile %s: cannot create the file", path);
        return false;
    }
    if (fcntl(pidfile_fd, F_SETLK, &lock) < 0) {
        error_setg(errp, "-pidfile %s: another process that is still running holds this file", path);
        return false;
    }
    if (ftruncate(pidfile_fd, 0) < 0 || write(pidfile_fd, text, strlen(text)) != (ssize_t)strlen(text)) {
        error_setg_errno(errp, errno, "-pidfile %s: cannot write", path);
        return false;
    }
    pidfile_path = realpath(path, NULL);
    return true;
}

void pidfile_remove(void)
{
    if (pidfile_path) {
        unlink(pidfile_path);
        free(pidfile_path);
        pidfile_path = NULL;
    }
    if (pidfile_fd >= 0) {
        close(pidfile_fd);
        pidfile_fd = -1;
    }
}

static bool change_user(const char *user, Error **errp)
{
    unsigned uid, gid;
    char tail;
    struct passwd *pw = NULL;

    if (sscanf(user, "%u:%u%c", &uid, &gid, &tail) != 2) {
        pw = getpwnam(user);
        if (!pw) {
            error_setg(errp, "-run-with user=%s: no such user; give a name or UID:GID", user);
            return false;
        }
        uid = pw->pw_uid;
        gid = pw->pw_gid;
    }
    if (setgid(gid) < 0 || (pw ? initgroups(user, gid) : setgroups(1, &(gid_t){ gid })) < 0 || setuid(uid) < 0) {
        error_setg_errno(errp, errno, "-run-with user=%s: cannot become this user", user);
        return false;
    }
    if (uid && setuid(0) != -1) {
        error_setg(errp, "-run-with user=%s: root could be taken back; refusing to run", user);
        return false;
    }
    return true;
}

bool run_with_apply(json_t *opts, Error **errp)
{
    Error *err = NULL;
    bool exit_with_parent = false, async_teardown = false;
    g_autofree char *user = options_take_str(opts, "user", &err);
    g_autofree char *root = err ? NULL : options_take_str(opts, "chroot", &err);

    if (err) {
        error_propagate(errp, err);
        return false;
    }
    if (!options_take_bool(opts, "exit-with-parent", &exit_with_parent, errp) ||
        !options_take_bool(opts, "async-teardown", &async_teardown, errp) ||
        !options_must_be_empty(opts, "-run-with", errp)) {
        return false;
    }
    if (async_teardown && !async_teardown_start(errp)) {
        return false;
    }
    if (root && (chroot(root) < 0 || chdir("/") < 0)) {
        error_setg_errno(errp, errno, "-run-with chroot=%s", root);
        return false;
    }
    if (user && !change_user(user, errp)) {
        return false;
    }
    /* Last: the kernel forgets it when the user changes. */
    if (exit_with_parent && prctl(PR_SET_PDEATHSIG, SIGTERM) < 0) {
        error_setg_errno(errp, errno, "-run-with exit-with-parent=on");
        return false;
    }
    return true;
}
