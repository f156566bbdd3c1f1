/*
 * accel=on, cmdqv: Tegra241 command queues that a guest rings without an exit.
 *
 * The guest sees a CMDQV with one VINTF and as many VCMDQs as a VINTF of the host
 * has: a region of five pages (tegra241-cmdqv-regs.h) and an edge triggered
 * interrupt, both placed by the machine, which describes them in the DSDT. Queues
 * take what the hardware takes of a guest: TLBI_NH_ASID, TLBI_NH_VA, ATC_INV and
 * SYNC; everything else goes through the SMMU's own queue.
 *
 * A queue that is assigned, has a base, and belongs to a VINTF that is on, is made
 * on the host (in ascending order, as the hardware wants it); its registers are
 * then those of the hardware, in a page of the vIOMMU. While all queues that the
 * guest set up are there, the guest has that page itself as page 0 of its VINTF,
 * and PROD and CONS cost no exit. Else page 0 is trapped: registers of hardware
 * queues are passed on, the others are kept here. Without a device there is no
 * vIOMMU and nothing to invalidate: commands are looked at and done.
 *
 * When the host refuses a queue (its memory must be contiguous there), the guest
 * sees it stay disabled, CMDQ_ERR with CERROR_ABT, its bits in the error maps, and
 * the interrupt; and the operator a sentence.
 *
 * A 32-bit write to BASE takes effect with its upper half. Not modelled:
 * CONS_INDX_BASE and SID_MATCH/REPLACE (the host's), queues assigned to other
 * places than their own number; these read as zero.
 *
 * Under the machine lock and the vSMMU lock, except the guest's own accesses to
 * the page. What is mapped is changed under the machine lock only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/mman.h>
#include "hw/arm/smmuv3-accel.h"
#include "hw/arm/tegra241-cmdqv-regs.h"
#include "hw/core/boards.h"
#include "hw_arm.trace.h"

#define EVENT_DEPTH 64                  /* one says as much as many: look at the error map */

static unsigned count(const SMMUv3Accel *a)
{
    return BIT(a->cmdqv.log2queues);
}

/* --- Registers of one queue: the hardware's or ours ----------------------------------- */

static volatile uint32_t *hw_register(const SMMUv3Accel *a, unsigned i, unsigned reg)
{
    return (volatile uint32_t *)(a->cmdqv.page + i * VCMDQ_STRIDE + reg);
}

static uint32_t load(const SMMUv3Accel *a, unsigned i, unsigned reg)
{
    const CmdqvQueue *q = &a->cmdqv.queues[i];

    return q->hw_id ? le32toh(*hw_register(a, i, reg)) : q->regs[reg / 4];
}

static void store(SMMUv3Accel *a, unsigned i, unsigned reg, uint32_t v)
{
    CmdqvQueue *q = &a->cmdqv.queues[i];

    if (q->hw_id) {
        *hw_register(a, i, reg) = htole32(v);
    } else {
        q->regs[reg / 4] = v;
    }
}

static bool in_error(const SMMUv3Accel *a, unsigned i)
{
    return FIELD_EX32(load(a, i, VCMDQ_GERROR) ^ load(a, i, VCMDQ_GERRORN), VCMDQ_GERROR, CMDQ_ERR);
}

static uint32_t error_map(const SMMUv3Accel *a, unsigned word)
{
    uint32_t map = 0;

    for (unsigned i = word * 32; i < MIN(count(a), word * 32 + 32); i++) {
        map |= (uint32_t)in_error(a, i) << i % 32;
    }
    return map;
}

static bool any_error(const SMMUv3Accel *a)
{
    return error_map(a, 0) || error_map(a, 1) || error_map(a, 2) || error_map(a, 3);
}

static void interrupt(SMMUv3Accel *a)
{
    if (a->cmdqv.irq && any_error(a) && !(a->cmdqv.int_mask & 1)) {
        qemu_irq_pulse(a->cmdqv.irq);
    }
}

static void raise_error(SMMUv3Accel *a, unsigned i, unsigned cerror)
{
    trace_smmuv3_accel_cmdqv_error(i, cerror);
    store(a, i, VCMDQ_CONS, FIELD_DP32(load(a, i, VCMDQ_CONS), VCMDQ_CONS, ERR, cerror));
    if (!in_error(a, i)) {
        store(a, i, VCMDQ_GERROR, load(a, i, VCMDQ_GERROR) ^ FIELD_MASK(VCMDQ_GERROR, CMDQ_ERR));
    }
    interrupt(a);
}

/* --- Queues on the host ------------------------------------------------------------------ */

/* Did the guest set it up? */
static bool wanted(const SMMUv3Accel *a, unsigned i)
{
    const AccelCmdqv *c = &a->cmdqv;

    return FIELD_EX32(c->config, CMDQV_CONFIG, EN) && FIELD_EX32(c->vintf_config, VINTF_CONFIG, EN) &&
           FIELD_EX32(c->queues[i].alloc, CMDQ_ALLOC, ALLOCATED) && (c->queues[i].base & VCMDQ_BASE_ADDR_MASK);
}

static uint64_t queue_length(const CmdqvQueue *q)
{
    return (uint64_t)CMD_SIZE << FIELD_EX64(q->base, VCMDQ_BASE, LOG2SIZE);
}

static void queue_free(SMMUv3Accel *a, unsigned i)
{
    CmdqvQueue *q = &a->cmdqv.queues[i];
    uint32_t id = q->hw_id;

    for (unsigned reg = 0; reg < VCMDQ_PAGE0_END; reg += 4) {
        q->regs[reg / 4] = load(a, i, reg);
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
    store(a, i, VCMDQ_CONS, q->regs[VCMDQ_CONS / 4] & QUEUE_INDEX_MASK);
    store(a, i, VCMDQ_PROD, q->regs[VCMDQ_PROD / 4]);
    store(a, i, VCMDQ_CONFIG, q->regs[VCMDQ_CONFIG / 4]);
    trace_smmuv3_accel_cmdqv_queue(i, id, q->base, queue_length(q));
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
    raise_error(a, i, CERROR_ABT);
}

static bool queue_make(SMMUv3Accel *a, unsigned i)
{
    CmdqvQueue *q = &a->cmdqv.queues[i];
    Error *err = NULL;
    uint32_t id;

    if (!iommufd_backend_alloc_hw_queue(a->be, a->viommu_id, IOMMU_HW_QUEUE_TYPE_TEGRA241_CMDQV, i, q->base & VCMDQ_BASE_ADDR_MASK,
                                        queue_length(q), &id, &err)) {
        queue_refused(a, i, err);
        return false;
    }
    queue_made(a, i, id);
    return true;
}

/* They go from high to low. */
static void free_from(SMMUv3Accel *a, unsigned first)
{
    for (unsigned i = count(a); i-- > first;) {
        if (a->cmdqv.queues[i].hw_id) {
            queue_free(a, i);
        }
    }
}

/* May the guest have the page itself? Only when nothing in it has to be kept here. */
static bool all_there(const SMMUv3Accel *a)
{
    unsigned made = 0;

    for (unsigned i = 0; i < count(a); i++) {
        if (wanted(a, i) && !a->cmdqv.queues[i].hw_id) {
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

/* The host's queues become what the guest set up. */
static void settle(SMMUv3Accel *a)
{
    unsigned i = 0;

    while (i < count(a) && (!a->cmdqv.queues[i].hw_id || wanted(a, i))) {
        i++;
    }
    free_from(a, i);
    for (i = 0; a->cmdqv.mapped && i < count(a) && wanted(a, i); i++) {
        if (!a->cmdqv.queues[i].hw_id && (a->cmdqv.queues[i].refused || !queue_make(a, i))) {
            break;
        }
    }
    show_page(a, all_there(a) && memory_region_is_mapped(&a->s->cmdqv_mmio));
}

/* --- Queues without a host ------------------------------------------------------------------ */

static bool enabled_here(const SMMUv3Accel *a, unsigned i)
{
    const CmdqvQueue *q = &a->cmdqv.queues[i];

    return !a->viommu_id && !q->hw_id && wanted(a, i) && FIELD_EX32(q->regs[VCMDQ_CONFIG / 4], VCMDQ_CONFIG, EN);
}

static unsigned look_at(SMMUv3Accel *a, uint64_t addr)
{
    uint64_t w[CMD_WORDS];

    if (!smmuv3_read_words(a->s, addr, w, CMD_WORDS)) {
        return CERROR_ABT;
    }
    switch (FIELD_EX64(w[0], CMD0, OPCODE)) {
    case CMD_TLBI_NH_ASID:
    case CMD_TLBI_NH_VA:
    case CMD_ATC_INV:
    case CMD_SYNC:
        return CERROR_NONE;
    default:
        return CERROR_ILL;
    }
}

static void run_here(SMMUv3Accel *a, unsigned i)
{
    CmdqvQueue *q = &a->cmdqv.queues[i];
    unsigned log2size = MIN(FIELD_EX64(q->base, VCMDQ_BASE, LOG2SIZE), (unsigned)SMMU_CMDQS), cerror = CERROR_NONE;
    uint32_t mask = MAKE_64BIT_MASK(0, log2size + 1), cons = q->regs[VCMDQ_CONS / 4] & mask;
    uint64_t base = q->base & VCMDQ_BASE_ADDR_MASK & ~MAKE_64BIT_MASK(0, log2size + 4);
    uint32_t n = MIN((q->regs[VCMDQ_PROD / 4] - cons) & mask, BIT(log2size));

    if (!enabled_here(a, i) || in_error(a, i)) {
        return;
    }
    for (; n && !cerror; n--) {
        cerror = look_at(a, base + (uint64_t)(cons & (mask >> 1)) * CMD_SIZE);
        cons = cerror ? cons : (cons + 1) & mask;
    }
    q->regs[VCMDQ_CONS / 4] = cons;
    if (cerror) {
        raise_error(a, i, cerror);
    }
}

/* --- What the guest reads and writes: a queue -------------------------------------------------- */

static uint32_t queue_read(SMMUv3Accel *a, unsigned i, unsigned reg)
{
    if (reg >= VCMDQ_PAGE0_END) {
        return 0;
    }
    return reg == VCMDQ_STATUS && !a->cmdqv.queues[i].hw_id ? enabled_here(a, i) : load(a, i, reg);
}

static void queue_write(SMMUv3Accel *a, unsigned i, unsigned reg, uint32_t v)
{
    bool enabled = FIELD_EX32(load(a, i, VCMDQ_CONFIG), VCMDQ_CONFIG, EN);

    switch (reg) {
    case VCMDQ_CONS:
        if (enabled) {
            return;
        }
        v &= QUEUE_INDEX_MASK | (uint32_t)FIELD_MASK(VCMDQ_CONS, ERR);
        break;
    case VCMDQ_PROD:
        v &= QUEUE_INDEX_MASK;
        break;
    case VCMDQ_CONFIG:
        v &= FIELD_MASK(VCMDQ_CONFIG, EN);
        break;
    case VCMDQ_GERRORN:
        v &= FIELD_MASK(VCMDQ_GERROR, CMDQ_ERR);
        break;
    default:
        return;
    }
    store(a, i, reg, v);
    run_here(a, i);
}

static void base_write(SMMUv3Accel *a, unsigned i, unsigned shift, unsigned bits, uint64_t v)
{
    CmdqvQueue *q = &a->cmdqv.queues[i];

    if (FIELD_EX32(load(a, i, VCMDQ_CONFIG), VCMDQ_CONFIG, EN)) {
        log_guest_error("arm-smmuv3: the base of command queue %u is fixed while that is enabled", i);
        return;
    }
    v = deposit64(q->base, shift, bits, v) & VCMDQ_BASE_WRITABLE;
    if (shift + bits < 64) {            /* half of it */
        q->base = v;
        return;
    }
    free_from(a, i);
    q->base = v;
    q->refused = false;
    settle(a);
}

/* A queue keeps its number: that is all a VINTF alone needs. */
static void alloc_write(SMMUv3Accel *a, unsigned i, uint32_t v)
{
    CmdqvQueue *q = &a->cmdqv.queues[i];

    v &= FIELD_MASK(CMDQ_ALLOC, ALLOCATED) | FIELD_MASK(CMDQ_ALLOC, LVCMDQ) | FIELD_MASK(CMDQ_ALLOC, VINTF);
    if (FIELD_EX32(v, CMDQ_ALLOC, VINTF) || FIELD_EX32(v, CMDQ_ALLOC, LVCMDQ) != i) {
        log_guest_error("arm-smmuv3: command queue %u can only be number %u of interface 0", i, i);
        v &= ~FIELD_MASK(CMDQ_ALLOC, ALLOCATED);
    }
    q->alloc = v;
    q->refused = false;
    settle(a);
}

/* --- What the guest reads and writes: the pages ------------------------------------------------- */

static uint32_t param(const AccelCmdqv *c)
{
    return FIELD_DP32(0, CMDQV_PARAM, VER, c->version) | FIELD_DP32(0, CMDQV_PARAM, NUM_VCMDQ_LOG2, c->log2queues);
}

/* @reg as an index in a row of @n registers at @first; -1: it is none of them */
static int index_in(unsigned reg, unsigned first, unsigned n)
{
    return reg >= first && reg < first + 4 * n ? (int)(reg - first) / 4 : -1;
}

static uint32_t config_read(const SMMUv3Accel *a, unsigned reg)
{
    const AccelCmdqv *c = &a->cmdqv;
    int i = index_in(reg, CMDQV_CMDQ_ALLOC, count(a));

    if (i >= 0) {
        return c->queues[i].alloc;
    }
    i = index_in(reg, CMDQV_CMDQ_ERR_MAP, 4);
    i = i >= 0 ? i : index_in(reg, CMDQV_LVCMDQ_ERR_MAP, 4);
    if (i >= 0) {
        return error_map(a, (unsigned)i);
    }
    switch (reg) {
    case CMDQV_CONFIG:             return c->config;
    case CMDQV_STATUS:             return FIELD_EX32(c->config, CMDQV_CONFIG, EN);
    case CMDQV_PARAM:              return param(c);
    case CMDQV_VINTF_ERR_MAP:      return any_error(a);
    case CMDQV_VINTF_INT_MASK:     return (uint32_t)c->int_mask;
    case CMDQV_VINTF_INT_MASK + 4: return c->int_mask >> 32;
    case CMDQV_VINTF_CONFIG:       return c->vintf_config;
    case CMDQV_VINTF_STATUS:       return FIELD_EX32(c->vintf_config, VINTF_CONFIG, EN) && FIELD_EX32(c->config, CMDQV_CONFIG, EN);
    default:                       return 0;
    }
}

static void config_write(SMMUv3Accel *a, unsigned reg, uint32_t v)
{
    AccelCmdqv *c = &a->cmdqv;
    int i = index_in(reg, CMDQV_CMDQ_ALLOC, count(a));

    if (i >= 0) {
        alloc_write(a, (unsigned)i, v);
        return;
    }
    switch (reg) {
    case CMDQV_CONFIG:
        c->config = v & FIELD_MASK(CMDQV_CONFIG, EN);
        settle(a);
        break;
    case CMDQV_VINTF_CONFIG:
        c->vintf_config = v & (FIELD_MASK(VINTF_CONFIG, EN) | FIELD_MASK(VINTF_CONFIG, VMID));
        settle(a);
        break;
    case CMDQV_VINTF_INT_MASK:
    case CMDQV_VINTF_INT_MASK + 4:
        c->int_mask = deposit64(c->int_mask, (reg - CMDQV_VINTF_INT_MASK) * 8, 32, v);
        break;
    }
}

/* Is there such a queue in that page? Those of the VINTF are there when they are assigned to it. */
static bool queue_shown(const SMMUv3Accel *a, unsigned page, unsigned i)
{
    return i < count(a) && (page < CMDQV_VINTF_PAGE0 || FIELD_EX32(a->cmdqv.queues[i].alloc, CMDQ_ALLOC, ALLOCATED));
}

static uint32_t page_read(SMMUv3Accel *a, hwaddr addr)
{
    unsigned page = addr & ~(CMDQV_PAGE_SIZE - 1U), at = addr % CMDQV_PAGE_SIZE, i = at / VCMDQ_STRIDE, reg = at % VCMDQ_STRIDE;

    if (page == CMDQV_CONFIG_PAGE) {
        return config_read(a, at);
    }
    if (!queue_shown(a, page, i)) {
        return 0;
    }
    if (page == CMDQV_VCMDQ_PAGE0 || page == CMDQV_VINTF_PAGE0) {
        return queue_read(a, i, reg);
    }
    return reg < VCMDQ_BASE + 8 ? (uint32_t)(a->cmdqv.queues[i].base >> (reg - VCMDQ_BASE) * 8) : 0;
}

static void page_write(SMMUv3Accel *a, hwaddr addr, uint64_t v, unsigned size)
{
    unsigned page = addr & ~(CMDQV_PAGE_SIZE - 1U), at = addr % CMDQV_PAGE_SIZE, i = at / VCMDQ_STRIDE, reg = at % VCMDQ_STRIDE;
    bool page1 = page == CMDQV_VCMDQ_PAGE1 || page == CMDQV_VINTF_PAGE1;

    if (page1 && queue_shown(a, page, i) && reg < VCMDQ_BASE + 8) {
        base_write(a, i, (reg - VCMDQ_BASE) * 8, size * 8, v);
    } else if (size == 8) {
        page_write(a, addr, (uint32_t)v, 4);
        page_write(a, addr + 4, v >> 32, 4);
    } else if (page == CMDQV_CONFIG_PAGE) {
        config_write(a, at, (uint32_t)v);
    } else if (!page1 && queue_shown(a, page, i)) {
        queue_write(a, i, reg, (uint32_t)v);
    }
}

static uint64_t cmdqv_read(void *opaque, hwaddr addr, unsigned size)
{
    SMMUv3State *s = opaque;

    g_mutex_lock(&s->lock);
    uint64_t v = page_read(s->accel_state, addr);
    if (size == 8) {
        v |= (uint64_t)page_read(s->accel_state, addr + 4) << 32;
    }
    g_mutex_unlock(&s->lock);
    trace_smmuv3_accel_cmdqv_read(addr, v, size);
    return v;
}

static void cmdqv_write(void *opaque, hwaddr addr, uint64_t v, unsigned size)
{
    SMMUv3State *s = opaque;

    trace_smmuv3_accel_cmdqv_write(addr, v, size);
    g_mutex_lock(&s->lock);
    page_write(s->accel_state, addr, v, size);
    g_mutex_unlock(&s->lock);
}

static const MemoryRegionOps cmdqv_ops = {
    .read = cmdqv_read, .write = cmdqv_write, .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 8 },
    .impl = { .min_access_size = 4, .max_access_size = 8 },
};

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
static bool reserve_page(SMMUv3Accel *a, Error **errp)
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

    if (!reserve_page(a, errp) ||
        !iommufd_backend_alloc_viommu(a->be, dev_id, IOMMU_VIOMMU_TYPE_TEGRA241_CMDQV, a->s2_id, &data, sizeof(data), &a->viommu_id, errp)) {
        return false;
    }
    if (!map_page(a, &data, errp)) {
        iommufd_backend_free_id(a->be, a->viommu_id);
        a->viommu_id = 0;
        return false;
    }
    events_start(a);
    for (unsigned i = 0; i < count(a); i++) {
        a->cmdqv.queues[i].refused = false;
    }
    settle(a);
    return true;
}

void accel_cmdqv_stop(SMMUv3Accel *a)
{
    if (!a->cmdqv.mapped) {
        return;
    }
    free_from(a, 0);
    show_page(a, false);
    events_stop(a);
    iommufd_backend_viommu_munmap(a->be, a->cmdqv.page, CMDQV_PAGE_SIZE);
    a->cmdqv.mapped = false;
}

/* Nothing is left to do for a guest that forgot its queues: what they did is done. */
void accel_cmdqv_reset(SMMUv3Accel *a)
{
    AccelCmdqv *c = &a->cmdqv;

    free_from(a, 0);
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
                   smmuv3_name(a->s), count(a), hiod->name);
    } else if (info->log2vcmdqs < c->log2queues) {
        error_setg(errp, "%s: hardware command queues (Tegra241 CMDQV): the guest has %u, the host SMMUv3 of %s only %u", smmuv3_name(a->s),
                   count(a), hiod->name, 1U << MIN(info->log2vcmdqs, 31));
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

/* --- Seen from outside ------------------------------------------------------------------------------------- */

static json_t *queue_info(SMMUv3Accel *a, unsigned i)
{
    const CmdqvQueue *q = &a->cmdqv.queues[i];

    return json_pack("{s:i, s:b, s:I, s:I, s:I, s:I, s:b, s:b, s:I}", "index", (int)i,
                     "assigned", FIELD_EX32(q->alloc, CMDQ_ALLOC, ALLOCATED), "base", (json_int_t)(q->base & VCMDQ_BASE_ADDR_MASK),
                     "entries", (json_int_t)(queue_length(q) / CMD_SIZE), "prod", (json_int_t)queue_read(a, i, VCMDQ_PROD),
                     "cons", (json_int_t)queue_read(a, i, VCMDQ_CONS), "enabled", (bool)(queue_read(a, i, VCMDQ_STATUS) & 1),
                     "error", in_error(a, i), "hw-queue", (json_int_t)q->hw_id);
}

json_t *accel_cmdqv_query(SMMUv3Accel *a)
{
    json_t *list = json_array();

    if (!a->cmdqv.on) {
        json_decref(list);
        return NULL;
    }
    for (unsigned i = 0; i < count(a); i++) {
        json_array_append_new(list, queue_info(a, i));
    }
    return json_pack("{s:b, s:b, s:i, s:o}", "enabled", FIELD_EX32(a->cmdqv.vintf_config, VINTF_CONFIG, EN), "direct", a->cmdqv.direct,
                     "streams", (int)a->cmdqv.streams, "queues", list);
}

/* --- The machine's side ----------------------------------------------------------------------------------------- */

MemoryRegion *smmuv3_accel_cmdqv_region(SMMUv3State *s)
{
    SMMUv3Accel *a = s->accel_state;
    g_autoptr(Error) err = NULL;

    g_mutex_lock(&s->lock);
    bool show = a->cmdqv.on && reserve_page(a, &err);
    a->cmdqv.decided = true;
    g_mutex_unlock(&s->lock);
    if (show && !a->cmdqv.made) {
        memory_region_init_io(&s->cmdqv_mmio, OBJECT(s), &cmdqv_ops, s, "smmuv3-cmdqv", CMDQV_MMIO_SIZE);
        memory_region_init_ram_device_ptr(&s->cmdqv_vintf, OBJECT(s), "smmuv3-cmdqv-vintf", CMDQV_PAGE_SIZE, a->cmdqv.page);
        memory_region_set_enabled(&s->cmdqv_vintf, false);
        memory_region_add_subregion_overlap(&s->cmdqv_mmio, CMDQV_VINTF_PAGE0, &s->cmdqv_vintf, 1);
        a->cmdqv.made = true;
    }
    return show ? &s->cmdqv_mmio : NULL;
}

void smmuv3_accel_cmdqv_connect(SMMUv3State *s, qemu_irq irq)
{
    s->accel_state->cmdqv.irq = irq;
}
