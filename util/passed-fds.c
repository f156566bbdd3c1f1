/*
 * Descriptors that others passed to this process: by name, and in sets that
 * look like files /dev/fdset/N.
 *
 * Main thread, machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/passed-fds.h"

/* --- By name. --- */
static GHashTable *named;               /* name -> fd */

static void close_fd(gpointer p)
{
    close(GPOINTER_TO_INT(p));
}

bool passed_fd_add(const char *name, int fd, Error **errp)
{
    if (g_ascii_isdigit(*name)) {
        close(fd);
        error_setg(errp, "fdname: a name does not begin with a digit");
        return false;
    }
    if (!named) {
        named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, close_fd);
    }
    g_hash_table_insert(named, g_strdup(name), GINT_TO_POINTER(fd));
    return true;
}

bool passed_fd_close(const char *name, Error **errp)
{
    if (!named || !g_hash_table_remove(named, name)) {
        error_setg(errp, "There is no file descriptor '%s'; getfd gives one that name", name);
        return false;
    }
    return true;
}

int passed_fd_param(const char *text, Error **errp)
{
    gpointer fd;
    char *name;
    uint64_t number;

    if (g_ascii_isdigit(*text)) {
        if (!parse_uint64(text, &number) || number > INT_MAX || fcntl(number, F_GETFD) < 0) {
            error_setg(errp, "fd=%s is not an open file descriptor", text);
            return -1;
        }
        return number;
    }
    if (!named || !g_hash_table_steal_extended(named, text, (gpointer *)&name, &fd)) {
        error_setg(errp, "'%s' is neither the name of a file descriptor (getfd) nor a number", text);
        return -1;
    }
    g_free(name);
    return GPOINTER_TO_INT(fd);
}

/* --- Sets. --- */
typedef struct SetFd { int fd; char *opaque; } SetFd;
typedef struct FdSet { int64_t id; GPtrArray *fds; } FdSet;

static GPtrArray *sets;                 /* FdSet */

static void set_fd_free(gpointer p)
{
    SetFd *f = p;

    close(f->fd);
    g_free(f->opaque);
    g_free(f);
}

static void set_free(gpointer p)
{
    FdSet *set = p;

    g_ptr_array_unref(set->fds);
    g_free(set);
}

static FdSet *find_set(int64_t id)
{
    for (guint i = 0; sets && i < sets->len; i++) {
        FdSet *set = g_ptr_array_index(sets, i);
        if (set->id == id) {
            return set;
        }
    }
    return NULL;
}

static FdSet *find_or_make_set(int64_t id)
{
    FdSet *set = id >= 0 ? find_set(id) : NULL;

    if (set) {
        return set;
    }
    if (!sets) {
        sets = g_ptr_array_new_with_free_func(set_free);
    }
    if (id < 0) {
        for (id = 0; find_set(id); id++) {
        }
    }
    set = g_new0(FdSet, 1);
    set->id = id;
    set->fds = g_ptr_array_new_with_free_func(set_fd_free);
    g_ptr_array_add(sets, set);
    return set;
}

json_t *passed_fdset_add(int fd, int64_t id, const char *opaque)
{
    FdSet *set = find_or_make_set(id);
    SetFd *f = g_new0(SetFd, 1);

    f->fd = fd;
    f->opaque = g_strdup(opaque);
    g_ptr_array_add(set->fds, f);
    return json_pack("{s:I, s:i}", "fdset-id", (json_int_t)set->id, "fd", fd);
}

bool passed_fdset_remove(int64_t id, const int *fd, Error **errp)
{
    FdSet *set = find_set(id);

    for (guint i = 0; set && fd && i < set->fds->len; i++) {
        SetFd *f = g_ptr_array_index(set->fds, i);
        if (f->fd == *fd) {
            g_ptr_array_remove_index(set->fds, i);
            if (!set->fds->len) {
                g_ptr_array_remove(sets, set);
            }
            return true;
        }
    }
    if (!set || fd) {
        error_setg(errp, "There is no set of file descriptors %" PRId64, id);
        return false;
    }
    g_ptr_array_remove(sets, set);
    return true;
}

json_t *passed_fdsets_list(void)
{
    json_t *result = json_array();

    for (guint i = 0; sets && i < sets->len; i++) {
        FdSet *set = g_ptr_array_index(sets, i);
        json_t *fds = json_array();
        for (guint j = 0; j < set->fds->len; j++) {
            SetFd *f = g_ptr_array_index(set->fds, j);
            json_t *entry = json_pack("{s:i}", "fd", f->fd);
            if (f->opaque) {
                json_object_set_new(entry, "opaque", json_string(f->opaque));
            }
            json_array_append_new(fds, entry);
        }
        json_array_append_new(result, json_pack("{s:I, s:o}", "fdset-id", (json_int_t)set->id, "fds", fds));
    }
    return result;
}

bool passed_fdset_option(const json_t *given, Error **errp)
{
    ERRP_GUARD();
    g_autoptr(json_t) opts = json_copy((json_t *)given);
    uint64_t fd = UINT64_MAX, set = UINT64_MAX;
    g_autofree char *opaque = options_take_str(opts, "opaque", errp);
    int copy;

    if (*errp || !options_take_uint(opts, "fd", INT_MAX, &fd, errp) || !options_take_uint(opts, "set", INT_MAX, &set, errp) ||
        !options_must_be_empty(opts, "-add-fd", errp)) {
        return false;
    }
    if (fd == UINT64_MAX || set == UINT64_MAX) {
        error_setg(errp, "-add-fd needs fd= and set=");
        return false;
    }
    if (fd <= 2) {
        error_setg(errp, "-add-fd fd=%d: descriptors 0 to 2 are the program's own", (int)fd);
        return false;
    }
    copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
        error_setg_errno(errp, errno, "-add-fd fd=%d", (int)fd);
        return false;
    }
    json_decref(passed_fdset_add(copy, set, opaque));
    close(fd);
    return true;
}

int passed_fdset_open(const char *path, int flags, Error **errp)
{
    uint64_t id;
    FdSet *set;

    if (!g_str_has_prefix(path, "/dev/fdset/")) {
        return -2;
    }
    if (!parse_uint64(path + strlen("/dev/fdset/"), &id) || id > INT64_MAX || !(set = find_set(id))) {
        error_setg(errp, "'%s': no such fd set; add-fd makes them", path);
        return -1;
    }
    for (guint i = 0; i < set->fds->len; i++) {
        SetFd *f = g_ptr_array_index(set->fds, i);
        int mode = fcntl(f->fd, F_GETFL);
        if (mode >= 0 && (mode & O_ACCMODE) == (flags & O_ACCMODE)) {
            int fd = fcntl(f->fd, F_DUPFD_CLOEXEC, 0);
            if (fd < 0) {
                error_setg_errno(errp, errno, "'%s'", path);
            }
            return fd;
        }
    }
    error_setg(errp, "'%s': no descriptor of the set has the access mode that is needed", path);
    return -1;
}
