/*
 * Lists of "tell me when": a Notifier is embedded in its owner.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_NOTIFY_H
#define UTIL_NOTIFY_H

#include "util/osdep.h"

typedef struct Notifier Notifier;
struct Notifier {
    void (*notify)(Notifier *n, void *data);
    Notifier *next, **pprev;
};
typedef struct NotifierList { Notifier *first; } NotifierList;

void notifier_list_add(NotifierList *list, Notifier *n);
void notifier_remove(Notifier *n);
void notifier_list_notify(NotifierList *list, void *data);

#endif
