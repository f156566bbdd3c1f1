/*
 * Guest memory that the host lends: memory-backend-ram, -file, -memfd.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef BACKENDS_HOSTMEM_H
#define BACKENDS_HOSTMEM_H

#include "qom/object.h"
#include "system/memory.h"

#define TYPE_MEMORY_BACKEND "memory-backend"
#define TYPE_MEMORY_BACKEND_RAM "memory-backend-ram"
#define TYPE_MEMORY_BACKEND_FILE "memory-backend-file"
#define TYPE_MEMORY_BACKEND_MEMFD "memory-backend-memfd"
#define TYPE_MEMORY_BACKEND_SHM "memory-backend-shm"
OBJECT_DECLARE_TYPE(HostMemoryBackend, HostMemoryBackendClass, MEMORY_BACKEND)

/* As mbind(2) numbers them. */
typedef enum HostMemPolicy {
    HOST_MEM_POLICY_DEFAULT, HOST_MEM_POLICY_PREFERRED, HOST_MEM_POLICY_BIND, HOST_MEM_POLICY_INTERLEAVE,
    HOST_MEM_POLICY__MAX
} HostMemPolicy;

#define HOST_MEM_MAX_NODES 128

struct HostMemoryBackend {
    UserCreatable parent_obj;
    uint64_t size;
    bool merge, dump, share, reserve, prealloc, use_canonical_path;
    uint32_t prealloc_threads;
    HostMemPolicy policy;
    unsigned long host_nodes[HOST_MEM_MAX_NODES / (8 * sizeof(unsigned long)) + 1];
    bool complete, is_mapped;
    MemoryRegion mr;
    /* -file */
    char *mem_path;
    uint64_t align, offset;
    bool discard_data, readonly, pmem;
    bool created;                       /* the file is new: it goes when something fails */
    int rom;                            /* OnOffAuto: 0 auto, 1 on, 2 off */
    /* -memfd */
    bool hugetlb, seal;
    uint64_t hugetlbsize;
};

struct HostMemoryBackendClass {
    UserCreatableClass parent_class;
    /* Makes be->mr. */
    bool (*alloc)(HostMemoryBackend *be, Error **errp);
};

MemoryRegion *host_memory_backend_get_memory(HostMemoryBackend *be);   /* NULL until it is complete */
/* Part of a machine: the object cannot be deleted, nor used twice. */
bool host_memory_backend_is_mapped(const HostMemoryBackend *be);
void host_memory_backend_set_mapped(HostMemoryBackend *be, bool mapped);
size_t host_memory_backend_pagesize(const HostMemoryBackend *be);

#endif
