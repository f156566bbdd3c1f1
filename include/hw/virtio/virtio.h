/*
 * virtio devices and their queues, as a device author meets them (Virtual I/O
 * Device specification 1.2). Transports (PCI, MMIO) are elsewhere; the same
 * device works behind each of them.
 *
 * A device is a type below "virtio-device". Its realize calls
 *     virtio_init(vdev, VIRTIO_ID_RNG, config_size);
 *     s->vq = virtio_add_queue(vdev, 8, handle_output);
 * and its unrealize calls
 *     virtio_cleanup(vdev);        (which deletes the queues)
 * after it has let go of what the host lent it (drives, chardevs): the object
 * itself may live on for an RCU grace period. What is in flight then must hold a
 * reference on the device (object_ref) and may still push: that is how the
 * memory of its element is let go.
 *
 * Threads. Everything here runs under the machine lock: all class functions,
 * queue handlers, and all functions below that a device calls. A queue handler
 * runs in the main thread when the doorbell is an ioeventfd (KVM, ioeventfd=on)
 * and in the vCPU's thread (or qtest's server, the main thread) when it is a
 * register write. Completions of the block layer, chardev handlers, timers and
 * bottom halves run in the main thread with the lock held: they may push and
 * notify as they are. A device that was given I/O threads says so with
 * virtio_queue_set_context(): then those queues' handlers run there, with the same lock.
 *
 * A handler:
 *     static void handle_output(VirtIODevice *vdev, VirtQueue *vq)
 *     {
 *         do {
 *             virtio_queue_set_notification(vq, false);
 *             while ((elem = virtqueue_pop(vq, sizeof(VirtQueueElement)))) {
 *                 ... read elem->out_sg, write elem->in_sg ...
 *                 virtqueue_push(vq, elem, bytes_written);
 *                 g_free(elem);
 *             }
 *             virtio_queue_set_notification(vq, true);
 *         } while (!virtio_queue_empty(vq));
 *         virtio_notify(vdev, vq);
 *     }
 * It ends even if the guest adds buffers without pause: within one call the
 * queue looks empty after as many elements as it has entries, and the handler
 * is called again from the main loop.
 *
 * Hostile guests. A ring or a chain that makes no sense (a loop, a descriptor
 * outside RAM or at MMIO, more buffers than entries) breaks the device:
 * DEVICE_NEEDS_RESET is set, the driver gets a configuration interrupt, and
 * until it resets the device virtqueue_pop() gives nothing and pushes and
 * notifications do nothing. What is in guest memory is read once; what pop gave
 * does not change except for the bytes the iovecs point to, which the guest can
 * change at any time: copy what you check (iov_to_buf).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_VIRTIO_VIRTIO_H
#define HW_VIRTIO_VIRTIO_H

#include <sys/uio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include "hw/core/qdev.h"
#include "hw/core/qdev-properties.h"
#include "system/dma.h"
#include "util/iov.h"

#define TYPE_VIRTIO_DEVICE "virtio-device"
#define TYPE_VIRTIO_BUS "virtio-bus"
OBJECT_DECLARE_TYPE(VirtIODevice, VirtioDeviceClass, VIRTIO_DEVICE)

#define VIRTIO_QUEUE_MAX        1024    /* queues a device may have */
#define VIRTQUEUE_MAX_SIZE      1024    /* entries a queue may have; pieces a buffer may have */
#define VIRTIO_NO_VECTOR        0xffff

typedef struct VirtQueue VirtQueue;
typedef void VirtIOHandleOutput(VirtIODevice *vdev, VirtQueue *vq);

struct VirtioDeviceClass {
    DeviceClass parent_class;
    /* Like DeviceClass's, run at the right place among the transport's steps. */
    bool (*realize)(DeviceState *dev, Error **errp);
    void (*unrealize)(DeviceState *dev);
    /* Adds what the device itself offers to the transport-independent bits in @features. Required. */
    uint64_t (*get_features)(VirtIODevice *vdev, uint64_t features, Error **errp);
    /* What was negotiated; once, when the driver says FEATURES_OK (a legacy driver: as it writes them). */
    void (*set_features)(VirtIODevice *vdev, uint64_t features);
    /* False refuses FEATURES_OK. NULL: any subset of what was offered. */
    bool (*validate_features)(VirtIODevice *vdev, uint64_t features);
    /* Fill config_size bytes, little endian, as the guest reads; the guest wrote them. */
    void (*get_config)(VirtIODevice *vdev, uint8_t *config);
    void (*set_config)(VirtIODevice *vdev, const uint8_t *config);
    /*
     * Device reset: give back what can be given back at once. The whole machine's comes from the main
     * thread (current_cpu is NULL) and waits for what is in flight (blk_drain). The driver's comes from
     * a vCPU, which must not wait for the main thread: elements may stay out; pushing them later, as if
     * nothing had happened, only lets go of their memory. Until the last is back the driver reads that
     * the reset is not done. Queues still work while this runs.
     */
    void (*reset)(VirtIODevice *vdev);
    /* The same for one queue (VIRTIO_F_RING_RESET). NULL: nothing to do. */
    void (*queue_reset)(VirtIODevice *vdev, VirtQueue *vq);
    /* @status has been set: DRIVER_OK rising means "queues may be used", 0 a reset (->reset came first). */
    void (*set_status)(VirtIODevice *vdev, uint8_t status);
};

struct VirtIODevice {
    DeviceState parent_obj;
    uint16_t device_id;                 /* VIRTIO_ID_* */
    uint8_t status;                     /* VIRTIO_CONFIG_S_* */
    uint8_t isr;                        /* bit 0: a queue, bit 1: configuration */
    bool broken;                        /* needs reset */
    bool disabled;                      /* may not do DMA: bus mastering is off */
    uint64_t host_features;             /* offered; the properties at first, complete after realize */
    uint64_t asked_features;            /* by the driver; one that was not offered refuses FEATURES_OK */
    uint64_t guest_features;            /* asked and offered */
    uint16_t config_vector;
    uint32_t generation;                /* of the configuration */
    size_t config_len;
    uint8_t *config;                    /* scratch for reads and writes */
    VirtQueue *vq;                      /* VIRTIO_QUEUE_MAX of them; unused ones have num 0 */
    AddressSpace *dma_as;               /* system memory, or behind the vIOMMU with iommu_platform=on */
    RAMWindow ram;                      /* of dma_as: where rings and buffers are */
    MemTxAttrs dma_attrs;
    bool use_started, disable_legacy_check, use_disabled_flag;
    bool ioeventfd_started;
    struct SpareElement *spare;         /* memory of elements that were given back */
    unsigned nspare;
    struct VirtIOBus *transport;        /* while plugged */
};

/* One buffer of a queue: what the driver wrote for us, then what it wants written. Guest memory itself. */
typedef struct VirtQueueElement {
    unsigned index;                     /* which: head descriptor (split), buffer id (packed) */
    unsigned ndescs;                    /* ring entries it takes (packed) */
    uint32_t epoch;                     /* resets its queue had seen */
    unsigned out_num, in_num;
    struct iovec *out_sg, *in_sg;       /* part of the same allocation */
} VirtQueueElement;

/* --- Life ------------------------------------------------------------------- */
void virtio_init(VirtIODevice *vdev, uint16_t device_id, size_t config_size);
void virtio_cleanup(VirtIODevice *vdev);
VirtQueue *virtio_add_queue(VirtIODevice *vdev, unsigned size, VirtIOHandleOutput *handle_output);
VirtQueue *virtio_get_queue(VirtIODevice *vdev, unsigned n);
/* Whose thread handles its doorbell; NULL: the main thread. Before the device is plugged. */
void virtio_queue_set_context(VirtQueue *vq, GMainContext *context);
unsigned virtio_get_queue_index(const VirtQueue *vq);
unsigned virtio_get_num_queues(const VirtIODevice *vdev);

/* --- Buffers ------------------------------------------------------------------ */
/*
 * The next buffer, @size >= sizeof(VirtQueueElement) bytes zeroed but for the
 * element at its start (so a request struct may begin with one); NULL: none.
 * g_free() it after push or detach, or give it back for the next one.
 */
void *virtqueue_pop(VirtQueue *vq, size_t size);
void virtqueue_recycle(VirtQueue *vq, VirtQueueElement *elem);
/* Hands it back: @len bytes were written to in_sg. Then virtio_notify(), once for many. */
void virtqueue_push(VirtQueue *vq, const VirtQueueElement *elem, unsigned len);
/* Was the queue reset while the device had it? Then push only takes it back. */
bool virtqueue_outlived(const VirtQueue *vq, const VirtQueueElement *elem);
/* push in two steps: fill @idx 0..n-1, then show all n at once. False: it went nowhere (a reset), @idx is still free. */
bool virtqueue_fill(VirtQueue *vq, const VirtQueueElement *elem, unsigned len, unsigned idx);
void virtqueue_flush(VirtQueue *vq, unsigned count);
/* Gives it up without an answer. */
void virtqueue_detach_element(VirtQueue *vq, const VirtQueueElement *elem, unsigned len);
/* As if the last pop had not been: only for the element popped last. */
void virtqueue_unpop(VirtQueue *vq, const VirtQueueElement *elem, unsigned len);
bool virtio_queue_ready(const VirtQueue *vq);           /* set up and enabled by the driver, device not broken */
bool virtio_queue_empty(VirtQueue *vq);
/* False asks the driver not to ring: a hint. */
void virtio_queue_set_notification(VirtQueue *vq, bool enable);
/* Calls the handler from the main loop, as if the driver had rung. */
void virtio_queue_kick(VirtQueue *vq);

/* --- Telling the driver --------------------------------------------------------- */
void virtio_notify(VirtIODevice *vdev, VirtQueue *vq);  /* buffers were used; interrupts if the driver wants one */
void virtio_notify_config(VirtIODevice *vdev);          /* get_config answers differently now */
/* The device found the guest's request impossible to go on with: NEEDS_RESET, and the reason to the log. */
void virtio_error(VirtIODevice *vdev, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* --- Features --------------------------------------------------------------------- */
static inline bool virtio_has_feature(uint64_t features, unsigned bit) { return features & BIT_ULL(bit); }
static inline bool virtio_vdev_has_feature(const VirtIODevice *vdev, unsigned bit) { return virtio_has_feature(vdev->guest_features, bit); }
static inline bool virtio_host_has_feature(const VirtIODevice *vdev, unsigned bit) { return virtio_has_feature(vdev->host_features, bit); }
static inline void virtio_add_feature(uint64_t *features, unsigned bit) { *features |= BIT_ULL(bit); }
static inline void virtio_clear_feature(uint64_t *features, unsigned bit) { *features &= ~BIT_ULL(bit); }

#endif
