/*
 * Chardevs over descriptors: file, pipe, stdio, and the helper they share.
 *
 * A read handler is in place only while the frontend takes bytes, so that an
 * input nobody wants does not spin.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <signal.h>
#include <termios.h>
#include "chardev-internal.h"

static void fd_readable(void *opaque)
{
    FDChardev *s = opaque;
    Chardev *chr = &s->parent_obj;
    uint8_t buf[4096];
    int room = qemu_chr_be_can_write(chr);
    ssize_t n;

    if (!room) {
        fd_chardev_update(s);
        return;
    }
    n = read(s->fd_in, buf, MIN((size_t)room, sizeof(buf)));
    if (n > 0) {
        object_ref(s);                  /* a frontend may delete us in its handler */
        qemu_chr_be_write(chr, buf, n);
        fd_chardev_update(s);
        object_unref(s);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        s->eof = true;
        fd_chardev_update(s);
        qemu_chr_be_event(chr, CHR_EVENT_CLOSED);
        if (s->at_eof) {
            s->at_eof(s);
        }
    }
}

static void fd_writable(void *opaque)
{
    FDChardev *s = opaque;

    s->writing = false;
    fd_chardev_update(s);
    qemu_chr_be_writable(&s->parent_obj);
}

void fd_chardev_update(FDChardev *s)
{
    s->reading = s->fd_in >= 0 && !s->eof && qemu_chr_be_can_write(&s->parent_obj) > 0;
    if (s->fd_in == s->fd_out) {
        if (s->fd_in >= 0) {
            qemu_set_fd_handler(s->fd_in, s->reading ? fd_readable : NULL, s->writing ? fd_writable : NULL, s);
        }
        return;
    }
    if (s->fd_in >= 0) {
        qemu_set_fd_handler(s->fd_in, s->reading ? fd_readable : NULL, NULL, s);
    }
    if (s->fd_out >= 0) {
        qemu_set_fd_handler(s->fd_out, NULL, s->writing ? fd_writable : NULL, s);
    }
}

void fd_chardev_start(FDChardev *s, int fd_in, int fd_out)
{
    signal(SIGPIPE, SIG_IGN);           /* a reader that left is an error code */
    s->fd_in = fd_in;
    s->fd_out = fd_out;
    if (fd_in >= 0) {
        chardev_set_nonblocking(fd_in);
    }
    if (fd_out >= 0) {
        chardev_set_nonblocking(fd_out);
    }
    fd_chardev_update(s);
    qemu_chr_be_event(&s->parent_obj, CHR_EVENT_OPENED);
}

static int fd_write(Chardev *chr, const uint8_t *buf, int len)
{
    FDChardev *s = (FDChardev *)chr;
    ssize_t n;

    if (s->fd_out < 0) {
        return len;
    }
    do {
        n = write(s->fd_out, buf, len);
    } while (n < 0 && errno == EINTR);
    if (n >= 0) {
        return n;
    }
    return errno == EAGAIN ? -EAGAIN : len;     /* the reader is gone: bytes vanish */
}

static void fd_add_watch(Chardev *chr)
{
    FDChardev *s = (FDChardev *)chr;

    s->writing = s->fd_out >= 0;
    fd_chardev_update(s);
}

static void fd_accept_input(Chardev *chr)
{
    fd_chardev_update((FDChardev *)chr);
}

static void fd_close(Chardev *chr)
{
    FDChardev *s = (FDChardev *)chr;

    if (s->fd_in >= 0) {
        qemu_set_fd_handler(s->fd_in, NULL, NULL, NULL);
    }
    if (s->fd_out >= 0 && s->fd_out != s->fd_in) {
        qemu_set_fd_handler(s->fd_out, NULL, NULL, NULL);
        close(s->fd_out);
    }
    if (s->fd_in >= 0) {
        close(s->fd_in);
    }
    s->fd_in = s->fd_out = -1;
}

static void fd_init(Object *obj)
{
    FDChardev *s = (FDChardev *)obj;

    s->fd_in = s->fd_out = -1;
}

static void fd_class_init(ObjectClass *klass, const void *data)
{
    ChardevClass *cc = (ChardevClass *)klass;

    cc->internal = true;
    cc->write = fd_write;
    cc->add_watch = fd_add_watch;
    cc->accept_input = fd_accept_input;
    cc->close = fd_close;
}

/* --- file: output, and with input-path= input ---------------------------------- */

static bool file_open(Chardev *chr, json_t *opts, Error **errp)
{
    g_autofree char *path = NULL, *input = NULL;
    bool append = false;
    int in = -1, out;

    if (!json_object_get(opts, "path")) {
        error_setg(errp, "a file chardev needs path=");
        return false;
    }
    path = options_take_str(opts, "path", errp);
    if (!path || !options_take_bool(opts, "append", &append, errp)) {
        return false;
    }
    if (json_object_get(opts, "input-path")) {
        input = options_take_str(opts, "input-path", errp);
        in = input ? chardev_open_path(input, O_RDONLY, errp) : -1;
        if (in < 0) {
            return false;
        }
    }
    out = chardev_open_path(path, O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), errp);
    if (out < 0) {
        if (in >= 0) {
            close(in);
        }
        return false;
    }
    fd_chardev_start((FDChardev *)chr, in, out);
    return true;
}

static void file_class_init(ObjectClass *klass, const void *data)
{
    ((ChardevClass *)klass)->internal = false;
    ((ChardevClass *)klass)->open = file_open;
}

/* --- pipe: PATH.in and PATH.out, or one PATH for both ----------------------------- */

static bool pipe_open(Chardev *chr, json_t *opts, Error **errp)
{
    g_autofree char *path = NULL, *path_in = NULL, *path_out = NULL;
    int in, out;

    if (!json_object_get(opts, "path")) {
        error_setg(errp, "a pipe chardev needs path=");
        return false;
    }
    path = options_take_str(opts, "path", errp);
    if (!path) {
        return false;
    }
    path_in = g_strdup_printf("%s.in", path);
    path_out = g_strdup_printf("%s.out", path);
    /* Both ends, so that opening does not wait for the other side. */
    in = open(path_in, O_RDWR | O_CLOEXEC);
    out = open(path_out, O_RDWR | O_CLOEXEC);
    if (in < 0 || out < 0) {
        if (in >= 0) {
            close(in);
        }
        if (out >= 0) {
            close(out);
        }
        in = out = chardev_open_path(path, O_RDWR, errp);
        if (in < 0) {
            return false;
        }
    }
    fd_chardev_start((FDChardev *)chr, in, out);
    return true;
}

static void pipe_class_init(ObjectClass *klass, const void *data)
{
    ((ChardevClass *)klass)->internal = false;
    ((ChardevClass *)klass)->open = pipe_open;
}

/* --- stdio: ours, for one chardev at a time ------------------------------------------ */

static struct {
    Chardev *chr;                       /* who has it */
    bool is_tty, saved, allow_signal, exit_hook;
    struct termios tty;                 /* as it was */
    int flags[2];                       /* of fd 0 and 1 */
} stdio;

static void stdio_restore(void)
{
    if (stdio.saved) {
        if (stdio.is_tty) {
            tcsetattr(0, TCSANOW, &stdio.tty);
        }
        fcntl(0, F_SETFL, stdio.flags[0]);
        fcntl(1, F_SETFL, stdio.flags[1]);
        stdio.saved = false;
    }
}

static void stdio_raw(bool echo)
{
    struct termios t = stdio.tty;

    if (!stdio.is_tty) {
        return;
    }
    if (!echo) {
        t.c_iflag &= ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
        t.c_oflag |= OPOST;
        t.c_lflag &= ~(ECHO | ECHONL | ICANON | IEXTEN);
        t.c_cflag = (t.c_cflag & ~(CSIZE | PARENB)) | CS8;
        t.c_cc[VMIN] = 1;
        t.c_cc[VTIME] = 0;
    }
    if (!stdio.allow_signal) {
        t.c_lflag &= ~ISIG;
    }
    tcsetattr(0, TCSANOW, &t);
}

static bool stdio_open(Chardev *chr, json_t *opts, Error **errp)
{
    bool allow_signal = true;
    int in, out;

    if (!options_take_bool(opts, "signal", &allow_signal, errp)) {
        return false;
    }
    if (stdio.chr) {
        error_setg(errp, "stdio is chardev '%s' already", stdio.chr->label);
        return false;
    }
    in = fcntl(0, F_DUPFD_CLOEXEC, 3);
    out = fcntl(1, F_DUPFD_CLOEXEC, 3);
    if (out < 0) {
        error_setg_errno(errp, errno, "standard output is not open");
        if (in >= 0) {
            close(in);
        }
        return false;
    }
    stdio.chr = chr;
    stdio.allow_signal = allow_signal;
    stdio.is_tty = tcgetattr(0, &stdio.tty) == 0;
    stdio.flags[0] = fcntl(0, F_GETFL);
    stdio.flags[1] = fcntl(1, F_GETFL);
    stdio.saved = true;
    if (!stdio.exit_hook) {
        atexit(stdio_restore);
        stdio.exit_hook = true;
    }
    stdio_raw(false);
    fd_chardev_start((FDChardev *)chr, in, out);
    return true;
}

static void stdio_set_echo(Chardev *chr, bool echo)
{
    stdio_raw(echo);
}

static void stdio_close(Chardev *chr)
{
    fd_close(chr);
    if (stdio.chr == chr) {
        stdio_restore();
        stdio.chr = NULL;
    }
}

static void stdio_class_init(ObjectClass *klass, const void *data)
{
    ChardevClass *cc = (ChardevClass *)klass;

    cc->internal = false;
    cc->open = stdio_open;
    cc->set_echo = stdio_set_echo;
    cc->close = stdio_close;
}

static const TypeInfo fd_types[] = {
    {
        .name = TYPE_CHARDEV_FD, .parent = TYPE_CHARDEV, .abstract = true,
        .instance_size = sizeof(FDChardev), .instance_init = fd_init, .class_init = fd_class_init,
    },
    { .name = "chardev-file", .parent = TYPE_CHARDEV_FD, .class_init = file_class_init },
    { .name = "chardev-pipe", .parent = TYPE_CHARDEV_FD, .class_init = pipe_class_init },
    { .name = "chardev-stdio", .parent = TYPE_CHARDEV_FD, .class_init = stdio_class_init },
};
DEFINE_TYPES(fd_types)
