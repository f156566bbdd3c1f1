/*
 * What the files of the SMMUv3 share: the device's state and the seam between
 * its programming interface (registers, queues) and what carries out
 * translation, the emulated model or a physical SMMU.
 *
 * Locks: machine lock, then SMMUv3State.lock. MMIO, commands and host calls run
 * under the second alone, on the vCPU thread that wrote the register. Guest
 * memory is read with MemTxAttrs.memory set, so no other device is ever
 * entered with the lock held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ARM_SMMUV3_INTERNAL_H
#define HW_ARM_SMMUV3_INTERNAL_H

#include "hw/arm/smmuv3.h"
#include "hw/arm/smmuv3-regs.h"
#include "hw/arm/smmu-walk.h"
#include "hw/pci/pci.h"
#include "util/main-loop.h"
#include "util/options.h"

#define SMMU_CMDQS      19
#define SMMU_EVENTQS    19
#define SMMU_PRIQS      19
#define SMMU_SIDSIZE    16
#define SMMU_RUN_MAX    4096            /* commands fetched at once: one guest run, nearly always */

/* "oas" and "ssidsize" hold AUTO or the number of bits. */
enum { SMMU_AUTO = -1 };

enum { SMMU_IRQ_EVENTQ, SMMU_IRQ_PRIQ, SMMU_IRQ_CMD_SYNC, SMMU_IRQ_GERROR, SMMU_NUM_IRQS };

typedef struct SMMUQueue {
    uint64_t base;
    uint32_t prod, cons;
} SMMUQueue;

typedef struct SMMUMsiCfg {
    uint64_t addr;
    uint32_t data, attr;
} SMMUMsiCfg;

/* A message on its way to a doorbell; its failure sets a bit of GERROR. */
typedef struct SMMUMsi {
    uint64_t addr;
    uint32_t data, abort_bit;
} SMMUMsi;
#define SMMU_MSIS_WAITING 8

/* An event before it is encoded; `ipa` is the fetch address for the *_FETCH and EABT kinds. */
typedef struct SMMUEvent {
    SMMUEventType type;
    uint32_t sid, ssid;
    bool ssv, rnw, ind, pnu, s2;
    bool mergeable;                     /* STE.MEV: one record may stand for several alike */
    uint8_t class;
    uint64_t addr, ipa;
} SMMUEvent;

/* A device asks for a page. */
typedef struct SMMUPageRequest {
    uint32_t sid, ssid;
    bool ssv, priv, exec, read, write, last;
    uint16_t prg;
    uint64_t addr;
} SMMUPageRequest;
/* What became of it: in the guest's queue; no room (the device may ask again); refused. */
typedef enum SMMUPriOutcome { SMMU_PRI_QUEUED, SMMU_PRI_OVERFLOW, SMMU_PRI_REFUSED } SMMUPriOutcome;

/* A stream table entry, decoded. Fields of a stage that Config does not select are not looked at. */
typedef struct SMMUSte {
    bool valid;
    uint8_t config, s1fmt, s1cdmax, s1dss, eats, strw, privcfg, instcfg;
    bool mev;
    uint64_t ctxptr;
    /* stage 2 */
    uint16_t vmid;
    uint8_t s2t0sz, s2granule, s2start, s2oas;
    bool s2affd, s2ptw, s2record;
    uint64_t s2ttb;
} SMMUSte;

/* What is to be done with a stream's (and substream's) transactions. */
typedef enum SMMUDisposal { SMMU_ABORT, SMMU_BYPASS, SMMU_TRANSLATE, SMMU_FAULT } SMMUDisposal;
typedef struct SMMUConfig {
    SMMUDisposal disposal;
    SMMUContext ctx;
    uint8_t eats;
    bool mev;
    SMMUEvent evt;                      /* when disposal is FAULT: all but the address */
} SMMUConfig;

typedef struct SMMUv3State SMMUv3State;
typedef struct SMMUv3Accel SMMUv3Accel;
typedef struct SMMUv3Emul SMMUv3Emul;

/* Who translates. All with the vSMMU lock held. */
typedef struct SMMUv3Engine {
    const PCIIOMMUOps *pci_ops;
    /* The STEs of StreamIDs first..last, and all below them, may have changed. */
    void (*cfgi_ste)(SMMUv3State *s, uint32_t first, uint32_t last);
    /* A checked CFGI_CD*, TLBI* or ATC_INV; may be kept back until flush. */
    void (*invalidate)(SMMUv3State *s, const uint64_t cmd[CMD_WORDS]);
    /* Everything kept back is done now. False: an invalidation was not answered. */
    bool (*flush)(SMMUv3State *s);
    bool flush_is_free;                 /* then each CMD_SYNC finds out by itself whether all was answered */
    /* SMMUEN, GBPA or the stream table's place changed. */
    void (*config_changed)(SMMUv3State *s);
    void (*reset)(SMMUv3State *s);
    /* CMD_PRI_RESP, CMD_RESUME, CMD_STALL_TERM; only if IDR0 offers them. May be kept back until flush. */
    void (*respond)(SMMUv3State *s, const uint64_t cmd[CMD_WORDS]);
    /* A queue towards the guest was switched on or off, or has room again. May be NULL. */
    void (*queues_changed)(SMMUv3State *s);
} SMMUv3Engine;

typedef struct SMMUv3Stats {
    uint64_t runs, commands, events, events_lost, events_merged, page_requests, page_requests_lost;
    uint64_t faults[SMMU_EVT__MAX];     /* by kind, told to the guest or not */
} SMMUv3Stats;

struct SMMUv3State {
    SysBusDevice parent_obj;
    /* properties */
    PCIBus *primary_bus;
    MemoryRegion *memory, *secure_memory;
    bool accel, smmu_per_bus, x_ats, x_stall;
    OnOffAuto ats, cmdqv, ril, x_pri;
    int oas, ssidsize;
    uint8_t x_oas, x_ssidsize;
    uint64_t msi_gpa;
    char *stage;
    uint8_t bus_num, identifier;

    MemoryRegion iomem, cmdqv_mmio, cmdqv_vintf;
    qemu_irq irq[SMMU_NUM_IRQS];
    AddressSpace *as, own_as;
    const SMMUv3Engine *engine;
    SMMUv3Accel *accel_state;
    SMMUv3Emul *emul;
    int listeners;                      /* atomic: regions with notifiers */

    GMutex lock;                        /* guards all below, and the engine's state */
    uint32_t idr[6], iidr, aidr;
    uint32_t cr0, cr1, cr2, gbpa, irq_ctrl, gerror, gerrorn, strtab_base_cfg;
    uint64_t strtab_base;
    SMMUQueue cmdq, eventq, priq;
    SMMUMsiCfg msi_gerror, msi_eventq, msi_priq;
    SMMUMsi msis_waiting[SMMU_MSIS_WAITING];
    unsigned nr_msis_waiting;
    QEMUBH *msi_bh;
    bool sync_failed;                   /* the next CMD_SYNC reports it */
    uint64_t last_event[EVT_WORDS];     /* in the queue, if merging it is allowed; else zero */
    SMMUv3Stats stats;
    uint8_t cmd_buf[SMMU_RUN_MAX * CMD_SIZE];
};

static inline bool smmuv3_enabled(const SMMUv3State *s) { return FIELD_EX32(s->cr0, CR0, SMMUEN); }
static inline bool smmuv3_has_s1(const SMMUv3State *s) { return FIELD_EX32(s->idr[0], IDR0, S1P); }
static inline bool smmuv3_has_s2(const SMMUv3State *s) { return FIELD_EX32(s->idr[0], IDR0, S2P); }
static inline bool smmuv3_has_ats(const SMMUv3State *s) { return FIELD_EX32(s->idr[0], IDR0, ATS); }
static inline bool smmuv3_has_pri(const SMMUv3State *s) { return FIELD_EX32(s->idr[0], IDR0, PRI); }
static inline bool smmuv3_can_stall(const SMMUv3State *s) { return FIELD_EX32(s->idr[0], IDR0, STALL_MODEL) == 0; }
static inline bool smmuv3_has_msi(const SMMUv3State *s) { return FIELD_EX32(s->idr[0], IDR0, MSI); }
static inline unsigned smmuv3_ssidsize(const SMMUv3State *s) { return FIELD_EX32(s->idr[1], IDR1, SSIDSIZE); }
static inline unsigned smmuv3_oas(const SMMUv3State *s) { return smmu_oas_bits(FIELD_EX32(s->idr[5], IDR5, OAS)); }

/* smmuv3.c */
const char *smmuv3_name(SMMUv3State *s);                    /* id or path, for messages */
/* Little-endian words at @addr of guest RAM; false: not (only) RAM. */
bool smmuv3_read_words(SMMUv3State *s, uint64_t addr, uint64_t *words, unsigned n);

/* smmuv3-cmdq.c */
void smmuv3_cmdq_run(SMMUv3State *s);                       /* drops and retakes the lock between runs */

/* smmuv3-eventq.c */
unsigned smmuv3_queue_log2size(const SMMUQueue *q, unsigned max);
void smmu_event_encode(const SMMUEvent *evt, uint64_t rec[EVT_WORDS]);
void smmuv3_event_record(SMMUv3State *s, const SMMUEvent *evt);
/* @n records as they are; for those the host made. */
void smmuv3_event_push(SMMUv3State *s, const uint64_t (*rec)[EVT_WORDS], unsigned n);
void smmuv3_event_mark_lost(SMMUv3State *s);
void smmuv3_count_fault(SMMUv3State *s, unsigned type);     /* for statistics; who records an event need not */
/* Would a record be stored now? Those of stalled transactions wait. */
bool smmuv3_event_room(const SMMUv3State *s);
void smmuv3_notify(SMMUv3State *s, unsigned irq, const SMMUMsiCfg *msi, uint32_t abort_bit);
void smmuv3_gerror_raise(SMMUv3State *s, uint32_t bit);
void smmuv3_deliver_msis(void *opaque);                     /* the bottom half behind it */
void smmuv3_send_msi(SMMUv3State *s, uint64_t addr, uint32_t data, uint32_t abort_bit);

/* smmuv3-priq.c */
void smmu_page_request_encode(const SMMUPageRequest *r, uint64_t rec[PRI_WORDS]);
SMMUPriOutcome smmuv3_page_request(SMMUv3State *s, const SMMUPageRequest *r);

/* smmuv3-config.c; `SMMU_EVT_NONE` is success. */
SMMUEventType smmu_ste_decode(const SMMUv3State *s, const uint64_t w[STE_WORDS], SMMUSte *ste);
/* Finds and reads the STE of @sid. On failure @fetch is the address that could not be read. */
SMMUEventType smmu_cd_decode(const SMMUv3State *s, const uint64_t w[CD_WORDS], SMMUContext *ctx);
/* The configuration of one (StreamID, SubstreamID); without a SubstreamID @ssv is false. SMMUEN is on. */
void smmuv3_config_fetch(SMMUv3State *s, uint32_t sid, bool ssv, uint32_t ssid, SMMUConfig *cfg);
SMMUReader smmuv3_reader(SMMUv3State *s);
SMMUEventType smmuv3_ste_fetch(SMMUv3State *s, uint32_t sid, uint64_t w[STE_WORDS], uint64_t *fetch);

/* smmuv3-emul.c */
bool smmuv3_emul_realize(SMMUv3State *s, Error **errp);
void smmuv3_emul_unrealize(SMMUv3State *s);

/* smmuv3-accel*.c */
#ifdef CONFIG_ARM_SMMUV3_ACCEL
bool smmuv3_accel_realize(SMMUv3State *s, Error **errp);
void smmuv3_accel_unrealize(SMMUv3State *s);
/* The guest is about to read an ID register: what it says now stays. */
void smmuv3_accel_freeze(SMMUv3State *s);
MemoryRegion *smmuv3_accel_cmdqv_region(SMMUv3State *s);
void smmuv3_accel_cmdqv_connect(SMMUv3State *s, qemu_irq irq);
#else
static inline bool smmuv3_accel_realize(SMMUv3State *s, Error **errp)
{
    error_setg(errp, "arm-smmuv3: accel=on support not compiled in (CONFIG_ARM_SMMUV3_ACCEL)");
    return false;
}
static inline void smmuv3_accel_unrealize(SMMUv3State *s) { }
static inline void smmuv3_accel_freeze(SMMUv3State *s) { }
static inline MemoryRegion *smmuv3_accel_cmdqv_region(SMMUv3State *s) { return NULL; }
static inline void smmuv3_accel_cmdqv_connect(SMMUv3State *s, qemu_irq irq) { }
#endif

#endif
