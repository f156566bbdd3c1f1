/*
 * The server's side of telnet (RFC 854, 857, 858), as much as a terminal needs:
 * characters at once, no local echo, and the break key.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CHARDEV_TELNET_H
#define CHARDEV_TELNET_H

#include "util/osdep.h"

typedef struct TelnetFilter { enum { TELNET_DATA, TELNET_COMMAND, TELNET_OPTION, TELNET_SUB, TELNET_SUB_COMMAND } state; } TelnetFilter;

/* What to say first. */
extern const uint8_t telnet_greeting[];
extern const size_t telnet_greeting_len;
/* Takes commands out of @buf in place; the bytes left. *@breaks counts break keys. */
size_t telnet_filter(TelnetFilter *t, uint8_t *buf, size_t n, unsigned *breaks);

#endif
