/*
 * pty: a pseudo-terminal. Its far side is there while somebody has it open,
 * which only a poll every second tells.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <poll.h>
#include <pty.h>
#include <termios.h>
#include "chardev-internal.h"

#define LOOK_NS 1000000000LL

typedef struct PtyChardev {
    FDChardev parent_obj;
    QEMUTimer *look;
    char *link;                         /* path=: a symbolic link to the terminal */
} PtyChardev;

static bool hung_up(const FDChardev *s)
{
    struct pollfd p = { .fd = s->fd_out, .events = POLLOUT };

    return poll(&p, 1, 0) > 0 && (p.revents & POLLHUP);
}

static void set_connected(PtyChardev *s, bool connected)
{
    FDChardev *fd = &s->parent_obj;
    Chardev *chr = &fd->parent_obj;

    if (!connected) {
        timer_mod(s->look, qemu_clock_get_ns(QEMU_CLOCK_REALTIME) + LOOK_NS);
    }
    fd->eof = !connected;
    fd_chardev_update(fd);
    if (chr->be_open != connected) {
        qemu_chr_be_event(chr, connected ? CHR_EVENT_OPENED : CHR_EVENT_CLOSED);
    }
}

static void look(void *opaque)
{
    PtyChardev *s = opaque;

    set_connected(s, !hung_up(&s->parent_obj));
}

/* A slave that hangs up reads as an error. It may come back. */
static void at_eof(FDChardev *fd)
{
    set_connected((PtyChardev *)fd, false);
}

static int pty_write(Chardev *chr, const uint8_t *buf, int len)
{
    PtyChardev *s = (PtyChardev *)chr;
    ssize_t n;

    if (!chr->be_open) {
        if (hung_up(&s->parent_obj)) {
            return len;                 /* nobody sees it */
        }
        set_connected(s, true);
    }
    do {
        n = write(s->parent_obj.fd_out, buf, len);
    } while (n < 0 && errno == EINTR);
    if (n >= 0) {
        return n;
    }
    if (errno == EAGAIN && !hung_up(&s->parent_obj)) {
        return -EAGAIN;
    }
    set_connected(s, false);
    return len;
}

static bool make_link(PtyChardev *s, const char *name, Error **errp)
{
    if (s->link && symlink(name, s->link)) {
        error_setg_errno(errp, errno, "cannot make the link '%s' to %s", s->link, name);
        g_clear_pointer(&s->link, g_free);
        return false;
    }
    return true;
}

static bool pty_open(Chardev *chr, json_t *opts, Error **errp)
{
    PtyChardev *s = (PtyChardev *)chr;
    int master, slave;
    char name[PATH_MAX];
    struct termios t;

    if (json_object_get(opts, "path")) {
        s->link = options_take_str(opts, "path", errp);
        if (!s->link) {
            return false;
        }
    }
    if (openpty(&master, &slave, name, NULL, NULL)) {
        error_setg_errno(errp, errno, "cannot make a pseudo terminal");
        g_clear_pointer(&s->link, g_free);
        return false;
    }
    tcgetattr(slave, &t);
    cfmakeraw(&t);
    tcsetattr(slave, TCSAFLUSH, &t);
    close(slave);
    fcntl(master, F_SETFD, FD_CLOEXEC);
    chardev_set_nonblocking(master);
    s->parent_obj.fd_in = s->parent_obj.fd_out = master;
    s->parent_obj.at_eof = at_eof;
    s->parent_obj.eof = true;           /* until somebody opens it */
    chr->filename = g_strdup_printf("pty:%s", name);
    if (!make_link(s, name, errp)) {
        return false;
    }
    s->look = timer_new_ns(QEMU_CLOCK_REALTIME, look, s);
    look(s);
    printf("char device redirected to %s (label %s)\n", name, chr->label);
    fflush(stdout);
    return true;
}

static void pty_close(Chardev *chr)
{
    PtyChardev *s = (PtyChardev *)chr;
    int fd = s->parent_obj.fd_in;

    if (s->look) {
        timer_free(s->look);
    }
    if (fd >= 0) {
        qemu_set_fd_handler(fd, NULL, NULL, NULL);
        close(fd);
    }
    if (s->link) {
        unlink(s->link);
        g_free(s->link);
    }
}

static void pty_class_init(ObjectClass *klass, const void *data)
{
    ChardevClass *cc = (ChardevClass *)klass;

    cc->internal = false;
    cc->open = pty_open;
    cc->write = pty_write;
    cc->close = pty_close;
}

static const TypeInfo pty_info = {
    .name = "chardev-pty", .parent = TYPE_CHARDEV_FD, .instance_size = sizeof(PtyChardev), .class_init = pty_class_init,
};
DEFINE_TYPE(pty_info)
