/*
 * Scattered memory: copying in and out of arrays of pieces.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/iov.h"

size_t iov_size(const struct iovec *iov, unsigned n)
{
    size_t size = 0;

    for (unsigned i = 0; i < n; i++) {
        size += iov[i].iov_len;
    }
    return size;
}

typedef void PieceFn(void *piece, void *arg, size_t len);

/* Calls @fn on each stretch of bytes @offset.. of the array; @arg moves along when it is a buffer. */
static size_t for_pieces(const struct iovec *iov, unsigned n, size_t offset, size_t len, PieceFn *fn, void *arg, bool moves)
{
    size_t done = 0;

    for (unsigned i = 0; i < n && done < len; i++) {
        size_t part;

        if (offset >= iov[i].iov_len) {
            offset -= iov[i].iov_len;
            continue;
        }
        part = MIN(iov[i].iov_len - offset, len - done);
        fn((char *)iov[i].iov_base + offset, moves ? (char *)arg + done : arg, part);
        done += part;
        offset = 0;
    }
    return done;
}

static void copy_out(void *piece, void *arg, size_t len)
{
    memcpy(arg, piece, len);
}

static void copy_in(void *piece, void *arg, size_t len)
{
    memcpy(piece, arg, len);
}

static void fill(void *piece, void *arg, size_t len)
{
    memset(piece, *(uint8_t *)arg, len);
}

/* Each byte as the one before, and the first 0: the compiler's and the C library's fast paths do the rest. */
static bool piece_is_zero(const uint8_t *p, size_t len)
{
    return !len || (!p[0] && !memcmp(p, p + 1, len - 1));
}

bool iov_is_zero(const struct iovec *iov, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (!piece_is_zero(iov[i].iov_base, iov[i].iov_len)) {
            return false;
        }
    }
    return true;
}

size_t iov_to_buf(const struct iovec *iov, unsigned n, size_t offset, void *buf, size_t len)
{
    return for_pieces(iov, n, offset, len, copy_out, buf, true);
}

size_t iov_from_buf(const struct iovec *iov, unsigned n, size_t offset, const void *buf, size_t len)
{
    return for_pieces(iov, n, offset, len, copy_in, (void *)buf, true);
}

size_t iov_memset(const struct iovec *iov, unsigned n, size_t offset, uint8_t c, size_t len)
{
    return for_pieces(iov, n, offset, len, fill, &c, false);
}

static size_t shorten(struct iovec *v, size_t len, bool front)
{
    size_t part = MIN(v->iov_len, len);

    v->iov_len -= part;
    if (front) {
        v->iov_base = (char *)v->iov_base + part;
    }
    return part;
}

size_t iov_discard_front(struct iovec **iov, unsigned *n, size_t len)
{
    size_t done = 0;

    while (*n && done < len) {
        done += shorten(*iov, len - done, true);
        if (!(*iov)->iov_len) {
            (*iov)++;
            (*n)--;
        }
    }
    return done;
}

size_t iov_discard_back(struct iovec *iov, unsigned *n, size_t len)
{
    size_t done = 0;

    while (*n && done < len) {
        done += shorten(&iov[*n - 1], len - done, false);
        *n -= !iov[*n - 1].iov_len;
    }
    return done;
}
