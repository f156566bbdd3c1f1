/*
 * Between the virtio core, its ring formats and its transports.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_VIRTIO_VIRTIO_INTERNAL_H
#define HW_VIRTIO_VIRTIO_INTERNAL_H

#include "hw/virtio/virtio.h"
#include "util/event_notifier.h"
#include "util/main-loop.h"

/* --- Queues ------------------------------------------------------------------ */
typedef struct PackedUsed { uint16_t id, ndescs; uint32_t len; } PackedUsed;

struct VirtQueue {
    VirtIODevice *vdev;
    unsigned index;
    VirtIOHandleOutput *handle_output;  /* NULL: no such queue */
    uint16_t num_max, num;              /* entries: as added, as the driver wants them */
    uint16_t vector;
    bool enabled;
    uint64_t desc, driver, device;      /* the three areas of the ring */
    uint32_t legacy_align;              /* of the device area, when one page number places all three */

    uint16_t last_avail, used_idx;      /* split: free running; packed: ring positions */
    uint16_t shadow_avail;              /* split: the driver's index as last read */
    bool last_avail_wrap, used_wrap;    /* packed */
    uint16_t signalled_used;            /* used_idx at the last interrupt decision */
    bool signalled_wrap, signalled_valid;
    bool notification;
    unsigned inuse;                     /* popped, not yet pushed or detached */
    unsigned stale;                     /* the same, from before a reset */
    uint32_t epoch;                     /* resets so far */
    unsigned turn_left;                 /* elements this call of the handler may still take */
    bool in_handler;
    PackedUsed *filled;                 /* packed: between fill and flush; num_max of them */

    GMainContext *context;              /* where the doorbell is heard */
    EventNotifier host_notifier;        /* the doorbell, while ioeventfd_started */
    bool has_host_notifier;
    EventNotifier guest_notifier;       /* the interrupt, while a transport's irqfd takes it */
    bool has_guest_notifier;
    QEMUBH *kick_bh;
};

/* A ring format. Called only while the queue is ready; the ring lies in guest memory. */
typedef struct VirtQueueFormat {
    bool (*empty)(VirtQueue *vq);
    void *(*pop)(VirtQueue *vq, size_t size);
    void (*unpop)(VirtQueue *vq, const VirtQueueElement *elem);
    void (*fill)(VirtQueue *vq, const VirtQueueElement *elem, unsigned len, unsigned idx);
    void (*flush)(VirtQueue *vq, unsigned count);
    bool (*should_notify)(VirtQueue *vq);
    void (*set_notification)(VirtQueue *vq, bool enable);
} VirtQueueFormat;
extern const VirtQueueFormat virtqueue_split, virtqueue_packed;

static inline bool virtqueue_uses_event_idx(const VirtQueue *vq) { return virtio_vdev_has_feature(vq->vdev, VIRTIO_RING_F_EVENT_IDX); }

/* Guest memory of a queue; false breaks the device. */
bool virtqueue_read(VirtQueue *vq, uint64_t addr, void *buf, size_t len);
bool virtqueue_write(VirtQueue *vq, uint64_t addr, const void *buf, size_t len);
bool virtqueue_read16(VirtQueue *vq, uint64_t addr, uint16_t *v);
bool virtqueue_write16(VirtQueue *vq, uint64_t addr, uint16_t v);

/* Gathers a buffer's pieces; what was gathered is mapped guest memory. */
typedef struct ElementPieces {
    VirtQueue *vq;
    unsigned out_num, in_num;
    struct iovec iov[VIRTQUEUE_MAX_SIZE];
} ElementPieces;
void virtqueue_begin_pieces(ElementPieces *p, VirtQueue *vq);
bool virtqueue_add_piece(ElementPieces *p, uint64_t addr, uint32_t len, bool writable);
void virtqueue_drop_pieces(ElementPieces *p);
VirtQueueElement *virtqueue_make_element(const ElementPieces *p, size_t size);
/* An indirect table, in *@table (to be freed) with its number of entries; 0: it makes no sense. */
unsigned virtqueue_read_table(VirtQueue *vq, uint64_t addr, uint32_t len, void **table);

void virtqueue_reset(VirtQueue *vq);
void virtqueue_free_spare(VirtIODevice *vdev);
/* What drivers poll: the device has given back everything from before the last reset. */
static inline bool virtqueue_reset_done(const VirtQueue *vq) { return !vq->stale; }
uint8_t virtio_get_status(VirtIODevice *vdev);
void virtqueue_run_handler(VirtQueue *vq);      /* the driver rang */

/* --- The device, as transports drive it ------------------------------------------ */
void virtio_reset(VirtIODevice *vdev);
void virtio_set_status(VirtIODevice *vdev, uint8_t status);
void virtio_ask_features(VirtIODevice *vdev, uint64_t features);
/* Configuration space: 1, 2 or 4 bytes; beyond its end it reads as ones and ignores writes. */
uint32_t virtio_config_read(VirtIODevice *vdev, uint64_t addr, unsigned size);
void virtio_config_write(VirtIODevice *vdev, uint64_t addr, uint32_t value, unsigned size);
void virtio_set_disabled(VirtIODevice *vdev, bool disabled);

/* Queue @n, whether or not it exists: one without handler has num_max 0. NULL beyond VIRTIO_QUEUE_MAX. */
VirtQueue *virtio_queue_at(VirtIODevice *vdev, unsigned n);
void virtio_queue_set_num(VirtQueue *vq, unsigned num);
void virtio_queue_enable(VirtQueue *vq);
void virtio_queue_reset_one(VirtQueue *vq);
/* Legacy: one page number, not 0, places the whole ring. */
void virtio_queue_set_pfn(VirtQueue *vq, uint32_t pfn, unsigned page_shift);
void virtio_queue_notify(VirtIODevice *vdev, unsigned n);
static inline bool virtio_is_modern(const VirtIODevice *vdev) { return virtio_vdev_has_feature(vdev, VIRTIO_F_VERSION_1); }

/* Where the driver wants a queue's areas, low and high words, until it enables the queue. */
typedef struct VirtIOQueueSetup { uint32_t desc[2], driver[2], device[2]; } VirtIOQueueSetup;
void virtio_queue_place(VirtQueue *vq, const VirtIOQueueSetup *setup);

/* --- The bus between a transport and its device ------------------------------------- */
typedef struct VirtIOBus {
    BusState parent_obj;
    VirtIODevice *vdev;                 /* NULL: empty */
} VirtIOBus;
typedef struct VirtIOBusClass {
    BusClass parent_class;
    /* @vector (or VIRTIO_NO_VECTOR) and vdev->isr have news. */
    void (*notify)(DeviceState *transport, uint16_t vector);
    /* The device is realized but for what the transport adds: features it offers; may refuse. */
    bool (*plugged)(DeviceState *transport, VirtIODevice *vdev, Error **errp);
    void (*unplugged)(DeviceState *transport, VirtIODevice *vdev);
    /* For iommu_platform=on. NULL: system memory. */
    AddressSpace *(*dma_as)(DeviceState *transport);
    MemTxAttrs (*dma_attrs)(DeviceState *transport);
    /* Where queue @n's doorbell is: adds or removes an ioeventfd there. NULL or false: doorbells stay registers. */
    bool (*ioeventfd_wanted)(DeviceState *transport);
    void (*ioeventfd_set)(DeviceState *transport, unsigned n, EventNotifier *e, bool add);
    /* The driver said DRIVER_OK, or no longer. */
    void (*driver_ok)(DeviceState *transport, bool ok);
} VirtIOBusClass;
DECLARE_INSTANCE_CHECKER(VirtIOBus, VIRTIO_BUS, TYPE_VIRTIO_BUS)
DECLARE_CLASS_CHECKERS(VirtIOBusClass, VIRTIO_BUS, TYPE_VIRTIO_BUS)

bool virtio_bus_plug(VirtIODevice *vdev, Error **errp);
void virtio_bus_unplug(VirtIODevice *vdev);
void virtio_bus_notify(VirtIODevice *vdev, uint16_t vector);
void virtio_bus_status_changed(VirtIODevice *vdev);     /* starts or stops ioeventfds, tells driver_ok */

#endif
