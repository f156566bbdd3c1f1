/*
 * The frontend's side: what UARTs, monitors and virtio ports call.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <poll.h>
#include "chardev-internal.h"

/* How long a short text waits for a reader that does not read. */
#define WRITE_ALL_PATIENCE_MS 2000

bool qemu_chr_fe_init(CharBackend *be, Chardev *chr, Error **errp)
{
    *be = (CharBackend) { .chr = chr };
    if (!chr) {
        return true;
    }
    if (chardev_is_mux(chr)) {
        return mux_chardev_attach(chr, be, errp);
    }
    if (chr->be) {
        be->chr = NULL;
        error_setg(errp, "chardev '%s' has a user already", chr->label);
        return false;
    }
    chr->be = be;
    return true;
}

void qemu_chr_fe_deinit(CharBackend *be, bool delete_chr)
{
    Chardev *chr = be->chr;

    if (!chr) {
        return;
    }
    qemu_chr_fe_set_handlers(be, NULL, NULL, NULL, NULL, false);
    if (chardev_is_mux(chr)) {
        mux_chardev_detach(chr, be);
    } else if (chr->be == be) {
        chr->be = NULL;
    }
    be->chr = NULL;
    if (delete_chr) {
        object_unparent(OBJECT(chr));
    }
}

void qemu_chr_fe_set_handlers(CharBackend *be, int (*can_read)(void *), void (*read)(void *, const uint8_t *, int),
                              void (*event)(void *, ChrEvent), void *opaque, bool set_open)
{
    bool any = can_read || read || event;

    be->can_read = can_read;
    be->read = read;
    be->event = event;
    be->opaque = opaque;
    if (!any) {
        be->writable = NULL;
    }
    if (!be->chr) {
        return;
    }
    if (set_open || !any) {
        qemu_chr_fe_set_open(be, any);
    }
    if (any && chardev_is_mux(be->chr)) {
        mux_chardev_handlers_set(be->chr, be);
    }
    if (any && be->chr->be_open && event) {
        event(opaque, CHR_EVENT_OPENED);
    }
    qemu_chr_fe_accept_input(be);
}

void qemu_chr_fe_set_writable(CharBackend *be, void (*writable)(void *opaque))
{
    be->writable = writable;
    if (be->chr && writable && CHARDEV_GET_CLASS(be->chr)->add_watch) {
        CHARDEV_GET_CLASS(be->chr)->add_watch(be->chr);
    }
}

static void log_output(Chardev *chr, const uint8_t *buf, int len)
{
    while (chr->logfd >= 0 && len > 0) {
        ssize_t n = write(chr->logfd, buf, len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            warn_report("cannot write to the log file of chardev '%s': %s", chr->label, strerror(errno));
            close(chr->logfd);
            chr->logfd = -1;
            return;
        }
        buf += n;
        len -= n;
    }
}

int qemu_chr_fe_write(CharBackend *be, const uint8_t *buf, int len)
{
    Chardev *chr = be->chr;
    int n;

    if (!chr || !CHARDEV_GET_CLASS(chr)->write) {
        return len;
    }
    n = CHARDEV_GET_CLASS(chr)->write(chr, buf, len);
    if (n > 0) {
        log_output(chr, buf, n);
    }
    if (n < len && be->writable && CHARDEV_GET_CLASS(chr)->add_watch) {
        CHARDEV_GET_CLASS(chr)->add_watch(chr);
    }
    return n;
}

int qemu_chr_fe_write_all(CharBackend *be, const uint8_t *buf, int len)
{
    int done = 0, waited = 0;

    while (done < len) {
        int n = qemu_chr_fe_write(be, buf + done, len - done);

        if (n > 0) {
            done += n;
            waited = 0;
        } else if ((n == -EAGAIN || n == 0) && waited < WRITE_ALL_PATIENCE_MS) {
            poll(NULL, 0, 10);
            waited += 10;
        } else {
            return done ? done : n;
        }
    }
    return done;
}

int qemu_chr_fe_printf(CharBackend *be, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    return qemu_chr_fe_write_all(be, (const uint8_t *)text, strlen(text));
}

void qemu_chr_fe_accept_input(CharBackend *be)
{
    if (be->chr && CHARDEV_GET_CLASS(be->chr)->accept_input) {
        CHARDEV_GET_CLASS(be->chr)->accept_input(be->chr);
    }
}

void qemu_chr_fe_set_open(CharBackend *be, bool open)
{
    if (be->fe_open == open) {
        return;
    }
    be->fe_open = open;
    if (be->chr && CHARDEV_GET_CLASS(be->chr)->set_fe_open) {
        CHARDEV_GET_CLASS(be->chr)->set_fe_open(be->chr, open);
    }
}

void qemu_chr_fe_set_echo(CharBackend *be, bool echo)
{
    if (be->chr && CHARDEV_GET_CLASS(be->chr)->set_echo) {
        CHARDEV_GET_CLASS(be->chr)->set_echo(be->chr, echo);
    }
}

int qemu_chr_fe_get_msgfd(CharBackend *be)
{
    int fd = -1;

    if (be->chr && CHARDEV_GET_CLASS(be->chr)->get_msgfds
        && CHARDEV_GET_CLASS(be->chr)->get_msgfds(be->chr, &fd, 1) == 1) {
        return fd;
    }
    return -1;
}

bool qemu_chr_fe_backend_connected(CharBackend *be)
{
    return be->chr && be->chr->be_open;
}
