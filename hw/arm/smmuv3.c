/*
 * The SMMUv3 device: properties, registers, reset.
 *
 * The guest sees an SMMUv3.2 (IHI 0070), non-secure programming interface
 * only: two 64 KiB pages of registers (chapter 6), a command and an event queue
 * of up to 2^19 entries, linear and two-level stream tables of 16-bit StreamIDs
 * (PCI RIDs), wired interrupts. What it can do is in the ID registers and
 * computed once: at realize for the emulated model, from the host for accel=on.
 *
 * Register accesses run on the vCPU thread under the device's own lock; see
 * smmuv3-internal.h.
 *
 * The PRI queue (smmuv3-priq.c) and stalls exist only when accel=on found a
 * host that has them.
 *
 * Not modelled: secure and realm interfaces, EL2 (HYP), HTTU, ATOS, PMCG. Their
 * registers read as zero. HTTU would go into smmu-walk.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-internal.h"
#include "util/main-loop.h"
#include "hw_arm.trace.h"

const char *smmuv3_name(SMMUv3State *s)
{
    const char *id = DEVICE(s)->id;

    return id ? id : TYPE_ARM_SMMUV3;
}

bool smmuv3_read_words(SMMUv3State *s, uint64_t addr, uint64_t *words, unsigned n)
{
    if (address_space_read(s->as, addr, (MemTxAttrs) { .memory = 1 }, words, n * sizeof(*words)) != MEMTX_OK) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        words[i] = le64toh(words[i]);
    }
    return true;
}

bool smmuv3_ats_enabled(SMMUv3State *s)
{
    g_mutex_lock(&s->lock);
    bool ats = smmuv3_has_ats(s);
    g_mutex_unlock(&s->lock);
    return ats;
}

MemoryRegion *smmuv3_cmdqv_region(SMMUv3State *s)
{
    return s->accel ? smmuv3_accel_cmdqv_region(s) : NULL;
}

void smmuv3_cmdqv_connect(SMMUv3State *s, qemu_irq irq)
{
    smmuv3_accel_cmdqv_connect(s, irq);
}

/* --- Registers: what happens after a write ------------------------------------------ */

static void queues_changed(SMMUv3State *s)
{
    if (s->engine->queues_changed) {
        s->engine->queues_changed(s);
    }
}

static void cr0_written(SMMUv3State *s, uint64_t old)
{
    if (!smmuv3_has_pri(s)) {
        s->cr0 &= ~FIELD_MASK(CR0, PRIQEN);
    }
    if ((s->cr0 ^ old) & (FIELD_MASK(CR0, EVENTQEN) | FIELD_MASK(CR0, PRIQEN))) {
        queues_changed(s);
    }
    if ((s->cr0 ^ old) & FIELD_MASK(CR0, SMMUEN)) {
        trace_smmuv3_enable(smmuv3_enabled(s));
        s->engine->config_changed(s);
        s->engine->flush(s);
    }
    smmuv3_cmdq_run(s);
}

/* Table attributes are fixed while translating, queue attributes while any queue is on. */
static void cr1_written(SMMUv3State *s, uint64_t old)
{
    uint32_t fixed = 0;

    if (smmuv3_enabled(s)) {
        fixed |= 0xfc0;
    }
    if (s->cr0 & (FIELD_MASK(CR0, EVENTQEN) | FIELD_MASK(CR0, PRIQEN) | FIELD_MASK(CR0, CMDQEN))) {
        fixed |= 0x03f;
    }
    s->cr1 = (s->cr1 & ~fixed) | (old & fixed);
}

static void gbpa_written(SMMUv3State *s, uint64_t old)
{
    if (!FIELD_EX32(s->gbpa, GBPA, UPDATE)) {
        s->gbpa = old;                  /* without Update a write does nothing */
        return;
    }
    s->gbpa &= ~FIELD_MASK(GBPA, UPDATE);
    if ((s->gbpa ^ old) & FIELD_MASK(GBPA, ABORT)) {
        s->engine->config_changed(s);
        s->engine->flush(s);
    }
}

static void cmdq_written(SMMUv3State *s, uint64_t old)
{
    smmuv3_cmdq_run(s);
}

static void gerrorn_written(SMMUv3State *s, uint64_t old)
{
    if (!smmuv3_has_pri(s)) {
        s->gerrorn &= ~(uint32_t)GERROR_OF_PRIQ;
    }
    smmuv3_cmdq_run(s);
}

static void irq_ctrl_written(SMMUv3State *s, uint64_t old)
{
    if (!smmuv3_has_pri(s)) {
        s->irq_ctrl &= ~FIELD_MASK(IRQ_CTRL, PRIQ_IRQEN);
    }
}

static void event_cons_written(SMMUv3State *s, uint64_t old)
{
    queues_changed(s);
}

/* --- Registers: the table ---------------------------------------------------------- */

typedef enum RegGuard {
    WRITE_ALWAYS, WRITE_NEVER, WRITE_SMMU_OFF, WRITE_CMDQ_OFF, WRITE_EVENTQ_OFF, WRITE_GERROR_MSI, WRITE_EVENTQ_MSI,
    WRITE_PRI, WRITE_PRIQ_OFF, WRITE_PRIQ_MSI,
} RegGuard;

typedef struct RegInfo {
    uint32_t offset;
    uint8_t size;
    RegGuard guard;
    uint16_t field;
    uint64_t writable;
    void (*written)(SMMUv3State *s, uint64_t old);
} RegInfo;

#define REG(off, size, guard, field, ...) { SMMU_##off, size, guard, offsetof(SMMUv3State, field), __VA_ARGS__ }
static const RegInfo registers[] = {    /* the hot ones first */
    REG(CMDQ_PROD, 4, WRITE_ALWAYS, cmdq.prod, QUEUE_INDEX_MASK, cmdq_written),
    REG(CMDQ_CONS, 4, WRITE_CMDQ_OFF, cmdq.cons, QUEUE_INDEX_MASK | FIELD_MASK(CMDQ_CONS, ERR)),
    REG(EVENTQ_PROD, 4, WRITE_EVENTQ_OFF, eventq.prod, QUEUE_INDEX_MASK | QUEUE_OVF),
    REG(EVENTQ_CONS, 4, WRITE_ALWAYS, eventq.cons, QUEUE_INDEX_MASK | QUEUE_OVF, event_cons_written),
    REG(GERROR, 4, WRITE_NEVER, gerror, 0),
    REG(GERRORN, 4, WRITE_ALWAYS, gerrorn, GERROR_IMPLEMENTED, gerrorn_written),
    REG(IDR0, 4, WRITE_NEVER, idr[0], 0),
    REG(IDR1, 4, WRITE_NEVER, idr[1], 0),
    REG(IDR2, 4, WRITE_NEVER, idr[2], 0),
    REG(IDR3, 4, WRITE_NEVER, idr[3], 0),
    REG(IDR4, 4, WRITE_NEVER, idr[4], 0),
    REG(IDR5, 4, WRITE_NEVER, idr[5], 0),
    REG(IIDR, 4, WRITE_NEVER, iidr, 0),
    REG(AIDR, 4, WRITE_NEVER, aidr, 0),
    REG(CR0, 4, WRITE_ALWAYS, cr0, CR0_IMPLEMENTED, cr0_written),
    REG(CR0ACK, 4, WRITE_NEVER, cr0, 0),            /* every update is complete when the write is */
    REG(CR1, 4, WRITE_ALWAYS, cr1, CR1_WRITABLE, cr1_written),
    REG(CR2, 4, WRITE_SMMU_OFF, cr2, CR2_WRITABLE),
    REG(GBPA, 4, WRITE_ALWAYS, gbpa, GBPA_WRITABLE | FIELD_MASK(GBPA, UPDATE), gbpa_written),
    REG(IRQ_CTRL, 4, WRITE_ALWAYS, irq_ctrl, IRQ_CTRL_WRITABLE, irq_ctrl_written),
    REG(IRQ_CTRLACK, 4, WRITE_NEVER, irq_ctrl, 0),
    REG(GERROR_IRQ_CFG0, 8, WRITE_GERROR_MSI, msi_gerror.addr, MSI_CFG0_WRITABLE),
    REG(GERROR_IRQ_CFG1, 4, WRITE_GERROR_MSI, msi_gerror.data, UINT32_MAX),
    REG(GERROR_IRQ_CFG2, 4, WRITE_GERROR_MSI, msi_gerror.attr, MSI_CFG2_WRITABLE),
    REG(STRTAB_BASE, 8, WRITE_SMMU_OFF, strtab_base, STRTAB_BASE_WRITABLE),
    REG(STRTAB_BASE_CFG, 4, WRITE_SMMU_OFF, strtab_base_cfg, STRTAB_BASE_CFG_WRITABLE),
    REG(CMDQ_BASE, 8, WRITE_CMDQ_OFF, cmdq.base, QBASE_WRITABLE),
    REG(EVENTQ_BASE, 8, WRITE_EVENTQ_OFF, eventq.base, QBASE_WRITABLE),
    REG(EVENTQ_IRQ_CFG0, 8, WRITE_EVENTQ_MSI, msi_eventq.addr, MSI_CFG0_WRITABLE),
    REG(EVENTQ_IRQ_CFG1, 4, WRITE_EVENTQ_MSI, msi_eventq.data, UINT32_MAX),
    REG(EVENTQ_IRQ_CFG2, 4, WRITE_EVENTQ_MSI, msi_eventq.attr, MSI_CFG2_WRITABLE),
    REG(PRIQ_BASE, 8, WRITE_PRIQ_OFF, priq.base, QBASE_WRITABLE),
    REG(PRIQ_PROD, 4, WRITE_PRIQ_OFF, priq.prod, QUEUE_INDEX_MASK | QUEUE_OVF),
    REG(PRIQ_CONS, 4, WRITE_PRI, priq.cons, QUEUE_INDEX_MASK | QUEUE_OVF),
    REG(PRIQ_IRQ_CFG0, 8, WRITE_PRIQ_MSI, msi_priq.addr, MSI_CFG0_WRITABLE),
    REG(PRIQ_IRQ_CFG1, 4, WRITE_PRIQ_MSI, msi_priq.data, UINT32_MAX),
    REG(PRIQ_IRQ_CFG2, 4, WRITE_PRI, msi_priq.attr, PRIQ_IRQ_CFG2_WRITABLE),
};

/* Identification as the peripheral bus has it: part number, designer (Arm), revision, component class. */
static const uint8_t id_registers[] = { 0x04, 0, 0, 0, 0x84, 0xb4, 0xf0, 0x10, 0x0d, 0xf0, 0x05, 0xb1 };

/* 6.1: page 0 shows what page 1 has of the event queue, too. */
static hwaddr canonical(hwaddr addr)
{
    return addr >= (SMMU_EVENTQ_PROD & 0xffff) && addr < (SMMU_EVENTQ_CONS & 0xffff) + 4 ? addr + 0x10000 : addr;
}

static const RegInfo *find_register(hwaddr addr)
{
    for (size_t i = 0; i < ARRAY_SIZE(registers); i++) {
        if (addr >= registers[i].offset && addr < registers[i].offset + registers[i].size) {
            return &registers[i];
        }
    }
    return NULL;
}

static bool may_write(const SMMUv3State *s, RegGuard guard)
{
    switch (guard) {
    case WRITE_ALWAYS:     return true;
    case WRITE_SMMU_OFF:   return !smmuv3_enabled(s);
    case WRITE_CMDQ_OFF:   return !FIELD_EX32(s->cr0, CR0, CMDQEN);
    case WRITE_EVENTQ_OFF: return !FIELD_EX32(s->cr0, CR0, EVENTQEN);
    case WRITE_GERROR_MSI: return smmuv3_has_msi(s) && !FIELD_EX32(s->irq_ctrl, IRQ_CTRL, GERROR_IRQEN);
    case WRITE_EVENTQ_MSI: return smmuv3_has_msi(s) && !FIELD_EX32(s->irq_ctrl, IRQ_CTRL, EVENTQ_IRQEN);
    case WRITE_PRI:        return smmuv3_has_pri(s);
    case WRITE_PRIQ_OFF:   return smmuv3_has_pri(s) && !FIELD_EX32(s->cr0, CR0, PRIQEN);
    case WRITE_PRIQ_MSI:   return smmuv3_has_pri(s) && smmuv3_has_msi(s) && !FIELD_EX32(s->irq_ctrl, IRQ_CTRL, PRIQ_IRQEN);
    default:               return false;
    }
}

static uint64_t load(const SMMUv3State *s, const RegInfo *r)
{
    return ldn_le_p((const char *)s + r->field, r->size);
}

static void store(SMMUv3State *s, const RegInfo *r, uint64_t v)
{
    stn_le_p((char *)s + r->field, r->size, v);
}

static uint64_t register_read(SMMUv3State *s, hwaddr addr, unsigned size)
{
    addr = canonical(addr);
    const RegInfo *r = find_register(addr);

    if (!r) {
        return addr >= SMMU_IDREGS && addr < 0x1000 ? id_registers[(addr - SMMU_IDREGS) / 4] : 0;
    }
    if (r->size < size) {               /* two registers at once */
        return register_read(s, addr, 4) | register_read(s, addr + 4, 4) << 32;
    }
    return extract64(load(s, r), (addr - r->offset) * 8, size * 8);
}

static void register_write(SMMUv3State *s, hwaddr addr, uint64_t v, unsigned size)
{
    addr = canonical(addr);
    const RegInfo *r = find_register(addr);

    if (r && r->size < size) {
        register_write(s, addr, (uint32_t)v, 4);
        register_write(s, addr + 4, v >> 32, 4);
        return;
    }
    if (!r || !may_write(s, r->guard)) {
        log_guest_error("arm-smmuv3: write of 0x%" PRIx64 " to 0x%" PRIx64 " has no effect now", v, addr);
        return;
    }
    uint64_t old = load(s, r);
    store(s, r, (old & ~r->writable) | (deposit64(old, (addr - r->offset) * 8, size * 8, v) & r->writable));
    if (r->written) {
        r->written(s, old);
    }
}

static uint64_t smmuv3_read(void *opaque, hwaddr addr, unsigned size)
{
    SMMUv3State *s = opaque;

    g_mutex_lock(&s->lock);
    if (s->accel && addr <= SMMU_AIDR) {
        smmuv3_accel_freeze(s);
    }
    uint64_t v = register_read(s, addr, size);
    g_mutex_unlock(&s->lock);
    trace_smmuv3_read(addr, v, size);
    return v;
}

static void smmuv3_write(void *opaque, hwaddr addr, uint64_t v, unsigned size)
{
    SMMUv3State *s = opaque;

    /* Who keeps translations of ours is told of invalidations under the machine lock. */
    bool big = __atomic_load_n(&s->listeners, __ATOMIC_RELAXED) && !bql_locked();

    trace_smmuv3_write(addr, v, size);
    if (big) {
        bql_lock();
    }
    g_mutex_lock(&s->lock);
    register_write(s, addr, v, size);
    g_mutex_unlock(&s->lock);
    if (big) {
        bql_unlock();
    }
}

static const MemoryRegionOps smmuv3_ops = {
    .read = smmuv3_read, .write = smmuv3_write, .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 8 },
    .impl = { .min_access_size = 4, .max_access_size = 8 },
};

/* --- Life ------------------------------------------------------------------------------ */

/* The emulated model's abilities; accel=on replaces them by what the host offers. */
static bool init_id_registers(SMMUv3State *s, Error **errp)
{
    const char *stage = s->stage ? s->stage : s->accel ? "1" : "nested";
    bool s1 = strcmp(stage, "2") != 0, s2 = strcmp(stage, "1") != 0;

    if (s1 && strcmp(stage, "1") && strcmp(stage, "nested")) {
        error_setg(errp, "arm-smmuv3: stage=%s is not known; use 1, 2 or nested", s->stage);
        return false;
    }
    s->idr[0] = FIELD_DP32(0, IDR0, S1P, s1) | FIELD_DP32(0, IDR0, S2P, s2) | FIELD_DP32(0, IDR0, TTF, 2) |
                FIELD_DP32(0, IDR0, COHACC, 1) | FIELD_DP32(0, IDR0, ASID16, 1) | FIELD_DP32(0, IDR0, VMID16, s2) |
                FIELD_DP32(0, IDR0, CD2L, 1) | FIELD_DP32(0, IDR0, TTENDIAN, 2) | FIELD_DP32(0, IDR0, STALL_MODEL, 1) |
                FIELD_DP32(0, IDR0, TERM_MODEL, 1) | FIELD_DP32(0, IDR0, ST_LEVEL, 1) | FIELD_DP32(0, IDR0, SEV, 1) |
                FIELD_DP32(0, IDR0, MSI, 1);
    s->idr[1] = FIELD_DP32(0, IDR1, SIDSIZE, SMMU_SIDSIZE) | FIELD_DP32(0, IDR1, EVENTQS, SMMU_EVENTQS) |
                FIELD_DP32(0, IDR1, CMDQS, SMMU_CMDQS);
    s->idr[3] = FIELD_DP32(0, IDR3, HAD, 1) | FIELD_DP32(0, IDR3, RIL, 1) | FIELD_DP32(0, IDR3, BBML, 2);
    s->idr[5] = FIELD_DP32(0, IDR5, OAS, smmu_oas_encode(48)) | FIELD_DP32(0, IDR5, GRAN4K, 1) |
                FIELD_DP32(0, IDR5, GRAN16K, 1) | FIELD_DP32(0, IDR5, GRAN64K, 1);
    s->aidr = 2;                        /* architecture 3.2 */
    return true;
}

static bool check_bus(SMMUv3State *s, Error **errp)
{
    if (!s->primary_bus) {
        error_setg(errp, "arm-smmuv3: primary-bus is missing; name a PCIe root bus such as pcie.0 or the id of a pxb-pcie");
        return false;
    }
    if (!pci_bus_is_root(s->primary_bus)) {
        error_setg(errp, "arm-smmuv3: primary-bus=%s is not a root bus; use pcie.0 or the id of a pxb-pcie",
                   s->primary_bus->qbus.name);
        return false;
    }
    if (s->primary_bus->iommu_ops && s->primary_bus->iommu_per_bus) {
        error_setg(errp, "arm-smmuv3: primary-bus=%s already has an IOMMU", s->primary_bus->qbus.name);
        return false;
    }
    return true;
}

static bool emulated_realize(SMMUv3State *s, Error **errp)
{
    static const struct { size_t offset; const char *name; } accel_only[] = {
        { offsetof(SMMUv3State, ats), "ats" }, { offsetof(SMMUv3State, cmdqv), "cmdqv" }, { offsetof(SMMUv3State, ril), "ril" },
        { offsetof(SMMUv3State, x_pri), "x-pri" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(accel_only); i++) {
        if (*(OnOffAuto *)((char *)s + accel_only[i].offset) != ON_OFF_AUTO_AUTO) {
            error_setg(errp, "arm-smmuv3: %s needs accel=on", accel_only[i].name);
            return false;
        }
    }
    if (s->x_stall) {
        error_setg(errp, "arm-smmuv3: x-stall needs accel=on");
        return false;
    }
    if (s->oas != SMMU_AUTO || s->ssidsize != SMMU_AUTO) {
        error_setg(errp, "arm-smmuv3: %s needs accel=on; the emulated model takes x-%s",
                   s->oas != SMMU_AUTO ? "oas" : "ssidsize", s->oas != SMMU_AUTO ? "oas" : "ssidsize");
        return false;
    }
    if (s->x_ssidsize > 20 || (s->x_oas != 32 && s->x_oas != 36 && s->x_oas != 40 && s->x_oas != 42 && s->x_oas != 44 &&
                               s->x_oas != 48 && s->x_oas != 52)) {
        error_setg(errp, "arm-smmuv3: x-ssidsize takes 0 to 20, x-oas 32, 36, 40, 42, 44, 48 or 52");
        return false;
    }
    s->idr[0] = FIELD_DP32(s->idr[0], IDR0, ATS, s->x_ats);
    s->idr[0] = FIELD_DP32(s->idr[0], IDR0, NS1ATS, s->x_ats);         /* no split-stage ATS */
    s->idr[1] = FIELD_DP32(s->idr[1], IDR1, SSIDSIZE, s->x_ssidsize);
    s->idr[3] = FIELD_DP32(s->idr[3], IDR3, XNX, smmuv3_has_s2(s));
    s->idr[5] = FIELD_DP32(s->idr[5], IDR5, OAS, smmu_oas_encode(s->x_oas));
    s->idr[5] = FIELD_DP32(s->idr[5], IDR5, VAX, s->x_oas == 52);
    return smmuv3_emul_realize(s, errp);
}

static bool has_own_memory(const SMMUv3State *s)
{
    return s->memory && s->memory != get_system_memory();
}

static bool smmuv3_realize(DeviceState *dev, Error **errp)
{
    SMMUv3State *s = ARM_SMMUV3(dev);

    if (!check_bus(s, errp) || !init_id_registers(s, errp)) {
        return false;
    }
    s->as = &address_space_memory;
    if (has_own_memory(s)) {
        address_space_init(&s->own_as, s->memory, "smmuv3-memory");
        s->as = &s->own_as;
    }
    if (!(s->accel ? smmuv3_accel_realize(s, errp) : emulated_realize(s, errp))) {
        if (has_own_memory(s)) {
            address_space_destroy(&s->own_as);
        }
        return false;
    }
    if (s->smmu_per_bus) {
        pci_setup_iommu_per_bus(s->primary_bus, s->engine->pci_ops, s);
    } else {
        pci_setup_iommu(s->primary_bus, s->engine->pci_ops, s);
    }
    return true;
}

static void reset_registers(SMMUv3State *s)
{
    s->cr0 = s->cr1 = s->cr2 = s->irq_ctrl = s->gerror = s->gerrorn = s->strtab_base_cfg = 0;
    s->strtab_base = 0;
    s->gbpa = GBPA_RESET;
    s->cmdq = s->eventq = s->priq = (SMMUQueue) { 0 };
    s->msi_gerror = s->msi_eventq = s->msi_priq = (SMMUMsiCfg) { 0 };
    s->sync_failed = false;
    s->nr_msis_waiting = 0;
    memset(s->last_event, 0, sizeof(s->last_event));
}

static void smmuv3_reset_enter(Object *obj, ResetType type)
{
    SMMUv3State *s = ARM_SMMUV3(obj);

    g_mutex_lock(&s->lock);
    reset_registers(s);
    g_mutex_unlock(&s->lock);
}

/* Streams follow when nobody's registers are half reset any more. */
static void smmuv3_reset_exit(Object *obj, ResetType type)
{
    SMMUv3State *s = ARM_SMMUV3(obj);

    g_mutex_lock(&s->lock);
    s->engine->reset(s);
    g_mutex_unlock(&s->lock);
}

static void smmuv3_unrealize(DeviceState *dev)
{
    SMMUv3State *s = ARM_SMMUV3(dev);

    smmuv3_accel_unrealize(s);
    smmuv3_emul_unrealize(s);
    if (has_own_memory(s)) {
        address_space_destroy(&s->own_as);
    }
}

static void smmuv3_init(Object *obj)
{
    SMMUv3State *s = ARM_SMMUV3(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    g_mutex_init(&s->lock);
    s->msi_bh = qemu_bh_new(smmuv3_deliver_msis, s);
    memory_region_init_io(&s->iomem, obj, &smmuv3_ops, s, TYPE_ARM_SMMUV3, SMMU_MMIO_SIZE);
    memory_region_clear_global_locking(&s->iomem);
    sysbus_init_mmio(sbd, &s->iomem);
    for (unsigned i = 0; i < SMMU_NUM_IRQS; i++) {
        sysbus_init_irq(sbd, &s->irq[i]);
    }
}

static void smmuv3_finalize(Object *obj)
{
    SMMUv3State *s = ARM_SMMUV3(obj);

    qemu_bh_delete(s->msi_bh);
    g_mutex_clear(&s->lock);
}

/* --- Properties -------------------------------------------------------------------------- */

/* Numbers of bits with a name for "take what there is"; stored as the number or SMMU_AUTO. */
static json_t *bits_get(const void *field, const Property *prop)
{
    int v = *(const int *)field;

    return v == SMMU_AUTO ? json_string("auto") : json_sprintf("%d", v);
}

static json_t *bits_default(const Property *prop)
{
    return json_string("auto");
}

static bool bits_set(void *field, const Property *prop, const json_t *value, const char *valid, bool (*ok)(uint64_t), Error **errp)
{
    uint64_t v;

    if (json_is_string(value) && !strcmp(json_string_value(value), "auto")) {
        *(int *)field = SMMU_AUTO;
        return true;
    }
    if (json_is_integer(value) ? (v = json_integer_value(value), true) : json_is_string(value) && parse_uint64(json_string_value(value), &v)) {
        if (ok(v)) {
            *(int *)field = v;
            return true;
        }
    }
    error_setg(errp, "Property 'arm-smmuv3.%s' takes %s", prop->name, valid);
    return false;
}

static bool oas_ok(uint64_t v) { return v == 44 || v == 48; }
static bool ssidsize_ok(uint64_t v) { return v <= 20; }

static bool oas_set(Object *obj, void *field, const Property *prop, const json_t *value, Error **errp)
{
    return bits_set(field, prop, value, "44, 48 or auto", oas_ok, errp);
}

static bool ssidsize_set(Object *obj, void *field, const Property *prop, const json_t *value, Error **errp)
{
    return bits_set(field, prop, value, "0 to 20 or auto", ssidsize_ok, errp);
}

static const PropertyInfo prop_oas = { .type = "OasMode", .get = bits_get, .set = oas_set, .print_default = bits_default };
static const PropertyInfo prop_ssidsize = { .type = "SsidSizeMode", .get = bits_get, .set = ssidsize_set, .print_default = bits_default };

static const Property smmuv3_properties[] = {
    DEFINE_PROP_LINK("primary-bus", SMMUv3State, primary_bus, TYPE_PCI_BUS, PCIBus *),
    DEFINE_PROP_LINK("memory", SMMUv3State, memory, TYPE_MEMORY_REGION, MemoryRegion *),
    DEFINE_PROP_LINK("secure-memory", SMMUv3State, secure_memory, TYPE_MEMORY_REGION, MemoryRegion *),
    DEFINE_PROP_BOOL("smmu_per_bus", SMMUv3State, smmu_per_bus, false),
    DEFINE_PROP_UINT8("bus_num", SMMUv3State, bus_num, 0),
    DEFINE_PROP_UINT8("identifier", SMMUv3State, identifier, 0),
    DEFINE_PROP_STRING("stage", SMMUv3State, stage),
    DEFINE_PROP_BOOL("accel", SMMUv3State, accel, false),
    DEFINE_PROP_UINT64("msi-gpa", SMMUv3State, msi_gpa, 0),
    DEFINE_PROP_ON_OFF_AUTO("ats", SMMUv3State, ats, ON_OFF_AUTO_AUTO),
    DEFINE_PROP_ON_OFF_AUTO("cmdqv", SMMUv3State, cmdqv, ON_OFF_AUTO_AUTO),
    DEFINE_PROP_ON_OFF_AUTO("ril", SMMUv3State, ril, ON_OFF_AUTO_AUTO),
    DEFINE_PROP_ENUM("oas", SMMUv3State, oas, SMMU_AUTO, prop_oas, int),
    DEFINE_PROP_ENUM("ssidsize", SMMUv3State, ssidsize, SMMU_AUTO, prop_ssidsize, int),
    DEFINE_PROP_ON_OFF_AUTO("x-pri", SMMUv3State, x_pri, ON_OFF_AUTO_AUTO),
    DEFINE_PROP_BOOL("x-stall", SMMUv3State, x_stall, false),
    DEFINE_PROP_BOOL("x-ats", SMMUv3State, x_ats, false),
    DEFINE_PROP_UINT8("x-ssidsize", SMMUv3State, x_ssidsize, 0),
    DEFINE_PROP_UINT8("x-oas", SMMUv3State, x_oas, 48),
};

static const PropertyDoc smmuv3_docs[] = {
    { "memory", "Where queues and tables are read (default: system memory); the machine sets it" },
    { "secure-memory", "No effect: there is no secure programming interface" },
    { "smmu_per_bus", "Serve primary-bus alone; the machine sets it" },
    { "bus_num", "No effect: StreamIDs are the guest's bus numbers" },
    { "identifier", "No effect: IORT numbers its nodes itself" },
    { "primary-bus", "Root bus whose devices this SMMU translates for" },
    { "stage", "What the emulated model implements: 1, 2 or nested (default: nested; with accel=on 1)" },
    { "accel", "Let the host's SMMUv3 walk the guest's stage 1 for vfio-pci devices. Needs KVM, iommufd and a host SMMUv3 with nesting; query-smmu-host says what there is. auto: from the host of the first device" },
    { "ats", "With accel=on: offer ATS to the guest. auto: if the host's SMMU has it; each device by its own vfio-pci,ats=" },
    { "cmdqv", "With accel=on: hardware command queues (Tegra241 CMDQV), which the guest rings without an exit. auto: if the host of the first device has them; at most 16 devices then" },
    { "oas", "With accel=on: output address size in bits: 44 or 48, at most the host's. auto: the host's up to 48; SVA in the guest needs its CPU's" },
    { "ril", "With accel=on: offer range invalidation. auto: if the host's SMMU has it" },
    { "ssidsize", "With accel=on: bits of a SubstreamID (PASID), 0 to 20; 0: none. auto: the host's; a device shows the guest no more PASIDs than that" },
    { "x-pri", "With accel=on: offer page requests (PRI) to the guest. auto: if the host's SMMU has PRI and its kernel fault queues" },
    { "x-stall", "With accel=on: let devices stall on faults until the guest resumes them; the host's SMMU must be able to" },
    { "x-ats", "Emulated model: offer ATS" },
    { "x-ssidsize", "Emulated model: bits of a SubstreamID (PASID), 0 to 20" },
    { "x-oas", "Emulated model: output address size in bits" },
    { "msi-gpa", "With accel=on: doorbell of the MSI controller; the machine sets it" },
    { NULL, NULL }
};

static void smmuv3_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->desc = "Arm SMMUv3";
    dc->realize = smmuv3_realize;
    dc->unrealize = smmuv3_unrealize;
    dc->phases.enter = smmuv3_reset_enter;
    dc->phases.exit = smmuv3_reset_exit;
    dc->hotpluggable = false;
    device_class_set_props(dc, smmuv3_properties);
    device_class_describe_props(dc, smmuv3_docs);
}

static const TypeInfo smmuv3_info = {
    .name = TYPE_ARM_SMMUV3, .parent = TYPE_DYNAMIC_SYS_BUS_DEVICE, .instance_size = sizeof(SMMUv3State),
    .instance_init = smmuv3_init, .instance_finalize = smmuv3_finalize, .class_init = smmuv3_class_init,
};
DEFINE_TYPE(smmuv3_info)
