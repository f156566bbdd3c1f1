/*
 * "info NAME" from other rooms: devices say how to show themselves.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MONITOR_HMP_H
#define MONITOR_HMP_H

#include "util/osdep.h"

/* Registered once, before main() or at realize; @name and @help are not copied. A second time is ignored. */
void monitor_register_hmp_info(const char *name, const char *help, void (*run)(GString *out, const char *args));

#endif
