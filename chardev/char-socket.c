/*
 * socket: unix or TCP, server (one client at a time) or client (with
 * reconnect-ms again and again), or a descriptor that was inherited. Passes
 * descriptors along a unix socket to who asks (get_msgfds).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "chardev-internal.h"
#include "util/passed-fds.h"
#include "socket-address.h"
#include "telnet.h"

#define MAX_FDS 16

typedef struct SocketChardev {
    Chardev parent_obj;
    int fd, listen_fd, connecting_fd;   /* -1: none */
    SocketAddress addr;
    bool wait, nodelay, unlink_path, writing, telnet;
    TelnetFilter telnet_in;
    uint64_t reconnect_ms;
    QEMUTimer *again;
    guint hangup;                       /* source that watches for the other end's leaving while nobody reads; 0: none */
    int fds[MAX_FDS];                   /* came with the last bytes */
    int n_fds;
} SocketChardev;

static void update_handlers(SocketChardev *s);
static void start_connect(void *opaque);

/* --- Names ---------------------------------------------------------------------- */

static void name_it(SocketChardev *s)
{
    g_autofree char *address = socket_address_text(&s->addr);

    g_free(s->parent_obj.filename);
    s->parent_obj.filename = g_strdup_printf("%s%s", s->fd >= 0 ? "" : "disconnected:", address);
}

/* --- The conversation --------------------------------------------------------------- */

static void drop_fds(SocketChardev *s)
{
    while (s->n_fds) {
        close(s->fds[--s->n_fds]);
    }
}

static void arm_reconnect(SocketChardev *s)
{
    if (!s->addr.server && s->reconnect_ms) {
        if (!s->again) {
            s->again = timer_new_ns(QEMU_CLOCK_REALTIME, start_connect, s);
        }
        timer_mod(s->again, qemu_clock_get_ns(QEMU_CLOCK_REALTIME) + (int64_t)s->reconnect_ms * 1000000);
    }
}

static void unwatch_hangup(SocketChardev *s)
{
    if (s->hangup) {
        g_source_remove(s->hangup);
        s->hangup = 0;
    }
}

static void disconnected(SocketChardev *s)
{
    if (s->fd < 0) {
        return;
    }
    unwatch_hangup(s);
    qemu_set_fd_handler(s->fd, NULL, NULL, NULL);
    close(s->fd);
    s->fd = -1;
    s->writing = false;
    drop_fds(s);
    name_it(s);
    update_handlers(s);
    arm_reconnect(s);
    qemu_chr_be_event(&s->parent_obj, CHR_EVENT_CLOSED);
}

static void connected(SocketChardev *s, int fd)
{
    int one = 1;

    s->fd = fd;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    chardev_set_nonblocking(fd);
    if (!s->addr.is_unix && s->nodelay) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    }
    if (s->telnet) {
        s->telnet_in = (TelnetFilter) { 0 };
        send(fd, telnet_greeting, telnet_greeting_len, MSG_NOSIGNAL);
    }
    name_it(s);
    update_handlers(s);
    qemu_chr_be_event(&s->parent_obj, CHR_EVENT_OPENED);
    update_handlers(s);
}

static void keep_fds(SocketChardev *s, struct msghdr *msg)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        for (size_t i = 0; i < n; i++) {
            int fd = ((int *)(void *)CMSG_DATA(c))[i];

            if (s->n_fds < MAX_FDS) {
                s->fds[s->n_fds++] = fd;
            } else {
                close(fd);              /* nobody fetched the earlier ones */
            }
        }
    }
}

static ssize_t receive(SocketChardev *s, uint8_t *buf, size_t size)
{
    union { struct cmsghdr align; char space[CMSG_SPACE(MAX_FDS * sizeof(int))]; } control;
    struct iovec iov = { buf, size };
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control),
    };
    ssize_t n;

    do {
        n = recvmsg(s->fd, &msg, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n >= 0) {
        keep_fds(s, &msg);
    }
    return n;
}

static void hear(SocketChardev *s, uint8_t *buf, size_t n)
{
    unsigned breaks = 0;

    if (s->telnet) {
        n = telnet_filter(&s->telnet_in, buf, n, &breaks);
    }
    qemu_chr_be_write(&s->parent_obj, buf, n);
    while (breaks--) {
        qemu_chr_be_event(&s->parent_obj, CHR_EVENT_BREAK);
    }
}

static void socket_readable(void *opaque)
{
    SocketChardev *s = opaque;
    Chardev *chr = &s->parent_obj;
    int room = qemu_chr_be_can_write(chr);
    uint8_t buf[4096];
    ssize_t n;

    if (s->fd < 0 || !room) {
        update_handlers(s);
        return;
    }
    n = receive(s, buf, MIN((size_t)room, sizeof(buf)));
    if (n < 0 && errno == EAGAIN) {
        return;
    }
    object_ref(s);                      /* a frontend may delete us in its handler */
    if (n > 0) {
        hear(s, buf, n);
        update_handlers(s);
    } else {
        disconnected(s);
    }
    object_unref(s);
}

static void socket_writable(void *opaque)
{
    SocketChardev *s = opaque;

    s->writing = false;
    update_handlers(s);
    qemu_chr_be_writable(&s->parent_obj);
}

static int socket_write(Chardev *chr, const uint8_t *buf, int len)
{
    SocketChardev *s = (SocketChardev *)chr;
    ssize_t n;

    if (s->fd < 0) {
        return len;                     /* nobody hears it */
    }
    do {
        n = send(s->fd, buf, len, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n >= 0) {
        return n;
    }
    if (errno == EAGAIN) {
        return -EAGAIN;
    }
    /* The reader finds the end of the connection in its own time; not from inside a write. */
    shutdown(s->fd, SHUT_RDWR);
    return len;
}

/* --- Servers ------------------------------------------------------------------------------ */

static void accept_client(void *opaque)
{
    SocketChardev *s = opaque;
    int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);

    if (fd >= 0) {
        connected(s, fd);
    }
}

/* What was said before the other end left is still to be read. */
static gboolean hung_up(gint fd, GIOCondition condition, gpointer opaque)
{
    SocketChardev *s = opaque;
    int unread = 0;

    s->hangup = 0;
    if (ioctl(fd, FIONREAD, &unread) || !unread) {
        object_ref(s);                  /* a frontend may delete us in its handler */
        disconnected(s);
        object_unref(s);
    }
    return G_SOURCE_REMOVE;
}

static void update_handlers(SocketChardev *s)
{
    if (s->listen_fd >= 0) {
        qemu_set_fd_handler(s->listen_fd, s->fd < 0 ? accept_client : NULL, NULL, s);
    }
    if (s->fd >= 0) {
        bool read = qemu_chr_be_can_write(&s->parent_obj) > 0;

        if (read) {
            unwatch_hangup(s);
        } else if (!s->hangup) {
            s->hangup = g_unix_fd_add(s->fd, G_IO_HUP, hung_up, s);
        }
        qemu_set_fd_handler(s->fd, read ? socket_readable : NULL, s->writing ? socket_writable : NULL, s);
    }
}

/* Nobody turns the main loop while we wait, so the signals that end the program must do it themselves. */
static void wait_for_client(SocketChardev *s)
{
    static const int deadly[] = { SIGINT, SIGHUP, SIGTERM };
    g_autofree char *address = socket_address_text(&s->addr);
    struct sigaction before[ARRAY_SIZE(deadly)], plain = { .sa_handler = SIG_DFL };
    int fd;

    info_report("waiting for connection on: disconnected:%s", address);
    for (size_t i = 0; i < ARRAY_SIZE(deadly); i++) {
        sigaction(deadly[i], &plain, &before[i]);
    }
    do {
        fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    for (size_t i = 0; i < ARRAY_SIZE(deadly); i++) {
        sigaction(deadly[i], &before[i], NULL);
    }
    if (fd >= 0) {
        connected(s, fd);
    }
}

static bool become_server(SocketChardev *s, int fd)
{
    s->listen_fd = fd;
    name_it(s);
    if (s->wait) {
        wait_for_client(s);
    }
    chardev_set_nonblocking(fd);
    update_handlers(s);
    return true;
}

/* --- Clients -------------------------------------------------------------------------------- */

static void connect_done(void *opaque)
{
    SocketChardev *s = opaque;
    int fd = s->connecting_fd, err = 0;
    socklen_t len = sizeof(err);

    qemu_set_fd_handler(fd, NULL, NULL, NULL);
    s->connecting_fd = -1;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) || err) {
        close(fd);
        arm_reconnect(s);
    } else {
        connected(s, fd);
    }
}

/* One attempt of many: it fails in silence. */
static void start_connect(void *opaque)
{
    SocketChardev *s = opaque;
    int fd = socket_connect(&s->addr, false, NULL);

    if (fd < 0) {
        arm_reconnect(s);
    } else if (s->addr.is_unix) {
        connected(s, fd);
    } else {
        s->connecting_fd = fd;
        qemu_set_fd_handler(fd, NULL, connect_done, s);
    }
}

static bool become_client(SocketChardev *s, Error **errp)
{
    int fd;

    name_it(s);
    if (s->reconnect_ms) {
        start_connect(s);
        return true;
    }
    fd = socket_connect(&s->addr, true, errp);
    if (fd < 0) {
        return false;
    }
    connected(s, fd);
    return true;
}

/* --- Options ----------------------------------------------------------------------------------- */

/* Takes a string option that may be absent. */
static bool take_text(json_t *opts, const char *key, char **out, Error **errp)
{
    json_t *v = json_object_get(opts, key);

    if (json_is_integer(v)) {
        *out = g_strdup_printf("%lld", (long long)json_integer_value(v));
        json_object_del(opts, key);
        return true;
    }
    if (v) {
        *out = options_take_str(opts, key, errp);
    }
    return !v || *out;
}

/* The old words "nowait" and "nodelay" without a value. */
static void take_old_word(json_t *opts, const char *word, bool *flag, bool value)
{
    if (json_object_get(opts, word)) {
        json_object_del(opts, word);
        *flag = value;
    }
}

/* QMP's form: addr: {type, data: {...}} and tls-creds and so on beside it. */
static void flatten_addr(json_t *opts)
{
    g_autoptr(json_t) addr = json_incref(json_object_get(opts, "addr"));
    json_t *data = json_object_get(addr, "data");

    if (json_is_object(addr)) {
        json_object_del(opts, "addr");
        json_object_del(addr, "type");
        if (!json_is_object(data)) {
            json_object_update(opts, addr);
            return;
        }
        if (json_object_get(data, "str")) {
            json_object_set(data, "fd", json_object_get(data, "str"));
            json_object_del(data, "str");
        }
        json_object_update(opts, data);
    }
}

static bool refuse_unsupported(const json_t *opts, Error **errp)
{
    static const char *const unsupported[] = { "tn3270", "websocket", "tls-creds", "tls-authz" };

    for (size_t i = 0; i < ARRAY_SIZE(unsupported); i++) {
        const json_t *v = json_object_get(opts, unsupported[i]);

        if (v && !json_is_false(v) && g_strcmp0(json_string_value(v), "off")) {
            error_setg(errp, "chardev socket: '%s' is not supported by Twostage", unsupported[i]);
            return false;
        }
    }
    return true;
}

static bool take_options(SocketChardev *s, json_t *opts, char **fd, Error **errp)
{
    bool delay = true, ignored;
    uint64_t seconds = 0;

    flatten_addr(opts);
    take_old_word(opts, "nowait", &s->wait, false);
    take_old_word(opts, "nodelay", &s->nodelay, true);
    if (!refuse_unsupported(opts, errp)
        || !take_text(opts, "path", &s->addr.path, errp) || !take_text(opts, "host", &s->addr.host, errp)
        || !take_text(opts, "port", &s->addr.port, errp) || !take_text(opts, "fd", fd, errp)
        || !options_take_bool(opts, "server", &s->addr.server, errp) || !options_take_bool(opts, "wait", &s->wait, errp)
        || !options_take_bool(opts, "abstract", &s->addr.abstract, errp) || !options_take_bool(opts, "tight", &s->addr.tight, errp)
        || !options_take_bool(opts, "nodelay", &s->nodelay, errp) || !options_take_bool(opts, "delay", &delay, errp)
        || !options_take_bool(opts, "ipv4", &ignored, errp) || !options_take_bool(opts, "ipv6", &ignored, errp)
        || !options_take_bool(opts, "telnet", &s->telnet, errp) || !options_take_bool(opts, "websocket", &ignored, errp) || !options_take_bool(opts, "tn3270", &ignored, errp)
        || !options_take_uint(opts, "reconnect", UINT32_MAX, &seconds, errp)
        || !options_take_uint(opts, "reconnect-ms", UINT32_MAX, &s->reconnect_ms, errp)) {
        return false;
    }
    s->nodelay |= !delay;
    s->reconnect_ms = s->reconnect_ms ? s->reconnect_ms : seconds * 1000;
    s->addr.is_unix = s->addr.path != NULL;
    return true;
}

static bool check_options(const SocketChardev *s, const char *fd, Error **errp)
{
    int ways = (s->addr.path != NULL) + (s->addr.host != NULL || s->addr.port != NULL) + (fd != NULL);

    if (ways != 1) {
        error_setg(errp, "chardev socket: exactly one of 'path', 'host' with 'port', or 'fd' is needed");
        return false;
    }
    if (!s->addr.path && !fd && !s->addr.port) {
        error_setg(errp, "a TCP chardev needs port=");
        return false;
    }
    if (s->addr.server && s->reconnect_ms) {
        error_setg(errp, "reconnect= is a client's: a server waits to be called");
        return false;
    }
    return true;
}

static bool use_fd(SocketChardev *s, const char *text, Error **errp)
{
    int fd = passed_fd_param(text, errp), type;
    socklen_t len = sizeof(type);

    if (fd < 0) {
        return false;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) || type != SOCK_STREAM) {
        error_setg(errp, "chardev socket: file descriptor '%s' is not a stream socket", text);
        close(fd);
        return false;
    }
    socket_address_learn(&s->addr, fd);
    if (s->addr.server) {
        return become_server(s, fd);
    }
    connected(s, fd);
    return true;
}

static bool socket_open(Chardev *chr, json_t *opts, Error **errp)
{
    SocketChardev *s = (SocketChardev *)chr;
    g_autofree char *fd = NULL;
    bool wait_given = json_object_get(opts, "wait") || json_object_get(opts, "nowait");
    int listen_fd;

    s->wait = true;
    if (!take_options(s, opts, &fd, errp) || !check_options(s, fd, errp)) {
        return false;
    }
    if (wait_given && s->wait && !s->addr.server) {
        error_setg(errp, "wait= is a server's: a client has nobody to wait for");
        return false;
    }
    if (!options_must_be_empty(opts, "chardev socket", errp)) {
        return false;                   /* before anybody is waited for */
    }
    if (fd) {
        return use_fd(s, fd, errp);
    }
    if (!s->addr.server) {
        return become_client(s, errp);
    }
    listen_fd = socket_listen(&s->addr, errp);
    if (listen_fd < 0) {
        return false;
    }
    s->unlink_path = s->addr.is_unix && !s->addr.abstract;
    if (!s->addr.is_unix) {
        socket_address_clear(&s->addr);
        socket_address_learn(&s->addr, listen_fd);    /* port 0 has become a real one */
    }
    return become_server(s, listen_fd);
}

/* --- The type --------------------------------------------------------------------------------------- */

static int socket_get_msgfds(Chardev *chr, int *fds, int num)
{
    SocketChardev *s = (SocketChardev *)chr;
    int n = MIN(num, s->n_fds);

    memcpy(fds, s->fds, n * sizeof(int));
    s->n_fds -= n;
    memmove(s->fds, s->fds + n, s->n_fds * sizeof(int));
    return n;
}

static void socket_add_watch(Chardev *chr)
{
    SocketChardev *s = (SocketChardev *)chr;

    s->writing = s->fd >= 0;
    update_handlers(s);
}

static void socket_accept_input(Chardev *chr)
{
    update_handlers((SocketChardev *)chr);
}

static void close_handled(int *fd)
{
    if (*fd >= 0) {
        qemu_set_fd_handler(*fd, NULL, NULL, NULL);
        close(*fd);
        *fd = -1;
    }
}

static void socket_close(Chardev *chr)
{
    SocketChardev *s = (SocketChardev *)chr;

    unwatch_hangup(s);
    close_handled(&s->fd);
    close_handled(&s->listen_fd);
    close_handled(&s->connecting_fd);
    drop_fds(s);
    if (s->again) {
        timer_free(s->again);
    }
    if (s->unlink_path) {
        unlink(s->addr.path);
    }
    socket_address_clear(&s->addr);
}

static void socket_init(Object *obj)
{
    SocketChardev *s = (SocketChardev *)obj;

    s->fd = s->listen_fd = s->connecting_fd = -1;
    s->addr.tight = true;
}

static void socket_class_init(ObjectClass *klass, const void *data)
{
    ChardevClass *cc = (ChardevClass *)klass;

    cc->open = socket_open;
    cc->write = socket_write;
    cc->add_watch = socket_add_watch;
    cc->accept_input = socket_accept_input;
    cc->get_msgfds = socket_get_msgfds;
    cc->close = socket_close;
}

static const TypeInfo socket_info = {
    .name = "chardev-socket", .parent = TYPE_CHARDEV, .instance_size = sizeof(SocketChardev),
    .instance_init = socket_init, .class_init = socket_class_init,
};
DEFINE_TYPE(socket_info)
