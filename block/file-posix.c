/*
 * Images that are files or host block devices.
 *
 * An image that we write is locked, so that two virtual machines cannot write
 * it at once: open file description locks on one byte, shared for readers,
 * exclusive for a writer.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include "block-int.h"
#include "monitor/monitor.h"
#include "util/options.h"

#define LOCK_BYTE 100

static bool take_lock(BlockNode *node, Error **errp)
{
    struct flock lock = {
        .l_type = node->read_only ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCK_BYTE, .l_len = 1,
    };

    if (fcntl(node->fd, F_OFD_SETLK, &lock) == 0 || errno == EINVAL || errno == ENOLCK) {
        return true;        /* taken, or the file system has no locks */
    }
    if (errno == EAGAIN || errno == EACCES) {
        error_setg(errp, "'%s' is in use by another process%s", node->filename,
                   node->read_only ? " that writes it" : "; use read-only=on to share it");
    } else {
        error_setg_errno(errp, errno, "cannot lock '%s'", node->filename);
    }
    return false;
}

static int open_path(const char *path, bool read_only, Error **errp)
{
    int flags = (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC;
    int fd = monitor_fdset_open(path, flags, errp);

    if (fd != -2) {
        return fd < 0 ? -EINVAL : fd;
    }
    fd = open(path, flags);
    return fd < 0 ? -errno : fd;
}

static bool check_kind(BlockNode *node, bool device, Error **errp)
{
    struct stat st;

    if (fstat(node->fd, &st) < 0) {
        error_setg_errno(errp, errno, "cannot examine '%s'", node->filename);
        return false;
    }
    if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)) {
        if (device && !S_ISBLK(st.st_mode)) {
            error_setg(errp, "'%s' is a file, not a block device: use driver=file", node->filename);
            return false;
        }
        return true;
    }
    error_setg(errp, "'%s' is neither a file nor a block device", node->filename);
    return false;
}

static bool file_open_kind(BlockNode *node, json_t *opts, bool device, Error **errp)
{
    ERRP_GUARD();

    json_object_del(opts, "aio");
    json_object_del(opts, "locking");
    node->filename = options_take_str(opts, "filename", errp);
    if (!node->filename) {
        if (!*errp) {
            error_setg(errp, "block driver %s needs filename=", node->driver->name);
        }
        return false;
    }
    node->fd = open_path(node->filename, node->read_only, errp);
    if ((node->fd == -EACCES || node->fd == -EROFS) && !node->read_only && node->auto_read_only) {
        node->read_only = true;
        node->fd = open_path(node->filename, true, errp);
    }
    if (node->fd < 0) {
        if (!*errp) {
            error_setg_errno(errp, node->fd, "Could not open '%s'", node->filename);
        }
        node->fd = -1;
        return false;
    }
    if (!check_kind(node, device, errp) || !take_lock(node, errp)) {
        close(node->fd);
        node->fd = -1;
        return false;
    }
    return true;
}

static bool file_open(BlockNode *node, json_t *opts, Error **errp)
{
    return file_open_kind(node, opts, false, errp);
}

static bool host_device_open(BlockNode *node, json_t *opts, Error **errp)
{
    return file_open_kind(node, opts, true, errp);
}

static void file_close(BlockNode *node)
{
    close(node->fd);
    node->fd = -1;
}

/* Reads or writes all of @iov; a short read (the image was truncated under us) is EIO. */
static int transfer(BlockNode *node, uint64_t offset, const struct iovec *iov, int niov, bool write)
{
    for (int i = 0; i < niov; i++) {
        uint8_t *p = iov[i].iov_base;
        size_t left = iov[i].iov_len;

        while (left) {
            ssize_t n = write ? pwrite(node->fd, p, left, offset) : pread(node->fd, p, left, offset);
            if (n < 0 && errno == EINTR) {
                continue;
            }
            if (n <= 0) {
                return n < 0 ? -errno : -EIO;
            }
            p += n;
            left -= n;
            offset += n;
        }
    }
    return 0;
}

static int file_preadv(BlockNode *node, uint64_t offset, const struct iovec *iov, int niov)
{
    return transfer(node, offset, iov, niov, false);
}

static int file_pwritev(BlockNode *node, uint64_t offset, const struct iovec *iov, int niov)
{
    return transfer(node, offset, iov, niov, true);
}

static int file_flush(BlockNode *node)
{
    return fdatasync(node->fd) < 0 ? -errno : 0;
}

static int64_t file_getlength(BlockNode *node)
{
    off_t end = lseek(node->fd, 0, SEEK_END);
    return end < 0 ? -errno : end;
}

#define FILE_DRIVER(name_, open_) { \
    .name = name_, .open = open_, .close = file_close, .preadv = file_preadv, .pwritev = file_pwritev, \
    .flush = file_flush, .getlength = file_getlength, \
}
const BlockDriver block_driver_file = FILE_DRIVER("file", file_open);
const BlockDriver block_driver_host_device = FILE_DRIVER("host_device", host_device_open);
