/*
 * eventfds.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/eventfd.h>
#include "util/event_notifier.h"

int event_notifier_init(EventNotifier *e, bool active)
{
    e->fd = eventfd(active ? 1 : 0, EFD_NONBLOCK | EFD_CLOEXEC);
    return e->fd < 0 ? -errno : 0;
}

void event_notifier_cleanup(EventNotifier *e)
{
    if (e->fd >= 0) {
        close(e->fd);
        e->fd = -1;
    }
}

int event_notifier_set(EventNotifier *e)
{
    uint64_t one = 1;
    ssize_t n;

    do {
        n = write(e->fd, &one, sizeof(one));
    } while (n < 0 && errno == EINTR);
    /* A full counter is as good as one more. */
    return n < 0 && errno != EAGAIN ? -errno : 0;
}

bool event_notifier_test_and_clear(EventNotifier *e)
{
    uint64_t count;
    ssize_t n;

    do {
        n = read(e->fd, &count, sizeof(count));
    } while (n < 0 && errno == EINTR);
    return n == sizeof(count);
}
