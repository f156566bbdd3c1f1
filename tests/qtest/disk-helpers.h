/*
 * Disk images for tests, and a file system that fills up.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_QTEST_DISK_HELPERS_H
#define TESTS_QTEST_DISK_HELPERS_H

#include <sched.h>
#include <sys/mount.h>
#include "libqtest.h"

#define DISK_SIZE   (8 * MiB)

/* A new image whose block n is filled with n. */
static inline char *disk_new(const char *name)
{
    char *path = g_build_filename(qtest_tmpdir(), name, NULL);
    g_autofree char *data = g_malloc0(DISK_SIZE);

    for (unsigned i = 0; i < DISK_SIZE / 512; i++) {
        memset(data + i * 512, (int)(i & 0xff), 512);
    }
    g_assert_true(g_file_set_contents(path, data, DISK_SIZE, NULL));
    return path;
}

static inline void disk_leave_full_fs(void)
{
    g_autofree char *dir = g_build_filename(qtest_tmpdir(), "small", NULL);

    umount2(dir, MNT_DETACH);           /* before the directory above it is removed */
}

/*
 * An image without blocks on a file system without room; unlinking *@filler makes room.
 * NULL where tests may not mount. Before threads exist; emulators started later see it.
 */
static inline char *disk_on_full_fs(char **filler)
{
    g_autofree char *dir = g_build_filename(qtest_tmpdir(), "small", NULL);
    g_autofree char *block = g_malloc0(64 * KiB);
    char *path = g_build_filename(dir, "disk", NULL);
    int fd;

    g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
    if ((unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS)) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("none", dir, "tmpfs", 0, "size=1m")) {
        g_free(path);
        return NULL;
    }
    atexit(disk_leave_full_fs);
    fd = open(path, O_RDWR | O_CREAT, 0600);
    g_assert_cmpint(ftruncate(fd, DISK_SIZE), ==, 0);
    close(fd);
    *filler = g_build_filename(dir, "filler", NULL);
    fd = open(*filler, O_RDWR | O_CREAT, 0600);
    while (write(fd, block, 64 * KiB) > 0) {
        continue;
    }
    close(fd);
    return path;
}

static inline void expect_io_error(QTestState *t, const char *operation, const char *action, bool nospace)
{
    g_autoptr(json_t) event = qtest_qmp_event(t, "BLOCK_IO_ERROR");
    json_t *data = json_object_get(event, "data");

    data = data ? data : event;
    g_assert_cmpstr(json_string_value(json_object_get(data, "operation")), ==, operation);
    g_assert_cmpstr(json_string_value(json_object_get(data, "action")), ==, action);
    g_assert_true(json_is_true(json_object_get(data, "nospace")) == nospace);
}

static inline void expect_status(QTestState *t, const char *status)
{
    g_autoptr(json_t) now = qtest_qmp_return(t, "{'execute': 'query-status'}");

    g_assert_cmpstr(json_string_value(json_object_get(now, "status")), ==, status);
}

/* One counter of the only disk. */
static inline int64_t disk_counter(QTestState *t, const char *name)
{
    g_autoptr(json_t) list = qtest_qmp_return(t, "{'execute': 'query-blockstats'}");
    json_t *v = json_object_get(json_object_get(json_array_get(list, 0), "stats"), name);

    g_assert_nonnull(v);
    return json_integer_value(v);
}

#endif
