/*
 * What -numa hmat-lb and hmat-cache said: how fast initiators reach memory,
 * and the caches that stand in front of it (ACPI 6.5, 5.2.28).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CORE_NUMA_HMAT_H
#define HW_CORE_NUMA_HMAT_H

#include "util/osdep.h"

enum { HMAT_HIERARCHIES = 4 };          /* memory, then three levels of memory side cache */
enum { HMAT_LATENCIES = 3, HMAT_DATA_TYPES = 6 };      /* access, read, write; latencies first, then bandwidths */
enum { HMAT_CACHE_LEVELS = 3 };

typedef struct HmatValue { uint16_t initiator, target; uint64_t value; } HmatValue;     /* ns, or bytes a second */
typedef struct HmatCache {
    bool present;
    uint64_t size;
    uint8_t associativity, policy;      /* as the table encodes them */
    uint16_t line;
} HmatCache;

typedef struct NumaHmat {
    GArray *values[HMAT_HIERARCHIES][HMAT_DATA_TYPES];      /* HmatValue, or NULL */
    GHashTable *caches;                 /* node id -> HmatCache[HMAT_CACHE_LEVELS] */
} NumaHmat;

static inline bool hmat_is_latency(unsigned data_type) { return data_type < HMAT_LATENCIES; }
/* The unit in which every value of @values is a whole number; 0 when all are 0. */
uint64_t hmat_unit(const GArray *values, bool latency);

#endif
