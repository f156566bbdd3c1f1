/*
 * Images that are files or host block devices.
 *
 * A node is opened for reading first and for writing when somebody who writes
 * comes to use it; so a firmware image that everybody may write to can still
 * be read by many machines at once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include "block-int.h"
#include "util/passed-fds.h"
#include "util/options.h"

/* --- Opening -------------------------------------------------------------------- */

static int open_path(const char *path, int flags, Error **errp)
{
    int fd = passed_fdset_open(path, flags & O_ACCMODE, errp);

    if (fd != -2) {
        return fd < 0 ? -EBADF : fd;
    }
    fd = open(path, flags | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* Puts what @fd is behind the number @old, which requests may be using. */
static int replace_fd(int old, int fd)
{
    if (old < 0) {
        return fd;
    }
    dup3(fd, old, O_CLOEXEC);
    close(fd);
    return old;
}

/* Both descriptors, in one mode; the old ones stay on failure. */
static int open_fds(BlockNode *node, bool writable, Error **errp)
{
    int flags = writable ? O_RDWR : O_RDONLY, buffered, fd;

    fd = open_path(node->filename, flags | (node->direct ? O_DIRECT : 0), errp);
    if (fd < 0) {
        return fd;
    }
    if (node->direct) {
        buffered = open_path(node->filename, flags, errp);
        if (buffered < 0) {
            close(fd);
            return buffered;
        }
        node->fd_buffered = replace_fd(node->fd_buffered, buffered);
    }
    node->fd = replace_fd(node->fd, fd);
    node->fd_writable = writable;
    node->lock_does = node->lock_forbids = 0;
    return 0;
}

static bool check_kind(BlockNode *node, bool device, Error **errp)
{
    struct stat st;

    if (fstat(node->fd, &st) < 0) {
        error_setg_errno(errp, errno, "cannot examine '%s'", node->filename);
        return false;
    }
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
        error_setg(errp, "'%s' is neither a file nor a block device", node->filename);
        return false;
    }
    if (device && !S_ISBLK(st.st_mode)) {
        error_setg(errp, "'%s' is a file, not a block device: use driver=file", node->filename);
        return false;
    }
    node->align = MAX(st.st_blksize, 512);
    return true;
}

/* aio=: threads, io_uring, native (which is io_uring here); by default what is fastest. */
static bool take_aio(BlockNode *node, json_t *opts, Error **errp)
{
    g_autofree char *aio = NULL;

    node->use_uring = block_uring_available();
    if (!json_object_get(opts, "aio")) {
        return true;
    }
    aio = options_take_str(opts, "aio", errp);
    if (!aio) {
        return false;
    }
    if (!strcmp(aio, "threads")) {
        node->use_uring = false;
        return true;
    }
    if (strcmp(aio, "io_uring") && strcmp(aio, "native")) {
        error_setg(errp, "aio=%s is not supported; it is threads, io_uring or native", aio);
        return false;
    }
    if (!strcmp(aio, "native") && !node->direct) {
        error_setg(errp, "aio=native needs cache.direct=on");
        return false;
    }
    if (!node->use_uring) {
        error_setg(errp, "aio=%s: this host has no io_uring; use aio=threads", aio);
    }
    return node->use_uring;
}

static bool take_locking(BlockNode *node, json_t *opts, Error **errp)
{
    g_autofree char *locking = NULL;

    node->locking = true;
    if (json_is_boolean(json_object_get(opts, "locking")) || !json_object_get(opts, "locking")) {
        return options_take_bool(opts, "locking", &node->locking, errp);
    }
    locking = options_take_str(opts, "locking", errp);
    if (!locking || (strcmp(locking, "on") && strcmp(locking, "off") && strcmp(locking, "auto"))) {
        if (locking) {
            error_setg(errp, "locking=%s: it is on, off or auto", locking);
        }
        return false;
    }
    node->locking = strcmp(locking, "off") != 0;
    return true;
}

static bool open_kind(BlockNode *node, json_t *opts, bool device, Error **errp)
{
    ERRP_GUARD();
    int rc;

    if (!take_aio(node, opts, errp) || !take_locking(node, opts, errp)) {
        return false;
    }
    node->filename = options_take_str(opts, "filename", errp);
    if (!node->filename) {
        if (!*errp) {
            error_setg(errp, "block driver %s needs filename=", node->driver->name);
        }
        return false;
    }
    rc = open_fds(node, !node->read_only && !node->auto_read_only, errp);
    if (rc < 0) {
        if (!*errp) {
            error_setg_errno(errp, rc, "cannot open '%s'", node->filename);
        }
        return false;
    }
    return check_kind(node, device, errp);
}

static bool file_open(BlockNode *node, json_t *opts, Error **errp)
{
    return open_kind(node, opts, false, errp);
}

static bool host_device_open(BlockNode *node, json_t *opts, Error **errp)
{
    return open_kind(node, opts, true, errp);
}

static void file_close(BlockNode *node)
{
    if (node->fd >= 0) {
        close(node->fd);
    }
    if (node->fd_buffered >= 0) {
        close(node->fd_buffered);
    }
    node->fd = node->fd_buffered = -1;
}

/* The locks of the users it has, and of one more. */
static bool relock(BlockNode *node, const BlockUse *more, Error **errp)
{
    if (!node->locking || node->force_share) {
        return true;
    }
    return block_lock(node, node->users || more, node->writers || (more && more->write), node->guards || (more && !more->share), errp);
}

static bool file_prepare(BlockNode *node, Error **errp)
{
    ERRP_GUARD();
    int rc = node->fd_writable ? 0 : open_fds(node, true, errp);

    if (rc == 0) {
        return relock(node, NULL, errp);        /* a new descriptor has no locks */
    }
    node->read_only = true;             /* as it turns out */
    if (!*errp) {
        error_setg_errno(errp, rc, "cannot open '%s' for writing", node->filename);
    }
    return false;
}

static bool file_use(BlockNode *node, BlockUse use, Error **errp)
{
    return (!use.write || file_prepare(node, errp)) && relock(node, &use, errp);
}

static void file_unuse(BlockNode *node, BlockUse use)
{
    relock(node, NULL, NULL);
}

/* --- Requests ---------------------------------------------------------------------- */

static bool aligned(const BlockNode *node, const BlockRequest *r)
{
    uint64_t bits = r->offset | r->bytes;

    for (int i = 0; i < r->niov; i++) {
        bits |= (uintptr_t)r->iov[i].iov_base | r->iov[i].iov_len;
    }
    return !(bits & (node->align - 1));
}

/* The descriptor that can do it. */
static int fd_for(const BlockNode *node, const BlockRequest *r)
{
    return node->fd_buffered >= 0 && !aligned(node, r) ? node->fd_buffered : node->fd;
}

static int transfer_all(BlockNode *node, const BlockRequest *r, bool write)
{
    int fd = fd_for(node, r), rc = 0;
    uint64_t at = r->offset;

    for (int i = 0; i < r->niov && !rc; i++) {
        rc = block_transfer(fd, at, r->iov[i].iov_base, r->iov[i].iov_len, write);
        at += r->iov[i].iov_len;
    }
    if (!rc && write && (r->fua || fd == node->fd_buffered)) {
        rc = fdatasync(fd) ? -errno : 0;
    }
    return rc;
}

static int allocate(BlockNode *node, int mode, const BlockRequest *r)
{
    int rc;

    do {
        rc = fallocate(node->fd, mode, r->offset, r->bytes);
    } while (rc && errno == EINTR);
    return rc ? -errno : 0;
}

static bool cannot(int rc)
{
    return rc == -EOPNOTSUPP || rc == -ENOSYS || rc == -ENOTTY || rc == -EINVAL;
}

static int discard(BlockNode *node, const BlockRequest *r)
{
    int rc = node->no_punch ? 0 : allocate(node, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, r);

    if (cannot(rc)) {
        node->no_punch = true;          /* a hint that cannot be taken */
        rc = 0;
    }
    return rc;
}

static int write_zero_bytes(BlockNode *node, const BlockRequest *r)
{
    size_t chunk = MIN(r->bytes, 1 * MiB);
    g_autofree uint8_t *zeroes = g_try_malloc0(chunk);
    int fd = node->fd_buffered >= 0 ? node->fd_buffered : node->fd, rc = zeroes ? 0 : -ENOMEM;

    for (uint64_t done = 0; done < r->bytes && !rc; done += chunk) {
        rc = block_transfer(fd, r->offset + done, zeroes, MIN(chunk, r->bytes - done), true);
    }
    return rc;
}

static int write_zeroes(BlockNode *node, const BlockRequest *r)
{
    int rc = -EOPNOTSUPP;

    if (r->may_unmap && node->discard && !node->no_punch) {
        rc = allocate(node, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, r);
    }
    if (cannot(rc) && !node->no_zero) {
        rc = allocate(node, FALLOC_FL_ZERO_RANGE, r);
        node->no_zero = cannot(rc);
    }
    return cannot(rc) ? write_zero_bytes(node, r) : rc;
}

static int write_zeroes_durably(BlockNode *node, const BlockRequest *r)
{
    int rc = write_zeroes(node, r);

    return rc || !r->fua ? rc : fdatasync(node->fd) ? -errno : 0;
}

static int file_run(BlockNode *node, const BlockRequest *r)
{
    switch (r->kind) {
    case BLOCK_READ:
        return transfer_all(node, r, false);
    case BLOCK_WRITE:
        return transfer_all(node, r, true);
    case BLOCK_FLUSH:
        return node->no_flush ? 0 : fdatasync(node->fd) < 0 ? -errno : 0;
    case BLOCK_DISCARD:
        return node->discard ? discard(node, r) : 0;
    default:
        return write_zeroes_durably(node, r);
    }
}

static bool file_start(BlockNode *node, BlockRequest *r)
{
    bool simple = r->kind == BLOCK_READ || (r->kind == BLOCK_WRITE && fd_for(node, r) == node->fd)
        || (r->kind == BLOCK_FLUSH && !node->no_flush);

    r->fd = fd_for(node, r);
    return node->use_uring && simple && block_uring_start(r);
}

static int64_t file_getlength(BlockNode *node)
{
    off_t end = lseek(node->fd, 0, SEEK_END);

    return end < 0 ? -errno : (int64_t)ROUND_UP((uint64_t)end, BLOCK_SECTOR);
}

/* A device has the size it has; who was told that it is another one looks again. */
static bool truncate_device(BlockNode *node, uint64_t size, Error **errp)
{
    int64_t have = file_getlength(node);

    if (have < 0 || size > (uint64_t)have) {
        error_setg(errp, "Cannot grow device '%s' from here: enlarge it on the host first", node->filename);
        return false;
    }
    return true;
}

static bool file_truncate(BlockNode *node, uint64_t size, Error **errp)
{
    struct stat st;
    int rc;

    if (!block_node_prepare(node, errp) || !block_lock_allows_resize(node, errp)) {
        return false;
    }
    if (fstat(node->fd, &st) == 0 && S_ISBLK(st.st_mode)) {
        return truncate_device(node, size, errp);
    }
    do {
        rc = ftruncate(node->fd, size);
    } while (rc && errno == EINTR);
    if (rc) {
        error_setg_errno(errp, errno, "cannot make '%s' as large as %" PRIu64 " bytes", node->filename, size);
    }
    return !rc;
}

#define FILE_DRIVER(name_, open_) { \
    .name = name_, .open = open_, .close = file_close, .prepare = file_prepare, .use = file_use, .unuse = file_unuse, \
    .run = file_run, .start = file_start, .getlength = file_getlength, .truncate = file_truncate, \
}
const BlockDriver block_driver_file = FILE_DRIVER("file", file_open);
const BlockDriver block_driver_host_device = FILE_DRIVER("host_device", host_device_open);
