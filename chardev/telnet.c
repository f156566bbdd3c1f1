/*
 * Telnet commands in a stream of bytes. Answers to our greeting are not
 * looked at: a client that refuses is as good a terminal as it can be.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "telnet.h"

enum { SE = 240, BRK = 243, SB = 250, WILL = 251, DONT = 254, IAC = 255 };
enum { OPT_ECHO = 1, OPT_SUPPRESS_GO_AHEAD = 3, OPT_LINEMODE = 34 };

const uint8_t telnet_greeting[] = {
    IAC, WILL, OPT_ECHO, IAC, WILL, OPT_SUPPRESS_GO_AHEAD, IAC, DONT, OPT_LINEMODE,
};
const size_t telnet_greeting_len = sizeof(telnet_greeting);

/* The byte after IAC. Returns whether it is data. */
static bool command(TelnetFilter *t, uint8_t byte, unsigned *breaks)
{
    t->state = byte >= WILL && byte <= DONT ? TELNET_OPTION : byte == SB ? TELNET_SUB : TELNET_DATA;
    *breaks += byte == BRK;
    return byte == IAC;
}

size_t telnet_filter(TelnetFilter *t, uint8_t *buf, size_t n, unsigned *breaks)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        bool data = false;

        switch (t->state) {
        case TELNET_DATA:
            data = buf[i] != IAC;
            t->state = data ? TELNET_DATA : TELNET_COMMAND;
            break;
        case TELNET_COMMAND:
            data = command(t, buf[i], breaks);
            break;
        case TELNET_OPTION:
            t->state = TELNET_DATA;
            break;
        case TELNET_SUB:
            t->state = buf[i] == IAC ? TELNET_SUB_COMMAND : TELNET_SUB;
            break;
        case TELNET_SUB_COMMAND:
            t->state = buf[i] == SE ? TELNET_DATA : TELNET_SUB;
            break;
        }
        if (data) {
            buf[kept++] = buf[i];
        }
    }
    return kept;
}
