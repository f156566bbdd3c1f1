/*
 * -smbios and the SMBIOS 3 tables (DMTF DSP0134 3.x): what the user said is
 * checked at once, laid over the templates of smbios-types.c when the machine
 * is complete.
 *
 * Not described: caches, so processors refer to none.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/firmware/smbios.h"
#include "hw/pci/pci.h"
#include "smbios-types.h"
#include "util/bits.h"
#include "util/options.h"

enum { HEADER_LEN = 4, MAX_STRINGS = 255, MAX_USER_BLOB = 0xffff };
enum { BIOS_UEFI = 1 << 3, BIOS_VM = 1 << 4 };

static GPtrArray *given[256];           /* json_t: what -smbios type=N said, one a structure */
static GPtrArray *raw;                  /* GByteArray: structures from file= */

/* --- What the user says ------------------------------------------------------- */

static bool check_number(const json_t *v, const SmbiosField *f, uint64_t max, Error **errp)
{
    uint64_t n;
    return option_uint(v, f->key, max, &n, errp);
}

static bool parse_uuid(const char *s, uint8_t out[16])
{
    unsigned n = 0;

    for (size_t i = 0; s[i]; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (s[i] != '-') {
                return false;
            }
            continue;
        }
        if (n == 32 || !g_ascii_isxdigit(s[i])) {
            return false;
        }
        out[n / 2] = (n & 1 ? out[n / 2] << 4 : 0) | g_ascii_xdigit_value(s[i]);
        n++;
    }
    return n == 32;
}

static int onboard_kind(const char *s)
{
    static const char *const kinds[] = { "other", "unknown", "video", "scsi", "ethernet", "tokenring", "sound",
                                         "pata", "sata", "sas" };
    for (size_t i = 0; s && i < ARRAY_SIZE(kinds); i++) {
        if (!strcmp(s, kinds[i])) {
            return i + 1;
        }
    }
    return -1;
}

static bool parse_release(const char *s, unsigned *major, unsigned *minor)
{
    char end;
    return s && sscanf(s, "%u.%u%c", major, minor, &end) == 2 && *major < 256 && *minor < 256;
}

static bool check_field(const SmbiosField *f, const json_t *v, Error **errp)
{
    const char *s = json_string_value(v);
    unsigned major, minor;
    uint8_t uuid[16];
    bool b;

    switch (f->kind) {
    case SMBIOS_U8: return check_number(v, f, UINT8_MAX, errp);
    case SMBIOS_U16: return check_number(v, f, UINT16_MAX, errp);
    case SMBIOS_U64: return check_number(v, f, UINT64_MAX, errp);
    case SMBIOS_UEFI: case SMBIOS_VM: return option_bool(v, f->key, &b, errp);
    case SMBIOS_VALUES: case SMBIOS_PATH: return true;
    case SMBIOS_UUID:
        if (!s || !parse_uuid(s, uuid)) {
            error_setg(errp, "-smbios: uuid must look like 12345678-1234-1234-1234-123456789abc");
            return false;
        }
        return true;
    case SMBIOS_RELEASE:
        if (!parse_release(s, &major, &minor)) {
            error_setg(errp, "-smbios: release must be two numbers below 256 with a dot between, such as 1.2");
            return false;
        }
        return true;
    case SMBIOS_ONBOARD_KIND:
        if (onboard_kind(s) < 0) {
            error_setg(errp, "-smbios: kind must be one of other, unknown, video, scsi, ethernet, tokenring, sound, pata, sata, sas");
            return false;
        }
        return true;
    default:
        return option_str(v, f->key, errp) != NULL;
    }
}

static const SmbiosField *find_field(const SmbiosType *t, const char *key)
{
    for (unsigned i = 0; i < SMBIOS_MAX_FIELDS && t->fields[i].key; i++) {
        if (!strcmp(t->fields[i].key, key)) {
            return &t->fields[i];
        }
    }
    return NULL;
}

static bool check_fields(const SmbiosType *t, json_t *opts, Error **errp)
{
    const char *key;
    json_t *v;

    json_object_foreach(opts, key, v) {
        const SmbiosField *f = find_field(t, key);

        if (!f) {
            error_setg(errp, "-smbios type=%u has no field '%s'", t->type, key);
            return false;
        }
        if (!check_field(f, v, errp)) {
            return false;
        }
    }
    return true;
}

/* Strings of type 11 add up over several options; of other keys the last one counts. */
static void merge(json_t *into, json_t *opts)
{
    const char *key;
    json_t *v;

    json_object_foreach(opts, key, v) {
        json_t *old = json_object_get(into, key);

        if (!old || (strcmp(key, "value") && strcmp(key, "path"))) {
            json_object_set(into, key, v);
            continue;
        }
        if (!json_is_array(old)) {
            json_t *list = json_array();
            json_array_append(list, old);
            json_object_set_new(into, key, list);
            old = list;
        }
        if (json_is_array(v)) {
            json_array_extend(old, v);
        } else {
            json_array_append(old, v);
        }
    }
}

static void remember(const SmbiosType *t, json_t *opts)
{
    GPtrArray **list = &given[t->type];

    if (!*list) {
        *list = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
    }
    if (t->when != SMBIOS_EACH_GIVEN && (*list)->len) {
        merge(g_ptr_array_index(*list, 0), opts);
    } else {
        g_ptr_array_add(*list, json_incref(opts));
    }
}

static bool add_raw(const char *path, Error **errp)
{
    g_autofree char *data = NULL;
    g_autoptr(GError) err = NULL;
    gsize len;

    if (!g_file_get_contents(path, &data, &len, &err)) {
        error_setg(errp, "-smbios: %s", err->message);
        return false;
    }
    if (len < HEADER_LEN + 2 || len > MAX_USER_BLOB || (uint8_t)data[1] < HEADER_LEN || (uint8_t)data[1] + 2u > len ||
        data[len - 1] || data[len - 2]) {
        error_setg(errp, "-smbios: %s is not one SMBIOS structure with its strings and two final zero bytes", path);
        return false;
    }
    if (!raw) {
        raw = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    }
    g_ptr_array_add(raw, g_byte_array_append(g_byte_array_new(), (uint8_t *)data, len));
    return true;
}

static bool add_entry(json_t *opts, Error **errp)
{
    g_autofree char *file = options_take_str(opts, "file", NULL);
    uint64_t type = UINT64_MAX;

    if (file) {
        return options_must_be_empty(opts, "-smbios file=", errp) && add_raw(file, errp);
    }
    if (!options_take_uint(opts, "type", UINT8_MAX, &type, errp)) {
        return false;
    }
    const SmbiosType *t = type <= UINT8_MAX ? smbios_type_find(type) : NULL;
    if (!t || !t->fields[0].key) {
        error_setg(errp, "-smbios needs file= or type= with one of 0, 1, 2, 3, 4, 8, 9, 11, 17 and 41");
        return false;
    }
    if (!check_fields(t, opts, errp)) {
        return false;
    }
    remember(t, opts);
    return true;
}

bool smbios_entry_add(json_t *opts, Error **errp)
{
    bool ok = add_entry(opts, errp);

    json_decref(opts);
    return ok;
}

/* --- Structures ------------------------------------------------------------------ */

typedef struct Structure {
    const SmbiosType *t;
    uint8_t b[64];
    GString *strings;                   /* each with its zero */
    unsigned nstrings;
} Structure;

static void structure_open(Structure *s, const SmbiosType *t, unsigned instance)
{
    *s = (Structure){ .t = t, .strings = g_string_new(NULL) };
    s->b[0] = t->type;
    s->b[1] = t->len;
    stw_le_p(s->b + 2, t->handle + instance);
    memcpy(s->b + HEADER_LEN, t->body, MIN(sizeof(t->body), (size_t)t->len - HEADER_LEN));
}

/* A structure without strings still ends in two zeros. */
static void structure_close(Structure *s, GByteArray *out)
{
    g_byte_array_append(out, s->b, s->t->len);
    if (!s->nstrings) {
        g_string_append_c(s->strings, 0);
    }
    g_byte_array_append(out, (uint8_t *)s->strings->str, s->strings->len);
    g_byte_array_append(out, (const uint8_t *)"", 1);
    g_string_free(s->strings, true);
}

/* An empty string cannot be told from the end of strings, so it counts as none. */
static bool add_string(Structure *s, const char *text, Error **errp)
{
    if (s->nstrings == MAX_STRINGS) {
        error_setg(errp, "-smbios type=%u has more than %u strings", s->t->type, MAX_STRINGS);
        return false;
    }
    g_string_append_len(s->strings, text, strlen(text) + 1);
    s->nstrings++;
    return true;
}

static bool put_string(Structure *s, uint8_t at, const char *text, Error **errp)
{
    if (!text || !*text) {
        return true;
    }
    if (!add_string(s, text, errp)) {
        return false;
    }
    s->b[at] = s->nstrings;
    return true;
}

static const char *initial(const SmbiosField *f, const SmbiosMachine *m)
{
    if (!f->init || f->init[0] != '$') {
        return f->init;
    }
    return f->init[1] == 'm' ? m->manufacturer : f->init[1] == 'p' ? m->product : m->version;
}

/* Stored with the first three groups little endian since version 2.6. */
static void put_uuid(uint8_t *p, const uint8_t u[16])
{
    static const uint8_t place[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
    for (unsigned i = 0; i < 16; i++) {
        p[place[i]] = u[i];
    }
}

static bool put_pci_address(Structure *s, uint8_t at, const char *id, Error **errp)
{
    g_autofree char *path = g_strdup_printf("/machine/peripheral/%s", id);
    Object *obj = object_resolve_path(path, NULL);
    PCIDevice *dev = obj ? (PCIDevice *)object_dynamic_cast(obj, TYPE_PCI_DEVICE) : NULL;

    if (!dev) {
        error_setg(errp, "-smbios type=%u: there is no PCI device with id '%s'", s->t->type, id);
        return false;
    }
    stw_le_p(s->b + at, 0);             /* segment */
    s->b[at + 2] = pci_dev_bus_num(dev);
    s->b[at + 3] = dev->devfn;
    return true;
}

static bool put_values(Structure *s, const SmbiosField *f, const json_t *v, Error **errp)
{
    size_t n = json_is_array(v) ? json_array_size(v) : 1;

    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_is_array(v) ? json_array_get(v, i) : v);
        g_autofree char *data = NULL;
        g_autoptr(GError) err = NULL;

        if (text && f->kind == SMBIOS_PATH) {
            if (!g_file_get_contents(text, &data, NULL, &err)) {
                error_setg(errp, "-smbios type=%u: %s", s->t->type, err->message);
                return false;
            }
            text = data;
        }
        if (text && *text && !add_string(s, text, errp)) {
            return false;
        }
    }
    s->b[f->at] = s->nstrings;
    return true;
}

static void put_number(Structure *s, const SmbiosField *f, const json_t *v)
{
    uint64_t n = 0;

    option_uint(v, f->key, UINT64_MAX, &n, NULL);
    switch (f->kind) {
    case SMBIOS_U8: s->b[f->at] = n; break;
    case SMBIOS_U16: stw_le_p(s->b + f->at, n); break;
    default: stq_le_p(s->b + f->at, n);
    }
    if (f->also) {
        stw_le_p(s->b + f->also, n);
    }
}

static void put_flag(Structure *s, const SmbiosField *f, const json_t *v)
{
    uint8_t mask = f->kind == SMBIOS_UEFI ? BIOS_UEFI : BIOS_VM;
    bool on = false;

    option_bool(v, f->key, &on, NULL);
    s->b[f->at] = (s->b[f->at] & ~mask) | (on ? mask : 0);
}

static void put_release(Structure *s, uint8_t at, const char *text)
{
    unsigned major = 0, minor = 0;

    parse_release(text, &major, &minor);
    s->b[at] = major;
    s->b[at + 1] = minor;
}

/* A key of the user's. The values passed check_field() when they were given. */
static bool put_given(Structure *s, const SmbiosField *f, const json_t *v, unsigned instance, Error **errp)
{
    g_autofree char *text = NULL;
    uint8_t uuid[16];

    switch (f->kind) {
    case SMBIOS_STRING: return put_string(s, f->at, json_string_value(v), errp);
    case SMBIOS_PREFIX:
        text = g_strdup_printf("%s %u", json_string_value(v), instance);
        return put_string(s, f->at, text, errp);
    case SMBIOS_UUID:
        parse_uuid(json_string_value(v), uuid);
        put_uuid(s->b + f->at, uuid);
        return true;
    case SMBIOS_RELEASE: put_release(s, f->at, json_string_value(v)); return true;
    case SMBIOS_UEFI: case SMBIOS_VM: put_flag(s, f, v); return true;
    case SMBIOS_VALUES: case SMBIOS_PATH: return put_values(s, f, v, errp);
    case SMBIOS_ONBOARD_KIND: s->b[f->at] = 0x80 | onboard_kind(json_string_value(v)); return true;
    case SMBIOS_PCI_DEVICE: return put_pci_address(s, f->at, json_string_value(v), errp);
    default: put_number(s, f, v); return true;
    }
}

static bool put_fields(Structure *s, const SmbiosMachine *m, const json_t *opts, unsigned instance, Error **errp)
{
    for (unsigned i = 0; i < SMBIOS_MAX_FIELDS && s->t->fields[i].key; i++) {
        const SmbiosField *f = &s->t->fields[i];
        const json_t *v = json_object_get(opts, f->key);
        bool ok = true;

        if (v) {
            ok = put_given(s, f, v, instance, errp);
        } else if (f->kind == SMBIOS_PREFIX) {
            g_autofree char *text = g_strdup_printf("%s %u", f->init, instance);
            ok = put_string(s, f->at, text, errp);
        } else if (f->kind == SMBIOS_STRING) {
            ok = put_string(s, f->at, initial(f, m), errp);
        } else if (f->kind == SMBIOS_UUID && m->uuid) {
            put_uuid(s->b + f->at, m->uuid);
        }
        if (!ok) {
            return false;
        }
    }
    return true;
}

/* --- What depends on the machine's size -------------------------------------------- */

/* Counts have a byte, 255 meaning "look at the word". */
static void put_count(Structure *s, uint8_t at, uint8_t word_at, unsigned n)
{
    s->b[at] = MIN(n, 255u);
    stw_le_p(s->b + word_at, MIN(n, 0xfffeu));
}

static void size_processor(Structure *s, const SmbiosMachine *m)
{
    unsigned cores = m->smp.clusters * m->smp.cores;

    put_count(s, 0x23, 0x2a, cores);
    put_count(s, 0x24, 0x2c, cores);
    put_count(s, 0x25, 0x2e, cores * m->smp.threads);
}

static void size_memory_array(Structure *s, const SmbiosMachine *m)
{
    if (m->ram_size >> 10 < 0x80000000) {
        stl_le_p(s->b + 0x04 + 3, m->ram_size >> 10);
    } else {
        stl_le_p(s->b + 0x07, 0x80000000);
        stq_le_p(s->b + 0x0f, m->ram_size);
    }
}

static void size_memory_device(Structure *s, const SmbiosMachine *m)
{
    uint64_t mib = DIV_ROUND_UP(m->ram_size, MiB);

    stw_le_p(s->b + 0x0c, MIN(mib, 0x7fffu));
    if (mib >= 0x7fff) {
        stl_le_p(s->b + 0x1c, MIN(mib, 0x7fffffffu));
    }
}

static void size_mapping(Structure *s, const SmbiosMachine *m)
{
    uint64_t first = m->ram_base >> 10, last = (m->ram_base + m->ram_size - 1) >> 10;

    if (last < UINT32_MAX) {
        stl_le_p(s->b + 0x04, first);
        stl_le_p(s->b + 0x08, last);
    } else {
        stl_le_p(s->b + 0x04, UINT32_MAX);
        stl_le_p(s->b + 0x08, UINT32_MAX);
        stq_le_p(s->b + 0x0f, m->ram_base);
        stq_le_p(s->b + 0x17, m->ram_base + m->ram_size - 1);
    }
}

static void put_sizes(Structure *s, const SmbiosMachine *m)
{
    switch (s->t->type) {
    case 4: size_processor(s, m); break;
    case 16: size_memory_array(s, m); break;
    case 17: size_memory_device(s, m); break;
    case 19: size_mapping(s, m); break;
    }
}

/* --- The table ------------------------------------------------------------------------ */

static bool in_raw(uint8_t type)
{
    for (guint i = 0; raw && i < raw->len; i++) {
        if (((GByteArray *)g_ptr_array_index(raw, i))->data[0] == type) {
            return true;
        }
    }
    return false;
}

static unsigned instances(const SmbiosType *t, const SmbiosMachine *m)
{
    unsigned n = given[t->type] ? given[t->type]->len : 0;

    if (in_raw(t->type)) {
        return 0;
    }
    return t->when == SMBIOS_EACH_GIVEN ? n : t->when == SMBIOS_IF_GIVEN ? MIN(n, 1u) : t->type == 4 ? m->smp.sockets : 1;
}

static bool build_type(const SmbiosType *t, const SmbiosMachine *m, GByteArray *out, Error **errp)
{
    const GPtrArray *list = given[t->type];
    bool ok = true;

    for (unsigned i = 0, n = instances(t, m); ok && i < n; i++) {
        unsigned which = t->when == SMBIOS_EACH_GIVEN ? i : 0;
        Structure s;

        structure_open(&s, t, i);
        put_sizes(&s, m);
        ok = put_fields(&s, m, list ? g_ptr_array_index(list, which) : NULL, i, errp);
        structure_close(&s, out);
    }
    return ok;
}

static void build_anchor(GByteArray *anchor, uint32_t tables_len)
{
    uint8_t a[24] = { '_', 'S', 'M', '3', '_', 0, sizeof(a), 3, 0, 0, 1 };

    stl_le_p(a + 12, tables_len);
    g_byte_array_append(anchor, a, sizeof(a));
}

bool smbios_build(const SmbiosMachine *m, GByteArray *tables, GByteArray *anchor, Error **errp)
{
    guint start = tables->len;

    for (guint i = 0; raw && i < raw->len; i++) {
        const GByteArray *r = g_ptr_array_index(raw, i);
        g_byte_array_append(tables, r->data, r->len);
    }
    for (size_t i = 0; i < smbios_num_types; i++) {
        if (!build_type(&smbios_types[i], m, tables, errp)) {
            return false;
        }
    }
    build_anchor(anchor, tables->len - start);
    return true;
}

void smbios_anchor_place(GByteArray *anchor, uint64_t tables_addr)
{
    uint8_t sum = 0;

    stq_le_p(anchor->data + 16, tables_addr);
    anchor->data[5] = 0;
    for (guint i = 0; i < anchor->len; i++) {
        sum += anchor->data[i];
    }
    anchor->data[5] = -sum;
}
