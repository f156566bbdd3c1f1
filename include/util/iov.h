/*
 * Scattered memory: copying in and out of arrays of pieces.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_IOV_H
#define UTIL_IOV_H

#include <sys/uio.h>
#include "util/osdep.h"

size_t iov_size(const struct iovec *iov, unsigned n);
/* From @offset bytes into the array; return how many there were to copy, at most @len. */
size_t iov_to_buf(const struct iovec *iov, unsigned n, size_t offset, void *buf, size_t len);
size_t iov_from_buf(const struct iovec *iov, unsigned n, size_t offset, const void *buf, size_t len);
size_t iov_memset(const struct iovec *iov, unsigned n, size_t offset, uint8_t c, size_t len);
bool iov_is_zero(const struct iovec *iov, unsigned n);
/* Drop bytes from an end, changing the array; return how many went. */
size_t iov_discard_front(struct iovec **iov, unsigned *n, size_t len);
size_t iov_discard_back(struct iovec *iov, unsigned *n, size_t len);

#endif
