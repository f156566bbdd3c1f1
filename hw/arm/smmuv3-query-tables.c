/*
 * SMMUv3 seen from outside: the trees of tables behind one stream, counted.
 *
 * query-smmu-tables and "info smmu ID STREAMID" say how large the stream and CD
 * tables are, and for each half of stage 1 and for stage 2 how many tables there
 * are, and how much they map by blocks of which size. Under the vSMMU lock, from
 * the monitor's thread; changes nothing, and stops after LIMIT descriptors.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmu-pte.h"
#include "hw/arm/smmuv3-query.h"
#include "qapi-commands.h"

#define LIMIT (1u << 18)

/* One tree on its way to being counted. */
typedef struct Census {
    SMMUv3State *s;
    const SMMUContext *by_stage_2;      /* tables are at IPAs: those of stage 1 */
    Format format;
    unsigned oas, read;
    uint64_t tables, bytes, unreadable, leaves[4];
    bool truncated;
} Census;

static bool read_pte(Census *n, uint64_t addr, uint64_t *value)
{
    SMMUReader reader = smmuv3_reader(n->s);
    SMMUFault fault;
    SMMULeaf leaf;

    if (n->by_stage_2) {
        if (!smmu_walk_s2(n->by_stage_2, &reader, addr, EVT_CLASS_TT, &leaf, &fault)) {
            return false;
        }
        addr = leaf.out | (addr & MAKE_64BIT_MASK(0, leaf.shift));
    }
    return smmuv3_read_words(n->s, addr, value, 1);
}

static void count_table(Census *n, uint64_t table, unsigned level, unsigned index_bits)
{
    n->tables++;
    n->bytes += 8ULL << index_bits;
    for (uint64_t i = 0; i < BIT_ULL(index_bits); i++) {
        Pte pte = { .level = level };

        if (n->read++ >= LIMIT) {
            n->truncated = true;
            return;
        }
        if (!read_pte(n, table + i * 8, &pte.value)) {
            n->unreadable++;            /* nor the rest of it, most likely */
            return;
        }
        switch (classify(&pte, n->format)) {
        case PTE_TABLE:
            count_table(n, pte_address(pte.value, n->format, n->format.granule), level + 1, n->format.granule - 3);
            break;
        case PTE_LEAF:
            n->leaves[level]++;
            break;
        case PTE_INVALID:
            break;
        }
    }
}

static json_t *tree_info(const Census *n, const char *name, uint64_t root, unsigned input_bits)
{
    json_t *info = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:[]}", "name", name, "root", (json_int_t)root, "granule",
                             (json_int_t)BIT_ULL(n->format.granule), "input-bits", (json_int_t)input_bits, "tables", (json_int_t)n->tables,
                             "table-bytes", (json_int_t)n->bytes, "unreadable", (json_int_t)n->unreadable, "truncated", n->truncated, "leaves");

    for (unsigned level = 0; level < 4; level++) {
        if (n->leaves[level]) {
            json_array_append_new(json_object_get(info, "leaves"),
                                  json_pack("{s:I, s:I}", "size", (json_int_t)BIT_ULL(level_shift(n->format.granule, level)),
                                            "count", (json_int_t)n->leaves[level]));
        }
    }
    return info;
}

static json_t *stage_1_tree(SMMUv3State *s, const SMMUContext *c, unsigned half)
{
    const SMMUTable *t = &c->tt[half];
    Census n = { .s = s, .by_stage_2 = c->s2 ? c : NULL, .format = { t->granule, c->lpa } };
    unsigned size = 64 - t->tsz, level = 3 - (size - t->granule - 1) / (t->granule - 3u), bits = size - level_shift(t->granule, level);
    uint64_t root = table_base(t->ttb, n.format, bits);

    count_table(&n, root, level, bits);
    return tree_info(&n, half ? "ttb1" : "ttb0", root, size);
}

static json_t *stage_2_tree(SMMUv3State *s, const SMMUContext *c)
{
    Census n = { .s = s, .format = { c->s2_granule, c->lpa } };
    unsigned size = 64 - c->s2_tsz, bits = size - level_shift(c->s2_granule, c->s2_start);
    uint64_t root = table_base(c->s2_ttb, n.format, bits);

    count_table(&n, root, c->s2_start, bits);
    return tree_info(&n, "stage-2", root, size);
}

static json_t *stream_table_info(const SMMUv3State *s)
{
    unsigned log2size = MIN(FIELD_EX32(s->strtab_base_cfg, STRTAB_BASE_CFG, LOG2SIZE), SMMU_SIDSIZE);
    unsigned split = FIELD_EX32(s->strtab_base_cfg, STRTAB_BASE_CFG, SPLIT);
    bool two_level = FIELD_EX32(s->strtab_base_cfg, STRTAB_BASE_CFG, FMT) == 1;

    split = split == 8 || split == 10 ? split : 6;
    return json_pack("{s:s, s:I, s:I, s:I}", "format", two_level ? "2-level" : "linear", "root", (json_int_t)(s->strtab_base & STRTAB_ADDR_MASK),
                     "bits", (json_int_t)log2size, "bytes",
                     (json_int_t)(two_level ? 8ULL << (log2size > split ? log2size - split : 0) : (uint64_t)STE_SIZE << log2size));
}

/* The CD table of a stream that translates by stage 1. */
static json_t *context_table_info(const SMMUSte *ste)
{
    static const char *const formats[] = { "linear", "2-level-4k", "2-level-64k" };
    unsigned fmt = ste->s1cdmax ? ste->s1fmt : S1FMT_LINEAR, split = fmt == S1FMT_4K_L2 ? 6 : 10;
    uint64_t bytes = (uint64_t)CD_SIZE << ste->s1cdmax;

    if (fmt != S1FMT_LINEAR) {
        bytes = 8ULL << (ste->s1cdmax > split ? ste->s1cdmax - split : 0);
    }
    return json_pack("{s:s, s:I, s:I, s:I}", "format", formats[fmt], "root", (json_int_t)ste->ctxptr, "bits", (json_int_t)ste->s1cdmax,
                     "bytes", (json_int_t)bytes);
}

json_t *smmuv3_query_tables(SMMUv3State *s, uint32_t sid, bool ssv, uint32_t ssid)
{
    json_t *info = json_pack("{s:o, s:[]}", "stream-table", stream_table_info(s), "trees"), *trees = json_object_get(info, "trees");
    uint64_t w[STE_WORDS], fetch;
    SMMUSte ste;
    SMMUConfig cfg;

    if (!smmuv3_enabled(s) || smmuv3_ste_fetch(s, sid, w, &fetch) || smmu_ste_decode(s, w, &ste)) {
        return info;
    }
    if (ste.config != STE_CFG_ABORT && (ste.config & 1)) {
        json_object_set_new(info, "context-table", context_table_info(&ste));
    }
    smmuv3_config_fetch(s, sid, ssv, ssid, &cfg);
    for (unsigned half = 0; cfg.disposal == SMMU_TRANSLATE && cfg.ctx.s1 && half < 2; half++) {
        if (!cfg.ctx.tt[half].disabled) {
            json_array_append_new(trees, stage_1_tree(s, &cfg.ctx, half));
        }
    }
    if (cfg.ctx.s2) {
        json_array_append_new(trees, stage_2_tree(s, &cfg.ctx));
    }
    return info;
}

static json_t *look_tables(SMMUv3State *s, uint32_t sid, bool ssv, uint32_t ssid, const json_t *args)
{
    return smmuv3_query_tables(s, sid, ssv, ssid);
}

json_t *qmp_query_smmu_tables(const json_t *args, Error **errp)
{
    return smmuv3_query_by_args(args, look_tables, errp);
}

/* --- As text --------------------------------------------------------------------------------- */

static uint64_t get(const json_t *obj, const char *key)
{
    return json_integer_value(json_object_get(obj, key));
}

static void print_table(GString *out, const char *name, const json_t *table)
{
    if (table) {
        g_string_append_printf(out, "%s: %s at 0x%" PRIx64 ", 2^%" PRIu64 " entries, %" PRIu64 " bytes%s\n", name,
                               json_string_value(json_object_get(table, "format")), get(table, "root"), get(table, "bits"), get(table, "bytes"),
                               g_str_has_prefix(json_string_value(json_object_get(table, "format")), "2-level") ? " of level 1" : "");
    }
}

static void print_tree(GString *out, const json_t *tree)
{
    json_t *leaf;
    size_t i;

    g_string_append_printf(out, "%s: %" PRIu64 " tables (%" PRIu64 " bytes) at 0x%" PRIx64 ", pages of %" PRIu64 ", %" PRIu64 " bits in",
                           json_string_value(json_object_get(tree, "name")), get(tree, "tables"), get(tree, "table-bytes"), get(tree, "root"),
                           get(tree, "granule"), get(tree, "input-bits"));
    json_array_foreach(json_object_get(tree, "leaves"), i, leaf) {
        g_string_append_printf(out, "%s%" PRIu64 " of 0x%" PRIx64, i ? ", " : ": ", get(leaf, "count"), get(leaf, "size"));
    }
    g_string_append_printf(out, "%s%s\n", get(tree, "unreadable") ? ", some tables cannot be read" : "",
                           json_is_true(json_object_get(tree, "truncated")) ? ", and more" : "");
}

void smmuv3_print_tables(GString *out, SMMUv3State *s, uint32_t sid)
{
    json_t *info, *tree;
    size_t i;

    g_mutex_lock(&s->lock);
    info = smmuv3_query_tables(s, sid, false, 0);
    g_mutex_unlock(&s->lock);
    print_table(out, "stream table", json_object_get(info, "stream-table"));
    print_table(out, "CD table", json_object_get(info, "context-table"));
    json_array_foreach(json_object_get(info, "trees"), i, tree) {
        print_tree(out, tree);
    }
    json_decref(info);
}
