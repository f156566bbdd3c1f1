/*
 * The qtest server: a test drives the machine through text commands.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SYSTEM_QTEST_H
#define SYSTEM_QTEST_H

#include "util/error.h"

bool qtest_server_start(const char *chardev_spec, const char *log_path, Error **errp);
void qtest_server_stop(void);

#endif
