/*
 * Socket addresses.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "socket-address.h"

char *socket_address_text(const SocketAddress *s)
{
    if (s->is_unix) {
        return g_strdup_printf("unix:%s%s%s", s->path ? s->path : "", s->abstract ? ",abstract=on" : "", s->server ? ",server=on" : "");
    }
    return g_strdup_printf("tcp:%s:%s%s", s->host ? s->host : "", s->port ? s->port : "", s->server ? ",server=on" : "");
}

void socket_address_learn(SocketAddress *s, int fd)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof(a);

    if (getsockname(fd, (struct sockaddr *)&a, &len)) {
        return;
    }
    s->is_unix = a.ss_family == AF_UNIX;
    if (s->is_unix) {
        size_t n = len > offsetof(struct sockaddr_un, sun_path) ? len - offsetof(struct sockaddr_un, sun_path) : 0;

        s->path = g_strndup(((struct sockaddr_un *)&a)->sun_path, n);
    } else {
        char host[NI_MAXHOST], port[NI_MAXSERV];

        if (getnameinfo((struct sockaddr *)&a, len, host, sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
            s->host = g_strdup(host);
            s->port = g_strdup(port);
        }
    }
}

void socket_address_clear(SocketAddress *s)
{
    g_clear_pointer(&s->path, g_free);
    g_clear_pointer(&s->host, g_free);
    g_clear_pointer(&s->port, g_free);
}

static bool fill_unix(const SocketAddress *s, struct sockaddr_un *a, socklen_t *len, Error **errp)
{
    size_t n = strlen(s->path);

    *a = (struct sockaddr_un) { .sun_family = AF_UNIX };
    if (n + 1 > sizeof(a->sun_path)) {
        error_setg(errp, "UNIX socket path '%s' is too long: it must be less than %zu bytes", s->path, sizeof(a->sun_path));
        return false;
    }
    memcpy(a->sun_path + s->abstract, s->path, n);
    *len = s->abstract && s->tight ? offsetof(struct sockaddr_un, sun_path) + 1 + n : sizeof(*a);
    return true;
}

static struct addrinfo *resolve(const SocketAddress *s, Error **errp)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = s->server ? AI_PASSIVE : 0 }, *list = NULL;
    int err = getaddrinfo(s->host && *s->host ? s->host : NULL, s->port, &hints, &list);

    if (err) {
        error_setg(errp, "the address %s:%s is not known: %s", s->host ? s->host : "", s->port, gai_strerror(err));
        return NULL;
    }
    return list;
}

/* The first of a name's addresses on whose socket @use succeeds. */
static int first_that(const SocketAddress *s, int flags, bool (*use)(int fd, const struct addrinfo *a), const char *doing, Error **errp)
{
    struct addrinfo *list = resolve(s, errp);
    int fd = -1, err = 0;

    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
        if (fd >= 0 && use(fd, a)) {
            break;
        }
        err = errno;
        if (fd >= 0) {
            close(fd);
            fd = -1;
        }
    }
    if (list) {
        if (fd < 0) {
            error_setg_errno(errp, err, "cannot %s to '%s:%s'", doing, s->host ? s->host : "", s->port);
        }
        freeaddrinfo(list);
    }
    return fd;
}

/* --- Listening ------------------------------------------------------------------ */

static int listen_unix(const SocketAddress *s, Error **errp)
{
    struct sockaddr_un a;
    socklen_t len;
    int fd;

    if (!fill_unix(s, &a, &len, errp)) {
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!s->abstract) {
        unlink(s->path);                /* left by one who died */
    }
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) || listen(fd, 1)) {
        error_setg_errno(errp, errno, "cannot listen on %s", s->path);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

static bool bind_and_listen(int fd, const struct addrinfo *a)
{
    int one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    return bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, 1) == 0;
}

static int listen_tcp(const SocketAddress *s, Error **errp)
{
    return first_that(s, 0, bind_and_listen, "bind socket", errp);
}

int socket_listen(const SocketAddress *s, Error **errp)
{
    return s->is_unix ? listen_unix(s, errp) : listen_tcp(s, errp);
}

/* --- Connecting ------------------------------------------------------------------ */

static int connect_unix(const SocketAddress *s, Error **errp)
{
    struct sockaddr_un a;
    socklen_t len;
    int fd;

    if (!fill_unix(s, &a, &len, errp)) {
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, len)) {
        error_setg_errno(errp, errno, "cannot connect to '%s'", s->path);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

/* Also true of a non-blocking socket that is under way. */
static bool connect_or_begin(int fd, const struct addrinfo *a)
{
    return connect(fd, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS;
}

static int connect_tcp(const SocketAddress *s, bool wait, Error **errp)
{
    return first_that(s, wait ? 0 : SOCK_NONBLOCK, connect_or_begin, "connect", errp);
}

int socket_connect(const SocketAddress *s, bool wait, Error **errp)
{
    return s->is_unix ? connect_unix(s, errp) : connect_tcp(s, wait, errp);
}
