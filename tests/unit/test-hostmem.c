/*
 * memory-backend-*: memory that is there, where and how it was asked for; and
 * refusals that leave nothing behind.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "backends/hostmem.h"
#include "system/rcu.h"
#include "util/main-loop.h"
#include "util/options.h"

static char *dir;

static HostMemoryBackend *make(const char *type, const char *opts)
{
    g_autofree char *text = g_strdup_printf("%s,id=m0,%s", type, opts);

    return MEMORY_BACKEND(user_creatable_add(options_parse(text, "qom-type", NULL, &error_abort), &error_abort));
}

static void gone(void)
{
    g_assert_true(user_creatable_del("m0", &error_abort));
    drain_call_rcu();
}

static void refused(const char *type, const char *opts, const char *why)
{
    g_autofree char *text = g_strdup_printf("%s,id=m0,%s", type, opts);
    Error *err = NULL;

    g_assert_null(user_creatable_add(options_parse(text, "qom-type", NULL, &error_abort), &err));
    if (!strstr(error_get_pretty(err), why)) {
        g_test_message("%s: %s", text, error_get_pretty(err));
        g_test_fail();
    }
    error_free(err);
    drain_call_rcu();
    g_assert_null(object_resolve_path_component(object_get_objects_root(), "m0"));
}

static unsigned resident(void *p, size_t size)
{
    size_t pages = size / getpagesize();
    g_autofree unsigned char *in = g_malloc0(pages);
    unsigned n = 0;

    g_assert_cmpint(mincore(p, size, in), ==, 0);
    for (size_t i = 0; i < pages; i++) {
        n += in[i] & 1;
    }
    return n;
}

static void test_ram(void)
{
    HostMemoryBackend *be = make("memory-backend-ram", "size=8M");
    MemoryRegion *mr = host_memory_backend_get_memory(be), root;
    Error *err = NULL;
    uint8_t *p = memory_region_get_ram_ptr(mr);

    g_assert_cmpuint(memory_region_size(mr), ==, 8 * MiB);
    g_assert_cmpstr(memory_region_name(mr), ==, "m0");
    g_assert_cmpuint((uintptr_t)p % (2 * MiB), ==, 0);          /* huge pages can back it */
    p[8 * MiB - 1] = 1;
    g_assert_cmpint(memory_region_get_fd(mr), ==, -1);
    g_assert_false(memory_region_is_shared(mr));
    g_assert_false(object_property_set_str(OBJECT(be), "size", "4M", &err));
    g_clear_pointer(&err, error_free);
    g_assert_true(object_property_set_bool(OBJECT(be), "merge", false, &error_abort));

    memory_region_init(&root, NULL, "root", 16 * MiB);
    memory_region_add_subregion(&root, 0, mr);
    g_assert_true(host_memory_backend_is_mapped(be));
    g_assert_false(user_creatable_del("m0", &err));
    g_clear_pointer(&err, error_free);
    memory_region_del_subregion(&root, mr);
    object_unref(&root);
    gone();

    refused("memory-backend-ram", "size=0", "needs size=");
    refused("memory-backend-ram", "share=on", "size");
    refused("memory-backend-ram", "size=-1", "size");
    refused("memory-backend-ram", "size=16E", "size");
    refused("memory-backend-ram", "size=8191P", "m0");
    refused("memory-backend-ram", "size=1M,colour=red", "colour");
    refused("memory-backend-ram", "size=1M,policy=magic", "policy");
    refused("memory-backend-ram", "size=1M,policy=bind", "host-nodes");
    refused("memory-backend-ram", "size=1M,host-nodes=0", "policy");
    refused("memory-backend-ram", "size=1M,policy=bind,host-nodes=5-2", "host-nodes");
    refused("memory-backend-ram", "size=1M,policy=bind,host-nodes=4096", "host-nodes");
    refused("memory-backend-ram", "size=1M,prealloc-threads=0", "prealloc-threads");
    refused("memory-backend-ram", "size=1M,prealloc=on,reserve=off", "needs reserve=on");
}

static void test_prealloc(void)
{
    HostMemoryBackend *be = make("memory-backend-ram", "size=4M,prealloc=on,prealloc-threads=3");

    g_assert_cmpuint(resident(memory_region_get_ram_ptr(&be->mr), 4 * MiB), ==, 4 * MiB / getpagesize());
    gone();
}

static void test_file(void)
{
    g_autofree char *path = g_strdup_printf("%s/ram", dir), *opts = g_strdup_printf("size=1M,mem-path=%s,share=on", path);
    g_autofree char *larger = g_strdup_printf("size=2M,mem-path=%s,share=on", path);
    g_autofree char *ro = g_strdup_printf("size=512K,offset=512K,mem-path=%s,readonly=on", path);
    g_autofree char *discard = g_strdup_printf("%s,discard-data=on", opts);
    g_autofree char *in_dir = g_strdup_printf("size=1M,mem-path=%s", dir), *text = NULL;
    HostMemoryBackend *be = make("memory-backend-file", opts);
    MemoryRegion *mr = host_memory_backend_get_memory(be);
    gsize len;

    g_assert_true(memory_region_is_shared(mr));
    g_assert_cmpint(memory_region_get_fd(mr), >=, 0);
    memcpy((char *)memory_region_get_ram_ptr(mr) + 512 * KiB, "seen", 4);
    gone();
    g_assert_true(g_file_get_contents(path, &text, &len, NULL));
    g_assert_cmpuint(len, ==, 1 * MiB);
    g_assert_cmpmem(text + 512 * KiB, 4, "seen", 4);

    be = make("memory-backend-file", ro);
    g_assert_true(memory_region_is_rom(&be->mr));
    g_assert_cmpmem(memory_region_get_ram_ptr(&be->mr), 4, "seen", 4);
    g_assert_cmpuint(memory_region_get_fd_offset(&be->mr), ==, 512 * KiB);
    gone();
    refused("memory-backend-file", larger, "size= differs");
    make("memory-backend-file", discard);
    gone();
    g_free(text);
    g_assert_true(g_file_get_contents(path, &text, &len, NULL));
    g_assert_cmpuint(text[512 * KiB], ==, 0);
    g_assert_cmpint(unlink(path), ==, 0);

    make("memory-backend-file", in_dir);
    gone();
    g_assert_cmpint(rmdir(dir), ==, 0);         /* nothing was left in it */
    g_assert_cmpint(mkdir(dir, 0700), ==, 0);
}

static void test_file_refusals(void)
{
    static const struct { const char *opts, *why; } cases[] = {
        { "readonly=on", "open" }, { "pmem=on", "pmem" }, { "align=3", "align=" }, { "align=1T", "align=" },
        { "offset=5", "offset" }, { "rom=on", "rom" }, { "rom=maybe", "rom" },
        { "host-nodes=127,policy=bind", "host-nodes=" },
    };

    refused("memory-backend-file", "size=1M", "mem-path");
    refused("memory-backend-file", "size=1M,mem-path=/nowhere/at/all", "/nowhere/at/all");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        g_autofree char *path = g_strdup_printf("%s/file%zu", dir, i);
        g_autofree char *opts = g_strdup_printf("size=1M,mem-path=%s,%s", path, cases[i].opts);

        refused("memory-backend-file", opts, cases[i].why);
        g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));     /* what was made is removed */
    }
}

static void test_memfd(void)
{
    HostMemoryBackend *be = make("memory-backend-memfd", "size=1M");
    int fd = memory_region_get_fd(&be->mr);

    g_assert_true(memory_region_is_shared(&be->mr));
    g_assert_cmpint(fcntl(fd, F_GET_SEALS), ==, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
    g_assert_cmpint(ftruncate(fd, 0), ==, -1);
    gone();
    be = make("memory-backend-memfd", "size=1M,seal=off,share=off");
    g_assert_false(memory_region_is_shared(&be->mr));
    gone();
    refused("memory-backend-memfd", "size=1M,hugetlbsize=2M", "hugetlb=on");
    refused("memory-backend-memfd", "size=2M,hugetlb=on,hugetlbsize=3M", "power of two");
    refused("memory-backend-memfd", "size=8191P", "m0");
}

static void test_shm(void)
{
    HostMemoryBackend *be = make("memory-backend-shm", "size=1M");
    struct stat st;

    g_assert_true(memory_region_is_shared(&be->mr));
    g_assert_cmpint(fstat(memory_region_get_fd(&be->mr), &st), ==, 0);
    g_assert_cmpint(st.st_nlink, ==, 0);            /* nothing stays in /dev/shm */
    g_assert_cmpint(st.st_size, ==, 1 * MiB);
    gone();
    refused("memory-backend-shm", "size=1M,share=off", "memory-backend-ram");
    refused("memory-backend-shm", "size=8191P", "m0");
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    bql_lock();
    dir = g_dir_make_tmp("twostage-mem-XXXXXX", NULL);
    g_test_add_func("/hostmem/ram", test_ram);
    g_test_add_func("/hostmem/prealloc", test_prealloc);
    g_test_add_func("/hostmem/file", test_file);
    g_test_add_func("/hostmem/file-refusals", test_file_refusals);
    g_test_add_func("/hostmem/memfd", test_memfd);
    g_test_add_func("/hostmem/shm", test_shm);
    status = g_test_run();
    g_assert_cmpint(rmdir(dir), ==, 0);
    g_free(dir);
    bql_unlock();
    return status;
}
