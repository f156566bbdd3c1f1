/*
 * dma-testdev without its bus. See dma-testdev-core.h and docs/devel/dma-testdev.md.
 *
 * A write of PROD carries out at most one ring of descriptors, each of at most
 * 64 KiB, so that no guest holds the lock for long. Translations are used and kept
 * as PCIe 10.3 says: one entry a block and PASID, until an invalidation meets it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/misc/dma-testdev-core.h"
#include "util/bits.h"

enum { PERM_READ = 1, PERM_WRITE = 2 };

/* --- The cache of translations ------------------------------------------------------------- */

static DmaTestTranslation *cache_find(DmaTest *d, const DmaTestAccess *a, uint64_t addr)
{
    for (unsigned i = 0; i < DMAT_CACHE; i++) {
        DmaTestTranslation *t = &d->cache[i];

        if (t->perm && t->pasid == a->pasid && t->priv == a->priv && t->exec == a->exec && !((addr ^ t->iova) & ~t->mask)) {
            return t;
        }
    }
    return NULL;
}

/* An entry that exists already is replaced: it had too little permission. */
static void cache_insert(DmaTest *d, const DmaTestAccess *a, const DmaTestTranslation *t)
{
    DmaTestTranslation *e = cache_find(d, a, t->iova);

    if (!e) {
        e = &d->cache[d->victim++ % DMAT_CACHE];
    }
    *e = *t;
}

static unsigned cache_count(const DmaTest *d)
{
    unsigned n = 0;

    for (unsigned i = 0; i < DMAT_CACHE; i++) {
        n += d->cache[i].perm != 0;
    }
    return n;
}

static bool invalidation_means(const DmaTestTranslation *t, uint32_t pasid, uint64_t first, uint64_t last)
{
    bool pasid_meant = pasid == t->pasid || (pasid == DMAT_ANY_PASID && t->pasid != DMAT_NO_PASID);

    return pasid_meant && t->iova <= last && t->iova + t->mask >= first;
}

bool dma_test_invalidate(DmaTest *d, uint32_t pasid, uint64_t first, uint64_t mask)
{
    d->invalidations++;
    d->inv_pasid = pasid;
    d->inv_addr = first;
    d->inv_mask = mask;
    if (d->control & DMAT_CONTROL_MUTE) {
        return false;
    }
    for (unsigned i = 0; i < DMAT_CACHE; i++) {
        if (invalidation_means(&d->cache[i], pasid, first, first + mask)) {
            d->cache[i].perm = 0;
        }
    }
    return true;
}

/* --- Descriptors ---------------------------------------------------------------------------- */

/* The translation of @addr with at least @perm, from the cache or asked for. */
static const DmaTestTranslation *translation_for(DmaTest *d, const DmaTestAccess *a, uint64_t addr, uint8_t perm)
{
    DmaTestTranslation *cached = cache_find(d, a, addr), t;

    if (cached && (cached->perm & perm) == perm) {
        return cached;
    }
    if (!d->bus->translate(d->opaque, a, addr, !(perm & PERM_WRITE), &t) || !t.perm) {
        return NULL;
    }
    t.pasid = a->pasid;
    t.priv = a->priv;
    t.exec = a->exec;
    cache_insert(d, a, &t);
    return (t.perm & perm) == perm ? cache_find(d, a, addr) : NULL;
}

static unsigned rw_translated(DmaTest *d, const DmaTestAccess *a, uint64_t addr, uint8_t *buf, uint32_t len, bool write)
{
    while (len) {
        const DmaTestTranslation *t = translation_for(d, a, addr, write ? PERM_WRITE : PERM_READ);
        DmaTestAccess out = { .pasid = DMAT_NO_PASID, .translated = true };

        if (!t) {
            return DMAT_NO_TRANSLATION;
        }
        uint64_t left = t->mask - (addr & t->mask);
        uint32_t n = len - 1 > left ? left + 1 : len;
        if (!d->bus->rw(d->opaque, &out, t->out | (addr & t->mask), buf, n, write)) {
            return DMAT_FAULT;
        }
        addr += n;
        buf += n;
        len -= n;
    }
    return DMAT_OK;
}

static unsigned do_rw(DmaTest *d, const uint8_t *desc, const DmaTestAccess *a)
{
    uint32_t len = ldl_le_p(desc + DMAT_DESC_LEN), at = ldl_le_p(desc + DMAT_DESC_BUFFER);
    uint64_t addr = ldq_le_p(desc + DMAT_DESC_ADDR);
    bool write = desc[DMAT_DESC_OP] == DMAT_WRITE;

    if (!len || len > DMAT_BUFFER_SIZE || at > DMAT_BUFFER_SIZE - len || addr + (len - 1) < addr) {
        return DMAT_BAD;
    }
    if (desc[DMAT_DESC_FLAGS] & DMAT_F_ATS) {
        return rw_translated(d, a, addr, d->buffer + at, len, write);
    }
    return d->bus->rw(d->opaque, a, addr, d->buffer + at, len, write) ? DMAT_OK : DMAT_FAULT;
}

void dma_test_atomic_apply(void *host, DmaTestAtomic *op)
{
    if (op->size == 4) {
        uint32_t *p = host, v = op->operand, old = op->compare;

        if (op->op == DMAT_CAS) {
            __atomic_compare_exchange_n(p, &old, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        } else {
            old = op->op == DMAT_SWAP ? __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST) : __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST);
        }
        op->old = old;
        return;
    }
    uint64_t *p = host, v = op->operand, old = op->compare;
    if (op->op == DMAT_CAS) {
        __atomic_compare_exchange_n(p, &old, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    } else {
        old = op->op == DMAT_SWAP ? __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST) : __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST);
    }
    op->old = old;
}

static unsigned do_atomic(DmaTest *d, uint8_t *desc, const DmaTestAccess *a)
{
    DmaTestAtomic op = {
        .op = desc[DMAT_DESC_OP], .size = ldl_le_p(desc + DMAT_DESC_LEN),
        .operand = ldq_le_p(desc + DMAT_DESC_OPERAND), .compare = ldq_le_p(desc + DMAT_DESC_COMPARE),
    };
    uint64_t addr = ldq_le_p(desc + DMAT_DESC_ADDR);
    DmaTestAccess how = *a;

    if ((op.size != 4 && op.size != 8) || (addr & (op.size - 1))) {
        return DMAT_BAD;
    }
    if (desc[DMAT_DESC_FLAGS] & DMAT_F_ATS) {
        const DmaTestTranslation *t = translation_for(d, a, addr, PERM_READ | PERM_WRITE);

        if (!t) {
            return DMAT_NO_TRANSLATION;
        }
        addr = t->out | (addr & t->mask);
        how = (DmaTestAccess) { .pasid = DMAT_NO_PASID, .translated = true };
    }
    if (!d->bus->atomic(d->opaque, &how, addr, &op)) {
        return DMAT_FAULT;
    }
    stq_le_p(desc + DMAT_DESC_RESULT, op.old);
    return DMAT_OK;
}

static unsigned do_translate(DmaTest *d, uint8_t *desc, const DmaTestAccess *a)
{
    bool no_write = desc[DMAT_DESC_FLAGS] & DMAT_F_NO_WRITE;
    DmaTestTranslation t;

    if (!d->bus->translate(d->opaque, a, ldq_le_p(desc + DMAT_DESC_ADDR), no_write, &t)) {
        return DMAT_NO_TRANSLATION;
    }
    t.pasid = a->pasid;
    t.priv = a->priv;
    t.exec = a->exec;
    if (t.perm) {
        cache_insert(d, a, &t);
    }
    stq_le_p(desc + DMAT_DESC_RESULT, t.out);
    stq_le_p(desc + DMAT_DESC_RESULT2, (t.mask & ~3ULL) | t.perm);
    return t.perm ? DMAT_OK : DMAT_NO_TRANSLATION;
}

static bool flags_allowed(DmaTest *d, const uint8_t *desc)
{
    uint8_t flags = desc[DMAT_DESC_FLAGS];
    uint32_t needed = (flags & DMAT_F_PASID ? DMAT_ALLOW_PASID : 0) | (flags & DMAT_F_EXEC ? DMAT_ALLOW_EXEC : 0) |
                      (flags & DMAT_F_PRIV ? DMAT_ALLOW_PRIV : 0) |
                      (flags & (DMAT_F_ATS | DMAT_F_TRANSLATED) || desc[DMAT_DESC_OP] == DMAT_TRANSLATE ? DMAT_ALLOW_ATS : 0);

    return !(needed & ~d->bus->allowed(d->opaque));
}

static bool flags_sensible(const uint8_t *desc)
{
    uint8_t flags = desc[DMAT_DESC_FLAGS];

    return (flags & DMAT_F_PASID || !(flags & (DMAT_F_PRIV | DMAT_F_EXEC))) &&
           (flags & (DMAT_F_ATS | DMAT_F_TRANSLATED)) != (DMAT_F_ATS | DMAT_F_TRANSLATED);
}

static unsigned carry_out(DmaTest *d, uint8_t *desc)
{
    uint8_t flags = desc[DMAT_DESC_FLAGS];
    DmaTestAccess a = {
        .pasid = flags & DMAT_F_PASID ? ldl_le_p(desc + DMAT_DESC_PASID) & 0xfffff : DMAT_NO_PASID,
        .priv = flags & DMAT_F_PRIV, .exec = flags & DMAT_F_EXEC, .translated = flags & DMAT_F_TRANSLATED,
    };

    if (!flags_sensible(desc)) {
        return DMAT_BAD;
    }
    if (!flags_allowed(d, desc)) {
        return DMAT_FORBIDDEN;
    }
    switch (desc[DMAT_DESC_OP]) {
    case DMAT_NOP:
        return DMAT_OK;
    case DMAT_READ:
    case DMAT_WRITE:
        return do_rw(d, desc, &a);
    case DMAT_FETCH_ADD:
    case DMAT_SWAP:
    case DMAT_CAS:
        return do_atomic(d, desc, &a);
    case DMAT_TRANSLATE:
        return do_translate(d, desc, &a);
    default:
        return DMAT_BAD;
    }
}

static void answer(DmaTest *d, uint8_t *desc)
{
    memset(desc + DMAT_DESC_STATUS, 0, DMAT_DESC_SIZE - DMAT_DESC_STATUS);
    d->status = carry_out(d, desc);
    stl_le_p(desc + DMAT_DESC_STATUS, d->status);
}

static void interrupt_if_asked(DmaTest *d, const uint8_t *desc)
{
    uint16_t vector = ldw_le_p(desc + DMAT_DESC_VECTOR);

    if (desc[DMAT_DESC_FLAGS] & DMAT_F_IRQ && vector < DMAT_VECTORS) {
        d->bus->interrupt(d->opaque, vector);
    }
}

/* --- The ring -------------------------------------------------------------------------------- */

/* False: the ring cannot be reached; it stays where it is. */
static bool run_one(DmaTest *d, uint64_t at, const DmaTestAccess *a)
{
    uint8_t desc[DMAT_DESC_SIZE];

    if (!d->bus->rw(d->opaque, a, at, desc, sizeof(desc), false)) {
        d->status = DMAT_FAULT;
        return false;
    }
    answer(d, desc);
    if (!d->bus->rw(d->opaque, a, at + DMAT_DESC_STATUS, desc + DMAT_DESC_STATUS, DMAT_DESC_SIZE - DMAT_DESC_STATUS, true)) {
        d->status = DMAT_FAULT;
        return false;
    }
    interrupt_if_asked(d, desc);
    return true;
}

static void run_ring(DmaTest *d, uint32_t prod)
{
    uint32_t size = BIT(MIN(d->ring_log2, DMAT_RING_LOG2));
    bool pasid = d->ring_pasid & BIT(31);
    DmaTestAccess a = { .pasid = pasid ? d->ring_pasid & 0xfffff : DMAT_NO_PASID };

    d->prod = prod & (size - 1);
    d->cons &= size - 1;
    if (pasid && !(d->bus->allowed(d->opaque) & DMAT_ALLOW_PASID)) {
        d->status = DMAT_FORBIDDEN;
        return;
    }
    while (d->cons != d->prod && run_one(d, d->ring + (uint64_t)d->cons * DMAT_DESC_SIZE, &a)) {
        d->cons = (d->cons + 1) & (size - 1);
    }
}

static void run_slot(DmaTest *d)
{
    answer(d, d->slot);
    interrupt_if_asked(d, d->slot);
}

/* --- Registers --------------------------------------------------------------------------------- */

void dma_test_reset(DmaTest *d)
{
    const DmaTestBus *bus = d->bus;
    void *opaque = d->opaque;

    memset(d, 0, sizeof(*d));
    d->bus = bus;
    d->opaque = opaque;
}

/* All but the slot and the buffer; 64-bit ones by their halves. */
static uint32_t read_register(DmaTest *d, uint64_t addr)
{
    switch (addr) {
    case DMAT_REG_ID:            return DMAT_ID;
    case DMAT_REG_CAPS:          return d->bus->allowed(d->opaque);
    case DMAT_REG_CONTROL:       return d->control;
    case DMAT_REG_STATUS:        return d->status;
    case DMAT_REG_RING:          return d->ring;
    case DMAT_REG_RING + 4:      return d->ring >> 32;
    case DMAT_REG_RING_LOG2:     return d->ring_log2;
    case DMAT_REG_RING_PASID:    return d->ring_pasid;
    case DMAT_REG_PROD:          return d->prod;
    case DMAT_REG_CONS:          return d->cons;
    case DMAT_REG_CACHED:        return cache_count(d);
    case DMAT_REG_INVALIDATIONS: return d->invalidations;
    case DMAT_REG_INV_ADDR:      return d->inv_addr;
    case DMAT_REG_INV_ADDR + 4:  return d->inv_addr >> 32;
    case DMAT_REG_INV_MASK:      return d->inv_mask;
    case DMAT_REG_INV_MASK + 4:  return d->inv_mask >> 32;
    case DMAT_REG_INV_PASID:     return d->inv_pasid;
    default:                     return 0;
    }
}

static void write_register(DmaTest *d, uint64_t addr, uint32_t v)
{
    switch (addr) {
    case DMAT_REG_CONTROL:    d->control = v & DMAT_CONTROL_MUTE; break;
    case DMAT_REG_RING:       d->ring = deposit64(d->ring, 0, 32, v & ~63U); break;
    case DMAT_REG_RING + 4:   d->ring = deposit64(d->ring, 32, 32, v); break;
    case DMAT_REG_RING_LOG2:  d->ring_log2 = MIN(v, DMAT_RING_LOG2); break;
    case DMAT_REG_RING_PASID: d->ring_pasid = v & (BIT(31) | 0xfffff); break;
    case DMAT_REG_CONS:       d->cons = v; break;
    case DMAT_REG_PROD:       run_ring(d, v); break;
    case DMAT_REG_GO:         run_slot(d); break;
    }
}

/* The bytes at @addr when they are the slot's or the buffer's. */
static uint8_t *bytes_at(DmaTest *d, uint64_t addr, unsigned size)
{
    if (addr >= DMAT_REG_SLOT && addr + size <= DMAT_REG_SLOT + DMAT_DESC_SIZE) {
        return d->slot + (addr - DMAT_REG_SLOT);
    }
    return addr >= DMAT_BUFFER && addr + size <= DMAT_BAR_SIZE ? d->buffer + (addr - DMAT_BUFFER) : NULL;
}

uint64_t dma_test_read(DmaTest *d, uint64_t addr, unsigned size)
{
    uint8_t *p = bytes_at(d, addr, size);

    if (p) {
        return ldn_le_p(p, size);
    }
    return size == 8 ? read_register(d, addr) | (uint64_t)read_register(d, addr + 4) << 32 : read_register(d, addr);
}

void dma_test_write(DmaTest *d, uint64_t addr, uint64_t v, unsigned size)
{
    uint8_t *p = bytes_at(d, addr, size);

    if (p) {
        stn_le_p(p, size, v);
        return;
    }
    if (d->running) {
        return;                         /* a DMA of ours that reached our own registers */
    }
    d->running = true;
    write_register(d, addr, v);
    if (size == 8) {
        write_register(d, addr + 4, v >> 32);
    }
    d->running = false;
}
