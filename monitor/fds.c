/*
 * The QMP commands by which clients pass descriptors: by name (getfd) and in
 * sets (add-fd).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "monitor-internal.h"
#include "util/passed-fds.h"

json_t *qmp_getfd(const json_t *args, Error **errp)
{
    int fd = qemu_chr_fe_get_msgfd(&monitor_current->be);

    if (fd < 0) {
        error_setg(errp, "No file descriptor came with this command (SCM_RIGHTS)");
        return NULL;
    }
    return passed_fd_add(json_string_value(json_object_get(args, "fdname")), fd, errp) ? json_object() : NULL;
}

json_t *qmp_closefd(const json_t *args, Error **errp)
{
    return passed_fd_close(json_string_value(json_object_get(args, "fdname")), errp) ? json_object() : NULL;
}

json_t *qmp_add_fd(const json_t *args, Error **errp)
{
    json_t *id = json_object_get(args, "fdset-id");
    int fd;

    if (id && json_integer_value(id) < 0) {
        error_setg(errp, "fdset-id: sets are numbered from 0");
        return NULL;
    }
    fd = qemu_chr_fe_get_msgfd(&monitor_current->be);
    if (fd < 0) {
        error_setg(errp, "No file descriptor came with this command (SCM_RIGHTS)");
        return NULL;
    }
    return passed_fdset_add(fd, id ? json_integer_value(id) : -1, json_string_value(json_object_get(args, "opaque")));
}

json_t *qmp_remove_fd(const json_t *args, Error **errp)
{
    json_t *value = json_object_get(args, "fd");
    int fd = json_integer_value(value);

    return passed_fdset_remove(json_integer_value(json_object_get(args, "fdset-id")), value ? &fd : NULL, errp) ? json_object() : NULL;
}

json_t *qmp_query_fdsets(const json_t *args, Error **errp)
{
    return passed_fdsets_list();
}
