/*
 * Bits in words, and words in guest memory.
 *
 * FIELD(REG, NAME, shift, length) declares a register field;
 * FIELD_EX32(word, REG, NAME) extracts it, FIELD_DP32(word, REG, NAME, v)
 * deposits, FIELD_MASK(REG, NAME) is its mask in place.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_BITS_H
#define UTIL_BITS_H

#include <endian.h>
#include "util/osdep.h"

#define FIELD(reg, field, shift, length) \
    enum { R_##reg##_##field##_SHIFT = (shift), R_##reg##_##field##_LENGTH = (length) };

#define FIELD_SHIFT(reg, field) R_##reg##_##field##_SHIFT
#define FIELD_LENGTH(reg, field) R_##reg##_##field##_LENGTH
#define FIELD_MASK(reg, field) \
    MAKE_64BIT_MASK(R_##reg##_##field##_SHIFT, R_##reg##_##field##_LENGTH)
#define FIELD_EX32(w, reg, field) \
    extract32((w), R_##reg##_##field##_SHIFT, R_##reg##_##field##_LENGTH)
#define FIELD_EX64(w, reg, field) \
    extract64((w), R_##reg##_##field##_SHIFT, R_##reg##_##field##_LENGTH)
#define FIELD_DP32(w, reg, field, v) \
    deposit32((w), R_##reg##_##field##_SHIFT, R_##reg##_##field##_LENGTH, (v))
#define FIELD_DP64(w, reg, field, v) \
    deposit64((w), R_##reg##_##field##_SHIFT, R_##reg##_##field##_LENGTH, (v))

static inline uint32_t extract32(uint32_t w, unsigned shift, unsigned length)
{
    return (w >> shift) & (~0U >> (32 - length));
}

static inline uint64_t extract64(uint64_t w, unsigned shift, unsigned length)
{
    return (w >> shift) & (~0ULL >> (64 - length));
}

static inline int64_t sextract64(uint64_t w, unsigned shift, unsigned length)
{
    return (int64_t)(w << (64 - length - shift)) >> (64 - length);
}

static inline uint32_t deposit32(uint32_t w, unsigned shift, unsigned length, uint32_t v)
{
    uint32_t mask = (~0U >> (32 - length)) << shift;
    return (w & ~mask) | ((v << shift) & mask);
}

static inline uint64_t deposit64(uint64_t w, unsigned shift, unsigned length, uint64_t v)
{
    uint64_t mask = (~0ULL >> (64 - length)) << shift;
    return (w & ~mask) | ((v << shift) & mask);
}

static inline unsigned ctz64(uint64_t v) { return v ? (unsigned)__builtin_ctzll(v) : 64; }
static inline unsigned clz64(uint64_t v) { return v ? (unsigned)__builtin_clzll(v) : 64; }
static inline unsigned ctz32(uint32_t v) { return v ? (unsigned)__builtin_ctz(v) : 32; }
static inline unsigned ctpop64(uint64_t v) { return (unsigned)__builtin_popcountll(v); }
static inline uint64_t pow2floor(uint64_t v) { return v ? 1ULL << (63 - clz64(v)) : 0; }
static inline uint64_t pow2ceil(uint64_t v) { return v <= 1 ? 1 : 1ULL << (64 - clz64(v - 1)); }

/* ld{ub,w,l,q}_{le,be}_p and st{b,w,l,q}_...: unaligned, explicit byte order. */
#define BITS_LDST(size, bits, end) \
    static inline uint##bits##_t ld##size##_##end##_p(const void *p) \
    { uint##bits##_t v; memcpy(&v, p, sizeof(v)); return end##bits##toh(v); } \
    static inline void st##size##_##end##_p(void *p, uint##bits##_t v) \
    { v = hto##end##bits(v); memcpy(p, &v, sizeof(v)); }
BITS_LDST(w, 16, le) BITS_LDST(w, 16, be)
BITS_LDST(l, 32, le) BITS_LDST(l, 32, be)
BITS_LDST(q, 64, le) BITS_LDST(q, 64, be)
#undef BITS_LDST

static inline uint8_t ldub_p(const void *p) { return *(const uint8_t *)p; }
static inline void stb_p(void *p, uint8_t v) { *(uint8_t *)p = v; }

/* @size in 1, 2, 4, 8; little endian. */
static inline uint64_t ldn_le_p(const void *p, unsigned size)
{
    uint64_t v = 0;
    memcpy(&v, p, size);
    return le64toh(v);
}

static inline void stn_le_p(void *p, unsigned size, uint64_t v)
{
    v = htole64(v);
    memcpy(p, &v, size);
}

#endif
