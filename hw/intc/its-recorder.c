/*
 * The ITS under -accel qtest: remembers MSIs instead of translating them. A
 * device's write to GITS_TRANSLATER (frame offset 0x10040) is put in a ring;
 * a test reads it back from the same frame, which a real ITS leaves empty:
 *
 *   +0x10080  how many MSIs have come since reset (64 bits)
 *   +0x10088  the oldest unread one, and takes it off the ring:
 *             requester id << 32 | data; all ones when there is none
 *
 * Guards itself: a mutex around the ring.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gic-common.h"

#define REG_COUNT   0x80
#define REG_OLDEST  0x88
enum { RING_SIZE = 1024 };

typedef struct ITSRecorder {
    ITSState parent_obj;
    GMutex lock;                        /* guards what follows */
    uint64_t count, read;
    uint64_t ring[RING_SIZE];
} ITSRecorder;
DECLARE_INSTANCE_CHECKER(ITSRecorder, ITS_RECORDER, TYPE_ARM_ITS_RECORDER)

static uint64_t take_oldest(ITSRecorder *s)
{
    if (s->read == s->count) {
        return UINT64_MAX;
    }
    if (s->count - s->read > RING_SIZE) {
        s->read = s->count - RING_SIZE; /* the older ones are overwritten */
    }
    return s->ring[s->read++ % RING_SIZE];
}

static MemTxResult its_read(void *opaque, hwaddr addr, uint64_t *data, unsigned size, MemTxAttrs attrs)
{
    ITSRecorder *s = ITS_RECORDER(opaque);

    g_mutex_lock(&s->lock);
    *data = addr == REG_COUNT ? s->count : addr == REG_OLDEST ? take_oldest(s) : 0;
    g_mutex_unlock(&s->lock);
    return MEMTX_OK;
}

static MemTxResult its_write(void *opaque, hwaddr addr, uint64_t data, unsigned size, MemTxAttrs attrs)
{
    ITSRecorder *s = ITS_RECORDER(opaque);

    if (addr == GITS_TRANSLATER) {
        g_mutex_lock(&s->lock);
        s->ring[s->count++ % RING_SIZE] = (uint64_t)attrs.requester_id << 32 | (uint32_t)data;
        g_mutex_unlock(&s->lock);
    }
    return MEMTX_OK;
}

static const MemoryRegionOps translater_ops = {
    .read_with_attrs = its_read,
    .write_with_attrs = its_write,
    .valid = { .min_access_size = 2, .max_access_size = 8 },
    .impl = { .min_access_size = 2, .max_access_size = 8 },
};

static bool its_realize(DeviceState *dev, Error **errp)
{
    return its_common_realize(ITS_COMMON(dev), &translater_ops, errp);
}

static void its_hold(Object *obj, ResetType type)
{
    ITSRecorder *s = ITS_RECORDER(obj);

    g_mutex_lock(&s->lock);
    s->count = s->read = 0;
    g_mutex_unlock(&s->lock);
}

static void its_class_init(ObjectClass *klass, const void *data)
{
    DEVICE_CLASS(klass)->realize = its_realize;
    DEVICE_CLASS(klass)->phases.hold = its_hold;
}

static const TypeInfo its_recorder_info = {
    .name = TYPE_ARM_ITS_RECORDER,
    .parent = TYPE_ITS_COMMON,
    .instance_size = sizeof(ITSRecorder),
    .class_init = its_class_init,
};
DEFINE_TYPE(its_recorder_info)
