/*
 * One interrupt wire: whoever drives it calls qemu_set_irq, whoever receives
 * it gave the handler. NULL is a wire that goes nowhere.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CORE_IRQ_H
#define HW_CORE_IRQ_H

#include "util/osdep.h"

typedef void (*qemu_irq_handler)(void *opaque, int n, int level);
typedef struct IRQState {
    qemu_irq_handler handler;
    void *opaque;
    int n;
} *qemu_irq;

qemu_irq qemu_allocate_irq(qemu_irq_handler handler, void *opaque, int n);
void qemu_free_irq(qemu_irq irq);
static inline void qemu_set_irq(qemu_irq irq, int level)
{
    if (irq) {
        irq->handler(irq->opaque, irq->n, level);
    }
}
static inline void qemu_irq_raise(qemu_irq irq) { qemu_set_irq(irq, 1); }
static inline void qemu_irq_lower(qemu_irq irq) { qemu_set_irq(irq, 0); }
static inline void qemu_irq_pulse(qemu_irq irq) { qemu_set_irq(irq, 1); qemu_set_irq(irq, 0); }
/* qtest: puts @handler in front of @irq; the old receiver is not called any more. */
void qemu_irq_intercept(qemu_irq irq, qemu_irq_handler handler, void *opaque, int n);

#endif
