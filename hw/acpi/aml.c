/*
 * The AML writer: names, data objects and constructs with a length.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/acpi/aml.h"
#include "util/bits.h"

/* ACPI 6.5, 20.2: opcodes that the writer puts out by itself. */
enum {
    OP_ZERO = 0x00, OP_ONE = 0x01, OP_NAME = 0x08, OP_BYTE = 0x0a, OP_WORD = 0x0b, OP_DWORD = 0x0c, OP_STRING = 0x0d,
    OP_QWORD = 0x0e, OP_SCOPE = 0x10, OP_BUFFER = 0x11, OP_PACKAGE = 0x12, OP_VAR_PACKAGE = 0x13, OP_METHOD = 0x14,
    OP_DUAL_NAME = 0x2e, OP_MULTI_NAME = 0x2f, OP_EXT = 0x5b, OP_ROOT = 0x5c, OP_PARENT = 0x5e, OP_LOCAL0 = 0x60, OP_ARG0 = 0x68,
    OP_IF = 0xa0, OP_ELSE = 0xa1, OP_WHILE = 0xa2,
    EXT_MUTEX = 0x01, EXT_ACQUIRE = 0x23, EXT_RELEASE = 0x27, EXT_REGION = 0x80, EXT_FIELD = 0x81, EXT_DEVICE = 0x82,
};

static void put8(Aml *a, uint8_t v)
{
    g_byte_array_append(a->out, &v, 1);
}

static void put_le(Aml *a, uint64_t v, unsigned size)
{
    uint8_t b[8];
    stq_le_p(b, v);
    g_byte_array_append(a->out, b, size);
}

/* 20.2.4: the lead byte says how many bytes follow; a lone byte holds six bits, else four. */
static unsigned encode_pkg_length(uint8_t out[4], uint32_t len)
{
    unsigned extra = len < 1 << 6 ? 0 : len < 1 << 12 ? 1 : len < 1 << 20 ? 2 : 3;

    g_assert(len < 1 << 28);
    if (!extra) {
        out[0] = len;
        return 1;
    }
    out[0] = extra << 6 | (len & 0xf);
    for (unsigned i = 0; i < extra; i++) {
        out[1 + i] = len >> (4 + 8 * i);
    }
    return 1 + extra;
}

/* The length counts itself. */
static unsigned encode_own_length(uint8_t out[4], uint32_t body)
{
    unsigned n = body + 1 < 1 << 6 ? 1 : body + 2 < 1 << 12 ? 2 : body + 3 < 1 << 20 ? 3 : 4;
    return encode_pkg_length(out, body + n);
}

static void put_segment(Aml *a, const char *s, size_t len)
{
    char seg[4] = { '_', '_', '_', '_' };

    g_assert(len >= 1 && len <= 4 && !g_ascii_isdigit(*s));
    memcpy(seg, s, len);
    g_byte_array_append(a->out, (const uint8_t *)seg, 4);
}

void aml_path(Aml *a, const char *path)
{
    if (*path == '\\') {
        put8(a, OP_ROOT);
        path++;
    }
    while (*path == '^') {
        put8(a, OP_PARENT);
        path++;
    }
    unsigned n = 1;

    for (const char *p = path; *p; p++) {
        n += *p == '.';
    }
    g_assert(n < 256);
    if (n == 2) {
        put8(a, OP_DUAL_NAME);
    } else if (n > 2) {
        put8(a, OP_MULTI_NAME);
        put8(a, n);
    }
    for (;; path++) {
        size_t len = strcspn(path, ".");

        put_segment(a, path, len);
        path += len;
        if (!*path) {
            break;
        }
    }
}

void aml_op(Aml *a, AmlOp op)
{
    put8(a, op);
}

void aml_arg(Aml *a, unsigned n)
{
    g_assert(n < 7);
    put8(a, OP_ARG0 + n);
}

void aml_local(Aml *a, unsigned n)
{
    g_assert(n < 8);
    put8(a, OP_LOCAL0 + n);
}

void aml_int(Aml *a, uint64_t v)
{
    if (v <= 1) {
        put8(a, v ? OP_ONE : OP_ZERO);
        return;
    }
    unsigned size = v <= UINT8_MAX ? 1 : v <= UINT16_MAX ? 2 : v <= UINT32_MAX ? 4 : 8;
    put8(a, size == 1 ? OP_BYTE : size == 2 ? OP_WORD : size == 4 ? OP_DWORD : OP_QWORD);
    put_le(a, v, size);
}

void aml_string(Aml *a, const char *s)
{
    put8(a, OP_STRING);
    g_byte_array_append(a->out, (const uint8_t *)s, strlen(s) + 1);
}

static void open_length(Aml *a)
{
    g_assert(a->depth < AML_MAX_DEPTH);
    a->open[a->depth++] = a->out->len;
}

void aml_close(Aml *a)
{
    uint8_t enc[4];

    g_assert(a->depth);
    guint at = a->open[--a->depth], body = a->out->len - at;
    unsigned n = encode_own_length(enc, body);

    g_byte_array_set_size(a->out, a->out->len + n);
    memmove(a->out->data + at + n, a->out->data + at, body);
    memcpy(a->out->data + at, enc, n);
}

void aml_buffer(Aml *a, const void *data, size_t len)
{
    put8(a, OP_BUFFER);
    open_length(a);
    aml_int(a, len);
    g_byte_array_append(a->out, data, len);
    aml_close(a);
}

void aml_unicode(Aml *a, const char *ascii)
{
    size_t n = strlen(ascii) + 1;
    g_autofree uint8_t *b = g_malloc(2 * n);

    for (size_t i = 0; i < n; i++) {
        stw_le_p(b + 2 * i, ascii[i]);
    }
    aml_buffer(a, b, 2 * n);
}

/* 19.6.142: the first three groups of a UUID are stored little endian. */
void aml_uuid(Aml *a, const char *text)
{
    static const uint8_t place[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
    uint8_t b[16];
    unsigned n = 0;

    for (const char *p = text; *p; p++) {
        if (*p != '-') {
            g_assert(n < 16 && g_ascii_isxdigit(p[0]) && g_ascii_isxdigit(p[1]));
            b[place[n++]] = g_ascii_xdigit_value(p[0]) << 4 | g_ascii_xdigit_value(p[1]);
            p++;
        }
    }
    g_assert(n == 16);
    aml_buffer(a, b, sizeof(b));
}

/* 19.3.4: three letters of five bits, four hexadecimal digits; stored big endian. */
void aml_eisa_id(Aml *a, const char *id)
{
    uint32_t v = (uint32_t)(id[0] - '@') << 26 | (uint32_t)(id[1] - '@') << 21 | (uint32_t)(id[2] - '@') << 16 | (uint32_t)strtoul(id + 3, NULL, 16);

    put8(a, OP_DWORD);
    put_le(a, GUINT32_SWAP_LE_BE(v), 4);
}

void aml_name(Aml *a, const char *name)
{
    put8(a, OP_NAME);
    aml_path(a, name);
}

void aml_name_int(Aml *a, const char *name, uint64_t v)
{
    aml_name(a, name);
    aml_int(a, v);
}

void aml_name_string(Aml *a, const char *name, const char *s)
{
    aml_name(a, name);
    aml_string(a, s);
}

void aml_open_scope(Aml *a, const char *path)
{
    put8(a, OP_SCOPE);
    open_length(a);
    aml_path(a, path);
}

void aml_open_device(Aml *a, const char *path)
{
    put8(a, OP_EXT);
    put8(a, EXT_DEVICE);
    open_length(a);
    aml_path(a, path);
}

void aml_open_method(Aml *a, const char *name, unsigned args, bool serialized)
{
    g_assert(args < 8);
    put8(a, OP_METHOD);
    open_length(a);
    aml_path(a, name);
    put8(a, args | (serialized ? 1 << 3 : 0));
}

void aml_open_if(Aml *a)
{
    put8(a, OP_IF);
    open_length(a);
}

void aml_open_else(Aml *a)
{
    put8(a, OP_ELSE);
    open_length(a);
}

void aml_open_while(Aml *a)
{
    put8(a, OP_WHILE);
    open_length(a);
}

void aml_open_package(Aml *a, uint8_t elements)
{
    put8(a, OP_PACKAGE);
    open_length(a);
    put8(a, elements);
}

void aml_open_var_package(Aml *a, unsigned elements)
{
    put8(a, OP_VAR_PACKAGE);
    open_length(a);
    aml_int(a, elements);
}

void aml_open_field(Aml *a, const char *region, AmlAccess access, AmlUpdate update)
{
    put8(a, OP_EXT);
    put8(a, EXT_FIELD);
    open_length(a);
    aml_path(a, region);
    put8(a, access | update << 5);
}

static void put_bits(Aml *a, unsigned bits)
{
    uint8_t enc[4];
    unsigned n = encode_pkg_length(enc, bits);

    g_byte_array_append(a->out, enc, n);
}

void aml_field_unit(Aml *a, const char *name, unsigned bits)
{
    put_segment(a, name, strlen(name));
    put_bits(a, bits);
}

void aml_field_skip(Aml *a, unsigned bits)
{
    put8(a, 0);
    put_bits(a, bits);
}

static void put_mutex_op(Aml *a, uint8_t op, const char *mutex)
{
    put8(a, OP_EXT);
    put8(a, op);
    aml_path(a, mutex);
}

void aml_mutex(Aml *a, const char *name)
{
    put_mutex_op(a, EXT_MUTEX, name);
    put8(a, 0);                         /* SyncLevel */
}

void aml_acquire(Aml *a, const char *mutex)
{
    put_mutex_op(a, EXT_ACQUIRE, mutex);
    put_le(a, UINT16_MAX, 2);
}

void aml_release(Aml *a, const char *mutex)
{
    put_mutex_op(a, EXT_RELEASE, mutex);
}

void aml_memory_region(Aml *a, const char *name, uint64_t base, uint32_t len)
{
    put8(a, OP_EXT);
    put8(a, EXT_REGION);
    aml_path(a, name);
    put8(a, 0);                         /* SystemMemory */
    aml_int(a, base);
    aml_int(a, len);
}
