/*
 * Dirty tracking of the simulated SMMUs: pages that devices wrote to through a
 * stage 1 table of the host, when the SMMU has hardware update of dirty state.
 * Stage 2 tables have none, as on Linux 7.2.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hostsim.h"

/* A table made with dirty tracking. */
static int find_table(SimContext *ctx, uint32_t id, SimObject **hwpt)
{
    *hwpt = sim_object_get(ctx, id, SIM_PAGING);
    if (!*hwpt) {
        return -ENOENT;
    }
    return (*hwpt)->dirty ? 0 : -EOPNOTSUPP;
}

int sim_dirty_set(SimContext *ctx, void *arg)
{
    struct iommu_hwpt_set_dirty_tracking *cmd = arg;

    if (cmd->flags & ~(uint32_t)IOMMU_HWPT_DIRTY_TRACKING_ENABLE) {
        return -EOPNOTSUPP;
    }
    SimObject *hwpt;
    int r = find_table(ctx, cmd->hwpt_id, &hwpt);
    if (r < 0) {
        return r;
    }
    hwpt->tracking = cmd->flags & IOMMU_HWPT_DIRTY_TRACKING_ENABLE;
    g_hash_table_remove_all(hwpt->dirty);
    return 0;
}

void sim_dirty_mark(SimObject *hwpt, uint64_t iova)
{
    uint64_t page = iova / SIM_PAGE;

    if (hwpt->tracking) {
        g_hash_table_add(hwpt->dirty, g_memdup2(&page, sizeof(page)));
    }
}

/* Only sets bits: what the caller's bitmap had stays. */
static void report(SimObject *hwpt, const struct iommu_hwpt_get_dirty_bitmap *cmd)
{
    uint8_t *bitmap = (void *)(uintptr_t)cmd->data;
    GHashTableIter it;
    gpointer key;

    g_hash_table_iter_init(&it, hwpt->dirty);
    while (g_hash_table_iter_next(&it, &key, NULL)) {
        uint64_t at = *(uint64_t *)key * SIM_PAGE - cmd->iova, bit = at / cmd->page_size;
        if (at >= cmd->length) {
            continue;
        }
        bitmap[bit / 8] |= (uint8_t)(1U << bit % 8);
        if (!(cmd->flags & IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR)) {
            g_hash_table_iter_remove(&it);
        }
    }
}

int sim_dirty_get(SimContext *ctx, void *arg)
{
    struct iommu_hwpt_get_dirty_bitmap *cmd = arg;

    if ((cmd->flags & ~(uint32_t)IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR) || cmd->__reserved) {
        return -EOPNOTSUPP;
    }
    SimObject *hwpt;
    int r = find_table(ctx, cmd->hwpt_id, &hwpt);
    if (r < 0) {
        return r;
    }
    if (!is_power_of_2(cmd->page_size) || (cmd->iova | cmd->length) % cmd->page_size) {
        return -EINVAL;
    }
    report(hwpt, cmd);
    return 0;
}
