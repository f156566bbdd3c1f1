/*
 * Chardevs without a far side: null, ringbuf (memory), testdev.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "chardev-internal.h"

/* --- null ------------------------------------------------------------------- */

static bool null_open(Chardev *chr, json_t *opts, Error **errp)
{
    qemu_chr_be_event(chr, CHR_EVENT_OPENED);
    return true;
}

static int null_write(Chardev *chr, const uint8_t *buf, int len)
{
    return len;
}

static void null_class_init(ObjectClass *klass, const void *data)
{
    ((ChardevClass *)klass)->open = null_open;
    ((ChardevClass *)klass)->write = null_write;
}

/* --- ringbuf: keeps the last @size bytes ---------------------------------------- */

typedef struct RingBuf {
    Chardev parent_obj;
    uint8_t *bytes;
    uint64_t size, put, got;            /* counts since the start; put - got <= size */
} RingBuf;

static bool ringbuf_open(Chardev *chr, json_t *opts, Error **errp)
{
    RingBuf *s = (RingBuf *)chr;
    uint64_t size = 64 * KiB;

    if (!options_take_size(opts, "size", &size, errp)) {
        return false;
    }
    if (!is_power_of_2(size) || size > 1 * GiB) {
        error_setg(errp, "a ringbuf chardev has a power of two of bytes");
        return false;
    }
    s->size = size;
    s->bytes = g_try_malloc0(size);
    if (!s->bytes) {
        error_setg(errp, "no memory for a ringbuf of %" PRIu64 " bytes; use a smaller size=", size);
        return false;
    }
    qemu_chr_be_event(chr, CHR_EVENT_OPENED);
    return true;
}

static int ringbuf_write(Chardev *chr, const uint8_t *buf, int len)
{
    RingBuf *s = (RingBuf *)chr;

    for (int i = 0; i < len; i++) {
        s->bytes[s->put++ & (s->size - 1)] = buf[i];
    }
    s->got = MAX(s->got, s->put > s->size ? s->put - s->size : 0);
    return len;
}

static void ringbuf_close(Chardev *chr)
{
    g_free(((RingBuf *)chr)->bytes);
}

static RingBuf *as_ringbuf(Chardev *chr, Error **errp)
{
    if (!object_dynamic_cast(OBJECT(chr), "chardev-ringbuf")) {
        error_setg(errp, "chardev '%s' is no ringbuf", chr->label);
        return NULL;
    }
    return (RingBuf *)chr;
}

uint8_t *qemu_chr_ringbuf_read(Chardev *chr, size_t size, size_t *len, Error **errp)
{
    RingBuf *s = as_ringbuf(chr, errp);
    uint8_t *out;

    if (!s) {
        return NULL;
    }
    *len = MIN(size, s->put - s->got);
    out = g_malloc(*len + 1);
    for (size_t i = 0; i < *len; i++) {
        out[i] = s->bytes[s->got++ & (s->size - 1)];
    }
    out[*len] = '\0';
    return out;
}

bool qemu_chr_ringbuf_write(Chardev *chr, const uint8_t *buf, size_t len, Error **errp)
{
    RingBuf *s = as_ringbuf(chr, errp);

    if (s) {
        ringbuf_write(chr, buf, MIN(len, INT_MAX));
    }
    return s != NULL;
}

static void ringbuf_class_init(ObjectClass *klass, const void *data)
{
    ChardevClass *cc = (ChardevClass *)klass;

    cc->open = ringbuf_open;
    cc->write = ringbuf_write;
    cc->close = ringbuf_close;
}

/* --- testdev: a guest test program ends the run: "NNNq" exits with (NNN << 1) | 1 ------ */

typedef struct TestDev { Chardev parent_obj; int arg; } TestDev;

static int testdev_write(Chardev *chr, const uint8_t *buf, int len)
{
    TestDev *s = (TestDev *)chr;

    for (int i = 0; i < len; i++) {
        if (g_ascii_isdigit(buf[i])) {
            s->arg = (s->arg * 10 + (buf[i] - '0')) & 0x3fffff;
        } else {
            if (buf[i] == 'q') {
                exit((s->arg << 1) | 1);
            }
            s->arg = 0;
        }
    }
    return len;
}

static void testdev_class_init(ObjectClass *klass, const void *data)
{
    ((ChardevClass *)klass)->open = null_open;
    ((ChardevClass *)klass)->write = testdev_write;
}

static const TypeInfo simple_types[] = {
    { .name = "chardev-null", .parent = TYPE_CHARDEV, .class_init = null_class_init },
    { .name = "chardev-ringbuf", .parent = TYPE_CHARDEV, .instance_size = sizeof(RingBuf), .class_init = ringbuf_class_init },
    { .name = "chardev-testdev", .parent = TYPE_CHARDEV, .instance_size = sizeof(TestDev), .class_init = testdev_class_init },
};
DEFINE_TYPES(simple_types)
