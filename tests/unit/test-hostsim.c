/*
 * The simulated host against the facts of the kernel ABI
 * (docs/devel/iommufd.md): ids, sizes, errno, who holds whom, groups, several
 * SMMUs, invalidation and events.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hostsim-host.h"

/* --- Ids, sizes, lifetime ------------------------------------------------------------------ */

static void test_sizes(void)
{
    struct { struct iommu_ioas_alloc cmd; uint32_t more; } big = { .cmd = { .size = sizeof(big) } };
    struct iommu_ioas_alloc cmd = { .size = 8 };

    g_assert_cmpint(call(IOMMU_IOAS_ALLOC, &cmd), ==, -EINVAL);
    g_assert_cmpint(call(IOMMU_IOAS_ALLOC, &big), ==, 0);
    big.more = 1;
    g_assert_cmpint(call(IOMMU_IOAS_ALLOC, &big), ==, -E2BIG);
    cmd = (struct iommu_ioas_alloc) { .size = sizeof(cmd), .flags = 1 };
    g_assert_cmpint(call(IOMMU_IOAS_ALLOC, &cmd), ==, -EOPNOTSUPP);
    g_assert_cmpint(call(IOMMUFD_NR(0x9f), &cmd), ==, -ENOTTY);
    g_assert_cmpint(call(IOMMU_IOAS_ALLOC, NULL), ==, -EFAULT);
}

static void test_ids(void)
{
    uint32_t a = new_ioas(), b = new_ioas();

    g_assert_cmpuint(b, ==, a + 1);
    g_assert_cmpint(destroy(a), ==, 0);
    g_assert_cmpint(destroy(a), ==, -ENOENT);
    g_assert_cmpuint(new_ioas(), ==, a);
    g_assert_cmpint(destroy(ids[0]), ==, -EBUSY);
    g_assert_cmpint(map(ids[0], 0, &a, 4096, 7), ==, -ENOENT);
}

static void test_holders(void)
{
    uint32_t s2, v, n, vd;

    g_assert_cmpint(hwpt(0, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, &s2), ==, 0);
    g_assert_cmpint(destroy(ioas), ==, -EBUSY);
    g_assert_cmpint(viommu(0, s2, &v), ==, 0);
    g_assert_cmpint(destroy(s2), ==, -EBUSY);
    g_assert_cmpint(hwpt(0, v, 0, ste_bypass, &n), ==, 0);
    g_assert_cmpint(vdevice(0, v, 0x100, &vd), ==, 0);
    g_assert_cmpint(destroy(v), ==, -EBUSY);
    g_assert_cmpint(attach(0, n), ==, 0);
    g_assert_cmpint(destroy(n), ==, -EBUSY);
    g_assert_cmpint(destroy(vd), ==, 0);        /* even while attached */
    g_assert_cmpint(detach(0), ==, 0);
    g_assert_cmpint(destroy(n), ==, 0);
    g_assert_cmpint(destroy(v), ==, 0);
    g_assert_cmpint(destroy(s2), ==, 0);
    g_assert_cmpint(destroy(ioas), ==, 0);
    ioas = new_ioas();
}

static void test_tombstone(void)
{
    uint32_t s2, v, vd;

    g_assert_cmpint(hwpt(2, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, &s2), ==, 0);
    g_assert_cmpint(viommu(2, s2, &v), ==, 0);
    g_assert_cmpint(vdevice(2, v, 0x200, &vd), ==, 0);
    iommufd_ops->device_close(fds[2]);
    g_assert_cmpint(destroy(vd), ==, -ENOENT);
    open_device(2);
    uint32_t next = new_ioas();
    g_assert_cmpuint(next, !=, vd);
}

/* --- Mapping --------------------------------------------------------------------------------- */

static void test_map_errors(void)
{
    static uint8_t page[8192] __attribute__((aligned(4096)));
    uint32_t fixed = IOMMU_IOAS_MAP_FIXED_IOVA, rw = IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE;

    g_assert_cmpint(map(ioas, 0, page, 4096, 8 | rw), ==, -EOPNOTSUPP);
    g_assert_cmpint(map(ioas, UINT64_MAX, page, 4096, fixed | rw), ==, -EOVERFLOW);
    g_assert_cmpint(map(ioas, 0, page, 4096, fixed), ==, -EINVAL);
    g_assert_cmpint(map(999, 0, page, 4096, fixed | rw), ==, -ENOENT);
    g_assert_cmpint(map(ioas, 0, page, 0, fixed | rw), ==, -EINVAL);
    g_assert_cmpint(map(ioas, 4096, page, 8192, fixed | rw), ==, 0);
    g_assert_cmpint(map(ioas, 8192, page, 4096, fixed | rw), ==, -EEXIST);
    g_assert_cmpint(unmap(ioas, 4096, 4096), ==, -ENOENT);
    g_assert_cmpint(unmap(ioas, 0x100000, 4096), ==, -ENOENT);
    g_assert_cmpint(unmap(ioas, 0, UINT64_MAX - 1), ==, 0);
    g_assert_cmpint(unmap(ioas, 0, UINT64_MAX), ==, 0);
    g_assert_cmpint(unmap(ioas, 0, 0), ==, -EINVAL);
}

/* A bad buffer is taken while nothing shows it, and then makes the first table fail. */
static void test_late_pinning(void)
{
    uint32_t id, rw = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE;

    g_assert_cmpint(map(ioas, 0x10000, (void *)0x1000, 4096, rw), ==, 0);
    g_assert_cmpint(hwpt(0, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, &id), ==, -EFAULT);
    g_assert_cmpint(unmap(ioas, 0x10000, 4096), ==, 0);
    g_assert_cmpint(hwpt(0, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, &id), ==, 0);
    g_assert_cmpint(map(ioas, 0x10000, (void *)0x1000, 4096, rw), ==, -EFAULT);
    g_assert_cmpint(map(ioas, 0x10001, (void *)0x1001, 4096, rw), ==, -EINVAL);
}

static unsigned count_ranges(void)
{
    struct iommu_ioas_iova_ranges cmd = { .size = sizeof(cmd), .ioas_id = ioas };
    g_assert_cmpint(call(IOMMU_IOAS_IOVA_RANGES, &cmd), ==, -EMSGSIZE);
    return cmd.num_iovas;
}

static void test_msi_window(void)
{
    static uint8_t page[4096] __attribute__((aligned(4096)));
    uint32_t rw = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE;

    g_assert_cmpuint(count_ranges(), ==, 1);
    g_assert_cmpint(map(ioas, SIM_MSI_BASE, page, 4096, rw), ==, 0);
    g_assert_cmpint(attach(2, ioas), ==, -EADDRINUSE);
    g_assert_cmpint(unmap(ioas, SIM_MSI_BASE, 4096), ==, 0);
    g_assert_cmpint(attach(2, ioas), ==, 0);
    g_assert_cmpuint(count_ranges(), ==, 2);
    g_assert_cmpint(map(ioas, SIM_MSI_BASE, page, 4096, rw), ==, -EINVAL);
    g_assert_cmpint(detach(2), ==, 0);
    g_assert_cmpint(destroy(ioas), ==, 0);      /* the automatic table went with the detach */
    ioas = new_ioas();
}

/* --- Tables and attaching ----------------------------------------------------------------------- */

static void test_hwpt_errors(void)
{
    struct iommu_hwpt_alloc cmd = { .size = sizeof(cmd), .dev_id = ids[0], .pt_id = ioas, .__reserved = 1 };
    uint32_t s2, v, id;

    g_assert_cmpint(call(IOMMU_HWPT_ALLOC, &cmd), ==, -EOPNOTSUPP);
    cmd.__reserved = 0;
    cmd.data_type = IOMMU_HWPT_DATA_ARM_SMMUV3;
    g_assert_cmpint(call(IOMMU_HWPT_ALLOC, &cmd), ==, -EINVAL);
    g_assert_cmpint(hwpt(0, 999, 0, NULL, &id), ==, -EINVAL);    /* not ENOENT */
    g_assert_cmpint(hwpt(0, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT | IOMMU_HWPT_ALLOC_DIRTY_TRACKING, NULL, &id), ==, -EOPNOTSUPP);
    g_assert_cmpint(hwpt(0, ioas, 0, NULL, &id), ==, 0);
    g_assert_cmpint(hwpt(0, id, 0, ste_bypass, &v), ==, -EOPNOTSUPP);
    g_assert_cmpint(viommu(0, id, &v), ==, -EINVAL);
    g_assert_cmpint(viommu(0, 999, &v), ==, -ENOENT);
    g_assert_cmpint(hwpt(0, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, &s2), ==, 0);
    g_assert_cmpint(viommu(3, s2, &v), ==, -EINVAL);
    dev[0]->smmu->s2fwb = false;
    g_assert_cmpint(viommu(0, s2, &v), ==, -EOPNOTSUPP);
    dev[0]->canwbs = true;
    g_assert_cmpint(viommu(0, s2, &v), ==, 0);
    g_assert_cmpint(hwpt(3, v, 0, ste_bypass, &id), ==, -EINVAL);
    g_assert_cmpint(attach(0, v), ==, -EINVAL);
    g_assert_cmpint(attach(0, 999), ==, -ENOENT);
    g_assert_cmpint(attach(3, s2), ==, -EINVAL);
}

static void test_vste(void)
{
    static const struct { uint64_t ste[2]; int r; } cases[] = {
        { { 1 | 4 << 1, 0 }, 0 }, { { 1, 0 }, 0 }, { { 1 | 5 << 1, 1U << 28 }, 0 },
        { { 0, ~0ULL }, 0 }, { { ~1ULL, ~0ULL }, 0 },       /* not valid: whatever the rest holds */
        { { 1 | 6 << 1, 0 }, -EIO }, { { 1 | 7 << 1, 0 }, -EIO }, { { 1 | 1 << 1, 0 }, -EIO },
        { { 1 | 5 << 1, 2U << 28 }, -EIO }, { { 1 | 5 << 1, 1ULL << 44 }, -EIO }, { { 1 | 5 << 1 | 1ULL << 52, 0 }, -EIO },
    };
    uint32_t s2, v, id;

    g_assert_cmpint(hwpt(0, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, &s2), ==, 0);
    g_assert_cmpint(viommu(0, s2, &v), ==, 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        g_assert_cmpint(hwpt(0, v, 0, cases[i].ste, &id), ==, cases[i].r);
    }
    g_assert_cmpint(hwpt(0, v, IOMMU_HWPT_ALLOC_PASID, ste_bypass, &id), ==, -EOPNOTSUPP);
}

static void test_groups(void)
{
    uint32_t s2, v, bypass, s1, vd;

    g_assert_cmpint(hwpt(0, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, &s2), ==, 0);
    g_assert_cmpint(viommu(0, s2, &v), ==, 0);
    g_assert_cmpint(hwpt(0, v, 0, ste_bypass, &bypass), ==, 0);
    g_assert_cmpint(hwpt(0, v, 0, ste_s1, &s1), ==, 0);
    g_assert_cmpint(attach(0, bypass), ==, 0);
    g_assert_cmpint(attach(1, s2), ==, -EINVAL);        /* the group has another one */
    g_assert_cmpint(attach(1, bypass), ==, 0);
    g_assert_cmpint(vdevice(0, v, 0x900, &vd), ==, 0);
    g_assert_cmpint(attach(0, s1), ==, -ENOENT);        /* not every device of the group has a vDEVICE */
    g_assert_cmpint(vdevice(1, v, 0x900, &vd), ==, -EEXIST);
    g_assert_cmpint(vdevice(1, v, 0x901, &vd), ==, 0);
    g_assert_cmpint(vdevice(1, v, 0x902, &vd), ==, -EEXIST);
    g_assert_cmpint(attach(0, s1), ==, 0);
    g_assert_true(dev[1]->group->hwpt->id == s1 && dev[1]->vmaster_sid == 0x901);
    unsigned driver_calls = dev[0]->driver_attaches;
    g_assert_cmpint(attach(0, s1), ==, 0);
    g_assert_cmpuint(dev[0]->driver_attaches, ==, driver_calls);    /* the same table: nothing is refreshed */
    g_assert_cmpint(detach(0), ==, 0);
    g_assert_cmpint(detach(0), ==, 0);
    g_assert_cmpint(destroy(s1), ==, -EBUSY);
    g_assert_cmpint(detach(1), ==, 0);
}

/* --- Invalidations and events ---------------------------------------------------------------------- */

static int invalidate(uint32_t id, uint64_t (*cmds)[2], uint32_t *n)
{
    return iommufd_ops->ioctl(iommu, IOMMU_HWPT_INVALIDATE, &(struct iommu_hwpt_invalidate) {
        .size = sizeof(struct iommu_hwpt_invalidate), .hwpt_id = id, .data_uptr = (uintptr_t)cmds, .data_type = 1, .entry_len = 16, .entry_num = *n });
}

static void test_invalidate(void)
{
    static uint64_t many[130][2];
    uint64_t some[3][2] = { { 0x12 | 5ULL << 48, 0x1000 }, { 0x30, 0xff }, { 0x05 | 0x900ULL << 32, 1 } };
    uint32_t s2, v, vd, n = 3;

    g_assert_cmpint(hwpt(2, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, &s2), ==, 0);
    g_assert_cmpint(viommu(2, s2, &v), ==, 0);
    g_assert_cmpint(invalidate(v, some, &n), ==, -EIO);     /* nobody is 0x900 yet */
    g_assert_cmpuint(hostsim->commands->len, ==, 0);        /* and what was converted before was not issued */
    g_assert_cmpint(vdevice(2, v, 0x900, &vd), ==, 0);
    g_assert_cmpint(invalidate(v, some, &n), ==, 0);
    g_assert_cmpuint(hostsim->commands->len, ==, 4);
    SimCommand *log = &g_array_index(hostsim->commands, SimCommand, 0);
    unsigned vmid = hostsim->smmus->len ? ((SimObject *)sim_object_any(g_hash_table_lookup(hostsim->contexts, GINT_TO_POINTER(iommu)), v))->vmid : 0;
    g_assert_cmphex(log[0].cmd[0], ==, (0x12 | 5ULL << 48 | (uint64_t)vmid << 32));
    g_assert_cmphex(log[1].cmd[0], ==, (0x10 | (uint64_t)vmid << 32));
    g_assert_cmphex(log[1].cmd[1], ==, 0);
    g_assert_cmphex(log[2].cmd[0], ==, (0x05 | (uint64_t)dev[2]->sid << 32));
    g_assert_cmphex(log[3].cmd[0], ==, 0x46);
    n = 0;
    g_assert_cmpint(invalidate(v, some, &n), ==, -EINVAL);  /* no probing with zero entries */
    g_assert_cmpint(invalidate(999, some, &(uint32_t) { 1 }), ==, -ENOENT);
    g_assert_cmpint(invalidate(s2, some, &(uint32_t) { 1 }), ==, -EINVAL);
    some[1][0] = 0x46;
    g_assert_cmpint(invalidate(v, some, &(uint32_t) { 3 }), ==, -EIO);
    for (int i = 0; i < 130; i++) {
        many[i][0] = 0x11;
    }
    g_array_set_size(hostsim->commands, 0);
    g_assert_cmpint(invalidate(v, many, &(uint32_t) { 130 }), ==, 0);
    g_assert_cmpuint(hostsim->commands->len, ==, 130 + 3);  /* groups of 63, a SYNC after each */
}

static void test_invalidate_counts(void)
{
    static uint64_t many[130][2];
    struct iommu_hwpt_invalidate cmd = { .size = sizeof(cmd), .data_uptr = (uintptr_t)many, .data_type = 1, .entry_len = 16, .entry_num = 130 };
    uint32_t s2, v;

    g_assert_cmpint(hwpt(2, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, &s2), ==, 0);
    g_assert_cmpint(viommu(2, s2, &v), ==, 0);
    for (int i = 0; i < 130; i++) {
        many[i][0] = 0x11;
    }
    cmd.hwpt_id = v;
    many[100][0] = 0x46;
    g_assert_cmpint(call(IOMMU_HWPT_INVALIDATE, &cmd), ==, -EIO);
    g_assert_cmpuint(cmd.entry_num, ==, 100);
    g_assert_cmpuint(hostsim->commands->len, ==, 64);       /* only the first group went out */
    many[100][0] = 0x11;
    cmd.entry_num = 130;
    hostsim->invalidate_errno = ETIMEDOUT;
    hostsim->invalidate_at = 70;
    g_assert_cmpint(call(IOMMU_HWPT_INVALIDATE, &cmd), ==, -ETIMEDOUT);
    g_assert_cmpuint(cmd.entry_num, ==, 125);
    cmd.entry_num = 130;
    cmd.data_type = 0;
    g_assert_cmpint(call(IOMMU_HWPT_INVALIDATE, &cmd), ==, -EINVAL);
    g_assert_cmpuint(cmd.entry_num, ==, 0);
}

static void test_events(void)
{
    struct iommu_veventq_alloc cmd = { .size = sizeof(cmd), .type = IOMMU_VEVENTQ_TYPE_ARM_SMMUV3, .veventq_depth = 2 };
    struct { struct iommufd_vevent_header h; uint64_t evt[4]; } r[4];
    uint64_t fault[4] = { 0x10 | 0xbeefULL << 32, 0, 0x1234000, 0 }, hidden[4] = { 0x09, 0, 0, 0 };
    uint32_t s2, v, vd, n;

    g_assert_cmpint(hwpt(2, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, &s2), ==, 0);
    g_assert_cmpint(viommu(2, s2, &v), ==, 0);
    cmd.viommu_id = v;
    g_assert_cmpint(call(IOMMU_VEVENTQ_ALLOC, &cmd), ==, 0);
    int q = (int)cmd.out_veventq_fd;
    g_assert_cmpint(call(IOMMU_VEVENTQ_ALLOC, &cmd), ==, -EEXIST);
    g_assert_cmpint(hwpt(2, v, 0, ste_bypass, &n), ==, 0);
    g_assert_cmpint(attach(2, n), ==, 0);
    g_assert_cmpint(vdevice(2, v, 0xa00, &vd), ==, 0);
    hostsim_event(dev[2], fault);                           /* attached before the vDEVICE: no events */
    g_assert_cmpint(iommufd_ops->event_read(q, r, sizeof(r)), ==, 0);
    uint32_t n2;
    g_assert_cmpint(hwpt(2, v, 0, ste_abort, &n2), ==, 0);
    g_assert_cmpint(attach(2, n2), ==, 0);
    hostsim_event(dev[2], hidden);
    hostsim_event(dev[2], fault);
    g_assert_cmpint(iommufd_ops->event_read(q, r, 8), ==, -EINVAL);
    g_assert_cmpint(iommufd_ops->event_read(q, r, sizeof(r)), ==, 40);
    g_assert_cmphex(r[0].evt[0], ==, (0x10 | 0xa00ULL << 32));
    g_assert_cmpuint(r[0].h.sequence, ==, 0);
    for (int i = 0; i < 4; i++) {
        hostsim_event(dev[2], fault);
    }
    g_assert_cmpint(iommufd_ops->event_read(q, r, sizeof(r)), ==, 88);
    struct iommufd_vevent_header lost;
    memcpy(&lost, (uint8_t *)r + 80, sizeof(lost));
    g_assert_cmpuint(lost.flags, ==, IOMMU_VEVENTQ_FLAG_LOST_EVENTS);
    g_assert_cmpuint(lost.sequence, ==, 4);
    g_assert_cmpint(destroy(cmd.out_veventq_id), ==, -EBUSY);
    iommufd_ops->event_close(q);
    g_assert_cmpint(destroy(cmd.out_veventq_id), ==, 0);
}

/* The sequence counts to 2^31 - 1 and starts again; what does not fit is lost, and counted. */
static void test_event_sequence(void)
{
    struct iommu_veventq_alloc cmd = { .size = sizeof(cmd), .type = IOMMU_VEVENTQ_TYPE_ARM_SMMUV3, .veventq_depth = 4 };
    struct { struct iommufd_vevent_header h; uint64_t evt[4]; } r[4];
    uint64_t fault[4] = { 0x10, 0, 0, 0 };
    uint32_t s2, v, vd, n;

    g_assert_cmpint(hwpt(2, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, &s2), ==, 0);
    g_assert_cmpint(viommu(2, s2, &cmd.viommu_id), ==, 0);
    v = cmd.viommu_id;
    g_assert_cmpint(call(IOMMU_VEVENTQ_ALLOC, &cmd), ==, 0);
    g_assert_cmpint(vdevice(2, v, 0xa00, &vd), ==, 0);
    g_assert_cmpint(hwpt(2, v, 0, ste_bypass, &n), ==, 0);
    g_assert_cmpint(attach(2, n), ==, 0);
    SimContext *ctx = g_hash_table_lookup(hostsim->contexts, GINT_TO_POINTER(iommu));
    sim_object_any(ctx, cmd.out_veventq_id)->sequence = 0x7ffffffe;
    for (int i = 0; i < 3; i++) {
        hostsim_event(dev[2], fault);
    }
    g_assert_cmpint(iommufd_ops->event_read((int)cmd.out_veventq_fd, r, sizeof(r)), ==, 120);
    g_assert_true(r[0].h.sequence == 0x7ffffffe && r[1].h.sequence == 0x7fffffff && r[2].h.sequence == 0);
    iommufd_ops->event_close((int)cmd.out_veventq_fd);
}

/* Before Linux 6.19. */
static void test_old_nesting(void)
{
    uint32_t s2, v, vd, n;

    hostsim->no_plain_nesting = true;
    g_assert_cmpint(hwpt(2, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, &s2), ==, 0);
    g_assert_cmpint(viommu(2, s2, &v), ==, 0);
    g_assert_cmpint(hwpt(2, v, 0, ste_bypass, &n), ==, 0);
    g_assert_cmpint(attach(2, n), ==, -ENOENT);
    g_assert_cmpint(vdevice(2, v, 0xa00, &vd), ==, 0);
    g_assert_cmpint(attach(2, n), ==, 0);
}

static void test_dma(void)
{
    static uint8_t ram[65536] __attribute__((aligned(65536)));
    uint64_t ste[2] = { 1 | 5 << 1 | 0x40001000, 0 };
    uint32_t s2, v, n, vd, rw = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE;
    uint32_t word = 0;

    stl_le_p(ram + 0xf000, 0x12345678);
    /* CD at 0x1000: T0SZ 25 (39 bits, three levels of 4 KiB), TTB0 0x2000; VA 0x5000 -> IPA 0x4000f000 */
    stq_le_p(ram + 0x1000, 25 | 1ULL << 30 | 1ULL << 31);
    stq_le_p(ram + 0x1008, 0x40002000);
    stq_le_p(ram + 0x2000, 0x40003000 | 3);
    stq_le_p(ram + 0x3000, 0x40004000 | 3);
    stq_le_p(ram + 0x4000 + 5 * 8, 0x4000f000 | 1 << 10 | 3);
    g_assert_cmpint(map(ioas, 0x40000000, ram, sizeof(ram), rw), ==, 0);
    g_assert_cmpint(hwpt(2, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, &s2), ==, 0);
    g_assert_cmpint(viommu(2, s2, &v), ==, 0);
    g_assert_cmpint(vdevice(2, v, 0x100, &vd), ==, 0);
    g_assert_cmpint(hwpt(2, v, 0, ste, &n), ==, 0);
    dev[2]->config[4] = 4;              /* bus master */
    g_assert_cmpint(hostsim_dma(dev[2], 0x5000, &word, 4, false), ==, -EFAULT);     /* blocked until attached */
    g_assert_cmpint(attach(2, n), ==, 0);
    g_assert_cmpint(hostsim_dma(dev[2], 0x5000, &word, 4, false), ==, 0);
    g_assert_cmphex(word, ==, 0x12345678);
    g_assert_cmpint(hostsim_dma(dev[2], 0x6000, &word, 4, false), ==, -EFAULT);
    word = 7;
    g_assert_cmpint(hostsim_dma(dev[2], 0x5004, &word, 4, true), ==, 0);
    g_assert_cmphex(ram[0xf004], ==, 7);
    g_assert_cmpint(attach(2, s2), ==, 0);
    g_assert_cmpint(hostsim_dma(dev[2], 0x4000f000, &word, 4, false), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("sizes", test_sizes);
    add("ids", test_ids);
    add("holders", test_holders);
    add("tombstone", test_tombstone);
    add("map-errors", test_map_errors);
    add("late-pinning", test_late_pinning);
    add("msi-window", test_msi_window);
    add("hwpt-errors", test_hwpt_errors);
    add("vste", test_vste);
    add("groups", test_groups);
    add("invalidate", test_invalidate);
    add("invalidate-counts", test_invalidate_counts);
    add("events", test_events);
    add("event-sequence", test_event_sequence);
    add("old-nesting", test_old_nesting);
    add("dma", test_dma);
    return g_test_run();
}
