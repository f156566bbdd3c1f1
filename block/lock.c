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
    [CONSISTENT_READ] = "consistent read", [WRITE] = "write", [WRITE_UNCHANGED] = "write unchanged", [RESIZE] = "resize",
};

static int take(int fd, off_t byte)
{
    struct flock l = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

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
    error_setg(errp, "Failed to get %s\"%s\" lock on '%s'", how, perm_names[perm], node->filename);
    error_append_hint(errp, "Is another process using the image [%s]?\n", node->filename);
    return false;
}

bool block_lock(BlockNode *node, int fd, bool write, Error **errp)
{
    unsigned does = BIT(CONSISTENT_READ) | (write ? BIT(WRITE) | BIT(RESIZE) : 0);
    unsigned forbids = BIT(WRITE) | BIT(RESIZE);

    for (int p = 0; p < N_PERMS; p++) {
        int rc = does & BIT(p) ? take(fd, DOES + p) : 0;

        if (!rc && (forbids & BIT(p))) {
            rc = take(fd, FORBIDS + p);
        }
        if (rc == -EINVAL || rc == -ENOLCK || rc == -ENOSYS) {
            return true;                /* the file system has no locks */
        }
        if (rc) {
            return conflict(node, "", p, errp);
        }
    }
    for (int p = 0; p < N_PERMS; p++) {
        if ((does & BIT(p)) && others_hold(fd, FORBIDS + p)) {
            return conflict(node, "", p, errp);
        }
        if ((forbids & BIT(p)) && others_hold(fd, DOES + p)) {
            return conflict(node, "shared ", p, errp);
        }
    }
    return true;
}
