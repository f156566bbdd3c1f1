/*
 * What the files of the NVMe controller share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_NVME_NVME_H
#define HW_NVME_NVME_H

#include <sys/uio.h>
#include "block/block.h"
#include "hw/core/qdev-properties.h"
#include "hw/pci/msi.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_sriov.h"
#include "nvme-regs.h"
#include "system/system.h"
#include "util/event_notifier.h"
#include "util/main-loop.h"

#define NVME_MAX_NAMESPACES     256
#define NVME_MAX_CONTROLLERS    256
#define NVME_SMART_SIZE         512

#define TYPE_NVME "nvme"
#define TYPE_NVME_BUS "nvme-bus"
#define TYPE_NVME_NS "nvme-ns"
#define TYPE_NVME_SUBSYS "nvme-subsys"
OBJECT_DECLARE_SIMPLE_TYPE(NvmeCtrl, NVME)
OBJECT_DECLARE_SIMPLE_TYPE(NvmeNamespace, NVME_NS)
OBJECT_DECLARE_SIMPLE_TYPE(NvmeSubsys, NVME_SUBSYS)

/* What the primary controller can give to secondary ones: queue pairs with their admin queue, and vectors. */
enum { NVME_VQ, NVME_VI, NVME_RESOURCES };

/* What the properties say about a medium, of a controller with drive= or of nvme-ns. */
typedef struct NvmeMedium {
    uint32_t logical_block_size, physical_block_size, min_io_size, opt_io_size, discard_granularity;
    OnOffAuto write_cache;
} NvmeMedium;
#define NVME_GRANULARITY_AUTO   UINT32_MAX

#define DEFINE_NVME_MEDIUM_PROPS(S, f) \
    DEFINE_PROP_SIZE32("logical_block_size", S, f.logical_block_size, 0), \
    DEFINE_PROP_SIZE32("physical_block_size", S, f.physical_block_size, 0), \
    DEFINE_PROP_SIZE32("min_io_size", S, f.min_io_size, 0), \
    DEFINE_PROP_SIZE32("opt_io_size", S, f.opt_io_size, 0), \
    DEFINE_PROP_SIZE32("discard_granularity", S, f.discard_granularity, NVME_GRANULARITY_AUTO), \
    DEFINE_PROP_ON_OFF_AUTO("write-cache", S, f.write_cache, ON_OFF_AUTO_AUTO)
#define NVME_NOT_IN_IDENTIFY    "No effect: the Identify data of the reference machine's controller does not tell it"
#define NVME_MEDIUM_DOCS \
    { "physical_block_size", NVME_NOT_IN_IDENTIFY }, { "min_io_size", NVME_NOT_IN_IDENTIFY }, { "opt_io_size", NVME_NOT_IN_IDENTIFY }, \
    { "discard_granularity", "Size and alignment of what is worth deallocating, 0: a logical block" }, \
    { "write-cache", "Off: writes are on the medium when they are answered, whatever the guest says; auto: as the drive has it" }

typedef struct NvmeSQ NvmeSQ;
typedef struct NvmeCQ NvmeCQ;

/* A stretch of guest memory that a command names; @bucket: data goes nowhere. */
typedef struct NvmeSeg { uint64_t addr, len; bool bucket; } NvmeSeg;

/* One command from being fetched to being answered. */
typedef struct NvmeRequest {
    NvmeSQ *sq;
    NvmeCmd cmd;
    NvmeNamespace *ns;
    uint32_t result;
    uint16_t status;
    GArray *segs;                       /* NvmeSeg */
    GArray *iov;                        /* struct iovec: guest memory itself, or all of it the bounce buffer */
    uint8_t *bounce;                    /* when some segment cannot be mapped, or the data is to be looked at */
    bool mapped_for_write;              /* into guest memory */
    uint64_t offset, bytes;             /* on the medium */
    unsigned outstanding;               /* parts of it the block layer has */
    int error;                          /* of the first part that failed; negative errno */
    bool flushed;                       /* the flush that follows a forced write is under way */
    struct NvmeRequest *next;           /* in a free list, or a queue of finished ones */
} NvmeRequest;

typedef struct NvmeDoorbell { EventNotifier notifier; bool active; } NvmeDoorbell;

struct NvmeSQ {
    NvmeCtrl *ctrl;
    NvmeCQ *cq;
    uint16_t id;
    uint32_t head, tail, size;
    uint64_t dma_addr;
    NvmeRequest *requests, *free;
    bool processing;                    /* the loop that fetches commands is on the stack */
    unsigned inflight;                  /* commands the block layer has */
    struct NvmeRequest *deleter;        /* Delete I/O Submission Queue waits for them */
    bool dead;                          /* the controller forgot the queue; freed with its last command */
    uint64_t shadow_addr, event_addr;   /* 0: no shadow doorbells */
    NvmeDoorbell doorbell;
};

struct NvmeCQ {
    NvmeCtrl *ctrl;
    uint16_t id, vector;
    uint32_t head, tail, size;
    uint8_t phase;
    bool irq_enabled;
    uint64_t dma_addr;
    unsigned users;                     /* submission queues */
    bool posting;                       /* the loop that writes entries is on the stack */
    NvmeRequest *done, **done_end;      /* finished, waiting for a free entry */
    QEMUBH *more;                       /* goes on when others had their turn */
    uint64_t shadow_addr, event_addr;
    NvmeDoorbell doorbell;
};

typedef struct NvmeNguid { uint8_t data[16]; } NvmeNguid;

struct NvmeNamespace {
    DeviceState parent_obj;
    NvmeCtrl *ctrl;                     /* on whose bus it is */
    BlockBackend *blk;
    bool share_rw;                      /* other devices write to the medium too */
    bool shared;                        /* all controllers of the subsystem see it */
    uint32_t nsid;                      /* 0 before one is chosen */
    uint64_t size;                      /* bytes */
    NvmeMedium medium;
    uint8_t block_shift;
    uint64_t eui64;
    bool eui64_default;
    NvmeNguid nguid;
    QemuUUID uuid;
};

struct NvmeSubsys {
    DeviceState parent_obj;
    char *nqn, *subnqn;                 /* as given; as controllers report it */
    NvmeCtrl *ctrls[NVME_MAX_CONTROLLERS];              /* by controller id */
    NvmeNamespace *namespaces[NVME_MAX_NAMESPACES + 1]; /* ids are the subsystem's; private ones too */
};

/* The controller memory buffer: memory in BAR 2, and where it is for the controller. */
typedef struct NvmeCmb {
    MemoryRegion mem;
    uint64_t msc;                       /* CMBMSC */
    bool shown;                         /* CMBLOC and CMBSZ do not read 0 */
    bool keep;                          /* a reset of the function is no reset of CMBMSC */
} NvmeCmb;

typedef enum NvmePlace { NVME_IN_HOST_MEMORY = 1, NVME_IN_CMB = 2, NVME_IN_BOTH = 3 } NvmePlace;

enum { NVME_EVENT_NOTICE = 2 };          /* 5.2 */
#define NVME_NS_ATTRIBUTE_NOTICES BIT(8) /* offered in OAES, asked for with the feature */
typedef struct NvmeEvent { uint8_t type, info, log; } NvmeEvent;

struct NvmeCtrl {
    PCIDevice parent_obj;
    MemoryRegion bar0, iomem;
    NvmeCmb cmb;
    BusState *bus;
    /* registers */
    uint64_t cap, asq, acq;
    uint32_t cc, csts, aqa, intms, irq_status;
    uint32_t page_size;
    /* queues by id; 0 is admin */
    NvmeSQ **sqs;
    NvmeCQ **cqs;
    NvmeNamespace *namespaces[NVME_MAX_NAMESPACES + 1];
    NvmeNamespace *own_ns;              /* from drive= of the controller */
    /* asynchronous events */
    NvmeRequest **aers;
    unsigned num_aers;
    GQueue events;                      /* NvmeEvent */
    uint32_t masked_events;             /* bit per type: reported, and its log not read yet */
    uint8_t changed_ns[NVME_MAX_NAMESPACES / 8 + 1];    /* bit per id: since the guest read that log */
    /* features */
    uint32_t arbitration, temperature[2], coalescing, async_config, num_queues;
    bool write_cache;
    uint64_t timestamp_base, timestamp_set;
    uint64_t dbbuf_dbs, dbbuf_eis;
    RAMWindow ram;                      /* where queues and data are */
    /* requests that stopped the machine (werror=stop) */
    GQueue stopped;
    VMChangeStateEntry *vmstate;
    /* Reset and shutdown wait for what the block layer has; no thread does. */
    unsigned inflight;
    unsigned busy;                      /* our own loops on the stack: DMA may reach our own registers */
    bool resetting;                     /* CC.EN fell: queues stand still until inflight is 0 */
    bool shutting_down;
    unsigned flushes;                   /* of the shutdown */
    uint64_t reads, writes, blocks_read, blocks_written;
    uint64_t medium_read, medium_written;       /* bytes that moved to and from the guest */
    uint8_t smart_warning, smart_seen;  /* from the property; with those we find, as last told */
    /* subsystem and virtualization */
    uint16_t cntlid;
    bool online;                        /* of a secondary controller */
    uint16_t assigned[NVME_RESOURCES];  /* flexible resources it has */
    uint16_t asked[NVME_RESOURCES];     /* of the primary: what it has after the next reset of its function */
    /* properties */
    BlockBackend *blk;
    bool share_rw;
    char *serial, *model, *firmware;
    uint32_t max_ioqpairs, num_queues_given, aer_max_queued, cmb_size_mb;
    NvmeMedium medium;                  /* of drive= */
    uint16_t msix_qsize, mqes;
    uint8_t mdts, aerl, vsl;
    bool dbcs, ioeventfd, use_intel_id, legacy_cmb, msix_exclusive_bar, ctratt_mem, ocp;
    int32_t bootindex;
    NvmeSubsys *subsys;
    uint16_t sriov_max_vfs, flexible[NVME_RESOURCES];
    uint32_t max_per_vf[NVME_RESOURCES];
};

static inline NvmeCtrl *nvme_ctrl_of(const NvmeRequest *req) { return req->sq->ctrl; }
/* As pci_dma_read and _write, for what is asked for with each command. */
static inline MemTxResult nvme_host_dma(NvmeCtrl *n, uint64_t addr, void *buf, uint64_t len, bool to_guest)
{
    return ram_window_rw(&n->ram, pci_get_address_space(&n->parent_obj), addr, pci_dma_attrs(&n->parent_obj), buf, len, to_guest);
}

/* nvme-cmb.c */
bool nvme_cmb_check(NvmeCtrl *n, Error **errp);
bool nvme_cmb_init(NvmeCtrl *n, Error **errp);
void nvme_cmb_reset(NvmeCtrl *n);
void nvme_cmb_load_registers(const NvmeCtrl *n, uint8_t *r);
void nvme_cmb_write_msc(NvmeCtrl *n, unsigned shift, uint32_t val);
/* Where @len bytes at @addr are for the controller; *@host is set for NVME_IN_CMB only. */
NvmePlace nvme_cmb_find(NvmeCtrl *n, uint64_t addr, uint64_t len, uint8_t **host);
MemTxResult nvme_cmb_dma(NvmeCtrl *n, uint64_t addr, void *buf, uint64_t len, bool to_guest);
/* Unmap it as guest memory. NULL: not all of it is there. */
void *nvme_cmb_map(NvmeCtrl *n, uint64_t addr, uint64_t len);
/* Queues are in one place; only submissions may be in the buffer. */
bool nvme_cmb_queue_allowed(NvmeCtrl *n, uint64_t addr, uint32_t entries, bool submissions);
/* Data of a command is in the buffer or outside, not both. */
bool nvme_cmb_data_allowed(NvmeRequest *req);

/* What the controller reads and writes: the host's memory or its own. */
static inline MemTxResult nvme_dma(NvmeCtrl *n, uint64_t addr, void *buf, uint64_t len, bool to_guest)
{
    return n->cmb_size_mb ? nvme_cmb_dma(n, addr, buf, len, to_guest) : nvme_host_dma(n, addr, buf, len, to_guest);
}

static inline uint32_t nvme_cq_next(const NvmeCQ *cq, uint32_t i) { return i + 1 == cq->size ? 0 : i + 1; }

/* nvme-queue.c */
NvmeSQ *nvme_sq_new(NvmeCtrl *n, uint16_t id, NvmeCQ *cq, uint32_t size, uint64_t addr);
NvmeCQ *nvme_cq_new(NvmeCtrl *n, uint16_t id, uint32_t size, uint64_t addr, uint16_t vector, bool irq_enabled);
void nvme_sq_retire(NvmeSQ *sq);
void nvme_cq_free(NvmeCQ *cq);
/* The block layer has, or has no longer, a command. */
void nvme_io_begin(NvmeRequest *req);
void nvme_io_end(NvmeSQ *sq);
/* Deletes @sq when nothing of it is under way, and answers @deleter then. */
void nvme_sq_delete(NvmeSQ *sq, NvmeRequest *deleter);
/* nvme-ctrl.c: where the MSI-X table and pending bits are in BAR 0, and how large that is */
typedef struct NvmeLayout { uint64_t table, pba, size; } NvmeLayout;     /* table is also the end of the registers */
NvmeLayout nvme_layout(uint32_t ioqpairs, uint32_t vectors);
/* As if CC.EN fell, and the registers of the admin queues go too. */
void nvme_stop(NvmeCtrl *n);
/* Carries out what waits for inflight and busy to be 0 */
void nvme_idle(NvmeCtrl *n);
void nvme_doorbell_write(NvmeCtrl *n, hwaddr offset, uint32_t val);
void nvme_complete(NvmeRequest *req, uint16_t status);
void nvme_irq_update(NvmeCtrl *n);
void nvme_queue_use_shadow(NvmeCtrl *n, NvmeSQ *sq, NvmeCQ *cq);

/* nvme-map.c: what a command's data pointer names. NVME_OK or a status. */
uint16_t nvme_map_data(NvmeRequest *req, uint64_t len, bool allow_sgl);
uint16_t nvme_copy(NvmeRequest *req, void *buf, uint64_t len, bool to_guest);
/* Makes req->iov, of guest memory or of a bounce buffer. */
void nvme_map_iov(NvmeRequest *req, uint64_t len, bool into_guest, bool bounce);
uint16_t nvme_unmap_iov(NvmeRequest *req, bool copy_back);

/* nvme-admin.c, nvme-io.c: start a command; they answer it themselves, now or later. */
void nvme_admin_command(NvmeRequest *req);
void nvme_io_command(NvmeRequest *req);
void nvme_io_restart(NvmeRequest *req);
/* nvme-identify.c */
uint16_t nvme_identify(NvmeRequest *req);
/* nvme-features.c */
uint16_t nvme_get_features(NvmeRequest *req);
uint16_t nvme_set_features(NvmeRequest *req);
void nvme_features_reset(NvmeCtrl *n);
/* nvme-smart.c */
void nvme_smart_fill(const NvmeCtrl *n, uint8_t *log);
void nvme_smart_update(NvmeCtrl *n);            /* a critical warning may have come or gone */
void nvme_smart_class_init(ObjectClass *klass);
/* nvme-log.c */
uint16_t nvme_get_log(NvmeRequest *req);
/* nvme-admin.c */
void nvme_event(NvmeCtrl *n, uint8_t type, uint8_t info, uint8_t log);
bool nvme_event_pending(const NvmeCtrl *n, uint8_t type);      /* told and not looked at, or about to be told */
/* The namespace is another than Identify said: for the log, and an event when the guest wants one. */
void nvme_namespace_changed(NvmeCtrl *n, uint32_t nsid);
void nvme_events_clear(NvmeCtrl *n);
void nvme_events_deliver(NvmeCtrl *n);
/* nvme-ns.c */
bool nvme_ns_attach(NvmeCtrl *n, NvmeNamespace *ns, Error **errp);
void nvme_ns_detach(NvmeNamespace *ns);
/* nvme-subsys.c */
bool nvme_subsys_join(NvmeCtrl *n, Error **errp);         /* without one: nothing to do */
void nvme_subsys_leave(NvmeCtrl *n);
void nvme_subsys_list_controllers(const NvmeSubsys *s, uint32_t nsid, uint16_t first, uint8_t *list);
/* nvme-virt.c: primary and secondary controllers */
bool nvme_is_secondary(const NvmeCtrl *n);
uint32_t nvme_ioqpairs(const NvmeCtrl *n);                /* those it may use now */
uint32_t nvme_vectors(const NvmeCtrl *n);
bool nvme_virt_check(NvmeCtrl *n, Error **errp);
void nvme_virt_inherit(NvmeCtrl *n);
bool nvme_virt_init_pci(NvmeCtrl *n, Error **errp);
void nvme_virt_controller_reset(NvmeCtrl *n);
void nvme_virt_function_reset(NvmeCtrl *n);
uint16_t nvme_virt_management(NvmeRequest *req);
void nvme_virt_fill_capabilities(NvmeCtrl *n, uint8_t *data);
void nvme_virt_fill_secondaries(NvmeCtrl *n, uint16_t first, uint8_t *data);

#endif
