/*
 * Image locks: open file description locks on single bytes of the image, in
 * the places where QEMU and its tools put theirs, so that the programs respect
 * each other. Byte 100 + N says "I do N", byte 200 + N "nobody else may do N".
 *
 * All locks are shared ones; a conflict is found by asking whether an
 * exclusive one on the opposite byte would be refused.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "block-int.h"

enum { DOES = 100, FORBIDS = 200 };
enum { CONSISTENT_READ, WRITE, WRITE_UNCHANGED, RESIZE, N_PERMS };
static const char *const perm_names[N_PERMS] = {
    [CONSISTENT_READ] = "consistent-read", [WRITE] = "write", [WRITE_UNCHANGED] = "write-unchanged", [RESIZE] = "resize",
};

static int set(int fd, off_t byte, bool hold)
{
    struct flock l = { .l_type = hold ? F_RDLCK : F_UNLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

    return fcntl(fd, F_OFD_SETLK, &l) ? -errno : 0;
}

static bool others_hold(int fd, off_t byte)
{
    struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

    return fcntl(fd, F_OFD_GETLK, &l) == 0 && l.l_type != F_UNLCK;
}

static bool conflict(const BlockNode *node, const char *how, int perm, Error **errp)
{
    ERRP_GUARD();
    error_setg(errp, "cannot have %s\"%s\" access to '%s', which somebody else uses; devices write to one image together "
               "only when all of them say share-rw=on", how, perm_names[perm], node->filename);
    error_append_hint(errp, "Look for another machine or tool that has '%s' open.\n", node->filename);
    return false;
}

static void drop(const BlockNode *node, unsigned does, unsigned forbids)
{
    for (int p = 0; p < N_PERMS; p++) {
        if (does & BIT(p)) {
            set(node->fd, DOES + p, false);
        }
        if (forbids & BIT(p)) {
            set(node->fd, FORBIDS + p, false);
        }
    }
}

static bool take(const BlockNode *node, unsigned does, unsigned forbids, Error **errp)
{
    for (int p = 0; p < N_PERMS; p++) {
        int rc = does & BIT(p) ? set(node->fd, DOES + p, true) : 0;

        if (!rc && (forbids & BIT(p))) {
            rc = set(node->fd, FORBIDS + p, true);
        }
        if (rc == -EINVAL || rc == -ENOLCK || rc == -ENOSYS) {
            return true;                /* the file system has no locks */
        }
        if (rc) {
            return conflict(node, "", p, errp);
        }
    }
    return true;
}

static bool check_others(const BlockNode *node, unsigned does, unsigned forbids, Error **errp)
{
    for (int p = 0; p < N_PERMS; p++) {
        if ((does & BIT(p)) && others_hold(node->fd, FORBIDS + p)) {
            return conflict(node, "", p, errp);
        }
        if ((forbids & BIT(p)) && others_hold(node->fd, DOES + p)) {
            return conflict(node, "shared ", p, errp);
        }
    }
    return true;
}

bool block_lock(BlockNode *node, bool read, bool write, bool guard, Error **errp)
{
    unsigned does = (read ? BIT(CONSISTENT_READ) : 0) | (write ? BIT(WRITE) | BIT(RESIZE) : 0);
    unsigned forbids = guard ? BIT(WRITE) | BIT(RESIZE) : 0;
    unsigned more_does = does & ~node->lock_does, more_forbids = forbids & ~node->lock_forbids;

    if (!take(node, more_does, more_forbids, errp) || !check_others(node, more_does, more_forbids, errp)) {
        drop(node, more_does, more_forbids);
        return false;
    }
    drop(node, node->lock_does & ~does, node->lock_forbids & ~forbids);
    node->lock_does = does;
    node->lock_forbids = forbids;
    return true;
}

bool block_lock_allows_resize(const BlockNode *node, Error **errp)
{
    return !node->locking || check_others(node, BIT(WRITE) | BIT(RESIZE), 0, errp);
}
