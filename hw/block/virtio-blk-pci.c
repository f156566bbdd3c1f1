/*
 * The virtio disk as a PCI function: by default a queue and an interrupt for
 * each CPU, and one interrupt for the configuration.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/core/boards.h"
#include "hw/virtio/virtio-pci.h"
#include "virtio-blk.h"

static void choose_queues(VirtIODevice *vdev)
{
    VirtIOBlock *s = VIRTIO_BLK(vdev);

    if (s->num_queues == VIRTIO_BLK_NUM_QUEUES_AUTO) {
        s->num_queues = CLAMP(current_machine->smp.cpus, 1, VIRTIO_QUEUE_MAX - 1);
    }
}

static uint32_t vectors(VirtIODevice *vdev)
{
    return VIRTIO_BLK(vdev)->num_queues + 1;
}

static const VirtioPCITypeInfo blk_pci = {
    .name = "virtio-blk", .device_type = TYPE_VIRTIO_BLK, .class_id = PCI_CLASS_STORAGE_SCSI, .transitional_device_id = 0x1001,
    .categories = BIT(DEVICE_CATEGORY_STORAGE), .default_vectors = vectors, .prepare = choose_queues, .has_class_property = true,
};
DEFINE_VIRTIO_PCI_TYPES(blk_pci)
