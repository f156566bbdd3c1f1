/*
 * The simulated host's queues: page requests and their responses, and the
 * command queues of a Tegra241 CMDQV, against docs/devel/iommufd.md, 10 and 12.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/mman.h>
#include "hostsim-host.h"

/* --- Fault queues ------------------------------------------------------------------------------ */

static uint32_t fault_id;
static int fault_fd;

static void new_fault_queue(void)
{
    struct iommu_fault_alloc cmd = { .size = sizeof(cmd) };

    g_assert_cmpint(call(IOMMU_FAULT_QUEUE_ALLOC, &cmd), ==, 0);
    fault_id = cmd.out_fault_id;
    fault_fd = (int)cmd.out_fault_fd;
}

/* Device 2, asking for pages, on a nested table with a fault queue. */
static uint32_t nested_with_faults(void)
{
    uint32_t s2, v, vd, n;

    dev[2]->pri = true;
    new_fault_queue();
    g_assert_cmpint(hwpt(2, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, &s2), ==, 0);
    g_assert_cmpint(viommu(2, s2, &v), ==, 0);
    g_assert_cmpint(vdevice(2, v, 0x100, &vd), ==, 0);
    g_assert_cmpint(hwpt_with(2, v, IOMMU_HWPT_FAULT_ID_VALID, ste_s1, fault_id, &n), ==, 0);
    g_assert_cmpint(attach(2, n), ==, 0);
    return n;
}

static int request(uint32_t group, bool last)
{
    struct iommu_hwpt_pgfault f = {
        .flags = last ? IOMMU_PGFAULT_FLAGS_LAST_PAGE : 0, .grpid = group, .perm = IOMMU_PGFAULT_PERM_WRITE, .addr = 0x1000 * group,
    };
    return hostsim_page_request(dev[2], &f);
}

static ssize_t respond(uint32_t cookie, uint32_t code)
{
    struct iommu_hwpt_page_response r = { .cookie = cookie, .code = code };
    return iommufd_ops->event_write(fault_fd, &r, sizeof(r));
}

static const SimResponse *response(unsigned i)
{
    return &g_array_index(dev[2]->responses, SimResponse, i);
}

static void test_fault_alloc(void)
{
    struct iommu_fault_alloc cmd = { .size = sizeof(cmd), .flags = 1 };
    uint32_t s2, v, n;

    g_assert_cmpint(call(IOMMU_FAULT_QUEUE_ALLOC, &cmd), ==, -EOPNOTSUPP);
    hostsim->no_fault_queue = true;
    g_assert_cmpint(call(IOMMU_FAULT_QUEUE_ALLOC, &cmd), ==, -ENOTTY);
    hostsim->no_fault_queue = false;
    new_fault_queue();
    g_assert_cmpint(hwpt(2, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, &s2), ==, 0);
    g_assert_cmpint(viommu(2, s2, &v), ==, 0);
    g_assert_cmpint(hwpt_with(2, v, IOMMU_HWPT_FAULT_ID_VALID, ste_bypass, 999, &n), ==, -ENOENT);
    g_assert_cmpint(hwpt_with(2, v, IOMMU_HWPT_FAULT_ID_VALID, ste_bypass, fault_id, &n), ==, 0);
    iommufd_ops->event_close(fault_fd);
    g_assert_cmpint(destroy(fault_id), ==, -EBUSY);         /* the table names it */
    g_assert_cmpint(destroy(n), ==, 0);
    g_assert_cmpint(destroy(fault_id), ==, 0);
}

static void test_fault_groups(void)
{
    struct iommu_hwpt_pgfault f[4];

    nested_with_faults();
    g_assert_cmpint(iommufd_ops->event_read(fault_fd, f, sizeof(f)), ==, 0);
    g_assert_cmpint(request(7, false), ==, 0);
    g_assert_cmpint(request(8, true), ==, 0);
    g_assert_cmpint(request(7, true), ==, 0);
    g_assert_cmpint(iommufd_ops->event_read(fault_fd, f, 20), ==, -ESPIPE);
    g_assert_cmpint(iommufd_ops->event_read(fault_fd, f, sizeof(f)), ==, 3 * (int)sizeof(f[0]));
    g_assert_true(f[0].grpid == 8 && f[1].grpid == 7 && f[2].grpid == 7);
    g_assert_true(f[0].cookie != f[1].cookie && f[1].cookie == f[2].cookie);
    g_assert_cmpuint(f[0].dev_id, ==, ids[2]);
    g_assert_cmphex(f[1].addr, ==, 0x7000);
    g_assert_false(f[1].flags & IOMMU_PGFAULT_FLAGS_LAST_PAGE);
    g_assert_cmpint(respond(f[1].cookie, 2), ==, -EINVAL);
    g_assert_cmpint(respond(99, 0), ==, -EINVAL);
    g_assert_cmpint(respond(f[1].cookie, IOMMUFD_PAGE_RESP_SUCCESS), ==, 8);
    g_assert_cmpint(respond(f[1].cookie, IOMMUFD_PAGE_RESP_SUCCESS), ==, -EINVAL);      /* once */
    g_assert_cmpuint(dev[2]->responses->len, ==, 1);
    g_assert_true(response(0)->grpid == 7 && response(0)->code == IOMMUFD_PAGE_RESP_SUCCESS);
    g_assert_cmpint(iommufd_ops->event_write(fault_fd, f, 7), ==, -ESPIPE);
    iommufd_ops->event_close(fault_fd);
}

static void test_fault_small_read(void)
{
    struct iommu_hwpt_pgfault f[2];

    nested_with_faults();
    g_assert_cmpint(request(1, false), ==, 0);
    g_assert_cmpint(request(1, true), ==, 0);
    g_assert_cmpint(request(2, true), ==, 0);
    g_assert_cmpint(iommufd_ops->event_read(fault_fd, f, sizeof(f[0])), ==, -EINVAL);   /* a group of two */
    g_assert_cmpint(iommufd_ops->event_read(fault_fd, f, sizeof(f)), ==, sizeof(f));
    g_assert_cmpint(iommufd_ops->event_read(fault_fd, f, sizeof(f)), ==, sizeof(f[0]));
    iommufd_ops->event_close(fault_fd);
}

/* Earlier responses of the same write stand. */
static void test_fault_batch_write(void)
{
    struct iommu_hwpt_pgfault f[2];
    struct iommu_hwpt_page_response r[2];

    nested_with_faults();
    g_assert_cmpint(request(1, true), ==, 0);
    g_assert_cmpint(request(2, true), ==, 0);
    g_assert_cmpint(iommufd_ops->event_read(fault_fd, f, sizeof(f)), ==, sizeof(f));
    r[0] = (struct iommu_hwpt_page_response) { .cookie = f[0].cookie };
    r[1] = (struct iommu_hwpt_page_response) { .cookie = f[1].cookie, .code = 9 };
    g_assert_cmpint(iommufd_ops->event_write(fault_fd, r, sizeof(r)), ==, sizeof(r[0]));
    g_assert_cmpuint(dev[2]->responses->len, ==, 1);
    iommufd_ops->event_close(fault_fd);
}

/* The host answers INVALID for what nobody will answer any more. */
static void test_fault_auto_response(void)
{
    struct iommu_hwpt_pgfault f[2];
    uint32_t plain;
    uint32_t n = nested_with_faults();

    g_assert_cmpint(request(1, true), ==, 0);
    g_assert_cmpint(iommufd_ops->event_read(fault_fd, f, sizeof(f)), ==, sizeof(f[0]));
    g_assert_cmpint(request(2, true), ==, 0);
    g_assert_cmpint(hwpt(2, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, &plain), ==, 0);
    g_assert_cmpint(attach(2, plain), ==, 0);
    g_assert_cmpuint(dev[2]->responses->len, ==, 2);
    g_assert_cmpuint(response(0)->code, ==, IOMMUFD_PAGE_RESP_INVALID);
    g_assert_cmpint(respond(f[0].cookie, IOMMUFD_PAGE_RESP_SUCCESS), ==, -EINVAL);
    g_assert_cmpint(request(3, true), ==, -ENOENT);         /* a table without a queue */
    g_assert_cmpint(attach(2, n), ==, 0);
    g_assert_cmpint(request(4, true), ==, 0);
    g_assert_cmpint(detach(2), ==, 0);
    g_assert_cmpuint(dev[2]->responses->len, ==, 4);
    iommufd_ops->event_close(fault_fd);
}

/* --- Hardware queues ------------------------------------------------------------------------------ */

#define QUEUE_BASE 0x40000000ULL
static uint8_t ram[0x10000] __attribute__((aligned(0x10000)));
static uint32_t tegra;
static uint64_t page_offset, page_length;

static int hw_queue(uint32_t index, uint64_t base, uint64_t length, uint32_t *id)
{
    struct iommu_hw_queue_alloc cmd = {
        .size = sizeof(cmd), .viommu_id = tegra, .type = IOMMU_HW_QUEUE_TYPE_TEGRA241_CMDQV, .index = index,
        .nesting_parent_iova = base, .length = length,
    };
    int r = call(IOMMU_HW_QUEUE_ALLOC, &cmd);
    *id = cmd.out_hw_queue_id;
    return r;
}

static int tegra_viommu(uint32_t s2)
{
    struct iommu_viommu_tegra241_cmdqv data;
    struct iommu_viommu_alloc cmd = {
        .size = sizeof(cmd), .type = IOMMU_VIOMMU_TYPE_TEGRA241_CMDQV, .dev_id = ids[2], .hwpt_id = s2,
        .data_len = sizeof(data), .data_uptr = (uintptr_t)&data,
    };
    int r = call(IOMMU_VIOMMU_ALLOC, &cmd);

    if (r == 0) {
        tegra = cmd.out_viommu_id;
        page_offset = le64toh(data.out_vintf_mmap_offset);
        page_length = le64toh(data.out_vintf_mmap_length);
    }
    return r;
}

static void cmdqv_host(void)
{
    uint32_t s2, vd;

    dev[2]->smmu->cmdqv = true;
    dev[2]->smmu->vcmdqs_log2 = 1;
    g_assert_cmpint(map(ioas, QUEUE_BASE, ram, sizeof(ram), MAP_RW), ==, 0);
    g_assert_cmpint(hwpt(2, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, &s2), ==, 0);
    g_assert_cmpint(tegra_viommu(s2), ==, 0);
    g_assert_cmpint(vdevice(2, tegra, 0x500, &vd), ==, 0);
}

static void test_cmdqv_info(void)
{
    struct iommu_hw_info_tegra241_cmdqv data;
    struct iommu_hw_info cmd = {
        .size = sizeof(cmd), .flags = IOMMU_HW_INFO_FLAG_INPUT_TYPE, .dev_id = ids[2], .data_len = sizeof(data), .data_uptr = (uintptr_t)&data,
        .in_data_type = IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV,
    };
    uint32_t s2;

    g_assert_cmpint(call(IOMMU_GET_HW_INFO, &cmd), ==, -EOPNOTSUPP);
    g_assert_cmpint(hwpt(2, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, &s2), ==, 0);
    g_assert_cmpint(tegra_viommu(s2), ==, -EOPNOTSUPP);
    dev[2]->smmu->cmdqv = true;
    g_assert_cmpint(call(IOMMU_GET_HW_INFO, &cmd), ==, 0);
    g_assert_cmpuint(cmd.out_data_type, ==, IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV);
    g_assert_cmpuint(data.version, ==, 1);
}

static void test_hw_queue_errors(void)
{
    struct iommu_hw_queue_alloc flags = { .size = sizeof(flags), .flags = 1, .type = 1, .length = 4096 };
    uint32_t id, q0, q1, plain, s2;

    cmdqv_host();
    g_assert_cmpint(call(IOMMU_HW_QUEUE_ALLOC, &flags), ==, -EOPNOTSUPP);
    g_assert_cmpint(hw_queue(0, QUEUE_BASE, 0, &id), ==, -EINVAL);
    g_assert_cmpint(hw_queue(0, UINT64_MAX - 4095, 8192, &id), ==, -EOVERFLOW);
    g_assert_cmpint(hw_queue(0, 0x10000000, 4096, &id), ==, -ENOENT);
    g_assert_cmpint(hw_queue(2, QUEUE_BASE, 4096, &id), ==, -EINVAL);
    g_assert_cmpint(hw_queue(1, QUEUE_BASE, 4096, &id), ==, -EIO);
    g_assert_cmpint(hw_queue(0, QUEUE_BASE, 4096 + 16, &id), ==, -EINVAL);
    g_assert_cmpint(hw_queue(0, QUEUE_BASE + 4096, 8192, &id), ==, -EINVAL);
    dev[2]->smmu->contiguous = 4096;
    g_assert_cmpint(hw_queue(0, QUEUE_BASE, 8192, &id), ==, -EFAULT);
    g_assert_cmpint(hw_queue(0, QUEUE_BASE, 4096, &q0), ==, 0);
    g_assert_cmpint(hw_queue(0, QUEUE_BASE, 4096, &id), ==, -EEXIST);
    g_assert_cmpint(hw_queue(1, QUEUE_BASE + 4096, 4096, &q1), ==, 0);
    g_assert_cmpuint(q1, ==, q0 + 2);                       /* two ids each */
    g_assert_cmpint(unmap(ioas, QUEUE_BASE, sizeof(ram)), ==, -EBUSY);
    g_assert_cmpint(destroy(q0), ==, -EBUSY);
    g_assert_cmpint(destroy(q1), ==, 0);
    g_assert_cmpint(destroy(q0), ==, 0);
    g_assert_cmpint(unmap(ioas, QUEUE_BASE, sizeof(ram)), ==, 0);
    g_assert_cmpint(hwpt(2, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, &s2), ==, 0);
    g_assert_cmpint(viommu(2, s2, &plain), ==, 0);
    tegra = plain;
    g_assert_cmpint(hw_queue(0, QUEUE_BASE, 4096, &id), ==, -EOPNOTSUPP);
    tegra = 999;
    g_assert_cmpint(hw_queue(0, QUEUE_BASE, 4096, &id), ==, -ENOENT);
}

/* What the guest writes there reaches the hardware, with the host's numbers in it. */
static void test_vcmdq(void)
{
    uint32_t q;

    cmdqv_host();
    g_assert_null(iommufd_ops->mmap(iommu, NULL, 4096, PROT_READ, page_offset));
    g_assert_cmpint(errno, ==, ENXIO);
    g_assert_null(iommufd_ops->mmap(iommu, NULL, 100, PROT_READ, page_offset));
    g_assert_cmpint(errno, ==, EINVAL);
    uint8_t *page = iommufd_ops->mmap(iommu, NULL, page_length, PROT_READ | PROT_WRITE, page_offset);
    g_assert_nonnull(page);
    g_assert_cmpint(destroy(tegra), ==, -EBUSY);
    g_assert_cmpint(hw_queue(0, QUEUE_BASE, 4096, &q), ==, 0);
    stq_le_p(ram, 0x11 | 3ULL << 48);                       /* TLBI_NH_ASID */
    stq_le_p(ram + 16, 0x40 | 0x500ULL << 32);              /* ATC_INV */
    stl_le_p(page + 4, 2);
    g_assert_cmpuint(hostsim_vcmdq_run(), ==, 0);           /* not enabled */
    stl_le_p(page + 8, 1);
    g_assert_cmpuint(hostsim_vcmdq_run(), ==, 2);
    g_assert_cmpuint(ldl_le_p(page), ==, 2);
    g_assert_cmphex(g_array_index(hostsim->commands, SimCommand, 1).cmd[0] >> 32, ==, dev[2]->sid);
    g_assert_cmpint(destroy(q), ==, 0);
    iommufd_ops->munmap(iommu, page, page_length);
    munmap(page, page_length);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("fault-alloc", test_fault_alloc);
    add("fault-groups", test_fault_groups);
    add("fault-small-read", test_fault_small_read);
    add("fault-batch-write", test_fault_batch_write);
    add("fault-auto-response", test_fault_auto_response);
    add("cmdqv-info", test_cmdqv_info);
    add("hw-queue-errors", test_hw_queue_errors);
    add("vcmdq", test_vcmdq);
    return g_test_run();
}
