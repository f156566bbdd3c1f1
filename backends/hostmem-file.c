/*
 * memory-backend-file (a file, or a directory such as a hugetlbfs mount in
 * which a nameless one is made) and memory-backend-memfd.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include "hostmem-internal.h"
#include "util/bits.h"

/* --- The file --------------------------------------------------------------- */

static int open_in_directory(const char *dir, Error **errp)
{
    g_autofree char *path = g_strdup_printf("%s/twostage.XXXXXX", dir);
    int fd = mkostemp(path, O_CLOEXEC);

    if (fd < 0) {
        error_setg_errno(errp, errno, "cannot make the file %s for guest memory", path);
        return -1;
    }
    unlink(path);
    return fd;
}

static int open_backing(HostMemoryBackend *be, Error **errp)
{
    struct stat st;
    int fd;

    if (stat(be->mem_path, &st) == 0 && S_ISDIR(st.st_mode)) {
        return open_in_directory(be->mem_path, errp);
    }
    fd = open(be->mem_path, (be->readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && !be->readonly) {
        fd = open(be->mem_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        be->created = fd >= 0;
    }
    if (fd < 0) {
        error_setg_errno(errp, errno, "cannot open %s for guest memory", be->mem_path);
    }
    return fd;
}

static bool check_alignment(const HostMemoryBackend *be, uint64_t page, Error **errp)
{
    if (be->align && (!is_power_of_2(be->align) || be->align > MAX(page, 2 * MiB))) {
        error_setg(errp, "align=0x%" PRIx64 " is not one of the powers of two up to 0x%" PRIx64, be->align,
                   (uint64_t)MAX(page, 2 * MiB));
        return false;
    }
    if (be->offset & (page - 1)) {
        error_setg(errp, "offset=0x%" PRIx64 " does not begin a page of 0x%" PRIx64, be->offset, page);
        return false;
    }
    if (be->size < page) {
        error_setg(errp, "size 0x%" PRIx64 " is less than one page of this memory, 0x%" PRIx64, be->size, page);
        return false;
    }
    return true;
}

static uint64_t page_size_of(int fd)
{
    struct statfs fs;
    struct stat st;

    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && fstatfs(fd, &fs) == 0 && (uint32_t)fs.f_type == 0x958458f6 /* hugetlbfs */) {
        return fs.f_bsize;
    }
    return getpagesize();
}

/* A new or empty file gets its size; another must be large enough. */
static bool fit_size(const HostMemoryBackend *be, int fd, uint64_t page, Error **errp)
{
    uint64_t need = be->offset + be->size;
    struct stat st;

    if (fstat(fd, &st)) {
        error_setg_errno(errp, errno, "cannot examine %s", be->mem_path);
        return false;
    }
    if (!S_ISREG(st.st_mode)) {
        return true;                    /* a device has the size it has */
    }
    if (need < be->size || need > INT64_MAX) {
        error_setg(errp, "size 0x%" PRIx64 " at offset 0x%" PRIx64 " is more than a file can hold", be->size, be->offset);
        return false;
    }
    if ((uint64_t)st.st_size >= need) {
        return true;
    }
    if (st.st_size || be->readonly) {
        error_setg(errp, "0x%" PRIx64 " bytes are in %s, and size= differs: 0x%" PRIx64,
                   (uint64_t)st.st_size, be->mem_path, be->size);
        return false;
    }
    if (ftruncate(fd, ROUND_UP(need, page))) {
        error_setg_errno(errp, errno, "cannot make %s %" PRIu64 " bytes long", be->mem_path, need);
        return false;
    }
    return true;
}

static bool file_options_ok(const HostMemoryBackend *be, Error **errp)
{
    if (!be->mem_path || !*be->mem_path) {
        error_setg(errp, "memory-backend-file needs mem-path=");
        return false;
    }
    if (be->pmem) {
        error_setg(errp, "pmem=on is not supported by Twostage: it has no libpmem; use share=on on a DAX file");
        return false;
    }
    if (be->rom == 1 && !be->readonly) {
        error_setg(errp, "rom=on needs readonly=on");
        return false;
    }
    if (be->rom == 2 && be->readonly && be->share) {
        error_setg(errp, "rom=off needs share=off when readonly=on");
        return false;
    }
    return true;
}

static bool file_alloc(HostMemoryBackend *be, Error **errp)
{
    uint32_t flags = hostmem_ram_flags(be);
    g_autofree char *name = hostmem_region_name(be);
    bool rom = be->readonly && be->rom != 2;
    uint64_t page;
    int fd;

    if (!file_options_ok(be, errp)) {
        return false;
    }
    fd = open_backing(be, errp);
    if (fd < 0) {
        return false;
    }
    page = page_size_of(fd);
    if (!check_alignment(be, page, errp) || !fit_size(be, fd, page, errp)) {
        close(fd);
        return false;
    }
    if (!memory_region_init_ram_from_fd(&be->mr, OBJECT(be), name, be->size, flags | (rom ? RAM_READONLY : 0), fd, be->offset, errp)) {
        return false;
    }
    be->mr.readonly = rom;
    return true;
}

/* While the memory is still there. */
static void file_unparent(Object *obj)
{
    HostMemoryBackend *be = MEMORY_BACKEND(obj);

    if (be->discard_data && be->complete) {
        madvise(memory_region_get_ram_ptr(&be->mr), memory_region_size(&be->mr), MADV_REMOVE);
    }
}

static void file_finalize(Object *obj)
{
    HostMemoryBackend *be = MEMORY_BACKEND(obj);

    if (be->created && !be->complete) {
        unlink(be->mem_path);
    }
    g_free(be->mem_path);
}

#define PROP(n, t, k, f, ...) \
    { .name = n, .type = t, .kind = k, .offset = offsetof(HostMemoryBackend, f), __VA_ARGS__ }
static const char *const on_off_auto[] = { "auto", "on", "off", NULL };
static const HostMemProp file_props[] = {
    PROP("mem-path", "string", HOSTMEM_STRING, mem_path, .description = "The file, or a directory to make one in"),
    PROP("align", "int", HOSTMEM_SIZE, align, .description = "Alignment of the mapping"),
    PROP("offset", "int", HOSTMEM_SIZE, offset, .description = "Where in the file the memory starts"),
    PROP("discard-data", "bool", HOSTMEM_BOOL, discard_data, .description = "Throw the contents away in the end"),
    PROP("readonly", "bool", HOSTMEM_BOOL, readonly, .description = "Open the file for reading only"),
    PROP("rom", "OnOffAuto", HOSTMEM_ENUM, rom, .names = on_off_auto, .description = "Make it ROM for the guest; auto: with readonly=on"),
    PROP("pmem", "bool", HOSTMEM_BOOL, pmem, .description = "Persistent memory; refused when on"),
};

static void file_class_init(ObjectClass *klass, const void *data)
{
    ((HostMemoryBackendClass *)klass)->alloc = file_alloc;
    klass->unparent = file_unparent;
    hostmem_class_add_props(klass, file_props, ARRAY_SIZE(file_props));
}

/* --- memfd --------------------------------------------------------------------- */

static int memfd_open(const HostMemoryBackend *be, const char *name, Error **errp)
{
    unsigned flags = MFD_CLOEXEC | (be->seal ? MFD_ALLOW_SEALING : 0) | (be->hugetlb ? MFD_HUGETLB : 0);
    int fd;

    if (be->hugetlbsize && !be->hugetlb) {
        error_setg(errp, "hugetlbsize= needs hugetlb=on");
        return -1;
    }
    if (be->hugetlbsize && !is_power_of_2(be->hugetlbsize)) {
        error_setg(errp, "hugetlbsize=%" PRIu64 " is not a power of two", be->hugetlbsize);
        return -1;
    }
    if (be->hugetlbsize) {
        flags |= (unsigned)ctz64(be->hugetlbsize) << MFD_HUGE_SHIFT;
    }
    fd = memfd_create(name, flags);
    if (fd < 0) {
        error_setg_errno(errp, errno, "cannot create a memfd%s", be->hugetlb ? " of huge pages" : "");
    }
    return fd;
}

static bool memfd_alloc(HostMemoryBackend *be, Error **errp)
{
    g_autofree char *name = hostmem_region_name(be);
    int fd = memfd_open(be, name, errp);

    if (fd < 0) {
        return false;
    }
    if (be->size > INT64_MAX || ftruncate(fd, ROUND_UP(be->size, page_size_of(fd)))) {
        error_setg_errno(errp, be->size > INT64_MAX ? EFBIG : errno, "cannot make a memfd of %" PRIu64 " bytes", be->size);
        close(fd);
        return false;
    }
    if (be->seal && fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)) {
        error_setg_errno(errp, errno, "cannot seal the memfd; use seal=off");
        close(fd);
        return false;
    }
    return memory_region_init_ram_from_fd(&be->mr, OBJECT(be), name, be->size, hostmem_ram_flags(be), fd, 0, errp);
}

static void memfd_init(Object *obj)
{
    HostMemoryBackend *be = MEMORY_BACKEND(obj);

    be->share = be->seal = true;
}

static const HostMemProp memfd_props[] = {
    PROP("hugetlb", "bool", HOSTMEM_BOOL, hugetlb, .description = "Huge pages of the host"),
    PROP("hugetlbsize", "int", HOSTMEM_SIZE, hugetlbsize, .description = "Size of the huge pages, such as 2M or 1G"),
    PROP("seal", "bool", HOSTMEM_BOOL, seal, .description = "Nobody can change its size"),
};

static void memfd_class_init(ObjectClass *klass, const void *data)
{
    ((HostMemoryBackendClass *)klass)->alloc = memfd_alloc;
    hostmem_class_add_props(klass, memfd_props, ARRAY_SIZE(memfd_props));
}

static const TypeInfo file_types[] = {
    {
        .name = TYPE_MEMORY_BACKEND_FILE, .parent = TYPE_MEMORY_BACKEND,
        .instance_finalize = file_finalize, .class_init = file_class_init,
    }, {
        .name = TYPE_MEMORY_BACKEND_MEMFD, .parent = TYPE_MEMORY_BACKEND,
        .instance_init = memfd_init, .class_init = memfd_class_init,
    },
};
DEFINE_TYPES(file_types)
