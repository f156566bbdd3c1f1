/*
 * What the kinds of memory backend share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef BACKENDS_HOSTMEM_INTERNAL_H
#define BACKENDS_HOSTMEM_INTERNAL_H

#include "backends/hostmem.h"

typedef enum HostMemPropKind { HOSTMEM_BOOL, HOSTMEM_UINT32, HOSTMEM_SIZE, HOSTMEM_ENUM, HOSTMEM_STRING } HostMemPropKind;
typedef struct HostMemProp {
    const char *name, *type;
    HostMemPropKind kind;
    size_t offset;
    const char *const *names;           /* of an enum, NULL ended */
    bool live;                          /* may change later */
    const char *description;
} HostMemProp;
void hostmem_class_add_props(ObjectClass *klass, const HostMemProp *props, size_t n);

char *hostmem_region_name(HostMemoryBackend *be);
uint32_t hostmem_ram_flags(const HostMemoryBackend *be);

#endif
