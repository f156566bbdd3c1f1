/*
 * SMMUv3 seen from outside: query-smmu, query-smmu-translation and "info smmu".
 *
 * All three read under the vSMMU lock, from the monitor's thread, and change
 * nothing: tables are walked past the caches, faults are shown and not recorded.
 * The text forms are made from the QMP answers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-emul.h"
#include "hw/arm/smmuv3-query.h"
#include "monitor/hmp.h"
#include "qapi-commands.h"

#define MAX_STEPS 64

static json_t *number(uint64_t v)
{
    return json_integer((json_int_t)v);
}

static json_t *numbers32(const uint32_t *v, unsigned n)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < n; i++) {
        json_array_append_new(list, number(v[i]));
    }
    return list;
}

static const char *event_name(SMMUEventType t)
{
    static const char *const names[SMMU_EVT__MAX] = {
        [SMMU_EVT_F_UUT] = "F_UUT", [SMMU_EVT_C_BAD_STREAMID] = "C_BAD_STREAMID", [SMMU_EVT_F_STE_FETCH] = "F_STE_FETCH",
        [SMMU_EVT_C_BAD_STE] = "C_BAD_STE", [SMMU_EVT_F_BAD_ATS_TREQ] = "F_BAD_ATS_TREQ",
        [SMMU_EVT_F_STREAM_DISABLED] = "F_STREAM_DISABLED", [SMMU_EVT_F_TRANSL_FORBIDDEN] = "F_TRANSL_FORBIDDEN",
        [SMMU_EVT_C_BAD_SUBSTREAMID] = "C_BAD_SUBSTREAMID", [SMMU_EVT_F_CD_FETCH] = "F_CD_FETCH", [SMMU_EVT_C_BAD_CD] = "C_BAD_CD",
        [SMMU_EVT_F_WALK_EABT] = "F_WALK_EABT", [SMMU_EVT_F_TRANSLATION] = "F_TRANSLATION", [SMMU_EVT_F_ADDR_SIZE] = "F_ADDR_SIZE",
        [SMMU_EVT_F_ACCESS] = "F_ACCESS", [SMMU_EVT_F_PERMISSION] = "F_PERMISSION",
    };

    return t < SMMU_EVT__MAX && names[t] ? names[t] : "unknown";
}

/* --- Streams ----------------------------------------------------------------------------- */

json_t *smmuv3_query_stream(SMMUv3State *s, uint32_t sid)
{
    static const char *const configs[8] = { "abort", "abort", "abort", "abort", "bypass", "stage-1", "stage-2", "nested" };
    uint64_t w[STE_WORDS] = { 0 }, fetch;
    json_t *info = json_pack("{s:I, s:[]}", "stream-id", (json_int_t)sid, "ste"), *ste = json_object_get(info, "ste");
    SMMUEventType err = smmuv3_ste_fetch(s, sid, w, &fetch);
    SMMUSte decoded;

    for (unsigned i = 0; !err && i < STE_WORDS; i++) {
        json_array_append_new(ste, number(w[i]));
    }
    err = err ? err : smmu_ste_decode(s, w, &decoded);
    if (err) {
        json_object_set_new(info, "config", json_string("fault"));
        json_object_set_new(info, "stream-fault", json_string(event_name(err)));
        return info;
    }
    json_object_set_new(info, "config", json_string(configs[decoded.config]));
    if (decoded.config != STE_CFG_ABORT && (decoded.config & 1)) {
        json_object_set_new(info, "context-table", number(decoded.ctxptr));
        json_object_set_new(info, "substream-bits", number(decoded.s1cdmax));
    }
    return info;
}

static json_t *emulated_streams(SMMUv3State *s)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < s->emul->devs->len; i++) {
        SMMUDevice *d = s->emul->devs->pdata[i];
        json_t *info = smmuv3_query_stream(s, smmu_device_sid(d));

        json_object_set_new(info, "faults", number(d->faults));
        json_array_append_new(list, info);
    }
    return list;
}

/* --- query-smmu ------------------------------------------------------------------------------ */

static json_t *queue_info(const SMMUQueue *q, unsigned max)
{
    unsigned log2size = smmuv3_queue_log2size(q, max);

    return json_pack("{s:I, s:I, s:I, s:I}", "base", (json_int_t)(q->base & QBASE_ADDR_MASK), "entries", (json_int_t)BIT(log2size),
                     "prod", (json_int_t)(q->prod & MAKE_64BIT_MASK(0, log2size + 1)),
                     "cons", (json_int_t)(q->cons & MAKE_64BIT_MASK(0, log2size + 1)));
}

static json_t *fault_counts(const SMMUv3Stats *st)
{
    json_t *list = json_array();

    for (unsigned t = 0; t < SMMU_EVT__MAX; t++) {
        if (st->faults[t]) {
            json_array_append_new(list, json_pack("{s:s, s:I}", "kind", event_name(t), "count", (json_int_t)st->faults[t]));
        }
    }
    return list;
}

static json_t *statistics(const SMMUv3Stats *st)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "runs", (json_int_t)st->runs, "commands", (json_int_t)st->commands,
                     "events", (json_int_t)st->events, "events-lost", (json_int_t)st->events_lost,
                     "events-merged", (json_int_t)st->events_merged, "page-requests", (json_int_t)st->page_requests,
                     "page-requests-lost", (json_int_t)st->page_requests_lost, "faults", fault_counts(st));
}

static void engine_info(SMMUv3State *s, json_t *info)
{
    if (s->emul) {
        const SMMUTlb *t = &s->emul->tlb;

        json_object_set_new(info, "tlb", json_pack("{s:I, s:I, s:I}", "entries", (json_int_t)t->entries, "hits", (json_int_t)t->hits,
                                                   "misses", (json_int_t)t->misses));
        json_object_set_new(info, "streams", emulated_streams(s));
    }
    smmuv3_query_accel(s, info);
}

static json_t *smmu_info(SMMUv3State *s)
{
    json_t *info;

    g_mutex_lock(&s->lock);
    info = json_pack("{s:s, s:s, s:b, s:b, s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "id", smmuv3_name(s), "bus", s->primary_bus->qbus.name,
                     "accel", s->accel, "enabled", smmuv3_enabled(s), "idr", numbers32(s->idr, 6), "gbpa", (json_int_t)s->gbpa,
                     "gerror", (json_int_t)s->gerror, "gerrorn", (json_int_t)s->gerrorn, "stream-table", (json_int_t)s->strtab_base,
                     "stream-table-config", (json_int_t)s->strtab_base_cfg, "command-queue", queue_info(&s->cmdq, SMMU_CMDQS),
                     "event-queue", queue_info(&s->eventq, SMMU_EVENTQS), "statistics", statistics(&s->stats));
    if (smmuv3_has_pri(s)) {
        json_object_set_new(info, "pri-queue", queue_info(&s->priq, SMMU_PRIQS));
    }
    engine_info(s, info);
    g_mutex_unlock(&s->lock);
    return info;
}

static int collect(Object *obj, void *opaque)
{
    SMMUv3State *s = (SMMUv3State *)object_dynamic_cast(obj, TYPE_ARM_SMMUV3);

    if (s && DEVICE(s)->realized) {
        g_ptr_array_add(opaque, s);
    }
    return 0;
}

static GPtrArray *all_smmus(void)
{
    GPtrArray *list = g_ptr_array_new();

    object_child_foreach_recursive(object_get_root(), collect, list);
    return list;
}

json_t *qmp_query_smmu(const json_t *args, Error **errp)
{
    g_autoptr(GPtrArray) smmus = all_smmus();
    json_t *list = json_array();

    for (unsigned i = 0; i < smmus->len; i++) {
        json_array_append_new(list, smmu_info(smmus->pdata[i]));
    }
    return list;
}

/* --- query-smmu-translation -------------------------------------------------------------------- */

typedef struct Trail { SMMUv3State *s; json_t *steps; } Trail;

static bool peek(void *opaque, uint64_t pa, uint64_t *value)
{
    return smmuv3_read_words(((Trail *)opaque)->s, pa, value, 1);
}

static void note_step(void *opaque, int stage, int level, uint64_t pa, uint64_t descriptor)
{
    Trail *trail = opaque;

    if (json_array_size(trail->steps) < MAX_STEPS) {
        json_array_append_new(trail->steps, json_pack("{s:i, s:i, s:I, s:I}", "stage", stage, "level", level, "address", (json_int_t)pa,
                                              "descriptor", (json_int_t)descriptor));
    }
}

static json_t *permissions(uint16_t perm)
{
    char text[] = "priv --- user --- stage-2 ---";
    static const struct { uint16_t bit; uint8_t at; char c; } marks[] = {
        { SMMU_PR, 5, 'r' }, { SMMU_PW, 6, 'w' }, { SMMU_PX, 7, 'x' }, { SMMU_UR, 14, 'r' }, { SMMU_UW, 15, 'w' }, { SMMU_UX, 16, 'x' },
        { SMMU_2R, 26, 'r' }, { SMMU_2W, 27, 'w' }, { SMMU_2PX, 28, 'x' },
    };

    for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
        if (perm & marks[i].bit) {
            text[marks[i].at] = marks[i].c;
        }
    }
    return json_string(text);
}

static json_t *walk_info(SMMUv3State *s, const SMMUContext *c, uint64_t iova)
{
    json_t *info = json_pack("{s:s, s:[]}", "disposal", "translate", "steps");
    Trail trail = { s, json_object_get(info, "steps") };
    SMMUReader reader = { .read = peek, .step = note_step, .opaque = &trail };
    SMMULeaf leaf;
    SMMUFault fault;

    if (smmu_walk(c, &reader, iova, &leaf, &fault)) {
        json_object_set_new(info, "output", number(leaf.out | (iova & MAKE_64BIT_MASK(0, leaf.shift))));
        json_object_set_new(info, "size", number(BIT_ULL(leaf.shift)));
        json_object_set_new(info, "permissions", permissions(leaf.perm));
    } else {
        json_object_set_new(info, "fault", json_string(event_name(fault.type)));
    }
    return info;
}

static json_t *translation(SMMUv3State *s, uint32_t sid, bool ssv, uint32_t ssid, uint64_t iova)
{
    static const char *const disposals[] = { "abort", "bypass", "translate", "fault" };
    SMMUConfig cfg;
    json_t *info;

    if (!smmuv3_enabled(s)) {
        return json_pack("{s:s, s:[]}", "disposal", FIELD_EX32(s->gbpa, GBPA, ABORT) ? "abort" : "bypass", "steps");
    }
    smmuv3_config_fetch(s, sid, ssv, ssid, &cfg);
    if (cfg.disposal == SMMU_TRANSLATE) {
        return walk_info(s, &cfg.ctx, iova);
    }
    info = json_pack("{s:s, s:[]}", "disposal", disposals[cfg.disposal], "steps");
    if (cfg.disposal == SMMU_FAULT) {
        json_object_set_new(info, "fault", json_string(event_name(cfg.evt.type)));
    }
    return info;
}

SMMUv3State *smmuv3_find(const char *id, Error **errp)
{
    g_autoptr(GPtrArray) smmus = all_smmus();

    for (unsigned i = 0; i < smmus->len; i++) {
        if (!strcmp(smmuv3_name(smmus->pdata[i]), id)) {
            return smmus->pdata[i];
        }
    }
    error_setg(errp, "There is no SMMU '%s'; query-smmu lists them", id);
    return NULL;
}

json_t *smmuv3_query_by_args(const json_t *args, SMMULook *look, Error **errp)
{
    SMMUv3State *s = smmuv3_find(json_string_value(json_object_get(args, "id")), errp);
    const json_t *pasid = json_object_get(args, "pasid");
    json_t *info;

    if (!s) {
        return NULL;
    }
    g_mutex_lock(&s->lock);
    info = look(s, json_integer_value(json_object_get(args, "stream-id")), pasid != NULL, json_integer_value(pasid), args);
    g_mutex_unlock(&s->lock);
    return info;
}

static json_t *look_translation(SMMUv3State *s, uint32_t sid, bool ssv, uint32_t ssid, const json_t *args)
{
    return translation(s, sid, ssv, ssid & 0xfffff, json_integer_value(json_object_get(args, "iova")));
}

json_t *qmp_query_smmu_translation(const json_t *args, Error **errp)
{
    return smmuv3_query_by_args(args, look_translation, errp);
}

/* --- "info smmu" ---------------------------------------------------------------------------------- */

static uint64_t get(const json_t *obj, const char *key)
{
    return json_integer_value(json_object_get(obj, key));
}

static const char *text(const json_t *obj, const char *key)
{
    const char *v = json_string_value(json_object_get(obj, key));

    return v ? v : "-";
}

static void print_queue(GString *out, const char *name, const json_t *q)
{
    g_string_append_printf(out, "  %s: %" PRIu64 " entries at 0x%" PRIx64 ", prod 0x%" PRIx64 " cons 0x%" PRIx64 "\n", name, get(q, "entries"),
                           get(q, "base"), get(q, "prod"), get(q, "cons"));
}

static void print_host_stream(GString *out, const json_t *st)
{
    g_string_append_printf(out, "; host %s: %s by table %" PRIu64 ", vDEVICE %" PRIu64 ", group %" PRIu64 "\n", text(st, "device"),
                           text(st, "host-state"), get(st, "host-table"), get(st, "vdevice"), get(st, "group"));
    g_string_append_printf(out, "    %" PRIu64 " attaches, %" PRIu64 " commands, %" PRIu64 " events, %" PRIu64 " page requests\n", get(st, "attaches"),
                           get(st, "commands"), get(st, "events"), get(st, "page-requests"));
    if (json_object_get(st, "last-error")) {
        g_string_append_printf(out, "    last error: %s\n", text(st, "last-error"));
    }
}

static void print_stream(GString *out, const json_t *st)
{
    json_t *word;
    size_t i;

    g_string_append_printf(out, "  stream 0x%04" PRIx64 ": guest %s", get(st, "stream-id"), text(st, "config"));
    if (json_object_get(st, "stream-fault")) {
        g_string_append_printf(out, " (%s)", text(st, "stream-fault"));
    }
    json_array_foreach(json_object_get(st, "ste"), i, word) {
        if (i < 2) {
            g_string_append_printf(out, "%s%" PRIx64, i ? ":" : ", STE ", (uint64_t)json_integer_value(word));
        }
    }
    if (json_object_get(st, "context-table")) {
        g_string_append_printf(out, ", CD table 0x%" PRIx64 " of 2^%" PRIu64, get(st, "context-table"), get(st, "substream-bits"));
    }
    if (json_object_get(st, "device")) {
        print_host_stream(out, st);
    } else {
        g_string_append_printf(out, "; %" PRIu64 " faults\n", get(st, "faults"));
    }
}

static void print_host(GString *out, const json_t *host)
{
    g_string_append_printf(out, "  host: vIOMMU %" PRIu64 " over stage 2 %" PRIu64 ", %" PRIu64 " tables, event queue %" PRIu64 " of %" PRIu64
                           ", fault queue %" PRIu64 "\n", get(host, "viommu"), get(host, "stage2"), get(host, "tables"), get(host, "event-queue"),
                           get(host, "event-queue-depth"), get(host, "fault-queue"));
    g_string_append_printf(out, "  %" PRIu64 " commands in %" PRIu64 " calls, %" PRIu64 " errors, %" PRIu64 " page requests wait\n",
                           get(host, "commands"), get(host, "calls"), get(host, "errors"), get(host, "page-requests-waiting"));
    if (json_object_get(host, "last-error")) {
        g_string_append_printf(out, "  last error: %s\n", text(host, "last-error"));
    }
}

static void print_cmdqv(GString *out, const json_t *cmdqv)
{
    json_t *q;
    size_t i;

    g_string_append_printf(out, "  hardware command queues: VINTF %s, registers %s\n", json_is_true(json_object_get(cmdqv, "enabled")) ? "on" : "off",
                           json_is_true(json_object_get(cmdqv, "direct")) ? "the guest's" : "trapped");
    json_array_foreach(json_object_get(cmdqv, "queues"), i, q) {
        g_autofree char *name = g_strdup_printf("  VCMDQ %zu (%s%s, host queue %" PRIu64 ")", i,
                                                json_is_true(json_object_get(q, "enabled")) ? "on" : "off",
                                                json_is_true(json_object_get(q, "error")) ? ", error" : "", get(q, "hw-queue"));
        print_queue(out, name, q);
    }
}

static void print_smmu(GString *out, const json_t *info)
{
    const json_t *stats = json_object_get(info, "statistics"), *tlb = json_object_get(info, "tlb");
    json_t *stream, *fault;
    size_t i;

    g_string_append_printf(out, "%s on %s: %s, translation %s\n", text(info, "id"), text(info, "bus"),
                           json_is_true(json_object_get(info, "accel")) ? "accel=on" : "emulated",
                           json_is_true(json_object_get(info, "enabled")) ? "on" : "off");
    print_queue(out, "commands", json_object_get(info, "command-queue"));
    print_queue(out, "events", json_object_get(info, "event-queue"));
    if (json_object_get(info, "pri-queue")) {
        print_queue(out, "page requests", json_object_get(info, "pri-queue"));
    }
    g_string_append_printf(out, "  %" PRIu64 " commands in %" PRIu64 " runs, %" PRIu64 " events, %" PRIu64 " lost\n", get(stats, "commands"),
                           get(stats, "runs"), get(stats, "events"), get(stats, "events-lost"));
    json_array_foreach(json_object_get(stats, "faults"), i, fault) {
        g_string_append_printf(out, "%s%s %" PRIu64, i ? ", " : "  faults: ", text(fault, "kind"), get(fault, "count"));
    }
    g_string_append(out, i ? "\n" : "");
    if (tlb) {
        g_string_append_printf(out, "  TLB: %" PRIu64 " entries, %" PRIu64 " hits, %" PRIu64 " misses\n", get(tlb, "entries"), get(tlb, "hits"),
                               get(tlb, "misses"));
    }
    if (json_object_get(info, "host")) {
        print_host(out, json_object_get(info, "host"));
    }
    if (json_object_get(json_object_get(info, "host"), "cmdqv")) {
        print_cmdqv(out, json_object_get(json_object_get(info, "host"), "cmdqv"));
    }
    json_array_foreach(json_object_get(info, "streams"), i, stream) {
        print_stream(out, stream);
    }
}

/* Graphviz: what the guest made on the left of each chain, what the host has for it on the right. */
static void print_dot_stream(GString *out, const char *id, const json_t *st, const json_t *host)
{
    g_autofree char *stream = g_strdup_printf("%s stream 0x%" PRIx64 "\\n%s", id, get(st, "stream-id"), text(st, "config"));

    g_string_append_printf(out, "  \"%s\" -> \"%s\";\n", id, stream);
    if (json_object_get(st, "context-table")) {
        g_string_append_printf(out, "  \"%s\" -> \"CD table 0x%" PRIx64 "\";\n", stream, get(st, "context-table"));
    }
    if (!json_object_get(st, "device")) {
        return;
    }
    if (get(st, "vdevice")) {
        g_string_append_printf(out, "  \"%s\" -> \"vDEVICE %" PRIu64 "\" -> \"%s\";\n", stream, get(st, "vdevice"), text(st, "device"));
    } else {
        g_string_append_printf(out, "  \"%s\" -> \"%s\";\n", stream, text(st, "device"));
    }
    g_string_append_printf(out, "  \"%s\" [shape=component, label=\"%s\\ngroup %" PRIu64 "\"];\n", text(st, "device"), text(st, "device"), get(st, "group"));
    if (get(st, "host-table")) {
        g_string_append_printf(out, "  \"%s\" -> \"table %" PRIu64 " (%s)\" -> \"vIOMMU %" PRIu64 "\";\n", text(st, "device"),
                               get(st, "host-table"), text(st, "host-state"), get(host, "viommu"));
    }
}

static void print_dot_queue(GString *out, const char *id, const char *kind, uint64_t queue)
{
    if (queue) {
        g_string_append_printf(out, "  \"%s queue %" PRIu64 "\" -> \"%s\" [style=dashed];\n", kind, queue, id);
    }
}

static void print_dot_cmdqv(GString *out, const char *id, const json_t *cmdqv)
{
    json_t *q;
    size_t i;

    json_array_foreach(json_object_get(cmdqv, "queues"), i, q) {
        if (get(q, "hw-queue")) {
            g_string_append_printf(out, "  \"%s\" -> \"hardware queue %" PRIu64 "\" [label=\"VCMDQ %zu\"];\n", id, get(q, "hw-queue"), i);
        }
    }
}

static void print_dot(GString *out, const json_t *info)
{
    const json_t *host = json_object_get(info, "host");
    const char *id = text(info, "id");
    json_t *st;
    size_t i;

    g_string_append_printf(out, "  \"%s\" [shape=box];\n", id);
    if (host && get(host, "viommu")) {
        g_string_append_printf(out, "  \"%s\" -> \"vIOMMU %" PRIu64 "\" -> \"stage 2 %" PRIu64 "\";\n", id, get(host, "viommu"), get(host, "stage2"));
        print_dot_queue(out, id, "event", get(host, "event-queue"));
        print_dot_queue(out, id, "fault", get(host, "fault-queue"));
        print_dot_cmdqv(out, id, json_object_get(host, "cmdqv"));
    }
    json_array_foreach(json_object_get(info, "streams"), i, st) {
        print_dot_stream(out, id, st, host);
    }
}

static void print_translation(GString *out, SMMUv3State *s, uint32_t sid, uint64_t iova)
{
    json_t *info, *step;
    size_t i;

    g_mutex_lock(&s->lock);
    info = translation(s, sid, false, 0, iova);
    g_mutex_unlock(&s->lock);
    json_array_foreach(json_object_get(info, "steps"), i, step) {
        g_string_append_printf(out, "stage %" PRIu64 " level %" PRIu64 ": [0x%" PRIx64 "] = 0x%" PRIx64 "\n", get(step, "stage"), get(step, "level"),
                               get(step, "address"), get(step, "descriptor"));
    }
    if (json_object_get(info, "output")) {
        g_string_append_printf(out, "0x%" PRIx64 " -> 0x%" PRIx64 " (block of 0x%" PRIx64 ", %s)\n", iova, get(info, "output"), get(info, "size"),
                               text(info, "permissions"));
    } else {
        g_string_append_printf(out, "0x%" PRIx64 ": %s%s%s\n", iova, text(info, "disposal"), json_object_get(info, "fault") ? ", " : "",
                               json_object_get(info, "fault") ? text(info, "fault") : "");
    }
    json_decref(info);
}

/* ID STREAMID: its tables; and ADDRESS: that translation. */
static void print_stream_of(GString *out, const char *args)
{
    g_auto(GStrv) word = g_strsplit(args, " ", -1);
    unsigned n = g_strv_length(word);
    uint64_t sid, iova = 0;
    g_autoptr(Error) err = NULL;
    SMMUv3State *s;

    if (n < 2 || n > 3 || !parse_uint64(word[1], &sid) || (n == 3 && !parse_uint64(word[2], &iova))) {
        g_string_append(out, "info smmu ID STREAMID shows a stream's tables, info smmu ID STREAMID ADDRESS one translation\n");
        return;
    }
    s = smmuv3_find(word[0], &err);
    if (!s) {
        g_string_append_printf(out, "%s\n", error_get_pretty(err));
    } else if (n == 2) {
        smmuv3_print_tables(out, s, sid);
    } else {
        print_translation(out, s, sid, iova);
    }
}

static void info_smmu(GString *out, const char *args)
{
    bool dot = !strcmp(args, "-d");
    json_t *list, *info;
    size_t i;

    if (*args && !dot) {
        print_stream_of(out, args);
        return;
    }
    list = qmp_query_smmu(NULL, NULL);
    g_string_append(out, dot ? "digraph smmu {\n  rankdir=LR;\n" : "");
    json_array_foreach(list, i, info) {
        if (dot) {
            print_dot(out, info);
        } else {
            print_smmu(out, info);
        }
    }
    g_string_append(out, dot ? "}\n" : "");
    json_decref(list);
}

static void __attribute__((constructor)) register_info(void)
{
    monitor_register_hmp_info("smmu", "show SMMUs (-d: as a Graphviz picture; ID STREAMID: its tables; ID STREAMID ADDRESS: one translation)", info_smmu);
}
