/*
 * SMMUv3: the command queue.
 *
 * The guest writes CMDQ_PROD; the vCPU thread that did so fetches every command
 * up to it at once, checks and decodes each, hands it to the engine, and
 * publishes CONS when all of them, and the host calls they caused, are done.
 * CMD_SYNCs that signal (interrupt, a word that the guest polls) do so just before
 * CONS moves: one point of observation a run, so an accelerated run costs one host
 * call, and a guest that polls its word needs no exit to see the end.
 *
 * IHI 0070: 4.1 (queue), 4.2..4.7 (commands), 7.1 (errors). An illegal command
 * leaves CONS at itself, everything before it done, and CERROR_ILL; CERROR_ABT
 * when the queue is not in RAM; CERROR_ATC_INV_SYNC when the engine got no answer.
 *
 * Not modelled: the EL2 and secure commands (IDR0.HYP is 0), DPT; all of them are
 * illegal here. So are answers to page requests and stalls unless IDR0 offers
 * these, which only accel=on does.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-internal.h"
#include "hw_arm.trace.h"

/* What a command needs to be legal, and how it is carried out. */
typedef enum CmdKind { KIND_ILLEGAL, KIND_NOP, KIND_STE, KIND_STE_RANGE, KIND_INVALIDATE, KIND_RESPONSE, KIND_SYNC } CmdKind;
enum { NEED_S1 = 1, NEED_S2 = 2, NEED_ATS = 4, NO_SSEC = 8, NEED_PRI = 16, NEED_STALL = 32 };
static const struct { uint8_t kind, need; } commands[256] = {
    [CMD_PREFETCH_CONFIG] = { KIND_NOP, NO_SSEC },
    [CMD_PREFETCH_ADDR] = { KIND_NOP, NO_SSEC },
    [CMD_CFGI_STE] = { KIND_STE, NO_SSEC },
    [CMD_CFGI_STE_RANGE] = { KIND_STE_RANGE, NO_SSEC },
    [CMD_CFGI_CD] = { KIND_INVALIDATE, NEED_S1 | NO_SSEC },
    [CMD_CFGI_CD_ALL] = { KIND_INVALIDATE, NEED_S1 | NO_SSEC },
    [CMD_TLBI_NH_ALL] = { KIND_INVALIDATE, NEED_S1 },
    [CMD_TLBI_NH_ASID] = { KIND_INVALIDATE, NEED_S1 },
    [CMD_TLBI_NH_VA] = { KIND_INVALIDATE, NEED_S1 },
    [CMD_TLBI_NH_VAA] = { KIND_INVALIDATE, NEED_S1 },
    [CMD_TLBI_S12_VMALL] = { KIND_INVALIDATE, NEED_S2 },
    [CMD_TLBI_S2_IPA] = { KIND_INVALIDATE, NEED_S2 },
    [CMD_TLBI_NSNH_ALL] = { KIND_INVALIDATE, 0 },
    [CMD_ATC_INV] = { KIND_INVALIDATE, NEED_ATS | NO_SSEC },
    [CMD_PRI_RESP] = { KIND_RESPONSE, NEED_PRI | NO_SSEC },
    [CMD_RESUME] = { KIND_RESPONSE, NEED_STALL | NO_SSEC },
    [CMD_STALL_TERM] = { KIND_RESPONSE, NEED_STALL | NO_SSEC },
    [CMD_SYNC] = { KIND_SYNC, 0 },
};

static bool needs_met(const SMMUv3State *s, uint8_t need, uint64_t w0)
{
    return !((need & NEED_S1) && !smmuv3_has_s1(s)) && !((need & NEED_S2) && !smmuv3_has_s2(s)) &&
           !((need & NEED_ATS) && !smmuv3_has_ats(s)) && !((need & NEED_PRI) && !smmuv3_has_pri(s)) &&
           !((need & NEED_STALL) && !smmuv3_can_stall(s)) && !((need & NO_SSEC) && FIELD_EX64(w0, CMD0, SSEC));
}

static void cfgi_range(SMMUv3State *s, const uint64_t cmd[CMD_WORDS])
{
    uint32_t sid = FIELD_EX64(cmd[0], CMD0, SID);
    unsigned range = FIELD_EX64(cmd[1], CMD1, RANGE) + 1;
    uint64_t span = BIT_ULL(range);

    if (range == 32) {                  /* also known as CMD_CFGI_ALL: the StreamID is not looked at */
        s->engine->cfgi_ste(s, 0, UINT32_MAX);
    } else {
        s->engine->cfgi_ste(s, sid & ~(span - 1), sid | (span - 1));
    }
}

/* RIL fields mean nothing when IDR3.RIL is 0, and must not reach a host that has it. */
static void mask_range_fields(const SMMUv3State *s, uint64_t cmd[CMD_WORDS])
{
    uint8_t op = FIELD_EX64(cmd[0], CMD0, OPCODE);
    bool ranged = op == CMD_TLBI_NH_VA || op == CMD_TLBI_NH_VAA || op == CMD_TLBI_S2_IPA;

    if (ranged && (!FIELD_EX32(s->idr[3], IDR3, RIL) || !FIELD_EX64(cmd[1], CMD1, TG))) {
        cmd[0] &= ~(FIELD_MASK(CMD0, NUM) | FIELD_MASK(CMD0, SCALE));
        cmd[1] &= ~(FIELD_MASK(CMD1, TG) | FIELD_MASK(CMD1, TTL));
    }
}

static bool invalidate(SMMUv3State *s, uint64_t cmd[CMD_WORDS])
{
    uint8_t op = FIELD_EX64(cmd[0], CMD0, OPCODE);

    if (op == CMD_ATC_INV && FIELD_EX64(cmd[1], CMD1, SIZE) > 52) {
        return false;
    }
    mask_range_fields(s, cmd);
    s->engine->invalidate(s, cmd);
    return true;
}

static bool respond(SMMUv3State *s, const uint64_t cmd[CMD_WORDS])
{
    if (FIELD_EX64(cmd[0], CMD0, OPCODE) == CMD_PRI_RESP && FIELD_EX64(cmd[1], CMD1, RESP) == PRI_RESP_RESERVED) {
        return false;
    }
    s->engine->respond(s, cmd);
    return true;
}

/* CERROR_* */
static unsigned synchronise(SMMUv3State *s, const uint64_t cmd[CMD_WORDS])
{
    if (FIELD_EX64(cmd[0], CMD0, CS) == 3) {
        return CERROR_ILL;
    }
    if (s->engine->flush_is_free && !s->engine->flush(s)) {
        s->sync_failed = true;
    }
    if (s->sync_failed) {
        s->sync_failed = false;
        return CERROR_ATC_INV_SYNC;
    }
    return CERROR_NONE;                 /* SEV: vCPUs in WFE are woken by the exit that follows or never slept */
}

static void signal_sync(SMMUv3State *s, const uint64_t cmd[CMD_WORDS])
{
    uint64_t msi = cmd[1] & CMD1_MSIADDR_MASK;

    if (msi && smmuv3_has_msi(s)) {
        smmuv3_send_msi(s, msi, FIELD_EX64(cmd[0], CMD0, MSIDATA), GERROR_MSI_CMDQ_ABT_ERR);
    } else {
        qemu_irq_pulse(s->irq[SMMU_IRQ_CMD_SYNC]);
    }
}

static unsigned execute(SMMUv3State *s, uint64_t cmd[CMD_WORDS])
{
    uint8_t op = FIELD_EX64(cmd[0], CMD0, OPCODE);
    uint32_t sid = FIELD_EX64(cmd[0], CMD0, SID);

    trace_smmuv3_command(op, cmd[0], cmd[1]);
    if (!needs_met(s, commands[op].need, cmd[0])) {
        return CERROR_ILL;
    }
    switch ((CmdKind)commands[op].kind) {
    case KIND_NOP:
        return CERROR_NONE;
    case KIND_STE:
        s->engine->cfgi_ste(s, sid, sid);
        return CERROR_NONE;
    case KIND_STE_RANGE:
        cfgi_range(s, cmd);
        return CERROR_NONE;
    case KIND_INVALIDATE:
        return invalidate(s, cmd) ? CERROR_NONE : CERROR_ILL;
    case KIND_RESPONSE:
        return respond(s, cmd) ? CERROR_NONE : CERROR_ILL;
    case KIND_SYNC:
        return synchronise(s, cmd);
    default:
        return CERROR_ILL;
    }
}

static bool cmdq_runnable(const SMMUv3State *s, uint32_t mask)
{
    return FIELD_EX32(s->cr0, CR0, CMDQEN) && !((s->gerror ^ s->gerrorn) & GERROR_CMDQ_ERR) &&
           ((s->cmdq.prod ^ s->cmdq.cons) & mask);
}

static void stop(SMMUv3State *s, uint32_t cons, unsigned cerror)
{
    trace_smmuv3_cerror(cons, cerror);
    log_guest_error("arm-smmuv3: command %u stopped the queue with CERROR %u", cons, cerror);
    s->cmdq.cons = FIELD_DP32(cons, CMDQ_CONS, ERR, cerror);
    smmuv3_gerror_raise(s, GERROR_CMDQ_ERR);
}

/* A TLBI promises nothing before the next SYNC: guests write many and ring the bell more than once. */
static bool waits_for_sync(const uint64_t cmd[CMD_WORDS])
{
    uint8_t op = FIELD_EX64(cmd[0], CMD0, OPCODE);

    return op >= CMD_TLBI_NH_ALL && op <= CMD_TLBI_NSNH_ALL;
}

static void fetched(const SMMUv3State *s, uint32_t i, uint64_t cmd[CMD_WORDS])
{
    cmd[0] = ldq_le_p(&s->cmd_buf[i * CMD_SIZE]);
    cmd[1] = ldq_le_p(&s->cmd_buf[i * CMD_SIZE + 8]);
}

static bool signals(const uint64_t cmd[CMD_WORDS])
{
    return FIELD_EX64(cmd[0], CMD0, OPCODE) == CMD_SYNC && FIELD_EX64(cmd[0], CMD0, CS) == SYNC_CS_IRQ;
}

/* The guest may poll the word that a CMD_SYNC writes: it appears when all of the run is done, as CONS does. */
static void signal_syncs(SMMUv3State *s, uint32_t n)
{
    __atomic_thread_fence(__ATOMIC_RELEASE);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t cmd[CMD_WORDS];

        fetched(s, i, cmd);
        if (signals(cmd)) {
            signal_sync(s, cmd);
        }
    }
}

/*
 * Everything that can be fetched with one read. A prod that is further from
 * cons than the queue is long cannot happen: indexes are taken modulo its size.
 */
static void run_once(SMMUv3State *s, unsigned log2size)
{
    uint32_t mask = MAKE_64BIT_MASK(0, log2size + 1), size = BIT(log2size);
    uint32_t cons = s->cmdq.cons & mask, index = cons & (size - 1), first_sync = UINT32_MAX;
    uint32_t n = MIN((s->cmdq.prod - cons) & mask, MIN(size - index, SMMU_RUN_MAX));
    uint64_t base = s->cmdq.base & QBASE_ADDR_MASK & ~MAKE_64BIT_MASK(0, log2size + 4);
    unsigned cerror = CERROR_NONE;
    bool flush = false, signal = false;
    uint32_t done = 0;

    if (address_space_read(s->as, base + (uint64_t)index * CMD_SIZE, (MemTxAttrs) { .memory = 1 },
                           s->cmd_buf, (uint64_t)n * CMD_SIZE) != MEMTX_OK) {
        stop(s, cons, CERROR_ABT);
        return;
    }
    for (; done < n; done++) {
        uint64_t cmd[CMD_WORDS];

        fetched(s, done, cmd);
        flush |= !waits_for_sync(cmd);
        cerror = execute(s, cmd);
        if (cerror) {
            flush = true;
            break;
        }
        if (first_sync == UINT32_MAX && FIELD_EX64(cmd[0], CMD0, OPCODE) == CMD_SYNC) {
            first_sync = cons;
        }
        signal |= signals(cmd);
        cons = (cons + 1) & mask;
        s->stats.commands++;
    }
    s->stats.runs++;
    if (flush && !s->engine->flush(s)) {
        if (first_sync != UINT32_MAX) {
            stop(s, first_sync, CERROR_ATC_INV_SYNC);       /* what follows it is done again: harmless */
            return;
        }
        s->sync_failed = true;
    }
    if (signal) {
        signal_syncs(s, done);
    }
    if (cerror) {
        stop(s, cons, cerror);
    } else {
        s->cmdq.cons = cons | (s->cmdq.cons & FIELD_MASK(CMDQ_CONS, ERR));
    }
}

/* A run is bounded; between two, others may have the lock. */
void smmuv3_cmdq_run(SMMUv3State *s)
{
    for (;;) {
        unsigned log2size = smmuv3_queue_log2size(&s->cmdq, SMMU_CMDQS);
        uint32_t mask = MAKE_64BIT_MASK(0, log2size + 1);

        if (!cmdq_runnable(s, mask)) {
            return;
        }
        if (((s->cmdq.prod - s->cmdq.cons) & mask) > BIT(log2size)) {
            s->cmdq.prod = (s->cmdq.cons + BIT(log2size)) & mask;   /* more than full: UNPREDICTABLE; we take it as full */
        }
        run_once(s, log2size);
        g_mutex_unlock(&s->lock);
        g_mutex_lock(&s->lock);
    }
}
