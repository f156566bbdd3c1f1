/*
 * What the files behind query-smmu share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ARM_SMMUV3_QUERY_H
#define HW_ARM_SMMUV3_QUERY_H

#include "hw/arm/smmuv3-internal.h"
#include <jansson.h>

/* What the guest's stream table says of @sid: vSMMU lock. */
json_t *smmuv3_query_stream(SMMUv3State *s, uint32_t sid);

/* By id; the machine lock is held. */
SMMUv3State *smmuv3_find(const char *id, Error **errp);

/* The answer to a query of one stream, named by "id", "stream-id" and perhaps "pasid"; @look runs under the vSMMU lock. */
typedef json_t *SMMULook(SMMUv3State *s, uint32_t sid, bool ssv, uint32_t ssid, const json_t *args);
json_t *smmuv3_query_by_args(const json_t *args, SMMULook *look, Error **errp);

/* smmuv3-query-tables.c */
json_t *smmuv3_query_tables(SMMUv3State *s, uint32_t sid, bool ssv, uint32_t ssid);     /* vSMMU lock */
void smmuv3_print_tables(GString *out, SMMUv3State *s, uint32_t sid);

#ifdef CONFIG_ARM_SMMUV3_ACCEL
/* Adds what there is on the host: vSMMU lock. */
void smmuv3_query_accel(SMMUv3State *s, json_t *info);
#else
static inline void smmuv3_query_accel(SMMUv3State *s, json_t *info) { }
#endif

#endif
