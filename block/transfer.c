/*
 * One stretch of an image, read or written however often that takes. Any thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "block-int.h"

/* Is what lies at @offset behind the end of the file, but in the sector that the end is in? */
static bool in_last_sector(int fd, uint64_t offset)
{
    off_t end = lseek(fd, 0, SEEK_END);

    return end >= 0 && (uint64_t)end <= offset && (uint64_t)end > ROUND_DOWN(offset, BLOCK_SECTOR);
}

/* Also where O_DIRECT cannot go on. The rest of a last sector reads as zeroes; past it (the file was truncated under us) is EIO. */
static ssize_t read_end(int fd, uint64_t offset, uint8_t *p, size_t left, ssize_t n)
{
    if (!in_last_sector(fd, offset)) {
        return n < 0 ? -errno : -EIO;
    }
    n = MIN(left, ROUND_UP(offset, BLOCK_SECTOR) - offset);
    memset(p, 0, n);
    return n;
}

int block_transfer(int fd, uint64_t offset, uint8_t *p, size_t left, bool write)
{
    while (left) {
        ssize_t n = write ? pwrite(fd, p, left, offset) : pread(fd, p, left, offset);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (!write && (n == 0 || (n < 0 && errno == EINVAL))) {
            n = read_end(fd, offset, p, left, n);
            if (n < 0) {
                return n;
            }
        }
        if (n <= 0) {
            return n < 0 ? -errno : -EIO;
        }
        p += n;
        left -= n;
        offset += n;
    }
    return 0;
}
