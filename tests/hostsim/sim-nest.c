/*
 * vIOMMUs of the simulated SMMUv3s: vDEVICEs, nested tables, and invalidations
 * as they reach the hardware.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hostsim.h"

#define STE0_ALLOWED (1ULL | 7ULL << 1 | 3ULL << 4 | MAKE_64BIT_MASK(6, 46) | 0x1fULL << 59)
#define STE1_ALLOWED (3ULL | 3ULL << 2 | 3ULL << 4 | 3ULL << 6 | 1ULL << 27 | 3ULL << 28)
#define SYNC_GROUP   63
#define LOG_LIMIT    (1U << 20)

/* --- vIOMMU and vDEVICE --------------------------------------------------------------- */

int sim_viommu_alloc(SimContext *ctx, void *arg)
{
    struct iommu_viommu_alloc *cmd = arg;
    SimObject *dev, *s2;

    if (cmd->flags || cmd->type == IOMMU_VIOMMU_TYPE_DEFAULT) {
        return -EOPNOTSUPP;
    }
    dev = sim_object_get(ctx, cmd->dev_id, SIM_DEVICE);
    if (!dev) {
        return -ENOENT;
    }
    SimSMMU *smmu = dev->dev->smmu;
    bool tegra = cmd->type == IOMMU_VIOMMU_TYPE_TEGRA241_CMDQV && smmu->cmdqv;
    if ((cmd->type != IOMMU_VIOMMU_TYPE_ARM_SMMUV3 && !tegra) || !smmu->nesting || !(dev->dev->canwbs || smmu->s2fwb)) {
        return -EOPNOTSUPP;
    }
    s2 = sim_object_get(ctx, cmd->hwpt_id, SIM_PAGING);
    if (!s2) {
        return -ENOENT;
    }
    if (!s2->nest_parent || s2->smmu != smmu) {
        return -EINVAL;
    }
    SimObject *o = sim_object_new(ctx, SIM_VIOMMU);
    o->parent = s2;
    sim_object_hold(s2);
    o->smmu = smmu;
    o->vmid = s2->vmid;
    int r = tegra ? sim_vintf_init(o, cmd) : 0;
    if (r < 0) {
        sim_object_remove(o, false);
        return r;
    }
    cmd->out_viommu_id = o->id;
    return 0;
}

static SimObject *find_vdevice(SimContext *ctx, SimObject *viommu, uint64_t virt_id)
{
    for (unsigned i = 1; i < ctx->objects->len; i++) {
        SimObject *o = ctx->objects->pdata[i];
        if (o && o->type == SIM_VDEVICE && o->parent == viommu && o->virt_id == virt_id) {
            return o;
        }
    }
    return NULL;
}

static unsigned count_vdevices(const SimContext *ctx, const SimObject *viommu)
{
    unsigned n = 0;

    for (unsigned i = 1; i < ctx->objects->len; i++) {
        const SimObject *o = ctx->objects->pdata[i];
        n += o && o->type == SIM_VDEVICE && o->parent == viommu;
    }
    return n;
}

int sim_vdevice_alloc(SimContext *ctx, void *arg)
{
    struct iommu_vdevice_alloc *cmd = arg;
    SimObject *viommu = sim_object_get(ctx, cmd->viommu_id, SIM_VIOMMU), *dev;

    dev = viommu ? sim_object_get(ctx, cmd->dev_id, SIM_DEVICE) : NULL;
    if (!dev) {
        return -ENOENT;
    }
    if (dev->dev->smmu != viommu->smmu) {
        return -EINVAL;
    }
    if (dev->dev->vdev || find_vdevice(ctx, viommu, cmd->virt_id)) {
        return -EEXIST;
    }
    if (viommu->vintf && (cmd->virt_id >> 20 || count_vdevices(ctx, viommu) >> viommu->smmu->vsids_log2)) {
        return cmd->virt_id >> 20 ? -EINVAL : -ENOSPC;
    }
    SimObject *o = sim_object_new(ctx, SIM_VDEVICE);
    o->parent = viommu;
    sim_object_hold(viommu);
    o->dev = dev->dev;
    o->virt_id = cmd->virt_id;
    dev->dev->vdev = o;
    cmd->out_vdevice_id = o->id;
    return 0;
}

/* --- Nested tables ------------------------------------------------------------------------ */

/* What is not V, Config, S1Fmt, S1ContextPtr, S1CDMax, or the S1 attributes of word 1, is refused. */
static int check_vste(uint64_t ste[2])
{
    unsigned config = (unsigned)extract64(ste[0], 1, 3), eats = (unsigned)extract64(ste[1], 28, 2);

    if (!(ste[0] & 1)) {
        ste[0] = ste[1] = 0;
        return 0;
    }
    if ((ste[0] & ~STE0_ALLOWED) || (ste[1] & ~STE1_ALLOWED) || (config != 0 && config != 4 && config != 5) || eats > 1) {
        return -EIO;
    }
    return 0;
}

int sim_hwpt_alloc_nested(SimContext *ctx, struct iommu_hwpt_alloc *cmd, SimDevice *dev, SimObject *viommu)
{
    struct iommu_hwpt_arm_smmuv3 data;
    int r;

    if (dev->smmu != viommu->smmu) {
        return -EINVAL;
    }
    if (cmd->flags & ~(uint32_t)IOMMU_HWPT_FAULT_ID_VALID || !cmd->data_type) {
        return -EOPNOTSUPP;
    }
    if (cmd->data_type != IOMMU_HWPT_DATA_ARM_SMMUV3 || cmd->data_len < sizeof(data)) {
        return -EINVAL;
    }
    if (cmd->data_uptr < SIM_PAGE) {
        return -EFAULT;
    }
    for (uint32_t i = sizeof(data); i < cmd->data_len; i++) {
        if (((uint8_t *)(uintptr_t)cmd->data_uptr)[i]) {
            return -E2BIG;
        }
    }
    memcpy(&data, (void *)(uintptr_t)cmd->data_uptr, sizeof(data));
    uint64_t ste[2] = { le64toh(data.ste[0]), le64toh(data.ste[1]) };
    r = check_vste(ste);
    if (r < 0) {
        return r;
    }
    SimObject *o = sim_object_new(ctx, SIM_NESTED);
    o->parent = viommu;
    sim_object_hold(viommu);
    o->smmu = viommu->smmu;
    o->ste[0] = ste[0];
    o->ste[1] = ste[1];
    cmd->out_hwpt_id = o->id;
    return 0;
}

unsigned sim_nested_config(const SimObject *hwpt)
{
    return hwpt->ste[0] & 1 ? (unsigned)extract64(hwpt->ste[0], 1, 3) : 0;
}

/* --- Invalidations ---------------------------------------------------------------------------- */

void sim_command_issue(SimObject *viommu, const uint64_t cmd[2])
{
    SimCommand c = { .smmu = viommu->smmu->name, .cmd = { cmd[0], cmd[1] } };

    if (hostsim->commands->len == LOG_LIMIT) {      /* nobody has looked for long: the older half goes */
        g_array_remove_range(hostsim->commands, 0, LOG_LIMIT / 2);
    }
    g_array_append_val(hostsim->commands, c);
    sim_smmu_command(viommu->smmu, cmd);
}

static void issue_sync(SimObject *viommu)
{
    sim_command_issue(viommu, (const uint64_t[2]) { 0x46, 0 });
}

/* The guest's command as the hardware gets it. */
int sim_command_convert(SimObject *viommu, uint64_t cmd[2])
{
    SimObject *vdev;

    switch (cmd[0] & 0xff) {
    case 0x30:                          /* TLBI_NSNH_ALL: all of this VM */
        cmd[0] = 0x10 | (uint64_t)viommu->vmid << 32;
        cmd[1] = 0;
        return 0;
    case 0x10: case 0x11: case 0x12: case 0x13:
        cmd[0] = deposit64(cmd[0], 32, 16, viommu->vmid);
        return 0;
    case 0x05: case 0x06: case 0x40:
        vdev = find_vdevice(viommu->ctx, viommu, cmd[0] >> 32);
        if (!vdev) {
            return -EIO;
        }
        cmd[0] = deposit64(cmd[0], 32, 32, vdev->dev->sid);
        return 0;
    default:
        return -EIO;
    }
}

static int invalidate_check(SimContext *ctx, const struct iommu_hwpt_invalidate *cmd, SimObject **viommu)
{
    if (cmd->__reserved) {
        return -EOPNOTSUPP;
    }
    if (cmd->entry_num && (!cmd->data_uptr || !cmd->entry_len || cmd->entry_len > SIM_PAGE || cmd->entry_num > SIM_QUEUE_LIMIT)) {
        return -EINVAL;
    }
    *viommu = sim_object_any(ctx, cmd->hwpt_id);
    if (!*viommu) {
        return -ENOENT;
    }
    if ((*viommu)->type != SIM_VIOMMU) {
        return (*viommu)->type == SIM_NESTED ? -EOPNOTSUPP : -EINVAL;
    }
    return cmd->data_type == IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3 && cmd->entry_num ? 0 : -EINVAL;
}

static int read_entries(const struct iommu_hwpt_invalidate *cmd, uint64_t (*out)[2])
{
    const uint8_t *from = (void *)(uintptr_t)cmd->data_uptr;

    for (uint32_t i = 0; i < cmd->entry_num; i++, from += cmd->entry_len) {
        for (uint32_t k = 16; k < cmd->entry_len; k++) {
            if (from[k]) {
                return -E2BIG;
            }
        }
        memset(out[i], 0, 16);
        memcpy(out[i], from, MIN(cmd->entry_len, 16U));
        out[i][0] = le64toh(out[i][0]);
        out[i][1] = le64toh(out[i][1]);
    }
    return 0;
}

/*
 * In groups of 63 and a SYNC. entry_num on failure is where conversion stood,
 * which is not how many were done; when the hardware does not answer it is one
 * less than the end of the group.
 */
int sim_invalidate(SimContext *ctx, void *arg)
{
    struct iommu_hwpt_invalidate *cmd = arg;
    uint32_t n = cmd->entry_num, from = 0;
    SimObject *viommu;
    int r = invalidate_check(ctx, cmd, &viommu);

    cmd->entry_num = 0;
    if (r < 0) {
        return r;
    }
    g_autofree uint64_t (*entries)[2] = g_malloc(n * sizeof(*entries));
    cmd->entry_num = n;
    r = read_entries(cmd, entries);
    if (r < 0) {
        cmd->entry_num = 0;
        return r;
    }
    while (from < n) {
        uint32_t to = MIN(from + SYNC_GROUP, n);
        for (uint32_t i = from; i < to; i++) {
            r = sim_command_convert(viommu, entries[i]);
            if (r < 0) {
                cmd->entry_num = i;
                return r;
            }
        }
        if (hostsim->invalidate_errno && hostsim->invalidate_at < to) {
            r = -hostsim->invalidate_errno;
            hostsim->invalidate_errno = 0;
            cmd->entry_num = to - 1;
            return r;
        }
        for (uint32_t i = from; i < to; i++) {
            sim_command_issue(viommu, entries[i]);
        }
        issue_sync(viommu);
        from = to;
    }
    return 0;
}
