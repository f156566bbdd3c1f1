/*
 * A guest that changes its tables behind arm-smmuv3,accel=on without end, on a
 * physical SMMU that keeps whatever it is not told to drop: after the guest's
 * invalidation and CMD_SYNC no device reaches a page by a translation that is
 * gone. Host calls fail now and then; that changes nothing.
 *
 * The model: of each page of each address space what it is now, and what it may
 * still be for an SMMU that forgets nothing but what it was told to; of each device
 * which of two tables its context descriptor may still name.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "accel-helpers.h"

enum { CONTEXTS = 4, SLOTS = 8, DEVS = 4, NPAGES = 32, BATCH = 24, NOWHERE = NPAGES };
#define IOVA 0x10000u

typedef uint64_t PageSet;               /* of NPAGES, and of NOWHERE */

static const uint32_t sid_of[DEVS] = { SID1, SID2, SID3, SID4 };
static struct { unsigned table; uint8_t page[2][SLOTS]; PageSet maybe[SLOTS]; } ctx[CONTEXTS];
static struct { unsigned ctx; bool maybe_other; } dev[DEVS];
static struct { uint64_t w0, w1; } sent[BATCH];
static unsigned n_sent, stale_reads, reads, failures;
static bool ril;
static GRand *rnd;

static unsigned any(unsigned n)
{
    return (unsigned)g_rand_int_range(rnd, 0, (gint32)n);
}

/* --- The guest's memory ---------------------------------------------------------------------- */

static uint64_t cd_at(unsigned c)
{
    return CDS + c * 0x1000;
}

static uint64_t table_at(unsigned c, unsigned table)
{
    return TABLES + (c * 2 + table) * 0x3000;
}

static void write_page(unsigned c, unsigned table, unsigned slot, unsigned page)
{
    qtest_writeq(t, table_at(c, table) + 0x2000 + (16 + slot) * 8, page == NOWHERE ? 0 : (PAGES + page * 0x1000) | LEAF);
    ctx[c].page[table][slot] = (uint8_t)page;
}

static void write_cd(unsigned c, unsigned table)
{
    qtest_writeq(t, cd_at(c) + 8, table_at(c, table));
    ctx[c].table = table;
}

static void prepare_memory(void)
{
    memset(ctx, 0, sizeof(ctx));
    for (unsigned c = 0; c < CONTEXTS; c++) {
        for (unsigned i = 0; i < 2; i++) {
            uint64_t l1 = table_at(c, i);
            qtest_writeq(t, l1, (l1 + 0x1000) | 3);
            qtest_writeq(t, l1 + 0x1000, (l1 + 0x2000) | 3);
            for (unsigned s = 0; s < SLOTS; s++) {
                write_page(c, i, s, any(NPAGES));
            }
        }
        qtest_writeq(t, cd_at(c), 25 | 1ULL << 30 | 1ULL << 31 | 5ULL << 32 | 1ULL << 41 | 1ULL << 46 | (uint64_t)c << 48);
        write_cd(c, 0);
    }
    for (unsigned p = 0; p < NPAGES; p++) {
        qtest_writel(t, PAGES + p * 0x1000, p);
    }
}

/* --- What the SMMU may still believe -------------------------------------------------------------- */

static void may_stay(unsigned c, unsigned slot, unsigned page)
{
    ctx[c].maybe[slot] |= page == NOWHERE ? 0 : (PageSet)1 << page;
}

/* The other table's translations may be in the TLB. */
static void other_table_may_stay(unsigned c)
{
    for (unsigned s = 0; s < SLOTS; s++) {
        may_stay(c, s, ctx[c].page[!ctx[c].table][s]);
    }
}

static void descriptor_is_known(unsigned d)
{
    if (dev[d].maybe_other) {
        other_table_may_stay(dev[d].ctx);
    }
    dev[d].maybe_other = false;
}

static void forget(unsigned asid, bool any_asid, uint64_t first, uint64_t last)
{
    for (unsigned c = 0; c < CONTEXTS; c++) {
        for (unsigned s = 0; s < SLOTS && (any_asid || c == asid); s++) {
            if (IOVA + s * 0x1000 >= first && IOVA + s * 0x1000 <= last) {
                ctx[c].maybe[s] = 0;
            }
        }
    }
}

/* A command as the guest has the right to understand it. */
static void believe(uint64_t w0, uint64_t w1)
{
    unsigned asid = (unsigned)(w0 >> 48);
    uint64_t first = w1 & ~0xfffULL, last = first;

    if (ril && extract64(w1, 10, 2) == 1) {
        last = first + ((extract64(w0, 12, 5) + 1) << (12 + 5 * extract64(w0, 20, 5))) - 1;
    } else if (ril && extract64(w1, 10, 2)) {
        return;                         /* a granule that nobody uses */
    }
    switch (w0 & 0xff) {
    case CMD_TLBI_NSNH_ALL:
    case CMD_TLBI_NH_ALL:
        return forget(0, true, 0, UINT64_MAX);
    case CMD_TLBI_NH_ASID:
        return forget(asid, false, 0, UINT64_MAX);
    case CMD_TLBI_NH_VA:
        return forget(asid, false, first, last);
    case CMD_TLBI_NH_VAA:
        return forget(0, true, first, last);
    }
    for (unsigned d = 0; d < DEVS; d++) {
        if (sid_of[d] == w0 >> 32) {
            descriptor_is_known(d);     /* CFGI_CD and CFGI_CD_ALL */
        }
    }
}

/* --- What a device sees -------------------------------------------------------------------------------- */

static unsigned read_page(unsigned d, unsigned slot)
{
    json_decref(qtest_qmp_return(t, "{'execute': 'qom-set', 'arguments': {'path': '/objects/sim', 'property': 'dma', 'value':"
                                 "{'host': '%s', 'iova': %u, 'length': 1}}}", host_of[d], IOVA + slot * 0x1000));
    g_autoptr(json_t) r = sim_get("dma-result");

    return json_integer_value(json_object_get(r, "result")) < 0 ? NOWHERE
                                                                : (unsigned)json_integer_value(json_array_get(json_object_get(r, "data"), 0));
}

static void look(unsigned d, unsigned slot)
{
    unsigned c = dev[d].ctx, page = read_page(d, slot), now = ctx[c].page[ctx[c].table][slot];
    PageSet allowed = ctx[c].maybe[slot] | (PageSet)1 << now;

    if (dev[d].maybe_other) {
        allowed |= (PageSet)1 << ctx[c].page[!ctx[c].table][slot];
        other_table_may_stay(c);
    }
    if (!(allowed >> page & 1)) {
        g_error("device %u, ASID %u, page %u: it reads %u, which was withdrawn; now it is %u", d, c, slot, page, now);
    }
    reads++;
    stale_reads += page != now;
}

/* --- What the guest does ---------------------------------------------------------------------------- */

static void change_page(void)
{
    unsigned c = any(CONTEXTS), table = any(2), slot = any(SLOTS), used = 0;

    for (unsigned d = 0; d < DEVS; d++) {
        used += dev[d].ctx == c && dev[d].maybe_other;
    }
    if (table == ctx[c].table || used) {
        may_stay(c, slot, ctx[c].page[table][slot]);
    }
    write_page(c, table, slot, any(NPAGES + 8) % (NPAGES + 1));
}

/* Once all know the old descriptor is gone, else there could be three. */
static void change_descriptor(void)
{
    unsigned c = any(CONTEXTS);

    for (unsigned d = 0; d < DEVS; d++) {
        if (dev[d].ctx == c && dev[d].maybe_other) {
            return;
        }
    }
    other_table_may_stay(c);            /* what was read by the old one; swapped below */
    write_cd(c, !ctx[c].table);
    other_table_may_stay(c);
    for (unsigned d = 0; d < DEVS; d++) {
        dev[d].maybe_other |= dev[d].ctx == c;
    }
}

static void send(uint64_t w0, uint64_t w1)
{
    command(w0, w1);
    sent[n_sent].w0 = w0;
    sent[n_sent++].w1 = w1;
}

static void some_command(void)
{
    uint64_t asid = (uint64_t)any(CONTEXTS) << 48, at = IOVA + any(SLOTS) * 0x1000u, sid = (uint64_t)sid_of[any(DEVS)] << 32;
    uint64_t range = (uint64_t)any(8) << 12 | (any(8) ? 0 : 1ULL << 20), how = (any(4) ? 1 : any(4)) << 10 | (any(2) ? 3 << 8 : 0) | any(2);

    switch (any(48)) {
    case 0:
        return send(CMD_TLBI_NSNH_ALL, 0);
    case 1:
        return send(CMD_TLBI_NH_ALL, 0);
    case 2 ... 4:
        return send(CMD_TLBI_NH_ASID | asid, 0);
    case 5 ... 10:
        return send(CMD_TLBI_NH_VAA, at | any(2));
    case 11 ... 16:
        return send(CMD_TLBI_NH_VAA | range, at | how);
    case 17 ... 24:
        return send(CMD_TLBI_NH_VA | asid | range, at | how);
    case 25 ... 27:
        return send(CMD_CFGI_CD_ALL | sid, 0);
    case 28 ... 32:
        return send(CMD_CFGI_CD | sid, 1);
    default:
        return send(CMD_TLBI_NH_VA | asid, at | any(2));
    }
}

/* Some commands and a SYNC, which a host call that fails may not undo. */
static void invalidate(void)
{
    n_sent = 0;
    for (unsigned n = 1 + (any(8) ? any(3) : any(BATCH)); n; n--) {
        some_command();
    }
    if (any(6) == 0) {
        fail_nth(1 + (int)any(2), any(2) ? EIO : ENOMEM);
        failures++;
    }
    run();
    for (unsigned i = 0; i < n_sent; i++) {
        believe(sent[i].w0, sent[i].w1);
    }
    fail_nth(0, 0);
    for (unsigned d = 0; d < DEVS; d++) {   /* where it matters most */
        unsigned slot = (unsigned)(sent[any(n_sent)].w1 >> 12) % SLOTS;
        look(d, slot);
    }
}

/* The third and fourth are one group and move together. */
static void move_device(unsigned d, unsigned c)
{
    unsigned last = d >= 2 ? 3 : d;

    for (d = d >= 2 ? 2 : d; d <= last; d++) {
        descriptor_is_known(d);
        dev[d].ctx = c;
        qtest_writeq(t, STRTAB + sid_of[d] * 64, 1 | STE_CFG_S1 << 1 | cd_at(c));
        command(CMD_CFGI_STE | (uint64_t)sid_of[d] << 32, 1);
    }
    run();
}

static void play(const char *smmu, bool with_ril, uint32_t seed)
{
    rnd = g_rand_new_with_seed(seed);
    ril = with_ril;
    stale_reads = reads = failures = 0;
    start_with(SIM_ARGS, smmu, "");
    prepare_memory();
    driver_starts();
    for (unsigned d = 0; d < DEVS; d++) {
        dev[d].ctx = 0;
        dev[d].maybe_other = false;
        move_device(d, any(CONTEXTS));
    }
    for (unsigned round = 0; round < (g_test_slow() ? 100000 : 4000); round++) {
        switch (any(8)) {
        case 0: change_page(); break;
        case 1: any(4) ? change_page() : change_descriptor(); break;
        case 2: invalidate(); break;
        case 3: any(4) ? look(any(DEVS), any(SLOTS)) : move_device(any(DEVS), any(CONTEXTS)); break;
        default: look(any(DEVS), any(SLOTS));
        }
    }
    g_test_message("%u reads, %u of them by translations that could still be there; %u host calls failed", reads, stale_reads, failures);
    g_assert_cmpuint(stale_reads, >, reads / 100);      /* else this SMMU keeps nothing, and nothing was tried */
    g_assert_cmpuint(failures, >, 20);
    qtest_quit(t);
    g_clear_pointer(&rnd, g_rand_free);
}

static void test_ril(void)
{
    play(SMMU_ARGS, true, g_test_slow() ? (uint32_t)g_test_rand_int() : 1);
}

/* The guest was told of no ranges: what it writes there must not reach a host that has them. */
static void test_no_ril(void)
{
    play("-device arm-smmuv3,primary-bus=pcie.1,id=s1,accel=on,ril=off ", false, g_test_slow() ? (uint32_t)g_test_rand_int() : 2);
}

/* A guest that comes up anew and invalidates nothing finds nothing of the one before it. */
static void test_reset(void)
{
    start("");
    driver_starts();
    set_ste(SID1, make_context(1));
    g_assert_cmpint(where(0), ==, 1);
    qtest_writeq(t, leaf_at(1), (PAGES + 7 * 0x1000) | LEAF);
    g_assert_cmpint(where(0), ==, 1);                   /* still there */
    json_decref(qtest_qmp_return(t, "{'execute': 'system_reset'}"));
    g_assert_cmpint(where(0), ==, -1);
    firmware();
    set_bases();
    qtest_writel(t, SMMU + SMMU_CR0, 0x9);
    set_ste(SID1, 1 | STE_CFG_S1 << 1 | (CDS + 0x1000));
    g_assert_cmpint(where(0), ==, 7);
    qtest_quit(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smmuv3-accel/stale/ril", test_ril);
    g_test_add_func("/smmuv3-accel/stale/no-ril", test_no_ril);
    g_test_add_func("/smmuv3-accel/stale/reset", test_reset);
    return g_test_run();
}
