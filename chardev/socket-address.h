/*
 * Where a socket is: a path, or a host and port. Making sockets that listen
 * there or are connected to it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CHARDEV_SOCKET_ADDRESS_H
#define CHARDEV_SOCKET_ADDRESS_H

#include "util/error.h"

typedef struct SocketAddress {
    bool is_unix, abstract, tight, server;
    char *path, *host, *port;
} SocketAddress;

/* "unix:PATH,server=on" and so on, as query-chardev prints it. */
char *socket_address_text(const SocketAddress *s);
/* What address the socket @fd has, from the kernel. */
void socket_address_learn(SocketAddress *s, int fd);
void socket_address_clear(SocketAddress *s);
/* A descriptor, or -1. */
int socket_listen(const SocketAddress *s, Error **errp);
/* @wait: until it is connected; else it may still be connecting. */
int socket_connect(const SocketAddress *s, bool wait, Error **errp);

#endif
