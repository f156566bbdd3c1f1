/*
 * memory-backend-shm: a nameless POSIX shared memory object, for hosts and
 * sandboxes that have /dev/shm and no memfd to hand on. Always shared.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/mman.h>
#include "hostmem-internal.h"

/* Its name is gone before anybody can open it. */
static int shm_open_nameless(Error **errp)
{
    g_autofree char *uuid = g_uuid_string_random(), *name = g_strdup_printf("/twostage-%s", uuid);
    int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0) {
        error_setg_errno(errp, errno, "cannot make a shared memory object (is /dev/shm mounted?)");
        return -1;
    }
    shm_unlink(name);
    return fd;
}

static bool shm_alloc(HostMemoryBackend *be, Error **errp)
{
    g_autofree char *name = hostmem_region_name(be);
    int fd;

    if (!be->share) {
        error_setg(errp, "memory-backend-shm is shared memory: leave share= out, or use memory-backend-ram");
        return false;
    }
    fd = shm_open_nameless(errp);
    if (fd < 0) {
        return false;
    }
    if (be->size > INT64_MAX || ftruncate(fd, ROUND_UP(be->size, getpagesize()))) {
        error_setg_errno(errp, be->size > INT64_MAX ? EFBIG : errno, "cannot make shared memory of %" PRIu64 " bytes", be->size);
        close(fd);
        return false;
    }
    return memory_region_init_ram_from_fd(&be->mr, OBJECT(be), name, be->size, hostmem_ram_flags(be), fd, 0, errp);
}

static void shm_init(Object *obj)
{
    MEMORY_BACKEND(obj)->share = true;
}

static void shm_class_init(ObjectClass *klass, const void *data)
{
    ((HostMemoryBackendClass *)klass)->alloc = shm_alloc;
}

static const TypeInfo shm_types[] = {
    {
        .name = TYPE_MEMORY_BACKEND_SHM, .parent = TYPE_MEMORY_BACKEND,
        .instance_init = shm_init, .class_init = shm_class_init,
    },
};
DEFINE_TYPES(shm_types)
