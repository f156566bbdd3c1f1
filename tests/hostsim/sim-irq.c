/*
 * Interrupts of the simulated host's devices: eventfds for INTx, MSI, MSI-X,
 * errors and requests; INTx masks itself until it is told to go on.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hostsim.h"

static unsigned irq_count(const SimDevice *dev, uint32_t index)
{
    switch (index) {
    case VFIO_PCI_MSIX_IRQ_INDEX:
        return dev->msix;
    default:
        return index < VFIO_PCI_NUM_IRQS ? 1 : 0;
    }
}

void sim_drop_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static void irqs_off(SimDevice *dev, uint32_t index)
{
    for (unsigned i = 0; i < SIM_MAX_MSIX; i++) {
        sim_drop_fd(&dev->irq_fds[index][i]);
    }
    dev->irqs_on[index] = 0;
    sim_model_irqs_changed(dev, index);
}

static bool other_kind_on(const SimDevice *dev, uint32_t index)
{
    for (unsigned i = VFIO_PCI_INTX_IRQ_INDEX; i <= VFIO_PCI_MSIX_IRQ_INDEX; i++) {
        if (i != index && dev->irqs_on[i]) {
            return true;
        }
    }
    return false;
}

/* The kernel takes its own reference to the eventfds. */
static int set_trigger_fds(SimDevice *dev, const struct vfio_irq_set *set)
{
    const int32_t *fds = (const void *)set->data;
    int *mine = dev->irq_fds[set->index];

    if (set->index <= VFIO_PCI_MSIX_IRQ_INDEX) {
        if (other_kind_on(dev, set->index) || (dev->noresize && dev->irqs_on[set->index] && set->start + set->count > dev->irqs_on[set->index])) {
            return -EINVAL;
        }
        if (set->index != VFIO_PCI_INTX_IRQ_INDEX && !dev->attached) {
            return -ENOSPC;             /* the doorbell is mapped nowhere */
        }
        dev->irqs_on[set->index] = MAX(dev->irqs_on[set->index], set->start + set->count);
    }
    for (unsigned i = 0; i < set->count; i++) {
        sim_drop_fd(&mine[set->start + i]);
        if (fds[i] >= 0) {
            mine[set->start + i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
            if (mine[set->start + i] < 0) {
                return -EBADF;
            }
        }
    }
    sim_model_irqs_changed(dev, set->index);
    return 0;
}

static int do_intx_action(SimDevice *dev, const struct vfio_irq_set *set)
{
    if (set->index != VFIO_PCI_INTX_IRQ_INDEX || !dev->irqs_on[VFIO_PCI_INTX_IRQ_INDEX]) {
        return -EINVAL;
    }
    if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD) {
        int32_t fd;
        memcpy(&fd, set->data, sizeof(fd));
        sim_drop_fd(&dev->unmask_fd);
        dev->unmask_fd = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
        return 0;
    }
    dev->intx_masked = set->flags & VFIO_IRQ_SET_ACTION_MASK;
    sim_model_irqs_changed(dev, set->index);
    return 0;
}

int sim_set_irqs(SimDevice *dev, void *arg)
{
    const struct vfio_irq_set *set = arg;
    unsigned max = irq_count(dev, set->index);

    if (set->argsz < sizeof(*set) || !max || set->start > max || set->count > max - set->start) {
        return -EINVAL;
    }
    if (!(set->flags & VFIO_IRQ_SET_ACTION_TRIGGER)) {
        return do_intx_action(dev, set);
    }
    if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD) {
        return set->argsz < sizeof(*set) + set->count * sizeof(int32_t) ? -EINVAL : set_trigger_fds(dev, set);
    }
    if (set->flags & VFIO_IRQ_SET_DATA_NONE && !set->count) {
        irqs_off(dev, set->index);
        return 0;
    }
    return -EINVAL;
}

int sim_irq_info(SimDevice *dev, void *arg)
{
    struct vfio_irq_info *info = arg;

    if (info->argsz < sizeof(*info) || info->index >= VFIO_PCI_NUM_IRQS) {
        return -EINVAL;
    }
    info->count = irq_count(dev, info->index);
    info->flags = VFIO_IRQ_INFO_EVENTFD;
    if (info->index == VFIO_PCI_INTX_IRQ_INDEX) {
        info->flags |= VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
    } else if (info->index != VFIO_PCI_MSIX_IRQ_INDEX || dev->noresize) {
        info->flags |= VFIO_IRQ_INFO_NORESIZE;
    }
    return 0;
}

int sim_interrupt(SimDevice *dev, uint32_t index, unsigned vector)
{
    uint64_t one = 1;

    if (index >= VFIO_PCI_NUM_IRQS || vector >= SIM_MAX_MSIX || dev->irq_fds[index][vector] < 0) {
        return -ENOENT;
    }
    if (index == VFIO_PCI_INTX_IRQ_INDEX && dev->intx_masked) {
        return -EAGAIN;
    }
    if (write(dev->irq_fds[index][vector], &one, sizeof(one)) != sizeof(one)) {
        return -EIO;
    }
    dev->intx_masked |= index == VFIO_PCI_INTX_IRQ_INDEX;
    return 0;
}

int hostsim_interrupt(SimDevice *dev, uint32_t index, unsigned vector)
{
    hostsim_lock();
    int r = sim_interrupt(dev, index, vector);
    hostsim_unlock();
    return r;
}

/* The file is closed. */
void sim_irqs_free(SimDevice *dev)
{
    for (unsigned i = 0; i < VFIO_PCI_NUM_IRQS; i++) {
        irqs_off(dev, i);
    }
    sim_drop_fd(&dev->unmask_fd);
}
