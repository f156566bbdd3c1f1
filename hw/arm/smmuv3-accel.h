/*
 * accel=on: what its files share.
 *
 *     vSMMU ── vIOMMU ── stage 2 (of this vSMMU alone: its own VMID)
 *       │        ├── table: bypass, abort, one per distinct guest STE
 *       │        ├── vDEVICE: a device's StreamID in the guest
 *       │        ├── vEVENTQ
 *       │        └── hardware command queues, and a page with their registers (cmdqv)
 *       ├── fault queue: page requests of devices whose tables name it
 *       └── group (of the host's IOMMU) ── devices
 *
 * A host group is attached as one: its table is the one all its streams agree
 * on, and abort when they do not.
 *
 * All of it is guarded by the vSMMU lock; adding and removing devices holds
 * the machine lock too.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ARM_SMMUV3_ACCEL_H
#define HW_ARM_SMMUV3_ACCEL_H

#include <linux/iommufd.h>
#include "hw/arm/smmuv3-internal.h"
#include "backends/host_iommu_device.h"
#include "backends/iommufd.h"
#include "util/main-loop.h"

#define ACCEL_EVENTQ_DEPTH 4096         /* until the guest has an event queue */
#define ACCEL_EVENTQ_LEAST 64
#define ACCEL_FAULTS_MAX   1024         /* groups of page requests that wait for the guest */
#define ACCEL_ANSWERS_MAX  64

/* What a guest's configuration asks for one stream. */
typedef enum AccelWant { ACCEL_ABORT, ACCEL_BYPASS, ACCEL_TRANSLATE } AccelWant;

/* A nested page table: what the kernel made of the two words of an STE. */
typedef struct AccelTable {
    uint64_t ste[2];
    bool faults;                        /* its devices' page requests come to the fault queue */
    uint32_t hwpt_id;
    unsigned users;                     /* groups attached */
} AccelTable;

typedef struct AccelGroup {
    uint32_t host_group;
    GPtrArray *devs;                    /* AccelDev */
    uint32_t attached;                  /* page table id; 0: none, DMA is blocked */
    AccelTable *table;                  /* when that is one of `tables` */
    bool dirty;
    bool conflict;                      /* its streams want unlike things; not reported yet */
} AccelGroup;

typedef struct AccelDev {
    PCIBus *bus;
    int devfn;
    HostIOMMUDevice *hiod;
    AccelGroup *group;
    uint32_t sid;                       /* the guest's RID now */
    uint32_t vdev_id, vdev_sid;         /* 0: none */
    bool dirty;                         /* its STE is to be read again */
    AccelWant want;
    uint64_t ste[2];                    /* masked, when want is TRANSLATE */
    uint64_t installs;
    /* statistics */
    uint64_t commands, events, faults;
    char *last_error;
} AccelDev;

/* A group of page requests, or a stalled transaction, that the host waits to have answered. */
typedef struct AccelFault {
    AccelDev *dev;
    uint32_t cookie, sid;
    uint16_t id;                        /* PRG index or STAG */
    bool stall, shown;                  /* a stall is shown when the event queue has room */
    uint64_t rec[EVT_WORDS];            /* how, if it is a stall */
} AccelFault;

/* A Tegra241 command queue as the guest set it up. */
typedef struct CmdqvQueue {
    uint64_t base;
    uint32_t alloc;
    uint32_t regs[6];                   /* of page 0, by offset / 4, while they are not the hardware's */
    uint32_t hw_id;                     /* 0: not on the host */
    bool refused;                       /* by the host, as it is set up now */
} CmdqvQueue;
#define CMDQV_MAX_QUEUES 128

typedef struct AccelCmdqv {
    /* what the guest sees */
    bool on, decided;                   /* decided: the machine described it, or described that there is none */
    uint8_t version, log2queues;
    uint32_t config, vintf_config;
    uint64_t int_mask;
    CmdqvQueue queues[CMDQV_MAX_QUEUES];
    qemu_irq irq;                       /* NULL: the machine had none left */
    bool made;                          /* the regions in SMMUv3State */
    /* the host's side */
    unsigned streams;                   /* StreamIDs its hardware replaces */
    uint8_t *page;                      /* our place for the vIOMMU's page; empty memory while there is none */
    bool mapped, direct;                /* the vIOMMU's page is there; the guest has it */
    uint32_t veventq_id;
    int veventq_fd;
    unsigned veventq_errors;
    bool warned;
} AccelCmdqv;

struct SMMUv3Accel {
    SMMUv3State *s;
    IOMMUFDBackend *be;                 /* NULL: no device yet, no host object exists */
    char *first;                        /* name of the device that chose the physical SMMU */
    uint32_t ioas_id, first_s2;         /* as vfio gave them: the latter tells physical SMMUs apart */
    uint32_t s2_id, viommu_id, bypass_id, abort_id, veventq_id;
    bool own_s2;
    int veventq_fd;
    uint32_t veventq_seq;               /* of the last record */
    unsigned veventq_depth, veventq_errors;
    QEMUBH *resize_bh;                  /* the guest's event queue changed: ours follows in the main thread */
    /* page requests */
    uint32_t fault_id;                  /* 0: the host offers none */
    int fault_fd;
    unsigned fault_errors;
    size_t fault_room;                  /* records that fit in fault_buf */
    struct iommu_hwpt_pgfault *fault_buf;
    GArray *faults;                     /* AccelFault */
    unsigned n_answers;
    struct iommu_hwpt_page_response answers[ACCEL_ANSWERS_MAX];
    GPtrArray *devs, *groups;
    GHashTable *by_sid;                 /* AccelDev by the StreamID of its vDEVICE */
    GHashTable *tables;                 /* AccelTable by its STE words */
    bool any_dirty;
    struct QEMUTimer *conflict_timer;
    AccelCmdqv cmdqv;
    /* capabilities */
    HostSMMUv3Info host;
    bool frozen, resolved;
    /* emulated bridges behind us send only MSIs */
    MemoryRegion msi_window;
    AddressSpace bridge_as;
    /* statistics */
    uint64_t host_calls, host_commands, host_errors;
    char *last_error;
    /* guest invalidations on their way down */
    unsigned n_batch;
    bool behind;                        /* the host did not take invalidations: catch up before anything translates */
    struct iommu_viommu_arm_smmuv3_invalidate batch[SMMU_RUN_MAX];
};

/* smmuv3-accel.c: all but the questions to machine and bus. */
bool accel_setup(SMMUv3State *s, Error **errp);

/* smmuv3-accel-caps.c */
void accel_caps_init(SMMUv3Accel *a);
/* Takes automatic values from @hiod's host SMMU if they are still open, then checks that it offers what the guest was told. */
bool accel_caps_adopt(SMMUv3Accel *a, HostIOMMUDevice *hiod, Error **errp);
void accel_caps_reopen(SMMUv3Accel *a);
void accel_caps_device_gone(SMMUv3Accel *a);

/* Nothing of the command queues after all, although the host has them. */
void accel_caps_without_cmdqv(SMMUv3Accel *a);

/* smmuv3-accel-cmdqv-host.c */
/* Takes them from @hiod's host SMMU if that is @open, then checks that it offers what the guest was told. */
bool accel_cmdqv_adopt(SMMUv3Accel *a, const HostIOMMUDevice *hiod, bool open, Error **errp);
void accel_cmdqv_reopen(SMMUv3Accel *a);
unsigned accel_cmdqv_queue_bits(void);
/* Makes the vIOMMU, one with command queues, and those the guest set up. */
bool accel_cmdqv_start(SMMUv3Accel *a, uint32_t dev_id, Error **errp);
void accel_cmdqv_stop(SMMUv3Accel *a);
void accel_cmdqv_reset(SMMUv3Accel *a);
void accel_cmdqv_free(SMMUv3Accel *a);
/* smmuv3-accel-cmdqv.c */
/* For query-smmu: NULL when the guest has none. */
json_t *accel_cmdqv_query(SMMUv3Accel *a);

/* smmuv3-accel-ste.c */
void accel_refresh_sids(SMMUv3Accel *a);
void accel_mark(SMMUv3Accel *a, uint32_t first, uint32_t last);
void accel_context_changed(SMMUv3Accel *a, uint32_t sid);
void accel_apply(SMMUv3Accel *a);
/* Puts @g where its streams want it; on failure it ends on abort. */
void accel_group_settle(SMMUv3Accel *a, AccelGroup *g);
/* No more of what it had: abort, an event for each stream, until the guest configures it again. */
void accel_group_fail(SMMUv3Accel *a, AccelGroup *g);
bool accel_group_attach(SMMUv3Accel *a, AccelGroup *g, uint32_t hwpt_id, AccelTable *t, Error **errp);
void accel_conflicts_due(void *opaque);
void accel_evaluate(SMMUv3Accel *a, AccelDev *d);
void accel_table_put(SMMUv3Accel *a, AccelTable *t);
void accel_vdev_free(SMMUv3Accel *a, AccelDev *d);
void accel_note_error(SMMUv3Accel *a, Error *err);      /* takes it */

/* smmuv3-accel-inval.c */
/* Its slot's device as the guest sees it; NULL while there is none. */
static inline const PCIDevice *accel_pci_device(const AccelDev *d) { return d->bus->devices[d->devfn]; }

AccelDev *accel_dev_by_sid(SMMUv3Accel *a, uint32_t sid);
void accel_invalidate(SMMUv3Accel *a, const uint64_t cmd[CMD_WORDS]);
void accel_queue_cd_all(SMMUv3Accel *a, uint32_t sid);
bool accel_batch_flush(SMMUv3Accel *a);
bool accel_catch_up(SMMUv3Accel *a, Error **errp);
void accel_invalidate_all(SMMUv3Accel *a);

/* smmuv3-accel-event.c */
void accel_events_start(SMMUv3Accel *a);
void accel_events_stop(SMMUv3Accel *a);
void accel_events_drop(SMMUv3Accel *a);
/* A read of @fd gave @r. A few failures in a row are tried again; more, and the host is not asked any more. */
void accel_read_done(SMMUv3Accel *a, int fd, ssize_t r, unsigned *errors, const char *lost);
/* Is the kernel's event queue as long as the guest's? If not, accel_events_resize() in the main thread makes it so. */
bool accel_events_fit(const SMMUv3Accel *a);
void accel_events_resize(void *opaque);
/* Pure: what one read gave, into records; returns how many, sets *lost. *seq: of the record before, ACCEL_SEQ_NONE before the first. */
#define ACCEL_SEQ_NONE INT32_MAX
unsigned accel_events_parse(const void *buf, size_t n, uint32_t *seq, uint64_t (*rec)[EVT_WORDS], bool *lost);

/* smmuv3-accel-fault.c */
void accel_faults_start(SMMUv3Accel *a, const HostIOMMUDevice *hiod);
void accel_faults_stop(SMMUv3Accel *a);
/* Are page requests of @d brought to the guest while it translates? */
bool accel_faults_wanted(const SMMUv3Accel *a, const AccelDev *d);
/* The host answered for @d, its table is another now. */
void accel_faults_forget(SMMUv3Accel *a, const AccelDev *d);
void accel_faults_refuse_all(SMMUv3Accel *a);
void accel_faults_show(SMMUv3Accel *a);
/* CMD_PRI_RESP, CMD_RESUME, CMD_STALL_TERM; kept back until accel_answers_flush(). */
void accel_respond(SMMUv3Accel *a, const uint64_t cmd[CMD_WORDS]);
void accel_answers_flush(SMMUv3Accel *a);

#endif
