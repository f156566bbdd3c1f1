/*
 * -object iothread: a thread that disks may be served by.
 *
 * It turns a loop of its own, and holds the machine lock while it dispatches:
 * what runs in it sees the same world as in the main thread, and a disk's work
 * does not wait behind monitors and consoles in the main loop.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef BACKENDS_IOTHREAD_H
#define BACKENDS_IOTHREAD_H

#include "qom/object.h"

#define TYPE_IOTHREAD "iothread"
OBJECT_DECLARE_SIMPLE_TYPE(IOThread, IOTHREAD)

/* For qemu_set_fd_handler_in(). */
GMainContext *iothread_get_context(const IOThread *t);
/* A device is served by it: it cannot be deleted. */
void iothread_set_used(IOThread *t, bool used);

#endif
