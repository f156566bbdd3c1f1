/*
 * What every file may take for granted: the C library, GLib, and a handful
 * of macros. Nothing here knows that this program is a virtual machine.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_OSDEP_H
#define UTIL_OSDEP_H

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <glib.h>

#include "config-host.h"
#include "config-devices.h"

#define KiB (1ULL << 10)
#define MiB (1ULL << 20)
#define GiB (1ULL << 30)
#define TiB (1ULL << 40)

#define BIT(n)                  (1U << (n))
#define BIT_ULL(n)              (1ULL << (n))
/* @length bits starting at bit @shift; a length of 64 is allowed. */
#define MAKE_64BIT_MASK(shift, length) \
    (((~0ULL) >> (64 - (length))) << (shift))

#define ARRAY_SIZE(a)           (sizeof(a) / sizeof((a)[0]))
#define DIV_ROUND_UP(n, d)      (((n) + (d) - 1) / (d))
/* Powers of two only. */
#define ROUND_UP(n, d)          (((n) + (d) - 1) & -(__typeof__(n))(d))
#define ROUND_DOWN(n, d)        ((n) & -(__typeof__(n))(d))
#define IS_ALIGNED(n, d)        (((n) & ((d) - 1)) == 0)

#define container_of(ptr, type, member) \
    ((type *)((char *)(ptr) - offsetof(type, member)))

#define QEMU_PACKED             __attribute__((packed))
#define QEMU_NORETURN           __attribute__((noreturn))

static inline bool is_power_of_2(uint64_t v)
{
    return v && !(v & (v - 1));
}

/* Addresses: in the guest-physical map, and inside all of guest RAM. */
typedef uint64_t hwaddr;
typedef uint64_t ram_addr_t;
#define HWADDR_PRIx PRIx64

#endif
