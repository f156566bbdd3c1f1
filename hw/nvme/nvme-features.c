/*
 * Features: NVM Express 1.4 section 5.21. Nothing is kept over a reset.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nvme.h"
#include "util/main-loop.h"

enum { CHANGEABLE = 1 };
enum { SEL_CURRENT, SEL_DEFAULT, SEL_SAVED, SEL_CAPABILITIES };
#define CAP_CHANGEABLE  4

#define TEMPERATURE_OVER        343     /* kelvin */
#define TEMPERATURE_UNDER       0
#define TIMESTAMP_MASK          0xffffffffffffULL

typedef struct Feature { uint8_t id, flags; uint32_t initial; } Feature;

static const Feature features[] = {
    { NVME_FEAT_ARBITRATION, CHANGEABLE, 0x7 }, { NVME_FEAT_POWER, 0, 0 }, { NVME_FEAT_TEMPERATURE, CHANGEABLE, TEMPERATURE_OVER },
    { NVME_FEAT_ERROR_RECOVERY, 0, 0 }, { NVME_FEAT_WRITE_CACHE, CHANGEABLE, 0 }, { NVME_FEAT_QUEUES, CHANGEABLE, 0 },
    { NVME_FEAT_COALESCING, CHANGEABLE, 0 }, { NVME_FEAT_VECTOR, 0, 0 }, { NVME_FEAT_ATOMICITY, 0, 0 },
    { NVME_FEAT_ASYNC_EVENT, CHANGEABLE, 0 }, { NVME_FEAT_TIMESTAMP, CHANGEABLE, 0 },
};

static const Feature *find(uint8_t id)
{
    for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
        if (features[i].id == id) {
            return &features[i];
        }
    }
    return NULL;
}

static bool any_write_cache(const NvmeCtrl *n)
{
    for (int i = 1; i <= NVME_MAX_NAMESPACES; i++) {
        if (n->namespaces[i] && blk_enable_write_cache(n->namespaces[i]->blk)) {
            return true;
        }
    }
    return false;
}

void nvme_features_reset(NvmeCtrl *n)
{
    n->arbitration = find(NVME_FEAT_ARBITRATION)->initial;
    n->temperature[0] = TEMPERATURE_OVER;
    n->temperature[1] = TEMPERATURE_UNDER;
    n->coalescing = 0;
    n->async_config = 0;
    n->write_cache = any_write_cache(n);
    n->num_queues = nvme_ioqpairs(n);
    nvme_smart_update(n);
    n->timestamp_base = 0;
    n->timestamp_set = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static uint16_t transfer_timestamp(NvmeRequest *req, uint64_t *value, bool to_guest)
{
    uint16_t status = nvme_map_data(req, sizeof(*value), false);

    return status ? status : nvme_copy(req, value, sizeof(*value), to_guest);
}

static uint16_t get_timestamp(NvmeRequest *req)
{
    NvmeCtrl *n = nvme_ctrl_of(req);
    uint64_t elapsed = (qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) - n->timestamp_set) / 1000000;
    uint64_t origin = n->timestamp_base ? 1 : 0;         /* set by Set Features */
    uint64_t v = htole64(((n->timestamp_base + elapsed) & TIMESTAMP_MASK) | origin << 49);

    return transfer_timestamp(req, &v, true);
}

static uint32_t queues_granted(const NvmeCtrl *n)
{
    return (n->num_queues - 1) | (n->num_queues - 1) << 16;
}

static uint32_t vector_config(NvmeRequest *req, uint32_t vector, uint16_t *status)
{
    *status = vector < nvme_vectors(nvme_ctrl_of(req)) ? NVME_OK : NVME_INVALID_FIELD | NVME_DNR;
    return vector | (vector ? 0 : 1U << 16);            /* the admin vector is not coalesced */
}

static uint32_t temperature(NvmeCtrl *n, uint32_t cdw11)
{
    bool composite = !((cdw11 >> 16) & 0xf);

    return composite && ((cdw11 >> 20) & 3) < 2 ? n->temperature[(cdw11 >> 20) & 3] : 0;
}

static uint16_t get_current(NvmeRequest *req, uint8_t id)
{
    NvmeCtrl *n = nvme_ctrl_of(req);
    uint32_t cdw11 = le32toh(req->cmd.cdw11);
    uint16_t status = NVME_OK;

    switch (id) {
    case NVME_FEAT_ARBITRATION: req->result = n->arbitration; break;
    case NVME_FEAT_TEMPERATURE: req->result = temperature(n, cdw11); break;
    case NVME_FEAT_WRITE_CACHE: req->result = n->write_cache; break;
    case NVME_FEAT_QUEUES: req->result = queues_granted(n); break;
    case NVME_FEAT_COALESCING: req->result = n->coalescing; break;
    case NVME_FEAT_VECTOR: req->result = vector_config(req, cdw11 & 0xffff, &status); break;
    case NVME_FEAT_ASYNC_EVENT: req->result = n->async_config; break;
    case NVME_FEAT_TIMESTAMP: return get_timestamp(req);
    }
    return status;
}

static uint32_t initial(const NvmeCtrl *n, const Feature *f)
{
    switch (f->id) {
    case NVME_FEAT_QUEUES: return queues_granted(n);
    case NVME_FEAT_WRITE_CACHE: return any_write_cache(n);
    default: return f->initial;
    }
}

uint16_t nvme_get_features(NvmeRequest *req)
{
    uint32_t cdw10 = le32toh(req->cmd.cdw10);
    const Feature *f = find(cdw10 & 0xff);

    if (!f) {
        return NVME_INVALID_FIELD | NVME_DNR;
    }
    switch ((cdw10 >> 8) & 7) {
    case SEL_CURRENT:
        return get_current(req, f->id);
    case SEL_DEFAULT:
    case SEL_SAVED:
        req->result = initial(nvme_ctrl_of(req), f);
        return NVME_OK;
    case SEL_CAPABILITIES:
        req->result = f->flags & CHANGEABLE ? CAP_CHANGEABLE : 0;
        return NVME_OK;
    default:
        return NVME_INVALID_FIELD | NVME_DNR;
    }
}

static uint16_t set_queues(NvmeRequest *req, uint32_t cdw11)
{
    NvmeCtrl *n = nvme_ctrl_of(req);
    uint32_t sqs = cdw11 & 0xffff, cqs = cdw11 >> 16;

    if (sqs == 0xffff || cqs == 0xffff) {
        return NVME_INVALID_FIELD | NVME_DNR;
    }
    for (uint32_t i = 1; i <= n->max_ioqpairs; i++) {
        if (n->sqs[i] || n->cqs[i]) {
            return NVME_SEQUENCE_ERROR | NVME_DNR;
        }
    }
    req->result = queues_granted(n);
    return NVME_OK;
}

static uint16_t set_timestamp(NvmeRequest *req)
{
    NvmeCtrl *n = nvme_ctrl_of(req);
    uint64_t v;
    uint16_t status = transfer_timestamp(req, &v, false);

    if (!status) {
        n->timestamp_base = le64toh(v) & TIMESTAMP_MASK;
        n->timestamp_set = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    }
    return status;
}

static uint16_t set_temperature(NvmeCtrl *n, uint32_t cdw11)
{
    unsigned which = (cdw11 >> 20) & 3, sensor = (cdw11 >> 16) & 0xf;

    if (which > 1) {
        return NVME_INVALID_FIELD | NVME_DNR;
    }
    if (sensor == 0 || sensor == 0xf) {
        n->temperature[which] = cdw11 & 0xffff;
        nvme_smart_update(n);
    }
    return NVME_OK;
}

uint16_t nvme_set_features(NvmeRequest *req)
{
    NvmeCtrl *n = nvme_ctrl_of(req);
    uint32_t cdw10 = le32toh(req->cmd.cdw10), cdw11 = le32toh(req->cmd.cdw11);
    const Feature *f = find(cdw10 & 0xff);

    if (!f) {
        return NVME_INVALID_FIELD | NVME_DNR;
    }
    if (cdw10 >> 31) {
        return NVME_FEATURE_NOT_SAVEABLE | NVME_DNR;
    }
    if (!(f->flags & CHANGEABLE)) {
        return NVME_FEATURE_NOT_CHANGEABLE | NVME_DNR;
    }
    switch (f->id) {
    case NVME_FEAT_ARBITRATION: n->arbitration = cdw11; break;
    case NVME_FEAT_TEMPERATURE: return set_temperature(n, cdw11);
    case NVME_FEAT_WRITE_CACHE: n->write_cache = cdw11 & 1; break;
    case NVME_FEAT_QUEUES: return set_queues(req, cdw11);
    case NVME_FEAT_COALESCING: n->coalescing = cdw11 & 0xffff; break;
    case NVME_FEAT_ASYNC_EVENT: n->async_config = cdw11; break;
    case NVME_FEAT_TIMESTAMP: return set_timestamp(req);
    }
    return NVME_OK;
}
