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
#include "smmuv3-accel-cmdqv.h"
#include "hw_arm.trace.h"

/* --- Queues without a host ------------------------------------------------------------------ */

static bool enabled_here(const SMMUv3Accel *a, unsigned i)
{
    const CmdqvQueue *q = &a->cmdqv.queues[i];

    return !a->viommu_id && !q->hw_id && cmdqv_wanted(a, i) && FIELD_EX32(q->regs[VCMDQ_CONFIG / 4], VCMDQ_CONFIG, EN);
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

    if (!enabled_here(a, i) || cmdqv_in_error(a, i)) {
        return;
    }
    for (; n && !cerror; n--) {
        cerror = look_at(a, base + (uint64_t)(cons & (mask >> 1)) * CMD_SIZE);
        cons = cerror ? cons : (cons + 1) & mask;
    }
    q->regs[VCMDQ_CONS / 4] = cons;
    if (cerror) {
        cmdqv_raise_error(a, i, cerror);
    }
}

/* --- What the guest reads and writes: a queue -------------------------------------------------- */

static uint32_t queue_read(SMMUv3Accel *a, unsigned i, unsigned reg)
{
    if (reg >= VCMDQ_PAGE0_END) {
        return 0;
    }
    if (reg == VCMDQ_CONS) {            /* the hardware may have gone and left something to do */
        run_here(a, i);
    }
    return reg == VCMDQ_STATUS && !a->cmdqv.queues[i].hw_id ? enabled_here(a, i) : cmdqv_load(a, i, reg);
}

static void queue_write(SMMUv3Accel *a, unsigned i, unsigned reg, uint32_t v)
{
    bool enabled = FIELD_EX32(cmdqv_load(a, i, VCMDQ_CONFIG), VCMDQ_CONFIG, EN);

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
    cmdqv_store(a, i, reg, v);
    run_here(a, i);
}

static void base_write(SMMUv3Accel *a, unsigned i, unsigned shift, unsigned bits, uint64_t v)
{
    CmdqvQueue *q = &a->cmdqv.queues[i];

    if (FIELD_EX32(cmdqv_load(a, i, VCMDQ_CONFIG), VCMDQ_CONFIG, EN)) {
        log_guest_error("arm-smmuv3: the base of command queue %u is fixed while that is enabled", i);
        return;
    }
    v = deposit64(q->base, shift, bits, v) & VCMDQ_BASE_WRITABLE;
    if (shift + bits < 64) {            /* half of it */
        q->base = v;
        return;
    }
    cmdqv_free_from(a, i);
    q->base = v;
    q->refused = false;
    cmdqv_settle(a);
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
    cmdqv_settle(a);
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
    int i = index_in(reg, CMDQV_CMDQ_ALLOC, cmdqv_count(a));

    if (i >= 0) {
        return c->queues[i].alloc;
    }
    i = index_in(reg, CMDQV_CMDQ_ERR_MAP, 4);
    i = i >= 0 ? i : index_in(reg, CMDQV_LVCMDQ_ERR_MAP, 4);
    if (i >= 0) {
        return cmdqv_error_map(a, (unsigned)i);
    }
    switch (reg) {
    case CMDQV_CONFIG:             return c->config;
    case CMDQV_STATUS:             return FIELD_EX32(c->config, CMDQV_CONFIG, EN);
    case CMDQV_PARAM:              return param(c);
    case CMDQV_VINTF_ERR_MAP:      return cmdqv_any_error(a);
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
    int i = index_in(reg, CMDQV_CMDQ_ALLOC, cmdqv_count(a));

    if (i >= 0) {
        alloc_write(a, (unsigned)i, v);
        return;
    }
    switch (reg) {
    case CMDQV_CONFIG:
        c->config = v & FIELD_MASK(CMDQV_CONFIG, EN);
        cmdqv_settle(a);
        break;
    case CMDQV_VINTF_CONFIG:
        c->vintf_config = v & (FIELD_MASK(VINTF_CONFIG, EN) | FIELD_MASK(VINTF_CONFIG, VMID));
        cmdqv_settle(a);
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
    return i < cmdqv_count(a) && (page < CMDQV_VINTF_PAGE0 || FIELD_EX32(a->cmdqv.queues[i].alloc, CMDQ_ALLOC, ALLOCATED));
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

/* --- Seen from outside ------------------------------------------------------------------------------------- */

static json_t *queue_info(SMMUv3Accel *a, unsigned i)
{
    const CmdqvQueue *q = &a->cmdqv.queues[i];

    return json_pack("{s:i, s:b, s:I, s:I, s:I, s:I, s:b, s:b, s:I}", "index", (int)i,
                     "assigned", FIELD_EX32(q->alloc, CMDQ_ALLOC, ALLOCATED), "base", (json_int_t)(q->base & VCMDQ_BASE_ADDR_MASK),
                     "entries", (json_int_t)(cmdqv_queue_length(q) / CMD_SIZE), "prod", (json_int_t)queue_read(a, i, VCMDQ_PROD),
                     "cons", (json_int_t)queue_read(a, i, VCMDQ_CONS), "enabled", (bool)(queue_read(a, i, VCMDQ_STATUS) & 1),
                     "error", cmdqv_in_error(a, i), "hw-queue", (json_int_t)q->hw_id);
}

json_t *accel_cmdqv_query(SMMUv3Accel *a)
{
    json_t *list = json_array();

    if (!a->cmdqv.on) {
        json_decref(list);
        return NULL;
    }
    for (unsigned i = 0; i < cmdqv_count(a); i++) {
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
    bool show = a->cmdqv.on && cmdqv_reserve_page(a, &err);
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
