/*
 * Tegra241 CMDQV of a simulated SMMU: command queues that a guest rings
 * without its VMM.
 *
 * A vIOMMU of that type comes with a page the guest may map (VINTF page 0:
 * for each virtual queue CONS at +0, PROD at +4, CONFIG at +8, STATUS at +12,
 * GERROR at +16, GERRORN at +20; 0x80 apart). A queue is a locked stretch of
 * guest memory. What hardware would do on its own is done by hostsim_vcmdq_run():
 * STATUS follows CONFIG, and the commands between CONS and PROD are taken, get the
 * host's VMID and StreamIDs, and are logged. A guest's queue takes few commands; at
 * another one, or a stream the hardware does not replace, it stops with
 * CERROR_ILL, and the vEVENTQ of the vIOMMU hears of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/mman.h>
#include "hostsim.h"

#define VINTF_SIZE     (64 * KiB)
#define VCMDQ_STRIDE   0x80
#define VCMDQ_CONS     0x0
#define VCMDQ_PROD     0x4
#define VCMDQ_CONFIG   0x8
#define VCMDQ_STATUS   0xc
#define VCMDQ_GERROR   0x10
#define VCMDQ_GERRORN  0x14
#define COMMAND_SIZE   16
#define MAX_QUEUE_LOG2 19

/* --- The page of a vIOMMU ------------------------------------------------------------------ */

int sim_vintf_init(SimObject *viommu, const struct iommu_viommu_alloc *cmd)
{
    struct iommu_viommu_tegra241_cmdqv data = { 0 };

    if (cmd->data_len < sizeof(data)) {
        return -EINVAL;
    }
    if (cmd->data_uptr < SIM_PAGE) {
        return -EFAULT;
    }
    if (!viommu->smmu->vintfs) {
        return -ENOSPC;
    }
    viommu->vintf_fd = memfd_create("hostsim-vintf", MFD_CLOEXEC);
    if (viommu->vintf_fd < 0 || ftruncate(viommu->vintf_fd, VINTF_SIZE) < 0) {
        return -ENOMEM;
    }
    viommu->smmu->vintfs--;
    viommu->vintf = mmap(NULL, VINTF_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, viommu->vintf_fd, 0);
    data.out_vintf_mmap_offset = htole64((uint64_t)viommu->id << 20);
    data.out_vintf_mmap_length = htole64(VINTF_SIZE);
    memcpy((void *)(uintptr_t)cmd->data_uptr, &data, sizeof(data));
    return 0;
}

void sim_vintf_free(SimObject *viommu)
{
    if (viommu->vintf) {
        viommu->smmu->vintfs++;
        munmap(viommu->vintf, VINTF_SIZE);
        close(viommu->vintf_fd);
    }
}

static SimObject *vintf_at(SimContext *ctx, uint64_t offset)
{
    SimObject *v = offset % (1 << 20) || offset >> 52 ? NULL : sim_object_get(ctx, (uint32_t)(offset >> 20), SIM_VIOMMU);
    return v && v->vintf ? v : NULL;
}

void *sim_iommufd_mmap(int fd, void *at, size_t size, int prot, uint64_t offset)
{
    SimContext *ctx = g_hash_table_lookup(hostsim->contexts, GINT_TO_POINTER(fd));
    SimObject *v = ctx ? vintf_at(ctx, offset) : NULL;

    if (size % SIM_PAGE) {
        errno = EINVAL;
        return NULL;
    }
    if (prot & PROT_EXEC) {
        errno = EPERM;
        return NULL;
    }
    if (!v || size != VINTF_SIZE) {
        errno = ENXIO;
        return NULL;
    }
    void *p = mmap(at, size, prot, MAP_SHARED | (at ? MAP_FIXED : 0), v->vintf_fd, 0);
    if (p == MAP_FAILED) {
        return NULL;
    }
    sim_object_hold(v);                 /* for as long as it is mapped */
    g_hash_table_insert(hostsim->vintf_maps, p, v);
    return p;
}

void sim_iommufd_munmap(void *p, size_t size)
{
    SimObject *v = g_hash_table_lookup(hostsim->vintf_maps, p);

    g_assert(v);
    g_hash_table_remove(hostsim->vintf_maps, p);
    g_assert(mmap(p, size, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == p);
    sim_object_drop(v);
}

/* --- Queues ------------------------------------------------------------------------------------ */

static SimObject *find_queue(const SimObject *viommu, uint32_t index)
{
    for (unsigned i = 1; i < viommu->ctx->objects->len; i++) {
        SimObject *o = viommu->ctx->objects->pdata[i];
        if (o && o->type == SIM_HWQUEUE && o->parent == viommu && o->index == index) {
            return o;
        }
    }
    return NULL;
}

static uint32_t *vcmdq_reg(const SimObject *q, unsigned reg)
{
    return (uint32_t *)(q->parent->vintf + q->index * VCMDQ_STRIDE + reg);
}

/* The kernel does that before a queue is used and after. */
static void reset_registers(SimObject *q)
{
    memset(vcmdq_reg(q, 0), 0, VCMDQ_STRIDE);
}

static int check_queue(const SimObject *viommu, const struct iommu_hw_queue_alloc *cmd)
{
    if (cmd->index >= 1U << viommu->smmu->vcmdqs_log2) {
        return -EINVAL;
    }
    if (find_queue(viommu, cmd->index)) {
        return -EEXIST;
    }
    if (cmd->index && !find_queue(viommu, cmd->index - 1)) {
        return -EIO;
    }
    uint64_t max = (uint64_t)COMMAND_SIZE << MAX_QUEUE_LOG2;
    bool fits = is_power_of_2(cmd->length) && cmd->length >= COMMAND_SIZE && cmd->length <= max;
    return fits && cmd->nesting_parent_iova % cmd->length == 0 ? 0 : -EINVAL;
}

/* The queue and, beside it, the access that pins its memory: two ids. */
int sim_hw_queue_alloc(SimContext *ctx, void *arg)
{
    struct iommu_hw_queue_alloc *cmd = arg;
    SimObject *viommu, *ioas;
    int r;

    if (cmd->flags || !cmd->type) {
        return -EOPNOTSUPP;
    }
    if (!cmd->length) {
        return -EINVAL;
    }
    if (cmd->nesting_parent_iova + cmd->length < cmd->nesting_parent_iova) {
        return -EOVERFLOW;
    }
    viommu = sim_object_get(ctx, cmd->viommu_id, SIM_VIOMMU);
    if (!viommu) {
        return -ENOENT;
    }
    if (!viommu->vintf || cmd->type != IOMMU_HW_QUEUE_TYPE_TEGRA241_CMDQV) {
        return -EOPNOTSUPP;
    }
    ioas = viommu->parent->parent;
    r = sim_ioas_lock(ioas, cmd->nesting_parent_iova, cmd->length, viommu->smmu->contiguous);
    if (r < 0) {
        return r;
    }
    r = check_queue(viommu, cmd);
    if (r < 0) {
        sim_ioas_unlock(ioas, cmd->nesting_parent_iova, cmd->length);
        return r;
    }
    SimObject *o = sim_object_new(ctx, SIM_HWQUEUE), *below = cmd->index ? find_queue(viommu, cmd->index - 1) : NULL;
    o->parent = viommu;
    sim_object_hold(viommu);
    o->index = cmd->index;
    o->base = cmd->nesting_parent_iova;
    o->length = cmd->length;
    o->access = sim_object_new(ctx, SIM_ACCESS);
    o->access->parent = ioas;
    sim_object_hold(ioas);
    sim_object_hold(o->access);
    if (below) {
        sim_object_hold(below);         /* they go from high to low */
    }
    reset_registers(o);
    cmd->out_hw_queue_id = o->id;
    return 0;
}

/* Part of removing it. */
void sim_hw_queue_release(SimObject *o)
{
    SimObject *below = o->index ? find_queue(o->parent, o->index - 1) : NULL;

    reset_registers(o);
    sim_ioas_unlock(o->access->parent, o->base, o->length);
    o->access->users--;
    sim_object_remove(o->access, false);
    if (below) {
        sim_object_drop(below);
    }
}

/* --- What the hardware does on its own ---------------------------------------------------------- */

/* What hardware takes from a queue that is not the host's own. */
static bool execute(SimObject *q, uint64_t cmd[2])
{
    switch (cmd[0] & 0xff) {
    case 0x11: case 0x12: case 0x40:
        if (sim_command_convert(q->parent, cmd) < 0) {
            return false;
        }
        break;
    case 0x46:
        break;
    default:
        return false;
    }
    sim_command_issue(q->parent, cmd);
    return true;
}

static void stop_queue(SimObject *q, uint32_t cons)
{
    stl_le_p(vcmdq_reg(q, VCMDQ_CONS), cons | 1U << 24);
    stl_le_p(vcmdq_reg(q, VCMDQ_GERROR), ldl_le_p(vcmdq_reg(q, VCMDQ_GERROR)) ^ 1);
    sim_vcmdq_event(q->parent, (const uint64_t[2]) { q->index < 64 ? 1ULL << q->index : 0, q->index < 64 ? 0 : 1ULL << (q->index - 64) });
}

static bool runs(const SimObject *q)
{
    uint32_t on = ldl_le_p(vcmdq_reg(q, VCMDQ_CONFIG)) & 1;

    stl_le_p(vcmdq_reg(q, VCMDQ_STATUS), on);
    return on && !((ldl_le_p(vcmdq_reg(q, VCMDQ_GERROR)) ^ ldl_le_p(vcmdq_reg(q, VCMDQ_GERRORN))) & 1);
}

static unsigned run_queue(SimObject *q)
{
    uint32_t log2 = (uint32_t)ctz64(q->length / COMMAND_SIZE), wrap = (2U << log2) - 1;
    uint32_t prod = ldl_le_p(vcmdq_reg(q, VCMDQ_PROD)) & wrap, cons = ldl_le_p(vcmdq_reg(q, VCMDQ_CONS)) & wrap;
    unsigned n = 0;

    if (!runs(q)) {
        return 0;
    }
    for (; cons != prod && n < 1U << log2; cons = (cons + 1) & wrap, n++) {
        size_t len = COMMAND_SIZE;
        uint8_t *p = sim_ioas_translate(q->access->parent, q->base + (cons & (wrap >> 1)) * COMMAND_SIZE, &len, false);
        uint64_t cmd[2] = { p ? ldq_le_p(p) : 0, p ? ldq_le_p(p + 8) : 0 };
        if (!execute(q, cmd)) {
            stop_queue(q, cons);
            return n;
        }
    }
    stl_le_p(vcmdq_reg(q, VCMDQ_CONS), cons);
    return n;
}

unsigned hostsim_vcmdq_run(void)
{
    GHashTableIter it;
    gpointer ctx;
    unsigned n = 0;

    hostsim_lock();
    g_hash_table_iter_init(&it, hostsim->contexts);
    while (g_hash_table_iter_next(&it, NULL, &ctx)) {
        GPtrArray *objects = ((SimContext *)ctx)->objects;
        for (unsigned i = 1; i < objects->len; i++) {
            SimObject *o = objects->pdata[i];
            n += o && o->type == SIM_HWQUEUE ? run_queue(o) : 0;
        }
    }
    hostsim_unlock();
    return n;
}
