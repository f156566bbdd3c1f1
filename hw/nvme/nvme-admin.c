/*
 * Admin commands: queues, abort, asynchronous events, shadow doorbells
 * (NVM Express 1.4 sections 5.1 to 5.7). Namespaces cannot be made or formatted.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nvme.h"

#define INFO_NS_ATTRIBUTE 0             /* 5.2: what a notice is about */

/* --- Queues --------------------------------------------------------------------------------- */

static bool id_usable(const NvmeCtrl *n, uint16_t id)
{
    return id && id <= n->max_ioqpairs && id <= n->num_queues;
}

static uint16_t check_queue(NvmeRequest *req, bool exists)
{
    NvmeCtrl *n = nvme_ctrl_of(req);
    bool submission = req->cmd.opcode == NVME_ADM_CREATE_SQ;
    uint32_t cdw10 = le32toh(req->cmd.cdw10), size = cdw10 >> 16;

    if (!id_usable(n, cdw10 & 0xffff) || exists) {
        return NVME_QID_INVALID | NVME_DNR;
    }
    if (!size || size > FIELD_EX64(n->cap, CAP, MQES)) {
        return NVME_QUEUE_SIZE_INVALID | NVME_DNR;
    }
    if (!(le32toh(req->cmd.cdw11) & 1)) {
        return NVME_INVALID_FIELD | NVME_DNR;           /* we require physically contiguous queues */
    }
    if (le64toh(req->cmd.dptr1) & (n->page_size - 1)) {
        return NVME_PRP_OFFSET_INVALID | NVME_DNR;
    }
    return nvme_cmb_queue_allowed(n, le64toh(req->cmd.dptr1), size + 1, submission) ? NVME_OK : NVME_CMB_INVALID_USE | NVME_DNR;
}

static uint16_t create_cq(NvmeRequest *req)
{
    NvmeCtrl *n = nvme_ctrl_of(req);
    uint16_t id = le32toh(req->cmd.cdw10), vector = le32toh(req->cmd.cdw11) >> 16;
    uint16_t status = check_queue(req, id <= n->max_ioqpairs && n->cqs[id]);

    if (status) {
        return status;
    }
    if (vector >= nvme_vectors(n) || (!msix_enabled(&n->parent_obj) && vector > 31)) {
        return NVME_VECTOR_INVALID | NVME_DNR;
    }
    if (FIELD_EX32(n->cc, CC, IOCQES) != 4) {
        return NVME_QUEUE_SIZE_INVALID | NVME_DNR;
    }
    nvme_cq_new(n, id, (le32toh(req->cmd.cdw10) >> 16) + 1, le64toh(req->cmd.dptr1), vector, le32toh(req->cmd.cdw11) & 2);
    return NVME_OK;
}

static uint16_t create_sq(NvmeRequest *req)
{
    NvmeCtrl *n = nvme_ctrl_of(req);
    uint16_t id = le32toh(req->cmd.cdw10), cqid = le32toh(req->cmd.cdw11) >> 16;
    uint16_t status;

    if (!cqid || cqid > n->max_ioqpairs || !n->cqs[cqid]) {
        return NVME_CQ_INVALID | NVME_DNR;
    }
    status = check_queue(req, id <= n->max_ioqpairs && n->sqs[id]);
    if (status) {
        return status;
    }
    if (FIELD_EX32(n->cc, CC, IOSQES) != 6) {
        return NVME_QUEUE_SIZE_INVALID | NVME_DNR;
    }
    nvme_sq_new(n, id, n->cqs[cqid], (le32toh(req->cmd.cdw10) >> 16) + 1, le64toh(req->cmd.dptr1));
    return NVME_OK;
}

/* Answered when nothing of the queue is under way any more. */
static void delete_sq(NvmeRequest *req)
{
    NvmeCtrl *n = nvme_ctrl_of(req);
    uint16_t id = le32toh(req->cmd.cdw10);

    if (!id || id > n->max_ioqpairs || !n->sqs[id] || n->sqs[id]->deleter) {
        nvme_complete(req, NVME_QID_INVALID | NVME_DNR);
    } else {
        nvme_sq_delete(n->sqs[id], req);
    }
}

static uint16_t delete_cq(NvmeRequest *req)
{
    NvmeCtrl *n = nvme_ctrl_of(req);
    uint16_t id = le32toh(req->cmd.cdw10);

    if (!id || id > n->max_ioqpairs || !n->cqs[id]) {
        return NVME_QID_INVALID | NVME_DNR;
    }
    if (n->cqs[id]->users) {
        return NVME_QUEUE_DELETION_INVALID | NVME_DNR;
    }
    nvme_cq_free(n->cqs[id]);
    return NVME_OK;
}

static uint16_t dbbuf_config(NvmeRequest *req)
{
    NvmeCtrl *n = nvme_ctrl_of(req);
    uint64_t dbs = le64toh(req->cmd.dptr1), eis = le64toh(req->cmd.dptr2);

    if (!n->dbcs) {
        return NVME_INVALID_OPCODE | NVME_DNR;
    }
    if (!dbs || !eis || ((dbs | eis) & (n->page_size - 1))) {
        return NVME_INVALID_FIELD | NVME_DNR;
    }
    n->dbbuf_dbs = dbs;
    n->dbbuf_eis = eis;
    for (uint32_t i = 1; i <= n->max_ioqpairs; i++) {
        nvme_queue_use_shadow(n, n->sqs[i], n->cqs[i]);
    }
    return NVME_OK;
}

/* --- Asynchronous events ------------------------------------------------------------------------ */

void nvme_events_deliver(NvmeCtrl *n)
{
    GList *next;

    for (GList *l = n->events.head; l && n->num_aers; l = next) {
        NvmeEvent *e = l->data;
        NvmeRequest *req;

        next = l->next;
        if (n->masked_events & BIT(e->type)) {
            continue;                   /* until the guest has read that log */
        }
        n->masked_events |= BIT(e->type);
        req = n->aers[--n->num_aers];
        req->result = e->type | e->info << 8 | e->log << 16;
        g_queue_delete_link(&n->events, l);
        g_free(e);
        nvme_complete(req, NVME_OK);
    }
}

void nvme_event(NvmeCtrl *n, uint8_t type, uint8_t info, uint8_t log)
{
    NvmeEvent e = { type, info, log };

    if (!(n->csts & FIELD_MASK(CSTS, RDY)) || n->events.length >= n->aer_max_queued) {
        return;
    }
    g_queue_push_tail(&n->events, g_memdup2(&e, sizeof(e)));
    nvme_events_deliver(n);
}

bool nvme_event_pending(const NvmeCtrl *n, uint8_t type)
{
    bool found = n->masked_events & BIT(type);

    for (GList *l = n->events.head; l && !found; l = l->next) {
        found = ((NvmeEvent *)l->data)->type == type;
    }
    return found;
}

/* One notice stands for all changes until the log is read: what comes after it is in the log too. */
void nvme_namespace_changed(NvmeCtrl *n, uint32_t nsid)
{
    n->changed_ns[nsid / 8] |= BIT(nsid % 8);
    if ((n->async_config & NVME_NS_ATTRIBUTE_NOTICES) && !nvme_event_pending(n, NVME_EVENT_NOTICE)) {
        nvme_event(n, NVME_EVENT_NOTICE, INFO_NS_ATTRIBUTE, NVME_LOG_CHANGED_NS);
    }
}

void nvme_events_clear(NvmeCtrl *n)
{
    NvmeEvent *e;

    while ((e = g_queue_pop_head(&n->events))) {
        g_free(e);
    }
    n->num_aers = 0;
    n->masked_events = 0;
    memset(n->changed_ns, 0, sizeof(n->changed_ns));
}

/* True: the request waits for an event. */
static bool keep_aer(NvmeRequest *req)
{
    NvmeCtrl *n = nvme_ctrl_of(req);

    if (n->num_aers > n->aerl) {
        return false;
    }
    n->aers[n->num_aers++] = req;
    nvme_events_deliver(n);
    return true;
}

/* --- Dispatch --------------------------------------------------------------------------------------- */

static uint16_t abort_command(NvmeRequest *req)
{
    uint16_t sqid = le32toh(req->cmd.cdw10);

    req->result = 1;                    /* not aborted: it will end by itself */
    return sqid > nvme_ctrl_of(req)->max_ioqpairs || !nvme_ctrl_of(req)->sqs[sqid] ? NVME_INVALID_FIELD | NVME_DNR : NVME_OK;
}

static uint16_t run(NvmeRequest *req)
{
    switch (req->cmd.opcode) {
    case NVME_ADM_CREATE_SQ: return create_sq(req);
    case NVME_ADM_GET_LOG: return nvme_get_log(req);
    case NVME_ADM_DELETE_CQ: return delete_cq(req);
    case NVME_ADM_CREATE_CQ: return create_cq(req);
    case NVME_ADM_IDENTIFY: return nvme_identify(req);
    case NVME_ADM_ABORT: return abort_command(req);
    case NVME_ADM_SET_FEATURES: return nvme_set_features(req);
    case NVME_ADM_GET_FEATURES: return nvme_get_features(req);
    case NVME_ADM_VIRT_MGMT: return nvme_virt_management(req);
    case NVME_ADM_DBBUF_CONFIG: return dbbuf_config(req);
    default: return NVME_INVALID_OPCODE | NVME_DNR;
    }
}

void nvme_admin_command(NvmeRequest *req)
{
    if (req->cmd.flags & 0xc3) {        /* admin commands use PRPs and are not fused */
        nvme_complete(req, NVME_INVALID_FIELD | NVME_DNR);
    } else if (req->cmd.opcode == NVME_ADM_DELETE_SQ) {
        delete_sq(req);
    } else if (req->cmd.opcode != NVME_ADM_ASYNC_EVENT) {
        nvme_complete(req, run(req));
    } else if (!keep_aer(req)) {
        nvme_complete(req, NVME_AER_LIMIT | NVME_DNR);
    }
}
