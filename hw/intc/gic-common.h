/*
 * The shape every GIC shares: properties, wires in, MMIO regions to place.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_INTC_GIC_COMMON_H
#define HW_INTC_GIC_COMMON_H

#include "hw/core/qdev-properties.h"
#include "hw/core/sysbus.h"
#include "hw/intc/arm_gicv3.h"
#include "util/notify.h"

#define GIC_INTERNAL_IRQS       32      /* SGIs and PPIs: INTIDs 0..31 */
#define GIC_DIST_SIZE           0x10000
#define GICV2_DIST_SIZE         0x1000
#define GICV2_CPU_SIZE          0x2000
#define GICV3_REDIST_SIZE       0x20000
#define GIC_MAX_REDIST_REGIONS  4
#define ITS_SIZE                0x20000
#define ITS_TRANSLATER_FRAME    0x10000
#define GITS_TRANSLATER         0x40    /* in that frame */

#define TYPE_GIC_COMMON "arm-gic-common"
OBJECT_DECLARE_SIMPLE_TYPE(GICState, GIC_COMMON)

struct GICState {
    SysBusDevice parent_obj;
    uint32_t num_cpu, num_irq, revision;
    unsigned num_redist_regions;
    unsigned redist_count[GIC_MAX_REDIST_REGIONS];
    MemoryRegion dist;
    MemoryRegion regions[GIC_MAX_REDIST_REGIONS];   /* redistributors, or [0] the v2 CPU interface */
    uint8_t *level;                     /* of every wire, as last driven */
    int fd;                             /* the kernel's GIC; -1: none */
    bool used;                          /* the guest may have changed the kernel's state since it was made */
    Notifier machine_done;
};

static inline unsigned gic_num_spis(const GICState *s) { return s->num_irq - GIC_INTERNAL_IRQS; }

/*
 * Checks the properties, makes wires (SPIs, then 32 per CPU) and regions.
 * @dist_ops: what reads of the distributor answer; NULL: the kernel answers.
 */
bool gic_common_realize(GICState *s, qemu_irq_handler handler, const MemoryRegionOps *dist_ops, Error **errp);
void gic_common_unrealize(GICState *s);

#define TYPE_ITS_COMMON "arm-its-common"
OBJECT_DECLARE_SIMPLE_TYPE(ITSState, ITS_COMMON)
struct ITSState {
    SysBusDevice parent_obj;
    GICState *gic;
    MemoryRegion frame, translater;
    int fd;
    Notifier machine_done;
};
bool its_common_realize(ITSState *s, const MemoryRegionOps *translater_ops, Error **errp);

#endif
