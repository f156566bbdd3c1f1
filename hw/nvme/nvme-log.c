/*
 * Log pages: NVM Express 1.4 section 5.14.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nvme.h"

#define LOG_MAX         4096
#define EFFECT_SUPPORTED 1U
#define EFFECT_WRITES   3U              /* supported, and changes user data */
enum { OCP_WRITTEN = 0, OCP_READ = 16, OCP_VERSION = 494, OCP_GUID = 496, OCP_SIZE = 512 };
#define RETAIN_EVENT    0x8000

static void fill_firmware(NvmeCtrl *n, uint8_t *log)
{
    const char *revision = n->firmware ? n->firmware : QEMU_VERSION;

    log[0] = 1;                         /* slot 1 is active */
    memset(log + 8, ' ', 8);
    memcpy(log + 8, revision, MIN(strlen(revision), 8));
}

/* As the Open Compute Project's specification of cloud SSDs has it, with what we know; the rest is 0. */
static void fill_ocp_smart(NvmeCtrl *n, uint8_t *log)
{
    static const uint8_t guid[] = {
        0xc5, 0xaf, 0x10, 0x28, 0xea, 0xbf, 0xf2, 0xa4, 0x9c, 0x4f, 0x6f, 0x7c, 0xc9, 0x14, 0xd5, 0xaf,
    };

    stq_le_p(log + OCP_WRITTEN, n->medium_written);
    stq_le_p(log + OCP_READ, n->medium_read);
    stw_le_p(log + OCP_VERSION, 5);
    memcpy(log + OCP_GUID, guid, sizeof(guid));
}

static void fill_effects(NvmeCtrl *n, uint8_t *log)
{
    static const uint8_t admin[] = {
        NVME_ADM_DELETE_SQ, NVME_ADM_CREATE_SQ, NVME_ADM_GET_LOG, NVME_ADM_DELETE_CQ, NVME_ADM_CREATE_CQ, NVME_ADM_IDENTIFY,
        NVME_ADM_ABORT, NVME_ADM_SET_FEATURES, NVME_ADM_GET_FEATURES, NVME_ADM_ASYNC_EVENT,
    };
    static const struct { uint8_t opcode, effect; } io[] = {
        { NVME_IO_FLUSH, EFFECT_WRITES }, { NVME_IO_WRITE, EFFECT_WRITES }, { NVME_IO_READ, EFFECT_SUPPORTED },
        { NVME_IO_COMPARE, EFFECT_SUPPORTED }, { NVME_IO_WRITE_ZEROES, EFFECT_WRITES }, { NVME_IO_DSM, EFFECT_WRITES },
        { NVME_IO_VERIFY, EFFECT_SUPPORTED },
    };

    for (size_t i = 0; i < ARRAY_SIZE(admin); i++) {
        stl_le_p(log + 4 * admin[i], EFFECT_SUPPORTED);
    }
    if (n->sriov_max_vfs) {
        stl_le_p(log + 4 * NVME_ADM_VIRT_MGMT, EFFECT_SUPPORTED);
    }
    if (n->dbcs) {
        stl_le_p(log + 4 * NVME_ADM_DBBUF_CONFIG, EFFECT_SUPPORTED);
    }
    for (size_t i = 0; i < ARRAY_SIZE(io); i++) {
        stl_le_p(log + 1024 + 4 * io[i].opcode, io[i].effect);
    }
}

/* 5.14.1.4: ids in rising order */
static void fill_changed(const NvmeCtrl *n, uint8_t *log)
{
    unsigned count = 0;

    for (uint32_t i = 1; i <= NVME_MAX_NAMESPACES; i++) {
        if (n->changed_ns[i / 8] & BIT(i % 8)) {
            stl_le_p(log + 4 * count++, i);
        }
    }
}

/* The page and its size; 0: there is no such page. */
static uint64_t fill(NvmeCtrl *n, uint8_t id, uint8_t *log)
{
    switch (id) {
    case NVME_LOG_ERROR:
        n->masked_events &= ~BIT(NVME_EVENT_ERROR);
        return 64;                      /* one entry, never used */
    case NVME_LOG_SMART:
        n->masked_events &= ~BIT(NVME_EVENT_SMART);
        nvme_smart_fill(n, log);
        return NVME_SMART_SIZE;
    case NVME_LOG_FIRMWARE:
        fill_firmware(n, log);
        return 512;
    case NVME_LOG_CHANGED_NS:
        n->masked_events &= ~BIT(NVME_EVENT_NOTICE);
        fill_changed(n, log);
        return 4096;
    case NVME_LOG_EFFECTS:
        fill_effects(n, log);
        return 4096;
    case NVME_LOG_OCP_SMART:
        fill_ocp_smart(n, log);
        return n->ocp ? OCP_SIZE : 0;
    default:
        return 0;
    }
}

uint16_t nvme_get_log(NvmeRequest *req)
{
    g_autofree uint8_t *log = g_malloc0(LOG_MAX);
    NvmeCtrl *n = nvme_ctrl_of(req);
    uint32_t cdw10 = le32toh(req->cmd.cdw10), cdw11 = le32toh(req->cmd.cdw11);
    uint64_t want = ((uint64_t)(cdw10 >> 16 | (cdw11 & 0xffff) << 16) + 1) * 4;
    uint64_t offset = le32toh(req->cmd.cdw12) | (uint64_t)le32toh(req->cmd.cdw13) << 32;
    uint32_t masked = n->masked_events;
    uint64_t size = fill(n, cdw10 & 0xff, log), len;
    uint16_t status;

    if (cdw10 & RETAIN_EVENT) {
        n->masked_events = masked;
    }
    if (!size) {
        return NVME_LOG_INVALID | NVME_DNR;
    }
    if (offset >= size || (offset & 3)) {
        return NVME_INVALID_FIELD | NVME_DNR;
    }
    len = MIN(want, size - offset);
    status = nvme_map_data(req, len, false);
    if (!status) {
        status = nvme_copy(req, log + offset, len, true);
    }
    if (!status && (cdw10 & 0xff) == NVME_LOG_CHANGED_NS && !(cdw10 & RETAIN_EVENT)) {
        memset(n->changed_ns, 0, sizeof(n->changed_ns));
    }
    nvme_events_deliver(n);
    return status;
}
