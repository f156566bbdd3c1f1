/*
 * Notifier lists; a notifier may remove itself while it is being told.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/notify.h"

void notifier_list_add(NotifierList *list, Notifier *n)
{
    n->next = list->first;
    n->pprev = &list->first;
    if (n->next) {
        n->next->pprev = &n->next;
    }
    list->first = n;
}

void notifier_remove(Notifier *n)
{
    if (!n->pprev) {
        return;
    }
    *n->pprev = n->next;
    if (n->next) {
        n->next->pprev = n->pprev;
    }
    n->next = NULL;
    n->pprev = NULL;
}

void notifier_list_notify(NotifierList *list, void *data)
{
    for (Notifier *n = list->first, *next; n; n = next) {
        next = n->next;
        n->notify(n, data);
    }
}
