/*
 * The ioctls of the simulated /dev/iommu about address spaces, and those about
 * the whole open file.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hostsim.h"

int sim_ioas_alloc_ioctl(SimContext *ctx, void *arg)
{
    struct iommu_ioas_alloc *cmd = arg;

    if (cmd->flags) {
        return -EOPNOTSUPP;
    }
    SimObject *o = sim_object_new(ctx, SIM_IOAS);
    o->areas = g_array_new(false, false, sizeof(SimArea));
    cmd->out_ioas_id = o->id;
    return 0;
}

int sim_ioas_ranges_ioctl(SimContext *ctx, void *arg)
{
    struct iommu_ioas_iova_ranges *cmd = arg;
    struct iommu_iova_range ranges[3];
    SimObject *ioas;
    unsigned room, n;

    if (cmd->__reserved) {
        return -EOPNOTSUPP;
    }
    ioas = sim_object_get(ctx, cmd->ioas_id, SIM_IOAS);
    if (!ioas) {
        return -ENOENT;
    }
    n = sim_ioas_ranges(ioas, ranges);
    room = MIN(cmd->num_iovas, n);
    if (room) {
        memcpy((void *)(uintptr_t)cmd->allowed_iovas, ranges, room * sizeof(ranges[0]));
    }
    cmd->out_iova_alignment = ioas->domains ? SIM_PAGE : 1;
    bool fits = n <= cmd->num_iovas;
    cmd->num_iovas = n;
    return fits ? 0 : -EMSGSIZE;
}

static int check_map_flags(uint32_t flags, uint64_t iova, uint64_t length)
{
    if (flags & ~(uint32_t)(IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_WRITEABLE | IOMMU_IOAS_MAP_READABLE)) {
        return -EOPNOTSUPP;
    }
    if (iova == UINT64_MAX || length == UINT64_MAX) {
        return -EOVERFLOW;
    }
    return flags & (IOMMU_IOAS_MAP_WRITEABLE | IOMMU_IOAS_MAP_READABLE) ? 0 : -EINVAL;
}

int sim_ioas_map_ioctl(SimContext *ctx, void *arg)
{
    struct iommu_ioas_map *cmd = arg;
    SimArea area = {
        .iova = cmd->iova, .length = cmd->length, .va = (void *)(uintptr_t)cmd->user_va, .fd = -1,
        .readonly = !(cmd->flags & IOMMU_IOAS_MAP_WRITEABLE),
    };
    int r = cmd->__reserved ? -EOPNOTSUPP : check_map_flags(cmd->flags, cmd->iova, cmd->length);

    if (r < 0) {
        return r;
    }
    SimObject *ioas = sim_object_get(ctx, cmd->ioas_id, SIM_IOAS);
    if (!ioas) {
        return -ENOENT;
    }
    if (cmd->user_va + cmd->length < cmd->user_va) {
        return -EOVERFLOW;
    }
    r = sim_ioas_map(ioas, &area, cmd->flags & IOMMU_IOAS_MAP_FIXED_IOVA);
    cmd->iova = area.iova;
    return r;
}

int sim_ioas_map_file_ioctl(SimContext *ctx, void *arg)
{
    struct iommu_ioas_map_file *cmd = arg;
    SimArea area = {
        .iova = cmd->iova, .length = cmd->length, .fd = cmd->fd, .start = cmd->start,
        .readonly = !(cmd->flags & IOMMU_IOAS_MAP_WRITEABLE),
    };
    int r = check_map_flags(cmd->flags, cmd->iova, cmd->length);

    if (hostsim->no_map_file) {
        return -ENOTTY;
    }
    if (r < 0) {
        return r;
    }
    SimObject *ioas = sim_object_get(ctx, cmd->ioas_id, SIM_IOAS);
    if (!ioas) {
        return -ENOENT;
    }
    if (fcntl(cmd->fd, F_GETFD) < 0) {
        return -EBADF;
    }
    r = sim_ioas_map(ioas, &area, cmd->flags & IOMMU_IOAS_MAP_FIXED_IOVA);
    cmd->iova = area.iova;
    return r;
}

int sim_ioas_unmap_ioctl(SimContext *ctx, void *arg)
{
    struct iommu_ioas_unmap *cmd = arg;
    SimObject *ioas = sim_object_get(ctx, cmd->ioas_id, SIM_IOAS);
    uint64_t length = cmd->length;
    int r = ioas ? sim_ioas_unmap(ioas, cmd->iova, &length) : -ENOENT;

    if (r == 0) {
        cmd->length = length;
    }
    return r;
}

/* Order of checks: source, destination, the source's mappings. */
int sim_ioas_copy_ioctl(SimContext *ctx, void *arg)
{
    struct iommu_ioas_copy *cmd = arg;
    int r = check_map_flags(cmd->flags, cmd->dst_iova, cmd->length);

    if (cmd->src_iova == UINT64_MAX && r != -EOPNOTSUPP) {
        return -EOVERFLOW;
    }
    if (r < 0) {
        return r;
    }
    SimObject *src = sim_object_get(ctx, cmd->src_ioas_id, SIM_IOAS);
    if (!src) {
        return -ENOENT;
    }
    if (!cmd->length) {
        return -EINVAL;
    }
    if (cmd->src_iova + cmd->length - 1 < cmd->src_iova) {
        return -EOVERFLOW;
    }
    SimObject *dst = sim_object_get(ctx, cmd->dst_ioas_id, SIM_IOAS);
    uint64_t iova = cmd->dst_iova;
    r = dst ? sim_ioas_copy(dst, &iova, src, cmd->src_iova, cmd->length, cmd->flags) : -ENOENT;
    cmd->dst_iova = iova;
    return r;
}

int sim_ioas_allow_ioctl(SimContext *ctx, void *arg)
{
    struct iommu_ioas_allow_iovas *cmd = arg;
    const struct iommu_iova_range *ranges = (void *)(uintptr_t)cmd->allowed_iovas;

    if (cmd->__reserved) {
        return -EOPNOTSUPP;
    }
    SimObject *ioas = sim_object_get(ctx, cmd->ioas_id, SIM_IOAS);
    if (!ioas) {
        return -ENOENT;
    }
    for (uint32_t i = 0; i < cmd->num_iovas; i++) {
        bool clash = ranges[i].start >= ranges[i].last;
        for (uint32_t k = 0; k < i; k++) {
            clash |= ranges[i].start <= ranges[k].last && ranges[k].start <= ranges[i].last;
        }
        if (clash) {
            return -EINVAL;
        }
    }
    return sim_ioas_allow(ioas, ranges, cmd->num_iovas);
}

/* --- Of the whole context ----------------------------------------------------------------- */

static bool any_object(const SimContext *ctx)
{
    for (unsigned i = 1; i < ctx->objects->len; i++) {
        if (ctx->objects->pdata[i]) {
            return true;
        }
    }
    return false;
}

static int option_rlimit(SimContext *ctx, struct iommu_option *cmd)
{
    if (cmd->object_id) {
        return -EOPNOTSUPP;
    }
    if (cmd->op == IOMMU_OPTION_OP_GET) {
        cmd->val64 = ctx->rlimit_mode;
        return 0;
    }
    if (cmd->op != IOMMU_OPTION_OP_SET) {
        return -EOPNOTSUPP;
    }
    if (any_object(ctx)) {
        return -EBUSY;
    }
    if (cmd->val64 > 1) {
        return -EINVAL;
    }
    ctx->rlimit_mode = cmd->val64;
    return 0;
}

static int option_huge_pages(SimContext *ctx, struct iommu_option *cmd)
{
    SimObject *ioas = sim_object_get(ctx, cmd->object_id, SIM_IOAS);

    if (!ioas) {
        return -ENOENT;
    }
    switch (cmd->op) {
    case IOMMU_OPTION_OP_GET:
        cmd->val64 = !ioas->small_pages;
        return 0;
    case IOMMU_OPTION_OP_SET:
        if (cmd->val64 > 1 || (!cmd->val64 && ioas->domains)) {
            return -EINVAL;
        }
        ioas->small_pages = !cmd->val64;
        return 0;
    default:
        return -EOPNOTSUPP;
    }
}

int sim_option_ioctl(SimContext *ctx, void *arg)
{
    struct iommu_option *cmd = arg;

    if (cmd->__reserved) {
        return -EOPNOTSUPP;
    }
    switch (cmd->option_id) {
    case IOMMU_OPTION_RLIMIT_MODE:
        return option_rlimit(ctx, cmd);
    case IOMMU_OPTION_HUGE_PAGES:
        return option_huge_pages(ctx, cmd);
    default:
        return -EOPNOTSUPP;
    }
}

/* For a process that takes over: only what is mapped by file can follow. */
int sim_change_process_ioctl(SimContext *ctx, void *arg)
{
    struct iommu_ioas_change_process *cmd = arg;

    if (cmd->__reserved) {
        return -EOPNOTSUPP;
    }
    for (unsigned i = 1; i < ctx->objects->len; i++) {
        const SimObject *o = ctx->objects->pdata[i];
        for (unsigned k = 0; o && o->type == SIM_IOAS && k < o->areas->len; k++) {
            if (g_array_index(o->areas, SimArea, k).fd < 0) {
                return -EINVAL;
            }
        }
    }
    return 0;
}
