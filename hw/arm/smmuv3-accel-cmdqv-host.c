/*
 * accel=on, cmdqv: the host's side of command queues (smmuv3-accel-cmdqv.c has the
 * guest's): what the host offers, the vIOMMU with its page of registers, a queue
 * on the host for each that the guest set up, and their errors.
 *
 * Queues are made in ascending order and freed in descending order. A queue that is
 * freed while the guest has it set up takes its registers along, and is made again
 * where it stopped. Our place for the page keeps its address for good: the
 * vIOMMU's page comes over it, and empty memory over that.
 *
 * Under the machine lock and the vSMMU lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/mman.h>
#include "smmuv3-accel-cmdqv.h"
#include "hw/core/boards.h"
#include "hw_arm.trace.h"

#define EVENT_DEPTH 64                  /* one says as much as many: look at the error map */

/* --- Registers of one queue: the hardware's or ours ----------------------------------- */

static volatile uint32_t *hw_register(const SMMUv3Accel *a, unsigned i, unsigned reg)
{
    return (volatile uint32_t *)(a->cmdqv.page + i * VCMDQ_STRIDE + reg);
}

uint32_t cmdqv_load(const SMMUv3Accel *a, unsigned i, unsigned reg)
{
    const CmdqvQueue *q = &a->cmdqv.queues[i];

    return q->hw_id ? le32toh(*hw_register(a, i, reg)) : q->regs[reg / 4];
}

void cmdqv_store(SMMUv3Accel *a, unsigned i, unsigned reg, uint32_t v)
{
    CmdqvQueue *q = &a->cmdqv.queues[i];

    if (q->hw_id) {
        *hw_register(a, i, reg) = htole32(v);
    } else {
        q->regs[reg / 4] = v;
    }
}

bool cmdqv_in_error(const SMMUv3Accel *a, unsigned i)
{
    return FIELD_EX32(cmdqv_load(a, i, VCMDQ_GERROR) ^ cmdqv_load(a, i, VCMDQ_GERRORN), VCMDQ_GERROR, CMDQ_ERR);
}

uint32_t cmdqv_error_map(const SMMUv3Accel *a, unsigned word)
{
    uint32_t map = 0;

    for (unsigned i = word * 32; i < MIN(cmdqv_count(a), word * 32 + 32); i++) {
        map |= (uint32_t)cmdqv_in_error(a, i) << i % 32;
    }
    return map;
}

bool cmdqv_any_error(const SMMUv3Accel *a)
{
    return cmdqv_error_map(a, 0) || cmdqv_error_map(a, 1) || cmdqv_error_map(a, 2) || cmdqv_error_map(a, 3);
}

static void interrupt(SMMUv3Accel *a)
{
    if (a->cmdqv.irq && cmdqv_any_error(a) && !(a->cmdqv.int_mask & 1)) {
        qemu_irq_pulse(a->cmdqv.irq);
    }
}

void cmdqv_raise_error(SMMUv3Accel *a, unsigned i, unsigned cerror)
{
    trace_smmuv3_accel_cmdqv_error(i, cerror);
    cmdqv_store(a, i, VCMDQ_CONS, FIELD_DP32(cmdqv_load(a, i, VCMDQ_CONS), VCMDQ_CONS, ERR, cerror));
    if (!cmdqv_in_error(a, i)) {
        cmdqv_store(a, i, VCMDQ_GERROR, cmdqv_load(a, i, VCMDQ_GERROR) ^ FIELD_MASK(VCMDQ_GERROR, CMDQ_ERR));
    }
    interrupt(a);
}

/* --- Queues on the host ------------------------------------------------------------------ */

bool cmdqv_wanted(const SMMUv3Accel *a, unsigned i)
{
    const AccelCmdqv *c = &a->cmdqv;

    return FIELD_EX32(c->config, CMDQV_CONFIG, EN) && FIELD_EX32(c->vintf_config, VINTF_CONFIG, EN) &&
           FIELD_EX32(c->queues[i].alloc, CMDQ_ALLOC, ALLOCATED) && (c->queues[i].base & VCMDQ_BASE_ADDR_MASK);
}

uint64_t cmdqv_queue_length(const CmdqvQueue *q)
{
    return (uint64_t)CMD_SIZE << FIELD_EX64(q->base, VCMDQ_BASE, LOG2SIZE);
}

static void queue_free(SMMUv3Accel *a, unsigned i)
{
    CmdqvQueue *q = &a->cmdqv.queues[i];
    uint32_t id = q->hw_id;

    for (unsigned reg = 0; reg < VCMDQ_PAGE0_END; reg += 4) {
        q->regs[reg / 4] = cmdqv_load(a, i, reg);
    }
    q->hw_id = 0;
    iommufd_backend_free_id(a->be, id);
    trace_smmuv3_accel_cmdqv_queue(i, 0, 0, 0);
}

/* The hardware's queue starts at zero; ours may have been in use. */
static void queue_made(SMMUv3Accel *a, unsigned i, uint32_t id)
{
    CmdqvQueue *q = &a->cmdqv.queues[i];

    q->hw_id = id;
    cmdqv_store(a, i, VCMDQ_CONS, q->regs[VCMDQ_CONS / 4] & QUEUE_INDEX_MASK);
    cmdqv_store(a, i, VCMDQ_PROD, q->regs[VCMDQ_PROD / 4]);
    cmdqv_store(a, i, VCMDQ_CONFIG, q->regs[VCMDQ_CONFIG / 4]);
    trace_smmuv3_accel_cmdqv_queue(i, id, q->base, cmdqv_queue_length(q));
}

static void queue_refused(SMMUv3Accel *a, unsigned i, Error *err)
{
    a->cmdqv.queues[i].refused = true;
    error_append_hint(&err, "a queue must be contiguous in the host's memory: back the guest with huge pages at least as large as its queues "
                      "(memory-backend-memfd,hugetlb=on,hugetlbsize=), or use arm-smmuv3,cmdqv=off\n");
    error_prepend(&err, "%s: the host refuses hardware command queue %u: ", smmuv3_name(a->s), i);
    a->host_errors++;
    g_free(a->last_error);
    a->last_error = g_strdup(error_get_pretty(err));
    if (a->cmdqv.warned) {
        error_free(err);
    } else {
        a->cmdqv.warned = true;
        warn_report_err(err);
    }
    cmdqv_raise_error(a, i, CERROR_ABT);
}

static bool queue_make(SMMUv3Accel *a, unsigned i)
{
    CmdqvQueue *q = &a->cmdqv.queues[i];
    Error *err = NULL;
    uint32_t id;

    if (FIELD_EX64(q->base, VCMDQ_BASE, LOG2SIZE) > SMMU_CMDQS) {       /* the host would look at all of that memory first */
        log_guest_error("arm-smmuv3: command queue %u is longer than any SMMU has", i);
        q->refused = true;
        cmdqv_raise_error(a, i, CERROR_ABT);
        return false;
    }
    if (!iommufd_backend_alloc_hw_queue(a->be, a->viommu_id, IOMMU_HW_QUEUE_TYPE_TEGRA241_CMDQV, i, q->base & VCMDQ_BASE_ADDR_MASK,
                                        cmdqv_queue_length(q), &id, &err)) {
        queue_refused(a, i, err);
        return false;
    }
    queue_made(a, i, id);
    return true;
}

void cmdqv_free_from(SMMUv3Accel *a, unsigned first)
{
    for (unsigned i = cmdqv_count(a); i-- > first;) {
        if (a->cmdqv.queues[i].hw_id) {
            queue_free(a, i);
        }
    }
}

/* May the guest have the page itself? Only when nothing in it has to be kept here. */
static bool all_there(const SMMUv3Accel *a)
{
    unsigned made = 0;

    for (unsigned i = 0; i < cmdqv_count(a); i++) {
        if (cmdqv_wanted(a, i) && !a->cmdqv.queues[i].hw_id) {
            return false;
        }
        made += a->cmdqv.queues[i].hw_id != 0;
    }
    return made;
}

static void show_page(SMMUv3Accel *a, bool direct)
{
    if (a->cmdqv.direct != direct) {
        a->cmdqv.direct = direct;
        memory_region_set_enabled(&a->s->cmdqv_vintf, direct);
        trace_smmuv3_accel_cmdqv_page(direct);
    }
}

void cmdqv_settle(SMMUv3Accel *a)
{
    unsigned i = 0;

    while (i < cmdqv_count(a) && (!a->cmdqv.queues[i].hw_id || cmdqv_wanted(a, i))) {
        i++;
    }
    cmdqv_free_from(a, i);
    for (i = 0; a->cmdqv.mapped && i < cmdqv_count(a) && cmdqv_wanted(a, i); i++) {
        if (!a->cmdqv.queues[i].hw_id && (a->cmdqv.queues[i].refused || !queue_make(a, i))) {
            break;
        }
    }
    show_page(a, all_there(a) && memory_region_is_mapped(&a->s->cmdqv_mmio));
}

/* --- Errors of hardware queues -------------------------------------------------------------------- */

/* What it says is in the registers too. */
static void error_readable(void *opaque)
{
    SMMUv3Accel *a = opaque;
    uint8_t buf[EVENT_DEPTH * (sizeof(struct iommufd_vevent_header) + sizeof(struct iommu_vevent_tegra241_cmdqv))];

    g_mutex_lock(&a->s->lock);
    ssize_t n = iommufd_ops->event_read(a->cmdqv.veventq_fd, buf, sizeof(buf));
    accel_read_done(a, a->cmdqv.veventq_fd, n, &a->cmdqv.veventq_errors, "errors of its hardware command queues");
    if (n > 0) {
        interrupt(a);
    }
    g_mutex_unlock(&a->s->lock);
}

static void events_start(SMMUv3Accel *a)
{
    AccelCmdqv *c = &a->cmdqv;
    Error *err = NULL;

    if (!iommufd_backend_alloc_veventq(a->be, a->viommu_id, IOMMU_VEVENTQ_TYPE_TEGRA241_CMDQV, EVENT_DEPTH, &c->veventq_id, &c->veventq_fd, &err)) {
        error_prepend(&err, "%s: the guest gets no interrupt for errors of its hardware command queues: ", smmuv3_name(a->s));
        warn_report_err(err);
        c->veventq_id = 0;
        return;
    }
    c->veventq_errors = 0;
    qemu_set_fd_handler(c->veventq_fd, error_readable, NULL, a);
}

static void events_stop(SMMUv3Accel *a)
{
    AccelCmdqv *c = &a->cmdqv;

    if (c->veventq_id) {
        qemu_set_fd_handler(c->veventq_fd, NULL, NULL, NULL);
        iommufd_ops->event_close(c->veventq_fd);
        iommufd_backend_free_id(a->be, c->veventq_id);
        c->veventq_id = 0;
    }
}

/* --- The vIOMMU comes and goes ----------------------------------------------------------------------- */

/* Once; what is mapped there changes, its address never. */
bool cmdqv_reserve_page(SMMUv3Accel *a, Error **errp)
{
    void *p = a->cmdqv.page;

    if (!p) {
        p = mmap(NULL, CMDQV_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    }
    if (p == MAP_FAILED) {
        error_setg_errno(errp, errno, "%s: no memory for a page of command queues", smmuv3_name(a->s));
        return false;
    }
    a->cmdqv.page = p;
    return true;
}

static bool map_page(SMMUv3Accel *a, const struct iommu_viommu_tegra241_cmdqv *data, Error **errp)
{
    uint64_t length = data->out_vintf_mmap_length;

    if (length != CMDQV_PAGE_SIZE) {
        error_setg(errp, "%s: the host's page of command queues has 0x%" PRIx64 " bytes instead of 0x%x", smmuv3_name(a->s), length, CMDQV_PAGE_SIZE);
        return false;
    }
    a->cmdqv.mapped = iommufd_backend_viommu_mmap(a->be, a->viommu_id, a->cmdqv.page, length, data->out_vintf_mmap_offset, errp);
    return a->cmdqv.mapped;
}

bool accel_cmdqv_start(SMMUv3Accel *a, uint32_t dev_id, Error **errp)
{
    struct iommu_viommu_tegra241_cmdqv data = { 0 };

    if (!cmdqv_reserve_page(a, errp) ||
        !iommufd_backend_alloc_viommu(a->be, dev_id, IOMMU_VIOMMU_TYPE_TEGRA241_CMDQV, a->s2_id, &data, sizeof(data), &a->viommu_id, errp)) {
        return false;
    }
    if (!map_page(a, &data, errp)) {
        iommufd_backend_free_id(a->be, a->viommu_id);
        a->viommu_id = 0;
        return false;
    }
    events_start(a);
    for (unsigned i = 0; i < cmdqv_count(a); i++) {
        a->cmdqv.queues[i].refused = false;
    }
    cmdqv_settle(a);
    return true;
}

void accel_cmdqv_stop(SMMUv3Accel *a)
{
    if (!a->cmdqv.mapped) {
        return;
    }
    cmdqv_free_from(a, 0);
    show_page(a, false);
    events_stop(a);
    iommufd_backend_viommu_munmap(a->be, a->cmdqv.page, CMDQV_PAGE_SIZE);
    a->cmdqv.mapped = false;
}

/* Nothing is left to do for a guest that forgot its queues: what they did is done. */
void accel_cmdqv_reset(SMMUv3Accel *a)
{
    AccelCmdqv *c = &a->cmdqv;

    cmdqv_free_from(a, 0);
    show_page(a, false);
    memset(c->queues, 0, sizeof(c->queues));
    c->config = c->vintf_config = 0;
    c->int_mask = 0;
}

void accel_cmdqv_free(SMMUv3Accel *a)
{
    if (a->cmdqv.page) {
        munmap(a->cmdqv.page, CMDQV_PAGE_SIZE);
    }
}

/* --- What is offered ------------------------------------------------------------------------------------ */

static uint64_t smallest_page(const MemoryRegion *ram)
{
    uint64_t page = ram->ram_block ? ram->ram_block->page_size : UINT64_MAX;

    for (unsigned i = 0; ram->subregions && i < ram->subregions->len; i++) {
        page = MIN(page, smallest_page(ram->subregions->pdata[i]));
    }
    return page;
}

/* The largest queue that lies in one page of guest RAM, which is contiguous for sure. */
unsigned accel_cmdqv_queue_bits(void)
{
    uint64_t page = current_machine && current_machine->ram ? smallest_page(current_machine->ram) : (uint64_t)getpagesize();

    return MIN(ctz64(pow2floor(page) / CMD_SIZE), (unsigned)SMMU_CMDQS);
}

static bool host_has(const SMMUv3Accel *a, const HostIOMMUDevice *hiod, struct iommu_hw_info_tegra241_cmdqv *info)
{
    uint32_t type = IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV;
    uint64_t caps;
    uint8_t pasids;

    memset(info, 0, sizeof(*info));
    return iommufd_backend_get_device_info(hiod->iommufd, hiod->devid, &type, info, sizeof(*info), &caps, &pasids, NULL) &&
           type == IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV;
}

static bool check(SMMUv3Accel *a, const HostIOMMUDevice *hiod, bool has, const struct iommu_hw_info_tegra241_cmdqv *info, Error **errp)
{
    ERRP_GUARD();
    const AccelCmdqv *c = &a->cmdqv;

    if (!has) {
        error_setg(errp, "%s: hardware command queues (Tegra241 CMDQV): the guest has %u, the host SMMUv3 of %s none, or a kernel before 6.17",
                   smmuv3_name(a->s), cmdqv_count(a), hiod->name);
    } else if (info->log2vcmdqs < c->log2queues) {
        error_setg(errp, "%s: hardware command queues (Tegra241 CMDQV): the guest has %u, the host SMMUv3 of %s only %u", smmuv3_name(a->s),
                   cmdqv_count(a), hiod->name, 1U << MIN(info->log2vcmdqs, 31));
    } else if (info->version < c->version) {
        error_setg(errp, "%s: version of the Tegra241 CMDQV: the guest has %u, the host SMMUv3 of %s only %u", smmuv3_name(a->s),
                   c->version, hiod->name, info->version);
    } else if (FIELD_EX32(hiod->caps.smmuv3.idr[1], IDR1, CMDQS) < FIELD_EX32(a->s->idr[1], IDR1, CMDQS) && a->resolved) {
        error_setg(errp, "%s: bits of a command queue's index (IDR1.CMDQS): the guest has %u, the host SMMUv3 of %s only %u", smmuv3_name(a->s),
                   FIELD_EX32(a->s->idr[1], IDR1, CMDQS), hiod->name, FIELD_EX32(hiod->caps.smmuv3.idr[1], IDR1, CMDQS));
    } else {
        return true;
    }
    error_append_hint(errp, "use arm-smmuv3,cmdqv=off\n");
    return false;
}

static void take(AccelCmdqv *c, const struct iommu_hw_info_tegra241_cmdqv *info)
{
    c->version = MIN(info->version, 15);
    c->log2queues = MIN(info->log2vcmdqs, VCMDQ_MAX_LOG2);
}

bool accel_cmdqv_adopt(SMMUv3Accel *a, const HostIOMMUDevice *hiod, bool open, Error **errp)
{
    AccelCmdqv *c = &a->cmdqv;
    struct iommu_hw_info_tegra241_cmdqv info;
    bool has;

    open = open && !c->decided;
    if (!c->on && (!open || a->s->cmdqv != ON_OFF_AUTO_AUTO)) {
        return true;
    }
    has = host_has(a, hiod, &info);
    if (open) {
        c->on = a->s->cmdqv == ON_OFF_AUTO_ON || has;
        if (has) {
            take(c, &info);
        }
    }
    if (c->on && !check(a, hiod, has, &info, errp)) {
        return false;
    }
    c->streams = has ? BIT(MIN(info.log2vsids, SMMU_SIDSIZE)) : 0;
    return true;
}

/* As every Tegra241 has it. */
void accel_cmdqv_reopen(SMMUv3Accel *a)
{
    AccelCmdqv *c = &a->cmdqv;

    if (c->on && c->decided) {
        return;                         /* the guest's tables speak of it */
    }
    c->decided = false;
    c->on = a->s->cmdqv == ON_OFF_AUTO_ON;
    take(c, &(struct iommu_hw_info_tegra241_cmdqv) { .version = 1, .log2vcmdqs = 1 });
}
