/*
 * The ioctls of the simulated /dev/iommu: the size protocol that is common to
 * all, and the calls about page tables. Order of checks as
 * the kernel has it, because errno depends on it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hostsim.h"

static bool bad_pointer(uint64_t p)
{
    return p < SIM_PAGE;
}

static int do_destroy(SimContext *ctx, void *arg)
{
    struct iommu_destroy *cmd = arg;
    SimObject *o = sim_object_any(ctx, cmd->id);

    return o && o->type == SIM_DEVICE ? -EBUSY : sim_object_destroy(ctx, cmd->id);
}

/* --- Page tables ----------------------------------------------------------------------------- */

static int alloc_paging(SimContext *ctx, struct iommu_hwpt_alloc *cmd, SimDevice *dev, SimObject *ioas)
{
    uint32_t known = IOMMU_HWPT_ALLOC_NEST_PARENT | IOMMU_HWPT_ALLOC_DIRTY_TRACKING | IOMMU_HWPT_FAULT_ID_VALID | IOMMU_HWPT_ALLOC_PASID;
    bool nest = cmd->flags & IOMMU_HWPT_ALLOC_NEST_PARENT;
    int r;

    if ((cmd->flags & ~known) || cmd->data_len || ((cmd->flags & IOMMU_HWPT_ALLOC_DIRTY_TRACKING) && !dev->smmu->httu) ||
        (nest && (cmd->flags != IOMMU_HWPT_ALLOC_NEST_PARENT || !dev->smmu->nesting))) {
        return -EOPNOTSUPP;
    }
    r = sim_ioas_add_domain(ioas, dev->smmu->oas);
    if (r < 0) {
        return r;
    }
    SimObject *o = sim_object_new(ctx, SIM_PAGING);
    o->parent = ioas;
    sim_object_hold(ioas);
    o->smmu = dev->smmu;
    o->nest_parent = nest;
    o->vmid = nest ? dev->smmu->next_vmid++ : 0;
    o->pasid = cmd->flags & IOMMU_HWPT_ALLOC_PASID;
    if (cmd->flags & IOMMU_HWPT_ALLOC_DIRTY_TRACKING) {
        o->dirty = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    }
    cmd->out_hwpt_id = o->id;
    return 0;
}

static int alloc_by_parent(SimContext *ctx, struct iommu_hwpt_alloc *cmd, SimDevice *dev, SimObject *pt)
{
    switch (pt ? pt->type : SIM_FREE) {
    case SIM_IOAS:
        return alloc_paging(ctx, cmd, dev, pt);
    case SIM_PAGING:
        return -EOPNOTSUPP;
    case SIM_VIOMMU:
        return sim_hwpt_alloc_nested(ctx, cmd, dev, pt);
    default:
        return -EINVAL;
    }
}

static int do_hwpt_alloc(SimContext *ctx, void *arg)
{
    struct iommu_hwpt_alloc *cmd = arg;
    SimObject *dev, *fault = NULL;
    int r;

    if (cmd->__reserved) {
        return -EOPNOTSUPP;
    }
    if (!cmd->data_type != !cmd->data_len) {
        return -EINVAL;
    }
    dev = sim_object_get(ctx, cmd->dev_id, SIM_DEVICE);
    if (!dev) {
        return -ENOENT;
    }
    r = alloc_by_parent(ctx, cmd, dev->dev, sim_object_any(ctx, cmd->pt_id));
    if (r < 0 || !(cmd->flags & IOMMU_HWPT_FAULT_ID_VALID)) {
        return r;
    }
    fault = sim_object_get(ctx, cmd->fault_id, SIM_FAULT);
    if (!fault) {
        sim_object_destroy(ctx, cmd->out_hwpt_id);
        return -ENOENT;
    }
    sim_object_any(ctx, cmd->out_hwpt_id)->fault = fault;
    sim_object_hold(fault);
    return 0;
}

static int do_hw_info(SimContext *ctx, void *arg)
{
    struct iommu_hw_info *cmd = arg;
    struct iommu_hw_info_arm_smmuv3 info = { 0 };
    uint32_t want = cmd->flags & IOMMU_HW_INFO_FLAG_INPUT_TYPE ? cmd->in_data_type : 0;

    if ((cmd->flags & ~(uint32_t)IOMMU_HW_INFO_FLAG_INPUT_TYPE) || cmd->__reserved[0] || cmd->__reserved[1] || cmd->__reserved[2]) {
        return -EOPNOTSUPP;
    }
    SimObject *o = sim_object_get(ctx, cmd->dev_id, SIM_DEVICE);
    if (!o) {
        return -ENOENT;
    }
    const SimDevice *dev = o->dev;
    bool cmdqv = want == IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV && dev->smmu->cmdqv;
    if (want != IOMMU_HW_INFO_TYPE_DEFAULT && want != IOMMU_HW_INFO_TYPE_ARM_SMMUV3 && !cmdqv) {
        return -EOPNOTSUPP;
    }
    memcpy(info.idr, dev->smmu->info.idr, sizeof(info.idr));
    info.flags = dev->smmu->info.flags;
    info.iidr = dev->smmu->info.iidr;
    info.aidr = dev->smmu->info.aidr;
    struct iommu_hw_info_tegra241_cmdqv tegra = { .version = 1, .log2vcmdqs = (uint8_t)dev->smmu->vcmdqs_log2, .log2vsids = (uint8_t)dev->smmu->vsids_log2 };
    uint32_t size = cmdqv ? sizeof(tegra) : sizeof(info);
    if (cmd->data_len) {
        if (bad_pointer(cmd->data_uptr)) {
            return -EFAULT;
        }
        memset((void *)(uintptr_t)cmd->data_uptr, 0, cmd->data_len);
        memcpy((void *)(uintptr_t)cmd->data_uptr, cmdqv ? (void *)&tegra : (void *)&info, MIN(cmd->data_len, size));
    }
    cmd->data_len = size;
    cmd->out_data_type = cmdqv ? IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV : IOMMU_HW_INFO_TYPE_ARM_SMMUV3;
    cmd->out_max_pasid_log2 = dev->pasid_bits;
    cmd->out_capabilities = (dev->ats ? 0U : IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED) | (dev->smmu->httu ? IOMMU_HW_CAP_DIRTY_TRACKING : 0U);
    return 0;
}

/* --- Dispatch ------------------------------------------------------------------------------------- */

static const struct {
    unsigned long cmd;
    uint32_t min, full;
    int (*handler)(SimContext *ctx, void *arg);
    bool answers_on_error;
} ops[] = {
    { IOMMU_DESTROY, 8, sizeof(struct iommu_destroy), do_destroy, false },
    { IOMMU_IOAS_ALLOC, 12, sizeof(struct iommu_ioas_alloc), sim_ioas_alloc_ioctl, false },
    { IOMMU_IOAS_IOVA_RANGES, 32, sizeof(struct iommu_ioas_iova_ranges), sim_ioas_ranges_ioctl, true },
    { IOMMU_IOAS_ALLOW_IOVAS, 24, sizeof(struct iommu_ioas_allow_iovas), sim_ioas_allow_ioctl, false },
    { IOMMU_IOAS_COPY, 40, sizeof(struct iommu_ioas_copy), sim_ioas_copy_ioctl, false },
    { IOMMU_IOAS_MAP, 40, sizeof(struct iommu_ioas_map), sim_ioas_map_ioctl, false },
    { IOMMU_IOAS_MAP_FILE, 40, sizeof(struct iommu_ioas_map_file), sim_ioas_map_file_ioctl, false },
    { IOMMU_IOAS_UNMAP, 24, sizeof(struct iommu_ioas_unmap), sim_ioas_unmap_ioctl, false },
    { IOMMU_OPTION, 24, sizeof(struct iommu_option), sim_option_ioctl, false },
    { IOMMU_IOAS_CHANGE_PROCESS, 8, sizeof(struct iommu_ioas_change_process), sim_change_process_ioctl, false },
    { IOMMU_HWPT_ALLOC, 24, sizeof(struct iommu_hwpt_alloc), do_hwpt_alloc, false },
    { IOMMU_GET_HW_INFO, 32, sizeof(struct iommu_hw_info), do_hw_info, false },
    { IOMMU_HWPT_SET_DIRTY_TRACKING, 16, sizeof(struct iommu_hwpt_set_dirty_tracking), sim_dirty_set, false },
    { IOMMU_HWPT_GET_DIRTY_BITMAP, 48, sizeof(struct iommu_hwpt_get_dirty_bitmap), sim_dirty_get, false },
    { IOMMU_HWPT_INVALIDATE, 32, sizeof(struct iommu_hwpt_invalidate), sim_invalidate, true },
    { IOMMU_FAULT_QUEUE_ALLOC, 16, sizeof(struct iommu_fault_alloc), sim_fault_alloc, false },
    { IOMMU_VIOMMU_ALLOC, 24, sizeof(struct iommu_viommu_alloc), sim_viommu_alloc, false },
    { IOMMU_VDEVICE_ALLOC, 24, sizeof(struct iommu_vdevice_alloc), sim_vdevice_alloc, false },
    { IOMMU_VEVENTQ_ALLOC, 28, sizeof(struct iommu_veventq_alloc), sim_veventq_alloc, false },
    { IOMMU_HW_QUEUE_ALLOC, 40, sizeof(struct iommu_hw_queue_alloc), sim_hw_queue_alloc, false },
};

static bool tail_is_zero(const uint8_t *p, uint32_t from, uint32_t to)
{
    for (; from < to; from++) {
        if (p[from]) {
            return false;
        }
    }
    return true;
}

int sim_iommufd_ioctl(int fd, unsigned long cmd, void *arg)
{
    SimContext *ctx = g_hash_table_lookup(hostsim->contexts, GINT_TO_POINTER(fd));
    union { uint8_t bytes[64]; uint64_t align; } copy = { .align = 0 };
    uint32_t size;
    int r;

    if (!ctx) {
        return -EBADF;
    }
    if (!arg) {
        return -EFAULT;
    }
    memcpy(&size, arg, sizeof(size));
    for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
        if (ops[i].cmd != cmd) {
            continue;
        }
        if (size < ops[i].min) {
            return -EINVAL;
        }
        if (!tail_is_zero(arg, ops[i].full, size)) {
            return -E2BIG;
        }
        memset(&copy, 0, sizeof(copy));
        memcpy(&copy, arg, MIN(size, ops[i].full));
        r = ops[i].handler(ctx, &copy);
        if (r >= 0 || ops[i].answers_on_error) {
            memcpy(arg, &copy, MIN(size, ops[i].full));
        }
        return r;
    }
    return -ENOTTY;
}
