/*
 * accel=on: guest invalidations, batched to the host.
 *
 * Commands arrive checked by smmuv3-cmdq.c; here they lose the bits the
 * architecture does not define, those for streams the host does not know are
 * dropped, and the rest waits until the guest could look: then one
 * IOMMU_HWPT_INVALIDATE carries all of it. The kernel puts in VMID and physical
 * StreamIDs.
 *
 * The kernel's count after a failure says nothing about what was done, so a
 * failed batch is given again as a whole, then widened to "everything of this
 * vSMMU". If even that fails no stale translation may be used: every stream is
 * moved to abort, and none leaves it before the host has taken what it refused.
 *
 * Hot path: no allocation, no loop over devices for address invalidations.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hw/arm/smmuv3-accel.h"
#include "hw_arm.trace.h"

#define ATC_INV_ALL 52                  /* log2 of pages: all of them */

/* Defined bits of what goes down. */
static const struct { uint8_t opcode; uint64_t mask[2]; } fields[] = {
    { CMD_TLBI_NH_VA,    { 0xffff000001f1f0ffULL, 0xffffffffffffff01ULL } },
    { CMD_TLBI_NH_VAA,   { 0x0000000001f1f0ffULL, 0xffffffffffffff01ULL } },
    { CMD_TLBI_NH_ASID,  { 0xffff0000000000ffULL, 0 } },
    { CMD_TLBI_NH_ALL,   { 0x00000000000000ffULL, 0 } },
    { CMD_TLBI_NSNH_ALL, { 0x00000000000000ffULL, 0 } },
    { CMD_ATC_INV,       { 0xfffffffffffffaffULL, 0xfffffffffffff03fULL } },
    { CMD_CFGI_CD,       { 0xfffffffffffff0ffULL, 0x1ULL } },
    { CMD_CFGI_CD_ALL,   { 0xffffffff000000ffULL, 0 } },
};

AccelDev *accel_dev_by_sid(SMMUv3Accel *a, uint32_t sid)
{
    return g_hash_table_lookup(a->by_sid, GUINT_TO_POINTER(sid));
}

static int submit(SMMUv3Accel *a, const struct iommu_viommu_arm_smmuv3_invalidate *cmd, unsigned n)
{
    uint32_t num = n;
    int r = iommufd_backend_invalidate_cache(a->be, a->viommu_id, IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3, sizeof(*cmd), &num, cmd);

    a->host_calls++;
    a->host_commands += n;
    a->host_errors += r < 0;
    trace_smmuv3_accel_invalidate(n, r);
    return r;
}

static void add_command(struct iommu_viommu_arm_smmuv3_invalidate *cmd, uint64_t w0, uint64_t w1)
{
    cmd->cmd[0] = htole64(w0);
    cmd->cmd[1] = htole64(w1);
}

/* Everything this vSMMU could have cached, stream by stream where it must be; @atc: in the devices too. */
static int submit_all(SMMUv3Accel *a, bool atc)
{
    struct iommu_viommu_arm_smmuv3_invalidate cmd[1 + 2 * 64] = { { .cmd = { htole64(CMD_TLBI_NSNH_ALL) } } };
    unsigned n = 1;
    int r = 0;

    for (unsigned i = 0; i < a->devs->len && !r; i++) {
        AccelDev *d = a->devs->pdata[i];

        if (d->vdev_id) {
            add_command(&cmd[n++], FIELD_DP64(CMD_CFGI_CD_ALL, CMD0, SID, d->vdev_sid), 0);
        }
        if (atc && d->vdev_id && d->group->table && FIELD_EX64(d->group->table->ste[1], STE1, EATS)) {
            add_command(&cmd[n++], FIELD_DP64(CMD_ATC_INV, CMD0, SID, d->vdev_sid), ATC_INV_ALL);
        }
        if (n + 2 > ARRAY_SIZE(cmd)) {
            r = submit(a, cmd, n);
            n = 0;
        }
    }
    return r ? r : n ? submit(a, cmd, n) : 0;
}

/* What is lost is made up for before anything translates again. */
bool accel_catch_up(SMMUv3Accel *a, Error **errp)
{
    int r = a->behind ? submit_all(a, true) : 0;

    if (r < 0) {
        error_setg_errno(errp, r, "%s: the host still refuses invalidations", smmuv3_name(a->s));
        return false;
    }
    a->behind = false;
    return true;
}

static void fail_closed(SMMUv3Accel *a, int r)
{
    Error *err = NULL;

    error_setg_errno(&err, r, "%s: the host refuses invalidations; its devices are cut off until the guest configures them again",
                     smmuv3_name(a->s));
    accel_note_error(a, err);
    a->behind = true;
    for (unsigned i = 0; i < a->groups->len; i++) {
        AccelGroup *g = a->groups->pdata[i];

        if (g->table) {
            accel_group_fail(a, g);
        }
    }
}

/*
 * Silence (ETIMEDOUT) is a device's; the guest learns it at its SYNC. The
 * kernel does not say what of the batch was done, so all but the devices' own
 * caches is done again.
 */
bool accel_batch_flush(SMMUv3Accel *a)
{
    unsigned n = a->n_batch;
    bool answered = true;
    int r;

    a->n_batch = 0;
    if (!n || !a->be) {
        return true;
    }
    r = submit(a, a->batch, n);
    if (r < 0 && r != -ETIMEDOUT) {
        r = submit(a, a->batch, n);
    }
    if (r < 0 && r != -ETIMEDOUT) {
        r = submit_all(a, true);
    }
    if (r == -ETIMEDOUT) {
        answered = false;
        r = submit_all(a, false);
    }
    if (r < 0) {
        fail_closed(a, r);
    }
    return answered;
}

static void append(SMMUv3Accel *a, uint64_t w0, uint64_t w1)
{
    if (a->n_batch == ARRAY_SIZE(a->batch) && !accel_batch_flush(a)) {
        a->s->sync_failed = true;
    }
    a->batch[a->n_batch++] = (struct iommu_viommu_arm_smmuv3_invalidate) { .cmd = { htole64(w0), htole64(w1) } };
}

void accel_queue_cd_all(SMMUv3Accel *a, uint32_t sid)
{
    append(a, FIELD_DP64(CMD_CFGI_CD_ALL, CMD0, SID, sid), 0);
}

/* Would the host know the stream, and could the command matter to it? */
static bool matters_to_stream(SMMUv3Accel *a, uint8_t opcode, uint32_t sid)
{
    AccelDev *d = accel_dev_by_sid(a, sid);
    bool yes = d && d->group->table && (opcode != CMD_ATC_INV || FIELD_EX64(d->group->table->ste[1], STE1, EATS));

    if (yes) {
        d->commands++;
    }
    return yes;
}

void accel_invalidate(SMMUv3Accel *a, const uint64_t cmd[CMD_WORDS])
{
    uint8_t opcode = FIELD_EX64(cmd[0], CMD0, OPCODE);
    bool by_stream = opcode == CMD_CFGI_CD || opcode == CMD_CFGI_CD_ALL || opcode == CMD_ATC_INV;

    if (!a->be || (by_stream && !matters_to_stream(a, opcode, FIELD_EX64(cmd[0], CMD0, SID)))) {
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        if (fields[i].opcode == opcode) {
            append(a, cmd[0] & fields[i].mask[0], cmd[1] & fields[i].mask[1]);
            return;
        }
    }
}

/* A new life of the guest: nothing of the old one may be found in a TLB when it translates. */
void accel_invalidate_all(SMMUv3Accel *a)
{
    a->n_batch = 0;
    a->behind = a->be && submit_all(a, true) < 0;
}
