/*
 * A host for tests: /dev/iommu, VFIO devices and physical SMMUs, answered in
 * this process as Linux 7.2 answers (docs/devel/iommufd.md), through the seam
 * IOMMUFDOps. Built only with --enable-hostsim.
 *
 *   sim-object.c   iommufd objects: ids, who holds whom, destroy
 *   sim-iommufd.c  the ioctls of /dev/iommu
 *   sim-ioas.c     I/O address spaces: areas, reserved windows, pinning
 *   sim-ioas-calls.c  their ioctls, and those of the whole file
 *   sim-dirty.c    which pages devices wrote
 *   sim-nest.c     vIOMMU, vDEVICE, nested tables, invalidations
 *   sim-event.c    files that events come through; vEVENTQs
 *   sim-fault.c    fault queues: page requests and responses
 *   sim-cmdqv.c    Tegra241 command queues that guests ring themselves
 *   sim-vfio.c     VFIO devices: bind, attach, groups, regions, reset
 *   sim-irq.c      their interrupts
 *   sim-walk.c     stage 1 of the guest: CD and tables
 *   sim-dma.c      what a device's DMA does: stream, stage 1, stage 2, faults, ATC
 *   sim-model.c    our own device models as host devices
 *   sim-sysfs.c    the little of sysfs that vfio-pci reads, in a temporary directory
 *   hostsim.c      the seam, the injector, setting up
 *   hostsim-object.c   -object x-hostsim: the description; hardware acts
 *   hostsim-inspect.c  QMP x-hostsim-*: what there is
 *
 * Called under the machine lock or, for invalidations, with the simulator's
 * own mutex; both take it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_HOSTSIM_H
#define TESTS_HOSTSIM_H

#include <linux/iommufd.h>
#include <linux/vfio.h>
#include "backends/iommufd.h"
#include "util/bits.h"

#define SIM_MSI_BASE 0x08000000ULL
#define SIM_MSI_LAST 0x080fffffULL
#define SIM_PAGE     4096ULL
#define SIM_REGION_SHIFT 40
#define SIM_MAX_MSIX 32
#define SIM_BAR0_SIZE 0x4000
#define SIM_QUEUE_LIMIT (1U << 19)

typedef struct SimContext SimContext;
typedef struct SimObject SimObject;
typedef struct SimDevice SimDevice;

typedef struct SimSMMU {
    char *name;
    HostSMMUv3Info info;
    bool nesting, s2fwb, cmdqv, httu;
    unsigned vcmdqs_log2, vsids_log2;   /* of a VINTF: queues, StreamIDs it replaces */
    unsigned vintfs;                    /* not taken yet */
    uint64_t contiguous;                /* host memory is contiguous in stretches of this; 0: all of it */
    unsigned oas;
    uint32_t next_vmid;
    bool caches;                        /* keeps descriptors and translations until it is told otherwise */
    GArray *tlb;                        /* SimLeaf, oldest first */
} SimSMMU;

typedef struct SimGroup {
    uint32_t id;
    GPtrArray *members;                 /* SimDevice: all the host has there */
    unsigned attached;                  /* members VFIO attached */
    SimObject *hwpt;                    /* what they are attached to */
    SimContext *owner;
    unsigned bound;
} SimGroup;

typedef struct SimArea {
    uint64_t iova, length;
    uint8_t *va;                        /* NULL: a file */
    int fd;                             /* -1, or our own duplicate */
    uint64_t start;
    void *file_map;                     /* for DMA through a file */
    bool readonly, pinned;
    unsigned locks;                     /* hardware queues in it */
} SimArea;

typedef enum SimType {
    SIM_FREE, SIM_TOMBSTONE, SIM_DEVICE, SIM_IOAS, SIM_PAGING, SIM_NESTED, SIM_VIOMMU, SIM_VDEVICE, SIM_VEVENTQ, SIM_FAULT,
    SIM_HWQUEUE, SIM_ACCESS, SIM__TYPES
} SimType;

struct SimObject {
    SimType type;
    uint32_t id;
    unsigned users;                     /* beside the id itself */
    SimContext *ctx;
    SimObject *parent;                  /* IOAS of a paging table, stage 2 of a vIOMMU, vIOMMU of the rest */
    /* device, vDEVICE */
    SimDevice *dev;
    uint64_t virt_id;
    /* IOAS */
    GArray *areas;                      /* SimArea, sorted */
    unsigned domains;                   /* page tables made of it */
    unsigned reserved;                  /* attached devices that bring the MSI window */
    unsigned bits;                      /* aperture of those tables; 64: none yet */
    struct iommu_iova_range *allowed;
    uint32_t n_allowed;
    bool small_pages;
    /* tables */
    SimSMMU *smmu;
    bool nest_parent, automatic, pasid;
    GHashTable *dirty;                  /* page numbers; NULL: made without dirty tracking */
    bool tracking;
    uint32_t vmid;
    uint64_t ste[2];                    /* nested; V clear is stored as zero */
    SimObject *fault;                   /* the fault queue it names */
    /* vEVENTQ, fault queue */
    uint32_t event_type, depth, sequence;
    int fd;
    GQueue *events;                     /* GBytes; groups of a fault queue */
    GPtrArray *delivered;               /* groups of a fault queue that were read */
    unsigned normal_events;
    bool lost_last;
    /* vIOMMU with CMDQV, hardware queue */
    int vintf_fd;
    uint8_t *vintf;
    uint32_t index;
    uint64_t base, length;
    SimObject *access;
};

struct SimContext {
    int fd;
    bool closed;                        /* by the user; bound devices keep it */
    unsigned refs;
    uint64_t rlimit_mode;
    GPtrArray *objects;                 /* by id; NULL: free */
};

/* A DMA access. @translated: the address is one that translation gave. */
typedef struct SimAccess { bool has_pasid, write, exec, priv, translated; uint32_t pasid; } SimAccess;
/* What it came to: the rest of a 4 KiB page of this process. */
typedef struct SimPage { uint8_t *host; uint64_t ipa; bool writable; } SimPage;
typedef struct SimATCEntry { bool has_pasid; uint32_t pasid; uint64_t page; SimPage to; } SimATCEntry;
/* Why stage 1 refused: an event (IHI 0070 7.3), 0 for one the guest never hears of. */
typedef struct SimFault { uint8_t event, class; } SimFault;
/* One half of an address space, and the context descriptor that has two of them. */
typedef struct SimHalf { unsigned tsz, page_shift; uint64_t ttb; bool off; } SimHalf;
typedef struct SimCD { uint32_t ssid, asid; SimHalf half[2]; bool affd, record; } SimCD;
/* A block or page of stage 1 as the SMMU keeps it. */
typedef struct SimLeaf { uint32_t vmid, asid; bool global; unsigned shift, granule, level; uint64_t va, desc; } SimLeaf;
typedef struct SimModel SimModel;

/* What a page request was answered. */
typedef struct SimResponse { uint32_t grpid, pasid, code; } SimResponse;

struct SimDevice {
    char *host;                         /* 0000:01:00.0 */
    char *driver;
    SimSMMU *smmu;
    SimGroup *group;
    uint32_t sid;
    unsigned index;                     /* vfioN */
    bool ats, canwbs, flr, noresize, pri;
    uint8_t pasid_bits;
    unsigned msix;
    /* open file */
    int fd;                             /* the file that is bound; -1: none */
    int bar_fd;                         /* what BAR 0 is; files are duplicates of it. -1: not open */
    unsigned opens;
    SimContext *ctx;                    /* NULL: not bound */
    SimObject *obj, *vdev;
    bool attached;
    /* captured at attach: whom its events are for */
    SimObject *vmaster;
    uint64_t vmaster_sid;
    uint8_t config[4096], config_wmask[4096];
    GArray *overrides;                  /* pairs of uint32_t: offset, value; a device that lies */
    uint64_t sizes[VFIO_PCI_NUM_REGIONS];
    GArray *sparse;                     /* struct vfio_region_sparse_mmap_area: all of BAR 0 that can be mmapped; empty: all of it */
    int irq_fds[VFIO_PCI_NUM_IRQS][SIM_MAX_MSIX];
    int unmask_fd;
    unsigned irqs_on[VFIO_PCI_NUM_IRQS];
    bool intx_masked;
    unsigned resets, driver_attaches;
    bool ats_on;                        /* as the attached table has it */
    bool uses_atc;                      /* the small endpoint keeps translations */
    GArray *atc;                        /* SimATCEntry */
    GArray *cds;                        /* SimCD: what its SMMU keeps of them */
    char *model_type;                   /* NULL: the small endpoint of sim-vfio.c */
    json_t *properties;                 /* of the model */
    SimModel *model;                    /* while its file is open */
    GArray *partial;                    /* struct iommu_hwpt_pgfault: groups without their last page yet */
    GArray *responses;                  /* SimResponse, oldest first */
};

/* A command that reached a physical SMMU. */
typedef struct SimCommand { char *smmu; uint64_t cmd[2]; } SimCommand;

typedef struct HostSim {
    GRecMutex lock;                     /* a register access of a wrapped device comes back with its DMA */
    GPtrArray *smmus, *groups, *devices;
    GHashTable *contexts;               /* fd -> SimContext */
    GHashTable *device_fds;             /* fd -> SimDevice */
    GHashTable *event_fds;              /* fd -> SimObject */
    GHashTable *vintf_maps;             /* address -> vIOMMU */
    GArray *commands;                   /* SimCommand */
    char *root;                         /* of sysfs and /dev */
    /* what this kernel cannot do */
    bool no_dmabuf, no_veventq, no_map_file, no_fault_queue, no_dev_iommu;
    bool no_plain_nesting;              /* bypass and abort need a vDEVICE too */
    int invalidate_errno;               /* the hardware does not answer: fails once at invalidate_at */
    unsigned invalidate_at;
    /* the injector: the nth call from now fails; 0: off */
    uint64_t calls, fail_nth;
    int fail_errno;
    char *failed_call;                  /* what it hit */
    unsigned live_objects, live_fds;
} HostSim;

extern HostSim *hostsim;
extern const IOMMUFDOps hostsim_ops;

/* Setting up; hostsim_start() makes it the host, hostsim_stop() brings back the kernel and frees everything. */
void hostsim_start(void);
void hostsim_stop(void);
SimSMMU *hostsim_add_smmu(const char *name);
SimDevice *hostsim_add_device(const char *host, SimSMMU *smmu, uint32_t group);
SimDevice *hostsim_find_device(const char *host);
void hostsim_add_to_sysfs(SimDevice *dev);
void hostsim_fail_nth(uint64_t nth, int err);
/* Every call begins with this: 0, or the -errno it must fail with. */
void hostsim_lock(void);
void hostsim_unlock(void);
int hostsim_enter(const char *what);
void hostsim_leave(void);

/* A device acts: 0 or -errno (-EFAULT: the SMMU refused). */
int hostsim_dma(SimDevice *dev, uint64_t iova, void *buf, size_t len, bool write);
int hostsim_dma_as(SimDevice *dev, SimAccess a, uint64_t iova, void *buf, size_t len);
int hostsim_interrupt(SimDevice *dev, uint32_t index, unsigned vector);
/* A page request (PRI) or stalled fault; -ENOENT: the host answers it itself. */
int hostsim_page_request(SimDevice *dev, const struct iommu_hwpt_pgfault *fault);
/* CMDQV hardware looks at its queues; how many commands it took. */
unsigned hostsim_vcmdq_run(void);
/* The physical SMMU records an event for @dev's stream; words 1..3 as given. */
void hostsim_event(SimDevice *dev, const uint64_t evt[4]);

/* New lists, for QMP and properties. */
json_t *hostsim_describe_objects(void);
json_t *hostsim_describe_devices(void);
json_t *hostsim_describe_page_responses(void);
json_t *hostsim_describe_commands(void);
void hostsim_clear_commands(void);

/* --- between the files ----------------------------------------------------------- */
SimObject *sim_object_new(SimContext *ctx, SimType type);
SimObject *sim_object_get(SimContext *ctx, uint32_t id, SimType type);      /* NULL: none, or another type */
SimObject *sim_object_any(SimContext *ctx, uint32_t id);
void sim_object_hold(SimObject *o);
void sim_object_drop(SimObject *o);     /* a hold; an automatic table goes with the last */
int sim_object_destroy(SimContext *ctx, uint32_t id);
void sim_object_remove(SimObject *o, bool tombstone);
const char *sim_type_name(SimType type);
SimContext *sim_context_open(void);
void sim_context_close(SimContext *ctx);
void sim_context_unref(SimContext *ctx);

/* Fills in area->iova when it is not fixed. */
int sim_ioas_map(SimObject *ioas, SimArea *area, bool fixed);
int sim_ioas_copy(SimObject *dst, uint64_t *iova, SimObject *src, uint64_t from, uint64_t length, uint32_t flags);
int sim_ioas_allow(SimObject *ioas, const struct iommu_iova_range *ranges, uint32_t n);
int sim_ioas_unmap(SimObject *ioas, uint64_t iova, uint64_t *length);
void sim_ioas_free(SimObject *ioas);
int sim_ioas_add_domain(SimObject *ioas, unsigned bits);
void sim_ioas_remove_domain(SimObject *ioas);
int sim_ioas_reserve(SimObject *ioas);
void sim_ioas_unreserve(SimObject *ioas);
int sim_ioas_lock(SimObject *ioas, uint64_t iova, uint64_t length, uint64_t contiguous);
void sim_ioas_unlock(SimObject *ioas, uint64_t iova, uint64_t length);
/* Bytes at @iova through the IOAS; NULL when not mapped (for writing). *len is cut to the area. */
uint8_t *sim_ioas_translate(SimObject *ioas, uint64_t iova, size_t *len, bool write);
unsigned sim_ioas_ranges(const SimObject *ioas, struct iommu_iova_range out[3]);

int sim_ioas_alloc_ioctl(SimContext *ctx, void *arg);
int sim_ioas_ranges_ioctl(SimContext *ctx, void *arg);
int sim_ioas_map_ioctl(SimContext *ctx, void *arg);
int sim_ioas_map_file_ioctl(SimContext *ctx, void *arg);
int sim_ioas_unmap_ioctl(SimContext *ctx, void *arg);
int sim_ioas_copy_ioctl(SimContext *ctx, void *arg);
int sim_ioas_allow_ioctl(SimContext *ctx, void *arg);
int sim_option_ioctl(SimContext *ctx, void *arg);
int sim_change_process_ioctl(SimContext *ctx, void *arg);

int sim_dirty_set(SimContext *ctx, void *arg);
int sim_dirty_get(SimContext *ctx, void *arg);
void sim_dirty_mark(SimObject *hwpt, uint64_t iova);

int sim_hwpt_alloc_nested(SimContext *ctx, struct iommu_hwpt_alloc *cmd, SimDevice *dev, SimObject *viommu);
int sim_viommu_alloc(SimContext *ctx, void *arg);
int sim_vdevice_alloc(SimContext *ctx, void *arg);
int sim_invalidate(SimContext *ctx, void *arg);
int sim_command_convert(SimObject *viommu, uint64_t cmd[2]);
void sim_command_issue(SimObject *viommu, const uint64_t cmd[2]);
unsigned sim_nested_config(const SimObject *hwpt);

int sim_event_open(SimObject *o);       /* makes the file, which holds @o */
void sim_event_close(int fd);
void sim_events_free(SimObject *o);
void sim_event_mark_readable(SimObject *q);
ssize_t sim_event_read(int fd, void *buf, size_t n);
ssize_t sim_event_write(int fd, const void *buf, size_t n);
int sim_veventq_alloc(SimContext *ctx, void *arg);
void sim_vcmdq_event(SimObject *viommu, const uint64_t map[2]);
ssize_t sim_veventq_read(SimObject *q, void *buf, size_t n);

int sim_fault_alloc(SimContext *ctx, void *arg);
ssize_t sim_fault_read(SimObject *q, void *buf, size_t n);
ssize_t sim_fault_respond(SimObject *q, const void *buf, size_t n);
void sim_fault_forget(SimObject *q, const SimDevice *dev);
void sim_fault_free(SimObject *q);

int sim_vintf_init(SimObject *viommu, const struct iommu_viommu_alloc *cmd);
void sim_vintf_free(SimObject *viommu);
int sim_hw_queue_alloc(SimContext *ctx, void *arg);
void sim_hw_queue_release(SimObject *o);
void *sim_iommufd_mmap(int fd, void *at, size_t size, int prot, uint64_t offset);
void sim_iommufd_munmap(void *p, size_t size);

/* 0 with the guest's physical address of a page, or -EFAULT with *fault. */
int sim_stage1(SimDevice *dev, const SimAccess *a, uint64_t iova, uint64_t *ipa, bool *writable, SimFault *fault);
/* The page at @iova as @dev may use it; -EFAULT, and the event is recorded. */
int sim_translate(SimDevice *dev, const SimAccess *a, uint64_t iova, SimPage *page);
/* Is this memory of the process something that stage 2 shows? */
bool sim_is_shown(SimDevice *dev, const uint8_t *host, uint64_t len, bool write);
bool sim_tlb_lookup(const SimSMMU *smmu, uint32_t vmid, uint32_t asid, uint64_t va, SimLeaf *leaf);
void sim_tlb_insert(SimSMMU *smmu, const SimLeaf *leaf);
void sim_tlb_drop_vmid(SimSMMU *smmu, uint32_t vmid);
bool sim_cd_lookup(const SimDevice *dev, uint32_t ssid, SimCD *cd);
void sim_cd_insert(SimDevice *dev, const SimCD *cd);
void sim_cd_flush(SimDevice *dev);
void sim_smmu_command(SimSMMU *smmu, const uint64_t cmd[2]);
void sim_atc_invalidate(SimDevice *dev, const uint64_t cmd[2]);
void sim_atc_flush(SimDevice *dev);
void sim_atc_flush_ioas(const SimObject *ioas);
void sim_atc_free(SimDevice *dev);
void sim_ats_follow_table(SimDevice *dev, const SimObject *hwpt);
SimObject *sim_ioas_of(const SimObject *hwpt);

bool sim_model_open(SimDevice *dev, Error **errp);
void sim_model_close(SimDevice *dev);
void sim_model_reset(SimDevice *dev);
void sim_model_config_written(SimDevice *dev, unsigned at, unsigned n);
int sim_model_region(SimDevice *dev, uint32_t index, uint64_t at, void *buf, size_t n, bool write);
void sim_model_irqs_changed(SimDevice *dev, uint32_t index);
void sim_model_set_ats(SimDevice *dev);
/* Pages of @pasid (IOMMU_NO_PASID, IOMMU_ANY_PASID) at @iova are no longer what they were. */
void sim_model_invalidated(SimDevice *dev, uint32_t pasid, uint64_t iova, uint64_t mask);
int sim_irq_info(SimDevice *dev, void *arg);
int sim_set_irqs(SimDevice *dev, void *arg);
void sim_irqs_free(SimDevice *dev);
void sim_drop_fd(int *fd);
/* With the lock held. */
int sim_interrupt(SimDevice *dev, uint32_t index, unsigned vector);
void sim_event(SimDevice *dev, const uint64_t evt[4]);

int sim_iommufd_ioctl(int fd, unsigned long cmd, void *arg);
int sim_device_open(const char *path);
void sim_device_close(int fd);
int sim_device_ioctl(int fd, unsigned long cmd, void *arg);
ssize_t sim_device_pread(int fd, void *buf, size_t n, uint64_t offset);
ssize_t sim_device_pwrite(int fd, const void *buf, size_t n, uint64_t offset);
void *sim_device_mmap(int fd, size_t size, int prot, uint64_t offset);
void sim_device_power_on(SimDevice *dev);

#endif
